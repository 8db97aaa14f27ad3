"""When the light day of a level begins: shown, and edited without a stop of the farm."""

from __future__ import annotations

import datetime as dt

import pytest
from home_farm import settled, somebody, start_batch, sub
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.const import DOMAIN


@pytest.fixture
async def lights_on(hass: HomeAssistant, farm: MockConfigEntry) -> str:
    """The entity of the first level, which is disabled at first, enabled."""
    registry = er.async_get(hass)
    unique = f"{farm.entry_id}:rack_level_1:lights_on"
    found = registry.async_get_entity_id("time", DOMAIN, unique)
    assert found is not None
    registered = registry.async_get(found)
    assert registered is not None
    assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(found, disabled_by=None)
    await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    await start_batch(hass)
    return found


async def set_to(hass: HomeAssistant, entity_id: str, time: str, context: Context | None) -> None:
    """Set the time."""
    data = {"entity_id": entity_id, "time": time}
    await hass.services.async_call("time", "set_value", data, blocking=True, context=context)
    await settled(hass)


async def test_a_grower_moves_the_day_of_a_level_and_the_farm_runs_on(
    hass: HomeAssistant, farm: MockConfigEntry, lights_on: str
) -> None:
    engine = farm.runtime_data.engine
    known = engine.farm.level["rack_level_1"].lights_on
    assert hass.states.get(lights_on).state == known.isoformat()
    await set_to(hass, lights_on, "04:30:00", somebody(hass, "anna", is_owner=True))
    assert hass.states.get(lights_on).state == "04:30:00"
    assert engine.farm.level["rack_level_1"].lights_on == dt.time(4, 30)
    assert engine.farm.level["rack_level_2"].lights_on == known, "the others stay"
    assert farm.runtime_data.engine is engine, "the farm was not set up anew"
    assert sub(farm, "rack").data["levels"][0]["lights_on"] == "04:30:00"
    assert engine.snapshot("rack_level_1").batch is not None


@pytest.mark.parametrize("who", ["operator", "viewer", None])
async def test_nobody_below_a_grower_moves_it(
    hass: HomeAssistant, farm: MockConfigEntry, lights_on: str, who: str | None
) -> None:
    hass.config_entries.async_update_entry(farm, options={"roles": {"olga": who or "viewer"}})
    context = somebody(hass, "olga", is_owner=False) if who else None
    before = hass.states.get(lights_on).state
    with pytest.raises(ServiceValidationError) as caught:
        await set_to(hass, lights_on, "04:30:00", context)
    assert caught.value.translation_key == "not_allowed"
    assert hass.states.get(lights_on).state == before
