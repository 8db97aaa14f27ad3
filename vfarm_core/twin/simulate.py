"""Run a simulated farm under the runtime for days, and say what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..batches.lead import EmptyBand, combine
from ..batches.model import Batch
from ..batches.progress import progress
from ..control.inputs import Harvest, StartBatch
from ..control.memory import Memory
from ..farm.nodes import Farm
from ..recipes.model import ClimateQuantity, Recipe, Setpoint
from ..runtime.ports import JournalWriter
from ..runtime.runtime import Runtime
from ..science.air import vpd_air_kpa
from .checks import first_checks
from .config import TwinConfig
from .farm import Twin
from .ports import Collector, MemoryJournal, SimClock, TwinActuators

DAY_S = 86400.0


class SimulationError(ValueError):
    """A farm that cannot be simulated as asked; `key` and the message say why."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class LightDayReport:
    """One complete light day of a batch: what its recipe asked and what the plants got, mol/m²."""

    starts_at: float
    target: float
    delivered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """What became of a batch. `dli_*` are means and `light_*` sums over the complete light days
    (mol/m², mean of its levels), `incident_mol_m2` is all light since sowing. `yield_kg` is what
    was or would be harvested, `gained_kg` the harvestable fresh mass it put on during the
    simulation, `fresh_g_per_plant` a plant's shoot. `kwh` is its lamps and, by their share in its
    zone's lamps, what the zone's climate and pumps took; kWh/kg is per kg gained.
    """

    id: str
    title: str
    crop: str
    recipe: str
    state: str
    phase: str
    day_of_batch: float
    harvested_at: float | None
    plants: int
    area_m2: float
    yield_kg: float
    yield_kg_m2: float
    gained_kg: float
    fresh_g_per_plant: float
    dry_g_per_plant: float
    dli_target: float | None
    dli_delivered: float | None
    light_target_mol_m2: float
    light_delivered_mol_m2: float
    incident_mol_m2: float
    lamp_kwh: float
    lamp_kwh_per_kg: float | None
    kwh: float
    kwh_per_kg: float | None
    transpired_l_m2: float
    light_days: tuple[LightDayReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReport:
    """Minutes that the true air of a zone was outside its batches' limits, of the minutes in which
    there were limits."""

    zone: str
    quantity: str
    minutes_outside_warning: float
    minutes_outside_critical: float
    minutes_with_limits: float
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmReport:
    """What came of a simulation. Energies kWh, water L, masses kg fresh."""

    farm: str
    seed: int
    starts_at: float
    simulated_days: float
    wall_seconds: float
    batches: tuple[BatchReport, ...]
    limits: tuple[LimitReport, ...]
    minutes_outside_warning: Mapping[str, float]
    minutes_outside_critical: Mapping[str, float]
    kwh: Mapping[str, float]
    kwh_total: float
    litres: Mapping[str, float]
    co2_kg: float
    harvested_kg: float
    produced_kg: float
    kwh_per_kg: float | None
    litres_per_kg: float | None
    shots: int
    shots_by_end: Mapping[str, int]
    shot_litres: float
    commands: int
    events: int
    events_by_kind: Mapping[str, int]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """Counts of one zone and quantity."""

    minutes: float = 0.0
    warning: float = 0.0
    critical: float = 0.0
    total: float = 0.0
    lowest: float = float("inf")
    highest: float = float("-inf")

    def add(self, value: float, setpoint: Setpoint, day: bool, minutes: float) -> None:
        self.minutes += minutes
        self.total += value * minutes
        self.lowest = min(self.lowest, value)
        self.highest = max(self.highest, value)
        if not setpoint.warning(day).contains(value):
            self.warning += minutes
        if not setpoint.critical(day).contains(value):
            self.critical += minutes


@dataclass(slots=True)
class _Grown:
    """What is kept of a batch while it is simulated."""

    batch: Batch
    recipe: Recipe
    start_kg: float = 0.0
    area_m2: float = 0.0
    harvested_at: float | None = None
    yield_kg: float = 0.0
    fresh_g: float = 0.0
    dry_g: float = 0.0
    incident: float = 0.0
    lamp_j: float = 0.0
    lamp_j_by_level: dict[str, float] = field(default_factory=dict)
    transpired_l: float = 0.0
    light_days: list[LightDayReport] = field(default_factory=list)


class Simulation:
    """A simulated farm with its runtime. `step` moves both to the next thing that happens."""

    def __init__(
        self,
        farm: Farm,
        batches: Sequence[Batch],
        recipes: Mapping[str, Recipe],
        *,
        start: float,
        config: TwinConfig | None = None,
        disk: JournalWriter | None = None,
        show: bool = False,
    ) -> None:
        """`disk` takes the records in place of `journal`, which is in memory only. With `show` the
        runtime keeps snapshots of its nodes."""
        self.farm = farm
        self.clock = SimClock(start)
        self.twin = Twin(farm, config, start=start)
        self.listener = Collector()
        self.journal = MemoryJournal()
        self._disk = disk or self.journal
        self._show = show
        self.actuators = TwinActuators(self.twin)
        self.runtime = self._boot(None)
        self._batches: Mapping[str, Batch] | None = None
        for batch in batches:
            self.start_batch(batch, recipes[batch.recipe_version])
        self.follow_batches()

    def start_batch(self, batch: Batch, recipe: Recipe) -> None:
        """Start a batch now. Raises SimulationError."""
        answer = self.runtime.request(StartBatch(batch=batch, recipe=recipe, by="simulation"))
        if answer.refused is not None:
            why = ", ".join(f"{k} {v}" for k, v in answer.params.items())
            raise SimulationError(
                answer.refused, f"batch {batch.title!r} cannot start: {answer.refused}: {why}"
            )

    def _boot(self, memory: Memory | None) -> Runtime:
        runtime = Runtime(
            self.farm,
            clock=self.clock,
            actuators=self.actuators,
            journal=self._disk,
            listener=self.listener,
            memory=memory,
            show=self._show,
        )
        self.actuators.feed = runtime.feed
        runtime.start(self.twin.all_reports())
        return runtime

    def restart(self, memory: Memory | None, *, down_s: float) -> None:
        """The process was killed, and comes back after `down_s` with what its journal knows;
        meanwhile the hardware goes on by itself."""
        self.actuators.feed = lambda _: None
        self.clock.advance_to(self.now + down_s)
        self.twin.advance(self.now)
        self.twin.take_reports()
        self.runtime = self._boot(memory)
        self.follow_batches()

    @property
    def now(self) -> float:
        """Farm time."""
        return self.clock.now().farm

    def follow_batches(self) -> bool:
        """Tell the twin where plants stand when that has changed; whether it has."""
        memory = self.runtime.memory
        if memory.batches is self._batches:
            return False
        self._batches = memory.batches
        self.twin.set_batches(memory.batches.values(), memory.recipes)
        return True

    def step(self, until: float) -> None:
        """Move on to the next event, but not beyond `until`."""
        due = self.clock.farm_time_of(self.runtime.due)
        to = min(self.twin.next_event, until)
        if due is not None:
            to = min(to, due)
        self.clock.advance_to(to)
        self.twin.advance(self.now)
        reports = self.twin.take_reports()
        if reports:
            self.runtime.feed(*reports)
        if self.runtime.due.passed(self.clock.now()):
            self.runtime.tick()
            if self.runtime.due.passed(self.clock.now()):
                # Due at once again: the clock has to move for anything to change.
                self.clock.advance_to(self.now + 0.001)
        self.follow_batches()

    def run_until(self, until: float) -> None:
        """Move on to a farm time."""
        while self.now < until:
            self.step(until)


def simulate(
    farm: Farm,
    batches: Sequence[Batch],
    recipes: Mapping[str, Recipe],
    days: float,
    seed: int | None = None,
    progress: Callable[[float], None] | None = None,
    *,
    start: float | None = None,
    config: TwinConfig | None = None,
) -> FarmReport:
    """Run a farm for `days` from `start` (the batches' time when None) and report.

    `recipes` by version. `seed` replaces that of `config`. Probes and dosing pumps are checked when
    it begins. Batches are harvested when their recipe says so; the others are reported as they
    stand. `progress` is called with the days done. Raises SimulationError.
    """
    if not 0 < days <= 3660:
        raise SimulationError("days", f"days is {days:g}; it must be more than 0, at most 3660")
    missing = [b.title for b in batches if b.recipe_version not in recipes]
    if missing:
        raise SimulationError("recipe_missing", f"no recipe is given for {', '.join(missing)}")
    if config is None:
        config = TwinConfig()
    if seed is not None and seed != config.seed:
        config = _with_seed(config, seed)
    if start is None:
        start = max((_began(b) for b in batches), default=0.0)
    wall = time.perf_counter()
    simulation = Simulation(farm, batches, recipes, start=start, config=config)
    for check in first_checks(farm, config):
        simulation.runtime.request(check)
    run = _Run(simulation)
    end = start + days * DAY_S
    at = start
    while at < end:
        at = min(at + 60.0, end)
        simulation.run_until(at)
        run.observe(at)
        if progress is not None and (at - start) % 3600 < 60:
            progress((at - start) / DAY_S)
    if progress is not None:
        progress(days)
    return run.report(seed=config.seed, start=start, wall_s=time.perf_counter() - wall)


def _began(batch: Batch) -> float:
    """When the batch came to where and how it stands."""
    return max([batch.phase_started_at, *(p.since for p in batch.placements)])


def _with_seed(config: TwinConfig, seed: int) -> TwinConfig:
    return replace(config, seed=seed)


class _Run:
    """Watches a simulation and adds up."""

    def __init__(self, simulation: Simulation) -> None:
        self._s = simulation
        twin = simulation.twin
        self._grown: dict[str, _Grown] = {}
        memory = simulation.runtime.memory
        for batch in memory.batches.values():
            grown = _Grown(batch=batch, recipe=memory.recipes[batch.recipe_version])
            grown.start_kg = twin.harvest_kg(batch.id)
            self._grown[batch.id] = grown
        self._day_start: dict[str, tuple[float, float, float]] = {}
        self._tally: dict[tuple[str, ClimateQuantity], _Tally] = {}
        self._setpoints: dict[str, Mapping[ClimateQuantity, Setpoint]] = {}
        self._batches: object = None
        self._at = simulation.now
        self._start = simulation.now

    def observe(self, now: float) -> None:
        """Once a minute."""
        minutes = (now - self._at) / 60
        self._at = now
        runtime = self._s.runtime
        if runtime.memory.batches is not self._batches:
            self._batches = runtime.memory.batches
            self._find_setpoints()
        self._light()
        self._air(minutes)
        if now % 600 < 60:
            self._harvest(now)

    def _find_setpoints(self) -> None:
        memory, farm = self._s.runtime.memory, self._s.farm
        for zone in farm.zones:
            here = {level.id for level in farm.levels_of_zone[zone.id]}
            climates = {
                b.id: memory.recipes[b.recipe_version].phases[b.phase_index].climate
                for b in memory.batches.values()
                if b.is_growing and here & set(b.levels)
            }
            lead = zone.lead_batch if zone.lead_batch in climates else None
            try:
                self._setpoints[zone.id] = combine(climates, lead=lead) if climates else {}
            except EmptyBand:
                self._setpoints[zone.id] = {}

    def _air(self, minutes: float) -> None:
        for zone_id, setpoints in self._setpoints.items():
            if not setpoints:
                continue
            air = self._s.twin.zones[zone_id].air
            state = self._s.runtime.memory.zones.get(zone_id)
            day = state is not None and state.day
            humidity = air.humidity_pct
            values = {
                ClimateQuantity.AIR_TEMPERATURE: air.t,
                ClimateQuantity.HUMIDITY: humidity,
                ClimateQuantity.VPD: vpd_air_kpa(air.t, humidity),
                ClimateQuantity.CO2: air.co2_ppm,
            }
            for quantity, setpoint in setpoints.items():
                tally = self._tally.setdefault((zone_id, quantity), _Tally())
                tally.add(values[quantity], setpoint, day, minutes)

    def _light(self) -> None:
        """Close the light day of every level whose next one has begun."""
        twin, memory = self._s.twin, self._s.runtime.memory
        for level_id, state in memory.levels.items():
            day = state.light_day
            level = twin.levels.get(level_id)
            if day is None or level is None:
                continue
            known = self._day_start.get(level_id)
            if known is not None and known[0] == day.start_s:
                continue
            if known is not None and known[0] >= self._start - 60:
                for batch_id in level.stands:
                    self._grown[batch_id].light_days.append(
                        LightDayReport(
                            starts_at=known[0],
                            target=known[2],
                            delivered=level.mol_m2 - known[1],
                        )
                    )
            self._day_start[level_id] = (day.start_s, level.mol_m2, self._dli_target(level_id))

    def _dli_target(self, level_id: str) -> float:
        memory = self._s.runtime.memory
        for batch_id in self._s.twin.levels[level_id].stands:
            batch = memory.batches[batch_id]
            return memory.recipes[batch.recipe_version].phases[batch.phase_index].light.dli
        return 0.0

    def _harvest(self, now: float) -> None:
        memory = self._s.runtime.memory
        for batch in list(memory.batches.values()):
            if not batch.is_growing:
                continue
            recipe = memory.recipes[batch.recipe_version]
            outlook = progress(batch, recipe, now)
            last = batch.phase_index == len(recipe.phases) - 1
            if last and now >= outlook.expected_harvest_at:
                grown = self._grown[batch.id]
                self._measure(grown)
                grown.harvested_at = now
                self._s.runtime.request(
                    Harvest(batch=batch.id, kg=round(grown.yield_kg, 3), by="simulation")
                )
        self._s.follow_batches()

    def _measure(self, grown: _Grown) -> None:
        twin = self._s.twin
        stands = twin.stands(grown.batch.id)
        if not stands:
            return
        grown.yield_kg = twin.harvest_kg(grown.batch.id)
        grown.area_m2 = sum(s.area_m2 for _, s in stands)
        plants = sum(s.plants for _, s in stands)
        grown.fresh_g = sum(s.fresh_g * s.plants for _, s in stands) / plants
        grown.dry_g = sum(s.shoot_dry_g * s.plants for _, s in stands) / plants
        grown.incident = sum(s.incident_mol_m2 * s.area_m2 for _, s in stands) / grown.area_m2
        grown.transpired_l = sum(s.transpired_l for _, s in stands)
        grown.lamp_j_by_level = {level: s.lamp_j for level, s in stands}
        grown.lamp_j = sum(grown.lamp_j_by_level.values())

    def report(self, *, seed: int, start: float, wall_s: float) -> FarmReport:
        """Everything that came of it."""
        s = self._s
        for grown in self._grown.values():
            if grown.harvested_at is None:
                self._measure(grown)
        batches = tuple(self._batch(g) for g in self._grown.values())
        kwh = dict(s.twin.energy_kwh)
        total = sum(kwh.values())
        litres = dict(s.twin.litres)
        produced = sum(b.gained_kg for b in batches)
        kinds = Counter(event.kind for event in s.listener.events)
        shots = [e for e in s.listener.events if e.kind == "shot_ended"]
        limits = tuple(self._limits())
        return FarmReport(
            farm=s.farm.name,
            seed=seed,
            starts_at=start,
            simulated_days=round((s.now - start) / DAY_S, 6),
            wall_seconds=wall_s,
            batches=batches,
            limits=limits,
            minutes_outside_warning=_by_quantity(limits, "minutes_outside_warning"),
            minutes_outside_critical=_by_quantity(limits, "minutes_outside_critical"),
            kwh=kwh,
            kwh_total=total,
            litres=litres,
            co2_kg=s.twin.co2_injected_g / 1000,
            harvested_kg=sum(b.yield_kg for b in batches if b.harvested_at is not None),
            produced_kg=produced,
            kwh_per_kg=total / produced if produced > 0 else None,
            litres_per_kg=litres["refilled"] / produced if produced > 0 else None,
            shots=len(shots),
            shots_by_end=dict(Counter(str(e.params["end"]) for e in shots)),
            shot_litres=sum(float(e.params["delivered_l"]) for e in shots),
            commands=s.actuators.sent,
            events=len(s.listener.events),
            events_by_kind=dict(kinds),
        )

    def _batch(self, g: _Grown) -> BatchReport:
        now = self._s.now
        batch = self._s.runtime.memory.batches[g.batch.id]
        outlook = progress(batch, g.recipe, now)
        complete = _by_day(g.light_days)
        gained = g.yield_kg - g.start_kg
        lamp_kwh = g.lamp_j / 3.6e6
        kwh = lamp_kwh + self._shared_j(g) / 3.6e6
        return BatchReport(
            id=batch.id,
            title=batch.title,
            crop=batch.crop,
            recipe=batch.recipe_id,
            state=batch.state.value,
            phase=outlook.phase,
            day_of_batch=outlook.day_of_batch,
            harvested_at=g.harvested_at,
            plants=batch.plants,
            area_m2=g.area_m2,
            yield_kg=g.yield_kg,
            yield_kg_m2=g.yield_kg / g.area_m2 if g.area_m2 else 0.0,
            gained_kg=gained,
            fresh_g_per_plant=g.fresh_g,
            dry_g_per_plant=g.dry_g,
            dli_target=_mean([d.target for d in complete]),
            dli_delivered=_mean([d.delivered for d in complete]),
            light_target_mol_m2=sum(d.target for d in complete),
            light_delivered_mol_m2=sum(d.delivered for d in complete),
            incident_mol_m2=g.incident,
            lamp_kwh=lamp_kwh,
            lamp_kwh_per_kg=lamp_kwh / gained if gained > 0.01 else None,
            kwh=kwh,
            kwh_per_kg=kwh / gained if gained > 0.01 else None,
            transpired_l_m2=g.transpired_l / g.area_m2 if g.area_m2 else 0.0,
            light_days=tuple(complete),
        )

    def _shared_j(self, g: _Grown) -> float:
        """What the climate of its zones took for a batch: heat and vapour follow the lamps."""
        shared = 0.0
        for level, lamp_j in g.lamp_j_by_level.items():
            zone = self._s.twin.zones[self._s.farm.zone_of_level[level]]
            if zone.lamps_total_j > 0:
                shared += zone.other_total_j * lamp_j / zone.lamps_total_j
        return shared

    def _limits(self) -> list[LimitReport]:
        return [
            LimitReport(
                zone=zone,
                quantity=quantity.value,
                minutes_outside_warning=round(t.warning, 1),
                minutes_outside_critical=round(t.critical, 1),
                minutes_with_limits=round(t.minutes, 1),
                mean=t.total / t.minutes,
                lowest=t.lowest,
                highest=t.highest,
            )
            for (zone, quantity), t in self._tally.items()
            if t.minutes > 0
        ]


def _by_day(light_days: Sequence[LightDayReport]) -> list[LightDayReport]:
    """One entry a day: the mean of a batch's levels."""
    days: dict[float, list[LightDayReport]] = {}
    for day in light_days:
        days.setdefault(day.starts_at, []).append(day)
    return [
        LightDayReport(
            starts_at=at,
            target=sum(d.target for d in found) / len(found),
            delivered=sum(d.delivered for d in found) / len(found),
        )
        for at, found in sorted(days.items())
    ]


def _by_quantity(limits: Sequence[LimitReport], name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for limit in limits:
        found[limit.quantity] = found.get(limit.quantity, 0.0) + getattr(limit, name)
    return found


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
