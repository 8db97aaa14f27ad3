"""What runs back and what drips out: tables that drain, and the runoff of a substrate."""

from __future__ import annotations

from dataclasses import replace

from ..farm.nodes import Circuit, Method
from ..farm.roles import Role
from ..recipes.model import Band, IrrigationPlan
from . import readings
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import CircuitState, ProofState, Quality, RunoffState, Shot
from .reasons import Reason

#: A shot's size follows the runoff by this much at a time, and within these limits (design
#: choice: slow enough that two shots show what one change did).
_STEP = 0.1
_FACTOR_LOW, _FACTOR_HIGH = 0.7, 1.3
#: A shot is judged by its runoff only where the substrate got at least this much (L).
_SMALLEST_L = 0.05


# -- tables -------------------------------------------------------------------------------------


def advance(d: Draft, circuit: Circuit) -> None:
    """Follow the table that drains and the substrate that drips."""
    _follow_runoff(d, circuit)
    if circuit.method is not Method.EBB_FLOW:
        return
    state = d.circuit(circuit.id)
    if state.shot is not None:
        return
    now = d.now.farm
    late = state.dry_at is None or state.dry_at <= now
    wet = readings.tripped(d, circuit.id, Role.TABLE_LEVEL)
    unseen = readings.unknown(d, circuit.id, Role.TABLE_LEVEL)
    if state.unknown:
        _drain(d, circuit, late=late, wet=wet, unseen=unseen)
        state = d.circuit(circuit.id)
    blocked = wet and late and state.dry_at is not None
    if blocked != state.drain_blocked:
        d.circuits.set(circuit.id, replace(state, drain_blocked=blocked))
        d.event(
            "drain_blocked" if blocked else "drain_cleared",
            circuit.id,
            Severity.P2 if blocked else Severity.INFO,
        )


def _drain(d: Draft, circuit: Circuit, *, late: bool, wet: bool, unseen: bool) -> None:
    """A table of which nobody knows what stands on it: drained when its time is over, counted from
    when its drain was open, and its contact, where there is one, says so."""
    state = d.circuit(circuit.id)
    if not may_open(d, circuit):
        # Nothing runs off: the time begins again when it can.
        if state.dry_at is not None:
            d.circuits.set(circuit.id, replace(state, dry_at=None))
        return
    if state.dry_at is None:
        if _open(d, circuit):
            d.circuits.set(circuit.id, replace(state, dry_at=d.now.farm + circuit.drain_s))
        return
    if late and not wet and not unseen:
        d.circuits.set(circuit.id, replace(state, unknown=False, table_l=0.0))
        d.event("table_drained", circuit.id)
        d.mark(*(c.id for c in d.farm.circuits_of_pump[circuit.pump]))


def forget(d: Draft, circuit: Circuit) -> None:
    """Nobody knows what stands on a table any more."""
    if circuit.method is Method.EBB_FLOW:
        state = d.circuit(circuit.id)
        d.circuits.set(
            circuit.id, replace(state, unknown=True, dry_at=d.now.farm + circuit.drain_s)
        )


def _open(d: Draft, circuit: Circuit) -> bool:
    """Whether the drain is open, as far as it is known; without a valve it always is."""
    return all(
        d.actuator(b.id).is_on and d.actuator(b.id).proof is not ProofState.FAILED
        for b in d.of(circuit.id, Role.DRAIN_VALVE)
    )


def may_open(d: Draft, circuit: Circuit) -> bool:
    """Whether the reservoir takes what stands on the table. Without a drain valve nobody can keep
    it from running back."""
    if not d.of(circuit.id, Role.DRAIN_VALVE):
        return True
    reservoir = d.farm.reservoir[d.farm.pump[circuit.pump].reservoir]
    if readings.tripped(d, reservoir.id, Role.LEVEL_HIGH):
        return False
    state = d.circuit(circuit.id)
    if not state.unknown or not d.of(reservoir.id, Role.VOLUME):
        # What a known shot took out of the reservoir has room in it.
        return True
    volume = readings.reading(d, reservoir.id, Role.VOLUME)
    if volume.quality is not Quality.GOOD or volume.value is None:
        return False
    return reservoir.capacity_l - volume.value >= state.table_l


def control(d: Draft, circuit: Circuit) -> dict[str, Intent]:
    """What the drain valve of a table should do: closed while it floods, open until it is dry."""
    bound = d.of(circuit.id, Role.DRAIN_VALVE)
    if not bound:
        return {}
    state = d.circuit(circuit.id)
    draining = state.unknown or (state.dry_at is not None and state.dry_at > d.now.farm)
    wet = readings.tripped(d, circuit.id, Role.TABLE_LEVEL)
    if state.shot is not None:
        intent = Intent(0.0, Reason("table_floods"), trip=True)
    elif not (draining or wet):
        intent = Intent(0.0, Reason("table_dry"))
    elif may_open(d, circuit):
        intent = Intent(1.0, Reason("table_drains"))
    else:
        intent = Intent(0.0, Reason("no_room"), trip=True)
    return {b.id: intent for b in bound}


# -- runoff -------------------------------------------------------------------------------------


def _counter(d: Draft, circuit: Circuit) -> float | None:
    value = readings.reading(d, circuit.id, Role.DRAIN_VOLUME)
    return value.value


def _follow_runoff(d: Draft, circuit: Circuit) -> None:
    if not d.of(circuit.id, Role.DRAIN_VOLUME):
        return
    state = d.circuit(circuit.id)
    runoff = state.runoff or RunoffState()
    total = _counter(d, circuit)
    if total == runoff.counter_l:
        return
    litres = 0.0
    if total is not None and runoff.counter_l is not None:
        # A counter that starts again at 0 has counted at least what it shows.
        litres = total - runoff.counter_l if total >= runoff.counter_l else total
    changed = replace(
        runoff,
        counter_l=total,
        drained_l=runoff.drained_l + litres,
        litres_today=runoff.litres_today + litres,
    )
    d.circuits.set(circuit.id, replace(state, runoff=changed))


def shot_begins(d: Draft, circuit: Circuit) -> None:
    """What drained until the next shot begins is the runoff of the last one."""
    state = d.circuit(circuit.id)
    runoff = state.runoff
    if runoff is None:
        return
    judged = runoff.counter_l is not None and runoff.shot_l >= _SMALLEST_L
    share = 100 * runoff.drained_l / runoff.shot_l if judged else runoff.last_pct
    changed = replace(
        runoff,
        last_pct=None if share is None else round(share, 1),
        drained_l=0.0,
        shot_l=0.0,
        factor=_resized(d, circuit, runoff.factor, share) if judged else runoff.factor,
    )
    d.circuits.set(circuit.id, replace(state, runoff=changed))


def shot_ends(d: Draft, circuit: Circuit, shot: Shot) -> None:
    """A shot has brought its water: what drains from now on is compared with it."""
    state = d.circuit(circuit.id)
    if state.runoff is not None:
        changed = replace(state.runoff, shot_l=shot.delivered_l)
        d.circuits.set(circuit.id, replace(state, runoff=changed))


def _resized(d: Draft, circuit: Circuit, factor: float, share: float | None) -> float:
    """How shots are resized: less where too much drains, more where too little does."""
    band = target(d, circuit)
    if band is None or share is None or band.contains(share):
        return factor
    low = band.low is not None and share < band.low
    changed = factor + _STEP if low else factor - _STEP
    return round(min(max(changed, _FACTOR_LOW), _FACTOR_HIGH), 2)


def target(d: Draft, circuit: Circuit) -> Band | None:
    """The share of a shot that should drain, by the recipe."""
    for level in circuit.levels:
        for batch in d.growing(level):
            plan: IrrigationPlan | None = d.phase(batch).irrigation.get(circuit.method)
            if plan is not None:
                return plan.runoff_pct
    return None


def runoff_of_day_pct(state: CircuitState) -> float | None:
    """The share of the day's water that drained, %; None where nothing counts it."""
    if state.runoff is None or state.runoff.counter_l is None or state.litres_today <= 0:
        return None
    return 100 * state.runoff.litres_today / state.litres_today
