"""The log file: what Timbre did and what went wrong in it, without what people said or wrote.

Rule for every line at info level: ids, counts, seconds and bytes; no text, name or transcript.
A traceback may quote more, so it is written for incidents alone.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import secrets
from pathlib import Path

from core.disk import writing
from core.paths import Paths, make_private

ROOT = "timbre"
TREES = (ROOT, "core", "ui")
"""Ours: by name, and by module. Libraries keep to their own handlers."""
FILE_BYTES = 1_000_000
N_OLD_FILES = 5

_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def log_file(paths: Paths) -> Path:
    return paths.log / "timbre.log"


def start(paths: Paths, *, level: int = logging.INFO) -> None:
    """Write what Timbre's loggers say to the rotating file from now on.

    A second call moves it to another home. Raises as `core.disk.writing`.
    """
    stop()
    with writing(paths.log, FILE_BYTES):
        make_private(paths.log)
        handler = _RotatingFile(
            log_file(paths),
            maxBytes=FILE_BYTES,
            backupCount=N_OLD_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
    handler.setFormatter(logging.Formatter(_FORMAT))
    for tree in TREES:
        logger = logging.getLogger(tree)
        logger.setLevel(level)
        logger.propagate = False
        logger.addHandler(handler)


def stop() -> None:
    """Close the file; the loggers are as if `start` had never been called."""
    for logger in map(logging.getLogger, TREES):
        for handler in logger.handlers[:]:
            if isinstance(handler, _RotatingFile):
                logger.removeHandler(handler)
                handler.close()
                logger.propagate = True
                logger.setLevel(logging.NOTSET)


def incident(error: BaseException) -> str:
    """Write a bug with its traceback down.

    Returns a short number to show to the person; the log has it in the same line.
    """
    number = secrets.token_hex(3).upper()
    logging.getLogger(ROOT).error("incident %s: %s", number, type(error).__name__, exc_info=error)
    return number


class _RotatingFile(logging.handlers.RotatingFileHandler):
    """Rotation that another process on the same log cannot break."""

    def doRollover(self) -> None:
        # Windows does not rename a file that the page and a command both have open: go on
        # writing to it, and try again later.
        with contextlib.suppress(OSError):
            super().doRollover()
        if self.stream is None:
            self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk must not stop the work, nor print tracebacks over the command line."""
