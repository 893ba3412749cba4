"""A small real engine behind the guard: whatever memory does, all is said, and as it should be."""

from __future__ import annotations

import dataclasses
import gc
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio.samples import Samples
from core.engines.nn.ledger import Ledger
from core.engines.protocol import Prompt, Utterance
from core.errors import ResourceError
from core.memory.cost import CostModel, LateCost, StageCost
from core.memory.descent import Remembered
from core.memory.guard import EngineFatal, OutOfRoom
from core.memory.ladder import Ladder, Origin, Way
from core.memory.moments import Kind, MemoryEvent
from core.synthesis import stress, wire
from core.synthesis.fitting import Costs, costs_of, fit, report
from core.synthesis.guarded import SPEAK, GuardedEngine
from tests.fakes import plan_of, reference
from tests.tiny_engine import TINY_CARD, TinyEngine, TinySession

TEXTS = ("abc", "de fgh", "hello", "i")
BRIEF = ("ab", "c")
LONG = tuple("abcdefgh " * n for n in (2, 3, 4, 6))

SAME = 1e-5
"""A sum of a few hundred float32 products of size 1, in another order (issue: chunked decoding)."""


@pytest.fixture(autouse=True)
def _quick_collections() -> Iterator[None]:
    """What the test program itself holds is left out of the guard's collections."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Scene:
    """The tiny engine on a card of its own."""

    def __init__(
        self,
        *,
        cap_bytes: int | None = None,
        fail_at: int | None = None,
        calibration: Path | None = None,
        cost: CostModel | None = None,
        device: str = "cuda",
    ) -> None:
        self.ledger = Ledger(cap_bytes, fail_at_allocation=fail_at)
        self.events: list[MemoryEvent] = []
        self.engine = GuardedEngine(
            TinyEngine(self.ledger),
            load_order(calibration=calibration, cost=cost, device=device),
            sink=self.events.append,
        )
        self.engine.load()

    def prepare(self) -> Prompt:
        return self.engine.prepare(reference(1.0))

    def say(self, prompt: Prompt, texts: tuple[str, ...] = TEXTS) -> list[Samples]:
        batch = [Utterance(text=text, language="en", seed=at) for at, text in enumerate(texts)]
        pieces = list(self.engine.speak(prompt, batch, {}, threading.Event()))
        assert sorted(said.position for said in pieces) == list(range(len(batch)))
        self.origins = {said.origin for said in pieces}
        made = {said.position: said.audio for said in pieces}
        return [made[key].samples for key in range(len(batch))]

    def live(self) -> int:
        gc.collect()
        return self.ledger.live_bytes

    def said(self, *kinds: Kind) -> list[str]:
        return [event.text for event in self.events if event.kind in kinds]


def load_order(
    *,
    calibration: Path | None = None,
    cost: CostModel | None = None,
    cap_bytes: int | None = None,
    device: str = "cuda",
) -> wire.Load:
    return wire.Load(
        model=None,
        factory="",
        device=device,
        devices=TINY_CARD.devices,
        engine="tiny 1",
        prompts=None,
        calibration=None if calibration is None else str(calibration),
        cap_bytes=cap_bytes,
        cost=cost,
        limits=TINY_CARD.limits,
        units_per_char=TINY_CARD.units_per_char,
    )


def same(left: list[Samples], right: list[Samples]) -> bool:
    return all(
        len(one) == len(other) and float(np.abs(one - other).max()) <= SAME
        for one, other in zip(left, right, strict=True)
    )


@pytest.fixture(scope="module")
def undisturbed() -> dict[tuple[str, ...], list[Samples]]:
    scene = Scene()
    prompt = scene.prepare()
    return {texts: scene.say(prompt, texts) for texts in (TEXTS, BRIEF, LONG)}


def n_allocations(call: Callable[[Scene], object], scene: Scene) -> int:
    before = scene.ledger.n_allocations
    call(scene)
    return scene.ledger.n_allocations - before


# A failure at any allocation


def test_a_failure_at_any_allocation_of_loading_changes_nothing(
    undisturbed: dict[tuple[str, ...], list[Samples]],
) -> None:
    whole = Scene()
    live = whole.live()
    for n in range(1, whole.ledger.n_allocations + 1):
        scene = Scene(fail_at=n)
        assert scene.said(Kind.OOM), n
        assert scene.live() == live, n
    assert same(scene.say(scene.prepare(), BRIEF), undisturbed[BRIEF])


def test_a_failure_at_any_allocation_of_preparing_changes_nothing(
    undisturbed: dict[tuple[str, ...], list[Samples]],
) -> None:
    scene = Scene()
    expected = scene.prepare()
    live, n_all = scene.live(), n_allocations(Scene.prepare, scene)
    assert n_all > 3
    for n in range(1, n_all + 1):
        scene.ledger.n_allocations, scene.ledger.fail_at_allocation = 0, n
        prompt = scene.prepare()
        np.testing.assert_array_equal(prompt.speaker, expected.speaker)  # type: ignore[attr-defined]
        assert scene.live() == live, n
    assert len(scene.said(Kind.OOM)) == n_all


def test_a_failure_at_any_allocation_of_speaking_changes_nothing(
    undisturbed: dict[tuple[str, ...], list[Samples]],
) -> None:
    scene = Scene()
    prompt = scene.prepare()
    live, n_all = scene.live(), n_allocations(lambda one: one.say(prompt, BRIEF), scene)
    assert n_all > 50
    for n in range(1, n_all + 1):
        scene.ledger.n_allocations, scene.ledger.fail_at_allocation = 0, n
        assert same(scene.say(prompt, BRIEF), undisturbed[BRIEF]), n
        assert scene.live() == live, n
    assert len(scene.said(Kind.OOM)) == n_all


# Small cards


@pytest.mark.parametrize("share", [0.9, 0.6, 0.3, 0.1, 0.0])
def test_on_a_smaller_card_all_is_said_in_smaller_ways(
    share: float, undisturbed: dict[tuple[str, ...], list[Samples]]
) -> None:
    scene = Scene()
    prompt = scene.prepare()
    live = scene.live()
    scene.ledger.reset_peak()
    scene.say(prompt)
    scene.ledger.cap_bytes = live + int(share * (scene.ledger.peak_bytes - live))
    sounds = scene.say(prompt)
    taken = " ".join(scene.said(Kind.RUNG, Kind.EVICT))
    assert taken
    instead = {origin.instead_of for origin in scene.origins} - {None}
    if "precision" in taken or "processor" in taken:
        assert instead == {"fp32 on cuda"}
    else:
        assert not instead
    if "precision" not in taken:
        assert same(sounds, undisturbed[TEXTS])
    assert all(np.isfinite(each).all() and len(each) for each in sounds)
    assert scene.live() <= live


def test_what_fits_on_no_card_is_said_by_the_processor(
    undisturbed: dict[tuple[str, ...], list[Samples]],
) -> None:
    scene = Scene()
    prompt = scene.prepare()
    scene.ledger.cap_bytes = 1000
    assert same(scene.say(prompt), undisturbed[TEXTS])
    rungs = " ".join(scene.said(Kind.RUNG))
    ladder = ("cleared", "batch 4 -> 2", "batch 2 -> 1", "32 -> 16", "16 -> 8", "fp32 -> bf16")
    places = [rungs.index(step) for step in (*ladder, "the processor")]
    assert places == sorted(places)
    assert scene.live() == 0
    assert scene.origins == {Origin(device="cpu", dtype="fp32", instead_of="fp32 on cuda")}


def test_in_lower_precision_a_sound_is_another_and_says_so(
    undisturbed: dict[tuple[str, ...], list[Samples]],
) -> None:
    scene = Scene()
    prompt = scene.prepare()
    assert same(scene.say(prompt), undisturbed[TEXTS])
    assert scene.origins == {Origin(device="cuda", dtype="fp32")}
    scene.engine._guard._remembered["speak"] = Remembered(
        steps=[Way(batch=1, decode_chunk=8, dtype="bf16", device="cuda")], until_s=math.inf
    )
    assert not same(scene.say(prompt), undisturbed[TEXTS])
    assert scene.origins == {Origin(device="cuda", dtype="bf16", instead_of="fp32 on cuda")}


def test_what_does_not_even_load_is_loaded_on_the_processor(
    undisturbed: dict[tuple[str, ...], list[Samples]],
) -> None:
    scene = Scene(cap_bytes=1000)
    assert same(scene.say(scene.prepare()), undisturbed[TEXTS])
    assert scene.engine.standing_now(0, 0, ()).device == "cpu"
    assert scene.origins == {Origin(device="cpu", dtype="fp32", instead_of="fp32 on cuda")}
    assert scene.live() == 0


def test_a_lost_device_is_not_met_with_smaller_ways() -> None:
    scene = Scene()
    prompt = scene.prepare()

    def lost(wanted: int, live: int, cap: int | None) -> BaseException:
        return RuntimeError("CUDA error: device-side assert triggered")

    scene.ledger._fault = lost
    scene.ledger.n_allocations, scene.ledger.fail_at_allocation = 0, 20
    with pytest.raises(EngineFatal, match="device-side assert"):
        scene.say(prompt)
    assert not scene.said(Kind.RUNG)


# What is known of it


def test_memory_is_split_into_what_it_is_used_for() -> None:
    scene = Scene()
    prompt = scene.prepare()
    idle = scene.engine.standing_now(0, 0, ()).split
    assert idle.weights_bytes == idle.ours_bytes == scene.live()
    assert (idle.kv_bytes, idle.activation_bytes, idle.cache_bytes) == (0, 0, 0)
    batch = [Utterance(text=text, language="en", seed=1) for text in TEXTS]
    pieces = scene.engine.speak(prompt, batch, {}, threading.Event())
    next(pieces)
    told = scene.engine.standing_now(1, 1, ())
    assert told.batch == 4
    assert told.split.kv_bytes is not None
    assert told.split.kv_bytes > 1000
    assert told.split.ours_bytes == scene.ledger.live_bytes
    assert not told.is_settled
    pieces.close()
    assert scene.engine.standing_now(1, 1, ()).is_settled


def test_after_a_stress_test_nothing_runs_out_on_any_card(
    tmp_path: Path, undisturbed: dict[tuple[str, ...], list[Samples]]
) -> None:
    file = tmp_path / "calibration.json"
    scene = Scene(calibration=file)
    peaks = measured(scene)
    assert {peak.stage for peak in peaks} == {"prepare", "speak"}
    assert {peak.batch for peak in peaks} == {1, 4}
    # Another process, as after a restart, on smaller and smaller cards.
    tried = Scene(calibration=file)
    prompt = tried.prepare()
    live = tried.live()
    tried.ledger.reset_peak()
    tried.say(prompt, LONG)
    top = tried.ledger.peak_bytes - live
    for share in (1.1, 0.9, 0.7, 0.5):
        again = Scene(calibration=file)
        prompt = again.prepare()
        again.ledger.cap_bytes = live + int(share * top)
        assert same(again.say(prompt, LONG), undisturbed[LONG]), share
        assert not again.said(Kind.OOM), share


def test_a_stress_test_says_what_fits(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    scene = Scene(calibration=file)
    peaks = measured(scene)
    cost = scene.engine.cost
    assert cost is not None
    said = costs_of(TINY_CARD, "cuda", file)
    assert said is not None
    assert said.cost == cost
    assert set(said.measured) == {"prepare", "speak"}
    assert costs_of(TINY_CARD, "cpu", file) is None
    wide = report(TINY_CARD, "cuda", peaks, cost, 1 << 30)
    assert (wide.max_reference_s, wide.max_chars, wide.max_batch) == (10, 80, 4)
    narrow = report(TINY_CARD, "cuda", peaks, cost, cost.weights_bytes + 300_000)
    assert narrow.max_chars is not None
    assert 0 < narrow.max_chars < 80
    assert f"up to {narrow.max_chars} characters" in narrow.in_words()
    plan = fit(plan_of("Hello.", "Again."), TINY_CARD, said, budget_bytes=1 << 30, device="cuda")
    assert plan.in_words().startswith("2 segments, in one batch, about ")


def test_what_was_measured_not_to_fit_is_left_out_without_a_try_and_the_others_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a card that can neither do lower precision nor hand over to the processor.
    monkeypatch.setattr(TinySession, "ladder", Ladder(min_chunk=8, cpu_dtype=None))
    file = tmp_path / "calibration.json"
    measured(Scene(calibration=file))
    scene = Scene(calibration=file)
    prompt = scene.prepare()
    scene.ledger.cap_bytes = scene.live() + 300_000  # "ab" takes 183 kB, the long one 516
    texts = ("ab", "abcdefgh " * 8, "c")
    batch = [Utterance(text=text, language="en", seed=at) for at, text in enumerate(texts)]
    pieces = scene.engine.speak(prompt, batch, {}, threading.Event(), (6, 7, 8))
    assert sorted(next(pieces).position for _ in range(2)) == [0, 2]
    with pytest.raises(OutOfRoom, match=r"Segment 8 needs .* may be used: up to \d+ %") as refusal:
        next(pieces)
    assert refusal.value.needed_bytes is not None
    assert refusal.value.needed_bytes > 1.1 * refusal.value.free_bytes
    assert not scene.said(Kind.OOM)
    (told,) = scene.said(Kind.RUNG)
    assert "left out without a try" in told


def test_how_long_texts_become_is_learnt_per_language(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    scene = Scene(calibration=file)
    english = Utterance(text="a" * 10, language="en", seed=0)
    chinese = Utterance(text="a" * 10, language="zh", seed=0)
    assert scene.engine.units(chinese) == 20
    prompt = scene.prepare()
    for at in range(8):
        # The tiny engine makes two tokens of a character, and says so.
        list(scene.engine.speak(prompt, [english], {}, threading.Event()))
        scene.engine._known.spoken(chinese, 60 + at % 2)
    assert scene.engine.units(english) == 20
    assert scene.engine.units(chinese) == 61
    scene.engine.close()
    costs = costs_of(dataclasses.replace(TINY_CARD, languages=("en", "zh")), "cuda", file)
    assert costs is not None
    assert costs.units_per_char == {"zh": 6.1}


def measured(scene: Scene) -> list[wire.Peak]:
    order = wire.Measure(
        number=1,
        rate=reference().audio.rate,
        reference_s=(1.0, 2.0, 4.0),
        utterances=tuple(Utterance(text="abcdefgh " * n, language="en", seed=1) for n in (1, 3, 6)),
        settings={},
        max_batch=4,
        samples=reference(4.0).audio.samples,
    )
    return list(stress.measure(scene.engine, order, threading.Event()))


# A cap on the host


def test_a_cap_that_is_too_small_is_named_with_numbers() -> None:
    told: list[MemoryEvent] = []
    order = load_order(cap_bytes=1 << 20, device="cpu")
    engine = GuardedEngine(TinyEngine(), order, sink=told.append)
    with pytest.raises(ResourceError) as refusal:
        engine.load()
    assert "memory cap is 1.0 MB" in refusal.value.message
    assert "--memory-cap" in refusal.value.hint
    assert [event.kind for event in told].count(Kind.OOM) == 2


def test_the_page_counts_for_a_text_what_its_languages_need() -> None:
    cost = CostModel(
        stages={SPEAK: StageCost(name=SPEAK, per_unit_bytes=10.0)},
        late=(LateCost(languages=("zh",), card_bytes=5000),),
    )
    known = Costs(cost=cost, fingerprint=None, measured=())

    def peak(*languages: str) -> int:
        text = plan_of(*("Hello." for _ in languages))
        segments = [
            dataclasses.replace(each, language=language)
            for each, language in zip(text.segments, languages, strict=True)
        ]
        text = dataclasses.replace(text, segments=tuple(segments))
        return fit(text, TINY_CARD, known, budget_bytes=1 << 30, device="cuda").peak_bytes

    assert peak("zh", "en") == peak("en", "en") + 5000
    assert peak("ja", "en") == peak("en", "en")
