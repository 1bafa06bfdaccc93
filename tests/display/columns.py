"""What the pages of columns show: from the sample pages themselves, as the server tells them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from queued.content.folder import Folder
from queued.content.page import COLUMNS
from queued.server.columns import Shown
from queued.server.reading import entry_context

HALL = {"id": "demo", "name": "市民服务中心"}
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


def realistic() -> dict[str, dict[str, Any]]:
    """Page → context."""
    whole: dict[str, Any] = {"hall": HALL, "columns": list(COLUMNS)}
    return {
        "column": whole | listing("news"),
        "entry": whole | page("news", "new-year-2027"),
        "contacts": whole | {"groups": entries("contacts")},
        "search": whole | {"query": "身份证", "results": results()},
    }


def empty() -> dict[str, dict[str, Any]]:
    """Page → what is different in a hall that has written nothing yet."""
    whole: dict[str, Any] = {"columns": []}
    return {
        "column": whole | {"column": "about", "entries": [], "number": 2, "last": 3},
        "entry": {"entry": page("questions", "company-setup", "en")["entry"]},
        "contacts": whole | {"groups": []},
        "search": whole | {"query": "x", "results": []},
    }
