"""The code that shows who is in the hall."""

from __future__ import annotations

from queued.server.wire.shapes import Time, Told


class OnSite(Told, frozen=True):
    """For screens in the hall only. `code` is good until a few minutes after `until`; `url` is
    what its QR code says."""

    code: str
    url: str
    until: Time
