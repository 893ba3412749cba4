"""What the live panel costs: processor time of the page's process with viewers and without.

`python -m benchmarks.panel [--viewers 10] [--seconds 20] [--rounds 3] [--json]` starts the program
on an empty folder and lets viewers ask for what an open page asks for once a second, over kept
connections, and ask Gradio when the answer's pulse changes, as browsers do. Rounds without and
with them take turns in one run; the figure is what is added. Beside it: a bare Gradio page at rest
(its queue looks for work twenty times a second), one reading of the sampler, and the drawing for a
machine with two cards after five minutes of work, the largest there is, which is made once a
second for all viewers of a language.
Aim: at most 3 % of a core for sampler, drawing and 10 viewers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks._measure import end_tree, machine
from benchmarks.startup import BARE_PAGE
from core.memory.host import Host
from core.memory.monitor import BUSY_PERIOD_S, HISTORY_S, Monitor
from core.memory.picture import MemoryPicture, Split
from core.memory.readings import DeviceReading, Snapshot
from ui import monitoring, readings

PATH = "/timbre/now"
ROOT = Path(__file__).resolve().parents[1]
START_S = 120.0
SETTLE_S = 6.0
N_READINGS = int(HISTORY_S / BUSY_PERIOD_S)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """
    Args:
        viewers: Pages that look.
        bare_percent: Of one core, a page with one textbox and nobody looking.
        rest_percent: Of one core, Timbre with nobody looking: sampler and server.
        watched_percent: Of one core, with the viewers.
        added_percent: Their difference.
        sample_ms: Processor time of one reading of the machine (ms).
        drawing_ms: Processor time of the largest drawing (ms).
        per_look_ms: Processor time of one look (ms).
        answer_ms: Median time until a look was answered (ms).
        answer_bytes: Mean length of an answer.
        looks: Answers in all.
        pulses: Times that Gradio was asked because something had happened.
        failures: Looks that were not answered as they should be.
    """

    viewers: int
    bare_percent: float
    rest_percent: float
    watched_percent: float
    added_percent: float
    sample_ms: float
    drawing_ms: float
    per_look_ms: float
    answer_ms: float
    answer_bytes: float
    looks: int
    pulses: int
    failures: int


class Viewer(threading.Thread):
    """One open page: asks once a second until it is told to stop."""

    def __init__(self, port: int, pulse: int, n_inputs: int, offset_s: float) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._pulse_call = {
            "fn_index": pulse,
            "data": [None] * n_inputs,
            "session_hash": uuid.uuid4().hex[:10],
            "event_data": None,
        }
        self._offset_s = offset_s
        self.ended = threading.Event()
        self.answers: list[tuple[float, int]] = []
        self.failures = 0
        self.pulses = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"accept-language": "en", "accept-encoding": "gzip, deflate, br"}
        known = ""
        due_s = time.monotonic() + self._offset_s
        while not self.ended.wait(max(0.0, due_s - time.monotonic())):
            since = time.perf_counter()
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status == 200 and said:
                self.answers.append((time.perf_counter() - since, len(said)))
                # As the page does: Gradio is asked when the pulse changed.
                pulse = json.loads(said)["pulse"]
                if pulse != known:
                    known = pulse
                    self._ask_gradio(connection, headers)
            else:
                self.failures += 1
            due_s += 1.0
        connection.close()

    def _ask_gradio(self, connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
        asked = {**headers, "content-type": "application/json"}
        connection.request("POST", "/gradio_api/run/predict", json.dumps(self._pulse_call), asked)
        answer = connection.getresponse()
        answer.read()
        self.pulses += 1
        self.failures += answer.status != 200


def measured(*, viewers: int, seconds: float, rounds: int) -> Figures:
    """Start the program, take turns, end it."""
    bare = _bare_share(seconds)
    with tempfile.TemporaryDirectory() as home:
        port = _free_port()
        said = Path(home) / "said.txt"
        with said.open("w") as out:
            program = subprocess.Popen(
                [sys.executable, "app.py", "--no-browser", "--port", str(port), "--home", home],
                cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _wait_until_up(program, said)
            turns = _turns(program.pid, port, viewers, seconds, rounds)
        finally:
            end_tree(program)
    return replace(turns, bare_percent=100 * bare, sample_ms=_sample_ms(), drawing_ms=_drawing_ms())


def _bare_share(seconds: float) -> float:
    port = _free_port()
    program = subprocess.Popen([sys.executable, "-c", BARE_PAGE, str(port)], cwd=ROOT)
    try:
        deadline = time.monotonic() + START_S
        while not _answers(port):
            if program.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the bare page did not come up")
            time.sleep(0.2)
        time.sleep(SETTLE_S)
        return _share(psutil.Process(program.pid), seconds)
    finally:
        end_tree(program)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _sample_ms() -> float:
    """One reading by the sampler, cards included where there are any."""
    monitor = Monitor(lambda: None, ROOT)
    return _work_ms(monitor.sample, 200)


def _drawing_ms() -> float:
    """Panel and Monitor tab for two cards and five minutes at four readings a second."""
    now = _busy_machine()
    picture = MemoryPicture(device="cuda:0", uuid="GPU-0", split=Split(ours_bytes=1 << 30))

    def draw() -> None:
        readings.panel_html(now, None, "en", memory=picture)
        monitoring.monitor_html(now, None, "en", memory=picture)

    return _work_ms(draw, 20)


def _busy_machine() -> Snapshot:
    host = Host(ROOT).read()
    hosts = tuple(replace(host, at_s=at / 4, cpu_percent=at % 97.0) for at in range(N_READINGS))
    rings = {
        f"GPU-{card}": tuple(
            DeviceReading(
                at_s=at / 4, uuid=f"GPU-{card}", name="Card", total_bytes=12 << 30,
                used_bytes=(1 << 30) + (at << 20), ours_bytes=1 << 30, busy_percent=at % 89.0,
                watts=100.0 + at % 61, limit_watts=170.0, celsius=50.0 + at % 17, clock_mhz=1395.0,
                top_clock_mhz=2100.0, throttles=(),
            )
            for at in range(N_READINGS)
        )
        for card in range(2)
    }  # fmt: skip
    return Snapshot(
        devices=tuple(ring[-1] for ring in rings.values()),
        gpu_state="ok",
        host=hosts[-1],
        history=hosts,
        device_history=rings,
    )


def _work_ms(work: Callable[[], object], times: int) -> float:
    """Mean processor time (ms), after one that warms up."""
    work()
    since = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - since) / times


def _turns(pid: int, port: int, n_viewers: int, seconds: float, rounds: int) -> Figures:
    process = psutil.Process(pid)
    pulse, n_inputs = _on_pulse(port)
    time.sleep(SETTLE_S)
    rest: list[float] = []
    watched: list[float] = []
    answers: list[tuple[float, int]] = []
    failures = pulses = 0
    for _ in range(rounds):
        rest.append(_share(process, seconds))
        viewers = [Viewer(port, pulse, n_inputs, n / n_viewers) for n in range(n_viewers)]
        for viewer in viewers:
            viewer.start()
        time.sleep(2.0)
        watched.append(_share(process, seconds))
        for viewer in viewers:
            viewer.ended.set()
        for viewer in viewers:
            viewer.join()
            answers += viewer.answers
            failures += viewer.failures
            pulses += viewer.pulses
    more = statistics.median(watched) - statistics.median(rest)
    return Figures(
        viewers=n_viewers,
        bare_percent=0.0,
        added_percent=100 * more,
        sample_ms=0.0,
        drawing_ms=0.0,
        rest_percent=100 * statistics.median(rest),
        watched_percent=100 * statistics.median(watched),
        per_look_ms=1000 * more / n_viewers,
        answer_ms=1000 * statistics.median(wait for wait, _ in answers) if answers else 0.0,
        answer_bytes=statistics.mean(size for _, size in answers) if answers else 0.0,
        looks=len(answers),
        pulses=pulses,
        failures=failures,
    )


def _share(process: psutil.Process, seconds: float) -> float:
    """Processor time of the process over some time, as a share of one core."""
    before, since = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return used / (time.monotonic() - since)


def _on_pulse(port: int) -> tuple[int, int]:
    """Number of the function that a changed pulse calls, and of its inputs, from the page's own
    description."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/config")
    config = json.loads(connection.getresponse().read())
    connection.close()
    places = {part["id"] for part in config["components"] if _elem_id(part) == "pulse"}
    for number, wired in enumerate(config["dependencies"]):
        if any(event == "change" and target in places for target, event in wired["targets"]):
            return int(wired.get("id", number)), len(wired["inputs"])
    raise LookupError("the page has no pulse")


def _elem_id(part: dict[str, Any]) -> object:
    return part.get("props", {}).get("elem_id")


def _wait_until_up(program: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_S
    while "Timbre is at" not in said.read_text():
        if program.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the page did not come up: {said.read_text()[-500:]}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--viewers", type=int, default=10)
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--json", action="store_true")
    chosen = asked.parse_args()
    found = measured(viewers=chosen.viewers, seconds=chosen.seconds, rounds=chosen.rounds)
    if chosen.json:
        sys.stdout.write(json.dumps({"machine": machine(), **asdict(found)}, indent=2) + "\n")
        return 0
    sys.stdout.write(
        f"{machine()}\n"
        f"bare Gradio page       {found.bare_percent:6.2f} % of a core\n"
        f"Timbre, nobody looks   {found.rest_percent:6.2f} % of a core\n"
        f"{found.viewers:3d} viewers at 1 Hz   {found.watched_percent:6.2f} % of a core: "
        f"{found.added_percent:+.2f}\n"
        f"one reading            {found.sample_ms:6.2f} ms of processor time\n"
        f"largest drawing        {found.drawing_ms:6.2f} ms of processor time\n"
        f"one look               {found.per_look_ms:6.2f} ms of processor time, answered in "
        f"{found.answer_ms:.0f} ms, {found.answer_bytes / 1024:.1f} kB\n"
        f"looks                  {found.looks} answered, {found.pulses} led to an event of Gradio, "
        f"{found.failures} failed\n"
    )
    return 0 if found.failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
