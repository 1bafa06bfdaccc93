"""Which status follows which event: the whole life of a ticket in one literal table.

`decide` may only produce, and `evolve` only folds, what stands here. The state diagram in
ARCHITECTURE.md is generated from it (`python -m queued.core.transitions`) and compared by a test.
`TicketIssued` begins a life and `TicketRecalled` changes no status; `CallUndone` goes back to
whatever the ticket was before the call (waiting or missed), which a table cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping

from queued.core.events import (
    CallUndone,
    ServiceFinished,
    ServiceRated,
    ServiceStarted,
    TicketCalled,
    TicketCancelled,
    TicketHeld,
    TicketMissed,
    TicketParked,
    TicketRecalled,
    TicketReturned,
    TicketTransferred,
    VisitorArrived,
)
from queued.core.model import Status

W, C, S = Status.WAITING, Status.CALLED, Status.SERVING
M, P = Status.MISSED, Status.PARKED

TRANSITIONS: Mapping[Status, Mapping[type, Status]] = {
    W: {
        TicketHeld: W,
        VisitorArrived: W,
        TicketCalled: C,
        TicketCancelled: Status.CANCELLED,
    },
    C: {
        VisitorArrived: C,
        TicketRecalled: C,
        ServiceStarted: S,
        TicketMissed: M,
        TicketParked: P,
        TicketTransferred: W,
        CallUndone: W,
        TicketCancelled: Status.CANCELLED,
    },
    S: {ServiceFinished: Status.SERVED, TicketParked: P, TicketTransferred: W},
    M: {TicketCalled: C, TicketReturned: W, TicketCancelled: Status.CANCELLED},
    P: {TicketReturned: W, TicketCancelled: Status.CANCELLED},
    Status.SERVED: {ServiceRated: Status.SERVED},
    Status.CANCELLED: {},
}


def allowed(status: Status, event: type) -> bool:
    """Whether a ticket in `status` can live through `event`."""
    return event in TRANSITIONS[status]


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> waiting: TicketIssued"]
    for status, row in TRANSITIONS.items():
        lines += [
            f"    {status.value} --> {after.value}: {event.__name__}"
            for event, after in row.items()
        ]
        if set(row.values()) <= {status}:
            lines.append(f"    {status.value} --> [*]")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(diagram())
