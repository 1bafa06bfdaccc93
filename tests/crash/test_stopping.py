"""SIGTERM in the middle of everything: what was asked is answered, then the doors close."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from queued.storage.folder import DATABASE
from tests.crash import process
from tests.crash.line import Cut, Line, Reply
from tests.crash.load import ROLES, Crowd
from tests.crash.process import API, queued

ROUNDS = 2
ROUNDS_OF_CONTROL = 12

LATER_S = 0.0005
"""Each round of the control kills so much later after an answer: from the moment when everybody
was just told, through the commit, to the next answers."""
ANSWERS = 150

FRAME_END = b"\n\n\r\n"
"""Of a whole event in a whole chunk. A stream has no last event: screens reconnect."""

STOP_S = 10.0
"""systemd would kill it much later; a hall that takes longer has forgotten somebody."""


def stopped(
    folder: Path, number: signal.Signals, later_s: float = 0.0
) -> tuple[Crowd, int, list[Cut], bytes | Cut]:
    """One life under load, with a board at the stream, ended by a signal: what everybody saw."""
    config, data = process.config(folder), folder / "data"
    crowd = Crowd(process.tokens(data, **ROLES))
    with process.serving(config, data) as hall:

        async def live() -> tuple[list[Cut], bytes | Cut]:
            board = asyncio.ensure_future(watch(hall.port))
            idle = await Line.open(hall.port)
            assert (await idle.ask("GET", API)).status == 200
            loop = asyncio.get_running_loop()
            cuts = await crowd.load(
                hall.port, ANSWERS, lambda: loop.call_later(later_s, hall.signal, number)
            )
            assert await idle.rest() == b""
            idle.close()
            return cuts, await board

        cuts, seen = asyncio.run(live())
        began = time.monotonic()
        code = hall.ended()
        assert time.monotonic() - began < STOP_S
    return crowd, code, cuts, seen


async def watch(port: int) -> bytes | Cut:
    """What a board receives until the stream ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {API}/stream HTTP/1.1\r\nHost: hall\r\n\r\n".encode())
    try:
        return await asyncio.wait_for(reader.read(-1), process.EXIT_S)
    except OSError:
        return Cut(b"", reset=True)
    finally:
        writer.close()


def unclean(code: int, cuts: list[Cut], seen: bytes | Cut) -> list[str]:
    """What is wrong with an end.

    A request that was sent while its connection was being closed may be cut off, by a reset too,
    if nothing of it was done: `Crowd.done_unheard` tells, once everybody has asked again.
    """
    found = [] if code == 0 else [f"exit code {code}"]
    found += [f"an answer was {cut}" for cut in cuts if cut.received]
    if isinstance(seen, Cut) or not seen.endswith(FRAME_END):
        found.append("the stream was torn off")
    return found


def restarted(folder: Path, crowd: Crowd) -> None:
    """Start again; everybody asks again for what was open and for what was answered."""
    with process.serving(folder / "hall.toml", folder / "data") as again:
        asyncio.run(crowd.check(again.port, again.seq))
        asyncio.run(crowd.look_up_everything(again.port))


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_sigterm_under_load_finishes_what_it_has_in_hand(tmp_path: Path, round_: int):
    crowd, code, cuts, seen = stopped(tmp_path, signal.SIGTERM)
    assert unclean(code, cuts, seen) == []
    assert len(crowd.told) >= ANSWERS
    verified = queued("verify", "--data", tmp_path / "data")
    assert verified.returncode == 0, verified.stderr
    restarted(tmp_path, crowd)
    assert crowd.all_complaints() == []
    assert crowd.done_unheard == [], "it was carried out, and its caller was not told"


def test_a_kill_is_not_mistaken_for_a_clean_end(tmp_path: Path):
    """The negative control: the same eyes on SIGKILL."""
    unheard = []
    for number in range(ROUNDS_OF_CONTROL):
        folder = tmp_path / str(number)
        folder.mkdir()
        crowd, code, cuts, seen = stopped(folder, signal.SIGKILL, number * LATER_S)
        assert "exit code -9" in unclean(code, cuts, seen)
        restarted(folder, crowd)
        assert crowd.all_complaints() == []
        unheard += crowd.done_unheard
        if unheard:
            break
    assert unheard, "a kill in the middle of everything left nobody in doubt"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_hall_ends_at_once(tmp_path: Path, number: signal.Signals):
    config = process.config(tmp_path)
    with process.serving(config, tmp_path / "data") as hall:
        hall.signal(number)
        assert hall.ended() == 0
    # The log holds no complaint about the end, and the folder is free again.
    assert "Traceback" not in hall.log.read_text("utf-8")
    assert queued("verify", "--data", tmp_path / "data").returncode == 0


def test_a_hall_whose_journal_somebody_else_writes_stops_and_says_so(tmp_path: Path):
    config, data = process.config(tmp_path), tmp_path / "data"
    kiosk = process.tokens(data, kiosk="kiosk")["kiosk"]
    with process.serving(config, data) as hall:

        async def take() -> Reply:
            line = await Line.open(hall.port, kiosk)
            reply = await line.ask("POST", f"{API}/tickets", {"queue": "a"})
            line.close()
            return reply

        assert asyncio.run(take()).status == 201
        with closing(sqlite3.connect(data / DATABASE)) as intruder:
            intruder.execute(
                "INSERT INTO journal SELECT hall, seq + 1, at, type, \"by\", body, hash "
                "FROM journal ORDER BY seq DESC LIMIT 1"
            )
            intruder.commit()
        assert asyncio.run(take()).status == 503
        assert hall.ended() == 1, "the supervisor must see that it did not end by request"
        words = hall.log.read_text("utf-8")
    assert "hall crash stops: seq 4 of hall crash is taken" in words
    assert "Traceback" not in words
