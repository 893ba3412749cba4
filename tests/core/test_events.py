from __future__ import annotations

import dataclasses
import threading

import pytest

from core import events
from core.events import EventBoard, Gap, JobDone, JobEvent, JobQueued, JobStopped

KINDS = [
    kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, JobEvent)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_is_a_plain_value_that_says_whose_it_is(kind: type[JobEvent]) -> None:
    assert dataclasses.fields(kind)[0].name == "job_id"
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert kind.__doc__


def test_a_follower_hears_of_its_own_job_from_then_on() -> None:
    board = EventBoard()
    board.publish(JobQueued(job_id="a", n_ahead=0))
    with board.follow("a") as line:
        board.publish(JobDone(job_id="b"))
        board.publish(JobStopped(job_id="a"))
        assert line.next() == JobStopped(job_id="a")


def test_all_followers_of_a_job_hear_the_same_and_none_is_left_on_the_board() -> None:
    board = EventBoard()
    with board.follow("a") as one, board.follow("a") as two:
        assert board.n_followers == 2
        for n_ahead in range(5):
            board.publish(JobQueued(job_id="a", n_ahead=n_ahead))
        heard = [[line.next() for _ in range(5)] for line in (one, two)]
    assert heard[0] == heard[1] == [JobQueued(job_id="a", n_ahead=n) for n in range(5)]
    assert board.n_followers == 0


def test_a_follower_that_is_too_slow_is_told_to_read_the_store_and_then_follows_again() -> None:
    board = EventBoard(n_max=3)
    with board.follow("a") as line:
        for n_ahead in range(1_000):
            board.publish(JobQueued(job_id="a", n_ahead=n_ahead))
        assert line.next() is Gap.MISSED
        board.publish(JobDone(job_id="a"))
        assert line.next() == JobDone(job_id="a")


def test_the_end_wakes_those_who_wait_and_those_who_come_later() -> None:
    board = EventBoard()
    heard: list[JobEvent | Gap] = []
    waits = threading.Event()

    def follow() -> None:
        with board.follow("a") as line:
            waits.set()
            heard.append(line.next())

    thread = threading.Thread(target=follow)
    thread.start()
    waits.wait()
    board.close()
    thread.join()
    assert heard == [Gap.CLOSED]
    with board.follow("b") as late:
        assert late.next() is Gap.CLOSED
