"""What must not be built: a server that reads who is next, and marks it in a second step.

It speaks enough of the API for the race, and keeps a journal of what it believes it did.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

from aiohttp import web

from tests.crash.audit import HASH_ZERO, HEAD_STARTS, PENALTY, chained
from tests.crash.process import API, SERVES


class NaiveHall:
    """Tickets in a list, as rows in a table."""

    def __init__(self) -> None:
        self._tickets: list[dict[str, Any]] = []
        self._journal: list[dict[str, Any]] = []
        self._held: dict[str, dict[str, Any]] = {}
        self._hash = HASH_ZERO
        self._clock = count(1_800_000_000_000)

    async def issue(self, request: web.Request) -> web.Response:
        """POST /tickets"""
        asked = await request.json()
        at = next(self._clock)
        queue = asked["queue"]
        value = sum(1 for ticket in self._tickets if ticket["queue"] == queue) + 1
        ticket = {
            "ticket": len(self._tickets) + 1,
            "number": f"{queue.upper()}{value:04}",
            "queue": queue,
            "key": at - HEAD_STARTS[asked["class"]],
            "waiting": True,
        }
        self._tickets.append(ticket)
        self._write("TicketIssued", at, **ticket, base=at, class_=asked["class"])
        return self._told(ticket, 201)

    async def call_next(self, request: web.Request) -> web.Response:
        """POST /windows/{window}/call-next"""
        window = request.match_info["window"]
        # First step: SELECT … WHERE waiting ORDER BY key LIMIT 2.
        ranked = sorted(self._callable(window), key=lambda found: found[:2])[:2]
        if not ranked:
            return web.json_response({"code": "nobody_waiting"}, status=409)
        await asyncio.sleep(0)  # The way to the database and back: others are served meanwhile.
        # Second step: UPDATE … SET waiting = false.
        key, _, rule, ticket = ranked[0]
        ticket["waiting"] = False
        self._held[window] = ticket
        second = ranked[1] if ranked[1:] else (None, None, None, {"number": None})
        self._write(
            "TicketCalled",
            next(self._clock),
            **ticket | {"key": key},
            window=window,
            rule=rule,
            runner_up=second[3]["number"],
            runner_up_key=second[0],
        )
        return self._told(ticket)

    async def step(self, request: web.Request) -> web.Response:
        """POST /windows/{window}/open, start, finish"""
        window, action = request.match_info["window"], request.match_info["action"]
        type_ = {"open": "WindowOpened", "start": "ServiceStarted", "finish": "ServiceFinished"}
        self._write(type_[action], next(self._clock), **self._held.get(window, {}), window=window)
        return web.json_response({})

    async def journal(self, request: web.Request) -> web.Response:
        """GET /journal"""
        after = int(request.query["after"])
        page = self._journal[after : after + 1000]
        return web.json_response(
            {"events": page, "next": page[-1]["seq"] if page[999:] else None}, dumps=_compact
        )

    def _callable(self, window: str):
        own, helped = SERVES[window]
        for ticket in self._tickets:
            if ticket["waiting"] and ticket["queue"] in own:
                yield ticket["key"], ticket["ticket"], "head_start", ticket
            elif ticket["waiting"] and ticket["queue"] in helped:
                yield ticket["key"] + PENALTY, ticket["ticket"], "overflow", ticket

    def _write(self, type_: str, at: int, **body: Any) -> None:
        body["at"] = at
        seq = len(self._journal) + 1
        self._hash = chained(self._hash, seq, at, type_, "naive:", _compact(body).encode())
        self._journal.append(
            {"seq": seq, "type": type_, "by": "naive:", "body": body, "hash": self._hash.hex()}
        )

    def _told(self, ticket: dict[str, Any], status: int = 200) -> web.Response:
        content = {"ticket": {"number": ticket["number"]}, "seq": len(self._journal)}
        return web.json_response(content, status=status)


def _compact(content: Any) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


@contextlib.asynccontextmanager
async def naive_hall() -> AsyncIterator[int]:
    """The naive server on a free port, which is yielded."""
    hall = NaiveHall()
    app = web.Application()
    app.router.add_post(f"{API}/tickets", hall.issue)
    app.router.add_post(f"{API}/windows/{{window}}/call-next", hall.call_next)
    app.router.add_post(f"{API}/windows/{{window}}/{{action}}", hall.step)
    app.router.add_get(f"{API}/journal", hall.journal)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
