"""Where a hall is: address and position, both optional."""

from __future__ import annotations

import pytest

from tests.test_settings import HALL, parse, problems

PLACE = """address = "人民路1号"
latitude = 30.25
longitude = 120
"""


def test_a_hall_may_say_where_it_is():
    hall = parse(HALL.replace('id = "demo"', f'id = "demo"\n{PLACE}', 1)).hall
    assert (hall.address, hall.latitude, hall.longitude) == ("人民路1号", 30.25, 120.0)


@pytest.mark.parametrize("wrong", ["91", '"30"', "true", "nan", "inf", "-90.1"])
def test_a_place_that_is_not_on_the_earth(wrong):
    text = HALL.replace('id = "demo"', f'id = "demo"\n{PLACE}', 1).replace("30.25", wrong)
    (problem,) = problems(text)
    assert "latitude" in problem and "from -90 to 90" in problem


def test_half_a_place_is_none():
    text = HALL.replace('id = "demo"', 'id = "demo"\nlatitude = 30', 1)
    (problem,) = problems(text)
    assert "says nothing without longitude" in problem
