"""The menu: the packaged one is good, mistakes are all told, and WeChat takes what we make."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.commands import check as check_command
from queued.settings import parse
from queued.wechat.emulator import rules
from queued.wechat.menu import MenuError, menu, packaged
from tests.crash.process import ROOT
from tests.test_settings import HALL
from tests.wechat.test_real_processes import emulator
from tests.wechat.test_settings_wechat import HTTP, SECRET, WECHAT

LINKS = """
phone = "0571-12345"
take_url = "https://hall.example.gov.cn/h/demo/take"
news_url = "https://hall.example.gov.cn/news"
questions_url = "https://hall.example.gov.cn/questions"
site_url = "https://hall.example.gov.cn/"
"""


OFFERED = """
[[service]]
id = "levy"
name = "社保缴费"
queue = "general"
minutes = 5
remote = true
appointments = 2
"""


def settings(links: str = LINKS) -> Any:
    return parse((HALL + HTTP + WECHAT + links).encode(), "hall.toml", {})


def check(made: Any) -> None:
    """As WeChat does."""
    rules.check_menu(rules.decoded(msgspec.json.encode(made), rules.Menu))


def problems(text: str) -> list[str]:
    with pytest.raises(MenuError) as wrong:
        menu(text.encode(), settings())
    return wrong.value.problems


def test_the_packaged_menu_has_all_three_columns():
    made = menu(packaged(), settings())
    check(made)
    shown = {
        column["name"]: [one["name"] for one in column["sub_button"]] for column in made["button"]
    }
    assert shown == {
        "服务汇": ["排队情况", "在线取号", "我的号码"],
        "资讯汇": ["要闻公告"],
        "互动汇": ["TA们都在问", "咨询电话", "微官网"],
    }
    first = made["button"][0]["sub_button"][0]
    assert first["url"] == "https://hall.example.gov.cn/h/demo/status"


def test_what_leads_nowhere_is_left_out_with_its_column():
    made = menu(packaged(), settings(""))
    check(made)
    assert [one["name"] for one in made["button"][0]["sub_button"]] == ["排队情况", "我的号码"]
    only = "[[column]]\nname = 'a'\n[[column.button]]\nname = 'b'\nview = '{take_url}'\n"
    one = menu((only + "[[column]]\nname = 'c'\nclick = 'HELP'").encode(), settings(""))
    assert [column["name"] for column in one["button"]] == ["c"]


def test_buttons_lead_to_the_halls_own_pages():
    base = "https://hall.example.gov.cn/h/demo"
    made = menu(packaged(), parse((HALL + OFFERED + HTTP + WECHAT).encode(), "hall.toml", {}))
    check(made)
    links = {
        one["name"]: one.get("url", one.get("key"))
        for column in made["button"]
        for one in column["sub_button"]
    }
    assert links == {
        "排队情况": f"{base}/status",
        "在线取号": f"{base}/take",
        "预约办事": f"{base}/book",
        "我的号码": "MINE",
        "要闻公告": f"{base}/news",
        "TA们都在问": f"{base}/questions",
        "咨询电话": f"{base}/contacts",
        "微官网": f"{base}/about",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs 1 to 3 [[column]] tables"),
        ("column = 3", "needs 1 to 3 [[column]] tables"),
        ('[[column]]\nname = "a"\nclick = "HELP"\n' * 4, "needs 1 to 3 [[column]] tables"),
        ("[[column]]\nname = 'a'\nbutton = []", "column 1: needs 1 to 5 [[column.button]]"),
        ("[[column]]\nname = '服务大厅汇总'\nclick = 'HELP'", "name: needs 1 to 16 bytes (5 汉字)"),
        ("[[column]]\nname = 7\nclick = 'HELP'", "column 1: name: needs"),
        ("[[column]]\nname = 'a'", "needs either view or click"),
        ("[[column]]\nname = 'a'\nclick = 'SHOUT'", "click: is one of QUEUE, MINE"),
        ("[[column]]\nname = 'a'\nview = '{nowhere}/x'", "view: is not an address"),
        ("[[column]]\nname = 'a'\nview = '{url'", "view: is not an address"),
        ("[[column]]\nname = 'a'\nview = '{url.a}'", "view: is not an address"),
        ("[[column]]\nname = 'a'\nview = 'javascript:1'", "view: is not an address"),
        ("[[column]]\nname = 'a'\nview = '{url}/" + "x" * 1024 + "'", "view: is not an address"),
        ("[[column]]\nname = 'a'\nclick = 'HELP'\nneeds = 'x'", "needs: is one of url, hall"),
        ("[[column]]\nname = 'a'\nclick = 'HELP'\nicon = 1", "icon: is not a known key"),
        ("[[column", "is not TOML"),
        ("[[column]]\nname = 'a'\nview = '{take_url}'\nneeds = 'take_url'", ""),
    ],
)
def test_mistakes_are_told(text, said):
    if said:
        assert any(said in problem for problem in problems(text)), problems(text)
    else:
        check(menu(text.encode(), settings()))
        with pytest.raises(MenuError, match="no button leads anywhere"):
            menu(text.encode(), settings(""))


def test_all_mistakes_are_told_at_once():
    text = "[[column]]\nname = ''\nclick = 'A'\n[[column]]\nname = 'a'\nview = 'b'"
    assert len(problems(text)) == 3


_VALUES = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["column", "name", "x"]), _VALUES) | st.binary())
def test_whatever_a_menu_holds_it_is_told_or_taken_by_wechat(content):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        check(menu(raw, settings()))
    except MenuError as wrong:
        assert wrong.problems


def test_a_menu_of_the_halls_own_is_part_of_the_check(tmp_path: Path, capsys):
    file = tmp_path / "hall.toml"
    file.write_text(HALL + HTTP + WECHAT + LINKS + 'menu = "ours.toml"\n', "utf-8")
    args = argparse.Namespace(config=file)
    assert check_command.run(args) == 1
    assert "ours.toml: cannot be read: No such file" in capsys.readouterr().err
    (tmp_path / "ours.toml").write_text("[[column]]\nname = 'a'")
    assert check_command.run(args) == 1
    assert "ours.toml: column 1: needs either view or click" in capsys.readouterr().err
    (tmp_path / "ours.toml").write_bytes(packaged())
    assert check_command.run(args) == 0


def queued(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "queued", "wechat", "menu", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_command_applies_and_shows_what_is_in_force(tmp_path: Path):
    file = tmp_path / "hall.toml"
    with emulator(1) as url:
        text = HALL + HTTP + WECHAT + LINKS + f'api_url = "{url}"\n'
        file.write_text(text, "utf-8")
        assert queued("show", "--config", file).stdout == "The account has no menu.\n"
        applied = queued("apply", "--config", file)
        assert (applied.returncode, applied.stderr) == (0, "")
        shown = json.loads(queued("show", "--config", file).stdout)
        assert shown == menu(packaged(), settings())
        file.write_text(text.replace(SECRET, "f" * 32), "utf-8")
        refused = queued("apply", "--config", file)
        assert refused.returncode == 1 and "errcode 40125" in refused.stderr
        assert SECRET not in refused.stderr and "f" * 32 not in refused.stderr
