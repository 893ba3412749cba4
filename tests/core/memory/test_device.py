"""Asking torch from outside: whatever happens to the process, there is a report."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import time

import pytest

from core.memory.device import TorchReport, ask_torch
from core.memory.outside import ROOT

CARD = {
    "index": 0,
    "name": "Card",
    "uuid": "GPU-1",
    "total_bytes": 8 << 30,
    "free_bytes": 7 << 30,
    "capability": [8, 9],
    "bf16": True,
}


def child(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_torch_is_seen_without_being_imported_here() -> None:
    report = ask_torch()
    assert report.error is None
    assert report.version is not None
    assert report.version.split("+")[0] == importlib.metadata.version("torch").split("+")[0]


def test_a_card_becomes_plain_values() -> None:
    answer = {"version": "2.13.0", "cuda": "13.0", "mps": False, "devices": [CARD]}
    (card,) = ask_torch(child(f"print({json.dumps(json.dumps(answer))})")).devices
    assert (card.name, card.capability, card.bf16) == ("Card", (8, 9), True)
    assert (card.total_bytes, card.free_bytes) == (8 << 30, 7 << 30)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os; os.kill(os.getpid(), 9)", "ended with code -9"),
        ("raise ValueError('libcudart is missing')", "libcudart is missing"),
        ("print('hello')", "no report"),
        ("print('[1]')", "no report"),
        ("print('{\"devices\": [{}]}')", "no report"),
        ("print('{\"devices\": 3}')", "no report"),
    ],
)
def test_a_process_that_fails_is_a_finding(code: str, told: str) -> None:
    if sys.platform == "win32" and "kill" in code:
        pytest.skip("Windows has no signal 9")
    report = ask_torch(child(code))
    assert report.version is None
    assert told in (report.error or "")


def test_a_process_that_hangs_is_ended() -> None:
    begun = time.monotonic()
    report = ask_torch(child("import sys, threading; threading.Event().wait()"), timeout_s=0.5)
    assert report == TorchReport(error="no answer within 0.5 s")
    assert time.monotonic() - begun < 20


def test_an_interpreter_that_is_gone_is_a_finding() -> None:
    assert ask_torch(("/nowhere/python",)).error


def test_a_missing_torch_is_told_as_such() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from core.memory.probe import look; import json; print(json.dumps(look()))"
    )
    report = ask_torch(child(code))
    assert report.version is None
    assert "torch" in (report.error or "")


def test_the_parent_side_imports_no_torch() -> None:
    code = "import sys, core.memory.device, core.memory.monitor; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
