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
class Range:
    """What is usual for a crop, from the lowest to the highest source, with its origin."""

    low: float
    high: float
    provenance: Provenance

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CropLimits:
    """What is known of a crop: `dli_min` and `dli_max` mol/m²/d, `photoperiod_max_h` h,
    temperatures °C, `ec` mS/cm and `ph`."""

    dli_min: Bound | None = None
    dli_max: Bound | None = None
    photoperiod_max_h: Bound | None = None
    night_temperature_min: Bound | None = None
    day_temperature_min: Bound | None = None
    day_temperature_max: Bound | None = None
    ec: Range | None = None
    ph: Range | None = None


def _bound(value: float, source: str, confidence: str, *kinds: PhaseKind, note: str = "") -> Bound:
    return Bound(
        value=value,
        provenance=Provenance(source=source, confidence=confidence, note=note),
        kinds=frozenset(kinds),
    )


def _range(low: float, high: float, source: str, confidence: str) -> Range:
    return Range(low=low, high=high, provenance=Provenance(source=source, confidence=confidence))


#: The phases in which a crop is to fill out; before them it gets less light on purpose.
_GROWN = (
    PhaseKind.VEGETATIVE,
    PhaseKind.FLOWERING,
    PhaseKind.FRUITING,
    PhaseKind.FINISHING,
)
_VT = "VT SPES-720 crop DLI table"
_HLA = "HLA-6722"
_TABLE = "project table of recipes"
_CURREY = "Currey 2019: EC 0.5-4.0 made no difference"
_LEAFY_HEAT = _bound(32, "Purdue HO-327: damage above 32 °C", "B")
_LEAFY_COLD = _bound(12, "alarm table of the project, leafy greens", "design")
_TOMATO_SET = "Shamshiri 2018: fruit set fails from 32 °C"
_MICRO = CropLimits(
    dli_min=_bound(9, f"{_VT}: microgreens 9-12", "B", *_GROWN),
    dli_max=_bound(12, f"{_VT}: microgreens 9-12", "B"),
    day_temperature_min=_LEAFY_COLD,
    day_temperature_max=_LEAFY_HEAT,
    ec=_range(0, 1.2, f"{_TABLE}: microgreens", "C"),
    ph=_range(5.8, 6.2, f"{_TABLE}: microgreens", "C"),
)

LIMITS: Mapping[str, CropLimits] = {
    "lettuce": CropLimits(
        dli_min=_bound(12, f"{_VT}: 12-17", "B", *_GROWN),
        dli_max=_bound(17, f"{_VT}: 12-17", "B"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(0.8, 1.8, f"{_TABLE}: seedlings from 0.8; {_HLA}: 1.2-1.8", "B/C"),
        ph=_range(5.5, 7.0, f"Cornell 5.6-6.0, practice from 5.5, {_HLA} 6.0-7.0", "B/C"),
    ),
    "spinach": CropLimits(
        dli_min=_bound(14, f"{_VT}: 14-20", "B", *_GROWN),
        dli_max=_bound(20, f"{_VT}: 14-20", "B"),
        photoperiod_max_h=_bound(14, "e-GRO E201: critical day length for bolting 13-14 h", "B"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(1.2, 2.3, f"Cornell 1.2-1.4, {_HLA} 1.8-2.3", "B"),
        ph=_range(5.6, 7.0, f"Cornell 5.6-6.0, {_HLA} 6.0-7.0", "B"),
    ),
    "arugula": CropLimits(
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(0.8, 1.4, f"{_TABLE}: arugula", "C"),
        ph=_range(5.5, 6.5, f"{_TABLE}: arugula", "C"),
    ),
    "kale": CropLimits(
        dli_max=_bound(17.3, "250-300 μmol/m²/s for 16 h", "C"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(0.8, 2.5, f"{_TABLE}: kale", "C"),
        ph=_range(5.5, 6.5, f"{_TABLE}: kale", "C"),
    ),
    "swiss_chard": CropLimits(
        dli_max=_bound(16.1, "200-280 μmol/m²/s for 14-16 h", "C"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(1.8, 2.3, f"{_TABLE}: Swiss chard", "C"),
        ph=_range(6.0, 6.5, f"{_TABLE}: Swiss chard", "C"),
    ),
    "watercress": CropLimits(
        dli_max=_bound(14.4, "200-250 μmol/m²/s for 14-16 h", "A/C"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(1.2, 2.0, f"{_TABLE}: watercress", "C"),
        ph=_range(6.3, 6.8, f"{_TABLE}: watercress", "C"),
    ),
    "basil": CropLimits(
        dli_min=_bound(15, f"{_VT}: 15-25", "B", *_GROWN),
        dli_max=_bound(25, f"{_VT}: 15-25", "B"),
        night_temperature_min=_bound(10, "Rutgers FS1283: chilling injury below 10-12 °C", "B"),
        day_temperature_max=_bound(34, "limits of the alarm table for basil", "design"),
        ec=_range(1.0, 2.2, f"{_HLA} 1.0-1.6, ZipGrow 1.6-2.2", "B/C"),
        ph=_range(5.5, 6.0, f"{_HLA}: 5.5-6.0", "B"),
    ),
    "mint": CropLimits(
        dli_max=_bound(17.3, "200-300 μmol/m²/s for 16 h", "C/D"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(0.6, 2.4, f"{_TABLE}: mint", "C"),
        ph=_range(5.5, 6.5, f"{_TABLE}: mint", "C"),
    ),
    "parsley": CropLimits(
        dli_min=_bound(10, f"{_VT}: 10-15", "B", *_GROWN),
        dli_max=_bound(15, f"{_VT}: 10-15", "B"),
        ec=_range(0.5, 4.0, _CURREY, "A"),
        ph=_range(5.8, 6.5, f"{_TABLE}: parsley; {_HLA} 6.0-6.5", "B/C"),
    ),
    "cilantro": CropLimits(
        dli_min=_bound(15, f"{_VT}: 15-20", "B", *_GROWN),
        dli_max=_bound(20, f"{_VT}: 15-20", "B"),
        ec=_range(0.5, 4.0, _CURREY, "A"),
        ph=_range(5.8, 6.5, f"{_TABLE}: cilantro", "B"),
    ),
    "dill": CropLimits(
        dli_max=_bound(18, "Currey 2019: fresh mass rises up to 18 mol/m²/d, the most tried", "A"),
        ec=_range(0.5, 4.0, _CURREY, "A"),
        ph=_range(5.5, 6.4, f"{_TABLE}: dill", "A/C"),
    ),
    "chives": CropLimits(
        dli_max=_bound(14.4, "200-250 μmol/m²/s for 14-16 h", "C/D"),
        ec=_range(1.0, 2.4, f"{_TABLE}: chives", "C"),
        ph=_range(6.0, 6.5, f"{_TABLE}: chives", "C"),
    ),
    "pak_choi": CropLimits(
        dli_max=_bound(17.3, "200-300 μmol/m²/s for 14-16 h", "B/C"),
        day_temperature_min=_LEAFY_COLD,
        day_temperature_max=_LEAFY_HEAT,
        ec=_range(1.0, 2.0, f"{_TABLE}: nursery from 1.0; {_HLA}: 1.5-2.0", "B/C"),
        ph=_range(5.8, 7.0, f"{_TABLE}: pak choi 5.8-6.5; {_HLA}: 7.0", "B/C"),
    ),
    "radish": _MICRO,
    "pea": _MICRO,
    "broccoli": _MICRO,
    "sunflower": _MICRO,
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
        ec=_range(0.8, 2.2, f"ZipGrow 0.8-1.4, {_HLA} 1.8-2.2", "B/C"),
        ph=_range(5.6, 6.2, f"{_TABLE}: strawberry; {_HLA}: 6.0", "B/C"),
    ),
    "tomato": CropLimits(
        dli_max=_bound(30, f"{_VT}: 20-30", "B"),
        photoperiod_max_h=_bound(17, "Marie 2024: leaf injury above 17 h", "B"),
        day_temperature_max=_bound(32, _TOMATO_SET, "A", PhaseKind.FLOWERING, PhaseKind.FRUITING),
        ec=_range(1.0, 4.0, f"{_TABLE}: transplants from 1.0; {_HLA}: 2.0-4.0", "B/C"),
        ph=_range(5.6, 6.5, f"{_TABLE}: tomato; {_HLA}: 6.0-6.5", "B/C"),
    ),
    "cucumber": CropLimits(
        dli_max=_bound(30, f"{_VT}: 20-30", "B"),
        ec=_range(1.2, 2.0, f"{_TABLE}: transplants from 1.2; {_HLA}: 1.7-2.0", "B/C"),
        ph=_range(5.0, 6.0, f"{_TABLE}: 5.5-6.0; {_HLA}: 5.0-5.5", "B/C"),
    ),
    "cannabis": CropLimits(
        photoperiod_max_h=_bound(
            12.5,
            "flowers on long nights (12/12 in Rodriguez-Morrison 2021)",
            "A/C",
            PhaseKind.FLOWERING,
            PhaseKind.FRUITING,
            PhaseKind.FINISHING,
        ),
        ec=_range(0.6, 3.0, f"{_TABLE}: cannabis", "A/D"),
        ph=_range(5.6, 6.2, f"{_TABLE}: cannabis", "A/D"),
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
