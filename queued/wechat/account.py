"""From `[wechat]` to what proves and calls: secrets are read here, once, and go no further."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from queued.engine.clock import Clock
from queued.settings_reader import SettingsError
from queued.settings_wechat_values import FROM_FILE, SECRETS, WechatSettings
from queued.wechat.callback import Credentials
from queued.wechat.client import WeChatClient
from queued.wechat.crypto import NotForUs, Vault, key_of
from queued.wechat.tokens import OwnShelf, RedisShelf, Shelf

SECRET_BYTES_MAX = 1024

REDIS_WITHIN_S = 2.0
"""A Redis that does not answer in this time is down: the account goes on without it."""


class Secrets:
    """The account's secrets as texts, read from their files where they stand in files."""

    def __init__(self, settings: WechatSettings) -> None:
        """Raises `SettingsError` with every secret that cannot be read, none with its value."""
        problems: list[str] = []
        values = {name: _value(settings, name, problems) for name in SECRETS}
        keys = [values["aes_key"], values["aes_key_before"]]
        try:
            self.keys = tuple(key_of(key) for key in keys if key)
        except NotForUs:
            problems.append("[wechat] aes_key: is not 43 letters and digits")
        if problems:
            raise SettingsError(problems)
        self.secret = values["secret"]
        self.token = values["token"]


def credentials(settings: WechatSettings, secrets: Secrets) -> Credentials:
    """What proves a callback."""
    return Credentials(
        token=secrets.token,
        vault=Vault(settings.appid, secrets.keys),
        mode=settings.mode,  # type: ignore[arg-type]  # one of MODES, checked when read
        account=settings.account,
    )


def client(
    settings: WechatSettings,
    secrets: Secrets,
    session: aiohttp.ClientSession,
    clock: Clock,
    redis: Redis | None,
) -> WeChatClient:
    """The account's calls, sharing tokens through `redis` if there is one."""

    def shelf(name: str) -> Shelf:
        if redis is None:
            return OwnShelf()
        return RedisShelf(redis, name, settings.appid, secrets.secret)

    return WeChatClient(
        session,
        appid=settings.appid,
        secret=secrets.secret,
        api_url=settings.api_url,
        clock=clock,
        token_shelf=shelf("token"),
        ticket_shelf=shelf("ticket"),
    )


def open_redis(url: str | None) -> Redis | None:
    """A connection that is made when first used."""
    if not url:
        return None
    return Redis.from_url(
        url,
        socket_timeout=REDIS_WITHIN_S,
        socket_connect_timeout=REDIS_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )


def _value(settings: WechatSettings, name: str, problems: list[str]) -> str:
    value = str(getattr(settings, name))
    if not value.startswith(FROM_FILE):
        return value
    try:
        with Path(value.removeprefix(FROM_FILE)).open("rb") as file:
            read = file.read(SECRET_BYTES_MAX).decode().strip()
    except (OSError, ValueError) as error:
        problems.append(f"[wechat] {name}: its file cannot be read: {type(error).__name__}")
        return ""
    if not read or not read.isascii() or not read.isprintable():
        problems.append(f"[wechat] {name}: its file holds no secret")
    return read
