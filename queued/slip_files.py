"""Reads what a hall's slips are made of: templates and the logo, from files of the configuration.

Packaged templates stand in for those that are not configured. Everything is checked here, at the
start and by `queued check`, so that the first visitor of the day is not the one to find out.
"""

from __future__ import annotations

import warnings
from pathlib import Path

from drivers.jobs import Raster
from queued.settings_reader import SettingsError
from queued.settings_values import DeviceSettings, Settings
from queued.slip_template import SlipTemplate, SlipTemplates, TemplateProblem, compile_template

PACKAGED = Path(__file__).parent / "slip_templates"
NAMES = ("zh", "en", "zh_elder", "en_elder")

FILE_BYTES_MAX = 1 << 20
"""Of a template or a picture."""

LOGO_DOTS_MAX = 384
"""48 mm: the width every slip printer has."""

LOGO_ROWS_MAX = 200
"""25 mm. A taller picture costs paper and seconds of every visitor."""

PIXELS_MAX = 4_000 * 4_000
"""Of the file; a larger one is a photograph, or made to fill the memory."""

INK_BELOW = 128
"""Grey level (0 is black) under which a dot is printed; slips have no grey."""


def load_templates(settings: Settings) -> SlipTemplates:
    """The templates of a hall. Raises `SettingsError` with every problem, with file and line."""
    problems: list[str] = []
    found: dict[str, SlipTemplate] = {}
    for name in NAMES:
        path = Path(getattr(settings.slip, name) or PACKAGED / f"{name}.j2")
        try:
            found[name] = compile_template(_text(path), path.name)
        except (TemplateProblem, _Unreadable) as problem:
            problems.append(f"[slip] {name}: {problem}")
    logo = None
    if settings.slip.logo:
        try:
            logo = load_logo(Path(settings.slip.logo), _dots(settings.devices))
        except _Unreadable as problem:
            problems.append(f"[slip] logo: {problem}")
    if problems:
        raise SettingsError(problems)
    return SlipTemplates(found, logo)


def packaged_templates() -> SlipTemplates:
    """The templates of a hall without `[slip]`."""
    return SlipTemplates(
        {name: compile_template(_text(PACKAGED / f"{name}.j2"), f"{name}.j2") for name in NAMES}
    )


def load_logo(path: Path, dots: int = LOGO_DOTS_MAX) -> Raster:
    """A PNG as black and white dots, at most `dots` wide and `LOGO_ROWS_MAX` high, centred.

    Larger ones are scaled down, transparent parts are white. Raises `ValueError` with a sentence.
    """
    from PIL import Image, UnidentifiedImageError  # only where there is a logo

    _bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as picture:
                if picture.width * picture.height > PIXELS_MAX:
                    raise _Unreadable(f"{path.name} is {picture.width} by {picture.height} pixels")
                coloured = picture.convert("RGBA")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _Unreadable(f"{path.name} has more than {PIXELS_MAX} pixels") from None
    except (UnidentifiedImageError, SyntaxError):
        raise _Unreadable(f"{path.name} is no PNG picture") from None
    except OSError:
        raise _Unreadable(f"{path.name} is a broken PNG picture") from None
    grey = Image.new("RGBA", coloured.size, "white")
    grey.alpha_composite(coloured)
    grey = grey.convert("L")
    grey.thumbnail((dots // 8 * 8, LOGO_ROWS_MAX), Image.Resampling.LANCZOS)
    width = -(-grey.width // 8) * 8
    paper = Image.new("L", (width, grey.height), 255)
    paper.paste(grey, ((width - grey.width) // 2, 0))
    ink = paper.point(lambda level: 255 if level < INK_BELOW else 0).convert("1")
    data = ink.tobytes()
    if not any(data):
        raise _Unreadable(f"{path.name} would be all white on paper")
    return Raster(width, data)


class _Unreadable(ValueError):
    """A file cannot be used; the message says which and why."""


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _Unreadable(f"{path.name}: line {line}: is not UTF-8") from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _Unreadable(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > FILE_BYTES_MAX:
        raise _Unreadable(f"{path.name} has more than {FILE_BYTES_MAX} bytes")
    return content


def _dots(devices: tuple[DeviceSettings, ...]) -> int:
    """What the narrowest printer can print; one that says no `dots` has at least 384."""
    given = [device.options.get("dots", LOGO_DOTS_MAX) for device in devices]
    narrow = [dots for dots in given if isinstance(dots, int) and 8 <= dots < LOGO_DOTS_MAX]
    return min([LOGO_DOTS_MAX, *narrow])
