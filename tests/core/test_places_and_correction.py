"""Experience by place, and promises that are as good as they say."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.core.commands import CallNext, CancelTicket, StartService, Undo
from queued.core.correction import FACTOR_MAX, FACTOR_MIN, STEPS, TICKETS_MIN, Correction
from queued.core.estimate import UNCORRECTED, Estimator
from queued.core.events import DayClosed
from queued.core.places import PLACES, WAITS_KEPT, WEIGHT_MAX, Places
from tests.core.test_estimate import BY, Watched, furnished

# ── Places ────────────────────────────────────────────────────────────────────────────────


def test_the_front_and_the_far_end_have_no_place():
    places = Places()
    for ahead in (-1, 0, 21, 500):
        places.learn(ahead, 60)
    assert places.memory() == [[]] * (len(PLACES) - 1)
    assert [places.waits(ahead) for ahead in (-1, 0, 1, 20, 21)] == [None] * 5


def test_neighbours_share_their_experience_and_few_waits_weigh_little():
    places = Places()
    for wait in range(1, 7):
        places.learn(6, wait * 60)
    weight, (p10, p50, p80, p90) = places.waits(7)
    assert weight == 6 / WAITS_KEPT
    assert (p10, p50, p80, p90) == pytest.approx((90, 210, 300, 330))
    assert places.waits(5) is None and places.waits(8) is None


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 9999)), max_size=400))
def test_only_the_last_sixty_count(taken):
    places, last = Places(), {}
    for ahead, wait in taken:
        places.learn(ahead, wait)
        group = max((first for first in PLACES if first <= ahead), default=0)
        last.setdefault(group, []).append(wait)
    for first in PLACES[:-1]:
        known, expected = places.waits(first), sorted(last.get(first, [])[-WAITS_KEPT:])
        assert (known is None) == (not expected)
        if known is not None:
            assert known[0] <= WEIGHT_MAX
            assert expected[0] <= known[1][0] <= known[1][3] <= expected[-1]
    again = Places(places.memory())
    assert [again.waits(k) for k in range(25)] == [places.waits(k) for k in range(25)]


def test_another_kind_of_memory_is_refused():
    with pytest.raises(ValueError, match="groups"):
        Places([[1]])
    with pytest.raises(ValueError, match="histogram"):
        Correction.remembering(Correction([[0.0]] * 4).kept())


# ── What an estimator learns of places ────────────────────────────────────────────────────


def slow_front(hall: Watched, rounds: int) -> Watched:
    """Two people at a time; who is second always waits forty minutes."""
    for _ in range(rounds):
        hall.take(2).later(5).call().later(35).call()
    return hall


def test_who_stood_at_the_same_place_tells_more_than_the_pace():
    hall = slow_front(Watched(furnished(1)), 9)
    told = hall.wait(1).p50_s
    assert told > 2 * Watched(furnished(1)).wait(1).p50_s
    assert hall.estimator.memory().places["q"][0] == [2400] * 9


def test_an_undone_call_and_whoever_left_teach_nothing():
    hall = Watched(furnished(1)).take(3).later(5).call().later(10)
    hall.do(CallNext(window="1", by=BY), Undo(window="1", by=BY))
    assert hall.estimator.memory().places == {}
    hall.later(10).do(CancelTicket(ticket=3, by=BY))
    hall.do(CallNext(window="1", by=BY), StartService(window="1", by=BY))
    # The second's wait is up to the call that stood.
    assert hall.estimator.memory().places["q"][:2] == [[1500], []]


# ── Correction ────────────────────────────────────────────────────────────────────────────


class Fixed(Estimator):
    """Says the same to everybody."""

    def plain(self, queue, ahead, at):
        return [60.0, 120.0, 240.0, 480.0]


def waited(minutes, *, seed: int = 1) -> Correction:
    """A day on which everybody behind somebody waits `minutes()`."""
    random, hall, correction, estimator = Random(seed), Watched(), Correction(), Fixed()
    for _ in range(TICKETS_MIN + 50):
        hall.take(2).call()
        hall.later(minutes(random)).call()
    for event in [*hall.events, DayClosed(at=hall.at, by=BY, day=hall.hall.day, tally={})]:
        estimator.observe(event, hall.hall)
        correction.observe(event, estimator)
    return correction


def test_nothing_is_corrected_before_two_hundred_tickets():
    assert Correction().factors() == UNCORRECTED


def test_the_factors_make_the_promise_true():
    """Waits from 0 to 8 minutes, all alike likely: half of them within 4, four of five in 6.4."""
    one, median, four_of_five, nine_of_ten = waited(lambda random: random.uniform(0, 8)).factors()
    assert one * 60 == pytest.approx(0.8 * 60, rel=0.4)
    assert median * 120 == pytest.approx(4 * 60, rel=0.12)
    assert four_of_five * 240 == pytest.approx(6.4 * 60, rel=0.07)
    assert nine_of_ten * 480 == pytest.approx(7.2 * 60, rel=0.07)


def test_no_correction_is_wilder_than_two():
    assert waited(lambda _: 0.0).factors() == (FACTOR_MIN,) * 4
    assert waited(lambda _: 60.0).factors() == (FACTOR_MAX,) * 4


def test_what_is_long_ago_is_forgotten():
    correction = waited(lambda random: random.uniform(0, 8))
    kept = Correction.remembering(correction.kept())
    assert kept.kept() == correction.kept() and kept.factors() == correction.factors()
    kept._age(kept.day_ends_at + 60 * 86_400_000)
    assert kept.factors() == UNCORRECTED
    assert [len(some) for some in kept.ratios] == [STEPS] * 4
