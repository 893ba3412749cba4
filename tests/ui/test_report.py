"""The report of a job draws what was measured and nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import InputError, MissingError
from core.jobs.job import DoneSegment
from tests.ui.fake_studio import FakeStudio
from tests.ui.test_speaking import TEXT, said
from ui import plots, report
from ui.report import Report

MIB = 1 << 20


def pieces(n: int) -> tuple[DoneSegment, ...]:
    return tuple(
        DoneSegment(
            index=at, key=f"k{at}", seconds=2.0, wall_s=0.5 if at else 0.0,
            peak_bytes=None if at == 1 else (100 + at) * MIB,
        )
        for at in range(n)
    )  # fmt: skip


def test_memory_and_speed_are_drawn_over_the_pieces() -> None:
    memory, speed = report.figure(Report(title="x", pieces=pieces(4)), "en").axes
    (line,) = memory.lines
    assert list(line.get_xdata()) == [1, 2, 3, 4]
    np.testing.assert_array_equal(line.get_ydata(), [100, np.nan, 102, 103])
    (line,) = speed.lines
    np.testing.assert_array_equal(line.get_ydata(), [np.nan, 4, 4, 4])
    assert "MB" in memory.get_ylabel()
    assert "(s)" in speed.get_ylabel()


def test_the_labels_are_chinese_where_a_font_can_write_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def label() -> str:
        return str(report.figure(Report(title="x", pieces=pieces(2)), "zh").axes[0].get_ylabel())

    monkeypatch.setattr(plots, "_chinese_font", lambda: None)
    assert label() == "engine memory (MB)"
    # Any font will do for asking: what it can draw is not looked at here.
    monkeypatch.setattr(plots, "_chinese_font", lambda: "DejaVu Sans")
    assert label() == "引擎内存（MB）"


def test_no_letter_of_a_chinese_report_is_an_empty_box() -> None:
    # matplotlib warns of a letter that its font does not have, and a warning is an error here.
    assert "<svg" in report.report_html(Report(title="x", pieces=pieces(3)), "zh")


def test_memory_that_nobody_measured_says_so() -> None:
    silent = tuple(dataclasses.replace(one, peak_bytes=None) for one in pieces(3))
    memory = report.figure(Report(title="x", pieces=silent), "en").axes[0]
    assert [text.get_text() for text in memory.texts] == ["not measured"]
    assert "peak –" in report.report_html(Report(title="x", pieces=silent), "en")


def test_the_figures_of_the_whole_are_said_in_words() -> None:
    shown = report.report_html(Report(title="<Anna>", pieces=pieces(11)), "en")
    assert "&lt;Anna&gt;" in shown
    assert "11 segments · 20 s of sound made in 5 s · 4.4 × real time · peak 110 MB" in shown
    assert "11 段" in report.report_html(Report(title="x", pieces=pieces(11)), "zh")


def test_the_drawing_has_the_pages_colours_and_keeps_its_shape() -> None:
    shown = report.report_html(Report(title="x", pieces=pieces(5)), "en")
    assert "var(--tb-accent)" in shown
    assert "var(--tb-dim)" in shown
    assert "preserveAspectRatio" not in shown
    assert "viewBox" in shown


@pytest.mark.parametrize("n", [1, 2, 800])
def test_one_piece_or_a_book_can_be_drawn(n: int) -> None:
    assert "<svg" in report.report_html(Report(title="x", pieces=pieces(n)), "en")


def test_what_has_no_report_says_why(studio: FakeStudio) -> None:
    with pytest.raises(InputError, match="Choose a text"):
        report.report(studio, None, "en")  # type: ignore[arg-type]
    with pytest.raises(MissingError):
        report.report(studio, "gone", "en")  # type: ignore[arg-type]
    job = said(studio, TEXT)
    with pytest.raises(InputError, match="No segment"):
        report.report(studio, job.id, "en")  # type: ignore[arg-type]


def test_only_pictures_are_written(studio: FakeStudio) -> None:
    job = said(studio, TEXT)
    studio.advance(job.id)
    with pytest.raises(InputError, match="no format"):
        report.save(studio, job.id, "../x", "en")  # type: ignore[arg-type]
    assert not list(studio.paths.exports.glob("report*"))
