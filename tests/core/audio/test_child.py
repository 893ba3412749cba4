"""Whatever a task does, its parent gets an answer or a typed error, and nothing stays behind."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from core.audio.child import ChildBug, Limits, run
from core.errors import InputError, MissingError, ResourceError

MIB = 1 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds these limits")


def ask(task: str, limits: Limits | None = None, **arguments: Any) -> dict[str, Any]:
    return run(f"tests.core.audio.childs_work:{task}", arguments, limits=limits, subject="It")


def test_arguments_go_there_and_answers_come_back() -> None:
    said = {"text": "Grüße, 你好 \u0000 🎤", "number": 0.1, "list": [1, None], "flag": True}
    assert ask("echo", **said) == said


def test_what_libraries_print_is_not_the_answer() -> None:
    assert ask("chatter") == {"said": True}


def test_errors_for_the_person_stay_what_they_are() -> None:
    with pytest.raises(MissingError) as caught:
        ask("refuse")
    assert (caught.value.message, caught.value.hint) == ("It is not there: 3 of 4.", "Look again.")
    with pytest.raises(InputError, match="Not this one"):
        ask("need_input")


def test_a_bug_is_a_bug_and_keeps_its_traceback() -> None:
    with pytest.raises(ChildBug, match="a bug of ours"):
        ask("bug")


def test_a_child_that_hangs_is_ended() -> None:
    with pytest.raises(InputError, match=r"It took longer than 0\.5 s"):
        ask("hang", Limits(wall_s=0.5))


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_a_child_that_hangs_is_ended_with_all_it_started() -> None:
    # The grandchild holds the pipe: if it lived, reading the answer would wait for it.
    with pytest.raises(InputError, match="took longer"):
        ask("hang_with_family", Limits(wall_s=1.0))


@linux
def test_a_child_gets_no_more_processor_time_than_granted() -> None:
    with pytest.raises(InputError, match=r"signal 9|processor time"):
        ask("spin", Limits(cpu_s=1, wall_s=60))


@linux
def test_a_child_gets_no_more_memory_than_granted() -> None:
    with pytest.raises(InputError, match="more memory"):
        ask("eat", Limits(data_bytes=150 * MIB))


@linux
def test_a_child_writes_no_larger_file_than_granted(tmp_path) -> None:
    with pytest.raises(ResourceError):
        ask("write_much", Limits(file_bytes=MIB), path=str(tmp_path / "large"))
    assert (tmp_path / "large").stat().st_size <= MIB


@pytest.mark.parametrize("task", ["crash", "leave"])
def test_a_child_that_dies_is_a_sentence(task: str) -> None:
    with pytest.raises(InputError, match="could not be worked through"):
        ask(task)


def test_pools_of_threads_stay_small() -> None:
    assert ask("environment") == {"threads": "1"}
