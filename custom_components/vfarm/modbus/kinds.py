"""As what a register appears in Home Assistant. Pure.

Settings in a memory that wears, and registers that move a device on its line, are no entities: a
person changes them when the device is installed. What only serves the reading of another register,
and what the device says of itself, is there for those who look for it: disabled by default.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.number import DOMAIN as NUMBER_DOMAIN
from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.components.sensor import (
    DEVICE_CLASS_UNITS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.const import EntityCategory

from vfarm_core.devices.modbus.profile import DataType, Kind, Profile, Register
from vfarm_core.devices.modbus.roles import Group, group_of

_ON_OFF: Final = {"on", "off"}
#: The most digits behind the point that a value is shown with.
_MOST_DIGITS: Final = 3
_NUMBERED = re.compile(r"([a-z]+)_?(\d+)")
#: Words of keys that are written otherwise.
_SPELT: Final[Mapping[str, str]] = {
    **{word: word.upper() for word in ("co2", "ec", "orp", "ppfd", "tds", "l1", "l2", "l3")},
    "ph": "pH",
}
#: What has a name in every language, by domain: roles, and outputs that a board has several of, by
#: what their keys begin with.
NAMED: Final[Mapping[str, frozenset[str]]] = {
    NUMBER_DOMAIN: frozenset(
        {"modbus_actuator_level", "modbus_ch_n", "modbus_level_n", "modbus_raw_n"}
    ),
    SELECT_DOMAIN: frozenset({"modbus_actuator_dosing_pump"}),
    SWITCH_DOMAIN: frozenset(
        {
            "modbus_actuator_dosing_pump",
            "modbus_actuator_switch",
            "modbus_relay_n",
            "modbus_on_n",
        }
    ),
    SENSOR_DOMAIN: frozenset(
        {
            "modbus_climate_air_temperature",
            "modbus_climate_humidity",
            "modbus_climate_absolute_humidity",
            "modbus_climate_dew_point",
            "modbus_climate_wet_bulb",
            "modbus_climate_co2",
            "modbus_climate_pressure",
            "modbus_light_ppfd",
            "modbus_solution_ph",
            "modbus_solution_ec",
            "modbus_solution_temperature",
            "modbus_solution_orp",
            "modbus_solution_dissolved_oxygen",
            "modbus_solution_turbidity",
            "modbus_reservoir_level",
            "modbus_reservoir_volume",
            "modbus_substrate_vwc",
            "modbus_substrate_ec_bulk",
            "modbus_substrate_ec_pore",
            "modbus_substrate_ph",
            "modbus_substrate_temperature",
            "modbus_substrate_permittivity",
            "modbus_irrigation_flow",
            "modbus_irrigation_volume",
            "modbus_irrigation_pressure",
            "modbus_energy_power",
            "modbus_energy_energy",
            "modbus_energy_voltage",
            "modbus_energy_current",
            "modbus_actuator_level",
            "modbus_actuator_dosing_pump",
            "modbus_actuator_feedback",
        }
    ),
}

_CLASSES: Mapping[str, SensorDeviceClass] = {
    "climate.air_temperature": SensorDeviceClass.TEMPERATURE,
    "climate.humidity": SensorDeviceClass.HUMIDITY,
    "climate.absolute_humidity": SensorDeviceClass.ABSOLUTE_HUMIDITY,
    "climate.dew_point": SensorDeviceClass.TEMPERATURE,
    "climate.wet_bulb": SensorDeviceClass.TEMPERATURE,
    "climate.co2": SensorDeviceClass.CO2,
    "climate.pressure": SensorDeviceClass.ATMOSPHERIC_PRESSURE,
    "solution.ph": SensorDeviceClass.PH,
    "solution.ec": SensorDeviceClass.CONDUCTIVITY,
    "solution.temperature": SensorDeviceClass.TEMPERATURE,
    "solution.orp": SensorDeviceClass.VOLTAGE,
    "reservoir.volume": SensorDeviceClass.VOLUME_STORAGE,
    "substrate.vwc": SensorDeviceClass.MOISTURE,
    "substrate.ec_bulk": SensorDeviceClass.CONDUCTIVITY,
    "substrate.ec_pore": SensorDeviceClass.CONDUCTIVITY,
    "substrate.ph": SensorDeviceClass.PH,
    "substrate.temperature": SensorDeviceClass.TEMPERATURE,
    "irrigation.flow": SensorDeviceClass.VOLUME_FLOW_RATE,
    "irrigation.volume": SensorDeviceClass.WATER,
    "irrigation.pressure": SensorDeviceClass.PRESSURE,
    "energy.power": SensorDeviceClass.POWER,
    "energy.energy": SensorDeviceClass.ENERGY,
    "energy.voltage": SensorDeviceClass.VOLTAGE,
    "energy.current": SensorDeviceClass.CURRENT,
}
_TOTALS: Final = frozenset({"energy.energy", "irrigation.volume"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a register appears. `translation_key` and `number` give its name in every language; where
    there is none, `name` is what its profile calls it. `labels` are the choices of a code."""

    register: Register
    domain: str
    translation_key: str | None
    number: str | None
    name: str
    category: EntityCategory | None
    enabled: bool
    device_class: SensorDeviceClass | None = None
    state_class: SensorStateClass | None = None
    unit: str | None = None
    digits: int | None = None
    labels: tuple[str, ...] = ()


def shown(profile: Profile, model: str | None = None, phases: int | None = None) -> list[Shown]:
    """The registers of a device that appear, in the order of its profile."""
    registers = profile.registers_of(model, phases)
    by_role: dict[str | None, list[str]] = {}
    for register in registers:
        if _domain(profile, register) is not None:
            by_role.setdefault(register.role, []).append(register.key)
    found = [
        _shown(profile, register, domain, by_role[register.role])
        for register in registers
        if (domain := _domain(profile, register)) is not None
    ]
    return found if any(one.enabled for one in found) else [_unsaid(one, found) for one in found]


def _unsaid(one: Shown, all_of_them: list[Shown]) -> Shown:
    """A register of a device of which the profile cannot say what it measures, as it has whatever
    is plugged into it: its values are what it is there for."""
    key = one.register.key
    again = any(key.startswith(f"{other.register.key}_") for other in all_of_them)
    if one.register.role is not None or again:
        return one
    return replace(one, enabled=True, category=None)


def unit_of(unit: str) -> str | None:
    """A unit as Home Assistant writes it: a small Greek mu, not the sign for a millionth."""
    return unit.replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}") or None


def _domain(profile: Profile, register: Register) -> str | None:
    written_only = not register.readable
    if register.wears or register.moves_link:
        return None
    if any(register.key in (other.commit, other.order_from) for other in profile.registers):
        return None
    if register.space.is_bits and register.type is not DataType.BOOL:
        # It times a pulse in a request that the link cannot send.
        return None
    if written_only and not (register.role or "").startswith("actuator."):
        # A command without a state; a sequence of the profile or a person gives it.
        return None
    if register.type is DataType.BOOL:
        return SWITCH_DOMAIN if register.writable else BINARY_SENSOR_DOMAIN
    if not register.writable or register.type is DataType.STRING:
        return None if group_of(register) is Group.ASKED else SENSOR_DOMAIN
    if register.codes:
        return SWITCH_DOMAIN if set(register.codes.values()) == _ON_OFF else SELECT_DOMAIN
    if register.range is not None:
        return NUMBER_DOMAIN
    # How far it may be set is said nowhere, and is not guessed.
    return None if written_only else SENSOR_DOMAIN


def _shown(profile: Profile, register: Register, domain: str, alike: list[str]) -> Shown:
    """`alike`: the keys of all registers of its role."""
    role = register.role or ""
    measures = bool(role) and role != "diagnostic"
    first = alike[0]
    # The same again in another form: `co2_i16` beside `co2`.
    again = measures and register.key.startswith(f"{first}_")
    alone = register.key == first and all(key.startswith(f"{first}_") for key in alike[1:])
    drives = domain in (SWITCH_DOMAIN, NUMBER_DOMAIN, SELECT_DOMAIN)
    main = measures or (drives and Kind.ACTUATOR in profile.kinds)
    category = None
    if not main:
        category = EntityCategory.CONFIG if drives else EntityCategory.DIAGNOSTIC
    key, number = _translation(domain, register, role, alone) if measures else (None, None)
    return Shown(
        register=register,
        domain=domain,
        translation_key=key,
        number=number,
        name=_words(register.key),
        category=category,
        enabled=main and not again,
        unit=unit_of(register.unit),
        labels=tuple(register.codes.values()),
        **(_measured(register, role) if domain in (SENSOR_DOMAIN, NUMBER_DOMAIN) else {}),
    )


def _translation(
    domain: str, register: Register, role: str, alone: bool
) -> tuple[str | None, str | None]:
    found = _NUMBERED.fullmatch(register.key)
    named = NAMED.get(domain, frozenset())
    if found is not None and f"modbus_{found[1]}_n" in named:
        return f"modbus_{found[1]}_n", found[2]
    key = f"modbus_{role.replace('.', '_')}"
    return (key, None) if alone and key in named else (None, None)


def _words(key: str) -> str:
    text = " ".join(_SPELT.get(word, word) for word in key.split("_"))
    return text[:1].upper() + text[1:] if text[:2] != "pH" else text


def _measured(register: Register, role: str) -> dict[str, Any]:
    """Class, kind of statistics and digits of a number."""
    if register.codes or register.bits or register.type is DataType.STRING:
        return {}
    unit = unit_of(register.unit)
    wanted = _CLASSES.get(role)
    # pH has no unit; of a unit that the device tells, nobody knows the class beforehand.
    fits = wanted is not None and unit in DEVICE_CLASS_UNITS.get(wanted, {None})
    total = role in _TOTALS
    state_class = SensorStateClass.TOTAL_INCREASING if total else SensorStateClass.MEASUREMENT
    measures = bool(role) and role != "diagnostic"
    return {
        "device_class": wanted if fits and register.unit_from is None else None,
        "state_class": state_class if measures or unit is not None else None,
        "digits": _digits(register),
    }


def _digits(register: Register) -> int | None:
    if register.decimals_from is not None:
        return None
    if register.type is DataType.FLOAT32:
        return 2
    return min(_MOST_DIGITS, max(0, math.ceil(-math.log10(abs(register.scale)) - 1e-9)))
