"""What the server would give the manager's pages, in the shapes of the API."""

from __future__ import annotations

from typing import Any

from tests.display.samples import NOW, desk, snapshot

MANAGER = {"name": "赵敏", "roles": ["clerk", "display", "kiosk", "manager"]}


def floor(windows: int = 8) -> dict[str, Any]:
    """GET /halls/{hall}/floor: of the same busy morning as `snapshot`."""
    now = snapshot(windows)
    clerks = ("王芳", "李静", "张伟", "刘洋", "陈晨", "杨帆", None, "周婷")
    return {
        "hall": "demo",
        "seq": 1234,
        "observed_at": NOW,
        "business_day": "2026-11-23",
        "open": True,
        "windows": [
            {
                **one,
                "name_en": f"Window {one['id']}",
                "reason": "lunch" if one["status"] == "paused" else None,
                "clerk": clerks[place % 8],
                "clerk_since": "2026-11-23T08:55:00+08:00" if clerks[place % 8] else None,
                "service": "license" if one["number"] else None,
                "since": f"2026-11-23T10:{(4, 15, 0, 11)[place % 4]:02d}:05+08:00"
                if one["number"]
                else None,
                "usual_s": 600 if one["number"] else None,
                "overflow": ["social"] if place == 1 else [],
                "assigned": place == 1,
                "waiting": 12 + place,
                "counts": desk()["counts"],
            }
            for place, one in enumerate(now["windows"])
        ],
        "queues": [
            {
                **{key: one[key] for key in ("id", "name", "letter", "status", "waiting", "wait")},
                "name_en": "",
                "windows": 0 if place == 3 else 3,
                "longest_s": 2460 - 300 * place if one["waiting"] else None,
                "longest_number": one["order"][0] if one["waiting"] else None,
                "long": place < 2 and one["waiting"] > 0,
            }
            for place, one in enumerate(now["queues"])
        ],
        "alarms": [
            {
                "id": 2, "kind": "manager_called", "subject": "2", "since": NOW, "at": NOW,
                "times": 2, "facts": {}, "text": "2号窗口呼叫值班负责人。",
                "acknowledged_by": None, "acknowledged_at": None,
            },
            {
                "id": 1, "kind": "bad_rating", "subject": "A009", "since": NOW, "at": NOW,
                "times": 1, "facts": {},
                "text": "3号窗口办理的 A009 号评价为“不满意”，请及时回访。",
                "acknowledged_by": "manager:赵敏", "acknowledged_at": NOW,
            },
        ],
    }  # fmt: skip


def story() -> dict[str, Any]:
    """A ticket's history, as its page gets it."""
    told = (
        ("09:58:11", "取号：A020，综合受理，普通。", "kiosk:east"),
        ("10:14:05", "2号窗口叫号。按取号先后，A020 号排在最前（取号时间按 09:58:11 计）。",
         "clerk:王芳"),
        ("10:14:40", "2号窗口开始办理。", "clerk:王芳"),
    )  # fmt: skip
    return {
        "number": "A020", "queue": "general", "service": "license", "class": "normal",
        "status": "serving", "issued_at": "2026-11-23T09:58:11+08:00", "day": "2026-11-23",
        "queue_name": "综合受理", "service_name": "食品经营许可", "class_name": "普通",
        "events": [
            {"seq": place, "at": f"2026-11-23T{at}+08:00", "type": "", "by": by, "text": text}
            for place, (at, text, by) in enumerate(told)
        ],
    }  # fmt: skip


ADMIN = {"name": "孙立", "roles": ["admin", "clerk", "manager"]}


def people() -> dict[str, Any]:
    """The context of the page of people and tokens."""
    return {
        "windows": [{"id": "1", "name": "1号窗口"}],
        "users": [
            {"name": "孙立", "role": "admin", "disabled": False},
            {"name": "王芳", "role": "clerk", "disabled": True},
        ],
        "tokens": [
            {"digest": "ab" * 32, "name": "kiosk-1", "role": "kiosk", "window": "", "since": NOW},
        ],
        "audit": [
            {
                "at": NOW, "by": "admin:孙立", "action": "user_disabled", "subject": "王芳",
                "detail": "",
            },
        ],
        "roles": {"people": ["clerk", "manager"], "tokens": ["kiosk", "clerk"]},
        "done": "disable_user",
        "token": "a-token-shown-once",
        "errors": {},
        "form": {},
        "failed": "",
        "user": ADMIN,
        "csrf": "c5f",
    }  # fmt: skip


def configuration() -> dict[str, Any]:
    """The context of the page of the configuration: an entry opened, a preview shown."""
    kinds = {"id": "text", "letter": "text", "name": "text", "queues": "queues", "days": "days",
             "materials": "lines", "zone": "zone", "open": "time", "minutes": "number"}
    fields = [{"key": key, "kind": kind, "required": False} for key, kind in kinds.items()]
    rows = [{"place": place, "title": "综合受理", "more": "A", "days": []} for place in range(2)]
    lists = dict.fromkeys(("queue", "service", "window", "class", "notice"), rows)
    return {
        "base": 7,
        "draft": '[[queue]]\nid = "general"\n',
        "changed": True,
        "lists": {**lists, "hours": [{"place": 0, "title": "09:00–17:00", "more": "",
                                      "days": ["mon", "tue"]}]},
        "fields": dict.fromkeys((*lists, "hours"), fields),
        "choices": {
            "queue": [["general", "综合受理"]],
            "zone": [["east", "东区"]],
            "days": [["mon", "mon"], ["tue", "tue"]],
        },
        "entry": {"table": "queue", "place": 0, "typed": {"id": "general", "queues": ["general"]}},
        "wrong": {"letter": "“AA1”不能作号码字母，请用一个或两个大写英文字母，如 A。"},
        "problems": ["窗口“1” · 主办队列：请填写此项。"],
        "effects": [
            {"code": "services_removed", "facts": {"n": 2, "names": ["公章备案", "税务登记"]}},
            {"code": "queue_in_use", "facts": {"name": "综合受理", "n": 12}},
        ],
        "waits": True,
        "taken": True,
        "done": "now",
        "version": 7,
        "file_changed": True,
        "waiting": True,
        "problem": "device“pad-1” · window：没有“9”。可用的有：1, 2。",
        "versions": [
            {"version": 7, "at": NOW, "by": "admin:孙立", "comment": "国庆后开放时间"},
            {"version": 6, "at": NOW, "by": "admin:孙立", "comment": ""},
        ],
        "user": ADMIN,
        "csrf": "c5f",
    }  # fmt: skip


def realistic(furniture: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Page → context, without the hall, of a busy morning."""
    return {
        "floor": {"floor": floor(), "services": furniture, "user": MANAGER},
        "story": {
            "today": "2026-11-23",
            "asked": {"number": "A020", "day": "2026-11-23", "other": "B019"},
            "story": story(),
            "why": "2号窗口在 10:02:00 直接呼叫了 B019 号，没有按排队顺序。",
            "problem": None,
            "user": MANAGER,
        },
        "people": people(),
        "configuration": configuration(),
    }


def empty(furniture: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What of it is different in a hall with nothing in it yet."""
    nothing = floor(0) | {"queues": [], "alarms": [], "open": False}
    return {
        "floor": {"floor": nothing, "services": furniture},
        "story": {"story": None, "why": None, "problem": "没有这个号码。"},
        "people": {
            "users": [], "tokens": [], "audit": [], "done": "", "token": "",
            "errors": {"name": "taken"}, "form": {"name": "王芳"}, "failed": "add_user",
        },
        "configuration": {
            "entry": None, "problems": [], "effects": None, "wrong": {}, "lists": {},
            "versions": [], "version": 0, "done": "",
        },
    }  # fmt: skip
