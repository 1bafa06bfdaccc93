"""One PostgreSQL for all tests of storage, and a hall `demo` in it that has nothing yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from queued.storage.city import City
from tests.postgresql_server import Server, server


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """Whoever stops it starts it again."""
    with server() as one:
        yield one


@pytest.fixture
def city(running: Server) -> City:
    """Nobody has been in it; nor in hall `other`."""
    for hall in ("demo", "other"):
        running.ask(f'DROP SCHEMA IF EXISTS "hall_{hall}" CASCADE')
    return City(running.url(), "demo")
