"""Question and answer with one strip, on a line it may share with others. No protocol.

A question is one or more frames, sent within one turn of the line; an `Ear` says what the
bytes heard mean. What a half-duplex line needs is here: silence after every frame, our own
echo thrown away where the converter hears itself, an answer that came too late not taken for
the next question's, and the time the bytes need in the air: a port takes a frame at once and
sends it for as long as the baud rate says.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from drivers.device import DeviceBroken, DeviceError, DeviceTransient, Transport

TRIES = 3
"""A damaged frame on a long RS-485 line is ordinary; three in a row are a fault."""
WRITE_TIMEOUT_S = 3.0
"""The longest frame (600 bytes with escapes) takes 0.7 s at 9600 baud."""
GAP_MS = 20
"""A half-duplex line needs 3.5 characters of silence and the card a moment to listen again."""
DRAIN_READS_MAX = 64
"""A line that still talks after so many reads is noise."""

Code: TypeAlias = Literal["ok", "noise", "garbled", "busy", "refused", "declined"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What was heard, as the ear understands it.

    ok        accepted
    noise     not an answer; perhaps one follows
    garbled, busy   the strip got the question damaged or cannot now: ask again
    declined  a strip that says no without a reason: ask again, then it is `refused`
    refused   asking again cannot help
    """

    code: Code
    words: str = ""


ACCEPTED = Reply("ok")


class Ear(Protocol):
    """Understands the answers to one kind of question."""

    def reset(self) -> None:
        """A new question: forget what was begun."""
        ...

    def feed(self, data: bytes) -> list[Reply]:
        """What `data` completed, in order."""
        ...


@dataclass(frozen=True, slots=True)
class LineProfile:
    """How to talk on a line: see `strip_options.py`. Every strip's profile begins with these."""

    ack_s: float = 1.0
    gap_ms: int = GAP_MS
    local_echo: bool = False


class StripLine:
    """One strip's way to talk. Calls must not overlap; the supervisor sees to that."""

    def __init__(
        self,
        transport: Transport,
        profile: LineProfile,
        turn: asyncio.Lock | None = None,
        byte_s: float = 0.0,
    ) -> None:
        """`turn` is held around question and answer where several devices share a line.

        `byte_s` is the time a byte needs on the wire, 0 where there is none.
        """
        self.retries = 0
        """Questions asked again since this line was made."""
        self._transport = transport
        self._profile = profile
        self._turn = turn
        self._byte_s = byte_s
        self._silent_at = 0.0
        """On the loop's clock: when the last byte we know of, anybody's, is off the wire."""

    async def open(self) -> None:
        """Raises as `Transport.open`."""
        await self._transport.open()

    async def close(self) -> None:
        """Never raises."""
        await self._transport.close()

    async def ask(self, frames: Sequence[bytes], ear: Ear | None) -> None:
        """Send `frames` until the ear hears `ok`; without an ear: until they have left.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `busy`, `garbled`) or `DeviceBroken`
        (`refused`).
        """
        for tries_left in reversed(range(TRIES)):
            reply = await self._ask(frames, ear)
            if reply is not None and reply.code == "ok":
                return
            if not tries_left or (reply is not None and reply.code == "refused"):
                raise _failure(reply)
            self.retries += 1

    async def _ask(self, frames: Sequence[bytes], ear: Ear | None) -> Reply | None:
        """The strip's reply, `noise` if only that came, None for silence."""
        turn: AbstractAsyncContextManager[None] = self._turn or nullcontext()
        async with turn:
            await self._drain()
            heard = b""
            for left, frame in zip(reversed(range(len(frames))), frames, strict=True):
                flaw, heard = await self._send(frame)
                if flaw is not None:
                    await self._gap()
                    return flaw
                if left:
                    await self._gap()
                    await self._drain()
            reply = ACCEPTED if ear is None else await self._listen(ear, heard, len(frames[-1]))
            await self._gap()
            return reply

    async def _send(self, frame: bytes) -> tuple[Reply | None, bytes]:
        """A flaw of the line or None, and what was heard beyond our own echo."""
        await self._transport.write(frame, WRITE_TIMEOUT_S)
        # Nobody tells us when the last byte is out: the next one on this line must wait.
        self._silent_at = asyncio.get_running_loop().time() + self._air_s(len(frame))
        return await self._echo(frame) if self._profile.local_echo else (None, b"")

    async def _echo(self, frame: bytes) -> tuple[Reply | None, bytes]:
        """Throws away exactly our own bytes; others than those mean two talked at once."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._air_s(len(frame)) + self._profile.ack_s
        heard = b""
        while len(heard) < len(frame) and (left := deadline - clock()) > 0:
            heard += await self._hear(left)
        if not heard.startswith(frame):
            return Reply("garbled", "the line did not echo what was sent"), b""
        return None, heard[len(frame) :]

    async def _listen(self, ear: Ear, heard: bytes, sent: int) -> Reply | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._air_s(sent) + self._profile.ack_s
        ear.reset()
        noise: Reply | None = None
        data, anything = heard, bool(heard)
        while True:
            for reply in ear.feed(data):
                if reply.code != "noise":
                    return reply
                noise = reply
            if (left := deadline - clock()) <= 0:
                break
            data = await self._hear(left)
            anything = anything or bool(data)
        if anything and noise is None:
            return Reply("noise", "no frame in what was heard")
        return noise

    async def _drain(self) -> None:
        """Answers do not say to what: one that came too late must not count for this question."""
        for _ in range(DRAIN_READS_MAX):
            if not await self._transport.read(0):
                return

    async def _hear(self, timeout_s: float) -> bytes:
        data = await self._transport.read(timeout_s)
        if data:
            self._silent_at = asyncio.get_running_loop().time()
        return data

    async def _gap(self) -> None:
        # One sleep for wire and gap, up to a moment: each sleep ends up to a millisecond late.
        until = self._silent_at + self._profile.gap_ms / 1000
        await asyncio.sleep(max(0.0, until - asyncio.get_running_loop().time()))

    def _air_s(self, count: int) -> float:
        return count * self._byte_s


class LineStrip(ABC):
    """One strip on one transport: what all families have in common. A family says `check` and
    `show`. Calls must not overlap; the supervisor sees to that."""

    def __init__(
        self,
        transport: Transport,
        profile: LineProfile,
        turn: asyncio.Lock | None,
        byte_s: float,
    ) -> None:
        self.line = StripLine(transport, profile, turn, byte_s)

    @property
    def retries(self) -> int:
        """Questions asked again since this strip was made."""
        return self.line.retries

    async def connect(self) -> None:
        """Open the port and hear the strip, if it says anything. Raises `DeviceError`."""
        await self.line.open()
        await self.check()

    @abstractmethod
    async def check(self) -> None:
        """Whether the strip answers. Raises `DeviceTransient` (timeout, garbled, unplugged …)."""

    @abstractmethod
    async def show(self, text: str, flash: bool = False) -> str:
        """Show `text` until the next one; returns what can be read on the wall.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `busy`, `garbled`) or `DeviceBroken`
        (`refused`: the strip is there but does not accept this).
        """

    async def close(self) -> None:
        """Never raises."""
        await self.line.close()


def _failure(reply: Reply | None) -> DeviceError:
    if reply is None:
        return DeviceTransient("timeout", "the strip does not answer")
    if reply.code == "noise":
        return DeviceTransient("garbled", f"the strip answers garbage: {reply.words}")
    if reply.code in ("refused", "declined"):
        return DeviceBroken("refused", reply.words)
    return DeviceTransient(reply.code, reply.words)
