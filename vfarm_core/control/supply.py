"""Supplies: lamps on one electrical circuit never ask for more than it carries.

When the planned outputs of a supply's levels add up to more than its limit, all are scaled down by
the same share: no level is starved for another, and the light integrals catch up later in the day
as far as there is room. Lamps of one supply are switched on one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..farm.nodes import Level, Supply
from .clock import Due
from .draft import Draft
from .intents import Intent
from .light import lowest_output
from .power import rated_w
from .reasons import Reason

#: Dimmers are left alone for differences of 2 %: so much of the limit is kept free, and a little.
_MARGIN = 0.97
#: A lamp that waits for its turn looks again after this long (real s).
_TURN_S = 1.0


def together(d: Draft, levels: Iterable[Level]) -> dict[str, Level]:
    """The levels that have to be looked at with these, because they share a supply that cannot
    carry all of its lamps at full output."""
    found: dict[str, Level] = {}
    for level in levels:
        supply = d.farm.supply_of_level.get(level.id)
        if supply is not None and level.id not in found and _can_exceed(d, supply):
            found.update({key: d.farm.level[key] for key in supply.levels})
    return found


def limit(d: Draft, intents: dict[str, Intent]) -> None:
    """Scale the lamps' intents down where their supply would be overloaded."""
    supplies = {
        supply.id: supply
        for point in intents
        if (supply := d.farm.supply_of_level.get(d.farm.binding[point].node)) is not None
    }
    for supply in supplies.values():
        lamps_of = d.farm.all_lamps_of_level
        points = [b.id for key in supply.levels for b in lamps_of[key]]
        _one_after_the_other(d, points, intents)
        if not _can_exceed(d, supply):
            continue
        asked_w = sum(_power_w(d, point, _output(d, point, intents)) for point in points)
        allowed_w = supply.limit_kw * 1000 * _MARGIN
        if asked_w <= allowed_w:
            continue
        share = allowed_w / asked_w
        reason = Reason("supply_limit", {"supply": supply.name, "limit": supply.limit_kw})
        left_w = allowed_w
        for point in points:
            intent = intents.get(point)
            if intent is None or not intent.value:
                continue
            value = max(intent.value * share, _lowest(d, point))
            if _power_w(d, point, value) > left_w:
                # What cannot be dimmed so far has to wait for its turn in the dark.
                value = 0.0
            left_w -= _power_w(d, point, value)
            intents[point] = replace(intent, value=value, reason=reason)


def _one_after_the_other(d: Draft, points: list[str], intents: dict[str, Intent]) -> None:
    """Lamps draw many times their power for an instant when they are switched on: the next one of
    a supply starts when the one before is proved on, or has been given up."""
    starting = any(_is_starting(d, point) for point in points)
    for point in points:
        intent = intents.get(point)
        if intent is None or not intent.value or d.actuator(point).is_on is not False:
            continue
        if d.actuator(point).pending is None and starting:
            intents[point] = replace(intent, value=None, reason=Reason("staggered"))
            level = d.farm.binding[point].node
            due = d.due.get(level) or Due()
            d.wake(level, Due(due.farm, d.now.mono + _TURN_S))
        starting = True


def _is_starting(d: Draft, point: str) -> bool:
    state = d.actuator(point)
    return bool(state.pending is not None and state.pending.value and state.is_on is False)


def limited(d: Draft, level: str) -> bool:
    """Whether the lamps of a level are held back by their supply."""
    if level not in d.farm.supply_of_level:
        return False
    return any(
        (reason := d.actuator(b.id).reason) is not None and reason.code == "supply_limit"
        for b in d.farm.all_lamps_of_level[level]
    )


def _can_exceed(d: Draft, supply: Supply) -> bool:
    return d.farm.lamps_w_of_supply[supply.id] > supply.limit_kw * 1000 * _MARGIN


def _output(d: Draft, point: str, intents: dict[str, Intent]) -> float:
    intent = intents.get(point)
    if intent is not None and intent.value is not None:
        return intent.value
    state = d.actuator(point)
    return max(state.wanted or 0.0, state.reported or 0.0)


def _lowest(d: Draft, point: str) -> float:
    binding = d.farm.binding[point]
    if not binding.dims:
        return 1.0
    return max(lowest_output(d.farm.level[binding.node]), binding.step)


def _power_w(d: Draft, point: str, output: float) -> float:
    return output * rated_w(d.farm, d.farm.binding[point])
