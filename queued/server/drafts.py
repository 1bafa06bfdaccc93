"""A draft of the configuration: its tables, edited one entry at a time in plain forms.

The draft itself travels in the form as TOML, so nothing is kept here between two requests and
two administrators never share one. What a draft is worth is decided by the one validation there
is, that of the configuration file; here its sentences only find their fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from queued.settings import SettingsError, tables_of
from queued.settings_values import DAYS

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One key of an entry. `kind`: text, number, time, moment, lines, or whose ids are offered:
    queue, zone (one of them), queues, days (any of them)."""

    key: str
    kind: str = "text"
    required: bool = False


FORMS: Final[Mapping[str, tuple[Field, ...]]] = {
    "queue": (
        Field("id", required=True),
        Field("letter", required=True),
        Field("name", required=True),
        Field("name_en"),
        Field("first", "number"),
        Field("digits", "number"),
        Field("waiting_max", "number"),
    ),
    "service": (
        Field("id", required=True),
        Field("name", required=True),
        Field("name_en"),
        Field("queue", "queue", required=True),
        Field("minutes", "number", required=True),
        Field("initials"),
        Field("materials", "lines"),
    ),
    "window": (
        Field("id", required=True),
        Field("name", required=True),
        Field("name_en"),
        Field("zone", "zone"),
        Field("queues", "queues", required=True),
        Field("overflow", "queues"),
    ),
    "class": (
        Field("id", required=True),
        Field("name", required=True),
        Field("name_en"),
        Field("head_start_minutes", "number", required=True),
        Field("basis"),
    ),
    "hours": (
        Field("days", "days", required=True),
        Field("open", "time", required=True),
        Field("close", "time", required=True),
    ),
    "notice": (
        Field("text", required=True),
        Field("text_en"),
        Field("zone", "zone"),
        Field("from", "moment"),
        Field("until", "moment"),
    ),
}
"""What is edited in forms; the other tables of a draft are edited as text."""

MANY: Final = frozenset({"queues", "days"})

_PROBLEM = re.compile(
    r'\[\[(?P<table>\w+)\]\] (?:"(?P<id>[^"]*)"|number (?P<number>\d+)): (?P<rest>.*)', re.DOTALL
)


def draft_of(text: str) -> Document:
    """TOML as a draft. Raises `SettingsError` for what no configuration could look like."""
    try:
        document = tables_of(text.encode(), "")
    except UnicodeEncodeError:
        raise SettingsError(["is not UTF-8"]) from None
    problems = []
    for name, content in document.items():
        listed = content if isinstance(content, list) else [content]
        tables = [one for one in listed if isinstance(one, dict)]
        if len(tables) != len(listed):
            problems.append(f"{name}: is not a table; write [{name}] or [[{name}]] before its keys")
            continue
        values = [value for one in tables for value in one.values()]
        flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
        if not all(isinstance(one, str | int | float) for one in flat):
            problems.append(f"[{name}]: holds something else than texts, numbers and lists")
    if problems:
        raise SettingsError(problems)
    return document


def entry_of(table: str, form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The entry as typed. Numbers that are none stay texts, so that the validation names them."""
    entry: dict[str, Any] = {}
    for field in FORMS[table]:
        texts = [text.strip() for text in form.get(f"field.{field.key}", ())]
        typed = texts[0] if texts else ""
        if field.kind in MANY:
            if any(texts) or field.required:
                entry[field.key] = [text for text in texts if text]
        elif field.kind == "lines":
            lines = [line.strip() for line in typed.splitlines()]
            if any(lines):
                entry[field.key] = [line for line in lines if line]
        elif field.kind == "number" and re.fullmatch(r"-?\d{1,9}", typed, re.ASCII):
            entry[field.key] = int(typed)
        elif typed:
            entry[field.key] = typed
    return entry


def kept(draft: Document, table: str, place: int | None, entry: dict[str, Any]) -> Document:
    """The draft with `entry` in the place of the one there was, or behind the others."""
    entries = list(draft.get(table, ()))
    if place is None:
        entries.append(entry)
    else:
        entries[place] = entry
    return {**draft, table: entries}


def removed(draft: Document, table: str, place: int) -> Document:
    """The draft without one entry."""
    entries = [one for at, one in enumerate(draft.get(table, ())) if at != place]
    return {**draft, table: entries}


def moved(draft: Document, table: str, place: int) -> Document:
    """The draft with one entry before the one it stood behind."""
    entries = list(draft.get(table, ()))
    if place > 0:
        entries[place - 1], entries[place] = entries[place], entries[place - 1]
    return {**draft, table: entries}


def by_field(
    problems: Sequence[str], table: str, entry: Mapping[str, Any], number: int
) -> Document:
    """Of these sentences of the validation, those about one entry by its keys ("" = the whole
    entry), and under "others" the rest."""
    fields: dict[str, str] = {}
    others: list[str] = []
    for problem in problems:
        found = _PROBLEM.fullmatch(problem)
        named = found is not None and (
            found["id"] == entry.get("id") if found["id"] else found["number"] == str(number)
        )
        if found is None or found["table"] != table or not named:
            others.append(problem)
            continue
        key, colon, sentence = found["rest"].partition(": ")
        known = colon and any(field.key == key for field in FORMS[table])
        fields[key if known else ""] = sentence if known else found["rest"]
    return {"fields": fields, "others": others}


def rows_of(draft: Document, table: str) -> list[dict[str, Any]]:
    """The entries of a table as its list shows them."""
    rows, names = [], {str(one.get("id")): str(one.get("name")) for one in entries(draft, "queue")}
    for place, entry in enumerate(entries(draft, table)):
        days = [day for day in DAYS if day in _texts(entry.get("days"))]
        title = entry.get("name") or entry.get("text") or entry.get("id") or ""
        if table == "hours":
            title = f"{entry.get('open', '')}–{entry.get('close', '')}"
        queues = [entry["queue"]] if "queue" in entry else _texts(entry.get("queues"))
        named = "、".join(names.get(str(queue), str(queue)) for queue in queues)
        more = str(entry.get("letter") or named)
        rows.append({"place": place, "title": str(title), "days": days, "more": more})
    return rows


def entries(draft: Document, table: str) -> list[dict[str, Any]]:
    """The entries of a repeated table; none if it is something else."""
    listed = draft.get(table, [])
    return listed if isinstance(listed, list) else []


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
