"""What holds for every family of strips, on real lines with strict strips."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.bus import Bus, BusHandle
from drivers.device import DeviceBroken, DeviceTransient
from drivers.emulators import serving
from drivers.jobs import Configure, DeviceConfig, DeviceReport, ShowText, Stop, StripShown
from drivers.registry import KINDS, Registry
from drivers.strip_kinds import STRIP_KINDS
from drivers.strip_line import TRIES
from drivers.supervisor import Supervisor
from drivers.transport import VirtualTransport, open_port
from tests.drivers.fake_clock import eventually
from tests.drivers.strip_families import FAMILIES, Echoing, Wires, port_of

NAMES = tuple(FAMILIES)
ON_LINES = ("hallbus", "a090", "pa-v21", "template")
TEXT = "请A017到3号窗口"


def driver_on(line, name: str, **options):
    return FAMILIES[name].driver(open_port(port_of(line.url)), **options)


def test_every_strip_of_the_registry_has_a_driver_and_an_emulator():
    assert set(STRIP_KINDS) == {kind.name for kind in KINDS.values() if kind.role == "strip"}
    assert {family.kind for family in FAMILIES.values()} == set(STRIP_KINDS)


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text(max_size=60), flash=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_text_reaches_the_wall_or_is_marked(name, text, flash):
    """Never sent broken: the strict strip reads what the driver says can be read."""

    async def show() -> None:
        strip = FAMILIES[name].emulator()
        driver = FAMILIES[name].driver(VirtualTransport(strip))
        await driver.connect()
        shown = await driver.show(text, flash)
        # What fills a line to its end cannot be seen.
        assert shown.rstrip(" \u3000") == strip.text.rstrip(" \u3000")
        assert strip.violations == []

    asyncio.run(show())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_a_text_is_shown_when_the_strip_says_so(name, serve):
    strip = FAMILIES[name].emulator()
    async with serve(strip) as line:
        driver = driver_on(line, name, ack_s=1.0)
        await driver.connect()
        assert await driver.show(TEXT) == strip.text
        await driver.check()
        assert strip.violations == []
        assert driver.line.retries == 0
        await driver.close()


@pytest.mark.parametrize("name", ON_LINES)
@pytest.mark.parametrize("serve", [serving.on_tcp, serving.on_pty])
async def test_an_answer_torn_into_bytes_is_understood(name, serve):
    async with serve(FAMILIES[name].emulator(), serving.LineFaults(split=True)) as line:
        driver = driver_on(line, name, ack_s=1.0)
        await driver.connect()
        assert await driver.show("A017") == "A017"
        assert driver.line.retries == 0
        await driver.close()


@pytest.mark.parametrize(("fault", "code"), [("silent", "timeout"), ("garbled", "garbled")])
@pytest.mark.parametrize("name", ON_LINES)
async def test_a_bad_line_is_a_failure_with_a_name(name, fault, code):
    async with serving.on_pty(FAMILIES[name].emulator()) as line:
        driver = driver_on(line, name)
        await driver.connect()
        before = driver.line.retries  # a busy machine may have been late with an answer
        setattr(line.faults, fault, True)
        with pytest.raises(DeviceTransient) as caught:
            await driver.show(TEXT)
        assert caught.value.code == code
        assert driver.line.retries - before == TRIES - 1
        await driver.close()


@pytest.mark.parametrize("name", ["a090", "template"])
async def test_an_answer_that_comes_late_is_waited_for_once_more(name):
    async with serving.on_pty(FAMILIES[name].emulator()) as line:
        driver = driver_on(line, name, ack_s=0.2)
        await driver.connect()
        line.faults.late_s = 0.3
        assert await driver.show("A017") == "A017"
        assert 1 <= driver.line.retries < TRIES  # twice, if the machine was late as well
        await driver.close()


@pytest.mark.parametrize("name", ON_LINES)
async def test_a_strip_unplugged_is_a_failure_and_comes_back(name):
    strip = FAMILIES[name].emulator()
    async with serving.on_tcp(strip) as line:
        driver = driver_on(line, name)
        await driver.connect()
        line.unplug()
        with pytest.raises(DeviceTransient):
            for _ in range(2):  # the first word after the cable was pulled may still be taken
                await driver.show("A001")
        await driver.close()
        strip.power_cycle() if hasattr(strip, "power_cycle") else None
        await line.plug()
        await driver.connect()
        assert await driver.show("A002") == "A002" == strip.text
        await driver.close()


@pytest.mark.parametrize("name", ON_LINES)
async def test_a_converter_that_hears_itself_is_not_believed(name):
    strip = FAMILIES[name].emulator()
    async with serving.on_pty(Echoing(strip)) as line:
        driver = driver_on(line, name, local_echo=True, ack_s=1.0)
        await driver.connect()
        assert await driver.show("A017") == "A017" == strip.text
        assert (strip.violations, driver.line.retries) == ([], 0)
        await driver.close()


@pytest.mark.parametrize("name", ON_LINES)
async def test_a_line_that_does_not_echo_as_configured_is_a_failure(name):
    async with serving.on_pty(FAMILIES[name].emulator()) as line:
        driver = driver_on(line, name, local_echo=True)
        with pytest.raises(DeviceTransient, match="did not echo") as caught:
            await driver.connect()
        assert caught.value.code == "garbled"
        await driver.close()


@pytest.mark.parametrize("name", ON_LINES)
async def test_strips_on_one_line_answer_for_themselves(name):
    family = FAMILIES[name]
    strips = [family.emulator(address=number) for number in (1, 2, 3)]
    async with serving.on_pty(Wires(*strips)) as line:
        bus = Bus(port_of(line.url))
        drivers = []
        for number in (1, 2, 3):
            handle = BusHandle(bus)
            drivers.append(family.driver(handle, handle.turn, address=number, ack_s=1.0))
        await asyncio.gather(*(driver.connect() for driver in drivers))
        texts = [f"A{number:03}" for number in (1, 2, 3)]
        shows = (driver.show(text) for driver, text in zip(drivers, texts, strict=True))
        await asyncio.gather(*shows)
        assert [strip.text for strip in strips] == texts
        assert [driver.line.retries for driver in drivers] == [0, 0, 0]
        for driver in drivers:
            await driver.close()


async def test_different_families_share_a_line():
    """A hall buys its strips over the years; the wires are the same."""
    names = ("hallbus", "a090", "pa-v21")
    strips = {
        name: FAMILIES[name].emulator(address=number + 1) for number, name in enumerate(names)
    }
    async with serving.on_pty(Wires(*strips.values())) as line:
        bus = Bus(port_of(line.url))
        drivers = {}
        for number, name in enumerate(names):
            handle = BusHandle(bus)
            drivers[name] = FAMILIES[name].driver(
                handle, handle.turn, address=number + 1, ack_s=1.0
            )
        await asyncio.gather(*(driver.connect() for driver in drivers.values()))
        await asyncio.gather(*(drivers[name].show(f"请{name[0].upper()}017号") for name in names))
        for name in names:
            assert strips[name].text == f"请{name[0].upper()}017号"
        for driver in drivers.values():
            await driver.close()


@pytest.mark.parametrize("name", ["hallbus", "a090", "pa-v21", "template"])
async def test_the_device_process_runs_it(name):
    """From the configuration to the wall, without hardware."""
    reports: list = []
    supervisor = Supervisor(reports.append, Registry())
    supervisor.obey(Configure((FAMILIES[name].config(),)))
    supervisor.obey(ShowText("strip", "A016\nB001"))
    supervisor.obey(ShowText("strip", "请A017号", flash=True))
    await eventually(lambda: StripShown("strip", "请A017号") in reports)
    states = [report.state for report in reports if isinstance(report, DeviceReport)]
    assert states[-1] == "ready"
    supervisor.obey(Stop())
    await supervisor.stop()


@pytest.mark.parametrize("name", ON_LINES)
async def test_a_strip_that_is_off_is_never_called_ready(name):
    async with serving.on_tcp(FAMILIES[name].emulator(), serving.LineFaults(silent=True)) as line:
        reports: list = []
        supervisor = Supervisor(reports.append, Registry())
        supervisor.obey(Configure((FAMILIES[name].config(line.url),)))
        await eventually(lambda: len(reports) > 1)
        states = [report.state for report in reports if isinstance(report, DeviceReport)]
        assert states == ["connecting", "degraded"]
        await supervisor.stop()


WRONG = [
    ("hallbus", {"address": 4096}),
    ("hallbus", {"text": "8bit"}),
    ("hallbus", {"colour": "red", "text": "7bit"}),
    ("hallbus", {"charset": "gbk", "text": "7bit"}),
    ("hallbus", {"lines": 2}),
    ("a090", {"address": 0}),
    ("a090", {"colour": "blue"}),
    ("a090", {"empty": True}),
    ("pa-v21", {"address": 255}),
    ("pa-v21", {"window": 3, "lines": 2, "columns": 8}),
    ("pa-v21", {"columns": 120, "lines": 8}),
    ("pa-v21", {"gap_ms": -1}),
    ("pa-v21", {"local_echo": 1}),
    ("bx-fontcard", {"size": 24, "lines": 2}),
    ("template", {"columns": 3, "frame": "{text:gbk}"}),
]


@pytest.mark.parametrize(("kind", "options"), WRONG)
def test_a_wrong_option_is_named(kind, options):
    with pytest.raises(DeviceBroken, match=next(iter(options))) as caught:
        Registry().build(DeviceConfig("s", kind, "virtual://", options)).strip()
    assert caught.value.code == "bad_option"
