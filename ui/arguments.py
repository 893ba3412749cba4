"""The arguments of the command line, and what `--help` says about them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NoReturn

from core.engines.registry import Registry
from core.paths import VERSION

EXAMPLES = """\
examples:
  app.py speak --reference me.m4a --text "Good morning." --out morning.wav
  app.py speak --reference me.m4a --text-file book.txt --out book.mp3 --set speed=1.1
  app.py trim interview.mp3 --out best.wav
  app.py plan --text-file book.txt --json
  app.py memory --engine builtin --measure
  app.py features recordings results --models models
  app.py download --engine gpt_sovits
  app.py doctor
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other mistake is said."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"timbre: {message}. See {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Every command and option; `--help` is drawn from it."""
    as_written = argparse.RawDescriptionHelpFormatter
    shared = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--home", type=Path, metavar="DIR", help="keep everything under DIR")
    shared.add_argument("--device", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    shared.add_argument(
        "--memory-cap",
        type=mebibytes,
        metavar="MIB",
        help="most memory that the engine may take (default: the setting, else what there is)",
    )
    shared.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="look for models in DIR too, such as GPT-SoVITS checkpoints",
    )
    asks = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    asks.add_argument("--json", action="store_true", help="one JSON object on stdout")
    top = Parser(
        prog="app.py",
        parents=[shared],
        description="Timbre: long text in the voice of a recording, on your own computer. "
        "Without a command it opens the page.",
        epilog=EXAMPLES + "\n`app.py COMMAND --help` tells more of a command.",
        formatter_class=as_written,
    )
    top.add_argument("--version", action="version", version=f"Timbre {VERSION}")
    top.add_argument(
        "--port", type=port_number, default=7860, help="port of the page (default: 7860)"
    )
    top.add_argument("--no-browser", action="store_true", help="do not open a browser")
    top.add_argument("--lang", choices=("auto", "en", "zh"), help="language of the page")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    speak = commands.add_parser(
        "speak",
        parents=[shared, asks],
        help="speak a text in the voice of a recording",
        description="Speak a text in the voice of a recording and write it to a file. Stopped in "
        "the middle (Ctrl-C, a crash), the same command goes on where it was.",
        epilog=_knobs(),
        formatter_class=as_written,
    )
    speak.add_argument(
        "--reference",
        type=Path,
        required=True,
        metavar="IN",
        help="a recording of one person, any format; the best seconds are found by themselves",
    )
    speak.add_argument(
        "--also",
        type=Path,
        action="append",
        default=[],
        metavar="IN",
        help="a further recording of the same person, for engines that listen to several "
        "(gpt_sovits); may be given several times",
    )
    speak.add_argument("--transcript", help="what is said in the recording; makes it better")
    speak.add_argument(
        "--reference-language",
        type=language_code,
        metavar="xx",
        help="language of the recording, such as en (default: read off the transcript)",
    )
    _text_arguments(speak)
    speak.add_argument(
        "--out", type=Path, required=True, help="file to write: .wav, .flac, .mp3, .ogg or .opus"
    )
    speak.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KNOB=VALUE",
        dest="knobs",
        help="turn a knob (see below); may be given several times",
    )
    speak.add_argument(
        "--model", default="", help="which of the engine's models (default: the first)"
    )
    speak.add_argument(
        "--seed", type=whole_number, default=0, help="decides everything random (default: 0)"
    )

    trim = commands.add_parser(
        "trim",
        parents=[shared, asks],
        help="find the best seconds of a recording",
        description="Find the seconds of a recording that serve best as a reference, and say why.",
    )
    trim.add_argument("reference", type=Path, metavar="IN", help="a recording, any format")
    trim.add_argument("--out", type=Path, help="write the kept seconds there (WAV)")
    trim.add_argument("--engine", default="builtin", help="for which engine (default: builtin)")

    plan = commands.add_parser(
        "plan",
        parents=[shared, asks],
        help="show how a text is split",
        description="Show the pieces a text is spoken in, and about how long it will sound.",
    )
    _text_arguments(plan)
    memory = commands.add_parser(
        "memory",
        parents=[shared, asks],
        help="show what an engine takes, and the batches of a text",
        description="Show what may be used, what is known of an engine's memory on this machine, "
        "and in which batches a text would be spoken.",
    )
    _text_arguments(memory, is_required=False)
    memory.add_argument(
        "--measure",
        action="store_true",
        help="first run the engine with growing references and texts, and keep what is found",
    )
    heard = commands.add_parser(
        "features",
        parents=[shared, asks],
        help="SSL features of a folder of recordings, for training data",
        description="Hear every recording in a folder with HuBERT, as training data of GPT-SoVITS "
        "has it, and write features (.npy), the 32 kHz copies and a table of what was refused and "
        "why. Needs HuBERT's weights: the folder chinese-hubert-base, in --models DIR. Stopped in "
        "the middle (Ctrl-C, a crash), the same command goes on where it was.",
    )
    heard.add_argument("source", type=Path, metavar="IN_DIR", help="recordings, any format")
    heard.add_argument("target", type=Path, metavar="OUT_DIR", help="where results go; created")
    listed = commands.add_parser(
        "models",
        parents=[shared, asks],
        help="the models that engines speak with: what is here, what lacks",
        description="List the models of an engine: those that lie here, what those lack that "
        "cannot speak, files that cannot be used and why, and what is public to download; and what "
        "the copies take that Timbre makes of models so that they load faster.",
    )
    listed.add_argument("--engine", default="", help="of which engine (default: all)")
    listed.add_argument(
        "--clear-copies",
        action="store_true",
        help="remove those copies, but for what is in use; they are made again when needed",
    )
    fetched = commands.add_parser(
        "download",
        parents=[shared, asks],
        help="fetch a public model of an engine",
        description="Fetch a public model of an engine and all that it needs, checked and whole. "
        "Stopped in the middle (Ctrl-C, a lost connection), the same command goes on where it was.",
    )
    fetched.add_argument("--engine", required=True, help="for which engine, such as gpt_sovits")
    fetched.add_argument(
        "--item", default="", help="which, as `app.py models` names them (default: the best model)"
    )
    fetched.add_argument(
        "--lean", action="store_true", help="leave out what only some languages need"
    )
    commands.add_parser("doctor", parents=[shared, asks], help="what works here, what is missing")
    return top


def whole_number(typed: str) -> int:
    """Raises ArgumentTypeError, which argparse says."""
    if not re.fullmatch("[+-]?[0-9]{1,20}", typed):
        raise argparse.ArgumentTypeError(f"{typed} is not a whole number, such as 7")
    return int(typed)


def port_number(typed: str) -> int:
    """Raises ArgumentTypeError, which argparse says."""
    if not re.fullmatch("[0-9]{1,5}", typed) or not 0 < int(typed) < 65536:
        raise argparse.ArgumentTypeError(f"{typed} is not a port; it is a number from 1 to 65535")
    return int(typed)


def mebibytes(typed: str) -> int:
    """Raises ArgumentTypeError, which argparse says."""
    if not re.fullmatch("[0-9]{1,9}", typed) or int(typed) == 0:
        raise argparse.ArgumentTypeError(f"{typed} is not a number of MiB, such as 3072")
    return int(typed)


def language_code(typed: str) -> str | None:
    """`en` of `EN`, `en-US` and `en_US.UTF-8`; None of nothing, as a script's empty variable."""
    return re.split(r"[-_.@]", typed.strip().lower())[0] or None


def _knobs() -> str:
    lines = ["knobs for --set, with their range:"]
    for card in Registry().cards():
        for knob in card.knobs:
            span = f"{knob.low:g} to {knob.high:g}, default {knob.default:g}"
            lines.append(f"  {knob.name:15} {span:29} {knob.help}")
    return "\n".join(lines)


def _text_arguments(command: argparse.ArgumentParser, *, is_required: bool = True) -> None:
    text = command.add_mutually_exclusive_group(required=is_required)
    text.add_argument("--text", help="the text itself")
    text.add_argument("--text-file", type=Path, metavar="F", help="UTF-8 text; - reads stdin")
    command.add_argument("--engine", default="builtin", help="which engine (default: builtin)")
    command.add_argument(
        "--language",
        type=language_code,
        metavar="xx",
        help="of the text, such as en (default: found by itself)",
    )
