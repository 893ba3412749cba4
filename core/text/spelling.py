"""Numbers, dates, times, money, units and addresses of a segment, put in words.

A list of rules is made from a language's locale; each rewrites what it knows and leaves the rest
to the next, so the order matters: a date before its digits, money before its number. No pattern can
backtrack far: runs of digits are matched possessively, everything else has a small bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from core.text import numbers
from core.text.locale import Locale, Noun, Value
from core.text.locales import locale_of

Say = Callable[[re.Match[str]], str]
Rule = tuple[re.Pattern[str], Say]

_SIGN = r"(?P<sign>(?<![^\s(\[\"'“«„:=+*/×,、，。（「])[-−–](?=[0-9])|−)?"
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_ROMAN = re.compile(r"(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_FRACTIONS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
_DOMAINS = "com|org|net|edu|gov|io|ai|app|dev|info|eu|uk|de|fr|es|it|pt|br|nl|pl|ru|ua|cz|cn|jp|kr"
_ADDRESS = r"[^\s<>\"'，。、）」】]"
_SPELLED_LENGTH = 200
"""Characters of an address that are worth hearing."""


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


@dataclass(frozen=True, kw_only=True)
class Rules:
    """In the order in which they must be applied.

    Args:
        words: Addresses, abbreviations, Roman numerals: for any text.
        digits: For a text with digits in it.
    """

    words: tuple[Rule, ...]
    digits: tuple[Rule, ...]


@lru_cache(maxsize=32)
def rules_for(language: str) -> Rules:
    """The rewriting rules of a language.

    Args:
        language: One that `locale_of` knows.
    """
    locale = locale_of(language)
    assert locale is not None
    return _Rules(locale).all()


class _Rules:
    def __init__(self, locale: Locale) -> None:
        self._locale = locale
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

    def all(self) -> Rules:
        words = [*self._addresses(), *self._short_forms(), *self._romans()]
        # First the ones whose digits others would mistake.
        digits = [
            *self._locale.extra, *self._dates(), *self._phones(), *self._ranges(),
            *self._leading_signs(), *self._times(), *self._money(), *self._ordinals(),
            *self._units(), *self._fractions(), *self._plain(),
        ]  # fmt: skip
        return Rules(words=self._compiled(words), digits=self._compiled(digits))

    def _compiled(self, listed: list[tuple[str, Say]]) -> tuple[Rule, ...]:
        # Where words are not parted by spaces, only Latin letters can make a digit part of a word.
        flags = re.ASCII if self._locale.code in ("zh", "ja", "ko") else re.NOFLAG
        return tuple((re.compile(pattern, flags), say) for pattern, say in listed)

    # Addresses

    def _addresses(self) -> list[tuple[str, Say]]:
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

    def _short_forms(self) -> list[tuple[str, Say]]:
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

    # Dates and times

    def _dates(self) -> list[tuple[str, Say]]:
        locale = self._locale
        if locale.date is None:
            return []
        tail = f"(?:{locale.date_tail})?" if locale.date_tail else ""
        listed: list[tuple[str, Say]] = [
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
        said = say(day, month, int(in_year) if in_year else None, _word_before(match))
        return said + (" " if match.group().endswith("T") else "")

    def _times(self) -> list[tuple[str, Say]]:
        locale = self._locale
        if locale.time is None:
            return []
        half = r"(?:\s?(?P<half>[AaPp]\.?\s?[Mm]\b\.?))?" if locale.code == "en" else ""
        tail = f"(?:{locale.time_tail})?" if locale.time_tail else ""
        listed: list[tuple[str, Say]] = [
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

    # Runs of digits that are no numbers, and ranges

    def _phones(self) -> list[tuple[str, Say]]:
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

    def _ranges(self) -> list[tuple[str, Say]]:
        return [
            (
                r"(?<![\w.,/–-])(?P<a>[$€£¥₽]?[0-9]{1,12}(?:[.,:][0-9]{1,3})?)(?:\s[–—-]\s|[–—-])"
                r"(?P<b>(?P<cur>[$€£¥₽])?[0-9]{1,12}(?:[.,:][0-9]{1,3})?)(?![\w–-]*[–-]?[0-9])",
                self._say_range,
            )
        ]

    def _say_range(self, match: re.Match[str]) -> str:
        low, high = _rough(match["a"]), _rough(match["b"])
        locale = self._locale
        if low >= high or not locale.to:
            return f"{match['a']}{locale.space or ' '}{match['b']}"
        return f"{match['a']}{locale.space}{locale.to}{locale.space}{match['b']}"

    def _leading_signs(self) -> list[tuple[str, Say]]:
        """#5, №5, ~5: signs that mean a word before a number and nothing elsewhere."""

        def said(match: re.Match[str]) -> str:
            sign = match.group().strip()
            return f" {self._locale.signs.get('#' if sign == '№' else sign, '')} "

        return [(r"(?<!\w)[#№~]\s?(?=[0-9])", said)]

    # Money and measures

    def _money(self) -> list[tuple[str, Say]]:
        locale = self._locale
        signs = _one_of(locale.currencies)
        scales = (
            rf"(?:\s?(?P<scale>{_one_of(locale.scales)})(?!\w))?"
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

    def _units(self) -> list[tuple[str, Say]]:
        locale = self._locale
        units = dict(locale.units)
        short = [unit for unit in units if len(unit) == 1 and unit.isupper()]
        names = _one_of(unit for unit in units if unit not in short and unit != "%")
        after = rf"(?:\s?(?P<unit>{names})|(?P<letter>{_one_of(short) or '(?!)'}))(?![\w²³]|/\w)"
        scales = _one_of(scale for scale in locale.scales if len(scale) > 2 or scale == "k")
        listed: list[tuple[str, Say]] = [
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

    # Ordinals, Roman numerals, fractions

    def _ordinals(self) -> list[tuple[str, Say]]:
        if self._locale.ordinal is None:
            return []
        pattern, say = self._locale.ordinal

        def said(match: re.Match[str]) -> str:
            digits = match["digits"]
            if not numbers.is_sayable(digits) or digits == "0":
                return match.group()
            return say(int(digits), match.group(), _word_before(match))

        return [(rf"(?<![\w.,/-]){pattern.replace(chr(92) + 'd', '[0-9]')}", said)]

    def _romans(self) -> list[tuple[str, Say]]:
        locale, code = self._locale, self._locale.code
        listed: list[tuple[str, Say]] = []
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

    def _fractions(self) -> list[tuple[str, Say]]:
        return [
            (
                r"(?<![\w/.,])(?P<n>[0-9]{1,4})/(?P<d>[0-9]{1,4})(?![\w/]|[.,][0-9])",
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
            return f"{numerator} {locale.slash if locale.fraction is None else ''} {denominator}"
        said = locale.fraction(numerator, denominator)
        if not parts.get("whole"):
            return said
        whole = locale.say(Value(whole=match["whole"]))
        return f"{whole}{locale.space}{locale.signs.get('&', '')}{locale.space}{said}"

    # Whatever digits are left

    def _plain(self) -> list[tuple[str, Say]]:
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
        return not plural or _word_before(match).lower() in _BEFORE_YEARS

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


def _rough(written: str) -> float:
    return float(re.sub(r"[^0-9.]", "", written.replace(",", ".").replace(":", ".")).rstrip("."))


def _word_before(match: re.Match[str]) -> str:
    words = match.string[max(match.start() - 24, 0) : match.start()].split()
    return words[-1].strip("(\"'“„«") if words else ""


def _one_of(written: object) -> str:
    """Alternatives, longest first; a key that begins or ends inside a word does not count."""
    keys = sorted(map(str, written), key=len, reverse=True)  # type: ignore[call-overload]
    return "|".join(map(re.escape, keys))
