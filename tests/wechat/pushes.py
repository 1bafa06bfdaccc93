"""An account and what WeChat pushes to it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from queued.core.plan import Millis
from queued.wechat.emulator.pushing import Pusher

START = Millis(1_795_399_200_000)
"""2026-11-23 10:00 in Shanghai."""

APPID = "wxba5fad812f8e6fb9"
ACCOUNT = "gh_97417a04a28d"
TOKEN = "AAAAA"
AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
OLD_AES_KEY = "A" * 43
PERSON = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
OTHER_PERSON = "o9AgO5Kd5ggOC-bXrbNODIiOTHER"
RANDOM = b"0123456789abcdef"

Fields = Mapping[str, str | int]

_numbers = count(23_456_789_012_345_678)


def pusher(mode: str = "safe", aes_key: str = AES_KEY, token: str = TOKEN) -> Pusher:
    return Pusher(appid=APPID, account=ACCOUNT, token=token, aes_key=aes_key, mode=mode)


def wrote(content: str, person: str = PERSON, at: Millis = START) -> Fields:
    return {
        "FromUserName": person,
        "CreateTime": at // 1000,
        "MsgType": "text",
        "Content": content,
        "MsgId": next(_numbers),
    }


def event(name: str, key: str = "", person: str = PERSON, at: Millis = START, **more) -> Fields:
    return {
        "FromUserName": person,
        "CreateTime": at // 1000,
        "MsgType": "event",
        "Event": name,
        "EventKey": key,
        **more,
    }


@dataclass
class Requests:
    """Signed requests with a fresh nonce each."""

    pusher: Pusher = field(default_factory=pusher)
    nonces: count = field(default_factory=lambda: count(415_670_741))

    def of(self, fields: Fields, at: Millis = START) -> tuple[dict[str, str], bytes]:
        return self.pusher.push(fields, at // 1000, str(next(self.nonces)), RANDOM)
