"""The tree keeps the house style: sizes, names, docstrings, nothing left over, nothing private."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
LINE_CHARS_MAX = 100

CODE = {".py", ".js", ".mjs", ".css"}
BINARY = {".png", ".ico", ".woff2", ".gz", ".wav", ".bin"}

NAMELESS = re.compile(r"(.*_)?(utils?|helpers?|common|base|managers?|misc)")
"""If a thing has no name, it is not a thing yet."""

TALKING = ("queued/__main__.py", "drivers/__main__.py", "queued/commands/", "tests/")
"""Where print() is how one speaks to a person at a terminal."""

DOCUMENTED = ("queued/core/", "queued/engine/", "drivers/")

# Put together here, so that this file does not contain what it looks for.
LEFT_OVER = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
PRIVATE = ("/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/")
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js", "deb" + "ian.org")

PURE = (
    "queued/core/",
    "queued/outputs.py",
    "queued/slip_template.py",
    "drivers/jobs.py",
    "drivers/slip_blocks.py",
    "drivers/frames.py",
    "drivers/describe.py",
    "drivers/escpos_words.py",
    "drivers/strip_words.py",
    "drivers/ports.py",
    "drivers/escpos.py",
    "drivers/typesetting.py",
    "drivers/bx_fontcard.py",
    "drivers/hallbus.py",
    "drivers/a090.py",
    "drivers/pa_v21.py",
    "drivers/template.py",
    "drivers/strip_text.py",
    "drivers/speech.py",
    "drivers/voice_frames.py",
    "drivers/syn6288.py",
    "drivers/xfs5152.py",
    "drivers/voice_text.py",
    "drivers/quiet_hours.py",
    "drivers/hallpad68.py",
    "drivers/keypad.py",
    "drivers/sam.py",
    "drivers/printer_models.py",
    "drivers/printer_profile.py",
    "drivers/printer_status.py",
)
"""The same input gives the same bytes: no I/O, no clock, no chance."""

IMPURE = {
    "asyncio", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "select",
    "serial", "signal", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time",
    "urllib.request", "uuid", "aiohttp", "sqlalchemy", "structlog",
}  # fmt: skip


def tracked() -> list[Path]:
    """Every file that belongs to the project, also those not yet committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listing.returncode == 0:
        names = sorted({name for name in listing.stdout.split("\0") if name})
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    aside = {".git", ".venv", ".cache", "node_modules", "__pycache__"}
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not aside & set(path.relative_to(ROOT).parts)
    )


FILES = tracked()
MODULES = [path for path in FILES if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(tree: ast.AST) -> Iterator[str]:
    """Absolute names of imported modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_the_tree_was_found():
    assert {"Makefile", "setup.cfg", "queued/settings.py"} <= set(map(name_of, FILES))


def test_files_lines_and_functions_are_short():
    found = []
    for path in FILES:
        if path.suffix not in CODE:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > FILE_LINES_MAX:
            found.append(f"{name_of(path)}: {len(lines)} lines")
        for number, line in enumerate(lines, start=1):
            if len(line) > LINE_CHARS_MAX:
                found.append(f"{name_of(path)}:{number}: {len(line)} characters")
        if path.suffix == ".py":
            for function in functions(ast.parse("\n".join(lines))):
                length = (function.end_lineno or 0) - function.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    found.append(f"{name_of(path)}: {function.name}: {length} lines")
    assert not found, "\n" + "\n".join(found)


def test_every_module_has_a_name_that_means_something():
    assert [name_of(path) for path in MODULES if NAMELESS.fullmatch(path.stem)] == []


def test_public_things_say_what_they_promise():
    found = []
    for path in MODULES:
        if not name_of(path).startswith(DOCUMENTED):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and ast.get_docstring(tree) is None:
            found.append(name_of(path))
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_") and ast.get_docstring(node) is None:
                found.append(f"{name_of(path)}: {node.name}")
    assert not found, "\n" + "\n".join(found)


def test_nothing_is_left_over():
    found = []
    for path in FILES:
        if path.suffix in BINARY:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if LEFT_OVER.search(line):
                found.append(f"{name_of(path)}:{number}")
    assert not found, "\n" + "\n".join(found)


def test_only_the_command_line_prints():
    found = []
    for path in MODULES:
        if name_of(path).startswith(TALKING):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
                found.append(f"{name_of(path)}:{node.lineno}")
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("words", [PRIVATE, REGISTRIES], ids=["machine paths", "registries"])
def test_no_file_names_a_machine_or_a_registry(words):
    found = [
        f"{name_of(path)}: {word}"
        for path in FILES
        for word in words
        if word.encode() in path.read_bytes()
    ]
    assert not found, "\n" + "\n".join(found)


def test_pure_modules_import_no_input_output_clock_or_chance():
    found = []
    for path in MODULES:
        if name_of(path).startswith(PURE):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for module in imported(tree):
                if module in IMPURE or module.split(".")[0] in IMPURE:
                    found.append(f"{name_of(path)}: {module}")
    assert not found, "\n" + "\n".join(found)


def test_the_rulebook_imports_the_standard_library_only():
    found = []
    for path in MODULES:
        if name_of(path).startswith("queued/core/"):
            for module in imported(ast.parse(path.read_text(encoding="utf-8"))):
                own = module == "queued.core" or module.startswith("queued.core.")
                if not own and module.split(".")[0] not in sys.stdlib_module_names:
                    found.append(f"{name_of(path)}: {module}")
    assert not found, "\n" + "\n".join(found)
