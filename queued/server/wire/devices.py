"""Bodies about the devices, for technicians and managers."""

from __future__ import annotations

from typing import Literal

from queued.server.wire.shapes import Time, Told


class DeviceTest(Told, frozen=True):
    """A test print, test text or test sentence. `code` says how it ended, "" while it runs."""

    id: str
    at: Time
    state: Literal["running", "done", "failed"]
    code: str
    text: str


class DeviceDone(Told, frozen=True):
    """What a device did since the hall started; failures by reason."""

    spoken: int
    not_spoken: dict[str, int]
    slips_confirmed: int
    slips_unconfirmed: int
    slips_failed: dict[str, int]


class Device(Told, frozen=True):
    """A device: how it is and since when.

    `light` is green (works), amber (works with a warning, or is coming back) or red (needs
    somebody). `code` is the reason of its present trouble, `text` that trouble as a sentence and
    `advice` what to do, both by Accept-Language; null when it is well.
    """

    id: str
    kind: str
    state: str
    since: Time
    queue: int
    last_error: str | None
    paper: str | None
    counters: dict[str, int]
    light: Literal["green", "amber", "red"]
    code: str | None
    text: str | None
    advice: str | None
    last_error_at: Time | None
    port: str | None
    window: str | None
    zone: str | None
    kiosk: str | None
    done: DeviceDone
    testable: bool
    test: DeviceTest | None


class DeviceList(Told, frozen=True):
    """The devices of a hall. `restarts`: of the device process since the hall started."""

    devices: list[Device]
    observed_at: Time
    restarts: int


class DeviceEvent(Told, frozen=True):
    """Something that happened to a device; `device` "" is the device process.

    `text` says it by Accept-Language, `detail` is the driver's own words or a job's id.
    """

    id: int
    at: Time
    device: str
    kind: str
    code: str
    text: str
    detail: str


class DeviceEvents(Told, frozen=True):
    """Newest first. `next` is the `before` of the following page, null at the end."""

    device: str
    events: list[DeviceEvent]
    next: int | None


class FrameWord(Told, frozen=True):
    """A part of what a frame means; `name` is stable."""

    name: str
    value: str


class SeenFrame(Told, frozen=True):
    """Bytes on a device's line, as one event of its stream. `hex` is empty where the bytes are
    private; `length` tells how many it were. An `order` is what the device was told to do."""

    at_ms: int
    direction: Literal["out", "in", "order"]
    hex: str
    length: int
    words: list[FrameWord]
    left_out: int
