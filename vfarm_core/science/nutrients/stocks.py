"""Stock solutions: which salts may share a concentrate, and whether they dissolve in it.

Calcium apart from sulfate and phosphate, because gypsum and calcium phosphates fall out of any
concentrate. Iron chelate stands with the calcium, acids and bases in a tank of their own. What may
stand in either goes where more room is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..errors import require
from .ions import MICRO, Ion
from .salts import Kind, Salt


class Tank(StrEnum):
    """The tanks of a usual injector. DIRECT: no concentrate holds it, it goes into the water."""

    A = "A"
    B = "B"
    ACID = "acid"
    BASE = "base"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSalt:
    """A salt in a stock. `load` is the share of what dissolves alone; None: not known."""

    salt: Salt
    g_l: float
    g: float
    load: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A tank of concentrate, for `volume_l` of which the grams are."""

    tank: Tank
    salts: tuple[StockSalt, ...]

    @property
    def load(self) -> float:
        """Sum of the loads that are known: above 1 the salts may not all stay dissolved."""
        return sum(entry.load or 0.0 for entry in self.salts)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPlan:
    """Stocks that are injected at 1 : `factor` each."""

    factor: float
    volume_l: float
    temperature_c: float
    stocks: tuple[Stock, ...]

    def tank_of(self, salt_id: str) -> Tank | None:
        """Where a salt stands."""
        for stock in self.stocks:
            if any(entry.salt.id == salt_id for entry in stock.salts):
                return stock.tank
        return None


def plan_stocks(
    amounts: Iterable[tuple[Salt, float]],
    factor: float = 100.0,
    volume_l: float = 1.0,
    temperature_c: float = 20.0,
) -> StockPlan:
    """Stocks for a solution of these salts (g/L of the final solution).

    `temperature_c` is the coldest the tank gets. Raises RangeError.
    """
    require("factor", factor, 1.0, 1000.0)
    require("volume", volume_l, 0.001, 1e6, "L")
    require("stock_temperature", temperature_c, 0.0, 40.0, "°C")
    tanks: dict[Tank, list[StockSalt]] = {tank: [] for tank in Tank}
    either: list[tuple[Salt, float]] = []
    used = [(salt, grams) for salt, grams in amounts if grams > 0.0]
    for salt, grams in used:
        tank = _tank(salt)
        if tank is None:
            either.append((salt, grams))
        else:
            dilution = 1.0 if tank is Tank.DIRECT else factor
            tanks[tank].append(_entry(salt, grams * dilution, volume_l, temperature_c))
    both = bool(tanks[Tank.A]) == bool(tanks[Tank.B])
    only = Tank.A if tanks[Tank.A] else Tank.B
    for salt, grams in sorted(either, key=lambda pair: -pair[1]):
        entry = _entry(salt, grams * factor, volume_l, temperature_c)
        emptier = min((Tank.A, Tank.B), key=lambda tank: _load(tanks[tank]))
        # With calcium or its enemies absent, one tank is enough while it all dissolves.
        alone = not both and _load(tanks[only]) + (entry.load or 0.0) <= 1.0
        tanks[only if alone else emptier].append(entry)
    return StockPlan(
        factor=factor,
        volume_l=volume_l,
        temperature_c=temperature_c,
        stocks=tuple(
            Stock(tank=tank, salts=tuple(entries)) for tank, entries in tanks.items() if entries
        ),
    )


def _tank(salt: Salt) -> Tank | None:
    """The tank a salt has to stand in; None: it gets along with everything."""
    if salt.kind is Kind.ACID:
        return Tank.ACID
    if salt.kind is Kind.BASE:
        return Tank.BASE
    if _falls_with_calcium(salt):
        return Tank.DIRECT if salt.brings(Ion.CALCIUM) else Tank.B
    if salt.brings(Ion.CALCIUM) or (salt.chelate is not None and salt.brings(Ion.IRON)):
        return Tank.A
    if any(salt.brings(ion) for ion in MICRO):
        return Tank.B
    return None


def _falls_with_calcium(salt: Salt) -> bool:
    return salt.brings(Ion.SULFATE) or salt.brings(Ion.PHOSPHATE) or salt.brings(Ion.ALKALINITY)


def _entry(salt: Salt, g_l: float, volume_l: float, temperature_c: float) -> StockSalt:
    load = g_l / salt.solubility.g_l(temperature_c) if salt.solubility else None
    return StockSalt(salt=salt, g_l=g_l, g=g_l * volume_l, load=load)


def _load(entries: Iterable[StockSalt]) -> float:
    return sum(entry.load or 0.0 for entry in entries)
