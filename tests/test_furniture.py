"""Which configuration is in force: the file's, or the newest version of administration."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queued.engine.ports import Note
from queued.furniture import Furniture, digest_of
from queued.settings import SettingsError, parse
from queued.settings_document import document_of, edited, toml_of
from queued.settings_values import Settings
from queued.storage.store import Store

NOTE = Note(1, "admin:sun")
FILE = """
[hall]
id = "demo"
name = "大厅"
[[queue]]
id = "general"
letter = "A"
name = "综合受理"
[[window]]
id = "1"
name = "1号窗口"
queues = ["*"]
[[window]]
id = "2"
name = "2号窗口"
queues = ["*"]
[redis]
url = "redis://:secret@localhost"
"""
STRIP = """
[[device]]
id = "strip"
kind = "a090"
port = "serial:///dev/ttyS1?baud=9600"
window = "2"
"""


def file(text: str = FILE) -> Settings:
    return parse(text.encode(), "hall.toml", {})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path)
    yield store
    await store.close()


async def saved_without_window_2(store: Store) -> str:
    """A version in which window 2 is gone."""
    settings = file()
    fewer = dataclasses.replace(settings, windows=settings.windows[:1])
    body = toml_of(edited(document_of(fewer)))
    digest = digest_of(settings)
    await store.configurations.save("demo", 1, NOTE, comment="", body=body, file=digest)
    return body


async def test_without_a_version_the_file_is_in_force(store: Store):
    furniture = await Furniture.open(file(), store.configurations)
    assert furniture.settings == file()
    assert (furniture.version, furniture.file_changed, furniture.problem) == (0, False, "")


async def test_a_version_takes_the_place_of_its_tables_and_of_no_others(store: Store):
    await saved_without_window_2(store)
    other_address = file(FILE + "[http]\nport = 9000\n")
    furniture = await Furniture.open(other_address, store.configurations)
    assert [window.id for window in furniture.settings.windows] == ["1"]
    assert furniture.settings.http.port == 9000
    assert furniture.settings.redis.url == "redis://:secret@localhost"
    assert not furniture.file_changed


async def test_a_version_that_does_not_fit_the_file_any_more_is_told_and_not_used(store: Store):
    await saved_without_window_2(store)
    furniture = await Furniture.open(file(FILE + STRIP), store.configurations)
    assert [window.id for window in furniture.settings.windows] == ["1", "2"]
    assert 'window: "2" is not a window' in furniture.problem
    assert furniture.version == 1


async def test_a_changed_file_is_noticed_and_does_not_win(store: Store):
    await saved_without_window_2(store)
    furniture = await Furniture.open(file(FILE.replace("综合受理", "综合")), store.configurations)
    assert furniture.file_changed
    assert furniture.settings.queues[0].name == "综合受理"


@pytest.mark.parametrize("table", ["hall", "http", "device", "storage", "zone", "nonsense"])
async def test_what_is_the_files_cannot_be_changed(store: Store, table):
    furniture = await Furniture.open(file(), store.configurations)
    body = toml_of(edited(document_of(file()))) + f'\n[{table}]\nid = "x"\n'
    with pytest.raises(SettingsError, match="cannot be changed here"):
        furniture.settings_of(body)
