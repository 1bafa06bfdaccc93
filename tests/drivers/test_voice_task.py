"""A voice under the supervisor: in order, never over itself, answered exactly once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import DeviceTransient
from drivers.jobs import (
    Configure,
    JobCancel,
    NotSpoken,
    Phrase,
    Sentence,
    ShowText,
    Spoken,
)
from drivers.voice_task import FAILURES_MAX, IDLE_CHECK_S, JOBS_MAX, REPEAT_MAX
from tests.drivers.fake_clock import settle
from tests.drivers.fake_devices import close
from tests.drivers.speaking import VoiceHall

A001 = "请A零零幺号到三号窗口"
A002 = "请A零零二号到三号窗口"
A001_EN = "Number A 0 0 1, please go to window 3"
CALL = {"number": "A001", "window": "3"}


@pytest.fixture
async def hall():
    hall = await VoiceHall("east", "west").open()
    yield hall
    await close(hall)


@pytest.fixture
def east(hall):
    return hall.voices["east"]


ANSWERS = (Spoken, NotSpoken)


# ── order ─────────────────────────────────────────────────────────────────────────────────


async def test_a_call_is_said_and_acknowledged(hall, east):
    hall.say("j1", "A001")
    await settle()
    assert hall.take(*ANSWERS) == [], "not before it was said"
    await hall.clock.advance(3)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 1)]
    assert east.texts == [A001]


async def test_calls_keep_their_order_and_never_overlap(hall, east):
    for number in range(10):
        hall.say(f"j{number}", f"A{number:03}")
    await hall.clock.advance(60)
    assert [answer.job for answer in hall.take(Spoken)] == [f"j{n}" for n in range(10)]
    ends = [end for _, end, _ in east.history]
    begins = [begin for begin, _, _ in east.history]
    assert all(end <= begin for end, begin in zip(ends, begins[1:], strict=False))


async def test_zones_speak_for_themselves(hall, east):
    hall.voices["west"].seconds = 25
    hall.say("j1", zone="west")
    hall.say("j2", zone="east")
    await hall.clock.advance(3)
    assert [answer.job for answer in hall.take(Spoken)] == ["j2"]


async def test_a_call_in_two_languages_is_one_call(hall, east):
    phrases = (Phrase("call", CALL), Phrase("call", CALL, "en"))
    hall.say("j1", phrases=phrases)
    await hall.clock.advance(10)
    assert east.texts == [A001, A001_EN]
    assert hall.take(Spoken) == [Spoken("j1", "east", f"{A001} {A001_EN}", 1)]


async def test_a_language_the_voice_does_not_speak_is_left_out(hall, east):
    hall.say("j1", phrases=(Phrase("call", CALL), Phrase("call", CALL, "ko")))
    await hall.clock.advance(10)
    assert hall.take(Spoken) == [Spoken("j1", "east", A001, 1)]


async def test_repetitions_follow_after_a_pause(hall, east):
    hall.say("j1", repeat=3)
    await hall.clock.advance(60)
    assert hall.take(Spoken) == [Spoken("j1", "east", A001, 3)]
    (_, first_end, _), (second_begin, _, _), _ = east.history
    assert second_begin - first_end == pytest.approx(1.0, abs=0.01)


async def test_an_order_that_comes_twice_is_said_once(hall, east):
    hall.say("j1")
    hall.say("j1")
    await hall.clock.advance(5)
    hall.say("j1")
    await hall.clock.advance(5)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 1)] * 2
    assert east.texts == [A001]


# ── what is not said is reported ──────────────────────────────────────────────────────────


async def test_a_call_that_expires_in_the_queue_is_dropped_and_reported(hall, east):
    east.seconds = 20
    hall.say("j1")
    hall.say("j2", expires_s=5)
    await hall.clock.advance(6)
    assert hall.take(*ANSWERS) == [NotSpoken("j2", "east", "expired")]
    await hall.clock.advance(60)
    assert [answer.job for answer in hall.take(*ANSWERS)] == ["j1"]
    assert east.begun == 1


async def test_a_call_that_is_late_already_is_reported_at_once(hall, east):
    hall.say("j1", expires_s=0)
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", "expired")]


async def test_the_queue_is_bounded(hall, east):
    east.seconds = 25
    for number in range(JOBS_MAX + 2):
        hall.say(f"j{number}", expires_s=3600)
    refused = [NotSpoken(f"j{n}", "east", "queue_full") for n in (JOBS_MAX, JOBS_MAX + 1)]
    assert hall.take(*ANSWERS) == refused
    assert hall.state().queue == JOBS_MAX


async def test_a_call_may_be_cancelled_until_it_is_being_said(hall, east):
    hall.say("j1")
    hall.say("j2")
    await hall.clock.advance(0.5)
    hall.order(JobCancel("j1"))
    hall.order(JobCancel("j2"))
    await hall.clock.advance(10)
    verdicts = {answer.job: type(answer) for answer in hall.take(*ANSWERS)}
    assert verdicts == {"j1": Spoken, "j2": NotSpoken}
    assert east.begun == 1


BAD_JOBS = {
    "no phrase": ({"phrases": ()}, "bad_job"),
    "too many": ({"phrases": (Sentence("请安静"),) * 9}, "bad_job"),
    "never": ({"repeat": 0}, "bad_job"),
    "for ever": ({"repeat": REPEAT_MAX + 1}, "bad_job"),
    "an unknown phrase": ({"phrases": (Phrase("sing"),)}, "bad_phrase"),
    "a value is missing": ({"phrases": (Phrase("call", {"window": "3"}),)}, "bad_phrase"),
    "nothing": ({"phrases": (Sentence("  "),)}, "bad_phrase"),
    "an unknown language": ({"phrases": (Phrase("call", CALL, "tlh"),)}, "language"),
    "a language nobody here speaks": ({"phrases": (Phrase("call", CALL, "ko"),)}, "language"),
    "a sign without a recording": ({"number": "甲12"}, "no_clip"),
}


@pytest.mark.parametrize("case", BAD_JOBS)
async def test_what_cannot_be_said_is_reported_and_holds_up_nobody(hall, east, case):
    order, reason = BAD_JOBS[case]
    hall.say("j1", **order)
    hall.say("j2", "A002")
    await hall.clock.advance(5)
    assert hall.take(*ANSWERS) == [
        NotSpoken("j1", "east", reason),
        Spoken("j2", "east", A002, 1),
    ]
    assert hall.state().state == "ready"


async def test_a_call_for_no_voice_is_reported(hall):
    hall.say("j1", zone="north")
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "north", "unknown_device")]
    hall.order(ShowText("east", "A001"))
    await settle()


async def test_a_voice_taken_away_answers_its_calls(hall, east):
    east.seconds = 20
    hall.say("j1")
    hall.say("j2")
    await hall.clock.advance(1)
    hall.order(Configure(tuple(hall.configs[1:])))
    await settle()
    assert set(hall.take(*ANSWERS)) == {
        NotSpoken("j1", "east", "interrupted"),
        NotSpoken("j2", "east", "unknown_device"),
    }


# ── quiet hours ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("hours, said", [("00:00-12:00", False), ("22:00-07:00", True)])
async def test_in_quiet_hours_nothing_is_said(hours, said):
    hall = await VoiceHall("east", quiet=hours, timezone="UTC").open()
    assert hall.clock.now_ms() // 3_600_000 % 24 == 8, "it is eight in the morning"
    hall.say("j1")
    await hall.clock.advance(5)
    answers = hall.take(*ANSWERS)
    assert answers == [Spoken("j1", "east", A001, 1) if said else NotSpoken("j1", "east", "quiet")]
    await close(hall)


async def test_what_waits_when_it_becomes_quiet_is_not_said():
    hall = await VoiceHall("east", quiet="08:10-09:00", timezone="UTC").open()
    hall.voices["east"].seconds = 25
    minutes = hall.clock.now_ms() // 60_000 % 60
    assert minutes == 0
    await hall.clock.advance(9 * 60 + 50)
    hall.say("j1", repeat=3)
    hall.say("j2")
    await hall.clock.advance(120)
    assert hall.take(*ANSWERS) == [
        Spoken("j1", "east", A001, 1),
        NotSpoken("j2", "east", "quiet"),
    ]
    await close(hall)


# ── failures ──────────────────────────────────────────────────────────────────────────────

UNPLUGGED = DeviceTransient("unplugged", "the cable")


async def test_a_call_cut_off_by_a_failure_is_said_again(hall, east):
    east.trouble = UNPLUGGED
    hall.say("j1", expires_s=120)
    await hall.clock.advance(2.2)
    assert hall.state().state == "degraded"
    assert hall.take(*ANSWERS) == []
    east.trouble = None
    await hall.clock.advance(10)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 1)]
    assert (east.begun, east.texts, hall.state().state) == (2, [A001], "ready")


async def test_a_call_cut_off_that_expires_before_the_voice_is_back_is_reported(hall, east):
    east.trouble = east.trouble_connecting = UNPLUGGED
    hall.say("j1", expires_s=10)
    await hall.clock.advance(30)
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", "expired")]


async def test_old_calls_are_not_said_when_the_voice_comes_back(hall, east):
    east.trouble = east.trouble_connecting = UNPLUGGED
    hall.say("j0", expires_s=5)
    await hall.clock.advance(4)
    for number in range(5):
        hall.say(f"old{number}", expires_s=30)
    hall.say("new", "A002", expires_s=600)
    await hall.clock.advance(60)
    east.trouble = east.trouble_connecting = None
    await hall.clock.advance(60)
    assert east.texts == [A002]
    spoken = [answer.job for answer in hall.take(*ANSWERS) if isinstance(answer, Spoken)]
    assert spoken == ["new"]


async def test_a_call_that_fails_every_time_is_given_up(hall, east):
    east.trouble = DeviceTransient("garbled", "noise")
    hall.say("j1", expires_s=3600)
    await hall.clock.advance(120)
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", "garbled")]
    assert east.begun == FAILURES_MAX


async def test_a_repetition_that_fails_does_not_unsay_the_first(hall, east):
    hall.say("j1", repeat=2)
    await hall.clock.advance(2.5)
    east.trouble = UNPLUGGED
    await hall.clock.advance(5)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 1)]


async def test_a_driver_that_breaks_costs_the_call_and_nothing_else(hall, east):
    east.trouble = RuntimeError("a bug")
    hall.say("j1")
    await hall.clock.advance(5)
    east.trouble = None
    hall.say("j2", expires_s=600)
    await hall.clock.advance(120)
    assert hall.take(*ANSWERS) == [
        NotSpoken("j1", "east", "error"),
        Spoken("j2", "east", A001, 1),
    ]


async def test_a_voice_that_hangs_is_given_up_after_its_time(hall, east):
    east.seconds = 10_000
    hall.say("j1", expires_s=600)
    await hall.clock.advance(31.2)
    assert hall.state().state == "degraded"
    east.seconds = 1
    await hall.clock.advance(10)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 1)]


async def test_an_idle_voice_is_looked_at(hall, east):
    async def gone() -> None:
        raise UNPLUGGED

    east.check = gone
    await hall.clock.advance(IDLE_CHECK_S + 0.1)
    assert hall.state().state == "degraded"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["say", "say", "say", "wait", "fail", "mend", "cancel"]),
            st.integers(0, 12),
        ),
        max_size=40,
    )
)
@settings(deadline=None, max_examples=25)
async def test_every_call_is_answered_once_whatever_happens(script):
    hall = await VoiceHall("east").open()
    east, asked = hall.voices["east"], 0
    for step, number in script:
        match step:
            case "say":
                asked += 1
                hall.say(f"j{asked}", f"A{number:03}", expires_s=5 + 5 * number, repeat=1)
            case "wait":
                await hall.clock.advance(number)
            case "fail":
                east.trouble = UNPLUGGED
            case "mend":
                east.trouble = None
            case "cancel":
                hall.order(JobCancel(f"j{number}"))
    east.trouble = None
    await hall.clock.advance(600)
    answered = sorted(answer.job for answer in hall.take(*ANSWERS))
    assert answered == sorted(f"j{n + 1}" for n in range(asked))
    spans = [(begin, end) for begin, end, _ in east.history]
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))
    await close(hall)
