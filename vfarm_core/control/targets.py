"""Targets: recipe phase × planned light state × overrides, for one level or one zone."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from ..science.air import humidity_for_vpd_pct
from .draft import Draft


@dataclass(frozen=True, slots=True)
class Target:
    """A setpoint with its warning and critical limits, for the light state in force."""

    value: float | None
    warning: Band
    critical: Band
    overridden: bool = False


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
    batches = d.placed.get(level)
    if not batches:
        return None
    batch = batches[0]
    node = d.farm.level[level]
    planned = _by_recipe(d, batch)
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
    key = (batch.id, "light")
    found: LightTarget | None = d.derived.get(key)
    if found is None:
        phase = d.phase(batch)
        plan = phase.light
        found = LightTarget(batch, phase, plan, plan.photoperiod_h, plan.ppfd, plan.dli, False)
        d.derived[key] = found
    return found


#: Setpoints that were worked out before, by lead and by batch, recipe version and phase: the
#: version is the hash of the recipe's content, so the same key means the same setpoints.
type _Key = tuple[str | None, tuple[tuple[str, str, int], ...]]
_COMBINED: dict[_Key, dict[ClimateQuantity, Setpoint]] = {}
_COMBINED_MOST = 1024


def common_setpoints(d: Draft, zone: str) -> dict[ClimateQuantity, Setpoint]:
    """The climate a zone's batches ask for: the lead batch's, else the intersection of limits.
    Raises EmptyBand when they share none."""
    batches = d.zone_batches(zone)
    wanted_lead = d.farm.zone[zone].lead_batch
    lead = wanted_lead if any(b.id == wanted_lead for b in batches) else None
    key = (lead, tuple((b.id, b.recipe_version, b.phase_index) for b in batches))
    found = _COMBINED.get(key)
    if found is None:
        found = combine({b.id: d.phase(b).climate for b in batches}, lead=lead)
        if len(_COMBINED) >= _COMBINED_MOST:
            _COMBINED.clear()
        _COMBINED[key] = found
    return found


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
    value = setpoint.at(day) if override is None else override.value
    return Target(value, setpoint.warning(day), setpoint.critical(day), override is not None)


def humidity_target(
    d: Draft,
    zone: str,
    setpoints: dict[ClimateQuantity, Setpoint],
    temperature: float | None,
) -> Target | None:
    """The relative humidity to hold. By day a VPD target leads where the recipe has one; from
    lights-off humidity itself is held, because VPD would ask for condensing air in the cold."""
    vpd = zone_target(d, zone, ClimateQuantity.VPD, setpoints)
    humidity = zone_target(d, zone, ClimateQuantity.HUMIDITY, setpoints)
    by_vpd = vpd is not None and vpd.value is not None and temperature is not None
    lead_by_vpd = by_vpd and (humidity is None or not humidity.overridden)
    if lead_by_vpd and (d.zone(zone).day or humidity is None or (vpd and vpd.overridden)):
        assert vpd is not None
        assert vpd.value is not None
        assert temperature is not None
        wanted = humidity_for_vpd_pct(temperature, vpd.value)
        limits = humidity or Target(None, Band(None, None), Band(None, None))
        return Target(
            min(max(wanted, 0.0), _MAX_HUMIDITY), limits.warning, limits.critical, vpd.overridden
        )
    if humidity is None or humidity.value is None or humidity.overridden or temperature is None:
        return humidity
    day = _humidity_ahead(d, zone, setpoints, temperature)
    if day is None or day >= humidity.value:
        return humidity
    return replace(humidity, value=day)


def _humidity_ahead(
    d: Draft, zone: str, setpoints: dict[ClimateQuantity, Setpoint], temperature: float
) -> float | None:
    """The humidity (%) that lets a night end within the day's VPD limits; None when nothing asks
    for drying yet. No drier than the day itself, and no drier than those limits need."""
    vpd = setpoints.get(ClimateQuantity.VPD)
    low = None if vpd is None else vpd.warning(True).low
    at = dry_from(d, zone)
    if low is None or at is None or d.now.farm < at:
        return None
    limit = min(max(humidity_for_vpd_pct(temperature, low), 0.0), _MAX_HUMIDITY)
    humidity = setpoints.get(ClimateQuantity.HUMIDITY)
    by_day = None if humidity is None else humidity.at(True)
    return limit if by_day is None else max(limit, by_day)


def dry_from(d: Draft, zone: str) -> float | None:
    """When a dark zone starts to dry ahead of its next lights-on (farm time); None while it is
    lit, and where no light is planned."""
    if d.zone(zone).day:
        return None
    begins = []
    for level in d.farm.levels_of_zone[zone]:
        day = d.level(level.id).light_day
        if day is not None and day.end_s > day.start_s:
            begins.append(day.start_s if d.now.farm < day.start_s else day.next_start_s)
    return min(begins) - DRY_AHEAD_S if begins else None


#: Humid nights end this long before lights-on (s) (design choice: long enough for a dryer sized
#: for a closed canopy, and short beside the hours of humid night that prevent tip-burn).
DRY_AHEAD_S = 1800.0


#: Above this, surfaces a little colder than the air are wet: dew point within about 1 K of the air.
_MAX_HUMIDITY = 93.0
