"""Energy balance of a canopy under lamps: leaf temperature, heat and transpiration.

Graamans, van den Dobbelsteen, Meinen & Stanghellini (2017) Agricultural Systems 153:138-147,
with the resistances and the linear cover read in the TRNSYS types of the ETS Montréal. All
fluxes W per m² cultivated.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from .air import KELVIN, TEMPERATURE_HIGH_C, TEMPERATURE_LOW_C, absolute_humidity_g_m3
from .errors import UnreachableError, require

#: Aerodynamic resistance with forced circulation, s/m; 200 in still air.
R_A_FORCED_S_M = 100.0
R_A_STILL_S_M = 200.0

_REFLECTION = 0.05
_AIR_KG_M3 = 1.2
_AIR_J_KG_K = 1006.0
_G_M3_PER_KPA_K = 1000.0 * 18.015268 / 8.314462618
_CLOSE_K = 1e-7


@dataclass(frozen=True, slots=True)
class CanopyBalance:
    """Where the light that a canopy absorbs goes."""

    leaf_temperature_c: float
    """Temperature of the transpiring surface, °C."""
    net_radiation_w_m2: float
    """PAR absorbed."""
    sensible_w_m2: float
    """Heat to the air; negative when the canopy cools it."""
    latent_w_m2: float
    """Heat carried off as vapour; negative when dew forms."""
    transpiration_l_m2_h: float
    """Water given to the air, L/m²/h; negative when dew forms."""


def stomatal_resistance_s_m(ppfd: float) -> float:
    """Surface resistance of lettuce, s/m: 450 in the dark, 255 at 200 µmol/m²/s.

    Raises RangeError.
    """
    require("ppfd", ppfd, 0.0, 5000.0, "µmol/m²/s")
    return 60.0 * (1500.0 + ppfd) / (200.0 + ppfd)


def canopy_cover(lai: float) -> float:
    """Share of the cultivated area that leaves cover. Raises RangeError."""
    require("lai", lai, 0.0, 50.0, "m²/m²")
    return min(0.95, 0.3874 * lai)


def canopy_balance(
    ppfd: float,
    par_w_m2: float,
    t_air: float,
    rh: float,
    lai: float,
    r_a: float = R_A_FORCED_S_M,
) -> CanopyBalance:
    """The balance of a canopy under `ppfd` µmol/m²/s that carries `par_w_m2` W/m² of PAR.

    Air of `t_air` °C and `rh` %, leaf area index `lai`, aerodynamic resistance `r_a` s/m. Without
    leaves nothing is exchanged and the leaf temperature is that of the air. Raises RangeError;
    UnreachableError when no leaf temperature below 100 °C balances.
    """
    r_s = stomatal_resistance_s_m(ppfd)
    cover = canopy_cover(lai)
    require("par", par_w_m2, 0.0, 1500.0, "W/m²")
    require("aerodynamic_resistance", r_a, 1.0, 2000.0, "s/m")
    vapour = absolute_humidity_g_m3(t_air, rh)
    radiation = (1.0 - _REFLECTION) * par_w_m2 * cover
    if lai == 0.0:
        return CanopyBalance(t_air, 0.0, 0.0, 0.0, 0.0)
    heat = lai * _AIR_KG_M3 * _AIR_J_KG_K / r_a
    water = lai / (r_s + r_a)
    leaf = _leaf_temperature(radiation, heat, water, t_air, vapour)
    sensible = heat * (leaf - t_air)
    latent = radiation - sensible
    return CanopyBalance(leaf, radiation, sensible, latent, latent / _vaporisation_j_g(leaf) * 3.6)


def _leaf_temperature(
    radiation: float, heat: float, water: float, t_air: float, vapour: float
) -> float:
    # All absorbed light as sensible heat bounds the leaf from above: the air is not saturated,
    # so a leaf as warm as the air or warmer evaporates.
    low, high = TEMPERATURE_LOW_C, t_air + radiation / heat
    if high > TEMPERATURE_HIGH_C:
        high = TEMPERATURE_HIGH_C
        if _surplus(high, radiation, heat, water, t_air, vapour)[0] > 0.0:
            raise UnreachableError("par", radiation, "light that the leaves can give to the air")
    leaf = t_air
    for _ in range(60):
        surplus, slope = _surplus(leaf, radiation, heat, water, t_air, vapour)
        if surplus > 0.0:
            low = leaf
        else:
            high = leaf
        following = leaf - surplus / slope
        # Newton needs three or four steps; what leaves the bracket is bisected.
        if not low <= following <= high:
            following = (low + high) / 2.0
        moved = abs(following - leaf)
        leaf = following
        if moved < _CLOSE_K:
            break
    return leaf


def _surplus(
    leaf: float, radiation: float, heat: float, water: float, t_air: float, vapour: float
) -> tuple[float, float]:
    """Unbalanced W/m² at this leaf temperature, and its slope, W/m²/K, always negative."""
    if leaf >= 0.0:
        below = 257.14 + leaf
        pressure = 0.61121 * exp((18.678 - leaf / 234.5) * leaf / below)
        growth = (18.678 - leaf / 117.25) / below - (18.678 - leaf / 234.5) * leaf / below**2
    else:
        below = 279.82 + leaf
        pressure = 0.61115 * exp((23.036 - leaf / 333.7) * leaf / below)
        growth = (23.036 - leaf / 166.85) / below - (23.036 - leaf / 333.7) * leaf / below**2
    kelvin = leaf + KELVIN
    saturated = _G_M3_PER_KPA_K * pressure / kelvin
    vaporisation = 2501.0 - 2.361 * leaf
    gradient = saturated - vapour
    surplus = radiation - heat * (leaf - t_air) - water * vaporisation * gradient
    slope = -heat - water * (vaporisation * saturated * (growth - 1.0 / kelvin) - 2.361 * gradient)
    return surplus, slope


def _vaporisation_j_g(t: float) -> float:
    """Heat of vaporisation of water, J/g at `t` °C."""
    return 2501.0 - 2.361 * t
