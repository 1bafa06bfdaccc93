"""A real nginx with the configuration that the project ships, moved to ports of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hall_parts import eventually

CONFIG = Path(__file__).resolve().parents[2] / "config" / "nginx" / "queued-public.conf"
DEBIAN = "/usr/sbin"


def free_port() -> int:
    """Nobody listens there at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Nginx:
    """In front of processes on `ports`, and of the servers of halls by their ids."""

    def __init__(
        self, folder: Path, *ports: int, port: int = 0, halls: Mapping[str, str] = {}
    ) -> None:
        found = shutil.which("nginx", path=f"{os.environ['PATH']}:{DEBIAN}")
        if found is None:
            pytest.skip("no nginx: apt-get install nginx")
        folder.mkdir()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file = folder / "nginx.conf"
        self._file.write_text(_whole(folder, self.port, ports, halls), "utf-8")
        self._command = [found, "-c", str(self._file), "-p", str(folder), "-e", "stderr"]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Raises `CalledProcessError` for a configuration that nginx does not take."""
        checked = subprocess.run([*self._command, "-t"], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr.decode()
        assert b"[warn]" not in checked.stderr, checked.stderr.decode()
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await eventually(self._listens)

    def stop(self) -> None:
        """At the end of a test."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _whole(
    folder: Path, port: int, ports: tuple[int, ...], halls: Mapping[str, str]
) -> str:
    """The shipped part within the least that nginx needs around it."""
    shipped = CONFIG.read_text("utf-8")
    servers = "".join(
        f"    server 127.0.0.1:{one} max_fails=2 fail_timeout=1s;\n" for one in ports
    )
    shipped, replaced = re.subn(r"(?m)(^    server 127\.0\.0\.1:.*\n)+", servers, shipped, count=1)
    assert replaced == 1
    named = "".join(f"    {hall} {server};\n" for hall, server in halls.items())
    for old, new in (('    default      "";\n', f'    default "";\n{named}'),
                     ("/var/cache/nginx/queued", f"{folder}/cache"),
                     ("listen 80;", f"listen 127.0.0.1:{port};")):  # fmt: skip
        assert shipped.count(old) == 1, old
        shipped = shipped.replace(old, new)
    places = "".join(
        f"    {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    return (
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\n{places}{shipped}}}\n"
    )
