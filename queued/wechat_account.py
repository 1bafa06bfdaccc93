"""The hall's official account, put together: its paths, its answers, its reminders.

Nothing of the hall waits for it. Without `[wechat] appid` there is none of it.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from queued.core.model import TicketId
from queued.engine.bus import Bus
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.outputs import english_names
from queued.phone_sessions import PhoneSessions
from queued.server.parts import Consent
from queued.server.routes import Route
from queued.settings_values import Settings
from queued.storage.store import Store
from queued.wechat import account, menu
from queued.wechat.callback import Callback
from queued.wechat.client import WeChatClient
from queued.wechat.inbound import OpenId, Push
from queued.wechat.messages import About, Conversation, Questions
from queued.wechat.oauth import OAuth
from queued.wechat.people import Phones
from queued.wechat.phrases import phrases
from queued.wechat.reminders import Reminders
from queued.wechat.sending import Sender
from queued.wechat_doors import Doors

log = logging.getLogger(__name__)

CONNECTIONS_MAX = 16
"""To WeChat: reminders under way, late replies, sign-ins."""

CONSENTS_MAX = 5
"""Templates that WeChat asks for at once."""


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """What the server sees of the account."""

    routes: Sequence[Route]
    counts: Mapping[str, Counter[str]]
    phones: Phones
    sign_in: str
    """Where a phone's holder is named, with `?next=` a page of ours to lead back to."""
    sessions: PhoneSessions
    consent: Consent | None
    """How phones are asked for consent to reminders; None if no reminder needs it."""

    def holds(self, request: web.Request, day: str, ticket: TicketId) -> bool:
        """Whether the phone that asks is the one a ticket is bound to."""
        holder = self.sessions.holder(request)
        if holder is None or holder.kind != "openid":
            return False
        return self.phones.bound(day, ticket) == self.phones.digest(OpenId(holder.text))


async def connected(
    settings: Settings,
    hall: RunningHall,
    store: Store,
    bus: Bus,
    clock: Clock,
    url: str,
    sessions: PhoneSessions,
    stack: contextlib.AsyncExitStack,
    questions: Questions | None = None,
) -> WechatAccount:
    """The account, following its hall; `stack` stops it. `url` is what phones reach us by,
    `questions` finds answers to what people ask in their own words.

    Raises `SettingsError` for secrets that cannot be read.
    """
    secrets = account.Secrets(settings.wechat)
    if settings.wechat.mode == "plain":
        log.warning("[wechat] mode is plain: anybody on the way can read what people write")
    redis = account.open_redis(settings.redis.url)
    if redis is not None:
        stack.push_async_callback(redis.aclose)
    session = await stack.enter_async_context(_session())
    client = account.client(settings.wechat, secrets, session, clock, redis)
    phones = Phones(hall, store.people, clock)
    about = _about(settings)
    sender = _sender(settings, hall, store, clock, phones, client, url, about)
    reminders = _reminders(settings, hall, store, bus, clock, phones, sender)
    conversation = Conversation(
        hall, phones, store.reminders, clock, about, reminders.bound, store.bookings.forget,
        questions,
    )  # fmt: skip
    callback = Callback(
        account.credentials(settings.wechat, secrets),
        conversation.answer,
        _Later(client),
        clock,
        sorry=phrases("zh")("sorry.text"),
    )
    stack.push_async_callback(callback.stop)
    await reminders.start()
    stack.push_async_callback(reminders.stop)
    sender.start()
    stack.push_async_callback(sender.stop)
    oauth = OAuth(client, settings.wechat.authorize_url, clock)
    doors = Doors(hall, callback, conversation, client, oauth, clock, url, sessions)
    counts = {
        "wechat_requests": callback.counts,
        "wechat_calls": client.counts,
        "wechat_reminders": sender.counts,
    }
    return WechatAccount(
        routes=doors.routes(),
        counts=counts,
        phones=phones,
        sign_in=f"/wechat/{hall.id}/enter",
        sessions=sessions,
        consent=_consent(settings),
    )


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _consent(settings: Settings) -> Consent | None:
    """Of templates that need consent, those of one kind: WeChat never asks for both at once."""
    ways = [way for way in settings.wechat_reminders if way.carrier == "subscribe"]
    long_term = any(way.long_term for way in ways)
    ids = dict.fromkeys(way.template for way in ways if way.long_term == long_term)
    if not ids:
        return None
    return Consent(
        ",".join([*ids][:CONSENTS_MAX]),
        settings.wechat.js_sdk_url,
        f"/wechat/{settings.hall.id}/js-config",
    )


def _sender(
    settings: Settings,
    hall: RunningHall,
    store: Store,
    clock: Clock,
    phones: Phones,
    client: WeChatClient,
    url: str,
    about: About,
) -> Sender:
    return Sender(
        hall=hall,
        ledger=store.reminders,
        phones=phones,
        carrier=client,
        clock=clock,
        ways=settings.wechat_reminders,
        ahead=settings.wechat.ahead,
        url=url,
        names=about.names,
    )


def _reminders(
    settings: Settings,
    hall: RunningHall,
    store: Store,
    bus: Bus,
    clock: Clock,
    phones: Phones,
    sender: Sender,
) -> Reminders:
    return Reminders(
        hall=hall,
        journal=store.journal,
        bus=bus,
        ledger=store.reminders,
        phones=phones,
        clock=clock,
        ahead=settings.wechat.ahead,
        kinds=frozenset(way.kind for way in settings.wechat_reminders),
        on_owed=sender.wake,
    )


def _about(settings: Settings) -> About:
    names = dict(english_names(settings))
    names |= {f"window:{one.id}": one.name_en for one in settings.windows if one.name_en}
    kinds = {way.kind for way in settings.wechat_reminders}
    carriers = {way.carrier for way in settings.wechat_reminders}
    return About(
        phone=settings.wechat.phone,
        ahead=settings.wechat.ahead if "ahead" in kinds else 0,
        followers_only=carriers == {"template"},
        long_term=frozenset(way.template for way in settings.wechat_reminders if way.long_term),
        take_url=menu.facts(settings)["take_url"],
        book_url=menu.facts(settings)["book_url"],
        names=names,
        urls=menu.facts(settings),
    )


class _Later:
    """Sends replies that came too late for their request."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client

    async def __call__(self, push: Push, text: str) -> None:
        await self._client.send_text(push.person, text)
