"""What is installed, what is imported and what is documented are the same list."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
OWN = {"app", "core", "ui", "tests", "benchmarks"}
BROUGHT_BY = {
    "fastapi": "gradio",
    "starlette": "gradio",
    "uvicorn": "gradio",
    "pydantic": "gradio",
}
"""Part of another package's insides: a version of our own choice could only be a wrong one."""


def requirements(file: Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return {
        canonicalize_name(Requirement(line).name)
        for line in lines
        if line and not line.startswith("-")
    }


def documented(heading: str) -> set[str]:
    """Packages in the first column of a table of docs/dependencies.md."""
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, flags=re.MULTILINE)
    names = (name.strip() for row in rows[1:] for name in row.split(","))
    return {canonicalize_name(name) for name in names}


def imported(folders: list[Path]) -> Iterator[tuple[str, Path]]:
    """Top-level names of other people's packages, with the file that imports them."""
    for file in folders:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                if top not in sys.stdlib_module_names and top not in OWN:
                    yield top, file


def test_every_package_at_run_time_is_documented_and_nothing_else() -> None:
    assert documented("At run time") == requirements(ROOT / "requirements.txt")


def test_every_package_for_development_is_documented() -> None:
    files = [ROOT / "requirements-dev.txt", *(ROOT / "benchmarks").glob("requirements*.txt")]
    wanted = set().union(*(requirements(file) for file in files))
    wanted -= requirements(ROOT / "requirements.txt")
    assert wanted <= documented("For development and benchmarks")


def test_what_the_product_imports_is_asked_for() -> None:
    homes = importlib.metadata.packages_distributions()
    asked = requirements(ROOT / "requirements.txt")
    files = [ROOT / "app.py", *ROOT.glob("core/**/*.py"), *ROOT.glob("ui/**/*.py")]
    found = list(imported([file for file in files if file.is_file()]))
    assert found
    not_asked = {
        f"{file.relative_to(ROOT)}: {name}"
        for name, file in found
        if BROUGHT_BY.get(name) not in asked
        and not {canonicalize_name(home) for home in homes.get(name, [])} & asked
    }
    assert not_asked == set()


@pytest.mark.parametrize("name", sorted(requirements(ROOT / "requirements.txt")))
def test_a_package_at_run_time_has_a_wheel_here(name: str) -> None:
    wheel = importlib.metadata.distribution(name).read_text("WHEEL")
    assert wheel is not None, "it was built from source: it needs a compiler"
