"""Signatures and encryption of WeChat's callbacks. Pure: chance is given by the caller.

    signature     = sha1(sorted(token, timestamp, nonce) joined)
    msg_signature = sha1(sorted(token, timestamp, nonce, Encrypt) joined)
    Encrypt       = base64(AES-256-CBC(PKCS#7 to 32 bytes(random16 | length4 | message | appid)))

Source: WeChat's 消息加解密 (WXBizMsgCrypt); the golden vectors are in `tests/golden`.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

RANDOM_BYTES = 16
"""Chance in front of every message: the same text never has the same cipher text."""

_LENGTH_BYTES = 4
_PAD_BLOCK = 32
"""WeChat pads to 32 bytes, twice AES's block: pad values are 1 … 32."""

_AES_BLOCK = 16
_KEY_PATTERN = re.compile(r"[A-Za-z0-9]{43}")


class NotForUs(Exception):
    """A message that cannot be trusted. `reason` is one of a few words, for counting:

    bad_key | bad_base64 | bad_length | bad_padding | wrong_appid
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def signature(*parts: str) -> str:
    """The SHA-1 of the sorted parts, in small hexadecimal digits."""
    return sha1("".join(sorted(parts)).encode()).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of `parts`. Takes the same time for every wrong one."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), signature(*parts).encode())


def key_of(encoding_aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey (43 letters and digits). Raises `NotForUs` bad_key."""
    if not _KEY_PATTERN.fullmatch(encoding_aes_key):
        raise NotForUs("bad_key")
    return b64decode(encoding_aes_key + "=")


@dataclass(frozen=True, slots=True)
class Opened:
    """A decrypted message, and which of the account's keys opened it."""

    message: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vault:
    """An account's keys, newest first: after a change WeChat may use the old one for a while."""

    appid: str
    keys: Sequence[bytes] = field(repr=False)

    def open(self, encrypted: str) -> Opened:
        """The message inside. Raises `NotForUs` with the newest key's reason."""
        first: NotForUs | None = None
        for key in self.keys:
            try:
                return Opened(decrypt(key, encrypted, self.appid), key)
            except NotForUs as failure:
                first = first or failure
        raise first or NotForUs("bad_key")


def decrypt(key: bytes, encrypted: str, appid: str) -> bytes:
    """The message in an `Encrypt` text. Raises `NotForUs`.

    Only ask for texts whose msg_signature holds: the reasons are no oracle then.
    """
    try:
        raw = b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise NotForUs("bad_base64") from None
    if not raw or len(raw) % _AES_BLOCK:
        raise NotForUs("bad_length")
    machine = _cipher(key).decryptor()
    padded = machine.update(raw) + machine.finalize()
    pad = padded[-1]
    if not 1 <= pad <= _PAD_BLOCK or padded[-pad:] != bytes([pad]) * pad:
        raise NotForUs("bad_padding")
    full = padded[:-pad]
    head = RANDOM_BYTES + _LENGTH_BYTES
    length = int.from_bytes(full[RANDOM_BYTES:head], "big")
    if len(full) < head or length > len(full) - head:
        raise NotForUs("bad_length")
    message, receiver = full[head : head + length], full[head + length :]
    if not hmac.compare_digest(receiver, appid.encode()):
        raise NotForUs("wrong_appid")
    return message


def encrypt(key: bytes, message: bytes, appid: str, random: bytes) -> str:
    """The `Encrypt` text of a message; `random` are 16 bytes of fresh chance."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{len(random)} random bytes instead of {RANDOM_BYTES}")
    full = random + len(message).to_bytes(_LENGTH_BYTES, "big") + message + appid.encode()
    pad = _PAD_BLOCK - len(full) % _PAD_BLOCK
    machine = _cipher(key).encryptor()
    raw = machine.update(full + bytes([pad]) * pad) + machine.finalize()
    return b64encode(raw).decode()


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    # The format's own rule: the first half of the key is the IV. Each message begins with
    # 16 random bytes, which do an IV's work.
    return Cipher(algorithms.AES(key), modes.CBC(key[:_AES_BLOCK]))
