"""A configuration becomes values, or sentences that say what to change; never anything else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queued import settings as s
from queued.settings_values import FILE_BYTES_MAX, RulesSettings

HALL = """
[hall]
id = "demo"
name = "市民服务中心"
[[queue]]
id = "general"
letter = "A"
name = "综合受理"
[[queue]]
id = "social"
letter = "B"
name = "社保医保"
[[window]]
id = "3"
name = "3号窗口"
queues = ["general"]
overflow = ["social"]
"""


def parse(text: str, **environ: str) -> s.Settings:
    return s.parse(text.encode(), "hall.toml", environ)


def problems(text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(s.SettingsError) as caught:
        parse(text, **environ)
    return caught.value.problems


# ── What a file says ──────────────────────────────────────────────────────────────────────


def test_the_smallest_hall_has_all_defaults():
    settings = parse(HALL)
    assert settings.hall == s.HallSettings(
        "demo", "市民服务中心", timezone="Asia/Shanghai", day_starts_minutes=240
    )
    assert settings.queues[0] == s.QueueSettings("general", "A", "综合受理", first=1, digits=3)
    assert settings.windows == (s.WindowSettings("3", "3号窗口", ("general",), ("social",)),)
    assert [one.id for one in settings.classes] == ["normal", "priority", "appointment", "return"]
    assert [one.head_start_minutes for one in settings.classes] == [0, 30, 15, 10]
    assert settings.hours == ()
    assert settings.rules == RulesSettings()
    assert settings.http.port == 8080
    assert settings.redis.url is None
    assert settings.storage.url is None


def test_every_key_of_the_contract_is_read():
    settings = parse(
        HALL
        + """
        zone = "east"
        [[zone]]
        id = "east"
        name = "东区"
        [[service]]
        id = "company-setup"
        name = "企业开办"
        queue = "general"
        minutes = 12
        materials = ["身份证", "租赁合同"]
        initials = "qykb"
        [[class]]
        id = "priority"
        name = "优先"
        head_start_minutes = 45
        basis = "本大厅优先服务规定"
        [[class]]
        id = "military"
        name = "军人"
        head_start_minutes = 20
        [[hours]]
        days = ["tue", "mon"]
        open = "08:30"
        close = "24:00"
        [rules]
        auto_miss_after_s = 0
        one_live_ticket = true
        [[device]]
        id = "strip-1"
        kind = "bx-fontcard"
        port = "serial:///dev/ttyS1?baud=57600"
        address = 1
        window = "3"
        [http]
        public_url = "https://hall.example.org/"
        [redis]
        url = "redis://127.0.0.1:6379/0"
        [storage]
        url = "postgresql+asyncpg://queued:secret@db/queued"
        """
    )
    assert settings.services[0].materials == ("身份证", "租赁合同")
    assert [one.head_start_minutes for one in settings.classes] == [0, 45, 15, 10, 20]
    assert settings.hours == (s.HoursSettings(("mon", "tue"), 510, 1440),)
    assert settings.rules.auto_miss_after_s == 0
    assert settings.rules.one_live_ticket
    assert dict(settings.devices[0].options) == {"address": 1}
    assert (settings.devices[0].window, settings.devices[0].kiosk) == ("3", None)
    assert settings.http.public_url == "https://hall.example.org"
    assert settings.storage.url == "postgresql+asyncpg://queued:secret@db/queued"


def test_a_star_means_all_queues_in_their_order():
    settings = parse(HALL.replace('["general"]', '["*"]').replace('overflow = ["social"]', ""))
    assert settings.windows[0].queues == ("general", "social")


def test_a_byte_order_mark_is_no_mistake():
    assert s.parse(b"\xef\xbb\xbf" + HALL.encode(), "hall.toml", {}) == parse(HALL)


def test_settings_cannot_be_changed():
    settings = parse(HALL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.hall.name = "另一个大厅"  # type: ignore[misc]
    assert not hasattr(settings, "__dict__")


# ── What is wrong, in words ───────────────────────────────────────────────────────────────


def test_a_misspelt_queue_gets_the_sentence_of_the_contract():
    assert problems(HALL.replace('["general"]', '["genral"]')) == (
        'hall.toml: [[window]] "3": queues: "genral" is not a queue; did you mean "general"?'
        " Queues are: general, social",
    )


NEW_QUEUE = "[[queue]]\nid = 'x'\nname = 'x'\n"
SERVED = "\n[[window]]\nid = '9'\nname = 'x'\nqueues = ['x']"

WRONG = {
    # what is appended to HALL, or a replacement: what the sentence must say
    "[rules]\nrecal_max = 3": '[rules]: recal_max: is not a known key; did you mean "recall_max"?',
    "[rules]\nrecall_max = 0": "[rules]: recall_max: 0 is out of range; allowed: 1 to 10",
    "[rules]\nrecall_max = '3'": '[rules]: recall_max: "3" is not a whole number; allowed: 1 to 10',
    "[rules]\nrecall_max = true": "[rules]: recall_max: true is not a whole number",
    "[rules]\nrecall_max = 1.5": "[rules]: recall_max: 1.5 is not a whole number",
    "[rules]\nauto_miss_after_s = 5": "5 is out of range; allowed: 0, or 30 to 3600",
    "[rules]\noverflow_penalty_minutes = 16": "16 is out of range; allowed: 0 to 15",
    "[rules]\none_live_ticket = 1": "one_live_ticket: 1 is neither true nor false",
    "[rule]\nx = 1": 'rule: is not a known table; did you mean "rules"?',
    "[[rules]]\nrecall_max = 3": "[rules]: must be one table; write [rules] once",
    "[zone]\nid = 'x'": "[[zone]]: is not a list of tables; write [[zone]] before each entry",
    "zone = 'east'": '[[window]] "3": zone: "east" is not a zone. Zones are: none',
    NEW_QUEUE + "letter = 'A'" + SERVED:
        'letter: "A" is the letter of queue "general" already',
    NEW_QUEUE + "letter = 'AAA'" + SERVED:
        'letter: "AAA" is not one or two Latin capitals',
    NEW_QUEUE + "letter = 'C'\n[[service]]\nid = 's'\nname = 's'\nqueue = 'x'\nminutes = 5":
        'no window serves it, so 1 of the services would have none; name',
    NEW_QUEUE + "letter = 'C'\ndigits = 5" + SERVED: "5 is out of range; allowed: 2 to 4",
    NEW_QUEUE + "letter = 'C'\ndigits = 2\nfirst = 90" + SERVED:
        "first: 90 is out of range; allowed: 0 to 50",
    "[[queue]]\nid = 'social'\nname = 'x'\nletter = 'C'":
        '[[queue]] number 3: id: "social" is taken already',
    "[[queue]]\nid = '社保'\nname = 'x'\nletter = 'C'":
        'id: "社保" is not an id of 1 to 32 small Latin letters, digits and hyphens',
    "[[window]]\nid = 4\nname = 'x'\nqueues = ['social']":
        "[[window]] number 2: id: 4 is not an id of 1 to 32 small Latin letters, digits"
        " and hyphens; put it in quotes",
    "[[window]]\nid = '4'\nqueues = ['social']": 'name: is missing; needed is a text in quotes',
    "[[window]]\nid = '4'\nname = ' '\nqueues = ['social']": "name: is empty",
    "[[window]]\nid = '4'\nname = \"a\\u0007\"\nqueues = ['social']": "invisible characters",
    '[[window]]\nid = "4"\nname = "a\\u202e"\nqueues = ["social"]': "invisible characters",
    f"[[window]]\nid = '4'\nname = '{'很' * 41}'\nqueues = ['social']":
        "name: has 41 characters; allowed are 1 to 40",
    "[[window]]\nid = '4'\nname = 'x'\nqueues = 'social'":
        'queues: "social" is not a list of texts',
    "[[window]]\nid = '4'\nname = 'x'\nqueues = ['social', 'social']":
        'queues: "social" stands there more than once',
    "[[window]]\nid = '4'\nname = 'x'\nqueues = ['*', 'social']": "nothing may stand beside it",
    "[[window]]\nid = '4'\nname = 'x'\nqueues = ['*']\noverflow = ['social']":
        'overflow: "social" is one of its own queues already',
    "[[service]]\nid = 'x'\nname = 'x'\nqueue = 'socail'\nminutes = 5":
        '[[service]] "x": queue: "socail" is not a queue; did you mean "social"?',
    "[[service]]\nid = 'x'\nname = 'x'\nqueue = 'social'":
        "minutes: is missing; needed is a whole number, 1 to 240",
    "[[service]]\nid = 'x'\nname = 'x'\nqueue = 'social'\nminutes = 5\nmaterials = [1]":
        "materials: [1] is not a list of texts",
    "[[class]]\nid = 'vip'\nname = '贵宾'": "head_start_minutes: is missing",
    "[[class]]\nid = 'priority'\nhead_start_minutes = 61": "61 is out of range; allowed: 0 to 60",
    "[[hours]]\ndays = ['mo']\nopen = '08:00'\nclose = '17:00'": 'days: "mo" is not a day',
    "[[hours]]\ndays = []\nopen = '08:00'\nclose = '17:00'": "days: is empty",
    "[[hours]]\ndays = ['mon']\nopen = '8:00'\nclose = '17:00'":
        'open: "8:00" is not a time of day such as "08:30"',
    "[[hours]]\ndays = ['mon']\nopen = 08:00:00\nclose = '17:00'": "is not a time of day",
    "[[hours]]\ndays = ['mon']\nopen = '17:00'\nclose = '08:00'": "close: must be later than open",
    "[[hours]]\ndays = ['mon']\nopen = '08:00'\nclose = '12:00'\n"
    "[[hours]]\ndays = ['fri', 'mon']\nopen = '11:59'\nclose = '13:00'":
        "[[hours]] number 2: overlaps with other hours on mon",
    "[[device]]\nid = 'p'\nkind = 'escpso'\nport = 'virtual://'":
        'kind: "escpso" is not known; did you mean "escpos"? Allowed: escpos, bx-fontcard',
    "[[device]]\nid = 'p'\nkind = 'escpos'\nport = 'COM1'": 'port: "COM1" is not a URL',
    "[[device]]\nid = 'p'\nkind = 'escpos'\nport = 'serail:///dev/ttyS0'":
        'has the unknown beginning "serail"; did you mean "serial"?',
    "[[device]]\nid = 'p'\nkind = 'escpos'\nport = 'virtual://'\nwindow = '4'":
        'window: "4" is not a window',
    "[[device]]\nid = 'p'\nkind = 'escpos'\nport = 'virtual://'\nwidth_mm = [80]":
        "width_mm: [80] is not a text, a number, true or false",
    "[http]\npublic_url = 'hall.example.org'": "public_url: is not a URL beginning with http://",
    "[http]\nport = 65536": "port: 65536 is out of range; allowed: 0 to 65535",
    "[redis]\nurl = 'http://x'":
        "url: is not a URL beginning with redis:// or rediss:// or unix://",
}  # fmt: skip


@pytest.mark.parametrize("more", WRONG)
def test_each_mistake_gets_one_sentence(more):
    found = problems(HALL + more)
    assert len(found) == 1
    assert found[0].startswith("hall.toml: ")
    assert WRONG[more] in found[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('timezone = "Asia/Shangai"', 'did you mean "Asia/Shanghai"?'),
        ('timezone = "../../etc/passwd"', "is not a time zone"),
        ('timezone = "Asia"', "is not a time zone"),
        ('day_starts = "25:00"', "day_starts:"),
        ('day_start = "04:00"', 'did you mean "day_starts"?'),
    ],
)
def test_mistakes_of_the_hall_itself(line, said):
    (found,) = problems(HALL.replace("[[queue]]", f"{line}\n[[queue]]", 1))
    assert found.startswith("hall.toml: [hall]: ")
    assert said in found


def test_every_problem_is_reported_at_once():
    found = problems(
        """
        surprise = 1
        [hall]
        id = "Demo"
        [[queue]]
        letter = "a"
        [[window]]
        id = "1"
        name = "1号窗口"
        queues = ["nobody"]
        [rules]
        returns_max = -1
        """
    )
    for said in (
        "surprise: is not a known table", "[hall]: id:", "[hall]: name: is missing",
        "[[queue]] number 1: id: is missing", "[[queue]] number 1: letter:",
        '[[window]] "1": queues: "nobody" is not a queue', "[rules]: returns_max: -1",
    ):  # fmt: skip
        assert sum(said in one for one in found) == 1, (said, found)


def test_an_empty_file_says_what_a_hall_needs():
    found = problems("")
    assert "hall.toml: [hall]: id: is missing" in found[0]
    assert any("[[queue]]: is missing; a hall needs at least one queue" in one for one in found)
    assert any("[[window]]: is missing; a hall needs at least one window" in one for one in found)


def test_too_many_entries_are_refused_before_they_cost_anything():
    many = "".join(f"[[zone]]\nid = 'z{n}'\nname = 'z'\n" for n in range(51))
    assert problems(HALL + many) == ("hall.toml: [[zone]]: has 51 entries; at most 50",)


# ── Environment ───────────────────────────────────────────────────────────────────────────


def test_the_environment_overrides_the_file():
    settings = parse(
        HALL + "[http]\nport = 80",
        QUEUED_HTTP_PORT="9000",
        QUEUED_HTTP_TRUSTED_PROXIES="10.0.0.1, 10.0.0.2",
        QUEUED_RULES_ONE_LIVE_TICKET="TRUE",
        QUEUED_STORAGE_URL="postgresql://db/queued",
        QUEUED_REDIS_URL="",
        QUEUED_SOMETHING_ELSE="of another program",
        HTTP_PORT="1",
    )
    assert settings.http.port == 9000
    assert settings.http.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert settings.rules.one_live_ticket
    assert settings.storage.url == "postgresql://db/queued"
    assert settings.redis.url is None


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("QUEUED_HTTP_PORT", "many", '"many" is not a whole number; allowed: 0 to 65535'),
        ("QUEUED_HTTP_PORT", "１２", "is not a whole number"),
        ("QUEUED_HTTP_PORT", "1_2", "is not a whole number"),
        ("QUEUED_HTTP_PORT", "99999", "99999 is out of range"),
        ("QUEUED_HTTP_PROT", "1", 'is not a known key; did you mean "port"?'),
        ("QUEUED_RULES_ONE_LIVE_TICKET", "yes", '"yes" is neither true nor false'),
        ("QUEUED_STORAGE_URL", "mysql://u:hunter2@h/q", "is not a URL beginning with postgresql:"),
        ("QUEUED_STORAGE_URL", "sqlite:///x", "is not a URL beginning with postgresql:"),
        ("QUEUED_STORAGE_URL", "postgresql://u:hunter2@h/", "names no database"),
        ("QUEUED_HALL_TIMEZONE", "Mars", "is not a time zone"),
    ],
)
def test_a_wrong_variable_is_named(variable, text, said):
    (found,) = problems(HALL, **{variable: text})
    assert found.startswith(f"environment: {variable}: ")
    assert said in found
    assert "hunter2" not in found


# ── Files that are no configuration ───────────────────────────────────────────────────────


def test_a_missing_file_and_a_folder(tmp_path):
    for path, said in ((tmp_path / "hall.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(s.SettingsError) as caught:
            s.load(path, {})
        assert len(caught.value.problems) == 1
        assert f"{path}: cannot be read: {said}" in caught.value.problems[0]


def test_a_name_with_a_nul():
    with pytest.raises(s.SettingsError, match="is not a file name"):
        s.load(Path("hall\0.toml"), {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytes(range(256)), "is not UTF-8"),
        (HALL.encode("gbk"), "save the file as UTF-8 (not GBK)"),
        (HALL.encode("utf-16"), "is not UTF-8"),
        (b"\x00\x01\x02", "is not TOML"),
        (b"[hall", "is not TOML"),
        (b"id = 1\nid = 2", "is not TOML"),
        (b"x = " + b"9" * 5000, "is not TOML"),
        (b"x = " + b"[" * 100_000, "hall.toml: is "),
        (b"x" * (FILE_BYTES_MAX + 1), "is larger than"),
    ],
    ids=["binary", "gbk", "utf-16", "nul", "torn", "twice", "long number", "nested", "huge"],
)
def test_garbage_gets_one_sentence(tmp_path, content, said):
    path = tmp_path / "hall.toml"
    path.write_bytes(content)
    with pytest.raises(s.SettingsError) as caught:
        s.load(path, {})
    (found,) = caught.value.problems
    assert found.startswith("hall.toml: ")
    assert said in found


@given(st.binary(max_size=400))
def test_any_bytes_are_values_or_sentences(content):
    try:
        s.parse(content, "hall.toml", {})
    except s.SettingsError as error:
        assert error.problems


TOML_VALUES = st.sampled_from(
    ["1", "-1", "1.5", "nan", "true", '""', '"x"', '"*"', "[]", '["x"]', "[[]]", "{}", "{id = 1}",
     "1979-05-27", "07:32:00", '"\\u0000"', "9223372036854775808", '"\\U0001F600"', "[{}]"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["id", "name", "letter", "queues", "overflow", "zone", "timezone", "first", "digits", "port",
     "kind", "days", "open", "url", "materials", "minutes", "queue", "day_starts", "other"]
)  # fmt: skip
TABLES = st.sampled_from(
    ["[hall]", "[[queue]]", "[[window]]", "[[service]]", "[[class]]", "[[zone]]", "[[hours]]",
     "[rules]", "[[device]]", "[http]", "[redis]", "[storage]", "[other]"]
)  # fmt: skip


@given(st.lists(st.tuples(TABLES, st.dictionaries(KEYS, TOML_VALUES, max_size=5)), max_size=6))
def test_any_value_at_any_key_is_a_sentence_not_a_crash(entries):
    text = "".join(
        header + "\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for header, keys in entries
    )
    try:
        s.parse(text.encode(), "hall.toml", {})
    except s.SettingsError as error:
        assert all("\n" not in one for one in error.problems)
