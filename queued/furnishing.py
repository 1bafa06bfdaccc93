"""From a configuration file's values to what the engine works with: a plan and a calendar."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from queued.core.plan import (
    MINUTE,
    ClassId,
    ClassPlan,
    Plan,
    QueueId,
    QueuePlan,
    Rules,
    ServiceId,
    ServicePlan,
    WindowId,
    WindowPlan,
)
from queued.engine.calendar import Calendar, Hours
from queued.settings_values import DAYS, RulesSettings, Settings


def plan_of(settings: Settings) -> Plan:
    """The furniture of the hall; order as in the file."""
    queues = {
        QueueId(queue.id): QueuePlan(
            id=QueueId(queue.id),
            letter=queue.letter,
            name=queue.name,
            first=queue.first,
            digits=queue.digits,
            waiting_max=queue.waiting_max or settings.rules.waiting_max,
        )
        for queue in settings.queues
    }
    services = {
        ServiceId(service.id): ServicePlan(
            id=ServiceId(service.id),
            name=service.name,
            queue=QueueId(service.queue),
            minutes=service.minutes,
            materials=service.materials,
        )
        for service in settings.services
    }
    windows = {
        WindowId(window.id): WindowPlan(
            id=WindowId(window.id),
            name=window.name,
            queues=tuple(QueueId(queue) for queue in window.queues),
            overflow=tuple(QueueId(queue) for queue in window.overflow),
            zone=window.zone,
        )
        for window in settings.windows
    }
    classes = {
        ClassId(class_.id): ClassPlan(
            ClassId(class_.id), class_.name, class_.head_start_minutes * MINUTE
        )
        for class_ in settings.classes
    }
    return Plan(
        name=settings.hall.name,
        queues=queues,
        services=services,
        windows=windows,
        classes=classes,
        rules=_rules(settings.rules),
    )


def calendar_of(settings: Settings) -> Calendar:
    """The hall's business days and hours."""
    return Calendar(
        zone=ZoneInfo(settings.hall.timezone),
        day_starts=_clock(settings.hall.day_starts_minutes),
        hours=tuple(
            Hours(
                frozenset(DAYS.index(day) for day in hours.days),
                _clock(hours.open_minutes),
                _clock(hours.close_minutes),
            )
            for hours in settings.hours
        ),
    )


def _rules(rules: RulesSettings) -> Rules:
    return Rules(
        overflow_penalty_ms=rules.overflow_penalty_minutes * MINUTE,
        undo_within_ms=rules.undo_within_s * 1000,
        recall_max=rules.recall_max,
        recall_interval_ms=rules.recall_interval_s * 1000,
        auto_miss_after_ms=rules.auto_miss_after_s * 1000,
        returns_max=rules.returns_max,
        checkin_early_ms=rules.checkin_early_minutes * MINUTE,
        checkin_late_ms=rules.checkin_late_minutes * MINUTE,
        one_live_ticket=rules.one_live_ticket,
        keep_place_ms=rules.keep_place_minutes * MINUTE,
    )


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
