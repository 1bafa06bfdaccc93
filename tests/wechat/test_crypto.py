"""Signatures and encryption are WeChat's own, byte for byte; everything else is refused."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.wechat import crypto

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "golden" / "wechat_vectors.json").read_text("utf-8")
)
KEY = crypto.key_of("A" * 43)
OTHER_KEY = crypto.key_of("B" * 43)
APPID = "wxba5fad812f8e6fb9"
RANDOM = b"0123456789abcdef"


def named(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["src"]) for vector in vectors]


@pytest.mark.parametrize("golden", named(GOLDEN["url_verify"]))
def test_addresses_are_verified_as_wechat_signs_them(golden):
    parts = golden["token"], golden["timestamp"], golden["nonce"]
    assert crypto.signature(*parts) == golden["signature"]
    assert crypto.is_signed(golden["signature"], *reversed(parts))
    assert not crypto.is_signed(golden["signature"][:-1] + "x", *parts)
    assert not crypto.is_signed("签名\ud800", *parts)


@pytest.mark.parametrize("golden", named(GOLDEN["decrypt"]))
def test_what_wechat_encrypts_is_read(golden):
    key = crypto.key_of(golden["encoding_aes_key"])
    parts = golden["token"], golden["timestamp"], golden["nonce"], golden["encrypt"]
    assert crypto.is_signed(golden["msg_signature"], *parts)
    message = crypto.decrypt(key, golden["encrypt"], golden["receive_id"])
    assert message.decode() == golden["plaintext"]
    random = golden["random16"].encode()
    assert crypto.encrypt(key, message, golden["receive_id"], random) == golden["encrypt"]


@pytest.mark.parametrize("golden", named(GOLDEN["encrypt"]))
def test_replies_are_encrypted_as_wechat_does_it(golden):
    key = crypto.key_of(golden["encoding_aes_key"])
    random, message = golden["random16"].encode(), golden["plaintext"].encode()
    encrypted = crypto.encrypt(key, message, golden["receive_id"], random)
    assert encrypted == golden["encrypt"]
    parts = golden["token"], golden["timestamp"], golden["nonce"], encrypted
    assert crypto.signature(*parts) == golden["msg_signature"]


def test_the_old_key_opens_what_was_sent_before_the_change():
    vault = crypto.Vault(APPID, (KEY, OTHER_KEY))
    for key in (KEY, OTHER_KEY):
        opened = vault.open(crypto.encrypt(key, b"A017", APPID, RANDOM))
        assert (opened.message, opened.key) == (b"A017", key)
    assert "AAAA" not in repr(vault) and repr(KEY) not in repr(vault)
    with pytest.raises(crypto.NotForUs):
        crypto.Vault(APPID, ()).open("AAAA")


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "锁" * 43])
def test_a_key_has_43_letters_and_digits(key):
    with pytest.raises(crypto.NotForUs, match="bad_key"):
        crypto.key_of(key)


def sealed(full: bytes) -> str:
    """A cipher text of exactly these padded bytes."""
    machine = crypto._cipher(KEY).encryptor()
    return b64encode(machine.update(full) + machine.finalize()).decode()


GOOD = RANDOM + (4).to_bytes(4, "big") + b"A017" + APPID.encode()


@pytest.mark.parametrize(
    ("encrypted", "reason"),
    [
        ("", "bad_length"),
        ("不是", "bad_base64"),
        ("AAA", "bad_base64"),
        ("AAAA AAAA", "bad_base64"),
        (b64encode(bytes(17)).decode(), "bad_length"),
        (sealed(GOOD.ljust(64, b"\x00")), "bad_padding"),
        (sealed(GOOD.ljust(96, bytes([33]))), "bad_padding"),
        (sealed(GOOD.ljust(64, b"\x02")[:-3] + b"\x07\x07\x02"), "bad_padding"),
        (sealed(b"short" + bytes([11]) * 11), "bad_length"),
        (sealed((RANDOM + b"\xff" * 4 + b"A017").ljust(32, b"\x08")), "bad_length"),
    ],
)
def test_a_message_with_anything_wrong_is_refused(encrypted, reason):
    with pytest.raises(crypto.NotForUs) as refused:
        crypto.decrypt(KEY, encrypted, APPID)
    assert refused.value.reason == reason


def test_a_message_for_another_account_is_refused():
    encrypted = crypto.encrypt(KEY, b"A017", "wx0000000000000000", RANDOM)
    with pytest.raises(crypto.NotForUs, match="wrong_appid"):
        crypto.decrypt(KEY, encrypted, APPID)


def test_a_flipped_byte_never_yields_the_message():
    # CBC alone does not reminder every flip; the msg_signature in front of it does.
    raw = b64decode(crypto.encrypt(KEY, b"A017" * 10, APPID, RANDOM))
    signed = crypto.signature("token", "1", "nonce", b64encode(raw).decode())
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1
        text = b64encode(bytes(flipped)).decode()
        assert not crypto.is_signed(signed, "token", "1", "nonce", text)


@given(st.binary(max_size=300), st.binary(min_size=16, max_size=16))
def test_every_message_comes_back(message, random):
    encrypted = crypto.encrypt(KEY, message, APPID, random)
    assert len(b64decode(encrypted)) % 32 == 0
    assert crypto.decrypt(KEY, encrypted, APPID) == message


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b64encode(b).decode()))
def test_garbage_is_refused_with_a_reason_and_nothing_else(encrypted):
    with pytest.raises(crypto.NotForUs):
        crypto.decrypt(KEY, encrypted, APPID)
