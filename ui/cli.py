"""The command line: arguments in, one sentence or one JSON object out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.audio.encode import FileFormat
from core.audio.recording import Recording
from core.audio.samples import Span
from core.errors import InputError, MissingError, StudioError
from core.events import EngineRestarted, JobDone, JobFailed, JobStopped, SegmentReady
from core.jobs.job import Job, SpeakRequest
from core.log import incident
from core.studio import Studio

STATEMENT = "I am the speaker, or I have the speaker's permission to use this voice."

Answer = dict[str, Any]


def parser() -> argparse.ArgumentParser:
    """Every command and option; `--help` is drawn from it."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--home", type=Path, metavar="DIR", help="keep everything under DIR")
    shared.add_argument("--device", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    asks = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    asks.add_argument("--json", action="store_true", help="one JSON object on stdout")
    top = argparse.ArgumentParser(
        prog="app.py",
        parents=[shared],
        description="Timbre: long text in the voice of a recording, on your own computer. "
        "Without a command it opens the page.",
    )
    top.add_argument("--port", type=int, default=7860, help="port of the page (default: 7860)")
    top.add_argument("--no-browser", action="store_true", help="do not open a browser")
    top.add_argument("--lang", choices=("auto", "en", "zh"), help="language of the page")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    speak = commands.add_parser("speak", parents=[shared, asks], help="speak a text in a voice")
    speak.add_argument("--reference", type=Path, required=True, metavar="IN")
    speak.add_argument("--transcript", help="what is said in the recording; makes it better")
    speak.add_argument("--reference-language", metavar="xx", help="language of the recording")
    _text_arguments(speak)
    speak.add_argument("--out", type=Path, required=True, help="wav, flac, mp3, ogg or opus")
    speak.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", dest="knobs")
    speak.add_argument("--seed", type=int, default=0)

    trim = commands.add_parser("trim", parents=[shared, asks], help="find the best seconds")
    trim.add_argument("reference", type=Path, metavar="IN")
    trim.add_argument("--out", type=Path, help="write the kept seconds there (WAV)")
    trim.add_argument("--engine", default="builtin")

    plan = commands.add_parser("plan", parents=[shared, asks], help="show how a text is split")
    _text_arguments(plan)
    commands.add_parser("doctor", parents=[shared, asks], help="what works here, what is missing")
    return top


def _text_arguments(command: argparse.ArgumentParser) -> None:
    text = command.add_mutually_exclusive_group(required=True)
    text.add_argument("--text")
    text.add_argument("--text-file", type=Path, metavar="F", help="UTF-8; - reads stdin")
    command.add_argument("--engine", default="builtin")
    command.add_argument("--language", metavar="xx", help="force it (default: detect)")


def run(arguments: argparse.Namespace, studio: Studio) -> int:
    """Do one command. Returns the exit code: 0, 2 for what the person can mend, 1 for a bug."""
    commands: dict[str, Callable[[argparse.Namespace, Studio], tuple[Answer, str]]] = {
        "speak": speak,
        "trim": trim,
        "plan": plan,
        "doctor": doctor,
    }
    try:
        answer, sentence = commands[arguments.command](arguments, studio)
    except StudioError as error:
        print(f"timbre: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("timbre: stopped.", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - the edge: a bug gets a number, not a trace
        number = incident(error)
        print(
            f"timbre: something broke inside Timbre (incident {number}; the log has it).",
            file=sys.stderr,
        )
        return 1
    if getattr(arguments, "json", False):
        print(json.dumps(answer, ensure_ascii=True))
    else:
        print(sentence)
    return 0


def read_text(arguments: argparse.Namespace) -> str:
    """The text of `--text` or `--text-file`. Raises InputError with what is wrong with it."""
    if arguments.text is not None:
        return str(arguments.text)
    path: Path = arguments.text_file
    if str(path) == "-":
        content = sys.stdin.buffer.read()
    else:
        if not path.is_file():
            raise MissingError(f"There is no text file {path}.", "Check the name.")
        content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text (byte {error.start} of {len(content)}).",
            "Save it as UTF-8 text and try again.",
        ) from None


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
    knobs = read_knobs(arguments.knobs)
    studio.plan(text, engine=card.name, language=arguments.language)
    began = time.perf_counter()
    recording = studio.inspect(arguments.reference, engine=card.name)
    span = kept_span(
        recording,
        has_transcript=bool(arguments.transcript),
        longest_s=card.reference_max_s,
    )
    notes = list(recording.notes)
    transcript = arguments.transcript
    if transcript and span.seconds + 1 < recording.seconds and span == recording.windows[0].span:
        notes.append(
            f"The recording is {recording.seconds:.0f} s long and {span.seconds:.1f} s of it are "
            "kept, so the transcript of the whole was not used."
        )
        transcript = None
    with studio.borrowed_voice(
        recording.id,
        span,
        name=arguments.reference.stem,
        transcript=transcript,
        language=arguments.reference_language,
        statement=STATEMENT,
    ) as voice:
        job = studio.submit_or_resume(
            SpeakRequest(
                text=text,
                voice_id=voice.id,
                engine=card.name,
                language=arguments.language,
                settings=knobs,
                seed=arguments.seed,
            )
        )
        first_sound_s = _follow(studio, job, began, quiet=getattr(arguments, "json", False))
        take = studio.export(job.id, format=form)
        done = studio.progress(job.id)
        studio.deliver(take, target)
        studio.delete_job(job.id)
    notes += [f"Segment {segment.index + 1}: {segment.note}" for segment in done if segment.note]
    wall_s = time.perf_counter() - began
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
        "first_sound_s": None if first_sound_s is None else round(first_sound_s, 3),
        "peak_bytes": max(peaks) if peaks else None,
        "loudness_lufs": take.loudness_lufs,
        "notes": notes,
    }
    sentence = f"{target}: {take.seconds:.1f} s of speech, made in {wall_s:.1f} s."
    return answer, "\n".join([sentence, *notes])


def _follow(studio: Studio, job: Job, began: float, *, quiet: bool) -> float | None:
    """Wait for the end of a job; returns when its first sound was there (s after `began`)."""
    first: float | None = None
    for event in studio.watch(job.id):
        match event:
            case SegmentReady():
                if first is None and event.seconds > 0:
                    first = time.perf_counter() - began
                if not quiet:
                    left = "" if event.left_s is None else f", about {event.left_s:.0f} s left"
                    print(f"{event.n_done} of {event.n_segments}{left}", file=sys.stderr)
            case EngineRestarted():
                print(f"The engine was restarted: {event.reason}", file=sys.stderr)
            case JobFailed():
                raise InputError(event.message, event.hint)
            case JobStopped():
                raise InputError("The job was stopped.", "Run the command again to go on.")
            case JobDone():
                break
            case _:
                pass
    return first


def file_format(target: Path) -> FileFormat:
    """By the suffix of the file to write. Raises InputError for one that is not known."""
    try:
        form = FileFormat(target.suffix.lower().lstrip("."))
    except ValueError:
        known = ", ".join(f".{kind.value}" for kind in FileFormat)
        raise InputError(f"{target.name} does not say what to write.", f"End it in {known}.") from (
            None
        )
    if not target.absolute().parent.is_dir():
        raise InputError(f"There is no folder {target.absolute().parent}.", "Make it first.")
    return form


def trim(arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """The best seconds of a recording for an engine, and why."""
    recording = studio.inspect(arguments.reference, engine=arguments.engine)
    if recording.problem:
        raise InputError(recording.problem, recording.hint)
    window = recording.windows[0]
    report = window.report
    notes = [note.text for note in report.notes] + list(recording.notes)
    if arguments.out is not None:
        studio.save_excerpt(recording.id, window.span, arguments.out)
    answer: Answer = {
        "span": {"start_s": window.span.start_s, "stop_s": window.span.stop_s},
        "seconds": report.seconds,
        "speech_s": report.speech_s,
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
        "language": made.language,
        "segments": [dataclasses.asdict(segment) for segment in made.segments],
        "seconds": round(seconds, 1),
        "notes": list(made.notes),
    }
    lines = [
        f"{segment.index + 1:4d}  {segment.language}  {segment.pause_s:.2f} s  {segment.text}"
        for segment in made.segments
    ]
    lines.append(f"{len(made.segments)} segments, about {seconds / 60:.1f} min.")
    return answer, "\n".join([*lines, *made.notes])


def doctor(_arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """What works here, what is missing, what to do."""
    findings = studio.doctor()
    answer: Answer = {"findings": [dataclasses.asdict(finding) for finding in findings]}
    lines = []
    for finding in findings:
        todo = f" -> {finding.todo}" if finding.todo else ""
        lines.append(f"[{finding.state:7}] {finding.area}: {finding.text}{todo}")
    return answer, "\n".join(lines)
