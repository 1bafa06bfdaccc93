"""What a configuration would change, before anybody applies it. Pure: hall and settings in,
names of sentences and their facts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from queued.core import views
from queued.core.model import ALIVE, Hall, WindowStatus
from queued.core.plan import QueuePlan
from queued.settings_values import QueueSettings, Settings

Effect = tuple[str, Mapping[str, Any]]
"""Name of a sentence in the catalogue's section `setting`, and its facts."""

KINDS = ("queues", "services", "windows", "classes")


def effects_of(hall: Hall, now: Settings, new: Settings) -> list[Effect]:
    """What people in the hall would notice; empty if nothing changes."""
    found: list[Effect] = []
    for kind in KINDS:
        found += _differences(kind, getattr(now, kind), getattr(new, kind))
    if now.hours != new.hours:
        found.append(("hours_tomorrow", {}))
    for name in ("notices", "rules", "outcomes", "one_things"):
        if getattr(now, name) != getattr(new, name):
            found.append((f"{name}_changed", {}))
    return found + list(_warnings(hall, new))


def _differences(kind: str, now: Any, new: Any) -> Iterator[Effect]:
    before, after = {one.id: one for one in now}, {one.id: one for one in new}
    for change, ids in (
        ("added", [id_ for id_ in after if id_ not in before]),
        ("removed", [id_ for id_ in before if id_ not in after]),
        ("changed", [id_ for id_ in after if id_ in before and after[id_] != before[id_]]),
    ):
        if ids:
            names = [(after.get(id_) or before[id_]).name for id_ in ids]
            yield f"{kind}_{change}", {"n": len(ids), "names": names}
    if list(before) != list(after) and before.keys() == after.keys():
        yield f"{kind}_moved", {}


def _warnings(hall: Hall, new: Settings) -> Iterator[Effect]:
    """What would hurt somebody who is here."""
    served = {queue for window in new.windows for queue in window.queues}
    helped = [queue.name for queue in new.queues if queue.id not in served]
    if helped:
        yield "only_helped", {"n": len(helped), "names": helped}
    queues = {queue.id: queue for queue in new.queues}
    alive = Counter(ticket.queue for ticket in hall.tickets if ticket.status in ALIVE)
    for id_, plan in hall.plan.queues.items():
        kept = queues.get(id_)
        if kept is None and (alive[id_] or id_ in hall.series):
            waiting = views.waiting(hall, id_)
            yield "queue_in_use", {"name": plan.name, "n": waiting}
        elif kept is not None and id_ in hall.series and _spelling(kept) != _spelling(plan):
            yield "numbers_in_use", {"name": plan.name}
    windows = {window.id for window in new.windows}
    for window_id, window in hall.windows.items():
        if window_id not in windows and window.status is not WindowStatus.CLOSED:
            yield "window_in_use", {"name": hall.plan.windows[window_id].name}


def _spelling(queue: QueueSettings | QueuePlan) -> tuple[str, int, int]:
    return queue.letter, queue.first, queue.digits


WAITS = frozenset({"queue_in_use", "numbers_in_use", "window_in_use"})
"""Effects for which the whole configuration waits until the next business day."""
