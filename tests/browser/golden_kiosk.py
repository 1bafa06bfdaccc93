"""What a kiosk's hall offers and answers on the golden pictures, and what visitors do there."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import segno
from playwright.sync_api import Page

from queued.server.initials import initials_of
from tests.display import offered, samples

ENGLISH: Final = {
    "company-setup": "Company registration",
    "company-change": "Change of company details",
    "id-proof": "Residence permit",
    "senior-card": "Senior citizen card",
    "license": "Food business licence",
    "seal": "Company seal registration",
    "pension": "Pension insurance transfer",
    "medical": "Medical treatment away from home",
    "maternity": "Maternity allowance",
    "transfer": "Transfer of a second-hand home",
    "mortgage": "Mortgage registration",
    "passport": "First passport application",
    "permit": "Hong Kong and Macao permit",
    "invoice": "Invoice issued on your behalf",
    "priority": "Priority",
}
BASIS: Final = "《残疾人保障法》第五十五条，《老年人权益保障法》第五十五条"
ZONES: Final = (
    ("east", "东区 综合服务", "East wing: general services"),
    ("west", "西区 专业服务", "West wing: specialised services"),
)
TOGETHER: Final = (
    ("newborn", "新生儿出生一件事", "A new child", ("maternity", "medical", "id-proof")),
    ("open-shop", "开店经营一件事", "Opening a shop", ("license", "seal", "invoice")),
    ("home", "购房落户一件事", "Buying a home", ("transfer", "mortgage", "id-proof")),
)


def furniture(queue_names: dict[str, str]) -> dict[str, Any]:
    """GET /halls/{hall}/services with everything a kiosk can show."""
    all_of_it = offered.services()
    for queue in all_of_it["queues"]:
        queue |= {"name_en": queue_names[queue["id"]], "zones": ["east"]}
    papers = {one["id"]: one["materials"] for one in all_of_it["services"]}
    for thing in (*all_of_it["services"], *all_of_it["classes"]):
        thing |= {"name_en": ENGLISH.get(thing["id"], ""), "initials": initials_of(thing["name"])}
    all_of_it["classes"][1]["basis"] = BASIS
    all_of_it["zones"] = [{"id": id_, "name": name, "name_en": en} for id_, name, en in ZONES]
    all_of_it["one_things"] = [
        {
            "id": id_, "name": name, "name_en": english, "services": services,
            "initials": initials_of(name),
            "materials": list(dict.fromkeys(paper for one in services for paper in papers[one])),
        }
        for id_, name, english, services in TOGETHER
    ]  # fmt: skip
    all_of_it["hours"] = offered.hours()
    return all_of_it


def large(small: dict[str, Any]) -> dict[str, Any]:
    """A hall of fourteen queues and seventy services: nothing of it fits one screen."""
    letters = "ABCDEFGHJKLMNP"
    queues = small["queues"]
    return {
        **small,
        "queues": [
            {**queues[place % 6], "id": f"q{place}", "letter": letter}
            for place, letter in enumerate(letters)
        ],
        "services": [
            {**one, "id": f"{one['id']}-{turn}", "queue": f"q{(place + turn * 3) % 14}"}
            for turn in range(5)
            for place, one in enumerate(small["services"])
        ],
    }


# ── What the hall answers ─────────────────────────────────────────────────────────────────

TICKET: Final = samples.ticket(ahead=6, wait={"p50_s": 900, "p80_s": 1180, "p90_s": 1400})
BOOKED: Final = {**TICKET, "number": "D008", "queue": "exit", "service": "passport",
                 "class": "appointment", "slot": "2026-11-23T10:30:00+08:00", "ahead": 1}
LATE: Final = {
    "code": "appointment_late", "slot": "2026-11-23T09:30:00+08:00", "service": "passport",
    "date": "2026-11-23", "time": "09:30", "limit": "10:00",
}  # fmt: skip
TAKE: Final = "POST /api/v1/halls/demo/tickets"
SLIP: Final = f"GET /api/v1/tickets/{samples.TOKEN}/slip"
CHECKIN: Final = "POST /api/v1/halls/demo/checkin"

Answers = dict[str, tuple[int, Any]]

CARD: Final[Answers] = {
    "GET /api/v1/halls/demo/readers/reader-1/card": (200, {"read_id": "r-1", "masked_name": "张*"})
}
REFUSED: Final[Answers] = {TAKE: (409, {"code": "already_waiting", "number": "A019"})}


def gives(slip: str, reason: str | None = None) -> Answers:
    """A number, and what becomes of its slip."""
    return {
        TAKE: (201, {"ticket": TICKET}),
        SLIP: (200, {"status": slip, "reason": reason}),
    }


def checks_in(told: dict[str, Any], status: int = 200) -> Answers:
    """The answer to a code, or why not."""
    return {CHECKIN: (status, told)}


def code() -> bytes:
    """The picture below the number."""
    picture = io.BytesIO()
    segno.make_qr("http://hall.test/t/" + samples.TOKEN, error="m").save(
        picture, kind="svg", scale=4, border=4
    )
    return picture.getvalue()


QR: Final = f"/t/{samples.TOKEN}/qr.svg"


# ── What visitors do ──────────────────────────────────────────────────────────────────────


def after(*steps: Callable[[Page], None]) -> Callable[[Page], None]:
    """One thing after the other."""

    def act(page: Page) -> None:
        for step in steps:
            step(page)

    return act


def tap(selector: str, text: str | None = None) -> Callable[[Page], None]:
    """A touch of what is there, as soon as it is."""

    def act(page: Page) -> None:
        page.locator(selector, has_text=text).first.click()
        page.clock.run_for(200)

    return act


def later(seconds: int) -> Callable[[Page], None]:
    """Nobody touches anything."""
    return lambda page: page.clock.run_for(seconds * 1000)


def letters(keys: str) -> Callable[[Page], None]:
    """On the pad that is shown."""

    def act(page: Page) -> None:
        for key in keys:
            page.locator(f'.pad:visible [data-key="{key}"]').click()

    return act


ELDER: Final = tap("#elder")
LOW: Final = tap("#low")
LICENCE: Final = tap(".card-service", "食品经营许可")
ELDER_LICENCE: Final = after(ELDER, tap(".tile"), tap("#things .tile", "食品经营许可"))
TAKE_IT: Final = after(tap("#take"), lambda page: page.locator("#result").wait_for())
TAKEN: Final = after(LICENCE, TAKE_IT)
CHECKS_IN: Final = after(
    tap("#open-checkin"), letters("ZX2026"), tap("#check"),
    lambda page: page.locator("#result, #checkin-message:not(:empty)").first.wait_for(),
    later(1),
)  # fmt: skip
