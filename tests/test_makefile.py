"""The set-up behind `make`: it recovers, it is quick the second time, it says what to type.

Runs the real script in a small checkout of its own, whose requirement files are empty, so that
nothing is fetched.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tests" / "setup_machine.py"
LOCK = ROOT / "requirements-lock.txt"

SECOND_CALL_S_MAX = 2.0
NOBODY = 65534
"""The account without rights that every Linux has."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@contextlib.contextmanager
def fresh_checkout():
    """A folder like a fresh clone. Not below tmp_path, which other accounts may not enter."""
    with tempfile.TemporaryDirectory(prefix="queued-checkout-") as name:
        folder = Path(name)
        (folder / "tests").mkdir()
        shutil.copy(SCRIPT, folder / "tests")
        for file in ("requirements.txt", "requirements-dev.txt", "requirements-lock.txt"):
            (folder / file).write_text("", encoding="ascii")
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def checkout():
    """Never set up."""
    with fresh_checkout() as folder:
        yield folder


@pytest.fixture(scope="module")
def ready():
    """Set up once for all: making an environment takes seconds."""
    with fresh_checkout() as folder:
        first = set_up(folder)
        assert first.returncode == 0, first.stderr
        yield folder


def set_up(checkout, goal="run"):
    return subprocess.run(
        [sys.executable, "tests/setup_machine.py", goal],
        cwd=checkout,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PIP_NO_INDEX": "1"},
    )


def interpreter_works(checkout):
    python = checkout / ".venv" / "bin" / "python"
    return subprocess.run([python, "-c", "import pip"], check=False).returncode == 0


# ── Set-up ────────────────────────────────────────────────────────────────────────────────


def test_a_second_call_does_nothing_and_takes_no_time(ready):
    assert interpreter_works(ready)

    started = time.monotonic()
    second = set_up(ready)

    assert time.monotonic() - started < SECOND_CALL_S_MAX
    assert (second.returncode, second.stdout) == (0, "")


def test_a_changed_requirement_is_installed(ready):
    (ready / "requirements.txt").write_text("# changed\n", encoding="ascii")
    assert "Python packages" in set_up(ready).stdout
    assert set_up(ready).stdout == ""


def test_a_failed_installation_says_so_and_can_be_repeated(ready):
    (ready / "requirements.txt").write_text("./not-there.whl\n", encoding="ascii")

    for _ in range(2):
        failed = set_up(ready)
        assert failed.returncode == 1
        assert "the Python packages could not be installed. This command failed" in failed.stderr
        assert "pip install" in failed.stderr
        assert "Traceback" not in failed.stderr

    (ready / "requirements.txt").write_text("", encoding="ascii")
    assert set_up(ready).returncode == 0


def test_the_command_works_from_any_folder(ready, tmp_path):
    (ready / "queued").mkdir()
    (ready / "queued" / "__main__.py").write_text("print('here')\n", encoding="ascii")
    said = subprocess.run(
        [ready / ".venv" / "bin" / "queued"], cwd=tmp_path, capture_output=True, check=True
    )
    assert said.stdout == b"here\n"


def test_an_interrupted_set_up_goes_on(ready):
    (ready / ".venv" / "bin" / "python").unlink()
    (ready / ".venv" / ".stamp-packages-run").write_text("torn", encoding="ascii")

    again = set_up(ready)

    assert again.returncode == 0, again.stderr
    assert interpreter_works(ready)
    assert set_up(ready).stdout == ""


@as_root
def test_without_rights_it_says_exactly_what_to_type(checkout):
    """An account without rights on a machine without browser and servers, but with apt-get."""
    commands = checkout / "commands"
    commands.mkdir()
    (commands / "apt-get").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    (commands / "apt-get").chmod(0o755)
    os.chown(checkout, NOBODY, NOBODY)

    said = subprocess.run(
        [python_for_nobody(), "tests/setup_machine.py", "test"],
        cwd=checkout, check=False, capture_output=True, text=True, user=NOBODY,
        env={"PATH": str(commands)}, timeout=60,
    )  # fmt: skip

    assert said.returncode == 1
    shown = r"^ {4}sudo apt-get update && sudo apt-get install (.*)$"
    command = re.search(shown, said.stderr, re.MULTILINE)
    assert command is not None, said.stderr
    assert {"chromium", "redis-server", "systemd"} <= set(command[1].split())
    assert not (checkout / ".venv").exists()


@as_root
def test_a_checkout_of_somebody_else_is_not_a_traceback(checkout):
    said = subprocess.run(
        [python_for_nobody(), "tests/setup_machine.py", "run"],
        cwd=checkout, check=False, capture_output=True, text=True, user=NOBODY, timeout=60,
    )  # fmt: skip
    assert said.returncode == 1
    assert "must be writable" in said.stderr
    assert "Traceback" not in said.stderr


def python_for_nobody():
    """An interpreter that an account without rights can start; ours may lie in root's home."""
    for program in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([program, "-c", ""], check=False, user=NOBODY).returncode == 0:
                return program
    pytest.skip("the Python of this machine can be run by root only")


def test_the_script_is_readable_for_an_old_python():
    """Else an old interpreter shows a syntax error instead of saying what it needs."""
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))


# ── What make does ────────────────────────────────────────────────────────────────────────


def make(*arguments):
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
    ).stdout


def test_make_run_opens_the_demonstration_on_the_port_asked_for():
    assert "-m queued demo --port 9000 --speed 5" in make("run", "PORT=9000", "SPEED=5")
    assert "-m queued demo --port 8080 --speed 1" in make()


def test_make_test_sets_up_then_checks_then_tests():
    said = make("test")
    steps = ["setup_machine.py test", "ruff check", "mypy", "lint-imports", "-m pytest -n 2 -q"]
    assert sorted(steps, key=said.index) == steps


def test_continuous_integration_calls_make_test():
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert "make test" in run.read_text(encoding="utf-8")


# ── Pins ──────────────────────────────────────────────────────────────────────────────────


def pins(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line and not line.startswith(("#", "-"))]
    found = [re.sub(r"\[[a-z,]+\]==", "==", line) for line in found]  # extras are not in a lock
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in found), found
    return {normal(name): version for name, version in (line.split("==") for line in found)}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_pin_is_in_the_lock():
    locked = pins(LOCK)
    for file in ("requirements.txt", "requirements-dev.txt"):
        for name, version in pins(ROOT / file).items():
            assert locked.get(name) == version, f"{name}: type  make lock"


def test_what_runs_here_is_what_the_lock_says():
    locked = pins(LOCK)
    installed = {normal(one.name): one.version for one in importlib.metadata.distributions()}
    different = {
        name: (version, installed[name])
        for name, version in locked.items()
        if name in installed and installed[name] != version
    }
    assert different == {}


def test_browser_libraries_are_pinned_and_name_no_host():
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = {**package["dependencies"], **package["devDependencies"]}
    for name, version in wanted.items():
        locked = lock["packages"][f"node_modules/{name}"]
        assert locked["version"] == version
        assert locked["integrity"].startswith("sha512-")
    assert all("resolved" not in entry for entry in lock["packages"].values())
