"""Bytes in any portions → lines, however long or broken the input is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.jobs import LINE_BYTES_MAX


@dataclass(slots=True)
class LineSplitter:
    """Cuts a stream at newlines. A line longer than `limit` comes out as None, once."""

    limit: int = LINE_BYTES_MAX
    _begun: bytearray = field(default_factory=bytearray)
    _too_long: bool = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines completed by `data`, without their newlines."""
        lines: list[bytes | None] = []
        *complete, rest = data.split(b"\n")
        for part in complete:
            self._append(part)
            lines.append(None if self._too_long else bytes(self._begun))
            self._begun.clear()
            self._too_long = False
        self._append(rest)
        return lines

    def _append(self, part: bytes) -> None:
        if self._too_long or len(self._begun) + len(part) > self.limit:
            self._too_long = True
            self._begun.clear()
        else:
            self._begun += part
