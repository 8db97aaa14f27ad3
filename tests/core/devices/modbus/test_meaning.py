"""What was kept of a device means the same without it."""

from __future__ import annotations

import asyncio

import pytest

from tests.core.devices.modbus.fake import Clock, FakeUnit
from tests.core.devices.modbus.servers import filled
from vfarm_core.devices.modbus.codec import Why
from vfarm_core.devices.modbus.device import Device
from vfarm_core.devices.modbus.library import shelf
from vfarm_core.devices.modbus.meaning import understood


@pytest.mark.parametrize("name", shelf().profiles)
def test_the_words_of_a_device_tell_what_it_told(name: str) -> None:
    profile = shelf().get(name)
    clock = Clock()
    unit = FakeUnit(filled(profile), clock=clock)
    device = Device(unit, profile, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]
    poll = asyncio.run(device.read())
    assert poll.words
    assert understood(profile, poll.words) == dict(poll.readings)


def test_what_is_not_wholly_there_is_left_out() -> None:
    profile = shelf().get("vaisala_gmp25x")
    assert set(understood(profile, {("holding", 0): 1})) == set()
    assert set(understood(profile, {("holding", 0): 1, ("holding", 1): 2})) == {"co2"}
    assert understood(profile, {}) == {}


def test_what_a_value_needs_and_is_not_there_makes_it_missing() -> None:
    level = understood(shelf().get("qdy30a_level"), {("holding", 4): 1234})["level"]
    assert level.why is Why.NO_DECIMALS
    ph = understood(shelf().get("supmea_ph8_0"), {("holding", 1): 0, ("holding", 2): 0})["ph"]
    assert ph.why is Why.NO_ORDER
