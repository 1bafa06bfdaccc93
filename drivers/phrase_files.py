"""Reads phrase files: those that come with the drivers, and a site's own, which go first.

A site puts `yue.toml` for a language of its own, or a `zh.toml` with its own wording, into a
folder and names it in the option `phrases`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from drivers.speech import BadPhraseFile, PhraseFile, check

BUILT_IN = Path(__file__).parent / "phrases"
FILE_BYTES_MAX = 64 << 10
"""The longest one we know is 2 KB."""
FILES_MAX = 50
"""No hall speaks more languages."""


def load(site: Path | None = None) -> dict[str, PhraseFile]:
    """All languages, by tag. Raises `BadPhraseFile` naming the file and the place in it."""
    found: dict[str, PhraseFile] = {}
    for folder in (BUILT_IN, site):
        if folder is None:
            continue
        paths = sorted(folder.glob("*.toml"))[:FILES_MAX]
        if not paths:
            raise BadPhraseFile(f"no phrase file (*.toml) in {folder}")
        for path in paths:
            file = read(path)
            found[file.language] = file
    return found


def read(path: Path) -> PhraseFile:
    """One language. Raises `BadPhraseFile`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadPhraseFile(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
    if len(data) > FILE_BYTES_MAX:
        raise BadPhraseFile(f"{path}: more than {FILE_BYTES_MAX} bytes")
    return parse(data, str(path))


def parse(data: bytes, name: str) -> PhraseFile:
    """The contents of the file `name`. Raises `BadPhraseFile`."""
    try:
        file = msgspec.toml.decode(data, type=PhraseFile)
        check(file)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadPhraseFile) as error:
        raise BadPhraseFile(f"{name}: {error}") from None
    return file
