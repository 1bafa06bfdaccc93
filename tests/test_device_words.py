"""Every reason a printer has is a sentence for the hall and advice for whoever looks after it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from drivers.printer import SENTENCES
from drivers.printer_task import REASONS
from queued.slips import INTERRUPTED, UNCONFIRMED

LOCALES = Path(__file__).parent.parent / "display" / "locales"

ENDS = ("expired", "queue_full", "unknown_device", "cancelled")
"""What happens to slips, not to printers: nobody needs advice about them."""

CONFIGURATION = ("bad_port", "no_permission", "bad_option", "unknown_kind", "no_font")
STATES = ("near_end", "process_down", INTERRUPTED)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "reason", sorted({*SENTENCES, *REASONS, *ENDS, *CONFIGURATION, *STATES, UNCONFIRMED})
)
def test_every_reason_has_a_sentence(language: str, reason: str) -> None:
    texts = tomllib.loads((LOCALES / f"{language}.toml").read_text("utf-8"))
    assert texts["device_reason"].get(reason), f"{language}: device_reason.{reason}"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("reason", sorted({*SENTENCES, *REASONS, *CONFIGURATION, *STATES}))
def test_every_reason_has_advice(language: str, reason: str) -> None:
    texts = tomllib.loads((LOCALES / f"{language}.toml").read_text("utf-8"))
    assert texts["device_advice"].get(reason), f"{language}: device_advice.{reason}"
