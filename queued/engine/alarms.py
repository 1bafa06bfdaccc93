"""What the manager must be told of: a clerk who calls for help, a bad rating, a red device.

Bounded: an alarm is for whoever is in the hall now; what must be remembered is in the journal.
Others raise and clear, people acknowledge, and `queued.alarm_keeper` keeps them over a restart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from queued.core.events import ServiceRated
from queued.core.model import POOR
from queued.core.plan import Millis
from queued.engine.bus import Committed
from queued.engine.clock import Clock, SystemClock

log = logging.getLogger(__name__)

ALARMS_MAX = 200
"""More than a manager can look at; the oldest acknowledged ones go first."""

RECALLED_MS = 600_000
"""After a start: whatever was wrong before it and still is, is raised again by then."""

SEEN_KEPT_MS = 86_400_000
"""What somebody saw to longer ago is no news after a start."""

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
        self._before: dict[tuple[str, str], Alarm] = {}
        self._recalled_until = Millis(0)
        self._touched: set[int] = set()
        self.on_touched: Callable[[], None] = lambda: None
        """Called after each change; it must return at once."""

    def listen(self, listener: Callable[[Alarm], None]) -> None:
        """Call `listener` with every alarm that is new. It must return at once."""
        self._listeners.append(listener)

    def raise_(self, kind: str, subject: str, facts: Mapping[str, Fact] | None = None) -> Alarm:
        """Tell the manager. The same kind and subject again counts on the alarm there is."""
        now = self._clock.now()
        before = self._before.pop((kind, subject), None)
        if before is not None and now < self._recalled_until:
            return self._put(replace(before, at=now, facts=facts or before.facts))
        known = self._open(kind, subject)
        if known is not None:
            times = known.times + 1
            return self._put(replace(known, at=now, times=times, facts=facts or known.facts))
        self._last_id += 1
        alarm = Alarm(self._last_id, kind, subject, since=now, at=now, facts=facts or {})
        self._put(alarm)
        if len(self._alarms) > self._most:
            self._drop_one()
        log.warning("alarm %s: %s", kind, subject)
        for listener in self._listeners:
            listener(alarm)
        return alarm

    def clear(self, kind: str, subject: str) -> bool:
        """It is over by itself: forget it, acknowledged or not. False if there was none."""
        about = (kind, subject)
        self._before.pop(about, None)
        over = [id_ for id_, one in self._alarms.items() if (one.kind, one.subject) == about]
        for id_ in over:
            self._drop(id_)
        return bool(over)

    def acknowledge(self, id_: int, by: str) -> Alarm | None:
        """Somebody sees to it; the first one who says so counts. None if there is no such alarm."""
        alarm = self._alarms.get(id_)
        if alarm is None or alarm.acknowledged_by:
            return alarm
        return self._put(replace(alarm, acknowledged_by=by, acknowledged_at=self._clock.now()))

    def all(self) -> Sequence[Alarm]:
        """Those nobody has acknowledged first, then the newest first."""
        return sorted(
            self._alarms.values(), key=lambda one: (not one.acknowledged_by, one.id), reverse=True
        )

    # ── Over a restart ────────────────────────────────────────────────────────────────────

    def restore(self, known: Sequence[Alarm]) -> None:
        """Begin with the alarms from before the start.

        Moments are there again. What is a state may be over: it comes back, with its age and who
        saw to it, if it is raised again soon.
        """
        now = self._clock.now()
        self._recalled_until = Millis(now + RECALLED_MS)
        for alarm in known:
            self._last_id = max(self._last_id, alarm.id)
            if alarm.kind in LASTING:
                self._before[alarm.kind, alarm.subject] = alarm
                self._touched.add(alarm.id)
            elif alarm.acknowledged_at is None or now - alarm.acknowledged_at < SEEN_KEPT_MS:
                self._alarms[alarm.id] = alarm
            else:
                self._touched.add(alarm.id)

    def touched(self) -> tuple[list[Alarm], list[int]]:
        """What has changed since this was asked last: alarms as they are, ids that are gone."""
        ids, self._touched = sorted(self._touched), set()
        changed = [self._alarms[id_] for id_ in ids if id_ in self._alarms]
        return changed, [id_ for id_ in ids if id_ not in self._alarms]

    def touch_again(self, ids: Iterable[int]) -> None:
        """These could not be kept: tell them once more."""
        self._touched.update(ids)

    def _put(self, alarm: Alarm) -> Alarm:
        self._alarms[alarm.id] = alarm
        self._note(alarm.id)
        return alarm

    def _drop(self, id_: int) -> None:
        del self._alarms[id_]
        self._note(id_)

    def _note(self, id_: int) -> None:
        self._touched.add(id_)
        self.on_touched()

    def _open(self, kind: str, subject: str) -> Alarm | None:
        """The alarm that a repetition belongs to."""
        for alarm in reversed(self._alarms.values()):
            if (alarm.kind, alarm.subject) == (kind, subject):
                return None if alarm.acknowledged_by and kind not in LASTING else alarm
        return None

    def _drop_one(self) -> None:
        seen = (one.id for one in self._alarms.values() if one.acknowledged_by)
        self._drop(next(seen, next(iter(self._alarms))))
