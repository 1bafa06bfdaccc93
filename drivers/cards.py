"""Cards on a reader, as messages: what leaves its driver about whoever laid one down."""

from __future__ import annotations

from typing import Literal, TypeAlias

from drivers.slip_blocks import Value

CardFlaw: TypeAlias = Literal["moved", "no_data"]
"""Taken away before it was read; or read, and nothing on it says whose it is."""


class CardRead(Value, frozen=True, tag="card-read"):
    """Somebody laid an identity card on `device`. Nothing else about them leaves the driver.

    `digest` is the card number under the hall's secret, `masked_name` like 张*; `sex` only
    where the device is configured to tell it.
    """

    device: str
    read_id: str
    digest: str
    masked_name: str
    sex: Literal["", "male", "female"] = ""
    at_ms: int = 0


class CardUnread(Value, frozen=True, tag="card-unread"):
    """A card was laid on `device` and could not be read, whoever it belongs to."""

    device: str
    read_id: str
    why: CardFlaw
    at_ms: int = 0
