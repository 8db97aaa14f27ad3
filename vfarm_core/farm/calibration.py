"""Calibration of a probe: from what it shows in known solutions to a correction of all it shows.

One point shifts a pH probe and stretches one for EC, oxygen or light, which is right at zero. Two
points make a straight line, three a line that bends in the middle one, as the electrodes of a pH
probe do, whose acid and alkaline sides have slopes of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import isfinite
from types import MappingProxyType

from ..science.standards import STANDARDS, shown_at, value_at
from ..science.water import (
    OXYGEN_T,
    oxygen_saturation_mg_l,
    oxygen_shown_by_pressure,
    ph_shown_by_slope,
)


class Probed(StrEnum):
    """What a probe measures that can be calibrated."""

    PH = "ph"
    EC = "ec"
    OXYGEN = "oxygen"
    PPFD = "ppfd"


class Fault(StrEnum):
    """Why points make no correction: too few or too many, a value that cannot be, a solution whose
    table is not known or does not go to its temperature, an air pressure that is not known,
    standards too close together, a probe that answers too little or too much, or one that is too
    far off."""

    COUNT = "count"
    RANGE = "range"
    LABEL = "label"
    TEMPERATURE = "temperature"
    PRESSURE = "pressure"
    APART = "apart"
    SLOPE = "slope"
    OFFSET = "offset"


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """What a solution (or a lamp) has, and what the probe shows of it, in the same unit."""

    standard: float
    shown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a correction may be. `slope`: the least and the most that a probe may change of what it
    should; `offset`: how far it may be off in the point next to `zero`, None for a probe that is
    right at zero; `apart`: how far standards lie apart at least; `highest`: what can be at all."""

    unit: str
    slope: tuple[float, float]
    offset: float | None
    zero: float
    apart: float
    highest: float


#: pH: an electrode is good with 85 to 105 % of the slope and within 30 mV at pH 7, which are 0.5 pH
#: at 59.16 mV/pH (Hanna Instruments, how to calculate offset and slope; Onset, tech note on the
#: calibration of MX2501). Others: how far a probe may be off before it is dirty, worn or in another
#: solution than its person believes; how far standards lie apart: so far that a slip in one of them
#: shows (design choices). Highest: the plausible range of the device reference.
RULES: Mapping[Probed, Rules] = MappingProxyType(
    {
        Probed.PH: Rules(
            unit="pH", slope=(0.85, 1.05), offset=0.5, zero=7.0, apart=2.0, highest=14.0
        ),
        Probed.EC: Rules(
            unit="mS/cm", slope=(0.7, 1.4), offset=None, zero=0.0, apart=0.5, highest=20.0
        ),
        Probed.OXYGEN: Rules(
            unit="mg/L", slope=(0.7, 1.4), offset=None, zero=0.0, apart=4.0, highest=25.0
        ),
        Probed.PPFD: Rules(
            unit="μmol/m²/s", slope=(0.5, 2.0), offset=None, zero=0.0, apart=50.0, highest=3000.0
        ),
    }
)


class CalibrationError(ValueError):
    """Points that make no correction. `fault` says why, `value` what was found of what may be from
    `low` to `high` in `unit`."""

    def __init__(self, fault: Fault, value: float, low: float, high: float, unit: str) -> None:
        self.fault = fault
        self.value = value
        self.low = low
        self.high = high
        self.unit = unit
        super().__init__(
            f"{fault.value}: {value:g} is not from {low:g} to {high:g} {unit}".rstrip()
        )

    def __reduce__(self) -> tuple[type[CalibrationError], tuple[Fault, float, float, float, str]]:
        return type(self), (self.fault, self.value, self.low, self.high, self.unit)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a probe shows to what is there: a line through `knots` (shown, there), which goes on
    straight beyond them. One knot shifts; none leaves all as it is."""

    knots: tuple[tuple[float, float], ...] = ()

    def of(self, shown: float) -> float:
        """What is there when the probe shows this."""
        knots = self.knots
        if not knots:
            return shown
        if len(knots) == 1:
            return shown + (knots[0][1] - knots[0][0])
        at = next((i for i in range(1, len(knots) - 1) if shown <= knots[i][0]), len(knots) - 1)
        (x0, y0), (x1, y1) = knots[at - 1], knots[at]
        return y0 + (shown - x0) * (y1 - y0) / (x1 - x0)


#: All is left as it is.
UNCORRECTED = Correction()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A correction and how the probe is without it: `slope` is how much it changes of what it
    should (of two sides the worse one), `offset` how far it is off in the point next to zero."""

    correction: Correction
    slope: float
    offset: float


def by_label(
    probed: Probed,
    points: Sequence[KnownPoint],
    t: float,
    *,
    compensated: bool = True,
    pressure_kpa: float | None = None,
) -> tuple[KnownPoint, ...]:
    """The points of solutions that are named by their labels and were at `t` °C: with what a right
    probe shows in them. `compensated`: it knows the temperature. EC and pH have their labels at
    25 °C; oxygen is 100 (%) in air-saturated water and in moist air, where the air has
    `pressure_kpa` at the place itself, not reduced to the sea. A dry probe and a solution without
    oxygen (0) are that at any temperature.

    Raises CalibrationError for a label without a table, and for a temperature or a pressure that it
    lacks."""
    return tuple(
        KnownPoint(_right(probed, point.standard, t, compensated, pressure_kpa), point.shown)
        if point.standard
        else point
        for point in points
    )


#: The label of water in balance with air (%), and the pressures (kPa) that its formula is good for.
SATURATED = 100.0
_PRESSURES = (50.66, 111.5)


def _saturated(t: float, compensated: bool, pressure_kpa: float | None) -> float:
    """What a right probe shows in water that is in balance with air, mg/L."""
    if pressure_kpa is None or not _PRESSURES[0] <= pressure_kpa <= _PRESSURES[1]:
        value = 0.0 if pressure_kpa is None else pressure_kpa
        raise CalibrationError(Fault.PRESSURE, value, *_PRESSURES, "kPa")
    if not OXYGEN_T[0] <= t <= OXYGEN_T[1]:
        raise CalibrationError(Fault.TEMPERATURE, t, *OXYGEN_T, "°C")
    there = oxygen_saturation_mg_l(t, pressure_kpa)
    return there if compensated else oxygen_shown_by_pressure(there, t)


#: A label within so much of a standard's value means it (pH 4.01 is that of 4.00, 12.9 mS/cm that
#: of 12.88): less than what two standards differ by (design choice).
_LABEL = {"pH": 0.02, "mS/cm": 0.05}


def _right(
    probed: Probed, label: float, t: float, compensated: bool, pressure_kpa: float | None
) -> float:
    unit = RULES[probed].unit
    if probed is Probed.OXYGEN:
        if label != SATURATED:
            raise CalibrationError(Fault.LABEL, label, 0.0, SATURATED, "%")
        return _saturated(t, compensated, pressure_kpa)
    for standard, facts in STANDARDS.items():
        if facts.unit == unit and abs(value_at(standard, 25.0) - label) <= _LABEL[unit]:
            low, high = facts.values[0][0], facts.values[-1][0]
            if not low <= t <= high:
                raise CalibrationError(Fault.TEMPERATURE, t, low, high, "°C")
            right = shown_at(standard, t, compensated=compensated)
            if probed is Probed.PH and not compensated:
                return ph_shown_by_slope(right, t)
            return right
    raise CalibrationError(Fault.LABEL, label, 0.0, RULES[probed].highest, unit)


def fit(probed: Probed, points: Sequence[KnownPoint]) -> Fit:
    """The correction that one, two or three points make, in any order.

    Raises CalibrationError: for points that are none, alike or in the wrong order, and for a probe
    that is too far off to be corrected."""
    rules = RULES[probed]
    known = _checked(rules, points)
    nearest = min(known, key=lambda p: abs(p.standard - rules.zero))
    offset = nearest.shown - nearest.standard
    if rules.offset is not None and abs(offset) > rules.offset:
        raise CalibrationError(Fault.OFFSET, offset, -rules.offset, rules.offset, rules.unit)
    knots = [(p.shown, p.standard) for p in known]
    if len(knots) == 1 and rules.offset is None:
        knots.insert(0, (0.0, 0.0))
    slopes = [(x1 - x0) / (y1 - y0) for (x0, y0), (x1, y1) in pairwise(knots)]
    low, high = rules.slope
    for slope in slopes:
        if not low <= slope <= high:
            raise CalibrationError(Fault.SLOPE, 100 * slope, 100 * low, 100 * high, "%")
    return Fit(
        correction=Correction(tuple(knots)),
        slope=max(slopes, key=lambda slope: abs(slope - 1.0), default=1.0),
        offset=offset,
    )


def drift(before: Correction, points: Sequence[KnownPoint]) -> float:
    """By how much the values were wrong at last, where that was worst: what came of what the probe
    shows by the correction before, less what was there. Positive: too high."""
    return max((before.of(p.shown) - p.standard for p in points), key=abs, default=0.0)


def _checked(rules: Rules, points: Sequence[KnownPoint]) -> list[KnownPoint]:
    if not 1 <= len(points) <= 3:
        raise CalibrationError(Fault.COUNT, len(points), 1, 3, "")
    for point in points:
        for value in (point.standard, point.shown):
            if not (isfinite(value) and 0.0 <= value <= rules.highest):
                raise CalibrationError(Fault.RANGE, value, 0.0, rules.highest, rules.unit)
    known = sorted(points, key=lambda p: p.standard)
    gaps = [after.standard - before.standard for before, after in pairwise(known)]
    if not gaps and rules.offset is None:
        # Its other point is zero.
        gaps = [known[0].standard]
    for gap in gaps:
        if gap < rules.apart:
            raise CalibrationError(Fault.APART, gap, rules.apart, rules.highest, rules.unit)
    return known
