"""Numbers as a person would say them: rounded, with their unit, `–` for what is not known."""

from __future__ import annotations

UNKNOWN = "–"

_MIB = 1024.0**2
_GIB = 1024.0**3


def clock(seconds: float) -> str:
    """A place in a sound: `0:08.4`, `12:31.0`, `1:02:03.5`."""
    tenths = max(0, round(seconds * 10))
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def short_clock(seconds: float) -> str:
    """A length without tenths: `0:08`, `12:31`, `1:02:03`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def about(seconds: float, language: str = "en") -> str:
    """A length nobody needs exactly: `8 s`, `50 s`, `6 min`, `1 h 20 min`."""
    zh = language == "zh"
    second, minute, hour = ("秒", "分钟", "小时") if zh else ("s", "min", "h")
    whole = max(0, round(seconds))
    if whole < 20:
        return f"{max(1, whole)} {second}"
    if whole < 90:
        return f"{5 * round(whole / 5)} {second}"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} {minute}"
    hours, minutes = divmod(5 * round(minutes / 5), 60)
    return f"{hours} {hour} {minutes} {minute}" if minutes else f"{hours} {hour}"


def size(n_bytes: float | None) -> str:
    """`640 MB`, `2.1 GB`, `12 GB`."""
    if n_bytes is None:
        return UNKNOWN
    if n_bytes < 1000 * _MIB:
        return f"{n_bytes / _MIB:.0f} MB"
    gib = n_bytes / _GIB
    return f"{gib:.1f} GB" if gib < 9.95 else f"{gib:.0f} GB"


def of(part: float | None, whole: float | None) -> str:
    """`2.1 / 12 GB`: the unit of the whole, said once."""
    if part is None or whole is None:
        return f"{size(part)} / {size(whole)}"
    if whole < 1000 * _MIB:
        return f"{part / _MIB:.0f} / {whole / _MIB:.0f} MB"
    total = whole / _GIB
    return (
        f"{part / _GIB:.1f} / {total:.0f} GB"
        if total >= 9.95
        else f"{part / _GIB:.1f} / {total:.1f} GB"
    )


def percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} %"


def degrees(celsius: float | None) -> str:
    return UNKNOWN if celsius is None else f"{celsius:.0f} °C"


def power(watts: float | None, limit_watts: float | None = None) -> str:
    if watts is None:
        return UNKNOWN
    return f"{watts:.0f} W" if limit_watts is None else f"{watts:.0f} / {limit_watts:.0f} W"


def megahertz(now: float | None, top: float | None = None) -> str:
    """`1395 MHz`, `1395 / 2100 MHz`."""
    if now is None:
        return UNKNOWN
    return f"{now:.0f} MHz" if not top else f"{now:.0f} / {top:.0f} MHz"


def pace(audio_s_per_s: float | None, language: str = "en") -> str:
    """Seconds of sound made in a second: `3.1 s`, `31 s`."""
    if audio_s_per_s is None:
        return UNKNOWN
    unit = "秒" if language == "zh" else "s"
    return f"{audio_s_per_s:.0f} {unit}" if audio_s_per_s >= 9.95 else f"{audio_s_per_s:.1f} {unit}"


def share(part: float | None, whole: float | None) -> float:
    """Part of the whole, 0 to 1; 0 where either is not known."""
    if not part or not whole:
        return 0.0
    return min(1.0, max(0.0, part / whole))
