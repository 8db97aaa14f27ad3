"""What a person holds in place of the recipe's targets: climate of a zone, numbers, how long."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import HEATER, Hardware, pass_time, settled, somebody, start_batch
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    mock_restore_cache_with_extra_data,
)

from custom_components.vfarm.const import DOMAIN


def entity(hass: HomeAssistant, farm: MockConfigEntry, domain: str, node: str, key: str) -> str:
    """The entity of a node with a key."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{farm.entry_id}:{node}:{key}")
    assert found is not None, key
    return found


@pytest.fixture
async def tent(hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory) -> str:
    """The climate of the tent, lettuce in it, in frozen time."""
    await start_batch(hass)
    return entity(hass, farm, "climate", "tent", "climate")


def shown(hass: HomeAssistant, entity_id: str) -> State:
    """The state of an entity."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


async def act(
    hass: HomeAssistant, entity_id: str, action: str, context: Context | None = None, **data: Any
) -> None:
    """Command an entity."""
    await hass.services.async_call(
        entity_id.partition(".")[0],
        action,
        {"entity_id": entity_id, **data},
        blocking=True,
        context=context,
    )
    await settled(hass)


async def refusal(
    hass: HomeAssistant, entity_id: str, action: str, context: Context | None = None, **data: Any
) -> str | None:
    """The key of the refusal of a command."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, entity_id, action, context, **data)
    return caught.value.translation_key


def held(farm: MockConfigEntry) -> dict[str, float]:
    """What is held in place of the recipe's, by node and quantity."""
    overrides = farm.runtime_data.engine.runtime.memory.overrides
    return {key: found.value for key, found in overrides.items()}


async def test_a_zone_shows_its_air_and_what_the_recipe_wants_of_it(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str
) -> None:
    state = shown(hass, tent)
    wanted = farm.runtime_data.engine.snapshot("tent").air_temperature.target
    assert state.state == "auto"
    assert state.attributes["hvac_modes"] == ["auto", "heat"], "a heater is all it has"
    assert state.attributes["current_temperature"] == 22.0
    assert state.attributes["current_humidity"] == 65
    assert state.attributes["temperature"] == wanted
    assert "until" not in state.attributes


async def test_a_temperature_is_held_until_its_end_and_then_the_recipe_leads_again(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str, freezer: FrozenDateTimeFactory
) -> None:
    wanted = shown(hass, tent).attributes["temperature"]
    anna = somebody(hass, "anna", is_owner=False)
    hours = entity(hass, farm, "number", farm.entry_id, "override_hours")
    await act(hass, hours, "set_value", value=2)
    await act(hass, tent, "set_temperature", anna, temperature=25.0)
    state = shown(hass, tent)
    assert (state.state, state.attributes["temperature"]) == ("heat", 25.0)
    assert state.attributes["by"] == "Anna"
    end = farm.runtime_data.engine.clock.now().farm + 7200
    assert state.attributes["until"].timestamp() == pytest.approx(end, abs=2)
    assert held(farm) == {"tent.air_temperature": 25.0}
    # The number of the same target tells the same.
    number = entity(hass, farm, "number", "tent", "air_temperature_override")
    assert shown(hass, number).state == "25.0"
    assert shown(hass, number).attributes["by"] == "Anna"

    await pass_time(hass, freezer, 7300, step=600)
    state = shown(hass, tent)
    assert (state.state, state.attributes["temperature"]) == ("auto", wanted)
    assert held(farm) == {}
    assert float(shown(hass, number).state) == wanted


async def test_the_same_target_held_again_shows_its_new_end(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str, freezer: FrozenDateTimeFactory
) -> None:
    await act(hass, tent, "set_temperature", temperature=25.0)
    first = shown(hass, tent).attributes["until"]
    await pass_time(hass, freezer, 300, step=100)
    await act(hass, tent, "set_temperature", temperature=25.0)
    later = shown(hass, tent).attributes["until"] - first
    assert later.total_seconds() == pytest.approx(300, abs=5)


async def test_automatic_gives_everything_that_is_held_back_to_the_recipe(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str
) -> None:
    wanted = shown(hass, tent).attributes["temperature"]
    await act(hass, tent, "set_temperature", temperature=25.0)
    await act(hass, tent, "set_humidity", humidity=70)
    assert shown(hass, tent).attributes["humidity"] == 70
    assert set(held(farm)) == {"tent.air_temperature", "tent.humidity"}
    await act(hass, tent, "set_hvac_mode", hvac_mode="auto")
    assert held(farm) == {}
    assert shown(hass, tent).attributes["temperature"] == wanted
    await act(hass, tent, "set_hvac_mode", hvac_mode="heat")
    assert held(farm) == {"tent.air_temperature": wanted}, "by hand holds what is wanted now"


async def test_an_empty_zone_has_nothing_to_hold(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    tent = entity(hass, farm, "climate", "tent", "climate")
    assert await refusal(hass, tent, "set_hvac_mode", hvac_mode="heat") == "nothing_to_hold"


async def test_what_the_devices_do_is_the_action(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    tent: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    assert shown(hass, tent).attributes["hvac_action"] == "idle"
    for tenth in range(4):
        hardware.air(15.0 + tenth / 10)
        await pass_time(hass, freezer, 30)
    assert hass.states.get(HEATER).state == "on"
    # A command of a person brings it out at once; else it waits for the minute to be over.
    await act(hass, tent, "set_temperature", temperature=24.0)
    assert shown(hass, tent).attributes["hvac_action"] == "heating"
    await hass.services.async_call(DOMAIN, "emergency_stop", {}, blocking=True)
    await settled(hass)
    await act(hass, tent, "set_hvac_mode", hvac_mode="auto")
    assert shown(hass, tent).attributes["hvac_action"] == "off"


async def test_a_viewer_holds_nothing(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str
) -> None:
    viewer = somebody(hass, "viewer", is_owner=False)
    hass.config_entries.async_update_entry(farm, options={"roles": {"viewer": "viewer"}})
    number = entity(hass, farm, "number", "tent", "air_temperature_override")
    hours = entity(hass, farm, "number", farm.entry_id, "override_hours")
    for entity_id, action, data in (
        (tent, "set_temperature", {"temperature": 25}),
        (tent, "set_humidity", {"humidity": 60}),
        (tent, "set_hvac_mode", {"hvac_mode": "heat"}),
        (number, "set_value", {"value": 25}),
        (hours, "set_value", {"value": 1}),
    ):
        assert await refusal(hass, entity_id, action, viewer, **data) == "not_allowed"
    assert held(farm) == {}
    assert float(shown(hass, hours).state) == 12.0


async def test_a_target_beyond_what_can_be_is_refused_in_the_cores_words(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str
) -> None:
    number = entity(hass, farm, "number", "tent", "vpd_override")
    assert await refusal(hass, number, "set_value", value=2.9) == "vpd_unreachable"
    assert await refusal(hass, tent, "set_temperature", temperature=60) == "temp_out_of_range"
    assert held(farm) == {}


async def test_measured_air_is_written_once_a_minute_and_a_persons_target_at_once(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    tent: str,
    freezer: FrozenDateTimeFactory,
) -> None:
    await pass_time(hass, freezer, 120, step=30)
    events = async_capture_events(hass, "state_changed")
    for step in range(60):
        hardware.air(22.0 + step % 7 / 10)
        await pass_time(hass, freezer, 10, step=10)
    ours = [e for e in events if e.data["entity_id"] == tent]
    assert 1 < len(ours) <= 11, "ten minutes of reports every ten seconds"
    before = len(ours)
    await act(hass, tent, "set_temperature", temperature=25.0)
    assert len([e for e in events if e.data["entity_id"] == tent]) == before + 1


async def test_a_levels_light_is_held_by_numbers_that_are_there_when_they_are_wanted(
    hass: HomeAssistant, farm: MockConfigEntry, tent: str, freezer: FrozenDateTimeFactory
) -> None:
    registry = er.async_get(hass)
    ids = {
        key: entity(hass, farm, "number", "rack_level_1", key)
        for key in ("ppfd_override", "photoperiod_override")
    }
    for entity_id in ids.values():
        registered = registry.async_get(entity_id)
        assert registered is not None
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    asked = farm.runtime_data.engine.snapshot("rack_level_1")
    assert float(shown(hass, ids["ppfd_override"]).state) == asked.ppfd_target
    assert 8 <= float(shown(hass, ids["photoperiod_override"]).state) <= 24
    await act(hass, ids["ppfd_override"], "set_value", value=80)
    await act(hass, ids["photoperiod_override"], "set_value", value=10)
    assert held(farm) == {"rack_level_1.ppfd": 80.0, "rack_level_1.photoperiod": 10.0}
    assert shown(hass, ids["photoperiod_override"]).attributes["by"] == "automation"
    # A level without a lamp has none.
    assert not [
        e
        for e in er.async_entries_for_config_entry(registry, farm.entry_id)
        if ":rack_level_2:" in e.unique_id and e.domain == "number"
    ]


async def test_for_how_long_targets_hold_is_known_after_a_restart(
    hass: HomeAssistant, hardware: Hardware, entry: MockConfigEntry
) -> None:
    registered = er.async_get(hass).async_get_or_create(
        "number", DOMAIN, f"{entry.entry_id}:{entry.entry_id}:override_hours", config_entry=entry
    )
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State(registered.entity_id, "3.5"),
                {
                    "native_value": 3.5,
                    "native_min_value": 0.25,
                    "native_max_value": 168.0,
                    "native_step": 0.25,
                    "native_unit_of_measurement": "h",
                },
            )
        ],
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    assert float(shown(hass, registered.entity_id).state) == 3.5
    number = entity(hass, entry, "number", "tent", "air_temperature_override")
    await act(hass, number, "set_value", value=21)
    (override,) = entry.runtime_data.engine.runtime.memory.overrides.values()
    assert override.expires_at - dt_util.utcnow().timestamp() == pytest.approx(3.5 * 3600, abs=60)
    await hass.config_entries.async_unload(entry.entry_id)
    await settled(hass)
