"""A window's call pad with its evaluator, protocol hallpad68, on a line it may share.

    address      1 … 127       the pad's number on its line; its evaluator has 128 more
    grades       "0=dissatisfied …"   the evaluator's keys 0 … 4 as grades; default as labelled
                               差 一般 较好 好 很好
    bounce_ms    0 … 5000      the same again within this time is the same press (500): a pad that
                               did not hear its acknowledgement repeats itself
    gap_ms       0 … 500       silence before we answer, for the line's turn-around (20)
    local_echo   true | false  the RS-485 converter hears itself: its echo is thrown away

A frame is acknowledged as soon as the line is free, also a repeated one; only then it counts.
Pads are not asked whether they are there: the protocol has no question for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers import hallpad68 as wire
from drivers.bus import BusHandle
from drivers.debounce import Debounce
from drivers.device import DeviceError
from drivers.input_event import Graded, InputEvent, grades_of
from drivers.input_options import Number, Option, Rule, Switch, Words, bad, check
from drivers.jobs import DeviceConfig, Grade, PadShow

WRITE_TIMEOUT_S = 2.0
"""The longest frame takes 40 ms at 9600 baud."""
HEARD_MAX = 32
"""Frames waiting to be acknowledged; nobody presses faster, so more are noise."""
ECHO_WITHIN_MS = 300
"""Our own echo is back at once; a converter may hold it for some milliseconds."""
GRADES = "0=dissatisfied 1=basically-satisfied 2=satisfied 3=satisfied 4=very-satisfied"

RULES: Mapping[str, Rule] = {
    "address": Number(1, wire.PAD_MAX),
    "grades": Words(200),
    "bounce_ms": Number(0, 5000),
    "gap_ms": Number(0, 500),
    "local_echo": Switch(),
}


@dataclass(frozen=True, slots=True)
class PadProfile:
    """Checked options of one pad."""

    address: int = 1
    grades: str = GRADES
    bounce_ms: int = 500
    gap_ms: int = 20
    local_echo: bool = False

    @property
    def grade_of(self) -> Mapping[str, Grade]:
        """The evaluator's keys."""
        return grades_of(self.grades)


def profile_of(options: Mapping[str, Option]) -> PadProfile:
    """Raises `DeviceBroken` (`bad_option`) naming the option."""
    check("a call pad", options, RULES)
    profile = PadProfile(**options)  # type: ignore[arg-type]  # checked above, name by name
    for key in profile.grade_of:
        if key not in map(str, range(wire.GRADES)):
            raise bad("a call pad", "grades", f"keys from 0 to {wire.GRADES - 1}, not {key!r}")
    return profile


def monotonic_ms() -> int:
    """Milliseconds of the event loop's clock, which only grow."""
    return int(asyncio.get_running_loop().time() * 1000)


class Pad:
    """One pad and its evaluator. `events` and `show` may run at the same time."""

    def __init__(
        self,
        config: DeviceConfig,
        line: BusHandle,
        byte_s: float = 0.0,
        now_ms: Callable[[], int] = monotonic_ms,
    ) -> None:
        """`byte_s`: the time a byte needs on the wire. Raises `DeviceBroken` (`bad_option`)."""
        self.profile = profile_of(config.options)
        self.unknown = 0
        """Frames for us that mean nothing; acknowledged all the same."""
        self._grades = self.profile.grade_of
        self._line = line
        self._byte_s = byte_s
        self._now_ms = now_ms
        self._decoder = wire.Decoder()
        self._heard: deque[tuple[wire.Frame, int]] = deque(maxlen=HEARD_MAX)
        self._arrived = asyncio.Event()
        self._error: DeviceError | None = None
        self._own: deque[tuple[wire.Frame, int]] = deque(maxlen=HEARD_MAX)
        self._bounce = Debounce(self.profile.bounce_ms)
        self._grade_bounce = Debounce(self.profile.bounce_ms)

    async def connect(self) -> None:
        """Open the line and listen. Raises `DeviceError`."""
        await self._line.open()
        self._line.listen(self)

    async def close(self) -> None:
        """Never raises."""
        await self._line.close()

    async def events(self) -> Sequence[InputEvent]:
        """The next press or grade, acknowledged. Raises `DeviceError` when the line is lost."""
        while True:
            await self._arrived.wait()
            if not self._heard:
                if self._error is not None:
                    raise self._error
                self._arrived.clear()
                continue
            # Not taken away before the answer has left: a cancelled call loses nothing.
            frame, at_ms = self._heard[0]
            await self._send(wire.acknowledgement(frame), frame)
            self._heard.popleft()
            event = self._meaning(frame, at_ms)
            if event is not None:
                return (event,)
            if frame.data == wire.ASKS_ADDRESS and frame.address < wire.EVALUATOR:
                await self._talk(wire.show(frame.address, str(frame.address), 0))

    async def show(self, order: PadShow) -> None:
        """The verdict on the last press, then number and waiting count, also if that is none: the
        number before would stay on the display. Raises `DeviceError`."""
        address = self.profile.address
        if order.ok is not None:
            await self._talk(wire.done(address, order.ok))
            if not order.ok:
                await self._talk(wire.alarm(address))
        await self._talk(wire.show(address, order.number, order.waiting))

    # ── what the bus tells ──

    def hear(self, data: bytes) -> bool:
        """Take what was on the line; whether it ends in the middle of a frame."""
        self._keep(self._decoder.feed(data))
        return self._decoder.midway

    def gap(self) -> None:
        """What began will not go on."""
        self._keep(self._decoder.gap())

    def lost(self, error: DeviceError) -> None:
        """The line is gone."""
        self._error = error
        self._arrived.set()

    def _keep(self, frames: list[wire.Frame]) -> None:
        mine = (self.profile.address, self.profile.address + wire.EVALUATOR)
        for frame in frames:
            if frame.address in mine and not self._is_own(frame) and _asks(frame):
                self._heard.append((frame, self._now_ms()))
                self._arrived.set()

    def _is_own(self, frame: wire.Frame) -> bool:
        """Whether the line gives back what we said: once for every time we did."""
        now = self._now_ms()
        while self._own and now - self._own[0][1] > ECHO_WITHIN_MS:
            self._own.popleft()
        for index, (own, _at_ms) in enumerate(self._own):
            if own == frame:
                del self._own[index]
                return True
        return False

    def _meaning(self, frame: wire.Frame, at_ms: int) -> InputEvent | None:
        """The event, None for a repetition or what means nothing."""
        if frame.address >= wire.EVALUATOR:
            grade = self._grades.get(str(wire.grade(frame)))
            if grade is None:
                self.unknown += 1
            elif self._grade_bounce.first(frame, at_ms):
                return Graded(grade)
            return None
        press = wire.key_press(frame)
        if press is None:
            self.unknown += 1
        elif self._bounce.first(frame, at_ms):
            return replace(press, waited_ms=self._now_ms() - at_ms)
        return None

    async def _talk(self, frame: wire.Frame) -> None:
        await self._send(wire.encode(frame), frame)

    async def _send(self, data: bytes, frame: wire.Frame) -> None:
        async with self._line.turn:
            await asyncio.sleep(self.profile.gap_ms / 1000)
            if self.profile.local_echo:
                own = wire.Frame(frame.address, wire.PRESS) if data[0] == wire.START else frame
                self._own.append((own, self._now_ms()))
            await self._line.write(data, WRITE_TIMEOUT_S)
            # Nobody tells us when the last byte is out: the next one on this line must wait.
            await asyncio.sleep(len(data) * self._byte_s)


def _asks(frame: wire.Frame) -> bool:
    """Whether a device wants an answer: a host's own frames, heard on the line, do not."""
    if frame.address >= wire.EVALUATOR:
        return frame.control == wire.GRADE
    return bool(frame.data) and frame.data[-1] >= wire.KEY_START
