"""The state of one account and one mini program at WeChat: tokens, followers, consents, quotas.

Time is given by the caller and moves when told to, so that hours of a token pass at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from queued.wechat.emulator import rules
from queued.wechat.emulator.rules import No

TOKEN_S = 7200
STABLE_UNTIL_S = 300
"""A stable token is the same for everybody until this long before its end."""

CODE_S = 300


@dataclass
class Person:
    """Somebody with a phone."""

    openid: str
    follows: bool = True
    snapshot: bool = False
    consents: Counter[str] = field(default_factory=Counter)
    windows: list[tuple[float, int]] = field(default_factory=list)
    """Until when, and how many customer-service messages are left."""


@dataclass
class Script:
    """The next `times` calls of `path` fail with `errcode`, or wait `delay_s`, or are cut off."""

    path: str
    errcode: int = 0
    times: int = 1
    delay_s: float = 0.0
    cut: bool = False
    """The call is done, and the answer is lost."""


class Platform:
    """What WeChat knows. Every `…` method raises `No` as WeChat refuses."""

    def __init__(self, appid: str, secret: str, now: float) -> None:
        self.appid = appid
        self.secret = secret
        self.now = now
        self.people: dict[str, Person] = {}
        self.templates: dict[str, frozenset[str]] = {}
        self.menu: Any = None
        self.sent: list[dict[str, Any]] = []
        self.scripts: list[Script] = []
        self.scenes: dict[str, tuple[str, float]] = {}
        self.calls: Counter[str] = Counter()
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        """Hear of every message that reaches a phone."""
        self._quotas: Counter[str] = Counter()
        self._token = ("", 0.0)
        self._dead: set[str] = set()
        self._forced: list[float] = []
        self._codes: dict[str, tuple[str, float, bool]] = {}
        self._ids = count(200_163_836)
        self._once: dict[str, str] = {}

    # ── Tokens ────────────────────────────────────────────────────────────────────────────

    def stable_token(self, asked: rules.StableToken) -> dict[str, Any]:
        """The token everybody gets, or with `force_refresh` a new one."""
        self._prove(asked.appid, asked.secret)
        if asked.grant_type != "client_credential":
            raise No(40002, "grant_type")
        value, until = self._token
        if asked.force_refresh:
            self._forced = [at for at in self._forced if at > self.now - 86_400]
            too_soon = self._forced and self.now - self._forced[-1] < rules.FORCED_EVERY_S
            if too_soon or len(self._forced) >= rules.FORCED_TOKENS_A_DAY:
                raise No(rules.MINUTE_QUOTA, "forced too often")
            self._forced.append(self.now)
            self._dead.add(value)
        if asked.force_refresh or not value or until - self.now <= STABLE_UNTIL_S:
            value, until = f"TOKEN_{next(self._ids)}_{'x' * 100}", self.now + TOKEN_S
            self._token = (value, until)
        return {"access_token": value, "expires_in": int(until - self.now)}

    def end_token(self) -> None:
        """The token in use is good no more; who asks for a stable one gets a new one."""
        self._dead.add(self._token[0])
        self._token = ("", 0.0)

    def spoil_token(self) -> None:
        """The token in use is refused, and a stable one is still the same: only force helps."""
        self._dead.add(self._token[0])

    def check_token(self, token: str) -> None:
        """Raises `No` unless this is the token in use."""
        if not token:
            raise No(rules.NO_TOKEN, "access_token missing")
        if token in self._dead or token != self._token[0]:
            raise No(rules.BAD_CREDENTIAL, "invalid credential, access_token is invalid")
        if self._token[1] <= self.now:
            raise No(rules.OLD_TOKEN, "access_token expired")

    def js_ticket(self) -> dict[str, Any]:
        """The ticket pages are signed with."""
        return {"ticket": f"TICKET_{int(self.now // TOKEN_S)}", "expires_in": TOKEN_S}

    # ── People ────────────────────────────────────────────────────────────────────────────

    def person(self, openid: str) -> Person:
        """Somebody known to this account."""
        found = self.people.get(openid)
        if found is None:
            raise No(rules.BAD_OPENID, "invalid openid")
        return found

    def acted(self, openid: str, what: str) -> None:
        """A person wrote, clicked, followed or scanned: some messages may go back for a while."""
        if what in rules.WINDOWS and openid in self.people:
            messages, seconds = rules.WINDOWS[what]
            self.people[openid].windows.append((self.now + seconds, messages))

    def code_for(self, openid: str) -> str:
        """An OAuth code of this person's phone."""
        code = f"CODE{next(self._ids)}"
        self._codes[code] = (openid, self.now + CODE_S, self.person(openid).snapshot)
        return code

    def by_code(self, appid: str, secret: str, code: str) -> tuple[str, bool]:
        """Whose code it is; good once."""
        self._prove(appid, secret)
        openid, until, snapshot = self._codes.get(code, ("", -1.0, False))
        if not openid:
            raise No(rules.BAD_CODE, "invalid code")
        if until <= self.now:
            raise No(rules.BAD_CODE, "expired code" if until else "code been used")
        self._codes[code] = (openid, 0.0, snapshot)
        return openid, snapshot

    # ── Messages ──────────────────────────────────────────────────────────────────────────

    def template(self, message: rules.TemplateMessage) -> dict[str, Any]:
        """模板消息: to followers, each client_msg_id once."""
        person = self.person(message.touser)
        if message.client_msg_id:
            if len(message.client_msg_id) > 32:
                raise No(rules.BAD_ARGUMENT, "client_msg_id")
            known = self._once.get(message.client_msg_id)
            if known is not None:
                return {"msgid": int(known)}
        self._fields(message.template_id, message.data)
        if not person.follows:
            raise No(rules.NOT_FOLLOWING, "require subscribe")
        told = self._send("template", message)
        if message.client_msg_id:
            self._once[message.client_msg_id] = str(told["msgid"])
        return told

    def subscribed(self, message: rules.SubscribedNotice | rules.MiniNotice) -> dict[str, Any]:
        """订阅通知 and 订阅消息: one for each consent."""
        person = self.person(message.touser)
        self._fields(message.template_id, message.data)
        if person.consents[message.template_id] <= 0:
            raise No(rules.NO_CONSENT, "user refuse to accept the msg")
        person.consents[message.template_id] -= 1
        return self._send("subscribe", message)

    def custom(self, message: rules.CustomText) -> dict[str, Any]:
        """客服消息: while a window is open."""
        person = self.person(message.touser)
        if message.msgtype != "text" or not 1 <= len(message.text.content.encode()) <= 2048:
            raise No(rules.BAD_ARGUMENT, "text")
        person.windows = [(until, left) for until, left in person.windows if until > self.now]
        for place, (until, left) in enumerate(person.windows):
            if left:
                person.windows[place] = (until, left - 1)
                self._send("custom", message)
                return {}
        raise No(rules.NO_WINDOW, "response out of time limit or subscription is canceled")

    def code(self, asked: rules.Code) -> dict[str, Any]:
        """A QR code that leads to the account with a scene."""
        rules.check_code(asked)
        ticket = f"QRTICKET{next(self._ids)}"
        scene = asked.action_info.scene.scene_str
        self.scenes[ticket] = (scene, self.now + asked.expire_seconds)
        url = f"http://weixin.qq.com/q/{ticket}"
        return {"ticket": ticket, "expire_seconds": asked.expire_seconds, "url": url}

    def count(self, path: str) -> None:
        """Against the day's quota of a path."""
        self.calls[path] += 1
        self._quotas[path] += 1
        if self._quotas[path] > rules.DAY_QUOTAS.get(path, 1_000_000):
            raise No(rules.DAY_QUOTA, "reach max api daily quota limit")

    def script_for(self, path: str) -> Script | None:
        """What a test wants to happen with this call."""
        for script in self.scripts:
            if script.path == path and script.times > 0:
                script.times -= 1
                return script
        return None

    def _prove(self, appid: str, secret: str) -> None:
        if appid != self.appid:
            raise No(rules.BAD_APPID, "invalid appid")
        if secret != self.secret:
            raise No(rules.BAD_SECRET, "invalid appsecret")

    def _fields(self, template: str, data: dict[str, rules.Value]) -> None:
        if template not in self.templates:
            raise No(rules.BAD_TEMPLATE, "invalid template_id")
        rules.check_data(data, self.templates[template])

    def _send(self, kind: str, message: Any) -> dict[str, Any]:
        number = next(self._ids)
        data = {name: one.value for name, one in getattr(message, "data", {}).items()}
        sent = {
            "kind": kind,
            "touser": message.touser,
            "template": getattr(message, "template_id", ""),
            "data": data,
            "text": message.text.content if kind == "custom" else "",
            "page": getattr(message, "page", "") or getattr(message, "url", ""),
            "msgid": number,
        }
        self.sent.append(sent)
        for listener in self.listeners:
            listener(sent)
        return {"msgid": number}
