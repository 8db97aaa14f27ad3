"""Bindings live with Home Assistant: under the name of now, from when their entity is there, and
changed while the farm runs."""

from __future__ import annotations

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from home_farm import AIR, LAMP, PUMP, VALVE, Hardware, pass_time, settled, start_batch, sub
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_services import act
from test_subentry_flows import Flow

from custom_components.vfarm.const import DOMAIN


def celsius(hass: HomeAssistant, entity_id: str, value: float) -> None:
    hass.states.async_set(entity_id, str(value), {"unit_of_measurement": "°C"})


def air(farm: MockConfigEntry) -> Any:
    return farm.runtime_data.engine.snapshot("tent").air_temperature


async def bind_air(hass: HomeAssistant, farm: MockConfigEntry, entity_id: str) -> None:
    """Bind the air temperature of the tent to another entity, as a person does."""
    flow = await Flow(hass, farm).edit("zone")
    await flow.choose("change_binding")
    await flow.go(binding="tent.air_temperature")
    await flow.go(entity=entity_id)
    await flow.save()
    await settled(hass)


async def test_an_entity_that_was_renamed_while_the_farm_was_stopped_is_found_again(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    registry = er.async_get(hass)
    made = registry.async_get_or_create("sensor", "test", "air", suggested_object_id="probe")
    celsius(hass, made.entity_id, 21)
    await bind_air(hass, farm, made.entity_id)
    assert sub(farm, "zone").data["bindings"][0]["entity"] == made.id
    await hass.config_entries.async_unload(farm.entry_id)
    registry.async_update_entity(made.entity_id, new_entity_id="sensor.other_name")
    hass.states.async_remove(made.entity_id)
    celsius(hass, "sensor.other_name", 24)
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    assert air(farm).value == 24


async def test_an_entity_that_is_renamed_while_its_flow_is_open_is_bound_all_the_same(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    made = registry.async_get_or_create("sensor", "test", "air", suggested_object_id="probe")
    celsius(hass, made.entity_id, 21)
    flow = await Flow(hass, farm).edit("zone")
    await flow.choose("change_binding")
    await flow.go(binding="tent.air_temperature")
    await flow.go(entity=made.entity_id)
    registry.async_update_entity(made.entity_id, new_entity_id="sensor.other_name")
    hass.states.async_remove(made.entity_id)
    celsius(hass, "sensor.other_name", 25)
    await flow.save()
    await settled(hass)
    assert air(farm).value == 25


async def test_an_entity_that_comes_long_after_the_start_is_read_from_then_on(
    hass: HomeAssistant, entry: MockConfigEntry, hardware: Hardware
) -> None:
    hass.set_state(CoreState.starting)
    hass.states.async_remove(AIR)
    assert await hass.config_entries.async_setup(entry.entry_id)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settled(hass)
    assert air(entry).value is None
    celsius(hass, AIR, 22.5)
    await settled(hass)
    assert air(entry).value == 22.5
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_edited_binding_changes_nothing_else_of_the_running_farm(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await start_batch(hass)
    engine = farm.runtime_data.engine
    memory = engine.runtime.memory
    registry = er.async_get(hass)
    before = {e.unique_id: e.id for e in er.async_entries_for_config_entry(registry, farm.entry_id)}
    assert hass.states.get(LAMP).state == "on"  # type: ignore[union-attr]
    calls = len(hardware.calls)
    celsius(hass, "sensor.second", 23)
    await bind_air(hass, farm, "sensor.second")
    assert farm.runtime_data.engine is engine, "the farm was reloaded"
    assert engine.runtime.memory.batches == memory.batches
    assert engine.runtime.memory.points["tent.humidity"] == memory.points["tent.humidity"]
    switched = {call.data["entity_id"] for call in hardware.calls[calls:]}
    assert switched <= {LAMP}, "nothing but the lamp follows its own plan meanwhile"
    assert hass.states.get(LAMP).state == "on"  # type: ignore[union-attr]
    after = {e.unique_id: e.id for e in er.async_entries_for_config_entry(registry, farm.entry_id)}
    assert after == before
    assert air(farm).value == 23
    celsius(hass, AIR, 40)
    await settled(hass)
    assert air(farm).value == 23, "the old one is not followed any more"


async def test_a_shot_runs_on_while_another_part_is_edited(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    await act(hass, "run_shot", node="bench", duration=120)
    await settled(hass)
    assert hass.states.get(PUMP).state == "on"  # type: ignore[union-attr]
    shot = farm.runtime_data.engine.runtime.memory.circuits["bench"].shot
    celsius(hass, "sensor.second", 23)
    await bind_air(hass, farm, "sensor.second")
    assert farm.runtime_data.engine.runtime.memory.circuits["bench"].shot.id == shot.id
    assert hass.states.get(PUMP).state == "on"  # type: ignore[union-attr]
    await pass_time(hass, freezer, 150, step=10)
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    assert hass.states.get(VALVE).state == "closed"  # type: ignore[union-attr]


async def test_a_device_that_is_unbound_in_mid_shot_is_switched_off(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    await act(hass, "run_shot", node="bench", duration=120)
    await settled(hass)
    flow = await Flow(hass, farm).edit("pump")
    await flow.choose("remove_binding")
    await flow.go(binding="pump.irrigation_pump")
    await flow.save()
    await settled(hass)
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    await pass_time(hass, freezer, 150, step=10)
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    assert hass.states.get(VALVE).state == "closed"  # type: ignore[union-attr]


async def test_the_entities_of_a_role_come_and_go_with_its_binding(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    def registered() -> str | None:
        unique_id = f"{farm.entry_id}:tent:co2"
        return er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)

    hass.states.async_set("sensor.co2", "812", {"unit_of_measurement": "ppm"})
    assert registered() is None
    flow = await Flow(hass, farm).edit("zone")
    await flow.choose("add_binding")
    await flow.go(role="co2")
    await flow.go(entity="sensor.co2")
    await flow.save()
    await settled(hass)
    assert registered() is not None
    flow = await Flow(hass, farm).edit("zone")
    await flow.choose("remove_binding")
    await flow.go(binding="tent.co2")
    await flow.save()
    await settled(hass)
    assert registered() is None
