"""The tables, as SQLAlchemy Core metadata: the same for SQLite and PostgreSQL.

`journal` is the truth. `ticket`, `snapshot`, `hour_figures` and `learnt` follow from it and can be
rebuilt; `answer` is written in the journal's transaction. `cursor`, `slip`, `device_event`,
`alarm`, `person`, `appointment`, `booking`, `token`, `user` and `session` are facts of their own.
Times are Unix milliseconds; digests are SHA-256 in hexadecimal.

What is written in the journal's transaction is `WITHOUT ROWID` in SQLite: its rows live in the
primary key's own tree, one write instead of two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _maybe_text(name: str) -> Column[str]:
    return Column(name, Text)


def _maybe_number(name: str) -> Column[int]:
    return Column(name, BigInteger)


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

journal = Table(
    "journal",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _number("at"),
    _text("type"),
    _text("by"),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Events in order. The primary key fences: one owner per seq."""

answer = Table(
    "answer",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _text("fingerprint"),
    _number("seq"),
    _number("at"),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""First answers to commands with a key."""

Index("answer_by_time", answer.c.hall, answer.c.at)

snapshot = Table(
    "snapshot",
    metadata,
    Column("hall", Text, primary_key=True),
    _number("seq"),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _text("digest"),
)
"""A folded hall; `hash` is that of the record at `seq`, `digest` that of `body`."""

ticket = Table(
    "ticket",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    _text("number"),
    _text("queue"),
    _maybe_text("service"),
    _text("class"),
    _text("status"),
    _number("issued_at"),
    _number("base"),
    _number("key"),
    _maybe_text("window"),
    _number("calls"),
    _maybe_number("called_at"),
    _maybe_number("first_called_at"),
    _maybe_number("started_at"),
    _maybe_number("ended_at"),
    _number("returns"),
    _maybe_number("slot"),
    _text("language"),
    _number("party"),
    _text("reason"),
    _text("was"),
    _maybe_text("was_window"),
    _number("was_calls"),
    _maybe_number("was_called_at"),
    _text("origin"),
    Column("rating", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)
"""Tickets as they are now, one row each: for people who like SQL, and for reports. After hall
and day the columns are the fields of `core.model.Ticket` in their order; a test compares."""

cursor = Table(
    "cursor",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _number("seq"),
)
"""How far each follower of the journal has come."""

slip = Table(
    "slip",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("job", Text, primary_key=True),
    _text("day"),
    Column("ticket", Integer, nullable=False),
    _text("number"),
    _text("device"),
    _number("seq"),
    Column("reprint", Boolean, nullable=False),
    _text("status"),
    _text("reason"),
    _number("created_at"),
    _number("expires_at"),
    _number("updated_at"),
    Column("body", LargeBinary, nullable=False),
)
"""The ledger of slips: what was to be printed and what became of it."""

Index("slip_by_status", slip.c.hall, slip.c.status)
Index("slip_by_ticket", slip.c.hall, slip.c.day, slip.c.ticket, slip.c.created_at)
Index("slip_by_device", slip.c.hall, slip.c.device, slip.c.created_at)

device_event = Table(
    "device_event",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _number("at"),
    _text("device"),
    _text("kind"),
    _text("code"),
    _text("detail"),
)
"""What happened to devices, bounded in number and age (see `device_events`)."""

Index("device_event_by_device", device_event.c.hall, device_event.c.device, device_event.c.id)
Index("device_event_by_time", device_event.c.hall, device_event.c.at)

appointment = Table(
    "appointment",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    _text("service"),
    _text("class"),
    _number("slot"),
    _text("made_by"),
    _number("made_at"),
)
"""Who is expected when. `digest` is a keyed one of the code; nothing says who the person is.
Whether it was used stands in `answer`: the check-in's key and its event are one transaction."""

Index("appointment_by_slot", appointment.c.hall, appointment.c.slot)

booking = Table(
    "booking",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    _text("person"),
    _text("day"),
    _text("service"),
    _number("slot"),
    _number("made_at"),
    _text("status"),
)
"""Which appointments were booked on the phone, and by whom, as a keyed digest: one a day."""

Index("booking_by_person", booking.c.person)
Index("booking_by_slot", booking.c.hall, booking.c.slot)

person = Table(
    "person",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("ticket", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    _text("digest"),
    _text("masked"),
    Column("sealed", LargeBinary),
    _number("expires_at"),
)
"""Who holds a ticket, for a while: the only personal data there are (see `people`)."""

Index("person_by_digest", person.c.kind, person.c.digest)
Index("person_by_end", person.c.expires_at)

token = Table(
    "token",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("role"),
    _text("name"),
    _maybe_text("window"),
    _number("created_at"),
    _maybe_number("revoked_at"),
)
"""Access tokens. The token itself is stored nowhere."""

user = Table(
    "user",
    metadata,
    Column("name", Text, primary_key=True),
    _text("role"),
    _text("password"),
    _number("created_at"),
    _maybe_number("disabled_at"),
)
"""People who sign in. `password` is an opaque hash made by the server."""

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user", Text, ForeignKey("user.name", ondelete="CASCADE")),
    Column("token", Text, ForeignKey("token.digest", ondelete="CASCADE")),
    _text("csrf"),
    _number("created_at"),
    _number("expires_at"),
)
"""Signed-in browsers: of a user, or of a token's holder."""

Index("session_by_user", session.c.user)
Index("session_by_token", session.c.token)

reminder = Table(
    "reminder",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    _text("kind"),
    _text("day"),
    Column("ticket", Integer, nullable=False),
    _number("at"),
    _number("expires_at"),
    _text("status"),
    _text("reason"),
    _text("carrier_id"),
)
"""The ledger of reminders: what a person was to be told in time. `person` is a keyed digest."""

Index("reminder_by_status", reminder.c.hall, reminder.c.status)
Index("reminder_by_person", reminder.c.person)
Index("reminder_by_carrier", reminder.c.hall, reminder.c.carrier_id)

consent = Table(
    "consent",
    metadata,
    Column("person", Text, primary_key=True),
    Column("template", Text, primary_key=True),
    _number("left_over"),
    _number("changed_at"),
)
"""How many reminders of a template a person has agreed to."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _number("at"),
    _text("by"),
    _text("action"),
    _text("subject"),
    _text("detail"),
)
"""Who changed accounts and configurations: what is not in the journal (see `audit`)."""

configuration = Table(
    "configuration",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _number("at"),
    _text("by"),
    _text("comment"),
    _text("body"),
    _text("file"),
)
"""Versions of a hall's furniture as saved in administration (see `configurations`)."""

hour_figures = Table(
    "hour_figures",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("queue", Text, primary_key=True),
    _number("tickets"),
    _number("called"),
    _number("served"),
    _number("missed"),
    _text("waiting"),
    _text("waits_s"),
    _text("services_s"),
)
"""What each hour of each day was like (see `engine.day_figures`); "" is the whole hall's row. The
last three are lists of numbers as JSON."""

learnt = Table(
    "learnt",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    _number("seq"),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _text("digest"),
)
"""What was learnt from the journal up to `seq`, whose record has `hash`; `digest` of `body`."""

page_version = Table(
    "page_version",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("page", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _number("at"),
    _text("by"),
    _text("deed"),
    _text("body"),
)
"""Versions of the pages of columns (see `page_versions`)."""

alarm = Table(
    "alarm",
    metadata,
    Column("hall", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("subject"),
    _number("since"),
    _number("at"),
    _number("times"),
    _text("facts"),
    _text("acknowledged_by"),
    _maybe_number("acknowledged_at"),
)
"""The alarms there are, as they are (see `engine.alarms`); `facts` is JSON."""
