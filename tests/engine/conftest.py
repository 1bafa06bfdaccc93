"""Boxes that are stopped when their test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.engine.box import Box


@pytest.fixture
async def new_box() -> AsyncIterator[Callable[..., Box]]:
    """Makes boxes; every one is stopped at the end and must not have died of a bug."""
    boxes: list[Box] = []

    def make(**settings: Any) -> Box:
        boxes.append(Box(**settings))
        return boxes[-1]

    yield make
    for box in boxes:
        if hasattr(box, "actor"):
            await box.actor.stop()


@pytest.fixture
async def box(new_box: Callable[..., Box]) -> Box:
    """Furnished and open since nine, windows 1 and 3 with a clerk."""
    return await new_box().furnish(windows=("1", "3"))
