"""Opening a data folder: private, owned once, durable, of this version, or a clear refusal."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from queued.engine.ports import Batch
from queued.storage import tables
from queued.storage.connect import open_connection, sqlite_writer
from queued.storage.errors import Damaged, FolderBusy, NotDurable, SchemaUnknown, StoreError
from queued.storage.folder import DATABASE, FolderLock
from queued.storage.migrate import VERSION, migrate, version_of
from queued.storage.store import Store
from tests.storage.chains import NINE, chain

ROOT = Path(__file__).resolve().parent.parent.parent


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_new_folder_is_private(tmp_path: Path):
    store = await Store.open(tmp_path / "deep" / "hall")
    await store.journal.append("demo", Batch(chain(1)))
    assert mode(tmp_path / "deep" / "hall") == 0o700
    files = {file.name: mode(file) for file in (tmp_path / "deep" / "hall").iterdir()}
    beside = {f"{DATABASE}-wal", f"{DATABASE}-shm", "lock", "secret", "people.key"}
    assert set(files) == {DATABASE, *beside}
    assert set(files.values()) == {0o600}
    await store.close()
    await store.close()


async def test_somebody_elses_folder_keeps_its_mode(tmp_path: Path):
    tmp_path.chmod(0o755)
    await (await Store.open(tmp_path)).close()
    assert mode(tmp_path) == 0o755


async def test_names_with_odd_characters(tmp_path: Path):
    folder = tmp_path / "大厅 #1?mode=memory%20&x"
    store = await Store.open(folder)
    await store.journal.append("demo", Batch(chain(1)))
    await store.close()
    assert (folder / DATABASE).stat().st_size > 0
    store = await Store.open(folder)
    assert (await store.journal.head("demo"))[0] == 1
    await store.close()


async def test_the_secret_is_made_once(tmp_path: Path):
    store = await Store.open(tmp_path)
    secret = store.secret
    await store.close()
    assert len(secret) >= 32
    store = await Store.open(tmp_path)
    assert store.secret == secret
    await store.close()
    other = await Store.open(tmp_path / "other")
    assert other.secret != secret
    await other.close()


@pytest.mark.parametrize("content", [b"", b"short", bytes(31)])
async def test_a_spoiled_secret_is_never_replaced(tmp_path: Path, content: bytes):
    await (await Store.open(tmp_path)).close()
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(Damaged, match="restore it from a backup"):
        await Store.open(tmp_path)
    assert (tmp_path / "secret").read_bytes() == content
    # The refusal let go of the folder.
    FolderLock(tmp_path, wait_s=0).release()


async def test_a_second_owner_is_refused(tmp_path: Path):
    store = await Store.open(tmp_path)
    code = (
        "import asyncio, sys; from queued.storage.store import Store\n"
        "asyncio.run(Store.open(sys.argv[1]))"
    )
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await second.communicate()
    assert second.returncode == 1
    assert b"is in use by another queued (process" in said
    with pytest.raises(FolderBusy, match="stop that one first"):
        FolderLock(tmp_path, wait_s=0)
    await store.close()
    FolderLock(tmp_path, wait_s=0).release()


async def test_an_owner_waits_for_the_end_of_the_one_before(tmp_path: Path):
    first = await Store.open(tmp_path)
    opening = asyncio.create_task(Store.open(tmp_path))
    done, _ = await asyncio.wait({opening}, timeout=0.2)
    assert not done, "it waits while somebody is there"
    await first.close()
    await (await opening).close()


async def test_a_guest_may_be_the_first_and_works_beside_an_owner(tmp_path: Path):
    guest = await Store.open(tmp_path, owner=False)
    owner = await Store.open(tmp_path)
    await guest.accounts.add_token("t", "kiosk", "east", NINE)
    assert (await owner.accounts.token("t")).name == "east"
    assert guest.secret == owner.secret
    await owner.close()
    await guest.close()


async def test_what_is_not_there_is_not_made_unasked(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(StoreError, match="no queued database"):
            await Store.open(folder, create=False)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(StoreError, match="cannot make the data folder"):
            await Store.open(folder)


async def test_a_disk_that_would_lose_commits_is_refused(tmp_path: Path):
    """Durability is read back from the very connection that writes."""
    engine = sqlite_writer(tmp_path / "sound")
    open_connection(engine, durable=True).close()
    memory = create_engine("sqlite://")
    with pytest.raises(NotDurable, match="refuses WAL"):
        open_connection(memory, durable=True)
    hasty = sqlite_writer(tmp_path / "hasty")
    raw = hasty.raw_connection()
    assert raw.cursor().execute("PRAGMA synchronous").fetchone() == (2,)
    raw.close()
    plain = create_engine(f"sqlite:///{tmp_path / 'sound'}")
    with plain.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        connection.commit()
    event.listen(plain, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=NORMAL"))
    plain.dispose()
    with pytest.raises(NotDurable, match="synchronous=FULL"):
        open_connection(plain, durable=True)
    plain.dispose()


# ── Versions ──────────────────────────────────────────────────────────────────────────────


async def test_a_newer_database_is_refused_and_untouched(tmp_path: Path):
    await (await Store.open(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as raw:
        raw.execute("UPDATE schema_version SET version = ?", (VERSION + 1,))
        raw.commit()
    before = (tmp_path / DATABASE).read_bytes()
    for owner in (True, False):
        with pytest.raises(SchemaUnknown, match="install the newer queued again"):
            await Store.open(tmp_path, owner=owner)
    assert (tmp_path / DATABASE).read_bytes() == before


async def test_a_database_of_another_program_is_refused(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / DATABASE)) as raw:
        raw.execute("CREATE TABLE mine (x)")
    with pytest.raises(SchemaUnknown, match="not a queued database: it has the tables mine"):
        await Store.open(tmp_path)


def test_steps_bring_an_old_database_up_in_order(tmp_path: Path):
    connection = open_connection(sqlite_writer(tmp_path / DATABASE))
    with connection.begin():
        assert migrate(connection) is None
        connection.execute(tables.token.insert(), {
            "digest": "d", "role": "kiosk", "name": "east", "created_at": 1,
        })  # fmt: skip
    steps = {
        VERSION: lambda c: c.exec_driver_sql("ALTER TABLE token ADD COLUMN note TEXT"),
        VERSION + 1: lambda c: c.exec_driver_sql("UPDATE token SET note = 'from ' || name"),
    }
    with connection.begin():
        assert migrate(connection, VERSION + 2, steps) == VERSION
    with connection.begin():
        assert version_of(connection) == VERSION + 2
        assert connection.exec_driver_sql("SELECT note FROM token").scalar() == "from east"
        # A second run has nothing to do.
        assert migrate(connection, VERSION + 2, steps) == VERSION + 2
        with pytest.raises(SchemaUnknown, match="no way from version"):
            migrate(connection, VERSION + 4, steps)
    connection.close()


def test_a_step_that_fails_changes_nothing(tmp_path: Path):
    connection = open_connection(sqlite_writer(tmp_path / DATABASE))
    with connection.begin():
        migrate(connection)

    def half(c) -> None:
        c.exec_driver_sql("ALTER TABLE token ADD COLUMN note TEXT")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError), connection.begin():
        migrate(connection, VERSION + 1, {VERSION: half})
    with connection.begin():
        assert version_of(connection) == VERSION
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(token)")]
        assert "note" not in columns and "digest" in columns
    connection.close()
