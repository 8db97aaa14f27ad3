"""A farm is created whole, or not at all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_translations import texts

from custom_components.vfarm.const import DOMAIN
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role

PLACE = {
    "volume_m3": 12,
    "area_m2": 1.2,
    "sites": 30,
    "lights_on": "06:00:00",
    "ppfd_full": 300,
    "power_w": 150,
}


async def begin(hass: HomeAssistant, template: str, name: str = "My farm") -> dict[str, Any]:
    """Go to the last form of an own farm."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["demo", "farm"]
    flow = result["flow_id"]
    result = await hass.config_entries.flow.async_configure(flow, {"next_step_id": "farm"})
    assert result["step_id"] == "farm"
    return await hass.config_entries.flow.async_configure(
        flow, {"name": name, "template": template}
    )


@pytest.mark.parametrize(
    ("template", "asked", "zones", "racks", "levels"),
    [
        ("tent", {}, 1, 1, 1),
        ("rack", {"levels": 4}, 1, 1, 4),
        ("grid", {"zones": 2, "racks": 3, "levels": 5}, 2, 6, 30),
    ],
)
async def test_a_template_creates_every_node_at_once(
    hass: HomeAssistant,
    template: str,
    asked: dict[str, int],
    zones: int,
    racks: int,
    levels: int,
) -> None:
    result = await begin(hass, template)
    assert result["step_id"] == "place"
    assert set(result["data_schema"].schema) == set(PLACE) | set(asked)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {**PLACE, **asked})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    farm = entry.runtime_data.farm
    assert (len(farm.zones), len(farm.racks), len(farm.levels)) == (zones, racks, levels)
    assert farm.name == "My farm"
    assert all(level.fixture.ppfd_full == 300 for level in farm.levels)
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"area_m2": 0}, {"area_m2": "not_positive"}),
        ({"area_m2": -1.5}, {"area_m2": "not_positive"}),
        ({"sites": 0}, {"sites": "not_positive"}),
        ({"volume_m3": 0}, {"volume_m3": "not_positive"}),
        ({"power_w": 0}, {"base": "fixture_out_of_range"}),
        ({"sites": 2.5}, {"base": "wrong_value"}),
        ({"area_m2": 0, "volume_m3": 0}, dict.fromkeys(("area_m2", "volume_m3"), "not_positive")),
    ],
)
async def test_what_the_core_refuses_stands_in_the_form_and_can_be_mended(
    hass: HomeAssistant, wrong: dict[str, float], errors: dict[str, str]
) -> None:
    result = await begin(hass, "rack")
    flow = result["flow_id"]
    result = await hass.config_entries.flow.async_configure(flow, {**PLACE, "levels": 2, **wrong})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert hass.config_entries.async_entries(DOMAIN) == []
    result = await hass.config_entries.flow.async_configure(flow, {**PLACE, "levels": 2})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_farm_that_would_pass_the_limit_of_entities_is_refused(hass: HomeAssistant) -> None:
    result = await begin(hass, "grid")
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {**PLACE, "zones": 10, "racks": 10, "levels": 10}
    )
    assert result["errors"] == {"base": "too_many_levels"}


async def test_a_lamp_is_no_must(hass: HomeAssistant) -> None:
    result = await begin(hass, "tent")
    dark = {key: PLACE[key] for key in ("volume_m3", "area_m2", "sites", "lights_on")}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], dark)
    await hass.async_block_till_done()
    assert result["result"].runtime_data.farm.levels[0].fixture is None
    await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize(("name", "error"), [("  ", "name_empty"), ("Home farm", "name_taken")])
async def test_a_farm_has_a_name_of_its_own(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, error: str
) -> None:
    result = await begin(hass, "tent", name)
    assert result["errors"] == {"name": error}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Another", "template": "tent"}
    )
    assert result["step_id"] == "place"


async def test_a_farm_can_be_renamed(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    result = await farm.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"name": ""})
    assert result["errors"] == {"name": "name_empty"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Roof", "takeover_min": 0}
    )
    assert result["errors"] == {"takeover_min": "takeover_out_of_range"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Roof", "takeover_min": 90}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert farm.title == "Roof"
    assert farm.runtime_data.farm.name == "Roof"
    assert farm.runtime_data.farm.takeover_min == 90


OUTSIDE = "sensor.roof"


@pytest.mark.parametrize(
    ("state", "unit", "error"),
    [
        (None, None, "entity_missing"),
        ("wet", "°C", "not_numeric"),
        ("12", None, "no_unit"),
        ("12", "bar", "wrong_unit"),
    ],
)
async def test_what_cannot_be_read_is_not_bound_at_the_farm(
    hass: HomeAssistant, farm: MockConfigEntry, state: str | None, unit: str | None, error: str
) -> None:
    if state is not None:
        hass.states.async_set(OUTSIDE, state, {"unit_of_measurement": unit} if unit else {})
    result = await farm.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Home farm", "outside_temperature": OUTSIDE}
    )
    assert result["errors"] == {"outside_temperature": error}
    for name in set(re.findall(r"{(\w+)}", texts("en")["config"]["error"][error])):
        assert name in result["description_placeholders"]


async def test_the_air_outside_is_bound_at_the_farm(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set(OUTSIDE, "50", {"unit_of_measurement": "°F"})
    hass.states.async_set("sensor.roof_rh", "80", {"unit_of_measurement": "%"})
    hass.states.async_set("sensor.mains", "1.5", {"unit_of_measurement": "kW"})

    async def reconfigure(**values: str) -> Farm:
        result = await farm.start_reconfigure_flow(hass)
        result = await hass.config_entries.flow.async_configure(
            result["flow_id"], {"name": "Home farm", **values}
        )
        assert result["reason"] == "reconfigure_successful", result
        await hass.async_block_till_done()
        running: Farm = farm.runtime_data.farm
        return running

    at_farm = {
        "outside_temperature": OUTSIDE,
        "outside_humidity": "sensor.roof_rh",
        "power": "sensor.mains",
    }
    running = await reconfigure(**at_farm)
    (bound,) = running.of(running.id, Role.OUTSIDE_TEMPERATURE)
    points = farm.runtime_data.engine.runtime.memory.points
    assert points[bound.id].value == pytest.approx(10.0), "it is read in its own unit"
    (power,) = running.of(running.id, Role.POWER)
    assert points[power.id].value == pytest.approx(1500.0)

    result = await farm.start_reconfigure_flow(hass)
    schema = result["data_schema"].schema
    shown = {str(key): (key.description or {}).get("suggested_value") for key in schema}
    assert {key: shown[key] for key in at_farm} == at_farm

    kept = [{**b, "unit": "°F"} for b in farm.data["bindings"]]
    hass.config_entries.async_update_entry(farm, data={**farm.data, "bindings": kept})
    running = await reconfigure(outside_temperature=OUTSIDE)
    (bound,) = running.of(running.id, Role.OUTSIDE_TEMPERATURE)
    assert bound.unit == "°F", "what the form does not change stays as it was bound"
    assert not running.of(running.id, Role.OUTSIDE_HUMIDITY), "a field left open binds nothing"


async def test_there_is_one_demo_at_most(hass: HomeAssistant) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="demo", data={"kind": "demo"}).add_to_hass(hass)
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "demo"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
