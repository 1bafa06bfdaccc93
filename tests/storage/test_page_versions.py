"""Versions of pages: none lost, none doubled, the deleted ones come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queued.core.plan import Millis
from queued.engine.ports import Note, VersionTaken
from queued.storage import page_versions as module
from queued.storage.page_versions import PageVersions
from queued.storage.store import Store

WANG = Note(Millis(1_000), "admin:王芳")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "data")
    yield opened
    await opened.close()


@pytest.fixture
def versions(store: Store) -> PageVersions:
    return store.page_versions


async def test_versions_are_told_newest_first_with_who_and_when(store: Store, versions):
    await versions.save("demo", "news/a", 1, WANG, "saved", "one")
    await versions.save("demo", "news/a", 2, Note(Millis(2_000), "admin:李强"), "deleted", "one")
    await versions.save("demo", "news/a.en", 1, WANG, "found", "other")
    told = await versions.all("demo", "news/a")
    assert [(one.version, one.at, one.by, one.deed, one.body) for one in told] == [
        (2, 2_000, "admin:李强", "deleted", "one"),
        (1, 1_000, "admin:王芳", "saved", "one"),
    ]
    assert await versions.all("other", "news/a") == []
    newest = await versions.newest("demo")
    assert [(one.page, one.version) for one in newest] == [("news/a", 2), ("news/a.en", 1)]
    entries = await store.audit.newest()
    assert [(one.by, one.action, one.subject, one.detail) for one in entries] == [
        ("admin:李强", "page_deleted", "demo news/a", "2"),
        ("admin:王芳", "page_saved", "demo news/a", "1"),
    ]


async def test_of_two_who_save_at_once_one_is_told(versions):
    results = await asyncio.gather(
        *(versions.save("demo", "news/a", 1, WANG, "saved", text) for text in ("one", "two")),
        return_exceptions=True,
    )
    assert [type(one) for one in results] == [type(None), VersionTaken]
    with pytest.raises(VersionTaken, match="version 1 has been saved meanwhile"):
        await versions.save("demo", "news/a", 3, WANG, "saved", "three")
    assert [one.body for one in await versions.all("demo", "news/a")] == ["one"]


async def test_old_versions_go(versions, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    for number in range(1, 6):
        await versions.save("demo", "news/a", number, WANG, "saved", str(number))
        await versions.save("demo", "news/b", number, WANG, "saved", str(number))
    assert [one.version for one in await versions.all("demo", "news/a", 9)] == [5, 4, 3]


async def test_a_picture_is_in_the_audit(store: Store, versions):
    await versions.note_picture("demo", "a.png", WANG)
    assert (await store.audit.newest(1))[0].action == "picture_added"
