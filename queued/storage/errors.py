"""What can be wrong with a data folder, in sentences for whoever runs the hall.

    * StoreError
      + FolderBusy        another process owns this folder
      + NotDurable        the disk or database would not keep what it acknowledged
      + SchemaUnknown     written by a newer version, or not by queued at all
      + Damaged           the database fails its own check, or a file in the folder is spoiled
      + FolderNotEmpty    a restore would overwrite something
      + StoreFailed       the database could not do it now: disk full, busy, connection lost

The journal's own errors are in `queued.engine.ports`.
"""

from __future__ import annotations


class StoreError(Exception):
    """The data folder cannot be used as asked; the message says why and what to do."""


class FolderBusy(StoreError):
    """Another process owns this data folder."""


class NotDurable(StoreError):
    """Acknowledged commits might be lost in a power cut: refuse to run."""


class SchemaUnknown(StoreError):
    """This version cannot read that database."""


class Damaged(StoreError):
    """Something stored is not what was written."""


class FolderNotEmpty(StoreError):
    """A restore needs an empty folder."""


class StoreFailed(StoreError):
    """The database could not do it; nothing of it happened unless the connection was lost."""
