"""Signatures that let pages of ours use WeChat's JS-SDK (scan a code, ask for consent). Pure.

Only for pages of our own hosts: else we would lend our name to anybody's page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha1
from urllib.parse import urlsplit

URL_CHARS_MAX = 1000


class NotOurs(Exception):
    """The page is not on one of our hosts."""


@dataclass(frozen=True, slots=True)
class JsSignature:
    """What `wx.config` wants; there the nonce is spelled `nonceStr`."""

    timestamp: int
    nonce: str
    signature: str


def signed(
    url: str, hosts: Collection[str], ticket: str, timestamp: int, nonce: str
) -> JsSignature:
    """The signature for the page at `url`, which is cut at "#". Raises `NotOurs`.

    `hosts` are "hall.example.gov.cn" or with a port; the scheme must be http or https.
    """
    page = url.partition("#")[0]
    try:
        parts = urlsplit(page)
    except ValueError:
        raise NotOurs("not an address") from None
    printable = page.isprintable() and len(page) <= URL_CHARS_MAX and "\\" not in page
    if parts.scheme not in ("http", "https") or parts.netloc not in hosts or not printable:
        raise NotOurs("not a page of ours")
    joined = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return JsSignature(timestamp, nonce, sha1(joined.encode()).hexdigest())
