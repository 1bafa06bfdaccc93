"""`queued content check`: what an author is told before anybody else sees it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from queued.__main__ import main

SAMPLES = Path(__file__).parents[2] / "config" / "content"


def test_the_samples_are_good(capsys: pytest.CaptureFixture[str]):
    assert main(["content", "check", str(SAMPLES)]) == 0
    assert "good. 6 news, 6 questions, 6 contacts, 6 about, 0 pictures." in capsys.readouterr().out


def test_no_sample_is_ahead_of_its_readers():
    whole = "".join(file.read_text("utf-8") for file in SAMPLES.rglob("*.md"))
    dates = re.findall(r"^date = (.*)$", whole, re.M)
    assert len(dates) >= 6 and max(dates) < "2026-10-01", "and none is bound to the day of a test"


def test_everything_that_is_wrong_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "about").mkdir()
    (tmp_path / "about/a.md").write_text(
        '+++\ntitle = "x"\n+++\n[x](javascript:y) [x](news/no) ![x](http://z/z.png) '
        f"![x](media/{'0' * 32}.png) [x](about/a)\n"
    )
    (tmp_path / "about/b.md").write_text('+++\ntitel = "x"\n+++\n')
    assert main(["content", "check", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["about/b.md"] * 2 + ["about/a.md"] * 4
    assert 'did you mean "title"?' in lines[1]
    assert "javascript:y: is left out" in lines[2] and "http://z/z.png: is left out" in lines[3]
    assert "news/no: leads to a page that does not exist" in lines[4]
    assert "there is no such picture" in lines[5]


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["content", "check", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit) as wrong:
        main(["content"])
    assert wrong.value.code == 2


def test_a_hall_without_pages_does_not_load_what_only_pages_need():
    loads = "import queued.app, sys; print(sorted({'markdown_it', 'PIL'} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", loads], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"
