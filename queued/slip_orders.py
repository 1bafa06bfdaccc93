"""What the device process was told about slips and has not answered yet. Memory only.

A printer that is ready and has nothing to do can be given its next slip before that is durable:
it draws the slip and looks at its paper while the disk works, and the first byte leaves with the
`JobGo` after the commit. Whether a printer is in that state is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from drivers.jobs import Block, DeviceReport, JobCancel, JobFailed, JobGo, Order, PrintSlip
from queued.storage.ledger import EnqueuedBeside, Slip

_BLOCKS: msgspec.json.Decoder[tuple[Block, ...]] = msgspec.json.Decoder(tuple[Block, ...])


@dataclass(slots=True)
class SlipDraft:
    """Slips of events that are not durable yet. `failed`: what their printers said meanwhile."""

    last: int
    """Seq of the last event."""
    slips: Sequence[Slip]
    beside: EnqueuedBeside
    failed: list[JobFailed] = field(default_factory=list)

    def has(self, job: str) -> bool:
        """Whether it is one of these slips."""
        return any(slip.job == job for slip in self.slips)


class SlipOrders:
    """Orders about slips on their way to the device process; `send` is the link's."""

    def __init__(self, send: Callable[[Order], bool]) -> None:
        self._send = send
        self._said: dict[str, str] = {}
        """Job → device."""
        self._gone: set[str] = set()
        """Jobs whose bytes may leave, or will as soon as they are durable."""
        self._ready: set[str] = set()
        self._open = False
        self.half: set[str] = set()
        """Printers in which half a slip may hang, which a new device process does not know."""

    def process_is_new(self) -> None:
        """All that was said is forgotten there."""
        self._open = False
        self._said.clear()
        self._gone.clear()
        self._ready.clear()

    def caught_up(self) -> None:
        """What waited was said: from now on a printer without an order has nothing to do."""
        self._open = True

    def heard(self, report: DeviceReport) -> None:
        """How a device is."""
        if report.state == "ready":
            self._ready.add(report.device)
        else:
            self._ready.discard(report.device)

    def idle(self, device: str) -> bool:
        """Whether a slip said now would be printed at once, as far as anybody knows."""
        return self._open and device in self._ready and device not in self._said.values()

    def knows(self, job: str) -> bool:
        """Whether this device process was told of the job and has not answered."""
        return job in self._said

    def gone(self, job: str) -> bool:
        """Whether the job needs no other `go`."""
        return job in self._gone

    def say(self, slip: Slip, *, claimed: bool = False) -> None:
        """The slip may be drawn; its bytes wait for `go`. `claimed`: that follows by itself."""
        blocks = _BLOCKS.decode(slip.body)
        self._said[slip.job] = slip.device
        if claimed:
            self._gone.add(slip.job)
        half = slip.device in self.half
        self._send(PrintSlip(slip.job, slip.device, blocks, slip.expires_at, half))

    def go(self, job: str) -> bool:
        """The ledger says "sent". False if the process that knew the job is gone: no byte of it
        can have left."""
        if job not in self._said or not self._send(JobGo(job)):
            return False
        self._gone.add(job)
        return True

    def call_off(self, job: str) -> None:
        """The slip will not be: its transaction failed."""
        self._send(JobCancel(job))
        self.answered(job)

    def held(self, job: str) -> None:
        """Its printer keeps it, and needs another `go`."""
        self._gone.discard(job)

    def answered(self, job: str) -> None:
        """Its printer is through with it."""
        self._said.pop(job, None)
        self._gone.discard(job)
