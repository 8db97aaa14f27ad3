"""What an entity's state says of a bound point, and what call brings an actuator to a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from homeassistant.components.water_heater import DOMAIN as WATER_HEATER_DOMAIN
from homeassistant.components.water_heater import WaterHeaterEntityFeature
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
from vfarm_core.farm.roles import DOSING, Role, RoleKind, spec

_NUMERIC_DOMAINS = frozenset({NUMBER_DOMAIN, INPUT_NUMBER_DOMAIN})
_SELECT_DOMAINS = frozenset({SELECT_DOMAIN, INPUT_SELECT_DOMAIN})
_MOVING_DOMAINS = frozenset({VALVE_DOMAIN, COVER_DOMAIN})
_ON_OFF_DOMAINS = frozenset(
    {"switch", "input_boolean", "humidifier", "siren", "remote", WATER_HEATER_DOMAIN}
)

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
    if kind in (RoleKind.MEASURE, RoleKind.FORECAST):
        return state.state, unit
    if state.domain in _NUMERIC_DOMAINS:
        return _share(state), None
    if state.domain in _SELECT_DOMAINS:
        return _chosen(state, binding), None
    if state.domain == CLIMATE_DOMAIN:
        return _runs(state, binding), None
    if state.domain == WATER_HEATER_DOMAIN:
        return state.state != STATE_OFF, None
    if _is_dimmer(binding) and state.state not in (STATE_OFF, "closed"):
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
    """The share of its highest value at which a number stands: 0 is off, whatever its lowest is."""
    high = _high(state)
    try:
        value = float(state.state)
    except ValueError:
        return None
    if high <= 0 or not math.isfinite(value):
        return None
    return min(1.0, max(0.0, value / high))


def _low(state: State) -> float:
    return float(state.attributes.get("min", 0.0))


def _high(state: State) -> float:
    return float(state.attributes.get("max", 1.0))


def _chosen(state: State, binding: Binding) -> Raw:
    """Whether a select is on: in any option but the one that means off. None without such an
    option."""
    off, _ = _options(state, binding)
    return None if off is None else state.state != off


def _options(state: State, binding: Binding) -> tuple[str | None, str | None]:
    """The options that mean off and on: those that were declared, as long as the entity has them,
    or those that say so."""
    options = [str(option) for option in state.attributes.get("options") or ()]
    off, on = likely_options(options)
    if binding.off_option is not None:
        off = binding.off_option if binding.off_option in options else None
    if binding.on_option is not None:
        on = binding.on_option if binding.on_option in options else None
    return off, on


def likely_options(options: list[str]) -> tuple[str | None, str | None]:
    """The options that say that they mean off and on. Of two, the one that is not off is on."""
    off = next((o for o in options if o.strip().lower() in _OFF_OPTIONS), None)
    on = next((o for o in options if o.strip().lower() in _ON_OPTIONS), None)
    if on is None and off is not None and len(options) == 2:
        on = next(o for o in options if o != off)
    return off, on


def _hvac(binding: Binding) -> str | None:
    """The mode of a climate device that serves a role."""
    return binding.on_option or _HVAC_MODES.get(binding.role)


def _runs(state: State, binding: Binding) -> bool:
    """Whether a climate device is in a mode that serves the role. In another one it is off for this
    role: it may serve another."""
    wanted = _hvac(binding)
    if wanted is None:
        return state.state != STATE_OFF
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


def _set_number(state: State | None, binding: Binding, value: float) -> _Service:
    if state is None or (high := _high(state)) <= 0:
        raise HomeAssistantError("its range is not known")
    if value <= 0 < _low(state) and binding.role in DOSING:
        # Its lowest value would be one more pulse.
        raise HomeAssistantError("it cannot be 0")
    step = float(state.attributes.get("step") or 0.0)
    if value > 0 and step > 0:
        # Down to what it can be, so that it reads back what was sent; but not to nothing.
        value = max(1, math.floor(value * high / step + 1e-6)) * step / high
    return "set_value", {"value": round(max(_low(state), min(value, 1.0) * high), 4)}


def _switch(_: State | None, __: Binding, value: float) -> _Service:
    return SERVICE_TURN_ON if value > 0 else SERVICE_TURN_OFF, {}


def _light(state: State | None, binding: Binding, value: float) -> _Service:
    if value > 0 and state is not None and _is_dimmer(binding) and _dimmable(state):
        return SERVICE_TURN_ON, {"brightness": max(1, round(value * 255))}
    return _switch(state, binding, value)


def _fan(state: State | None, binding: Binding, value: float) -> _Service:
    features = _features(state)
    needed = FanEntityFeature.TURN_ON if value > 0 else FanEntityFeature.TURN_OFF
    has_speed = state is not None and "percentage" in state.attributes
    # Down, not to the nearest: 67 % of a fan of three speeds is its third.
    percent = max(1, math.floor(value * 100 + 1e-6)) if value > 0 else 0
    if features & FanEntityFeature.SET_SPEED and not features & needed:
        full = 100 if value > 0 else 0
        return "set_percentage", {"percentage": percent if _is_dimmer(binding) else full}
    if value > 0 and has_speed and _is_dimmer(binding):
        return SERVICE_TURN_ON, {"percentage": percent}
    return _switch(state, binding, value)


def _features(state: State | None) -> int:
    return 0 if state is None else int(state.attributes.get(ATTR_SUPPORTED_FEATURES) or 0)


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
    features = _features(state)
    if not features & position:
        return False
    return not features & simple or (_is_dimmer(binding) and 0 < value < 1)


def _position(binding: Binding, value: float) -> dict[str, Any]:
    if not _is_dimmer(binding):
        return {"position": 100 if value > 0 else 0}
    return {"position": max(1, round(value * 100)) if value > 0 else 0}


def _climate(state: State | None, binding: Binding, value: float) -> _Service:
    """By its mode alone. The device's own target stays as its owner has set it: a limit that still
    holds when Home Assistant is gone."""
    modes = [] if state is None else list(state.attributes.get("hvac_modes") or ())
    if value <= 0:
        if modes and HVACMode.OFF not in modes:
            raise HomeAssistantError("it has no mode that is off")
        return "set_hvac_mode", {"hvac_mode": HVACMode.OFF}
    mode = hvac_mode(binding.role, modes) if binding.on_option is None else binding.on_option
    if mode is None or (modes and mode not in modes):
        raise HomeAssistantError(f"it has no mode for {binding.role}, only {', '.join(modes)}")
    return "set_hvac_mode", {"hvac_mode": mode}


def hvac_mode(role: Role, modes: list[str]) -> str | None:
    """The mode of a climate device that serves a role, of those that it has."""
    wanted = _HVAC_MODES.get(role)
    if wanted is None or not modes or wanted in modes:
        return wanted
    if wanted in (HVACMode.HEAT, HVACMode.COOL):
        return next((mode for mode in _BOTH_WAYS if mode in modes), None)
    return None


def _select(state: State | None, binding: Binding, value: float) -> _Service:
    off, on = (None, None) if state is None else _options(state, binding)
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
    return spec(binding.role).kind is RoleKind.DIMMER or binding.has_levels


def _dimmable(state: State) -> bool:
    modes = state.attributes.get("supported_color_modes") or ()
    return any(mode not in ("onoff", "unknown") for mode in modes)


# -- what an entity can do -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What is known of an entity, also while it is away: then from the registry."""

    entity_id: str
    facts: Mapping[str, Any]

    @property
    def domain(self) -> str:
        """The domain of the entity."""
        return self.entity_id.partition(".")[0]

    @property
    def features(self) -> int | None:
        """Its supported features; None when they are not known."""
        found = self.facts.get(ATTR_SUPPORTED_FEATURES)
        return None if found is None else int(found)

    @property
    def options(self) -> list[str]:
        """The options of a select."""
        return [str(option) for option in self.facts.get("options") or ()]

    @property
    def modes(self) -> list[str]:
        """The modes of a climate device."""
        return [str(mode) for mode in self.facts.get("hvac_modes") or ()]


def abilities(hass: HomeAssistant, entity_id: str) -> Abilities:
    """What an entity can do, as far as it is known."""
    registered = er.async_get(hass).async_get(entity_id)
    facts: dict[str, Any] = {}
    if registered is not None:
        facts = {ATTR_SUPPORTED_FEATURES: registered.supported_features}
        facts |= registered.capabilities or {}
    if (state := hass.states.get(entity_id)) is not None:
        facts |= state.attributes
    return Abilities(entity_id=entity_id, facts=facts)


def can_dim(hass: HomeAssistant, entity_id: str) -> bool:
    """Whether an entity knows more than on and off. One of which nothing is known counts as
    dimmable where its domain is."""
    able = abilities(hass, entity_id)
    if able.domain == LIGHT_DOMAIN:
        modes = able.facts.get("supported_color_modes")
        return not modes or any(mode not in ("onoff", "unknown") for mode in modes)
    if (level := _LEVEL_FEATURES.get(able.domain)) is not None:
        return able.features is None or bool(able.features & level)
    return able.domain in _NUMERIC_DOMAINS


def has_levels(hass: HomeAssistant, entity_id: str) -> bool:
    """Whether an entity surely can be brought to a level. Nobody guesses it of a climate device:
    one that is only on or off would be latched for not being half on."""
    able = abilities(hass, entity_id)
    if able.domain == LIGHT_DOMAIN:
        return bool(able.facts.get("supported_color_modes")) and can_dim(hass, entity_id)
    if able.domain in _LEVEL_FEATURES:
        return bool(able.features) and can_dim(hass, entity_id)
    return able.domain in _NUMERIC_DOMAINS


def smallest_step(hass: HomeAssistant, entity_id: str) -> float:
    """The share of its output by which an entity can be set; 0 where any share is near enough."""
    able = abilities(hass, entity_id)
    step = 0.0
    if able.domain == FAN_DOMAIN:
        step = float(able.facts.get("percentage_step") or 0.0) / 100
    elif able.domain in _NUMERIC_DOMAINS and (high := float(able.facts.get("max") or 0.0)) > 0:
        step = float(able.facts.get("step") or 0.0) / high
    return step if _FINE < step <= 1 else 0.0


#: Steps this small need no attention: the arbiter takes two outputs this close for the same.
_FINE = 0.02

#: The feature of an entity that can be brought to a level between on and off.
_LEVEL_FEATURES: Mapping[str, int] = {
    FAN_DOMAIN: FanEntityFeature.SET_SPEED,
    VALVE_DOMAIN: ValveEntityFeature.SET_POSITION,
    COVER_DOMAIN: CoverEntityFeature.SET_POSITION,
}
#: The features that bring an entity on and off where it does not have that of a level.
_BOTH_STATES: Mapping[str, int] = {
    FAN_DOMAIN: FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF,
    VALVE_DOMAIN: ValveEntityFeature.OPEN | ValveEntityFeature.CLOSE,
    COVER_DOMAIN: CoverEntityFeature.OPEN | CoverEntityFeature.CLOSE,
    WATER_HEATER_DOMAIN: WaterHeaterEntityFeature.ON_OFF,
}

#: Units of numbers that are settings of a device: a target or a time, no output.
_UNITS_OF_SETTINGS = frozenset({"°C", "°F", "K", "s", "ms", "min", "h", "d", "ppm", "lx"})

#: Everything that can be driven, for people to read.
DRIVABLE = tuple(sorted({*_CALLS, *_ON_OFF_DOMAINS, "group"}))


def why_not(hass: HomeAssistant, entity_id: str, role: Role) -> tuple[str, dict[str, str]] | None:
    """Why an entity cannot be the actuator of a role: a key to translate and what it names. None
    when nothing speaks against it, also where too little is known."""
    able = abilities(hass, entity_id)
    named = {"entity": entity_id}
    if able.domain not in DRIVABLE:
        return "not_drivable", {**named, "domains": ", ".join(DRIVABLE)}
    if (both := _BOTH_STATES.get(able.domain)) and able.features is not None:
        level = _LEVEL_FEATURES.get(able.domain, 0)
        if able.features & both != both and not able.features & level:
            return "cannot_switch", named
    if able.domain in _NUMERIC_DOMAINS and "max" in able.facts:
        low, high = float(able.facts.get("min", 0.0)), float(able.facts["max"])
        if not low <= 0 < high:
            return "number_without_off", {**named, "low": f"{low:g}", "high": f"{high:g}"}
    if role not in DOSING and (unit := setting_unit(hass, entity_id)) is not None:
        return "number_is_setting", {**named, "unit": unit}
    dims = spec(role).kind is RoleKind.DIMMER and can_dim(hass, entity_id)
    if able.domain == FAN_DOMAIN and dims and "percentage_step" not in able.facts:
        # How many speeds it has is only said while it is there.
        return "not_there", named
    if able.domain in _SELECT_DOMAINS and len(able.options) == 1:
        return "cannot_switch", named
    if able.domain == CLIMATE_DOMAIN:
        modes = {"role": role.value, "modes": ", ".join(able.modes)}
        if hvac_mode(role, able.modes) is None:
            return "no_mode", {**named, **modes}
        if able.modes and HVACMode.OFF not in able.modes:
            return "cannot_switch", named
    return None


def setting_unit(hass: HomeAssistant, entity_id: str) -> str | None:
    """The unit of a number that is no output: a target, or the duration of a pulse."""
    able = abilities(hass, entity_id)
    unit = able.facts.get(ATTR_UNIT_OF_MEASUREMENT)
    return unit if able.domain in _NUMERIC_DOMAINS and unit in _UNITS_OF_SETTINGS else None


def own_words(hass: HomeAssistant, entity_id: str, role: Role) -> tuple[str | None, str | None]:
    """What an entity calls off and on for a role, where it has words of its own."""
    able = abilities(hass, entity_id)
    if able.domain == CLIMATE_DOMAIN:
        mode = hvac_mode(role, able.modes)
        return str(HVACMode.OFF), None if mode is None else str(mode)
    if able.domain in _SELECT_DOMAINS:
        return likely_options(able.options)
    return None, None


def is_select(entity_id: str) -> bool:
    """Whether a person has to say which of an entity's options mean on and off."""
    return entity_id.partition(".")[0] in _SELECT_DOMAINS


def is_number(entity_id: str) -> bool:
    """Whether an entity takes a number, such as the duration of a pulse."""
    return entity_id.partition(".")[0] in _NUMERIC_DOMAINS
