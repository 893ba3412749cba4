"""What an engine is given to say: numbers in words, and no sign that nobody would read aloud."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from core.text.locales import locale_of
from core.text.rules import rules_for

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Full-width punctuation stays: Chinese and Japanese engines pause at it.
for _kept in "！，：；？（）":
    del _FULL_WIDTH[ord(_kept)]

_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)"), r"\1"),  # links and images
    (re.compile(r"(?<=[\w.,;:!?\"”’])\[[0-9]{1,3}\]"), ""),  # footnote marks
    (re.compile(r"<(https?://[^<>\s]{1,500}+)>"), r" \1 "),
    (re.compile(r"</?[A-Za-z][^<>]{0,100}>"), " "),
    (re.compile(r"(?m)^[ \t]*(?:>[ \t]?){1,8}"), ""),
    (re.compile(r"(?m)^[ \t]*#{1,6}[ \t]+"), ""),
    (re.compile(r"(?m)^[ \t]*(?:[-*+•·▪◦‣–—]|\[[ xX]?\])[ \t]+"), ""),
    (re.compile(r"([-=_*~#+<>|])\1{2,}+"), " "),  # rules made of signs
    (re.compile(r"--"), " — "),
    (re.compile(r"。(?=」(?:と|って))"), ""),  # a quotation inside a sentence
)
_DIGIT = re.compile(r"[0-9½⅓⅔¼¾⅕-⅞]")
_PROTOCOL = re.compile(r"(?<!\w)(?:https?|ftp)://(?:www\.)?")
_SIGNS = re.compile(r"[^\w\s.,;:!?。、，！？；：…]|_")
_KEPT = frozenset("'’-·。、，．！？；：،؛؟۔।॥։།។።፣፤፥፦፧¿¡‘")
_KEPT_BY_ENGINES = frozenset("%$€£¥&+=°@")
"""Signs that are left where we have no words for them: eSpeak NG reads these in most languages."""
_MINUS_LIKE = frozenset("‐‑‒")
_ELLIPSES = frozenset("…‥")


def say(text: str, language: str) -> str:
    """A segment as it is spoken.

    Never raises, takes linear time, and grows by no more than the names of digits and signs are
    longer than these.

    Args:
        text: Cleaned text.
        language: ISO 639-1.

    Returns:
        Words and sentence punctuation; empty when there is nothing to say.
    """
    locale = locale_of(language)
    goes_on = text.rstrip()[-1:] in tuple(",，、،")  # cut at a clause: the voice stays up
    text = text.translate(_FULL_WIDTH)
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    text = _in_words(text, language) if locale is not None else _PROTOCOL.sub("", text)
    text = _without_junk(text, locale.signs if locale else None)
    if not any(char.isalnum() for char in text):
        return ""
    text = text if goes_on else text.rstrip(",，、،")
    if language == "zh":
        return text.replace(", ", "，")
    return text.replace(", ", "、").replace("，", "、") if language == "ja" else text


def _in_words(text: str, language: str) -> str:
    rules = rules_for(language)
    for pattern, said in rules.words:
        text = pattern.sub(said, text)
    if not _DIGIT.search(text):
        return text
    for pattern, said in rules.digits:
        text = pattern.sub(said, text)
    return text


def _without_junk(text: str, names: Mapping[str, str] | None) -> str:
    def readable(match: re.Match[str]) -> str:
        return _read_sign(match, names)

    text = _SIGNS.sub(readable, text)
    text = " ".join(text.split())
    text = re.sub(r"\s+(?=[.,;:!?…。、，！？；：])", "", text)
    text = re.sub(r"\.{4,}+", "...", text)
    text = re.sub(r"([!?])[!?]{3,}+", r"\1", text)
    text = re.sub(r"[,،、，](?:\s?[,،、，])++", lambda match: match.group()[0], text)
    text = re.sub(r"(?<=[^\W\d_]),(?=[^\W\d_])", ", ", text)
    text = re.sub(r"[,，、]\s?(?=[.;:!?…。！？；：])|(?<=[.;:!?…]),(?=\s|$)", "", text)
    return text.lstrip(" .,;:!?…。、，；：·-'’").rstrip(" -")


def _read_sign(  # noqa: PLR0911 - a table of cases, first that fits
    match: re.Match[str], names: Mapping[str, str] | None
) -> str:
    sign, text = match.group(), match.string
    before = text[match.start() - 1] if match.start() else " "
    after = text[match.end()] if match.end() < len(text) else " "
    kind = unicodedata.category(sign)
    if sign in "'’‘":
        return "'" if (before.isalpha() or before == ".") and after.isalpha() else ""
    if sign == "-" or sign in _MINUS_LIKE:
        return "-" if before.isalnum() and after.isalnum() else _pause(before, after)
    if sign in _ELLIPSES or sign in _KEPT or kind[0] == "M":
        return sign
    if kind == "Pd" or sign in "|":
        return ", "
    if kind in ("Ps", "Pe"):
        return _bracket(sign, before)
    if names is None:
        return sign if sign in _KEPT_BY_ENGINES else "" if kind == "Cf" else " "
    if sign in names and _is_meant(sign, after):
        return f" {names[sign]} "
    if kind in ("Pi", "Pf", "Cf") or sign == '"':
        return ""
    return sign if kind == "Po" and sign not in '#%&*/@\\†‡•‰′″※‽§¶"<>' and sign > "\u2fff" else " "


def _pause(before: str, after: str) -> str:
    return ", " if before.isspace() and after.isspace() else " "


def _bracket(sign: str, before: str) -> str:
    if sign in "「」『』〈〉《》【】〔〕":
        return ""
    if sign in "（）":
        return "，"
    return " " if sign in "([{" and before.isalnum() else ", "


def _is_meant(sign: str, after: str) -> bool:
    """Whether a sign stands for a word here rather than for layout."""
    if sign in "#~":  # those before a number are in words by now
        return False
    return not (sign in "<>=+@" and after in "<>=+")
