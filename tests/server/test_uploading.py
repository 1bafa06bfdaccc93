"""Pictures that administrators upload for their pages."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from queued.content import pictures
from tests.server.hall_under_test import Running
from tests.server.writers import LIST, Writer, new_page, picture, public, writer_of


async def test_a_picture_is_uploaded_and_shown(wang: Writer, content: Path):
    status, where = await wang.upload(picture())
    found = re.search(r"page=([0-9a-f]{32}\.png)#pictures", where)
    assert status == 303 and found
    assert os.listdir(content / "media") == [found[1]]
    assert f"![](media/{found[1]})" in await wang.get(where.partition("#")[0])
    async with wang.hall.http.get(f"{wang.hall.url}/h/demo/media/{found[1]}") as answer:
        assert answer.status == 200 and (await answer.read()).startswith(b"\x89PNG")
    await new_page(wang, body=f"![图](media/{found[1]}) ![没有](media/{'0' * 32}.png)")
    assert f'src="/h/demo/media/{found[1]}"' in await public(wang, "news/holiday")
    assert "1 处待改" in await wang.get(LIST)
    assert (await wang.hall.store.audit.newest(2))[1].action == "picture_added"


@pytest.mark.parametrize("role", ["clerk", "manager", "auditor"])
async def test_only_administrators_upload(written_hall: Running, content: Path, role: str):
    li = await writer_of(written_hall, role=role)
    assert (await li.upload(picture()))[0] == 403
    assert not content.exists()


@pytest.mark.parametrize(
    ("upload", "told"),
    [(b"", "这不是"), (b"<svg onload='x'/>", "这不是"), (picture()[:-60], "已损坏"),
     (picture((5000, 4000)), "太大")],
)  # fmt: skip
async def test_what_is_no_picture_is_refused(
    wang: Writer, content: Path, upload: bytes, told: str
):
    status, text = await wang.upload(upload)
    assert status == 422 and told in text
    assert not (content / "media").exists()


async def test_uploads_have_bounds(wang: Writer, monkeypatch):
    monkeypatch.setattr("queued.server.uploading.FORM_BYTES_MAX", 1000)
    assert (await wang.upload(bytes(5000)))[0] == 413
    monkeypatch.setattr("queued.server.uploading.FORM_BYTES_MAX", 1 << 20)
    monkeypatch.setattr(pictures, "UPLOAD_BYTES_MAX", 100)
    assert (await wang.upload(picture((600, 400))))[0] == 422
    monkeypatch.setattr("queued.server.uploading.PICTURES_MAX", 0)
    status, text = await wang.upload(picture())
    assert status == 422 and "已达上限" in text
