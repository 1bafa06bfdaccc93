"""A real server on loopback: real store on disk, real actor, real pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.hall_under_test import Running, running


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Running]:
    """The demo furniture, a day open, nobody there yet."""
    async with running(tmp_path) as hall:
        yield hall
