"""A mini program beside the account: who is signed in, subscribed messages, encrypted user data.

Its openids are others than the account's. The session key never leaves the server.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any, Literal, TypeAlias

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from queued.wechat.client import WeChatClient

State: TypeAlias = Literal["developer", "trial", "formal"]


class BadUserData(Exception):
    """Encrypted data of a mini program that cannot be believed."""


@dataclass(frozen=True, slots=True)
class MiniSession:
    """A signed-in user of the mini program."""

    openid: str = field(repr=False)
    session_key: str = field(repr=False)


class MiniProgram:
    """The API of one mini program; its client has the mini program's own appid and secret."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client

    async def signed_in(self, js_code: str) -> MiniSession:
        """Who `wx.login()` says. Raises `CallFailed` (40029: the code is used or old)."""
        query = {"js_code": js_code, "grant_type": "authorization_code"}
        told = await self._client.asked("/sns/jscode2session", query)
        return MiniSession(str(told["openid"]), str(told["session_key"]))

    async def send(
        self,
        person: str,
        template: str,
        data: Mapping[str, Any],
        page: str,
        state: State = "formal",
    ) -> None:
        """订阅消息: one for each consent, `ConsentSpent` once it is used up."""
        body = {
            "touser": person,
            "template_id": template,
            "page": page,
            "miniprogram_state": state,
            "lang": "zh_CN",
            "data": data,
        }
        await self._client.call("/cgi-bin/message/subscribe/send", body)


def user_data(appid: str, session_key: str, iv: str, encrypted: str) -> dict[str, Any]:
    """Decrypted user data of our own mini program. Raises `BadUserData`.

    AES-128-CBC with PKCS#7; the watermark inside says for which appid it was made.
    """
    try:
        key, start, raw = (b64decode(one, validate=True) for one in (session_key, iv, encrypted))
        machine = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
        padded = machine.update(raw) + machine.finalize()
        unpadder = PKCS7(128).unpadder()
        told = msgspec.json.decode(unpadder.update(padded) + unpadder.finalize())
        mark = told["watermark"]["appid"]
    except (binascii.Error, ValueError, msgspec.DecodeError, KeyError, TypeError):
        raise BadUserData("not encrypted for us") from None
    if mark != appid:
        raise BadUserData("made for another mini program")
    return dict(told)


def is_raw_data(raw_data: str, session_key: str, signature: str) -> bool:
    """Whether `rawData` was signed for this session."""
    made = sha1((raw_data + session_key).encode()).hexdigest()
    return hmac.compare_digest(made.encode(), signature.encode())
