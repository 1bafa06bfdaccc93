"""Pages that speak: who owns a voice, what it is handed, whose word counts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from drivers.jobs import Order, SaidInBrowser, SayInBrowser, VoicePage
from queued.server.speakers import SILENCED, Speakers
from queued.settings_values import DeviceSettings
from tests.server.hall_under_test import CONFIG, TOKENS, Running, running
from tests.server.test_stream import Board, board, eventually

EAST = DeviceSettings("east", "browser", "browser://")
SENTENCE = SayInBrowser("s-1", "east", "请A零零幺号到三号窗口", "zh", 9.3, 1.0)


class Page:
    """A page that takes frames until it goes."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.there = True

    def __call__(self, frame: bytes) -> bool:
        if self.there:
            self.frames.append(frame)
        return self.there

    @property
    def said(self) -> list[str]:
        data = [frame.partition(b"data: ")[2] for frame in self.frames if b"event: say" in frame]
        return [json.loads(one)["job"] for one in data]


@pytest.fixture
def sent() -> list[Order]:
    return []


@pytest.fixture
def speakers(sent) -> Speakers:
    other = DeviceSettings("printer", "escpos", "virtual://")
    return Speakers((EAST, other), sent.append)


# ── who owns a voice ──────────────────────────────────────────────────────────────────────


def test_a_sentence_goes_to_the_page_and_its_word_comes_back(speakers, sent):
    page = Page()
    speakers.attend("east", page)
    speakers.on_report(SENTENCE)
    (frame,) = page.frames
    event, data, end = frame.decode().split("\n", 2)
    assert (event, end) == ("event: say", "\n")
    assert json.loads(data.removeprefix("data: ")) == {
        "job": "s-1", "text": SENTENCE.text, "language": "zh", "rate": 1.0, "limit_s": 10,
    }  # fmt: skip
    assert speakers.said("east", "s-1", True, "") is True
    assert sent == [VoicePage("east", True), SaidInBrowser("s-1", "east", True)]


def test_without_a_page_the_sentence_is_answered_at_once(speakers, sent):
    speakers.on_report(SENTENCE)
    assert sent == [VoicePage("east", False)]


def test_a_page_found_gone_when_it_should_speak(speakers, sent):
    page = Page()
    speakers.attend("east", page)
    page.there = False
    speakers.on_report(SENTENCE)
    assert sent == [VoicePage("east", True), VoicePage("east", False)]


def test_the_newest_page_takes_over_and_goes_on_with_the_sentence(speakers, sent):
    old, new = Page(), Page()
    leave_old = speakers.attend("east", old)
    speakers.on_report(SENTENCE)
    leave_new = speakers.attend("east", new)
    assert old.frames[-1] == SILENCED
    assert new.said == ["s-1"]
    # The older one going is no news; the newer one going is
    sent.clear()
    leave_old()
    assert sent == []
    leave_new()
    assert sent == [VoicePage("east", False)]


def test_a_word_about_another_sentence_counts_for_nothing(speakers, sent):
    speakers.attend("east", Page())
    assert speakers.said("east", "s-1", True, "") is False
    speakers.on_report(SENTENCE)
    assert speakers.said("east", "s-0", True, "") is False
    assert speakers.said("east", "s-1", False, "") is True
    assert speakers.said("east", "s-1", True, "") is False
    assert sent[1:] == [SaidInBrowser("s-1", "east", False, "error")]


def test_a_new_device_process_hears_who_is_there(speakers, sent):
    speakers.attend("east", Page())
    speakers.on_report(SENTENCE)
    sent.clear()
    speakers.on_up()
    assert sent == [VoicePage("east", True)]
    assert speakers.said("east", "s-1", True, "") is False


# ── over HTTP ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def hall(tmp_path: Path, speakers: Speakers) -> AsyncIterator[Running]:
    device = '[[device]]\nid = "east"\nkind = "browser"\nport = "browser://"\n'
    config = CONFIG.replace("[http]", f"{device}[http]")
    async with running(tmp_path, config=config, speakers=speakers) as hall:
        yield hall


async def until_event(page: Board, wanted: bytes) -> bytes:
    """The data of the next such event."""
    while True:
        event, found, rest = page.buffer.partition(b"\n\n")
        if not found:
            page.buffer += await page.chunk()
            continue
        page.buffer = rest
        if b"event: " + wanted in event:
            return event.partition(b"data: ")[2]


def page_of(hall: Running, role: str = "display", voice: str = "east") -> Any:
    path = f"/api/v1/halls/demo/stream?voice={voice}"
    return board(hall, f"Authorization: Bearer {TOKENS[role]}", path=path)


async def said(hall: Running, body: Any, role: str | None = "display") -> tuple[int, Any]:
    path = "/halls/demo/voices/east/said"
    status, answer, _ = await hall.call("POST", path, body, role=role)
    return status, answer


async def test_a_page_hears_its_sentence_between_the_snapshots(hall, speakers, sent):
    async with page_of(hall) as page:
        await page.frame()
        speakers.on_report(SENTENCE)
        assert json.loads(await until_event(page, b"say"))["text"] == SENTENCE.text
        ticket = await hall.take()
        _, snapshot = await page.frame()
        assert ticket["number"] in snapshot["queues"][0]["order"]
        assert await said(hall, {"job": "s-1", "ok": True}) == (200, {"accepted": True})
    assert sent[:2] == [VoicePage("east", True), SaidInBrowser("s-1", "east", True)]


async def test_a_page_that_takes_over_silences_the_other(hall, speakers):
    async with page_of(hall) as old:
        await old.frame()
        async with page_of(hall) as new:
            await new.frame()
            assert await until_event(old, b"silenced") == b"{}"
            speakers.on_report(SENTENCE)
            assert json.loads(await until_event(new, b"say"))["job"] == "s-1"


async def test_a_page_that_is_closed_is_noticed(hall, speakers, sent):
    async with page_of(hall) as page:
        await page.frame()
    # At the next beat of the stream, or at the next sentence
    speakers.on_report(SENTENCE)
    await eventually(lambda: VoicePage("east", False) in sent)


@pytest.mark.parametrize(
    ("role", "voice", "status"),
    [("kiosk", "east", 403), ("clerk", "east", 403), ("display", "west", 404),
     ("manager", "east", 200)],
)  # fmt: skip
async def test_who_may_speak(hall, role, voice, status):
    async with page_of(hall, role, voice) as page:
        assert page.head.split(b" ", 2)[1] == str(status).encode()


async def test_nobody_speaks_without_a_name(hall):
    async with board(hall, path="/api/v1/halls/demo/stream?voice=east") as page:
        assert page.head.split(b" ", 2)[1] == b"401"
    assert (await said(hall, {"job": "s-1", "ok": True}, None))[0] == 401
    assert (await said(hall, {"job": "s-1", "ok": True}, "kiosk"))[0] == 403


@pytest.mark.parametrize(
    "body",
    [{}, {"job": "s"}, {"job": "", "ok": True}, {"job": "s" * 65, "ok": True},
     {"job": "s", "ok": "yes"}, {"job": "s", "ok": False, "reason": "tired"}, [], "x"],
)  # fmt: skip
async def test_a_word_that_is_none_is_refused(hall, body):
    assert (await said(hall, body))[0] == 422


async def test_an_unknown_voice_has_no_page(hall):
    status, body, _ = await hall.call(
        "POST", "/halls/demo/voices/printer/said", {"job": "s", "ok": True}, role="display"
    )
    assert (status, body["code"]) == (404, "unknown_device")
