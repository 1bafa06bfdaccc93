"""One request of WeChat's servers: proven, decrypted, answered once, within its five seconds.

How it works. WeChat waits five seconds and then asks again, three times in all; a person must
not be answered, and nothing be done, twice. So every push becomes one task under its key. The
request waits for the task for 4.5 s; a retry waits for the same task and gets the same reply. If
the task takes longer, WeChat is told "success" (it asks no more), and the reply goes out as a
customer-service message when it is there.

Against replays: timestamps must be near, and a nonce serves one push only. In plain mode a
signature does not cover the body, so a seen one could carry any other push.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from queued.engine.clock import Clock
from queued.wechat import crypto, inbound, xml
from queued.wechat.inbound import Push

log = logging.getLogger(__name__)

Mode: TypeAlias = Literal["plain", "compatible", "safe"]
"""明文, 兼容, 安全: how WeChat's console is set. compatible takes both kinds."""

ANSWER_WITHIN_S = 4.5
"""WeChat hangs up after 5 s; half a second is for the way."""

TIMESTAMP_WITHIN_S = 600
"""Own choice, WeChat sets none: clocks of two well-kept machines, and its three tries."""

REMEMBERED_MS = 2 * TIMESTAMP_WITHIN_S * 1000
"""Longer than any timestamp is accepted, ahead and behind: no nonce is forgotten too early."""

REMEMBERED_MAX = 20_000
"""Pushes of twenty minutes; sixteen a second all the time. Each costs some 500 bytes."""

TASKS_MAX = 500
"""Answers in the making; one takes milliseconds, so more means that something hangs."""

ECHO = re.compile(r"[!-~]{1,128}")
"""What WeChat wants to see again when an address is entered in its console."""

_NUMBER = re.compile(r"[0-9]{9,11}")
_NONCE = re.compile(r"[!-~]{1,128}")

SUCCESS = b"success"
"""Nothing to say, and no need to ask again. Never encrypted."""

STATUS: Mapping[str, int] = {
    "malformed": 400,
    "doctype": 400,
    "too_large": 413,
    "overloaded": 503,
}
"""HTTP status by reason; every other reason is 403: whoever asks is not WeChat."""


class CallbackRefused(Exception):
    """The request is not answered, nothing has changed. `reason` is counted, `status` is HTTP."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = STATUS.get(reason, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What proves WeChat to us and us to WeChat. `account` "" takes pushes of any `gh_…` id."""

    token: str = field(repr=False)
    vault: crypto.Vault
    mode: Mode = "safe"
    account: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of the HTTP answer and its type."""

    body: bytes
    content_type: str = "application/xml"


@dataclass(slots=True)
class _Kept:
    """A push being answered, or answered. `late`: WeChat has been told "success"."""

    until_ms: int
    task: asyncio.Task[str]
    late: bool = False


Answer: TypeAlias = Callable[[Push], Awaitable[str]]
"""The reply to a push; "" for none."""

Later: TypeAlias = Callable[[Push, str], Awaitable[None]]
"""Sends a reply that came too late for its request."""


class Callback:
    """The callback address of one account. `counts`: what became of requests, by reason."""

    def __init__(
        self,
        credentials: Credentials,
        answer: Answer,
        later: Later,
        clock: Clock,
        *,
        sorry: str = "",
        within_s: float = ANSWER_WITHIN_S,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`sorry` is the reply when answering failed."""
        self._credentials = credentials
        self._answer = answer
        self._later = later
        self._clock = clock
        self._sorry = sorry
        self._within_s = within_s
        self._chance = chance
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._nonces: OrderedDict[tuple[str, str], tuple[int, str]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = 0
        self.counts: Counter[str] = Counter()

    def verify(self, query: Mapping[str, str]) -> str:
        """The echo that proves our token when the address is entered. Raises `CallbackRefused`.

        In every mode with the plain signature: an official account's echo is never encrypted.
        """
        try:
            self._fresh(query)
            self._signed(query, "signature")
            if not ECHO.fullmatch(query.get("echostr", "")):
                raise CallbackRefused("malformed")
        except CallbackRefused as refusal:
            self.counts[refusal.reason] += 1
            raise
        self.counts["verified"] += 1
        return query["echostr"]

    async def receive(self, query: Mapping[str, str], body: bytes) -> Reply:
        """The reply to a push. Raises `CallbackRefused`; then nothing has happened."""
        try:
            push, key = self._open(query, body)
            self._once(query, push)
            kept = self._task(push)
        except CallbackRefused as refusal:
            self.counts[refusal.reason] += 1
            raise
        await asyncio.wait({kept.task}, timeout=self._within_s)
        if not kept.task.done() and not kept.late:
            kept.late = True
            self.counts["late"] += 1
        if kept.late:
            return Reply(SUCCESS, "text/plain")
        return self._reply(push, kept.task.result(), key, query["nonce"])

    async def stop(self) -> None:
        """Give up what is still being answered."""
        tasks = [kept.task for kept in self._kept.values()] + [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ── From bytes to a push ──────────────────────────────────────────────────────────────

    def _open(self, query: Mapping[str, str], body: bytes) -> tuple[Push, bytes | None]:
        """The push, and the key it was encrypted with (None: plain)."""
        if len(body) > xml.BYTES_MAX:
            raise CallbackRefused("too_large")
        self._fresh(query)
        encrypted = query.get("encrypt_type") == "aes"
        if encrypted and self._credentials.mode != "plain":
            return self._opened(query, body)
        if encrypted or self._credentials.mode == "safe":
            raise CallbackRefused("wrong_mode")
        self._signed(query, "signature")
        return self._push(body), None

    def _opened(self, query: Mapping[str, str], body: bytes) -> tuple[Push, bytes]:
        # Of the outer document only `Encrypt` is looked at: the rest is not signed.
        envelope = xml.text(_parsed(body), "Encrypt")
        self._signed(query, "msg_signature", envelope)
        try:
            opened = self._credentials.vault.open(envelope)
        except crypto.NotForUs as failure:
            raise CallbackRefused(failure.reason) from None
        return self._push(opened.message), opened.key

    def _push(self, document: bytes) -> Push:
        try:
            push = inbound.read(_parsed(document))
        except inbound.NotAPush:
            raise CallbackRefused("malformed") from None
        if self._credentials.account and push.account != self._credentials.account:
            raise CallbackRefused("wrong_account")
        return push

    def _fresh(self, query: Mapping[str, str]) -> None:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not _NUMBER.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
            raise CallbackRefused("malformed")
        if abs(self._clock.now() / 1000 - int(timestamp)) > TIMESTAMP_WITHIN_S:
            raise CallbackRefused("stale")

    def _signed(self, query: Mapping[str, str], name: str, *more: str) -> None:
        parts = (self._credentials.token, query["timestamp"], query["nonce"], *more)
        if not crypto.is_signed(query.get(name, ""), *parts):
            raise CallbackRefused("bad_signature")

    # ── Once ──────────────────────────────────────────────────────────────────────────────

    def _once(self, query: Mapping[str, str], push: Push) -> None:
        """A nonce serves one push, however often WeChat retries it."""
        now = self._clock.now()
        while self._nonces and next(iter(self._nonces.values()))[0] <= now:
            self._nonces.popitem(last=False)
        used = query["timestamp"], query["nonce"]
        known = self._nonces.get(used)
        if known is not None and known[1] != push.key:
            raise CallbackRefused("replayed")
        if known is None:
            self._nonces[used] = (now + REMEMBERED_MS, push.key)
            if len(self._nonces) > REMEMBERED_MAX:
                self._nonces.popitem(last=False)

    def _task(self, push: Push) -> _Kept:
        """The task that answers `push`: a new one, or that of its first try."""
        now = self._clock.now()
        while self._kept and self._forgettable(next(iter(self._kept.values())), now):
            self._kept.popitem(last=False)
        kept = self._kept.get(push.key)
        if kept is not None:
            self.counts["repeated"] += 1
            return kept
        if self._working >= TASKS_MAX:
            raise CallbackRefused("overloaded")
        self._working += 1
        self.counts["answered"] += 1
        task = asyncio.get_running_loop().create_task(self._answered(push))
        kept = self._kept[push.key] = _Kept(now + REMEMBERED_MS, task)
        task.add_done_callback(lambda _: self._done(push, kept))
        return kept

    def _forgettable(self, kept: _Kept, now: int) -> bool:
        return kept.task.done() and (kept.until_ms <= now or len(self._kept) > REMEMBERED_MAX)

    async def _answered(self, push: Push) -> str:
        try:
            return await self._answer(push)
        except Exception:  # an edge: a failure is told to the person, never to WeChat
            # Without the traceback's values: a push holds an openid.
            log.exception("a push could not be answered: %s", type(push.what).__name__)
            self.counts["failed"] += 1
            return self._sorry

    def _done(self, push: Push, kept: _Kept) -> None:
        self._working -= 1
        if not kept.late or kept.task.cancelled() or not kept.task.result():
            return
        task = asyncio.get_running_loop().create_task(self._sent_late(push, kept.task.result()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sent_late(self, push: Push, text: str) -> None:
        try:
            await self._later(push, text)
        except Exception as failure:  # noqa: BLE001 — an edge: nobody waits for this task
            log.warning("a late reply could not be sent: %s", type(failure).__name__)
            self.counts["late_unsent"] += 1

    # ── From a text to bytes ──────────────────────────────────────────────────────────────

    def _reply(self, push: Push, text: str, key: bytes | None, nonce: str) -> Reply:
        if not text:
            return Reply(SUCCESS, "text/plain")
        now = self._clock.now() // 1000
        plain = xml.render(
            {
                "ToUserName": push.person,
                "FromUserName": push.account,
                "CreateTime": now,
                "MsgType": "text",
                "Content": text,
            }
        )
        if key is None:
            return Reply(plain)
        appid = self._credentials.vault.appid
        random = self._chance(crypto.RANDOM_BYTES)
        encrypted = crypto.encrypt(key, plain, appid, random)
        signed = crypto.signature(self._credentials.token, str(now), nonce, encrypted)
        return Reply(
            xml.render(
                {
                    "Encrypt": encrypted,
                    "MsgSignature": signed,
                    "TimeStamp": now,
                    "Nonce": nonce,
                }
            )
        )


def _parsed(document: bytes) -> Mapping[str, list[xml.Node]]:
    try:
        return xml.parse(document)
    except xml.NotXml as failure:
        raise CallbackRefused(failure.reason) from None
