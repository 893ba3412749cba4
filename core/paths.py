"""Where Timbre keeps its things, and how a file is written so that it is whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP = "timbre"
VERSION = "0.1.0"
"""As in pyproject.toml; a test compares them."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    """The folders of one Timbre home.

    Args:
        config: Settings.
        data: Voices, jobs, exports, the database. Worth a backup.
        cache: Can be deleted at any time while Timbre is not running.
        log: Rotating log files.
    """

    config: Path
    data: Path
    cache: Path
    log: Path

    @classmethod
    def default(cls, home: Path | None = None) -> Paths:
        """The platform's own folders, or everything under one home.

        Args:
            home: `--home`; without it the environment's `TIMBRE_HOME`, without that the
                folders that the platform gives to programs.
        """
        root = home or (Path(os.environ["TIMBRE_HOME"]) if os.environ.get("TIMBRE_HOME") else None)
        if root is not None:
            root = root.expanduser().absolute()
            return cls(
                config=root / "config", data=root / "data", cache=root / "cache", log=root / "log"
            )
        dirs = platformdirs.PlatformDirs(APP, appauthor=False)
        return cls(
            config=dirs.user_config_path,
            data=dirs.user_data_path,
            cache=dirs.user_cache_path,
            log=dirs.user_log_path,
        )

    @property
    def database(self) -> Path:
        return self.data / "studio.db"

    @property
    def voices(self) -> Path:
        return self.data / "voices"

    @property
    def jobs(self) -> Path:
        return self.data / "jobs"

    @property
    def exports(self) -> Path:
        """The only folder whose files the page hands out."""
        return self.data / "exports"

    @property
    def recordings(self) -> Path:
        """Decoded copies of what was dropped in, until a voice is made of them."""
        return self.cache / "recordings"

    @property
    def models(self) -> Path:
        """Where a person puts checkpoints of their own, and where public ones are fetched to."""
        return self.data / "models"

    @property
    def prompts(self) -> Path:
        return self.cache / "prompts"

    @property
    def copies(self) -> Path:
        """Models in the form in which they load fastest; made again when they are missing."""
        return self.cache / "models"

    @property
    def calibration(self) -> Path:
        """What engines were measured to take on this machine."""
        return self.cache / "calibration.json"

    @property
    def uploads(self) -> Path:
        """Gradio's temporary folder."""
        return self.cache / "page"

    def make(self) -> None:
        """Create every folder. Raises OSError where the disk says no."""
        for folder in (self.config, self.data, self.cache, self.log):
            make_private(folder)
        for folder in (self.voices, self.jobs, self.exports):
            folder.mkdir(exist_ok=True)
        for folder in (self.recordings, self.prompts, self.uploads):
            folder.mkdir(exist_ok=True)


def make_private(folder: Path) -> None:
    """Create a folder that others on this computer cannot look into: voices and texts lie there.

    One that exists keeps its rights. Raises OSError where the disk says no.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Write a file that is whole or not there: temporary file, fsync, rename.

    Yields the temporary path (same folder, same suffix); the rename happens when the block
    ends well, and the temporary file is removed when it does not.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp: its files are for the owner's eyes alone, and this one becomes the real one.
    part = target.parent / f".part-{secrets.token_hex(8)}{target.suffix}"
    part.touch(exist_ok=False)
    try:
        yield part
        with part.open("r+b") as written:
            os.fsync(written.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
