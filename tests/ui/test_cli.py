"""The command line as a script sees it: exit code, one JSON object, one sentence."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import soundfile

from core.audio.recording import Recording
from core.audio.samples import Note, ReferenceReport, Span
from core.engines.registry import Registry
from core.errors import ResourceError
from core.studio import Studio
from tests.conftest import ASSETS
from ui import arguments, cli

ROOT = Path(__file__).resolve().parents[2]
DEMO = str(ASSETS / "demo_voice.flac")


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def run(studio: Studio, capsys: pytest.CaptureFixture[str], *argv: str) -> Ran:
    code = cli.run(arguments.parser().parse_args(argv), studio)
    out, err = capsys.readouterr()
    return Ran(code, out, err)


def app(*argv: str, home: Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--home", str(home), *argv],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **more,
    )


def test_speak_writes_a_file_and_one_json_object(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.wav"
    ran = run(
        real_studio, capsys, "speak", "--engine", "fake", "--reference", DEMO, "--out", str(out),
        "--text", "One. \n\nAnd two.", "--set", "speed=1.5", "--seed", "7", "--json",
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    answer = ran.answer
    assert set(answer) >= {
        "seconds", "rate", "segments", "wall_s", "first_sound_s", "peak_bytes",
    }  # fmt: skip
    info = soundfile.info(out)
    assert (info.samplerate, info.duration) == (
        answer["rate"],
        pytest.approx(answer["seconds"], abs=1e-3),
    )
    assert [segment["text"] for segment in answer["segments"]] == ["One.", "And two."]
    for segment in answer["segments"]:
        assert segment["seconds"] == pytest.approx(
            segment["stop_s"] - segment["start_s"], abs=0.002
        )
    assert answer["segments"][1]["start_s"] > answer["segments"][0]["stop_s"]
    assert 0 < answer["first_sound_s"] <= answer["wall_s"]
    assert answer["peak_bytes"] > 1_000_000
    # Nothing stays behind: the file is the result.
    assert real_studio.voices() == ()
    assert real_studio.jobs() == ()


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "opus", "WAV"])
def test_the_suffix_decides_the_format(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out.{suffix}"
    ran = run(
        real_studio, capsys, "speak", "--engine", "fake", "--reference", DEMO,
        "--out", str(out), "--text", "Good morning, everybody.",
    )  # fmt: skip
    assert ran.code == 0
    written = soundfile.info(out).format
    assert written == {"opus": "OGG", "WAV": "WAV"}.get(suffix, suffix.upper())


def test_trim_says_what_it_keeps_and_why(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "kept.wav"
    ran = run(real_studio, capsys, "trim", DEMO, "--out", str(out), "--json")
    answer = ran.answer
    assert set(answer) == {
        "span", "seconds", "speech_s", "snr_db", "clipped", "loudness_lufs", "bandwidth_hz",
        "notes",
    }  # fmt: skip
    span = answer["span"]
    assert soundfile.info(out).duration == pytest.approx(span["stop_s"] - span["start_s"], abs=0.01)
    assert 0 < answer["speech_s"] <= answer["seconds"]
    assert answer["notes"]


def test_plan_covers_the_text(real_studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    text = "First\u200b one.\r\nSecond one!\n\nA paragraph."
    ran = run(real_studio, capsys, "plan", "--text", text, "--json")
    answer = ran.answer
    assert answer["language"] == "en"
    assert set(answer["segments"][0]) >= {"index", "text", "start", "stop", "pause_s", "language"}
    for segment in answer["segments"]:
        assert answer["source"][segment["start"] : segment["stop"]] == segment["text"]
    said = "".join(segment["text"] for segment in answer["segments"])
    assert "".join(said.split()) == "".join(text.replace("\u200b", "").split())
    assert answer["seconds"] > 0


def test_without_json_a_person_reads_sentences(
    real_studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "1 segment, about 1 s" in run(real_studio, capsys, "plan", "--text", "Hello there.").out
    assert "of 10.4" in run(real_studio, capsys, "trim", DEMO).out


WRONG = {
    "no reference": (["speak", "--reference", "nobody.wav", "--text", "a", "--out", "o.wav"], ""),
    "a text as reference": (
        ["speak", "--reference", __file__, "--text", "Hello.", "--out", "o.wav"],
        "",
    ),
    "no suffix": (["speak", "--reference", DEMO, "--text", "a", "--out", "o"], "End it in"),
    "a suffix of something else": (
        ["speak", "--reference", DEMO, "--text", "a", "--out", "o.docx"],
        "End it in",
    ),
    "no folder": (
        ["speak", "--reference", DEMO, "--text", "a", "--out", "nowhere/o.wav"],
        "no folder",
    ),
    "no engine": (["plan", "--text", "a", "--engine", "nobody"], "nobody"),
    "no such language": (["plan", "--text", "a", "--language", "xx"], "xx"),
    "a text of zeros": (["plan", "--text-file", "zeros.txt"], "UTF-8"),
    "a text without end": (["plan", "--text-file", "/dev/zero"], "MB"),
    "a folder as text": (["plan", "--text-file", "."], "folder"),
    "a folder to write": (
        ["speak", "--reference", DEMO, "--text", "a", "--out", "folder.wav"],
        "folder",
    ),
    "a trim to write as MP3": (["trim", DEMO, "--out", "o.mp3"], ".wav"),
    "no text": (["plan", "--text", "   "], ""),
    "no text file": (["plan", "--text-file", "nowhere.txt"], "nowhere.txt"),
    "a sound as text": (["plan", "--text-file", DEMO], "UTF-8"),
    "an unknown knob": (
        ["speak", "--reference", DEMO, "--text", "a", "--out", "o.wav", "--set", "colour=3"],
        "colour",
    ),
    "a knob that is no number": (
        ["speak", "--reference", DEMO, "--text", "a", "--out", "o.wav", "--set", "speed=fast"],
        "NAME=NUMBER",
    ),
    "a knob without a value": (
        ["speak", "--reference", DEMO, "--text", "a", "--out", "o.wav", "--set", "speed"],
        "NAME=NUMBER",
    ),
    "a folder to trim": (["trim", str(ROOT)], ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    real_studio: Studio,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "zeros.txt").write_bytes("Hello.".encode("utf-16-be"))
    argv, says = WRONG[name]
    ran = run(real_studio, capsys, *argv, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("timbre: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert not list(tmp_path.glob("o.*"))


def test_nothing_stays_behind(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = ("--engine", "fake", "--reference", DEMO)
    good = run(
        real_studio, capsys, "speak", *said, "--text", "Hi.", "--out", str(tmp_path / "o.wav")
    )
    trimmed = run(real_studio, capsys, "trim", DEMO, "--out", str(tmp_path / "kept.wav"))
    bad = run(
        real_studio, capsys, "speak", *said, "--text", "Hi.", "--out", str(tmp_path / "p.wav"),
        "--reference-language", "english",
    )  # fmt: skip
    assert (good.code, trimmed.code, bad.code) == (0, 0, 2)
    paths = real_studio.paths
    # What the engine prepared stays for a day, so that the next command speaks at once.
    for folder in (paths.recordings, paths.exports, paths.jobs, paths.voices):
        assert [file for file in folder.rglob("*") if file.is_file()] == []
    assert real_studio.voices() == ()


def test_a_file_that_cannot_be_put_there_is_written_elsewhere_without_speaking_again(
    real_studio: Studio,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise ResourceError("The disk is full.")

    argv = [
        "speak", "--engine", "fake", "--reference", DEMO, "--text", "Hi.", "--json",
        "--out", str(tmp_path / "o.wav"),
    ]  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(real_studio, "deliver", full)
        assert run(real_studio, capsys, *argv).code == 2
    [job] = real_studio.jobs()
    [done] = real_studio.progress(job.id)
    # Somebody who comes back has a new process; this one lets go of the voice.
    with real_studio._parts.store.database.change() as rows:
        rows.execute("UPDATE flags SET value = ? WHERE name LIKE 'lent %'", ("0" * 32,))
    monkeypatch.setattr(
        real_studio._parts.host, "speak", lambda *_: pytest.fail("it was spoken again")
    )
    assert run(real_studio, capsys, *argv).answer["segments"][0]["seconds"] == round(
        done.seconds, 3
    )
    assert real_studio.jobs() == ()
    assert real_studio.voices() == ()


def test_silence_is_no_first_sound(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = run(
        real_studio, capsys, "speak", "--engine", "fake", "--reference", DEMO, "--text", "🎉🎉",
        "--out", str(tmp_path / "o.wav"), "--json",
    )  # fmt: skip
    assert ran.answer["first_sound_s"] is None
    assert ran.answer["loudness_lufs"] is None
    assert "nothing to say" in " ".join(ran.answer["notes"])


def test_a_person_sees_how_far_it_is_and_a_script_does_not(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    argv = [
        "speak", "--engine", "fake", "--reference", DEMO, "--text", "One. \n\nTwo.",
        "--out", str(tmp_path / "o.wav"),
    ]  # fmt: skip
    told = run(real_studio, capsys, *argv)
    assert "Reading the recording" in told.err
    assert "1 of 2" in told.err
    assert "2 of 2" in told.err
    assert run(real_studio, capsys, *argv, "--json").err == ""


def test_what_is_not_finite_is_null() -> None:
    answer = {"a": float("nan"), "b": [float("-inf"), 1.0], "c": ({"d": float("inf")},), "e": True}
    assert cli.plain(answer) == {"a": None, "b": [None, 1.0], "c": [{"d": None}], "e": True}


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("One more sentence, to fill the pipe with. " * 4000)
    with subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "plan", "--text-file", str(text), "--home",
         str(tmp_path / "home")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as ran:  # fmt: skip
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.readline()
        ran.stdout.close()
        assert ran.stderr.read() == b""
    assert ran.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors in the POSIX way")
@pytest.mark.parametrize("closed", [(2,), (0, 1, 2)])
def test_a_standard_stream_that_is_closed_harms_nothing(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    code = (
        "import os, sys\n"
        f"for handle in {closed}: os.close(handle)\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "app.py"), "trim", str(tmp_path / "nothing.wav"),
         "--home", str(tmp_path / "home"), "--json"],
        stdout=subprocess.PIPE, timeout=60, check=False,
    )  # fmt: skip
    # The sentence has nowhere to go, least of all to where a script reads JSON.
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert (tmp_path / "home/data/studio.db").read_bytes().startswith(b"SQLite format 3")


def test_a_terminal_that_cannot_show_a_letter_still_gets_the_answer(tmp_path: Path) -> None:
    ran = app(
        "plan", "--text", "你好。", home=tmp_path, env={**os.environ, "PYTHONIOENCODING": "cp1252"}
    )
    assert ran.returncode == 0
    assert "\\u4f60" in ran.stdout


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process without asking it")
def test_a_command_that_is_asked_to_end_says_so_and_its_rerun_goes_on(tmp_path: Path) -> None:
    argv = [
        sys.executable, str(ROOT / "app.py"), "speak", "--reference", DEMO, "--out",
        str(tmp_path / "o.wav"), "--home", str(tmp_path / "home"), "--text",
        "One sentence.\n\n" * 200,
    ]  # fmt: skip
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as ran:
        assert ran.stderr is not None
        for line in ran.stderr:
            if line.startswith("timbre: 3 of 200"):
                ran.terminate()
                break
        rest = ran.stderr.read()
    assert ran.returncode == 2
    assert "stopped. The same command goes on from there." in rest
    assert "Traceback" not in rest
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as ran:
        assert ran.stderr is not None
        told = [next(ran.stderr) for _ in range(3)]
        ran.terminate()
        ran.stderr.read()
    assert any("were made before" in line for line in told)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["--version"])
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert capsys.readouterr().out == f"Timbre {written}\n"


@pytest.mark.parametrize(
    ("typed", "code"),
    [("en", "en"), ("EN", "en"), ("en-US", "en"), ("zh_CN.UTF-8", "zh"), ("", None), (" ", None)],
)
def test_a_language_may_be_written_as_systems_write_it(typed: str, code: str | None) -> None:
    assert arguments.language_code(typed) == code


def test_the_doctor_says_where_the_log_is_and_what_of_the_settings_does_not_hold(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "settings.toml").write_text("target_lufs = 99\n")
    ran = app("doctor", "--json", home=tmp_path)
    found = {each["area"]: each for each in json.loads(ran.stdout)["findings"]}
    assert str(tmp_path / "log") in found["Log"]["text"]
    assert "-40 to -8" in found["Settings"]["text"]
    assert str(config) in found["Settings"]["todo"]
    (config / "settings.toml").write_text("= nonsense [[")
    assert "could not be read" in app("doctor", home=tmp_path).stdout
    for each in found.values():
        assert each["state"] == "ok" or each["todo"], each


def test_help_names_every_knob_with_its_range(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["speak", "--help"])
    out = capsys.readouterr().out
    for knob in Registry().card("builtin").knobs:
        assert f"{knob.name} " in out
        assert f"{knob.low:g} to {knob.high:g}" in out


def test_a_bug_is_a_number_and_exit_code_1(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_studio, "plan", lambda *_, **__: 1 / 0)
    ran = run(real_studio, capsys, "plan", "--text", "Hello.", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "incident" in ran.err
    assert "ZeroDivisionError" not in ran.err
    assert "ZeroDivisionError" in (real_studio.paths.log / "timbre.log").read_text()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_file_may_have_a_byte_order_mark(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "ein Text.txt"
    file.write_text("Schöne Grüße aus Köln.", encoding=encoding)
    answer = run(real_studio, capsys, "plan", "--text-file", str(file), "--json").answer
    assert answer["segments"][0]["text"] == "Schöne Grüße aus Köln."


def test_stdin_is_a_text_file_too(
    real_studio: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"From a pipe.")))
    answer = run(real_studio, capsys, "plan", "--text-file", "-", "--json").answer
    assert answer["segments"][0]["text"] == "From a pipe."


def recording(seconds: float, speech: tuple[Span, ...], windows: tuple[Span, ...]) -> Recording:
    report = ReferenceReport(
        seconds=3.0,
        speech_s=3.0,
        snr_db=None,
        clipped=0.0,
        loudness_lufs=None,
        bandwidth_hz=8000.0,
        notes=(Note(code="a", text="a"),),
    )
    from core.audio.recording import Window

    return Recording(
        id="0" * 32,
        name="a",
        path=Path("a"),
        seconds=seconds,
        rate=16000,
        codec="flac",
        peaks=(),
        speech=speech,
        windows=tuple(Window(span=span, report=report, score=1.0) for span in windows),
        problem=None,
        hint="",
        notes=(),
    )


def test_a_transcript_of_the_whole_keeps_all_of_the_speech() -> None:
    best = Span(start_s=4.0, stop_s=9.0)
    short = recording(12.0, (Span(start_s=1.0, stop_s=11.0),), (best,))
    whole = cli.kept_span(short, has_transcript=True, longest_s=30.0)
    assert (whole.start_s, whole.stop_s) == (0.8, 11.2)
    assert cli.kept_span(short, has_transcript=False, longest_s=30.0) == best
    long = recording(90.0, (Span(start_s=1.0, stop_s=80.0),), (best,))
    assert cli.kept_span(long, has_transcript=True, longest_s=30.0) == best


def test_the_program_itself_prints_json_alone_and_exits_as_it_says(tmp_path: Path) -> None:
    good = app("plan", "--text", "Hello there.", "--json", home=tmp_path / "a home")
    assert good.returncode == 0
    assert json.loads(good.stdout)["language"] == "en"
    bad = app("trim", str(tmp_path / "nothing.wav"), home=tmp_path / "a home")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "Traceback" not in bad.stderr
    for port in ("0", "65536", "-1", "http"):
        ran = app("--port", port, home=tmp_path / "a home")
        assert ran.returncode == 2
        assert "1 to 65535" in ran.stderr or "expected one argument" in ran.stderr
    assert app("sing", home=tmp_path / "a home").returncode == 2
    assert app("plan", "--text", "a", "--device", "abacus", home=tmp_path).returncode == 2


def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    ran = app("plan", "--text", "a", home=file / "home")
    assert ran.returncode == 2
    assert f"{file} is a file" in ran.stderr
    assert "--home" in ran.stderr
    if sys.platform == "linux":
        ran = app("plan", "--text", "a", home=Path("/proc/nowhere"))
        assert ran.returncode == 2
        assert "cannot be made" in ran.stderr


def test_commands_load_neither_gradio_nor_torch(tmp_path: Path) -> None:
    code = (
        "import sys, app; app.main(['--home', sys.argv[1], 'plan', '--text', 'Hello.']);"
        "print(sorted({'gradio', 'torch', 'pyworld', 'librosa', 'numba'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "[]"


# memory


def test_memory_says_what_may_be_used_and_what_is_not_known(
    real_studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(real_studio, capsys, "memory", "--engine", "fake", "--text", "One. Two.", "--json")
    assert ran.code == 0
    assert ran.answer["engine"] == "fake"
    assert ran.answer["device"] == "cpu"
    assert ran.answer["budget_bytes"] > 0
    assert [ran.answer[name] for name in ("cap_bytes", "calibration", "plan", "stress")] == [
        None
    ] * 4
    told = run(real_studio, capsys, "memory", "--engine", "fake", "--text", "One. Two.").out
    assert "not measured here yet" in told
    assert "what they take is not known yet" in told


def test_memory_measures_and_then_prints_batches_with_the_bytes_of_each_stage(
    real_studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "One sentence stands here. " * 20
    ran = run(
        real_studio, capsys, "memory", "--engine", "fake", "--measure", "--text", text, "--json"
    )
    assert ran.code == 0
    assert ran.err == ""
    stages = ran.answer["calibration"]["cost"]["stages"]
    assert sorted(stages) == ["prepare", "speak"]
    assert len(ran.answer["stress"]["points"]) >= 8
    plan = ran.answer["plan"]
    batches = plan["batches"]
    weights = ran.answer["calibration"]["cost"]["weights_bytes"]
    assert all(batch["predicted_bytes"] == weights + batch["stages"]["speak"] for batch in batches)
    assert max(batch["predicted_bytes"] for batch in batches) == plan["peak_bytes"]
    assert plan["peak_bytes"] <= plan["budget_bytes"]
    said = sorted(index for batch in batches for index in batch["items"])
    assert said == list(range(len(said)))
    again = run(real_studio, capsys, "memory", "--engine", "fake", "--text", text)
    assert "(measured here)" in again.out
    assert again.out.rstrip().splitlines()[-1].startswith(f"{len(said)} segments, ")


def test_a_memory_cap_reaches_the_engine_and_is_named(tmp_path: Path) -> None:
    capped = app("--memory-cap", "512", "memory", "--json", home=tmp_path)
    assert json.loads(capped.stdout)["cap_bytes"] == 512 << 20
    assert json.loads(capped.stdout)["budget_bytes"] == 512 << 20
    small = app("memory", "--memory-cap", "12", home=tmp_path)
    assert small.returncode == 2
    assert "it can be 256 to" in small.stderr
    wrong = app("memory", "--memory-cap", "3GB", home=tmp_path)
    assert wrong.returncode == 2
    assert "3GB is not a number of MiB" in wrong.stderr
