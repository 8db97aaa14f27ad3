"""What an entity's state says of a bound point, and what call brings an actuator to a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.components.climate import DOMAIN as CLIMATE_DOMAIN
from homeassistant.components.climate import HVACMode
from homeassistant.components.fan import DOMAIN as FAN_DOMAIN
from homeassistant.components.input_number import DOMAIN as INPUT_NUMBER_DOMAIN
from homeassistant.components.light import DOMAIN as LIGHT_DOMAIN
from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN
from homeassistant.components.valve import DOMAIN as VALVE_DOMAIN
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    SERVICE_CLOSE_VALVE,
    SERVICE_OPEN_VALVE,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN
from homeassistant.core import State

from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role, RoleKind, spec

_NUMERIC_DOMAINS = frozenset({NUMBER_DOMAIN, INPUT_NUMBER_DOMAIN})
_ON_OFF_DOMAINS = frozenset({"switch", "input_boolean", LIGHT_DOMAIN, FAN_DOMAIN, "humidifier"})

#: What a climate device is set to when a role is on.
_HVAC_MODES: Mapping[Role, HVACMode] = {
    Role.HEATER: HVACMode.HEAT,
    Role.COOLER: HVACMode.COOL,
    Role.DEHUMIDIFIER: HVACMode.DRY,
    Role.EXHAUST_FAN: HVACMode.FAN_ONLY,
    Role.CIRCULATION_FAN: HVACMode.FAN_ONLY,
}

type Raw = float | str | bool | None

#: A valve on its way says neither open nor closed; the end of the way is reported.
_ON_THE_WAY = frozenset({"opening", "closing"})


def is_on_the_way(state: State) -> bool:
    """Whether the state is a movement that ends in another report."""
    return state.domain == VALVE_DOMAIN and state.state in _ON_THE_WAY


def raw_of(state: State | None, binding: Binding) -> tuple[Raw, str | None]:
    """The raw value and unit of a bound entity: None when it is missing or unavailable."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None, None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    kind = spec(binding.role).kind
    if kind is RoleKind.MEASURE:
        return state.state, unit
    if state.domain in _NUMERIC_DOMAINS:
        return _share(state), None
    if state.domain == CLIMATE_DOMAIN:
        return state.state != STATE_OFF if _hvac(binding) is None else _runs(state, binding), None
    if kind is RoleKind.DIMMER and state.state != STATE_OFF:
        return _level(state), None
    return state.state, None


def _level(state: State) -> Raw:
    """The output of a dimmer that is on: 0…1, or just on."""
    if state.domain == LIGHT_DOMAIN:
        brightness = state.attributes.get("brightness")
        return state.state if brightness is None else max(float(brightness), 1.0) / 255
    if state.domain == FAN_DOMAIN:
        percentage = state.attributes.get("percentage")
        return state.state if percentage is None else float(percentage) / 100
    return state.state


def _share(state: State) -> Raw:
    low, high = _range(state)
    try:
        value = float(state.state)
    except ValueError:
        return None
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _range(state: State) -> tuple[float, float]:
    low, high = float(state.attributes.get("min", 0.0)), float(state.attributes.get("max", 1.0))
    return (low, high) if high > low else (low, low + 1.0)


def _hvac(binding: Binding) -> HVACMode | None:
    return _HVAC_MODES.get(binding.role)


def _runs(state: State, binding: Binding) -> bool:
    """Whether a climate device is in a mode that serves the role."""
    wanted = _hvac(binding)
    both = {HVACMode.HEAT_COOL, HVACMode.AUTO} if wanted in (HVACMode.HEAT, HVACMode.COOL) else {}
    return state.state == wanted or state.state in both


def call_for(
    entity_id: str, state: State | None, binding: Binding, value: float
) -> tuple[str, str, dict[str, Any]]:
    """Domain, service and data of the call that brings an actuator to `value` (0…1)."""
    domain = entity_id.partition(".")[0]
    data: dict[str, Any] = {"entity_id": entity_id}
    if domain in _NUMERIC_DOMAINS:
        low, high = _range(state) if state is not None else (0.0, 1.0)
        return domain, "set_value", {**data, "value": round(low + value * (high - low), 4)}
    if domain == VALVE_DOMAIN:
        return domain, SERVICE_OPEN_VALVE if value > 0 else SERVICE_CLOSE_VALVE, data
    if domain == CLIMATE_DOMAIN:
        mode = (_hvac(binding) or HVACMode.AUTO) if value > 0 else HVACMode.OFF
        return domain, "set_hvac_mode", {**data, "hvac_mode": mode}
    if domain not in _ON_OFF_DOMAINS:
        domain = HOMEASSISTANT_DOMAIN
    if value <= 0:
        return domain, SERVICE_TURN_OFF, data
    if spec(binding.role).kind is RoleKind.DIMMER and state is not None:
        if domain == LIGHT_DOMAIN and _dimmable(state):
            data["brightness"] = max(1, round(value * 255))
        elif domain == FAN_DOMAIN and "percentage" in state.attributes:
            data["percentage"] = max(1, round(value * 100))
    return domain, SERVICE_TURN_ON, data


def _dimmable(state: State) -> bool:
    modes = state.attributes.get("supported_color_modes") or ()
    return any(mode not in ("onoff", "unknown") for mode in modes)
