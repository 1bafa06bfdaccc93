"""The hall that the tests of the server speak to."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from argon2 import PasswordHasher

from display.pages import Pages
from drivers.jobs import DeviceReport
from queued.core.commands import Configure
from queued.core.estimate import Estimator
from queued.core.model import TicketId
from queued.core.plan import Millis
from queued.engine.bus import Bus, Committed
from queued.engine.clock import SimulatedClock
from queued.engine.hall import HallActor
from queued.engine.halls import RunningHall
from queued.engine.recovery import recover
from queued.engine.tokens import TicketTokens
from queued.furnishing import calendar_of, plan_of
from queued.furniture import Furniture
from queued.server.application import SITE, build, serve
from queued.server.columns import columns_in
from queued.server.devices import PrintedSlip, SlipState
from queued.server.parts import Parts, Site
from queued.settings import parse
from queued.storage.store import Store

START = Millis(1_795_399_200_000)
"""2026-11-23 10:00 in Shanghai."""

CONFIG = """
[hall]
id = "demo"
name = "市民服务中心"
name_en = "Citizen Service Centre"
timezone = "Asia/Shanghai"
day_starts = "04:00"
[rules]
recall_max = 2
returns_max = 1
[[queue]]
id = "general"
letter = "A"
name = "综合受理"
name_en = "General"
[[queue]]
id = "social"
letter = "B"
name = "社保医保"
waiting_max = 3
[[service]]
id = "company-setup"
name = "企业开办"
queue = "general"
minutes = 12
materials = ["身份证", "租赁合同"]
[[window]]
id = "1"
name = "1号窗口"
queues = ["general"]
overflow = ["social"]
[[window]]
id = "2"
name = "2号窗口"
queues = ["general", "social"]
[http]
public_requests_per_minute = 100000
tickets_per_minute = 1000
sign_in_attempts_per_minute = 5
"""

TOKENS = {
    role: f"token-of-{role}-0123456789"
    for role in ("kiosk", "clerk", "manager", "admin", "display", "device", "auditor", "remote")
}
PASSWORD = "correct horse"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class FakeDevices:
    """Devices that a test sets; it speaks the same protocol as the real ones."""

    states: dict[int, SlipState] = field(default_factory=dict)
    printed: dict[str, list[PrintedSlip]] = field(default_factory=dict)
    reprints: list[tuple[str, str, int, str]] = field(default_factory=list)

    def reports(self) -> Sequence[DeviceReport]:
        return [
            DeviceReport(device="printer-1", kind="escpos", state="ready", since_ms=START),
            DeviceReport(
                device="strip-1",
                kind="bx-fontcard",
                state="broken",
                since_ms=START,
                last_error="unplugged",
            ),
        ]

    def strip_texts(self) -> Mapping[str, str]:
        return {"strip-1": "请A001号到1号窗口"}

    async def slip_of(self, hall: str, day: str, ticket: TicketId) -> SlipState | None:
        return self.states.get(ticket)

    async def reprint(self, hall: str, day: str, ticket: TicketId, by: str) -> SlipState:
        self.reprints.append((hall, day, ticket, by))
        self.states[ticket] = SlipState("queued", "", "printer-1")
        return self.states[ticket]

    def slips(self, device: str) -> Sequence[PrintedSlip]:
        return self.printed.get(device, [])


@dataclass
class Running:
    """A server that listens, and the client to speak to it with."""

    url: str
    http: aiohttp.ClientSession
    site: Site
    store: Store
    clock: SimulatedClock
    bus: Bus
    devices: FakeDevices

    @property
    def actor(self) -> HallActor:
        return self.site.lives["demo"].running.actor

    @property
    def seq(self) -> int:
        return self.actor.hall.seq

    async def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        role: str | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, decoded body and headers of an API call."""
        sent = dict(headers or {})
        if role is not None:
            token = TOKENS[role]
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        url = self.url + ("" if path.startswith("/api") else "/api/v1") + path
        async with self.http.request(
            method, url, json=json, data=data, headers=sent, allow_redirects=False
        ) as answer:
            kind = answer.headers.get("Content-Type", "")
            body = await answer.json(content_type=None) if "json" in kind else await answer.read()
            return answer.status, body, answer.headers

    async def page(self, path: str, **more: Any) -> tuple[int, str, Mapping[str, str]]:
        """Status, text and headers of a page."""
        method = more.pop("method", "GET")
        async with self.http.request(
            method, self.url + path, allow_redirects=False, **more
        ) as answer:
            return answer.status, await answer.text(), answer.headers

    async def take(self, queue: str = "general", **more: Any) -> dict[str, Any]:
        """A ticket taken at the kiosk."""
        body = {"queue": queue, **more}
        status, taken, _ = await self.call("POST", "/halls/demo/tickets", body, role="kiosk")
        assert status == 201, taken
        return taken["ticket"]

    async def act(
        self, window: str, action: str, body: Any = None, *, role: str = "clerk", **more: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        """A window action."""
        path = f"/halls/demo/windows/{window}/{action}"
        return await self.call("POST", path, body, role=role, **more)

    async def open_window(self, window: str = "1") -> None:
        status, body, _ = await self.act(window, "open")
        assert status == 200, body

    def later(self, seconds: float) -> None:
        """Time passes."""
        self.clock.move_to(Millis(int(self.clock.now() + seconds * 1000)))


@asynccontextmanager
async def running(
    folder: Path, *, config: str = CONFIG, demo: bool = False, content: Path | None = None,
    **parts_more: Any,
) -> AsyncIterator[Running]:  # fmt: skip
    """Start everything, furnish the hall, open the day; stop it in reverse."""
    settings = parse(config.encode(), "hall.toml", {})
    clock, bus = SimulatedClock(START), Bus()
    store = await Store.open(folder / "data")
    estimator = Estimator()
    hall_id = settings.hall.id

    def learn(committed: Committed) -> None:
        for event in committed.events:
            estimator.observe(event, committed.hall)

    bus.listen(learn)
    calendar = calendar_of(settings)
    recovered = await recover(store.journal, hall_id)
    actor = HallActor(
        hall_id,
        store.journal,
        clock,
        bus,
        recovered,
        keys=await store.journal.keys(hall_id, Millis(0)),
        after_close=lambda at: calendar.opening(at, "system:"),
    )
    actor.start()
    await actor.submit(Configure(plan=plan_of(settings), by="system:"))
    furniture = await Furniture.open(settings, store.configurations)
    await furniture.attach(actor, bus)
    await actor.submit(calendar.opening(clock.now(), "system:"))
    await _hand_out_tokens(store)
    devices = FakeDevices()
    tokens = TicketTokens(hall_id, store.secret)
    own = RunningHall(hall_id, actor, calendar, tokens, estimator)
    app = build(
        Parts(
            halls={hall_id: own},
            columns={hall_id: columns_in(content, own, clock)},
            bus=bus,
            store=store,
            settings=furniture.settings,
            furniture=furniture,
            pages=Pages(),
            devices=devices,
            clock=clock,
            version="test",
            demo=demo,
            **parts_more,
        )
    )
    runner = await serve(app, "127.0.0.1", 0)
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Running(f"http://{host}:{port}", http, app[SITE], store, clock, bus, devices)
    await runner.cleanup()
    await furniture.stop()
    await actor.stop()
    await store.close()


async def _hand_out_tokens(store: Store) -> None:
    for role, token in TOKENS.items():
        if await store.accounts.token(token) is None:
            await store.accounts.add_token(token, role, f"{role}-1", START)


def process_memory_kb() -> int:
    """Resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
