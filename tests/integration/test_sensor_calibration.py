"""Oxygen probes and light sensors are bound, calibrated and listed in Home Assistant."""

from __future__ import annotations

from typing import Any

import pytest
from homeassistant.core import Context, HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_services import act, refused
from test_subentry_flows import Flow
from test_translations import LANGUAGES, texts

OXYGEN, LIGHT = "sensor.drum_oxygen", "sensor.top_quantum"


async def bound(
    hass: HomeAssistant, farm: MockConfigEntry, type_: str, entity: str, **chosen: Any
) -> str:
    """Bind an entity in the form of the first node of a type; the id of the binding."""
    flow = await Flow(hass, farm).edit(type_)
    await flow.choose("add_binding")
    advanced = chosen.pop("advanced", {})
    await flow.go(**chosen)
    await flow.go(entity=entity, advanced=advanced)
    assert flow.result["step_id"] == "menu", flow.result.get("errors")
    await flow.save()
    await hass.async_block_till_done()
    (made,) = (b for b in farm.runtime_data.farm.bindings if b.role == chosen["role"])
    return str(made.id)


async def shows(hass: HomeAssistant, entity: str, value: str, unit: str) -> None:
    hass.states.async_set(entity, value, {"unit_of_measurement": unit})
    await hass.async_block_till_done()


async def test_an_oxygen_probe_is_calibrated_in_moist_air(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await shows(hass, OXYGEN, "7.9", "mg/L")
    advanced = {"check_days": 60.0, "compensated": True}
    point = await bound(hass, farm, "reservoir", OXYGEN, role="dissolved_oxygen", advanced=advanced)
    assert farm.runtime_data.farm.binding[point].check_days == 60.0
    air = {"point": point, "standard": 100, "shown": 7.9, "temperature": 25}
    error = await refused(hass, "calibrate_probe", **air)
    assert (error.translation_key, error.translation_placeholders) == (
        "calibration_pressure",
        {"low": "507", "high": "1115"},
    )
    for language in LANGUAGES:
        text = texts(language)["exceptions"]["calibration_pressure"]["message"]
        assert text.format(**error.translation_placeholders)
    answer = await act(hass, "calibrate_probe", **air, pressure=1013.25)
    assert answer["slope_pct"] == pytest.approx(95.6, abs=0.1)
    await shows(hass, OXYGEN, "7.8", "mg/L")
    state = farm.runtime_data.engine.runtime.memory.points[point]
    assert state.value == pytest.approx(7.8 * 8.26 / 7.9, abs=0.01)


async def test_every_calibration_is_told_with_its_drift_and_when_it_is_due(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await shows(hass, LIGHT, "230", "µmol/m²/s")
    where = {"node": "rack_level_1", "role": "ppfd"}
    point = await bound(hass, farm, "rack", LIGHT, **where, advanced={"check_days": 365.0})
    pair = {"point": point, "standard": 200, "shown": 230}
    await act(hass, "calibrate_probe", **pair, note="white 4000 K")
    told = await act(hass, "get_calibrations", context=Context())
    (light,) = (probe for probe in told["probes"] if probe["point"] == point)
    assert (light["role"], light["use"], light["correction"]) == (
        "ppfd",
        "in_use",
        "0 → 0, 230 → 200",
    )
    (done,) = light["calibrations"]
    assert (done["points"], done["slope_pct"], done["drift"]) == (1, 115.0, 30.0)
    assert light["verified_at"] < light["due_at"]
    assert {"probes", "pumps"} == set(told)
    for probe in told["probes"]:
        if probe["point"] != point:
            assert probe["calibrations"] == []
            assert probe["correction"] == ""


async def test_a_note_that_is_a_novel_is_refused(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await shows(hass, LIGHT, "230", "µmol/m²/s")
    point = await bound(hass, farm, "rack", LIGHT, node="rack_level_1", role="ppfd")
    await refused(hass, "calibrate_probe", point=point, standard=200, shown=230, note="x" * 300)
    assert not farm.runtime_data.engine.runtime.memory.sensors
