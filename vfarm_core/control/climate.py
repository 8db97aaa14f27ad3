"""Climate: one arbiter per zone for temperature, humidity and CO2, so that devices never fight.

Every device follows the target by a strategy: on and off by hysteresis, or a level where it has
levels. Opposing devices exclude each other by construction: heating is called below the target and
cooling above it, humidifying below and drying above; CO2 never with exhaust. The one exception is
declared: a cooler that dries while the heater holds the temperature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..farm.bindings import Binding
from ..farm.nodes import Zone
from ..farm.roles import Role
from ..recipes.model import OPEN, ClimateQuantity
from ..science.air import dew_point_c, vpd_air_kpa
from . import co2, drying, heat, outside, readings
from .clock import Due
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .reasons import Reason
from .strategy import OFF, Hysteresis, Pid, StrategyState
from .targets import Target, ramp_due, zone_setpoints, zone_target

#: Half-widths of the hysteresis (design choice; about twice the noise of a good sensor).
HYSTERESIS = {
    ClimateQuantity.AIR_TEMPERATURE: 0.5,
    ClimateQuantity.HUMIDITY: drying.WIDTH,
    ClimateQuantity.CO2: co2.WIDTH,
}
UNITS = {
    ClimateQuantity.AIR_TEMPERATURE: "°C",
    ClimateQuantity.HUMIDITY: "%",
    ClimateQuantity.CO2: "ppm",
    ClimateQuantity.VPD: "kPa",
}
#: Devices with levels: output per K and per %, and the time of the integral (design choice: full at
#: 2 K and 16 % off the target, and steady in a room whose air answers within minutes).
_GAIN = {ClimateQuantity.AIR_TEMPERATURE: 0.5, ClimateQuantity.HUMIDITY: 0.06}
_INTEGRAL_S = 900.0
#: From off to full in five minutes, no command for less than a twentieth, and no fan below a fifth,
#: where it may stall (design choice).
_SLEW_PER_S = 1 / 300
_DEADBAND = 0.05
_LOWEST = 0.2
#: A cooler dries only down to this much below the temperature target (K) (design choice: a heater
#: that cannot keep up is no reason to chill the crop).
_REHEAT_LOW_K = 2.0
#: Safety of the zone is looked at again at least this often (s), also when nothing is reported.
_LOOK_S = 300.0

_SIGN = {Role.HEATER: 1, Role.COOLER: -1, Role.HUMIDIFIER: 1, Role.DEHUMIDIFIER: -1}
_QUANTITY = {
    Role.HEATER: ClimateQuantity.AIR_TEMPERATURE,
    Role.COOLER: ClimateQuantity.AIR_TEMPERATURE,
    Role.HUMIDIFIER: ClimateQuantity.HUMIDITY,
    Role.DEHUMIDIFIER: ClimateQuantity.HUMIDITY,
}
_ROLE_OF = {
    ClimateQuantity.AIR_TEMPERATURE: Role.AIR_TEMPERATURE,
    ClimateQuantity.HUMIDITY: Role.HUMIDITY,
}
_SWITCH = {
    role: Hysteresis(sign=sign, width=HYSTERESIS[_QUANTITY[role]]) for role, sign in _SIGN.items()
}
_LEVEL = {
    role: Pid(
        sign=sign,
        width=HYSTERESIS[_QUANTITY[role]],
        gain=_GAIN[_QUANTITY[role]],
        integral_s=_INTEGRAL_S,
        slew_per_s=_SLEW_PER_S,
        deadband=_DEADBAND,
        lowest=_LOWEST,
    )
    for role, sign in _SIGN.items()
}
#: The key of the strategy of a role's devices with levels.
_LEVELS = ".level"
_DRIES = Hysteresis(sign=-1, width=drying.WIDTH)
_DRIES_MORE = Hysteresis(sign=-1, width=2 * drying.WIDTH)


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
    target = {
        q: zone_target(d, zone.id, q, setpoints)
        for q in ClimateQuantity
        if q is not ClimateQuantity.HUMIDITY
    }
    return ZoneView(
        temperature=temperature,
        humidity=humidity,
        co2=readings.reading(d, zone.id, Role.CO2),
        vpd=vpd,
        dew_point=dew_point,
        temperature_target=target[ClimateQuantity.AIR_TEMPERATURE],
        humidity_target=drying.humidity_target(d, zone.id, setpoints, temperature.value),
        vpd_target=target[ClimateQuantity.VPD],
        co2_target=target[ClimateQuantity.CO2],
    )


def advance(d: Draft, zone: Zone) -> None:
    """The state of a zone: day, over-temperature, CO2, dew; marks the levels that it concerns."""
    state = d.zone(zone.id)
    day = any(d.level(level.id).lit for level in d.farm.levels_of_zone[zone.id])
    dawn = day and not state.day
    if day != state.day:
        state = replace(state, day=day, day_changed_at=d.now.farm)
        d.zones.set(zone.id, state)
    seen = view(d, zone)
    heat.advance(d, zone.id, seen.temperature_target)
    co2.advance(d, zone.id, dawn=dawn)
    _dew(d, zone, seen)


def _dew(d: Draft, zone: Zone, seen: ZoneView) -> None:
    state = d.zone(zone.id)
    wet = drying.condensing(
        d, zone.id, seen.temperature.value, seen.dew_point, was=state.condensing
    )
    if wet != state.condensing:
        d.zones.set(zone.id, replace(state, condensing=wet))
        point = None if seen.dew_point is None else round(seen.dew_point, 1)
        severity = Severity.P3 if wet else Severity.INFO
        d.event("condensation" if wet else "condensation_over", zone.id, severity, dew_point=point)


# -- what every device should do ----------------------------------------------------------------


class _Desk:
    """The arbiter's desk: what each role should do, for devices that are on or off (`wants`) and
    for those with levels where that differs (`levels`), and what their strategies remember."""

    def __init__(self, d: Draft, zone: Zone) -> None:
        self.d = d
        self.zone = zone
        self.seen = view(d, zone)
        self.state = d.zone(zone.id)
        self.loops = dict(self.state.loops)
        self.wants: dict[Role, Intent] = {}
        self.levels: dict[Role, Intent] = {}

    def put(self, role: Role, intent: Intent) -> None:
        """The same for every device of a role."""
        self.wants[role] = intent
        self.levels.pop(role, None)

    def asks(self, role: Role) -> bool:
        """Whether any device of a role is wanted on."""
        found = (self.wants[role], self.levels.get(role, self.wants[role]))
        return any((intent.value or 0.0) > 0 for intent in found)

    def forget(self, role: Role) -> None:
        """The strategies of a role begin anew."""
        self.loops.pop(role, None)
        self.loops.pop(role + _LEVELS, None)

    def intent(self, b: Binding) -> Intent:
        """What one device should do."""
        found = self.wants[b.role]
        return self.levels.get(b.role, found) if b.has_levels else found


def control(d: Draft, zone: Zone) -> dict[str, Intent]:
    """What every climate device of a zone should do."""
    if d.state.lost_memory:
        return {b.id: _on_lost_memory(role) for role in _CONTROLLED for b in d.of(zone.id, role)}
    desk = _Desk(d, zone)
    _temperature(desk)
    _humidity(desk)
    _reheat(desk)
    _exhaust(desk)
    desk.put(
        Role.CO2_VALVE,
        co2.control(
            d,
            zone.id,
            desk.seen.co2_target,
            exhausting=desk.asks(Role.EXHAUST_FAN),
            temperature=desk.seen.temperature.value,
            loops=desk.loops,
        ),
    )
    growing = bool(d.zone_batches(zone.id))
    desk.put(
        Role.CIRCULATION_FAN,
        Intent(1.0, Reason("circulate")) if growing else Intent(0.0, Reason("no_batch"), idle=True),
    )
    loops = {key: state for key, state in desk.loops.items() if state != OFF}
    if loops != desk.state.loops:
        d.zones.set(zone.id, replace(desk.state, loops=loops))
    d.wake(zone.id, _due(d, zone.id, loops, growing=growing))
    return {b.id: desk.intent(b) for role in _CONTROLLED for b in d.of(zone.id, role)}


def _due(d: Draft, zone: str, loops: dict[str, StrategyState], *, growing: bool) -> Due:
    times = [co2.effect_due(d, zone), heat.rise_due(d, zone)]
    if growing:
        times += [d.now.farm + _LOOK_S, ramp_due(d, zone)]
        times += [drying.dry_from(d, zone), drying.dry_for_night_from(d, zone)]
    for role, pid in _LEVEL.items():
        moving = loops.get(role + _LEVELS)
        if moving is not None and moving.at is not None:
            times.append(moving.at + pid.period_s)
    return Due(farm=min((t for t in times if t is not None and t > d.now.farm), default=None))


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


# -- strategies ---------------------------------------------------------------------------------


def _follow(
    desk: _Desk,
    role: Role,
    seen: readings.Reading,
    target: Target | None,
    feed_forward: Callable[[], float] = lambda: 0.0,
) -> None:
    """Let the devices of a role follow a target."""
    quantity = _QUANTITY[role]
    if target is None or target.value is None or seen.value is None:
        desk.forget(role)
        code = "no_reading" if target is not None and target.value is not None else "no_target"
        desk.put(role, Intent(0.0, Reason(code, {"quantity": quantity.value})))
        return
    params: dict[str, str | float] = {
        "quantity": quantity.value,
        "value": round(seen.value, 1),
        "target": round(target.value, 1),
        "unit": UNITS[quantity],
    }
    called = "below_target" if _SIGN[role] > 0 else target.why or "above_target"
    state, output = _SWITCH[role].decide(desk.loops.get(role, OFF), seen.value, target.value)
    desk.loops[role] = state
    desk.put(role, Intent(output, Reason(called if output else "in_band", params)))
    if _has_levels(desk, role):
        output = _move(desk, role, seen.value, target.value, feed_forward)
        short = _SIGN[role] * (target.value - seen.value) > 0
        code = (called if short else "holds_target") if output else "in_band"
        desk.levels[role] = Intent(output, Reason(code, params))
    else:
        desk.loops.pop(role + _LEVELS, None)
    if desk.asks(role) and (other := _spoken_against(desk, role, target.value)) is not None:
        desk.forget(role)
        desk.put(role, Intent(0.0, Reason("doubted", {**params, "value": round(other, 1)})))


#: What is dangerous on: heat, and fog over plants and lamps. CO2 and doses need more: a doubted
#: probe of theirs is no reading at all.
_DANGEROUS_ON = (Role.HEATER, Role.HUMIDIFIER)


def _spoken_against(desk: _Desk, role: Role, target: float) -> float | None:
    """A value that would not have a device on that is dangerous on, while control goes on with the
    one before it: whichever of them is true, the device has to be wanted. A cold room for a minute
    costs less than heat for as long as a jump takes to be confirmed."""
    if role not in _DANGEROUS_ON:
        return None
    said = readings.doubted(desk.d, desk.zone.id, _ROLE_OF[_QUANTITY[role]])
    return next((value for value in said if not wants_more(value, target, role)), None)


def wants_more(value: float, target: float, role: Role) -> bool:
    """Whether a device of this role, if it is off, would be switched on at this value."""
    return bool(_SWITCH[role].decide(OFF, value, target)[1])


def _move(
    desk: _Desk, role: Role, value: float, target: float, feed_forward: Callable[[], float]
) -> float:
    pid, key, now = _LEVEL[role], role + _LEVELS, desk.d.now.farm
    state = desk.loops.get(key, OFF)
    dt_s = 0.0 if state.at is None else now - state.at
    moves = not state.on or dt_s >= pid.period_s
    state, output = pid.decide(state, value, target, feed_forward() if moves else 0.0, dt_s)
    if state.on and moves:
        state = replace(state, at=now)
    desk.loops[key] = state
    return output


def _has_levels(desk: _Desk, role: Role) -> bool:
    """Whether a device that follows the target of a role has levels: its own, or exhaust."""
    own = desk.d.of(desk.zone.id, role)
    if not own and role in _IN_PLACE:
        own = desk.d.of(desk.zone.id, Role.EXHAUST_FAN)
    return any(b.has_levels for b in own)


#: What exhaust does where the zone has no device of its own for it.
_IN_PLACE = (Role.COOLER, Role.DEHUMIDIFIER)


# -- devices ------------------------------------------------------------------------------------


def _temperature(desk: _Desk) -> None:
    seen, state = desk.seen, desk.state
    _follow(desk, Role.HEATER, seen.temperature, seen.temperature_target)
    _follow(desk, Role.COOLER, seen.temperature, seen.temperature_target)
    over = state.over_temperature
    if over not in ("dim", "off"):
        return
    hottest = readings.highest(desk.d, desk.zone.id, Role.AIR_TEMPERATURE) or 0.0
    params = {"value": round(hottest, 1), "limit": round(state.trip_at or 0.0, 1)}
    reason = Reason("too_warm_off", params)
    desk.forget(Role.HEATER)
    desk.put(Role.HEATER, Intent(0.0, reason, trip=True))
    if over == "off":
        desk.loops[Role.COOLER] = replace(OFF, on=True, output=1.0)
        desk.put(Role.COOLER, Intent(1.0, reason, trip=True))
    elif desk.asks(Role.COOLER):
        # Full cooling, also against a heater that cannot be switched off (design rule 9).
        called = desk.wants[Role.COOLER]
        if not called.value:
            called = desk.levels[Role.COOLER]
        desk.put(Role.COOLER, replace(called, value=1.0, trip=True))


def _humidity(desk: _Desk) -> None:
    seen = desk.seen

    def latent() -> float:
        return drying.latent_share(
            desk.d, desk.zone.id, seen.temperature.value, seen.humidity.value
        )

    _follow(desk, Role.HUMIDIFIER, seen.humidity, seen.humidity_target)
    _follow(desk, Role.DEHUMIDIFIER, seen.humidity, _driest(desk), latent)


def _driest(desk: _Desk) -> Target | None:
    """What the air is dried to: also where no recipe asks for a humidity there is no dew by night.
    Nothing is humidified for that."""
    seen, asked = desk.seen, desk.seen.humidity_target
    t = seen.temperature.value
    if (asked is not None and asked.value is not None) or desk.state.day or t is None:
        return asked
    limit = drying.night_limit(desk.d, desk.zone.id, t)
    return asked if limit is None else Target(limit, OPEN, OPEN, why="dew_guard")


_REHEAT = "reheat"


def _reheat(desk: _Desk) -> None:
    """Where it is declared: the cooler dries, while humidity is above its target, and the heater
    holds the temperature. Never in over-temperature, and not into the cold."""
    d, zone, seen = desk.d, desk.zone, desk.seen
    t, rh = seen.temperature.value, seen.humidity.value
    wanted, humidity = seen.temperature_target, seen.humidity_target
    able = zone.reheat and d.of(zone.id, Role.COOLER) and d.of(zone.id, Role.HEATER)
    if (
        not able
        or desk.state.over_temperature
        or t is None
        or rh is None
        or wanted is None
        or wanted.value is None
        or humidity is None
        or humidity.value is None
        or t <= wanted.value - _REHEAT_LOW_K
    ):
        desk.loops.pop(_REHEAT, None)
        return
    # A dehumidifier goes first; the cooler helps where it is not enough.
    dries = _DRIES_MORE if d.of(zone.id, Role.DEHUMIDIFIER) else _DRIES
    state, output = dries.decide(desk.loops.get(_REHEAT, OFF), rh, humidity.value)
    desk.loops[_REHEAT] = state
    if not output:
        return
    params: dict[str, str | float] = {"value": round(rh, 1), "target": round(humidity.value, 1)}
    desk.put(Role.COOLER, Intent(1.0, Reason("reheat_dry", params), beside=True))
    for intents in (desk.wants, desk.levels):
        if (called := intents.get(Role.HEATER)) is not None and called.value:
            params = {"value": round(t, 1), "target": round(wanted.value, 1)}
            intents[Role.HEATER] = replace(called, reason=Reason(_REHEAT, params), beside=True)


def _exhaust(desk: _Desk) -> None:
    """Exhaust carries heat and moisture where the zone has no cooler or dehumidifier and outside
    air helps, and always clears the air of dangerous CO2 and of heat at the critical limit."""
    d, zone, seen = desk.d, desk.zone.id, desk.seen
    fan = Role.EXHAUST_FAN
    if co2.alarm(d, zone):
        ppm = round(readings.highest(d, zone, Role.CO2) or 0.0)
        desk.put(fan, Intent(1.0, Reason("exhaust_co2", {"value": ppm}), trip=True))
        return
    if desk.state.over_temperature == "off":
        desk.put(fan, desk.wants[Role.COOLER])
        return
    desk.put(fan, Intent(0.0, Reason("exhaust_idle")))
    if not d.of(zone, fan):
        return
    for role in _IN_PLACE:
        key = f"outside.{role}"
        if d.of(zone, role) or not desk.asks(role):
            desk.loops.pop(key, None)
            continue
        t, rh = seen.temperature.value, seen.humidity.value
        refused = outside.refused(d, zone, role, t, rh, desk.loops)
        if refused is not None:
            if not desk.asks(fan):
                desk.put(fan, refused)
        elif not desk.asks(fan):
            desk.put(fan, desk.wants[role])
            if role in desk.levels:
                desk.levels[fan] = desk.levels[role]
