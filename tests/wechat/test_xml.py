"""WeChat's XML is read; bombs, doctypes and garbage are refused before they cost anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.wechat import xml

SAMPLE = b"""<xml><ToUserName><![CDATA[gh_123456789abc]]></ToUserName>
<FromUserName><![CDATA[otFpruAK8D-E6EfStSYonYSBZ8_4]]></FromUserName>
<CreateTime>1610969440</CreateTime><MsgType><![CDATA[event]]></MsgType>
<Event><![CDATA[subscribe_msg_popup_event]]></Event>
<SubscribeMsgPopupEvent>
<List><TemplateId><![CDATA[one]]></TemplateId><PopupScene>2</PopupScene></List>
<List><TemplateId><![CDATA[two]]></TemplateId><PopupScene>2</PopupScene></List>
</SubscribeMsgPopupEvent></xml>"""


def reason(document: bytes) -> str:
    with pytest.raises(xml.NotXml) as refused:
        xml.parse(document)
    return refused.value.reason


def test_a_push_is_read_with_its_lists():
    read = xml.parse(SAMPLE)
    assert xml.text(read, "ToUserName") == "gh_123456789abc"
    assert xml.text(read, "CreateTime") == "1610969440"
    assert xml.text(read, "Nothing", "none") == "none"
    assert xml.text(read, "SubscribeMsgPopupEvent", "none") == "none"
    lists = xml.children(read, "SubscribeMsgPopupEvent", "List")
    assert [xml.text(one, "TemplateId") for one in lists] == ["one", "two"]
    assert xml.children(read, "MsgType", "List") == []


def test_rare_characters_and_emoji_are_texts_like_others():
    written = "𠮷野家 😀 e\u0301 ]]> <b>&amp;"
    assert xml.text(xml.parse(xml.render({"Content": written})), "Content") == written


def test_what_xml_cannot_hold_is_left_out_of_replies():
    assert xml.text(xml.parse(xml.render({"Content": "A\x00\ud800\ufffe017"})), "Content") == "A017"


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><C>&b;</C></xml>'


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (BOMB, "doctype"),
        (b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml></xml>', "doctype"),
        (b"<xml>" + b"a" * xml.BYTES_MAX + b"</xml>", "too_large"),
        (b"", "malformed"),
        (b"{}", "malformed"),
        (b"<xml>", "malformed"),
        (b"<xml></xml>", "malformed"),
        (b"<xml>only a text</xml>", "malformed"),
        (b"<note><A>1</A></note>", "malformed"),
        (b"<xml><A b='1'>1</A></xml>", "malformed"),
        (b"<xml><A>1</A>between</xml>", "malformed"),
        (b"<xml><A>&nbsp;</A></xml>", "malformed"),
        (b"<xml><?php 1?><A>1</A></xml>", "malformed"),
        (b"<xml><A>\xff\xfe</A></xml>", "malformed"),
        (b'<?xml version="1.0" encoding="utf-7"?><xml><A>1', "malformed"),
        (b"<xml>" + b"<A>" * 10 + b"1" + b"</A>" * 10 + b"</xml>", "malformed"),
        (b"<xml>" + b"<A>1</A>" * (xml.ELEMENTS_MAX + 1) + b"</xml>", "malformed"),
    ],
)
def test_everything_else_is_refused(document, why):
    assert reason(document) == why


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode()))
def test_garbage_is_refused_or_read_but_never_anything_else(document):
    try:
        assert isinstance(xml.parse(document), dict)
    except xml.NotXml:
        pass


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_every_text_survives_the_way_there_and_back(written):
    read = xml.text(xml.parse(xml.render({"Content": written, "N": 1})), "Content")
    assert read == "".join(c for c in written if c not in "\ufffe\uffff")
