"""Where an engine runs, and what a person is told who asked for something else."""

from __future__ import annotations

import dataclasses
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.builtin.card import CARD
from core.errors import ResourceError
from core.synthesis.place import AUTO, Found, choose, expected, identity, kind_of, unused

ALL = ("cuda", "mps", "cpu")
CARD_FOR_ALL = dataclasses.replace(CARD, title="Large", devices=ALL)
TWO_CARDS = Found(devices=("cuda:0", "cuda:1"))
APPLE = Found(devices=("mps",))
NOTHING = Found(why="torch 2.0, a build without CUDA")

devices = st.sampled_from(["auto", "cpu", "cuda", "cuda:0", "cuda:1", "cuda:7", "mps"])
founds = st.sampled_from([TWO_CARDS, APPLE, NOTHING])
kinds = st.sampled_from([("cpu",), ("cuda", "cpu"), ("mps", "cpu"), ALL])


@pytest.mark.parametrize(
    ("wanted", "found", "runs_on"),
    [
        ("auto", TWO_CARDS, "cuda:0"),
        ("auto", APPLE, "mps"),
        ("auto", NOTHING, "cpu"),
        ("cpu", TWO_CARDS, "cpu"),
        ("cuda", TWO_CARDS, "cuda:0"),
        ("cuda:1", TWO_CARDS, "cuda:1"),
        ("mps", APPLE, "mps"),
    ],
)
def test_an_engine_runs_on_the_best_that_is_here_or_on_what_was_asked_for(
    wanted: str, found: Found, runs_on: str
) -> None:
    assert choose(wanted, ALL, lambda: found) == runs_on


@given(devices, kinds, founds)
def test_it_never_runs_where_the_engine_or_the_machine_cannot(
    wanted: str, can_use: tuple[str, ...], found: Found
) -> None:
    try:
        runs_on = choose(wanted, can_use, lambda: found)
    except ResourceError:
        # Only who asked for it by name is refused, and only what the engine could use.
        assert kind_of(wanted) in can_use
        assert wanted not in (*found.devices, AUTO, "cpu")
    else:
        assert runs_on == "cpu" or runs_on in found.devices
        assert kind_of(runs_on) in can_use


def test_nobody_looks_for_cards_for_an_engine_that_uses_none() -> None:
    def look() -> Found:
        raise AssertionError("torch was asked")

    for wanted in ("auto", "cpu", "cuda", "cuda:1", "mps"):
        assert choose(wanted, ("cpu",), look) == "cpu"


def test_a_device_that_is_not_here_is_refused_with_what_is() -> None:
    with pytest.raises(ResourceError, match=r"no cuda:7 here: torch sees cuda:0, cuda:1"):
        choose("cuda:7", ALL, lambda: TWO_CARDS)
    with pytest.raises(ResourceError, match=r"no graphics card .*a build without CUDA") as refused:
        choose("cuda", ALL, lambda: NOTHING)
    assert "doctor" in refused.value.hint


def test_a_device_that_an_engine_cannot_use_is_said() -> None:
    assert unused(CARD, "cuda") == "Built-in does not use cuda: it runs on the processor."
    assert unused(CARD, "auto") is None
    assert unused(CARD, "cpu") is None
    assert unused(CARD_FOR_ALL, "cuda:1") is None


def test_before_it_is_started_the_driver_alone_tells_where_it_is_going_to_run() -> None:
    assert expected(CARD, "cuda", has_card=True) == "cpu"
    assert expected(CARD_FOR_ALL, "auto", has_card=True) == "cuda"
    assert expected(CARD_FOR_ALL, "auto", has_card=False) == "cpu"
    assert expected(CARD_FOR_ALL, "cuda:1", has_card=False) == "cuda:1"


def test_a_card_is_known_by_the_uuid_that_the_driver_knows_it_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    properties = SimpleNamespace(uuid="12345678-9abc", name="Card 8")
    cuda = SimpleNamespace(
        is_available=lambda: True, get_device_properties=lambda device: properties
    )
    torch = SimpleNamespace(
        __version__="2.0", cuda=cuda, version=SimpleNamespace(cuda="12.4", hip=None)
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = identity("cuda:0")
    assert (found.name, found.uuid) == ("GPU-12345678-9abc", "GPU-12345678-9abc")
    assert (found.driver, found.torch) == ("12.4", "2.0")
    assert identity("cpu").uuid is None
    monkeypatch.delitem(sys.modules, "torch")
    assert identity("cuda:0").uuid is None
