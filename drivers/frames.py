"""Frames for a technician to look at: the order to watch a device, and what is then told. Pure.

A frame is a portion of bytes as it went over the line, with what it means in words of a fixed
vocabulary, so that every language can have its own sentences. Of devices that read identity
cards or any other text of visitors, the bytes never leave the device process.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FRAME_BYTES_MAX = 4096
"""A longer portion comes as several frames."""

PRIVATE = frozenset({"sam", "line"})
"""Kinds whose bytes may be a visitor's name and number, or a secret in a QR code."""

WORDS = frozenset(
    {
        # A screen or strip: what it is told.
        "show_text", "show_call", "show_number", "clear", "welcome", "pause_text", "serving_text",
        "steady", "colours", "rom_page", "ask_alive", "ask_version", "other_command",
        # A printer: what it is told.
        "init", "text", "format", "picture", "qr", "feed", "cut", "ask_status", "ask_receipt",
        # A voice: what it is told.
        "speak", "stop_speaking", "pause_speaking", "resume_speaking", "power_down", "wake",
        # What devices say.
        "accepted", "refused", "damaged", "alive", "started", "speaking", "idle", "receipt",
        "automatic", "status_ok", "status_near_end", "status_offline", "status_paper_out",
        "status_cover_open", "status_cutter_jam", "status_error",
        # Pads, evaluators and readers.
        "pressed", "graded", "acknowledged", "alarm", "done", "not_done", "line_understood",
        "line_unknown", "card_look", "card_select", "card_read", "card_there", "card_none",
        "card_error",
        # Bytes that mean nothing.
        "garbage",
    }
)  # fmt: skip
"""Every name a `Word` may have. The pages have a sentence for each."""

FLAWS = frozenset({"damaged", "refused", "garbage", "not_done", "line_unknown", "card_error"})
"""Words that tell of something wrong; `status_…` other than ok and near end, too."""


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of what a frame means. `value` is a text, a number or hexadecimal bytes."""

    name: str
    value: str = ""


class WatchFrames(
    msgspec.Struct, frozen=True, tag_field="type", tag="watch-frames", forbid_unknown_fields=True
):
    """Tell every frame of `device` until `until_ms` (Unix time); 0 ends it. The newest counts."""

    device: str
    until_ms: int


class FrameSeen(
    msgspec.Struct, frozen=True, tag_field="type", tag="frame-seen", forbid_unknown_fields=True
):
    """Bytes that went to `device` (out) or came from it (in), or an order it was given (`data`
    is the order as JSON). `data` is empty where it is private; `length` always tells how much it
    was. `left_out` frames before this one were too many to be told.
    """

    device: str
    at_ms: int
    direction: Literal["out", "in", "order"]
    data: bytes
    length: int
    words: tuple[Word, ...] = ()
    left_out: int = 0
