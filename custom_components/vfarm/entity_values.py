"""What an entity's state says of a bound point, and what call brings an actuator to a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.climate import DOMAIN as CLIMATE_DOMAIN
from homeassistant.components.climate import HVACMode
from homeassistant.components.cover import DOMAIN as COVER_DOMAIN
from homeassistant.components.cover import CoverEntityFeature
from homeassistant.components.fan import DOMAIN as FAN_DOMAIN
from homeassistant.components.fan import FanEntityFeature
from homeassistant.components.input_number import DOMAIN as INPUT_NUMBER_DOMAIN
from homeassistant.components.input_select import DOMAIN as INPUT_SELECT_DOMAIN
from homeassistant.components.light import DOMAIN as LIGHT_DOMAIN
from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.valve import DOMAIN as VALVE_DOMAIN
from homeassistant.components.valve import ValveEntityFeature
from homeassistant.const import (
    ATTR_SUPPORTED_FEATURES,
    ATTR_UNIT_OF_MEASUREMENT,
    SERVICE_CLOSE_COVER,
    SERVICE_CLOSE_VALVE,
    SERVICE_OPEN_COVER,
    SERVICE_OPEN_VALVE,
    SERVICE_SELECT_OPTION,
    SERVICE_SET_COVER_POSITION,
    SERVICE_SET_VALVE_POSITION,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.roles import Role, RoleKind, spec

_NUMERIC_DOMAINS = frozenset({NUMBER_DOMAIN, INPUT_NUMBER_DOMAIN})
_SELECT_DOMAINS = frozenset({SELECT_DOMAIN, INPUT_SELECT_DOMAIN})
_MOVING_DOMAINS = frozenset({VALVE_DOMAIN, COVER_DOMAIN})
_ON_OFF_DOMAINS = frozenset({"switch", "input_boolean", LIGHT_DOMAIN, FAN_DOMAIN, "humidifier"})

#: What a climate device is set to when a role is on.
_HVAC_MODES: Mapping[Role, HVACMode] = {
    Role.HEATER: HVACMode.HEAT,
    Role.COOLER: HVACMode.COOL,
    Role.DEHUMIDIFIER: HVACMode.DRY,
    Role.EXHAUST_FAN: HVACMode.FAN_ONLY,
    Role.CIRCULATION_FAN: HVACMode.FAN_ONLY,
}
#: Modes in which a climate device chooses between heating and cooling by itself.
_BOTH_WAYS = (HVACMode.HEAT_COOL, HVACMode.AUTO)

#: Options of a select that mean off and on, in any case.
_OFF_OPTIONS = frozenset({"off", "closed", "close", "stop", "stopped", "0"})
_ON_OPTIONS = frozenset({"on", "open", "run", "running", "1"})

type Raw = float | str | bool | None
type Call = tuple[str, str, dict[str, Any]]

#: On its way a valve says neither open nor closed; the end of the way is reported.
_ON_THE_WAY = frozenset({"opening", "closing"})


def is_on_the_way(state: State) -> bool:
    """Whether the state is a movement that ends in another report."""
    return state.domain in _MOVING_DOMAINS and state.state in _ON_THE_WAY


# -- reading ------------------------------------------------------------------------------------


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
    if state.domain in _SELECT_DOMAINS:
        return _chosen(state), None
    if state.domain == CLIMATE_DOMAIN:
        return state.state != STATE_OFF if _hvac(binding) is None else _runs(state, binding), None
    if kind is RoleKind.DIMMER and state.state not in (STATE_OFF, "closed"):
        return _level(state), None
    return state.state, None


def _level(state: State) -> Raw:
    """The output of a dimmer that is on: 0…1, or just on."""
    if state.domain == LIGHT_DOMAIN:
        brightness = state.attributes.get("brightness")
        # A lamp that is on at 0 % may glow: it counts as on, so that the night turns it off.
        return state.state if brightness is None else max(float(brightness), 1.0) / 255
    percent = state.attributes.get("percentage" if state.domain == FAN_DOMAIN else _POSITION)
    return state.state if percent is None else float(percent) / 100


_POSITION = "current_position"


def _share(state: State) -> Raw:
    low, high = _range(state)
    try:
        value = float(state.state)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _range(state: State) -> tuple[float, float]:
    low, high = float(state.attributes.get("min", 0.0)), float(state.attributes.get("max", 1.0))
    return (low, high) if high > low else (low, low + 1.0)


def _chosen(state: State) -> Raw:
    """Whether a select is on: in any option but the one that means off. None without such an
    option."""
    off, _ = _options(state)
    return None if off is None else state.state != off


def _options(state: State) -> tuple[str | None, str | None]:
    """The options that mean off and on. Of two, the one that is not off is on."""
    options = [str(option) for option in state.attributes.get("options") or ()]
    off = next((o for o in options if o.strip().lower() in _OFF_OPTIONS), None)
    on = next((o for o in options if o.strip().lower() in _ON_OPTIONS), None)
    if on is None and off is not None and len(options) == 2:
        on = next(o for o in options if o != off)
    return off, on


def _hvac(binding: Binding) -> HVACMode | None:
    return _HVAC_MODES.get(binding.role)


def _runs(state: State, binding: Binding) -> bool:
    """Whether a climate device is in a mode that serves the role."""
    wanted = _hvac(binding)
    both = _BOTH_WAYS if wanted in (HVACMode.HEAT, HVACMode.COOL) else ()
    return state.state == wanted or state.state in both


# -- driving ------------------------------------------------------------------------------------


def call_for(entity_id: str, state: State | None, binding: Binding, value: float) -> Call:
    """Domain, service and data of the call that brings an actuator to `value` (0…1).

    Raises HomeAssistantError when the entity has no way to get there.
    """
    domain = entity_id.partition(".")[0]
    service, data = _CALLS.get(domain, _switch)(state, binding, value)
    if domain not in _CALLS and domain not in _ON_OFF_DOMAINS:
        domain = HOMEASSISTANT_DOMAIN
    return domain, service, {"entity_id": entity_id, **data}


#: What a number that starts a pulse counts, in seconds.
_PULSE_UNITS = {None: 1.0, "s": 1.0, "ms": 0.001, "min": 60.0}


def pulse_call(entity_id: str, state: State | None, duration_s: float) -> Call:
    """The call that starts a pulse which the hardware itself ends: a number of seconds is written.

    Raises HomeAssistantError when the entity is no number, or counts something else.
    """
    domain = entity_id.partition(".")[0]
    if domain not in _NUMERIC_DOMAINS:
        raise HomeAssistantError("a pulse needs a number that takes its duration")
    unit = None if state is None else state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit not in _PULSE_UNITS:
        raise HomeAssistantError(f"a pulse is given in seconds, not in {unit}")
    value = duration_s / _PULSE_UNITS[unit]
    high = None if state is None else state.attributes.get("max")
    if high is not None and value > float(high):
        raise HomeAssistantError(f"a pulse of {duration_s:g} s is longer than it takes")
    return domain, "set_value", {"entity_id": entity_id, "value": round(value, 3)}


type _Service = tuple[str, dict[str, Any]]


def _set_number(state: State | None, _: Binding, value: float) -> _Service:
    low, high = _range(state) if state is not None else (0.0, 1.0)
    return "set_value", {"value": round(low + value * (high - low), 4)}


def _switch(_: State | None, __: Binding, value: float) -> _Service:
    return SERVICE_TURN_ON if value > 0 else SERVICE_TURN_OFF, {}


def _light(state: State | None, binding: Binding, value: float) -> _Service:
    if value > 0 and state is not None and _is_dimmer(binding) and _dimmable(state):
        return SERVICE_TURN_ON, {"brightness": max(1, round(value * 255))}
    return _switch(state, binding, value)


def _fan(state: State | None, binding: Binding, value: float) -> _Service:
    has_speed = state is not None and "percentage" in state.attributes
    if value > 0 and has_speed and _is_dimmer(binding):
        return SERVICE_TURN_ON, {"percentage": max(1, round(value * 100))}
    return _switch(state, binding, value)


def _valve(state: State | None, binding: Binding, value: float) -> _Service:
    simple = SERVICE_OPEN_VALVE if value > 0 else SERVICE_CLOSE_VALVE
    needed = ValveEntityFeature.OPEN if value > 0 else ValveEntityFeature.CLOSE
    if _by_position(state, binding, value, needed, ValveEntityFeature.SET_POSITION):
        return SERVICE_SET_VALVE_POSITION, _position(binding, value)
    return simple, {}


def _cover(state: State | None, binding: Binding, value: float) -> _Service:
    simple = SERVICE_OPEN_COVER if value > 0 else SERVICE_CLOSE_COVER
    needed = CoverEntityFeature.OPEN if value > 0 else CoverEntityFeature.CLOSE
    if _by_position(state, binding, value, needed, CoverEntityFeature.SET_POSITION):
        return SERVICE_SET_COVER_POSITION, _position(binding, value)
    return simple, {}


def _by_position(
    state: State | None, binding: Binding, value: float, simple: int, position: int
) -> bool:
    """Whether to drive by position: to a share, or where it is the only way."""
    features = 0 if state is None else int(state.attributes.get(ATTR_SUPPORTED_FEATURES) or 0)
    if not features & position:
        return False
    return not features & simple or (_is_dimmer(binding) and 0 < value < 1)


def _position(binding: Binding, value: float) -> dict[str, Any]:
    if not _is_dimmer(binding):
        return {"position": 100 if value > 0 else 0}
    return {"position": max(1, round(value * 100)) if value > 0 else 0}


def _climate(state: State | None, binding: Binding, value: float) -> _Service:
    if value <= 0:
        return "set_hvac_mode", {"hvac_mode": HVACMode.OFF}
    wanted = _hvac(binding) or HVACMode.AUTO
    modes = () if state is None else state.attributes.get("hvac_modes") or ()
    if modes and wanted not in modes and wanted in (HVACMode.HEAT, HVACMode.COOL, HVACMode.AUTO):
        wanted = next((mode for mode in _BOTH_WAYS if mode in modes), wanted)
    return "set_hvac_mode", {"hvac_mode": wanted}


def _select(state: State | None, _: Binding, value: float) -> _Service:
    off, on = (None, None) if state is None else _options(state)
    option = on if value > 0 else off
    if option is None:
        raise HomeAssistantError(f"it has no option that means {'on' if value > 0 else 'off'}")
    return SERVICE_SELECT_OPTION, {"option": option}


_CALLS: Mapping[str, Callable[[State | None, Binding, float], _Service]] = {
    NUMBER_DOMAIN: _set_number,
    INPUT_NUMBER_DOMAIN: _set_number,
    LIGHT_DOMAIN: _light,
    FAN_DOMAIN: _fan,
    VALVE_DOMAIN: _valve,
    COVER_DOMAIN: _cover,
    CLIMATE_DOMAIN: _climate,
    SELECT_DOMAIN: _select,
    INPUT_SELECT_DOMAIN: _select,
}


def _is_dimmer(binding: Binding) -> bool:
    return spec(binding.role).kind is RoleKind.DIMMER


def _dimmable(state: State) -> bool:
    modes = state.attributes.get("supported_color_modes") or ()
    return any(mode not in ("onoff", "unknown") for mode in modes)


def can_dim(hass: HomeAssistant, entity_id: str) -> bool:
    """Whether an entity knows more than on and off. A light that is away when it is asked is known
    from the registry; one that nothing is known of counts as dimmable, as most are."""
    domain = entity_id.partition(".")[0]
    if domain == LIGHT_DOMAIN:
        state = hass.states.get(entity_id)
        registered = er.async_get(hass).async_get(entity_id)
        known = (registered.capabilities if registered else None) or {}
        modes = (state.attributes if state else {}).get("supported_color_modes") or known.get(
            "supported_color_modes"
        )
        return not modes or any(mode not in ("onoff", "unknown") for mode in modes)
    if (level := _LEVEL_FEATURES.get(domain)) is not None:
        state = hass.states.get(entity_id)
        registered = er.async_get(hass).async_get(entity_id)
        features = (state.attributes if state else {}).get(ATTR_SUPPORTED_FEATURES) or (
            registered.supported_features if registered else 0
        )
        return not features or bool(features & level)
    return domain not in _ON_OFF_ONLY


#: The feature of an entity that can be brought to a level between on and off.
_LEVEL_FEATURES: Mapping[str, int] = {
    FAN_DOMAIN: FanEntityFeature.SET_SPEED,
    VALVE_DOMAIN: ValveEntityFeature.SET_POSITION,
    COVER_DOMAIN: CoverEntityFeature.SET_POSITION,
}


#: Domains whose entities have no level between on and off.
_ON_OFF_ONLY = frozenset(
    {"switch", "input_boolean", "humidifier", "climate", "siren", *_SELECT_DOMAINS}
)
