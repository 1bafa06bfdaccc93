"""Reads a hall's configuration: TOML and environment become frozen values, or all problems at once.

    settings = load(Path("hall.toml"), os.environ)

Tables and keys are the public contract (TOML; unknown keys are errors with a suggestion). Single
tables can be overridden from the environment, which is how passwords stay out of files:
`QUEUED_<TABLE>_<KEY>` in capitals for the tables `hall`, `rules`, `http`, `redis`, `storage`,
`slip`, `people`, `wechat`, `remote`, `appointments`.

    QUEUED_HTTP_HOST=0.0.0.0          [http] host
    QUEUED_HTTP_PORT=8080             [http] port
    QUEUED_HTTP_PUBLIC_URL=https://…  [http] public_url
    QUEUED_HTTP_TRUSTED_PROXIES=a,b   [http] trusted_proxies; lists are separated by commas
    QUEUED_RULES_ONE_LIVE_TICKET=true [rules] one_live_ticket
    QUEUED_REDIS_URL=redis://…        [redis] url
    QUEUED_STORAGE_URL=postgresql://… [storage] url
    QUEUED_WECHAT_SECRET=…            [wechat] secret

An empty variable counts as not set. Nothing here knows the rulebook: whoever builds a hall maps
these values to the core's.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from queued import settings_links as links
from queued import settings_remote, settings_wechat
from queued import settings_tables as tables
from queued.settings_reader import (
    FromEnvironment,
    Problems,
    SettingsError,
    Table,
    instead,
    place,
    shown,
)
from queued.settings_values import (
    DEFAULT_CLASSES,
    DEFAULT_OUTCOMES,
    ENTRIES_MAX,
    FILE_BYTES_MAX,
    ClassSettings,
    DeviceSettings,
    HallSettings,
    HoursSettings,
    HttpSettings,
    NoticeSettings,
    OneThingSettings,
    OutcomeSettings,
    PeopleSettings,
    QueueSettings,
    RedisSettings,
    RulesSettings,
    ServiceSettings,
    Settings,
    SlipSettings,
    StorageSettings,
    WindowSettings,
    ZoneSettings,
)

__all__ = [
    "DEFAULT_CLASSES",
    "DEFAULT_OUTCOMES",
    "ClassSettings",
    "DeviceSettings",
    "HallSettings",
    "HoursSettings",
    "HttpSettings",
    "NoticeSettings",
    "OutcomeSettings",
    "OneThingSettings",
    "PeopleSettings",
    "QueueSettings",
    "RedisSettings",
    "RulesSettings",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "SlipSettings",
    "StorageSettings",
    "WindowSettings",
    "ZoneSettings",
    "load",
    "parse",
    "tables_of",
]

Entry = TypeVar("Entry")

SINGLE_TABLES = (
    "hall", "rules", "http", "redis", "storage", "slip", "people", "wechat", "remote",
    "appointments",
)  # fmt: skip
REPEATED_TABLES = (
    "zone", "queue", "service", "window", "class", "hours", "device", "outcome", "one_thing",
    "notice", "wechat_reminder",
)  # fmt: skip
ENVIRONMENT_PREFIX = "QUEUED_"


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in `path`, overridden by `environ`. Raises `SettingsError`, never an OSError."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from None
    except ValueError:  # a NUL in the name
        raise SettingsError([f"{shown(str(path))}: is not a file name"]) from None
    settings = parse(content, path.name, environ)
    settings_remote.complete(settings, path.name)
    folder = path.absolute().parent
    return dataclasses.replace(
        settings, slip=settings.slip.beside(folder), wechat=settings.wechat.beside(folder)
    )


def parse(content: bytes, file: str, environ: Mapping[str, str]) -> Settings:
    """As `load`, from the bytes of a file; `file` is how messages call it."""
    document = tables_of(content, file)
    problems = Problems(file)
    _override(problems, document, environ)
    settings = _with_account(problems, document, _settings(problems, document))
    if problems.found:
        raise SettingsError(problems.found)
    return settings


def tables_of(content: bytes, file: str) -> dict[str, object]:
    """The bytes of a file as its tables, not looked at yet. Raises `SettingsError`."""
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError([f"{file}: is larger than {FILE_BYTES_MAX} bytes"])
    try:
        # "-sig": editors on Windows put a byte order mark in front.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8 (not GBK)"]
        ) from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError([f"{file}: is nested too deeply"]) from None
    except ValueError as error:  # TOMLDecodeError, and numbers too long for int()
        raise SettingsError([f"{file}: is not TOML: {error}"]) from None


def _override(problems: Problems, document: dict[str, object], environ: Mapping[str, str]) -> None:
    """Put `FromEnvironment` in the place of what a variable overrides."""
    for variable, text in sorted(environ.items()):
        name, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
        if not variable.startswith(ENVIRONMENT_PREFIX) or name not in SINGLE_TABLES:
            continue
        if not key or not text:
            continue
        table = document.setdefault(name, {})
        if isinstance(table, dict):
            table[key] = FromEnvironment(variable, text)


def _settings(problems: Problems, document: dict[str, object]) -> Settings:
    _known_tables(problems, document)
    hall = _single(problems, document, "hall", tables.hall)
    zones = _repeated(problems, document, "zone", tables.zone)
    queues = _repeated(problems, document, "queue", tables.queue)
    services = _repeated(problems, document, "service", tables.service)
    windows = _repeated(problems, document, "window", tables.window)
    classes = _repeated(problems, document, "class", tables.visitor_class)
    devices = _repeated(problems, document, "device", tables.device)
    hours = _repeated(problems, document, "hours", tables.hours)
    notices = _repeated(problems, document, "notice", tables.notice)
    outcomes = _repeated(problems, document, "outcome", tables.outcome)
    one_things = _repeated(problems, document, "one_thing", tables.one_thing)
    for name, entries in (("queue", queues), ("window", windows)):
        if not entries and not isinstance(document.get(name), dict):
            problems.add(f"[[{name}]]", f"is missing; a hall needs at least one {name}")
    for table, identified in (
        ("zone", zones), ("queue", queues), ("service", services),
        ("window", windows), ("class", classes), ("device", devices),
        ("outcome", outcomes), ("one_thing", one_things),
    ):  # fmt: skip
        links.unique_ids(problems, table, identified)
    links.unique_letters(problems, queues)
    links.hours_apart(problems, hours)
    queue_ids = [queue.id for queue in queues if queue.id]
    zone_ids = [zone.id for zone in zones if zone.id]
    window_ids = [window.id for window in windows if window.id]
    links.services(problems, services, queue_ids)
    links.bundles(problems, one_things, [service.id for service in services if service.id])
    windows = [
        links.link_window(problems, place("window", one.id, number), one, queue_ids, zone_ids)
        for number, one in enumerate(windows, start=1)
    ]
    links.everybody_is_called(problems, queues, windows, services)
    links.devices_have_a_place(problems, devices, window_ids, zone_ids)
    links.notices_have_a_zone(problems, notices, zone_ids)
    return Settings(
        hall=hall,
        queues=tuple(queues),
        windows=tuple(windows),
        services=tuple(services),
        classes=links.with_defaults(classes),
        zones=tuple(zones),
        hours=tuple(hours),
        notices=tuple(notices),
        rules=_single(problems, document, "rules", tables.rules),
        devices=tuple(devices),
        http=_single(problems, document, "http", tables.http),
        redis=_single(problems, document, "redis", tables.redis),
        storage=_single(problems, document, "storage", tables.storage),
        slip=_single(problems, document, "slip", tables.slip),
        outcomes=tuple(outcomes) or DEFAULT_OUTCOMES,
        one_things=tuple(one_things),
        people=_single(problems, document, "people", tables.people),
        remote=_single(problems, document, "remote", settings_remote.remote),
        appointments=_single(problems, document, "appointments", settings_remote.appointments),
    )


def _with_account(
    problems: Problems, document: Mapping[str, object], settings: Settings
) -> Settings:
    """The hall with its official account and the reminders it sends."""
    reminders = _repeated(problems, document, "wechat_reminder", settings_wechat.reminder)
    complete = dataclasses.replace(
        settings,
        wechat=_single(problems, document, "wechat", settings_wechat.wechat),
        wechat_reminders=tuple(reminders),
    )
    settings_wechat.linked(problems, complete)
    return complete


def _known_tables(problems: Problems, document: dict[str, object]) -> None:
    known = (*SINGLE_TABLES, *REPEATED_TABLES)
    for name in document:
        if name not in known:
            problems.add(name, f"is not a known table{instead(name, known, 'Tables are')}")


def _single(
    problems: Problems,
    document: Mapping[str, object],
    name: str,
    read: Callable[[Table], Entry],
) -> Entry:
    """One `[name]` table; an absent one is read as empty."""
    where = f"[{name}]"
    values = document.get(name, {})
    if not isinstance(values, dict):
        doubled = isinstance(values, list)
        problems.add(where, f"must be one table; write [{name}] once" if doubled
                     else f"is {shown(values)}; needed is a table [{name}]")  # fmt: skip
        # Its keys are unknown: do not add a missing-key sentence for each.
        return read(Table(Problems(problems.file), where, {}))
    table = Table(problems, where, values)
    entry = read(table)
    table.finish()
    return entry


def _repeated(
    problems: Problems,
    document: Mapping[str, object],
    name: str,
    read: Callable[[Table], Entry],
) -> list[Entry]:
    """All `[[name]]` tables."""
    listed = document.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        problems.add(f"[[{name}]]", f"is not a list of tables; write [[{name}]] before each entry")
        return []
    if len(listed) > ENTRIES_MAX[name]:
        problems.add(f"[[{name}]]", f"has {len(listed)} entries; at most {ENTRIES_MAX[name]}")
        return []
    entries = []
    for number, values in enumerate(listed, start=1):
        table = Table(problems, place(name, values.get("id"), number), values)
        entries.append(read(table))
        table.finish()
    return entries
