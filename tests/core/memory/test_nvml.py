"""NVIDIA's library in every mood: nothing it answers may raise or reach the panel as a number."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.memory.device import ask_torch
from core.memory.nvml import Nvml
from core.memory.readings import Throttle

MISSING = 2**64 - 1
"""What the library writes where it has no value (NVML_VALUE_NOT_AVAILABLE)."""

ERROR_CODES = sorted(
    value
    for name, value in vars(pynvml).items()
    if name.startswith("NVML_ERROR_") and isinstance(value, int)
)


def nvml_error(code: int) -> Exception:
    return pynvml.NVMLError(code)  # type: ignore[no-any-return]


class FakeLibrary:
    """Behaves like `pynvml` with a number of healthy cards; any function can be replaced."""

    NVMLError = pynvml.NVMLError
    nvmlMemory_v2 = pynvml.nvmlMemory_v2
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, uuids: tuple[str, ...] = ("GPU-a",)) -> None:
        self.uuids = list(uuids)
        self.calls: list[str] = []
        self.moods: dict[str, Callable[..., Any]] = {}
        self.healthy: dict[str, Callable[..., Any]] = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.uuids),
            "nvmlDeviceGetHandleByIndex": lambda index: self.uuids[index],
            "nvmlDeviceGetUUID": lambda handle: handle,
            "nvmlDeviceGetName": lambda handle: f"Card {handle}",
            "nvmlDeviceGetMemoryInfo": self._memory,
            "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=37, memory=5),
            "nvmlDeviceGetTemperatureV": lambda handle, sensor: 61,
            "nvmlDeviceGetTemperature": lambda handle, sensor: 60,
            "nvmlDeviceGetPowerUsage": lambda handle: 123_400,
            "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 250_000,
            "nvmlDeviceGetPowerManagementLimit": lambda handle: 300_000,
            "nvmlDeviceGetClockInfo": lambda handle, domain: 1395,
            "nvmlDeviceGetMaxClockInfo": lambda handle, domain: 2100,
            "nvmlDeviceGetCurrentClocksEventReasons": lambda handle: 0x24,
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda handle: 0x8,
            "nvmlDeviceGetComputeRunningProcesses": lambda handle: [
                SimpleNamespace(pid=11, usedGpuMemory=1000),
                SimpleNamespace(pid=22, usedGpuMemory=2000),
                SimpleNamespace(pid=33, usedGpuMemory=4000),
            ],
        }

    @staticmethod
    def _memory(handle: str, version: int | None = None) -> SimpleNamespace:
        # The first form counts what the driver reserves as used, the second does not.
        return SimpleNamespace(total=8 << 30, used=(2 << 30) + (0 if version else 300 << 20))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith("nvml"):
            raise AttributeError(name)
        self.calls.append(name)
        function = self.moods.get(name) or self.healthy.get(name)
        if function is None:
            raise AttributeError(name)
        return function

    def fail(self, name: str, error: Exception) -> None:
        def broken(*_: object) -> None:
            raise error

        self.moods[name] = broken


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def reader(library: FakeLibrary, clock: Clock | None = None, *, knows_pids: bool = True) -> Nvml:
    return Nvml(library, clock=clock or Clock(), knows_pids=lambda: knows_pids)


def test_a_healthy_card_is_read_whole() -> None:
    nvml = reader(FakeLibrary())
    (card,) = nvml.read(frozenset({11, 33, 99}))
    assert nvml.state == "ok"
    assert (card.uuid, card.name) == ("GPU-a", "Card GPU-a")
    assert (card.total_bytes, card.used_bytes, card.ours_bytes) == (8 << 30, 2 << 30, 5000)
    assert (card.busy_percent, card.celsius) == (37.0, 61.0)
    assert (card.watts, card.limit_watts) == (123.4, 250.0)
    assert (card.clock_mhz, card.top_clock_mhz) == (1395.0, 2100.0)
    assert card.throttles == (Throttle.POWER, Throttle.HEAT)


def test_a_machine_without_a_driver_is_asked_once_a_minute() -> None:
    library, clock = FakeLibrary(), Clock()
    library.fail("nvmlInit", nvml_error(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND))
    nvml = reader(library, clock)
    for _ in range(240):
        assert nvml.read(frozenset()) == ()
        assert nvml.state == "none"
        clock.now_s += 0.25
    assert library.calls.count("nvmlInit") == 1
    clock.now_s += 1
    nvml.read(frozenset())
    assert library.calls.count("nvmlInit") == 2


def test_a_driver_installed_later_is_found() -> None:
    library, clock = FakeLibrary(), Clock()
    library.fail("nvmlInit", OSError("libnvidia-ml.so.1: wrong ELF class"))
    nvml = reader(library, clock)
    nvml.read(frozenset())
    library.moods.clear()
    clock.now_s += 61
    assert len(nvml.read(frozenset())) == 1
    assert nvml.state == "ok"


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_UNINITIALIZED])
def test_a_card_that_is_lost_comes_back_by_itself(code: int) -> None:
    library, clock = FakeLibrary(("GPU-a", "GPU-b")), Clock()
    nvml = reader(library, clock)
    assert len(nvml.read(frozenset())) == 2

    def lost_card(handle: str, version: int | None = None) -> SimpleNamespace:
        if handle == "GPU-a":
            raise nvml_error(code)
        return FakeLibrary._memory(handle, version)

    library.moods["nvmlDeviceGetMemoryInfo"] = lost_card
    clock.now_s += 1
    assert [card.uuid for card in nvml.read(frozenset())] == ["GPU-b"], "the other one goes on"
    assert nvml.state == "lost"
    library.moods.clear()
    clock.now_s += 6
    assert [card.uuid for card in nvml.read(frozenset())] == ["GPU-a", "GPU-b"]
    assert nvml.state == "ok"


def test_a_lost_card_is_not_looked_for_at_every_tick() -> None:
    library, clock = FakeLibrary(), Clock()
    nvml = reader(library, clock)
    nvml.read(frozenset())
    library.fail("nvmlDeviceGetHandleByIndex", nvml_error(pynvml.NVML_ERROR_GPU_IS_LOST))
    library.fail("nvmlDeviceGetMemoryInfo", nvml_error(pynvml.NVML_ERROR_GPU_IS_LOST))
    for _ in range(600):
        clock.now_s += 1
        nvml.read(frozenset())
        assert nvml.state == "lost"
    # Waits of 5, 10, 20 and 40 s, then one a minute: about 13 in ten minutes, not 600.
    assert 8 <= library.calls.count("nvmlInit") <= 16


def test_cards_are_known_by_uuid_when_their_order_changes() -> None:
    library, clock = FakeLibrary(("GPU-a", "GPU-b")), Clock()
    nvml = reader(library, clock)
    nvml.read(frozenset())
    library.fail("nvmlDeviceGetUtilizationRates", nvml_error(pynvml.NVML_ERROR_UNINITIALIZED))
    clock.now_s += 1
    nvml.read(frozenset())
    library.moods.clear()
    library.uuids.reverse()
    clock.now_s += 6
    assert {card.uuid: card.name for card in nvml.read(frozenset())} == {
        "GPU-a": "Card GPU-a",
        "GPU-b": "Card GPU-b",
    }
    assert nvml.state == "ok"


METRICS = {
    "nvmlDeviceGetMemoryInfo": ("total_bytes", "used_bytes"),
    "nvmlDeviceGetUtilizationRates": ("busy_percent",),
    "nvmlDeviceGetTemperatureV": ("celsius",),
    "nvmlDeviceGetPowerUsage": ("watts",),
    "nvmlDeviceGetEnforcedPowerLimit": ("limit_watts",),
    "nvmlDeviceGetComputeRunningProcesses": ("ours_bytes",),
    "nvmlDeviceGetClockInfo": ("clock_mhz",),
    "nvmlDeviceGetMaxClockInfo": ("top_clock_mhz",),
    "nvmlDeviceGetCurrentClocksEventReasons": ("throttles",),
}
SECOND_WAYS = {
    "nvmlDeviceGetTemperatureV": "nvmlDeviceGetTemperature",
    "nvmlDeviceGetEnforcedPowerLimit": "nvmlDeviceGetPowerManagementLimit",
    "nvmlDeviceGetCurrentClocksEventReasons": "nvmlDeviceGetCurrentClocksThrottleReasons",
}


@pytest.mark.parametrize("function", METRICS)
def test_a_metric_that_a_card_lacks_is_unknown_and_the_others_stay(function: str) -> None:
    library = FakeLibrary()
    for name in (function, SECOND_WAYS.get(function, function)):
        library.fail(name, nvml_error(pynvml.NVML_ERROR_NOT_SUPPORTED))
    nvml = reader(library)
    (card,) = nvml.read(frozenset({11}))
    unknown = {name for name, value in vars(card).items() if value is None}
    assert unknown == set(METRICS[function])
    assert nvml.state == "ok"


@pytest.mark.parametrize("function", SECOND_WAYS)
def test_an_older_driver_is_asked_the_older_way(function: str) -> None:
    library = FakeLibrary()
    library.fail(function, nvml_error(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND))
    (card,) = reader(library).read(frozenset())
    newest = (61.0, 250.0, (Throttle.POWER, Throttle.HEAT))
    oldest = (60.0, 300.0, (Throttle.HARDWARE,))
    answers = (card.celsius, card.limit_watts, card.throttles)
    older = [new != answer for new, answer in zip(newest, answers, strict=True)]
    assert older.count(True) == 1
    assert answers[older.index(True)] == oldest[older.index(True)]


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (0, ()),
        (0x1, ()),  # idle
        (0x2 | 0x100, ()),  # clocks that somebody set
        (0x4, (Throttle.POWER,)),
        (0x20, (Throttle.HEAT,)),
        (0x40, (Throttle.HEAT,)),
        (0x80, (Throttle.HARDWARE,)),
        (0x48, (Throttle.HEAT, Throttle.HARDWARE)),
        (0x10, (Throttle.SYNC,)),
        (2**32 - 1, None),
        (MISSING, None),
    ],
)
def test_a_card_that_is_held_back_says_by_what(
    mask: int, said: tuple[Throttle, ...] | None
) -> None:
    library = FakeLibrary()
    for name in (
        SECOND_WAYS["nvmlDeviceGetCurrentClocksEventReasons"],
        ("nvmlDeviceGetCurrentClocksEventReasons"),
    ):
        library.moods[name] = lambda handle: mask
    (card,) = reader(library).read(frozenset())
    assert card.throttles == said


@pytest.mark.parametrize("code", ERROR_CODES)
@pytest.mark.parametrize("function", [*METRICS, "nvmlInit", "nvmlDeviceGetCount"])
def test_each_error_of_each_question_is_no_number_and_passes(function: str, code: int) -> None:
    library, clock = FakeLibrary(), Clock()
    nvml = reader(library, clock)
    (whole,) = nvml.read(frozenset({11}))
    for name in (function, SECOND_WAYS.get(function, function)):
        library.fail(name, nvml_error(code))
    for _ in range(3):
        clock.now_s += 61
        for card in nvml.read(frozenset({11})):
            _assert_possible(card)
            known = {name: value for name, value in vars(card).items() if value is not None}
            assert {**known, "at_s": 0} == {**{name: getattr(whole, name) for name in known},
                                            "at_s": 0}  # fmt: skip
    library.moods.clear()
    for _ in range(3):
        clock.now_s += 61
        cards = nvml.read(frozenset({11}))
    (again,) = cards
    assert {**vars(again), "at_s": 0} == {**vars(whole), "at_s": 0}


def test_memory_falls_back_to_the_first_form() -> None:
    library = FakeLibrary()

    def only_first_form(handle: str, version: int | None = None) -> SimpleNamespace:
        if version is not None:
            raise nvml_error(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
        return FakeLibrary._memory(handle)

    library.moods["nvmlDeviceGetMemoryInfo"] = only_first_form
    (card,) = reader(library).read(frozenset())
    assert (card.total_bytes, card.used_bytes) == (8 << 30, (2 << 30) + (300 << 20))


def test_a_failing_metric_recovers_by_itself_and_costs_little_meanwhile() -> None:
    library, clock = FakeLibrary(), Clock()
    library.fail("nvmlDeviceGetPowerUsage", nvml_error(pynvml.NVML_ERROR_UNKNOWN))
    nvml = reader(library, clock)
    for _ in range(120):
        (card,) = nvml.read(frozenset())
        assert card.watts is None
        assert card.busy_percent == 37.0
        clock.now_s += 1
    assert library.calls.count("nvmlDeviceGetPowerUsage") <= 8
    library.moods.clear()
    clock.now_s += 60
    (card,) = nvml.read(frozenset())
    assert card.watts == 123.4


@pytest.mark.parametrize(
    ("knows_pids", "sizes", "expected"),
    [
        (True, {7: 100}, 0),
        (False, {7: 100}, None),
        (False, {11: 100, 7: 5}, 100),
        (True, {11: None}, None),
        (True, {11: MISSING, 22: 5}, None),
        (True, {}, 0),
    ],
    ids=["not-ours", "container", "host-pids-shared", "wddm", "sentinel", "idle-card"],
)
def test_our_memory_is_a_sum_or_unknown_never_a_guess(
    knows_pids: bool, sizes: dict[int, int | None], expected: int | None
) -> None:
    library = FakeLibrary()
    library.moods["nvmlDeviceGetComputeRunningProcesses"] = lambda handle: [
        SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in sizes.items()
    ]
    (card,) = reader(library, knows_pids=knows_pids).read(frozenset({11, 22}))
    assert card.ours_bytes == expected


def test_the_real_library_without_a_driver_is_no_error() -> None:
    nvml = Nvml()
    readings = nvml.read(frozenset())
    assert nvml.state in ("none", "ok")
    assert (nvml.state == "ok") == bool(readings)
    nvml.close()


# Every function may answer anything that a C library and its binding ever gave somebody; only a
# well-formed name of a card that is not there could not be told from a real one.
FUNCTIONS = sorted(FakeLibrary().healthy)
ODD_ERRORS = [
    OSError("cannot map"),
    ValueError("embedded null byte"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    AttributeError("undefined symbol"),
    TypeError("takes 1 positional argument"),
    ctypes.ArgumentError("argument 1"),
]
ODD_NUMBERS = st.sampled_from(
    [MISSING, 2**32 - 1, 2**63, -1, 0, True, float("nan"), float("inf"), "", b"", None, 10**30]
)
ODD_ANSWERS = st.one_of(
    ODD_NUMBERS,
    st.builds(
        lambda total, used, gpu: SimpleNamespace(total=total, used=used, gpu=gpu),
        ODD_NUMBERS,
        ODD_NUMBERS,
        ODD_NUMBERS,
    ),
    st.lists(
        st.builds(
            lambda pid, size: SimpleNamespace(pid=pid, usedGpuMemory=size),
            st.sampled_from([11, 22, None, MISSING]),
            ODD_NUMBERS,
        ),
        max_size=3,
    ),
)
MOODS = st.one_of(
    st.sampled_from(ERROR_CODES).map(nvml_error),
    st.sampled_from(ODD_ERRORS),
    ODD_ANSWERS,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FUNCTIONS), MOODS, max_size=6), max_size=6))
def test_no_mood_of_the_driver_raises_or_makes_up_a_number(days: list[dict[str, object]]) -> None:
    library, clock = FakeLibrary(("GPU-a", "GPU-b")), Clock()
    nvml = reader(library, clock)
    for day in days:
        for name, mood in day.items():
            if isinstance(mood, Exception):
                library.fail(name, mood)
            else:
                library.moods[name] = lambda *_, answer=mood: answer
        for card in nvml.read(frozenset({11, 22})):
            _assert_possible(card)
        assert nvml.state in ("ok", "none", "lost")
        clock.now_s += 7
        library.moods.clear()
    # Two minutes after the last trouble nothing is left of it.
    for _ in range(4):
        clock.now_s += 61
        cards = nvml.read(frozenset({11, 22}))
    assert nvml.state in ("ok", "lost"), "a uuid that was made up stays missed"
    for card in cards:
        assert None not in vars(card).values()
    assert {"GPU-a", "GPU-b"} <= {card.uuid for card in cards}
    nvml.close()


def _assert_possible(card: Any) -> None:
    assert isinstance(card.uuid, str)
    assert isinstance(card.name, str)
    for name in ("total_bytes", "used_bytes", "ours_bytes"):
        value = getattr(card, name)
        assert value is None or (type(value) is int and 0 <= value <= 2**46 * 2)
    assert (card.total_bytes is None) == (card.used_bytes is None)
    assert card.total_bytes is None or card.used_bytes <= card.total_bytes
    for name, low, high in (
        ("busy_percent", 0, 100),
        ("watts", 0, 10_000),
        ("limit_watts", 0, 10_000),
        ("celsius", -60, 200),
        ("clock_mhz", 0, 20_000),
        ("top_clock_mhz", 0, 20_000),
    ):
        value = getattr(card, name)
        assert value is None or (type(value) is float and low <= value <= high)
    assert card.throttles is None or set(card.throttles) <= set(Throttle)


@pytest.mark.gpu
def test_a_real_card_is_read_and_torch_knows_it_by_the_same_uuid() -> None:
    nvml = Nvml()
    cards = {card.uuid: card for card in nvml.read(frozenset())}
    assert nvml.state == "ok"
    seen = ask_torch()
    assert seen.devices, seen.error
    for device in seen.devices:
        assert device.uuid in cards
        card = cards[device.uuid]
        assert card.total_bytes is not None
        # The driver keeps a few percent for itself, which torch does not count.
        assert 0.9 * card.total_bytes <= device.total_bytes <= card.total_bytes
        assert card.busy_percent is not None
        assert card.celsius is not None
    nvml.close()
