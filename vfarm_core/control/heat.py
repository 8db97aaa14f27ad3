"""Heat: the over-temperature stage of a zone, and how fast it warms.

Over-temperature acts without alarm delay on any valid sensor: lamps are dimmed, then off. A room
that warms fast while it is lit is told before a limit is reached.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.roles import Role
from ..recipes.model import ClimateQuantity
from . import readings
from .draft import Draft
from .effects import Severity
from .memory import ZoneState
from .targets import Target, zone_setpoints

#: Lights are dimmed this much above the target (science.md section 6: automatic shed at +3 K).
_DIM_OVER_K = 3.0
#: Back from dimmed and from off this much below what set it off (design choice).
_BACK_K = 1.0
#: Off at this temperature where a recipe names no critical limit (limits_alarms.csv: leafy crops
#: are damaged above 32 °C).
_CRITICAL_C = 32.0
_SEVERITY = {
    "": Severity.INFO,
    "unknown": Severity.P2,
    "dim": Severity.P2,
    "off": Severity.P1,
}
#: K in ten minutes that are told, and that are critical (limits_alarms.csv,
#: air_temp_rate_c_per_10min).
RISE_WARN_K = 1.5
RISE_CRITICAL_K = 3.0
RISE_S = 600.0
_RISE = {"": Severity.INFO, "warn": Severity.P3, "critical": Severity.P2}


def advance(d: Draft, zone: str, target: Target | None) -> None:
    """Stage and rise of a zone; marks its levels when the stage changes."""
    state = d.zone(zone)
    stage, limit = _stage(d, zone, state, target)
    if stage != state.over_temperature:
        from_to = {"stage": stage or "none", "was": state.over_temperature or "none"}
        d.mark(*(level.id for level in d.farm.levels_of_zone[zone]))
        d.event("over_temperature", zone, _SEVERITY[stage], **from_to)
    if stage != state.over_temperature or limit != state.trip_at:
        state = replace(state, over_temperature=stage, trip_at=limit)
    state = _rise(d, zone, state, target)
    d.zones.set(zone, state)


def _stage(
    d: Draft, zone: str, state: ZoneState, target: Target | None
) -> tuple[str, float | None]:
    if not d.of(zone, Role.AIR_TEMPERATURE):
        return "", None
    hottest = readings.highest(d, zone, Role.AIR_TEMPERATURE)
    off_at = _critical(d, zone)
    if hottest is None:
        before = readings.before_fault(d, zone, Role.AIR_TEMPERATURE)
        if state.over_temperature != "off" or before is None:
            return "unknown", off_at
        # A glitch of the only sensor in the middle of an overheat does not end it.
        hottest = before
    dim_at = off_at
    if state.day and target is not None and target.value is not None:
        dim_at = min(off_at, target.value + _DIM_OVER_K)
    was = state.over_temperature
    if hottest >= off_at or (was == "off" and hottest >= off_at - _BACK_K):
        return "off", off_at
    if hottest >= dim_at or (was in ("off", "dim") and hottest >= dim_at - _BACK_K):
        return "dim", off_at
    if readings.all_flat(d, zone, Role.AIR_TEMPERATURE):
        return "unknown", off_at
    return "", off_at


def _critical(d: Draft, zone: str) -> float:
    """The temperature that plants are not left at, by day or by night. The higher of the two: at
    lights-off the air is still as warm as the day was, and that is no emergency."""
    setpoint = zone_setpoints(d, zone).get(ClimateQuantity.AIR_TEMPERATURE)
    if setpoint is None:
        return _CRITICAL_C
    limits = [x for day in (True, False) if (x := setpoint.critical(day).high) is not None]
    return max(limits, default=_CRITICAL_C)


# -- how fast it warms --------------------------------------------------------------------------


def _rise(d: Draft, zone: str, state: ZoneState, target: Target | None) -> ZoneState:
    value = readings.reading(d, zone, Role.AIR_TEMPERATURE).value
    warming = _remembered(state.warming, d.now.farm, value)
    stage = _rise_stage(state, warming, d.now.farm, target)
    if stage != state.rise:
        risen = round(_risen(warming, d.now.farm), 1)
        d.event(
            "temperature_rising",
            zone,
            _RISE[stage],
            stage=stage or "none",
            kelvin=risen,
            minutes=10,
        )
    if warming == state.warming and stage == state.rise:
        return state
    return replace(state, warming=warming, rise=stage)


def _remembered(
    warming: tuple[tuple[float, float], ...], now: float, value: float | None
) -> tuple[tuple[float, float], ...]:
    """The temperatures of the last ten minutes and the one before them. Only a new one is a
    change, so that a look at an unchanged zone changes nothing."""
    if value is None:
        return ()
    if warming and warming[-1][1] == value:
        return warming
    old = [i for i, (at, _) in enumerate(warming) if at <= now - RISE_S]
    kept = warming[old[-1] :] if old else warming
    if len(kept) > 1 and now - kept[-2][0] < _APART_S:
        # Of values that come close together the last one is enough.
        kept = kept[:-1]
    return (*kept, (now, value))


#: Values that are kept lie this far apart (s).
_APART_S = 60.0


def _risen(warming: tuple[tuple[float, float], ...], now: float) -> float:
    """K above the lowest temperature of the last ten minutes; a value holds until the next one."""
    if not warming:
        return 0.0
    lowest = min(
        value
        for i, (_, value) in enumerate(warming)
        if i + 1 == len(warming) or warming[i + 1][0] > now - RISE_S
    )
    return warming[-1][1] - lowest


def _rise_stage(
    state: ZoneState,
    warming: tuple[tuple[float, float], ...],
    now: float,
    target: Target | None,
) -> str:
    """Only while lit, and only beyond the target: on the way up to it warming is wanted."""
    if not state.day or not warming or target is None or target.value is None:
        return ""
    if warming[-1][1] <= target.value:
        return ""
    risen = _risen(warming, now)
    if risen >= RISE_CRITICAL_K:
        return "critical"
    return "warn" if risen >= RISE_WARN_K else ""


def rise_due(d: Draft, zone: str) -> float | None:
    """When a rise that was told may be over (farm time)."""
    state = d.zone(zone)
    if not state.rise:
        return None
    ends = [at + RISE_S for at, _ in state.warming[1:]]
    return min((t for t in ends if t > d.now.farm), default=None)
