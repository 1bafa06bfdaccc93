"""How WeChat's servers push to a callback address, and how strictly they read its replies. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from queued.wechat import crypto, xml

Mode: TypeAlias = Literal["plain", "compatible", "safe"]

TEXT_BYTES_MAX = 2048
"""The longest text a reply may hold."""

ENVELOPE = {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
TEXT_REPLY = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}


class BadReply(Exception):
    """The person would read 该公众号暂时无法提供服务，请稍后再试."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """One account as its pushes show it. `aes_key` is the EncodingAESKey."""

    appid: str
    account: str
    token: str
    aes_key: str
    mode: Mode = "safe"

    def echo(self, timestamp: int, nonce: str, echo: str) -> dict[str, str]:
        """The query of the request that verifies an address."""
        signed = crypto.signature(self.token, str(timestamp), nonce)
        return {
            "signature": signed,
            "timestamp": str(timestamp),
            "nonce": nonce,
            "echostr": echo,
        }

    def push(
        self, fields: Mapping[str, str | int], timestamp: int, nonce: str, random: bytes
    ) -> tuple[dict[str, str], bytes]:
        """Query and body of a push with these fields (ToUserName is added)."""
        return self.raw(
            xml.render({"ToUserName": self.account, **fields}), timestamp, nonce, random
        )

    def raw(
        self, document: bytes, timestamp: int, nonce: str, random: bytes
    ) -> tuple[dict[str, str], bytes]:
        """As `push`, with a finished document."""
        stamp = str(timestamp)
        query = {
            "signature": crypto.signature(self.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
        }
        if self.mode == "plain":
            return query, document
        key = crypto.key_of(self.aes_key)
        encrypted = crypto.encrypt(key, document, self.appid, random)
        query |= {
            "encrypt_type": "aes",
            "msg_signature": crypto.signature(self.token, stamp, nonce, encrypted),
        }
        envelope = xml.render({"ToUserName": self.account, "Encrypt": encrypted})
        if self.mode == "compatible":
            # Both at once: the plain fields, and the encrypted text beside them.
            inner = document.removeprefix(b"<xml>").removesuffix(b"</xml>")
            envelope = b"<xml>" + inner + b"<Encrypt>" + encrypted.encode() + b"</Encrypt></xml>"
        return query, envelope

    def read(self, body: bytes, person: str, nonce: str) -> str:
        """The text that `person` sees, "" for none. Raises `BadReply`."""
        if body in (b"", b"success"):
            return ""
        try:
            fields = _flat(xml.parse(body))
            if self.mode != "plain":
                fields = self._opened(fields, nonce)
        except (xml.NotXml, crypto.NotForUs) as failure:
            raise BadReply(str(failure)) from None
        if set(fields) != TEXT_REPLY or fields["MsgType"] != "text":
            raise BadReply(f"fields are {sorted(fields)}")
        if (fields["ToUserName"], fields["FromUserName"]) != (person, self.account):
            raise BadReply("to or from somebody else")
        if not re.fullmatch("[0-9]{10}", fields["CreateTime"]):
            raise BadReply("CreateTime is no number")
        if not 1 <= len(fields["Content"].encode()) <= TEXT_BYTES_MAX:
            raise BadReply(f"the text has {len(fields['Content'].encode())} bytes")
        return fields["Content"]

    def _opened(self, fields: Mapping[str, str], nonce: str) -> dict[str, str]:
        if set(fields) != ENVELOPE:
            raise BadReply(f"the envelope has {sorted(fields)}")
        signed = (self.token, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
        if crypto.signature(*signed) != fields["MsgSignature"]:
            raise BadReply("MsgSignature is wrong")
        if fields["Nonce"] != nonce:
            raise BadReply("not the nonce of the request")
        key = crypto.key_of(self.aes_key)
        return _flat(xml.parse(crypto.decrypt(key, fields["Encrypt"], self.appid)))


def _flat(node: Mapping[str, list[xml.Node]]) -> dict[str, str]:
    """Fields that stand there once and hold a text. Raises `BadReply`."""
    fields: dict[str, str] = {}
    for name, values in node.items():
        if len(values) != 1 or not isinstance(values[0], str):
            raise BadReply(f"{name} is not one text")
        fields[name] = values[0]
    return fields
