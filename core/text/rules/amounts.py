"""Amounts, put in words: money, measures, ordinals, fractions and every number that is left."""

from __future__ import annotations

import re
from dataclasses import replace

from core.text import numbers
from core.text.locale import Locale, Noun, Value
from core.text.rules.base import LocaleRules, Written, one_of, word_before

_SIGN = r"(?P<sign>(?<![^\s(\[\"'“«„:=+*/×,、，。（「])[-−–](?=[0-9])|−)?"
_FRACTIONS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
_LONGEST_PLAIN = 10
"""More digits than this without any mark between them are a phone number or a code."""
_WORD = re.compile(r"\s(?P<word>[^\W\d_]+)")
_PEOPLE = frozenset(["people", "men", "women", "children", "percent", "feet"])
_NO_PLURALS = frozenset("this always versus across towards besides plus minus less thus".split())  # noqa: SIM905
_BEFORE_YEARS = frozenset("in since by from until till before after during the of around".split())  # noqa: SIM905
_NOT_COUNTED = frozenset(
    "y e o u ou de del da do das dos di a al à en em in con com por per para que und oder bis of "  # noqa: SIM905
    "et le la les is es era fue è ed non no na nei nel se si".split()
)
"""Small words after a number that is not a count of them."""


class AmountRules(LocaleRules):
    """Rules for numbers and what they count."""

    def __init__(self, locale: Locale) -> None:
        super().__init__(locale)
        groups = f"[{re.escape(locale.groups)}]"
        # A mark that parts thousands elsewhere is a decimal mark unless three digits follow.
        marks = [rf"[{locale.decimal}][0-9]++"]
        if "." not in locale.decimal:
            marks.append(r"\.(?![0-9]{3}(?![0-9]))[0-9]++(?!\.[0-9])")
        # With both marks there is no doubt, whatever the language: 1.000,5 and 1,000.5.
        both = (
            r"[0-9]{1,3}(?:\.[0-9]{3})++,[0-9]++(?!,)|[0-9]{1,3}(?:,[0-9]{3})++\.[0-9]++(?!\.[0-9])"
        )
        self._number = (
            rf"(?P<num>{both}|(?:[0-9]{{1,3}}(?:{groups}[0-9]{{3}})++(?![0-9])|[0-9]++)"
            rf"(?:{'|'.join(marks)})?+)"
        )

        self._genders = {
            form.split()[0].lower(): noun.gender
            for table in (locale.units, locale.currencies, locale.cents, locale.counted_words)
            for noun in table.values()
            for form in noun.forms
        }

    def all(self) -> list[Written]:
        return [
            *self._money(),
            *self._ordinals(),
            *self._units(),
            *self._fractions(),
            *self._plain(),
        ]

    def _money(self) -> list[Written]:
        locale = self._locale
        signs = one_of(locale.currencies)
        scales = (
            rf"(?:\s?(?P<scale>{one_of(locale.scales)})(?!\w))?"
            if locale.scales
            else "(?P<scale>)?"
        )
        return [
            (rf"{_SIGN}(?<!\w)(?P<cur>{signs})\s?(?=[0-9]){self._number}{scales}", self._say_money),
            (rf"{_SIGN}{self._number}{scales}\s?(?P<cur>{signs})(?![\w])", self._say_money),
        ]

    def _say_money(self, match: re.Match[str]) -> str:
        locale = self._locale
        value, noun = self._value(match), locale.currencies[match["cur"]]
        if match["scale"]:
            scale = locale.scales[match["scale"]]
            many = noun.forms[min(locale.plural(5), len(noun.forms) - 1)]
            parts = f"{locale.say(value)}{locale.scale_joint}{scale}{locale.space}{many}"
            return re.sub(r" de (?=[aeiouéy])", " d'", parts) if locale.code == "fr" else parts
        cents = locale.cents.get(match["cur"])
        if cents is None or len(value.fraction) != 2:
            if len(value.fraction) == 2:
                value = replace(value, fraction=value.fraction.rstrip("0"))
            return locale.counted(value, noun)
        whole = Value(whole=value.whole, negative=value.negative)
        part = Value(whole=value.fraction.lstrip("0") or "0")
        if part.whole == "0":
            return locale.counted(whole, noun)
        if whole.whole == "0" and not whole.negative:
            return locale.counted(part, cents)
        return f"{locale.counted(whole, noun)}{locale.money_joint}{locale.counted(part, cents)}"

    def _units(self) -> list[Written]:
        locale = self._locale
        units = dict(locale.units)
        short = [unit for unit in units if len(unit) == 1 and unit.isupper()]
        names = one_of(unit for unit in units if unit not in short and unit != "%")
        after = rf"(?:\s?(?P<unit>{names})|(?P<letter>{one_of(short) or '(?!)'}))(?![\w²³]|/\w)"
        scales = one_of(scale for scale in locale.scales if len(scale) > 2 or scale == "k")
        listed: list[Written] = [
            (rf"{_SIGN}(?<![\w]){self._number}\s?[%％]", self._say_percent),
            (rf"{_SIGN}(?<![\w]){self._number}{after}", self._say_unit),
        ]
        if scales:
            listed.append(
                (rf"{_SIGN}(?<!\w){self._number}\s?(?P<scale>{scales})(?!\w)", self._say_scale)
            )
        return listed

    def _say_percent(self, match: re.Match[str]) -> str:
        value, locale = self._value(match), self._locale
        noun = locale.units.get("%")
        if noun is not None:
            return locale.counted(value, noun)
        return locale.percent.format(n=locale.say(value))

    def _say_unit(self, match: re.Match[str]) -> str:
        noun: Noun = self._locale.units[match["unit"] or match["letter"]]
        return self._locale.counted(self._value(match), noun)

    def _say_scale(self, match: re.Match[str]) -> str:
        locale = self._locale
        said = locale.scales[match["scale"]].removesuffix(" de").removesuffix(" di")
        if len(match["scale"]) > 3 and not match["scale"].endswith("."):
            said = match["scale"]  # written in full: it agrees already
        return f"{locale.say(self._value(match))}{locale.scale_joint}{said}"

    def _ordinals(self) -> list[Written]:
        if self._locale.ordinal is None:
            return []
        pattern, say = self._locale.ordinal

        def said(match: re.Match[str]) -> str:
            digits = match["digits"]
            if not numbers.is_sayable(digits) or digits == "0":
                return match.group()
            return say(int(digits), match.group(), word_before(match))

        return [(rf"(?<![\w.,/-]){pattern.replace(chr(92) + 'd', '[0-9]')}", said)]

    def _fractions(self) -> list[Written]:
        return [
            (
                r"(?<![\w/.,])(?:(?P<whole>[0-9]{1,3})\s)?(?P<n>[0-9]{1,4})/(?P<d>[0-9]{1,4})(?![\w/]|[.,][0-9])",
                self._say_fraction,
            ),
            (
                rf"(?:(?P<whole>[0-9]{{1,12}})\s?)?(?P<char>[{''.join(_FRACTIONS)}])",
                self._say_fraction,
            ),
        ]

    def _say_fraction(self, match: re.Match[str]) -> str:
        locale, parts = self._locale, match.groupdict()
        if parts.get("char"):
            numerator, denominator = _FRACTIONS[match["char"]]
        else:
            numerator, denominator = int(match["n"]), int(match["d"])
        if not 0 < numerator < denominator <= 100 or locale.fraction is None:
            slash = locale.slash if locale.fraction is None else ""
            return f"{parts.get('whole') or ''} {numerator} {slash} {denominator}".lstrip()
        said = locale.fraction(numerator, denominator)
        if not parts.get("whole"):
            return said
        whole = locale.say(Value(whole=match["whole"]))
        return f"{whole}{locale.space}{locale.signs.get('&', '')}{locale.space}{said}"

    def _plain(self) -> list[Written]:
        is_english = self._locale.code == "en"
        return [
            (r"\A\s*(?P<item>[0-9]{1,3})[.)](?=\s+\S)", self._say_item),
            (r"(?<![0-9.])[0-9]++(?:\.[0-9]++){2,}(?![0-9])", self._say_dotted),
            (r"(?<=[0-9])\s?:\s?(?=[0-9])", lambda match: " to " if is_english else " "),
            (r"(?<![\w.])(?P<num>\.[0-9]++)(?P<sign>)?", self._say_number),
            (rf"{_SIGN}{self._number}", self._say_number),
        ]

    def _say_item(self, match: re.Match[str]) -> str:
        return self._locale.say(Value(whole=match["item"])) + ","

    def _say_dotted(self, match: re.Match[str]) -> str:
        written = match.group()
        if "." in self._locale.groups and re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+", written):
            return written
        locale = self._locale
        parts = [locale.say(Value(whole=part)) for part in written.split(".")]
        in_word = match.start() and match.string[match.start() - 1].isalpha()
        joint = f"{locale.space}{locale.dot}{locale.space}"
        return (locale.space if in_word else "") + joint.join(parts)

    def _say_number(self, match: re.Match[str]) -> str:
        locale, value, written = self._locale, self._value(match), match["num"]
        text, at = match.string, match.end()
        next_word = _WORD.match(text, at)
        gender = self._genders.get(next_word["word"].lower(), "") if next_word else ""
        counts = bool(gender) or self._counts_something(next_word)
        if written.isdigit() and len(written) > _LONGEST_PLAIN:
            said = numbers.digit_by_digit(written, locale.code)
        elif self._is_year(match, value, next_word):
            said = numbers.year(int(written), locale.code)
        else:
            said = locale.say(value, gender or "m", noun_follows=counts)
        if locale.code == "ko":  # a number and its noun are written together there
            return said
        before = locale.space if match.start() and text[match.start() - 1].isalpha() else ""
        after = locale.space if at < len(text) and text[at].isalpha() else ""
        return f"{before}{said}{after}"

    def _counts_something(self, next_word: re.Match[str] | None) -> bool:
        if next_word is None:
            return False
        word = next_word["word"]
        if self._locale.code == "de":  # nouns have capitals there
            return word[0].isupper()
        return word.islower() and word not in _NOT_COUNTED

    def _is_year(self, match: re.Match[str], value: Value, next_word: re.Match[str] | None) -> bool:
        written = match["num"]
        if len(written) != 4 or not written.isdigit() or value.negative or written[0] == "0":
            return False
        if self._locale.code == "zh":  # 年 tells a year there, and the counters have had it
            return False
        if self._locale.code != "en" or next_word is None:
            return True
        word = next_word["word"]
        plural = word in _PEOPLE or (word.islower() and word.endswith("s") and len(word) > 3)
        plural = plural and word not in _NO_PLURALS
        return not plural or word_before(match).lower() in _BEFORE_YEARS

    def _value(self, match: re.Match[str]) -> Value:
        written = match["num"]
        at = max(written.rfind(","), written.rfind("."))
        mark, tail = written[at : at + 1], written[at + 1 :]
        both = "," in written and "." in written
        parts_thousands = mark in self._locale.groups and len(tail) == 3 and not both
        if at < 0 or parts_thousands:
            whole, fraction = written, ""
        else:
            whole, fraction = written[:at], tail
        digits = re.sub(r"[^0-9]", "", whole)
        return Value(whole=digits or "0", fraction=fraction, negative=bool(match["sign"]))
