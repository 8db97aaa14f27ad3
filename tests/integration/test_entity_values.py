"""Any entity can be bound: what its state says, and what call moves it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from home_farm import HEATER, Hardware, settled, start_batch
from homeassistant.core import HomeAssistant, ServiceCall, State
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vfarm.entity_values import (
    call_for,
    can_dim,
    is_on_the_way,
    pulse_call,
    raw_of,
)
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role


def binding(role: Role, **more: Any) -> Binding:
    """A binding of a role."""
    return Binding(id="x", node="n", role=role, entity="e", **more)


DIM = {"supported_color_modes": ["brightness"]}
ON_OFF = {"supported_color_modes": ["onoff"]}
PERCENT = {"min": 0, "max": 100}
MODES = {"hvac_modes": ["off", "heat", "cool", "dry", "fan_only"]}
BOTH = {"hvac_modes": ["off", "heat_cool"]}
#: Supported features of valves and covers: open, close, set position.
SIMPLE, POSITION, FULL = ({"supported_features": n} for n in (3, 4, 7))
SPEEDS = {"options": ["Off", "Low", "High"]}


@pytest.mark.parametrize(
    ("entity_id", "state", "attributes", "role", "raw", "unit"),
    [
        ("sensor.t", "21.5", {"unit_of_measurement": "°C"}, Role.AIR_TEMPERATURE, "21.5", "°C"),
        ("sensor.t", "unavailable", {}, Role.AIR_TEMPERATURE, None, None),
        ("sensor.t", "unknown", {}, Role.AIR_TEMPERATURE, None, None),
        ("input_number.t", "7", {"unit_of_measurement": "ppm"}, Role.CO2, "7", "ppm"),
        ("binary_sensor.leak", "on", {}, Role.LEAK, "on", None),
        ("switch.h", "off", {}, Role.HEATER, "off", None),
        ("valve.v", "open", {}, Role.IRRIGATION_VALVE, "open", None),
        ("light.l", "off", DIM, Role.GROW_LIGHT, "off", None),
        ("light.l", "on", {**DIM, "brightness": 51}, Role.GROW_LIGHT, 0.2, None),
        ("light.l", "on", {"supported_color_modes": ["onoff"]}, Role.GROW_LIGHT, "on", None),
        ("fan.f", "on", {"percentage": 40}, Role.GROW_LIGHT, 0.4, None),
        ("fan.f", "on", {}, Role.GROW_LIGHT, "on", None),
        ("switch.l", "on", {}, Role.GROW_LIGHT, "on", None),
        ("number.d", "25", PERCENT, Role.GROW_LIGHT, 0.25, None),
        ("number.d", "12", {"min": 10, "max": 10}, Role.GROW_LIGHT, 1.0, None),
        ("number.d", "full", PERCENT, Role.GROW_LIGHT, None, None),
        ("climate.c", "heat", {}, Role.HEATER, True, None),
        ("climate.c", "heat_cool", {}, Role.COOLER, True, None),
        ("climate.c", "heat", {}, Role.COOLER, False, None),
        ("climate.c", "auto", {}, Role.DEHUMIDIFIER, False, None),
        ("climate.c", "cool", {}, Role.HUMIDIFIER, True, None),
        ("climate.c", "off", {}, Role.HEATER, False, None),
        ("climate.c", "fan_only", {}, Role.EXHAUST_FAN, True, None),
        ("climate.c", "auto", {}, Role.HEATER, True, None),
        ("light.l", "on", {**DIM, "brightness": 0}, Role.GROW_LIGHT, 1 / 255, None),
        ("light.l", "on", {**DIM, "brightness": None}, Role.GROW_LIGHT, "on", None),
        ("light.l", "on", {**DIM, "brightness": 51}, Role.HEATER, "on", None),
        ("fan.f", "on", {"percentage": 40}, Role.EXHAUST_FAN, "on", None),
        ("fan.f", "off", {"percentage": 0}, Role.GROW_LIGHT, "off", None),
        ("humidifier.h", "on", {"humidity": 60}, Role.HUMIDIFIER, "on", None),
        ("input_boolean.h", "on", {}, Role.HEATER, "on", None),
        ("valve.v", "open", {"current_position": 40}, Role.IRRIGATION_VALVE, "open", None),
        ("valve.v", "closed", {"current_position": 0}, Role.IRRIGATION_VALVE, "closed", None),
        ("cover.c", "open", {"current_position": 40}, Role.EXHAUST_FAN, "open", None),
        ("cover.c", "open", {"current_position": 40}, Role.GROW_LIGHT, 0.4, None),
        ("cover.c", "closed", {"current_position": 0}, Role.GROW_LIGHT, "closed", None),
        ("cover.c", "open", {}, Role.GROW_LIGHT, "open", None),
        ("input_number.d", "5", {"min": 0, "max": 10}, Role.GROW_LIGHT, 0.5, None),
        ("input_number.d", "-5", {"min": 0, "max": 10}, Role.GROW_LIGHT, 0.0, None),
        ("number.d", "nan", PERCENT, Role.IRRIGATION_PUMP, None, None),
        ("number.d", "inf", PERCENT, Role.IRRIGATION_PUMP, None, None),
        ("select.p", "Off", SPEEDS, Role.IRRIGATION_PUMP, False, None),
        ("select.p", "Low", SPEEDS, Role.IRRIGATION_PUMP, True, None),
        ("input_select.p", "stop", {"options": ["stop", "go"]}, Role.AIR_PUMP, False, None),
        ("input_select.p", "go", {"options": ["stop", "go"]}, Role.AIR_PUMP, True, None),
        ("select.p", "eco", {"options": ["eco", "boost"]}, Role.AIR_PUMP, None, None),
        ("select.p", "eco", {}, Role.AIR_PUMP, None, None),
    ],
)
def test_a_state_is_read(
    entity_id: str, state: str, attributes: dict[str, Any], role: Role, raw: Any, unit: str | None
) -> None:
    read = raw_of(State(entity_id, state, attributes), binding(role))
    assert read == (raw if not isinstance(raw, float) else pytest.approx(raw), unit)


def test_a_missing_entity_says_nothing() -> None:
    assert raw_of(None, binding(Role.HEATER)) == (None, None)


def test_only_a_valve_or_a_cover_is_on_its_way() -> None:
    assert is_on_the_way(State("valve.v", "opening"))
    assert is_on_the_way(State("cover.c", "closing"))
    assert not is_on_the_way(State("valve.v", "open"))
    assert not is_on_the_way(State("sensor.s", "opening"))


@pytest.mark.parametrize(
    ("entity_id", "attributes", "role", "value", "call"),
    [
        ("switch.h", {}, Role.HEATER, 1.0, ("switch", "turn_on", {})),
        ("switch.h", {}, Role.HEATER, 0.0, ("switch", "turn_off", {})),
        ("input_boolean.h", {}, Role.HEATER, 1.0, ("input_boolean", "turn_on", {})),
        ("humidifier.h", {}, Role.HUMIDIFIER, 1.0, ("humidifier", "turn_on", {})),
        ("valve.v", {}, Role.IRRIGATION_VALVE, 1.0, ("valve", "open_valve", {})),
        ("valve.v", {}, Role.IRRIGATION_VALVE, 0.0, ("valve", "close_valve", {})),
        ("light.l", DIM, Role.GROW_LIGHT, 0.5, ("light", "turn_on", {"brightness": 128})),
        ("light.l", DIM, Role.GROW_LIGHT, 0.001, ("light", "turn_on", {"brightness": 1})),
        ("light.l", DIM, Role.HEATER, 1.0, ("light", "turn_on", {})),
        ("light.l", DIM, Role.GROW_LIGHT, 1.0, ("light", "turn_on", {"brightness": 255})),
        ("light.l", DIM, Role.GROW_LIGHT, 0.0, ("light", "turn_off", {})),
        ("light.l", ON_OFF, Role.GROW_LIGHT, 0.5, ("light", "turn_on", {})),
        ("light.l", ON_OFF, Role.GROW_LIGHT, 0.0, ("light", "turn_off", {})),
        ("fan.f", {"percentage": 50}, Role.GROW_LIGHT, 0.0, ("fan", "turn_off", {})),
        ("fan.f", {}, Role.GROW_LIGHT, 0.5, ("fan", "turn_on", {})),
        ("input_boolean.h", {}, Role.HEATER, 0.0, ("input_boolean", "turn_off", {})),
        ("humidifier.h", {}, Role.DEHUMIDIFIER, 0.0, ("humidifier", "turn_off", {})),
        ("valve.v", FULL, Role.IRRIGATION_VALVE, 1.0, ("valve", "open_valve", {})),
        ("valve.v", POSITION, Role.IRRIGATION_VALVE, 1.0,
         ("valve", "set_valve_position", {"position": 100})),
        ("valve.v", POSITION, Role.IRRIGATION_VALVE, 0.0,
         ("valve", "set_valve_position", {"position": 0})),
        ("cover.c", SIMPLE, Role.EXHAUST_FAN, 1.0, ("cover", "open_cover", {})),
        ("cover.c", SIMPLE, Role.EXHAUST_FAN, 0.0, ("cover", "close_cover", {})),
        ("cover.c", SIMPLE, Role.GROW_LIGHT, 0.5, ("cover", "open_cover", {})),
        ("cover.c", POSITION, Role.EXHAUST_FAN, 1.0,
         ("cover", "set_cover_position", {"position": 100})),
        ("cover.c", POSITION, Role.EXHAUST_FAN, 0.0,
         ("cover", "set_cover_position", {"position": 0})),
        ("cover.c", FULL, Role.GROW_LIGHT, 0.3,
         ("cover", "set_cover_position", {"position": 30})),
        ("cover.c", FULL, Role.GROW_LIGHT, 1.0, ("cover", "open_cover", {})),
        ("select.p", SPEEDS, Role.IRRIGATION_PUMP, 0.0,
         ("select", "select_option", {"option": "Off"})),
        ("select.p", {"options": ["off", "on"]}, Role.IRRIGATION_PUMP, 1.0,
         ("select", "select_option", {"option": "on"})),
        ("input_select.p", {"options": ["go", "stop"]}, Role.IRRIGATION_PUMP, 1.0,
         ("input_select", "select_option", {"option": "go"})),
        ("input_number.d", {"min": 0, "max": 10}, Role.IRRIGATION_PUMP, 1.0,
         ("input_number", "set_value", {"value": 10.0})),
        ("input_number.d", {"min": 2, "max": 10}, Role.IRRIGATION_PUMP, 0.0,
         ("input_number", "set_value", {"value": 2.0})),
        ("climate.c", MODES, Role.COOLER, 1.0,
         ("climate", "set_hvac_mode", {"hvac_mode": "cool"})),
        ("climate.c", BOTH, Role.COOLER, 1.0,
         ("climate", "set_hvac_mode", {"hvac_mode": "heat_cool"})),
        ("fan.f", {"percentage": 0}, Role.GROW_LIGHT, 0.5, ("fan", "turn_on", {"percentage": 50})),
        ("fan.f", {"percentage": 0}, Role.EXHAUST_FAN, 1.0, ("fan", "turn_on", {})),
        ("number.d", {"min": -10, "max": 90, "step": 10}, Role.GROW_LIGHT, 0.5,
         ("number", "set_value", {"value": 40.0})),
        ("number.d", {"max": 100, "step": 1}, Role.GROW_LIGHT, 0.001,
         ("number", "set_value", {"value": 1.0})),
        ("fan.f", {"percentage": 0, "supported_features": 1}, Role.EXHAUST_FAN, 1.0,
         ("fan", "set_percentage", {"percentage": 100})),
        ("climate.c", {}, Role.HEATER, 1.0, ("climate", "set_hvac_mode", {"hvac_mode": "heat"})),
        ("climate.c", {}, Role.DEHUMIDIFIER, 1.0,
         ("climate", "set_hvac_mode", {"hvac_mode": "dry"})),
        ("climate.c", {}, Role.HEATER, 0.0, ("climate", "set_hvac_mode", {"hvac_mode": "off"})),
        ("siren.s", {}, Role.HEATER, 1.0, ("siren", "turn_on", {})),
        ("group.g", {}, Role.HEATER, 1.0, ("homeassistant", "turn_on", {})),
    ],
)  # fmt: skip
def test_a_value_becomes_a_call(
    entity_id: str,
    attributes: dict[str, Any],
    role: Role,
    value: float,
    call: tuple[str, str, dict[str, Any]],
) -> None:
    domain, service, data = call_for(
        entity_id, State(entity_id, "off", attributes), binding(role), value
    )
    assert (domain, service, data) == (call[0], call[1], {"entity_id": entity_id, **call[2]})


@pytest.mark.parametrize(
    ("state", "value"),
    [
        (State("select.p", "Low", SPEEDS), 1.0),
        (State("select.p", "eco", {"options": ["eco", "boost"]}), 0.0),
        (None, 0.0),
    ],
)
def test_an_option_is_never_guessed(state: State | None, value: float) -> None:
    with pytest.raises(HomeAssistantError, match="no option that means"):
        call_for("select.p", state, binding(Role.IRRIGATION_PUMP), value)


@pytest.mark.parametrize(
    ("entity_id", "attributes", "dims"),
    [
        ("light.l", DIM, True),
        ("light.l", ON_OFF, False),
        ("light.l", {}, True),
        ("switch.s", {}, False),
        ("input_boolean.s", {}, False),
        ("select.s", SPEEDS, False),
        ("input_select.s", SPEEDS, False),
        ("number.n", PERCENT, True),
        ("fan.f", {"supported_features": 49}, True),
        ("fan.f", {"supported_features": 48}, False),
        ("valve.v", SIMPLE, False),
        ("valve.v", FULL, True),
        ("cover.c", SIMPLE, False),
        ("cover.c", POSITION, True),
        ("cover.c", {}, True),
    ],
)
async def test_what_can_be_dimmed_is_known(
    hass: HomeAssistant, entity_id: str, attributes: dict[str, Any], dims: bool
) -> None:
    hass.states.async_set(entity_id, "off", attributes)
    assert can_dim(hass, entity_id) is dims


def test_an_off_is_never_one_more_pulse() -> None:
    state = State("number.acid", "1", {"min": 1, "max": 60, "unit_of_measurement": "s"})
    with pytest.raises(HomeAssistantError, match="cannot be 0"):
        call_for("number.acid", state, binding(Role.DOSING_PUMP_PH_DOWN), 0.0)


@pytest.mark.parametrize("state", [None, State("number.d", "0", {"min": -5, "max": 0})])
def test_a_number_without_a_range_is_not_driven(state: State | None) -> None:
    with pytest.raises(HomeAssistantError, match="range"):
        call_for("number.d", state, binding(Role.GROW_LIGHT), 1.0)
    if state is not None:
        assert raw_of(state, binding(Role.GROW_LIGHT)) == (None, None)


@pytest.mark.parametrize(
    ("entity_id", "state", "attributes", "raw", "value", "call"),
    [
        ("fan.f", "on", {"percentage": 40}, 0.4, 0.66, ("fan", {"percentage": 66})),
        ("fan.f", "off", {"percentage": 0}, "off", 0.2, ("fan", {"percentage": 20})),
        ("number.n", "30", PERCENT, 0.3, 0.5, ("number", {"value": 50.0})),
        (
            "cover.flap",
            "open",
            {"current_position": 25, **FULL},
            0.25,
            0.5,
            ("cover", {"position": 50}),
        ),
        ("light.l", "on", {"brightness": 51, **DIM}, 0.2, 0.4, ("light", {"brightness": 102})),
    ],
)
def test_a_climate_device_with_levels_is_read_and_driven_to_them(
    entity_id: str,
    state: str,
    attributes: dict[str, Any],
    raw: float | str,
    value: float,
    call: tuple[str, dict[str, Any]],
) -> None:
    bound = binding(Role.EXHAUST_FAN, levels=True)
    seen = State(entity_id, state, attributes)
    assert raw_of(seen, bound) == (raw, None)
    domain, _, data = call_for(entity_id, seen, bound, value)
    assert (domain, data) == (call[0], {"entity_id": entity_id, **call[1]})


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ("hang", "did not return within"),
        ("crash", "a bug elsewhere"),
        ("refuse", "not now"),
        ("gone", "does not exist"),
    ],
)
async def test_every_failure_of_a_service_is_told(
    hass: HomeAssistant,
    farm: MockConfigEntry,
    hardware: Hardware,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: str,
    text: str,
) -> None:
    monkeypatch.setattr("custom_components.vfarm.actuators.TIMEOUT_S", 0.05)
    never = asyncio.Event()

    async def fail(call: ServiceCall) -> None:
        match failure:
            case "hang":
                await never.wait()
            case "crash":
                raise RuntimeError("a bug elsewhere")
            case "refuse":
                raise ValueError("not now")

    hass.services.async_register("switch", "turn_on", fail)
    await start_batch(hass)
    if failure == "gone":
        farm.runtime_data.engine.points._entities.pop("tent.heater")
    hardware.air(15.0)
    await settled(hass)
    await asyncio.sleep(0.1)
    await settled(hass)
    assert f"Command 1.0 to {'tent.heater'} failed" in caplog.text
    assert text in caplog.text
    assert hass.states.get(HEATER).state == "off"


@pytest.mark.parametrize(
    ("unit", "value"), [("s", 12.5), (None, 12.5), ("ms", 12500.0), ("min", 0.208)]
)
def test_a_pulse_is_written_in_the_unit_of_its_number(unit: str | None, value: float) -> None:
    attributes = {"max": 20_000.0} | ({} if unit is None else {"unit_of_measurement": unit})
    state = State("number.acid", "0", attributes)
    domain, service, data = pulse_call("number.acid", state, 12.5)
    assert (domain, service) == ("number", "set_value")
    assert data == {"entity_id": "number.acid", "value": value}


@pytest.mark.parametrize(
    ("entity", "attributes", "words"),
    [
        ("switch.acid", {}, "needs a number"),
        ("number.acid", {"unit_of_measurement": "mL"}, "not in mL"),
        ("number.acid", {"max": 10.0}, "longer than it takes"),
    ],
)
def test_a_pulse_that_nothing_would_end_is_not_started(
    entity: str, attributes: dict[str, Any], words: str
) -> None:
    with pytest.raises(HomeAssistantError, match=words):
        pulse_call(entity, State(entity, "0", attributes), 12.5)
