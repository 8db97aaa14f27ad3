"""The switches of a farm's loops: a person takes a function out of service and back."""

from __future__ import annotations

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import LAMP, Hardware, manager, pass_time, settled, somebody, start_batch
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_roles import in_conversation

from custom_components.vfarm.const import DOMAIN


def loop(hass: HomeAssistant, farm: MockConfigEntry, name: str) -> str:
    """The switch of a loop."""
    unique = f"{farm.entry_id}:{farm.entry_id}:loop_{name}"
    found = er.async_get(hass).async_get_entity_id("switch", DOMAIN, unique)
    assert found is not None, name
    return found


async def turn(
    hass: HomeAssistant, farm: MockConfigEntry, name: str, on: bool, context: Context | None
) -> str | None:
    """Command the switch of a loop; the key of the refusal. The entity itself: the action of this
    domain is that of the test's hardware."""
    entity = hass.data["entity_components"]["switch"].get_entity(loop(hass, farm, name))
    entity.async_set_context(context or Context())
    try:
        await (entity.async_turn_on() if on else entity.async_turn_off())
    except ServiceValidationError as err:
        return err.translation_key
    finally:
        await settled(hass)
    return None


def shown(hass: HomeAssistant, farm: MockConfigEntry) -> dict[str, str]:
    """The states of the switches by loop."""
    return {
        e.unique_id.rpartition("_")[2]: hass.states.get(e.entity_id).state
        for e in er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
        if e.domain == "switch"
    }


async def test_a_farm_has_a_switch_for_each_function_it_has_devices_for(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    assert shown(hass, farm) == {"light": "on", "climate": "on", "irrigation": "on"}


async def test_a_function_out_of_service_is_off_until_a_person_arms_it(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start_batch(hass)
    await pass_time(hass, freezer, 300)
    assert hass.states.get(LAMP).state == "on"
    anna = somebody(hass, "anna", is_owner=True)
    assert await turn(hass, farm, "light", False, anna) is None
    assert hass.states.get(LAMP).state == "off"
    assert shown(hass, farm) == {"light": "off", "climate": "on", "irrigation": "on"}
    assert await turn(hass, farm, "light", False, anna) == "loop_disarmed"
    (told,) = await farm.runtime_data.engine.journal.async_events(kind="loop_disarmed")
    assert (told["loop"], told["by"]) == ("light", "user:anna")

    # Over a restart of Home Assistant it stays out of service.
    await hass.config_entries.async_reload(farm.entry_id)
    await settled(hass)
    await pass_time(hass, freezer, 300)
    assert shown(hass, farm)["light"] == "off"
    assert hass.states.get(LAMP).state == "off"
    assert await turn(hass, farm, "light", True, anna) is None
    await pass_time(hass, freezer, 60)
    assert hass.states.get(LAMP).state == "on"


@pytest.mark.parametrize("on", [True, False])
async def test_neither_an_automation_nor_a_voice_nor_an_operator_switches_a_function(
    hass: HomeAssistant, farm: MockConfigEntry, on: bool
) -> None:
    hass.config_entries.async_update_entry(farm, options={"roles": {"olga": "operator"}})
    olga, boss = somebody(hass, "olga", is_owner=False), manager(hass)
    if on:
        assert await turn(hass, farm, "irrigation", False, boss) is None
    before = shown(hass, farm)
    assert await turn(hass, farm, "irrigation", on, None) == "only_a_person"
    assert await turn(hass, farm, "irrigation", on, olga) == "not_allowed"
    with in_conversation(hass):
        assert await turn(hass, farm, "irrigation", on, boss) == "only_a_person"
    assert shown(hass, farm) == before


async def test_after_a_stop_every_function_is_off_and_armed_in_the_cores_order(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    boss = manager(hass)
    await hass.services.async_call(DOMAIN, "emergency_stop", {}, blocking=True)
    await settled(hass)
    assert set(shown(hass, farm).values()) == {"off"}
    assert await turn(hass, farm, "light", True, boss) == "emergency_active"
    await hass.services.async_call(
        DOMAIN, "release_emergency_stop", {}, blocking=True, context=boss
    )
    for name in ("light", "climate", "irrigation"):
        assert await turn(hass, farm, name, True, boss) is None
    assert set(shown(hass, farm).values()) == {"on"}
