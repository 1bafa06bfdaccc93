"""What crosses the pipe between the engine and the device process: plain values.

One JSON object a line, UTF-8, tagged by `type`. Orders go down (engine to devices), reports
come up. Nothing here knows a queue, a window or a printer's bytes; nothing here does I/O.

The life of a slip, so that a crash between two bytes neither loses nor doubles it:

    PrintSlip ──► (printer ready) ──► JobReady ──► engine records "sent" ──► JobGo ──► bytes
                                                                       ──► JobDone | JobFailed

The engine writes "sent" to its ledger BEFORE the first byte may leave, so after a crash every
job is either certainly not printed (queued: print it) or possibly printed (sent: ask a person).

An engine that knows a printer to be idle may record "sent" without waiting for `JobReady`. If the
printer is not ready when the go comes, or no longer, it answers `JobHeld`: no byte has left, the
job keeps its place, and there will be another `JobReady`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypeVar

import msgspec

from drivers.cards import CardFlaw as CardFlaw
from drivers.cards import CardRead as CardRead
from drivers.cards import CardUnread as CardUnread
from drivers.frames import FrameSeen as FrameSeen
from drivers.frames import WatchFrames as WatchFrames
from drivers.slip_blocks import Align, Block, Feed, Pair, Qr, Raster, Rule, Text, Value

__all__ = ["Align", "Block", "Feed", "Pair", "Qr", "Raster", "Rule", "Text"]
"""Blocks of a slip are messages' parts: whoever speaks over the pipe finds them here."""

LINE_BYTES_MAX = 1 << 20
"""Longest message on the pipe; a slip with a logo is far below it."""

T = TypeVar("T")

PadAction: TypeAlias = Literal[
    "call-next", "call", "recall", "start", "finish", "miss", "park", "transfer", "undo",
    "open", "pause", "login", "logout", "call-guard", "call-manager", "call-adviser",
]  # fmt: skip
"""What a key means; the first ones are named as in the API."""

Grade: TypeAlias = Literal[
    "very-satisfied",
    "satisfied",
    "basically-satisfied",
    "dissatisfied",
    "very-dissatisfied",
    "none",
]
"""非常满意 满意 基本满意 不满意 非常不满意, 未评价. Names, because official codes run both ways."""


# ── Down: engine to device process ────────────────────────────────────────────────────────


class DeviceConfig(Value, frozen=True, tag="device"):
    """One device as configured. `options`: the kind's own keys (width_mm, address …)."""

    id: str
    kind: str
    port: str
    options: dict[str, str | int | float | bool] = {}


class Configure(Value, frozen=True, tag="configure"):
    """First order on a fresh pipe: which devices to run."""

    devices: tuple[DeviceConfig, ...]


class PrintSlip(Value, frozen=True, tag="print-slip"):
    """Print `blocks` on `device` and cut. Not after `expires_at_ms` (Unix time).

    `after_half`: an earlier device process died with a slip for this printer under way, which
    may hang in it. The first slip this process prints there is preceded by a cut then.
    """

    job: str
    device: str
    blocks: tuple[Block, ...]
    expires_at_ms: int
    after_half: bool = False


class JobGo(Value, frozen=True, tag="job-go"):
    """The ledger says "sent": the bytes of `job` may leave now."""

    job: str


class JobCancel(Value, frozen=True, tag="job-cancel"):
    """Forget `job` unless its bytes are already leaving."""

    job: str


class ShowText(Value, frozen=True, tag="show-text"):
    """What a strip should show from now on. Level-triggered: the newest replaces all older ones.

    Lines are parted by newlines, the most important first: a summary screen shows as many as its
    option `lines` says and drops the rest, other strips join them to one.
    """

    device: str
    text: str
    flash: bool = False


class Phrase(Value, frozen=True, tag="phrase"):
    """A sentence of the phrase files (`drivers/phrases`): `call` with number and window …"""

    name: str
    values: dict[str, str] = {}
    language: str = "zh"


class Sentence(Value, frozen=True, tag="sentence"):
    """A text as it stands. Recordings cannot say it, modules can."""

    text: str
    language: str = "zh"


class Say(Value, frozen=True, tag="say"):
    """Say `phrases`, one after the other, `repeat` times (1 to 5). Not after `expires_at_ms`.

    Sayings of one device never overlap and keep their order. A language the voice does not
    speak is left out; `Spoken` tells what was said.
    """

    job: str
    device: str
    phrases: tuple[Phrase | Sentence, ...]
    expires_at_ms: int
    repeat: int = 1


PageReason: TypeAlias = Literal[
    "", "blocked", "language", "interrupted", "timeout", "offline", "error"
]
"""Why a page did not speak. `blocked`: browsers let a page speak only after somebody touched it."""


class VoicePage(Value, frozen=True, tag="voice-page"):
    """Whether a page is there that speaks for the voice `device` (kind browser)."""

    device: str
    there: bool


class SaidInBrowser(Value, frozen=True, tag="said-in-browser"):
    """What became of the `SayInBrowser` with this `job`."""

    job: str
    device: str
    ok: bool
    reason: PageReason = ""


class PadShow(Value, frozen=True, tag="pad-show"):
    """What a call pad shows: the number being served and how many wait. The newest wins.

    `ok` answers the clerk's last press first: done, or not possible; None answers nothing.
    """

    device: str
    number: str = ""
    waiting: int = 0
    ok: bool | None = None


class AskRating(Value, frozen=True, tag="ask-rating"):
    """The next grade pressed on `device` within `timeout_s` belongs to `ask` (any name).

    Answered by exactly one `Rated` with this `ask`; a second question ends the first.
    """

    device: str
    timeout_s: float
    ask: str = ""


class Stop(Value, frozen=True, tag="stop"):
    """Finish the job whose bytes are leaving, close the ports, exit 0."""


Order: TypeAlias = (
    Configure
    | PrintSlip
    | JobGo
    | JobCancel
    | ShowText
    | Stop
    | Say
    | VoicePage
    | SaidInBrowser
    | PadShow
    | AskRating
    | WatchFrames
)


# ── Up: device process to engine ──────────────────────────────────────────────────────────


class JobReady(Value, frozen=True, tag="job-ready"):
    """The printer is up with paper in it; the job waits for its `JobGo`."""

    job: str
    device: str


class JobHeld(Value, frozen=True, tag="job-held"):
    """The printer is not ready, whatever the ledger says: no byte of `job` has left, and none
    will before another `JobGo`."""

    job: str
    device: str


class JobDone(Value, frozen=True, tag="job-done"):
    """All bytes left. `confirmed` if the printer itself said so afterwards."""

    job: str
    device: str
    confirmed: bool


class JobFailed(Value, frozen=True, tag="job-failed"):
    """Not printed, or not certainly. `maybe_printed` is False only if no byte of it left.

    `reason` is a code: offline paper_out cover_open cutter_jam error timeout unplugged expired
    queue_full unknown_device bad_job cancelled interrupted.
    """

    job: str
    device: str
    reason: str
    maybe_printed: bool


class DeviceReport(Value, frozen=True, tag="device-report"):
    """Sent on every change of a device and when asked. Times are Unix milliseconds."""

    device: str
    kind: str
    state: Literal["connecting", "ready", "degraded", "broken", "stopped"]
    since_ms: int
    queue: int = 0
    last_error: str = ""
    last_error_at_ms: int = 0
    paper: Literal["", "ok", "near_end", "out"] = ""
    counters: dict[str, int] = {}


class SlipPrinted(Value, frozen=True, tag="slip-printed"):
    """A virtual printer cut a slip: the text and picture decoded from the very bytes it got."""

    device: str
    job: str
    text: str
    png: str
    """Path of the picture, below the device process's spool folder."""


class StripShown(Value, frozen=True, tag="strip-shown"):
    """A strip acknowledged a frame, or a virtual strip shows a text."""

    device: str
    text: str


class Spoken(Value, frozen=True, tag="spoken"):
    """Said to the end at least once, `times` of the repetitions asked for.

    `text` is what was said; of a virtual voice, what it heard in the very bytes it got.
    """

    job: str
    device: str
    text: str
    times: int = 1


class NotSpoken(Value, frozen=True, tag="not-spoken"):
    """Not said to the end even once; a part may have been heard.

    `reason` is a code: expired quiet queue_full cancelled unknown_device bad_job bad_phrase
    language no_clip offline blocked timeout unplugged garbled busy interrupted unspoken error.
    """

    job: str
    device: str
    reason: str


class SayInBrowser(Value, frozen=True, tag="say-in-browser"):
    """The page that speaks for `device` shall say `text` now, and tell within `limit_s`.

    One at a time: the next comes after `SaidInBrowser`, or when the limit is over. `rate` is the
    speed, 1 is the voice's own.
    """

    job: str
    device: str
    text: str
    language: str
    limit_s: float
    rate: float = 1.0


class PadPressed(Value, frozen=True, tag="pad-pressed"):
    """A clerk pressed a key. `press_id` is another for every press, also over restarts.

    `number` is what was keyed with it: a ticket's digits (call), a window or queue (transfer),
    a clerk's own number (login). `at_ms` tells a press from a stale one.
    """

    device: str
    press_id: str
    action: PadAction
    number: str = ""
    at_ms: int = 0


class Rated(Value, frozen=True, tag="rated"):
    """A visitor pressed a grade, or ("none") did not in time. `ask` "": nobody had asked."""

    device: str
    grade: Grade
    ask: str = ""
    at_ms: int = 0


Report: TypeAlias = (
    JobReady
    | JobHeld
    | JobDone
    | JobFailed
    | DeviceReport
    | SlipPrinted
    | StripShown
    | Spoken
    | NotSpoken
    | SayInBrowser
    | PadPressed
    | Rated
    | CardRead
    | CardUnread
    | FrameSeen
)


class BadMessage(ValueError):
    """A line on the pipe is not a message of this protocol. Says why; carries no content."""


_ENCODER = msgspec.json.Encoder()
_ORDER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
_REPORT: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def encode(message: Order | Report) -> bytes:
    """One line, ending in a newline."""
    return _ENCODER.encode(message) + b"\n"


def decode_order(line: bytes) -> Order:
    """Raises `BadMessage`."""
    return _decode(_ORDER, line)


def decode_report(line: bytes) -> Report:
    """Raises `BadMessage`."""
    return _decode(_REPORT, line)


def _decode(decoder: msgspec.json.Decoder[T], line: bytes) -> T:
    if len(line) > LINE_BYTES_MAX:
        raise BadMessage(f"line of {len(line)} bytes, at most {LINE_BYTES_MAX}")
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadMessage(str(error)) from None
