"""Amounts as labels, laboratories and books write them, as mmol/L of ions.

In mmol/L an ion is named plainly (`NO3`). In mg/L nitrate, ammonium and bare N mean two things
that differ fourfold, so they are refused until the writer says which: `NO3_N` (mg of nitrogen) or
`NO3_ion` (mg of nitrate). Oxides (P2O5, K2O, CaO, MgO, SO3) are what bags state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ..errors import ScienceError, require
from .ions import IONS, Ion, molar_mass

#: g of CaCO3 per mol of charge, the unit in which alkalinity is sold
CACO3_G_EQ = molar_mass("CaCO3") / 2
#: more than any stock holds
MG_L_MAX = 1e6


class Unit(StrEnum):
    """Units of a target or an analysis."""

    MG_L = "mg/L"
    MMOL_L = "mmol/L"


@dataclass(frozen=True, slots=True)
class Form:
    """What a key counts: `grams_per_mol` of it go with one mol of the ion."""

    ion: Ion
    grams_per_mol: float


def _forms() -> dict[str, Form]:
    written = {
        "NO3_N": (Ion.NITRATE, molar_mass("N")),
        "NO3_ion": (Ion.NITRATE, molar_mass("NO3")),
        "NH4_N": (Ion.AMMONIUM, molar_mass("N")),
        "NH4_ion": (Ion.AMMONIUM, molar_mass("NH4")),
        "P2O5": (Ion.PHOSPHATE, molar_mass("P2O5") / 2),
        "PO4": (Ion.PHOSPHATE, molar_mass("PO4")),
        "H2PO4": (Ion.PHOSPHATE, molar_mass("H2PO4")),
        "K2O": (Ion.POTASSIUM, molar_mass("K2O") / 2),
        "CaO": (Ion.CALCIUM, molar_mass("CaO")),
        "MgO": (Ion.MAGNESIUM, molar_mass("MgO")),
        "SO3": (Ion.SULFATE, molar_mass("SO3")),
        "SO4": (Ion.SULFATE, molar_mass("SO4")),
        "Na2O": (Ion.SODIUM, molar_mass("Na2O") / 2),
        "alkalinity_CaCO3": (Ion.ALKALINITY, CACO3_G_EQ),
    }
    plain = set(Ion) - {Ion.NITRATE, Ion.AMMONIUM, Ion.LIGAND}
    return {
        **{ion.value: Form(ion, IONS[ion].mass_g_mol) for ion in plain},
        **{key: Form(ion, mass) for key, (ion, mass) in written.items()},
    }


#: key -> what it counts, in mg/L and in % of a bag
FORMS: Mapping[str, Form] = MappingProxyType(_forms())

#: element g per g of the oxide on the label
OXIDE_TO_ELEMENT: Mapping[str, float] = MappingProxyType(
    {
        oxide: IONS[FORMS[oxide].ion].mass_g_mol / FORMS[oxide].grams_per_mol
        for oxide in ("P2O5", "K2O", "CaO", "MgO", "SO3", "Na2O")
    }
)

_TWO_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "NO3": "NO3_N (mg of nitrogen) or NO3_ion (mg of nitrate)",
        "NH4": "NH4_N (mg of nitrogen) or NH4_ion (mg of ammonium)",
        "N": "NO3_N and NH4_N: plants and pH take the two forms differently",
    }
)
_MMOL_NAMES: Mapping[str, Ion] = MappingProxyType(
    {
        **{ion.value: ion for ion in Ion if ion is not Ion.LIGAND},
        "H2PO4": Ion.PHOSPHATE,
        "PO4": Ion.PHOSPHATE,
        "SO4": Ion.SULFATE,
        "alkalinity": Ion.ALKALINITY,
    }
)


def form(key: str) -> Form:
    """What a key of mg/L or of a bag's % counts. Raises ScienceError naming what is taken."""
    if key in _TWO_MEANINGS:
        raise ScienceError("ion", key, f"say {_TWO_MEANINGS[key]}")
    found = FORMS.get(key)
    if found is None:
        raise ScienceError("ion", key, ", ".join(sorted(FORMS)))
    return found


def mmol_l(key: str, amount: float, unit: Unit) -> tuple[Ion, float]:
    """The ion that `key` names and its mmol/L. Raises ScienceError, RangeError."""
    require(key, amount, 0.0, MG_L_MAX, unit.value)
    if unit is Unit.MG_L:
        found = form(key)
        return found.ion, amount / found.grams_per_mol
    ion = _MMOL_NAMES.get(key)
    if ion is None:
        raise ScienceError("ion", key, ", ".join(sorted(_MMOL_NAMES)))
    return ion, amount


def read_ions(amounts: Mapping[str, float], unit: Unit) -> dict[Ion, float]:
    """Ions in mmol/L from amounts by key; one ion in two forms is an error, not a sum.

    Raises ScienceError, RangeError.
    """
    found: dict[Ion, float] = {}
    for key, amount in amounts.items():
        ion, value = mmol_l(key, amount, unit)
        if ion in found:
            raise ScienceError("ion", key, f"{ion} once: it is given in two forms")
        found[ion] = value
    return found


def mg_l(ion: Ion, mmol: float) -> float:
    """mg/L of the element (N, P, S …; HCO3- for alkalinity) of mmol/L of an ion."""
    return mmol * IONS[ion].mass_g_mol
