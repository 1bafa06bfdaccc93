"""Backups: taken while the hall works, proven, and only restored where nothing is."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from queued.engine.recovery import recover
from queued.storage.backup import backup, restore
from queued.storage.errors import Damaged, FolderNotEmpty, StoreError
from queued.storage.folder import DATABASE
from queued.storage.store import Store
from queued.storage.verify import verify
from tests.storage.days import work
from tests.storage.older import script


async def a_day(folder: Path) -> Store:
    store = await Store.open(folder)
    hall = await work(store.journal)
    await hall.open_day()
    await hall.live(Random(1), 80)
    await hall.actor.stop()
    return store


async def test_a_backup_restores_to_the_same_hall(tmp_path: Path):
    store = await a_day(tmp_path / "hall")
    await store.accounts.add_token("t", "kiosk", "east", 1)
    live = (await recover(store.journal, "demo")).hall
    report = await backup(tmp_path / "hall", tmp_path / "copy.queued")
    assert report.ok and report.halls[0].seq == live.seq
    assert stat.S_IMODE((tmp_path / "copy.queued").stat().st_mode) == 0o600
    await store.close()
    # One file is all: take it to a folder of its own.
    (tmp_path / "usb").mkdir()
    os.rename(tmp_path / "copy.queued", tmp_path / "usb" / "copy.queued")
    assert (await restore(tmp_path / "usb" / "copy.queued", tmp_path / "new")).ok
    assert sorted(os.listdir(tmp_path / "usb")) == ["copy.queued"]
    assert sorted(os.listdir(tmp_path / "new")) == [DATABASE, "secret"]
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    restored = await Store.open(tmp_path / "new", create=False)
    assert restored.secret == store.secret
    assert (await recover(restored.journal, "demo", from_start=True)).hall == live
    assert (await restored.accounts.token("t")).name == "east"
    hall = await work(restored.journal)
    await hall.take()
    await hall.actor.stop()
    await restored.close()
    with closing(sqlite3.connect(tmp_path / "new" / DATABASE)) as raw:
        assert not raw.execute("SELECT 1 FROM sqlite_schema WHERE name LIKE 'backup%'").fetchall()


async def test_a_backup_of_an_older_version_is_restored(tmp_path: Path):
    store = await a_day(tmp_path / "hall")
    live = (await recover(store.journal, "demo")).hall
    await store.close()
    await backup(tmp_path / "hall", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy")) as raw:
        raw.executescript(script(2))
    assert (await restore(tmp_path / "copy", tmp_path / "new")).ok
    assert sorted(os.listdir(tmp_path / "new")) == [DATABASE, "secret"]
    restored = await Store.open(tmp_path / "new", create=False)
    assert (await recover(restored.journal, "demo", from_start=True)).hall == live
    assert await restored.device_events.of("demo") == []
    await restored.close()


async def test_backups_while_the_hall_works_are_exact_prefixes(tmp_path: Path):
    store = await Store.open(tmp_path / "hall")
    hall = await work(store.journal)
    await hall.open_day()
    running = True

    async def kiosk() -> None:
        while running:
            await hall.take()

    kiosks = [asyncio.create_task(kiosk()) for _ in range(4)]
    seqs = []
    for number in range(4):
        seen = hall.actor.hall.seq
        while hall.actor.hall.seq < seen + 20:
            await asyncio.to_thread(lambda: None)
        before = hall.actor.hall.seq
        report = await backup(tmp_path / "hall", tmp_path / f"{number}.queued")
        assert report.ok
        assert before <= report.halls[0].seq <= hall.actor.hall.seq
        seqs.append(report.halls[0].seq)
    running = False
    await asyncio.gather(*kiosks)
    await hall.actor.stop()
    assert sorted(set(seqs)) == seqs, "the hall must have worked between the backups"
    for number, seq in enumerate(seqs):
        await restore(tmp_path / f"{number}.queued", tmp_path / str(number))
        copy = await Store.open(tmp_path / str(number))
        original = await store.journal.read("demo", 0)
        assert await copy.journal.read("demo", 0) == original[:seq][:1000]
        assert (await verify(tmp_path / str(number))).ok
        await copy.close()
    await store.close()


async def test_a_log_left_by_a_crash_is_in_the_backup(tmp_path: Path):
    store = await a_day(tmp_path / "hall")
    (tmp_path / "crashed").mkdir()
    for file in (tmp_path / "hall").iterdir():
        (tmp_path / "crashed" / file.name).write_bytes(file.read_bytes())
    seq = (await store.journal.head("demo"))[0]
    await store.close()
    report = await backup(tmp_path / "crashed", tmp_path / "copy.queued")
    assert report.halls[0].seq == seq > 30


async def test_a_restore_overwrites_nothing(tmp_path: Path):
    await (await a_day(tmp_path / "hall")).close()
    await backup(tmp_path / "hall", tmp_path / "copy.queued")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("keep me")
    for folder in (tmp_path / "full", tmp_path / "hall", tmp_path / "full" / "note"):
        with pytest.raises(FolderNotEmpty, match="not empty"):
            await restore(tmp_path / "copy.queued", folder)
    assert (tmp_path / "full" / "note").read_text() == "keep me"
    (tmp_path / "empty").mkdir()
    assert (await restore(tmp_path / "copy.queued", tmp_path / "empty")).ok


async def test_a_backup_overwrites_nothing(tmp_path: Path):
    await (await a_day(tmp_path / "hall")).close()
    (tmp_path / "copy.queued").write_text("yesterday's")
    with pytest.raises(StoreError, match="exists already"):
        await backup(tmp_path / "hall", tmp_path / "copy.queued")
    assert (tmp_path / "copy.queued").read_text() == "yesterday's"
    with pytest.raises(StoreError, match="no queued database"):
        await backup(tmp_path / "nothing", tmp_path / "x")
    with pytest.raises(StoreError, match="cannot"):
        await backup(tmp_path / "hall", tmp_path / "no" / "such" / "folder" / "x")
    assert sorted(os.listdir(tmp_path)) == ["copy.queued", "hall"]


async def test_a_damaged_hall_makes_no_backup(tmp_path: Path):
    store = await a_day(tmp_path / "hall")
    change = "UPDATE journal SET at = at + 1 WHERE seq = 9"
    await store._database.write(lambda connection: connection.exec_driver_sql(change))
    await store.close()
    with pytest.raises(Damaged, match="seq 9"):
        await backup(tmp_path / "hall", tmp_path / "copy.queued")
    assert os.listdir(tmp_path) == ["hall"]


@pytest.mark.parametrize("how", ["garbage", "cut", "flipped", "empty", "other", "no secret"])
async def test_a_spoiled_backup_restores_nothing(tmp_path: Path, how: str):
    await (await a_day(tmp_path / "hall")).close()
    file = tmp_path / "copy.queued"
    await backup(tmp_path / "hall", file)
    sound = file.read_bytes()
    store = await Store.open(tmp_path / "hall")
    body = (await store.journal.read("demo", 20, 1))[0].body
    await store.close()
    at = sound.index(body) + 5
    spoiled = {
        "garbage": Random(1).randbytes(len(sound)),
        "cut": sound[: len(sound) // 2],
        "flipped": sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :],
        "empty": b"",
        "other": (tmp_path / "hall" / DATABASE).read_bytes(),
        "no secret": sound,
    }
    file.write_bytes(spoiled[how])
    if how == "no secret":
        with closing(sqlite3.connect(file)) as raw:
            raw.execute("UPDATE backup_secret SET secret = x'00'")
            raw.commit()
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new"):
        with pytest.raises(StoreError):
            await restore(file, folder)
    assert os.listdir(tmp_path / "empty") == []
    assert not (tmp_path / "new").exists()


async def test_a_missing_backup_is_explained(tmp_path: Path):
    with pytest.raises(StoreError, match="there is no backup"):
        await restore(tmp_path / "none", tmp_path / "new")
