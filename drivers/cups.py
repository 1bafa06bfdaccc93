"""A print queue of CUPS, through its programs `lp` and `lpstat`. One write is one job.

Why not python-escpos: its CupsPrinter needs pycups, which needs a compiler and libcups; its LP
adds a line feed after the cut, hides what `lp` says and how it ended, and waits without a limit.

CUPS tells nothing of the paper. What it can tell is asked before every job: whether it knows the
queue, whether the queue is stopped, and whether earlier jobs still wait in it. If they do, the
next slip stays with us, where it can expire, instead of coming out tomorrow morning.
What CUPS took counts as sent, and nobody confirms it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re

from drivers.device import DeviceBroken, DeviceTransient
from drivers.ports import CupsPort
from drivers.transport import OPEN_TIMEOUT_S, ShortWrite

TITLE = "queued"
"""Of every job. Print logs outlive a day: no ticket number in them."""
LOOK_PAUSE_S = 0.2
"""Between two looks whether the job before is through."""
KILLED_WAIT_S = 1.0
SPOKEN_MAX = 2_000
"""Characters read of what the programs say."""

_STOPPED = re.compile(r"^printer \S+ disabled\b", re.MULTILINE)
_REFUSING = re.compile(r"^\S+ not accepting\b", re.MULTILINE)


class CupsTransport:
    """One queue of the CUPS on this machine."""

    one_way = True
    """There are no answers; a driver must not wait for any."""

    def __init__(self, port: CupsPort) -> None:
        self._port = port
        self._open = False

    async def open(self) -> None:
        if not self._open:
            await self._look()
            self._open = True

    async def write(self, data: bytes, timeout_s: float) -> int:
        if not self._open:
            raise ShortWrite("unplugged", f"{self._port} is not open", 0)
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        try:
            await self._look()
            while await self._waiting():
                if clock() + LOOK_PAUSE_S >= deadline:
                    raise DeviceTransient("offline", f"{self._port}: earlier jobs are stuck in it")
                await asyncio.sleep(LOOK_PAUSE_S)
        except DeviceTransient as error:
            raise ShortWrite(error.code, str(error), 0) from None
        arguments = ("lp", "-d", self._port.name, "-t", TITLE, "-o", "raw")
        try:
            code, said = await _run(arguments, data, max(0.1, deadline - clock()))
        except DeviceTransient as error:
            raise ShortWrite(error.code, str(error), len(data)) from None
        if code:
            # It may have failed after handing over the last byte.
            raise ShortWrite("offline", f"{self._port}: {said}", len(data))
        return len(data)

    async def read(self, timeout_s: float) -> bytes:
        if not self._open:
            raise DeviceTransient("unplugged", f"{self._port} is not open")
        await asyncio.sleep(timeout_s)
        return b""

    async def close(self) -> None:
        self._open = False

    async def _look(self) -> None:
        """Raises `DeviceBroken` if CUPS has no such queue, `DeviceTransient` if it is stopped."""
        name = self._port.name
        code, said = await _run(("lpstat", "-p", name, "-a", name), b"", OPEN_TIMEOUT_S)
        if code and "invalid destination" in said.lower():
            _, known = await _run(("lpstat", "-e"), b"", OPEN_TIMEOUT_S)
            there = ", ".join(known.split()) or "none"
            raise DeviceBroken("bad_port", f"CUPS knows no printer {name}; there are: {there}")
        if code:
            raise DeviceTransient("offline", f"{self._port}: {said}")
        if _STOPPED.search(said):
            raise DeviceTransient("offline", f"{self._port} is stopped: cupsenable {name}")
        if _REFUSING.search(said):
            raise DeviceTransient("offline", f"{self._port} refuses jobs: cupsaccept {name}")

    async def _waiting(self) -> bool:
        """Whether earlier jobs are not through."""
        code, said = await _run(("lpstat", "-o", self._port.name), b"", OPEN_TIMEOUT_S)
        if code:
            raise DeviceTransient("offline", f"{self._port}: {said}")
        return bool(said)


async def _run(arguments: tuple[str, ...], data: bytes, limit_s: float) -> tuple[int, str]:
    """Exit code and what the program said. Raises `DeviceTransient`, `DeviceBroken`."""
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        message = f"the program {arguments[0]} is missing (Debian: apt install cups-client)"
        raise DeviceBroken("bad_port", message) from None
    except OSError as error:
        message = f"{arguments[0]}: {os.strerror(error.errno or 0).lower()}"
        raise DeviceTransient("offline", message) from None
    try:
        async with asyncio.timeout(limit_s):
            said, _ = await process.communicate(data)
    except TimeoutError:
        message = f"{arguments[0]} did not end within {limit_s:.0f} s"
        raise DeviceTransient("timeout", message) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                process.kill()
                async with asyncio.timeout(KILLED_WAIT_S):
                    await process.wait()
    return process.returncode or 0, said[:SPOKEN_MAX].decode("utf-8", "replace").strip()
