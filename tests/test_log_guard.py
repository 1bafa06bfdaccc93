"""A log call with a bad `%` fails a test; a good one does not."""

from __future__ import annotations

import logging

import pytest

from tests.log_guard import LogGuard

LOG = logging.getLogger("queued.tests.log_guard")


@pytest.fixture
def guard():
    guard = LogGuard()
    guard.install()
    yield guard
    guard.remove()


@pytest.mark.parametrize(
    ("message", "facts"),
    [("ticket %s at %s", ("A001",)), ("ticket %d", ("A001",)), ("no place", ("A001",))],
)
def test_a_bad_log_call_is_noticed(guard, message, facts):
    LOG.debug(message, *facts)
    assert len(guard.failures) == 1
    assert "test_log_guard.py" in guard.failures[0]


def test_a_good_log_call_passes(guard):
    LOG.debug("ticket %s at window %d", "A001", 3)
    LOG.debug("ticket %(number)s", {"number": "A001"})
    LOG.warning("nothing to fill in, 100 %")
    assert guard.failures == []


def test_it_is_noticed_even_where_everything_is_caught(guard):
    try:
        LOG.info("%d people", "many")
    except Exception:  # noqa: BLE001  the edge that must not hide it
        pass
    assert guard.failures
