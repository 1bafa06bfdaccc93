"""What WeChat tells an account, as values: messages of people, events, what became of reminders.

Field names are those of WeChat's push documents. Pure. An openid never stands in a `repr`: these
values pass through logs and tracebacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NewType, TypeAlias

from queued.wechat import xml

OpenId = NewType("OpenId", str)
"""Who, for one account only. Personal data: kept in the table of people and nowhere else."""

OPENID = re.compile(r"[A-Za-z0-9_-]{6,64}")
"""WeChat's have 28 characters today."""

TEXT_CHARS_MAX = 200
"""Of what somebody writes; no command is longer, and nobody's letters are kept."""

SCENE_CHARS_MAX = 64
SUBSCRIBED_SCENE = "qrscene_"
"""In front of the scene when the scan made somebody follow."""

LIST_MAX = 20
"""Reminders named in one push; WeChat asks for consent to five at most at once."""


class NotAPush(Exception):
    """A document without the fields every push has."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """A text message."""

    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Clicked:
    """A menu button."""

    key: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """One of our QR codes; `followed` with it. `scene` is what we put into the code."""

    scene: str = field(repr=False)
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """Follows the account from now on."""


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """Follows no more: everything about this person must go."""


@dataclass(frozen=True, slots=True)
class Consented:
    """Answers to "may we send you these reminders?" by template."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of reminders we sent: WeChat's message id and its word, "" if it arrived."""

    results: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Something there is no answer to: a picture, a position …"""

    kind: str


What: TypeAlias = (
    Wrote | Clicked | Scanned | Followed | Unfollowed | Consented | Delivered | Other
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One push. `key` is the same for WeChat's retries of it and for nothing else."""

    account: str
    person: OpenId = field(repr=False)
    at_s: int
    key: str
    what: What


def read(document: Mapping[str, list[xml.Node]]) -> Push:
    """The push in a decrypted document. Raises `NotAPush`."""
    account, person = xml.text(document, "ToUserName"), xml.text(document, "FromUserName")
    at, kind = xml.text(document, "CreateTime"), xml.text(document, "MsgType")
    if not OPENID.fullmatch(person) or not OPENID.fullmatch(account) or not kind:
        raise NotAPush("a push names its account, its person and its kind")
    if not re.fullmatch("[0-9]{1,12}", at):
        raise NotAPush("CreateTime is no number")
    what = _event(document) if kind == "event" else _message(kind, document)
    return Push(
        account=account,
        person=OpenId(person),
        at_s=int(at),
        key=_key(document, person, at),
        what=what,
    )


def _key(document: Mapping[str, list[xml.Node]], person: str, at: str) -> str:
    """Messages by MsgId; events, which have none, by who, when and what (WeChat's advice)."""
    message = xml.text(document, "MsgId")
    event = xml.text(document, "Event")
    # One second may hold several events of one person, told apart by key or message id.
    parts = (
        (person, message)
        if message and not event
        else (person, at, event, xml.text(document, "EventKey"), xml.text(document, "MsgID"))
    )
    return sha256("\0".join(parts).encode()).hexdigest()


def _message(kind: str, document: Mapping[str, list[xml.Node]]) -> What:
    if kind == "text":
        return Wrote(xml.text(document, "Content")[:TEXT_CHARS_MAX])
    return Other(kind[:SCENE_CHARS_MAX])


def _event(document: Mapping[str, list[xml.Node]]) -> What:
    name = xml.text(document, "Event")
    make = _EVENTS.get(name)
    return make(document) if make is not None else Other(name[:SCENE_CHARS_MAX])


def _followed(document: Mapping[str, list[xml.Node]]) -> What:
    key = xml.text(document, "EventKey")
    if key.startswith(SUBSCRIBED_SCENE):
        return Scanned(key.removeprefix(SUBSCRIBED_SCENE)[:SCENE_CHARS_MAX], followed=True)
    return Followed()


def _answered(document: Mapping[str, list[xml.Node]]) -> What:
    answers = [
        (xml.text(one, "TemplateId"), xml.text(one, "SubscribeStatusString"))
        for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")
        for one in xml.children(document, name, "List")[:LIST_MAX]
    ]
    return Consented(
        tuple(template for template, said in answers if said == "accept"),
        tuple(template for template, said in answers if said == "reject"),
    )


def _sent(document: Mapping[str, list[xml.Node]]) -> What:
    results = []
    for one in xml.children(document, "SubscribeMsgSentEvent", "List")[:LIST_MAX]:
        failed = xml.text(one, "ErrorCode", "0") != "0"
        results.append((xml.text(one, "MsgID"), xml.text(one, "ErrorStatus") if failed else ""))
    return Delivered(tuple(results))


def _job_finished(document: Mapping[str, list[xml.Node]]) -> What:
    status = xml.text(document, "Status")
    return Delivered(((xml.text(document, "MsgID"), "" if status == "success" else status),))


_EVENTS: Mapping[str, Callable[[Mapping[str, list[xml.Node]]], What]] = {
    "subscribe": _followed,
    "unsubscribe": lambda document: Unfollowed(),
    "SCAN": lambda document: Scanned(xml.text(document, "EventKey")[:SCENE_CHARS_MAX]),
    "CLICK": lambda document: Clicked(xml.text(document, "EventKey")[:SCENE_CHARS_MAX]),
    "TEMPLATESENDJOBFINISH": _job_finished,
    "subscribe_msg_popup_event": _answered,
    "subscribe_msg_change_event": _answered,
    "subscribe_msg_sent_event": _sent,
}
