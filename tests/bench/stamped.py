"""`queued serve` that notes when each event was committed, on the machine's monotonic clock.

python -m tests.bench.stamped FILE serve …    FILE gets [[type, number, seconds], …] at the end
"""

from __future__ import annotations

import atexit
import json
import sys
import time
from pathlib import Path

from queued.__main__ import main
from queued.engine.bus import Bus, Committed

_stamps: list[tuple[str, str, float]] = []
_publish = Bus.publish


def publish(self: Bus, committed: Committed) -> None:
    """The commit is over the moment before anybody is told."""
    now = time.monotonic()
    for event in committed.events:
        if number := getattr(event, "number", ""):
            _stamps.append((type(event).__name__, number, now))
    _publish(self, committed)


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    atexit.register(lambda: file.write_text(json.dumps(_stamps)))
    Bus.publish = publish  # type: ignore[method-assign]
    sys.exit(main(sys.argv[1:]))
