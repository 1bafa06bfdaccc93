"""A real day comes out as it went in, in the order of taking, and nobody sees the future."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import datetime
from pathlib import Path

import pytest

from queued.replay import main

DAY = Path(__file__).parent.parent / "fixtures" / "warsaw_zoliborz_2020-01-15.csv"
HEADER = "arrival,called,queue\n"


def recorded() -> list[dict[str, str]]:
    with DAY.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_log(rows) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# ── A real day ────────────────────────────────────────────────────────────────────────────


def test_a_real_day_comes_out_as_it_went_in(replayed):
    report, _ = replayed(DAY)
    rows = recorded()
    called = [row for row in rows if row["called"]]
    assert (report["days"], report["tickets"], report["calls"]) == (1, 290, 289)
    assert (report["never_called"], report["calls_left_out"]) == (1, 0)
    # Furniture, day opened, 4 windows opened; 290 tickets, each call has start and finish;
    # 1 cancelled at the end, 4 windows closed, day closed.
    assert report["events"] == 1 + 1 + 4 + len(rows) + 3 * len(called) + 1 + 4 + 1
    assert report["waits"]["engine"] == report["waits"]["recorded"]
    mean = sum(
        (
            datetime.fromisoformat(row["called"]) - datetime.fromisoformat(row["arrival"])
        ).total_seconds()
        for row in called
    ) / len(called)
    assert report["waits"]["engine"]["mean_s"] == pytest.approx(mean, abs=0.06)
    assert report["longest_queue"] == {
        "queue": "UD_Zoliborz/501",
        "waiting": 9,
        "at": "2020-01-15T13:56:30+01:00",
    }


def test_everybody_with_somebody_ahead_gets_a_prediction(replayed):
    report, predictions = replayed(DAY)
    expected = []
    rows = recorded()
    for index, row in enumerate(rows):
        ahead = sum(
            other["queue"] == row["queue"]
            and (not other["called"] or other["called"] > row["arrival"])
            for other in rows[:index]
        )
        if ahead:
            expected.append((row["queue"], row["arrival"], str(ahead)))
    found = [(line["queue"], line["arrival"], line["ahead"]) for line in predictions]
    assert sorted(found) == sorted(expected)
    assert report["predictions"]["shown"] == len(expected) == 153
    assert report["predictions"]["scored"] == 152


def test_predictions_beat_the_last_waits_even_on_a_first_day(replayed):
    quality = replayed(DAY)[0]["predictions"]
    assert quality["mae_s"] < 0.85 * quality["mae_last_wait_s"]
    assert quality["mae_s"] < 0.75 * quality["mae_recent_waits_s"]
    assert 0.7 < quality["within_p80"] < 0.95
    assert 0.8 < quality["within_p90"] < 0.99


def test_the_same_log_gives_the_same_bytes(tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for path in (first, second):
        assert main([str(DAY), "--predictions", str(path)]) == 0
    assert first.read_bytes() == second.read_bytes()


def test_gzip_and_plain_are_the_same(replayed, log):
    zipped = log(gzip.compress(DAY.read_bytes()), "day.csv.gz")
    assert replayed(zipped)[1] == replayed(DAY)[1]


def test_one_queue_alone_is_as_in_the_hall(replayed):
    report, predictions = replayed(DAY, "--queue", "UD_Zoliborz/490")
    assert report["tickets"] == 100
    everybody = replayed(DAY)[1]
    assert predictions == [line for line in everybody if line["queue"] == "UD_Zoliborz/490"]


def test_the_table_shows_both_minutes_and_seconds(capsys):
    assert main([str(DAY)]) == 0
    shown, complaints = capsys.readouterr()
    assert "290" in shown and "10.1 min (607 s)" in shown
    assert "9 waiting in UD_Zoliborz/501 at 2020-01-15T13:56:30+01:00" in shown
    assert "predictions" not in shown
    assert complaints == "", "no progress where nobody looks"


# ── No peeking ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("hour", ["09:00", "11:30", "14:10"])
def test_nobody_sees_the_future(replayed, log, hour):
    """Cut the log at a moment, calls after it too: what was told before stays the same."""
    moment = f"2020-01-15T{hour}:00"
    rows = [row for row in recorded() if row["arrival"] <= moment]
    for row in rows:
        row["called"] = row["called"] if row["called"] <= moment else ""
    whole, cut = replayed(DAY)[1], replayed(log(as_log(rows)))[1]
    before = [line for line in whole if line["arrival"] <= moment]
    assert 0 < len(before) < len(whole)
    assert cut == before


def test_another_past_gives_another_prediction(replayed, log):
    """The control of the test above: what has happened does matter."""
    rows = recorded()
    for row in rows[: len(rows) // 2]:
        row["called"] = row["arrival"]
    changed, whole = replayed(log(as_log(rows)))[1], replayed(DAY)[1]
    assert changed != whole


# ── Order and days ────────────────────────────────────────────────────────────────────────


def test_the_engine_calls_in_the_order_of_taking(replayed, log):
    """The record calls the second first; the engine gives her call to the first."""
    report, _ = replayed(
        log(
            HEADER + "2020-01-15T09:00:00,2020-01-15T09:30:00,q\n"
            "2020-01-15T09:10:00,2020-01-15T09:20:00,q\n"
        )
    )
    waits = report["waits"]
    assert waits["engine"]["mean_s"] == waits["recorded"]["mean_s"] == 20 * 60
    assert (waits["recorded"]["max_s"], waits["engine"]["max_s"]) == (30 * 60, 20 * 60)


def test_rows_may_come_in_any_order(replayed, log):
    lines = DAY.read_text(encoding="utf-8").splitlines(keepends=True)
    mixed = lines[0] + "".join(sorted(lines[1:], key=lambda line: line.split(",")[0]))
    assert mixed != "".join(lines)
    key = lambda line: (line["queue"], line["arrival"], int(line["ahead"]))  # noqa: E731
    assert sorted(replayed(log(mixed))[1], key=key) == sorted(replayed(DAY)[1], key=key)


def test_days_end_by_themselves_and_start_with_empty_lines(replayed, log):
    report, predictions = replayed(
        log(
            HEADER + "2020-03-28T16:00:00,,q\n"  # the clocks change in the night after
            "2020-03-30T08:00:00,2020-03-30T08:05:00,q\n"
            "2020-03-30T08:01:00,2020-03-30T08:15:00,q\n"
        )
    )
    assert (report["days"], report["tickets"], report["never_called"]) == (2, 3, 1)
    assert [line["ahead"] for line in predictions] == ["1"]


def test_a_call_on_another_day_is_left_out_and_counted(replayed, log, capsys):
    report, _ = replayed(
        log(
            HEADER + "2020-01-15T16:00:00,2020-01-16T09:00:00,q\n"
            "2020-01-16T08:00:00,2020-01-16T09:00:00,q\n"
        )
    )
    assert (report["calls"], report["calls_left_out"], report["never_called"]) == (1, 1, 0)
    assert "left out" in capsys.readouterr().out


def test_times_with_an_offset_and_another_zone(replayed, log):
    report, _ = replayed(
        log(
            HEADER + "2026-11-23T09:00:00+08:00,2026-11-23T01:30:00Z,q\n"
            "2026-11-23T09:10:00,2026-11-23T09:40:00,q\n"
        ),
        "--timezone",
        "Asia/Shanghai",
    )
    assert report["waits"]["recorded"]["p50_s"] == 30 * 60
    assert report["longest_queue"]["at"] == "2026-11-23T09:10:00+08:00"


def test_a_queue_that_has_shown_no_pace_uses_the_guess(replayed, log):
    path = log(HEADER + "2020-01-15T09:00:00,,q\n" * 12)
    slow = replayed(path, "--minutes-per-call", "20")[1]
    fast = replayed(path, "--minutes-per-call", "2")[1]
    assert len(slow) == len(fast) == 11
    for slowly, quickly in zip(slow, fast, strict=True):
        assert int(slowly["p50_s"]) > 5 * int(quickly["p50_s"]) > 0
