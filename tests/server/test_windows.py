"""Windows: every action, the desk, every refusal with its code and facts."""

from __future__ import annotations

import pytest

from queued.core.commands import CloseDay
from tests.server.hall_under_test import Running


async def test_a_visit_from_call_to_finish(hall: Running):
    await hall.take()
    await hall.open_window()
    status, called, _ = await hall.act("1", "call-next")
    assert status == 200
    assert called["seq"] == hall.seq
    assert called["ticket"]["number"] == "A001"
    assert called["ticket"]["status"] == "called"
    assert called["window"]["number"] == "A001"
    _, started, _ = await hall.act("1", "start")
    assert started["window"]["state"] == "serving"
    _, finished, _ = await hall.act("1", "finish", {"outcome": "done"})
    assert finished["ticket"]["status"] == "served"
    assert finished["window"]["number"] is None


async def test_every_other_action(hall: Running):
    for _ in range(5):
        await hall.take()
    await hall.open_window("1")
    await hall.open_window("2")

    async def ends_as(window, action, body, number, ticket_status):
        status, answer, _ = await hall.act(window, action, body)
        assert status == 200, answer
        found = answer["ticket"]
        assert (found["number"], found["status"]) == (number, ticket_status), action

    await ends_as("1", "call-next", None, "A001", "called")
    hall.later(10)
    await ends_as("1", "recall", None, "A001", "called")
    await ends_as("1", "miss", None, "A001", "missed")
    await ends_as("1", "call", {"number": "A003"}, "A003", "called")
    await ends_as("1", "park", {"reason": "documents"}, "A003", "parked")
    await ends_as("1", "unpark", {"number": "A003"}, "A003", "waiting")
    await ends_as("1", "call-next", None, "A003", "called")
    await ends_as("1", "undo", None, "A003", "waiting")
    await ends_as("1", "call", {"number": "A004"}, "A004", "called")
    await ends_as("1", "transfer", {"queue": "social", "place": "last"}, "A004", "waiting")
    await ends_as("1", "call", {"number": "A005"}, "A005", "called")
    await ends_as("1", "transfer", {"window": "2"}, "A005", "waiting")
    status, paused, _ = await hall.act("1", "pause", {"reason": "lunch"})
    assert (status, paused["window"]["status"]) == (200, "paused")
    status, closed, _ = await hall.act("1", "close")
    assert (status, closed["window"]["status"]) == (200, "closed")
    assert closed["ticket"] is None


async def test_the_desk_tells_everything_a_clerk_needs(hall: Running):
    for queue in ("general", "general", "social", "general"):
        await hall.take(queue)
    await hall.open_window()
    await hall.act("1", "call-next")
    await hall.act("1", "park", {"reason": "form"})
    await hall.act("1", "call-next")
    hall.later(65)
    _, desk, _ = await hall.call("GET", "/halls/demo/windows/1", role="clerk")
    assert desk["seq"] == hall.seq
    assert desk["window"]["clerk"] == "clerk-1"
    assert desk["window"]["overflow"] == ["social"]
    assert desk["ticket"]["number"] == "A002"
    assert desk["ticket"]["called_at"] == "2026-11-23T10:00:00+08:00"
    assert desk["next"]["number"] == "A003"
    assert "A003" in desk["next"]["why"]
    assert [one["number"] for one in desk["waiting"]] == ["A003", "B001"]
    assert desk["waiting"][0]["waited_s"] == 65
    assert desk["waiting_count"] == 2
    assert [one["number"] for one in desk["parked"]] == ["A001"]
    assert desk["parked"][0]["reason"] == "form"
    assert desk["missed"] == []
    assert desk["counts"]["called"] == 2
    assert desk["undo"] is None
    assert "undo" not in desk["actions"]
    assert desk["recall"] == {"left": 2, "not_before": "2026-11-23T10:00:10+08:00"}
    assert "recall" in desk["actions"]


async def test_the_desk_offers_undo_while_it_is_possible(hall: Running):
    await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    _, desk, _ = await hall.call("GET", "/halls/demo/windows/1", role="clerk")
    assert desk["undo"] == {"until": "2026-11-23T10:00:10+08:00", "number": "A001"}
    assert "undo" in desk["actions"]


async def test_missed_and_parked_follow_every_change(hall: Running):
    """The index of tickets aside is kept by events; a fresh look must find the same."""
    for _ in range(4):
        await hall.take()
    await hall.open_window()
    for action in ("miss", "park", "miss"):
        await hall.act("1", "call-next")
        await hall.act("1", action)
        _, desk, _ = await hall.call("GET", "/halls/demo/windows/1", role="clerk")
    assert [one["number"] for one in desk["missed"]] == ["A003", "A001"]
    assert [one["number"] for one in desk["parked"]] == ["A002"]
    await hall.act("1", "unpark", {"number": "A001"})
    _, desk, _ = await hall.call("GET", "/halls/demo/windows/1", role="clerk")
    assert [one["number"] for one in desk["missed"]] == ["A003"]


async def test_why_is_told_in_the_language_of_the_reader(hall: Running):
    await hall.take()
    await hall.take(**{"class": "priority"})
    await hall.open_window()
    await hall.act("1", "call-next")
    path = "/halls/demo/tickets/A002/history"
    _, chinese, _ = await hall.call("GET", path, role="clerk")
    _, english, _ = await hall.call("GET", path, role="auditor", headers={"Accept-Language": "en"})
    call_zh, call_en = chinese["events"][-1], english["events"][-1]
    assert call_zh["rule"] == call_en["rule"] == "head_start"
    assert call_zh["runner_up"] == "A001"
    assert "提前 30 分钟" in call_zh["text"]
    assert "30 min earlier" in call_en["text"]
    assert "A001" in call_en["text"]
    assert [event["type"] for event in english["events"]] == ["TicketIssued", "TicketCalled"]


async def test_a_whole_history_has_a_sentence_for_everything(hall: Running):
    await hall.take()
    await hall.open_window("1")
    await hall.open_window("2")
    await hall.act("1", "call-next")
    await hall.act("1", "undo")
    await hall.act("1", "call-next")
    hall.later(10)
    await hall.act("1", "recall")
    await hall.act("1", "start")
    await hall.act("1", "transfer", {"window": "2"})
    await hall.act("2", "call-next")
    await hall.act("2", "start")
    await hall.act("2", "finish", {"outcome": "done"})
    for language in ("zh", "en"):
        headers = {"Accept-Language": language}
        path = "/halls/demo/tickets/A001/history"
        _, told, _ = await hall.call("GET", path, role="clerk", headers=headers)
        assert told["status"] == "served"
        assert [event["type"] for event in told["events"]] == [
            "TicketIssued", "TicketCalled", "CallUndone", "TicketCalled", "TicketRecalled",
            "ServiceStarted", "TicketTransferred", "TicketCalled", "ServiceStarted",
            "ServiceFinished",
        ]  # fmt: skip
        for event in told["events"]:
            assert event["text"] and event["type"] not in event["text"]
            assert "{" not in event["text"]


REFUSALS = [
    # what to do before, action, body, status, code
    ([], "call-next", None, 409, "window_not_open"),
    (["open"], "call-next", None, 409, "nobody_waiting"),
    (["open"], "start", None, 409, "ticket_not_called"),
    (["open"], "finish", {}, 409, "ticket_not_serving"),
    (["open"], "undo", None, 409, "too_late_to_undo"),
    (["open"], "call", {"number": "A777"}, 404, "unknown_ticket"),
    (["open", "take", "call-next"], "call-next", None, 409, "window_busy"),
    (["open", "take", "call-next"], "close", None, 409, "window_busy"),
    (["open", "take", "call-next"], "recall", None, 409, "recall_too_soon"),
    (["open", "take", "call-next"], "transfer", {"queue": "nowhere"}, 404, "unknown_queue"),
    (["open", "take", "call-next"], "transfer", {"window": "9"}, 404, "unknown_window"),
    (["open", "take", "call-next"], "unpark", {"number": "A001"}, 409, "ticket_not_waiting"),
]


@pytest.mark.parametrize(("before", "action", "body", "status", "code"), REFUSALS)
async def test_a_refusal_has_its_code_and_changes_nothing(
    hall: Running, before, action, body, status, code
):
    for step in before:
        if step == "take":
            await hall.take()
        else:
            await hall.act("1", step)
    seq = hall.seq
    answered, problem, headers = await hall.act("1", action, body)
    assert (answered, problem["code"]) == (status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["detail"]
    assert hall.seq == seq


async def test_a_refusal_brings_its_facts_and_speaks_both_languages(hall: Running):
    await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    _, chinese, _ = await hall.act("1", "call-next")
    _, english, _ = await hall.act("1", "call-next", headers={"Accept-Language": "en-GB"})
    assert (chinese["number"], chinese["window"]) == ("A001", "1")
    assert "A001" in chinese["detail"] and "A001" in english["detail"]
    assert chinese["detail"] != english["detail"]


async def test_recalls_and_returns_are_counted(hall: Running):
    await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    for _ in range(2):
        hall.later(10)
        assert (await hall.act("1", "recall"))[0] == 200
    hall.later(10)
    status, problem, _ = await hall.act("1", "recall")
    assert (status, problem["code"]) == (409, "too_many_recalls")
    await hall.act("1", "transfer", {"queue": "general"})
    await hall.act("1", "call-next")
    status, problem, _ = await hall.act("1", "transfer", {"queue": "general"})
    assert (status, problem["code"]) == (409, "too_many_returns")


async def test_a_full_queue_and_a_closed_hall(hall: Running):
    for _ in range(3):
        await hall.take("social")
    path = "/halls/demo/tickets"
    status, problem, _ = await hall.call("POST", path, {"queue": "social"}, role="kiosk")
    assert (status, problem["code"], problem["waiting"]) == (409, "queue_full", 3)
    await hall.actor.submit(CloseDay(by="system:"))
    status, problem, _ = await hall.call("POST", path, {"queue": "general"}, role="kiosk")
    assert (status, problem["code"]) == (409, "hall_closed")


async def test_a_window_of_another_clerk(hall: Running):
    await hall.store.accounts.add_token("another-clerk-token", "clerk", "li", hall.clock.now())
    await hall.open_window()
    status, problem, _ = await hall.act("1", "pause", role=None, token="another-clerk-token")
    assert (status, problem["code"]) == (409, "not_yours")
    status, problem, _ = await hall.act("1", "open", role=None, token="another-clerk-token")
    assert (status, problem["code"]) == (409, "window_taken")
    take_over = {"take_over": True}
    status, opened, _ = await hall.act(
        "1", "open", take_over, role=None, token="another-clerk-token"
    )
    assert status == 200


async def test_a_token_bound_to_a_window_acts_there_only(hall: Running):
    token = "bound-to-window-two"
    await hall.store.accounts.add_token(token, "clerk", "zhang", hall.clock.now(), window="2")
    status, _, _ = await hall.act("2", "open", role=None, token=token)
    assert status == 200
    seq = hall.seq
    status, problem, _ = await hall.act("1", "open", role=None, token=token)
    assert (status, problem["code"]) == (403, "forbidden")
    status, problem, _ = await hall.call("GET", "/halls/demo/windows/1", token=token)
    assert (status, problem["code"]) == (403, "forbidden")
    assert hall.seq == seq


async def test_a_manager_acts_at_every_window(hall: Running):
    await hall.take()
    await hall.open_window()
    status, called, _ = await hall.act("1", "call-next", role="manager")
    assert (status, called["ticket"]["number"]) == (200, "A001")


async def test_an_unknown_window_or_hall(hall: Running):
    status, problem, _ = await hall.act("77", "open")
    assert (status, problem["code"]) == (404, "unknown_window")
    status, problem, _ = await hall.call("POST", "/halls/elsewhere/tickets", {}, role="kiosk")
    assert (status, problem["code"]) == (404, "unknown_hall")
