"""Appointments booked on the phone: one a day, given up in time, never queued for again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.remote.phones import Town, town
from tests.server.hall_under_test import START
from tests.wechat.pushes import OTHER_PERSON, PERSON

HOUR = 3_600_000
TOMORROW_TEN = START + 24 * HOUR
"""START is 10:00 on a Monday."""


@pytest.fixture
async def city(tmp_path: Path, unused_tcp_port: int):
    async with town(tmp_path, unused_tcp_port) as made:
        yield made


def code_of(seen) -> str:
    assert seen.path.startswith("/h/demo/appointment/"), (seen.path, seen.code)
    return seen.path.rpartition("/")[2]


async def kiosk(city: Town, code: str):
    accounts = city.app.store.accounts
    if await accounts.token("kiosk-0123456789abcdef") is None:
        await accounts.add_token("kiosk-0123456789abcdef", "kiosk", "east", 0)
    headers = {"Authorization": "Bearer kiosk-0123456789abcdef"}
    path = f"{city.url}/api/v1/halls/demo/checkin"
    async with city.http.post(path, json={"code": code}, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_from_the_page_to_the_number_without_a_second_queue(city: Town):
    phone = city.phone()
    assert "社保缴费" in (await phone.opens("/h/demo/book")).text
    chosen = await phone.opens("/h/demo/book/levy?day=2026-11-25")
    assert 'href="?day=2026-11-25" aria-current="true"' in chosen.text
    booked = await phone.books(TOMORROW_TEN)
    assert "2026-11-24 10:00" in booked.text
    code = code_of(booked)
    assert (await phone.opens(f"/h/demo/appointment/{code}/qr.svg")).status == 200
    city.later(days=1)
    for _ in range(3):
        await city.walk_in()
    status, told = await kiosk(city, code)
    assert (status, told["new"], told["ticket"]["number"]) == (200, True, "A004")
    await city.open()
    assert await city.call() == "A004"
    assert "已签到" in (await phone.opens(f"/h/demo/appointment/{code}")).text


async def test_checked_in_on_the_phone_one_has_a_number_at_once(city: Town):
    phone = city.phone()
    await phone.books(TOMORROW_TEN)
    early = await phone.opens("/h/demo/arrive")
    assert "没有需要报到" in early.text
    city.later(days=1)
    page = await city.phone().opens("/h/demo/arrive")
    assert "预约 10:00" in page.text
    phone = city.phone()  # the session of yesterday is over
    page = await phone.opens("/h/demo/arrive")
    arrived = await phone.sends("/h/demo/arrive", **page.fields)
    assert "A001" in arrived.text
    assert city.hall.absent == {}
    again = await phone.sends("/h/demo/arrive", **page.fields)
    assert again.code == "nothing_to_check_in"
    assert city.numbers() == ["A001"]


async def test_the_same_form_twice_is_one_appointment(city: Town):
    phone = city.phone()
    one, two = await phone.books(TOMORROW_TEN), await phone.books(TOMORROW_TEN)
    assert code_of(one) == code_of(two)


async def test_one_a_person_and_day(city: Town):
    phone = city.phone()
    await phone.books(TOMORROW_TEN)
    refused = await phone.books(TOMORROW_TEN + HOUR)
    assert (refused.status, refused.code) == (409, "booked_that_day")
    assert (await phone.books(TOMORROW_TEN + 24 * HOUR)).status == 200


async def test_two_wishes_at_once_are_one_appointment(city: Town):
    phone = city.phone()
    page = await phone.opens("/h/demo/book/levy")
    seen = await asyncio.gather(
        *(
            phone.sends("/h/demo/book/levy", **page.fields, slot=str(TOMORROW_TEN + n * HOUR // 2))
            for n in range(4)
        )
    )
    assert sorted(one.status for one in seen) == [200, 409, 409, 409]


async def test_a_slot_holds_so_many(city: Town):
    for person in ("oThirdPersonWithAPhone00001", "oThirdPersonWithAPhone00002"):
        city.wechat.platform.people[person] = type(city.wechat.platform.people[PERSON])(person)
        assert (await city.phone(person).books(TOMORROW_TEN)).status == 200
    refused = await city.phone().books(TOMORROW_TEN)
    assert (refused.status, refused.code) == (409, "slot_full")
    page = await city.phone().opens("/h/demo/book/levy")
    assert "已约满" in page.text


@pytest.mark.parametrize(
    "slot",
    [str(START + HOUR), str(TOMORROW_TEN + 1), str(TOMORROW_TEN + 4 * 24 * HOUR), "0", "-1", "",
     "x", "9" * 15, "9" * 400, "１２"],
)  # fmt: skip
async def test_only_slots_that_are_offered(city: Town, slot):
    phone = city.phone()
    page = await phone.opens("/h/demo/book/levy")
    refused = await phone.sends("/h/demo/book/levy", **page.fields, slot=slot)
    assert (refused.status, refused.code) == (422, "no_such_slot")


async def test_a_service_without_slots_is_not_booked(city: Town):
    phone = city.phone()
    page = await phone.opens("/h/demo/book/levy")
    refused = await phone.sends("/h/demo/book/card", **page.fields, slot=str(TOMORROW_TEN))
    assert refused.code == "not_offered"
    assert (await phone.opens("/h/demo/book/card")).code == "not_offered"


async def test_given_up_in_time_and_booked_by_another(city: Town):
    phone = city.phone()
    code = code_of(await phone.books(TOMORROW_TEN))
    gone = await phone.sends(f"/h/demo/appointment/{code}/cancel")
    assert "已取消" in gone.text
    assert (await kiosk(city, code))[0] == 404
    assert (await phone.books(TOMORROW_TEN)).status == 200


async def test_two_hours_before_it_is_too_late(city: Town):
    phone = city.phone()
    code = code_of(await phone.books(TOMORROW_TEN))
    city.later(minutes=22 * 60)
    assert "取消预约" in (await phone.opens(f"/h/demo/appointment/{code}")).text
    city.later(minutes=1)
    refused = await phone.sends(f"/h/demo/appointment/{code}/cancel")
    assert refused.code == "too_late_to_cancel"


async def test_who_does_not_come_three_times_waits_a_month(city: Town):
    phone = city.phone()
    for day in (1, 2, 3):
        assert (await phone.books(START + day * 24 * HOUR)).status == 200
    city.later(days=7)
    refused = await city.phone().books(START + 8 * 24 * HOUR)
    assert (refused.status, refused.code) == (409, "booking_restricted")
    assert "2026-12-26 前不能预约" in refused.text
    assert (await city.phone(OTHER_PERSON).books(START + 8 * 24 * HOUR)).status == 200
    city.later(days=28)
    assert (await city.phone().books(START + 36 * 24 * HOUR)).status == 200


async def test_who_came_is_not_counted(city: Town):
    phone = city.phone()
    codes = [code_of(await phone.books(START + day * 24 * HOUR)) for day in (1, 2, 3)]
    city.later(days=1)
    assert (await kiosk(city, codes[0]))[0] == 200
    city.later(days=6)
    assert (await city.phone().books(START + 8 * 24 * HOUR)).status == 200


@pytest.mark.parametrize("code", ["AAAABBBBCCCC", "x", "..", "%00", "é" * 12])
async def test_a_guessed_code_opens_nothing(city: Town, code):
    for method, path in (("GET", ""), ("GET", "/qr.svg"), ("POST", "/cancel")):
        seen = await city.phone("")._asks(method, f"/h/demo/appointment/{code}{path}", data={})
        assert seen.status == 404


async def test_guesses_are_counted(city: Town):
    await city.phone("").opens("/h/demo/appointment/AAAABBBBCCCC")
    assert (await city.counted())["unknown_code"] == 1


async def test_who_follows_no_more_leaves_no_booking_behind(city: Town):
    phone = city.phone()
    await phone.books(TOMORROW_TEN)
    digest = city.app.store.people.digest("openid", PERSON)
    assert await city.app.store.bookings.of_person("demo", digest)
    await city.wechat.push(
        {"FromUserName": PERSON, "MsgType": "event", "Event": "unsubscribe",
         "CreateTime": city.clock.now() // 1000}
    )  # fmt: skip
    assert not await city.app.store.bookings.of_person("demo", digest)


async def test_no_code_stands_in_the_database(city: Town):
    code = code_of(await city.phone().books(TOMORROW_TEN))
    assert code.encode() not in city.written()
    assert PERSON.encode() not in city.written()
