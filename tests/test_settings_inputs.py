"""Configuration of pads, evaluators and card readers, and of how long people are known."""

from __future__ import annotations

import pytest

from queued import settings as s
from tests.test_settings import HALL, parse, problems

PAD = "\n[[device]]\nid = 'pad'\nkind = 'hallpad68'\nport = 'virtual://'\n"
READER = "\n[[device]]\nid = 'card'\nkind = 'sam'\nport = 'virtual://'\n"


def test_a_pad_stands_at_a_window_and_a_reader_at_a_kiosk():
    text = f"{HALL}{PAD}window = '3'\nrating_s = 60{READER}kiosk = 'kiosk-1'"
    pad, reader = parse(text + "\n[people]\nkeep_days = 30").devices[-2:]
    assert (pad.window, pad.rating_s, dict(pad.options)) == ("3", 60, {})
    assert reader.kiosk == "kiosk-1"


def test_people_are_known_for_a_day_unless_a_hall_says_otherwise():
    assert parse(HALL).people == s.PeopleSettings(keep_days=1)
    assert parse(HALL + "\n[people]\nkeep_days = 30").people.keep_days == 30
    environ = {"QUEUED_PEOPLE_KEEP_DAYS": "7"}
    assert s.parse(HALL.encode(), "hall.toml", environ).people.keep_days == 7


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (PAD, '[[device]] "pad": window: is missing; a pad needs the window it stands at, as "1"'),
        (PAD.replace("hallpad68", "evdev"), "window: is missing"),
        (PAD.replace("hallpad68", "line"), "window: is missing"),
        (READER, '[[device]] "card": kiosk: is missing; a card reader needs the kiosk it stands'),
        (f"{READER}kiosk = 'k'\nrating_s = 15", "rating_s: nobody can press a grade on sam, but"),
        (f"{PAD}window = '3'\nrating_s = 4", "4 is out of range; allowed: 0, or 5 to 600"),
        ("\n[people]\nkeep_days = 0", "[people]: keep_days: 0 is out of range; allowed: 1 to 180"),
        ("\n[people]\nkeep_hours = 24", "keep_hours: is not a known key"),
    ],
)
def test_each_mistake_gets_one_sentence(more, sentence):
    (found,) = problems(HALL + more)
    assert found.startswith("hall.toml: ") and sentence in found
