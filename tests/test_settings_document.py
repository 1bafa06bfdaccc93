"""A configuration written out as TOML reads back as itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.settings import load, parse, tables_of
from queued.settings_document import EDITED, document_of, edited, laid_over, toml_of

CONFIG = Path(__file__).parent.parent / "config"


@pytest.mark.parametrize("file", sorted(CONFIG.glob("*.toml")), ids=lambda file: file.name)
def test_every_example_reads_back_as_itself(file: Path):
    settings = load(file, {})
    document = document_of(settings)
    again = parse(toml_of(document).encode(), "again", {})
    kept = {"redis": settings.redis, "storage": settings.storage}
    assert dataclasses.replace(again, **kept) == settings
    assert document_of(again) == document


def test_what_is_edited_takes_the_place_of_the_files_and_nothing_else_does():
    file = document_of(load(CONFIG / "demo.toml", {}))
    assert edited(file).keys() <= set(EDITED)
    version = {"queue": [{"id": "one", "letter": "Z", "name": "One"}]}
    both = laid_over(file, version)
    assert both["queue"] == version["queue"]
    assert "service" not in both, "a table that a version leaves out is empty"
    assert (both["hall"], both["device"]) == (file["hall"], file["device"])


def test_passwords_stay_out():
    content = (CONFIG / "one-window.toml").read_bytes()
    content += b'\n[redis]\nurl = "redis://:secret@localhost"\n'
    assert "secret" not in toml_of(document_of(parse(content, "x", {})))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.lists(TEXTS, max_size=3)
KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)


@given(st.dictionaries(KEYS, st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=1)))
def test_whatever_text_is_in_it(document):
    assert tables_of(toml_of(document).encode(), "") == document
