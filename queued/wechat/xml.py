"""The XML of WeChat's callbacks: one `<xml>` of named texts, at most a few levels deep. Pure.

Expat directly, with everything refused that such a document never has: a DOCTYPE (and with it
every entity of its own), processing instructions, attributes, mixed texts, great depth and size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from xml.parsers import expat

BYTES_MAX = 64 * 1024
"""The longest message people can write has 2,048 bytes; encrypted and in full some 4 KB."""

DEPTH_MAX = 6
"""`<xml><ScanCodeInfo>…` has three levels, lists of subscribed reminders four."""

ELEMENTS_MAX = 500
"""Twenty reminders in one list have some hundred."""

Node: TypeAlias = "str | dict[str, list[Node]]"
"""A text, or children by their names in order."""


class NotXml(Exception):
    """These bytes are not such a document. `reason`: too_large | doctype | malformed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(document: bytes) -> dict[str, list[Node]]:
    """The children of the root, which must be called `xml`. Raises `NotXml`."""
    if len(document) > BYTES_MAX:
        raise NotXml("too_large")
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, UnicodeError, ValueError):
        raise NotXml("malformed") from None
    if reader.name != "xml" or not isinstance(reader.root, dict):
        raise NotXml("malformed")
    return reader.root


def text(node: Mapping[str, list[Node]], name: str, default: str = "") -> str:
    """The text of the first child `name`; `default` if there is none or it has children."""
    found = node.get(name)
    return found[0] if found and isinstance(found[0], str) else default


def children(node: Mapping[str, list[Node]], *path: str) -> list[dict[str, list[Node]]]:
    """All elements at the end of `path`, e.g. SubscribeMsgPopupEvent, List."""
    level = [node]
    for name in path:
        level = [one for parent in level for one in parent.get(name, []) if isinstance(one, dict)]
    return [dict(one) for one in level]


def render(fields: Mapping[str, str | int]) -> bytes:
    """A document of flat fields: numbers as they are, texts as CDATA."""
    body = "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{body}</xml>".encode()


def _value(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    # What XML cannot hold at all is left out; the end mark of CDATA is split into two.
    clean = "".join(character for character in value if _storable(character))
    return "<![CDATA[" + clean.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _storable(character: str) -> bool:
    code = ord(character)
    return (code >= 0x20 or character in "\t\n\r") and not (
        0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF)
    )


def _refuse_doctype(*_: object) -> None:
    raise NotXml("doctype")


def _refuse(*_: object) -> None:
    raise NotXml("malformed")


class _Reader:
    """Builds the tree; texts between children may be blanks only."""

    def __init__(self) -> None:
        self.name = ""
        self.root: Node = ""
        self._stack: list[tuple[str, dict[str, list[Node]], list[str]]] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if attributes or len(self._stack) >= DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise NotXml("malformed")
        self._stack.append((name, {}, []))

    def text(self, data: str) -> None:
        self._stack[-1][2].append(data)

    def end(self, _name: str) -> None:
        name, below, texts = self._stack.pop()
        written = "".join(texts)
        if below and written.strip():
            raise NotXml("malformed")
        node: Node = below or written
        if self._stack:
            self._stack[-1][1].setdefault(name, []).append(node)
        else:
            self.name, self.root = name, node
