"""An alarm for every queue in which somebody waits longer than the hall wants.

Waiting becomes long without an event, so it is looked at every half a minute. The alarm is there
as long as it is true, and only once: whoever has seen to it is not told again about the same line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from queued.core import views
from queued.core.plan import MINUTE, Millis, QueueId
from queued.engine.alarms import Fact
from queued.engine.clock import Clock, Timer
from queued.engine.halls import RunningHall
from queued.server.desk import waiting_since

EVERY_MS: Final = 30_000
"""Half of the least step in which a long wait is configured."""

KIND: Final = "long_wait"


class LongWaits:
    """Watches one hall. `minutes()` is the configured limit now; 0: nobody is told."""

    def __init__(self, hall: RunningHall, minutes: Callable[[], int], clock: Clock) -> None:
        self._hall = hall
        self._minutes = minutes
        self._clock = clock
        self._late: set[QueueId] = set()
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look now and from then on. Needs a running event loop."""
        self.look()
        self._timer = self._clock.call_at(Millis(self._clock.now() + EVERY_MS), self.start)

    def stop(self) -> None:
        """No more; what was raised stays."""
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Raise what has become true, clear what is over."""
        hall, alarms, limit = self._hall.actor.hall, self._hall.alarms, self._minutes() * MINUTE
        now = self._clock.now()
        late: set[QueueId] = set()
        for queue, plan in hall.plan.queues.items() if limit else ():
            waiting = (hall.ticket(entry[1]) for entry in views.line_of(hall, queue))
            first = min(waiting, key=lambda one: (waiting_since(one), one.id), default=None)
            if first is None or now - waiting_since(first) < limit:
                continue
            late.add(queue)
            if queue not in self._late:
                minutes = (now - waiting_since(first)) // MINUTE
                facts: dict[str, Fact] = {
                    "queue": plan.name,
                    "number": first.number,
                    "minutes": minutes,
                }
                alarms.raise_(KIND, queue, facts)
        for queue in self._late - late:
            alarms.clear(KIND, queue)
        self._late = late
