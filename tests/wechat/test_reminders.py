"""Reminders come once, in time, and never to somebody who left; crashes make none of them two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queued.core.commands import CancelTicket
from queued.core.plan import Millis
from queued.engine.reminders import ReminderStatus
from queued.wechat import errors
from queued.wechat.emulator.platform import Person, Script
from queued.wechat.inbound import Consented, Delivered, Unfollowed
from tests.wechat.hall_with_account import SUBSCRIBED, TEMPLATES, Town, later, town, until, ways
from tests.wechat.pushes import OTHER_PERSON, PERSON

SEND = "/cgi-bin/message/template/send"
BIZSEND = "/cgi-bin/message/subscribe/bizsend"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as open_:
        yield open_


async def test_a_visit_is_accompanied(hall: Town):
    # given somebody with five ahead
    for _ in range(5):
        await hall.take()
    mine = await hall.take()
    await hall.scans(mine)
    await hall.open()
    # when the line moves on
    for _ in range(5):
        await hall.call()
        await hall.miss()
        await hall.settled()
    # then they are told once that few are ahead
    (near,) = hall.sent("ahead")
    assert near["touser"] == PERSON
    assert near["data"] == {
        "character_string1": "A006",
        "thing2": "综合受理",
        "number3": "3",
        "thing4": "前面还有3人，请在大厅等候",
    }
    assert near["page"] == f"https://hall.example.gov.cn/t/{hall.token(mine)}"
    # and then that it is their turn, and that they were missed
    await hall.call()
    await until(lambda: hall.sent("called"))
    assert hall.sent("called")[0]["data"] == {
        "character_string1": "A006",
        "thing2": "1号窗口",
        "time3": "10:00",
        "phrase4": "请到窗口",
    }
    await hall.miss()
    reminders = await hall.settled()
    assert hall.sent("missed")[0]["data"]["thing3"] == "已过号，请于04:00前返回"
    assert [one.kind for one in reminders] == ["ahead", "called", "missed"]
    assert {one.status for one in reminders} == {ReminderStatus.SENT}
    assert PERSON not in repr(reminders)


async def test_delivery_is_recorded(hall: Town):
    await hall.open()
    await hall.scans(await hall.take())
    await hall.call()
    (_, sent) = await hall.settled()
    await hall.says(Delivered(((sent.carrier_id, ""), ("999", ""), ("", "x"))))
    assert (await hall.owed())[1].status is ReminderStatus.DELIVERED
    await hall.says(Delivered(((sent.carrier_id, "failed:user block"),)))
    assert (await hall.owed())[1].status is ReminderStatus.DELIVERED


async def test_what_binding_has_just_told_is_not_sent_again(hall: Town):
    await hall.take()
    await hall.scans(await hall.take())
    await hall.take()
    (told,) = await hall.settled()
    assert (told.status, told.reason) == (ReminderStatus.DROPPED, "told_when_bound")
    assert not hall.sent()


async def test_nothing_goes_to_a_ticket_without_a_phone(hall: Town):
    await hall.open()
    await hall.take()
    await hall.call()
    assert await hall.settled() == [] and not hall.sent()


# ── Never to somebody who left, never late ────────────────────────────────────────────────


async def test_who_left_or_unfollowed_or_was_called_back_hears_nothing(tmp_path: Path):
    async with town(tmp_path) as hall:
        hall.wechat.platform.people[OTHER_PERSON] = Person(OTHER_PERSON)
        await hall.sender.stop()  # given reminders that are owed and not yet sent
        await hall.open("1")
        await hall.open("2")
        first, second = await hall.take(), await hall.take()
        await hall.scans(first)
        await hall.scans(second, OTHER_PERSON)
        await hall.call("1")
        await hall.call("2")
        await until(lambda: hall.reminders.seen >= hall.hall.seq)
        assert {one.status for one in await hall.owed() if one.kind == "called"} == {"owed"}
        # when one leaves and the other unfollows
        await hall.hall.actor.submit(CancelTicket(ticket=first.id, by="visitor:"))
        await hall.says(Unfollowed(), OTHER_PERSON)
        hall.sender.start()
        # then neither hears anything more, and of the second nothing is left
        reminders = await hall.settled()
        assert not hall.sent()
        assert [one.reason for one in reminders if one.kind == "called"] == ["left"]


async def test_nothing_is_sent_late(tmp_path: Path):
    async with town(tmp_path) as hall:
        await hall.sender.stop()
        await hall.open()
        await hall.scans(await hall.take())
        await hall.call()
        await until(lambda: hall.reminders.seen >= hall.hall.seq)
        later(hall, 121)
        hall.sender.start()
        reminders = await hall.settled()
        assert (reminders[-1].reason, hall.sent()) == ("expired", [])


async def test_events_of_a_long_stop_are_not_told_after_it(tmp_path: Path):
    async with town(tmp_path, start=False) as hall:
        await hall.open()
        await hall.scans(await hall.take())
        await hall.call()
        later(hall, 600)
        await hall.reminders.start()
        hall.sender.start()
        await until(lambda: hall.reminders.seen >= hall.hall.seq)
        # (that it was missed meanwhile is news)
        assert not hall.sent("called") and "called" not in {one.kind for one in await hall.owed()}


# ── Once ──────────────────────────────────────────────────────────────────────────────────


class LastWords:
    """A carrier that dies before, or right after, its message has left."""

    def __init__(self, carrier, *, after: bool) -> None:
        self._carrier = carrier
        self._after = after
        self.died = asyncio.Event()

    async def send_template(self, *asked: object) -> str:
        if self._after:
            await self._carrier.send_template(*asked)
        self.died.set()
        await asyncio.Event().wait()  # never answers again
        return ""


@pytest.mark.parametrize("after", [False, True], ids=["before it left", "after it left"])
async def test_a_crash_while_sending_never_makes_two(tmp_path: Path, after: bool):
    async with town(tmp_path) as hall:
        dying = LastWords(hall.client, after=after)
        hall.sender._carrier = dying
        await hall.open()
        await hall.scans(await hall.take())
        await hall.call()
        await asyncio.wait_for(dying.died.wait(), 10)
        await hall.sender.stop()
        await hall.reminders.stop()
        # when the next process begins, and the follower reads everything again
        hall.sender._carrier = hall.client
        store = hall.hall.store
        await hall.reminders.start()
        hall.sender.start()
        called = [one for one in await hall.settled() if one.kind == "called"]
        assert [one.status for one in called] == [ReminderStatus.UNKNOWN]
        assert len(hall.sent()) == (1 if after else 0)
        # The negative control: had the ledger not said "sending" before, WeChat would be asked
        # again; only its own memory of the message's id would save the person from a second one.
        asked = hall.wechat.platform.calls[SEND]
        await store.reminders._database.write(
            lambda connection: connection.exec_driver_sql("UPDATE reminder SET status = 'owed'")
        )
        hall.sender.wake()
        await until(lambda: hall.wechat.platform.calls[SEND] == asked + 1)


async def test_following_twice_owes_once(hall: Town):
    await hall.open()
    await hall.scans(await hall.take())
    await hall.call()
    before = await hall.settled()
    await hall.hall.store.reminders._database.write(
        lambda connection: connection.exec_driver_sql("DELETE FROM cursor")
    )
    await hall.reminders.stop()
    await hall.reminders.start()
    await until(lambda: hall.reminders.seen >= hall.hall.seq)
    assert await hall.settled() == before and len(hall.sent()) == 1


# ── When WeChat says no ───────────────────────────────────────────────────────────────────


async def called(hall: Town) -> None:
    await hall.open()
    await hall.scans(await hall.take())
    await hall.call()


async def test_a_busy_wechat_is_asked_again_while_it_is_true(hall: Town):
    hall.wechat.platform.scripts.append(Script(SEND, errcode=-1, times=2))
    await called(hall)
    for _ in range(2):
        await until(lambda: hall.sender._timer is not None)
        hall.sender._timer = None
        later(hall, 6)
    reminders = await hall.settled()
    assert reminders[-1].status is ReminderStatus.SENT and len(hall.sent()) == 1
    assert hall.sender.counts == {"called busy": 2, "called sent": 1}


async def test_a_lost_answer_is_not_asked_again(hall: Town):
    hall.wechat.platform.scripts.append(Script(SEND, cut=True))
    await called(hall)
    reminders = await hall.settled()
    assert (reminders[-1].status, reminders[-1].reason) == (ReminderStatus.UNKNOWN, "no_answer")
    assert len(hall.sent()) == 1


async def test_who_does_not_follow_is_left_in_peace(hall: Town):
    hall.wechat.platform.people[PERSON].follows = False
    await called(hall)
    reminders = await hall.settled()
    assert (reminders[-1].status, reminders[-1].reason) == (ReminderStatus.FAILED, "errcode 43004")


async def test_a_day_quota_stops_a_carrier_until_midnight_in_beijing(hall: Town):
    hall.wechat.platform.scripts.append(Script(SEND, errcode=45009))
    await called(hall)
    await until(lambda: hall.sender.counts["called quota"] >= 1)
    midnight = hall.sender._paused["template"]
    assert midnight == 1_795_399_200_000 + 14 * 3_600_000
    assert hall.wechat.platform.calls[SEND] == 0 and not hall.sent()
    await until(lambda: hall.sender._timer is not None)
    later(hall, 130)
    assert [one.reason for one in await hall.settled()][-1] == "expired"


async def test_consent_is_spent_once_and_never_asked_for_again(tmp_path: Path):
    async with town(tmp_path, reminders=ways("subscribe")) as hall:
        digest, template = hall.phones.digest(PERSON), SUBSCRIBED["called"]
        # given one consent, which WeChat knows nothing of any more
        await hall.says(Consented((template,), ()))
        await called(hall)
        reminders = await hall.settled()
        assert (reminders[-1].status, reminders[-1].reason) == (ReminderStatus.FAILED, "no_consent")
        assert await hall.hall.store.reminders.consents(digest) == {}
        # when the next reminder is due, then WeChat is not even asked
        asked = hall.wechat.platform.calls[BIZSEND]
        await hall.miss()
        reminders = await hall.settled()
        assert (reminders[-1].kind, reminders[-1].reason) == ("missed", "no_way")
        assert hall.wechat.platform.calls[BIZSEND] == asked


async def test_a_consent_is_given_back_only_if_nothing_was_sent(tmp_path: Path):
    async with town(tmp_path, reminders=ways("subscribe")) as hall:
        digest, template = hall.phones.digest(PERSON), SUBSCRIBED["called"]
        hall.wechat.platform.people[PERSON].consents[template] = 1
        hall.wechat.platform.scripts.append(Script(BIZSEND, errcode=-1))
        await hall.says(Consented((template,), ()))
        await called(hall)
        await until(lambda: hall.sender._timer is not None)
        assert hall.sender.counts["called busy"] == 1
        assert await hall.hall.store.reminders.consents(digest) == {template: 1}
        later(hall, 6)
        reminders = await hall.settled()
        assert reminders[-1].status is ReminderStatus.SENT
        assert await hall.hall.store.reminders.consents(digest) == {}


async def test_without_consent_the_next_way_is_used(tmp_path: Path):
    both = [*ways("subscribe"), *ways("template")]
    async with town(tmp_path, reminders=both) as hall:
        await hall.says(Consented((SUBSCRIBED["called"],), ()))  # WeChat refuses it: 43101
        await called(hall)
        reminders = await hall.settled()
        assert reminders[-1].status is ReminderStatus.SENT
        assert [one["template"] for one in hall.sent()] == [TEMPLATES["called"]]


async def test_a_long_term_consent_is_good_for_many(tmp_path: Path):
    async with town(tmp_path, reminders=ways("subscribe", long_term=True)) as hall:
        hall.wechat.platform.people[PERSON].consents.update(dict.fromkeys(SUBSCRIBED.values(), 9))
        await hall.says(Consented(tuple(SUBSCRIBED.values()), ()))
        await called(hall)
        await hall.settled()
        await hall.miss()
        await hall.settled()
        assert len(hall.sent()) == 2
        left = await hall.hall.store.reminders.consents(hall.phones.digest(PERSON))
        assert set(left.values()) == {1_000_000}


async def test_errors_of_the_account_are_told_to_its_keeper(hall: Town, caplog):
    hall.wechat.platform.scripts.append(Script(SEND, errcode=40037))
    await called(hall)
    reminders = await hall.settled()
    assert reminders[-1].reason == "errcode 40037" and "called-template" in caplog.text
    assert errors.BY_CODE[40037] is errors.Misconfigured and PERSON not in caplog.text
    status, told, _ = await hall.hall.call("GET", "/halls/demo/alarms", role="manager")
    assert status == 200 and [alarm["text"] for alarm in told["alarms"]] == [
        "微信拒收叫号提醒（模板 called-template，错误码 40037），请联系系统管理员核对公众号设置。"
    ]


async def test_a_miss_of_yesterday_is_not_told_to_who_has_the_same_id_today(hall: Town):
    # given somebody missed in the last minutes of the day
    later(hall, 18 * 3600 - 60)
    await hall.open()
    await hall.scans(await hall.take())
    await hall.call()
    await hall.settled()
    await hall.reminders.stop()
    await hall.miss()
    # when the follower reads of it on the next day, and the first number is somebody else's
    later(hall, 61)
    await until(lambda: hall.hall.actor.hall.day == "2026-11-24")
    hall.wechat.platform.people[OTHER_PERSON] = Person(OTHER_PERSON)
    await hall.scans(await hall.take(), OTHER_PERSON)
    await hall.reminders.start()
    await until(lambda: hall.reminders.seen >= hall.hall.seq)
    # then nobody is owed anything for it
    today = await hall.hall.store.reminders.of_day("demo", "2026-11-24")
    assert [one.kind for one in today if one.kind == "missed"] == []
    assert [one["touser"] for one in hall.sent()] == [PERSON]


async def test_consents_are_not_kept_for_ever(hall: Town):
    reminders, now = hall.hall.store.reminders, hall.hall.clock.now()
    await reminders.consent("digest", "template", 1, now)
    await reminders.expire(Millis(now + 366 * 86_400_000))
    assert await reminders.consents("digest") == {"template": 1}
    await reminders.expire(Millis(now + 366 * 86_400_000 + 1))
    assert await reminders.consents("digest") == {}


async def test_reminders_go_with_their_day(hall: Town):
    await called(hall)
    await hall.settled()
    later(hall, 24 * 3600)  # the next day has begun
    await until(lambda: hall.hall.actor.hall.day == "2026-11-24")
    await until(lambda: hall.reminders.seen >= hall.hall.seq)
    later(hall, 24 * 3600)
    await until(lambda: hall.hall.actor.hall.day == "2026-11-25")

    async def gone() -> bool:
        return not await hall.owed()

    await until(gone)
