"""What the server asks of those who look after the devices: how a device is, what happened to
it, what goes over its line, and a try-out. And the one rule that says red, amber or green.

Whoever does it (`queued.upkeep`) implements `Upkeep`; a hall without devices gets `NoUpkeep`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

from drivers.jobs import DeviceReport, FrameSeen
from queued.core.plan import Millis

Light: TypeAlias = Literal["green", "amber", "red"]

RED_AFTER_MS: Final = 15_000
"""A cable touched, a converter that restarts: shorter trouble mends itself and is amber."""

NEEDS_A_PERSON: Final = frozenset({"paper_out", "cover_open", "cutter_jam"})
"""Trouble that never mends itself."""


def code_of(report: DeviceReport) -> str:
    """The reason code of a device's last error; "" if it never failed."""
    return report.last_error.partition(":")[0]


def light(report: DeviceReport, now: Millis) -> Light:
    """Green works, amber works or is coming back, red needs somebody."""
    if report.state == "broken" or report.paper == "out":
        return "red"
    if report.state == "ready":
        return "amber" if report.paper == "near_end" else "green"
    troubled = report.state == "degraded" or bool(report.last_error)
    if troubled and code_of(report) in NEEDS_A_PERSON:
        return "red"
    lasts = now - report.since_ms >= RED_AFTER_MS
    return "red" if troubled and lasts and report.state != "stopped" else "amber"


class StoredEvent(Protocol):
    """Something that happened to a device ("": the device process)."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> Millis: ...
    @property
    def device(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...


EVENT_KINDS: Final = (
    "ready", "connecting", "degraded", "broken", "stopped", "near_end", "paper_out", "paper_ok",
    "slip_failed", "slip_doubtful", "slip_unconfirmed", "not_spoken", "process_ended",
    "process_started", "tried", "left_out",
)  # fmt: skip
"""What a device event may tell of."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a device did since the hall started; `not_spoken` and `slips_failed` by reason."""

    spoken: int = 0
    not_spoken: Mapping[str, int] = field(default_factory=dict)
    slips_confirmed: int = 0
    slips_unconfirmed: int = 0
    slips_failed: Mapping[str, int] = field(default_factory=dict)


TrialState: TypeAlias = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A test print, test text or test sentence. `code` says how it ended."""

    id: str
    device: str
    at: Millis
    state: TrialState
    code: str = ""


class NoTrial(Exception):
    """This device has nothing that could be tried."""


class TooManyWatch(Exception):
    """More people watch lines than there are technicians."""


class Watching(Protocol):
    """One who watches a device's line."""

    async def frame(self, seconds: float) -> FrameSeen | None:
        """The next frame; None after `seconds` without one."""
        ...


class Upkeep(Protocol):
    """The devices of the hall, as far as technicians look after them."""

    @property
    def restarts(self) -> int:
        """Of the device process since the hall started."""
        ...

    def tally(self, device: str) -> Tally:
        """What `device` did."""
        ...

    async def events(self, device: str, before: int | None, limit: int) -> Sequence[StoredEvent]:
        """What happened to `device` and to the device process, newest first."""
        ...

    def watch(self, device: str) -> AbstractContextManager[Watching]:
        """Watch its line until the context ends. Raises `TooManyWatch`."""
        ...

    def can_try(self, device: str) -> bool:
        """Whether there is something to try."""
        ...

    def try_out(self, device: str) -> Trial:
        """Begin a trial; one that runs already is not begun twice. Raises `NoTrial`."""
        ...

    def trial(self, device: str) -> Trial | None:
        """The last trial."""
        ...


class NoUpkeep:
    """A hall without devices."""

    restarts = 0

    def tally(self, device: str) -> Tally:
        """Nothing."""
        return Tally()

    async def events(self, device: str, before: int | None, limit: int) -> Sequence[StoredEvent]:
        """None."""
        return ()

    def watch(self, device: str) -> AbstractContextManager[Watching]:
        """Nothing is ever seen."""
        return nullcontext(_Nothing())

    def can_try(self, device: str) -> bool:
        """No."""
        return False

    def try_out(self, device: str) -> Trial:
        """Raises."""
        raise NoTrial(device)

    def trial(self, device: str) -> Trial | None:
        """None."""
        return None


class _Nothing:
    async def frame(self, seconds: float) -> FrameSeen | None:
        await asyncio.sleep(seconds)
        return None
