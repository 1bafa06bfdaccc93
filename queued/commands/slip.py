"""`queued slip`: a sample slip as its printer would print it, as a picture and as text.

It goes the whole way: the hall's rules issue a ticket, the template makes a slip of it, the
device process encodes it for the configured printer, and a strict emulator decodes the bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers.jobs import (
    Block,
    DeviceConfig,
    DeviceReport,
    JobFailed,
    JobGo,
    JobReady,
    PrintSlip,
    Report,
    SlipPrinted,
)
from queued.core import commands as c
from queued.core.decide import decide
from queued.core.estimate import Wait
from queued.core.evolve import evolve
from queued.core.model import Hall, TicketId
from queued.core.plan import NORMAL, ClassId, Millis, QueueId, ServiceId
from queued.device_link import DeviceLink
from queued.furnishing import plan_of
from queued.outputs import PRINTERS, SlipFacts, english_names, slip
from queued.settings import SettingsError, load
from queued.settings_values import DeviceSettings, Settings
from queued.slip_files import load_templates
from queued.slip_template import SlipTemplates, TemplateProblem

FAILED, WRONG_USE = 1, 2
LIMIT_S = 30.0
"""A slow box reads a font for the first time."""

JOB = "sample"
BY = "kiosk:sample"
AHEAD = 12
WAIT = Wait(p10_s=600, p50_s=1000, p80_s=1400, p90_s=1800)
TOKEN = "x" * 22
"""As long as a real one, so that the code is as large as a real one."""


class NotPrinted(Exception):
    """The sample did not come out; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which slip, and where to."""
    parser.add_argument("--config", type=Path, required=True, metavar="hall.toml")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--elder", action="store_true", help="large type")
    parser.add_argument("--reprint", action="store_true", help="as a second slip, marked so")
    parser.add_argument("--printer", metavar="ID", help="the [[device]]; else the first printer")
    parser.add_argument("--out", type=Path, default=Path("slip.png"), metavar="slip.png")


def run(args: argparse.Namespace) -> int:
    """0 with a picture, 1 if the slip cannot be printed, 2 for wrong use."""
    try:
        settings = load(args.config, os.environ)
        templates = load_templates(settings)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return FAILED
    printers = [device for device in settings.devices if device.kind in PRINTERS]
    chosen = [device for device in printers if args.printer in (None, device.id)]
    if args.printer and not chosen:
        known = ", ".join(device.id for device in printers) or "none"
        print(f"queued slip: no printer {args.printer}; there are: {known}", file=sys.stderr)
        return WRONG_USE
    printer = chosen[0] if chosen else DeviceSettings("80-mm", "escpos", "virtual://")
    elder = args.elder or printer.slip == "elder"
    try:
        blocks = sample(settings, templates, args.language, elder, args.reprint)
        text = asyncio.run(_printed(printer, blocks, args.out))
    except (TemplateProblem, NotPrinted, OSError) as error:
        print(f"queued slip: {error}", file=sys.stderr)
        return FAILED
    print(text)
    print(f"\n{args.out}: as {printer.id} prints it")
    return 0


def sample(
    settings: Settings, templates: SlipTemplates, language: str, elder: bool, reprint: bool
) -> tuple[Block, ...]:
    """The slip of a ticket for the service with most to bring. Raises `TemplateProblem`."""
    service = max(settings.services, key=lambda one: len(one.materials), default=None)
    special = [one.id for one in settings.classes if one.id != NORMAL]
    now = int(time.time() * 1000)
    hall = Hall()
    for command in (
        c.Configure(plan=plan_of(settings), by=BY),
        c.OpenDay(day=time.strftime("%Y-%m-%d"), ends_at=Millis(now + 86_400_000), by=BY),
        c.IssueTicket(
            service=ServiceId(service.id) if service else None,
            queue=None if service else QueueId(settings.queues[0].id),
            class_=ClassId(special[0]) if special else NORMAL,
            language=language,
            by=BY,
        ),
    ):
        for event in decide(hall, command, Millis(now)):
            hall = evolve(hall, event)
    url = settings.http.public_url or f"http://{settings.http.host}:{settings.http.port}"
    facts = SlipFacts(
        hall_name=hall.plan.name,
        zone=ZoneInfo(settings.hall.timezone),
        ahead=AHEAD,
        wait=WAIT,
        url=f"{url}/t/{TOKEN}",
        reprint=reprint,
        elder=elder,
        english=english_names(settings),
    )
    return slip(hall, hall.ticket(TicketId(1)), facts, templates)


async def _printed(printer: DeviceSettings, blocks: tuple[Block, ...], out: Path) -> str:
    """The text on the paper; its picture goes to `out`. Raises `NotPrinted`, `OSError`."""
    with tempfile.TemporaryDirectory(prefix="queued-slip-") as spool:
        config = DeviceConfig(printer.id, printer.kind, "virtual://", dict(printer.options))
        link = DeviceLink([config], Path(spool))
        done: asyncio.Future[SlipPrinted] = asyncio.get_running_loop().create_future()

        def hear(report: Report) -> None:
            if done.done():
                return
            match report:
                case JobReady(job):
                    link.send(JobGo(job))
                case SlipPrinted():
                    done.set_result(report)
                case JobFailed(reason=reason):
                    done.set_exception(NotPrinted(f"the printer refuses it: {reason}"))
                case DeviceReport(state="broken", last_error=error):
                    done.set_exception(NotPrinted(f"{printer.id}: {error}"))

        expires = int((time.time() + LIMIT_S) * 1000)
        def up() -> None:
            link.send(PrintSlip(JOB, printer.id, blocks, expires))

        link.on_report, link.on_up = hear, up
        link.start()
        try:
            async with asyncio.timeout(LIMIT_S):
                printed = await done
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(spool, printed.png), out)
        except TimeoutError:
            raise NotPrinted("the device process did not print it; try queued doctor") from None
        finally:
            await link.stop()
    return printed.text

