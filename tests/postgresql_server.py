"""A real PostgreSQL of a test's own, behind a unix socket: started, pulled, thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

NAMES = ("initdb", "pg_ctl")
DEBIAN = "/usr/lib/postgresql"
DATABASE = "city"
ROLE = "halls"
"""Owns schemas, nothing else."""


def programs() -> tuple[str, str]:
    """initdb and pg_ctl; skips without."""
    homes = sorted(map(str, Path(DEBIAN).glob("*/bin")), reverse=True)
    path = os.pathsep.join([os.environ["PATH"], *homes])
    found = [shutil.which(name, path=path) for name in NAMES]
    if None in found:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    return found[0], found[1]


class Server:
    """A server in `folder`. Its superuser is for tests only; halls come as `ROLE`."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._initdb, self._pg_ctl = programs()
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            self._as_user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        data = f"{folder}/data"
        self._run(self._initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C")  # fmt: skip
        self.start()
        self.ask(f"CREATE ROLE {ROLE} LOGIN", f"CREATE DATABASE {DATABASE}", database="postgres")
        self.ask(f"GRANT CREATE ON DATABASE {DATABASE} TO {ROLE}")

    def url(self, role: str = ROLE) -> str:
        """For `[storage] url`."""
        return f"postgresql://{role}@/{DATABASE}?host={self.folder}"

    def start(self, *options: str) -> None:
        """Ready when this returns. Begins with `-c name=value` in `options`."""
        words = ["-k", self.folder, "-c", "listen_addresses=''", *options]
        self._control("-l", f"{self.folder}/log", "-o", " ".join(words), "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a power cut: no checkpoint, no farewell."""
        self._control("-m", mode, "stop")

    def ask(self, *statements: str, database: str = DATABASE) -> list[tuple[object, ...]]:
        """Run them as the superuser; the rows of the last."""
        url = f"postgresql+psycopg://postgres@/{database}?host={self.folder}"
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                for statement in statements:
                    result = connection.execute(text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def _control(self, *words: str) -> None:
        self._run(self._pg_ctl, "-D", f"{self.folder}/data", "-w", *words)

    def _run(self, *command: str) -> None:
        # Into a file, not a pipe: the server keeps what it inherits open.
        with open(f"{self.folder}/said", "w+b") as said:
            done = subprocess.run(
                [*self._as_user, *command], cwd=self.folder, stdout=said, stderr=said, check=False
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode()


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A new one; gone at the end, whatever a test left it in."""
    # The name of a unix socket has 107 bytes at most, a test's folder may be deeper.
    folder = tempfile.mkdtemp(prefix="queued-")
    running = None
    try:
        running = Server(folder)
        yield running
    finally:
        if running is not None and Path(folder, "data", "postmaster.pid").exists():
            running.stop()
        shutil.rmtree(folder)
