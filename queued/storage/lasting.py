"""A connection that lasts: opened anew when the server let go of it.

How it works. What is lost before its commit certainly did not happen, so the same work runs once
more on the new connection, and nobody notices a server that was restarted while the hall was
quiet. What is lost in its commit may have happened: that is `StoreAway`, and whoever wrote looks
before writing again. A server that does not answer is not asked by every one who waits: for a
moment all of them get the same answer.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection

from queued.storage.errors import StoreAway

T = TypeVar("T")

Open: TypeAlias = Callable[[], Connection]
"""One connection, ready to work with. Blocks; raises `StoreError`, `StoreAway` if it may be had
in a moment."""

PAUSE_S = 0.5
"""Between two attempts to reach a server: soon after its restart, and no storm of hundreds."""


class Lasting:
    """A connection of one thread. Without `reopen` (SQLite) it is what it is."""

    def __init__(self, connection: Connection, reopen: Open | None = None) -> None:
        self._connection = connection
        self._reopen = reopen
        self._line = _line_of(connection) if reopen else None
        self._asked_again = 0.0
        self._away: StoreAway | None = None

    def run(self, work: Callable[[Connection], T]) -> T:
        """`work` in a transaction: its result, committed. Raises what it or the commit raised,
        rolled back; `StoreAway` if there is no server, or none any more at the commit."""
        if self._reopen is None:
            with self._connection.begin():
                return work(self._connection)
        for last in (False, True):
            connection = self._there()
            finished = False
            try:
                with connection.begin():
                    result = work(connection)
                    finished = True
                return result
            except BaseException as error:
                if not connection.invalidated:
                    raise
                if finished or last:
                    raise StoreAway(f"the connection to the database was lost: {error}") from error
        raise AssertionError("the second time is the last")

    def cut(self) -> None:
        """End the connection from another thread: whoever waits for the server waits no more."""
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()
        if self._line is not None:
            self._line.close()

    def _there(self) -> Connection:
        """The connection; a new one if it was lost."""
        if not self._connection.invalidated:
            return self._connection
        if self._away is not None and time.monotonic() < self._asked_again + PAUSE_S:
            raise self._away
        assert self._reopen is not None
        try:
            opened = self._reopen()
        except StoreAway as away:
            self._away, self._asked_again = away, time.monotonic()
            raise
        self.close()
        self._connection, self._away = opened, None
        self._line = _line_of(opened)
        return opened


def _line_of(connection: Connection) -> socket.socket | None:
    """The socket to the server, under a number of its own: nobody else is cut off by mistake."""
    number = getattr(connection.connection.driver_connection, "fileno", None)
    return socket.socket(fileno=os.dup(number())) if number is not None else None
