"""Administration: who may come in, and who changed what. Forms that work without scripts.

Every change carries its actor into the audit, written in the change's own transaction. A new
token is shown once, in the answer to the form that made it; its digest is all that is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from queued.core.plan import Millis, WindowId
from queued.engine.ports import AccountTaken, AccountUnknown
from queued.server import pages, wire
from queued.server.accounts import AccountBook
from queued.server.auth import ROLES, same
from queued.server.call import Call
from queued.server.limits import refuse_if
from queued.server.problems import Problem
from queued.server.tickets import hall_name

PEOPLE: Final = ("clerk", "manager", "admin", "auditor")
"""Roles of people; machines have tokens."""

PASSWORD_CHARS: Final = (8, 256)
"""NIST SP 800-63B's floor for chosen passwords, and what the sign-in form takes."""

NAME_CHARS_MAX: Final = 64
TOKEN_BYTES: Final = 32
"""256 bits: nobody guesses one."""

ACCOUNTS_MAX: Final = 2000
"""People, or tokens: more than any hall has; each page lists them all."""

AUDIT_SHOWN: Final = 50


async def people(call: Call[None]) -> web.Response:
    """GET /h/{hall}/admin/people"""
    done = call.request.query.get("done", "")
    return await _shown(call, done=done if done in CHANGES else "")


async def change_people(call: Call[None]) -> web.Response:
    """POST /h/{hall}/admin/people: one change of one account, by the name of its button."""
    form = await signed_form(call)
    name = form.get("action", "")
    change = CHANGES.get(name)
    if change is None:
        raise Problem("invalid", errors=(wire.WrongField("action", "is not known"),))
    try:
        token = await change(call, form)
    except Problem as problem:
        if problem.code != "invalid":
            raise
        errors = {error.path: error.message for error in problem.errors}
        return await _shown(call, errors=errors, form=form, failed=name, status=422)
    call.site.doors.forget_everybody()
    if token is not None:
        return await _shown(call, done=name, token=token)
    return pages.go(f"/h/{call.live.id}/admin/people?done={name}")


async def signed_form(call: Call[Any]) -> dict[str, str]:
    """The fields of a form that this session's own page sent. Raises `Problem` csrf."""
    return {name: texts[-1] for name, texts in (await signed_fields(call)).items()}


async def signed_fields(call: Call[Any], most: int | None = None) -> dict[str, list[str]]:
    """As `signed_form`, with all values of each field, of at most `most` bytes."""
    fields = await pages.read_fields(call, most)
    if not same(fields.get("csrf", [""])[-1], call.principal.csrf):
        raise Problem("csrf")
    return fields


# ── The changes ───────────────────────────────────────────────────────────────────────────


Form = Mapping[str, str]


async def _add_user(call: Call[Any], form: Form) -> None:
    book, name, role = _book(call), _name(form), form.get("role", "")
    if role not in PEOPLE:
        raise _wrong("role", "unknown")
    if name == "token":
        raise _wrong("name", "reserved")  # the sign-in form takes it for a token's holder
    if len(await book.users()) >= ACCOUNTS_MAX:
        raise _wrong("name", "too_many")
    hashed = await _hashed(call, form)
    try:
        await book.add_user(name, role, hashed, call.site.parts.clock.now(), by=call.principal.by)
    except AccountTaken:
        raise _wrong("name", "taken") from None


async def _set_password(call: Call[Any], form: Form) -> None:
    hashed = await _hashed(call, form)
    now = call.site.parts.clock.now()
    await _known(_book(call).set_password(_name(form), hashed, now, by=call.principal.by))


async def _disable_user(call: Call[Any], form: Form) -> None:
    name = _name(form)
    if name == call.principal.name:
        raise _wrong("user", "yourself")  # the last administrator could not come back
    now = call.site.parts.clock.now()
    await _known(_book(call).disable_user(name, now, by=call.principal.by))


async def _enable_user(call: Call[Any], form: Form) -> None:
    now = call.site.parts.clock.now()
    await _known(_book(call).enable_user(_name(form), now, by=call.principal.by))


async def _add_token(call: Call[Any], form: Form) -> str:
    book, name, role = _book(call), _name(form, "token_name"), form.get("token_role", "")
    window = form.get("window", "")
    if role not in ROLES:
        raise _wrong("token_role", "unknown")
    if window and (role != "clerk" or window not in call.live.hall.plan.windows):
        raise _wrong("window", "unknown")
    if len(await book.tokens()) >= ACCOUNTS_MAX:
        raise _wrong("token_name", "too_many")
    token, now = secrets.token_urlsafe(TOKEN_BYTES), call.site.parts.clock.now()
    bound = WindowId(window) if window else None
    await book.add_token(token, role, name, now, bound, by=call.principal.by)
    return token


async def _revoke_token(call: Call[Any], form: Form) -> None:
    now = call.site.parts.clock.now()
    await _known(_book(call).revoke_token(form.get("digest", ""), now, by=call.principal.by))


CHANGES: Final[Mapping[str, Callable[[Call[Any], Form], Awaitable[str | None]]]] = {
    "add_user": _add_user,
    "set_password": _set_password,
    "disable_user": _disable_user,
    "enable_user": _enable_user,
    "add_token": _add_token,
    "revoke_token": _revoke_token,
}


async def _known(change: Awaitable[None]) -> None:
    try:
        await change
    except AccountUnknown:
        raise Problem("not_found") from None


def _book(call: Call[Any]) -> AccountBook:
    return call.site.parts.store.accounts


def _name(form: Form, field: str = "name") -> str:
    """A name that can stand in `role:name` and on a page."""
    name = form.get(field, "").strip()
    if not 1 <= len(name) <= NAME_CHARS_MAX or not name.isprintable() or ":" in name:
        raise _wrong(field, "name")
    return name


async def _hashed(call: Call[Any], form: Form) -> str:
    """Its hash. Costs a core for a moment, so guessing at this form is limited too."""
    password = form.get("password", "")
    least, most = PASSWORD_CHARS
    if not least <= len(password) <= most:
        raise _wrong("password", "password")
    refuse_if(call.site.limits.sign_in_name.take(f"new:{call.principal.by}"))
    return await call.site.doors.hashed(password)


def _wrong(field: str, why: str) -> Problem:
    """`why` is the name of a sentence in the catalogue's section `admin`."""
    return Problem("invalid", errors=(wire.WrongField(field, why),))


# ── The page ──────────────────────────────────────────────────────────────────────────────


async def _shown(
    call: Call[None],
    *,
    done: str = "",
    token: str = "",
    errors: Mapping[str, str] | None = None,
    form: Form | None = None,
    failed: str = "",
    status: int = 200,
) -> web.Response:
    live, store, time_of = call.live, call.site.parts.store, call.live.time_of
    users = [
        {"name": user.name, "role": user.role, "disabled": user.disabled_at is not None}
        for user in await store.accounts.users()
    ]
    tokens = [
        {
            "digest": one.digest,
            "name": one.name,
            "role": one.role,
            "window": one.window or "",
            "since": time_of(Millis(one.created_at)),
        }
        for one in await store.accounts.tokens()
        if one.revoked_at is None
    ]
    audit = [
        {
            "at": time_of(entry.at),
            "by": entry.by,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
        }
        for entry in await store.audit.newest(AUDIT_SHOWN)
    ]
    typed = {name: text for name, text in (form or {}).items() if name not in ("csrf", "password")}
    context = {
        "hall": pages.plain(hall_name(live)),
        "windows": [{"id": id_, "name": plan.name} for id_, plan in live.hall.plan.windows.items()],
        "users": users,
        "tokens": tokens,
        "audit": audit,
        "roles": {"people": PEOPLE, "tokens": ROLES},
        "done": done,
        "token": token,
        "errors": dict(errors or {}),
        "form": typed,
        "failed": failed,
    }
    return pages.page(call, "people", context, status=status)
