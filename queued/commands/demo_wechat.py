"""The demonstration's WeChat: a strict one on the loopback, with an account of the hall.

What people do on its page are signed and encrypted pushes to the hall's callback address, and
what the hall sends goes through the same client as in life.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import string
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom

from aiohttp import web

from queued import app as application
from queued.commands.wechat import call
from queued.core.model import Status
from queued.settings_values import ServiceSettings, Settings
from queued.settings_wechat_values import ReminderSettings, WechatSettings
from queued.wechat.emulator.platform import Platform
from queued.wechat.emulator.playing import Play, Stage
from queued.wechat.emulator.pushing import Pusher
from queued.wechat.emulator.server import Emulator
from queued.wechat.menu import menu_of

PEOPLE = {"oDemo-zhang-san-0000000001": "张女士", "oDemo-li-si-000000000000002": "李先生"}

KINDS = {
    "ahead": ("快到号提醒", ("character_string1=number", "thing2=queue", "thing4=note")),
    "held": ("请到大厅报到", ("character_string1=number", "time3=until", "thing4=note")),
    "called": ("叫号通知", ("character_string1=number", "thing2=window", "time3=time",
                        "phrase5=status")),
    "missed": ("过号提醒", ("character_string1=number", "thing4=note")),
}  # fmt: skip
"""Title and fields of each template."""

LABELS = {"character_string1": "号码", "thing2": "办理", "time3": "时间", "thing4": "说明",
          "phrase5": "状态"}  # fmt: skip

PER_SLOT = 3
CODES_SHOWN = 6

LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Demo:
    """The settings of a hall with an account, and the address of its WeChat's page."""

    settings: Settings
    url: str
    _halls: list[application.App]

    async def play(self, app: application.App) -> None:
        """There is a hall now: its slips can be scanned, and its menu is in force."""
        self._halls.append(app)
        await call(self.settings, menu_of(self.settings))


@contextlib.asynccontextmanager
async def wechat_of(settings: Settings) -> AsyncIterator[Demo]:
    """A WeChat for the hall of `settings`, whose port must be known."""
    port = settings.http.port
    hall = f"http://127.0.0.1:{port}"
    halls: list[application.App] = []
    account = _account()
    pusher = Pusher(
        appid=account.appid, account=account.account, token=account.token, aes_key=account.aes_key
    )
    platform = Platform(account.appid, account.secret, time.time())
    ways = _ways()
    for way in ways:
        names = frozenset(field.partition("=")[0] for field in way.fields)
        platform.templates[way.template] = names
    emulator = Emulator(platform, pusher, hosts=frozenset({f"127.0.0.1:{port}"}))
    emulator.callback = f"{hall}/wechat/{settings.hall.id}"
    stage = Stage(
        hall=settings.hall.name,
        people=PEOPLE,
        codes=lambda: _codes(halls),
        titles={way.template: KINDS[way.kind][0] for way in ways},
        labels=LABELS,
        long_term=frozenset(way.template for way in ways),
    )
    pages = emulator.application()
    Play(emulator, stage).add_to(pages)
    async with _listening(pages, port + 1) as url:
        ticking = asyncio.create_task(emulator.keep_time())
        try:
            yield Demo(_with_account(settings, account, ways, hall, url), url, halls)
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)


@contextlib.asynccontextmanager
async def _listening(pages: web.Application, port: int) -> AsyncIterator[str]:
    """On `port`, or on any other if somebody has it."""
    runner = web.AppRunner(pages, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _account() -> WechatSettings:
    """An account that exists for this run only."""
    chance = SystemRandom()

    def letters(count: int) -> str:
        return "".join(chance.choices(LETTERS, k=count))

    return WechatSettings(
        appid=f"wx{secrets.token_hex(8)}",
        secret=secrets.token_hex(16),
        token=letters(24),
        aes_key=letters(43),
        account=f"gh_{secrets.token_hex(6)}",
        phone="0571-12345",
    )


def _ways() -> tuple[ReminderSettings, ...]:
    return tuple(
        ReminderSettings(kind, kind, "subscribe", f"DEMO-{kind}-0123456789", fields, True)
        for kind, (_, fields) in KINDS.items()
    )


def _with_account(
    settings: Settings,
    account: WechatSettings,
    ways: tuple[ReminderSettings, ...],
    hall: str,
    url: str,
) -> Settings:
    """The demonstration hall with everything that phones can do."""
    script = f"{url}/open/js/jweixin-1.6.0.js"
    booked: set[str] = set()

    def offered(service: ServiceSettings) -> ServiceSettings:
        first = service.queue not in booked  # of each queue one can be booked
        booked.add(service.queue)
        return replace(service, remote=True, appointments=PER_SLOT if first else 0)

    return replace(
        settings,
        http=replace(settings.http, public_url=hall),
        services=tuple(map(offered, settings.services)),
        remote=replace(settings.remote, code=True),
        wechat=replace(account, api_url=url, authorize_url=url, js_sdk_url=script),
        wechat_reminders=ways,
    )


def _codes(halls: Sequence[application.App]) -> list[tuple[str, str, str]]:
    """The newest slips of people who wait: number, page, own-ticket token."""
    found = []
    for app in halls:
        now, tokens = app.hall.actor.hall, app.hall.tokens
        waiting = [one for one in now.tickets if one.status is Status.WAITING]
        for one in reversed(waiting[-CODES_SHOWN:]):
            token = tokens.token(now.day or "", one.id)
            found.append((one.number, f"{app.url}/t/{token}", token))
    return found
