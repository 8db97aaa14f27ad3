"""The control step: same farm, memory, now and inputs, same memory and effects.

A step looks only at nodes that an input touched or whose due time has come. What a controller finds
that concerns another node (a day that begins, a zone that is too warm) marks that node, and nodes
are visited in an order in which marks only point forward or to safety.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..farm.bindings import Binding
from ..farm.index import Point
from ..farm.nodes import Circuit, Farm, Level, Pump, Rack, Reservoir, Supply, Zone
from ..farm.overrides import Mode
from ..farm.roles import Role, RoleKind, spec
from . import (
    alarm_test,
    batch_light,
    calibrations,
    climate,
    clock_set,
    degraded,
    dose,
    dosing,
    drain,
    drills,
    fill,
    interlocks,
    irrigation,
    keep,
    light,
    pulse,
    readings,
    requests,
    rollouts,
    safety,
    shot,
    solution,
    supply,
    virtual,
    warmth,
    watering,
    workflows,
)
from .clock import Due, Now, earliest
from .draft import Draft
from .effects import Answer, Effect, Emit, Record, Send, Severity
from .inputs import (
    ClockSet,
    CommandResult,
    FarmChanged,
    Input,
    JournalFailed,
    PricesKnown,
    Ready,
    Report,
    Request,
    SentLate,
    Started,
    Unsent,
)
from .intents import Intent
from .memory import Memory, ProofState, Quality, ShotEnd, Stage
from .prices import UNKNOWN_PRICES
from .reasons import Reason
from .rebound import unlearned
from .view import snapshots


@dataclass(frozen=True, slots=True)
class Step:
    """What a step gives back: the memory after it, what to do in order, and when to come again."""

    memory: Memory
    effects: tuple[Effect, ...]
    next_due: Due


def step(
    farm: Farm, memory: Memory, now: Now, inputs: Iterable[Input], *, show: bool = True
) -> Step:
    """One step of control. Without `show` no snapshots are made: nobody looks at them."""
    inputs = list(inputs)
    if not inputs and not memory.next_due.passed(now):
        return Step(memory, (), memory.next_due)
    d = Draft(farm, memory, now)
    answers: list[Answer] = []
    points = farm.points
    for item in inputs:
        if isinstance(item, Report):
            known = points.get(item.point)
            if known is not None:
                _report(d, known, item)
        else:
            _take(d, item, answers)
    _wake_due(d)
    if d.state.drill is not None:
        drills.look(d)
    if d.rollouts.now and d.batches.changed:
        rollouts.act(d)
    if d.overrides.now and d.batches.changed:
        requests.overrides_look_again(d)
    _look(d)
    if d.rollouts.now:
        rollouts.count(d)
    return _finish(d, answers, show)


# -- inputs -------------------------------------------------------------------------------------


def _take(d: Draft, item: Input, answers: list[Answer]) -> None:
    if isinstance(item, CommandResult):
        _result(d, item)
    elif isinstance(item, Request):
        answers.append(requests.handle(d, item))
    elif isinstance(item, Started):
        _started(d, item)
    elif isinstance(item, Ready):
        d.state = replace(d.state, waiting=False)
    elif isinstance(item, FarmChanged):
        _farm_changed(d, item)
    elif isinstance(item, ClockSet):
        clock_set.set_clock(d, item.by_s)
        _look_again(d)
    elif isinstance(item, PricesKnown):
        # Looked at when a lights-on is decided: nothing has to be done now.
        d.state = replace(d.state, prices=item.prices)
    elif isinstance(item, (Unsent, SentLate)):
        _waited(d, item)
    elif isinstance(item, JournalFailed):
        if d.state.journal_ok:
            d.state = replace(d.state, journal_ok=False)
            d.event("journal_failed", d.farm.id, Severity.P1, error=item.error)
            d.mark_all()
    elif not d.state.journal_ok:
        # Only JournalRecovered is left.
        d.state = replace(d.state, journal_ok=True)
        d.event("journal_recovered", d.farm.id)
        d.mark_all()


def _report(d: Draft, known: Point, report: Report) -> None:
    binding, facts = known.binding, known.facts
    if facts.is_actuator:
        safety.take(d, binding, report)
        return
    if facts.kind is RoleKind.FORECAST:
        # What a forecast says comes as a whole (`PricesKnown`); its state is no reading.
        return
    readings.take(d, known, report)
    if known.interlocks:
        interlocks.take(d, binding)
    if known.proves:
        # Also an unchanged report can be the proof that a command had its effect.
        for b in _pending(d, (binding.node,)):
            safety.prove(d, b)
            d.mark(binding.node)


def _result(d: Draft, result: CommandResult) -> None:
    """A command that the port could not carry out is late at once."""
    state = d.actuator(result.point)
    pending = state.pending
    if result.error is None or pending is None or pending.command != result.command:
        return
    d.event(
        "command_failed",
        d.farm.binding[result.point].node,
        Severity.P4,
        point=result.point,
        error=result.error,
    )
    soon = min(pending.deadline, d.now.mono + 1.0)
    d.actuators.set(result.point, replace(state, pending=replace(pending, deadline=soon)))
    d.wake(result.point, Due(mono=soon))


def _waited(d: Draft, item: Unsent | SentLate) -> None:
    """A disk that takes its time must not make a valve look failed: the time to be proved begins
    when a command is sent."""
    for point, command in item.commands:
        state, binding = d.actuator(point), d.farm.binding.get(point)
        pending = state.pending
        if pending is None or pending.command != command or binding is None:
            continue
        if isinstance(item, Unsent) and d.now.mono < pending.deadline:
            continue
        declared = binding.declaration
        assert declared is not None
        deadline = d.now.mono + declared.deadline_s
        pending = replace(pending, deadline=deadline, sent_at=d.now.farm)
        d.actuators.set(point, replace(state, pending=pending))
        due = d.due.get(point) or Due()
        d.wake(point, Due(due.farm, deadline))
        if isinstance(item, Unsent) and not d.state.journal_slow:
            d.state = replace(d.state, journal_slow=True)
            d.event("journal_slow", d.farm.id, Severity.P2)
    if isinstance(item, SentLate) and d.state.journal_slow:
        d.state = replace(d.state, journal_slow=False)
        d.event("journal_recovered", d.farm.id)


def _started(d: Draft, item: Started) -> None:
    d.state = replace(d.state, stage=Stage.RECONCILING, waiting=item.wait)
    if item.lost:
        d.state = replace(d.state, lost_memory=True, mode=Mode.HOLD)
        d.event("memory_lost", d.farm.id, Severity.P1)
    d.due.clear()
    for key, state in d.memory.points.items():
        d.points.set(key, replace(state, value=None, quality=Quality.MISSING))
    interlocks.restart(d)
    _forget_gone(d)
    seen = clock_set.newest(d.memory)
    if seen is not None and seen > d.now.farm + _AHEAD_S:
        # A board without a clock of its own comes back in the past.
        clock_set.set_clock(d, d.now.farm - seen)
    d.batches_changed()
    _look_again(d)
    calibrations.missed(d, seen)
    for circuit in d.farm.circuits:
        if d.circuit(circuit.id).shot is not None:
            shot.end_shot(d, circuit, ShotEnd.CRASH)
        elif item.lost:
            drain.forget(d, circuit)
    alarm_test.due(d)
    _wind_clock(d)
    virtual.wind(d)
    d.mark_all()


#: A kept memory may be ahead of the clock by so much (s) without the clock having been set back.
_AHEAD_S = 5.0


def _look_again(d: Draft) -> None:
    """When phases and overrides end, by the clock as it is now."""
    for batch in list(d.batches.values()):
        requests.phase_due(d, batch.id)
    workflows.look_again(d)
    rollouts.look_again(d)
    for override in list(d.overrides.values()):
        d.wake(f"override:{override.key}", Due(farm=override.expires_at))
    _wind_clock(d)
    calibrations.wind(d)
    d.due.remove(warmth.DUE)
    warmth.wind(d)


def _farm_changed(d: Draft, item: FarmChanged) -> None:
    _forget_gone(d)
    if not d.of(d.farm.id, Role.ENERGY_PRICE):
        d.state = replace(d.state, prices=UNKNOWN_PRICES)
    virtual.wind(d)
    drills.forget(d, item.rebound)
    for point in item.rebound:
        _unlearn(d, point)
        pulse.forget(d, point)
        d.points.remove(point)
        d.actuators.remove(point)
        d.due.remove(point)
    calibrations.wind(d)
    d.mark_all()


def _unlearn(d: Draft, point: str) -> None:
    """Another probe or dosing pump: what a person has measured was the old one."""
    d.sensors.remove(point)
    for key, state in list(d.reservoirs.now.items()):
        d.reservoirs.set(key, unlearned(state, point))


def _forget_gone(d: Draft) -> None:
    """Forget slices of nodes and bindings that no longer exist."""
    virtual.forget(d)
    drills.forget(d)
    for overlay in (d.levels, d.zones, d.circuits, d.reservoirs):
        for key in [k for k in overlay.merged() if k not in d.farm.nodes]:
            overlay.remove(key)
    for points in (d.points, d.actuators, d.interlocks):
        for key in [k for k in points.merged() if k not in d.farm.binding]:
            points.remove(key)
            d.due.remove(key)
            d.due.remove(interlocks.DUE + key)
    for point in list(d.pulses.merged()):
        if point not in d.farm.binding:
            pulse.forget(d, point)
    for key in [k for k in d.sensors.merged() if k not in d.farm.binding]:
        d.sensors.remove(key)
    for point in list(d.degraded.merged()):
        binding = d.farm.binding.get(point)
        if binding not in d.farm.degradable.get("" if binding is None else binding.node, ()):
            degraded.forget(d, point)
    for key in [k for k in d.workflows.merged() if k not in d.farm.nodes]:
        workflows.forget(d, key)
    for key, override in list(d.overrides.merged().items()):
        if override.node not in d.farm.nodes:
            d.overrides.remove(key)
            d.due.remove(f"override:{key}")


#: Wakes the farm's own view now and then: days and fractions of batches move without an event.
_CLOCK = "clock"
_CLOCK_S = 900.0


def _wind_clock(d: Draft) -> None:
    growing = any(batch.is_growing for batch in d.batches.values())
    d.wake(_CLOCK, Due(farm=d.now.farm + _CLOCK_S) if growing else Due())


# -- due ----------------------------------------------------------------------------------------


def _wake_due(d: Draft) -> None:
    if not d.memory.next_due.passed(d.now) and not d.due.changes:
        return
    for key in _passed(d):
        if key in d.farm.nodes:
            d.mark(key)
        elif key == d.farm.id:
            d.due.remove(key)
            d.mark_all()
        elif key == _CLOCK:
            d.mark(d.farm.id)
            _wind_clock(d)
            if d.overrides.now:
                # On the way to another recipe limits move without an event.
                requests.overrides_look_again(d)
        elif key.startswith(calibrations.DUE):
            calibrations.due(d, key.removeprefix(calibrations.DUE))
        elif key == drills.DUE:
            d.due.remove(key)
        elif key == alarm_test.DUE:
            alarm_test.due(d)
        elif key == warmth.DUE:
            warmth.look(d)
        elif (binding := d.farm.binding.get(key)) is not None:
            if spec(binding.role).is_actuator:
                d.mark(binding.node)
            else:
                readings.look_at_deadline(d, binding)
        elif key.startswith("batch:"):
            requests.phase_due(d, key.removeprefix("batch:"))
        elif key.startswith(interlocks.DUE):
            interlocks.door_due(d, key.removeprefix(interlocks.DUE))
        elif key.startswith(pulse.DUE):
            pulse.due(d, key.removeprefix(pulse.DUE))
        elif key.startswith(degraded.DUE):
            _wake_degraded(d, key)
        elif key.startswith(workflows.DUE):
            workflows.due(d, key.removeprefix(workflows.DUE))
        elif key.startswith(virtual.DUE):
            virtual.check(d, key.removeprefix(virtual.DUE))
        elif key.startswith(rollouts.DUE):
            rollouts.woken(d, key.removeprefix(rollouts.DUE))
        elif key.startswith("override:"):
            requests.override_due(d, key.removeprefix("override:"))
        else:
            d.due.remove(key)


def _passed(d: Draft) -> list[str]:
    """What is due. Every due time is looked at, so without a call for each."""
    farm, mono = d.now.farm, d.now.mono
    return [
        key
        for key, due in d.due.now.items()
        if (due.farm is not None and due.farm <= farm)
        or (due.mono is not None and due.mono <= mono)
    ]


# -- nodes --------------------------------------------------------------------------------------

#: A mark made late in a pass is seen in the next one. A step that has not settled after this many
#: goes on in the next step, at once.
_PASSES = 6


def _wake_degraded(d: Draft, key: str) -> None:
    d.due.remove(key)
    binding = d.farm.binding.get(key.removeprefix(degraded.DUE))
    if binding is not None:
        d.mark(binding.node)


def _look(d: Draft) -> None:
    """Visit the marked nodes until none is left: days, zones, lamps, water; then the actuators."""
    d.forget_derived()
    for _ in range(_PASSES):
        if not d.dirty:
            break
        _pass(d)
    _reconciled(d)
    if d.dirty:
        d.wake(d.farm.id, Due(mono=d.now.mono))


def _visit[T](d: Draft, kind: type[T]) -> dict[str, T]:
    """Take the marked nodes of a kind out of the marks."""
    if not d.dirty:
        return {}
    nodes = d.farm.nodes
    found = {k: n for k in d.dirty if isinstance(n := nodes.get(k), kind)}
    for key in found:
        del d.dirty[key]
    d.seen.update(found)
    return found


def _pass(d: Draft) -> None:
    if d.farm.id in d.dirty:
        del d.dirty[d.farm.id]
        d.seen.add(d.farm.id)
        if any(_changed(d, d.farm.id, role) for role in readings.OUTSIDE):
            d.mark(*(zone.id for zone in d.farm.zones if d.of(zone.id, Role.EXHAUST_FAN)))
    intents: dict[str, Intent] = {}
    levels = _visit(d, Level)
    for level in levels.values():
        light.advance_day(d, level)
    for key, roles in d.farm.surfaces_of_level.items():
        if key in levels and any(_changed(d, key, role) for role in roles):
            d.mark(d.farm.zone_of_level[key])
    for zone in _visit(d, Zone).values():
        climate.advance(d, zone)
        intents.update(climate.control(d, zone))
        degraded.apply(d, zone, intents)
        if _changed(d, zone.id, Role.LEAK):
            # Whether a sensor is known at all decides about the next shot.
            d.mark(*d.farm.circuits_of_zone[zone.id], *d.farm.reservoirs_of_zone[zone.id])
        workflows.advance(d, zone)
    levels.update(_visit(d, Level))
    if d.farm.supplies:
        levels.update(supply.changed(d, _visit(d, Supply)))
        others = supply.together(d, levels.values())
        d.seen.update(others)
        levels.update(others)
    lamps: dict[str, Intent] = {}
    for level in levels.values():
        light.control(d, level, lamps)
    if d.workflows.now:
        workflows.lamps(d, levels.values(), lamps)
    if d.pulses.now:
        # Before their supply shares out what it carries: a lamp that is tried takes its part.
        pulse.apply(d, lamps)
    if d.farm.supplies:
        supply.limit(d, lamps)
    intents.update(lamps)
    for reservoir in _visit(d, Reservoir).values():
        _reservoir(d, reservoir, intents)
    _water(d, intents)
    _visit(d, Rack)
    if d.pulses.now:
        pulse.apply(d, intents, besides=lamps)
    undisturbed = d.undisturbed
    for point, intent in intents.items():
        if not (undisturbed and safety.as_before(d, point, intent)):
            safety.command(d, d.farm.binding[point], intent)
    if d.farm.supply_of_device:
        supply.mark(d, intents)


def _reservoir(d: Draft, reservoir: Reservoir, intents: dict[str, Intent]) -> None:
    before = d.reservoir(reservoir.id)
    for binding in _pending(d, (reservoir.id,)):
        safety.prove(d, binding)
    solution.advance(d, reservoir)
    if d.reservoir(reservoir.id).low != before.low or _changed(d, reservoir.id, Role.LEAK):
        d.mark(*(c.id for c in d.farm.circuits_of_reservoir[reservoir.id]))
    d.mark(*(c.id for c in d.farm.circuits_of_reservoir[reservoir.id] if d.circuit(c.id).unknown))
    # The fill first: a dose does not start into the solution that a fill is about to change.
    fill.advance(d, reservoir)
    until = dosing.advance(d, reservoir)
    for b in d.of(reservoir.id, Role.AIR_PUMP):
        intents[b.id] = Intent(1.0, Reason("aerate"))
    intents.update(solution.mix(d, reservoir))
    intents.update(fill.control(d, reservoir))
    intents.update(dose.control(d, reservoir))
    times = [until, *dosing.due(d, reservoir), *fill.due(d, reservoir)]
    dose.wake(d, reservoir, [*times, dosing.midnight(d, reservoir.id)])


def _changed(d: Draft, node: str, role: Role) -> bool:
    """Whether what a role of a node reports, or how far it can be trusted, changed in this step."""
    for b in d.of(node, role):
        old, new = d.points.old(b.id), d.points.get(b.id)
        if old is None or new is None or (old.value, old.quality) != (new.value, new.quality):
            return True
    return False


def _water(d: Draft, intents: dict[str, Intent]) -> None:
    pumps = _visit(d, Pump)
    circuits = _visit(d, Circuit)
    for pump in pumps:
        circuits.update({c.id: c for c in d.farm.circuits_of_pump[pump]})
    for circuit in circuits.values():
        pumps[circuit.pump] = d.farm.pump[circuit.pump]
    for binding in _pending(d, (*circuits, *pumps)):
        safety.prove(d, binding)
    # In order, so that circuits that are due at the same time take turns by their ids.
    for circuit in sorted(circuits.values(), key=lambda c: (watering.waiting_since(d, c), c.id)):
        if d.state.stage is Stage.RECONCILING:
            shot.close_after_crash(d, circuit)
        else:
            irrigation.advance(d, circuit)
    d.seen.update(circuits)
    for circuit in circuits.values():
        intents.update(irrigation.control_valve(d, circuit))
    for pump_node in pumps.values():
        intents.update(irrigation.control_pump(d, pump_node))
    if d.farm.treated:
        for key in {pump.reservoir for pump in pumps.values()} & d.farm.treated:
            if solution.moved(d, d.farm.reservoir[key]):
                d.mark(key)


def _pending(d: Draft, nodes: Iterable[str]) -> list[Binding]:
    return [
        b
        for node in nodes
        for b in d.farm.bindings_of.get(node, ())
        if d.actuator(b.id).pending is not None
    ]


def _reconciled(d: Draft) -> None:
    """Leave reconciliation when nothing is on without an owner: the next step is the first one."""
    if d.state.stage is not Stage.RECONCILING or d.state.waiting:
        return
    for b in d.farm.bindings:
        if not safety.closes_on_restart(d.farm, b):
            continue
        state = d.actuator(b.id)
        known = state.is_on is False and state.pending is None
        given_up = state.proof is ProofState.FAILED
        if not known and not given_up:
            return
    if d.pulses.now or any(state.shot is not None for state in d.circuits.values()):
        return
    if any(state.dose or state.fill for state in d.reservoirs.values()):
        return
    d.state = replace(d.state, stage=Stage.RUNNING)
    d.event("running", d.farm.id)
    # The next step, at once, is the first one with controllers.
    d.wake(d.farm.id, Due(mono=d.now.mono))


# -- effects ------------------------------------------------------------------------------------


def _finish(d: Draft, answers: list[Answer], show: bool) -> Step:
    if d.light_days:
        batch_light.count(d)
    if d.batches.changes or d.batches.removed:
        _wind_clock(d)
        warmth.wind(d)
    kept: list[Record] = keep.records(d)
    effects: list[Effect] = []
    # What was wanted first and no longer at the end of the step is not sent at all: an off leaves
    # before the records, and the on it withdraws would come after it.
    sent = {c.point: c for c in d.commands}.values() if d.commands else ()
    effects += [Send(c) for c in sent if not c.gated]
    effects += [*d.records, *kept]
    effects += [Send(c) for c in sent if c.gated]
    effects += [Emit(event) for event in d.events]
    changed = d.state is not d.memory.farm and d.state != d.memory.farm
    if d.rollouts.changed and keep.rollouts_turned(d):
        changed = True
    if d.batches.changes or changed or (d.state.emergency and d.actuators.changes):
        d.seen.add(d.farm.id)
    if show:
        effects += snapshots(d)
    effects += answers
    memory = Memory(
        farm=d.state
        if d.state.next_command == d.next_command
        else replace(d.state, next_command=d.next_command),
        points=d.points.merged(),
        actuators=d.actuators.merged(),
        zones=d.zones.merged(),
        levels=d.levels.merged(),
        circuits=d.circuits.merged(),
        reservoirs=d.reservoirs.merged(),
        checks=d.checks.merged(),
        interlocks=d.interlocks.merged(),
        degraded=d.degraded.merged(),
        pulses=d.pulses.merged(),
        sensors=d.sensors.merged(),
        batches=d.batches.merged(),
        recipes=d.recipes.merged(),
        lots=d.lots.merged(),
        rollouts=d.rollouts.merged(),
        tasks=d.tasks.merged(),
        overrides=d.overrides.merged(),
        workflows=d.workflows.merged(),
        due=d.due.merged(),
        next_due=_next_due(d),
        growing=d.placed,
    )
    return Step(memory, tuple(effects), memory.next_due)


def _next_due(d: Draft) -> Due:
    """The earliest due time. Looked for among all only when the one that was earliest changed."""
    before = d.memory.next_due
    for key in (*d.due.changes, *d.due.removed):
        old = d.due.old(key)
        if old is not None and (
            (old.farm is not None and old.farm == before.farm)
            or (old.mono is not None and old.mono == before.mono)
        ):
            return earliest(*d.due.now.values())
    return earliest(before, *d.due.changes.values())
