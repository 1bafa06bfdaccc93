"""`queued export`: the past as a file, beside the running hall, whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from queued.__main__ import main
from queued.engine.open_data import COLUMNS
from queued.storage.store import Store
from tests.storage.days import DATES
from tests.test_history import CONFIG, days_of, history_of


@pytest.fixture
def hall(tmp_path: Path) -> Path:
    """A folder with a configuration and the data of a hall that runs its third day."""

    async def live() -> None:
        store = await Store.open(tmp_path / "data")
        working = await days_of(store, 8)
        await history_of(store).catch_up()
        await working.actor.stop()
        await store.close()

    (tmp_path / "hall.toml").write_text(CONFIG.format(zone="Asia/Shanghai"), "utf-8")
    asyncio.run(live())
    return tmp_path


def export(hall: Path, file: str, *more: str) -> int:
    where = ("--config", str(hall / "hall.toml"), "--data", str(hall / "data"))
    return main(["export", file, *where, *more])


def days_in(file: Path) -> set[str]:
    return {line[:10] for line in file.read_text("utf-8-sig").splitlines()[1:]}


def test_all_days_that_have_closed_or_some(hall: Path, capsys):
    file = hall / "hall.csv"
    assert export(hall, str(file)) == 0
    assert days_in(file) == set(DATES[:2])
    assert f"{file}: " in capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o644
    assert export(hall, str(file), "--from", DATES[1], "--bom") == 0
    assert days_in(file) == {DATES[1]}
    assert file.read_bytes().startswith(b"\xef\xbb\xbfdate,")
    assert export(hall, str(file), "--to", "2020-01-01") == 0
    assert file.read_text("utf-8").strip() == ",".join(COLUMNS)


def test_beside_the_hall_that_owns_the_folder(hall: Path, capsysbinary):
    async def beside() -> int:
        store = await Store.open(hall / "data")
        code = await asyncio.to_thread(export, hall, "-")
        await store.close()
        return code

    assert asyncio.run(beside()) == 0
    assert capsysbinary.readouterr().out.startswith(b"date,hour,queue,")


def test_what_cannot_be_done_is_told_and_leaves_what_was_there(hall: Path, capsys):
    file = hall / "hall.csv"
    file.write_text("kept")
    for wrong in ("2026-1-1", "20261101", "soon", "=1", "2026-02-30"):
        with pytest.raises(SystemExit) as stopped:
            export(hall, str(file), "--from", wrong)
        assert stopped.value.code == 2
    assert "is not a day such as 2026-11-23" in capsys.readouterr().err
    assert export(hall, str(hall / "no folder" / "hall.csv")) == 1
    assert export(hall, str(hall)) == 1
    assert "cannot write" in capsys.readouterr().err
    (hall / "hall.toml").write_text("[hall", "utf-8")
    assert export(hall, str(file)) == 2
    assert file.read_text() == "kept"
    assert [one.name for one in hall.iterdir() if one.name.startswith(".")] == []
