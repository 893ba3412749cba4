"""What was measured is kept, corrects what is predicted, and a broken file is no crash."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.memory.calibration import ENTRIES_MAX, WINDOW, Calibration, Fingerprint
from core.memory.cost import CostModel, StageCost
from core.memory.moments import Kind, MemoryEvent

MIB = 1 << 20
CARD = Fingerprint(device="GPU-1", driver="570.1", torch="2.13.0+cu130", model="abc", dtype="fp16")
DEFAULT = CostModel(
    stages={
        "decode": StageCost(name="decode", per_unit_bytes=1.0 * MIB, is_chunked=True),
        "prefill": StageCost(name="prefill", per_unit_bytes=1000.0, per_unit2_bytes=10.0),
    },
    weights_bytes=300 * MIB,
    kv_bytes_per_token=1000.0,
    dtype="fp16",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "calibration.json"


def test_before_anything_is_measured_the_counted_costs_hold(file: Path) -> None:
    assert Calibration(file, CARD, DEFAULT).cost == DEFAULT


def test_what_was_learnt_is_there_next_time(file: Path) -> None:
    first = Calibration(file, CARD, DEFAULT)
    first.measured("decode", [(32, 1, 40 * MIB), (64, 2, 140 * MIB)])
    first.observe("prefill", 100, 2, 900_000)
    first.weighed(310 * MIB)
    first.save()
    again = Calibration(file, CARD, DEFAULT)
    assert again.cost == first.cost
    assert again.cost.weights_bytes == 310 * MIB
    assert again.points("decode") == ((32, 1, 40 * MIB), (64, 2, 140 * MIB))
    assert again.is_measured("decode")
    assert not again.is_measured("prefill")


@pytest.mark.parametrize("field", ["device", "driver", "torch", "model", "dtype"])
def test_another_card_driver_or_model_begins_anew(file: Path, field: str) -> None:
    first = Calibration(file, CARD, DEFAULT)
    first.observe("decode", 10, 1, 99 * MIB)
    first.save()
    other = Calibration(file, replace(CARD, **{field: "another"}), DEFAULT)
    assert other.cost == DEFAULT
    other.save()
    assert Calibration(file, CARD, DEFAULT).cost == first.cost


def test_a_calibrated_stage_stays_a_chunked_one_of_the_known_shape(file: Path) -> None:
    calibration = Calibration(file, CARD, DEFAULT)
    truth = StageCost(name="prefill", fixed_bytes=MIB, per_unit_bytes=2000.0, per_unit2_bytes=20.0)
    calibration.measured("prefill", [(n, b, truth.bytes(n, b)) for n, b in ((64, 1), (512, 2))])
    calibration.measured("decode", [(32, 1, 40 * MIB)])
    assert calibration.cost.stages["decode"].is_chunked
    for n, batch in ((50, 1), (3000, 8)):
        predicted = calibration.cost.stages["prefill"].bytes(n, batch)
        assert truth.bytes(n, batch) <= predicted <= 1.1 * truth.bytes(n, batch)


@given(
    st.lists(
        st.tuples(st.integers(1, 5000), st.integers(1, 32), st.integers(0, 1 << 38)), max_size=30
    ),
    st.sampled_from(["decode", "prefill", "unheard of"]),
)
def test_what_was_seen_is_never_predicted_too_small_again(
    runs: list[tuple[int, int, int]], stage: str
) -> None:
    calibration = Calibration(Path("/nowhere/calibration.json"), CARD, DEFAULT)
    for n, batch, peak in runs:
        calibration.observe(stage, n, batch, peak, chunk=120)
    cost = calibration.cost.stages.get(stage, StageCost(name=stage))
    assert all(cost.bytes(n, batch, 120) >= peak for n, batch, peak in runs)
    default = DEFAULT.stages.get(stage, StageCost(name=stage))
    assert all(cost.bytes(n, batch) >= default.bytes(n, batch) for n, batch, _ in runs)


def test_a_workspace_of_fixed_size_does_not_multiply_with_the_length(file: Path) -> None:
    calibration = Calibration(file, CARD, DEFAULT)
    calibration.observe("decode", 4, 1, 44 * MIB)
    assert calibration.cost.stages["decode"].bytes(1000, 1) == 1040 * MIB


def test_a_correction_is_forgotten_when_it_was_not_needed_for_long(file: Path) -> None:
    calibration = Calibration(file, CARD, DEFAULT)
    calibration.observe("decode", 1000, 1, 3000 * MIB)
    raised = calibration.cost.stages["decode"].bytes(1000, 1)
    for _ in range(WINDOW - 1):
        calibration.observe("decode", 1000, 1, 1000 * MIB)
    assert calibration.cost.stages["decode"].bytes(1000, 1) == raised
    calibration.observe("decode", 1000, 1, 1000 * MIB)
    assert calibration.cost.stages["decode"].bytes(1000, 1) == 1000 * MIB


def test_a_wrong_prediction_is_told_once(file: Path) -> None:
    told: list[MemoryEvent] = []
    calibration = Calibration(file, CARD, DEFAULT, sink=told.append, clock=lambda: 3.0)
    for _ in range(3):
        calibration.observe("decode", 1000, 1, 1500 * MIB)
        calibration.observe("decode", 1000, 1, 900 * MIB)
    assert [(event.kind, event.at_s) for event in told] == [(Kind.CALIBRATE, 3.0)]
    assert told[0].text == (
        "decode took 1.5 GB, 1.0 GB were foreseen: more is counted with from now on"
    )


BROKEN = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe",
    b'{"version": 2, "entries": {}}',
    b'{"version": 1, "entries": 7}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_set_aside(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    calibration = Calibration(file, CARD, DEFAULT)
    assert calibration.cost == DEFAULT
    assert not file.exists()
    assert file.with_suffix(".broken.json").read_bytes() == content
    calibration.save()
    assert json.loads(file.read_text(encoding="utf-8"))["version"] == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.data())
def test_a_strange_entry_is_no_entry(tmp_path_factory: pytest.TempPathFactory, data) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path_factory.getbasetemp() / "strange.json"
    entry = {
        "weights_bytes": 5,
        "stages": {
            "decode": {
                "fitted": {
                    "fixed_bytes": 1, "per_unit_bytes": 2.0, "per_unit2_bytes": 0.0,
                    "is_chunked": True,
                },
                "points": [[1, 2, 3]],
                "seen": [[1, 2]],
            }
        },
    }  # fmt: skip
    places: list[tuple[object, object]] = [
        (entry, "weights_bytes"),
        (entry, "stages"),
        (entry["stages"], "decode"),
        *((entry["stages"]["decode"], key) for key in ("fitted", "points", "seen")),  # type: ignore[index]
        *((entry["stages"]["decode"]["fitted"], key) for key in ("fixed_bytes", "per_unit_bytes")),  # type: ignore[index]
    ]
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(VALUES)
    file.write_text(json.dumps({"version": 1, "entries": {CARD.key: entry}}), encoding="utf-8")
    cost = Calibration(file, CARD, DEFAULT).cost
    assert cost.peak_bytes(100, 2, chunk=50, kv_tokens=10) >= 0


def test_a_disk_that_refuses_costs_no_sentence(tmp_path: Path) -> None:
    blocker = tmp_path / "cache"
    blocker.write_text("a file where the folder should be", encoding="utf-8")
    calibration = Calibration(blocker / "calibration.json", CARD, DEFAULT)
    calibration.observe("decode", 10, 1, 99 * MIB)
    calibration.save()
    assert calibration.cost.stages["decode"].bytes(10, 1) >= 99 * MIB


def test_the_file_does_not_grow_for_ever(file: Path) -> None:
    for number in range(ENTRIES_MAX + 3):
        Calibration(file, replace(CARD, model=str(number)), DEFAULT).save()
    entries = json.loads(file.read_text(encoding="utf-8"))["entries"]
    assert len(entries) == ENTRIES_MAX
    assert replace(CARD, model="2").key not in entries
    assert replace(CARD, model=str(ENTRIES_MAX + 2)).key in entries


def test_windows_and_rows_are_fitted_as_they_are_in_memory(file: Path) -> None:
    """Long texts in windows of 30 + 12, one row at a time: the runs say what a window takes."""
    decode = StageCost(
        name="decode", per_unit_bytes=1.0, is_chunked=True, context=12, rows=1, holds_keys=False
    )
    kept = Calibration(file, CARD, replace(DEFAULT, stages={"decode": decode}))
    fitted = kept.measured(
        "decode", [(20, 1, 20_000), (500, 4, 42_000), (900, 2, 42_000)], chunk=30
    )
    assert 20_000 <= fitted.bytes(20, 1, 30) <= 1.01 * 20_000
    assert 42_000 <= fitted.bytes(5000, 16, 30) <= 1.01 * 42_000
    kept.save()
    again = Calibration(file, CARD, DEFAULT).cost.stages["decode"]
    assert again == fitted
    assert (again.context, again.rows, again.holds_keys) == (12, 1, False)


def test_what_was_kept_before_rows_and_contexts_were_known_is_still_read(file: Path) -> None:
    kept = Calibration(file, CARD, DEFAULT)
    kept.measured("decode", [(32, 1, 40 * MIB), (64, 2, 140 * MIB)])
    kept.save()
    stored = json.loads(file.read_text())
    (entry,) = stored["entries"].values()
    del entry["said"]
    for name in ("context", "rows", "holds_keys", "per_row_bytes"):
        del entry["stages"]["decode"]["fitted"][name]
    file.write_text(json.dumps(stored))
    assert Calibration(file, CARD, DEFAULT).cost == kept.cost


def test_each_language_learns_how_long_its_texts_become(file: Path) -> None:
    kept = Calibration(file, CARD, DEFAULT)
    for n_chars in range(20, 40):
        kept.said("en", n_chars, 1.5 * n_chars)
        kept.said("zh", n_chars, 5.0 * n_chars)
    assert kept.units_per_char("en", 2.0) == pytest.approx(1.5)
    assert kept.units_per_char("zh", 2.0) == pytest.approx(5.0)
    assert kept.units_per_char("ja", 2.0) == 2.0, "nothing was said in it"
    kept.save()
    again = Calibration(file, CARD, DEFAULT)
    assert again.units_per_char("zh", 2.0) == kept.units_per_char("zh", 2.0)


def test_one_that_never_found_its_end_and_short_ones_make_no_language_long(file: Path) -> None:
    kept = Calibration(file, CARD, DEFAULT)
    for _ in range(15):
        kept.said("en", 2, 40.0)  # "No.": mostly silence
        kept.said("en", 100, 150.0)
    kept.said("en", 120, 6000.0)
    assert kept.units_per_char("en", 2.0) == pytest.approx(1.5)


def test_of_few_utterances_only_a_longer_one_is_believed(file: Path) -> None:
    kept = Calibration(file, CARD, DEFAULT)
    kept.said("zh", 50, 40.0)
    assert kept.units_per_char("zh", 2.0) == 2.0
    kept.said("zh", 60, 300.0)
    assert kept.units_per_char("zh", 2.0) == 5.0


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(1, 20)), min_size=8, max_size=150))
def test_nine_in_ten_of_the_longer_utterances_stay_within(said: list[tuple[int, float]]) -> None:
    kept = Calibration(Path("not there"), CARD, DEFAULT)
    for n_chars, rate in said:
        kept.said("en", n_chars, rate * n_chars)
    found = kept.units_per_char("en", 1.0)
    middle = sorted(n_chars for n_chars, _ in said)[len(said) // 2]
    longer = [rate for n_chars, rate in said if n_chars >= middle]
    within = sum(rate <= found * 1.000001 for rate in longer)  # a product, then a quotient
    assert within >= 0.9 * len(longer)
    assert found <= max(longer) * 1.000001
