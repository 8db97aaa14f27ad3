"""What the batches of either version of a roll-out stand in: looked at every five minutes.

Air is held against the limits of the batch's own phase, water against those that its reservoir
follows. What is not measured counts neither way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..batches.model import Batch
from ..batches.rollout import Rollout, RolloutState
from ..farm.nodes import Zone
from ..farm.roles import Role
from ..recipes.model import Band, ClimateQuantity, Setpoint, SolutionQuantity
from . import climate, readings, solution
from .clock import Due
from .draft import Draft
from .targets import hull, ramp_share

DUE = "rollout:"
#: How often it is looked at, and the most that one look counts for (s of farm time).
LOOK_S = 300.0

_WATER = {
    SolutionQuantity.EC: Role.SOLUTION_EC,
    SolutionQuantity.PH: Role.SOLUTION_PH,
    SolutionQuantity.WATER_TEMPERATURE: Role.SOLUTION_TEMPERATURE,
}


def watch(d: Draft, rollout: Rollout) -> None:
    """Look at a roll-out again, as long as something of it is still to come."""
    over = rollout.state is RolloutState.DONE
    d.wake(DUE + rollout.id, Due() if over else Due(farm=d.now.farm + LOOK_S))


def count(d: Draft, rollout: Rollout, critical: frozenset[str]) -> Rollout:
    """The roll-out with the time since the last look counted. `critical` are the nodes in a
    critical state."""
    now = d.now.farm
    since = now if rollout.counted_at is None else rollout.counted_at
    seconds = min(max(0.0, now - since), LOOK_S)
    new, old = rollout.new, rollout.old
    around: dict[str, None] = {}
    for batch in d.batches.values():
        if not batch.is_growing or batch.recipe_id != rollout.recipe_id:
            continue
        if batch.recipe_version not in rollout.versions:
            continue
        found = list(stands_in(d, batch))
        is_new = batch.recipe_version == rollout.to_version
        if is_new and batch.id in rollout.members:
            around.update(dict.fromkeys(n for n in nodes_of(d, batch) if n in critical))
            out = [node for node, _, very in found if very]
            around.update(dict.fromkeys(out))
        if found and seconds > 0:
            inside = all(ok for _, ok, _ in found)
            very = any(very for _, _, very in found)
            if is_new:
                new = new.plus(seconds, inside=inside, critical=very)
            else:
                old = old.plus(seconds, inside=inside, critical=very)
    began = rollout.critical_since if rollout.critical_since is not None else now
    return replace(
        rollout,
        new=new,
        old=old,
        counted_at=now,
        critical=tuple(sorted(around)),
        critical_since=began if around else None,
    )


def nodes_of(d: Draft, batch: Batch) -> tuple[str, ...]:
    """The places that decide how a batch is: its levels, their zones, circuits and reservoirs."""
    found: dict[str, None] = {}
    for level in batch.levels:
        if level in d.farm.level:
            found[level] = None
            found[d.farm.zone_of_level[level]] = None
            circuit = d.farm.circuit_of_level.get(level)
            if circuit is not None:
                found[circuit] = None
                found.update(dict.fromkeys(d.farm.above.get(circuit, ())))
    return tuple(found)


def stands_in(d: Draft, batch: Batch) -> Iterator[tuple[str, bool, bool]]:
    """Of each thing that is measured of what a batch stands in: the node, whether it is within
    warning limits, and whether it is outside of critical ones."""
    for node in nodes_of(d, batch):
        zone = d.farm.zone.get(node)
        if zone is not None:
            yield from _air(d, batch, zone)
        reservoir = d.farm.reservoir.get(node)
        if reservoir is not None:
            for quantity, role in _WATER.items():
                target = solution.shown(d, reservoir, quantity)
                value = readings.reading(d, node, role).value
                if target is not None and value is not None:
                    inside = target.warning.contains(value)
                    yield node, inside, not target.critical.contains(value)


def _air(d: Draft, batch: Batch, zone: Zone) -> Iterator[tuple[str, bool, bool]]:
    seen = climate.view(d, zone)
    values = {
        ClimateQuantity.AIR_TEMPERATURE: seen.temperature.value,
        ClimateQuantity.HUMIDITY: seen.humidity.value,
        ClimateQuantity.VPD: seen.vpd,
        ClimateQuantity.CO2: seen.co2.value,
    }
    for quantity, setpoint in d.phase(batch).climate.items():
        value = values.get(quantity)
        if value is not None:
            warning, critical = _limits(d, zone.id, setpoint)
            yield zone.id, warning.contains(value), not critical.contains(value)


def _limits(d: Draft, zone: str, setpoint: Setpoint) -> tuple[Band, Band]:
    """The limits in force; between day and night those of both."""
    day = d.zone(zone).day
    warning, critical = setpoint.warning(day), setpoint.critical(day)
    if ramp_share(d, zone) < 1.0:
        warning = hull(warning, setpoint.warning(not day))
        critical = hull(critical, setpoint.critical(not day))
    return warning, critical
