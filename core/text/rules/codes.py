"""Digits that are no amounts: telephone numbers and codes; and the ends of ranges."""

from __future__ import annotations

import re

from core.text import numbers
from core.text.rules.base import LocaleRules, Written


class CodeRules(LocaleRules):
    """Rules for runs of digits with marks between them."""

    def all(self) -> list[Written]:
        return [*self._phones(), *self._ranges(), *self._leading_signs()]

    def _phones(self) -> list[Written]:
        return [
            (
                r"(?<![\w.,/-])(?P<plus>\+)?(?P<open>\()?[0-9]{1,5}\)?(?:[\s./-][0-9]{1,8}){1,6}"
                r"(?![\w/]|[.,:-][0-9])",
                self._say_phone,
            ),
            (r"(?<![\w.])\+(?P<plus>)(?P<open>)[0-9]{6,15}(?!\w)", self._say_phone),
        ]

    def _say_phone(self, match: re.Match[str]) -> str:
        written = match.group()
        groups = re.findall(r"[0-9]+", written)
        marks = set(re.findall(r"[\s./-]", written))
        n_digits = sum(map(len, groups))
        dashed = marks == {"-"} and len(groups) >= 3
        local = marks == {"-"} and [len(group) for group in groups] == [3, 4]
        outside = (match["plus"] is not None or match["open"]) and n_digits >= 6
        trunk = groups[0].startswith("0") and n_digits >= 7 and "." not in marks | {"/"}
        trunk = trunk or (groups[0].startswith("0") and n_digits >= 8 and marks <= {" ", "/", "-"})
        if not (outside or trunk or (dashed and n_digits >= 7) or local):
            return written
        locale = self._locale
        pause = {"zh": "，", "ja": "、"}.get(locale.code, ", ")
        if locale.code == "fr" and all(len(group) == 2 for group in groups):
            return pause.join(self._say_pair(group) for group in groups)
        said = pause.join(numbers.digit_by_digit(group, locale.code) for group in groups)
        return f"{locale.signs.get('+', '')} {said}" if written.startswith("+") else said

    def _say_pair(self, pair: str) -> str:
        if pair.startswith("0"):
            return numbers.digit_by_digit(pair, self._locale.code)
        return numbers.cardinal(int(pair), self._locale.code)

    def _ranges(self) -> list[Written]:
        return [
            (
                r"(?<![\w.,/–-])(?P<a>[$€£¥₽]?[0-9]{1,12}(?:[.,:][0-9]{1,3})?)(?:\s[–—~-]\s|[–—~-])"
                r"(?P<b>(?P<cur>[$€£¥₽])?[0-9]{1,12}(?:[.,:][0-9]{1,3})?)(?![\w–-]*[–-]?[0-9])",
                self._say_range,
            )
        ]

    def _say_range(self, match: re.Match[str]) -> str:
        low, high = _rough(match["a"]), _rough(match["b"])
        locale = self._locale
        if low >= high or not locale.to:
            return f"{match['a']}{locale.space or ' '}{match['b']}"
        before = "" if locale.code == "ko" else locale.space  # a particle there, not a word
        return f"{match['a']}{before}{locale.to}{locale.space}{match['b']}"

    def _leading_signs(self) -> list[Written]:
        """#5, №5, ~5: signs that mean a word before a number and nothing elsewhere."""

        def said(match: re.Match[str]) -> str:
            sign = match.group().strip()
            return f" {self._locale.signs.get('#' if sign == '№' else sign, '')} "

        return [(r"(?<!\w)[#№~]\s?(?=[0-9])", said)]


def _rough(written: str) -> float:
    return float(re.sub(r"[^0-9.]", "", written.replace(",", ".").replace(":", ".")).rstrip("."))
