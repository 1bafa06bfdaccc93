"""Where a hall of a city keeps what it knows: which database server, and which part of it.

A hall has a schema of its own, `hall_ID`, and its secrets in its data folder. The folder remembers
that (`city`): a hall that is moved, or started without its URL, must not begin again at number one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from queued.settings_values import Settings
from queued.storage.errors import StoreError, WrongPlace
from queued.storage.folder import DATABASE, write_private

REMEMBERED = "city"
"""In the data folder: the hall's id, if its journal is on a database server."""


@dataclass(frozen=True, slots=True)
class City:
    """A database server that many halls share, and the hall that is meant."""

    url: str = field(repr=False)
    """postgresql://user:password@host:port/database?options of libpq"""
    hall: str

    @property
    def schema(self) -> str:
        """What is the hall's in the database."""
        return f"hall_{self.hall}"


def city_of(settings: Settings) -> City | None:
    """Where a hall's settings say that its journal is; None: in its data folder."""
    url = settings.storage.url
    return City(url, settings.hall.id) if url else None


def remembered(folder: Path) -> str | None:
    """The hall whose journal is on a database server; None if it is in `folder` or nowhere."""
    try:
        return (folder / REMEMBERED).read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {folder / REMEMBERED}: {error}") from error


def right_place(folder: Path, city: City | None) -> None:
    """Raises `WrongPlace` if the hall of `folder` keeps its journal elsewhere than meant."""
    known = remembered(folder)
    if city is None:
        if known is not None:
            raise WrongPlace(
                f"the journal of hall {known} is on a database server: give its address as "
                "[storage] url of --config, or in QUEUED_STORAGE_URL"
            )
        return
    if known is not None and known != city.hall:
        raise WrongPlace(f"{folder} belongs to hall {known}, not to {city.hall}")
    if (folder / DATABASE).exists():
        raise WrongPlace(
            f"{folder} holds a journal of its own ({DATABASE}): move the hall with `queued backup` "
            "and `queued restore`, or use an empty folder"
        )


def remember(folder: Path, city: City) -> None:
    """The hall of `folder` has its journal there from now on."""
    try:
        write_private(folder / REMEMBERED, f"{city.hall}\n".encode())
    except FileExistsError:
        pass  # `right_place` has seen that it is the same
    except OSError as error:
        raise StoreError(f"cannot write {folder / REMEMBERED}: {error.strerror}") from error
