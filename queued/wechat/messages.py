"""What the account answers: commands in words, menu buttons, scanned slips, coming and going.

Every command may come twice: it does nothing the second time, and says the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from queued.core import views
from queued.core.commands import CancelTicket
from queued.core.model import Status, Ticket
from queued.core.refusals import Refused
from queued.engine.clock import Clock
from queued.engine.halls import RunningHall
from queued.engine.reminders import ReminderLedger
from queued.wechat import told
from queued.wechat.inbound import (
    Clicked,
    Consented,
    Delivered,
    Followed,
    OpenId,
    Other,
    Push,
    Scanned,
    Unfollowed,
    Wrote,
)
from queued.wechat.people import ENDED, TICKETS_MAX, Phones
from queued.wechat.phrases import Phrases, phrases
from queued.wechat.told import Names

TICKET_SCENE = "t."
"""In front of an own-ticket token in the scene of a QR code."""

LONG_TERM = 1_000_000
"""Consent to a long-term reminder (长期订阅): it is not used up."""

ON_THEIR_WAY = frozenset({Status.WAITING, Status.CALLED, Status.SERVING})
"""Whose number everybody may ask for: it is on the screens."""

BY = "visitor:wechat"
"""Who cancels, in the journal: a visitor, by this way; never which one."""

_NUMBER = re.compile(r"[A-Z]{1,2}[0-9]{2,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the hall's manager has set. `ahead` 0: no reminders are sent."""

    phone: str = ""
    ahead: int = 0
    followers_only: bool = False
    """No way of sending reaches somebody who does not follow the account."""
    long_term: frozenset[str] = frozenset()
    """Templates of 长期订阅: one consent is good for many reminders."""
    take_url: str = ""
    book_url: str = ""
    """Pages for taking a number, and booking; "" where the hall offers neither."""
    names: Names
    """English names, where there are any."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Where the menu leads, by the names in it: news_url, questions_url, site_url, contacts_url."""


Questions: TypeAlias = Callable[[str, str], Awaitable[Sequence[tuple[str, str]]]]
"""(question, language) → (title, address) of pages that answer it, the best first."""

Reply: TypeAlias = Callable[["Conversation", Push, Phrases], Awaitable[str]]


class Conversation:
    """The answers of one hall's account."""

    def __init__(
        self,
        hall: RunningHall,
        phones: Phones,
        ledger: ReminderLedger,
        clock: Clock,
        about: About,
        on_bound: Callable[[Ticket, str], Awaitable[None]] | None = None,
        on_forgotten: Callable[[str], Awaitable[object]] | None = None,
        questions: Questions | None = None,
    ) -> None:
        """`on_bound` hears of each ticket whose phone has just been told how it stands,
        `on_forgotten` of each person (a digest) of whom nothing may be left; `questions` finds
        answers to what is no command."""
        self._hall = hall
        self._phones = phones
        self._ledger = ledger
        self._clock = clock
        self._about = about
        self._on_bound = on_bound
        self._on_forgotten = on_forgotten
        self._questions = questions

    async def answer(self, push: Push) -> str:
        """The reply to a push; "" for none."""
        say = phrases("zh")
        match push.what:
            case Wrote(content):
                return await self._command(push, content)
            case Clicked(key):
                return await BUTTONS.get(key, Conversation._help)(self, push, say)
            case Scanned(scene, followed):
                sentence = await self._scanned(push.person, scene, say)
                return f"{say('help.welcome')}\n{sentence}" if followed else sentence
            case Followed():
                return f"{say('help.welcome')}\n{await self._help(push, say)}"
            case Unfollowed():
                await self.forget(push.person)
                return ""
            case Consented(accepted, rejected):
                await self._consented(push.person, accepted, rejected)
                return ""
            case Delivered(results):
                for carrier_id, reason in results:
                    await self._ledger.delivered(self._hall.id, carrier_id, reason)
                return ""
            case Other(kind):
                return await self._help(push, say) if kind in ASKED_BY else ""
            case _:
                assert_never(push.what)

    async def forget(self, person: OpenId) -> None:
        """Take everything about a person off the disk."""
        digest = self._phones.digest(person)
        await self._ledger.forget(digest)
        if self._on_forgotten is not None:
            await self._on_forgotten(digest)
        await self._phones.forget(person)

    async def bind(
        self, person: OpenId, token: str, say: Phrases, *, follows: bool = False
    ) -> tuple[bool, str]:
        """Bind the ticket of `token`; whether it is bound now, and what to say.

        `follows`: we know that the person follows the account; others are told to.
        """
        ticket = self._of_token(token)
        if ticket is None:
            return False, say("bind.unknown")
        outcome = await self._phones.bind(person, ticket)
        if outcome not in ("bound", "already"):
            return False, say(f"bind.{outcome}", number=ticket.number, most=TICKETS_MAX)
        if self._on_bound is not None:
            await self._on_bound(ticket, self._phones.digest(person))
        lines = [say("bind.done", number=ticket.number), self._told(ticket, say)]
        lines.append(self._promise(ticket, say))
        if self._about.followers_only and not follows:
            lines.append(say("bind.follow"))
        return True, "\n".join(lines)

    def _promise(self, ticket: Ticket, say: Phrases) -> str:
        """What we will tell, and what one must watch oneself."""
        most = self._about.ahead
        if not most:
            return say("bind.watch")
        far = views.ahead(self._hall.actor.hall, ticket) > most
        return say("bind.remind", ahead=most) if far else say("bind.remind_turn")

    # ── Commands in words ─────────────────────────────────────────────────────────────────

    async def _command(self, push: Push, content: str) -> str:
        words = _plain(content)
        for language, table in COMMANDS.items():
            if (reply := table.get(words)) is not None:
                return await reply(self, push, phrases(language))
        for language, cancel in CANCELS.items():
            number = words.removeprefix(cancel).strip()
            if words.startswith(cancel) and _NUMBER.fullmatch(number.upper()):
                return await self._cancel(push.person, number.upper(), phrases(language))
        say = phrases("zh")
        if _NUMBER.fullmatch(words.upper()):
            return self._number(words.upper(), say)
        if answers := await self._answers(words, phrases("en") if words.isascii() else say):
            return answers
        return f"{say('help.unknown')}\n{await self._help(push, say)}"

    async def _answers(self, question: str, say: Phrases) -> str:
        """Titles and addresses of pages that answer a question asked in one's own words."""
        if self._questions is None:
            return ""
        found = await self._questions(question, say.language)
        lines = [f"{title}\n{address}" for title, address in found]
        return "\n".join([say("questions.found"), *lines]) if lines else ""

    async def _queues(self, push: Push, say: Phrases) -> str:
        hall = self._hall
        return told.queues(
            hall.actor.hall,
            hall.estimator,
            hall.calendar.zone,
            say,
            self._about.names,
            self._clock.now(),
        )

    async def _mine(self, push: Push, say: Phrases) -> str:
        tickets = await self._phones.tickets(push.person)
        alive = [ticket for ticket in tickets if ticket.status not in ENDED] or tickets[-1:]
        if not alive:
            return say("ticket.mine_none")
        return "\n".join(self._told(ticket, say) for ticket in alive)

    async def _help(self, push: Push, say: Phrases) -> str:
        name = self._hall.actor.hall.plan.name
        if say.language == "en":
            name = self._about.names.get("hall") or name
        lines = [say("help.text", hall=name)]
        lines += [say("help.take")] if self._about.take_url else []
        lines += [say("help.book")] if self._about.book_url else []
        return "\n".join([*lines, say("help.bind")])

    async def _phone(self, push: Push, say: Phrases) -> str:
        if not self._about.phone:
            return say("phone.none")
        return say("phone.text", hall=self._hall.actor.hall.plan.name, phone=self._about.phone)

    async def _take(self, push: Push, say: Phrases) -> str:
        url = self._about.take_url
        return say("take.text", url=url) if url else say("take.none")

    async def _book(self, push: Push, say: Phrases) -> str:
        url = self._about.book_url
        return say("take.book", url=url) if url else say("take.none")

    async def _ask_cancel(self, push: Push, say: Phrases) -> str:
        tickets = await self._phones.tickets(push.person)
        waiting = [ticket for ticket in tickets if ticket.status is Status.WAITING]
        if not waiting:
            return say("cancel.none")
        lines = [self._told(ticket, say) for ticket in waiting]
        return "\n".join([*lines, say("cancel.ask", number=waiting[0].number)])

    async def _cancel(self, person: OpenId, number: str, say: Phrases) -> str:
        mine = [one for one in await self._phones.tickets(person) if one.number == number]
        if not mine:
            return say("cancel.not_yours", number=number)
        ticket = mine[-1]
        if ticket.status in ENDED:
            return self._told(ticket, say)
        try:
            await self._hall.actor.submit(CancelTicket(ticket=ticket.id, by=BY))
        except Refused:
            return say("cancel.late", number=number)
        return say("cancel.done", number=number)

    def _number(self, number: str, say: Phrases) -> str:
        """Only what the screens say of it: a stranger may be asking."""
        ticket = self._hall.actor.hall.find(number)
        if ticket is None or ticket.status not in ON_THEIR_WAY:
            return say("ticket.nobody", number=number)
        return self._told(ticket, say)

    # ── Scans, consents ───────────────────────────────────────────────────────────────────

    async def _scanned(self, person: OpenId, scene: str, say: Phrases) -> str:
        if not scene.startswith(TICKET_SCENE):
            return say("bind.unknown")
        token = scene.removeprefix(TICKET_SCENE)
        return (await self.bind(person, token, say, follows=True))[1]

    def _of_token(self, token: str) -> Ticket | None:
        """The ticket of today that an own-ticket token opens."""
        opened, hall = self._hall.tokens.read(token), self._hall.actor.hall
        if opened is None or opened[0] != hall.day or not 1 <= opened[1] <= len(hall.tickets):
            return None
        return hall.ticket(opened[1])

    async def _consented(
        self, person: OpenId, accepted: tuple[str, ...], rejected: tuple[str, ...]
    ) -> None:
        digest, now = self._phones.digest(person), self._clock.now()
        for template in rejected:
            await self._ledger.consent(digest, template, None, now)
        for template in accepted:
            more = LONG_TERM if template in self._about.long_term else 1
            await self._ledger.consent(digest, template, more, now)

    def _told(self, ticket: Ticket, say: Phrases) -> str:
        hall = self._hall
        return told.ticket(
            hall.actor.hall, ticket, hall.estimator, hall.calendar.zone, say, self._about.names
        )


def _plain(content: str) -> str:
    """As people mean it: full-width letters, blanks, case and punctuation do not matter."""
    folded = unicodedata.normalize("NFKC", content).strip().casefold()
    return re.sub(r"\s+", " ", folded.strip("。.!?,;:、“”\"'[]【】()")).strip()


def _page(url: str, title: str) -> Reply:
    """A reply that leads to one of the hall's pages; the help, where there is none."""

    async def reply(conversation: Conversation, push: Push, say: Phrases) -> str:
        address = conversation._about.urls.get(url, "")
        if not address:
            return await conversation._help(push, say)
        return say("page.text", title=say(f"page.{title}"), url=address)

    return reply


_news, _asked = _page("news_url", "news"), _page("questions_url", "questions")
_site = _page("site_url", "site")
_queues, _mine = Conversation._queues, Conversation._mine
_help, _phone, _ask = Conversation._help, Conversation._phone, Conversation._ask_cancel
_take, _book = Conversation._take, Conversation._book

COMMANDS: Mapping[str, Mapping[str, Reply]] = {
    "zh": {
        "排队": _queues, "排队情况": _queues, "叫号": _queues,
        "我的号": _mine, "我的号码": _mine, "我的": _mine, "查号": _mine,
        "取消": _ask, "退号": _ask,
        "取号": _take, "在线取号": _take, "预约": _book, "预约办事": _book,
        "公告": _news, "要闻公告": _news, "通知": _news,
        "ta们都在问": _asked, "常见问题": _asked, "问答": _asked, "微官网": _site,
        "电话": _phone, "咨询电话": _phone,
        "帮助": _help, "": _help,
    },
    "en": {
        "queue": _queues, "queues": _queues,
        "mine": _mine, "my number": _mine, "my ticket": _mine,
        "cancel": _ask,
        "take": _take, "book": _book,
        "phone": _phone,
        "news": _news, "notices": _news, "questions": _asked, "faq": _asked, "about": _site,
        "help": _help, "hi": _help, "hello": _help,
    },
}  # fmt: skip
"""Language of the reply → what people write, folded → the reply."""

CANCELS: Mapping[str, str] = {"zh": "取消", "en": "cancel"}
"""In front of a number: give it up."""

BUTTONS: Mapping[str, Reply] = {"QUEUE": _queues, "MINE": _mine, "PHONE": _phone, "HELP": _help,
                                    "TAKE": _take, "BOOK": _book}  # fmt: skip
"""Keys of menu buttons."""

ASKED_BY = frozenset({"image", "voice", "video", "shortvideo", "location", "link"})
"""Kinds of messages that a person sent expecting an answer; unknown events get none."""
