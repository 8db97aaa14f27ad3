"""Conditions: they hold for how a farm is, and for nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from freezegun.api import FrozenDateTimeFactory
from home_farm import Hardware, pass_time, settled, start_batch
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.condition import (
    ConditionChecker,
    async_from_config,
    async_get_all_descriptions,
    async_validate_condition_config,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_translations import LANGUAGES, SHELL, texts
from test_triggers import device, entity

from custom_components.vfarm.condition import CONDITIONS


async def condition(
    hass: HomeAssistant, key: str, target: dict[str, Any], **options: Any
) -> ConditionChecker:
    """A condition as an automation has it."""
    config = {"condition": f"vfarm.{key}", "target": target, "options": options}
    checked = await async_validate_condition_config(hass, config)
    made: Any = await async_from_config(hass, checked)
    return made


async def holds(hass: HomeAssistant, key: str, target: dict[str, Any], **options: Any) -> bool:
    """Whether a condition holds now."""
    made = await condition(hass, key, target, **options)
    try:
        return bool(made.async_check(variables={}))
    finally:
        made.async_unload()


@pytest.fixture
def levels(hass: HomeAssistant, farm: MockConfigEntry) -> dict[str, Any]:
    """Both levels of the rack."""
    return {"device_id": device(hass, farm, "rack")}


async def test_lights_and_phase_follow_the_plants(
    hass: HomeAssistant, farm: MockConfigEntry, levels: dict[str, Any]
) -> None:
    assert not await holds(hass, "lights_are_on", levels)
    assert await holds(hass, "lights_are_off", levels, behavior="all")
    assert not await holds(hass, "is_in_phase", levels, phase="germination")
    answer = await start_batch(hass)
    assert await holds(hass, "lights_are_on", levels, behavior="all")
    assert not await holds(hass, "lights_are_off", levels)
    phase = answer["phase"]
    assert await holds(hass, "is_in_phase", levels, phase=[phase, "production"], behavior="all")
    assert not await holds(hass, "is_in_phase", levels, phase="another")
    one = {"entity_id": entity(hass, farm, "sensor", "rack_level_1", "phase")}
    assert await holds(hass, "is_in_phase", one, phase=phase)


async def test_only_the_right_entities_are_looked_at(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await start_batch(hass)
    # On and off are states of many entities: also of a zone's own day.
    tank = {"device_id": device(hass, farm, "tank")}
    assert not await holds(hass, "lights_are_on", tank)
    day = {"entity_id": entity(hass, farm, "binary_sensor", "tent", "day")}
    assert not await holds(hass, "lights_are_on", day)
    assert not await holds(hass, "dose_is_running", {"device_id": device(hass, farm, "tent")})


@pytest.mark.parametrize("aim", ["farm", "tent", "rack", "rack_level_1"])
async def test_a_device_means_what_is_part_of_it(
    hass: HomeAssistant, farm: MockConfigEntry, aim: str
) -> None:
    await start_batch(hass)
    assert await holds(hass, "lights_are_on", {"device_id": device(hass, farm, aim)})


async def test_an_entity_that_is_named_means_itself(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    hardware.volume(5.0)
    await settled(hass)
    named = {"entity_id": entity(hass, farm, "binary_sensor", "farm", "problem")}
    assert not await holds(hass, "has_problem", named)
    assert await holds(hass, "has_problem", {"device_id": device(hass, farm, "farm")})


async def test_the_mode_and_the_emergency_stop_of_a_farm(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    target = {"device_id": device(hass, farm, "farm")}
    assert await holds(hass, "is_in_mode", target, mode="auto")
    assert not await holds(hass, "is_stopped", target)
    await hass.services.async_call("vfarm", "set_mode", {"mode": "hold"}, blocking=True)
    await hass.services.async_call("vfarm", "emergency_stop", {}, blocking=True)
    await settled(hass)
    assert not await holds(hass, "is_in_mode", target, mode="auto")
    assert await holds(hass, "is_in_mode", target, mode=["hold", "monitor"])
    assert await holds(hass, "is_stopped", target)
    with pytest.raises(Exception, match="mode"):
        await holds(hass, "is_in_mode", target, mode="party")


async def test_a_shot_is_running_until_it_has_ended(
    hass: HomeAssistant, farm: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    target = {"device_id": device(hass, farm, "bench")}
    await start_batch(hass)
    await pass_time(hass, freezer, 60)
    assert not await holds(hass, "shot_is_running", target)
    await hass.services.async_call(
        "vfarm", "run_shot", {"node": ["bench"], "duration": {"seconds": 60}}, blocking=True
    )
    await settled(hass)
    assert await holds(hass, "shot_is_running", target)
    await pass_time(hass, freezer, 120, step=5)
    assert not await holds(hass, "shot_is_running", target)


@pytest.mark.parametrize("key", ["dose_is_running", "fill_is_running"])
async def test_what_a_tank_does_is_looked_at_where_it_can_do_it(
    hass: HomeAssistant, farm: MockConfigEntry, key: str
) -> None:
    assert not await holds(hass, key, {"device_id": device(hass, farm, "tank")})


async def test_a_problem_is_there_or_one_that_is_asked_for(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    target = {"device_id": device(hass, farm, "tank")}
    assert not await holds(hass, "has_problem", target)
    hardware.volume(5.0)
    await settled(hass)
    (problem, *_) = hass.states.get(
        entity(hass, farm, "binary_sensor", "tank", "problem")
    ).attributes["problems"]
    assert await holds(hass, "has_problem", target)
    assert await holds(hass, "has_problem", target, problem=[problem])
    assert not await holds(hass, "has_problem", target, problem="leak")


async def test_vpd_is_compared_and_held_against_the_limits_of_the_plants(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    freezer: FrozenDateTimeFactory,
) -> None:
    target = {"device_id": device(hass, farm, "tent")}
    above = {"threshold": {"type": "above", "value": {"number": 1.2}}}
    assert not await holds(hass, "vpd_is_within_limits", target), "nothing grows: no limits"
    await start_batch(hass, sown_days_ago=20)
    await pass_time(hass, freezer, 60)
    hardware.humidity(66.0)
    await pass_time(hass, freezer, 90)
    assert not await holds(hass, "vpd_is", target, **above)
    assert await holds(hass, "vpd_is_within_limits", target)
    # A level asks for the air of its zone by the zone's device only.
    assert not await holds(
        hass, "vpd_is_within_limits", {"device_id": device(hass, farm, "rack_level_1")}
    )
    for humidity in (50.0, 40.0):
        hardware.humidity(humidity)
        await pass_time(hass, freezer, 90)
    assert await holds(hass, "vpd_is", target, **above)
    assert not await holds(hass, "vpd_is_within_limits", target)


async def test_a_light_edge_is_near_by_the_plan_of_the_level(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    levels: dict[str, Any],
) -> None:
    await start_batch(hass)
    assert await holds(hass, "is_near_light_edge", levels, within={"minutes": 30}), "just now"
    await pass_time(hass, freezer, 1900, step=300)
    engine = farm.runtime_data.engine
    ends = engine.snapshot("rack_level_1").lights_off_at
    left = ends - engine.clock.now().farm
    assert left > 7200
    assert not await holds(hass, "is_near_light_edge", levels, within={"minutes": 30})
    assert await holds(
        hass, "is_near_light_edge", levels, within={"seconds": left + 60}, behavior="all"
    )
    everything = {"device_id": device(hass, farm, "farm")}
    assert await holds(hass, "is_near_light_edge", everything, within={"seconds": left + 60})
    freezer.tick(timedelta(seconds=left - 600))
    await settled(hass)
    assert await holds(hass, "is_near_light_edge", levels, within={"minutes": 30})


async def test_an_area_means_the_levels_in_it(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    area = ar.async_get(hass).async_create("Cellar")
    target = {"area_id": area.id}
    await start_batch(hass)
    week = {"days": 7}
    assert not await holds(hass, "lights_are_on", target)
    assert not await holds(hass, "is_near_light_edge", target, within=week, behavior="all")
    dr.async_get(hass).async_update_device(device(hass, farm, "rack"), area_id=area.id)
    await hass.async_block_till_done()
    assert await holds(hass, "lights_are_on", target)
    assert await holds(hass, "is_near_light_edge", target, within=week, behavior="all")


@pytest.mark.parametrize("key", ["lights_are_on", "vpd_is_within_limits", "is_near_light_edge"])
async def test_nothing_holds_of_a_farm_that_is_unloaded(
    hass: HomeAssistant, farm: MockConfigEntry, key: str
) -> None:
    await start_batch(hass, sown_days_ago=20)
    options = {"within": {"days": 7}} if key == "is_near_light_edge" else {}
    target = {"device_id": [device(hass, farm, "tent"), device(hass, farm, "rack")]}
    made = await condition(hass, key, target, **options)
    assert made.async_check(variables={})
    assert await hass.config_entries.async_unload(farm.entry_id)
    await hass.async_block_till_done()
    assert not made.async_check(variables={})
    assert await hass.config_entries.async_setup(farm.entry_id)
    await settled(hass)
    assert made.async_check(variables={}), "and it is known again after a reload"
    made.async_unload()


# -- what is said of them -----------------------------------------------------------------------


async def test_home_assistant_knows_every_condition(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    described = await async_get_all_descriptions(hass)
    ours = {key.removeprefix("vfarm."): d for key, d in described.items() if "vfarm" in key}
    assert set(ours) == set(CONDITIONS)
    assert all(d is not None for d in ours.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_condition_has_words_in_every_language(language: str) -> None:
    words = texts(language)["conditions"]
    written = yaml.safe_load((SHELL / "conditions.yaml").read_text())
    assert set(words) == set(CONDITIONS) == {key for key in written if not key.startswith(".")}
    for key, told in words.items():
        assert set(told.get("fields", {})) == set(written[key]["fields"]), key


def test_every_condition_has_an_icon() -> None:
    icons = yaml.safe_load((SHELL / "icons.json").read_text())["conditions"]
    assert set(icons) == set(CONDITIONS)
