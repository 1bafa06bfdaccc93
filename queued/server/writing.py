"""The columns in administration: a list, a form with a preview, versions, the way back.

Works without script; with it, the preview follows what is typed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from queued.content.folder import Contents, Loaded, digest_of
from queued.content.page import COLUMNS, FILE_BYTES_MAX, Page
from queued.content.rendering import Rendered, TooLong, rendered
from queued.content.review import faults
from queued.core.plan import Millis
from queued.server import editing, pages
from queued.server.admin import signed_fields, signed_form
from queued.server.call import Call
from queued.server.columns import Columns
from queued.server.initials import initials_of
from queued.server.problems import Problem
from queued.server.reading import entry_of
from queued.server.saving import NotWritten, Overtaken, SavedPage, put, room_for
from queued.server.tickets import hall_name

FORM_BYTES_MAX: Final = 4 * FILE_BYTES_MAX
"""A form triples what is not ASCII."""

VERSIONS_SHOWN: Final = 50
DELETED_SHOWN: Final = 20
DAY_CHARS: Final = len("2026-11-23")

DONE: Final = ("saved", "published", "withdrawn", "deleted", "restored", "picture")


# ── The list ──────────────────────────────────────────────────────────────────────────────


async def overview(call: Call[None]) -> web.Response:
    """GET /h/{hall}/admin/content"""
    return await listed(call)


async def change(call: Call[None]) -> web.Response:
    """POST /h/{hall}/admin/content: one change of one page, by the name of its button."""
    form = await signed_form(call)
    deed, _, path = form.get("do", "").partition(":")
    if deed not in CHANGES or not editing.is_path(path, COLUMNS):
        raise Problem("malformed")
    try:
        await CHANGES[deed](call, path, form.get("base", ""))
    except Overtaken as overtaken:
        return await listed(call, overtaken=_told(call, overtaken), status=409)
    except NotWritten as failed:
        return await listed(call, failed=str(failed), status=503)
    return pages.go(f"/h/{call.live.id}/admin/content?done={DEEDS[deed]}&page={path}")


async def _publish(call: Call[Any], path: str, base: str) -> None:
    await _republish(call, path, base, published=True)


async def _withdraw(call: Call[Any], path: str, base: str) -> None:
    await _republish(call, path, base, published=False)


async def _republish(call: Call[Any], path: str, base: str, *, published: bool) -> None:
    loaded = (await _contents(call)).pages.get(path)
    if loaded is None:
        raise Problem("not_found")
    fields = {**editing.fields_of(loaded.page), "expires": loaded.page.expires}
    text = editing.text_of_fields(fields, loaded.page.language, published=published)
    deed: Any = "published" if published else "withdrawn"
    await put(call, path, text, base, deed)


async def _delete(call: Call[Any], path: str, base: str) -> None:
    await _file(call, path)  # nothing that is not there
    await put(call, path, None, base, "deleted")


async def _restore(call: Call[Any], path: str, base: str) -> None:
    last = next(iter(await _versions(call, path, 1)), None)
    if last is None:
        raise Problem("not_found")
    await put(call, path, last.body, "", "restored")  # only where there is no file


CHANGES: Final[Mapping[str, Any]] = {
    "publish": _publish, "withdraw": _withdraw, "delete": _delete, "restore": _restore,
}  # fmt: skip
DEEDS: Final[Mapping[str, str]] = {
    "publish": "published", "withdraw": "withdrawn", "delete": "deleted", "restore": "restored",
}  # fmt: skip


async def listed(
    call: Call[Any],
    *,
    overtaken: Mapping[str, Any] | None = None,
    failed: str = "",
    wrong_picture: str = "",
    status: int = 200,
) -> web.Response:
    """The list of everything there is, with what became of the last change."""
    contents, now = await _contents(call), _now(call)
    newest = await call.site.parts.store.page_versions.newest(call.live.id)
    broken = {one.file for one in contents.troubles}
    query = call.request.query
    done, page = query.get("done", ""), query.get("page", "")
    everything = sorted(contents.pages.values(), key=lambda one: (one.page.date, one.changed))
    rows = [_row(one, contents, now) for one in reversed(everything)]
    context = {
        "hall": pages.plain(hall_name(call.live)),
        "columns": {name: [row for row in rows if row["column"] == name] for name in COLUMNS},
        "troubles": [
            {"file": one.file, "sentences": one.sentences,
             "path": path if editing.is_path(path, COLUMNS) else ""}
            for one in contents.troubles
            for path in (one.file.removesuffix(".md"),)
        ],
        "deleted": [
            {"path": one.page, "by": one.by, "at": call.live.time_of(one.at)}
            for one in newest
            if one.page not in contents.pages and f"{one.page}.md" not in broken
        ][:DELETED_SHOWN],
        "pictures": sorted(contents.pictures),
        "done": done if done in DONE else "",
        "done_page": page if editing.is_path(page, COLUMNS) else "",
        "done_picture": page if page in contents.pictures else "",
        "overtaken": overtaken,
        "failed": failed,
        "wrong_picture": wrong_picture,
    }  # fmt: skip
    return pages.page(call, "content", context, status=status)


def _row(one: Loaded, contents: Contents, now: str) -> dict[str, Any]:
    page = one.page
    return {
        "path": one.path, "digest": one.digest, "column": page.column, "slug": page.slug,
        "title": page.title,
        "language": page.language, "date": page.date, "state": page.state(now),
        "pinned": page.pinned, "faults": len(list(faults(page, one.rendered, contents))),
    }  # fmt: skip


# ── The form ──────────────────────────────────────────────────────────────────────────────


async def form(call: Call[None]) -> web.Response:
    """GET /h/{hall}/admin/content/page: an existing page (`?page=news/a`), or a new one of a
    column (`?new=news`), perhaps in English of a Chinese one (`&of=a`)"""
    query = call.request.query
    path, column, of = query.get("page", ""), query.get("new", ""), query.get("of", "")
    if column:
        whole = f"{column}/{of or 'a'}.en" if of else f"{column}/a"
        if not editing.is_path(whole, COLUMNS):
            raise Problem("not_found")
        where = {"column": column, "slug": of, "language": "en" if of else "zh"}
        return await _shown(call, where, editing.blank(_now(call)[:DAY_CHARS]), "")
    if not editing.is_path(path, COLUMNS):
        raise Problem("not_found")
    text, base = await _file(call, path)
    page, fields, others = editing.read(text, path)
    if page is not None:
        return await _shown(call, _where(path), editing.fields_of(page), base)
    # It cannot be read: its text is kept where it can be copied, and earlier versions are below.
    blank = {**editing.blank(""), "body": text}
    problems = [*fields.values(), *others]
    return await _shown(call, _where(path), blank, base, problems=problems)


async def edit(call: Call[None]) -> web.Response:
    """POST /h/{hall}/admin/content/page: preview, publish, draft, or back to a version"""
    sent = await signed_fields(call, FORM_BYTES_MAX)
    one = {name: texts[-1] for name, texts in sent.items()}
    step, _, rest = one.get("do", "").partition(":")
    where = {key: one.get(key, "").strip() for key in ("column", "slug", "language")}
    fields, base = editing.typed(sent), one.get("base", "")
    body = fields["body"]
    if where["language"] not in ("zh", "en") or where["column"] not in COLUMNS:
        raise Problem("malformed")
    if step == "back":
        return await _back(call, where, rest, base)
    if step not in ("preview", "publish", "draft"):
        raise Problem("malformed")
    wanted = where["slug"] or await _free_slug(call, where, fields)
    path = _path({**where, "slug": wanted})
    if not editing.is_path(path, COLUMNS):
        return await _shown(call, where, fields, base, wrong={"slug": "slug"}, status=422)
    text = editing.text_of_fields(fields, where["language"], published=step != "draft")
    page, wrong, problems = editing.read(text, path)
    # While it is being written, a page is seen as far as it goes.
    seen = page or Page(column=where["column"], slug=wanted, title=fields["title"], body=body)
    preview, others = _previewed(call, seen, problems)
    if step == "preview" or page is None or preview is None:
        status = 200 if step == "preview" else 422
        return await _shown(
            call, where, fields, base, preview=preview, wrong=wrong, problems=others, status=status
        )
    if not base and not await room_for(call, where["column"]):
        return await _shown(call, where, fields, base, wrong={"slug": "full"}, status=422)
    return await _saved(call, {**where, "slug": wanted}, fields, base, text)


async def _saved(
    call: Call[Any], where: Mapping[str, str], fields: Mapping[str, Any], base: str, text: str
) -> web.Response:
    path = _path(where)
    try:
        await put(call, path, text, base, "saved")
    except Overtaken as overtaken:
        if not base and overtaken.content is not None:  # a new page, and there is one of that name
            return await _shown(call, where, fields, "", wrong={"slug": "taken"}, status=409)
        # What was typed is kept, and may be saved over what came in between.
        _, now_there = await _file(call, path, missing_is_empty=True)
        return await _shown(
            call, where, fields, now_there, overtaken=_told(call, overtaken), status=409
        )
    except NotWritten as failed:
        return await _shown(call, where, fields, base, failed=str(failed), status=503)
    return pages.go(f"/h/{call.live.id}/admin/content?done=saved&page={path}")


async def _back(
    call: Call[Any], where: Mapping[str, str], wanted: str, base: str
) -> web.Response:
    """An earlier version becomes the next one."""
    path = _path(where)
    if not editing.is_path(path, COLUMNS):
        raise Problem("malformed")
    versions = await _versions(call, path, VERSIONS_SHOWN)
    version = next((one for one in versions if str(one.version) == wanted), None)
    if version is None:
        raise Problem("not_found")
    page, fields, others = editing.read(version.body, path)
    if page is None:
        blank = {**editing.blank(""), "body": version.body}
        problems = [*fields.values(), *others]
        return await _shown(call, where, blank, base, problems=problems, status=422)
    try:
        await put(call, path, version.body, base, "restored")
    except Overtaken as overtaken:
        _, now_there = await _file(call, path, missing_is_empty=True)
        return await _shown(
            call, where, editing.fields_of(page), now_there, overtaken=_told(call, overtaken),
            status=409,
        )  # fmt: skip
    except NotWritten as failed:
        fields_back = editing.fields_of(page)
        return await _shown(call, where, fields_back, base, failed=str(failed), status=503)
    return pages.go(f"/h/{call.live.id}/admin/content?done=restored&page={path}")


async def _shown(
    call: Call[Any],
    where: Mapping[str, str],
    fields: Mapping[str, Any],
    base: str,
    *,
    preview: Mapping[str, Any] | None = None,
    wrong: Mapping[str, str] | None = None,
    problems: Sequence[str] = (),
    overtaken: Mapping[str, Any] | None = None,
    failed: str = "",
    status: int = 200,
) -> web.Response:
    path = _path(where)
    path = path if editing.is_path(path, COLUMNS) else ""
    versions = await _versions(call, path, VERSIONS_SHOWN) if path else ()
    text = (await _file(call, path, missing_is_empty=True))[0] if path else ""
    rows = [*fields["phones"], *({} for _ in range(editing.BLANK_ROWS))]
    context = {
        "hall": pages.plain(hall_name(call.live)),
        "where": dict(where),
        "path": path,
        "existing": bool(base),
        "fields": {**fields, "phones": rows if where["column"] == "contacts" else []},
        "base": base,
        "preview": preview,
        "wrong": dict(wrong or {}),
        "problems": list(problems),
        "overtaken": overtaken,
        "failed": failed,
        "versions": [_version(call, one, text) for one in versions],
    }
    return pages.page(call, "writing", context, status=status)


def _version(call: Call[Any], one: SavedPage, text: str) -> dict[str, Any]:
    return {
        "version": one.version, "at": call.live.time_of(one.at), "by": one.by, "deed": one.deed,
        "current": bool(text) and one.deed != "deleted" and one.body == text,
    }  # fmt: skip


def _previewed(
    call: Call[Any], page: Page, others: Sequence[str]
) -> tuple[dict[str, Any] | None, Sequence[str]]:
    """The page as visitors will see it, and what of it they will not; None if its text is wrong."""
    if others:
        return None, others
    try:
        made: Rendered = rendered(page.body, f"/h/{call.live.id}")
    except TooLong as error:
        return None, [str(error)]
    contents = _columns(call).known
    left_out = [{"code": code, "what": what} for code, what in faults(page, made, contents)]
    return {**entry_of(page, made), "faults": left_out}, ()


# ── Small steps ───────────────────────────────────────────────────────────────────────────


def _columns(call: Call[Any]) -> Columns:
    columns = call.site.columns[call.live.id]
    if columns.folder is None:
        raise Problem("not_found")
    return columns


async def _contents(call: Call[Any]) -> Contents:
    return await _columns(call).look()


async def _versions(call: Call[Any], path: str, most: int) -> Sequence[SavedPage]:
    return await call.site.parts.store.page_versions.all(call.live.id, path, most)


async def _file(
    call: Call[Any], path: str, *, missing_is_empty: bool = False
) -> tuple[str, str]:
    """The text of a page's file, and its digest. Raises `Problem` not_found."""
    folder = _columns(call).folder
    assert folder is not None
    column, _, name = path.partition("/")
    content = await asyncio.to_thread(folder.content, column, name)
    if content is None:
        if missing_is_empty:
            return "", ""
        raise Problem("not_found")
    return content.decode("utf-8", "replace"), digest_of(content)


async def _free_slug(
    call: Call[Any], where: Mapping[str, str], fields: Mapping[str, Any]
) -> str:
    contents = await _contents(call)
    known = await call.site.parts.store.page_versions.newest(call.live.id)
    paths: Iterable[str] = (*contents.pages, *(one.page for one in known))
    taken = {path.partition("/")[2].partition(".")[0] for path in paths}
    day = fields["date"] if where["column"] == "news" else ""
    return editing.slug_for(initials_of(fields["title"]), day, frozenset(taken))


def _told(call: Call[Any], overtaken: Overtaken) -> dict[str, Any]:
    at: Millis | None = overtaken.at
    return {
        "by": overtaken.by,
        "at": call.live.time_of(at) if at is not None else "",
        "content": overtaken.content,
    }


def _where(path: str) -> dict[str, str]:
    column, _, name = path.partition("/")
    slug, _, language = name.partition(".")
    return {"column": column, "slug": slug, "language": language or "zh"}


def _path(where: Mapping[str, str]) -> str:
    ending = "" if where["language"] == "zh" else f".{where['language']}"
    return f"{where['column']}/{where['slug']}{ending}"


def _now(call: Call[Any]) -> str:
    return call.live.time_of(call.live.now())[: len("2026-11-23T10:15")]
