"""Files that go with a backup: all of them, as they were, and never out of their folders."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from queued.storage import enclosed
from queued.storage.backup import backup, restore
from queued.storage.errors import Damaged, StoreError
from queued.storage.folder import DATABASE
from queued.storage.store import Store

FILES = {
    "content/news/国庆.md": "+++\ntitle = \"国庆\"\n+++\n".encode(),
    "content/media/0123.png": b"\x89PNG",
    "media/film.mp4": bytes(range(256)) * 64,
    "media/east/empty.png": b"",
}


@pytest.fixture
async def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with pages and media, larger than a portion."""
    monkeypatch.setattr(enclosed, "PORTION_BYTES", 1000)
    await (await Store.open(tmp_path / "hall")).close()
    for path, content in FILES.items():
        file = tmp_path / "hall" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return tmp_path / "hall"


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for name in enclosed.FOLDERS
        for file in sorted((folder / name).rglob("*"))
        if file.is_file()
    }


def spoil(copy: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(copy)) as raw, raw:
        raw.execute(statement, values)


async def test_they_come_back_as_they_were(hall: Path, tmp_path: Path):
    assert (await backup(hall, tmp_path / "copy")).files == len(FILES)
    assert (await restore(tmp_path / "copy", tmp_path / "new")).files == len(FILES)
    assert files_in(tmp_path / "new") == FILES
    assert (tmp_path / "new/media/film.mp4").stat().st_mode & 0o077 == 0
    database = (tmp_path / "new" / DATABASE).read_bytes()
    assert FILES["content/media/0123.png"] not in database
    assert FILES["content/media/0123.png"] in (tmp_path / "copy").read_bytes(), "the control"
    # And once more: what was restored is a hall like any other
    assert (await backup(tmp_path / "new", tmp_path / "again")).files == len(FILES)


async def test_links_drafts_and_other_folders_stay(hall: Path, tmp_path: Path):
    (tmp_path / "elsewhere").write_text("secret of another")
    (hall / "media/link.png").symlink_to(tmp_path / "elsewhere")
    (hall / "media/folder").symlink_to(tmp_path)
    (hall / "content/news/.draft.md").write_text("not yet")
    (hall / "other").mkdir()
    (hall / "other/file").write_text("not ours")
    await backup(hall, tmp_path / "copy")
    await restore(tmp_path / "copy", tmp_path / "new")
    assert files_in(tmp_path / "new") == FILES


async def test_a_hall_without_any_has_none(tmp_path: Path):
    await (await Store.open(tmp_path / "hall")).close()
    assert (await backup(tmp_path / "hall", tmp_path / "copy")).files == 0
    assert (await restore(tmp_path / "copy", tmp_path / "new")).files == 0
    assert sorted(os.listdir(tmp_path / "new")) == [DATABASE, "secret"]


async def test_a_backup_from_before_is_restored(hall: Path, tmp_path: Path):
    await backup(hall, tmp_path / "copy")
    spoil(tmp_path / "copy", "DROP TABLE backup_file")
    spoil(tmp_path / "copy", "DROP TABLE backup_portion")
    assert (await restore(tmp_path / "copy", tmp_path / "new")).files == 0


@pytest.mark.parametrize(
    "path",
    ["../out.md", "content/../../out.md", "/etc/out.md", "content", "content/", "content//x",
     "media/./x", "secret", "queued.sqlite3", "media/.hidden/x", "media/x\0y", "media/x\ny", "", 7,
     None, b"media/x"],
)  # fmt: skip
async def test_no_name_leads_out_of_the_folders(hall: Path, tmp_path: Path, path: object):
    await backup(hall, tmp_path / "copy")
    spoil(tmp_path / "copy", "INSERT INTO backup_file VALUES (?, 'x')", path)
    with pytest.raises((Damaged, StoreError)):
        await restore(tmp_path / "copy", tmp_path / "new")
    assert sorted(os.listdir(tmp_path)) == ["copy", "hall"], "and nothing is left behind"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE backup_portion SET bytes = x'00' WHERE number = 3",
     "DELETE FROM backup_portion WHERE number = 0",
     "UPDATE backup_portion SET bytes = 7",
     "UPDATE backup_file SET sha256 = ''",
     "UPDATE backup_file SET path = 'media/film.mp4/x' WHERE path LIKE 'media/film%'",
     "INSERT INTO backup_file VALUES ('media/film.mp4/below', '')",
     "DROP TABLE backup_portion"],
)  # fmt: skip
async def test_a_spoiled_file_restores_nothing(hall: Path, tmp_path: Path, statement: str):
    await backup(hall, tmp_path / "copy")
    spoil(tmp_path / "copy", statement)
    with pytest.raises(StoreError):
        await restore(tmp_path / "copy", tmp_path / "new")
    assert sorted(os.listdir(tmp_path)) == ["copy", "hall"]


async def test_a_name_that_is_no_text_is_told(hall: Path, tmp_path: Path):
    (hall / "media" / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    with pytest.raises(StoreError, match="rename it"):
        await backup(hall, tmp_path / "copy")
    assert sorted(os.listdir(tmp_path)) == ["hall"]
