"""What a start refuses, in words that say what to do; and what it takes over from a full hall."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from queued.app import CannotStart, Options, running
from queued.commands.serve import listening
from queued.core.commands import IssueTicket
from queued.core.plan import Millis
from queued.engine.clock import SimulatedClock
from queued.settings import load
from queued.settings_values import Settings
from queued.storage.folder import DATABASE
from tests.crash import process
from tests.crash.line import Line
from tests.crash.process import API, queued
from tests.hall_parts import eventually

NO_DEVICES = Options(devices=False)
DAY_MS = 86_400_000
TAKE = {"queue": "a"}


def serve(config: Path, data: Path, *more: object):
    """A start that is expected to end by itself."""
    return queued("serve", "--config", config, "--data", data, "--no-devices", *more)


async def ask(port: int, method: str, path: str, token: str = "", body: dict | None = None):
    """One request on a connection of its own."""
    line = await Line.open(port, token)
    reply = await line.ask(method, path, body)
    line.close()
    return reply


def take(port: int, token: str, **asked: str) -> str:
    """A number from the kiosk."""
    reply = asyncio.run(ask(port, "POST", f"{API}/tickets", token, {**TAKE, **asked}))
    assert reply.status == 201, reply
    return reply.json["ticket"]["number"]


# ── One folder, one port ──────────────────────────────────────────────────────────────────


def test_a_folder_in_use_is_refused_and_its_owner_goes_on(tmp_path: Path):
    config, data = process.config(tmp_path), tmp_path / "data"
    kiosk = process.tokens(data, kiosk="kiosk")["kiosk"]
    with process.serving(config, data) as first:
        second = serve(config, data, "--port", "0")
        assert second.returncode == 1
        assert second.stdout == ""
        assert f"in use by another queued (process {first.process.pid})" in second.stderr
        assert second.stderr.count("\n") == 1, second.stderr
        assert take(first.port, kiosk) == "A0001"
        first.process.kill()
        first.process.wait()
    # The lock ended with the process, not with a file that somebody must delete.
    with process.serving(config, data) as third:
        assert take(third.port, kiosk) == "A0002"


def test_a_port_in_use_is_refused(tmp_path: Path):
    config = process.config(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = serve(config, tmp_path / "data", "--port", port)
    assert refused.returncode == 1
    words = f"queued: cannot start: cannot listen on 127.0.0.1:{port}: Address already in use"
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    with process.serving(config, tmp_path / "data"):
        pass


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        # Ports are 16 bits: unasked, the system would listen on 4464.
        (["--port", "70000"], "'70000' is not a port: 0 to 65535"),
        (["--port=-1"], "'-1' is not a port"),
        (["--port", "http"], "'http' is not a port"),
        (["--host", "no such host"], "cannot listen on no such host"),
        (["--host", "203.0.113.7"], "cannot listen on 203.0.113.7:0: Cannot assign requested"),
    ],
)
def test_an_impossible_address_is_told(tmp_path: Path, words: list[str], reason: str):
    refused = serve(process.config(tmp_path), tmp_path / "data", "--port", "0", *words)
    assert refused.returncode in (1, 2)
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path):
    file = tmp_path / "a file"
    file.write_text("not a folder")
    refused = serve(process.config(tmp_path), file / "data", "--port", "0")
    assert refused.returncode == 1
    assert f"cannot make the data folder {file / 'data'}" in refused.stderr


# ── A damaged journal ─────────────────────────────────────────────────────────────────────


def test_a_changed_record_stops_the_start_and_verify_names_it(tmp_path: Path):
    config, data = process.config(tmp_path), tmp_path / "data"
    kiosk = process.tokens(data, kiosk="kiosk")["kiosk"]
    with process.serving(config, data) as hall:
        for _ in range(10):
            take(hall.port, kiosk)
        hall.signal(signal.SIGTERM)
        assert hall.ended() == 0
    assert queued("verify", "--data", data).returncode == 0, "sound before it is damaged"
    with closing(sqlite3.connect(data / DATABASE)) as database:
        database.execute("UPDATE journal SET body = replace(body, 'kiosk', 'clerk') WHERE seq = 7")
        database.commit()
    refused = serve(config, data, "--port", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.search(r"cannot start: .*damaged at seq 7\b", refused.stderr), refused.stderr
    verified = queued("verify", "--data", data)
    assert verified.returncode == 1
    assert "first bad seq 7" in verified.stderr
    assert "everything holds" not in verified.stdout
    backup = queued("backup", tmp_path / "copy", "--data", data)
    assert backup.returncode == 1, "a damaged hall must not replace a good backup"
    assert not (tmp_path / "copy").exists()


# ── The clock ─────────────────────────────────────────────────────────────────────────────


def settings_of(config: Path) -> Settings:
    """On any free port."""
    return listening(load(config, {}), None, 0)


def at(text: str) -> SimulatedClock:
    """A clock that shows this UTC time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return SimulatedClock(Millis(int(moment.timestamp() * 1000)))


async def issued(settings: Settings, data: Path, clock: SimulatedClock, *, trust=False) -> str:
    """Start with this clock, take a number, stop."""
    options = Options(devices=False, trust_clock=trust)
    async with running(settings, data, options, clock) as app:
        command = IssueTicket(queue="a", by="kiosk:k")
        outcome = await app.hall.actor.submit(command)
        return f"{outcome.hall.day} {outcome.events[0].number}"


async def test_an_implausible_clock_keeps_the_doors_shut_until_a_person_says_otherwise(tmp_path):
    settings = settings_of(process.config(tmp_path))
    fresh, used = tmp_path / "fresh", tmp_path / "used"
    with pytest.raises(CannotStart, match="before 2026.*battery.*--trust-clock"):
        await issued(settings, fresh, at("1970-01-01T00:01"))
    assert await issued(settings, used, at("2026-11-23T02:00")) == "2026-11-23 A0001"
    for wrong, why in {
        "1970-01-01T00:01": "before 2026",
        "2026-11-21T02:00": "more than a day before the last event",
        "2036-11-23T02:00": "more than a year after the last event",
    }.items():
        with pytest.raises(CannotStart, match=why):
            await issued(settings, used, at(wrong))
    # The negative control: the same folder opens for a clock that is a little off …
    assert await issued(settings, used, at("2026-11-23T01:00")) == "2026-11-23 A0002"
    # … and for any clock that a person vouches for. The journal's time does not go back.
    seen = await issued(settings, used, at("2026-11-21T02:00"), trust=True)
    assert seen == "2026-11-23 A0003"


# ── Another configuration ─────────────────────────────────────────────────────────────────


MORE = """
[[queue]]
id = "c"
letter = "C"
name = "不动产登记"
[[service]]
id = "deed"
name = "不动产证"
queue = "c"
minutes = 20
[[window]]
id = "17"
name = "17号窗口"
queues = ["c"]
"""


def without_queue_b(config: Path) -> str:
    """The same hall without its second queue."""
    text = config.read_text("utf-8")
    head, _, rest = text.partition('[[queue]]\nid = "b"')
    rest = rest[rest.index("[[window]]") :]
    return head + rest.replace(', "b"', "").replace('["b"]', '["a"]').replace(
        'overflow = ["a"]', "overflow = []"
    )


def test_new_furniture_is_there_after_a_restart_and_nobody_loses_a_place(tmp_path: Path):
    config, data = process.config(tmp_path), tmp_path / "data"
    kiosk = process.tokens(data, kiosk="kiosk")["kiosk"]
    with process.serving(config, data) as hall:
        assert take(hall.port, kiosk) == "A0001"
    process.config(tmp_path, more=MORE)
    with process.serving(config, data) as hall:
        assert take(hall.port, kiosk, queue="c") == "C001"
        snapshot = asyncio.run(ask(hall.port, "GET", API)).json
    assert [queue["order"] for queue in snapshot["queues"]] == [["A0001"], [], ["C001"]]


def test_furniture_that_people_wait_for_stays_and_the_log_says_so(tmp_path: Path):
    config, data = process.config(tmp_path), tmp_path / "data"
    kiosk = process.tokens(data, kiosk="kiosk")["kiosk"]
    with process.serving(config, data) as hall:
        take(hall.port, kiosk, queue="b")
    config.write_text(without_queue_b(config), "utf-8")
    checked = queued("check", config)
    assert checked.returncode == 0, checked.stderr
    with process.serving(config, data) as hall:
        snapshot = asyncio.run(ask(hall.port, "GET", API)).json
        assert [queue["order"] for queue in snapshot["queues"]] == [[], ["B0001"]]
        assert take(hall.port, kiosk, queue="b") == "B0002"
        words = hall.log.read_text("utf-8")
    assert "the changed configuration waits for the end of the day" in words
    assert "The queue b cannot go while tickets need it." in words


async def test_furniture_that_had_to_wait_is_moved_when_the_next_day_opens(tmp_path: Path):
    """As the log has promised, without a restart."""
    config, clock = process.config(tmp_path), at("2026-11-23T02:00")
    async with running(settings_of(config), tmp_path / "data", NO_DEVICES, clock) as app:
        await app.hall.actor.submit(IssueTicket(queue="b", by="kiosk:k"))
    config.write_text(without_queue_b(config), "utf-8")
    async with running(settings_of(config), tmp_path / "data", NO_DEVICES, clock) as app:
        actor = app.hall.actor
        assert list(actor.hall.plan.queues) == ["a", "b"]
        clock.move_to(Millis(clock.now() + DAY_MS))
        await eventually(lambda: actor.hall.day == "2026-11-24")
        await eventually(lambda: list(actor.hall.plan.queues) == ["a"])
        assert actor.alive
