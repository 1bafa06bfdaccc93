"""People and tokens in administration: forms, refusals, and what is left in the audit."""

from __future__ import annotations

import re

import aiohttp
import pytest

from tests.server.hall_under_test import CHEAP_HASHER, PASSWORD, TOKENS, Running

PAGE = "/h/demo/admin/people"


@pytest.fixture(autouse=True)
def cheap(hall: Running):
    hall.site.doors._hasher = CHEAP_HASHER


class Admin:
    """A browser of somebody who has signed in, and the forms they send."""

    def __init__(self, hall: Running, cookie: str, csrf: str) -> None:
        self.hall, self.cookie, self.csrf = hall, cookie, csrf

    async def see(self, query: str = "") -> str:
        status, text, _ = await self.hall.page(PAGE + query, headers={"Cookie": self.cookie})
        assert status == 200
        return text

    async def send(self, action: str, **fields: str) -> tuple[int, str]:
        data = aiohttp.FormData({"csrf": self.csrf, "action": action, **fields})
        status, text, headers = await self.hall.page(
            PAGE, method="POST", data=data(), headers={
                "Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded",
            },
        )  # fmt: skip
        return status, headers.get("Location", "") or text

    async def done(self, action: str, **fields: str) -> None:
        status, where = await self.send(action, **fields)
        assert (status, where) == (303, f"{PAGE}?done={action}"), where


@pytest.fixture
async def admin(hall: Running) -> Admin:
    _, session, headers = await hall.call("POST", "/session", {"token": TOKENS["admin"]})
    return Admin(hall, headers["Set-Cookie"].partition(";")[0], session["csrf"])


async def signs_in(hall: Running, name: str, password: str) -> int:
    status, _, _ = await hall.call("POST", "/session", {"name": name, "password": password})
    return status


async def test_a_person_is_added_signs_in_and_is_disabled(hall: Running, admin: Admin):
    await admin.done("add_user", name="王芳", role="clerk", password=PASSWORD)
    assert "王芳" in await admin.see()
    assert await signs_in(hall, "王芳", PASSWORD) == 200
    await admin.done("set_password", name="王芳", password="another horse")
    assert await signs_in(hall, "王芳", PASSWORD) == 401
    _, session, headers = await hall.call(
        "POST", "/session", {"name": "王芳", "password": "another horse"}
    )
    cookie = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
    assert (await hall.call("GET", "/halls/demo/windows/1", headers=cookie))[0] == 200
    await admin.done("disable_user", name="王芳")
    # At once, not when what is remembered has faded.
    assert (await hall.call("GET", "/halls/demo/windows/1", headers=cookie))[0] == 401
    assert await signs_in(hall, "王芳", "another horse") == 401
    await admin.done("enable_user", name="王芳")
    assert await signs_in(hall, "王芳", "another horse") == 200


async def test_a_token_is_shown_once_and_revoked_at_once(hall: Running, admin: Admin):
    status, text = await admin.send(
        "add_token", token_name="desk 2", token_role="clerk", window="2"
    )
    assert status == 200
    token = re.search(r'id="token">([^<]+)<', text)[1]
    assert token not in await admin.see()
    path = "/halls/demo/windows/2"
    assert (await hall.call("GET", path, token=token))[0] == 200
    assert (await hall.call("GET", "/halls/demo/windows/1", token=token))[0] == 403
    digest = (await hall.store.accounts.token(token)).digest
    await admin.done("revoke_token", digest=digest)
    assert (await hall.call("GET", path, token=token))[0] == 401
    assert digest not in await admin.see()


async def test_everything_is_in_the_audit_and_no_secret_is(hall: Running, admin: Admin):
    await admin.done("add_user", name="li", role="manager", password=PASSWORD)
    await admin.done("disable_user", name="li")
    await admin.send("add_token", token_name="kiosk-9", token_role="kiosk")
    entries = await hall.store.audit.newest(3)
    assert [(one.by, one.action, one.subject, one.detail) for one in entries] == [
        ("admin:admin-1", "token_added", "kiosk-9", "kiosk"),
        ("admin:admin-1", "user_disabled", "li", ""),
        ("admin:admin-1", "user_added", "li", "manager"),
    ]
    text = await admin.see("?done=add_user")
    assert "停用人员" in text and PASSWORD not in text


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("add_user", {"name": "", "role": "clerk", "password": PASSWORD}, 422),
        ("add_user", {"name": "a:b", "role": "clerk", "password": PASSWORD}, 422),
        ("add_user", {"name": "x" * 65, "role": "clerk", "password": PASSWORD}, 422),
        ("add_user", {"name": "a\u202eb", "role": "clerk", "password": PASSWORD}, 422),
        ("add_user", {"name": "token", "role": "clerk", "password": PASSWORD}, 422),
        ("add_user", {"name": "wang", "role": "kiosk", "password": PASSWORD}, 422),
        ("add_user", {"name": "wang", "role": "clerk", "password": "short"}, 422),
        ("add_user", {"name": "wang", "role": "clerk", "password": "x" * 257}, 422),
        ("add_user", {}, 422),
        ("set_password", {"name": "nobody", "password": PASSWORD}, 404),
        ("disable_user", {"name": "nobody"}, 404),
        ("disable_user", {"name": "admin-1"}, 422),
        ("revoke_token", {"digest": "x"}, 404),
        ("add_token", {"token_name": "k", "token_role": "king"}, 422),
        ("add_token", {"token_name": "k", "token_role": "clerk", "window": "99"}, 422),
        ("add_token", {"token_name": "k", "token_role": "kiosk", "window": "1"}, 422),
        ("drop_everything", {}, 422),
    ],
)
async def test_garbage_changes_nothing(hall: Running, admin: Admin, action, fields, status):
    before = await hall.store.audit.newest()
    told, text = await admin.send(action, **fields)
    assert told == status, text
    assert await hall.store.audit.newest() == before


async def test_two_people_cannot_share_a_name(hall: Running, admin: Admin):
    await admin.done("add_user", name="wang", role="clerk", password=PASSWORD)
    status, text = await admin.send("add_user", name="wang", role="admin", password=PASSWORD)
    assert status == 422
    assert "已有同名人员" in text and 'value="wang"' in text and PASSWORD not in text


async def test_a_form_of_another_session_changes_nothing(hall: Running, admin: Admin):
    admin.csrf = "x" * 32
    status, _ = await admin.send("add_user", name="wang", role="admin", password=PASSWORD)
    assert status == 403
    assert await hall.store.accounts.user("wang") is None
