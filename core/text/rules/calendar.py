"""Dates and times of day, put in words."""

from __future__ import annotations

import re

from core.text import numbers
from core.text.rules.base import LocaleRules, Written, word_before


class CalendarRules(LocaleRules):
    """Rules for dates and for times of day."""

    def dates(self) -> list[Written]:
        locale = self._locale
        if locale.date is None:
            return []
        tail = f"(?:{locale.date_tail})?" if locale.date_tail else ""
        listed: list[Written] = [
            (
                r"(?<![0-9/.-])(?P<y>[0-9]{4})(?P<mark>[-/.])(?P<m>[0-9]{1,2})(?P=mark)"
                rf"(?P<d>[0-9]{{1,2}})(?![0-9]|[-/.][0-9])(?:T(?=[0-9]{{2}}:))?{tail}",
                self._say_date,
            ),
            (
                r"(?<![0-9/.-])(?P<a>[0-9]{1,2})(?:(?P<mark>[./-])(?P<b>[0-9]{1,2})(?P=mark)"
                rf"(?P<y>[0-9]{{4}})|/(?P<b2>[0-9]{{1,2}})/(?P<y2>[0-9]{{2}}))(?![0-9]|[-/.][0-9]){tail}",
                self._say_numeric_date,
            ),
        ]
        if not locale.month_names:
            return listed
        names = "|".join(sorted(map(re.escape, locale.month_names), key=len, reverse=True))
        listed.append(
            (
                r"(?i:(?<![0-9.,/-])(?P<d>[0-9]{1,2})(?:\.|st|nd|rd|th|er|º|°)?\s+(?:of\s+|de\s+|di\s+)?"
                rf"(?P<name>{names})(?!\w)(?:\.(?=\s+[0-9]{{4}}))?"
                rf"(?:,?\s+(?:de\s+|del\s+)?(?P<y>[0-9]{{4}})(?![0-9\w])(?![.,:][0-9]){tail})?)",
                self._say_written_date,
            )
        )
        if locale.month_first:
            capital = "|".join(
                sorted((name.capitalize() for name in locale.month_names), key=len, reverse=True)
            )
            listed.append(
                (
                    rf"(?<!\w)(?P<name>{capital})\.?\s+(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![\w:]|[.,][0-9])"
                    r"(?:,?\s+(?P<y>[0-9]{4})(?!\w|[.,][0-9]))?",
                    self._say_date,
                )
            )
        return listed

    def _say_date(self, match: re.Match[str]) -> str:
        parts = match.groupdict()
        month = self._month(parts.get("name")) or int(parts.get("m") or 0)
        return self._date(match, int(match["d"]), month, match["y"])

    def _say_numeric_date(self, match: re.Match[str]) -> str:
        first, second = int(match["a"]), int(match["b"] or match["b2"])
        in_year = match["y"]
        if in_year is None:
            in_year = f"{20 if int(match['y2']) < 70 else 19}{match['y2']}"
        slashed = match["mark"] in (None, "/", "-")
        month_first = self._locale.month_first and slashed
        if second > 12 or (month_first and first <= 12):
            first, second = second, first
        return self._date(match, first, second, in_year)

    def _say_written_date(self, match: re.Match[str]) -> str:
        month = self._month(match["name"])
        full = self._locale.months[month - 1].lower() == match["name"].lower()
        if not full and not match["y"] and len(match["name"]) < 4 and not self._locale.month_first:
            return match.group()
        return self._date(match, int(match["d"]), month, match["y"], written=True)

    def _month(self, name: str | None) -> int:
        return self._locale.month_names[name.lower()] if name else 0

    def _date(
        self, match: re.Match[str], day: int, month: int, in_year: str | None, written: bool = False
    ) -> str:
        say = (self._locale.written_date if written else None) or self._locale.date
        if say is None or not (1 <= day <= 31 and 1 <= month <= 12) or in_year == "0000":
            return match.group()
        said = say(day, month, int(in_year) if in_year else None, word_before(match))
        return said + (" " if match.group().endswith("T") else "")

    def times(self) -> list[Written]:
        locale = self._locale
        if locale.time is None:
            return []
        half = r"(?:\s?(?P<half>[AaPp]\.?\s?[Mm]\b\.?))?" if locale.code == "en" else ""
        tail = f"(?:{locale.time_tail})?" if locale.time_tail else ""
        listed: list[Written] = [
            (
                r"(?<![0-9:.,])(?P<h>[01]?[0-9]|2[0-4]):(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9]))?"
                rf"(?![0-9:]|\.[0-9]){half}{tail}",
                self._say_time,
            )
        ]
        if half:
            listed.append(
                (r"(?<![\w:.,])(?P<h>1[0-2]|[1-9])\s?(?P<half>[AaPp]\.?[Mm]\b\.?)", self._say_time)
            )
        if locale.hour_letter:
            listed.append(
                (
                    r"(?<![\w:.,])(?P<h>[01]?[0-9]|2[0-4])\s?h(?:\s?(?P<m>[0-5][0-9]))?(?!\w)",
                    self._say_time,
                )
            )
        return listed

    def _say_time(self, match: re.Match[str]) -> str:
        assert self._locale.time is not None
        parts = match.groupdict()
        minute, second, half = parts.get("m"), parts.get("s"), parts.get("half")
        if half and not int(minute or 0):
            said = numbers.cardinal(int(match["h"]), self._locale.code)
        else:
            said = self._locale.time(
                int(match["h"]), int(minute or 0), int(second) if second else None
            )
        if half:
            said += f" {half[0].lower()} m"
            if half.endswith(".") and match.end() == len(match.string):
                said += "."
        return said
