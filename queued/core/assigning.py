"""Which queues a window serves today: changed at once, while people wait, and only for the day.

`hall.plan` always says what is served now, so that whoever chooses, shows or estimates need not
know of this; `hall.usual` keeps how the windows concerned were furnished. The next day begins
as furnished. Who wants to keep an assignment changes the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from queued.core import refusals as r
from queued.core.commands import AssignQueues
from queued.core.events import WindowAssigned
from queued.core.model import Hall
from queued.core.plan import Millis, Plan, WindowId, WindowPlan


def assign(hall: Hall, command: AssignQueues, at: Millis) -> tuple[WindowAssigned, ...]:
    """The event of other queues; none if it serves them already. Raises `Unknown`, `HallClosed`.

    A queue named twice counts once; one's own are not helped out with as well.
    """
    now = hall.plan.windows.get(command.window)
    if now is None:
        raise r.Unknown("window", command.window)
    if not hall.open:
        raise r.HallClosed()
    for queue in (*(command.queues or ()), *command.overflow):
        if queue not in hall.plan.queues:
            raise r.Unknown("queue", queue)
    if command.queues is None:
        usual = hall.usual.get(command.window, now)
        queues, overflow = usual.queues, usual.overflow
    else:
        queues = tuple(dict.fromkeys(command.queues))
        overflow = tuple(one for one in dict.fromkeys(command.overflow) if one not in queues)
    if (queues, overflow) == (now.queues, now.overflow):
        return ()
    event = WindowAssigned(
        at=at, by=command.by, window=command.window, queues=queues, overflow=overflow
    )
    return (event,)


def furnished(hall: Hall) -> Plan:
    """The plan as it was configured."""
    if not hall.usual:
        return hall.plan
    windows = {id_: hall.usual.get(id_, now) for id_, now in hall.plan.windows.items()}
    return replace(hall.plan, windows=windows)


def assigned(hall: Hall, event: WindowAssigned) -> dict[str, Any]:
    """What changes in a hall with the event."""
    now = hall.plan.windows[event.window]
    other = replace(now, queues=event.queues, overflow=event.overflow)
    return _with(furnished(hall), {**_assigned_now(hall), event.window: other})


def configured(hall: Hall, plan: Plan) -> dict[str, Any]:
    """What changes in a hall with another plan: windows keep what they serve today, unless one
    of those queues is gone."""
    kept = {
        id_: replace(plan.windows[id_], queues=now.queues, overflow=now.overflow)
        for id_, now in _assigned_now(hall).items()
        if id_ in plan.windows and plan.queues.keys() >= {*now.queues, *now.overflow}
    }
    return _with(plan, kept)


def _assigned_now(hall: Hall) -> dict[WindowId, WindowPlan]:
    return {id_: hall.plan.windows[id_] for id_ in hall.usual}


def _with(plan: Plan, others: Mapping[WindowId, WindowPlan]) -> dict[str, Any]:
    """Plan and usual windows, when `others` serve other queues than the plan says."""
    usual = {id_: plan.windows[id_] for id_ in others if others[id_] != plan.windows[id_]}
    if not usual:
        return {"plan": plan, "usual": {}}
    windows = {id_: others.get(id_, window) for id_, window in plan.windows.items()}
    return {"plan": replace(plan, windows=windows), "usual": usual}
