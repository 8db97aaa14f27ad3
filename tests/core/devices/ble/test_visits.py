"""What one visit reads, in which order, and what it leaves alone."""

from __future__ import annotations

import asyncio
from struct import pack

import pytest

from vfarm_core.devices.ble import miflora, yinmik
from vfarm_core.devices.ble.errors import FrameError, Problem
from vfarm_core.devices.ble.values import Quantity
from vfarm_core.devices.ble.visits import (
    READS,
    History,
    Mark,
    erase_plant_history,
    read_plant_history,
    read_plant_sensor,
    read_water_tester,
)

from .fake import FakeClient, FakeFlowerCare

TESTER = bytes.fromhex("FFA9FE7AFCECFFFFFFBFFFBDFF75FD0EFAED75FEACDDBB57")
LIVE = bytes.fromhex("ea0000ab00000015b200023c00fb349b")
BATTERY = bytes.fromhex("6328332e312e39")
NOW = 1_800_000_000.0
HOUR = 3600


def entry(seconds: int, moisture: int = 30) -> bytes:
    return pack("<IhxIBHxx", seconds, 215, 400, moisture, 250)


def history(sensor: FakeClient, after: Mark | None = None, now: float = NOW) -> History:
    return asyncio.run(read_plant_history(sensor, clock=lambda: now, after=after))


def test_a_water_tester_is_read_once() -> None:
    client = FakeClient({yinmik.DATA: TESTER})
    reading = asyncio.run(read_water_tester(client))
    ph = reading.of(Quantity.PH)
    assert ph is not None
    assert ph.value == 6.10
    assert client.reads == [yinmik.DATA]
    assert client.writes == []


def test_a_frame_that_was_caught_half_written_is_read_again() -> None:
    client = FakeClient({yinmik.DATA: (TESTER[:20], TESTER)})
    assert asyncio.run(read_water_tester(client)).of(Quantity.PH) is not None


def test_a_meter_that_goes_on_with_nonsense_is_refused() -> None:
    client = FakeClient({yinmik.DATA: bytes(24)})
    with pytest.raises(FrameError) as caught:
        asyncio.run(read_water_tester(client))
    assert caught.value.problem is Problem.HEADER
    assert len(client.reads) == READS


def test_a_plant_sensor_is_told_to_measure_before_it_is_read() -> None:
    client = FakeClient({miflora.BATTERY: BATTERY, miflora.LIVE: LIVE})
    reading = asyncio.run(read_plant_sensor(client))
    assert client.writes == [(miflora.MODE, miflora.MODE_LIVE)]
    assert client.reads == [miflora.BATTERY, miflora.LIVE]
    assert reading.firmware == "3.1.9"
    assert {v.quantity: v.value for v in reading.values} == {
        Quantity.TEMPERATURE: 23.4,
        Quantity.ILLUMINANCE: 171,
        Quantity.MOISTURE: 21,
        Quantity.EC: 0.178,
        Quantity.BATTERY: 99,
    }


def test_a_history_comes_in_the_order_of_time_with_the_time_of_day() -> None:
    sensor = FakeFlowerCare([entry(2 * HOUR, 31), entry(HOUR, 30)], device_time=2 * HOUR + 60)
    found = history(sensor)
    assert [kept.at for kept in found.kept] == [NOW - HOUR - 60, NOW - 60]
    assert [kept.entry.values[2].value for kept in found.kept] == [30, 31]
    assert found.refused == 0


def test_nothing_is_erased_by_reading() -> None:
    sensor = FakeFlowerCare([entry(HOUR)], device_time=2 * HOUR)
    history(sensor)
    assert miflora.HISTORY_ERASE not in [data for _, data in sensor.writes]


def test_the_next_visit_takes_only_what_is_new() -> None:
    sensor = FakeFlowerCare([entry(HOUR), entry(2 * HOUR)], device_time=2 * HOUR + 60)
    mark = history(sensor).mark
    sensor = FakeFlowerCare(
        [entry(HOUR), entry(2 * HOUR), entry(3 * HOUR)], device_time=3 * HOUR + 65
    )
    # Its clock has gone wrong by five seconds, which is no new beginning.
    later = history(sensor, mark, NOW + HOUR)
    assert [kept.entry.seconds for kept in later.kept] == [3 * HOUR]
    assert history(sensor, later.mark, NOW + HOUR).kept == ()
    assert history(sensor, later.mark, NOW + HOUR).mark.seconds == 3 * HOUR


def test_a_sensor_whose_battery_was_changed_gives_all_it_has() -> None:
    mark = Mark(started=NOW - 90 * 24 * HOUR, seconds=2 * HOUR)
    sensor = FakeFlowerCare([entry(HOUR), entry(2 * HOUR)], device_time=3 * HOUR)
    assert len(history(sensor, mark).kept) == 2


def test_entries_that_cannot_be_believed_are_counted_and_left_out() -> None:
    sensor = FakeFlowerCare(
        [bytes(16), b"\xff" * 16, entry(HOUR), entry(5 * HOUR)], device_time=2 * HOUR
    )
    found = history(sensor)
    assert [kept.entry.seconds for kept in found.kept] == [HOUR]
    # One that was never written, all zeros, is no fault.
    assert found.refused == 2


def test_an_empty_history_is_no_fault() -> None:
    found = history(FakeFlowerCare([], device_time=HOUR))
    assert found.kept == ()
    assert found.mark == Mark(NOW - HOUR, -1)


def test_erasing_is_asked_for_by_itself() -> None:
    sensor = FakeFlowerCare([entry(HOUR)], device_time=HOUR)
    asyncio.run(erase_plant_history(sensor))
    assert [data for _, data in sensor.writes] == [miflora.HISTORY_OPEN, miflora.HISTORY_ERASE]
