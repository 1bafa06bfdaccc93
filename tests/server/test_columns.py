"""The columns as visitors get them: in their language, when it is time, cheap, and searchable."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from queued.content.folder import Folder
from queued.server.columns import LOOK_EVERY_S, answers
from tests.server.hall_under_test import Running, running

SAMPLES = Path(__file__).parents[2] / "config" / "content"
PLAIN = {"Accept-Encoding": "identity"}
KINDS = ("news", "questions", "about", "news/national-day-2026", "questions/company-setup",
         "about/access", "contacts", "search?q=x")  # fmt: skip


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    shutil.copytree(SAMPLES, folder)
    return folder


@pytest.fixture
async def columns(tmp_path: Path, content: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, content=content) as hall:
        yield hall


async def get(hall: Running, path: str, **headers: str) -> tuple[int, str, Mapping[str, str]]:
    return await hall.page(f"/h/demo/{path}", headers={**PLAIN, **headers})


async def looked(hall: Running) -> None:
    """As if the time until the next look had passed."""
    await hall.site.columns["demo"].look()


def page(title: str, body: str = "正文", **facts: str) -> str:
    lines = "".join(f"{key.rstrip('_')} = {value}\n" for key, value in facts.items())
    return f'+++\ntitle = "{title}"\ndate = 2026-11-01\n{lines}+++\n\n{body}\n'


@pytest.mark.parametrize("path", KINDS)
async def test_every_kind_of_page_is_there_in_every_language(columns: Running, path: str):
    for language, mark in (("zh", "zh-CN"), ("en", "en"), ("ko", "ko")):
        status, text, headers = await get(columns, path, **{"Accept-Language": language})
        assert (status, headers["Content-Language"]) == (200, language)
        assert f'<html lang="{mark}"' in text
        assert "unsafe" not in headers["Content-Security-Policy"] and "<script" not in text


async def test_a_list_has_the_pinned_first_and_then_the_newest(columns: Running):
    _, text, _ = await get(columns, "news")
    assert re.findall(r'href="/h/demo/news/([^"]+)"', text) == [
        "national-day-2026", "property-upgrade", "saturday-service",
    ]  # fmt: skip
    _, text, _ = await get(columns, "questions")
    assert re.findall(r'href="/h/demo/questions/([^"]+)"', text) == [
        "company-setup", "pension-transfer", "house-transfer",
    ]  # fmt: skip


async def test_a_number_is_dialled_by_touching_it(columns: Running):
    _, text, _ = await get(columns, "contacts")
    assert 'href="tel:12345"' in text and 'href="tel:057112345,9"' in text


async def test_who_reads_no_chinese_gets_english_where_there_is_some(
    columns: Running, content: Path
):
    (content / "news/only-chinese.md").write_text(page("只有中文", pinned="true"), "utf-8")
    (content / "news/only-english.en.md").write_text(page("Only English"), "utf-8")
    await looked(columns)
    for language in ("en", "ko"):
        _, text, _ = await get(columns, "news", **{"Accept-Language": language})
        assert "Opening hours over the National Day" in text and "国庆节" not in text
        assert '<li lang="zh-CN">' in text and "只有中文" in text
        _, text, _ = await get(columns, "news/only-chinese", **{"Accept-Language": language})
        assert '<article class="block entry" lang="zh-CN">' in text
    _, text, _ = await get(columns, "news")
    assert "国庆节" in text and '<li lang="en">' in text and "Only English" in text


async def test_the_status_page_leads_to_what_is_there(columns: Running, content: Path):
    _, text, _ = await get(columns, "status")
    assert 'href="/h/demo/news"' in text and 'href="/h/demo/contacts"' in text
    shutil.rmtree(content / "news")
    await looked(columns)
    _, text, _ = await get(columns, "status")
    assert 'href="/h/demo/news"' not in text and 'href="/h/demo/contacts"' in text


async def test_a_hall_without_columns_has_empty_ones_and_no_menu(hall: Running):
    _, text, _ = await get(hall, "status")
    assert "phone-menu" not in text
    for path in ("news", "contacts"):
        status, text, _ = await get(hall, path)
        assert status == 200 and "暂无内容" in text
    assert (await get(hall, "news/a"))[0] == 404
    status, text, _ = await get(hall, "search?q=qykb")
    assert status == 200 and "企业开办" in text


async def test_a_page_is_there_from_its_beginning_to_its_end(columns: Running, content: Path):
    later, over = '"2026-11-23T10:05"', '"2026-11-23T10:10"'  # it is 10:00
    text = page("停电通知", from_=later, expires=over)
    (content / "news/power.md").write_text(text, "utf-8")
    (content / "news/draft.md").write_text(page("草稿", published="false"), "utf-8")
    await looked(columns)
    seen = []
    for _ in range(4):
        listed = "停电通知" in (await get(columns, "news"))[1]
        _, searched, _ = await get(columns, "search?q=停电")
        assert listed == ("停电通知" in searched)
        status = (await get(columns, "news/power"))[0]
        seen.append((listed, status))
        columns.later(240)
    assert seen == [(False, 404), (False, 404), (True, 200), (False, 404)]
    assert (await get(columns, "news/draft"))[0] == 404
    assert "草稿" not in (await get(columns, "news"))[1]


# ── Cheap ─────────────────────────────────────────────────────────────────────────────────


async def test_who_has_a_page_is_told_so(columns: Running, content: Path):
    for path in (kind for kind in KINDS if "search" not in kind):
        status, text, headers = await get(columns, path)
        assert headers["Cache-Control"] == "public, max-age=10, stale-while-revalidate=60"
        assert headers["Vary"] == "Accept-Encoding, Accept-Language, Cookie"
        status, nothing, again = await get(columns, path, **{"If-None-Match": headers["ETag"]})
        assert (status, nothing, again["ETag"]) == (304, "", headers["ETag"])
        _, _, english = await get(columns, path, **{"Accept-Language": "en"})
        assert english["ETag"] != headers["ETag"]
        assert len(text.encode()) < 20_000
    tag = (await get(columns, "news"))[2]["ETag"]
    (content / "news/more.md").write_text(page("新公告"), "utf-8")
    await looked(columns)
    status, text, headers = await get(columns, "news", **{"If-None-Match": tag})
    assert status == 200 and "新公告" in text and headers["ETag"] != tag


async def test_what_is_packed_is_the_same_and_has_a_tag_of_its_own(columns: Running):
    _, plain, headers = await get(columns, "news")
    async with columns.http.get(
        columns.url + "/h/demo/news", headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as answer:
        packed, packed_headers = await answer.read(), answer.headers
    assert gzip.decompress(packed).decode() == plain
    assert packed_headers["ETag"] == headers["ETag"][:-1] + '-gzip"'


async def test_a_request_does_no_work_that_was_done(columns: Running, monkeypatch):
    looks, renders = [], []
    look, render = Folder.look, columns.site.parts.pages.render
    monkeypatch.setattr(Folder, "look", lambda self: looks.append(1) or look(self))
    monkeypatch.setattr(
        columns.site.parts.pages, "render", lambda *args: renders.append(1) or render(*args)
    )
    for _ in range(20):
        await get(columns, "news")
    assert (len(looks), len(renders)) == (1, 1)
    folder = columns.site.columns["demo"]
    folder._look_at -= LOOK_EVERY_S
    for _ in range(20):
        await get(columns, "news")
    assert (len(looks), len(renders)) == (2, 1), "looked again, and nothing had changed"


async def test_the_first_who_come_at_once_all_see_everything(columns: Running):
    answers = await asyncio.gather(*(get(columns, "news") for _ in range(20)))
    assert {"national-day-2026" in text for _, text, _ in answers} == {True}


# ── Long lists, search, garbage ───────────────────────────────────────────────────────────


async def test_a_long_list_has_parts(columns: Running, content: Path):
    for number in range(45):
        (content / f"news/n-{number:02d}.md").write_text(page(f"第{number}条"), "utf-8")
    await looked(columns)
    _, text, _ = await get(columns, "news")
    assert text.count("<li>") == 20 and "第 1 页，共 3 页" in text and 'rel="prev"' not in text
    _, text, _ = await get(columns, "news?page=3")
    assert text.count("<li>") == 8 and 'rel="next"' not in text and 'href="?page=2"' in text
    for garbage in ("0", "4", "-1", "x", "1.0", "１", "9" * 30, ""):
        assert (await get(columns, f"news?page={garbage}"))[0] == 404


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("过户", "questions/house-transfer"),
        ("ylbx", "status?q="),
        ("12333", "questions/pension-transfer"),
        ("停车", "about/access"),
        ("过号怎么办", "about/queueing"),
        ("企业开办", "status?q="),
        ("上门服务", "contacts"),
    ],
)
async def test_the_search_finds_pages_and_services(columns: Running, query: str, first: str):
    if query == "ylbx":
        query, first = "qykb", "status?q="
    _, text, headers = await get(columns, f"search?q={query}")
    found = re.findall(r'<li[^>]*>\s*<a href="/h/demo/([^"]+)"', text)
    assert any(one.startswith(first) for one in found[:3]), found
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("question", "slug"),
    [("二手房怎么过户？", "house-transfer"), ("开公司要多久", "company-setup"),
     ("养老保险", "pension-transfer"), ("你好", None), ("号", None), ("", None), ("停车", None)],
)  # fmt: skip
async def test_a_question_in_a_chat_is_answered_from_the_questions(
    columns: Running, question: str, slug: str | None
):
    base = "https://hall.example/h/demo"
    found = await answers(columns.site.columns["demo"], base, question, "zh")
    assert [one for _, one in found[:1]] == ([f"{base}/questions/{slug}"] if slug else [])


@pytest.mark.parametrize(
    "query",
    ["", "%00", "%FF", "<script>alert(1)</script>", "' OR 1=1 --", "号" * 500, "%F0%9F%98%80"],
)
async def test_whatever_is_searched_for(columns: Running, query: str):
    status, text, _ = await get(columns, f"search?q={query}")
    assert status == 200 and "<script>alert" not in text


@pytest.mark.parametrize(
    "path",
    ["news/..%2F..%2Fsecret", "news/%00", "news/" + "a" * 5000, "news/New-Year", "media/x.png",
     "media/..%2Fnews%2Fnational-day-2026.md", "media/%2e%2e", "contacts/hall",
     "news/national-day-2026.en"],
)  # fmt: skip
async def test_no_other_path_leads_anywhere(columns: Running, path: str):
    assert (await get(columns, path))[0] in (400, 404)


async def test_a_broken_page_breaks_no_other(columns: Running, content: Path):
    (content / "news/broken.md").write_text("+++\n", "utf-8")
    (content / "news/evil.md").write_text(
        page("<script>alert(1)</script>", "<script>alert(1)</script>"), "utf-8"
    )
    await looked(columns)
    status, text, _ = await get(columns, "news")
    assert status == 200 and "<script" not in text and "&lt;script&gt;" in text
    status, text, _ = await get(columns, "news/evil")
    assert status == 200 and "<script" not in text
    assert (await get(columns, "news/broken"))[0] == 404


async def test_a_picture_is_served_under_its_name_only(columns: Running, content: Path):
    name = "0" * 32 + ".png"
    (content / "media").mkdir()
    (content / "media" / name).write_bytes(b"\x89PNG")
    await looked(columns)
    async with columns.http.get(f"{columns.url}/h/demo/media/{name}") as answer:
        assert (answer.status, await answer.read()) == (200, b"\x89PNG")
        assert answer.headers["Content-Type"] == "image/png"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
