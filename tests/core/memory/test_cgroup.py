"""Memory limits of control groups, from folders laid out as the kernel lays them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.memory.cgroup import Allowance, tightest
from core.memory.host import within

MIB = 2**20


def lay_out(root: Path, groups: str, files: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, content in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def test_version_2_counts_droppable_file_pages_as_free(tmp_path: Path) -> None:
    root = lay_out(
        tmp_path,
        "0::/\n",
        {
            "memory.max": f"{1000 * MIB}\n",
            "memory.current": f"{700 * MIB}\n",
            "memory.stat": f"anon {400 * MIB}\ninactive_file {200 * MIB}\n",
        },
    )
    found = tightest(root)
    assert found is not None
    assert (found.limit_bytes, found.free_bytes) == (1000 * MIB, 500 * MIB)


def test_a_limit_of_a_group_above_counts(tmp_path: Path) -> None:
    root = lay_out(
        tmp_path,
        "0::/user.slice/app.scope\n",
        {
            "user.slice/app.scope/memory.max": "max\n",
            "user.slice/app.scope/memory.current": f"{10 * MIB}\n",
            "user.slice/memory.max": f"{300 * MIB}\n",
            "user.slice/memory.current": f"{100 * MIB}\n",
        },
    )
    found = tightest(root)
    assert found is not None
    assert (found.limit_bytes, found.free_bytes) == (300 * MIB, 200 * MIB)


def test_version_1_in_a_container_is_read_at_the_mount(tmp_path: Path) -> None:
    root = lay_out(
        tmp_path,
        "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
        {
            "memory/memory.limit_in_bytes": f"{512 * MIB}\n",
            "memory/memory.usage_in_bytes": f"{500 * MIB}\n",
            "memory/memory.stat": f"inactive_file {MIB}\ntotal_inactive_file {100 * MIB}\n",
        },
    )
    found = tightest(root)
    assert found is not None
    assert (found.limit_bytes, found.free_bytes) == (512 * MIB, 112 * MIB)


def test_no_limit_is_no_allowance(tmp_path: Path) -> None:
    unlimited = {
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.usage_in_bytes": "4096\n",
    }
    assert tightest(lay_out(tmp_path, "4:memory:/\n", unlimited)) is None
    assert tightest(tmp_path / "a machine without /proc") is None


def test_a_path_that_climbs_out_is_not_followed(tmp_path: Path) -> None:
    root = lay_out(tmp_path, "0::/../../other\n", {})
    (tmp_path / "sys/other").mkdir(parents=True)
    (tmp_path / "sys/other/memory.max").write_text("5\n")
    (tmp_path / "sys/other/memory.current").write_text("5\n")
    assert tightest(root) is None


@settings(deadline=None, max_examples=60)
@given(content=st.text(max_size=30), groups=st.text(max_size=60))
def test_nonsense_in_the_files_never_raises(
    tmp_path_factory: pytest.TempPathFactory, content: str, groups: str
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_bytes(groups.encode("utf-8", "surrogatepass"))
    (root / "sys/fs/cgroup").mkdir(parents=True)
    for name in ("memory.max", "memory.current", "memory.stat"):
        (root / "sys/fs/cgroup" / name).write_bytes(content.encode("utf-8", "surrogatepass"))
    tightest(root)


@given(
    total=st.integers(1, 2**40),
    free_share=st.floats(0, 1),
    limit=st.integers(1, 2**40),
    left_share=st.floats(0, 1),
)
def test_what_is_free_inside_never_exceeds_what_is_free_outside(
    total: int, free_share: float, limit: int, left_share: float
) -> None:
    available, left = int(total * free_share), int(limit * left_share)
    allowance = Allowance(limit_bytes=limit, free_bytes=left)
    seen_total, seen_used = within(total, available, allowance)
    assert seen_total == min(total, limit)
    assert 0 <= seen_used <= seen_total
    assert seen_total - seen_used == min(available, left)
    assert within(total, available, None) == (total, total - available)
