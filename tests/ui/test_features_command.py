"""`app.py features`, as a person and as a script see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.studio import Studio
from tests.core.engines.gpt_sovits.test_ssl_features import FAKE, give_hubert, speech
from ui import arguments, cli, features_command

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Models, recordings (two good ones and a silent one), results."""
    source = tmp_path / "recordings"
    source.mkdir()
    for seed, name in enumerate(("a.wav", "b.wav")):
        soundfile.write(source / name, speech(seed), 32_000, "PCM_16")
    soundfile.write(source / "c\n.wav", np.zeros(9000, np.int16), 32_000, "PCM_16", format="WAV")
    return give_hubert(tmp_path / "models"), source, tmp_path / "results"


def run(studio: Studio, capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = cli.run(arguments.parser().parse_args([str(each) for each in argv]), studio)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the listening itself."""
    monkeypatch.setattr(features_command, "HearingOptions", lambda **_: FAKE)


@pytest.mark.slow
def test_a_folder_is_heard_and_what_is_refused_is_listed(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], folders: tuple[Path, Path, Path]
) -> None:
    models, source, target = folders
    asked = ("features", source, target, "--models", models, "--device", "cpu")
    code, out, err = run(real_studio, capsys, *asked)
    assert code == 0
    assert "features of 2 recordings" in out
    assert "“c�.wav” was refused: It is silent" in out
    assert "3 of 3" in err
    code, out, err = run(real_studio, capsys, *asked, "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert (answer["files"], answer["made"], answer["made_before"]) == (3, 0, 2)
    assert answer["refused"][0]["source"] == "c\n.wav"
    assert len(list(target.glob("features/*.npy"))) == len(list(target.glob("wav32k/*.wav"))) == 2


@pytest.mark.usefixtures("quick")
def test_models_are_looked_for_in_the_home_too(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], folders: tuple[Path, Path, Path]
) -> None:
    _, source, target = folders
    code, _, err = run(real_studio, capsys, "features", source, target)
    assert code == 2
    assert "chinese-hubert-base" in err
    give_hubert(real_studio.paths.models)
    assert run(real_studio, capsys, "features", source, target)[0] == 0


def test_where_nothing_can_be_used_the_command_fails_and_says_why(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], folders: tuple[Path, Path, Path]
) -> None:
    models, source, target = folders
    for name in ("a.wav", "b.wav", "c\n.wav"):
        (source / name).unlink()
    os.truncate(_touched(source / "a.wav"), 0)
    (source / "b.wav").mkdir()
    (source / "pipe").symlink_to(source / "nowhere")
    code, out, err = run(real_studio, capsys, "features", source, target, "--models", models)
    assert (code, out) == (2, "")
    assert "None of the 2 files could be used" in err
    assert "features.json" in err


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_ends_it_at_once_and_it_goes_on_from_there(
    folders: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    models, source, target = folders
    for i in range(400):
        soundfile.write(source / f"x{i:03}.wav", speech(i, 3.0), 32_000, "PCM_16")
    # A run of the tests that a script put in the background ignores it, and so would its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "app.py"), "--home", str(tmp_path / "home")),
            *("features", str(source), str(target), "--models", str(models), "--device", "cpu"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    while " of 403" not in (line := process.stderr.readline()):
        assert line, "it ended by itself"
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    assert process.wait(timeout=30) == 2
    process.stderr.close()
    assert "The same command goes on from there." in said
    table = json.loads((target / "features.json").read_text())
    assert not table["is_complete"]
    assert table["kept"]
    assert not list(target.rglob(".part-*"))


def _touched(path: Path) -> Path:
    path.touch()
    return path
