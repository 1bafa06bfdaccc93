"""Somebody waits too long: the manager is told, once, and as long as it is true."""

from __future__ import annotations

from pathlib import Path

from queued.core.commands import CancelTicket, IssueTicket
from queued.core.plan import MINUTE, Millis
from queued.engine.clock import SimulatedClock
from queued.long_waits import LongWaits
from tests.hall_parts import opened, settings

START = Millis(1_795_399_200_000)


async def test_a_long_wait_is_an_alarm_until_it_is_over(tmp_path: Path):
    async with opened(tmp_path / "data", settings()) as parts:
        hall = parts.hall
        queue = parts.settings.queues[0].id
        taken = (await hall.actor.submit(IssueTicket(queue=queue, by="kiosk:1"))).hall.tickets[0]
        clock, minutes = SimulatedClock(Millis(taken.issued_at)), [30]
        watch = LongWaits(hall, lambda: minutes[0], clock)
        watch.start()

        def step(ms: int) -> list[str]:
            clock.move_to(Millis(clock.now() + ms))
            return [alarm.subject for alarm in hall.alarms.all()]

        assert step(30 * MINUTE - 1) == []
        assert step(MINUTE) == [queue]
        (alarm,) = hall.alarms.all()
        assert alarm.facts["number"] == taken.number and alarm.facts["minutes"] == 30
        hall.alarms.acknowledge(alarm.id, "manager:zhao")
        assert step(10 * MINUTE) == [queue]
        (alarm,) = hall.alarms.all()
        assert alarm.times == 1 and alarm.acknowledged_by

        await hall.actor.submit(CancelTicket(ticket=taken.id))
        assert step(MINUTE) == []
        watch.stop()
        minutes[0] = 0
        assert step(60 * MINUTE) == []
