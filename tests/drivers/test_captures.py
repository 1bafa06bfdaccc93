"""Captures of lines, replayed: every driver says the same bytes again, which mean what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drivers import hallpad68
from drivers.registry import KINDS
from tests.drivers.replay import BadCapture, Capture, Differs, decoded, load, read, replay

FOLDER = Path(__file__).parent / "captures"
CAPTURES = sorted(FOLDER.glob("*.jsonl"))
TALKING = {kind for kind in KINDS if KINDS[kind].role != "input"}
REPLAYABLE = TALKING - {"clips", "browser"} | {"hallpad68"}


def test_there_is_one_of_every_kind_that_talks():
    assert {load(file).config.kind for file in CAPTURES} == REPLAYABLE


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
async def test_a_driver_says_the_same_bytes_again(file: Path):
    capture = load(file)
    assert any(seen.direction == "out" for seen in capture.seen)
    done = await replay(capture)
    assert done, "not one order in it"


def press(emulator: Any, data: bytes) -> None:
    """What a pad had said is what it waits to hear back."""
    emulator.unacknowledged += hallpad68.Decoder().feed(data)


WALL = ["请A017号到1号窗口", "暂停服务", ""]


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
async def test_the_strict_emulator_reads_what_was_sent(file: Path):
    capture = load(file)
    emulator = decoded(capture, press if capture.config.kind == "hallpad68" else None)
    assert emulator.violations == []
    done = await replay(capture)
    match KINDS[capture.config.kind].role:
        case "strip":
            assert done == WALL
            assert emulator.text == ""
        case "printer":
            assert done == ["confirmed=True"]
            (page,) = emulator.pages
            assert "A017" in page.text and "企业开办" in page.text
        case "voice":
            assert len(done) == 1 and "窗口" in done[0]
        case "input":
            assert emulator.display == "017_12"
            assert [press.address for press in emulator.acknowledged] == [1, 1, 0x81, 1]


def changed(file: Path, direction: str, at: int = 3) -> Capture:
    """The capture with one bit flipped in the last frame of `direction`."""
    head, *lines = file.read_text("utf-8").splitlines()
    seen = [json.loads(line) for line in lines]
    wrong = [one for one in seen if one["direction"] == direction][-1]
    data = bytearray.fromhex(wrong["hex"])
    data[min(at, len(data) - 1)] ^= 0x01
    wrong["hex"] = data.hex()
    return read("\n".join([head, *map(json.dumps, seen)]))


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
async def test_one_wrong_bit_is_found_and_shown_in_hex(file: Path):
    """The negative control of all of the above."""
    capture = changed(file, "out")
    wanted = [seen for seen in capture.seen if seen.direction == "out"][-1]
    with pytest.raises(Differs) as difference:
        await replay(capture)
    told = str(difference.value)
    assert f"line {wanted.number}" in told
    at = min(3, len(wanted.data) - 1)
    assert wanted.data[at:].hex(" ") in told
    right = f"{wanted.data[at] ^ 1:02x}"
    assert f"said:     {right}" in told


async def test_a_driver_that_says_more_or_less_is_found():
    file = FOLDER / "bx-fontcard.jsonl"
    lines = file.read_text("utf-8").splitlines()
    without_the_last = read("\n".join(lines[:-2]))
    with pytest.raises(Differs, match="at its end"):
        await replay(without_the_last)
    last_out = next(line for line in reversed(lines) if '"out"' in line)
    with_one_more = read("\n".join([*lines, last_out.replace("a506", "a507")]))
    with pytest.raises(Differs):
        await replay(with_one_more)


async def test_another_option_is_another_driver():
    capture = load(FOLDER / "hallbus-nibble.jsonl")
    capture.config.options["address"] = 2
    with pytest.raises(Differs):
        await replay(capture)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1"),
        ("{}", "line 1"),
        ('{"capture":2,"kind":"escpos","device":"d","options":{}}', "line 1"),
        ('{"capture":1,"kind":"toaster","device":"d","options":{}}', "line 1"),
        ('{"capture":1,"kind":"escpos","device":"d","options":{}}\nnot json', "line 2"),
        ('{"capture":1,"kind":"escpos","device":"d","options":{}}\n{"at_ms":1}', "line 2"),
    ],
)
def test_what_is_no_capture_says_where(text: str, why: str):
    with pytest.raises(BadCapture, match=why):
        read(text)


def test_a_capture_with_gaps_is_not_replayed():
    head = '{"capture":1,"kind":"sam","device":"d","options":{}}'
    private = '{"at_ms":1,"direction":"in","hex":"","length":9}'
    gap = '{"at_ms":1,"direction":"in","hex":"41","left_out":3}'
    for line in (private, gap):
        with pytest.raises(BadCapture, match="missing"):
            read(f"{head}\n{line}")
