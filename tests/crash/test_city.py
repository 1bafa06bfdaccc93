"""A hall of a city, as whole processes on a real PostgreSQL: killed, cut off, left without it.

What counts is the same as on a box (test_kills.py): no number is lost, none is given out twice.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from queued.storage.city import City
from tests.crash import process
from tests.crash.line import Line, Reply
from tests.crash.load import ROLES, Crowd
from tests.crash.process import API, HALL, QUEUED, Serving, queued
from tests.crash.test_kills import killed_again_and_again
from tests.postgresql_server import Server, server

KILLS = 5
CUTS = 3
ANSWERS_BEFORE_A_CUT = 120

BACK_S = 20.0
"""A hall asks twice a second whether its database is back; this only ends a test that hangs."""

POLL_S = 0.05
LAWLESS = ("-m", "tests.crash.careless_serve", "lawless")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


@pytest.fixture
def city(running: Server) -> City:
    running.ask(f'DROP SCHEMA IF EXISTS "hall_{HALL}" CASCADE')
    return City(running.url(), HALL)


def furnished(folder: Path, city: City) -> Path:
    """A configuration of the hall in that city."""
    folder.mkdir(exist_ok=True)
    return process.config(folder, more=f'[storage]\nurl = "{city.url}"\n')


def ask(hall: Serving, method: str, path: str, token: str = "", **more: object) -> Reply:
    """One request."""

    async def one() -> Reply:
        async with await Line.open(hall.port, token) as line:
            return await line.ask(method, path, **more)  # type: ignore[arg-type]

    return asyncio.run(one())


def take(hall: Serving, token: str, key: str = "") -> Reply:
    """A number of queue a."""
    return ask(hall, "POST", f"{API}/tickets", token, body={"queue": "a"}, key=key)


def until_ready(hall: Serving) -> None:
    """The database is back, and the hall knows."""
    deadline = time.monotonic() + BACK_S
    while (reply := ask(hall, "GET", "/readyz")).status != 200:
        assert time.monotonic() < deadline, reply
        time.sleep(POLL_S)


def proven(config: Path, data: Path, seq: int) -> None:
    """`queued verify` agrees with the auditor."""
    verified = queued("verify", "--data", data, "--config", config)
    assert verified.returncode == 0, verified.stderr
    assert f"seq {seq}, " in verified.stdout


# ── Killed ────────────────────────────────────────────────────────────────────────────────


def test_kills_lose_nothing_and_double_nothing(city: City, tmp_path: Path):
    crowd = killed_again_and_again(tmp_path, KILLS, 1, QUEUED, city)
    assert crowd.all_complaints() == []
    assert len(crowd.told) > KILLS * 40
    proven(tmp_path / "hall.toml", tmp_path / "data", crowd.audit.seq)


def test_a_careless_store_is_caught_here_too(city: City, tmp_path: Path):
    """The negative control: the same kills, and answers that come before the commit."""
    early = ("-m", "tests.crash.careless_serve", "early")
    crowd = killed_again_and_again(tmp_path, KILLS, 1, early, city)
    assert any("was told" in one for one in crowd.all_complaints()), crowd.all_complaints()


# ── The server pulled ─────────────────────────────────────────────────────────────────────


def test_a_database_that_is_pulled_under_load_costs_nobody_a_number(
    city: City, running: Server, tmp_path: Path
):
    config, data = furnished(tmp_path, city), tmp_path / "data"
    crowd = Crowd(process.tokens(data, city, **ROLES))
    kiosk = crowd.tokens["kiosk0"]
    with process.serving(config, data) as hall:
        for _ in range(CUTS):
            asyncio.run(crowd.check(hall.port, crowd.seq))

            async def pulled(hall=hall) -> None:
                # In a thread: the crowd goes on asking while the server dies.
                loop, ended = asyncio.get_running_loop(), []

                def pull() -> None:
                    ended.append(loop.run_in_executor(None, running.stop))

                cuts = await crowd.load(hall.port, ANSWERS_BEFORE_A_CUT, pull)
                await asyncio.gather(*ended)
                assert not cuts, "the hall cut a connection instead of answering"

            asyncio.run(pulled())
            try:
                refused = take(hall, kiosk)
                assert (refused.status, refused.json["code"]) == (503, "not_ready")
                assert int(refused.headers["retry-after"]) > 0
                # The public reads go on, from memory.
                seen = ask(hall, "GET", API)
                assert seen.status == 200 and seen.json["seq"] >= crowd.seq
                assert ask(hall, "GET", "/healthz").status == 200
                assert ask(hall, "GET", "/readyz").status == 503
            finally:
                running.start()
            until_ready(hall)
        asyncio.run(crowd.check(hall.port, crowd.seq))
        asyncio.run(crowd.look_up_everything(hall.port))
        hall.signal(signal.SIGTERM)
        assert hall.ended() == 0
        said = hall.log.read_text("utf-8")
    assert crowd.all_complaints() == []
    assert len(crowd.told) > CUTS * ANSWERS_BEFORE_A_CUT
    assert "waits for its journal" in said and "has its journal again" in said
    assert "Traceback" not in said
    proven(config, data, crowd.audit.seq)


def test_a_hall_stops_cleanly_while_its_database_is_away(
    city: City, running: Server, tmp_path: Path
):
    config, data = furnished(tmp_path, city), tmp_path / "data"
    tokens = process.tokens(data, city, kiosk="kiosk")
    with process.serving(config, data) as hall:
        assert take(hall, tokens["kiosk"]).status == 201
        running.stop()
        try:
            assert take(hall, tokens["kiosk"]).status == 503
            hall.signal(signal.SIGTERM)
            assert hall.ended() == 0
            refused = queued("serve", "--config", config, "--data", data)
            assert refused.returncode == 1
            assert "cannot start: the database server cannot be used" in refused.stderr
        finally:
            running.start()


# ── Two owners ────────────────────────────────────────────────────────────────────────────


def two_machines(folder: Path, city: City) -> tuple[tuple[Path, Path], tuple[Path, Path], str]:
    """Configuration and data of two machines that believe in the same hall; a kiosk's token."""
    token = process.tokens(folder / "data", city, kiosk="kiosk")["kiosk"]
    one = furnished(folder, city), folder / "data"
    two = furnished(folder / "two", city), folder / "two" / "data"
    two[1].mkdir()
    for name in ("secret", "people.key"):
        (two[1] / name).write_bytes((one[1] / name).read_bytes())
    return one, two, token


def test_a_second_machine_is_refused_and_takes_over_when_the_first_is_gone(
    city: City, tmp_path: Path
):
    one, two, token = two_machines(tmp_path, city)
    with process.serving(*one) as first:
        assert take(first, token).json["ticket"]["number"] == "A0001"
        refused = queued("serve", "--config", two[0], "--data", two[1])
        assert refused.returncode == 1
        assert f"process {first.process.pid}" in refused.stderr
        first.signal(signal.SIGKILL)
        with process.serving(*two) as second:
            assert take(second, token).json["ticket"]["number"] == "A0002"


def test_an_owner_that_was_cut_off_does_not_write_when_it_wakes_up(
    city: City, running: Server, tmp_path: Path
):
    """Frozen with its machine, given up by the server, replaced; then it goes on."""
    one, two, token = two_machines(tmp_path, city)
    with process.serving(*one) as stale:
        take(stale, token, "first")
        stale.signal(signal.SIGSTOP)
        running.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE 'queued%'"
        )
        with process.serving(*two) as owner:
            assert take(owner, token).json["ticket"]["number"] == "A0002"
            stale.signal(signal.SIGCONT)
            assert take(stale, token).status == 503
            assert stale.ended() == 1
            assert "is owned by another queued" in stale.log.read_text("utf-8")
            assert take(owner, token).json["ticket"]["number"] == "A0003"
            # What the first one was told stays true at the second.
            again = take(owner, token, "first")
            assert (again.json["ticket"]["number"], again.replayed) == ("A0001", True)
            seq = again.json["seq"]
    assert seq < 10
    verified = queued("verify", "--data", one[1], "--config", one[0])
    assert verified.returncode == 0, verified.stderr


def lawless(folder: Path, city: City, stack: ExitStack) -> tuple[Serving, Serving, str]:
    """Two servers of one hall, neither of which asks who owns it."""
    one, two, token = two_machines(folder, city)
    first = stack.enter_context(process.serving(*one, entry=LAWLESS))
    second = stack.enter_context(process.serving(*two, entry=LAWLESS))
    return first, second, token


def test_the_primary_key_fences_whoever_comes_past_the_lock(city: City, tmp_path: Path):
    with ExitStack() as stack:
        first, second, token = lawless(tmp_path, city, stack)
        assert take(second, token).json["ticket"]["number"] == "A0001"
        assert take(first, token).status == 503
        assert first.ended() == 1
        assert "is taken by another owner" in first.log.read_text("utf-8")
        assert take(second, token).json["ticket"]["number"] == "A0002"


def test_without_lock_and_key_one_number_is_given_out_twice(
    city: City, running: Server, tmp_path: Path
):
    """The negative control: it is these two that keep numbers apart."""
    with ExitStack() as stack:
        first, second, token = lawless(tmp_path, city, stack)
        running.ask(f'ALTER TABLE "hall_{HALL}".journal DROP CONSTRAINT journal_pkey')
        numbers = [take(hall, token).json["ticket"]["number"] for hall in (second, first)]
    assert numbers == ["A0001", "A0001"]
    verified = queued("verify", "--data", tmp_path / "data", "--config", tmp_path / "hall.toml")
    assert verified.returncode == 1
