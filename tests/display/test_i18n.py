"""Both catalogues say the same things, and every key somebody asks for exists."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import i18n
from display.pages import PAGES, STATIC_DIR, TEMPLATES_DIR
from queued.core import refusals
from queued.core.model import Status

ZH, EN = i18n.load("zh"), i18n.load("en")
SCRIPTS = STATIC_DIR / "js"

API_CODES = [
    "hall_closed",
    "queue_closed",
    "nobody_waiting",
    "window_busy",
    "window_not_open",
    "window_taken",
    "ticket_not_waiting",
    "ticket_not_called",
    "ticket_not_serving",
    "not_yours",
    "too_late_to_undo",
    "too_many_returns",
    "recall_too_soon",
    "already_waiting",
    "queue_full",
    "malformed",
    "unauthenticated",
    "forbidden",
    "csrf",
    "not_found",
    "unknown_hall",
    "unknown_window",
    "unknown_queue",
    "unknown_service",
    "unknown_ticket",
    "too_large",
    "unsupported_media_type",
    "invalid",
    "idempotency_mismatch",
    "too_many_requests",
    "not_ready",
    "mailbox_full",
    "unreachable",
    "unknown",
    "internal",
]
DEVICE_REASONS = [
    "offline",
    "paper_out",
    "cover_open",
    "cutter_jam",
    "error",
    "timeout",
    "unplugged",
    "expired",
    "queue_full",
    "unknown_device",
    "bad_job",
    "cancelled",
    "interrupted",
]


def raw(language: str) -> dict[str, str]:
    """What a catalogue's own file says."""
    path = Path(i18n.__file__).parent / "locales" / f"{language}.toml"
    tables = tomllib.loads(path.read_text("utf-8"))
    return {
        f"{section}.{name}": text for section in tables for name, text in tables[section].items()
    }


def test_a_language_is_a_file():
    assert i18n.LANGUAGES == ("zh", "en", "ko")
    assert dict(i18n.spoken())["ko"] == "한국어"


FOR_TECHNICIANS = {
    "device", "device_advice", "device_event", "device_kind", "device_test", "devices", "doctor",
    "frame", "floor", "story", "admin", "audit", "role", "setting", "writing",
}  # fmt: skip
"""Sections that only technicians and managers read: a third language has one in full, or leaves
it out and the pages say it in English."""


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_catalogue_has_the_same_keys_and_placeholders(language):
    other = raw(language)
    begun = {key.split(".")[0] for key in other}
    left_out = set() if language in ("zh", "en") else FOR_TECHNICIANS - begun
    zh = {key: text for key, text in raw("zh").items() if key.split(".")[0] not in left_out}
    assert other.keys() == zh.keys()
    differing = {key for key in zh if i18n.placeholders(zh[key]) != i18n.placeholders(other[key])}
    assert differing == set()


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_text_is_empty_or_untranslated(language):
    texts = raw(language)
    assert [key for key, text in texts.items() if text.strip() != text or not text] == []
    if language == "zh":
        return
    chinese = {key for key, text in texts.items() if re.search(r"[\u4e00-\u9fff]", text)}
    assert chinese <= {"app.other_language"}


def test_what_a_halls_own_catalogue_lacks_is_said_in_english(tmp_path, monkeypatch):
    for language in ("zh", "en"):
        shutil.copy(Path(i18n.__file__).parent / "locales" / f"{language}.toml", tmp_path)
    (tmp_path / "ug.toml").write_text('[board]\ncalls = "چاقىرىش"\n', "utf-8")
    monkeypatch.setattr(i18n, "_LOCALES", tmp_path)
    ours = i18n.load("ug")
    assert (ours.text("board.calls"), ours.text("board.windows")) == ("چاقىرىش", "Windows")


FACTS = {
    name: "1"
    for text in ZH.sections({key.split(".")[0] for key in ZH.names()}).values()
    for name in i18n.placeholders(text)
}


@pytest.mark.parametrize("code", API_CODES)
def test_every_problem_code_has_a_sentence(code):
    assert ZH.has(f"error.{code}")


def refusal_codes() -> set[str]:
    """Every code the rules can refuse with, from the rules themselves."""
    found, classes = set(), [refusals.Refused]
    while classes:
        kind = classes.pop()
        classes += kind.__subclasses__()
        if kind.code and re.fullmatch("[a-z_]+", kind.code):
            found.add(kind.code)
    return found


def test_every_refusal_of_the_rules_has_a_sentence():
    codes = refusal_codes()
    assert "window_busy" in codes
    assert {code for code in codes if not ZH.has(f"error.{code}")} == set()


@pytest.mark.parametrize("reason", DEVICE_REASONS)
def test_every_device_reason_has_a_sentence(reason):
    assert ZH.has(f"device_reason.{reason}")


def test_a_problem_is_told_with_its_facts_when_they_are_known():
    assert "A017" in ZH.problem("window_busy", {"number": "A017", "window": "4"})
    assert ZH.problem("window_busy", {"number": None}) == ZH.text("error.window_busy")
    assert ZH.problem("window_busy") == ZH.text("error.window_busy")
    assert EN.problem("no_such_code") == EN.text("error.unknown")
    assert EN.device_reason("no_such_reason") == EN.text("device_reason.error")


def test_facts_are_text_not_templates():
    assert ZH.problem("window_busy", {"number": "{seconds}"}).startswith("号码 {seconds} ")


def test_unknown_keys_missing_facts_and_other_languages_are_defects():
    with pytest.raises(i18n.MissingText, match="no.such"):
        ZH.text("no.such")
    with pytest.raises(i18n.MissingText, match="n"):
        ZH.text("console.recall_left")
    with pytest.raises(i18n.MissingText, match="zh, en, ko"):
        i18n.catalogue("fr")


@pytest.mark.parametrize(
    ("header", "wanted", "language"),
    [
        (None, None, "zh"),
        ("", None, "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", None, "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("fr,de;q=0.9", None, "zh"),
        ("ko-KR,en;q=0.8", None, "ko"),
        ("fr,en;q=0.1", None, "en"),
        ("zh;q=0.2,EN-gb;q=0.7", None, "en"),
        ("en;q=0,zh;q=0.1", None, "zh"),
        ("en;q=0", None, "zh"),
        ("en;q=nan", None, "zh"),
        (";;;,,,q=1", None, "zh"),
        ("zh", "en", "en"),
        ("en", "fr", "en"),
    ],
)
def test_negotiation(header, wanted, language):
    assert i18n.negotiate(header, wanted) == language


@given(st.text(), st.one_of(st.none(), st.text()))
def test_negotiation_takes_any_garbage(header, wanted):
    assert i18n.negotiate(header, wanted) in i18n.LANGUAGES


def test_every_key_named_in_a_template_exists():
    named = set()
    for template in TEMPLATES_DIR.glob("*.html"):
        named |= set(re.findall(r"""\bt\(["']([a-z_0-9.]+)["'][,)]""", template.read_text("utf-8")))
    assert len(named) > 80
    assert {key for key in named if not ZH.has(key)} == set()


def modules_of(module: str, seen: set[str] | None = None) -> set[str]:
    """A page's module and all it imports."""
    seen = seen if seen is not None else set()
    if module not in seen:
        seen.add(module)
        for name in re.findall(r'from "\./([a-z_]+)\.js"', (SCRIPTS / f"{module}.js").read_text()):
            modules_of(name, seen)
    return seen


@pytest.mark.parametrize("page", [name for name, page in PAGES.items() if page.module])
def test_a_page_gets_every_text_its_modules_use(page):
    described = PAGES[page]
    given_texts = ZH.sections(described.texts)
    template = (TEMPLATES_DIR / f"{page}.html").read_text("utf-8")
    modules = modules_of(described.module)
    for name in re.findall(r"asset\('js/([a-z_]+)\.js'\)", template):
        modules_of(name, modules)  # beside the page's own one
    for module in modules - {"texts"}:
        script = re.sub(r"//.*", "", (SCRIPTS / f"{module}.js").read_text("utf-8"))
        for key in re.findall(r'["`]([a-z]+(?:_[a-z]+)*\.[a-z_0-9]+)["`]', script):
            assert key in given_texts, f"{page}: {module}.js uses {key}"
        for section in re.findall(r"text\(`([a-z_]+)\.(?:[a-z_]+_)?\$\{", script):
            assert section in described.texts, f"{page}: {module}.js uses {section}"
        if "problem(" in script:
            assert {"error", "error_with"} <= set(described.texts)


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_kiosk_has_a_sentence_for_whatever_became_of_a_ticket(language):
    texts = i18n.load(language).sections(PAGES["kiosk"].texts)
    for status in set(Status) - {Status.WAITING}:
        assert f"kiosk.is_{status.value}" in texts


def test_what_a_kiosk_is_never_told_is_known_and_needed_elsewhere():
    known = {key.partition(".")[2] for key in ZH.sections(("error",))}
    never = PAGES["kiosk"].never
    assert never <= known and not never & {"unknown", "unreachable", "already_waiting"}


def test_a_page_is_given_no_section_that_does_not_exist():
    sections = {key.split(".")[0] for key in ZH.names()}
    for page in PAGES.values():
        assert set(page.texts) <= sections


def test_catalogues_are_plain_text():
    for path in (Path(i18n.__file__).parent / "locales").iterdir():
        assert "<" not in path.read_text("utf-8"), path
