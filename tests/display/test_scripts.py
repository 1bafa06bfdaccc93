"""The browser modules: every one parses, the pure ones pass their own tests under Node.

Node takes `.js` for modules only below a `package.json` that says so; the pages need none, so
the tests run on a copy that has one.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from display.pages import STATIC_DIR

HERE = Path(__file__).parent
SCRIPTS = sorted((STATIC_DIR / "js").glob("*.js"))
TESTS = sorted((HERE / "js").glob("*.test.js"))
LINES_MAX = 200
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(NODE is None, reason="no node on this machine")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "package.json").write_text(json.dumps({"type": "module"}))
    shutil.copytree(STATIC_DIR / "js", folder / "static")
    shutil.copytree(HERE / "js", folder / "tests")
    shutil.copy(HERE / "waits_vectors.json", folder / "tests")
    return folder


def node(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(NODE), *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@needs_node
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_module_parses(script, workshop):
    result = node("--check", f"static/{script.name}", folder=workshop)
    assert result.returncode == 0, result.stderr


@needs_node
def test_the_parse_check_can_fail(workshop):
    (workshop / "broken.js").write_text("import { a } from './b.js'\nconst = 1")
    assert node("--check", "broken.js", folder=workshop).returncode != 0


@needs_node
@pytest.mark.parametrize("script", TESTS, ids=lambda path: path.name)
def test_the_modules_own_tests(script, workshop):
    result = node("--test", f"tests/{script.name}", folder=workshop)
    assert result.returncode == 0, result.stdout + result.stderr
    assert int(re.search(r"^# pass (\d+)$", result.stdout, re.M)[1]) > 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_module_is_small_and_keeps_to_the_policy(script):
    text = script.read_text("utf-8")
    assert text.startswith("// "), "the first line says what the module is for"
    assert len(text.splitlines()) <= LINES_MAX
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in text
    for name in re.findall(r'from "([^"]+)"', text):
        assert (script.parent / name).is_file(), f"imports {name}"


@pytest.mark.parametrize("sheet", sorted((STATIC_DIR / "css").glob("*.css")), ids=lambda p: p.name)
def test_no_text_is_smaller_than_18_px(sheet):
    sizes = re.findall(r"font-size:\s*([\d.]+)(rem|px|em)", sheet.read_text("utf-8"))
    too_small = [size for size, unit in sizes if float(size) < (18 if unit == "px" else 1)]
    assert too_small == []
