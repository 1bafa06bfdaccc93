"""No failure of any driver is without a sentence and advice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import drivers
from drivers import clip_check, jobs, ports
from drivers.printer_status import Status
from drivers.registry import KINDS
from drivers.technician.words import LANGUAGES, words

ERRORS = {"DeviceError", "DeviceTransient", "DeviceBroken", "ShortWrite", "NotWorking"}


def codes() -> set[str]:
    """Every code that some driver gives an error."""
    found = set()
    for path in Path(drivers.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
    return found


def of_jobs(cls: type) -> set[str]:
    """The codes a message's docstring lists."""
    listed = (cls.__doc__ or "").partition("is a code:")[2]
    return set(listed.replace(".", " ").split())


CODES = codes() | of_jobs(jobs.JobFailed) | of_jobs(jobs.NotSpoken)


def test_the_codes_were_found():
    assert {"timeout", "no_permission", "no_clip", "quiet", "cutter_jam"} <= CODES
    assert Status(cover_open=True).fault in CODES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_sentence_and_advice(language):
    texts = words(language).texts
    assert sorted(CODES - set(texts["reason"])) == []
    assert sorted(CODES - set(texts["advice"])) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_and_port_is_described(language):
    texts = words(language).texts
    assert set(texts["kind"]) == set(KINDS)
    assert set(texts["port"]) == set(ports.SCHEMES)
    source = Path(clip_check.__file__).read_text("utf-8")
    assert all(f'"{code}"' in source for code in texts["clip"])
