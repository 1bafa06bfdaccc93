"""Bad input of every kind: a clear problem, never a 500, and nothing in the hall changes."""

from __future__ import annotations

import asyncio
import gzip
import json
import string
import threading
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queued.server import edge, listening
from queued.server.limits import BODY_BYTES_MAX
from queued.server.routes import ROUTES
from queued.server.windows import ACTIONS
from tests.server.hall_under_test import TOKENS, Running, running

TICKETS = "/halls/demo/tickets"


async def refused(
    hall: Running, status: int, code: str, data: Any, path: str = TICKETS, **headers: str
) -> dict[str, Any]:
    seq = hall.seq
    sent = {"Content-Type": "application/json", **headers}
    answered, problem, got = await hall.call("POST", path, role="admin", data=data, headers=sent)
    assert (answered, problem["code"]) == (status, code), problem
    assert got["Content-Type"] == "application/problem+json"
    assert set(problem) >= {"type", "title", "status", "code", "detail"}
    assert "Traceback" not in json.dumps(problem)
    assert hall.seq == seq
    return problem


@pytest.mark.parametrize(
    "data",
    [b"{", b"", b"nul", b'{"queue":}', b"\xff\xfe{}", b'{"queue":"\xff"}', b"[" * 20_000,
     b'{"queue":"\\ud800"}', b'{"queue":NaN}', b"\x00", b'{"queue":"general"} x'],
)  # fmt: skip
async def test_what_is_not_json_is_malformed(hall: Running, data: bytes):
    if data == b"":
        await refused(hall, 422, "invalid", data)
    else:
        await refused(hall, 400, "malformed", data)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, ""), ([], ""), ("x", ""), (None, ""), (7, ""),
        ({"queue": 7}, "queue"),
        ({"queue": None}, ""),
        ({"queue": "general", "service": "company-setup"}, ""),
        ({"queue": "GENERAL"}, "queue"),
        ({"queue": "a" * 33}, "queue"),
        ({"queue": "general\n"}, "queue"),
        ({"queue": "general", "party": 0}, "party"),
        ({"queue": "general", "party": 10**30}, "party"),
        ({"queue": "general", "party": 1.5}, "party"),
        ({"queue": "general", "language": "fr"}, "language"),
        ({"queue": "general", "slip": "huge"}, "slip"),
        ({"queue": "general", "slip": None}, "slip"),
        ({"queue": "general", "clas": "priority"}, ""),
        ({"queue": "general", "class": ["priority"]}, "class"),
    ],
)  # fmt: skip
async def test_what_is_wrong_says_where(hall: Running, body: Any, path: str):
    problem = await refused(hall, 422, "invalid", json.dumps(body).encode())
    assert problem["errors"][0]["path"] == path
    assert problem["errors"][0]["message"]


async def test_names_that_do_not_exist(hall: Running):
    for body, code in (
        ({"queue": "nowhere"}, "unknown_queue"),
        ({"service": "nothing"}, "unknown_service"),
        ({"queue": "general", "class": "vip"}, "unknown_class"),
    ):
        await refused(hall, 404, code, json.dumps(body).encode())


async def test_wrong_kinds_of_content(hall: Running):
    body = b'{"queue":"general"}'
    for kind in ("text/plain", "application/xml", "", "application/json2", "garbage;;;=", "*/*"):
        await refused(hall, 415, "unsupported_media_type", body, **{"Content-Type": kind})
    packed = gzip.compress(body)
    for encoding in ("gzip", "br", "deflate", "x"):
        await refused(
            hall, 415, "unsupported_media_type", packed, **{"Content-Encoding": encoding}
        )


async def test_too_much_content(hall: Running):
    big = b'{"queue":"' + b"a" * BODY_BYTES_MAX + b'"}'
    await refused(hall, 413, "too_large", big)

    async def endless():
        for _ in range(2000):
            yield b" " * 1000

    seq = hall.seq
    try:
        status, problem, _ = await hall.call(
            "POST", TICKETS, role="kiosk", data=endless(),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        assert (status, problem["code"]) == (413, "too_large")
    except (aiohttp.ClientError, OSError):
        pass  # the server hung up before it had all of it
    assert hall.seq == seq


async def test_keys_that_are_none(hall: Running):
    body = b'{"queue":"general"}'
    for key in ("", " ", "a" * 65, "a b", "clé"):
        await refused(hall, 400, "malformed", body, **{"Idempotency-Key": key})
    answer = await spoken(
        hall,
        b"POST /api/v1/halls/demo/tickets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer " + TOKENS["kiosk"].encode() + b"\r\n"
        b"Content-Type: application/json\r\nContent-Length: 19\r\n"
        b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n" + body,
    )
    assert answer.startswith(b"HTTP/1.1 400")
    assert hall.seq == 2


async def test_wrong_methods_say_which_are_right(hall: Running):
    status, problem, headers = await hall.call("PUT", TICKETS)
    assert (status, problem["code"]) == (405, "method_not_allowed")
    assert headers["Allow"] == "OPTIONS, POST"
    status, _, headers = await hall.call("OPTIONS", "/halls/demo")
    assert (status, headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    status, problem, _ = await hall.call("OPTIONS", "/nothing")
    assert (status, problem["code"]) == (404, "not_found")


async def test_bad_queries_of_the_journal(hall: Running):
    for query in ("after=-1", "after=x", "limit=0", "limit=1001", "limit=１", "after=" + "9" * 30,
                  "after=", "limit=1e3"):  # fmt: skip
        status, problem, _ = await hall.call(
            "GET", f"/halls/demo/journal?{query}", role="auditor"
        )
        assert (status, problem["code"]) == (422, "invalid"), query
        assert problem["errors"][0]["path"] in query


async def spoken(hall: Running, raw: bytes, until: bytes = b"") -> bytes:
    """What the server answers to bytes that no client would send, up to `until`."""
    host, port = hall.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    answer = b""
    try:
        async with asyncio.timeout(20 if until else 1):
            while piece := await reader.read(65536):
                answer += piece
                if until and until in answer:
                    break
    except (ConnectionError, TimeoutError):
        pass  # it hung up, or waits for the rest of what will never be a request
    finally:
        writer.close()
    return answer


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v1/halls/demo HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /t/secret-token HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    ],
    ids=range(12),
)
async def test_what_is_not_http(hall: Running, raw: bytes, caplog):
    caplog.set_level("DEBUG")
    answer = await spoken(hall, raw)
    assert not answer or answer.split()[1] in (b"400", b"404", b"405", b"415"), answer
    assert b"Traceback" not in answer and b"aiohttp" not in answer
    assert "secret-token" not in caplog.text
    assert hall.seq == 2
    assert (await hall.call("GET", "/halls/demo"))[0] == 200


async def test_expectations(hall: Running):
    head = (
        b"POST /api/v1/halls/demo/tickets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer " + TOKENS["kiosk"].encode() + b"\r\n"
        b"Content-Type: application/json\r\n"
    )
    body = b'{"queue":"general"}'
    for rest, begin in (
        (b"Expect: 100-continue\r\nContent-Length: 19\r\n\r\n" + body,
         b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201"),
        (b"Expect: miracles\r\nContent-Length: 19\r\n\r\n" + body, b"HTTP/1.1 400"),
        (b"Expect: 100-continue\r\nContent-Length: 999999\r\n\r\n", b"HTTP/1.1 413"),
    ):  # fmt: skip
        assert (await spoken(hall, head + rest, until=begin)).startswith(begin)


async def test_who_connects_and_does_not_ask_is_hung_up_on(hall: Running, monkeypatch):
    monkeypatch.setattr(listening, "FIRST_REQUEST_WITHIN_S", 0.05)
    host, port = hall.url.removeprefix("http://").split(":")
    for begun in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(begun)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
    # Negative control: who asks keeps the connection.
    reader, writer = await asyncio.open_connection(host, int(port))
    for _ in range(2):
        writer.write(b"GET /api/v1/halls/demo HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        await reader.readexactly(length)
        await asyncio.sleep(0.1)  # longer than the patience with silence
    writer.close()


async def test_a_body_that_drips_is_not_waited_for(hall: Running, monkeypatch):
    monkeypatch.setattr(edge, "BODY_WITHIN_S", 0.05)
    answer = await spoken(
        hall,
        b"POST /api/v1/halls/demo/tickets HTTP/1.1\r\nHost: x\r\n"
        b"Authorization: Bearer " + TOKENS["kiosk"].encode() + b"\r\n"
        b'Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{"queue"',
    )
    assert answer.startswith(b"HTTP/1.1 400")
    assert hall.seq == 2


# ── The sweep ─────────────────────────────────────────────────────────────────────────────

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    ["queue", "service", "class", "number", "window", "place", "reason", "outcome", "name",
     "password", "token", "party", "take_over", "slip"]
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(FIELDS, JSON, max_size=4).map(lambda value: json.dumps(value).encode()),
)
PIECES = st.text(
    alphabet=string.ascii_letters
    + string.digits
    + "%-_.~!$&'()*+,;=:@\\\"<>|^`{} \u00e9\u4e2d\x7f",
    min_size=1,
    max_size=12,
)
PATHS = st.sampled_from(sorted({route.path for route in ROUTES}))
METHODS = st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "BREW"])
KINDS = st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded"])


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_garbage_breaks_or_changes_anything(swept: Sweep, data: st.DataObject):
    path = data.draw(PATHS)
    for variable in ("window", "number", "token", "device", "slip", "path:.+"):
        path = path.replace("{" + variable + "}", data.draw(PIECES))
    path = path.replace("{hall}", data.draw(st.just("demo") | PIECES))
    swept.send(data.draw(METHODS), path, data.draw(BODIES), data.draw(KINDS))


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(action=st.sampled_from(sorted(ACTIONS)), body=BODIES)
def test_no_garbage_moves_a_closed_window(swept: Sweep, action: str, body: bytes):
    if action != "open":  # the one action that a closed window allows
        swept.send("POST", f"/api/v1/halls/demo/windows/1/{action}", body, "application/json")


class Sweep:
    """Sends garbage as an administrator, in the loop that the hall runs in."""

    def __init__(self, hall: Running, loop: asyncio.AbstractEventLoop) -> None:
        self.hall, self.loop = hall, loop

    def send(self, method: str, path: str, body: bytes, kind: str) -> None:
        if path.endswith(("/stream", "/open")):
            return
        sending = self._send(method, path, body, kind)
        asyncio.run_coroutine_threadsafe(sending, self.loop).result(30)

    async def _send(self, method: str, path: str, body: bytes, kind: str) -> None:
        hall = self.hall
        seq = hall.seq
        headers = {"Content-Type": kind, "Authorization": f"Bearer {TOKENS['admin']}"}
        try:
            async with hall.http.request(
                method, hall.url + path, data=body, headers=headers, allow_redirects=False
            ) as answer:
                text = await answer.read()
        except aiohttp.InvalidURL:
            return
        except ValueError:
            return  # the client itself does not send this
        ready = path.endswith("/readyz")
        assert answer.status < 500 or ready, (method, path, body, text)
        assert b"Traceback" not in text
        assert hall.seq == seq, (method, path, body)


@pytest.fixture
def swept(tmp_path):
    """A hall in a thread of its own: hypothesis drives it from outside of its loop."""
    ready: list[Sweep] = []
    started, end = threading.Event(), []

    async def serve() -> None:
        stop = asyncio.Event()
        async with running(tmp_path) as hall:
            ready.append(Sweep(hall, asyncio.get_running_loop()))
            end.append(stop)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    yield ready[0]
    ready[0].loop.call_soon_threadsafe(end[0].set)
    thread.join(20)
