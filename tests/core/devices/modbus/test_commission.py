"""Settings are changed by people, one at a time, and what was before is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from modbus_connection import ModbusConnectionError, ModbusTimeoutError

from tests.core.devices.modbus.fake import Clock, FakeUnit
from tests.core.devices.modbus.servers import Bank, filled
from vfarm_core.devices.modbus.commission import Change, change, move, settings
from vfarm_core.devices.modbus.device import Device, End
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.profile import Space

MD02 = shelf().get("xy_md02")
ADDRESS = (Space.HOLDING, 0x101)


class FakeLine:
    """Units by their address, which the first one can change. `at_once`: it does so without its
    power being cut."""

    def __init__(self, others: Iterable[int] = (), *, at_once: bool = True) -> None:
        self.bank = filled(MD02)
        self.bank.words[ADDRESS] = 1
        self.others = set(others)
        self.at_once = at_once
        self.down = False
        self.units: dict[int, FakeUnit] = {}

    def __call__(self, number: int) -> FakeUnit:
        def failing(kind: str, address: int, count: int) -> Exception | None:
            if self.down:
                return ModbusConnectionError("down")
            here = self.bank.words[ADDRESS] if self.at_once else 1
            return None if number in (here, *self.others) else ModbusTimeoutError("no answer")

        bank = Bank({}) if number in self.others else self.bank
        clock = Clock()
        if number not in self.units:
            self.units[number] = FakeUnit(bank, clock=clock, failing=failing)
        return self.units[number]

    def move(self, present: int, wanted: int) -> Change:
        return asyncio.run(move(self, MD02, present, wanted))  # type: ignore[arg-type]


def made(name: str) -> tuple[Device, FakeUnit]:
    profile = shelf().get(name)
    clock = Clock()
    unit = FakeUnit(filled(profile), clock=clock)
    return Device(unit, profile, clock=clock, sleep=clock.sleep), unit  # type: ignore[arg-type]


def test_the_settings_of_a_device_are_those_that_control_never_writes() -> None:
    device, _ = made("xy_md02")
    assert [register.key for register in settings(device)] == [
        "unit_id",
        "baud",
        "temperature_correction",
        "humidity_correction",
    ]


def test_the_automatic_baseline_is_switched_off_and_what_was_is_kept() -> None:
    device, unit = made("senseair_s8_k30")
    unit.bank.put(Space.HOLDING, 31, [180])
    done = asyncio.run(change(device, "abc_hours", 0))
    assert done.end is End.VERIFIED
    assert done.before is not None
    assert done.after is not None
    assert (done.before.value, done.after.value) == (180.0, 0.0)


def test_a_change_that_the_device_does_not_take_has_failed() -> None:
    device, unit = made("senseair_s8_k30")
    unit.ignores = True
    done = asyncio.run(change(device, "abc_hours", 0))
    assert (done.end, done.why) == (End.FAILED, "not_obeyed")
    assert asyncio.run(change(device, "abc_hours", 9000)).why == "out_of_range"
    with pytest.raises(KeyError):
        asyncio.run(change(device, "nothing", 1))


def test_an_address_is_changed_by_moving_the_device_and_no_other_way() -> None:
    device, unit = made("xy_md02")
    assert asyncio.run(change(device, "unit_id", 7)).why == "move_instead"
    assert not unit.log


def test_a_device_that_moved_is_found_where_it_went() -> None:
    line = FakeLine()
    done = line.move(1, 7)
    assert (done.end, done.why) == (End.VERIFIED, "")
    assert line.bank.words[ADDRESS] == 7


def test_a_taken_address_is_not_given_a_second_time() -> None:
    line = FakeLine(others=[7])
    done = line.move(1, 7)
    assert (done.end, done.why) == (End.FAILED, "address_taken")
    assert line.bank.words[ADDRESS] == 1


def test_a_device_that_waits_for_its_power_to_be_cut_is_told_as_such() -> None:
    done = FakeLine(at_once=False).move(1, 7)
    assert (done.end, done.why) == (End.ACCEPTED, "power_cycle")


@pytest.mark.parametrize(
    ("present", "wanted", "why"),
    [(1, 1, "same_address"), (1, 0, "out_of_range"), (1, 248, "out_of_range"), (9, 7, "not_there")],
)
def test_what_cannot_be_is_not_tried(present: int, wanted: int, why: str) -> None:
    line = FakeLine()
    done = line.move(present, wanted)
    assert (done.end, done.why) == (End.FAILED, why)
    assert not any(unit.writes for unit in line.units.values())


def test_a_link_that_is_down_moves_nothing() -> None:
    line = FakeLine()
    line.down = True
    done = line.move(1, 7)
    assert (done.end, done.why, done.detail) == (
        End.FAILED,
        "not_there",
        "connection",
    )


def test_a_device_without_such_a_register_cannot_be_moved() -> None:
    with pytest.raises(KeyError):
        asyncio.run(move(FakeLine(), shelf().get("pzem_016"), 1, 2))  # type: ignore[arg-type]
