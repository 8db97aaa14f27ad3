"""Standard solutions to calibrate probes in, by their temperature.

A standard has its printed value at 25 °C only. A pH meter compensates the slope of its electrode,
not the buffer: it has to show the buffer's pH at the buffer's temperature. A conductivity meter
that refers to 25 °C does so by one coefficient for all solutions, which is not quite that of
potassium chloride. Units: pH, mS/cm, °C.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from .errors import require
from .water import ec_at_25


class Standard(StrEnum):
    """A solution with a known value. pH buffers are the technical ones (phthalate, phosphate,
    carbonate), by their pH at 25 °C; EC standards are potassium chloride, by µS/cm at 25 °C."""

    PH_4_00 = "ph_4.00"
    PH_7_00 = "ph_7.00"
    PH_10_01 = "ph_10.01"
    EC_1413 = "ec_1413"
    EC_12880 = "ec_12880"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardFacts:
    """What is known of a standard: its unit, its values by temperature, and who says so."""

    unit: str
    values: tuple[tuple[float, float], ...]
    source: str
    confidence: str

    @property
    def is_conductivity(self) -> bool:
        """Whether its values are conductivities at the temperature, not yet referred to 25 °C."""
        return self.unit == "mS/cm"


_BUFFERS = "Foxboro MI 611-211 (October 2005), table 7: nominal technical buffers"
_CHLORIDE = "Mettler-Toledo SevenCompact S230, manual, section 11.2: international standards"
_BUFFER_T = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0)
_CHLORIDE_T = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0)


def _buffer(*values: float) -> StandardFacts:
    return StandardFacts(
        unit="pH",
        values=tuple(zip(_BUFFER_T, values, strict=True)),
        source=_BUFFERS,
        confidence="high",
    )


def _chloride(*values: float) -> StandardFacts:
    return StandardFacts(
        unit="mS/cm",
        values=tuple(zip(_CHLORIDE_T, values, strict=True)),
        source=_CHLORIDE,
        confidence="high",
    )


#: The table of potassium chloride goes to 35 °C in its source, where its value for 1413 µS/cm does
#: not fit the coefficient that the same page gives: it is left out.
STANDARDS: Mapping[Standard, StandardFacts] = MappingProxyType(
    {
        Standard.PH_4_00: _buffer(4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.01, 4.02, 4.03, 4.04, 4.06),
        Standard.PH_7_00: _buffer(7.12, 7.09, 7.06, 7.04, 7.02, 7.0, 6.99, 6.99, 6.98, 6.98, 6.97),
        Standard.PH_10_01: _buffer(
            10.32, 10.25, 10.18, 10.12, 10.06, 10.01, 9.97, 9.93, 9.89, 9.86, 9.83
        ),
        Standard.EC_1413: _chloride(0.896, 1.020, 1.147, 1.278, 1.413, 1.552),
        Standard.EC_12880: _chloride(8.22, 9.33, 10.48, 11.67, 12.88, 14.12),
    }
)


def value_at(standard: Standard, t: float) -> float:
    """pH, or conductivity in mS/cm, that a standard has at `t` °C, between the rows of its table.

    Raises RangeError outside of the table."""
    rows = STANDARDS[standard].values
    require("temperature", t, rows[0][0], rows[-1][0], "°C")
    for (low, at_low), (high, at_high) in pairwise(rows):
        if t <= high:
            return at_low + (at_high - at_low) * (t - low) / (high - low)
    return rows[-1][1]


def shown_at(standard: Standard, t: float, *, compensated: bool = True) -> float:
    """What a right probe shows in a standard at `t` °C: pH as it is there; EC as a meter has it
    that refers to 25 °C by 2 % per K (`compensated`, see `water.ec_at_25`), or as it is there.

    Raises RangeError."""
    value = value_at(standard, t)
    if STANDARDS[standard].is_conductivity and compensated:
        return ec_at_25(value, t)
    return value
