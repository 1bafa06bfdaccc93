"""Administrators who write pages, as the tests of the server have them."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import aiohttp
from PIL import Image

from tests.server.hall_under_test import TOKENS, Running

LIST = "/h/demo/admin/content"
PAGE = f"{LIST}/page"


class Writer:
    """An administrator's browser, with the form of one page open."""

    def __init__(self, hall: Running, name: str, cookie: str, csrf: str) -> None:
        self.hall, self.name, self.cookie, self.csrf = hall, name, cookie, csrf
        self.fields: dict[str, Any] = {}
        self.status, self.text = 0, ""

    async def get(self, path: str) -> str:
        self.status, text, _ = await self.hall.page(path, headers={"Cookie": self.cookie})
        return self._seen(text)

    async def press(self, do: str, path: str = PAGE, **fields: Any) -> str:
        """Send the form by the button `do`; where it leads, or the page that came of it."""
        self.fields |= fields
        sent = {**self.fields, "csrf": self.csrf, "do": do}
        pairs = [
            (name, one)
            for name, value in sent.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        self.status, text, headers = await self.hall.page(
            path, method="POST", data=pairs, headers={"Cookie": self.cookie}
        )
        return headers.get("Location", "") or self._seen(text)

    async def listed(self, do: str, page: str) -> str:
        """Press a button of the list, as the list was."""
        text = await self.get(LIST)
        found = re.search(rf'name="base" value="(\w*)"><button[^>]*value="{do}:{page}"', text)
        self.fields = {"base": found[1] if found else ""}
        return await self.press(f"{do}:{page}", LIST)

    async def upload(self, content: bytes, **more: str) -> tuple[int, str]:
        form = aiohttp.FormData({"csrf": self.csrf, **more})
        form.add_field("picture", content, filename="../../x.png", content_type="image/png")
        status, text, headers = await self.hall.page(
            f"{LIST}/pictures", method="POST", data=form, headers={"Cookie": self.cookie}
        )
        return status, headers.get("Location", "") or html.unescape(text)

    def _seen(self, text: str) -> str:
        self.fields = {
            name: html.unescape(value)
            for name, value in re.findall(
                r'<input[^>]*?name="(\w+)"[^>]*?value="([^"]*)"', text.partition("page-form")[2]
            )
        }
        for name, value in re.findall(r'name="(\w+)" type="[\w-]+" value="([^"]*)"', text):
            self.fields[name] = html.unescape(value)
        self.fields.pop("pinned", None)
        body = re.search(r'name="body"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
        if body:
            self.fields["body"] = html.unescape(body[1])
        self.text = html.unescape(text)
        return self.text


async def writer_of(hall: Running, name: str = "", *, role: str = "admin") -> Writer:
    token = TOKENS[role]
    if name:
        token = "token-of-another-0123456789"
        await hall.store.accounts.add_token(token, "admin", name, hall.clock.now())
    _, session, headers = await hall.call("POST", "/session", {"token": token})
    cookie = headers["Set-Cookie"].partition(";")[0]
    return Writer(hall, name or "admin-1", cookie, session["csrf"])


async def new_page(writer: Writer, slug: str = "holiday", title: str = "放假", **more: Any) -> str:
    await writer.get(f"{PAGE}?new=news")
    fields = {"title": title, "date": "2026-11-01", "slug": slug, "body": "正文", **more}
    return await writer.press("publish", **fields)


async def public(writer: Writer, path: str = "news") -> str:
    return (await writer.hall.page(f"/h/demo/{path}"))[1]


def picture(size: tuple[int, int] = (60, 40)) -> bytes:
    """A picture to upload."""
    file = io.BytesIO()
    Image.new("RGB", size, (9, 99, 199)).save(file, "PNG")
    return file.getvalue()
