"""The units of a hall's box and of a kiosk: systemd accepts them, they stay closed."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "systemd" / "queued.service"
PUBLIC_UNIT = ROOT / "systemd" / "queued-public@.service"
KIOSK_UNIT = ROOT / "systemd" / "queued-kiosk.service"

EXPOSURE_MAX = 20
"""In tenths, as `systemd-analyze security --threshold` takes it; 96 is no protection at all."""

analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze (Debian package systemd)"
)


@pytest.fixture(params=[UNIT, PUBLIC_UNIT], ids=["hall", "public"])
def unit(request, tmp_path):
    """A unit with an interpreter that exists on this machine, as `verify` demands."""
    text = request.param.read_text(encoding="utf-8")
    copy = tmp_path / request.param.name.replace("@.", "@8081.")
    copy.write_text(
        text.replace("/opt/queued/.venv/bin/python", sys.executable), encoding="utf-8"
    )
    return copy


def systemd_analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@analyze
def test_systemd_accepts_it_without_a_word(unit):
    verified = systemd_analyze("verify", unit)
    assert (verified.returncode, verified.stderr.strip()) == (0, "")


@analyze
def test_a_mistake_would_be_noticed(unit):
    wrong = unit.read_text(encoding="utf-8").replace("WatchdogSec=30", "WatchdogSek=30")
    unit.write_text(wrong, encoding="utf-8")
    assert "WatchdogSek" in systemd_analyze("verify", unit).stderr


def security(path):
    offline = ("--offline=true", f"--threshold={EXPOSURE_MAX}")
    return systemd_analyze("security", *offline, path)


@analyze
def test_it_is_well_closed(unit):
    rated = security(unit)
    assert rated.returncode == 0, rated.stdout[-300:]


@analyze
def test_opening_it_would_be_noticed(unit):
    kept = [
        line
        for line in unit.read_text(encoding="utf-8").splitlines()
        if not re.match(r"(Protect|Restrict|SystemCall|Capability|NoNewPriv|DynamicUser)", line)
    ]
    unit.write_text("\n".join(kept), encoding="utf-8")
    assert security(unit).returncode != 0


def read(unit: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser


@analyze
def test_systemd_accepts_the_screen_of_a_kiosk(tmp_path):
    text = KIOSK_UNIT.read_text(encoding="utf-8")
    copy = tmp_path / KIOSK_UNIT.name
    copy.write_text(text.replace("/usr/bin/cage", "/bin/true"), encoding="utf-8")
    verified = systemd_analyze("verify", copy)
    assert (verified.returncode, verified.stderr.strip()) == (0, "")


def test_a_kiosk_starts_with_the_page_that_waits_and_leads_nowhere_else():
    start = read(KIOSK_UNIT)["Service"]["ExecStart"]
    page = ROOT / "systemd" / "kiosk" / "start.html"
    assert f"file:///opt/queued/{page.relative_to(ROOT)}#${{KIOSK_PAGE}}" in start
    assert page.is_file()
    for flag in ("--kiosk", "--disable-pinch", "--overscroll-history-navigation=0",
                 "--enable-speech-dispatcher"):  # or 长辈版 is mute
        assert flag in start.split()
    policy = json.loads((ROOT / "systemd" / "kiosk" / "policy.json").read_text("utf-8"))
    assert policy["URLBlocklist"] == ["*"]
    assert len(policy["URLAllowlist"]) == 2
    assert policy["DeveloperToolsAvailability"] == 2


MANY_UNIT = ROOT / "systemd" / "queued@.service"


@analyze
def test_systemd_accepts_the_unit_of_many_halls(tmp_path):
    text = MANY_UNIT.read_text(encoding="utf-8")
    copy = tmp_path / "queued@east.service"
    copy.write_text(text.replace("/opt/queued/.venv/bin/python", sys.executable), "utf-8")
    verified = systemd_analyze("verify", copy)
    assert (verified.returncode, verified.stderr.strip()) == (0, "")


def test_many_halls_are_as_closed_as_one():
    one, many = read(UNIT), read(MANY_UNIT)
    assert one.sections() == many.sections()
    for section in one.sections():
        differ = {key for key in one[section] if one[section][key] != many[section][key]}
        assert differ <= {
            "Description", "ExecStart", "EnvironmentFile", "StateDirectory", "RuntimeDirectory",
        }  # fmt: skip
        assert all("%i" in many[section][key] for key in differ)


def test_the_public_comes_after_the_hall():
    hall, public = read(UNIT)["Service"], read(PUBLIC_UNIT)["Service"]
    assert int(public["CPUWeight"]) * 20 <= int(hall.get("CPUWeight", "100"))
    assert public["CPUSchedulingPolicy"] == "idle"
    assert "StateDirectory" not in public
    assert public["InaccessiblePaths"] == "-/var/lib/queued"
    assert "-m queued public --port %i" in public["ExecStart"]


def test_it_starts_what_the_contract_promises():
    service = read(UNIT)["Service"]
    assert service["Type"] == "notify"
    assert service["StateDirectory"] == "queued"
    assert service["ExecStart"].endswith(
        "-m queued serve --config /etc/queued/hall.toml --data /var/lib/queued"
    )
    assert int(service["WatchdogSec"]) > 0
    assert int(service["TimeoutStopSec"]) < 90
