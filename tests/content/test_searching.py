"""What people type, and what they find."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.content.searching import FOUND_MAX, Document, found, prepared

DOCUMENTS = prepared(
    [
        Document("开办一家公司要跑几趟？", "kbyjgsypjt", "一个工作日办结", "身份证原件；公司章程"),
        Document("身份证丢了怎么补办？", "sfzdlzmbb", "", "带户口簿到公安窗口，可以异地办理。"),
        Document("换城市工作，养老保险怎么转过来？", "hcsgzylbxzmzgl", "", "身份证或社会保障卡"),
        Document("Opening hours", "openinghours", "", "Closed on New Year"),
        Document("身份证", "sfz"),
    ]
)


def titles(query: str) -> list[str]:
    return [one.document.title for one in found(query, DOCUMENTS)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("身份证", "身份证"),
        ("公司", "开办一家公司要跑几趟？"),
        ("养老保险", "换城市工作，养老保险怎么转过来？"),
        ("公司 身份证", "开办一家公司要跑几趟？"),
        ("公司，身份证", "开办一家公司要跑几趟？"),
        ("SFZ", "身份证"),
        ("ｓｆｚ", "身份证"),
        ("ylbx", "换城市工作，养老保险怎么转过来？"),
        ("new  YEAR", "Opening hours"),
        ("请问身份证怎么异地补办啊", "身份证丢了怎么补办？"),
        ("我想开公司需要什么章程", "开办一家公司要跑几趟？"),
    ],
)
def test_the_best_comes_first(query: str, first: str):
    assert titles(query)[0] == first


def test_a_title_counts_more_than_a_text():
    assert titles("身份证")[:2] == ["身份证", "身份证丢了怎么补办？"]
    assert len(titles("身份证")) == 4


@pytest.mark.parametrize("query", ["", "   ", "？！", "不动产", "xyz", "公司 不动产", "\x00", "的"])
def test_nothing_is_found_where_nothing_is(query: str):
    assert titles(query) == []


def test_an_excerpt_shows_where():
    long = prepared([Document("x", text="甲" * 100 + "身份证" + "乙" * 100)])
    (one,) = found("身份证", long)
    assert one.excerpt.startswith("…甲") and "身份证" in one.excerpt and one.excerpt.endswith("乙…")
    assert found("x", long)[0].excerpt == ""


def test_no_more_than_somebody_reads():
    many = prepared(Document(f"公告{number}") for number in range(100))
    assert [one.document.title for one in found("公告", many)] == [
        f"公告{number}" for number in range(FOUND_MAX)
    ]


@given(st.text(max_size=200))
def test_whatever_is_typed_there_is_an_answer(query: str):
    assert len(found(query, DOCUMENTS)) <= len(DOCUMENTS)
