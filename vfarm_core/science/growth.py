"""Growth of crops without a mechanistic model: light use, thermal time, and how sure it is.

Light use: Goudriaan & Monteith (1990) Annals of Botany 66:695-701 (expolinear growth) after
Monteith (1977); cardinal temperatures by crop are data elsewhere. Shoot dry mass g/m², photons
mol/m², temperatures °C, thermal time °C d. Net of respiration: the light use efficiency is that
of whole days, nights included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp2, expm1, inf, log, log1p, sqrt

from .errors import require

_DAY_S = 86400.0
_NO_PLANTS_G_M2 = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the limits it probably lies in."""

    low: float
    mid: float
    high: float


#: Shoot dry mass per mol of photons *incident* over a whole cycle, g/mol: range of indoor leafy
#: crops, mid as the geometric mean (confidence D). Learn it from own batches.
LUE_INCIDENT_PRIOR = Interval(0.3, sqrt(0.3 * 1.0), 1.0)

#: Dry matter of leafy crops, part of fresh mass (confidence D).
DRY_MATTER_PRIOR = Interval(0.04, 0.05, 0.06)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthParameters:
    """What the light-use model needs to know of a crop."""

    lue_g_mol: Interval
    """Shoot dry mass per mol of photons *intercepted* at optimum, g/mol."""
    leaf_area_m2_g: float
    """Leaf area per shoot dry mass, m²/g."""
    extinction: float
    """Extinction of light in the canopy."""
    t_base_c: float
    """No growth at or below."""
    t_optimum_low_c: float
    """Full growth from here …"""
    t_optimum_high_c: float
    """… to here."""
    t_ceiling_c: float
    """No growth at or above."""
    co2_reference_ppm: float
    """CO2 at which the light use efficiency holds."""


def intercepted_share(lai: float, extinction: float) -> float:
    """Share of the light that a canopy intercepts (Monsi & Saeki 1953). Raises RangeError."""
    require("lai", lai, 0.0, 50.0, "m²/m²")
    require("extinction", extinction, 0.01, 2.0)
    return -expm1(-extinction * lai)


def lue_intercepted_g_mol(lue_incident_g_mol: float, mean_share: float) -> float:
    """Light use efficiency per intercepted mol from that per incident mol of a whole cycle.

    `mean_share` is the part of the cycle's light that was intercepted. Raises RangeError.
    """
    require("lue", lue_incident_g_mol, 0.0, 5.0, "g/mol")
    require("mean_share", mean_share, 0.01, 1.0)
    return lue_incident_g_mol / mean_share


def temperature_response(
    t: float, base: float, optimum_low: float, optimum_high: float, ceiling: float
) -> float:
    """Growth relative to the optimum, 0 … 1: a trapezoid over four cardinal temperatures.

    Raises RangeError when the four are out of order.
    """
    _require_temperature(t)
    _require_temperature(base)
    require("optimum_low", optimum_low, base, 100.0, "°C")
    require("optimum_high", optimum_high, optimum_low, 100.0, "°C")
    require("ceiling", ceiling, optimum_high, 100.0, "°C")
    if optimum_low <= t <= optimum_high:
        return 1.0
    if t <= base or t >= ceiling:
        return 0.0
    if t < optimum_low:
        return (t - base) / (optimum_low - base)
    return (ceiling - t) / (ceiling - optimum_high)


def co2_response(co2_ppm: float, t: float, reference_ppm: float) -> float:
    """Light use relative to that at `reference_ppm`, by light-limited photosynthesis.

    (C - Γ)/(C + 2Γ) with Γ = 40 ppm at 20 °C doubling per 10 K, as in van Henten (1994) after
    Goudriaan et al. (1985). Zero at or below the compensation point. Raises RangeError.
    """
    _require_temperature(t)
    compensation = 40.0 * exp2((t - 20.0) / 10.0)
    require("co2", co2_ppm, 0.0, 1e6, "ppm")
    require("co2_reference", reference_ppm, 100.0, 1e5, "ppm")

    def light_use(ppm: float) -> float:
        return max(ppm - compensation, 0.0) / (ppm + 2.0 * compensation)

    # Above 33 °C the compensation point passes 100 ppm, so the reference itself may use no light.
    reference = light_use(reference_ppm)
    return light_use(co2_ppm) / reference if reference > 0.0 else 0.0


def expolinear_mass_g_m2(
    mass_g_m2: float, photons_mol_m2: float, lue_g_mol: float, absorption_m2_g: float
) -> float:
    """Shoot dry mass after this light, from a mass now, g/m².

    Solves dW = lue (1 - exp(-absorption W)) dM exactly: exponential while the canopy is open,
    linear once it has closed; cutting the light in pieces changes nothing. `absorption_m2_g` is
    extinction times leaf area per g. Raises RangeError.
    """
    _require_mass(mass_g_m2)
    require("photons", photons_mol_m2, 0.0, 1e5, "mol/m²")
    require("lue", lue_g_mol, 0.0, 5.0, "g/mol")
    require("absorption", absorption_m2_g, 1e-6, 1.0, "m²/g")
    if mass_g_m2 < _NO_PLANTS_G_M2:
        return mass_g_m2
    gain = lue_g_mol * photons_mol_m2
    # The textbook form, ln(1 + (e^aW - 1) e^ag) / a, overflows for a closed canopy.
    seen = -expm1(-absorption_m2_g * mass_g_m2)
    fade = expm1(-absorption_m2_g * gain)
    missed = (1.0 - seen) * fade
    # Each of the two keeps digits where the other loses them.
    shaded = log1p(missed) if missed > -0.5 else log(seen + (1.0 - seen) * (1.0 + fade))
    return mass_g_m2 + max(gain + shaded / absorption_m2_g, 0.0)


def advance_mass_g_m2(
    mass_g_m2: float,
    photons_mol_m2: float,
    t: float,
    co2_ppm: float,
    parameters: GrowthParameters,
    lue_g_mol: float | None = None,
) -> float:
    """Shoot dry mass g/m² after light at `t` °C and `co2_ppm`.

    `lue_g_mol` replaces the mid value of the parameters. Raises RangeError.
    """
    p = parameters
    lue = p.lue_g_mol.mid if lue_g_mol is None else lue_g_mol
    response = temperature_response(
        t, p.t_base_c, p.t_optimum_low_c, p.t_optimum_high_c, p.t_ceiling_c
    ) * co2_response(co2_ppm, t, p.co2_reference_ppm)
    return expolinear_mass_g_m2(
        mass_g_m2, photons_mol_m2, lue * response, p.extinction * p.leaf_area_m2_g
    )


def forecast_mass_g_m2(
    mass_g_m2: float,
    photons_mol_m2: float,
    t: float,
    co2_ppm: float,
    parameters: GrowthParameters,
) -> Interval:
    """Shoot dry mass after light, with what the uncertainty of the light use makes of it.

    Raises RangeError.
    """
    low, mid, high = (
        advance_mass_g_m2(mass_g_m2, photons_mol_m2, t, co2_ppm, parameters, lue)
        for lue in (
            parameters.lue_g_mol.low,
            parameters.lue_g_mol.mid,
            parameters.lue_g_mol.high,
        )
    )
    return Interval(low, mid, high)


def cycle_fresh_mass_g_m2(
    incident_mol_m2: float,
    lue: Interval = LUE_INCIDENT_PRIOR,
    dry_matter_fraction: Interval = DRY_MATTER_PRIOR,
) -> Interval:
    """Fresh mass of a whole cycle from its incident light alone, g/m². Raises RangeError."""
    require("photons", incident_mol_m2, 0.0, 1e5, "mol/m²")
    for fraction in (dry_matter_fraction.low, dry_matter_fraction.mid, dry_matter_fraction.high):
        require("dry_matter_fraction", fraction, 0.005, 1.0)
    return Interval(
        incident_mol_m2 * lue.low / dry_matter_fraction.high,
        incident_mol_m2 * lue.mid / dry_matter_fraction.mid,
        incident_mol_m2 * lue.high / dry_matter_fraction.low,
    )


def thermal_time_c_d(t: float, seconds: float, base: float, cap: float = inf) -> float:
    """Thermal time of `seconds` at `t` °C, °C d.

    The temperature is capped, then the base taken off. Raises RangeError.
    """
    _require_temperature(t)
    require("seconds", seconds, 0.0, 366 * _DAY_S, "s")
    _require_cap(base, cap)
    return max(min(t, cap) - base, 0.0) * seconds / _DAY_S


def growing_degree_days(
    hourly_temperatures: Iterable[float], base: float, cap: float = inf
) -> float:
    """Growing degree days of hourly mean temperatures, °C d.

    Each hour is capped, then the base taken off, before anything is averaged. Raises RangeError.
    """
    return sum(thermal_time_c_d(t, 3600.0, base, cap) for t in hourly_temperatures)


def growing_degree_days_daily(t_max: float, t_min: float, base: float, cap: float = inf) -> float:
    """Growing degree days of one day from its extremes, °C d; only where hours are unknown.

    The extremes are capped before they are averaged, so 34/22 °C with base 4 and cap 28 gives 21
    (a cap on the mean would give 24). Raises RangeError.
    """
    _require_temperature(t_max)
    require("t_min", t_min, -80.0, t_max, "°C")
    _require_cap(base, cap)
    return max((min(t_max, cap) + min(t_min, cap)) / 2.0 - base, 0.0)


def phase_progress(accumulated: float, needed: float) -> float:
    """Share of a phase that is done by thermal time or by light, 0 … 1. Raises RangeError."""
    require("accumulated", accumulated, 0.0, 1e6)
    require("needed", needed, 1e-6, 1e6)
    return min(accumulated / needed, 1.0)


def days_lost(deficit_mol_m2: float, mean_dli: float) -> float:
    """Days that a deficit of light costs at this mean DLI. Raises RangeError."""
    require("deficit", deficit_mol_m2, 0.0, 1e5, "mol/m²")
    require("dli", mean_dli, 1e-3, 432.0, "mol/m²/d")
    return deficit_mol_m2 / mean_dli


def harvest_uncertainty_days(progress: float) -> float:
    """Half width of a harvest date: 3 d until half of the cycle, 1 d in its last fifth.

    Linear between (confidence D). Raises RangeError.
    """
    return _narrowing(progress, 3.0, 1.0)


def yield_uncertainty(progress: float) -> float:
    """Half width of a yield, as a share: 0.25 until half of the cycle, 0.10 in its last fifth.

    Linear between (confidence D). Raises RangeError.
    """
    return _narrowing(progress, 0.25, 0.10)


def _narrowing(progress: float, wide: float, narrow: float) -> float:
    require("progress", progress, 0.0, 1.0)
    share = min(max((progress - 0.5) / 0.3, 0.0), 1.0)
    return wide + share * (narrow - wide)


def _require_temperature(t: float) -> None:
    require("temperature", t, -80.0, 100.0, "°C")


def _require_cap(base: float, cap: float) -> None:
    require("base", base, -80.0, 100.0, "°C")
    require("cap", cap, base, inf, "°C")


def _require_mass(mass_g_m2: float) -> None:
    require("mass", mass_g_m2, 0.0, 1e5, "g/m²")
