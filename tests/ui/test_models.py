"""How models and their download look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from core.engines.protocol import Shelf
from core.fetching import Download, Downloads, Public
from core.hub.transfer import State
from tests.fakes import SINGER_CARD
from tests.ui.fake_studio import CARD, FakeStudio
from tests.ui.test_choice import ALTO, BASS, built
from tests.ui.test_page import Pressed
from ui import models

VOICE = Public(
    name="high", title="High", licence="MIT", total_bytes=300_000_000, done_bytes=0, is_exact=True,
    is_here=False, is_model=True, needs=("reed",), wishes=("kana",),
)  # fmt: skip
REED = replace(
    VOICE, name="reed", title="The reed", total_bytes=200_000_000, done_bytes=50_000_000,
    is_exact=False, is_model=False, needs=(), wishes=(), licence="Apache-2.0",
)  # fmt: skip
KANA = replace(
    REED, name="kana", title="Kana", total_bytes=9_000_000, done_bytes=9_000_000, is_exact=True,
    is_here=True,
)  # fmt: skip
THERE_IS = Downloads(items=(VOICE, REED, KANA), folder=Path("somewhere"), free_bytes=10**9)
RUNNING = Download(
    engine="singer", name="high", wishes=True, state=State.RUNNING, file="high.bin",
    done_bytes=100_000_000, total_bytes=500_000_000, bytes_per_s=8e6,
)  # fmt: skip


@pytest.fixture
def studio(studio: FakeStudio) -> FakeStudio:
    studio.cards = (CARD, SINGER_CARD)
    studio.public = THERE_IS
    return studio


@pytest.fixture
def press(studio: FakeStudio) -> Iterator[Pressed]:
    page = built(studio)
    yield Pressed(page)
    page.close()


def test_a_card_says_what_is_here_what_lacks_what_is_public_and_where_own_ones_go() -> None:
    shelf = Shelf(models=(ALTO, BASS), problems=("“a.tone” is empty.", "“b.tone” is empty."))
    shown = models.engine_html(SINGER_CARD, shelf, THERE_IS, "en")
    assert "<b>bass</b><span>lacks the reed</span>" in shown
    assert "2 files cannot be used" in shown
    assert "“b.tone” is empty." in shown
    assert "300 MB · MIT" in shown
    assert "about 200 MB · Apache-2.0 · 50 MB of it here" in shown
    assert "9.0 MB · Apache-2.0 · here" in shown
    assert "<code>somewhere</code>" in shown
    assert "No model of Singer yet" in models.engine_html(SINGER_CARD, Shelf(), THERE_IS, "en")


def test_names_of_files_are_text_and_not_page() -> None:
    evil = replace(ALTO, name="<script>")
    shelf = Shelf(models=(evil,), problems=("“<img>” is empty.",))
    shown = models.engine_html(SINGER_CARD, shelf, THERE_IS, "en")
    shown += models.note_html(SINGER_CARD, shelf, "<script>", "en")
    shown += models.download_html(replace(RUNNING, file="<script>", name="<img>"), "en")
    assert "<script>" not in shown
    assert "<img>" not in shown


def test_before_the_press_it_is_said_how_much_comes_and_whether_it_fits() -> None:
    line = models.offer_html(THERE_IS, "high", wishes=True, language="en")
    assert "450 MB to fetch of 509 MB" in line
    assert "1.0 GB free" in line
    assert "It comes with: The reed 150 MB." in line, "what is here does not come"
    alone = replace(THERE_IS, items=(VOICE, replace(REED, is_here=True), KANA))
    assert "comes with" not in models.offer_html(alone, "high", wishes=True, language="en")
    full = replace(THERE_IS, free_bytes=10**8)
    assert "too little room" in models.offer_html(full, "high", wishes=True, language="en")
    assert "All of it is here" in models.offer_html(THERE_IS, "kana", wishes=True, language="en")


def test_a_download_shows_how_far_how_fast_and_how_long() -> None:
    shown = models.download_html(RUNNING, "en")
    assert 'aria-valuenow="20"' in shown
    assert "Downloading high" in shown
    assert "100 MB of 500 MB · 8.0 MB a second · about 50 s left · high.bin" in shown
    assert "正在下载" in models.download_html(RUNNING, "zh")
    assert models.download_html(None, "en") == ""


def test_a_download_that_failed_says_why_and_what_to_try() -> None:
    failed = replace(
        RUNNING, state=State.FAILED, bytes_per_s=None,
        message="hub.example cannot be reached: this computer seems to be offline.",
        hint="Check the network, or download from another address (the setting hub_endpoint).",
    )  # fmt: skip
    shown = models.download_html(failed, "en")
    assert "what has come is kept" in shown
    assert 'role="alert"' in shown
    assert "seems to be offline" in shown
    assert "无法连接 hub.example" in models.download_html(failed, "zh")


def test_download_and_stop_are_each_offered_when_they_can_be_pressed(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    what, size, go, halt, lists, *_ = press("on_look", None, True, english)
    assert (what["choices"], what["value"]) == ([("High", "singer/high")], "singer/high")
    assert "450 MB" in size
    assert (go["interactive"], halt["interactive"]) == (True, False)
    assert "Singer" in lists
    press("on_fetch", "singer/high", False)
    assert studio.calls == ["download singer high False"]
    _, _, go, halt, *_ = press("on_look", "singer/high", True, english)
    assert (go["interactive"], halt["interactive"]) == (False, True)
    press("on_halt_fetch")
    _, _, go, halt, *_ = press("on_look", "singer/high", True, english)
    assert (go["interactive"], halt["interactive"]) == (True, False)


def test_a_model_that_came_is_offered_where_it_is_spoken_with(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    studio.shelf = Shelf(models=(ALTO,))
    shown = press("on_news", "singer/high", True, "singer", None, english)
    assert "alto" in [each.get("value") for each in shown if isinstance(each, dict)]


def test_copies_are_shown_with_their_size_and_cleared_by_a_press(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    *_, row, line, button, _ = press("on_look", None, True, english)
    assert (row["visible"], line) == (False, "")
    studio.kept = replace(studio.kept, n=3, size_bytes=1_500_000_000, in_use_bytes=300_000_000)
    *_, row, line, button, _ = press("on_look", None, True, english)
    assert (row["visible"], button["interactive"]) == (True, True)
    assert "1.5 GB on the disk; 300 MB of that is in use" in line
    row, line, button, _ = press("on_clear", english)
    assert "300 MB on the disk; 300 MB of that is in use" in line
    assert not button["interactive"], "what is in use stays"


def test_another_address_is_saved_from_the_page(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    said, problem = press("on_address", " https://mirror.example/hf/ ", english)
    assert "https://mirror.example/hf" in said
    assert not problem
    assert studio.chosen.hub_endpoint == "https://mirror.example/hf"
    *_, address, _ = press("on_load", None, None, None, english)
    assert address == "https://mirror.example/hf"
    _, problem = press("on_address", "mirror.example", english)
    assert "is not the address of a site" in problem
    assert studio.chosen.hub_endpoint == "https://mirror.example/hf"
    said, _ = press("on_address", "", english)
    assert studio.chosen.hub_endpoint == "https://huggingface.co"
    *_, address, _ = press("on_load", None, None, None, english)
    assert address == gr.skip(), "the field is empty, which is what is usual"
    page = built(studio)
    (field,) = (each for each in page.blocks.values() if each.elem_id == "fetch-address")
    assert not field.value
    page.close()


@pytest.mark.parametrize("name", ["on_look", "on_news"])
def test_a_late_look_takes_no_address_away_that_is_being_typed(
    studio: FakeStudio, name: str
) -> None:
    page = built(studio)
    look = next(function for function in page.fns.values() if function.name == name)
    assert "fetch-address" not in [each.elem_id for each in look.outputs]
    page.close()


def test_what_is_here_already_is_not_offered_for_download(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    studio.public = replace(
        THERE_IS, items=(replace(VOICE, is_here=True), replace(REED, is_here=True), KANA)
    )
    size, go, _ = press("on_what", "singer/high", True, english)
    assert "All of it is here" in size
    assert not go["interactive"]
    studio.public = replace(
        THERE_IS, items=(*studio.public.items[:2], replace(KANA, is_here=False, done_bytes=0))
    )
    _, go, _ = press("on_what", "singer/high", True, english)
    assert go["interactive"]
    _, go, _ = press("on_what", "singer/high", False, english)
    assert not go["interactive"]
