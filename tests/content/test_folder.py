"""The files: read once, changed whole, none that is broken breaks another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from queued.content import folder as module
from queued.content.folder import Folder

PAGE = '+++\ntitle = "{title}"\ndate = 2026-09-20\n+++\n\n{body}\n'


def put(folder: Path, file: str, title: str = "x", body: str = "y") -> Path:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(PAGE.format(title=title, body=body), "utf-8")
    return path


def test_no_folder_is_an_empty_one(tmp_path: Path):
    folder = Folder(tmp_path / "none", "/h/demo")
    assert folder.look().pages == {}
    assert folder.content("news", "a") is None and folder.digest("news", "a") == ""


def test_what_is_broken_is_named_and_everything_else_is_there(tmp_path: Path):
    put(tmp_path, "news/good.md", "好")
    put(tmp_path, "news/good.en.md", "good")
    put(tmp_path, "news/Bad Name.md")
    put(tmp_path, "about/long.md", body="x" * 40_000)
    put(tmp_path, "news/.hidden.md")
    put(tmp_path, "news/draft.md~")
    put(tmp_path, "elsewhere/a.md")
    (tmp_path / "news/notes.docx").write_bytes(b"PK")
    (tmp_path / "news/broken.md").write_text("no front matter", "utf-8")
    (tmp_path / "news/link.md").symlink_to("/etc/passwd")
    (tmp_path / "news/folder.md").mkdir()
    os.mkfifo(tmp_path / "news/pipe.md")
    (tmp_path / os.fsdecode(b"news/\xff.md")).write_text("x")
    (tmp_path / "contacts").write_text("a file")
    contents = Folder(tmp_path, "/h/demo").look()
    assert set(contents.pages) == {"news/good", "news/good.en"}
    told = {trouble.file: trouble.sentences[0] for trouble in contents.troubles}
    assert set(told) == {
        "news/Bad Name.md", "about/long.md", "news/notes.docx", "news/broken.md", "news/link.md",
        "news/folder.md", "news/pipe.md", "news/?.md",
    }  # fmt: skip
    assert "whose names end in .md" in told["news/notes.docx"]


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path, monkeypatch):
    read = []
    monkeypatch.setattr(Folder, "_read", _counted(Folder._read, read))
    for number in range(3):
        put(tmp_path, f"news/{number}.md", str(number))
    folder = Folder(tmp_path, "/h/demo")
    first = folder.look()
    assert folder.look() is first and len(read) == 3
    put(tmp_path, "news/1.md", "changed")
    second = folder.look()
    assert len(read) == 4 and second.pages["news/1"].page.title == "changed"
    assert second.pages["news/0"] is first.pages["news/0"]
    (tmp_path / "news/1.md").unlink()
    assert set(folder.look().pages) == {"news/0", "news/2"}


def _counted(read, calls: list[str]):
    def counting(self, file, stamp):
        calls.append(file)
        return read(self, file, stamp)

    return counting


def test_there_are_bounds(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "FILES_MAX", 2)
    for number in range(5):
        put(tmp_path, f"news/{number}.md")
    contents = Folder(tmp_path, "").look()
    assert len(contents.pages) == 2
    assert "there are more than 2 files here" in contents.troubles[0].sentences[0]
    monkeypatch.setattr(module, "ALL_BYTES_MAX", 80)
    contents = Folder(tmp_path, "").look()
    assert len(contents.pages) == 1 and "all pages have over" in contents.troubles[0].sentences[0]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch):
    folder = Folder(tmp_path, "")
    folder.write("news", "a", b"one")
    file = tmp_path / "news/a.md"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"one", 0o600)

    def no_space(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        folder.write("news", "a", b"two")
    assert file.read_bytes() == b"one" and os.listdir(tmp_path / "news") == ["a.md"]


@pytest.mark.parametrize(
    ("column", "name"), [("news", "../a"), ("media", "a"), ("news", "a/b"), ("..", "a"), ("", "")]
)
def test_no_name_leads_out(tmp_path: Path, column: str, name: str):
    folder = Folder(tmp_path, "")
    for change in (lambda: folder.write(column, name, b""), lambda: folder.remove(column, name),
                   lambda: folder.content(column, name)):  # fmt: skip
        with pytest.raises(ValueError, match="no page"):
            change()
