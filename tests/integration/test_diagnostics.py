"""Diagnostics and system health."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, patch

from home_farm import AIR, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.devices import async_device_id
from vfarm_core.farm.codec import encode
from vfarm_core.runtime.replay import replay


async def test_diagnostics_reproduce_without_telling_who(
    hass: HomeAssistant, farm: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    await start_batch(hass, title="Secret lettuce")
    assert await async_setup_component(hass, "diagnostics", {})
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, farm)
    assert found["running"] is True
    assert found["farm"]["levels"][0]["area_m2"] == 1
    assert found["entities"]["tent.air_temperature"] == "sensor.tent_air"
    assert found["states"]["tent.air_temperature"] == "22.0"
    assert found["snapshots"]["tent"]["air_temperature"]["value"] == 22
    assert "batch_started" in {event["kind"] for event in found["journal"]}
    assert "Secret lettuce" not in str(found)
    assert found["farm"]["time_zone"] == "**REDACTED**"


async def test_what_the_farm_decided_is_decided_again_from_its_diagnostics(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    await start_batch(hass, title="Secret lettuce")
    hass.states.async_set(AIR, "18.0", {"unit_of_measurement": "°C"})
    await hass.async_block_till_done()
    assert await async_setup_component(hass, "diagnostics", {})
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, farm)
    assert "Secret lettuce" not in str(found["replay"])
    assert "Tent" not in str(found["replay"])
    told = replay(json.loads(json.dumps(found["replay"])))
    assert told.differences == ()
    assert set(found["replay"]["steps"]) == {"last", "look"}
    memory = farm.runtime_data.engine.runtime.memory
    assert memory.actuators
    for point, state in memory.actuators.items():
        decided = told.actuators[point]
        assert decided["wanted"] == state.wanted
        assert decided["reason"] == encode(state.reason)
    assert told.actuators["tent.heater"]["wanted"] == 1
    assert told.actuators["rack_level_1.grow_light"]["wanted"] > 0


async def test_diagnostics_of_a_level(
    hass: HomeAssistant, farm: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    device = dr.async_get(hass).async_get(async_device_id(hass, farm, "rack_level_1"))
    found: Any = await get_diagnostics_for_device(hass, hass_client, farm, device)
    assert found["node"] == "rack_level_1"
    assert found["bindings"][0]["entity"] == "light.lamp_1"
    assert found["snapshot"]["batch"] is None


async def test_system_health_counts_farms(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    found = await get_system_health_info(hass, DOMAIN)
    assert found["farms"] == found["farms_running"] == 1
    assert found["levels"] == 2
    assert found["journals_ok"] is found["history_ok"] is True
    assert found["history_waits"] == 0
    assert found["entities_missing"] == 0
    assert found["loops_armed"] == "light, climate, co2, irrigation, fill, dosing"
    assert await found["last_backup"] == "unknown", "no backup integration, no guess"
    hass.states.async_remove("sensor.tent_air")
    await hass.services.async_call(DOMAIN, "emergency_stop", {}, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)
    hass.config.components.add("backup")
    made = [
        SimpleNamespace(date=f"2026-11-{day}T20:00:00+00:00", name="", homeassistant_included=there)
        for day, there in ((20, True), (22, True), (24, False))
    ]
    manager = SimpleNamespace(async_get_backups=AsyncMock(return_value=(dict(enumerate(made)), {})))
    with patch("homeassistant.components.backup.async_get_manager", return_value=manager):
        found = await get_system_health_info(hass, DOMAIN)
        assert await found["last_backup"] == "2026-11-22"
    assert found["entities_missing"] == 1
    assert found["loops_armed"] == "–"
