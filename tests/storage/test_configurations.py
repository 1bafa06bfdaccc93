"""Versions of the configuration and the audit: written together, one of two who save at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queued.engine.ports import Note, VersionTaken
from queued.storage import audit, configurations
from queued.storage.store import Store
from tests.storage.chains import NINE

NOTE = Note(NINE, "admin:sun")
WHAT = {"comment": "", "body": "[rules]\n", "file": "f"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path)
    yield store
    await store.close()


async def test_versions_count_up_for_each_hall_alone(store: Store):
    versions = store.configurations
    assert await versions.newest("demo") is None
    for number in (1, 2):
        await versions.save("demo", number, NOTE, comment=f"c{number}", body="b", file="f")
    await versions.save("other", 1, NOTE, **WHAT)
    assert [one.version for one in await versions.all("demo")] == [2, 1]
    newest = await versions.newest("demo")
    assert newest == await versions.get("demo", 2)
    assert (newest.at, newest.by, newest.comment) == (NINE, "admin:sun", "c2")
    assert await versions.get("demo", 3) is None


@pytest.mark.parametrize("number", [0, 1, 3, 99])
async def test_only_the_next_version_can_be_saved(store: Store, number):
    await store.configurations.save("demo", 1, NOTE, **WHAT)
    with pytest.raises(VersionTaken):
        await store.configurations.save("demo", number, NOTE, **WHAT)
    assert len(await store.audit.newest()) == 1


async def test_of_many_who_save_at_once_one_has_saved(store: Store):
    saves = [
        store.configurations.save("demo", 1, Note(NINE, f"admin:{n}"), **WHAT) for n in range(8)
    ]
    ends = await asyncio.gather(*saves, return_exceptions=True)
    assert sum(isinstance(end, VersionTaken) for end in ends) == 7
    assert len(await store.configurations.all("demo")) == 1


async def test_old_versions_and_entries_have_an_end(store: Store, monkeypatch):
    monkeypatch.setattr(configurations, "KEPT", 3)
    monkeypatch.setattr(audit, "KEPT", 4)
    for number in range(1, 7):
        await store.configurations.save("demo", number, NOTE, **WHAT)
    assert [one.version for one in await store.configurations.all("demo", 10)] == [6, 5, 4]
    assert [one.subject for one in await store.audit.newest()] == [
        f"demo {number}" for number in (6, 5, 4, 3)
    ]


async def test_a_page_of_the_audit_is_bounded(store: Store):
    for limit in (0, -1, audit.PAGE_MAX + 1):
        with pytest.raises(ValueError, match="allowed are"):
            await store.audit.newest(limit)
