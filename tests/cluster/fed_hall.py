"""A real hall that is fed into a real Redis."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from queued import app as application
from queued.core import commands as c
from queued.core.model import Ticket, TicketId
from queued.core.plan import QueueId, WindowId
from queued.settings_values import RedisSettings, Settings
from tests.hall_parts import settings

WITHOUT_DEVICES = application.Options(devices=False)
CLERK = "clerk:wanglaoshi"
REASON = "去给王小明打电话13800138000"


def fed(url: str, furnished: Settings | None = None) -> Settings:
    """The one-window hall on a free port, with this Redis."""
    furnished = furnished or settings()
    hall = dataclasses.replace(
        furnished.hall, address="人民路1号", latitude=30.25, longitude=120.17
    )
    http = dataclasses.replace(furnished.http, port=0)
    return dataclasses.replace(furnished, hall=hall, http=http, redis=RedisSettings(url))


def reached(url: str) -> Settings:
    """The one-window hall, whose own pages phones reach there; it gives numbers to phones."""
    one = settings()
    first, *others = one.services
    offered = (dataclasses.replace(first, remote=True), *others)
    http = dataclasses.replace(one.http, public_url=url, trusted_proxies=("127.0.0.1",))
    return dataclasses.replace(one, http=http, services=offered)


def publish_news(data: Path) -> None:
    """A notice in two languages."""
    news = data / "content" / "news"
    news.mkdir(parents=True)
    for name, title in (("a.md", "停电公告"), ("a.en.md", "Power cut")):
        text = f'+++\ntitle = "{title}"\ndate = 2026-09-18\n+++\n{title}\n'
        (news / name).write_text(text, "utf-8")


@dataclass(slots=True)
class Fed:
    """What is done in the hall, and what Redis then holds."""

    app: application.App
    redis: Redis

    @property
    def id(self) -> str:
        return self.app.hall.id

    @property
    def seq(self) -> int:
        return self.app.hall.actor.hall.seq

    async def do(self, command: c.Command) -> None:
        await self.app.hall.actor.submit(command)

    async def issue(self, count: int = 1) -> list[Ticket]:
        queue = QueueId(next(iter(self.app.hall.actor.hall.plan.queues)))
        for _ in range(count):
            await self.do(c.IssueTicket(queue=queue, by="kiosk:k"))
        tickets = self.app.hall.actor.hall.tickets
        return [self.app.hall.actor.hall.ticket(TicketId(len(tickets) - n)) for n in range(count)]

    async def open(self) -> WindowId:
        window = WindowId(next(iter(self.app.hall.actor.hall.plan.windows)))
        await self.do(c.OpenWindow(window=window, by=CLERK))
        return window

    def token(self, ticket: Ticket) -> str:
        day = self.app.hall.actor.hall.day
        assert day is not None
        return self.app.hall.tokens.token(day, ticket.id)

    async def get(self, what: str) -> bytes | None:
        found: bytes | None = await self.redis.get(f"queued:{self.id}:{what}")
        return found

    async def entries(self) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
        found: Any = await self.redis.xrange(f"queued:{self.id}:events")
        return found

    async def seqs(self) -> list[int]:
        """Of the events in the stream, in its order."""
        return [int(fields[b"seq"]) for _, fields in await self.entries()]

    async def is_whole(self) -> bool:
        """Whether every event of the journal is in the stream, once and in order."""
        return await self.seqs() == list(range(1, self.seq + 1))


@asynccontextmanager
async def running(
    url: str, data: Path, redis: Redis, furnished: Settings | None = None, **more: Any
) -> AsyncIterator[Fed]:
    """The hall; `url` "" means that it is fed nowhere."""
    configured = fed(url, furnished)
    if not url:
        configured = dataclasses.replace(configured, redis=RedisSettings())
    async with application.running(configured, data, WITHOUT_DEVICES, **more) as app:
        yield Fed(app, redis)
