"""What the doctor finds: on real lines with strict devices, on broken ones, on made-up machines."""

from __future__ import annotations

import ast
import os
import socket
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from display import i18n
from drivers.emulators.escpos import PrinterEmulator
from drivers.emulators.serving import LineFaults, on_pty, on_tcp
from queued.commands import doctor_city, doctor_devices, doctor_machine
from queued.commands.doctor_devices import Find, asked, plugged, uses
from queued.commands.doctor_findings import Finding
from queued.settings_values import DeviceSettings
from queued.storage.store import Store
from tests.drivers.strip_families import FAMILIES
from tests.hall_parts import settings

SOURCES = (Path(doctor_machine.__file__), Path(doctor_devices.__file__), Path(doctor_city.__file__),
           Path(doctor_machine.__file__).with_name("doctor_redis.py"),
           Path(doctor_machine.__file__).with_name("doctor.py"))  # fmt: skip


def device(port: str, id_: str = "printer", kind: str = "escpos", **options) -> DeviceSettings:
    return DeviceSettings(id_, kind, port, options=options)


def seen(findings) -> list[tuple[str, str, str]]:
    return [(one.level, one.code, one.reason) for one in findings]


# ── devices on real lines ─────────────────────────────────────────────────────────────────

QUICK = {"timeout_s": 0.3}


async def test_devices_that_are_well():
    async with on_tcp(PrinterEmulator()) as tcp, on_pty(FAMILIES["a090"].emulator()) as pty:
        hall = settings(device(tcp.url), device(pty.url, "strip", "a090"))
        assert seen(await asked(hall, False)) == [("good", "device", "")] * 2


@pytest.mark.parametrize(
    ("fault", "level", "reason"),
    [("paper_out", "bad", "paper_out"), ("near_end", "note", "near_end"),
     ("cover_open", "bad", "cover_open")],
)  # fmt: skip
async def test_a_printer_that_wants_a_person(fault, level, reason):
    emulator = PrinterEmulator()
    if fault == "cover_open":
        emulator.faults.cover_open = True
    else:
        emulator.faults.paper = "out" if fault == "paper_out" else "near_end"
    async with on_tcp(emulator) as line:
        (found,) = await asked(settings(device(line.url, **QUICK)), False)
    assert (found.level, found.reason) == (level, reason)
    assert found.advice(i18n.catalogue("zh"))


@pytest.mark.parametrize("fault", ["silent", "garbled"])
async def test_a_device_on_a_bad_line(fault):
    async with on_pty(PrinterEmulator(), LineFaults(**{fault: True})) as line:
        (found,) = await asked(settings(device(line.url, **QUICK)), False)
    assert found.level == "bad"
    assert found.reason == ("timeout" if fault == "silent" else "error")


async def test_a_wrong_configuration_and_a_missing_port_are_told_apart(tmp_path):
    hall = settings(
        device("virtual://", "a", width_mm=57), device(f"serial://{tmp_path}/tty", "b")
    )
    found = await asked(hall, False)
    assert [(one.facts["device"], one.reason) for one in found] == [
        ("a", "bad_option"), ("b", "unplugged"),
    ]  # fmt: skip


async def test_a_line_that_the_running_hall_holds_is_no_fault():
    import serial

    async with on_pty(PrinterEmulator()) as line:
        with serial.Serial(line.path, exclusive=True):
            hall = settings(device(line.url))
            assert seen(await asked(hall, True)) == [("note", "device_busy", "")]
            assert seen(await asked(hall, False)) == [("bad", "device_bad", "offline")]


async def test_a_voice_that_is_a_page_is_not_asked():
    hall = settings(device("browser://", "voice", "browser"))
    assert seen(await asked(hall, False)) == [("note", "page", "")]
    assert seen(await asked(settings(), False)) == [("good", "devices_none", "")]


# ── what is plugged in ────────────────────────────────────────────────────────────────────

LINE = Find(
    "serial", "serial:///dev/serial/by-id/usb-FTDI-port0", "FTDI 0403:6001",
    others=("serial:///dev/queued/strip-1", "serial:///dev/ttyUSB0"), snippet="[[device]]",
)  # fmt: skip
PRINTER = Find("usb-printer", "usb://04b8:0202/J5", "Epson", others=("usb://04b8:0202",))


@pytest.mark.parametrize(
    ("port", "find", "used"),
    [
        ("serial:///dev/ttyUSB0?baud=9600", LINE, True),
        ("serial:///dev/queued/strip-1?baud=57600", LINE, True),
        ("serial:///dev/ttyUSB1", LINE, False),
        ("usb://04b8:0202", PRINTER, True),
        ("usb://04b8:0202/J6", PRINTER, False),
        ("tcp://192.168.1.50:9100", LINE, False),
    ],
)
def test_a_thing_is_used_by_whatever_name(port, find, used):
    assert uses(device(port), find) == used


def test_what_nobody_uses_comes_with_lines_to_copy():
    findings = list(plugged((LINE, PRINTER), [device("usb://04b8:0202")]))
    assert seen(findings) == [("note", "unused", ""), ("good", "used", "")]
    assert findings[0].lines(i18n.catalogue("en"))[-1].strip() == "[[device]]"


def test_no_right_is_bad_only_for_what_is_used():
    closed = Find("serial", "serial:///dev/ttyS9", "ttyS9", closed_to="dialout", stable=False)
    unused = list(plugged((closed,), []))
    assert [one.level for one in unused] == ["note", "note"]
    used = list(plugged((closed,), [device("serial:///dev/ttyS9")]))
    assert seen(used) == [("good", "used", ""), ("note", "unstable", ""), ("bad", "closed", "")]
    assert "usermod -aG dialout" in used[-1].advice(i18n.catalogue("en"))


def test_the_drivers_own_program_is_asked():
    found = doctor_devices.seen()
    assert found is not None
    assert all(find.port and find.snippet for find in found.finds)


# ── the machine ───────────────────────────────────────────────────────────────────────────


def test_the_disk_is_measured_and_left_as_it_was(tmp_path):
    assert {one.code for one in doctor_machine.disk(tmp_path)} <= {"disk", "disk_slow", "space",
                                                                  "space_low"}  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_and_a_full_one_are_bad(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_machine, "FSYNC_SLOW_MS", -1)
    monkeypatch.setattr(doctor_machine, "FREE_BYTES_LOW", 1 << 60)
    assert seen(doctor_machine.disk(tmp_path)) == [
        ("bad", "disk_slow", ""), ("bad", "space_low", ""),
    ]  # fmt: skip


async def test_the_halls_own_database_is_in_wal(tmp_path):
    folder = tmp_path / "data"
    assert seen(doctor_machine.database(folder)) == [("good", "data_none", "")]
    store = await Store.open(folder)
    assert seen(doctor_machine.database(folder)) == [("good", "data", "")]
    await store.close()
    folder.chmod(0o755)
    assert seen(doctor_machine.database(folder))[1:] == [("note", "data_open", "")]


def test_another_journal_mode_and_a_file_that_is_no_database_are_bad(tmp_path):
    tmp_path.chmod(0o700)
    file = tmp_path / doctor_machine.DATABASE
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert seen(doctor_machine.database(tmp_path)) == [("bad", "data_mode", "")]
    file.write_bytes(b"no database at all" * 100)
    assert seen(doctor_machine.database(tmp_path)) == [("bad", "data_failed", "")]


def test_an_address_that_is_free_ours_or_somebodys(monkeypatch):
    import dataclasses

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        hall = settings()
        hall = dataclasses.replace(hall, http=dataclasses.replace(hall.http, port=port))
        assert doctor_machine.address(hall).code == "port_failed"
        held.listen()
        monkeypatch.setattr(doctor_machine, "CONNECT_S", 0.2)
        assert doctor_machine.address(hall).code == "port_taken"
    assert doctor_machine.address(hall).code == "port"


async def test_a_running_hall_is_recognised(tmp_path):
    import asyncio

    from queued import app as application

    hall = settings()
    async with application.running(
        _elsewhere(hall), tmp_path / "data", application.Options(devices=False)
    ) as running:
        port = int(running.url.rpartition(":")[2])
        found = await asyncio.to_thread(doctor_machine.address, _elsewhere(hall, port))
    assert found.code == "port_ours"


def _elsewhere(hall, port: int = 0):
    import dataclasses

    return dataclasses.replace(hall, http=dataclasses.replace(hall.http, port=port))


def test_the_groups_of_the_installed_service_are_compared(tmp_path):
    root = tmp_path
    (root / "dev").mkdir()
    (root / "dev/ttyS1").touch()
    group = doctor_machine.grp.getgrgid(os.stat(root / "dev/ttyS1").st_gid).gr_name
    hall = settings(device("serial:///dev/ttyS1"), device("tcp://10.0.0.1", "b"))
    unit = root / "etc/systemd/system/queued.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(f"[Service]\nSupplementaryGroups=dialout {group}\n")
    assert list(doctor_machine.groups(hall, root)) == []
    unit.write_text("[Service]\nSupplementaryGroups=dialout2 lp\n")
    (found,) = doctor_machine.groups(hall, root)
    assert (found.code, found.facts["group"]) == ("group_service", group)


def test_a_clock_nobody_sets_is_noted(tmp_path, monkeypatch):
    assert [one.level for one in doctor_machine.clock()][0] in ("good", "note")
    monkeypatch.setattr(doctor_machine.time, "time", lambda: 86_400.0)
    assert seen(doctor_machine.clock()) == [("bad", "clock_wrong", "")]


@pytest.mark.parametrize(
    ("today", "timezone", "found"),
    [("2026-11-01", "Asia/Shanghai", []), ("2026-11-02", "Asia/Shanghai", ["holidays_end"]),
     ("2026-12-31", "Asia/Urumqi", ["holidays_end"]), ("2027-01-01", "Asia/Shanghai",
     ["holidays_over"]), ("2027-01-01", "Europe/Warsaw", [])],
)  # fmt: skip
def test_holidays_that_end_soon_are_noted_where_they_count(today, timezone, found):
    until = date(2026, 12, 31)
    told = list(doctor_machine.holidays(timezone, date.fromisoformat(today), until))
    assert [one.code for one in told] == found
    assert all(one.level == "note" and one.advice(i18n.catalogue("zh")) for one in told)


# ── words ─────────────────────────────────────────────────────────────────────────────────


def codes() -> set[str]:
    """Every code some finding has."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                constants = [one for one in ast.walk(node.args[1]) if isinstance(one, ast.Constant)]
                found |= {one.value for one in constants if isinstance(one.value, str)}
    return found


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_finding_has_its_sentence(language):
    words = i18n.catalogue(language)
    assert {"device_bad", "unused", "data_mode", "port_taken"} <= codes()
    assert {code for code in codes() if not words.has(f"doctor.{code}")} == set()
    told = Finding("bad", "device_bad", {"device": "a", "kind": "b", "detail": "c"}, "timeout")
    assert told.told(words)["advice"]
