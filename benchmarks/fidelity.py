"""How near the built-in engine comes to real speakers, and what it costs.

    python -m benchmarks.fidelity --voices DIR [--jobs N] [--sentences N] [--shipped-only]
                                  [--json OUT] [--markdown OUT]

`DIR` holds one folder per speaker (see benchmarks/fetch_voices.py). Every speaker says English
sentences; speakers of other languages also say their own held sentences. Needs
benchmarks/requirements.txt. Set OMP_NUM_THREADS=1 for figures of one core; they count CPU time,
so several jobs change none of them but the start of the engine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.fidelity_texts import SENTENCES
from benchmarks.measures import (
    Analysis,
    Likeness,
    Naturalness,
    Recogniser,
    analysis,
    at_16k,
    distortion_db,
    narrow_distortion_db,
    spoken_s,
)
from core.audio.samples import Audio
from core.engines.builtin.card import CARD
from core.engines.builtin.conversion import Manner, convert
from core.engines.builtin.engine import Builtin
from core.engines.builtin.espeak import VOICES, espeak
from core.engines.builtin.fitting import fit
from core.engines.builtin.reference import ReferenceSpeech, analyse_reference
from core.engines.builtin.sources import espeak_sources, sources_for
from core.engines.builtin.speech import Source
from core.engines.protocol import Reference, Utterance

N_COMPARED = 3
"""Held sentences that are said again and compared with the real ones."""

Say = Callable[[str, str], tuple[np.ndarray, int]]
"""(text, language) -> (samples, rate)."""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    name: str
    language: str
    reference: Audio
    transcript: str
    held: tuple[tuple[np.ndarray, str], ...]
    """(samples at 16 kHz, what they say)."""

    is_held_out: bool
    """No setting was chosen by this speaker."""

    @property
    def person(self) -> str:
        return self.name.split("_")[1]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system on one speaker; None where it cannot be measured."""

    system: str
    speaker: str
    is_held_out: bool
    similarity: float
    best_other: float
    wrong_words: int
    n_words: int
    naturalness: float
    distortion_db: float | None
    narrow_distortion_db: float | None
    f0_deviation: float
    duration_deviation: float | None
    real_time_factor: float


class Bench:
    """The measuring instruments, and what they say of the real speakers."""

    def __init__(self, speakers: Sequence[Speaker], n_sentences: int) -> None:
        self.speakers = speakers
        self.sentences = SENTENCES[:n_sentences]
        english = [text for one in speakers if is_understood(one) for _, text in one.held]
        self.recogniser = Recogniser([*SENTENCES, *english])
        self.likeness = Likeness()
        self.naturalness = Naturalness()
        self.centres = {
            one.name: self.likeness.centre(sound for sound, _ in one.held) for one in speakers
        }
        self.real = {
            one.name: [analysis(sound) for sound, _ in one.held[:N_COMPARED]] for one in speakers
        }

    def measure(self, system: str, speaker: Speaker, say: Say) -> Row:
        """Say everything and compare with the speaker."""
        started, sounds = time.process_time(), []
        seconds = 0.0
        for sentence in self.sentences:
            samples, rate = say(sentence, "en")
            seconds += len(samples) / rate
            sounds.append(at_16k(samples, rate))
        real_time_factor = (time.process_time() - started) / seconds
        wrong, total = np.sum(
            [self.recogniser.errors(x, s) for x, s in zip(sounds, self.sentences, strict=True)],
            axis=0,
        )
        similarity, best_other = self._similarity(speaker, sounds)
        real = self.real[speaker.name]
        own = [at_16k(*say(text, speaker.language)) for _, text in speaker.held[:N_COMPARED]]
        made = [analysis(sound) for sound in own]
        pairs = list(zip(made, real, strict=True))
        made_s = sum(spoken_s(sound) for sound in own)
        real_s = sum(spoken_s(sound) for sound, _ in speaker.held[:N_COMPARED])
        return Row(
            system=system,
            speaker=speaker.name,
            is_held_out=speaker.is_held_out,
            similarity=similarity,
            best_other=best_other,
            wrong_words=int(wrong),
            n_words=int(total),
            naturalness=float(np.mean([self.naturalness.score(x) for x in sounds[:6]])),
            distortion_db=float(np.mean([distortion_db(a, b) for a, b in pairs])),
            narrow_distortion_db=float(np.mean([narrow_distortion_db(a, b) for a, b in pairs])),
            f0_deviation=_median_f0(made) / _median_f0(real) - 1,
            duration_deviation=made_s / real_s - 1,
            real_time_factor=real_time_factor,
        )

    def measure_real(self, speaker: Speaker) -> Row:
        """The speaker's own held sentences: the ceiling of every measure."""
        errors = (0, 0)
        if is_understood(speaker):
            errors = tuple(
                np.sum([self.recogniser.errors(x, text) for x, text in speaker.held], axis=0)
            )
        reference = at_16k(speaker.reference.samples, speaker.reference.rate)
        similarity, best_other = self._similarity(speaker, [reference])
        return Row(
            system="real speech",
            speaker=speaker.name,
            is_held_out=speaker.is_held_out,
            similarity=similarity,
            best_other=best_other,
            wrong_words=int(errors[0]),
            n_words=int(errors[1]),
            naturalness=float(np.mean([self.naturalness.score(x) for x, _ in speaker.held[:6]])),
            distortion_db=None,
            narrow_distortion_db=None,
            f0_deviation=_median_f0([analysis(reference)]) / _median_f0(self.real[speaker.name])
            - 1,
            duration_deviation=None,
            real_time_factor=0.0,
        )

    def _similarity(self, speaker: Speaker, sounds: Sequence[np.ndarray]) -> tuple[float, float]:
        voices = np.array([self.likeness.embed(sound) for sound in sounds[:8]])
        others = [
            float((voices @ self.centres[one.name]).mean())
            for one in self.speakers
            if one.person != speaker.person
        ]
        return float((voices @ self.centres[speaker.name]).mean()), max(others, default=0.0)


def is_understood(speaker: Speaker) -> bool:
    """Whether the recogniser may be asked about the speaker's own sentences. Not about those of
    the held-out: Shakespeare's words are not in its dictionary, and a vocabulary that grows with
    the speakers would change everybody's figures."""
    return speaker.language == "en" and not speaker.is_held_out


def read_speaker(folder: Path) -> Speaker:
    """A speaker's folder, as benchmarks/fetch_voices.py describes it."""
    about = json.loads((folder / "voice.json").read_text())
    samples, rate = soundfile.read(folder / about["reference_joined"]["file"], dtype="float32")
    return Speaker(
        name=about["voice"],
        language=about["language"][:2],
        reference=Audio(samples=samples, rate=rate),
        transcript=about["reference_joined"]["text"],
        held=tuple(
            (at_16k(*soundfile.read(folder / one["file"])), one["text"]) for one in about["held"]
        ),
        is_held_out=about.get("held_out", False),
    )


def _median_f0(heard: Sequence[Analysis]) -> float:
    return float(np.median(np.concatenate([one.voiced_hz for one in heard])))


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a voice costs in a process that has done nothing before.

    Args:
        start_s: From the interpreter's start to a loaded engine (s, wall).
        voice_load_s: To read one statistical voice and its language (s, CPU).
        reference_s: Length of the reference (s).
        clone_s: To make a prompt of it, everything included (s, CPU).
    """

    start_s: float
    voice_load_s: float
    reference_s: float
    clone_s: float


def systems(speaker: Speaker, *, shipped_only: bool) -> Iterator[tuple[str, Say]]:
    """What is compared, by name; the first one is what a person gets."""
    yield "shipped default (transcript)", _shipped(speaker)
    if shipped_only:
        return
    speech = analyse_reference(speaker.reference, least_s=2.0, most_s=CARD.reference_max_s)
    yield "eSpeak, as it is", say_espeak
    for name, find, transcript in (
        ("eSpeak, no transcript", espeak_sources, None),
        ("eSpeak, transcript", espeak_sources, speaker.transcript),
        ("HTS, no transcript", sources_for, None),
    ):
        yield name, _converted(speaker, speech, find, transcript)


def say_espeak(text: str, language: str) -> tuple[np.ndarray, int]:
    """eSpeak NG's default voice, not touched."""
    said = espeak().say(text, VOICES[language])
    return said.samples, said.rate


def _converted(
    speaker: Speaker,
    speech: ReferenceSpeech,
    find: Callable[[str], Sequence[Source]],
    transcript: str | None,
) -> Say:
    keep = cache(find)
    learnt = cache(
        lambda language: fit(
            speech,
            transcript=transcript,
            spoken_language=speaker.language,
            language=language,
            sources=keep,
        )
    )

    def say(text: str, language: str) -> tuple[np.ndarray, int]:
        random = np.random.default_rng(0)
        return convert(learnt(language), text, Manner(), random), CARD.rate

    say("One.", "en")
    return say


def _shipped(speaker: Speaker) -> Say:
    session = Builtin().load(None, "cpu")
    prompt = session.prepare(_reference(speaker))

    def say(text: str, language: str) -> tuple[np.ndarray, int]:
        utterance = Utterance(text=text, language=language, seed=0)
        (piece,) = session.speak(prompt, [utterance], {}, threading.Event())
        return piece.audio.samples, piece.audio.rate

    say("One.", "en")
    return say


def _reference(speaker: Speaker) -> Reference:
    return Reference(
        audio=speaker.reference,
        transcript=speaker.transcript,
        language=speaker.language,
        digest=speaker.name,
    )


def measure_cost(folder: Path) -> Cost:
    """Costs in a process of its own."""
    started = time.time()
    command = [sys.executable, "-m", "benchmarks.fidelity", "--cost-of", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(made.stdout.splitlines()[-1])
    found["start_s"] -= started
    return Cost(**found)


def _print_cost(folder: Path) -> None:
    session = Builtin().load(None, "cpu")
    ready = time.time()
    speaker = read_speaker(folder)
    started = time.process_time()
    sources_for("en")[0].say("One.")
    loaded = time.process_time()
    session.prepare(_reference(speaker))
    cost = Cost(
        start_s=ready,
        voice_load_s=loaded - started,
        reference_s=speaker.reference.seconds,
        clone_s=time.process_time() - loaded,
    )
    print(json.dumps(asdict(cost)))


def measure_speaker(
    folders: tuple[Path, ...], index: int, n_sentences: int, shipped_only: bool
) -> list[Row]:
    """Everything about one of the speakers."""
    bench = _bench(folders, n_sentences)
    speaker = bench.speakers[index]
    rows = [bench.measure_real(speaker)]
    for name, say in systems(speaker, shipped_only=shipped_only):
        rows.append(bench.measure(name, speaker, say))
        print(_line(name, speaker.name, rows[-1:]), flush=True)
    return rows


@cache
def _bench(folders: tuple[Path, ...], n_sentences: int) -> Bench:
    """One for each process."""
    return Bench([read_speaker(folder) for folder in folders], n_sentences)


def table(rows: Sequence[Row]) -> str:
    """Markdown: every row, then the pooled figures of each system."""
    head = (
        "| system | speaker | self | best other | word error | naturalness | distortion dB "
        "| to 7 kHz | F0 | duration | real time |\n" + "|---" * 11 + "|\n"
    )
    lines = [_line(row.system, row.speaker, [row]) for row in rows]
    pooled = []
    for is_held_out, name in sorted({(row.is_held_out, row.system) for row in rows}):
        group = [row for row in rows if (row.is_held_out, row.system) == (is_held_out, name)]
        pooled.append(_line(name, "held out" if is_held_out else "tuned on", group))
    return head + "\n".join(pooled) + "\n\n" + head + "\n".join(lines) + "\n"


def _line(system: str, speaker: str, rows: Sequence[Row]) -> str:
    n_words = sum(row.n_words for row in rows)
    wrong = sum(row.wrong_words for row in rows)
    durations = [abs(row.duration_deviation) for row in rows if row.duration_deviation is not None]
    cells = [
        system,
        speaker,
        f"{np.mean([row.similarity for row in rows]):.3f}",
        f"{np.mean([row.best_other for row in rows]):.3f}",
        f"{wrong / n_words:.3f}" if n_words else "",
        f"{np.mean([row.naturalness for row in rows]):.2f}",
        _cell((row.distortion_db for row in rows), "{:.2f}"),
        _cell((row.narrow_distortion_db for row in rows), "{:.2f}"),
        f"{np.mean([abs(row.f0_deviation) for row in rows]):.0%}",
        f"{np.mean(durations):.0%}" if durations else "",
        f"{np.mean([row.real_time_factor for row in rows]):.3f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _cell(values: Iterable[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return form.format(np.mean(known)) if known else ""


def _machine() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voices", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sentences", type=int, default=len(SENTENCES))
    parser.add_argument("--shipped-only", action="store_true", help="not what it is compared with")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--cost-of", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cost_of:
        _print_cost(given.cost_of)
        return
    folders = sorted(path.parent for path in given.voices.glob("*/voice.json"))
    if not folders:
        parser.error(f"no */voice.json in {given.voices}")
    costs = [measure_cost(folder) for folder in folders]
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, mp_context=spawned) as pool:
        tasks = [
            pool.submit(measure_speaker, tuple(folders), one, given.sentences, given.shipped_only)
            for one in range(len(folders))
        ]
        rows = [row for task in tasks for row in task.result()]
    rows.sort(key=lambda row: row.system)
    words = (
        f"{_machine()}, one core, Python "
        f"{platform.python_version()}, {given.sentences} English sentences a speaker.\n\n"
        f"Cold process: engine ready after {max(c.start_s for c in costs):.1f} s; a voice loads in "
        f"{max(c.voice_load_s for c in costs):.2f} s; clone of "
        + ", ".join(f"{c.reference_s:.1f} s: {c.clone_s:.1f} CPU-s" for c in costs)
        + ".\n\n"
    )
    print(words + table(rows))
    if given.markdown:
        given.markdown.write_text(words + table(rows))
    if given.json:
        result = {"rows": [asdict(row) for row in rows], "costs": [asdict(c) for c in costs]}
        given.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
