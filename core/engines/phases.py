"""Saying a batch in two phases, with one large thing alive at a time: first tokens, then sound.

For engines that generate and then decode. An engine that decodes a row while others still generate
holds every row's keys and values through the decoder's peak, and one whose decoder fails generates
its tokens again. Here generating is over, and its frame with all that it held is gone, before the
first decode; and tokens wait on the host until their sound is made, however often that is tried.
State it in the card: the decoder's `StageCost` has `holds_keys=False` and `rows=1`.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from core.audio.samples import Audio
from core.engines.protocol import Piece, Prompt, StopFlag, Unsaid, Utterance
from core.errors import Cancelled, StudioError

MAX_WAITING = 64
"""Utterances whose tokens wait for another try: a few kilobytes each."""

T = TypeVar("T")


class Phases(Generic[T]):
    """Kept by a session; `speak` is its own `speak`."""

    def __init__(self) -> None:
        self._prompt: Prompt | None = None
        self._settings: dict[str, float] = {}
        self._waiting: OrderedDict[Utterance, T] = OrderedDict()

    def speak(
        self,
        prompt: Prompt,
        batch: Sequence[Utterance],
        settings: Mapping[str, float],
        stop: StopFlag,
        *,
        generate: Callable[
            [Sequence[Utterance]], Generator[tuple[int, T | StudioError], None, None]
        ],
        decode: Callable[[T], Audio],
        units: Callable[[T], int] = lambda _: 0,
    ) -> Iterator[Piece]:
        """Pieces in the order of the batch.

        Args:
            prompt: Of the voice.
            batch: What to say.
            settings: Every knob.
            stop: Asked between two decodes; `generate` asks by itself.
            generate: A generator of (place, tokens) in any order, or why an utterance cannot be
                said. Keys and values live in its frame and nowhere else; tokens are on the host.
            decode: Tokens to sound, on the host. A StudioError that it raises is of this utterance.
            units: Length in the unit of the costs; 0 where it is not known.

        Raises Unsaid, once all that can be said is.
        """
        if prompt is not self._prompt or dict(settings) != self._settings:
            self._prompt, self._settings = prompt, dict(settings)
            self._waiting.clear()
        tokens = {
            at: self._waiting.pop(said) for at, said in enumerate(batch) if said in self._waiting
        }
        unsaid: dict[int, StudioError] = {}
        try:
            missing = [at for at in range(len(batch)) if at not in tokens]
            if missing:
                with contextlib.closing(generate([batch[at] for at in missing])) as made:
                    for place, found in made:
                        if isinstance(found, StudioError):
                            unsaid[missing[place]] = found
                            continue
                        where = str(getattr(found, "device", "cpu"))
                        assert where == "cpu", f"tokens stayed on {where}"
                        tokens[missing[place]] = found
                del made
            for at in range(len(batch)):
                if stop.is_set():
                    raise Cancelled
                if at in unsaid:
                    continue
                try:
                    audio, n = decode(tokens[at]), units(tokens[at])
                except StudioError as error:
                    # Not kept: another try writes other tokens.
                    unsaid[at] = error
                    del tokens[at]
                    continue
                del tokens[at]
                yield Piece(position=at, audio=audio, units=n or None)
            if unsaid:
                raise Unsaid(unsaid)
        finally:
            self._waiting.update((batch[at], found) for at, found in tokens.items())
            while len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)

    def clear(self) -> None:
        """Forget what waits: with the session."""
        self._prompt = None
        self._waiting.clear()
