"""What a plant sensor has kept becomes long-term statistics: every hour once."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from struct import pack
from typing import Any

import pytest
from ble_bench import PLANT, meter, on_air, press, settle, shown
from bleak.exc import BleakError
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from modbus_bench import farm_with, set_up
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.ble.history import statistic_id
from tests.core.devices.ble.fake import FakeFlowerCare
from vfarm_core.devices.ble.values import Quantity

HOUR = 3600


def kept(seconds: int, moisture: int) -> bytes:
    return pack("<IhxIBHxx", seconds, 215, 400, moisture, 250)


class Basil:
    """A plant sensor with so many hours in it; its clock began `began`."""

    def __init__(self, hours: int, age: float, *, first: int = 1) -> None:
        self.client = FakeFlowerCare(
            [kept(n * HOUR, 20 + n) for n in range(first, first + hours)], int(age)
        )


async def _statistics(hass: HomeAssistant, quantity: Quantity) -> list[dict[str, Any]]:
    await hass.async_add_executor_job(get_instance(hass).block_till_done)
    key = statistic_id(PLANT, quantity)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime.fromtimestamp(0, UTC),
        None,
        {key},
        "hour",
        None,
        {"mean", "min", "max"},
    )
    return list(found.get(key, []))


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Any, enable_custom_integrations: None) -> None:
    """The recorder has to be there before everything else."""


@pytest.fixture
async def plants(hass: HomeAssistant, enable_bluetooth: None) -> AsyncGenerator[MockConfigEntry]:
    """A farm with a plant sensor, running."""
    entry = farm_with(hass, meter("plant_sensor", PLANT, "Basil"))
    await set_up(hass, entry)
    await settle(hass)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_a_history_is_taken_once_whatever_the_clock_of_the_sensor_does(
    plants: MockConfigEntry, hass: HomeAssistant
) -> None:
    began = (time.time() // HOUR - 8) * HOUR + 2
    with on_air(Basil(4, time.time() - began).client) as air:
        air.hear(hass, PLANT, "Flower care")
        await settle(hass)
        assert air.connected == [], "what it measures now is shown by another integration"
        assert shown(hass, plants, "history_until").state == STATE_UNKNOWN
        await press(hass, plants)
    told = await _statistics(hass, Quantity.MOISTURE)
    assert [row["mean"] for row in told] == [21, 22, 23, 24]
    starts = [row["start"] for row in told]
    assert starts == [began - 2 + n * HOUR for n in range(1, 5)]
    until = datetime.fromtimestamp(starts[-1], UTC).isoformat()
    assert shown(hass, plants, "history_until").state == until
    assert [row["mean"] for row in await _statistics(hass, Quantity.EC)] == [0.25] * 4
    # Taken again over a restart, by a clock that went a little fast: nothing twice, nothing lost.
    await hass.config_entries.async_reload(plants.entry_id)
    await settle(hass)
    assert shown(hass, plants, "history_until").state == until
    with on_air(Basil(6, time.time() - began + 4).client) as air:
        air.hear(hass, PLANT, "Flower care")
        await press(hass, plants)
        await press(hass, plants)
    told = await _statistics(hass, Quantity.MOISTURE)
    assert [row["mean"] for row in told] == [21, 22, 23, 24, 25, 26]
    assert [row["start"] for row in told] == [began - 2 + n * HOUR for n in range(1, 7)]


async def test_a_transfer_that_breaks_is_begun_anew(
    plants: MockConfigEntry, hass: HomeAssistant
) -> None:
    began = (time.time() // HOUR - 5) * HOUR + 60
    broken = Basil(4, time.time() - began).client
    broken.entries[2] = BleakError("gone")  # type: ignore[call-overload]

    def answers() -> bytes:
        found = FakeFlowerCare._shown(broken)
        if isinstance(found, Exception):
            raise found
        return found

    broken._answers = {**broken._answers, "00001a11-0000-1000-8000-00805f9b34fb": answers}
    with on_air(broken) as air:
        air.hear(hass, PLANT, "Flower care")
        with pytest.raises(HomeAssistantError) as caught:
            await press(hass, plants)
    assert caught.value.translation_key == "meter_not_read"
    assert await _statistics(hass, Quantity.MOISTURE) == []
    with on_air(Basil(4, time.time() - began).client) as air:
        air.hear(hass, PLANT, "Flower care")
        await press(hass, plants)
    assert len(await _statistics(hass, Quantity.MOISTURE)) == 4


async def test_a_sensor_out_of_reach_is_said_so(
    plants: MockConfigEntry, hass: HomeAssistant
) -> None:
    with on_air(Basil(1, 7200).client) as air, pytest.raises(HomeAssistantError) as caught:
        await press(hass, plants)
    assert caught.value.translation_placeholders == {"device": "Basil", "why": "not in reach"}
    assert air.connected == []
