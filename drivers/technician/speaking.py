"""`say`: a call of a number to a window, in every language the voice has."""

from __future__ import annotations

import time
from collections.abc import Sequence

from drivers.device import DeviceBroken
from drivers.jobs import DeviceConfig, NotSpoken, Phrase, Report, Say, Spoken
from drivers.technician.session import NotWorking, session
from drivers.technician.telling import Teller
from drivers.voice_profile import profile_of

SAY_S = 60.0


async def say(config: DeviceConfig, tell: Teller, number: str, window: str) -> None:
    """Say and tell. Raises `NotWorking`."""
    async with session(config) as it:
        try:
            languages = profile_of(config.kind, config.options).languages
        except DeviceBroken as error:
            raise NotWorking(error.code, str(error)) from None
        await it.connected()
        tell("voice.languages", languages=", ".join(languages))
        for language in languages:
            it.order(_order(config.id, language, number, window))

            def answered(report: Report) -> Spoken | None:
                if isinstance(report, NotSpoken):
                    raise NotWorking(report.reason, it.report.last_error if it.report else "")
                return report if isinstance(report, Spoken) else None

            spoken = await it.until(answered, SAY_S)
            tell("voice.said", language=language, text=spoken.text)
        tell("voice.listen")


def _order(device: str, language: str, number: str, window: str) -> Say:
    phrase = Phrase("call", {"number": number, "window": window}, language)
    expires = int((time.time() + SAY_S) * 1000)
    phrases: Sequence[Phrase] = (phrase,)
    return Say(f"trial-{language}", device, tuple(phrases), expires)
