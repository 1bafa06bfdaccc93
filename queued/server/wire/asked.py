"""Request bodies: what people ask."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from display import i18n
from queued.server.wire.shapes import Asked, Grade

# `(?!\n)`: Python's `$` also matches before a last line break, that of JSON Schema does not.

Word: TypeAlias = Annotated[str, Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
"""A reason or outcome: one of the hall's own words, never a story about a person."""

Language: TypeAlias = Annotated[str, Meta(pattern=f"^({'|'.join(i18n.LANGUAGES)})$(?!\\n)")]
"""One that the pages speak: each has a catalogue."""

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9-]+$(?!\n)")]
Number: TypeAlias = Annotated[str, Meta(min_length=1, max_length=8, pattern=r"^[A-Z0-9]+$(?!\n)")]


class TakeTicket(Asked, frozen=True):
    """Take a number for a service, or straight for a queue: exactly one of the two."""

    service: Id | None = None
    queue: Id | None = None
    class_: Id = "normal"
    language: Language = i18n.DEFAULT
    party: Annotated[int, Meta(ge=1, le=99)] = 1
    slip: Literal["normal", "large"] = "normal"
    """Large type for eyes that need it; a printer of large slips prints no others."""
    card: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    """The read id of the identity card that the visitor laid on the kiosk's reader."""
    here: bool = True
    """False: taken from afar; the number keeps its place, and is called after checking in."""

    def __post_init__(self) -> None:
        if (self.service is None) == (self.queue is None):
            raise ValueError("give either service or queue")


class BookAppointment(Asked, frozen=True):
    """Somebody will come at `slot` (RFC 3339 with offset) for a service. `code` is what he shows
    at the kiosk; small and capital letters are the same."""

    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{4,40}$(?!\n)")]
    service: Id
    slot: Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})]
    class_: Id = "appointment"


class ScannedCode(Asked, frozen=True):
    """What a scanner read or a visitor typed: an appointment's code or a slip's QR code."""

    code: Annotated[str, Meta(min_length=1, max_length=512)]
    language: Literal["zh", "en"] = "zh"
    slip: Literal["normal", "large"] = "normal"


class Nothing(Asked, frozen=True):
    """An action that needs no more words; the body may be left out."""


class Rate(Asked, frozen=True):
    """What the visitor thinks of the service."""

    grade: Grade


class Open(Asked, frozen=True):
    """Sit down. `take_over` relieves the clerk who is signed in at the window."""

    take_over: bool = False


class Pause(Asked, frozen=True):
    """Stop calling, for a reason."""

    reason: Word = ""


class CallNumber(Asked, frozen=True):
    """A number of today."""

    number: Number


MATTERS_MAX = 99
"""Matters of one visit: whoever brings more has made an appointment for a batch."""


class Finish(Asked, frozen=True):
    """The hall's own word for how it ended, and how many matters were dealt with."""

    outcome: Word = ""
    count: Annotated[int, Meta(ge=1, le=MATTERS_MAX)] = 1


class Park(Asked, frozen=True):
    """What is missing."""

    reason: Word = ""


class Transfer(Asked, frozen=True):
    """To a queue, or to one window: exactly one of the two."""

    queue: Id | None = None
    window: Id | None = None
    place: Literal["keep", "first", "last"] = "keep"

    def __post_init__(self) -> None:
        if (self.queue is None) == (self.window is None):
            raise ValueError("give either queue or window")


class VoiceSaid(Asked, frozen=True):
    """What became of the sentence `job`: said to its end, or why not.

    `blocked`: the browser lets a page speak only after somebody touched it; `language`: it has
    no voice for the language.
    """

    job: Annotated[str, Meta(min_length=1, max_length=64)]
    ok: bool
    reason: Literal["", "blocked", "language", "interrupted", "timeout", "error"] = ""


class SignIn(Asked, frozen=True):
    """Name and password, or an access token."""

    name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    password: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    token: Annotated[str, Meta(min_length=1, max_length=256)] | None = None

    def __post_init__(self) -> None:
        by_name = self.name is not None and self.password is not None
        if by_name == (self.token is not None) or (self.name is None) != (self.password is None):
            raise ValueError("give either name and password, or token")
