"""What a batch has cost, at tariffs, and what that is per kilogram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite

from .batch import BatchSummary
from .errors import ReportError
from .trace import Ingredient


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariffs:
    """Prices in the farm's currency; None where nobody has said, so that nothing is left out
    unseen. `water_m3` fresh water, `nutrient_l` of stock solution, `ph_l` of acid or base, `co2_h`
    an hour with the valve open, `seed` one seed, `labour_h` an hour of work."""

    energy_kwh: float | None = None
    water_m3: float | None = None
    nutrient_l: float | None = None
    ph_l: float | None = None
    co2_h: float | None = None
    seed: float | None = None
    labour_h: float | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            price = getattr(self, one.name)
            if price is not None and (not isfinite(price) or price < 0):
                raise ReportError(f"the price {one.name} is {price}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a bill: `amount` in `unit`, its price, and the cost; None without a price."""

    name: str
    subsystem: str
    amount: float
    unit: str
    price: float | None

    @property
    def cost(self) -> float | None:
        """Amount times price."""
        return None if self.price is None else self.amount * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a batch has cost. `unpriced` are items without a price, which the total lacks; `by`
    says by what the water was counted: `fill` or `irrigation`."""

    batch: str
    items: tuple[Item, ...]
    kg: float | None
    water_by: str

    @property
    def total(self) -> float:
        """The sum of everything that has a price."""
        return sum(item.cost for item in self.items if item.cost is not None)

    @property
    def per_kg(self) -> float | None:
        """The total per kilogram harvested; None when nothing was weighed."""
        return self.total / self.kg if self.kg else None

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What was used and has no price."""
        return tuple(dict.fromkeys(item.name for item in self.items if item.price is None))


#: Resource of the ledger: name of the item, unit, units of the ledger in one of these, tariff.
_PRICED: Mapping[str, tuple[str, str, float, str]] = {
    "energy_kwh": ("energy", "kWh", 1.0, "energy_kwh"),
    "water_l": ("water", "m³", 1000.0, "water_m3"),
    "nutrient_ml": ("nutrients", "L", 1000.0, "nutrient_l"),
    "ph_ml": ("acid and base", "L", 1000.0, "ph_l"),
    "co2_s": ("CO2", "h", 3600.0, "co2_h"),
    "labour_min": ("labour", "h", 60.0, "labour_h"),
}


def bill(batch: BatchSummary, tariffs: Tariffs, ingredients: Sequence[Ingredient] = ()) -> Bill:
    """The bill of a batch. Fresh water is what was filled up; where no fill was seen, it is what
    was given, of which a circulating system gets most back: then it is an upper limit."""
    water_by = "fill" if batch.amount("water_l", "fill") else "irrigation"
    items: list[Item] = []
    for use in batch.uses:
        known = _PRICED.get(use.resource)
        if known is None or (use.resource == "water_l" and use.subsystem != water_by):
            continue
        name, unit, size, tariff = known
        items.append(
            Item(
                name=name,
                subsystem=use.subsystem,
                amount=use.amount / size,
                unit=unit,
                price=getattr(tariffs, tariff),
            )
        )
    for used in ingredients:
        if used.batch == batch.id and used.unit == "seeds" and used.amount is not None:
            items.append(
                Item(
                    name="seed",
                    subsystem=used.lot,
                    amount=used.amount,
                    unit="seeds",
                    price=tariffs.seed,
                )
            )
    return Bill(batch=batch.id, items=tuple(items), kg=batch.kg, water_by=water_by)
