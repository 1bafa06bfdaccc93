"""A real day, logs written by hand, and what comes of replaying them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from queued.replay import main


@pytest.fixture
def log(tmp_path):
    """Writes a log and returns its path."""

    def write(text: str | bytes, name: str = "log.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture
def replayed(tmp_path):
    """Replays a log: its report and its predictions."""

    def run(path: Path, *options: str) -> tuple[dict, list[dict[str, str]]]:
        report, predictions = tmp_path / "report.json", tmp_path / "predictions.csv"
        arguments = [str(path), "--report", str(report), "--predictions", str(predictions)]
        assert main([*arguments, *options]) == 0
        with predictions.open(encoding="utf-8", newline="") as file:
            return json.loads(report.read_text(encoding="utf-8")), list(
                csv.DictReader(file)
            )

    return run
