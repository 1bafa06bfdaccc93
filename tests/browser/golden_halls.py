"""The halls of the golden pictures: fixed data in the shapes of the API."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import segno
from PIL import Image, ImageDraw

from tests.browser import golden_kiosk as kiosk
from tests.display import afar, floors, samples, usual

NOW: Final = datetime.fromisoformat(samples.NOW)

ENGLISH: Final = {
    "general": "General services",
    "social": "Social and health insurance",
    "property": "Real estate registration",
    "exit": "Exit and entry",
    "tax": "Taxation",
    "company": "Starting a business",
}


@dataclass(frozen=True, slots=True)
class Hall:
    """`contexts` of every page; `later`: the snapshot that the stream brings then, if any."""

    contexts: Callable[[], dict[str, dict[str, Any]]]
    later: dict[str, Any] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def _with(snapshot: dict[str, Any], **more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The contexts of a busy hall, with another snapshot."""
    contexts = samples.realistic()
    for context in contexts.values():
        if "snapshot" in context:
            context["snapshot"] = snapshot
        if context.get("hall") == samples.HALL:
            context["hall"] = {**samples.HALL, "name_en": "Citizen Service Centre"}
    contexts["screen"] |= {"window": snapshot["windows"][1], "second": None}
    for page in ("kiosk", "console", "caller"):
        contexts[page]["services"] = kiosk.furniture(ENGLISH)
    for page, changes in more.items():
        contexts[page] |= changes
    return contexts


def named(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The snapshot with English names and with pauses that say why."""
    for queue in snapshot["queues"]:
        queue["name_en"] = ENGLISH.get(queue["id"], "")
    for window in snapshot["windows"]:
        window["name_en"] = f"Window {window['id']}"
        if window["status"] == "paused":
            window["reason"] = "lunch"
    return snapshot


def busy() -> dict[str, Any]:
    """Eight windows; the second one serves."""
    snapshot = named(samples.snapshot())
    snapshot["windows"][1] |= {"state": "serving"}
    return snapshot


def called() -> dict[str, Any]:
    """A moment after `busy`: A018 is called to window 2, for the second time."""
    snapshot = busy()
    snapshot["seq"] += 1
    snapshot["windows"][1] |= {"state": "called", "number": "A018"}
    snapshot["queues"][0]["order"].remove("A018")
    snapshot["calls"].insert(
        0, {"number": "A018", "window": "2", "at": samples.NOW, "times": 2, "seq": 1235}
    )
    return snapshot


def closed() -> dict[str, Any]:
    """The evening: nobody waits, nothing is open."""
    snapshot = named(samples.snapshot(open=False))
    for queue in snapshot["queues"]:
        queue |= {"status": "closed", "waiting": 0, "order": [], "wait": None}
    for window in snapshot["windows"]:
        window |= {"status": "closed", "number": None, "state": None}
        window.pop("reason", None)
    snapshot["calls"] = []
    return snapshot


def paused() -> dict[str, Any]:
    """The second window has lunch."""
    snapshot = busy()
    snapshot["windows"][1] |= {
        "status": "paused", "reason": "lunch", "number": None, "state": None,
    }  # fmt: skip
    return snapshot


def crowded() -> dict[str, Any]:
    """Two hundred people wait in one queue."""
    snapshot = busy()
    snapshot["queues"][0] |= {
        "waiting": 200,
        "order": [f"A{place:03d}" for place in range(18, 218)],
        "wait": {"p50_s": 9_000, "p80_s": 11_000, "p90_s": 13_000},
    }
    return snapshot


def forty() -> dict[str, Any]:
    """Forty windows, fourteen queues."""
    snapshot = named(samples.snapshot(windows=40))
    six = snapshot["queues"]
    snapshot["queues"] = [
        {**six[place % 6], "id": f"q{place}", "letter": "ABCDEFGHJKLMNP"[place]}
        for place in range(14)
    ]
    return snapshot


def poster() -> bytes:
    """A picture of the media folder."""
    picture = Image.new("RGB", (1280, 720), "#e8efe9")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((80, 80, 1200, 640), outline="#14603a", width=12)
    draw.ellipse((480, 200, 800, 520), fill="#b02a1c")
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


POSTER: Final = "/media/poster.png"


def codes() -> dict[str, bytes]:
    """The QR codes of phones' pages."""
    made = io.BytesIO()
    segno.make_qr("https://hall.example/h/demo/arrive").save(made, kind="svg", scale=8, border=4)
    paths = (f"/h/demo/appointment/{afar.CODE}/qr.svg", "/h/demo/onsite.svg")
    return dict.fromkeys(paths, made.getvalue())



def large() -> dict[str, dict[str, Any]]:
    """Fourteen queues with seventy services."""
    return _with(forty(), kiosk={"services": kiosk.large(kiosk.furniture(ENGLISH))})


HALLS: Final[Mapping[str, Hall]] = {
    "large": Hall(large),
    "busy": Hall(lambda: _with(busy()), files=codes()),
    "called": Hall(lambda: _with(busy()), called()),
    "closed": Hall(
        lambda: _with(
            closed(), status={"times": usual.times("2026-11-24", "work", today=False)}
        )
    ),
    "paused": Hall(lambda: _with(paused())),
    "crowded": Hall(lambda: _with(crowded())),
    "forty": Hall(lambda: _with(forty(), floor={"floor": floors.floor(40)})),
    "empty": Hall(samples.empty),
    "media": Hall(
        lambda: _with(
            busy(), board={"wall": {"notices": samples.wall()["notices"],
                                    "media": [{"url": POSTER, "kind": "image"}]}}
        ),
        files={POSTER: poster()},
    ),
}  # fmt: skip
