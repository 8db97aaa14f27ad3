"""Targets: recipe phase × planned light state × overrides, for one level or one zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..batches.lead import combine
from ..batches.model import Batch
from ..farm.nodes import Level
from ..farm.overrides import Quantity
from ..recipes.crops import LIMITS
from ..recipes.model import (
    Band,
    ClimateQuantity,
    DayLength,
    EmptyBand,
    LightPlan,
    Phase,
    Setpoint,
)
from ..science.light import LightDay
from .draft import Draft


@dataclass(frozen=True, slots=True)
class Target:
    """A setpoint with its warning and critical limits, for the light state in force. `why` is the
    code of the reason where something else than the recipe asks for it."""

    value: float | None
    warning: Band
    critical: Band
    overridden: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class LightTarget:
    """What a level should get: photoperiod (h), PPFD, DLI and their ceilings."""

    batch: Batch
    phase: Phase
    plan: LightPlan
    photoperiod_h: float
    ppfd: float
    dli: float
    overridden: bool


def light_target(d: Draft, level: str) -> LightTarget | None:
    """The light of the oldest batch on a level, with overrides; None when nothing grows there."""
    if level in d.light_of_level:
        return d.light_of_level[level]  # type: ignore[no-any-return]
    batches = d.placed.get(level)
    if not batches:
        return None
    batch = batches[0]
    # From step to step the same: a batch that moves on is another value. One that changes its
    # recipe moves on by the clock alone, so nothing is kept of it.
    known: tuple[Batch, LightTarget] | None = d.light_of_batch.get(batch.id)
    planned = known[1] if known is not None and known[0] is batch else _by_recipe(d, batch)
    node = d.farm.places[level].level
    if node.ppfd_offset_pct or node.photoperiod_offset_h:
        planned = _offset(d, node, planned)
    if not d.overrides.now:
        return planned
    hours = d.override(level, Quantity.PHOTOPERIOD)
    ppfd = d.override(level, Quantity.PPFD)
    if hours is None and ppfd is None:
        return planned
    h = planned.photoperiod_h if hours is None else hours.value
    p = planned.ppfd if ppfd is None else ppfd.value
    return LightTarget(batch, planned.phase, planned.plan, h, p, p * h * 0.0036, True)


def _offset(d: Draft, level: Level, planned: LightTarget) -> LightTarget:
    """The light of a level that differs from its recipe, within what the plants take: no more than
    the plan's own maxima, no longer day for a short-day crop, and none longer than its crop bears.
    """
    key = (level.id, "light_offset")
    found: LightTarget | None = d.derived.get(key)
    if found is not None:
        return found
    plan, recipe = planned.plan, d.recipe(planned.batch)
    if planned.phase.is_dark:
        return planned
    longest = 24.0
    crop = LIMITS.get(recipe.crop)
    bound = crop.photoperiod_max_h if crop is not None else None
    if recipe.day_length is DayLength.SHORT_DAY:
        longest = plan.photoperiod_h
    elif bound is not None and bound.holds_in(planned.phase.kind):
        longest = max(bound.value, plan.photoperiod_h)
    h = min(max(plan.photoperiod_h + level.photoperiod_offset_h, 0.0), longest)
    p = min(plan.ppfd * (1.0 + level.ppfd_offset_pct / 100.0), plan.ppfd_max)
    dli = min(p * h * 0.0036, plan.dli_max)
    p = dli / (h * 0.0036) if h > 0 else 0.0
    found = replace(planned, photoperiod_h=h, ppfd=p, dli=dli)
    d.derived[key] = found
    return found


def _by_recipe(d: Draft, batch: Batch) -> LightTarget:
    """The light of a batch without overrides: the same on all of its levels."""
    phase = d.phase(batch)
    plan = phase.light
    found = LightTarget(batch, phase, plan, plan.photoperiod_h, plan.ppfd, plan.dli, False)
    if batch.changeover is None:
        d.light_of_batch[batch.id] = (batch, found)
    return found


#: Setpoints that were worked out before, by lead and by batch, recipe version, phase and
#: way from another version. A version is the hash of the recipe's content, so the same key means
#: the same setpoints.
type _Way = tuple[str, int, float, float] | None
type _Key = tuple[str, str | None, tuple[tuple[str, str, int, _Way], ...]]
_COMBINED: dict[_Key, dict[Any, Setpoint]] = {}
_COMBINED_MOST = 1024


def combined(
    d: Draft,
    part: str,
    batches: tuple[Batch, ...],
    lead_batch: str | None,
    wants: Callable[[Batch], Mapping[Any, Setpoint]],
) -> dict[Any, Setpoint]:
    """What batches ask for together of one `part` of their recipes: the lead batch's where it is
    among them, else the intersection of limits. `part` names all that `wants` goes by besides the
    batch and its phase. Raises EmptyBand when they share none."""
    lead = lead_batch if any(b.id == lead_batch for b in batches) else None
    key = (
        part,
        lead,
        tuple((b.id, b.recipe_version, b.phase_index, d.on_the_way(b)) for b in batches),
    )
    found = _COMBINED.get(key)
    if found is None:
        found = combine({b.id: wants(b) for b in batches}, lead=lead)
        if len(_COMBINED) >= _COMBINED_MOST:
            _COMBINED.clear()
        _COMBINED[key] = found
    return found


def common_setpoints(d: Draft, zone: str) -> dict[ClimateQuantity, Setpoint]:
    """The climate a zone's batches ask for. Raises EmptyBand when they share none."""
    batches, lead = d.zone_batches(zone), d.farm.zone[zone].lead_batch
    return combined(d, "climate", batches, lead, lambda batch: d.phase(batch).climate)


def zone_setpoints(d: Draft, zone: str) -> dict[ClimateQuantity, Setpoint]:
    """The climate a zone follows. Batches that cannot share it are refused when they start; where
    later phases drift apart, the oldest batch leads and the zone has a problem to show."""
    found = d.setpoints.get(zone)
    if found is None:
        try:
            found = common_setpoints(d, zone)
        except EmptyBand:
            found = dict(d.phase(d.zone_batches(zone)[0]).climate)
            d.disjoint.add(zone)
        d.setpoints[zone] = found
    return found


def zone_target(
    d: Draft, zone: str, quantity: ClimateQuantity, setpoints: dict[ClimateQuantity, Setpoint]
) -> Target | None:
    """The target of one quantity of a zone in its light state; None when nothing is asked."""
    day = d.zone(zone).day
    override = d.override(zone, Quantity(quantity.value))
    setpoint = setpoints.get(quantity)
    if setpoint is None:
        if override is None:
            return None
        return Target(override.value, Band(None, None), Band(None, None), overridden=True)
    if override is not None:
        return Target(override.value, setpoint.warning(day), setpoint.critical(day), True)
    if quantity is ClimateQuantity.AIR_TEMPERATURE and (share := ramp_share(d, zone)) < 1.0:
        return _between(setpoint, day, share)
    return Target(setpoint.at(day), setpoint.warning(day), setpoint.critical(day))


def _between(setpoint: Setpoint, day: bool, share: float) -> Target:
    """On the way between day and night: neither target is to be held yet, and the limits of both
    are respected as those of one night or day would be."""
    now, before = setpoint.at(day), setpoint.at(not day)
    value = now if now is None or before is None else before + (now - before) * share
    return Target(
        None if value is None else round(value, 2),
        hull(setpoint.warning(True), setpoint.warning(False)),
        hull(setpoint.critical(True), setpoint.critical(False)),
    )


def hull(a: Band, b: Band) -> Band:
    """The narrowest band that covers both."""
    low = None if a.low is None or b.low is None else min(a.low, b.low)
    high = None if a.high is None or b.high is None else max(a.high, b.high)
    return Band(low, high)


#: A ramp moves in steps of this length (s), so that a zone has to be looked at only then.
RAMP_STEP_S = 60.0


def ramp_share(d: Draft, zone: str) -> float:
    """How far the temperature target of a zone has come on its way between day and night, 0…1."""
    ramp_s = d.farm.zone[zone].ramp_min * 60
    since = light_changed_at(d, zone) if ramp_s > 0 else None
    if since is None:
        return 1.0
    gone = max(0.0, d.now.farm - since) // RAMP_STEP_S * RAMP_STEP_S
    return min(1.0, gone / ramp_s)


def ramp_due(d: Draft, zone: str) -> float | None:
    """When the target moves on next (farm time); None when it is where it belongs."""
    if ramp_share(d, zone) >= 1.0:
        return None
    since = light_changed_at(d, zone)
    assert since is not None
    gone = max(0.0, d.now.farm - since)
    return since + (gone // RAMP_STEP_S + 1) * RAMP_STEP_S


def light_changed_at(d: Draft, zone: str) -> float | None:
    """When the day or night that a zone is in has begun, by the light days of its levels, which a
    restart knows; None when nothing is known of it."""
    now = d.now.farm
    if not d.zone(zone).day:
        # The planned end of a day that people kept dark changes nothing.
        days = _light_days(d, zone, lambda level: not d.kept_dark(level))
        return max((x.end_s for x in days if x.end_s <= now), default=None)
    days = _light_days(d, zone)
    began = min((x.start_s for x in days if x.start_s <= now < x.end_s), default=None)
    while began is not None:
        # Levels that take turns make one day.
        earlier = min((x.start_s for x in days if x.start_s < began <= x.end_s), default=None)
        if earlier is None:
            break
        began = earlier
    return began


def dark_from(d: Draft, zone: str) -> float | None:
    """When a lit zone becomes dark (farm time); None while it is dark, and where it never is."""
    key = (zone, "dark_from")
    if key not in d.derived:
        d.derived[key] = _dark_from(d, zone) if d.zone(zone).day else None
    found: float | None = d.derived[key]
    return found


def _dark_from(d: Draft, zone: str) -> float | None:
    days = _light_days(d, zone)
    now = d.now.farm
    end = max((x.end_s for x in days if x.start_s <= now < x.end_s), default=None)
    while end is not None:
        later = [
            x.end_s if x.start_s > now else x.next_start_s + x.end_s - x.start_s
            for x in days
            if (x.start_s if x.start_s > now else x.next_start_s) <= end
        ]
        if not later or max(later) <= end:
            break
        end = max(later)
        if end > now + _DAY_S:
            return None
    return end


_DAY_S = 86400.0


def state_changes_at(d: Draft, zone: str) -> float | None:
    """When a zone becomes dark, or light again (farm time); None when nothing of it is planned."""
    if d.zone(zone).day:
        return dark_from(d, zone)
    now = d.now.farm
    starts = (x.start_s if x.start_s > now else x.next_start_s for x in _light_days(d, zone))
    return min(starts, default=None)


def _light_days(
    d: Draft, zone: str, counts: Callable[[str], bool] = lambda level: True
) -> list[LightDay]:
    levels = d.levels.now
    return [
        x
        for level in d.farm.levels_of_zone[zone]
        if counts(level.id)
        and (state := levels.get(level.id)) is not None
        and (x := state.light_day) is not None
        and x.end_s > x.start_s
    ]
