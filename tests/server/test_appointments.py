"""Appointments: expected, checked in once, told clearly why not; slips that are scanned."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queued.core.events import TicketIssued
from tests.server.hall_under_test import START, Running, running

MINUTE_S = 60


def moment(minutes: float) -> str:
    """RFC 3339, so many minutes after the hall's START."""
    return datetime.fromtimestamp(START / 1000 + minutes * MINUTE_S, UTC).isoformat()


async def book(hall: Running, code: str = "YY-8834", minutes: float = 20, **more):
    body = {"code": code, "service": "company-setup", "slot": moment(minutes), **more}
    return await hall.call("POST", "/halls/demo/appointments", body, role="remote")


async def check_in(hall: Running, code: str = "YY-8834", **more):
    more.setdefault("role", "kiosk")
    return await hall.call("POST", "/halls/demo/checkin", {"code": code}, **more)


def issued(hall: Running) -> int:
    return len(hall.actor.hall.tickets)


async def test_a_booked_visitor_gets_a_number_that_counts_from_the_slot(hall: Running):
    status, told, _ = await book(hall)
    assert status == 201
    assert told == {
        "service": "company-setup",
        "slot": "2026-11-23T10:20:00+08:00",
        "class": "appointment",
    }
    await hall.take("general")

    status, checked, _ = await check_in(hall, "yy 8834")

    assert status == 200
    assert (checked["kind"], checked["new"], checked["today"]) == ("appointment", True, True)
    ticket = checked["ticket"]
    assert (ticket["number"], ticket["class"]) == ("A002", "appointment")
    assert ticket["slot"] == "2026-11-23T10:20:00+08:00"
    assert ticket["service"] == "company-setup"
    status, own, _ = await hall.call("GET", f"/tickets/{ticket['token']}")
    assert (status, own["ticket"]["number"]) == (200, "A002")


async def test_one_code_at_many_kiosks_is_one_ticket(hall: Running):
    await book(hall)
    answers = await asyncio.gather(*(check_in(hall) for _ in range(8)))
    assert {status for status, _, _ in answers} == {200}
    assert {told["ticket"]["token"] for _, told, _ in answers} == {answers[0][1]["ticket"]["token"]}
    assert [told["new"] for _, told, _ in answers].count(True) == 1
    assert issued(hall) == 1


async def test_the_check_for_one_ticket_can_fail(hall: Running, monkeypatch):
    """Negative control: without the appointment as the key, each kiosk gives out a number."""
    await book(hall)
    submit = hall.actor.submit

    async def keyless(command, *, key=None, fingerprint="", render=None):
        return await submit(command, render=render)

    monkeypatch.setattr(hall.actor, "submit", keyless)
    await asyncio.gather(*(check_in(hall) for _ in range(8)))
    assert issued(hall) == 8


async def test_a_code_checked_in_before_a_restart_is_not_checked_in_again(tmp_path):
    async with running(tmp_path) as hall:
        await book(hall)
        _, before, _ = await check_in(hall)
    async with running(tmp_path) as hall:
        _, after, _ = await check_in(hall)
        assert after["ticket"]["token"] == before["ticket"]["token"]
        assert (after["new"], issued(hall)) == (False, 1)


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(61, "appointment_early"), (60, None), (-30, None), (-31, "appointment_late")],
)
async def test_check_in_has_its_time(hall: Running, minutes: int, code: str | None):
    await book(hall, minutes=minutes)
    before = hall.seq
    status, told, _ = await check_in(hall)
    if code is None:
        assert (status, told["new"]) == (200, True)
        return
    assert (status, told["code"]) == (409, code)
    assert hall.seq == before


async def test_a_refusal_says_when_in_the_halls_own_time(hall: Running):
    await book(hall, minutes=24 * 60)
    _, problem, _ = await check_in(hall)
    assert problem["detail"] == "您预约的是 2026-11-24 10:00，请在当天 09:00 以后签到。"
    await book(hall, "LATE1", minutes=-45)
    headers = {"Accept-Language": "en"}
    _, problem, _ = await check_in(hall, "LATE1", headers=headers)
    assert problem["detail"] == (
        "Your appointment was at 09:15; check-in ended at 09:45. "
        "Please take a number like a walk-in visitor."
    )


async def test_an_appointment_is_not_behind_those_who_took_numbers_before(hall: Running):
    await book(hall, minutes=0)
    for _ in range(3):
        await hall.take("general")
    await check_in(hall)
    await hall.open_window()
    _, told, _ = await hall.act("1", "call-next")
    assert told["ticket"]["number"] == "A004"


async def test_booking_again_changes_nothing_and_another_needs_another_code(hall: Running):
    assert (await book(hall))[0] == 201
    status, _, headers = await book(hall, "yy8834")
    assert (status, headers["Idempotent-Replayed"]) == (201, "true")
    status, problem, _ = await book(hall, minutes=40)
    assert (status, problem["code"]) == (409, "code_taken")


async def test_a_cancelled_appointment_is_unknown_and_a_used_one_stays(hall: Running):
    path = "/halls/demo/appointments/YY-8834"
    assert (await hall.call("DELETE", path, role="remote"))[1]["code"] == "unknown_code"
    await book(hall)
    assert (await hall.call("DELETE", path, role="remote"))[0] == 204
    assert (await check_in(hall))[1]["code"] == "unknown_code"
    await book(hall)
    await check_in(hall)
    for status, problem, _ in (await hall.call("DELETE", path, role="remote"), await book(hall)):
        assert (status, problem["code"]) == (409, "appointment_used")


async def test_a_scanned_slip_shows_its_ticket(hall: Running):
    ticket = await hall.take()
    address = f"https://hall.example.org/t/{ticket['token']}"
    for code in (address, f"{address}?from=slip", ticket["token"], f" {address}\r"):
        status, told, _ = await check_in(hall, code)
        assert (status, told["kind"], told["new"]) == (200, "ticket", False)
        assert told["ticket"]["number"] == ticket["number"]
    assert issued(hall) == 1


async def test_who_may_book_and_who_may_check_in(hall: Running):
    body = {"code": "YY8834", "service": "company-setup", "slot": moment(20)}
    for role in ("kiosk", "clerk", "display"):
        status, _, _ = await hall.call("POST", "/halls/demo/appointments", body, role=role)
        assert status == 403, role
    for role in ("remote", "display"):
        assert (await check_in(hall, role=role))[0] == 403, role


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "A1"},
        {"code": "秘密预约码"},
        {"code": "A" * 41},
        {"service": "no-such"},
        {"class_": "normal"},
        {"class": "no-such"},
        {"slot": "tomorrow"},
        {"slot": "2026-11-23T10:20:00"},
        {"slot": "2026-13-45T10:20:00+08:00"},
        {"slot": "9999-12-31T23:59:59-23:59"},
        {"slot": "2027-11-23T10:20:00+08:00"},
        {"slot": 1},
        {"name": "张三"},
    ],
)
async def test_a_wrong_booking_is_refused(hall: Running, wrong):
    body = {"code": "YY8834", "service": "company-setup", "slot": moment(20)} | wrong
    status, problem, _ = await hall.call("POST", "/halls/demo/appointments", body, role="remote")
    assert status in (404, 422), problem
    assert (await check_in(hall))[0] == 404


async def test_the_code_is_stored_nowhere(hall: Running, tmp_path):
    await book(hall, "SECRET-CODE-1")
    await check_in(hall, "SECRET-CODE-1")
    files = [file.read_bytes() for file in (tmp_path / "data").iterdir()]
    assert any(b"TicketIssued" in content for content in files), "the search finds what is there"
    for spelled in (b"SECRET-CODE-1", b"SECRETCODE1"):
        assert not any(spelled in content for content in files)
    (event,) = [one for one in await events(hall) if one["type"] == TicketIssued.__name__]
    assert "digest" not in event["body"]


async def events(hall: Running):
    return (await hall.call("GET", "/halls/demo/journal", role="auditor"))[1]["events"]


async def test_garbage_is_an_unknown_code(hall: Running):
    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(st.text(min_size=1, max_size=60), min_size=4, max_size=4))
    def run(codes):
        seen.extend(codes)

    seen: list[str] = ["/t/" + "A" * 24, "A" * 24, "\x00", "../../etc/passwd", "é" * 24]
    run()
    for code in seen:
        status, problem, _ = await check_in(hall, code)
        assert (status, problem["code"]) in ((404, "unknown_code"), (422, "invalid")), code
    assert issued(hall) == 0
