from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.engines.protocol import Shelf, Weights
from core.engines.registry import Registry
from core.engines.shelves import Shelves
from core.errors import InputError, MissingError
from tests.fakes import FAKE_CARD

CARD = dataclasses.replace(FAKE_CARD, shelf="tests.core.engines:never_imported")


def names(folders: Sequence[Path]) -> Shelf:
    """A model for every file; one that ends in `-` lacks a part."""
    files = sorted(file for folder in folders for file in folder.iterdir())
    models = [
        Weights(
            name=file.name,
            files={"s1": file},
            digest=file.read_text(),
            lacks=("the BERT model",) if file.name.endswith("-") else (),
        )
        for file in files
    ]
    return Shelf(models=tuple(sorted(models, key=lambda model: bool(model.lacks))))


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    return Shelves([tmp_path / "first", tmp_path / "second"], lambda card: names)


def put(folder: Path, name: str, content: str = "x") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)


def test_an_engine_that_carries_its_own_model_has_none_to_choose(shelves: Shelves) -> None:
    assert shelves.with_model(FAKE_CARD) is FAKE_CARD
    assert shelves.of(FAKE_CARD) == Shelf()
    with pytest.raises(InputError, match="no models to choose from"):
        shelves.with_model(FAKE_CARD, "anna")


def test_without_any_model_it_is_said_where_to_put_one(shelves: Shelves, tmp_path: Path) -> None:
    with pytest.raises(MissingError) as missing:
        shelves.with_model(CARD)
    assert str(tmp_path / "first") in missing.value.hint


def test_a_model_put_there_later_is_found_in_whichever_folder(
    shelves: Shelves, tmp_path: Path
) -> None:
    put(tmp_path / "second", "anna", "digest of anna")
    chosen = shelves.with_model(CARD)
    assert chosen.weights is not None
    assert (chosen.weights.name, chosen.weights.digest) == ("anna", "digest of anna")
    put(tmp_path / "first", "ben")
    assert [model.name for model in shelves.of(CARD).models] == ["ben", "anna"]
    assert shelves.with_model(CARD, "anna") == chosen


def test_an_unknown_model_is_answered_with_those_there_are(
    shelves: Shelves, tmp_path: Path
) -> None:
    put(tmp_path / "first", "anna")
    with pytest.raises(InputError) as unknown:
        shelves.with_model(CARD, "bob")
    assert "anna" in unknown.value.hint


def test_a_model_that_lacks_a_part_is_not_loaded_and_not_the_first_choice(
    shelves: Shelves, tmp_path: Path
) -> None:
    put(tmp_path / "first", "a-")
    with pytest.raises(MissingError, match="lacks the BERT model"):
        shelves.with_model(CARD)
    put(tmp_path / "first", "b")
    chosen = shelves.with_model(CARD).weights
    assert chosen is not None
    assert chosen.name == "b"
    with pytest.raises(MissingError, match="lacks the BERT model"):
        shelves.with_model(CARD, "a-")


def test_the_registry_knows_the_models_of_its_engines() -> None:
    assert Registry().shelf("builtin") == Shelf()
    assert Registry().ready("builtin").weights is None
