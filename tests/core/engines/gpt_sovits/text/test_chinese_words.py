from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

from core.engines.gpt_sovits.text.chinese_words import words

ROOT = Path(__file__).parents[5]


def test_text_is_cut_into_words_with_their_parts_of_speech() -> None:
    found = words("我们喜欢石头,")
    assert [tuple(word) for word in found] == [
        ("我们", "r"),
        ("喜欢", "v"),
        ("石头", "n"),
        (",", "x"),
    ]


def test_a_file_that_somebody_left_in_the_temporary_folder_is_not_read(tmp_path: Path) -> None:
    planted = tmp_path / "jieba.cache"
    planted.write_bytes(marshal.dumps(({"老": 1, "虎": 1, "我们喜": 10**9}, 10**9)))
    code = (
        "from core.engines.gpt_sovits.text.chinese_words import words;"
        "print('|'.join(word.text for word in words('我们喜欢老虎')))"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    environment |= {"TMP": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout.strip() == "我们|喜欢|老虎"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == [planted]
