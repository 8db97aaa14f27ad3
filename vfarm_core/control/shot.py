"""One shot, from the valve that opens to the table that has drained, stage by stage.

Valve before pump on start, pump before valve on stop. Every stage waits for the proof of the one
before; the shot is in the journal before anything opens.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Method
from . import drain, drilled, steering, triggers, trips, virtual
from .draft import Draft
from .effects import Severity
from .memory import ProofState, Shot, ShotEnd, ShotStage
from .watering import (
    Wanted,
    blocked,
    longest_on_s,
    next_in_line,
    pumps,
    room_l,
    valves,
    wanted_shot,
)

#: A shot that a meter ends by its volume may take this much longer than planned (design choice):
#: a filter that clogs makes water slower, and beyond that a person should look.
_ALLOWANCE = 1.25
#: It ends so long before its devices must go off (s), so that it ends in order.
_MARGIN_S = 10.0
#: A valve that takes over has this long (s) to open; then the pump stops in between (design choice:
#: slower than any motor valve of its size).
_HANDOVER_S = 30.0
#: A circuit stops after so many failed shots in a row (design choice: one may be a hiccup).
_FAILURES = 2
#: Failures that another shot would only repeat.
_REPEATS = frozenset(
    {
        ShotEnd.NO_FLOW,
        ShotEnd.LOW_PRESSURE,
        ShotEnd.DEAD_HEAD,
        ShotEnd.VALVE_FAILED,
        ShotEnd.PUMP_FAILED,
    }
)
#: Ends after which nobody knows how much water stands on a table.
_UNKNOWN = frozenset({ShotEnd.CRASH, ShotEnd.VALVE_FAILED, ShotEnd.PUMP_FAILED})
_HOUR_S = 3600.0

#: How a shot's end is told; ends that are not named here are normal.
_SEVERITY = {
    ShotEnd.VOLUME_LOW: Severity.P2,
    ShotEnd.LEAK: Severity.P1,
    ShotEnd.SMOKE: Severity.P1,
    ShotEnd.NO_FLOW: Severity.P2,
    ShotEnd.DEAD_HEAD: Severity.P2,
    ShotEnd.LOW_PRESSURE: Severity.P2,
    ShotEnd.METER_DEAD: Severity.P3,
    ShotEnd.VALVE_FAILED: Severity.P2,
    ShotEnd.PUMP_FAILED: Severity.P1,
    ShotEnd.EMERGENCY: Severity.P1,
    ShotEnd.JOURNAL: Severity.P1,
    ShotEnd.CRASH: Severity.P2,
}


#: Ends that a person should look at.
FAILED_ENDS = frozenset(_SEVERITY) - {ShotEnd.EMERGENCY, ShotEnd.JOURNAL}


def start_shot(d: Draft, circuit: Circuit, wanted: Wanted, *, quiet: bool = False) -> Shot:
    """Open a shot: recorded before anything is sent. A mist of a cycle is `quiet`: the cycle was
    recorded when it began, and owns it."""
    now = d.now.farm
    rated = trips.rated_l_min(d, circuit)
    planned_s = wanted.planned_s
    litres = planned_s / 60 * rated if wanted.planned_l is None else wanted.planned_l
    left = room_l(d, circuit)
    if left is not None and litres > left:
        planned_s, litres = planned_s * left / litres, left
    limit = planned_s
    if trips.metered(d, circuit):
        longest = longest_on_s(d, circuit)
        limit *= _ALLOWANCE
        if longest is not None:
            limit = max(planned_s, min(limit, longest - _MARGIN_S))
    shot = Shot(
        id=f"{circuit.id}-{int(now * 1000):d}",
        circuit=circuit.id,
        planned_s=planned_s,
        planned_l=litres,
        opened_at=now,
        stage=ShotStage.OPENING if valves(d, circuit) else ShotStage.RUNNING,
        stage_at=now,
        by=wanted.by,
        limit_s=limit,
        quiet=quiet,
    )
    d.circuits.set(
        circuit.id,
        replace(
            d.circuit(circuit.id),
            shot=shot,
            last_shot_at=now,
            requested=None,
            requested_l=None,
            requested_by="",
        ),
    )
    if not quiet:
        drain.shot_begins(d, circuit)
        steering.shot_begins(d, circuit)
        triggers.shot_begins(d, circuit)
        d.event(
            "shot_started",
            circuit.id,
            shot=shot.id,
            planned_s=round(planned_s, 1),
            planned_l=round(shot.planned_l, 2),
            by=wanted.by,
        )
        if wanted.fault:
            d.event("shot_overdue", circuit.id, Severity.P3, shot=shot.id)
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
    elif drilled.settles(d, circuit):
        return
    elif shot.stage is ShotStage.OPENING and proved(d, valves(d, circuit), on=True):
        _open(d, circuit, shot)
    elif shot.stage is ShotStage.RUNNING:
        _run(d, circuit, shot)
    _close(d, circuit)


def _open(d: Draft, circuit: Circuit, shot: Shot) -> None:
    """The valve is open: the pump may run, or runs already and its other circuit closes."""
    for other in d.farm.circuits_of_pump[circuit.pump]:
        theirs = d.circuit(other.id).shot
        if theirs is None or other.id == circuit.id or theirs.stage is ShotStage.CLOSING:
            continue
        if theirs.stage is not ShotStage.RUNNING or theirs.heir != circuit.id:
            return  # its pump stops first; its end marks this circuit again
        now = d.now.farm
        end = theirs.due_end or ShotEnd.DONE
        ends = replace(theirs, stage=ShotStage.CLOSING, stage_at=now, stopped_at=now, end=end)
        d.circuits.set(other.id, replace(d.circuit(other.id), shot=ends))
        d.mark(other.id)
    _set(d, circuit, replace(shot, stage=ShotStage.RUNNING, stage_at=d.now.farm))
    d.mark(circuit.pump, circuit.id)


def _close(d: Draft, circuit: Circuit) -> None:
    shot = d.circuit(circuit.id).shot
    # A pump that cannot be proved off is latched with its isolation closed: the valve of this
    # circuit closes too, it is all that is left between the pump and the floor.
    if shot is not None and shot.stage is ShotStage.STOPPING and _off(d, pumps(d, circuit)):
        now = d.now.farm
        shot = replace(shot, stage=ShotStage.CLOSING, stage_at=now, stopped_at=now)
        _set(d, circuit, shot)
        d.mark(*(c.id for c in d.farm.circuits_of_pump[circuit.pump]))
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
            now = d.now.farm
            total = trips.counter(d, circuit)
            virtual.pump_started(d, circuit.pump, shot.planned_s)
            # Water came before it was proved: from when the pump said that it runs.
            since = max([shot.stage_at, *_changed_at(d, pumps(d, circuit))])
            begun = replace(shot, started_at=now, counted_at=min(since, now), counter_l=total)
            _set(d, circuit, replace(begun, metered=trips.metered(d, circuit)))
        return
    end = trips.trip(d, circuit, shot)
    if end is not None:
        if end is ShotEnd.METER_DEAD:
            d.circuits.set(circuit.id, replace(d.circuit(circuit.id), meter_dead=True))
        end_shot(d, circuit, end)
        return
    state = d.circuit(circuit.id)
    if state.meter_dead and _long_enough(d, circuit, shot):
        d.circuits.set(circuit.id, replace(state, meter_dead=False))
    if shot.metered and shot.delivered_l >= shot.planned_l:
        _hand_over(d, circuit, shot, ShotEnd.VOLUME)
    elif d.now.farm >= _latest_end(shot, shot.started_at):
        _hand_over(d, circuit, shot, ShotEnd.DONE)


def _latest_end(shot: Shot, started_at: float) -> float:
    """When a shot ends whatever its meter says: later than planned only while one counts."""
    longest = max(shot.planned_s, shot.limit_s) if shot.metered else shot.planned_s
    return started_at + longest


def _long_enough(d: Draft, circuit: Circuit, shot: Shot) -> bool:
    assert shot.started_at is not None
    timeout = d.farm.pump[circuit.pump].meter_timeout_s
    return d.now.farm - shot.started_at >= timeout and trips.meter_speaks(d, circuit, shot)


def _hand_over(d: Draft, circuit: Circuit, shot: Shot, end: ShotEnd) -> None:
    """A shot has had its water. Where another circuit of the pump waits, its valve opens first and
    the pump runs through (design rule 5); else the pump stops."""
    heir = None if shot.heir is None else d.farm.circuit.get(shot.heir)
    if heir is not None:
        theirs = d.circuit(heir.id).shot
        waits = theirs is not None and theirs.stage is ShotStage.OPENING
        if waits and d.now.farm < shot.stage_at + _HANDOVER_S:
            return
        end_shot(d, circuit, shot.due_end or end)
        return
    heir = None if shot.quiet else next_in_line(d, circuit)
    wanted = None if heir is None else wanted_shot(d, heir)
    if heir is None or wanted is None or not _pump_lasts(d, circuit, wanted.planned_s):
        end_shot(d, circuit, end)
        return
    # Until the other valve is proved open this circuit gets a little more.
    _set(d, circuit, replace(shot, heir=heir.id, stage_at=d.now.farm, due_end=end))
    start_shot(d, heir, wanted)


def _pump_lasts(d: Draft, circuit: Circuit, seconds: float) -> bool:
    """Whether the pump may run through another shot."""
    for b in pumps(d, circuit):
        since = d.actuator(b.id).changed_at
        longest = None if b.declaration is None else b.declaration.max_on_s
        if longest is None or since is None:
            continue
        needs = seconds * _ALLOWANCE + _HANDOVER_S + _MARGIN_S
        if d.now.farm - since + needs > longest:
            return False
    return True


def shot_due(d: Draft, circuit: Circuit, shot: Shot) -> float | None:
    """When running water has to be looked at again, apart from what reports by itself."""
    if shot.stage is not ShotStage.RUNNING or shot.started_at is None:
        return None
    if shot.heir is not None:
        return shot.stage_at + _HANDOVER_S
    end = _latest_end(shot, shot.started_at)
    if shot.metered:
        rated = trips.rated_l_min(d, circuit)
        flow = max(trips.rate(d, circuit) or rated, 0.2 * rated)
        left = (shot.planned_l - shot.delivered_l) / flow * 60
        end = min(end, d.now.farm + max(1.0, left))
    silent = trips.silent_from(d, circuit, shot)
    return end if silent is None else min(end, max(silent, d.now.farm + 1.0))


def _count(d: Draft, circuit: Circuit) -> None:
    """Count what was delivered since the last look while the pump was proved on."""
    shot = d.circuit(circuit.id).shot
    assert shot is not None
    if shot.started_at is None or shot.stopped_at is not None or shot.counted_at is None:
        return
    off = [d.actuator(b.id).is_on is False for b in pumps(d, circuit)]
    until = max(_changed_at(d, pumps(d, circuit))) if off and all(off) else d.now.farm
    _set(d, circuit, trips.count(d, circuit, shot, until))


def _changed_at(d: Draft, bindings: tuple[Binding, ...]) -> list[float]:
    """When each of them said that it went on or off; the beginning of time where none did."""
    return [d.actuator(b.id).changed_at or 0.0 for b in bindings]


def _finish(d: Draft, circuit: Circuit, shot: Shot) -> None:
    state = d.circuit(circuit.id)
    end = shot.end or ShotEnd.STOPPED
    now = d.now.farm
    delivered_s = 0.0
    if shot.started_at is not None:
        delivered_s = (shot.stopped_at or now) - shot.started_at
    if end is ShotEnd.CRASH:
        # What flowed while nobody counted is not known: it counts in full.
        rated = trips.rated_l_min(d, circuit) * delivered_s / 60
        shot = replace(shot, delivered_l=max(shot.delivered_l, rated))
    failed = state.failed_in_row + 1 if end in _REPEATS else 0
    if end not in _REPEATS and end not in _DELIVERED:
        failed = state.failed_in_row
    tell = not shot.quiet or (end in FAILED_ENDS and not state.failed_in_row)
    inhibit = failed >= _FAILURES and not shot.quiet and not state.inhibited
    ebb = circuit.method is Method.EBB_FLOW
    wet = shot.started_at is not None or end is ShotEnd.PUMP_FAILED
    unknown = state.unknown or (ebb and end in _UNKNOWN and wet)
    d.circuits.set(
        circuit.id,
        replace(
            state,
            shot=None,
            last_end=end,
            last_delivered_l=round(shot.delivered_l, 3),
            last_started_at=shot.started_at,
            dry_at=None if shot.quiet else now + circuit.drain_s,
            shots_today=state.shots_today + 1,
            litres_today=state.litres_today + shot.delivered_l,
            failed_in_row=failed,
            inhibited=end.value if inhibit else state.inhibited,
            water_log=logged(state.water_log, now, shot.delivered_l),
            unknown=unknown,
            table_l=shot.delivered_l + (state.table_l if state.unknown else 0.0),
            last_mist_at=now if shot.quiet and end in _DELIVERED else state.last_mist_at,
        ),
    )
    if tell:
        d.event(
            "shot_ended",
            circuit.id,
            _SEVERITY.get(end, Severity.INFO),
            {"shares": d.shares(circuit.id)},
            shot=shot.id,
            end=end.value,
            planned_s=round(shot.planned_s, 1),
            delivered_s=round(delivered_s, 1),
            planned_l=round(shot.planned_l, 2),
            delivered_l=round(shot.delivered_l, 2),
            metered=shot.metered,
            by=shot.by,
        )
    if inhibit:
        d.event(
            "circuit_inhibited",
            circuit.id,
            Severity.P1,
            end=end.value,
            failed=failed,
        )
    if not shot.quiet:
        drain.shot_ends(d, circuit, shot)
    d.mark(circuit.pump)
    d.mark(*(c.id for c in d.farm.circuits_of_pump[circuit.pump]))


#: Ends of a shot that brought its water.
_DELIVERED = frozenset({ShotEnd.DONE, ShotEnd.VOLUME})


def logged(
    log: tuple[tuple[float, float], ...], now: float, litres: float
) -> tuple[tuple[float, float], ...]:
    """The litres of the last 24 h, hour by hour."""
    hour = now // _HOUR_S * _HOUR_S
    kept = [entry for entry in log if entry[0] > now - 25 * _HOUR_S and entry[0] != hour]
    this = sum(entry[1] for entry in log if entry[0] == hour)
    return (*kept, (hour, round(this + litres, 4))) if litres or this else tuple(kept)


def _set(d: Draft, circuit: Circuit, shot: Shot) -> None:
    d.circuits.set(circuit.id, replace(d.circuit(circuit.id), shot=shot))
