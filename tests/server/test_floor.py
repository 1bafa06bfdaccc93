"""The manager's floor, what may be changed there at once, and a number's story."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from queued.core.commands import OpenDay
from queued.core.plan import Millis
from tests.server.hall_under_test import START, TOKENS, Running


async def floor(hall: Running) -> dict:
    status, body, _ = await hall.call("GET", "/halls/demo/floor", role="manager")
    assert status == 200, body
    return body


async def story(hall: Running, role: str = "manager", **asked: str) -> tuple[int, str]:
    """The page of a number's story, signed in with a token."""
    _, session, headers = await hall.call("POST", "/session", {"token": TOKENS[role]})
    cookie = headers["Set-Cookie"].split(";")[0]
    query = "&".join(f"{name}={quote(value)}" for name, value in asked.items())
    status, text, _ = await hall.page(f"/h/demo/story?{query}", headers={"Cookie": cookie})
    return status, text


async def before(hall: Running, number: str, other: str, language: str = "en") -> str:
    path = f"/halls/demo/tickets/{number}/before/{other}"
    status, body, _ = await hall.call(
        "GET", path, role="clerk", headers={"Accept-Language": language}
    )
    assert status == 200, body
    return body["text"]


async def test_the_floor_tells_windows_queues_and_how_long(hall: Running):
    await hall.take(service="company-setup", queue=None)
    await hall.open_window("1")
    await hall.act("1", "call-next")
    await hall.act("1", "start")
    hall.later(100)
    await hall.take("social")
    hall.later(1900)

    seen = await floor(hall)
    one, two = seen["windows"]
    assert (one["number"], one["state"], one["clerk"]) == ("A001", "serving", "clerk-1")
    assert one["usual_s"] == 12 * 60 and one["since"].startswith("2026-11-23T10:00:00")
    assert one["waiting"] == 1 and not one["assigned"]
    assert (two["status"], two["number"], two["usual_s"]) == ("closed", None, None)
    general, social = seen["queues"]
    assert (general["waiting"], general["longest_s"], general["windows"]) == (0, None, 1)
    assert (social["waiting"], social["longest_s"], social["longest_number"]) == (1, 1900, "B001")
    assert social["long"] and not general["long"] and social["windows"] == 0


@pytest.mark.parametrize("role", ["clerk", "kiosk", "display", "auditor", "remote", None])
async def test_only_managers_see_the_floor_and_change_it(hall: Running, role):
    expected = 401 if role is None else 403
    for method, path, body in (
        ("GET", "/halls/demo/floor", None),
        ("POST", "/halls/demo/windows/1/assign", {"queues": ["social"]}),
        ("POST", "/halls/demo/windows/1/seat", {}),
    ):
        status, _, _ = await hall.call(method, path, body, role=role)
        assert status == expected, path
    assert hall.actor.hall.usual == {}


async def test_queues_are_assigned_at_once_and_given_back(hall: Running):
    await hall.take("social")
    await hall.open_window("1")
    await hall.act("1", "assign", {"queues": ["social", "general"]}, role="manager")
    shown = (await floor(hall))["windows"][0]
    assert shown["queues"] == ["social", "general"] and shown["assigned"]
    _, snapshot, _ = await hall.call("GET", "/halls/demo")
    assert snapshot["windows"][0]["queues"] == ["social", "general"]
    status, body, _ = await hall.act("1", "call-next")
    assert (status, body["ticket"]["number"]) == (200, "B001")

    await hall.act("1", "assign", {"queues": None}, role="manager")
    assert not (await floor(hall))["windows"][0]["assigned"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"queues": ["nowhere"]}, 404, "unknown_queue"),
        ({"queues": []}, 422, "invalid"),
        ({}, 422, "invalid"),
        ({"queues": ["general"] * 101}, 422, "invalid"),
        ({"queues": "general"}, 422, "invalid"),
        ({"queues": ["general"], "overflow": ["\u0000"]}, 422, "invalid"),
    ],
)
async def test_garbage_assigns_nothing(hall: Running, body, status, code):
    seq = hall.seq
    told, problem, _ = await hall.act("1", "assign", body, role="manager")
    assert (told, problem["code"]) == (status, code)
    assert hall.seq == seq


async def test_a_manager_opens_a_window_for_a_clerk_and_ends_a_pause(hall: Running):
    await hall.act("1", "seat", {"clerk": "wang"}, role="manager")
    assert hall.actor.hall.windows["1"].clerk == "clerk:wang"
    status, _, _ = await hall.act("1", "pause", {"reason": "lunch"}, role="manager")
    assert status == 200
    await hall.act("1", "seat", {}, role="manager")
    window = hall.actor.hall.windows["1"]
    assert (window.status.value, window.clerk) == ("open", "clerk:wang")
    await hall.act("1", "seat", {"clerk": "li"}, role="manager")
    assert hall.actor.hall.windows["1"].clerk == "clerk:li"
    status, problem, _ = await hall.act("1", "seat", {"clerk": "admin:x"}, role="manager")
    assert (status, problem["code"]) == (422, "invalid")


async def test_the_journal_says_who_assigned(hall: Running):
    await hall.act("1", "assign", {"queues": ["social"]}, role="manager")
    _, page, _ = await hall.call("GET", "/halls/demo/journal?limit=1000", role="auditor")
    last = page["events"][-1]
    assert (last["type"], last["by"]) == ("WindowAssigned", "manager:manager-1")


# ── Why another was called before me ──────────────────────────────────────────────────────


async def test_a_head_start_is_the_reason(hall: Running):
    await hall.take("general")
    hall.later(600)
    await hall.take("general", **{"class": "priority"})
    await hall.open_window("1")
    await hall.act("1", "call-next")
    text = await before(hall, "A001", "A002")
    assert "A002 (class Priority, 30 min earlier) counted as taken at 09:40:00" in text
    assert "A001 counted as taken at 10:00:00: A002 was first" in text
    assert "提前 30 分钟" in await before(hall, "A001", "A002", "zh")
    assert await before(hall, "A002", "A001") == "A001 was not called before A002."
    assert await before(hall, "A001", "A001") == "This is the same number."


async def test_other_reasons_are_told_apart(hall: Running):
    await hall.take("general")
    await hall.take("social")
    await hall.open_window("2")
    await hall.act("2", "call", {"number": "B001"})
    assert "out of turn" in await before(hall, "A001", "B001")
    await hall.act("2", "start")
    await hall.act("2", "finish")
    hall.later(60)
    await hall.take("general")
    assert "A002 had not been taken yet" in await before(hall, "A002", "B001")
    await hall.open_window("1")
    await hall.act("1", "call-next")
    await hall.act("1", "park", {"reason": "documents"})
    await hall.act("1", "call-next")
    assert await before(hall, "A001", "A002") == "A002 was not called before A001."


async def test_queues_that_the_window_does_not_serve(hall: Running):
    await hall.take("social")
    hall.later(5)
    await hall.take("general")
    await hall.act("1", "assign", {"queues": ["general"]}, role="manager")
    await hall.open_window("1")
    await hall.act("1", "call-next")
    assert "different queues" in await before(hall, "B001", "A001")


async def test_a_call_taken_back_was_none(hall: Running):
    await hall.take("general")
    await hall.take("general")
    await hall.open_window("1")
    await hall.act("1", "call", {"number": "A002"})
    await hall.act("1", "undo")
    assert await before(hall, "A001", "A002") == "A002 was not called before A001."


# ── The story's page ──────────────────────────────────────────────────────────────────────


async def test_the_story_is_a_page_without_scripts(hall: Running):
    await hall.take("general")
    await hall.take("general")
    await hall.open_window("1")
    await hall.act("1", "call", {"number": "A002"})
    status, text = await story(hall, number="a001", other="A002")
    assert status == 200
    assert "取号：A001" in text and "直接呼叫了 A002 号" in text
    assert "自助机 kiosk-1" in text


async def test_a_story_of_an_earlier_day(hall: Running):
    await hall.take("general")
    await hall.open_window("1")
    await hall.act("1", "call-next")
    await hall.act("1", "miss")
    hall.clock.move_to(Millis(START + 86_400_000))
    tomorrow = OpenDay(day="2026-11-24", ends_at=Millis(START + 2 * 86_400_000), by="timer:")
    await hall.actor.submit(tomorrow)
    await hall.take("social")
    status, text = await story(hall, number="A001", day="2026-11-23")
    assert status == 200
    assert "过号：未到窗口" in text and "2026-11-23" in text
    status, text = await story(hall, number="A001")
    assert status == 404
    assert "没有这个号码" in text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"number": "<script>"}, 404),
        ({"number": "A001'--"}, 404),
        ({"number": "A001", "day": "2026-13-45"}, 422),
        ({"number": "A٠٠١"}, 404),
        ({"number": "A001", "other": "Z999"}, 404),
        ({"number": "\x00\r\n"}, 404),
    ],
)
async def test_garbage_finds_nothing(hall: Running, asked, status):
    await hall.take("general")
    told, text = await story(hall, **asked)
    assert told == status
    assert "<script>alert" not in text and not re.search(r"<script>(?!$)", text)


async def test_the_floor_page_needs_a_manager(hall: Running):
    status, _, headers = await hall.page("/h/demo/floor")
    assert status == 303 and headers["Location"].startswith("/login?next=/h/demo/floor")
    _, _, headers = await hall.call("POST", "/session", {"token": TOKENS["clerk"]})
    cookie = headers["Set-Cookie"].split(";")[0]
    status, _, _ = await hall.page("/h/demo/floor", headers={"Cookie": cookie})
    assert status == 403
