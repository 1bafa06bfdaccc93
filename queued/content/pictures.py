"""Pictures for pages: whatever was uploaded is decoded, made small and written anew.

What is kept is pixels: no place where a photograph was taken, no camera, nothing behind the end
of the picture. The name is the hash of what is kept, so nobody chooses one, and the same picture
is kept once. Blocking, and a second of a core: run it in a thread, one at a time.
"""

from __future__ import annotations

import io
import warnings
from hashlib import sha256
from typing import Final

UPLOAD_BYTES_MAX: Final = 8 << 20
"""A photograph of a good telephone."""

PIXELS_MAX: Final = 16_000_000
"""50 MB when decoded; a photograph of a telephone has 12 million."""

SIDE_MAX: Final = 1280
"""Pixels: twice the width of the page, for fine displays."""

KEPT_BYTES_MAX: Final = 1 << 20
QUALITY: Final = 80
NAME_CHARS: Final = 32
"""128 bits of SHA-256."""

FORMATS: Final = ("PNG", "JPEG", "WEBP")


class NoPicture(ValueError):
    """What was uploaded cannot be kept. `code`: unknown, large, broken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kept(upload: bytes) -> tuple[str, bytes]:
    """The name and the bytes that are kept of an upload. Raises `NoPicture`."""
    from PIL import (  # when somebody uploads a picture, and not before
        Image,
        ImageOps,
        UnidentifiedImageError,
    )

    if len(upload) > UPLOAD_BYTES_MAX:
        raise NoPicture("large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(upload), formats=FORMATS) as opened:
                if opened.width * opened.height > PIXELS_MAX:
                    raise NoPicture("large")
                turned = ImageOps.exif_transpose(opened)
                clear = turned.has_transparency_data
                plain = turned.convert("RGBA" if clear else "RGB")
                drawn = clear or opened.format == "PNG"
    except NoPicture:
        raise
    except UnidentifiedImageError:
        raise NoPicture("unknown") from None
    except Exception as error:
        raise NoPicture("broken") from error
    plain.thumbnail((SIDE_MAX, SIDE_MAX))
    plain.info = {}
    kept_bytes = _written(plain, "PNG") if drawn else b""
    if not kept_bytes or (len(kept_bytes) > KEPT_BYTES_MAX and not clear):
        kept_bytes = _written(plain.convert("RGB"), "JPEG")
    if len(kept_bytes) > KEPT_BYTES_MAX:
        raise NoPicture("large")
    ending = "png" if kept_bytes.startswith(b"\x89PNG") else "jpg"
    return f"{sha256(kept_bytes).hexdigest()[:NAME_CHARS]}.{ending}", kept_bytes


def _written(picture: object, format_: str) -> bytes:
    file = io.BytesIO()
    options = {"quality": QUALITY, "progressive": True} if format_ == "JPEG" else {}
    picture.save(file, format_, optimize=True, **options)  # type: ignore[attr-defined]
    return file.getvalue()
