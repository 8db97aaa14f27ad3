"""Readings: from what a sensor reported to a value with a quality.

A filter here says how far a reading can be trusted for control; it never suppresses a trip
(`highest`, `lowest`, `tripped` take any valid sensor).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..farm.bindings import Binding
from ..farm.index import Point
from ..farm.roles import PROBES, Role, RoleKind, RoleSpec, spec
from ..farm.units import UnitError, linear
from ..science.water import OXYGEN_T, ec_at_25, oxygen_of_pressure, ph_of_slope
from . import plausible
from .agreement import believed, contradicted, disagree, seconded
from .cadence import calmest, fresh_for_s, learn
from .clock import Due
from .draft import Draft
from .hot import hot_value
from .inputs import Report
from .memory import PointState, Quality

__all__ = [
    "MISSING",
    "Reading",
    "all_flat",
    "before_fault",
    "disagree",
    "doubted",
    "fresh_for_s",
    "highest",
    "look_at_deadline",
    "lowest",
    "parse",
    "reading",
    "state_of",
    "take",
    "tripped",
    "unknown",
    "value",
]

_TRUE = frozenset({"on", "true", "open", "detected", "home", "1"})
_FALSE = frozenset({"off", "false", "closed", "clear", "not_home", "0"})


@hot_value(kw_only=False)
class Reading:
    """A quantity of a node. `value` is None unless the quality is good."""

    value: float | None
    quality: Quality


MISSING = Reading(None, Quality.MISSING)


def parse(raw: float | str | bool | None, binding: Binding, unit: str | None) -> float | None:
    """A raw report in the role's unit: contacts and switches become 0…1. None when it is no value.
    Raises UnitError."""
    if raw is None:
        return None
    facts = spec(binding.role)
    if facts.kind is not RoleKind.MEASURE:
        return state_of(raw, binding.invert)
    return _number(raw, binding, unit, facts.unit)


def _number(
    raw: float | str | bool, binding: Binding, unit: str | None, canonical: str
) -> float | None:
    try:
        number = float(raw)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    scale, offset = linear(binding.unit if binding.unit is not None else unit, canonical)
    return (number * scale + offset) * binding.scale + binding.offset


def state_of(raw: float | str | bool, invert: bool) -> float | None:
    """What a contact or an actuator reports, 0…1; None when it is no state."""
    if isinstance(raw, str):
        text = raw.strip().lower()
        if text in _TRUE:
            value = 1.0
        elif text in _FALSE:
            value = 0.0
        else:
            try:
                value = float(text)
            except ValueError:
                return None
    else:
        value = float(raw)
    if not 0.0 <= value <= 1.0:
        if not math.isfinite(value):
            return None
        value = min(1.0, max(0.0, value))
    return 1.0 - value if invert else value


def take(d: Draft, known: Point, report: Report) -> None:
    """Take a report of a sensor into its slice; mark its node only when something changed."""
    binding, facts = known.binding, known.facts
    point, raw = binding.id, report.raw
    old = d.point(point)
    problem = ""
    try:
        if raw is None:
            value = None
        elif type(raw) is float and known.as_it_comes and report.unit == facts.unit:
            # As nearly every number comes; what is infinite or none is not equal to itself here.
            value = raw if raw - raw == 0.0 else None
        elif known.measures:
            value = _number(raw, binding, report.unit, facts.unit)
        else:
            value = state_of(raw, binding.invert)
    except UnitError:
        value, problem = None, f"{UNIT}{report.unit or ''}"
    if value is not None and (known.refined or point in d.sensors.now):
        value = _refined(d, binding, value)
        problem = NO_TEMPERATURE if value is None else ""
    if value is None:
        _missing(d, binding, old, problem)
        return
    before, at = old.value, report.at
    if at > d.now.farm:
        at = d.now.farm
    since, calm_s = old.since, old.calm_s
    if before is None:
        since = at
    else:
        by = value - before
        if -facts.resolution < by < facts.resolution:
            value = before
        elif by:
            if facts.flat_s != math.inf and at > since > 0:
                calm_s = calmest(calm_s, at - since, abs(by), facts.agreement)
            since = at
    quality, doubt = Quality.GOOD, None
    if (
        old.quality is not quality
        or (facts.plausible and not facts.plausible[0] <= value <= facts.plausible[1])
        or abs(value - (before or 0.0)) > facts.jump
    ):
        quality, problem, doubt = plausible.judge(old, facts, value, at)
        if problem == plausible.JUMP and seconded(d, binding, value):
            quality, problem, doubt = plausible.GOOD
        elif quality is Quality.GOOD and old.problem == plausible.JUMP:
            quality, problem, doubt = _confirmed(d, binding, old, value, at)
    cadence = learn(old, at)
    new = PointState(value, at, quality, cadence, problem, since, calm_s, doubt)
    if at != old.at:
        d.points.put(point, new)
    else:
        d.points.set(point, new)
    if (value != before or quality is not old.quality or problem != old.problem) and (
        binding.node != d.farm.id or binding.role in OUTSIDE
    ):
        # What else the farm as a whole measures (power) is counted, not controlled.
        d.dirty[binding.node] = None
    if doubt is not None:
        d.wake(point, Due(farm=_deadline(facts, new, d.now.farm)))
    elif facts.stale_s != math.inf and (point not in d.due.now or old.quality is not Quality.GOOD):
        # One that comes back may be old already: a restored value carries its age.
        d.wake(point, Due(farm=at + fresh_for_s(facts, cadence)))


#: The air outside, which concerns every zone that exhausts.
OUTSIDE = (Role.OUTSIDE_TEMPERATURE, Role.OUTSIDE_HUMIDITY)
#: Why a reading is missing: the unit cannot become the role's (followed by the unit), or the
#: temperature that an EC has to be compensated with is not known.
UNIT = "unit:"
NO_TEMPERATURE = "no_temperature"


def _missing(d: Draft, binding: Binding, old: PointState, problem: str) -> None:
    if old.quality is Quality.MISSING and old.problem == problem:
        return
    d.points.set(
        binding.id,
        replace(old, value=None, quality=Quality.MISSING, problem=problem, since=0.0, doubt=None),
    )
    d.mark(binding.node)


def _refined(d: Draft, binding: Binding, value: float) -> float | None:
    """The value of a probe: corrected as it was calibrated, at the temperature it had then as well
    as now, and only then for its temperature. None while the temperature for that is not known."""
    if binding.role in PROBES:
        probe = d.reservoir(binding.node).probes.get(binding.id)
    else:
        probe = d.sensors.now.get(binding.id)
    if probe is not None:
        value = probe.correction.of(value)
    return value if binding.compensated else _compensated(d, binding, value)


def _compensated(d: Draft, binding: Binding, value: float) -> float | None:
    """What a probe would report that knew the temperature of the solution: EC at 25 °C, pH and
    oxygen as they are there."""
    if not plausible.is_possible(spec(binding.role), value):
        return value  # Cannot be, at whatever temperature; its range says so.
    temperature = reading(d, binding.node, Role.SOLUTION_TEMPERATURE).value
    if temperature is None:
        return None
    if binding.role is Role.DISSOLVED_OXYGEN and not OXYGEN_T[0] <= temperature <= OXYGEN_T[1]:
        return None
    return _BY_TEMPERATURE.get(binding.role, ec_at_25)(value, temperature)


#: What a probe that knows nothing of the temperature is worked out by; the others are of EC.
_BY_TEMPERATURE: Mapping[Role, Callable[[float, float], float]] = MappingProxyType(
    {Role.SOLUTION_PH: ph_of_slope, Role.DISSOLVED_OXYGEN: oxygen_of_pressure}
)


def _confirmed(
    d: Draft, binding: Binding, old: PointState, value: float, at: float
) -> plausible.Judgement:
    """A jump that persists is a step, unless another sensor goes on as before."""
    doubt = old.doubt
    if (
        doubt is None
        or doubt.value is None
        or at - doubt.since >= plausible.CONTRADICTED_S
        or abs(value - doubt.value) <= spec(binding.role).jump
        or not contradicted(d, binding, value, doubt.value)
    ):
        return plausible.GOOD
    return Quality.IMPLAUSIBLE, plausible.JUMP, doubt


def _deadline(facts: RoleSpec, state: PointState, now: float) -> float:
    """When a sensor has to be looked at again though it reports nothing."""
    ends = [state.at + fresh_for_s(facts, state.cadence_s)]
    doubt = state.doubt
    if doubt is not None:
        if state.problem == plausible.WARM_UP:
            ends.append(doubt.since + facts.warm_up_s)
        else:
            ends.append(doubt.at + facts.hold_s)
        if state.problem == plausible.JUMP:
            ends += [doubt.since + plausible.SILENCE_S, doubt.since + plausible.CONTRADICTED_S]
    return min((end for end in ends if end > now), default=now)


def look_at_deadline(d: Draft, binding: Binding) -> None:
    """The deadline of a sensor has come: stale, a doubt that is over, or reported since."""
    state = d.point(binding.id)
    d.due.remove(binding.id)
    if state.quality is Quality.MISSING:
        return
    facts, now = spec(binding.role), d.now.farm
    if state.at + fresh_for_s(facts, state.cadence_s) <= now:
        if state.quality is not Quality.STALE:
            d.points.set(binding.id, replace(state, quality=Quality.STALE, problem="", doubt=None))
            d.mark(binding.node)
        return
    if state.doubt is not None:
        # Also where nothing changes of the sensor itself: how long its last good value is held.
        d.mark(binding.node)
        if _over(d, binding, state):
            state = replace(state, quality=Quality.GOOD, problem="", doubt=None)
            d.points.set(binding.id, state)
    d.wake(binding.id, Due(farm=_deadline(facts, state, now)))


def _over(d: Draft, binding: Binding, state: PointState) -> bool:
    """Whether a doubt has ended by the passing of time: a sensor that has warmed up, or one that
    reports on change and has taken nothing back."""
    doubt, now = state.doubt, d.now.farm
    assert doubt is not None
    if state.problem == plausible.WARM_UP:
        return now - doubt.since >= spec(binding.role).warm_up_s
    if state.problem != plausible.JUMP or doubt.value is None or state.value is None:
        return False
    if now - doubt.since >= plausible.CONTRADICTED_S:
        return True
    return now - doubt.since >= plausible.SILENCE_S and not contradicted(
        d, binding, state.value, doubt.value
    )


def reading(d: Draft, node: str, role: Role) -> Reading:
    """The quantity of a node. While a jump is looked at, what was good before it counts on for a
    short time; of redundant sensors those that agree (`agreement.py`)."""
    bindings = d.of(node, role)
    if not bindings:
        return MISSING
    if len(bindings) == 1:
        state = d.point(bindings[0].id)
        if state.quality is Quality.GOOD:
            return Reading(state.value, Quality.GOOD)
        held = plausible.held(state, spec(role), d.now.farm)
        return Reading(None, state.quality) if held is None else Reading(held, Quality.GOOD)
    states = [d.point(b.id) for b in bindings]
    good = [s.value for s in states if s.quality is Quality.GOOD and s.value is not None]
    if not good:
        facts, now = spec(role), d.now.farm
        good = [h for s in states if (h := plausible.held(s, facts, now)) is not None]
    if not good:
        return Reading(None, states[0].quality)
    value = believed(d, node, role, good)
    return Reading(value, Quality.DISAGREEING if value is None else Quality.GOOD)


def doubted(d: Draft, node: str, role: Role) -> tuple[float, ...]:
    """What is reported where control goes on with the values before it: a jump that is not yet
    confirmed, while no sensor of the quantity is good. What is dangerous on has to be asked for by
    these, too."""
    states = [d.point(b.id) for b in d.of(node, role)]
    if any(s.quality is Quality.GOOD for s in states):
        return ()
    facts, now = spec(role), d.now.farm
    return tuple(
        s.value for s in states if s.value is not None and plausible.held(s, facts, now) is not None
    )


def _acting(d: Draft, node: str, role: Role) -> list[float]:
    """Every value that a trip takes: of a sensor that jumped the one before it too."""
    values: list[float] = []
    for b in d.of(node, role):
        state = d.point(b.id)
        if plausible.acts(state):
            values.append(state.value)  # type: ignore[arg-type]
            doubt = state.doubt
            if doubt is not None and doubt.value is not None:
                values.append(doubt.value)
    return values


def value(d: Draft, node: str, role: Role) -> float | None:
    """The value of `reading`, for who does not ask for the quality."""
    bindings = d.farm.bound.get((node, role))
    if bindings is None:
        return None
    if len(bindings) == 1:
        state = d.points.get(bindings[0].id)
        if state is not None and state.quality is Quality.GOOD:
            return state.value
    return reading(d, node, role).value


def highest(d: Draft, node: str, role: Role) -> float | None:
    """The highest valid value of any sensor, for trips (1 of 2); None when there is none."""
    return max(_acting(d, node, role), default=None)


def lowest(d: Draft, node: str, role: Role) -> float | None:
    """The lowest valid value of any sensor, for trips (1 of 2); None when there is none."""
    return min(_acting(d, node, role), default=None)


def before_fault(d: Draft, node: str, role: Role) -> float | None:
    """The highest value that was reported shortly before a sensor reported the impossible: a glitch
    of a sensor does not release a trip."""
    hold_s, now = spec(role).hold_s, d.now.farm
    return max(
        (
            doubt.value
            for b in d.of(node, role)
            if (doubt := d.point(b.id).doubt) is not None
            and doubt.value is not None
            and now < doubt.at + hold_s
        ),
        default=None,
    )


def all_flat(d: Draft, node: str, role: Role) -> bool:
    """Whether no sensor is left that is known to move with the quantity."""
    return all(d.point(b.id).problem == plausible.FLAT_LINE for b in d.of(node, role))


def tripped(d: Draft, node: str, role: Role) -> bool:
    """Whether any contact of the role reports on."""
    bindings = d.of(node, role)
    return bool(bindings) and any((d.point(b.id).value or 0.0) >= 0.5 for b in bindings)


def unknown(d: Draft, node: str, role: Role) -> bool:
    """Whether a contact of the role is bound but not known."""
    return any(d.point(b.id).quality is not Quality.GOOD for b in d.of(node, role))
