"""A whole hall with an account, a strict WeChat, and phones with browsers of their own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from queued import app as application
from queued.core.commands import CallNext, FinishService, IssueTicket, OpenWindow, StartService
from queued.engine.clock import SimulatedClock
from queued.settings import parse
from queued.wechat.emulator.platform import Person
from queued.wechat.emulator.server import Emulator
from tests.server.hall_under_test import START
from tests.wechat.hall_with_account import SECRET, wechat_running
from tests.wechat.pushes import ACCOUNT, AES_KEY, APPID, OTHER_PERSON, PERSON, TOKEN

HALL = """
[hall]
id = "demo"
name = "市民服务中心"
name_en = "Citizen Service Centre"
[[queue]]
id = "general"
letter = "A"
name = "综合受理"
[[queue]]
id = "social"
letter = "B"
name = "社保医保"
[[service]]
id = "levy"
name = "社保缴费"
queue = "general"
minutes = 10
materials = ["身份证"]
remote = true
appointments = 2
{service}
[[service]]
id = "card"
name = "社保卡"
queue = "social"
minutes = 5
remote = true
[[service]]
id = "paper"
name = "只在现场"
queue = "social"
minutes = 5
[[window]]
id = "1"
name = "1号窗口"
queues = ["*"]
[http]
port = {port}
public_url = "http://127.0.0.1:{port}"
public_requests_per_minute = 100000
"""
WECHAT = """
[wechat]
appid = "{appid}"
secret = "{secret}"
token = "{token}"
aes_key = "{aes_key}"
account = "{account}"
api_url = "{wechat}"
authorize_url = "{wechat}"
"""
IN_WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}


@dataclass
class Seen:
    """What a phone shows."""

    status: int
    text: str
    path: str

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of its form."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.text)
        return dict(found)

    @property
    def code(self) -> str:
        """Of a problem page."""
        found = re.search(r"代码：[0-9]+ ([a-z_]+)", self.text)
        return found[1] if found else ""

    @property
    def token(self) -> str:
        """Of the own-ticket page it ended at."""
        found = re.fullmatch(r"/t/([A-Za-z0-9_-]{24})", self.path)
        assert found, (self.status, self.path, self.code)
        return found[1]


@dataclass
class Phone:
    """A phone in somebody's hand; outside of WeChat if nobody is named."""

    town: Any
    person: str
    http: aiohttp.ClientSession

    async def opens(self, path: str) -> Seen:
        return await self._asks("GET", path)

    async def sends(self, path: str, **fields: Any) -> Seen:
        return await self._asks("POST", path, data=fields)

    async def takes(self, service: str = "levy", **fields: Any) -> Seen:
        """Opens the page and presses the button."""
        page = await self.opens(f"/h/demo/take/{service}")
        return await self.sends(f"/h/demo/take/{service}", **{**page.fields, **fields})

    async def books(self, at: int, service: str = "levy") -> Seen:
        page = await self.opens(f"/h/demo/book/{service}")
        return await self.sends(f"/h/demo/book/{service}", **page.fields, slot=str(at))

    async def _asks(self, method: str, path: str, **more: Any) -> Seen:
        self.town.wechat.phone = self.person
        headers = {**(IN_WECHAT if self.person else {}), "Accept-Language": "zh"}
        async with self.http.request(
            method, self.town.url + path, headers=headers, **more
        ) as answer:
            return Seen(answer.status, await answer.text(), answer.url.path)


@dataclass
class Town:
    """The hall, WeChat, and time."""

    app: application.App
    wechat: Emulator
    clock: SimulatedClock
    url: str
    folder: Path
    http: aiohttp.ClientSession
    phones: list[aiohttp.ClientSession] = field(default_factory=list)

    def phone(self, person: str = PERSON) -> Phone:
        """A phone; "" is one outside of WeChat."""
        http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.phones.append(http)
        return Phone(self, person, http)

    @property
    def hall(self) -> Any:
        return self.app.hall.actor.hall

    def numbers(self) -> list[str]:
        return [ticket.number for ticket in self.hall.tickets]

    async def do(self, *commands: Any) -> None:
        for command in commands:
            await self.app.hall.actor.submit(command)

    async def walk_in(self, queue: str = "general") -> None:
        await self.do(IssueTicket(queue=queue, by="kiosk:1"))

    async def open(self) -> None:
        await self.do(OpenWindow(window="1", by="clerk:1"))

    async def call(self) -> str:
        """The number that is called next, and served."""
        await self.do(CallNext(window="1", by="clerk:1"))
        number = self.hall.calls[0].number
        await self.do(
            StartService(window="1", by="clerk:1"), FinishService(window="1", by="clerk:1")
        )
        return str(number)

    def later(self, *, s: int = 0, minutes: int = 0, days: int = 0) -> None:
        ms = 1000 * (s + 60 * minutes + 86_400 * days)
        self.clock.move_to(self.clock.now() + ms)
        self.wechat.platform.now += ms / 1000

    async def counted(self) -> dict[str, int]:
        """The counter of this part, from /metrics."""
        async with self.http.get(f"{self.url}/metrics") as answer:
            text = await answer.text()
        found = re.findall(r'queued_remote_total\{what="(\w+)"\} (\d+)', text)
        return {what: int(float(count)) for what, count in found}

    def written(self) -> bytes:
        """Every byte the hall has put on the disk, but for its secrets."""
        files = [path for path in (self.folder / "data").rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in files)


@asynccontextmanager
async def town(
    folder: Path, port: int, *, service: str = "", tables: str = "", account: bool = True
) -> AsyncIterator[Town]:
    """Everything; `service` are more keys of the service "levy", `tables` more of the file."""
    async with wechat_running() as (emulator, wechat):
        emulator.hosts |= {f"127.0.0.1:{port}"}
        for person in (PERSON, OTHER_PERSON):
            emulator.platform.people[person] = Person(person)
        text = HALL.format(port=port, service=service) + tables
        if account:
            text += WECHAT.format(
                appid=APPID, secret=SECRET, token=TOKEN, aes_key=AES_KEY, account=ACCOUNT,
                wechat=wechat,
            )  # fmt: skip
        settings = parse(text.encode(), "hall.toml", {})
        clock = SimulatedClock(START)
        options = application.Options(devices=False)
        async with (
            application.running(settings, folder / "data", options, clock) as app,
            aiohttp.ClientSession() as http,
        ):
            made = Town(app, emulator, clock, f"http://127.0.0.1:{port}", folder, http)
            emulator.callback = f"{made.url}/wechat/demo"
            try:
                yield made
            finally:
                for phone in made.phones:
                    await phone.close()
