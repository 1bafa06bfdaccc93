"""Every trial, as a program, against the strict devices on real lines: well, and broken."""

from __future__ import annotations

import grp
import os

import pytest

from drivers.emulators import serving
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.hallpad68 import HallPad68
from drivers.emulators.sam import SamReader, card_text
from drivers.emulators.serving import LineFaults
from drivers.emulators.syn6288 import Syn6288
from drivers.emulators.xfs5152 import Xfs5152
from tests.drivers.speaking import on_line
from tests.drivers.strip_families import FAMILIES
from tests.drivers.technician.tool import Said, running, tool, until_said

SERVES = {"tcp": serving.on_tcp, "pty": serving.on_pty}
QUICK = ("--option", "timeout_s=0.3", "--option", "print_timeout_s=2")
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups")
"""Root who may only what anybody may (util-linux)."""
IMPATIENT = ("--option", "ack_s=0.1")
NUMBER, NAME = "11010519491231002X", "张三丰"


def failed(said: Said, *words: str) -> None:
    """The trial ended with 1, named these things, and said what to do."""
    assert said.code == 1, said
    for word in words:
        assert word in said.out, said.out
    assert "\n  → " in said.out
    assert "Traceback" not in said.err


# ── test-print ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("serve", SERVES)
async def test_a_printer_prints_what_a_technician_can_judge(serve):
    emulator = PrinterEmulator(width_mm=58)
    async with SERVES[serve](emulator) as line:
        said = await tool(
            "test-print", "--port", line.url, "--option", "profile=xprinter-xp58", language="zh"
        )
    assert (said.code, said.err) == (0, "")
    assert "打印机回报：整张已打完" in said.out and "打印后：打印机应答正常" in said.out
    assert emulator.violations == []
    assert len(emulator.pages) + emulator.press.dirty == 1
    emulator.tear()
    text = emulator.pages[0].text
    for wanted in ("测试小票", "xprinter-xp58", "政务服务", "[image 384×24]", "58 mm / 384"):
        assert wanted in text, text


PRINTER_FAULTS = {
    "silent": ({}, {"silent": True}, ("the device does not answer", "wiring")),
    "garbled": ({}, {"garbled": True}, ("reports an error",)),
    "no paper": ({"paper": "out"}, {}, ("out of paper", "new roll")),
    "open": ({"cover_open": True}, {}, ("cover is open",)),
    "jammed": ({"cutter_jam": True}, {}, ("cutter is jammed", "switch it off")),
}


@pytest.mark.parametrize("case", PRINTER_FAULTS)
async def test_a_printer_that_cannot_says_why_and_what_to_do(case):
    printer, line_faults, words = PRINTER_FAULTS[case]
    emulator = PrinterEmulator()
    for name, value in printer.items():
        setattr(emulator.faults, name, value)
    async with serving.on_pty(emulator, LineFaults(**line_faults)) as line:
        failed(await tool("test-print", "--port", line.url, *QUICK), *words)
    assert emulator.pages == []


async def test_paper_that_ends_midway_is_told_with_the_half_slip():
    emulator = PrinterEmulator()
    emulator.faults.dots_left = 300
    async with serving.on_tcp(emulator) as line:
        said = await tool("test-print", "--port", line.url, *QUICK)
    failed(said, "before: the printer answers", "A part of it may be on paper", "out of paper")


async def test_a_printer_nobody_hears_leaves_the_judgement_to_the_eyes():
    emulator = PrinterEmulator()
    emulator.faults.silent = True
    async with serving.on_tcp(emulator) as line:
        said = await tool("test-print", "--port", line.url, "--option", "status=none")
    assert said.code == 0
    assert "tells nothing" in said.out and "does not say what became of it" in said.out
    assert len(emulator.pages) == 1


async def test_a_picture_of_a_virtual_printers_slip(tmp_path):
    picture = tmp_path / "new" / "slip.png"
    said = await tool("test-print", "--port", "virtual://", "--show", picture)
    assert said.code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


# ── ports ─────────────────────────────────────────────────────────────────────────────────


async def test_a_port_that_is_not_there(tmp_path):
    port = f"serial://{tmp_path}/tty"
    failed(await tool("test-print", "--port", port), "not connected", "plug the cable in")


async def test_a_port_that_is_busy():
    import serial

    async with serving.on_pty(PrinterEmulator()) as line:
        with serial.Serial(line.path, exclusive=True):
            failed(
                await tool("test-print", "--port", line.url),
                "in use by another program",
                "systemctl stop queued",
            )


async def test_a_port_one_may_not_open_names_the_group(tmp_path):
    # Given a line for a group that whoever runs the tool is not in
    async with serving.on_pty(PrinterEmulator()) as line:
        if os.geteuid() == 0:
            os.chown(line.path, 65534, grp.getgrnam("dialout").gr_gid)
            os.chmod(line.path, 0o660)
            said = await tool("test-print", "--port", line.url, within=WITHOUT_RIGHTS)
        else:
            os.chmod(line.path, 0o040)
            said = await tool("test-print", "--port", line.url)
    failed(said, "no permission to open", "usermod -aG")
    assert "only dialout may" in said.out or os.geteuid() != 0


# ── test-led ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["bx-fontcard", "hallbus", "a090", "pa-v21", "template"])
async def test_a_strip_shows_and_confirms_everything(name):
    family = FAMILIES[name]
    strip = family.emulator()
    options = [
        word for key, value in family.options.items() for word in ("--option", f"{key}={value}")
    ]
    async with serving.on_pty(strip) as line:
        said = await tool(
            "test-led", "--kind", family.kind, "--port", line.url, "--pause", 0, *options
        )
    assert (said.code, said.err) == (0, "")
    coloured = family.kind in ("bx-fontcard", "hallbus", "a090")
    assert f"{12 if coloured else 9} texts, all confirmed" in said.out
    assert strip.text.rstrip("\u3000 ") == ("黄色" if coloured else "5")
    assert strip.violations == []


async def test_a_strip_of_another_address_does_not_answer():
    async with serving.on_pty(FAMILIES["a090"].emulator()) as line:
        said = await tool(
            "test-led", "--kind", "a090", "--port", line.url, "--option", "address=7", *IMPATIENT
        )
    failed(said, "address 7", "does not answer", "A and B of RS-485")


@pytest.mark.parametrize("fault", ["silent", "garbled"])
async def test_a_strip_on_a_bad_line(fault):
    async with serving.on_tcp(FAMILIES["hallbus"].emulator(), LineFaults(**{fault: True})) as line:
        failed(await tool("test-led", "--kind", "hallbus", "--port", line.url, *IMPATIENT))


# ── say ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "module", "texts"),
    [
        ("syn6288", Syn6288, ["请A零幺七号到三号窗口"]),
        ("xfs5152", Xfs5152, ["请A零幺七号到三号窗口", "Number A 0 1 7, please go to window 3"]),
    ],
)
async def test_a_voice_calls_in_each_of_its_languages(kind, module, texts):
    emulator = module(seconds_per_char=0.06)
    async with on_line(emulator) as line:
        said = await tool(
            "say", "--kind", kind, "--port", line.url, "--option", "seconds_per_char=0.1"
        )
    assert said.code == 0, said
    assert list(emulator.spoken) == texts
    assert all(text in said.out for text in texts)


async def test_a_voice_that_is_not_there():
    async with serving.on_pty(Syn6288(), LineFaults(silent=True)) as line:
        said = await tool("say", "--kind", "syn6288", "--port", line.url, *IMPATIENT)
    failed(said, "does not answer")


async def test_recordings_without_a_folder(tmp_path):
    said = await tool(
        "say", "--kind", "clips", "--port", "virtual://", "--option", f"clips={tmp_path}/none"
    )
    failed(said, "there is no folder", "option named")


# ── read-card, press ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("secret", ["", "a secret of the hall"])
async def test_a_card_is_read_and_its_number_is_nowhere(secret):
    reader = SamReader()
    reader.lay(card_text(NAME, NUMBER))
    environ = {"QUEUED_CARD_SECRET": secret} if secret else {}
    async with serving.on_pty(reader) as line:
        said = await tool("read-card", "--port", line.url, "--debug", **environ)
    assert said.code == 0, said
    assert "name 张*" in said.out
    assert ("a secret for this once" in said.out) == (not secret)
    for private in (NUMBER, NAME, NUMBER[6:14], secret or NUMBER):
        assert private not in said.out + said.err


async def test_no_card():
    async with serving.on_pty(SamReader()) as line:
        failed(await tool("read-card", "--port", line.url, "--seconds", 0.5), "no identity card")


async def test_a_reader_that_is_silent():
    async with serving.on_pty(SamReader(), LineFaults(silent=True)) as line:
        failed(await tool("read-card", "--port", line.url, *IMPATIENT), "does not answer")


async def test_keys_and_grades_are_told_and_acknowledged():
    pad = HallPad68(address=5)
    async with serving.on_pty(pad) as line:
        pad.push = line.push
        words = ("press", "--kind", "hallpad68", "--port", line.url, "--most", 2)
        async with running(*words, "--option", "address=5") as process:
            await until_said(process, lambda text: text.startswith("Press keys"))
            pad.press(1, 7, 0x0C)
            said = await until_said(process, lambda text: text.startswith("key:"))
            pad.rate(4)
            said += await until_said(process, lambda text: text.startswith("It works"))
            assert await process.wait() == 0
    assert "key: call, number 17" in said and "grade: very-satisfied" in said
    assert len(pad.acknowledged) == 2 and pad.violations == []


async def test_nobody_presses():
    async with serving.on_pty(HallPad68()) as line:
        said = await tool("press", "--kind", "hallpad68", "--port", line.url, "--seconds", 0.3)
    failed(said, "no key was pressed", "light blinks")
