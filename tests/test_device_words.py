"""Every reason a printer has is a sentence for the hall and advice for whoever looks after it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from drivers.frames import FLAWS, WORDS
from drivers.printer import SENTENCES
from drivers.printer_task import REASONS
from drivers.registry import KINDS
from drivers.voice_task import REASONS as UNSPOKEN
from queued.server.device_metrics import REASONS as MEASURED
from queued.server.upkeep import EVENT_KINDS, NEEDS_A_PERSON
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


# ── The pages of the technician ───────────────────────────────────────────────────────────

OF_STRIPS = ("garbled", "busy", "refused")
WITHOUT_ADVICE = {"unknown_device", "cancelled", "quiet", UNCONFIRMED}
"""Nothing is wrong with a device then."""

ALL = {*SENTENCES, *REASONS, *UNSPOKEN, *ENDS, *CONFIGURATION, *STATES, *OF_STRIPS, "bad_order"}


@pytest.fixture(params=["zh", "en"])
def texts(request: pytest.FixtureRequest) -> dict[str, dict[str, str]]:
    return tomllib.loads((LOCALES / f"{request.param}.toml").read_text("utf-8"))


def test_every_code_of_every_device_has_its_sentence_and_what_to_do(texts):
    assert {code for code in ALL if not texts["device_reason"].get(code)} == set()
    assert {code for code in ALL - WITHOUT_ADVICE if not texts["device_advice"].get(code)} == set()
    assert set(texts["device_advice"]) <= set(texts["device_reason"])


def test_every_event_kind_and_word_has_its_sentence(texts):
    assert set(texts["device_event"]) == {*EVENT_KINDS, "because"}
    assert set(texts["frame"]) == WORDS
    kinds = {kind.replace("-", "_") for kind in KINDS}
    assert kinds <= set(texts["device_kind"])


def test_the_page_marks_the_same_words_as_wrong():
    script = LOCALES.parent / "static" / "js" / "frame_table.js"
    marked = {word for word in WORDS if f'"{word}"' in script.read_text("utf-8")}
    wrong = {word for word in WORDS if word.startswith("status_")}
    assert marked == FLAWS | wrong - {"status_ok", "status_near_end"}


def test_reasons_that_are_measured_are_those_there_are():
    assert {*REASONS, *UNSPOKEN, *ENDS} <= MEASURED
    assert set(SENTENCES) >= NEEDS_A_PERSON
