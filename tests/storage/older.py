"""Databases as earlier versions left them: what each step of the migration adds, taken away."""

from __future__ import annotations

from collections.abc import Mapping

ADDED: Mapping[int, tuple[str, ...]] = {
    1: ("DROP TABLE person", "ALTER TABLE ticket DROP COLUMN rating"),
    2: ("DROP TABLE device_event",),
    3: ("DROP TABLE appointment",),
    4: ("DROP TABLE reminder", "DROP TABLE consent"),
    5: ("DROP TABLE audit", "DROP TABLE configuration"),
    6: ("DROP TABLE hour_figures", "DROP TABLE learnt"),
    7: ("DROP TABLE page_version",),
    8: ("DROP TABLE booking",),
    9: ("DROP TABLE alarm",),
}
"""By the version a step starts from; a test compares the numbers with the steps."""


def back_to(version: int) -> list[str]:
    """The statements that make a new, empty database one of `version`, without its number."""
    return [text for step in sorted(ADDED, reverse=True) if step >= version for text in ADDED[step]]


def script(version: int) -> str:
    """All of them and the number, for SQLite."""
    return "; ".join([*back_to(version), f"UPDATE schema_version SET version = {version}"])
