"""The page in front of a machine that nobody has here: two cards, one of them lost, a job at work.

`python -m tests.browser.with_cards PORT HOME` serves until it is ended.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from pathlib import Path

from core.jobs.job import SpeakRequest
from core.memory.picture import MemoryPicture
from core.memory.readings import Snapshot, Throttle
from tests.ui.fake_studio import FakeStudio, gpu, host, picture
from ui import page, picks

LOST = "NVIDIA GeForce RTX 4090"


class WithCards(FakeStudio):
    """A machine whose figures move with the clock."""

    def monitor(self) -> Snapshot:
        now_s = time.monotonic()
        moments = [now_s - 300 + at for at in range(301)]
        cards = tuple(
            dataclasses.replace(
                gpu(2.1 + 0.5 * math.sin(at_s / 30)),
                at_s=at_s,
                busy_percent=50 + 45 * math.sin(at_s / 11),
                watts=120 + 50 * math.sin(at_s / 11),
                celsius=60 + 8 * math.sin(at_s / 60),
                throttles=(Throttle.POWER,),
            )
            for at_s in moments
        )
        hosts = tuple(host(at_s, 30 + 25 * math.sin(at_s / 17)) for at_s in moments)
        return Snapshot(
            devices=cards[-1:],
            gpu_state="lost",
            host=dataclasses.replace(hosts[-1], engine_bytes=1400 * 1024**2),
            history=hosts,
            device_history={cards[-1].uuid: cards},
            lost=(LOST,),
        )

    def memory(self) -> MemoryPicture:
        told = picture()
        now_s = time.monotonic()
        events = tuple(
            dataclasses.replace(event, at_s=now_s - age_s)
            for event, age_s in zip(told.events, (95.0, 12.0), strict=True)
        )
        return dataclasses.replace(told, events=events)


def main() -> None:
    studio = WithCards(Path(sys.argv[2]))
    voice = picks.demo_voice(studio, "builtin")  # type: ignore[arg-type]
    job = studio.submit(SpeakRequest(text="One sentence. " * 14, voice_id=voice.id))
    studio.advance(job.id, 5)
    _, address = page.launch(studio, port=int(sys.argv[1]), open_browser=False)  # type: ignore[arg-type]
    sys.stdout.write(f"Timbre is at {address}\n")
    sys.stdout.flush()
    while True:
        time.sleep(1.0)


if __name__ == "__main__":
    main()
