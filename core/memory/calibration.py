"""What was measured on this device, kept in a file, and the costs as they stand after it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.memory.cost import CostModel, Point, StageCost, fit
from core.memory.moments import Kind, MemoryEvent, in_words
from core.paths import whole_file

VERSION = 1

WINDOW = 200
"""Observations of a stage that count; older ones are forgotten, so that a correction decays."""
FIXED_MAX_BYTES = 128 << 20
"""Of what every run took too much, this much is taken for a workspace of fixed size."""
TOLD_SHARE = 0.05
"""A correction smaller than this is nobody's news."""
POINTS_MAX = 256
ENOUGH_SAID = 8
"""Utterances of a language after which their lengths say more than the engine's own guess."""
SAID_SHARE = 0.9
"""Of the utterances, this many are no longer for their text than what is predicted. Not all: one
that never found its end would make every later one look as long."""
LANGUAGES_MAX = 64
ENTRIES_MAX = 64

_log = logging.getLogger("timbre.memory")


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What a calibration holds for. A change in any of it begins a new one.

    Args:
        device: UUID, or the name where there is none; `cpu`.
        driver: Version; empty where there is none.
        torch: Version, build included.
        model: Digest of the checkpoint, or engine and version.
        dtype: Precision.
    """

    device: str
    driver: str
    torch: str
    model: str
    dtype: str

    @property
    def key(self) -> str:
        parts = (self.device, self.driver, self.torch, self.model, self.dtype)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


@dataclass(kw_only=True)
class _Stage:
    """What is known of one stage on this device."""

    fitted: StageCost | None = None
    points: tuple[Point, ...] = ()
    seen: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    """(predicted, observed), uncorrected."""

    def corrected(self, cost: StageCost) -> StageCost:
        """The formula, raised until it stands above everything seen."""
        shaped = [(predicted, observed) for predicted, observed in self.seen if predicted > 0]
        # Where nothing is known of the shape, the most that was seen is all there is to say.
        fixed = max((observed for predicted, observed in self.seen if predicted == 0), default=0)
        if shaped:
            extra = min(observed - predicted for predicted, observed in shaped)
            extra = min(max(0, extra), FIXED_MAX_BYTES)
            factor = max((observed - extra) / predicted for predicted, observed in shaped)
            factor = max(1.0, factor)
            # Predictions are rounded up to bytes; what that hides is at most one byte of each.
            cost = cost.times(factor)
            cost = replace(cost, fixed_bytes=cost.fixed_bytes + extra + math.ceil(factor - 1))
        return replace(cost, fixed_bytes=max(cost.fixed_bytes, fixed))


class Calibration:
    """The costs of one model on one device. For one thread.

    Args:
        file: `cache/calibration.json`. One that cannot be read is set aside.
        fingerprint: What it holds for.
        default: Costs as counted without a device.
        sink: Told when a prediction was corrected.
        clock: Monotonic seconds, for the events.
    """

    def __init__(
        self,
        file: Path,
        fingerprint: Fingerprint,
        default: CostModel,
        *,
        sink: Callable[[MemoryEvent], None] | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._file = file
        self._fingerprint = fingerprint
        self._default = default
        self._sink = sink
        self._clock = clock
        self._weights_bytes: int | None = None
        self._stages: dict[str, _Stage] = {}
        self._said: dict[str, deque[tuple[int, float]]] = {}
        entry = _read(file).get(fingerprint.key)
        if entry is not None:
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                self._take(entry)

    @property
    def cost(self) -> CostModel:
        """The costs as they stand: fitted where measured, corrected by what was seen since."""
        stages = {
            name: self._stages.get(name, _Stage()).corrected(self._base(name))
            for name in {**self._default.stages, **self._stages}
        }
        weights = (
            self._default.weights_bytes if self._weights_bytes is None else self._weights_bytes
        )
        return replace(self._default, stages=stages, weights_bytes=weights)

    def is_measured(self, stage: str) -> bool:
        """Whether the stage was fitted to runs on this device."""
        return stage in self._stages and self._stages[stage].fitted is not None

    def points(self, stage: str) -> tuple[Point, ...]:
        """What the stage was fitted to."""
        return self._stages[stage].points if stage in self._stages else ()

    def measured(self, stage: str, points: Sequence[Point], *, chunk: int = 0) -> StageCost:
        """Fit a stage to runs on this device; replaces what was known of it.

        Args:
            stage: Which.
            points: n, rows, peak above the loaded models, without keys and values.
            chunk: Units decoded at once in these runs; 0 for all.

        Raises:
            ValueError: Nothing to fit to.
        """
        default = self._default.stages.get(stage, StageCost(name=stage))
        has_shape = default.per_row_bytes or default.per_unit_bytes or default.per_unit2_bytes
        seen = [(*default.at_once(n, rows, chunk), peak) for n, rows, peak in points]
        is_rich = len({n for n, _, _ in seen}) >= 3
        fitted = fit(seen, name=stage, prior=default if has_shape and not is_rich else None)
        fitted = replace(
            default,
            name=stage,
            fixed_bytes=fitted.fixed_bytes,
            per_row_bytes=fitted.per_row_bytes,
            per_unit_bytes=fitted.per_unit_bytes,
            per_unit2_bytes=fitted.per_unit2_bytes,
        )
        self._stages[stage] = _Stage(fitted=fitted, points=tuple(points)[-POINTS_MAX:])
        return fitted

    def weighed(self, weights_bytes: int) -> None:
        """What the loaded models really take."""
        self._weights_bytes = weights_bytes

    def observe(self, stage: str, n: int, batch: int, peak_bytes: int, *, chunk: int = 0) -> None:
        """Learn from a run: predictions stand above whatever was seen lately.

        Args:
            stage: Which.
            n: Length of the longest row.
            batch: Rows.
            peak_bytes: Above what was in use before.
            chunk: Units decoded at once; 0 for all.
        """
        known = self._stages.setdefault(stage, _Stage())
        base = self._base(stage)
        before = known.corrected(base).bytes(n, batch, chunk)
        known.seen.append((base.bytes(n, batch, chunk), peak_bytes))
        if self._sink is not None and peak_bytes > before * (1 + TOLD_SHARE):
            words = f"{stage} took {in_words(peak_bytes)}, {in_words(before)} were foreseen"
            self._sink(
                MemoryEvent(
                    kind=Kind.CALIBRATE,
                    at_s=self._clock(),
                    stage=stage,
                    needed_bytes=peak_bytes,
                    before=in_words(before),
                    after=in_words(peak_bytes),
                    text=f"{words}: more is counted with from now on",
                )
            )

    def said(self, language: str, n_chars: int, n: float) -> None:
        """Learn how long a text becomes.

        Args:
            language: ISO 639-1 code.
            n_chars: Of the utterance.
            n: Its length, once said, in the unit of the costs.
        """
        if n_chars <= 0 or not 0 < n < math.inf:
            return
        if language in self._said or len(self._said) < LANGUAGES_MAX:
            self._said.setdefault(language, deque(maxlen=WINDOW)).append((n_chars, float(n)))

    def units_per_char(self, language: str, default: float) -> float:
        """Length of an utterance in the unit of the costs, per character: what nine in ten of the
        longer ones stay within.

        A character of Chinese or Japanese becomes three or four times as much speech as one of
        English, so each language has its own. Short utterances do not count: silence around them
        makes them look long for their text, and they decide no peak.

        Args:
            language: ISO 639-1 code.
            default: As on the engine's card, until enough was said.
        """
        said = self._said.get(language, ())
        if len(said) < ENOUGH_SAID:
            # A guess that was too low is corrected at once, one that was too high later.
            return max((default, *(n / n_chars for n_chars, n in _longer(said))))
        rates = sorted(n / n_chars for n_chars, n in _longer(said))
        return rates[min(len(rates) - 1, math.ceil(SAID_SHARE * len(rates)) - 1)]

    def save(self) -> None:
        """Write it down beside what the file holds for others; a disk that says no is no harm."""
        entries = _read(self._file)
        entries.pop(self._fingerprint.key, None)
        entries[self._fingerprint.key] = self._entry()
        newest = dict(list(entries.items())[-ENTRIES_MAX:])
        try:
            with whole_file(self._file) as part:
                text = json.dumps({"version": VERSION, "entries": newest}, indent=1)
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            # The same can be measured again; no sentence is worth losing over it.
            _log.warning("the calibration was not saved: %s", error)

    def _base(self, stage: str) -> StageCost:
        known = self._stages.get(stage)
        if known is not None and known.fitted is not None:
            return known.fitted
        return self._default.stages.get(stage, StageCost(name=stage))

    def _entry(self) -> dict[str, Any]:
        return {
            "fingerprint": asdict(self._fingerprint),
            "weights_bytes": self._weights_bytes,
            "said": {name: [list(pair) for pair in said] for name, said in self._said.items()},
            "stages": {
                name: {
                    "fitted": None if stage.fitted is None else asdict(stage.fitted),
                    "points": [list(point) for point in stage.points],
                    "seen": [list(pair) for pair in stage.seen],
                }
                for name, stage in self._stages.items()
            },
        }

    def _take(self, entry: Mapping[str, Any]) -> None:
        """All of it or nothing. Raises what a strange entry makes it raise."""
        weights = entry["weights_bytes"]
        weights_bytes = None if weights is None else _count(weights)
        stages = {
            str(name): _Stage(
                fitted=None if stage["fitted"] is None else _stage_cost(str(name), stage["fitted"]),
                points=tuple((_count(n), _count(b), _count(p)) for n, b, p in stage["points"]),
                seen=deque(((_count(p), _count(o)) for p, o in stage["seen"]), maxlen=WINDOW),
            )
            for name, stage in entry["stages"].items()
        }
        said = {
            str(name): deque(((_count(c), _length(n)) for c, n in pairs if c), maxlen=WINDOW)
            for name, pairs in entry.get("said", {}).items()
        }
        self._weights_bytes, self._stages, self._said = weights_bytes, stages, said


def latest(file: Path, *, model: str, is_host: bool) -> Fingerprint | None:
    """What a model was last calibrated on; for who knows neither torch nor the card's identity.

    Args:
        file: `cache/calibration.json`.
        model: As in the fingerprint.
        is_host: Whether it ran on the host's processor.
    """
    for entry in reversed(_read(file).values()):
        with contextlib.suppress(KeyError, TypeError):
            known = Fingerprint(**{name: str(each) for name, each in entry["fingerprint"].items()})
            if known.model == model and (known.device == "cpu") == is_host:
                return known
    return None


def _stage_cost(name: str, stored: Mapping[str, Any]) -> StageCost:
    # Files of before the first release lack what was added since: then the default holds.
    per_row = float(stored.get("per_row_bytes", 0.0))
    per_unit, per_unit2 = float(stored["per_unit_bytes"]), float(stored["per_unit2_bytes"])
    if not all(0 <= number < math.inf for number in (per_row, per_unit, per_unit2)):
        raise ValueError("a cost below zero")
    return StageCost(
        name=name,
        fixed_bytes=_count(stored["fixed_bytes"]),
        per_row_bytes=per_row,
        per_unit_bytes=per_unit,
        per_unit2_bytes=per_unit2,
        is_chunked=stored["is_chunked"] is True,
        context=_count(stored.get("context", 0)),
        rows=_count(stored.get("rows", 0)),
        holds_keys=stored.get("holds_keys", True) is True,
    )


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 60:
        raise ValueError("not a number of bytes")
    return value


def _length(value: object) -> float:
    if not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError("not a length")
    return float(value)


def _longer(said: Collection[tuple[int, float]]) -> list[tuple[int, float]]:
    """The longer half, by characters."""
    middle = sorted(n_chars for n_chars, _ in said)[len(said) // 2] if said else 0
    return [(n_chars, n) for n_chars, n in said if n_chars >= middle]


def _read(file: Path) -> dict[str, Any]:
    """The entries of a file. One that is broken or of another version is set aside."""
    try:
        stored = json.loads(file.read_bytes())
        if stored["version"] == VERSION:
            return dict(stored["entries"])
        _log.info("the calibration is of another version and is set aside")
    except FileNotFoundError:
        return {}
    except OSError as error:
        _log.warning("the calibration cannot be read: %s", error)
        return {}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        _log.warning("the calibration is broken and is set aside: %s", error)
    with contextlib.suppress(OSError):
        file.replace(file.with_suffix(".broken.json"))
    return {}
