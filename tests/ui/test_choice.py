"""Which engine and which model, as the Speak tab offers them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from core.engines.protocol import Shelf, Weights
from core.jobs.job import SpeakRequest
from tests.conftest import in_a_loop
from tests.fakes import SINGER_CARD
from tests.ui.fake_studio import CARD, FakeStudio
from tests.ui.test_page import Pressed
from tests.ui.test_speaking import TEXT
from ui import models, picks
from ui import page as page_module
from ui.tabs.choice import EngineChoice

ALTO = Weights(name="alto", files={"tone": Path("alto")}, digest="1")
BASS = Weights(name="bass", files={"tone": Path("bass")}, digest="2", lacks=("the reed",))


@pytest.fixture
def studio(studio: FakeStudio) -> FakeStudio:
    studio.cards = (CARD, SINGER_CARD)
    return studio


def built(studio: FakeStudio) -> gr.Blocks:
    async def made() -> gr.Blocks:
        return page_module.build(studio, language=None)  # type: ignore[arg-type]

    return in_a_loop(made)


@pytest.fixture
def press(studio: FakeStudio) -> Iterator[Pressed]:
    page = built(studio)
    yield Pressed(page)
    page.close()


def component(page: gr.Blocks, elem_id: str) -> Any:
    return next(block for block in page.blocks.values() if block.elem_id == elem_id)


def test_with_one_engine_there_is_nothing_to_choose_and_no_models_tab(tmp_path: Path) -> None:
    page = built(FakeStudio(tmp_path))
    assert component(page, "engine").visible is False
    assert component(page, "model").visible is False
    tabs = {block.id: block.visible for block in page.blocks.values() if isinstance(block, gr.Tab)}
    assert tabs["models"] is False
    page.close()


def test_every_engine_has_its_own_knobs_and_those_of_the_chosen_one_are_seen(
    studio: FakeStudio,
) -> None:
    page = built(studio)
    assert component(page, "knobs-builtin").visible is True
    assert component(page, "knobs-singer").visible is False
    assert component(page, "knob-singer-pitch").maximum == 3.0
    page.close()


def test_choosing_an_engine_is_remembered_and_offers_its_models_and_languages(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    studio.shelf = Shelf(models=(ALTO, BASS))
    engine, model, note, offer, builtin, singer, spoken, _ = press(
        "on_engine", "singer", "de", english
    )
    assert studio.settings().engine == engine["value"] == "singer"
    assert model["choices"] == [("alto", "alto"), ("bass (lacks the reed)", "bass")]
    assert (model["value"], model["visible"]) == ("alto", True)
    assert note == ""
    assert offer["visible"] is False
    assert (builtin["visible"], singer["visible"]) == (False, True)
    assert [code for _, code in spoken["choices"]] == ["", "en", "zh", "ja"]
    assert spoken["value"] == "", "it does not speak German"


def test_an_engine_without_a_model_says_so_and_offers_one(
    press: Pressed, english: gr.Request
) -> None:
    _, model, note, offer, *_ = press("on_engine", "singer", "", english)
    assert model["visible"] is False
    assert "Singer needs a model" in note
    assert "built-in engine works meanwhile" in note
    assert offer["visible"] is True


def test_a_model_that_lacks_a_part_and_files_that_are_none_are_said(
    studio: FakeStudio, press: Pressed, english: gr.Request, chinese: gr.Request
) -> None:
    studio.shelf = Shelf(models=(BASS,), problems=("“song.tone” is empty.",))
    _, model, note, offer, *_ = press("on_models", "singer", "gone", english)
    assert model["value"] == "bass"
    assert "lacks the reed" in note
    assert "1 file cannot be used" in note
    assert "“song.tone” is empty." in note
    assert offer["visible"] is True
    assert "缺少" in press("on_models", "singer", "bass", chinese)[2]


def test_a_text_is_spoken_with_the_engine_the_model_and_its_own_knobs(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    voice = picks.demo_voice(studio, "builtin")  # type: ignore[arg-type]
    knobs = (1.5, 6.0, 0.5, 2.0)  # two of each engine
    press("on_speak", TEXT, voice.id, "ja", 0, "singer", "alto", english, *knobs)
    running = studio.running()
    assert running is not None
    asked = running.request
    assert (asked.engine, asked.model, asked.language) == ("singer", "alto", "ja")
    assert asked.settings == {"speed": 0.5, "pitch": 2.0}


def test_what_was_turned_and_chosen_is_there_again_for_each_engine(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    studio.shelf = Shelf(models=(ALTO, BASS))
    typed = ("Hello.", "v", "ja", 3, "singer", "bass", 1.5, 0.0, 0.5, 2.0)
    (draft,) = press("on_draft", "", *typed)
    studio.chosen = dataclasses.replace(studio.chosen, engine="singer")
    shown = press("on_load", draft, None, None, english)
    at = shown.index(3)
    # What is as usual is left alone: the page shows it from the start.
    assert shown[at + 1 : at + 5] == [1.5, gr.skip(), 0.5, 2.0]
    assert "bass" in [each.get("value") for each in shown if isinstance(each, dict)]


def test_a_page_that_opens_sets_no_number_that_stands_there_already(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    """Its answer may come late, when somebody has moved a slider."""
    page = built(studio)
    shown = press("on_load", None, None, None, english)
    (loading,) = (each for each in page.fns.values() if each.name == "on_load")
    numbers = [
        (field.elem_id, field.value, value)
        for field, value in zip(loading.outputs, shown, strict=False)
        if isinstance(field, gr.Slider | gr.Number) and field.elem_id not in ("start", "stop")
    ]
    # What stands there is the seed and then the knobs, each as usual.
    usual = [0, *EngineChoice(studio, str).defaults]  # type: ignore[arg-type]
    assert numbers[0][0] == "seed"
    assert [each[1:] for each in numbers] == [(each, gr.skip()) for each in usual]
    page.close()


def test_knobs_of_another_time_do_not_come_back_wrong(studio: FakeStudio) -> None:
    choice = EngineChoice(studio, str)  # type: ignore[arg-type]
    kept = {"builtin": [1.5], "singer": [0.5, None], "gone": [1.0]}
    assert choice.sliders_of(kept) == [1.0, 0.0, 0.5, 0.0]
    assert choice.sliders_of([1.5, 6.0]) == choice.defaults == [1.0, 0.0, 1.0, 0.0]


def test_a_device_that_an_engine_cannot_use_is_said_beside_it() -> None:
    note = models.note_html(
        CARD,
        Shelf(),
        None,
        "en",
        device_note="Built-in does not use cuda.",
    )
    assert "does not use cuda" in note
    assert models.note_html(CARD, Shelf(), None, "en") == ""


def test_an_earlier_text_is_opened_with_all_that_it_was_asked_with(
    studio: FakeStudio, press: Pressed, english: gr.Request
) -> None:
    studio.shelf = Shelf(models=(ALTO, BASS))
    voice = picks.demo_voice(studio, "builtin")  # type: ignore[arg-type]
    press("on_speak", TEXT, voice.id, "ja", 3, "singer", "bass", english, 1.5, 6.0, 0.5, 2.0)
    job = studio.running()
    assert job is not None
    shown = press("on_open", job.id, english, 1.2, 4.0, 1.0, 0.0)
    at = shown.index(TEXT)
    assert shown[at + 1] == voice.id
    assert (shown[at + 2]["value"], shown[at + 3]) == ("ja", 3)
    assert shown[at + 4 : at + 8] == [1.2, 4.0, 0.5, 2.0], "the other engine's stay as they are"
    assert (shown[at + 8]["value"], shown[at + 9]["value"]) == ("singer", "bass")
    assert studio.settings().engine == "singer"
    assert "gone" not in str(shown)
    assert shown[-2:] == ["", ""]


@pytest.mark.parametrize(
    ("shelf", "instead"), [(Shelf(models=(ALTO,)), "alto"), (Shelf(), None)], ids=["one", "none"]
)
def test_an_earlier_text_whose_model_is_gone_says_so_and_takes_the_first(
    studio: FakeStudio, press: Pressed, english: gr.Request, shelf: Shelf, instead: str | None
) -> None:
    studio.shelf = Shelf(models=(ALTO, BASS))
    voice = picks.demo_voice(studio, "builtin")  # type: ignore[arg-type]
    press("on_speak", TEXT, voice.id, "", 0, "singer", "bass", english, 1.0, 0.0, 1.0, 0.0)
    job = studio.running()
    assert job is not None
    studio.shelf = shelf
    shown = press("on_open", job.id, english, 1.0, 0.0, 1.0, 0.0)
    assert "the model “bass”, which is not here any more" in shown[-2]
    assert shown[shown.index(TEXT) + 9]["value"] == instead


def test_an_earlier_text_of_an_engine_that_is_gone_says_so(
    studio: FakeStudio, press: Pressed, chinese: gr.Request
) -> None:
    voice = picks.demo_voice(studio, "builtin")  # type: ignore[arg-type]
    asked = SpeakRequest(text=TEXT, voice_id=voice.id, engine="flute")
    shown = press("on_open", studio.submit(asked).id, chinese, 1.0, 0.0, 1.0, 0.0)
    assert "由“flute”朗读" in shown[-2]
    assert shown[shown.index(TEXT) + 8]["value"] == "builtin"
