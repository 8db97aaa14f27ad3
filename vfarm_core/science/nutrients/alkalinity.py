"""Alkalinity of water, what is left of it at a pH, and the acid that takes the rest.

pH is not proportional to acid: what has to be neutralised is the alkalinity. Constants at 25 °C and
zero ionic strength: carbonic acid pK1 6.35, pK2 10.33, water 14.0, H2PO4-/HPO4 2- 7.20 (Stumm &
Morgan, Aquatic Chemistry, 1996). The water is taken as closed: CO2 that is freed stays dissolved.
When it leaves, over hours in aerated solution, the pH rises above what is said here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ScienceError, require
from .quantities import CACO3_G_EQ

PK1_CARBONIC = 6.35
PK2_CARBONIC = 10.33
PK_WATER = 14.0
PK_PHOSPHATE = 7.20

#: meq/L (75 mg/L CaCO3) above which the water itself drives the pH up (UMass Extension)
ALKALINITY_DRIVES_PH = 75.0 / CACO3_G_EQ

PH_LOW, PH_HIGH = 4.5, 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acid:
    """An acid as sold. `equivalents` per mol at pH 5 … 6: phosphoric acid gives one of three."""

    molar_mass_g_mol: float
    equivalents: int
    concentration_pct: float
    density_kg_l: float

    @property
    def normality_eq_l(self) -> float:
        """Equivalents in a litre of the acid as sold."""
        grams = self.concentration_pct / 100.0 * self.density_kg_l * 1000.0
        return grams / self.molar_mass_g_mol * self.equivalents


def protonated_fraction(ph: float) -> float:
    """Share of bicarbonate that is carbonic acid at this pH: 0.78 at 5.8. Raises RangeError."""
    require("ph", ph, 0.0, 14.0)
    return 1.0 / (1.0 + _ten_to(ph - PK1_CARBONIC))


def dibasic_phosphate_fraction(ph: float) -> float:
    """Share of phosphate that is HPO4 2- at this pH: 0.04 at 5.8. Raises RangeError."""
    require("ph", ph, 0.0, 14.0)
    return 1.0 / (1.0 + _ten_to(PK_PHOSPHATE - ph))


def dissolved_carbon_mmol_l(alkalinity_meq_l: float, ph: float | None) -> float:
    """Carbonic acid, bicarbonate and carbonate together, mmol/L.

    Without a measured pH all alkalinity is taken as bicarbonate. Raises RangeError.
    """
    require("alkalinity", alkalinity_meq_l, 0.0, 50.0, "meq/L")
    if ph is None:
        return alkalinity_meq_l
    require("ph", ph, PH_LOW, 10.0)
    carbonate_alkalinity = max(0.0, alkalinity_meq_l - _water_charge(ph))
    return carbonate_alkalinity / _charge_per_carbon(ph)


def alkalinity_at(ph: float, carbon_mmol_l: float) -> float:
    """Alkalinity meq/L that is left at this pH. Raises RangeError."""
    require("ph", ph, PH_LOW, 10.0)
    require("carbon", carbon_mmol_l, 0.0, 5000.0, "mmol/L")
    return carbon_mmol_l * _charge_per_carbon(ph) + _water_charge(ph)


def residual_alkalinity(
    alkalinity_meq_l: float, target_ph: float, ph: float | None = None
) -> float:
    """Alkalinity meq/L that remains when this water is brought to `target_ph`.

    `ph` is that of the water. Never more than the water has: acid does not raise alkalinity.
    Raises RangeError.
    """
    require("target_ph", target_ph, PH_LOW, PH_HIGH)
    carbon = dissolved_carbon_mmol_l(alkalinity_meq_l, ph)
    return max(0.0, min(alkalinity_meq_l, alkalinity_at(target_ph, carbon)))


def acid_ml_m3(acid: Acid, meq_l: float) -> float:
    """mL of the acid per m³ of water to neutralise `meq_l`. Raises RangeError, ScienceError."""
    require("alkalinity", meq_l, 0.0, 50.0, "meq/L")
    strength = acid.normality_eq_l
    if not strength > 0.0:
        raise ScienceError("acid", strength, "an acid with a strength above zero")
    return meq_l / strength * 1000.0


def meq_l_from_caco3(mg_l: float) -> float:
    """meq/L of alkalinity given in mg/L CaCO3 (50 mg/L are 1 meq/L). Raises RangeError."""
    require("alkalinity", mg_l, 0.0, 2500.0, "mg/L CaCO3")
    return mg_l / CACO3_G_EQ


def _charge_per_carbon(ph: float) -> float:
    first = _ten_to(ph - PK1_CARBONIC)
    second = first * _ten_to(ph - PK2_CARBONIC)
    return (first + 2.0 * second) / (1.0 + first + second)


def _water_charge(ph: float) -> float:
    return 1000.0 * (_ten_to(ph - PK_WATER) - _ten_to(-ph))


def _ten_to(exponent: float) -> float:
    return float(10.0**exponent)
