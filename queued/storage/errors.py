"""What can be wrong with a data folder, in sentences for whoever runs the hall.

    * StoreError
      + FolderBusy        another process owns this folder
      + HallOwned         another process owns this hall in the city's database
      + NotDurable        the disk or database would not keep what it acknowledged
      + SchemaUnknown     written by a newer version, or not by queued at all
      + Damaged           the database fails its own check, or a file in the folder is spoiled
      + FolderNotEmpty    a restore would overwrite something
      + WrongPlace        the hall's memory is somewhere else: in the folder, or in the city
      + StoreFailed       the database could not do it now: disk full, busy
        - StoreAway       the database server does not answer; it is asked again

The journal's own errors are in `queued.engine.ports`.
"""

from __future__ import annotations

from queued.engine.ports import Unavailable


class StoreError(Exception):
    """The data folder cannot be used as asked; the message says why and what to do."""


class FolderBusy(StoreError):
    """Another process owns this data folder."""


class HallOwned(StoreError):
    """Another process owns this hall."""


class WrongPlace(StoreError):
    """This is not where the hall keeps what it knows: going on would begin at number one."""


class NotDurable(StoreError):
    """Acknowledged commits might be lost in a power cut: refuse to run."""


class SchemaUnknown(StoreError):
    """This version cannot read that database."""


class Damaged(StoreError):
    """Something stored is not what was written."""


class FolderNotEmpty(StoreError):
    """A restore needs an empty folder."""


class StoreFailed(StoreError, Unavailable):
    """The database could not do it; nothing of it happened."""


class StoreAway(StoreFailed):
    """The database server does not answer. Whether the last write happened may be unknown."""
