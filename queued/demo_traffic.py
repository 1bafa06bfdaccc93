"""Virtual visitors and clerks for the demonstration hall. They use the public API like anybody.

Visitors take numbers at the kiosk, clerks open windows, call, serve, and now and then miss,
park, transfer or pause. The first windows are left to the person watching.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp

log = logging.getLogger(__name__)

ARRIVAL_MEAN_S = 14.0
"""Between two visitors at speed 1."""

WALK_S = (4.0, 12.0)
"""From the chair to the window."""

SERVICE_MEAN_S = 65.0
WAITING_MAX = 45
"""Visitors stop coming beyond this, so that a demo left running stays a picture of a hall."""

FIRST_VISITORS = 14
RETRY_S = 2.0

OUTCOMES = ("办结", "办结", "办结", "受理", "退件")
PAUSES = ("休息", "会议", "整理材料")
REASONS = ("补充材料", "填写表格")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Where to send whom. `tokens` are a kiosk's and one for each staffed window."""

    base_url: str
    hall_id: str
    kiosk_token: str
    clerk_tokens: Mapping[str, str]
    speed: float
    seed: int = 1


async def run(traffic: Traffic) -> None:
    """Until cancelled."""
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        api = _Api(session, traffic)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_visitors(api, traffic))
            for number, window in enumerate(traffic.clerk_tokens):
                random = Random(traffic.seed * 1000 + number)
                tasks.create_task(_clerk(api, traffic, window, random))


class _Api:
    """The public API over HTTP; refusals come back as their code."""

    def __init__(self, session: aiohttp.ClientSession, traffic: Traffic) -> None:
        self._session = session
        self._root = f"{traffic.base_url}/api/v1/halls/{traffic.hall_id}"
        self._speed = traffic.speed

    async def get(self, path: str) -> dict[str, Any]:
        async with self._session.get(self._root + path) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def post(self, path: str, token: str, body: Mapping[str, Any]) -> tuple[str, Any]:
        """("", answer) or (code, problem)."""
        headers = {"Authorization": f"Bearer {token}"}
        url = self._root + path
        async with self._session.post(url, json=body, headers=headers) as response:
            answer = await response.json(content_type=None)
            code = "" if response.status < 400 else str(answer.get("code", response.status))
            return code, answer

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


async def _visitors(api: _Api, traffic: Traffic) -> None:
    random = Random(traffic.seed)
    services = (await api.get("/services"))["services"]
    for _ in range(FIRST_VISITORS):
        await _visit(api, traffic, random, services)
    while True:
        await api.pause(random.expovariate(1 / ARRIVAL_MEAN_S))
        with _server_away():
            snapshot = await api.get("")
            if sum(queue["waiting"] for queue in snapshot["queues"]) < WAITING_MAX:
                await _visit(api, traffic, random, services)


async def _visit(
    api: _Api, traffic: Traffic, random: Random, services: Sequence[Mapping[str, Any]]
) -> None:
    service = random.choice(services)
    class_ = "priority" if random.random() < 0.15 else "normal"
    body = {"service": service["id"], "class": class_}
    code, _ = await api.post("/tickets", traffic.kiosk_token, body)
    if code:
        await api.pause(RETRY_S)


async def _clerk(api: _Api, traffic: Traffic, window: str, random: Random) -> None:
    token = traffic.clerk_tokens[window]

    async def act(action: str, **body: Any) -> str:
        code, _ = await api.post(f"/windows/{window}/{action}", token, body)
        return code

    while True:
        with _server_away():
            await act("open")
            while True:
                await _one_visitor(api, act, random)
        await api.pause(RETRY_S)


async def _one_visitor(api: _Api, act: Any, random: Random) -> None:
    code = await act("call-next")
    if code == "nobody_waiting":
        return await api.pause(RETRY_S * 2)
    if code == "window_busy":  # a number from before a restart
        await act("start")
        await act("finish", outcome="办结")
        return None
    if code:
        await api.pause(RETRY_S)
        await act("open")
        return None
    await api.pause(random.uniform(*WALK_S))
    chance = random.random()
    if chance < 0.07:
        await api.pause(12)
        await act("recall")
        await api.pause(10)
        await act("miss")
        return None
    await act("start")
    await api.pause(random.lognormvariate(0, 0.6) * SERVICE_MEAN_S)
    if chance < 0.10:
        await act("park", reason=random.choice(REASONS))
    else:
        await act("finish", outcome=random.choice(OUTCOMES))
    if random.random() < 0.03:
        await act("pause", reason=random.choice(PAUSES))
        await api.pause(40)
        await act("open")
    return None


@contextlib.contextmanager
def _server_away() -> Any:
    """The server restarts or is busy: visitors and clerks wait, as people do."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, KeyError) as error:
        log.warning("demo traffic waits: %r", error)
