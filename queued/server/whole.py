"""An answer written in one piece: what a hall sends thousands of times a second.

`web.Response` copies its headers and considers cookies, compression and chunks anew for each
request; that is a fifth of what taking a number costs. Here the head is bytes made once, and
only the date and the length are added. Whatever is not an everyday request (HEAD, HTTP/1.0,
a connection about to close) is answered aiohttp's own way, from the same head.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

JOINED_BYTES_MAX: Final = 4096
"""Shorter answers are copied behind their head; longer ones are handed over beside it."""


class Head:
    """Status and headers of many answers alike."""

    __slots__ = ("bodiless", "headers", "raw", "status")

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = CIMultiDict(headers)
        self.bodiless = status == HTTPStatus.NOT_MODIFIED
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a line break in a header")
        self.raw = "\r\n".join(lines).encode() + b"\r\nDate: "


class Whole(web.StreamResponse):
    """The answer `head` + `body`. Nothing of it can be changed any more."""

    def __init__(self, head: Head, body: bytes = b"") -> None:
        super().__init__(status=head.status)
        self._head = head
        self._whole = body
        self._alive = True

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open after it."""
        return self._alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write everything. Raises `ConnectionResetError` if nobody is there any more."""
        if request.method == "HEAD" or request.version != HttpVersion11 or not request.keep_alive:
            return await self._prepare_slowly(request)
        head, body, writer = self._head, self._whole, request.writer
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        if head.bodiless:
            start = b"%b%b\r\n\r\n" % (head.raw, _date())
        else:
            start = b"%b%b\r\nContent-Length: %d\r\n\r\n" % (head.raw, _date(), len(body))
        if len(body) > JOINED_BYTES_MAX:
            transport.writelines((start, body))
        else:
            transport.write(start + body)
        writer.output_size += len(start) + len(body)
        await writer.drain()  # whoever does not read what was sent gets no more
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """It is written already."""

    async def _prepare_slowly(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        body = None if self._head.bodiless else self._whole
        told = web.Response(status=self.status, headers=self._head.headers, body=body)
        writer = await told.prepare(request)
        await told.write_eof()
        self._alive = bool(told.keep_alive)
        return writer


_dated = (0, b"")


def _date() -> bytes:
    """Now, as RFC 9110 writes dates."""
    global _dated
    second = int(time.time())
    if _dated[0] != second:
        _dated = (second, formatdate(second, usegmt=True).encode())
    return _dated[1]
