"""A copy of everything in one file, taken while the hall works; and back again.

How it works. SQLite's backup reads one moment of the database while the writer goes on. The
copy gets the folder's secret too, because slips in visitors' hands depend on it: keep backups
as carefully as the folder itself. A copy counts only after it was opened again and proven
record by record; until then it has another name. The pages of columns and the pictures of the
screens go with it (`enclosed`).

A hall of a city is backed up into the same kind of file, and any backup can be restored into a
folder or into a city: so a hall moves, with its chain of hashes, and nobody's number changes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from queued.storage.city import City, remember, right_place
from queued.storage.connect import open_connection, sqlite_writer
from queued.storage.enclosed import FOLDERS, enclose, unpack
from queued.storage.errors import Damaged, FolderNotEmpty, StoreError
from queued.storage.folder import (
    DATABASE,
    SECRET,
    SECRET_BYTES,
    make_folder,
    read_secret,
    sync_folder,
    touch_private,
    write_private,
)
from queued.storage.migrate import migrate, version_of
from queued.storage.verify import Report, verify_file

_SECRET_TABLE = "backup_secret"


async def backup(data_dir: Path | str, file: Path | str, city: City | None = None) -> Report:
    """Copy `data_dir` into the new `file` (0600); what is in it. Works beside a running owner.

    Raises `StoreError` if `file` exists or cannot be written, `Damaged` if the copy is not
    sound (then there is no `file`).
    """
    return await asyncio.to_thread(_backup, Path(data_dir), Path(file), city)


async def restore(file: Path | str, data_dir: Path | str, city: City | None = None) -> Report:
    """Make the absent or empty `data_dir`, in a city also the hall's empty schema, from a backup;
    what is in it.

    Raises `FolderNotEmpty`, `StoreError`, `Damaged`; then all is as it was.
    """
    return await asyncio.to_thread(_restore, Path(file), Path(data_dir), city)


def _backup(folder: Path, file: Path, city: City | None) -> Report:
    right_place(folder, city)
    source = folder / DATABASE
    if city is None and not source.is_file():
        raise StoreError(f"there is no queued database in {folder}")
    if file.exists():
        raise StoreError(f"{file} exists already: give the backup a name of its own")
    secret = read_secret(folder, create=False)
    draft = _draft_of(file)
    try:
        touch_private(draft)
        if city is None:
            _copy(source, draft)
        else:
            _moving().fetch(city, draft)
            _alone(draft)
        with closing(_open(draft)) as copy:
            copy.execute(f"CREATE TABLE {_SECRET_TABLE} (secret BLOB NOT NULL)")
            copy.execute(f"INSERT INTO {_SECRET_TABLE} VALUES (?)", (secret,))
            copy.commit()
            files = enclose(folder, copy)
        report = replace(_proven(draft), files=files)
        os.rename(draft, file)
        sync_folder(file.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"cannot back up to {file}: {error}") from error
    finally:
        _remove(draft)
    return report


def _restore(file: Path, folder: Path, city: City | None) -> Report:
    if not file.is_file():
        raise StoreError(f"there is no backup {file}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderNotEmpty(f"{folder} is not empty: restore into a new folder, then swap them")
    made = not folder.exists()
    make_folder(folder)
    draft = _draft_of(folder / DATABASE)
    try:
        touch_private(draft)
        _copy(file, draft)
        secret = _take_secret(draft)
        with closing(_open(draft)) as copy:
            files = unpack(copy, folder)
        _bring_up(draft)
        report = replace(_proven(draft), files=files)
        write_private(folder / SECRET, secret)
        # Last: a folder with a database in it, or one that remembers its city, is a whole one.
        if city is None:
            os.rename(draft, folder / DATABASE)
            sync_folder(folder)
        else:
            report = replace(_moving().bring(draft, city), files=files)
            remember(folder, city)
    except BaseException as error:
        (folder / SECRET).unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        _remove(draft)
        if made:
            folder.rmdir()
        if isinstance(error, sqlite3.Error | OSError):
            raise StoreError(f"cannot restore {file}: {error}") from error
        raise
    _remove(draft)
    return report


def _moving() -> ModuleType:
    # Here, not above: a hall on its own box needs no other database.
    from queued.storage import moving

    return moving


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=5)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _copy(source: Path, target: Path) -> None:
    """One moment of `source`, as a file that needs no other beside it."""
    # The source is opened for reading and writing: a WAL left by a crash must be read too.
    uri = f"{source.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as original:
        original.execute("PRAGMA wal_autocheckpoint=0")
        with closing(_open(target)) as copy:
            # All pages in one step: a copy in several would start again at every commit.
            original.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")


def _take_secret(draft: Path) -> bytes:
    with closing(_open(draft)) as copy:
        try:
            rows = copy.execute(f"SELECT secret FROM {_SECRET_TABLE}").fetchall()
        except sqlite3.OperationalError as error:
            raise Damaged("this is a database, but not a backup made by queued") from error
        if len(rows) != 1 or not isinstance(rows[0][0], bytes) or len(rows[0][0]) < SECRET_BYTES:
            raise Damaged("the backup's secret is spoiled")
        copy.execute(f"DROP TABLE {_SECRET_TABLE}")
        copy.commit()
        return rows[0][0]


def _bring_up(draft: Path) -> None:
    """A backup that an older queued made gets the tables of this one."""
    connection = open_connection(sqlite_writer(draft))
    try:
        with connection.begin():
            if version_of(connection) is not None:
                migrate(connection)
    finally:
        connection.close()
    _alone(draft)


def _alone(draft: Path) -> None:
    """One file that needs no other beside it."""
    with closing(_open(draft)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")


def _proven(draft: Path) -> Report:
    report = verify_file(draft)
    if not report.ok:
        found = [*report.problems]
        for hall in report.halls:
            found += [f"hall {hall.hall}: {problem}" for problem in hall.problems]
        raise Damaged(f"the copy is not sound: {'; '.join(found)}")
    return report


def _draft_of(file: Path) -> Path:
    return file.with_name(f".{file.name}.{secrets.token_hex(4)}")


def _remove(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
