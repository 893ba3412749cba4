"""The judge itself: what it calls equal, and that its weights are those of the golden data."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.parity import __main__ as program
from tests.parity import gpt_sovits
from tests.parity.recipe import state_dict
from tests.parity.result import ACTIVATION, compare, same

GOLDEN = Path(__file__).parents[1] / "golden" / "gpt_sovits"


def test_equal_arrays_have_no_error() -> None:
    assert compare("case", np.arange(3), np.arange(3)).passed


def test_the_largest_error_counts() -> None:
    result = compare("case", np.zeros(2), np.array([1e-5, -3e-4]), ACTIVATION)
    assert result.error == pytest.approx(3e-4)
    assert not result.passed


@pytest.mark.parametrize("found", [np.zeros(3), np.zeros((2, 1)), np.array([0, math.nan])])
def test_another_shape_or_no_number_never_passes(found: np.ndarray) -> None:
    assert not compare("case", found, np.zeros(2), 1e9).passed


def test_what_should_be_the_same_is_quoted_when_it_is_not() -> None:
    assert same("case", ["a"], ["a"]).passed
    assert "['b']" in same("case", ["a"], ["b"]).note


@pytest.mark.parametrize("name", ["s1_tiny_eos", "s1_tiny_noeos"])
def test_the_recipe_makes_the_weights_of_the_golden_data(name: str) -> None:
    wanted = load_file(GOLDEN / f"{name}.safetensors")
    about = json.loads((GOLDEN / f"{name}.json").read_text())
    shapes = {key.removeprefix("model."): value.shape for key, value in wanted.items()}
    made = state_dict(shapes, seed=about["weights_seed"], prefix="model.")
    made["ar_predict_layer.weight"][-1] *= about.get("eos_row_scale", 1)
    for key, value in made.items():
        np.testing.assert_array_equal(value, wanted[f"model.{key}"], err_msg=key)


def test_a_broken_part_fails_and_the_next_one_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpt_sovits, "PARTS", ("no_such_part", "neither"))
    assert program.main(["gpt_sovits", str(tmp_path), "--json"]) == 1
    cases = json.loads(capsys.readouterr().out)
    assert [(case["case"], case["error"], case["pass"]) for case in cases] == [
        ("no_such_part/", None, False),
        ("neither/", None, False),
    ]


def test_nothing_to_compare_is_not_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpt_sovits, "PARTS", ())
    assert program.main(["gpt_sovits", str(tmp_path)]) == 2
    assert program.main(["gpt_sovits", str(tmp_path / "missing")]) == 2
