"""Why a sensor's reading is not good, in one sentence with the time of it."""

from __future__ import annotations

import math

from ..farm.bindings import Binding
from ..farm.roles import RoleSpec, spec
from . import readings
from .agreement import apart
from .draft import Draft
from .memory import PointState, Quality
from .plausible import FLAT_LINE, JUMP, WARM_UP
from .reasons import Reason
from .snapshot import SensorView
from .text import moment


def views(d: Draft, *nodes: str) -> tuple[SensorView, ...]:
    """The sensors of nodes that are not good, or stand against others of the same quantity."""
    found = []
    for node in nodes:
        for b in d.farm.sensors_of.get(node, ()):
            state = d.point(b.id)
            reason = why(d, b, state)
            if reason is not None:
                quality = state.quality
                if quality is Quality.GOOD:
                    quality = Quality.DISAGREEING
                found.append(
                    SensorView(
                        point=b.id,
                        role=b.role,
                        quality=quality,
                        code=reason.code,
                        params=reason.params,
                        reason=reason.text,
                    )
                )
    return tuple(found)


def why(d: Draft, binding: Binding, state: PointState) -> Reason | None:
    """What is wrong with what a sensor says; None when nothing is."""
    facts, quality = spec(binding.role), state.quality
    if quality is Quality.MISSING:
        return _missing(d, state)
    if quality is Quality.STALE:
        return Reason("reading_stale", {"at": _time(d, state.at)})
    if quality is Quality.IMPLAUSIBLE:
        return _implausible(d, facts, state)
    other = apart(d, binding, state)
    if other is None:
        return None
    return Reason(
        "reading_disagreeing",
        {"value": _said(facts, state.value), "other": _said(facts, other), "unit": facts.unit},
    )


def _missing(d: Draft, state: PointState) -> Reason:
    if state.problem.startswith(readings.UNIT):
        unit = state.problem.removeprefix(readings.UNIT)
        return Reason("reading_unit", {"unit": unit or "–"})
    if state.problem == readings.NO_TEMPERATURE:
        return Reason("reading_uncompensated")
    if not state.at:
        return Reason("reading_never")
    return Reason("reading_gone", {"at": _time(d, state.at)})


def _implausible(d: Draft, facts: RoleSpec, state: PointState) -> Reason:
    doubt = state.doubt
    said: dict[str, str | float | int] = {"value": _said(facts, state.value), "unit": facts.unit}
    if state.problem == WARM_UP and doubt is not None:
        return Reason("reading_warm_up", {"until": _time(d, doubt.since + facts.warm_up_s)})
    if state.problem == FLAT_LINE:
        return Reason("reading_flat_line", {**said, "at": _time(d, state.since)})
    since = _time(d, state.at if doubt is None else doubt.since)
    if state.problem == JUMP and doubt is not None and doubt.value is not None:
        before = _said(facts, doubt.value)
        return Reason("reading_jump", {**said, "before": before, "at": since})
    return Reason("reading_range", {**said, "at": since})


def _time(d: Draft, at: float) -> str:
    return moment(at, d.now.farm, d.farm.tz)


def _said(facts: RoleSpec, value: float | None) -> float:
    """A value with the digits that a sensor of its kind has."""
    digits = 1
    if facts.resolution > 0:
        digits = max(0, math.ceil(-math.log10(facts.resolution)))
    rounded = round(value or 0.0, digits)
    return rounded if digits else int(rounded)
