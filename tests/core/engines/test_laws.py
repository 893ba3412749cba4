"""The laws of `core.engines.protocol`, on every engine that there is, and on the tests' own."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.samples import Audio
from core.engines.protocol import EngineCard, Piece, Prompt, Reference, Session, Utterance
from core.engines.registry import Registry, build
from core.errors import Cancelled, InputError
from core.synthesis.prompts import Prompts, Restores
from tests import tiny_gpt_sovits
from tests.fakes import FAKE_CARD

ASSETS = Path(__file__).resolve().parents[3] / "assets"

CARDS = Registry(extra=(FAKE_CARD,)).cards()

TEXTS = ("The weather is fine today.", "We went home.", "Nobody knew where she had gone.")

LONGEST_S_PER_CHAR = 0.5
"""The slowest reading aloud is about 5 characters a second; at half speed 2.5."""


def utterances(card: EngineCard, *texts: str, seed: int = 7) -> list[Utterance]:
    assert "en" in card.languages, "these texts are English"
    return [Utterance(text=text, language="en", seed=seed) for text in texts]


def demo(card: EngineCard) -> Reference:
    samples, rate = soundfile.read(ASSETS / "demo_voice.flac", dtype="float32")
    about = json.loads((ASSETS / "demo_voice.json").read_text(encoding="utf-8"))
    whole = Audio(samples=np.ascontiguousarray(samples), rate=rate)
    return Reference(
        audio=Audio(samples=whole.samples[: round(card.reference_max_s * rate)], rate=rate),
        transcript=about["transcript"],
        language=about["language"],
        digest=hashlib.blake2b(samples.tobytes()).hexdigest(),
    )


def brief(card: EngineCard) -> Reference:
    """As little as the engine takes, so that to prepare it is quick."""
    whole = demo(card)
    n_samples = round((card.reference_min_s + 1.0) * whole.audio.rate)
    audio = Audio(samples=whole.audio.samples[:n_samples], rate=whole.audio.rate)
    return dataclasses.replace(whole, audio=audio, transcript=None, digest="brief")


class Flag:
    """A stop flag that is raised when it is asked for the n-th time; None for never."""

    def __init__(self, at: int | None = None) -> None:
        self.n_asked = 0
        self._at = at

    def is_set(self) -> bool:
        self.n_asked += 1
        return self._at is not None and self.n_asked >= self._at


@dataclasses.dataclass
class Loaded:
    card: EngineCard
    session: Session
    prompt: Prompt

    def say(
        self,
        batch: Sequence[Utterance],
        flag: Flag | None = None,
        **changes: float,
    ) -> list[Piece]:
        settings = {knob.name: knob.default for knob in self.card.knobs} | changes
        pieces = self.session.speak(self.prompt, batch, settings, flag or Flag())
        return sorted(pieces, key=lambda piece: piece.position)

    def one(self, text: str, *, seed: int = 7, **changes: float) -> bytes:
        (piece,) = self.say(utterances(self.card, text, seed=seed), **changes)
        return piece.audio.samples.tobytes()


@pytest.fixture(scope="module", params=CARDS, ids=lambda card: card.name)
def card(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EngineCard:
    """With a model, where the engine carries none: the smallest of its official format."""
    found: EngineCard = request.param
    if not found.shelf:
        return found
    tiny = {"gpt_sovits": tiny_gpt_sovits.make}
    folder = tmp_path_factory.mktemp(found.name)
    return dataclasses.replace(found, weights=tiny[found.name](folder))


@pytest.fixture(scope="module")
def loaded(card: EngineCard) -> Iterator[Loaded]:
    session = build(card.factory, ("core.engines", "tests")).load(card.weights, "cpu")
    yield Loaded(card=card, session=session, prompt=session.prepare(demo(card)))
    session.close()


def test_a_card_keeps_its_own_bounds(card: EngineCard) -> None:
    assert 0.0 < card.reference_min_s <= card.reference_best_s <= card.reference_max_s
    assert card.max_chars >= 40
    assert card.max_batch >= 1
    assert len(set(card.languages)) == len(card.languages) > 0
    assert all(knob.low <= knob.default <= knob.high for knob in card.knobs)
    assert all(0.0 < knob.step <= knob.high - knob.low for knob in card.knobs)
    assert len({knob.name for knob in card.knobs}) == len(card.knobs)


def test_pieces_are_sound_at_the_declared_rate_neither_empty_nor_endless(loaded: Loaded) -> None:
    pieces = loaded.say(utterances(loaded.card, *TEXTS)[: loaded.card.max_batch])
    assert [piece.position for piece in pieces] == list(range(min(3, loaded.card.max_batch)))
    for piece, text in zip(pieces, TEXTS, strict=False):
        samples = piece.audio.samples
        assert piece.audio.rate == loaded.card.rate
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        assert np.isfinite(samples).all()
        assert float(np.sqrt(np.mean(np.square(samples)))) > 1e-3  # -60 dB: nobody hears less
        assert 0.0 < piece.audio.seconds < 1.0 + LONGEST_S_PER_CHAR * len(text)


def test_an_utterance_sounds_the_same_alone_and_in_company(loaded: Loaded) -> None:
    batch = utterances(loaded.card, *TEXTS)[: loaded.card.max_batch]
    company = loaded.say(batch)
    for utterance, piece in zip(batch, company, strict=True):
        (alone,) = loaded.say([utterance])
        assert len(alone.audio.samples) == len(piece.audio.samples)
        # A batched matrix product rounds otherwise than a single one: -80 dB is not heard.
        assert np.allclose(alone.audio.samples, piece.audio.samples, rtol=0.0, atol=1e-4)


def test_the_same_seed_gives_the_same_sound(loaded: Loaded) -> None:
    first = loaded.one(TEXTS[1])
    loaded.one(TEXTS[1], seed=8)
    loaded.one(TEXTS[2])
    assert loaded.one(TEXTS[1]) == first


def test_two_sessions_give_the_same_sound(loaded: Loaded) -> None:
    sounds = []
    for _ in range(2):
        session = build(loaded.card.factory, ("core.engines", "tests")).load(
            loaded.card.weights, "cpu"
        )
        sounds.append(Loaded(loaded.card, session, session.prepare(brief(loaded.card))))
    assert sounds[0].one(TEXTS[1]) == sounds[1].one(TEXTS[1])
    for each in sounds:
        each.session.close()


def test_every_knob_changes_the_sound_both_ways(loaded: Loaded) -> None:
    usual = loaded.one(TEXTS[1])
    for knob in loaded.card.knobs:
        for value in {knob.low, knob.high} - {knob.default}:
            assert loaded.one(TEXTS[1], **{knob.name: value}) != usual, (knob.name, value)


def test_stopped_before_it_began_it_says_nothing(loaded: Loaded) -> None:
    with pytest.raises(Cancelled):
        loaded.say(utterances(loaded.card, *TEXTS)[: loaded.card.max_batch], Flag(at=1))


def test_stop_ends_at_the_next_step(loaded: Loaded) -> None:
    batch = utterances(loaded.card, TEXTS[1])
    patient = Flag()
    loaded.say(batch, patient)
    assert patient.n_asked >= 1
    for at in range(1, min(patient.n_asked, 5) + 1):
        flag = Flag(at=at)
        with pytest.raises(Cancelled):
            loaded.say(batch, flag)
        assert flag.n_asked == at, "it went on after it was told"
    assert loaded.one(TEXTS[1]), "a stopped session can still speak"


def test_a_reference_without_speech_is_refused_in_words(loaded: Loaded) -> None:
    rate = 24_000
    n_samples = round(0.5 * loaded.card.reference_min_s * rate)
    silence = Reference(
        audio=Audio(samples=np.zeros(n_samples, dtype=np.float32), rate=rate),
        transcript=None,
        language=None,
        digest="silence",
    )
    with pytest.raises(InputError) as refusal:
        loaded.session.prepare(silence)
    assert refusal.value.message.endswith(".")
    assert refusal.value.hint


def test_a_prompt_is_bounded(loaded: Loaded) -> None:
    assert 0 < loaded.prompt.nbytes < 64 << 20


def test_a_prompt_kept_on_disk_speaks_the_same(loaded: Loaded, tmp_path: Path) -> None:
    if not isinstance(loaded.session, Restores):
        pytest.skip(f"the engine {loaded.card.name} keeps no prompts on disk")
    sounds = []
    for _ in range(2):
        session = build(loaded.card.factory, ("core.engines", "tests")).load(
            loaded.card.weights, "cpu"
        )
        prompt = Prompts(tmp_path, "engine").get(session, brief(loaded.card))
        sounds.append(Loaded(loaded.card, session, prompt).one(TEXTS[1]))
        session.close()
    assert sounds[0] == sounds[1]
    assert len(list(tmp_path.iterdir())) == 1


def test_closing_gives_the_memory_back(card: EngineCard) -> None:
    def live() -> None:
        session = build(card.factory, ("core.engines", "tests")).load(card.weights, "cpu")
        Loaded(card, session, session.prepare(brief(card))).one(TEXTS[1])
        session.close()
        del session
        gc.collect()

    # Twice first: imports, caches of the libraries, the allocator's own appetite.
    live()
    live()
    n_lives = 2
    # A leak of anything that a session holds would be megabytes each time, and so in every round.
    # A round that is not quiet may be the allocator taking back what other tests left in here.
    assert any(grown_bytes(live, n_lives) < n_lives * (1 << 20) for _ in range(4))


def grown_bytes(live: Callable[[], None], n_lives: int) -> int:
    before = resident_bytes()
    for _ in range(n_lives):
        live()
    return resident_bytes() - before


def resident_bytes() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("reads the memory from /proc")
    (line,) = (each for each in status.read_text().splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
