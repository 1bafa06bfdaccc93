"""receiptline, an encoder by others in another language, sends the same bytes for our texts.

It places words by absolute positions, which cheap printers do not have, so whole slips differ;
what must not differ is what a character is on the wire, and that kanji mode is on around it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from drivers import escpos, jobs
from tests.drivers.slips import RARE, SLIP

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
SCRIPT = """
const receiptline = require("receiptline");
const texts = JSON.parse(require("fs").readFileSync(0));
const options = {cpl: 48, encoding: "gb18030", command: "escpos", spacing: false, cutting: false};
const lines = texts.map((text) => receiptline.transform(text, options));
const hex = (line) => Buffer.from(line, "latin1").toString("hex");
process.stdout.write(JSON.stringify(lines.map(hex)));
"""
KANJI_ON = b"\x1c&"
"""FS &."""

needs_receiptline = pytest.mark.skipif(
    NODE is None or not (ROOT / "node_modules" / "receiptline").is_dir(),
    reason="no node or no receiptline on this machine",
)


def receiptline(*texts: str) -> list[bytes]:
    """What it sends for each text on a line of its own."""
    done = subprocess.run(
        [str(NODE), "-e", SCRIPT],
        input=json.dumps(texts).encode(),
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    return [bytes.fromhex(line) for line in json.loads(done.stdout)]


def chinese_runs(text: str) -> list[str]:
    """The Chinese parts: what receiptline's own language means something in is left out."""
    parts = "".join(char if "一" <= char <= "鿿" else " " for char in text).split()
    return [part[:20] for part in parts]


@needs_receiptline
def test_the_texts_of_a_slip_are_the_same_bytes():
    texts = [block.text for block in SLIP if isinstance(block, jobs.Text)] + [RARE]
    runs = [run for text in texts for run in chinese_runs(text)]
    assert len(runs) > 6
    for run, line in zip(runs, receiptline(*runs), strict=True):
        assert KANJI_ON + (escpos.text_bytes(run, "gb18030") or b"?") in line, run


@needs_receiptline
def test_every_chinese_character_has_the_same_code():
    wanted = [chr(code) for code in range(0x4E00, 0x9FA6)]
    runs = ["".join(wanted[at : at + 20]) for at in range(0, len(wanted), 20)]
    found = receiptline(*runs)
    for run, line in zip(runs, found, strict=True):
        assert (escpos.text_bytes(run, "gb18030") or b"?") in line, run


@needs_receiptline
def test_control_another_charset_is_noticed():
    (line,) = receiptline("镕")  # in GBK and GB 18030, not in GB 2312
    assert escpos.text_bytes("镕", "gb2312") is None
    assert "熔".encode("gb18030") not in line
