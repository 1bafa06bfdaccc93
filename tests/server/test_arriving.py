"""Numbers taken from afar over HTTP: who says that their holders are here, and what staff see."""

from __future__ import annotations

from tests.server.hall_under_test import Running


async def afar(hall: Running) -> dict:
    body = {"queue": "general", "here": False}
    status, taken, _ = await hall.call("POST", "/halls/demo/tickets", body, role="remote")
    assert status == 201
    return taken["ticket"]


async def test_the_ticket_says_that_its_holder_is_not_here(hall: Running):
    ticket = await afar(hall)
    assert (ticket["here"], ticket.get("kept_until")) == (False, None)
    assert (await hall.take()).get("here", True)


async def test_call_next_passes_it_over_and_it_says_until_when_it_keeps_its_place(hall: Running):
    ticket = await afar(hall)
    await hall.take()
    await hall.open_window("1")
    _, called, _ = await hall.act("1", "call-next")
    assert called["ticket"]["number"] == "A002"
    _, own, _ = await hall.call("GET", f"/tickets/{ticket['token']}")
    assert own["ticket"]["kept_until"] == "2026-11-23T10:15:00+08:00"


async def test_the_clerk_sees_who_is_not_here(hall: Running):
    await afar(hall)
    await hall.take()
    _, desk, _ = await hall.call("GET", "/halls/demo/windows/1", role="clerk")
    assert [(one["number"], one.get("here", True)) for one in desk["waiting"]] == [
        ("A001", False), ("A002", True),
    ]  # fmt: skip


async def test_the_kiosk_that_scans_its_code_says_he_is_here(hall: Running):
    ticket = await afar(hall)
    scanned = {"code": f"https://hall.example/t/{ticket['token']}"}
    answers = [
        await hall.call("POST", "/halls/demo/checkin", scanned, role="kiosk") for _ in range(2)
    ]
    assert [(told["kind"], told["new"]) for _, told, _ in answers] == [
        ("ticket", True), ("ticket", False),
    ]  # fmt: skip
    assert all(told["ticket"].get("here", True) for _, told, _ in answers)
    await hall.open_window("1")
    _, called, _ = await hall.act("1", "call-next")
    assert called["ticket"]["number"] == "A001"


async def test_another_system_may_say_so_and_a_stranger_may_not(hall: Running):
    ticket = await afar(hall)
    path = f"/tickets/{ticket['token']}/arrival"
    assert (await hall.call("POST", path))[0] == 401
    assert (await hall.call("POST", path, role="display"))[0] == 403
    assert not (await hall.call("GET", f"/tickets/{ticket['token']}"))[1]["ticket"]["here"]
    status, own, _ = await hall.call("POST", path, role="remote")
    assert (status, own["ticket"].get("here", True)) == (200, True)
    assert (await hall.call("POST", f"/tickets/{'A' * 24}/arrival", role="remote"))[0] == 404


async def test_who_left_cannot_arrive(hall: Running):
    ticket = await afar(hall)
    await hall.call("DELETE", f"/tickets/{ticket['token']}")
    status, problem, _ = await hall.call(
        "POST", f"/tickets/{ticket['token']}/arrival", role="remote"
    )
    assert (status, problem["code"]) == (409, "ticket_not_waiting")


async def test_who_asks_why_another_was_first_is_told(hall: Running):
    await afar(hall)
    await hall.take()
    await hall.open_window("1")
    await hall.act("1", "call-next")
    _, told, _ = await hall.call(
        "GET", "/halls/demo/tickets/A001/before/A002", role="clerk",
        headers={"Accept-Language": "zh"},
    )  # fmt: skip
    assert told["text"] == (
        "1号窗口在 10:00:00 叫 A002 号时，A001 号已在手机上取号，本人还没有到大厅报到。"
    )
    _, history, _ = await hall.call("GET", "/halls/demo/tickets/A001/history", role="clerk")
    assert [event["type"] for event in history["events"]] == ["TicketIssued", "TicketHeld"]
