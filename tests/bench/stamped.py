"""`queued serve` that notes when each event was committed, on the machine's monotonic clock, with
a device process that notes when each of its writes was with the kernel (`stamped_agent.py`).

python -m tests.bench.stamped FOLDER serve …    stamps.json: [[type, number, seconds], …] at the end
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from pathlib import Path

from queued import device_link
from queued.__main__ import main
from queued.engine.bus import Bus, Committed
from tests.bench.stamped_agent import FOLDER

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
    folder = Path(sys.argv.pop(1))
    os.environ[FOLDER] = str(folder)
    atexit.register(lambda: (folder / "stamps.json").write_text(json.dumps(_stamps)))
    Bus.publish = publish  # type: ignore[method-assign]
    device_link.AGENT = ("-m", "tests.bench.stamped_agent", "agent")
    sys.exit(main(sys.argv[1:]))
