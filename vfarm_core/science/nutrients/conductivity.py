"""EC of a solution from its ions.

McCleskey, Nordstrom, Ryan & Ball (2012), A new method of calculating electrical conductivity with
applications to natural waters, Geochim. Cosmochim. Acta 77, 369-382, equations 7-9 and table 1:
each ion's molal conductivity at a temperature, less a term that grows with the ionic strength.
Phosphate is not in their table: 36 S cm²/mol at 25 °C (Vanýsek, CRC Handbook) and 2.2 %/K.
The model gives 1.423 mS/cm for 0.01 mol/L KCl, whose standard is 1.413.

Boric acid carries no current. Iron is left out, chelated or not, and so is molybdate: together they
are below 0.01 mS/cm in any solution that plants stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType
from typing import NamedTuple

from ..errors import require
from .ions import IONS, Ion
from .solution import Ions


class _Coefficients(NamedTuple):
    """Of t² , t and 1 (t in °C), and the denominator's factor."""

    limit: tuple[float, float, float]
    slope: tuple[float, float, float]
    b: float


_TABLE: Mapping[Ion, _Coefficients] = MappingProxyType(
    {
        Ion.POTASSIUM: _Coefficients((0.003046, 1.261, 40.70), (0.00535, 0.9316, 22.59), 1.5),
        Ion.SODIUM: _Coefficients((0.003763, 0.8770, 26.23), (0.00027, 1.141, 32.07), 1.7),
        Ion.AMMONIUM: _Coefficients((0.003341, 1.285, 39.04), (0.00132, 0.6070, 11.19), 0.3),
        Ion.CALCIUM: _Coefficients((0.009645, 1.984, 62.28), (0.03174, 2.334, 132.3), 2.8),
        Ion.MAGNESIUM: _Coefficients((0.01068, 1.695, 57.16), (0.02453, 1.915, 80.50), 2.1),
        Ion.CHLORIDE: _Coefficients((0.003817, 1.337, 40.99), (0.00613, 0.9469, 22.01), 1.5),
        Ion.SULFATE: _Coefficients((0.01037, 2.838, 82.37), (0.03324, 5.889, 193.5), 2.6),
        Ion.NITRATE: _Coefficients((0.001925, 1.214, 39.90), (0.00118, 0.5045, 23.31), 0.1),
        Ion.ALKALINITY: _Coefficients((0.000614, 0.9048, 21.14), (-0.00503, 0.8957, 10.97), 0.1),
        Ion.MANGANESE: _Coefficients((0.01275, 2.109, 46.19), (0.1071, 9.023, 135.4), 7.6),
        Ion.ZINC: _Coefficients((0.01249, 1.912, 48.20), (0.08284, 5.188, 75.73), 7.0),
        Ion.COPPER: _Coefficients((0.00818, 1.939, 53.26), (0.0292, 6.745, 151.5), 8.0),
    }
)
_PHOSPHATE_25 = 36.0
_PHOSPHATE_PER_K = 0.022
_LEFT_OUT = (Ion.IRON, Ion.MOLYBDENUM, Ion.BORON, Ion.LIGAND)


def ionic_strength_mol_l(ions: Ions) -> float:
    """Half the sum of concentration times squared charge, mol/L, of what carries current."""
    return 0.0005 * sum(
        max(0.0, amount) * IONS[ion].charge ** 2
        for ion, amount in ions.items()
        if ion not in _LEFT_OUT
    )


def predicted_ec(ions: Ions, t: float = 25.0) -> float:
    """EC mS/cm at `t` °C of ions in mmol/L, without temperature compensation.

    Meant for solutions up to some 10 mS/cm; molality is taken as mol/L, which is 0.5 % off at
    most there. Raises RangeError.
    """
    require("water_temperature", t, 0.0, 60.0, "°C")
    root = sqrt(ionic_strength_mol_l(ions))
    total = 0.0
    for ion, amount in ions.items():
        if amount <= 0.0 or ion in _LEFT_OUT:
            continue
        if ion is Ion.PHOSPHATE:
            conductivity = _PHOSPHATE_25 * (1.0 + _PHOSPHATE_PER_K * (t - 25.0))
        else:
            c = _TABLE[ion]
            conductivity = _at(c.limit, t) - _at(c.slope, t) * root / (1.0 + c.b * root)
        total += max(0.0, conductivity) * amount / 1000.0
    return total


def _at(polynomial: tuple[float, float, float], t: float) -> float:
    a, b, c = polynomial
    return (a * t + b) * t + c
