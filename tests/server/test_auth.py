"""Who may do what: every role on every route, sessions, CSRF, guessing passwords."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

import pytest

from queued.server import auth
from queued.server.routes import ROUTES, Route
from tests.server.hall_under_test import CHEAP_HASHER, CONFIG, PASSWORD, TOKENS, Running, running

NOBODY = None
FILLED = {
    "hall": "demo", "window": "1", "number": "A001", "device": "printer-1", "slip": "s1",
    "path": "js/dom.js", "alarm": "1", "code": "YY0001", "other": "A001",
}  # fmt: skip

MAY = {
    "tickets.take": {"kiosk", "clerk", "manager", "admin", "remote"},
    "windows": {"clerk", "manager", "admin"},
    "reprint": {"kiosk", "clerk", "manager", "admin"},
    "devices": {"manager", "admin"},
    "alarms": {"manager", "admin"},
    "readers": {"kiosk", "manager", "admin"},
    "printers": {"manager", "admin", "device"},
    "journal": {"auditor", "admin"},
    "history": {"clerk", "auditor", "manager", "admin"},
    "floor": {"manager", "admin"},
    "admin": {"admin"},
    "kiosk page": {"kiosk", "manager", "admin"},
    "checkin": {"kiosk", "clerk", "manager", "admin"},
    "appointments": {"remote", "admin"},
    "voices": {"display", "manager", "admin"},
}
"""Written out by hand: the table of routes is compared with this, not with itself."""


def expected(route: Route) -> set[str] | None:
    """Who may use `route`; None is everybody."""
    path, post = route.path, route.method == "POST"
    if path.endswith(("/history", "/story")) or "/before/" in path:
        return MAY["history"]
    if path.endswith(("/floor", "/assign", "/seat")):
        return MAY["floor"]
    if "/admin" in path:
        return MAY["admin"]
    if path.endswith(("/halls/{hall}/tickets", "/arrival")):
        return MAY["tickets.take"]
    if "/windows" in path:
        return MAY["windows"]
    if path.endswith("/slip") and post:
        return MAY["reprint"]
    if "/printers/" in path:
        return MAY["printers"]
    for word in ("/alarms", "/readers/"):
        if word in path:
            return MAY[word.strip("/")]
    for word in ("devices", "journal", "checkin", "appointments", "voices"):
        if path.endswith(word) or f"/{word}/" in path:
            return MAY[word]
    return MAY["kiosk page"] if path.endswith("/kiosk") else None


def sample(route: Route, token: str) -> str:
    values = {**FILLED, "token": token}
    return re.sub(r"\{(\w+)(?::[^}]*)?\}", lambda found: values[found[1]], route.path)


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if not route.page and route.media != "text/event-stream"],
    ids=lambda route: f"{route.method} {route.path}",
)
async def test_every_role_on_every_route_of_the_api(hall: Running, route: Route):
    token = (await hall.take())["token"]
    allowed = expected(route)
    for role in (NOBODY, *TOKENS):
        seq = hall.seq
        path = sample(route, token)
        status, body, _ = await hall.call(
            route.method, path, {} if route.method == "POST" else None, role=role
        ) if path.startswith("/api") else (await hall.page(path, method=route.method))
        if route.path.endswith("/session"):
            continue  # tells who one is; tested below
        if allowed is None or role in allowed:
            assert status not in (401, 403), (role, body)
        else:
            assert status == (401 if role is NOBODY else 403), (role, body)
            assert body["code"] == ("unauthenticated" if role is NOBODY else "forbidden")
            assert hall.seq == seq


SHOWN = {route.path for route in ROUTES if route.method == "GET"}
QUERY = {"/h/{hall}/admin/content/page": "?new=news"}


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.page and route.roles and route.path in SHOWN],
    ids=lambda one: one.path,
)
async def test_every_role_on_every_page(written_hall: Running, route: Route):
    hall = written_hall
    allowed = expected(route)
    assert allowed is not None
    path = sample(route, "") + QUERY.get(route.path, "")
    status, _, headers = await hall.page(path)
    assert status == 303
    assert headers["Location"] == f"/login?next={quote(path, safe='/')}"
    for role in TOKENS:
        _, _, headers = await hall.call("POST", "/session", {"token": TOKENS[role]})
        cookie = headers["Set-Cookie"].partition(";")[0]
        status, _, _ = await hall.page(path, headers={"Cookie": cookie})
        assert status == (200 if role in allowed else 403), role


async def test_wrong_credentials_are_401_whatever_they_look_like(hall: Running):
    path = "/halls/demo/devices"
    for credentials in (
        "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "x", "Bearer " + "a" * 5000,
        "Bearer tökén", "bearer " + TOKENS["manager"] + "x",
    ):  # fmt: skip
        status, problem, headers = await hall.call(
            "GET", path, headers={"Authorization": credentials}
        )
        assert (status, problem["code"]) == (401, "unauthenticated"), credentials
        assert headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_revoked_token_opens_nothing_after_a_few_seconds(hall: Running):
    doors = hall.site.doors
    now = [0.0]
    doors._monotonic = lambda: now[0]
    path = "/halls/demo/devices"
    assert (await hall.call("GET", path, role="manager"))[0] == 200
    stored = await hall.store.accounts.token(TOKENS["manager"])
    await hall.store.accounts.revoke_token(stored.digest, hall.clock.now())
    now[0] += auth.REMEMBERED_S
    assert (await hall.call("GET", path, role="manager"))[0] == 401


# ── Sessions ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def people(hall: Running) -> Running:
    """Clerk Wang can sign in."""
    hashed = CHEAP_HASHER.hash(PASSWORD)
    await hall.store.accounts.add_user("wang", "clerk", hashed, hall.clock.now())
    return hall


async def sign_in(hall: Running, name: str = "wang", password: str = PASSWORD):
    status, session, headers = await hall.call(
        "POST", "/session", {"name": name, "password": password}
    )
    cookie = headers.get("Set-Cookie", "")
    return status, session, cookie


async def test_a_person_signs_in_acts_and_signs_out(people: Running):
    status, session, cookie = await sign_in(people)
    assert status == 200
    assert session["name"] == "wang"
    assert session["roles"] == ["clerk"]
    assert session["window"] is None
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert attribute in cookie
    assert "Secure" not in cookie
    sent = {"Cookie": cookie.partition(";")[0]}
    _, told, _ = await people.call("GET", "/session", headers=sent)
    assert told == session
    act = "/halls/demo/windows/1/open"
    headers = {**sent, "X-CSRF-Token": session["csrf"]}
    assert (await people.call("POST", act, headers=headers))[0] == 200
    assert people.actor.hall.windows["1"].clerk == "clerk:wang"
    assert (await people.call("DELETE", "/session", headers=headers))[0] == 204
    assert (await people.call("GET", "/session", headers=sent))[0] == 401
    assert (await people.call("POST", act, headers=headers))[0] == 401


async def test_a_change_with_a_cookie_needs_the_token_of_its_session(people: Running):
    _, session, cookie = await sign_in(people)
    _, other, _ = await sign_in(people)
    sent = {"Cookie": cookie.partition(";")[0]}
    seq = people.seq
    for wrong in (None, "", "x", other["csrf"], session["csrf"] + "x", "é"):
        headers = sent if wrong is None else {**sent, "X-CSRF-Token": wrong}
        for method, path in (("POST", "/halls/demo/windows/1/open"), ("DELETE", "/session")):
            status, problem, _ = await people.call(method, path, headers=headers)
            assert (status, problem["code"]) == (403, "csrf"), wrong
    assert people.seq == seq
    # Negative control: the right one opens.
    headers = {**sent, "X-CSRF-Token": session["csrf"]}
    assert (await people.call("POST", "/halls/demo/windows/1/open", headers=headers))[0] == 200


async def test_a_session_ends_by_itself_and_with_its_person(people: Running):
    now = [0.0]
    people.site.doors._monotonic = lambda: now[0]
    _, _, cookie = await sign_in(people)
    sent = {"Cookie": cookie.partition(";")[0]}
    people.later(12 * 3600)
    assert (await people.call("GET", "/session", headers=sent))[0] == 401
    _, _, cookie = await sign_in(people)
    sent = {"Cookie": cookie.partition(";")[0]}
    assert (await people.call("GET", "/session", headers=sent))[0] == 200
    await people.store.accounts.disable_user("wang", people.clock.now())
    now[0] += auth.REMEMBERED_S
    assert (await people.call("GET", "/session", headers=sent))[0] == 401
    assert (await sign_in(people))[0] == 401


async def test_nobody_learns_which_names_exist(people: Running):
    _, unknown, _ = await sign_in(people, name="nobody")
    _, wrong, _ = await sign_in(people, password="wrong")
    assert unknown == wrong
    assert unknown["code"] == "bad_login"


async def test_an_unknown_name_costs_a_verification_too(people: Running, monkeypatch):
    checked = []
    verify = people.site.doors._verify

    def counted(hashed: str, given: str) -> bool:
        checked.append(hashed)
        return verify(hashed, given)

    monkeypatch.setattr(people.site.doors, "_verify", counted)
    await sign_in(people, name="nobody")
    await sign_in(people, password="wrong")
    assert len(checked) == 2


async def test_guessing_is_slowed_down_and_signing_in_is_not(people: Running):
    for _ in range(8):
        assert (await sign_in(people))[0] == 200
    answers = [(await sign_in(people, password=f"guess {n}"))[0] for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    status, problem, headers = await people.call(
        "POST", "/session", {"name": "wang", "password": PASSWORD}
    )
    assert (status, problem["code"]) == (429, "too_many_requests")
    assert int(headers["Retry-After"]) >= 1


async def test_a_name_is_guarded_against_many_addresses(tmp_path):
    config = CONFIG + 'trusted_proxies = ["127.0.0.1"]\n'
    async with running(tmp_path, config=config) as hall:

        async def guess(number: int) -> int:
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            body = {"name": "wang", "password": "guess"}
            return (await hall.call("POST", "/session", body, headers=headers))[0]

        # All at once: between slow password checks of a busy machine the limit recovers.
        answers = await asyncio.gather(*(guess(number) for number in range(60)))
        assert set(answers) == {401, 429}
        assert answers.count(401) >= 25


async def test_behind_tls_the_cookie_is_secure(tmp_path):
    config = CONFIG + 'public_url = "https://hall.example"\n'
    async with running(tmp_path, config=config) as hall:
        _, _, headers = await hall.call("POST", "/session", {"token": TOKENS["kiosk"]})
        assert "Secure" in headers["Set-Cookie"]
        _, _, headers = await hall.page("/")
        assert headers["Strict-Transport-Security"]


async def test_a_token_in_a_browser_keeps_its_window(hall: Running):
    token = "bound-token-of-window-2"
    await hall.store.accounts.add_token(token, "clerk", "zhang", hall.clock.now(), window="2")
    status, session, headers = await hall.call("POST", "/session", {"token": token})
    assert (status, session["window"]) == (200, "2")
    sent = {
        "Cookie": headers["Set-Cookie"].partition(";")[0],
        "X-CSRF-Token": session["csrf"],
    }
    for window, expected_status in (("2", 200), ("1", 403)):
        path = f"/halls/demo/windows/{window}/open"
        assert (await hall.call("POST", path, headers=sent))[0] == expected_status
    status, problem, _ = await hall.call("POST", "/session", {"token": "no-such-token"})
    assert (status, problem["code"]) == (401, "bad_login")


async def test_secrets_stay_out_of_the_log(people: Running, caplog):
    caplog.set_level("DEBUG")
    ticket = await people.take()
    await people.page(f"/t/{ticket['token']}")
    await people.call("GET", f"/tickets/{ticket['token']}")
    await sign_in(people, password="a-very-secret-guess")
    for secret in (ticket["token"], "a-very-secret-guess", *TOKENS.values()):
        assert secret not in caplog.text
