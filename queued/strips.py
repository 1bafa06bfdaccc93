"""Window strips: after every change each shows its window's present. Level-triggered.

A strip that was away gets the newest text, never the texts it missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.jobs import Order, ShowText
from queued.core.model import Hall
from queued.core.plan import WindowId
from queued.engine.bus import Committed
from queued.outputs import strip_text


class Strips:
    """The strips of one hall. `send` takes an order to the device process."""

    def __init__(
        self,
        hall_id: str,
        windows: Mapping[str, WindowId],
        hall: Callable[[], Hall],
        send: Callable[[Order], object],
    ) -> None:
        self._hall_id = hall_id
        self._windows = windows
        self._hall = hall
        self._send = send
        self._said: dict[str, str] = {}

    def on_commit(self, committed: Committed) -> None:
        """A listener of the bus."""
        if committed.hall_id == self._hall_id:
            self._show(committed.hall)

    def on_up(self) -> None:
        """The device process is new and shows nothing yet: say everything."""
        self._said.clear()
        self._show(self._hall())

    def _show(self, hall: Hall) -> None:
        for device, window in self._windows.items():
            if window not in hall.windows:
                continue
            text = strip_text(hall, window)
            if self._said.get(device) != text:
                self._said[device] = text
                self._send(ShowText(device, text, flash=text.startswith("请")))
