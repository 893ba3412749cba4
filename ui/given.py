"""What a command was given, read and checked before anything is done with it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from core.audio.encode import FileFormat
from core.errors import InputError, MissingError, ResourceError
from core.text.clean import MAX_CHARS

MAX_TEXT_BYTES = 4 * MAX_CHARS + 4
"""No text that can be spoken is longer, in any encoding that is read."""


def read_text(arguments: argparse.Namespace) -> str:
    """The text of `--text` or `--text-file`. Raises InputError with what is wrong with it."""
    if arguments.text is not None:
        return str(arguments.text)
    path: Path = arguments.text_file
    if str(path) == "-":
        content = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    else:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a text file.", "Choose one file in it.")
        try:
            with path.open("rb") as file:  # not only files: `<(command)` is a pipe
                content = file.read(MAX_TEXT_BYTES + 1)
        except FileNotFoundError:
            raise MissingError(f"There is no text file {path}.", "Check the name.") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{path} cannot be read: {why}.", "Check the file.") from None
    if len(content) > MAX_TEXT_BYTES:
        raise InputError(
            f"{path.name} is larger than {MAX_TEXT_BYTES / 1e6:.0f} MB; at most {MAX_CHARS:,} "
            "characters can be read at once.",
            "Split it into parts and speak one after the other.",
        )
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text (byte {error.start} of {len(content)}).",
            "Save it as UTF-8 text and try again.",
        ) from None
    if "\0" in text:
        raise InputError(
            f"{path.name} is not UTF-8 text (a zero at character {text.index(chr(0))}).",
            "Save it as UTF-8 text and try again.",
        )
    return text


def models_folder(folder: Path | None) -> Path | None:
    """Raises MissingError where `--models` names no folder."""
    if folder is not None and not folder.is_dir():
        raise MissingError(f"There is no folder {folder}.", "Check --models.")
    return folder


def read_knobs(pairs: Sequence[str]) -> dict[str, float]:
    """`name=value` pairs as numbers; the engine's card checks names and ranges."""
    knobs: dict[str, float] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            knobs[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"--set {pair} is not NAME=NUMBER.", "For example --set speed=1.1")
    return knobs


def file_format(target: Path) -> FileFormat:
    """By the suffix of the file to write. Raises InputError for one that is not known."""
    try:
        form = FileFormat(target.suffix.lower().lstrip("."))
    except ValueError:
        known = ", ".join(f".{kind.value}" for kind in FileFormat)
        raise InputError(f"{target.name} does not say what to write.", f"End it in {known}.") from (
            None
        )
    folder = target.absolute().parent
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Make it first.")
    if target.is_dir():
        raise InputError(f"{target} is a folder.", "Add a file name to it.")
    if not os.access(folder, os.W_OK):
        raise ResourceError(f"Nothing may be written into {folder}.", "Choose another place.")
    return form
