"""Why somebody is called when he is, and what happened to a ticket, as sentences.

The rule, the key and the runner-up come from the journal; here they only get words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from display import i18n
from queued.core import events as e
from queued.core.model import Hall, Ticket
from queued.core.plan import NORMAL, Millis
from queued.core.policy import Choice

TimeOf = Callable[[Millis], str]

RULES: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "head_start": "按取号先后，{number} 号排在最前（{counted}）",
        "overflow": "{queue}等候较久，本窗口协助受理：{number} 号"
        "（{counted}，另加 {penalty} 分钟）",
        "bound": "{number} 号已转至本窗口，只由本窗口办理（{counted}）",
        "by_number": "窗口人员直接呼叫 {number} 号，未按排队顺序",
        "counted": "取号时间按 {time} 计",
        "counted_earlier": "{class}号提前 {minutes} 分钟计，相当于 {time} 取号",
        "runner_up": "其后是 {runner_up} 号，按 {time} 计",
        "end": "。",
        "comma": "；",
    },
    "en": {
        "head_start": "By time of taking, {number} is first ({counted})",
        "overflow": "{queue} has waited long and this window helps: {number} "
        "({counted}, plus {penalty} min)",
        "bound": "{number} was transferred to this window and is called here only ({counted})",
        "by_number": "The clerk called {number} directly, out of turn",
        "counted": "counts as taken at {time}",
        "counted_earlier": "class {class} counts {minutes} min earlier, as if taken at {time}",
        "runner_up": "next would have been {runner_up}, counted at {time}",
        "end": ".",
        "comma": "; ",
    },
}

EVENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "TicketIssued": "取号：{number}，{queue}，{class}。",
        "TicketCalled": "{window}叫号。",
        "TicketRecalled": "{window}第 {times} 次呼叫。",
        "CallUndone": "{window}撤销叫号，回到原来的位置。",
        "ServiceStarted": "{window}开始办理。",
        "ServiceFinished": "{window}办理完毕。",
        "ServiceRated": "群众评价：{grade}。",
        "TicketMissed": "{window}过号：未到窗口。",
        "TicketParked": "{window}挂起，等候补齐后返回。",
        "TicketReturned": "返回排队，取号时间按 {time} 计。",
        "TicketTransferred": "{window}转号到{to}。",
        "TicketCancelled.left": "放弃排队。",
        "TicketCancelled.day_closed": "当日业务结束，号码作废。",
    },
    "en": {
        "TicketIssued": "Taken: {number}, {queue}, class {class}.",
        "TicketCalled": "Called to {window}.",
        "TicketRecalled": "Called to {window} for the {times}. time.",
        "CallUndone": "{window} took the call back; the place in line is the old one.",
        "ServiceStarted": "Service began at {window}.",
        "ServiceFinished": "Service ended at {window}.",
        "ServiceRated": "The visitor's rating: {grade}.",
        "TicketMissed": "Missed: did not come to {window}.",
        "TicketParked": "Put on hold at {window}, may return with what is missing.",
        "TicketReturned": "Back in line, counted as taken at {time}.",
        "TicketTransferred": "Transferred from {window} to {to}.",
        "TicketCancelled.left": "Left the queue.",
        "TicketCancelled.day_closed": "The business day ended; the number is void.",
    },
}


def why_next(hall: Hall, choice: Choice, language: str, time_of: TimeOf) -> str:
    """Why `choice` would be called next."""
    ticket = hall.ticket(choice.ticket)
    runner_up = hall.ticket(choice.runner_up).number if choice.runner_up is not None else None
    return _why(
        hall, ticket, choice.rule, choice.key, runner_up, choice.runner_up_key, language, time_of
    )


def happened(hall: Hall, ticket: Ticket, event: e.Event, language: str, time_of: TimeOf) -> str:
    """What `event` did to `ticket`; for a call, why it came when it came."""
    facts: dict[str, Any] = {
        "number": ticket.number,
        "queue": _queue(hall, getattr(event, "queue", ticket.queue)),
        "class": _class(hall, ticket.class_, language),
        "window": _window(hall, getattr(event, "window", None)),
        "times": getattr(event, "times", 1),
        "time": _clock(getattr(event, "base", ticket.base), time_of),
    }
    name = type(event).__name__
    if isinstance(event, e.TicketCancelled):
        name = f"{name}.{event.reason}"
    if isinstance(event, e.ServiceRated):
        facts["grade"] = i18n.catalogue(language).text(f"grade.{event.grade}")
    if isinstance(event, e.TicketTransferred):
        bound = event.to_window
        facts["to"] = _window(hall, bound) if bound is not None else facts["queue"]
    sentence = EVENTS[language].get(name, name).format_map(facts)
    if not isinstance(event, e.TicketCalled):
        return sentence
    why = _why(
        hall,
        ticket,
        event.rule,
        event.key,
        event.runner_up,
        event.runner_up_key,
        language,
        time_of,
    )
    return sentence + (why if language == "zh" else f" {why}")


def _why(
    hall: Hall,
    ticket: Ticket,
    rule: str,
    key: int,
    runner_up: str | None,
    runner_up_key: int | None,
    language: str,
    time_of: TimeOf,
) -> str:
    words = RULES[language]
    penalty_ms = hall.plan.rules.overflow_penalty_ms if rule == "overflow" else 0
    earlier_ms = hall.plan.head_start(ticket.class_)
    facts: dict[str, Any] = {
        "number": ticket.number,
        "queue": _queue(hall, ticket.queue),
        "class": _class(hall, ticket.class_, language),
        "minutes": earlier_ms // 60_000,
        "penalty": penalty_ms // 60_000,
        "time": _clock(key - penalty_ms, time_of),
    }
    counted = "counted_earlier" if earlier_ms and ticket.class_ != NORMAL else "counted"
    facts["counted"] = words[counted].format_map(facts)
    sentence = words.get(rule, words["head_start"]).format_map(facts)
    if runner_up is not None and runner_up_key is not None:
        second = {"runner_up": runner_up, "time": _clock(runner_up_key, time_of)}
        sentence += words["comma"] + words["runner_up"].format_map(second)
    return sentence + words["end"]


def _clock(at: int, time_of: TimeOf) -> str:
    return time_of(Millis(at))[11:19]


def _queue(hall: Hall, id_: Any) -> str:
    plan = hall.plan.queues.get(id_)
    return plan.name if plan else str(id_)


def _window(hall: Hall, id_: Any) -> str:
    plan = hall.plan.windows.get(id_)
    return plan.name if plan else str(id_ or "")


def _class(hall: Hall, id_: Any, language: str) -> str:
    plan = hall.plan.classes.get(id_)
    return plan.name if plan and language == "zh" else str(id_)
