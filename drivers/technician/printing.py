"""`test-print`: one trial slip through the real printer, and what the printer said about it."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from drivers.device import DeviceBroken
from drivers.jobs import (
    DeviceConfig,
    DeviceReport,
    JobDone,
    JobFailed,
    JobGo,
    JobReady,
    PrintSlip,
    Report,
    SlipPrinted,
)
from drivers.ports import VirtualPort, parse_port
from drivers.printer_profile import Profile, profile_of
from drivers.registry import KINDS
from drivers.technician import trial_slip
from drivers.technician.asked import WrongUse
from drivers.technician.session import NothingHappened, NotWorking, Session, session
from drivers.technician.telling import Teller

JOB = "trial"
PRINT_S = 120.0
"""The slip's pictures need 40 s at 9600 baud on a printer without Chinese; then some."""
AFTER_S = 1.0
"""The driver looks at the printer once more after a slip; then it says what has changed."""


async def test_print(config: DeviceConfig, tell: Teller, show: Path | None) -> None:
    """Print and tell. Raises `WrongUse`, `NotWorking`, `OSError` (of `show`)."""
    virtual = _is_virtual(config)
    if show is not None and not virtual:
        raise WrongUse(tell.words("use.show"))
    try:
        profile = profile_of(config.options)
    except DeviceBroken as error:
        raise NotWorking(error.code, str(error)) from None
    tell("print.profile", **_facts(profile, config))
    with tempfile.TemporaryDirectory(prefix="queued-trial-") as folder:
        async with session(config, Path(folder)) as it:
            before = await it.connected()
            tell("print.before", status=_status(before, profile, tell))
            confirmed = await _print(it, profile, tell)
            tell("print.confirmed" if confirmed else "print.unconfirmed")
            if virtual:
                await _picture(it, Path(folder), show, tell)
            after = await _after(it, before)
            tell("print.after", status=_status(after, profile, tell))
    tell("print.judge")


async def _print(it: Session, profile: Profile, tell: Teller) -> bool:
    title = tell.words("print.title")
    facts = tuple(
        (tell.words(f"print.{name}"), value)
        for name, value in _facts(profile, it.config).items()
        if value
    )
    expires = int((time.time() + PRINT_S) * 1000)
    it.order(PrintSlip(JOB, it.config.id, trial_slip.blocks(profile, title, facts), expires))

    def answered(report: Report) -> bool | None:
        match report:
            case JobReady(job):
                tell("print.leaving")
                it.order(JobGo(job))
            case JobFailed(reason=reason, maybe_printed=maybe):
                if maybe:
                    tell("print.half")
                raise NotWorking(reason, it.report.last_error if it.report else "")
            case JobDone(confirmed=confirmed):
                return confirmed
        return None

    return await it.until(answered, PRINT_S)


async def _picture(it: Session, folder: Path, show: Path | None, tell: Teller) -> None:
    printed = await it.until(
        lambda report: report if isinstance(report, SlipPrinted) else None, PRINT_S
    )
    tell.plain(printed.text)
    if show is not None:
        show.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / printed.png, show)
        tell("print.picture", file=show)


async def _after(it: Session, before: DeviceReport) -> DeviceReport:
    def changed(report: Report) -> DeviceReport | None:
        new = isinstance(report, DeviceReport) and (
            report.paper != before.paper or report.state != before.state
        )
        return report if new and isinstance(report, DeviceReport) else None

    try:
        return await it.until(changed, AFTER_S, patient=True)
    except NothingHappened:
        return await it.asked_again()


def _status(report: DeviceReport, profile: Profile, tell: Teller) -> str:
    if profile.status == "none":
        return tell.words("print.mute")
    if report.state != "ready":
        return tell.words.reason(report.last_error.partition(":")[0])
    return tell.words("print.near_end" if report.paper == "near_end" else "print.well")


def _facts(profile: Profile, config: DeviceConfig) -> dict[str, str]:
    return {
        "model": str(config.options.get("profile", "")) or "-",
        "paper": f"{profile.width_mm} mm / {profile.dots}",
        "charset": profile.charset,
        "qr": profile.qr,
        "cut": profile.cut,
        "status": profile.status,
    }


def _is_virtual(config: DeviceConfig) -> bool:
    kind = KINDS[config.kind]
    try:
        return isinstance(parse_port(config.port, kind.tcp_port, kind.baud), VirtualPort)
    except DeviceBroken as error:
        raise NotWorking(error.code, str(error)) from None
