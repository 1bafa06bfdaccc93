"""What this machine sees: serial ports, USB printers, print queues, sound cards, number pads.

Only looks: nothing is opened, no byte leaves. Every find has the URL that a configuration would
name it by, the steadiest one there is, and says whether this user may open it.
"""

from __future__ import annotations

import grp
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from drivers.device import DeviceBroken

Sort = Literal["serial", "usb-printer", "cups", "sound", "keypad"]
SORTS: tuple[Sort, ...] = ("serial", "usb-printer", "cups", "sound", "keypad")
KIND_OF: dict[Sort, str] = {
    "serial": "bx-fontcard",
    "usb-printer": "escpos",
    "cups": "escpos",
    "sound": "clips",
    "keypad": "evdev",
}
"""The kind of device that is most often there; what hangs on a serial line nobody can see."""
LOOK_LIMIT_S = 5.0
"""For the programs of CUPS: they hang where its server does."""
FINDS_MAX = 200
"""Of one sort; a machine with more of them is no hall's box."""
_CARD = re.compile(r"^\s*(\d+) \[(\S+)\s*\]: (.*)$", re.MULTILINE)


class Find(msgspec.Struct, frozen=True):
    """Something that is there. `closed_to`: the group that may open it, if this user may not."""

    sort: Sort
    port: str
    what: str
    closed_to: str = ""
    stable: bool = True
    """Whether the name is the same after a restart."""
    others: tuple[str, ...] = ()
    """Other URLs of the same thing: a configuration may name it by one of them."""
    snippet: str = ""
    """Of what `seen` tells: the same as `table`."""

    def table(self) -> str:
        """A [[device]] table to begin with."""
        id_ = re.sub(r"[^a-z0-9-]+", "-", self.what.lower()).strip("-")[:24].strip("-")
        lines = (("id", id_ or self.sort), ("kind", KIND_OF[self.sort]), ("port", self.port))
        return "\n".join(["[[device]]", *(f'{name} = "{value}"' for name, value in lines)])


class Seen(msgspec.Struct, frozen=True):
    """Everything found, and the font for characters that printers lack ("" if there is none)."""

    finds: tuple[Find, ...]
    font: str


def seen() -> Seen:
    """This machine, for programs."""
    from drivers.fonts import font_files  # Pillow only here

    try:
        font = font_files("", os.environ.get("QUEUED_FONT", ""))[0][0]
    except DeviceBroken:
        font = ""
    finds = (msgspec.structs.replace(find, snippet=find.table()) for find in look())
    return Seen(tuple(finds), font)


def look(root: Path = Path("/")) -> list[Find]:
    """Everything found. `root` is where the machine's /dev, /sys and /proc are."""
    finds: list[Find] = []
    for finder in (_serial, _usb_printers, _keypads, _sound):
        finds += list(finder(root))[:FINDS_MAX]
    return sorted([*finds, *_queues()], key=lambda find: SORTS.index(find.sort))


def _serial(root: Path) -> Iterator[Find]:
    stable = _links(root / "dev/serial/by-id", root / "dev/queued")
    for path in sorted((root / "sys/class/tty").glob("*")):
        if not (path / "device").exists() or _is_ghost(path):
            continue
        device = root / "dev" / path.name
        names = stable.get(device.name, [])
        what = _usb_words(path / "device") or path.name
        yield _find("serial", "serial://", root, [*names, device], what, bool(names))


def _usb_printers(root: Path) -> Iterator[Find]:
    for path in sorted((root / "sys/class/usbmisc").glob("lp*")):
        folder = _usb_folder(path / "device")
        device = root / "dev/usb" / path.name
        if folder is None:
            yield _find("usb-printer", "file://", root, [device], path.name, False)
            continue
        vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
        serial = _text(folder / "serial")
        plain = f"usb://{vendor}:{product}"
        ports = [f"{plain}/{serial}"] if serial else []
        what = _usb_words(path / "device") or path.name
        yield Find(
            "usb-printer",
            [*ports, plain][0],
            what,
            _closed_to(device),
            others=(*ports[1:], plain, f"file://{_shown(device, root)}"),
        )


def _keypads(root: Path) -> Iterator[Find]:
    for link in sorted((root / "dev/input/by-id").glob("*-event-kbd")):
        device = link.resolve()
        event = f"file://{_shown(root / 'dev/input' / device.name, root)}"
        port = f"file://{_shown(link, root)}"
        name = link.name.removesuffix("-event-kbd")
        yield Find("keypad", port, name, _closed_to(device), others=(event,))


def _sound(root: Path) -> Iterator[Find]:
    text = _text(root / "proc/asound/cards", 10_000)
    for number, name, what in _CARD.findall(text):
        device = root / "dev/snd" / f"controlC{number}"
        others = (f"alsa://plughw:{number},0", f"alsa://hw:{number},0", "alsa://default")
        port = f"alsa://plughw:CARD={name},DEV=0"
        yield Find("sound", port, what.strip() or name, _closed_to(device), others=others)


def _queues() -> Iterator[Find]:
    program = shutil.which("lpstat")
    if program is None:
        return
    try:
        done = subprocess.run(
            [program, "-e"],
            check=False,
            capture_output=True,
            timeout=LOOK_LIMIT_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    for name in done.stdout.decode("utf-8", "replace").split()[:FINDS_MAX]:
        yield Find("cups", f"cups://{name}", name)


def _find(
    sort: Sort, scheme: str, root: Path, paths: list[Path], what: str, stable: bool
) -> Find:
    names = [f"{scheme}{_shown(path, root)}" for path in paths]
    return Find(sort, names[0], what, _closed_to(paths[-1]), stable, tuple(names[1:]))


def _links(*folders: Path) -> dict[str, list[Path]]:
    """Name of the device → the links to it in `folders`."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for link in sorted(folder.glob("*")):
            if link.is_symlink():
                found.setdefault(Path(os.readlink(link)).name, []).append(link)
    return found


def _is_ghost(path: Path) -> bool:
    """Whether the kernel made a name for a port the board does not have: type 0, no UART."""
    return _text(path / "type") == "0"


def _usb_folder(device: Path) -> Path | None:
    """The folder with the ids of the USB device behind an interface."""
    here = device.resolve()
    return next((one for one in (here, *here.parents) if (one / "idVendor").exists()), None)


def _usb_words(device: Path) -> str:
    folder = _usb_folder(device)
    if folder is None:
        return ""
    parts = (_text(folder / "manufacturer"), _text(folder / "product"))
    ids = f"{_text(folder / 'idVendor')}:{_text(folder / 'idProduct')}"
    return " ".join(filter(None, (*parts, ids)))


def _text(path: Path, limit: int = 200) -> str:
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _closed_to(device: Path) -> str:
    """The group that may open `device`, "" if we may or it is not there."""
    if not device.exists() or os.access(device, os.R_OK | os.W_OK):
        return ""
    try:
        return grp.getgrgid(device.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "?"


def _shown(path: Path, root: Path) -> str:
    """The path as on the machine itself."""
    return "/" + path.relative_to(root).as_posix()
