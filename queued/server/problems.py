"""Everything that can go wrong for a caller: one table from code to HTTP status, one shape.

`application/problem+json` (RFC 9457): `code` is stable and for programs, `detail` is a sentence
in the caller's language. A refusal of the rulebook keeps its code and brings its facts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from display import i18n
from queued.core.refusals import Refused, Unknown
from queued.engine.hall import HallStopped, KeyReused, MailboxFull
from queued.engine.ports import JournalError, PeopleFailed, Unavailable
from queued.server.wire import WrongField

log = logging.getLogger(__name__)

PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "malformed": (400, "Malformed request"),
    "unauthenticated": (401, "Not signed in"),
    "bad_login": (401, "Wrong name or password"),
    "forbidden": (403, "Not allowed"),
    "csrf": (403, "Stale page"),
    "not_found": (404, "Not found"),
    "unknown_hall": (404, "Unknown hall"),
    "unknown_window": (404, "Unknown window"),
    "unknown_queue": (404, "Unknown queue"),
    "unknown_zone": (404, "Unknown zone"),
    "unknown_service": (404, "Unknown service"),
    "unknown_class": (404, "Unknown class"),
    "unknown_ticket": (404, "Unknown ticket"),
    "unknown_device": (404, "Unknown device"),
    "unknown_code": (404, "Unknown code"),
    "unknown_alarm": (404, "Unknown alarm"),
    "sign_in_first": (403, "The phone is not known (any more)"),
    "wrong_code": (403, "Wrong or old code of the hall"),
    "not_shown": (403, "Not shown to be in the hall"),
    "not_near": (403, "Too far from the hall"),
    "unknown_card": (404, "Unknown card"),
    "method_not_allowed": (405, "Method not allowed"),
    "hall_closed": (409, "Hall closed"),
    "queue_closed": (409, "Queue closed"),
    "queue_full": (409, "Queue full"),
    "nobody_waiting": (409, "Nobody waiting"),
    "already_waiting": (409, "Already waiting"),
    "appointment_early": (409, "Too early for the appointment"),
    "appointment_late": (409, "Too late for the appointment"),
    "appointment_used": (409, "Appointment checked in already"),
    "code_taken": (409, "Another appointment has this code"),
    "too_many_appointments": (409, "Too many appointments"),
    "not_offered": (409, "Not offered on phones"),
    "not_at_this_time": (409, "Not at this time of day"),
    "no_more_today": (409, "No more numbers on phones today"),
    "too_many_numbers": (409, "Too many numbers of one person"),
    "nothing_to_check_in": (409, "Nothing to check in"),
    "slot_full": (409, "Slot full"),
    "booked_that_day": (409, "One appointment a day"),
    "too_late_to_cancel": (409, "Too late to cancel"),
    "booking_restricted": (409, "Missed too many appointments"),
    "window_not_open": (409, "Window not open"),
    "window_busy": (409, "Window busy"),
    "window_taken": (409, "Window taken"),
    "not_yours": (409, "Not your window"),
    "ticket_not_waiting": (409, "Ticket not waiting"),
    "ticket_not_called": (409, "No ticket called"),
    "ticket_not_serving": (409, "No ticket being served"),
    "ticket_not_served": (409, "Not served"),
    "already_rated": (409, "Rated already"),
    "too_late_to_rate": (409, "Too late to rate"),
    "recall_too_soon": (409, "Recalled too soon"),
    "too_many_recalls": (409, "Recalled often enough"),
    "too_many_returns": (409, "Returned too often"),
    "too_late_to_undo": (409, "Too late to undo"),
    "no_test": (409, "Nothing to test"),
    "plan_in_use": (422, "Still in use"),
    "plan_invalid": (422, "Invalid plan"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "invalid": (422, "Invalid content"),
    "no_such_slot": (422, "No such slot"),
    "idempotency_mismatch": (422, "Key used with other content"),
    "too_many_requests": (429, "Too many requests"),
    "internal": (500, "Internal error"),
    "not_ready": (503, "Not ready"),
    "mailbox_full": (503, "Busy"),
}
"""Code → (HTTP status, title)."""

MEMBERS: Final = frozenset({"type", "title", "status", "code", "detail", "errors"})
"""Members of every problem; a fact of the same name is told as `<name>_now`."""

RETRY_AFTER_S: Final = {"mailbox_full": 1, "not_ready": 5}

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "queued",
}

_ENCODE = msgspec.json.Encoder().encode


class Problem(Exception):
    """Stops a request; told as problem+json, or as a page where a person asked for one."""

    def __init__(
        self,
        code: str,
        *,
        facts: Mapping[str, Any] | None = None,
        errors: Sequence[WrongField] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = PROBLEMS[code][0]
        self.facts = dict(facts or {})
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def of(error: BaseException) -> Problem:
    """What to tell about `error`. Anything unforeseen is logged and told as `internal`."""
    match error:
        case Problem():
            return error
        case Unknown():
            return Problem(error.code, facts=error.facts)
        case Refused():
            return Problem(error.code, facts=error.facts)
        case KeyReused():
            return Problem("idempotency_mismatch")
        case MailboxFull():
            return Problem("mailbox_full")
        case HallStopped() | JournalError() | PeopleFailed() | Unavailable():
            return Problem("not_ready")
        case web.HTTPRequestEntityTooLarge():
            return Problem("too_large", headers={"Connection": "close"})
        case web.HTTPException() if 400 <= error.status < 500:
            return Problem("malformed")
        case _:
            # The route, never the path: paths of own tickets hold their tokens.
            log.error("a request failed: %s", type(error).__name__, exc_info=error)
            return Problem("internal")


def told(problem: Problem, language: i18n.Language) -> dict[str, Any]:
    """The members of the problem document."""
    status, title = PROBLEMS[problem.code]
    document: dict[str, Any] = {
        "type": f"urn:queued:problem:{problem.code}",
        "title": title,
        "status": status,
        "code": problem.code,
        "detail": i18n.catalogue(language).problem(problem.code, problem.facts),
    }
    for name, fact in problem.facts.items():
        document[f"{name}_now" if name in MEMBERS else name] = fact
    if problem.errors:
        document["errors"] = problem.errors
    return document


def response(problem: Problem, accept_language: str | None) -> web.Response:
    """The problem as an HTTP response."""
    language = i18n.negotiate(accept_language)
    headers = {**HEADERS, "Vary": "Accept-Language", "Content-Language": language}
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="queued"'
    if problem.code in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[problem.code])
    headers |= problem.headers
    headers["Content-Type"] = "application/problem+json"
    return web.Response(
        status=problem.status, body=_ENCODE(told(problem, language)), headers=headers
    )
