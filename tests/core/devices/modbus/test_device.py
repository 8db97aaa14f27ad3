"""A device tells what is fresh, learns what it does not have, and proves what it wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from modbus_connection import (
    GatewayTargetError,
    IllegalDataValueError,
    IllegalFunctionError,
    ModbusConnectionError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ServerDeviceBusyError,
)

from tests.core.devices.modbus.fake import Clock, FakeUnit
from tests.core.devices.modbus.servers import filled, sample
from vfarm_core.devices.modbus.codec import State, Why
from vfarm_core.devices.modbus.device import Device, End, Purpose
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.load import load_profile
from vfarm_core.devices.modbus.profile import Profile, Space

SILENT = ModbusTimeoutError("no answer")


def made(name: str | Profile, **facts: object) -> tuple[Device, FakeUnit]:
    profile = shelf().get(name) if isinstance(name, str) else name
    clock = Clock()
    unit = FakeUnit(filled(profile), clock=clock)
    device = Device(unit, profile, clock=clock, sleep=clock.sleep, **facts)  # type: ignore[arg-type]
    return device, unit


def always(error: Exception | None) -> Callable[[str, int, int], Exception | None]:
    return lambda kind, address, count: error


def on(kind: str, error: Exception) -> Callable[[str, int, int], Exception | None]:
    return lambda asked, address, count: error if asked == kind else None


# --- Reading ------------------------------------------------------------------------------------


def test_the_link_is_told_what_the_device_needs() -> None:
    _, unit = made("xy_md02")
    assert (unit.timeout, unit.spacing) == (0.5, 0.05)


def test_each_group_is_read_at_its_own_pace_and_settings_never() -> None:
    device, unit = made("delta_ms300")
    seen: dict[str, int] = {}

    async def minute() -> None:
        for _ in range(60):
            poll = await device.poll()
            for key in poll.readings:
                seen[key] = seen.get(key, 0) + 1
            unit.clock.now += 1.0

    asyncio.run(minute())
    assert seen["output_frequency"] == 12, "what an actuator does, every 5 s"
    assert seen["output_power"] == 4, "what is measured, every 15 s"
    assert seen["fault"] == 1, "the state of the device, every 5 min"
    assert "command" not in seen
    soil, unit = made("dfrobot_soil_sen060x")
    polled = asyncio.run(soil.poll()).readings
    assert "moisture" in polled
    assert not {"unit_id", "baud", "ph_offset"} & set(polled)


def test_all_devices_keep_the_same_beat_and_make_up_for_nothing() -> None:
    device, unit = made("xy_md02")

    async def run() -> None:
        begun = unit.clock.now
        await device.poll()
        assert device.next_due == begun + 15.0
        unit.clock.now = begun + 17.0
        await device.poll()
        assert device.next_due == begun + 30.0, "two seconds late do not shift the rest"
        unit.clock.now = begun + 100.0
        assert (await device.poll()).good
        assert device.next_due == begun + 105.0, "what was missed is not made up for"

    asyncio.run(run())


def test_a_register_the_device_does_not_have_is_found_once_and_left_out() -> None:
    device, unit = made("cwt_soil_thcs")
    del unit.bank.words[Space.HOLDING, 3]  # a probe without pH

    async def run() -> None:
        keys = ["moisture", "temperature", "ec_bulk", "ph"]
        poll = await device.read(keys)
        assert poll.readings["ph"].why is Why.UNSUPPORTED
        assert set(poll.good) == {"moisture", "temperature", "ec_bulk"}
        unit.log.clear()
        await device.read(keys)
        assert sum(count for _, count in unit.reads) == 3
        assert len(unit.reads) <= 2
        # Another session begins with what this one found.
        again = Device(unit, device.profile, learned=device.learned)
        unit.log.clear()
        await again.read(keys)
        assert len(unit.reads) <= 2
        assert set((await again.read(keys)).good) == set(poll.good)

    asyncio.run(run())


def test_a_device_without_the_function_is_asked_once() -> None:
    device, unit = made("xy_md02")
    unit.failing = lambda kind, address, count: IllegalFunctionError() if address < 9 else None

    async def run() -> None:
        poll = await device.read(["temperature", "humidity"])
        assert {reading.why for reading in poll.readings.values()} == {Why.UNSUPPORTED}
        assert len(unit.reads) == 1
        assert (await device.read(["temperature", "humidity"])).requests == 0

    asyncio.run(run())


def test_a_device_that_is_busy_has_no_value_now_and_loses_nothing() -> None:
    device, unit = made("xy_md02")
    unit.failing = always(ServerDeviceBusyError())

    async def run() -> None:
        assert (await device.read(["temperature"])).readings["temperature"].why is Why.REFUSED
        assert not device.learned.unsupported
        assert not device.health.failed, "who refuses is there"
        unit.failing = always(None)
        assert (await device.read(["temperature"])).readings["temperature"].why is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SILENT, Why.TIMEOUT),
        (GatewayTargetError(), Why.TIMEOUT),
        (ModbusConnectionError("down"), Why.CONNECTION),
        (ModbusProtocolError("checksum"), Why.GARBLED),
    ],
)
def test_an_older_value_never_stands_in(error: Exception, why: Why) -> None:
    device, unit = made("xy_md02")

    async def run() -> None:
        assert (await device.poll()).readings["temperature"].why is None
        unit.failing = always(error)
        unit.clock.now += 15.0
        lost = (await device.poll()).readings["temperature"]
        assert (lost.value, lost.state, lost.why) == (None, State.MISSING, why)

    asyncio.run(run())


def test_a_silent_device_costs_one_timeout_and_is_left_alone_longer_and_longer() -> None:
    device, unit = made("eastron_sdm")
    unit.failing = always(SILENT)
    tried: list[float] = []

    async def run() -> None:
        begun = unit.clock.now
        while unit.clock.now < begun + 1500.0:
            due = device.next_due
            assert due is not None
            unit.clock.now = max(unit.clock.now, due)
            unit.log.clear()
            poll = await device.poll()
            assert len(unit.log) == 1, "not one for each block"
            assert not poll.good
            tried.append(unit.clock.now - begun)

    asyncio.run(run())
    pauses = [round(b - a) for a, b in pairwise(tried)]
    assert pauses[0] in range(13, 17)
    assert all(b >= a - 2 for a, b in pairwise(pauses))
    assert 299 <= pauses[-1] <= 302, "no longer than five minutes"


def test_a_silent_device_that_is_back_is_read_in_full() -> None:
    device, unit = made("eastron_sdm")
    unit.failing = always(SILENT)

    async def run() -> None:
        for _ in range(3):
            unit.clock.now = max(unit.clock.now, device.next_due or 0.0)
            await device.poll()
        assert device.health.is_silent
        assert (await device.poll()).requests == 0, "not before its time"
        unit.failing = always(None)
        unit.clock.now = device.next_due or 0.0
        poll = await device.poll()
        assert not device.health.is_silent
        assert set(poll.good) == set(poll.readings)

    asyncio.run(run())


def test_decimals_and_unit_come_from_the_device() -> None:
    device, unit = made("qdy30a_level")
    unit.bank.put(Space.HOLDING, 2, [1, 1, 1234])
    level = asyncio.run(device.read(["level"])).readings["level"]
    assert (level.value, level.unit) == (123.4, "cm")
    unit.bank.put(Space.HOLDING, 3, [77])
    assert asyncio.run(device.read(["level"])).readings["level"].why is Why.NO_DECIMALS


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, [0x40E0, 0x0001]),
        (2, [0xE040, 0x0100]),
        (3, [0x0001, 0x40E0]),
        (4, [0x0100, 0xE040]),
    ],
)
def test_a_device_is_asked_once_in_which_order_its_bytes_come(code: int, words: list[int]) -> None:
    device, unit = made("supmea_ph8_0")
    unit.bank.put(Space.HOLDING, 1, words)
    unit.bank.put(Space.HOLDING, 0x24, [code])

    async def run() -> None:
        for _ in range(3):
            ph = (await device.read(["ph"])).readings["ph"]
            assert ph.value == pytest.approx(7.0, rel=1e-6)
        assert unit.reads.count((0x24, 1)) == 1

    asyncio.run(run())


def test_without_the_order_of_its_bytes_a_value_is_missing() -> None:
    device, unit = made("supmea_ph8_0")
    unit.bank.put(Space.HOLDING, 0x24, [9])
    assert asyncio.run(device.read(["ph"])).readings["ph"].why is Why.NO_ORDER
    del unit.bank.words[Space.HOLDING, 0x24]
    assert asyncio.run(device.read(["ph"])).readings["ph"].why is Why.NO_ORDER


def test_what_was_read_is_kept_raw_for_diagnostics() -> None:
    device, unit = made("xy_md02")
    unit.bank.put(Space.INPUT, 1, [0x0131, 0x0222])
    poll = asyncio.run(device.read(["temperature", "humidity"]))
    assert poll.words == {("input", 1): 0x0131, ("input", 2): 0x0222}


# --- Writing ------------------------------------------------------------------------------------


def test_a_write_is_read_back() -> None:
    device, unit = made("waveshare_relay")
    written = asyncio.run(device.write("relay3", True))
    assert written.end is End.VERIFIED
    assert unit.log == [("write", 2, 1), ("read", 2, 1)]


def test_a_device_that_does_not_obey_is_told_on() -> None:
    device, unit = made("waveshare_analog_out")
    unit.ignores = True
    written = asyncio.run(device.write("ch1", 9.0))
    assert (written.end, written.why) == (End.FAILED, "not_obeyed")
    assert written.found is not None
    assert written.found.value == sample(device.registers["ch1"])
    assert len(unit.writes) == 2, "once more, then it is told"


def test_an_answer_that_was_lost_does_not_make_a_write_fail() -> None:
    device, unit = made("waveshare_analog_out")
    unit.obeys_silently = True
    unit.failing = on("write", SILENT)
    written = asyncio.run(device.write("ch1", 5.0))
    assert written.end is End.VERIFIED
    assert len(unit.writes) == 1


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SILENT, "timeout"),
        (ModbusConnectionError("down"), "connection"),
        (ModbusProtocolError("checksum"), "garbled"),
        (IllegalDataValueError(), "refused"),
    ],
)
def test_a_write_that_did_not_arrive_has_failed(error: Exception, why: str) -> None:
    device, unit = made("waveshare_analog_out")
    unit.failing = always(error)
    written = asyncio.run(device.write("ch1", 5.0))
    assert (written.end, written.why) == (End.FAILED, why)
    assert not written.ok


@pytest.mark.parametrize(
    ("profile", "key", "value", "why"),
    [
        ("xy_md02", "temperature", 20.0, "read_only"),
        ("xy_md02", "unit_id", 7, "wears"),
        ("waveshare_analog_out", "ch1", 10.5, "out_of_range"),
        ("intesis_inmbs", "mode", "freeze", "no_code"),
        ("waveshare_relay", "flash_on", 1.0, "raw_coil"),
    ],
)
def test_what_must_not_be_written_is_not_sent(
    profile: str, key: str, value: float | str, why: str
) -> None:
    device, unit = made(profile)
    written = asyncio.run(device.write(key, value))
    assert (written.end, written.why) == (End.FAILED, why)
    assert not unit.log
    with pytest.raises(KeyError):
        asyncio.run(device.write("nothing", 1))


def test_memory_that_wears_is_written_only_when_it_differs() -> None:
    device, unit = made("xy_md02")

    async def run() -> None:
        unit.bank.put(Space.HOLDING, 0x103, [5])
        same = await device.write("temperature_correction", 0.5, purpose=Purpose.COMMISSIONING)
        assert same.end is End.VERIFIED
        assert not unit.writes
        other = await device.write("temperature_correction", -0.5, purpose=Purpose.COMMISSIONING)
        assert other.end is End.VERIFIED
        assert len(unit.writes) == 1

    asyncio.run(run())


def test_a_setting_is_stored_after_it_was_proved() -> None:
    device, unit = made("apogee_sq_modbus")
    unit.bank.put(Space.HOLDING, 100, [1])

    async def run() -> None:
        written = await device.write("running_average", 12.0, purpose=Purpose.COMMISSIONING)
        assert written.end is End.VERIFIED
        assert unit.writes == [(36, 2), (100, 1)]
        assert unit.log[-1] == ("write", 100, 1), "the commit comes last"
        unit.log.clear()
        unit.failing = lambda kind, address, count: SILENT if address == 100 else None
        lost = await device.write("running_average", 5.0, purpose=Purpose.COMMISSIONING)
        assert (lost.end, lost.why) == (End.FAILED, "not_committed")

    asyncio.run(run())


def test_a_device_that_moves_is_not_looked_for_where_it_was() -> None:
    device, unit = made("xy_md02")

    async def run() -> None:
        written = await device.write("unit_id", 7, purpose=Purpose.COMMISSIONING)
        assert written.end is End.ACCEPTED
        assert unit.log[-1] == ("write", 0x101, 1)

    asyncio.run(run())


def test_what_cannot_be_read_back_is_accepted_and_sent_once() -> None:
    device, unit = made("delta_ms300")

    async def run() -> None:
        assert (await device.write("command", 0x12)).end is End.ACCEPTED
        unit.log.clear()
        unit.failing = always(SILENT)
        failed = await device.write("command", 0x12)
        assert (failed.end, failed.why) == (End.FAILED, "timeout")
        assert len(unit.log) == 1, "a command is not repeated blindly"

    asyncio.run(run())


def test_a_part_of_a_word_leaves_the_rest_as_it_is() -> None:
    profile = load_profile(
        """\
schema: vfarm-modbus-map/1
id: parts
name: Two settings in one word
kind: [actuator]
confidence: low
link: {baud: 9600, parity: N, stopbits: 1, unit: 1}
limits: {max_registers: 8, max_gap: 0, min_spacing_ms: 0, timeout_ms: 500}
defaults: {space: holding, word_order: big, byte_order: big}
registers:
  - {key: low, addr: 4, type: uint16, mask: 0x00FF, access: rw, range: [0, 255]}
  - {key: high, addr: 4, type: uint16, mask: 0xFF00, shift: 8, access: rw, range: [0, 255]}
sources: [a test]
"""
    )
    device, unit = made(profile)

    async def run() -> None:
        unit.bank.put(Space.HOLDING, 4, [0x1234])
        assert (await device.write("high", 0x56)).end is End.VERIFIED
        assert unit.bank.words[Space.HOLDING, 4] == 0x5634
        both = (await device.read()).readings
        assert (both["low"].value, both["high"].value) == (0x34, 0x56)

    asyncio.run(run())


def test_a_sequence_stops_at_the_first_step_that_failed() -> None:
    device, unit = made("delta_ms300")

    async def run() -> None:
        done = await device.run("run_forward", hz=30.0)
        assert [(step.key, step.end) for step in done] == [
            ("frequency_setpoint", End.ACCEPTED),
            ("command", End.ACCEPTED),
        ]
        assert unit.bank.words.get((Space.HOLDING, 0x2001)) == 3000
        unit.log.clear()
        refused = await device.run("run_forward", hz=90.0)
        assert [step.why for step in refused] == ["out_of_range"]
        assert not unit.log, "a drive without its speed is not started"
        with pytest.raises(KeyError):
            await device.run("run_forward")

    asyncio.run(run())


def test_a_sequence_waits_where_it_says_so() -> None:
    device, unit = made("senseair_s8_k30")
    unit.bank.put(Space.HOLDING, 1, [0])

    async def run() -> None:
        begun = unit.clock.now
        done = await device.run("calibrate_background", purpose=Purpose.COMMISSIONING)
        assert all(step.ok for step in done)
        assert unit.clock.now - begun == 4.0

    asyncio.run(run())


# --- Late answers -------------------------------------------------------------------------------


class Losing(FakeUnit):
    """Its first read gets no answer, as soon as `released`. `sent` has the time of each request."""

    def __init__(self, like: FakeUnit) -> None:
        super().__init__(like.bank, clock=like.clock, timeout=like.timeout)
        self.released = asyncio.Event()
        self.sent: list[tuple[str, int, float]] = []

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        self.sent.append(("read", count, self.clock.now))
        if not self.released.is_set():
            await self.released.wait()
            self.clock.now += 0.5
            raise SILENT
        return await super().read_holding_registers(address, count)

    async def write_register(self, address: int, value: int) -> None:
        self.sent.append(("write", 1, self.clock.now))
        await super().write_register(address, value)


def test_a_read_that_waited_while_another_was_lost_is_not_sent_into_its_late_answer() -> None:
    device, unit = made("waveshare_analog_out")
    losing = Losing(unit)
    device._exchange.unit = losing  # type: ignore[assignment]

    async def run() -> None:
        lost = asyncio.create_task(device.read(["ch1", "ch2"]))
        await asyncio.sleep(0)
        look = asyncio.create_task(device.read(["ch5"]))
        for _ in range(5):
            await asyncio.sleep(0)
        losing.released.set()
        assert (await lost).readings["ch1"].why is Why.TIMEOUT
        assert (await look).readings["ch5"].why is None

    asyncio.run(run())
    begun = 900.0
    assert losing.sent == [
        ("read", 2, begun),
        # The device has got its time again; then the answer to one word cannot be that to two.
        ("read", 1, begun + 1.0),
        ("read", 1, begun + 1.0),
    ]


def test_a_request_that_was_cancelled_may_still_be_answered() -> None:
    device, unit = made("waveshare_analog_out")
    losing = Losing(unit)
    device._exchange.unit = losing  # type: ignore[assignment]

    async def run() -> None:
        given_up = asyncio.create_task(device.read(["ch1", "ch2"]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        losing.released.set()
        assert (await device.read(["ch5", "ch6"])).readings["ch6"].why is None

    asyncio.run(run())
    assert losing.sent == [("read", 2, 900.0), ("read", 1, 900.5), ("read", 2, 900.5)]


def test_a_write_does_not_wait_for_a_late_answer_but_its_proof_does() -> None:
    device, unit = made("waveshare_analog_out")
    losing = Losing(unit)
    device._exchange.unit = losing  # type: ignore[assignment]

    async def run() -> None:
        losing.released.set()
        device._exchange.expect_late(None)
        assert (await device.write("ch3", 5.0)).end is End.VERIFIED

    asyncio.run(run())
    assert losing.sent == [("write", 1, 900.0), ("read", 1, 900.5)]


def test_a_silent_device_that_takes_a_write_is_back() -> None:
    device, unit = made("waveshare_relay")
    unit.failing = always(SILENT)

    async def run() -> None:
        for _ in range(2):
            unit.clock.now = max(unit.clock.now, device.next_due or 0.0)
            await device.poll()
        unit.log.clear()
        assert (await device.write("relay1", True)).end is End.FAILED
        assert len(unit.writes) == 1, "no second attempt at a device that is silent"
        unit.failing = always(None)
        assert (await device.write("relay1", True)).end is End.VERIFIED
        assert not device.health.is_silent

    asyncio.run(run())
