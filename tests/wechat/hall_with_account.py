"""A real hall with an official account, and a strict WeChat beside it on the loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from queued.core.commands import CallNext, IssueTicket, MissTicket, OpenWindow
from queued.core.model import Ticket
from queued.core.plan import Millis, QueueId, WindowId
from queued.engine.reminders import Reminder
from queued.settings_wechat_values import ReminderSettings
from queued.wechat.client import WeChatClient
from queued.wechat.emulator.platform import Person, Platform
from queued.wechat.emulator.server import Emulator
from queued.wechat.inbound import Clicked, OpenId, Push, Scanned, What, Wrote
from queued.wechat.messages import About, Conversation
from queued.wechat.people import Phones
from queued.wechat.reminders import Reminders
from queued.wechat.sending import Sender
from queued.wechat.tokens import OwnShelf
from tests.server.hall_under_test import Running, running
from tests.wechat.pushes import ACCOUNT, APPID, PERSON, START, pusher

SECRET = "0123456789abcdef0123456789abcdef"
URL = "https://hall.example.gov.cn"
FIELDS = {
    "ahead": ("character_string1=number", "thing2=queue", "number3=ahead", "thing4=note"),
    "held": ("character_string1=number", "time2=until", "thing3=note"),
    "called": ("character_string1=number", "thing2=window", "time3=time", "phrase4=status"),
    "missed": ("character_string1=number", "time2=until", "thing3=note"),
}
TEMPLATES = {kind: f"TEMPLATE-{kind}-0123456789" for kind in FIELDS}
SUBSCRIBED = {kind: f"SUBSCRIBE-{kind}-012345678" for kind in FIELDS}

DEADLINE_S = 10.0
"""Only ends a test that hangs."""

_keys = count()


def ways(carrier: str = "template", *, long_term: bool = False) -> list[ReminderSettings]:
    """One way for each kind."""
    ids = SUBSCRIBED if carrier == "subscribe" else TEMPLATES
    return [
        ReminderSettings(f"{kind}-{carrier}", kind, carrier, ids[kind], fields, long_term)
        for kind, fields in FIELDS.items()
    ]


@dataclass
class Town:
    """The hall, its account, and WeChat."""

    hall: Running
    wechat: Emulator
    client: WeChatClient
    phones: Phones
    conversation: Conversation
    sender: Sender
    reminders: Reminders

    async def says(self, what: What | str, person: str = PERSON) -> str:
        """What a person reads who writes, clicks or scans."""
        pushed = Wrote(what) if isinstance(what, str) else what
        push = Push(
            account=ACCOUNT,
            person=OpenId(person),
            at_s=START // 1000,
            key=str(next(_keys)),
            what=pushed,
        )
        return await self.conversation.answer(push)

    async def clicks(self, key: str) -> str:
        return await self.says(Clicked(key))

    async def scans(self, ticket: Ticket, person: str = PERSON) -> str:
        return await self.says(Scanned("t." + self.token(ticket)), person)

    def token(self, ticket: Ticket) -> str:
        running = self.hall.site.lives["demo"].running
        return running.tokens.token(self.hall.actor.hall.day or "", ticket.id)

    async def take(self, queue: str = "general") -> Ticket:
        await self.hall.actor.submit(IssueTicket(queue=QueueId(queue), by="kiosk:1"))
        tickets = self.hall.actor.hall.tickets
        return tickets[len(tickets) - 1]

    async def open(self, window: str = "1") -> None:
        await self.hall.actor.submit(OpenWindow(window=WindowId(window), by="clerk:1"))

    async def call(self, window: str = "1") -> None:
        await self.hall.actor.submit(CallNext(window=WindowId(window), by="clerk:1"))

    async def miss(self, window: str = "1") -> None:
        await self.hall.actor.submit(MissTicket(window=WindowId(window), by="clerk:1"))

    def sent(self, kind: str = "") -> list[dict[str, Any]]:
        """What WeChat took, of one kind of reminder."""
        ids = (TEMPLATES.get(kind), SUBSCRIBED.get(kind))
        return [one for one in self.wechat.platform.sent if not kind or one["template"] in ids]

    async def owed(self) -> list[Reminder]:
        return list(await self.hall.store.reminders.of_day("demo", "2026-11-23"))

    async def settled(self) -> list[Reminder]:
        """All reminders, once none is owed or under way and the follower has seen everything."""
        store, seq = self.hall.store, self.hall.seq

        async def quiet() -> bool:
            return self.reminders.seen >= seq and not [
                one for one in await self.owed() if one.status in ("owed", "sending")
            ]

        await until(quiet)
        assert store is not None
        return await self.owed()


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition that must come true."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = condition()
        if await found if asyncio.iscoroutine(found) else found:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came true")


@asynccontextmanager
async def wechat_running() -> AsyncIterator[tuple[Emulator, str]]:
    """WeChat, knowing our templates and one follower; and its address."""
    platform = Platform(APPID, SECRET, START / 1000)
    for kind, fields in FIELDS.items():
        names = frozenset(field.partition("=")[0] for field in fields)
        platform.templates[TEMPLATES[kind]] = platform.templates[SUBSCRIBED[kind]] = names
    platform.people[PERSON] = Person(PERSON)
    emulator = Emulator(platform, pusher(), hosts=frozenset({"hall.example.gov.cn"}))
    runner = web.AppRunner(emulator.application(), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield emulator, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def client_of(http: aiohttp.ClientSession, url: str, clock: Any, **more: Any) -> WeChatClient:
    """A client with shelves of its own."""
    options = {"token_shelf": OwnShelf(), "ticket_shelf": OwnShelf(), "secret": SECRET} | more
    return WeChatClient(http, appid=APPID, api_url=url, clock=clock, **options)


@asynccontextmanager
async def town(
    folder: Path,
    *,
    reminders: list[ReminderSettings] | None = None,
    start: bool = True,
    carrier: Any = None,
) -> AsyncIterator[Town]:
    """Everything; with `start`, reminders follow and are sent."""
    used = ways() if reminders is None else reminders
    async with running(folder) as hall, wechat_running() as (emulator, url):
        client = client_of(hall.http, url, hall.clock)
        live, store = hall.site.lives["demo"].running, hall.store
        phones = Phones(live, store.people, hall.clock)
        names = {"queue:general": "General", "hall": "Citizen Service Centre"}
        sender = Sender(
            hall=live,
            ledger=store.reminders,
            phones=phones,
            carrier=carrier or client,
            clock=hall.clock,
            ways=used,
            ahead=3,
            url=URL,
            names=names,
        )
        reminders = Reminders(
            hall=live,
            journal=store.journal,
            bus=hall.bus,
            ledger=store.reminders,
            phones=phones,
            clock=hall.clock,
            ahead=3,
            kinds=frozenset(way.kind for way in used),
            on_owed=sender.wake,
        )
        long_term = frozenset(way.template for way in used if way.long_term)
        about = About(
            phone="0571-87654321", ahead=3, long_term=long_term, names=names, urls=PAGES
        )
        conversation = Conversation(
            live, phones, store.reminders, hall.clock, about, reminders.bound,
            questions=_questions,
        )  # fmt: skip
        if start:
            await reminders.start()
            sender.start()
            # Its first look at the ledger is over: from now on one event is one round.
            await until(lambda: not sender._wake.is_set() and bool(sender._wake._waiters))
        try:
            yield Town(hall, emulator, client, phones, conversation, sender, reminders)
        finally:
            await reminders.stop()
            await sender.stop()


PAGES = {
    "news_url": "https://hall.example/h/demo/news",
    "questions_url": "https://hall.example/h/demo/questions",
}
"""The pages of columns that this hall has; it has no 微官网."""


async def _questions(question: str, language: str) -> list[tuple[str, str]]:
    """As the columns answer: see `tests/server/test_columns.py`."""
    known = {"zh": ("过户", "二手房怎么过户？"), "en": ("transfer", "Transfer of a home")}
    word, title = known[language]
    return [(title, f"{PAGES['questions_url']}/house")] if word in question else []


def later(town: Town, seconds: float) -> None:
    """Time passes, in the hall and at WeChat."""
    town.hall.clock.move_to(Millis(int(town.hall.clock.now() + seconds * 1000)))
    town.wechat.platform.now += seconds
