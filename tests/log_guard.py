"""Notices log calls that cannot be formatted, which logging itself would swallow."""

from __future__ import annotations

import logging
from typing import Any


class LogGuard:
    """Between `install` and `remove`, formats every log record at once and keeps what fails.

    It does not raise in the log call: the code under test may stand inside an edge that catches
    everything, and a thread's exception would be lost.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._before = logging.getLogRecordFactory()

    def install(self) -> None:
        """Watch from now on, instead of a guard that may be there already."""
        self._before = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)

    def remove(self) -> None:
        """Stop watching."""
        logging.setLogRecordFactory(self._before)

    def _record(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        record = logging.LogRecord(*arguments, **named)
        try:
            record.getMessage()
        except (TypeError, ValueError, KeyError) as error:
            where = f"{record.pathname}:{record.lineno}"
            self.failures.append(f"{where}: {record.msg!r} % {record.args!r}: {error}")
            # The handlers would stumble over it again and print a traceback each.
            record.msg, record.args = "a log call that cannot be formatted", ()
        return record
