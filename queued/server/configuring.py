"""The hall's configuration in administration: a draft, its preview, versions and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from queued.engine.ports import Note, VersionTaken
from queued.server import drafts, pages
from queued.server.admin import signed_fields
from queued.server.call import Call
from queued.server.drafts import FORMS, Document
from queued.server.effects import WAITS, effects_of
from queued.server.parts import Furniture
from queued.server.problems import Problem
from queued.server.setting_words import said, said_of_field
from queued.server.tickets import hall_name
from queued.settings import SettingsError, tables_of
from queued.settings_document import document_of, edited, laid_over, toml_of
from queued.settings_values import DAYS, Settings

DRAFT_BYTES_MAX: Final = 512 * 1024
"""A hall of 500 windows is below 200 KB; a form triples what is not ASCII."""

COMMENT_CHARS_MAX: Final = 200
VERSIONS_SHOWN: Final = 50
PLACE_CHARS_MAX: Final = 5

Form = Mapping[str, Sequence[str]]


async def page(call: Call[None]) -> web.Response:
    """GET /h/{hall}/admin/configuration"""
    furniture = _furniture(call)
    draft = edited(document_of(furniture.settings))
    done = call.request.query.get("done", "")
    done = done if done in ("now", "later") else ""
    return await _shown(call, draft, furniture.version, done=done)


async def change(call: Call[None]) -> web.Response:
    """POST /h/{hall}/admin/configuration: one step of editing, by the name of its button."""
    form = await signed_fields(call, DRAFT_BYTES_MAX)
    step, _, rest = _one(form, "do").partition(":")
    if step == "rollback":
        return await _rollback(call, rest)
    base = _number(_one(form, "base"))
    if base is None:
        raise Problem("malformed")
    text = _one(form, "draft").replace("\r\n", "\n")
    try:
        draft = drafts.draft_of(text)
    except SettingsError as error:
        return await _shown(call, {}, base, text=text, problems=error.problems, status=422)
    if step == "apply":
        return await _apply(call, draft, base, _one(form, "comment"))
    return await _edit(call, draft, base, step, rest, form)


async def export(call: Call[None]) -> web.Response:
    """GET /h/{hall}/admin/configuration.toml: the whole configuration, for `queued check`."""
    furniture = _furniture(call)
    document = laid_over(document_of(furniture.file), edited(document_of(furniture.settings)))
    text = (
        f"# {call.live.id}, version {furniture.version} of the configuration.\n"
        "# Left out, because there may be secrets in them: the addresses of Redis and of the\n"
        "# database, and the WeChat account.\n\n"
    )
    headers = {
        "Content-Type": "application/toml; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{call.live.id}.toml"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Server": "queued",
    }
    return web.Response(body=(text + toml_of(document)).encode(), headers=headers)


# ── The steps ─────────────────────────────────────────────────────────────────────────────


async def _edit(
    call: Call[None], draft: Document, base: int, step: str, rest: str, form: Form
) -> web.Response:
    """A step that leads to another draft, or to a preview of this one."""
    table, _, place_text = rest.partition(":")
    place = _number(place_text)
    if step == "preview":
        return await _preview(call, draft, base)
    if step == "text":
        return await _shown(call, draft, base)
    entries = draft.get(table, []) if table in FORMS else None
    if not isinstance(entries, list) or not (place is None or place < len(entries)):
        raise Problem("malformed")
    match step, place:
        case ("edit", int(at)):
            return await _shown(call, draft, base, opened=(table, at, entries[at]))
        case ("add", None):
            return await _shown(call, draft, base, opened=(table, None, {}))
        case ("remove", int(at)):
            return await _shown(call, drafts.removed(draft, table, at), base)
        case ("up", int(at)):
            return await _shown(call, drafts.moved(draft, table, at), base)
        case ("keep", _):
            return await _keep(call, draft, base, (table, place, drafts.entry_of(table, form)))
    raise Problem("malformed")


async def _keep(
    call: Call[None], draft: Document, base: int, opened: tuple[str, int | None, dict[str, Any]]
) -> web.Response:
    """The entry into the draft, unless something is wrong with it."""
    table, place, entry = opened
    changed = drafts.kept(draft, table, place, entry)
    number = len(changed[table]) if place is None else place + 1
    try:
        _furniture(call).settings_of(toml_of(changed))
    except SettingsError as error:
        wrong = drafts.by_field(error.problems, table, entry, number)
        if any(wrong["fields"]):
            return await _shown(call, draft, base, opened=opened, wrong=wrong["fields"], status=422)
        # Something else does not fit it yet: that may be the next thing to be edited.
        return await _shown(call, changed, base, problems=error.problems)
    return await _shown(call, changed, base)


async def _preview(call: Call[None], draft: Document, base: int) -> web.Response:
    furniture = _furniture(call)
    try:
        new = furniture.settings_of(toml_of(draft))
    except SettingsError as error:
        return await _shown(call, draft, base, problems=error.problems, status=422)
    effects = effects_of(call.live.hall, furniture.settings, new)
    return await _shown(call, draft, base, effects=effects)


async def _apply(call: Call[None], draft: Document, base: int, comment: str) -> web.Response:
    comment = comment.strip()
    if len(comment) > COMMENT_CHARS_MAX or not comment.isprintable():
        raise Problem("malformed")
    try:
        new = _furniture(call).settings_of(toml_of(draft))
        at_once = await _save(call, new, base, comment)
    except SettingsError as error:
        return await _shown(call, draft, base, problems=error.problems, status=422)
    except VersionTaken:
        # What was typed is kept, and may be applied upon the version that came in between.
        return await _shown(call, draft, _furniture(call).version, taken=True, status=409)
    return _done(call, at_once)


async def _rollback(call: Call[None], wanted: str) -> web.Response:
    """An earlier version, or with 0 the file, becomes the next version."""
    furniture, number = _furniture(call), _number(wanted)
    base = furniture.version
    if number is None:
        raise Problem("malformed")
    if number == 0:
        return _done(call, await _save(call, furniture.file, base, "← 0"))
    version = await call.site.parts.store.configurations.get(call.live.id, number)
    if version is None:
        raise Problem("not_found")
    try:
        new = furniture.settings_of(version.body)
        return _done(call, await _save(call, new, base, f"← {number}"))
    except SettingsError as error:
        draft = edited(tables_of(version.body.encode(), ""))
        return await _shown(call, draft, base, problems=error.problems, status=422)
    except VersionTaken:
        draft = edited(tables_of(version.body.encode(), ""))
        return await _shown(call, draft, furniture.version, taken=True, status=409)


async def _save(call: Call[None], new: Settings, base: int, comment: str) -> bool:
    note = Note(call.site.parts.clock.now(), call.principal.by)
    body = toml_of(edited(document_of(new)))
    return await _furniture(call).save(new, body, base, note, comment)


def _done(call: Call[None], at_once: bool) -> web.Response:
    done = "now" if at_once else "later"
    return pages.go(f"/h/{call.live.id}/admin/configuration?done={done}")


def _furniture(call: Call[Any]) -> Furniture:
    furniture = call.site.parts.furniture
    if furniture is None or furniture.file.hall.id != call.live.id:
        raise Problem("not_found")
    return furniture


def _one(form: Form, name: str) -> str:
    texts = form.get(name, ())
    return texts[0] if texts else ""


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= PLACE_CHARS_MAX
    return int(text) if plain else None


# ── The page ──────────────────────────────────────────────────────────────────────────────


async def _shown(
    call: Call[None],
    draft: Document,
    base: int,
    *,
    text: str | None = None,
    opened: tuple[str, int | None, Mapping[str, Any]] | None = None,
    wrong: Mapping[str, str] | None = None,
    problems: Sequence[str] = (),
    effects: Sequence[tuple[str, Mapping[str, Any]]] | None = None,
    taken: bool = False,
    done: str = "",
    status: int = 200,
) -> web.Response:
    live, furniture = call.live, _furniture(call)
    language = pages.language_of(call.request)
    entry = None
    if opened is not None:
        entry = {"table": opened[0], "place": opened[1], "typed": dict(opened[2])}
    in_force = toml_of(edited(document_of(furniture.settings)))
    now = toml_of(draft) if text is None else text
    context = {
        "hall": pages.plain(hall_name(live)),
        "base": base,
        "draft": now,
        "changed": now != in_force,
        "lists": {table: drafts.rows_of(draft, table) for table in FORMS},
        "fields": {
            table: [{"key": one.key, "kind": one.kind, "required": one.required} for one in form]
            for table, form in FORMS.items()
        },
        "choices": {
            "queue": [
                (one.get("id", ""), one.get("name", "")) for one in drafts.entries(draft, "queue")
            ],
            "zone": [(zone.id, zone.name) for zone in furniture.file.zones],
            "days": [(day, day) for day in DAYS],
        },
        "entry": entry,
        "wrong": {key: said_of_field(text, language) for key, text in (wrong or {}).items()},
        "problems": [said(problem, language) for problem in problems],
        "effects": None
        if effects is None
        else [{"code": name, "facts": dict(facts)} for name, facts in effects],
        "waits": bool(effects) and any(name in WAITS for name, _ in effects or ()),
        "taken": taken,
        "done": done,
        "version": furniture.version,
        "file_changed": furniture.file_changed,
        "waiting": furniture.waiting,
        "problem": " ".join(said(one, language) for one in furniture.problem.splitlines()),
        "versions": await _versions(call),
    }
    return pages.page(call, "configuration", context, status=status)


async def _versions(call: Call[None]) -> list[dict[str, Any]]:
    live, stored = call.live, call.site.parts.store.configurations
    return [
        {
            "version": one.version,
            "at": live.time_of(one.at),
            "by": one.by,
            "comment": one.comment,
        }
        for one in await stored.all(live.id, VERSIONS_SHOWN)
    ]
