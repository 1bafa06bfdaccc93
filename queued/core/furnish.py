"""Changing the furniture while people wait: allowed unless somebody would fall through."""

from __future__ import annotations

from queued.core.assigning import furnished
from queued.core.commands import Configure
from queued.core.events import HallConfigured
from queued.core.model import ALIVE, Hall, Status, WindowStatus
from queued.core.plan import Millis, Plan, problems
from queued.core.refusals import PlanInUse, PlanInvalid


def configure(hall: Hall, command: Configure, at: Millis) -> tuple[HallConfigured, ...]:
    """The event of a new plan; none if it is the same. Raises `PlanInvalid`, `PlanInUse`."""
    plan, now = command.plan, furnished(hall)
    if plan == now and _order(plan) == _order(now):
        return ()
    for problem in problems(plan):
        raise PlanInvalid(problem=problem)
    _queues_stay(hall, plan)
    _windows_stay(hall, plan)
    return (HallConfigured(at=at, by=command.by, plan=plan),)


def _queues_stay(hall: Hall, plan: Plan) -> None:
    """A queue with live tickets stays; one that gave out numbers today keeps their spelling."""
    alive = {ticket.queue for ticket in hall.tickets if ticket.status in ALIVE}
    for id_, old in hall.plan.queues.items():
        new = plan.queues.get(id_)
        if new is None and id_ in alive:
            raise PlanInUse(kind="queue", id=id_)
        spelling = (old.letter, old.first, old.digits)
        kept = new is not None and (new.letter, new.first, new.digits) == spelling
        if id_ in hall.series and not kept:
            raise PlanInUse(kind="queue", id=id_)


def _windows_stay(hall: Hall, plan: Plan) -> None:
    """A window somebody sits at stays, and one that a ticket waits for or may go back to."""
    called = (t for t in hall.tickets if t.status is Status.CALLED)
    returning = {ticket.was_window for ticket in called}
    for id_, window in hall.windows.items():
        in_use = window.status is not WindowStatus.CLOSED or hall.bound.get(id_)
        if (in_use or id_ in returning) and id_ not in plan.windows:
            raise PlanInUse(kind="window", id=id_)


def _order(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """What `==` of mappings does not see, and people do."""
    furniture = (plan.queues, plan.services, plan.windows, plan.classes)
    return tuple(tuple(kind) for kind in furniture)
