"""The one table of routes: routing, roles, request and response types, and OpenAPI come from it.

`roles` are those of which a caller needs one (see `auth.GRANTS` for who may act as what);
PUBLIC needs none. A page that needs a role sends a browser to the sign-in form instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from queued.server import (
    admin,
    alarms,
    api,
    appointments,
    cards,
    configuring,
    devices,
    floor,
    health,
    journal,
    open_data,
    openapi,
    pages,
    phone,
    phone_page,
    popular,
    reading,
    screens,
    speakers,
    static,
    stories,
    technician,
    tickets,
    uploading,
    wall,
    windows,
    wire,
    writing,
)
from queued.server.call import Call

API: Final = "/api/v1"

PUBLIC: Final[frozenset[str]] = frozenset()
ISSUING: Final = frozenset({"kiosk", "clerk", "remote"})
STAFF: Final = frozenset({"clerk"})
CHECKING_IN: Final = frozenset({"kiosk", "clerk"})
KIOSK: Final = frozenset({"kiosk"})
REPRINTING: Final = frozenset({"kiosk", "clerk"})
TELLING: Final = frozenset({"clerk", "auditor"})
AUDIT: Final = frozenset({"auditor"})
MANAGING: Final = frozenset({"manager"})
ADMIN: Final = frozenset({"admin"})
SPEAKING: Final = frozenset({speakers.DISPLAY})
BOOKING: Final = frozenset({"remote", "admin"})
PRINTERS: Final = frozenset({"manager", "device"})

Handler = Callable[[Call[Any]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path. `gives` None: no JSON body (`media` says what instead)."""

    method: str
    path: str
    handler: Handler
    summary: str
    roles: frozenset[str] = PUBLIC
    takes: type | None = None
    gives: Any = None
    status: int = 200
    media: str = "application/json"
    page: bool = False
    """HTML for people: errors are pages, a missing role leads to the sign-in form."""
    counted: bool = True
    """Against the public's limit per address, if it needs no role."""
    query: tuple[tuple[str, str], ...] = ()
    """Query parameters: name, description."""
    demo_only: bool = False


def _get(path: str, handler: Handler, gives: Any, summary: str, **more: Any) -> Route:
    return Route(
        method="GET", path=API + path, handler=handler, gives=gives, summary=summary, **more
    )


def _post(path: str, handler: Handler, takes: type, gives: Any, summary: str, **more: Any) -> Route:
    return Route(
        method="POST",
        path=API + path,
        handler=handler,
        takes=takes,
        gives=gives,
        summary=summary,
        **more,
    )


def _page(path: str, handler: Handler, summary: str, **more: Any) -> Route:
    return Route(
        method=more.pop("method", "GET"),
        path=path,
        handler=handler,
        summary=summary,
        media=more.pop("media", "text/html"),
        page=True,
        **more,
    )


_PRINTER: Final = "/halls/{hall}/printers/{device}"
_DEVICE: Final = "/halls/{hall}/devices/{device}"

SNAPSHOT: Final = Route(
    method="GET",
    path=API + "/halls/{hall}",
    handler=api.no_such_hall,
    gives=wire.Snapshot,
    summary="The snapshot; strong ETag, 304",
)


ROUTES: Final[tuple[Route, ...]] = (
    # The order is that of frequency: paths of one beginning are tried one after the other.
    _post("/halls/{hall}/tickets", cards.take, wire.TakeTicket, wire.TicketTaken,
          "Take a number", roles=ISSUING, status=201),
    *(
        _post(f"/halls/{{hall}}/windows/{{window}}/{name}", windows.action(make), takes,
              wire.WindowAnswer, summary, roles=STAFF)
        for name, (takes, make, summary) in windows.ACTIONS.items()
    ),
    _post("/halls/{hall}/windows/{window}/assign", floor.assign, wire.Assign, wire.WindowAnswer,
          "Which queues it serves for the rest of the day", roles=MANAGING),
    _post("/halls/{hall}/windows/{window}/seat", floor.seat, wire.Seat, wire.WindowAnswer,
          "Open it for a clerk", roles=MANAGING),
    _get("/halls/{hall}/floor", floor.show, wire.Floor,
         "Windows, queues and alarms, for whoever runs the hall", roles=MANAGING),
    _get("/halls/{hall}/windows/{window}", windows.desk, wire.Desk, "The desk", roles=STAFF),
    _post("/halls/{hall}/checkin", appointments.check_in, wire.ScannedCode, wire.CheckedIn,
          "Whose code is this? An appointment gets its number, once", roles=CHECKING_IN),
    _post("/halls/{hall}/appointments", appointments.book, wire.BookAppointment,
          wire.Appointment, "Expect somebody", roles=BOOKING, status=201),
    Route(method="DELETE", path=API + "/halls/{hall}/appointments/{code}",
          handler=appointments.cancel, status=204, summary="Expect that person no more",
          roles=BOOKING),
    _get("/halls/{hall}/stream", api.stream, None,
         "The live stream: `id: seq`, `event: snapshot`, data = the snapshot",
         media="text/event-stream",
         query=(("voice", "Of a page that speaks (role display): the voice it owns from now on; "
                          "what to say comes as `event: say`, and `event: silenced` when another "
                          "page takes over"),)),
    _post("/halls/{hall}/voices/{device}/said", speakers.said, wire.VoiceSaid, wire.VoiceHeard,
          "A page tells what became of a sentence", roles=SPEAKING),
    _get("/halls/{hall}/services", api.services, wire.Services, "Queues, services, classes"),
    _get("/halls/{hall}/popular-times", popular.popular_times, wire.PopularTimes,
         "What a day is usually like by queue and hour, and how busy it is now; ETag, 304",
         query=(("day", "Another day than today, such as 2026-11-23"),)),
    _get("/halls/{hall}/phone-page", phone_page.phone_page, wire.PhonePage,
         "Usual times, and what phones can do at the hall's own server; ETag, 304"),
    _get("/halls/{hall}/open-data.csv", open_data.open_data, None,
         "Days that have closed, by hour and queue, as CSV: date, hour, queue, queue_name, "
         "tickets, called, served, missed, waiting_mean, wait_p50_min, wait_p80_min, "
         "service_p50_min; ETag, 304", media="text/csv",
         query=(("from", "First day, such as 2026-11-01; without it the last day"),
                ("to", f"Last day, at most {open_data.DAYS_MAX} days in all"),
                ("bom", "1: mark the file as UTF-8, for Excel"))),
    _get("/halls/{hall}/queue-monitor", api.queue_monitor, list[wire.QueueMonitor],
         "The hall as FIWARE QueueMonitor entities"),
    _get("/halls/{hall}/wall", wall.wall, wire.Wall,
         "Notices, pictures and films that screens show now"),
    _get("/halls/{hall}/devices", technician.list_devices, wire.DeviceList,
         "How the devices are", roles=MANAGING),
    _get(_DEVICE, technician.show_device, wire.Device, "How a device is", roles=MANAGING),
    _get(_DEVICE + "/events", technician.list_events, wire.DeviceEvents,
         "What happened to a device, newest first", roles=MANAGING,
         query=(("before", "Events with an id below this"),
                ("limit", "At most so many, 1 to 200"))),
    _get(_DEVICE + "/frames", technician.frames, None,
         "What goes over a device's line, live: `event: frame`, data = the bytes in hexadecimal "
         "and what they mean", roles=MANAGING, media="text/event-stream"),
    _post(_DEVICE + "/test", technician.try_out, wire.Nothing, wire.DeviceTest,
          "Print, show or say a test", roles=MANAGING, status=202),
    _get("/halls/{hall}/journal", journal.page, wire.JournalPage, "Events with their hashes",
         roles=AUDIT, query=(("after", "Events after this seq; 0 from the start"),
                             ("limit", "At most so many, 1 to 1000"))),
    _get("/halls/{hall}/tickets/{number}/history", journal.history, wire.History,
         "Everything that happened to a number today, and why", roles=TELLING),
    _get("/halls/{hall}/tickets/{number}/before/{other}", stories.compare, wire.Comparison,
         "Why another number was called before it", roles=TELLING,
         query=(("day", "An earlier business day, such as 2026-11-23"),)),
    _get("/halls/{hall}/readers/{device}/card", cards.card, wire.Card,
         "The identity card on a reader; waits for one up to 25 s", roles=KIOSK,
         query=(("after", "The read id of the last card: another one is waited for"),)),
    _get(_PRINTER + "/slips", devices.list_slips, wire.PrintedSlips,
         "Slips of a virtual printer, newest first", roles=PRINTERS),
    _get(_PRINTER + "/slips/{slip}.png", devices.show_slip, None, "A slip as a picture",
         roles=PRINTERS, media="image/png"),
    SNAPSHOT,
    _get("/halls", api.halls, wire.HallList, "The halls"),
    _get("/queue-monitor", api.all_queue_monitors, list[wire.QueueMonitor],
         "All halls as FIWARE QueueMonitor entities"),
    _get("/tickets/{token}", tickets.show, wire.OwnTicket, "Own ticket"),
    Route(method="DELETE", path=API + "/tickets/{token}", handler=tickets.leave,
          gives=wire.OwnTicket, summary="Leave the queue"),
    _get("/tickets/{token}/slip", tickets.slip, wire.Slip, "What became of the slip"),
    _post("/tickets/{token}/slip", tickets.reprint, wire.Nothing, wire.Slip,
          "Print the slip once more", roles=REPRINTING, status=202),
    _post("/tickets/{token}/arrival", tickets.arrive, wire.Nothing, wire.OwnTicket,
          "Its holder is in the hall: a number taken from afar may be called", roles=ISSUING),
    _post("/tickets/{token}/rating", tickets.rate, wire.Rate, wire.OwnTicket,
          "Rate the service, once"),
    _get("/halls/{hall}/alarms", alarms.list_alarms, wire.AlarmList,
         "What the manager must be told of", roles=MANAGING),
    _post("/halls/{hall}/alarms/{alarm}/ack", alarms.acknowledge, wire.Nothing, wire.Alarm,
          "Somebody sees to it", roles=MANAGING),
    _post("/session", api.sign_in, wire.SignIn, wire.Session, "Sign in"),
    _get("/session", api.session, wire.Session, "Who one is"),
    Route(method="DELETE", path=API + "/session", handler=api.sign_out, status=204,
          summary="Sign out"),
    _get("/openapi.json", openapi.document, None, "This document"),
    Route(method="GET", path="/healthz", handler=health.alive, gives=wire.Health,
          summary="Alive", counted=False),
    Route(method="GET", path="/readyz", handler=health.ready, gives=wire.Health,
          summary="Ready: journal writable and caught up, clock plausible", counted=False),
    Route(method="GET", path="/metrics", handler=health.metrics, summary="Prometheus metrics",
          media="text/plain", counted=False),
    Route(method="GET", path="/static/{path:.+}", handler=static.serve, summary="A file",
          media="application/octet-stream"),
    Route(method="GET", path="/media/{path:.+}", handler=wall.media,
          summary="A picture or film of the screens", media="application/octet-stream"),
    _page("/", pages.start, "Start page"),
    _page("/h/{hall}/board", screens.board, "Hall board",
          query=(("zone", "Only this zone"), ("second", "A second language for titles"))),
    _page("/h/{hall}/windows/{window}/screen", screens.window, "The screen above a window",
          query=(("second", "A second language"),)),
    _page("/h/{hall}", phone.hall, "Leads to the phone page", status=303),
    _page("/h/{hall}/status", phone.status, "Phone page"),
    *(
        _page(f"/h/{{hall}}/{column}", reading.listing, f"List of {column}",
              query=(("page", "Which part of a long list, from 1"),))
        for column in reading.LISTED
    ),
    *(
        _page(f"/h/{{hall}}/{column}/{{slug}}", reading.entry, f"A page of {column}")
        for column in reading.LISTED
    ),
    _page("/h/{hall}/contacts", reading.contacts, "Telephone list"),
    _page("/h/{hall}/search", reading.search, "Search of pages and services",
          query=(("q", "What is looked for"),)),
    _page("/h/{hall}/media/{picture}", reading.picture, "A picture of a page",
          media="application/octet-stream"),
    _page("/h/{hall}/kiosk", pages.kiosk, "Kiosk", roles=KIOSK),
    _page("/h/{hall}/windows", pages.windows, "Choose a window", roles=STAFF),
    _page("/h/{hall}/windows/{window}", pages.console, "Window console", roles=STAFF),
    _page("/h/{hall}/floor", floor.page, "Manager's floor", roles=MANAGING),
    _page("/h/{hall}/admin/people", admin.people, "People and tokens", roles=ADMIN),
    _page("/h/{hall}/admin/people", admin.change_people, "Change an account", roles=ADMIN,
          method="POST", status=303),
    _page("/h/{hall}/admin/configuration", configuring.page, "Configuration", roles=ADMIN),
    _page("/h/{hall}/admin/configuration", configuring.change, "Change it", roles=ADMIN,
          method="POST", status=303),
    _page("/h/{hall}/admin/configuration.toml", configuring.export, "The configuration as a file",
          roles=ADMIN, media="application/toml"),
    _page("/h/{hall}/admin/content", writing.overview, "Pages of columns", roles=ADMIN),
    _page("/h/{hall}/admin/content", writing.change, "Publish, withdraw, delete, bring back",
          roles=ADMIN, method="POST", status=303),
    _page("/h/{hall}/admin/content/page", writing.form, "Write a page", roles=ADMIN,
          query=(("page", "An existing one, as news/holiday"), ("new", "A new one of a column"),
                 ("of", "In English, of this Chinese one"))),
    _page("/h/{hall}/admin/content/page", writing.edit, "Save a page", roles=ADMIN,
          method="POST", status=303),
    _page("/h/{hall}/admin/content/pictures", uploading.upload, "Upload a picture", roles=ADMIN,
          method="POST", status=303),
    _page("/h/{hall}/admin", admin.people, "Administration", roles=ADMIN),
    _page("/h/{hall}/story", stories.page, "A ticket's story", roles=TELLING),
    _page("/h/{hall}/windows/{window}/caller", pages.caller, "Small caller", roles=STAFF),
    _page("/h/{hall}/printers/{device}", pages.printer, "Virtual printer", roles=PRINTERS),
    _page("/h/{hall}/devices", technician.devices_page, "Devices", roles=MANAGING),
    _page("/h/{hall}/devices/{device}", technician.device_page, "A device", roles=MANAGING),
    _page("/t/{token}", phone.own_ticket, "Own ticket"),
    _page("/t/{token}/leave", phone.leave_form, "Really leave?"),
    _page("/t/{token}/leave", phone.leave, "Leave", method="POST", status=303),
    _page("/t/{token}/rating", phone.rate, "Rate the service", method="POST", status=303),
    _page("/t/{token}/qr.svg", phone.qr, "QR code of the own-ticket page",
          media="image/svg+xml"),
    _page("/login", pages.sign_in_form, "Sign-in form"),
    _page("/login", pages.sign_in, "Sign in", method="POST", status=303),
    _page("/logout", pages.sign_out, "Sign out", method="POST", status=303),
    _page("/demo/enter", pages.enter_demo, "Enter the demonstration", method="POST", status=303,
          demo_only=True),
    _page("/api/docs", pages.docs, "API reference"),
)  # fmt: skip
"""Everything but the snapshot of a hall that is here (see `edge.snapshot_handler`)."""
