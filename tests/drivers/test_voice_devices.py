"""Voices put together by the registry: virtual ones in a real process, and those that cannot be."""

from __future__ import annotations

import time

import pytest

from drivers import jobs
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    NotSpoken,
    Phrase,
    Say,
    Sentence,
    Spoken,
)
from drivers.registry import Registry
from drivers.supervisor import Supervisor
from tests.drivers.agent_process import running
from tests.drivers.fake_clock import FakeClock, eventually

A001 = "请A零零幺号到三号窗口"
CALL = {"number": "A001", "window": "3"}
ANSWERS = (Spoken, NotSpoken)


def virtual(kind: str = "xfs5152", **options: str | int | float | bool) -> DeviceConfig:
    return DeviceConfig("voice", kind, "virtual://", {"seconds_per_char": 0.05} | options)


@pytest.mark.parametrize("kind", ["syn6288", "xfs5152"])
async def test_a_virtual_voice_tells_what_it_heard(kind):
    async with running(virtual(kind)) as agent:
        expires = round((time.time() + 60) * 1000)
        agent.order(Say("j1", "voice", (Phrase("call", CALL),), expires, 2))
        assert await agent.until_kind(*ANSWERS) == Spoken("j1", "voice", A001, 2)
        agent.raw(b'{"type":"say","job":"j2","device":"voice","phrases":7,"expires_at_ms":1}\n')
        assert await agent.until_kind(*ANSWERS) == NotSpoken("j2", "voice", "bad_job")


RED = {
    "a port for nothing": DeviceConfig("voice", "syn6288", "nowhere://"),
    "a sound card": DeviceConfig("voice", "syn6288", "alsa://default"),
    "clips on a serial line": DeviceConfig("voice", "clips", "serial:///dev/ttyS0"),
    "a bad option": virtual(volume=99),
    "clips without a folder": DeviceConfig("voice", "clips", "virtual://"),
    "clips that are not there": DeviceConfig("voice", "clips", "virtual://", {"clips": "/nope"}),
}


@pytest.mark.parametrize("case", RED)
async def test_a_voice_that_cannot_be_is_red_and_its_calls_expire(case):
    clock, reports = FakeClock(), []
    supervisor = Supervisor(reports.append, Registry(), clock, lambda: 1.0)
    supervisor.obey(Configure((RED[case],)))
    await eventually(
        lambda: [one for one in reports if isinstance(one, DeviceReport) and one.state == "broken"]
    )
    supervisor.obey(Say("j1", "voice", (Phrase("call", CALL),), clock.now_ms() + 5000))
    await clock.advance(6)
    assert NotSpoken("j1", "voice", "expired") in reports
    supervisor.tasks["voice"].stop()
    await supervisor.tasks["voice"].stopped()


MESSAGES = [
    Say("j", "voice", (Phrase("call", CALL), Sentence("请安静", "zh")), 1, 2),
    Spoken("j", "voice", A001, 2),
    NotSpoken("j", "voice", "quiet"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_the_messages_cross_the_pipe(message):
    decode = jobs.decode_order if isinstance(message, Say) else jobs.decode_report
    assert decode(jobs.encode(message)) == message
