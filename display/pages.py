"""Renders the pages. Gets plain dicts in the shapes of the HTTP API; asks nobody for anything.

Every page also takes `csrf` (str, default ""), `user` ({"name", "roles"} or None) and
`query_kept` (its own query as `q=x&`, default ""), which the links to other languages keep. Shapes
are those of the API: snapshot, desk, ticket, services, slips.

| page      | context                                                                        |
| --------- | ------------------------------------------------------------------------------ |
| start     | hall {"id","name"}, windows [snapshot windows], printers [device ids or dicts   |
|           | {"id","name"}], demo bool                                                       |
| kiosk     | hall, services (answer of GET /halls/{hall}/services), snapshot, readers        |
|           | [device ids of the card readers beside it]                                      |
| windows   | hall, snapshot, seats {window id: {"clerk", "since", "yours", "allowed"}}       |
| console   | hall, window (snapshot window), desk, services                                  |
| caller    | the same                                                                        |
| board     | hall, snapshot, wall (answer of GET /halls/{hall}/wall), zone {"id","name"} or  |
|           | None, second (a second language for titles) or None                             |
| screen    | hall, snapshot, window (snapshot window), second                                |
| status    | hall, snapshot, observed_at (its), services (as for the kiosk), opens (RFC 3339 |
|           | or None), query (what is searched for, or ""), columns (or none), times (answer |
|           | of GET /halls/{hall}/popular-times, of the day that is shown) or nothing        |
| ticket    | hall, ticket, token, snapshot, services, near (had better be in the hall now),  |
|           | earlier (of another day); bind (address or "")                                  |
| column    | hall, columns (those with something in them), column, entries [{"slug","title",  |
|           | "date","summary","pinned","language"}], number and last (of the list's parts)   |
| entry     | hall, columns, column, entry (the same with "html", which is safe)              |
| contacts  | hall, columns, groups [entries with "phones" [{"name","number","dialled",…}]]   |
| search    | hall, columns, query, results [{"kind","title","address","papers","excerpt",    |
|           | "language"}]                                                                    |
| city      | halls (answer of GET /halls)                                                    |
| leave     | hall, ticket, token: "really give up the place?", posts to /t/{token}/leave     |
| take      | hall, snapshot, services, booking bool, rules, code of the hall or "", mine     |
|           | [tickets], sign_in (address or "")                                              |
| take_one  | hall, snapshot, service, rules, code, sign_in, key; posts to itself             |
| arrive    | hall, waiting [{"number"}], booked [{"at"}], rules, code, sign_in               |
| onsite    | hall, code, until, seconds (until it comes anew)                                |
| book      | hall, services, rules, mine [bookings], sign_in                                 |
| book_one  | hall, service, rules, days, slots, sign_in; posts to itself                     |
| appointment | hall, booking, service or None, token or "", cancel_until, may_cancel, from,  |
|           | until                                                                           |
| printer   | hall, device {"id"} , slips [{"id","at","number","picture","text"}], strips     |
|           | [{"id","text"}]                                                                 |
| floor     | hall, floor (answer of GET /halls/{hall}/floor), services                      |
| story     | hall, today (ISO date), asked {"number","day","other"}, story (a history with   |
|           | day and names) or None, why (a sentence) or None, problem (a sentence) or None  |
| devices   | hall, devices [GET /halls/{hall}/devices], restarts, observed_at               |
| device    | hall, device, events (its GET …/events), options of the device, version        |
| people    | hall, windows, users [{"name","role","disabled"}], tokens [{"digest","name",    |
|           | "role","window","since"}], audit, roles {"people","tokens"}, done, token,       |
|           | errors {field: why}, form (as typed), failed; posts to itself                   |
| configuration | hall, draft (TOML), lists, fields, choices, entry, effects, versions, …     |
| content   | hall, columns {name: [rows]}, troubles, deleted, pictures, done, …              |
| writing   | hall, where {"column","slug","language"}, fields, base, preview, versions, …    |
| login     | hall or None, next (path to go to), error (problem code or None), demo bool,    |
|           | typed (the name, when it comes again); posts name, password, next, csrf to      |
|           | /login, or as, next to /demo/enter                                              |
| error     | status int, code (problem code), detail str or None                             |
| docs      | nothing; reads /api/v1/openapi.json                                             |

Pages obey `script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'`: what
a module needs is in the one data block `page-data`, in which no `<` survives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2

from display import busy, i18n, phone, waits
from display.page_data import page_data

STATIC_DIR: Final = Path(__file__).parent / "static"
"""What `/static/` serves. A request whose `?v=` equals the content hash may be cached for ever."""

TEMPLATES_DIR: Final = Path(__file__).parent / "templates"

HASH_CHARS: Final = 12
"""48 bits of SHA-256: enough to tell versions of one file apart."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one page needs: context keys, those its module sees, and the texts its module uses."""

    needs: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    module: str | None = None
    style: str = "plain"
    every_language: bool = False
    """Its module gets the texts of every language: visitors change it without leaving a screen."""
    never: frozenset[str] = frozenset()
    """Problem codes that cannot come up on it: their sentences stay at home."""
    theme: str = "light"
    """`dark` for screens on a wall (see `static/css/tokens.css`)."""


NEVER_AT_A_KIOSK: Final = frozenset((
    "already_rated", "bad_login", "booked_that_day", "booking_restricted", "code_taken",
    "no_such_slot", "no_test", "nobody_waiting", "not_near", "not_yours", "plan_in_use",
    "plan_invalid", "recall_too_soon", "sign_in_first", "slot_full", "ticket_not_called",
    "ticket_not_served", "ticket_not_serving", "too_late_to_cancel", "too_late_to_rate",
    "too_late_to_undo", "too_many_appointments", "too_many_recalls", "too_many_returns",
    "unknown_alarm", "unknown_window", "unknown_zone", "window_busy", "window_not_open",
    "window_taken", "wrong_code",
))  # fmt: skip
"""What clerks, managers and phones are told. A third of all sentences, in every language."""


PAGES: Final[Mapping[str, Page]] = {
    "start": Page(("hall", "windows", "printers", "demo")),
    "kiosk": Page(
        ("hall", "services", "snapshot", "readers"),
        ("hall", "services", "snapshot", "readers"),
        ("app", "wait", "kiosk", "error", "error_with", "queue_status"),
        "kiosk",
        "kiosk",
        every_language=True,
        never=NEVER_AT_A_KIOSK,
    ),
    "windows": Page(("hall", "snapshot", "seats")),
    "console": Page(
        ("hall", "window", "desk", "services"),
        ("hall", "window", "desk", "services"),
        ("live", "console", "error", "error_with", "status", "window_status", "reason", "class"),
        "console",
        "console",
    ),
    "caller": Page(
        ("hall", "window", "desk", "services"),
        ("hall", "window", "desk", "services"),
        ("live", "console", "error", "error_with", "status", "window_status", "reason", "class"),
        "caller",
        "console",
    ),
    "board": Page(
        ("hall", "snapshot", "wall", "zone", "second"),
        ("hall", "snapshot", "wall", "zone"),
        ("live", "wait", "board", "window_status", "queue_status", "reason"),
        "board",
        "board",
        theme="dark",
    ),
    "screen": Page(
        ("hall", "snapshot", "window", "second"),
        ("hall", "snapshot", "window"),
        ("live", "screen", "reason"),
        "screen",
        "screen",
        theme="dark",
    ),
    "status": Page(
        ("hall", "snapshot", "observed_at", "services", "opens", "query"),
        ("hall", "observed_at"),
        ("live", "wait", "phone", "busy", "window_status", "queue_status"),
        "status",
        "phone",
    ),
    "ticket": Page(
        ("hall", "ticket", "token", "snapshot", "services", "near", "earlier"),
        ("hall", "ticket", "snapshot"),
        ("live", "ticket", "phone"),
        "ticket",
        "phone",
    ),
    "column": Page(("hall", "columns", "column", "entries", "number", "last"), style="phone"),
    "entry": Page(("hall", "columns", "column", "entry"), style="phone"),
    "contacts": Page(("hall", "columns", "groups"), style="phone"),
    "search": Page(("hall", "columns", "query", "results"), style="phone"),
    "city": Page(
        ("halls",), (), ("wait", "phone", "city", "queue_status"), "city", "phone"
    ),
    "leave": Page(("hall", "ticket", "token"), style="phone"),
    "printer": Page(
        ("hall", "device", "slips", "strips"),
        ("hall", "device", "slips"),
        ("live", "printer"),
        "printer",
    ),
    "floor": Page(
        ("hall", "floor", "services", "user"),
        ("hall", "floor", "services"),
        ("live", "wait", "floor", "error", "error_with", "status", "window_status",
         "queue_status", "reason"),
        "floor",
        "floor",
    ),
    "story": Page(
        ("hall", "today", "asked", "story", "why", "problem", "user"), (), (), "story", "floor"
    ),
    "devices": Page(
        ("hall", "devices", "restarts", "observed_at"),
        ("hall", "observed_at"),
        ("live", "devices", "device_kind", "device_state"),
        "devices",
    ),
    "device": Page(
        ("hall", "device", "events", "options", "version"),
        ("hall", "device", "events", "options", "version"),
        (
            "live", "devices", "device", "device_kind", "device_state", "frame", "error",
            "error_with",
        ),  # fmt: skip
        "device",
    ),
    "people": Page(
        ("hall", "windows", "users", "tokens", "audit", "roles", "done", "token", "errors",
         "form", "failed", "user"),
        style="admin",
    ),
    "configuration": Page(
        ("hall", "base", "draft", "changed", "lists", "fields", "choices", "entry", "wrong",
         "problems", "effects", "waits", "taken", "done", "version", "file_changed", "waiting",
         "problem", "versions", "user"),
        style="admin",
    ),
    "take": Page(
        ("hall", "snapshot", "services", "booking", "rules", "code", "mine", "sign_in"),
        style="phone",
    ),
    "take_one": Page(
        ("hall", "snapshot", "service", "rules", "code", "sign_in", "key"),
        (),
        ("remote",),
        "position",
        "phone",
    ),
    "arrive": Page(
        ("hall", "waiting", "booked", "rules", "code", "sign_in", "action"),
        (),
        ("remote",),
        "position",
        "phone",
    ),
    "onsite": Page(("hall", "code", "until", "seconds"), style="phone", theme="dark"),
    "book": Page(("hall", "services", "rules", "mine", "sign_in"), style="phone"),
    "book_one": Page(
        ("hall", "service", "rules", "days", "slots", "sign_in"), style="phone"
    ),
    "appointment": Page(
        ("hall", "booking", "service", "token", "cancel_until", "may_cancel", "from", "until"),
        style="phone",
    ),
    "content": Page(
        ("hall", "columns", "troubles", "deleted", "pictures", "done", "done_page",
         "done_picture", "overtaken", "failed", "wrong_picture", "user"),
        style="admin",
    ),
    "writing": Page(
        ("hall", "where", "path", "existing", "fields", "base", "preview", "wrong", "problems",
         "overtaken", "failed", "versions", "user"),
        module="writing",
        style="admin",
    ),
    "login": Page(("hall", "next", "error", "demo", "typed"), ("next",), ("login",), "login"),
    "wechat": Page(("hall", "good", "lines", "token")),
    "error": Page(("status", "code", "detail")),
    "docs": Page((), (), ("docs",), "docs", "docs"),
}


PHONE_WORDS: Final = (
    "find_text", "from_clock", "listed", "matches", "opening", "to_clock", "week", "weekday",
)  # fmt: skip
"""Of `display.phone`: what templates may call."""


BUSY_WORDS: Final = (
    "best_words", "busy_words", "made_of", "quarters", "times_by_queue", "usual_now",
)  # fmt: skip
"""Of `display.busy`."""


class BadContext(ValueError):
    """A page was asked for without something it needs, or does not exist."""


class Pages:
    """Renders pages from templates compiled once; with `reload`, files are read at each use."""

    def __init__(self, *, reload: bool = False) -> None:
        self._reload = reload
        self._hashes: dict[str, str] = {}
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES_DIR),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=reload,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["clock"] = clock
        self._templates.globals.update(
            {name: getattr(phone, name) for name in PHONE_WORDS}, span=waits.span
        )
        self._templates.globals.update(
            {name: getattr(busy, name) for name in BUSY_WORDS}, chart_of=busy.chart
        )
        self._templates.globals["asset"] = self.asset
        self._templates.globals["shown"] = waits.shown
        self._templates.globals["spoken"] = i18n.spoken

    def render(self, page: str, language: str, context: Mapping[str, Any]) -> str:
        """The whole HTML document. `language` is one of `i18n.LANGUAGES`.

        Raises `BadContext` for an unknown page or a missing context key, and `MissingText` for
        another language: both are defects of the caller.
        """
        described = PAGES.get(page)
        if described is None:
            raise BadContext(f"no page {page!r}; there are: {', '.join(PAGES)}")
        missing = [name for name in described.needs if name not in context]
        if missing:
            raise BadContext(f"page {page!r} needs {', '.join(missing)}")
        catalogue = i18n.catalogue(language, fresh=self._reload)
        second = context.get("second") and i18n.catalogue(context["second"], fresh=self._reload)
        values = {"csrf": "", "user": None, "query_kept": "", **context}
        return self._templates.get_template(f"{page}.html").render(
            values,
            page=page,
            language=language,
            t=catalogue.text,
            catalogue=catalogue,
            second=second,
            named=lambda thing: name_of(thing, language),
            person=lambda by: person_of(by, catalogue),
            module=described.module,
            style=described.style,
            theme=described.theme,
            page_data=page_data(page, described, catalogue, second, context),
        )

    def asset(self, path: str) -> str:
        """The address of a static file with its content hash. Raises `BadContext` if absent."""
        if self._reload or path not in self._hashes:
            try:
                content = (STATIC_DIR / path).read_bytes()
            except OSError as error:
                raise BadContext(f"no static file {path!r}: {error.strerror}") from None
            self._hashes[path] = hashlib.sha256(content).hexdigest()[:HASH_CHARS]
        return f"/static/{path}?v={self._hashes[path]}"


def name_of(thing: Mapping[str, Any], language: str) -> str:
    """The name of a service, queue, window or class: `name_en`, where there is one, for all
    who do not read Chinese.
    """
    english = thing.get("name_en") if language != i18n.DEFAULT else None
    return str(english or thing["name"])


def person_of(by: str, catalogue: i18n.Catalogue) -> str:
    """`窗口人员 王芳` of `clerk:王芳`, as the journal names whoever did something."""
    role, colon, name = by.partition(":")
    known = colon and catalogue.has(f"role.{role}")
    return f"{catalogue.text(f'role.{role}')} {name}".rstrip() if known else by


def clock(at: str | None, chars: int = 5) -> str:
    """`10:15` (or `10:15:30` with 8 chars) of an RFC 3339 time, as on the hall's own clock."""
    return at[11 : 11 + chars] if at else ""
