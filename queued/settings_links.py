"""Checks between tables: ids are unique, references lead somewhere, nobody waits for nothing.

Works on values that `settings_tables.py` has read; an empty id or name there was reported
already and is passed over here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from queued import settings_values as v
from queued.settings_reader import Problems, instead, place, shown


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str: ...


def unique_ids(problems: Problems, table: str, entries: Iterable[Identified]) -> None:
    """No two entries of one table share an id."""
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        if entry.id and entry.id in seen:
            problems.add(f"[[{table}]] number {number}", f'id: "{entry.id}" is taken already')
        seen.add(entry.id)


def unique_letters(problems: Problems, queues: Sequence[v.QueueSettings]) -> None:
    """Two queues with one letter would both issue A001."""
    owner: dict[str, str] = {}
    for number, queue in enumerate(queues, start=1):
        if not queue.letter:
            continue
        if queue.letter in owner:
            problems.add(
                place("queue", queue.id, number),
                f'letter: "{queue.letter}" is the letter of queue "{owner[queue.letter]}" already;'
                " each queue needs its own",
            )
        owner.setdefault(queue.letter, queue.id)


def reference(
    problems: Problems, where: str, key: str, wanted: str | None, kind: str, ids: Sequence[str]
) -> None:
    """`wanted` names one of `ids`, which are called `kind`."""
    if wanted and wanted not in ids:
        tail = instead(wanted, ids, f"{kind.capitalize()}s are")
        problems.add(where, f"{key}: {shown(wanted)} is not a {kind}{tail}")


def devices_have_a_place(
    problems: Problems,
    devices: Sequence[v.DeviceSettings],
    windows: Sequence[str],
    zones: Sequence[str],
) -> None:
    """The window and zone of each device exist, and an input has what it needs."""
    for number, device in enumerate(devices, start=1):
        where = place("device", device.id, number)
        reference(problems, where, "window", device.window, "window", windows)
        reference(problems, where, "zone", device.zone, "zone", zones)
        input_has_a_place(problems, where, device)


def notices_have_a_zone(
    problems: Problems, notices: Sequence[v.NoticeSettings], zones: Sequence[str]
) -> None:
    """A notice for a zone that does not exist would never be seen."""
    for number, notice in enumerate(notices, start=1):
        where = f"[[notice]] number {number}"
        reference(problems, where, "zone", notice.zone, "zone", zones)


def input_has_a_place(problems: Problems, where: str, device: v.DeviceSettings) -> None:
    """A key pressed or a card laid down nowhere would mean nothing."""
    if device.kind in v.PADS and not device.window:
        problems.add(where, 'window: is missing; a pad needs the window it stands at, as "1"')
    if device.kind in v.READERS and not (device.kiosk or device.zone):
        problems.add(
            where,
            "kiosk: is missing; a card reader needs the kiosk it stands at (the name of the "
            'kiosk\'s token, as "kiosk-1"), or a zone whose kiosks share it',
        )
    if device.rating_s and device.kind not in v.EVALUATORS:
        kinds = " or ".join(sorted(v.EVALUATORS))
        problems.add(where, f"rating_s: nobody can press a grade on {device.kind}, but on {kinds}")


def link_window(
    problems: Problems,
    where: str,
    window: v.WindowSettings,
    queues: Sequence[str],
    zones: Sequence[str],
) -> v.WindowSettings:
    """The window with `*` written out, its queues and zone checked."""
    reference(problems, where, "zone", window.zone, "zone", zones)
    for key, wanted in (("queues", window.queues), ("overflow", window.overflow)):
        for queue in wanted:
            if key == "queues" and queue == v.EVERYTHING:
                continue
            reference(problems, where, key, queue, "queue", queues)
    if v.EVERYTHING in window.queues:
        if len(window.queues) > 1:
            problems.add(where, 'queues: "*" means all queues; nothing may stand beside it')
        window = replace(window, queues=tuple(queues))
    both = [queue for queue in window.overflow if queue in window.queues]
    if both:
        problems.add(where, f"overflow: {shown(both[0])} is one of its own queues already")
    return window


def everybody_is_called(
    problems: Problems,
    queues: Sequence[v.QueueSettings],
    windows: Sequence[v.WindowSettings],
    offered: Sequence[v.ServiceSettings],
) -> None:
    """A queue that no window serves would let people wait for ever: for how many services."""
    if any("[[window]]" in found for found in problems.found):
        return  # the window that should serve it may be the one with the typing error
    served = {queue for window in windows for queue in (*window.queues, *window.overflow)}
    for queue in queues:
        if queue.id and queue.id not in served:
            lost = sum(service.queue == queue.id for service in offered)
            so = f", so {lost} of the services would have none" if lost else ""
            problems.add(
                f'[[queue]] "{queue.id}"',
                f"no window serves it{so}; name it in the queues of a [[window]]",
            )


def services(
    problems: Problems, entries: Sequence[v.ServiceSettings], queues: Sequence[str]
) -> None:
    """Each service belongs to a queue that exists."""
    for number, service in enumerate(entries, start=1):
        where = place("service", service.id, number)
        reference(problems, where, "queue", service.queue, "queue", queues)


def bundles(
    problems: Problems, one_things: Sequence[v.OneThingSettings], services: Sequence[str]
) -> None:
    """A 一件事 joins services that exist."""
    for number, one in enumerate(one_things, start=1):
        where = place("one_thing", one.id, number)
        for service in one.services:
            reference(problems, where, "services", service, "service", services)


def hours_apart(problems: Problems, hours: Sequence[v.HoursSettings]) -> None:
    """Two openings of one day may touch but not overlap."""
    for index, one in enumerate(hours, start=1):
        for other in hours[: index - 1]:
            shared = [day for day in one.days if day in other.days]
            overlap = (
                one.open_minutes < other.close_minutes and other.open_minutes < one.close_minutes
            )
            if shared and overlap:
                problems.add(
                    f"[[hours]] number {index}", f"overlaps with other hours on {shared[0]}"
                )
                break


def with_defaults(classes: Sequence[v.ClassSettings]) -> tuple[v.ClassSettings, ...]:
    """The four classes that always exist, as overridden, then the hall's own in their order."""
    given = {one.id: one for one in classes}
    always = tuple(given.pop(one.id, one) for one in v.DEFAULT_CLASSES)
    return always + tuple(given.values())
