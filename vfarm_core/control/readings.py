"""Readings: from what a sensor reported to a value with a quality.

A filter here says how far a reading can be trusted for control; it never suppresses a trip
(`highest`, `tripped` take any valid sensor).
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace

from ..farm.bindings import Binding
from ..farm.roles import Role, RoleKind, RoleSpec, spec
from ..farm.units import UnitError, linear
from .clock import Due
from .draft import Draft
from .inputs import Report
from .memory import PointState, Quality

#: A sensor is stale after this many of its learned intervals, but not before a third of what its
#: role allows: a sensor that reports on change is quiet while nothing changes (design choice).
_CADENCES = 5.0
_MIN_SHARE = 1 / 3
#: How much of the learned interval is forgotten with every shorter one (design choice).
_FORGET = 0.1

_TRUE = frozenset({"on", "true", "open", "detected", "home", "1"})
_FALSE = frozenset({"off", "false", "closed", "clear", "not_home", "0"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A quantity of a node. `value` is None unless the quality is good."""

    value: float | None
    quality: Quality


MISSING = Reading(None, Quality.MISSING)


def fresh_for_s(role: RoleSpec, cadence_s: float | None) -> float:
    """How long a reading stays fresh, in seconds of farm time."""
    if cadence_s is None or role.stale_s == math.inf:
        return role.stale_s
    return min(role.stale_s, max(_CADENCES * cadence_s, _MIN_SHARE * role.stale_s))


def parse(raw: float | str | bool | None, binding: Binding, unit: str | None) -> float | None:
    """A raw report in the role's unit: contacts and switches become 0…1. None when it is no value.
    Raises UnitError."""
    if raw is None:
        return None
    facts = spec(binding.role)
    if facts.kind is not RoleKind.MEASURE:
        return _state(raw, binding.invert)
    try:
        number = float(raw)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    scale, offset = linear(binding.unit if binding.unit is not None else unit, facts.unit)
    return (number * scale + offset) * binding.scale + binding.offset


def _state(raw: float | str | bool, invert: bool) -> float | None:
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


def take(d: Draft, binding: Binding, report: Report) -> None:
    """Take a report of a sensor into its slice; mark its node only when something changed."""
    point = binding.id
    old = d.point(point)
    facts = spec(binding.role)
    problem = ""
    try:
        value = parse(report.raw, binding, report.unit)
    except UnitError as err:
        value, problem = None, str(err)
    if value is None:
        if old.quality is not Quality.MISSING or old.problem != problem:
            d.points.set(point, replace(old, value=None, quality=Quality.MISSING, problem=problem))
            d.mark(binding.node)
        return
    before = old.value
    if before is not None and -facts.resolution < value - before < facts.resolution:
        value = before
    quality = Quality.GOOD
    if facts.plausible and not facts.plausible[0] <= value <= facts.plausible[1]:
        quality = Quality.IMPLAUSIBLE
    at = min(report.at, d.now.farm)
    cadence = _learn(old, at)
    d.points.set(
        point, PointState(value=value, at=at, quality=quality, cadence_s=cadence, problem=problem)
    )
    if (value != before or quality is not old.quality) and binding.node != d.farm.id:
        # What the farm as a whole measures (power) is counted, not controlled.
        d.dirty.add(binding.node)
    if facts.stale_s != math.inf and point not in d.due.now:
        d.wake(point, Due(farm=at + fresh_for_s(facts, cadence)))


def _learn(old: PointState, at: float) -> float | None:
    if old.quality is Quality.MISSING or at <= old.at:
        return old.cadence_s
    interval = at - old.at
    if old.cadence_s is None:
        return interval
    return max(interval, (1 - _FORGET) * old.cadence_s + _FORGET * interval)


def look_at_deadline(d: Draft, binding: Binding) -> None:
    """The deadline of a sensor has come: stale, or reported in the meantime."""
    state = d.point(binding.id)
    d.due.remove(binding.id)
    if state.quality is Quality.MISSING:
        return
    end = state.at + fresh_for_s(spec(binding.role), state.cadence_s)
    if end > d.now.farm:
        d.wake(binding.id, Due(farm=end))
    elif state.quality is not Quality.STALE:
        d.points.set(binding.id, replace(state, quality=Quality.STALE))
        d.mark(binding.node)


def reading(d: Draft, node: str, role: Role) -> Reading:
    """The quantity of a node. Of redundant sensors the median of those that agree counts: two that
    disagree say nothing, of three the one that lies apart is outvoted."""
    bindings = d.of(node, role)
    if not bindings:
        return MISSING
    if len(bindings) == 1:
        state = d.point(bindings[0].id)
        return Reading(state.value if state.quality is Quality.GOOD else None, state.quality)
    states = [d.point(b.id) for b in bindings]
    good = [s.value for s in states if s.quality is Quality.GOOD and s.value is not None]
    if not good:
        return Reading(None, states[0].quality)
    agreed = _agreeing(good, spec(role).agreement)
    if not agreed:
        return Reading(None, Quality.DISAGREEING)
    return Reading(statistics.median(agreed), Quality.GOOD)


def value(d: Draft, node: str, role: Role) -> float | None:
    """The value of `reading`, for who does not ask for the quality."""
    bindings = d.farm.bound.get((node, role))
    if bindings is None:
        return None
    if len(bindings) > 1:
        return reading(d, node, role).value
    state = d.points.get(bindings[0].id)
    return None if state is None or state.quality is not Quality.GOOD else state.value


def _agreeing(values: list[float], agreement: float) -> list[float]:
    """The values within reach of the median, when they are more than half."""
    middle = statistics.median(values)
    near = [v for v in values if abs(v - middle) <= agreement / 2]
    return near if 2 * len(near) > len(values) or len(values) == 1 else []


def disagree(d: Draft, node: str, role: Role) -> bool:
    """Whether redundant sensors of a node lie too far apart, outvoted ones too."""
    bindings = d.of(node, role)
    if len(bindings) < 2:
        return False
    values = [
        state.value
        for b in bindings
        if (state := d.point(b.id)).quality is Quality.GOOD and state.value is not None
    ]
    return len(values) > 1 and max(values) - min(values) > spec(role).agreement


def highest(d: Draft, node: str, role: Role) -> float | None:
    """The highest valid value of any sensor, for trips (1 of 2); None when there is none."""
    values: list[float] = []
    for b in d.of(node, role):
        state = d.point(b.id)
        if state.value is not None and state.quality in (Quality.GOOD, Quality.DISAGREEING):
            values.append(state.value)
    return max(values, default=None)


def tripped(d: Draft, node: str, role: Role) -> bool:
    """Whether any contact of the role reports on."""
    return any((d.point(b.id).value or 0.0) >= 0.5 for b in d.of(node, role))


def unknown(d: Draft, node: str, role: Role) -> bool:
    """Whether a contact of the role is bound but not known."""
    return any(d.point(b.id).quality is not Quality.GOOD for b in d.of(node, role))
