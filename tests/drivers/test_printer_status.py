"""What printers answer: bit tables, and telling three kinds of bytes apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.escpos import PrinterEmulator
from drivers.printer_status import (
    AnswerReader,
    Automatic,
    Garbage,
    InOrder,
    Realtime,
    Status,
    status_of_asb,
    status_of_realtime,
)

GOLDEN = {
    "": ("10000000", "12121212", Status()),
    "paper near end": ("10000300", "1212121E", Status(paper="near_end")),
    "paper out": ("18000F00", "1A32127E", Status(offline=True, paper="out")),
    "cover open": ("38000000", "1A161212", Status(offline=True, cover_open=True)),
    "offline": ("18000000", "1A121212", Status(offline=True)),
}
FAULTS = {
    "": {},
    "paper near end": {"paper": "near_end"},
    "paper out": {"paper": "out"},
    "cover open": {"cover_open": True},
    "offline": {"offline": True},
}


@pytest.mark.parametrize(("asb", "realtime", "status"), GOLDEN.values(), ids=GOLDEN)
def test_golden_answers_are_understood(asb, realtime, status):
    assert status_of_asb(bytes.fromhex(asb)) == status
    assert status_of_realtime(*bytes.fromhex(realtime)) == status


@pytest.mark.parametrize("fault", GOLDEN)
def test_the_emulator_gives_the_golden_answers(fault):
    asb, realtime, _ = GOLDEN[fault]
    printer = PrinterEmulator()
    for name, value in FAULTS[fault].items():
        setattr(printer.faults, name, value)
    answers = printer.feed(bytes.fromhex("100401 100402 100403 100404"))
    assert answers == bytes.fromhex(realtime)
    assert printer.automatic() == bytes.fromhex(asb)


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ("12121212", ""),
        ("1212121E", ""),
        ("1A32127E", "paper_out"),
        ("12321212", "paper_out"),
        ("1A161212", "cover_open"),
        ("1A521A12", "cutter_jam"),
        ("1A523212", "error"),
        ("1A525212", "error"),
        ("1A521212", "error"),
        ("1A121212", "offline"),
        ("1A1A1212", "offline"),
    ],
)
def test_the_most_telling_fault_is_named(answers, fault):
    assert status_of_realtime(*bytes.fromhex(answers)).fault == fault


def test_an_automatic_block_is_not_taken_for_answers():
    reader = AnswerReader()
    assert reader.feed(bytes.fromhex("12 38000000 1A 00 0C")) == [
        Realtime(0x12),
        Automatic(Status(offline=True, cover_open=True)),
        Realtime(0x1A),
        InOrder("ok"),
        InOrder("out"),
    ]


def test_a_block_that_is_none_is_garbage_and_what_follows_is_read():
    assert AnswerReader().feed(b"\x10\x00\x12") == [Garbage(0x10), InOrder("ok"), Realtime(0x12)]


def test_a_block_cut_off_is_forgotten():
    reader = AnswerReader()
    assert reader.feed(b"\x10\x00") == []
    reader.reset()
    assert reader.feed(b"\x12") == [Realtime(0x12)]


@given(st.binary(max_size=40), st.data())
def test_torn_apart_answers_are_the_same_answers(data, draw):
    whole, torn = AnswerReader(), AnswerReader()
    cut = draw.draw(st.integers(0, len(data)))
    assert torn.feed(data[:cut]) + torn.feed(data[cut:]) == whole.feed(data)
