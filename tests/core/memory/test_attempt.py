"""An exception that was caught holds nothing, whoever still holds the exception."""

from __future__ import annotations

import ast
import concurrent.futures
import logging
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import InputError
from core.memory.attempt import Made, attempt, let_go
from core.memory.classify import Fault, FaultKind

ROOT = Path(__file__).resolve().parents[3]

RECOVERS = ("collect", "release", "empty_cache", "_clear", "_recover", "_step", "run", "each")
"""Calls that give memory back or run a stage again."""


class Tensor:
    """Something large."""


class Failing:
    """Fails with a tensor in the frame, one level down; keeps the exception if told."""

    def __init__(self, keep: Callable[[BaseException], None] = lambda error: None) -> None:
        self.keep = keep
        self.tensor: weakref.ref[Tensor] | None = None

    def __call__(self) -> None:
        activations = Tensor()
        self.tensor = weakref.ref(activations)
        try:
            self.inner(activations)
        except MemoryError as error:
            self.keep(error)
            raise

    def inner(self, activations: Tensor) -> None:
        raise MemoryError(f"with {id(activations)}")

    def is_alive(self) -> bool:
        assert self.tensor is not None
        return self.tensor() is not None


def test_nothing_of_the_failed_call_is_alive_afterwards() -> None:
    failing = Failing()
    outcome = attempt(failing)
    assert isinstance(outcome, Fault)
    assert outcome.kind is FaultKind.MEMORY
    assert not failing.is_alive()


def test_the_test_can_fail_an_exception_kept_as_it_is_keeps_the_tensor() -> None:
    kept: list[BaseException] = []
    failing = Failing(kept.append)
    with pytest.raises(MemoryError):
        failing()
    assert failing.is_alive()
    let_go(kept[0])
    assert not failing.is_alive()


def test_an_exception_in_a_list_holds_nothing() -> None:
    kept: list[BaseException] = []
    failing = Failing(kept.append)
    attempt(failing)
    assert kept
    assert not failing.is_alive()


def test_an_exception_in_a_log_record_holds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test.attempt")
    failing = Failing(lambda error: log.error("failed", exc_info=error))
    attempt(failing)
    # The record keeps the traceback itself, not only the exception.
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].exc_info[2] is not None
    assert not failing.is_alive()


def test_an_exception_in_a_future_holds_nothing() -> None:
    failing = Failing()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(failing)
        assert isinstance(attempt(future.result), Fault)
        assert future.exception() is not None
        assert not failing.is_alive()


def test_an_exception_in_a_generator_that_waits_holds_nothing() -> None:
    failing = Failing()

    def keeper() -> Iterator[BaseException]:
        try:
            failing()
        except MemoryError as error:
            # Suspended inside `except`: the generator's own frame keeps the exception.
            yield error

    waiting = keeper()

    def fail() -> None:
        raise MemoryError from next(waiting)

    assert isinstance(attempt(fail), Fault)
    assert not failing.is_alive()


def test_a_generator_that_waits_with_the_tensor_is_let_go_with_the_frame() -> None:
    seen: list[weakref.ref[Tensor]] = []

    def pieces() -> Iterator[int]:
        activations = Tensor()
        seen.append(weakref.ref(activations))
        yield 1
        yield 2

    def consumer() -> None:
        for _piece in pieces():
            raise MemoryError

    assert isinstance(attempt(consumer), Fault)
    assert seen[0]() is None


def test_what_led_to_it_holds_nothing_either() -> None:
    failing = Failing()

    def wrapped() -> None:
        try:
            failing()
        except MemoryError as error:
            raise RuntimeError("decoding failed") from error

    def handled() -> None:
        try:
            failing()
        except MemoryError:
            raise MemoryError  # noqa: B904 -- only `__context__` is set

    def grouped() -> None:
        try:
            failing()
        except MemoryError as error:
            raise MemoryError from BaseExceptionGroup("both", [error])

    for call in (wrapped, handled, grouped):
        assert isinstance(attempt(call), Fault)
        assert not failing.is_alive()


def test_any_other_error_passes_untouched() -> None:
    error = InputError("The text is empty.")

    def fail() -> None:
        raise error

    with pytest.raises(InputError) as caught:
        attempt(fail)
    assert caught.value is error
    assert caught.value.__traceback__ is not None

    def bug() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        attempt(bug)


def test_a_result_is_given_as_it_is() -> None:
    assert attempt(lambda: None) == Made(None)


def handlers(file: Path) -> Iterator[ast.ExceptHandler]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler))


def calls(node: ast.AST) -> set[str]:
    found = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Call):
            name = child.func
            found.add(name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "?"))
    return found


def guarding_files() -> list[Path]:
    """The guard and every file that uses it."""
    return [
        file
        for file in sorted(ROOT.glob("core/**/*.py"))
        if "core.memory.guard" in (text := file.read_text(encoding="utf-8"))
        or "core.memory.attempt" in text
        or file.name == "guard.py"
    ]


def test_only_one_handler_catches_exhaustion_and_it_only_takes_notes() -> None:
    assert list(handlers(ROOT / "core/memory/guard.py")) == []
    assert list(handlers(ROOT / "core/memory/descent.py")) == []
    (handler,) = handlers(ROOT / "core/memory/attempt.py")
    assert calls(handler) == {"classify", "let_go"}


def test_nobody_who_uses_the_guard_recovers_inside_except() -> None:
    files = guarding_files()
    assert ROOT / "core/memory/guard.py" in files
    for file in files:
        for handler in handlers(file):
            assert not calls(handler) & set(RECOVERS), f"{file.name}:{handler.lineno}"
