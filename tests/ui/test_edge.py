"""No error is lost, none shows its insides, and the page below it stays."""

from __future__ import annotations

import inspect

import gradio as gr
import pytest

from core.errors import InputError
from ui.edge import Problem, Wires, attempt

WIRES = Wires(lambda request: "zh" if request.headers["accept-language"].startswith("zh") else "en")


def refuses(value: str, request: gr.Request) -> tuple[str]:
    raise InputError("The file is <empty>.", "Record again.")


def breaks(value: str, request: gr.Request) -> tuple[str]:
    raise RuntimeError("secret path /home/anna")


def works(value: str, request: gr.Request) -> tuple[str]:
    return (value.upper(),)


def test_an_error_of_the_person_is_shown_in_its_place_with_one_thing_to_try(
    english: gr.Request,
) -> None:
    kept, shown = WIRES.answering(refuses, n_outputs=1, shows=True)("x", english)
    assert kept == gr.skip()
    assert "The file is &lt;empty&gt;." in shown
    assert "Record again." in shown


@pytest.mark.filterwarnings("default")
def test_a_bug_gets_a_number_and_keeps_its_insides_to_the_log(chinese: gr.Request) -> None:
    kept, shown = WIRES.answering(breaks, n_outputs=1, shows=True)("x", chinese)
    assert kept == gr.skip()
    assert "secret" not in shown
    assert "事件编号" in shown


def test_success_clears_the_problem_of_before(english: gr.Request) -> None:
    assert WIRES.answering(works, n_outputs=1, shows=True)("x", english) == ("X", "")


def test_what_is_tried_again_every_second_shows_no_box(english: gr.Request) -> None:
    assert WIRES.answering(breaks, n_outputs=2, shows=False)("x", english) == (gr.skip(),) * 2


def test_a_single_value_is_not_wrapped(english: gr.Request) -> None:
    assert WIRES.answering(works, n_outputs=1, shows=False)("x", english) == "X"
    assert WIRES.answering(breaks, n_outputs=1, shows=False)("x", english) == gr.skip()


def test_gradio_still_sees_what_the_handler_asks_for() -> None:
    answer = WIRES.answering(works, n_outputs=1, shows=True)
    assert list(inspect.signature(answer).parameters) == ["value", "request"]


def test_what_works_comes_back_as_it_is() -> None:
    assert attempt("en", lambda: 7) == 7
    assert isinstance(attempt("en", lambda: 1 // 0), Problem)
