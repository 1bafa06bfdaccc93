"""Pictures for pages, uploaded in administration: decoded, made small, kept under their hash."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from aiohttp import web

from queued.content import pictures
from queued.content.folder import PICTURES_MAX
from queued.content.pictures import UPLOAD_BYTES_MAX, NoPicture
from queued.engine.ports import Note
from queued.server import pages
from queued.server.auth import same
from queued.server.call import Call
from queued.server.problems import Problem
from queued.server.writing import listed

FORM_BYTES_MAX: Final = UPLOAD_BYTES_MAX + 64 * 1024
"""The picture, and the fields around it."""

WITHIN_S: Final = 60.0
"""A telephone's photograph on a slow line; who drips it holds memory for nothing."""


async def upload(call: Call[None]) -> web.Response:
    """POST /h/{hall}/admin/content/pictures"""
    columns = call.site.columns[call.live.id]
    if columns.folder is None:
        raise Problem("not_found")
    content = await _picture(call)
    try:
        if len((await columns.look()).pictures) >= PICTURES_MAX:
            raise NoPicture("full")
        async with columns.decoding:
            name, kept = await asyncio.to_thread(pictures.kept, content)
        await asyncio.to_thread(columns.folder.write_picture, name, kept)
    except NoPicture as refused:
        return await listed(call, wrong_picture=refused.code, status=422)
    except OSError as error:
        return await listed(call, failed=error.strerror or "", status=503)
    note = Note(call.site.parts.clock.now(), call.principal.by)
    await call.site.parts.store.page_versions.note_picture(call.live.id, name, note)
    await columns.look()
    return pages.go(f"/h/{call.live.id}/admin/content?done=picture&page={name}#pictures")


async def _picture(call: Call[Any]) -> bytes:
    """What was uploaded, by a form that this session's own page sent. Raises `Problem`."""
    request = call.request.clone(client_max_size=FORM_BYTES_MAX)
    if request.content_type != "multipart/form-data":
        raise Problem("unsupported_media_type")
    if (request.content_length or 0) > FORM_BYTES_MAX:
        raise Problem("too_large", headers={"Connection": "close"})
    try:
        async with asyncio.timeout(WITHIN_S):
            posted = await request.post()
    except (ValueError, LookupError, TimeoutError, AssertionError, RuntimeError):
        raise Problem("malformed", headers={"Connection": "close"}) from None
    with contextlib.ExitStack() as files:
        for field in posted.values():
            if isinstance(field, web.FileField):
                files.callback(field.file.close)
        if not same(str(posted.get("csrf", "")), call.principal.csrf):
            raise Problem("csrf")
        file = posted.get("picture")
        if not isinstance(file, web.FileField):
            raise Problem("malformed")
        return await asyncio.to_thread(file.file.read, UPLOAD_BYTES_MAX + 1)
