"""Jobs and sounds for tests of what keeps and runs them."""

from __future__ import annotations

import hashlib
import uuid

import numpy as np

from core.audio.samples import Audio
from core.jobs.job import DoneSegment, Job, JobState, SpeakRequest
from core.text.plan import Segment, TextPlan

RATE = 24_000


def key_of(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def make_job(
    n_segments: int = 3,
    *,
    sentence: str = "Sentence number {}.",
    state: JobState = JobState.WAITING,
    made_at: float = 1_700_000_000.0,
    voice_id: str = "0" * 32,
) -> Job:
    texts = [sentence.format(index) for index in range(n_segments)]
    source = " ".join(texts)
    segments, start = [], 0
    for index, text in enumerate(texts):
        segments.append(
            Segment(
                index=index,
                text=text,
                start=start,
                stop=start + len(text),
                pause_s=0.0 if index == n_segments - 1 else 0.35,
                language="en",
                spoken=text.lower(),
            )
        )
        start += len(text) + 1
    job_id = uuid.uuid4().hex
    return Job(
        id=job_id,
        request=SpeakRequest(text=source, voice_id=voice_id, settings={"speed": 1.1}, seed=7),
        plan=TextPlan(source=source, language="en", segments=tuple(segments), notes=("A note.",)),
        keys=tuple(key_of(job_id, index) for index in range(n_segments)),
        seeds=tuple(range(n_segments)),
        state=state,
        error=None,
        made_at=made_at,
    )


def make_done(job: Job, index: int, *, seconds: float = 0.1) -> DoneSegment:
    return DoneSegment(
        index=index, key=job.keys[index], seconds=seconds, wall_s=0.02, peak_bytes=123_456_789
    )


def make_sound(seed: int = 0, seconds: float = 0.1) -> Audio:
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE))
    return Audio(samples=noise.astype(np.float32), rate=RATE)
