"""Sensors against what must be so: a value that has to move, power and flow that a device has to
draw and give, water that cannot be lost.

Looked at at set times only, so that an idle farm pays nothing. What is found here is shown and
told; it takes trust from a reading, never a trip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ..farm.bindings import Binding, Proof
from ..farm.nodes import Level, Method, Node, Pump, Reservoir, Zone
from ..farm.roles import Role, spec
from . import readings, workflows
from .clock import Due
from .draft import Draft
from .effects import Severity
from .memory import Balance, CheckState, Quality
from .plausible import FLAT_LINE

#: Due times of checks.
DUE = "check:"

POWER_MISMATCH = "power_mismatch"
FLOW_LOW = "flow_low"
MASS_BALANCE = "mass_balance"

#: How often (s) the air and the water of a node, and the power and flow of its devices, are looked
#: at (design choice).
_SLOW_S = 3600.0
_QUICK_S = 600.0


def wind(d: Draft) -> None:
    """Set the due times of everything that can be checked."""
    for node in d.farm.nodes.values():
        every = _every(d, node)
        if every is not None and d.due.get(DUE + node.id) is None:
            d.wake(DUE + node.id, Due(farm=d.now.farm + every))


def _every(d: Draft, node: Node) -> float | None:
    if isinstance(node, Zone):
        return _SLOW_S if any(d.of(node.id, role) for role in _MOVERS) else None
    if isinstance(node, Level):
        return _QUICK_S if node.fixture is not None and d.of(node.id, Role.POWER) else None
    if isinstance(node, Pump):
        seen = d.of(node.id, Role.POWER) or d.of(node.id, Role.FLOW)
        return _QUICK_S if seen else None
    if isinstance(node, Reservoir):
        return _SLOW_S if d.of(node.id, Role.VOLUME) else None
    return None


def check(d: Draft, key: str) -> None:
    """The due time of a node's check has come."""
    node = d.farm.nodes.get(key)
    every = None if node is None else _every(d, node)
    if node is None or every is None:
        d.due.remove(DUE + key)
        return
    d.wake(DUE + key, Due(farm=d.now.farm + every))
    if isinstance(node, Zone):
        _zone(d, node)
    elif isinstance(node, Level):
        _level(d, node)
    elif isinstance(node, Pump):
        _pump(d, node)
    elif isinstance(node, Reservoir):
        _reservoir(d, node)


# -- values that have to move -------------------------------------------------------------------

#: What moves a quantity of a zone. CO2 that is injected and shows no effect is climate's to find.
_MOVERS: Mapping[Role, tuple[Role, ...]] = MappingProxyType(
    {
        Role.AIR_TEMPERATURE: (Role.HEATER, Role.COOLER),
        Role.HUMIDITY: (Role.HUMIDIFIER, Role.DEHUMIDIFIER),
        Role.CO2: (),
    }
)
#: A value is only suspected after so many times the longest it has been seen to stay the same: a
#: thermometer of 1 °C steps is quiet for hours. How coarse one is that never moved is not known: it
#: is given days, and lights alone are no witness against it. A device has to have run for this
#: long, and lights to have changed this long ago (s) (design choices).
_CALMS = 10.0
_NEVER_MOVED_S = 3 * 86_400.0
_RAN_S = 1200.0
_LIGHTS_S = 3600.0


def _zone(d: Draft, zone: Zone) -> None:
    for role in _MOVERS:
        facts = spec(role)
        for b in d.of(zone.id, role):
            state = d.point(b.id)
            if state.quality is not Quality.GOOD or not state.since:
                continue
            calm = _NEVER_MOVED_S if state.calm_s is None else _CALMS * state.calm_s
            still_s = d.now.farm - state.since
            if still_s < max(facts.flat_s, calm) or not _must_have_moved(d, b, state.since):
                continue
            d.points.set(b.id, replace(state, quality=Quality.IMPLAUSIBLE, problem=FLAT_LINE))
            d.event(
                "sensor_flat_line",
                zone.id,
                Severity.P2,
                point=b.id,
                value=state.value,
                hours=round(still_s / 3600, 1),
            )
            d.mark(zone.id)


def _must_have_moved(d: Draft, binding: Binding, since: float) -> bool:
    """Whether there is a witness: lights that changed, a device that ran, another sensor of the
    quantity that moved away."""
    now, zone = d.now.farm, binding.node
    changed = d.zone(zone).day_changed_at
    coarse = d.point(binding.id).calm_s is None or binding.role is Role.CO2
    if not coarse and changed and since < changed <= now - _LIGHTS_S:
        return True
    devices = [b for role in _MOVERS[binding.role] for b in d.of(zone, role)]
    if sum(_ran_s(d, b, since, begun=True) for b in devices) >= _RAN_S:
        return True
    if not coarse and sum(_ran_s(d, b, since) for b in devices) >= spec(binding.role).flat_s:
        # One that runs all the time may hold what there is, but not to the last digit for hours.
        return True
    value = d.point(binding.id).value or 0.0
    return any(
        other.quality is Quality.GOOD
        and other.value is not None
        and other.since > since
        and abs(other.value - value) > spec(binding.role).agreement
        for other in (d.point(b.id) for b in d.of(zone, binding.role) if b.id != binding.id)
    )


def _ran_s(d: Draft, binding: Binding, since: float, *, begun: bool = False) -> float:
    """Seconds a device ran since then; with `begun` only if it was switched on since then. An echo
    proves nothing."""
    declared = binding.declaration
    if declared is None or declared.proof is Proof.ECHO:
        return 0.0
    state = d.actuator(binding.id)
    periods = list(state.on_log)
    if state.is_on and state.changed_at is not None:
        periods.append((state.changed_at, d.now.farm))
    if begun:
        return sum(end - start for start, end in periods if start > since)
    return sum(end - max(start, since) for start, end in periods if end > since)


# -- power --------------------------------------------------------------------------------------

#: A device that is told to draw at least this share of its rating but draws less than that share of
#: what is expected, or more than half of the rating while it is off (design choices).
_DRAWS = 0.2
_LEAST = 0.25
_OFF_MOST = 0.5
#: A change settles for so long (s) before power and flow are compared (design choice).
_SETTLED_S = 60.0


def _level(d: Draft, level: Level) -> None:
    fixture, lamps = level.fixture, d.of(level.id, Role.GROW_LIGHT)
    if fixture is None or not lamps:
        return
    outputs = [d.actuator(b.id).reported for b in lamps]
    share = None if None in outputs else sum(o or 0.0 for o in outputs) / len(outputs)
    _power(d, level.id, lamps, fixture.power_w, share)


def _power(
    d: Draft, node: str, devices: tuple[Binding, ...], rating_w: float, share: float | None
) -> None:
    """Compare what is drawn with what the devices report to give, 0…1 of their rating."""
    watts = readings.value(d, node, Role.POWER)
    if watts is None or share is None or rating_w <= 0 or not _settled(d, devices, node):
        return
    expected = share * rating_w
    wrong = watts < _LEAST * expected if share >= _DRAWS else False
    if share == 0:
        wrong = watts > _OFF_MOST * rating_w
    _found(
        d,
        node,
        POWER_MISMATCH,
        wrong,
        Severity.P2,
        watts=round(watts),
        expected_w=round(expected),
    )


def _settled(d: Draft, devices: tuple[Binding, ...], node: str) -> bool:
    """Whether nothing was switched lately, and power was reported since."""
    changed = max((d.actuator(b.id).changed_at or 0.0 for b in devices), default=0.0)
    reported = max((d.point(b.id).at for b in d.of(node, Role.POWER)), default=-math.inf)
    return reported >= changed + _SETTLED_S


def _found(
    d: Draft, node: str, problem: str, wrong: bool, severity: Severity, **params: float
) -> None:
    state = d.check(node)
    if (problem in state.problems) is wrong:
        return
    if wrong:
        d.checks.set(node, replace(state, problems=state.problems | {problem}))
        if problem == POWER_MISMATCH:
            d.event("power_mismatch", node, severity, **params)
        elif problem == FLOW_LOW:
            d.event("flow_low", node, severity, **params)
        else:
            d.event("mass_balance", node, severity, **params)
    else:
        d.checks.set(node, replace(state, problems=state.problems - {problem}))
    d.mark(node)


# -- flow ---------------------------------------------------------------------------------------

#: The flow of a pump, as a share of its rating, is learned from so many runs, each counting by so
#: much. Below the lower share the pump is worn, or the line clogged; above the upper one it is well
#: again (design choices).
_RUNS = 5
_COUNTS = 0.3
_FLOW_LOW = 0.7
_FLOW_WELL = 0.8
#: What a meter says sooner than this after a start is not the flow of the run (s) (design choice).
_STEADY_S = 15.0


def pump_started(d: Draft, pump: str, planned_s: float) -> None:
    """A pump has begun to run for so long: its flow is looked at once it is steady. Most shots
    would be over before the next check."""
    if planned_s <= _SETTLED_S or not d.of(pump, Role.FLOW):
        return
    at = d.now.farm + _SETTLED_S
    due = d.due.get(DUE + pump)
    if due is not None and due.farm is not None and due.farm > at:
        d.wake(DUE + pump, Due(farm=at))


def _pump(d: Draft, pump: Pump) -> None:
    motors = d.of(pump.id, Role.IRRIGATION_PUMP)
    on = [d.actuator(b.id).is_on for b in motors]
    if not motors or None in on:
        return
    ratings = [b.declaration.rating_w if b.declaration else None for b in motors]
    if all(ratings):
        total = sum(r or 0.0 for r in ratings)
        drawn = sum(r or 0.0 for r, runs in zip(ratings, on, strict=True) if runs)
        _power(d, pump.id, motors, total, drawn / total)
    if any(on):
        _flow(d, pump, motors)


def _flow(d: Draft, pump: Pump, motors: tuple[Binding, ...]) -> None:
    litres = readings.value(d, pump.id, Role.FLOW)
    began = max((d.actuator(b.id).changed_at or 0.0 for b in motors), default=0.0)
    state = d.check(pump.id)
    if state.sampled_at == began:
        return
    if d.now.farm < began + _SETTLED_S:
        d.wake(DUE + pump.id, Due(farm=began + _SETTLED_S))
        return
    if litres is None:
        return
    if all(d.point(b.id).at < began + _STEADY_S for b in d.of(pump.id, Role.FLOW)):
        return  # What is known is from before it was steady.
    share = litres / pump.flow_l_min
    if state.flow_share is not None:
        share = (1 - _COUNTS) * state.flow_share + _COUNTS * share
    state = replace(state, flow_share=share, flow_runs=state.flow_runs + 1, sampled_at=began)
    d.checks.set(pump.id, state)
    if state.flow_runs < _RUNS:
        return
    limit = _FLOW_WELL if FLOW_LOW in state.problems else _FLOW_LOW
    _found(
        d,
        pump.id,
        FLOW_LOW,
        share < limit,
        Severity.P3,
        l_min=round(share * pump.flow_l_min, 2),
        rated_l_min=pump.flow_l_min,
    )


# -- water --------------------------------------------------------------------------------------

#: A balance is drawn over so long (s). Plants transpire 0.19 L/m²/h at the most (science.md 1.7:
#: 250 µmol at 60 % humidity); twice that, and a share of the tank that a probe errs, are allowed
#: (design choices).
_BALANCE_S = 21_600.0
_TRANSPIRES_L_M2_H = 0.19
_MARGIN = 2.0
_ERRS = 0.02
#: Methods whose water does not come back.
_TO_WASTE = frozenset({Method.DRIP, Method.AEROPONICS})


def _reservoir(d: Draft, reservoir: Reservoir) -> None:
    volume = readings.value(d, reservoir.id, Role.VOLUME)
    circuits = d.farm.circuits_of_reservoir[reservoir.id]
    now = d.now.farm
    for circuit in circuits:
        state = d.circuit(circuit.id)
        if state.shot is not None or (state.dry_at is not None and state.dry_at > now):
            return  # Water is on the tables.
    check = d.check(reservoir.id)
    if workflows.active(d, reservoir.id) is not None:
        # People drain and fill it.
        d.checks.set(reservoir.id, replace(check, balance=None))
        return
    if volume is None:
        return
    old = check.balance
    errs = _ERRS * reservoir.capacity_l
    out = {c.id: d.circuit(c.id).litres_today for c in circuits if c.method in _TO_WASTE}
    if old is None or volume > old.litres + errs:
        # The first time, or it was filled since.
        fresh = Balance(at=now, litres=volume, counted=out)
        d.checks.set(reservoir.id, replace(check, balance=fresh))
        return
    wasted = old.wasted + sum(_more(litres, old.counted.get(c)) for c, litres in out.items())
    hours = (now - old.at) / 3600
    area = sum(d.farm.level[level].area_m2 for c in circuits for level in c.levels)
    explained = _MARGIN * _TRANSPIRES_L_M2_H * area * hours + wasted + errs
    lost = old.litres - volume
    over = now - old.at >= _BALANCE_S
    if over or lost > explained + errs:
        _found(
            d,
            reservoir.id,
            MASS_BALANCE,
            lost > explained,
            Severity.P3,
            lost_l=round(lost, 1),
            explained_l=round(explained, 1),
        )
    check = d.check(reservoir.id)
    if over:
        kept = Balance(at=now, litres=volume, counted=out)
    else:
        kept = replace(old, counted=out, wasted=wasted)
    d.checks.set(reservoir.id, replace(check, balance=kept))


def _more(litres: float, before: float | None) -> float:
    """What a daily counter has counted since; it begins anew every day."""
    return litres - before if before is not None and litres >= before else litres


def forget(d: Draft) -> None:
    """Nodes that no longer exist are no longer checked."""
    for key in [k for k in d.checks.merged() if k not in d.farm.nodes]:
        d.checks.remove(key)


def lamps_doubted(d: Draft, level: str) -> bool:
    """Whether the lamps of a level draw no power though they report to be on."""
    return bool(d.checks.now) and POWER_MISMATCH in d.check(level).problems


def set_back(state: CheckState, by_s: float) -> CheckState:
    """The same under a clock that was set by `by_s` seconds."""
    balance = state.balance
    return replace(
        state,
        sampled_at=None if state.sampled_at is None else state.sampled_at + by_s,
        balance=None if balance is None else replace(balance, at=balance.at + by_s),
    )
