import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.engines.builtin.front_ends import FRONT_ENDS, front_end, language_folder
from core.engines.builtin.labels import Labeller, Utterance, Word
from core.engines.builtin.phone_tables import CMU_BY_IPA, IPA
from core.engines.builtin.phones import MAX_PHRASE_WORDS

PARAGRAPHS = {
    "en": "The quick brown fox jumps over the lazy dog, while sixty-five jugglers vex Mr. Bell."
    " Her vision of a measure of joy: the boys thought that these toys would be 3.5% cheaper! "
    "Ouch, you should see the church's new bathroom? NASA, the USA and zorkification.",
    "ru": "Съешь же ещё этих мягких французских булок, да выпей чаю! Объявили, что поезд в"
    " Щёлково уйдёт в 17 часов. Кто-то из друзей купил 125 яблок и Microsoft Windows? США.",
    "uk": "Жебракують філософи при ґанку церкви в Гадячі, ще й шатро їхнє п'яне знаємо. "
    "Сьогодні 25 гривень, дзвінок і джміль. Hello! ООН.",
    "pt": "Luís argüia à Júlia que brações, fé, chá, óxido, pôr, zângão eram palavras do"
    " português. O coração não tem 2024 razões? Hoje amanhã, minha filha trabalha em Curitiba.",
    "eo": "Eĥoŝanĝo ĉiuĵaŭde. Ĉiuj homoj estas denaske liberaj kaj egalaj laŭ digno. La ŝafo kaj la"
    " ĝardeno, dzorgo, 15 hundoj! UEA?",
    "ky": "Бардык адамдар өз беделинде жана укуктарында эркин жана тең укуктуу болуп жаралат. "
    "Россия, цирк, щётка, 25 үй? Жаңы фильм.",
}  # fmt: skip


def said(language: str, text: str) -> str:
    """Words as phones, syllables divided by dots, stressed ones marked."""
    return " | ".join(
        " ".join(_word(word) for word in phrase.words)
        for utterance in front_end(language).utterances(text)
        for phrase in utterance.phrases
    )


def _word(word: Word) -> str:
    return ".".join(
        ("'" if syllable.is_stressed else "") + "-".join(phone.name for phone in syllable.phones)
        for syllable in word.syllables
    )


@pytest.mark.parametrize("language", FRONT_ENDS)
def test_a_paragraph_uses_nearly_all_sounds_of_its_language_and_no_others(language: str) -> None:
    sounds = front_end(language).phone_set
    used = {
        phone.name
        for utterance in front_end(language).utterances(PARAGRAPHS[language])
        for word in utterance.words
        for phone in word.phones
    }
    known = set(sounds.features) - {"pau"}
    assert used <= known
    # rare sounds (soft Ukrainian consonants before i, long Kyrgyz vowels) need rarer words
    assert len(used) >= 0.6 * len(known), sorted(known - used)


@pytest.mark.parametrize("language", FRONT_ENDS)
def test_every_sound_of_a_voice_has_an_ipa_sign(language: str) -> None:
    assert set(front_end(language).phone_set.features) - {"pau"} <= set(IPA[language])


def test_every_english_sound_of_espeak_becomes_sounds_of_the_voice() -> None:
    names = {name for names in CMU_BY_IPA.values() for name in names.split()}
    assert all(name in front_end("en").phone_set for name in names)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "the apple", "dh-iy 'ae.p-ax-l"),
        ("en", "the cat's", "dh-ax 'k-ae-t s"),
        ("en", "John's", "'jh-aa-n z"),
        ("en", "Alice's", "'ae.l-ax-s ax-z"),
        ("en", "24", "'t-w-eh-n.t-iy 'f-ao-r"),
        ("ru", "молоко", "m-a0.l-a0.'k-o"),
        ("ru", "с другом", "z 'd-r-u.g-a0-m"),
        ("ru", "город, сад", "'g-o.r-a0-t | 's-a-t"),
        ("ru", "Hello", "h-e0.'l-o.u0"),
        ("uk", "п'ять", "'p-j-a-tj"),
        ("pt", "coração", "k-o.r-a.'s-an-wn"),
        ("eo", "saluton", "s-a.'l-u.t-o-n"),
        ("ky", "мектеп", "m-e-k.t-e-p"),
    ],
)
def test_words_are_said_as_their_language_says_them(
    language: str, text: str, expected: str
) -> None:
    assert said(language, text) == expected


def test_a_word_that_no_dictionary_knows_is_still_said_whole() -> None:
    assert said("en", "zorkification").count(".") == 4
    assert "'" in said("ru", "глокая")
    assert "'" in said("uk", "бокрьонка")


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("I live here", 1, "'l-ih-v"),
        ("hear live music", 1, "'l-ay-v"),
        ("the wind blows", 1, "'w-ih-n-d"),
        ("they lead us", 1, "'l-iy-d"),
        ("I have read it", 2, "'r-eh-d"),
        ("I will read it", 2, "'r-iy-d"),
        ("I use it", 1, "'y-uw-z"),
    ],
)
def test_words_written_alike_are_told_apart_by_their_sentence(
    text: str, word: int, expected: str
) -> None:
    assert said("en", text).split(" ")[word] == expected


def test_short_words_in_capitals_are_spelled_unless_they_are_words() -> None:
    assert said("en", "XQZ") == "eh-k.s-k-y-uw.'z-iy"
    assert said("en", "NATO") == "'n-ey.t-ow"


def test_letters_of_other_languages_lose_their_accents_and_own_letters_keep_them() -> None:
    assert said("en", "naïve café, Zürich") == said("en", "naive cafe, Zurich")
    assert said("pt", "avó") != said("pt", "avo")
    assert said("eo", "ĉu Ŝi") == "'ch-u 'sh-i"
    assert said("ru", "ёж") == "'j-o-sh"


def test_words_in_another_script_are_said_with_the_nearest_sounds() -> None:
    assert said("en", "Москва") == "m-ah-s-k.'v-aa"
    assert said("en", "東京, Αθήνα").count("|") == 1
    assert said("ru", "東京")


def test_questions_without_a_question_word_rise() -> None:
    def tones(text: str) -> list[str]:
        return [utterance.end_tone for utterance in front_end("en").utterances(text)]

    assert tones("Is it late? What is it? It is late.") == ["H-H%", "NONE", "NONE"]


def test_punctuation_divides_phrases_and_stops_divide_utterances() -> None:
    made = list(front_end("en").utterances("One, two (three) four: five. Six!\n\nSeven"))
    assert [len(utterance.phrases) for utterance in made] == [5, 1, 1]


def test_stops_inside_numbers_and_addresses_divide_nothing() -> None:
    made = list(front_end("en").utterances("It costs 3.50 at www.example.org today"))
    assert len(made) == 1
    assert len(made[0].phrases) == 1


def test_a_text_without_punctuation_is_said_in_breaths() -> None:
    made = list(front_end("en").utterances("banana and " * 200))
    assert max(len(phrase.words) for u in made for phrase in u.phrases) <= MAX_PHRASE_WORDS
    assert sum(len(u.words) for u in made) == 400


def test_a_word_of_ten_thousand_letters_is_said_in_parts() -> None:
    made = list(front_end("en").utterances("abcde" * 2000))
    assert sum(len(word.phones) for u in made for word in u.words) > 5_000
    assert max(len(word.name) for u in made for word in u.words) <= 60


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "😀", "\n\n", "—", "\u200b", "\ud800"])
def test_a_text_without_words_is_no_utterance(text: str) -> None:
    assert list(front_end("ru").utterances(text)) == []


# surrogates included: text can reach us from anywhere
anything = st.text(st.characters(codec=None), max_size=60) | st.text(
    "abcéñßж’'-—.,!?0123456789 \n\t😀你好,á#/@%\u200d\u0301ЇїґъЫ", max_size=60
)


@pytest.mark.parametrize("language", FRONT_ENDS)
@settings(max_examples=60, deadline=None)
@given(text=anything)
@example(text="٣ ½ ² Ⅷ 1e5 -3 3-4 1,2,3 10:30 2nd 007")
@example(text="a'b'c '' ' 's 'tis o''clock ё̈ й")
def test_any_text_becomes_labels_of_known_sounds_or_nothing(language: str, text: str) -> None:
    made = front_end(language)
    folder = language_folder(language)
    labeller = Labeller.read(folder / "labelling.xml", made.phone_set)
    for utterance in made.utterances(text):
        assert isinstance(utterance, Utterance)
        labels, phones = labeller.labels(utterance)
        assert len(labels) == len(phones) >= 3
        assert all(phone.name in made.phone_set for phone in phones)
