"""What a key of a call pad means: the same command that the console's button gives.

The commands come from the one table of window actions; here only the digits get their meaning.

    call 17      today's ticket 017 of the queues this window serves; if several queues have one,
                 the queue's position comes first: 2017 is 017 of the hall's second queue
    transfer 3   to window 3 (by its id, else the only one with this number in its id);
                 with a zero in front to a queue: 02 is the hall's second queue
    login 12     the clerk with the number 12 sits down, and relieves whoever forgot to leave

Pure: hall and press in, commands out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from drivers.jobs import PadAction, PadPressed
from queued.core import commands as c
from queued.core.model import Hall, Status, Ticket
from queued.core.numbering import spelled
from queued.core.plan import QueueId, WindowId
from queued.core.refusals import Unknown
from queued.server import wire
from queued.server.windows import ACTIONS

HELP: Mapping[PadAction, str] = {
    "call-guard": "guard_called",
    "call-manager": "manager_called",
    "call-adviser": "adviser_called",
}
"""Keys that change nothing in the hall but call somebody: the alarm they raise."""

NO_FINISH_KEY = frozenset({"hallpad68"})
"""Kinds of pads whose clerks say "done" by calling the next: their protocol has no key for it."""

ENDS_SERVICE: frozenset[PadAction] = frozenset({"call-next", "call", "pause", "logout"})
"""On those pads, after these the visitor at the window is done."""

CLERK_DIGITS_MAX = 12
"""A staff number; more digits are a stuck key."""


class Unclear(Exception):
    """The digits fit more than one ticket or window."""


def commands_of(
    hall: Hall, window: WindowId, press: PadPressed, kind: str, by: str
) -> tuple[c.Command, ...]:
    """What `press` at `window` asks for, in order; a kind without a finish key finishes first.

    Raises `Unknown` for digits that name nothing, `Unclear` for those that name too much.
    """
    action = press.action
    _, make, _ = ACTIONS[_BUTTON.get(action, action)]
    command = make(_BODY[action](hall, window, press.number), window, by)
    if isinstance(command, c.OpenWindow) and action == "login":
        command = replace(command, clerk=_clerk(press.number))
    held = hall.windows[window].ticket
    serving = held is not None and hall.ticket(held).status is Status.SERVING
    if serving and kind in NO_FINISH_KEY and action in ENDS_SERVICE:
        _, finish, _ = ACTIONS["finish"]
        return (finish(wire.Finish(), window, by), command)
    return (command,)


_BUTTON: Mapping[PadAction, str] = {"login": "open", "logout": "close"}
"""Keys that are not named as the button."""

Body: TypeAlias = Callable[[Hall, WindowId, str], Any]


def _nothing(hall: Hall, window: WindowId, number: str) -> wire.Nothing:
    return wire.Nothing()


def _number(hall: Hall, window: WindowId, number: str) -> wire.CallNumber:
    return wire.CallNumber(ticket_of(hall, window, number).number)


def _target(hall: Hall, window: WindowId, number: str) -> wire.Transfer:
    if number.startswith("0"):
        return wire.Transfer(queue=queue_at(hall, number))
    return wire.Transfer(window=window_of(hall, number))


_BODY: Mapping[PadAction, Body] = {
    "call-next": _nothing,
    "call": _number,
    "recall": _nothing,
    "start": _nothing,
    "finish": lambda hall, window, number: wire.Finish(),
    "miss": _nothing,
    "park": lambda hall, window, number: wire.Park(),
    "transfer": _target,
    "undo": _nothing,
    "open": lambda hall, window, number: wire.Open(),
    "pause": lambda hall, window, number: wire.Pause(),
    "login": lambda hall, window, number: wire.Open(take_over=True),
    "logout": _nothing,
}
"""What the button's body would say."""


def ticket_of(hall: Hall, window: WindowId, number: str) -> Ticket:
    """Today's ticket that `number` means at `window`. Raises `Unknown`, `Unclear`."""
    if not _is_number(number):
        # Scanners may send the whole number.
        found = [ticket for ticket in [hall.find(number)] if ticket is not None]
    else:
        found = _with_digits(hall, number)
    plan = hall.plan.windows[window]
    served = {*plan.queues, *plan.overflow}
    mine = [one for one in found if one.queue in served or one.window == window]
    callable_ = [one for one in mine if one.status in (Status.WAITING, Status.MISSED)]
    # One that cannot be called is still found: the refusal then says why.
    best = callable_ or mine
    if not best:
        raise Unknown("ticket", number)
    if len(best) > 1:
        raise Unclear(f"{number} may be {', '.join(one.number for one in best)}")
    return best[0]


def _with_digits(hall: Hall, digits: str) -> list[Ticket]:
    found = []
    for position, queue in enumerate(hall.plan.queues.values(), start=1):
        before, value = digits[: -queue.digits], int(digits[-queue.digits :])
        if before and int(before) != position:
            continue
        ticket = hall.find(spelled(queue, value))
        if ticket is not None:
            found.append(ticket)
    return found


def window_of(hall: Hall, number: str) -> WindowId:
    """The window that people call `number`. Raises `Unknown`, `Unclear`."""
    if number in hall.plan.windows:
        return WindowId(number)
    found = [id_ for id_ in hall.plan.windows if _digits(id_).lstrip("0") == number]
    if not number or not found:
        raise Unknown("window", number)
    if len(found) > 1:
        raise Unclear(f"{number} may be {', '.join(found)}")
    return found[0]


def queue_at(hall: Hall, number: str) -> QueueId:
    """The queue at a position, 1 … in the order of the configuration. Raises `Unknown`."""
    position = int(number) if _is_number(number) else 0
    queues = tuple(hall.plan.queues)
    if not 1 <= position <= len(queues):
        raise Unknown("queue", number)
    return queues[position - 1]


def _clerk(number: str) -> str:
    if not _is_number(number) or len(number) > CLERK_DIGITS_MAX:
        raise Unknown("clerk", number)
    return f"clerk:{number}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _digits(text: str) -> str:
    return "".join(one for one in text if "0" <= one <= "9")
