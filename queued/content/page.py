"""One page of a column: facts in TOML between two lines of `+++`, then Markdown.

    +++
    title = "国庆节放假安排"
    date = 2026-09-20
    pinned = true
    +++

    10月1日至7日放假，8日起照常服务。

Reading never stops at the first problem; an unknown key is one, with a suggestion.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from queued.settings_reader import Problems, SettingsError, Table, place, shown
from queued.settings_values import Bounds

COLUMNS: Final = ("news", "questions", "contacts", "about")
"""要闻公告, TA们都在问, 咨询电话, 微官网: folders, and parts of addresses."""

LANGUAGES: Final = ("zh", "en")

NAME: Final = re.compile(r"(?P<slug>[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)(?:\.(?P<language>en))?")
"""A file's name without `.md`: a slug, and `.en` for the English page of the same."""

FILE_BYTES_MAX: Final = 32 * 1024
"""Ten thousand 汉字: more than anybody reads on a phone; rendering stays below a second."""

TITLE_CHARS_MAX: Final = 80
"""Two lines on a phone."""

SUMMARY_CHARS_MAX: Final = 200
PHONES_MAX: Final = 40
"""Numbers in one group of the telephone list."""

PHONE_NOTE_CHARS_MAX: Final = 60
ORDER: Final = Bounds(-999, 999)

NUMBER: Final = re.compile(r"\+?[0-9](?:[0-9 -]{1,18})[0-9](?:(?:转| ext\. )[0-9]{1,6})?")
"""A telephone number as it is dialled: 0571-12345678, 12345, +86 571 1234, 0571-1234567转802,
in English 0571-1234567 ext. 802."""

FENCE: Final = "+++"
_MOMENT: Final = r"(\d{4}-\d{2}-\d{2})(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::00)?)?"
_MOMENT_IN_WORDS: Final = "a day such as 2026-11-23, or with T08:30"


class PageUnreadable(SettingsError):
    """A file is no page. `problems` are sentences for its author."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A row of the telephone list."""

    name: str
    number: str
    hours: str = ""
    note: str = ""

    @property
    def dialled(self) -> str:
        """What stands behind `tel:` (RFC 3966): digits, and a pause before an extension."""
        number, _, extension = self.number.replace(" ext. ", "转").partition("转")
        digits = re.sub(r"[ -]", "", number)
        return f"{digits},{extension}" if extension else digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as its file says. `date` "2026-11-23" or ""; `starts` and `expires`
    "2026-11-23T08:30" on the hall's clock, or "": from the beginning, for ever."""

    column: str
    slug: str
    title: str
    language: str = "zh"
    date: str = ""
    summary: str = ""
    order: int = 0
    published: bool = True
    pinned: bool = False
    starts: str = ""
    expires: str = ""
    phones: tuple[Phone, ...] = ()
    body: str = ""

    @property
    def name(self) -> str:
        """Of its file, without `.md`."""
        return self.slug if self.language == "zh" else f"{self.slug}.{self.language}"

    def state(self, now: str) -> str:
        """draft, waiting, shown or expired at `now` ("2026-11-23T10:00" on the hall's clock)."""
        if not self.published:
            return "draft"
        if self.starts and now < self.starts:
            return "waiting"
        return "expired" if self.expires and now >= self.expires else "shown"


def page_of(content: bytes, column: str, name: str) -> Page:
    """The page in a file's `content`. Raises `PageUnreadable` with every problem."""
    named = NAME.fullmatch(name)
    if named is None or column not in COLUMNS:
        raise PageUnreadable(
            ["its name is not made of small Latin letters, digits and hyphens, as notice-1.md or "
             "notice-1.en.md"]
        )  # fmt: skip
    facts, body = _parted(content)
    problems = Problems("")
    phones = facts.pop("phone", [])
    table = Table(problems, "", {key: _plain(value) for key, value in facts.items()})
    language = named["language"] or "zh"
    page = Page(
        column=column,
        slug=named["slug"],
        title=table.text("title", chars_max=TITLE_CHARS_MAX),
        language=language,
        date=_day(table, required=column == "news"),
        summary=table.text("summary", "", chars_max=SUMMARY_CHARS_MAX),
        order=table.number("order", ORDER, 0),
        published=table.flag("published", True),
        pinned=table.flag("pinned", False),
        starts=_moment(table, "from"),
        expires=_moment(table, "expires"),
        phones=_phones(problems, phones, column),
        body=body,
    )
    if table.choice("language", LANGUAGES, language) != language:
        table.wrong("language", f'the name of this file says "{language}"')
    if page.starts and page.expires and page.expires <= page.starts:
        table.wrong("expires", "must be later than from")
    table.finish()
    if problems.found:
        raise PageUnreadable(problems.found)
    return page


def text_of(page: Page) -> str:
    """The file of a page: `page_of` reads the same page from it."""
    facts: dict[str, Any] = {"title": page.title}
    usual = Page(column=page.column, slug=page.slug, title=page.title)
    for key, attribute in _KEYS.items():
        value = getattr(page, attribute)
        if value != getattr(usual, attribute):
            facts[key] = value
    phones = [
        {key: getattr(phone, key) for key in Phone.__slots__ if getattr(phone, key)}
        for phone in page.phones
    ]
    return written(facts, phones, page.body)


def written(
    facts: Mapping[str, str | int | bool], phones: Sequence[Mapping[str, str]], body: str
) -> str:
    """The file with these keys, whatever they hold: `page_of` tells what is wrong with them."""
    lines = [FENCE, *(f"{key} = {_literal(key, value)}" for key, value in facts.items())]
    for phone in phones:
        lines += ["", "[[phone]]", *(f"{key} = {_literal(key, one)}" for key, one in phone.items())]
    return "\n".join([*lines, FENCE, "", body.strip("\n"), ""])


_KEYS: Final[Mapping[str, str]] = {
    "date": "date", "summary": "summary", "order": "order", "published": "published",
    "pinned": "pinned", "from": "starts", "expires": "expires", "language": "language",
}  # fmt: skip
"""Keys of the front matter, and what they are called here."""


_DAY_MEANS: Final[Mapping[str, str]] = {"from": "T00:00", "expires": "T24:00"}
"""A day alone: from its beginning, until its end."""


def _literal(key: str, value: Any) -> str:
    """As TOML writes it: as JSON does, but for one character."""
    if key == "date" and _is_day(value):
        return str(value)
    if key in _DAY_MEANS:
        value = value.removesuffix(_DAY_MEANS[key])
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _parted(content: bytes) -> tuple[dict[str, Any], str]:
    """The front matter's table, and the text behind it."""
    if len(content) > FILE_BYTES_MAX:
        raise PageUnreadable([f"has {len(content)} bytes; allowed are {FILE_BYTES_MAX}"])
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise PageUnreadable(["is not UTF-8: save it with this encoding"]) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if any(not (c.isprintable() or c in "\t\u3000\xa0") for c in line):
            raise PageUnreadable([f"line {number} has invisible characters"])
    first, _, rest = text.partition("\n")
    front, fence, body = f"\n{rest}\n".partition(f"\n{FENCE}\n")
    if first.rstrip() != FENCE or not fence:
        raise PageUnreadable(
            [f'needs its facts between two lines of {FENCE} at its beginning, as title = "…"']
        )
    try:
        return tomllib.loads(front), body.strip("\n")
    except (ValueError, RecursionError) as error:
        raise PageUnreadable([f"between the two lines of {FENCE} is no TOML: {error}"]) from None


def _plain(value: object) -> object:
    """A date of TOML as the text that means the same."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def _day(table: Table, *, required: bool) -> str:
    usual = None if required else ""
    text = table.matching("date", r"\d{4}-\d{2}-\d{2}", "a day such as 2026-11-23", usual)
    return _known_day(table, "date", text)


def _moment(table: Table, key: str) -> str:
    text = table.matching(key, _MOMENT, _MOMENT_IN_WORDS, "").replace(" ", "T")
    day, _, clock = text.partition("T")
    known = _known_day(table, key, day)
    if not known:
        return ""
    return f"{known}T{clock[:5]}" if clock else f"{known}{_DAY_MEANS[key]}"


def _known_day(table: Table, key: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        table.wrong(key, f"{shown(text)} is not a day of the calendar")
        return ""


def _phones(problems: Problems, entries: object, column: str) -> tuple[Phone, ...]:
    """The rows of a telephone list."""
    listed = entries if isinstance(entries, list) else [entries]
    if entries and column != "contacts":
        problems.add("", "phone: only the pages of contacts have telephone numbers")
        return ()
    if not all(isinstance(one, dict) for one in listed) or len(listed) > PHONES_MAX:
        problems.add("", f"phone: needs up to {PHONES_MAX} tables, each beginning with [[phone]]")
        return ()
    if column == "contacts" and not listed:
        problems.add("", "phone: is missing; needed is a [[phone]] table with name and number")
    found = []
    for number, entry in enumerate(listed, start=1):
        table = Table(problems, place("phone", entry.get("name"), number), entry)
        chars_max = PHONE_NOTE_CHARS_MAX
        in_words = "a telephone number such as 0571-12345678 or 0571-12345678转802"
        found.append(
            Phone(
                name=table.text("name", chars_max=chars_max),
                number=table.matching("number", NUMBER.pattern, in_words),
                hours=table.text("hours", "", chars_max=chars_max),
                note=table.text("note", "", chars_max=chars_max),
            )
        )
        table.finish()
    return tuple(found)
