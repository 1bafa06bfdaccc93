"""Texts that must be read again but by nobody who only holds the database: AES-256-GCM.

    sealed = nonce (12 bytes, random) | ciphertext | tag (16 bytes)

What a text belongs to is authenticated with it: a sealed text moved to another row does not
open. The key is a file of its own and in no backup. The library is loaded when there is
something to seal: a hall without phones does without its 5 MB.
"""

from __future__ import annotations

import secrets

NONCE_BYTES = 12
"""What GCM wants; chosen at random they are good for billions of texts under one key."""

TAG_BYTES = 16


def seal(key: bytes, text: str, belongs_to: str) -> bytes:
    """`text` under `key` (32 bytes), bound to `belongs_to`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), belongs_to.encode())


def unseal(key: bytes, sealed: bytes, belongs_to: str) -> str | None:
    """The text again; None if the key, the bytes or what it belongs to is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        return None
    try:
        text = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to.encode())
        return text.decode()
    except (InvalidTag, UnicodeDecodeError):
        return None
