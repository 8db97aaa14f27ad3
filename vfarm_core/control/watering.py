"""When a circuit is watered, and what forbids it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..farm.bindings import Binding, Danger
from ..farm.nodes import Circuit, Method
from ..farm.overrides import Mode
from ..farm.roles import Loop, Role
from ..recipes.model import IrrigationPlan
from . import drilled, interlocks, readings, steering, triggers, workflows
from .draft import Draft
from .memory import ProofState, Quality, ShotEnd, Stage
from .reasons import Reason
from .targets import light_target

#: A planned shot that could not start is still due for this long (s); later it is skipped: water
#: is not caught up (design rule: never dose to catch up).
LATE_S = 1800.0
#: The first shot of a day waits this long after lights-on (s) (design choice: roots are not left
#: dry for long once the lamps make the plants transpire).
_FIRST_S = 900.0


_DAY_S = 86400.0
#: Methods whose water runs without interruption.
CIRCULATING = frozenset({Method.NFT, Method.DWC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A shot that is due: its length, its volume where that is known apart from the flow, and who
    asks for it. `fault` says that it comes because nothing else did."""

    planned_s: float
    planned_l: float | None = None
    by: str = "recipe"
    fault: bool = False


def valves(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    """The valves of a circuit."""
    return d.farm.bound.get((circuit.id, Role.IRRIGATION_VALVE), ())


def pumps(d: Draft, circuit: Circuit) -> tuple[Binding, ...]:
    """The pump's switches of a circuit."""
    return d.farm.bound.get((circuit.pump, Role.IRRIGATION_PUMP), ())


def plan_of(d: Draft, circuit: Circuit) -> tuple[str, IrrigationPlan] | None:
    """The level that leads a circuit (its oldest batch) and what its recipe asks for."""
    key = (circuit.id, "plan")
    if key not in d.derived:
        d.derived[key] = _plan_of(d, circuit)
    found: tuple[str, IrrigationPlan] | None = d.derived[key]
    return found


def _plan_of(d: Draft, circuit: Circuit) -> tuple[str, IrrigationPlan] | None:
    for batch, level in d.circuit_batches(circuit):
        plan = d.phase(batch).irrigation.get(circuit.method)
        if plan is not None:
            return level, plan
    return None


def circulates(d: Draft, circuit: Circuit) -> bool:
    """Whether plants on a circuit depend on water that runs without interruption."""
    found = plan_of(d, circuit)
    return found is not None and found[1].continuous


def not_controlled(d: Draft, circuit: Circuit) -> bool:
    """Whether plants grow on a circuit of whose method their recipe knows nothing."""
    return bool(d.circuit_batches(circuit)) and plan_of(d, circuit) is None


def shot_times(
    start: float, end: float, next_start: float, plan: IrrigationPlan
) -> tuple[float, ...]:
    """The planned shots of one light day: evenly over the lit hours, the first soon after
    lights-on, and evenly over the dark ones. Farm time, epoch seconds, in order."""
    return _spread(start, end, next_start, plan.events_per_day, plan.night_events)


@lru_cache(maxsize=1024)
def _spread(
    start: float, end: float, next_start: float, by_day: int, by_night: int
) -> tuple[float, ...]:
    lit, dark = end - start, next_start - end
    times = []
    if by_day and lit > 0:
        first = min(_FIRST_S, lit / 2)
        gap = (lit - first) / by_day
        times += [start + first + k * gap for k in range(by_day)]
    if by_night and dark > 0:
        gap = dark / (by_night + 1)
        times += [end + (k + 1) * gap for k in range(by_night)]
    return tuple(times)


def next_shot(d: Draft, circuit: Circuit) -> float | None:
    """When the next shot is planned (farm time); may lie half an hour back when late."""
    found = plan_of(d, circuit)
    if found is None:
        return None
    level, plan = found
    if plan.continuous or plan.cycle is not None:
        return None
    if plan.steering is not None and steering.usable(d, circuit, plan.steering):
        return steering.next_at(d, circuit, level, plan.steering)
    if plan.trigger is not None and triggers.usable(d, circuit, level, plan.trigger):
        return None
    return _by_the_clock(d, circuit, level, plan)


def _by_the_clock(d: Draft, circuit: Circuit, level: str, plan: IrrigationPlan) -> float | None:
    day = d.level(level).light_day
    if day is None or light_target(d, level) is None:
        return None
    state = d.circuit(circuit.id)
    length = day.next_start_s - day.start_s
    after = d.now.farm - LATE_S
    if state.last_shot_at is not None:
        after = max(after, state.last_shot_at)
    times = shot_times(day.start_s, day.end_s, day.next_start_s, plan)
    for shift in (0.0, length):
        for at in times:
            if at + shift > after:
                return at + shift
    return None


def wanted_shot(d: Draft, circuit: Circuit) -> Wanted | None:
    """The shot that is due on a circuit now, if any; whether it may start is `not_ready`'s."""
    state = d.circuit(circuit.id)
    if state.requested is not None:
        return Wanted(planned_s=state.requested, planned_l=state.requested_l, by=state.requested_by)
    found = plan_of(d, circuit)
    if found is None or found[1].continuous or found[1].cycle is not None:
        return None
    level, plan = found
    factor = 1.0 if state.runoff is None or plan.runoff_pct is None else state.runoff.factor
    if plan.steering is not None and steering.usable(d, circuit, plan.steering):
        asked = steering.wanted(d, circuit, level, plan.steering)
        if asked is None:
            return None
        size_pct, fault = asked
        seconds, litres = steering.size(d, circuit, size_pct * factor)
        return Wanted(planned_s=seconds, planned_l=litres, fault=fault)
    if plan.trigger is not None and triggers.usable(d, circuit, level, plan.trigger):
        due = triggers.due(d, circuit, level, plan.trigger)
        return None if due is None else Wanted(planned_s=plan.duration_s * factor, fault=due.fault)
    at = _by_the_clock(d, circuit, level, plan)
    most = plan.steering or plan.trigger
    if at is None or at > d.now.farm or plan.duration_s <= 0:
        return None
    if most is not None and state.shots_today >= most.max_shots_per_day:
        return None
    return Wanted(planned_s=plan.duration_s * factor)


def by_schedule(d: Draft, circuit: Circuit) -> bool:
    """Whether a recipe's schedule stands in for what should bring the shots."""
    found = plan_of(d, circuit)
    if found is None:
        return False
    level, plan = found
    if plan.steering is not None:
        return not steering.usable(d, circuit, plan.steering)
    return plan.trigger is not None and not triggers.usable(d, circuit, level, plan.trigger)


def by_light(d: Draft, circuit: Circuit) -> bool:
    """Whether the light stands in for the water that plants took."""
    found = plan_of(d, circuit)
    if found is None or found[1].trigger is None:
        return False
    return triggers.by_light(d, circuit, found[0], found[1].trigger)


def next_in_line(d: Draft, circuit: Circuit) -> Circuit | None:
    """The circuit that takes the pump over from `circuit` while it runs: of those that are due and
    ready, the one that has waited longest. None where one of the two has no valve."""
    if not valves(d, circuit):
        return None
    waiting = [
        other
        for other in d.farm.circuits_of_pump[circuit.pump]
        if other.id != circuit.id
        and valves(d, other)
        and wanted_shot(d, other) is not None
        and not not_ready(d, other, after=circuit.id)
    ]
    return min(waiting, key=lambda c: (waiting_since(d, c), c.id), default=None)


def longest_on_s(d: Draft, circuit: Circuit) -> float | None:
    """How long valve and pump may be on at most, by their declarations."""
    return min(
        (
            b.declaration.max_on_s
            for b in (*valves(d, circuit), *pumps(d, circuit))
            if b.declaration is not None and b.declaration.max_on_s is not None
        ),
        default=None,
    )


def litres_of_day(d: Draft, circuit: Circuit) -> float:
    """What a circuit got in the last 24 h, by the hour."""
    since = d.now.farm - _DAY_S
    return sum(litres for hour, litres in d.circuit(circuit.id).water_log if hour > since - 3600)


def room_l(d: Draft, circuit: Circuit) -> float | None:
    """What a circuit may still get within its daily cap, L; None without a cap."""
    cap = circuit.daily_cap_l
    return None if cap is None else max(0.0, cap - litres_of_day(d, circuit))


def must_run(d: Draft, circuit: Circuit) -> bool:
    """Whether plants die where a circuit stays off: its devices are declared so, and its plan never
    stops. It does not stop with a disk or for a hold."""
    found = plan_of(d, circuit)
    if found is None or not (found[1].continuous or found[1].cycle is not None):
        return False
    bound = (*valves(d, circuit), *pumps(d, circuit))
    return all(b.declaration is not None and b.declaration.danger is Danger.OFF for b in bound)


def blocked(d: Draft, circuit: Circuit) -> tuple[ShotEnd, Reason] | None:
    """What forbids water on this circuit now: the end it would give a shot, and the reason."""
    return held(d, circuit) or forbidden(d, circuit)


def held(d: Draft, circuit: Circuit) -> tuple[ShotEnd, Reason] | None:
    """What forbids shots on this circuit for the sake of the whole farm, or of people at it."""
    state = d.state
    if state.emergency is not None:
        return ShotEnd.EMERGENCY, Reason("emergency_stop")
    if state.stage is Stage.STOPPING:
        return ShotEnd.SHUTDOWN, Reason("shutdown")
    if not state.journal_ok and not must_run(d, circuit):
        return ShotEnd.JOURNAL, Reason("journal")
    if state.mode is Mode.MONITOR:
        return ShotEnd.STOPPED, Reason("monitor")
    if Loop.IRRIGATION in state.disarmed:
        return ShotEnd.STOPPED, Reason("disarmed", {"loop": Loop.IRRIGATION.value})
    people = workflows.shots(d, circuit) or drilled.water(d, circuit)
    return None if people is None else (ShotEnd.STOPPED, people)


def forbidden(d: Draft, circuit: Circuit) -> tuple[ShotEnd, Reason] | None:
    """What forbids water of any kind, also water that plants depend on: leak and dry-run stop
    circulation all the same (design rule 3)."""
    reservoir = d.farm.reservoir[d.farm.pump[circuit.pump].reservoir]
    if d.interlocks.now:
        if interlocks.smoke(d, circuit):
            return ShotEnd.SMOKE, Reason("smoke")
        if interlocks.leak(d, circuit):
            return ShotEnd.LEAK, Reason("leak")
    if d.workflows.now and (people := workflows.water(d, circuit)) is not None:
        return ShotEnd.STOPPED, people
    if d.reservoir(reservoir.id).low:
        volume = readings.reading(d, reservoir.id, Role.VOLUME).value
        return ShotEnd.VOLUME_LOW, Reason(
            "volume_low",
            {
                "value": "?" if volume is None else round(volume, 1),
                "limit": round(reservoir.volume_min_l, 1),
            },
        )
    for b in pumps(d, circuit):
        if d.actuator(b.id).latched and not _kept_on(b):
            return ShotEnd.PUMP_FAILED, Reason("latched")
    for b in valves(d, circuit):
        if d.actuator(b.id).latched:
            return ShotEnd.PUMP_FAILED, Reason("latched")
    if circuit.method not in CIRCULATING and _neighbour_open(d, circuit):
        return ShotEnd.VALVE_FAILED, Reason("neighbour_open")
    return None


def _neighbour_open(d: Draft, circuit: Circuit) -> bool:
    """Whether another valve of the same pump could not be closed: the water would go there too."""
    for point in d.farm.valves_beside[circuit.id]:
        state = d.actuator(point)
        if state.proof is ProofState.FAILED and state.is_on is not False:
            return True
    return False


def _kept_on(pump: Binding) -> bool:
    """Whether a latched pump is tried again and again, because plants depend on it: it must then
    not find its valve closed."""
    return pump.declaration is not None and pump.declaration.safe_on


def not_ready(d: Draft, circuit: Circuit, *, after: str | None = None) -> str:
    """Why no shot may start now, as a key; empty when one may. `after` is the circuit that hands
    its pump over: it does not keep it busy."""
    state = d.circuit(circuit.id)
    block = blocked(d, circuit)
    if block is not None:
        return block[1].code
    if (d.state.mode is not Mode.AUTO or d.state.lost_memory) and not must_run(d, circuit):
        return "mode"
    if state.inhibited:
        return "inhibited"
    if not pumps(d, circuit) and not valves(d, circuit):
        return "not_bound"
    if any(circulates(d, other) for other in d.farm.circuits_of_pump[circuit.pump]):
        return "circulating"
    if any(d.actuator(b.id).reported is None for b in (*valves(d, circuit), *pumps(d, circuit))):
        return "actuator_missing"
    if not must_run(d, circuit) and (why := _not_known(d, circuit)):
        return why
    if state.shot is not None or any(
        d.circuit(other.id).shot is not None
        for other in d.farm.circuits_of_pump[circuit.pump]
        if other.id != after
    ):
        return "pump_busy"
    return ""


def _not_known(d: Draft, circuit: Circuit) -> str:
    """What has to be known before water that may flood something, and is not."""
    if not dry_run_protected(d, circuit):
        return "no_dry_run_protection"
    reservoir = d.farm.pump[circuit.pump].reservoir
    places = (reservoir, *d.farm.zones_of_circuit[circuit.id])
    if any(readings.unknown(d, node, Role.LEAK) for node in places):
        return "leak_unknown"
    volume = readings.reading(d, reservoir, Role.VOLUME)
    floats = d.of(reservoir, Role.LEVEL_LOW)
    if readings.unknown(d, reservoir, Role.LEVEL_LOW) or (
        d.of(reservoir, Role.VOLUME) and not floats and volume.quality is not Quality.GOOD
    ):
        return "volume_unknown"
    if readings.unknown(d, circuit.id, Role.TABLE_LEVEL):
        return "table_unknown"
    if not drained(d, circuit):
        return "draining"
    left = room_l(d, circuit)
    if left is not None and left <= 0:
        return "daily_cap_l"
    return ""


def dry_run_protected(d: Draft, circuit: Circuit) -> bool:
    """Whether something notices that the pump of a circuit runs dry (volume, low float or flow), or
    its declaration says that it does not mind. No default stands in for a missing safety input
    (design rule 1), so there is no shot without; water that roots depend on is not withheld, and
    the problem is shown."""
    pump = circuit.pump
    reservoir = d.farm.pump[pump].reservoir
    switches = pumps(d, circuit)
    return (
        not switches
        or bool(d.of(reservoir, Role.VOLUME) or d.of(reservoir, Role.LEVEL_LOW))
        or bool(d.of(pump, Role.FLOW) or d.of(circuit.id, Role.FLOW))
        or all(b.declaration is not None and b.declaration.survives_dry_run for b in switches)
    )


def drained(d: Draft, circuit: Circuit) -> bool:
    """Whether the table has run dry, as far as time and its contact tell."""
    state = d.circuit(circuit.id)
    if state.unknown or (state.dry_at is not None and state.dry_at > d.now.farm):
        return False
    return not readings.tripped(d, circuit.id, Role.TABLE_LEVEL)


def waiting_since(d: Draft, circuit: Circuit) -> float:
    """When a circuit last had its turn: who waited longest goes first."""
    return d.circuit(circuit.id).last_shot_at or 0.0
