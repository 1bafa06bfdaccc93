"""Uploaded pictures: only pixels are kept, small, under a name nobody chooses."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from queued.content import pictures
from queued.content.pictures import SIDE_MAX, NoPicture, kept
from queued.content.rendering import PICTURE


def picture(format_: str, size: tuple[int, int] = (400, 300), mode: str = "RGB", **more) -> bytes:
    made = Image.new(mode, size, (200, 30, 30) if mode == "RGB" else (200, 30, 30, 90))
    file = io.BytesIO()
    made.save(file, format_, **more)
    return file.getvalue()


@pytest.mark.parametrize(
    ("format_", "mode", "ending"),
    [("PNG", "RGB", "png"), ("PNG", "RGBA", "png"), ("JPEG", "RGB", "jpg"), ("WEBP", "RGB", "jpg"),
     ("WEBP", "RGBA", "png")],
)  # fmt: skip
def test_what_is_taken(format_: str, mode: str, ending: str):
    name, content = kept(picture(format_, mode=mode))
    assert name.endswith(ending) and PICTURE.fullmatch(f"media/{name}")
    assert kept(picture(format_, mode=mode))[0] == name, "the same picture has the same name"
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.size == (400, 300)


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # lies on its side
    upload = picture("JPEG", exif=exif.tobytes(), comment=b"SecretComment") + b"SecretTail<script>"
    name, content = kept(upload)
    assert b"Secret" in upload and b"Secret" not in content and b"<script>" not in content
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.size == (300, 400) and not opened.getexif()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "Secret")
    assert b"Secret" not in kept(picture("PNG", pnginfo=info))[1]


def test_large_ones_become_small():
    _, content = kept(picture("JPEG", (4000, 3000)))
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.size == (SIDE_MAX, SIDE_MAX * 3 // 4)


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (b"", "unknown"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "unknown"),
        (b"GIF89a" + bytes(100), "unknown"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "unknown"),
        (picture("PNG")[:-30], "broken"),
        (picture("JPEG")[:200], "broken"),
        (picture("TIFF"), "unknown"),
        (picture("PNG", (5000, 4000)), "large"),
    ],
)
def test_what_is_refused(upload: bytes, code: str):
    with pytest.raises(NoPicture) as caught:
        kept(upload)
    assert caught.value.code in (code, "broken")


def test_an_upload_has_a_bound(monkeypatch):
    monkeypatch.setattr(pictures, "UPLOAD_BYTES_MAX", 10)
    with pytest.raises(NoPicture, match="large"):
        kept(picture("PNG"))
