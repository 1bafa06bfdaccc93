"""Every page renders, is well formed, obeys the content policy and escapes what it is given."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import i18n
from display.page_data import as_page_data
from display.pages import PAGES, STATIC_DIR, BadContext, Pages, clock, person_of
from tests.display import samples

PAGES_ONCE = Pages()
VOID = {"meta", "link", "input", "img", "br", "hr"}
CASES = [
    (page, language, kind)
    for page in PAGES
    for language in i18n.LANGUAGES
    for kind in ("realistic", "empty")
]


class Checked(HTMLParser):
    """Parses strictly: balanced tags, unique ids, and a record of what the policy forbids."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.links: list[str] = []
        self.data = ""
        self.text = ""
        self._in_data = False
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        if len(known) != len(attributes):
            self.faults.append(f"<{tag}> repeats an attribute")
        self.faults += [f"<{tag} {name}>" for name in known if name.startswith("on")]
        if "style" in known or tag == "style":
            self.faults.append(f"<{tag}> has inline style")
        if tag == "script":
            self._in_data = known.get("type") == "application/json"
            if not self._in_data and not (known.get("src") or "").startswith("/static/"):
                self.faults.append("inline script")
        self.ids += [known["id"] or ""] if "id" in known else []
        for name in ("for", "aria-labelledby", "aria-describedby"):
            self.references += (known.get(name) or "").split()
        for name in ("href", "src", "action"):
            self.links += [known[name] or ""] if name in known else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
        else:
            self.text += data


def context(page: str, kind: str) -> dict[str, Any]:
    return getattr(samples, kind)()[page]


@pytest.mark.parametrize(("page", "language", "kind"), CASES)
def test_a_page_is_well_formed_and_obeys_the_policy(page, language, kind):
    checked = Checked(PAGES_ONCE.render(page, language, context(page, kind)))

    assert checked.faults == []
    assert len(checked.ids) == len(set(checked.ids))
    assert set(checked.references) <= set(checked.ids)
    assert "{" not in checked.text, "a placeholder was not filled"
    outside = [link for link in checked.links if re.match(r"(?!tel:)[a-z]+:|//", link)]
    assert outside == []
    for link in checked.links:
        if link.startswith("/static/"):
            assert (STATIC_DIR / link.removeprefix("/static/").split("?")[0]).is_file()


@pytest.mark.parametrize(("page", "language", "kind"), CASES)
def test_the_data_block_is_what_the_module_needs(page, language, kind):
    given_context = context(page, kind)
    checked = Checked(PAGES_ONCE.render(page, language, given_context))

    if PAGES[page].module is None:
        assert checked.data == ""
        return
    data = json.loads(checked.data)
    assert (data["page"], data["language"]) == (page, language)
    for name in PAGES[page].data:
        assert data[name] == given_context[name]


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&<!--\u2028{{ 7*7 }}{n}"


def poisoned(value: Any, key: str = "") -> Any:
    """`value` with every free text in it replaced by something hostile."""
    free = "name number text why clerk reason id picture service detail materials next csrf"
    if isinstance(value, dict):
        return {name: poisoned(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each, key) for each in value]
    return HOSTILE if isinstance(value, str) and key in free.split() else value


def test_whoever_did_something_is_named_by_his_work():
    zh = i18n.catalogue("zh")
    assert person_of("clerk:王芳", zh) == "窗口人员 王芳"
    assert person_of("kiosk:east:1", zh) == "自助机 east:1"
    assert person_of("command-line:", zh) == "命令行"
    assert person_of("system", zh) == "system"
    assert person_of("ghost:x", zh) == "ghost:x"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_texts_stay_texts(page, language):
    html = PAGES_ONCE.render(page, language, poisoned(context(page, "realistic")))

    checked = Checked(html)
    assert checked.faults == []
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "49" not in checked.text.replace("A049", "")
    if PAGES[page].module:
        assert set(json.loads(checked.data)) >= set(PAGES[page].data)


def test_the_check_for_hostile_texts_can_fail():
    html = PAGES_ONCE.render("login", "zh", context("login", "realistic"))
    assert Checked(html.replace("<h1>", "<h1 onclick='x'><script>1</script>")).faults == [
        "<h1 onclick>",
        "inline script",
    ]


@given(
    st.recursive(
        st.text() | st.integers() | st.none() | st.booleans(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
        max_leaves=8,
    )
)
def test_page_data_is_the_same_value_and_cannot_end_its_block(value):
    text = str(as_page_data(value))
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_missing_context_and_unknown_pages_are_named():
    with pytest.raises(BadContext, match="page 'board' needs snapshot"):
        PAGES_ONCE.render("board", "zh", {"hall": samples.HALL})
    with pytest.raises(BadContext, match="no page 'bord'"):
        PAGES_ONCE.render("bord", "zh", {})


def test_assets_carry_the_hash_of_their_content():
    plain = PAGES_ONCE.asset("css/tokens.css")
    assert re.fullmatch(r"/static/css/tokens\.css\?v=[0-9a-f]{12}", plain)
    assert plain == PAGES_ONCE.asset("css/tokens.css")
    assert PAGES_ONCE.asset("css/plain.css").split("=")[1] != plain.split("=")[1]
    with pytest.raises(BadContext, match=r"nothing\.css"):
        PAGES_ONCE.asset("css/nothing.css")


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("waiting", "等候中"),
        ("called", "请马上到"),
        ("serving", "正在 2号窗口 办理"),
        ("served", "请评价这次服务"),
        ("missed", "不必重新取号"),
        ("parked", "补齐材料"),
        ("cancelled", "请重新取号"),
    ],
)
def test_own_ticket_says_what_to_do(status, says):
    own = samples.realistic()["ticket"] | {"ticket": samples.ticket(status)}
    html = PAGES_ONCE.render("ticket", "zh", own)
    assert says in html
    assert ('<span class="own-window">2号窗口</span>' in html) == (status == "called")
    assert ("/leave" in html) == (status == "waiting")
    assert ('http-equiv="refresh"' in html) == (status not in ("served", "cancelled"))


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, "waiting"),
        ({"near": True}, "near"),
        ({"near": True, "ticket": samples.ticket(ahead=0)}, "next"),
        ({"earlier": True}, "earlier"),
        ({"near": True, "ticket": samples.ticket("called")}, "called"),
    ],
)
def test_own_ticket_knows_when_to_walk(changes, stage):
    html = PAGES_ONCE.render("ticket", "zh", samples.realistic()["ticket"] | changes)
    assert f'data-stage="{stage}"' in html


@pytest.mark.parametrize("rating", [None, "none", "satisfied"])
def test_a_service_is_rated_once(rating):
    own = samples.realistic()["ticket"] | {"ticket": samples.ticket("served", rating=rating)}
    html = PAGES_ONCE.render("ticket", "zh", own)
    assert html.count('name="grade"') == (0 if rating == "satisfied" else 5)
    assert ("您的评价：满意" in html) == (rating == "satisfied")


def test_own_ticket_gives_a_range_and_a_clock_time():
    html = PAGES_ONCE.render("ticket", "zh", samples.realistic()["ticket"])
    assert "约 5–15 分钟" in html
    assert "大约 10:20–10:30 叫到您" in html
    unknown = samples.realistic()["ticket"] | {"ticket": samples.ticket(wait=None)}
    html = PAGES_ONCE.render("ticket", "zh", unknown)
    assert "暂时无法估计" in html and "own-clock" not in html


def test_the_status_page_is_complete_without_script():
    html = PAGES_ONCE.render("status", "zh", samples.realistic()["status"])
    text = Checked(html).text
    for expected in ("87 人", "约 35–60 分钟", "暂无窗口开放", "A017 请到 1号窗口", "暂停服务",
                     "周一至周五", "08:30–12:00、13:30–17:30", "请带：身份证、社保卡"):  # fmt: skip
        assert expected in text
    assert re.search(r'<noscript><meta http-equiv="refresh" content="\d+"></noscript>', html)


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("护照", ["护照首次申领"], ["企业开办", "港澳通行证签注"]),
        ("不动产", ["二手房过户", "抵押登记"], ["护照首次申领"]),
        ("没有这回事", [], ["企业开办"]),
        ("<script>", [], ["企业开办"]),
    ],
)
def test_services_are_found_without_script(query, shown, hidden):
    html = PAGES_ONCE.render("status", "zh", samples.realistic()["status"] | {"query": query})
    for name in shown:
        assert re.search(rf"<li data-find=[^>]*[^n]><b>{name}", html), name
    for name in hidden:
        article = html[: html.index(f"<b>{name}")].rindex("<article")
        line = rf" hidden><b>{name}"
        assert re.search(line, html) or " hidden>" in html[article:].split("\n")[0], name
    assert "<script>" not in html.replace('<script type="', "").replace("<script nomodule", "")


def test_a_closed_hall_says_when_it_opens():
    status = samples.realistic()["status"]
    status["snapshot"] = samples.snapshot(open=False)
    for opens, says in (
        ("2026-11-23T13:30:00+08:00", "今天 13:30 开始取号"),
        ("2026-11-24T08:30:00+08:00", "明天 08:30 开始取号"),
        ("2026-11-28T09:00:00+08:00", "周六（11-28）09:00 开始取号"),
    ):
        assert says in PAGES_ONCE.render("status", "zh", status | {"opens": opens})
    assert "state-more" not in PAGES_ONCE.render("status", "zh", status | {"opens": None})


def test_leaving_is_possible_without_script_only_while_waiting():
    leave = samples.realistic()["leave"]
    # To where it came from, with the query by which a proxy finds the hall.
    assert '<form method="post">' in PAGES_ONCE.render("leave", "zh", leave)
    late = PAGES_ONCE.render("leave", "zh", leave | {"ticket": samples.ticket("serving")})
    assert "<form" not in late


def test_english_names_are_used_where_there_are_some():
    windows = samples.realistic()["windows"]
    windows["hall"] = windows["hall"] | {"name_en": "Citizen Service Centre"}
    assert "Citizen Service Centre" in Checked(PAGES_ONCE.render("windows", "en", windows)).text
    assert "Citizen Service Centre" not in Checked(PAGES_ONCE.render("windows", "zh", windows)).text


def test_a_kiosk_is_given_the_texts_of_every_language():
    kiosk = Checked(PAGES_ONCE.render("kiosk", "en", samples.realistic()["kiosk"]))
    catalogues = json.loads(kiosk.data)["catalogues"]
    assert set(catalogues) == set(i18n.LANGUAGES)
    for language, texts in catalogues.items():
        assert texts["kiosk.take"] == i18n.catalogue(language).text("kiosk.take")


def test_every_text_of_the_kiosk_that_is_written_again_exists():
    page = PAGES_ONCE.render("kiosk", "zh", samples.realistic()["kiosk"])
    keys = re.findall(r'data-(?:text|label)="([^"]+)"', page)
    assert len(keys) > 30
    assert set(keys) <= i18n.catalogue("zh").names()


def test_clock_shows_the_halls_own_time():
    assert clock(samples.NOW) == "10:15"
    assert clock(samples.NOW, 8) == "10:15:30"
    assert clock(None) == ""
