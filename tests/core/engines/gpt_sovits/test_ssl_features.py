"""A folder of recordings becomes features; no file ends the run, and nothing is made twice."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from core.engines.gpt_sovits import ssl_child, ssl_sound
from core.engines.gpt_sovits.hubert import HubertDims, load
from core.engines.gpt_sovits.ssl_features import Extracted, Kept, Step, extract
from core.engines.gpt_sovits.ssl_process import HearingOptions
from core.engines.nn.checkpoint import open_checkpoint
from core.errors import InputError, MissingError, ResourceError
from core.locks import FileLock
from tests.parity import recipe
from tests.parity.gpt_sovits.ssl_shapes import hubert_shapes

TINY = HubertDims(
    n_channels=64,
    n_layers=2,
    n_heads=1,
    n_inner=96,
    n_filters=32,
    position_taps=16,
    position_groups=4,
)
FAKE = HearingOptions(module="tests.core.engines.gpt_sovits.ssl_fake_child", file_s=20)
NOBODY = HearingOptions(module="tests.core.engines.gpt_sovits.there_is_no_such_module")


def speech(seed: int, seconds: float = 0.5, rate: int = 32_000) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return (noise * 0.1).astype(np.float32)


def give_hubert(folder: Path) -> Path:
    """A folder of models with a small network in it, as it is published."""
    place = folder / "chinese-hubert-base"
    place.mkdir(parents=True)
    tensors = recipe.state_dict(hubert_shapes(TINY), seed=3, prefix="hubert.")
    save_file(
        {name: torch.from_numpy(np.array(values)) for name, values in tensors.items()},
        place / "model.safetensors",
    )
    (place / "config.json").write_text(json.dumps({"model_type": "hubert"}))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return give_hubert(tmp_path_factory.mktemp("models"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


def put(path: Path, seed: int = 0) -> None:
    soundfile.write(path, speech(seed), 32_000, "PCM_16", format="WAV")


GOOD = ["a.wav", "deep/er/b.flac", "-rf.wav", "new\nline.wav", "春天 $(x).wav", "x" * 200 + ".wav"]
"""Each is a recording that can be used."""
BAD = {
    "broken.wav": "not a sound file",
    "cut.wav": "sound",
    "empty.wav": "empty",
    "few_nan.wav": "2 of its 16000 samples are not numbers",
    "loud.wav": "peak is 3",
    "nan.wav": "not numbers",
    "short.wav": r"lasts 0\.010 s",
    "silent.wav": "silent",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad ones, and what lies beside them."""
    folder = tmp_path_factory.mktemp("recordings")
    for seed, name in enumerate(GOOD):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        form = "FLAC" if name.endswith("flac") else "WAV"
        soundfile.write(folder / name, speech(seed), 32_000, "PCM_16", format=form)
    if sys.platform == "linux":
        soundfile.write(folder / "bytes.wav", speech(90), 32_000, "PCM_16", format="WAV")
        os.rename(os.fsencode(folder / "bytes.wav"), os.fsencode(folder) + b"/\xff\xfe.wav")
        os.mkfifo(folder / "pipe.wav")
    soundfile.write(folder / "clipped.wav", np.sign(speech(80)), 32_000, "FLOAT")
    (folder / "broken.wav").write_bytes(os.urandom(5000))
    whole = (folder / "a.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[:44])
    (folder / "empty.wav").write_bytes(b"")
    few = speech(81)
    few[[5, 500]] = np.nan
    soundfile.write(folder / "few_nan.wav", few, 32_000, "FLOAT")
    soundfile.write(folder / "nan.wav", np.full(16_000, np.nan, np.float32), 32_000, "FLOAT")
    loud = speech(82)
    soundfile.write(folder / "loud.wav", loud / np.abs(loud).max() * 3, 32_000, "FLOAT")
    soundfile.write(folder / "short.wav", speech(83, 0.01), 32_000, "PCM_16")
    soundfile.write(folder / "silent.wav", np.zeros(16_000, np.int16), 32_000, "PCM_16")
    (folder / "a.lab").write_text("what is said")
    (folder / ".hidden.wav").write_bytes(whole)
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return []


@pytest.fixture(scope="module")
def extracted(folder: Path, out: Path, models: Path, steps: list[Step]) -> Extracted:
    return extract(folder, out, models_folders=[models], told=steps.append)


def test_bad_files_are_listed_with_why_and_the_good_ones_are_all_made(
    extracted: Extracted, out: Path
) -> None:
    refused = {one.source: one.reason for one in extracted.refused}
    kept = {one.source for one in extracted.kept}
    extra = {"pipe.wav"} if sys.platform == "linux" else set()
    assert set(refused) == set(BAD) | extra
    for name, reason in BAD.items():
        with pytest.raises(InputError, match=reason):
            raise InputError(refused[name])
    assert kept >= {*GOOD, "clipped.wav"}
    assert extracted.is_complete
    table = json.loads((out / "features.json").read_text())
    assert table["is_complete"]
    assert {one["source"] for one in table["kept"]} == kept
    assert {one["source"]: one["reason"] for one in table["refused"]} == refused


def test_progress_counts_every_file_once(extracted: Extracted, steps: list[Step]) -> None:
    n_files = len(extracted.kept) + len(extracted.refused)
    assert [step.n_done for step in steps] == list(range(1, n_files + 1))
    assert {step.n_files for step in steps} == {n_files}


def test_features_are_what_hubert_says_of_the_soft_copy(
    extracted: Extracted, folder: Path, out: Path, models: Path
) -> None:
    with open_checkpoint(models / "chinese-hubert-base" / "model.safetensors") as checkpoint:
        hubert = load(checkpoint)
    for one in extracted.kept:
        made = ssl_sound.read(folder / one.source)
        values = np.load(out / one.features, allow_pickle=False)
        assert values.dtype == np.float32
        assert values.shape == (TINY.n_channels, one.n_frames)
        wanted = hubert(torch.from_numpy(made.heard)[None])[0].numpy()
        # The same sums by another number of threads.
        assert np.abs(values - wanted).max() < 1e-4
        copy, rate = soundfile.read(out / one.sound, dtype="int16")
        assert rate == 32_000
        assert np.array_equal(copy, made.kept)


def test_nothing_is_written_but_results_inside_the_folder_for_them(
    extracted: Extracted, out: Path
) -> None:
    wanted = {one.features for one in extracted.kept} | {one.sound for one in extracted.kept}
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert found == wanted | {"features.json", ".lock"}


def test_what_was_made_is_not_made_again(
    extracted: Extracted, folder: Path, models: Path, out: Path, tmp_path: Path
) -> None:
    again = tmp_path / "recordings"
    again.mkdir()
    for one in extracted.kept:
        (again / one.source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / one.source, again / one.source)
    copy = shutil.copytree(out, tmp_path / "results")
    # Nobody could hear anything, and nobody needs to.
    found = extract(again, copy, models_folders=[models], options=NOBODY)
    assert {one.features for one in found.kept} == {one.features for one in extracted.kept}
    assert not any(one.is_new for one in found.kept)


def answers(weights: Path, sounds: Sequence[Path], cap_bytes: int | None) -> list[dict[str, Any]]:
    """What the process that hears says, loading first, without the process."""
    load_it = {"weights": str(weights), "device": "cpu", "cap_bytes": cap_bytes}
    hear = [{"source": str(p), "features": "f.npy", "sound": "s.wav"} for p in sounds]
    said: list[dict[str, Any]] = []
    ssl_child.serve(iter([load_it, *hear]), said.append)
    return said


def test_with_too_little_memory_files_are_refused_with_numbers(source: Path, models: Path) -> None:
    put(source / "a.wav")
    weights = models / "chinese-hubert-base" / "model.safetensors"
    loaded, refused = answers(weights, [source / "a.wav"], cap_bytes=1 << 20)
    assert loaded == {"result": {}}
    assert refused["error"]["code"] == "input"
    assert re.search(r"0\.5 s takes .+ [MG]B; 1\.0 MB may be used", refused["error"]["message"])


def test_weights_that_do_not_fit_end_the_process_with_a_sentence(tmp_path: Path) -> None:
    save_file({"encoder.layer_norm.weight": torch.zeros(64)}, tmp_path / "m.safetensors")
    said = answers(tmp_path / "m.safetensors", [tmp_path / "a.wav"], cap_bytes=None)
    assert len(said) == 1
    assert "does not fit" in said[0]["error"]["message"]


def test_weights_that_do_not_fit_are_no_file_s_fault(source: Path, tmp_path: Path) -> None:
    put(source / "a.wav")
    folder = give_hubert(tmp_path / "misfit")
    with pytest.raises(InputError, match="does not fit"):
        extract(source, tmp_path / "out", models_folders=[folder], options=FAKE)
    table = json.loads((tmp_path / "out" / "features.json").read_text())
    assert table["refused"] == []


def test_a_changed_file_is_made_anew(source: Path, models: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    put(source / "a.wav", 1)
    first = extract(source, out, models_folders=[models], options=FAKE)
    put(source / "a.wav", 2)
    second = extract(source, out, models_folders=[models], options=FAKE)
    assert second.kept[0].is_new
    assert second.kept[0].features != first.kept[0].features


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_result_that_was_lost_or_emptied_is_made_anew(
    spoil: Callable[[Path], object], source: Path, models: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    put(source / "a.wav")
    kept = extract(source, out, models_folders=[models], options=FAKE).kept[0]
    for name in (kept.features, kept.sound):
        spoil(out / name)
        assert extract(source, out, models_folders=[models], options=FAKE).kept[0].is_new


@pytest.mark.parametrize(
    ("name", "reason"), [("crash", r"code 70"), ("hang", "longer than 2 s"), ("bug", "KeyError")]
)
def test_a_file_that_takes_the_process_down_costs_only_itself(
    name: str, reason: str, source: Path, models: Path, tmp_path: Path
) -> None:
    for seed, each in enumerate(("a.wav", f"b {name}.wav", "c.wav")):
        put(source / each, seed)
    options = HearingOptions(module=FAKE.module, file_s=2 if name == "hang" else 60)
    found = extract(source, tmp_path / "out", models_folders=[models], options=options)
    assert [one.source for one in found.kept] == ["a.wav", "c.wav"]
    assert len(found.refused) == 1
    with pytest.raises(InputError, match=reason):
        raise InputError(found.refused[0].reason)
    assert not list((tmp_path / "out").rglob(".part-*"))


def test_a_process_that_falls_again_and_again_ends_the_run(
    source: Path, models: Path, tmp_path: Path
) -> None:
    for i in range(5):
        put(source / f"crash {i}.wav", i)
    put(source / "a.wav", 9)
    with pytest.raises(ResourceError, match="3 times in a row"):
        extract(source, tmp_path / "out", models_folders=[models], options=FAKE)
    table = json.loads((tmp_path / "out" / "features.json").read_text())
    assert not table["is_complete"]
    assert [one["source"] for one in table["kept"]] == ["a.wav"]


def test_a_stopped_run_goes_on_where_it_was(source: Path, models: Path, tmp_path: Path) -> None:
    for i in range(4):
        put(source / f"{i}.wav", i)

    def stop(step: Step) -> None:
        if step.n_done == 2:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        extract(source, out, models_folders=[models], options=FAKE, told=stop)
    assert not json.loads((out / "features.json").read_text())["is_complete"]
    found = extract(source, out, models_folders=[models], options=FAKE)
    assert [one.is_new for one in found.kept] == [False, False, True, True]


def test_two_runs_do_not_write_to_one_folder(source: Path, models: Path, tmp_path: Path) -> None:
    put(source / "a.wav")
    out = tmp_path / "out"
    out.mkdir()
    lock = FileLock.take(out / ".lock")
    assert lock is not None
    with lock, pytest.raises(InputError, match="Another run"):
        extract(source, out, models_folders=[models], options=FAKE)


def test_results_inside_the_folder_of_recordings_are_not_heard(source: Path, models: Path) -> None:
    put(source / "a.wav")
    for _ in range(2):
        found = extract(source, source / "out", models_folders=[models], options=FAKE)
        assert [one.source for one in found.kept] == ["a.wav"]


def test_what_is_missing_is_said_before_anything_is_made(
    source: Path, models: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="no recordings"):
        extract(source, out, models_folders=[models])
    put(source / "a.wav")
    with pytest.raises(MissingError, match="chinese-hubert-base"):
        extract(source, out, models_folders=[tmp_path / "nothing"])
    with pytest.raises(MissingError, match="no folder"):
        extract(tmp_path / "nothing", out, models_folders=[models])
    with pytest.raises(InputError, match="same folder"):
        extract(source, source / ".", models_folders=[models])
    with pytest.raises(InputError, match="is a file"):
        extract(source, source / "a.wav", models_folders=[models])
    assert not out.exists()


def test_whoever_asks_for_features_loads_no_torch() -> None:
    asked = "import sys, core.engines.gpt_sovits.ssl_features; sys.exit('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[4]
    assert subprocess.run([sys.executable, "-c", asked], cwd=root, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads resident memory from /proc")
def test_memory_is_flat_over_five_hundred_files(source: Path, models: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for i in range(500):
        sound = speech(i, float(random.uniform(0.2, 4.0)))
        soundfile.write(source / f"{i:03}.wav", sound, 32_000, "PCM_16")
        if i % 50 == 7:
            (source / f"{i:03}.wav").write_bytes(b"RIFF" + os.urandom(500))
    resident: list[int] = []

    def told(step: Step) -> None:
        if step.n_done % 10 == 0 and isinstance(step.last, Kept):
            resident.append(_resident_bytes())

    found = extract(source, tmp_path / "out", models_folders=[models], told=told)
    assert (len(found.kept), len(found.refused)) == (490, 10)
    # Lengths differ, so the heap first has to find its size: the last fifty files are held against
    # those in the middle. A leak of 100 kB a file, less than one file's sound, would be 20 MB.
    n = len(resident)
    warm, late = max(resident[int(0.4 * n) : int(0.6 * n)]), max(resident[int(0.9 * n) :])
    assert late - warm < 10 << 20, resident


def _resident_bytes() -> int:
    """Of the one process that this one has started and that runs."""
    children: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # threads come and go
            children |= {int(pid) for pid in (task / "children").read_text().split()}
    sizes = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for pid in children
        if b"ssl_child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(sizes) == 1
    return sizes[0]
