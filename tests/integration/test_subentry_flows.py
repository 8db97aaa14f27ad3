"""Nodes and bindings are edited as drafts: nothing is saved before it is right."""

from __future__ import annotations

from typing import Any

import pytest
from home_farm import AIR, HEATER, Hardware, start_batch, sub
from homeassistant.components.frontend.storage import async_user_store
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from test_translations import texts

from custom_components.vfarm.const import DOMAIN
from vfarm_core.farm.bindings import Degraded, OnNoReading


class Flow:
    """A subentry flow, step by step."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.result: dict[str, Any] = {}

    async def add(self, type_: str) -> Flow:
        """Begin a new node."""
        self.result = await self.hass.config_entries.subentries.async_init(
            (self.entry.entry_id, type_), context={"source": SOURCE_USER}
        )
        return self

    async def edit(self, type_: str) -> Flow:
        """Begin to edit the first node of a type."""
        subentry = sub(self.entry, type_)
        self.result = await self.entry.start_subentry_reconfigure_flow(
            self.hass, subentry.subentry_id
        )
        return self

    async def go(self, **values: Any) -> dict[str, Any]:
        """Submit a form."""
        self.result = await self.hass.config_entries.subentries.async_configure(
            self.result["flow_id"], values
        )
        return self.result

    async def choose(self, step: str) -> dict[str, Any]:
        """Choose from the menu."""
        assert self.result["type"] is FlowResultType.MENU, self.result
        assert step in self.result["menu_options"]
        return await self.go(next_step_id=step)

    async def save(self) -> dict[str, Any]:
        """Save the draft."""
        result = await self.choose("save")
        await self.hass.async_block_till_done()
        return result


@pytest.fixture
def flow(hass: HomeAssistant, farm: MockConfigEntry) -> Flow:
    """A flow of the running farm."""
    return Flow(hass, farm)


LEVEL = {"area_m2": 1.0, "sites": 10, "lights_on": "07:00:00"}
RACK = {"name": "Second rack", "zone": "tent", "level_count": 3, **LEVEL}


@pytest.mark.parametrize(
    ("type_", "fields", "wrong", "error"),
    [
        ("zone", {"name": "Room", "volume_m3": 40}, {"volume_m3": 0}, "not_positive"),
        ("rack", RACK, {"area_m2": 0}, "not_positive"),
        (
            "reservoir",
            {"name": "Drum", "capacity_l": 60, "volume_min_l": 5},
            {"volume_min_l": 60},
            "volume_min_out_of_range",
        ),
        ("pump", {"name": "P2", "reservoir": "tank", "flow_l_min": 8}, {"flow_l_min": 0}, None),
        ("supply", {"name": "L1", "limit_kw": 3.6, "levels": []}, {"limit_kw": -1}, None),
        (
            "circuit",
            {"name": "C2", "pump": "pump", "levels": [], "method": "drip", "drain_s": 60},
            {"levels": ["rack_level_1"], "drain_s": -5},
            "watered_twice",
        ),
    ],
)
async def test_a_node_is_added_to_the_running_farm(
    hass: HomeAssistant,
    flow: Flow,
    type_: str,
    fields: dict[str, Any],
    wrong: dict[str, Any],
    error: str | None,
) -> None:
    engine = flow.entry.runtime_data.engine
    await flow.add(type_)
    assert flow.result["step_id"] == "node"
    before = len(flow.entry.subentries)
    result = await flow.go(**{**fields, **wrong})
    assert (error or "not_positive") in result["errors"].values()
    assert len(flow.entry.subentries) == before
    if type_ == "circuit":
        await Flow(hass, flow.entry).add("rack")
        other = await Flow(hass, flow.entry).add("rack")
        await other.go(**RACK)
        await other.save()
        fields = {**fields, "levels": ["second_rack_level_1"]}
        flow = await Flow(hass, flow.entry).add("circuit")
    await flow.go(**fields)
    assert len(flow.entry.subentries) == before + (type_ == "circuit")
    if type_ == "circuit":
        assert "save" not in flow.result["menu_options"], "it shares its pump and has no valve"
        assert "valve" in flow.result["description_placeholders"]["bindings"]
        hass.states.async_set("switch.c2", "off")
        await bind(flow, "irrigation_valve")
        await flow.go(entity="switch.c2")
        await flow.go(**DECLARED, max_on_s=600)
    result = await flow.save()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert flow.entry.runtime_data.engine is engine, "the farm was reloaded"
    assert any(node.name == fields["name"] for node in engine.farm.nodes.values())


async def test_a_node_needs_what_it_hangs_on(hass: HomeAssistant) -> None:
    bare = MockConfigEntry(domain=DOMAIN, title="Bare", data={"kind": "farm"})
    bare.add_to_hass(hass)
    assert await hass.config_entries.async_setup(bare.entry_id)
    for type_, reason in (
        ("rack", "no_zone"),
        ("pump", "no_reservoir"),
        ("circuit", "no_pump"),
    ):
        flow = await Flow(hass, bare).add(type_)
        assert flow.result["reason"] == reason
    await hass.config_entries.async_unload(bare.entry_id)


async def test_a_name_is_needed(flow: Flow) -> None:
    await flow.add("zone")
    result = await flow.go(name=" ", volume_m3=3)
    assert result["errors"] == {"name": "name_empty"}


async def test_renaming_a_node_keeps_its_id(hass: HomeAssistant, flow: Flow) -> None:
    await flow.edit("zone")
    await flow.choose("node")
    await flow.go(name="Big tent", volume_m3=9)
    result = await flow.save()
    assert result["reason"] == "reconfigure_successful"
    zone = flow.entry.runtime_data.farm.zones[0]
    assert (zone.id, zone.name, zone.volume_m3) == ("tent", "Big tent", 9)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), flow.entry.entry_id)
    assert "Big tent" in {device.name for device in devices}


async def test_devices_with_a_rated_power_hang_on_a_supply(hass: HomeAssistant, flow: Flow) -> None:
    await flow.edit("zone")
    await flow.choose("change_binding")
    await flow.go(binding="tent.heater")
    await flow.go(entity=HEATER)
    await flow.go(**DECLARED, max_on_s=600, rating_w=1200)
    await flow.save()
    flow = await Flow(hass, flow.entry).add("supply")
    (options,) = (
        field.config["options"]
        for key, field in flow.result["data_schema"].schema.items()
        if key == "devices"
    )
    assert [option["value"] for option in options] == ["tent.heater"]
    await flow.go(name="Fuse", limit_kw=2, levels=["rack_level_1"], devices=["tent.heater"])
    await flow.save()
    farm = flow.entry.runtime_data.farm
    (fuse,) = farm.supplies
    assert farm.devices_of_supply[fuse.id] == (("tent.heater", 1200.0),)

    flow = await Flow(hass, flow.entry).add("supply")
    result = await flow.go(name="Other", limit_kw=2, levels=[], devices=["tent.heater"])
    assert result["errors"] == {"devices": "device_supplied_twice"}


async def test_bindings_are_listed_in_words(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set(HEATER, "off", {"friendly_name": "Oil radiator"})
    await flow.edit("zone")
    placeholders = flow.result["description_placeholders"]
    assert "- Heater = Oil radiator" in placeholders["bindings"]
    result = await flow.choose("change_binding")
    (chooser,) = result["data_schema"].schema.values()
    labels = {option["value"]: option["label"] for option in chooser.config["options"]}
    assert labels["tent.heater"] == "Heater = Oil radiator"
    await flow.go(binding="tent.heater")
    result = await flow.go(entity=HEATER)
    assert result["description_placeholders"]["role"] == "Heater = Oil radiator"


def suggested(result: dict[str, Any]) -> dict[str, Any]:
    """What a form shows in its fields."""
    return {
        str(key): (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }


@pytest.mark.parametrize(
    ("type_", "node", "fields"),
    [
        ("zone", "tent", {"name": "Tent", "volume_m3": 8}),
        ("reservoir", "tank", {"name": "Tank", "capacity_l": 100, "volume_min_l": 10}),
    ],
)
async def test_a_growing_batch_is_named_to_lead(
    hass: HomeAssistant, flow: Flow, type_: str, node: str, fields: dict[str, Any]
) -> None:
    await flow.edit(type_)
    result = await flow.choose("node")
    assert "lead_batch" not in suggested(result), "there is nothing to choose from"
    batch = (await start_batch(hass))["batch"]
    await flow.edit(type_)
    result = await flow.choose("node")
    (options,) = (
        field.config["options"]
        for key, field in result["data_schema"].schema.items()
        if key == "lead_batch"
    )
    assert [option["value"] for option in options] == [batch]
    await flow.go(**fields, lead_batch=batch)
    await flow.save()

    def lead() -> str | None:
        node_: Any = flow.entry.runtime_data.farm.nodes[node]
        return node_.lead_batch

    assert lead() == batch

    await flow.edit(type_)
    assert suggested(await flow.choose("node"))["lead_batch"] == batch
    await hass.config_entries.async_unload(flow.entry.entry_id)
    await flow.edit(type_)
    result = await flow.choose("node")
    assert suggested(result)["lead_batch"] == batch, "a farm that stands still keeps it"
    await hass.config_entries.async_setup(flow.entry.entry_id)
    await hass.async_block_till_done()

    await hass.services.async_call(
        DOMAIN, "harvest", {"batch": batch, "kg": 1}, blocking=True, return_response=True
    )
    await hass.async_block_till_done()
    await flow.edit(type_)
    result = await flow.choose("node")
    assert "lead_batch" not in suggested(result), "what was harvested leads nothing"
    await flow.go(**fields)
    await flow.save()
    assert lead() is None


async def test_levels_come_and_go_with_their_entities(hass: HomeAssistant, flow: Flow) -> None:
    registry = er.async_get(hass)

    def phases() -> set[str]:
        entries = er.async_entries_for_config_entry(registry, flow.entry.entry_id)
        return {e.unique_id.split(":")[1] for e in entries if e.unique_id.endswith(":phase")}

    await flow.edit("rack")
    await flow.choose("add_level")
    result = await flow.go(name="Top", **{**LEVEL, "sites": 0})
    assert result["errors"] == {"sites": "not_positive"}
    result = await flow.go(name="", **LEVEL)
    assert result["errors"] == {"name": "name_empty"}
    await flow.go(name="Top", **LEVEL)
    await flow.choose("change_level")
    await flow.go(level="rack_level_2")
    assert flow.result["step_id"] == "level"
    await flow.go(name="Middle", **LEVEL, ppfd_full=200, power_w=90)
    await flow.save()
    assert phases() == {"rack_level_1", "rack_level_2", "rack_level_top"}
    farm = flow.entry.runtime_data.farm
    assert farm.level["rack_level_2"].name == "Middle"
    assert farm.level["rack_level_2"].fixture.ppfd_full == 200

    await flow.edit("rack")
    await flow.choose("remove_level")
    result = await flow.go(level="rack_level_1")
    assert result["errors"]["base"] == "unknown_node", "the bench still waters it"
    await flow.go(level="rack_level_top")
    await flow.save()
    assert phases() == {"rack_level_1", "rack_level_2"}
    children = dr.async_child_entries_for_config_entry(dr.async_get(hass), flow.entry.entry_id)
    assert {child.name for child in children} == {"Level 1", "Middle"}


LAMPS = {
    "dim_min": 20,
    "lamp": "led_white",
    "l90_h": 36000,
    "l70_h": 100000,
    "white_ppfd": 120,
    "red_ppfd": 80,
    "far_red_pfd": 25,
}


async def test_lamps_are_described_in_detail_and_shown_again(flow: Flow) -> None:
    await flow.edit("rack")
    await flow.choose("change_level")
    await flow.go(level="rack_level_2")
    wrong = {**LAMPS, "l90_h": 200000}
    result = await flow.go(name="Two", **LEVEL, ppfd_full=200, power_w=90, lamps=wrong)
    assert result["errors"]["base"] == "life_order"
    result = await flow.go(name="Two", **LEVEL, lamps={"lamp": "led_red_blue"})
    assert "several_problems" in result["errors"].values()
    offsets = {"ppfd_offset_pct": -10, "photoperiod_offset_h": 1.5}
    await flow.go(name="Two", **LEVEL, ppfd_full=200, power_w=90, lamps=LAMPS, offsets=offsets)
    await flow.save()
    level = flow.entry.runtime_data.farm.level["rack_level_2"]
    assert level.fixture is not None
    assert level.fixture.dim_min == 0.2
    assert level.fixture.lamp == "led_white"
    assert (level.fixture.l90_h, level.fixture.red_ppfd) == (36000, 80)
    assert (level.ppfd_offset_pct, level.photoperiod_offset_h) == (-10, 1.5)

    await flow.edit("rack")
    await flow.choose("change_level")
    await flow.go(level="rack_level_2")
    shown: dict[str, Any] = {}
    for key, field in flow.result["data_schema"].schema.items():
        if key in ("lamps", "offsets"):
            for inner in field.schema.schema:
                shown[str(inner)] = (inner.description or {}).get("suggested_value")
    assert {key: shown[key] for key in (*LAMPS, *offsets)} == {**LAMPS, **offsets}
    result = await flow.go(
        name="Two", **LEVEL, ppfd_full=200, power_w=90, offsets={"ppfd_offset_pct": 80}
    )
    assert result["errors"]["base"] == "offset_out_of_range"


async def test_a_new_rack_has_the_same_lamps_on_all_levels(flow: Flow) -> None:
    await flow.add("rack")
    await flow.go(**RACK, ppfd_full=200, power_w=90, lamps=LAMPS)
    await flow.save()
    levels = [v for v in flow.entry.runtime_data.farm.levels if v.rack == "second_rack"]
    assert {level.fixture.far_red_pfd for level in levels if level.fixture} == {25}
    assert len(levels) == 3


async def bind(flow: Flow, role: str, **node: str) -> None:
    """Choose a role to bind."""
    await flow.choose("add_binding")
    await flow.go(role=role, **node)
    assert flow.result["step_id"] == "entity"


async def test_a_sensor_is_bound_by_registry_id(
    hass: HomeAssistant, flow: Flow, hardware: Hardware
) -> None:
    registered = er.async_get(hass).async_get_or_create("sensor", "test", "co2")
    hass.states.async_set(registered.entity_id, "800", {"unit_of_measurement": "ppm"})
    await flow.edit("zone")
    await bind(flow, "co2")
    assert registered.entity_id in flow.result["description_placeholders"]["suggestions"]
    await flow.go(entity=registered.entity_id)
    await flow.save()
    binding = flow.entry.runtime_data.farm.binding["tent.co2"]
    assert binding.entity == registered.id
    await hass.async_block_till_done()
    # A CO2 probe warms up before it is believed; what it says has come in.
    assert flow.entry.runtime_data.engine.runtime.memory.points["tent.co2"].value == 800


async def test_a_wrong_entity_is_refused_with_its_reason(hass: HomeAssistant, flow: Flow) -> None:
    registry = er.async_get(hass)
    hidden = registry.async_get_or_create(
        "sensor", "test", "hidden", disabled_by=er.RegistryEntryDisabler.USER
    )
    hass.states.async_set("sensor.text", "wet", {"unit_of_measurement": "%"})
    hass.states.async_set("sensor.bare", "20")
    hass.states.async_set("sensor.litres", "20", {"unit_of_measurement": "L"})
    own = registry.async_get_entity_id(
        "sensor", DOMAIN, f"{flow.entry.entry_id}:tent:air_temperature"
    )
    await flow.edit("zone")
    await bind(flow, "air_temperature")
    for entity, error in (
        ("sensor.nowhere", "entity_missing"),
        (hidden.entity_id, "entity_disabled"),
        (own, "own_entity"),
        (AIR, "already_bound"),
        ("sensor.text", "not_numeric"),
        ("sensor.bare", "no_unit"),
        ("sensor.litres", "wrong_unit"),
    ):
        result = await flow.go(entity=entity)
        assert result["errors"] == {"entity": error}, entity
    result = await flow.go(entity="sensor.bare", advanced={"unit": "lx", "scale": 1, "offset": 0})
    assert result["errors"] == {"base": "wrong_unit"}
    result = await flow.go(entity="sensor.bare", advanced={"unit": "°C", "scale": 0, "offset": 0})
    assert result["errors"] == {"base": "scale_zero"}
    result = await flow.go()
    assert result["errors"] == {"entity": "entity_needed"}
    await flow.go(entity="sensor.bare", advanced={"unit": "°F", "scale": 1, "offset": 0})
    await flow.save()
    assert flow.entry.runtime_data.farm.binding["tent.air_temperature.2"].unit == "°F"


async def test_any_domain_can_be_shown(flow: Flow) -> None:
    await flow.edit("zone")
    await bind(flow, "humidity")
    assert "any_domain" in flow.result["data_schema"].schema
    result = await flow.go(any_domain=True)
    assert not result["errors"]
    assert "any_domain" not in result["data_schema"].schema


DECLARED = {
    "danger": "on",
    "on_power_loss": "off",
    "on_control_loss": "keeps",
    "proof": "state",
    "deadline_s": 10,
}


async def test_an_actuator_is_not_bound_without_its_declaration(
    hass: HomeAssistant, flow: Flow
) -> None:
    hass.states.async_set("switch.co2", "off")
    hass.states.async_set("binary_sensor.pressure", "off")
    await flow.edit("zone")
    await bind(flow, "co2_valve")
    await flow.go(entity="switch.co2")
    assert flow.result["step_id"] == "declaration"
    for proof, errors in (
        ("state", {"base": "proof_not_independent"}),
        ("feedback", {"base": "feedback_not_bound"}),
        ("pulse", {"proof": "pulse_needs_number"}),
    ):
        result = await flow.go(**{**DECLARED, "max_on_s": 600, "proof": proof})
        assert result["errors"] == errors
    await flow.edit("zone")
    await bind(flow, "feedback")
    await flow.go(entity="binary_sensor.pressure")
    await bind(flow, "co2_valve")
    await flow.go(entity="switch.co2")
    co2 = {**DECLARED, "proof": "feedback", "proved_by": "tent.feedback"}
    for wrong, errors in (
        ({}, {"base": "missing_max_on"}),
        ({"max_on_s": 600, "min_on_s": 900}, {"base": "max_below_min"}),
        ({"max_on_s": 600, "min_off_s": -1}, {"min_off_s": "negative_duration"}),
        ({"max_on_s": 600, "deadline_s": 0}, {"base": "deadline_zero"}),
    ):
        result = await flow.go(**{**co2, **wrong})
        assert result["errors"] == errors
    await flow.go(**co2, max_on_s=600, isolation="tent.heater")
    await flow.save()
    declaration = flow.entry.runtime_data.farm.binding["tent.co2_valve"].declaration
    assert declaration.max_on_s == 600
    assert declaration.isolation == "tent.heater"
    assert not declaration.safe_on


async def test_a_dosing_pump_is_declared_with_its_limits(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("number.acid", "0", {"unit_of_measurement": "s", "max": 60})
    await flow.edit("reservoir")
    await bind(flow, "dosing_pump_ph_down")
    await flow.go(entity="number.acid")
    acid = {**DECLARED, "proof": "pulse", "max_on_s": 60}
    limits = {"max_dose_ml": 10, "max_hour_ml": 20, "max_day_ml": 60, "max_tank_ml": 300}
    result = await flow.go(**{**acid, **limits, "proof": "feedback"})
    assert result["errors"] == {"proof": "number_is_setting"}, "a duration is no output"
    result = await flow.go(**{**acid, **limits, "max_hour_ml": 5})
    assert result["errors"] == {"base": "dosing_limits"}
    await flow.go(**acid, **limits)
    await flow.save()
    (bound,) = (
        b for b in flow.entry.runtime_data.farm.bindings if b.role.value == "dosing_pump_ph_down"
    )
    assert bound.declaration.dosing.max_tank_ml == 300
    assert bound.declaration.dosing.effect_per_ml_l is None


async def test_a_device_names_the_meter_that_sees_it_alone(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("switch.cooler", "off")
    hass.states.async_set("switch.dryer", "off")
    hass.states.async_set("sensor.plug", "0", {"unit_of_measurement": "W"})
    await flow.edit("zone")
    await bind(flow, "power")
    await flow.go(entity="sensor.plug")
    await bind(flow, "cooler")
    await flow.go(entity="switch.cooler")
    metered = {**DECLARED, "danger": "neither", "rating_w": 900, "metered_by": "tent.power"}
    await flow.go(**metered)
    await bind(flow, "dehumidifier")
    await flow.go(entity="switch.dryer")
    result = await flow.go(**metered)
    assert result["errors"] == {"base": "meter_shared"}, "it cannot see both alone"
    del metered["metered_by"]
    await flow.go(**metered)
    await flow.save()
    farm = flow.entry.runtime_data.farm
    assert farm.binding["tent.cooler"].declaration.metered_by == "tent.power"
    assert farm.own_meters == {"tent.power"}


async def test_a_device_may_run_on_without_its_reading(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("switch.dryer", "off")
    await flow.edit("zone")
    await bind(flow, "dehumidifier")
    await flow.go(entity="switch.dryer")
    dryer = {**DECLARED, "danger": "neither"}
    result = await flow.go(**dryer, no_reading="schedule", no_reading_limit_s=7200)
    assert result["errors"] == {"base": "degraded_without_schedule"}
    times = {"no_reading_limit_s": 7200, "no_reading_on_s": 600, "no_reading_off_s": 1200}
    await flow.go(**dryer, no_reading="schedule", **times)
    await flow.save()
    declared = flow.entry.runtime_data.farm.binding["tent.dehumidifier"].declaration
    assert declared.on_no_reading == Degraded(
        mode=OnNoReading.SCHEDULE, limit_s=7200, on_s=600, off_s=1200
    )
    await flow.edit("zone")
    await flow.choose("change_binding")
    await flow.go(binding="tent.dehumidifier")
    result = await flow.go(entity="switch.dryer")
    shown = {
        key.schema: (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }
    assert shown["no_reading"] == "schedule"
    assert shown["no_reading_on_s"] == 600
    await flow.go(**dryer, no_reading="safe")
    await flow.save()
    declared = flow.entry.runtime_data.farm.binding["tent.dehumidifier"].declaration
    assert declared.on_no_reading is None


async def test_a_pump_may_survive_a_dry_run(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("switch.other_pump", "off")
    await flow.edit("pump")
    await bind(flow, "irrigation_pump")
    await flow.go(entity="switch.other_pump")
    await flow.go(**DECLARED, max_on_s=600, survives_dry_run=True)
    await flow.save()
    pumps = [b for b in flow.entry.runtime_data.farm.bindings if b.role == "irrigation_pump"]
    assert [b.declaration.survives_dry_run for b in pumps][-1]


async def test_an_automatic_fill_says_what_it_needs(hass: HomeAssistant, flow: Flow) -> None:
    await flow.edit("reservoir")
    await flow.choose("node")
    tank = {"name": "Tank", "capacity_l": 100, "volume_min_l": 10}
    fill = {"fill_below_pct": 50, "fill_to_pct": 70, "fill_max_l": 20, "fill_day_l": 60}
    result = await flow.go(**tank, **{**fill, "fill_to_pct": 40})
    assert result["errors"]["base"] in ("fill_shares", "several_problems")
    result = await flow.go(**tank, **fill)
    assert result["errors"]["base"] in ("fill_needs", "several_problems")
    await flow.go(**tank, mixing_l_min=30, probe_days=14, source_ec=0.3)
    await flow.save()
    kept = flow.entry.runtime_data.farm.reservoirs[0]
    assert (kept.fill, kept.mixing_l_min, kept.probe_days) == (None, 30, 14)
    assert kept.source_ec == 0.3


async def test_one_device_has_one_master(hass: HomeAssistant, flow: Flow) -> None:
    await flow.edit("zone")
    await bind(flow, "cooler")
    await flow.go(entity=HEATER)
    result = await flow.go(**{**DECLARED, "danger": "neither"})
    assert result["errors"] == {"base": "entity_driven_twice"}


async def test_an_ec_probe_that_is_not_compensated_needs_the_temperature(
    hass: HomeAssistant, flow: Flow
) -> None:
    hass.states.async_set("sensor.raw_ec", "1350", {"unit_of_measurement": "uS/cm"})
    hass.states.async_set("sensor.water", "20", {"unit_of_measurement": "°C"})
    await flow.edit("reservoir")
    await bind(flow, "solution_ec")
    result = await flow.go(entity="sensor.raw_ec", advanced={"compensated": False})
    assert result["errors"] == {"base": "compensation_needs_temperature"}
    await flow.go(entity="sensor.raw_ec")
    await bind(flow, "solution_temperature")
    await flow.go(entity="sensor.water")
    await flow.choose("change_binding")
    await flow.go(binding="tank.solution_ec")
    await flow.go(entity="sensor.raw_ec", advanced={"compensated": False})
    await flow.save()
    data = flow.entry.runtime_data
    assert not data.farm.binding["tank.solution_ec"].compensated
    hass.states.async_set("sensor.raw_ec", "1351", {"unit_of_measurement": "uS/cm"})
    await hass.async_block_till_done()
    assert data.engine.snapshot("tank").ec.value == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize(
    ("role", "asked"),
    [
        ("solution_ph", {"compensated"}),
        ("dissolved_oxygen", {"compensated", "check_days"}),
        ("volume", set()),
    ],
)
async def test_only_probes_in_the_solution_are_asked_whether_they_compensate(
    hass: HomeAssistant, flow: Flow, role: str, asked: set[str]
) -> None:
    await flow.edit("reservoir")
    await bind(flow, role)
    advanced = flow.result["data_schema"].schema["advanced"].schema.schema
    assert {"compensated", "check_days"} & {str(key) for key in advanced} == asked


async def test_a_light_is_bound_to_a_level(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("light.second", "off")
    await flow.edit("rack")
    await bind(flow, "grow_light", node="rack_level_2")
    await flow.go(entity="light.second")
    await flow.go(**{**DECLARED, "danger": "neither"})
    await flow.save()
    assert flow.entry.runtime_data.farm.binding["rack_level_2.grow_light"].node == "rack_level_2"


async def test_a_binding_is_changed_and_removed(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("switch.other", "off")
    await flow.edit("zone")
    await flow.choose("change_binding")
    await flow.go(binding="tent.heater")
    await flow.go(entity="switch.other", advanced={"invert": True})
    await flow.go(**{**DECLARED, "danger": "off", "max_off_s": 60})
    await flow.choose("remove_binding")
    await flow.go(binding="tent.humidity")
    await flow.save()
    farm = flow.entry.runtime_data.farm
    assert farm.binding["tent.heater"].entity == "switch.other"
    assert farm.binding["tent.heater"].invert
    assert farm.binding["tent.heater"].declaration.safe_on
    assert "tent.humidity" not in farm.binding
    registry = er.async_get(hass)
    unique_id = f"{flow.entry.entry_id}:tent:humidity"
    assert registry.async_get_entity_id("sensor", DOMAIN, unique_id) is None


async def test_what_shots_are_worked_out_from_is_given_and_taken_away(
    hass: HomeAssistant, flow: Flow
) -> None:
    await flow.edit("circuit")
    await flow.choose("node")
    given = {
        "name": "Bench",
        "pump": "pump",
        "levels": ["rack_level_1"],
        "method": "drip",
        "drain_s": 60,
    }
    plant = {"substrate_l": 6.75, "drippers": 1, "dripper_l_h": 4, "daily_cap_l": 90}
    result = await flow.go(**{**given, **plant, "drippers": 0})
    assert result["errors"] == {"drippers": "not_positive"}
    await flow.go(**given, **plant)
    await flow.save()
    circuit = flow.entry.runtime_data.farm.circuit["bench"]
    assert (circuit.substrate_l, circuit.drippers, circuit.dripper_l_h) == (6.75, 1, 4)
    assert circuit.daily_cap_l == 90
    await Flow(hass, flow.entry).edit("circuit")
    again = await Flow(hass, flow.entry).edit("circuit")
    await again.choose("node")
    await again.go(**given)
    await again.save()
    assert flow.entry.runtime_data.farm.circuit["bench"].daily_cap_l is None


async def test_a_pump_has_its_lowest_pressure_and_its_patience_with_a_meter(
    hass: HomeAssistant, flow: Flow
) -> None:
    await flow.edit("pump")
    await flow.choose("node")
    given = {"name": "Pump", "reservoir": "tank", "flow_l_min": 8}
    result = await flow.go(**given, meter_timeout_s=0)
    assert result["errors"] == {"meter_timeout_s": "not_positive"}
    await flow.go(**given, meter_timeout_s=300, pressure_min_kpa=80)
    await flow.save()
    pump = flow.entry.runtime_data.farm.pump["pump"]
    assert (pump.meter_timeout_s, pump.pressure_min_kpa) == (300, 80)


async def test_an_isolation_in_use_stays(hass: HomeAssistant, flow: Flow) -> None:
    await flow.edit("circuit")
    await flow.choose("change_binding")
    await flow.go(binding="bench.irrigation_valve")
    await flow.go(entity="valve.bench")
    await flow.go(**DECLARED, max_on_s=900, isolation="pump.irrigation_pump")
    await flow.save()
    await flow.edit("pump")
    await flow.choose("remove_binding")
    result = await flow.go(binding="pump.irrigation_pump")
    assert result["errors"] == {"base": "unknown_isolation"}
    said = result["description_placeholders"]
    assert said["binding"] == "Irrigation valve (Bench)", "by its name, not by its key"


async def test_nothing_is_saved_when_the_farm_changed_meanwhile(
    hass: HomeAssistant, flow: Flow
) -> None:
    await flow.add("pump")
    await flow.go(name="P2", reservoir="tank", flow_l_min=8)
    tank = sub(flow.entry, "reservoir")
    hass.config_entries.async_remove_subentry(flow.entry, tank.subentry_id)
    await hass.async_block_till_done()
    result = await flow.save()
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "farm_changed"
    assert len([s for s in flow.entry.subentries.values() if s.subentry_type == "pump"]) == 1


async def test_a_sleeping_sensor_can_be_bound_before_it_wakes(
    hass: HomeAssistant, flow: Flow
) -> None:
    hass.states.async_set("sensor.asleep", "unavailable")
    await flow.edit("zone")
    await bind(flow, "co2")
    await flow.go(entity="sensor.asleep")
    await flow.save()
    assert "tent.co2" in flow.entry.runtime_data.farm.binding


async def test_a_supply_has_nothing_to_bind(flow: Flow) -> None:
    await flow.add("supply")
    await flow.go(name="L1", limit_kw=3.6, levels=["rack_level_1"])
    assert flow.result["menu_options"] == ["save", "node"]
    await flow.choose("node")
    await flow.go(name="L2", limit_kw=3.0, levels=["rack_level_1"])
    await flow.save()
    assert flow.entry.runtime_data.farm.supplies[0].limit_kw == 3


async def test_a_rack_moves_to_another_zone(hass: HomeAssistant, flow: Flow) -> None:
    await flow.add("zone")
    await flow.go(name="Hall", volume_m3=90)
    await flow.save()
    await flow.edit("rack")
    await flow.choose("node")
    assert "level_count" not in flow.result["data_schema"].schema
    await flow.go(name="Rack", zone="hall")
    await flow.save()
    assert flow.entry.runtime_data.farm.racks[0].zone == "hall"
    devices = dr.async_get(hass)
    entry_id = flow.entry.entry_id
    rack = devices.async_get_device_by_identifier((DOMAIN, f"{entry_id}:rack"), entry_id)
    hall = devices.async_get_device_by_identifier((DOMAIN, f"{entry_id}:hall"), entry_id)
    assert rack.via_device_id == hall.id


async def test_nodes_of_one_name_get_ids_of_their_own(flow: Flow) -> None:
    for _ in range(2):
        await flow.add("zone")
        await flow.go(name="Room", volume_m3=10)
        await flow.save()
    assert {z.id for z in flow.entry.runtime_data.farm.zones} == {"tent", "room", "room_2"}


@pytest.mark.parametrize(
    ("entity", "attributes", "dims"),
    [
        ("switch.plug", {}, False),
        ("input_boolean.plug", {}, False),
        ("light.plain", {"supported_color_modes": ["onoff"]}, False),
        ("light.dimmer", {"supported_color_modes": ["brightness"]}, True),
        ("light.away", {}, True),
        ("number.driver", {}, True),
    ],
)
async def test_a_lamp_that_knows_only_on_and_off_is_recognised(
    hass: HomeAssistant, flow: Flow, entity: str, attributes: dict[str, Any], dims: bool
) -> None:
    hass.states.async_set(entity, "5" if entity.startswith("number") else "off", attributes)
    await flow.edit("rack")
    await bind(flow, "grow_light", node="rack_level_2")
    await flow.go(entity=entity)
    await flow.go(**{**DECLARED, "danger": "neither"})
    await flow.save()
    assert flow.entry.runtime_data.farm.binding["rack_level_2.grow_light"].dims is dims


# -- what an entity can do ----------------------------------------------------------------------


async def lamp(flow: Flow, entity: str) -> dict[str, Any]:
    """Begin to bind the lamp of the second level to an entity."""
    await flow.edit("rack")
    await bind(flow, "grow_light", node="rack_level_2")
    return await flow.go(entity=entity)


async def test_what_an_entity_cannot_do_is_told_when_it_is_bound(
    hass: HomeAssistant, flow: Flow
) -> None:
    hass.states.async_set("button.lamp", "unknown")
    hass.states.async_set("number.driver", "10", {"min": 10, "max": 100, "step": 1})
    hass.states.async_set("number.warmth", "10", {"max": 30, "unit_of_measurement": "°C"})
    hass.states.async_set("fan.driver", "unavailable", {"supported_features": 49})
    hass.states.async_set("climate.split", "off", {"hvac_modes": ["off", "dry"]})
    await flow.edit("rack")
    await bind(flow, "grow_light", node="rack_level_2")
    for entity, error in (
        ("button.lamp", "not_drivable"),
        ("number.driver", "number_without_off"),
        ("number.warmth", "number_is_setting"),
        ("fan.driver", "not_there"),
        ("climate.split", "no_mode"),
    ):
        result = await flow.go(entity=entity)
        assert result["errors"] == {"entity": error}, entity
        assert result["description_placeholders"]["entity"] == entity


async def test_a_pulse_whose_number_never_is_0_is_refused(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("number.acid", "1", {"unit_of_measurement": "s", "min": 1, "max": 60})
    await flow.edit("reservoir")
    await bind(flow, "dosing_pump_ph_down")
    result = await flow.go(entity="number.acid")
    assert result["errors"] == {"entity": "number_without_off"}, "its off would be one more pulse"


async def test_the_stages_of_a_driver_are_kept(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("number.driver", "0", {"min": 0, "max": 10, "step": 1})
    await lamp(flow, "number.driver")
    await flow.go(**{**DECLARED, "danger": "neither"})
    await flow.save()
    assert flow.entry.runtime_data.farm.binding["rack_level_2.grow_light"].step == 0.1


async def test_a_person_says_which_options_mean_on_and_off(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("select.lamp", "Aus", {"options": ["Aus", "Halb", "Voll"]})
    await lamp(flow, "select.lamp")
    assert flow.result["step_id"] == "options"
    result = await flow.go(off_option="Aus", on_option="Aus")
    assert result["errors"] == {"on_option": "same_options"}
    await flow.go(off_option="Aus", on_option="Voll")
    assert flow.result["step_id"] == "declaration"
    await flow.go(**{**DECLARED, "danger": "neither"})
    await flow.save()
    binding = flow.entry.runtime_data.farm.binding["rack_level_2.grow_light"]
    assert (binding.off_option, binding.on_option) == ("Aus", "Voll")
    assert not binding.dims

    # They are shown again, and a select has one role.
    await flow.edit("rack")
    await flow.choose("change_binding")
    await flow.go(binding="rack_level_2.grow_light")
    await flow.go(entity="select.lamp")
    shown = {str(k): k.description["suggested_value"] for k in flow.result["data_schema"].schema}
    assert shown == {"off_option": "Aus", "on_option": "Voll"}
    await flow.edit("zone")
    await bind(flow, "cooler")
    result = await flow.go(entity="select.lamp")
    assert result["errors"] == {"entity": "entity_driven_twice"}


async def test_an_air_conditioner_is_bound_as_heater_and_cooler(
    hass: HomeAssistant, flow: Flow
) -> None:
    modes = {"hvac_modes": ["off", "heat", "cool", "dry"]}
    hass.states.async_set("climate.split", "off", modes)
    await flow.edit("zone")
    await flow.choose("remove_binding")
    await flow.go(binding="tent.heater")
    for role in ("heater", "cooler", "dehumidifier"):
        await bind(flow, role)
        result = await flow.go(entity="climate.split")
        assert result["step_id"] == "declaration"
        result = await flow.go(**{**DECLARED, "danger": "neither"})
        assert result["type"] is FlowResultType.MENU, result
    await flow.save()
    farm = flow.entry.runtime_data.farm
    bound = {b.role: b.on_option for b in farm.bindings if b.entity == "climate.split"}
    assert bound == {"heater": "heat", "cooler": "cool", "dehumidifier": "dry"}
    assert {type(option) for option in bound.values()} == {str}


async def test_two_farms_do_not_drive_one_device(hass: HomeAssistant, flow: Flow) -> None:
    second = MockConfigEntry(domain=DOMAIN, title="Second", data={"kind": "farm"})
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup(second.entry_id)
    other = await Flow(hass, second).add("zone")
    await other.go(name="Room", volume_m3=40)
    await bind(other, "heater")
    result = await other.go(entity=HEATER)
    assert result["errors"] == {"entity": "driven_by_other_farm"}
    assert result["description_placeholders"]["farm"] == flow.entry.title
    await hass.config_entries.async_unload(second.entry_id)


async def test_a_contact_is_on_or_off(hass: HomeAssistant, flow: Flow) -> None:
    hass.states.async_set("sensor.floor", "soaked")
    hass.states.async_set("sensor.floor_number", "0")
    await flow.edit("zone")
    await bind(flow, "leak")
    result = await flow.go(entity="sensor.floor")
    assert result["errors"] == {"entity": "not_on_off"}
    await flow.go(entity="sensor.floor_number")
    await flow.save()
    assert "tent.leak" in flow.entry.runtime_data.farm.binding


# -- the reader's language ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "browser", "language"),
    [
        (None, "de-DE,de;q=0.9,en;q=0.8", "de"),
        ("de", "fr-FR", "de"),
        (None, "", "en"),
        (None, "xx", "en"),
        ({"number_format": "language"}, "fr", "fr"),
    ],
)
async def test_several_problems_are_told_in_the_readers_language(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
    profile: Any,
    browser: str,
    language: str,
) -> None:
    assert await async_setup_component(hass, "config", {})
    if profile is not None:
        kept = {"language": profile} if isinstance(profile, str) else profile
        await (await async_user_store(hass, hass_admin_user.id)).async_set_item("language", kept)
    client = await hass_client()
    base = "/api/config/config_entries/subentries/flow"
    headers = {"Accept-Language": browser}
    begun = await client.post(base, json={"handler": [farm.entry_id, "circuit"]}, headers=headers)
    flow_id = (await begun.json())["flow_id"]
    wrong = {
        "name": "Second",
        "pump": "pump",
        "levels": ["rack_level_1", "rack_level_2"],
        "method": "ebb_flow",
        "drain_s": -5,
    }
    result = await (await client.post(f"{base}/{flow_id}", json=wrong, headers=headers)).json()
    assert result["errors"] == {"base": "several_problems", "drain_s": "negative_duration"}
    told = result["description_placeholders"]["problems"]
    errors = texts(language)["config_subentries"]["circuit"]["error"]
    for level in ("Rack · Level 1", "Rack · Level 2"):
        assert errors["watered_twice"].format(level=level, count=2) in told


SPEEDS = {"supported_features": 1 | 16 | 32, "percentage": 0, "percentage_step": 100 / 3}


@pytest.mark.parametrize(
    ("attributes", "asked", "levels", "step"),
    [
        (SPEEDS, True, True, pytest.approx(1 / 3)),
        (SPEEDS, False, False, pytest.approx(1 / 3)),
        ({"supported_features": 16 | 32}, True, False, 0.0),
        ({}, True, False, 0.0),
    ],
)
async def test_a_fan_is_driven_to_levels_where_it_surely_can_and_somebody_asks(
    hass: HomeAssistant,
    flow: Flow,
    attributes: dict[str, Any],
    asked: bool,
    levels: bool,
    step: float,
) -> None:
    hass.states.async_set("fan.exhaust", "off", attributes)
    await flow.edit("zone")
    await bind(flow, "exhaust_fan")
    await flow.go(entity="fan.exhaust", advanced={"levels": asked})
    await flow.go(**{**DECLARED, "danger": "neither"})
    await flow.save()
    binding = flow.entry.runtime_data.farm.binding["tent.exhaust_fan"]
    assert binding.has_levels is levels
    assert binding.step == step


async def test_how_a_zone_keeps_its_air_is_given_and_taken_away(
    hass: HomeAssistant, flow: Flow
) -> None:
    await flow.edit("zone")
    await flow.choose("node")
    given = {"ramp_min": 45, "reheat": True, "drying_kg_h": 1.5, "co2_detector": True}
    result = await flow.go(name="Tent", volume_m3=8, dew_margin_k=9, **given)
    assert result["errors"] == {"dew_margin_k": "climate_out_of_range"}
    await flow.go(name="Tent", volume_m3=8, dew_margin_k=1, dry_ahead_min=20, **given)
    await flow.save()
    zone = flow.entry.runtime_data.farm.zone["tent"]
    assert (zone.ramp_min, zone.reheat, zone.drying_kg_h) == (45, True, 1.5)
    assert (zone.dew_margin_k, zone.dry_ahead_min, zone.co2_detector) == (1, 20, True)
    await flow.edit("zone")
    await flow.choose("node")
    await flow.go(name="Tent", volume_m3=8)
    await flow.save()
    zone = flow.entry.runtime_data.farm.zone["tent"]
    assert zone.drying_kg_h is None
    assert not zone.reheat
