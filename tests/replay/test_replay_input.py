"""Logs that cannot be used, wrong use, full disks: a clear word, and nothing half-written."""

from __future__ import annotations

import gzip
import io
import resource
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queued.replay import main
from queued.replay.log import LogError, read_log

ROOT = Path(__file__).parent.parent.parent
DAY = ROOT / "tests" / "fixtures" / "warsaw_zoliborz_2020-01-15.csv"
WARSAW = ZoneInfo("Europe/Warsaw")
HEADER = "arrival,called,queue\n"

# ── Logs that cannot be used ──────────────────────────────────────────────────────────────

BAD = {
    "empty": ("", ": is empty"),
    "header only": (HEADER, "no tickets"),
    "missing column": (
        "arrival,calld,queue\n",
        "line 1: no column 'called'; did you mean 'calld'?",
    ),
    "twice": ("arrival,called,queue,queue\n", "line 1: column 'queue' stands there twice"),
    "semicolons": ("arrival;called;queue\n", "line 1: columns must be separated by commas"),
    "bad time": (
        HEADER + "2020-01-15T09:00:00,,q\nyesterday,,q\n",
        "line 3: arrival 'yesterday'",
    ),
    "day only": (HEADER + "2020-01-15,,q\n", "line 2: arrival '2020-01-15' is not a time"),
    "odd year": (HEADER + "0001-01-01T00:00:00,,q\n", "line 2: arrival"),
    "bad call": (
        HEADER + "2020-01-15T09:00:00,25:00,q\n",
        "line 2: called '25:00' is not a time",
    ),
    "called early": (
        HEADER + "\n2020-01-15T09:00:00,2020-01-15T08:59:59,q\n",
        "line 3: called 2020-01-15T08:59:59 before arrival 2020-01-15T09:00:00",
    ),
    "too few": (HEADER + "2020-01-15T09:00:00\n", "line 2: 1 columns, too few"),
    "no queue": (HEADER + "2020-01-15T09:00:00,, \n", "line 2: queue is empty"),
    "control characters": (HEADER + "2020-01-15T09:00:00,,q\x1b[2J\n", "line 2: queue"),
    "open quote": (HEADER + '2020-01-15T09:00:00,,"q\n', "not CSV"),
    "huge line": (HEADER + "x" * 70_000 + "\n", "line 2: longer than 65,536 bytes"),
    "not UTF-8": (
        (HEADER + "2020-01-15T09:00:00,,q\n").encode() + b"\xff\n",
        "line 3: not UTF-8",
    ),
    "many queues": (
        HEADER + "".join(f"2020-01-15T09:00:00,,q{n}\n" for n in range(1001)),
        "line 1002: more than 1,000 queues",
    ),
}


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD)
def test_a_bad_log_says_where_and_why(log, capsys, tmp_path, text, why):
    outputs = tmp_path / "out"
    outputs.mkdir()
    arguments = [
        "--predictions",
        str(outputs / "p.csv"),
        "--report",
        str(outputs / "r.json"),
    ]
    assert main([str(log(text)), *arguments]) == 1
    shown, complaint = capsys.readouterr()
    assert why in complaint and "log.csv" in complaint
    assert complaint.count("\n") == 1 and shown == ""
    assert list(outputs.iterdir()) == []


def test_a_gz_that_is_none_or_cut_or_damaged(log, capsys):
    whole = gzip.compress(DAY.read_bytes())
    assert main([str(log(DAY.read_bytes(), "day.csv.gz"))]) == 1
    assert "is named .gz but is not gzip" in capsys.readouterr().err
    assert main([str(log(whole[: len(whole) // 2], "day.csv.gz"))]) == 1
    assert "gzip data is damaged" in capsys.readouterr().err
    middle = len(whole) // 2
    garbled = whole[:middle] + bytes(64) + whole[middle + 64 :]
    assert main([str(log(garbled, "day.csv.gz"))]) == 1
    assert capsys.readouterr().err


def test_a_line_without_end_does_not_fill_memory(log):
    """200 MB in one line, 200 kB on disk: refused after the first 64 kB."""
    path = log(gzip.compress(HEADER.encode() + bytes(200_000_000), 1), "bomb.csv.gz")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LogError, match="line 2: longer than"):
        read_log(path, WARSAW)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=200).map(lambda raw: HEADER.encode() + raw),
        st.text(max_size=200).map(lambda text: (HEADER + text).encode("utf-8", "replace")),
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["2020-01-15T09:00", "9999-12-31T23:59", "2020-03-29T02:30", "x"]
                ),
                st.sampled_from(["", "2020-01-15T10:00", "0001-01-01T00:00+14:00", '"']),
                st.text(max_size=3),
            ).map(",".join)
        ).map(lambda rows: (HEADER + "\n".join(rows)).encode("utf-8", "replace")),
        st.binary(max_size=100).map(lambda raw: b"\x1f\x8b" + raw),
    )
)
def test_garbage_is_read_or_refused_never_worse(tmp_path, raw):
    path = tmp_path / "garbage.csv"
    path.write_bytes(raw)
    try:
        rows = read_log(path, WARSAW)
    except LogError as error:
        assert str(path) in str(error)
    else:
        assert rows and all(row.called is None or row.called >= row.arrival for row in rows)


# ── Wrong use, and files ──────────────────────────────────────────────────────────────────


def test_an_unknown_queue_gets_a_suggestion(capsys):
    assert main([str(DAY), "--queue", "UD_Zoliborz/49"]) == 2
    assert "did you mean 'UD_Zoliborz/49" in capsys.readouterr().err
    assert main([str(DAY), "--queue", "???"]) == 2
    assert "there are: UD_Zoliborz/490, UD_Zoliborz/496" in capsys.readouterr().err


def test_an_unknown_zone_gets_a_suggestion(capsys):
    assert main([str(DAY), "--timezone", "Europe/Warsav"]) == 2
    assert "did you mean 'Europe/Warsaw'?" in capsys.readouterr().err
    assert main([str(DAY), "--timezone", "../../etc/passwd"]) == 2


def test_a_log_that_is_not_there(tmp_path, capsys):
    assert main([str(tmp_path / "none.csv")]) == 2
    assert "cannot read" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 2


def test_outputs_that_cannot_be_meant_are_refused_before_the_work(log, tmp_path, capsys):
    path = log(DAY.read_bytes())
    assert main([str(path), "--report", str(path)]) == 2
    assert "would overwrite the log" in capsys.readouterr().err
    same = str(tmp_path / "same")
    assert main([str(path), "--report", same, "--predictions", same]) == 2
    assert "would overwrite --predictions" in capsys.readouterr().err
    assert main([str(path), "--report", str(tmp_path / "none" / "r.json")]) == 2
    assert "needs the folder" in capsys.readouterr().err
    assert main([str(path), "--report", "/dev/null"]) == 2
    assert Path("/dev/null").is_char_device()
    assert path.read_bytes() == DAY.read_bytes()


@pytest.mark.parametrize("minutes", ["0", "-3", "1.5", "soon", "100000", "²"])
def test_a_guess_must_be_whole_minutes(minutes, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(DAY), "--minutes-per-call", minutes])
    assert stopped.value.code == 2
    assert "whole minutes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("room", "code"), [(2_000, 1), (1_000_000, 0)], ids=["full", "control"]
)
def test_a_full_disk_leaves_the_old_files(tmp_path, room, code):
    """A limit on the size of files stands for the disk; with room enough both are new."""
    predictions, report = tmp_path / "p.csv", tmp_path / "r.json"
    predictions.write_text("old")
    report.write_text("old")
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}));"
        "from queued.replay import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, str(DAY), "--predictions", str(predictions)]
        + ["--report", str(report)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("cannot write" in done.stderr) == bool(code)
    assert (predictions.read_text() == "old") == (report.read_text() == "old") == bool(code)
    assert sorted(tmp_path.iterdir()) == [predictions, report], (
        "nothing half-written is left"
    )


def test_progress_is_for_terminals_only(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("queued.replay.command.PROGRESS_EVERY_S", 0.0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main([str(DAY)]) == 0
    assert "% of 579 arrivals and calls" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K"), "the line is clean again"


def test_it_is_a_command_of_queued(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "queued", "replay", str(DAY), "--queue", "UD_Zoliborz/499"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "tickets" in done.stdout
