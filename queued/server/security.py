"""Headers of pages: what a browser may load, run and tell others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style: a text that slips through escaping still cannot run."""

PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "queued",
}

def with_wechat(policy: str, script: str) -> str:
    """The policy of a page that uses WeChat's JS-SDK from `script`: its open tags are frames."""
    parts = urlsplit(script)
    origin = f"{parts.scheme}://{parts.netloc}"
    more = f"frame-src https://*.qq.com webcompt: {origin}"
    return policy.replace("script-src 'self'", f"script-src 'self' {origin}") + f"; {more}"


HSTS: Final = "max-age=31536000"
"""Only sent where the public address is https: a hall's LAN has no certificates."""


def page_headers(*, tls: bool) -> dict[str, str]:
    """Headers of every HTML response."""
    headers = dict(PAGE_HEADERS)
    if tls:
        headers["Strict-Transport-Security"] = HSTS
    return headers
