"""The plan that a station carries out when nobody commands it, made of the farm and its memory.

It is what control would do with what it knows now. A batch stays in its phase, for only the
controller moves it on; the weather of a room is not foreseen. Light comes evenly over its hours,
without ramps: the same integral. Doses, fills and CO2 are never planned: nobody would watch them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from ..farm.ahead import (
    CircuitAhead,
    CycleAhead,
    LampSpan,
    LeftOut,
    ShotAhead,
    StationPlan,
)
from ..farm.bindings import Binding, Danger
from ..farm.nodes import Circuit, Farm, Level
from ..farm.overrides import Mode
from ..farm.roles import Loop, Role, spec
from ..science.light import LightDay, light_day
from . import interlocks, spectrum, trips, watering, workflows
from .clock import Now
from .draft import Draft
from .light import dimmed
from .memory import Memory
from .targets import LightTarget, light_target

#: How far a plan reaches (s): a weekend without anybody (device reference, node plan: 48 h).
AHEAD_S = 48 * 3600.0
#: Between two shots of one pump valves turn (s; design choice: slower than any motor valve).
_GAP_S = 30.0
_DAY_S = 86400.0
_LEAST_S = 60.0
#: What forbids a shot only at this moment, and is looked at by the plan itself or by the station.
_PASSING = frozenset({"", "pump_busy", "draining", "daily_cap_l", "journal", "shutdown"})
#: What is not known where nothing was read.
_UNSEEN = frozenset({"actuator_missing", "leak_unknown", "volume_unknown", "table_unknown"})


@dataclass(slots=True)
class _Making:
    """A plan in the making."""

    blind: bool
    lamps: list[LampSpan] = field(default_factory=list)
    shots: list[ShotAhead] = field(default_factory=list)
    cycles: list[CycleAhead] = field(default_factory=list)
    circuits: list[CircuitAhead] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def plan_ahead(
    farm: Farm,
    memory: Memory,
    now: Now,
    station: str,
    points: Collection[str],
    *,
    blind: bool = False,
) -> StationPlan:
    """What the station that moves `points` does by itself in the next 48 h, pure. `blind`: the
    memory is one that was kept, without readings, so that what only they forbid is left to the
    station's own contacts."""
    until = now.farm + AHEAD_S
    mine = tuple(b for b in farm.bindings if b.id in points and b.declaration is not None)
    plan = StationPlan(
        farm=farm.id,
        station=station,
        made_at=now.farm,
        valid_until=until,
        points=tuple(b.id for b in mine),
        revoked=_revoked(memory),
    )
    d = Draft(farm, memory, now)
    if blind:
        d.batches_changed()
        d = Draft(farm, replace(memory, growing=d.placed), now)
    if plan.revoked == "monitor":
        # Somebody else drives the devices: a station that did would be in the way.
        return replace(plan, points=())
    if plan.revoked:
        stopped = plan.revoked == "emergency_stop"
        return plan if stopped else replace(plan, safe_on=_safe_on(d, mine, ()))
    made, have = _Making(blind), frozenset(plan.points)
    for level in farm.levels:
        if have.intersection(b.id for b in farm.all_lamps_of_level[level.id]):
            _light(d, level, until, have, made)
    for pump in farm.pumps:
        _water(d, farm.circuits_of_pump[pump.id], until, have, made)
    return replace(
        plan,
        safe_on=_safe_on(d, mine, made.left_out),
        circuits=tuple(made.circuits),
        lamps=tuple(made.lamps),
        shots=tuple(sorted(made.shots, key=lambda s: (s.at, s.circuit))),
        cycles=tuple(made.cycles),
        left_out=tuple(made.left_out),
    )


def _revoked(memory: Memory) -> str:
    """Why a station must do nothing by itself."""
    if memory.farm.emergency is not None:
        return "emergency_stop"
    if memory.farm.lost_memory:
        return "lost_memory"
    return "monitor" if memory.farm.mode is Mode.MONITOR else ""


def _safe_on(d: Draft, mine: Collection[Binding], left_out: Collection[LeftOut]) -> tuple[str, ...]:
    """What is on when nobody commands it: what its declaration says, but nothing that is out of
    service, and no water that the plan leaves out for whatever reason."""
    if any(interlocks.latched(d, zone.id, Role.SMOKE) for zone in d.farm.zones):
        return ()
    nodes = {x.node for x in left_out}
    dry = {
        b.id
        for circuit in d.farm.circuits
        if circuit.id in nodes
        for b in (*watering.pumps(d, circuit), *watering.valves(d, circuit))
    }
    return tuple(
        b.id
        for b in mine
        if b.declaration is not None
        and b.declaration.safe_on
        and b.id not in dry
        and spec(b.role).loop not in d.state.disarmed
    )


# -- light ----------------------------------------------------------------------------------------


def _light(d: Draft, level: Level, until: float, have: frozenset[str], made: _Making) -> None:
    why = _no_light(d, level)
    if why:
        made.left_out.append(LeftOut(node=level.id, why=why))
        return
    if any(b.id in have for b in d.of(level.id, Role.GROW_LIGHT_FAR_RED)):
        made.left_out.append(LeftOut(node=level.id, why="far_red"))
    for day, target, missing in _days(d, level, until):
        made.lamps += _spans(d, level, day, target, missing, until, have)


def _no_light(d: Draft, level: Level) -> str:
    if light_target(d, level.id) is None:
        return "no_batch"
    if Loop.LIGHT in d.state.disarmed:
        return "disarmed"
    if d.workflows.now and workflows.dark(d, level.id):
        return "people"
    zone = d.farm.zone_of_level[level.id]
    if interlocks.latched(d, zone, Role.SMOKE):
        return "smoke"
    # In a room that is too warm already nobody would notice that it gets warmer.
    return "too_warm" if d.zone(zone).over_temperature in ("dim", "off") else ""


def _days(d: Draft, level: Level, until: float) -> Iterator[tuple[LightDay, LightTarget, float]]:
    """The light days that reach into the plan, each with its target and the light (mol/m²) that it
    still has to bring."""
    now, state = d.now.farm, d.level(level.id)
    target = _target_at(d, level.id, now)
    assert target is not None
    day = state.light_day
    if day is None or not day.start_s <= now < day.next_start_s:
        day = light_day(now, level.lights_on, target.photoperiod_h, d.farm.tz)
        yield day, target, target.dli
    else:
        yield day, target, max(0.0, target.dli - state.dli)
    while (start := day.next_start_s) < until:
        target = _target_at(d, level.id, start)
        assert target is not None
        end = start + target.photoperiod_h * 3600
        own = light_day(start, level.lights_on, target.photoperiod_h, d.farm.tz)
        while own.next_start_s <= start or own.next_start_s < min(end, start + _DAY_S / 2):
            own = light_day(own.next_start_s, level.lights_on, target.photoperiod_h, d.farm.tz)
        day = LightDay(start, min(end, own.next_start_s), own.next_start_s)
        yield day, target, target.dli


def _target_at(d: Draft, level: str, at: float) -> LightTarget | None:
    """The light target at an instant to come: without the overrides that have expired by then."""
    held = {k: o for k, o in d.memory.overrides.items() if o.expires_at > at}
    if len(held) == len(d.memory.overrides):
        return light_target(d, level)
    return light_target(Draft(d.farm, replace(d.memory, overrides=held), d.now), level)


def _spans(
    d: Draft,
    level: Level,
    day: LightDay,
    target: LightTarget,
    missing: float,
    until: float,
    have: frozenset[str],
) -> Iterator[LampSpan]:
    start, end = max(day.start_s, d.now.farm), min(day.end_s, until)
    hours = day.end_s - start
    if end - start < _LEAST_S or missing <= 0 or target.ppfd <= 0:
        return
    lamps = d.farm.lamps_of_level[level.id]
    full = (spectrum.full_ppfd(d, level) if level.fixture else 0.0) or target.ppfd
    full *= d.level(level.id).lamp.ratio or 1.0
    wanted = min(missing * 1e6 / hours, target.plan.ppfd_max, full)
    lowest = level.fixture.dim_min if level.fixture else 0.0
    output = max(wanted / full, lowest)
    unknown = d.zone(d.farm.zone_of_level[level.id]).over_temperature == "unknown"
    if unknown:
        output = dimmed(level, output)
    shared = spectrum.share(d, level, target.plan, output) if target.plan.channels else {}
    for b in lamps:
        if b.id not in have:
            continue
        if b.dims:
            value = shared.get(b.id, output)
            if value > 0:
                yield LampSpan(point=b.id, start=start, end=end, output=round(value, 4))
        elif not unknown:
            # What gives all or nothing goes off when the plants have had their light.
            lit = min(end, start + missing * 1e6 / full)
            yield LampSpan(point=b.id, start=start, end=lit, output=1.0)


# -- water ----------------------------------------------------------------------------------------


def _water(
    d: Draft,
    circuits: Collection[Circuit],
    until: float,
    have: frozenset[str],
    made: _Making,
) -> None:
    """The water of one pump: one shot at a time, in the order in which they are due."""
    wanted: list[tuple[float, Circuit, float]] = []
    for circuit in circuits:
        bound = (*watering.pumps(d, circuit), *watering.valves(d, circuit))
        if not have.intersection(b.id for b in bound):
            continue
        passing = _PASSING | _UNSEEN if made.blind else _PASSING
        elsewhere = any(b.id not in have for b in bound)
        why = "elsewhere" if elsewhere else _no_water(d, circuit, passing)
        found = watering.plan_of(d, circuit)
        if why or found is None:
            made.left_out.append(LeftOut(node=circuit.id, why=why or "no_plan"))
            continue
        made.circuits.append(_circuit(d, circuit))
        level, plan = found
        if plan.continuous:
            made.cycles.append(_cycle(circuit, d.now.farm, until, _DAY_S, 0.0))
        elif plan.cycle is not None:
            for day, _, _ in _days(d, d.farm.level[level], until):
                for start, end, lit in (
                    (day.start_s, day.end_s, True),
                    (day.end_s, day.next_start_s, False),
                ):
                    start, end = max(start, d.now.farm), min(end, until)
                    on_s, off_s = plan.cycle.at(lit)
                    if on_s > 0 and end > start:
                        made.cycles.append(_cycle(circuit, start, end, on_s, off_s))
        elif plan.duration_s > 0:
            wanted += _shots(d, circuit, level, until)
    _queue(d, sorted(wanted, key=lambda w: (w[0], w[1].id)), until, made)


def _no_water(d: Draft, circuit: Circuit, passing: frozenset[str]) -> str:
    if d.circuit(circuit.id).inhibited:
        return "inhibited"
    if d.circuit(circuit.id).unknown:
        return "not_drained"
    if watering.circulates(d, circuit):
        block = watering.blocked(d, circuit)
        why = "" if block is None else block[1].code
    else:
        why = watering.not_ready(d, circuit)
    return "" if why in passing else why


def _circuit(d: Draft, circuit: Circuit) -> CircuitAhead:
    reservoir = d.farm.pump[circuit.pump].reservoir
    places = (reservoir, *d.farm.zones_of_circuit[circuit.id])
    bound = (*watering.pumps(d, circuit), *watering.valves(d, circuit))
    return CircuitAhead(
        id=circuit.id,
        pumps=tuple(b.id for b in watering.pumps(d, circuit)),
        valves=tuple(b.id for b in watering.valves(d, circuit)),
        flow_l_min=trips.rated_l_min(d, circuit),
        drain_s=circuit.drain_s,
        leak=tuple(b.id for node in places for b in d.of(node, Role.LEAK)),
        dry=tuple(b.id for b in d.of(reservoir, Role.LEVEL_LOW)),
        keeps_on=watering.must_run(d, circuit)
        and all(b.declaration is not None and b.declaration.danger is Danger.OFF for b in bound),
    )


def _cycle(circuit: Circuit, start: float, end: float, on_s: float, off_s: float) -> CycleAhead:
    return CycleAhead(circuit=circuit.id, start=start, end=end, on_s=on_s, off_s=off_s)


def _shots(
    d: Draft, circuit: Circuit, level: str, until: float
) -> Iterator[tuple[float, Circuit, float]]:
    """The shots of a recipe's schedule, with their seconds. Where the moisture of the substrate
    brings them, the schedule stands in: a station does not steer."""
    found = watering.plan_of(d, circuit)
    assert found is not None
    plan, state = found[1], d.circuit(circuit.id)
    factor = 1.0 if state.runoff is None or plan.runoff_pct is None else state.runoff.factor
    longest = watering.longest_on_s(d, circuit)
    seconds = plan.duration_s * factor
    if longest is not None:
        seconds = min(seconds, longest)
    after = d.now.farm - watering.LATE_S
    if state.last_shot_at is not None:
        after = max(after, state.last_shot_at)
    for day, _, _ in _days(d, d.farm.level[level], until):
        for at in watering.shot_times(day.start_s, day.end_s, day.next_start_s, plan):
            if after < at < until:
                yield at, circuit, seconds


def _queue(
    d: Draft, wanted: list[tuple[float, Circuit, float]], until: float, made: _Making
) -> None:
    free = d.now.farm
    dry: dict[str, float] = {}
    log: dict[str, list[tuple[float, float]]] = {}
    capped: set[str] = set()
    for due, circuit, seconds in wanted:
        key = circuit.id
        at = max(due, free, dry.get(key, d.circuit(key).dry_at or 0.0))
        litres = seconds / 60 * trips.rated_l_min(d, circuit)
        given = log.setdefault(key, list(d.circuit(key).water_log))
        if at + seconds > until:
            continue
        if circuit.daily_cap_l is not None and (
            litres + sum(x for when, x in given if when > at - _DAY_S - 3600) > circuit.daily_cap_l
        ):
            if key not in capped:
                capped.add(key)
                made.left_out.append(LeftOut(node=key, why="daily_cap_l"))
            continue
        given.append((at, litres))
        free, dry[key] = at + seconds + _GAP_S, at + seconds + circuit.drain_s
        made.shots.append(
            ShotAhead(
                id=f"{key}-{int(due * 1000):d}",
                circuit=key,
                at=at,
                seconds=seconds,
                litres=round(litres, 3),
            )
        )


def light_of_lamp(d: Draft, point: str) -> tuple[str, float] | None:
    """The level of a lamp, and what it gives there at full output (µmol/m²/s) as far as is known;
    None for a lamp whose light nobody has rated, and for far-red."""
    binding = d.farm.binding.get(point)
    place = None if binding is None else d.farm.places.get(binding.node)
    if place is None or not place.full_ppfd:
        return None
    level = place.level
    for b, part in zip(place.lamps, place.parts, strict=True):
        if b.id == point:
            known = spectrum.left(d, level) * (d.level(level.id).lamp.ratio or 1.0)
            return level.id, part * known
    return None
