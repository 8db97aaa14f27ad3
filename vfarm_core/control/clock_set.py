"""A wall clock that is set while the farm runs, or set back while it was switched off.

Everything that counts elapsed time (how long a pump has run, a lamp been lit, a table drained) goes
on from where it was; what is planned by the wall clock (the next lights-on, the end of a phase) is
not moved: the dark takes up the change, within an hour where it becomes shorter, and not at all
for a short-day crop.

A clock set forward is told from a machine that slept only where its monotonic clock counts sleep.
A machine that somebody else held (a virtual machine that was paused) looks the same all the same,
so that what is in its dangerous state outside of a shot or dose is not given more time: its
maximum ends early and never late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..farm.bindings import Binding, Danger
from ..farm.roles import Loop, spec
from ..science.light import LightDay
from . import dark, tariff, virtual
from .cadence import fresh_for_s
from .clock import Due
from .draft import Draft
from .interlocks import DOOR_OPEN_S, DUE
from .memory import (
    ActuatorState,
    CircuitState,
    LevelState,
    Memory,
    Night,
    PointState,
    ProbeState,
    ReservoirState,
    ZoneState,
)
from .targets import light_target

_DAY_S = 86400.0


def newest(memory: Memory) -> float | None:
    """The newest instant that a kept memory has seen (farm time); None when it has seen none."""
    return max(_instants(memory), default=None)


def _instants(memory: Memory) -> Iterable[float]:
    yield from (interlock.at for interlock in memory.interlocks.values())
    for actuator in memory.actuators.values():
        if actuator.changed_at is not None:
            yield actuator.changed_at
    for level in memory.levels.values():
        yield from (t for t in (level.dli_at, level.planned_at, level.kept_at) if t is not None)
    for reservoir in memory.reservoirs.values():
        yield from (at for known in reservoir.dosers.values() for at, _ in known.log)
        yield from (at for at, _ in reservoir.fills)
        if reservoir.disturbed_at is not None:
            yield reservoir.disturbed_at
    for circuit in memory.circuits.values():
        if circuit.last_shot_at is not None:
            yield circuit.last_shot_at
        if circuit.shot is not None:
            yield circuit.shot.stage_at


def set_clock(d: Draft, by_s: float) -> None:
    """Go on under a clock that was set by `by_s` seconds, back or forward."""
    for key, point in list(d.points.merged().items()):
        d.points.set(key, _point(point, by_s))
    for key, actuator in list(d.actuators.merged().items()):
        d.actuators.set(key, _actuator(actuator, by_s, d.farm.binding.get(key)))
    for key, zone in list(d.zones.merged().items()):
        d.zones.set(key, _zone(zone, by_s))
    for key, level in list(d.levels.merged().items()):
        d.levels.set(key, _level(d, key, level, by_s))
    for key, circuit in list(d.circuits.merged().items()):
        d.circuits.set(key, _circuit(circuit, by_s))
    for key, degraded in list(d.degraded.merged().items()):
        d.degraded.set(key, replace(degraded, since=degraded.since + by_s))
    for key, sensor in list(d.sensors.merged().items()):
        d.sensors.set(key, _probe(sensor, by_s))
    for key, workflow in list(d.workflows.merged().items()):
        # Contact and working times count as elapsed hours.
        moved = {name: getattr(workflow, name) + by_s for name in ("since", "until", "step_at")}
        d.workflows.set(key, replace(workflow, **moved))
    for key, reservoir in list(d.reservoirs.merged().items()):
        d.reservoirs.set(key, _reservoir(reservoir, by_s))
    for key, interlock in list(d.interlocks.merged().items()):
        d.interlocks.set(key, replace(interlock, at=interlock.at + by_s))
        if d.due.get(DUE + key) is not None:
            d.wake(DUE + key, Due(farm=interlock.at + by_s + DOOR_OPEN_S))
    for key, check in list(d.checks.merged().items()):
        d.checks.set(key, virtual.set_back(check, by_s))
    for b in d.farm.bindings:
        state = d.points.get(b.id)
        if state is not None and d.due.get(b.id) is not None and not spec(b.role).is_actuator:
            d.wake(b.id, Due(farm=state.at + fresh_for_s(spec(b.role), state.cadence_s)))
    d.event("clock_set", d.farm.id, by_s=round(by_s))
    d.mark_all()


def _probe(probe: ProbeState, by_s: float) -> ProbeState:
    return replace(
        probe,
        verified_at=_moved(probe.verified_at, by_s),
        calibrations=tuple(replace(c, at=c.at + by_s) for c in probe.calibrations),
    )


def _moved(at: float | None, by_s: float) -> float | None:
    return None if at is None else at + by_s


def _point(state: PointState, by_s: float) -> PointState:
    doubt = state.doubt
    if doubt is not None:
        doubt = replace(doubt, at=doubt.at + by_s, since=doubt.since + by_s)
    since = state.since + by_s if state.since else 0.0
    return replace(state, at=state.at + by_s, since=since, doubt=doubt)


def _zone(state: ZoneState, by_s: float) -> ZoneState:
    flow = state.injection
    return replace(
        state,
        day_changed_at=_moved(state.day_changed_at, by_s),
        loops={k: replace(v, at=_moved(v.at, by_s)) for k, v in state.loops.items()},
        warming=tuple((at + by_s, value) for at, value in state.warming),
        injection=None if flow is None else replace(flow, at=flow.at + by_s),
        air=state.air and replace(state.air, since=state.air.since + by_s, at=state.air.at + by_s),
    )


#: What is open for as long as was planned: its time is counted by what has passed.
_PLANNED = frozenset({Loop.IRRIGATION, Loop.FILL, Loop.DOSING})


def _actuator(state: ActuatorState, by_s: float, binding: Binding | None) -> ActuatorState:
    pending = state.pending
    waits = by_s > 0 and binding is not None and _in_danger(state, binding)
    return replace(
        state,
        changed_at=state.changed_at if waits else _moved(state.changed_at, by_s),
        takeover_until=_moved(state.takeover_until, by_s),
        on_log=tuple((start + by_s, end + by_s) for start, end in state.on_log),
        pending=None if pending is None else replace(pending, sent_at=pending.sent_at + by_s),
    )


def _in_danger(state: ActuatorState, binding: Binding) -> bool:
    """Whether an actuator is in its dangerous state, and nothing has planned for how long."""
    declared, loop = binding.declaration, spec(binding.role).loop
    if declared is None:
        return False
    if declared.danger is Danger.ON:
        return bool(state.was_on) and loop not in _PLANNED
    return declared.danger is Danger.OFF and state.was_on is False


def _level(d: Draft, key: str, state: LevelState, by_s: float) -> LevelState:
    day, night, lamp = state.light_day, state.night, state.lamp
    if day is not None and by_s < 0:
        day = _light_day(day, by_s, d.now.farm)
        if night is not None and state.light_day is not None:
            pinned = night.starts_at == state.light_day.next_start_s
            starts = day.next_start_s if pinned else night.starts_at + by_s
            night = replace(night, of=night.of + by_s, starts_at=starts)
    elif day is not None:
        day, night = _forward(d, key, day, night, by_s)
    return replace(
        state,
        light_day=day,
        night=night,
        lamp=replace(
            lamp,
            at=_moved(lamp.at, by_s),
            apart_at=_moved(lamp.apart_at, by_s),
            stray_at=_moved(lamp.stray_at, by_s),
        ),
        dli_at=_moved(state.dli_at, by_s),
        planned_at=_moved(state.planned_at, by_s),
        kept_at=_moved(state.kept_at, by_s),
    )


def _light_day(day: LightDay, by_s: float, now: float) -> LightDay:
    """The photoperiod goes on by elapsed hours; the next lights-on stays at its local time, on
    another date where the clock was set by days. The dark takes up the change."""
    end = day.end_s + by_s
    after = max(end, now)
    days = max(0.0, (day.next_start_s - after) // _DAY_S)
    return LightDay(day.start_s + by_s, end, day.next_start_s - days * _DAY_S)


def _forward(
    d: Draft, key: str, day: LightDay, night: Night | None, by_s: float
) -> tuple[LightDay, Night | None]:
    """The light day under a clock that was set forward. It keeps its hours, and the night after it
    is not much shorter than planned: where the level's own lights-on would come too early, or was
    jumped over, the next one comes when it can."""
    start, end = day.start_s + by_s, day.end_s + by_s
    dark_s = day.next_start_s - day.end_s
    target = light_target(d, key)
    protected = target is not None and dark.short_day(d, target)
    floor = max(end + max(0.0, dark_s - (0.0 if protected else tariff.STEP_S)), d.now.farm)
    if dark_s <= 0:
        # Continuous light has no dark to take up anything: it goes on.
        floor = d.now.farm + 1.0
    days = max(0.0, -(-(floor - day.next_start_s) // _DAY_S))
    own = day.next_start_s + days * _DAY_S
    if dark_s <= 0:
        return LightDay(start, own, own), None
    if own - floor > _DAY_S / 4:
        before = own - _DAY_S
        shift_h = round((floor - before) / 3600, 4)
        return LightDay(start, end, floor), Night(of=start, starts_at=floor, shift_h=shift_h)
    if night is not None and night.of == day.start_s:
        night = replace(night, of=start, starts_at=own)
    return LightDay(start, end, own), night


def _circuit(state: CircuitState, by_s: float) -> CircuitState:
    shot = state.shot
    if shot is not None:
        shot = replace(
            shot,
            opened_at=shot.opened_at + by_s,
            stage_at=shot.stage_at + by_s,
            started_at=_moved(shot.started_at, by_s),
            stopped_at=_moved(shot.stopped_at, by_s),
            counted_at=_moved(shot.counted_at, by_s),
            pulse_at=_moved(shot.pulse_at, by_s),
        )
    return replace(
        state,
        shot=shot,
        last_shot_at=_moved(state.last_shot_at, by_s),
        last_started_at=_moved(state.last_started_at, by_s),
        dry_at=_moved(state.dry_at, by_s),
        flow_lost_at=_moved(state.flow_lost_at, by_s),
        flow_low_at=_moved(state.flow_low_at, by_s),
        last_mist_at=_moved(state.last_mist_at, by_s),
        transpired=state.transpired and replace(state.transpired, at=state.transpired.at + by_s),
        water_log=tuple((at + by_s, litres) for at, litres in state.water_log),
        steering=state.steering and replace(state.steering, day=_moved(state.steering.day, by_s)),
    )


def _reservoir(state: ReservoirState, by_s: float) -> ReservoirState:
    """Caps, windows and mixing go on by elapsed time; so do the checks of probes and pumps."""
    dose, fill = state.dose, state.fill
    if dose is not None:
        dose = replace(
            dose,
            opened_at=dose.opened_at + by_s,
            stage_at=dose.stage_at + by_s,
            started_at=_moved(dose.started_at, by_s),
        )
    if fill is not None:
        fill = replace(
            fill,
            opened_at=fill.opened_at + by_s,
            stage_at=fill.stage_at + by_s,
            started_at=_moved(fill.started_at, by_s),
            rose_at=_moved(fill.rose_at, by_s),
            metered_at=_moved(fill.metered_at, by_s),
        )
    dosers = {
        key: replace(
            known,
            calibrated_at=_moved(known.calibrated_at, by_s),
            on_since=_moved(known.on_since, by_s),
            log=tuple((at + by_s, ml) for at, ml in known.log),
        )
        for key, known in state.dosers.items()
    }
    probes = {key: _probe(probe, by_s) for key, probe in state.probes.items()}
    return replace(
        state,
        dose=dose,
        fill=fill,
        dosers=dosers,
        probes=probes,
        trials={k: replace(t, since=t.since + by_s) for k, t in state.trials.items()},
        fills=tuple((at + by_s, litres) for at, litres in state.fills),
        moving_since=_moved(state.moving_since, by_s),
        dry_at=_moved(state.dry_at, by_s),
        disturbed_at=_moved(state.disturbed_at, by_s),
        feed_at=_moved(state.feed_at, by_s),
        acid_at=_moved(state.acid_at, by_s),
        base_at=_moved(state.base_at, by_s),
        closed_at=_moved(state.closed_at, by_s),
        readings=tuple((at + by_s, litres) for at, litres in state.readings),
    )
