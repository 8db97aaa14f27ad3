"""A farm of 1,000 levels in one entry: its set-up, entities and writes, and what is left of it.

The peer is a config entry with the same number of entities that do nothing, set up in the same run.
"""

from __future__ import annotations

import gc
import time
from collections import Counter

import pytest
from big_farm import big_farm, settle
from busy_hour import busy_hour
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, settled
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.vfarm.const import DOMAIN

#: Home Assistant drops what an entry has beyond so many enabled entities.
CAP = 10_000
LEVELS = 1000


class Trivial(SensorEntity):
    """An entity that does nothing."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_native_value = 1

    def __init__(self, entry: ConfigEntry, number: int, enabled: bool) -> None:
        """Be one of many on one of the devices."""
        self._attr_unique_id = f"{entry.entry_id}:{number}"
        self._attr_name = f"Number {number}"
        self._attr_entity_registry_enabled_default = enabled
        self._attr_device_info = dr.DeviceInfo(
            identifiers={("trivial", str(number % LEVELS))}, name=f"Device {number % LEVELS}"
        )


async def trivial_s(hass: HomeAssistant, enabled: int, disabled: int) -> float:
    """How long (processor s) it takes to set up so many entities that do nothing."""

    async def setup(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        await hass.config_entries.async_forward_entry_setups(entry, [Platform.SENSOR])
        return True

    async def add(
        hass: HomeAssistant, entry: ConfigEntry, add: AddConfigEntryEntitiesCallback
    ) -> None:
        add(Trivial(entry, n, n < enabled) for n in range(enabled + disabled))

    mock_integration(hass, MockModule("trivial", async_setup_entry=setup))
    mock_platform(hass, "trivial.config_flow", MockPlatform())
    mock_platform(hass, "trivial.sensor", MockPlatform(async_setup_entry=add))
    entry = MockConfigEntry(domain="trivial")
    entry.add_to_hass(hass)
    with mock_config_flow("trivial", ConfigFlow):
        began = time.process_time()
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return time.process_time() - began


def of(hass: HomeAssistant, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    """What is registered of a farm."""
    return er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)


async def grown(hass: HomeAssistant, levels: int) -> tuple[MockConfigEntry, float]:
    """A farm of so many levels, running, and how long (processor s) its set-up took."""
    farm = big_farm(levels)
    await Hardware(hass).async_register()
    settle(hass, farm)
    entry = MockConfigEntry(
        domain=DOMAIN, title="Farm", data={"kind": "farm"}, subentries_data=farm
    )
    entry.add_to_hass(hass)
    gc.collect()
    began = time.process_time()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    took = time.process_time() - began
    assert entry.runtime_data.engine.running
    return entry, took


@pytest.mark.timeout(600)
async def test_a_thousand_levels_are_one_entry(
    hass: HomeAssistant, capsys: pytest.CaptureFixture[str]
) -> None:
    entry, took = await grown(hass, LEVELS)
    found = of(hass, entry)
    enabled = [e for e in found if e.disabled_by is None]
    assert len(enabled) < CAP
    per_level = Counter(e.unique_id.split(":")[1] for e in enabled)
    levels = [level.id for level in entry.runtime_data.farm.levels]
    assert len(levels) == LEVELS
    assert max(per_level[level] for level in levels) <= 8
    assert len([e for e in enabled if hass.states.get(e.entity_id) is None]) == 0, "all are there"

    bare = await trivial_s(hass, len(enabled), len(found) - len(enabled))
    with capsys.disabled():
        print(
            f"\n1,000 levels: {len(enabled)} enabled of {len(found)} entities in {took:.1f} s, "
            f"as many that do nothing in {bare:.1f} s: {took / bare:.2f} times"
        )
    assert took <= 2 * bare

    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert of(hass, entry) == []
    devices = dr.async_get(hass)
    assert dr.async_entries_for_config_entry(devices, entry.entry_id) == []
    assert dr.async_child_entries_for_config_entry(devices, entry.entry_id) == []
    assert [s for s in hass.states.async_all() if s.entity_id in {e.entity_id for e in found}] == []


@pytest.mark.timeout(600)
async def test_a_busy_hour_writes_no_entity_more_often_than_once_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    entry, _ = await grown(hass, 50)
    sow = {
        "node": [x.id for x in entry.runtime_data.farm.levels],
        "recipe": "lettuce_butterhead",
        "sown_days_ago": 20,
    }
    await hass.services.async_call(DOMAIN, "start_batch", sow, blocking=True)
    await settled(hass)
    busy = await busy_hour(hass, freezer, entry)
    enabled = [e for e in of(hass, entry) if e.disabled_by is None]
    worst, most = busy.worst_minute()
    with capsys.disabled():
        print(
            f"\nA busy hour of 50 levels: {busy.reports} reports, {busy.total} writes of "
            f"{len(enabled)} enabled entities, {most} in a minute at most ({worst}); "
            f"{busy.calls.total()} calls of services"
        )
    assert busy.reports > 10_000
    assert most == 1, worst
    assert busy.total <= 60 * len(enabled)
    await hass.config_entries.async_unload(entry.entry_id)
