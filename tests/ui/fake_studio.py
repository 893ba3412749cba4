"""A studio without engine, disk or models: what the page calls, with a machine made of constants.

Segments are finished by `advance`, never by time, so tests decide what happened before they look.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import soundfile

from core.audio.encode import FileFormat
from core.audio.recording import Part, Recording, Window
from core.audio.samples import Audio, Note, ReferenceReport, Span
from core.engines.copies import Kept
from core.engines.protocol import EngineCard, Knob, Shelf
from core.errors import Cancelled, InputError, MissingError
from core.fetching import Download, Downloads
from core.hub.transfer import State
from core.jobs.job import DoneSegment, Job, JobState, JobSummary, SpeakRequest
from core.memory.cost import CostModel, StageCost
from core.memory.moments import Kind, MemoryEvent
from core.memory.picture import Growth, MemoryPicture, Running, Split, Verdict
from core.memory.plan import BatchPlan
from core.memory.readings import DeviceReading, HostReading, Snapshot
from core.paths import Paths
from core.settings import Settings
from core.synthesis.fitting import StressReport
from core.synthesis.take import Mark, Take
from core.synthesis.wire import Peak
from core.text.plan import Segment, TextPlan
from core.voices.voice import Consent, Further, Voice

GIB = 1024**3
RATE = 24_000

CARD = EngineCard(
    name="builtin",
    title="Built-in",
    version="1",
    languages=("en", "zh", "de", "ru"),
    rate=RATE,
    reference_min_s=3.0,
    reference_best_s=9.0,
    reference_max_s=15.0,
    wants_transcript=True,
    max_chars=300,
    max_batch=1,
    knobs=(
        Knob(
            name="speed", title="Speed", default=1.0, low=0.5, high=2.0, step=0.05,
            help="Above 1 it speaks faster.",
        ),
        Knob(
            name="pitch", title="Pitch", default=0.0, low=-6.0, high=6.0, step=0.5,
            help="Semitones up or down.",
        ),
    ),
    factory="none:none",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    area: str
    state: str
    text: str
    todo: str = ""


def report(seconds: float) -> ReferenceReport:
    return ReferenceReport(
        seconds=seconds,
        speech_s=seconds * 0.9,
        snr_db=31.0,
        clipped=0.0,
        loudness_lufs=-21.0,
        bandwidth_hz=7600.0,
        notes=(
            Note(code="snr_good", text="Clear: the speech is 31 dB above the noise.", value=31.0),
            Note(code="short", text="Only 4 s: 9 s would be better.", value=4.0, is_warning=True),
        ),
    )


def gpu(used: float = 2.1) -> DeviceReading:
    return DeviceReading(
        at_s=100.0,
        uuid="GPU-1",
        name="NVIDIA GeForce RTX 3060",
        total_bytes=12 * GIB,
        used_bytes=int(used * GIB),
        ours_bytes=int(0.9 * GIB),
        busy_percent=4.0,
        watts=38.0,
        limit_watts=170.0,
        celsius=41.0,
        clock_mhz=1395.0,
        top_clock_mhz=2100.0,
        throttles=(),
    )


def host(at_s: float = 100.0, cpu_percent: float | None = 12.0) -> HostReading:
    return HostReading(
        at_s=at_s,
        cpu_percent=cpu_percent,
        n_cores=2,
        total_bytes=16 * GIB,
        used_bytes=5 * GIB,
        page_bytes=210 * 1024**2,
        engine_bytes=None,
        disk_free_bytes=120 * GIB,
    )


def machine(*devices: DeviceReading) -> Snapshot:
    past = tuple(host(float(at), 10.0 + 30 * abs(np.sin(at / 9))) for at in range(100))
    return Snapshot(
        devices=devices,
        gpu_state="ok" if devices else "none",
        host=host(),
        history=past,
        device_history={device.uuid: (device,) * 30 for device in devices},
    )


def picture(device: str = "cuda:0", verdict: Verdict = Verdict.STEADY) -> MemoryPicture:
    """An engine at work on a card, after it had to make its batch smaller once."""
    return MemoryPicture(
        device=device,
        uuid="GPU-1" if device.startswith("cuda") else None,
        split=Split(
            weights_bytes=GIB // 2, kv_bytes=GIB // 8, activation_bytes=GIB // 16,
            cache_bytes=GIB // 8, ours_bytes=int(0.85 * GIB),
        ),
        running=Running(
            batch=4, segment=11, n_segments=41, audio_s_per_s=12.4, queue=2,
            predicted_bytes=int(2.9 * GIB), peak_bytes=int(2.6 * GIB),
            budget_bytes=int(3.6 * GIB),
        ),
        growth=Growth(
            slope_bytes_per_segment=0.02 * 1024**2 if verdict is Verdict.STEADY else 6e6,
            verdict=verdict,
            points=tuple((n, int(0.8 * GIB) + (n % 3) * 2**20) for n in range(12)),
        ),
        events=(
            MemoryEvent(
                kind=Kind.ADMIT, at_s=20.0, text="41 segments, batches of 8, about 2.9 GB of 3.6 GB"
            ),
            MemoryEvent(
                kind=Kind.RUNG, at_s=55.0, stage="decode", needed_bytes=int(1.9 * GIB),
                free_bytes=int(1.4 * GIB), before="batch 8", after="batch 4",
                text="needed 1.9 GB, 1.4 GB free: batch 8 -> 4, continuing at segment 12",
            ),
        ),
    )  # fmt: skip


def measured() -> StressReport:
    """What a stress test of a small engine found."""
    prepare = StageCost(name="prepare", fixed_bytes=20 << 20, per_unit_bytes=4.0 * 2**20)
    speak = StageCost(name="speak", fixed_bytes=30 << 20, per_unit_bytes=0.5 * 2**20)
    return StressReport(
        engine="builtin",
        device="cpu",
        points=(
            *(Peak(stage="prepare", n=n, batch=1, peak_bytes=(20 + 4 * n) << 20) for n in (3, 9)),
            *(
                Peak(stage="speak", n=n, batch=batch, peak_bytes=(30 << 20) + n * batch * 2**19)
                for batch in (1, 4)
                for n in (20, 80, 300)
            ),
        ),
        cost=CostModel(stages={"prepare": prepare, "speak": speak}, weights_bytes=90 << 20),
        budget_bytes=int(3.6 * GIB),
        max_reference_s=15,
        max_chars=300,
        max_batch=4,
    )


@dataclass
class FakeStudio:
    """
    Args:
        home: An empty folder.
        snapshot: What the monitor says.
        picture: What the engine says of its memory.
        fits: In which batches every text is going to be said.
        broken: Name of a method that fails with a bug.
    """

    home: Path
    snapshot: Snapshot = field(default_factory=machine)
    picture: MemoryPicture | None = None
    fits: BatchPlan | None = None
    broken: str = ""

    def __post_init__(self) -> None:
        self.paths = Paths.default(self.home)
        self.paths.make()
        self.calls: list[str] = []
        self.cache_bytes = 312 << 20
        self._recordings: dict[str, Recording] = {}
        self._voices: dict[str, Voice] = {}
        self._jobs: dict[str, Job] = {}
        self._done: dict[str, list[DoneSegment]] = {}
        self._lock = threading.RLock()
        self.cards: tuple[EngineCard, ...] = (CARD,)
        self.shelf = Shelf()
        self.chosen = Settings()
        self.public = Downloads(items=(), folder=self.paths.models, free_bytes=50 * 10**9)
        self.fetched: Download | None = None
        self.kept = Kept(folder=self.paths.copies, n=0, size_bytes=0, in_use_bytes=0)

    def __getattribute__(self, name: str) -> object:
        if name != "broken" and name == object.__getattribute__(self, "broken"):
            raise RuntimeError("a bug")
        return object.__getattribute__(self, name)

    # Engines and machine

    def engines(self) -> tuple[EngineCard, ...]:
        return self.cards

    def card(self, engine: str) -> EngineCard:
        return {card.name: card for card in self.cards}[engine]

    def chosen_card(self) -> EngineCard:
        return self.card(self.chosen.engine)

    def settings(self) -> Settings:
        return self.chosen

    def save_settings(self, changed: Settings) -> Settings:
        self.chosen = changed
        return changed

    def device_note(self, engine: str) -> str | None:
        return None

    def models(self, engine: str) -> Shelf:
        return self.shelf if self.card(engine).shelf else Shelf()

    def downloads(self, engine: str) -> Downloads:
        return self.public if self.card(engine).shelf else replace(self.public, items=())

    def start_download(self, engine: str, name: str = "", *, wishes: bool = True) -> Download:
        self.calls.append(f"download {engine} {name} {wishes}")
        total = sum(item.total_bytes for item in self.public.bundle(name, wishes=wishes))
        self.fetched = Download(
            engine=engine, name=name, wishes=wishes, state=State.RUNNING, file="",
            done_bytes=0, total_bytes=total, bytes_per_s=None,
        )  # fmt: skip
        return self.fetched

    def stop_download(self) -> None:
        assert self.fetched is not None
        self.fetched = replace(self.fetched, state=State.STOPPED)

    def download(self) -> Download | None:
        return self.fetched

    def copies(self) -> Kept:
        return self.kept

    def clear_copies(self) -> int:
        freed = self.kept.size_bytes - self.kept.in_use_bytes
        used = self.kept.in_use_bytes
        self.kept = replace(self.kept, n=1 if used else 0, size_bytes=used)
        return freed

    def monitor(self) -> Snapshot:
        return self.snapshot

    def memory(self) -> MemoryPicture | None:
        return self.picture

    def unload(self) -> None:
        self.calls.append("unload")

    def free_cache(self) -> int:
        self.calls.append("free cache")
        return self.cache_bytes

    def stress(self, engine: str, *, stop: threading.Event) -> StressReport:
        if stop.is_set():
            raise Cancelled
        self.calls.append(f"stress {engine}")
        return measured()

    def doctor(self) -> tuple[Finding, ...]:
        return (
            Finding("Engine", "ok", "Built-in can run."),
            Finding("GPU", "missing", "No driver.", "Install the NVIDIA driver."),
        )

    # Reference

    def inspect(self, path: Path, *, name: str | None = None, engine: str = "builtin") -> Recording:
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            raise InputError("This is not a sound.", "Try a WAV, MP3 or M4A file.") from None
        mono = samples.mean(axis=1)
        seconds = len(mono) / rate
        columns = np.array_split(mono, min(1200, len(mono)))
        windows: tuple[Window, ...] = ()
        if seconds >= CARD.reference_min_s:
            stops = (seconds, seconds * 0.7, seconds * 0.9)
            starts = (seconds * 0.2, 0.0, seconds * 0.4)
            windows = tuple(
                Window(
                    span=Span(start_s=start, stop_s=stop),
                    report=report(stop - start),
                    score=1.0 - place,
                )
                for place, (start, stop) in enumerate(zip(starts, stops, strict=True))
            )
        recording = Recording(
            id=f"recording{len(self._recordings)}",
            name=name or path.name,
            path=path,
            seconds=seconds,
            rate=rate,
            codec="flac",
            peaks=tuple((float(part.min()), float(part.max())) for part in columns),
            speech=(
                Span(start_s=0.1, stop_s=seconds * 0.45),
                Span(start_s=seconds / 2, stop_s=seconds),
            ),
            windows=windows,
            problem=None if windows else f"Only {seconds:.1f} s of speech; 3 s are needed.",
            hint="" if windows else "Record a little more.",
            notes=(),
        )
        self._recordings[recording.id] = recording
        return recording

    def inspect_further(
        self, path: Path, *, name: str | None = None, engine: str = "builtin"
    ) -> Recording:
        recording = self.inspect(path, name=name, engine=engine)
        if not recording.windows:
            raise InputError(f"The further recording “{recording.name}” cannot be used.")
        return recording

    def inspect_again(self, recording_id: str, *, engine: str) -> Recording:
        known = self.recording(recording_id)
        return self.inspect(known.path, name=known.name, engine=engine)

    def recording(self, recording_id: str) -> Recording:
        if recording_id not in self._recordings:
            raise MissingError("This recording is no longer in the cache.", "Drop it in again.")
        return self._recordings[recording_id]

    def judge(self, recording_id: str, span: Span, *, engine: str = "builtin") -> ReferenceReport:
        if span.seconds < CARD.reference_min_s:
            raise InputError(f"The span is {span.seconds:.1f} s long.", "Make it longer.")
        return report(span.seconds)

    def excerpt(self, recording_id: str, span: Span) -> Path:
        recording = self.recording(recording_id)
        samples, rate = soundfile.read(recording.path, dtype="float32")
        part = Audio(samples=samples, rate=rate).cut(span)
        target = self.paths.exports / "excerpt.wav"
        soundfile.write(target, part.samples, rate)
        return target

    # Voices

    def make_voice(
        self, recording_id: str, span: Span, *, name: str, transcript: str | None,
        language: str | None, statement: str, engine: str = "builtin",
        more: Sequence[Part] = (),
    ) -> Voice:  # fmt: skip
        made = Voice(
            id=f"voice{len(self._voices)}",
            name=name,
            language=language,
            transcript=transcript,
            span=span,
            report=report(span.seconds),
            digest="0",
            audio=self.recording(recording_id).path,
            consent=Consent(statement=statement, given_at=0.0, digest="0"),
            made_at=float(len(self._voices)),
            more=tuple(
                Further(
                    name=self.recording(each.recording_id).name,
                    seconds=each.span.seconds,
                    audio=self.recording(each.recording_id).path,
                )
                for each in more
            ),
        )
        self._voices[made.id] = made
        return made

    def warm(self, voice_id: str, *, engine: str = "builtin", model: str = "") -> None:
        self.calls.append(" ".join(["warm", self.voice(voice_id).id, model]).strip())

    def voices(self) -> tuple[Voice, ...]:
        return tuple(reversed(self._voices.values()))

    def voice(self, voice_id: str) -> Voice:
        if voice_id not in self._voices:
            raise MissingError("There is no such voice.")
        return self._voices[voice_id]

    def rename_voice(self, voice_id: str, name: str) -> Voice:
        if not name:
            raise InputError("A voice needs a name.", "Type one.")
        self._voices[voice_id] = dataclasses.replace(self.voice(voice_id), name=name)
        return self._voices[voice_id]

    def delete_voice(self, voice_id: str) -> None:
        del self._voices[self.voice(voice_id).id]

    # Text and jobs

    def plan(self, text: str, *, engine: str = "builtin", language: str | None = None) -> TextPlan:
        if not text.strip():
            raise InputError("There is no text.", "Type one.")
        segments = []
        place = 0
        for sentence in re.split(r"(?<=[.!?。！？；;]) ?", text):
            stop = place + len(sentence)
            stop += text[stop : stop + 1] == " "
            if sentence.strip():
                segments.append(
                    Segment(
                        index=len(segments), text=text[place:stop], start=place, stop=stop,
                        pause_s=0.1, language=language or "en", spoken=sentence.strip(),
                    )
                )  # fmt: skip
            place = stop
        return TextPlan(source=text, language=language or "en", segments=tuple(segments))

    def fit(self, plan: TextPlan, *, engine: str, model: str = "") -> BatchPlan | None:
        return self.fits

    def estimate_s(self, plan: TextPlan) -> float:
        return len(plan.source) / 14

    def submit(self, request: SpeakRequest) -> Job:
        self.voice(request.voice_id)
        plan = self.plan(request.text, language=request.language)
        n = len(plan.segments)
        job = Job(
            id=f"job{len(self._jobs)}",
            request=request,
            plan=plan,
            keys=tuple(f"k{index}" for index in range(n)),
            seeds=(0,) * n,
            state=JobState.RUNNING,
            error=None,
            made_at=float(len(self._jobs)),
        )
        with self._lock:
            self._jobs[job.id] = job
            self._done[job.id] = []
        return job

    def advance(self, job_id: str, n: int = 1) -> None:
        """Finish the next segments; the job is done with the last."""
        with self._lock:
            job, done = self.job(job_id), self._done[job_id]
            for _ in range(min(n, len(job.plan.segments) - len(done))):
                done.append(
                    DoneSegment(
                        index=len(done), key=job.keys[len(done)], seconds=0.4, wall_s=0.1,
                        peak_bytes=None,
                    )
                )  # fmt: skip
            if len(done) == len(job.plan.segments):
                self.become(job_id, JobState.DONE)

    def become(self, job_id: str, state: JobState, error: str | None = None) -> None:
        self._jobs[job_id] = dataclasses.replace(self.job(job_id), state=state, error=error)

    def job(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise MissingError("There is no such job.")
        return self._jobs[job_id]

    def jobs(self, *, limit: int = 50) -> tuple[JobSummary, ...]:
        return tuple(
            JobSummary(
                id=job.id,
                state=job.state,
                title=job.request.text[:60],
                n_segments=len(job.plan.segments),
                n_done=len(self._done[job.id]),
                voice_id=job.request.voice_id,
                engine="builtin",
                error=job.error,
                made_at=job.made_at,
            )
            for job in list(reversed(self._jobs.values()))[:limit]
        )

    def progress(self, job_id: str) -> tuple[DoneSegment, ...]:
        return tuple(self._done[self.job(job_id).id])

    def running(self) -> Job | None:
        at_work = [job for job in self._jobs.values() if job.state is JobState.RUNNING]
        return at_work[0] if at_work else None

    def stop(self, job_id: str) -> None:
        self.become(job_id, JobState.STOPPED)

    def resume(self, job_id: str) -> Job:
        self.become(job_id, JobState.RUNNING)
        return self.job(job_id)

    def delete_job(self, job_id: str) -> None:
        del self._jobs[self.job(job_id).id]

    def sound(self, job_id: str, index: int) -> Audio:
        if index >= len(self._done[self.job(job_id).id]):
            raise MissingError(f"Segment {index} is not finished.")
        time = np.arange(RATE // 2) / RATE
        tone = 0.2 * np.sin(2 * np.pi * (220 + 40 * index) * time)
        return Audio(samples=tone.astype(np.float32), rate=RATE)

    def early_sound(self, job_id: str, n_samples: int = 0) -> Audio | None:
        if job_id not in self._jobs or self._done[job_id] or not 0 <= n_samples < 100:
            return None
        return Audio(samples=np.linspace(0.0, 0.5, 100, dtype=np.float32)[n_samples:], rate=RATE)

    def export(
        self, job_id: str, *, format: FileFormat = FileFormat.WAV,
        target_lufs: float | None = None, ceiling_db: float | None = None,
    ) -> Take:  # fmt: skip
        self.calls.append(f"export {format} {target_lufs}")
        done = self.progress(job_id)
        if not done:
            raise MissingError("Nothing is finished yet.", "Wait for the first segment.")
        target = self.paths.exports / f"{job_id}.{format}"
        sound = np.concatenate([self.sound(job_id, piece.index).samples for piece in done])
        soundfile.write(target, sound, RATE, format="WAV")
        segments = self.job(job_id).plan.segments
        return Take(
            job_id=job_id,
            path=target,
            seconds=len(sound) / RATE,
            rate=RATE,
            loudness_lufs=-18.0,
            true_peak_db=-1.2,
            marks=tuple(
                Mark(
                    index=piece.index, text=segments[piece.index].text,
                    start_s=0.5 * piece.index, stop_s=0.5 * piece.index + 0.4,
                )
                for piece in done
            ),
        )  # fmt: skip

    def close(self) -> None:
        """Nothing is open."""
