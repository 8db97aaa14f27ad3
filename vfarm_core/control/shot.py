"""One shot, from the valve that opens to the table that has drained, stage by stage.

Valve before pump on start, pump before valve on stop. Every stage waits for the proof of the one
before; the shot is in the journal before anything opens.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Pump
from ..farm.roles import Role
from .draft import Draft
from .effects import Severity
from .memory import ProofState, Quality, Shot, ShotEnd, ShotStage
from .watering import blocked, pumps, valves

#: A pump is running dry when a flow report, made this long after its start (s), shows less than
#: this share of the rated flow (design choice).
_FLOW_AFTER_S = 20.0
_FLOW_SHARE = 0.2

#: How a shot's end is told; ends that are not named here are normal.
_SEVERITY = {
    ShotEnd.VOLUME_LOW: Severity.P2,
    ShotEnd.LEAK: Severity.P1,
    ShotEnd.SMOKE: Severity.P1,
    ShotEnd.NO_FLOW: Severity.P2,
    ShotEnd.VALVE_FAILED: Severity.P2,
    ShotEnd.PUMP_FAILED: Severity.P1,
    ShotEnd.EMERGENCY: Severity.P1,
    ShotEnd.JOURNAL: Severity.P1,
    ShotEnd.CRASH: Severity.P2,
}


#: Ends that a person should look at.
FAILED_ENDS = frozenset(_SEVERITY) - {ShotEnd.EMERGENCY, ShotEnd.JOURNAL}


def start_shot(d: Draft, circuit: Circuit, planned_s: float, *, by: str) -> Shot:
    """Open a shot: recorded before anything is sent."""
    pump = d.farm.pump[circuit.pump]
    now = d.now.farm
    shot = Shot(
        id=f"{circuit.id}-{int(now * 1000):d}",
        circuit=circuit.id,
        planned_s=planned_s,
        planned_l=planned_s / 60 * pump.flow_l_min,
        opened_at=now,
        stage=ShotStage.OPENING if valves(d, circuit) else ShotStage.RUNNING,
        stage_at=now,
        by=by,
    )
    state = d.circuit(circuit.id)
    d.circuits.set(
        circuit.id,
        replace(state, shot=shot, last_shot_at=now, requested=None, requested_by=""),
    )
    d.event(
        "shot_started",
        circuit.id,
        shot=shot.id,
        planned_s=planned_s,
        planned_l=round(shot.planned_l, 2),
        by=by,
    )
    d.mark(circuit.pump, circuit.id)
    return shot


def end_shot(d: Draft, circuit: Circuit, end: ShotEnd) -> None:
    """Begin the end of the shot: the pump stops first."""
    shot = d.circuit(circuit.id).shot
    if shot is None or shot.end is not None:
        return
    shot = replace(shot, end=end, stage=ShotStage.STOPPING, stage_at=d.now.farm)
    d.circuits.set(circuit.id, replace(d.circuit(circuit.id), shot=shot))
    d.mark(circuit.pump, circuit.id)


def close_after_crash(d: Draft, circuit: Circuit) -> None:
    """Before the first step: bring an interrupted shot to its end, and let the table drain. What
    it holds is not known, so no shot starts until it had the time to run back."""
    if d.circuit(circuit.id).shot is not None:
        _close(d, circuit)


def advance_shot(d: Draft, circuit: Circuit) -> None:
    """Move a shot on as far as what is proved and what forbids water allow."""
    shot = d.circuit(circuit.id).shot
    assert shot is not None
    _count(d, circuit)
    shot = d.circuit(circuit.id).shot
    assert shot is not None
    block = blocked(d, circuit)
    if shot.end is None and block is not None:
        end = block[0]
        if end is ShotEnd.PUMP_FAILED and not _failed(d, pumps(d, circuit)):
            end = ShotEnd.VALVE_FAILED
        end_shot(d, circuit, end)
    elif shot.stage is ShotStage.OPENING and proved(d, valves(d, circuit), on=True):
        _set(d, circuit, replace(shot, stage=ShotStage.RUNNING, stage_at=d.now.farm))
        d.mark(circuit.pump)
    elif shot.stage is ShotStage.RUNNING:
        _run(d, circuit, shot)
    _close(d, circuit)


def _close(d: Draft, circuit: Circuit) -> None:
    shot = d.circuit(circuit.id).shot
    # A pump that cannot be proved off is latched with its isolation closed: the valve of this
    # circuit closes too, it is all that is left between the pump and the floor.
    if shot is not None and shot.stage is ShotStage.STOPPING and _off(d, pumps(d, circuit)):
        now = d.now.farm
        shot = replace(shot, stage=ShotStage.CLOSING, stage_at=now, stopped_at=now)
        _set(d, circuit, shot)
    if shot is not None and shot.stage is ShotStage.CLOSING and _off(d, valves(d, circuit)):
        _finish(d, circuit, shot)


def _off(d: Draft, bindings: tuple[Binding, ...]) -> bool:
    """Proved off, or given up after all attempts."""
    return proved(d, bindings, on=False) or _failed(d, bindings)


def proved(d: Draft, bindings: tuple[Binding, ...], *, on: bool) -> bool:
    """Whether all are known to be in the state that was asked for."""
    for b in bindings:
        state = d.actuator(b.id)
        if state.pending is not None or state.is_on is not on:
            return False
        if state.proof not in (ProofState.PROVED, ProofState.UNPROVED):
            return False
    return True


def _failed(d: Draft, bindings: tuple[Binding, ...]) -> bool:
    """Whether one was tried in vain: it is latched, or reports nothing at all."""
    return any(d.actuator(b.id).proof is ProofState.FAILED for b in bindings)


def _run(d: Draft, circuit: Circuit, shot: Shot) -> None:
    if shot.started_at is None:
        if proved(d, pumps(d, circuit), on=True):
            shot = replace(shot, started_at=d.now.farm, counted_at=d.now.farm)
            _set(d, circuit, shot)
        return
    if shot.metered and shot.delivered_l >= shot.planned_l:
        end_shot(d, circuit, ShotEnd.VOLUME)
    elif d.now.farm >= shot.started_at + shot.planned_s:
        end_shot(d, circuit, ShotEnd.DONE)
    elif _running_dry(d, circuit, shot):
        end_shot(d, circuit, ShotEnd.NO_FLOW)


def _flow(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    return d.of(circuit.id, Role.FLOW) or d.of(circuit.pump, Role.FLOW)


def _running_dry(d: Draft, circuit: Circuit, shot: Shot) -> bool:
    meters = _flow(d, circuit)
    rated = d.farm.pump[circuit.pump].flow_l_min
    assert shot.started_at is not None
    for b in meters:
        state = d.point(b.id)
        if (
            state.quality is Quality.GOOD
            and state.value is not None
            and state.at >= shot.started_at + _FLOW_AFTER_S
            and state.value < _FLOW_SHARE * rated
        ):
            return True
    return False


def _count(d: Draft, circuit: Circuit) -> None:
    """Count what was delivered since the last look while the pump was proved on."""
    state = d.circuit(circuit.id)
    shot = state.shot
    assert shot is not None
    if shot.started_at is None or shot.stopped_at is not None or shot.counted_at is None:
        return
    minutes = max(0.0, d.now.farm - shot.counted_at) / 60
    flow, metered = _flow_now(d, circuit, d.farm.pump[circuit.pump])
    _set(
        d,
        circuit,
        replace(
            shot,
            delivered_l=shot.delivered_l + flow * minutes,
            counted_at=d.now.farm,
            metered=metered,
        ),
    )


def _flow_now(d: Draft, circuit: Circuit, pump: Pump) -> tuple[float, bool]:
    for b in _flow(d, circuit):
        state = d.point(b.id)
        if state.quality is Quality.GOOD and state.value is not None:
            return state.value, True
    return pump.flow_l_min, False


def _finish(d: Draft, circuit: Circuit, shot: Shot) -> None:
    state = d.circuit(circuit.id)
    end = shot.end or ShotEnd.STOPPED
    now = d.now.farm
    delivered_s = 0.0
    if shot.started_at is not None:
        delivered_s = (shot.stopped_at or now) - shot.started_at
    if end is ShotEnd.CRASH:
        # What flowed while nobody counted is not known: it counts in full.
        rated = d.farm.pump[circuit.pump].flow_l_min * delivered_s / 60
        shot = replace(shot, delivered_l=max(shot.delivered_l, rated))
    d.circuits.set(
        circuit.id,
        replace(
            state,
            shot=None,
            last_end=end,
            last_delivered_l=round(shot.delivered_l, 3),
            last_started_at=shot.started_at,
            dry_at=now + circuit.drain_s,
            shots_today=state.shots_today + 1,
            litres_today=state.litres_today + shot.delivered_l,
        ),
    )
    d.event(
        "shot_ended",
        circuit.id,
        _SEVERITY.get(end, Severity.INFO),
        shot=shot.id,
        end=end.value,
        planned_s=shot.planned_s,
        delivered_s=round(delivered_s, 1),
        planned_l=round(shot.planned_l, 2),
        delivered_l=round(shot.delivered_l, 2),
        metered=shot.metered,
        by=shot.by,
    )
    d.mark(circuit.pump)
    d.mark(*(c.id for c in d.farm.circuits_of_pump[circuit.pump]))


def _set(d: Draft, circuit: Circuit, shot: Shot) -> None:
    d.circuits.set(circuit.id, replace(d.circuit(circuit.id), shot=shot))
