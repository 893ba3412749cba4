"""The engine on models of the official format, a thousand times smaller."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from core.audio.samples import Audio
from core.engines.gpt_sovits import speaker_weights
from core.engines.gpt_sovits.card import CARD
from core.engines.gpt_sovits.engine import GptSovits, GptSovitsSession
from core.engines.gpt_sovits.parts import FileParts
from core.engines.gpt_sovits.prompt import GptSovitsPrompt
from core.engines.gpt_sovits.saying import another, derived
from core.engines.gpt_sovits.speaker import Speaker
from core.engines.nn.checkpoint import open_checkpoint
from core.engines.nn.ledger import Ledger
from core.engines.protocol import (
    Arranges,
    CountsMemory,
    HoldsKeys,
    LoadsLate,
    Piece,
    Prompt,
    Reference,
    Streams,
    Unsaid,
    Utterance,
    Weights,
)
from core.errors import InputError, MissingError
from core.memory.ladder import Way
from core.synthesis import wire
from core.synthesis.guarded import GuardedEngine
from core.synthesis.prompts import HasArrays, Restores
from tests import tiny_gpt_sovits

ASSETS = Path(__file__).resolve().parents[4] / "assets"
ABOUT = json.loads((ASSETS / "demo_voice.json").read_text(encoding="utf-8"))
USUAL = {knob.name: knob.default for knob in CARD.knobs}
TEXTS = ("The weather is fine today.", "We went home.", "Nobody knew where she had gone.")


def demo(seconds: float = 5.0, start_s: float = 0.0) -> Audio:
    samples, rate = soundfile.read(ASSETS / "demo_voice.flac", dtype="float32")
    first = round(start_s * rate)
    return Audio(samples=samples[first : first + round(seconds * rate)].copy(), rate=rate)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_gpt_sovits.make(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def session(weights: Weights) -> Iterator[GptSovitsSession]:
    loaded = GptSovits().load(weights, "cpu")
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def prompt(session: GptSovitsSession) -> GptSovitsPrompt:
    return session.prepare_from([demo()], "Hello there, this is the voice", "en")


def english(*texts: str, seed: int = 7) -> list[Utterance]:
    return [Utterance(text=text, language="en", seed=seed) for text in texts]


def said(
    session: GptSovitsSession,
    prompt: GptSovitsPrompt,
    batch: Sequence[Utterance],
    settings: Mapping[str, float] = USUAL,
) -> list[Piece]:
    return list(session.speak(prompt, batch, settings, threading.Event()))


def sounds(pieces: Sequence[Piece]) -> list[bytes]:
    return [piece.audio.samples.tobytes() for piece in pieces]


def test_it_does_all_that_the_guard_can_use(session: GptSovitsSession) -> None:
    assert isinstance(GptSovits(), CountsMemory)
    assert isinstance(GptSovits(), Arranges)
    assert isinstance(session, Arranges)
    assert isinstance(session, HoldsKeys)
    assert isinstance(session, Restores)
    assert GptSovits().allocator("cpu") is None


def test_copies_are_made_once_and_sound_the_same(
    weights: Weights, session: GptSovitsSession, prompt: GptSovitsPrompt, tmp_path: Path
) -> None:
    plain = sounds(said(session, prompt, english(TEXTS[0])))
    copied = dataclasses.replace(weights, copies=tmp_path / "copies")
    ages = []
    for _ in range(2):
        loaded = GptSovits().load(copied, "cpu")
        assert sounds(said(loaded, prompt, english(TEXTS[0]))) == plain
        loaded.close()
        # Using one may change its time, not which file it is: files are replaced, never written.
        ages.append({file: file.stat().st_ino for file in (tmp_path / "copies").iterdir()})
    assert len(ages[0]) >= 2
    assert ages[0] == ages[1]


@pytest.mark.parametrize(
    ("transcript", "language"),
    [
        ("Hello there, this is the voice", "en"),
        ("今天天气很好", "zh"),
        ("Hello there, this is the voice", None),
    ],
)
def test_a_transcript_gives_a_semantic_prompt(
    session: GptSovitsSession, transcript: str, language: str | None
) -> None:
    made = session.prepare_from([demo(4.0)], transcript, language)
    # 25 tokens a second of sound, and of the 0.6 s of silence behind it.
    assert len(made.tokens) == (round(4.6 * 16_000) - 400 + 320) // 640
    assert len(made.phones) > 5
    assert (made.bert is not None) == (language == "zh")
    assert isinstance(made, HasArrays)
    assert made.nbytes < 1 << 20


@pytest.mark.parametrize(
    ("transcript", "language"), [(None, None), ("", "en"), ("…!", "en"), ("Привет", "ru")]
)
def test_without_a_transcript_that_it_reads_only_the_sound_is_imitated(
    session: GptSovitsSession, transcript: str | None, language: str | None
) -> None:
    made = session.prepare_from([demo()], transcript, language)
    assert len(made.tokens) == len(made.phones) == 0
    (piece,) = said(session, made, english(TEXTS[1]))
    assert piece.audio.seconds > 0.4


def test_a_style_is_the_mean_of_several_recordings(session: GptSovitsSession) -> None:
    one, other = demo(4.0), demo(4.0, start_s=5.0)
    alone = [session.prepare_from([each], None, None).sound for each in (one, other)]
    both = session.prepare_from([one, other], None, None).sound
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    # Two sums of floats in another order.
    assert np.allclose(both, (alone[0] + alone[1]) / 2, atol=1e-6)


def test_a_longer_reference_counts_with_its_first_ten_seconds(session: GptSovitsSession) -> None:
    long = np.tile(demo(9.0).samples, 3)
    rate = demo().rate
    made = [
        session.prepare_from([Audio(samples=part, rate=rate)], None, None).sound
        for part in (long, long[: 10 * rate])
    ]
    assert np.array_equal(*made)


@pytest.mark.parametrize(
    ("audio", "told"),
    [
        (Audio(samples=np.zeros(5 * 24_000, np.float32), rate=24_000), "No voice is heard"),
        (Audio(samples=np.full(100, np.nan, np.float32), rate=24_000), "No voice is heard"),
        (demo(2.0), "lasts 2.0 s"),
    ],
    ids=["silent", "not numbers", "short"],
)
def test_a_reference_of_no_use_is_refused(
    session: GptSovitsSession, audio: Audio, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        session.prepare_from([audio], "Hello", "en")


@pytest.mark.parametrize("text", ["", "…", "?!", " \n "])
def test_a_text_with_nothing_to_say_is_refused(
    session: GptSovitsSession, prompt: GptSovitsPrompt, text: str
) -> None:
    with pytest.raises(Unsaid) as refusal:
        said(session, prompt, english(text))
    assert refusal.value.hint


def test_a_text_with_nothing_to_say_costs_no_other_of_its_batch(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    heard = []
    with pytest.raises(Unsaid) as refusal:
        heard.extend(
            session.speak(prompt, english(TEXTS[1], "…", TEXTS[0]), USUAL, threading.Event())
        )
    assert [piece.position for piece in heard] == [0, 2]
    assert sounds(heard) == sounds(said(session, prompt, english(TEXTS[1], TEXTS[0])))
    assert list(refusal.value.errors) == [1]
    assert refusal.value.message == "There is no word to say in this text."


def test_chinese_needs_its_network_and_says_so(tmp_path: Path) -> None:
    loaded = GptSovits().load(tiny_gpt_sovits.make(tmp_path, has_bert=False), "cpu")
    made = loaded.prepare_from([demo()], None, None)
    with pytest.raises(Unsaid, match="chinese-roberta-wwm-ext-large"):
        said(loaded, made, [Utterance(text="今天天气很好。", language="zh", seed=1)])
    assert said(loaded, made, english(TEXTS[1])), "other languages go on"


@pytest.mark.parametrize("text", ["今天天气很好。", "我们 say hello 你好。"])
def test_chinese_is_said(session: GptSovitsSession, prompt: GptSovitsPrompt, text: str) -> None:
    (piece,) = said(session, prompt, [Utterance(text=text, language="zh", seed=1)])
    assert piece.audio.seconds > 0.4


def test_a_part_that_is_not_there_is_named(weights: Weights) -> None:
    with pytest.raises(MissingError, match="no model"):
        GptSovits().load(None, "cpu")
    files = {part: path for part, path in weights.files.items() if part != "hubert"}
    with pytest.raises(MissingError, match="chinese-hubert-base"):
        GptSovits().load(dataclasses.replace(weights, files=files), "cpu")
    swapped = {**weights.files, "s1": weights.files["s2"]}
    with pytest.raises(InputError, match="is not the semantic model"):
        GptSovits().load(dataclasses.replace(weights, files=swapped), "cpu")


def test_a_prompt_of_other_weights_is_not_used(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    strange = dataclasses.replace(prompt, model="other")
    with pytest.raises(ValueError, match="other weights"):
        session.restore(strange.to_arrays())
    with pytest.raises(ValueError, match="other weights"):
        said(session, strange, english(TEXTS[1]))


@pytest.mark.slow
def test_what_the_gate_calls_bad_is_said_once_more(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    notes = {
        seed: said(session, prompt, english(TEXTS[0], seed=seed))[0].note for seed in range(12)
    }
    again = {seed for seed, note in notes.items() if note.startswith("second try")}
    bad = {seed for seed, note in notes.items() if note.startswith("may sound wrong")}
    assert again, "of a babbling model some first tries have no end"
    assert bad, "some have none twice"
    assert len(again) + len(bad) < len(notes), "and some end at once"
    # The second try is what its own seed would give, so it can be had again.
    (piece,) = said(session, prompt, english(TEXTS[0], seed=min(again)))
    (direct,) = said(session, prompt, english(TEXTS[0], seed=another(min(again))))
    assert sounds([piece]) == sounds([direct])


def test_notes_are_of_their_own_segment(session: GptSovitsSession, prompt: GptSovitsPrompt) -> None:
    batch = [Utterance(text=TEXTS[1], language="en", seed=seed) for seed in range(6)]
    alone = [said(session, prompt, [each])[0].note for each in batch]
    assert [piece.note for piece in said(session, prompt, batch)] == alone
    assert len(set(alone)) > 1


def test_seeds_of_what_is_random_are_apart() -> None:
    seeds = {derived(seed, what) for seed in range(-50, 50) for what in ("tokens", "sound")}
    assert len(seeds) == 200
    assert all(0 <= seed < 1 << 63 for seed in seeds)


def test_chunks_do_not_change_the_sound(session: GptSovitsSession, prompt: GptSovitsPrompt) -> None:
    whole = said(session, prompt, english(*TEXTS))
    session.arrange(dataclasses.replace(session.way, decode_chunk=CARD.limits.min_chunk))
    small = said(session, prompt, english(*TEXTS))
    session.arrange(session.way)
    for left, right in zip(whole, small, strict=True):
        # Windows round otherwise; -100 dB.
        assert np.allclose(left.audio.samples, right.audio.samples, atol=1e-5)


def test_halves_and_back_again_is_the_sound_of_before(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    before = sounds(said(session, prompt, english(TEXTS[1])))
    session.arrange(Way(batch=1, decode_chunk=64, dtype="bf16", device="cpu"))
    assert said(session, prompt, english(TEXTS[1]))
    session.arrange(session.way)
    assert sounds(said(session, prompt, english(TEXTS[1]))) == before


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
def test_a_call_that_ran_out_of_memory_has_changed_nothing(
    session: GptSovitsSession, prompt: GptSovitsPrompt, share: float
) -> None:
    batch = english(*TEXTS, seed=3)
    session._phases.clear()
    counting = Ledger()
    with counting:
        wanted = said(session, prompt, batch)
    session._phases.clear()
    with (
        Ledger(fail_at_operation=int(share * counting.n_operations)),
        pytest.raises(torch.OutOfMemoryError),
    ):
        said(session, prompt, batch)
    assert sounds(said(session, prompt, batch)) == sounds(wanted)


def test_keys_are_gone_before_the_first_sound(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    seen: list[int] = []

    class Flag:
        def is_set(self) -> bool:
            seen.append(session.kv_bytes)
            return False

    pieces = session.speak(prompt, english(*TEXTS, seed=21), USUAL, Flag())
    next(pieces)
    assert max(seen) > 0
    assert seen[-1] == session.kv_bytes == 0
    pieces.close()  # type: ignore[attr-defined]


def test_full_scale_is_never_passed(session: GptSovitsSession, prompt: GptSovitsPrompt) -> None:
    loud = dataclasses.replace(prompt, sound=prompt.sound * 50)
    for piece in said(session, loud, english(*TEXTS)):
        assert np.abs(piece.audio.samples).max() <= 1.0


class SmallSpeaker(FileParts):
    """With the speaker network of the tests' size."""

    def speaker(self, device: torch.device) -> Speaker:
        with open_checkpoint(self._path("sv")) as checkpoint:
            return speaker_weights.load(checkpoint, device=device, dims=tiny_gpt_sovits.SPEAKER)


def test_models_that_ask_who_speaks_hear_it(tmp_path: Path) -> None:
    weights = tiny_gpt_sovits.make(tmp_path, "v2Pro")
    parts = SmallSpeaker(weights)
    loaded = GptSovitsSession(parts, device="cpu", dtype="fp32", model=weights.digest)
    made = loaded.prepare_from([demo()], "Hello there", "en")
    assert said(loaded, made, english(TEXTS[1]))[0].audio.seconds > 0.4


@pytest.mark.slow
def test_memory_is_flat_over_two_hundred_segments(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    ledger, live = Ledger(), []
    with ledger:
        for first in range(0, 200, CARD.max_batch):
            seeds = range(first, first + CARD.max_batch)
            batch = [Utterance(text="Oh yes.", language="en", seed=seed) for seed in seeds]
            assert len(said(session, prompt, batch)) == len(batch)
            live.append(ledger.live_bytes)
    assert max(live[2:]) <= max(live[:2])


def a_reference(audio: Audio, *more: Audio) -> Reference:
    return Reference(audio=audio, transcript="Hello", language="en", digest="any", more=more)


def test_further_recordings_change_the_style_and_not_what_is_gone_on_from(
    session: GptSovitsSession,
) -> None:
    alone = session.prepare(a_reference(demo(4.0)))
    both = session.prepare(a_reference(demo(4.0), demo(4.0, start_s=5.0)))
    direct = session.prepare_from([demo(4.0), demo(4.0, start_s=5.0)], "Hello", "en")
    assert np.array_equal(both.tokens, alone.tokens)
    assert np.array_equal(both.sound, direct.sound)
    assert not np.allclose(both.sound, alone.sound, atol=1e-3)


def test_of_a_long_further_recording_the_first_ten_seconds_count(
    session: GptSovitsSession,
) -> None:
    rate = demo().rate
    long = np.tile(demo(9.0).samples, 8)
    made = [
        session.prepare(a_reference(demo(4.0), Audio(samples=part, rate=rate))).sound
        for part in (long, long[: 10 * rate])
    ]
    assert np.array_equal(*made)


@pytest.mark.parametrize(
    ("audio", "told"),
    [
        (Audio(samples=np.zeros(5 * 24_000, np.float32), rate=24_000), "No voice is heard in"),
        (Audio(samples=np.full(48_000, np.nan, np.float32), rate=24_000), "No voice is heard in"),
        (demo(0.5), "lasts 0.50 s"),
    ],
    ids=["silent", "not numbers", "short"],
)
def test_a_further_recording_of_no_use_is_named(
    session: GptSovitsSession, audio: Audio, told: str
) -> None:
    with pytest.raises(InputError, match=told) as refusal:
        session.prepare(a_reference(demo(4.0), demo(4.0, start_s=5.0), audio))
    assert "urther recording 2" in refusal.value.message


class Loadings:
    """How often the network that reads Chinese was loaded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.n = 0
        load = FileParts.bert

        def counted(parts: FileParts, *about: Any) -> Any:
            self.n += 1
            return load(parts, *about)

        monkeypatch.setattr(FileParts, "bert", counted)


def test_only_chinese_loads_the_network_that_reads_it_and_the_next_text_gives_it_back(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    loadings = Loadings(monkeypatch)
    order = wire.Load(
        model=wire.Model(
            name=weights.name, digest=weights.digest, copies=None,
            files={part: str(path) for part, path in weights.files.items()},
        ),
        factory="", device="cpu", devices=("cpu",), engine="gpt_sovits 1", prompts=None,
        calibration=None, cap_bytes=None, cost=CARD.cost, limits=CARD.limits,
        units_per_char=CARD.units_per_char,
    )  # fmt: skip
    guarded = GuardedEngine(GptSovits(), order, sink=lambda _: None)
    guarded.load()
    session = guarded.session
    assert isinstance(session, LoadsLate)

    def speak(*texts: tuple[str, str], rest: Sequence[str] = ()) -> None:
        batch = [Utterance(text=text, language=language, seed=7) for text, language in texts]
        pieces = guarded.speak(prompt, batch, USUAL, threading.Event(), languages=rest)
        assert len(list(pieces)) == len(batch)

    def heard(transcript: str | None, language: str | None) -> Prompt:
        return guarded.prepare(
            Reference(audio=demo(), transcript=transcript, language=language, digest="d")
        )

    prompt = heard("Hello there, this is the voice", "en")
    speak((TEXTS[0], "en"))
    assert heard(None, None) is not None
    assert (loadings.n, session.late_bytes) == (0, 0)

    speak((TEXTS[1], "en"), ("今天天气很好", "zh"))
    assert loadings.n == 1
    late = session.late_bytes
    assert late > 0
    speak()
    speak(("今天天气很好", "zh"))
    assert (loadings.n, session.late_bytes) == (1, late), "kept while Chinese is spoken"

    speak((TEXTS[0], "en"), rest=["zh"])
    assert (loadings.n, session.late_bytes) == (1, late), "more of it comes in this text"
    speak((TEXTS[0], "en"), rest=["en"])
    assert (loadings.n, session.late_bytes) == (1, 0)
    heard("今天天气很好", "zh")
    assert (loadings.n, session.late_bytes) == (2, late)
    heard("Hello there, this is the voice", "en")
    assert session.late_bytes == 0
    heard("今天天气很好", None)
    guarded.clear()
    assert (loadings.n, session.late_bytes) == (3, 0)
    session.close()
    assert session.late_bytes == 0


def heard(
    session: GptSovitsSession, prompt: GptSovitsPrompt, batch: Sequence[Utterance]
) -> tuple[list[tuple[int, Audio]], list[Piece]]:
    parts: list[tuple[int, Audio]] = []
    session.stream_to(lambda start, audio: parts.append((start, audio)))
    try:
        return parts, said(session, prompt, batch)
    finally:
        session.stream_to(None)


def test_an_utterance_alone_is_heard_in_parts_that_are_its_sound(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    assert isinstance(session, Streams)
    parts, (piece,) = heard(session, prompt, english(TEXTS[2], seed=3))
    assert len(parts) > 1
    assert len(parts[0][1].samples) < 2 * CARD.rate, "something is heard soon"
    at = 0
    for start, audio in parts:
        assert (start, audio.rate) == (at, CARD.rate)
        at += len(audio.samples)
    joined = np.concatenate([audio.samples for _, audio in parts])
    assert np.array_equal(joined, piece.audio.samples)
    (plain,) = said(session, prompt, english(TEXTS[2], seed=3))
    # Windows round otherwise; -100 dB.
    assert np.allclose(joined, plain.audio.samples, atol=1e-5)


def test_nothing_is_heard_early_of_utterances_in_company(
    session: GptSovitsSession, prompt: GptSovitsPrompt
) -> None:
    parts, pieces = heard(session, prompt, english(TEXTS[1], TEXTS[2]))
    assert (len(parts), len(pieces)) == (0, 2)
