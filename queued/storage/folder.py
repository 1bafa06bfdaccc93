"""The data folder: who may read it, who owns it, and the hall's secrets in it.

Everything a hall keeps is in one folder: `queued.sqlite3` (with `-wal` and `-shm` beside it),
`secret`, `people.key`, `lock`. Folders are made with mode 0700 and files with 0600; an existing
folder keeps its mode, since it may be somebody else's.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from pathlib import Path

from queued.storage.errors import Damaged, FolderBusy, StoreError

DATABASE = "queued.sqlite3"
SECRET = "secret"
PEOPLE_KEY = "people.key"
"""Opens the sealed addresses of visitors. In no backup: a backup must not bring back people."""

LOCK = "lock"

SECRET_BYTES = 32
"""256 bits: more than the 104 bits of the tokens made from it."""

LOCK_WAIT_S = 2.0
"""A restart overlaps with the end of the process before; a second process gives up after it."""

_LOCK_POLL_S = 0.05


def make_folder(folder: Path) -> None:
    """Create `folder` (0700) and its parents if missing. Raises `StoreError`."""
    try:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)
    except OSError as error:
        raise StoreError(f"cannot make the data folder {folder}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def touch_private(file: Path) -> None:
    """An empty file with mode 0600, unless it exists. SQLite gives `-wal` the same mode."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"cannot make {file}: {error.strerror}") from error
    sync_folder(file.parent)


def write_private(file: Path, content: bytes) -> None:
    """Write a new file, whole or not at all, mode 0600. Raises `FileExistsError`."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, file)
    finally:
        draft.unlink()
    sync_folder(file.parent)


def read_secret(folder: Path, *, create: bool) -> bytes:
    """The hall's secret, at least 32 bytes; made once. Raises `StoreError`, `Damaged`.

    A spoiled one is never replaced: every slip in a visitor's hand depends on it.
    """
    return _read(folder / SECRET, create, "every ticket page opened before stops working")


def read_people_key(folder: Path) -> bytes:
    """The key of the seals, 32 bytes; made if it is missing. Raises `StoreError`, `Damaged`."""
    key = _read(folder / PEOPLE_KEY, True, "nobody who asked to be told of a call is told")
    return key[:SECRET_BYTES]


def _read(file: Path, create: bool, without: str) -> bytes:
    if create and not file.exists():
        try:
            write_private(file, secrets.token_bytes(SECRET_BYTES))
        except FileExistsError:
            pass  # another process was faster; its secret is as good
        except OSError as error:
            raise StoreError(f"cannot make {file}: {error.strerror}") from error
    try:
        secret = file.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {file}: {error.strerror}") from error
    if len(secret) < SECRET_BYTES:
        raise Damaged(
            f"{file} holds {len(secret)} bytes instead of {SECRET_BYTES}: restore it from a "
            f"backup, or delete it (then {without})"
        )
    return secret


class FolderLock:
    """Ownership of a data folder: one process at a time. Ends with the process at the latest."""

    def __init__(self, folder: Path, wait_s: float = LOCK_WAIT_S) -> None:
        """Blocks up to `wait_s`, then raises `FolderBusy` with the owner's process id."""
        self._handle = _open_lock(folder)
        deadline = time.monotonic() + wait_s
        while not self._try():
            if time.monotonic() >= deadline:
                owner = os.pread(self._handle, 32, 0).decode(errors="replace").strip()
                os.close(self._handle)
                raise FolderBusy(
                    f"{folder} is in use by another queued (process {owner or 'unknown'}): "
                    "stop that one first, or give this one a folder of its own"
                )
            time.sleep(_LOCK_POLL_S)
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # a full disk: the lock holds, only the message of a second process is poorer

    def release(self) -> None:
        """Let others in. Releasing twice does nothing."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _open_lock(folder: Path) -> int:
    try:
        return os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot lock {folder}: {error.strerror}") from error
