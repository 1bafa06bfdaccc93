"""What the server would give the pages: realistic, empty and hostile, in the shapes of the API."""

from __future__ import annotations

from typing import Any

from tests.display import usual
from tests.display.offered import QUEUES, hours, services

HALL = {"id": "demo", "name": "市民服务中心"}
NOW = "2026-11-23T10:15:30+08:00"
TOKEN = "3f9a1c7be2d04856aa10"


def queue(position: int, status: str = "open") -> dict[str, Any]:
    """A queue of the snapshot; the second has nobody waiting, the third no estimate."""
    id, name, letter = QUEUES[position]
    waiting = (12, 0, 7, 24, 3, 41)[position]
    p50 = 180 * waiting
    return {
        "id": id,
        "name": name,
        "letter": letter,
        "status": status,
        "waiting": waiting,
        "windows": 3,
        "last_called": None if position == 1 else f"{letter}017",
        "order": [f"{letter}{18 + place:03d}" for place in range(waiting)],
        "wait": None if position == 2 else {"p50_s": p50, "p80_s": p50 * 5 // 3, "p90_s": p50 * 2},
    }


def window(position: int) -> dict[str, Any]:
    """A window of the snapshot: serving, called, free, paused and closed ones take turns."""
    status, state = (
        ("open", "serving"),
        ("open", "called"),
        ("open", None),
        ("open", "serving"),
        ("paused", None),
        ("open", "serving"),
        ("closed", None),
        ("open", "called"),
    )[position % 8]
    letter = "ABCDEF"[position % 6]
    return {
        "id": str(position + 1),
        "name": f"{position + 1}号窗口",
        "status": status,
        "number": f"{letter}{position + 3:03d}" if state else None,
        "state": state,
        "queues": [QUEUES[position % 6][0], "general"],
    }


def snapshot(windows: int = 8, queues: int = 6, *, open: bool = True) -> dict[str, Any]:
    """The public document of a busy morning, or with zeros of an unfurnished hall."""
    closing = {4: "paused", 5: "closed"}
    calls = [
        {
            "number": f"{'ABCDEF'[place % 6]}{17 - place:03d}",
            "window": str(place % max(windows, 1) + 1),
            "at": f"2026-11-23T10:{14 - place // 2:02d}:05+08:00",
            "times": 2 if place == 1 else 1,
            "seq": 1230 - place,
        }
        for place in range(8 if windows else 0)
    ]
    return {
        "hall": HALL["id"],
        "name": HALL["name"],
        "seq": 1234,
        "observed_at": NOW,
        "business_day": "2026-11-23",
        "open": open,
        "queues": [queue(place, closing.get(place, "open")) for place in range(queues)],
        "windows": [window(place) for place in range(windows)],
        "calls": calls,
    }


def wall() -> dict[str, Any]:
    """GET /halls/{hall}/wall."""
    notices = [
        {
            "text": "11月25日（周三）下午系统升级，14:00至15:00暂停办理不动产登记业务。",
            "text_en": "Real estate registration pauses on 25 November, 14:00 to 15:00.",
        },
        {"text": "老年人、残疾人、孕妇、军人可在取号时选择优先。", "text_en": ""},
    ]
    return {"notices": notices, "media": []}


def ticket(status: str = "waiting", **changes: Any) -> dict[str, Any]:
    """GET /tickets/{token}."""
    at_window = status in ("called", "serving", "served", "missed", "parked")
    return {
        "token": TOKEN,
        "number": "A020",
        "queue": "general",
        "service": "license",
        "class": "normal",
        "status": status,
        "issued_at": "2026-11-23T09:58:11+08:00",
        "ahead": 2 if status == "waiting" else None,
        "wait": {"p50_s": 400, "p80_s": 660, "p90_s": 800} if status == "waiting" else None,
        "window": "2" if at_window else None,
        "calls": 2 if at_window else 0,
        **changes,
    }


def waiting(count: int) -> list[dict[str, Any]]:
    """The waiting list of a desk."""
    return [
        {
            "number": f"A{18 + place:03d}",
            "queue": "general",
            "service": ("license", "id-proof", "seal", None)[place % 4],
            "class": "priority" if place == 1 else "normal",
            "status": "waiting",
            "issued_at": f"2026-11-23T09:{58 - place:02d}:11+08:00",
            "waited_s": 1020 - 55 * place,
        }
        for place in range(count)
    ]


def in_hand() -> dict[str, Any]:
    """The ticket of a busy desk: called half a minute ago."""
    return {
        "number": "A017",
        "queue": "general",
        "service": "license",
        "class": "priority",
        "status": "called",
        "language": "zh",
        "issued_at": "2026-11-23T09:41:02+08:00",
        "called_at": "2026-11-23T10:15:05+08:00",
        "started_at": None,
        "calls": 1,
        "waited_s": 2043,
        "returns": 0,
    }


def counted(busy: bool) -> dict[str, Any]:
    """What a clerk did today."""
    names = ("called", "served", "missed", "parked", "transferred", "matters")
    done = (17, 13, 2, 1, 1, 15) if busy else (0,) * 6
    return {**dict(zip(names, done, strict=True)), "service_s": 392 if busy else None}


def seats(windows: int = 8) -> dict[str, Any]:
    """Who sits at the windows: oneself at the second."""
    return {
        str(place + 1): {
            "clerk": "王芳" if place == 1 else "李强",
            "since": NOW,
            "yours": place == 1,
            "allowed": place != 3,
        }
        for place in range(windows)
    }


def desk(*, busy: bool = True) -> dict[str, Any]:
    """GET /halls/{hall}/windows/{window}: with a called ticket, or just after signing in."""
    return {
        "hall": "demo",
        "seq": 1234,
        "observed_at": NOW,
        "business_day": "2026-11-23",
        "open": True,
        "window": {
            "id": "2",
            "name": "2号窗口",
            "status": "open" if busy else "closed",
            "reason": None,
            "clerk": "王芳" if busy else None,
            "queues": ["general"],
            "overflow": ["social"],
            "zone": "east" if busy else None,
            "since": "2026-11-23T09:02:11+08:00" if busy else None,
            "yours": busy,
        },
        "ticket": in_hand() if busy else None,
        "next": {"number": "A018", "queue": "general", "why": "等候最久"} if busy else None,
        "undo": {"until": "2026-11-23T10:15:38+08:00", "number": "A017"} if busy else None,
        "recall": {"left": 3, "not_before": "2026-11-23T10:15:34+08:00"} if busy else None,
        "waiting": waiting(12) if busy else [],
        "waiting_count": 12 if busy else 0,
        "parked": [
            {
                "number": "A009",
                "queue": "general",
                "reason": "documents",
                "parked_at": "2026-11-23T09:50:00+08:00",
            }
        ]
        if busy
        else [],
        "missed": [{"number": "A011", "queue": "general", "missed_at": "2026-11-23T09:55:00+08:00"}]
        if busy
        else [],
        "counts": counted(busy),
        "mine": {"name": "王芳", "counts": counted(busy)},
        "alarms": [{"code": "long_wait", "number": "A018", "count": 2, "waited_s": 1860}]
        if busy
        else [],
        "actions": ["recall", "start", "miss", "park", "transfer", "call", "unpark", "undo"]
        if busy
        else ["open"],
    }


def slips(count: int = 3) -> list[dict[str, Any]]:
    """GET …/printers/{device}/slips."""
    return [
        {
            "id": f"slip-{place}",
            "at": NOW,
            "number": f"A{20 - place:03d}",
            "picture": f"/api/v1/halls/demo/printers/kiosk-printer/slips/slip-{place}.png",
            "text": f"市民服务中心\n    A{20 - place:03d}\n前面 {place} 人",
        }
        for place in range(count)
    ]


def device(**changes: Any) -> dict[str, Any]:
    """GET /halls/{hall}/devices/{device}: a printer without paper."""
    return {
        "id": "kiosk-printer",
        "kind": "escpos",
        "state": "degraded",
        "since": "2026-11-23T10:12:00+08:00",
        "queue": 2,
        "last_error": "paper_out: the paper is out",
        "paper": "out",
        "counters": {"printed": 41, "failures": 1},
        "light": "red",
        "code": "paper_out",
        "text": "打印机缺纸",
        "advice": "装入新纸卷。",
        "last_error_at": "2026-11-23T10:12:00+08:00",
        "port": "tcp://192.168.1.50:9100",
        "window": None,
        "zone": None,
        "kiosk": "kiosk-1",
        "done": {
            "spoken": 0,
            "not_spoken": {},
            "slips_confirmed": 41,
            "slips_unconfirmed": 0,
            "slips_failed": {"expired": 2},
        },
        "testable": True,
        "test": None,
        **changes,
    }


def well(**changes: Any) -> dict[str, Any]:
    """A strip that works."""
    nothing = {"slips_confirmed": 0, "slips_unconfirmed": 0, "slips_failed": {}}
    return device(
        id="strip-1", kind="bx-fontcard", state="ready", queue=0, last_error=None, paper=None,
        light="green", code=None, text=None, advice=None, last_error_at=None, kiosk=None,
        window="1", done={"spoken": 0, "not_spoken": {}, **nothing}, **changes,
    )  # fmt: skip


def device_events(count: int = 3) -> dict[str, Any]:
    """GET …/devices/{device}/events."""
    events = [
        {
            "id": 100 - place,
            "at": NOW,
            "device": "kiosk-printer",
            "kind": "paper_out",
            "code": "paper_out",
            "text": "打印纸已用完",
            "detail": "the paper is out" if place else "",
        }
        for place in range(count)
    ]
    return {"device": "kiosk-printer", "events": events, "next": 98 if count else None}


def realistic() -> dict[str, dict[str, Any]]:
    """Page → context of a busy hall."""
    from tests.display import afar, cities, columns, floors  # which are made of what is here

    hall, now, furniture = {"hall": HALL}, snapshot(), services()
    return {
        "start": hall
        | {"windows": now["windows"], "printers": [{"id": "kiosk-printer"}], "demo": True},
        "kiosk": hall | {"services": furniture, "snapshot": now, "readers": []},
        "windows": hall | {"snapshot": now, "seats": seats()},
        "console": hall
        | {"window": now["windows"][1], "desk": desk(), "services": furniture, "csrf": "c5f"},
        "board": hall | {"snapshot": now, "wall": wall(), "zone": None, "second": None},
        "screen": hall | {"snapshot": now, "window": now["windows"][1], "second": "en"},
        "caller": hall
        | {"window": now["windows"][1], "desk": desk(), "services": furniture, "csrf": "c5f"},
        "status": hall
        | {
            "snapshot": now,
            "observed_at": NOW,
            "services": furniture | {"hours": hours()},
            "opens": None,
            "query": "",
            "times": usual.times(),
            "columns": ["news", "questions", "contacts", "about"],
        },
        "ticket": hall
        | {
            "ticket": ticket(),
            "token": TOKEN,
            "snapshot": now,
            "services": furniture,
            "near": False,
            "earlier": False,
        },
        **columns.realistic() | {"city": {"halls": cities.halls()}},
        **{page: hall | own for page, own in afar.realistic(furniture, now, ticket()).items()},
        "leave": hall | {"ticket": ticket(), "token": TOKEN},
        "printer": hall
        | {
            "device": {"id": "kiosk-printer"},
            "slips": slips(),
            "strips": [{"id": "strip-1", "text": "请A017到1号窗口"}, {"id": "strip-2", "text": ""}],
        },
        **{page: hall | context for page, context in floors.realistic(furniture).items()},
        "devices": hall | {"devices": [device(), well()], "restarts": 1, "observed_at": NOW},
        "device": hall
        | {
            "device": device(),
            "events": device_events(),
            "options": {"width_mm": 80},
            "version": "0.1.0",
        },
        "login": hall
        | {"next": "/h/demo/windows/1", "error": "bad_login", "typed": "wang", "demo": True,
           "csrf": "c5f"},
        "wechat": hall | {"good": True, "lines": ["已绑定A017号。", "下一个"], "token": TOKEN},
        "error": {"status": 404, "code": "not_found", "detail": None, "visitor": None},
        "docs": {},
    }


def empty() -> dict[str, dict[str, Any]]:
    """Page → context of a hall with nothing in it yet."""
    nothing = snapshot(windows=0, queues=0, open=False)
    furniture: dict[str, Any] = {"queues": [], "services": [], "classes": [], "outcomes": []}
    from tests.display import afar, columns, floors

    contexts = realistic()
    contexts["start"] |= {"windows": [], "printers": [], "demo": False}
    contexts["console"] |= {"desk": desk(busy=False), "services": furniture}
    contexts["kiosk"] |= {"services": furniture, "snapshot": nothing}
    contexts["ticket"] |= {"ticket": ticket("called", window=None), "snapshot": nothing}
    contexts["ticket"] |= {"services": furniture}
    contexts["status"] |= {"services": furniture, "times": usual.nothing()}
    contexts["printer"] |= {"slips": [], "strips": []}
    contexts["status"] |= {"columns": []}
    others = (floors.empty(furniture), columns.empty(), afar.empty(nothing))
    for page, changes in (change for other in others for change in other.items()):
        contexts[page] |= changes
    contexts["devices"] |= {"devices": [], "restarts": 0}
    contexts["device"] |= {"device": well(testable=False), "events": device_events(0)}
    contexts["login"] = {"hall": None, "next": "", "error": None, "demo": False, "typed": ""}
    contexts["wechat"] |= {"good": False, "lines": ["页面已过期。"], "token": ""}
    contexts["error"] = {
        "status": 503, "code": "not_ready", "detail": "重新读取日志", "visitor": None
    }  # fmt: skip
    contexts["city"] = {"halls": []}
    contexts["board"] |= {"wall": {"notices": [], "media": []}, "second": "en"}
    for page in ("windows", "board", "status", "screen"):
        contexts[page] |= {"snapshot": nothing}
    return contexts
