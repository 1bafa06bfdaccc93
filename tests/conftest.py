"""What every test gets: log calls are checked, caches stay inside the checkout."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests.log_guard import LogGuard

ROOT = Path(__file__).resolve().parent.parent

set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
# On two busy cores a deadline measures the machine, not the code.
hypothesis.settings.register_profile("queued", deadline=None)
hypothesis.settings.load_profile("queued")

CHATTY = ("sqlalchemy", "PIL", "asyncio", "aiohttp.access")
"""Libraries whose DEBUG lines say nothing about us and cost time."""


@pytest.fixture(autouse=True)
def every_log_call_can_be_formatted() -> Iterator[None]:
    """A `%` too many or too few in a log call fails the test that passed through it."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    guard = LogGuard()
    guard.install()
    yield
    guard.remove()
    assert not guard.failures, "log calls that cannot be formatted: " + "; ".join(guard.failures)
