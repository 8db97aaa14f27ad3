"""What is known of a crop whatever the recipe: the limits a recipe is checked against.

Rows without a source of their own follow the reference tables of the project: VT SPES-720
(daily light), Rutgers FS1283 (chilling of basil), Marie 2024 (tomato), Rodriguez-Morrison 2021
(cannabis). `None` means that nothing is known, never that everything is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .model import PhaseKind, Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A limit of a crop with its origin; `kinds` are the phases it holds in, all when empty."""

    value: float
    provenance: Provenance
    kinds: frozenset[PhaseKind] = frozenset()

    def holds_in(self, kind: PhaseKind) -> bool:
        """Whether the limit applies to a phase of this kind."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class CropLimits:
    """`dli_max` mol/m²/d, `photoperiod_max_h` h, temperatures °C."""

    dli_max: Bound | None = None
    photoperiod_max_h: Bound | None = None
    night_temperature_min: Bound | None = None
    day_temperature_max: Bound | None = None


def _bound(value: float, source: str, confidence: str, *kinds: PhaseKind, note: str = "") -> Bound:
    return Bound(
        value=value,
        provenance=Provenance(source=source, confidence=confidence, note=note),
        kinds=frozenset(kinds),
    )


_VT = "VT SPES-720 crop DLI table"
_LEAFY_HEAT = _bound(32, "Purdue HO-327: damage above 32 °C", "B")

LIMITS: Mapping[str, CropLimits] = {
    "lettuce": CropLimits(
        dli_max=_bound(17, f"{_VT}: 12-17", "B"), day_temperature_max=_LEAFY_HEAT
    ),
    "spinach": CropLimits(
        dli_max=_bound(20, f"{_VT}: 14-20", "B"),
        photoperiod_max_h=_bound(14, "e-GRO E201: critical day length for bolting 13-14 h", "B"),
        day_temperature_max=_LEAFY_HEAT,
    ),
    "basil": CropLimits(
        dli_max=_bound(25, f"{_VT}: 15-25", "B"),
        night_temperature_min=_bound(10, "Rutgers FS1283: chilling injury below 10-12 °C", "B"),
        day_temperature_max=_bound(34, "limits of the alarm table for basil", "design"),
    ),
    "parsley": CropLimits(dli_max=_bound(15, f"{_VT}: 10-15", "B")),
    "cilantro": CropLimits(dli_max=_bound(20, f"{_VT}: 15-20", "B")),
    "pak_choi": CropLimits(
        dli_max=_bound(17.3, "200-300 μmol/m²/s for 14-16 h", "B/C"),
        day_temperature_max=_LEAFY_HEAT,
    ),
    "radish": CropLimits(
        dli_max=_bound(12, f"{_VT}: microgreens 9-12", "B"), day_temperature_max=_LEAFY_HEAT
    ),
    "strawberry": CropLimits(
        dli_max=_bound(23, "300-400 μmol/m²/s for 12-16 h", "A/D"),
        day_temperature_max=_bound(
            30,
            "OSU indoor berry: flower initiation suppressed above 30 °C",
            "A",
            PhaseKind.VEGETATIVE,
            PhaseKind.FLOWERING,
            PhaseKind.FRUITING,
        ),
    ),
    "tomato": CropLimits(
        dli_max=_bound(30, f"{_VT}: 20-30", "B"),
        photoperiod_max_h=_bound(17, "Marie 2024: leaf injury above 17 h", "B"),
        day_temperature_max=_bound(
            32,
            "Shamshiri 2018: fruit set fails from 32 °C",
            "A",
            PhaseKind.FLOWERING,
            PhaseKind.FRUITING,
        ),
    ),
    "cucumber": CropLimits(dli_max=_bound(30, f"{_VT}: 20-30", "B")),
    "cannabis": CropLimits(
        photoperiod_max_h=_bound(
            12.5,
            "flowers on long nights (12/12 in Rodriguez-Morrison 2021)",
            "A/C",
            PhaseKind.FLOWERING,
            PhaseKind.FRUITING,
            PhaseKind.FINISHING,
        ),
    ),
}

#: Short-day plants of other crops, e.g. June-bearing strawberries (8-13 h days).
SHORT_DAY_MAX_H = _bound(
    13,
    "June-bearing strawberries initiate flowers at 8-13 h",
    "A/D",
    PhaseKind.VEGETATIVE,
    PhaseKind.FLOWERING,
    PhaseKind.FRUITING,
)
