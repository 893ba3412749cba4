"""What can be told of an engine's memory from the page's side: budget, costs, plans, stress test.

Starts nothing but a stress test; reads the sampler, what the engine process said last and the
costs that it kept.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.audio import flac
from core.audio.samples import Audio
from core.engines.protocol import EngineCard, StopFlag, Utterance
from core.errors import ResourceError
from core.memory import budget
from core.memory.monitor import Monitor
from core.memory.plan import BatchPlan
from core.memory.readings import DeviceReading
from core.synthesis import fitting, keys, place, wire
from core.synthesis.batch import EngineDied
from core.synthesis.host import EngineHost
from core.text.plan import TextPlan

N_LENGTHS = 5
"""Of references and of texts that a stress test measures."""
MEASURED_TEXT = "Nobody knew where she had gone, and the evening was still and warm. "
VISIBLE = "CUDA_VISIBLE_DEVICES"
_SYSTEMS = {"win32": budget.System.WINDOWS, "darwin": budget.System.DARWIN}


@dataclass(frozen=True, kw_only=True)
class MemoryDesk:
    """
    Args:
        host: Of the engine process.
        monitor: Samples the machine.
        calibration: Where the engine process keeps what it measured.
        demo: Sound of the voice that a stress test speaks with (FLAC).
    """

    host: EngineHost
    monitor: Monitor
    calibration: Path
    demo: Path

    def device_of(self, card: EngineCard) -> str:
        """Where an engine runs, or is going to."""
        has_card = bool(self.monitor.read_once().devices)
        return self.host.device_of(card, has_card=has_card)

    def budget_bytes(self, card: EngineCard) -> int | None:
        """What an engine may use now, as far as can be seen from here; None where it cannot."""
        room = self._room(self.device_of(card))
        return None if room is None else budget.budget_bytes(room, cap_bytes=self.host.cap_bytes)

    def costs(self, card: EngineCard) -> fitting.Costs | None:
        """What is known of an engine here: measured, else as its card says."""
        return fitting.costs_of(card, self.device_of(card), self.calibration)

    def fit(self, text: TextPlan, card: EngineCard) -> BatchPlan | None:
        """In which batches a text is going to be said; None where nothing is known of it."""
        known, allowed = self.costs(card), self.budget_bytes(card)
        if known is None or allowed is None or not fitting.speaking(known.cost).stages:
            return None
        device = self.device_of(card)
        return fitting.fit(text, card, known, budget_bytes=allowed, device=device)

    def stress(
        self,
        card: EngineCard,
        *,
        told: Callable[[wire.Peak], None] = lambda _: None,
        stop: StopFlag | None = None,
    ) -> fitting.StressReport:
        """Measure what references and texts of growing length take; keep what was found.

        Args:
            card: Of the engine.
            told: Given every measured run, as it is finished.
            stop: Once set, it ends soon.

        Raises:
            ResourceError: The engine died of it.
            Cancelled: Stopped.
        """
        order = measuring(card, flac.decode(self.demo.read_bytes()))
        peaks: list[wire.Peak] = []
        cost, allowed = None, None
        runs = self.host.measure(card, order, stop or threading.Event())
        try:
            with contextlib.closing(runs):
                for run in runs:
                    if run.peak is not None:
                        peaks.append(run.peak)
                        told(run.peak)
                    cost, allowed = run.cost, run.budget_bytes
        except EngineDied as death:
            raise ResourceError(
                f"{death.reason} {len(peaks)} runs were measured before.",
                "Close other programs and try again.",
            ) from None
        return fitting.report(card, self.host.memory().device, peaks, cost, allowed)

    def _room(self, device: str) -> budget.Room | None:
        """Of a device, from the last readings."""
        now, picture = self.monitor.read_once(), self.host.memory()
        is_host = place.kind_of(device) != "cuda"
        if is_host:
            total, used = now.host.total_bytes, now.host.used_bytes
            ours = now.host.engine_bytes or 0
        else:
            is_it = picture.device == device
            card = card_of(
                device,
                now.devices,
                uuid=picture.uuid if is_it else None,
                visible=os.environ.get(VISIBLE),
            )
            total, used = (None, None) if card is None else (card.total_bytes, card.used_bytes)
            ours = (picture.split.ours_bytes or 0) if is_it else 0
        if total is None or used is None:
            return None
        return budget.Room(
            total_bytes=total,
            free_bytes=max(0, total - used),
            reserved_by_us_bytes=ours,
            is_host=is_host,
            system=_SYSTEMS.get(sys.platform, budget.System.LINUX),
        )


def card_of(
    device: str, cards: tuple[DeviceReading, ...], *, uuid: str | None, visible: str | None
) -> DeviceReading | None:
    """Which of the driver's cards a device of torch is; None where it is none of them.

    NVML ignores CUDA_VISIBLE_DEVICES and numbers cards by their slot, CUDA by their speed: only a
    UUID tells for sure. Until the engine process has told it, and where several could be meant,
    it is the one with the least free memory: better too little promised than too much.

    Args:
        device: As `cuda` or `cuda:1`.
        cards: As the driver reads them.
        uuid: As the engine process told it.
        visible: What CUDA_VISIBLE_DEVICES says; None where it is not set.
    """
    if uuid is not None:
        return next((one for one in cards if one.uuid == uuid), None)
    if visible is not None:
        named = [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1")]
        at = int(device.partition(":")[2] or 0)
        if at >= len(named):
            return None
        if named[at].startswith("GPU-"):  # may be shortened, as long as it is the only such one
            return next((one for one in cards if one.uuid.startswith(named[at])), None)
    return min(cards, key=_free_bytes, default=None)


def _free_bytes(card: DeviceReading) -> int:
    if card.total_bytes is None or card.used_bytes is None:
        return 0
    return card.total_bytes - card.used_bytes


def measuring(card: EngineCard, voice: Audio) -> wire.Measure:
    """References and texts from the shortest to the longest that an engine takes."""
    shortest, longest = math.ceil(card.reference_min_s), math.floor(card.reference_max_s)
    seconds = np.unique(np.linspace(shortest, max(shortest, longest), N_LENGTHS).round())
    n_chars = np.unique(np.linspace(min(40, card.max_chars), card.max_chars, N_LENGTHS).round())
    language = "en" if "en" in card.languages else card.languages[0]
    text = MEASURED_TEXT * math.ceil(card.max_chars / len(MEASURED_TEXT))
    return wire.Measure(
        number=0,
        rate=voice.rate,
        reference_s=tuple(float(each) for each in seconds),
        utterances=tuple(
            Utterance(text=text[: int(n)].strip(), language=language, seed=1) for n in n_chars
        ),
        settings=keys.fill_settings(card, {}),
        max_batch=card.max_batch,
        samples=np.resize(voice.samples, int(seconds[-1] * voice.rate)),
    )
