"""The hall that every test of the rulebook starts with."""

from __future__ import annotations

import pytest

from tests.core.given import GivenHall


@pytest.fixture
def hall() -> GivenHall:
    """Open since nine, windows closed, nobody there."""
    return GivenHall()
