from __future__ import annotations

import pytest

from core import errors
from core.errors import ERRORS, Cancelled, StudioError


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_reads_as_what_happened_and_what_to_try(code: str) -> None:
    error = ERRORS[code]("The file has 0 seconds.", "Choose another.")
    assert str(error) == "The file has 0 seconds. Choose another."
    assert (error.message, error.hint) == ("The file has 0 seconds.", "Choose another.")
    assert str(ERRORS[code]("The disk is full.")) == "The disk is full."


def test_every_kind_of_error_can_cross_a_process_boundary() -> None:
    kinds = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, StudioError)
    }
    assert set(ERRORS.values()) == kinds
    assert all(kind.code == code for code, kind in ERRORS.items())


def test_each_kind_has_its_own_http_status() -> None:
    statuses = {code: kind.http_status for code, kind in ERRORS.items()}
    assert statuses == {
        "studio": 500, "input": 400, "missing": 404, "resource": 503, "network": 502
    }  # fmt: skip


def test_a_stop_is_not_an_error_of_the_persons() -> None:
    assert not issubclass(Cancelled, StudioError)
