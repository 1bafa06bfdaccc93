"""The columns in administration: nothing lost, nothing overwritten unseen, all with a name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from queued.content import folder as folder_module
from tests.server.hall_under_test import TOKENS, Running
from tests.server.writers import LIST, PAGE, Writer, new_page, picture, public, writer_of

# ── Writing ───────────────────────────────────────────────────────────────────────────────


async def test_a_page_is_written_previewed_saved_and_read(wang: Writer, content: Path):
    text = await wang.get(f"{PAGE}?new=news")
    assert 'name="date" type="date" value="2026-11-23"' in text
    text = await wang.press("preview", title="放假", body="**七天**\n\n[x](javascript:y)")
    assert wang.status == 200 and "<strong>七天</strong>" in text and "javascript:y: " in text
    assert not content.exists()
    assert await wang.press("publish") == f"{LIST}?done=saved&page=news/fj-20261123"
    assert "<strong>七天</strong>" in await public(wang, "news/fj-20261123")
    file = content / "news/fj-20261123.md"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text("utf-8").startswith('+++\ntitle = "放假"\ndate = 2026-11-23\n+++\n')
    entry = (await wang.hall.store.audit.newest(1))[0]
    assert (entry.by, entry.action, entry.subject) == (
        "admin:admin-1", "page_saved", "demo news/fj-20261123",
    )  # fmt: skip
    # The next one of that title and day has a name of its own.
    assert "fj-20261123-2" in await new_page(wang, "", date="2026-11-23")


async def test_every_field_comes_back_as_it_was_typed(wang: Writer):
    typed = {
        "title": '"引号" & <b>', "summary": "一句话", "from": "2026-11-20T08:30",
        "expires": "2026-12-01T00:00", "order": "-5", "body": "# 一\n\n二 <i>\n",
    }  # fmt: skip
    await new_page(wang, pinned="1", **typed)
    text = await wang.get(f"{PAGE}?page=news/holiday")
    assert {name: wang.fields[name] for name in typed if name != "body"} == {
        name: value for name, value in typed.items() if name != "body"
    }
    assert wang.fields["body"].strip() == typed["body"].strip()
    assert 'name="pinned" value="1" checked' in text


async def test_a_telephone_list_is_written_in_rows(wang: Writer):
    await wang.get(f"{PAGE}?new=contacts")
    rows = {"phone.name": ["总机", "", "传真"], "phone.number": ["12345", "", "12345转2"],
            "phone.hours": ["", "", ""], "phone.note": ["", "", "夜间"]}  # fmt: skip
    assert "done=saved" in await wang.press("publish", title="咨询", date="", slug="a", **rows)
    text = await public(wang, "contacts")
    assert 'href="tel:12345,2"' in text and "夜间" in text
    text = await wang.get(f"{PAGE}?page=contacts/a")
    assert text.count('name="phone.number"') == 2 + 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"title": ""}, "请填写 1 至 80 个字的标题"),
        ({"title": "长" * 81}, "请填写 1 至 80 个字的标题"),
        ({"title": "x\x7f"}, "请填写 1 至 80 个字的标题"),
        ({"date": "2026-02-30"}, "请填写日期"),
        ({"date": ""}, "请填写日期"),
        ({"order": "x"}, "-999 至 999 的整数"),
        ({"order": "1000"}, "-999 至 999 的整数"),
        ({"from": "2026-12-01T00:00", "expires": "2026-11-01T00:00"}, "晚于开始显示的时间"),
        ({"slug": "../x"}, "只能用小写字母"),
        ({"slug": "公告"}, "只能用小写字母"),
        ({"body": "a\x00b"}, "has invisible characters"),
        ({"body": "x" * 40_000}, "allowed are 32768"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_kept(
    wang: Writer, content: Path, fields: dict[str, str], told: str
):
    text = await new_page(wang, **fields)
    assert wang.status == 422 and told in text and not content.exists()
    for name, value in fields.items():
        if name != "body" and "\x7f" not in value:
            assert wang.fields[name] == value


async def test_a_draft_is_for_nobody_until_it_is_published(wang: Writer):
    await wang.get(f"{PAGE}?new=news")
    await wang.press("draft", title="草稿", slug="a", body="x")
    assert "草稿" not in await public(wang)
    assert await wang.listed("publish", "news/a") == f"{LIST}?done=published&page=news/a"
    assert "草稿" in await public(wang)
    assert await wang.listed("withdraw", "news/a") == f"{LIST}?done=withdrawn&page=news/a"
    assert "草稿" not in await public(wang)
    actions = [entry.action for entry in await wang.hall.store.audit.newest(3)]
    assert actions == ["page_withdrawn", "page_published", "page_saved"]


async def test_an_english_page_stands_beside_the_chinese_one(wang: Writer):
    await new_page(wang)
    text = await wang.get(LIST)
    assert f'{PAGE}?new=news&of=holiday"' in text
    await wang.get(f"{PAGE}?new=news&of=holiday")
    await wang.press("publish", title="Closed", body="Seven days", date="2026-11-01")
    _, text, _ = await wang.hall.page("/h/demo/news", headers={"Accept-Language": "en"})
    assert "Closed" in text and "放假" not in text
    assert "&of=holiday" not in await wang.get(LIST)


async def test_a_new_page_never_takes_the_place_of_another(wang: Writer, content: Path):
    await new_page(wang)
    text = await new_page(wang, title="另一篇")
    assert wang.status == 409 and "已有同名页面" in text and wang.fields["title"] == "另一篇"
    assert "放假" in (content / "news/holiday.md").read_text("utf-8")


# ── Two at once, versions, the way back ───────────────────────────────────────────────────


async def test_the_second_is_told_whose_change_it_would_overwrite(wang: Writer, content: Path):
    await new_page(wang)
    li = await writer_of(wang.hall, "李强")
    for writer in (wang, li):
        await writer.get(f"{PAGE}?page=news/holiday")
    assert "done=saved" in await li.press("publish", body="李强的")
    text = await wang.press("publish", body="王芳的")
    assert wang.status == 409 and "admin:李强 已在 2026-11-23 10:00" in text and "李强的" in text
    assert wang.fields["body"].strip() == "王芳的"
    assert "李强的" in await public(wang, "news/holiday")
    assert "done=saved" in await wang.press("publish")  # knowing it
    assert "王芳的" in await public(wang, "news/holiday")
    bodies = [one.body for one in await wang.hall.store.page_versions.all("demo", "news/holiday")]
    assert len(bodies) == 3 and "李强的" in bodies[1]


async def test_a_list_that_is_old_changes_nothing(wang: Writer, content: Path):
    await new_page(wang)
    await wang.get(LIST)
    old = {"base": "0" * 64}
    for do in ("withdraw", "delete"):
        wang.fields = dict(old)
        text = await wang.press(f"{do}:news/holiday", LIST)
        assert wang.status == 409 and "admin:admin-1 已在" in text
    assert (content / "news/holiday.md").exists()


async def test_one_press_goes_back(wang: Writer):
    await new_page(wang, body="第一版")
    await wang.get(f"{PAGE}?page=news/holiday")
    await wang.press("publish", body="第二版")
    text = await wang.get(f"{PAGE}?page=news/holiday")
    assert "恢复此版本" in text
    assert await wang.press("back:1") == f"{LIST}?done=restored&page=news/holiday"
    assert "第一版" in await public(wang, "news/holiday")
    versions = await wang.hall.store.page_versions.all("demo", "news/holiday")
    assert [one.deed for one in versions] == ["restored", "saved", "saved"]


async def test_what_is_deleted_comes_back(wang: Writer, content: Path):
    await new_page(wang)
    await wang.listed("delete", "news/holiday")
    assert not (content / "news/holiday.md").exists() and "放假" not in await public(wang)
    text = await wang.get(f"{LIST}?done=deleted&page=news/holiday")
    assert "撤销删除" in text and "已删除的页面" in text
    assert await wang.listed("restore", "news/holiday") == f"{LIST}?done=restored&page=news/holiday"
    assert "放假" in await public(wang)
    for page, status in (("news/holiday", 409), ("news/never", 404)):
        await wang.listed("restore", page)
        assert wang.status == status
    await wang.listed("delete", "news/never")
    assert wang.status == 404


async def test_a_folder_that_is_gone_comes_back_from_the_database(wang: Writer, content: Path):
    for slug in ("one", "two"):
        await new_page(wang, slug)
    shutil.rmtree(content)
    assert "已删除的页面" in await wang.get(LIST)
    for slug in ("one", "two"):
        assert "done=restored" in await wang.listed("restore", f"news/{slug}")
        assert "正文" in await public(wang, f"news/{slug}")


async def test_what_was_changed_by_hand_is_kept_too(wang: Writer, content: Path):
    await new_page(wang)
    file = content / "news/holiday.md"
    await wang.get(f"{PAGE}?page=news/holiday")
    by_hand = file.read_text("utf-8").replace("正文", "手工修改")
    file.write_text(by_hand, "utf-8")
    text = await wang.press("publish", body="王芳的")
    assert wang.status == 409 and "已被他人直接修改" in text and "手工修改" in text
    await wang.press("publish")
    versions = await wang.hall.store.page_versions.all("demo", "news/holiday")
    assert [(one.deed, one.by) for one in versions] == [
        ("saved", "admin:admin-1"), ("found", "system:file"), ("saved", "admin:admin-1"),
    ]  # fmt: skip
    assert versions[1].body == by_hand


async def test_a_broken_file_is_named_and_can_be_repaired(wang: Writer, content: Path):
    await new_page(wang)
    (content / "news/holiday.md").write_text("+++\ntitel = 1\n+++\n原文", "utf-8")
    (content / "news/A B.md").write_text("x", "utf-8")
    text = await wang.get(LIST)
    assert 'did you mean "title"?' in text and "news/A B.md" in text
    text = await wang.get(f"{PAGE}?page=news/holiday")
    assert wang.status == 200 and "请先改正" in text and "原文" in wang.fields["body"]
    assert "done=restored" in await wang.press("back:1")
    assert "放假" in await public(wang)


async def test_a_full_disk_loses_nothing(wang: Writer, content: Path, monkeypatch):
    await new_page(wang)
    await wang.get(f"{PAGE}?page=news/holiday")
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    text = await wang.press("publish", body="新的")
    assert wang.status == 503 and "No space left on device" in text
    assert wang.fields["body"].strip() == "新的" and "正文" in await public(wang, "news/holiday")
    monkeypatch.setattr(folder_module.os, "fsync", real)
    assert "done=saved" in await wang.press("publish")
    assert "新的" in await public(wang, "news/holiday")


async def test_a_column_has_room_for_so_many(wang: Writer, monkeypatch):
    monkeypatch.setattr("queued.server.saving.FILES_MAX", 1)
    await new_page(wang)
    text = await new_page(wang, "second")
    assert wang.status == 422 and "已满" in text
    await wang.get(f"{PAGE}?page=news/holiday")
    assert "done=saved" in await wang.press("publish", title="仍可修改")


# ── Who may, and garbage ──────────────────────────────────────────────────────────────────


async def test_only_administrators_with_their_own_forms(wang: Writer, content: Path):
    hall = wang.hall
    for role in ("manager", "clerk", "auditor"):
        _, _, headers = await hall.call("POST", "/session", {"token": TOKENS[role]})
        cookie = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
        for path in (LIST, f"{PAGE}?new=news"):
            assert (await hall.page(path, headers=cookie))[0] == 403
    for path in (LIST, f"{PAGE}?new=news"):
        assert (await hall.page(path))[0] == 303
    wang.csrf = "wrong"
    await new_page(wang)
    assert wang.status == 403
    await wang.press("delete:news/a", LIST)
    assert wang.status == 403 and (await wang.upload(picture()))[0] == 403
    assert not content.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"do": ""}, {"do": "nonsense"}, {"do": "back"}, {"do": "back:x"}, {"do": "back:9999999999"},
        {"do": "publish", "column": "media"}, {"do": "publish", "language": "fr"},
        {"do": "publish", "column": "../news"}, {"do": "back:1", "slug": "../../x"},
    ],
)  # fmt: skip
async def test_garbage_changes_nothing(wang: Writer, content: Path, fields: dict[str, str]):
    await wang.get(f"{PAGE}?new=news")
    sent = {"title": "x", "slug": "a", "column": "news", "language": "zh", **fields}
    await wang.press(sent.pop("do"), **sent)
    assert wang.status in (400, 404) and not content.exists()
    for do in ("", "delete", "delete:", "delete:news", "delete:news/../a", "drop:news/a"):
        await wang.press(do, LIST)
        assert wang.status == 400
    for query in ("", "?page=", "?page=news", "?page=news/../a", "?new=media", "?new=news&of=../a",
                  "?page=news/none"):  # fmt: skip
        await wang.get(PAGE + query)
        assert wang.status == 404


async def test_what_is_no_form_is_refused(wang: Writer):
    for path in (LIST, PAGE, f"{LIST}/pictures"):
        for body, kind in ((b"{}", "application/json"), (b"\xff=%FF", "text/plain"),
                           (b"--x\r\n", "multipart/form-data; boundary=y"),
                           (b"--x", "multipart/form-data")):  # fmt: skip
            status, _, _ = await wang.hall.page(
                path, method="POST", data=body,
                headers={"Cookie": wang.cookie, "Content-Type": kind},
            )  # fmt: skip
            assert status in (400, 403, 415), (path, kind)
    await wang.press("publish", body="x" * 200_000)
    assert wang.status == 413


async def test_a_hall_without_a_folder_has_no_such_pages(hall: Running):
    writer = await writer_of(hall)
    await writer.get(LIST)
    assert writer.status == 404
