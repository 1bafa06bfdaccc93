"""Files that go with a backup: the pages of columns, and what hangs on the screens.

They lie beside the database in its folder, and in a backup as rows, in portions, so that a film
needs no memory. Links are not followed, and names that begin with a dot are drafts of others.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from queued.storage.errors import Damaged, StoreError

FOLDERS: Final = ("content", "media")
"""Of a data folder; everything below them is enclosed."""

PORTION_BYTES: Final = 1 << 20

_TABLES: Final = (
    "CREATE TABLE backup_file (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL)",
    "CREATE TABLE backup_portion (path TEXT NOT NULL, number INTEGER NOT NULL, "
    "bytes BLOB NOT NULL, PRIMARY KEY (path, number))",
)


def enclose(folder: Path, backup: sqlite3.Connection) -> int:
    """Put the files of the data folder `folder` into `backup`; how many. Raises `StoreError`,
    `OSError`, `sqlite3.Error`."""
    for statement in _TABLES:
        backup.execute(statement)
    count = 0
    for file in _files(folder):
        path = file.relative_to(folder).as_posix()
        if not path.isprintable():
            raise StoreError(f"{path!a} cannot be backed up under that name: rename it")
        digest = hashlib.sha256()
        try:
            with file.open("rb") as stream:
                for number, portion in enumerate(_portions(stream)):
                    digest.update(portion)
                    backup.execute(
                        "INSERT INTO backup_portion VALUES (?, ?, ?)", (path, number, portion)
                    )
        except FileNotFoundError:
            continue  # somebody deleted it just now
        backup.execute("INSERT INTO backup_file VALUES (?, ?)", (path, digest.hexdigest()))
        count += 1
    backup.commit()
    return count


def unpack(backup: sqlite3.Connection, folder: Path) -> int:
    """Write the files in `backup` into the data folder `folder`, which has none of them, and
    forget them in `backup`; how many. A backup from before there were any has none.

    Raises `Damaged`, `OSError`, `sqlite3.Error`; then some may be there.
    """
    if not backup.execute("SELECT 1 FROM sqlite_schema WHERE name = 'backup_file'").fetchall():
        return 0
    files = backup.execute("SELECT path, sha256 FROM backup_file ORDER BY path").fetchall()
    for path, sha256 in files:
        if not _is_ours(path):
            raise Damaged(f"the backup holds a file that no hall has: {path!a}")
        if _write(backup, path, folder / path) != sha256:
            raise Damaged(f"the backup's file {path} is spoiled")
    backup.execute("DROP TABLE backup_file")
    backup.execute("DROP TABLE backup_portion")
    backup.commit()
    if files:
        backup.execute("VACUUM")  # a film would lie in the database for ever
    return len(files)


def _files(folder: Path) -> Iterator[Path]:
    for name in FOLDERS:
        for root, folders, files in os.walk(folder / name):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            for file in sorted(files):
                path = Path(root, file)
                if not file.startswith(".") and path.is_file() and not path.is_symlink():
                    yield path


def _portions(stream: BinaryIO) -> Iterator[bytes]:
    while portion := stream.read(PORTION_BYTES):
        yield portion


def _is_ours(path: object) -> bool:
    """Whether it is a name that `enclose` gives: nothing leads out of the folders."""
    if not isinstance(path, str) or not path.isprintable():
        return False
    first, *rest = path.split("/")
    return first in FOLDERS and bool(rest) and not any(part[:1] in ("", ".") for part in rest)


def _write(backup: sqlite3.Connection, path: str, file: Path) -> str:
    """SHA-256 of what was written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    rows = backup.execute(
        "SELECT bytes FROM backup_portion WHERE path = ? ORDER BY number", (path,)
    )
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
        for (portion,) in rows:
            if not isinstance(portion, bytes):
                raise Damaged(f"the backup's file {path} is spoiled")
            digest.update(portion)
            stream.write(portion)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()
