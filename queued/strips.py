"""Strips and summary screens: after every change each shows the present. Level-triggered.

A strip that was away gets the newest text, never the texts it missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.jobs import Order, ShowText
from queued.core.model import Hall
from queued.engine.bus import Committed
from queued.outputs import screen_text
from queued.settings_values import DeviceSettings


class Strips:
    """The strips of one hall. `send` takes an order to the device process."""

    def __init__(
        self,
        hall_id: str,
        devices: Sequence[DeviceSettings],
        hall: Callable[[], Hall],
        send: Callable[[Order], object],
    ) -> None:
        self._hall_id = hall_id
        self._devices = devices
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

    def show_again(self, device: str) -> None:
        """`device` was made to show something else: the present once more."""
        if self._said.pop(device, None) is not None:
            self._show(self._hall())

    def _show(self, hall: Hall) -> None:
        for device in self._devices:
            text = screen_text(hall, device)
            if self._said.get(device.id) != text:
                self._said[device.id] = text
                flash = device.window is not None and text.startswith("请")
                self._send(ShowText(device.id, text, flash=flash))
