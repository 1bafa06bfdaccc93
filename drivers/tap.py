"""Where the bytes of one device can be looked at, and nowhere else.

A tap sits at the device's end of its line. As long as nobody watches, it costs one look at a
flag for each portion of bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from drivers.clock import Clock
from drivers.device import Transport
from drivers.frames import FRAME_BYTES_MAX, FrameSeen, Word

log = logging.getLogger("drivers")

FRAMES_PER_S_MAX = 50
"""Nobody reads faster; a strip has two frames a second, a long slip some forty in all."""
WATCH_MAX_S = 60.0
"""Who watches asks again before that; a hall that forgot does not pay for ever."""


class Describer(Protocol):
    """Reads a device's bytes back to words. Keeps what is not yet a whole frame."""

    def out(self, data: bytes) -> Sequence[Word]:
        """What `data`, sent to the device, completes. Never raises."""
        ...

    def heard(self, data: bytes) -> Sequence[Word]:
        """What `data`, come from the device, completes. Never raises."""
        ...


class Tap:
    """The tap of `device`. `describer` makes a fresh reader; `private`: bytes are not told."""

    def __init__(
        self, device: str, describer: Callable[[], Describer | None], private: bool = False
    ) -> None:
        self.watched = False
        self._device = device
        self._make_describer = describer
        self._private = private
        self._describer: Describer | None = None
        self._report: Callable[[FrameSeen], None] = _nowhere
        self._clock: Clock | None = None
        self._until_ms = 0
        self._second = 0
        self._told = 0
        self._left_out = 0

    def watch(self, until_ms: int, report: Callable[[FrameSeen], None], clock: Clock) -> None:
        """Tell `report` every frame until `until_ms`, at most `WATCH_MAX_S` from now."""
        now_ms = clock.now_ms()
        until_ms = min(until_ms, now_ms + round(WATCH_MAX_S * 1000))
        if not self.watched:
            self._left_out = 0
        self._until_ms, self._report, self._clock = until_ms, report, clock
        self.watched = until_ms > now_ms
        if not self.watched:
            self._describer = None

    def out(self, data: bytes) -> None:
        """`data` went to the device. Only when `watched`."""
        self._bytes("out", data)

    def heard(self, data: bytes) -> None:
        """`data` came from the device. Only when `watched`."""
        self._bytes("in", data)

    def ordered(self, order: bytes) -> None:
        """The device was given `order` (JSON). Only when `watched`."""
        if self._may_tell():
            self._tell("order", order, ())

    def over(self, transport: Transport) -> TappedTransport:
        """`transport` with this tap at its end."""
        return TappedTransport(transport, self)

    def _bytes(self, direction: Literal["out", "in"], data: bytes) -> None:
        for at in range(0, len(data), FRAME_BYTES_MAX):
            if not self._may_tell():
                continue
            part = data[at : at + FRAME_BYTES_MAX]
            self._tell(direction, part, self._words_of(direction, part))

    def _words_of(self, direction: Literal["out", "in"], data: bytes) -> Sequence[Word]:
        try:
            if self._describer is None:
                self._describer = self._make_describer()
            if self._describer is None:
                return ()
            read = self._describer.out if direction == "out" else self._describer.heard
            return read(data)
        except Exception:  # an edge: looking at a line must never disturb the line
            log.exception("bytes of device %s cannot be read back", self._device)
            self._describer = None
            return ()

    def _may_tell(self) -> bool:
        assert self._clock is not None
        now_ms = self._clock.now_ms()
        if now_ms >= self._until_ms:
            self.watched = False
            self._describer = None
            return False
        if now_ms // 1000 != self._second:
            self._second, self._told = now_ms // 1000, 0
        if self._told >= FRAMES_PER_S_MAX:
            self._left_out += 1
            self._describer = None  # it misses bytes now: what follows is read afresh
            return False
        self._told += 1
        return True

    def _tell(
        self, direction: Literal["out", "in", "order"], data: bytes, words: Sequence[Word]
    ) -> None:
        assert self._clock is not None
        shown = b"" if self._private else data
        left_out, self._left_out = self._left_out, 0
        self._report(
            FrameSeen(
                device=self._device,
                at_ms=self._clock.now_ms(),
                direction=direction,
                data=shown,
                length=len(data),
                words=tuple(words),
                left_out=left_out,
            )
        )


class TappedTransport:
    """A `Transport` with a tap at its end."""

    def __init__(self, inner: Transport, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    async def open(self) -> None:
        await self._inner.open()

    async def write(self, data: bytes, timeout_s: float) -> int:
        return await tapped_write(self._inner, self._tap, data, timeout_s)

    async def read(self, timeout_s: float) -> bytes:
        data = await self._inner.read(timeout_s)
        if self._tap.watched and data:
            self._tap.heard(data)
        return data

    async def close(self) -> None:
        await self._inner.close()

    def __getattr__(self, name: str) -> Any:
        # What only some transports have (`one_way`).
        return getattr(self._inner, name)


async def tapped_write(inner: Transport, tap: Tap, data: bytes, timeout_s: float) -> int:
    """As `inner.write`; the tap hears what left, of a failed write what may have left."""
    try:
        written = await inner.write(data, timeout_s)
    except Exception as error:
        # Raised again as it is; what left before the failure is what a technician looks for.
        if tap.watched:
            tap.out(data[: getattr(error, "written", 0)])
        raise
    if tap.watched:
        tap.out(data)
    return written


def untapped() -> Tap:
    """For a device without a line."""
    return Tap("", lambda: None)


def _nowhere(_frame: FrameSeen) -> None:
    pass
