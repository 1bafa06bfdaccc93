"""`lp` and `lpstat` as programs on PATH: strict about arguments, and they keep what they get.

The state of the print server is files in a folder, so that a test can change it at any time:
`state` (what `lpstat -p -a` says), `jobs` (what `lpstat -o` says), `fail` (how `lp` ends),
`slow` (it never ends); every job is `job-N`.
"""

from __future__ import annotations

import sys
from pathlib import Path

NAME = "counter"
WELL = f"printer {NAME} is idle.  enabled since Mon 23 Nov\n{NAME} accepting requests since x\n"
STOPPED = f"printer {NAME} disabled since Mon 23 Nov 2026 -\n\tPaused\n{NAME} accepting requests\n"
REFUSING = f"printer {NAME} is idle.\n{NAME} not accepting requests since x -\n\tRejecting Jobs\n"

PROGRAM = '''#!{python}
import os, sys, time
from pathlib import Path
here, name, args = Path({folder!r}), {name!r}, sys.argv[1:]
assert os.environ["LC_ALL"] == "C"
def say(file, code=0):
    sys.stdout.write((here / file).read_text() if (here / file).exists() else "")
    sys.exit(code)
if Path(sys.argv[0]).name == "lpstat":
    if (here / "down").exists():
        sys.exit("lpstat: Scheduler is not running.")
    if args == ["-e"]:
        print(name); sys.exit(0)
    if args[-1] != name:
        sys.exit(f'lpstat: Invalid destination name in list "{{args[-1]}}"!')
    if args == ["-p", name, "-a", name]:
        say("state")
    if args == ["-o", name]:
        say("jobs")
    sys.exit("lpstat: wrong use")
if args != ["-d", name, "-t", "queued", "-o", "raw"]:
    sys.exit("lp: wrong use " + repr(args))
data = sys.stdin.buffer.read()
if (here / "slow").exists():
    time.sleep(60)
if (here / "fail").exists():
    sys.stderr.write((here / "fail").read_text()); sys.exit(1)
number = len(list(here.glob("job-*"))) + 1
(here / f"job-{{number}}").write_bytes(data)
print(f"request id is {{name}}-{{number}} (0 file(s))")
'''


class FakeCups:
    """The print server in `folder`; put `folder / "bin"` in front of PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("lp", "lpstat"):
            path = self.bin / name
            text = PROGRAM.format(python=sys.executable, folder=str(folder), name=NAME)
            path.write_text(text, "utf-8")
            path.chmod(0o755)
        self.put("state", WELL)

    def put(self, file: str, text: str = "") -> None:
        """Change the state."""
        (self.folder / file).write_text(text, "utf-8")

    def remove(self, file: str) -> None:
        """Take a part of the state away."""
        (self.folder / file).unlink()

    @property
    def jobs(self) -> list[bytes]:
        """What was printed."""
        return [path.read_bytes() for path in sorted(self.folder.glob("job-*"))]
