"""The halls of this process: each with its actor, its days, its tokens, its alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from queued.core.estimate import Estimator
from queued.engine.alarms import Alarms
from queued.engine.calendar import Calendar
from queued.engine.hall import HallActor
from queued.engine.tokens import TicketTokens


@dataclass(frozen=True, slots=True)
class RunningHall:
    """One hall as the server and the followers see it."""

    id: str
    actor: HallActor
    calendar: Calendar
    tokens: TicketTokens
    estimator: Estimator
    alarms: Alarms = field(default_factory=Alarms)
    """What its manager must be told of."""


Halls: TypeAlias = Mapping[str, RunningHall]
"""By hall id. One entry on a hall's box, many in a central deployment."""
