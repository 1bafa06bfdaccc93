"""What a machine sees, from a /sys, /dev and /proc made for the test."""

from __future__ import annotations

import grp
import json
import os
from pathlib import Path

import pytest

from drivers.__main__ import main
from drivers.jobs import DeviceConfig
from drivers.ports import parse_port
from drivers.technician import plugged
from drivers.technician.plugged import look

USB = {"idVendor": "0403", "idProduct": "6001", "manufacturer": "FTDI", "product": "FT232R"}
PRINTER = {"idVendor": "04b8", "idProduct": "0202", "serial": "J5FF 1", "product": "TM-T20"}


def usb_device(root: Path, name: str, texts: dict[str, str]) -> Path:
    """A USB device with one interface; the folder of the interface."""
    folder = root / "sys/devices/usb1" / name
    (folder / "1-1:1.0").mkdir(parents=True)
    for file, text in texts.items():
        (folder / file).write_text(text + "\n")
    return folder / "1-1:1.0"


def class_entry(root: Path, class_: str, name: str, device: Path) -> None:
    entry = root / "sys/class" / class_ / name
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(device)


def device_file(root: Path, name: str, *links: str) -> None:
    path = root / "dev" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    for link in links:
        (root / "dev" / link).parent.mkdir(parents=True, exist_ok=True)
        (root / "dev" / link).symlink_to(os.path.relpath(path, (root / "dev" / link).parent))


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A hall's box with one of everything, and no CUPS."""
    monkeypatch.setattr(plugged.shutil, "which", lambda _program: None)
    class_entry(tmp_path, "tty", "ttyUSB0", usb_device(tmp_path, "1-1", USB))
    device_file(tmp_path, "ttyUSB0", "serial/by-id/usb-FTDI_FT232R-port0", "queued/strip-1")
    # Names the kernel made for ports the board does not have, and one it has
    for name, type_ in (("ttyS0", "4"), ("ttyS1", "0")):
        class_entry(tmp_path, "tty", name, tmp_path / "sys")
        (tmp_path / "sys/class/tty" / name / "type").write_text(type_)
        device_file(tmp_path, name)
    (tmp_path / "sys/class/tty/tty0").mkdir()
    class_entry(tmp_path, "usbmisc", "lp0", usb_device(tmp_path, "1-2", PRINTER))
    device_file(tmp_path, "usb/lp0")
    device_file(tmp_path, "input/event3", "input/by-id/usb-1a2c_Keypad-event-kbd")
    (tmp_path / "proc/asound").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(
        " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n"
        "                      HDA Intel PCH at 0xf7 irq 30\n"
    )
    return tmp_path


def test_everything_is_found_by_its_steadiest_name(box):
    assert [(find.sort, find.port, find.stable) for find in look(box)] == [
        ("serial", "serial:///dev/ttyS0", False),
        ("serial", "serial:///dev/serial/by-id/usb-FTDI_FT232R-port0", True),
        ("usb-printer", "usb://04b8:0202/J5FF 1", True),
        ("sound", "alsa://plughw:CARD=PCH,DEV=0", True),
        ("keypad", "file:///dev/input/by-id/usb-1a2c_Keypad-event-kbd", True),
    ]


def test_other_names_of_the_same_thing_are_known(box):
    others = {find.sort: find.others for find in look(box)}
    assert others["serial"] == ("serial:///dev/queued/strip-1", "serial:///dev/ttyUSB0")
    assert others["usb-printer"] == ("usb://04b8:0202", "file:///dev/usb/lp0")
    assert others["keypad"] == ("file:///dev/input/event3",)


def test_every_port_is_one_a_driver_takes(box):
    for find in look(box):
        for url in (find.port, *find.others):
            parse_port(url, 9100, 9600)


def test_a_snippet_can_be_copied_into_a_configuration(box):
    import tomllib

    for find in look(box):
        (table,) = tomllib.loads(find.table())["device"]
        assert DeviceConfig(table["id"], table["kind"], table["port"]).port == find.port
        assert 1 <= len(table["id"]) <= 32


def test_what_one_may_not_open_names_the_group(box, monkeypatch):
    group = grp.getgrgid((box / "dev/ttyUSB0").stat().st_gid).gr_name
    assert not any(find.closed_to for find in look(box) if find.sort != "sound")
    monkeypatch.setattr(plugged.os, "access", lambda _path, _mode: False)
    assert {find.closed_to for find in look(box)} == {group, ""}  # "": there is no such file


def test_an_empty_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(plugged.shutil, "which", lambda _program: None)
    assert look(tmp_path) == []


def test_print_queues_are_asked_of_cups(tmp_path, monkeypatch):
    program = tmp_path / "lpstat"
    program.write_text('#!/bin/sh\n[ "$1" = -e ] && echo kiosk && echo office\n')
    program.chmod(0o755)
    monkeypatch.setattr(plugged.shutil, "which", lambda _program: str(program))
    assert [find.port for find in look(tmp_path)] == ["cups://kiosk", "cups://office"]


def test_this_machine_is_listed_for_people_and_programs(capsys):
    assert main(["list", "--language", "zh"]) == 0
    assert "串口" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["port"] for one in found["finds"]] == [find.port for find in look()]
    assert all(one["snippet"].startswith("[[device]]") for one in found["finds"])
    assert found["font"] == "" or found["font"].startswith("/")
