"""Runs the devices: one task each, orders to the task they are for.

A device that hangs or whose driver fails costs itself. Nothing here blocks: an order is
handed over and forgotten, and whatever comes of it is a report.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import assert_never

from drivers.browser_voice import BrowserPage, BrowserVoiceTask
from drivers.clock import Clock, SystemClock, until
from drivers.device import DeviceBroken
from drivers.device_task import DeviceTask, World
from drivers.input_task import InputDevice, InputTask
from drivers.job_task import JobTask
from drivers.jobs import (
    AskRating,
    Configure,
    DeviceConfig,
    JobCancel,
    JobFailed,
    JobGo,
    NotSpoken,
    Order,
    PadShow,
    PrintSlip,
    Rated,
    Report,
    SaidInBrowser,
    Say,
    ShowText,
    Stop,
    VoicePage,
    WatchFrames,
    encode,
)
from drivers.printer_task import PrinterTask, SlipPrinter
from drivers.registry import KINDS, Device, Registry
from drivers.strip_task import StripTask
from drivers.voice_task import Voice, VoiceTask

log = logging.getLogger("drivers")

DEVICES_MAX = 200
"""A hall of 100 windows with a strip each, and some printers."""
STOP_LIMIT_S = 30.0
"""For the slip whose bytes are leaving; then the ports are left as they are."""


class Supervisor:
    """All devices of the process. `obey` orders; reports go to `report`."""

    def __init__(
        self,
        report: Callable[[Report], None],
        registry: Registry,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._registry = registry
        self._world = World(clock or SystemClock(), chance, report)
        self._tasks: dict[str, DeviceTask] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._warned_of_texts = False

    @property
    def tasks(self) -> dict[str, DeviceTask]:
        """The devices running, by id."""
        return self._tasks

    def obey(self, order: Order) -> bool:
        """Carry out an order; False when it was `Stop`. Never raises, never waits."""
        self._show_order(order)
        match order:
            case Configure(devices):
                self._configure(devices)
            case PrintSlip():
                self._print(order)
            case ShowText():
                self._show(order)
            case Say():
                self._say(order)
            case VoicePage(device):
                self._page(device, lambda page: page.attend(order.there))
            case SaidInBrowser(device=device):
                self._page(device, lambda page: page.answer(order))
            case PadShow():
                self._show_on_pad(order)
            case AskRating():
                self._ask(order)
            case WatchFrames(device, until_ms):
                if (task := self._tasks.get(device)) is not None:
                    task.tap.watch(until_ms, self._world.report, self._world.clock)
            case JobGo(job):
                if not any(task.grant(job) for task in self._printers()):
                    log.debug("a go for a job that is not waiting")
            case JobCancel(job):
                if not any(task.cancel(job) for task in self._with_jobs()):
                    log.debug("a cancellation of a job that is not waiting")
            case Stop():
                return False
            case _:
                assert_never(order)
        return True

    async def stop(self) -> None:
        """End every task; slips whose bytes are leaving are finished, within `STOP_LIMIT_S`."""
        for task in self._tasks.values():
            task.stop()
        ended = asyncio.Event()
        waiter = asyncio.ensure_future(self._all_ended(ended))
        if not await until(self._world.clock, STOP_LIMIT_S, ended):
            log.warning("a device did not stop; it is left behind")
        waiter.cancel()

    async def _all_ended(self, ended: asyncio.Event) -> None:
        await asyncio.gather(*(task.stopped() for task in self._tasks.values()), *self._ending)
        ended.set()

    def _printers(self) -> list[PrinterTask]:
        return [task for task in self._tasks.values() if isinstance(task, PrinterTask)]

    def _with_jobs(self) -> list[JobTask]:
        return [task for task in self._tasks.values() if isinstance(task, JobTask)]

    def _show_order(self, order: Order) -> None:
        """To who watches: a capture of the line can be replayed only with what was ordered."""
        if isinstance(order, PrintSlip | ShowText | Say | PadShow):
            task = self._tasks.get(order.device)
            if task is not None and task.tap.watched:
                task.tap.ordered(encode(order).rstrip())

    def _say(self, order: Say) -> None:
        task = self._tasks.get(order.device)
        if isinstance(task, VoiceTask):
            task.add(order)
        else:
            self._world.report(NotSpoken(order.job, order.device, "unknown_device"))

    def _page(self, device: str, tell: Callable[[BrowserPage], None]) -> None:
        task = self._tasks.get(device)
        if isinstance(task, BrowserVoiceTask):
            tell(task.page)
        else:
            log.debug("word of a page for %.40r, which is no voice of pages", device)

    def _show_on_pad(self, order: PadShow) -> None:
        task = self._tasks.get(order.device)
        if isinstance(task, InputTask):
            task.show(order)
        else:
            log.debug("a display for %.40r, which is no pad", order.device)

    def _ask(self, order: AskRating) -> None:
        task = self._tasks.get(order.device)
        if isinstance(task, InputTask):
            task.ask(order)
        else:
            now_ms = self._world.clock.now_ms()
            self._world.report(Rated(order.device, "none", order.ask, now_ms))

    def _print(self, slip: PrintSlip) -> None:
        task = self._tasks.get(slip.device)
        if isinstance(task, PrinterTask):
            task.add(slip)
        else:
            self._world.report(JobFailed(slip.job, slip.device, "unknown_device", False))

    def _show(self, order: ShowText) -> None:
        task = self._tasks.get(order.device)
        if isinstance(task, StripTask):
            task.show(order)
        else:
            level = logging.DEBUG if self._warned_of_texts else logging.WARNING
            self._warned_of_texts = True
            log.log(level, "a text for %.40r, which is no strip", order.device)

    # ── configuration ──

    def _configure(self, devices: tuple[DeviceConfig, ...]) -> None:
        """Start, stop and change devices so that exactly `devices` run.

        A device whose configuration stays the same keeps running, jobs and all.
        """
        wanted: dict[str, DeviceConfig] = {}
        for config in devices[:DEVICES_MAX]:
            if config.id in wanted:
                log.warning("device %s is configured twice: the first counts", config.id)
            wanted.setdefault(config.id, config)
        if len(devices) > DEVICES_MAX:
            log.warning("%d devices, at most %d run", len(devices), DEVICES_MAX)
        for name, task in tuple(self._tasks.items()):
            if wanted.get(name) == task.config:
                task.tell(again=True)
            else:
                self._retire(task)
        for name, config in wanted.items():
            if name not in self._tasks:
                self._tasks[name] = task = self._task_of(config)
                task.start()

    def _retire(self, task: DeviceTask) -> None:
        del self._tasks[task.config.id]
        if isinstance(task, JobTask):
            task.cancel_all("unknown_device")
        task.stop()
        ending = asyncio.create_task(task.stopped())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _task_of(self, config: DeviceConfig) -> DeviceTask:
        device = self._built(config)
        task = self._task_for(config, device)
        task.tap = device.tap
        return task

    def _built(self, config: DeviceConfig) -> Device:
        try:
            return self._registry.build(config)
        except DeviceBroken as error:
            # It runs all the same: red on every list, with its reason, and its slips expire.
            return _red(config, error)
        except Exception as error:
            # The device edge again: a driver that cannot even be loaded is its device's affair.
            log.exception("device %s: the driver cannot be loaded", config.id)
            failure = DeviceBroken("error", f"the driver failed: {type(error).__name__}")
            return _red(config, failure)

    def _task_for(self, config: DeviceConfig, device: Device) -> DeviceTask:
        if device.strip is not None:
            return StripTask(config, self._world, device.strip)
        if device.browser:
            return BrowserVoiceTask(config, self._world)
        if device.voice is not None:
            return VoiceTask(config, self._world, device.voice, device.heard)
        if device.input is not None:
            return InputTask(config, self._world, device.input)
        assert device.printer is not None
        return PrinterTask(config, self._world, device.printer, device.spool)


def _red(config: DeviceConfig, error: DeviceBroken) -> Device:
    def printer() -> SlipPrinter:
        raise DeviceBroken(error.code, str(error))

    def voice() -> Voice:
        raise DeviceBroken(error.code, str(error))

    def pad() -> InputDevice:
        raise DeviceBroken(error.code, str(error))

    kind = KINDS.get(config.kind)
    if kind is not None and kind.role == "input":
        return Device("input", input=pad)
    if kind is not None and kind.role == "voice":
        return Device("voice", voice=voice)
    return Device("printer", printer=printer)
