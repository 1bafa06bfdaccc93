"""A request of WeChat is proven, answered once and in time; anything else changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core.plan import Millis
from queued.engine.clock import SimulatedClock
from queued.wechat import callback as c
from queued.wechat.crypto import Vault, key_of
from queued.wechat.inbound import Clicked, Push, Wrote
from tests.wechat.pushes import (
    ACCOUNT,
    AES_KEY,
    APPID,
    OLD_AES_KEY,
    PERSON,
    RANDOM,
    START,
    TOKEN,
    Requests,
    event,
    pusher,
    wrote,
)


class Listening:
    """A callback whose account says back what it heard."""

    def __init__(self, mode: str = "safe", within_s: float = 4.5) -> None:
        self.clock = SimulatedClock(START)
        self.heard: list[Push] = []
        self.late: list[str] = []
        self.gate: asyncio.Event | None = None
        self.sent_late = asyncio.Event()
        vault = Vault(APPID, (key_of(AES_KEY), key_of(OLD_AES_KEY)))
        credentials = c.Credentials(token=TOKEN, vault=vault, mode=mode, account=ACCOUNT)
        self.callback = c.Callback(
            credentials, self.answer, self.later, self.clock, sorry="系统繁忙", within_s=within_s
        )

    async def answer(self, push: Push) -> str:
        self.heard.append(push)
        if self.gate is not None:
            await self.gate.wait()
        match push.what:
            case Wrote(content):
                if content == "fail":
                    raise RuntimeError("broken on purpose")
                return f"听到了：{content}"
            case _:
                return ""

    async def later(self, push: Push, text: str) -> None:
        self.late.append(text)
        self.sent_late.set()

    async def refused(self, query, body) -> str:
        before = len(self.heard)
        with pytest.raises(c.CallbackRefused) as refusal:
            await self.callback.receive(query, body)
        assert len(self.heard) == before
        assert self.callback.counts[refusal.value.reason] >= 1
        return refusal.value.reason


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
async def test_each_mode_is_answered_in_kind(mode):
    hall, sender = Listening(mode), pusher(mode)
    query, body = Requests(sender).of(wrote("排队 😀 𠮷"))
    reply = await hall.callback.receive(query, body)
    assert sender.read(reply.body, PERSON, query["nonce"]) == "听到了：排队 😀 𠮷"
    assert hall.heard[0].person == PERSON and PERSON not in repr(hall.heard[0])


async def test_compatible_mode_also_takes_plain_pushes():
    hall, sender = Listening("compatible"), pusher("plain")
    query, body = Requests(sender).of(wrote("排队"))
    reply = await hall.callback.receive(query, body)
    assert sender.read(reply.body, PERSON, query["nonce"]) == "听到了：排队"


async def test_in_compatible_mode_the_unsigned_plain_fields_are_not_believed():
    hall, sender = Listening("compatible"), pusher("compatible")
    query, body = Requests(sender).of(wrote("排队"))
    forged = body.replace("排队".encode(), "取消".encode()).replace(PERSON.encode(), b"o" * 28)
    await hall.callback.receive(query, forged)
    assert (hall.heard[0].person, hall.heard[0].what) == (PERSON, Wrote("排队"))


async def test_the_old_key_is_understood_and_answered_with():
    hall, sender = Listening(), pusher(aes_key=OLD_AES_KEY)
    query, body = Requests(sender).of(wrote("排队"))
    reply = await hall.callback.receive(query, body)
    assert sender.read(reply.body, PERSON, query["nonce"]) == "听到了：排队"


async def test_nothing_to_say_is_a_plain_success():
    hall = Listening()
    reply = await hall.callback.receive(*Requests().of(event("CLICK", "QUEUE")))
    assert reply == c.Reply(b"success", "text/plain")
    assert hall.heard[0].what == Clicked("QUEUE")


# ── The address is verified ───────────────────────────────────────────────────────────────


def test_the_echo_comes_back_verbatim_in_every_mode():
    for mode in ("plain", "compatible", "safe"):
        query = pusher(mode).echo(START // 1000, "486452656", "4375120948345356249")
        assert Listening(mode).callback.verify(query) == "4375120948345356249"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signature": "0" * 40}, "bad_signature"),
        ({"signature": ""}, "bad_signature"),
        ({"nonce": "486452657"}, "bad_signature"),
        ({"nonce": ""}, "malformed"),
        ({"timestamp": "now"}, "malformed"),
        ({"timestamp": str(START // 1000 - 3600)}, "stale"),
        ({"timestamp": str(START // 1000 + 3600)}, "stale"),
        ({"echostr": ""}, "malformed"),
        ({"echostr": "<script>\n"}, "malformed"),
        ({"echostr": "1" * 129}, "malformed"),
    ],
)
def test_a_wrong_echo_is_refused(change, reason):
    hall = Listening()
    query = pusher().echo(START // 1000, "486452656", "437") | change
    with pytest.raises(c.CallbackRefused) as refused:
        hall.callback.verify(query)
    assert refused.value.reason == reason
    assert hall.callback.counts == {reason: 1}


# ── What is refused ───────────────────────────────────────────────────────────────────────


async def test_a_wrong_signature_is_refused():
    query, body = Requests(pusher(token="guessed")).of(wrote("取消"))
    assert await Listening().refused(query, body) == "bad_signature"


async def test_the_plain_signature_does_not_count_in_safe_mode():
    # given a request whose plain signature is right, and whose msg_signature is not
    query, body = Requests().of(wrote("取消"))
    query["msg_signature"] = query["signature"]
    assert await Listening().refused(query, body) == "bad_signature"


async def test_a_flipped_byte_is_refused():
    query, body = Requests().of(wrote("取消"))
    place = body.index(b"<Encrypt>") + 40
    flipped = body[:place] + (b"A" if body[place : place + 1] != b"A" else b"B") + body[place + 1 :]
    assert await Listening().refused(query, flipped) == "bad_signature"


async def test_plain_pushes_are_refused_in_safe_mode_and_encrypted_ones_in_plain_mode():
    query, body = Requests(pusher("plain")).of(wrote("取消"))
    assert await Listening("safe").refused(query, body) == "wrong_mode"
    query, body = Requests(pusher("safe")).of(wrote("取消"))
    assert await Listening("plain").refused(query, body) == "wrong_mode"


async def test_a_push_for_another_account_is_refused():
    # given the same token and key, but another appid or account
    foreign = replace(pusher(), appid="wx0000000000000000")
    query, body = foreign.push(wrote("取消"), START // 1000, "1", RANDOM)
    assert await Listening().refused(query, body) == "wrong_appid"
    renamed = replace(pusher(), account="gh_000000000000")
    query, body = renamed.push(wrote("取消"), START // 1000, "2", RANDOM)
    assert await Listening().refused(query, body) == "wrong_account"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<!DOCTYPE x><xml><A>1</A></xml>", "doctype"),
        (b"<xml><A>1</A></xml>", "malformed"),
        (b"not xml", "malformed"),
        (
            b"<xml><ToUserName>gh_97417a04a28d</ToUserName><FromUserName>../../etc</FromUserName>"
            b"<CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
            "malformed",
        ),
        (
            b"<xml><ToUserName>gh_97417a04a28d</ToUserName><FromUserName>o12345678</FromUserName>"
            b"<CreateTime>-1</CreateTime><MsgType>text</MsgType></xml>",
            "malformed",
        ),
    ],
)
async def test_a_signed_document_that_is_no_push_is_refused(document, reason):
    hall = Listening()
    query, body = pusher().raw(document, START // 1000, "1", RANDOM)
    assert await hall.refused(query, body) == reason


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read():
    query, _ = Requests().of(wrote("排队"))
    assert await Listening().refused(query, b"<xml>" + b"A" * 65536) == "too_large"


async def test_old_requests_are_refused():
    hall = Listening()
    query, body = Requests().of(wrote("取消"))
    hall.clock.move_to(Millis(START + 601_000))
    assert await hall.refused(query, body) == "stale"


async def test_a_seen_signature_carries_no_other_push():
    # In plain mode the signature does not cover the body: whoever saw one could send anything.
    hall = Listening("plain")
    query, body = Requests(pusher("plain")).of(wrote("排队"))
    await hall.callback.receive(query, body)
    forged = body.replace("排队".encode(), "取消".encode()).replace(b"<MsgId>", b"<MsgId>9")
    assert await hall.refused(query, forged) == "replayed"


async def test_nonces_are_remembered_as_long_as_their_timestamps_are_good():
    hall = Listening()
    requests = Requests()
    query, body = requests.of(wrote("排队"), at=Millis(START + 599_000))
    await hall.callback.receive(query, body)
    hall.clock.move_to(Millis(START + 599_000 + 600_000))
    again, other = pusher().push(wrote("取消"), int(query["timestamp"]), query["nonce"], RANDOM)
    assert await hall.refused(again, other) == "replayed"


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=6), st.binary())
def test_garbage_is_refused_and_counted(query, body):
    hall = Listening()

    async def ask() -> None:
        with pytest.raises(c.CallbackRefused):
            await hall.callback.receive(query, body)
        with pytest.raises(c.CallbackRefused):
            hall.callback.verify(query)

    asyncio.run(ask())
    assert sum(hall.callback.counts.values()) == 2 and not hall.heard


# ── Once, and in time ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fields", [wrote("取消"), event("CLICK", "CANCEL")], ids=["a message", "an event"]
)
async def test_a_retry_gets_the_same_reply_and_does_nothing_again(fields):
    hall, requests = Listening(), Requests()
    first = requests.of(fields)
    replies = [await hall.callback.receive(*first), await hall.callback.receive(*first)]
    query, body = requests.of(fields)  # the same push under a new nonce
    replies.append(await hall.callback.receive(query, body))
    nonces = [first[0]["nonce"], first[0]["nonce"], query["nonce"]]
    texts = [
        pusher().read(one.body, PERSON, nonce) for one, nonce in zip(replies, nonces, strict=True)
    ]
    assert len(hall.heard) == 1 and len(set(texts)) == 1
    assert hall.callback.counts == {"answered": 1, "repeated": 2}


async def test_the_same_words_twice_are_two_messages():
    # The negative control of the test above: without the same MsgId it is another push.
    hall, requests = Listening(), Requests()
    for _ in range(2):
        await hall.callback.receive(*requests.of(wrote("取消")))
    assert len(hall.heard) == 2


async def test_two_events_of_one_second_are_told_apart_by_their_keys():
    hall, requests = Listening(), Requests()
    for key in ("QUEUE", "MINE"):
        await hall.callback.receive(*requests.of(event("CLICK", key)))
    assert [push.what for push in hall.heard] == [Clicked("QUEUE"), Clicked("MINE")]


async def test_a_late_reply_goes_out_as_a_message_and_retries_are_told_success():
    hall = Listening(within_s=0.01)
    hall.gate = asyncio.Event()
    fields, requests = wrote("我的号"), Requests()
    first = await hall.callback.receive(*requests.of(fields))
    again = await hall.callback.receive(*requests.of(fields))
    assert first.body == again.body == b"success" and not hall.late
    hall.gate.set()
    await asyncio.wait_for(hall.sent_late.wait(), 5)
    assert hall.late == ["听到了：我的号"] and len(hall.heard) == 1
    third = await hall.callback.receive(*requests.of(fields))
    assert third.body == b"success" and len(hall.late) == 1


async def test_a_retry_while_the_first_try_is_being_answered_waits_for_the_same_answer():
    hall = Listening()
    hall.gate = asyncio.Event()
    fields, requests = wrote("我的号"), Requests()
    first = asyncio.ensure_future(hall.callback.receive(*requests.of(fields)))
    while not hall.heard:
        await asyncio.sleep(0)
    first.cancel()  # WeChat hung up
    query, body = requests.of(fields)
    second = asyncio.ensure_future(hall.callback.receive(query, body))
    await asyncio.sleep(0)
    hall.gate.set()
    reply = await second
    assert pusher().read(reply.body, PERSON, query["nonce"]) == "听到了：我的号"
    assert len(hall.heard) == 1 and not hall.late


async def test_a_failure_is_told_politely_and_counted():
    hall = Listening()
    query, body = Requests().of(wrote("fail"))
    reply = await hall.callback.receive(query, body)
    assert pusher().read(reply.body, PERSON, query["nonce"]) == "系统繁忙"
    assert hall.callback.counts["failed"] == 1


async def test_too_many_unfinished_answers_are_refused_not_queued(monkeypatch):
    monkeypatch.setattr(c, "TASKS_MAX", 2)
    hall = Listening(within_s=0.001)
    hall.gate = asyncio.Event()
    requests = Requests()
    for word in "ab":
        await hall.callback.receive(*requests.of(wrote(word)))
    assert await hall.refused(*requests.of(wrote("c"))) == "overloaded"
    hall.gate.set()
    await hall.callback.stop()


async def test_what_is_remembered_has_a_bound_and_an_end(monkeypatch):
    monkeypatch.setattr(c, "REMEMBERED_MAX", 5)
    hall, requests = Listening(), Requests()
    for number in range(20):
        await hall.callback.receive(*requests.of(wrote(str(number))))
    assert len(hall.callback._kept) <= 7 and len(hall.callback._nonces) <= 6
    hall.clock.move_to(Millis(START + 2_000_000))
    at = hall.clock.now()
    await hall.callback.receive(*requests.of(wrote("later", at=at), at=at))
    assert len(hall.callback._kept) == 1 and len(hall.callback._nonces) == 1
