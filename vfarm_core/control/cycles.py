"""Mist of aeroponics: seconds of water every few minutes, day and night.

A mist is a shot like any other, valve before pump and proved, but a quiet one: the cycle is
recorded when it begins and owns every mist of it, so that neither the journal nor people are told
of each. What people need to know is when mist stays away.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.nodes import Circuit
from ..farm.roles import Role
from ..recipes.model import MistCycle
from . import watering
from .draft import Draft
from .effects import Severity
from .memory import ActuatorState, CircuitState
from .watering import Wanted

#: Mist is late after this many intervals, and urgent so much later (s): limits_alarms.csv,
#: "high-pressure aeroponics missed spray": hold 2x interval, escalate after another 5 min.
_LATE = 2.0
_URGENT_S = 300.0
#: What a running cycle has counted is kept this often (s).
_KEEP_S = 600.0


def advance(d: Draft, circuit: Circuit, found: tuple[str, MistCycle] | None) -> None:
    """Begin or end the cycle, and see whether mist has stayed away."""
    state = d.circuit(circuit.id)
    if (found is not None) != state.cycling:
        changed = replace(state, cycling=found is not None, missed=0, last_mist_at=None)
        d.circuits.set(circuit.id, changed)
        if found is None:
            d.event("cycle_ended", circuit.id)
        else:
            on_s, off_s = _now(d, found)
            d.event("cycle_started", circuit.id, on_s=on_s, off_s=off_s)
    if found is not None:
        _watch(d, circuit, found)


def _lit(d: Draft, level: str) -> bool:
    day = d.level(level).light_day
    return day is not None and day.start_s <= d.now.farm < day.end_s


def _now(d: Draft, found: tuple[str, MistCycle]) -> tuple[float, float]:
    level, cycle = found
    return cycle.at(_lit(d, level))


def _late_at(d: Draft, found: tuple[str, MistCycle], last: float) -> float:
    """When mist is late: counted from the last one, or from lights-on, when it became more
    frequent."""
    on_s, off_s = _now(d, found)
    day = d.level(found[0]).light_day
    if day is not None and _lit(d, found[0]):
        last = max(last, day.start_s)
    return last + _LATE * (on_s + off_s)


def _watch(d: Draft, circuit: Circuit, found: tuple[str, MistCycle]) -> None:
    state = d.circuit(circuit.id)
    if _now(d, found)[0] <= 0:
        missed, last = 0, None
    else:
        last = d.now.farm if state.last_mist_at is None else state.last_mist_at
        late_at = _late_at(d, found, last)
        missed = 0 if d.now.farm < late_at else 1 if d.now.farm < late_at + _URGENT_S else 2
    if missed == state.missed and last == state.last_mist_at:
        return
    d.circuits.set(circuit.id, replace(state, missed=missed, last_mist_at=last))
    if missed > state.missed:
        severity = Severity.P2 if missed == 1 else Severity.P1
        minutes = round((d.now.farm - (last or d.now.farm)) / 60, 1)
        d.event("mist_missed", circuit.id, severity, minutes=minutes)
    elif missed < state.missed:
        d.event("mist_restored", circuit.id)


def wanted(d: Draft, circuit: Circuit, found: tuple[str, MistCycle]) -> Wanted | None:
    """The mist that is due now."""
    at = next_at(d, circuit, found)
    on_s, _ = _now(d, found)
    if at is None or at > d.now.farm:
        return None
    return Wanted(planned_s=on_s, by="cycle")


def next_at(d: Draft, circuit: Circuit, found: tuple[str, MistCycle]) -> float | None:
    """When the next mist is due; None when there is none at this time of day."""
    on_s, off_s = _now(d, found)
    if on_s <= 0:
        return None
    last = d.circuit(circuit.id).last_shot_at
    return d.now.farm if last is None else last + on_s + off_s


def look_at(d: Draft, circuit: Circuit, found: tuple[str, MistCycle]) -> float | None:
    """When a cycling circuit has to be looked at again: for mist, or because it stays away."""
    now = d.now.farm
    on_s, _ = _now(d, found)
    state, day = d.circuit(circuit.id), d.level(found[0]).light_day
    times = [] if day is None else [day.start_s, day.end_s, day.next_start_s]
    at = next_at(d, circuit, found)
    if at is not None:
        times.append(at)
    if on_s > 0 and state.last_mist_at is not None:
        late = _late_at(d, found, state.last_mist_at)
        times += [late, late + _URGENT_S]
    return min((t for t in times if t > now), default=None)


def quiet_point(d: Draft, point: str) -> bool:
    """Whether an actuator moves with a cycle, which is in the journal in its place."""
    binding = d.farm.binding.get(point)
    if binding is None or binding.role not in (Role.IRRIGATION_PUMP, Role.IRRIGATION_VALVE):
        return False
    pump = d.farm.circuits_of_pump.get(binding.node)
    circuits = [c.id for c in pump] if pump is not None else [binding.node]
    return any(d.circuit(c).cycling for c in circuits)


def worth_keeping(old: ActuatorState, new: ActuatorState) -> bool:
    """Whether an actuator of a cycle has to be kept: what it did, now and then."""
    return _slot(old.changed_at) != _slot(new.changed_at)


def counts_worth_keeping(old: CircuitState, new: CircuitState) -> bool:
    """Whether what a cycle has counted has to be kept: now and then."""
    return _slot(old.last_shot_at) != _slot(new.last_shot_at)


def _slot(at: float | None) -> int | None:
    return None if at is None else int(at // _KEEP_S)


def without_mist(state: CircuitState) -> CircuitState:
    """What matters of a cycling circuit apart from its mists."""
    if state.shot is not None and not state.shot.quiet:
        return state
    return replace(
        state,
        shot=None,
        last_shot_at=None,
        last_end=None,
        last_delivered_l=None,
        last_started_at=None,
        dry_at=None,
        shots_today=0,
        litres_today=0.0,
        water_log=(),
        last_mist_at=None,
        light_at=None,
        failed_in_row=0,
    )


def cycle_of(d: Draft, circuit: Circuit) -> tuple[str, MistCycle] | None:
    """The level that leads a circuit and its cycle, if its recipe asks for one."""
    found = watering.plan_of(d, circuit)
    if found is None or found[1].cycle is None:
        return None
    return found[0], found[1].cycle
