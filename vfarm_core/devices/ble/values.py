"""What a Bluetooth meter can measure, in the core's units, and what makes a value worth less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .errors import FrameError, Problem


class Quantity(StrEnum):
    """A measured quantity."""

    PH = "ph"
    EC = "ec"
    TDS = "tds"
    SALINITY = "salinity"
    ORP = "orp"
    SPECIFIC_GRAVITY = "specific_gravity"
    TEMPERATURE = "temperature"
    MOISTURE = "moisture"
    ILLUMINANCE = "illuminance"
    BATTERY = "battery"
    BATTERY_VOLTAGE = "battery_voltage"


class Hint(StrEnum):
    """What whoever uses a value has to know.

    `held`: the meter's display is frozen by its hold button, so the value can be of any age: it is
    no reading. `derived`: the meter works it out of another quantity, it is no
    measurement of its own. `bulk`: EC of the substrate as a whole, which grows with its moisture,
    not of the water in its pores.
    """

    MEASURED = "measured"
    HELD = "held"
    DERIVED = "derived"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Limits:
    """The unit of a quantity and the range outside of which a frame is taken for a broken one."""

    unit: str
    low: float
    high: float


#: Ranges: device reference (vfarm-roles/1) for EC, temperatures, moisture, light and ORP; the whole
#: scale for pH; TDS and salinity up to that EC on the largest scale of meter makers (700 ppm per
#: mS/cm); 0 … 5 V for a battery of up to three cells and 0.9 … 1.3 for water with any salt (design
#: choices: they only have to be wide).
LIMITS: Mapping[Quantity, Limits] = MappingProxyType(
    {
        Quantity.PH: Limits("pH", 0.0, 14.0),
        Quantity.EC: Limits("mS/cm", 0.0, 20.0),
        Quantity.TDS: Limits("ppm", 0.0, 14_000.0),
        Quantity.SALINITY: Limits("ppm", 0.0, 14_000.0),
        Quantity.ORP: Limits("mV", -1500.0, 1500.0),
        Quantity.SPECIFIC_GRAVITY: Limits("", 0.9, 1.3),
        Quantity.TEMPERATURE: Limits("°C", -40.0, 80.0),
        Quantity.MOISTURE: Limits("%", 0.0, 100.0),
        Quantity.ILLUMINANCE: Limits("lx", 0.0, 200_000.0),
        Quantity.BATTERY: Limits("%", 0.0, 100.0),
        Quantity.BATTERY_VOLTAGE: Limits("mV", 0.0, 5000.0),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value in the core's unit, with what has to be known of it."""

    quantity: Quantity
    value: float
    unit: str
    hint: Hint = Hint.MEASURED


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter said in one visit."""

    values: tuple[Value, ...]
    firmware: str = ""

    def of(self, quantity: Quantity) -> Value | None:
        """The value of a quantity; None when the meter does not measure it."""
        return next((v for v in self.values if v.quantity is quantity), None)

    @property
    def is_live(self) -> bool:
        """Whether these are values of now: none is held by the display."""
        return all(v.hint is not Hint.HELD for v in self.values)


def measured(quantity: Quantity, value: float, hint: Hint = Hint.MEASURED) -> Value:
    """A value of a frame, inside what can be. Raises FrameError (range)."""
    limits = LIMITS[quantity]
    if not limits.low <= value <= limits.high:
        wanted = f"{limits.low:g} … {limits.high:g} {limits.unit}".rstrip()
        raise FrameError(Problem.RANGE, quantity.value, round(value, 4), wanted)
    return Value(quantity=quantity, value=value, unit=limits.unit, hint=hint)


def held(values: Iterable[Value]) -> tuple[Value, ...]:
    """The same values, of a meter whose display is on hold."""
    return tuple(
        Value(quantity=v.quantity, value=v.value, unit=v.unit, hint=Hint.HELD) for v in values
    )
