"""What the pages of columns show: from the sample pages themselves, as the server tells them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from queued.content.folder import Folder
from queued.content.page import COLUMNS
from queued.server import editing
from queued.server.columns import Shown
from queued.server.reading import entry_context

HALL = {"id": "demo", "name": "市民服务中心"}
PICTURE = "0123456789abcdef0123456789abcdef.png"
SAMPLES = Path(__file__).parents[2] / "config" / "content"


@cache
def shown() -> Shown:
    contents = Folder(SAMPLES, "/h/demo").look()
    return Shown(contents, "", "", tuple(contents.pages.values()))


def entries(column: str, language: str = "zh") -> list[dict[str, Any]]:
    """The pages of a column as templates get them."""
    return [entry_context(one)["entry"] for one in shown().of(column, language)]


def listing(column: str, language: str = "zh") -> dict[str, Any]:
    """The context of a list."""
    return {"column": column, "entries": entries(column, language), "number": 1, "last": 1}


def page(column: str, slug: str, language: str = "zh") -> dict[str, Any]:
    """The context of a page."""
    found = next(one for one in entries(column, language) if one["slug"] == slug)
    return {"column": column, "entry": found}


def results() -> list[dict[str, Any]]:
    """What a search for 身份证 finds."""
    return [
        {"kind": "questions", "title": "开办一家公司要跑几趟、多久能拿到营业执照？",
         "address": "questions/company-setup", "papers": [], "language": "zh",
         "excerpt": "一个窗口一次提交，材料齐全的一个工作日内办结。"},
        {"kind": "service", "title": "居住证办理", "address": "status?q=居住证办理", "excerpt": "",
         "papers": ["身份证", "居住证明", "一寸照片"], "language": ""},
        {"kind": "contacts", "title": "各部门业务咨询", "address": "contacts", "papers": [],
         "excerpt": "社保 12333 养老、工伤、失业保险，社会保障卡", "language": "zh"},
    ]  # fmt: skip


def content() -> dict[str, Any]:
    """The context of the list in administration."""
    rows: list[dict[str, Any]] = [
        {"path": one.path, "digest": one.digest, "column": one.page.column, "slug": one.page.slug,
         "title": one.page.title, "language": one.page.language, "date": one.page.date,
         "state": "shown", "pinned": one.page.pinned, "faults": 0}
        for one in shown().pages
    ]  # fmt: skip
    rows[0] |= {"state": "draft", "faults": 2}
    return {
        "columns": {
            name: [row for row in rows if row["column"] == name] for name in COLUMNS
        },
        "troubles": [
            {"file": "news/spring.md", "path": "news/spring",
             "sentences": ['date: "2026-02-30" is not a day of the calendar']}
        ],
        "deleted": [{"path": "news/flood", "by": "admin:王芳", "at": "2026-11-20T16:05:00+08:00"}],
        "pictures": [PICTURE],
        "done": "deleted", "done_page": "news/flood", "done_picture": "",
        "overtaken": None, "failed": "", "wrong_picture": "", "csrf": "c5f",
        "user": {"name": "王芳", "roles": ["admin"]},
    }  # fmt: skip


def writing() -> dict[str, Any]:
    """The context of the form: a page that somebody else has changed meanwhile."""
    loaded = shown().page("questions", "house-transfer", "zh")
    assert loaded is not None
    at = "2026-11-23T10:05:00+08:00"
    version = {"at": at, "by": "admin:李强", "deed": "saved", "current": True}
    return {
        "where": {"column": "questions", "slug": "house-transfer", "language": "zh"},
        "path": "questions/house-transfer",
        "existing": True,
        "fields": editing.fields_of(loaded.page),
        "base": loaded.digest,
        "preview": {
            **entry_context(loaded)["entry"],
            "faults": [{"code": "no_page", "what": "questions/gift"}],
        },
        "wrong": {"summary": "…"},
        "problems": [],
        "overtaken": {"by": "admin:李强", "at": at, "content": loaded.page.body},
        "failed": "",
        "versions": [
            {"version": 2, **version},
            {"version": 1, **version, "deed": "found", "by": "system:file", "current": False},
        ],
        "csrf": "c5f",
        "user": {"name": "王芳", "roles": ["admin"]},
    }


def realistic() -> dict[str, dict[str, Any]]:
    """Page → context."""
    whole: dict[str, Any] = {"hall": HALL, "columns": list(COLUMNS)}
    return {
        "column": whole | listing("news"),
        "entry": whole | page("news", "national-day-2026"),
        "contacts": whole | {"groups": entries("contacts")},
        "search": whole | {"query": "身份证", "results": results()},
        "content": {"hall": HALL} | content(),
        "writing": {"hall": HALL} | writing(),
    }


def empty() -> dict[str, dict[str, Any]]:
    """Page → what is different in a hall that has written nothing yet."""
    whole: dict[str, Any] = {"columns": []}
    return {
        "column": whole | {"column": "about", "entries": [], "number": 2, "last": 3},
        "entry": {"entry": page("questions", "company-setup", "en")["entry"]},
        "contacts": whole | {"groups": []},
        "search": whole | {"query": "x", "results": []},
        "content": {
            "columns": {name: [] for name in COLUMNS}, "troubles": [], "deleted": [],
            "pictures": [], "done": "picture", "done_page": "", "done_picture": PICTURE,
            "failed": "No space left on device", "wrong_picture": "large",
            "overtaken": {"by": "system:file", "at": "", "content": None},
        },
        "writing": {
            "where": {"column": "contacts", "slug": "", "language": "zh"}, "path": "",
            "existing": False, "fields": editing.blank("2026-11-23") | {"phones": [{}, {}, {}]},
            "base": "", "preview": None, "wrong": {"phone": "…", "slug": "taken"},
            "problems": ["line 3 has invisible characters"], "overtaken": None,
            "failed": "No space left on device", "versions": [],
        },
    }
