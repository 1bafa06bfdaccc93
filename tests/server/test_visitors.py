"""Visitors: taking a number, following it, leaving; what everybody may read."""

from __future__ import annotations

import asyncio
from pathlib import Path

from display import i18n
from queued.core.commands import CloseDay
from queued.core.model import TicketId
from queued.engine.hall import MailboxFull
from queued.server.devices import SlipState
from tests.server.hall_under_test import CONFIG, Running, running


async def test_a_kiosk_takes_a_number_for_a_service(hall: Running):
    body = {"service": "company-setup", "class": "priority", "language": "en", "party": 2}
    status, taken, headers = await hall.call(
        "POST", "/halls/demo/tickets", body, role="kiosk"
    )
    assert status == 201
    assert taken["seq"] == hall.seq
    ticket = taken["ticket"]
    assert ticket["number"] == "A001"
    assert ticket["class"] == "priority"
    assert ticket["service"] == "company-setup"
    assert ticket["issued_at"] == "2026-11-23T10:00:00+08:00"
    assert (ticket["status"], ticket["ahead"], ticket["window"]) == ("waiting", 0, None)
    assert headers["Cache-Control"] == "no-store"


async def test_a_number_is_taken_in_every_language_of_the_pages(hall: Running):
    for id_, language in enumerate(i18n.LANGUAGES, start=1):
        await hall.take(language=language)
        assert hall.actor.hall.ticket(TicketId(id_)).language == language


async def test_a_visitor_may_want_a_large_slip(hall: Running):
    for asked, expected in (({}, "normal"), ({"slip": "large"}, "large")):
        body = {"queue": "general", **asked}
        status, taken, _ = await hall.call("POST", "/halls/demo/tickets", body, role="kiosk")
        assert status == 201
        _, page, _ = await hall.call(
            "GET", f"/halls/demo/journal?after={taken['seq'] - 1}", role="auditor"
        )
        assert page["events"][0]["body"]["slip"] == expected


async def test_every_number_is_in_the_next_snapshot(hall: Running):
    for expected in range(1, 6):
        ticket = await hall.take()
        _, shown, _ = await hall.call("GET", "/halls/demo")
        assert shown["queues"][0]["order"][-1] == ticket["number"]
        assert shown["queues"][0]["waiting"] == expected


async def test_the_holder_of_a_token_sees_the_ticket(hall: Running):
    await hall.take()
    ticket = await hall.take()
    status, own, _ = await hall.call("GET", f"/tickets/{ticket['token']}")
    assert status == 200
    assert own["ticket"] == ticket | {"ahead": 1, "wait": own["ticket"]["wait"]}
    assert own["hall"]["id"] == "demo"
    assert own["seq"] == hall.seq


async def test_a_called_ticket_has_a_window_and_nobody_ahead(hall: Running):
    ticket = await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    _, own, _ = await hall.call("GET", f"/tickets/{ticket['token']}")
    assert own["ticket"]["status"] == "called"
    assert (own["ticket"]["window"], own["ticket"]["ahead"]) == ("1", None)


async def test_a_visitor_leaves_once(hall: Running):
    ticket = await hall.take()
    status, left, _ = await hall.call("DELETE", f"/tickets/{ticket['token']}")
    assert (status, left["ticket"]["status"]) == (200, "cancelled")
    before = hall.seq
    status, problem, _ = await hall.call("DELETE", f"/tickets/{ticket['token']}")
    assert (status, problem["code"]) == (409, "ticket_not_waiting")
    assert problem["number"] == ticket["number"]
    assert problem["status"] == 409
    assert problem["status_now"] == "cancelled"
    assert hall.seq == before


async def test_a_ticket_of_yesterday_keeps_its_last_status(hall: Running):
    ticket = await hall.take()
    await hall.actor.submit(CloseDay(by="system:"))
    hall.later(86_400)
    calendar = hall.site.lives["demo"].calendar
    await hall.actor.submit(calendar.opening(hall.clock.now(), "system:"))
    assert hall.actor.hall.day == "2026-11-24"
    status, own, _ = await hall.call("GET", f"/tickets/{ticket['token']}")
    assert status == 200
    assert own["ticket"]["number"] == ticket["number"]
    assert own["ticket"]["status"] == "cancelled"
    status, problem, _ = await hall.call("DELETE", f"/tickets/{ticket['token']}")
    assert (status, problem["code"]) == (409, "ticket_not_waiting")


async def test_a_foreign_token_opens_nothing(hall: Running):
    token = (await hall.take())["token"]
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    for foreign in (changed, "x", token + "A", "%00", "a" * 500, token[:12] + token[12:][::-1]):
        status, problem, _ = await hall.call("GET", f"/tickets/{foreign}")
        assert (status, problem["code"]) == (404, "unknown_ticket"), foreign


async def test_the_stored_answer_holds_no_token(hall: Running):
    headers = {"Idempotency-Key": "kept"}
    body = {"queue": "general"}
    _, taken, _ = await hall.call(
        "POST", "/halls/demo/tickets", body, role="kiosk", headers=headers
    )
    kept = await hall.store.journal.answer("demo", "kiosk:kiosk-1:kept")
    assert kept is not None
    assert taken["ticket"]["token"].encode() not in kept.body
    assert taken["ticket"]["number"].encode() in kept.body


async def test_the_slip_is_told_and_printed_once_more(hall: Running):
    ticket = await hall.take()
    path = f"/tickets/{ticket['token']}/slip"
    _, slip, _ = await hall.call("GET", path)
    assert slip == {"status": "none", "reason": None, "picture": None}
    hall.devices.states[1] = SlipState("failed", "paper_out", "printer-1", "s1")
    _, slip, _ = await hall.call("GET", path)
    picture = "/api/v1/halls/demo/printers/printer-1/slips/s1.png"
    assert slip == {"status": "failed", "reason": "paper_out", "picture": picture}
    status, slip, _ = await hall.call("POST", path, role="kiosk")
    assert (status, slip["status"]) == (202, "queued")
    assert hall.devices.reprints == [("demo", "2026-11-23", 1, "kiosk:kiosk-1")]


async def test_one_wish_for_a_slip_is_one_slip(hall: Running):
    path = f"/tickets/{(await hall.take())['token']}/slip"

    async def again(key: str):
        return await hall.call("POST", path, role="kiosk", headers={"Idempotency-Key": key})

    answers = await asyncio.gather(*(again("tap") for _ in range(5)))
    assert {status for status, _, _ in answers} == {202}
    assert len(hall.devices.reprints) == 1
    assert sum("Idempotent-Replayed" in headers for _, _, headers in answers) == 4
    # Negative control: another key is another wish.
    await again("tap-again")
    assert len(hall.devices.reprints) == 2


async def test_a_failed_reprint_leaves_its_key_free(hall: Running, monkeypatch):
    path = f"/tickets/{(await hall.take())['token']}/slip"
    headers = {"Idempotency-Key": "tap"}

    async def fails(*_facts):
        raise MailboxFull

    with monkeypatch.context() as broken:
        broken.setattr(hall.devices, "reprint", fails)
        status, problem, _ = await hall.call("POST", path, role="kiosk", headers=headers)
        assert (status, problem["code"]) == (503, "mailbox_full")
    assert (await hall.call("POST", path, role="kiosk", headers=headers))[0] == 202


async def test_only_a_kiosk_or_clerk_prints_again(hall: Running):
    ticket = await hall.take()
    status, problem, _ = await hall.call("POST", f"/tickets/{ticket['token']}/slip")
    assert (status, problem["code"]) == (401, "unauthenticated")
    assert hall.devices.reprints == []


async def test_the_list_of_halls_and_services(hall: Running):
    await hall.take()
    _, listed, _ = await hall.call("GET", "/halls")
    assert listed["halls"][0]["id"] == "demo"
    assert (listed["halls"][0]["waiting"], listed["halls"][0]["open"]) == (1, True)
    _, offered, _ = await hall.call("GET", "/halls/demo/services")
    assert [queue["letter"] for queue in offered["queues"]] == ["A", "B"]
    assert offered["services"][0]["materials"] == ["身份证", "租赁合同"]
    minutes = {one["id"]: one["head_start_minutes"] for one in offered["classes"]}
    assert minutes["priority"] == 30


async def test_the_hall_as_fiware_entities(hall: Running):
    await hall.take()
    await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    _, entities, _ = await hall.call("GET", "/halls/demo/queue-monitor")
    general = entities[0]
    assert general["type"] == "QueueMonitor"
    assert general["serviceStatus"] == "Open"
    assert general["ticketsToServe"] == 1
    assert (general["lastTicketIssued"], general["lastTicketIssuedLabel"]) == (2, "A002")
    assert (general["ticketServed"], general["ticketServedLabel"]) == (1, "A001")
    assert (general["name"], general["alternateName"]) == ("综合受理", "General")
    assert general["dateModified"] == general["observedAt"]
    for entity in entities:
        for name, value in entity.items():
            assert isinstance(value, QUEUE_MONITOR[name]), name
    assert {"lastTicketIssued", "ticketServed", "alternateName"} & set(entities[1]) == set()


QUEUE_MONITOR = {
    **dict.fromkeys(
        ("id", "type", "name", "alternateName", "source", "dateModified", "localId", "officeName",
         "serviceId", "serviceName", "serviceStatus", "queueLine", "lastTicketIssuedLabel",
         "ticketServedLabel", "observedAt"),
        str,
    ),
    **dict.fromkeys(("ticketsToServe", "lastTicketIssued", "ticketServed", "sequence"), int),
}  # fmt: skip
"""Types of the smart data model (schema 0.0.1, which requires id and type and knows no null),
and `observedAt` and `sequence`, which are ours."""


async def test_the_queue_monitor_tells_every_status_in_fiwares_words(hall: Running):
    async def statuses() -> list[str]:
        _, entities, _ = await hall.call("GET", "/halls/demo/queue-monitor")
        return [one["serviceStatus"] for one in entities]

    await hall.open_window("2")
    assert await statuses() == ["Open", "Open"]
    await hall.act("2", "pause", {"reason": "lunch"})
    assert await statuses() == ["Suspended", "Suspended"]
    await hall.actor.submit(CloseDay(by="manager:m"))
    hall.later(1)
    assert await statuses() == ["Closed", "Closed"]


async def test_the_queue_monitor_names_its_source_only_by_our_configured_address(tmp_path: Path):
    config = CONFIG.replace("[http]", '[http]\npublic_url = "https://hall.example"')
    for asked, source in ((CONFIG, None), (config, "https://hall.example/api/v1/halls/demo")):
        async with running(tmp_path / str(source is None), config=asked) as hall:
            headers = {"Host": "evil.example"}
            _, entities, _ = await hall.call("GET", "/halls/demo/queue-monitor", headers=headers)
            assert entities[0].get("source") == source


# ── The same key ──────────────────────────────────────────────────────────────────────────


async def test_the_same_key_gives_the_same_bytes(hall: Running):
    async def take(body: bytes, key: str):
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        headers["Authorization"] = "Bearer token-of-kiosk-0123456789"
        url = f"{hall.url}/api/v1/halls/demo/tickets"
        async with hall.http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers

    first = await take(b'{"queue":"general"}', "k")
    await hall.take()
    again = await take(b'{"queue":"general"}', "k")
    assert again[:2] == first[:2]
    assert "Idempotent-Replayed" not in first[2]
    assert again[2]["Idempotent-Replayed"] == "true"
    before = hall.seq
    status, body, _ = await take(b'{"queue":"social"}', "k")
    assert status == 422
    assert b"idempotency_mismatch" in body
    assert hall.seq == before


async def test_one_key_from_many_connections_is_one_ticket(hall: Running):
    async def take(key: str):
        return await hall.call(
            "POST",
            "/halls/demo/tickets",
            {"queue": "general"},
            role="kiosk",
            headers={"Idempotency-Key": key},
        )

    answers = await asyncio.gather(*(take("double-tap") for _ in range(12)))
    assert {answer[1]["ticket"]["number"] for answer in answers} == {"A001"}
    assert sum("Idempotent-Replayed" in answer[2] for answer in answers) == 11
    # Negative control: with keys of their own they are twelve.
    answers = await asyncio.gather(*(take(f"tap-{number}") for number in range(12)))
    assert len({answer[1]["ticket"]["number"] for answer in answers}) == 12


async def test_keys_of_others_are_others(hall: Running):
    headers = {"Idempotency-Key": "same"}
    body = {"queue": "general"}
    path = "/halls/demo/tickets"
    _, one, _ = await hall.call("POST", path, body, role="kiosk", headers=headers)
    _, two, replayed = await hall.call("POST", path, body, role="clerk", headers=headers)
    assert one["ticket"]["number"] != two["ticket"]["number"]
    assert "Idempotent-Replayed" not in replayed


async def test_a_refused_command_leaves_its_key_free(hall: Running):
    headers = {"Idempotency-Key": "call"}
    status, _, _ = await hall.act("1", "call-next", headers=headers)
    assert status == 409
    await hall.take()
    await hall.open_window()
    status, called, _ = await hall.act("1", "call-next", headers=headers)
    assert (status, called["ticket"]["number"]) == (200, "A001")
