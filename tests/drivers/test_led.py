"""The strip's driver against a strict card on real lines, and what it makes of any text."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import bx_fontcard as bx
from drivers.bus import Bus, BusHandle
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.emulators.bx_fontcard import BxFontCard, read_text
from drivers.jobs import DeviceConfig
from drivers.led import Strip
from drivers.ports import parse_port
from drivers.strip_line import TRIES
from drivers.strip_text import ELLIPSIS, MISSING, TEXT_BYTES_MAX, make_safe
from drivers.transport import VirtualTransport, open_port

QUICK = {"ack_s": 0.1}


def strip_on(line, **options) -> Strip:
    transport = open_port(parse_port(line.url, tcp_port=5005, baud=57600))
    return Strip(DeviceConfig("strip", "bx-fontcard", line.url, QUICK | options), transport)


# ── text ──────────────────────────────────────────────────────────────────────────────────

TEXTS = {
    "请A017到3号窗口": "请A017到3号窗口",
    "请 A017\n到 3 号\t窗口 ": "请 A017 到 3 号 窗口",
    "买买提·艾力": "买买提·艾力",
    "王𠮷": f"王{MISSING}",
    "㐂": MISSING,
    "余额¥12": "余额￥12",
    "C:\\窗口": "C:＼窗口",
    "\x00\x07\u200b请": "请",
    "": "",
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_made_safe(text):
    safe = make_safe(text)
    assert safe.text == TEXTS[text]
    assert safe.replaced == safe.text.count(MISSING)


@pytest.mark.parametrize("charset", ["gb2312", "gbk"])
def test_a_character_whose_second_byte_is_a_backslash_is_never_sent(charset):
    # 乗 is 81 5C in GBK: a card would take its second byte for the start of a command.
    assert "乗".encode("gbk")[1] == 0x5C
    safe = make_safe("乗客", charset)
    assert safe.text == f"{MISSING}客"
    assert b"\x5c" not in safe.data


def test_a_card_with_a_large_font_gets_what_gb2312_lacks():
    assert make_safe("镕", "gb2312").text == MISSING
    assert make_safe("镕", "gbk").text == "镕"


def test_a_text_too_long_is_cut_and_says_so():
    safe = make_safe("请" * 500)
    assert len(safe.data) <= TEXT_BYTES_MAX
    assert safe.text.endswith(ELLIPSIS)


@given(st.text(max_size=300), st.sampled_from(["gb2312", "gbk"]))
def test_any_text_is_read_by_a_card_as_promised(text, charset):
    safe = make_safe(text, charset)
    assert read_text(safe.data) == safe.text
    assert len(safe.data) <= TEXT_BYTES_MAX


@given(st.text(max_size=60))
async def test_any_text_reaches_the_wall_or_is_marked(text):
    card = BxFontCard()
    strip = Strip(DeviceConfig("s", "bx-fontcard", "virtual://"), VirtualTransport(card))
    await strip.line.open()
    assert await strip.show(text) == card.text
    assert card.violations == []


# ── on the line ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_a_strip_shows_a_text_when_the_card_says_so(serve):
    card = BxFontCard()
    async with serve(card) as line:
        strip = strip_on(line, colour="red", size=24)
        await strip.connect()
        assert await strip.show("请A017到3号窗口") == "请A017到3号窗口"
        assert card.text == "请A017到3号窗口"
        assert card.violations == []
        await strip.close()


async def test_a_text_that_fits_stands_and_a_longer_one_runs():
    card = BxFontCard()
    async with serving.on_tcp(card) as line:
        strip = strip_on(line)
        await strip.connect()
        await strip.show("请A017到3号窗口")
        assert (card.areas[0].mode, card.areas[0].run) == (bx.Mode.STATIC, bx.Run.STAY)
        await strip.show("请A017号办事群众到三楼3号窗口办理")
        assert (card.areas[0].mode, card.areas[0].run) == (bx.Mode.LEFT, bx.Run.LOOP)
        await strip.show("请A017", flash=True)
        assert card.areas[0].mode == bx.Mode.LEFT
        await strip.show("")
        assert card.areas == {}
        await strip.close()


async def test_a_silent_strip_is_a_timeout_after_some_tries():
    card = BxFontCard()
    async with serving.on_tcp(card, serving.LineFaults(silent=True)) as line:
        strip = strip_on(line)
        await strip.line.open()
        with pytest.raises(DeviceTransient) as caught:
            await strip.show("请A017")
        assert caught.value.code == "timeout"
        assert card.history == ["请A017"] * TRIES
        await strip.close()


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_an_answer_torn_into_bytes_is_understood(serve):
    async with serve(BxFontCard(), serving.LineFaults(split=True)) as line:
        strip = strip_on(line, ack_s=1.0)
        await strip.connect()
        assert await strip.show("A017") == "A017"
        assert strip.retries == 0
        await strip.close()


@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_garbled_answers_are_told_from_silence(serve):
    async with serve(BxFontCard(), serving.LineFaults(garbled=True)) as line:
        strip = strip_on(line)
        with pytest.raises(DeviceTransient) as caught:
            await strip.connect()
        assert caught.value.code == "garbled"
        await strip.close()


async def after_a_late_answer(strip: Strip, line, card: BxFontCard) -> None:
    """The first try's answer came in the second; the second's waits on the line."""
    await strip.line.open()
    line.faults.late_s = 0.15
    assert await strip.show("A001") == "A001"
    assert strip.retries == 1
    await asyncio.sleep(0.3)  # the line is real: until the answer too many has arrived
    line.faults.late_s, card.busy = 0.0, True


async def test_an_answer_too_many_does_not_count_for_the_next_text():
    card = BxFontCard()
    async with serving.on_tcp(card) as line:
        strip = strip_on(line)
        await after_a_late_answer(strip, line, card)
        with pytest.raises(DeviceTransient) as caught:
            await strip.show("A002")
        assert caught.value.code == "busy"
        await strip.close()


async def test_without_emptying_the_line_it_would_count(monkeypatch):
    """The negative control: a text that is not on the wall would be reported as shown."""

    async def nothing() -> None:
        pass

    card = BxFontCard()
    async with serving.on_tcp(card) as line:
        strip = strip_on(line)
        await after_a_late_answer(strip, line, card)
        monkeypatch.setattr(strip.line, "_drain", nothing)
        assert await strip.show("A002") == "A002"
        assert card.text == "A001"
        await strip.close()


async def test_a_damaged_frame_is_sent_again():
    class NoisyLine:
        """Damages the first frame that passes."""

        def __init__(self, card: BxFontCard) -> None:
            self.card = card
            self.damaged = False

        def feed(self, data: bytes) -> bytes:
            if not self.damaged and len(data) > 12:
                self.damaged = True
                data = data[:22] + bytes([data[22] ^ 1]) + data[23:]
            return self.card.feed(data)

    card = BxFontCard()
    async with serving.on_tcp(NoisyLine(card)) as line:
        strip = strip_on(line)
        await strip.connect()
        assert strip.retries == 1
        assert card.violations == ["wrong CRC"]
        await strip.close()


async def test_a_text_area_larger_than_the_strip_is_refused_with_words():
    async with serving.on_tcp(BxFontCard(width=64)) as line:
        strip = strip_on(line, width=192)
        await strip.connect()
        with pytest.raises(DeviceBroken, match="does not know this command") as caught:
            await strip.show("A017")
        assert caught.value.code == "refused"
        await strip.close()


async def test_strips_on_one_line_answer_for_themselves():
    class Wires:
        """Every card on the pair of wires hears every byte."""

        def __init__(self, *cards: BxFontCard) -> None:
            self.cards = cards

        def feed(self, data: bytes) -> bytes:
            return b"".join(card.feed(data) for card in self.cards)

    cards = [BxFontCard(address=number) for number in (1, 2, 3)]
    async with serving.on_pty(Wires(*cards)) as line:
        bus = Bus(parse_port(line.url, 5005, 57600))
        strips = []
        for card in cards:
            config = DeviceConfig("s", "bx-fontcard", line.url, {"address": card.address})
            handle = BusHandle(bus)
            strips.append(Strip(config, handle, handle.turn))
        await asyncio.gather(*(strip.connect() for strip in strips))
        await asyncio.gather(*(strip.show(f"A{n:03}") for n, strip in enumerate(strips)))
        assert [card.text for card in cards] == ["A000", "A001", "A002"]
        assert all(card.violations == [] for card in cards)
        assert [strip.retries for strip in strips] == [0, 0, 0]
        for strip in strips:
            await strip.close()


async def test_without_turns_strips_on_one_line_spoil_each_other():
    """The negative control of the test above: what the turn prevents does happen without it."""
    heard: list[bytes] = []

    class Wires:
        def feed(self, data: bytes) -> bytes:
            heard.append(data)
            return b""

    transport = VirtualTransport(Wires())
    await transport.open()
    config = DeviceConfig("s", "bx-fontcard", "virtual://", {"ack_s": 0.02})
    strips = [Strip(config, transport) for _ in range(2)]
    await asyncio.gather(*(strip.check() for strip in strips), return_exceptions=True)
    # Questions of the two alternate before either has its answer.
    assert len(heard) == 2 * TRIES


# ── options ───────────────────────────────────────────────────────────────────────────────

WRONG = [
    {"address": 0},
    {"address": "1"},
    {"address": True},
    {"width": 100},
    {"width": 9999},
    {"height": 4},
    {"size": 20},
    {"size": 32, "height": 16},
    {"colour": "blue"},
    {"charset": "utf8"},
    {"ack_s": 0},
    {"adress": 1},
]


@pytest.mark.parametrize("options", WRONG)
def test_a_wrong_option_is_named(options):
    config = DeviceConfig("s", "bx-fontcard", "virtual://", options)
    with pytest.raises(DeviceBroken, match=next(iter(options))) as caught:
        Strip(config, VirtualTransport(BxFontCard()))
    assert caught.value.code == "bad_option"
