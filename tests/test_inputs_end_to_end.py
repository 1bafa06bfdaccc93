"""A whole hall with its device process, and a pad, an evaluator and a card reader on real lines."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from drivers.emulators import serving
from drivers.emulators.hallpad68 import HallPad68
from drivers.emulators.sam import SamReader, card_text
from queued import app as application
from queued import pads
from queued.core import commands as c
from queued.core.plan import QueueId
from queued.equipment import CARD_SECRET, card_secret
from queued.outputs import device_config
from queued.settings_values import DeviceSettings
from tests.hall_parts import eventually, settings
from tests.test_app import on_a_free_port

KEY_START, KEY_WAIT, KEY_CALL, KEY_FUNCTION = 0x0A, 0x0B, 0x0C, 0x0F
NAME, NUMBER = "欧阳娜娜", "11010519491231002X"
TOKEN = "a-kiosk-token-0123456789"


@dataclass
class Hall:
    """What the tests touch."""

    app: application.App
    data: Path
    http: aiohttp.ClientSession

    @property
    def hall(self) -> Any:
        return self.app.hall.actor.hall

    async def issue(self) -> None:
        queue = QueueId(next(iter(self.hall.plan.queues)))
        await self.app.hall.actor.submit(c.IssueTicket(queue=queue, by="kiosk:k"))

    async def call(self, method: str, path: str, json: Any = None) -> tuple[int, Any]:
        url = f"{self.app.url}/api/v1{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.http.request(method, url, json=json, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@asynccontextmanager
async def running(tmp_path: Path, *devices: DeviceSettings) -> AsyncIterator[Hall]:
    furnished = on_a_free_port(settings(*devices))
    data = tmp_path / "data"
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(application.running(furnished, data))
        await app.store.accounts.add_token(TOKEN, "kiosk", "kiosk-1", app.hall.actor.hall.at)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Hall(app, data, http)


@pytest.fixture(autouse=True)
def _quick_counts(monkeypatch):
    monkeypatch.setattr(pads, "WAITING_EVERY_S", 0.05)


def wired(emulated: HallPad68 | SamReader, line: serving.Line) -> None:
    if isinstance(emulated, HallPad68):
        emulated.push = line.push


async def test_a_press_on_the_bus_calls_and_the_pad_shows_it(tmp_path: Path):
    emulated = HallPad68(1)
    async with serving.on_pty(emulated) as line:
        wired(emulated, line)
        pad = DeviceSettings("pad-1", "hallpad68", line.url, window="1", rating_s=60)
        async with running(tmp_path, pad) as hall:
            for _ in range(3):
                await hall.issue()
            # Given a pad that shows that three wait
            await eventually(lambda: emulated.display == "_3")
            # When its clerk opens the window and calls
            await pressed(emulated, 2, KEY_FUNCTION)
            await pressed(emulated, KEY_CALL)
            # Then the first number is called and shown, and the pad says that it worked
            await eventually(lambda: emulated.display == "01_2")
            assert hall.hall.ticket(1).status.value == "called"
            await eventually(lambda: emulated.verdicts == [True, True])
            # A bounced key is the same press
            emulated.press(KEY_START)
            emulated.press(KEY_START)
            await eventually(lambda: hall.hall.ticket(1).status.value == "serving")
            await eventually(lambda: len(emulated.acknowledged) == 4)
            # The next call finishes the visit: the visitor is asked, and presses "very good"
            await pressed(emulated, KEY_CALL)
            await eventually(lambda: emulated.display == "02_1")
            assert hall.hall.ticket(1).status.value == "served"
            assert emulated.verdicts == [True] * 4, "one for each press that counted"
            emulated.rate(4)
            await eventually(lambda: hall.hall.ticket(1).rating == "very-satisfied")
            # What cannot be is told too
            await pressed(emulated, 9, KEY_CALL)
            await eventually(lambda: emulated.verdicts[-1] is False and emulated.alarms == 1)
            async with hall.http.get(f"{hall.app.url}/metrics") as answer:
                metrics = await answer.text()
            assert 'queued_inputs_total{result="done",role="pad"} 4.0' in metrics
            assert 'queued_inputs_total{result="unknown_ticket",role="pad"} 1.0' in metrics
            assert emulated.violations == []


async def pressed(emulated: HallPad68, *keys: int) -> None:
    """A press that the hall has acknowledged."""
    emulated.press(*keys)
    await eventually(lambda: not emulated.unacknowledged)


async def test_a_pad_that_was_unplugged_shows_the_present_when_it_is_back(tmp_path: Path):
    emulated = HallPad68(1)
    async with serving.on_pty(emulated) as line:
        wired(emulated, line)
        pad = DeviceSettings("pad-1", "hallpad68", line.url, window="1")
        async with running(tmp_path, pad) as hall:
            await hall.issue()
            await eventually(lambda: emulated.display == "_1")
            line.unplug()
            emulated.display = ""
            submit = hall.app.hall.actor.submit
            await hall.issue()
            await submit(c.OpenWindow(window="1", by="clerk:wang"))
            await submit(c.CallNext(window="1", by="clerk:wang"))
            assert emulated.display == "", "it hears nothing"
            await line.plug()
            await eventually(lambda: emulated.display == "01_1")
            await submit(c.MissTicket(window="1", by="clerk:wang"))
            await eventually(lambda: emulated.display == "_1")


# ── Nothing personal gets out ─────────────────────────────────────────────────────────────


def everything_kept(hall: Hall) -> bytes:
    """All that is on the disk, the table of people left out."""
    return b"".join(
        file.read_bytes()
        for file in sorted(hall.data.rglob("*"))
        if file.is_file() and not file.name.startswith("queued.sqlite3")
    )


async def told_everywhere(hall: Hall) -> bytes:
    """Journal, snapshot, metrics and devices, as they are read."""
    journal = hall.app.store.journal
    told = b"".join(record.body for record in await journal.read(hall.app.hall.id, 0))
    for path in ("/metrics", "/readyz", f"/api/v1/halls/{hall.app.hall.id}"):
        async with hall.http.get(hall.app.url + path) as answer:
            told += await answer.read()
    return told


async def next_card(hall: Hall) -> dict[str, Any]:
    """As a kiosk waits for it, whatever the reader itself has to tell before."""
    path = f"/halls/{hall.app.hall.id}/readers/reader-1/card"
    after = ""
    while True:
        _, told = await hall.call("GET", f"{path}?after={after}")
        if told["masked_name"]:
            return dict(told)
        after = told["read_id"] or after


def secrets_of(digest: str, read_id: str) -> list[bytes]:
    return [text.encode() for text in (NAME, NUMBER, NUMBER[6:14], "欧阳**", digest, read_id)]


async def test_a_card_becomes_a_ticket_and_nothing_personal_gets_out(tmp_path, caplog):
    emulated = SamReader()
    caplog.set_level(logging.DEBUG)
    async with serving.on_pty(emulated) as line:
        port = line.url.replace("9600", "115200")
        reader = DeviceSettings("reader-1", "sam", port, kiosk="kiosk-1", options={"poll_ms": 200})
        async with running(tmp_path, reader) as hall:
            path = f"/halls/{hall.app.hall.id}"
            # Given a visitor who lays down a card
            emulated.lay(card_text(NAME, NUMBER))
            card = await next_card(hall)
            assert re.fullmatch(r"欧.*\*+", card["masked_name"]), card
            # When the kiosk takes a number with it, and another
            wish = {"queue": next(iter(hall.hall.plan.queues)), "card": card["read_id"]}
            status, taken = await hall.call("POST", f"{path}/tickets", wish)
            assert status == 201, taken
            status, problem = await hall.call("POST", f"{path}/tickets", wish)
            # Then there is one, bound to the card
            assert (status, problem["code"]) == (409, "already_waiting")
            day = hall.hall.day
            (person,) = await hall.app.store.people.of_ticket(hall.app.hall.id, day, 1, 0)
            assert person.masked == card["masked_name"]
            # And nothing of it is anywhere else
            private = secrets_of(person.digest, card["read_id"])
            private.append(card["masked_name"].encode())
            public = await told_everywhere(hall)
            public += everything_kept(hall) + caplog.text.encode()
            assert [one for one in private if one in public] == []
            assert taken["ticket"]["number"].encode() in public, "the control: this is the place"
            database = b"".join(f.read_bytes() for f in hall.data.glob("queued.sqlite3*"))
            assert person.digest.encode() in database
            assert [one for one in private[:3] if one in database] == []
    assert emulated.violations == []


# ── The readers' secret ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("own", [{}, {"secret": "one that the hall was given"}])
def test_a_reader_gets_the_halls_secret_unless_it_has_its_own(own, monkeypatch):
    device = DeviceSettings("reader-1", "sam", "virtual://", kiosk="k", options=own)
    monkeypatch.delenv(CARD_SECRET, raising=False)
    made = card_secret(b"\1" * 32)
    assert len(made) == 64 and made != card_secret(b"\2" * 32)
    assert device_config(device, made).options["secret"] == own.get("secret", made)
    printer = dataclasses.replace(device, kind="escpos", options={})
    assert "secret" not in device_config(printer, made).options
    monkeypatch.setenv(CARD_SECRET, "one that several halls share")
    assert device_config(device, card_secret(b"\1" * 32)).options == own
