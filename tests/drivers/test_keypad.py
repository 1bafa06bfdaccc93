"""USB number pads: keys to presses, and the kernel's events through a pipe."""

from __future__ import annotations

import errno
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import DeviceBroken, DeviceTransient
from drivers.evdev_port import EVENT, EVIOCGRAB, Keypad, profile_of
from drivers.input_event import KeyPress
from drivers.jobs import DeviceConfig
from drivers.keypad import BOUNCE_MS, DIGITS_KEPT_MS, KEYS, NUMBER_MAX, KeypadDecoder

CALL = {"+": "call-next", "-": "recall", "*": "start", "/": "finish", ".": "miss"}
NAMES = {
    "+": "KPPLUS", "-": "KPMINUS", "*": "KPASTERISK", "/": "KPSLASH", ".": "KPDOT",
    "E": "KPENTER", "e": "ENTER", "<": "BACKSPACE",
}  # fmt: skip


def keyed(decoder: KeypadDecoder, keys: str, at_ms: int = 0, pause_ms: int = 500) -> list:
    found = []
    for key in keys:
        code = KEYS[NAMES.get(key, f"KP{key}")]
        for value in (1, 2, 2, 0):
            found.append(decoder.feed(code, value, at_ms))
        at_ms += pause_ms
    return [press for press in found if press is not None]


@pytest.mark.parametrize("key", CALL)
def test_a_key_is_an_action(key):
    assert keyed(KeypadDecoder(), key) == [KeyPress(CALL[key])]


@pytest.mark.parametrize("enter", "Ee")
def test_digits_and_enter_call_a_number(enter):
    assert keyed(KeypadDecoder(), f"017{enter}") == [KeyPress("call", "017")]


def test_enter_alone_means_nothing_and_backspace_forgets():
    assert keyed(KeypadDecoder(), "E12<E") == []


def test_digits_left_alone_or_before_another_key_are_not_part_of_the_next_number():
    decoder = KeypadDecoder()
    assert keyed(decoder, "12", at_ms=0) == []
    assert keyed(decoder, "7E", at_ms=DIGITS_KEPT_MS + 1000) == [KeyPress("call", "7")]
    assert keyed(decoder, "12+7E", at_ms=60_000) == [KeyPress("call-next"), KeyPress("call", "7")]


def test_a_bounced_key_is_one_press_and_a_second_press_is_two():
    code = KEYS["KPPLUS"]
    decoder = KeypadDecoder()
    bounced = [decoder.feed(code, 1, at) for at in (0, 5, 11, BOUNCE_MS)]
    assert [press is not None for press in bounced] == [True, False, False, False]
    assert decoder.feed(code, 1, 2 * BOUNCE_MS) is not None
    without = KeypadDecoder(bounce_ms=0)
    assert all(without.feed(code, 1, at) is not None for at in (0, 5, 11)), "the control"


def test_a_double_zero_key_is_two_zeros():
    decoder = KeypadDecoder()
    for at_ms in (0, 300, 308):
        decoder.feed(KEYS["KP1" if not at_ms else "KP0"], 1, at_ms)
    assert decoder.feed(KEYS["KPENTER"], 1, 900) == KeyPress("call", "100")


def test_a_clock_set_back_makes_no_key_deaf():
    decoder = KeypadDecoder()
    assert keyed(decoder, "+", at_ms=10_000_000)
    assert keyed(decoder, "+", at_ms=0)


@given(st.lists(st.tuples(st.integers(0, 767), st.integers(0, 2), st.integers(0, 50))))
def test_any_keys_give_presses_that_are_well_formed(events):
    decoder, now = KeypadDecoder(), 0
    for code, value, pause_ms in events:
        now += pause_ms
        press = decoder.feed(code, value, now)
        if press is not None:
            assert value == 1
            assert (press.action == "call") == bool(press.number)
            assert len(press.number) <= NUMBER_MAX


# ── the kernel's side ─────────────────────────────────────────────────────────────────────


def event(code: int, value: int = 1, kind: int = 1, at_ms: int = 0) -> bytes:
    return EVENT.pack(at_ms // 1000, at_ms % 1000 * 1000, kind, code, value)


def keypad_on(path, ioctl=None, **options) -> Keypad:
    config = DeviceConfig("pad", "evdev", f"file://{path}", options)
    return Keypad(config, str(path), ioctl) if ioctl else Keypad(config, str(path))


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    yield path, held
    os.close(held)


async def test_events_arrive_also_torn_into_pieces(fifo):
    path, held = fifo
    keypad = keypad_on(path, grab=False)
    await keypad.connect()
    wire = event(KEYS["KP7"]) + event(0, 0, 0) + event(KEYS["KP7"], 0) + event(KEYS["KPENTER"])
    os.write(held, wire[:13])
    keypad._presses(os.read(keypad._fd, 100))
    os.write(held, wire[13:])
    assert await keypad.events() == [KeyPress("call", "7")]
    await keypad.close()


async def test_what_the_kernel_dropped_is_not_guessed(fifo):
    path, held = fifo
    keypad = keypad_on(path, grab=False)
    await keypad.connect()
    os.write(held, event(KEYS["KP1"]) + event(3, 0, 0) + event(KEYS["KP2"]) + event(0, 0, 0))
    os.write(held, event(KEYS["KP3"]) + event(KEYS["KPENTER"]))
    assert await keypad.events() == [KeyPress("call", "3")]
    await keypad.close()


async def test_a_keypad_pulled_out_is_unplugged(tmp_path):
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    keypad = keypad_on(path, grab=False)
    await keypad.connect()
    os.close(writer)
    with pytest.raises(DeviceTransient) as caught:
        await keypad.events()
    assert caught.value.code == "unplugged"
    await keypad.close()


async def test_a_keypad_that_is_not_there_is_unplugged(tmp_path):
    with pytest.raises(DeviceTransient, match="no such file"):
        await keypad_on(tmp_path / "nothing").connect()


async def test_a_keypad_is_taken_for_ourselves(fifo):
    path, _held = fifo
    calls = []
    keypad = keypad_on(path, lambda fd, request, value: calls.append((request, value)))
    await keypad.connect()
    assert calls == [(0x40044590, 1)] == [(EVIOCGRAB, 1)]  # linux/input.h on x86 and ARM
    await keypad.close()


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EACCES, DeviceBroken, "udev rule: SUBSYSTEM"),
        (errno.EBUSY, DeviceTransient, "grabbed by another program"),
        (errno.ENOTTY, DeviceBroken, "no input device"),
        (errno.ENODEV, DeviceTransient, "no such device"),
    ],
)
async def test_why_it_cannot_be_taken_is_said(fifo, number, kind, words):
    def refuse(_fd, _request, _value):
        raise OSError(number, "refused")

    keypad = keypad_on(fifo[0], refuse)
    with pytest.raises(kind, match=words):
        await keypad.connect()
    assert keypad._fd == -1


async def test_a_real_grab_of_what_is_no_keypad_is_refused(fifo):
    with pytest.raises(DeviceBroken, match="no input device"):
        await keypad_on(fifo[0]).connect()


def test_an_event_is_as_the_kernel_lays_it_out():
    assert EVENT.size == 2 * struct.calcsize("l") + 8


def test_keys_can_be_chosen():
    keys = profile_of({"call_next": "KEY_F1", "miss": "", "park": "TAB"}).action_keys
    assert keys[KEYS["F1"]] == "call-next"
    assert keys[KEYS["TAB"]] == "park"
    assert KEYS["KPPLUS"] not in keys and KEYS["KPDOT"] not in keys


@pytest.mark.parametrize(
    "options",
    [{"call_next": "KP1"}, {"miss": "NOKEY"}, {"miss": "TAB", "park": "TAB"}, {"bounce_ms": -1},
     {"grab": 1}, {"colour": "red"}, {"miss": 3}],
)  # fmt: skip
def test_an_option_that_cannot_be_is_named(options):
    with pytest.raises(DeviceBroken) as caught:
        profile_of(options)
    assert caught.value.code == "bad_option"
    assert list(options)[-1] in str(caught.value)
