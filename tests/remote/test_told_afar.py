"""What phones are told of numbers taken from afar: set out in time, check in, it was your turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from queued.core.commands import CallNext
from tests.remote.phones import Town, town
from tests.wechat.hall_with_account import FIELDS, TEMPLATES, until
from tests.wechat.pushes import PERSON


def reminders() -> str:
    return "".join(
        f'[[wechat_reminder]]\nid = "{kind}"\nkind = "{kind}"\ncarrier = "template"\n'
        f'template = "{TEMPLATES[kind]}"\nfields = {list(fields)}\n'.replace("'", '"')
        for kind, fields in FIELDS.items()
    )


@pytest.fixture
async def city(tmp_path: Path, unused_tcp_port: int):
    async with town(tmp_path, unused_tcp_port, tables=reminders()) as made:
        yield made


async def sent(city: Town, kind: str) -> dict[str, Any]:
    """The one reminder of a kind, once it has come."""

    def found() -> list[dict[str, Any]]:
        return [one for one in city.wechat.platform.sent if one["template"] == TEMPLATES[kind]]

    await until(found)
    assert len(found()) == 1
    return found()[0]


async def test_whose_turn_came_is_told_until_when_the_place_is_kept(city: Town):
    await city.phone().takes()
    await city.walk_in()
    near = await sent(city, "ahead")
    assert near["data"]["thing4"] == "前面还有0人，请到大厅报到"
    await city.open()
    await city.call()
    held = await sent(city, "held")
    assert held["data"] == {
        "character_string1": "A001", "time2": "10:15", "thing3": "轮到您了，请于10:15前报到",
    }  # fmt: skip
    assert held["touser"] == PERSON


async def test_who_has_checked_in_is_called_and_not_told_to_come(city: Town):
    phone = city.phone()
    taken = await phone.takes()
    await city.walk_in()
    await sent(city, "ahead")
    await phone.sends(f"/h/demo/arrive/{taken.token}")
    await city.open()
    await city.do(CallNext(window="1", by="clerk:1"))
    called = await sent(city, "called")
    assert called["data"]["character_string1"] == "A001"
    assert not [one for one in city.wechat.platform.sent if one["template"] == TEMPLATES["held"]]


async def test_what_is_written_says_so_too(city: Town):
    await city.phone().takes()
    await city.walk_in()

    async def says(number: int) -> str:
        told = await city.wechat.push(
            {"FromUserName": PERSON, "MsgType": "text", "Content": "我的号", "MsgId": number}
        )
        return str(told["texts"][0])

    assert "前面还有0人。到大厅报到后才会叫号" in await says(1)
    await city.open()
    await city.call()
    assert "请在10:15前到大厅报到" in await says(2)

