"""一件事 in a configuration: several services under one name."""

from __future__ import annotations

import pytest

from queued import settings as s
from tests.test_settings import HALL, parse, problems

ONE_THING = """
[[service]]
id = "birth"
name = "出生医学证明"
queue = "general"
minutes = 10
[[one_thing]]
id = "newborn"
name = "新生儿出生一件事"
services = ["birth"]
"""


def test_a_one_thing_joins_services():
    settings = parse(HALL + ONE_THING)
    assert settings.one_things == (s.OneThingSettings("newborn", "新生儿出生一件事", ("birth",)),)


@pytest.mark.parametrize(
    ("services", "sentence"),
    [
        (
            '["brith"]',
            'services: "brith" is not a service; did you mean "birth"? Services are: birth',
        ),
        ("[]", "services: is empty; needed is at least one service"),
        ('["birth", "birth"]', 'services: "birth" stands there more than once'),
    ],
)
def test_a_one_thing_of_nothing_is_a_mistake(services: str, sentence: str):
    found = problems(HALL + ONE_THING.replace('["birth"]', services))
    assert found == (f'hall.toml: [[one_thing]] "newborn": {sentence}',)
