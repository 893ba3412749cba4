"""The waveform shows the kept span where it is."""

from __future__ import annotations

from core.audio.samples import Span
from tests.ui.conftest import DEMO
from tests.ui.fake_studio import FakeStudio
from ui import plots


def test_the_picture_spans_the_recording_and_marks_the_kept_part(studio: FakeStudio) -> None:
    recording = studio.inspect(DEMO)
    figure = plots.waveform(recording, Span(start_s=2.0, stop_s=6.0))
    axes = figure.axes[0]
    assert axes.get_xlim() == (0.0, recording.seconds)
    extents = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
    assert any(abs(box.x0 - 2.0) < 1e-6 and abs(box.x1 - 6.0) < 1e-6 for box in extents)


def test_the_drawing_takes_its_colours_from_the_page_and_fetches_nothing(
    studio: FakeStudio,
) -> None:
    recording = studio.inspect(DEMO)
    drawing = plots.svg(plots.waveform(recording, recording.windows[0].span))
    assert drawing.startswith("<svg preserveAspectRatio")
    assert "var(--tb-wave-kept)" in drawing
    assert "#0101" not in drawing
    assert "<script" not in drawing
    assert "<image" not in drawing
    assert len(drawing) < 200_000


def test_a_recording_of_nothing_can_be_drawn(studio: FakeStudio) -> None:
    recording = studio.inspect(DEMO)
    empty = type(recording)(
        **{**vars(recording), "peaks": (), "speech": (), "windows": (), "seconds": 0.0}
    )
    assert "<svg" in plots.svg(plots.waveform(empty, None))
