"""Light: the planned light day of a level, the light it got, and the output of its lamps.

The output follows the light integral: what is missing of the day's DLI is spread over what is left
of the photoperiod, within what the plants and the lamps allow.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp

from ..farm.index import Place
from ..farm.nodes import Level
from ..farm.roles import Role
from ..recipes.ramps import Shape, area, dawn_and_dusk
from ..science.light import LightDay, light_day
from . import dark, readings, spectrum, tariff, turns, virtual, workflows
from .draft import NO_LEVEL, NO_ZONE, Draft
from .effects import Severity
from .intents import Intent
from .memory import LampState, LevelState, Night, Quality
from .reasons import Reason
from .targets import LightTarget, light_target
from .text import clock_time

_DAY_S = 86400.0
#: The output is planned anew this often (s), and left alone for smaller changes than the deadband:
#: both keep commands few without moving the integral (design choice).
_PLAN_S = 900.0
_DEADBAND = 0.03
#: The integral is advanced at least this often (s), and the output moves this often in a ramp.
_COUNT_S = 300.0
_RAMP_S = 60.0
#: A longer time between two looks is a gap in which the light is not known (s).
_GAP_S = 600.0
#: Output at over-temperature or without a valid temperature, as a share of the planned one
#: (design choice: half the heat, and the plants keep a day).
_DIM = 0.5
#: Hours of lamps are counted this often (s) while their output stays the same.
_HOURS_S = 300.0
#: A light sensor that keeps reporting the same while the lamps have moved by half of what they gave
#: and by a fifth of what they can give does not follow them after this long (s) (design choice).
_FROZEN_S = 900.0
#: What a PPFD sensor measures of what the model says is learned with this time constant of light
#: (s), at outputs from a fifth on, and is worth believing between these bounds (design choice).
_LEARN_S = 86400.0
_LEARN_FROM = 0.2
_RATIO_LEAST, _RATIO_MOST = 0.4, 1.3
_SHED = frozenset({"too_warm_dim", "no_temperature_dim"})


def advance_day(d: Draft, level: Level) -> None:
    """Move the level's light day to now and count the light since the last look."""
    key, now = level.id, d.now.farm
    place, state = d.farm.places[key], d.levels.now.get(key) or NO_LEVEL
    target = d.light_of_level[key] = light_target(d, key)
    before = state.light_day
    if (
        before is not None
        and target is not None
        and before.start_s <= now < before.end_s
        and before.start_s + target.photoperiod_h * 3600 == before.end_s
    ):
        # As it is in every minute of a light day.
        day: LightDay | None = before
    else:
        day = _day(d, level, state, target)
    night = state.night
    by_day = day is not None and day.start_s <= now < day.end_s
    if not by_day:
        night = _night(d, level, state, target, day)
    if night is not None:
        day = _follow_night(day, night)
    lit = by_day and not (d.workflows.now and workflows.dark(d, key))
    other_day = day is not before and day != before
    if lit is not state.lit or other_day:
        d.mark(place.zone, key)
        if place.circuit is not None:
            d.mark(place.circuit)
    started = other_day and day is not None and (before is None or day.start_s > before.start_s)
    measured, source = _measured(d, place)
    lamp = _lamp(d, place, state, measured, source, lit)
    ppfd = measured
    if ppfd is None or lamp.frozen:
        ppfd = spectrum.modelled_ppfd(d, level) * (lamp.ratio or 1.0)
    dli = state.dli
    if state.dli_at is not None:
        # Trapezoid between two looks. What happened in a longer gap (a restart, a power cut) is not
        # known, so it is not counted as delivered.
        gap = now - state.dli_at
        if 0 < gap <= _GAP_S:
            dli += (state.ppfd_now + ppfd) / 2 * gap * 1e-6
    counted = state
    if started:
        # A light day that starts with the first look (no day known yet) keeps no old count.
        yesterday = dli if before is not None else state.dli_yesterday
        counted = replace(state, dli_yesterday=yesterday, planned_at=None)
        if before is not None:
            d.light_days[key] = (before.start_s, dli)
        dli = 0.0
    if target is None:
        dli = 0.0
    if not by_day or lamp.stray_at is not None:
        lamp = dark.watch(d, level, target, day, lamp)
    dli_at = None if target is None else now
    made = counted.counted(day, lit, dli, dli_at, ppfd, lamp, night)
    if dli_at != state.dli_at:
        d.levels.put(key, made)
    else:
        d.levels.set(key, made)
    if lit is not state.lit and target is not None:
        d.event("lights_on" if lit else "lights_off", key, batch=target.batch.id)


def _day(d: Draft, level: Level, state: LevelState, target: LightTarget | None) -> LightDay | None:
    if target is None:
        return None
    old = state.light_day
    now = d.now.farm
    if old is None or not old.start_s <= now < old.next_start_s:
        if _was_moved(state, now):
            return _moved_day(d, level, old, target)
        return light_day(now, level.lights_on, target.photoperiod_h, d.farm.tz)
    # A day that has begun keeps its beginning: only its end follows a changed photoperiod.
    end = old.start_s + target.photoperiod_h * 3600
    if end > old.next_start_s:
        end = old.next_start_s
    return old if end == old.end_s else replace(old, end_s=end)


def _was_moved(state: LevelState, now: float) -> bool:
    """Whether the lights-on that has just come was moved from the level's own time."""
    night = state.night
    return (
        night is not None
        and state.light_day is not None
        and night.starts_at == state.light_day.next_start_s
        and 0 <= now - night.starts_at < _DAY_S / 2
    )


def _moved_day(d: Draft, level: Level, old: LightDay | None, target: LightTarget) -> LightDay:
    """The light day that begins with a moved lights-on; the next one is the level's own until it
    is decided, but never comes before this day is complete."""
    assert old is not None
    start, hours = old.next_start_s, target.photoperiod_h
    own = tariff.own_day(start, level.lights_on, hours, d.farm.tz)
    if hours >= 24:
        return LightDay(start, own.next_start_s, own.next_start_s)
    end = start + hours * 3600
    return LightDay(start, end, max(own.next_start_s, end + _shortest_h(d, target) * 3600))


def _movable(target: LightTarget, state: LevelState, day: LightDay) -> bool:
    """Whether the lights-on after a day has to be decided: it may move, or has to move back."""
    if not 0 < target.photoperiod_h < 24:
        return False
    if target.plan.shift is not None:
        return True
    night = state.night
    return night is not None and night.starts_at == day.start_s and night.shift_h != 0


def _shortest_h(d: Draft, target: LightTarget) -> float:
    """The shortest night (h) between two light days of which one was moved."""
    planned = 24.0 - target.photoperiod_h
    if target.plan.shift is not None:
        return min(target.plan.shift.dark_min_h, planned)
    if dark.short_day(d, target):
        return planned
    return max(0.0, planned - tariff.STEP_S / 3600)


def _window(d: Draft, level: Level, target: LightTarget, day: LightDay) -> tariff.Window:
    shift, shortest = target.plan.shift, _shortest_h(d, target)
    return tariff.window(day, level.lights_on, target.photoperiod_h, shift, shortest, d.farm.tz)


def _decides_at(d: Draft, level: Level, target: LightTarget, state: LevelState) -> float | None:
    """When the next lights-on has to be decided; None when there is nothing to decide."""
    day = state.light_day
    if day is None or not _movable(target, state, day):
        return None
    if state.night is not None and state.night.of == day.start_s:
        return None
    return _window(d, level, target, day).decide_at


def _night(
    d: Draft, level: Level, state: LevelState, target: LightTarget | None, day: LightDay | None
) -> Night | None:
    """What is decided of the next lights-on. It is decided once, and then it stays."""
    night = state.night
    if target is None or day is None or day.lit(d.now.farm) or d.now.farm < day.start_s:
        return night
    if not _movable(target, state, day) or (night is not None and night.of == day.start_s):
        return night
    found = _window(d, level, target, day)
    if d.now.farm < found.decide_at:
        return night
    start = tariff.decide(found, target.photoperiod_h, d.state.prices)
    shift_h = round((start.at - found.own) / 3600, 4)
    if shift_h or (night is not None and night.shift_h):
        d.event(
            "lights_on_moved",
            level.id,
            shift_h=round(shift_h, 2),
            starts_at=start.at,
            saving=None if start.saving is None else round(start.saving, 3),
        )
    d.mark(d.farm.zone_of_level[level.id])
    return Night(of=day.start_s, starts_at=start.at, shift_h=shift_h, saving=start.saving)


def _follow_night(day: LightDay | None, night: Night | None) -> LightDay | None:
    """The light day with the lights-on after it where that is decided. A clock that was set back
    and forward may have made the night that has just ended begin with this very day: it is over."""
    if day is None or night is None or night.of != day.start_s or night.starts_at <= day.start_s:
        return day
    return (
        day if day.next_start_s == night.starts_at else replace(day, next_start_s=night.starts_at)
    )


def ppfd_now(d: Draft, level: Level) -> tuple[float, str]:
    """PPFD on the level and where it is from: `measured` by a PPFD sensor, `lux` from a lux meter
    with the lamp's factor, or `modelled` from the reported output of the lamps; 0 when nothing is
    known."""
    return ppfd_by(d, level, d.level(level.id).lamp)


def ppfd_by(d: Draft, level: Level, lamp: LampState) -> tuple[float, str]:
    """The same, with what is known of the lamps."""
    measured, source = _measured(d, d.farm.places[level.id])
    if measured is not None and not lamp.frozen:
        return measured, source
    if virtual.lamps_doubted(d, level.id):
        return 0.0, "modelled"
    return spectrum.modelled_ppfd(d, level) * (lamp.ratio or 1.0), "modelled"


def _measured(d: Draft, place: Place) -> tuple[float | None, str]:
    """What a good light sensor says, in µmol/m²/s. Lux is never taken for PPFD without a factor."""
    state = d.points.now.get(place.ppfd_sensor)
    if state is not None and state.quality is Quality.GOOD:
        return state.value, "measured"
    level = place.level
    ppfd = readings.value(d, level.id, Role.PPFD)
    if ppfd is not None:
        return ppfd, "measured"
    factor = level.fixture.ppfd_per_lux if level.fixture is not None else None
    lux = None if factor is None else readings.value(d, level.id, Role.ILLUMINANCE)
    return (None, "modelled") if lux is None or factor is None else (lux * factor, "lux")


def _lamp(
    d: Draft, place: Place, state: LevelState, measured: float | None, source: str, lit: bool
) -> LampState:
    """What is known of the lamps now: their hours, and how they and the light sensor agree."""
    lamp, lamps = state.lamp, place.lamps
    if not lamps:
        return lamp
    output, model, actuators = 0.0, 0.0, d.actuators.now
    for b, part in zip(lamps, place.parts, strict=True):
        driven = actuators.get(b.id)
        if driven is not None and driven.reported:
            output += driven.reported
            model += part * driven.reported
    if len(lamps) > 1:
        output /= len(lamps)
    now = d.now.farm
    if output != lamp.output or (output and (lamp.at is None or now - lamp.at >= _HOURS_S)):
        # Lamps stay as they are while nobody looks, also over a restart: that time counts too.
        spent = 0.0 if lamp.at is None else min(max(0.0, now - lamp.at), _DAY_S)
        hours = lamp.hours + lamp.output * spent / 3600
        lamp = lamp.ran(hours, now if output else None, output)
    if measured is None or place.level.fixture is None:
        return lamp
    full = place.full_ppfd
    if place.ages:
        left = spectrum.left(d, place.level)
        model, full = model * left, full * left
    return _compare(d, place.level, state, lamp, measured, source, lit, model, full)


def _compare(
    d: Draft,
    level: Level,
    state: LevelState,
    lamp: LampState,
    measured: float,
    source: str,
    lit: bool,
    model: float,
    full: float,
) -> LampState:
    """Hold the light sensor against what the lamps give now and give at full output by the model
    (`spectrum.modelled_ppfd`, `full_ppfd`)."""
    now = d.now.farm
    seen, apart_at, frozen, ratio = lamp.seen, lamp.apart_at, lamp.frozen, lamp.ratio
    if seen is None or measured != seen[0]:
        if frozen:
            d.event("light_sensor_follows", level.id)
        seen, apart_at, frozen = (measured, model), None, False
    elif not frozen:
        before = seen[1]
        apart = abs(model - before) >= full / 5 and min(model, before) <= max(model, before) / 2
        if not apart:
            apart_at = None
        elif apart_at is None:
            apart_at = now
        elif now - apart_at >= _FROZEN_S:
            d.event("light_sensor_frozen", level.id, Severity.P3, value=round(measured))
            frozen = True
    steady = lit and state.planned_at is not None and not frozen and apart_at is None
    if steady and source == "measured" and model >= _LEARN_FROM * full and state.dli_at is not None:
        gap = now - state.dli_at
        if 0 < gap <= _GAP_S:
            old = 1.0 if ratio is None else ratio
            now_ratio = measured / model
            if now_ratio < _RATIO_LEAST:
                now_ratio = _RATIO_LEAST
            elif now_ratio > _RATIO_MOST:
                now_ratio = _RATIO_MOST
            ratio = old + (now_ratio - old) * (1 - exp(-gap / _LEARN_S))
    if (
        ratio == lamp.ratio
        and seen is lamp.seen
        and apart_at == lamp.apart_at
        and frozen is lamp.frozen
    ):
        return lamp
    return lamp.compared(ratio, seen, apart_at, frozen)


def control(d: Draft, level: Level, found: dict[str, Intent]) -> None:
    """Put into `found` what the lamps of a level should do; and when to look again."""
    key, place = level.id, d.farm.places[level.id]
    lamps = place.lamps
    target = light_target(d, key)
    intent = _intent(d, place, target)
    state = d.levels.now.get(key) or NO_LEVEL
    day = state.light_day
    at = None
    if day is not None:
        at = day.end_s if state.lit else day.next_start_s
        if d.now.farm < day.start_s:
            at = day.start_s
        if state.lit or state.ppfd_now:
            ramping = state.ppfd_target > 0 and state.planned_at is None
            soon = d.now.farm + (_RAMP_S if ramping else _COUNT_S)
            if soon < at:
                at = soon
                due = d.due.now.get(key)
                if due is not None and due.farm is not None and d.now.farm < due.farm < soon:
                    # What reports every minute is looked at in every minute: a look that is due
                    # sooner than it must be costs less than to put it off each time.
                    at = due.farm
        if not state.lit:
            at = _night_due(d, level, state, at)
    d.wake_at(key, at)
    if target is not None and target.plan.channels and intent.value:
        outputs = spectrum.share(d, level, target.plan, intent.value)
        for b in lamps:
            each = replace(intent, value=outputs[b.id])
            found[b.id] = each if b.dims else _whole(each)
    else:
        for b in lamps:
            found[b.id] = intent if b.dims else _whole(intent)
    if place.far_red:
        found.update(spectrum.far_red(d, level, target, day))


def _night_due(d: Draft, level: Level, state: LevelState, at: float) -> float:
    """When a dark level has to be looked at, at the latest by `at`."""
    target, now = light_target(d, level.id), d.now.farm
    if target is None or state.light_day is None:
        return at
    decides = _decides_at(d, level, target, state)
    times = [at, spectrum.pulse_end(target, state.light_day)]
    times += [decides] if decides is not None else []
    if state.lamp.stray_at is not None and not state.lamp.stray:
        times.append(dark.told_at(d, target, state.lamp.stray_at))
    return min(t for t in times if t > now or t == at)


def _whole(intent: Intent) -> Intent:
    """A lamp that knows only on and off is on whenever light is wanted of it. Where light is shed
    it is off: it cannot give half."""
    if not intent.value:
        return intent
    return replace(intent, value=0.0 if intent.reason.code in _SHED else 1.0)


def _intent(d: Draft, place: Place, target: LightTarget | None) -> Intent:
    level = place.level
    state = d.levels.now.get(level.id) or NO_LEVEL
    zone = d.zones.now.get(place.zone) or NO_ZONE
    if target is None or state.light_day is None:
        if d.state.lost_memory:
            return Intent(None, Reason("hold"))
        _plan(d, level.id, 0.0)
        return Intent(0.0, Reason("no_batch"))
    day = state.light_day
    tz = d.farm.tz
    if not state.lit:
        _plan(d, level.id, 0.0)
        opens = day.start_s if d.now.farm < day.start_s else day.next_start_s
        return Intent(0.0, Reason("photoperiod_night", {"until": clock_time(opens, tz)}))
    fixture = level.fixture
    full = spectrum.full_ppfd(d, level) if fixture else target.ppfd
    if full <= 0 or target.ppfd <= 0:
        return Intent(0.0, Reason("photoperiod_night", {"until": clock_time(day.end_s, tz)}))
    if zone.over_temperature == "off":
        temperature = readings.highest(d, place.zone, Role.AIR_TEMPERATURE)
        return Intent(
            0.0,
            Reason(
                "too_warm_off",
                {"value": round(temperature or 0.0, 1), "limit": round(zone.trip_at or 0.0, 1)},
            ),
            trip=True,
        )
    if state.dli >= target.plan.dli_max:
        return Intent(0.0, Reason("dli_reached", {"dli": round(state.dli, 1)}))
    if state.dli >= target.dli and not place.any_dims:
        # Lamps that cannot be dimmed give what they give: off when the plants have had their day.
        return Intent(0.0, Reason("dli_reached", {"dli": round(state.dli, 1)}))
    output = _output(d, level, state, target, full)
    if not zone.over_temperature:
        known = d.lit_level.get(level.id)
        if (
            known is not None
            and known[0] is day
            and known[1] is target
            and known[2] == output
            and known[3] == full
        ):
            # Looked at every minute, and the same until the output is planned anew.
            same: Intent = known[4]
            return same
        made = _lit(output, full, target.dli, clock_time(day.end_s, tz))
        d.lit_level[level.id] = (day, target, output, full, made)
        return made
    if zone.over_temperature == "dim":
        temperature = readings.highest(d, place.zone, Role.AIR_TEMPERATURE)
        reason = Reason("too_warm_dim", {"value": round(temperature or 0.0, 1), "over": 3})
        return Intent(dimmed(level, output), reason, trip=True)
    return Intent(dimmed(level, output), Reason("no_temperature_dim"))


def _lit(output: float, full: float, dli: float, until: str) -> Intent:
    """Lit for the plants."""
    return Intent(
        output,
        Reason(
            "photoperiod_day",
            {"ppfd": round(output * full), "dli": round(dli, 1), "until": until},
        ),
    )


def lowest_output(level: Level) -> float:
    """The lowest output 0…1 that the lamps of a level hold without flicker."""
    return level.fixture.dim_min if level.fixture else 0.0


def dimmed(level: Level, output: float) -> float:
    """Less light and heat, but no less than the lamps can hold."""
    return max(output * _DIM, min(output, lowest_output(level)))


def _output(d: Draft, level: Level, state: LevelState, target: LightTarget, full: float) -> float:
    """Output 0…1 that brings the day's light integral home."""
    day, plan = state.light_day, target.plan
    assert day is not None
    now = d.now.farm
    since, left = now - day.start_s, day.end_s - now
    ramp_s = min(plan.ramp_min * 60, (day.end_s - day.start_s) / 2)
    full_day = since >= ramp_s and left >= ramp_s
    shape = plan.ramp_shape or Shape.LINEAR
    ramp = 1.0 if full_day else dawn_and_dusk(since, left, ramp_s, shape)
    in_ramp = ramp < 1.0
    planned = state.planned_at
    if not in_ramp and planned is not None and not turns.is_due(level.id, now, planned, _PLAN_S):
        output = state.ppfd_target / full
        return 1.0 if output > 1.0 else output
    missing = max(0.0, target.dli - state.dli)
    wanted = missing * 1e6 / max(_effective_s(now, day, ramp_s, shape), 60.0)
    if not target.overridden:
        # Near the end of the day a rounding error of the integral must not become a flash.
        wanted = min(wanted, 1.3 * target.ppfd)
    wanted = min(wanted, target.plan.ppfd_max, full)
    wanted = max(max(wanted, lowest_output(level) * full) * ramp, lowest_output(level) * full)
    if abs(wanted - state.ppfd_target) < _DEADBAND * full and state.ppfd_target > 0:
        wanted = state.ppfd_target
    d.levels.set(level.id, state.planned(wanted, None if in_ramp else now))
    return wanted / full


def _effective_s(now: float, day: LightDay, ramp_s: float, shape: Shape) -> float:
    """Seconds at full plan that the rest of the day is worth, with its ramps."""
    since, left = now - day.start_s, day.end_s - now
    if ramp_s <= 0:
        return left
    level = max(0.0, left - ramp_s - max(0.0, ramp_s - since))
    dawn = 0.5 - area(since / ramp_s, shape)
    return level + (dawn + area(left / ramp_s, shape)) * ramp_s


def _plan(d: Draft, level: str, ppfd: float) -> None:
    state = d.level(level)
    if state.ppfd_target != ppfd or state.planned_at is not None:
        d.levels.set(level, state.planned(ppfd, None))
