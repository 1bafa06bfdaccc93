"""Whatever a hall's things are called, WeChat takes the fields we make of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queued.settings_wechat_values import FACTS, FITTING
from queued.wechat import templates
from queued.wechat.emulator import rules

TYPES = sorted(FITTING)


def taken(type_: str, text: str) -> None:
    """As WeChat checks it."""
    made = templates.data([f"{type_}1={sorted(FITTING[type_])[0]}"], dict.fromkeys(FACTS, text))
    values = {name: rules.Value(**one) for name, one in made.items()}
    rules.check_data(values, frozenset({f"{type_}1"}))


@given(st.sampled_from(TYPES), st.text(max_size=60))
def test_every_text_is_made_to_fit(type_, text):
    taken(type_, text)


def test_texts_are_cut_where_people_still_understand_them():
    long = "不动产登记综合受理专用一号窗口（二楼东侧）"
    assert templates.fitted("thing", long) == "不动产登记综合受理专用一号窗口（二楼东…"
    assert templates.fitted("thing", "3号窗口\n（东）") == "3号窗口 （东）"
    assert templates.fitted("thing", " ") == "无"
    assert templates.fitted("character_string", "民生A012") == "A012"
    assert templates.fitted("character_string", "民生") == "-"
    assert templates.fitted("number", "前方3人") == "3"
    assert templates.fitted("phrase", "请到3号窗口办理") == "请到号窗口"
    assert templates.fitted("time", "09:05") == "09:05"
    assert templates.fitted("time", "now") == "00:00"
