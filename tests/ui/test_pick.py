from __future__ import annotations

from ui.tabs.pick import Pick


def test_what_the_list_of_a_new_session_does_not_hold_yet_is_no_error() -> None:
    assert Pick([], label="model").preprocess("of before the reload") == "of before the reload"


def test_what_is_no_name_is_no_choice() -> None:
    assert [Pick([]).preprocess(sent) for sent in (7, ["a"], {"a": 1}, None)] == [None] * 4


def test_the_browser_draws_it_as_a_drop_down() -> None:
    assert Pick([]).get_block_name() == "dropdown"
