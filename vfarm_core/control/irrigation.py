"""Irrigation: starts shots that are due, and says what valves and pumps should do.

Two kinds of watering: shots (ebb-flow, drip, aeroponics), one a pump at a time; and circulation
(nft, dwc), which runs without interruption while plants depend on it.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Pump
from ..farm.roles import Role
from .clock import Due, earliest
from .draft import Draft
from .intents import Intent
from .memory import ProofState, Shot, ShotStage
from .reasons import Reason
from .shot import advance_shot, proved, start_shot
from .text import local_midnight
from .watering import (
    LATE_S,
    blocked,
    circulates,
    forbidden,
    next_shot,
    not_ready,
    plan_of,
    valves,
)

#: Delivered volume is counted this often (s).
_COUNT_S = 30.0


def advance(d: Draft, circuit: Circuit) -> None:
    """Move the circuit's shot on, or start one that is due."""
    state = d.circuit(circuit.id)
    midnight = local_midnight(d.now.farm, d.farm.tz)
    if state.day_start != midnight:
        state = replace(state, day_start=midnight, shots_today=0, litres_today=0.0)
        d.circuits.set(circuit.id, state)
    if state.shot is None:
        _start_when_due(d, circuit)
    if d.circuit(circuit.id).shot is not None:
        advance_shot(d, circuit)
    d.wake(circuit.id, _due(d, circuit))


def _due(d: Draft, circuit: Circuit) -> Due:
    state = d.circuit(circuit.id)
    if state.shot is not None:
        if state.shot.stage is ShotStage.RUNNING and state.shot.started_at is not None:
            end = state.shot.started_at + state.shot.planned_s
            return Due(farm=min(end, d.now.farm + _COUNT_S))
        return Due()  # proof or its deadline moves the shot on
    planned = next_shot(d, circuit)
    midnight = Due(farm=local_midnight(d.now.farm + 26 * 3600, d.farm.tz))
    if planned is None:
        return midnight if state.shots_today else Due()
    wait = planned
    if state.dry_at is not None:
        wait = max(wait, state.dry_at)
    if wait <= d.now.farm:
        # Late: something forbids it. Looked at again when that changes, or to give it up.
        wait = planned + LATE_S + 1
        retry = d.now.farm + 60.0
        return earliest(Due(farm=min(wait, retry)), midnight)
    return earliest(Due(farm=wait), midnight)


def _start_when_due(d: Draft, circuit: Circuit) -> None:
    state = d.circuit(circuit.id)
    found = plan_of(d, circuit)
    planned = next_shot(d, circuit)
    requested = state.requested is not None
    due = planned is not None and planned <= d.now.farm
    if not requested and not due:
        return
    if not_ready(d, circuit):
        return
    planned_s = state.requested if state.requested is not None else 0.0
    if not requested and found is not None:
        planned_s = found[1].duration_s
    if planned_s <= 0:
        return
    start_shot(d, circuit, planned_s, by=state.requested_by if requested else "recipe")


def control_valve(d: Draft, circuit: Circuit) -> dict[str, Intent]:
    """What the valves of a circuit should do."""
    shot = d.circuit(circuit.id).shot
    if shot is None:
        intent = _without_shot(d, circuit)
        if not intent.value and _pumped_into(d, circuit):
            # Pump before valve, also where there was no shot.
            intent = Intent(None, intent.reason)
    elif shot.stage is ShotStage.CLOSING:
        intent = Intent(0.0, Reason("shot_closing"), trip=True)
    elif shot.stage is ShotStage.STOPPING:
        # Left as it is until the pump is proved off: a valve must not close against a pump.
        intent = Intent(None, Reason("shot_stopping"))
    elif shot.stage is ShotStage.OPENING:
        intent = Intent(1.0, Reason("shot_valve"))
    else:
        intent = Intent(1.0, Reason("shot_running", {"duration": round(shot.planned_s)}))
    return {b.id: intent for b in valves(d, circuit)}


def _without_shot(d: Draft, circuit: Circuit) -> Intent:
    """Closed, and at once where water is forbidden, whoever has opened it; open to circulate."""
    stop = forbidden(d, circuit)
    if stop is not None:
        return Intent(0.0, stop[1], trip=True)
    if circulates(d, circuit):
        return Intent(1.0, Reason("circulating"))
    block = blocked(d, circuit)
    return Intent(0.0, Reason("shot_idle") if block is None else block[1], idle=True)


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
    intent = Intent(0.0, Reason("shot_idle"), idle=True)
    for circuit in circuits:
        shot = d.circuit(circuit.id).shot
        if shot is not None:
            return {b.id: _with_shot(d, circuit, shot) for b in _switches(d, pump)}
        wanted = _without_shot(d, circuit)
        opened = proved(d, valves(d, circuit), on=True)
        if wanted.trip or (wanted.value and opened):
            intent = wanted
        elif wanted.value and not intent.value:
            # Valve before pump. Plants depend on it: when no valve can be seen to open, the pump's
            # maximum off-time counts.
            intent = Intent(0.0, Reason("shot_valve"), idle=_opening(d, circuit))
        if intent.trip:
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
        return Intent(1.0, Reason("shot_running", {"duration": round(shot.planned_s)}))
    block = blocked(d, circuit)
    reason = block[1] if block else Reason(f"shot_{_PUMP_REASON[shot.stage]}")
    return Intent(0.0, reason, trip=True)


_PUMP_REASON = {
    ShotStage.OPENING: "valve",
    ShotStage.STOPPING: "stopping",
    ShotStage.CLOSING: "closing",
}
