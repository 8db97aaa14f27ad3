"""Light: the planned light day of a level, the light it got, and the output of its lamps.

The output follows the light integral: what is missing of the day's DLI is spread over what is left
of the photoperiod, within what the plants and the lamps allow.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ..farm.nodes import Level
from ..farm.roles import Role
from ..science.light import LightDay, light_day
from . import readings, workflows
from .clock import Due
from .draft import Draft
from .intents import Intent
from .memory import LevelState
from .reasons import Reason
from .targets import LightTarget, light_target
from .text import clock_time

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
_SHED = frozenset({"too_warm_dim", "no_temperature_dim"})


def advance_day(d: Draft, level: Level) -> None:
    """Move the level's light day to now and count the light since the last look."""
    state = d.level(level.id)
    target = light_target(d, level.id)
    now = d.now.farm
    day = _day(d, level, state, target)
    lit = day is not None and day.start_s <= now < day.end_s and not workflows.dark(d, level.id)
    if lit is not state.lit or day != state.light_day:
        zone = d.farm.zone_of_level[level.id]
        d.mark(zone, level.id)
        circuit = d.farm.circuit_of_level.get(level.id)
        if circuit is not None:
            d.mark(circuit)
    started = day is not None and (state.light_day is None or day.start_s > state.light_day.start_s)
    ppfd = ppfd_now(d, level)
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
        yesterday = dli if state.light_day is not None else state.dli_yesterday
        counted = replace(state, dli_yesterday=yesterday, planned_at=None)
        dli = 0.0
    if target is None:
        dli = 0.0
    d.levels.set(
        level.id,
        counted.counted(
            light_day=day,
            lit=lit,
            dli=dli,
            dli_at=None if target is None else now,
            ppfd_now=ppfd,
        ),
    )
    if lit != state.lit and target is not None:
        d.event("lights_on" if lit else "lights_off", level.id, batch=target.batch.id)


def _day(d: Draft, level: Level, state: LevelState, target: LightTarget | None) -> LightDay | None:
    if target is None:
        return None
    old = state.light_day
    now = d.now.farm
    if old is None or not old.start_s <= now < old.next_start_s:
        return light_day(now, level.lights_on, target.photoperiod_h, d.farm.tz)
    # A day that has begun keeps its beginning: only its end follows a changed photoperiod.
    end = min(old.start_s + target.photoperiod_h * 3600, old.next_start_s)
    return old if end == old.end_s else replace(old, end_s=end)


def ppfd_now(d: Draft, level: Level) -> float:
    """PPFD on the level: measured where there is a good sensor, else modelled from the reported
    output of the lamps; 0 when neither is known."""
    measured = readings.value(d, level.id, Role.PPFD)
    if measured is not None:
        return measured
    lamps = d.of(level.id, Role.GROW_LIGHT)
    if level.fixture is None or not lamps:
        return 0.0
    outputs = [d.actuator(b.id).reported or 0.0 for b in lamps]
    return level.fixture.ppfd_full * sum(outputs) / len(outputs)


def control(d: Draft, level: Level) -> dict[str, Intent]:
    """What the lamps of a level should do, and when to look again."""
    intent = _intent(d, level)
    state = d.level(level.id)
    day = state.light_day
    at = None
    if day is not None:
        at = day.end_s if state.lit else day.next_start_s
        if d.now.farm < day.start_s:
            at = day.start_s
        if state.lit or state.ppfd_now:
            ramping = state.ppfd_target > 0 and state.planned_at is None
            at = min(at, d.now.farm + (_RAMP_S if ramping else _COUNT_S))
    d.wake(level.id, Due(farm=at))
    lamps = d.of(level.id, Role.GROW_LIGHT)
    return {b.id: intent if b.dims else _whole(intent) for b in lamps}


def _whole(intent: Intent) -> Intent:
    """A lamp that knows only on and off is on whenever light is wanted of it. Where light is shed
    it is off: it cannot give half."""
    if not intent.value:
        return intent
    return replace(intent, value=0.0 if intent.reason.code in _SHED else 1.0)


def _intent(d: Draft, level: Level) -> Intent:
    target = light_target(d, level.id)
    state = d.level(level.id)
    zone = d.zone(d.farm.zone_of_level[level.id])
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
    full = fixture.ppfd_full if fixture else target.ppfd
    if full <= 0 or target.ppfd <= 0:
        return Intent(0.0, Reason("photoperiod_night", {"until": clock_time(day.end_s, tz)}))
    if zone.over_temperature == "off":
        temperature = readings.highest(d, d.farm.zone_of_level[level.id], Role.AIR_TEMPERATURE)
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
    if state.dli >= target.dli and not any(b.dims for b in d.of(level.id, Role.GROW_LIGHT)):
        # Lamps that cannot be dimmed give what they give: off when the plants have had their day.
        return Intent(0.0, Reason("dli_reached", {"dli": round(state.dli, 1)}))
    output = _output(d, level, target, full)
    if zone.over_temperature == "dim":
        temperature = readings.highest(d, d.farm.zone_of_level[level.id], Role.AIR_TEMPERATURE)
        reason = Reason("too_warm_dim", {"value": round(temperature or 0.0, 1), "over": 3})
        return Intent(_dimmed(level, output), reason, trip=True)
    if zone.over_temperature == "unknown":
        return Intent(_dimmed(level, output), Reason("no_temperature_dim"))
    return _lit(output, full, target.dli, clock_time(day.end_s, tz))


@lru_cache(maxsize=4096)
def _lit(output: float, full: float, dli: float, until: str) -> Intent:
    """Lit for the plants: looked at every minute, and the same until the output is planned anew."""
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


def _dimmed(level: Level, output: float) -> float:
    """Less light and heat, but no less than the lamps can hold."""
    return max(output * _DIM, min(output, lowest_output(level)))


def _output(d: Draft, level: Level, target: LightTarget, full: float) -> float:
    """Output 0…1 that brings the day's light integral home."""
    state = d.level(level.id)
    day = state.light_day
    assert day is not None
    now = d.now.farm
    ramp_s = min(target.plan.ramp_min * 60, (day.end_s - day.start_s) / 2)
    ramp = _ramp(now - day.start_s, day.end_s - now, ramp_s)
    in_ramp = ramp < 1.0
    if not in_ramp and state.planned_at is not None and now - state.planned_at < _PLAN_S:
        return min(1.0, state.ppfd_target / full)
    missing = max(0.0, target.dli - state.dli)
    wanted = missing * 1e6 / max(_effective_s(now, day, ramp_s), 60.0)
    if not target.overridden:
        # Near the end of the day a rounding error of the integral must not become a flash.
        wanted = min(wanted, 1.3 * target.ppfd)
    wanted = min(wanted, target.plan.ppfd_max, full)
    wanted = max(max(wanted, lowest_output(level) * full) * ramp, lowest_output(level) * full)
    if abs(wanted - state.ppfd_target) < _DEADBAND * full and state.ppfd_target > 0:
        wanted = state.ppfd_target
    d.levels.set(level.id, replace(state, ppfd_target=wanted, planned_at=None if in_ramp else now))
    return wanted / full


def _ramp(since_s: float, left_s: float, ramp_s: float) -> float:
    if ramp_s <= 0:
        return 1.0
    return max(0.0, min(1.0, since_s / ramp_s, left_s / ramp_s))


def _effective_s(now: float, day: LightDay, ramp_s: float) -> float:
    """Seconds at full plan that the rest of the day is worth, with its ramps."""
    since, left = now - day.start_s, day.end_s - now
    worth = left
    if ramp_s > 0:
        rising = max(0.0, ramp_s - since)
        worth -= rising * rising / (2 * ramp_s)
        falling = min(left, ramp_s)
        worth -= falling - falling * falling / (2 * ramp_s) if left < ramp_s else ramp_s / 2
    return worth


def _plan(d: Draft, level: str, ppfd: float) -> None:
    state = d.level(level)
    if state.ppfd_target != ppfd or state.planned_at is not None:
        d.levels.set(level, replace(state, ppfd_target=ppfd, planned_at=None))
