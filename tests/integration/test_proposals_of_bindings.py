"""Bindings are proposed from a house full of entities, and bound when a person says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_subentry_flows import DECLARED, LEVEL, Flow

from custom_components.vfarm.const import DOMAIN

HOUSE: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "core/farm/houses/english.json").read_text(encoding="utf-8")
)


def register(hass: HomeAssistant) -> None:
    """Put the recorded house into the registries, with a state of every entity."""
    owner = MockConfigEntry(domain="house", title="House")
    owner.add_to_hass(hass)
    entities, devices, areas = er.async_get(hass), dr.async_get(hass), ar.async_get(hass)
    for e in HOUSE["entities"]:
        domain, _, object_id = e["entity_id"].partition(".")
        device = None
        if name := e.get("device"):
            device = devices.async_get_or_create(
                config_entry_id=owner.entry_id, identifiers={("house", name)}, name=name
            )
            if area := e.get("area"):
                area_id = areas.async_get_or_create(area).id
                devices.async_update_device(device.id, area_id=area_id)
        entities.async_get_or_create(
            domain,
            e["platform"],
            e["entity_id"],
            suggested_object_id=object_id,
            config_entry=owner,
            device_id=device.id if device else None,
            entity_category=EntityCategory(e["category"]) if "category" in e else None,
        )
        if "area" in e and device is None:
            area_id = areas.async_get_or_create(e["area"]).id
            entities.async_update_entity(e["entity_id"], area_id=area_id)
        attributes = {
            "friendly_name": e["name"],
            "device_class": e.get("device_class"),
            "unit_of_measurement": e.get("unit"),
        }
        known = {k: v for k, v in attributes.items() if v is not None}
        if domain == "light":
            known |= {"supported_color_modes": ["brightness"]}
        if domain == "valve":
            known |= {"supported_features": 3}
        if domain == "fan":
            known |= {"supported_features": 48}
        hass.states.async_set(e["entity_id"], e["state"], known)


def parts() -> Iterator[ConfigSubentryData]:
    """The farm of the house, with nothing bound."""

    def part(type_: str, title: str, id_: str, **data: Any) -> ConfigSubentryData:
        data = {"id": id_, "bindings": [], **data}
        return ConfigSubentryData(
            subentry_type=type_, title=title, data=data, unique_id=f"{type_}_{id_}"
        )

    farm = HOUSE["farm"]
    for zone, title in farm["zones"].items():
        yield part("zone", title, zone, volume_m3=8.0)
    for rack, (title, zone, levels) in farm["racks"].items():
        made = [{"id": f"{rack}_level_{k}", "name": n, **LEVEL} for k, n in enumerate(levels, 1)]
        yield part("rack", title, rack, zone=zone, levels=made)
    for tank, title in farm["reservoirs"].items():
        yield part("reservoir", title, tank, capacity_l=100.0, volume_min_l=10.0)
    for pump, (title, tank) in farm["pumps"].items():
        yield part("pump", title, pump, reservoir=tank, flow_l_min=10.0)


@pytest.fixture
async def house(hass: HomeAssistant) -> MockConfigEntry:
    register(hass)
    entry = MockConfigEntry(
        domain=DOMAIN, title="Farm", data={"kind": "farm"}, subentries_data=list(parts())
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def edit(hass: HomeAssistant, entry: MockConfigEntry, node: str) -> Flow:
    flow = Flow(hass, entry)
    subentry = next(s for s in entry.subentries.values() if s.data["id"] == node)
    flow.result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    return flow


def offered(flow: Flow) -> tuple[dict[str, str], list[str]]:
    """The proposals of a form by their key, and those that are ticked."""
    ((marker, chooser),) = flow.result["data_schema"].schema.items()
    return {o["value"]: o["label"] for o in chooser.config["options"]}, marker.default()


@pytest.mark.parametrize("node", ["tent", "rack_1", "rack_2", "tank", "main"])
async def test_a_house_is_proposed_as_its_registries_have_it(
    hass: HomeAssistant, house: MockConfigEntry, node: str
) -> None:
    flow = await edit(hass, house, node)
    await flow.choose("propose")
    found: dict[str, dict[str, list[str]]] = {}
    for key in offered(flow)[0]:
        at, role, entity = key.split(" ")
        found.setdefault(at, {}).setdefault(role, []).append(entity)
    expected = HOUSE["expected"]
    assert found == {at: expected[at] for at in expected if at.startswith(node)}


async def test_nothing_is_bound_before_a_person_says_so(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    flow = await edit(hass, house, "tent")
    await flow.choose("propose")
    labels, ticked = offered(flow)
    humidity = "tent humidity sensor.tent_climate_humidity"
    assert humidity in ticked
    assert "Humidity = Tent climate Humidity" in labels[humidity]
    assert "61 %" in labels[humidity]
    weather = "tent outside_temperature sensor.outdoor_temperature"
    assert weather in labels
    assert weather not in ticked, "nothing says that it is outside of this zone"
    assert not flow.entry.runtime_data.farm.bindings
    await flow.go(proposals=[humidity])
    assert flow.result["step_id"] == "menu"
    assert not flow.entry.runtime_data.farm.bindings, "it is a draft until it is saved"
    await flow.save()
    (binding,) = house.runtime_data.farm.bindings
    registered = er.async_get(hass).async_get("sensor.tent_climate_humidity")
    assert registered is not None
    assert (binding.id, binding.entity) == ("tent.humidity", registered.id)


async def test_what_is_left_open_is_proposed_again_and_what_is_bound_is_not(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    flow = await edit(hass, house, "tank")
    await flow.choose("propose")
    await flow.go(proposals=["tank solution_ph sensor.tank_ph"])
    await flow.choose("propose")
    keys = set(offered(flow)[0])
    assert not [key for key in keys if "sensor.tank_ph" in key]
    assert "tank solution_ec sensor.tank_ec" in keys


async def test_devices_are_declared_one_after_the_other(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    flow = await edit(hass, house, "rack_1")
    await flow.choose("propose")
    lamps = [key for key in offered(flow)[0] if " grow_light " in key]
    sensor = "rack_1_level_1 ppfd sensor.rack_1_level_1_ppfd"
    await flow.go(proposals=[*lamps, sensor])
    for said in ("Level 1: Grow light = Rack 1 Level 1", "Level 2: Grow light = Rack 1 Level 2"):
        assert flow.result["step_id"] == "declaration"
        assert flow.result["description_placeholders"]["role"].startswith(said)
        await flow.go(**DECLARED, max_on_s=60000)
    assert flow.result["step_id"] == "menu"
    await flow.save()
    bound = house.runtime_data.farm.binding
    assert {"rack_1_level_1.ppfd", "rack_1_level_1.grow_light", "rack_1_level_2.grow_light"} == (
        set(bound)
    )
    assert bound["rack_1_level_2.grow_light"].declaration is not None


async def test_where_nothing_fits_it_says_so(hass: HomeAssistant, house: MockConfigEntry) -> None:
    for entity_id in hass.states.async_entity_ids("sensor"):
        hass.states.async_remove(entity_id)
    hass.states.async_remove("switch.main_pump")
    flow = await edit(hass, house, "main")
    await flow.choose("propose")
    assert flow.result["errors"] == {"base": "nothing_proposed"}
    await flow.go()
    assert flow.result["step_id"] == "menu"


async def test_what_another_farm_drives_is_not_proposed(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    registered = er.async_get(hass).async_get("switch.main_pump")
    assert registered is not None
    bound = {"id": "p", "node": "p", "role": "irrigation_pump", "entity": registered.id}
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Other",
        data={"kind": "farm"},
        subentries_data=[
            ConfigSubentryData(
                subentry_type="pump",
                title="P",
                data={"id": "p", "bindings": [bound]},
                unique_id="pump_p",
            )
        ],
    )
    other.add_to_hass(hass)
    flow = await edit(hass, house, "main")
    await flow.choose("propose")
    assert not [key for key in offered(flow)[0] if "irrigation_pump" in key]


async def test_one_role_by_hand_names_what_fits_it(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    flow = await edit(hass, house, "tent")
    await flow.choose("add_binding")
    await flow.go(role="heater")
    assert flow.result["description_placeholders"]["suggestions"] == "switch.tent_heater"


async def test_devices_that_are_bound_show_where_their_other_values_belong(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    """The plug of a lamp is bound at a level: the power it measures is that lamp's."""
    registry = er.async_get(hass)
    registry.async_update_entity(
        "sensor.rack_2_level_1_lamp_power", new_entity_id="sensor.rack_2_watts"
    )
    hass.states.async_remove("sensor.rack_2_level_1_lamp_power")
    shown = {"unit_of_measurement": "W", "device_class": "power", "friendly_name": "Rack 2 watts"}
    hass.states.async_set("sensor.rack_2_watts", "118", shown)
    power = "rack_2_level_1 power sensor.rack_2_watts"
    flow = await edit(hass, house, "rack_2")
    await flow.choose("propose")
    keys = set(offered(flow)[0])
    assert power not in keys
    await flow.go(proposals=[key for key in keys if key.startswith("rack_2_level_1 grow_light")])
    await flow.go(**DECLARED, max_on_s=60000)
    await flow.choose("propose")
    assert power in offered(flow)[0]


async def test_nothing_is_bound_into_a_farm_that_no_longer_fits(
    hass: HomeAssistant, house: MockConfigEntry
) -> None:
    flow = await edit(hass, house, "rack_1")
    await flow.choose("propose")
    zone = next(s for s in house.subentries.values() if s.subentry_type == "zone")
    hass.config_entries.async_remove_subentry(house, zone.subentry_id)
    await hass.async_block_till_done()
    await flow.go(proposals=["rack_1_level_1 ppfd sensor.rack_1_level_1_ppfd"])
    assert flow.result["step_id"] == "propose"
    assert flow.result["errors"]
