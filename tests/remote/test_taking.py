"""Taking a number on the phone: by the hall's rules, once a person, by nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from queued.phone_sessions import COOKIE
from queued.remote import taking
from queued.remote.places import OnSiteCode
from queued.settings import SettingsError, load
from tests.remote.phones import Town, town
from tests.wechat.pushes import OTHER_PERSON, PERSON

HERE = "30.2489,120.2052"


@pytest.fixture
async def city(tmp_path: Path, unused_tcp_port: int):
    async with town(tmp_path, unused_tcp_port) as made:
        yield made


def onsite(city: Town) -> str:
    return OnSiteCode("demo", city.app.store.secret).at(city.clock.now())


async def test_from_the_menu_to_the_number_and_the_window(city: Town):
    phone = city.phone()
    offered = await phone.opens("/h/demo/take")
    assert offered.status == 200
    assert "社保缴费" in offered.text
    assert "只在现场" not in offered.text

    taken = await phone.takes()

    assert "A001" in taken.text
    assert 'data-stage="afar"' in taken.text
    await city.walk_in()
    await city.open()
    assert await city.call() == "A002"
    arrived = await phone.sends(f"/h/demo/arrive/{taken.token}")
    assert 'data-stage="afar"' not in arrived.text
    assert await city.call() == "A001"


async def test_who_comes_again_finds_the_number(city: Town):
    phone = city.phone()
    await phone.takes()
    assert "A001" in (await phone.opens("/h/demo/take")).text


async def test_a_second_wish_leads_to_the_first_number(city: Town):
    phone = city.phone()
    first, second = await phone.takes(), await phone.takes()
    assert first.token == second.token
    assert city.numbers() == ["A001"]
    other = await phone.takes("card")
    assert other.token != first.token


async def test_two_requests_at_once_are_one_number(city: Town):
    phone = city.phone()
    page = await phone.opens("/h/demo/take/levy")
    seen = await asyncio.gather(
        *(phone.sends("/h/demo/take/levy", **{**page.fields, "key": f"k{n}"}) for n in range(5))
    )
    assert {one.token for one in seen} == {seen[0].token}
    assert city.numbers() == ["A001"]


async def test_the_check_for_one_number_can_fail(city: Town, monkeypatch):
    """Negative control: nobody waits for the other request, and the rulebook is told nothing."""

    class Anybody:
        async def __aenter__(self):
            await asyncio.sleep(0)

        async def __aexit__(self, *_):
            return None

    async def nobody(self, holder):
        await asyncio.sleep(0)
        return []

    monkeypatch.setattr(taking.asyncio, "Lock", Anybody)
    monkeypatch.setattr(taking.Taking, "tickets", nobody)
    phone = city.phone()
    page = await phone.opens("/h/demo/take/levy")
    await asyncio.gather(
        *(phone.sends("/h/demo/take/levy", **{**page.fields, "key": f"k{n}"}) for n in range(5))
    )
    assert len(city.numbers()) == 5


async def test_another_person_gets_another_number(city: Town):
    one, other = await city.phone().takes(), await city.phone(OTHER_PERSON).takes()
    assert one.token != other.token
    assert city.numbers() == ["A001", "A002"]


async def test_who_bound_a_paper_slip_of_the_queue_has_his_number(city: Town):
    await city.walk_in()
    phone = city.phone()
    ticket = city.app.hall.tokens.token(city.hall.day, 1)
    await phone.opens(f"/wechat/demo/bind/{ticket}")
    assert (await phone.takes()).token == ticket


async def test_nobody_hoards_numbers(city: Town):
    phone = city.phone()
    for _ in range(3):
        taken = await phone.takes()
        await phone.sends(f"/t/{taken.token}/leave")
        city.later(minutes=1)
    refused = await phone.takes()
    assert (refused.status, refused.code) == (409, "too_many_numbers")
    assert len(city.numbers()) == 3
    assert (await city.counted())["too_many_numbers"] == 1


async def test_six_tries_a_minute_are_enough(city: Town):
    phone = city.phone()
    page = await phone.opens("/h/demo/take/levy")
    seen = [await phone.sends("/h/demo/take/levy", **page.fields) for _ in range(7)]
    assert [one.status for one in seen] == [200] * 6 + [429]
    assert (await city.counted())["too_many_requests"] == 1


async def test_a_service_that_is_not_offered(city: Town):
    phone = city.phone()
    page = await phone.opens("/h/demo/take/levy")
    for service, code in (("paper", "not_offered"), ("nothing", "unknown_service")):
        refused = await phone.sends(f"/h/demo/take/{service}", **page.fields)
        assert refused.code == code
    assert city.numbers() == []


async def test_a_form_of_nobody_or_of_somebody_else(city: Town):
    mine = await city.phone().opens("/h/demo/take/levy")
    stranger = city.phone("")
    assert (await stranger.sends("/h/demo/take/levy", **mine.fields)).code == "sign_in_first"
    other = city.phone(OTHER_PERSON)
    await other.opens("/h/demo/take/levy")
    assert (await other.sends("/h/demo/take/levy", **mine.fields)).code == "csrf"
    assert city.numbers() == []
    counted = await city.counted()
    assert (counted["sign_in_first"], counted["csrf"]) == (1, 1)


@pytest.mark.parametrize("cookie", ["", "x", "A" * 120, "é", "=" * 500, "A" * 5000])
async def test_a_forged_session_is_nobody(city: Town, cookie):
    phone = city.phone("")
    phone.http.cookie_jar.update_cookies({COOKIE: cookie})
    page = await phone.opens("/h/demo/take/levy")
    assert "/wechat/demo/enter?next=" in page.text
    assert (await phone.sends("/h/demo/take/levy", key="k", csrf="")).code == "sign_in_first"


async def test_a_session_ends(city: Town):
    phone = city.phone("")
    cookie = {c.key: c.value for c in (await _signed(city)).http.cookie_jar}[COOKIE]
    phone.http.cookie_jar.update_cookies({COOKIE: cookie})
    assert "/wechat/demo/enter?next=" not in (await phone.opens("/h/demo/take/levy")).text
    city.later(minutes=12 * 60 + 1)
    assert "/wechat/demo/enter?next=" in (await phone.opens("/h/demo/take/levy")).text


async def _signed(city: Town):
    phone = city.phone()
    await phone.opens("/h/demo/take")
    return phone


async def test_outside_of_wechat_the_page_says_where_to_open_it(city: Town):
    page = await city.phone("").opens("/h/demo/take")
    assert "/wechat/demo/enter?next=%2Fh%2Fdemo%2Ftake" in page.text


@pytest.mark.parametrize(
    "where",
    ["https://evil.example/", "//evil.example", "/h/demo/admin", "/h/other/take", "/t/x", ""],
)
async def test_the_detour_leads_back_to_pages_of_ours_only(city: Town, where):
    seen = await city.phone().opens(f"/wechat/demo/enter?next={where}")
    assert (seen.status, seen.path) == (404, "/wechat/demo/enter")


async def test_an_account_of_a_snapshot_page_gets_no_session(city: Town):
    city.wechat.platform.people[PERSON].snapshot = True
    seen = await city.phone().opens("/h/demo/take")
    assert seen.status == 409
    assert "快照页" in seen.text


async def test_a_state_of_somebody_else_signs_nobody_in(city: Town):
    phone = city.phone()
    seen = await phone.opens("/wechat/demo/signed-in?code=CODE&state=0123456789abcdef")
    assert seen.status == 409
    assert COOKIE not in {c.key for c in phone.http.cookie_jar}


async def test_the_answers_are_said_in_english_too(city: Town):
    phone = city.phone()
    page = await phone.opens("/h/demo/take/levy")
    async with phone.http.post(
        f"{city.url}/h/demo/take/paper", data=page.fields, headers={"Accept-Language": "en"}
    ) as answer:
        assert "cannot be taken or booked on the phone" in await answer.text()


# ── The hall's own limits ─────────────────────────────────────────────────────────────────


async def test_a_service_gives_out_so_many_a_day(tmp_path: Path, unused_tcp_port: int):
    async with town(tmp_path, unused_tcp_port, service="remote_per_day = 1") as city:
        first = city.phone()
        taken = await first.takes()
        refused = await city.phone(OTHER_PERSON).takes()
        assert (refused.status, refused.code) == (409, "no_more_today")
        await first.sends(f"/t/{taken.token}/leave")
        assert (await city.phone(OTHER_PERSON).takes()).code == "no_more_today"
        await city.walk_in()  # at the kiosk as ever
        assert city.numbers() == ["A001", "A002"]


async def test_numbers_are_given_out_at_certain_times(tmp_path: Path, unused_tcp_port: int):
    tables = '[remote]\nfrom = "10:30"\nuntil = "11:00"\n'
    async with town(tmp_path, unused_tcp_port, tables=tables) as city:
        phone = city.phone()
        assert "在线取号时间为 10:30 至 11:00" in (await phone.takes()).text
        city.later(minutes=30)
        assert (await phone.takes()).status == 200
        city.later(minutes=30)
        assert (await city.phone(OTHER_PERSON).takes()).code == "not_at_this_time"


async def test_near_the_hall_by_the_position_that_is_given(tmp_path: Path, unused_tcp_port: int):
    tables = f'[remote]\nplace = "near"\nposition = "{HERE}"\nnear_m = 2000\nradius_m = 100\n'
    async with town(tmp_path, unused_tcp_port, tables=tables) as city:
        phone = city.phone()
        assert (await phone.takes()).code == "not_shown"
        far = {"latitude": "31.2", "longitude": "121.4"}
        assert (await phone.takes(**far)).code == "not_near"
        near = {"latitude": "30.2550", "longitude": "120.2052"}  # some 680 m north
        taken = await phone.takes(**near)
        assert 'data-stage="afar"' in taken.text
        assert (await phone.sends(f"/h/demo/arrive/{taken.token}", **near)).code == "not_near"
        there = {"latitude": "30.2490", "longitude": "120.2053"}
        assert (await phone.sends(f"/h/demo/arrive/{taken.token}", **there)).status == 200
        assert city.hall.absent == {}
        assert b"30.2550" not in city.written()


async def test_with_the_code_of_the_hall_one_is_here(tmp_path: Path, unused_tcp_port: int):
    tables = '[remote]\nplace = "hall"\ncode = true\n'
    async with town(tmp_path, unused_tcp_port, tables=tables, account=False) as city:
        phone = city.phone("")
        assert (await phone.takes()).code == "not_shown"
        wrong = f"{(int(onsite(city)) + 1) % 10**6:06}"
        assert (await phone.takes(code=wrong)).code == "wrong_code"
        old = onsite(city)
        city.later(minutes=5)
        taken = await phone.takes(code=f" {old[:3]} {old[3:]} ")
        assert "A001" in taken.text
        assert city.hall.absent == {}
        assert (await phone.takes(code=onsite(city))).token == taken.token
        city.later(minutes=5)
        assert (await city.phone("").takes(code=old)).code == "wrong_code"


async def test_the_code_is_shown_in_the_hall_and_to_nobody_else(
    tmp_path: Path, unused_tcp_port: int
):
    tables = '[remote]\ncode = true\n'
    async with town(tmp_path, unused_tcp_port, tables=tables) as city:
        await city.app.store.accounts.add_token("display-0123456789abcdef", "display", "d", 0)
        path = f"{city.url}/api/v1/halls/demo/onsite"
        async with city.http.get(path) as answer:
            assert answer.status == 401
        headers = {"Authorization": "Bearer display-0123456789abcdef"}
        async with city.http.get(path, headers=headers) as answer:
            told = await answer.json()
        assert told["code"] == onsite(city)
        assert told["url"] == f"{city.url}/h/demo/arrive?code={onsite(city)}"
        assert (await city.phone("").opens("/h/demo/onsite")).path == "/login"
        screen = city.phone("")
        form = (await screen.opens("/login")).fields
        form |= {"name": "token", "password": "display-0123456789abcdef"}
        await screen.sends("/login", **form)
        seen = await screen.opens("/h/demo/onsite")
        assert f"{onsite(city)[:3]} {onsite(city)[3:]}" in seen.text
        assert (await screen.opens("/h/demo/onsite.svg")).status == 200
        phone = city.phone()
        taken = await phone.takes()
        assert (await phone.sends(f"/h/demo/arrive/{taken.token}")).code == "not_shown"
        asked = await phone.opens(f"/h/demo/arrive?code={onsite(city)}")
        assert f'value="{onsite(city)}"' in asked.text
        sent = {**asked.fields, "code": onsite(city)}
        assert (await phone.sends("/h/demo/arrive", **sent)).token == taken.token
        assert city.hall.absent == {}


def test_without_an_account_nothing_tells_phones_apart(tmp_path: Path):
    file = tmp_path / "hall.toml"
    file.write_text(
        '[hall]\nid="a"\nname="A"\n[[queue]]\nid="q"\nletter="A"\nname="Q"\n[[service]]\nid="s"\n'
        'name="S"\nqueue="q"\nminutes=5\nremote=true\nappointments=1\n[[window]]\nid="1"\n'
        'name="1"\nqueues=["q"]\n'
    )
    with pytest.raises(SettingsError) as error:
        load(file, {})
    assert len(error.value.problems) == 2
    assert "without an official account" in error.value.problems[0]


# ── Nothing of a person stays ─────────────────────────────────────────────────────────────


async def test_no_openid_in_database_or_log_and_nothing_after_the_day(
    tmp_path: Path, unused_tcp_port: int, caplog
):
    caplog.set_level(0)
    async with town(tmp_path, unused_tcp_port) as city:
        phone = city.phone()
        taken = await phone.takes()
        await phone.sends(f"/h/demo/arrive/{taken.token}")
        await phone.takes("card")
        digest = city.app.store.people.digest("openid", PERSON)
        assert digest.encode() in city.written()
        assert PERSON.encode() not in city.written()
        city.later(days=2)
        await city.app.store.people.expire(city.clock.now())
        found = await city.app.store.people.find_by_digest("demo", "openid", digest, 0)
        assert list(found) == []
    assert PERSON not in caplog.text
    assert PERSON.encode() not in city.written()
