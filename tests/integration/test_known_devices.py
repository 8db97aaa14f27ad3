"""Devices that growers own are known for what they are: what is proposed of them, what a form is
filled in with, and what it says to look at first."""

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
from test_translations import LANGUAGES, texts

from custom_components.vfarm.const import DOMAIN
from custom_components.vfarm.flows.known import Presets, candidate
from vfarm_core.devices.presets.preset import Check
from vfarm_core.farm.candidates import Why
from vfarm_core.farm.roles import Role

HOUSES = Path(__file__).parent.parent / "core/devices/presets/houses"
NAMES = sorted(path.stem for path in HOUSES.glob("*.json"))


def read(name: str) -> dict[str, Any]:
    house: dict[str, Any] = json.loads((HOUSES / f"{name}.json").read_text(encoding="utf-8"))
    return house


def register(hass: HomeAssistant, house: dict[str, Any]) -> None:
    """Put the recorded devices into the registries, with a state of every entity."""
    owner = MockConfigEntry(domain="house", title="House")
    owner.add_to_hass(hass)
    entities, devices, areas = er.async_get(hass), dr.async_get(hass), ar.async_get(hass)
    for e in house["entities"]:
        domain, _, object_id = e["entity_id"].partition(".")
        maker, model, *more = e["made"].split(" | ")
        device = devices.async_get_or_create(
            config_entry_id=owner.entry_id,
            identifiers={(e["platform"], e["device"]), *((e["platform"], one) for one in more)},
            name=e["device"],
            manufacturer=maker,
            model=model,
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
            device_id=device.id,
            entity_category=EntityCategory(e["category"]) if "category" in e else None,
        )
        attributes = {
            "friendly_name": e["name"],
            "device_class": e.get("device_class"),
            "unit_of_measurement": e.get("unit"),
            "supported_color_modes": ["brightness"] if domain == "light" else None,
            "supported_features": {"valve": 3, "fan": 49}.get(domain),
            **({"min": 0, "max": 10, "step": 1} if domain == "number" else {}),
        }
        shown = {k: v for k, v in attributes.items() if v is not None}
        hass.states.async_set(e["entity_id"], e["state"], shown)


def parts(house: dict[str, Any]) -> Iterator[ConfigSubentryData]:
    """The farm of a house, with nothing bound."""

    def part(type_: str, title: str, id_: str, **data: Any) -> ConfigSubentryData:
        data = {"id": id_, "bindings": [], **data}
        return ConfigSubentryData(
            subentry_type=type_, title=title, data=data, unique_id=f"{type_}_{id_}"
        )

    farm = house["farm"]
    for zone, title in farm["zones"].items():
        yield part("zone", title, zone, volume_m3=8.0)
    for rack, (title, zone, levels) in farm["racks"].items():
        made = [{"id": f"{rack}_level_{k}", "name": n, **LEVEL} for k, n in enumerate(levels, 1)]
        yield part("rack", title, rack, zone=zone, levels=made)
    for tank, title in farm["reservoirs"].items():
        yield part("reservoir", title, tank, capacity_l=100.0, volume_min_l=10.0)
    for pump, (title, tank) in farm["pumps"].items():
        yield part("pump", title, pump, reservoir=tank, flow_l_min=10.0)


async def farm_of(hass: HomeAssistant, name: str) -> MockConfigEntry:
    house = read(name)
    register(hass, house)
    entry = MockConfigEntry(
        domain=DOMAIN, title="Farm", data={"kind": "farm"}, subentries_data=list(parts(house))
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


def offered(flow: Flow) -> dict[str, str]:
    ((_, chooser),) = flow.result["data_schema"].schema.items()
    return {o["value"]: o["label"] for o in chooser.config["options"]}


def filled_in(flow: Flow) -> dict[str, Any]:
    """What the fields of a form suggest, those of its section among them."""
    found: dict[str, Any] = {}
    for marker, kind in flow.result["data_schema"].schema.items():
        inner = getattr(kind, "schema", None)
        if inner is not None:
            found |= {
                str(m): (m.description or {}).get("suggested_value")
                for m in inner.schema
                if "suggested_value" in (m.description or {})
            }
        elif "suggested_value" in (marker.description or {}):
            found[str(marker)] = marker.description["suggested_value"]
    return found


def looked_at(flow: Flow) -> str:
    return str(flow.result["description_placeholders"]["checks"])


def said(check: Check) -> str:
    return str(texts("en")["selector"]["preset_check"]["options"][check])


@pytest.mark.parametrize("name", NAMES)
async def test_a_house_of_known_devices_is_proposed_as_its_registries_have_it(
    hass: HomeAssistant, name: str
) -> None:
    entry = await farm_of(hass, name)
    house = read(name)
    found: dict[str, dict[str, list[str]]] = {}
    for subentry in entry.subentries.values():
        flow = await edit(hass, entry, subentry.data["id"])
        await flow.choose("propose")
        for key in offered(flow):
            at, role, entity = key.split(" ")
            found.setdefault(at, {}).setdefault(role, []).append(entity)
    assert found == house["expected"]
    assert not set(house["wrong"]) & {
        e for at in found.values() for role in at.values() for e in role
    }


async def test_a_proposal_says_why_and_what_to_look_at(hass: HomeAssistant) -> None:
    flow = await edit(hass, await farm_of(hass, "tent"), "tent")
    await flow.choose("propose")
    label = offered(flow)["tent humidity sensor.tent_controller_humidity"]
    assert label.endswith("58 % (its class, its name, named by the place)")
    fan = offered(flow)["tent circulation_fan fan.tent_controller_fan"]
    assert "what the device is" in fan
    told = looked_at(flow)
    assert "**Tent controller Fan**" in told
    assert said(Check.PORT_LOAD) in told
    assert told.count("**Tent controller Fan**") == 1


async def test_an_ec_without_a_unit_is_read_as_its_person_confirms(hass: HomeAssistant) -> None:
    entry = await farm_of(hass, "tent")
    flow = await edit(hass, entry, "tank")
    await flow.choose("propose")
    await flow.go(proposals=["tank solution_ph sensor.tank_ph", "tank solution_ec sensor.tank_ec"])
    assert flow.result["step_id"] == "entity"
    assert filled_in(flow)["unit"] == "μS/cm"
    assert said(Check.NO_UNIT) in looked_at(flow)
    assert not entry.runtime_data.farm.bindings
    await flow.go(entity="sensor.tank_ec", advanced={"unit": "μS/cm", "compensated": True})
    assert flow.result["step_id"] == "menu"
    await flow.save()
    bound = entry.runtime_data.farm.binding
    assert bound["tank.solution_ec"].unit == "μS/cm"
    assert "tank.solution_ph" in bound


async def test_a_relay_is_declared_with_what_it_does_by_itself(hass: HomeAssistant) -> None:
    flow = await edit(hass, await farm_of(hass, "hall"), "main")
    await flow.choose("propose")
    await flow.go(proposals=["main irrigation_pump switch.pump_1"])
    assert flow.result["step_id"] == "declaration"
    shown = filled_in(flow)
    assert (shown["proof"], shown["on_power_loss"]) == ("state", "keeps")
    assert "danger" not in shown, "nobody knows what hangs on it"
    assert said(Check.POWER_ON) in looked_at(flow)


async def test_by_hand_a_known_reading_is_looked_at_before_it_is_bound(
    hass: HomeAssistant,
) -> None:
    entry = await farm_of(hass, "tent")
    flow = await edit(hass, entry, "tank")
    await flow.choose("add_binding")
    await flow.go(role="volume")
    assert looked_at(flow) == ""
    chosen = {"entity": "sensor.tank_weight", "advanced": {"scale": 1.0, "offset": 0.0}}
    await flow.go(**chosen)
    assert flow.result["step_id"] == "entity"
    assert flow.result["errors"] == {"entity": "wrong_unit"}
    assert filled_in(flow)["unit"] == "L"
    assert said(Check.TARED) in looked_at(flow)
    await flow.go(entity="sensor.tank_weight", advanced={"unit": "L", "offset": -8.0})
    assert flow.result["step_id"] == "menu"


async def test_what_needs_no_other_unit_is_shown_once_before_it_is_bound(
    hass: HomeAssistant,
) -> None:
    flow = await edit(hass, await farm_of(hass, "tent"), "tent")
    await flow.choose("add_binding")
    await flow.go(role="co2")
    chosen = {"entity": "sensor.aranet4_1a2b3_carbon_dioxide"}
    await flow.go(**chosen)
    assert (flow.result["step_id"], flow.result["errors"]) == ("entity", {})
    assert said(Check.BASELINE) in looked_at(flow)
    await flow.go(**chosen)
    assert flow.result["step_id"] == "menu"
    # What is bound was looked at.
    await flow.choose("change_binding")
    await flow.go(binding="tent.co2")
    await flow.go(**chosen)
    assert flow.result["step_id"] == "menu"


async def test_what_a_person_says_of_a_unit_stays(hass: HomeAssistant) -> None:
    flow = await edit(hass, await farm_of(hass, "tent"), "tank")
    await flow.choose("add_binding")
    await flow.go(role="solution_ec")
    await flow.go(entity="sensor.tank_ec", advanced={"unit": "mS/cm", "scale": 0.001})
    assert flow.result["step_id"] == "entity"
    shown = filled_in(flow)
    assert (shown["unit"], shown["scale"]) == ("mS/cm", 0.001)
    await flow.go(entity="sensor.tank_ec", advanced={"unit": "mS/cm", "scale": 0.001})
    assert flow.result["step_id"] == "menu"


async def test_an_entity_of_nothing_known_is_bound_at_once(hass: HomeAssistant) -> None:
    entry = await farm_of(hass, "hall")
    hass.states.async_set("sensor.other", "900", {"unit_of_measurement": "ppm"})
    flow = await edit(hass, entry, "hall")
    await flow.choose("add_binding")
    await flow.go(role="co2")
    await flow.go(entity="sensor.other")
    assert flow.result["step_id"] == "menu"
    await flow.choose("add_binding")
    await flow.go(role="circulation_fan")
    hass.states.async_set("switch.other_fan", "off")
    await flow.go(entity="switch.other_fan")
    assert flow.result["step_id"] == "declaration"
    assert looked_at(flow) == ""
    await flow.go(**DECLARED, max_on_s=60000)
    assert flow.result["step_id"] == "menu"


async def test_a_part_of_a_device_is_made_by_who_made_the_whole(hass: HomeAssistant) -> None:
    await farm_of(hass, "hall")
    state = hass.states.get("switch.tank_1_valve")
    assert state is not None
    assert "SONOFF" in candidate(hass, state).made
    # A level is a part of its rack.
    registry, devices = er.async_get(hass), dr.async_get(hass)
    parts_of_racks = [
        entry.entity_id
        for entry in registry.entities.values()
        if entry.device_id is not None
        and isinstance(devices.async_get(entry.device_id), dr.ChildDeviceEntry)
    ]
    level = next(s for name in parts_of_racks if (s := hass.states.get(name)) is not None)
    assert "vfarm" in candidate(hass, level).made


def test_every_check_and_every_reason_has_words_in_every_language() -> None:
    for language in LANGUAGES:
        selectors = texts(language)["selector"]
        assert set(selectors["preset_check"]["options"]) == set(Check)
        assert set(selectors["proposal_why"]["options"]) == set(Why)


def test_without_words_the_keys_are_shown() -> None:
    nothing = Presets()
    assert nothing.text([Check.ECHO]) == "- echo"
    assert nothing.why([Why.CLASS, Why.NAME]) == "class, name"
    assert Role.CO2 not in nothing.known


KIT = """\
schema: vfarm-device-preset/1
id: kit
name: A kit
confidence: low
platforms: [kit]
sources: [a test]
entities:
  - {key: probe, domains: [sensor], roles: [solution_ec], suggest: {unit: mS/cm}}
"""


async def test_a_growers_own_preset_is_known_and_a_broken_one_is_named_in_the_log(
    hass: HomeAssistant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "vfarm" / "presets"
    folder.mkdir(parents=True)
    (folder / "kit.yaml").write_text(KIT, encoding="utf-8")
    (folder / "bad.yaml").write_text("schema: vfarm-device-preset/1", encoding="utf-8")
    entry = await farm_of(hass, "tent")
    hass.config.config_dir = str(tmp_path)
    owner = MockConfigEntry(domain="kit")
    owner.add_to_hass(hass)
    registered = er.async_get(hass).async_get_or_create(
        "sensor", "kit", "1", suggested_object_id="tank_stick", config_entry=owner
    )
    hass.states.async_set(registered.entity_id, "1.4", {"friendly_name": "Tank stick"})
    flow = await edit(hass, entry, "tank")
    await flow.choose("propose")
    assert f"tank solution_ec {registered.entity_id}" in offered(flow)
    assert "bad.yaml" in caplog.text
