"""What a station does by itself: the reference that every station which carries out a plan follows.

Pure: the state, the time of the station's own clock and what its contacts and the broker say go in,
the state and what its outputs do come out. While the heartbeat comes, the controller commands the
outputs; without it, the plan does. When it comes back, the station finishes what runs, starts no
water any more, tells what it gave, and hands its outputs back when that has been taken over.

An emergency stop and a leak latch, over restarts too, until a person releases them at the station.
A stop drops the plan; the next one is taken after the release. A leak takes the water out of it;
light harms nobody there and goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf

from ...farm.ahead import (
    CircuitAhead,
    CycleAhead,
    Delivered,
    GivenEnd,
    LightGiven,
    ShotAhead,
    StationPlan,
    WaterGiven,
    outputs_at,
)
from .model import HEARTBEAT_LOST_S

STOP = "stop"
#: A shot that could not start is due for this long (s), as with control: water is not caught up.
LATE_S = 1800.0
#: A valve has so long (s) before the pump starts, and stays open so long after it has stopped
#: (design choice: a solenoid valve turns in less than a second).
VALVE_S = 2.0


class Phase(StrEnum):
    """Who commands the outputs: the controller, the plan, or the plan until the controller has
    taken over what was given."""

    FOLLOWING = "following"
    ALONE = "alone"
    HANDING = "handing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A shot under way: its pump is on from `pump_from` to `until`."""

    shot: str
    planned_s: float
    since: float
    pump_from: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Mist, or water that never stops: on since `on_since` (None: off), `seconds` before that."""

    since: float
    seconds: float = 0.0
    on_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """A lamp at an output since an instant."""

    since: float
    output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a station remembers, also without power. `heard_at` is the last heartbeat; `gone` are
    shots that were given or let go, `dry_at` when a circuit has drained, `water_at` when the
    controller last gave it water; `reports` wait to be taken over."""

    farm: str
    station: str
    lost_s: float = HEARTBEAT_LOST_S
    phase: Phase = Phase.FOLLOWING
    plan: StationPlan | None = None
    heard_at: float = 0.0
    alone_since: float = 0.0
    heard_again: float = 0.0
    latched: frozenset[str] = frozenset()
    running: Mapping[str, Running] = field(default_factory=dict)
    closing: Mapping[str, float] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    lit: Mapping[str, Lit] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    dry_at: Mapping[str, float] = field(default_factory=dict)
    water_at: Mapping[str, float] = field(default_factory=dict)
    light: tuple[LightGiven, ...] = ()
    water: tuple[WaterGiven, ...] = ()
    number: int = 0
    reports: tuple[Delivered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a station hears and feels. `tripped` are the contacts that are on now (leak, low level),
    `hot` a thermostat of its own over the lamps; `on` the outputs that the controller has on;
    `taken` the number of the report that was taken over; `release`: a person at the station."""

    heartbeat: bool = False
    plan: StationPlan | None = None
    stop: bool = False
    release: bool = False
    tripped: frozenset[str] = frozenset()
    hot: bool = False
    on: frozenset[str] = frozenset()
    taken: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What comes of a step. `outputs` are what the station drives, in this order (what closes water
    first, then what opens it, valves before pumps); empty while the controller commands. `due` is
    when to come again at the latest."""

    state: State
    outputs: Mapping[str, float]
    due: float


def advance(state: State, now: float, given: Inputs) -> Done:
    """One step of a station."""
    state = _latch(state, given)
    state = _hear(state, now, given)
    if state.phase is Phase.FOLLOWING:
        state = _watch(state, now, given)
        outputs = _all_off(state) if STOP in state.latched else _closed(state)
        return Done(state=state, outputs=outputs, due=state.heard_at + state.lost_s)
    plan = state.plan if _holds(state, now) else None
    state = _water(state, plan, now, given)
    outputs = _outputs(state, plan, now, given)
    if state.phase is Phase.ALONE:
        state = _count_light(state, plan, outputs, now)
    if state.phase is Phase.HANDING and not state.running and not state.closing:
        state = _report(state, now)
    return Done(state=state, outputs=outputs, due=_due(state, plan, now))


def restart(state: State, now: float) -> State:
    """After a power cut: what ran is over and counts in full, for nobody knows when it ended; light
    that was not told yet is not counted."""
    ended = tuple(
        WaterGiven(
            circuit=key,
            start=r.since,
            end=min(now, r.until),
            seconds=r.planned_s,
            planned_s=r.planned_s,
            ended=GivenEnd.STOP,
            shot=r.shot,
        )
        for key, r in state.running.items()
    )
    return replace(state, running={}, closing={}, lit={}, flows={}, water=(*state.water, *ended))


# -- who commands ---------------------------------------------------------------------------------


def _latch(state: State, given: Inputs) -> State:
    latched = state.latched
    leaks = {c for circuit in _circuits(state) for c in circuit.leak}
    latched |= frozenset(given.tripped & leaks)
    if given.release:
        latched = frozenset(c for c in latched if c != STOP and c in given.tripped)
    plan = state.plan
    if given.stop:
        latched |= {STOP}
    if STOP in latched and plan is not None:
        # The outputs are still known; what they would have done is not any more.
        plan = replace(plan, lamps=(), shots=(), cycles=(), safe_on=(), revoked="emergency_stop")
    return replace(state, latched=latched, plan=plan)


def _hear(state: State, now: float, given: Inputs) -> State:
    new = given.plan
    if new is not None and STOP not in state.latched:
        old = state.plan
        mine = (new.farm, new.station) == (state.farm, state.station)
        if mine and (old is None or new.made_at >= old.made_at):
            kept = {s.id for s in new.shots} | {r.shot for r in state.running.values()}
            state = replace(state, plan=new, gone=state.gone & kept)
    if given.taken is not None:
        left = tuple(r for r in state.reports if r.number > given.taken)
        state = replace(state, reports=left)
        if state.phase is Phase.HANDING and state.number <= given.taken:
            state = replace(state, phase=Phase.FOLLOWING, flows={})
    if given.heartbeat:
        if state.phase is Phase.ALONE:
            # From now on the controller sees the lamps and counts their light itself.
            state = replace(_dark(state, now), phase=Phase.HANDING, heard_again=now)
        state = replace(state, heard_at=now)
    elif now - state.heard_at >= state.lost_s and state.phase is not Phase.ALONE:
        told = bool(state.reports) and state.reports[-1].number == state.number
        fresh = state.phase is Phase.FOLLOWING or told
        state = replace(
            state,
            phase=Phase.ALONE,
            alone_since=now,
            number=state.number + 1 if fresh else state.number,
        )
    return state


def _watch(state: State, now: float, given: Inputs) -> State:
    """What the controller does with the water, so that a shot of its own is not given again."""
    watered = {c.id: now for c in _circuits(state) if given.on & {*(c.valves or c.pumps)}}
    return replace(state, water_at={**state.water_at, **watered}) if watered else state


def _holds(state: State, now: float) -> bool:
    plan = state.plan
    return plan is not None and not plan.revoked and now < plan.valid_until


def _circuits(state: State) -> tuple[CircuitAhead, ...]:
    return () if state.plan is None else state.plan.circuits


def _blocked(state: State, circuit: CircuitAhead, tripped: Collection[str]) -> GivenEnd | None:
    if STOP in state.latched:
        return GivenEnd.STOP
    if state.latched.intersection(circuit.leak):
        return GivenEnd.LEAK
    return GivenEnd.DRY if any(c in tripped for c in circuit.dry) else None


# -- water ----------------------------------------------------------------------------------------


def _water(state: State, plan: StationPlan | None, now: float, given: Inputs) -> State:
    state = _end_shots(state, plan, now, given)
    state = replace(state, closing={k: at for k, at in state.closing.items() if now < at})
    if plan is not None and state.phase is Phase.ALONE:
        for shot in plan.shots:
            if shot.at > now:
                break
            state = _start_shot(state, plan, shot, now, given)
    return _flows(state, plan, now, given)


def _end_shots(state: State, plan: StationPlan | None, now: float, given: Inputs) -> State:
    for key, run in state.running.items():
        circuit = next((c for c in _circuits(state) if c.id == key), None)
        end = None if circuit is None else _blocked(state, circuit, given.tripped)
        if end is None and (plan is None or circuit is None):
            end = GivenEnd.EXPIRED
        if end is None and now < run.until:
            continue
        until = min(now, run.until)
        given_water = WaterGiven(
            circuit=key,
            start=run.since,
            end=until,
            seconds=round(max(0.0, until - run.pump_from), 3),
            planned_s=run.planned_s,
            ended=GivenEnd.DONE if end is None or now >= run.until else end,
            shot=run.shot,
        )
        running = {k: r for k, r in state.running.items() if k != key}
        # Where something is wrong the valve closes with its pump.
        closing = {**state.closing, key: now + VALVE_S} if end is None else state.closing
        drain_s = 0.0 if circuit is None else circuit.drain_s
        state = replace(
            state,
            running=running,
            closing=closing,
            dry_at={**state.dry_at, key: until + drain_s},
            water=(*state.water, given_water),
        )
    return state


def _start_shot(
    state: State, plan: StationPlan, shot: ShotAhead, now: float, given: Inputs
) -> State:
    """Start a shot that is due, where nothing forbids it. One that the controller has given, or
    that is too late, is let go."""
    if shot.id in state.gone:
        return state
    circuit = next(c for c in plan.circuits if c.id == shot.circuit)
    given_already = shot.at <= state.heard_at or state.water_at.get(shot.circuit, -inf) >= shot.at
    if given_already or now - shot.at > LATE_S:
        return replace(state, gone=state.gone | {shot.id})
    busy = {p for c in plan.circuits if c.id in {*state.running, *state.closing} for p in c.pumps}
    if (
        _blocked(state, circuit, given.tripped) is not None
        or busy.intersection(circuit.pumps)
        or shot.circuit in state.running
        or now < state.dry_at.get(shot.circuit, 0.0)
    ):
        return state
    pump_from = now + (VALVE_S if circuit.valves else 0.0)
    run = Running(
        shot=shot.id,
        planned_s=shot.seconds,
        since=now,
        pump_from=pump_from,
        until=pump_from + shot.seconds,
    )
    return replace(state, running={**state.running, shot.circuit: run}, gone=state.gone | {shot.id})


def _flows(state: State, plan: StationPlan | None, now: float, given: Inputs) -> State:
    """Mist and water that never stops, on and off, with its seconds."""
    flows = dict(state.flows)
    misty = () if plan is None else plan.cycles
    on = {
        c.id
        for c in (() if plan is None else plan.circuits)
        if _blocked(state, c, given.tripped) is None
        and any(_mists(cycle, now) for cycle in misty if cycle.circuit == c.id)
    }
    for key in on:
        flow = flows.get(key) or Flow(since=now)
        if flow.on_since is None:
            flow = replace(flow, on_since=now)
        flows[key] = flow
    for key, flow in flows.items():
        if key not in on and flow.on_since is not None:
            flows[key] = replace(flow, on_since=None, seconds=flow.seconds + now - flow.on_since)
    return state if flows == state.flows else replace(state, flows=flows)


def _mists(cycle: CycleAhead, now: float) -> bool:
    if not cycle.start <= now < cycle.end:
        return False
    return (now - cycle.start) % (cycle.on_s + cycle.off_s) < cycle.on_s


# -- outputs --------------------------------------------------------------------------------------


def _all_off(state: State) -> dict[str, float]:
    plan = state.plan
    if plan is None:
        return {}
    pumps = [p for c in plan.circuits for p in c.pumps]
    return dict.fromkeys((*pumps, *plan.points), 0.0)


def _closed(state: State) -> dict[str, float]:
    """What a leak keeps closed, whoever commands."""
    shut = [c for c in _circuits(state) if state.latched.intersection(c.leak)]
    return dict.fromkeys([p for c in shut for p in (*c.pumps, *c.valves)], 0.0)


def _outputs(state: State, plan: StationPlan | None, now: float, given: Inputs) -> dict[str, float]:
    known = state.plan
    if known is None:
        return {}
    if STOP in state.latched:
        return _all_off(state)
    wanted = dict.fromkeys(known.points, 0.0)
    valves: set[str] = set()
    pumps: set[str] = set()
    for circuit in known.circuits:
        run, flow = state.running.get(circuit.id), state.flows.get(circuit.id)
        flowing = flow is not None and flow.on_since is not None
        if run is not None or flowing or circuit.id in state.closing:
            valves.update(circuit.valves)
        if flowing or (run is not None and now >= run.pump_from):
            pumps.update(circuit.pumps)
    shut = {
        p
        for c in known.circuits
        if _blocked(state, c, given.tripped) is not None
        for p in (*c.pumps, *c.valves)
    }
    water = {p for c in known.circuits for p in (*c.pumps, *c.valves)}
    keeps = {p for c in known.circuits if c.keeps_on for p in (*c.pumps, *c.valves)}
    for point in known.safe_on:
        # Beyond its plan, water that must never stop goes on as long as nothing forbids it.
        if point not in water or (plan is None and point in keeps):
            wanted[point] = 0.0 if point in shut else 1.0
    for point in (*valves, *pumps):
        wanted[point] = 1.0
    if plan is not None:
        lamps = outputs_at(plan, now)
        wanted.update(dict.fromkeys(lamps, 0.0) if given.hot else lamps)
    return dict(sorted(wanted.items(), key=lambda item: _order(known, item)))


def _order(plan: StationPlan, item: tuple[str, float]) -> tuple[int, str]:
    """Pumps off, valves off, valves on, pumps on; the rest last."""
    point, value = item
    if any(point in c.pumps for c in plan.circuits):
        return (0 if not value else 3), point
    if any(point in c.valves for c in plan.circuits):
        return (1 if not value else 2), point
    return 4, point


def _count_light(
    state: State, plan: StationPlan | None, outputs: Mapping[str, float], now: float
) -> State:
    lamps = {s.point for s in plan.lamps} if plan is not None else set()
    lit, light = dict(state.lit), list(state.light)
    for point in sorted({*lamps, *lit}):
        output, before = outputs.get(point, 0.0), lit.get(point)
        if before is not None and before.output == output:
            continue
        if before is not None:
            light += _light_given(point, lit.pop(point), now)
        if output > 0:
            lit[point] = Lit(since=now, output=output)
    return replace(state, lit=lit, light=tuple(light)) if lit != state.lit else state


def _dark(state: State, now: float) -> State:
    """The light that was given until now, told to its end."""
    ended = [x for point, lit in state.lit.items() for x in _light_given(point, lit, now)]
    return replace(state, lit={}, light=(*state.light, *ended))


def _light_given(point: str, lit: Lit, now: float) -> Iterator[LightGiven]:
    if now > lit.since:
        yield LightGiven(point=point, start=lit.since, end=now, output=lit.output)


# -- handing back ---------------------------------------------------------------------------------


def _report(state: State, now: float) -> State:
    """What was given since the station was left alone, once."""
    if state.reports and state.reports[-1].number == state.number:
        return state
    water = [*state.water]
    for key, flow in state.flows.items():
        running = 0.0 if flow.on_since is None else now - flow.on_since
        seconds = round(flow.seconds + running, 3)
        water.append(
            WaterGiven(
                circuit=key,
                start=flow.since,
                end=now,
                seconds=seconds,
                planned_s=seconds,
                ended=GivenEnd.HANDED_BACK,
            )
        )
    report = Delivered(
        farm=state.farm,
        station=state.station,
        number=state.number,
        since=state.alone_since,
        until=now,
        heard_again=state.heard_again,
        light=state.light,
        water=tuple(water),
        latched=tuple(sorted(state.latched)),
    )
    # What goes on meanwhile is told next time, if there is one.
    return replace(
        state,
        reports=(*state.reports, report),
        light=(),
        water=(),
        flows={
            k: Flow(since=now, on_since=None if f.on_since is None else now)
            for k, f in state.flows.items()
        },
    )


def _due(state: State, plan: StationPlan | None, now: float) -> float:
    times = [state.heard_at + state.lost_s]
    times += [t for r in state.running.values() for t in (r.pump_from, r.until)]
    times += state.closing.values()
    if plan is not None:
        times += [plan.valid_until]
        times += [t for s in plan.lamps for t in (s.start, s.end)]
        times += [s.at for s in plan.shots if s.id not in state.gone]
        times += state.dry_at.values()
        times += [t for c in plan.cycles for t in _edges(c, now)]
    return min((t for t in times if t > now), default=inf)


def _edges(cycle: CycleAhead, now: float) -> Iterator[float]:
    yield cycle.start
    yield cycle.end
    if cycle.start <= now < cycle.end and cycle.off_s > 0:
        length = cycle.on_s + cycle.off_s
        begun = cycle.start + (now - cycle.start) // length * length
        yield begun + cycle.on_s
        yield begun + length
