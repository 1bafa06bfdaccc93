"""A voice that is a page: one sentence at a time, answered by the page, or reported."""

from __future__ import annotations

import pytest

from drivers import jobs
from drivers.device import DeviceBroken
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    JobCancel,
    NotSpoken,
    Phrase,
    SaidInBrowser,
    Say,
    SayInBrowser,
    Spoken,
    VoicePage,
)
from drivers.registry import Registry
from drivers.supervisor import Supervisor
from tests.drivers.fake_clock import FakeClock, settle

A001, A002 = "请A零零幺号到三号窗口", "请A零零二号到三号窗口"
ENGLISH = "Number A 0 0 1, please go to window 3"
ANSWERS = (Spoken, NotSpoken)


class Hall:
    """A supervisor with one such voice, and the page that the test is."""

    def __init__(self, **options) -> None:
        self.clock = FakeClock()
        self.reports: list = []
        self.supervisor = Supervisor(self.reports.append, Registry(), self.clock, lambda: 1.0)
        self.config = DeviceConfig("east", "browser", "browser://", options)

    async def open(self, page: bool = True) -> Hall:
        self.order(Configure((self.config,)))
        await settle()
        if page:
            await self.page()
        return self

    def order(self, order) -> None:
        assert self.supervisor.obey(order)

    async def page(self, there: bool = True) -> None:
        self.order(VoicePage("east", there))
        await settle()

    def say(self, job: str, number: str = "A001", expires_s: float = 60, **more) -> None:
        languages = more.pop("languages", ("zh",))
        values = {"number": number, "window": "3"}
        phrases = tuple(Phrase("call", values, language) for language in languages)
        expires = self.clock.now_ms() + round(expires_s * 1000)
        self.order(Say(job, "east", phrases, expires, **more))

    async def asked(self) -> SayInBrowser:
        """The sentence that the page is to say; exactly one."""
        await settle()
        (sentence,) = self.take(SayInBrowser)
        return sentence

    async def said(self, sentence: SayInBrowser, reason: jobs.PageReason = "") -> None:
        self.order(SaidInBrowser(sentence.job, "east", not reason, reason))
        await settle()

    def take(self, *kinds: type) -> list:
        found = [report for report in self.reports if isinstance(report, kinds)]
        self.reports[:] = [report for report in self.reports if not isinstance(report, kinds)]
        return found

    def state(self) -> DeviceReport:
        return self.supervisor.tasks["east"]._report()

    async def close(self) -> None:
        self.supervisor.tasks["east"].stop()
        await self.supervisor.tasks["east"].stopped()


@pytest.fixture
async def hall():
    hall = await Hall().open()
    yield hall
    await hall.close()


async def test_sentences_go_to_the_page_one_after_the_other(hall):
    hall.say("j1", languages=("zh", "en"))
    hall.say("j2", "A002")
    first = await hall.asked()
    assert (first.text, first.language, first.device) == (A001, "zh", "east")
    # Not even asked for while the first is being said
    await hall.clock.advance(3)
    assert hall.take(SayInBrowser) == []
    await hall.said(first)
    second = await hall.asked()
    assert (second.text, second.language) == (ENGLISH, "en")
    await hall.said(second)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", f"{A001} {ENGLISH}", 1)]
    await hall.said(await hall.asked())
    assert hall.take(*ANSWERS) == [Spoken("j2", "east", A002, 1)]


async def test_repetitions_have_names_of_their_own(hall):
    hall.say("j1", repeat=2)
    first = await hall.asked()
    await hall.said(first)
    await hall.clock.advance(1.1)
    second = await hall.asked()
    assert second.job != first.job
    # An answer to the first one, late and again, is none to the second
    await hall.said(first)
    assert hall.take(*ANSWERS) == []
    await hall.said(second)
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 2)]


async def test_without_a_page_nothing_is_said_until_one_comes():
    hall = await Hall().open(page=False)
    assert hall.state().state == "degraded"
    assert "open the board with ?voice=east" in hall.state().last_error
    # Given a hall without a page for hours, and pauses at their longest
    await hall.clock.advance(3600)
    hall.say("j1", expires_s=10)
    await hall.clock.advance(11)
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", "expired")]
    # When a page comes, it speaks at once
    hall.say("j2", "A002")
    await hall.page()
    assert (await hall.asked()).text == A002
    assert hall.state().state == "ready"
    await hall.close()


async def test_a_page_that_goes_midway_is_offline_and_the_call_is_said_by_the_next(hall):
    hall.say("j1")
    await hall.asked()
    await hall.page(there=False)
    assert (hall.state().state, hall.take(*ANSWERS)) == ("degraded", [])
    await hall.page()
    await hall.said(await hall.asked())
    assert hall.take(*ANSWERS) == [Spoken("j1", "east", A001, 1)]


async def test_a_page_that_is_silent_costs_the_limit_and_is_given_up(hall):
    hall.say("j1", expires_s=300)
    sentence = await hall.asked()
    await hall.clock.advance(sentence.limit_s + 0.1)
    assert hall.state().last_error.startswith("timeout")
    await hall.clock.advance(60)
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", "timeout")]
    assert len(hall.take(SayInBrowser)) == 2


@pytest.mark.parametrize("reason", ["blocked", "interrupted", "error"])
async def test_what_the_page_could_not_is_tried_again_then_reported(hall, reason):
    hall.say("j1", expires_s=300)
    for _ in range(3):
        await hall.said(await hall.asked(), reason)
        await hall.clock.advance(3)
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", reason)]


async def test_a_language_the_browser_lacks_is_reported_and_holds_up_nobody(hall):
    hall.say("j1")
    hall.say("j2", "A002")
    await hall.said(await hall.asked(), "language")
    assert hall.take(*ANSWERS) == [NotSpoken("j1", "east", "language")]
    await hall.said(await hall.asked())
    assert hall.take(*ANSWERS) == [Spoken("j2", "east", A002, 1)]


async def test_quiet_hours_and_cancelled_calls_never_reach_the_page():
    hall = await Hall(quiet="00:00-23:59", timezone="UTC").open()
    hall.say("j1")
    await settle()
    assert hall.take(*ANSWERS, SayInBrowser) == [NotSpoken("j1", "east", "quiet")]
    await hall.close()
    hall = await Hall().open()
    hall.say("j1")
    hall.say("j2", "A002")
    sentence = await hall.asked()
    hall.order(JobCancel("j2"))
    await hall.said(sentence)
    assert hall.take(*ANSWERS, SayInBrowser) == [
        NotSpoken("j2", "east", "cancelled"),
        Spoken("j1", "east", A001, 1),
    ]
    await hall.close()


async def test_another_life_names_its_sentences_otherwise():
    names = []
    for later_s in (0, 1):
        hall = Hall()
        hall.clock.jump(later_s)
        await hall.open()
        hall.say("j1")
        names.append((await hall.asked()).job)
        await hall.close()
    assert names[0] != names[1]


async def test_a_slow_rate_has_more_time():
    for rate, seconds in ((1.0, 8), (0.5, 11)):
        hall = await Hall(rate=rate).open()
        hall.say("j1")
        sentence = await hall.asked()
        assert sentence.rate == rate
        assert sentence.limit_s >= seconds
        await hall.close()


@pytest.mark.parametrize(
    ("port", "options", "code"),
    [
        ("tcp://127.0.0.1:9", {}, "bad_port"),
        ("browser://x", {}, "bad_port"),
        ("virtual://", {}, "bad_port"),
        ("browser://", {"volume": 3}, "bad_option"),
        ("browser://", {"rate": 9}, "bad_option"),
    ],
)
async def test_what_cannot_be_is_refused(port, options, code):
    with pytest.raises(DeviceBroken) as caught:
        Registry().build(DeviceConfig("east", "browser", port, options))
    assert caught.value.code == code


MESSAGES = [
    VoicePage("east", True),
    SaidInBrowser("j", "east", False, "blocked"),
    SayInBrowser("j", "east", A001, "zh", 9.0, 1.2),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_the_messages_cross_the_pipe(message):
    decode = jobs.decode_report if isinstance(message, SayInBrowser) else jobs.decode_order
    assert decode(jobs.encode(message)) == message


async def test_word_of_a_page_for_no_such_voice_is_passed_over(hall):
    hall.order(VoicePage("west", True))
    hall.order(SaidInBrowser("j", "west", True))
    await settle()
    assert hall.state().state == "ready"
