"""Supplies: lamps on one electrical circuit never ask for more than it carries.

When the planned outputs of a supply's levels add up to more than its limit, all are scaled down by
the same share: no level is starved for another, and the light integrals catch up later in the day
as far as there is room. Other devices on the supply go first: lamps get what these leave, because
heat, cold and water harm within the hour what a dim hour does not. Lamps of one supply are switched
on one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
#: What another device draws is kept free for this long after it went off (s), so that lamps do not
#: follow every turn of a compressor (design choice: two of its usual rests).
_KEPT_FREE_S = 600.0
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


def changed(d: Draft, marked: Mapping[str, Supply]) -> dict[str, Level]:
    """The levels that have to be looked at because another device on their supply has switched, or
    has rested for long enough. `marked` are the supplies that were marked or are due."""
    if not d.farm.supply_of_device:
        return {}
    found = dict(marked)
    for point in d.actuators.changes:
        supply = d.farm.supply_of_device.get(point)
        if supply is not None:
            found[supply.id] = supply
    return {
        key: d.farm.level[key]
        for supply in found.values()
        if _can_exceed(d, supply)
        for key in supply.levels
    }


def mark(d: Draft, intents: Iterable[str]) -> None:
    """Look at the lamps in this very step when another device on their supply is told to switch."""
    for point in intents:
        supply = d.farm.supply_of_device.get(point)
        if supply is None:
            continue
        before = d.actuators.old(point)
        if (None if before is None else before.wanted) != d.actuator(point).wanted:
            d.mark(supply.id)


def others_w(d: Draft, supply: Supply) -> float:
    """What the other devices on a supply draw now, were told to, or drew a moment ago (W); one that
    does not say whether it is on counts in full."""
    total, until = 0.0, None
    for point, rating in d.farm.devices_of_supply[supply.id]:
        state = d.actuator(point)
        share = max(state.wanted or 0.0, 1.0 if state.reported is None else state.reported)
        if not share and state.on_log and state.changed_at is not None:
            free_at = state.changed_at + _KEPT_FREE_S
            if free_at > d.now.farm:
                share = 1.0
                until = free_at if until is None else min(until, free_at)
        total += rating * share
    d.wake(supply.id, Due(farm=until))
    return total


def limit(d: Draft, lamps: dict[str, Intent]) -> None:
    """Scale the lamps' intents down where their supply would be overloaded."""
    supplies = {
        supply.id: supply
        for point in lamps
        if (supply := d.farm.supply_of_level.get(d.farm.binding[point].node)) is not None
    }
    for supply in supplies.values():
        lamps_of = d.farm.all_lamps_of_level
        points = [b.id for key in supply.levels for b in lamps_of[key]]
        if _can_exceed(d, supply):
            _hold_back(d, supply, points, lamps)
        # After that: what has to stay dark does not wait for its turn every second.
        _one_after_the_other(d, points, lamps)


def _hold_back(d: Draft, supply: Supply, points: list[str], lamps: dict[str, Intent]) -> None:
    others = others_w(d, supply) if supply.devices else 0.0
    asked_w = sum(_power_w(d, point, _output(d, point, lamps)) for point in points)
    allowed_w = max(0.0, supply.limit_kw * 1000 * _MARGIN - others)
    if asked_w <= allowed_w:
        return
    share = allowed_w / asked_w
    reason = _reason(supply, others)
    left_w = allowed_w
    for point in points:
        intent = lamps.get(point)
        if intent is None or not intent.value:
            continue
        value = max(intent.value * share, _lowest(d, point))
        if _power_w(d, point, value) > left_w:
            # What cannot be dimmed so far has to wait for its turn in the dark.
            value = 0.0
        left_w -= _power_w(d, point, value)
        lamps[point] = replace(intent, value=value, reason=reason)


def _reason(supply: Supply, others_w: float) -> Reason:
    params: dict[str, str | float | int] = {"supply": supply.name, "limit": supply.limit_kw}
    if others_w <= 0:
        return Reason("supply_limit", params)
    return Reason("supply_shared", {**params, "others": round(others_w / 1000, 2)})


#: The reasons of lamps that their supply holds back.
LIMITED = frozenset({"supply_limit", "supply_shared"})


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
        (reason := d.actuator(b.id).reason) is not None and reason.code in LIMITED
        for b in d.farm.all_lamps_of_level[level]
    )


def _can_exceed(d: Draft, supply: Supply) -> bool:
    others = sum(rating for _, rating in d.farm.devices_of_supply[supply.id])
    return d.farm.lamps_w_of_supply[supply.id] + others > supply.limit_kw * 1000 * _MARGIN


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
