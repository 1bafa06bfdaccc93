"""What of a readable page is shown otherwise than its author meant."""

from __future__ import annotations

from collections.abc import Iterator

from queued.content.folder import Contents
from queued.content.page import Page
from queued.content.rendering import Rendered

CODES = ("left_out", "no_page", "no_picture")
"""An address that may be no link or picture; a link to a page, a picture that is not there."""


def faults(page: Page, rendered: Rendered, contents: Contents) -> Iterator[tuple[str, str]]:
    """(code, what it is about), in the order of `CODES`."""
    for address in rendered.warnings:
        yield "left_out", address
    slugs = {f"{one.page.column}/{one.page.slug}" for one in contents.pages.values()}
    slugs.add(f"{page.column}/{page.slug}")
    for link in rendered.links:
        if "/" in link and link not in slugs:
            yield "no_page", link
    for name in rendered.pictures:
        if name not in contents.pictures:
            yield "no_picture", f"media/{name}"
