"""Events as other teams may read them: what happened, without the people who work there.

Of whoever acted, the role stays (`clerk:`); reasons that somebody typed are left out, as they are
in the snapshot. Everything else is as in the journal, where auditors read it whole.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from queued.engine.ports import Record

NAMES: Final = frozenset({"clerk", "relieved"})
"""Fields that name a person."""

REASONS_TYPED: Final = frozenset({"WindowPaused", "TicketParked"})
"""Events whose `reason` may be in somebody's own words."""


def told(record: Record) -> dict[str, str | bytes | int]:
    """The fields of the stream's entry. `hash` is the journal's, in hexadecimal."""
    return {
        "seq": record.seq,
        "type": record.type,
        "at": record.at,
        "body": body_of(record),
        "hash": record.hash.hex(),
    }


def body_of(record: Record) -> bytes:
    """The event as JSON."""
    content: dict[str, Any] = msgspec.json.decode(record.body)
    if "by" in content:
        content["by"] = content["by"].partition(":")[0] + ":"
    for name in NAMES & content.keys():
        content[name] = ""
    if record.type in REASONS_TYPED:
        content["reason"] = ""
    return msgspec.json.encode(content)
