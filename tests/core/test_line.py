"""A line is a sorted list that is never changed in place."""

from __future__ import annotations

from bisect import bisect_left, insort

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core.line import CHUNK, NOBODY, line
from queued.core.plan import TicketId

ENTRIES = st.tuples(st.integers(0, 40), st.integers(1, 400).map(TicketId))
MOVES = st.lists(st.tuples(st.booleans(), ENTRIES), max_size=4 * CHUNK)


@given(MOVES, ENTRIES)
def test_it_does_what_a_sorted_list_does(moves, asked):
    now, model = NOBODY, []
    for joins, entry in moves:
        if joins and entry not in model:
            now = now.joined(entry)
            insort(model, entry)
        elif model:
            gone = model.pop(bisect_left(model, entry) % len(model))
            now = now.left(gone)
    assert list(now) == model
    assert len(now) == len(model)
    assert bool(now) == bool(model)
    assert now.before(asked) == bisect_left(model, asked)
    assert now == line(reversed(model))
    assert all(0 < len(chunk) <= CHUNK for chunk in now.chunks)


@pytest.mark.parametrize("missing", [(0, 0), (5, 5), (99, 99)])
def test_who_is_not_in_it_cannot_leave(missing):
    full = line((n, n) for n in range(1, 20) if n != 5)
    with pytest.raises(KeyError):
        full.left(missing)
    with pytest.raises(KeyError):
        NOBODY.left(missing)


def test_an_older_line_stays_as_it_was():
    old = line((n, n) for n in range(3 * CHUNK))
    new = old.left((7, 7)).joined((7, 8))
    assert (7, 7) in list(old) and (7, 8) not in list(old)
    assert old != new


def test_a_line_that_grows_at_its_end_has_full_chunks():
    grown = NOBODY
    for n in range(10 * CHUNK):
        grown = grown.joined((n, TicketId(n)))
    assert len(grown.chunks) == 10


def test_joining_in_the_middle_makes_no_crumbs():
    """Given visitors with a head start, when they join before others, then chunks stay filled."""
    grown = line((n, TicketId(n)) for n in range(CHUNK))
    for n in range(1000, 1000 + 20 * CHUNK):
        grown = grown.joined((5, TicketId(n)))
    assert len(grown.chunks) <= 2 * 21 + 1
