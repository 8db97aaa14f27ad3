"""Builds the snapshots of nodes from a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..batches.forecast import Forecast, forecast, learned_kg_m2, outcomes_of
from ..batches.model import Batch
from ..batches.progress import Progress, progress
from ..farm.bindings import Binding
from ..farm.nodes import Circuit, Level, Reservoir, Zone
from ..farm.overrides import Mode, Step, WorkflowKind
from ..farm.roles import PROBES, Role, spec
from ..recipes.model import Recipe, SolutionQuantity
from ..science.light import LightDay
from . import (
    climate,
    co2,
    dose,
    doubts,
    drain,
    interlocks,
    readings,
    rollout_view,
    safety,
    solution,
    spectrum,
    steering,
    supply,
    watering,
    workflows,
)
from .draft import NO_ACTUATOR, NO_LEVEL, NO_POINT, NO_ZONE, Draft
from .effects import Publish
from .explain import change_of
from .light import ppfd_by
from .memory import ActuatorState, ProbeCheck, ProofState, Quality
from .plausible import TOLD
from .shot import FAILED_ENDS
from .snapshot import (
    ActuatorView,
    BatchView,
    CircuitSnapshot,
    FarmSnapshot,
    LatchView,
    LevelSnapshot,
    Measured,
    ReservoirSnapshot,
    Snapshot,
    Status,
    WorkflowView,
    ZoneSnapshot,
)
from .targets import LightTarget, Target, light_target
from .virtual import FLOW_LOW, MASS_BALANCE, POWER_MISMATCH

_WORST = (Status.CRITICAL, Status.WARNING, Status.OK, Status.IDLE)

#: Problems that put people, the crop or the room at risk.
_CRITICAL = frozenset(
    {
        "flow_lost",
        "inhibited",
        "leak",
        "mist_missed",
        "smoke",
        "co2_danger",
        "too_warm_off",
        "not_protected",
        "emergency",
        "lost_memory",
        "journal",
        "not_proved",
    }
)


#: How warm a zone is when its lamps give less.
_SHEDS = ("dim", "off")


def snapshots(d: Draft) -> list[Publish]:
    """The snapshots of the nodes that were looked at, in the order of their ids."""
    farm, seen, found = d.farm, d.seen, []
    nodes = farm.nodes
    # Sorting is dear where nearly everything was looked at.
    many = 4 * len(seen) > len(farm.ids)
    for key in [k for k in farm.ids if k in seen] if many else sorted(seen):
        node = nodes.get(key)
        make = _SNAPSHOTS.get(type(node))
        if make is not None:
            found.append(Publish(key, make(d, node)))
        elif key == farm.id:
            found.append(Publish(key, _farm(d)))
    return found


def is_critical(d: Draft, node: str) -> bool:
    """Whether a node is in a critical state."""
    known = d.farm.nodes.get(node)
    make = _SNAPSHOTS.get(type(known))
    return make is not None and make(d, known).status is Status.CRITICAL


def actuator_view(d: Draft, binding: Binding) -> ActuatorView:
    """One actuator as seen from outside."""
    return _seen(d, binding)[1]


def _seen(d: Draft, binding: Binding) -> tuple[ActuatorState, ActuatorView, set[str]]:
    """An actuator, its view and its problems. Kept until its state is another one: most have
    not changed when their node is shown anew."""
    state = d.actuators.now.get(binding.id, NO_ACTUATOR)
    known: tuple[ActuatorState, ActuatorView, set[str]] | None = d.shown_actuator.get(binding.id)
    if known is not None and known[0] is state:
        return known
    problems: set[str] = set()
    if state.latched or state.proof is ProofState.FAILED:
        problems.add("not_proved")
    elif state.reported is None:
        problems.add("actuator_missing")
    known = (state, _actuator_view(binding, state), problems)
    d.shown_actuator[binding.id] = known
    return known


def _actuator_view(binding: Binding, state: ActuatorState) -> ActuatorView:
    reason = state.reason
    return ActuatorView(
        binding.id,
        binding.role,
        None if state.reported is None else round(state.reported, 3),
        None if state.wanted is None else round(state.wanted, 3),
        state.proof,
        state.latched,
        reason.code if reason else "",
        reason.params if reason else {},
        reason.text if reason else "",
        change_of(reason.code) if reason else "",
    )


def batch_view(d: Draft, batch: Batch) -> BatchView:
    """One batch with its progress."""
    recipe = d.recipe(batch)
    outlook = progress(batch, recipe, d.now.farm)
    coming = forecast_of(d, batch, recipe, outlook)
    return BatchView(
        id=batch.id,
        title=batch.title,
        crop=batch.crop,
        recipe=recipe.id,
        recipe_version=recipe.version[:12],
        state=batch.state.value,
        phase=outlook.phase,
        phase_index=batch.phase_index,
        phases=tuple(p.name for p in recipe.phases),
        day_of_phase=_days(outlook.day_of_phase),
        days_left_in_phase=_days(outlook.days_left_in_phase),
        phase_ends_at=outlook.phase_ends_at,
        day_of_batch=_days(outlook.day_of_batch),
        fraction=round(outlook.fraction, 2),
        sown_at=batch.sown_at,
        expected_harvest_at=outlook.expected_harvest_at,
        plants=batch.plants,
        levels=tuple(p.level_id for p in batch.placements),
        ready_low_at=coming.ready_at.low,
        ready_high_at=coming.ready_at.high,
        forecast_low_kg=round(coming.kg.low, 3),
        forecast_kg=round(coming.kg.mid, 3),
        forecast_high_kg=round(coming.kg.high, 3),
        forecast_basis=coming.basis,
        harvested_kg=round(batch.harvested_kg, 3),
        **_waits(batch, recipe),
    )


def _waits(batch: Batch, recipe: Recipe) -> dict[str, Any]:
    """What ends the phase of a batch in place of its days, and how much of it there is."""
    ends, known = recipe.phases[batch.phase_index].exit, batch.ripening
    if ends is None or not batch.is_growing:
        return {}
    return {
        "waits_for": ends.ripe,
        "waits_got": None if known is None else round(known.gathered, 1),
        "waits_needed": ends.needed,
        "waits_modelled": known is not None and known.modelled,
    }


def forecast_of(
    d: Draft, batch: Batch, recipe: Recipe, outlook: Progress | None = None
) -> Forecast:
    """The forecast of a batch, by what this farm harvested of the same recipe before."""
    outcomes, learned = (recipe.id, "outcomes"), (recipe.version, "learned")
    history = d.derived.get(outcomes)
    if history is None:
        history = outcomes_of(d.batches.values(), d.recipes.now, recipe.id)
        d.derived[outcomes] = history
    known = d.derived.get(learned)
    if known is None:
        known = d.derived[learned] = learned_kg_m2(recipe, history)
    area, levels = 0.0, d.farm.level
    for p in batch.placements:
        level = levels.get(p.level_id)
        if level is not None:
            area += level.area_m2 * p.sites / level.sites
    now = d.now.farm
    return forecast(
        batch, recipe, now, history=history, area_m2=area, outlook=outlook, learned=known
    )


def _days(value: float) -> float:
    return round(value, 1)


def _measured(reading: readings.Reading, target: Target | None, digits: int) -> Measured:
    value = None if reading.value is None else round(reading.value, digits)
    if target is None:
        status = Status.IDLE
    elif value is None:
        status = Status.WARNING
    elif not target.critical.contains(value):
        status = Status.CRITICAL
    elif not target.warning.contains(value):
        status = Status.WARNING
    else:
        status = Status.OK
    return Measured(
        value,
        reading.quality,
        None if target is None or target.value is None else round(target.value, digits),
        status,
        target is not None and target.overridden,
    )


def _latches(d: Draft, node: str) -> tuple[LatchView, ...]:
    if not d.interlocks.now:
        return ()
    return tuple(
        LatchView(point=b.id, role=b.role, at=state.at) for b, state in interlocks.latches(d, node)
    )


def _workflow(d: Draft, node: str) -> WorkflowView | None:
    found = workflows.active(d, node)
    if found is None:
        return None
    until = None if found.step is Step.RINSE else found.until
    return WorkflowView(kind=found.kind, node=found.node, step=found.step, until=until, by=found.by)


def _bound(d: Draft, node: str) -> tuple[set[str], tuple[ActuatorView, ...]]:
    """The problems of the bound entities of a node, none while people have them in their hands, and
    its actuators."""
    found: set[str] = set()
    views = []
    for b in d.farm.actuators_of.get(node, ()):
        state, view, problems = _seen(d, b)
        views.append(view)
        if problems:
            found |= problems
        if state.unheeded and safety.is_unheeded(d, b, state):
            found.add("not_protected")
    if d.workflows.now and workflows.of_kind(d, node, WorkflowKind.MAINTENANCE) is not None:
        return set(), tuple(views)
    points, sensors = d.points.now, d.farm.sensors_of.get(node, ())
    for b in sensors:
        point = points.get(b.id, NO_POINT)
        if point.quality is not Quality.GOOD:
            told = point.problem if point.problem in TOLD else point.quality.value
            found.add(f"sensor_{told}")
        if len(sensors) > 1 and readings.disagree(d, node, b.role):
            found.add("sensor_disagreeing")
    if d.checks.now:
        checked = d.check(node).problems
        if POWER_MISMATCH in checked:
            found.add("power_mismatch")
        if MASS_BALANCE in checked:
            found.add("mass_balance")
    return found, tuple(views)


def _status(problems: set[str], measured: tuple[Measured, ...], *, used: bool) -> Status:
    if not problems and not measured:
        return Status.OK if used else Status.IDLE
    if problems & _CRITICAL:
        return Status.CRITICAL
    seen = {m.status for m in measured}
    if problems:
        seen.add(Status.WARNING)
    if used:
        seen.add(Status.OK)
    return next((s for s in _WORST if s in seen), Status.IDLE)


def _farm(d: Draft) -> FarmSnapshot:
    state = d.state
    problems = set()
    if state.emergency is not None:
        problems.add("emergency")
    if state.disarmed:
        problems.add("disarmed")
    if not state.journal_ok:
        problems.add("journal")
    if state.journal_slow:
        problems.add("journal_slow")
    if state.lost_memory:
        problems.add("lost_memory")
    if d.of(d.farm.id, Role.ENERGY_PRICE) and state.prices.mean(d.now.farm, d.now.farm + 1) is None:
        problems.add("prices_missing")
    unproved: tuple[str, ...] = ()
    if state.emergency is not None:
        unproved = tuple(
            b.id
            for b in d.farm.bindings
            if spec(b.role).is_actuator
            and b.declaration is not None
            and (d.actuator(b.id).is_on is not False or d.actuator(b.id).pending is not None)
        )
    batches = tuple(
        batch_view(d, batch)
        for batch in sorted(d.batches.values(), key=lambda b: (b.sown_at, b.id))
        if batch.is_growing
    )
    return FarmSnapshot(
        mode=state.mode,
        stage=state.stage,
        emergency=state.emergency is not None,
        emergency_unproved=unproved,
        disarmed=tuple(sorted(state.disarmed)),
        journal_ok=state.journal_ok,
        lost_memory=state.lost_memory,
        batches=batches,
        problems=tuple(sorted(problems)),
        status=_status(problems, (), used=bool(batches)),
        rollouts=rollout_view.views(d),
    )


def _zone(d: Draft, zone: Zone) -> ZoneSnapshot:
    seen = climate.view(d, zone)
    vpd = readings.Reading(seen.vpd, Quality.GOOD if seen.vpd is not None else Quality.MISSING)
    # CO2 is a target only while lit; in the dark its absence is no deviation.
    co2_target = seen.co2_target if d.zone(zone.id).day else None
    measured = (
        _measured(seen.temperature, seen.temperature_target, 1),
        _measured(seen.humidity, seen.humidity_target, 1),
        _measured(vpd, seen.vpd_target, 2),
        _measured(seen.co2, co2_target, 0),
    )
    problems, actuators = _bound(d, zone.id)
    state = d.zone(zone.id)
    over = state.over_temperature
    if over:
        if d.state.mode is Mode.MONITOR:
            # Nothing is dimmed for it.
            problems.add("no_temperature_told" if over == "unknown" else "too_warm_told")
        else:
            problems.add({"dim": "too_warm", "off": "too_warm_off"}.get(over, "no_temperature"))
    if zone.id in d.disjoint:
        problems.add("limits_disjoint")
    if co2.alarm(d, zone.id):
        problems.add("co2_danger")
    if state.co2 == "stop":
        problems.add("co2_high")
    if state.co2_empty:
        problems.add("co2_ineffective")
    if co2.detector_missing(d, zone):
        problems.add("co2_no_detector")
    if state.rise:
        problems.add("temperature_rising")
    if state.condensing:
        problems.add("condensation")
    if _blind(d, zone):
        problems.add("no_temperature_bound")
    if interlocks.latched(d, zone.id, Role.LEAK):
        problems.add("leak")
    if interlocks.latched(d, zone.id, Role.SMOKE):
        problems.add("smoke")
    if interlocks.door_told(d, zone.id):
        problems.add("door_open")
    return ZoneSnapshot(
        air_temperature=measured[0],
        humidity=measured[1],
        vpd=measured[2],
        co2=measured[3],
        dew_point=None if seen.dew_point is None else round(seen.dew_point, 1),
        day=d.zone(zone.id).day,
        latches=_latches(d, zone.id),
        workflow=_workflow(d, zone.id),
        actuators=actuators,
        sensors=doubts.views(d, zone.id) if problems else (),
        problems=tuple(sorted(problems)),
        status=_status(problems, measured, used=bool(d.zone_batches(zone.id))),
    )


def day_of(day: LightDay | None) -> float | None:
    """What a light day is known by."""
    return None if day is None else day.start_s


def _blind(d: Draft, zone: Zone) -> bool:
    """Whether nothing tells how warm a zone gets that has lamps or a heater."""
    if d.of(zone.id, Role.AIR_TEMPERATURE):
        return False
    levels = d.farm.levels_of_zone[zone.id]
    return bool(d.of(zone.id, Role.HEATER)) or any(d.farm.lamps_of_level[x.id] for x in levels)


def _next_lights_on(day: LightDay | None, now: float) -> float | None:
    """While lit, when the light came on; in the dark, when it comes on next."""
    if day is None:
        return None
    return day.start_s if now < day.end_s else day.next_start_s


def _level(d: Draft, level: Level) -> LevelSnapshot:
    key, place = level.id, d.farm.places[level.id]
    state = d.levels.now.get(key) or NO_LEVEL
    target = light_target(d, key)
    fixture = level.fixture
    problems, actuators = _bound(d, key)
    ppfd: float | None
    ppfd, source = ppfd_by(d, level, state.lamp)
    modelled = source == "modelled"
    if modelled and fixture is None:
        ppfd = None
    hot = (d.zones.now.get(place.zone) or NO_ZONE).over_temperature
    shed = hot in _SHEDS and state.lit and target is not None
    if shed and d.state.mode is not Mode.MONITOR:
        problems.add("light_shed")
    if place.supply and supply.limited(d, key):
        problems.add("supply_limit")
    lamp, night, day = state.lamp, state.night, state.light_day
    if lamp.stray:
        problems.add("light_in_dark")
    if lamp.frozen:
        problems.add("light_sensor_frozen")
    moved = night is not None and day_of(day) in (night.of, night.starts_at)
    grows = _NOTHING_GROWS if target is None else _grows(d, target)
    ratio, yesterday = lamp.ratio, state.dli_yesterday
    asked = _NOTHING_ASKED if target is None else _asked(d, level, target)
    # By position, in the order of the fields: named, this would take five times as long. What moves
    # every minute is rounded by whole numbers: `round` to digits goes by way of a text.
    return LevelSnapshot(
        grows.batch,
        grows.title,
        grows.crop,
        grows.phase,
        grows.day_of_phase,
        grows.fraction,
        grows.expected_harvest_at,
        state.lit,
        _next_lights_on(day, d.now.farm),
        None if day is None else day.end_s,
        None if ppfd is None else float(round(ppfd)),
        modelled,
        source,
        None if target is None else float(round(state.ppfd_target)),
        None if target is None else round(state.dli * 100) / 100,
        asked.dli,
        None if yesterday is None else round(yesterday, 2),
        actuators,
        tuple(sorted(problems)) if problems else (),
        _status(problems, (), used=target is not None) if problems or target is None else Status.OK,
        None if fixture is None else round(lamp.hours),
        None if fixture is None else round(spectrum.left(d, level), 2) if place.ages else 1.0,
        None if ratio is None else round(ratio * 100) / 100,
        round(night.shift_h, 2) if night is not None and moved else None,
        night.saving if night is not None and moved else None,
        asked.notes,
        _workflow(d, key) if d.workflows.now else None,
        doubts.views(d, key) if problems else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a level shows of what is asked of it: the same until something else is."""

    target: LightTarget | None = None
    dli: float | None = None
    notes: tuple[str, ...] = ()


_NOTHING_ASKED = _Asked()


def _asked(d: Draft, level: Level, target: LightTarget) -> _Asked:
    known: _Asked | None = d.asked_of_level.get(level.id)
    if known is None or known.target is not target:
        notes = spectrum.notes(d, level, target)
        known = _Asked(target=target, dli=round(target.dli, 1), notes=notes)
        d.asked_of_level[level.id] = known
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grows:
    """What a level shows of the batch on it: the same for all of its levels."""

    batch: str | None = None
    title: str | None = None
    crop: str | None = None
    phase: str | None = None
    day_of_phase: float | None = None
    fraction: float | None = None
    expected_harvest_at: float | None = None


_NOTHING_GROWS = _Grows()


def _grows(d: Draft, target: LightTarget) -> _Grows:
    batch = target.batch
    found: _Grows | None = d.shown_batch.get(batch.id)
    if found is None:
        outlook = progress(batch, d.recipe(batch), d.now.farm)
        found = _Grows(
            batch=batch.id,
            title=batch.title,
            crop=batch.crop,
            phase=outlook.phase,
            day_of_phase=_days(outlook.day_of_phase),
            fraction=round(outlook.fraction, 2),
            expected_harvest_at=outlook.expected_harvest_at,
        )
        d.shown_batch[batch.id] = found
    return found


def _reservoir(d: Draft, reservoir: Reservoir) -> ReservoirSnapshot:
    volume = readings.reading(d, reservoir.id, Role.VOLUME)
    measured = (
        _measured(
            readings.reading(d, reservoir.id, Role.SOLUTION_EC),
            solution.shown(d, reservoir, SolutionQuantity.EC),
            2,
        ),
        _measured(
            readings.reading(d, reservoir.id, Role.SOLUTION_PH),
            solution.shown(d, reservoir, SolutionQuantity.PH),
            2,
        ),
        _measured(
            readings.reading(d, reservoir.id, Role.SOLUTION_TEMPERATURE),
            solution.shown(d, reservoir, SolutionQuantity.WATER_TEMPERATURE),
            1,
        ),
        _measured(volume, None, 1),
        _measured(readings.reading(d, reservoir.id, Role.DISSOLVED_OXYGEN), None, 1),
    )
    problems, actuators = _bound(d, reservoir.id)
    if d.reservoir(reservoir.id).low:
        problems.add("volume_low")
    if interlocks.latched(d, reservoir.id, Role.LEAK):
        problems.add("leak")
    problems |= _tank_problems(d, reservoir)
    state = d.reservoir(reservoir.id)
    pump = None if state.dose is None else d.farm.binding.get(state.dose.point)
    waits, fill_waits = state.waits, state.fill_waits
    return ReservoirSnapshot(
        dose=None if state.dose is None else state.dose.id,
        dose_part=None if pump is None else pump.role,
        dose_ml=None if state.dose is None else round(state.dose.planned_ml, 1),
        dosed_today_ml=_today_ml(d, reservoir),
        dosing_code=waits.code if waits else "",
        dosing_params=waits.params if waits else {},
        dosing_reason=waits.text if waits else "",
        dosing_inhibited=waits is not None and waits.code not in BELONGS_TO_DOSING,
        probes=_probes(d, reservoir),
        fill=None if state.fill is None else state.fill.id,
        fill_l=None if state.fill is None else round(state.fill.planned_l, 1),
        filled_today_l=round(state.filled_today_l, 1),
        fill_code=fill_waits.code if fill_waits else "",
        fill_params=fill_waits.params if fill_waits else {},
        fill_reason=fill_waits.text if fill_waits else "",
        ec=measured[0],
        ph=measured[1],
        temperature=measured[2],
        volume=measured[3],
        oxygen=measured[4],
        fill_fraction=None
        if volume.value is None
        else round(volume.value / reservoir.capacity_l, 3),
        latches=_latches(d, reservoir.id),
        workflow=_workflow(d, reservoir.id),
        actuators=actuators,
        sensors=doubts.views(d, reservoir.id) if problems else (),
        problems=tuple(sorted(problems)),
        status=_status(problems, measured[:3], used=bool(solution.batches_of(d, reservoir.id))),
    )


def _today_ml(d: Draft, reservoir: Reservoir) -> dict[Role, float]:
    """What each dosing pump has given since midnight, by its role."""
    found: dict[Role, float] = {}
    state = d.reservoir(reservoir.id)
    for b in dose.pumps(d, reservoir.id):
        found[b.role] = round(found.get(b.role, 0.0) + dose.doser(state, b.id).today_ml, 1)
    return found


def _probes(d: Draft, reservoir: Reservoir) -> dict[Role, ProbeCheck]:
    """What is known of the probes that dosing goes by."""
    if not solution.is_dosed(d, reservoir.id):
        return {}
    found = {role: solution.checked(d, reservoir, role)[0] for role in PROBES}
    return {role: check for role, check in found.items() if check is not None}


#: The waits that belong to dosing: nothing is due, or the solution is at work. All others inhibit
#: it, whether they pass by themselves or wait for a person.
BELONGS_TO_DOSING = frozenset(
    {
        "dose_in_band",
        "dose_no_target",
        "dose_mixing",
        "dose_water_out",
        "dose_fill",
        "min_off",
    }
)

#: What keeps a reservoir from being dosed or filled until a person does something: shown as a
#: problem. What passes by itself, such as mixing, is none.
ASKS_FOR_PEOPLE = frozenset(
    {
        "dose_ineffective",
        "dose_low_ec",
        "dose_failed",
        "dose_disjoint",
        "dose_source_unknown",
        "dose_uncalibrated",
        "dose_calibration_expired",
        "dose_cap_day",
        "dose_cap_tank",
        "dose_no_circulation",
        "probe_unverified",
        "probe_expired",
        "fill_no_rise",
        "fill_failed",
        "fill_passes",
        "fill_cap",
    }
)


def _tank_problems(d: Draft, reservoir: Reservoir) -> set[str]:
    state = d.reservoir(reservoir.id)
    if state.waits is None and state.fill_waits is None:
        return set()
    codes = {why.code for why in (state.waits, state.fill_waits) if why is not None}
    # Also behind another reason: a person has to look at it all the same.
    if state.inhibit:
        codes.add(f"dose_{state.inhibit}")
    if state.fill_inhibit:
        codes.add(f"fill_{state.fill_inhibit}")
    return codes & ASKS_FOR_PEOPLE


def _rounded(d: Draft, node: str, role: Role, digits: int) -> float | None:
    value = readings.reading(d, node, role).value
    return None if value is None else round(value, digits)


def _circuit(d: Draft, circuit: Circuit) -> CircuitSnapshot:
    state = d.circuit(circuit.id)
    shot = state.shot
    problems, actuators = _bound(d, circuit.id)
    pumps = watering.pumps(d, circuit)
    actuators = (*actuators, *(actuator_view(d, b) for b in pumps))
    for b in pumps:
        if d.actuator(b.id).latched:
            problems.add("not_proved")
    checked = d.check(circuit.pump).problems
    if POWER_MISMATCH in checked:
        problems.add("power_mismatch")
    if FLOW_LOW in checked:
        problems.add("flow_low")
    if watering.not_controlled(d, circuit):
        problems.add("water_not_planned")
    if not watering.dry_run_protected(d, circuit):
        problems.add("no_dry_run_protection")
    block = watering.blocked(d, circuit)
    if block is not None:
        problems.add(block[1].code)
    if state.last_end in FAILED_ENDS:
        problems.add(f"shot_{state.last_end.value}")
    if state.inhibited:
        problems.add("inhibited")
    if state.meter_dead:
        problems.add("meter_dead")
    if state.unknown:
        problems.add("table_unknown")
    if state.drain_blocked:
        problems.add("drain_blocked")
    if state.flow_lost:
        problems.add("flow_lost")
    if state.missed:
        problems.add("mist_late" if state.missed == 1 else "mist_missed")
    left = watering.room_l(d, circuit)
    if left is not None and left <= 0:
        problems.add("daily_litres")
    found = watering.plan_of(d, circuit)
    used = found is not None
    steered = None if found is None else found[1].steering
    by_schedule = watering.by_schedule(d, circuit)
    if by_schedule:
        problems.add("moisture_frozen" if steering.frozen(state) else "by_schedule")
    elif watering.by_light(d, circuit):
        problems.add("by_light")
    if state.cycling:
        # Every mist would be a change: a cycle is shown as one.
        shot = None
    vwc = readings.reading(d, circuit.id, Role.SUBSTRATE_MOISTURE)
    dryback = steering.dryback_points(state, vwc.value)
    runoff, of_day = state.runoff, drain.runoff_of_day_pct(state)
    return CircuitSnapshot(
        shot=shot.id if shot else None,
        stage=shot.stage if shot else None,
        planned_s=shot.planned_s if shot else None,
        next_shot_at=watering.next_shot(d, circuit),
        last_shot_at=state.last_shot_at,
        last_end=state.last_end,
        last_delivered_l=None
        if state.last_delivered_l is None
        else round(state.last_delivered_l, 1),
        shots_today=state.shots_today,
        litres_today=round(state.litres_today, 1),
        workflow=_workflow(d, circuit.id),
        cycling=state.cycling,
        inhibited=state.inhibited,
        by_schedule=by_schedule,
        steering=None if steered is None or state.steering is None else state.steering.phase,
        moisture=None if vwc.value is None else round(vwc.value, 1),
        dryback_points=None if dryback is None else round(dryback, 1),
        dryback_target_points=None if steered is None else steered.p3_dryback_points,
        substrate_ec=_rounded(d, circuit.id, Role.SUBSTRATE_EC, 2),
        substrate_temperature=_rounded(d, circuit.id, Role.SUBSTRATE_TEMPERATURE, 1),
        drain_ec=_rounded(d, circuit.id, Role.DRAIN_EC, 2),
        runoff_pct=None if runoff is None else runoff.last_pct,
        runoff_today_pct=None if of_day is None else round(of_day),
        actuators=actuators,
        sensors=doubts.views(d, circuit.id, circuit.pump),
        problems=tuple(sorted(problems)),
        status=_status(problems, (), used=used),
    )


_SNAPSHOTS: Mapping[type, Callable[[Draft, Any], Snapshot]] = {
    Level: _level,
    Zone: _zone,
    Reservoir: _reservoir,
    Circuit: _circuit,
}
