"""What meters say of running water: how much came, and when that must stop the pump.

A trip takes any one valid sensor (design rule 2): one meter without flow or one gauge without
pressure is enough, whatever the others say.
"""

from __future__ import annotations

from dataclasses import replace

from ..farm.bindings import Binding
from ..farm.nodes import Circuit
from ..farm.roles import Role
from .draft import Draft
from .memory import PointState, Quality, Shot, ShotEnd

#: A pump is running dry, or against a closed line, when a flow report, made this long after its
#: start (s), shows less than this share of the rated flow (design choice). Pressure has built up
#: by then too.
SETTLED_S = 20.0
_FLOW_SHARE = 0.2


def rated_l_min(d: Draft, circuit: Circuit) -> float:
    """The flow into a circuit: that of its drippers where they are declared, else the pump's."""
    if circuit.drippers is not None and circuit.dripper_l_h is not None:
        sites = sum(d.farm.level[level].sites for level in circuit.levels)
        return sites * circuit.drippers * circuit.dripper_l_h / 60
    return d.farm.pump[circuit.pump].flow_l_min


def _good(state: PointState) -> bool:
    return state.quality is Quality.GOOD and state.value is not None


def counter(d: Draft, circuit: Circuit) -> float | None:
    """The state of the circuit's water counter, L; None when there is none or it tells nothing.
    A counter at the pump counts for the circuit that it feeds."""
    for b in d.of(circuit.id, Role.WATER_TOTAL) or d.of(circuit.pump, Role.WATER_TOTAL):
        state = d.point(b.id)
        if _good(state):
            return state.value
    return None


def _rates(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    return d.of(circuit.id, Role.FLOW) or d.of(circuit.pump, Role.FLOW)


def rate(d: Draft, circuit: Circuit) -> float | None:
    """The measured flow, L/min; None when nothing measures it."""
    for b in _rates(d, circuit):
        state = d.point(b.id)
        if _good(state):
            return state.value
    return None


def metered(d: Draft, circuit: Circuit) -> bool:
    """Whether a meter can tell when the volume of a shot is reached."""
    if d.circuit(circuit.id).meter_dead:
        return False
    return counter(d, circuit) is not None or rate(d, circuit) is not None


def count(d: Draft, circuit: Circuit, shot: Shot, until: float) -> Shot:
    """The shot with what came since the last look: by the counter, else by the measured flow, else
    by the rated one, as long as its pump ran: `until`, now at the latest."""
    assert shot.counted_at is not None
    now = d.now.farm
    minutes = max(0.0, min(until, now) - shot.counted_at) / 60
    total = counter(d, circuit)
    pulse_at = shot.pulse_at
    flow = rate(d, circuit)
    known = True
    if total is not None and shot.counter_l is not None:
        # A counter that starts again at 0 has counted at least what it shows.
        litres = total - shot.counter_l if total >= shot.counter_l else total
        pulse_at = now if litres > 0 else pulse_at
    elif flow is not None:
        litres = flow * minutes
    else:
        litres, known = rated_l_min(d, circuit) * minutes, False
    return replace(
        shot,
        delivered_l=shot.delivered_l + litres,
        counted_at=max(shot.counted_at, min(until, now)),
        metered=known and not d.circuit(circuit.id).meter_dead,
        counter_l=total,
        pulse_at=pulse_at,
    )


def trip(d: Draft, circuit: Circuit, shot: Shot) -> ShotEnd | None:
    """Why running water must stop now, if it must."""
    assert shot.started_at is not None
    for b in d.of(circuit.id, Role.IRRIGATION_VALVE):
        if d.actuator(b.id).is_on is False:
            # The pump works against a closed valve, whoever closed it.
            return ShotEnd.DEAD_HEAD
    lost = no_water(d, circuit, shot.started_at)
    if lost is not None:
        return lost
    return None if d.circuit(circuit.id).meter_dead else _silent(d, circuit, shot)


def no_water(d: Draft, circuit: Circuit, since: float) -> ShotEnd | None:
    """Whether a gauge shows that a pump that is on since `since` moves no water."""
    pump = d.farm.pump[circuit.pump]
    for b in _rates(d, circuit):
        state = d.point(b.id)
        settled = _good(state) and state.at >= since + SETTLED_S
        if settled and (state.value or 0.0) < _FLOW_SHARE * rated_l_min(d, circuit):
            return ShotEnd.NO_FLOW
    if pump.pressure_min_kpa is not None:
        for node in (circuit.id, pump.id):
            for b in d.of(node, Role.PRESSURE):
                state = d.point(b.id)
                settled = _good(state) and state.at >= since + SETTLED_S
                if settled and (state.value or 0.0) < pump.pressure_min_kpa:
                    return ShotEnd.LOW_PRESSURE
    return None


def _heard_at(d: Draft, circuit: Circuit, shot: Shot) -> float | None:
    """When a meter last told something; None when no meter counts this shot. A counter tells
    something when it moves, a meter of flow when it reports."""
    assert shot.started_at is not None
    if d.of(circuit.id, Role.WATER_TOTAL) or d.of(circuit.pump, Role.WATER_TOTAL):
        return max(shot.started_at, shot.pulse_at or 0.0)
    meters = [d.point(b.id) for b in _rates(d, circuit)]
    if not meters:
        return None
    return max(shot.started_at, *(s.at for s in meters if s.quality is not Quality.MISSING), 0.0)


def _silent(d: Draft, circuit: Circuit, shot: Shot) -> ShotEnd | None:
    """A meter that tells nothing while the pump is on. A counter that stands still may as well say
    that no water flows: that is a trip; a meter that is gone says only that it is gone."""
    heard = _heard_at(d, circuit, shot)
    if heard is None or d.now.farm - heard < d.farm.pump[circuit.pump].meter_timeout_s:
        return None
    return ShotEnd.METER_DEAD if counter(d, circuit) is None else ShotEnd.NO_FLOW


def silent_from(d: Draft, circuit: Circuit, shot: Shot) -> float | None:
    """When the meter will have been silent for too long."""
    heard = None if d.circuit(circuit.id).meter_dead else _heard_at(d, circuit, shot)
    return None if heard is None else heard + d.farm.pump[circuit.pump].meter_timeout_s


def meter_speaks(d: Draft, circuit: Circuit, shot: Shot) -> bool:
    """Whether a meter that was given up has told something all through a shot."""
    assert shot.started_at is not None
    timeout = d.farm.pump[circuit.pump].meter_timeout_s
    heard = _heard_at(d, circuit, shot)
    return heard is not None and heard > shot.started_at and d.now.farm - heard < timeout
