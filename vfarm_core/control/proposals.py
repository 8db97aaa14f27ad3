"""The room in which somebody who does not answer for the plants may propose a setpoint: a language
model, for one. It is narrower than what a grower may set, whom only the range of a quantity and
the critical limits of the plants bind.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..farm.nodes import Farm
from ..farm.overrides import OVERRIDE_RANGES, Quantity
from ..recipes.model import Band, ClimateQuantity
from .clock import Now
from .draft import Draft
from .memory import Memory
from .override_limits import both, longest_day_h
from .targets import light_target, zone_setpoints, zone_target

#: A proposal that is carried out ends by itself after so long at most (h): a design choice. It is
#: then looked at anew, by daylight.
MOST_H = 12.0
#: mol/m²/d of one µmol/m²/s for one hour.
_MOL_OF_HOUR = 0.0036


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What may be proposed of a quantity of a node. `target` is in force now. `by_recipe`: plants
    grow there, and their recipes narrow the range of the quantity."""

    quantity: Quantity
    unit: str
    band: Band
    target: float | None
    by_recipe: bool


def room(farm: Farm, memory: Memory, now: Now, node: str, quantity: Quantity) -> Room:
    """The room at a node of the kind that the quantity is for (ValueError at another one).

    Climate: within the warning limits of what grows in the zone for the light state in force, and
    within the critical limits of the other one. Light: no more than the plan's highest PPFD and
    DLI; no longer day than a short-day crop has, or than its crop bears.
    """
    accepted = OVERRIDE_RANGES[quantity]
    if node not in farm.nodes or farm.kind(node) != accepted.node:
        raise ValueError(f"{quantity} is set at a {accepted.node}, and {node!r} is none")
    d = Draft(farm, memory, now)
    wide = Band(accepted.low, accepted.high)
    if quantity in (Quantity.PPFD, Quantity.PHOTOPERIOD):
        narrow, target = _light(d, node, quantity)
    else:
        narrow, target = _climate(d, node, ClimateQuantity(quantity.value))
    return Room(
        quantity=quantity,
        unit=accepted.unit,
        band=wide if narrow is None else both(wide, narrow),
        target=target,
        by_recipe=narrow is not None,
    )


def _climate(d: Draft, zone: str, quantity: ClimateQuantity) -> tuple[Band | None, float | None]:
    setpoints = zone_setpoints(d, zone) if d.zone_batches(zone) else {}
    target = zone_target(d, zone, quantity, setpoints)
    setpoint = setpoints.get(quantity)
    value = None if target is None else target.value
    if setpoint is None:
        return None, value
    day = d.zone(zone).day
    inner = both(setpoint.critical(not day), setpoint.critical(day))
    return both(inner, setpoint.warning(day)), value


def _light(d: Draft, level: str, quantity: Quantity) -> tuple[Band | None, float | None]:
    wanted = light_target(d, level)
    if wanted is None:
        return None, None
    plan, hours, ppfd = wanted.plan, wanted.photoperiod_h, wanted.ppfd
    if quantity is Quantity.PPFD:
        if wanted.phase.is_dark:
            return Band(0.0, 0.0), ppfd
        most = plan.ppfd_max
        if hours > 0:
            most = min(most, plan.dli_max / (hours * _MOL_OF_HOUR))
        return Band(0.0, most), ppfd
    longest = longest_day_h(d, wanted)
    if ppfd > 0:
        longest = min(longest, max(plan.photoperiod_h, plan.dli_max / (ppfd * _MOL_OF_HOUR)))
    return Band(0.0, min(longest, 24.0)), hours
