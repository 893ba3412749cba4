"""The languages whose numbers, dates and signs we put in words."""

from __future__ import annotations

import importlib
from functools import lru_cache

from core.text.locale import Locale
from core.text.numbers import SPOKEN_BY_US


@lru_cache(maxsize=len(SPOKEN_BY_US))
def locale_of(language: str) -> Locale | None:
    """The locale of an ISO 639-1 code; None where digits and signs are left to the engine."""
    if language not in SPOKEN_BY_US:
        return None
    locale = importlib.import_module(f"core.text.locales.{language}").LOCALE
    assert isinstance(locale, Locale)
    return locale
