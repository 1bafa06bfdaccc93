"""One keep-alive HTTP/1.1 connection that notices how it ends: whole answers, or what was cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REPLY_S = 30.0
"""Answers take milliseconds; this only ends a test that hangs."""

LINE_BYTES_MAX = 1 << 20


class Cut(Exception):
    """The connection ended before the answer was whole. `received` of it had arrived."""

    def __init__(self, received: bytes, *, reset: bool) -> None:
        super().__init__(f"cut after {received[:80]!r}" + (" by a reset" if reset else ""))
        self.received = received
        self.reset = reset


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def replayed(self) -> bool:
        """Whether the server says that this is an earlier answer again."""
        return self.headers.get("idempotent-replayed") == "true"


class Line:
    """A connection of one caller. Make it with `Line.open`; a context closes it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    @classmethod
    async def open(cls, port: int, token: str = "") -> Line:
        """Connect; raises `Cut` if nobody listens."""
        try:
            streams = await asyncio.open_connection("127.0.0.1", port, limit=LINE_BYTES_MAX)
        except OSError as error:
            raise Cut(b"", reset=True) from error
        return cls(*streams, token)

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_failure: object) -> None:
        self.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str = "",
    ) -> Reply:
        """Send a request, wait for its whole answer. Raises `Cut`."""
        content = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", "Host: hall"]
        if self._token:
            lines.append(f"Authorization: Bearer {self._token}")
        if key:
            lines.append(f"Idempotency-Key: {key}")
        if body is not None or method == "POST":
            lines.append("Content-Type: application/json")
            lines.append(f"Content-Length: {len(content)}")
        try:
            self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
            return await asyncio.wait_for(self._reply(), REPLY_S)
        except OSError as error:
            raise Cut(b"", reset=True) from error

    async def _reply(self) -> Reply:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise Cut(error.partial, reset=False) from error
        first, *rest = head[:-4].decode("latin-1").split("\r\n")
        headers = {}
        for line in rest:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        try:
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        except asyncio.IncompleteReadError as error:
            raise Cut(head + error.partial, reset=False) from error
        return Reply(int(first.split()[1]), headers, body)

    async def rest(self) -> bytes:
        """Everything until the server ends the connection. Raises `Cut` on a reset."""
        try:
            return await asyncio.wait_for(self._reader.read(-1), REPLY_S)
        except OSError as error:
            raise Cut(b"", reset=True) from error

    def close(self) -> None:
        """End the connection."""
        self._writer.close()
