"""The desk: who sits there, what he did today, what he should know."""

from __future__ import annotations

from typing import Any

import pytest

from queued.core.plan import Millis
from queued.settings import DEFAULT_OUTCOMES
from tests.server.hall_under_test import CONFIG, START, Running, running

LI = "another-clerk-token"


async def desk(hall: Running, window: str = "1", **who: Any) -> Any:
    status, told, _ = await hall.call(
        "GET", f"/halls/demo/windows/{window}", **(who or {"role": "clerk"})
    )
    assert status == 200, told
    return told


@pytest.fixture
async def li(hall: Running) -> dict[str, Any]:
    """Another clerk."""
    await hall.store.accounts.add_token(LI, "clerk", "li", hall.clock.now())
    return {"role": None, "token": LI}


async def test_a_taken_window_names_its_clerk_and_offers_only_to_take_over(hall, li):
    await hall.open_window()
    hall.later(300)
    own, other = await desk(hall), await desk(hall, **li)
    assert own["window"]["yours"] and not other["window"]["yours"]
    assert other["window"]["clerk"] == "clerk-1"
    assert other["window"]["since"] == "2026-11-23T10:00:00+08:00"
    assert other["actions"] == ["open"]

    status, problem, _ = await hall.act("1", "open", **li)
    assert (status, problem["code"], problem["clerk"]) == (409, "window_taken", "clerk-1")
    assert "clerk-1" in problem["detail"]
    status, _, _ = await hall.act("1", "open", {"take_over": True}, **li)
    assert status == 200
    relieved = await desk(hall)
    assert relieved["window"]["clerk"] == "li"
    assert relieved["window"]["since"] == "2026-11-23T10:05:00+08:00"
    assert not relieved["window"]["yours"]
    status, problem, _ = await hall.act("1", "call-next")
    assert (status, problem["code"], problem["clerk"]) == (409, "not_yours", "li")


async def test_a_manager_may_act_at_a_taken_window(hall):
    await hall.take()
    await hall.open_window()
    told = await desk(hall, role="manager")
    assert not told["window"]["yours"]
    assert told["actions"][0] == "open" and "call-next" in told["actions"]


async def test_the_day_is_counted_for_the_clerk_and_for_the_window(hall, li):
    for _ in range(3):
        await hall.take()
    await hall.open_window()
    for seconds, count in ((60, 1), (121, 4)):
        await hall.act("1", "call-next")
        await hall.act("1", "start")
        hall.later(seconds)
        status, _, _ = await hall.act("1", "finish", {"outcome": "done", "count": count})
        assert status == 200
    await hall.act("1", "open", {"take_over": True}, **li)
    await hall.act("1", "call-next", **li)
    one, two = await desk(hall), await desk(hall, **li)
    assert one["mine"]["name"] == "clerk-1"
    assert one["mine"]["counts"]["matters"] == 5
    assert one["mine"]["counts"]["service_s"] == 90
    assert two["mine"] == {
        "name": "li",
        "counts": {"called": 1, "served": 0, "missed": 0, "parked": 0, "transferred": 0,
                   "matters": 0, "service_s": None},
    }  # fmt: skip
    assert one["counts"] == two["counts"]
    assert (one["counts"]["called"], one["counts"]["matters"]) == (3, 5)


@pytest.mark.parametrize("count", [0, -1, 100, 1.5, "2", None])
async def test_a_count_that_is_none_changes_nothing(hall, count):
    await hall.take()
    await hall.open_window()
    await hall.act("1", "call-next")
    await hall.act("1", "start")
    seq = hall.seq
    status, problem, _ = await hall.act("1", "finish", {"count": count})
    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["path"] == "count"
    assert hall.seq == seq


async def test_long_waits_and_absent_visitors_are_alarms(hall):
    await hall.take()
    await hall.take(**{"class": "priority"})
    hall.later(29 * 60)
    await hall.take()
    await hall.open_window()
    assert (await desk(hall))["alarms"] == []
    hall.later(60)
    late = {"code": "long_wait", "number": "A001", "count": 2, "waited_s": 1800}
    told = await desk(hall)
    assert told["alarms"] == [late]
    assert {one["number"]: one.get("long", False) for one in told["waiting"]} == {
        "A001": True, "A002": True, "A003": False,
    }  # fmt: skip

    await hall.act("1", "call-next")
    for calls in (1, 2):
        alarms = (await desk(hall))["alarms"]
        assert "absent" not in [alarm["code"] for alarm in alarms], f"{calls} calls"
        hall.later(10)
        status, _, _ = await hall.act("1", "recall")
        assert status == 200
    absent = {"code": "absent", "number": "A002", "count": 3, "waited_s": None}
    assert absent in (await desk(hall))["alarms"]
    await hall.act("1", "start")
    assert absent not in (await desk(hall))["alarms"]


async def test_a_clock_that_was_set_back_is_an_alarm(hall):
    await hall.open_window()
    assert (await desk(hall))["alarms"] == []
    hall.clock._at = Millis(START - 60_000)  # as after a restart with a dead battery
    assert [alarm["code"] for alarm in (await desk(hall))["alarms"]] == ["clock"]


async def test_a_hall_says_how_visits_end(hall, tmp_path):
    _, told, _ = await hall.call("GET", "/halls/demo/services")
    assert [one["id"] for one in told["outcomes"]] == [one.id for one in DEFAULT_OUTCOMES]
    own = '[[outcome]]\nid = "filed"\nname = "备案"\nname_en = "Filed"\n'
    quiet = CONFIG.replace("[rules]", "[rules]\nlong_wait_minutes = 0")
    async with running(tmp_path / "other", config=quiet + own) as other:
        _, told, _ = await other.call("GET", "/halls/demo/services")
        assert told["outcomes"] == [{"id": "filed", "name": "备案", "name_en": "Filed"}]
        await other.take()
        await other.open_window()
        other.later(10 * 3600)
        assert (await desk(other))["alarms"] == []


async def test_the_page_to_choose_a_window_says_who_sits_where(hall, li):
    await hall.open_window()
    _, _, sent = await hall.call("POST", "/session", {"token": LI})
    headers = {"Cookie": sent["Set-Cookie"].partition(";")[0]}
    status, text, _ = await hall.page("/h/demo/windows", headers=headers)
    assert status == 200
    assert "clerk-1" in text and "10:00" in text
    for path in ("/h/demo/windows/1", "/h/demo/windows/1/caller"):
        status, _, _ = await hall.page(path, headers=headers)
        assert status == 200
        status, _, _ = await hall.page(path)
        assert status == 303
    status, _, _ = await hall.page("/h/demo/windows/9/caller", headers=headers)
    assert status == 404
