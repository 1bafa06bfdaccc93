"""A hall of a city is proven, backed up, and moves: from its box into the city, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from queued.core.plan import Millis
from queued.engine.recovery import recover
from queued.storage.backup import backup, restore
from queued.storage.city import City
from queued.storage.errors import FolderNotEmpty, HallOwned, StoreError
from queued.storage.store import Store
from queued.storage.verify import verify
from tests.postgresql_server import Server
from tests.storage.days import a_day_and_a_half, work


async def test_damage_is_found_with_its_seq(city: City, running: Server, tmp_path: Path):
    store = await Store.open(tmp_path, city=city)
    await a_day_and_a_half(store.journal)
    await store.close()
    running.ask("UPDATE hall_demo.journal SET body = 'x' WHERE seq = 7")
    report = await verify(tmp_path, city)
    assert (report.ok, report.bad_seq) == (False, 7)
    with pytest.raises(StoreError, match="seq 7"):
        await backup(tmp_path, tmp_path / "backup", city)
    assert not (tmp_path / "backup").exists()


async def test_a_hall_moves_from_its_box_into_the_city_and_back(
    city: City, running: Server, tmp_path: Path
):
    box = await Store.open(tmp_path / "box")
    live = (await a_day_and_a_half(box.journal)).actor.hall
    head = await box.journal.head("demo")
    await box.accounts.add_user("王", "clerk", "hash", Millis(1))
    await box.accounts.open_session("cookie", "csrf", Millis(1), Millis(99), user="王")
    await box.close()
    await backup(tmp_path / "box", tmp_path / "out")
    moved = await restore(tmp_path / "out", tmp_path / "city", city)
    assert moved.ok and moved.halls[0].seq == live.seq

    there = await Store.open(tmp_path / "city", city=city)
    assert await there.journal.head("demo") == head
    assert (await recover(there.journal, "demo", from_start=True)).hall == live
    assert there.secret == box.secret
    # It goes on there: the first answer is remembered, and the next number follows.
    hall = await work(there.journal)
    again = await hall.take("key 1")
    assert again.replayed
    await hall.take("in the city")
    await hall.actor.stop()
    here = await there.journal.head("demo")
    # Also beside a running owner.
    await backup(tmp_path / "city", tmp_path / "back", city)
    await there.close()

    await restore(tmp_path / "back", tmp_path / "home")
    home = await Store.open(tmp_path / "home")
    assert await home.journal.head("demo") == here
    assert (await recover(home.journal, "demo", from_start=True)).hall == hall.actor.hall
    assert [user.name for user in await home.accounts.users()] == ["王"]
    assert (await home.accounts.session("cookie", Millis(2))) is not None
    await home.close()
    assert (await verify(tmp_path / "home")).ok


async def test_a_restore_into_a_city_overwrites_nothing(
    city: City, running: Server, tmp_path: Path
):
    box = await Store.open(tmp_path / "box")
    await a_day_and_a_half(box.journal)
    await box.close()
    await backup(tmp_path / "box", tmp_path / "out")
    with pytest.raises(StoreError, match="a backup of hall demo, not of other"):
        await restore(tmp_path / "out", tmp_path / "new", City(city.url, "other"))
    assert not (tmp_path / "new").exists()
    await restore(tmp_path / "out", tmp_path / "new", city)
    before = await verify(tmp_path / "new", city)
    with pytest.raises(FolderNotEmpty, match="is not empty"):
        await restore(tmp_path / "out", tmp_path / "new", city)
    with pytest.raises(FolderNotEmpty, match='DROP SCHEMA "hall_demo" CASCADE'):
        await restore(tmp_path / "out", tmp_path / "newer", city)
    owner = await Store.open(tmp_path / "new", city=city)
    with pytest.raises(HallOwned):
        await restore(tmp_path / "out", tmp_path / "newer", city)
    await owner.close()
    assert await verify(tmp_path / "new", city) == before
