"""The commands as a hall's technician types them: what they print, and how they end."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from queued.__main__ import COMMANDS
from queued.server.auth import REMEMBERED_S
from tests.crash import process
from tests.crash.line import Line, Reply
from tests.crash.process import API, DEMO, ROOT, Serving, queued

DAY = ROOT / "tests" / "fixtures" / "warsaw_zoliborz_2020-01-15.csv"
PASSWORD = "correct horse 电池"

SLACK_S = 5.0
"""For a busy machine, on top of a promised time."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the hall all tests here share."""
    return tmp_path_factory.mktemp("hall") / "data"


@pytest.fixture(scope="module")
def hall(data: Path) -> Iterator[Serving]:
    """A running hall; the commands work beside it."""
    with process.serving(process.config(data.parent), data) as running:
        yield running


def ask(hall: Serving, method: str, path: str, token: str = "", body: dict | None = None) -> Reply:
    """One request."""

    async def one() -> Reply:
        line = await Line.open(hall.port, token)
        reply = await line.ask(method, path, body)
        line.close()
        return reply

    return asyncio.run(one())


def said(*words: object, stdin: str = "") -> str:
    """What a command prints that ends well and complains of nothing."""
    done = queued(*words, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def refused(code: int, *words: object, stdin: str = "") -> str:
    """What a command complains of that ends with `code`; it is not a stack trace."""
    done = queued(*words, stdin=stdin)
    assert (done.returncode, done.stdout) == (code, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr


# ── Wrong use and help ────────────────────────────────────────────────────────────────────


def test_what_is_no_command_is_wrong_use():
    assert "invalid choice: 'dance'" in refused(2, "dance")
    assert "COMMAND" in refused(2)
    assert "--data" in refused(2, "verify")
    assert "unrecognized arguments" in refused(2, "check", DEMO, "--colour")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str):
    text = said(command, "--help")
    assert text.startswith(f"usage: queued {command}")
    assert COMMANDS[command][1].capitalize() in " ".join(text.split())


def test_the_help_names_every_command():
    text = said("--help")
    assert [command for command in COMMANDS if f"    {command} " not in text] == []


# ── check ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["demo", "one-window", "forty-windows"])
def test_check_of_a_good_file(name: str):
    text = said("check", ROOT / "config" / f"{name}.toml")
    assert ": good. " in text and text.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[hall]\nid = "UPPER"\nname = "x"\n', ["hall.toml", "[hall]", "id"]),
        ("[hall\n", ["hall.toml", "line 1"]),
        ('[hall]\nid = "a"\nname = "x"\ncolour = 1\n', ["colour"]),
        (b"\xff\xfe\x00", ["hall.toml"]),
        ("", ["hall.toml", "[hall]"]),
    ],
)
def test_check_of_a_bad_file(tmp_path: Path, content: str | bytes, words: list[str]):
    file = tmp_path / "hall.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    complaint = refused(1, "check", file)
    assert all(word in complaint for word in words), complaint
    # The same words stop a start, before anything is made.
    assert refused(2, "serve", "--config", file, "--data", tmp_path / "data") == complaint
    assert not (tmp_path / "data").exists()


def test_check_of_no_file(tmp_path: Path):
    assert "No such file" in refused(1, "check", tmp_path / "none.toml")
    assert "irectory" in refused(1, "check", tmp_path)


# ── token ─────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_one_line_and_works_at_once_until_it_is_revoked(hall: Serving, data: Path):
    text = said("token", "kiosk", "--name", "east", "--data", data)
    assert re.fullmatch(r"[\w-]{43}\n", text)
    token, path, body = text.strip(), f"{API}/tickets", {"queue": "a"}
    assert ask(hall, "POST", path, "x" * 43, body).status == 401, "anybody could come in"
    assert ask(hall, "POST", path, token, body).status == 201
    listed = said("token", "list", "--data", data)
    assert token not in listed
    (line,) = [line for line in listed.splitlines() if " east " in line]
    digest = line.split()[0]
    assert said("token", "revoke", digest, "--data", data) == ""
    began = time.monotonic()
    while ask(hall, "POST", path, token, body).status == 201:
        assert time.monotonic() - began < REMEMBERED_S + SLACK_S, "a lost kiosk stays welcome"
    print(f"\nrevoked for good after {time.monotonic() - began:.1f} s")
    assert ask(hall, "POST", path, token, body).status == 401
    assert "withdrawn already" in refused(1, "token", "revoke", digest, "--data", data)
    assert "revoked" in said("token", "list", "--data", data)


def test_token_wrong_use(data: Path, tmp_path: Path):
    assert "invalid choice" in refused(2, "token", "king", "--data", data)
    assert "needs a digest" in refused(2, "token", "revoke", "--data", data)
    assert "nothing else takes one" in refused(2, "token", "kiosk", "abc", "--data", data)
    (tmp_path / "file").write_text("")
    assert "cannot make" in refused(1, "token", "kiosk", "--data", tmp_path / "file" / "data")


# ── user ──────────────────────────────────────────────────────────────────────────────────


def signed_in(hall: Serving, name: str, password: str) -> int:
    """Status of signing in."""
    body = {"name": name, "password": password}
    return ask(hall, "POST", "/api/v1/session", body=body).status


def test_a_person_signs_in_until_disabled(hall: Serving, data: Path):
    def user(*words: object, stdin: str = "") -> str:
        return said("user", *words, "--data", data, stdin=stdin)

    assert user("add", "wang", "--role", "manager", stdin=PASSWORD + "\n") == ""
    assert user("list") == "wang  manager  active\n"
    assert signed_in(hall, "wang", PASSWORD) == 200
    assert signed_in(hall, "wang", PASSWORD + "!") == 401
    user("passwd", "wang", stdin="another one\n")
    assert signed_in(hall, "wang", PASSWORD) == 401
    assert signed_in(hall, "wang", "another one") == 200
    user("disable", "wang")
    assert signed_in(hall, "wang", "another one") == 401
    user("enable", "wang")
    assert signed_in(hall, "wang", "another one") == 200


def test_user_refusals(hall: Serving, data: Path):
    where = ("--data", data)
    said("user", "add", "li", *where, stdin=PASSWORD + "\n")
    assert "already" in refused(1, "user", "add", "li", *where, stdin=PASSWORD + "\n")
    assert "8 to 256" in refused(1, "user", "add", "zhao", *where, stdin="short\n")
    assert "8 to 256" in refused(1, "user", "add", "zhao", *where, stdin="")
    assert "no person 'zhao'" in refused(1, "user", "disable", "zhao", *where)
    assert "name a person" in refused(2, "user", "add", *where)
    assert "invalid choice" in refused(2, "user", "add", "zhao", "--role", "king", *where)
    assert "zhao" not in said("user", "list", *where)


# ── backup, restore, verify ───────────────────────────────────────────────────────────────


def test_a_backup_of_a_running_hall_becomes_the_same_hall_elsewhere(
    hall: Serving, data: Path, tmp_path: Path
):
    kiosk = said("token", "kiosk", "--data", data).strip()
    ticket = ask(hall, "POST", f"{API}/tickets", kiosk, {"queue": "b"}).json["ticket"]
    file, new = tmp_path / "hall.backup", tmp_path / "new"
    text = said("backup", file, "--data", data)
    assert "everything holds" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "exists already" in refused(1, "backup", file, "--data", data)
    assert said("restore", file, "--data", new) == text
    assert said("verify", "--data", new) == text
    assert "is not empty" in refused(1, "restore", file, "--data", new)
    # Visitors' slips and kiosks' tokens are good at the new box too.
    with process.serving(process.config(tmp_path), new) as moved:
        found = ask(moved, "GET", f"/api/v1/tickets/{ticket['token']}")
        assert found.json["ticket"]["number"] == ticket["number"]
        following = ask(moved, "POST", f"{API}/tickets", kiosk, {"queue": "b"}).json["ticket"]
        assert following["number"] == f"B{int(ticket['number'][1:]) + 1:04}"
        moved.signal(signal.SIGTERM)
        assert moved.ended() == 0


def test_what_is_no_backup_is_refused_and_leaves_nothing(data: Path, hall: Serving, tmp_path: Path):
    good = tmp_path / "good"
    said("backup", good, "--data", data)
    spoiled = bytearray(good.read_bytes())
    spoiled[len(spoiled) // 3 : len(spoiled) // 2] = bytes(len(spoiled) // 2 - len(spoiled) // 3)
    for name, content in {
        "empty": b"",
        "text": b"not a database at all, but long enough to be looked at" * 40,
        "cut": good.read_bytes()[:5000],
        "spoiled": bytes(spoiled),
    }.items():
        (tmp_path / name).write_bytes(content)
        refused(1, "restore", tmp_path / name, "--data", tmp_path / f"from-{name}")
        assert not (tmp_path / f"from-{name}").exists()
    assert "there is no backup" in refused(1, "restore", tmp_path / "no", "--data", tmp_path / "x")
    assert "no queued database" in refused(1, "backup", tmp_path / "b", "--data", tmp_path / "x")
    assert "no queued database" in refused(1, "verify", "--data", tmp_path / "x")
    assert not (tmp_path / "x").exists()


# ── doctor, replay ────────────────────────────────────────────────────────────────────────


def test_the_doctor_finds_the_demonstration_hall_well(tmp_path: Path):
    text = said("doctor", "--config", DEMO, "--data", tmp_path, "--language", "en")
    # What this machine has beside it may be noted; nothing of the hall is bad.
    firsts = [line[:4] for line in text.splitlines() if not line.startswith(" ")]
    assert set(firsts) <= {"good", "note"}, text
    for subject in ("fsync", "clock: ", "127.0.0.1:8080: ", "kiosk-printer (escpos): answers"):
        assert subject in text
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(tmp_path: Path):
    device = '[[device]]\nid = "printer"\nkind = "escpos"\nport = "file:///no/printer"\n'
    config = process.config(tmp_path, more=device)
    done = queued("doctor", "--config", config, "--language", "zh")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("不通过")]
    assert "printer（escpos）：设备未连接" in lines[at]
    assert lines[at + 1].strip().startswith("→ ")
    done = queued("doctor", "--config", config, "--json")
    (bad,) = [one for one in json.loads(done.stdout) if one["level"] == "bad"]
    assert (done.returncode, bad["code"], bad["reason"]) == (1, "device_bad", "unplugged")
    assert bad["facts"]["device"] == "printer"


def test_replay_of_a_real_day(tmp_path: Path):
    predictions, report = tmp_path / "out.csv", tmp_path / "out.json"
    text = said("replay", DAY, "--predictions", predictions, "--report", report)
    assert "events" in text
    header, *rows = predictions.read_text("utf-8").splitlines()
    assert header == "queue,arrival,ahead,p10_s,p50_s,p80_s,p90_s"
    assert len(rows) > 100
    assert isinstance(json.loads(report.read_text("utf-8")), dict)
    assert "none.csv" in refused(2, "replay", tmp_path / "none.csv")
