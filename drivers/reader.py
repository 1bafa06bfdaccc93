"""An identity card reader that tells who came without telling who it is. Framing: sam.py.

    secret        16 … 200 characters   the hall's secret under which numbers are digested; better
                  in the environment, QUEUED_CARD_SECRET, than in a file others read
    sex           true | false          whether the sex is told too (false)
    poll_ms       200 … 2000            between two looks for a card (400)
    same_card_s   1 … 60                a card that lies there is not a second card (5)
    ack_s         0.05 … 10             how long a reader may be silent within an answer (1)

What leaves: HMAC-SHA256 of the card number under the secret, and a masked name. With the secret
alone one could try all numbers, so it is as worthy of protection as the numbers; whoever changes
it makes every earlier digest meaningless, which is a way to forget.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers import sam
from drivers.debounce import Debounce
from drivers.device import DeviceBroken, DeviceTransient, Transport
from drivers.input_event import Card, CardTrouble, InputEvent
from drivers.input_options import Number, Option, Rule, Switch, Words, check
from drivers.jobs import CardFlaw, DeviceConfig, PadShow
from drivers.pad import monotonic_ms

SECRET_NAME = "QUEUED_CARD_SECRET"
SECRET_CHARS_MIN = 16
PURPOSE = b"queued card v1\0"
"""So that no other use of the same secret gives the same digest."""
TRIES = 3
"""A damaged answer is ordinary on a long cable; three in a row are a fault."""
WRITE_TIMEOUT_S = 2.0
DRAIN_READS_MAX = 64
ANSWER_MAX_S = 10.0
"""1295 bytes take 1.4 s at 9600 baud, the slowest a reader can be set to. An answer that still
goes on after so long is noise."""

RULES: Mapping[str, Rule] = {
    "secret": Words(200, least=SECRET_CHARS_MIN, private=True),
    "sex": Switch(),
    "poll_ms": Number(200, 2000),
    "same_card_s": Number(1, 60),
    "ack_s": Number(0.05, 10, whole=False),
}


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """Checked options of one reader."""

    secret: str = field(repr=False)
    sex: bool = False
    poll_ms: int = 400
    same_card_s: int = 5
    ack_s: float = 1.0


def profile_of(
    options: Mapping[str, Option], environ: Mapping[str, str] = os.environ
) -> ReaderProfile:
    """Raises `DeviceBroken` (`bad_option`) naming the option; never shows the secret."""
    check("a card reader", options, RULES)
    secret = options.get("secret") or environ.get(SECRET_NAME, "")
    if len(str(secret)) < SECRET_CHARS_MIN:
        raise DeviceBroken(
            "bad_option",
            f"a card reader needs a secret of at least {SECRET_CHARS_MIN} characters: option "
            f"secret, or {SECRET_NAME} in the service's environment",
        )
    return ReaderProfile(**{**options, "secret": str(secret)})  # type: ignore[arg-type]


def digest(number: str, secret: str) -> str:
    """64 hexadecimal digits, the same for the same number under the same secret."""
    return hmac.new(secret.encode(), PURPOSE + number.encode(), hashlib.sha256).hexdigest()


class Reader:
    """One reader on one transport."""

    def __init__(
        self,
        config: DeviceConfig,
        transport: Transport,
        now_ms: Callable[[], int] = monotonic_ms,
        sleep: Callable[[float], object] = asyncio.sleep,
    ) -> None:
        """Raises `DeviceBroken` (`bad_option`) naming the option."""
        self.profile = profile_of(config.options)
        self.unreadable = 0
        """Cards taken away too soon, or whose data are none."""
        self._transport = transport
        self._now_ms = now_ms
        self._sleep = sleep
        self._decoder = sam.Decoder()
        self._same = Debounce(self.profile.same_card_s * 1000)
        self._read_at_ms: int | None = None

    async def connect(self) -> None:
        """Open the port and hear the module. Raises `DeviceError`."""
        await self._transport.open()
        answer = await self._ask(sam.STATUS)
        if answer.sw3 != sam.OK:
            raise _trouble(answer)

    async def close(self) -> None:
        """Never raises."""
        self._decoder.reset()
        await self._transport.close()

    async def show(self, order: PadShow) -> None:
        """A reader has no display."""

    async def events(self) -> Sequence[InputEvent]:
        """The next card that is not the one lying there, or that one was not read. Raises
        `DeviceTransient`."""
        while True:
            found = await self._found()
            if isinstance(found, sam.Person):
                key = digest(found.number, self.profile.secret)
                self._read_at_ms = self._now_ms()
                if self._same.first(key, self._read_at_ms):
                    sex = found.sex if self.profile.sex else ""
                    return (Card(key, sam.mask_name(found.name), sex),)
            elif found is not None:
                self.unreadable += 1
                if not self._lifted() and self._same.first(found, self._now_ms()):
                    return (CardTrouble(found),)
            await self._sleep(self.profile.poll_ms / 1000)  # type: ignore[misc]

    def _lifted(self) -> bool:
        """Whether a card that was read a moment ago is being taken away: that is no trouble."""
        since = self._now_ms() - self._read_at_ms if self._read_at_ms is not None else -1
        return 0 <= since < self.profile.same_card_s * 1000

    async def _found(self) -> sam.Person | CardFlaw | None:
        """Who lies on the reader; why nobody knows; None if nothing lies there."""
        for question, wanted in ((sam.FIND, sam.FOUND), (sam.SELECT, sam.OK), (sam.READ, sam.OK)):
            answer = await self._ask(question)
            if answer.sw3 == wanted and answer.well:
                continue
            if answer.sw3 not in (sam.NO_CARD, sam.NOT_SELECTED, sam.NOT_READ):
                raise _trouble(answer)
            return None if question == sam.FIND else "moved"
        try:
            return sam.person_of(answer.data)
        except sam.BadCard:
            return "no_data"

    async def _ask(self, question: bytes) -> sam.Answer:
        """Raises `DeviceTransient`: `timeout`, `garbled`, `unplugged`."""
        failure = DeviceTransient("timeout", "the reader does not answer")
        for _ in range(TRIES):
            await self._drain()
            await self._transport.write(question, WRITE_TIMEOUT_S)
            item = await self._answer()
            if isinstance(item, sam.Answer):
                return item
            if item is not None:
                failure = DeviceTransient("garbled", f"the reader answers garbage: {item.reason}")
        raise failure

    async def _drain(self) -> None:
        """Answers do not say to what: one that came too late must not count for this question."""
        self._decoder.reset()
        for _ in range(DRAIN_READS_MAX):
            if not await self._transport.read(0):
                return

    async def _answer(self) -> sam.Answer | sam.Flaw | None:
        """The answer, a flaw if only garbage came, None for silence."""
        clock = asyncio.get_running_loop().time
        longest = clock() + ANSWER_MAX_S
        flaw: sam.Flaw | None = None
        heard = False
        while clock() < longest and (data := await self._transport.read(self.profile.ack_s)):
            heard = True
            for item in self._decoder.feed(data):
                if isinstance(item, sam.Answer):
                    return item
                flaw = item
        return flaw or (sam.Flaw("no answer in what was heard") if heard else None)


def _trouble(answer: sam.Answer) -> DeviceTransient:
    return DeviceTransient("error", f"the reader reports error {answer.sw3:02X}")
