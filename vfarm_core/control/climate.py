"""Climate: one arbiter per zone for temperature, humidity and CO2, so that devices never fight.

Every device follows a hysteresis around the target. Opposing devices exclude each other by
construction: heating is called below the target and cooling above it, humidifying below and drying
above; CO2 never with exhaust.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..farm.nodes import Zone
from ..farm.roles import Role
from ..recipes.model import ClimateQuantity, Setpoint
from ..science.air import dew_point_c, vpd_air_kpa
from . import readings
from .clock import Due, earliest
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import Quality, ZoneState
from .reasons import Reason
from .targets import Target, dry_from, humidity_target, zone_setpoints, zone_target

#: Half-widths of the hysteresis (design choice; about twice the noise of a good sensor).
HYSTERESIS = {
    ClimateQuantity.AIR_TEMPERATURE: 0.5,
    ClimateQuantity.HUMIDITY: 3.0,
    ClimateQuantity.CO2: 50.0,
}
UNITS = {
    ClimateQuantity.AIR_TEMPERATURE: "°C",
    ClimateQuantity.HUMIDITY: "%",
    ClimateQuantity.CO2: "ppm",
    ClimateQuantity.VPD: "kPa",
}
#: Lights are dimmed this much above the target (science.md section 6: automatic shed at +3 K).
_DIM_OVER_K = 3.0
#: Back from dimmed and from off this much below what set it off (design choice).
_BACK_K = 1.0
#: Off at this temperature where a recipe names no critical limit (limits_alarms.csv: leafy crops
#: are damaged above 32 °C).
_CRITICAL_C = 32.0
#: CO2: injection stops, and air is exhausted (design rule 8; OSHA PEL 5,000 ppm).
CO2_STOP_PPM = 2000.0
CO2_DANGER_PPM = 5000.0
_SEVERITY = {
    "": Severity.INFO,
    "unknown": Severity.P2,
    "dim": Severity.P2,
    "off": Severity.P1,
}
#: Safety of the zone is looked at again at least this often (s), also when nothing is reported.
_LOOK_S = 300.0


@dataclass(frozen=True, slots=True)
class ZoneView:
    """What a zone measures and wants."""

    temperature: readings.Reading
    humidity: readings.Reading
    co2: readings.Reading
    vpd: float | None
    dew_point: float | None
    temperature_target: Target | None
    humidity_target: Target | None
    vpd_target: Target | None
    co2_target: Target | None


def view(d: Draft, zone: Zone) -> ZoneView:
    """Readings, derived quantities and targets of a zone."""
    key = (zone.id, d.zone(zone.id).day)
    if key not in d.derived:
        d.derived[key] = _view(d, zone)
    found: ZoneView = d.derived[key]
    return found


def _view(d: Draft, zone: Zone) -> ZoneView:
    setpoints = zone_setpoints(d, zone.id)
    temperature = readings.reading(d, zone.id, Role.AIR_TEMPERATURE)
    humidity = readings.reading(d, zone.id, Role.HUMIDITY)
    vpd = dew_point = None
    if temperature.value is not None and humidity.value is not None and humidity.value > 0:
        vpd = vpd_air_kpa(temperature.value, humidity.value)
        dew_point = dew_point_c(temperature.value, humidity.value)
    target = _targets(d, zone.id, setpoints)
    return ZoneView(
        temperature=temperature,
        humidity=humidity,
        co2=readings.reading(d, zone.id, Role.CO2),
        vpd=vpd,
        dew_point=dew_point,
        temperature_target=target[ClimateQuantity.AIR_TEMPERATURE],
        humidity_target=humidity_target(d, zone.id, setpoints, temperature.value),
        vpd_target=target[ClimateQuantity.VPD],
        co2_target=target[ClimateQuantity.CO2],
    )


def _targets(
    d: Draft, zone: str, setpoints: dict[ClimateQuantity, Setpoint]
) -> dict[ClimateQuantity, Target | None]:
    return {q: zone_target(d, zone, q, setpoints) for q in ClimateQuantity}


def advance(d: Draft, zone: Zone) -> None:
    """The zone's day state and over-temperature stage; marks the levels when it changes."""
    state = d.zone(zone.id)
    day = any(d.level(level.id).lit for level in d.farm.levels_of_zone[zone.id])
    if day != state.day:
        state = replace(state, day=day, day_changed_at=d.now.farm)
        d.zones.set(zone.id, state)
    seen = view(d, zone)
    stage, limit = _over_temperature(d, zone.id, state, seen)
    if stage != state.over_temperature:
        from_to = {"stage": stage or "none", "was": state.over_temperature or "none"}
        d.zones.set(zone.id, replace(state, over_temperature=stage, trip_at=limit))
        d.mark(*(level.id for level in d.farm.levels_of_zone[zone.id]))
        severity = _SEVERITY[stage]
        d.event("over_temperature", zone.id, severity, **from_to)
    elif limit != state.trip_at:
        d.zones.set(zone.id, replace(state, trip_at=limit))


def _over_temperature(
    d: Draft, zone: str, state: ZoneState, seen: ZoneView
) -> tuple[str, float | None]:
    if not d.of(zone, Role.AIR_TEMPERATURE):
        return "", None
    hottest = readings.highest(d, zone, Role.AIR_TEMPERATURE)
    target = seen.temperature_target
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


def control(d: Draft, zone: Zone) -> dict[str, Intent]:
    """What every climate device of a zone should do."""
    if d.state.lost_memory:
        return {b.id: _on_lost_memory(role) for role in _CONTROLLED for b in d.of(zone.id, role)}
    seen = view(d, zone)
    state = d.zone(zone.id)
    calling = set(state.calling)
    wants = {
        **_temperature(d, zone.id, seen, calling, state.over_temperature),
        **_humidity(d, zone.id, seen, calling),
    }
    wants[Role.EXHAUST_FAN] = _exhaust(d, zone.id, seen, wants, calling)
    wants[Role.CO2_VALVE] = _co2(d, zone.id, seen, wants, calling)
    growing = bool(d.zone_batches(zone.id))
    wants[Role.CIRCULATION_FAN] = (
        Intent(1.0, Reason("circulate")) if growing else Intent(0.0, Reason("no_batch"), idle=True)
    )
    if frozenset(calling) != state.calling:
        d.zones.set(zone.id, replace(d.zone(zone.id), calling=frozenset(calling)))
    d.wake(zone.id, _due(d, zone.id) if growing else Due())
    return {b.id: wants[role] for role in _CONTROLLED for b in d.of(zone.id, role)}


def _due(d: Draft, zone: str) -> Due:
    at = dry_from(d, zone)
    look = Due(farm=d.now.farm + _LOOK_S)
    return look if at is None or at <= d.now.farm else earliest(look, Due(farm=at))


def _on_lost_memory(role: Role) -> Intent:
    # Hold: what can hurt goes off, moving air stays as it is.
    if role in (Role.CO2_VALVE, Role.HEATER):
        return Intent(0.0, Reason("hold"))
    return Intent(None, Reason("hold"))


_CONTROLLED = (
    Role.HEATER,
    Role.COOLER,
    Role.HUMIDIFIER,
    Role.DEHUMIDIFIER,
    Role.EXHAUST_FAN,
    Role.CIRCULATION_FAN,
    Role.CO2_VALVE,
)


def _call(calling: set[str], role: Role, on: bool, off: bool) -> bool:
    """Hysteresis: switch on when `on`, off when `off`, else as before."""
    if off:
        calling.discard(role)
    elif on:
        calling.add(role)
    return role in calling


def _pair(
    calling: set[str],
    value: float,
    target: float,
    width: float,
    raises: Role,
    lowers: Role,
    bound: Iterable[Role],
) -> dict[Role, bool]:
    up = _call(calling, raises, value <= target - width, value >= target)
    down = _call(calling, lowers, value >= target + width, value <= target)
    return {role: on for role, on in ((raises, up), (lowers, down)) if role in bound}


def _hysteresis(
    d: Draft,
    zone: str,
    quantity: ClimateQuantity,
    seen: readings.Reading,
    target: Target | None,
    raises: Role,
    lowers: Role,
    calling: set[str],
) -> dict[Role, Intent]:
    if target is None or target.value is None:
        calling.difference_update((raises, lowers))
        off = Intent(0.0, Reason("no_target", {"quantity": quantity.value}))
        return {raises: off, lowers: off}
    if seen.value is None:
        calling.difference_update((raises, lowers))
        off = Intent(0.0, Reason("no_reading", {"quantity": quantity.value}))
        return {raises: off, lowers: off}
    width = HYSTERESIS[quantity]
    on = _pair(calling, seen.value, target.value, width, raises, lowers, (raises, lowers))
    params: dict[str, str | float] = {
        "quantity": quantity.value,
        "value": round(seen.value, 1),
        "target": round(target.value, 1),
        "unit": UNITS[quantity],
    }
    return {
        raises: Intent(
            1.0 if on[raises] else 0.0, Reason("below_target" if on[raises] else "in_band", params)
        ),
        lowers: Intent(
            1.0 if on[lowers] else 0.0, Reason("above_target" if on[lowers] else "in_band", params)
        ),
    }


def _temperature(
    d: Draft, zone: str, seen: ZoneView, calling: set[str], over: str
) -> dict[Role, Intent]:
    wants = _hysteresis(
        d,
        zone,
        ClimateQuantity.AIR_TEMPERATURE,
        seen.temperature,
        seen.temperature_target,
        Role.HEATER,
        Role.COOLER,
        calling,
    )
    if over in ("dim", "off"):
        hottest = readings.highest(d, zone, Role.AIR_TEMPERATURE) or 0.0
        params = {"value": round(hottest, 1), "limit": round(d.zone(zone).trip_at or 0.0, 1)}
        reason = Reason("too_warm_off", params)
        calling.discard(Role.HEATER)
        wants[Role.HEATER] = Intent(0.0, reason, trip=True)
        if over == "off":
            calling.add(Role.COOLER)
            wants[Role.COOLER] = Intent(1.0, reason, trip=True)
        elif wants[Role.COOLER].value:
            # Full cooling, also against a heater that cannot be switched off (design rule 9).
            wants[Role.COOLER] = replace(wants[Role.COOLER], trip=True)
    return wants


def _humidity(d: Draft, zone: str, seen: ZoneView, calling: set[str]) -> dict[Role, Intent]:
    return _hysteresis(
        d,
        zone,
        ClimateQuantity.HUMIDITY,
        seen.humidity,
        seen.humidity_target,
        Role.HUMIDIFIER,
        Role.DEHUMIDIFIER,
        calling,
    )


def _exhaust(
    d: Draft, zone: str, seen: ZoneView, wants: dict[Role, Intent], calling: set[str]
) -> Intent:
    """Exhaust carries heat and moisture where the zone has no cooler or dehumidifier, and always
    clears the air of dangerous CO2 and of heat at the critical limit."""
    co2 = readings.highest(d, zone, Role.CO2)
    if co2 is not None and co2 >= CO2_DANGER_PPM:
        return Intent(1.0, Reason("exhaust_co2", {"value": round(co2)}), trip=True)
    if d.zone(zone).over_temperature == "off":
        return wants[Role.COOLER]
    for role in (Role.COOLER, Role.DEHUMIDIFIER):
        if not d.of(zone, role) and (wants[role].value or 0.0) > 0:
            return wants[role]
    return Intent(0.0, Reason("exhaust_idle"))


def _co2(
    d: Draft, zone: str, seen: ZoneView, wants: dict[Role, Intent], calling: set[str]
) -> Intent:
    """CO2 only lit, on a good reading, surely without people, and never while exhausting."""

    def closed(code: str, *, trip: bool = True, **params: float | str) -> Intent:
        calling.discard(Role.CO2_VALVE)
        return Intent(0.0, Reason(code, params), trip=trip)

    highest = readings.highest(d, zone, Role.CO2)
    if highest is not None and highest >= CO2_STOP_PPM:
        return closed("co2_limit", value=round(highest), limit=round(CO2_STOP_PPM))
    if seen.co2.value is None or highest is None:
        return closed("no_reading", quantity="co2")
    if (
        not d.of(zone, Role.OCCUPANCY)
        or readings.unknown(d, zone, Role.OCCUPANCY)
        or readings.tripped(d, zone, Role.OCCUPANCY)
    ):
        return closed("co2_people")
    if not d.zone(zone).day:
        return closed("co2_dark")
    if (wants[Role.EXHAUST_FAN].value or 0.0) > 0 or any(
        d.actuator(b.id).is_on for b in d.of(zone, Role.EXHAUST_FAN)
    ):
        return closed("co2_exhausting")
    if d.zone(zone).over_temperature in ("dim", "off"):
        return closed(
            "too_warm_off",
            value=round(seen.temperature.value or 0.0, 1),
            limit=round(d.zone(zone).trip_at or 0.0, 1),
        )
    target = seen.co2_target
    if target is None or target.value is None:
        return closed("no_target", trip=False, quantity="co2")
    width = HYSTERESIS[ClimateQuantity.CO2]
    on = _call(
        calling,
        Role.CO2_VALVE,
        seen.co2.value <= target.value - width,
        seen.co2.value >= target.value,
    )
    params: dict[str, str | float] = {
        "quantity": "co2",
        "value": round(seen.co2.value),
        "target": round(target.value),
        "unit": "ppm",
    }
    return Intent(1.0 if on else 0.0, Reason("below_target" if on else "in_band", params))


def co2_alarm(d: Draft, zone: str) -> bool:
    """Whether CO2 is dangerous for people."""
    highest = readings.highest(d, zone, Role.CO2)
    return highest is not None and highest >= CO2_DANGER_PPM


def quality_problem(seen: readings.Reading) -> bool:
    """Whether a reading exists but cannot be trusted."""
    return seen.quality in (Quality.STALE, Quality.IMPLAUSIBLE, Quality.DISAGREEING)
