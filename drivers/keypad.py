"""USB number pads (HID keyboards): key codes to what a clerk means. Pure.

    digits, Enter   call this number          *   start
    +               call next                 /   finish
    -               recall                    .   miss
    Backspace       forget the digits

Codes are the kernel's (linux/input-event-codes.h); they do not depend on NumLock or on a
keyboard layout. Both the number pad's keys and those of a whole keyboard count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from drivers.debounce import Debounce
from drivers.input_event import KeyPress
from drivers.jobs import PadAction

PRESSED = 1
"""0 is a key let go, 2 the kernel's repetition of a key held down."""

NUMBER_MAX = 6
"""Digits of a number; the first of more are forgotten, as on a calculator's display."""
DIGITS_KEPT_MS = 15_000
"""Digits keyed and left are not part of the next number."""
BOUNCE_MS = 200
"""The same action again so soon was the same press."""

KEYS: Mapping[str, int] = MappingProxyType(
    {"BACKSPACE": 14, "TAB": 15, "ENTER": 28, "SPACE": 57, "ESC": 1, "MINUS": 12, "EQUAL": 13,
     "DOT": 52, "SLASH": 53, "COMMA": 51,
     "KPASTERISK": 55, "KPMINUS": 74, "KPPLUS": 78, "KPDOT": 83, "KPENTER": 96, "KPSLASH": 98,
     "KPEQUAL": 117, "KPCOMMA": 121, "DELETE": 111, "INSERT": 110, "HOME": 102, "END": 107,
     "PAGEUP": 104, "PAGEDOWN": 109, "UP": 103, "DOWN": 108, "LEFT": 105, "RIGHT": 106}
    | {f"F{number}": 58 + number for number in range(1, 11)} | {"F11": 87, "F12": 88}
    | {f"{number}": 1 + number for number in range(1, 10)} | {"0": 11}
    | {f"KP{number}": code for number, code in enumerate((82, 79, 80, 81, 75, 76, 77, 71, 72, 73))}
)  # fmt: skip
"""Names as the kernel has them, without KEY_."""

DIGITS: Mapping[int, str] = MappingProxyType(
    {KEYS[f"{row}{digit}"]: str(digit) for row in ("", "KP") for digit in range(10)}
)
CALL_KEYS = (KEYS["KPENTER"], KEYS["ENTER"])
CLEAR_KEY = KEYS["BACKSPACE"]

ACTION_KEYS: Mapping[int, PadAction] = MappingProxyType(
    {
        KEYS["KPPLUS"]: "call-next",
        KEYS["KPMINUS"]: "recall",
        KEYS["KPASTERISK"]: "start",
        KEYS["KPSLASH"]: "finish",
        KEYS["KPDOT"]: "miss",
    }
)
NUMBERED: frozenset[PadAction] = frozenset({"call", "transfer", "login"})
"""These take the digits and mean nothing without."""


@dataclass(slots=True)
class KeypadDecoder:
    """Key events in order → presses. `at_ms` is any clock that tells how much time passed."""

    action_keys: Mapping[int, PadAction] = field(default_factory=lambda: ACTION_KEYS)
    bounce_ms: int = BOUNCE_MS
    _digits: str = ""
    _digits_at_ms: int = 0
    _bounce: Debounce = field(init=False)

    def __post_init__(self) -> None:
        self._bounce = Debounce(self.bounce_ms)

    def feed(self, code: int, value: int, at_ms: int) -> KeyPress | None:
        """What this key means now. Unknown keys (NumLock …) mean nothing and change nothing."""
        if value != PRESSED:
            return None
        if self._digits and not 0 <= at_ms - self._digits_at_ms <= DIGITS_KEPT_MS:
            self._digits = ""
        # Digits are not debounced: a key "00" is two quick zeros, and the pad's own firmware
        # debounces. One zero too many is seen and refused; a call too many is not.
        if (digit := DIGITS.get(code)) is not None and code not in self.action_keys:
            self._digits = (self._digits + digit)[-NUMBER_MAX:]
            self._digits_at_ms = at_ms
            return None
        action: PadAction | None = self.action_keys.get(code)
        if action is None and code in CALL_KEYS:
            action = "call"
        if action is None:
            if code == CLEAR_KEY:
                self.forget()
            return None
        if not self._bounce.first(code, at_ms):
            return None
        number, self._digits = self._digits, ""
        if action not in NUMBERED:
            return KeyPress(action)
        return KeyPress(action, number) if number else None

    def forget(self) -> None:
        """Drop the digits keyed so far: some keys were not heard, or the clerk said so."""
        self._digits = ""
