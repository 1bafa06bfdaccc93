"""A page's file: what it may say, what is told when it says something else, and the way back."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued.content.folder import Folder
from queued.content.page import FILE_BYTES_MAX, Page, PageUnreadable, Phone, page_of, text_of

SAMPLES = Path(__file__).parents[2] / "config" / "content"
GOOD = '+++\ntitle = "放假"\ndate = 2026-09-20\n+++\n\n10月1日放假。\n'


def problems(text: str | bytes, column: str = "news", name: str = "a") -> str:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PageUnreadable) as caught:
        page_of(content, column, name)
    return "\n".join(caught.value.problems)


def test_a_page_with_everything():
    text = (
        '+++\ntitle = "放假"\ndate = 2026-09-20\nsummary = "七天"\norder = -3\npublished = false\n'
        'from = 2026-09-20\nexpires = "2026-10-08T12:00"\nlanguage = "en"\npinned = true\n+++\nx'
    )
    assert page_of(text.encode(), "news", "holiday-1.en") == Page(
        column="news", slug="holiday-1", language="en", title="放假", date="2026-09-20",
        summary="七天", order=-3, published=False, pinned=True, starts="2026-09-20T00:00",
        expires="2026-10-08T12:00", body="x",
    )  # fmt: skip


def test_a_telephone_list():
    text = (
        '+++\ntitle = "咨询"\n[[phone]]\nname = "总机"\nnumber = "0571-1234 567转8"\n'
        'note = "夜间"\n'
        '[[phone]]\nname = "热线"\nnumber = "12345"\n+++\n'
    )
    page = page_of(text.encode(), "contacts", "hall")
    assert page.phones == (Phone("总机", "0571-1234 567转8", note="夜间"), Phone("热线", "12345"))
    assert [one.dialled for one in page.phones] == ["05711234567,8", "12345"]
    assert Phone("x", "+86 571 12 ext. 9").dialled == "+8657112,9"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "needs its facts between two lines of +++"),
        ("放假", "needs its facts"),
        ("+++\n", "needs its facts"),
        ('+++\ntitle = "x"\n', "needs its facts"),
        ("---\ntitle: x\n---\n", "needs its facts"),
        ("+++\ntitle = 放假\n+++\n", "is no TOML"),
        ("+++\n" + "[" * 5000 + "\n+++\n", "is no TOML"),
        ("+++\n+++\n", "title: is missing"),
        ("+++\n+++\n", "date: is missing"),
        ('+++\ntitle = "x"\ndate = 2026-09-20\ntitel = "x"\n+++\n', 'did you mean "title"?'),
        ('+++\ntitle = "x"\ndate = "2026-09-31"\n+++\n', "is not a day of the calendar"),
        ('+++\ntitle = "x"\ndate = "20.9.2026"\n+++\n', "is not a day such as 2026-11-23"),
        ('+++\ntitle = " "\ndate = 2026-09-20\n+++\n', "title: is empty"),
        ('+++\ntitle = "x\\ny"\ndate = 2026-09-20\n+++\n', "line breaks or invisible"),
        (f'+++\ntitle = "{"长" * 81}"\ndate = 2026-09-20\n+++\n', "has 81 characters"),
        ('+++\ntitle = "x"\ndate = 2026-09-20\norder = "1"\n+++\n', "is not a whole number"),
        ('+++\ntitle = "x"\ndate = 2026-09-20\npinned = "yes"\n+++\n', "neither true nor false"),
        ('+++\ntitle = "x"\ndate = 2026-09-20\nlanguage = "en"\n+++\n', 'this file says "zh"'),
        ('+++\ntitle = "x"\ndate = 2026-09-20\nlanguage = "fr"\n+++\n', "is not known"),
        ('+++\ntitle = "x"\ndate = 2026-09-20\nfrom = 2026-10-02\nexpires = 2026-10-01\n+++\n',
         "must be later than from"),
        ('+++\ntitle = "x"\ndate = 2026-09-20\n[[phone]]\n+++\n', "only the pages of contacts"),
        (GOOD + "a\u202eb", "line 7 has invisible characters"),
        (GOOD + "a\x00b", "line 7 has invisible characters"),
        (GOOD.encode() + b"\xff", "is not UTF-8"),
        (GOOD + "x" * FILE_BYTES_MAX, f"allowed are {FILE_BYTES_MAX}"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str | bytes, told: str):
    assert told in problems(text)


@pytest.mark.parametrize("number", ["", "911x", "tel:1", "1", "00" * 20, "１２３４５", "12345\n"])
def test_a_number_that_cannot_be_dialled(number: str):
    text = f'+++\ntitle = "x"\n[[phone]]\nname = "x"\nnumber = {number!r}\n+++\n'.replace("'", '"')
    assert "[[phone]]" in problems(text, "contacts")
    assert "phone: is missing" in problems('+++\ntitle = "x"\n+++\n', "contacts")
    assert "phone: needs up to" in problems('+++\ntitle = "x"\nphone = [1]\n+++\n', "contacts")


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a.md", "a.fr", "-a", "a" * 65, "公告"])
def test_a_name_that_is_no_slug(name: str):
    assert "small Latin letters" in problems(GOOD, name=name)


def test_files_of_other_editors_are_read():
    page = page_of(GOOD.encode(), "news", "a")
    assert page_of(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "news", "a") == page


def test_a_page_is_shown_from_its_beginning_to_its_end():
    page = page_of(
        GOOD.replace("date", "from = 2026-09-21\nexpires = 2026-10-08\ndate").encode(), "news", "a"
    )
    states = {
        "2026-09-20T23:59": "waiting", "2026-09-21T00:00": "shown", "2026-10-08T23:59": "shown",
        "2026-10-09T00:00": "expired",
    }  # fmt: skip
    assert {now: page.state(now) for now in states} == states


WORDS = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\x7f"), min_size=1,
    max_size=40,
)  # fmt: skip
MOMENTS = st.datetimes().filter(lambda at: 2000 <= at.year < 2100)


@given(
    st.builds(
        Page,
        column=st.sampled_from(["news", "questions", "about"]),
        slug=st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20),
        title=WORDS,
        language=st.sampled_from(["zh", "en"]),
        date=st.dates().map(str),
        summary=st.just("") | WORDS,
        order=st.integers(-999, 999),
        published=st.booleans(),
        pinned=st.booleans(),
        starts=st.just("") | MOMENTS.map(lambda at: f"{at:%Y-%m-%dT%H:%M}"),
        body=st.text(st.characters(categories=["L", "P"]) | st.just("\n")).map(
            lambda text: text.strip("\n")
        ),
    )
)
def test_what_is_written_is_read(page: Page):
    assert page_of(text_of(page).encode(), page.column, page.name) == page


FILES = st.text(max_size=300).map(lambda text: f"+++\n{text}\n+++".encode())


@given(st.binary(max_size=300) | FILES)
def test_whatever_a_file_holds_it_is_a_page_or_told(content: bytes):
    try:
        assert page_of(content, "questions", "a").title
    except PageUnreadable as error:
        assert error.problems


def test_the_samples_say_something_in_both_languages():
    contents = Folder(SAMPLES, "/h/demo").look()
    assert contents.troubles == ()
    slugs = {(one.page.column, one.page.slug, one.page.language) for one in contents.pages.values()}
    for column in ("news", "questions", "contacts", "about"):
        zh = {slug for one, slug, language in slugs if (one, language) == (column, "zh")}
        assert len(zh) >= 3
        assert zh == {slug for one, slug, language in slugs if (one, language) == (column, "en")}
    for loaded in contents.pages.values():
        assert loaded.page.body or loaded.page.phones
        assert page_of(text_of(loaded.page).encode(), loaded.page.column, loaded.page.name) == (
            loaded.page
        )
