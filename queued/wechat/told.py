"""What the account says about a hall and its tickets, as sentences. Pure.

Only what the public snapshot says too, except for a ticket's holder.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from queued.core import views
from queued.core.estimate import Estimator
from queued.core.hours import issuing
from queued.core.model import Hall, Status, Ticket
from queued.core.plan import Millis, QueueId, WindowId
from queued.outputs import headline_minutes
from queued.wechat.phrases import Phrases

REPLY_BYTES_MAX = 2048
"""Of a text reply; WeChat shows an error to the person for a longer one."""

Names = Mapping[str, str]
"""English names by "hall", "queue:ID", "window:ID"; empty where there are none."""


def queues(
    hall: Hall, estimator: Estimator, zone: ZoneInfo, say: Phrases, names: Names, at: Millis
) -> str:
    """How all queues are doing; cut with a hint where a reply is full."""
    if not hall.open:
        return say("queue.shut", hall=_hall(hall, say, names))
    title = say("queue.title", hall=_hall(hall, say, names), time=clock(at, zone))
    lines = [title]
    more = say("queue.more")
    room = REPLY_BYTES_MAX - len(more.encode()) - 1
    for id_, plan in hall.plan.queues.items():
        line = say(
            "queue.line",
            name=queue_name(hall, id_, say, names),
            letter=plan.letter,
            waiting=_waiting(hall, id_, estimator, say, at),
        )
        if len("\n".join([*lines, line]).encode()) > room:
            return "\n".join([*lines, more])
        lines.append(line)
    return "\n".join(lines)


def _waiting(hall: Hall, queue: QueueId, estimator: Estimator, say: Phrases, at: Millis) -> str:
    count = views.waiting(hall, queue)
    status = views.queue_status(hall, queue)
    if status == "closed" and not count:
        return say("queue.closed")
    if status == "paused":
        return say("queue.paused" if count else "queue.empty", count=count)
    if not count:
        return say("queue.none")
    wait = estimator.wait(queue, count, at) if issuing(hall, at) else None
    tail = say("queue.wait", minutes=headline_minutes(wait.p80_s)) if wait else ""
    return say("queue.waiting", count=count) + tail


def ticket(
    hall: Hall, ticket: Ticket, estimator: Estimator, zone: ZoneInfo, say: Phrases, names: Names
) -> str:
    """How a ticket of today is doing, for whoever holds it."""
    facts = {
        "number": ticket.number,
        "queue": queue_name(hall, ticket.queue, say, names),
        "window": window_name(hall, ticket.window, say, names),
        "until": clock(back_until(hall), zone),
    }
    if ticket.status is not Status.WAITING:
        return say(f"ticket.{ticket.status.value}", **facts)
    ahead = views.ahead(hall, ticket)
    kept = hall.absent.get(ticket.id)
    if kept is not None:  # taken on the phone: its holder has not come yet
        until = clock(kept, zone) if kept else ""
        name = "ticket.held" if kept else "ticket.absent"
        return say(name, **{**facts, "ahead": ahead, "until": until})
    if not ahead:
        return say("ticket.next", **facts)
    sentence = say("ticket.waiting", ahead=ahead, **facts)
    wait = estimator.wait(ticket.queue, ahead, hall.at)
    if wait is None:
        return sentence
    blank = "" if say.language == "zh" else " "
    return sentence + blank + say("ticket.within", minutes=headline_minutes(wait.p80_s))


def back_until(hall: Hall) -> Millis:
    """Until when somebody who was missed may come back: the last closing hour, or the day's end."""
    closings = [end for _, end in hall.hours if end]
    return max(closings) if closings else hall.day_ends_at


def clock(at: Millis, zone: ZoneInfo) -> str:
    """A time of day in the hall, "17:00"."""
    return datetime.fromtimestamp(at / 1000, zone).strftime("%H:%M")


def queue_name(hall: Hall, id_: QueueId, say: Phrases, names: Names) -> str:
    """In the language of `say`, if there is such a name."""
    english = names.get(f"queue:{id_}", "") if say.language == "en" else ""
    return english or hall.plan.queues[id_].name


def window_name(hall: Hall, id_: WindowId | None, say: Phrases, names: Names) -> str:
    """As `queue_name`; "" for no window."""
    if id_ is None or id_ not in hall.plan.windows:
        return ""
    english = names.get(f"window:{id_}", "") if say.language == "en" else ""
    return english or hall.plan.windows[id_].name


def _hall(hall: Hall, say: Phrases, names: Names) -> str:
    english = names.get("hall", "") if say.language == "en" else ""
    return english or hall.plan.name
