"""The tables of a hall's official account: `[wechat]` and `[[wechat_reminder]]`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from queued import settings_wechat_values as w
from queued.settings_links import unique_ids
from queued.settings_reader import Problems, Table, instead, place, shown
from queued.settings_values import ID_PATTERN, SENTENCE_CHARS_MAX, Bounds, Settings

AHEAD = Bounds(1, 10)
"""Fewer would be the call itself; with more than ten ahead nobody comes back yet."""

FIELDS_MAX = 5
"""WeChat's templates have two to five fields."""

_AES_KEY = r"[A-Za-z0-9]{43}"
_FILE = w.FROM_FILE + r"[^\0]{1,200}"
_SECRET_IN_WORDS = 'or "file:PATH" of a file that holds nothing else'


def wechat(table: Table) -> w.WechatSettings:
    """`[wechat]`; without an `appid` the hall has no account."""
    usual = w.WechatSettings()
    settings = w.WechatSettings(
        appid=table.matching("appid", r"wx[0-9a-f]{16}", '"wx" and 16 digits or a to f', ""),
        secret=_secret(table, "secret", r"[0-9a-f]{32}", "the 32 digits of an AppSecret"),
        token=_secret(table, "token", r"[A-Za-z0-9]{3,32}", "3 to 32 letters and digits"),
        aes_key=_secret(table, "aes_key", _AES_KEY, "43 letters and digits"),
        aes_key_before=_secret(table, "aes_key_before", _AES_KEY, "43 letters and digits"),
        mode=table.choice("mode", w.MODES, usual.mode),
        account=table.matching("account", r"gh_[0-9a-z]{6,20}", 'a 原始ID such as "gh_1a2b…"', ""),
        api_url=_url(table, "api_url", usual.api_url),
        authorize_url=_url(table, "authorize_url", usual.authorize_url),
        js_sdk_url=_url(table, "js_sdk_url", usual.js_sdk_url),
        ahead=table.number("ahead", AHEAD, usual.ahead),
        phone=table.text("phone", ""),
        take_url=_url(table, "take_url", ""),
        news_url=_url(table, "news_url", ""),
        questions_url=_url(table, "questions_url", ""),
        site_url=_url(table, "site_url", ""),
        menu=table.text("menu", "", chars_max=SENTENCE_CHARS_MAX),
    )
    needed = ["secret", "token", *(["aes_key"] if settings.mode != "plain" else [])]
    for key in needed:
        if settings.appid and not getattr(settings, key) and key not in table:
            table.wrong(key, f"is missing; set it here or as QUEUED_WECHAT_{key.upper()}")
    if not settings.appid and "appid" not in table and "token" in table:
        table.wrong("appid", "is missing; without it the hall has no account")
    return settings


def reminder(table: Table) -> w.ReminderSettings:
    """`[[wechat_reminder]]`"""
    fields = table.texts("fields", required=True, most=FIELDS_MAX)
    for one in fields:
        found = w.FIELD.fullmatch(one)
        if found is None:
            table.wrong("fields", f'{shown(one)} is not a field and a fact, as "thing2=queue"')
        elif found["fact"] not in w.FACTS:
            tail = instead(found["fact"], w.FACTS, "Facts are")
            table.wrong("fields", f"{shown(found['fact'])} is not a fact{tail}")
        elif found["fact"] not in w.FITTING[found["type"]]:
            fitting = ", ".join(sorted(w.FITTING[found["type"]]))
            table.wrong("fields", f"{shown(one)}: a {found['type']} can hold {fitting}")
    return w.ReminderSettings(
        id=table.matching("id", ID_PATTERN, "an id of small Latin letters, digits, hyphens"),
        kind=table.choice("kind", w.KINDS),
        carrier=table.choice("carrier", w.CARRIERS),
        template=table.matching("template", r"[A-Za-z0-9_-]{20,64}", "a template's id"),
        fields=fields,
        long_term=table.flag("long_term", False),
    )


def linked(problems: Problems, settings: Settings) -> None:
    """Reminders need an account, an account needs an address that phones can open."""
    unique_ids(problems, "wechat_reminder", settings.wechat_reminders)
    if settings.wechat.appid and not settings.http.public_url:
        problems.add("[wechat]", "needs the address that phones open: set [http] public_url")
    for number, one in enumerate(settings.wechat_reminders, start=1):
        where = place("wechat_reminder", one.id, number)
        if not settings.wechat.appid:
            problems.add(where, "needs an account: set [wechat] appid")
        if one.long_term and one.carrier != "subscribe":
            problems.add(where, 'long_term: only reminders with carrier = "subscribe" have that')


def _secret(table: Table, key: str, pattern: str, words: str) -> str:
    """A secret, or the file it stands in. A wrong one is not repeated in the message."""
    value = table.text(key, "", chars_max=SENTENCE_CHARS_MAX)
    if not value or re.fullmatch(f"({pattern})|({_FILE})", value):
        return value
    table.wrong(key, f"is not {words}, {_SECRET_IN_WORDS}")
    return ""


def _url(table: Table, key: str, default: str) -> str:
    text = table.text(key, default, chars_max=SENTENCE_CHARS_MAX)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        table.wrong(key, f"{shown(text)} is not a URL beginning with http:// or https://")
        return default
    return text.rstrip("/")
