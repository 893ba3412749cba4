"""How often the gate is wrong: about good speech, and about speech that was spoilt on purpose.

    python -m benchmarks.gpt_sovits.gate [--n 40]

Good is what the built-in engine says in five languages, and windows of the demo voice. Tokens are
drawn as a babbling model would draw them, at the pace of speech.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from core.audio.samples import Audio
from core.engines.builtin.card import CARD
from core.engines.builtin.engine import Builtin
from core.engines.gpt_sovits import gate
from core.engines.protocol import Reference, Utterance

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SENTENCES = {
    "en": (
        "The weather is fine today, and nobody minds the wind.",
        "No, no, no, that is not what I meant at all!",
        "She counted one, two, three, four, five, six and seven.",
        "Row, row, row your boat gently down the stream.",
        "Yes.",
        "We went home late in the evening, and the lights were already out.",
        "Bye bye, see you soon.",
        "A very, very, very long time ago there lived a king.",
    ),
    "ru": ("Сегодня хорошая погода, и все идут гулять в парк.", "Нет, нет, нет, я так не думаю."),
    "de": ("Heute ist das Wetter schön, und wir gehen nach Hause.", "Ja, ja, das weiß ich doch."),
    "zh": ("今天天气很好，我们一起去公园走走吧。", "好好好，我知道了，谢谢谢谢。"),
    "ja": ("今日はとてもいい天気ですね。", "はい、はい、はい、わかりました。"),
}


def demo() -> Audio:
    samples, rate = soundfile.read(ASSETS / "demo_voice.flac", dtype="float32")
    return Audio(samples=np.ascontiguousarray(samples), rate=rate)


def good_speech() -> Iterator[tuple[str, Audio]]:
    """Name and sound."""
    voice = demo()
    for start_s in range(int(voice.seconds) - 4):
        first = start_s * voice.rate
        part = voice.samples[first : first + 4 * voice.rate]
        yield f"demo {start_s} s", Audio(samples=part, rate=voice.rate)
    session = Builtin().load(None, "cpu")
    kept = Audio(samples=voice.samples[: 8 * voice.rate], rate=voice.rate)
    prompt = session.prepare(Reference(audio=kept, transcript=None, language="en", digest="gate"))
    settings = {knob.name: knob.default for knob in CARD.knobs}
    for language, sentences in SENTENCES.items():
        batch = [Utterance(text=text, language=language, seed=1) for text in sentences]
        for piece in session.speak(prompt, batch, settings, threading.Event()):
            yield f"{language} {piece.position}", piece.audio


def babble(random: np.random.Generator, n: int) -> list[int]:
    """Tokens of speech: mostly new, some held for up to 0.3 s, one pause of up to a second."""
    tokens: list[int] = []
    while len(tokens) < n:
        tokens += [int(random.integers(1024))] * int(random.choice([1, 1, 1, 2, 3, 7]))
    pause = int(random.integers(n))
    tokens[pause:pause] = [486] * int(random.integers(25))
    return tokens[: n + 25]


def spoilt_tokens(random: np.random.Generator, prompt: list[int]) -> Iterator[tuple[str, bool]]:
    """Kind of fault, and whether it was found; 50 phones, that is 4.5 s, each."""
    good = babble(random, 112)
    period = int(random.integers(3, 40))
    looped = good[:40] + good[40 : 40 + period] * (3 + 40 // period) + good[80:]
    leaked = prompt[-int(random.integers(12, 30)) :] + good
    held = good[:50] + [int(random.integers(1024))] * 45 + good[50:]
    for kind, tokens, ended in (
        ("loop", looped, True),
        ("leak", leaked, True),
        ("held", held, True),
        ("too short", good[:25], True),
        ("too long", good * 4, True),
        ("no end", good, False),
    ):
        verdict = gate.judge_tokens(tokens, n_phones=50, ended=ended, prompt=prompt)
        yield kind, not verdict.is_good


def spoilt_sound(name: str, audio: Audio) -> Iterator[tuple[str, bool]]:
    """The same for sound."""
    rate, samples = audio.rate, audio.samples
    third = len(samples) // 3
    n_loop = rate // 2
    loop = samples[third : third + n_loop]
    broken = samples.copy()
    broken[third] = np.nan
    for kind, made in (
        ("loop", np.concatenate([samples[:third], np.tile(loop, 5), samples[third:]])),
        ("pause", np.insert(samples, third, np.zeros(4 * rate, np.float32))),
        ("mostly silent", np.concatenate([samples[:third], np.zeros(3 * len(samples))])),
        ("silent", samples * 1e-4),
        ("not a number", broken),
    ):
        verdict = gate.judge_sound(Audio(samples=made.astype(np.float32), rate=rate))
        yield kind, not verdict.is_good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=40, help="babbled segments")
    n = parser.parse_args().n
    random = np.random.default_rng(1)
    found: dict[str, list[bool]] = {}
    alarms = []
    for place in range(n):
        prompt = babble(random, 200)
        verdict = gate.judge_tokens(babble(random, 112), n_phones=50, ended=True, prompt=prompt)
        found.setdefault("tokens: false alarm", []).append(not verdict.is_good)
        alarms += [f"tokens {place}: {verdict.in_words()}"] * (not verdict.is_good)
        for kind, is_found in spoilt_tokens(random, prompt):
            found.setdefault(f"tokens: {kind}", []).append(is_found)
    for name, audio in good_speech():
        verdict = gate.judge_sound(audio)
        found.setdefault("sound: false alarm", []).append(not verdict.is_good)
        alarms += [f"{name}: {verdict.in_words()}"] * (not verdict.is_good)
        for kind, is_found in spoilt_sound(name, audio):
            found.setdefault(f"sound: {kind}", []).append(is_found)
    shares = {kind: f"{sum(each)} of {len(each)}" for kind, each in found.items()}
    print(json.dumps({"called bad": shares, "alarms": alarms}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
