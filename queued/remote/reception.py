"""What every door of this part needs: who holds the phone, what may be tried, what is counted."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from aiohttp import web

from queued.core.refusals import Refused
from queued.phone_sessions import Holder, PhoneSessions, unnamed
from queued.remote.booking import Desk
from queued.remote.limits import Tries
from queued.remote.places import OnSiteCode, Proof
from queued.remote.taking import Taking
from queued.server import pages, tickets
from queued.server.auth import same
from queued.server.call import Call
from queued.server.live import Live
from queued.server.phone import IN_WECHAT
from queued.server.problems import Problem, of
from queued.settings_values import ServiceSettings, Settings
from queued.storage.store import Store
from queued.wechat.people import Phones

Handler = Callable[[Call[Any]], Awaitable[web.StreamResponse]]

KEY_CHARS_MAX = 40
FIELD_CHARS_MAX = 32


class Reception:
    """One hall's. `sign_in` is where WeChat names a phone's holder; "" in a hall without."""

    def __init__(
        self, hall: str, store: Store, sessions: PhoneSessions, phones: Phones | None, sign_in: str
    ) -> None:
        self._hall = hall
        self._store = store
        self.sessions = sessions
        self._phones = phones
        self.sign_in = sign_in
        self.code = OnSiteCode(hall, store.secret)
        self.counts: Counter[str] = Counter()
        self._taking: Taking | None = None
        self._desk: Desk | None = None
        self._tries: Tries | None = None

    # ── Made at the first visit: the server is built after its doors ──────────────────────

    def taking(self, live: Live) -> Taking:
        """Numbers of the hall."""
        if self._taking is None:
            self._taking = Taking(live, self._store.people, self._phones, self.code)
        return self._taking

    def desk(self, live: Live) -> Desk:
        """Appointments of the hall."""
        if self._desk is None:
            self._desk = Desk(live, self._store.bookings, self._store)
        return self._desk

    def tries(self, call: Call[Any]) -> Tries:
        """What may be tried how often."""
        if self._tries is None:
            per_minute = call.site.parts.settings.remote.per_address_minute
            self._tries = Tries(call.site.limits.addresses, per_minute)
        return self._tries

    # ── Who asks for what ─────────────────────────────────────────────────────────────────

    def door(self, what: str, handler: Handler) -> Handler:
        """`handler` for this hall only; what it answers with is counted as `what` or its code."""

        @wraps(handler)
        async def counted(call: Call[Any]) -> web.StreamResponse:
            if call.live.id != self._hall:
                raise Problem("not_found")
            try:
                answered = await handler(call)
            except (Problem, Refused) as refusal:
                self.counts[of(refusal).code] += 1
                raise
            if what:
                self.counts[what] += 1
            return answered

        return counted

    def settings(self, call: Call[Any]) -> Settings:
        """The configuration in force."""
        return call.site.settings

    def service(self, call: Call[Any]) -> ServiceSettings:
        """The service of the path. Raises `Problem` unknown_service."""
        id_ = call.path("service")
        known = id_ in call.live.hall.plan.services
        for service in self.settings(call).services:
            if known and service.id == id_:
                return service
        raise Problem("unknown_service", facts={"kind": "service", "id": id_})

    def holder(self, call: Call[Any]) -> Holder | None:
        """Who holds the phone; a hall without an account knows browsers only."""
        holder = self.sessions.holder(call.request)
        if holder is not None and (holder.kind == "openid") != bool(self.sign_in):
            return None  # of before the hall had an account, or of when it had one
        return holder

    def welcome(self, call: Call[Any]) -> tuple[Holder | None, web.Response | None]:
        """Who comes; or, in WeChat, the way to be named. A nameless browser gets its name."""
        holder = self.holder(call)
        if holder is None and not self.sign_in:
            return unnamed(), None
        in_wechat = IN_WECHAT in call.request.headers.get("User-Agent", "")
        if holder is None and in_wechat:
            return None, pages.go(self.to_sign_in(call))
        return holder, None

    def shown(self, call: Call[Any], name: str, context: dict[str, Any], holder: Holder | None,
              **more: Any) -> web.Response:  # fmt: skip
        """A page, with what its forms need to come back."""
        csrf = "" if holder is None else self.guard(call, holder)
        values = {
            "hall": pages.plain(tickets.hall_name(call.live)),
            "sign_in": "" if holder is not None else self.to_sign_in(call),
            "key": secrets.token_hex(8),
            **context,
        }
        response = pages.page(call, name, values, csrf=csrf, **more)
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(self), microphone=()"
        if holder is not None and holder.kind == "device" and self.holder(call) is None:
            self.sessions.remember(response, holder, secure=call.site.tls)
        return response

    def to_sign_in(self, call: Call[Any]) -> str:
        """Where WeChat names the holder, and leads back here."""
        if not self.sign_in:
            return ""
        return f"{self.sign_in}?next={quote(call.request.rel_url.raw_path_qs, safe='')}"

    def guard(self, call: Call[Any], holder: Holder) -> str:
        """What a form must bring: nobody else's page can send it for this phone."""
        return call.site.doors.csrf(f"phone|{self._hall}|{holder.kind}|{holder.text}")

    async def form(self, call: Call[Any]) -> tuple[Holder, dict[str, str]]:
        """Who sends a form, and its fields. Raises `Problem` sign_in_first, csrf,
        too_many_requests."""
        holder = self.holder(call)
        if holder is None:
            raise Problem("sign_in_first")
        self.tries(call).person(call.request, self.taking(call.live).digest(holder))
        fields = await pages.read_form(call)
        if not same(fields.get("csrf", ""), self.guard(call, holder)):
            raise Problem("csrf")
        return holder, fields


def proof_of(fields: dict[str, str]) -> Proof:
    """What a form shows of where its phone is."""
    code = "".join(fields.get("code", "").split())
    return Proof(
        code[:FIELD_CHARS_MAX],
        fields.get("latitude", "")[:FIELD_CHARS_MAX],
        fields.get("longitude", "")[:FIELD_CHARS_MAX],
    )


def key_of(fields: dict[str, str]) -> str:
    """The form's own key: sent twice, it is one wish. Raises `Problem` malformed."""
    key = fields.get("key", "")
    if not key.isascii() or not key.isalnum() or len(key) > KEY_CHARS_MAX:
        raise Problem("malformed")
    return key


