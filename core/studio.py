"""The one door: everything that the page and the command line can ask for.

Arguments and answers are plain frozen values. Whatever a person did wrong, or the machine lacks,
arrives as a `core.errors.StudioError`.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core import doctor, settings
from core.audio.encode import FileFormat
from core.audio.join import faded
from core.audio.recording import Part, Recording
from core.audio.samples import Audio, ReferenceReport, Span
from core.engines.copies import Copies, Kept
from core.engines.protocol import EngineCard, Shelf, StopFlag
from core.engines.registry import Registry
from core.errors import InputError, MissingError, ResourceError
from core.events import EventBoard, JobEvent
from core.fetching import Download, Downloads, Fetching
from core.jobs import export
from core.jobs.job import DoneSegment, Job, JobState, JobSummary, SpeakRequest
from core.jobs.queue import JobRunner
from core.jobs.store import Store
from core.jobs.watch import watch
from core.memory import budget
from core.memory.monitor import Monitor
from core.memory.picture import MemoryPicture, Split
from core.memory.plan import BatchPlan
from core.memory.readings import Snapshot
from core.paths import Paths, whole_file
from core.settings import Settings
from core.synthesis import fitting, keys, place, prompts, wire
from core.synthesis.desk import MemoryDesk
from core.synthesis.host import EngineHost
from core.synthesis.take import Take
from core.text import planner
from core.text.plan import TextPlan
from core.voices.library import VoiceLibrary
from core.voices.recordings import Recordings
from core.voices.voice import Voice

SPOKEN_CHARS_PER_S = 14.0
"""Characters of alphabetic text spoken in a second, for estimates before anything is made."""
SPOKEN_SYLLABLES_PER_S = 4.5
"""The same for scripts that write a syllable per character (Chinese, Japanese, Korean)."""
MAX_SPOKEN_CHARS_PER_S = 40.0
"""No transcript has more: auctioneers reach about 30."""
STALE_S = 24 * 3600.0
CLOSE_S = 5.0
"""Longest wait for a download to notice that it was stopped; what has come is kept in any case."""
N_PACE = 8
"""Segments over which the speed of the moment is taken."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The collaborators of a studio, made by `app.open_studio`.

    Args:
        demo: Sound of the voice that comes with Timbre (FLAC): what a stress test speaks with.
    """

    paths: Paths
    store: Store
    voices: VoiceLibrary
    registry: Registry
    host: EngineHost
    board: EventBoard
    runner: JobRunner
    monitor: Monitor
    fetching: Fetching
    demo: Path


class Studio:
    """See the module. Safe to call from many threads."""

    def __init__(self, parts: Parts, current: Settings) -> None:
        self._parts = parts
        self._settings = current
        self._copies = Copies(parts.paths.copies)
        self._recordings = Recordings(parts.paths)
        self._paced: tuple[str, int, float | None] = ("", 0, None)
        self._lock = threading.Lock()

    # Engines

    def engines(self) -> tuple[EngineCard, ...]:
        """Every engine, whether or not it can run here; `doctor` tells."""
        return self._parts.registry.cards()

    def card(self, engine: str) -> EngineCard:
        """Raises InputError for a name that is not known."""
        return self._parts.registry.card(engine)

    def models(self, engine: str) -> Shelf:
        """The models that lie here for an engine; empty for one that carries its own."""
        return self._parts.registry.shelf(engine)

    def check_model(self, engine: str, model: str) -> None:
        """Before anything long is done: raises InputError or MissingError, as `submit` would."""
        self._parts.registry.ready(engine, model)

    def downloads(self, engine: str) -> Downloads:
        """The public models of an engine, and how much of each is here; reads the disk."""
        return self._parts.fetching.downloads(self.card(engine).name)

    def start_download(self, engine: str, name: str = "", *, wishes: bool = True) -> Download:
        """Fetch a public model and all that it needs, in the background.

        Args:
            engine: It is for.
            name: Of an item of `downloads`; empty for the best model.
            wishes: Also what only some languages need.

        Raises InputError where there is no such thing, ResourceError where one runs already or
        the disk is too full. What goes wrong later stands in `download`.
        """
        return self._parts.fetching.start(self.card(engine).name, name, wishes=wishes)

    def stop_download(self) -> None:
        """It ends soon; what has come is kept, and `start_download` goes on from there."""
        self._parts.fetching.stop()

    def download(self) -> Download | None:
        """How far the download is that runs, or how the last one ended; cheap."""
        return self._parts.fetching.download

    def wait_for_download(self, timeout_s: float) -> Download | None:
        """The same when it is over, or when this time (s) has passed."""
        return self._parts.fetching.wait(timeout_s)

    def copies(self) -> Kept:
        """What the copies of models take that load faster than the models; reads the disk."""
        return self._copies.kept()

    def clear_copies(self) -> int:
        """Remove them but for those in use; the next loading of a model takes longer, once.

        Returns the bytes that it gave back.
        """
        return self._copies.clear()

    def _ready(self, engine: str, model: str = "") -> EngineCard:
        """A card for loading; without its model where there is none, for what needs none."""
        try:
            return self._parts.registry.ready(engine, model)
        except MissingError:
            return self.card(engine)

    def chosen_card(self) -> EngineCard:
        """Of the engine that is chosen when the page opens, or the first where there is none."""
        cards = self.engines()
        return next((card for card in cards if card.name == self._settings.engine), cards[0])

    # Reference

    def inspect(self, path: Path, *, name: str | None = None, engine: str = "builtin") -> Recording:
        """Decode a recording and propose its best seconds for an engine.

        Args:
            path: Any file; its content decides what it is.
            name: What the person calls it; the file's own name where not given.
            engine: Whose limits the windows keep.

        Raises:
            InputError: It cannot be read as sound. A recording that can be read but has nothing
                to keep comes back with its `problem`.
        """
        self._sweep()  # also where no page is ever opened
        return self._recordings.read(path, name=name, card=self.card(engine))

    def inspect_again(self, recording_id: str, *, engine: str) -> Recording:
        """A recording with what another engine would keep of it. Raises MissingError."""
        return self._recordings.read_again(recording_id, card=self.card(engine))

    def inspect_further(
        self, path: Path, *, name: str | None = None, engine: str = "builtin"
    ) -> Recording:
        """As `inspect`, for one more recording of a speaker: its best seconds are kept.

        Raises InputError that names it, also where there is nothing to keep in it.
        """
        self._sweep()
        return self._recordings.read_further(path, name=name, card=self.card(engine))

    def recording(self, recording_id: str) -> Recording:
        """Raises MissingError when it was never read here, or long ago."""
        return self._recordings.get(recording_id)

    def forget_recording(self, recording_id: str) -> None:
        """Remove the decoded copy of a recording and what was cut out of it; voices stay."""
        self._recordings.forget(recording_id)

    def judge(self, recording_id: str, span: Span, *, engine: str = "builtin") -> ReferenceReport:
        """Measure a span that was chosen by hand.

        Raises InputError when it is outside the recording or the engine's limits.
        """
        return self._recordings.judge(recording_id, span, card=self.card(engine))

    def excerpt(self, recording_id: str, span: Span) -> Path:
        """A WAV file of a span, to listen to; made once."""
        return self._recordings.excerpt(recording_id, span)

    def save_excerpt(self, recording_id: str, span: Span, target: Path) -> None:
        """Write a span where the person says. Raises ResourceError when the disk says no."""
        _copy(self.excerpt(recording_id, span), target)

    # Voices

    def make_voice(
        self,
        recording_id: str,
        span: Span,
        *,
        name: str,
        transcript: str | None,
        language: str | None,
        statement: str,
        engine: str = "builtin",
        more: Sequence[Part] = (),
    ) -> Voice:
        """Keep a span of a recording as a voice.

        Args:
            recording_id: Of `inspect`.
            span: The stretch to keep.
            name: For people.
            transcript: What is said in the span, or None.
            language: ISO 639-1 of what is said in it; None to read it off the transcript.
            statement: The consent that the person gave, word for word.
            engine: Whose limits the spans keep.
            more: Of further recordings of the same speaker, for engines that listen to several.

        Raises:
            InputError: No consent, no name, a span that cannot serve, or a transcript that
                cannot be of it. Of a further recording it says which.
        """
        report = self.judge(recording_id, span, engine=engine)
        said = " ".join((transcript or "").split())
        if len(said) > MAX_SPOKEN_CHARS_PER_S * span.seconds:
            raise InputError(
                f"The transcript has {len(said):,} characters for {span.seconds:.1f} s of sound, "
                "which nobody can say.",
                "Give what is said in the kept seconds alone, or leave it out.",
            )
        if language is None and said:
            language = self.plan(said).language
        return self._parts.voices.add(
            self._recordings.kept(recording_id, span),
            name=name,
            transcript=(transcript or "").strip() or None,
            language=language,
            span=span,
            report=report,
            statement=statement,
            more=[self._recordings.kept_further(each, card=self.card(engine)) for each in more],
        )

    @contextlib.contextmanager
    def borrowed_voice(
        self,
        recording_id: str,
        span: Span,
        *,
        name: str,
        transcript: str | None,
        language: str | None,
        statement: str,
        engine: str = "builtin",
        more: Sequence[Part] = (),
    ) -> Iterator[Voice]:
        """A voice for one command: it leaves the library again with the block.

        What the engine prepared of it stays in the cache for a day after it was last used: the
        same recording then speaks at once.

        It stays while a job of it does, and after a kill; then the same recording finds it
        again, and the job goes on. Voices that a person keeps are never lent, so that to clear
        up after a command takes nothing away from anybody.
        """
        made = self.make_voice(
            recording_id,
            span,
            name=name,
            transcript=transcript,
            language=language,
            statement=statement,
            engine=engine,
            more=more,
        )
        voice = self._parts.voices.lend(made)
        try:
            yield voice
        finally:
            if not self._parts.store.jobs_of(voice.id):
                self._parts.voices.delete(voice.id)

    def warm(self, voice_id: str, *, engine: str = "builtin", model: str = "") -> None:
        """Get the engine and a voice ready in the background, for an early first sound.

        Returns at once. Raises MissingError for the voice or a model, InputError for the engine.
        """
        self._parts.host.warm(
            self._parts.registry.ready(engine, model), self._parts.voices.reference(voice_id)
        )

    def voices(self) -> tuple[Voice, ...]:
        """Newest first."""
        return self._parts.voices.list()

    def voice(self, voice_id: str) -> Voice:
        """Raises MissingError."""
        return self._parts.voices.get(voice_id)

    def rename_voice(self, voice_id: str, name: str) -> Voice:
        """Raises InputError for a blank name, MissingError."""
        return self._parts.voices.rename(voice_id, name)

    def delete_voice(self, voice_id: str) -> None:
        """Its jobs stay and can be played; they cannot go on. Raises MissingError."""
        voice = self.voice(voice_id)
        self._parts.voices.delete(voice_id)
        if all(other.digest != voice.digest for other in self.voices()):
            prompts.forget(self._parts.paths.prompts, voice.digest)

    # Text

    def plan(self, text: str, *, engine: str = "builtin", language: str | None = None) -> TextPlan:
        """Split a text for an engine.

        Raises InputError for a text that is empty or too long, or a language that it does not
        speak.
        """
        card = self.card(engine)
        if language is not None and language not in card.languages:
            raise InputError(
                f"{card.title} does not speak {language!r}.",
                f"It speaks {', '.join(card.languages)}.",
            )
        return planner.plan(
            text,
            max_chars=card.max_chars,
            languages=card.languages,
            language=language,
            first_chars=card.first_chars,
        )

    def estimate_s(self, plan: TextPlan) -> float:
        """Roughly how long a plan will sound (s), pauses included."""
        seconds = 0.0
        for segment in plan.segments:
            per_s = (
                SPOKEN_SYLLABLES_PER_S
                if segment.language in ("zh", "ja", "ko", "yue")
                else SPOKEN_CHARS_PER_S
            )
            seconds += len(segment.spoken) / per_s + segment.pause_s
        return seconds

    # Jobs

    def submit(self, request: SpeakRequest) -> Job:
        """Accept a job: it is in the store when this returns.

        Raises InputError for the text, language, settings or seed; MissingError for the voice
        or the engine's model.
        """
        job = self._make_job(request)
        self._parts.runner.submit(job)
        return job

    def check_settings(self, chosen: Mapping[str, float], *, engine: str) -> dict[str, float]:
        """Every knob of an engine, filled up with defaults. Raises InputError with the range."""
        return keys.fill_settings(self.card(engine), chosen)

    def submit_or_resume(self, request: SpeakRequest) -> Job:
        """As `submit`, but an earlier job that asked this voice for the very same goes on instead.

        One that is done needs nothing more; one that failed is tried again.
        """
        job = self._make_job(request)
        store = self._parts.store
        left = {known.id for known in store.interrupted()}
        for known in map(store.job, store.jobs_of(request.voice_id)):
            is_free = known.state.is_over or known.id in left
            if is_free and (known.keys, known.plan) == (job.keys, job.plan):
                store.recheck(known.id)
                return self.resume(known.id)
        self._parts.runner.submit(job)
        return job

    def _make_job(self, request: SpeakRequest) -> Job:
        card = self._parts.registry.ready(request.engine, request.model)
        voice = self.voice(request.voice_id)
        plan = self.plan(request.text, engine=request.engine, language=request.language)
        filled = keys.fill_settings(card, request.settings)
        seeds = keys.segment_seeds(request.seed, plan)
        return Job(
            id=uuid.uuid4().hex,
            request=request,
            plan=plan,
            keys=keys.segment_keys(card, voice.digest, plan, seeds, filled),
            seeds=seeds,
            state=JobState.WAITING,
            error=None,
            made_at=time.time(),
        )

    def job(self, job_id: str) -> Job:
        """Raises MissingError."""
        return self._parts.store.job(job_id)

    def jobs(self, *, limit: int = 50) -> tuple[JobSummary, ...]:
        """Newest first, without their plans."""
        return self._parts.store.jobs(limit=limit)

    def progress(self, job_id: str) -> tuple[DoneSegment, ...]:
        """The finished segments, in the order of the plan."""
        return self._parts.store.done(job_id)

    def watch(self, job_id: str) -> Iterator[JobEvent]:
        """What happened so far, then what happens; ends with the job."""
        return watch(self._parts.store, self._parts.board, job_id)

    def running(self) -> Job | None:
        """The job that is being made now."""
        return self._parts.runner.running

    def stop(self, job_id: str) -> None:
        """Finished segments stay. Does nothing to a job that is over."""
        self._parts.runner.stop(job_id)

    def resume(self, job_id: str) -> Job:
        """Go on at the first missing segment. Raises MissingError when its voice is gone."""
        job = self.job(job_id)
        self.voice(job.request.voice_id)
        return self._parts.runner.resume(job_id)

    def delete_job(self, job_id: str) -> None:
        """With its sound. A running job is stopped first."""
        self._parts.runner.stop(job_id)
        self._parts.store.delete_job(job_id)

    def sound(self, job_id: str, index: int) -> Audio:
        """One finished segment and the pause after it, for a live player.

        Raises MissingError when it is not finished.
        """
        job = self.job(job_id)
        audio = self._parts.store.segment_sound(job_id, index)
        pause = np.zeros(round(job.plan.segments[index].pause_s * audio.rate), dtype=np.float32)
        return Audio(
            samples=np.concatenate([faded(audio.samples, audio.rate), pause]), rate=audio.rate
        )

    def early_sound(self, job_id: str, n_samples: int = 0) -> Audio | None:
        """What there is already of a first segment that is still being made, to be heard at once.

        Args:
            job_id: Any; of all but the one that is being made there is nothing.
            n_samples: That were heard before.
        """
        return self._parts.runner.early.after(job_id, n_samples)

    def export(
        self,
        job_id: str,
        *,
        format: FileFormat = FileFormat.WAV,
        target_lufs: float | None = None,
        ceiling_db: float | None = None,
    ) -> Take:
        """The finished segments as one file in the exports folder.

        Args:
            job_id: A job that is done, or stopped with at least one finished segment.
            format: Of the file.
            target_lufs: Loudness to reach (LUFS); None for the setting.
            ceiling_db: True peak never passed (dBTP); None for the setting.

        Raises:
            MissingError: Nothing is finished yet.
            ResourceError: The disk is full.
        """
        job = self.job(job_id)
        known = {voice.id: voice.name for voice in self.voices()}
        return export.export(
            self._parts.store,
            job,
            rate=self.card(job.request.engine).rate,
            voice_name=known.get(job.request.voice_id, "Timbre"),
            folder=self._parts.paths.exports,
            format=format,
            target_lufs=self._settings.target_lufs if target_lufs is None else target_lufs,
            ceiling_db=self._settings.ceiling_db if ceiling_db is None else ceiling_db,
        )

    def deliver(self, take: Take, target: Path) -> None:
        """Move a take out of the exports folder to where the person says.

        Raises ResourceError when the disk says no.
        """
        try:
            _copy(take.path, target, "Choose another place: what was made is kept for it.")
        finally:
            take.path.unlink(missing_ok=True)

    # Machine

    def monitor(self) -> Snapshot:
        """The last readings; cheap."""
        return self._parts.monitor.snapshot()

    def memory(self) -> MemoryPicture:
        """What the engine's memory is used for and how it moves, as far as it is known; cheap."""
        listed = self.jobs()
        running = self.running()
        told = self._parts.host.memory()
        if self._parts.host.pid is None:
            told = replace(told, device=self._desk.device_of(self.chosen_card()))
        now = replace(told.running, queue=sum(one.state is JobState.WAITING for one in listed))
        if running is None:
            now = replace(now, batch=None, predicted_bytes=None, peak_bytes=None)
        else:
            n_done = next((one.n_done for one in listed if one.id == running.id), 0)
            if self._paced[:2] != (running.id, n_done):
                self._follow(running.id, n_done)
            now = replace(
                now,
                segment=min(n_done, len(running.plan.segments) - 1),
                n_segments=len(running.plan.segments),
                audio_s_per_s=self._paced[2],
            )
        split = told.split
        if told.device == "cpu" and split.weights_bytes is None:
            # The sampler looks more often than the engine tells.
            split = Split(ours_bytes=self.monitor().host.engine_bytes or split.ours_bytes)
        return replace(told, split=split, running=now)

    def _follow(self, job_id: str, n_done: int) -> None:
        """Read a job's segments anew: only when there is a new one."""
        last = self._parts.store.done(job_id)[-N_PACE:]
        wall_s = sum(piece.wall_s for piece in last)
        pace = sum(piece.seconds for piece in last) / wall_s if wall_s > 0 else None
        self._paced = (job_id, n_done, pace)

    def unload(self) -> None:
        """End the engine process, which gives everything back; the next text starts another.

        Raises ResourceError while it speaks.
        """
        if not self._parts.host.unload_idle():
            raise _busy()

    def free_cache(self) -> int:
        """Have the engine give back what it holds for reuse. Returns the bytes.

        Raises ResourceError while it speaks.
        """
        given_back = self._parts.host.free_cache()
        if given_back is None:
            raise _busy()
        return given_back

    def budget_bytes(self, engine: str | None = None) -> int | None:
        """What an engine may use now, as far as can be seen from here; None where it cannot.

        Args:
            engine: Which; None for the one that is chosen when the page opens.
        """
        card = self.chosen_card() if engine is None else self.card(engine)
        return self._desk.budget_bytes(card)

    @property
    def memory_cap_bytes(self) -> int | None:
        """What a person allows the engine; None for what there is."""
        return self._parts.host.cap_bytes

    def device(self, engine: str) -> str:
        """Where an engine runs, or is going to, as `cuda:0` or `cpu`."""
        return self._desk.device_of(self._ready(engine))

    def device_note(self, engine: str) -> str | None:
        """The sentence for a person who asked for a device that this engine cannot use."""
        return place.unused(self.card(engine), self._parts.host.device)

    def costs(self, engine: str) -> fitting.Costs | None:
        """What is known of an engine's memory here: measured, else as its card says."""
        return self._desk.costs(self._ready(engine))

    def fit(self, plan: TextPlan, *, engine: str, model: str = "") -> BatchPlan | None:
        """In which batches a text is going to be said, and what it takes.

        Its `in_words` is a line for people. None where nothing is known of the engine.
        """
        return self._desk.fit(plan, self._ready(engine, model))

    def stress(
        self,
        engine: str,
        *,
        told: Callable[[wire.Peak], None] = lambda _: None,
        stop: StopFlag | None = None,
    ) -> fitting.StressReport:
        """Measure what references and texts of growing length take; keep what was found.

        Takes up to a few minutes; the engine must be idle.

        Args:
            engine: Which.
            told: Given every measured run, as it is finished.
            stop: Once set, it ends soon.

        Raises:
            ResourceError: A job runs; the engine died of it.
            Cancelled: Stopped.
        """
        if self.running() is not None:
            raise _busy()
        return self._desk.stress(self._parts.registry.ready(engine), told=told, stop=stop)

    @property
    def _desk(self) -> MemoryDesk:
        parts = self._parts
        return MemoryDesk(
            host=parts.host,
            monitor=parts.monitor,
            calibration=parts.paths.calibration,
            demo=parts.demo,
        )

    def doctor(self) -> tuple[doctor.Finding, ...]:
        """What works here and what is missing, each with what to do."""
        return doctor.examine(
            self._parts.paths,
            self.engines(),
            wanted_device=self._parts.host.device,
            shelf=self.models,
        )

    def settings(self) -> Settings:
        return self._settings

    def save_settings(self, changed: Settings) -> Settings:
        """Raises InputError for a value out of its range."""
        before, self._settings = self._settings, settings.save(self._parts.paths, changed)
        host = self._parts.host
        host.idle_s = self._settings.idle_unload_s or None
        if changed.memory_cap_mib != before.memory_cap_mib:  # else one from the command line holds
            host.cap_bytes = cap_bytes(self._settings)
        if changed.hub_endpoint != before.hub_endpoint:
            self._parts.fetching.fetch_from(self._settings.hub_endpoint)
        return self._settings

    @property
    def paths(self) -> Paths:
        return self._parts.paths

    def open_for_people(self, assets: Path) -> None:
        """What a page needs beyond a command: demo voice, sampler, interrupted jobs go on.

        Raises ResourceError while another page is open on the same home.
        """
        self._parts.store.own()
        self._sweep()
        self._parts.voices.ensure_demo(assets / "demo_voice.flac", assets / "demo_voice.json")
        self._parts.monitor.start()
        for job in self._parts.store.interrupted():
            self._parts.runner.resume(job.id)

    def _sweep(self) -> None:
        """Remove decoded copies, excerpts and borrowed voices' prompts of earlier days, and copies
        of models that are gone."""
        oldest = time.time() - STALE_S
        self._recordings.sweep(before_s=oldest)
        self._copies.prune()
        digests = [voice.digest for voice in self.voices()]
        prompts.forget_strangers(self._parts.paths.prompts, digests, before_s=oldest)

    def close(self) -> None:
        """Stop jobs where they are, end the engine process."""
        self._parts.fetching.stop()
        self._parts.monitor.stop()
        self._parts.runner.close()
        self._parts.host.close()
        self._parts.fetching.wait(CLOSE_S)
        self._parts.store.close()


def cap_bytes(chosen: Settings) -> int | None:
    """Most memory that the engine may take (bytes); None for what there is."""
    return None if chosen.memory_cap_mib is None else chosen.memory_cap_mib * budget.MIB


def _busy() -> ResourceError:
    return ResourceError("The engine is at work.", "Wait for its end, or stop the job first.")


def _copy(source: Path, target: Path, hint: str = "Choose another place.") -> None:
    try:
        with whole_file(target) as part:
            shutil.copyfile(source, part)
    except OSError as error:
        raise ResourceError(f"{target} could not be written: {error.strerror}.", hint) from None
