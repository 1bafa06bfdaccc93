"""The udev rules: udev can read each, rights go to groups the service is in, names are steady."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "config" / "udev" / "70-queued.rules"
UNIT = ROOT / "systemd" / "queued.service"

MATCHES = {
    "ACTION", "SUBSYSTEM", "SUBSYSTEMS", "KERNEL", "KERNELS", "ATTR", "ATTRS", "ENV", "TEST",
}  # fmt: skip
ASSIGNS = {"SYMLINK": ("+=",), "GROUP": ("=",), "MODE": ("=",), "ATTR": ("=",)}
WITH_ATTRIBUTE = {"ATTR", "ATTRS", "ENV"}
PART = re.compile(r'([A-Z]+)(?:\{([\w./-]+)\})?(==|!=|\+=|=)"((?:[^"\\]|\\.)*)"')
SUBSTITUTIONS = re.compile(r"\$(?:attr|env)\{\w+\}")


class BadRule(ValueError):
    """A line udev would pass over."""


Part = tuple[str, str, str, str]


def rules_of(text: str) -> list[list[Part]]:
    """Every rule as (key, attribute, operator, value). Raises `BadRule`. See udev(7)."""
    rules = []
    joined = re.sub(r"\\\n[ \t]*", "", text)
    for line in joined.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        parts, at = [], 0
        while at < len(line):
            found = PART.match(line, at)
            if found is None:
                raise BadRule(line[at:])
            parts.append(_checked(found))
            at = found.end()
            if at < len(line):
                comma = re.compile(r"\s*,\s*").match(line, at)
                if comma is None or comma.end() == len(line):
                    raise BadRule(line[at:])
                at = comma.end()
        if not any(_assigns(part) for part in parts):
            raise BadRule(f"does nothing: {line}")
        rules.append(parts)
    return rules


def _checked(found: re.Match[str]) -> Part:
    key, attribute, operator, value = found[1], found[2] or "", found[3], found[4]
    if operator in ("==", "!="):
        good = key in MATCHES
    else:
        good = operator in ASSIGNS.get(key, ())
    if not good or bool(attribute) != (key in WITH_ATTRIBUTE):
        raise BadRule(found[0])
    return key, attribute, operator, value


def _assigns(part: Part) -> bool:
    return part[2] in ("=", "+=")


@pytest.fixture(scope="module")
def rules() -> list[list[Part]]:
    return rules_of(RULES.read_text("utf-8"))


def assigned(rules: list[list[Part]], key: str) -> list[str]:
    return [value for rule in rules for name, _, op, value in rule if name == key and op != "=="]


def test_every_rule_can_be_read(rules):
    assert len(rules) >= 8


@pytest.mark.parametrize(
    "line",
    [
        'SUBSYSTEM=="tty" GROUP="lp"', 'SUBSYSTEM="tty", GROUP="lp"', 'SUBSYSTEM=="tty"',
        'SUBSYSTEM=="tty", GROUP=="lp"', 'SUBSYSTEM=="tty", GRUOP="lp"', 'ATTRS=="x", GROUP="lp"',
        'SUBSYSTEM=="tty", GROUP="lp",', 'KERNEL{x}=="tty", GROUP="lp"', "SUBSYSTEM==tty",
        'SUBSYSTEM=="tty", SYMLINK="queued/x"', 'SUBSYSTEM=="tty", \\\n# no\nGROUP="lp"',
    ],
)  # fmt: skip
def test_control_a_broken_rule_is_noticed(line):
    with pytest.raises(BadRule):
        rules_of(line)


def unit(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


def test_the_service_is_in_every_group_that_gets_a_right(rules):
    (groups,) = unit("SupplementaryGroups")
    assert set(assigned(rules, "GROUP")) <= set(groups.split())
    assert "audio" in groups.split()
    # Whoever is in this one reads every keyboard of the machine.
    assert "input" not in groups.split() + assigned(rules, "GROUP")


def test_the_service_may_open_every_kind_of_device_that_gets_a_right(rules):
    classes = {
        "tty": ("char-ttyUSB rw", "char-ttyACM rw"),
        "usbmisc": ("char-usb rw",),
        "usb": ("char-usb_device rw",),
        "input": ("char-input r",),
    }
    allowed = unit("DeviceAllow")
    for rule in rules:
        if any(part[0] == "GROUP" for part in rule):
            (subsystem,) = (value for key, _, _, value in rule if key == "SUBSYSTEM")
            assert set(classes[subsystem]) <= set(allowed), subsystem
    assert "char-alsa rw" in allowed


def test_nobody_else_gets_a_right(rules):
    for mode in assigned(rules, "MODE"):
        assert re.fullmatch(r"0[46][46]0", mode)


def test_names_are_below_queued_and_name_one_device_each(rules):
    names = assigned(rules, "SYMLINK")
    assert len(names) == len(set(names)) >= 4
    for name in names:
        assert re.fullmatch(r"queued/[a-z0-9-]+", SUBSTITUTIONS.sub("x", name)), name


def test_no_rule_takes_all_keyboards(rules):
    for rule in rules:
        keys = {(key, attribute) for key, attribute, _, _ in rule}
        if ("SUBSYSTEM", "") in keys and any(value == "input" for *_, value in rule):
            assert {("ATTRS", "idVendor"), ("ATTRS", "idProduct")} <= keys


@pytest.mark.parametrize(
    ("kernel", "matched"), [("ttyUSB0", True), ("ttyACM12", True), ("ttyS0", False)]
)
def test_the_patterns_of_lines_match_adapters_and_nothing_else(rules, kernel, matched):
    patterns = {
        value for rule in rules for key, _, _, value in rule if key == "KERNEL" and "tty" in value
    }
    for pattern in patterns:
        assert any(fnmatchcase(kernel, one) for one in pattern.split("|")) == matched


def test_the_rules_come_after_those_that_name_sockets():
    assert int(RULES.name.split("-")[0]) > 60


def test_udev_itself_accepts_them():
    program = shutil.which("udevadm")
    version = int(subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
                  .stdout.split()[0]) if program else 0  # fmt: skip
    if version < 254:
        pytest.skip("no udevadm that can verify rules (systemd 254)")
    done = subprocess.run(
        [str(program), "verify", str(RULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
