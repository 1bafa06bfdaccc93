"""A strict XFS5152CE: frames without a check byte, long texts, its own settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from drivers.emulators.voice_module import VoiceModule
from drivers.xfs5152 import XFS5152


class Xfs5152(VoiceModule):
    """One XFS5152CE. `options` as of `VoiceModule`."""

    def __init__(self, now: Callable[[], float] = time.monotonic, **options: Any) -> None:
        super().__init__(XFS5152, now, **options)
