"""The doctor looks at the machine: disk, data folder, clock, address, font, groups."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from queued.commands.doctor_findings import Finding
from queued.core.plan import Millis
from queued.engine.clock import implausible
from queued.engine.holidays import CHINA, KNOWN_UNTIL
from queued.settings_values import Settings
from queued.storage.folder import DATABASE

FSYNC_ROUNDS = 50
FSYNC_SLOW_MS = 50.0
"""A card or disk slower than this makes visitors wait at the kiosk."""
FREE_BYTES_LOW = 1 << 30
"""A busy hall writes some 50 MB a day: three weeks."""
HOLIDAYS_END_SOON = timedelta(days=60)
"""The notice of a year comes out some two months before it."""
CONNECT_S = 1.0
ANSWER_BYTES = 4096
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd's word that the clock was set by a server since the machine started."""


def disk(folder: Path) -> Iterator[Finding]:
    """How long fsync takes, and how much room there is."""
    folder = folder if folder.is_dir() else Path(tempfile.gettempdir())
    took_ms = []
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            for _ in range(FSYNC_ROUNDS):
                started = time.perf_counter()
                file.write(b"x" * 200)
                file.flush()
                os.fdatasync(file.fileno())
                took_ms.append((time.perf_counter() - started) * 1000)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding("bad", "disk_failed", {"folder": folder, "why": error.strerror})
        return
    median = sorted(took_ms)[FSYNC_ROUNDS // 2]
    facts = {"folder": folder, "ms": f"{median:.1f}", "count": FSYNC_ROUNDS}
    slow = median > FSYNC_SLOW_MS
    yield Finding("bad" if slow else "good", "disk_slow" if slow else "disk", facts)
    low = free < FREE_BYTES_LOW
    room = {"folder": folder, "gb": f"{free / (1 << 30):.1f}"}
    yield Finding("bad" if low else "good", "space_low" if low else "space", room)


def database(folder: Path) -> Iterator[Finding]:
    """Whether the hall's memory is there, its own, and in WAL."""
    file = folder / DATABASE
    if not file.exists():
        yield Finding("good", "data_none", {"folder": folder})
        return
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    except sqlite3.Error as error:
        yield Finding("bad", "data_failed", {"file": file, "why": error})
        return
    wal = mode == "wal"
    yield Finding("good" if wal else "bad", "data" if wal else "data_mode",
                  {"file": file, "mode": mode})  # fmt: skip
    if folder.stat().st_mode & 0o077:
        yield Finding("note", "data_open", {"folder": folder})


def clock(synchronized: Path = SYNCHRONIZED) -> Iterator[Finding]:
    """Whether the clock can be right, and whether somebody sets it."""
    now = {"now": time.strftime("%Y-%m-%d %H:%M:%S %Z")}
    if implausible(Millis(int(time.time() * 1000)), Millis(0)):
        yield Finding("bad", "clock_wrong", now)
    elif Path("/run/systemd/timesync").is_dir() and not synchronized.exists():
        yield Finding("note", "clock_alone", now)
    else:
        yield Finding("good", "clock", now)


def holidays(timezone: str, today: date, until: date = KNOWN_UNTIL) -> Iterator[Finding]:
    """Whether the holidays of the coming weeks are known, where the hall follows them."""
    if timezone in CHINA and today > until - HOLIDAYS_END_SOON:
        over = today > until
        yield Finding("note", "holidays_over" if over else "holidays_end", {"day": until})


def address(settings: Settings) -> Finding:
    """Whether the configured address is free, ours already, or somebody else's."""
    host, port = settings.http.host, settings.http.port
    facts = {"host": host, "port": port}
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        return Finding("bad", "port_failed", {**facts, "why": error.strerror})
    family, kind, _, _, where = found
    with socket.socket(family, kind) as probe:
        probe.settimeout(CONNECT_S)
        if probe.connect_ex(where) == 0:
            ours = _is_ours(probe, host)
            return Finding("good" if ours else "bad", "port_ours" if ours else "port_taken", facts)
    try:
        with socket.socket(family, kind) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(where)
    except OSError as error:
        return Finding("bad", "port_failed", {**facts, "why": error.strerror})
    return Finding("good", "port", facts)


def _is_ours(probe: socket.socket, host: str) -> bool:
    try:
        probe.sendall(f"GET /healthz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        return b"\r\nServer: queued\r\n" in probe.recv(ANSWER_BYTES)
    except OSError:
        return False


def font(path: str) -> Finding:
    """`path` of the font for characters a printer lacks, "" if there is none."""
    return Finding("good", "font", {"path": path}) if path else Finding("bad", "font_none")


def groups(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """Devices whose files belong to a group that this user, or the service, is not in."""
    service = _groups_of_service(root)
    user = pwd.getpwuid(os.geteuid()).pw_name
    mine = {grp.getgrgid(one).gr_name for one in {*os.getgroups(), os.getegid()} if _known(one)}
    for device in settings.devices:
        file = device_file(device.port, root)
        if file is None or not file.exists() or not _known(file.stat().st_gid):
            continue
        group = grp.getgrgid(file.stat().st_gid).gr_name
        facts = {"device": device.id, "group": group, "user": user}
        if service is not None and group not in service:
            yield Finding("bad", "group_service", facts)
        elif service is None and os.geteuid() and group not in mine:
            yield Finding("bad", "group_user", facts)


def device_file(port: str, root: Path = Path("/")) -> Path | None:
    """The file behind a port, None for ports that are no files."""
    parts = urlsplit(port)
    if parts.scheme not in ("serial", "file"):
        return None
    return root / unquote(parts.path).lstrip("/")


def _groups_of_service(root: Path) -> set[str] | None:
    """What the installed unit says; None where none is installed."""
    try:
        text = (root / "etc/systemd/system/queued.service").read_text("utf-8")
    except OSError:
        return None
    lines = [line for line in text.splitlines() if line.startswith("SupplementaryGroups=")]
    return {name for line in lines for name in line.partition("=")[2].split()}


def _known(group: int) -> bool:
    try:
        grp.getgrgid(group)
    except KeyError:
        return False
    return True
