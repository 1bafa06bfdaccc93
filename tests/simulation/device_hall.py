"""The furniture of the simulated day, and its processes: hall, ledger, device process, lines.

What is real: the actor, the SQL journal and ledger on SQLite, `queued.slips`, `strips` and
`voices`, the JSON of the pipe, the supervisor, every driver, every strict emulator. What is
simulated: time, the wires, and that processes are groups of tasks that can be killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from drivers.device import Transport
from drivers.emulators.syn6288 import Syn6288
from drivers.emulators.xfs5152 import Xfs5152
from drivers.jobs import (
    Configure,
    DeviceConfig,
    DeviceReport,
    Order,
    Report,
    StripShown,
    decode_order,
    decode_report,
    encode,
)
from drivers.ports import Port, SerialPort, TcpPort, parse_port
from drivers.registry import KINDS, Registry
from drivers.strip_kinds import byte_s
from drivers.supervisor import Supervisor
from drivers.transport import Emulator
from queued.core import commands as c
from queued.core.estimate import Estimator
from queued.engine.bus import Bus
from queued.engine.hall import HallActor
from queued.engine.halls import RunningHall
from queued.engine.recovery import recover
from queued.engine.tokens import TicketTokens
from queued.furnishing import calendar_of, plan_of
from queued.outputs import device_config, strips_of
from queued.pads import Pads
from queued.ratings import Ratings
from queued.server.speakers import Speakers
from queued.settings import parse
from queued.settings_values import Settings
from queued.slips import Slips
from queued.storage.journal import SqlJournal
from queued.storage.ledger import Ledger
from queued.strips import Strips
from queued.voices import Voices
from tests.simulation.inline_database import PIPE_S, InlineDatabase
from tests.simulation.simulated_lines import Powered, SimulatedLine
from tests.simulation.simulated_sound import GAP_MS, SimulatedCard
from tests.simulation.simulated_time import LoopClock, Process

ZONES = "abc"
WINDOWS_A_ZONE = 12
QUIET = "12:00-13:30"
"""In zone c, which has desks beside a school."""
RESTART_S = (0.2, 1.0, 5.0)
"""As `queued.device_link` does."""
PRESS_S = 0.001
"""What a printer needs for a byte of a slip: the line is faster, and waits for the paper."""

_HALL = """
[hall]
id = "day"
name = "市政务服务中心"
timezone = "Asia/Shanghai"
day_starts = "04:00"
[rules]
auto_miss_after_s = 240
recall_interval_s = 0
waiting_max = 2000
"""
_BUSES = {
    "bus1": ("bx-fontcard", "bx-fontcard"),
    "bus2": ("hallbus", "hallbus"),
    "bus3": ("a090", "a090"),
    "bus4": ("pa-v21", "template"),
}
"""Four pairs of wires, ten strips each; the last has strips of two makers."""
_TEMPLATE = (
    'frame = "AA 55 {len-3} {addr} F8 21 00 {text:gbk} 00 {crc16xmodem}"\n'
    'ack = "AA 55 {addr} 06"\ncolumns = 16\n'
)
_SCREENS = {
    "bus1": "lines = 2\nwidth = 256\nheight = 64\n",
    "bus4": "lines = 4\ncolumns = 24\n",
}
BLIND, HASTY = "pblind", "ppart"
_PRINTERS = (
    ("p80", "tcp://p80:9100", 'kiosk = "k1"\n'),
    ("p58", "serial:///dev/p58?baud=19200", 'kiosk = "k2"\nwidth_mm = 58\ncharset = "gb18030"\n'),
    (HASTY, "tcp://ppart:9100", 'kiosk = "k3"\ncut = "partial"\nstatus = "realtime"\n'),
    (BLIND, "serial:///dev/pblind?baud=9600", 'kiosk = "k4"\nstatus = "none"\n'),
)
_VOICES = (
    ("va", "syn6288", "a", ""),
    ("vb", "xfs5152", "b", ""),
    ("vc", "xfs5152", "c", f'quiet = "{QUIET}"\ntimezone = "Asia/Shanghai"\n'),
)
CARD, PAGE = "ca", "pb"
"""In zone a a sound card speaks beside the module, in zone b a page."""
_PADS = (
    ("pad1", "pads", "1", "address = 1\n"),
    ("pad2", "pads", "2", "address = 2\n"),
    ("pad19", "bus3", "19", "address = 11\nlocal_echo = true\n"),
    ("pad20", "bus3", "20", "address = 12\nlocal_echo = true\n"),
)
"""Two on a pair of wires of their own, two among strips; each has its evaluator."""
PAD_WINDOWS = {window: id_ for id_, _, window, _ in _PADS}


def furniture(clips: Path) -> Settings:
    """The hall's configuration, through the real reader."""
    text = _HALL
    text += f'[[device]]\nid = "{CARD}"\nkind = "clips"\nport = "alsa://default"\nzone = "a"\n'
    text += f'clips = "{clips}"\ngap_ms = {GAP_MS}\n'
    text += f'[[device]]\nid = "{PAGE}"\nkind = "browser"\nport = "browser://"\nzone = "b"\n'
    for id_, bus, window, more in _PADS:
        text += f'[[device]]\nid = "{id_}"\nkind = "hallpad68"\nwindow = "{window}"\n'
        text += f'port = "serial:///dev/{bus}?baud=9600"\nrating_s = 15\n{more}'
    for zone in ZONES:
        text += f'[[zone]]\nid = "{zone}"\nname = "{zone.upper()}区"\n'
        text += f'[[queue]]\nid = "q{zone}"\nletter = "{zone.upper()}"\nname = "业务{zone}"\n'
        text += "digits = 3\n"
    for number in range(1, len(ZONES) * WINDOWS_A_ZONE + 1):
        zone = zone_of(str(number))
        text += f'[[window]]\nid = "{number}"\nname = "{number}号窗口"\nzone = "{zone}"\n'
        text += f'queues = ["q{zone}"]\n'
    for id_, port, more in _PRINTERS:
        text += f'[[device]]\nid = "{id_}"\nkind = "escpos"\nport = "{port}"\n{more}'
    for id_, kind, zone, more in _VOICES:
        port = f"serial:///dev/{id_}?baud=9600"
        text += f'[[device]]\nid = "{id_}"\nkind = "{kind}"\nport = "{port}"\n'
        text += f'zone = "{zone}"\n{more}'
    return parse((text + _strips()).encode(), "day.toml", {})


def zone_of(window: str) -> str:
    """Windows are numbered through, zone by zone."""
    return ZONES[(int(window) - 1) // WINDOWS_A_ZONE]


def _strips() -> str:
    """Forty strips on four pairs of wires; the last of the first and of the fourth pair are
    screens for the newest calls, all others hang above a window."""
    text = ""
    for index, (bus, kinds) in enumerate(_BUSES.items()):
        for place in range(10):
            screen = place == 9 and bus in _SCREENS
            kind = "pa-v21" if screen and bus == "bus4" else kinds[place % 2]
            text += f'[[device]]\nid = "{bus}-{place}"\nkind = "{kind}"\n'
            text += f'port = "serial:///dev/{bus}?baud=9600"\naddress = {place + 1}\n'
            text += "local_echo = true\n" if bus == "bus3" else ""
            text += _TEMPLATE if kind == "template" else ""
            text += _SCREENS[bus] if screen else f'window = "{_window(index, place)}"\n'
    return text


def _window(index: int, place: int) -> int:
    """Nine to a pair of wires; the tenth strip hangs above another door of a window."""
    return index * 9 + min(place, 8) + 1


class SimulatedLink:
    """`queued.device_link.DeviceLink` with a killable process of tasks behind a pipe of JSON."""

    def __init__(
        self,
        devices: Sequence[DeviceConfig],
        lines: Mapping[str, SimulatedLine],
        clock: LoopClock,
        random: Random,
    ) -> None:
        self._devices = tuple(devices)
        self._lines = lines
        self._clock = clock
        self._random = random
        self.card = SimulatedCard()
        self._process: Process | None = None
        self._supervisor: Supervisor | None = None
        self._reports: dict[str, DeviceReport] = {}
        self._shown: dict[str, str] = {}
        self.on_report: Callable[[Report], None] = lambda _report: None
        self.on_up: Callable[[], None] = lambda: None
        self.listen: Callable[[Report], None] = lambda _report: None
        """The auditor hears what the engine hears."""

    @property
    def up(self) -> bool:
        """Whether the device process runs."""
        return self._process is not None

    def start(self) -> None:
        """A fresh process: nothing of the old one is left but its bytes on paper."""
        process = self._process = Process()

        def report(one: Report) -> None:
            line = encode(one)
            asyncio.get_running_loop().call_later(PIPE_S, self._hear, process, line)

        def begin() -> Supervisor:
            registry = Registry(open=self._open, player=lambda _command, _port: self.card)
            return Supervisor(report, registry, self._clock, self._random.random)

        self._supervisor = process.run(begin)
        self.send(Configure(self._devices))
        self.on_up()

    def kill(self) -> None:
        """SIGKILL. Reports under way are lost."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        self._shown.clear()

    def send(self, order: Order) -> bool:
        """As `DeviceLink.send`."""
        process, supervisor = self._process, self._supervisor
        if process is None or supervisor is None:
            return False
        line = encode(order)

        def obey() -> None:
            if process.alive:
                process.run(supervisor.obey, decode_order(line))

        asyncio.get_running_loop().call_later(PIPE_S, obey)
        return True

    def reports(self) -> Sequence[DeviceReport]:
        """The last report of each device."""
        return tuple(self._reports.values())

    def strip_texts(self) -> Mapping[str, str]:
        """What each strip acknowledged last."""
        return dict(self._shown)

    def _hear(self, process: Process, line: bytes) -> None:
        if process is not self._process:
            return
        report = decode_report(line)
        if isinstance(report, DeviceReport):
            self._reports[report.device] = report
        elif isinstance(report, StripShown):
            self._shown[report.device] = report.text
        self.listen(report)
        self.on_report(report)

    def _open(self, port: Port, emulator: Emulator | None) -> Transport:
        return self._lines[line_name(port)].transport()


def line_name(port: Port) -> str:
    """Of a serial port its file's name, of a network printer its host."""
    if isinstance(port, SerialPort):
        return port.path.rsplit("/", 1)[-1]
    assert isinstance(port, TcpPort)
    return port.host


def lines_of(settings: Settings, clock: LoopClock, random: Random) -> dict[str, SimulatedLine]:
    """Every line with its emulators, as the registry would make them; by `line_name`."""
    devices: dict[str, list[Powered]] = {}
    ports: dict[str, float] = {}
    for device in settings.devices:
        if device.id in (CARD, PAGE):
            continue
        kind = KINDS[device.kind]
        port = parse_port(device.port, kind.tcp_port, kind.baud)
        name = line_name(port)
        emulator = _emulator(device_config(device))
        devices.setdefault(name, []).append(Powered(device.id, emulator))
        ports[name] = byte_s(port, kind.baud) if isinstance(port, SerialPort) else PRESS_S
    return {
        name: SimulatedLine(found, ports[name], Random(random.random()), local_echo=name == "bus3")
        for name, found in devices.items()
    }


def _emulator(config: DeviceConfig) -> Any:
    """As the registry's, but voices run on the loop's time and one printer is a simple one."""
    now = asyncio.get_running_loop().time
    if config.kind == "syn6288":
        return Syn6288(now)
    if config.kind == "xfs5152":
        return Xfs5152(now)
    emulator = KINDS[config.kind].emulator(config)
    if config.id == HASTY:
        emulator.knows_gs_r = False  # type: ignore[attr-defined]
    return emulator


class SimulatedHall:
    """The engine's side of the hall, wired as `queued.app` wires it."""

    def __init__(
        self,
        settings: Settings,
        database: InlineDatabase,
        link: SimulatedLink,
        clock: LoopClock,
    ) -> None:
        self.settings, self.link, self.clock = settings, link, clock
        self.journal = SqlJournal(database)
        self.ledger = Ledger(database)
        self.bus = Bus()

    async def start(self) -> None:
        """Recover, furnish, open the day, let the devices begin."""
        hall_id = self.settings.hall.id
        calendar = calendar_of(self.settings)
        estimator = Estimator()
        recovered = await recover(self.journal, hall_id, observe=estimator.observe)
        self.actor = HallActor(
            hall_id,
            self.journal,
            self.clock,
            self.bus,
            recovered,
            keys=await self.journal.keys(hall_id, 0),
            after_close=lambda at: calendar.opening(at, "timer:"),
        )
        self.actor.start()
        await self.actor.submit(c.Configure(plan=plan_of(self.settings), by="system:"))
        await self.actor.submit(calendar.opening(self.clock.now(), "system:"))
        hall = RunningHall(
            hall_id, self.actor, calendar, TicketTokens(hall_id, bytes(32)), estimator
        )
        self.slips = Slips(
            hall=hall,
            settings=self.settings,
            journal=self.journal,
            bus=self.bus,
            ledger=self.ledger,
            link=self.link,  # type: ignore[arg-type]
            clock=self.clock,
            spool=Path("/nonexistent"),
            ticket_url=lambda token: f"https://hall.example/t/{token}",
        )
        devices = self.settings.devices
        strips = Strips(hall_id, strips_of(devices), lambda: self.actor.hall, self.link.send)
        self.voices = Voices(hall_id, devices, self.clock, self.link.send)
        self.speakers = Speakers(devices, self.link.send)
        self.pads = Pads(hall, devices, self.link.send, self.clock.now_ms)
        self.ratings = Ratings(hall, devices, self.clock, self.link.send)
        fed = (strips, self.voices, self.pads, self.ratings)

        def up() -> None:
            for part in (self.slips, strips, self.speakers, *fed[1:]):
                part.on_up()

        def heard(report: Report) -> None:
            for part in (self.slips, self.speakers, *fed[1:]):
                part.on_report(report)

        self.link.on_up, self.link.on_report = up, heard
        for part in fed:
            self.bus.listen(part.on_commit)
        await self.slips.start()
        self.link.start()

    async def stop(self) -> None:
        """End everything; what is unfinished is in the ledger."""
        self.link.kill()
        await self.pads.stop()
        await self.ratings.stop()
        await self.slips.stop()
        await self.actor.stop()
