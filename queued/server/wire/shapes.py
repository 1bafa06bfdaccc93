"""What all bodies have in common."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Time: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339 with offset."""

TicketStatus: TypeAlias = Literal[
    "waiting", "called", "serving", "served", "missed", "parked", "cancelled"
]
Grade: TypeAlias = Literal[
    "very-satisfied", "satisfied", "basically-satisfied", "dissatisfied", "very-dissatisfied"
]
"""非常满意 满意 基本满意 不满意 非常不满意."""

WindowState: TypeAlias = Literal["open", "paused", "closed"]


class Asked(Struct, frozen=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A request body. Unknown fields are errors: a misspelt wish must not be ignored."""


class Told(Struct, frozen=True, omit_defaults=True, rename={"class_": "class"}):
    """A response body. A field without a default is always written, null included."""
