"""How much water a fill has brought, as well as that can be known, for history.

Safety counts cautiously (`fill`): never less than came, in full where nobody knows. History wants
the best figure there is, and how far it may be off: the meter in the fill line where there is one,
else the rise of the volume, from where it was heading before the valve opened to where it came to
rest. A single reading of the volume is no measure: a fill begins at the lowest of many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

from ..farm.bindings import Binding
from ..farm.nodes import Reservoir
from ..farm.roles import Role
from . import solution
from .draft import Draft
from .memory import ClosedFill, FillRun, Quality, ReservoirState

#: Readings of a volume at rest that are remembered, and for how long (s) they say where it is
#: heading (design choice: half an hour, in which what plants drink is a straight line).
_READINGS = 12
_REST_S = 1800.0
#: With fewer readings a line goes through their noise (design choice).
_LINE = 4
#: Water comes to rest within so long (s) after the valve has closed (design choice).
_STILL_S = 30.0
#: Uncertainty is told for 95 of 100 fills (normal distribution).
_COVERAGE = 2.0


def meter(d: Draft, reservoir: str) -> Binding | None:
    """What measures the water of a fill: a counter, else the flow meter that proves the fill valve.
    A flow meter may as well sit in a dosing line: one that another device names is none."""
    for b in d.of(reservoir, Role.WATER_TOTAL):
        return b
    valves = [b.declaration for b in d.of(reservoir, Role.FILL_VALVE) if b.declaration is not None]
    named = {v.proved_by for v in valves}
    others = {
        b.declaration.proved_by
        for b in d.farm.actuators_of.get(reservoir, ())
        if b.declaration is not None and b.role is not Role.FILL_VALVE
    }
    flows = [b for b in d.of(reservoir, Role.FLOW) if b.id not in others]
    for b in flows:
        if b.id in named:
            return b
    return flows[0] if len(flows) == 1 and None in named else None


def _shown(d: Draft, binding: Binding | None) -> float | None:
    """What a meter shows; None while it cannot be trusted."""
    if binding is None:
        return None
    state = d.point(binding.id)
    return state.value if state.quality is Quality.GOOD else None


def begun(d: Draft, run: FillRun, reservoir: str) -> FillRun:
    """The fill with what its meter shows before its valve opens, or where its volume is."""
    found = meter(d, reservoir)
    if found is None:
        known = rest(d.reservoir(reservoir).readings, run.opened_at)
        if known is None:
            return run
        return replace(
            run, before_l=known.litres, before_error_l=known.error_l, scatter_l=known.scatter_l
        )
    counter = _shown(d, found) if found.role is Role.WATER_TOTAL else None
    return replace(run, metered_l=0.0, counter_l=counter, metered_at=None)


def counted(d: Draft, run: FillRun, reservoir: str) -> FillRun:
    """The fill with what its meter has counted until now. A meter that falls silent measures
    nothing: then the rise of the volume does."""
    found = meter(d, reservoir)
    if run.metered_l is None:
        return run
    shown = _shown(d, found)
    if found is None or shown is None:
        return replace(run, metered_l=None)
    if found.role is Role.WATER_TOTAL:
        if run.counter_l is None:
            return replace(run, metered_l=None)
        # A counter that starts again at 0 has counted at least what it shows.
        more = shown - run.counter_l if shown >= run.counter_l else shown
        return replace(run, metered_l=run.metered_l + more, counter_l=shown)
    valves = [d.actuator(b.id) for b in d.of(reservoir, Role.FILL_VALVE)]
    opened = max((v.changed_at or 0.0 for v in valves if v.is_on), default=None)
    if run.metered_at is None and opened is None:
        return run
    since = max(run.opened_at, opened or 0.0) if run.metered_at is None else run.metered_at
    until = d.now.farm
    if opened is None:
        # It flowed until the first valve was closed; what the meter shows later is its delay.
        closed = [v.changed_at for v in valves if v.changed_at is not None and v.is_on is False]
        until = min([until, *closed])
    litres = shown * max(0.0, until - since) / 60
    return replace(run, metered_l=run.metered_l + litres, metered_at=max(since, until))


def full_at(d: Draft, run: FillRun, reservoir: str) -> float | None:
    """When the meter will have counted what is planned (farm time); None where none says."""
    found = meter(d, reservoir)
    if run.metered_l is None or found is None or found.role is not Role.FLOW:
        return None
    flow = _shown(d, found) or 0.0
    if flow <= 0 or run.end is not None:
        return None
    return d.now.farm + max(1.0, (run.planned_l - run.metered_l) / flow * 60)


# -- by the volume --------------------------------------------------------------------------------


def _reading(d: Draft, reservoir: str) -> tuple[float, float] | None:
    """The newest reading of the volume, and when it was made."""
    litres = solution.volume(d, reservoir)
    if litres is None:
        return None
    return max(d.point(b.id).at for b in d.of(reservoir, Role.VOLUME)), litres


def rests_at(d: Draft, reservoir: Reservoir) -> float | None:
    """When the water of the last floods is at rest in a tank without a meter, so that its volume
    measures a fill: after the time to drain again, in the second half of which its readings are
    taken (farm time); None where a meter counts, or nothing has run back."""
    if meter(d, reservoir.id) is not None:
        return None
    return _back_at(d, reservoir.id, 1.0)


def _back_at(d: Draft, reservoir: str, share: float) -> float | None:
    """When every circuit has had this share of its draining time once more to run back."""
    return max(
        (
            state.dry_at + share * circuit.drain_s
            for circuit in d.farm.circuits_of_reservoir[reservoir]
            if (state := d.circuit(circuit.id)).dry_at is not None
        ),
        default=None,
    )


def watch(d: Draft, reservoir: Reservoir) -> None:
    """Remember readings of the volume while all the water is at home and none is coming; after a
    fill, those of the water that has come to rest. Where a meter counts nobody needs them."""
    state = d.reservoir(reservoir.id)
    if reservoir.fill is None or state.fill is not None:
        return
    asked = state.closed is not None and state.closed.before_l is not None
    if not asked and meter(d, reservoir.id) is not None:
        return
    if solution.water_out(d, reservoir.id):
        if state.readings:
            d.reservoirs.set(reservoir.id, replace(state, readings=()))
        return
    found = _reading(d, reservoir.id)
    known = state.readings
    if found is None or (known and found[0] <= known[-1][0]):
        return
    if found[0] < (_back_at(d, reservoir.id, 0.5) or 0.0):
        return
    if state.closed_at is not None and found[0] < state.closed_at + _STILL_S:
        return
    d.reservoirs.set(reservoir.id, replace(state, readings=(*known, found)[-_READINGS:]))


@dataclass(frozen=True, slots=True)
class Rest:
    """A volume at rest, L: `litres` at an instant, its standard error, and the scatter of single
    readings. None where too few readings say it."""

    litres: float
    error_l: float | None
    scatter_l: float | None


def rest(readings: tuple[tuple[float, float], ...], at: float) -> Rest | None:
    """Where a volume is at an instant by its readings: on the straight line through them."""
    recent = [(t - at, v) for t, v in readings if t >= at - _REST_S]
    n = len(recent)
    if not n:
        return None
    mean_v = sum(v for _, v in recent) / n
    if n < _LINE:
        return Rest(mean_v, None, None)
    mean_t = sum(t for t, _ in recent) / n
    spread = sum((t - mean_t) ** 2 for t, _ in recent)
    if spread <= 0:
        return Rest(mean_v, None, None)
    slope = sum((t - mean_t) * (v - mean_v) for t, v in recent) / spread
    off = sum((v - mean_v - slope * (t - mean_t)) ** 2 for t, v in recent)
    scatter = sqrt(off / (n - 2))
    return Rest(mean_v - slope * mean_t, scatter * sqrt(1 / n + mean_t**2 / spread), scatter)


def measured(state: ReservoirState, closed: ClosedFill) -> tuple[float, float | None] | None:
    """What a fill has brought by the volume before and after it, and how far that may be off, both
    in L; None where nothing better is known than what was counted while it ran."""
    if closed.before_l is None or not state.readings:
        return None
    n = len(state.readings)
    litres = sum(v for _, v in state.readings) / n - closed.before_l
    if litres <= 0:
        return None
    error, scatter = closed.before_error_l, closed.scatter_l
    if error is None or scatter is None:
        return litres, None
    return litres, _COVERAGE * sqrt(error**2 + scatter**2 / n)
