import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.builtin.espeak import VOICES, EspeakSpeech, decode_phoneme, espeak, readable
from core.errors import InputError

HELLO = {
    "en": "Good morning.", "fr": "Bonjour.", "de": "Guten Tag.", "es": "Buenos días.",
    "it": "Buongiorno.", "nl": "Goedemorgen.", "pl": "Dzień dobry.", "cs": "Dobrý den.",
    "tr": "Günaydın.", "el": "Καλημέρα.", "bg": "Добро утро.", "ar": "صباح الخير",
    "fa": "صبح بخیر", "hi": "सुप्रभात", "bn": "সুপ্রভাত", "ta": "காலை வணக்கம்",
    "te": "శుభోదయం", "vi": "Chào buổi sáng.", "id": "Selamat pagi.", "ko": "안녕하세요.",
    "zh": "早上好。", "yue": "早晨。", "ja": "おはよう。", "ka": "დილა მშვიდობისა.",
    "he": "בוקר טוב", "th": "สวัสดี", "sw": "Habari ya asubuhi.",
}  # fmt: skip


@pytest.mark.parametrize("language", VOICES)
def test_every_language_loads_and_says_something(language: str) -> None:
    for variant in ("f2", "klatt4"):
        speech = espeak().say(HELLO.get(language, "abc 12"), f"{VOICES[language]}+{variant}")
        assert np.abs(speech.samples).max() > 0.05
        assert any(phoneme.ipa for phoneme in speech.phonemes)


def test_sounds_come_with_their_times_in_order() -> None:
    speech = espeak().say("Hello world.", "en-us")
    starts = [phoneme.start_s for phoneme in speech.phonemes]
    assert starts == sorted(starts)
    assert starts[-1] <= len(speech.samples) / speech.rate
    signs = [phoneme.ipa for phoneme in speech.phonemes if phoneme.ipa]
    assert signs == ["h", "ə", "l", "oʊ", "w", "ɜː", "l", "d"]
    assert [p.ipa for p in speech.phonemes if p.is_stressed] == ["oʊ", "ɜː"]


@pytest.mark.parametrize("n_bytes", range(9))
def test_a_phoneme_cut_inside_a_character_keeps_its_whole_characters(n_bytes: int) -> None:
    raw = "tʃʲːɐ̃ʲ".encode()[:8][:n_bytes]
    decoded = decode_phoneme(raw + b"\0" * (8 - n_bytes))
    assert "tʃʲːɐ̃ʲ".startswith(decoded)
    assert len(decoded.encode()) >= n_bytes - 1


def test_twice_the_speed_takes_about_half_the_time() -> None:
    slow, fast = (len(espeak().say("A long sentence is said here.", "en-us", speed=s).samples)
                  for s in (1.0, 2.0))  # fmt: skip
    # eSpeak shortens vowels more than consonants, and pauses least
    assert 0.4 < fast / slow < 0.75


def test_no_such_voice_is_said_in_words() -> None:
    with pytest.raises(InputError, match="'qq'"):
        espeak().say("a", "qq")


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec=None), max_size=40), st.sampled_from(["en-us", "cmn", "ar", "hi"])
)
def test_no_text_makes_it_fail(text: str, voice: str) -> None:
    assert espeak().say(text, voice).samples.dtype == np.float32


def test_controls_and_lone_surrogates_are_blanks_but_joiners_stay() -> None:
    assert readable("a\x00b\ud800c\u202e") == "a b c "
    assert readable("क्\u200dष") == "क्\u200dष"


def test_threads_do_not_mix_their_sounds() -> None:
    alone = {voice: espeak().say("one two three", voice).samples for voice in ("en-us", "fr")}
    made: list[tuple[str, EspeakSpeech]] = []

    def say(voice: str) -> None:
        made.extend((voice, espeak().say("one two three", voice)) for _ in range(5))

    threads = [threading.Thread(target=say, args=(voice,)) for voice in alone for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 20
    for voice, speech in made:
        np.testing.assert_array_equal(speech.samples, alone[voice])
