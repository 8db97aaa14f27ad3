"""Roles: what a bound entity means for a node.

A role carries the unit of the core, the range outside of which a value is a sensor fault, the
longest age at which a value still counts as fresh, and hints that help a person pick an entity.
Ranges and ages: device reference (vfarm-roles/1) and alarm limits (limits_alarms.csv), tightened
where a loop acts on the value. Over-range is not implausible: the ranges include every value that
can be real, a fire and a leak of CO2 too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from types import MappingProxyType


class RoleKind(StrEnum):
    """How a role is read or driven."""

    MEASURE = "measure"
    CONTACT = "contact"
    SWITCH = "switch"
    DIMMER = "dimmer"
    FORECAST = "forecast"


class Loop(StrEnum):
    """The functions that can be armed, inhibited and re-armed one by one."""

    LIGHT = "light"
    CLIMATE = "climate"
    CO2 = "co2"
    IRRIGATION = "irrigation"
    FILL = "fill"
    DOSING = "dosing"


class Role(StrEnum):
    """Every role vfarm knows."""

    AIR_TEMPERATURE = "air_temperature"
    HUMIDITY = "humidity"
    CO2 = "co2"
    LEAF_TEMPERATURE = "leaf_temperature"
    SURFACE_TEMPERATURE = "surface_temperature"
    OUTSIDE_TEMPERATURE = "outside_temperature"
    OUTSIDE_HUMIDITY = "outside_humidity"
    OCCUPANCY = "occupancy"
    LEAK = "leak"
    SMOKE = "smoke"
    DOOR = "door"
    PPFD = "ppfd"
    ILLUMINANCE = "illuminance"
    CANOPY_COVER = "canopy_cover"
    SOLUTION_EC = "solution_ec"
    SOLUTION_PH = "solution_ph"
    SOLUTION_TEMPERATURE = "solution_temperature"
    DISSOLVED_OXYGEN = "dissolved_oxygen"
    VOLUME = "volume"
    LEVEL_LOW = "level_low"
    LEVEL_HIGH = "level_high"
    FLOW = "flow"
    WATER_TOTAL = "water_total"
    PRESSURE = "pressure"
    TABLE_LEVEL = "table_level"
    SUBSTRATE_MOISTURE = "substrate_moisture"
    SUBSTRATE_EC = "substrate_ec"
    SUBSTRATE_TEMPERATURE = "substrate_temperature"
    DRAIN_EC = "drain_ec"
    DRAIN_VOLUME = "drain_volume"
    POWER = "power"
    ENERGY_PRICE = "energy_price"
    FEEDBACK = "feedback"
    GROW_LIGHT = "grow_light"
    GROW_LIGHT_WHITE = "grow_light_white"
    GROW_LIGHT_BLUE = "grow_light_blue"
    GROW_LIGHT_RED = "grow_light_red"
    GROW_LIGHT_FAR_RED = "grow_light_far_red"
    HEATER = "heater"
    COOLER = "cooler"
    HUMIDIFIER = "humidifier"
    DEHUMIDIFIER = "dehumidifier"
    EXHAUST_FAN = "exhaust_fan"
    CIRCULATION_FAN = "circulation_fan"
    CO2_VALVE = "co2_valve"
    IRRIGATION_PUMP = "irrigation_pump"
    IRRIGATION_VALVE = "irrigation_valve"
    DRAIN_VALVE = "drain_valve"
    AIR_PUMP = "air_pump"
    FILL_VALVE = "fill_valve"
    MIXING_PUMP = "mixing_pump"
    DOSING_PUMP_NUTRIENT_A = "dosing_pump_nutrient_a"
    DOSING_PUMP_NUTRIENT_B = "dosing_pump_nutrient_b"
    DOSING_PUMP_NUTRIENT_C = "dosing_pump_nutrient_c"
    DOSING_PUMP_PH_DOWN = "dosing_pump_ph_down"
    DOSING_PUMP_PH_UP = "dosing_pump_ph_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """The facts of one role. `stale_s` is the longest age of a fresh value, `plausible` the range
    in `unit`, `resolution` the smallest change that counts as one: below it are noise and digits
    that no sensor of the kind has (design choice). Redundant sensors that lie further apart than
    `agreement` disagree (about three times what a good one errs; design choice). A value that moved
    by more than `jump` and `rate_min` a minute is doubted until it is confirmed; control goes on
    with the value before it for `hold_s`. A value that stays the same for `flat_s` while it must
    have moved is a fault. A sensor that comes back is not trusted for `warm_up_s`. `levels`: a
    switch that can also be driven to a level between off and full. `domains`
    and `classes` are hints for choosing an entity, no filter; what entities are called is in
    `naming`."""

    kind: RoleKind
    nodes: tuple[str, ...]
    unit: str = ""
    plausible: tuple[float, float] | None = None
    stale_s: float = 900.0
    resolution: float = 0.0
    agreement: float = inf
    jump: float = inf
    rate_min: float = 0.0
    hold_s: float = 0.0
    flat_s: float = inf
    warm_up_s: float = 0.0
    loop: Loop | None = None
    levels: bool = False
    domains: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    #: Whether vfarm drives it.
    is_actuator: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_actuator", self.kind in (RoleKind.SWITCH, RoleKind.DIMMER))


_NUMERIC = ("sensor", "number", "input_number")
_CONTACT = ("binary_sensor", "input_boolean")
#: A dosing pump is a switch, or a number that starts a pulse of so many seconds.
_DOSED = ("switch", "input_boolean", "number", "input_number", "valve")
_SWITCHED = (
    "switch",
    "input_boolean",
    "light",
    "fan",
    "valve",
    "cover",
    "humidifier",
    "climate",
)
#: What can be driven to a level is often a number (0-10 V) or a flap.
_LEVELLED = (*_SWITCHED, "number", "input_number")


#: How far redundant sensors may lie apart, in the role's unit.
_AGREEMENT = {"°C": 2.0, "%": 10.0, "ppm": 200.0, "mS/cm": 0.3, "pH": 0.5}


@dataclass(frozen=True, slots=True)
class _Motion:
    """How a quantity can move: see `RoleSpec`."""

    jump: float
    rate_min: float
    hold_s: float = 0.0
    flat_s: float = inf
    warm_up_s: float = 0.0


#: Rates a minute: the air of a sealed room 3 K (science.md section 6, air only), its humidity
#: 70 to 90 % in 3 min (same table); the others, what is allowed at once (a door, a draught, a hand
#: on the probe), how long control holds and how long a value may stay the same: design choice. Not
#: listed is what really jumps: light, flow, power, and a volume that a burst tank loses.
#: Infrared CO2 probes take about three minutes to warm up (MH-Z19B data sheet: preheat 3 min).
_MOTION: Mapping[Role, _Motion] = MappingProxyType(
    {
        Role.AIR_TEMPERATURE: _Motion(8.0, 3.0, hold_s=180.0, flat_s=10_800.0),
        Role.HUMIDITY: _Motion(20.0, 7.0, hold_s=180.0, flat_s=10_800.0),
        Role.CO2: _Motion(1000.0, 1000.0, flat_s=10_800.0, warm_up_s=180.0),
        Role.LEAF_TEMPERATURE: _Motion(6.0, 4.0),
        Role.SOLUTION_EC: _Motion(1.0, 0.2),
        Role.SOLUTION_PH: _Motion(2.0, 0.5),
        Role.SOLUTION_TEMPERATURE: _Motion(5.0, 1.0),
    }
)


def _moving(role: Role, facts: RoleSpec) -> RoleSpec:
    motion = _MOTION.get(role)
    if motion is None:
        return facts
    return replace(
        facts,
        jump=motion.jump,
        rate_min=motion.rate_min,
        hold_s=motion.hold_s,
        flat_s=motion.flat_s,
        warm_up_s=motion.warm_up_s,
    )


def _measure(
    nodes: str,
    unit: str,
    low: float,
    high: float,
    stale_s: float,
    resolution: float,
    classes: str = "",
) -> RoleSpec:
    return RoleSpec(
        kind=RoleKind.MEASURE,
        nodes=tuple(nodes.split()),
        unit=unit,
        plausible=(low, high),
        stale_s=stale_s,
        resolution=resolution,
        agreement=_AGREEMENT.get(unit, inf),
        domains=_NUMERIC,
        classes=tuple(classes.split()),
    )


def _contact(nodes: str, classes: str, stale_s: float = inf) -> RoleSpec:
    return RoleSpec(
        kind=RoleKind.CONTACT,
        nodes=tuple(nodes.split()),
        stale_s=stale_s,
        domains=_CONTACT,
        classes=tuple(classes.split()),
    )


def _switch(nodes: str, loop: Loop, domains: tuple[str, ...] = _SWITCHED) -> RoleSpec:
    return RoleSpec(
        kind=RoleKind.SWITCH,
        nodes=tuple(nodes.split()),
        loop=loop,
        domains=domains,
    )


def _levelled() -> RoleSpec:
    return RoleSpec(
        kind=RoleKind.SWITCH,
        nodes=("zone",),
        loop=Loop.CLIMATE,
        levels=True,
        domains=_LEVELLED,
    )


def _lamp() -> RoleSpec:
    return RoleSpec(
        kind=RoleKind.DIMMER,
        nodes=("level",),
        loop=Loop.LIGHT,
        domains=("light", "switch", "number", "input_number", "input_boolean", "fan"),
    )


_SPECS: Mapping[Role, RoleSpec] = MappingProxyType(
    {
        Role.AIR_TEMPERATURE: _measure("zone", "°C", -40, 80, 900, 0.1, "temperature"),
        Role.HUMIDITY: _measure("zone", "%", 0, 100, 900, 0.5, "humidity"),
        Role.CO2: _measure("zone", "ppm", 200, 50_000, 300, 10, "carbon_dioxide"),
        Role.LEAF_TEMPERATURE: _measure("zone level", "°C", -20, 60, 900, 0.05, "temperature"),
        Role.SURFACE_TEMPERATURE: _measure("zone level", "°C", -40, 80, 900, 0.1, "temperature"),
        Role.OUTSIDE_TEMPERATURE: _measure("farm zone", "°C", -60, 60, 3600, 0.1, "temperature"),
        Role.OUTSIDE_HUMIDITY: _measure("farm zone", "%", 0, 100, 3600, 0.5, "humidity"),
        Role.OCCUPANCY: _contact("zone", "occupancy motion presence"),
        Role.LEAK: _contact("zone reservoir", "moisture problem safety"),
        Role.SMOKE: _contact("zone", "smoke heat safety"),
        Role.DOOR: _contact("zone", "door opening window"),
        Role.PPFD: _measure("level", "μmol/m²/s", 0, 3000, 900, 5, ""),
        Role.ILLUMINANCE: _measure("level", "lx", 0, 200_000, 900, 200, "illuminance"),
        # A camera looks a few times a day: what leaves cover changes over days (design choice).
        Role.CANOPY_COVER: _measure("level", "%", 0, 100, 86_400, 0.5, ""),
        Role.SOLUTION_EC: _measure("reservoir", "mS/cm", 0, 20, 1800, 0.005, "conductivity"),
        Role.SOLUTION_PH: _measure("reservoir", "pH", 2, 12, 1800, 0.01, "ph"),
        Role.SOLUTION_TEMPERATURE: _measure("reservoir", "°C", 0, 60, 1800, 0.05, "temperature"),
        Role.DISSOLVED_OXYGEN: _measure("reservoir", "mg/L", 0, 25, 1800, 0.05),
        Role.VOLUME: _measure("reservoir", "L", 0, 100_000, 1800, 0.1, "volume_storage volume"),
        Role.LEVEL_LOW: _contact("reservoir", "problem moisture opening"),
        Role.LEVEL_HIGH: _contact("reservoir", "problem moisture opening"),
        Role.FLOW: _measure(
            "pump circuit reservoir", "L/min", 0, 10_000, 600, 0.02, "volume_flow_rate"
        ),
        Role.POWER: _measure("farm zone level pump reservoir", "W", 0, 1_000_000, 600, 1, "power"),
        # Counters of litres: what counts is how they grow, so a restart at 0 is no fault.
        Role.WATER_TOTAL: _measure(
            "pump circuit reservoir",
            "L",
            0,
            1e9,
            7200,
            0.001,
            "water volume",
        ),
        Role.PRESSURE: _measure("pump circuit", "kPa", 0, 2000, 600, 1, "pressure"),
        Role.TABLE_LEVEL: _contact("circuit", "moisture problem opening"),
        Role.SUBSTRATE_MOISTURE: _measure("circuit", "%", 0, 100, 7200, 0.2, "moisture humidity"),
        Role.SUBSTRATE_EC: _measure("circuit", "mS/cm", 0, 30, 7200, 0.01, "conductivity"),
        Role.SUBSTRATE_TEMPERATURE: _measure("circuit", "°C", -5, 50, 7200, 0.1, "temperature"),
        Role.DRAIN_EC: _measure("circuit", "mS/cm", 0, 30, 7200, 0.01, "conductivity"),
        Role.DRAIN_VOLUME: _measure("circuit", "L", 0, 1e9, 7200, 0.001, "water volume"),
        Role.ENERGY_PRICE: RoleSpec(
            kind=RoleKind.FORECAST,
            nodes=("farm",),
            stale_s=inf,
            domains=("sensor",),
        ),
        Role.FEEDBACK: _contact("zone level pump circuit reservoir", "running opening power"),
        Role.GROW_LIGHT: _lamp(),
        Role.GROW_LIGHT_WHITE: _lamp(),
        Role.GROW_LIGHT_BLUE: _lamp(),
        Role.GROW_LIGHT_RED: _lamp(),
        Role.GROW_LIGHT_FAR_RED: _lamp(),
        Role.HEATER: _levelled(),
        Role.COOLER: _levelled(),
        Role.HUMIDIFIER: _levelled(),
        Role.DEHUMIDIFIER: _levelled(),
        Role.EXHAUST_FAN: _levelled(),
        Role.CIRCULATION_FAN: _levelled(),
        Role.CO2_VALVE: _switch("zone", Loop.CO2),
        Role.IRRIGATION_PUMP: _switch("pump", Loop.IRRIGATION),
        Role.IRRIGATION_VALVE: _switch("circuit", Loop.IRRIGATION),
        Role.DRAIN_VALVE: _switch("circuit", Loop.IRRIGATION),
        Role.AIR_PUMP: _switch("reservoir", Loop.CLIMATE),
        Role.FILL_VALVE: _switch("reservoir", Loop.FILL),
        # Water in motion is irrigation's: a hold, which ends dosing, does not stop it.
        Role.MIXING_PUMP: _switch("reservoir", Loop.IRRIGATION),
        Role.DOSING_PUMP_NUTRIENT_A: _switch("reservoir", Loop.DOSING, _DOSED),
        Role.DOSING_PUMP_NUTRIENT_B: _switch("reservoir", Loop.DOSING, _DOSED),
        Role.DOSING_PUMP_NUTRIENT_C: _switch("reservoir", Loop.DOSING, _DOSED),
        Role.DOSING_PUMP_PH_DOWN: _switch("reservoir", Loop.DOSING, _DOSED),
        Role.DOSING_PUMP_PH_UP: _switch("reservoir", Loop.DOSING, _DOSED),
    }
)

SPECS: Mapping[Role, RoleSpec] = MappingProxyType(
    {role: _moving(role, facts) for role, facts in _SPECS.items()}
)


#: Pumps of the nutrient stock solutions, in the order in which they dose.
NUTRIENTS = (
    Role.DOSING_PUMP_NUTRIENT_A,
    Role.DOSING_PUMP_NUTRIENT_B,
    Role.DOSING_PUMP_NUTRIENT_C,
)
#: Every dosing pump.
DOSING = (*NUTRIENTS, Role.DOSING_PUMP_PH_DOWN, Role.DOSING_PUMP_PH_UP)
#: The probes that dosing goes by.
PROBES = (Role.SOLUTION_EC, Role.SOLUTION_PH)
#: What people calibrate besides, though nothing is dosed by it, and how often (days) it is looked
#: at if nobody says otherwise. Quantum sensors: every two years (Apogee, SQ-500 owner's manual,
#: maintenance and recalibration). Oxygen: a month, as EC and pH (design choice: Hanna, HI 4421
#: manual, asks for a week where readings are taken for analysis).
CHECKED_DAYS: Mapping[Role, float] = MappingProxyType(
    {Role.DISSOLVED_OXYGEN: 30.0, Role.PPFD: 730.0}
)
#: All that can be calibrated.
CALIBRATED = (*PROBES, *CHECKED_DAYS)
#: What a meter reports right only if it knows the temperature, or vfarm does.
COMPENSATED = (*PROBES, Role.DISSOLVED_OXYGEN)


#: The lamps whose light plants count (400-700 nm); far-red is none of them.
PAR_LAMPS = (
    Role.GROW_LIGHT,
    Role.GROW_LIGHT_WHITE,
    Role.GROW_LIGHT_BLUE,
    Role.GROW_LIGHT_RED,
)


def spec(role: Role) -> RoleSpec:
    """The facts of a role."""
    return SPECS[role]
