"""What an unfinished slip left in a printer. Outlives the connection; pure.

A driver is made anew after every failure, the paper in the printer is not: without this memory
the next visitor's slip would come out hanging on somebody's half one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Remains:
    """Of one printer, for as long as the device process lives."""

    hangs: bool = False
    """A slip stopped half-way: feed and cut before the next one."""
    unconfirmed: bool = False
    """All bytes of a slip left and nobody said that they are on paper. On the same connection
    the printer still has them; one that lost its power has lost them."""
    untried: bool = True
    """Nothing was printed since the process began: the one before may have died half-way."""
    answered_in_order: bool = False
    """It has answered GS r: should it not after a reconnect, it is stuck, not a simpler one."""
    longest: int = 0
    """Bytes of the longest command of the slip that stopped: so many the printer may still be
    waiting for, and would take the beginning of the next slip for them."""

    def reconnected(self) -> None:
        """The line is new, and perhaps the printer was switched off and on meanwhile."""
        self.hangs = self.hangs or self.unconfirmed
        self.unconfirmed = False

    def begins(self, after_half: bool) -> bool:
        """Whether the next slip must be preceded by a cut. `after_half`: somebody who outlived
        the last process knows that a slip was under way."""
        self.hangs = self.hangs or (after_half and self.untried)
        self.untried = False
        return self.hangs
