"""Which models there are for an engine, and a card with the one that was chosen.

Of what lies in folders only; nothing is fetched, and nothing heavy is imported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from core.engines.protocol import EngineCard, FindsModels, Shelf, Weights
from core.errors import InputError, MissingError


class Shelves:
    """Looks each time it is asked: a file that was just put there is found.

    Args:
        folders: Where models may lie; the first is where a person is told to put theirs.
        finder: Imports what a card's `shelf` names; `core.engines.registry.finder`.
    """

    def __init__(
        self, folders: Sequence[Path], finder: Callable[[EngineCard], FindsModels]
    ) -> None:
        self.folders = tuple(folders)
        self._finder = finder

    def of(self, card: EngineCard) -> Shelf:
        """Empty for an engine that carries its own model."""
        if not card.shelf:
            return Shelf()
        return self._finder(card)([folder for folder in self.folders if folder.is_dir()])

    def with_model(self, card: EngineCard, name: str = "") -> EngineCard:
        """The card with one of its models; the card itself where the engine carries its own.

        Args:
            card: Of the engine.
            name: Of a model; empty for the first that can be loaded.

        Raises:
            InputError: The engine has no model of this name, with those that it has.
            MissingError: There is none at all, or it lacks a part.
        """
        if not card.shelf:
            if name:
                raise InputError(
                    f"{card.title} has no models to choose from.", "Leave the model out."
                )
            return card
        shelf = self.of(card)
        weights = self._chosen(card, shelf, name)
        cost = card.cost
        if cost is not None:
            cost = dataclasses.replace(cost, late=(*cost.late, *weights.late))
        return dataclasses.replace(card, weights=weights, cost=cost)

    def _chosen(self, card: EngineCard, shelf: Shelf, name: str) -> Weights:
        if not shelf.models:
            found = f" ({shelf.problems[0]})" if shelf.problems else ""
            raise MissingError(
                f"There is no {card.title} model on this computer{found}.",
                f"Put its files into {self.folders[0]}, or download the public ones.",
            )
        if not name:
            found_model = shelf.models[0]
        else:
            by_name = {model.name: model for model in shelf.models}
            if name not in by_name:
                raise InputError(
                    f"{card.title} has no model called “{name}”.",
                    f"Its models: {', '.join(by_name)}.",
                )
            found_model = by_name[name]
        if found_model.lacks:
            raise MissingError(
                f"The model “{found_model.name}” lacks {', '.join(found_model.lacks)}.",
                f"Put it into {self.folders[0]}, or download it.",
            )
        return found_model
