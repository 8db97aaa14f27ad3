"""The ions of a nutrient solution, their charges and masses, and formulas of compounds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from ..errors import ScienceError

#: g/mol: IUPAC abridged standard atomic weights (2021), three decimals at most
ATOMIC_MASS: Mapping[str, float] = MappingProxyType(
    {
        "H": 1.008,
        "B": 10.81,
        "C": 12.011,
        "N": 14.007,
        "O": 15.999,
        "Na": 22.990,
        "Mg": 24.305,
        "Si": 28.085,
        "P": 30.974,
        "S": 32.06,
        "Cl": 35.45,
        "K": 39.098,
        "Ca": 40.078,
        "Mn": 54.938,
        "Fe": 55.845,
        "Cu": 63.546,
        "Zn": 65.38,
        "Mo": 95.95,
    }
)


class Ion(StrEnum):
    """What is counted in a solution. Phosphorus is H2PO4-, as it is at the pH of a solution.

    ALKALINITY is what acid has to neutralise: carbonates bring it, and a strong acid brings a
    negative amount of it, so that every salt and every acid is neutral as a whole. LIGAND is the
    charge that a chelator and its counter-ion hide: a chelated metal moves no charge.
    """

    NITRATE = "NO3"
    AMMONIUM = "NH4"
    PHOSPHATE = "P"
    POTASSIUM = "K"
    CALCIUM = "Ca"
    MAGNESIUM = "Mg"
    SULFATE = "S"
    IRON = "Fe"
    MANGANESE = "Mn"
    ZINC = "Zn"
    COPPER = "Cu"
    BORON = "B"
    MOLYBDENUM = "Mo"
    SODIUM = "Na"
    CHLORIDE = "Cl"
    ALKALINITY = "HCO3"
    LIGAND = "ligand"


@dataclass(frozen=True, slots=True, kw_only=True)
class IonFacts:
    """`charge` in eq/mol; `mass_g_mol` of what mg/L count: the element, or HCO3- for alkalinity."""

    charge: int
    mass_g_mol: float
    species: str


def _facts(charge: int, element: str, species: str) -> IonFacts:
    return IonFacts(charge=charge, mass_g_mol=ATOMIC_MASS[element], species=species)


IONS: Mapping[Ion, IonFacts] = MappingProxyType(
    {
        Ion.NITRATE: _facts(-1, "N", "NO3-"),
        Ion.AMMONIUM: _facts(+1, "N", "NH4+"),
        Ion.PHOSPHATE: _facts(-1, "P", "H2PO4-"),
        Ion.POTASSIUM: _facts(+1, "K", "K+"),
        Ion.CALCIUM: _facts(+2, "Ca", "Ca2+"),
        Ion.MAGNESIUM: _facts(+2, "Mg", "Mg2+"),
        Ion.SULFATE: _facts(-2, "S", "SO4 2-"),
        Ion.IRON: _facts(+2, "Fe", "Fe2+"),
        Ion.MANGANESE: _facts(+2, "Mn", "Mn2+"),
        Ion.ZINC: _facts(+2, "Zn", "Zn2+"),
        Ion.COPPER: _facts(+2, "Cu", "Cu2+"),
        Ion.BORON: _facts(0, "B", "H3BO3"),
        Ion.MOLYBDENUM: _facts(-2, "Mo", "MoO4 2-"),
        Ion.SODIUM: _facts(+1, "Na", "Na+"),
        Ion.CHLORIDE: _facts(-1, "Cl", "Cl-"),
        Ion.ALKALINITY: IonFacts(charge=-1, mass_g_mol=61.016, species="HCO3-"),
        Ion.LIGAND: IonFacts(charge=-1, mass_g_mol=0.0, species="chelator"),
    }
)

MACRO: tuple[Ion, ...] = (
    Ion.NITRATE,
    Ion.AMMONIUM,
    Ion.PHOSPHATE,
    Ion.POTASSIUM,
    Ion.CALCIUM,
    Ion.MAGNESIUM,
    Ion.SULFATE,
)
MICRO: tuple[Ion, ...] = (
    Ion.IRON,
    Ion.MANGANESE,
    Ion.ZINC,
    Ion.COPPER,
    Ion.BORON,
    Ion.MOLYBDENUM,
)

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)|(\()|(\))(\d*)")


@cache
def elements_of(formula: str) -> Mapping[str, int]:
    """Atoms of each element, such as of `5Ca(NO3)2.NH4NO3.10H2O`. Raises ScienceError."""
    total: Counter[str] = Counter()
    for part in re.split(r"[.·]", formula.replace(" ", "")):
        match = re.match(r"\d*", part)
        times = int(match[0]) if match and match[0] else 1
        for element, count in _atoms(part.lstrip("0123456789"), formula).items():
            total[element] += times * count
    return MappingProxyType(dict(total))


def _atoms(text: str, formula: str) -> Counter[str]:
    stack: list[Counter[str]] = [Counter()]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or (token[1] and token[1] not in ATOMIC_MASS):
            raise ScienceError("formula", formula, "a formula such as Ca(NO3)2.4H2O")
        if token[1]:
            stack[-1][token[1]] += int(token[2] or 1)
        elif token[3]:
            stack.append(Counter())
        else:
            if len(stack) == 1:
                raise ScienceError("formula", formula, "brackets that are opened and closed")
            inner = stack.pop()
            for element, count in inner.items():
                stack[-1][element] += count * int(token[5] or 1)
        at = token.end()
    if len(stack) > 1 or not stack[0]:
        raise ScienceError("formula", formula, "a formula such as Ca(NO3)2.4H2O")
    return stack[0]


def molar_mass(formula: str) -> float:
    """g/mol of a compound. Raises ScienceError for what is no formula."""
    return sum(ATOMIC_MASS[element] * count for element, count in elements_of(formula).items())
