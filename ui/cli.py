"""The commands: arguments in, one sentence or one JSON object out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from core.audio.encode import FileFormat
from core.audio.recording import Recording
from core.audio.samples import Span
from core.errors import InputError, MissingError, ResourceError, StudioError
from core.events import (
    EngineLoading,
    EngineRestarted,
    JobDone,
    JobFailed,
    JobStopped,
    SegmentReady,
)
from core.jobs.job import DoneSegment, Job, SpeakRequest, remarks
from core.log import incident, log_file
from core.memory.cost import CostModel
from core.memory.moments import in_words
from core.memory.plan import Batch, BatchPlan
from core.studio import Studio
from core.synthesis.fitting import Costs
from core.synthesis.guarded import PREPARE
from core.synthesis.take import Take
from core.synthesis.wire import Peak
from core.text.clean import MAX_CHARS

MAX_TEXT_BYTES = 4 * MAX_CHARS + 4
"""No text that can be spoken is longer, in any encoding that is read."""

STATEMENT = "I am the speaker, or I have the speaker's permission to use this voice."

Answer = dict[str, Any]


def run(arguments: argparse.Namespace, studio: Studio) -> int:
    """Do one command. Returns the exit code: 0, 2 for what the person can mend, 1 for a bug."""
    commands: dict[str, Callable[[argparse.Namespace, Studio], tuple[Answer, str]]] = {
        "speak": speak,
        "trim": trim,
        "plan": plan,
        "memory": memory,
        "doctor": doctor,
    }

    def work() -> None:
        answer, sentence = commands[arguments.command](arguments, studio)
        if getattr(arguments, "json", False):
            sentence = json.dumps(plain(answer), ensure_ascii=True, allow_nan=False)
        _print(sentence)

    again = "The same command goes on from there." if arguments.command == "speak" else ""
    return at_the_edge(work, studio, if_stopped=again)


def at_the_edge(work: Callable[[], None], studio: Studio, *, if_stopped: str = "") -> int:
    """Do it, and tell what went wrong. Returns the exit code.

    Args:
        work: May raise anything.
        studio: Knows where the log is.
        if_stopped: What to say to somebody who pressed Ctrl-C.
    """
    try:
        work()
    except StudioError as error:
        tell(str(error))
        return 2
    except KeyboardInterrupt:
        tell(f"stopped. {if_stopped}")
        return 2
    except Exception as error:  # noqa: BLE001 - the edge: a bug gets a number, not a trace
        where = log_file(studio.paths)
        tell(f"something broke inside Timbre (incident {incident(error)}; more in {where}).")
        return 1
    return 0


def tell(sentence: str) -> None:
    """One line to whoever watches; nobody may be there."""
    try:
        print(f"timbre: {' '.join(sentence.split())}", file=sys.stderr, flush=True)
    except OSError:
        _leave(sys.stderr)


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _leave(sys.stdout)  # `| head -1` has seen enough: nobody's fault
    except OSError as error:
        _leave(sys.stdout)
        raise ResourceError(
            f"The answer could not be printed: {error.strerror}.", "Redirect it elsewhere."
        ) from None


def _leave(stream: TextIO) -> None:
    """Let a stream that cannot be written end in nothing, or Python complains when it exits."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def plain(value: object) -> object:
    """As JSON can say it: what is not finite is not known, which is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def read_text(arguments: argparse.Namespace) -> str:
    """The text of `--text` or `--text-file`. Raises InputError with what is wrong with it."""
    if arguments.text is not None:
        return str(arguments.text)
    path: Path = arguments.text_file
    if str(path) == "-":
        content = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    else:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a text file.", "Choose one file in it.")
        try:
            with path.open("rb") as file:  # not only files: `<(command)` is a pipe
                content = file.read(MAX_TEXT_BYTES + 1)
        except FileNotFoundError:
            raise MissingError(f"There is no text file {path}.", "Check the name.") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{path} cannot be read: {why}.", "Check the file.") from None
    if len(content) > MAX_TEXT_BYTES:
        raise InputError(
            f"{path.name} is larger than {MAX_TEXT_BYTES / 1e6:.0f} MB; at most {MAX_CHARS:,} "
            "characters can be read at once.",
            "Split it into parts and speak one after the other.",
        )
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text (byte {error.start} of {len(content)}).",
            "Save it as UTF-8 text and try again.",
        ) from None
    if "\0" in text:
        raise InputError(
            f"{path.name} is not UTF-8 text (a zero at character {text.index(chr(0))}).",
            "Save it as UTF-8 text and try again.",
        )
    return text


def read_knobs(pairs: Sequence[str]) -> dict[str, float]:
    """`name=value` pairs as numbers; the engine's card checks names and ranges."""
    knobs: dict[str, float] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            knobs[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"--set {pair} is not NAME=NUMBER.", "For example --set speed=1.1")
    return knobs


def kept_span(recording: Recording, *, has_transcript: bool, longest_s: float) -> Span:
    """The stretch to use: the best window, or all of the speech where a transcript covers it all.

    Raises InputError when nothing can be kept.
    """
    if recording.problem:
        raise InputError(recording.problem, recording.hint)
    if has_transcript and recording.speech:
        first, last = recording.speech[0].start_s, recording.speech[-1].stop_s
        whole = Span(start_s=max(0.0, first - 0.2), stop_s=min(recording.seconds, last + 0.2))
        if whole.seconds <= longest_s:
            return whole
    return recording.windows[0].span


def speak(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """A text in the voice of a recording, as a file."""
    target: Path = arguments.out
    form = file_format(target)
    card = studio.card(arguments.engine)
    text = read_text(arguments)
    settings = studio.check_settings(read_knobs(arguments.knobs), engine=card.name)
    studio.plan(text, engine=card.name, language=arguments.language)
    follower = Follower(is_quiet=getattr(arguments, "json", False))
    follower.say("Reading the recording ...")
    recording = studio.inspect(arguments.reference, engine=card.name)
    try:
        span, transcript, notes = kept(recording, arguments.transcript, card.reference_max_s)
        with studio.borrowed_voice(
            recording.id,
            span,
            name=arguments.reference.stem,
            transcript=transcript,
            language=arguments.reference_language,
            statement=STATEMENT,
        ) as voice:
            request = SpeakRequest(
                text=text,
                voice_id=voice.id,
                engine=card.name,
                language=arguments.language,
                settings=settings,
                seed=arguments.seed,
            )
            job, take, done = _made(studio, request, form, follower)
            studio.deliver(take, target)
            studio.delete_job(job.id)
    finally:
        studio.forget_recording(recording.id)
    notes += remarks(done)
    if device_note := studio.device_note(card.name):
        notes.append(device_note)
    wall_s = follower.seconds
    peaks = [segment.peak_bytes for segment in done if segment.peak_bytes]
    answer: Answer = {
        "seconds": round(take.seconds, 3),
        "rate": take.rate,
        "segments": [
            {
                "index": mark.index,
                "text": mark.text,
                "start_s": round(mark.start_s, 3),
                "stop_s": round(mark.stop_s, 3),
                "seed": job.seeds[mark.index],
                "seconds": round(mark.stop_s - mark.start_s, 3),
            }
            for mark in take.marks
        ],
        "wall_s": round(wall_s, 3),
        "first_sound_s": follower.first_sound_s,
        "peak_bytes": max(peaks) if peaks else None,
        "loudness_lufs": take.loudness_lufs,
        "notes": notes,
    }
    sentence = f"{target}: {take.seconds:.1f} s of speech, made in {wall_s:.1f} s."
    return answer, "\n".join([sentence, *(f"- {note}" for note in notes)])


def kept(
    recording: Recording, transcript: str | None, longest_s: float
) -> tuple[Span, str | None, list[str]]:
    """The stretch to use, the transcript that belongs to it, and what the person should know.

    Raises InputError when nothing can be kept.
    """
    transcript = transcript if transcript and transcript.strip() else None
    span = kept_span(recording, has_transcript=bool(transcript), longest_s=longest_s)
    best = recording.windows[0]
    notes = list(recording.notes)
    notes += [note.text for note in best.report.notes if note.is_warning]
    if span == best.span and span.seconds + 1 < recording.seconds:
        notes.append(f"Of the recording {span.start_s:.1f} s to {span.stop_s:.1f} s were used.")
        if transcript:
            notes.append("The transcript is of the whole recording, so it was not used.")
            transcript = None
    return span, transcript, notes


def _made(
    studio: Studio, request: SpeakRequest, form: FileFormat, follower: Follower
) -> tuple[Job, Take, tuple[DoneSegment, ...]]:
    """Do a job to its end. One that failed before anything was finished leaves nothing behind."""
    job = studio.submit_or_resume(request)
    try:
        follower.follow(studio, job)
        follower.say("Joining the pieces ...")
        return job, studio.export(job.id, format=form), studio.progress(job.id)
    except StudioError:
        if not studio.progress(job.id):
            studio.delete_job(job.id)
        raise


class Follower:
    """Tells how far a command is, on stderr, and keeps its times.

    Args:
        is_quiet: Tell only what is unusual.
    """

    def __init__(self, *, is_quiet: bool) -> None:
        self.first_sound_s: float | None = None
        self._is_quiet = is_quiet
        self._began_s = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began_s

    def say(self, sentence: str) -> None:
        if not self._is_quiet:
            tell(sentence)

    def follow(self, studio: Studio, job: Job) -> None:
        """Wait for the end of a job. Raises InputError when it failed or was stopped."""
        before = {done.index for done in studio.progress(job.id)}
        if before:
            self.say(f"{len(before)} of {len(job.plan.segments)} were made before.")
        for event in studio.watch(job.id):
            match event:
                case EngineLoading():
                    self.say("Preparing the voice ...")
                case SegmentReady():
                    if self.first_sound_s is None and event.note is None:
                        self.first_sound_s = round(self.seconds, 3)
                    if event.index not in before:
                        left = "" if event.left_s is None else f", about {event.left_s:.0f} s left"
                        self.say(f"{event.n_done} of {event.n_segments}{left}")
                case EngineRestarted():
                    tell(f"{event.reason} It was started again and goes on.")
                case JobFailed():
                    raise InputError(event.message, event.hint)
                case JobStopped():
                    raise InputError("The job was stopped.", "Run the command again to go on.")
                case JobDone():
                    break
                case _:
                    pass


def file_format(target: Path) -> FileFormat:
    """By the suffix of the file to write. Raises InputError for one that is not known."""
    try:
        form = FileFormat(target.suffix.lower().lstrip("."))
    except ValueError:
        known = ", ".join(f".{kind.value}" for kind in FileFormat)
        raise InputError(f"{target.name} does not say what to write.", f"End it in {known}.") from (
            None
        )
    folder = target.absolute().parent
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Make it first.")
    if target.is_dir():
        raise InputError(f"{target} is a folder.", "Add a file name to it.")
    if not os.access(folder, os.W_OK):
        raise ResourceError(f"Nothing may be written into {folder}.", "Choose another place.")
    return form


def trim(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """The best seconds of a recording for an engine, and why."""
    if arguments.out is not None and file_format(arguments.out) is not FileFormat.WAV:
        raise InputError(f"{arguments.out.name} cannot be written.", "End it in .wav.")
    recording = studio.inspect(arguments.reference, engine=arguments.engine)
    try:
        if recording.problem:
            raise InputError(recording.problem, recording.hint)
        window = recording.windows[0]
        if arguments.out is not None:
            studio.save_excerpt(recording.id, window.span, arguments.out)
    finally:
        studio.forget_recording(recording.id)
    report = window.report
    notes = [note.text for note in report.notes] + list(recording.notes)
    answer: Answer = {
        "span": {"start_s": round(window.span.start_s, 3), "stop_s": round(window.span.stop_s, 3)},
        "seconds": round(report.seconds, 3),
        "speech_s": round(report.speech_s, 2),
        "snr_db": report.snr_db,
        "clipped": report.clipped,
        "loudness_lufs": report.loudness_lufs,
        "bandwidth_hz": report.bandwidth_hz,
        "notes": notes,
    }
    sentence = (
        f"{window.span.start_s:.2f} s to {window.span.stop_s:.2f} s "
        f"({report.seconds:.1f} s of {recording.seconds:.1f} s)"
    )
    return answer, "\n".join([sentence, *(f"- {note}" for note in notes)])


def plan(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """How a text is split, and how long it will sound."""
    made = studio.plan(read_text(arguments), engine=arguments.engine, language=arguments.language)
    seconds = studio.estimate_s(made)
    answer: Answer = {
        "source": made.source,
        "language": made.language,
        "segments": [dataclasses.asdict(segment) for segment in made.segments],
        "seconds": round(seconds, 1),
        "notes": list(made.notes),
    }
    lines = [
        f"{segment.index + 1:4d}  {segment.language}  {segment.pause_s:.2f} s  {segment.text}"
        for segment in made.segments
    ]
    n = len(made.segments)
    length = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    lines.append(f"{n} segment{'s' if n != 1 else ''}, about {length} of speech.")
    return answer, "\n".join([*lines, *made.notes])


def memory(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """What may be used, what an engine is known to take, and the batches of a text."""
    card = studio.card(arguments.engine)
    lines: list[str] = []
    answer: Answer = {"engine": card.name, "stress": None, "plan": None}
    has_text = arguments.text is not None or arguments.text_file is not None
    made = (
        studio.plan(read_text(arguments), engine=card.name, language=arguments.language)
        if has_text
        else None
    )
    if arguments.measure:
        is_quiet = getattr(arguments, "json", False)
        report = studio.stress(card.name, told=(lambda _: None) if is_quiet else _tell_peak)
        answer["stress"] = dataclasses.asdict(report) | {"sentence": report.in_words()}
        lines.append(report.in_words())
    device, cap = studio.device(card.name), studio.memory_cap_bytes
    allowed = studio.budget_bytes(card.name)
    answer |= {"device": device, "budget_bytes": allowed, "cap_bytes": cap}
    room = "not known" if allowed is None else f"up to {in_words(allowed)} may be used"
    lines.append(f"{card.title} on {device}: {room}." + _cap(cap))
    if device_note := studio.device_note(card.name):
        lines.append(device_note)
    known = studio.costs(card.name)
    answer["calibration"] = None if known is None else dataclasses.asdict(known)
    if known is None or not known.cost.stages:
        lines.append("It was not measured here yet: `app.py memory --measure` does.")
    else:
        lines += _costs(known)
    if made is not None:
        batches = studio.fit(made, engine=card.name)
        if batches is not None and known is not None:
            answer["plan"] = _batches(batches, known.cost)
            lines += [_batch_line(at, batch) for at, batch in enumerate(batches.batches)]
            lines += [f"segment {each.index + 1}: {each.fits}" for each in batches.refused]
            lines.append(f"{batches.in_words()}.")
        else:
            lines.append(f"{len(made.segments)} segments; what they take is not known yet.")
    return answer, "\n".join(lines)


def _tell_peak(peak: Peak) -> None:
    unit = "s of reference" if peak.stage == PREPARE else "characters"
    rows = f" x {peak.batch}" if peak.batch > 1 else ""
    tell(f"{peak.n} {unit}{rows}: {in_words(peak.peak_bytes)}")


def _cap(cap: int | None) -> str:
    return "" if cap is None else f" The memory cap is {in_words(cap)}."


def _costs(known: Costs) -> list[str]:
    """The formula of each stage."""
    lines = [f"loaded: {in_words(known.cost.weights_bytes)} ({known.cost.dtype})"]
    for name, stage in known.cost.stages.items():
        unit = "second of reference" if name == PREPARE else "unit of length and row"
        square = (
            f" + {in_words(round(stage.per_unit2_bytes))} per square unit"
            if stage.per_unit2_bytes
            else ""
        )
        how = "measured here" if name in known.measured else "counted, not measured here"
        lines.append(
            f"{name}: {in_words(stage.fixed_bytes)} + "
            f"{in_words(round(stage.per_unit_bytes))} per {unit}{square} ({how})"
        )
    return lines


def _batches(made: BatchPlan, cost: CostModel) -> Answer:
    """A plan with the bytes of every stage."""
    batches = []
    for batch in made.batches:
        at = cost.at(batch.dtype)
        stages = {
            name: stage.bytes(batch.n_max, len(batch.items), batch.decode_chunk)
            for name, stage in at.stages.items()
            if name != PREPARE
        }
        batches.append(dataclasses.asdict(batch) | {"stages": stages})
    return {
        "batches": batches,
        "refused": [dataclasses.asdict(each) for each in made.refused],
        "peak_bytes": made.peak_bytes,
        "budget_bytes": made.budget_bytes,
        "sentence": made.in_words(),
    }


def _batch_line(at: int, batch: Batch) -> str:
    numbers = ", ".join(str(each + 1) for each in batch.items)
    return f"{at + 1:4d}  {in_words(batch.predicted_bytes):>7}  segments {numbers}"


def doctor(_arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """What works here, what is missing, what to do."""
    findings = studio.doctor()
    answer: Answer = {"findings": [dataclasses.asdict(finding) for finding in findings]}
    lines = []
    for finding in findings:
        todo = f" -> {finding.todo}" if finding.todo else ""
        lines.append(f"[{finding.state:7}] {finding.area}: {finding.text}{todo}")
    return answer, "\n".join(lines)
