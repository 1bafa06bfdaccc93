"""Pages: they render with real data, carry the headers, work as forms, send people to sign in."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser

import pytest

from queued.server.security import CONTENT_SECURITY_POLICY
from tests.server.hall_under_test import (
    CHEAP_HASHER,
    CONFIG,
    PASSWORD,
    TOKENS,
    Running,
    running,
)


class Inline(HTMLParser):
    """Finds what the content security policy would refuse to run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.found += [name for name in attributes if name.startswith("on") or name == "style"]
        data = attributes.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in attributes and not data):
            self.found.append(tag)


async def cookie_of(hall: Running, role: str) -> dict[str, str]:
    _, _, headers = await hall.call("POST", "/session", {"token": TOKENS[role]})
    return {"Cookie": headers["Set-Cookie"].partition(";")[0]}


def checked(text: str, headers) -> None:
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers
    parser = Inline()
    parser.feed(text)
    assert parser.found == []


def test_the_policy_allows_nothing_inline():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


async def test_every_page_renders_in_both_languages(hall: Running):
    ticket = await hall.take()
    await hall.open_window()
    sent = await cookie_of(hall, "admin")
    for path in (
        "/", "/h/demo/board", "/h/demo/status", "/h/demo/kiosk", "/h/demo/windows",
        "/h/demo/windows/1", "/h/demo/printers/printer-1", "/login", "/api/docs",
        f"/t/{ticket['token']}", f"/t/{ticket['token']}/leave",
    ):  # fmt: skip
        for language, mark in (("zh", 'lang="zh-CN"'), ("en", 'lang="en"')):
            headers = {**sent, "Accept-Language": language}
            status, text, answered = await hall.page(path, headers=headers)
            assert status == 200, path
            assert mark in text
            assert answered["Content-Type"] == "text/html; charset=utf-8"
            checked(text, answered)


async def test_the_language_link_is_remembered(hall: Running):
    _, text, headers = await hall.page("/h/demo/status?lang=en")
    assert 'lang="en"' in text
    sent = {"Cookie": headers["Set-Cookie"].partition(";")[0], "Accept-Language": "zh"}
    _, text, _ = await hall.page("/h/demo/board", headers=sent)
    assert 'lang="en"' in text


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/h/demo/status?lang=zh&q=%E6%8A%A4%E7%85%A7", "?q=%E6%8A%A4%E7%85%A7&amp;lang=en"),
        ("/h/nowhere/board?zone=east", "?zone=east&amp;lang=en"),  # an error page
        ("/login?next=/h/demo/floor", "?next=%2Fh%2Fdemo%2Ffloor&amp;lang=en"),
        ('/login?a="><i>&lang=xx', "?a=%22%3E%3Ci%3E&amp;lang=en"),
        ("/login", "?lang=en"),
    ],
)
async def test_another_language_is_the_same_page(hall: Running, path: str, link: str):
    _, text, _ = await hall.page(path)
    assert f'href="{link}"' in text


async def test_static_files_are_cached_by_their_content(hall: Running):
    _, text, _ = await hall.page("/h/demo/status")
    address = re.search(r'href="(/static/css/[^"]+)"', text)[1]
    status, _, headers = await hall.page(address)
    assert status == 200
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    bare = address.partition("?")[0]
    for stale in (bare, bare + "?v=000000000000"):
        _, _, headers = await hall.page(stale)
        assert headers["Cache-Control"] == "no-cache"
    status, _, _ = await hall.page(bare, headers={"If-None-Match": headers["ETag"]})
    assert status == 304


@pytest.mark.parametrize(
    "path",
    ["../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "js/../../pages.py", "js", "",
     "/etc/passwd", "js/%00dom.js", "....//pages.py"],
)  # fmt: skip
async def test_no_path_leads_out_of_the_folder(hall: Running, path: str):
    host, port = hall.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /static/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"404", b"400", b"405"), answer
    assert b"Renders the pages" not in answer


async def test_leaving_works_without_javascript(hall: Running):
    ticket = await hall.take()
    path = f"/t/{ticket['token']}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):  # pressed twice: no error
        status, _, headers = await hall.page(f"{path}/leave", method="POST", headers=form)
        assert (status, headers["Location"]) == (303, path)
    assert hall.actor.hall.ticket(1).status.value == "cancelled"
    status, text, _ = await hall.page(path)
    assert status == 200
    assert ticket["number"] in text


async def test_an_unknown_ticket_is_a_page_too(hall: Running):
    for path in ("/t/nonsense", "/t/nonsense/leave", "/t/nonsense/qr.svg"):
        status, text, headers = await hall.page(path)
        assert status == 404
        checked(text, headers)


async def test_the_qr_code_is_a_picture(hall: Running):
    ticket = await hall.take()
    status, text, headers = await hall.page(f"/t/{ticket['token']}/qr.svg")
    assert status == 200
    assert headers["Content-Type"] == "image/svg+xml"
    assert "<svg" in text
    assert ticket["token"] not in text


async def test_unknown_addresses_are_pages_for_people_and_problems_for_programs(hall: Running):
    browser = {"Accept": "text/html,*/*"}
    status, text, headers = await hall.page("/no/such/page", headers=browser)
    assert status == 404
    checked(text, headers)
    status, text, headers = await hall.page("/api/v1/nothing", headers=browser)
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")
    status, text, headers = await hall.page("/h/nowhere/board", headers=browser)
    assert status == 404
    assert headers["Content-Type"].startswith("text/html")


# ── Signing in by form ────────────────────────────────────────────────────────────────────


async def form_of(hall: Running, where: str = "") -> tuple[dict[str, str], dict[str, str]]:
    _, text, headers = await hall.page(f"/login{where}")
    csrf = re.search(r'name="csrf" value="([^"]+)"', text)[1]
    return {"csrf": csrf}, {"Cookie": headers["Set-Cookie"].partition(";")[0]}


@pytest.fixture
async def people(hall: Running) -> Running:
    hashed = CHEAP_HASHER.hash(PASSWORD)
    await hall.store.accounts.add_user("wang", "clerk", hashed, hall.clock.now())
    return hall


async def test_signing_in_leads_back_to_where_one_wanted_to_go(people: Running):
    fields, sent = await form_of(people)
    fields |= {"name": "wang", "password": PASSWORD, "next": "/h/demo/windows/1?lang=en"}
    status, _, headers = await people.page("/login", method="POST", data=fields, headers=sent)
    assert (status, headers["Location"]) == (303, "/h/demo/windows/1?lang=en")
    cookies = "; ".join(one.partition(";")[0] for one in headers.getall("Set-Cookie"))
    status, text, _ = await people.page("/h/demo/windows/1", headers={"Cookie": cookies})
    assert status == 200


@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "evil",
     "/\t/evil.example", "/%0d%0aSet-Cookie:x=y\r\n", "", "/" + "a" * 600, "///evil.example"],
)  # fmt: skip
async def test_signing_in_never_leads_to_another_site(people: Running, evil: str):
    fields, sent = await form_of(people)
    fields |= {"name": "wang", "password": PASSWORD, "next": evil}
    status, _, headers = await people.page("/login", method="POST", data=fields, headers=sent)
    assert (status, headers["Location"]) == (303, "/h/demo/windows"), "where a clerk works"


@pytest.mark.parametrize(
    ("role", "where"),
    [("kiosk", "/h/demo/kiosk"), ("display", "/h/demo/board"), ("manager", "/h/demo/floor"),
     ("admin", "/h/demo/admin"), ("auditor", "/h/demo/story"), ("remote", "/")],
)  # fmt: skip
async def test_who_did_not_say_where_to_go_is_led_to_his_work(hall: Running, role, where):
    fields, sent = await form_of(hall)
    fields |= {"name": "token", "password": TOKENS[role]}
    status, _, headers = await hall.page("/login", method="POST", data=fields, headers=sent)
    assert (status, headers["Location"]) == (303, where)


async def test_a_wrong_password_shows_the_form_again(people: Running):
    fields, sent = await form_of(people)
    fields |= {"name": "wang", "password": "wrong", "next": "/h/demo/kiosk"}
    status, text, headers = await people.page("/login", method="POST", data=fields, headers=sent)
    assert status == 401
    assert "login-error" in text
    assert 'value="/h/demo/kiosk"' in text
    assert 'value="wang"' in text, "only the password is typed again"
    assert "wrong" not in text
    assert "queued_session" not in str(headers.getall("Set-Cookie"))


async def test_a_form_of_another_browser_is_refused(people: Running):
    fields, _ = await form_of(people)
    _, others = await form_of(people)
    fields |= {"name": "wang", "password": PASSWORD}
    for sent in ({}, others):
        status, _, headers = await people.page("/login", method="POST", data=fields, headers=sent)
        assert status == 403
        assert "queued_session" not in str(headers.getall("Set-Cookie", ()))


async def test_signing_out_by_form_needs_the_token_of_the_session(people: Running):
    _, session, headers = await people.call(
        "POST", "/session", {"name": "wang", "password": PASSWORD}
    )
    sent = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
    status, _, _ = await people.page("/logout", method="POST", data={"csrf": "x"}, headers=sent)
    assert status == 403
    assert (await people.call("GET", "/session", headers=sent))[0] == 200
    fields = {"csrf": session["csrf"]}
    status, _, headers = await people.page("/logout", method="POST", data=fields, headers=sent)
    assert (status, headers["Location"]) == (303, "/login")
    assert (await people.call("GET", "/session", headers=sent))[0] == 401


async def test_a_machine_signs_in_with_its_token_in_the_form(hall: Running):
    fields, sent = await form_of(hall)
    fields |= {"name": "token", "password": TOKENS["kiosk"], "next": "/h/demo/kiosk"}
    status, _, headers = await hall.page("/login", method="POST", data=fields, headers=sent)
    assert (status, headers["Location"]) == (303, "/h/demo/kiosk")


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"a=%ff&csrf=%00", b"&&&===", b"csrf=" + b"x" * 5000]
)
async def test_garbage_in_the_form(hall: Running, body: bytes):
    form = "application/x-www-form-urlencoded"
    for kind in (form, f"{form}; charset=x", "multipart/form-data; boundary=x", "text/plain"):
        sent = {"Content-Type": kind}
        status, _, _ = await hall.page("/login", method="POST", data=body, headers=sent)
        assert status in (400, 401, 403, 415), (kind, status)


# ── The demonstration ─────────────────────────────────────────────────────────────────────


async def test_the_demonstration_lets_everybody_in_as_its_manager(tmp_path):
    async with running(tmp_path, config=CONFIG, demo=True) as hall:
        status, _, headers = await hall.page(
            "/demo/enter", method="POST", data={"as": "manager", "next": "/h/demo/windows/1"}
        )
        assert (status, headers["Location"]) == (303, "/h/demo/windows/1")
        sent = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
        status, text, _ = await hall.page("/h/demo/windows/1", headers=sent)
        assert status == 200
        csrf = re.search(r'<meta name="csrf" content="([^"]+)"', text)[1]
        sent["X-CSRF-Token"] = csrf
        assert (await hall.call("POST", "/halls/demo/windows/1/open", headers=sent))[0] == 200
        body = {"queue": "general"}
        assert (await hall.call("POST", "/halls/demo/tickets", body, headers=sent))[0] == 201
        # A link straight to a page works too, without going in circles.
        status, _, headers = await hall.page("/h/demo/kiosk?lang=en")
        assert (status, headers["Location"]) == (303, "/h/demo/kiosk?lang=en&demo=1")
        status, _, headers = await hall.page(headers["Location"])
        assert headers["Location"].startswith("/login?next=")


async def test_outside_the_demonstration_its_door_does_not_exist(hall: Running):
    status, _, _ = await hall.page("/demo/enter", method="POST", data={"as": "manager"})
    assert status == 404
    status, _, headers = await hall.page("/h/demo/kiosk")
    assert headers["Location"] == "/login?next=/h/demo/kiosk"
