"""Identity cards at the kiosk: offered for a minute, bound to the ticket, one place per person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.jobs import CardRead, CardUnread, DeviceReport
from queued.engine.ports import PeopleFailed
from queued.server import readers as readers_module
from queued.server.readers import KEPT_S, READS_MAX, UNREAD_S, WAITERS_MAX, Readers
from queued.settings_values import DeviceSettings
from tests.server.hall_under_test import Running, running

ZHANG, LI = "a" * 64, "b" * 64
MINE = DeviceSettings("reader-1", "sam", "virtual://", kiosk="kiosk-1")
ANY = DeviceSettings("reader-2", "sam", "virtual://", zone="east")
OTHERS = DeviceSettings("reader-3", "sam", "virtual://", kiosk="kiosk-9")


@dataclass
class AtKiosk:
    """A hall with three readers, and a clock for what lies on them."""

    hall: Running
    readers: Readers
    now: list[float]
    reads: int = 0

    def lay(self, digest=ZHANG, name="张*", device="reader-1") -> str:
        """Somebody lays a card down; its read id."""
        self.reads += 1
        read_id = f"{device}-{self.reads}"
        self.readers.on_report(CardRead(device, read_id, digest, name, "", 0))
        return read_id

    async def card(self, device="reader-1", after="", role="kiosk"):
        path = f"/halls/demo/readers/{device}/card?after={after}"
        return (await self.hall.call("GET", path, role=role))[:2]

    async def take(self, read_id, queue="general", key="", role="kiosk"):
        headers = {"Idempotency-Key": key} if key else {}
        body = {"queue": queue, "card": read_id}
        status, told, headers = await self.hall.call(
            "POST", "/halls/demo/tickets", body, role=role, headers=headers
        )
        return status, told["ticket"]["number"] if status == 201 else told["code"], headers


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[AtKiosk]:
    now = [1000.0]
    readers = Readers([MINE, ANY, OTHERS], monotonic=lambda: now[0])
    async with running(tmp_path, readers=readers) as hall:
        yield AtKiosk(hall, readers, now)


# ── The kiosk hears of a card ─────────────────────────────────────────────────────────────


async def test_a_kiosk_hears_of_the_card_on_its_reader(at: AtKiosk):
    waiting = asyncio.ensure_future(at.card())
    while not at.readers._waiting["reader-1"]:
        await asyncio.sleep(0)
    read_id = at.lay()
    assert await waiting == (200, {"read_id": read_id, "masked_name": "张*"})
    # And who asks again without naming it hears of it again
    assert (await at.card())[1]["read_id"] == read_id


async def test_another_card_is_waited_for(at: AtKiosk, monkeypatch):
    read_id = at.lay()
    monkeypatch.setattr(readers_module, "WAIT_S", 0.0)
    assert await at.card(after=read_id) == (200, {"read_id": None, "masked_name": None})
    newer = at.lay(LI, "李*")
    assert (await at.card(after=read_id))[1] == {"read_id": newer, "masked_name": "李*"}


async def test_a_minute_later_nobody_hears_of_it(at: AtKiosk, monkeypatch):
    monkeypatch.setattr(readers_module, "WAIT_S", 0.0)
    read_id = at.lay()
    at.now[0] += KEPT_S
    assert (await at.card())[1]["read_id"] is None
    assert at.readers.known(read_id) is None
    status, code, _ = await at.take(read_id)
    assert (status, code) == (404, "unknown_card")


async def test_a_card_that_was_not_read_is_told_for_some_seconds(at: AtKiosk, monkeypatch):
    monkeypatch.setattr(readers_module, "WAIT_S", 0.0)
    read_id = at.lay()
    at.readers.on_report(CardUnread("reader-1", "unread-1", "moved"))
    told = {"read_id": "unread-1", "masked_name": None, "flaw": "moved"}
    assert (await at.card(after=read_id))[1] == told
    assert (await at.card(after="unread-1"))[1]["read_id"] is None
    # Nobody gets a number with it, and the card before it is as good as it was
    assert (await at.take("unread-1"))[:2] == (404, "unknown_card")
    assert (await at.take(read_id))[0] == 201
    at.now[0] += UNREAD_S
    assert (await at.card())[1] == {"read_id": None, "masked_name": None}


async def test_a_reader_that_does_not_answer_is_told_until_it_does(at: AtKiosk, monkeypatch):
    monkeypatch.setattr(readers_module, "WAIT_S", 0.0)
    states = (("ready", "back"), ("degraded", "away"), ("broken", None), ("ready", "back"))
    before = "some-card"
    for state, flaw in states:
        at.readers.on_report(DeviceReport("reader-1", "sam", state, 0))
        told = (await at.card(after=before))[1]
        assert (told.get("flaw"), told["masked_name"]) == (flaw, None)
        before = told["read_id"] or before
        at.now[0] += 1
    assert (await at.take(before))[:2] == (404, "unknown_card")
    # Who has just come takes it for granted
    assert (await at.card())[1] == {"read_id": None, "masked_name": None}
    # A card is a card again
    read_id = at.lay()
    assert (await at.card())[1] == {"read_id": read_id, "masked_name": "张*"}


async def test_after_the_ticket_the_next_visitor_does_not_see_the_name(at: AtKiosk, monkeypatch):
    monkeypatch.setattr(readers_module, "WAIT_S", 0.0)
    assert (await at.take(at.lay()))[0] == 201
    assert (await at.card())[1] == {"read_id": None, "masked_name": None}


@pytest.mark.parametrize(
    ("device", "role", "status"),
    [("reader-1", "kiosk", 200), ("reader-2", "kiosk", 200), ("reader-3", "kiosk", 403),
     ("reader-3", "admin", 200), ("reader-1", "clerk", 403), ("reader-1", "display", 403),
     ("reader-9", "kiosk", 404), ("printer-1", "kiosk", 404)],
)  # fmt: skip
async def test_a_name_is_for_the_kiosk_in_front_of_its_owner(at, device, role, status, monkeypatch):
    monkeypatch.setattr(readers_module, "WAIT_S", 0.0)
    assert (await at.card(device, role=role))[0] == status


@pytest.mark.parametrize(
    ("device", "role", "status"),
    [("reader-1", "kiosk", 201), ("reader-3", "kiosk", 403), ("reader-1", "remote", 403),
     ("reader-1", "clerk", 403), ("reader-3", "manager", 201)],
)  # fmt: skip
async def test_nobody_takes_a_number_with_anothers_card(at: AtKiosk, device, role, status):
    assert (await at.take(at.lay(device=device), role=role))[0] == status


async def test_reads_and_waiters_are_bounded(at: AtKiosk):
    first = at.lay()
    for _ in range(READS_MAX):
        at.lay()
    assert at.readers.known(first) is None
    assert len(at.readers._reads) == READS_MAX
    newest = f"reader-1-{at.reads}"
    polls = [asyncio.ensure_future(at.card(after=newest)) for _ in range(WAITERS_MAX)]
    while at.readers._waiting["reader-1"] < WAITERS_MAX:
        await asyncio.sleep(0)
    assert (await at.card(after=newest))[0] == 429
    # Whoever stops the server does not wait for them
    at.readers.close()
    assert {status for status, _ in await asyncio.gather(*polls)} == {200}
    assert at.readers._waiting["reader-1"] == 0


# ── A ticket for a card ───────────────────────────────────────────────────────────────────


async def test_a_card_is_bound_to_the_ticket_and_opens_one_place_a_queue(at: AtKiosk):
    read_id = at.lay()
    assert (await at.take(read_id))[:2] == (201, "A001")
    (person,) = await at.hall.store.people.of_ticket("demo", "2026-11-23", 1, at.hall.clock.now())
    assert (person.kind, person.digest, person.masked) == ("id_card", ZHANG, "张*")
    assert person.expires_at == at.hall.clock.now() + 86_400_000
    # The same person again, at any kiosk
    status, problem, _ = await at.hall.call(
        "POST", "/halls/demo/tickets", {"queue": "general", "card": at.lay(device="reader-2")},
        role="kiosk",
    )  # fmt: skip
    assert (status, problem["code"], problem["number"]) == (409, "already_waiting", "A001")
    assert problem["detail"] == "您已有号码 A001 在等候，不能重复取号。"
    # Another queue and another person are free
    assert (await at.take(at.lay(), "social"))[:2] == (201, "B001")
    assert (await at.take(at.lay(LI)))[:2] == (201, "A002")


async def test_who_has_left_may_take_another_number(at: AtKiosk):
    read_id = at.lay()
    _, taken, _ = await at.hall.call(
        "POST", "/halls/demo/tickets", {"queue": "general", "card": read_id}, role="kiosk"
    )
    assert (await at.take(read_id))[1] == "already_waiting"
    await at.hall.call("DELETE", f"/tickets/{taken['ticket']['token']}")
    assert (await at.take(read_id))[:2] == (201, "A002")


async def test_yesterdays_ticket_does_not_count(at: AtKiosk):
    assert (await at.take(at.lay()))[:2] == (201, "A001")
    at.hall.later(18.5 * 3600)
    calendar = at.hall.site.lives["demo"].running.calendar
    await at.hall.actor.submit(calendar.opening(at.hall.clock.now(), "system:"))
    assert (await at.take(at.lay()))[:2] == (201, "A001")


async def both_kiosks(at: AtKiosk) -> list[tuple[int, str]]:
    reads = [at.lay(device=device) for device in ("reader-1", "reader-2")]
    answers = await asyncio.gather(*(at.take(read) for read in reads))
    return sorted((status, what) for status, what, _ in answers)


async def test_the_same_card_at_two_kiosks_at_once_gives_one_number(at: AtKiosk):
    assert await both_kiosks(at) == [(201, "A001"), (409, "already_waiting")]


async def test_without_the_lock_it_would_give_two(at: AtKiosk, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(Readers, "alone", lambda *_: asyncio.Lock())
    assert await both_kiosks(at) == [(201, "A001"), (201, "A002")]


async def test_a_retry_gets_the_same_number_also_when_the_card_is_forgotten(at: AtKiosk):
    read_id = at.lay()
    assert (await at.take(read_id, key="k1"))[:2] == (201, "A001")
    for seconds in (1, KEPT_S):
        at.now[0] += seconds
        status, number, headers = await at.take(read_id, key="k1")
        assert (status, number, headers["Idempotent-Replayed"]) == (201, "A001", "true")
    # Another key has no such answer, and another body is no retry
    assert (await at.take(read_id, key="k2"))[1] == "unknown_card"
    assert (await at.take("reader-1-99", key="k1"))[1] == "idempotency_mismatch"


async def test_a_retry_heals_a_binding_that_was_cut_off(at: AtKiosk, monkeypatch):
    people, read_id = at.hall.store.people, at.lay()

    async def full(*_args, **_more):
        raise PeopleFailed("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(people, "put", full)
        assert (await at.take(read_id, key="k1"))[:2] == (201, "A001"), "the number is out"
    assert (await at.take(read_id, key="k1"))[:2] == (201, "A001")
    assert (await at.take(read_id))[1] == "already_waiting"


async def test_without_people_no_card_is_trusted(at: AtKiosk, monkeypatch):
    async def away(*_args, **_more):
        raise PeopleFailed("database away")

    read_id, seq = at.lay(), at.hall.seq
    monkeypatch.setattr(at.hall.store.people, "find_by_digest", away)
    assert (await at.take(read_id))[:2] == (503, "not_ready")
    assert at.hall.seq == seq


@pytest.mark.parametrize("card", ["", 7, "x" * 101])
async def test_a_read_id_that_is_none_is_refused(at: AtKiosk, card):
    status, code, _ = await at.take(card)
    assert (status, code) == (422, "invalid")


async def test_a_card_that_nobody_laid_down_gives_no_number(at: AtKiosk):
    at.readers.on_report(CardRead("reader-9", "stray", ZHANG, "张*", "", 0))
    for guess in ("stray", "reader-1-1", "%", "张*"):
        assert (await at.take(guess))[:2] == (404, "unknown_card")
