"""A page of a column as a form: its fields, the file they make, and which field is wrong.

What a file may say is decided by `queued.content.page` alone; here its sentences only find their
fields. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from queued.content.page import NAME, Page, PageUnreadable, page_of, written

BLANK_ROWS: Final = 3
"""Empty rows below the telephone numbers; saving gives more."""

SLUG_CHARS: Final = 24
"""Of a name made from a title's initials."""

PHONE_KEYS: Final = ("name", "number", "hours", "note")
TEXTS: Final = ("title", "date", "summary", "from", "expires")
FLAGS: Final = ("pinned",)

Form = Mapping[str, Sequence[str]]

_ABOUT: Final = re.compile(r"(?P<row>\[\[phone\]\] .*?: )?(?P<key>\w+): ", re.DOTALL)


def typed(form: Form) -> dict[str, Any]:
    """The fields as they were typed."""
    fields: dict[str, Any] = {key: _one(form, key) for key in (*TEXTS, "order")}
    fields |= {key: key in form for key in FLAGS}
    fields["body"] = _one(form, "body", strip=False).replace("\r\n", "\n")
    columns = [form.get(f"phone.{key}", ()) for key in PHONE_KEYS]
    rows = [
        dict(zip(PHONE_KEYS, (text.strip() for text in row), strict=True))
        for row in zip(*columns, strict=False)
    ]
    fields["phones"] = [row for row in rows if any(row.values())]
    return fields


def fields_of(page: Page) -> dict[str, Any]:
    """The fields of a page that is there."""
    return {
        "title": page.title,
        "date": page.date,
        "summary": page.summary,
        "order": str(page.order) if page.order else "",
        "from": page.starts,
        "expires": _last_moment(page.expires),
        "pinned": page.pinned,
        "body": page.body,
        "phones": [{key: getattr(one, key) for key in PHONE_KEYS} for one in page.phones],
    }


def blank(today: str) -> dict[str, Any]:
    """The fields of a page that nobody has written yet."""
    return typed({"date": [today]})


def text_of_fields(fields: Mapping[str, Any], language: str, *, published: bool) -> str:
    """The file that the fields make, right or wrong."""
    facts: dict[str, str | int | bool] = {key: fields[key] for key in TEXTS if fields[key]}
    order = fields["order"]
    if order and order != "0":
        facts["order"] = int(order) if re.fullmatch(r"-?[0-9]{1,4}", order) else order
    if not published:
        facts["published"] = False
    facts |= {key: True for key in FLAGS if fields[key]}
    if language != "zh":
        facts["language"] = language
    phones = [{key: one for key, one in row.items() if one} for row in fields["phones"]]
    return written(facts, phones, fields["body"])


def read(text: str, path: str) -> tuple[Page | None, dict[str, str], list[str]]:
    """The page in a file of `path`, or what is wrong: by field, and what belongs to none."""
    column, _, name = path.partition("/")
    try:
        return page_of(text.encode("utf-8", "replace"), column, name), {}, []
    except PageUnreadable as error:
        fields: dict[str, str] = {}
        others: list[str] = []
        for problem in error.problems:
            about = _ABOUT.match(problem)
            key = "phone" if about and about["row"] else about["key"] if about else ""
            if key in (*TEXTS, "order", "phone"):
                fields.setdefault(key, problem)
            else:
                others.append(problem)
        return None, fields, others


def slug_for(title_initials: str, day: str, taken: frozenset[str]) -> str:
    """A name for a new page: its title's initials and the day, with a number if there is one."""
    words = re.sub(r"[^a-z0-9]", "", title_initials)[:SLUG_CHARS] or "page"
    first = f"{words}-{day.replace('-', '')}" if day else words
    number = 1
    while (slug := first if number == 1 else f"{first}-{number}") in taken:
        number += 1
    return slug


def is_path(text: str, columns: Sequence[str]) -> bool:
    """Whether it names a page: `news/holiday.en`."""
    column, _, name = text.partition("/")
    return column in columns and NAME.fullmatch(name) is not None


def _last_moment(expires: str) -> str:
    """A form's clock knows no 24:00: that is 00:00 of the next day."""
    if not expires.endswith("T24:00"):
        return expires
    day = datetime.fromisoformat(expires.removesuffix("T24:00")) + timedelta(days=1)
    return f"{day:%Y-%m-%dT%H:%M}"


def _one(form: Form, key: str, *, strip: bool = True) -> str:
    texts = form.get(key, ())
    text = texts[-1] if texts else ""
    return text.strip() if strip else text
