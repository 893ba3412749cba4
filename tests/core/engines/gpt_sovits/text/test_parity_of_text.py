"""Text becomes what the reference made of it, where it was not wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.engines.gpt_sovits.text.letter_training import words
from tests.parity.gpt_sovits import text, text_report, text_unknown
from tests.parity.gpt_sovits.text_faults import fault_of, misjudged_characters, unknown_words
from tests.parity.gpt_sovits.text_rows import edit_distance
from tests.parity.result import Result

GOLDEN = Path(__file__).parents[4] / "golden" / "gpt_sovits" / "text"


@pytest.mark.parametrize(
    ("read", "pattern", "at_least"),
    [
        (text.cut, "cut.json", 200),
        (text.homographs, "en_homographs.json", 1),
        (text.languages, "langseg*.json", 4),
        (text.symbol_numbers, "text_*.json", 7),
        (text.phones, "text_en.json", 3),
        (text.phones, "text_v1.json", 2),
    ],
)
def test_every_case_passes(
    read: Callable[[Path], Iterator[Result]], pattern: str, at_least: int
) -> None:
    results = [result for path in GOLDEN.glob(pattern) for result in read(path)]
    assert len(results) >= at_least
    assert [result for result in results if not result.passed] == []


def test_whole_segments_in_every_mode_pass() -> None:
    results = list(text.assembly(GOLDEN / "full_assembly.json"))
    assert len(results) >= 18
    assert [result for result in results if not result.passed] == []


def test_a_fault_is_told_by_what_stands_in_the_text() -> None:
    assert fault_of("It fell to -19 degrees.", "en")
    assert fault_of("The end—or not?", "en")
    assert fault_of("A well-known man was born in 1999.", "en") is None


def test_made_up_words_are_known_by_no_dictionary() -> None:
    assert unknown_words("A blorptastic iPhone and NASA's box, mm-hmm.") == [
        "blorptastic", "mm-hmm"
    ]  # fmt: skip


def test_only_long_stretches_of_ideographs_count_for_their_language() -> None:
    assert misjudged_characters("今天 ok") == [True, True, True, False, False]
    assert not any(misjudged_characters("我们一起去公园"))


def test_agreement_is_by_edit_distance() -> None:
    assert edit_distance("abc", "abc") == 0
    assert edit_distance("abc", "axcd") == 2
    assert edit_distance("", "ab") == 2


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    assert text_report.main([str(tmp_path)]) == 2


@pytest.mark.slow
def test_the_list_of_differences_is_what_the_report_finds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert text_report.main([str(GOLDEN.parent), "--markdown"]) == 0
    listed = Path(__file__).parents[5] / "docs" / "phonemes.md"
    assert capsys.readouterr().out == listed.read_text(encoding="utf-8")


@pytest.mark.slow
def test_words_held_out_are_said_better_by_the_letter_model_than_by_rules_of_another() -> None:
    held = [word for word in words() if text_unknown.is_held_out(word[0])][::10]
    model = text_unknown.figures(held, text_unknown.trained().said)
    espeak = text_unknown.figures(held, text_unknown.by_espeak)
    # Measured over all: 9.6 % of phones and 35 % of words wrong; eSpeak NG 15.2 % and 56 %.
    assert model.wrong_phones < 0.11 < espeak.wrong_phones
    assert model.right_words > 0.6 > espeak.right_words
