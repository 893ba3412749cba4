"""What this machine has, what Timbre needs of it, and what to do about the difference.

Nothing heavy is imported here: torch, engines and decoders are asked in processes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.doctor import machine, parts
from core.doctor.finding import Finding
from core.engines.protocol import EngineCard, Shelf
from core.memory.device import ask_torch
from core.memory.host import Host
from core.memory.nvml import Nvml
from core.paths import Paths
from core.synthesis import place

__all__ = ["Finding", "examine"]


def examine(
    paths: Paths,
    cards: Sequence[EngineCard],
    *,
    wanted_device: str = place.AUTO,
    shelf: Callable[[str], Shelf] = lambda _: Shelf(),
) -> tuple[Finding, ...]:
    """Look at everything once. Takes seconds: call it from a thread that may wait.

    Args:
        paths: Of the home that is examined.
        cards: The engines that are offered.
        wanted_device: As in `--device`.
        shelf: The models that lie here for an engine, by its name.
    """
    with ThreadPoolExecutor(thread_name_prefix="doctor") as pool:
        torch_report = pool.submit(ask_torch)
        reading_sound = pool.submit(parts.sound)
        engines = [pool.submit(parts.engine, card) for card in cards]
        nvml = Nvml()
        devices = nvml.read(frozenset())
        state = nvml.state
        nvml.close()
        host = Host(paths.data).read()
        return (
            machine.system(),
            *parts.packages(parts.wanted()),
            *machine.memory(host),
            machine.folder(paths.data),
            machine.log_folder(paths),
            *machine.own_settings(paths),
            *machine.graphics(devices, state),
            machine.torch(torch_report.result(), has_card=bool(devices)),
            *machine.asked_for(cards, wanted_device, torch_report.result()),
            *(found for future in engines for found in future.result()),
            *(
                found
                for card in cards
                if card.shelf
                for found in parts.models(card, shelf(card.name), paths.models)
            ),
            reading_sound.result(),
        )
