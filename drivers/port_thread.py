"""The one worker thread of a port whose library blocks (pyserial, libusb). No framing, no bytes.

Every call runs in that thread, one after the other, and the caller waits with a limit of its
own: a kernel driver that hangs costs its thread and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from drivers.device import DeviceBroken, DeviceTransient

THREAD_GRACE_S = 2.0
"""Beyond a call's own limit: then its thread counts as stuck and is left behind."""
STUCK_MAX = 32
"""Threads left behind in the whole process. Each costs memory and a descriptor; so many mean a
kernel driver that will not come back."""

Result = TypeVar("Result")

_stuck: set[Future[Any]] = set()
"""Calls given up that have not returned."""


class PortThread:
    """A thread that exists between `start` and `drop`. `name` is the port's, for messages."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Raises `DeviceBroken` (`bad_port`) if too many threads of this process hang already."""
        if len(_stuck) >= STUCK_MAX:
            raise DeviceBroken("bad_port", f"{self._name}: too many ports hang")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="port")

    async def run(self, work: Callable[[], Result], limit_s: float) -> Result:
        """What `work` returns or raises. Raises `DeviceTransient` (`timeout`) if it hangs."""
        assert self._thread is not None
        job = self._thread.submit(work)
        try:
            async with asyncio.timeout(limit_s + THREAD_GRACE_S) as limit:
                return await asyncio.wrap_future(job)
        except TimeoutError:
            if not limit.expired():
                raise
            if job.running():
                _stuck.add(job)
                job.add_done_callback(_stuck.discard)
            raise DeviceTransient("timeout", f"{self._name} hangs") from None

    def drop(self) -> None:
        """Leave the thread to end by itself; dropping twice does nothing."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None
