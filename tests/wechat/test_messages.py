"""What people write, click and scan is answered as a civil servant would, twice the same way."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queued.core.commands import CancelTicket, StartService
from queued.core.model import Status
from queued.core.plan import WindowId
from queued.wechat import told
from queued.wechat.inbound import Clicked, Consented, Followed, Other, Scanned, Unfollowed
from queued.wechat.messages import LONG_TERM
from queued.wechat.people import TICKETS_MAX
from queued.wechat.phrases import phrases
from tests.wechat.hall_with_account import TEMPLATES, Town, town, ways
from tests.wechat.pushes import OTHER_PERSON, PERSON


@pytest.fixture
async def hall(tmp_path: Path):
    async with town(tmp_path, start=False) as open_:
        yield open_


def test_both_languages_say_the_same_things_with_the_same_facts():
    def facts(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    zh, en = phrases("zh").texts, phrases("en").texts
    assert set(zh) == set(en)
    for name, text in zh.items():
        if name != "cancel.none":
            assert facts(text) == facts(en[name]), name
    assert phrases("ko").language == "zh"


# ── Words ─────────────────────────────────────────────────────────────────────────────────


async def test_queues_are_told_with_their_waiting_people(hall: Town):
    await hall.open()
    for _ in range(3):
        await hall.take()
    reply = await hall.says("排队")
    assert reply == (
        "市民服务中心排队情况（10:00）\n"
        "综合受理（A）：等候3人，新取号预计50分钟内叫到\n"
        "社保医保（B）：窗口暂停服务"
    )
    assert await hall.clicks("QUEUE") == reply


async def test_english_words_get_english_answers(hall: Town):
    await hall.open()
    await hall.take()
    reply = await hall.says("Queue")
    assert reply.startswith("Citizen Service Centre, queues at 10:00\nGeneral (A): 1 waiting")
    assert "queue  how many" in await hall.says("help")


async def test_words_lead_to_the_pages_of_columns(hall: Town):
    await hall.open()
    assert await hall.says("要闻公告") == "要闻公告：https://hall.example/h/demo/news"
    assert await hall.says("TA们都在问") == "TA们都在问：https://hall.example/h/demo/questions"
    assert await hall.says("News") == "Notices: https://hall.example/h/demo/news"
    assert await hall.says("微官网") == await hall.says("帮助"), "it has none"


async def test_a_question_in_ones_own_words_is_answered_with_pages(hall: Town):
    await hall.open()
    assert await hall.says("请问二手房怎么过户？") == (
        "您要问的可能是：\n二手房怎么过户？\nhttps://hall.example/h/demo/questions/house"
    )
    assert (await hall.says("how does a transfer work")).startswith("You may be looking for:")
    assert "无法识别" in await hall.says("今天天气怎么样")


async def test_any_number_on_the_screens_may_be_asked_for(hall: Town):
    await hall.take()
    await hall.take()
    for words in ("A002", "a002", "Ａ００２", " a002。", "“A002”"):
        assert (await hall.says(words)).startswith("A002（综合受理）：前面还有1人。"), words


async def test_a_number_that_is_not_on_the_screens_is_not_told(hall: Town):
    # given one that was cancelled and one that never was
    await hall.take()
    ticket = hall.hall.actor.hall.find("A001")
    await hall.hall.actor.submit(CancelTicket(ticket=ticket.id, by="visitor:"))
    # then nobody learns which is which
    for number in ("A001", "A099", "Z001"):
        assert number in (await hall.says(number))
        assert (await hall.says(number)).startswith("今天没有正在等候或办理的")


async def test_what_is_not_understood_gets_help(hall: Town):
    reply = await hall.says("你好 😀")
    assert reply.startswith("您发送的内容暂时无法识别。\n您好，这里是市民服务中心。")
    assert await hall.says("帮助") in reply
    assert await hall.says(Other("image")) == await hall.says("帮助")
    assert await hall.says(Other("some_new_event")) == ""
    assert await hall.clicks("NEVER_SET") == await hall.says("帮助")


async def test_the_telephone_is_told(hall: Town):
    assert await hall.clicks("PHONE") == "市民服务中心咨询电话：0571-87654321"


# ── One's own ─────────────────────────────────────────────────────────────────────────────


async def test_scanning_a_slip_binds_the_phone(hall: Town):
    await hall.take()
    ticket = await hall.take()
    assert await hall.says("我的号") == "您今天还没有绑定的号。用微信扫描小票上的二维码即可绑定。"
    reply = await hall.scans(ticket)
    assert reply.startswith("已绑定A002号。\nA002（综合受理）：前面还有1人。")
    assert reply.endswith("轮到您时，我们会提醒您，请在大厅等候。")
    assert await hall.scans(ticket) == reply
    assert (await hall.says("我的号")).startswith("A002（综合受理）")
    assert (await hall.says("mine")).startswith("A002 (General): 1 ahead of you.")


async def test_whoever_has_many_ahead_is_promised_both_reminders(hall: Town):
    for _ in range(4):
        await hall.take()
    reply = await hall.scans(await hall.take())
    assert reply.endswith("前面还有3人时和轮到您时，我们会提醒您。")


async def test_following_by_the_slip_binds_too_and_welcomes(hall: Town):
    ticket = await hall.take()
    reply = await hall.says(Scanned("t." + hall.token(ticket), followed=True))
    assert reply.startswith("感谢关注。\n已绑定A001号。")
    assert (await hall.says(Followed())).startswith("感谢关注。\n您好")


async def test_a_guessed_token_binds_nothing(hall: Town):
    await hall.take()
    seq = hall.hall.seq
    for scene in ("", "t.", "t.guess", "t." + "A" * 24, "123", "t." + "号" * 24):
        assert (await hall.says(Scanned(scene))).startswith("这个二维码已失效"), scene
    assert await hall.phones.tickets(PERSON) == [] and hall.hall.seq == seq


async def test_the_first_phone_keeps_its_ticket(hall: Town):
    ticket = await hall.take()
    await hall.scans(ticket)
    taken = await hall.scans(ticket, OTHER_PERSON)
    assert taken == "A001号已绑定另一部手机，请用那部手机查看。"
    assert (await hall.says("取消 A001", OTHER_PERSON)).endswith("不能取消。")
    assert hall.hall.actor.hall.find("A001").status is Status.WAITING


async def test_two_phones_at_once_do_not_both_get_a_ticket(hall: Town, monkeypatch):
    ticket = await hall.take()
    replies = await asyncio.gather(hall.scans(ticket), hall.scans(ticket, OTHER_PERSON))
    assert sum(reply.startswith("已绑定") for reply in replies) == 1
    # The negative control: without waiting for each other, both believe to have it.
    monkeypatch.setattr(hall.phones, "_binding", contextlib.nullcontext())
    ticket = await hall.take()
    replies = await asyncio.gather(hall.scans(ticket), hall.scans(ticket, OTHER_PERSON))
    assert sum(reply.startswith("已绑定") for reply in replies) == 2


async def test_a_phone_collects_no_numbers(hall: Town):
    for _ in range(TICKETS_MAX):
        assert (await hall.scans(await hall.take())).startswith("已绑定")
    assert "已达上限（10个）" in await hall.scans(await hall.take())


async def test_cancelling_takes_the_number_and_says_the_same_twice(hall: Town):
    ticket = await hall.take()
    await hall.scans(ticket)
    asked = await hall.says("取消")
    assert asked.endswith("回复“取消 A001”即放弃该号；放弃后需要重新取号。")
    assert hall.hall.actor.hall.find("A001").status is Status.WAITING
    assert (await hall.says("取消A001")).startswith("A001号已取消")
    assert hall.hall.actor.hall.find("A001").status is Status.CANCELLED
    assert await hall.says("取消 a001") == "A001（综合受理）：已取消。"
    assert await hall.says("取消") == "您没有可以取消的号。"
    assert (await hall.scans(ticket)) == "A001号已结束，不必绑定。"


async def test_a_number_being_served_is_not_cancelled(hall: Town):
    await hall.open()
    ticket = await hall.take()
    await hall.scans(ticket)
    await hall.call()
    assert await hall.says("我的号") == "A001（综合受理）：请到1号窗口办理。"
    await hall.hall.actor.submit(StartService(window=WindowId("1"), by="clerk:1"))
    assert (await hall.says("取消 A001")).startswith("A001号正在办理，不能取消。")


async def test_who_was_missed_is_told_until_when_to_come_back(hall: Town):
    await hall.open()
    await hall.scans(await hall.take())
    await hall.call()
    await hall.miss()
    assert "请于04:00前回到大厅" in await hall.says("我的号")


async def test_unfollowing_leaves_nothing_of_a_person(hall: Town):
    ticket = await hall.take()
    await hall.scans(ticket)
    await hall.says(Consented((TEMPLATES["called"],), ()))
    assert await hall.says(Unfollowed()) == ""
    digest = hall.phones.digest(PERSON)
    assert await hall.phones.tickets(PERSON) == []
    assert hall.phones.bound(hall.hall.actor.hall.day, ticket.id) is None
    assert await hall.hall.store.reminders.consents(digest) == {}
    # and a stranger to us may bind again
    assert (await hall.scans(ticket)).startswith("已绑定")


async def test_consents_are_counted_one_by_one_and_for_good(tmp_path: Path):
    async with town(tmp_path, reminders=ways("subscribe", long_term=True), start=False) as hall:
        digest = hall.phones.digest(PERSON)
        one, long = "ONCE-0123456789-0123456789", ways("subscribe")[0].template
        for _ in range(2):
            await hall.says(Consented((one, long), ()))
        assert await hall.hall.store.reminders.consents(digest) == {one: 2, long: LONG_TERM}
        await hall.says(Consented((), (one,)))
        assert await hall.hall.store.reminders.consents(digest) == {long: LONG_TERM}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=80))
async def test_whatever_is_written_is_answered_shortly_and_changes_nothing(hall: Town, words):
    seq = hall.hall.seq
    reply = await hall.says(words)
    assert 0 < len(reply.encode()) <= told.REPLY_BYTES_MAX and hall.hall.seq == seq


async def test_replies_stay_within_wechats_limit(hall: Town, monkeypatch):
    monkeypatch.setattr(told, "REPLY_BYTES_MAX", 150)
    reply = await hall.says(Clicked("QUEUE"))
    assert len(reply.encode()) <= 150 and reply.endswith("查看。")


async def test_taking_and_booking_are_offered_where_the_hall_does(tmp_path):
    async with town(tmp_path) as made:
        assert "暂未开放" in await made.says("取号")
        assert "在手机上取号" not in await made.says("帮助")
        about = made.conversation._about
        made.conversation._about = replace(
            about, take_url="https://hall.example/h/demo/take", book_url="https://hall.example/b"
        )
        assert "https://hall.example/h/demo/take" in await made.says("在线取号")
        assert "https://hall.example/b" in await made.says("预约")
        assert "Book a time: https://hall.example/b" in await made.says("book")
        assert "在手机上取号" in await made.says("帮助")
