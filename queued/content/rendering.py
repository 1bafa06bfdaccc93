"""Markdown as HTML that is safe whoever wrote it, and as plain text for the search.

How it works. markdown-it (CommonMark and tables) makes tokens, with raw HTML off; text in tokens
is escaped when they are written. Before that every token is looked at: only known kinds pass,
every attribute is dropped but those set here, and a link or picture stays only if its address is
on the short list below. So nothing depends on knowing what is dangerous.

Addresses that stay: http, https, tel, mailto; pages of ours as `/h/…` or as `questions/SLUG`;
pictures of the hall as `media/NAME`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:  # a hall without columns does not load it: 6 MB
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

HTML_CHARS_MAX: Final = 128 * 1024
"""Of a rendered page. A table of one character a cell makes ten of one."""

DEPTH_MAX: Final = 20
"""Lists in lists in quotes: deeper ones are shown as text."""

HEADING_SHIFT: Final = 2
"""`#` becomes h3: h1 is the hall's name, h2 the page's title."""

URL_CHARS_MAX: Final = 1000
WARNINGS_MAX: Final = 20

PICTURE: Final = re.compile(r"media/(?P<name>[0-9a-f]{32}\.(?:png|jpg))")
"""As pictures are named when they are uploaded: by their content."""

_OURS: Final = re.compile(r"/(?:h|t)/[A-Za-z0-9/_-]{1,200}(?:\?[A-Za-z0-9=&_%-]{1,200})?")
_COLUMN: Final = re.compile(
    r"(?:news|questions|about)(?:/[a-z0-9-]{1,64})?|contacts|status|search(?:\?q=[\w%+-]{1,200})?"
)
_TEL: Final = re.compile(r"tel:\+?[0-9][0-9,;-]{1,24}")
_MAIL: Final = re.compile(r"mailto:[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+){1,6}")
_ALIGN: Final = re.compile(r"text-align:(left|center|right)")

_KINDS: Final = frozenset(
    f"{name}{end}"
    for name in (
        "paragraph", "heading", "bullet_list", "ordered_list", "list_item", "blockquote", "table",
        "thead", "tbody", "tr", "th", "td", "em", "strong", "link",
    )
    for end in ("_open", "_close")
) | {
    "inline", "text", "text_special", "softbreak", "hardbreak", "code_inline", "code_block",
    "fence", "hr", "image",
}  # fmt: skip
"""Of tokens. Whatever a newer markdown-it may invent does not pass unseen."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's body. `text` is what of it can be read; `warnings` name what was left out."""

    html: str
    text: str
    warnings: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """To pages of columns, as `questions/SLUG`."""
    pictures: tuple[str, ...] = ()
    """Names of the hall's pictures."""


class TooLong(ValueError):
    """The page is more than anybody would load."""


def rendered(markdown: str, base: str) -> Rendered:
    """`markdown` as HTML; addresses of the hall begin with `base`, as "/h/demo".

    Raises `TooLong`.
    """
    parser = _parser()
    writer = _Writer(base)
    tokens = list(writer.kept(parser.parse(markdown)))
    html = parser.renderer.render(tokens, parser.options, {})
    if len(html) > HTML_CHARS_MAX:
        raise TooLong(f"is too long when it is shown: {len(html)} of {HTML_CHARS_MAX} characters")
    return Rendered(
        html=html,
        text=" ".join("".join(writer.words).split()),
        warnings=tuple(dict.fromkeys(writer.warnings))[:WARNINGS_MAX],
        links=tuple(dict.fromkeys(writer.links)),
        pictures=tuple(dict.fromkeys(writer.pictures)),
    )


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # see above

    logging.getLogger("markdown_it").setLevel(logging.WARNING)  # it tells of every rule it tries
    # A line ends where its author ended it: so do all who write in a form.
    options = {"html": False, "breaks": True, "maxNesting": DEPTH_MAX}
    parser = MarkdownIt("commonmark", options).enable("table")
    # Addresses are judged by `_Writer`, in one place.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


class _Writer:
    """What is kept of one page's tokens, and what was seen on the way."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.words: list[str] = []
        self.warnings: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []

    def kept(self, tokens: Sequence[Token]) -> Iterator[Token]:
        """The tokens that pass, with the attributes that they may have."""
        dropped: list[bool] = []
        for token in tokens:
            if token.type not in _KINDS:
                self._warn(token.content or token.type)
                continue
            if token.type == "link_open":
                dropped.append(not self._link(token))
                if dropped[-1]:
                    continue
            elif token.type == "link_close" and dropped.pop():
                continue
            elif token.type == "image" and not self._picture(token):
                if token.content:
                    yield _text(token)
                continue
            elif token.type not in ("link_open", "image"):
                self._plain(token)
            yield token

    def _plain(self, token: Token) -> None:
        """Everything but links and pictures."""
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + HEADING_SHIFT)}"
        align = _ALIGN.fullmatch(str(token.attrs.get("style", "")))
        start = token.attrs.get("start")
        token.attrs = {}
        token.info = ""  # of a fence: becomes a class
        if align:
            token.attrs["class"] = f"to-{align[1]}"  # a style of its own is not allowed to run
        if token.type == "ordered_list_open" and isinstance(start, int):
            token.attrs["start"] = start
        if token.type == "table_open":
            token.attrs["class"] = "page-table"
        if token.children is not None:
            token.children = list(self.kept(token.children))
        else:
            self.words.append(token.content)
            if token.block or token.type in ("softbreak", "hardbreak"):
                self.words.append(" ")

    def _link(self, token: Token) -> bool:
        address = str(token.attrs.get("href", ""))
        good = self._address(address)
        if good is None:
            self._warn(address)
            return False
        token.attrs = {"href": good}
        if good.startswith("http"):
            token.attrs["rel"] = "noopener noreferrer"
        return True

    def _address(self, address: str) -> str | None:
        """As a link may have it; None if it may not."""
        if len(address) > URL_CHARS_MAX:
            return None
        if _COLUMN.fullmatch(address):
            self.links.append(address)
            return f"{self._base}/{address}"
        if _OURS.fullmatch(address) or _TEL.fullmatch(address) or _MAIL.fullmatch(address):
            return address
        try:
            parts = urlsplit(address)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
            good = good and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
        except ValueError:
            return None
        return address if good and address.startswith(("http://", "https://")) else None

    def _picture(self, token: Token) -> bool:
        source = str(token.attrs.get("src", ""))
        found = PICTURE.fullmatch(source)
        self.words.append(token.content)
        if found is None:
            self._warn(source)
            return False
        self.pictures.append(found["name"])
        token.attrs = {"src": f"{self._base}/{source}", "alt": "", "loading": "lazy"}
        # The alternative text is written from the children: only their words.
        token.children = [one for one in token.children or () if one.type in _KINDS]
        return True

    def _warn(self, what: str) -> None:
        self.warnings.append(what[:100])


def _text(token: Token) -> Token:
    """In the place of a picture: its alternative text."""
    made = token.copy()
    made.type, made.tag, made.children, made.attrs = "text", "", None, {}
    return made
