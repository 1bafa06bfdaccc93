"""A slip printer: asks before it prints, and knows afterwards whether it printed.

How a slip goes out (`Printer.print`):

    encode ─► status good? ─► `go` (the ledger writes "sent") ─► bytes ─► status good? ─► confirmed
                                                               ▲  │
                                     status good? every 1 KB   └──┘

Whatever fails, the error says whether paper may have moved (`maybe_printed`): False only if no
byte of the slip left. Most printers answer GS r 1 only after everything before it was worked
through, so that question follows the slip as a receipt; one that does not know it is asked with
DLE EOT alone.

Answers to DLE EOT do not say which question they answer, so questions go one at a time, after
everything said earlier was read and thrown away. Automatic status (ASB) may come in between; it
is recognised by its fixed bits and never taken for an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, NoReturn

from drivers import escpos, jobs
from drivers.device import DeviceBroken, DeviceError, DeviceTransient, Transport
from drivers.printer_profile import Profile, profile_of
from drivers.printer_status import (
    Answer,
    AnswerReader,
    Garbage,
    InOrder,
    Realtime,
    Status,
    status_of_realtime,
)
from drivers.remains import Remains
from drivers.typesetting import Line

DRAIN_READS_MAX = 64
"""Reads to empty the line before a question; one that still talks then is not a printer."""

STALE_S = 0.005
"""Silence after which nothing older than the question is under way, on a line on which an answer
has come too late. Where none has, what is there is read away and nothing is waited for."""

POLL_S = 1.0
"""Between two looks at a printer that has not yet said it is through with a slip."""

LOOK_BYTES = 1024
"""A long slip is interrupted so often to ask how the printer is: a second at 9600 baud."""

LOOK_S = 6.0
"""How long that answer may take: behind 4 KB in the kernel's buffer at 9600 baud."""

OFFLINE = 0x08
"""In the answer to DLE EOT 1."""

SENTENCES = {
    "cover_open": "the cover is open",
    "paper_out": "the paper is out",
    "cutter_jam": "the cutter is jammed",
    "error": "the printer reports an error",
    "offline": "the printer is offline",
}


class Printer:
    """One ESC/POS printer on one transport. Calls must not overlap; the supervisor sees to that."""

    def __init__(
        self, config: jobs.DeviceConfig, transport: Transport, remains: Remains | None = None
    ) -> None:
        """`remains`: what earlier drivers of this printer left in it.

        Raises `DeviceBroken` (`bad_option`) naming the option.
        """
        self.id = config.id
        options = dict(config.options)
        if getattr(transport, "one_way", False) and options.setdefault("status", "none") != "none":
            raise DeviceBroken("bad_option", f"printer option status is {options['status']!r}, "
                               f"must be 'none': {config.port} has no way back")  # fmt: skip
        self.profile: Profile = profile_of(options)
        self._transport = transport
        self._answers = AnswerReader()
        self._in_order: bool | None = None if self.profile.status == "auto" else False
        """Whether it knows GS r 1; None until it was asked in good health."""
        self._receipts = 0
        """Answers to GS r 1 heard since it was last asked."""
        self._overdue = True
        """Whether an answer to an older question may still come on this connection."""
        self._answers_busy = True
        """Whether it answers DLE EOT while it prints; some clones do not."""
        self._remains = remains or Remains()
        self.writing = False
        """Whether bytes of the latest slip may have left, for a caller that gave up waiting."""

    async def connect(self) -> None:
        """Opens the port and hears the printer. A printer out of paper is connected all the same.

        Raises `DeviceTransient` (`timeout`, `unplugged`, `offline`, `error`), `DeviceBroken`.
        """
        await self._transport.open()
        self._answers.reset()
        self._remains.reconnected()
        self._answers_busy = self._overdue = True
        if self.profile.status == "auto":
            self._in_order = None
        if self.profile.status != "none":
            await self.status()
            self._overdue = False

    async def close(self) -> None:
        """Never raises."""
        await self._transport.close()

    async def status(self) -> Status:
        """What DLE EOT 1 to 4 say. A printer without a way back (`status=none`) is always well.

        Raises `DeviceTransient`: `timeout` if it is silent, `error` if it answers garbage.
        """
        if self.profile.status == "none":
            return Status()
        await self._forget_stale_answers()
        return status_of_realtime(
            await self._ask(1), await self._ask(2), await self._ask(3), await self._ask(4)
        )

    async def check(self) -> str:
        """"ok" or "near_end" if a slip can be printed now.

        Raises `DeviceTransient`: `cover_open`, `paper_out`, `cutter_jam`, `error`, `offline`,
        `timeout`, `unplugged`.
        """
        status = await self.status()
        if status.fault:
            _raise_fault(status)
        if self._in_order is None:
            self._in_order = await self._works_in_order()
        return status.paper

    async def print(self, slip: jobs.PrintSlip, go: Callable[[], Awaitable[None]]) -> bool:
        """Prints and cuts one slip; True if the printer said afterwards that it is well.

        `go` is awaited when the printer is ready and before the first byte; what it raises comes
        out, and nothing is printed. Raises `DeviceError` with the attribute `maybe_printed`; code
        `bad_job` means that the slip, not the printer, is at fault.
        """
        self.writing = False
        try:
            parts = await self._drawn_while_asked(slip)
            await go()
            if self.profile.status != "none":
                await self._forget_stale_answers()
            self._receipts = 0
            await self._write_slip(parts, slip.after_half)
            confirmed = await self._confirm()
            self._remains.unconfirmed = False
            return confirmed
        except DeviceError as error:
            error.maybe_printed = self.writing  # type: ignore[attr-defined]
            raise

    async def _drawn_while_asked(self, slip: jobs.PrintSlip) -> list[bytes]:
        """The slip as bytes, and the printer well: neither waits for the other."""
        # In a thread: reading a font for the first time may take a slow disk seconds.
        drawing = asyncio.create_task(
            asyncio.to_thread(escpos.encode_parts, slip.blocks, self.profile, _draw, _draw_qr)
        )
        try:
            await self.check()
        except DeviceError:
            await asyncio.wait({drawing})
            if drawing.exception() is None:
                raise
            # A slip that can never be printed is told of, however the printer is.
        except asyncio.CancelledError:
            drawing.cancel()
            raise
        return await drawing

    async def _write_slip(self, parts: list[bytes], after_half: bool) -> None:
        remains = self._remains
        longest = max(map(len, parts))
        hung = remains.begins(after_half)
        if hung:
            # Slips of a hall look alike: this one's commands are as long as the lost one's.
            parts = [escpos.cut_off(self.profile, remains.longest or longest), *parts]
        if self._in_order:
            parts = [*parts, escpos.ASK_PAPER_IN_ORDER]
        # Without a way back there is nothing to ask, and a print queue wants a slip in one piece.
        asks = self.profile.status != "none"
        # Set before the first byte: whoever gives up waiting for us leaves it so.
        remains.hangs = True
        remains.longest = max(longest, remains.longest if hung else 0)
        try:
            await self._write_portions(
                escpos.portions(parts, LOOK_BYTES) if asks else [b"".join(parts)]
            )
        except DeviceError:
            remains.hangs = hung or self.writing
            raise
        remains.hangs, remains.unconfirmed = False, True

    async def _write_portions(self, portions: list[bytes]) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.profile.write_timeout_s
        for number, portion in enumerate(portions):
            if number:
                await self._look()
            before, self.writing = self.writing, True
            try:
                await self._transport.write(portion, max(0.0, deadline - clock()))
            except DeviceError as error:
                # Not told is not none: only a certain 0 means that nothing left.
                self.writing = before or getattr(error, "written", None) != 0
                raise

    async def _look(self) -> None:
        """Between two portions of a slip: raises the printer's fault, if it tells one."""
        if not self._answers_busy:
            return
        await self._forget_stale_answers()
        try:
            answer = await self._ask(1, max(LOOK_S, self.profile.timeout_s))
        except DeviceTransient as error:
            if error.code != "timeout":
                raise
            self._answers_busy = False
            return
        if answer & OFFLINE:
            status = await self.status()
            if status.fault:
                _raise_fault(status)

    async def _confirm(self) -> bool:
        if self.profile.status == "none":
            return False
        if self._in_order:
            await self._await_receipt()
        status = await self.status()
        if status.fault:
            _raise_fault(status)
        return True

    async def _await_receipt(self) -> None:
        """Returns when the answer to GS r 1 came, i.e. the slip was worked through."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.profile.print_timeout_s
        while not self._receipts and clock() < deadline:
            look_at = min(clock() + POLL_S, deadline)
            while not self._receipts and (pause := look_at - clock()) > 0:
                self._hear(await self._transport.read(pause))
            if not self._receipts:
                # A printer that stopped half-way holds the question back and never answers it.
                status = await self.status()
                if status.fault:
                    _raise_fault(status)
        if not self._receipts:
            self._overdue = True
            raise DeviceTransient(
                "timeout", "the slip was sent but the printer is not through with it"
            )

    async def _works_in_order(self) -> bool:
        """Whether it answers GS r 1, asked unless half a slip hangs in it: that may have stopped
        inside a picture, which would swallow the question. Raises `DeviceTransient` (`timeout`)
        if it has answered before and does not now."""
        remains = self._remains
        if remains.hangs and remains.answered_in_order:
            return True
        self._receipts = 0
        knows = await self._knows_gs_r()
        if remains.answered_in_order and not knows:
            raise DeviceTransient("timeout", "the printer does not work through what it gets")
        remains.answered_in_order = knows
        return knows

    async def _knows_gs_r(self) -> bool:
        """Asks GS r 1 of an idle printer. One that does not know it costs one time limit."""
        await self._put(escpos.ASK_PAPER_IN_ORDER)
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.profile.timeout_s
        while not self._receipts and (pause := deadline - clock()) > 0:
            self._hear(await self._transport.read(pause))
        self._overdue = self._overdue or not self._receipts
        return self._receipts > 0

    async def _ask(self, n: Literal[1, 2, 3, 4], limit_s: float = 0.0) -> int:
        """The answer to DLE EOT n, within `limit_s` (0: as the options say)."""
        await self._put(escpos.ask_status(n))
        clock = asyncio.get_running_loop().time
        deadline = clock() + (limit_s or self.profile.timeout_s)
        while (pause := deadline - clock()) > 0:
            for answer in self._hear(await self._transport.read(pause)):
                match answer:
                    case Realtime(byte):
                        return byte
                    case Garbage(byte):
                        raise DeviceTransient(
                            "error", f"the printer answers 0x{byte:02X}, which means nothing"
                        )
        self._overdue = True
        raise DeviceTransient("timeout", "the printer does not answer when asked for its state")

    async def _forget_stale_answers(self) -> None:
        """Reads until the line is quiet, so that the next answer belongs to the next question."""
        for _ in range(DRAIN_READS_MAX):
            data = await self._transport.read(STALE_S if self._overdue else 0.0)
            if not data:
                self._answers.reset()
                return
            self._hear(data)
        raise DeviceTransient("error", "the printer talks without being asked and does not stop")

    def _hear(self, data: bytes) -> list[Answer]:
        answers = self._answers.feed(data)
        receipts = sum(isinstance(answer, InOrder) for answer in answers)
        self._receipts += receipts
        if receipts and self._in_order is False and self.profile.status == "auto":
            # It was not simple, only stuck when this process asked it for the first time.
            self._in_order = self._remains.answered_in_order = True
        return answers

    async def _put(self, question: bytes) -> None:
        await self._transport.write(question, self.profile.timeout_s)


def _raise_fault(status: Status) -> NoReturn:
    raise DeviceTransient(status.fault, SENTENCES[status.fault])


def _draw(line: Line, profile: Profile) -> jobs.Raster:
    # Late: Pillow and a font cost tens of megabytes, and most slips need neither.
    from drivers import raster

    return raster.draw_line(line, profile)


def _draw_qr(code: jobs.Qr, profile: Profile) -> jobs.Raster:
    from drivers import raster

    return raster.draw_qr(code, profile)
