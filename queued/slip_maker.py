"""What a slip says, made from the hall at a moment: rows for the ledger, not yet in it.

When and how often a slip is printed is `slips.py`'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from drivers.jobs import Block
from queued.core import views
from queued.core.events import TicketIssued
from queued.core.model import Hall, Status, Ticket, TicketId
from queued.core.plan import Millis
from queued.engine.halls import RunningHall
from queued.outputs import SlipFacts, english_names, printer_of, slip
from queued.settings_values import Settings
from queued.slip_files import packaged_templates
from queued.slip_template import SlipTemplates, TemplateProblem
from queued.storage.ledger import Slip

log = logging.getLogger(__name__)

LARGE = "large"
"""Of `TicketIssued.slip`."""

VISITOR = "visitor:"
"""Who takes a number with his own phone: nobody stands at a printer."""

_ENCODER = msgspec.json.Encoder()


class SlipMaker:
    """Makes the slips of one hall."""

    def __init__(
        self,
        hall: RunningHall,
        settings: Settings,
        ticket_url: Callable[[str], str],
        templates: SlipTemplates | None = None,
    ) -> None:
        """`ticket_url` makes the address of an own-ticket page from its token.

        `templates` are the hall's own; without them slips look as packaged.
        """
        self._hall = hall
        self._settings = settings
        self._ticket_url = ticket_url
        self._packaged = packaged_templates()
        self.templates = templates or self._packaged
        self._english = english_names(settings)

    def first(self, hall: Hall, event: TicketIssued, seq: int) -> Slip | None:
        """The slip that follows from taking a number; `hall` is as it is after that.

        None without a printer, for a ticket of an earlier day, or one taken on a phone: it needs
        no paper.
        """
        if not event.here or event.by.startswith(VISITOR):
            return None
        if hall.day is None or event.ticket > len(hall.tickets):
            return None
        if hall.ticket(event.ticket).issued_at != event.at:
            return None
        job = first_job(hall.day, event.ticket)
        large = event.slip == LARGE
        return self.slip(hall, hall.day, event.ticket, job, seq, event.by, event.at, large)

    def slip(
        self,
        hall: Hall,
        day: str,
        id_: TicketId,
        job: str,
        seq: int,
        origin: str,
        at: Millis,
        large: bool,
        reprint: bool = False,
    ) -> Slip | None:
        """A slip as of `hall`; None without a printer, or if the ticket is not of today."""
        device = printer_of(self._settings.devices, origin)
        if device is None or hall.day != day or id_ > len(hall.tickets):
            return None
        ticket = hall.ticket(id_)
        ahead = views.ahead(hall, ticket)
        waiting = ticket.status is Status.WAITING
        wait = self._hall.estimator.wait(ticket.queue, ahead, hall.at) if waiting else None
        facts = SlipFacts(
            hall_name=hall.plan.name,
            zone=self._hall.calendar.zone,
            ahead=ahead,
            wait=wait,
            url=self._ticket_url(self._hall.tokens.token(day, id_)),
            reprint=reprint,
            elder=large or device.slip == "elder",
            english=self._english,
        )
        return Slip(
            job=job,
            day=day,
            ticket=id_,
            number=ticket.number,
            device=device.id,
            seq=seq,
            created_at=at,
            expires_at=Millis(at + self._settings.rules.slip_expires_s * 1000),
            body=_ENCODER.encode(self._blocks(hall, ticket, facts)),
            reprint=reprint,
            updated_at=at,
        )

    def _blocks(self, hall: Hall, ticket: Ticket, facts: SlipFacts) -> tuple[Block, ...]:
        try:
            return slip(hall, ticket, facts, self.templates)
        except TemplateProblem as problem:
            # The visitor gets a slip all the same.
            log.error("the slip's template failed, the packaged one is used: %s", problem)
            return slip(hall, ticket, facts, self._packaged)


def first_job(day: str, ticket: TicketId) -> str:
    """The ledger's name of the slip that follows from taking the number."""
    return f"{day}-{ticket}"
