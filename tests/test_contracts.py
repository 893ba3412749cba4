"""What the whole code base promises: who imports whom, what is never loaded, what is never used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

HEAVY = [
    *("torch", "transformers", "ctranslate2", "onnxruntime"),
    *("pyworld", "librosa", "numba", "sklearn", "pyopenjtalk", "av"),
]
"""Never in the page process: each costs seconds or tens of megabytes, or can crash it."""

EDGES = {
    "ui/cli.py": "the command line's edge: a bug gets an incident number and exit code 1",
    "ui/edge.py": "the page's edge: a bug gets an incident number and a toast",
    "core/synthesis/worker.py": "the engine process's edge: a bug is told to the parent",
    "core/jobs/queue.py": "the job thread's edge: a bug costs the job, not the queue",
    "core/memory/monitor.py": "the sampler thread's edge: a panel never ends a job",
}
"""Files that may catch everything, with the reason. Everywhere else bugs travel on."""

CHECKPOINTS = "core/engines/nn/checkpoint.py"
"""The only file that may call `torch.load`, and only with `weights_only=True`."""

BANNED_IMPORTS = {
    "pickle": "runs code from data",
    "_pickle": "runs code from data",
    "dill": "runs code from data",
    "cloudpickle": "runs code from data",
    "joblib": "unpickles",
    "shelve": "unpickles",
    "marshal": "runs code from data",
    "multiprocessing": "its queues and pipes unpickle; processes talk in frames instead",
    "telnetlib": "network",
    "matplotlib.pyplot": "handlers run in threads: matplotlib.figure.Figure",
    "pynvml": "only core/memory/nvml.py",
    "psutil": "only core/memory/host.py",
}
IMPORT_HOMES = {"pynvml": "core/memory/nvml.py", "psutil": "core/memory/host.py"}

BANNED_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "os.startfile",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "tempfile.mktemp",
    "yaml.load",
    "torch.cuda.empty_cache",
}
CALL_HOMES = {"torch.cuda.empty_cache": "core/engines/nn/allocator.py"}


def product_files() -> list[Path]:
    files = [ROOT / "app.py", *ROOT.glob("core/**/*.py"), *ROOT.glob("ui/**/*.py")]
    return sorted(file for file in files if file.is_file())


def page_modules() -> list[str]:
    """What the page's process imports: the surfaces and the doors they knock at."""
    files = [ROOT / "app.py", ROOT / "core/studio.py", ROOT / "core/doctor.py"]
    files += ROOT.glob("ui/**/*.py")
    names = (file.relative_to(ROOT).with_suffix("") for file in files if file.is_file())
    return sorted(".".join(part for part in name.parts if part != "__init__") for name in names)


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_page_side_loads_no_models_library_and_no_network_at_import() -> None:
    code = (
        "import importlib, socket, sys\n"
        "def refuse(*args, **kwargs):\n"
        "    raise SystemExit(f'a connection at import: {args[1:]}')\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n"
        "socket.getaddrinfo = refuse\n"
        f"for name in {page_modules()!r}:\n"
        "    importlib.import_module(name)\n"
        f"    found = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
        "    if found:\n"
        "        raise SystemExit(f'importing {name} loads {found}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("file", product_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_banned_is_used(file: Path) -> None:
    name = file.relative_to(ROOT).as_posix()
    assert list(complaints(file.read_text(encoding="utf-8"), name)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os.path, pickle as safe",
        "from multiprocessing import Queue",
        "import matplotlib.pyplot as plt",
        "from matplotlib import pyplot",
        "import psutil",
        "eval('1')",
        "exec(text)",
        "import os\nos.system('ls')",
        "from os import system\nsystem('ls')",
        "import subprocess as sp\nsp.run('ls', shell=True)",
        "import subprocess as sp\nsp.getoutput('ls')",
        "run(command, shell=wanted)",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept (OSError, BaseException):\n    pass",
        "try:\n    f()\nexcept:\n    pass",
        "import contextlib\nwith contextlib.suppress(Exception):\n    f()",
        "server.launch(server_name='0.0.0.0')",
        "HOST = '::'",
        "import torch\ntorch.load(path, weights_only=True)",
        "import torch\ntorch.cuda.empty_cache()",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "hub.load(name, trust_remote_code=True)",
    ],
)
def test_the_scan_finds_what_it_looks_for(source: str) -> None:
    assert list(complaints(source, "core/somewhere.py"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import re\nPATTERN = re.compile('a')", "core/text/a.py"),
        ("import torch\ntorch.load(path, weights_only=True)", CHECKPOINTS),
        ("try:\n    f()\nexcept Exception:\n    pass", "core/memory/monitor.py"),
        ("import psutil", "core/memory/host.py"),
        ("try:\n    f()\nexcept BaseException:\n    undo()\n    raise", "core/a.py"),
        ("try:\n    f()\nexcept OSError:\n    pass", "core/a.py"),
        ("import subprocess\nsubprocess.run(['ls'], shell=False)", "core/a.py"),
    ],
)
def test_the_scan_lets_good_code_pass(source: str, name: str) -> None:
    assert list(complaints(source, name)) == []


def test_the_scan_wants_weights_only_even_where_checkpoints_are_read() -> None:
    assert list(complaints("import torch\ntorch.load(path)", CHECKPOINTS))
    assert list(complaints("import torch\ntorch.load(path, weights_only=False)", CHECKPOINTS))


def test_every_exception_to_the_rules_is_still_needed() -> None:
    for name in EDGES:
        file = ROOT / name
        if file.is_file():
            blind = list(complaints(file.read_text(encoding="utf-8"), "core/elsewhere.py"))
            assert any("catches everything" in complaint for complaint in blind), name


def complaints(source: str, name: str) -> Iterator[str]:
    """What one file does that nothing here may do.

    Args:
        source: Python.
        name: Path from the root, with forward slashes: a few files have one right more.
    """
    tree = ast.parse(source)
    known_as = dict(_names(tree))
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        for complaint in (
            *_import_complaints(node, name),
            *_call_complaints(node, name, known_as),
            *_catch_complaints(node, name, known_as),
            *_constant_complaints(node),
        ):
            yield f"{name}:{line}: {complaint}"


def _names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Local name -> dotted name, of everything that is imported anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    (alias.asname or alias.name.split(".")[0]),
                    (alias.name if alias.asname else alias.name.split(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _dotted(node: ast.AST, known_as: dict[str, str]) -> str:
    """`sp.run` -> `subprocess.run`; an empty string for what has no dotted name."""
    if isinstance(node, ast.Name):
        return known_as.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value, known_as)
        return f"{left}.{node.attr}" if left else ""
    return ""


def _import_complaints(node: ast.AST, name: str) -> Iterator[str]:
    imported: list[str] = []
    if isinstance(node, ast.Import):
        imported = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        imported = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    for module in imported:
        for banned, reason in BANNED_IMPORTS.items():
            is_banned = module == banned or module.startswith(banned + ".")
            if is_banned and IMPORT_HOMES.get(banned) != name:
                yield f"imports {module} ({reason})"


def _call_complaints(node: ast.AST, name: str, known_as: dict[str, str]) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    called = _dotted(node.func, known_as)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if called in BANNED_CALLS and CALL_HOMES.get(called) != name:
        yield f"calls {called}"
    for switch in ("shell", "allow_pickle", "trust_remote_code"):
        if switch in keywords and not _is(keywords[switch], False):
            yield f"sets {switch}"
    if called == "torch.load" and not (
        name == CHECKPOINTS and _is(keywords.get("weights_only"), True)
    ):
        yield "calls torch.load where checkpoints are not read, or without weights_only=True"


def _catch_complaints(node: ast.AST, name: str, known_as: dict[str, str]) -> Iterator[str]:
    if name in EDGES:
        return
    caught: list[ast.AST | None] = []
    if isinstance(node, ast.ExceptHandler) and not _passes_on(node):
        caught = list(node.type.elts) if isinstance(node.type, ast.Tuple) else [node.type]
    elif isinstance(node, ast.Call) and _dotted(node.func, known_as) == "contextlib.suppress":
        caught = list(node.args)
    for kind in caught:
        if kind is None or _dotted(kind, known_as) in ("Exception", "BaseException"):
            yield "catches everything"


def _constant_complaints(node: ast.AST) -> Iterator[str]:
    text = node.value if isinstance(node, ast.Constant) else None
    if isinstance(text, str) and ("0.0.0.0" in text or text == "::"):
        yield "names every network interface; Timbre listens on 127.0.0.1"


def _passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether it only tidies up: its last statement raises what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _is(node: ast.AST | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
