"""What the guard asks of whatever gives out a device's memory."""

from __future__ import annotations

from typing import Protocol

from core.memory.budget import Room


class Allocator(Protocol):
    """One device's memory, as far as this process sees it. All in bytes."""

    def live_bytes(self) -> int:
        """In use by tensors."""
        ...

    def reserved_bytes(self) -> int:
        """Held from the device, in use or not."""
        ...

    def peak_bytes(self) -> int:
        """Highest `live_bytes` since `reset_peak`."""
        ...

    def reset_peak(self) -> None: ...

    def release(self) -> None:
        """Give back what is held and not used."""
        ...

    def room(self) -> Room: ...

    def limit(self, n_bytes: int | None) -> None:
        """Hold no more than this; None: no limit of ours."""
        ...
