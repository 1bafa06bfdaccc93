"""What is not believed at the account's doors: ARCHITECTURE.md's table, row by row."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from queued.phone_sessions import COOKIE
from queued.storage.folder import DATABASE
from queued.wechat import crypto, xml
from tests.remote.phones import IN_WECHAT, Town, town
from tests.wechat.pushes import (
    ACCOUNT,
    AES_KEY,
    OTHER_PERSON,
    PERSON,
    RANDOM,
    START,
    TOKEN,
    Requests,
    pusher,
    wrote,
)

DOCUMENT = Path(__file__).parents[2] / "queued" / "ARCHITECTURE.md"
NOW_S = START // 1000
Asking = Callable[[Town], Awaitable[tuple[int, str]]]
"""Lets it come; the status and the text of the answer."""

ROWS: dict[str, Asking] = {}


def row(name: str) -> Callable[[Asking], Asking]:
    """The way in which this row of the table comes."""

    def kept(asking: Asking) -> Asking:
        ROWS[name] = asking
        return asking

    return kept


@pytest.fixture
async def city(tmp_path: Path, unused_tcp_port: int):
    async with town(tmp_path, unused_tcp_port) as made:
        yield made


# ── WeChat's address ──────────────────────────────────────────────────────────────────────


async def pushed(city: Town, query: dict[str, str], body: bytes) -> tuple[int, str]:
    """What WeChat's address answers; to WeChat if it is an answer."""
    async with city.http.post(f"{city.url}/wechat/demo", params=query, data=body) as answer:
        got = await answer.read()
    if answer.status == 200:
        return 200, pusher().read(got, PERSON, query["nonce"])
    return answer.status, got.decode()


def sealed(encrypted: str, nonce: str = "9") -> tuple[dict[str, str], bytes]:
    """A push of this cipher text, rightly signed: by somebody who has the token and not the key,
    or by a WeChat that errs."""
    query = {
        "timestamp": str(NOW_S),
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": crypto.signature(TOKEN, str(NOW_S), nonce, encrypted),
    }
    return query, xml.render({"ToUserName": ACCOUNT, "Encrypt": encrypted})


def ciphered(full: bytes) -> str:
    """Blocks that nobody padded, or padded otherwise."""
    machine = crypto._cipher(crypto.key_of(AES_KEY)).encryptor()
    return b64encode(machine.update(full) + machine.finalize()).decode()


def cancels() -> dict[str, Any]:
    """What would change something if it were believed."""
    return dict(wrote("取消 A001"))


@row("a wrong signature")
async def _(city: Town):
    return await pushed(city, *Requests(pusher(token="guessed")).of(cancels()))


@row("a byte flipped on the way")
async def _(city: Town):
    query, body = Requests().of(cancels())
    at = body.index(b"Encrypt") + 60
    return await pushed(city, query, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


@row("a timestamp ten minutes off")
async def _(city: Town):
    return await pushed(city, *pusher().push(cancels(), NOW_S - 601, "1", RANDOM))


@row("a nonce that served another push")
async def _(city: Town):
    first = await pushed(city, *pusher().push(wrote("排队"), NOW_S, "1", RANDOM))
    assert first[0] == 200
    return await pushed(city, *pusher().push(cancels(), NOW_S, "1", RANDOM))


@row("a push for another appid")
async def _(city: Town):
    other = replace(pusher(), appid="wx0000000000000000")
    return await pushed(city, *other.push(cancels(), NOW_S, "1", RANDOM))


@row("a push for another account")
async def _(city: Town):
    other = replace(pusher(), account="gh_000000000000")
    return await pushed(city, *other.push(cancels(), NOW_S, "1", RANDOM))


@row("wrong padding")
async def _(city: Town):
    return await pushed(city, *sealed(ciphered(RANDOM + b"\0\0\0\0" + b"wx" * 6 + bytes(32))))


@row("a length beyond the message")
async def _(city: Town):
    return await pushed(city, *sealed(ciphered(RANDOM + b"\0\1\0\0" + bytes(12) + b"\x20" * 32)))


@row("a plain push in safe mode")
async def _(city: Town):
    return await pushed(city, *Requests(pusher("plain")).of(cancels()))


@row("more than 64 KiB")
async def _(city: Town):
    return await pushed(city, *Requests().of(wrote("取消 A001" + " " * 65_536)))


@row("a document with DOCTYPE")
async def _(city: Town):
    document = b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><xml>&y;</xml>'
    return await pushed(city, *pusher().raw(document, NOW_S, "1", RANDOM))


@row("no XML")
async def _(city: Town):
    query, _ = Requests().of(cancels())
    return await pushed(city, query, b"\x00\xff{}" * 100)


@row("an openid that is none")
async def _(city: Town):
    return await pushed(city, *Requests().of(wrote("取消 A001", person="../' OR 1=1 --")))


@row("another's openid beside the sealed message")
async def _(city: Town):
    query, body = Requests().of(wrote("我的号"))
    beside = b"<FromUserName>" + OTHER_PERSON.encode() + b"</FromUserName></xml>"
    return await pushed(city, query, body.removesuffix(b"</xml>") + beside)


@row("emoji and rare characters")
async def _(city: Town):
    return await pushed(city, *Requests().of(wrote("😀👨‍👩‍👧 𠮷野家 㐂 \u202e ﷽")))


# ── Phones ────────────────────────────────────────────────────────────────────────────────


async def back_from_wechat(city: Town, *, minutes: int = 0, cookie: str = "") -> tuple[int, str]:
    """Somebody was sent to WeChat and comes back."""
    phone = city.phone()
    begun = f"{city.url}/wechat/demo/enter?next=/h/demo/take"
    async with phone.http.get(begun, headers=IN_WECHAT, allow_redirects=False) as away:
        state = re.search(r"state=([0-9a-f]+)", away.headers["Location"])
    city.later(minutes=minutes)
    if cookie:
        phone.http.cookie_jar.clear()
        phone.http.cookie_jar.update_cookies({"queued_wechat": cookie})
    assert state is not None
    seen = await phone.opens(f"/wechat/demo/signed-in?code=CODE&state={state[1]}")
    return seen.status, seen.text


@row("a sign-in that took too long")
async def _(city: Town):
    return await back_from_wechat(city, minutes=11)


@row("a sign-in begun on another phone")
async def _(city: Town):
    return await back_from_wechat(city, cookie="0" * 32)


@row("a page of strangers that wants a signature")
async def _(city: Town):
    seen = await city.phone().opens("/wechat/demo/js-config?url=https://evil.example/")
    return seen.status, seen.text


@row("a forged cookie of a phone")
async def _(city: Town):
    phone = city.phone("")
    phone.http.cookie_jar.update_cookies({COOKIE: b64encode(bytes(90)).decode()})
    seen = await phone.sends("/h/demo/take/levy", key="k", csrf="c")
    return seen.status, seen.text


@row("a form of another phone")
async def _(city: Town):
    mine = await city.phone().opens("/h/demo/take/levy")
    other = city.phone(OTHER_PERSON)
    await other.opens("/h/demo/take/levy")
    seen = await other.sends("/h/demo/take/levy", **mine.fields)
    return seen.status, seen.text


@row("a guessed ticket token")
async def _(city: Town):
    seen = await city.phone("").opens("/t/" + "A" * 24)
    return seen.status, seen.text


@row("a guessed code of an appointment")
async def _(city: Town):
    seen = await city.phone().opens("/h/demo/appointment/" + "A" * 12)
    return seen.status, seen.text


# ── The table ─────────────────────────────────────────────────────────────────────────────


def documented() -> dict[str, tuple[int, str]]:
    """Status and sample of the metric, by what comes."""
    section = DOCUMENT.read_text("utf-8").split("## What is not believed")[1].split("\n## ")[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[1][:3].isdigit():
            status = cells[1][:3]
            found[cells[0]] = int(status), _sample(status, cells[2])
    return found


def _sample(status: str, counted: str) -> str:
    name, what = re.fullmatch(r"`(\w+)` (.*)", counted).groups()  # type: ignore[union-attr]
    if name == "requests":
        route = what.replace("/wechat/{hall}", "/wechat/demo")
        return f'queued_requests_total{{route="{route}",status="{status}"}}'
    return f'queued_{name}_total{{what="{what}"}}'


async def count(city: Town, sample: str) -> float:
    async with city.http.get(f"{city.url}/metrics") as answer:
        text = await answer.text()
    found = re.search(re.escape(sample) + r" ([0-9.]+)", text)
    return float(found[1]) if found else 0.0


def everything(city: Town) -> list[list[Any]]:
    """What is known of the hall and its people."""
    tables = ("journal", "person", "booking", "appointment")
    with closing(sqlite3.connect(city.folder / "data" / DATABASE)) as raw:
        return [raw.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


def test_the_table_and_its_rows_name_the_same_things():
    assert set(documented()) == set(ROWS) and len(ROWS) > 20


@pytest.mark.parametrize("name", ROWS)
async def test_it_is_answered_counted_and_changes_nothing(city: Town, name: str):
    status, sample = documented()[name]
    # Given a number that is bound to somebody
    await city.phone().takes()
    await city.walk_in()
    before = everything(city), await count(city, sample), dict(city.wechat.platform.calls)
    answered = await ROWS[name](city)
    # Then
    assert answered[0] == status, answered
    assert await count(city, sample) == before[1] + 1
    assert everything(city) == before[0]
    if "wechat_requests" in sample:
        assert city.wechat.platform.calls == before[2], "nobody's mistake costs a call to WeChat"
    if status in (400, 403) and "wechat_requests" in sample and "page" not in name:
        assert answered[1] == "", "nothing is explained to strangers"


@pytest.mark.parametrize("name", ["a forged cookie of a phone", "a form of another phone"])
async def test_a_visitor_who_is_refused_has_a_way_on(city: Town, name: str):
    _, text = await ROWS[name](city)
    assert 'href="/h/demo/take"' in text and 'href="/h/demo/status"' in text
    assert "/login" not in text


async def test_what_is_rightly_signed_does_change_something(city: Town):
    # The control of all of them: the same words, believed.
    await city.phone().takes()
    before = everything(city)
    status, told = await pushed(city, *Requests().of(cancels()))
    assert status == 200 and told.startswith("A001号已取消")
    assert everything(city) != before


async def test_answers_go_to_whom_the_sealed_message_names(city: Town):
    await city.phone().takes()
    _, told = await ROWS["another's openid beside the sealed message"](city)
    assert told.startswith("A001")
