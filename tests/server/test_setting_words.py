"""What is wrong with a configuration, in the language of whoever edits it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued import settings
from queued.server.setting_words import said, said_of_field
from queued.settings_reader import SettingsError

GOOD = {
    "hall": 'id = "demo"\nname = "大厅"',
    "queue": 'id = "tax"\nletter = "A"\nname = "税务"',
    "queue.2": 'id = "social"\nletter = "B"\nname = "社保"',
    "service": 'id = "invoice"\nname = "开票"\nqueue = "tax"\nminutes = 5',
    "window": 'id = "1"\nname = "1号窗口"\nqueues = ["*"]',
    "class": 'id = "elder"\nname = "长者"\nhead_start_minutes = 10',
    "hours": 'days = ["mon"]\nopen = "09:00"\nclose = "17:00"',
    "notice": 'text = "公告"',
}

WRONG = [
    ("queue", 'letter = "A"', 'letter = "AA1"',
     "队列“tax” · 号码字母：“AA1”不能作号码字母，请用一个或两个大写英文字母，如 A。"),
    ("queue", 'letter = "A"', "", "队列“tax” · 号码字母：请填写此项。"),
    ("queue", 'letter = "A"', 'letter = "B"',
     "队列“social” · 号码字母：此字母已由队列“tax”使用，每个队列的字母不能相同。"),
    ("queue", 'id = "tax"', 'id = "税务"',
     "队列“税务” · 编号：“税务”不能作编号，请用小写英文字母、数字和连字符，最多 32 个字符。"),
    ("queue", 'name = "税务"', 'name = " 税务"',
     "队列“tax” · 名称：“ 税务”首尾有空格，或含有换行、不可见字符，请删除。"),
    ("queue", 'name = "税务"', f'name = "{"长" * 99}"',
     "队列“tax” · 名称：共 99 个字，最多 40 个字。"),
    ("queue", 'name = "税务"', 'name = ""', "队列“tax” · 名称：请填写此项，不能为空。"),
    ("queue", 'name = "税务"', 'name = "税务"\nfist = 7',
     "队列“tax” · fist：没有这一项设置，是不是“first”？"),
    ("queue.2", 'id = "social"', 'id = "tax"', "队列第 2 条 · 编号：编号“tax”已被使用，请换一个。"),
    ("service", "minutes = 5", "minutes = 500",
     "事项“invoice” · 通常用时：500 超出范围，请填 1 至 240。"),
    ("service", "minutes = 5", 'minutes = "五"',
     "事项“invoice” · 通常用时：“五”不是整数，请填 1 至 240。"),
    ("service", 'queue = "tax"', 'queue = "taxi"',
     "事项“invoice” · 所属队列：没有“taxi”，是不是“tax”？可用的有：tax, social。"),
    ("service", "minutes = 5", 'minutes = 5\ninitials = "KP"',
     "事项“invoice” · 拼音首字母：“KP”不是拼音首字母，请只用小写英文字母，如 sb。"),
    ("service", "minutes = 5", 'minutes = 5\nmaterials = ["身份证", "身份证"]',
     "事项“invoice” · 所需材料：“身份证”重复出现。"),
    ("window", '["*"]', '["tax"]',
     "队列“social”：没有窗口办理此队列，请在某个窗口的主办队列中选上它。"),
    ("window", '["*"]', '["*", "tax"]',
     "窗口“1” · 主办队列：“*”表示全部队列，不能再与其他队列同列。"),
    ("window", '["*"]', '["*"]\noverflow = ["tax"]',
     "窗口“1” · 协助队列：“tax”已是主办队列，不必再协助。"),
    ("class", "head_start_minutes = 10", "head_start_minutes = 61",
     "类别“elder” · 提前分钟数：61 超出范围，请填 0 至 60。"),
    ("hours", '"09:00"', '"9点"',
     "开放时间第 1 条 · 开始：“9点”不是时间，请按 08:30 的格式填写。"),
    ("hours", '"17:00"', '"08:00"', "开放时间第 1 条 · 结束：结束应晚于开始。"),
    ("hours", '["mon"]', '["funday"]',
     "开放时间第 1 条 · 日期：没有“funday”。"
     "可用的有：mon, tue, wed, thu, fri, sat, sun。"),
    ("hours", 'close = "17:00"',
     'close = "17:00"\n[[hours]]\ndays = ["mon"]\nopen = "16:00"\nclose = "18:00"',
     "开放时间第 2 条：与另一段开放时间在周一重叠。"),
    ("notice", 'text = "公告"', 'text = "公告"\nfrom = "明天"',
     "公告第 1 条 · 开始显示：“明天”不是日期，请按 2026-11-23 或 2026-11-23T08:30 的格式填写。"),
    ("notice", 'text = "公告"', 'text = "公告"\nfrom = "2026-13-40"',
     "公告第 1 条 · 开始显示：“2026-13-40”不是日期，"
     "请按 2026-11-23 或 2026-11-23T08:30 的格式填写。"),
    ("notice", 'text = "公告"', "text = 公告",
     "第 37 行第 8 列不符合 TOML 格式，请检查引号、括号和等号。"),
]  # fmt: skip

ENGLISH = re.compile(r"\b(is|are|has|must|allowed|needed|already|not)\b")


def problems_of(table: str, good: str, wrong: str) -> tuple[str, ...]:
    """What the validation says about the good hall with one thing wrong in it."""
    parts = dict(GOOD)
    assert good in parts[table]
    parts[table] = parts[table].replace(good, wrong)
    heads = {name: f"[[{name.partition('.')[0]}]]" for name in parts} | {"hall": "[hall]"}
    text = "".join(f"{heads[name]}\n{body}\n\n" for name, body in parts.items())
    with pytest.raises(SettingsError) as caught:
        settings.parse(text.encode(), "", {})
    return caught.value.problems


@pytest.mark.parametrize(("table", "good", "wrong", "sentence"), WRONG)
def test_a_problem_is_said_in_chinese(table, good, wrong, sentence):
    told = [said(problem, "zh") for problem in problems_of(table, good, wrong)]
    assert sentence in told
    assert [one for one in told if ENGLISH.search(one)] == []


def test_a_problem_is_said_in_english_too():
    (problem,) = problems_of("service", "minutes = 5", "minutes = 500")
    assert said(problem, "en") == (
        "Service “invoice” · Usual minutes: 500 is out of range; allowed: 1 to 240."
    )


def test_below_its_field_a_sentence_needs_no_place():
    assert said_of_field("is missing; needed is a text in quotes", "zh") == "请填写此项。"


def test_what_nobody_foresaw_stays_as_it_is():
    problem = '[[device]] "pad-1": window: is odd, somehow'
    assert "is odd, somehow" in said(problem, "zh")
    assert "pad-1" in said(problem, "zh")


@given(st.text(max_size=80), st.sampled_from(["", "[[queue]] ", '[[queue]] "a": ', "[rules]: "]))
def test_any_text_is_said_somehow(text, place):
    assert said(place + text, "zh") or not place + text
