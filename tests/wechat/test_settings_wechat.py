"""The account's tables: every mistake is told with what is allowed, and no secret with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from queued import settings as s
from queued.settings_wechat_values import FACTS, FITTING, SECRETS
from queued.wechat.account import Secrets
from tests.test_settings import HALL, parse, problems
from tests.wechat.pushes import AES_KEY, APPID, OLD_AES_KEY, TOKEN

SECRET = "0123456789abcdef0123456789abcdef"
HTTP = '\n[http]\npublic_url = "https://hall.example.gov.cn"\n'
WECHAT = f"""
[wechat]
appid = "{APPID}"
token = "{TOKEN}"
aes_key = "{AES_KEY}"
secret = "{SECRET}"
"""
REMINDER = """
[[wechat_reminder]]
id = "called"
kind = "called"
carrier = "subscribe"
template = "OPENTM0123456789-0123456789"
long_term = true
fields = ["character_string1=number", "thing2=window", "phrase3=status"]
"""


def test_a_hall_has_no_account_unless_it_says_so():
    settings = parse(HALL)
    assert settings.wechat.appid == "" and settings.wechat_reminders == ()


def test_every_key_is_read():
    more = (
        f'aes_key_before = "{OLD_AES_KEY}"\nmode = "compatible"\naccount = "gh_97417a04a28d"\n'
        'api_url = "http://127.0.0.1:8090/"\nahead = 5\nphone = "12345"\n'
        'news_url = "https://hall.example.gov.cn/news"\nmenu = "menu.toml"\n'
    )
    settings = parse(HALL + HTTP + WECHAT + more + REMINDER)
    wechat = settings.wechat
    assert (wechat.appid, wechat.mode, wechat.ahead) == (APPID, "compatible", 5)
    assert wechat.api_url == "http://127.0.0.1:8090"
    (reminder,) = settings.wechat_reminders
    assert reminder.long_term and reminder.fields[2] == "phrase3=status"
    for secret in (SECRET, AES_KEY, OLD_AES_KEY):
        assert secret not in repr(settings)


def test_secrets_come_from_the_environment():
    settings = parse(
        HALL + HTTP + f'[wechat]\nappid = "{APPID}"\n',
        QUEUED_WECHAT_SECRET=SECRET,
        QUEUED_WECHAT_TOKEN=TOKEN,
        QUEUED_WECHAT_AES_KEY=AES_KEY,
    )
    secrets = Secrets(settings.wechat)
    assert (secrets.secret, secrets.token, len(secrets.keys)) == (SECRET, TOKEN, 1)


def test_secrets_come_from_files_beside_the_configuration(tmp_path: Path):
    (tmp_path / "app.secret").write_text(f"{SECRET}\n")
    text = HALL + HTTP + WECHAT.replace(f'"{SECRET}"', '"file:app.secret"')
    (tmp_path / "hall.toml").write_text(text, "utf-8")
    settings = s.load(tmp_path / "hall.toml", {})
    assert Secrets(settings.wechat).secret == SECRET
    for content in (b"", b"\n", b"\xff\xfe", "密".encode()):
        (tmp_path / "app.secret").write_bytes(content)
        with pytest.raises(s.SettingsError, match=r"\[wechat\] secret: its file"):
            Secrets(settings.wechat)
    (tmp_path / "key").write_text("short")
    text = text.replace(f'"{AES_KEY}"', '"file:key"')
    (tmp_path / "app.secret").write_text(SECRET)
    (tmp_path / "hall.toml").write_text(text, "utf-8")
    with pytest.raises(s.SettingsError, match="aes_key: is not 43"):
        Secrets(s.load(tmp_path / "hall.toml", {}).wechat)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('appid = "wx', 'appid = "gh'), 'appid: "ghba5fad812f8e6fb9" is not "wx" and 16'),
        ((f'token = "{TOKEN}"', ""), "token: is missing; set it here or as QUEUED_WECHAT_TOKEN"),
        ((f'secret = "{SECRET}"', ""), "secret: is missing"),
        ((f'aes_key = "{AES_KEY}"', ""), "aes_key: is missing"),
        ((AES_KEY, "tooshort"), "aes_key: is not 43 letters and digits"),
        ((SECRET, "not a secret"), "secret: is not the 32 digits of an AppSecret"),
        (("[wechat]", '[wechat]\nmode = "aes"'), 'mode: "aes" is not known'),
        (("[wechat]", "[wechat]\nahead = 50"), "ahead: 50 is out of range"),
        (("[wechat]", '[wechat]\nnews_url = "news"'), 'news_url: "news" is not a URL'),
        (("[wechat]", '[wechat]\napi_url = "http://[::1"'), "api_url: "),
        (("[wechat]", '[wechat]\napp_id = "x"'), "app_id: is not a known key; did you mean"),
        ((f'appid = "{APPID}"', ""), "appid: is missing; without it the hall has no account"),
        (('"called"\ncarrier', '"soon"\ncarrier'), 'kind: "soon" is not known'),
        (('"subscribe"', '"template"'), "long_term: only reminders with carrier"),
        (("thing2=window", "thing2=clerk"), '"clerk" is not a fact'),
        (("thing2=window", "thing2"), '"thing2" is not a field and a fact'),
        (("thing2=window", "phrase2=window"), '"phrase2=window": a phrase can hold status'),
        (("OPENTM0123456789-0123456789", "short"), 'template: "short" is not a template'),
    ],
)
def test_mistakes_are_told(change, said):
    found = problems((HALL + HTTP + WECHAT + REMINDER).replace(*change))
    assert any(said in problem for problem in found), found
    assert not any(secret in "".join(found) for secret in (SECRET, AES_KEY, "tooshort"))


def test_an_account_needs_an_address_and_reminders_need_an_account():
    assert problems(HALL + WECHAT) == (
        "hall.toml: [wechat]: needs the address that phones open: set [http] public_url",
    )
    assert problems(HALL + REMINDER) == (
        'hall.toml: [[wechat_reminder]] "called": needs an account: set [wechat] appid',
    )


def test_plain_mode_needs_no_key():
    text = WECHAT.replace(f'aes_key = "{AES_KEY}"', 'mode = "plain"')
    assert Secrets(parse(HALL + HTTP + text).wechat).keys == ()


def test_tables_of_facts_belong_together():
    assert set().union(*FITTING.values()) == set(FACTS)
    assert set(SECRETS) <= set(type(parse(HALL).wechat).__dataclass_fields__)
