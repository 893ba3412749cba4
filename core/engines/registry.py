"""Which engines there are, by name; and how the engine process finds the code of one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from core.engines.protocol import Engine, EngineCard, FindsModels, Shelf
from core.engines.shelves import Shelves
from core.errors import InputError

CARDS = ("core.engines.builtin.card:CARD", "core.engines.gpt_sovits.card:CARD")
"""Dotted path of every card. A card's module imports nothing heavy: the page process reads it."""

PACKAGES = ("core.engines",)
"""Where a card's factory may live."""


class Registry:
    """The cards, in the order in which they are offered; the first is the default.

    Args:
        extra: Cards from elsewhere, such as a test's engine.
        folders: Where models may lie; the first is where a person is told to put theirs.
    """

    def __init__(self, extra: tuple[EngineCard, ...] = (), *, folders: Sequence[Path] = ()) -> None:
        self._shelves = Shelves(folders, finder)
        own = tuple(cast(EngineCard, _attribute(path)) for path in CARDS)
        self._by_name = {card.name: card for card in own + extra}

    def cards(self) -> tuple[EngineCard, ...]:
        return tuple(self._by_name.values())

    def card(self, name: str) -> EngineCard:
        """Raises InputError, with the names that there are."""
        if name not in self._by_name:
            known = ", ".join(self._by_name)
            raise InputError(f"There is no engine called “{name}”.", f"Known engines: {known}.")
        return self._by_name[name]

    def shelf(self, name: str) -> Shelf:
        """The models that lie here for an engine. Raises as `card`."""
        return self._shelves.of(self.card(name))

    def ready(self, name: str, model: str = "") -> EngineCard:
        """The card with a model in it, for whoever is going to load the engine.

        Args:
            name: Of the engine.
            model: Of one of its models; empty for the first that can be loaded.

        Raises InputError for a name that is not known, MissingError where there is no model.
        """
        return self._shelves.with_model(self.card(name), model)


def build(factory: str, packages: tuple[str, ...] = PACKAGES) -> Engine:
    """Import a factory and call it. For the engine process alone: this imports models' code.

    Args:
        factory: `package.module:callable`, from a card.
        packages: It must live inside one of them, whatever a card says.

    Raises ValueError for a path that is not of this form or lies elsewhere.
    """
    module = factory.partition(":")[0]
    if not any(module.startswith(package + ".") for package in packages):
        raise ValueError(f"engine factory {factory!r} lies outside {', '.join(packages)}")
    return cast("Callable[[], Engine]", _attribute(factory))()


def finder(card: EngineCard) -> FindsModels:
    """What finds the models of an engine: a card is our own code, so its path is taken as it is."""
    return cast(FindsModels, _attribute(card.shelf))


def _attribute(path: str) -> object:
    module, colon, name = path.partition(":")
    if not colon or not name.isidentifier():
        raise ValueError(f"{path!r} is not of the form package.module:name")
    found: object = getattr(importlib.import_module(module), name)
    return found
