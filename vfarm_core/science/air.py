"""Moist air: vapour pressure, VPD, dew point, humidity in its several forms, enthalpy, mixing.

Units: temperatures °C, humidity % (over water from 0 °C up, over ice below), vapour pressures
and VPD kPa, absolute humidity g/m³, humidity ratio kg water per kg dry air, enthalpy kJ per kg
dry air. Sources: Buck Research CR-1A manual (1996) for the saturation curve, ASHRAE Handbook
Fundamentals (2017) chapter 1 for everything built on it, FAO-56 for pressure over altitude.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

from .errors import ScienceError, UnreachableError, require

STANDARD_PRESSURE_KPA = 101.325
KELVIN = 273.15

#: Beyond these the Buck curves are not fitted; at 100 °C the error is still below 0.1 %.
TEMPERATURE_LOW_C = -80.0
TEMPERATURE_HIGH_C = 100.0

_GAS_CONSTANT_J_MOL_K = 8.314462618
_WATER_G_MOL = 18.015268
_DRY_AIR_G_MOL = 28.966
_RATIO = 0.621945

#: Buck 1996: p = a exp((b - T/d) T / (c + T)), p in kPa
_WATER = (0.61121, 18.678, 257.14, 234.5)
_ICE = (0.61115, 23.036, 279.82, 333.7)


def saturation_vapour_pressure_kpa(t: float) -> float:
    """Saturation vapour pressure at `t` °C: over water, below 0 °C over ice.

    Buck (1996); within 0.05 % of IAPWS-95 from 0 to 50 °C. Raises RangeError.
    """
    if not TEMPERATURE_LOW_C <= t <= TEMPERATURE_HIGH_C:
        _require_temperature("temperature", t)
    if t >= 0.0:
        return 0.61121 * exp((18.678 - t / 234.5) * t / (257.14 + t))
    return 0.61115 * exp((23.036 - t / 333.7) * t / (279.82 + t))


def saturation_temperature_c(vapour_pressure_kpa: float) -> float:
    """Temperature °C at which this vapour pressure saturates (dew point, below 0 °C frost point).

    The exact inverse of `saturation_vapour_pressure_kpa`. Raises RangeError.
    """
    require("vapour_pressure", vapour_pressure_kpa, _LOWEST_KPA, _HIGHEST_KPA, "kPa")
    if vapour_pressure_kpa >= _WATER[0]:
        return min(_invert(vapour_pressure_kpa, _WATER), TEMPERATURE_HIGH_C)
    # The two curves miss each other by 0.06 Pa at 0 °C; what falls between them is 0 °C.
    return min(max(_invert(vapour_pressure_kpa, _ICE), TEMPERATURE_LOW_C), 0.0)


def vapour_pressure_kpa(t: float, rh: float) -> float:
    """Vapour pressure of air at `t` °C and `rh` %. Raises RangeError."""
    _require_humidity(rh)
    return saturation_vapour_pressure_kpa(t) * rh / 100.0


def vpd_air_kpa(t: float, rh: float) -> float:
    """Vapour pressure deficit of the air at `t` °C and `rh` %. Raises RangeError."""
    _require_humidity(rh)
    return saturation_vapour_pressure_kpa(t) * (1.0 - rh / 100.0)


def vpd_leaf_kpa(t_air: float, rh: float, t_leaf: float) -> float:
    """Vapour pressure deficit between leaf and air; negative when dew forms on the leaf.

    `t_air`, `t_leaf` °C, `rh` %. There is no default offset of the leaf: measure it or take it
    from `canopy.canopy_balance`. Raises RangeError.
    """
    _require_temperature("leaf_temperature", t_leaf)
    return saturation_vapour_pressure_kpa(t_leaf) - vapour_pressure_kpa(t_air, rh)


def relative_humidity_pct(t: float, vapour_pressure_kpa: float) -> float:
    """Relative humidity % of air at `t` °C; above 100 means water condenses. Raises RangeError."""
    require("vapour_pressure", vapour_pressure_kpa, 0.0, _HIGHEST_KPA, "kPa")
    return 100.0 * vapour_pressure_kpa / saturation_vapour_pressure_kpa(t)


def dew_point_c(t: float, rh: float) -> float:
    """Dew point °C (frost point below 0 °C) of air at `t` °C and `rh` % > 0. Raises RangeError."""
    pressure = vapour_pressure_kpa(t, rh)
    if pressure < _LOWEST_KPA:
        raise ScienceError("humidity", rh, f"air with a dew point above {TEMPERATURE_LOW_C:g} °C")
    return min(saturation_temperature_c(pressure), t)


def absolute_humidity_g_m3(t: float, rh: float) -> float:
    """Water vapour g per m³ of air at `t` °C and `rh` %, ideal gas. Raises RangeError."""
    return vapour_pressure_kpa(t, rh) * _g_m3_per_kpa(t)


def relative_humidity_from_absolute_pct(t: float, g_m3: float) -> float:
    """Relative humidity % of air at `t` °C that holds `g_m3` g of water per m³.

    Above 100 means water condenses. Raises RangeError.
    """
    require("absolute_humidity", g_m3, 0.0, 600.0, "g/m³")
    return 100.0 * g_m3 / (_g_m3_per_kpa(t) * saturation_vapour_pressure_kpa(t))


def humidity_ratio(t: float, rh: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Humidity ratio, kg water per kg dry air, at `t` °C and `rh` %. Raises RangeError."""
    return _ratio(vapour_pressure_kpa(t, rh), pressure_kpa)


def relative_humidity_from_ratio_pct(
    t: float, ratio: float, pressure_kpa: float = STANDARD_PRESSURE_KPA
) -> float:
    """Relative humidity % at `t` °C of air with this humidity ratio kg/kg.

    Above 100 means water condenses. Raises RangeError.
    """
    require("humidity_ratio", ratio, 0.0, 10.0, "kg/kg")
    _require_pressure(pressure_kpa)
    return 100.0 * pressure_kpa * ratio / (_RATIO + ratio) / saturation_vapour_pressure_kpa(t)


def enthalpy_kj_kg(t: float, rh: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Enthalpy of moist air, kJ per kg dry air, zero for dry air at 0 °C. Raises RangeError."""
    return _enthalpy(t, humidity_ratio(t, rh, pressure_kpa))


def density_kg_m3(t: float, rh: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Density of moist air, kg per m³, ideal gas. Raises RangeError."""
    vapour = vapour_pressure_kpa(t, rh)
    _require_below_pressure(vapour, pressure_kpa)
    mass = (pressure_kpa - vapour) * _DRY_AIR_G_MOL + vapour * _WATER_G_MOL
    return mass / (_GAS_CONSTANT_J_MOL_K * (t + KELVIN))


def humidity_ratio_from_wet_bulb(
    t: float, wet_bulb: float, pressure_kpa: float = STANDARD_PRESSURE_KPA
) -> float:
    """Humidity ratio kg/kg from dry and wet bulb °C (ASHRAE 2017 ch. 1 eq. 33 and 35).

    Raises RangeError; UnreachableError for a wet bulb no air can have at `t`.
    """
    _require_temperature("wet_bulb", wet_bulb)
    if wet_bulb > t:
        raise UnreachableError("wet_bulb", wet_bulb, f"at most the air temperature, {t:g} °C")
    ratio = _wet_bulb_ratio(t, wet_bulb, pressure_kpa)
    if ratio < 0.0:
        raise UnreachableError("wet_bulb", wet_bulb, f"a wet bulb that air of {t:g} °C can have")
    return ratio


def wet_bulb_c(t: float, rh: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Thermodynamic wet bulb °C of air at `t` °C and `rh` %, to 1e-6 K. Raises RangeError."""
    wanted = humidity_ratio(t, rh, pressure_kpa)
    low, high = TEMPERATURE_LOW_C, t
    # Ice takes more heat than water, so the curve steps at 0 °C; a search never crosses it.
    if t >= 0.0:
        if wanted >= _wet_bulb_ratio(t, 0.0, pressure_kpa):
            low = 0.0
        else:
            high = -1e-9
    while high - low > 1e-7:
        middle = (low + high) / 2.0
        if _wet_bulb_ratio(t, middle, pressure_kpa) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AirState:
    """Air by `temperature_c` °C and `humidity_ratio` kg water per kg dry air."""

    temperature_c: float
    humidity_ratio: float


def air_state(t: float, rh: float, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> AirState:
    """The state of air at `t` °C and `rh` %. Raises RangeError."""
    return AirState(temperature_c=t, humidity_ratio=humidity_ratio(t, rh, pressure_kpa))


def mix(a: AirState, dry_mass_a_kg: float, b: AirState, dry_mass_b_kg: float) -> AirState:
    """Adiabatic mixture of two airs by dry mass; water and enthalpy are conserved.

    The mixture of two moist airs can be fog: ask `relative_humidity_from_ratio_pct`. Raises
    RangeError.
    """
    require("dry_mass_a", dry_mass_a_kg, 0.0, 1e9, "kg")
    require("dry_mass_b", dry_mass_b_kg, 0.0, 1e9, "kg")
    total = dry_mass_a_kg + dry_mass_b_kg
    if total == 0.0:
        raise ScienceError("dry_mass", 0.0, "some air on at least one side")
    share = dry_mass_a_kg / total
    ratio = share * a.humidity_ratio + (1.0 - share) * b.humidity_ratio
    heat = share * _enthalpy(a.temperature_c, a.humidity_ratio) + (1.0 - share) * _enthalpy(
        b.temperature_c, b.humidity_ratio
    )
    return AirState(
        temperature_c=(heat - 2501.0 * ratio) / (1.006 + 1.86 * ratio), humidity_ratio=ratio
    )


def vpd_range_kpa(
    t: float, humidity_low: float = 0.0, humidity_high: float = 100.0
) -> tuple[float, float]:
    """The lowest and highest VPD of air at `t` °C while humidity stays in these % limits.

    Raises RangeError.
    """
    _require_humidity(humidity_low)
    require("humidity_high", humidity_high, humidity_low, 100.0, "%")
    return vpd_air_kpa(t, humidity_high), vpd_air_kpa(t, humidity_low)


def humidity_for_vpd_pct(t: float, vpd: float) -> float:
    """Relative humidity % that gives this air VPD at `t` °C.

    Raises UnreachableError when no humidity does, RangeError for other nonsense.
    """
    highest = saturation_vapour_pressure_kpa(t)
    if not 0.0 <= vpd <= highest:
        raise UnreachableError("vpd", vpd, f"0 … {highest:.3f} kPa at {t:g} °C")
    return 100.0 * (1.0 - vpd / highest)


def temperature_for_vpd_c(rh: float, vpd: float) -> float:
    """Air temperature °C at which `rh` % gives this air VPD.

    Raises UnreachableError when no temperature in range does, RangeError for other nonsense.
    """
    _require_humidity(rh)
    dryness = 1.0 - rh / 100.0
    low, high = _LOWEST_KPA * dryness, _HIGHEST_KPA * dryness
    if dryness <= 0.0 or not low <= vpd <= high:
        raise UnreachableError("vpd", vpd, f"{low:.3g} … {high:.3g} kPa at {rh:g} %")
    return saturation_temperature_c(min(max(vpd / dryness, _LOWEST_KPA), _HIGHEST_KPA))


def pressure_at_altitude_kpa(altitude_m: float) -> float:
    """Mean air pressure kPa at an altitude in m (FAO-56 equation 7). Raises RangeError."""
    require("altitude", altitude_m, -500.0, 9000.0, "m")
    return float(101.3 * ((293.0 - 0.0065 * altitude_m) / 293.0) ** 5.26)


def _invert(pressure_kpa: float, curve: tuple[float, float, float, float]) -> float:
    a, b, c, d = curve
    g = log(pressure_kpa / a)
    half = b - g
    # The usual root formula loses digits near 0 °C; this form does not.
    return 2.0 * g * c / (half + sqrt(half * half - 4.0 * g * c / d))


def _g_m3_per_kpa(t: float) -> float:
    return 1000.0 * _WATER_G_MOL / (_GAS_CONSTANT_J_MOL_K * (t + KELVIN))


def _ratio(vapour_kpa: float, pressure_kpa: float) -> float:
    _require_below_pressure(vapour_kpa, pressure_kpa)
    return _RATIO * vapour_kpa / (pressure_kpa - vapour_kpa)


def _enthalpy(t: float, ratio: float) -> float:
    return 1.006 * t + ratio * (2501.0 + 1.86 * t)


def _wet_bulb_ratio(t: float, wet_bulb: float, pressure_kpa: float) -> float:
    saturated = _ratio(saturation_vapour_pressure_kpa(wet_bulb), pressure_kpa)
    fall = 1.006 * (t - wet_bulb)
    if wet_bulb >= 0.0:
        return ((2501.0 - 2.326 * wet_bulb) * saturated - fall) / (
            2501.0 + 1.86 * t - 4.186 * wet_bulb
        )
    return ((2830.0 - 0.24 * wet_bulb) * saturated - fall) / (2830.0 + 1.86 * t - 2.1 * wet_bulb)


def _require_temperature(argument: str, value: float) -> None:
    require(argument, value, TEMPERATURE_LOW_C, TEMPERATURE_HIGH_C, "°C")


def _require_humidity(rh: float) -> None:
    if not 0.0 <= rh <= 100.0:
        require("humidity", rh, 0.0, 100.0, "%")


def _require_pressure(pressure_kpa: float) -> None:
    require("pressure", pressure_kpa, 20.0, 120.0, "kPa")


def _require_below_pressure(vapour_kpa: float, pressure_kpa: float) -> None:
    _require_pressure(pressure_kpa)
    if vapour_kpa >= pressure_kpa:
        raise UnreachableError(
            "pressure", pressure_kpa, f"above the vapour pressure, {vapour_kpa:.3f} kPa"
        )


_LOWEST_KPA = saturation_vapour_pressure_kpa(TEMPERATURE_LOW_C)
_HIGHEST_KPA = saturation_vapour_pressure_kpa(TEMPERATURE_HIGH_C)
