"""A USB number pad as the kernel gives it: struct input_event from /dev/input. See keypad.py.

    call_next, recall, start, finish, miss, park, transfer, undo, open, pause, login, logout,
    call, call_guard, call_manager, call_adviser = "KPPLUS"    another key for an action, named
                       as in linux/input-event-codes.h without KEY_; "" for none
    bounce_ms          0 … 2000    the same key again within this time is the same press
    grab               true        nobody else gets its keys: without, digits also reach the
                                   program whose window is in front

The port is file:///dev/input/by-id/usb-…-event-kbd (or by-path/… for the socket it is in), never
eventN, which changes. The service's user needs the group `input`, or better a rule for this pad
alone; the error says which.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drivers.device import DeviceBroken, DeviceError, DeviceTransient
from drivers.input_event import ACTIONS, InputEvent
from drivers.input_options import Number, Option, Rule, Switch, Words, bad, check
from drivers.jobs import DeviceConfig, PadAction, PadShow
from drivers.keypad import ACTION_KEYS, BOUNCE_MS, DIGITS, KEYS, KeypadDecoder
from drivers.transport import receive

EVENT = struct.Struct("llHHi")
"""struct input_event: seconds, microseconds, type, code, value. 24 bytes where long has 8."""
EVENTS_AT_ONCE = 64
EV_SYN, EV_KEY, SYN_DROPPED = 0, 1, 3

LISTEN_S = 3600.0
"""A clerk may be silent for as long as they like; the limit only has to be some number."""


def ioctl_write(group: str, number: int, size: int) -> int:
    """_IOW of asm-generic/ioctl.h (x86, ARM, RISC-V): direction 1, size, group, number."""
    return 1 << 30 | size << 16 | ord(group) << 8 | number


EVIOCGRAB = ioctl_write("E", 0x90, struct.calcsize("i"))

ACTION_OPTIONS: Mapping[str, PadAction] = {name.replace("-", "_"): name for name in ACTIONS}
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(ACTION_OPTIONS, Words(12, least=0)),
    "bounce_ms": Number(0, 2000),
    "grab": Switch(),
}


@dataclass(frozen=True, slots=True)
class KeypadProfile:
    """Checked options of one keypad."""

    action_keys: Mapping[int, PadAction]
    bounce_ms: int
    grab: bool


def profile_of(options: Mapping[str, Option]) -> KeypadProfile:
    """Raises `DeviceBroken` (`bad_option`) naming the option."""
    check("a keypad", options, RULES)
    keys = dict(ACTION_KEYS)
    chosen: dict[int, str] = {}
    for option, action in ACTION_OPTIONS.items():
        if option not in options:
            continue
        name = str(options[option])
        keys = {code: one for code, one in keys.items() if one != action}
        if not name:
            continue
        code = KEYS.get(name.removeprefix("KEY_"))
        if code is None or code in DIGITS:
            allowed = ", ".join(key for key, one in KEYS.items() if one not in DIGITS)
            raise bad("a keypad", f"{option} = {name!r}", f"a key among {allowed}")
        if code in chosen:
            raise bad("a keypad", f"{option} = {name!r}", f"{chosen[code]} has this key already")
        chosen[code] = option
        keys[code] = action
    bounce_ms = options.get("bounce_ms", BOUNCE_MS)
    return KeypadProfile(keys, int(bounce_ms), bool(options.get("grab", True)))


class Keypad:
    """One keypad, opened anew by every `connect`."""

    def __init__(
        self,
        config: DeviceConfig,
        path: str,
        ioctl: Callable[[int, int, int], object] = fcntl.ioctl,
    ) -> None:
        """Raises `DeviceBroken` (`bad_option`) naming the option."""
        self.profile = profile_of(config.options)
        self._path = path
        self._ioctl = ioctl
        self._fd = -1
        self._rest = b""
        self._dropped = False
        self._decoder = KeypadDecoder(self.profile.action_keys, self.profile.bounce_ms)

    async def connect(self) -> None:
        """Open the keypad and take it for ourselves. Raises `DeviceError`."""
        try:
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            self._fd = await asyncio.to_thread(os.open, self._path, flags)
            if self.profile.grab:
                self._ioctl(self._fd, EVIOCGRAB, 1)
        except OSError as error:
            await self.close()
            raise self._failure(error) from None

    async def close(self) -> None:
        """Never raises. The kernel ends the grab."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    async def show(self, order: PadShow) -> None:
        """A keypad has no display."""

    async def events(self) -> Sequence[InputEvent]:
        """The next presses. Raises `DeviceTransient` (`unplugged`)."""
        fd = self._fd
        while True:
            data = await receive(
                fd, lambda: os.read(fd, EVENT.size * EVENTS_AT_ONCE), LISTEN_S, self._path
            )
            if data == b"":
                raise DeviceTransient("unplugged", f"{self._path} was unplugged")
            if data and (presses := self._presses(data)):
                return presses

    def _presses(self, data: bytes) -> list[InputEvent]:
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        found: list[InputEvent] = []
        for seconds, micros, kind, code, value in EVENT.iter_unpack(data[:whole]):
            if kind == EV_SYN:
                # The kernel's buffer overran: what comes before the next report is incomplete.
                self._dropped = code == SYN_DROPPED
                if self._dropped:
                    self._decoder.forget()
            elif kind == EV_KEY and not self._dropped:
                press = self._decoder.feed(code, value, seconds * 1000 + micros // 1000)
                if press is not None:
                    found.append(press)
        return found

    def _failure(self, error: OSError) -> DeviceError:
        path = self._path
        if error.errno in (errno.EACCES, errno.EPERM):
            return DeviceBroken(
                "no_permission",
                f"no permission for {path}: add the service's user to the group input, or a udev "
                'rule: SUBSYSTEM=="input", KERNEL=="event*", ATTRS{idVendor}=="VVVV", '
                'ATTRS{idProduct}=="PPPP", GROUP="plugdev", MODE="0640" (numbers from lsusb)',
            )
        if error.errno == errno.EBUSY:
            return DeviceTransient("offline", f"{path} is grabbed by another program")
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            return DeviceBroken("bad_port", f"{path} is no input device")
        if error.errno == errno.EISDIR:
            return DeviceBroken("bad_port", f"{path} is a directory")
        words = os.strerror(error.errno or 0).lower()
        return DeviceTransient("unplugged", f"{path}: {words}")
