"""What must be true of every hall, whatever happened. Checked after recovery and in tests."""

from __future__ import annotations

from collections import Counter

from queued.core.model import Hall, Status, WindowStatus


def violations(hall: Hall) -> tuple[str, ...]:
    """Broken promises, as sentences with the ticket or window in them; empty if all hold."""
    return (*_lines(hall), *_windows(hall), *_numbers(hall), *_absences(hall))


def _lines(hall: Hall) -> list[str]:
    found: list[str] = []
    standing: Counter[int] = Counter()
    for queue, line in hall.lines.items():
        if list(line) != sorted(line):
            found.append(f"line of {queue} is out of order")
        for key, id_ in line:
            ticket = hall.ticket(id_)
            standing[id_] += 1
            if (ticket.queue, ticket.key, ticket.window) != (queue, key, None):
                found.append(f"{ticket.number} stands in the wrong line {queue}")
    for window, line in hall.bound.items():
        if list(line) != sorted(line):
            found.append(f"line of window {window} is out of order")
        for key, id_ in line:
            ticket = hall.ticket(id_)
            standing[id_] += 1
            if (ticket.key, ticket.window) != (key, window):
                found.append(f"{ticket.number} stands in the wrong window line {window}")
    for ticket in hall.tickets:
        expected = 1 if ticket.status is Status.WAITING else 0
        if standing[ticket.id] != expected:
            found.append(
                f"{ticket.number} is {ticket.status.value} and stands in "
                f"{standing[ticket.id]} lines"
            )
    return found


def _windows(hall: Hall) -> list[str]:
    found: list[str] = []
    held: Counter[int] = Counter()
    for id_, window in hall.windows.items():
        if window.ticket is None:
            continue
        ticket = hall.ticket(window.ticket)
        held[ticket.id] += 1
        if window.status is not WindowStatus.OPEN:
            found.append(f"window {id_} is {window.status.value} with {ticket.number}")
        if ticket.window != id_ or ticket.status not in (Status.CALLED, Status.SERVING):
            found.append(f"window {id_} holds {ticket.number} wrongly")
    for ticket in hall.tickets:
        expected = 1 if ticket.status in (Status.CALLED, Status.SERVING) else 0
        if held[ticket.id] != expected:
            found.append(f"{ticket.number} is held by {held[ticket.id]} windows")
    return found


def _numbers(hall: Hall) -> list[str]:
    alive = Counter(
        ticket.number
        for ticket in hall.tickets
        if ticket.status not in (Status.SERVED, Status.CANCELLED)
    )
    return [f"number {number} is out {n} times" for number, n in alive.items() if n > 1]


def _absences(hall: Hall) -> list[str]:
    found: list[str] = []
    for id_ in hall.absent:
        ticket = hall.ticket(id_)
        if ticket.status not in (Status.WAITING, Status.CALLED):
            found.append(f"{ticket.number} is {ticket.status.value} and absent")
    return found
