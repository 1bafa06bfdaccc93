"""What the manager must be told of, and that somebody sees to it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from display import i18n
from queued.engine.alarms import Alarm
from queued.server import wire
from queued.server.call import Call, answer
from queued.server.live import Live
from queued.server.problems import Problem

ID_CHARS_MAX: Final = 12
"""More digits are no alarm of ours: ids count from 1 and no hall raises so many."""


async def list_alarms(call: Call[None]) -> web.Response:
    """GET /halls/{hall}/alarms"""
    live = call.live
    alarms = [told(live, alarm, call.language) for alarm in live.running.alarms.all()]
    return answer(wire.AlarmList(alarms))


async def acknowledge(call: Call[wire.Nothing]) -> web.Response:
    """POST /halls/{hall}/alarms/{alarm}/ack"""
    live, id_ = call.live, call.path("alarm")
    known = id_.isascii() and id_.isdigit() and len(id_) <= ID_CHARS_MAX
    alarm = live.running.alarms.acknowledge(int(id_), call.principal.by) if known else None
    if alarm is None:
        raise Problem("unknown_alarm", facts={"kind": "alarm", "id": id_})
    return answer(told(live, alarm, call.language))


def told(live: Live, alarm: Alarm, language: i18n.Language) -> wire.Alarm:
    """An alarm as its reader sees it."""
    seen = alarm.acknowledged_at
    return wire.Alarm(
        id=alarm.id,
        kind=alarm.kind,
        subject=alarm.subject,
        since=live.time_of(alarm.since),
        at=live.time_of(alarm.at),
        times=alarm.times,
        facts=dict(alarm.facts),
        text=_sentence(alarm, language),
        acknowledged_by=alarm.acknowledged_by or None,
        acknowledged_at=live.time_of(seen) if seen is not None else None,
    )


def _sentence(alarm: Alarm, language: i18n.Language) -> str:
    """What happened, in words; of a kind without any, the kind itself."""
    texts = i18n.catalogue(language)
    facts = dict(alarm.facts)
    if "grade" in facts:
        facts["grade"] = texts.text(f"grade.{facts['grade']}")
    if "code" in facts:
        facts["why"] = texts.device_reason(str(facts["code"]))
    key = f"alarm.{alarm.kind}"
    if texts.has(key):
        return texts.text(key, **facts)
    return texts.text("alarm.other", kind=alarm.kind, subject=alarm.subject)
