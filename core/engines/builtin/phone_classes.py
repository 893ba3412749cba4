"""How phones resemble each other: classes within a language, groups across languages."""

from __future__ import annotations

import unicodedata

VOWELS = frozenset("aeiouyɑɐɒæɔəɘɚɛɜɝɞɨɪɯɵøœɶʉʊʌʏᵻ")

CLASSES = {
    "nasal": "mnŋɲɱɳɴ",
    "liquid": "lrɹɾjwɫʎɥʁʀɻɭʋ",
    "voiced fricative": "zʒvðʑβʐɣʝ",
    "fricative": "sʃfθxχhɕʂɸçħ",
    "stop": "ptkqcʈʔ",
    "voiced stop": "bdɡgɖɟ",
}

GROUPS = (
    *("i", "ɪᵻɨʏ", "yɥ", "eø", "ɛœ", "æ", "a", "ɑɒ", "ʌɐ", "əɘɵ", "ɜɝɚɞ", "ɔ", "o", "ʊ", "uɯʉ"),
    *("m", "nɳ", "ŋɴ", "ɲ", "lɭɫ", "ʎ", "rɾ", "ɹɻ", "ʁʀɣ", "j", "wʋ"),
    *("p", "tʈ", "kqc", "b", "dɖ", "ɡgɟ", "s", "z", "ʃɕʂ", "ʒʑʐ", "fɸ", "vβ", "θ", "ð", "xχħ"),
    *("hɦ", "ç", "ʔ"),
)
"""Signs that one language uses where another uses its neighbour, for comparing their means."""

_GROUP_OF = {sign: group[0] for group in GROUPS for sign in group}


def phone_class(phone: str) -> str:
    """Broad class of an IPA phone; 'silence' for an empty one, 'other' for what is not known."""
    if not phone or phone.startswith("("):
        return "silence"
    if any(sign in VOWELS for sign in unicodedata.normalize("NFD", phone)):
        return "vowel"
    return next((name for name, signs in CLASSES.items() if phone[0] in signs), "other")


def phone_group(phone: str) -> str:
    """What a phone is compared as across languages; '' for silence and what is not known.

    A diphthong counts as its first vowel, an affricate as itself.
    """
    bare = (sign if sign in _GROUP_OF else unicodedata.normalize("NFD", sign)[0] for sign in phone)
    signs = [sign for sign in bare if sign in _GROUP_OF]
    if not signs:
        return ""
    first = _GROUP_OF[signs[0]]
    if first in "td" and len(signs) > 1 and _GROUP_OF[signs[1]] in "szʃʒ":
        return first + _GROUP_OF[signs[1]]
    return first
