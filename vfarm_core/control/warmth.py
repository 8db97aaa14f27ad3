"""What batches got of their warmth: the air of each zone is looked at every quarter of an hour, and
a day of it is counted against what their recipes give.

The temperatures since the last count are kept by half degrees, so that crops with other base
temperatures share one log. What was not measured is counted neither as got nor as planned; a phase
that ends by thermal time waits for its own warmth, and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..batches.course import thermal_a_day, thermal_limits
from ..batches.model import Batch, Warmth
from ..farm.roles import Role
from ..recipes.model import Ripe
from ..science.growth import thermal_time_c_d
from . import readings
from .clock import Due
from .draft import Draft
from .memory import AirLog

#: The due time of the next look.
DUE = "warmth"
#: Air is looked at this often (s of farm time); a longer time between two looks was not watched.
LOOK_S = 900.0
_WATCHED_S = 2 * LOOK_S
#: So much of watched time (s) is counted together.
_COUNT_S = 86400.0
#: Temperatures are kept in steps of this size (K).
_STEP_K = 0.5


def wind(d: Draft) -> None:
    """Look at the air while something grows."""
    if not d.placed:
        d.due.remove(DUE)
    elif d.due.get(DUE) is None:
        d.wake(DUE, Due(farm=d.now.farm + LOOK_S))


def look(d: Draft) -> None:
    """Note how warm it is where something grows, and count what has been noted for a day."""
    d.due.remove(DUE)
    for zone in d.farm.zones:
        if not d.zone_batches(zone.id):
            continue
        state = d.zone(zone.id)
        log = _noted(d, zone.id, state.air)
        if sum(log.seconds.values()) >= _COUNT_S:
            _count(d, zone.id, log)
            log = AirLog(since=log.at, at=log.at)
        d.zones.set(zone.id, replace(state, air=log))
    wind(d)


def _noted(d: Draft, zone: str, log: AirLog | None) -> AirLog:
    now = d.now.farm
    if log is None:
        return AirLog(since=now, at=now)
    gone = now - log.at
    t = readings.reading(d, zone, Role.AIR_TEMPERATURE).value
    if t is None or not 0 < gone <= _WATCHED_S:
        return replace(log, at=now)
    step = round(t / _STEP_K) * _STEP_K
    return replace(log, at=now, seconds={**log.seconds, step: log.seconds.get(step, 0.0) + gone})


def _count(d: Draft, zone: str, log: AirLog) -> None:
    for batch in d.zone_batches(zone):
        counted = _counted(d, batch, zone, log)
        if counted is not None:
            d.batch_counted(replace(batch, warmth=counted))


def _counted(d: Draft, batch: Batch, zone: str, log: AirLog) -> Warmth | None:
    """The warmth of a batch with that of a log; None where nothing of it is to be counted."""
    recipe = d.recipe(batch)
    limits, ends = thermal_limits(recipe), recipe.phases[batch.phase_index].exit
    if limits is None or (ends is not None and ends.ripe is Ripe.DEGREE_DAYS):
        return None
    zones = d.farm.zone_of_level
    here = sum(
        p.sites for p in batch.placements if zones.get(p.level_id) == zone and p.since <= log.since
    )
    if here == 0:
        return None
    share, days = here / batch.sites, sum(log.seconds.values()) / 86400.0
    before = batch.warmth or Warmth(got_c_d=0.0, planned_c_d=0.0, days=0.0)
    planned = thermal_a_day(recipe, d.phase(batch)) * days
    return Warmth(
        got_c_d=before.got_c_d + _thermal_c_d(log.seconds, limits) * share,
        planned_c_d=before.planned_c_d + planned * share,
        days=before.days + days * share,
    )


def _thermal_c_d(seconds: Mapping[float, float], limits: tuple[float, float]) -> float:
    return sum(thermal_time_c_d(t, s, *limits) for t, s in seconds.items())
