"""The journal, the devices, health and metrics, and the limits of the public."""

from __future__ import annotations

from queued.core.commands import IssueTicket
from queued.core.plan import Millis, QueueId
from queued.engine import hall as engine_hall
from queued.engine.codec import chain
from queued.engine.ports import HASH_ZERO, AppendFailed, JournalError
from queued.server.devices import PrintedSlip
from queued.server.limits import Addresses, Buckets
from tests.server.hall_under_test import CONFIG, START, Running, running


async def test_the_journal_page_by_page_proves_its_chain(hall: Running):
    for _ in range(7):
        await hall.take()
    seen, after = [], 0
    while after is not None:
        path = f"/halls/demo/journal?after={after}&limit=4"
        _, page, _ = await hall.call("GET", path, role="auditor")
        assert page["head"] == hall.seq
        seen += page["events"]
        after = page["next"]
    assert [event["seq"] for event in seen] == list(range(1, hall.seq + 1))
    assert seen[-1]["type"] == "TicketIssued"
    assert seen[-1]["body"]["number"] == "A007"
    assert seen[-1]["by"] == "kiosk:kiosk-1"
    previous = HASH_ZERO
    for record in await hall.store.journal.read("demo", 0):
        digest = chain(previous, record.seq, record.at, record.type, record.by, record.body)
        assert seen[record.seq - 1]["hash"] == digest.hex()
        previous = digest
    beyond = await hall.call("GET", "/halls/demo/journal?after=99999", role="auditor")
    assert beyond[1]["events"] == []
    assert beyond[1]["next"] is None


async def test_history_of_a_number_that_is_not_there(hall: Running):
    for number in ("A001", "Z999", "%00", "a", "A" * 100):
        path = f"/halls/demo/tickets/{number}/history"
        status, problem, _ = await hall.call("GET", path, role="clerk")
        assert (status, problem["code"]) == (404, "unknown_ticket")


async def test_history_finds_its_events_far_into_a_journal(tmp_path):
    config = CONFIG.replace('letter = "A"', 'letter = "A"\ndigits = 4')
    async with running(tmp_path, config=config) as hall:
        for number in range(1, 1201):
            if number % 400 == 0:
                hall.later(60)
            await hall.actor.submit(IssueTicket(queue=QueueId("general"), by="kiosk:k"))
        for number in ("A0001", "A0399", "A0400", "A0900", "A1200"):
            path = f"/halls/demo/tickets/{number}/history"
            status, told, _ = await hall.call("GET", path, role="clerk")
            assert status == 200, told
            assert [event["type"] for event in told["events"]] == ["TicketIssued"], number


# ── Devices ───────────────────────────────────────────────────────────────────────────────


async def test_the_devices(hall: Running):
    _, told, _ = await hall.call("GET", "/halls/demo/devices", role="manager")
    printer, strip = told["devices"]
    assert (printer["id"], printer["state"], printer["last_error"]) == ("printer-1", "ready", None)
    assert (strip["state"], strip["last_error"]) == ("broken", "unplugged")
    assert printer["since"] == "2026-11-23T10:00:00+08:00"


async def test_slips_of_a_virtual_printer(hall: Running, tmp_path):
    picture = tmp_path / "s1.png"
    picture.write_bytes(b"\x89PNG")
    gone = tmp_path / "gone.png"
    hall.devices.printed["printer-1"] = [
        PrintedSlip("s1", START, "A001", "您的号码 A001", picture),
        PrintedSlip("s0", START, "A000", "", gone),
    ]
    path = "/halls/demo/printers/printer-1/slips"
    _, told, _ = await hall.call("GET", path, role="manager")
    assert [slip["number"] for slip in told["slips"]] == ["A001", "A000"]
    assert told["strips"][0]["text"] == "请A001号到1号窗口"
    status, body, headers = await hall.call("GET", told["slips"][0]["picture"], role="manager")
    assert (status, body, headers["Content-Type"]) == (200, b"\x89PNG", "image/png")
    for wrong in ("s0", "s9", "..%2Fs1", "%2e%2e"):
        status, problem, _ = await hall.call("GET", f"{path}/{wrong}.png", role="manager")
        assert (status, problem["code"]) == (404, "not_found"), wrong
    path = "/halls/demo/printers/nothing/slips"
    status, problem, _ = await hall.call("GET", path, role="manager")
    assert (status, problem["code"]) == (404, "unknown_device")


# ── Health ────────────────────────────────────────────────────────────────────────────────


async def test_alive_and_ready(hall: Running):
    assert (await hall.page("/healthz"))[0] == 200
    status, text, _ = await hall.page("/readyz")
    assert (status, '"ready"' in text) == (200, True)


async def test_not_ready_says_why(hall: Running, monkeypatch):
    async def broken(_hall):
        raise JournalError("no")

    monkeypatch.setattr(hall.store.journal, "head", broken)
    status, text, headers = await hall.page("/readyz")
    assert (status, "journal of hall demo" in text) == (503, True)
    assert headers["Retry-After"]
    monkeypatch.undo()
    # Set from outside, so that no timer fires: nobody noticed the days in between.
    hall.clock._at = Millis(START + 400 * 86_400_000)
    status, text, _ = await hall.page("/readyz")
    assert (status, "clock" in text) == (503, True)


async def test_a_stopped_hall_refuses_politely(hall: Running):
    await hall.actor.stop()
    status, text, _ = await hall.page("/readyz")
    assert (status, "takes no commands" in text) == (503, True)
    status, problem, headers = await hall.call(
        "POST", "/halls/demo/tickets", {"queue": "general"}, role="kiosk"
    )
    assert (status, problem["code"]) == (503, "not_ready")
    assert headers["Retry-After"]
    assert (await hall.call("GET", "/halls/demo"))[0] == 200


async def test_a_full_mailbox_and_a_failed_append_are_503(hall: Running, monkeypatch):
    path, body = "/halls/demo/tickets", {"queue": "general"}
    with monkeypatch.context() as full:
        full.setattr(engine_hall, "MAILBOX_MAX", 0)
        status, problem, headers = await hall.call("POST", path, body, role="kiosk")
        assert (status, problem["code"], headers["Retry-After"]) == (503, "mailbox_full", "1")

    async def fails(_hall, _batch):
        raise AppendFailed("the disk is full")

    seq = hall.seq
    with monkeypatch.context() as broken:
        broken.setattr(hall.store.journal, "append", fails)
        status, problem, _ = await hall.call("POST", path, body, role="kiosk")
        assert (status, problem["code"]) == (503, "not_ready")
        assert "disk" not in str(problem)
    assert hall.seq == seq
    assert (await hall.call("POST", path, body, role="kiosk"))[0] == 201


async def test_a_bug_is_500_and_says_nothing(hall: Running, monkeypatch, caplog):
    def broken(*_facts, **_more):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(hall.site.lives["demo"].view, "_content", broken)
    await hall.take()
    for path in ("/halls/demo", "/halls/demo/queue-monitor"):
        status, problem, _ = await hall.call("GET", path)
        assert (status, problem["code"]) == (500, "internal")
        assert "secret detail" not in str(problem)
    status, text, headers = await hall.page("/h/demo/board")
    assert status == 500
    assert "secret detail" not in text
    assert "secret detail" in caplog.text


async def test_metrics_count_by_route_and_hold_no_token(hall: Running):
    ticket = await hall.take()
    await hall.call("GET", f"/tickets/{ticket['token']}")
    await hall.call("GET", "/halls/demo")
    status, text, _ = await hall.page("/metrics")
    assert status == 200
    assert 'queued_waiting{hall="demo",queue="general"} 1.0' in text
    assert 'queued_requests_total{route="GET /api/v1/tickets/{token}",status="200"} 1.0' in text
    assert 'queued_requests_total{route="GET /api/v1/halls/{hall}",status="200"} 1.0' in text
    assert 'queued_device_up{device="strip-1",kind="bx-fontcard"} 0.0' in text
    assert ticket["token"] not in text


async def test_health_is_for_the_local_network(tmp_path):
    config = CONFIG + 'trusted_proxies = ["127.0.0.1"]\n'
    async with running(tmp_path, config=config) as hall:
        for path in ("/healthz", "/readyz", "/metrics"):
            for address, expected in (("8.8.8.8", 403), ("192.168.1.7", 200), ("::1", 200)):
                status, _, _ = await hall.page(path, headers={"X-Forwarded-For": address})
                assert status == expected, (path, address)
    async with running(tmp_path, config=config, health_public=True) as hall:
        assert (await hall.page("/healthz", headers={"X-Forwarded-For": "8.8.8.8"}))[0] == 200


# ── Limits ────────────────────────────────────────────────────────────────────────────────


async def test_one_address_does_not_take_everything(tmp_path):
    config = CONFIG.replace("per_minute = 100000", "per_minute = 60")
    config += 'trusted_proxies = ["127.0.0.1"]\n'
    async with running(tmp_path, config=config) as hall:
        greedy, modest = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "203.0.113.6"}
        answers = [(await hall.call("GET", "/halls/demo", headers=greedy))[0] for _ in range(15)]
        assert answers[:10] == [200] * 10
        assert answers[-1] == 429
        status, problem, headers = await hall.call("GET", "/halls", headers=greedy)
        assert (status, problem["code"]) == (429, "too_many_requests")
        assert int(headers["Retry-After"]) >= 1
        assert (await hall.call("GET", "/halls/demo", headers=modest))[0] == 200
        # Trying tokens counts too.
        status, _, _ = await hall.call("GET", "/halls/demo/devices", token="x", headers=greedy)
        assert status == 429


async def test_a_kiosk_that_is_pressed_all_the_time(tmp_path):
    config = CONFIG.replace("tickets_per_minute = 1000", "tickets_per_minute = 12")
    config += 'trusted_proxies = ["127.0.0.1"]\n'
    async with running(tmp_path, config=config) as hall:
        headers = {"X-Forwarded-For": "203.0.113.5"}
        answers = [
            (await hall.call(
                "POST", "/halls/demo/tickets", {"queue": "general"}, role="kiosk", headers=headers
            ))[0]
            for _ in range(4)
        ]  # fmt: skip
        assert answers == [201, 201, 429, 429]


def test_a_bucket_fills_again_and_there_are_not_too_many():
    now = [0.0]
    buckets = Buckets(60, burst=2, most=100, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 1.0]
    now[0] += 0.5
    assert buckets.take("a") == 0.5
    now[0] += 0.5
    assert buckets.take("a") == 0.0
    buckets.give_back("a")
    assert buckets.take("a") == 0.0
    for number in range(1000):
        buckets.take(f"address {number}")
    assert len(buckets) == 100


class Asked:
    """As much of a request as addresses need."""

    def __init__(self, remote: str, forwarded: str | None = None) -> None:
        self.remote = remote
        self.headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}


def test_only_trusted_proxies_are_believed():
    addresses = Addresses(("127.0.0.1", "10.0.0.0/8"))
    for remote, forwarded, expected in (
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "garbage", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1," * 500, "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
    ):
        assert addresses.of(Asked(remote, forwarded)) == expected, (remote, forwarded)


def test_the_machine_itself_is_not_limited_but_what_it_forwards_is():
    addresses = Addresses(())
    assert addresses.limited(Asked("127.0.0.1")) is None
    assert addresses.limited(Asked("127.0.0.1", "203.0.113.9")) == "127.0.0.1"
    assert addresses.limited(Asked("192.168.1.5")) == "192.168.1.5"
