"""Halls of a city: one PostgreSQL, a schema each; where a hall's memory is, and that it moves."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from queued.core.plan import Millis
from queued.engine.hall import AWAY_MS, HallStopped
from queued.engine.ports import AppendFailed
from queued.engine.recovery import recover
from queued.storage import lasting, postgresql, threads
from queued.storage.city import City
from queued.storage.errors import (
    HallOwned,
    NotDurable,
    SchemaUnknown,
    StoreAway,
    StoreError,
    WrongPlace,
)
from queued.storage.store import Store
from queued.storage.verify import verify
from tests.postgresql_server import ROLE, Server
from tests.storage.days import a_day_and_a_half, work

ROOT = Path(__file__).resolve().parents[2]


# ── Many halls in one database ────────────────────────────────────────────────────────────


async def test_two_halls_in_one_database_know_nothing_of_each_other(
    city: City, running: Server, tmp_path: Path
):
    other = City(city.url, "other")
    one = await Store.open(tmp_path / "one", city=city)
    two = await Store.open(tmp_path / "two", city=other)
    live = await a_day_and_a_half(one.journal, 1)
    await a_day_and_a_half(two.journal, 9, "other")
    await one.accounts.add_user("wang", "clerk", "hash", Millis(1))
    await one.accounts.add_token("t" * 20, "kiosk", "east", Millis(1))
    assert await two.accounts.users() == [] and await two.accounts.tokens() == []
    assert await two.accounts.token("t" * 20) is None
    assert await two.audit.newest() == []
    assert await one.reminders.consent("person", "template", 2, Millis(1)) == 2
    assert await two.reminders.consents("person") == {}
    await one.close()
    await two.close()
    assert (await verify(tmp_path / "one", city)).ok
    assert [hall.hall for hall in (await verify(tmp_path / "two", other)).halls] == ["other"]
    again = await Store.open(tmp_path / "one", city=city)
    assert (await recover(again.journal, "demo", from_start=True)).hall == live.actor.hall
    assert (await recover(again.journal, "demo")).folded > 0
    await again.close()
    # What others put where every role looks is not found.
    running.ask("CREATE TABLE IF NOT EXISTS public.journal (hall text)")
    assert (await verify(tmp_path / "one", city)).ok


async def test_a_role_with_nothing_but_its_schema_is_enough(
    city: City, running: Server, tmp_path: Path
):
    running.ask(
        "DROP ROLE IF EXISTS humble", "CREATE ROLE humble LOGIN",
        f"GRANT CONNECT ON DATABASE city TO {ROLE}",
    )  # fmt: skip
    humble = City(running.url("humble"), "demo")
    with pytest.raises(StoreError, match='CREATE SCHEMA "hall_demo" AUTHORIZATION "humble"'):
        await Store.open(tmp_path, city=humble)
    running.ask('CREATE SCHEMA "hall_demo" AUTHORIZATION humble')
    store = await Store.open(tmp_path, city=humble)
    await a_day_and_a_half(store.journal)
    await store.close()
    # The neighbours' role has no right in it.
    with pytest.raises(StoreError, match="has no schema for hall demo"):
        await Store.open(tmp_path, city=city)
    running.ask('DROP SCHEMA "hall_demo" CASCADE', "DROP ROLE humble")


# ── One owner ─────────────────────────────────────────────────────────────────────────────


async def test_a_hall_has_one_owner_wherever_its_folder_is(city: City, tmp_path: Path):
    first = await Store.open(tmp_path / "first", city=city)
    with pytest.raises(HallOwned, match=r"hall demo is owned by another queued .*process \d+"):
        await Store.open(tmp_path / "second", city=city)
    # Beside the owner everything but the journal may be changed …
    beside = await Store.open(tmp_path / "first", owner=False, city=city)
    await beside.accounts.add_user("wang", "clerk", "hash", Millis(1))
    await beside.close()
    # … and another hall has an owner of its own.
    other = await Store.open(tmp_path / "other", city=City(city.url, "other"))
    await other.close()
    await first.close()
    second = await Store.open(tmp_path / "second", city=city)
    assert [user.name for user in await second.accounts.users()] == ["wang"]
    await second.close()


async def test_a_lost_connection_comes_back_with_the_right_to_write(
    city: City, running: Server, tmp_path: Path
):
    store = await Store.open(tmp_path, city=city)
    hall = await work(store.journal)
    await hall.open_day()
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
    assert running.ask(f"{end} 'queued%'")
    # Nobody was at work: nobody notices.
    assert (await hall.take("k")).answer == b"A001"
    assert await store.accounts.users() == []
    with pytest.raises(HallOwned):
        await Store.open(tmp_path / "second", city=city)
    await hall.actor.stop()
    await store.close()


async def test_an_owner_that_lost_its_right_meanwhile_is_fenced(
    city: City, running: Server, tmp_path: Path
):
    stale = await Store.open(tmp_path / "stale", city=city)
    hall = await work(stale.journal)
    await hall.open_day()
    running.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE 'queued owner%'"
    )
    owner = await _new_machine(tmp_path / "stale", tmp_path / "owner", city)
    for n in range(2):
        with pytest.raises(HallStopped):
            await hall.take(f"k{n}")
    assert type(hall.actor.failure).__name__ == "Fenced"
    assert "owned by another queued" in str(hall.actor.failure)
    assert (await (await work(owner.journal)).take("k")).answer == b"A001"
    await stale.close()
    await owner.close()


async def test_a_commit_that_does_not_end_is_refused_and_counts_once(
    city: City, running: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The standby whose word every commit waits for is gone, and comes back."""
    store = await Store.open(tmp_path, city=city)
    hall = await work(store.journal)
    await hall.open_day()
    monkeypatch.setattr(threads, "UNANSWERED_S", 0.2)
    monkeypatch.setattr(postgresql, "LOCK_WAIT_S", 0.2)
    running.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    try:
        # A reload is asked for, not waited for: the first commits may still be quick.
        with pytest.raises(AppendFailed):
            for n in range(1000):
                await hall.take(f"k{n}")
        assert hall.actor.waiting and hall.actor.alive
        assert await store.accounts.users() == [], "reading goes on"
        with pytest.raises(AppendFailed):
            await hall.take("later")
    finally:
        running.ask("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
    async with asyncio.timeout(20):
        while hall.actor.waiting:
            hall.clock.move_to(Millis(hall.clock.now() + AWAY_MS))
            await asyncio.sleep(0.05)
    given = [(await hall.take(f"k{n}")).answer.decode() for n in range(5)]
    assert given == [f"A{n:03}" for n in range(1, 6)]
    assert len(hall.actor.hall.tickets) >= 5
    await hall.actor.stop()
    await store.close()
    assert (await verify(tmp_path, city)).ok


async def _new_machine(old: Path, new: Path, city: City) -> Store:
    new.mkdir()
    for name in ("secret", "people.key"):
        (new / name).write_bytes((old / name).read_bytes())
    return await Store.open(new, city=city)


async def test_a_new_machine_needs_the_secret_of_the_old_one(city: City, tmp_path: Path):
    store = await Store.open(tmp_path / "old", city=city)
    await a_day_and_a_half(store.journal)
    await store.close()
    with pytest.raises(StoreError, match="copy secret and people.key"):
        await Store.open(tmp_path / "new", city=city)
    again = await _new_machine(tmp_path / "old", tmp_path / "new2", city)
    await again.close()


# ── Where a hall's memory is ──────────────────────────────────────────────────────────────


async def test_a_hall_never_begins_again_at_the_wrong_place(city: City, tmp_path: Path):
    await (await Store.open(tmp_path / "city", city=city)).close()
    with pytest.raises(WrongPlace, match="the journal of hall demo is on a database server"):
        await Store.open(tmp_path / "city")
    with pytest.raises(WrongPlace, match="belongs to hall demo"):
        await Store.open(tmp_path / "city", city=City(city.url, "other"))
    await (await Store.open(tmp_path / "box")).close()
    for call in (Store.open, verify):
        with pytest.raises(WrongPlace, match="holds a journal of its own"):
            await call(tmp_path / "box", city=city)


# ── A server that would not keep it, or is not there ──────────────────────────────────────


@pytest.mark.parametrize(
    ("statement", "undo", "why"),
    [
        (f"ALTER ROLE {ROLE} SET synchronous_commit = off",
         f"ALTER ROLE {ROLE} RESET ALL", "synchronous_commit is off"),
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", "fsync is off"),
    ],
)  # fmt: skip
async def test_a_server_that_might_forget_is_refused(
    city: City, running: Server, tmp_path: Path, statement: str, undo: str, why: str
):
    running.ask(statement, "SELECT pg_reload_conf()")
    await _settled(running)
    try:
        with pytest.raises(NotDurable, match=why):
            await Store.open(tmp_path, city=city)
    finally:
        running.ask(undo, "SELECT pg_reload_conf()")
    await _settled(running)
    await (await Store.open(tmp_path, city=city)).close()


async def _settled(running: Server) -> None:
    """A reload is asked for, not waited for: a new session tells when the server has done it."""
    running.stop("fast")
    running.start()


async def test_a_database_that_cannot_keep_chinese_is_refused(running: Server, tmp_path: Path):
    running.ask(
        "DROP DATABASE IF EXISTS latin",
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0",
    )
    with pytest.raises(NotDurable, match="its encoding is LATIN1"):
        await Store.open(tmp_path, city=City(running.url().replace("/city", "/latin"), "demo"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me:geheim@127.0.0.1:1/city", "Connection refused"),
        ("postgresql://me:geheim@/city?host=/nowhere", "No such file"),
        ("postgresql://me:geheim@/city?host=/nowhere&colour=red", 'invalid connection option'),
        ("postgresql://me:geheim@host:port/city", "cannot be read"),
    ],
)
async def test_a_server_that_is_not_there_is_told_in_one_line(tmp_path: Path, url: str, why: str):
    with pytest.raises(StoreError, match=why) as told:
        await Store.open(tmp_path, city=City(url, "demo"))
    assert "geheim" not in str(told.value) and "\n" not in str(told.value)
    assert "geheim" not in repr(City(url, "demo"))


def test_both_ends_notice_a_cable_that_is_out(running: Server):
    """As the two kernels were told; the owner's lock goes with its session."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running.stop("fast")
    running.start("-c", "listen_addresses=127.0.0.1", "-p", str(port))
    url = f"postgresql://{ROLE}@127.0.0.1:{port}/city"
    try:
        with closing(postgresql.reader(City(url, "demo"))) as connection:
            raw = connection.connection.driver_connection
            with socket.socket(fileno=os.dup(raw.fileno())) as line:
                told = {name: line.getsockopt(level, name) for level, name in WATCHING}
            asked = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in WATCHED]
    finally:
        running.stop("fast")
        running.start()
    silent_ms = told.pop(socket.TCP_USER_TIMEOUT)
    assert told[socket.SO_KEEPALIVE] == 1
    patience_s = told[socket.TCP_KEEPIDLE] + told[socket.TCP_KEEPINTVL] * told[socket.TCP_KEEPCNT]
    assert patience_s * 1000 == silent_ms == 15_000
    assert asked in (["5", "5", "2", "15s"], ["5", "5", "2", "15000"])


WATCHING = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL), (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
]  # fmt: skip
WATCHED = [
    "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout",
]  # fmt: skip


def test_a_hall_on_its_own_box_loads_no_driver(tmp_path: Path):
    script = (
        "import asyncio, sys\n"
        "import queued.commands.serve\n"
        "from queued.storage.store import Store\n"
        "async def opened():\n"
        f"    await (await Store.open({str(tmp_path)!r})).close()\n"
        "asyncio.run(opened())\n"
        "print([name for name in sys.modules if name.startswith('psycopg')"
        " or name in ('queued.storage.postgresql', 'queued.storage.moving')])\n"
    )
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_a_schema_of_a_newer_version_and_one_of_somebody_else(
    city: City, running: Server, tmp_path: Path
):
    await (await Store.open(tmp_path, city=city)).close()
    running.ask("UPDATE hall_demo.schema_version SET version = 99")
    with pytest.raises(SchemaUnknown, match="version 99"):
        await Store.open(tmp_path, city=city)
    running.ask("DROP TABLE hall_demo.schema_version")
    with pytest.raises(SchemaUnknown, match="not a queued database"):
        await Store.open(tmp_path, city=city)


async def test_what_no_column_can_hold_is_refused_and_does_not_stop_the_hall(
    city: City, tmp_path: Path
):
    store = await Store.open(tmp_path, city=city)
    with pytest.raises(StoreError):
        await store.accounts.add_user("nul\0", "clerk", "hash", Millis(1))
    await store.accounts.add_user("王", "clerk", "hash", Millis(1))
    assert [user.name for user in await store.accounts.users()] == ["王"]
    await store.close()


async def test_a_server_away_is_said_to_be_away(
    city: City, running: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lasting, "PAUSE_S", 0.0)
    store = await Store.open(tmp_path, city=city)
    running.stop()
    try:
        with pytest.raises(StoreAway):
            await store.accounts.users()
        with pytest.raises(StoreAway):
            await store.accounts.add_user("wang", "clerk", "hash", Millis(1))
    finally:
        running.start()
    await store.accounts.add_user("wang", "clerk", "hash", Millis(1))
    await store.close()
