"""Who guesses, floods or garbles gets a documented answer, is counted, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from queued.wechat.emulator.platform import Person
from tests.remote.phones import Town, town

THROUGH_A_PROXY = {"X-Forwarded-For": "203.0.113.7"}
"""Requests of the machine itself are not limited; these come from outside."""


@pytest.fixture
async def city(tmp_path: Path, unused_tcp_port: int):
    async with town(tmp_path, unused_tcp_port, tables="[remote]\nper_address_minute = 3\n") as made:
        yield made


async def test_one_address_tries_so_often(city: Town):
    statuses = []
    for number in range(5):
        person = f"oSomebody-{number}"
        city.wechat.platform.people[person] = Person(person)
        phone = city.phone(person)
        page = await phone.opens("/h/demo/take/levy")
        async with phone.http.post(
            f"{city.url}/h/demo/take/levy", data=page.fields, headers=THROUGH_A_PROXY
        ) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 200, 200, 429, 429]
    assert len(city.numbers()) == 3
    assert (await city.counted())["too_many_requests"] == 2


async def test_one_address_guesses_codes_slowly(city: Town):
    statuses = []
    for number in range(31):
        path = f"{city.url}/h/demo/appointment/AAAABBBB{number:04}"
        async with city.http.get(path, headers=THROUGH_A_PROXY) as answer:
            statuses.append(answer.status)
    assert statuses == [404] * 30 + [429]


@pytest.mark.parametrize("token", ["A" * 24, "x", "é" * 24, "A" * 25, "..%2F..", "%00"])
async def test_a_guessed_ticket_token_arrives_nowhere(city: Town, token):
    taken = await city.phone().takes()
    before = city.hall
    for path in (f"/h/demo/arrive/{token}", f"/t/{token}/leave", f"/t/{token}/rating"):
        seen = await city.phone("").sends(path, grade="satisfied")
        assert seen.status == 404
    assert city.hall is before
    assert taken.token


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 403),
        (b"csrf=%ff&key=1", "application/x-www-form-urlencoded", 403),
        (b"{}", "application/json", 415),
        (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"csrf=" + b"%F0%9F%98%80" * 20, "application/x-www-form-urlencoded", 403),
    ],
)
async def test_garbled_forms_are_refused(city: Town, body, kind, status):
    phone = city.phone()
    await phone.opens("/h/demo/take/levy")
    before = city.hall
    for path in ("/h/demo/take/levy", "/h/demo/arrive", "/h/demo/book/levy"):
        async with phone.http.post(
            city.url + path, data=body, headers={"Content-Type": kind}
        ) as answer:
            assert answer.status == status, path
    assert city.hall is before


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 41, "<script>"])
async def test_a_forms_own_key_is_letters_and_digits(city: Town, key):
    refused = await city.phone().takes(key=key)
    assert (refused.status, refused.code) == (400, "malformed")
    assert city.numbers() == []


async def test_the_same_form_after_a_lost_answer_is_the_same_number(city: Town, monkeypatch):
    """The number is out, the phone was not bound to it any more: power was cut in between."""
    phone = city.phone()
    page = await phone.opens("/h/demo/take/levy")
    first = await phone.sends("/h/demo/take/levy", **page.fields)
    people = city.app.store.people
    digest = people.digest("openid", phone.person)
    await people.forget("openid", digest)
    second = await phone.sends("/h/demo/take/levy", **page.fields)
    assert second.token == first.token
    assert city.numbers() == ["A001"]
    assert await people.find_by_digest("demo", "openid", digest, city.clock.now())
