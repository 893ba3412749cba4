"""The commands: arguments in, one sentence or one JSON object out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.audio.encode import FileFormat
from core.audio.recording import Recording
from core.audio.samples import Span
from core.errors import InputError, StudioError
from core.jobs.job import SpeakRequest, remarks
from core.log import incident, log_file
from core.studio import Studio
from ui import also, terminal
from ui.features_command import features
from ui.following import Follower, made
from ui.given import file_format, read_knobs, read_text
from ui.memory_command import memory
from ui.models_command import download, models
from ui.terminal import tell

STATEMENT = "I am the speaker, or I have the speaker's permission to use this voice."

Answer = dict[str, Any]


def run(arguments: argparse.Namespace, studio: Studio) -> int:
    """Do one command. Returns the exit code: 0, 2 for what the person can mend, 1 for a bug."""
    commands: dict[str, Callable[[argparse.Namespace, Studio], tuple[Answer, str]]] = {
        "speak": speak,
        "trim": trim,
        "plan": plan,
        "memory": memory,
        "models": models,
        "download": download,
        "features": features,
        "doctor": doctor,
    }

    def work() -> None:
        answer, sentence = commands[arguments.command](arguments, studio)
        if getattr(arguments, "json", False):
            sentence = json.dumps(plain(answer), ensure_ascii=True, allow_nan=False)
        terminal.answer(sentence)

    goes_on = arguments.command in ("speak", "features", "download")
    again = "The same command goes on from there." if goes_on else ""
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


def plain(value: object) -> object:
    """As JSON can say it: what is not finite is not known, which is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


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
    studio.check_model(card.name, arguments.model)
    settings = studio.check_settings(read_knobs(arguments.knobs), engine=card.name)
    studio.plan(text, engine=card.name, language=arguments.language)
    follower = Follower(is_quiet=getattr(arguments, "json", False))
    follower.say("Reading the recording ...")
    recording = studio.inspect(arguments.reference, engine=card.name)
    try:
        span, transcript, notes = kept(recording, arguments.transcript, card.reference_max_s)
        with (
            also.heard(studio, arguments.also, card) as (more, told),
            studio.borrowed_voice(
                recording.id,
                span,
                name=arguments.reference.stem,
                transcript=transcript,
                language=arguments.reference_language,
                statement=STATEMENT,
                engine=card.name,
                more=more,
            ) as voice,
        ):
            notes += told
            request = SpeakRequest(
                text=text,
                voice_id=voice.id,
                engine=card.name,
                model=arguments.model,
                language=arguments.language,
                settings=settings,
                seed=arguments.seed,
            )
            job, take, done = made(studio, request, form, follower)
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


def doctor(_arguments: argparse.Namespace, studio: Studio) -> tuple[Answer, str]:
    """What works here, what is missing, what to do."""
    findings = studio.doctor()
    answer: Answer = {"findings": [dataclasses.asdict(finding) for finding in findings]}
    lines = []
    for finding in findings:
        todo = f" -> {finding.todo}" if finding.todo else ""
        lines.append(f"[{finding.state:7}] {finding.area}: {finding.text}{todo}")
    return answer, "\n".join(lines)
