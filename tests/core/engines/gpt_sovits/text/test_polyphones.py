"""A judge of readings: asked as the published network is, and never needed.

The network is a tiny stand-in with the same inputs and outputs and random weights
(tests/golden/gpt_sovits/g2pw/make.py): it shows that what goes in and out is right, not that
readings are.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.gpt_sovits.text import polyphone_files
from core.engines.gpt_sovits.text.chinese import by_phrase, g2p
from core.engines.gpt_sovits.text.polyphone_files import FILES
from core.engines.gpt_sovits.text.polyphones import (
    CONTEXT_CHARS,
    Polyphones,
    Tables,
    opened,
    read_tables,
    windows,
)

GOLDEN = Path(__file__).parents[4] / "golden" / "gpt_sovits" / "g2pw"


class Tokens:
    """One for each character, of 32."""

    first, last = 1, 2

    def ids(self, text: str) -> list[int]:
        return [3 + ord(char) % 29 for char in text]


class Fixed:
    """A network that gives each character its first or its last reading, and is looked at."""

    def __init__(self, *, last: bool = False) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self._last = last

    def __call__(self, inputs: Mapping[str, Any]) -> Sequence[Any]:
        self.asked.append(inputs)
        mask = inputs["phoneme_mask"]
        order = np.arange(mask.shape[1]) if self._last else -np.arange(mask.shape[1])
        return [np.where(mask > 0, order + 100.0, 0.0).astype(np.float32)]


def traditional(text: str) -> str:
    return text.translate(str.maketrans("还长银们", "還長銀們"))


def judge(network: Any, tables: Tables | None = None) -> Polyphones:
    return Polyphones(
        tables or read_tables(GOLDEN),
        network,
        Tokens(),
        to_traditional=traditional,
        by_phrase=by_phrase,
    )


def test_tables_say_which_readings_each_character_has() -> None:
    tables = read_tables(GOLDEN)
    assert tables.labels == tuple(sorted(tables.labels))
    assert {tables.spelled(tables.labels[at]) for at in tables.known["行"]} == {"hang2", "xing2"}
    assert tables.spelled(tables.single["銀"]) == "yin2"
    assert tables.spelled("ㄅㄛ2") is None
    assert tables.spelled("ㄏㄤ") is None


def test_only_characters_with_several_readings_are_asked_for_all_at_once() -> None:
    network = Fixed()
    said = judge(network)("银行行长们不还,")
    (asked,) = network.asked
    assert asked["position_ids"].tolist() == [2, 3, 4, 7], "behind the mark at the beginning"
    assert [sorted(read_tables(GOLDEN).known)[at] for at in asked["char_ids"]] == list("行行長還")
    assert asked["input_ids"].shape == (4, 10)
    assert asked["input_ids"][0].tolist() == [1, *Tokens().ids("銀行行長們不還,"), 2]
    assert (asked["input_ids"] == asked["input_ids"][0]).all()
    assert asked["attention_mask"].all()
    assert not asked["token_type_ids"].any()
    assert asked["phoneme_mask"].sum(axis=1).tolist() == [2, 2, 2, 2]
    for name, kind in (("input_ids", np.int64), ("phoneme_mask", np.float32)):
        assert asked[name].dtype == kind
    assert said[0] == "yin2", "one reading: from the table"
    assert said[4] == "men5"
    assert said[5] == by_phrase("不")[0], "left to the rules of tones"
    assert said[7] == ","


def test_what_it_says_is_what_is_heard() -> None:
    first, last = judge(Fixed()), judge(Fixed(last=True))
    assert first("还长") != last("还长")
    for each in (first, last):
        assert {each("还长")[0]} <= {"hai2", "huan2"}
        assert {each("还长")[1]} <= {"zhang3", "chang2"}
    heard = g2p("我还", "v2", readings=lambda clause: ["wo3", "huan2"])
    assert heard.phones[2:4] == ("h", "uan2")
    made = {g2p("我还", "v2", readings=each).phones[2:4] for each in (first, last)}
    assert made == {("h", "ai2"), ("h", "uan2")}


def test_a_clause_without_such_characters_is_not_asked_for() -> None:
    network = Fixed()
    assert judge(network)("你好!") == by_phrase("你好!")
    assert network.asked == []
    assert list(judge(network)("")) == []


class Broken:
    """A network that does what a real one may do wrong."""

    def __init__(self, how: str) -> None:
        self.how, self.n = how, 0

    def __call__(self, inputs: Mapping[str, Any]) -> Sequence[Any]:
        self.n += 1
        wanted = inputs["phoneme_mask"].shape
        if self.how == "raises":
            raise RuntimeError("bad allocation")
        if self.how == "says nothing":
            return []
        shape = (wanted[0], wanted[1] + 1) if self.how == "is of another kind" else wanted
        return [np.full(shape, np.nan if self.how == "gives no number" else 0.5, np.float32)]


@pytest.mark.parametrize("how", ["raises", "says nothing", "is of another kind", "gives no number"])
def test_after_a_fault_phrases_decide_and_it_is_not_asked_again(how: str) -> None:
    network = Broken(how)
    asked = judge(network)
    for _ in range(2):
        assert asked("银行还在")[1:] == by_phrase("银行还在")[1:]
    assert network.n == 1
    assert asked.fault


def test_a_text_whose_length_changes_in_traditional_is_read_by_phrases() -> None:
    network = Fixed()
    asked = Polyphones(
        read_tables(GOLDEN), network, Tokens(),
        to_traditional=lambda text: text + "了", by_phrase=by_phrase,
    )  # fmt: skip
    assert asked("还长") == by_phrase("还长")
    assert network.asked == []


@given(
    n=st.integers(1, 2000),
    data=st.data(),
    context=st.integers(0, 20),
    more=st.integers(0, 600),
)
def test_windows_hold_every_place_once_with_its_surroundings_and_are_never_too_long(
    n: int, data: st.DataObject, context: int, more: int
) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, n - 1), max_size=60)))
    most = 2 * context + 1 + more
    found = windows(places, n, context=context, most=most)
    assert [at for _, _, inside in found for at in inside] == places
    for start, stop, inside in found:
        assert 0 <= start < stop <= n
        assert stop - start <= most
        assert start <= max(0, inside[0] - context)
        assert stop >= min(n, inside[-1] + context + 1)
    if places and places[-1] - places[0] + 2 * context + 1 <= most:
        assert len(found) == 1


def test_around_what_is_asked_for_sixteen_characters_are_read() -> None:
    network = Fixed()
    judge(network)("好" * 50 + "行" + "好" * 50)
    (asked,) = network.asked
    assert asked["input_ids"].shape == (1, 2 * CONTEXT_CHARS + 1 + 2)
    assert asked["position_ids"].tolist() == [CONTEXT_CHARS + 1]


# The real runtime


def test_the_runtime_is_given_the_inputs_that_the_network_has() -> None:
    asked = opened(GOLDEN, Tokens(), by_phrase=by_phrase)
    assert asked is not None
    said = asked("银行的行长还在长大,")
    assert asked.fault == ""
    assert said[0] == "yin2"
    assert {said[1], said[3]} <= {"hang2", "xing2"}
    assert {said[4], said[7]} <= {"zhang3", "chang2"}
    assert said[5] in {"hai2", "huan2"}
    assert said[-1] == ","
    # Another context, another answer, somewhere: the stand-in reads it too.
    texts = [left + char + right for left in "你我他" for char in "行长还" for right in "人山水"]
    assert len({asked(text)[1] for text in texts}) > len("行长还")
    assert asked("银行的行长还在长大,") == said


@pytest.mark.parametrize("missing", FILES)
def test_a_folder_that_is_not_whole_is_none_of_it(missing: str, tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "g")
    assert polyphone_files.is_complete(folder)
    (folder / missing).unlink()
    assert not polyphone_files.is_complete(folder)
    assert opened(folder, Tokens(), by_phrase=by_phrase) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("g2pW.onnx", b""),
        ("g2pW.onnx", b"\x08\x08garbage" * 40),
        ("POLYPHONIC_CHARS.txt", b"\xff\xfe\x00"),
        ("POLYPHONIC_CHARS.txt", b""),
        ("POLYPHONIC_CHARS.txt", "行 ㄏㄤ2".encode()),
        ("MONOPHONIC_CHARS.txt", "銀行\tㄏㄤ2".encode()),
        ("bopomofo_to_pinyin_wo_tune_dict.json", b"[1]"),
        ("bopomofo_to_pinyin_wo_tune_dict.json", b"[" * 100_000),
    ],
)
def test_files_of_another_kind_are_not_used(name: str, content: bytes, tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "g")
    (folder / name).write_bytes(content)
    assert opened(folder, Tokens(), by_phrase=by_phrase) is None


def test_a_table_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "g")
    with (folder / "POLYPHONIC_CHARS.txt").open("wb") as file:
        file.truncate(1 << 30)
    assert opened(folder, Tokens(), by_phrase=by_phrase) is None


def test_without_the_runtime_phrases_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert opened(GOLDEN, Tokens(), by_phrase=by_phrase) is None


def test_a_network_of_other_inputs_is_given_up_at_the_first_clause(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "g")
    content = (folder / "g2pW.onnx").read_bytes()
    (folder / "g2pW.onnx").write_bytes(content.replace(b"char_ids", b"char_idz"))
    asked = opened(folder, Tokens(), by_phrase=by_phrase)
    assert asked is not None
    assert asked("还长") == by_phrase("还长")
    assert "char_id" in asked.fault
