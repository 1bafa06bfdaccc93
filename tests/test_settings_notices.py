"""`[[notice]]` tables: days and minutes of the hall, zones that exist, sentences for the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.settings import NoticeSettings, SettingsError
from tests.test_settings import HALL, parse, problems

ZONE = '[[zone]]\nid = "east"\nname = "东区"\n'


def notice(lines: str) -> str:
    return f'{HALL}{ZONE}[[notice]]\ntext = "今天下午学习"\n{lines}\n'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", NoticeSettings("今天下午学习")),
        ('zone = "east"', NoticeSettings("今天下午学习", zone="east")),
        (
            'from = "2026-11-23"\nuntil = "2026-11-23"',
            NoticeSettings("今天下午学习", since="2026-11-23T00:00", until="2026-11-23T24:00"),
        ),
        (
            'from = "2026-11-23T08:30"\ntext_en = "Closed"',
            NoticeSettings("今天下午学习", "Closed", since="2026-11-23T08:30"),
        ),
    ],
)
def test_a_notice_has_a_place_and_a_time(lines, expected):
    assert parse(notice(lines)).notices == (expected,)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('from = "2026-02-30"', 'from: "2026-02-30" is not a day of the calendar'),
        ('until = "tomorrow"', 'until: "tomorrow" is not a day such as "2026-11-23"'),
        ('from = "2026-11-24"\nuntil = "2026-11-23"', "until: must be later than from"),
        ('zone = "est"', 'zone: "est" is not a zone; did you mean "east"?'),
        ('form = "2026-11-24"', "form: is not a known key"),
    ],
)
def test_a_wrong_notice_is_told(lines, complaint):
    assert any(complaint in found for found in problems(notice(lines)))


@given(st.text(alphabet="0123456789-T:+ Z", max_size=20))
def test_any_moment_is_taken_or_told(text):
    try:
        parse(notice(f'from = "{text}"'))
    except SettingsError as error:
        assert all("from" in problem for problem in error.problems)
