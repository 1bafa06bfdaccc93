"""The configuration in administration: drafts, previews, versions, the way back, and two who
save at once."""

from __future__ import annotations

import html
import re
import tomllib

import pytest

from queued.core.commands import OpenDay
from queued.core.plan import Millis
from queued.server.drafts import rows_of
from queued.settings import parse
from queued.settings_document import document_of, edited, toml_of
from tests.hall_parts import eventually
from tests.server.hall_under_test import CONFIG, START, TOKENS, Running, running

PAGE = "/h/demo/admin/configuration"
FILE = edited(document_of(parse(CONFIG.encode(), "hall.toml", {})))
TAX = {"id": "tax", "letter": "C", "name": "税务"}


class Editor:
    """An administrator's browser. `draft` is what its page holds."""

    def __init__(self, hall: Running, cookie: str, csrf: str) -> None:
        self.hall, self.cookie, self.csrf = hall, cookie, csrf
        self.draft, self.base, self.text, self.status = "", "", "", 0

    async def open(self) -> str:
        self.status, text, _ = await self.hall.page(PAGE, headers={"Cookie": self.cookie})
        return self._seen(text)

    async def press(self, do: str, **fields: str | list[str]) -> str:
        """Send the form by the button `do`; the page that came of it."""
        sent = {"csrf": self.csrf, "base": self.base, "draft": self.draft, **fields, "do": do}
        pairs = [
            (name, one)
            for name, value in sent.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        self.status, text, headers = await self.hall.page(
            PAGE, method="POST", data=pairs, headers={"Cookie": self.cookie}
        )
        return headers.get("Location", "") or self._seen(text)

    def _seen(self, text: str) -> str:
        draft = re.search(r'<textarea[^>]*name="draft"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
        base = re.search(r'name="base" value="(\d+)"', text)
        if draft and base:
            self.draft, self.base = html.unescape(draft[1]), base[1]
        self.text = html.unescape(text)
        return self.text


async def editor_of(hall: Running) -> Editor:
    _, session, headers = await hall.call("POST", "/session", {"token": TOKENS["admin"]})
    editor = Editor(hall, headers["Set-Cookie"].partition(";")[0], session["csrf"])
    await editor.open()
    return editor


@pytest.fixture
async def editor(hall: Running) -> Editor:
    return await editor_of(hall)


async def add_tax(editor: Editor) -> None:
    """A third queue, and a window for it."""
    await editor.press("keep:queue", **{f"field.{key}": text for key, text in TAX.items()})
    await editor.press(
        "keep:window:1",
        **{"field.id": "2", "field.name": "2号窗口", "field.queues": ["general", "social", "tax"]},
    )


# ── Drafts ────────────────────────────────────────────────────────────────────────────────


async def test_the_file_is_in_force_until_somebody_saves(hall: Running, editor: Editor):
    assert "配置文件（尚未在此修改过）" in editor.text
    assert editor.draft.strip() == toml_of(FILE).strip()
    assert editor.base == "0"


async def test_entries_are_edited_in_forms_and_nothing_is_in_force_before_it_is_applied(
    hall: Running, editor: Editor
):
    before = hall.seq
    text = await editor.press("edit:queue:0")
    assert 'name="field.letter" value="A"' in text
    await add_tax(editor)
    assert editor.status == 200 and 'letter = "C"' in editor.draft
    text = await editor.press("preview")
    assert "新增 1 个队列：税务" in text and "修改 1 个窗口：2号窗口" in text
    assert hall.seq == before

    where = await editor.press("apply", comment="新增税务")
    assert (editor.status, where) == (303, f"{PAGE}?done=now")
    assert hall.actor.hall.plan.queues["tax"].name == "税务"
    assert (await hall.take("tax"))["number"] == "C001"
    text = await editor.open()
    assert "第 1 版" in text and "新增税务" in text and "系统管理员 admin-1" in text
    _, journal, _ = await hall.call("GET", "/halls/demo/journal?limit=1000", role="auditor")
    furnished = [one for one in journal["events"] if one["type"] == "HallConfigured"]
    assert furnished[-1]["by"] == "admin:admin-1"
    assert (await hall.store.audit.newest(1))[0].action == "configuration_saved"


async def test_a_queue_without_a_window_is_told_and_kept_in_the_draft(editor: Editor):
    text = await editor.press("keep:queue", **{f"field.{k}": one for k, one in TAX.items()})
    assert "没有窗口办理此队列" in text and 'letter = "C"' in editor.draft
    text = await editor.press("preview")
    assert editor.status == 422 and "没有窗口办理此队列" in text


async def test_the_preview_counts_the_services_that_would_have_no_window(editor: Editor):
    draft = editor.draft
    moved = re.sub(r"queues = \[[^\]]*\]", 'queues = ["social"]', draft)
    moved = moved.replace('overflow = ["social"]\n', "")
    lost = sum(one["queue"] == "general" for one in tomllib.loads(draft)["service"])
    assert lost
    text = await editor.press("preview", draft=moved)
    assert editor.status == 422 and f"其中 {lost} 个事项将无处办理" in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"letter": "lower"}, "不能作号码字母"),
        ({"letter": "A"}, "已由队列“general”使用"),
        ({"id": "Not An Id"}, "不能作编号"),
        ({"digits": "99"}, "请填 2 至 4"),
        ({"digits": "many"}, "不是整数"),
        ({"name": ""}, "请填写此项"),
        ({"name": "x" * 41}, "最多 40 个字"),
        ({"name": "a\u202eb"}, "不可见字符"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(editor: Editor, fields, told):
    before = editor.draft
    text = await editor.press(
        "keep:queue", **{f"field.{key}": one for key, one in {**TAX, **fields}.items()}
    )
    assert editor.status == 422
    wrong = re.findall(r'<span class="wrong" role="alert">(.*?)</span>', text)
    assert any(told in sentence for sentence in wrong), (wrong, text[:200])
    assert editor.draft == before


GARBAGE = (
    "not toml", "x = 1", "queue = 5", "[queue]\nid = 1", "[[queue]]\nid = {a = 1}",
    "[http]\nport = 1", "[[device]]\nid = 'x'", "[redis]\nurl = 'redis://x'", "[hall]\nid = 'x'",
    "[[queue]]\nid = 2026-11-23", "a = " + "[" * 2000, "\x00", "[[queue]]",
    "[[queue]]\nid = [[1]]", "a = " + "1" * 5000,
)  # fmt: skip


async def test_garbage_is_no_configuration(hall: Running, editor: Editor):
    before = hall.seq
    for draft in GARBAGE:
        for step in ("preview", "apply", "edit:queue:0", "keep:window"):
            await editor.press(step, draft=draft)
            assert editor.status in (200, 400, 422), (draft, step, editor.text)
    assert hall.seq == before
    assert await hall.store.configurations.newest("demo") is None


async def test_unknown_steps_change_nothing(hall: Running, editor: Editor):
    before = hall.seq
    for do in (
        "", "x", "edit:queue:99", "edit:rules:0", "remove:queue:-1", "up:queue:x", "rollback:x",
        "rollback:7", "keep:hall:0", "add:device",
    ):  # fmt: skip
        await editor.press(do)
        assert editor.status in (400, 404), do
    assert hall.seq == before


async def test_a_form_of_another_session_or_too_large_changes_nothing(hall, editor: Editor):
    await editor.press("apply", csrf="x" * 32)
    assert editor.status == 403
    await editor.press("preview", draft="# " + "x" * (600 * 1024))
    assert editor.status == 413
    assert await hall.store.configurations.newest("demo") is None


# ── Versions ──────────────────────────────────────────────────────────────────────────────


async def test_of_two_who_save_at_once_one_is_told_and_loses_nothing(hall: Running):
    one, two = await editor_of(hall), await editor_of(hall)
    await add_tax(one)
    await one.press("apply")
    name = {"field.id": "general", "field.letter": "A", "field.name": "综合窗口"}
    await two.press("keep:queue:0", **name)
    text = await two.press("apply")
    assert two.status == 409 and "其他管理员已保存了新版本（第 1 版）" in text
    assert "综合窗口" in two.draft and "tax" not in two.draft
    assert hall.actor.hall.plan.queues["general"].name == "综合受理"
    await two.press("apply")
    assert two.status == 303, "told once, it is a decision"
    assert hall.actor.hall.plan.queues["general"].name == "综合窗口"


async def test_one_click_goes_back_and_the_way_back_is_a_version(hall: Running, editor: Editor):
    await add_tax(editor)
    await editor.press("apply")
    await editor.press("rollback:0")
    assert editor.status == 303
    assert "tax" not in hall.actor.hall.plan.queues
    await editor.press("rollback:1")
    assert "tax" in hall.actor.hall.plan.queues
    versions = await hall.store.configurations.all("demo")
    assert [one.version for one in versions] == [3, 2, 1]


async def test_numbers_in_use_are_told_before_and_wait_for_the_next_day(
    hall: Running, editor: Editor
):
    await hall.take("social")
    await editor.press("remove:queue:1")
    for place, queues in ((0, ["general"]), (1, ["general"])):
        fields = {"field.id": str(place + 1), "field.name": f"{place + 1}号窗口"}
        await editor.press(f"keep:window:{place}", **fields, **{"field.queues": queues})
    text = await editor.press("preview")
    assert "社保医保今天已发号，现有 1 人等候" in text and "下一个工作日生效" in text
    assert await editor.press("apply") == f"{PAGE}?done=later"
    assert "social" in hall.actor.hall.plan.queues
    assert "下一个工作日生效" in await editor.open()

    hall.clock.move_to(Millis(START + 86_400_000))
    tomorrow = OpenDay(day="2026-11-24", ends_at=Millis(START + 2 * 86_400_000), by="timer:")
    await hall.actor.submit(tomorrow)
    await eventually(lambda: "social" not in hall.actor.hall.plan.queues)


async def test_a_restart_keeps_the_version_and_tells_that_the_file_differs(tmp_path):
    async with running(tmp_path) as hall:
        editor = await editor_of(hall)
        await add_tax(editor)
        await editor.press("apply")
    async with running(tmp_path) as hall:
        editor = await editor_of(hall)
        assert "tax" in hall.site.settings.queues[2].id and "第 1 版" in editor.text
        assert "有改动" not in editor.text
    async with running(tmp_path, config=CONFIG.replace("综合受理", "综合")) as hall:
        editor = await editor_of(hall)
        assert "配置文件在第 1 版保存之后有改动" in editor.text
        await editor.press("rollback:0")
        assert hall.actor.hall.plan.queues["general"].name == "综合"


async def test_the_download_is_what_the_command_checks(hall: Running, editor: Editor):
    await add_tax(editor)
    await editor.press("apply")
    status, text, headers = await hall.page(f"{PAGE}.toml", headers={"Cookie": editor.cookie})
    assert status == 200 and headers["Content-Disposition"] == 'attachment; filename="demo.toml"'
    settings = parse(text.encode(), "demo.toml", {})
    assert settings == hall.site.settings


async def test_english_names_and_notices_change_without_a_restart(hall: Running, editor: Editor):
    name = {"field.id": "social", "field.letter": "B", "field.name": "社保医保",
            "field.name_en": "Insurance", "field.waiting_max": "3"}  # fmt: skip
    await editor.press("keep:queue:1", **name)
    await editor.press("keep:notice", **{"field.text": "今天下午停电检修。"})
    await editor.press("apply")
    assert editor.status == 303
    _, snapshot, _ = await hall.call("GET", "/halls/demo")
    assert snapshot["queues"][1]["name_en"] == "Insurance"
    _, wall, _ = await hall.call("GET", "/halls/demo/wall")
    assert wall["notices"][0]["text"] == "今天下午停电检修。"


def test_a_list_names_queues_as_people_do():
    draft = {
        "queue": [{"id": "tax", "letter": "E", "name": "税务"}, {"id": "new"}],
        "window": [{"id": "1", "queues": ["tax", "gone"]}, {"id": "2", "queues": ["*"]}],
        "service": [{"id": "invoice", "name": "代开发票", "queue": "tax"}],
    }
    assert [row["more"] for row in rows_of(draft, "window")] == ["税务、gone", "*"]
    assert [row["more"] for row in rows_of(draft, "service")] == ["税务"]
    assert [row["more"] for row in rows_of(draft, "queue")] == ["E", ""]
