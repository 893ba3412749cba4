"""Every benchmark can be started: what one takes from another is there."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import benchmarks

MODULES = sorted(found.name for found in pkgutil.walk_packages(benchmarks.__path__, "benchmarks."))


def test_there_are_some() -> None:
    assert {"benchmarks.startup", "benchmarks.gpt_sovits.first"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_it_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__
