"""The account's menu: from a TOML file to what WeChat takes, every problem told at once.

Buttons that lead nowhere in this hall are left out, and columns without buttons: a column that
says "under construction" counts against a public account.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from queued.settings_values import FILE_BYTES_MAX, Settings
from queued.wechat.messages import BUTTONS

COLUMNS_MAX = 3
BUTTONS_MAX = 5
COLUMN_BYTES_MAX = 16
BUTTON_BYTES_MAX = 60
URL_BYTES_MAX = 1024
"""WeChat's limits; a 汉字 has three bytes."""

Menu = dict[str, list[dict[str, Any]]]


class MenuError(ValueError):
    """A menu that WeChat would refuse. `problems` are sentences for its author."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def menu_of(settings: Settings) -> Menu:
    """The menu of a hall: its own file's, or the packaged one. Raises `MenuError`."""
    own = settings.wechat.menu
    if not own:
        return menu(packaged(), settings)
    name = Path(own).name
    try:
        return menu(Path(own).read_bytes(), settings)
    except OSError as error:
        raise MenuError([f"{name}: cannot be read: {error.strerror}"]) from None
    except MenuError as error:
        raise MenuError([f"{name}: {problem}" for problem in error.problems]) from None


def packaged() -> bytes:
    """The menu of a hall that has none of its own."""
    return (files("queued.wechat") / "menu.toml").read_bytes()


def menu(content: bytes, settings: Settings) -> Menu:
    """The menu in `content` for the hall of `settings`. Raises `MenuError`."""
    if len(content) > FILE_BYTES_MAX:
        raise MenuError([f"is larger than {FILE_BYTES_MAX} bytes"])
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise MenuError([f"is not TOML in UTF-8: {error}"]) from None
    reader = _Reader(facts(settings))
    columns = reader.columns(document)
    if not reader.problems and not columns:
        reader.problems.append("no button leads anywhere in this hall")
    if reader.problems:
        raise MenuError(reader.problems)
    return {"button": columns}


def facts(settings: Settings) -> Mapping[str, str]:
    """What addresses are made of; a hall's own pages where it names no others."""
    pages = f"{settings.http.public_url}/h/{settings.hall.id}"
    offered = {
        "take_url": any(service.remote for service in settings.services),
        "book_url": any(service.appointments for service in settings.services),
    }
    own = {
        "take_url": f"{pages}/take",
        "book_url": f"{pages}/book",
        "news_url": f"{pages}/news",
        "questions_url": f"{pages}/questions",
        "site_url": f"{pages}/about",
        "contacts_url": f"{pages}/contacts",
    }
    facts = {
        name: getattr(settings.wechat, name, "") or (url if offered.get(name, True) else "")
        for name, url in own.items()
    }
    phone = settings.wechat.phone
    return {"url": settings.http.public_url, "hall": settings.hall.id, "phone": phone, **facts}


class _Reader:
    def __init__(self, facts: Mapping[str, str]) -> None:
        self._facts = facts
        self.problems: list[str] = []

    def columns(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._known("the file", document, {"column"})
        entries = _tables(document.get("column"))
        if entries is None or not 1 <= len(entries) <= COLUMNS_MAX:
            self.problems.append(f"needs 1 to {COLUMNS_MAX} [[column]] tables")
            return []
        made = [self._column(entry, number) for number, entry in enumerate(entries, start=1)]
        return [column for column in made if column is not None]

    def _column(self, entry: Mapping[str, Any], number: int) -> dict[str, Any] | None:
        where = f"column {number}"
        if "button" not in entry:
            return self._button(entry, where, COLUMN_BYTES_MAX)
        self._known(where, entry, {"name", "button"})
        name = self._name(entry, where, COLUMN_BYTES_MAX)
        entries = _tables(entry["button"])
        if entries is None or not 1 <= len(entries) <= BUTTONS_MAX:
            self.problems.append(f"{where}: needs 1 to {BUTTONS_MAX} [[column.button]] tables")
            return None
        made = [
            self._button(button, f"{where}, button {place}", BUTTON_BYTES_MAX)
            for place, button in enumerate(entries, start=1)
        ]
        buttons = [button for button in made if button is not None]
        return {"name": name, "sub_button": buttons} if buttons else None

    def _button(
        self, entry: Mapping[str, Any], where: str, bytes_max: int
    ) -> dict[str, Any] | None:
        """None if it leads nowhere here, or is wrong."""
        self._known(where, entry, {"name", "view", "click", "needs"})
        name = self._name(entry, where, bytes_max)
        needs = entry.get("needs", "")
        if needs and needs not in self._facts:
            self.problems.append(f"{where}: needs: is one of {', '.join(self._facts)}")
            return None
        if needs and not self._facts[needs]:
            return None
        if ("view" in entry) == ("click" in entry):
            self.problems.append(f"{where}: needs either view or click")
            return None
        if "click" in entry:
            if entry["click"] not in BUTTONS:
                self.problems.append(f"{where}: click: is one of {', '.join(BUTTONS)}")
                return None
            return {"type": "click", "name": name, "key": entry["click"]}
        url = self._url(entry["view"], where)
        return {"type": "view", "name": name, "url": url} if url else None

    def _name(self, entry: Mapping[str, Any], where: str, bytes_max: int) -> str:
        name = entry.get("name", "")
        good = isinstance(name, str) and name.strip() == name and name.isprintable()
        if not good or not 1 <= len(name.encode()) <= bytes_max:
            self.problems.append(
                f"{where}: name: needs 1 to {bytes_max} bytes ({bytes_max // 3} 汉字)"
            )
            return ""
        return str(name)

    def _url(self, text: object, where: str) -> str:
        """The address with its facts; "" if one of them is not set, or it is wrong."""
        try:
            names = [name for _, name, _, _ in Formatter().parse(str(text)) if name is not None]
            if any(not self._facts[name] for name in names):
                return ""
            url = str(text).format_map(self._facts)
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
        except (KeyError, ValueError, IndexError):
            good, url = False, ""
        if not good or len(url.encode()) > URL_BYTES_MAX or not url.isprintable():
            self.problems.append(
                f"{where}: view: is not an address of up to {URL_BYTES_MAX} bytes; in braces "
                f"may stand {', '.join(self._facts)}"
            )
            return ""
        return url

    def _known(self, where: str, entry: Mapping[str, Any], keys: set[str]) -> None:
        for key in entry:
            if key not in keys:
                allowed = ", ".join(sorted(keys))
                self.problems.append(f"{where}: {key}: is not a known key; known: {allowed}")


def _tables(value: object) -> list[Mapping[str, Any]] | None:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    return value
