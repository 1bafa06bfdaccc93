"""What a configuration says of slips and of the printers' new ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.ports import parse_port
from queued.settings import SettingsError, load, parse
from queued.settings_tables import PORT_EXAMPLES, port_problem
from tests.hall_parts import CONFIG

HALL = CONFIG.read_bytes()


def test_without_a_table_slips_are_as_packaged() -> None:
    settings = load(CONFIG, {})
    assert not any((settings.slip.zh, settings.slip.en, settings.slip.logo))
    assert settings.devices[0].slip == "normal"


def test_paths_lie_beside_the_configuration_unless_they_are_absolute(tmp_path: Path) -> None:
    path = tmp_path / "hall.toml"
    path.write_bytes(HALL + b'\n[slip]\nzh = "t/mine.j2"\nlogo = "/etc/queued/logo.png"\n')
    slip = load(path, {}).slip
    assert (slip.zh, slip.logo, slip.en) == (
        str(tmp_path / "t" / "mine.j2"), "/etc/queued/logo.png", "",
    )  # fmt: skip
    given = load(path, {"QUEUED_SLIP_EN": "en.j2"}).slip
    assert given.en == str(tmp_path / "en.j2")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b'[slip]\nzg = "a"', 'zg: is not a known key. Known keys: zh, en'),
        (b"[slip]\nzh = 5", "zh: 5 is not a text"),
        (b'[[slip]]\nzh = "a"', r"write \[slip\] once"),
        (b'[[device]]\nid = "p"\nkind = "escpos"\nport = "virtual://"\nslip = "big"',
         'slip: "big" is not known. Allowed: normal, elder'),
        (b'[[device]]\nid = "p"\nkind = "escpos"\nport = "cups://a/b"',
         "cannot be opened; needed is cups://kiosk"),
        (b'[[device]]\nid = "p"\nkind = "escpos"\nport = "usb://04b8:0e15/a#b"',
         "cannot be opened; needed is usb://04b8:0202"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(table: bytes, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse(HALL + b"\n" + table, "hall.toml", {})


@pytest.mark.parametrize(
    "port",
    ["usb://04b8:0e15", "usb://04b8:0202/J2AB123", "usb://04b8:0202/TC%20A1", "cups://kiosk-1",
     "cups://Front_Desk"],
)  # fmt: skip
def test_what_the_settings_take_the_device_process_takes(port: str) -> None:
    assert port_problem(port) == ""
    assert str(parse_port(port, 9100, 9600))


@pytest.mark.parametrize("port", PORT_EXAMPLES.values())
def test_examples_are_right(port: str) -> None:
    assert port_problem(port) == ""
    assert parse_port(port, 9100, 9600)
