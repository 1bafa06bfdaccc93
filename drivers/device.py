"""What a driver is, and the two ways a device can fail.

* `Transport` moves bytes: tcp, serial, file, virtual (`transport.py`). No framing.
* Framing modules (`escpos.py`, `bx_fontcard.py`) turn values into bytes and back. No I/O.
* A `Driver` (`printer.py`, `led.py`) owns one transport and speaks one framing over it.
* The supervisor runs drivers, one task each, and decides what happens after a failure.
"""

from __future__ import annotations

import grp
import os
import stat
from typing import Protocol


class DeviceError(Exception):
    """Something is wrong with a device. `code` is stable, the message is for people.

    * DeviceError
      + DeviceTransient   try again after a pause: timeout, unplugged, paper out, busy
      + DeviceBroken      trying again cannot help: wrong configuration, no permission
    """

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class DeviceTransient(DeviceError):
    """Will likely succeed in the near future: the supervisor backs off and retries."""


class DeviceBroken(DeviceError):
    """Needs a person: the supervisor waits for the longest back-off and reports red."""


def no_permission(path: str) -> DeviceBroken:
    """The error for a port whose file may not be opened: names the group that may."""
    try:
        status = os.stat(path)
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return DeviceBroken("no_permission", f"no permission to open {path}")
    if not status.st_mode & stat.S_IRGRP:
        return DeviceBroken("no_permission", f"no permission to open {path}: its group has none")
    return DeviceBroken(
        "no_permission", f"no permission to open {path}: only {group} may, so join that group"
    )


class Transport(Protocol):
    """An open-able byte pipe. Every call has a time limit; none blocks the event loop.

    All methods raise `DeviceTransient` (codes `timeout`, `unplugged`, `offline`) or
    `DeviceBroken` (code `bad_port`).
    """

    async def open(self) -> None:
        """Connect. Opening an open transport does nothing."""
        ...

    async def write(self, data: bytes, timeout_s: float) -> int:
        """Write everything, or raise. Returns the number of bytes written.

        On failure the raised error has an attribute `written`: how many bytes certainly or
        possibly left, so that a slip is known to be possibly on paper.
        """
        ...

    async def read(self, timeout_s: float) -> bytes:
        """The next bytes, at least one; `b""` after `timeout_s` of silence."""
        ...

    async def close(self) -> None:
        """Never raises; closing a closed transport does nothing."""
        ...
