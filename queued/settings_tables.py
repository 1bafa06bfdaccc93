"""One function a table: what its keys are called, what they may hold, what they become.

The keys and their meaning are the public contract. Whether an id that one table names exists in
another is checked in `settings_links.py`, after all tables are read.
"""

from __future__ import annotations

import datetime
import difflib
import re
import zoneinfo
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import SplitResult, unquote, urlsplit

from queued import settings_values as v
from queued.settings_reader import Table, instead, shown

ID_IN_WORDS = "an id of 1 to 32 small Latin letters, digits and hyphens"
HOST = re.compile(r"[A-Za-z0-9._:\-\[\]]{1,253}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9])?")
USB_ID = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}")
USB_SERIAL = re.compile(r"(/[ -.0-~]{0,126})?")
CUPS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,126}")
SOUND_CARD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:,=.-]{0,63}")
DEVICE_FILE = re.compile(r"/[^\0]*[^/\0]")
LINE = re.compile(
    r"((baud=[1-9][0-9]{2,6}|parity=(none|even|odd)|stop=[12]|bits=[78]"
    r"|flow=(none|rtscts|xonxoff|dsrdtr))(&(?!$)|$))*"
)
"""Parameters of a serial line; which speeds it can have, its driver knows."""


def hall(table: Table) -> v.HallSettings:
    """`[hall]`"""
    latitude = table.degrees("latitude", 90)
    longitude = table.degrees("longitude", 180)
    for here, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if here in table and other not in table:
            table.wrong(here, f"says nothing without {other}")
    return v.HallSettings(
        id=_id(table),
        name=table.text("name"),
        name_en=table.text("name_en", ""),
        timezone=_timezone(table),
        day_starts_minutes=table.clock("day_starts", "04:00"),
        address=table.text("address", "", chars_max=v.SENTENCE_CHARS_MAX),
        latitude=latitude,
        longitude=longitude,
    )


def zone(table: Table) -> v.ZoneSettings:
    """`[[zone]]`"""
    return v.ZoneSettings(_id(table), table.text("name"), table.text("name_en", ""))


def queue(table: Table) -> v.QueueSettings:
    """`[[queue]]`"""
    digits = table.number("digits", v.DIGITS, 3)
    return v.QueueSettings(
        id=_id(table),
        letter=table.matching("letter", v.LETTER_PATTERN, "one or two Latin capitals"),
        name=table.text("name"),
        name_en=table.text("name_en", ""),
        # The series must have room for numbers after its first one.
        first=table.number("first", v.Bounds(0, 10**digits // 2), 1),
        digits=digits,
        waiting_max=table.number("waiting_max", v.QUEUE_WAITING, 0) or None,
    )


def service(table: Table) -> v.ServiceSettings:
    """`[[service]]`"""
    return v.ServiceSettings(
        id=_id(table),
        name=table.text("name"),
        queue=table.matching("queue", v.ID_PATTERN, ID_IN_WORDS),
        minutes=table.number("minutes", v.SERVICE_MINUTES),
        materials=table.texts(
            "materials", required=False, most=v.MATERIALS_MAX, chars_max=v.SENTENCE_CHARS_MAX
        ),
        name_en=table.text("name_en", "", chars_max=v.SENTENCE_CHARS_MAX),
        initials=table.matching("initials", r"[a-z0-9]{0,40}", "small Latin letters", ""),
        remote=table.flag("remote", False),
        remote_per_day=table.number("remote_per_day", v.REMOTE_PER_DAY, 0) or None,
        appointments=table.number("appointments", v.APPOINTMENTS_PER_SLOT, 0),
    )


def one_thing(table: Table) -> v.OneThingSettings:
    """`[[one_thing]]`"""
    services = table.texts("services", required=True, most=v.ONE_THING_SERVICES_MAX)
    if not services and "services" in table:
        table.wrong("services", "is empty; needed is at least one service")
    return v.OneThingSettings(
        id=_id(table),
        name=table.text("name"),
        services=services,
        materials=table.texts(
            "materials", required=False, most=v.MATERIALS_MAX, chars_max=v.SENTENCE_CHARS_MAX
        ),
        name_en=table.text("name_en", "", chars_max=v.SENTENCE_CHARS_MAX),
        initials=table.matching("initials", r"[a-z0-9]{0,40}", "small Latin letters", ""),
    )


def window(table: Table) -> v.WindowSettings:
    """`[[window]]`; a `*` in `queues` is written out later, when all queues are known."""
    queues_max = v.ENTRIES_MAX["queue"]
    return v.WindowSettings(
        id=_id(table),
        name=table.text("name"),
        queues=table.texts("queues", required=True, most=queues_max),
        overflow=table.texts("overflow", required=False, most=queues_max),
        zone=table.matching("zone", v.ID_PATTERN, ID_IN_WORDS, "") or None,
        name_en=table.text("name_en", ""),
    )


def visitor_class(table: Table) -> v.ClassSettings:
    """`[[class]]`; what one of the four that always exist leaves out keeps its default."""
    id_ = _id(table)
    known = next((one for one in v.DEFAULT_CLASSES if one.id == id_), None)
    return v.ClassSettings(
        id=id_,
        name=table.text("name", known.name if known else None),
        name_en=table.text("name_en", known.name_en if known else ""),
        head_start_minutes=table.number(
            "head_start_minutes",
            v.HEAD_START_MINUTES,
            known.head_start_minutes if known else None,
        ),
        basis=table.text("basis", "", chars_max=v.SENTENCE_CHARS_MAX),
    )


def outcome(table: Table) -> v.OutcomeSettings:
    """`[[outcome]]`"""
    return v.OutcomeSettings(_id(table), table.text("name"), table.text("name_en", ""))


def hours(table: Table) -> v.HoursSettings:
    """`[[hours]]`"""
    days = table.texts("days", required=True, most=len(v.DAYS))
    for day in days:
        if day not in v.DAYS:
            table.wrong("days", f"{shown(day)} is not a day{instead(day, v.DAYS, 'Days are')}")
    if not days and "days" in table:
        table.wrong("days", "is empty; needed is at least one of " + ", ".join(v.DAYS))
    opens, closes = table.clock("open"), table.clock("close")
    if closes <= opens and "open" in table and "close" in table:
        table.wrong("close", "must be later than open, on the same day")
    return v.HoursSettings(tuple(day for day in v.DAYS if day in days), opens, closes)


def notice(table: Table) -> v.NoticeSettings:
    """`[[notice]]`"""
    since, until = _moment(table, "from", "00:00"), _moment(table, "until", "24:00")
    if since and until and until <= since:
        table.wrong("until", "must be later than from")
    return v.NoticeSettings(
        text=table.text("text", chars_max=v.SENTENCE_CHARS_MAX),
        text_en=table.text("text_en", "", chars_max=v.SENTENCE_CHARS_MAX),
        zone=table.matching("zone", v.ID_PATTERN, ID_IN_WORDS, "") or None,
        since=since,
        until=until,
    )


def rules(table: Table) -> v.RulesSettings:
    """`[rules]`"""
    usual = v.RulesSettings()
    return v.RulesSettings(
        recall_max=table.number("recall_max", v.RECALL_TIMES, usual.recall_max),
        recall_interval_s=table.number(
            "recall_interval_s", v.RECALL_INTERVAL_S, usual.recall_interval_s
        ),
        auto_miss_after_s=table.number(
            "auto_miss_after_s", v.AUTO_MISS_AFTER_S, usual.auto_miss_after_s
        ),
        undo_within_s=table.number("undo_within_s", v.UNDO_WITHIN_S, usual.undo_within_s),
        overflow_penalty_minutes=table.number(
            "overflow_penalty_minutes", v.OVERFLOW_PENALTY_MINUTES, usual.overflow_penalty_minutes
        ),
        returns_max=table.number("returns_max", v.RETURNS, usual.returns_max),
        waiting_max=table.number("waiting_max", v.HALL_WAITING, usual.waiting_max),
        one_live_ticket=table.flag("one_live_ticket", usual.one_live_ticket),
        slip_expires_s=table.number("slip_expires_s", v.SLIP_EXPIRES_S, usual.slip_expires_s),
        long_wait_minutes=table.number(
            "long_wait_minutes", v.LONG_WAIT_MINUTES, usual.long_wait_minutes
        ),
        checkin_early_minutes=table.number(
            "checkin_early_minutes", v.CHECKIN_MINUTES, usual.checkin_early_minutes
        ),
        checkin_late_minutes=table.number(
            "checkin_late_minutes", v.CHECKIN_MINUTES, usual.checkin_late_minutes
        ),
        keep_place_minutes=table.number(
            "keep_place_minutes", v.KEEP_PLACE_MINUTES, usual.keep_place_minutes
        ),
    )


def device(table: Table) -> v.DeviceSettings:
    """`[[device]]`; keys not named here are options of its kind, checked by its driver."""
    return v.DeviceSettings(
        id=_id(table),
        kind=table.choice("kind", v.DEVICE_KINDS),
        port=_device_port(table),
        window=table.matching("window", v.ID_PATTERN, ID_IN_WORDS, "") or None,
        kiosk=table.matching("kiosk", v.ID_PATTERN, ID_IN_WORDS, "") or None,
        zone=table.matching("zone", v.ID_PATTERN, ID_IN_WORDS, "") or None,
        slip=table.choice("slip", v.SLIP_KINDS, "normal"),
        rating_s=table.number("rating_s", v.RATING_S, 0),
        options=MappingProxyType(table.options()),
    )


def slip(table: Table) -> v.SlipSettings:
    """`[slip]`; whether the files are there and good shows when they are read."""
    return v.SlipSettings(
        **{
            name: table.text(name, "", chars_max=v.SENTENCE_CHARS_MAX)
            for name in ("zh", "en", "zh_elder", "en_elder", "logo")
        }
    )


def http(table: Table) -> v.HttpSettings:
    """`[http]`"""
    usual = v.HttpSettings()
    return v.HttpSettings(
        host=table.matching("host", HOST.pattern, "a host name or an IP address", usual.host),
        port=table.number("port", v.PORT, usual.port),
        public_url=_url(table, "public_url", ("http", "https"), need_host=True) or "",
        trusted_proxies=table.texts("trusted_proxies", required=False, most=20),
        public_requests_per_minute=table.number(
            "public_requests_per_minute",
            v.PUBLIC_REQUESTS_PER_MINUTE,
            usual.public_requests_per_minute,
        ),
        sign_in_attempts_per_minute=table.number(
            "sign_in_attempts_per_minute",
            v.SIGN_IN_ATTEMPTS_PER_MINUTE,
            usual.sign_in_attempts_per_minute,
        ),
        tickets_per_minute=table.number(
            "tickets_per_minute", v.TICKETS_PER_MINUTE, usual.tickets_per_minute
        ),
        streams_max=table.number("streams_max", v.STREAMS, usual.streams_max),
        session_hours=table.number("session_hours", v.SESSION_HOURS, usual.session_hours),
    )


def redis(table: Table) -> v.RedisSettings:
    """`[redis]`"""
    return v.RedisSettings(_url(table, "url", ("redis", "rediss", "unix")))


def storage(table: Table) -> v.StorageSettings:
    """`[storage]`"""
    url = _url(table, "url", ("postgresql",))
    if url and not urlsplit(url).path.strip("/"):
        table.wrong("url", "names no database; needed is postgresql://USER@HOST/DATABASE")
    return v.StorageSettings(url)


def people(table: Table) -> v.PeopleSettings:
    """`[people]`"""
    usual = v.PeopleSettings()
    return v.PeopleSettings(table.number("keep_days", v.PEOPLE_DAYS, usual.keep_days))


# ── Pieces of tables ──────────────────────────────────────────────────────────────────────


def _id(table: Table) -> str:
    return table.matching("id", v.ID_PATTERN, ID_IN_WORDS)


def _moment(table: Table, key: str, time_of_day: str) -> str:
    """A day, or a day and a time of day, as "YYYY-MM-DDTHH:MM"; a day alone gets that time."""
    text = table.matching(key, MOMENT.pattern, 'a day such as "2026-11-23", or with "T08:30"', "")
    day, _, clock = text.partition("T")
    try:
        datetime.date.fromisoformat(day or "2026-01-01")
    except ValueError:
        table.wrong(key, f"{shown(text)} is not a day of the calendar")
        return ""
    return f"{day}T{clock or time_of_day}" if day else ""


def _timezone(table: Table) -> str:
    name = table.text("timezone", "Asia/Shanghai")
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A folder ("Asia") is an OSError, a path ("../x") a ValueError.
        known = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(name, known, n=1)
        example = near[0] if near else "Asia/Shanghai"
        table.wrong(
            "timezone",
            f'{shown(name)} is not a time zone of the tz database; did you mean "{example}"?',
        )
        return "Asia/Shanghai"
    return name


def _device_port(table: Table) -> str:
    """A port URL whose parts can be right; whether something is plugged in shows at run time."""
    text = table.text("port", chars_max=v.SENTENCE_CHARS_MAX)
    if not text:
        return ""
    reason = port_problem(text)
    if reason:
        table.wrong("port", f"{shown(text)} {reason}")
    return text


def port_problem(port: str) -> str:
    """Why `port` cannot be the URL of a device, or "" if it can."""
    parts = _split(port)
    if parts is None or "://" not in port:
        return f"is not a URL; allowed: {', '.join(PORT_EXAMPLES.values())}"
    if parts.scheme not in PORT_EXAMPLES:
        tail = instead(parts.scheme, PORT_EXAMPLES, "Allowed")
        return f'has the unknown beginning "{parts.scheme}"{tail}'
    bare = not parts.netloc and not parts.fragment
    empty_path = parts.path in ("", "/")
    plain = not parts.query and not parts.fragment
    good = {
        "tcp": bool(parts.hostname) and _port_of(parts) != 0 and empty_path and plain,
        "serial": bare and DEVICE_FILE.fullmatch(parts.path) and LINE.fullmatch(parts.query),
        "usb": USB_ID.fullmatch(parts.netloc)
        and USB_SERIAL.fullmatch(unquote(parts.path))
        and plain,
        "cups": CUPS_NAME.fullmatch(parts.netloc) and empty_path and plain,
        "alsa": SOUND_CARD.fullmatch(parts.netloc) and empty_path and plain,
        "file": bare and DEVICE_FILE.fullmatch(parts.path) and not parts.query,
        "browser": bare and empty_path and not parts.query,
        "virtual": bare and empty_path and not parts.query,
    }[parts.scheme]
    return "" if good else f"cannot be opened; needed is {PORT_EXAMPLES[parts.scheme]}"


PORT_EXAMPLES: Mapping[str, str] = MappingProxyType({
    "tcp": "tcp://192.168.1.50:9100",
    "serial": "serial:///dev/ttyUSB0?baud=9600",
    "usb": "usb://04b8:0202",
    "cups": "cups://kiosk",
    "alsa": "alsa://default",
    "file": "file:///dev/usb/lp0",
    "browser": "browser://",
    "virtual": "virtual://",
})  # fmt: skip


def _url(
    table: Table, key: str, schemes: tuple[str, ...], *, need_host: bool = False
) -> str | None:
    text = table.text(key, "", chars_max=v.SENTENCE_CHARS_MAX)
    if not text:
        return None
    parts = _split(text)
    # "postgresql+asyncpg://" names a driver after the plus.
    if parts is None or parts.scheme.split("+")[0] not in schemes or "://" not in text:
        # The value may carry a password: it is not repeated.
        table.wrong(key, f"is not a URL beginning with {' or '.join(f'{s}://' for s in schemes)}")
        return None
    if need_host and (not parts.hostname or parts.query or parts.fragment):
        table.wrong(key, "needs a host and nothing after the path, as https://hall.example.org")
        return None
    return text.rstrip("/") if need_host else text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _port_of(parts)
    except ValueError:
        return None
    return parts


def _port_of(parts: SplitResult) -> int | None:
    """Raises `ValueError` for one that is no number."""
    # After usb:// the colon begins the product's id.
    return None if parts.scheme == "usb" else parts.port
