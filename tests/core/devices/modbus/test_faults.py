"""Whatever happens on a line: nothing wrong is told, and a write is verified or has failed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.core.devices.modbus.servers import linked
from tests.core.devices.modbus.wire import Asked, Station, on_wire
from vfarm_core.devices.modbus.bus import Bus
from vfarm_core.devices.modbus.codec import Why
from vfarm_core.devices.modbus.device import Device, End
from vfarm_core.devices.modbus.line import Line
from vfarm_core.devices.modbus.load import load_profile
from vfarm_core.devices.modbus.profile import Profile
from vfarm_core.devices.modbus.roles import Group

#: Seconds a device gets. Short, for the tests' sake; every share below is of this.
TIMEOUT_S = 0.15

#: Two blocks of the same shape and one of another; all in one table, so that nothing but their
#: contents tells their answers apart.
PROFILE = load_profile(
    """\
schema: vfarm-modbus-map/1
id: wired
name: A device whose blocks look alike
kind: [sensor, actuator]
confidence: low
link: {baud: 9600, parity: N, stopbits: 1, unit: 1}
limits: {max_registers: 4, max_gap: 0, min_spacing_ms: 0, timeout_ms: 150}
defaults: {space: holding, word_order: big, byte_order: big}
registers:
  - {key: a0, addr: 0, type: uint16, access: r, role: climate.co2}
  - {key: a1, addr: 1, type: uint16, access: r, role: climate.co2}
  - {key: b0, addr: 10, type: uint16, access: r, role: climate.co2}
  - {key: b1, addr: 11, type: uint16, access: r, role: climate.co2}
  - {key: c, addr: 20, type: uint16, access: r, role: climate.co2}
  - {key: out, addr: 30, type: uint16, access: rw, role: actuator.level}
  - {key: pulse, addr: 40, type: uint16, access: w}
sources: [a test]
"""
)
READ = ("a0", "a1", "b0", "b1", "c")


def station(units: int = 1) -> Station:
    words = {}
    for unit in range(1, units + 1):
        for register in PROFILE.registers:
            words[unit, register.address] = truth(unit, register.address)
    return Station(words, late_s=TIMEOUT_S * 1.4)


def truth(unit: int, address: int) -> int:
    """Every register of every unit holds another number."""
    return 1000 * unit + address


def first(fault: str, times: int = 1) -> Callable[[Asked], str]:
    left = [times]

    def plan(asked: Asked) -> str:
        left[0] -= 1
        return fault if left[0] >= 0 else ""

    return plan


def check(readings: dict, profile: Profile, unit: int = 1) -> int:  # type: ignore[type-arg]
    """Every value that is told is the true one; returns how many there were."""
    told = 0
    for key, reading in readings.items():
        if reading.why is None:
            assert reading.value == truth(unit, profile.register(key).address), (key, reading)
            told += 1
    return told


FAULTS = ("silent", "late", "foreign", "refused", "garbage", "flipped", "half", "twice", "dropped")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_values_and_never_makes_one(fault: str) -> None:
    async def run() -> None:
        wired = station()
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            assert check((await device.read(READ)).readings, PROFILE) == len(READ)
            for times in (1, 2):
                wired.plan = first(fault, times)
                poll = await device.read(READ)
                told = check(poll.readings, PROFILE)
                if fault not in ("twice",):
                    assert told < len(READ)
                for _ in range(2):
                    check((await device.read(READ)).readings, PROFILE)
            wired.plan = lambda asked: ""
            await device.read(READ)
            assert check((await device.read(READ)).readings, PROFILE) == len(READ), "it recovers"
            assert not device.learned.unsupported
            assert not device.learned.cuts

    asyncio.run(run())


def test_an_answer_in_pieces_is_an_answer() -> None:
    async def run() -> None:
        wired = station()
        wired.plan = lambda asked: "pieces"
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            assert check((await device.read(READ)).readings, PROFILE) == len(READ)

    asyncio.run(run())


def test_a_late_answer_is_not_taken_for_that_of_the_next_request() -> None:
    async def run() -> None:
        wired = station()
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            for delay in (1.1, 1.5, 1.9):
                wired.late_s = delay * TIMEOUT_S
                # The answer to a0, a1 comes while b0, b1 is asked for: two words both.
                wired.plan = first("late")
                lost = await device.read(["a0", "a1"])
                assert lost.readings["a0"].why is Why.TIMEOUT
                found = await device.read(["b0", "b1"])
                check(found.readings, PROFILE)
                assert check((await device.read(READ)).readings, PROFILE) == len(READ)

    asyncio.run(run())


@pytest.mark.parametrize("seed", range(4))
def test_on_a_line_where_anything_happens_nothing_wrong_is_told(seed: int) -> None:
    chance = random.Random(seed)
    told = verified = failed = 0

    def plan(asked: Asked) -> str:
        return chance.choice((*FAULTS, "lost", "deaf")) if chance.random() < 0.3 else ""

    async def run() -> None:
        nonlocal told, verified, failed
        wired = station(2)
        wired.plan = plan
        wired.random = chance
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            bus = Bus()
            devices = {u: Device(link.for_unit(u), PROFILE, bus=bus) for u in (1, 2)}

            async def read(unit: int) -> None:
                nonlocal told
                for _ in range(8):
                    poll = await devices[unit].read(READ)
                    told += check(poll.readings, PROFILE, unit)

            async def write() -> None:
                nonlocal verified, failed
                for value in range(8):
                    written = await devices[1].write("out", 100 + value)
                    if written.end is End.VERIFIED:
                        assert wired.words[1, 30] == 100 + value
                        verified += 1
                    else:
                        assert written.end is End.FAILED
                        assert written.why
                        failed += 1

            await asyncio.gather(read(1), read(2), write())
            assert not any(device.learned.unsupported for device in devices.values())

    asyncio.run(run())
    assert told
    assert verified
    assert verified + failed == 8


# --- Writes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["dropped", "deaf", "late", "half", "garbage", "flipped"])
def test_a_write_whose_answer_was_lost_is_verified_by_looking(fault: str) -> None:
    async def run() -> None:
        wired = station()
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            wired.plan = first(fault)
            written = await device.write("out", 77)
            assert written.end is End.VERIFIED, written
            assert wired.words[1, 30] == 77
            writes = [asked for asked in wired.asked if asked.function == 6]
            assert len(writes) == 1, "the device had obeyed: nothing is sent again"

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["lost", "silent"])
def test_a_write_that_was_lost_is_sent_once_more(fault: str) -> None:
    async def run() -> None:
        wired = station()
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            wired.plan = first(fault)
            assert (await device.write("out", 77)).end is End.VERIFIED
            assert wired.words[1, 30] == 77
            assert len([asked for asked in wired.asked if asked.function == 6]) == 2

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["lost", "silent", "refused", "deaf", "dropped"])
def test_a_write_that_cannot_be_proved_has_failed(fault: str) -> None:
    async def run() -> None:
        wired = station()
        wired.plan = lambda asked: fault
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            written = await asyncio.wait_for(device.write("out", 77), 3)
            assert written.end is End.FAILED
            assert written.why in ("timeout", "connection", "refused", "garbled")
            trigger = await asyncio.wait_for(device.write("pulse", 1), 3)
            assert trigger.end is End.FAILED
            pulses = [asked for asked in wired.asked if asked.address == 40]
            assert len(pulses) <= 1, "what may have happened is not made to happen twice"

    asyncio.run(run())


def test_nobody_there_is_told_as_such() -> None:
    async def run() -> None:
        wired = station()
        async with on_wire(wired) as port:
            pass
        async with linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            poll = await device.read(READ)
            assert {reading.why for reading in poll.readings.values()} == {Why.CONNECTION}
            written = await device.write("out", 1)
            assert (written.end, written.why) == (End.FAILED, "connection")

    asyncio.run(run())


# --- A line shared with others ------------------------------------------------------------------


def test_another_user_of_the_same_link_disturbs_nothing() -> None:
    async def run() -> None:
        wired = station(3)
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            device = Device(link.for_unit(1), PROFILE)
            other = link.for_unit(3)
            stop = asyncio.Event()

            async def use_it() -> int:
                asked = 0
                while not stop.is_set():
                    words = await other.read_holding_registers(10, 2)
                    assert words == [truth(3, 10), truth(3, 11)]
                    asked += 1
                return asked

            use = asyncio.create_task(use_it())
            for _ in range(20):
                assert check((await device.read(READ)).readings, PROFILE) == len(READ)
                assert (await device.write("out", 5)).end is End.VERIFIED
            stop.set()
            assert await use >= 20

    asyncio.run(run())


def test_a_silent_unit_keeps_nobody_from_the_line() -> None:
    """Unit 2 of 3 says nothing. The others keep their pace, and a write goes out at once."""
    brisk = replace(PROFILE, limits=replace(PROFILE.limits, timeout_s=0.2))
    pace = {Group.NORMAL: 0.1}

    async def run() -> None:
        wired = station(3)
        wired.plan = lambda asked: "silent" if asked.unit == 2 else ""
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            bus = Bus()
            devices = {
                str(unit): Device(link.for_unit(unit), brisk, bus=bus, intervals=pace)
                for unit in (1, 2, 3)
            }
            told: dict[str, list[float]] = {"1": [], "2": [], "3": []}
            loop = asyncio.get_running_loop()

            def publish(name: str, poll) -> None:  # type: ignore[no-untyped-def]
                check(poll.readings, PROFILE, int(name))
                if poll.good:
                    told[name].append(loop.time())

            line = asyncio.create_task(Line(devices).run(publish))
            await asyncio.sleep(1.0)
            assert devices["2"].health.is_silent
            taken = []
            for value in range(10):
                begun = loop.time()
                assert (await devices["1"].write("out", value)).end is End.VERIFIED
                taken.append(loop.time() - begun)
                await asyncio.sleep(0.03)
            line.cancel()
            silent = [asked for asked in wired.asked if asked.unit == 2]
            assert len(silent) == 2, "asked twice, then left alone for 15 s"
            assert max(taken) < 0.3
            assert not told["2"]
            for name in ("1", "3"):
                assert len(told[name]) >= 6

    asyncio.run(run())


def test_a_write_does_not_wait_for_a_look_at_a_silent_unit() -> None:
    slow = replace(PROFILE, limits=replace(PROFILE.limits, timeout_s=2.0))

    async def run() -> None:
        wired = station(2)
        wired.plan = lambda asked: "silent" if asked.unit == 2 else ""
        async with on_wire(wired) as port, linked(port, "rtu") as link:
            bus = Bus()
            healthy = Device(link.for_unit(1), slow, bus=bus)
            dead = Device(link.for_unit(2), slow, bus=bus)
            dead._exchange.health = dead.health.fell_silent(0.0).fell_silent(0.0)
            look = asyncio.create_task(dead.read(["a0"]))
            await asyncio.sleep(0.05)
            assert wired.asked, "the look is under way, and would take 2 s"
            begun = asyncio.get_running_loop().time()
            assert (await healthy.write("out", 9)).end is End.VERIFIED
            assert asyncio.get_running_loop().time() - begun < 0.3
            assert (await look).readings["a0"].why is Why.GAVE_WAY

    asyncio.run(run())
