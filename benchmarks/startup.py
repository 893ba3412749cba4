"""How long the page takes to open and what it weighs, against a bare Gradio page in the same run.

`python -m benchmarks.startup [--runs 5] [--json]` starts the two in turn, each in a process of its
own: time and processor time to the first answer of the server and to the layout of the page, then
a headless Chromium opens it, and when it is at rest its process and everything that it started is
weighed. Without playwright and a Chromium on the PATH it is weighed unopened, and the table says
so. On a busy machine the processor time is the figure to trust.
Aims: time at most 1.5 times the bare page's, page process at most 250 MB.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks._measure import Tree, end_tree, machine

ROOT = Path(__file__).resolve().parents[1]
DEADLINE_S = 120.0
SETTLE_S = 5.0
"""A page that was just loaded still imports and warms up; then it is at rest."""

BARE_PAGE = """
import sys
import gradio
with gradio.Blocks() as page:
    gradio.Textbox(label="Text")
page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True)
"""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start.

    Args:
        answer_s: From the start of the process to the first HTTP 200 for `/` (s).
        config_s: To the first HTTP 200 for `/config`, the layout the browser draws (s).
        cpu_s: Processor time of the page's process until then (s).
        page_bytes: Resident memory of the page's process, opened in a browser and at rest.
        tree_bytes: Of it and everything that it started.
    """

    answer_s: float
    config_s: float
    cpu_s: float
    page_bytes: int
    tree_bytes: int


def main() -> int:
    """Print a table, or one JSON object; 1 when an aim is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    ours: list[Start] = []
    bare: list[Start] = []
    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        folder = Path(name)
        script = folder / "bare.py"
        script.write_text(BARE_PAGE)
        home = folder / "home"
        timbre = [ROOT / "app.py", "--no-browser", "--home", home, "--port"]
        # One start of each that is not counted: the first reads everything from the disk.
        for counted in range(-1, chosen.runs):
            for starts, words in ((ours, timbre), (bare, [script])):
                start = measure_start(words, folder)
                if counted >= 0:
                    starts.append(start)
    return report(ours, bare, as_json=chosen.json)


def measure_start(words: list[Path | str], cwd: Path) -> Start:
    """Start a page, wait for it, weigh it, end it.

    Args:
        words: Script and arguments; the port is added.
        cwd: Where it runs.
    """
    port = free_port()
    environment = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as chatter:
        begun_s = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *(str(word) for word in words), str(port)],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=chatter,
            stderr=chatter,
        )
        try:
            wait_for(process, port, "/", begun_s)
            answer_s = time.perf_counter() - begun_s
            wait_for(process, port, "/config", begun_s)
            config_s = time.perf_counter() - begun_s
            times = psutil.Process(process.pid).cpu_times()
            rest(port)
            return Start(
                answer_s=answer_s,
                config_s=config_s,
                cpu_s=times.user + times.system,
                page_bytes=psutil.Process(process.pid).memory_info().rss,
                tree_bytes=Tree(process.pid).look(),
            )
        except RuntimeError:
            chatter.seek(0)
            sys.stderr.write(chatter.read().decode("utf-8", "replace")[-4000:])
            raise
        finally:
            end_tree(process)


def browser() -> str | None:
    """A Chromium that playwright can drive, if both are here."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


def rest(port: int) -> None:
    """Open the page in a browser where there is one, and let everything settle."""
    program = browser()
    if program is None:
        time.sleep(SETTLE_S)
        return
    from playwright.sync_api import sync_playwright

    flags = ["--disable-gpu", "--disable-background-networking", "--no-first-run", "--mute-audio"]
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=program, args=flags, chromium_sandbox=False
        )
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{port}/", wait_until="domcontentloaded")
        page.locator("textarea, input").first.wait_for(state="attached", timeout=60_000)
        time.sleep(SETTLE_S)
        chromium.close()


def wait_for(process: subprocess.Popen[bytes], port: int, path: str, begun_s: float) -> None:
    """Ask until the answer is 200. Raises RuntimeError when the process ends or takes too long."""
    while time.perf_counter() - begun_s < DEADLINE_S:
        if process.poll() is not None:
            raise RuntimeError(f"the page ended with code {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError(f"no page within {DEADLINE_S:.0f} s")


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def report(ours: list[Start], bare: list[Start], *, as_json: bool) -> int:
    """Medians side by side."""
    names = tuple(asdict(ours[0]))
    medians = {
        name: tuple(
            statistics.median(getattr(start, name) for start in starts) for starts in (ours, bare)
        )
        for name in names
    }
    time_ratio = medians["config_s"][0] / medians["config_s"][1]
    page_mb = medians["page_bytes"][0] / 1e6
    is_met = time_ratio <= 1.5 and page_mb <= 250
    if as_json:
        answer = {
            "machine": machine(),
            "ours": [asdict(start) for start in ours],
            "bare": [asdict(start) for start in bare],
            "time_ratio": time_ratio,
            "cpu_ratio": medians["cpu_s"][0] / medians["cpu_s"][1],
            "page_mb": page_mb,
            "browser": browser() is not None,
            "is_met": is_met,
        }
        print(json.dumps(answer))
        return 0 if is_met else 1
    opened = "opened in Chromium" if browser() else "not opened in a browser"
    print(f"{machine()}; median of {len(ours)} starts each, in turn, {opened}\n")
    print("|  | Timbre | bare Gradio page | ratio |\n|---|---|---|---|")
    for name, title, unit in (
        ("answer_s", "first answer", 1.0),
        ("config_s", "layout served", 1.0),
        ("cpu_s", "processor time until then", 1.0),
        ("page_bytes", "page process", 1e6),
        ("tree_bytes", "with its children", 1e6),
    ):
        left, right = (value / unit for value in medians[name])
        form = "{:.2f} s" if unit == 1.0 else "{:.0f} MB"
        print(f"| {title} | {form.format(left)} | {form.format(right)} | {left / right:.2f} |")
    print(f"\ntime {time_ratio:.2f} x (aim: 1.5), page process {page_mb:.0f} MB (aim: 250)")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
