"""Filling: fresh water into a reservoir, and one fill from its record to the valve that is closed.

A fill is counted in litres that the volume or a meter shows, whichever is more, and ends early
rather than late: at its litres, at its time, at the high float, when the water does not rise, and
when anything is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..farm.bindings import Binding, Proof
from ..farm.nodes import Fill, Reservoir
from ..farm.roles import Loop, Role
from ..recipes.model import SolutionQuantity
from . import dose, dosing, drilled, filled, readings, safety, solution, workflows
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import (
    ClosedFill,
    DoseEnd,
    FillEnd,
    FillRun,
    FillStage,
    ProofState,
    ReservoirState,
    Stage,
)
from .reasons import Reason

#: The volume has to rise by so many litres within so many seconds (design choice: a volume sensor
#: that reports every two minutes, and a valve that gives less than a fifth of a litre a minute
#: does not fill).
_RISE_L = 1.0
_RISE_S = 300.0
#: A fill may use this share of its valve's maximum on-time (design choice: the maximum is a trip).
_MOST_OF_MAX_ON = 0.95
#: A volume that rises by so much, as a share of the capacity, in the half hour after its valve has
#: closed passes through the valve (design choice).
_PASSES_SHARE = 0.02
_PASSES_S = 1800.0
#: What comes within so long (s) after a valve has closed belongs to its fill: a volume that is
#: told every two minutes shows it late (design choice). Less than so much (L) is not told.
_AFTER_S = 300.0
_OVERSHOOT_L = 0.5
#: A meter or a contact that shows water for so long (s) after its valve has closed means it (design
#: choice: meters report by the minute).
_SHOWS_S = 90.0
#: Without a meter a fill waits for the last of a flood to run back, unless the volume is below its
#: mark by this share of the capacity (design choice).
_PATIENCE = 0.05
#: No fill of less than this (L): a ripple is no reason to open a valve (design choice).
_LEAST_L = 1.0

_SEVERITY = {
    FillEnd.NO_RISE: Severity.P2,
    FillEnd.FLOAT: Severity.P3,
    FillEnd.VOLUME: Severity.P3,
    FillEnd.LEAK: Severity.P1,
    FillEnd.VALVE_FAILED: Severity.P1,
    FillEnd.EMERGENCY: Severity.P1,
    FillEnd.JOURNAL: Severity.P1,
    FillEnd.CRASH: Severity.P2,
}
#: Ends of a dose and of a fill that mean the same.
_SAME = {
    DoseEnd.EMERGENCY: FillEnd.EMERGENCY,
    DoseEnd.SHUTDOWN: FillEnd.SHUTDOWN,
    DoseEnd.JOURNAL: FillEnd.JOURNAL,
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A fill that may start now."""

    litres: float
    why: str


def valves(d: Draft, reservoir: str) -> tuple[Binding, ...]:
    """The fill valves of a reservoir."""
    return d.of(reservoir, Role.FILL_VALVE)


# -- what forbids it ----------------------------------------------------------------------------


def blocked(d: Draft, reservoir: Reservoir) -> tuple[FillEnd, Reason] | None:
    """What forbids a fill now, also one under way: the end it gives it, and the reason."""
    if found := dose.stopped(d, Loop.FILL):
        return _SAME.get(found[0], FillEnd.STOPPED), found[1]
    key, state = reservoir.id, d.reservoir(reservoir.id)
    if people := workflows.dosing_inhibited(d, key) or drilled.at(d, key):
        return FillEnd.STOPPED, people
    if wet := solution.wet_floor(d, key):
        return (FillEnd.SMOKE if wet.code == "smoke" else FillEnd.LEAK), wet
    if solution.leak_unknown(d, key):
        return FillEnd.STOPPED, Reason("leak_unknown")
    if readings.tripped(d, key, Role.LEVEL_HIGH):
        return FillEnd.FLOAT, Reason("fill_float")
    if readings.unknown(d, key, Role.LEVEL_HIGH):
        return FillEnd.FLOAT, Reason("fill_float_unknown")
    if d.of(key, Role.VOLUME) and solution.volume(d, key) is None:
        return FillEnd.VOLUME, Reason("volume_unknown")
    if state.dose is not None or any(d.actuator(b.id).is_on for b in dose.pumps(d, key)):
        return FillEnd.STOPPED, Reason("fill_dosing")
    if reservoir.fill is None:
        return FillEnd.STOPPED, Reason("fill_closed")
    if solution.water_out(d, key):
        return FillEnd.WATER_OUT, Reason("fill_water_out")
    if any(d.actuator(b.id).latched for b in valves(d, key)):
        return FillEnd.VALVE_FAILED, Reason("latched")
    if state.fill_inhibit:
        return FillEnd.STOPPED, Reason(f"fill_{state.fill_inhibit}")
    return None


#: What closes a valve that a person has opened.
_HARD = frozenset(
    {
        "smoke",
        "leak",
        "leak_unknown",
        "fill_float",
        "fill_float_unknown",
        "volume_unknown",
        "fill_dosing",
    }
)


def room_l(d: Draft, reservoir: Reservoir, fill: Fill) -> float:
    """What still goes in: up to where the fill ends, and never into the room of what runs back."""
    litres = solution.volume(d, reservoir.id)
    most = min(fill.to * reservoir.capacity_l, reservoir.capacity_l - fill.drain_back_l)
    return 0.0 if litres is None else max(0.0, most - litres)


def filled_l(state: ReservoirState, since: float) -> float:
    """What was filled from an instant on, in litres."""
    return sum(litres for at, litres in state.fills if at > since)


def choose(d: Draft, reservoir: Reservoir, asked_l: float | None = None) -> Planned | Reason:
    """The fill that is due now, or why there is none. `asked_l`: a person asks for litres, 0 for
    as many as there is room for."""
    block = blocked(d, reservoir)
    if block is not None:
        return block[1]
    fill = reservoir.fill
    assert fill is not None
    state, litres = d.reservoir(reservoir.id), solution.volume(d, reservoir.id)
    assert litres is not None
    if any(
        d.actuator(b.id).is_on is not False or d.actuator(b.id).pending is not None
        for b in valves(d, reservoir.id)
    ):
        return Reason("fill_valve_unknown")
    room = room_l(d, reservoir, fill)
    if asked_l is not None:
        wanted, why = asked_l or room, "person"
    elif litres < fill.below * reservoir.capacity_l:
        wanted, why = room, "top_up"
        at_rest = filled.rests_at(d, reservoir)
        urgent = litres < (fill.below - _PATIENCE) * reservoir.capacity_l
        if at_rest is not None and d.now.farm < at_rest and not urgent:
            # The last of a flood still runs back: it would be taken for fresh water.
            return Reason("fill_water_out")
    else:
        wanted, why = _dilution_l(d, reservoir, litres), "dilute"
    wanted = min(wanted, room, fill.max_l)
    if wanted < _LEAST_L:
        return Reason("fill_idle")
    left = fill.day_l - filled_l(state, d.now.farm - dose.DAY_S)
    if left < _LEAST_L:
        return Reason("fill_cap", {"limit": round(fill.day_l)})
    return Planned(min(wanted, left), why)


def _dilution_l(d: Draft, reservoir: Reservoir, litres: float) -> float:
    """Water against an EC that is too high: a part of what the gap needs, once all is mixed."""
    target = solution.target(d, reservoir, SolutionQuantity.EC)
    ec = solution.probed(d, reservoir, Role.SOLUTION_EC).value
    mixed = solution.mixed_at(d, reservoir)
    if target is None or not target.value or ec is None or mixed is None:
        return 0.0
    if mixed > d.now.farm or ec - target.value <= dosing.band(target, SolutionQuantity.EC):
        return 0.0
    fresh = reservoir.source_ec or 0.0
    if solution.source_unknown(d, reservoir) or target.value <= fresh:
        return 0.0
    return dosing.SHARE * litres * (ec - target.value) / (target.value - fresh)


# -- its life -----------------------------------------------------------------------------------


def advance(d: Draft, reservoir: Reservoir) -> None:
    """Move the fill of a reservoir on, or start one that is due."""
    if not valves(d, reservoir.id) and d.reservoir(reservoir.id).fill is None:
        return
    if d.state.stage is Stage.RECONCILING:
        end(d, reservoir, FillEnd.CRASH)
        _close(d, reservoir)
        return
    if d.reservoir(reservoir.id).fill is not None:
        _advance(d, reservoir)
    filled.watch(d, reservoir)
    _watch_closed(d, reservoir)
    waits = None
    if d.reservoir(reservoir.id).fill is None:
        found = choose(d, reservoir)
        if isinstance(found, Planned):
            start(d, reservoir, found, by="recipe")
        else:
            waits = found
    state = d.reservoir(reservoir.id)
    if state.fill_waits != waits:
        d.reservoirs.set(reservoir.id, replace(state, fill_waits=waits))


def start(d: Draft, reservoir: Reservoir, planned: Planned, *, by: str) -> FillRun:
    """Open a fill: recorded, and counted in full, before anything is sent."""
    now, state = d.now.farm, d.reservoir(reservoir.id)
    litres = solution.volume(d, reservoir.id)
    assert litres is not None
    longest = min(
        b.declaration.max_on_s or 0.0 for b in valves(d, reservoir.id) if b.declaration is not None
    )
    made = FillRun(
        id=f"{reservoir.id}-fill-{int(now * 1000):d}",
        planned_l=planned.litres,
        planned_s=_MOST_OF_MAX_ON * longest,
        opened_at=now,
        from_l=litres,
        why=planned.why,
        stage_at=now,
        by=by,
    )
    made = filled.begun(d, made, reservoir.id)
    d.reservoirs.set(
        reservoir.id,
        replace(
            state,
            fill=made,
            readings=(),
            fills=(*dose.recent(state.fills, now), (now, planned.litres)),
            closed_at=None,
            closed=None,
        ),
    )
    d.event(
        "fill_started",
        reservoir.id,
        fill=made.id,
        planned_l=round(planned.litres, 1),
        why=planned.why,
        by=by,
    )
    d.mark(reservoir.id)
    return made


def end(d: Draft, reservoir: Reservoir, why: FillEnd) -> None:
    """Begin the end of the fill: its valve closes."""
    state = d.reservoir(reservoir.id)
    if state.fill is None or state.fill.end is not None:
        return
    ended = replace(state.fill, end=why, stage=FillStage.STOPPING, stage_at=d.now.farm)
    d.reservoirs.set(reservoir.id, replace(state, fill=ended))
    d.mark(reservoir.id)


def inhibit(d: Draft, reservoir: str, why: str, severity: Severity = Severity.P2) -> None:
    """No more fills until a person has looked."""
    state = d.reservoir(reservoir)
    if not state.fill_inhibit:
        d.reservoirs.set(reservoir, replace(state, fill_inhibit=why))
        d.event("fill_inhibited", reservoir, severity, why=why)


def _advance(d: Draft, reservoir: Reservoir) -> None:
    _count(d, reservoir)
    run = d.reservoir(reservoir.id).fill
    assert run is not None
    if run.end is None:
        block = blocked(d, reservoir)
        if block is not None:
            end(d, reservoir, block[0])
        elif not valves(d, reservoir.id):
            end(d, reservoir, FillEnd.STOPPED)
        elif run.stage is FillStage.OPENING:
            _open(d, reservoir, run)
        else:
            _run(d, reservoir, run)
    _close(d, reservoir)


def _open(d: Draft, reservoir: Reservoir, run: FillRun) -> None:
    states = [d.actuator(b.id) for b in valves(d, reservoir.id)]
    if all(s.is_on and s.pending is None for s in states):
        now = d.now.farm
        running = replace(run, stage=FillStage.RUNNING, stage_at=now, started_at=now, rose_at=now)
        d.reservoirs.set(reservoir.id, replace(d.reservoir(reservoir.id), fill=running))
    elif any(s.reported is None or s.proof is ProofState.FAILED for s in states):
        end(d, reservoir, FillEnd.VALVE_FAILED)
    elif (
        all(s.pending is None and s.wanted is not None for s in states)
        and d.now.farm > run.opened_at
    ):
        end(d, reservoir, FillEnd.STOPPED)  # withheld by safety


def _run(d: Draft, reservoir: Reservoir, run: FillRun) -> None:
    assert run.started_at is not None
    assert run.rose_at is not None
    fill = reservoir.fill
    assert fill is not None
    if max(run.delivered_l, _metered_l(run)) >= run.planned_l or room_l(d, reservoir, fill) <= 0:
        end(d, reservoir, FillEnd.DONE)
    elif not all(d.actuator(b.id).is_on for b in valves(d, reservoir.id)):
        end(d, reservoir, FillEnd.STOPPED)
    elif d.now.farm >= run.started_at + run.planned_s:
        end(d, reservoir, FillEnd.TIME)
    elif d.now.farm >= run.rose_at + _RISE_S:
        end(d, reservoir, FillEnd.NO_RISE)


def _metered_l(run: FillRun) -> float:
    """What the meter says, once the volume has shown that water comes at all: a meter that turns
    without water must not hide that none does."""
    return (run.metered_l or 0.0) if run.rose_l >= _RISE_L else 0.0


def _count(d: Draft, reservoir: Reservoir) -> None:
    """Count what the volume and the meter show."""
    state = d.reservoir(reservoir.id)
    if state.fill is None:
        return
    run, litres = filled.counted(d, state.fill, reservoir.id), solution.volume(d, reservoir.id)
    if run.started_at is not None and litres is not None:
        delivered = max(run.delivered_l, litres - run.from_l)
        run = replace(run, delivered_l=delivered)
        if delivered >= run.rose_l + _RISE_L:
            run = replace(run, rose_l=delivered, rose_at=d.now.farm)
    if run != state.fill:
        d.reservoirs.set(reservoir.id, replace(state, fill=run))


def _close(d: Draft, reservoir: Reservoir) -> None:
    run = d.reservoir(reservoir.id).fill
    if run is None or run.stage is not FillStage.STOPPING:
        return
    failed = False
    for b in valves(d, reservoir.id):
        state = d.actuator(b.id)
        known = state.proof in (ProofState.PROVED, ProofState.UNPROVED)
        if state.proof is ProofState.FAILED:
            failed = True
        elif state.is_on is not False or state.pending is not None or not known:
            return
    _finish(d, reservoir, failed=failed)


def _finish(d: Draft, reservoir: Reservoir, *, failed: bool) -> None:
    state, now = d.reservoir(reservoir.id), d.now.farm
    run = state.fill
    assert run is not None
    why = run.end or FillEnd.STOPPED
    certain = not failed and why not in (FillEnd.CRASH, FillEnd.VALVE_FAILED, FillEnd.VOLUME)
    metered = certain and run.metered_l is not None
    litres = max(run.delivered_l, run.metered_l or 0.0)
    if not certain:
        litres = max(litres, run.planned_l)
    # Caps count what may have come, history what came as far as anybody knows.
    told = round(run.metered_l if metered and run.metered_l is not None else litres, 2)
    fills = dose.settled(state.fills, run.opened_at, now, litres)
    d.reservoirs.set(
        reservoir.id,
        replace(
            state,
            fill=None,
            fills=fills,
            filled_today_l=state.filled_today_l + litres,
            disturbed_at=now,
            trials={},
            feed=(),
            feed_at=None,
            last_fill_end=why,
            closed_at=now,
            closed_l=_expected_l(d, reservoir, run, litres),
            closed=ClosedFill(
                id=run.id,
                from_l=run.from_l,
                booked_l=litres,
                told_l=told,
                metered=metered,
                before_l=_before_l(run, why) if not metered and not failed else None,
                before_error_l=run.before_error_l,
                scatter_l=run.scatter_l,
            ),
            overshoot_l=0.0,
        ),
    )
    d.event(
        "fill_ended",
        reservoir.id,
        _SEVERITY.get(why, Severity.INFO),
        {"shares": d.shares(reservoir.id)},
        fill=run.id,
        end=why.value,
        planned_l=round(run.planned_l, 1),
        delivered_l=told,
        metered=metered,
        source="meter" if metered else "volume" if certain else "assumed",
        by=run.by,
    )
    if why in (FillEnd.NO_RISE, FillEnd.VALVE_FAILED):
        inhibit(d, reservoir.id, "no_rise" if why is FillEnd.NO_RISE else "failed")
    d.mark(reservoir.id)


def _before_l(run: FillRun, why: FillEnd) -> float | None:
    """From where the rise of the volume measures a fill. After a crash a single reading before it
    is better than to assume that everything came; with a volume that cannot be trusted nothing is.
    """
    if why is FillEnd.CRASH:
        return run.from_l if run.before_l is None else run.before_l
    return None if why in (FillEnd.VALVE_FAILED, FillEnd.VOLUME) else run.before_l


def _expected_l(d: Draft, reservoir: Reservoir, run: FillRun, litres: float) -> float | None:
    """Where the volume is as the valve closes: a meter knows that before the volume is told."""
    shown = solution.volume(d, reservoir.id)
    return shown if shown is None or run.metered_l is None else max(shown, run.from_l + litres)


def _watch_closed(d: Draft, reservoir: Reservoir) -> None:
    """A valve that says it is closed, and a volume that goes on rising: somebody has to look before
    the tank is full."""
    _watch_shown(d, reservoir)
    _after(d, reservoir)
    state = d.reservoir(reservoir.id)
    litres = solution.volume(d, reservoir.id)
    if state.closed_at is None or state.fill is not None:
        return
    if d.now.farm >= state.closed_at + _PASSES_S or solution.water_out(d, reservoir.id):
        d.reservoirs.set(reservoir.id, replace(state, closed_at=None, closed_l=None))
        return
    if litres is None:
        return
    settling = (
        state.closed is not None
        and state.closed.metered
        and d.now.farm < state.closed_at + _AFTER_S
    )
    if state.closed_l is None or (litres < state.closed_l and not settling):
        d.reservoirs.set(reservoir.id, replace(state, closed_l=litres))
    elif litres >= state.closed_l + _PASSES_SHARE * reservoir.capacity_l:
        d.reservoirs.set(reservoir.id, replace(state, closed_at=None, closed_l=None))
        _passes(d, reservoir)


def _passes(d: Draft, reservoir: Reservoir) -> None:
    """Water comes through a valve that is closed: what is upstream of it is held closed, too."""
    state = d.reservoir(reservoir.id)
    if state.fill_inhibit == "passes":
        return
    # It outranks a fill that failed.
    d.reservoirs.set(reservoir.id, replace(state, fill_inhibit=""))
    inhibit(d, reservoir.id, "passes", Severity.P1)
    for b in valves(d, reservoir.id):
        if b.declaration is not None and b.declaration.isolation is not None:
            d.mark(d.farm.binding[b.declaration.isolation].node)
    d.mark(reservoir.id)


def _watch_shown(d: Draft, reservoir: Reservoir) -> None:
    """A valve that says it is closed, and whose own meter or contact goes on to show water."""
    if d.reservoir(reservoir.id).fill is not None:
        return
    for b in valves(d, reservoir.id):
        declared, state = b.declaration, d.actuator(b.id)
        if declared is None or declared.proof is not Proof.FEEDBACK or state.is_on is not False:
            continue
        if state.pending is not None or state.latched or state.changed_at is None:
            continue
        shown = safety.showing(d, b, declared)
        if shown is not None and shown[1] and shown[0] >= state.changed_at + _SHOWS_S:
            _passes(d, reservoir)


def _measured(d: Draft, reservoir: Reservoir, state: ReservoirState, closed: ClosedFill) -> None:
    """Tell history what a fill has brought, once the water is at rest, where no meter said it."""
    found = filled.measured(state, closed)
    if found is None:
        return
    litres, error = found
    d.event(
        "fill_measured",
        reservoir.id,
        Severity.INFO,
        {"shares": d.shares(reservoir.id)},
        fill=closed.id,
        litres=round(litres, 2),
        correction_l=round(litres - closed.told_l, 2),
        plus_minus_l=None if error is None else round(error, 2),
        ended_at=state.closed_at,
    )


def _after(d: Draft, reservoir: Reservoir) -> None:
    """Count what comes after the valve has closed to the fill that it came with."""
    state, litres = d.reservoir(reservoir.id), solution.volume(d, reservoir.id)
    closed = state.closed
    if closed is None or state.closed_at is None or state.fill is not None:
        return
    over = state.overshoot_l
    if solution.water_out(d, reservoir.id) or d.now.farm >= state.closed_at + _AFTER_S:
        _measured(d, reservoir, state, closed)
        d.reservoirs.set(reservoir.id, replace(state, closed=None))
        if over >= _OVERSHOOT_L:
            litres_told = round(over, 1)
            d.event("fill_overshot", reservoir.id, fill=closed.id, litres=litres_told)
    elif litres is not None and (more := litres - closed.from_l - closed.booked_l) > 0:
        booked = closed.booked_l + more
        fills = dose.settled(state.fills, state.closed_at, state.closed_at, booked)
        d.reservoirs.set(
            reservoir.id,
            replace(
                state,
                fills=fills,
                filled_today_l=state.filled_today_l + more,
                overshoot_l=over + more,
                closed=replace(closed, booked_l=booked),
            ),
        )


# -- what its valve should do -------------------------------------------------------------------


def control(d: Draft, reservoir: Reservoir) -> dict[str, Intent]:
    """What the fill valves should do: closed but for a fill, also when a person has opened one
    while nothing may flow."""
    state = d.reservoir(reservoir.id)
    run = state.fill
    if run is None:
        waits = state.fill_waits or Reason("fill_idle")
        intent = Intent(0.0, waits, trip=waits.code in _HARD, idle=True)
    elif run.stage is FillStage.STOPPING:
        intent = Intent(0.0, Reason("fill_stopping"), trip=True)
    else:
        intent = Intent(1.0, Reason("fill_running", {"litres": round(run.planned_l, 1)}))
    return {b.id: intent for b in valves(d, reservoir.id)}


def due(d: Draft, reservoir: Reservoir) -> list[float | None]:
    """When something may change by itself (farm time)."""
    state = d.reservoir(reservoir.id)
    run = state.fill
    times: list[float | None] = []
    if run is not None and run.started_at is not None and run.rose_at is not None:
        times += [run.started_at + run.planned_s, run.rose_at + _RISE_S]
        times.append(filled.full_at(d, run, reservoir.id))
    elif run is None and reservoir.fill is not None:
        times += [solution.dry_at(d, reservoir.id), solution.mixed_at(d, reservoir)]
        times.append(filled.rests_at(d, reservoir))
        if state.fill_waits is not None and state.fill_waits.code == "fill_cap":
            times += [at + dose.DAY_S for at, _ in state.fills]
    if state.closed_at is not None:
        times.append(state.closed_at + _PASSES_S)
        if state.closed is not None:
            times.append(state.closed_at + _AFTER_S)
    return times
