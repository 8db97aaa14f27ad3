"""What an energy price entity says of the hours to come.

Integrations of electricity markets keep their prices as lists in attributes, each under names of
its own. What looks like a list of times and prices is read; what does not is left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State
from homeassistant.util import dt as dt_util

from vfarm_core.control.prices import Prices, PriceSlot, in_order

#: Attributes that may hold prices: those of today and tomorrow belong together.
_LISTS = (
    ("raw_today", "raw_tomorrow"),
    ("prices_today", "prices_tomorrow"),
    ("today", "tomorrow"),
    ("prices",),
    ("forecast",),
    ("data",),
    ("rates",),
)
_STARTS = ("start", "start_time", "starts_at", "startsAt", "start_timestamp", "from", "time")
_ENDS = ("end", "end_time", "ends_at", "endsAt", "end_timestamp", "till", "to")
_PRICES = ("value", "price", "total", "price_per_kwh", "value_inc_vat")
#: The last of a list without ends lasts as long as the one before, this long (s) at most.
_HOUR_S = 3600.0


def prices_of(state: State) -> Prices:
    """The prices of an entity, as far ahead as it says; none where it says nothing of them."""
    attributes = state.attributes
    unit = str(attributes.get(ATTR_UNIT_OF_MEASUREMENT) or "")
    currency = str(attributes.get("currency") or unit.partition("/")[0])
    for names in _LISTS:
        slots = in_order(_slots([item for name in names for item in _items(attributes.get(name))]))
        if slots:
            return Prices(slots, currency)
    return Prices((), currency)


def _items(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, (list, tuple)):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def _slots(items: Iterable[Mapping[str, Any]]) -> tuple[PriceSlot, ...]:
    found: list[tuple[float, float | None, float]] = []
    for item in items:
        start, price = _instant(_first(item, _STARTS)), _number(_first(item, _PRICES))
        if start is not None and price is not None:
            found.append((start, _instant(_first(item, _ENDS)), price))
    found.sort(key=lambda slot: slot[0])
    slots: list[PriceSlot] = []
    for index, (start, end, price) in enumerate(found):
        if end is None:
            following = next((s for s, _, _ in found[index + 1 :] if s > start), None)
            length = slots[-1].end - slots[-1].start if slots else _HOUR_S
            # A hole in a list is no long slot.
            end = min(start + _HOUR_S, following if following is not None else start + length)
        slots.append(PriceSlot(start, end, price))
    return tuple(slots)


def _first(item: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None


def _instant(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        value = dt_util.parse_datetime(value)
    if not isinstance(value, dt.datetime):
        return None
    # Without a zone it is the local time of the house.
    return dt_util.as_utc(value).timestamp()
