"""What electricity costs, hour by hour, as far ahead as it is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PriceSlot:
    """A price per kWh from `start` to `end` (farm time, epoch s)."""

    start: float
    end: float
    price: float


@dataclass(frozen=True, slots=True)
class Prices:
    """A curve of prices: slots in order that do not overlap. Gaps are times of unknown price."""

    slots: tuple[PriceSlot, ...] = ()
    currency: str = ""

    def mean(self, start: float, end: float) -> float | None:
        """The mean price from `start` to `end`; None unless all of that time has a price."""
        covered = cost = 0.0
        for slot in self.slots:
            overlap = min(slot.end, end) - max(slot.start, start)
            if overlap > 0:
                covered += overlap
                cost += overlap * slot.price
        # Half a second: bounds of slots are whole seconds, those of light days need not be.
        return cost / covered if covered >= end - start - 0.5 and covered > 0 else None


UNKNOWN_PRICES = Prices()


def in_order(slots: tuple[PriceSlot, ...]) -> tuple[PriceSlot, ...]:
    """The slots in order, without empty ones and without what overlaps the one before."""
    found: list[PriceSlot] = []
    for slot in sorted(slots, key=lambda s: (s.start, s.end)):
        if slot.end > slot.start and (not found or slot.start >= found[-1].end - 0.5):
            found.append(slot)
    return tuple(found)
