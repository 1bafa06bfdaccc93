"""The rulebook alone: decide + evolve of a whole visit, early and late in a long day."""

from __future__ import annotations

import time

from queued.core import commands as c
from queued.core.decide import decide
from queued.core.evolve import evolve
from queued.core.model import Hall
from queued.core.plan import (
    MINUTE,
    NORMAL,
    ClassId,
    ClassPlan,
    Millis,
    Plan,
    QueueId,
    QueuePlan,
    WindowId,
    WindowPlan,
)

QUEUES, WINDOWS, WAITING = 8, 40, 2000
BY = "manager:bench"


def furnished() -> Hall:
    """40 open windows, each serving all 8 queues, 2,000 people waiting."""
    queues = {
        QueueId(f"q{n}"): QueuePlan(QueueId(f"q{n}"), chr(65 + n), f"Q{n}", digits=4)
        for n in range(QUEUES)
    }
    windows = {
        WindowId(str(n)): WindowPlan(WindowId(str(n)), f"W{n}", tuple(queues))
        for n in range(1, WINDOWS + 1)
    }
    classes = {
        NORMAL: ClassPlan(NORMAL, "normal"),
        ClassId("priority"): ClassPlan(ClassId("priority"), "priority", 30 * MINUTE),
    }
    hall = Hall()
    at = Millis(1_800_000_000_000)
    plan = Plan("bench", queues, {}, windows, classes)
    hall = carry_out(hall, c.Configure(plan=plan, by=BY), at)
    ends_at = Millis(at + 86_400_000)
    hall = carry_out(hall, c.OpenDay(day="2027-01-15", ends_at=ends_at, by=BY), at)
    for window in windows:
        hall = carry_out(hall, c.OpenWindow(window=window, by=BY), at)
    for number in range(WAITING):
        hall = carry_out(hall, issue(number), Millis(at + number))
    return hall


def issue(number: int) -> c.IssueTicket:
    """A ticket; every seventh has priority."""
    class_ = ClassId("priority") if number % 7 == 0 else NORMAL
    return c.IssueTicket(queue=QueueId(f"q{number % QUEUES}"), class_=class_, by=BY)


def carry_out(hall: Hall, command: c.Command, at: Millis) -> Hall:
    """Decide and fold."""
    for event in decide(hall, command, at):
        hall = evolve(hall, event)
    return hall


def visits(hall: Hall, count: int) -> tuple[Hall, list[float]]:
    """`count` visits, four commands each; seconds of every command."""
    seconds = []
    at = hall.at
    for number in range(count):
        at = Millis(at + 1000)
        window = WindowId(str(number % WINDOWS + 1))
        for command in (
            issue(number),
            c.CallNext(window=window, by=BY),
            c.StartService(window=window, by=BY),
            c.FinishService(window=window, by=BY),
        ):
            started = time.perf_counter()
            hall = carry_out(hall, command, at)
            seconds.append(time.perf_counter() - started)
    return hall, seconds


def p50_us(seconds: list[float]) -> float:
    """The median in microseconds."""
    return sorted(seconds)[len(seconds) // 2] * 1e6
