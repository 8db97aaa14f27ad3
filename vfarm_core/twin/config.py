"""What the twin needs to know of a place beyond the farm's own data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import pi, sin

from ..farm.nodes import Farm
from ..farm.roles import Role
from ..science.air import absolute_humidity_g_m3
from ..science.water import co2_g_m3
from .air import EquipmentParameters, Outside, RoomParameters
from .faults import Fault
from .water import ReservoirParameters

_DAY_S = 86400.0
_YEAR_S = 365.2425 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdoorClimate:
    """The weather around the building as sine waves: mean, yearly and daily half-swing (°C), and
    mean humidity (%). Defaults: a temperate city [D]. Warmest in late July and at 15 h UTC."""

    mean_c: float = 11.0
    yearly_k: float = 9.0
    daily_k: float = 4.0
    humidity_pct: float = 75.0
    co2_ppm: float = 420.0

    def at(self, when: float) -> Outside:
        """The air outside at a farm time."""
        year = sin(2 * pi * (when / _YEAR_S - 0.31))
        day = sin(2 * pi * (when / _DAY_S - 0.375))
        t = self.mean_c + self.yearly_k * year + self.daily_k * day
        # The vapour of the day's mean: air does not get moister by warming up.
        vapour = absolute_humidity_g_m3(self.mean_c + self.yearly_k * year, self.humidity_pct)
        return Outside(temperature_c=t, vapour_g_m3=vapour, co2_g_m3=co2_g_m3(self.co2_ppm, t))


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneConfig:
    """One zone: None takes a room and equipment of ordinary size for its lamps and levels.
    Start values: an unheated insulated room."""

    room: RoomParameters | None = None
    equipment: EquipmentParameters | None = None
    temperature_c: float = 20.0
    humidity_pct: float = 65.0
    co2_ppm: float = 450.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinConfig:
    """The simulated place. `seed` sets every sensor's noise; `step_s` is the step of the physics;
    `plants_s` how often plants are looked at between changes of light; `uptake_ec` is the
    strength (mS/cm) at which plants take up nutrients with water, near that of a balanced feed [D].
    """

    seed: int = 1
    outdoor: OutdoorClimate = field(default_factory=OutdoorClimate)
    zones: Mapping[str, ZoneConfig] = field(default_factory=dict)
    reservoirs: Mapping[str, ReservoirParameters] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    step_s: float = 60.0
    plants_s: float = 300.0
    uptake_ec: float = 1.2


#: Height of an ordinary grow room, m, when only its volume is known [D].
_HEIGHT_M = 2.8


def room_of(farm: Farm, zone: str) -> RoomParameters:
    """A room of the zone's volume and ordinary height."""
    volume = next(z.volume_m3 for z in farm.zones if z.id == zone)
    return RoomParameters(volume_m3=volume, floor_m2=volume / _HEIGHT_M)


def equipment_of(farm: Farm, zone: str) -> EquipmentParameters:
    """Equipment sized as a planner would for the zone's lamps and cultivated area.

    Per m² cultivated: drying 0.12 kg/h at the rating is 0.18 at 24 °C and 65 %, which with what the
    cooler condenses covers a closed canopy at 200-250 µmol/m²/s (0.11-0.19 L/m²/h in
    graamans_energy_balance_reference.csv); heating 100 W covers the canopy's evaporative cooling
    in the dark (61 W) and the envelope; humidifying 0.05 kg/h for young plants; CO2 6 g/h is
    several times the uptake at 250 µmol/m²/s (1.1 g/m²/h, science.md 1.5). Cooling is 1.3 times
    the lamps and 20 W: they and the dryer's heat. More would switch too often.
    """
    levels = farm.levels_of_zone[zone]
    area = sum(level.area_m2 for level in levels)
    lamps_w = sum(level.fixture.power_w for level in levels if level.fixture)
    volume = next(z.volume_m3 for z in farm.zones if z.id == zone)
    sizes = {
        Role.HEATER: ("heater_w", 100.0 * area),
        Role.COOLER: ("cooler_w", 1.3 * lamps_w + 20.0 * area),
        Role.DEHUMIDIFIER: ("dehumidifier_kg_h", 0.12 * area),
        Role.HUMIDIFIER: ("humidifier_kg_h", 0.05 * area),
        Role.EXHAUST_FAN: ("exhaust_m3_h", 20.0 * volume),
        Role.CIRCULATION_FAN: ("circulation_w", 4.0 * area),
        Role.CO2_VALVE: ("co2_g_h", 6.0 * area),
    }
    bound = {name: size for role, (name, size) in sizes.items() if farm.of(zone, role)}
    if "exhaust_m3_h" in bound:
        # A duct fan moves about 15 m³/h per W [D].
        bound["exhaust_w"] = bound["exhaust_m3_h"] / 15.0
    return EquipmentParameters(**bound)
