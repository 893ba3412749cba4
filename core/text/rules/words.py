"""Addresses on the web, abbreviations and Roman numerals, put in words."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.text import numbers
from core.text.rules.base import LocaleRules, Say, Written

_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ROMAN = re.compile(r"(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_DOMAINS = "com|org|net|edu|gov|io|ai|app|dev|info|eu|uk|de|fr|es|it|pt|br|nl|pl|ru|ua|cz|cn|jp|kr"
_ADDRESS = r"[^\s<>\"'，。、）」】]"
_SPELLED_LENGTH = 200
"""Characters of an address that are worth hearing."""


class WordRules(LocaleRules):
    """Rules for texts without digits too."""

    def all(self) -> list[Written]:
        return [*self._addresses(), *self._short_forms(), *self._romans()]

    def _addresses(self) -> list[Written]:
        return [
            (r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++", self._say_address),
            (rf"(?:(?:https?|ftp)://|(?<!\w)www\.){_ADDRESS}++", self._say_address),
            (
                rf"(?<![\w.@-])[A-Za-z0-9][\w-]*+(?:\.[\w-]++)*?\.(?:{_DOMAINS})(?![\w.]\w|\w)"
                rf"(?:/{_ADDRESS}*+)?",
                self._say_address,
            ),
        ]

    def _say_address(self, match: re.Match[str]) -> str:
        address = match.group()
        body = address.rstrip(".,;:!?)]}'\"")
        tail = address[len(body) :]
        body = re.sub(r"^(?:https?|ftp)://", "", body).removeprefix("www.")
        body = re.split(r"[?#]", body, maxsplit=1)[0].rstrip("/")[:_SPELLED_LENGTH]
        locale = self._locale
        names = {".": locale.dot, "/": locale.slash, "@": locale.at, "-": locale.dash}
        words = re.sub(r"[./@-]", lambda sign: f" {names[sign.group()]} ", body)
        return " " + re.sub(r"[^\w\s]|_", " ", words).strip() + tail

    def _short_forms(self) -> list[Written]:
        """z. B., e.g., и т. д. in full; the stop of one that ends the segment stays."""
        full = self._locale.short_forms
        if not full:
            return []
        found = {re.sub(r"\s", "", short): said for short, said in full.items()}
        keys = sorted(full, key=len, reverse=True)
        pattern = "|".join(re.escape(key).replace(r"\ ", r"\s?") for key in keys)

        def said(match: re.Match[str]) -> str:
            written = match.group()
            ends = written.endswith(".") and match.end() == len(match.string.rstrip())
            return found[re.sub(r"\s", "", written)] + ("." if ends else "")

        return [(rf"(?<![\w.])(?:{pattern})(?!\w)", said)]

    def _romans(self) -> list[Written]:
        locale, code = self._locale, self._locale.code
        listed: list[Written] = []
        if locale.centuries:
            pattern, say_century = locale.centuries
            listed.append((pattern, _roman_or_as_written(lambda n, m: say_century(n, m.group()))))
        if locale.chapters:
            listed.append(
                (
                    rf"(?<!\w)(?P<name>{locale.chapters})\s+(?P<roman>[IVXLC]{{1,7}})(?![\w'’])",
                    _roman_or_as_written(lambda n, m: f"{m['name']} {numbers.cardinal(n, code)}"),
                )
            )
        if locale.rulers and locale.ruler:
            say_ruler = locale.ruler
            listed.append(
                (
                    rf"(?<!\w)(?P<name>{locale.rulers})\s+(?P<roman>[IVX]{{1,6}})(?![\w'’]|\.\s?[A-Z])",
                    _roman_or_as_written(lambda n, m: f"{m['name']} {say_ruler(n, m['name'])}"),
                )
            )
        return listed


def _roman_or_as_written(say: Callable[[int, re.Match[str]], str]) -> Say:
    def said(match: re.Match[str]) -> str:
        number = _roman(match["roman"].replace("Х", "X"))
        return match.group() if number is None else say(number, match)

    return said


def _roman(letters: str) -> int | None:
    if not letters or not _ROMAN.fullmatch(letters):
        return None
    total = 0
    for letter, after in zip(letters, [*letters[1:], "I"], strict=True):
        worth = _ROMAN_DIGITS[letter]
        total += -worth if worth < _ROMAN_DIGITS[after] else worth
    return total
