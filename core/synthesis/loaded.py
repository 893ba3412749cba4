"""A loaded session, with a stand-in for each thing that not every session can do."""

from __future__ import annotations

from collections.abc import Collection

from core.engines.protocol import Arranges, HoldsKeys, LoadsLate, Session
from core.memory.ladder import Ladder, Origin, Way, origin

ONLY_BATCHES = Ladder(cpu_dtype=None)
"""Of a session that cannot be arranged."""


class Loaded:
    """What an engine's `load` gave.

    Args:
        session: Of the engine.
        device: Where it runs.
    """

    def __init__(self, session: Session, device: str) -> None:
        self.session = session
        self._device = device

    @property
    def largest(self) -> Way:
        """The way it is meant to run, which takes most memory."""
        session = self.session
        return session.way if isinstance(session, Arranges) else Way(device=self._device)

    @property
    def ladder(self) -> Ladder:
        session = self.session
        return session.ladder if isinstance(session, Arranges) else ONLY_BATCHES

    @property
    def late_bytes(self) -> int:
        """Of models that were loaded when a text asked for them."""
        return self.session.late_bytes if isinstance(self.session, LoadsLate) else 0

    @property
    def kv_bytes(self) -> int | None:
        """Of the keys and values that it keeps; None where nobody counts them."""
        return self.session.kv_bytes if isinstance(self.session, HoldsKeys) else None

    def keep_for(self, languages: Collection[str] | None) -> None:
        """What the coming texts do not need is given back before they are planned."""
        if isinstance(self.session, LoadsLate):
            self.session.keep_for(languages)

    def arrange(self, way: Way) -> None:
        if isinstance(self.session, Arranges):
            self.session.arrange(way)

    def origin(self, way: Way, planned: Way) -> Origin:
        """With what a sound is made; a session that cannot be arranged has one precision."""
        if isinstance(self.session, Arranges):
            return origin(way, planned)
        usual = planned.device
        return Origin(device=way.device, instead_of=None if usual == way.device else usual)
