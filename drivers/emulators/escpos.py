"""A strict ESC/POS slip printer without a line: bytes in, answers and cut pages out.

What it does not know, or what a real printer would print as rubbish, is written down in
`violations`; it guesses nothing and stops at nothing. Real-time questions (DLE EOT) are answered
when they arrive, everything else in its turn: while the cover is open or the paper out, the rest
waits in the buffer and is printed when that is over, as in a real printer.
`serving` puts it on a TCP port or a pseudo terminal. What stands on paper is `paper`'s, what a
command means is `escpos_commands`'.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from drivers.emulators.escpos_commands import HANDLERS
from drivers.emulators.escpos_press import Press
from drivers.emulators.escpos_tokens import RealtimeScanner, Token, Tokenizer
from drivers.emulators.paper import Page
from drivers.printer_profile import DOTS_OF_WIDTH

BUFFER_TOKENS_MAX = 1 << 20
"""What a printer that cannot print holds; a host that sends more has not asked its status."""


REALTIME = (b"\x10\x04", b"\x10\x05")


@dataclass(slots=True)
class PrinterFaults:
    """What is wrong with the printer; may be changed at any time."""

    paper: Literal["ok", "near_end", "out"] = "ok"
    cover_open: bool = False
    offline: bool = False
    cutter_jam: bool = False
    jams_at_cut: bool = False
    """The next cut jams the cutter."""
    dots_left: int | None = None
    """The paper is out after so many more dots of feed."""
    stuck: bool = False
    """Works through nothing, yet answers real-time questions as if all were well."""
    silent: bool = False
    """Prints, but answers nothing."""
    dies_after: int | None = None
    """Power is lost after so many more bytes; then nothing is heard or said any more."""

    @property
    def stopped(self) -> bool:
        """Whether it cannot print now."""
        return self.paper == "out" or self.cover_open or self.offline or self.cutter_jam


class PrinterEmulator:
    """One printer. `charset` is what its ROM has: gbk, gb2312 or gb18030."""

    def __init__(
        self,
        width_mm: int = 80,
        charset: Literal["gbk", "gb2312", "gb18030"] = "gbk",
        knows_gs_r: bool = True,
    ) -> None:
        self.faults = PrinterFaults()
        self.press = Press(width_mm, DOTS_OF_WIDTH[width_mm], charset)
        self.knows_gs_r = knows_gs_r
        self.dead = False
        """Whether it lost its power."""
        self.asb_mask = 0
        """The n of the latest GS a; 0 = no automatic status."""
        self.asb_told = b""
        """The latest automatic status block sent."""
        self._tokenizer = Tokenizer()
        self._scanner = RealtimeScanner()
        self._waiting: deque[Token] = deque()

    @property
    def pages(self) -> list[Page]:
        """Cut pages, oldest first; the caller may empty the list."""
        return self.press.pages

    @property
    def violations(self) -> list[str]:
        """What the host did wrong, oldest first."""
        return self.press.violations

    @property
    def unfinished(self) -> bool:
        """Whether bytes wait: a command that has not ended, or a buffer behind a fault."""
        return bool(self._tokenizer.pending or self._waiting or self.press.dirty)

    def feed(self, data: bytes) -> bytes:
        """Takes what the host sent, returns what the printer answers at once. Never raises."""
        if self.faults.dies_after is not None:
            data = data[: self.faults.dies_after]
            self.faults.dies_after -= len(data)
        if self.dead:
            return b""
        answers = self.spontaneous()
        for question in self._scanner.feed(data):
            answers += bytes([self.realtime(question)])
        # Real-time questions were answered above; they never wait.
        tokens = self._tokenizer.feed(data)
        self._waiting.extend(token for token in tokens if token.name not in REALTIME)
        if len(self._waiting) > BUFFER_TOKENS_MAX:
            self.press.violate("the buffer overflowed")
            self._waiting.clear()
        answers += self._work()
        self.dead = self.faults.dies_after == 0
        return b"" if self.faults.silent else answers

    def power_cycle(self) -> None:
        """What was not printed yet is lost, what was printed hangs in the printer."""
        self._tokenizer.reset()
        self._scanner = RealtimeScanner()
        self._waiting.clear()
        self.press.lose_power()
        self.dead, self.asb_mask, self.asb_told = False, 0, b""
        self.faults.dies_after = None

    def tear(self) -> None:
        """Somebody tears off what was printed: how a page ends without a cutter."""
        self.press.tear()

    def spontaneous(self) -> bytes:
        """An automatic status block if one is switched on and the state has changed, or b""."""
        block = self.automatic()
        if not self.asb_mask or block == self.asb_told:
            return b""
        self.asb_told = block
        return block

    def realtime(self, n: int) -> int:
        """The answer to DLE EOT `n`, 1 to 4."""
        faults = self.faults
        bits = {
            1: 0x08 * faults.stopped,
            2: 0x04 * faults.cover_open | 0x20 * (faults.paper == "out") | 0x40 * faults.cutter_jam,
            3: 0x08 * faults.cutter_jam,
            4: {"ok": 0, "near_end": 0x0C, "out": 0x6C}[faults.paper],
        }
        return 0x12 | bits[n]

    def automatic(self) -> bytes:
        """The four bytes of ASB."""
        faults = self.faults
        first = 0x10 | 0x08 * faults.stopped | 0x20 * faults.cover_open
        return bytes([first, 0x08 * faults.cutter_jam, self.roll(), 0])

    def roll(self) -> int:
        """The paper sensors as GS r 1 and the third byte of ASB tell them."""
        return {"ok": 0, "near_end": 0x03, "out": 0x0F}[self.faults.paper]

    def _work(self) -> bytes:
        answers = b""
        while self._waiting and not (self.faults.stopped or self.faults.stuck):
            token = self._waiting.popleft()
            fed, cuts = self.press.fed, self.press.cuts
            answers += HANDLERS[token.name](self, token.data)
            self._wear(self.press.fed - fed, self.press.cuts > cuts)
        return answers

    def _wear(self, dots: int, cut: bool) -> None:
        """What using it does to the printer."""
        faults = self.faults
        if faults.dots_left is not None:
            faults.dots_left -= dots
            if faults.dots_left <= 0:
                faults.dots_left, faults.paper = None, "out"
        if cut and faults.jams_at_cut:
            faults.jams_at_cut, faults.cutter_jam = False, True
