"""Own-ticket tokens: read back by their hall, guessed by nobody."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.engine.tokens import TOKEN_CHARS, TicketTokens

TOKENS = TicketTokens("demo", bytes(range(32)))
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2199, 1, 1))


@given(DAYS, st.integers(1, 2**24 - 1))
def test_a_token_is_read_back(day, ticket):
    token = TOKENS.token(day.isoformat(), ticket)
    assert len(token) == TOKEN_CHARS
    assert TOKENS.read(token) == (day.isoformat(), ticket)


@pytest.mark.parametrize(
    "other", [TicketTokens("demo2", TOKENS.secret), TicketTokens("demo", bytes(32))]
)
def test_a_token_of_another_hall_or_secret_is_nothing(other):
    assert TOKENS.read(other.token("2026-11-23", 1)) is None


def test_every_changed_character_makes_it_nothing():
    token = TOKENS.token("2026-11-23", 1)
    for place in range(TOKEN_CHARS):
        for character in "AZaz09-_=*":
            changed = token[:place] + character + token[place + 1 :]
            assert changed == token or TOKENS.read(changed) is None


@given(st.text(max_size=40))
def test_garbage_is_nothing(text):
    assert TOKENS.read(text) is None


@given(st.text(st.characters(codec="ascii"), min_size=TOKEN_CHARS, max_size=TOKEN_CHARS))
def test_garbage_of_the_right_length_is_nothing(text):
    assert TOKENS.read(text) is None


def test_neighbours_have_nothing_in_common_but_the_day():
    tokens = {TOKENS.token("2026-11-23", ticket)[8:] for ticket in range(1, 1001)}
    assert len(tokens) == 1000
