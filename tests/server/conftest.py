"""A real server on loopback: real store on disk, real actor, real pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.hall_under_test import Running, running
from tests.server.writers import Writer, writer_of


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Running]:
    """The demo furniture, a day open, nobody there yet."""
    async with running(tmp_path) as hall:
        yield hall


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The folder of the columns, not there yet."""
    return tmp_path / "content"


@pytest.fixture
async def written_hall(tmp_path: Path, content: Path) -> AsyncIterator[Running]:
    """The demo furniture with such a folder."""
    async with running(tmp_path, content=content) as hall:
        yield hall


@pytest.fixture
async def wang(written_hall: Running) -> Writer:
    """An administrator in that hall."""
    return await writer_of(written_hall)
