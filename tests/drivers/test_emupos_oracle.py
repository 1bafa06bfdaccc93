"""emupos, somebody else's printer, takes our slips, tells our driver its faults, and draws a code
that OpenCV reads. It needs a newer Python than we do: `tests/setup_machine.py` gives it one of its
own where there is one.

It knows no Chinese: what comes in as GBK it shows as code page 437, which loses nothing.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy
import pytest

from drivers.device import DeviceTransient
from drivers.emulators.escpos import PrinterEmulator
from drivers.jobs import DeviceConfig, PrintSlip
from drivers.ports import parse_port
from drivers.printer import Printer
from drivers.transport import open_port
from tests.drivers.slips import ADDRESS, SLIP, encode

EMUPOS = Path(__file__).resolve().parents[2] / ".cache" / "emupos" / "bin" / "emupos"
STARTS_S = 30.0
LATER_MS = 10**15

pytestmark = pytest.mark.skipif(not EMUPOS.exists(), reason="emupos needs Python 3.13 or newer")


@dataclass
class Emupos:
    """A running emupos with one printer."""

    api: str
    url: str

    def ask(self, path: str, method: str = "GET") -> bytes:
        """One request about the printer."""
        request = urllib.request.Request(f"{self.api}/devices/front{path}", method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    @contextlib.contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """With this wrong."""
        self.ask(f"/faults/{name}", "PUT")
        try:
            yield
        finally:
            self.ask(f"/faults/{name}", "DELETE")

    def newest(self, what: str) -> bytes:
        """Of the last slip its text or image."""
        receipts = json.loads(self.ask("/receipts"))
        return self.ask(f"/receipts/{receipts[0]['id']}/{what}")


@pytest.fixture(scope="module")
def emupos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emupos]:
    folder = tmp_path_factory.mktemp("emupos")
    api, port = _free_port(), _free_port()
    (folder / "emupos.yaml").write_text(
        f"schema: 1\napi: {{host: 127.0.0.1, port: {api}}}\ndevices:\n"
        "  - id: front\n    type: printer\n    profile: epson-tm-t20iii\n"
        f"    connections: [{{tcp: {{port: {port}}}}}]\n    receipts_dir: ./receipts\n"
    )
    log = (folder / "log").open("w")
    process = subprocess.Popen([EMUPOS, "run"], cwd=folder, stdout=log, stderr=log)
    running = Emupos(f"http://127.0.0.1:{api}/api/v1", f"tcp://127.0.0.1:{port}")
    deadline = time.monotonic() + STARTS_S
    try:
        while True:
            try:
                running.ask("/receipts")
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)  # another program starts
        yield running
    finally:
        process.terminate()
        process.wait()
        log.close()


@contextlib.asynccontextmanager
async def connected(emupos: Emupos):
    """Our driver at that printer."""
    config = DeviceConfig("p", "escpos", emupos.url, {})
    printer = Printer(config, open_port(parse_port(emupos.url, 9100, 0)))
    await printer.connect()
    try:
        yield printer
    finally:
        await printer.close()


async def go() -> None:
    """The ledger says "sent"."""


def lines(text: str) -> list[str]:
    """What can be read, without codes and rules."""
    found = ("".join(line.split()) for line in text.splitlines())
    return [line for line in found if line and not line.lower().startswith(("[qr", "---"))]


async def test_it_reads_on_our_slip_what_our_own_printer_reads(emupos: Emupos):
    async with connected(emupos) as printer:
        assert await printer.print(PrintSlip("j", "p", SLIP, LATER_MS), go)
    theirs = emupos.newest("text").decode().encode("cp437").decode("gb18030")
    ours = PrinterEmulator()
    ours.feed(encode(*SLIP))
    assert lines(theirs) == lines(ours.pages[0].text)
    assert len(lines(theirs)) > 8


async def test_a_phone_reads_the_code_it_drew(emupos: Emupos):
    async with connected(emupos) as printer:
        await printer.print(PrintSlip("j", "p", SLIP, LATER_MS), go)
    picture = numpy.frombuffer(emupos.newest("image"), numpy.uint8)
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE))
    assert read == ADDRESS


async def test_its_faults_are_the_ones_our_driver_tells(emupos: Emupos):
    async with connected(emupos) as printer:
        assert await printer.check() == "ok"
        with emupos.fault("paper-near-end"):
            assert await printer.check() == "near_end"
        for name, code in (
            ("paper-out", "paper_out"),
            ("cover-open", "cover_open"),
            ("offline", "offline"),
        ):
            with emupos.fault(name), pytest.raises(DeviceTransient) as told:
                await printer.check()
            assert told.value.code == code
        assert await printer.check() == "ok"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
