"""Timbre's entry: reads the arguments, builds the parts, opens the page or runs one command."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from core import log, settings
from core.engines.protocol import EngineCard
from core.engines.registry import PACKAGES, Registry
from core.errors import InputError, ResourceError, StudioError
from core.events import EventBoard
from core.fetching import Fetching
from core.hub.hub import Hub
from core.jobs.queue import JobRunner
from core.jobs.store import Store
from core.memory.monitor import Monitor
from core.paths import Paths
from core.settings import Settings
from core.studio import Parts, Studio, cap_bytes
from core.synthesis.host import EngineHost
from core.voices.library import VoiceLibrary

DEVICE = re.compile(r"auto|cpu|cuda(:\d{1,2})?|mps")
ASSETS = Path(__file__).resolve().parent / "assets"


def public_hubs(paths: Paths, current: Settings) -> Mapping[str, Hub]:
    """Where public models come from, by engine; nothing is asked before somebody wants one."""
    return {"gpt_sovits": Hub(paths.models, endpoint=current.hub_endpoint)}


@contextlib.contextmanager
def open_studio(
    home: Path | None = None,
    *,
    device: str = "auto",
    memory_cap_mib: int | None = None,
    models: Path | None = None,
    extra_cards: tuple[EngineCard, ...] = (),
    packages: tuple[str, ...] = PACKAGES,
    hubs: Callable[[Paths, Settings], Mapping[str, Hub]] = public_hubs,
) -> Iterator[Studio]:
    """Build a studio on a home folder and take it down again.

    Args:
        home: Everything under this folder; None for the platform's own folders.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        memory_cap_mib: Most memory that the engine process may take (MiB); None for the setting.
        models: Folder with models to use besides those in the home; None for none.
        extra_cards: Engines from elsewhere, such as a test's.
        packages: Where an engine's factory may live.
        hubs: Where the models of engines are fetched from, by engine.
    """
    if not DEVICE.fullmatch(device):
        raise InputError(f"There is no device {device!r}.", "Use auto, cpu, cuda, cuda:0 or mps.")
    paths = Paths.default(home)
    log.start(paths)
    store = Store(paths)
    folders = [paths.models] if models is None else [models.absolute(), paths.models]
    registry = Registry(extra_cards, folders=folders)
    current = settings.load(paths)
    allowed = current
    if memory_cap_mib is not None:
        allowed = settings.replace(current, memory_cap_mib=memory_cap_mib)
    host = EngineHost(
        log=paths.log / "engine.log",
        device=device,
        idle_s=current.idle_unload_s or None,
        packages=packages,
        prompts=paths.prompts,
        copies=paths.copies,
        calibration=paths.calibration,
        cap_bytes=cap_bytes(allowed),
    )
    board = EventBoard()
    voices = VoiceLibrary(store.database)
    runner = JobRunner(store, host, voices, board, registry)
    monitor = Monitor(
        engine_pid=lambda: host.pid, data_folder=paths.data, busy=lambda: runner.running is not None
    )
    parts = Parts(
        paths=paths,
        store=store,
        voices=voices,
        registry=registry,
        host=host,
        board=board,
        runner=runner,
        monitor=monitor,
        fetching=Fetching(hubs(paths, current), paths.models),
        demo=ASSETS / "demo_voice.flac",
    )
    studio = Studio(parts, current)
    try:
        yield studio
    finally:
        studio.close()
        log.stop()


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 2 for what the person can mend, 1 for a bug."""
    from ui import arguments as asked  # noqa: PLC0415
    from ui import cli, given, terminal  # noqa: PLC0415

    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        # A name or a sentence that this terminal cannot show must not end the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = asked.parser().parse_args(argv)
    if threading.current_thread() is threading.main_thread():
        # Asked to end from outside: end as with Ctrl-C, engine and all.
        for name in ("SIGTERM", "SIGHUP"):
            asked_to_end = getattr(signal, name, None)  # no SIGHUP on Windows; ignored by nohup
            if asked_to_end and signal.getsignal(asked_to_end) is signal.SIG_DFL:
                signal.signal(asked_to_end, signal.default_int_handler)
    try:
        with open_studio(
            getattr(arguments, "home", None),
            device=getattr(arguments, "device", "auto"),
            memory_cap_mib=getattr(arguments, "memory_cap", None),
            models=given.models_folder(getattr(arguments, "models", None)),
        ) as studio:
            if arguments.command:
                return cli.run(arguments, studio)
            return cli.at_the_edge(lambda: open_page(studio, arguments), studio)
    except StudioError as error:
        terminal.tell(str(error))
        return 2
    except KeyboardInterrupt:
        terminal.tell("stopped.")
        return 2


def _open_missing_streams() -> None:
    """Give a program started without standard streams (`2>&-`, a service) ones to nowhere.

    The database would be opened in their place otherwise, and a library's warning written into
    it; and `print` to a standard error that is not there goes to standard output.
    """
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the end


def open_page(studio: Studio, arguments: argparse.Namespace) -> None:
    """Serve the page until somebody presses Ctrl-C. Raises ResourceError for a port in use."""
    from ui import page  # noqa: PLC0415 - Gradio takes seconds; commands do not need it

    studio.open_for_people(ASSETS)
    lang = arguments.lang or studio.settings().language
    try:
        shown, address = page.launch(
            studio,
            port=arguments.port,
            open_browser=not arguments.no_browser,
            language=None if lang == "auto" else lang,
        )
    except OSError as error:
        raise ResourceError(
            f"The page cannot use port {arguments.port}: {error.strerror or error}.",
            f"Try --port {arguments.port + 1}.",
        ) from None
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"Timbre is at {address} (Ctrl-C ends it)\n")
        sys.stdout.flush()
        while True:  # on Windows Ctrl-C does not end a wait, but comes between two
            time.sleep(1.0)
    shown.close()


if __name__ == "__main__":
    sys.exit(main())
