"""What screens show beside the queues: notices in their time, files of one folder only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from queued.server.media import FILES_MAX, IMAGE_BYTES_MAX, LOOK_EVERY_S, MediaFolder
from tests.server.hall_under_test import CONFIG, Running, running

WALL = (
    CONFIG
    + """
[[zone]]
id = "west"
name = "西区"
[[notice]]
text = "always"
[[notice]]
text = "一天"
text_en = "one day"
zone = "west"
from = "2026-11-24"
until = "2026-11-24"
[[notice]]
text = "gone"
until = "2020-01-01"
"""
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)


@pytest.fixture
async def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "west").mkdir(parents=True)
    (folder / "elsewhere").mkdir()
    (folder / "b 图.png").write_bytes(PNG)
    (folder / "a.mp4").write_bytes(b"film" * 1000)
    (folder / "west" / "c.jpg").write_bytes(PNG)
    (folder / "elsewhere" / "d.png").write_bytes(PNG)
    (folder / "script.svg").write_text("<svg/>")
    (folder / ".hidden.png").write_bytes(PNG)
    (tmp_path / "secret").write_bytes(b"the hall's secret")
    (folder / "link.png").symlink_to(tmp_path / "secret")
    return folder


@pytest.fixture
async def hall(tmp_path: Path, media: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, config=WALL, media=media) as started:
        yield started


async def test_a_screen_learns_what_to_show_now(hall: Running):
    status, wall, _ = await hall.call("GET", "/halls/demo/wall")

    assert status == 200
    assert wall["notices"] == [{"text": "always"}]
    assert wall["media"] == [
        {"url": "/media/a.mp4", "kind": "video"},
        {"url": "/media/b%20%E5%9B%BE.png", "kind": "image"},
        {"url": "/media/west/c.jpg", "kind": "image", "zone": "west"},
    ]


async def test_a_notice_comes_and_goes_with_its_day(hall: Running):
    async def texts() -> list[str]:
        _, wall, _ = await hall.call("GET", "/halls/demo/wall")
        return [notice["text"] for notice in wall["notices"]]

    today = hall.site.lives["demo"].time_of(hall.site.lives["demo"].now())
    assert today.startswith("2026-11-23T"), "the day of this test"
    hours_left = 24 - int(today[11:13])
    hall.later(hours_left * 3600)
    assert await texts() == ["always", "一天"]
    hall.later(24 * 3600)
    assert await texts() == ["always"]


async def test_a_file_is_served_whole_in_part_and_not_again(hall: Running):
    async with hall.http.get(URL(hall.url + "/media/b%20%E5%9B%BE.png", encoded=True)) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == PNG
    status, body, headers = await hall.page("/media/a.mp4", headers={"Range": "bytes=4-7"})
    assert (status, body, headers["Content-Range"]) == (206, "film", "bytes 4-7/4000")
    status, _, _ = await hall.page("/media/a.mp4", headers={"If-None-Match": headers["ETag"]})
    assert status == 304


@pytest.mark.parametrize(
    "path",
    ["link.png", "script.svg", ".hidden.png", "elsewhere/d.png", "../secret", "..%2fsecret",
     "west/../../secret", "%2e%2e/secret", "west", "", "a.mp4/", "%00", "a.mp4%00.png"],
)  # fmt: skip
async def test_nothing_else_is_served(hall: Running, path: str):
    host, port = hall.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /media/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"404", b"400"), answer
    assert b"secret" not in answer


async def test_a_new_file_appears_and_a_lost_folder_is_an_empty_one(media: Path):
    time = [0.0]
    folder = MediaFolder(media, ["west"], monotonic=lambda: time[0])
    assert len(await folder.files()) == 3
    (media / "new.webp").write_bytes(PNG)
    assert len(await folder.files()) == 3, "not looked at for every request"
    time[0] += LOOK_EVERY_S
    assert "new.webp" in await folder.files()
    media.rename(media.parent / "away")
    time[0] += LOOK_EVERY_S
    assert await folder.files() == {}
    assert await MediaFolder(None).files() == {}


async def test_too_large_and_too_many_files_are_passed_over(tmp_path: Path):
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(IMAGE_BYTES_MAX + 1)
    for number in range(FILES_MAX + 5):
        (tmp_path / f"{number:03d}.png").write_bytes(PNG)
    files = await MediaFolder(tmp_path).files()
    assert len(files) == FILES_MAX
    assert "huge.png" not in files


@given(st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & {0, 47}))
def test_any_name_on_the_disk_is_survived(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("media", numbered=True)
    file = os.fsencode(folder) + b"/" + name + b".png"
    Path(os.fsdecode(file)).write_bytes(PNG)
    for path in asyncio.run(MediaFolder(folder).files()):
        path.encode("utf-8")


# ── The pages ─────────────────────────────────────────────────────────────────────────────


async def test_a_board_of_a_zone_that_does_not_exist_says_so(hall: Running):
    status, text, _ = await hall.page("/h/demo/board?zone=west")
    assert status == 200 and "西区" in text
    status, text, _ = await hall.page("/h/demo/board?zone=wst")
    assert status == 404 and "没有这个区域" in text


async def test_a_screen_is_public_and_of_a_window_that_exists(hall: Running):
    status, text, _ = await hall.page("/h/demo/windows/1/screen?second=en")
    assert status == 200 and '"second":"en"' in text
    status, text, _ = await hall.page("/h/demo/windows/1/screen?second=xx")
    assert status == 200 and '"second":' not in text
    assert (await hall.page("/h/demo/windows/99/screen"))[0] == 404


async def test_the_public_learns_why_only_in_the_halls_own_words(hall: Running):
    shown: list[str] = []
    await hall.open_window()
    for reason in ("lunch", "王先生投诉"):
        assert (await hall.act("1", "pause", {"reason": reason}))[0] == 200
        _, snapshot, _ = await hall.call("GET", "/halls/demo")
        shown.append(snapshot["windows"][0].get("reason", ""))
        await hall.open_window()
    assert shown == ["lunch", ""]
