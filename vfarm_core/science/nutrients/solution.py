"""What is dissolved: adding, diluting, and whether the charges close. Amounts in mmol/L."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import require
from .ions import IONS, Ion

type Ions = Mapping[Ion, float]

#: |cations - anions| / sum above which an analysis or a solution is in doubt (common laboratory
#: practice; reference "relative ion balance < 5 %")
BALANCE_LIMIT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Charges of a solution, meq/L."""

    cations: float
    anions: float

    @property
    def difference(self) -> float:
        """Cations less anions, meq/L."""
        return self.cations - self.anions

    @property
    def relative(self) -> float:
        """|cations - anions| / (cations + anions); 0 for pure water."""
        total = self.cations + self.anions
        return abs(self.difference) / total if total > 0 else 0.0

    @property
    def closes(self) -> bool:
        """Whether the charges agree as well as an analysis can show."""
        return self.relative <= BALANCE_LIMIT


def balance(ions: Ions) -> Balance:
    """Charges of a solution. A chelated metal counts with its chelator, so it adds nothing.

    Negative alkalinity is free acid: it counts among the cations.
    """
    cations = anions = 0.0
    metal = ions.get(Ion.LIGAND, 0.0)
    for ion, amount in ions.items():
        if ion is Ion.LIGAND:
            continue
        charge = IONS[ion].charge * amount
        if charge > 0:
            cations += charge
        else:
            anions -= charge
    return Balance(cations=cations - metal, anions=anions)


def add(parts: Iterable[Ions]) -> dict[Ion, float]:
    """All ions of the parts together, dissolved in the same litre."""
    total: dict[Ion, float] = {}
    for part in parts:
        for ion, amount in part.items():
            total[ion] = total.get(ion, 0.0) + amount
    return total


def diluted(ions: Ions, share_of_pure: float) -> dict[Ion, float]:
    """The solution with this share (0 … 1) of its volume replaced by pure water.

    Raises RangeError.
    """
    require("share", share_of_pure, 0.0, 1.0)
    return {ion: amount * (1.0 - share_of_pure) for ion, amount in ions.items()}
