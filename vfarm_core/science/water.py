"""Water and what is dissolved in it: EC at 25 °C and its scales, CO2 density, oxygen saturation.

Units: EC mS/cm at 25 °C unless said otherwise, temperatures °C, pressures kPa.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import exp
from types import MappingProxyType

from .errors import ScienceError, require

STANDARD_PRESSURE_KPA = 101.325
EC_HIGH_MS_CM = 200.0

_KELVIN = 273.15
_GAS_CONSTANT_J_MOL_K = 8.314462618
_CO2_G_MOL = 44.0095
_NEUTRAL = 7.0
#: Temperatures (°C) of water whose balance with air is known.
OXYGEN_T = (0.0, 40.0)


class EcUnit(StrEnum):
    """Scales of conductivity. The three ppm scales are conventions of meter makers."""

    MS_CM = "mS/cm"
    US_CM = "µS/cm"
    DS_M = "dS/m"
    CF = "CF"
    PPM500 = "ppm500"
    PPM640 = "ppm640"
    PPM700 = "ppm700"


#: how many of the unit are 1 mS/cm
PER_MS_CM: Mapping[EcUnit, float] = MappingProxyType(
    {
        EcUnit.MS_CM: 1.0,
        EcUnit.US_CM: 1000.0,
        EcUnit.DS_M: 1.0,
        EcUnit.CF: 10.0,
        EcUnit.PPM500: 500.0,
        EcUnit.PPM640: 640.0,
        EcUnit.PPM700: 700.0,
    }
)


def ec_at_25(ec: float, t: float, alpha: float = 0.02, already_at_25: bool = False) -> float:
    """EC mS/cm referred to 25 °C of a solution measured at `t` °C.

    `alpha` per K: 0.02 is usual, 0.0194 follows from the ions of Hoagland solution (McCleskey
    2012). Most probes compensate themselves: `already_at_25` then returns the value as it is.
    Raises RangeError.
    """
    _require_ec(ec)
    if already_at_25:
        return ec
    return ec / _ec_slope(t, alpha)


def ec_at_temperature(ec_25: float, t: float, alpha: float = 0.02) -> float:
    """What an uncompensated probe shows, mS/cm, in a solution of this EC at `t` °C.

    Raises RangeError.
    """
    _require_ec(ec_25)
    return ec_25 * _ec_slope(t, alpha)


def ec_from(value: float, unit: EcUnit) -> float:
    """`value` on this scale as mS/cm. Raises RangeError."""
    per = PER_MS_CM[unit]
    require("ec", value, 0.0, EC_HIGH_MS_CM * per, unit.value)
    return value / per


def ec_to(ec: float, unit: EcUnit) -> float:
    """EC mS/cm on this scale; for display only. Raises RangeError."""
    _require_ec(ec)
    return ec * PER_MS_CM[unit]


def mix_ec(parts: Iterable[tuple[float, float]]) -> float:
    """EC mS/cm of a mixture of (volume, EC) parts, linear in volume.

    Raises RangeError; ScienceError for no volume at all.
    """
    volume = 0.0
    salt = 0.0
    for part_volume, ec in parts:
        require("volume", part_volume, 0.0, 1e9, "L")
        _require_ec(ec)
        volume += part_volume
        salt += part_volume * ec
    if volume == 0.0:
        raise ScienceError("volume", volume, "at least one part with a volume above zero")
    return salt / volume


def co2_g_m3(ppm: float, t: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """CO2 g/m³ of `ppm` by volume at `t` °C, ideal gas. Raises RangeError."""
    require("co2", ppm, 0.0, 1e6, "ppm")
    return ppm * _co2_g_m3_per_ppm(t, pressure_kpa)


def co2_ppm(g_m3: float, t: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """CO2 ppm by volume of `g_m3` g/m³ at `t` °C, ideal gas. Raises RangeError."""
    require("co2", g_m3, 0.0, 3000.0, "g/m³")
    return g_m3 / _co2_g_m3_per_ppm(t, pressure_kpa)


def oxygen_saturation_mg_l(t: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Dissolved oxygen mg/L of fresh water at `t` °C in balance with moist air.

    Benson & Krause (1984) as in APHA Standard Methods 4500-O and USGS memo 2011.03, with their
    pressure correction; valid 0 … 40 °C and 50.66 … 111.5 kPa. Raises RangeError.
    """
    require("water_temperature", t, *OXYGEN_T, "°C")
    require("pressure", pressure_kpa, 50.66, 111.5, "kPa")
    k = t + _KELVIN
    at_one_atmosphere = exp(
        -139.34411 + 1.575701e5 / k - 6.642308e7 / k**2 + 1.243800e10 / k**3 - 8.621949e11 / k**4
    )
    p = pressure_kpa / STANDARD_PRESSURE_KPA
    vapour = exp(11.8571 - 3840.70 / k - 216961.0 / k**2)
    theta = 0.000975 - 1.426e-5 * t + 6.436e-8 * t**2
    correction = (p - vapour) * (1.0 - theta * p) / ((1.0 - vapour) * (1.0 - theta))
    return at_one_atmosphere * correction


def ph_of_slope(shown: float, t: float, assumed: float = 25.0) -> float:
    """pH of a solution at `t` °C in which a meter that takes its electrode for one at `assumed` °C
    shows `shown`.

    Nernst: the slope of an electrode is R·T·ln 10/F, and pH 7 gives no voltage at any temperature
    (the isopotential point of an ideal electrode). Raises RangeError.
    """
    require("water_temperature", t, 0.0, 100.0, "°C")
    return _NEUTRAL + (shown - _NEUTRAL) * (assumed + _KELVIN) / (t + _KELVIN)


def ph_shown_by_slope(ph: float, t: float, assumed: float = 25.0) -> float:
    """What a meter shows that takes its electrode for one at `assumed` °C, in a solution of this pH
    at `t` °C: the other way round. Raises RangeError."""
    require("water_temperature", t, 0.0, 100.0, "°C")
    return _NEUTRAL + (ph - _NEUTRAL) * (t + _KELVIN) / (assumed + _KELVIN)


def oxygen_of_pressure(shown: float, t: float, assumed: float = 20.0) -> float:
    """Oxygen mg/L in water at `t` °C in which a meter that takes it for water of `assumed` °C shows
    `shown` mg/L.

    An electrode answers to the pressure of oxygen; how many mg/L that are is the solubility at the
    temperature (Atlas Scientific, EZO-DO: 20 °C unless it is told another one). What the membrane
    itself does with temperature is the probe's. Raises RangeError.
    """
    return shown * oxygen_saturation_mg_l(t) / oxygen_saturation_mg_l(assumed)


def oxygen_shown_by_pressure(mg_l: float, t: float, assumed: float = 20.0) -> float:
    """What a meter shows that takes water at `t` °C for one of `assumed` °C: the other way round.
    Raises RangeError."""
    return mg_l * oxygen_saturation_mg_l(assumed) / oxygen_saturation_mg_l(t)


def _ec_slope(t: float, alpha: float) -> float:
    require("water_temperature", t, 0.0, 60.0, "°C")
    require("alpha", alpha, 0.0, 0.03, "1/K")
    return 1.0 + alpha * (t - 25.0)


def _co2_g_m3_per_ppm(t: float, pressure_kpa: float) -> float:
    require("temperature", t, -80.0, 100.0, "°C")
    require("pressure", pressure_kpa, 20.0, 120.0, "kPa")
    return pressure_kpa * 1e-3 * _CO2_G_MOL / (_GAS_CONSTANT_J_MOL_K * (t + _KELVIN))


def _require_ec(ec: float) -> None:
    require("ec", ec, 0.0, EC_HIGH_MS_CM, "mS/cm")
