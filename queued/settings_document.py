"""A configuration as the tables of its file again, and tables as TOML.

The inverse of `settings.parse`: what it reads from `toml_of(document_of(settings))` equals
`settings`, but for what may hold secrets and is left out: the addresses of Redis and of the
database, and the WeChat account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Final, TypeAlias

from queued import settings_values as v

Document: TypeAlias = dict[str, Any]
"""Table name → keys, or a list of such tables."""

EDITED: Final = (
    "rules", "queue", "service", "one_thing", "window", "class", "outcome", "hours", "notice",
)  # fmt: skip
"""The tables that administration may change. All others are the file's: they say how this box is
connected (devices, addresses, zones with their screens), and which hall it is."""

_REPEATED: Final = {
    "zone": "zones", "queue": "queues", "service": "services", "one_thing": "one_things",
    "window": "windows", "class": "classes", "outcome": "outcomes", "hours": "hours",
    "notice": "notices", "device": "devices",
}  # fmt: skip
ATTRIBUTES: Final = ("rules", *(_REPEATED[name] for name in EDITED if name in _REPEATED))
"""What these tables are called in `Settings`."""

_SINGLE: Final = ("hall", "rules", "http", "slip", "people", "remote", "appointments")
_NAMES: Final = {"day_starts_minutes": "day_starts", "open_minutes": "open",
                 "close_minutes": "close", "since": "from", "since_minutes": "from",
                 "until_minutes": "until"}  # fmt: skip
_CLOCKS: Final = ("day_starts_minutes", "open_minutes", "close_minutes", "since_minutes",
                  "until_minutes")  # fmt: skip


def document_of(settings: v.Settings) -> Document:
    """The tables that say this; what is as usual is left out."""
    document: Document = {name: _keys(getattr(settings, name)) for name in _SINGLE}
    for table, attribute in _REPEATED.items():
        document[table] = [_keys(entry) for entry in getattr(settings, attribute)]
    return {name: content for name, content in document.items() if content}


def edited(document: Mapping[str, Any]) -> Document:
    """The tables of it that administration may change."""
    return {name: document[name] for name in EDITED if name in document}


def laid_over(file: Mapping[str, Any], tables: Mapping[str, Any]) -> Document:
    """The file's document with the tables of a version in the place of its own."""
    kept = {name: content for name, content in file.items() if name not in EDITED}
    return {**kept, **tables}


def toml_of(document: Mapping[str, Any]) -> str:
    """The document as TOML 1.0: texts, whole numbers, fractions, truth values, lists of these."""
    lines: list[str] = []
    for table, content in document.items():
        repeated = not isinstance(content, Mapping)
        entries: Sequence[Mapping[str, Any]] = content if repeated else [content]
        for entry in entries:
            lines.append(f"[[{table}]]" if repeated else f"[{table}]")
            lines += [f"{key} = {_literal(value)}" for key, value in entry.items()]
            lines.append("")
    return "\n".join(lines)


def _keys(entry: Any) -> dict[str, Any]:
    """The keys of one table. What equals its default is left out, except of classes and
    outcomes, whose defaults depend on their ids."""
    told: dict[str, Any] = {}
    always = isinstance(entry, v.ClassSettings)
    for one in fields(entry):
        value = getattr(entry, one.name)
        default = one.default if one.default_factory is MISSING else one.default_factory()
        if one.name == "options":
            told |= value
        elif value is not None and (value != default or (always and value != "")):
            told[_NAMES.get(one.name, one.name)] = _told(one.name, value)
    return told


def _told(name: str, value: Any) -> Any:
    if name in _CLOCKS:
        return f"{value // 60:02d}:{value % 60:02d}"
    return list(value) if isinstance(value, tuple) else value


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        # JSON's escapes are TOML's; of what JSON leaves alone, TOML wants only DEL escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
