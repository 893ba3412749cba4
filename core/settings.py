"""What a person chose once and for all, kept in a small TOML file that they may edit by hand.

The file never stops Timbre: a broken one is moved aside, a value out of range is left out, and
both are said. What Timbre does not know in it (comments, keys of a newer version) stays there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import math
import re
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.disk import write_whole, writing
from core.errors import InputError
from core.paths import Paths

Scalar = str | int | float | None

_logger = logging.getLogger("timbre.settings")


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number from `low` to `high`, both included.

    Args:
        low: Smallest value.
        high: Largest value.
        unit: For the sentence when it is outside.
        whole: Only whole numbers.
        or_none: May also be not set.
    """

    low: float
    high: float
    unit: str
    whole: bool = False
    or_none: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few words."""

    of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """A name as in `--engine builtin`; whether there is such a thing is asked elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Of a site, encrypted, or on this computer."""


def _setting(default: Scalar, rule: Range | Choice | Identifier | Address) -> Any:
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting with its default; docs/settings.md says the same for people.

    Args:
        language: Of the page: `en`, `zh`, or `auto` for what the browser asks for.
        engine: Name of the engine that is chosen when the page opens.
        target_lufs: Loudness that exports are brought to (LUFS, ITU-R BS.1770).
        ceiling_db: True peak that exports stay under (dBTP).
        default_format: File format that is chosen for exports when the page opens.
        memory_cap_mib: Most memory that the engine process may take (MiB); None for what the
            machine has.
        idle_unload_s: An engine that nobody used for so long gives its memory back (s); 0 keeps
            it for ever.
        hub_endpoint: Where models are downloaded from: the Hugging Face hub or a mirror of it.
    """

    language: str = _setting("auto", Choice(of=("auto", "en", "zh")))
    engine: str = _setting("builtin", Identifier())
    target_lufs: float = _setting(-18.0, Range(low=-40.0, high=-8.0, unit="LUFS"))
    ceiling_db: float = _setting(-1.0, Range(low=-9.0, high=0.0, unit="dB"))
    default_format: str = _setting("wav", Choice(of=("wav", "flac", "mp3", "ogg", "opus")))
    memory_cap_mib: int | None = _setting(
        None, Range(low=256, high=16_777_216, unit="MiB", whole=True, or_none=True)
    )
    idle_unload_s: float = _setting(300.0, Range(low=0.0, high=604_800.0, unit="s"))
    hub_endpoint: str = _setting("https://huggingface.co", Address())

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):
            object.__setattr__(self, one.name, _checked(one, getattr(self, one.name)))


def replace(settings: Settings, **changes: Scalar) -> Settings:
    """With some settings changed. Raises InputError for an unknown name or a value outside."""
    for name in changes:
        if name not in _FIELDS:
            raise InputError(
                f"There is no setting “{name[:40]}”.", f"Settings are: {', '.join(_FIELDS)}."
            )
    return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]  # checked inside


def load(paths: Paths) -> Settings:
    """The settings of a home. Never fails because of what the file says: see `problems`.

    A file that is not TOML is renamed to `settings.broken-<time>.toml`, and the defaults hold.
    """
    settings, notes, is_broken = _read(_file(paths))
    if is_broken:
        with contextlib.suppress(OSError):
            name = _move_aside(_file(paths), "broken")
            notes = (*notes, f"It was renamed to {name}; every setting has its default again.")
    for note in notes:
        _logger.warning("%s", note)
    return settings


def problems(paths: Paths) -> tuple[str, ...]:
    """What is wrong with the file, one sentence each; changes nothing."""
    return _read(_file(paths))[1]


def save(paths: Paths, settings: Settings) -> Settings:
    """Write the settings down; lines that are not ours stay as they are.

    Returns what holds from now on. Raises ResourceError when the disk refuses.
    """
    file = _file(paths)
    try:
        before = file.read_bytes().decode("utf-8-sig")
        tomllib.loads(before)
    except (OSError, ValueError, RecursionError):
        before = ""
    text = _merged(before, settings)
    if not _says(text, settings, before):
        # A file by hand can be written in ways that lines do not show, such as a key of ours
        # inside a string of several lines. Then ours alone are written, and theirs moved aside.
        with writing(file.parent, 0):
            _move_aside(file, "before")
        text = _merged("", settings)
    write_whole(file, text.encode())
    return settings


_FIELDS = {one.name: one for one in dataclasses.fields(Settings)}
_ADDRESS = re.compile(
    r"(https://[A-Za-z0-9.-]{1,253}|http://(localhost|127\.0\.0\.1))(:\d{1,5})?(/[\w./~-]{0,200})?"
)
_ASSIGNMENT = re.compile(r"""^\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")


def _file(paths: Paths) -> Path:
    return paths.config / "settings.toml"


def _read(file: Path) -> tuple[Settings, tuple[str, ...], bool]:
    """Settings, notes, and whether the file is no TOML at all."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return (*_read_text(text), False)
    except FileNotFoundError:
        return Settings(), (), False
    except OSError as error:
        return Settings(), (f"settings.toml cannot be read ({error.strerror}).",), False
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested for ever
        return Settings(), (f"settings.toml is broken ({error}).",), True


def _read_text(text: str) -> tuple[Settings, tuple[str, ...]]:
    values = {name: value for name, value in tomllib.loads(text).items() if name in _FIELDS}
    notes = []
    settings = Settings()
    for name, value in values.items():
        try:
            settings = replace(settings, **{name: value})
        except InputError as error:
            notes.append(f"settings.toml: {error.message} The default holds.")
    return settings, tuple(notes)


def _merged(before: str, settings: Settings) -> str:
    """The lines of a file with our keys, which lie before its first table, set anew."""
    lines = before.splitlines()
    n_top = next((at for at, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    missing = {
        name: value for name, value in dataclasses.asdict(settings).items() if value is not None
    }
    top: list[str] = []
    for line in lines[:n_top]:
        found = _ASSIGNMENT.match(line)
        if not found or found[1] not in _FIELDS:
            top.append(line)
        elif found[1] in missing:
            top.append(f"{found[1]} = {_toml(missing.pop(found[1]))}")
    top += [f"{name} = {_toml(value)}" for name, value in missing.items()]
    return "\n".join([*top, *lines[n_top:]]) + "\n"


def _says(text: str, settings: Settings, before: str) -> bool:
    """Whether a merged file has our values and, of the file before, everything else."""
    try:
        return _read_text(text) == (settings, ()) and _unknown(text) == _unknown(before)
    except tomllib.TOMLDecodeError:
        return False


def _unknown(text: str) -> dict[str, Any]:
    return {name: value for name, value in tomllib.loads(text).items() if name not in _FIELDS}


def _move_aside(file: Path, why: str) -> str:
    aside = file.with_name(f"settings.{why}-{time.strftime('%Y%m%d-%H%M%S')}.toml")
    file.replace(aside)
    return aside.name


def _toml(value: str | float) -> str:
    # A JSON string is a TOML basic string, and `repr` of a finite number is a TOML number.
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _checked(one: dataclasses.Field[Any], value: object) -> Scalar:
    """The value in its own type. Raises InputError."""
    rule = one.metadata["rule"]
    shown = str(value)[:40]
    if isinstance(rule, Choice):
        if value not in rule.of:
            raise InputError(
                f"{one.name} is “{shown}”; it can be {', '.join(rule.of)}.", "Choose one of these."
            )
        return str(value)
    if isinstance(rule, Identifier):
        if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9_]{1,40}", value):
            raise InputError(
                f"{one.name} is “{shown}”, which is not a name.", "Use its short name."
            )
        return value
    if isinstance(rule, Address):
        if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
            raise InputError(
                f"{one.name} is “{shown}”, which is not the address of a site.",
                "Give one that begins with https://, such as https://huggingface.co.",
            )
        return value.rstrip("/")
    if value is None and rule.or_none:
        return None
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or (rule.whole and number != int(number)):
        kind = "a whole number" if rule.whole else "a number"
        raise InputError(f"{one.name} is “{shown}”, which is not {kind}.", "Write it in digits.")
    if not rule.low <= number <= rule.high:
        raise InputError(
            f"{one.name} is {shown} {rule.unit}; it can be {rule.low:g} to {rule.high:g}.",
            "Choose a value between them.",
        )
    return int(number) if rule.whole else float(number)
