"""Which device is meant; what is wrong with the question is said, with exit code 2."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.__main__ import main
from drivers.jobs import DeviceConfig
from drivers.technician import asked
from drivers.technician.asked import WrongUse, options_of, read
from drivers.technician.words import LANGUAGES, language_of, words

EN = words("en")
HALL = """
[hall]
id = "demo"
[[device]]
id = "kiosk-printer"
kind = "escpos"
port = "virtual://"
kiosk = "east"
slip = "elder"
width_mm = 58
[[device]]
id = "strip-1"
kind = "a090"
port = "virtual://"
window = "1"
address = 3
"""


@pytest.fixture
def hall(tmp_path):
    path = tmp_path / "hall.toml"
    path.write_text(HALL, "utf-8")
    return path


def test_the_devices_of_a_hall_are_taken_as_its_process_gets_them(hall):
    assert read(hall, EN) == [
        DeviceConfig("kiosk-printer", "escpos", "virtual://", {"width_mm": 58}),
        DeviceConfig("strip-1", "a090", "virtual://", {"address": 3}),
    ]


def test_the_only_printer_of_a_file_needs_no_name(hall, capsys):
    assert main(["test-print", "--devices", str(hall), "--language", "en"]) == 0
    assert "trying kiosk-printer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--kind and --port"),
        (("--kind", "a090", "--port", "virtual://"), "cannot do this; these can: escpos"),
        (("--kind", "toaster", "--port", "virtual://"), "toaster"),
        (("--port", "virtual://", "--option", "width_mm"), "NAME=VALUE"),
        (("--devices", "none.toml"), "none.toml: no such file"),
        (("--port", "tcp://127.0.0.1:9", "--show", "a.png"), "virtual printers"),
    ],
)
def test_wrong_use(arguments, said, capsys):
    assert main(["test-print", *arguments, "--language", "en"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "strip-1"), "cannot do this"),
        (("--device", "nobody"), "the file has: kiosk-printer, strip-1"),
        (("--kind", "escpos"), "either"),
    ],
)
def test_wrong_use_of_a_file(hall, arguments, said, capsys):
    assert main(["test-print", "--devices", str(hall), *arguments, "--language", "en"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("port", ["serial://", "nonsense", "tcp://", "usb://1", "virtual://x"])
def test_a_wrong_port_is_a_failure_with_advice(port, capsys):
    assert main(["test-print", "--port", port, "--language", "zh"]) == 1
    assert "端口写错了" in capsys.readouterr().out


def test_a_wrong_option_is_named(capsys):
    arguments = ["--port", "virtual://", "--option", "width_mm=57", "--language", "en"]
    assert main(["test-print", *arguments]) == 1
    assert "width_mm is 57, must be one of 58, 80" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["[device]\nid=1", "[[device]]\nid = 1", "[[device]]", "[[", "\x00", "device = 5",
     '[[device]]\nid = "a"\nkind = "escpos"\nport = "virtual://"\nlist = [1]'],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_by_name(tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(WrongUse, match="bad.toml"):
        read(path, EN)


@given(st.binary(max_size=200))
def test_no_file_breaks_it(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("garbage") / "x.toml"
    path.write_bytes(data)
    try:
        assert all(isinstance(one, DeviceConfig) for one in read(path, EN))
    except WrongUse:
        pass


@given(st.text(max_size=30))
def test_no_option_breaks_it(text):
    try:
        assert all(
            isinstance(value, str | int | float | bool) for value in options_of([text], EN).values()
        )
    except WrongUse:
        pass


def test_values_of_options_are_read_as_toml_would():
    pairs = ["a=1", "b=true", "c=cut", "d=1.5", "e=a=b", "f=", "g=[1]", 'h="7"']
    assert options_of(pairs, EN) == {
        "a": 1, "b": True, "c": "cut", "d": 1.5, "e": "a=b", "f": "", "g": "[1]", "h": "7",
    }  # fmt: skip


def test_keys_that_are_no_options_are_those_of_the_halls_settings():
    from dataclasses import fields

    from queued.settings_values import DeviceSettings

    keys = {field.name for field in fields(DeviceSettings)} - {"options"}
    assert keys <= asked.NO_OPTIONS


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "C.UTF-8"}, "en"), ({}, "en"),
        ({"LC_ALL": "en_US", "LANG": "zh_CN"}, "en"), ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    ],
)  # fmt: skip
def test_the_language_is_the_terminals(environ, language):
    assert language_of(environ) == language


def test_both_catalogues_say_the_same_things():
    zh, en = (
        tomllib.loads((asked.Path(asked.__file__).parent / f"{one}.toml").read_text("utf-8"))
        for one in LANGUAGES
    )
    import string

    def shape(texts):
        return {
            (table, key): sorted(filter(None, (part[1] for part in string.Formatter().parse(text))))
            for table, lines in texts.items()
            for key, text in lines.items()
        }

    assert shape(zh) == shape(en)
