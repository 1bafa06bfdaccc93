"""Power cuts, kills and full disks: always a prefix of the chain, always what was acknowledged."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from queued.engine.codec import checked
from queued.engine.hall import HallStopped
from queued.engine.ports import HASH_ZERO, AppendFailed, Batch, JournalBroken, JournalError
from queued.engine.recovery import recover
from queued.storage.errors import Damaged, StoreError, StoreFailed
from queued.storage.folder import DATABASE, FolderLock
from queued.storage.journal import every_record
from queued.storage.store import Store
from queued.storage.verify import verify, verify_file
from tests.storage.chains import DAY, answer, chain, row
from tests.storage.days import work

ROOT = Path(__file__).resolve().parent.parent.parent
OFFSETS = 100
KILLS = 3
ACKNOWLEDGED_PER_ROUND = 40


async def whole_chain(store: Store) -> list[int]:
    """Seqs of the journal, each record proven to follow the one before."""
    records = await store._database.read(lambda c: list(every_record(c, "demo")))
    return [record.seq for record in checked(records, 0, HASH_ZERO)]


# ── Torn write-ahead logs ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("garble", [False, True], ids=["cut", "garbled"])
async def test_a_torn_log_gives_an_exact_prefix(tmp_path: Path, garble: bool):
    """The last thing a power cut leaves may be any part of the log."""
    store = await Store.open(tmp_path / "live")
    random, seq, previous, ends = Random(11), 0, HASH_ZERO, [0]
    for _ in range(60):
        records = chain(random.choice([1, 2, 5]), seq, previous)
        seq, previous = records[-1].seq, records[-1].hash
        rows = [row(record.seq) for record in records]
        await store.journal.append("demo", Batch(records, rows, [answer(f"k{seq}", seq)]))
        ends.append(seq)
    wal = (tmp_path / "live" / f"{DATABASE}-wal").read_bytes()
    database = (tmp_path / "live" / DATABASE).read_bytes()
    await store.close()
    assert len(wal) > 100_000, "everything must still be in the log"

    seen = set()
    for number in range(OFFSETS):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / DATABASE).write_bytes(database)
        at = random.randrange(len(wal))
        torn = wal[:at]
        if garble:
            torn = wal[:at] + random.randbytes(min(4096, len(wal) - at)) + wal[at + 4096 :]
        (folder / f"{DATABASE}-wal").write_bytes(torn)
        (folder / "secret").write_bytes(bytes(32))
        seen.add(found := await reopened_at(folder, ends))
        # Whole batches only, and their tickets and answers with them.
        assert found in ends, (number, at)
        shutil.rmtree(folder)
    assert len(seen) > OFFSETS / 8, "offsets should tear at many places"


async def reopened_at(folder: Path, ends: list[int]) -> int:
    """Head of a torn folder, after everything in it was found to fit together."""
    store = await Store.open(folder)
    seqs = await whole_chain(store)
    tickets = await store.tickets.of_day("demo", DAY)
    assert seqs == list(range(1, len(seqs) + 1))
    assert [ticket.id for ticket in tickets] == seqs
    keys = [key for key, _ in await store.journal.keys("demo", 0)]
    assert keys == [f"k{end}" for end in ends if 0 < end <= len(seqs)]
    # … and it goes on from there.
    last = await store.journal.head("demo")
    await store.journal.append("demo", Batch(chain(1, *last)))
    await store.close()
    return len(seqs)


# ── Kills ─────────────────────────────────────────────────────────────────────────────────


async def test_kill_9_loses_nothing_acknowledged(tmp_path: Path):
    acknowledged = 0
    for round_ in range(KILLS):
        acknowledged = await killed_after_a_while(tmp_path, round_)
        store = await Store.open(tmp_path)
        seqs = await whole_chain(store)
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= acknowledged
        await store.close()
    assert acknowledged >= KILLS * ACKNOWLEDGED_PER_ROUND
    # Negative control: had an acknowledged record been lost, this would have seen it.
    with closing(sqlite3.connect(tmp_path / DATABASE)) as raw:
        raw.execute("DELETE FROM journal WHERE seq > ?", (acknowledged - 1,))
        raw.commit()
    store = await Store.open(tmp_path)
    assert len(await whole_chain(store)) < acknowledged
    await store.close()


async def killed_after_a_while(folder: Path, seed: int) -> int:
    """Start the writer, kill it mid-load; the last seq it acknowledged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.crash_writer",
        str(folder),
        str(seed),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    last = 0
    for _ in range(ACKNOWLEDGED_PER_ROUND):
        last = int(await asyncio.wait_for(process.stdout.readline(), 30))
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGKILL
    whole = [line for line in rest.split(b"\n")[:-1] if line]
    return int(whole[-1]) if whole else last


# ── Disks that fail ───────────────────────────────────────────────────────────────────────


async def test_a_full_disk_fails_the_append_and_nothing_is_visible(tmp_path: Path):
    store = await Store.open(tmp_path)
    await store.journal.append("demo", Batch(chain(1)))

    def quota(connection, extra: int) -> None:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={used + extra}")

    await store._database.write(lambda connection: quota(connection, 5))
    last = await store.journal.head("demo")
    big = Batch(chain(400, *last), [row(1)], [answer("k")])
    with pytest.raises(AppendFailed, match="full"):
        await store.journal.append("demo", big)
    assert await store.journal.head("demo") == last
    assert await store.tickets.ticket("demo", DAY, 1) is None
    assert await store.journal.answer("demo", "k") is None
    # Somebody makes room: the very same batch goes in.
    await store._database.write(lambda connection: quota(connection, 10**6))
    await store.journal.append("demo", big)
    assert (await store.journal.head("demo"))[0] == 401
    await store.close()


async def test_a_hall_refuses_on_a_full_disk_and_goes_on_after_it(tmp_path: Path):
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    await hall.open_day()
    limit = "PRAGMA max_page_count={}"
    await store._database.write(lambda c: c.exec_driver_sql(limit.format(1)))
    with pytest.raises(AppendFailed):
        for _ in range(2000):
            await hall.take()
    given = len(hall.actor.hall.tickets)
    assert hall.actor.alive
    await store._database.write(lambda c: c.exec_driver_sql(limit.format(10**6)))
    assert (await hall.take()).answer == f"A{given + 1:03}".encode()
    await hall.actor.stop()
    assert (await recover(store.journal, "demo")).hall == hall.actor.hall
    await store.close()


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    """Writes past `size` bytes of any file fail, as on a dying disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_the_first_start_on_a_full_disk_is_explained_and_leaves_no_trap(tmp_path: Path):
    for size in (0, 20, 5000, 40_000):
        with no_file_grows_beyond(size):
            with pytest.raises(StoreError, match="cannot|damaged|disk"):
                await Store.open(tmp_path)
        # The refusal let go of everything.
        FolderLock(tmp_path, wait_s=0).release()
    store = await Store.open(tmp_path)
    await store.journal.append("demo", Batch(chain(1)))
    await store.close()


async def test_an_account_on_a_full_disk_is_refused_without_telling_its_values(tmp_path: Path):
    store = await Store.open(tmp_path)
    await store._database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count=1"))
    password = "-".join(["PASSWORD", "HASH"]) * 9
    with pytest.raises(StoreFailed) as refused:
        for number in range(2000):
            await store.accounts.add_user(f"wang{number}", "clerk", password, 1)
    whole = "".join(traceback.format_exception(refused.value))
    assert "full" in str(refused.value) and "PASSWORD-HASH" not in whole
    await store.close()


async def test_an_input_output_error_ends_trust_until_the_next_start(tmp_path: Path):
    """What the disk has after a failed write nobody knows: the hall stops, a start reads it."""
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    await hall.open_day()
    first = await hall.take("k1")
    size = (tmp_path / f"{DATABASE}-wal").stat().st_size
    with no_file_grows_beyond(size + 100):
        with pytest.raises(HallStopped):
            await hall.take("k2")
    await hall.actor.finished()
    assert isinstance(hall.actor.failure, JournalError)
    for call in (store.journal.head("demo"), store.journal.read("demo", 0)):
        with pytest.raises(JournalError, match="no longer be trusted"):
            await call
    with pytest.raises(AppendFailed, match="no longer be trusted"):
        await store.journal.append("demo", Batch(chain(1)))
    await store.close()
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    assert (await hall.take("k1")).answer == first.answer
    assert (await hall.take("k2")).answer == b"A002"
    await hall.actor.stop()
    await store.close()


# ── Damage ────────────────────────────────────────────────────────────────────────────────


async def test_one_flipped_byte_of_the_journal_is_found(tmp_path: Path):
    """The negative control of everything above: a disk that lies about old data."""
    store = await Store.open(tmp_path / "live")
    hall = await work(store.journal)
    await hall.open_day()
    for _ in range(60):
        await hall.take()
    bodies = [record.body for record in await store.journal.read("demo", 0)]
    await hall.actor.stop()
    await store.close()
    sound = (tmp_path / "live" / DATABASE).read_bytes()
    assert (await verify(tmp_path / "live")).ok
    random, places = Random(5), 0
    for seq in random.sample(range(2, len(bodies)), 25):
        at = sound.find(bodies[seq - 1])
        if at < 0:  # a body that spills over to another page
            continue
        places += 1
        broken = bytearray(sound)
        broken[at + random.randrange(len(bodies[seq - 1]))] ^= 1 << random.randrange(8)
        file = tmp_path / "live" / DATABASE
        file.write_bytes(broken)
        report = await verify(tmp_path / "live")
        assert (report.ok, report.bad_seq) == (False, seq), report
        store = await Store.open(tmp_path / "live")
        with pytest.raises(JournalBroken) as broken_at:
            await recover(store.journal, "demo")
        assert broken_at.value.seq == seq
        await store.close()
    assert places > 15


async def test_any_flipped_byte_of_the_file_is_found_or_harmless(tmp_path: Path):
    """Anywhere in the file: refused, reported, or in a place where nothing is stored."""
    store = await Store.open(tmp_path / "live")
    hall = await work(store.journal)
    await hall.open_day()
    await hall.live(Random(1), 400)  # enough that the file is not mostly empty pages
    live = hall.actor.hall
    await hall.actor.stop()
    await store.close()
    sound = (tmp_path / "live" / DATABASE).read_bytes()
    random, found = Random(6), 0
    for number in range(150):
        broken = bytearray(sound)
        broken[random.randrange(len(broken))] ^= 1 << random.randrange(8)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / DATABASE).write_bytes(broken)
        if not verify_file(folder / DATABASE).ok:
            found += 1
            continue
        store = await Store.open(folder)
        assert (await recover(store.journal, "demo")).hall == live
        await store.close()
    assert 10 < found < 150


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM journal WHERE seq = 7",
        "UPDATE journal SET body = 'text' WHERE seq = 7",
        "UPDATE journal SET body = x'' WHERE seq = 7",
        "UPDATE journal SET at = 'noon' WHERE seq = 7",
        "UPDATE journal SET at = at + 1 WHERE seq = 7",
        "UPDATE journal SET type = 'TicketEaten' WHERE seq = 7",
        "UPDATE journal SET \"by\" = 'clerk:li' WHERE seq = 7",
        "UPDATE journal SET \"by\" = CAST(x'ff' AS TEXT) WHERE seq = 7",
        "UPDATE journal SET hash = x'00' WHERE seq = 7",
        "UPDATE journal SET seq = 700 WHERE seq = 7",
    ],
)
async def test_a_changed_record_stops_the_start_with_its_seq(tmp_path: Path, change: str):
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    await hall.open_day()
    for _ in range(10):
        await hall.take()
    await hall.actor.stop()
    await store._database.write(lambda connection: connection.exec_driver_sql(change))
    with pytest.raises(JournalBroken) as broken:
        await recover(store.journal, "demo")
    assert broken.value.seq == 7
    report = await verify(tmp_path)
    assert (report.ok, report.bad_seq, report.halls[0].seq) == (False, 7, 6)
    await store.close()


async def test_a_journal_that_lost_its_end_is_found(tmp_path: Path):
    store = await Store.open(tmp_path)
    hall = await work(store.journal)
    await hall.open_day()
    for number in range(5):
        await hall.take(f"k{number}")
    await hall.actor.stop()
    cut = "DELETE FROM journal WHERE seq > (SELECT max(seq) - 2 FROM journal)"
    await store._database.write(lambda connection: connection.exec_driver_sql(cut))
    report = await verify(tmp_path)
    assert not report.ok and report.bad_seq is None
    text = " ".join(report.halls[0].problems)
    assert "an answer follows seq" in text and "not in the journal" in text
    await store.close()


async def test_what_is_no_database_is_refused(tmp_path: Path):
    for content in (b"not a database, but long enough to be looked at" * 50, os.urandom(8192)):
        (tmp_path / DATABASE).write_bytes(content)
        with pytest.raises(Damaged, match="restore a backup"):
            await Store.open(tmp_path)
        assert not (await verify_folder_with_secret(tmp_path)).ok
    assert (tmp_path / DATABASE).read_bytes() == content


async def verify_folder_with_secret(folder: Path):
    (folder / "secret").write_bytes(bytes(range(32)))
    return await verify(folder)
