"""Slip templates: Jinja2 in, lines of a small markup between, blocks of a slip out. Pure.

A template renders to lines, one block a line:

    = 4 center bold | A017       text: size 1 to 8, left, center or right, bold; all may be left out
    pair: left | right           one line with both ends
    -                            a rule over the whole width
    qr: https://…                a QR code; `qr 8:` with modules of 8 dots
    feed: 2                      empty lines; `feed` is one
    logo                         the picture of the configuration, if there is one

Empty lines, texts that turn out empty and codes without an address print nothing.

What a template may say is named in `FACTS`. A value can never become a command: it is put between
marks no source can contain, and the markup is read outside of them only. A template cannot run
long either: one loop deep over a short list, no calls, no repetition, nothing it could assign to
itself; what is not on the list of Jinja2 nodes is refused with its line when the hall starts.

Reading files and pictures is `slip_files`'.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from drivers.jobs import Align, Block, Feed, Pair, Qr, Raster, Rule, Text

SOURCE_CHARS_MAX = 16_000
"""The packaged templates have a thousand."""
BLOCKS_MAX = 100
"""At 30 dots a line that is 40 cm of paper."""
VALUE_CHARS_MAX = 500
"""Of one value; the longest in a hall's configuration has 200."""

FACTS: Mapping[str, str] = {
    "hall": "the hall's name",
    "number": "A017",
    "queue": "the queue's name",
    "service": 'the name of the service, or "" for a ticket straight for a queue',
    "class_name": 'priority, appointment …, or "" for a normal ticket',
    "ahead": "people ahead, a number",
    "wait": '"next", "soon" (under 5 minutes), "within" (see minutes), "" if unknown',
    "minutes": 'the promised minutes if wait is "within", else 0',
    "date": "2026-11-23",
    "time": "09:41",
    "materials": "what to bring, a list",
    "more_materials": "how many more there are than the list shows, a number",
    "url": 'of the own-ticket page, or ""',
    "reprint": "whether this is a second slip (补打)",
    "party": "how many people came with this number",
}
"""What a template may say, and what it is."""

LISTS = ("materials",)
FILTERS = ("default", "first", "int", "last", "length", "lower", "trim", "upper")
LOOP_FACTS = ("index", "first", "last", "length")
ALIGNS: Mapping[str, Align] = {"left": "left", "center": "center", "right": "right"}

ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Concat, nodes.Add, nodes.Sub, nodes.Filter, nodes.Getattr,
)  # fmt: skip
"""Each takes time and room in proportion to its source; so does a template made of them."""

LINE, VALUE, END = "\x01", "\x02", "\x03"
"""Marks in rendered text: line number of the source, begin and end of a value."""

_MARKED_LINE = re.compile(f"{LINE}([0-9]+){LINE}")
_LINE_BEGIN = re.compile(f"(?:[ \t]*{LINE}([0-9]+){LINE})+")
"""Several where a comment or a condition ended on the way; the last one counts."""
_MARKED_VALUE = re.compile(f"{VALUE}[^{END}]*{END}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_VERB = re.compile(r"(=|pair:|qr(?: ([0-9]{1,2}))?:|feed(?:: *([0-9]{1,2}))?$|logo$|-+$)")


class TemplateProblem(ValueError):
    """A template cannot be used: `name` of the file, line (1-based), a sentence for its author."""

    def __init__(self, name: str, line: int, sentence: str) -> None:
        super().__init__(f"{name}: line {line}: {sentence}")
        self.name, self.line, self.sentence = name, line, sentence


@dataclass(frozen=True, slots=True)
class SlipTemplate:
    """One checked template."""

    name: str
    _compiled: jinja2.Template

    def render(self, facts: Mapping[str, object], logo: Raster | None = None) -> tuple[Block, ...]:
        """The slip for `facts` (all of `FACTS`). Raises `TemplateProblem`."""
        try:
            text = self._compiled.render(facts)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise TemplateProblem(self.name, _line_of(error, self.name), str(error)) from None
        return tuple(_blocks(text, self.name, logo))


@dataclass(frozen=True, slots=True)
class SlipTemplates:
    """The templates of a hall: by language, "_elder" appended for large type, "zh" always there."""

    by_name: Mapping[str, SlipTemplate] = field(default_factory=dict)
    logo: Raster | None = None

    def of(self, language: str, elder: bool = False) -> SlipTemplate:
        """The template for a ticket; one in an unknown language is Chinese."""
        kind = "_elder" if elder else ""
        return self.by_name.get(language + kind) or self.by_name["zh" + kind]


def compile_template(
    source: str, name: str, samples: Sequence[Mapping[str, object]] | None = None
) -> SlipTemplate:
    """A template of `source`, tried with `samples` (None: all of `SAMPLES`).

    `name` is for messages. Raises `TemplateProblem`.
    """
    if len(source) > SOURCE_CHARS_MAX:
        raise TemplateProblem(name, 1, f"has more than {SOURCE_CHARS_MAX} characters")
    for number, line in enumerate(source.split("\n"), 1):
        if _CONTROLS.search(line.rstrip("\r")):
            raise TemplateProblem(name, number, "has control characters")
    try:
        tree = _ENVIRONMENT.parse(source, name, name)
        _check(tree, name)
        for data in tree.find_all(nodes.TemplateData):
            data.data = _with_line_marks(data.data, data.lineno)
        code = _ENVIRONMENT.compile(tree, name, name)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateProblem(name, error.lineno, error.message or "is not a template") from None
    except (jinja2.TemplateError, RecursionError) as error:
        raise TemplateProblem(name, 1, f"is not a template: {error}") from None
    template = SlipTemplate(name, jinja2.Template.from_code(_ENVIRONMENT, code, {}))
    for facts in SAMPLES if samples is None else samples:
        template.render(facts)
    return template


FULL: Mapping[str, object] = {
    "hall": "市民服务中心", "number": "A017", "queue": "综合受理", "service": "住房公积金提取",
    "class_name": "优先", "ahead": 12, "wait": "within", "minutes": 25, "date": "2026-11-23",
    "time": "09:41", "materials": ("身份证原件", "本人一类银行卡"), "more_materials": 3,
    "url": "https://q.example/t/A017", "reprint": True, "party": 2,
}  # fmt: skip

SAMPLES: tuple[Mapping[str, object], ...] = (
    FULL,
    *({**FULL, "reprint": False, "wait": wait, "minutes": 0} for wait in ("next", "soon", "")),
    {
        **FULL, "service": "", "class_name": "", "ahead": 0, "wait": "next", "minutes": 0,
        "materials": (), "more_materials": 0, "url": "", "reprint": False, "party": 1,
    },
)  # fmt: skip
"""A template must render with each of these: what it says last is tried at the start, too."""


# ── What a template may do ────────────────────────────────────────────────────────────────


def _finalized(value: object) -> str:
    """A value as it stands in the rendered text."""
    text = " ".join(_CONTROLS.sub(" ", str(value)).split())
    return f"{VALUE}{text[:VALUE_CHARS_MAX]}{END}"


_ENVIRONMENT = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined,
    finalize=_finalized,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # slips are no HTML; `_finalized` keeps values apart
    cache_size=0,
)
_ENVIRONMENT.globals.clear()


def _check(tree: nodes.Template, name: str) -> None:
    """Raises `TemplateProblem` for the first thing a template may not do."""
    for node, loops in _walk(tree, ()):
        if not isinstance(node, ALLOWED):
            kind = type(node).__name__.lower()
            raise TemplateProblem(name, node.lineno, f"a slip's template has no use for: {kind}")
        if problem := _problem(node, loops):
            raise TemplateProblem(name, node.lineno, problem)


def _walk(node: nodes.Node, loops: tuple[str, ...]) -> Iterator[tuple[nodes.Node, tuple[str, ...]]]:
    """Every node with the names of the loops around it."""
    yield node, loops
    if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
        loops = (*loops, node.target.name)
    for child in node.iter_child_nodes():
        yield from _walk(child, loops)


def _problem(node: nodes.Node, loops: tuple[str, ...]) -> str:
    match node:
        case nodes.Name(ctx="load", name=str(known)) if known not in (*FACTS, *loops):
            if not (loops and known == "loop"):
                near = difflib.get_close_matches(known, FACTS, n=1)
                hint = f"; did you mean {near[0]}?" if near else f": {', '.join(FACTS)}"
                return f"{known} is not known{hint}"
        case nodes.Filter(name=filter_) if filter_ not in FILTERS:
            return f"the filter {filter_} is not known: {', '.join(FILTERS)}"
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr) if attr in LOOP_FACTS:
            return ""
        case nodes.Getattr(attr=attr):
            return f".{attr} is not known: only loop.{', loop.'.join(LOOP_FACTS)}"
        case nodes.For() if loops:
            return "a loop in a loop"
        case nodes.For(iter=iter_, recursive=recursive) if recursive or not (
            isinstance(iter_, nodes.Name) and iter_.name in LISTS
        ):
            return f"a loop goes over: {', '.join(LISTS)}"
        case nodes.For(target=target) if not isinstance(target, nodes.Name):
            return "a loop has one name"
    return ""


def _with_line_marks(text: str, line: int) -> str:
    first, *rest = text.split("\n")
    marked = [f"{LINE}{line}{LINE}{first}"]
    marked += [f"{LINE}{line + n}{LINE}{part}" for n, part in enumerate(rest, 1)]
    return "\n".join(marked)


def _line_of(error: BaseException, name: str) -> int:
    """The line of the template where `error` came up (Jinja2 rewrites its tracebacks)."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


# ── The markup ────────────────────────────────────────────────────────────────────────────


def _blocks(text: str, name: str, logo: Raster | None) -> Iterator[Block]:
    count, number = 0, 1
    for line in text.split("\n"):
        if found := _LINE_BEGIN.match(line):
            number = int(found[1])
        try:
            block = _block(_MARKED_LINE.sub("", line).strip(), logo)
        except ValueError as error:
            raise TemplateProblem(name, number, str(error)) from None
        if block is not None:
            count += 1
            if count > BLOCKS_MAX:
                raise TemplateProblem(name, number, f"a slip has at most {BLOCKS_MAX} lines")
            yield block


def _block(line: str, logo: Raster | None) -> Block | None:
    """The block of a line, None if it prints nothing. Raises `ValueError` with a sentence."""
    if not line:
        return None
    verb = _VERB.match(line)
    if verb is None:
        shown = _literal(line)[:20]
        raise ValueError(f'"{shown}" is no line: they begin with = - pair: qr: feed: logo')
    rest = line[verb.end() :]
    match verb[1][0]:
        case "=":
            return _text(rest)
        case "p":
            left, right = map(_literal, _cut(rest))
            return Pair(left, right) if left or right else None
        case "q":
            data = _literal(rest)
            return _qr(data, int(verb[2] or 6)) if data else None
        case "f":
            return Feed(_within(int(verb[3] or 1), 20, "feed"))
        case "l":
            return logo
    return Rule()


def _text(rest: str) -> Text | None:
    style, text = _cut(rest)
    size, align, bold = 1, ALIGNS["left"], False
    for word in style.split():
        if word.isascii() and word.isdigit():
            size = _within(int(word[:3]), 8, "the size")
        elif word in ALIGNS:
            align = ALIGNS[word]
        elif word == "bold":
            bold = True
        else:
            raise ValueError(f'"{_literal(word)}" is no style: 1 to 8, {", ".join(ALIGNS)}, bold')
    literal = _literal(text)
    return Text(literal, size, align, bold) if literal else None


def _qr(data: str, module: int) -> Qr:
    return Qr(data, _within(module, 16, "the module"))


def _within(number: int, most: int, what: str) -> int:
    if not 1 <= number <= most:
        raise ValueError(f"{what} is {number}, must be 1 to {most}")
    return number


def _cut(rest: str) -> tuple[str, str]:
    """Both sides of the first bar outside of values. Raises `ValueError`."""
    blind: Callable[[re.Match[str]], str] = lambda found: " " * len(found[0])  # noqa: E731
    at = _MARKED_VALUE.sub(blind, rest).find("|")
    if at < 0:
        raise ValueError("a bar | is missing before the text")
    return rest[:at], rest[at + 1 :]


def _literal(text: str) -> str:
    return text.replace(VALUE, "").replace(END, "").strip()
