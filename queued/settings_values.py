"""What a configuration says, as frozen values, and the limits of each number with their reason.

Only values: reading a file is in `settings.py`, one table at a time in `settings_tables.py`, the
checks between tables in `settings_links.py`. Clock times are minutes after local midnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

from queued.settings_device_values import DEVICE_KINDS as DEVICE_KINDS
from queued.settings_device_values import EVALUATORS as EVALUATORS
from queued.settings_device_values import PADS as PADS
from queued.settings_device_values import READERS as READERS
from queued.settings_device_values import DeviceSettings as DeviceSettings
from queued.settings_device_values import Option as Option
from queued.settings_remote_values import AppointmentSettings, RemoteSettings
from queued.settings_wechat_values import ReminderSettings, WechatSettings


@dataclass(frozen=True, slots=True)
class Bounds:
    """Inclusive limits of a whole number; `also` is one value outside of them, such as 0 = off."""

    least: int
    most: int
    also: int | None = None

    def __contains__(self, number: int) -> bool:
        return self.least <= number <= self.most or number == self.also

    def __str__(self) -> str:
        text = f"{self.least} to {self.most}"
        return text if self.also is None else f"{self.also}, or {text}"


# ── Limits ────────────────────────────────────────────────────────────────────────────────

FILE_BYTES_MAX = 1 << 20
"""A hall of 500 windows is below 200 KB; more is not a configuration."""

ID_PATTERN = r"[a-z0-9-]{1,32}"
"""Ids stand in URLs, file names and journal entries; nothing in them may need escaping."""

EVERYTHING = "*"
"""In a window's `queues`: all queues of the hall, 一窗受理."""

LETTER_PATTERN = r"[A-Z]{1,2}"
"""Spoken by voice modules and shown by four-character LED windows: Latin capitals only."""

NAME_CHARS_MAX = 40
"""What still fits one line of a board at the smallest size and two lines of a 58 mm slip."""

SENTENCE_CHARS_MAX = 200
"""A legal basis or one document to bring; longer texts belong on paper."""

ONE_THING_SERVICES_MAX = 20
"""The longest official bundles join about a dozen."""

MATERIALS_MAX = 30
"""More would not fit a slip of bearable length."""

ENTRIES_MAX: Mapping[str, int] = MappingProxyType(
    {"zone": 50, "queue": 100, "service": 2000, "window": 500, "class": 20, "hours": 50,
     "device": 500, "outcome": 9, "one_thing": 100, "notice": 50, "wechat_reminder": 20}
)  # fmt: skip
"""Entries of each table. The largest known halls have about 300 windows and 1,500 services.
Outcomes are chosen with one digit of the keyboard."""

DIGITS = Bounds(2, 4)
"""Two digits run out in a morning's small queue at best; five do not fit an LED window."""

SERVICE_MINUTES = Bounds(1, 240)
"""Usual minutes of one visit; whoever needs more than half a day needs an appointment."""

REMOTE_PER_DAY = Bounds(1, 10_000)
"""Of one service. Who comes to the hall himself is never counted: without booking no hall may
limit a day's numbers (浙江省保障"最多跑一次"改革规定 art. 12)."""

APPOINTMENTS_PER_SLOT = Bounds(0, 500)

HEAD_START_MINUTES = Bounds(0, 60)
"""More than an hour would mean that a normal visitor is never called on a busy morning."""

QUEUE_WAITING = Bounds(1, 10_000)
"""People waiting in one queue. A number series of four digits holds no more."""

HALL_WAITING = Bounds(1, 10_000)
"""People waiting in the hall: what the published waiting order stays small with."""

RECALL_TIMES = Bounds(1, 10)
RECALL_INTERVAL_S = Bounds(0, 300)
"""Between two recalls the first must have been spoken: about eight seconds."""

AUTO_MISS_AFTER_S = Bounds(30, 3600, also=0)
"""Nobody crosses a hall in less than half a minute; 0 leaves it to the clerk."""

UNDO_WITHIN_S = Bounds(0, 60)
"""After a minute the visitor stands at the window: taking the call back would be a new wrong."""

OVERFLOW_PENALTY_MINUTES = Bounds(0, 15)
"""How much later a window sees the queues it only helps out with."""

RETURNS = Bounds(0, 10)
LONG_WAIT_MINUTES = Bounds(5, 240, also=0)
"""From when a wait is an alarm at the windows; halls promise to open more at half an hour."""
CHECKIN_MINUTES = Bounds(0, 240)
"""Half a day: whoever comes earlier or later than that has come for another appointment."""

KEEP_PLACE_MINUTES = Bounds(1, 120)
"""Who was told in time and is not here after two hours does not come."""

SLIP_EXPIRES_S = Bounds(10, 3600)
"""A slip that comes later lies on the floor: its visitor went away with a photograph."""

RATING_S = Bounds(5, 600, also=0)
"""How long an evaluator waits for the visitor; 0: nobody is asked. Who has not answered after
ten minutes has left."""

PEOPLE_DAYS = Bounds(1, 180)
"""Personal data are kept no longer than they are needed (个人信息保护法 art. 19); following up a
poor rating takes some weeks at most."""

PORT = Bounds(0, 65535)
"""0 takes any free port, for tests."""

PUBLIC_REQUESTS_PER_MINUTE = Bounds(10, 100_000)
"""From one address; a whole hall may share one behind its Wi-Fi."""

SIGN_IN_ATTEMPTS_PER_MINUTE = Bounds(1, 100)
TICKETS_PER_MINUTE = Bounds(1, 1000)
"""From one kiosk; a person takes at least two seconds for a number."""

STREAMS = Bounds(1, 20_000)
"""Open live streams; each costs about 40 KB."""

SESSION_HOURS = Bounds(1, 24)
"""A clerk signs in once a shift."""


# ── Values ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class HallSettings:
    """`day_starts_minutes`: when a new business day begins, in minutes after local midnight."""

    id: str
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"
    day_starts_minutes: int = 4 * 60
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    """WGS 84, degrees: what browsers tell of themselves. Both or neither."""


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """A part of a hall with screens and voice of its own."""

    id: str
    name: str
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Numbers: `letter` and `digits` digits, from `first` on. `waiting_max` None: no own limit."""

    id: str
    letter: str
    name: str
    name_en: str = ""
    first: int = 1
    digits: int = 3
    waiting_max: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What one comes for. `initials` are the Pinyin initials a kiosk searches by, lower case.

    `remote`: numbers may be taken on a phone, `remote_per_day` of them at most (None: as many as
    come); `appointments`: so many people may book each slot (0: there are no slots).
    """

    id: str
    name: str
    queue: str
    minutes: int
    materials: tuple[str, ...] = ()
    name_en: str = ""
    initials: str = ""
    remote: bool = False
    remote_per_day: int | None = None
    appointments: int = 0


@dataclass(frozen=True, slots=True)
class OneThingSettings:
    """一件事: `services` in one visit; the number is for the first. No `materials`: all theirs."""

    id: str
    name: str
    services: tuple[str, ...]
    materials: tuple[str, ...] = ()
    name_en: str = ""
    initials: str = ""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """`queues` in order, `*` already written out; `overflow` are those it helps out with."""

    id: str
    name: str
    queues: tuple[str, ...]
    overflow: tuple[str, ...] = ()
    zone: str | None = None
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class ClassSettings:
    """Whose number counts as taken `head_start_minutes` earlier, and on which legal `basis`."""

    id: str
    name: str
    name_en: str = ""
    head_start_minutes: int = 0
    basis: str = ""


DEFAULT_CLASSES: tuple[ClassSettings, ...] = (
    ClassSettings("normal", "普通", "Normal", 0),
    ClassSettings("priority", "优先", "Priority", 30),
    ClassSettings("appointment", "预约", "Appointment", 15),
    ClassSettings("return", "补正返回", "Returning", 10),
)
"""Every hall has these four; a `[[class]]` with the same id changes one."""


@dataclass(frozen=True, slots=True)
class HoursSettings:
    """Open from `open_minutes` to before `close_minutes` (after local midnight) on `days`."""

    days: tuple[str, ...]
    open_minutes: int
    close_minutes: int


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """A sentence for the hall's screens; of one `zone` or, if None, of all. It is shown from the
    minute `since` to before the minute `until`, both "2026-11-23T08:30" on the hall's clock and
    "" for no limit.
    """

    text: str
    text_en: str = ""
    zone: str | None = None
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeSettings:
    """How a visit may end, in the hall's own words."""

    id: str
    name: str
    name_en: str = ""


DEFAULT_OUTCOMES: tuple[OutcomeSettings, ...] = (
    OutcomeSettings("done", "办结", "Completed"),
    OutcomeSettings("accepted", "受理", "Accepted"),
    OutcomeSettings("documents", "一次性告知补正", "More papers needed"),
    OutcomeSettings("rejected", "不予受理", "Rejected"),
    OutcomeSettings("other", "其他", "Other"),
)
"""Of a hall without `[[outcome]]`; the first one is what a plain "finish" says."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class RulesSettings:
    """The house rules. `auto_miss_after_s` 0: only a clerk marks somebody as missed;
    `long_wait_minutes` 0: no window warns of long waits.

    Who takes a number with an identity card has one open number in each queue, or with
    `one_live_ticket` one in all.
    """

    recall_max: int = 3
    recall_interval_s: int = 10
    auto_miss_after_s: int = 180
    undo_within_s: int = 10
    overflow_penalty_minutes: int = 5
    returns_max: int = 3
    waiting_max: int = 2000
    one_live_ticket: bool = False
    slip_expires_s: int = 120
    long_wait_minutes: int = 30
    checkin_early_minutes: int = 60
    checkin_late_minutes: int = 30
    """How long before and after its slot an appointment may be checked in."""
    keep_place_minutes: int = 15
    """How long a number taken on a phone keeps its place after its turn, until its holder comes."""


SLIP_KINDS = ("normal", "elder")
"""elder: large type for kiosks where mostly old people take their numbers."""


@dataclass(frozen=True, slots=True)
class SlipSettings:
    """Files that slips are made of; "": the packaged template, no logo."""

    zh: str = ""
    en: str = ""
    zh_elder: str = ""
    en_elder: str = ""
    logo: str = ""

    def beside(self, folder: Path) -> SlipSettings:
        """With the paths taken from `folder` on, where the configuration file lies."""
        paths = {one.name: getattr(self, one.name) for one in fields(self)}
        return SlipSettings(**{name: str(folder / path) for name, path in paths.items() if path})


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where and how the server answers. `public_url` "" : QR codes carry the address asked for."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    public_requests_per_minute: int = 1200
    sign_in_attempts_per_minute: int = 10
    tickets_per_minute: int = 60
    streams_max: int = 1000
    session_hours: int = 12


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where hints and snapshots are published; None: nowhere."""

    url: str | None = None


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """The database server of a city, `postgresql://…`; None: SQLite in the data folder."""

    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """How long the hall knows who held a ticket. One day: long enough that nobody waits twice."""

    keep_days: int = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """One hall's whole configuration: every reference leads somewhere, every id is unique."""

    hall: HallSettings
    queues: tuple[QueueSettings, ...]
    windows: tuple[WindowSettings, ...]
    services: tuple[ServiceSettings, ...] = ()
    classes: tuple[ClassSettings, ...] = DEFAULT_CLASSES
    zones: tuple[ZoneSettings, ...] = ()
    hours: tuple[HoursSettings, ...] = ()
    """Empty: the hall is always open."""
    notices: tuple[NoticeSettings, ...] = ()
    rules: RulesSettings = RulesSettings()
    devices: tuple[DeviceSettings, ...] = ()
    http: HttpSettings = HttpSettings()
    redis: RedisSettings = RedisSettings()
    storage: StorageSettings = StorageSettings()
    slip: SlipSettings = SlipSettings()
    outcomes: tuple[OutcomeSettings, ...] = DEFAULT_OUTCOMES
    one_things: tuple[OneThingSettings, ...] = ()
    people: PeopleSettings = PeopleSettings()
    wechat: WechatSettings = WechatSettings()
    wechat_reminders: tuple[ReminderSettings, ...] = ()
    remote: RemoteSettings = RemoteSettings()
    appointments: AppointmentSettings = AppointmentSettings()
