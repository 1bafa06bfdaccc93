"""The card reader's driver: one card is one report, and nothing about a person gets out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging

import pytest

from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.emulators.sam import SamReader, card_text, foreign_text
from drivers.input_event import Card, CardTrouble
from drivers.jobs import CardRead, Configure, DeviceConfig, DeviceReport, encode
from drivers.ports import parse_port
from drivers.reader import SECRET_NAME, TRIES, Reader, digest, profile_of
from drivers.registry import Registry
from drivers.supervisor import Supervisor
from drivers.transport import VirtualTransport, open_port
from tests.drivers.fake_clock import eventually

SECRET = "a secret of the hall"
NUMBER, OTHER = "11010519491231002X", "810000199408230021"
CARD, OTHER_CARD = card_text("张三丰", NUMBER), card_text("欧阳娜娜", OTHER, "2")
SERVES = pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])


def config(port: str = "virtual://", **options) -> DeviceConfig:
    return DeviceConfig("reader", "sam", port, {"secret": SECRET, "ack_s": 0.2} | options)


class Desk:
    """A reader that looks when the test says so; `now_ms` passes 400 ms at every look."""

    def __init__(self, emulator: SamReader, **options) -> None:
        self.now_ms = 0
        self.emulator = emulator
        self.looks = asyncio.Semaphore(0)
        self.looked = 0
        self.cards: list = []
        transport = VirtualTransport(emulator)
        self.reader = Reader(config(**options), transport, lambda: self.now_ms, self._pause)

    async def __aenter__(self) -> Desk:
        await self.reader.connect()
        self.task = asyncio.ensure_future(self._work())
        await eventually(lambda: self.looked)
        return self

    async def __aexit__(self, *_error) -> None:
        self.task.cancel()
        await self.reader.close()

    async def look(self, times: int = 1) -> list:
        """What was read during so many looks."""
        for _ in range(times):
            looked = self.looked
            self.looks.release()
            await eventually(lambda before=looked: self.looked > before or self.task.done())
        found, self.cards = self.cards, []
        return found

    async def _work(self) -> None:
        while True:
            found = await self.reader.events()
            self.cards += found

    async def _pause(self, seconds: float) -> None:
        self.looked += 1
        await self.looks.acquire()
        self.now_ms += round(seconds * 1000)


@pytest.mark.parametrize("finds_again", [True, False])
async def test_a_card_that_lies_there_is_one_card(finds_again):
    async with Desk(SamReader(finds_again=finds_again)) as desk:
        desk.emulator.lay(CARD)
        assert await desk.look(40) == [Card(digest(NUMBER, SECRET), "张*")]
        desk.emulator.lift()
        assert await desk.look(20) == []
        desk.emulator.lay(CARD)
        assert await desk.look(3) == [Card(digest(NUMBER, SECRET), "张*")], "the control"


async def test_a_card_put_back_at_once_is_one_card_and_another_one_is_not():
    async with Desk(SamReader()) as desk:
        desk.emulator.lay(CARD)
        assert len(await desk.look(2)) == 1
        desk.emulator.lift()
        await desk.look()
        desk.emulator.lay(CARD)
        assert await desk.look(2) == []
        desk.emulator.lay(OTHER_CARD)
        assert await desk.look(2) == [Card(digest(OTHER, SECRET), "欧阳*")]


async def test_the_sex_is_told_only_where_it_was_asked_for():
    async with Desk(SamReader(), sex=True) as desk:
        desk.emulator.lay(OTHER_CARD)
        assert [card.sex for card in await desk.look(2)] == ["female"]


async def test_a_foreigners_card_is_read():
    async with Desk(SamReader(fingerprints=1024)) as desk:
        desk.emulator.lay(foreign_text("SMITH, JOHN", "史密斯", "CAN110080010150"))
        assert [card.masked_name for card in await desk.look(2)] == ["史*"]


async def test_a_card_whose_data_are_none_is_told_once_and_counted():
    async with Desk(SamReader(finds_again=True)) as desk:
        desk.emulator.lay(bytes(256))
        assert await desk.look(3) == [CardTrouble("no_data")]
        assert desk.reader.unreadable >= 2
        desk.emulator.lay(CARD)
        assert await desk.look(2) == [Card(digest(NUMBER, SECRET), "张*")]
        assert desk.emulator.violations == []


async def test_a_card_that_is_taken_away_too_soon_is_told_and_one_that_was_read_is_not():
    emulator = Hasty()
    async with Desk(emulator) as desk:
        emulator.hasty = True
        desk.emulator.lay(CARD)
        assert await desk.look() == [CardTrouble("moved")]
        emulator.hasty = False
        desk.emulator.lay(CARD)
        assert len(await desk.look(2)) == 1
        emulator.hasty = True
        desk.emulator.lay(CARD)
        assert await desk.look(2) == []  # that is how a card is taken away
        await desk.look(13)
        desk.emulator.lay(OTHER_CARD)
        assert await desk.look() == [CardTrouble("moved")], "the control"


class Hasty(SamReader):
    """Whose owner takes the card away between finding and selecting it."""

    hasty = False

    def _find(self) -> bytes:
        found = super()._find()
        if self.hasty:
            self.lift()
        return found


@SERVES
@pytest.mark.parametrize("split", [True, False])
async def test_a_card_is_read_on_a_real_line(serve, split):
    emulator = SamReader()
    async with serve(emulator) as line:
        reader = Reader(config(line.url, ack_s=2.0), open_port(parse_port(line.url, 1, 115200)))
        await reader.connect()
        line.faults.split = split
        emulator.lay(CARD)
        async with asyncio.timeout(30):
            assert [card.masked_name for card in await reader.events()] == ["张*"]
        await reader.close()


@pytest.mark.parametrize(("fault", "code"), [("silent", "timeout"), ("garbled", "garbled")])
async def test_a_bad_line_is_told_after_some_tries(fault, code):
    async with serving.on_tcp(SamReader()) as line:
        setattr(line.faults, fault, True)
        reader = Reader(config(line.url), open_port(parse_port(line.url, 1, 115200)))
        with pytest.raises(DeviceTransient) as caught:
            await reader.connect()
        assert caught.value.code == code
        assert line.received == TRIES * 10
        await reader.close()


async def test_an_error_of_the_module_is_told():
    reader = Reader(config(), VirtualTransport(SamReader(error=0x66)))
    with pytest.raises(DeviceTransient, match="error 66"):
        await reader.connect()


async def test_nothing_about_a_person_gets_out(caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    emulator, reports = SamReader(), []
    registry = Registry()
    monkeypatch.setattr("drivers.emulators.sam.SamReader", lambda: emulator)
    supervisor = Supervisor(reports.append, registry)
    supervisor.obey(Configure((config(poll_ms=200),)))
    emulator.lay(CARD)
    await eventually(lambda: any(isinstance(report, CardRead) for report in reports))
    emulator.lay(bytes(256))
    emulator.error = 0x66
    await eventually(lambda: any(_is_degraded(report) for report in reports))
    await supervisor.stop()
    told = b"".join(encode(report) for report in reports).decode() + caplog.text + repr(reports)
    for private in ("三丰", "丰", NUMBER, NUMBER[6:14], "某市", SECRET):
        assert private not in told
    (card,) = [report for report in reports if isinstance(report, CardRead)]
    want = hmac.new(SECRET.encode(), b"queued card v1\0" + NUMBER.encode(), hashlib.sha256)
    assert (card.digest, card.masked_name, card.sex) == (want.hexdigest(), "张*", "")


def _is_degraded(report) -> bool:
    return isinstance(report, DeviceReport) and report.state == "degraded"


def test_the_digest_depends_on_the_number_and_on_the_secret():
    assert digest(NUMBER, SECRET) == digest(NUMBER, SECRET)
    assert len({digest(NUMBER, SECRET), digest(OTHER, SECRET), digest(NUMBER, SECRET * 2)}) == 3


def test_the_secret_may_be_in_the_environment_and_is_never_shown():
    profile = profile_of({}, {SECRET_NAME: SECRET})
    assert profile.secret == SECRET
    assert SECRET not in repr(profile)


@pytest.mark.parametrize(
    "options", [{}, {"secret": "short"}, {"secret": SECRET, "sex": 1}, {"secret": 7},
                {"secret": SECRET, "poll_ms": 1}, {"secret": SECRET, "photo": True}],
)  # fmt: skip
def test_an_option_that_cannot_be_is_named(options):
    with pytest.raises(DeviceBroken) as caught:
        profile_of(options, {})
    assert caught.value.code == "bad_option"
    assert "short" not in str(caught.value) and SECRET not in str(caught.value)
