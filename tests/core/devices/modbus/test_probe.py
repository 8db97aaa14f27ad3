"""Devices with the same label have different maps: each is shown, and a person chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from modbus_connection import (
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusTimeoutError,
)

from tests.core.devices.modbus.fake import FakeUnit
from tests.core.devices.modbus.servers import Bank, filled
from vfarm_core.devices.modbus.errors import ProfileError
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.probe import family, probe, recognised
from vfarm_core.devices.modbus.profile import Space
from vfarm_core.devices.modbus.scan import answering


def clone() -> FakeUnit:
    """Sold as an XY-MD02; answers function 3, humidity first."""
    bank = Bank()
    bank.put(Space.HOLDING, 0, [486, 0xFF9F])
    return FakeUnit(bank)


def test_the_map_of_a_look_alike_is_found_plausible_and_the_label_is_not() -> None:
    first, second = asyncio.run(probe(clone(), family(shelf(), "xy_md02")))
    assert first.profile.id == "cwt_th_holding"
    assert first.is_plausible
    assert first.readings["temperature"].value == -9.7
    assert second.profile.id == "xy_md02"
    assert not second.is_plausible
    assert second.told == 0


def test_a_value_that_cannot_be_makes_a_map_doubtful() -> None:
    bank = Bank()
    bank.put(Space.HOLDING, 0, [486, 3000])  # 300 °C
    (only,) = asyncio.run(probe(FakeUnit(bank), [shelf().get("cwt_th_holding")]))
    assert (only.told, only.asked, only.doubtful) == (2, 2, ("temperature",))
    assert not only.is_plausible


def test_what_no_sensor_of_the_kind_measures_is_doubtful_without_a_range() -> None:
    bank = Bank()
    # The map of this CO2 probe has no range, its role has.
    bank.put(Space.HOLDING, 0, [0, 0x4170, 0, 0, 0, 0x41A0])
    (only,) = asyncio.run(probe(FakeUnit(bank), [shelf().get("vaisala_gmw80")]))
    assert "co2" in only.doubtful, "15 ppm is no air"
    assert "temperature" not in only.doubtful


def test_a_device_is_known_by_what_every_one_of_its_kind_holds() -> None:
    profile = shelf().get("vaisala_hmp")
    bank = filled(profile)
    (other,) = asyncio.run(probe(FakeUnit(bank), [profile]))
    assert "test_float" in other.doubtful
    bank.put(Space.HOLDING, 7938, [0xE666, 0xC2F6])
    (known,) = asyncio.run(probe(FakeUnit(bank), [profile]))
    assert "test_float" not in known.doubtful
    assert known.readings["test_float"].value == pytest.approx(-123.45)


def test_a_profile_without_look_alikes_is_a_family_of_one() -> None:
    assert [profile.id for profile in family(shelf(), "qdy30a_level")] == ["qdy30a_level"]
    with pytest.raises(ProfileError):
        family(shelf(), "nothing")


def units() -> Iterator[tuple[int, FakeUnit]]:
    yield 1, FakeUnit(Bank({(Space.HOLDING, 0): 5}))
    silent = FakeUnit(Bank(), failing=lambda kind, address, count: ModbusTimeoutError("no answer"))
    yield 2, silent
    refuses = FakeUnit(Bank(), failing=lambda *asked: IllegalDataAddressError())
    yield 3, refuses


def test_who_refuses_is_there_and_who_is_silent_is_not() -> None:
    line = dict(units())

    async def run() -> list[int]:
        return [number async for number in answering(line.__getitem__, line, 0.1)]

    assert asyncio.run(run()) == [1, 3]
    assert len(line[2].log) == 3, "by each function once"
    assert all(unit.timeout is None for unit in line.values()), "nothing is left behind"


def test_a_link_that_is_down_is_no_empty_line() -> None:
    down = FakeUnit(Bank(), failing=lambda *asked: ModbusConnectionError("down"))

    async def run() -> list[int]:
        return [number async for number in answering(lambda number: down, [1], 0.1)]

    with pytest.raises(ModbusConnectionError):
        asyncio.run(run())


def test_only_what_every_such_device_holds_recognises_it() -> None:
    ec8 = shelf().get("supmea_ec8")
    bank = filled(ec8)
    # A look at all maps: those without a mark are never among the found.
    bank.put(Space.INPUT, 9, [3])
    assert asyncio.run(recognised(FakeUnit(bank), shelf().profiles.values())) == (ec8,)
    bank.put(Space.INPUT, 9, [4])
    assert asyncio.run(recognised(FakeUnit(bank), shelf().profiles.values())) == ()
    assert asyncio.run(recognised(clone(), shelf().profiles.values())) == ()
