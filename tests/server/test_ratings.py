"""好差评 on the phone, and the alarms that follow."""

from __future__ import annotations

import pytest

from queued.core import commands as c
from queued.engine.alarms import poor_ratings
from tests.server.hall_under_test import Running


async def served(hall: Running) -> str:
    """The token of a ticket that has been served at window 1."""
    ticket = await hall.take()
    await hall.open_window()
    for action in ("call-next", "start", "finish"):
        status, answer, _ = await hall.act("1", action)
        assert status == 200, answer
    return str(ticket["token"])


async def rate(hall: Running, token: str, grade: str):
    status, told, _ = await hall.call("POST", f"/tickets/{token}/rating", {"grade": grade})
    return status, told.get("code") or told["ticket"]["rating"]


async def test_a_visitor_rates_once_on_the_phone(hall: Running):
    token = await served(hall)
    _, own, _ = await hall.call("GET", f"/tickets/{token}")
    assert "rating" not in own["ticket"]
    assert await rate(hall, token, "satisfied") == (200, "satisfied")
    assert await rate(hall, token, "very-satisfied") == (409, "already_rated")
    _, own, _ = await hall.call("GET", f"/tickets/{token}")
    assert own["ticket"]["rating"] == "satisfied"


async def test_no_answer_at_the_window_may_be_replaced(hall: Running):
    token = await served(hall)
    await hall.actor.submit(c.RateService(ticket=1, grade="none", by="evaluator:pad-1"))
    _, own, _ = await hall.call("GET", f"/tickets/{token}")
    assert own["ticket"]["rating"] == "none"
    assert await rate(hall, token, "very-satisfied") == (200, "very-satisfied")


async def test_who_waits_or_comes_the_next_day_cannot_rate(hall: Running):
    waiting = await hall.take()
    assert await rate(hall, waiting["token"], "satisfied") == (409, "ticket_not_served")
    token = await served(hall)
    await hall.actor.submit(c.CloseDay(by="manager:li"))
    assert await rate(hall, token, "satisfied") == (409, "too_late_to_rate")
    hall.later(24 * 3600)
    calendar = hall.site.lives["demo"].running.calendar
    await hall.actor.submit(calendar.opening(hall.clock.now(), "system:"))
    assert await rate(hall, token, "satisfied") == (409, "too_late_to_rate")


@pytest.mark.parametrize("body", [{}, {"grade": "none"}, {"grade": "5"}, {"grade": 5}])
async def test_a_grade_that_is_none_is_refused(hall: Running, body):
    token = await served(hall)
    status, problem, _ = await hall.call("POST", f"/tickets/{token}/rating", body)
    assert (status, problem["code"]) == (422, "invalid")
    status, problem, _ = await hall.call("POST", "/tickets/abc/rating", {"grade": "satisfied"})
    assert (status, problem["code"]) == (404, "unknown_ticket")


async def test_the_history_tells_the_grade(hall: Running):
    token = await served(hall)
    await rate(hall, token, "dissatisfied")
    path = "/halls/demo/tickets/A001/history"
    _, told, _ = await hall.call("GET", path, role="clerk")
    assert told["events"][-1]["text"] == "群众评价：不满意。"
    assert told["events"][-1]["by"] == "visitor:"
    _, told, _ = await hall.call("GET", path, role="clerk", headers={"Accept-Language": "en"})
    assert told["events"][-1]["text"] == "The visitor's rating: dissatisfied."


# ── Alarms ────────────────────────────────────────────────────────────────────────────────


async def test_a_poor_grade_alarms_the_manager_until_somebody_sees_to_it(hall: Running):
    alarms = hall.site.lives["demo"].running.alarms
    hall.bus.listen(poor_ratings("demo", alarms))
    token = await served(hall)
    await rate(hall, token, "very-dissatisfied")
    _, told, _ = await hall.call("GET", "/halls/demo/alarms", role="manager")
    (alarm,) = told["alarms"]
    assert (alarm["kind"], alarm["subject"]) == ("bad_rating", "A001")
    assert alarm["text"] == "1号窗口办理的 A001 号评价为“非常不满意”，请及时回访。"
    assert alarm["acknowledged_by"] is None
    path = f"/halls/demo/alarms/{alarm['id']}/ack"
    status, seen, _ = await hall.call("POST", path, role="manager")
    assert (status, seen["acknowledged_by"]) == (200, "manager:manager-1")
    _, again, _ = await hall.call("POST", path, role="admin")
    assert again["acknowledged_by"] == "manager:manager-1"


async def test_a_good_grade_alarms_nobody(hall: Running):
    alarms = hall.site.lives["demo"].running.alarms
    hall.bus.listen(poor_ratings("demo", alarms))
    await rate(hall, await served(hall), "basically-satisfied")
    assert alarms.all() == []


async def test_an_alarm_without_words_is_still_told(hall: Running):
    hall.site.lives["demo"].running.alarms.raise_("flood", "cellar", {"cm": 3})
    _, told, _ = await hall.call("GET", "/halls/demo/alarms", role="manager")
    assert told["alarms"][0]["text"] == "cellar：flood"
    assert told["alarms"][0]["facts"] == {"cm": 3}


async def test_alarms_are_for_managers_and_ids_are_numbers(hall: Running):
    status, problem, _ = await hall.call("GET", "/halls/demo/alarms", role="clerk")
    assert (status, problem["code"]) == (403, "forbidden")
    for id_ in ("1", "0", "x", "-1", "%E2%91%A0", "9" * 40):
        path = f"/halls/demo/alarms/{id_}/ack"
        status, problem, _ = await hall.call("POST", path, role="manager")
        assert (status, problem["code"]) == (404, "unknown_alarm"), id_
