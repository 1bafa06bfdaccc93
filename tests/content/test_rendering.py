"""Whatever somebody writes in a page, what a browser gets of it is harmless."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from queued.content.page import FILE_BYTES_MAX
from queued.content.rendering import HTML_CHARS_MAX, Rendered, TooLong, rendered

TAGS = {
    "p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr",
    "th", "td", "em", "strong", "a", "img", "br", "hr", "code", "pre",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "rel"}, "img": {"src", "alt", "loading"}, "ol": {"start"}, "table": {"class"},
    "th": {"class"}, "td": {"class"},
}  # fmt: skip
CLASSES = {"page-table", "to-left", "to-center", "to-right"}
SCHEMES = ("http://", "https://", "tel:", "mailto:", "/h/", "/t/")
VOID = {"img", "br", "hr"}
PICTURE = "0123456789abcdef0123456789abcdef.png"


class Strict(HTMLParser):
    """Fails on everything that is not on the short list; `links` are the addresses it has seen."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        self.tags.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES.get(tag, set()), (tag, name)
            assert name != "class" or value in CLASSES, value
            assert name != "start" or str(value).isdigit()
            if name == "href":
                assert str(value).startswith(SCHEMES) and not str(value).startswith("//"), value
                self.links.append(str(value))
            if name == "src":
                assert value == f"/h/demo/media/{PICTURE}", value
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def checked(markdown: str) -> tuple[Rendered, Strict]:
    made = rendered(markdown, "/h/demo")
    return made, Strict(made.html)


EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- --><![CDATA[x]]><?php x ?><!DOCTYPE html>",
    "<div style='position:fixed'>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A&#x61&#x76ascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](  javascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/)",
    "[x](/\\evil.example/)",
    "[x](\\\\evil.example)",
    "[x](/h/../../admin?x=1)",
    "[x](/logout)",
    "[x](http://user:pass@evil.example/)",
    "[x](http://[::1/)",
    "[x](http:///nohost)",
    "[x](https:evil)",
    "[x](http://a.b:0/)",
    '[x](http://a.b/"onmouseover="alert(1))',
    "[x](http://a.b/'><script>alert(1)</script>)",
    '[x](http://a.b "title\\" onclick=\\"alert(1)")',
    "[x][1]\n\n[1]: javascript:alert(1) 'x'",
    "<javascript:alert(1)>",
    "<vbscript:x>",
    "![x](javascript:alert(1))",
    "![x](http://evil.example/track.png)",
    "![x](media/../../queued.sqlite3)",
    "![x](media/0123456789abcdef0123456789abcdef.svg)",
    f'![x" onerror="alert(1)](media/{PICTURE})',
    f"![<script>](media/{PICTURE} 'x')",
    f"[![x](media/{PICTURE})](javascript:alert(1))",
    "![[x](javascript:alert(1))](x)",
    "```js onload=alert(1)\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>\nx\n```',
    "`</code><script>alert(1)</script>`",
    "    </pre><script>",
    "# <script>alert(1)</script>",
    "|<script>|\n|:-:|\n|[x](javascript:alert(1))|",
    "|a|\n|-:|\n|<td style=x>|",
    "99999999999999999999. x",
    "-1. x\n0. y\n999999999. z",
    "[x](tel:*#06#)",
    "[x](tel:javascript)",
    "[x](mailto:a@b?subject=x&body=y)",
    "[x](mailto:javascript:alert(1)@b.c)",
    "[x](search?q=<script>)",
    "[x](news/../admin)",
    "[x](status/../../admin)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "\u2028<script>\u2029",
]


@pytest.mark.parametrize("markdown", EVIL)
def test_known_ways_in_are_shut(markdown: str):
    _, seen = checked(markdown)
    assert "script" not in seen.tags


@pytest.mark.parametrize("markdown", [one for one in EVIL if one.startswith("[x](")])
def test_what_is_left_out_is_told(markdown: str):
    made, seen = checked(markdown)
    harmless = [link for link in seen.links if link.startswith("http://a.b")]
    assert made.warnings or harmless or seen.links == [] or "/h/demo/search" in seen.links[0]


def test_the_check_can_fail():
    for html in ("<script>", "<p onclick=x></p>", "<a href='javascript:x'></a>", "<p>", "<!-- -->",
                 "<td style='x'></td>", "<img src='http://evil.example/x.png'>"):  # fmt: skip
        with pytest.raises((AssertionError, IndexError)):
            Strict(html)


PIECES = st.sampled_from(
    ["<", ">", '"', "'", "&", "(", ")", "[", "]", "![", "](", "`", "```", "\n", "\n\n", " ", "    ",
     "#", "|", "|-|\n", ":-:", "> ", "- ", "1. ", "*", "**", "_", "\\", "\t", "\x00", "javascript:",
     "http://a.b", "data:", "<script>", "</script>", "<img src=x onerror=y>", "<!--", "-->",
     "&#106;", "&colon;", "onload=", "style=", f"media/{PICTURE}", "news/x", "tel:12345",
     "x", "号", "\u202e"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
@example("![" * 200)
@example("> " * 500 + "x")
def test_no_text_gets_through(markdown: str):
    checked(markdown)


@pytest.mark.parametrize("evil", EVIL)
@given(before=st.lists(PIECES, max_size=6).map("".join))
@settings(max_examples=10)
def test_no_way_in_is_opened_by_what_stands_before_it(evil: str, before: str):
    checked(before + evil)


def test_what_authors_need():
    made, seen = checked(
        "# 标题\n\n**重要**：*请*看[公告](news/a-b)、[状态](status)，打[12345](tel:12345)。\n"
        "第二行\n\n"
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n- x\n  - y\n\n3. z\n\n> 引\n\n"
        f"![大厅](media/{PICTURE}) [x](https://www.gov.cn/a?b=1&c=2) <x@y.cn> "
        "[m](mailto:x@y.cn)\n\n---\n"
    )
    assert seen.links == [
        "/h/demo/news/a-b", "/h/demo/status", "tel:12345", "https://www.gov.cn/a?b=1&c=2",
        "mailto:x@y.cn", "mailto:x@y.cn",
    ]  # fmt: skip
    assert "<h3>标题</h3>" in made.html and '<td class="to-right">2</td>' in made.html
    assert '<ol start="3">' in made.html and "<br />" in made.html
    assert f'<img src="/h/demo/media/{PICTURE}" alt="大厅" loading="lazy" />' in made.html
    assert made.text.startswith("标题 重要：请看公告、状态，打12345。 第二行 a b 1 2 x y z 引 大厅")
    assert (made.links, made.pictures) == (("news/a-b", "status"), (PICTURE,))
    assert made.warnings == ()


def test_headings_go_on_below_the_pages_title():
    made, _ = checked("\n\n".join("#" * depth + " x" for depth in range(1, 7)))
    assert [made.html.count(f"<h{depth}>") for depth in range(3, 7)] == [1, 1, 1, 3]


@pytest.mark.parametrize(
    "piece", ["[", "![", "*a_", "> ", "`", "<", "[a](b", "|a", "[a]: b\n", "![](x)", "- ", "a **b "]
)
def test_as_much_as_a_file_may_hold_is_rendered_or_refused(piece: str):
    markdown = piece * ((FILE_BYTES_MAX - 100) // len(piece))
    try:
        made = rendered(markdown, "/h/demo")
    except TooLong:
        return
    assert len(made.html) <= HTML_CHARS_MAX


def test_a_page_that_nobody_could_load_is_refused():
    columns = 1000
    with pytest.raises(TooLong, match="too long when it is shown"):
        rendered("|a" * columns + "\n" + "|-" * columns + "\n" + ("|b" * columns + "\n") * 12, "")
