"""A strict SYN6288: checked frames, 200 bytes of text, its own settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from drivers.emulators.voice_module import VoiceModule
from drivers.syn6288 import SYN6288


class Syn6288(VoiceModule):
    """One SYN6288. `options` as of `VoiceModule`."""

    def __init__(self, now: Callable[[], float] = time.monotonic, **options: Any) -> None:
        super().__init__(SYN6288, now, **options)
