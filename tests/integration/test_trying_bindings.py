"""A binding is tried: what its entity says, what vfarm reads of it, and a shot that proves it."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from home_farm import (
    AIR,
    HEATER,
    PUMP,
    VALVE,
    VOLUME,
    Hardware,
    bound,
    pass_time,
    settled,
    sub,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry
from test_services import act
from test_subentry_flows import DECLARED, Flow, bind


async def tried(hass: HomeAssistant, farm: MockConfigEntry, type_: str, binding: str) -> Flow:
    """The flow that shows one of the farm's bindings."""
    flow = await Flow(hass, farm).edit(type_)
    await flow.choose("test_binding")
    await flow.go(binding=binding)
    assert flow.result["step_id"] == "tested"
    return flow


def findings(flow: Flow) -> list[str]:
    said: str = flow.result["description_placeholders"]["findings"]
    return said.split("\n\n")


async def test_a_sensor_shows_its_value_in_vfarms_unit_with_how_far_it_is_trusted(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set(AIR, "75.2", {"unit_of_measurement": "°F"})
    await settled(hass)
    flow = await tried(hass, farm, "zone", "tent.air_temperature")
    assert findings(flow) == [
        f"{AIR} says 75.2 °F. For vfarm that is 24 °C.",
        "Its reading is fresh and plausible.",
    ]
    assert flow.result["description_placeholders"]["role"] == "Air temperature"
    await flow.go()
    assert flow.result["step_id"] == "menu"


@pytest.mark.parametrize(
    ("state", "unit", "said"),
    [
        ("999", "°C", "Its reading is not plausible: a sensor fault."),
        ("unavailable", "°C", "The farm has no reading of it yet."),
    ],
)
async def test_a_sensor_that_cannot_be_trusted_says_why(
    hass: HomeAssistant, farm: MockConfigEntry, state: str, unit: str, said: str
) -> None:
    hass.states.async_set(AIR, state, {"unit_of_measurement": unit})
    await settled(hass)
    flow = await tried(hass, farm, "zone", "tent.air_temperature")
    assert findings(flow)[-1] == said


async def test_what_vfarm_cannot_read_is_said(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    hass.states.async_set(AIR, "warm", {"unit_of_measurement": "°C"})
    await settled(hass)
    flow = await tried(hass, farm, "zone", "tent.air_temperature")
    assert findings(flow)[0] == f"{AIR} says warm °C, which vfarm cannot use."
    hass.states.async_set(AIR, "20", {"unit_of_measurement": "bar"})
    flow = await tried(hass, farm, "zone", "tent.air_temperature")
    assert findings(flow)[0] == f"{AIR} says 20 bar, which vfarm cannot use."
    hass.states.async_remove(AIR)
    flow = await tried(hass, farm, "zone", "tent.air_temperature")
    assert findings(flow)[0] == f"{AIR} says nothing now."


async def test_a_binding_that_is_not_saved_is_read_and_not_judged(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set("sensor.co2", "812", {"unit_of_measurement": "ppm"})
    flow = await Flow(hass, farm).edit("zone")
    await bind(flow, "co2")
    await flow.go(entity="sensor.co2")
    await flow.choose("test_binding")
    await flow.go(binding="tent.co2")
    assert findings(flow) == [
        "sensor.co2 says 812 ppm. For vfarm that is 812 ppm.",
        "How far it is trusted is known once it is saved and the farm runs.",
    ]


async def test_a_farm_that_does_not_run_judges_nothing(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(farm.entry_id)
    flow = await tried(hass, farm, "circuit", "bench.irrigation_valve")
    assert findings(flow)[1].startswith("How far it is trusted")
    assert not flow.result["data_schema"].schema


async def test_a_valve_is_tried_by_a_short_shot_only_when_a_person_says_so(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    flow = await tried(hass, farm, "circuit", "bench.irrigation_valve")
    assert findings(flow)[0] == f"{VALVE} says closed. For vfarm that is 0%."
    await flow.go(pulse=False)
    assert flow.result["step_id"] == "menu"
    await settled(hass)
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    await flow.choose("test_binding")
    await flow.go(binding="bench.irrigation_valve")
    await flow.go(pulse=True)
    assert flow.result["step_id"] == "tested"
    assert not flow.result["errors"]
    shot = farm.runtime_data.engine.runtime.memory.circuits["bench"].shot
    assert shot is not None
    assert shot.planned_s == 10
    await settled(hass)
    assert hass.states.get(PUMP).state == "on"  # type: ignore[union-attr]
    await pass_time(hass, freezer, 30, step=5)
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    flow = await tried(hass, farm, "circuit", "bench.irrigation_valve")
    assert findings(flow)[-1] == "Its last command was proved."
    flow = await tried(hass, farm, "pump", "pump.irrigation_pump")
    assert findings(flow)[-1] == "Its last command was proved."
    assert "pulse" in flow.result["data_schema"].schema


@pytest.mark.parametrize("mode", ["stop", "hold"])
async def test_no_shot_while_the_farm_is_stopped_or_held(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, mode: str
) -> None:
    if mode == "stop":
        await act(hass, "emergency_stop", why="test")
    else:
        await act(hass, "set_mode", mode="hold")
    await settled(hass)
    flow = await tried(hass, farm, "circuit", "bench.irrigation_valve")
    await flow.go(pulse=True)
    await settled(hass)
    assert hass.states.get(PUMP).state == "off"  # type: ignore[union-attr]
    assert flow.result["errors"] == {"base": "test_refused"}
    assert "{" not in flow.result["description_placeholders"]["why"]
    assert flow.result["description_placeholders"]["why"]


async def test_why_a_device_is_not_tried_is_said_in_the_language_of_the_house(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware
) -> None:
    await hass.config.async_update(language="de")
    hardware.air(45.0)
    await settled(hass)
    flow = await tried(hass, farm, "zone", "tent.heater")
    await flow.go(pulse=True)
    why = flow.result["description_placeholders"]["why"]
    assert why.startswith("tent.heater kann jetzt nicht ausprobiert werden: Aus: ")
    assert "45" in why
    assert not hardware.services(HEATER)


async def test_a_device_that_failed_is_said_to_have_failed_and_to_be_latched(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    hardware.obedient = False
    flow = await tried(hass, farm, "circuit", "bench.irrigation_valve")
    await flow.go(pulse=True)
    await pass_time(hass, freezer, 60, step=2)
    flow = await tried(hass, farm, "circuit", "bench.irrigation_valve")
    assert findings(flow)[-2:] == [
        "Its last command was not proved: it failed.",
        "It is latched: nothing moves it until a person has looked and cleared it.",
    ]
    await flow.go(pulse=True)
    assert flow.result["errors"] == {"base": "test_refused"}


async def shown_again(flow: Flow) -> None:
    """The page asks for the form again, as it does when it hears that the pulse is over."""
    await settled(flow.hass)
    flow.result = dict(
        await flow.hass.config_entries.subentries.async_configure(flow.result["flow_id"])
    )
    assert flow.result["step_id"] == "tested"


async def test_a_heater_is_on_for_a_moment_and_the_form_says_what_was_seen(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    flow = await tried(hass, farm, "zone", "tent.heater")
    await flow.go(pulse=True)
    assert flow.result["type"] is FlowResultType.SHOW_PROGRESS
    assert flow.result["description_placeholders"] == {"role": "Heater"}
    await settled(hass)
    assert hass.states.get(HEATER).state == "on"  # type: ignore[union-attr]
    await pass_time(hass, freezer, 14, step=2)
    assert hass.states.get(HEATER).state == "off"  # type: ignore[union-attr]
    await shown_again(flow)
    assert findings(flow)[1:] == [
        "It was on for 10 s, which is proved, and is off again.",
        "Its last command was proved.",
    ]
    await flow.go(pulse=False)
    assert flow.result["step_id"] == "menu"


async def test_a_heater_that_does_nothing_is_said_to_have_failed(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    hardware.obedient = False
    flow = await tried(hass, farm, "zone", "tent.heater")
    await flow.go(pulse=True)
    await pass_time(hass, freezer, 60, step=2)
    await shown_again(flow)
    assert "It did not prove that it did what it was told." in findings(flow)


async def test_a_try_that_is_cut_short_says_so(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    flow = await tried(hass, farm, "zone", "tent.heater")
    await flow.go(pulse=True)
    await settled(hass)
    await act(hass, "emergency_stop", why="test")
    await pass_time(hass, freezer, 4, step=2)
    assert hass.states.get(HEATER).state == "off"  # type: ignore[union-attr]
    await shown_again(flow)
    assert any(said.startswith("The try ended early") for said in findings(flow))


async def test_a_try_whose_end_is_never_told_shows_the_form_all_the_same(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    with patch("custom_components.vfarm.tries.PATIENCE_S", -10.0):
        flow = await tried(hass, farm, "zone", "tent.heater")
        await flow.go(pulse=True)
        await settled(hass)
    await shown_again(flow)
    assert findings(flow)[1:] == ["Its last command was proved."], "nothing of how it ended"
    await pass_time(hass, freezer, 14, step=2)


async def test_who_closes_the_form_waits_for_nothing_and_the_pulse_ends_by_itself(
    hass: HomeAssistant, farm: MockConfigEntry, hardware: Hardware, freezer: FrozenDateTimeFactory
) -> None:
    flow = await tried(hass, farm, "zone", "tent.heater")
    await flow.go(pulse=True)
    await settled(hass)
    hass.config_entries.subentries.async_abort(flow.result["flow_id"])
    await pass_time(hass, freezer, 14, step=2)
    assert hardware.services(HEATER) == ["turn_on", "turn_off"]
    assert not farm.runtime_data.engine.runtime.memory.pulses


async def test_what_is_only_read_is_not_moved(hass: HomeAssistant, farm: MockConfigEntry) -> None:
    flow = await tried(hass, farm, "reservoir", "tank.volume")
    assert findings(flow)[0].startswith(f"{VOLUME} says ")
    assert not flow.result["data_schema"].schema


async def test_a_pump_that_feeds_nothing_has_no_shot(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set("switch.p2", "off")
    flow = await Flow(hass, farm).add("pump")
    await flow.go(name="P2", reservoir="tank", flow_l_min=5)
    await bind(flow, "irrigation_pump")
    await flow.go(entity="switch.p2")
    await flow.go(**DECLARED, max_on_s=4)
    await flow.save()
    await settled(hass)
    second = next(s for s in farm.subentries.values() if s.data["id"] == "p2")
    flow = Flow(hass, farm)
    flow.result = await farm.start_subentry_reconfigure_flow(hass, second.subentry_id)
    await flow.choose("test_binding")
    await flow.go(binding="p2.irrigation_pump")
    assert not flow.result["data_schema"].schema


async def test_a_binding_that_the_farm_cannot_use_is_said(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    zone = sub(farm, "zone")
    wrong = bound("tent", "humidifier", "switch.mist")
    hass.config_entries.async_update_subentry(
        farm, zone, data={**zone.data, "bindings": [*zone.data["bindings"], wrong]}
    )
    hass.states.async_set("switch.mist", "off")
    await settled(hass)
    flow = await tried(hass, farm, "zone", "tent.humidifier")
    assert findings(flow) == ["switch.mist says off, which vfarm cannot use."]


async def test_a_node_without_bindings_has_nothing_to_try(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    flow = await Flow(hass, farm).add("zone")
    await flow.go(name="Room", volume_m3=30)
    assert "test_binding" not in flow.result["menu_options"]


async def test_a_valve_that_is_not_saved_is_not_opened(
    hass: HomeAssistant, farm: MockConfigEntry
) -> None:
    hass.states.async_set("valve.other", "closed", {"supported_features": 3})
    flow = await Flow(hass, farm).edit("circuit")
    await flow.choose("change_binding")
    await flow.go(binding="bench.irrigation_valve")
    await flow.go(entity="valve.other")
    await flow.go(**DECLARED, max_on_s=600)
    await flow.choose("test_binding")
    await flow.go(binding="bench.irrigation_valve")
    assert not flow.result["data_schema"].schema
