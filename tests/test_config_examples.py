"""The halls in config/ are valid, and are what their names promise."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from drivers import led, pad, printer_profile, reader, voice_profile
from drivers.device import DeviceBroken
from drivers.ports import parse_port
from drivers.registry import KINDS
from queued.settings import Settings, load
from queued.settings_tables import port_problem
from queued.settings_values import DEVICE_KINDS

CONFIG = Path(__file__).resolve().parent.parent / "config"
HALLS = sorted(CONFIG.glob("*.toml"))


def hall(name: str) -> Settings:
    return load(CONFIG / f"{name}.toml", environ={})


@pytest.mark.parametrize("path", HALLS, ids=lambda path: path.stem)
def test_every_example_is_valid(path):
    settings = load(path, environ={})
    assert settings.services, "a hall without services shows an empty kiosk"
    for entry in (settings.hall, *settings.queues, *settings.services, *settings.windows):
        assert entry.name_en, f"{entry.id} has no English name"


@pytest.mark.parametrize("path", HALLS, ids=lambda path: path.stem)
def test_every_queue_has_services_and_its_numbers_do_not_run_out(path):
    settings = load(path, environ={})
    wanted = {service.queue for service in settings.services}
    for queue in settings.queues:
        assert queue.id in wanted
        if queue.waiting_max is not None:
            assert queue.waiting_max < 10**queue.digits


@pytest.mark.parametrize("path", HALLS, ids=lambda path: path.stem)
def test_every_device_has_a_port_and_options_that_its_driver_takes(path):
    check = {
        "escpos": printer_profile.profile_of,
        "bx-fontcard": led.profile_of,
        "syn6288": partial(voice_profile.profile_of, "syn6288"),
        "hallpad68": pad.profile_of,
        "sam": partial(reader.profile_of, environ={reader.SECRET_NAME: "that of the hall"}),
    }
    for device in load(path, environ={}).devices:
        kind = KINDS[device.kind]
        parse_port(device.port, tcp_port=kind.tcp_port, baud=kind.baud)
        check[device.kind](device.options)


def test_settings_know_every_kind_that_has_a_driver():
    assert set(DEVICE_KINDS) == set(KINDS)


@pytest.mark.parametrize("path", HALLS, ids=lambda path: path.stem)
def test_materials_stand_in_the_file_as_a_citizen_would_read_them(path):
    for service in load(path, environ={}).services:
        for material in service.materials:
            assert re.search(r"[\u4e00-\u9fff]", material)
            assert not re.search(r"[,;:()]", material), "full-width punctuation in Chinese texts"


def test_the_demo_hall_shows_everything():
    demo = hall("demo")
    assert (demo.hall.id, demo.hall.name) == ("demo", "市民服务中心")
    assert demo.hours == (), "the demonstration works at any time of day"
    assert len(demo.windows) == 8
    assert len(demo.queues) == 6
    assert len(demo.services) >= 14
    everything = tuple(queue.id for queue in demo.queues)
    assert sum(window.queues == everything for window in demo.windows) == 2
    assert any(window.overflow for window in demo.windows)
    assert {device.port for device in demo.devices} == {"virtual://"}
    assert {device.kind for device in demo.devices} == {
        "escpos", "bx-fontcard", "syn6288", "hallpad68", "sam",
    }  # fmt: skip
    assert next(one for one in demo.classes if one.id == "priority").basis


def test_the_one_window_hall_has_one_window():
    small = hall("one-window")
    assert (len(small.windows), len(small.queues), len(small.devices)) == (1, 1, 1)


def test_the_forty_window_hall_has_forty_windows_each_with_a_strip():
    large = hall("forty-windows")
    assert [window.id for window in large.windows] == [str(n) for n in range(1, 41)]
    strips = [device for device in large.devices if device.kind == "bx-fontcard"]
    assert [strip.window for strip in strips] == [str(n) for n in range(1, 41)]
    places = [(strip.port, strip.options["address"]) for strip in strips]
    assert len(set(places)) == len(places), "two strips on one line share an address"
    assert not any(device.port == "virtual://" for device in large.devices)


def test_the_hall_of_a_city_has_its_journal_there_and_no_password_in_the_file():
    city = hall("city-hall")
    assert city.storage.url is not None
    assert urlsplit(city.storage.url).password is None
    assert urlsplit(city.storage.url).path == "/city"


PORTS = [
    "tcp://192.168.1.50:9100", "tcp://printer.local", "tcp://[fe80::1]:9100",
    "serial:///dev/ttyUSB0", "serial:///dev/ttyS1?baud=57600",
    "serial:///dev/queued/strip-1?baud=9600&parity=even&stop=2&bits=7&flow=rtscts",
    "usb://04b8:0202", "usb://04B8:0E15/", "usb://04b8:0202/J2A", "usb://04b8:0202/J%2FA",
    "usb://04b8:0202/J2#A", "cups://kiosk", "cups://", "cups://-d", "cups://a/b", "tcp://x#y",
    "file:///dev/usb/lp0", "virtual://", "browser://", "browser://x", "browser://?x=1",
    "", "virtual", "http://x", "tcp://", "tcp://x:0", "tcp://x:99999", "tcp://x:y",
    "tcp://x/path", "tcp://x?baud=9600", "serial://ttyS1", "serial:///", "serial:///dev/x?speed=1",
    "serial:///dev/x?baud=fast", "serial:///dev/x?baud=9600&", "serial:///dev/x?stop=3",
    "usb://4b8:202", "usb://04b8", "file://dev/x", "file:///", "file:///dev/", "file:///x?y=1",
    "virtual://x", "virtual://?x=1", "tcp://[::1",
]  # fmt: skip


@pytest.mark.parametrize("port", PORTS)
def test_settings_and_drivers_agree_on_ports(port):
    try:
        parse_port(port, tcp_port=9100, baud=9600)
        accepted = True
    except DeviceBroken:
        accepted = False
    assert (port_problem(port) == "") == accepted
