"""What the manager must be told of: a clerk who calls for help, a bad rating, a red device.

Kept in memory and bounded: an alarm is for whoever is in the hall now; what must be remembered
is in the journal. Others raise and clear, people acknowledge.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from queued.core.events import ServiceRated
from queued.core.model import POOR
from queued.core.plan import Millis
from queued.engine.bus import Committed
from queued.engine.clock import Clock, SystemClock

log = logging.getLogger(__name__)

ALARMS_MAX = 200
"""More than a manager can look at; the oldest acknowledged ones go first."""

Fact = str | int

LASTING = frozenset({"device_red", "long_wait", "voice_silent", "clock_doubtful"})
"""Kinds that are a state until `clear`: acknowledging one does not make it new again when it is
reported once more. All others are moments: raised after an acknowledgement they are new."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `subject` is what it is about: a window's id, a device's, a ticket's number.

    `facts` fill the sentence of its kind; never anything personal.
    """

    id: int
    kind: str
    subject: str
    since: Millis
    at: Millis
    """When it was raised last."""
    times: int = 1
    facts: Mapping[str, Fact] = field(default_factory=dict)
    acknowledged_by: str = ""
    acknowledged_at: Millis | None = None


def poor_ratings(hall_id: str, alarms: Alarms) -> Callable[[Committed], None]:
    """A listener of the bus that raises `bad_rating` for every 差评, wherever it was given."""

    def on_commit(committed: Committed) -> None:
        if committed.hall_id != hall_id:
            return
        for event in committed.events:
            if isinstance(event, ServiceRated) and event.grade in POOR:
                window = committed.hall.plan.windows.get(event.window)
                facts: dict[str, Fact] = {
                    "number": event.number,
                    "window": window.name if window else event.window,
                    "grade": event.grade,
                }
                alarms.raise_("bad_rating", event.number, facts)

    return on_commit


class Alarms:
    """The alarms of one hall. Everything returns at once; call it from the event loop."""

    def __init__(self, clock: Clock | None = None, most: int = ALARMS_MAX) -> None:
        self._clock = clock or SystemClock()
        self._most = most
        self._alarms: dict[int, Alarm] = {}
        self._last_id = 0
        self._listeners: list[Callable[[Alarm], None]] = []

    def listen(self, listener: Callable[[Alarm], None]) -> None:
        """Call `listener` with every alarm that is new. It must return at once."""
        self._listeners.append(listener)

    def raise_(self, kind: str, subject: str, facts: Mapping[str, Fact] | None = None) -> Alarm:
        """Tell the manager. The same kind and subject again counts on the alarm there is."""
        now = self._clock.now()
        known = self._open(kind, subject)
        if known is not None:
            again = replace(known, at=now, times=known.times + 1, facts=facts or known.facts)
            self._alarms[known.id] = again
            return again
        self._last_id += 1
        alarm = Alarm(self._last_id, kind, subject, since=now, at=now, facts=facts or {})
        self._alarms[alarm.id] = alarm
        if len(self._alarms) > self._most:
            self._drop_one()
        log.warning("alarm %s: %s", kind, subject)
        for listener in self._listeners:
            listener(alarm)
        return alarm

    def clear(self, kind: str, subject: str) -> bool:
        """It is over by itself: forget it, acknowledged or not. False if there was none."""
        about = (kind, subject)
        over = [id_ for id_, one in self._alarms.items() if (one.kind, one.subject) == about]
        for id_ in over:
            del self._alarms[id_]
        return bool(over)

    def acknowledge(self, id_: int, by: str) -> Alarm | None:
        """Somebody sees to it; the first one who says so counts. None if there is no such alarm."""
        alarm = self._alarms.get(id_)
        if alarm is None or alarm.acknowledged_by:
            return alarm
        seen = replace(alarm, acknowledged_by=by, acknowledged_at=self._clock.now())
        self._alarms[id_] = seen
        return seen

    def all(self) -> Sequence[Alarm]:
        """Those nobody has acknowledged first, then the newest first."""
        return sorted(
            self._alarms.values(), key=lambda one: (not one.acknowledged_by, one.id), reverse=True
        )

    def _open(self, kind: str, subject: str) -> Alarm | None:
        """The alarm that a repetition belongs to."""
        for alarm in reversed(self._alarms.values()):
            if (alarm.kind, alarm.subject) == (kind, subject):
                return None if alarm.acknowledged_by and kind not in LASTING else alarm
        return None

    def _drop_one(self) -> None:
        seen = (one.id for one in self._alarms.values() if one.acknowledged_by)
        del self._alarms[next(seen, next(iter(self._alarms)))]
