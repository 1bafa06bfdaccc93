"""Templates of slips: what they may say, where they are wrong, and that no value is a command."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.jobs import Feed, Pair, Qr, Raster, Rule, Text
from queued.slip_files import PACKAGED
from queued.slip_template import (
    FACTS,
    FULL,
    SAMPLES,
    SOURCE_CHARS_MAX,
    SlipTemplates,
    TemplateProblem,
    compile_template,
)

LOGO = Raster(8, b"\xff")


@pytest.mark.parametrize(
    ("line", "block"),
    [
        ("= 4 center bold | A017", Text("A017", 4, "center", True)),
        ("= | A017", Text("A017")),
        ("  = right|A|B", Text("A|B", align="right")),
        ("= 2 | {{ number }}{{ ahead }}", Text("A01712", 2)),
        ("pair: 左 | {{ time }}", Pair("左", "09:41")),
        ("-", Rule()),
        ("-----", Rule()),
        ("feed", Feed()),
        ("feed: 3", Feed(3)),
        ("qr: {{ url }}", Qr("https://q.example/t/A017")),
        ("qr 8: x", Qr("x", 8)),
        ("logo", LOGO),
        ("= | {{ wait | upper }}", Text("WITHIN")),
        ("= | {{ materials | length + more_materials - 1 }}", Text("4")),
        ("= | {{ 'a' if reprint and not (ahead < 3) else 'b' }}", Text("a")),
    ],
)
def test_each_line_is_a_block(line: str, block: object) -> None:
    assert compile_template(line, "t.j2").render(FULL, LOGO) == (block,)


@pytest.mark.parametrize(
    "nothing", ["", "   ", "{# a note #}", "= | ", "qr: {{ '' }}", "pair: | ", "logo",
                "{% if ahead == 99 %}\n= | x\n{% endif %}"],
)  # fmt: skip
def test_what_prints_nothing(nothing: str) -> None:
    assert compile_template(nothing, "t.j2").render(FULL) == ()


def test_a_loop_numbers_its_lines() -> None:
    source = "{% for one in materials %}\n= | {{ loop.index }}. {{ one }}\n{% endfor %}\n"
    blocks = compile_template(source, "t.j2").render(FULL)
    assert blocks == (Text("1. 身份证原件"), Text("2. 本人一类银行卡"))


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("-\nfoo", 2, '"foo" is no line: they begin with'),
        ("{# a\nlong\nnote #}\n-\n= 9 | A", 5, "the size is 9, must be 1 to 8"),
        ("= 2 center A017", 1, "a bar | is missing"),
        ("pair: only left", 1, "a bar | is missing"),
        ("= huge | A", 1, '"huge" is no style'),
        ("feed: 21", 1, "feed is 21"),
        ("qr 17: x", 1, "the module is 17"),
        ("-\n{{ nummer }}", 2, "nummer is not known; did you mean number?"),
        ("-\n-\n{% if x %}", 3, "x is not known|Unexpected end"),
        ("\n{% if reprint %}\n-", 3, "Unexpected end of template"),
        ("{% for m in materials %}\n-\n\n= 12 | x\n{% endfor %}", 4, "the size is 12"),
        ("-\n\n{{ ahead + hall }}", 3, "unsupported operand"),
        ("\n{{ hall.upper() }}", 2, "no use for: call"),
        ("{{ hall.__class__ }}", 1, ".__class__ is not known"),
        ("{% for a in materials %}{% for b in materials %}{% endfor %}{% endfor %}", 1,
         "a loop in a loop"),
        ("{% for a in hall %}-{% endfor %}", 1, "a loop goes over: materials"),
        ("\n\n{% set a = 1 %}", 3, "no use for: assign"),
        ("{{ 'x' * 1000000000 }}", 1, "no use for: mul"),
        ("{{ 9 ** 9 }}", 1, "no use for: pow"),
        ("{% include 'other.j2' %}", 1, "no use for: include"),
        ("{% macro a() %}{% endmacro %}", 1, "no use for: macro"),
        ("{{ hall | replace('a', 'b') }}", 1, "the filter replace is not known"),
        ("{{ materials | join('|') }}", 1, "the filter join is not known"),
        ("-\n\x1b@", 2, "control characters"),
        ("-\n\x02= | A\x03", 2, "control characters"),
        ("x" * (SOURCE_CHARS_MAX + 1), 1, "more than 16000 characters"),
        ("-\n" * 101, 101, "at most 100 lines"),
        ("(" * 5000, 1, "is no line"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", 1, "not a template"),
    ],
)  # fmt: skip
def test_a_wrong_template_says_file_line_and_why(source: str, line: int, words: str) -> None:
    with pytest.raises(TemplateProblem, match=words) as caught:
        compile_template(source, "zh.j2")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"zh.j2: line {line}: ")


@given(st.text(max_size=200))
def test_any_text_is_a_template_or_a_clear_error(source: str) -> None:
    try:
        compile_template(source, "t.j2")
    except TemplateProblem as problem:
        assert 1 <= problem.line <= source.count("\n") + 1


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["\nqr: http://evil", "= 8 bold | boo", "| x", "\x03| x\x02", "\x01999\x01", "logo", "-",
         "{{ url }}", "{% for x in materials %}", "feed: 20", "\r\n-\r\n", "\x1b@", "\x10\x04\x01"]
    ),
)  # fmt: skip
PIECES = ("hall", "number", "queue", "service", "class_name")


@given(st.fixed_dictionaries(dict.fromkeys(PIECES, HOSTILE)), st.lists(HOSTILE, max_size=3))
@pytest.mark.parametrize("name", ["zh", "en", "zh_elder", "en_elder"])
def test_no_value_becomes_a_command(name: str, values: dict[str, str], brought: list[str]) -> None:
    template = compile_template((PACKAGED / f"{name}.j2").read_text("utf-8"), name)
    facts = {**FULL, "materials": tuple(brought), **values}
    harmless = {**facts, "materials": tuple("x" for _ in brought)}
    harmless |= {key: "x" if value else "" for key, value in values.items()}
    blocks, expected = template.render(facts), template.render(harmless)
    assert [block for block in blocks if not isinstance(block, Text | Pair)] == [
        block for block in expected if not isinstance(block, Text | Pair)
    ]
    shapes = {(block.size, block.align, block.bold) for block in expected if type(block) is Text}
    for block in blocks:
        if isinstance(block, Text):
            assert (block.size, block.align, block.bold) in shapes
            assert "\n" not in block.text and "\x1b" not in block.text


def test_control_plain_rendering_lets_a_value_command() -> None:
    """Without the marks around values, a service's name could print a code of its own."""
    import jinja2

    lines = jinja2.Template("= | {{ service }}").render(service="x\nqr: http://evil").split("\n")
    assert lines[1] == "qr: http://evil"


def test_the_worst_template_there_can_be_is_quick() -> None:
    body = "{{ materials | length }}" * 600
    source = f"{{% for m in materials %}}{{# {body[:10]} #}}= | {body}\n{{% endfor %}}"
    assert len(source) < SOURCE_CHARS_MAX
    template = compile_template(source, "t.j2")
    started = time.process_time()
    template.render({**FULL, "materials": ("x",) * 30})
    assert time.process_time() - started < 2


@pytest.mark.parametrize("name", ["zh", "en", "zh_elder", "en_elder"])
@pytest.mark.parametrize("facts", SAMPLES)
def test_packaged_templates_render_every_sample(name: str, facts: dict[str, object]) -> None:
    template = compile_template((PACKAGED / f"{name}.j2").read_text("utf-8"), name)
    blocks = template.render(facts)
    assert any(isinstance(block, Text) and block.text == "A017" for block in blocks)
    assert any(isinstance(block, Qr) for block in blocks) == bool(facts["url"])


@pytest.mark.parametrize("name", ["zh_elder", "en_elder"])
def test_large_type_has_nothing_small(name: str) -> None:
    template = compile_template((PACKAGED / f"{name}.j2").read_text("utf-8"), name)
    assert all(block.size >= 2 for block in template.render(FULL) if isinstance(block, Text))
    assert not any(isinstance(block, Pair) for block in template.render(FULL))


def test_samples_and_facts_speak_of_the_same() -> None:
    assert all(set(facts) == set(FACTS) for facts in SAMPLES)


def test_an_unknown_language_is_chinese() -> None:
    found = {key: compile_template("-", key) for key in ("zh", "en", "zh_elder", "en_elder")}
    templates = SlipTemplates(found)
    assert templates.of("en").name == "en"
    assert templates.of("bo").name == "zh"
    assert templates.of("bo", elder=True).name == "zh_elder"


def test_every_packaged_template_is_in_the_package() -> None:
    setup = (Path(__file__).parent.parent / "setup.cfg").read_text("utf-8")
    assert "slip_templates/*.j2" in setup
    assert len(list(PACKAGED.glob("*.j2"))) == 4
