"""Irrigation: starts shots that are due, and says what valves and pumps should do.

Two kinds of watering: shots (ebb-flow, drip, aeroponics), one a pump at a time; and circulation
(nft, dwc), which runs without interruption while plants depend on it.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Pump
from ..farm.roles import Role
from ..recipes.model import IrrigationPlan
from . import cycles, drain, steering, transpiration, triggers, trips
from .clock import Due, earliest
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import CircuitState, ProofState, Quality, Shot, ShotStage
from .reasons import Reason
from .shot import advance_shot, proved, shot_due, start_shot
from .text import local_midnight
from .watering import (
    LATE_S,
    blocked,
    circulates,
    forbidden,
    held,
    next_shot,
    not_ready,
    plan_of,
    pumps,
    valves,
    wanted_shot,
)

#: Delivered volume is counted this often (s).
_COUNT_S = 30.0
#: Circulation without flow is believed after this long (s): limits_alarms.csv, "NFT channel no
#: flow", hold 2 min. Then the pump rests (s) before it tries again (design choice: a pump survives
#: two dry minutes in seven, and roots whose meter has failed get water in them).
_LOST_S = 120.0
_REST_S = 300.0
#: So many planned shots may be starting at once on a farm, valves on their way and pumps not yet
#: proved; the others look again after this long (s) (design choice: motors draw several times
#: their current when they start, and a batch on many racks has all its shots at the same minute).
STARTING_TOGETHER = 10
_TURN_S = 2.0


def advance(d: Draft, circuit: Circuit) -> None:
    """Move the circuit's shot on, or start one that is due."""
    before = d.circuit(circuit.id)
    state = of_today(d, before)
    if state is not before:
        d.circuits.set(circuit.id, state)
    found = plan_of(d, circuit)
    cycles.advance(d, circuit, cycles.cycle_of(d, circuit))
    drain.advance(d, circuit)
    if found is not None and found[1].steering is not None:
        steering.advance(d, circuit, found[0], found[1].steering)
    if found is not None:
        transpiration.advance(d, circuit, found[0], found[1].trigger)
    if state.shot is None:
        _start_when_due(d, circuit)
    if d.circuit(circuit.id).shot is not None:
        advance_shot(d, circuit)
    _watch_circulation(d, circuit)
    d.wake(circuit.id, _due(d, circuit))


def of_today(d: Draft, state: CircuitState) -> CircuitState:
    """What a circuit counts of a day begins anew at local midnight."""
    midnight = local_midnight(d.now.farm, d.farm.tz)
    if state.day_start == midnight:
        return state
    runoff = state.runoff and replace(state.runoff, litres_today=0.0)
    return replace(state, day_start=midnight, shots_today=0, litres_today=0.0, runoff=runoff)


def _due(d: Draft, circuit: Circuit) -> Due:
    state = d.circuit(circuit.id)
    cycle = cycles.cycle_of(d, circuit)
    late = None if cycle is None else cycles.look_at(d, circuit, cycle)
    if state.shot is not None:
        at = shot_due(d, circuit, state.shot)
        if at is not None:
            return Due(farm=min(at, d.now.farm + _COUNT_S))
        return Due(farm=late)  # proof or its deadline moves the shot on
    midnight = Due(farm=local_midnight(d.now.farm + 26 * 3600, d.farm.tz))
    own = [_planned_due(d, circuit), Due(farm=late), _table_due(d, state), _rest_due(d, circuit)]
    if not any(due != Due() for due in own):
        return midnight if state.shots_today else Due()
    return earliest(*own, midnight)


def _planned_due(d: Draft, circuit: Circuit) -> Due:
    """When the next shot is due, or is looked at again because something forbids it."""
    found = plan_of(d, circuit)
    if found is None or found[1].continuous:
        return Due()
    level, plan = found
    now = d.now.farm
    if wanted_shot(d, circuit) is not None or _mist_due(d, circuit):
        turn = d.now.mono + _TURN_S if _starting(d) >= STARTING_TOGETHER else None
        return Due(now + 60.0, turn)
    times = _looks(d, circuit, level, plan)
    planned = next_shot(d, circuit)
    if planned is not None:
        # Late: something forbids it. Looked at again when that changes, or to give it up.
        times.append(planned if planned > now else min(planned + LATE_S + 1, now + 60.0))
    return Due(farm=min(times, default=None))


def _looks(d: Draft, circuit: Circuit, level: str, plan: IrrigationPlan) -> list[float]:
    at = None
    if plan.steering is not None:
        at = steering.look_at(d, circuit, level, plan.steering)
    elif plan.trigger is not None:
        at = triggers.look_at(d, circuit, level, plan.trigger)
    return [] if at is None else [at]


def _mist_due(d: Draft, circuit: Circuit) -> bool:
    cycle = cycles.cycle_of(d, circuit)
    return cycle is not None and cycles.wanted(d, circuit, cycle) is not None


def _table_due(d: Draft, state: CircuitState) -> Due:
    if state.dry_at is not None and state.dry_at > d.now.farm:
        return Due(farm=state.dry_at)
    return Due()


def _start_when_due(d: Draft, circuit: Circuit) -> None:
    cycle = cycles.cycle_of(d, circuit)
    quiet = cycle is not None and d.circuit(circuit.id).requested is None
    wanted = wanted_shot(d, circuit)
    if cycle is not None and quiet:
        wanted = cycles.wanted(d, circuit, cycle)
    if wanted is None or wanted.planned_s <= 0:
        return
    in_turn = not quiet and d.circuit(circuit.id).requested is None
    if (in_turn and _starting(d) >= STARTING_TOGETHER) or not_ready(d, circuit):
        return
    if in_turn:
        d.derived[_STARTING] = _starting(d) + 1
    start_shot(d, circuit, wanted, quiet=quiet)


_STARTING = ("", "starting")


def _starting(d: Draft) -> int:
    """How many shots are starting on the farm. Mists of a cycle neither wait nor count: they are
    short, and roots in air depend on them."""
    found: int | None = d.derived.get(_STARTING)
    if found is None:
        found = sum(
            c.shot is not None and not c.shot.quiet and c.shot.is_starting
            for c in d.circuits.values()
        )
        d.derived[_STARTING] = found
    return found


# -- circulation --------------------------------------------------------------------------------


def _watch_circulation(d: Draft, circuit: Circuit) -> None:
    """Water that should circulate and does not: the pump rests, and tries again."""
    state = d.circuit(circuit.id)
    now = d.now.farm
    if not circulates(d, circuit):
        if state.flow_lost or state.flow_low_at is not None:
            quiet = replace(state, flow_lost="", flow_lost_at=None, flow_low_at=None)
            d.circuits.set(circuit.id, quiet)
        return
    since = _running_since(d, circuit)
    low = None if since is None else trips.no_water(d, circuit, since)
    low_at = None if low is None else state.flow_low_at or now
    changed = replace(state, flow_low_at=low_at)
    if low is not None and low_at is not None and now >= low_at + _LOST_S - trips.SETTLED_S:
        changed = replace(changed, flow_lost=low.value, flow_lost_at=now, flow_low_at=None)
        if not state.flow_lost:
            d.event("flow_lost", circuit.id, Severity.P1, end=low.value)
        d.mark(circuit.pump)
    elif (
        state.flow_lost and since is not None and low is None and _measured_since(d, circuit, since)
    ):
        changed = replace(changed, flow_lost="", flow_lost_at=None)
        d.event("flow_restored", circuit.id)
        d.mark(circuit.pump)
    d.circuits.set(circuit.id, changed)


def _running_since(d: Draft, circuit: Circuit) -> float | None:
    """Since when all pumps of a circuit are on; None when one is not."""
    states = [d.actuator(b.id) for b in pumps(d, circuit)]
    if not states or not all(s.is_on and s.changed_at is not None for s in states):
        return None
    return max(s.changed_at or 0.0 for s in states)


def _gauges(d: Draft, circuit: Circuit) -> list[Binding]:
    """What shows whether water flows."""
    return [
        b
        for node in (circuit.id, circuit.pump)
        for role in (Role.FLOW, Role.PRESSURE)
        for b in d.of(node, role)
    ]


def _measured_since(d: Draft, circuit: Circuit, since: float) -> bool:
    """Whether every gauge that is known has reported since the pump had time to build up flow."""
    points = [d.point(b.id) for b in _gauges(d, circuit)]
    known = [p for p in points if p.quality is Quality.GOOD]
    return bool(known) and all(p.at >= since + trips.SETTLED_S for p in known)


def _rest_due(d: Draft, circuit: Circuit) -> Due:
    """When circulation has to be looked at again."""
    state, now = d.circuit(circuit.id), d.now.farm
    times = []
    if state.flow_lost_at is not None:
        times.append(state.flow_lost_at + _REST_S)
    if state.flow_low_at is not None:
        times.append(state.flow_low_at + _LOST_S - trips.SETTLED_S)
    since = _running_since(d, circuit) if circulates(d, circuit) else None
    if since is not None:
        # A gauge that shows the same nothing as before does not call by itself.
        times += [since + trips.SETTLED_S, since + _LOST_S]
        if state.flow_lost or (_gauges(d, circuit) and not _measured_since(d, circuit, since)):
            times.append(now + 60.0)
    return Due(farm=min((t for t in times if t > now), default=None))


def _resting(state: CircuitState, now: float) -> bool:
    return state.flow_lost_at is not None and now < state.flow_lost_at + _REST_S


# -- what valves and pumps should do ------------------------------------------------------------


def control_valve(d: Draft, circuit: Circuit) -> dict[str, Intent]:
    """What the valves of a circuit should do."""
    shot = d.circuit(circuit.id).shot
    if shot is None:
        intent = _without_shot(d, circuit)
        if not intent.value and _pumped_into(d, circuit):
            # Pump before valve, also where there was no shot.
            intent = Intent(None, intent.reason)
    elif shot.stage is ShotStage.CLOSING:
        intent = Intent(0.0, Reason("shot_closing"), trip=True, quiet=shot.quiet)
    elif shot.stage is ShotStage.STOPPING:
        # Left as it is until the pump is proved off: a valve must not close against a pump.
        intent = Intent(None, Reason("shot_stopping"))
    elif shot.stage is ShotStage.OPENING:
        intent = Intent(1.0, Reason("shot_valve"), quiet=shot.quiet)
    else:
        intent = Intent(1.0, _running(shot), quiet=shot.quiet)
    return {**{b.id: intent for b in valves(d, circuit)}, **drain.control(d, circuit)}


def _running(shot: Shot) -> Reason:
    return Reason("shot_running", {"duration": round(shot.planned_s)})


_IDLE = Reason("shot_idle")


def _without_shot(d: Draft, circuit: Circuit) -> Intent:
    """Closed, and at once where water is forbidden, whoever has opened it; open to circulate."""
    stop = forbidden(d, circuit)
    if stop is not None:
        return Intent(0.0, stop[1], trip=True)
    if circulates(d, circuit):
        return Intent(1.0, Reason("circulating"))
    state = d.circuit(circuit.id)
    if state.cycling:
        # Plants depend on it: when mist stays away, the longest off-time counts.
        return Intent(0.0, Reason("cycle_pause"), idle=not state.missed)
    block = held(d, circuit)
    return Intent(0.0, _IDLE if block is None else block[1], idle=True)


def _pumped_into(d: Draft, circuit: Circuit) -> bool:
    """Whether a pump runs that the valves of a circuit would close against: it is on, has not been
    given up, and nothing else that it feeds is open."""
    running = [d.actuator(b.id) for b in _switches(d, d.farm.pump[circuit.pump])]
    if not any(s.is_on and s.proof is not ProofState.FAILED for s in running):
        return False
    others = [c for c in d.farm.circuits_of_pump[circuit.pump] if c.id != circuit.id]
    return not any(all(d.actuator(b.id).is_on for b in valves(d, other)) for other in others)


def control_pump(d: Draft, pump: Pump) -> dict[str, Intent]:
    """What a pump should do: on while one of its circuits runs or circulates."""
    circuits = d.farm.circuits_of_pump[pump.id]
    intent = Intent(0.0, _IDLE, idle=True)
    shots = [(c, s) for c in circuits if (s := d.circuit(c.id).shot) is not None]
    if shots:
        # A shot that stops has its pump stopped, whoever waits; else one that runs keeps it on.
        circuit, shot = min(shots, key=lambda pair: (_RANK[pair[1].stage], pair[0].id))
        return {b.id: _with_shot(d, circuit, shot) for b in _switches(d, pump)}
    for circuit in circuits:
        if _resting(d.circuit(circuit.id), d.now.farm):
            intent = Intent(0.0, Reason(d.circuit(circuit.id).flow_lost), trip=True)
            break
        wanted = _without_shot(d, circuit)
        opened = proved(d, valves(d, circuit), on=True)
        if wanted.trip or (wanted.value and opened):
            intent = wanted
        elif wanted.value and not intent.value:
            # Valve before pump. Plants depend on it: when no valve can be seen to open, the pump's
            # maximum off-time counts. One that closes while the pump is on is a dead-head.
            opening = _opening(d, circuit)
            shut = any(d.actuator(b.id).is_on is False for b in valves(d, circuit))
            dead_head = opening and shut and _running_since(d, circuit) is not None
            intent = Intent(0.0, Reason("shot_valve"), idle=opening, trip=dead_head)
        elif not wanted.idle and not intent.value:
            intent = Intent(0.0, wanted.reason, idle=not opened and _opening(d, circuit))
        if intent.trip and not (intent.idle and len(circuits) > 1):
            break
    return {b.id: intent for b in _switches(d, pump)}


def _opening(d: Draft, circuit: Circuit) -> bool:
    """Whether the valves of a circuit will be proved open, or fail, within their deadlines."""
    states = [d.actuator(b.id) for b in valves(d, circuit)]
    return all(s.reported is not None and s.proof is not ProofState.FAILED for s in states)


def _switches(d: Draft, pump: Pump) -> tuple[Binding, ...]:
    return d.of(pump.id, Role.IRRIGATION_PUMP)


def _with_shot(d: Draft, circuit: Circuit, shot: Shot) -> Intent:
    if shot.stage is ShotStage.RUNNING:
        return Intent(1.0, _running(shot), quiet=shot.quiet)
    block = blocked(d, circuit)
    reason = block[1] if block else Reason(f"shot_{_PUMP_REASON[shot.stage]}")
    return Intent(0.0, reason, trip=True, quiet=shot.quiet)


_RANK = {
    ShotStage.STOPPING: 0,
    ShotStage.RUNNING: 1,
    ShotStage.OPENING: 2,
    ShotStage.CLOSING: 3,
}
_PUMP_REASON = {
    ShotStage.OPENING: "valve",
    ShotStage.STOPPING: "stopping",
    ShotStage.CLOSING: "closing",
}
