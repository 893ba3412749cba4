"""Which copies of models stay on the disk, and that nothing else there is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engines.copies import FORMAT, Copies
from core.errors import InputError

SIZE = 10_000


def digest(n: int) -> str:
    return f"{n:032x}"


def copied(cache: Copies, n: int, source: Path, *, used_at_s: float | None = None) -> Path:
    """A copy as the engine makes one; `source` is written too."""
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(b"source")
    file = cache.place(digest(n), source)
    file.write_bytes(b"\0" * SIZE)
    if used_at_s is not None:
        os.utime(file.parent / "source.json", (used_at_s, used_at_s))
    return file


def made(folder: Path, n: int, *, most_bytes: int = SIZE * 100) -> tuple[Copies, list[Path]]:
    """Some copies, the first one unused for longest, none in use."""
    writer = Copies(folder / "copies", most_bytes=most_bytes)
    files = [
        copied(writer, each, folder / "models" / f"{each}.pth", used_at_s=1000.0 + each)
        for each in range(n)
    ]
    writer.release()
    return writer, files


def test_a_copy_lies_under_what_its_source_holds_and_is_named_like_it(tmp_path: Path) -> None:
    file = Copies(tmp_path / "c").place(digest(7), tmp_path / "anna-e15.ckpt")
    assert file == tmp_path / "c" / f"{digest(7)}-{FORMAT}" / "anna-e15.safetensors"


def test_the_size_of_all_is_told_and_of_those_in_use(tmp_path: Path) -> None:
    cache, _ = made(tmp_path, 3)
    reader = Copies(cache.folder)
    assert reader.kept().n == 3
    # The note on the source is counted too.
    assert 3 * SIZE <= reader.kept().size_bytes < 3 * SIZE + 3000
    assert reader.kept().in_use_bytes == 0
    cache.place(digest(1), tmp_path / "models" / "1.pth")
    assert SIZE <= reader.kept().in_use_bytes < SIZE + 1000


def test_a_copy_goes_with_its_source(tmp_path: Path) -> None:
    cache, files = made(tmp_path, 3)
    (tmp_path / "models" / "1.pth").unlink()
    assert cache.prune() >= SIZE
    assert [file.exists() for file in files] == [True, False, True]
    assert cache.prune() == 0


def test_a_copy_of_another_form_goes(tmp_path: Path) -> None:
    cache, (file,) = made(tmp_path, 1)
    file.parent.rename(file.parent.with_name(f"{digest(0)}-{FORMAT + 1}"))
    assert cache.prune() >= SIZE
    assert cache.kept().n == 0


def test_of_too_many_the_longest_unused_go(tmp_path: Path) -> None:
    cache, files = made(tmp_path, 5, most_bytes=3 * SIZE + 5000)
    reused = Copies(cache.folder)
    reused.place(digest(0), tmp_path / "models" / "0.pth")
    reused.release()
    cache.prune()
    assert [file.exists() for file in files] == [True, False, False, True, True]


def test_what_is_in_use_stays_whatever_else_holds(tmp_path: Path) -> None:
    cache, files = made(tmp_path, 3, most_bytes=0)
    engine = Copies(cache.folder)
    engine.place(digest(0), tmp_path / "models" / "0.pth")
    (tmp_path / "models" / "0.pth").unlink()
    cache.prune()
    assert [file.exists() for file in files] == [True, False, False]
    assert cache.clear() == 0
    engine.release()
    assert cache.clear() >= SIZE
    assert not files[0].exists()


def test_a_process_that_was_killed_uses_nothing(tmp_path: Path) -> None:
    cache, (file,) = made(tmp_path, 1)
    script = (
        "import os, sys; from pathlib import Path; from core.engines.copies import Copies; "
        f"Copies(Path(sys.argv[1])).place('{digest(0)}', Path(sys.argv[2])); "
        "print('uses it', flush=True); sys.stdin.read(); os._exit(1)"
    )
    source = tmp_path / "models" / "0.pth"
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(cache.folder), str(source)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline().strip() == b"uses it"
    assert cache.kept().in_use_bytes > SIZE
    assert cache.clear() == 0
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert cache.clear() > SIZE
    assert not file.exists()


def test_only_folders_of_ours_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    cache, _ = made(tmp_path, 1)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.safetensors").write_bytes(b"mine")
    (cache.folder / "notes").mkdir()
    (cache.folder / "notes" / "mine.txt").write_text("mine")
    (cache.folder / "mine.safetensors").write_bytes(b"mine")
    (cache.folder / f"{digest(5)}-{FORMAT}").symlink_to(outside, target_is_directory=True)
    inside = cache.folder / f"{digest(0)}-{FORMAT}"
    (inside / "link").symlink_to(outside, target_is_directory=True)
    (inside / "other.safetensors").symlink_to(outside / "mine.safetensors")
    assert cache.kept().size_bytes < SIZE + 2000
    assert cache.clear() >= SIZE
    assert not inside.exists()
    assert (outside / "mine.safetensors").read_bytes() == b"mine"
    assert (cache.folder / "notes" / "mine.txt").exists()
    assert (cache.folder / "mine.safetensors").exists()
    assert (cache.folder / f"{digest(5)}-{FORMAT}").is_symlink()


def test_a_removal_that_was_killed_is_finished_by_the_next_look(tmp_path: Path) -> None:
    cache, (file,) = made(tmp_path, 1)
    file.parent.rename(cache.folder / ".gone-0123456789abcdef")
    assert cache.kept().size_bytes == 0
    assert not (cache.folder / ".gone-0123456789abcdef").exists()


@pytest.mark.parametrize("note", ["", "{", "[1]", '{"source": 3}', "[" * 100_000, "\udcff"])
def test_a_copy_whose_source_nobody_knows_stays_while_there_is_room(
    note: str, tmp_path: Path
) -> None:
    cache, (file,) = made(tmp_path, 1)
    (file.parent / "source.json").write_bytes(note.encode(errors="surrogateescape"))
    assert cache.prune() == 0
    assert file.exists()
    assert Copies(cache.folder, most_bytes=0).prune() >= SIZE


def test_a_file_where_the_folder_should_be_is_a_sentence_and_stays(tmp_path: Path) -> None:
    (tmp_path / "copies").write_text("mine")
    cache = Copies(tmp_path / "copies")
    with pytest.raises(InputError, match="is a file where Timbre needs a folder"):
        cache.place(digest(0), tmp_path / "0.pth")
    assert cache.kept().n == cache.prune() == cache.clear() == 0
    assert (tmp_path / "copies").read_text() == "mine"


@given(
    ages=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    gone=st.sets(st.integers(0, 5)),
    used=st.sets(st.integers(0, 5)),
    room=st.integers(0, 6),
)
def test_after_pruning_all_fits_or_is_in_use_and_no_younger_one_went_before_an_older(
    tmp_path_factory: pytest.TempPathFactory,
    ages: list[int],
    gone: set[int],
    used: set[int],
    room: int,
) -> None:
    folder = tmp_path_factory.mktemp("c")
    most = room * (SIZE + 600)
    cache = Copies(folder / "copies", most_bytes=most)
    files = [
        copied(cache, n, folder / f"{n}.pth", used_at_s=2000.0 + age) for n, age in enumerate(ages)
    ]
    cache.release()
    engine = Copies(cache.folder)
    for n in used & set(range(len(ages))):
        engine.place(digest(n), folder / f"{n}.pth")
        os.utime(files[n].parent / "source.json", (2000.0 + ages[n],) * 2)
    for n in gone & set(range(len(ages))):
        (folder / f"{n}.pth").unlink()
    cache.prune()
    there = [file.exists() for file in files]
    assert all(there[n] for n in used if n < len(ages))
    assert not any(there[n] for n in gone - used if n < len(ages))
    free = [n for n in range(len(ages)) if n not in used | gone]
    if any(there[n] for n in free):
        assert cache.kept().size_bytes <= most
    went = [ages[n] for n in free if not there[n]]
    assert not went or all(ages[n] >= max(went) for n in free if there[n])
    engine.release()
