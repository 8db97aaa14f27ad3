"""Modes of a farm and overrides of a setpoint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What vfarm may do. `monitor` computes and logs every command but sends none."""

    AUTO = "auto"
    MONITOR = "monitor"
    HOLD = "hold"


class Quantity(StrEnum):
    """What an override can set."""

    AIR_TEMPERATURE = "air_temperature"
    HUMIDITY = "humidity"
    VPD = "vpd"
    CO2 = "co2"
    PPFD = "ppfd"
    PHOTOPERIOD = "photoperiod"


@dataclass(frozen=True, slots=True)
class QuantityRange:
    """What an override of a quantity accepts: node kind, unit and range."""

    node: str
    unit: str
    low: float
    high: float


#: Ranges outside of which no crop of the library grows; a recipe's critical limits are tighter.
OVERRIDE_RANGES = {
    Quantity.AIR_TEMPERATURE: QuantityRange("zone", "°C", 5.0, 40.0),
    Quantity.HUMIDITY: QuantityRange("zone", "%", 20.0, 100.0),
    Quantity.VPD: QuantityRange("zone", "kPa", 0.1, 3.0),
    Quantity.CO2: QuantityRange("zone", "ppm", 300.0, 1800.0),
    Quantity.PPFD: QuantityRange("level", "μmol/m²/s", 0.0, 2000.0),
    Quantity.PHOTOPERIOD: QuantityRange("level", "h", 0.0, 24.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's setpoint in place of the recipe's, until `expires_at` (farm time, epoch s)."""

    node: str
    quantity: Quantity
    value: float
    expires_at: float
    by: str = ""
    why: str = ""

    @property
    def key(self) -> str:
        """One override per node and quantity."""
        return f"{self.node}.{self.quantity}"
