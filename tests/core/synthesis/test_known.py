"""What is planned and what is refused, by what is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.engines.protocol import Utterance
from core.memory.cost import CostModel, LateCost, StageCost
from core.memory.ladder import Ladder, Way
from core.memory.plan import Limits
from core.synthesis import wire
from core.synthesis.known import PREPARE, SPEAK, SURE, Known
from core.synthesis.place import Identity

MB = 1 << 20
ON_CARD = Way(batch=4, device="cuda:0", dtype="fp32")
NO_OTHER_PLACE = Ladder(cpu_dtype=None)
GUESS = CostModel(stages={SPEAK: StageCost(name=SPEAK, per_unit_bytes=float(MB))})


def known(file: Path, points: Sequence[tuple[int, int, int]] = ()) -> Known:
    """Of an engine whose card guesses 1 MB per character; measured where there are points."""
    order = wire.Load(
        model=None,
        factory="",
        device="cuda:0",
        devices=("cuda", "cpu"),
        engine="some 1",
        prompts=None,
        calibration=str(file),
        cap_bytes=None,
        cost=GUESS,
        limits=Limits(),
        units_per_char=1.0,
    )
    made = Known(order, sink=lambda _: None, clock=lambda: 0.0)
    made.begin(Identity(name="card"), "fp32", 0)
    made.calibrate(SPEAK, points)
    return made


def said(*lengths: int) -> list[Utterance]:
    return [Utterance(text="a" * n, language="en", seed=0) for n in lengths]


MEASURED = [(10, 1, 10 * MB), (50, 1, 50 * MB), (100, 1, 100 * MB)]


def test_what_was_only_guessed_is_tried_the_smallest_way(tmp_path: Path) -> None:
    planned = known(tmp_path / "c.json").planned(said(10, 90), ON_CARD, NO_OTHER_PLACE, 20 * MB)
    assert [batch.items for batch in planned.batches] == [(0,), (1,)]
    assert not planned.refused


def test_what_was_measured_not_to_fit_is_refused_beforehand_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    made = known(tmp_path / "c.json", MEASURED)
    planned = made.planned(said(10, 90, 12), ON_CARD, NO_OTHER_PLACE, 20 * MB)
    assert sorted(at for batch in planned.batches for at in batch.items) == [0, 2]
    assert [refusal.index for refusal in planned.refused] == [1]
    refusal = planned.refused[0]
    assert refusal.needed_bytes == pytest.approx(90 * MB, rel=0.02)
    assert refusal.free_bytes == 20 * MB
    assert refusal.fits == "needs 90 MB, 20 MB may be used: up to 21 % of its length would fit"


def test_where_the_processor_is_left_nothing_is_refused_beforehand(tmp_path: Path) -> None:
    made = known(tmp_path / "c.json", MEASURED)
    planned = made.planned(said(90), ON_CARD, Ladder(cpu_dtype="fp32"), 20 * MB)
    assert [batch.items for batch in planned.batches] == [(0,)]
    assert not planned.refused


def test_where_a_lower_precision_would_fit_nothing_is_refused_beforehand(tmp_path: Path) -> None:
    made = known(tmp_path / "c.json", MEASURED)
    halves = Ladder(dtypes=("fp32", "fp16"), cpu_dtype=None)
    assert not made.planned(said(90), ON_CARD, halves, 50 * MB).refused
    assert made.planned(said(90), ON_CARD, halves, 20 * MB).refused


def test_what_may_fit_by_a_hair_is_tried(tmp_path: Path) -> None:
    made = known(tmp_path / "c.json", MEASURED)
    hair = int(90 * MB / SURE) + MB
    assert not made.planned(said(90), ON_CARD, NO_OTHER_PLACE, hair).refused
    assert made.planned(said(90), ON_CARD, NO_OTHER_PLACE, hair - 2 * MB).refused


def test_what_some_languages_need_makes_only_their_batches_smaller(tmp_path: Path) -> None:
    cost = CostModel(
        stages={
            SPEAK: StageCost(name=SPEAK, per_unit_bytes=float(MB)),
            PREPARE: StageCost(name=PREPARE),
        },
        late=(LateCost(languages=("zh",), card_bytes=20 * MB),),
    )
    order = wire.Load(
        model=None, factory="", device="cuda:0", devices=("cuda", "cpu"), engine="some 1",
        prompts=None, calibration=str(tmp_path / "c.json"), cap_bytes=None, cost=cost,
        limits=Limits(), units_per_char=1.0,
    )  # fmt: skip
    made = Known(order, sink=lambda _: None, clock=lambda: 0.0)
    made.begin(Identity(name="card"), "fp32", 0)

    def sizes(*languages: str) -> list[int]:
        batch = [Utterance(text="a" * 10, language=each, seed=0) for each in languages]
        planned = made.planned(batch, ON_CARD, NO_OTHER_PLACE, 40 * MB)
        assert all(batch.predicted_bytes <= 40 * MB for batch in planned.batches)
        return [len(batch.items) for batch in planned.batches]

    assert sizes("en", "ja", "en", "ko") == [4]
    assert sizes("zh", "zh", "zh", "zh") == [2, 2]
    assert sizes("en", "en", "zh", "en") == [2, 2], "it stays loaded through the order"
    assert made.prepare_bytes(5, ON_CARD, ["zh"]) == 20 * MB
    assert made.prepare_bytes(5, ON_CARD, None) == 20 * MB
    assert made.prepare_bytes(5, ON_CARD, ["en"]) == 0
    (batch,) = made.planned(said(10), ON_CARD, NO_OTHER_PLACE, 40 * MB).batches
    assert made.speak_bytes(batch, ON_CARD, {"zh"}) - made.speak_bytes(batch, ON_CARD, {"en"}) == (
        20 * MB
    )
