"""What a kiosk offers: queues, services, 一件事, classes, zones, opening hours.

Decisions come from the plan in the journal; the words beside them from the configuration.
"""

from __future__ import annotations

from queued.core.model import Hall
from queued.core.plan import MINUTE, QueueId
from queued.server import wire
from queued.server.initials import initials_of
from queued.server.live import Live, Words
from queued.server.snapshot import Names
from queued.settings_values import Settings


def services_of(live: Live) -> wire.Services:
    """The answer of GET /halls/{hall}/services."""
    plan, names = live.hall.plan, live.names
    services = [
        wire.ServiceLine(
            id=service.id,
            name=service.name,
            queue=service.queue,
            minutes=service.minutes,
            materials=service.materials,
            name_en=names.services.get(service.id, ""),
            initials=names.initials.get(service.id) or initials_of(service.name),
        )
        for service in plan.services.values()
    ]
    known = set(plan.services)
    return wire.Services(
        queues=[
            wire.QueueLine(
                queue.id,
                queue.name,
                queue.letter,
                names.queues.get(queue.id, ""),
                _zones(live.hall, queue.id),
            )
            for queue in plan.queues.values()
        ],
        services=services,
        classes=[
            wire.ClassLine(
                class_.id,
                class_.name,
                class_.head_start_ms // MINUTE,
                names.classes.get(class_.id, ""),
                names.bases.get(class_.id, ""),
            )
            for class_ in plan.classes.values()
        ],
        outcomes=[wire.OutcomeLine(*one) for one in live.words.outcomes],
        zones=names.zones,
        # The plan in force may be older than the configuration: see `furniture`.
        one_things=tuple(one for one in names.one_things if known.issuperset(one.services)),
        hours=names.hours,
    )


def afar(live: Live, settings: Settings) -> dict[str, bool]:
    """What may be done on a phone before one comes; `code`: the hall shows a code to check in."""
    services = settings.services if live.id == settings.hall.id else ()
    return {
        "take": any(service.remote for service in services),
        "book": any(service.appointments for service in services),
        "code": settings.remote.code,
    }


def names_of(settings: Settings) -> Names:
    """The words of the configuration."""
    public = settings.http.public_url.rstrip("/")
    return Names(
        hall=settings.hall.name_en,
        queues={queue.id: queue.name_en for queue in settings.queues},
        windows={window.id: window.name_en for window in settings.windows},
        services={service.id: service.name_en for service in settings.services},
        classes={class_.id: class_.name_en for class_ in settings.classes},
        initials={service.id: service.initials for service in settings.services},
        bases={class_.id: class_.basis for class_ in settings.classes},
        zones=tuple(wire.ZoneLine(zone.id, zone.name, zone.name_en) for zone in settings.zones),
        one_things=_one_things(settings),
        hours=tuple(
            wire.HoursLine(one.days, _clock(one.open_minutes), _clock(one.close_minutes))
            for one in settings.hours
        ),
        address=settings.hall.address,
        position=(settings.hall.latitude, settings.hall.longitude),
        source=f"{public}/api/v1/halls/{settings.hall.id}" if public else "",
    )


def words_of(settings: Settings) -> Words:
    """How visits end and when a wait is too long, as configured."""
    return Words(
        outcomes=tuple((one.id, one.name, one.name_en) for one in settings.outcomes),
        long_wait_ms=settings.rules.long_wait_minutes * MINUTE,
    )


def _zones(hall: Hall, queue: QueueId) -> tuple[str, ...]:
    """Where the windows of a queue are, in the order of the windows."""
    windows = hall.plan.windows.values()
    return tuple(
        dict.fromkeys(window.zone for window in windows if window.zone and queue in window.queues)
    )


def _one_things(settings: Settings) -> tuple[wire.OneThingLine, ...]:
    materials = {service.id: service.materials for service in settings.services}
    return tuple(
        wire.OneThingLine(
            id=one.id,
            name=one.name,
            services=one.services,
            # What two offices both want is brought once.
            materials=one.materials
            or tuple(dict.fromkeys(paper for id_ in one.services for paper in materials[id_])),
            name_en=one.name_en,
            initials=one.initials or initials_of(one.name),
        )
        for one in settings.one_things
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
