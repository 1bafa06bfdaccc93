"""The documents say what the code does, where a test can tell."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from queued import __version__
from queued.__main__ import COMMANDS
from queued.core.transitions import diagram

ROOT = Path(__file__).parent.parent


def test_the_state_diagram_is_the_table() -> None:
    text = (ROOT / "queued" / "ARCHITECTURE.md").read_text("utf-8")
    drawn = text.split("<!-- transitions -->")[1].split("<!-- /transitions -->")[0]
    assert drawn.strip() == f"```mermaid\n{diagram()}```"


def test_the_readme_names_every_command_and_every_package() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for command in COMMANDS:
        assert f"queued {command}" in text, command
    for package in ("core", "engine", "storage", "server", "drivers", "display", "systemd"):
        assert f"{package}/" in text, package


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## (\S+)", text, re.MULTILINE)[1] == __version__  # type: ignore[index]
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    assert setup["metadata"]["version"] == __version__
