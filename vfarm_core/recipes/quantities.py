"""The numbers a recipe can hold: unit, accepted range, and how a person may write them.

A number stands for itself in the canonical unit; a text must name its unit ("75 °F"). Ranges are
what the document accepts, wide enough for any crop; what suits a crop is `validate`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from ..farm.units import CONVERSIONS, normalise
from .errors import PROBLEMS
from .model import ClimateQuantity, SolutionQuantity


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of number: canonical unit and accepted range; `above_low` excludes `low` itself."""

    unit: str
    low: float
    high: float
    above_low: bool = False
    whole: bool = False

    @property
    def accepted(self) -> str:
        """The accepted range with its unit, in no language: `> 0 … 24 h`."""
        low = f"> {self.low:g}" if self.above_low else f"{self.low:g}"
        return f"{low} … {self.high:g} {self.unit}".rstrip()


class QuantityError(ValueError):
    """A value that is no such quantity: the code and the parameters of a problem (`errors`)."""

    def __init__(self, code: str, **params: str) -> None:
        self.code = code
        self.params = params
        super().__init__(code, params)

    @property
    def accepted(self) -> str:
        """What would be taken, in English."""
        return PROBLEMS[self.code][1].format(**self.params)

    def __str__(self) -> str:
        return f"{PROBLEMS[self.code][0].format(**self.params)} (accepted: {self.accepted})"


PHOTOPERIOD = Kind("h", 0, 24)
PPFD = Kind("μmol/m²/s", 0, 2500)
DLI = Kind("mol/m²/d", 0, 100)
RAMP = Kind("min", 0, 240)
#: An end-of-day pulse, and the photon flux (700-800 nm) it can have.
FAR_RED = Kind("min", 0, 240, above_low=True)
PFD = Kind("μmol/m²/s", 0, 500, above_low=True)
#: Lights-on moves by less than a quarter of a day, so that it always belongs to one date.
SHIFT = Kind("h", 0, 5)
DAYS = Kind("d", 0, 1000, above_low=True)
EVENTS = Kind("", 0, 288, whole=True)
DURATION = Kind("s", 0, 86400, above_low=True)
NIGHT_MIST = Kind("s", 0, 86400)
MOISTURE = Kind("%", 0, 100)
SHARE = Kind("%", 0, 100)
POINTS = Kind("points", 0, 100)
INTERVAL = Kind("min", 0, 1440, above_low=True)
LIGHT_SUM = Kind("mol/m²", 0, 100, above_low=True)
#: Water that plants take: more than a day of a thirsty stand (science.md 1.7: 2.9 L/m² a day).
WATER_SUM = Kind("L/m²", 0, 10, above_low=True)
#: What a phase waits for, and how often plants are cut.
DEGREE_DAYS = Kind("°C d", 0, 5000, above_low=True)
LIGHT_INTEGRAL = Kind("mol/m²", 0, 5000, above_low=True)
COVER = Kind("%", 0, 100, above_low=True)
CUTS = Kind("", 2, 100, whole=True)
DENSITY = Kind("plants/m²", 0, 200_000, above_low=True)
AREA_MASS = Kind("kg/m²", 0, 200)
FRACTION = Kind("", 0, 1, above_low=True)
LUE = Kind("g/mol", 0, 5, above_low=True)
TEMPERATURE = Kind("°C", -5, 45)
MASS = Kind("g", 0, 1000, above_low=True)

#: Targets of the air. CO2 stays below what stops injection (2,000 ppm).
CLIMATE: Mapping[ClimateQuantity, Kind] = {
    ClimateQuantity.AIR_TEMPERATURE: TEMPERATURE,
    ClimateQuantity.HUMIDITY: Kind("%", 0, 100),
    ClimateQuantity.VPD: Kind("kPa", 0, 5),
    ClimateQuantity.CO2: Kind("ppm", 300, 1800),
}
#: Limits of the air: as the targets, but CO2 is also watched outside of what is a target.
CLIMATE_LIMITS: Mapping[ClimateQuantity, Kind] = {
    **CLIMATE,
    ClimateQuantity.CO2: Kind("ppm", 0, 5000),
}
SOLUTION: Mapping[SolutionQuantity, Kind] = {
    SolutionQuantity.EC: Kind("mS/cm", 0, 10),
    SolutionQuantity.PH: Kind("pH", 3.5, 9.5),
    SolutionQuantity.WATER_TEMPERATURE: Kind("°C", 0, 40),
}

_SHOT = Kind("%", 0, 20, above_low=True)
#: Crop steering. Shots are % of the substrate's volume (the largest known is 6 %, irrigation.yaml);
#: moisture is vol-%; drybacks are percentage points.
STEERING: Mapping[str, Kind] = {
    "p0_dryback_points": POINTS,
    "p0_max_wait": INTERVAL,
    "p1_target_vwc": MOISTURE,
    "p1_shot": _SHOT,
    "p1_increment": Kind("%", 0, 20),
    "p1_interval": INTERVAL,
    "p1_max_shots": EVENTS,
    "p2_threshold_vwc": MOISTURE,
    "p2_shot": _SHOT,
    "p2_interval": INTERVAL,
    "p3_last_shot_before_lights_off": PHOTOPERIOD,
    "p3_dryback_points": POINTS,
    "floor_vwc": MOISTURE,
    "max_shots_per_day": EVENTS,
}

#: What only recipes measure; the rest is converted as readings are.
_OWN_UNITS: Mapping[str, Mapping[str, float]] = {
    "h": {"h": 1.0, "min": 1 / 60, "s": 1 / 3600},
    "min": {"min": 1.0, "h": 60.0, "s": 1 / 60},
    "s": {"s": 1.0, "min": 60.0, "h": 3600.0},
    "d": {"d": 1.0, "days": 1.0, "day": 1.0, "weeks": 7.0, "week": 7.0, "h": 1 / 24},
    "mol/m²/d": {"mol/m²/d": 1.0, "mol/m2/d": 1.0, "mol m⁻² d⁻¹": 1.0},
    "plants/m²": {"plants/m²": 1.0, "plants/m2": 1.0, "/m²": 1.0, "plants/ft²": 10.76391},
    "kg/m²": {"kg/m²": 1.0, "kg/m2": 1.0, "g/m²": 0.001, "g/m2": 0.001},
    "points": {"points": 1.0, "percentage points": 1.0},
    "°C d": {"°C d": 1.0, "°Cd": 1.0, "K d": 1.0, "°F d": 5 / 9},
    "mol/m²": {"mol/m²": 1.0, "mol/m2": 1.0},
    "L/m²": {"L/m²": 1.0, "L/m2": 1.0, "l/m²": 1.0, "l/m2": 1.0, "mm": 1.0},
    "g/mol": {"g/mol": 1.0},
    "g": {"g": 1.0, "mg": 0.001},
    "": {"%": 0.01},
}

_TEXT = re.compile(r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(\D.*)?", re.DOTALL)


def parse(value: object, kind: Kind) -> float:
    """`value`, a number or a text with a unit, in the canonical unit. Raises QuantityError."""
    if isinstance(value, str):
        number, unit = _split(value, kind)
        found = number if unit is None else _convert(number, unit, kind)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = float(value)
    else:
        raise QuantityError("no_number", value=_shown(value), range=kind.accepted)
    if not isfinite(found):
        raise QuantityError("not_finite", value=_shown(value), range=kind.accepted)
    if kind.whole and found != int(found):
        raise QuantityError("not_whole", value=_shown(value), range=kind.accepted)
    below = found <= kind.low if kind.above_low else found < kind.low
    if below or found > kind.high:
        raise QuantityError("out_of_range", value=_shown(value), range=kind.accepted)
    return found


def _split(text: str, kind: Kind) -> tuple[float, str | None]:
    match = _TEXT.fullmatch(text.strip().replace("−", "-"))
    if match is None:
        raise QuantityError("no_number", value=repr(text), range=kind.accepted)
    if match[2] is None:
        if kind.unit not in ("", "pH"):
            raise QuantityError("no_unit", value=repr(text), unit=kind.unit, units=_units(kind))
        return float(match[1]), None
    return float(match[1]), match[2].strip()


def _convert(number: float, unit: str, kind: Kind) -> float:
    own = _OWN_UNITS.get(kind.unit)
    wanted = normalise(unit)
    if own is not None:
        scale = own.get(unit)
        if scale is not None:
            return number * scale
    elif wanted in CONVERSIONS[kind.unit]:
        factor, offset = CONVERSIONS[kind.unit][wanted]
        return number * factor + offset
    raise QuantityError("wrong_unit", unit=repr(unit), range=kind.accepted, units=_units(kind))


def _units(kind: Kind) -> str:
    names = _OWN_UNITS.get(kind.unit) or CONVERSIONS[kind.unit]
    return ", ".join(name for name in names if name)


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return "[…]" if isinstance(value, list) else "{…}"
    return f"{value:g}" if isinstance(value, float) else repr(value)
