"""The protocol's laws, kept by the built-in engine on the demo voice."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.samples import Audio
from core.engines.builtin import sources, world
from core.engines.builtin.card import CARD
from core.engines.builtin.conversion import Recipe
from core.engines.builtin.engine import Builtin, BuiltinPrompt, BuiltinSession
from core.engines.builtin.fitting import FASTEST, SLOWEST, fit
from core.engines.protocol import Reference, Unsaid, Utterance
from core.errors import Cancelled, InputError

ASSETS = Path(__file__).parents[4] / "assets"
NEVER = threading.Event()
TEXT = "We walked along the river until the sun went down."


@pytest.fixture(scope="module")
def reference() -> Reference:
    samples, rate = soundfile.read(ASSETS / "demo_voice.flac", dtype="float32")
    about = json.loads((ASSETS / "demo_voice.json").read_text())
    return Reference(
        audio=Audio(samples=samples, rate=rate),
        transcript=about["transcript"],
        language=about["language"],
        digest="demo",
    )


@pytest.fixture(scope="module")
def session() -> BuiltinSession:
    return Builtin().load(None, "cpu")


@pytest.fixture(scope="module")
def prompt(session: BuiltinSession, reference: Reference) -> BuiltinPrompt:
    return session.prepare(reference)


def say(
    session: BuiltinSession,
    prompt: BuiltinPrompt,
    text: str = TEXT,
    *,
    language: str = "en",
    seed: int = 1,
    **settings: float,
) -> np.ndarray:
    utterance = Utterance(text=text, language=language, seed=seed)
    (piece,) = session.speak(prompt, [utterance], settings, NEVER)
    assert piece.audio.rate == CARD.rate
    return piece.audio.samples


def median_f0_hz(samples: np.ndarray) -> float:
    f0 = world.analyse(samples.astype(np.float64)).f0
    return float(np.median(f0[f0 > 0]))


def test_the_card_lists_exactly_the_languages_that_some_source_speaks() -> None:
    assert len(set(CARD.languages)) == len(CARD.languages)
    assert set(CARD.languages) == set(sources.text_languages())


def test_an_utterance_sounds_the_same_alone_and_in_company(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    batch = [
        Utterance(text="Something else entirely.", language="en", seed=5),
        Utterance(text=TEXT, language="en", seed=1),
    ]
    pieces = {piece.position: piece for piece in session.speak(prompt, batch, {}, NEVER)}
    np.testing.assert_array_equal(pieces[1].audio.samples, say(session, prompt))


def test_the_same_seed_gives_the_same_sound_and_another_seed_another(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    first = say(session, prompt, seed=3)
    np.testing.assert_array_equal(first, say(session, prompt, seed=3))
    other = say(session, prompt, seed=4)
    assert len(other) != len(first) or not np.array_equal(other, first)


def test_a_new_session_says_it_the_same_way(session: BuiltinSession, prompt: BuiltinPrompt) -> None:
    fresh = Builtin().load(None, "cpu")
    np.testing.assert_array_equal(
        say(fresh, prompt, "Good evening."), say(session, prompt, "Good evening.")
    )


@pytest.mark.parametrize("semitones", [-2.0, 5.0])
def test_the_pitch_knob_moves_every_frame_by_the_semitones_it_says(
    session: BuiltinSession, prompt: BuiltinPrompt, semitones: float
) -> None:
    moved = world.analyse(say(session, prompt, pitch=semitones).astype(np.float64)).f0
    plain = world.analyse(say(session, prompt).astype(np.float64)).f0
    assert len(moved) == len(plain)
    # Only where both are found voiced: Harvest finds slightly other frames at another pitch, by
    # which the medians of all frames differ by half a semitone and more.
    both = (moved > 0) & (plain > 0)
    assert both.mean() > 0.5
    steps = 12 * np.log2(moved[both] / plain[both])
    assert np.median(steps) == pytest.approx(semitones, abs=0.1)


@pytest.mark.parametrize("speed", [0.7, 1.4])
def test_the_speed_knob_changes_the_duration_by_its_factor(
    session: BuiltinSession, prompt: BuiltinPrompt, speed: float
) -> None:
    ratio = len(say(session, prompt)) / len(say(session, prompt, speed=speed))
    # The silence kept at both ends (0.12 s of about 3 s) does not shrink, nor does a state
    # become shorter than one frame.
    assert ratio == pytest.approx(speed, rel=0.08)


def test_expressiveness_of_nothing_is_a_monotone(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    def movement(samples: np.ndarray) -> float:
        f0 = world.analyse(samples.astype(np.float64)).f0
        log_f0 = np.log(f0[f0 > 0])
        return float(np.percentile(log_f0, 90) - np.percentile(log_f0, 10))

    flat, plain, lively = (
        movement(say(session, prompt, expressiveness=value)) for value in (0.0, 1.0, 2.0)
    )
    # One semitone (0.06) of F0 estimation noise in a monotone.
    assert flat < 0.06 < plain < lively


def test_similarity_moves_the_pitch_from_the_source_to_the_speaker(
    session: BuiltinSession, prompt: BuiltinPrompt, reference: Reference
) -> None:
    target = np.exp(prompt.speech.pitch.log_median)
    near = median_f0_hz(say(session, prompt, similarity=1.0))
    far = median_f0_hz(say(session, prompt, similarity=0.0))
    assert abs(np.log(near / target)) < abs(np.log(far / target))


@pytest.mark.parametrize("knob", CARD.knobs, ids=lambda knob: knob.name)
def test_every_knob_changes_the_sound(
    session: BuiltinSession, prompt: BuiltinPrompt, knob: object
) -> None:
    low = say(session, prompt, **{knob.name: knob.low})  # type: ignore[attr-defined]
    high = say(session, prompt, **{knob.name: knob.high})  # type: ignore[attr-defined]
    assert len(low) != len(high) or np.abs(low - high).max() > 0.01


def test_stop_ends_before_the_next_utterance(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    stop = threading.Event()
    batch = [Utterance(text=TEXT, language="en", seed=index) for index in range(3)]
    pieces = session.speak(prompt, batch, {}, stop)
    next(pieces)
    stop.set()
    with pytest.raises(Cancelled):
        next(pieces)


@pytest.mark.parametrize("text", ["", "   ", "…", "🙂", "x" * 300])
def test_a_piece_is_neither_empty_nor_endless(
    session: BuiltinSession, prompt: BuiltinPrompt, text: str
) -> None:
    samples = say(session, prompt, text)
    assert 0 < len(samples) < 120 * CARD.rate
    assert np.isfinite(samples).all()


def test_nothing_clips_and_every_utterance_has_the_same_level(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    for text in (TEXT, "Yes.", "Please enter your account number!"):
        samples = say(session, prompt, text).astype(np.float64)
        assert np.abs(samples).max() <= 0.98
        level = world.level_db(samples, len(samples) // world.HOP)
        loud = level[level > np.percentile(level, 99) - 30]
        # 1.5 dB: a limited peak may lower a short utterance.
        assert 10 * np.log10(np.mean(10 ** (loud / 10))) == pytest.approx(-23.1, abs=1.5)


def test_a_voice_speaks_a_language_that_only_formant_speech_knows(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    samples = say(session, prompt, "Guten Abend, meine Damen und Herren.", language="de")
    assert 1.0 < len(samples) / CARD.rate < 6.0
    target = np.exp(prompt.speech.pitch.log_median)
    # 15 % is what the engine promises for the median.
    assert median_f0_hz(samples) == pytest.approx(target, rel=0.15)


def test_an_unknown_language_is_refused_in_words(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    with pytest.raises(Unsaid, match="does not speak"):
        say(session, prompt, language="xx")


def test_a_prompt_survives_its_file(session: BuiltinSession, prompt: BuiltinPrompt) -> None:
    file = io.BytesIO()
    np.savez(file, **prompt.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = BuiltinPrompt.from_arrays(arrays)
    assert again.nbytes == prompt.nbytes
    np.testing.assert_array_equal(
        say(session, again, "Good evening."), say(BuiltinSession(), prompt, "Good evening.")
    )


def test_a_prompt_is_as_large_as_it_says_and_bounded(prompt: BuiltinPrompt) -> None:
    arrays = prompt.to_arrays()
    assert prompt.nbytes == sum(
        arrays[name].nbytes for name in ("f0", "mcep", "bap", "level_db", "is_speech")
    )
    # 36 numbers of 8 bytes and a flag, 200 times a second, for the longest reference.
    assert prompt.nbytes <= CARD.reference_max_s * 201 * (36 * 8 + 1)


def noise(seconds: float, rate: int = 16_000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(round(seconds * rate)) * 0.1


def chord(seconds: float, rate: int = 16_000) -> np.ndarray:
    time_s = np.arange(round(seconds * rate)) / rate
    tones = (np.sin(2 * np.pi * hz * time_s) for hz in (220.0, 277.2, 329.6, 440.0))
    return 0.1 * sum(tones, np.zeros_like(time_s))


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("short", noise(0.2)),
        ("silent", np.zeros(16_000 * 5)),
        ("nearly silent", noise(5.0) * 1e-5),
        ("noise", noise(5.0)),
        ("a held chord", chord(5.0)),
        ("a click", np.eye(1, 16_000 * 5, 4000)[0]),
        ("nothing but not-a-number", np.full(16_000 * 5, np.nan)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_speech_is_refused_with_figures(
    session: BuiltinSession, name: str, samples: np.ndarray
) -> None:
    audio = Audio(samples=samples.astype(np.float32), rate=16_000)
    with pytest.raises(InputError) as caught:
        session.prepare(Reference(audio=audio, transcript=None, language="en", digest=name))
    assert any(sign.isdigit() for sign in caught.value.message)
    assert caught.value.hint


def test_a_wrong_transcript_falls_back_to_the_recipe_without_one(
    session: BuiltinSession, prompt: BuiltinPrompt
) -> None:
    wrong = replace(
        prompt,
        transcript="Glue the sheet to the dark blue background, these days a chicken leg is a rare "
        "dish. Rice is often served in round bowls, four hours of steady work faced us there.",
        digest="wrong",
    )
    without = replace(prompt, transcript=None, digest="without")
    np.testing.assert_array_equal(say(session, wrong), say(session, without))


def test_the_right_transcript_is_used(session: BuiltinSession, prompt: BuiltinPrompt) -> None:
    without = replace(prompt, transcript=None, digest="none")
    assert not np.array_equal(say(session, prompt)[:20_000], say(session, without)[:20_000])


def test_close_forgets_and_what_follows_sounds_the_same(prompt: BuiltinPrompt) -> None:
    session = Builtin().load(None, "cpu")
    first = say(session, prompt)
    session.close()
    np.testing.assert_array_equal(first, say(session, prompt))


@pytest.mark.parametrize(
    ("transcript", "language", "recipe"),
    [
        ("own", "en", Recipe.ALIGNED),
        ("own", "ru", Recipe.PHONE_MEANS),
        (None, "en", Recipe.NEAREST),
        ("Nothing like it.", "en", Recipe.NEAREST),
        ("Nothing like it.", "ru", Recipe.NEAREST),
        ("🙂", "en", Recipe.NEAREST),
    ],
)
def test_what_is_learnt_follows_what_is_known(
    prompt: BuiltinPrompt, transcript: str | None, language: str, recipe: Recipe
) -> None:
    learnt = fit(
        prompt.speech,
        transcript=prompt.transcript if transcript == "own" else transcript,
        spoken_language="en",
        language=language,
        sources=sources.sources_for,
    )
    assert learnt.recipe == recipe
    assert SLOWEST <= learnt.speed <= FASTEST
    # A man's reference gets a man's voice.
    assert not learnt.source.is_female


@pytest.mark.parametrize("spoken", ["en", None])
def test_without_a_transcript_the_pace_is_counted(
    prompt: BuiltinPrompt, spoken: str | None
) -> None:
    known, counted = (
        fit(
            prompt.speech,
            transcript=transcript,
            spoken_language=spoken,
            language="en",
            sources=sources.sources_for,
        )
        for transcript in (prompt.transcript, None)
    )
    assert counted.recipe == Recipe.NEAREST
    assert counted.speed < 0.9, "he speaks slower than the statistical voice"
    assert counted.speed == pytest.approx(known.speed, rel=0.1)


@pytest.mark.parametrize(
    ("spoken", "language", "speed"),
    [("en", "en", 1.5), (None, "en", 1.0), ("fr", "en", 1.0), (None, "de", 1.0)],
)
def test_a_pace_that_may_be_of_another_language_makes_nothing_faster(
    prompt: BuiltinPrompt, spoken: str | None, language: str, speed: float
) -> None:
    twice_as_fast = replace(
        prompt.speech,
        f0=prompt.speech.f0[::2],
        mcep=prompt.speech.mcep[::2],
        bap=prompt.speech.bap[::2],
        level_db=prompt.speech.level_db[::2],
        is_speech=prompt.speech.is_speech[::2],
    )
    learnt = fit(
        twice_as_fast,
        transcript=None,
        spoken_language=spoken,
        language=language,
        sources=sources.sources_for,
    )
    assert learnt.speed == pytest.approx(speed, rel=0.15 if spoken == "en" else 1e-9)
