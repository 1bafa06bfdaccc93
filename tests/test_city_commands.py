"""The commands on a hall of a city: where they look, and what the doctor says of the server."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest

from display import i18n
from queued.__main__ import main
from queued.commands import doctor_city
from queued.commands.doctor_findings import Finding
from queued.commands.memory import VARIABLE
from queued.settings_values import Settings, StorageSettings
from queued.storage.city import City
from queued.storage.store import Store
from tests.hall_parts import CONFIG, settings
from tests.postgresql_server import ROLE, Server, server
from tests.storage.days import DATES, work

HALL = "yinhe-street"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


@pytest.fixture
def config(running: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one-window hall in the city; nothing of it is there yet."""
    monkeypatch.delenv(VARIABLE, raising=False)
    running.ask(f'DROP SCHEMA IF EXISTS "hall_{HALL}" CASCADE')
    file = tmp_path / "hall.toml"
    text = CONFIG.read_text("utf-8")
    file.write_text(f'{text}\n[storage]\nurl = "{running.url()}"\n', "utf-8")
    return file


def said(capsys: pytest.CaptureFixture[str], code: int, *words: object) -> str:
    """What a command says that ends with `code`."""
    assert main([str(word) for word in words]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_people_and_tokens_go_where_the_configuration_says(
    config: Path, tmp_path: Path, running: Server, monkeypatch, capsys
):
    data, beside = tmp_path / "data", ("--config", config)
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    said(capsys, 0, "user", "add", "wang", "--role", "manager", "--data", data, *beside)
    token = said(capsys, 0, "token", "kiosk", "--name", "east", "--data", data, *beside).strip()
    assert len(token) > 30
    assert not (data / "queued.sqlite3").exists()
    # The folder remembers the hall, so the address alone is enough from now on …
    monkeypatch.setenv(VARIABLE, running.url())
    assert "wang  manager  active" in said(capsys, 0, "user", "list", "--data", data)
    listed = said(capsys, 0, "token", "list", "--data", data)
    assert re.match(r"[0-9a-f]{64}  kiosk    east", listed)
    assert "everything holds" in said(capsys, 0, "verify", "--data", data)
    # … and without it nothing begins anew beside it.
    monkeypatch.delenv(VARIABLE)
    for words in (["user", "list"], ["token", "kiosk"], ["verify"], ["backup", tmp_path / "b"]):
        told = said(capsys, 1, *words, "--data", data)
        assert f"the journal of hall {HALL} is on a database server" in told


def test_an_address_alone_does_not_say_which_hall(
    config: Path, tmp_path: Path, running: Server, monkeypatch, capsys
):
    monkeypatch.setenv(VARIABLE, running.url())
    told = said(capsys, 1, "token", "kiosk", "--data", tmp_path / "new")
    assert "say which hall is meant with --config" in told
    assert not (tmp_path / "new").exists()


def test_a_wrong_configuration_is_told(tmp_path: Path, capsys):
    told = said(capsys, 1, "verify", "--data", tmp_path, "--config", tmp_path / "none.toml")
    assert "cannot be read" in told


def test_a_hall_moves_by_backup_and_restore(config: Path, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    said(capsys, 0, "user", "add", "wang", "--data", tmp_path / "box")
    said(capsys, 0, "backup", tmp_path / "out", "--data", tmp_path / "box")
    city = ("--data", tmp_path / "city", "--config", config)
    said(capsys, 0, "restore", tmp_path / "out", *city)
    assert "wang" in said(capsys, 0, "user", "list", *city)
    said(capsys, 0, "backup", tmp_path / "back", *city)
    said(capsys, 0, "restore", tmp_path / "back", "--data", tmp_path / "home")
    assert "wang" in said(capsys, 0, "user", "list", "--data", tmp_path / "home")


def test_history_is_made_anew_from_the_servers_journal(
    config: Path, tmp_path: Path, running: Server, capsys
):
    data = tmp_path / "data"

    async def a_past() -> None:
        store = await Store.open(data, city=City(running.url(), HALL))
        working = await work(store.journal, HALL)
        for number in range(2):
            await working.open_day(number)
            await working.live(Random(number), 60)
            await working.close_day()
        await working.actor.stop()
        await store.close()

    async def days() -> set[str]:
        store = await Store.open(data, city=City(running.url(), HALL))
        rows = await store.hours.between(HALL, date(2026, 1, 1), date(2026, 12, 31))
        await store.close()
        return {row.day for row in rows}

    asyncio.run(a_past())
    assert asyncio.run(days()) == set(), "no hall has kept it yet"
    told = said(capsys, 0, "history", "rebuild", "--config", config, "--data", data)
    assert told == f"{HALL}: the history of 2 days was made anew from the journal\n"
    assert asyncio.run(days()) == set(DATES[:2])
    assert not (data / "queued.sqlite3").exists()


# ── The doctor ────────────────────────────────────────────────────────────────────────────


def hall(url: str | None) -> Settings:
    return replace(settings(), storage=StorageSettings(url))


def found(url: str | None, data: Path) -> list[Finding]:
    """What the doctor says; every sentence exists in every language."""
    findings = list(doctor_city.server(hall(url), data))
    for finding in findings:
        for language in i18n.LANGUAGES:
            words = i18n.catalogue(language)
            assert finding.text(words)
            assert finding.level == "good" or finding.advice(words)
    return findings


def test_the_doctor_on_a_server_that_is_well(config: Path, running: Server, tmp_path: Path):
    data, url = tmp_path / "data", running.url()
    (none,) = found(url, data)
    assert (none.level, none.code) == ("note", "city_none")

    async def made() -> None:
        await (await Store.open(data, city=City(url, HALL))).close()

    asyncio.run(made())
    (well,) = found(url, data)
    assert (well.level, well.code) == ("good", "city")
    assert float(str(well.facts["ms"])) > 0


def test_the_doctor_on_a_hall_without_a_city_says_nothing_of_one(tmp_path: Path):
    assert found(None, tmp_path) == []


def test_the_doctor_on_what_is_wrong(config: Path, running: Server, tmp_path: Path, monkeypatch):
    (away,) = found("postgresql://me:geheim@127.0.0.1:1/city", tmp_path)
    assert (away.level, away.code) == ("bad", "city_failed")
    assert "geheim" not in away.text(i18n.catalogue("en"))
    (tmp_path / "city").write_text("elsewhere\n")
    (elsewhere,) = found(None, tmp_path)
    assert "on a database server" in elsewhere.text(i18n.catalogue("en"))
    running.ask(f"ALTER ROLE {ROLE} SET synchronous_commit = off")
    try:
        (forgetful,) = found(running.url(), tmp_path / "data")
    finally:
        running.ask(f"ALTER ROLE {ROLE} RESET ALL")
    assert "synchronous_commit is off" in forgetful.text(i18n.catalogue("en"))
    monkeypatch.setattr(doctor_city, "COMMIT_SLOW_MS", 0.0)
    assert [one.code for one in found(running.url(), tmp_path / "data")] == ["city_slow"]
