"""Irrigation: when a circuit is watered, and one shot from valve to drained, step by step.

Valve before pump on start, pump before valve on stop. Every stage waits for the proof of the one
before; the shot is in the journal before anything opens.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Pump
from ..farm.overrides import Mode
from ..farm.roles import Loop, Role
from ..recipes.model import IrrigationPlan
from . import readings
from .clock import Due, earliest
from .draft import Draft
from .effects import Severity
from .intents import Intent
from .memory import ProofState, Quality, Shot, ShotEnd, ShotStage, Stage
from .reasons import Reason
from .targets import light_target
from .text import local_midnight

#: A planned shot that could not start is still due for this long (s); later it is skipped: water
#: is not caught up (design rule: never dose to catch up).
_LATE_S = 1800.0
#: The first shot of a day waits this long after lights-on (s) (design choice: roots are not left
#: dry for long once the lamps make the plants transpire).
_FIRST_S = 900.0
#: Delivered volume is counted this often (s).
_COUNT_S = 10.0
#: A pump is running dry when a flow report, made this long after its start (s), shows less than
#: this share of the rated flow (design choice).
_FLOW_AFTER_S = 20.0
_FLOW_SHARE = 0.2

#: How a shot's end is told; ends that are not named here are normal.
_SEVERITY = {
    ShotEnd.VOLUME_LOW: Severity.P2,
    ShotEnd.LEAK: Severity.P1,
    ShotEnd.NO_FLOW: Severity.P2,
    ShotEnd.VALVE_FAILED: Severity.P2,
    ShotEnd.PUMP_FAILED: Severity.P1,
    ShotEnd.EMERGENCY: Severity.P1,
    ShotEnd.JOURNAL: Severity.P1,
    ShotEnd.CRASH: Severity.P2,
}


#: Ends that a person should look at.
FAILED_ENDS = frozenset(_SEVERITY) - {ShotEnd.EMERGENCY, ShotEnd.JOURNAL}


def valves(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    """The valves of a circuit."""
    return d.of(circuit.id, Role.IRRIGATION_VALVE)


def pumps(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    """The pump's switches of a circuit."""
    return d.of(circuit.pump, Role.IRRIGATION_PUMP)


def plan_of(d: Draft, circuit: Circuit) -> tuple[str, IrrigationPlan] | None:
    """The level that leads a circuit (its oldest batch) and what its recipe asks for."""
    candidates = [(batches[0], level) for level in circuit.levels if (batches := d.growing(level))]
    for batch, level in sorted(candidates, key=lambda c: (c[0].sown_at, c[0].id)):
        plan = d.phase(batch).irrigation.get(circuit.method)
        if plan is not None and not plan.continuous:
            return level, plan
    return None


def not_controlled(d: Draft, circuit: Circuit) -> bool:
    """Whether plants on a circuit need water that vfarm does not plan: their recipe knows nothing
    of the circuit's method, or asks for water without interruption, which this release leaves to
    the station."""
    growing = any(d.growing(level) for level in circuit.levels)
    return growing and plan_of(d, circuit) is None


def shot_times(
    start: float, end: float, next_start: float, plan: IrrigationPlan
) -> tuple[float, ...]:
    """The planned shots of one light day: evenly over the lit hours, the first soon after
    lights-on, and evenly over the dark ones. Farm time, epoch seconds, in order."""
    lit, dark = end - start, next_start - end
    times = []
    if plan.events_per_day and lit > 0:
        first = min(_FIRST_S, lit / 2)
        gap = (lit - first) / plan.events_per_day
        times += [start + first + k * gap for k in range(plan.events_per_day)]
    if plan.night_events and dark > 0:
        gap = dark / (plan.night_events + 1)
        times += [end + (k + 1) * gap for k in range(plan.night_events)]
    return tuple(times)


def next_shot(d: Draft, circuit: Circuit) -> float | None:
    """When the next shot is planned (farm time); may lie half an hour back when late."""
    found = plan_of(d, circuit)
    if found is None:
        return None
    level, plan = found
    day = d.level(level).light_day
    if day is None or light_target(d, level) is None:
        return None
    state = d.circuit(circuit.id)
    length = day.next_start_s - day.start_s
    after = d.now.farm - _LATE_S
    if state.last_shot_at is not None:
        after = max(after, state.last_shot_at)
    times = shot_times(day.start_s, day.end_s, day.next_start_s, plan)
    for shift in (0.0, length):
        for at in times:
            if at + shift > after:
                return at + shift
    return None


def blocked(d: Draft, circuit: Circuit) -> tuple[str, Reason] | None:
    """What forbids water on this circuit now: the end it would give a shot, and the reason."""
    state = d.state
    if state.emergency is not None:
        return ShotEnd.EMERGENCY, Reason("emergency_stop")
    if state.stage is Stage.STOPPING:
        return ShotEnd.SHUTDOWN, Reason("shutdown")
    if not state.journal_ok:
        return ShotEnd.JOURNAL, Reason("journal")
    if state.mode is Mode.MONITOR:
        return ShotEnd.STOPPED, Reason("monitor")
    if Loop.IRRIGATION in state.disarmed:
        return ShotEnd.STOPPED, Reason("disarmed", {"loop": Loop.IRRIGATION.value})
    reservoir = d.farm.reservoir[d.farm.pump[circuit.pump].reservoir]
    zones = {d.farm.zone_of_level[level] for level in circuit.levels}
    for node in (reservoir.id, *sorted(zones)):
        if readings.tripped(d, node, Role.LEAK):
            return ShotEnd.LEAK, Reason("leak")
    if d.reservoir(reservoir.id).low:
        volume = readings.reading(d, reservoir.id, Role.VOLUME).value
        return ShotEnd.VOLUME_LOW, Reason(
            "volume_low",
            {
                "value": "?" if volume is None else round(volume, 1),
                "limit": round(reservoir.volume_min_l, 1),
            },
        )
    if any(d.actuator(b.id).latched for b in (*valves(d, circuit), *pumps(d, circuit))):
        return ShotEnd.PUMP_FAILED, Reason("latched")
    return None


def not_ready(d: Draft, circuit: Circuit) -> str:
    """Why no shot may start now, as a key; empty when one may."""
    state = d.circuit(circuit.id)
    if blocked(d, circuit) is not None:
        return "blocked"
    if d.state.mode is not Mode.AUTO or d.state.lost_memory:
        return "mode"
    if not pumps(d, circuit) and not valves(d, circuit):
        return "not_bound"
    if any(d.actuator(b.id).reported is None for b in (*valves(d, circuit), *pumps(d, circuit))):
        return "actuator_missing"
    reservoir = d.farm.pump[circuit.pump].reservoir
    zones = {d.farm.zone_of_level[level] for level in circuit.levels}
    if any(readings.unknown(d, node, Role.LEAK) for node in (reservoir, *zones)):
        return "leak_unknown"
    volume = readings.reading(d, reservoir, Role.VOLUME)
    floats = d.of(reservoir, Role.LEVEL_LOW)
    if readings.unknown(d, reservoir, Role.LEVEL_LOW) or (
        d.of(reservoir, Role.VOLUME) and not floats and volume.quality is not Quality.GOOD
    ):
        return "volume_unknown"
    if state.dry_at is not None and state.dry_at > d.now.farm:
        return "draining"
    if state.shot is not None or any(
        d.circuit(other.id).shot is not None for other in d.farm.circuits_of_pump[circuit.pump]
    ):
        return "pump_busy"
    return ""


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
        _advance_shot(d, circuit)
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
        wait = planned + _LATE_S + 1
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


def _proved(d: Draft, bindings: tuple[Binding, ...], on: bool) -> bool:
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


def waiting_since(d: Draft, circuit: Circuit) -> float:
    """When a circuit last had its turn: who waited longest goes first."""
    return d.circuit(circuit.id).last_shot_at or 0.0


def close_after_crash(d: Draft, circuit: Circuit) -> None:
    """Before the first step: bring an interrupted shot to its end, and let the table drain. What
    it holds is not known, so no shot starts until it had the time to run back."""
    if d.circuit(circuit.id).shot is not None:
        _close(d, circuit)


def end_shot(d: Draft, circuit: Circuit, end: ShotEnd) -> None:
    """Begin the end of the shot: the pump stops first."""
    shot = d.circuit(circuit.id).shot
    if shot is None or shot.end is not None:
        return
    shot = replace(shot, end=end, stage=ShotStage.STOPPING, stage_at=d.now.farm)
    d.circuits.set(circuit.id, replace(d.circuit(circuit.id), shot=shot))
    d.mark(circuit.pump, circuit.id)


def _advance_shot(d: Draft, circuit: Circuit) -> None:
    shot = d.circuit(circuit.id).shot
    assert shot is not None
    _count(d, circuit)
    shot = d.circuit(circuit.id).shot
    assert shot is not None
    block = blocked(d, circuit)
    if shot.end is None and block is not None:
        end = ShotEnd(block[0])
        if end is ShotEnd.PUMP_FAILED and not _failed(d, pumps(d, circuit)):
            end = ShotEnd.VALVE_FAILED
        end_shot(d, circuit, end)
    elif shot.stage is ShotStage.OPENING and _proved(d, valves(d, circuit), on=True):
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
    return _proved(d, bindings, on=False) or _failed(d, bindings)


def _run(d: Draft, circuit: Circuit, shot: Shot) -> None:
    if shot.started_at is None:
        if _proved(d, pumps(d, circuit), on=True):
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


def control_valve(d: Draft, circuit: Circuit) -> dict[str, Intent]:
    """What the valves of a circuit should do."""
    shot = d.circuit(circuit.id).shot
    if shot is None:
        intent = _idle(d, (circuit,))
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


def _idle(d: Draft, circuits: tuple[Circuit, ...]) -> Intent:
    """No shot: off, and at once where water is forbidden, whoever has switched it on."""
    for circuit in circuits:
        block = blocked(d, circuit)
        if block is not None:
            return Intent(0.0, block[1], trip=True)
    return Intent(0.0, Reason("shot_idle"))


def control_pump(d: Draft, pump: Pump) -> dict[str, Intent]:
    """What a pump should do: on while one of its circuits runs."""
    intent = _idle(d, d.farm.circuits_of_pump[pump.id])
    for circuit in d.farm.circuits_of_pump[pump.id]:
        shot = d.circuit(circuit.id).shot
        if shot is None:
            continue
        if shot.stage is ShotStage.RUNNING:
            intent = Intent(1.0, Reason("shot_running", {"duration": round(shot.planned_s)}))
        else:
            block = blocked(d, circuit)
            reason = block[1] if block else Reason(f"shot_{_PUMP_REASON[shot.stage]}")
            intent = Intent(0.0, reason, trip=True)
    return {b.id: intent for b in d.of(pump.id, Role.IRRIGATION_PUMP)}


_PUMP_REASON = {
    ShotStage.OPENING: "valve",
    ShotStage.STOPPING: "stopping",
    ShotStage.CLOSING: "closing",
}
