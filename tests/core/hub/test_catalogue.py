"""The catalogue names what the engine needs, and is consistent with itself."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from core.engines.gpt_sovits import models
from core.engines.gpt_sovits.text import polyphone_files
from core.errors import MissingError
from core.hub import catalogue
from core.hub.catalogue import ITEMS, item, with_needs

FILES = [file for one in ITEMS for file in one.files]


def test_what_a_pair_lacks_can_be_downloaded_under_that_name() -> None:
    names = {one.name for one in ITEMS}
    assert {models.HUBERT, models.BERT, models.SPEAKER, models.POLYPHONES} <= names
    assert set(models.VERSIONS) <= names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_every_file_stays_below_its_folder_and_has_a_checksum(
    file: catalogue.RemoteFile,
) -> None:
    path = PurePosixPath(file.path)
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert re.fullmatch(r"[\w./=-]+", file.path), "needs no quoting in an address"
    assert file.size_bytes > 0
    assert file.sha256 is not None
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)


def test_what_is_taken_out_of_a_zip_file_is_what_the_engine_looks_for() -> None:
    (file,) = item(models.POLYPHONES).files
    paths = [PurePosixPath(name) for name in file.members]
    assert {path.name for path in paths} == set(polyphone_files.FILES)
    assert {path.parent for path in paths} == {PurePosixPath(item(models.POLYPHONES).place)}
    assert file.unpacked_bytes > file.size_bytes


def test_a_file_of_two_items_is_the_same_file() -> None:
    known: dict[str, catalogue.RemoteFile] = {}
    for file in FILES:
        assert known.setdefault(file.path, file) == file


def test_every_item_has_a_pinned_revision_and_a_licence() -> None:
    for one in ITEMS:
        assert re.fullmatch(r"[0-9a-f]{40}", one.revision)
        assert one.licence in ("MIT", "Apache-2.0")
        assert all(item(name) for name in (*one.needs, *one.wishes))


def test_what_a_voice_needs_comes_with_it() -> None:
    assert with_needs("v2ProPlus") == [
        "chinese-hubert-base",
        "sv",
        "v2ProPlus",
        "chinese-roberta-wwm-ext-large",
    ]
    assert with_needs("v2", wishes=False) == ["chinese-hubert-base", "v2"]
    with pytest.raises(MissingError, match="nothing called “v3”"):
        with_needs("v3")


# Half precision: the sizes follow from the numbers of weights, apart from names and padding.
@pytest.mark.parametrize(
    ("path", "n_weights"),
    [
        ("s1v3.ckpt", 77_606_402),
        ("gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt", 77_606_402),
        ("s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt", 77_493_762),
        ("s2G488k.pth", 52_846_337),
        ("gsv-v2final-pretrained/s2G2333k.pth", 52_883_969),
        ("v2Pro/s2Gv2Pro.pth", 81_001_985),
        ("v2Pro/s2Gv2ProPlus.pth", 99_912_321),
        ("sv/pretrained_eres2netv2w24s4ep4.ckpt", 53_588_221),
        ("chinese-hubert-base/pytorch_model.bin", 94_371_712),
    ],
)
def test_sizes_are_those_of_the_published_models(path: str, n_weights: int) -> None:
    (size_bytes,) = {file.size_bytes for file in FILES if file.path == path}
    assert 2 * n_weights < size_bytes < 2 * n_weights + 450_000
