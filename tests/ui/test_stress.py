"""What a stress test found is drawn as measured, with the fitted cost as a line."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.ui.fake_studio import measured
from ui import stress

MIB = 1 << 20


def test_each_stage_has_a_plot_with_its_points_and_its_fit() -> None:
    prepare, speak = stress.figure(measured(), "en").axes
    points, fit = prepare.lines
    np.testing.assert_array_equal(points.get_ydata(), [32, 56])
    assert list(fit.get_xdata())[-1] == 9
    assert list(fit.get_ydata())[-1] == 56  # the fake's costs fit exactly
    assert len(speak.lines) == 4  # two batch sizes, each with its fit
    assert [text.get_text() for text in speak.texts] == ["1 at once", "4 at once"]


def test_points_without_a_cost_are_drawn_without_a_line() -> None:
    prepare, _ = stress.figure(dataclasses.replace(measured(), cost=None), "en").axes
    assert len(prepare.lines) == 1


def test_the_limits_are_said_in_both_languages() -> None:
    assert "With 3.6 GB: references up to 15 s" in stress.stress_html(measured(), "en")
    shown = stress.stress_html(measured(), "zh")
    assert "可用 3.6 GB 时：参考录音最长 15 秒，句子最长 300 个字符，可同时处理 4 段" in shown


def test_nothing_measured_is_said_without_an_empty_picture() -> None:
    shown = stress.stress_html(dataclasses.replace(measured(), points=(), cost=None), "en")
    assert "Nothing could be measured." in shown
    assert "<svg" not in shown
