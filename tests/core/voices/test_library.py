from __future__ import annotations

import dataclasses
import errno
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.samples import Audio
from core.database import MIGRATIONS, Database
from core.disk import writing
from core.errors import InputError, MissingError, ResourceError
from core.paths import Paths
from core.voices.digest import digest
from core.voices.library import VoiceLibrary
from core.voices.voice import Further, Voice
from tests.core.voices.making import REPORT, a_sound, add_voice

ASSETS = Path(__file__).parents[3] / "assets"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.default(tmp_path / "Stimmen ünd Töne")


@pytest.fixture
def database(paths: Paths) -> Iterator[Database]:
    with Database(paths) as opened:
        yield opened


@pytest.fixture
def library(database: Database) -> VoiceLibrary:
    ticks = iter(range(1_700_000_000, 1_800_000_000))
    return VoiceLibrary(database, clock=lambda: float(next(ticks)))


def test_a_voice_comes_back_as_it_was_made(library: VoiceLibrary, paths: Paths) -> None:
    voice = add_voice(library)
    assert library.get(voice.id) == voice
    assert library.list() == (voice,)
    assert voice.report == REPORT
    assert voice.audio == paths.voices / voice.id / "reference.flac"


def test_the_reference_is_the_kept_sound_in_16_bit(library: VoiceLibrary) -> None:
    sound = a_sound(3)
    voice = add_voice(library, audio=sound)
    reference = library.reference(voice.id)
    assert reference.audio.rate == sound.rate
    # Rounding to 16 bit moves a sample by at most half a step.
    assert np.abs(reference.audio.samples - sound.samples).max() <= 0.5 / 32768
    assert (reference.transcript, reference.language) == ("It was a bright cold day.", "en")
    assert reference.digest == voice.digest == digest(reference.audio, voice.transcript, "en")
    assert soundfile.info(voice.audio).subtype == "PCM_16"


def test_a_voice_keeps_what_was_agreed_to_when_and_for_which_sound(library: VoiceLibrary) -> None:
    voice = add_voice(library, statement="  The speaker agreed on 1 May. ")
    assert voice.consent.statement == "The speaker agreed on 1 May."
    assert voice.consent.given_at == voice.made_at == 1_700_000_000.0
    assert voice.consent.digest == voice.digest


@pytest.mark.parametrize("statement", ["", "   ", "\n"])
def test_there_is_no_voice_without_a_statement(library: VoiceLibrary, statement: str) -> None:
    with pytest.raises(InputError, match="needs a statement"):
        add_voice(library, statement=statement)
    assert library.list() == ()


def test_a_voice_whose_consent_was_for_another_sound_does_not_speak(
    library: VoiceLibrary, database: Database
) -> None:
    voice = add_voice(library)
    with database.change() as rows:
        rows.execute("UPDATE voices SET consent_digest = 'another'")
    with pytest.raises(InputError, match="no consent"):
        library.reference(voice.id)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "needs a name"),
        ({"audio": Audio(samples=np.zeros(0, np.float32), rate=16_000)}, "is empty"),
        ({"audio": Audio(samples=np.full(9, np.inf, np.float32), rate=16_000)}, "not numbers"),
        ({"language": "../x"}, "not a language code"),
        ({"transcript": "word " * 5_000}, "25,000 characters; at most 10,000"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_and_leaves_nothing(
    library: VoiceLibrary, paths: Paths, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        add_voice(library, **changes)
    assert library.list() == ()
    assert list(paths.voices.iterdir()) == []


def test_a_blank_transcript_is_no_transcript(library: VoiceLibrary) -> None:
    for nothing_said in (" \n ", "😀 🎉", "... ?!"):
        assert add_voice(library, transcript=nothing_said).transcript is None


def test_renaming_changes_the_name_alone(library: VoiceLibrary) -> None:
    voice = add_voice(library)
    renamed = library.rename(voice.id, "  Grace\nHopper ")
    assert renamed == dataclasses.replace(voice, name="Grace Hopper")
    assert library.get(voice.id) == renamed
    with pytest.raises(InputError, match="needs a name"):
        library.rename(voice.id, "")


def test_the_newest_voice_comes_first_and_names_may_be_shared(library: VoiceLibrary) -> None:
    first, second = add_voice(library), add_voice(library)
    assert [voice.id for voice in library.list()] == [second.id, first.id]


def test_a_deleted_voice_is_gone_and_says_so(library: VoiceLibrary, paths: Paths) -> None:
    kept, gone = add_voice(library), add_voice(library)
    library.delete(gone.id)
    assert library.list() == (kept,)
    assert [folder.name for folder in paths.voices.iterdir()] == [kept.id]
    with pytest.raises(MissingError, match="no such voice"):
        library.reference(gone.id)


@pytest.mark.parametrize("voice_id", ["0" * 32, "..", "", "A" * 32, "nul"])
def test_a_voice_that_is_not_there_is_said_to_be_missing(
    library: VoiceLibrary, voice_id: str
) -> None:
    for ask in (
        lambda: library.get(voice_id),
        lambda: library.rename(voice_id, "x"),
        lambda: library.delete(voice_id),
    ):
        with pytest.raises(MissingError, match="no such voice"):
            ask()


def _remove(voice: Voice | Further) -> None:
    voice.audio.unlink()


def _cut(voice: Voice | Further) -> None:
    voice.audio.write_bytes(voice.audio.read_bytes()[:3000])


def _swap(voice: Voice | Further) -> None:
    soundfile.write(voice.audio, np.zeros(16_000, np.int16), 16_000)


def _overwrite(voice: Voice | Further) -> None:
    voice.audio.write_bytes(b"<html>")


@pytest.mark.parametrize("harm", [_remove, _cut, _swap, _overwrite])
def test_a_voice_whose_file_is_gone_or_changed_is_not_spoken_with(
    library: VoiceLibrary, harm: object
) -> None:
    voice = add_voice(library)
    assert callable(harm)
    harm(voice)
    with pytest.raises(MissingError, match="gone from the disk or damaged"):
        library.reference(voice.id)


def test_a_full_disk_leaves_no_half_voice(database: Database, paths: Paths) -> None:
    def full(target: Path, content: bytes) -> None:
        with writing(target.parent, len(content)):
            raise OSError(errno.ENOSPC, "No space left on device")

    library = VoiceLibrary(database, write=full)
    with pytest.raises(ResourceError, match="no room left"):
        add_voice(library)
    assert library.list() == ()
    assert list(paths.voices.iterdir()) == []
    assert database.rows("SELECT * FROM unwanted") == []


# The voice that comes with Timbre


@pytest.fixture
def demo(tmp_path: Path) -> tuple[Path, Path]:
    sound, facts = tmp_path / "demo.flac", tmp_path / "demo.json"
    soundfile.write(sound, np.arange(16_000, dtype=np.int16), 16_000, subtype="PCM_16")
    facts.write_text(
        json.dumps(
            {
                "name": "Demo",
                "language": "en",
                "transcript": "Once.",
                "licence": "Public domain",
                "report": dataclasses.asdict(REPORT),
            }
        ),
        "utf-8",
    )
    return sound, facts


def test_the_demo_voice_is_added_once(library: VoiceLibrary, demo: tuple[Path, Path]) -> None:
    voice = library.ensure_demo(*demo)
    assert voice is not None
    assert (voice.name, voice.consent.statement) == ("Demo", "Public domain")
    assert voice.report == REPORT
    assert library.ensure_demo(*demo) is None
    assert library.list() == (voice,)


def test_a_deleted_demo_voice_stays_away(
    library: VoiceLibrary, paths: Paths, database: Database, demo: tuple[Path, Path]
) -> None:
    voice = library.ensure_demo(*demo)
    assert voice is not None
    library.delete(voice.id)
    database.close()
    with Database(paths) as later:
        assert VoiceLibrary(later).ensure_demo(*demo) is None
        assert VoiceLibrary(later).list() == ()


def test_programs_that_start_at_once_add_one_demo_voice(
    paths: Paths, demo: tuple[Path, Path]
) -> None:
    together = threading.Barrier(4)
    added: list[Voice | None] = []

    def first_start() -> None:
        with Database(paths) as database:
            together.wait()
            added.append(VoiceLibrary(database).ensure_demo(*demo))

    threads = [threading.Thread(target=first_start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(voice is not None for voice in added) == 1
    assert len(list(paths.voices.iterdir())) == 1


def test_many_threads_share_a_library(library: VoiceLibrary) -> None:
    def work(number: int) -> None:
        for _ in range(5):
            voice = add_voice(library, name=f"voice {number}", audio=a_sound(number, 0.05))
            library.reference(voice.id)
            library.rename(voice.id, f"renamed {number}")
        library.delete(voice.id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.list()) == 24


# Further recordings


def several() -> list[tuple[str, Audio]]:
    return [("park <b>.wav", a_sound(1, 0.5)), ("../../kitchen.mp3", a_sound(2, 0.25, 24_000))]


def test_further_recordings_come_back_with_the_voice(library: VoiceLibrary, paths: Paths) -> None:
    voice = add_voice(library, more=several())
    assert library.get(voice.id) == voice
    assert [(each.name, each.seconds) for each in voice.more] == [
        ("park <b>.wav", 0.5),
        ("../../kitchen.mp3", 0.25),
    ]
    assert {each.audio.parent for each in voice.more} == {paths.voices / voice.id}
    reference = library.reference(voice.id)
    for got, (_, sound) in zip(reference.more, several(), strict=True):
        assert got.rate == sound.rate
        # Rounding to 16 bit moves a sample by at most half a step.
        assert np.abs(got.samples - sound.samples).max() <= 0.5 / 32768
    assert voice.digest == voice.consent.digest == reference.digest
    assert voice.digest != add_voice(library).digest


def test_a_deleted_voice_takes_its_further_recordings_along(
    library: VoiceLibrary, paths: Paths
) -> None:
    library.delete(add_voice(library, more=several()).id)
    assert list(paths.voices.iterdir()) == []


@pytest.mark.parametrize("harm", [_remove, _cut, _swap, _overwrite])
def test_a_voice_whose_further_recording_is_gone_or_changed_is_not_spoken_with(
    library: VoiceLibrary, harm: Callable[[Further], None]
) -> None:
    voice = add_voice(library, more=several())
    harm(voice.more[1])
    with pytest.raises(MissingError, match="gone from the disk or damaged"):
        library.reference(voice.id)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([("one.wav", a_sound(1, 0.1))] * 9, "9 further recordings; .* at most 8"),
        ([("one.wav", Audio(samples=np.zeros(0, np.float32), rate=9_000))], "“one.wav” is empty"),
        (
            [("x.wav", Audio(samples=np.full(9, np.nan, np.float32), rate=9_000))],
            "“x.wav” is empty",
        ),
    ],
)
def test_further_recordings_of_no_use_leave_nothing(
    library: VoiceLibrary, paths: Paths, more: list[tuple[str, Audio]], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        add_voice(library, more=more)
    assert library.list() == ()
    assert list(paths.voices.iterdir()) == []


def test_a_disk_that_fills_at_the_second_file_leaves_no_half_voice(
    database: Database, paths: Paths
) -> None:
    written: list[Path] = []

    def fills(target: Path, content: bytes) -> None:
        with writing(target.parent, len(content)):
            if written:
                raise OSError(errno.ENOSPC, "No space left on device")
            written.append(target)
            target.parent.mkdir(parents=True)
            target.write_bytes(content)

    library = VoiceLibrary(database, write=fills)
    with pytest.raises(ResourceError, match="no room left"):
        add_voice(library, more=several())
    assert len(written) == 1
    assert library.list() == ()
    assert list(paths.voices.iterdir()) == []


def test_voices_of_an_older_timbre_have_no_further_recordings_and_speak_on(
    paths: Paths, tmp_path: Path
) -> None:
    before = next(at for at, script in enumerate(MIGRATIONS) if "COLUMN more" in script)
    with Database(Paths.default(tmp_path / "another")) as another:
        made = add_voice(VoiceLibrary(another))
        row = dict(another.rows("SELECT * FROM voices")[0])
    del row["more"]
    with Database(paths, migrations=MIGRATIONS[:before]) as older, older.change() as rows:
        rows.execute(
            f"INSERT INTO voices ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()),
        )
    shutil.copytree(made.audio.parent, paths.voices / made.id)
    with Database(paths) as newer:
        reference = VoiceLibrary(newer).reference(made.id)
        assert VoiceLibrary(newer).get(made.id).more == ()
    assert (reference.more, reference.digest) == ((), made.digest)
