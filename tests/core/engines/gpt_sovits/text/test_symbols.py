"""The numbers that checkpoints were trained with."""

from __future__ import annotations

from core.engines.gpt_sovits.text.symbols import ids, known, numbers, symbols


def test_the_second_list_continues_the_first() -> None:
    assert len(symbols("v1")) == 322
    assert len(symbols("v2")) == 732
    assert symbols("v2")[:322] == symbols("v1")
    assert symbols("v1") == tuple(sorted(set(symbols("v1"))))


def test_every_symbol_has_its_own_number() -> None:
    for version in ("v1", "v2"):
        assert [numbers(version)[symbol] for symbol in symbols(version)] == list(
            range(len(symbols(version)))
        )


def test_unknown_phones_count_as_one_symbol() -> None:
    assert known(["AA1", "#"], "v2") == ("AA1", "UNK")
    assert ids(["#"], "v2") == ids(["UNK"], "v2")


def test_korean_and_cantonese_came_with_the_second_list() -> None:
    assert known(["ㅏ", "Yaa5"], "v1") == ("UNK", "UNK")
    assert known(["ㅏ", "Yaa5"], "v2") == ("ㅏ", "Yaa5")
