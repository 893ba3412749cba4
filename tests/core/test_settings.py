from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import InputError
from core.paths import Paths
from core.settings import (
    Address,
    Choice,
    Identifier,
    Range,
    Settings,
    load,
    problems,
    replace,
    save,
)

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
FIELDS = dataclasses.fields(Settings)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths.default(tmp_path / "Réglages")
    made.make()
    return made


def write(paths: Paths, text: str | bytes) -> None:
    content = text.encode() if isinstance(text, str) else text
    (paths.config / "settings.toml").write_bytes(content)


def read(paths: Paths) -> str:
    return (paths.config / "settings.toml").read_text("utf-8")


def strategy(field: dataclasses.Field[object]) -> st.SearchStrategy[object]:
    rule = field.metadata["rule"]
    if isinstance(rule, Choice):
        return st.sampled_from(rule.of)
    if isinstance(rule, Identifier):
        return st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True)
    if isinstance(rule, Address):
        return st.from_regex(
            r"https://[a-z0-9.-]{1,50}(:[0-9]{1,5})?(/[a-z]{1,9})?", fullmatch=True
        )
    assert isinstance(rule, Range)
    number: st.SearchStrategy[object] = (
        st.integers(int(rule.low), int(rule.high)) if rule.whole else st.floats(rule.low, rule.high)
    )
    return st.none() | number if rule.or_none else number


ANY = st.fixed_dictionaries({field.name: strategy(field) for field in FIELDS}).map(
    lambda values: Settings(**values)  # type: ignore[arg-type]
)


def test_without_a_file_every_setting_has_its_default(paths: Paths) -> None:
    assert load(paths) == Settings()
    assert problems(paths) == ()


@given(settings=ANY)
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
def test_what_was_saved_is_loaded(paths: Paths, settings: Settings) -> None:
    assert save(paths, settings) == settings
    assert load(paths) == settings


def test_comments_and_keys_of_a_newer_timbre_stay(paths: Paths) -> None:
    write(
        paths,
        "# mine\ntarget_lufs = -16 # loud\nnew_key = [1, 2]\nmemory_cap_mib=512\n\n"
        '[shortcuts]\nengine = "ctrl+e"\n',
    )
    save(paths, replace(load(paths), engine="zonos", memory_cap_mib=None))
    text = read(paths)
    assert text.startswith("# mine\n")
    held = tomllib.loads(text)
    assert held["new_key"] == [1, 2]
    assert held["shortcuts"] == {"engine": "ctrl+e"}
    assert (held["engine"], held["target_lufs"]) == ("zonos", -16.0)
    assert "memory_cap_mib" not in held


@pytest.mark.parametrize(
    "before",
    [
        'note = """\nengine = "not a key"\n"""\n',
        "table = [\n  [1, 2],\n]\n",
        "language.old = 1\n",
    ],
)
def test_a_file_that_cannot_be_edited_by_lines_is_kept_aside(paths: Paths, before: str) -> None:
    write(paths, before)
    changed = replace(Settings(), engine="zonos")
    save(paths, changed)
    assert load(paths) == changed
    (aside,) = paths.config.glob("settings.before-*.toml")
    assert aside.read_text("utf-8") == before


@pytest.mark.parametrize(
    "content",
    [
        b"target_lufs = = 3",
        b"\xff\xfe\x00",
        b"language = 'en",
        b"\x00",
        b"[" * 100_000,
        b"x = " + b"[" * 100_000,
    ],
    ids=["syntax", "UTF-16", "open string", "NUL", "brackets", "nested"],
)
def test_a_broken_file_is_moved_aside_and_the_defaults_hold(paths: Paths, content: bytes) -> None:
    write(paths, content)
    assert "broken" in problems(paths)[0]
    assert load(paths) == Settings()
    (aside,) = paths.config.glob("settings.broken-*.toml")
    assert aside.read_bytes() == content
    assert problems(paths) == ()
    save(paths, Settings(language="zh"))
    assert load(paths).language == "zh"


def test_a_value_outside_of_its_range_is_left_out_and_said(paths: Paths) -> None:
    write(paths, 'target_lufs = 3\nlanguage = "zh"\nidle_unload_s = "soon"\n')
    assert load(paths) == Settings(language="zh")
    assert problems(paths) == (
        "settings.toml: target_lufs is 3 LUFS; it can be -40 to -8. The default holds.",
        "settings.toml: idle_unload_s is “soon”, which is not a number. The default holds.",
    )


def test_a_file_from_notepad_is_read(paths: Paths) -> None:
    write(paths, b'\xef\xbb\xbflanguage = "zh"\r\ntarget_lufs = -20\r\n')
    assert load(paths) == Settings(language="zh", target_lufs=-20.0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target_lufs": -60}, "target_lufs is -60 LUFS; it can be -40 to -8"),
        ({"target_lufs": float("nan")}, "not a number"),
        ({"ceiling_db": True}, "not a number"),
        ({"ceiling_db": 0.1}, "it can be -9 to 0"),
        ({"memory_cap_mib": 300.5}, "not a whole number"),
        ({"memory_cap_mib": 1}, "memory_cap_mib is 1 MiB; it can be 256 to"),
        ({"idle_unload_s": None}, "not a number"),
        ({"default_format": "wma"}, "it can be wav, flac, mp3, ogg, opus"),
        ({"language": "x" * 500}, "it can be auto, en, zh"),
        ({"engine": "../evil"}, "not a name"),
        ({"volume": 11}, "There is no setting “volume”"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_numbers(
    changes: dict[str, float], sentence: str
) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)) as caught:
        replace(Settings(), **changes)
    assert caught.value.hint
    assert len(caught.value.message) < 200


def test_numbers_take_the_type_of_their_setting() -> None:
    changed = replace(Settings(), target_lufs=-20, memory_cap_mib=4096.0)
    assert isinstance(changed.target_lufs, float)
    assert isinstance(changed.memory_cap_mib, int)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_setting_is_documented(field: dataclasses.Field[object]) -> None:
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    cells = {row.split("|")[1].strip(" `"): row.split("|")[2:] for row in rows}
    assert set(cells) == {one.name for one in FIELDS}, "the table has these settings and no others"
    default, values, _, _ = cells[field.name]
    shown = {"str": f'"{field.default}"', "float": str(field.default), "NoneType": "not set"}
    assert default.strip(" `") == shown[type(field.default).__name__]
    rule = field.metadata["rule"]
    if isinstance(rule, Choice):
        assert re.findall('"([a-z0-9]+)"', values) == list(rule.of)
    if isinstance(rule, Range):
        assert f"{rule.low:g} to {rule.high:.0f}" in values
    assert f"{field.name}:" in (Settings.__doc__ or "")
