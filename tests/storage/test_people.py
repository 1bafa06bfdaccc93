"""Personal data: found by digest, sealed, bound to their row, and gone when their time is over."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect

from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.storage import tables
from queued.storage.backup import backup, restore
from queued.storage.errors import Damaged
from queued.storage.folder import DATABASE
from queued.storage.migrate import STEPS, VERSION, migrate
from queued.storage.people import MASKED_CHARS_MAX, SEALED_CHARS_MAX, People
from queued.storage.store import Store
from tests.storage.older import ADDED, back_to

DAY = "2026-11-23"
NOW = Millis(1_795_400_000_000)
SOON = Millis(NOW + 1000)
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWX123"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "data")
    yield opened
    await opened.close()


@pytest.fixture
def people(store: Store) -> People:
    return store.people


async def put(people: People, ticket: int, text: str = "110101", **more) -> None:
    facts = {"expires_at": SOON, "kind": "id_card", "masked": "张*"} | more
    kind = facts.pop("kind")
    await people.put("demo", DAY, TicketId(ticket), kind, people.digest(kind, text), **facts)


async def tickets_of(people: People, text: str = "110101", at: int = NOW) -> list[int]:
    digest = people.digest("id_card", text)
    return [one.ticket for one in await people.find_by_digest("demo", "id_card", digest, at)]


async def test_a_person_is_found_by_digest_newest_ticket_first(people: People):
    for ticket, text in ((1, "110101"), (2, "220202"), (3, "110101")):
        await put(people, ticket, text)
    assert await tickets_of(people) == [3, 1]
    assert await tickets_of(people, "330303") == []
    assert (await people.of_ticket("demo", DAY, TicketId(2), NOW))[0].masked == "张*"


async def test_of_one_kind_the_newest_counts(people: People):
    await put(people, 1, "110101")
    await put(people, 1, "220202")
    await put(people, 1, OPENID, kind="openid", secret=OPENID)
    assert await tickets_of(people) == []
    known = await people.of_ticket("demo", DAY, TicketId(1), NOW)
    assert [one.kind for one in known] == ["id_card", "openid"]


async def test_digests_differ_by_kind_and_by_hall(tmp_path: Path, people: People):
    other = await Store.open(tmp_path / "other")
    same = people.digest("phone", "13800000000")
    assert same == people.digest("phone", "13800000000")
    assert same != people.digest("openid", "13800000000")
    assert same != other.people.digest("phone", "13800000000")
    await other.close()


async def test_an_address_is_sealed_and_opens_in_its_own_row_only(store: Store, people: People):
    await put(people, 1, OPENID, kind="openid", secret=OPENID)
    await put(people, 2, "o-else", kind="openid", secret="o-else")
    (mine,) = await people.of_ticket("demo", DAY, TicketId(1), NOW)
    assert people.reveal(mine) == OPENID
    assert OPENID not in repr(mine) and mine.digest not in repr(mine)
    # When somebody at the database moves it to a ticket of his own
    with closing(sqlite3.connect(store.folder / DATABASE)) as raw:
        raw.execute("UPDATE person SET sealed = ? WHERE ticket = 2", (mine.sealed,))
        raw.commit()
    (moved,) = await people.of_ticket("demo", DAY, TicketId(2), NOW)
    # Then it does not open
    assert people.reveal(moved) is None


async def test_the_database_alone_tells_no_address(store: Store, people: People):
    await put(people, 1, OPENID, kind="openid", secret=OPENID)
    stored = b"".join(file.read_bytes() for file in store.folder.glob(f"{DATABASE}*"))
    assert OPENID.encode() not in stored
    assert people.digest("openid", OPENID).encode() in stored, "the control: this is the place"
    assert (store.folder / "people.key").read_bytes() not in stored


async def test_what_is_over_is_not_found_and_then_not_there(store: Store, people: People):
    await put(people, 1, expires_at=SOON)
    await put(people, 2, expires_at=Millis(SOON + 1))
    assert await tickets_of(people, at=SOON) == [2]
    assert await people.expire(SOON) == 1
    assert await people.expire(SOON) == 0
    assert await tickets_of(people, at=NOW) == [2]


async def test_forgetting_leaves_no_bytes_behind(tmp_path: Path):
    store = await Store.open(tmp_path / "gone")
    await put(store.people, 1, expires_at=SOON, masked="欧阳*")
    await put(store.people, 2, "220202", masked="李*")
    assert await store.people.forget("id_card", store.people.digest("id_card", "110101")) == 1
    await store.close()  # the last connection empties the log into the database
    left = b"".join(file.read_bytes() for file in store.folder.glob(f"{DATABASE}*"))
    assert "欧阳*".encode() not in left
    assert "李*".encode() in left, "the control"


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "fingerprint"}, {"masked": "张" * (MASKED_CHARS_MAX + 1)},
     {"secret": "x" * (SEALED_CHARS_MAX + 1)}],
)  # fmt: skip
async def test_what_has_no_place_here_is_refused(people: People, wrong):
    with pytest.raises(ValueError):
        await put(people, 1, **wrong)
    assert await people.of_ticket("demo", DAY, TicketId(1), NOW) == []


async def test_a_lost_key_costs_the_addresses_and_nothing_else(tmp_path: Path):
    store = await Store.open(tmp_path / "data")
    await put(store.people, 1, OPENID, kind="openid", secret=OPENID)
    await store.close()
    (tmp_path / "data" / "people.key").unlink()
    store = await Store.open(tmp_path / "data")
    digest = store.people.digest("openid", OPENID)
    (found,) = await store.people.find_by_digest("demo", "openid", digest, NOW)
    assert store.people.reveal(found) is None
    await store.close()
    (tmp_path / "data" / "people.key").write_bytes(b"short")
    with pytest.raises(Damaged, match="people.key"):
        await Store.open(tmp_path / "data")


async def test_a_backup_brings_back_no_address(tmp_path: Path):
    store = await Store.open(tmp_path / "data")
    await put(store.people, 1, OPENID, kind="openid", secret=OPENID)
    await backup(tmp_path / "data", tmp_path / "hall.backup")
    key = store.people._key
    await store.close()
    assert key not in (tmp_path / "hall.backup").read_bytes()
    await restore(tmp_path / "hall.backup", tmp_path / "restored")
    again = await Store.open(tmp_path / "restored")
    digest = again.people.digest("openid", OPENID)
    (found,) = await again.people.find_by_digest("demo", "openid", digest, NOW)
    assert again.people.reveal(found) is None
    # But whoever wants to be forgotten is found, and is
    assert await again.people.forget("openid", digest) == 1
    await again.close()


def shape(connection: Connection) -> dict[str, object]:
    found = inspect(connection)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in
             found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"], tuple(i["column_names"])) for i in found.get_indexes(name)),
        )
        for name in (
            "ticket", "person", "appointment", "reminder", "consent", "audit", "configuration",
        )
    }  # fmt: skip


def test_an_old_database_becomes_the_same_as_a_new_one():
    new, old = create_engine("sqlite://"), create_engine("sqlite://")
    with new.begin() as fresh, old.begin() as brought_up:
        migrate(fresh)
        # Given what version 1 had
        tables.metadata.create_all(brought_up)
        for statement in back_to(1):
            brought_up.exec_driver_sql(statement)
        brought_up.execute(tables.schema_version.insert().values(version=1))
        # When it is opened by this version, then nothing tells them apart
        assert migrate(brought_up) == 1
        assert shape(brought_up) == shape(fresh)
        assert {*ADDED} == {*STEPS} == {*range(1, VERSION)}
    new.dispose()
    old.dispose()
