"""Quality of control: the same farm, plants, weather and sensors under vfarm and under plain
automations, judged by one judge.

The judge sees what a controller cannot: the true air and light of the twin. Once a minute each
quantity of a room's air is compared with the warning and critical limits of its batches, by day
where the recipes plan light and by night otherwise. Minutes count where there is a limit: a band
that is open on both sides, such as VPD by night, counts for nobody. Light is counted over complete
light days, lights-on to lights-on.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from ..batches.model import Batch
from ..batches.progress import progress as progress_of
from ..control.inputs import Harvest
from ..farm.nodes import Farm
from ..recipes.model import Band, ClimateQuantity, Recipe, Setpoint
from ..science.air import vpd_air_kpa
from ..science.light import LightDay
from .baseline import PlainAutomations, oldest_first, phase_of, planned_day, zone_climate
from .farm import Twin
from .load import Plot
from .simulate import Simulation, SimulationError

DAY_S = 86400.0
#: What control is to reach: minutes inside the limits, %, and every light day's DLI within ± %.
WARNING_PCT = 95.0
CRITICAL_PCT = 99.9
DLI_PCT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AirQuality:
    """One quantity of one room. Percentages are of the minutes with such a limit, None when there
    were none. `off_target` is the mean distance from the recipe's target of the hour, in the
    quantity's unit; None where the recipe has no target. `lowest` and `highest` are of all the
    minutes, with limits or without. `outside_by_hour` has the minutes outside of warning limits by
    local hour of the day, "07"."""

    zone: str
    quantity: str
    minutes_with_warning: float
    minutes_outside_warning: float
    inside_warning_pct: float | None
    minutes_with_critical: float
    minutes_outside_critical: float
    inside_critical_pct: float | None
    off_target: float | None
    mean: float
    lowest: float
    highest: float
    outside_by_hour: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchQuality:
    """Light and yield of one batch: DLI in mol/m²/d as means over its complete light days,
    `dli_worst_day_pct` the day furthest from its target. `yield_kg` is what was or would be
    harvested, `gained_kg` what of it grew during the run, fresh."""

    id: str
    title: str
    crop: str
    light_days: int
    dli_target: float | None
    dli_delivered: float | None
    dli_deviation_pct: float | None
    dli_worst_day_pct: float | None
    harvested_on_day: float | None
    yield_kg: float
    gained_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DliQuality:
    """Light of all batches. `deviation_pct` compares all the light, weighted by area."""

    deviation_pct: float | None
    worst_batch_pct: float | None
    worst_day_pct: float | None
    light_days: int
    days_within: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A target and the worst that was found: of any quantity of any room, of any light day, %."""

    target: float
    worst: float | None
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What came of one side. Minutes inside the limits are of all rooms and quantities together;
    `lamp_overload_minutes` are those in which lamps asked for more than their supply carries."""

    inside_warning_pct: float | None
    inside_critical_pct: float | None
    dli: DliQuality
    targets: Mapping[str, Verdict]
    air: tuple[AirQuality, ...]
    batches: tuple[BatchQuality, ...]
    kwh: Mapping[str, float]
    kwh_total: float
    litres: Mapping[str, float]
    co2_kg: float
    gained_kg: float
    kwh_per_kg: float | None
    commands: int
    shots: int
    lamp_overload_minutes: float
    wall_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Both sides of one run."""

    days: float
    seed: int
    vfarm: Side
    baseline: Side

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


class Controlled(Protocol):
    """A simulated farm and what controls it."""

    @property
    def twin(self) -> Twin:
        """The farm's truth."""

    @property
    def batches(self) -> Mapping[str, Batch]:
        """The batches as they stand."""

    @property
    def commands(self) -> int:
        """Commands to devices so far."""

    @property
    def shots(self) -> int:
        """Irrigation shots begun so far."""

    def run_until(self, until: float) -> None:
        """Move on to a farm time."""

    def harvest(self, batch: str, kg: float) -> None:
        """A batch is harvested now."""


class UnderRuntime:
    """The farm under vfarm. Raises SimulationError when a batch cannot start."""

    def __init__(self, plot: Plot) -> None:
        self._s = Simulation(
            plot.farm, plot.batches, plot.recipes, start=plot.start, config=plot.config
        )
        self.twin = self._s.twin

    @property
    def batches(self) -> Mapping[str, Batch]:
        """The batches as the runtime has them."""
        return self._s.runtime.memory.batches

    @property
    def commands(self) -> int:
        """Commands sent."""
        return self._s.actuators.sent

    @property
    def shots(self) -> int:
        """Shots started."""
        return sum(event.kind == "shot_started" for event in self._s.listener.events)

    def run_until(self, until: float) -> None:
        """Move on to a farm time."""
        self._s.run_until(until)

    def harvest(self, batch: str, kg: float) -> None:
        """Tell the runtime of a harvest."""
        self._s.runtime.request(Harvest(batch=batch, kg=kg, by="simulation"))
        self._s.follow_batches()


def compare(plot: Plot, days: float, tell: Callable[[float], None] | None = None) -> QualityReport:
    """Run a farm for `days` under vfarm and again under plain automations. `tell` is called with
    the days done, of twice `days`. Raises SimulationError."""
    if not 0 < days <= 3660:
        raise SimulationError("days", f"days is {days:g}; it must be more than 0, at most 3660")
    plain = PlainAutomations(
        plot.farm, plot.batches, plot.recipes, start=plot.start, config=plot.config
    )
    vfarm = judge(UnderRuntime(plot), plot, days, tell)
    rest = None if tell is None else lambda done: tell(days + done)
    return QualityReport(
        days=days,
        seed=plot.config.seed,
        vfarm=vfarm,
        baseline=judge(plain, plot, days, rest),
    )


def judge(
    run: Controlled, plot: Plot, days: float, tell: Callable[[float], None] | None = None
) -> Side:
    """Run one side for `days` from the plot's start and judge it."""
    wall = time.perf_counter()
    judging = _Judge(run, plot)
    end = plot.start + days * DAY_S
    at = plot.start
    while at < end:
        at = min(at + 60.0, end)
        run.run_until(at)
        judging.look(at)
        if tell is not None and (at - plot.start) % 3600 < 60:
            tell((at - plot.start) / DAY_S)
    return judging.verdict(time.perf_counter() - wall)


@dataclass(slots=True)
class _Tally:
    """Minutes of one quantity of one room."""

    minutes: float = 0.0
    total: float = 0.0
    lowest: float = float("inf")
    highest: float = float("-inf")
    warning: float = 0.0
    outside_warning: float = 0.0
    critical: float = 0.0
    outside_critical: float = 0.0
    aimed: float = 0.0
    off: float = 0.0
    #: minutes outside of warning limits by the hour since the epoch
    hours: dict[int, float] = field(default_factory=dict)

    def add(self, value: float, setpoint: Setpoint, day: bool, minutes: float, hour: int) -> None:
        self.minutes += minutes
        self.total += value * minutes
        self.lowest = min(self.lowest, value)
        self.highest = max(self.highest, value)
        with_limit, outside = _outside(setpoint.warning(day), value, minutes)
        self.warning += with_limit
        self.outside_warning += outside
        if outside:
            self.hours[hour] = self.hours.get(hour, 0.0) + outside
        with_limit, outside = _outside(setpoint.critical(day), value, minutes)
        self.critical += with_limit
        self.outside_critical += outside
        target = setpoint.at(day)
        if target is not None:
            self.aimed += minutes
            self.off += abs(value - target) * minutes


def _outside(band: Band, value: float, minutes: float) -> tuple[float, float]:
    """Minutes with a limit, and those of them outside of it."""
    if band.is_open:
        return 0.0, 0.0
    return minutes, 0.0 if band.contains(value) else minutes


@dataclass(slots=True)
class _Grown:
    """What is kept of a batch."""

    start_kg: float
    area_m2: float
    harvested_at: float | None = None
    yield_kg: float = 0.0
    #: target and delivered of complete light days, one of each level, mol/m²
    light: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A light day that has begun on a level: its target, and the level's light until then."""

    start_s: float
    target: float
    mol_m2: float


class _Judge:
    """Watches one side."""

    def __init__(self, run: Controlled, plot: Plot) -> None:
        self._run = run
        self._farm: Farm = plot.farm
        self._recipes: Mapping[str, Recipe] = plot.recipes
        self._start = self._at = plot.start
        self._batches: Mapping[str, Batch] | None = None
        self._climate: dict[str, Mapping[ClimateQuantity, Setpoint]] = {}
        self._days: dict[str, LightDay | None] = {}
        self._begun: dict[str, _Begun] = {}
        self._tally: dict[tuple[str, ClimateQuantity], _Tally] = {}
        self._overload = 0.0
        self._follow(plot.start)
        self._grown = {
            batch.id: _Grown(
                start_kg=run.twin.harvest_kg(batch.id),
                area_m2=sum(self._farm.level[level].area_m2 for level in batch.levels),
            )
            for batch in run.batches.values()
        }
        self._light(plot.start)

    def look(self, now: float) -> None:
        """Once a minute, after both the farm and its control have come to `now`."""
        minutes = (now - self._at) / 60
        self._at = now
        if self._run.batches is not self._batches:
            self._follow(now)
        self._light(now)
        self._air(now, minutes)
        self._supplies(minutes)
        self._harvest(now)

    def _follow(self, now: float) -> None:
        """Batches began a phase or were harvested."""
        farm, batches = self._farm, self._run.batches
        self._batches = batches
        self._climate = {z.id: zone_climate(farm, z.id, batches, self._recipes) for z in farm.zones}
        for level in farm.levels:
            self._days[level.id] = planned_day(farm, level, batches, self._recipes, now)

    def _light(self, now: float) -> None:
        """Close the light day of every level whose next one has begun."""
        batches = self._run.batches
        for level in self._farm.levels:
            day = self._days[level.id]
            if day is None:
                self._begun.pop(level.id, None)
                continue
            if now >= day.next_start_s:
                day = planned_day(self._farm, level, batches, self._recipes, now)
                self._days[level.id] = day
            if day is None or day.start_s < self._start:
                continue
            begun = self._begun.get(level.id)
            if begun is not None and begun.start_s == day.start_s:
                continue
            light = self._run.twin.levels[level.id].mol_m2
            here = oldest_first(batches, level.id)
            if begun is not None:
                for batch in here:
                    self._grown[batch.id].light.append((begun.target, light - begun.mol_m2))
            target = phase_of(here[0], self._recipes).light.dli
            self._begun[level.id] = _Begun(day.start_s, target, light)

    def _air(self, now: float, minutes: float) -> None:
        hour = int(now // 3600)
        for zone, setpoints in self._climate.items():
            if not setpoints:
                continue
            air = self._run.twin.zones[zone].air
            lit = any(
                (planned := self._days[level.id]) is not None and planned.lit(now)
                for level in self._farm.levels_of_zone[zone]
            )
            humidity = air.humidity_pct
            values = {
                ClimateQuantity.AIR_TEMPERATURE: air.t,
                ClimateQuantity.HUMIDITY: humidity,
                ClimateQuantity.VPD: vpd_air_kpa(air.t, humidity),
                ClimateQuantity.CO2: air.co2_ppm,
            }
            for quantity, setpoint in setpoints.items():
                tally = self._tally.setdefault((zone, quantity), _Tally())
                tally.add(values[quantity], setpoint, lit, minutes, hour)

    def _supplies(self, minutes: float) -> None:
        levels = self._run.twin.levels
        for supply in self._farm.supplies:
            watts = 0.0
            for key in supply.levels:
                fixture = levels[key].fixture
                if fixture is not None:
                    watts += levels[key].output_now() * fixture.power_w
            if watts > supply.limit_kw * 1000:
                self._overload += minutes

    def _harvest(self, now: float) -> None:
        for batch in tuple(self._run.batches.values()):
            recipe = self._recipes[batch.recipe_version]
            if not batch.is_growing or batch.phase_index < len(recipe.phases) - 1:
                continue
            if now >= progress_of(batch, recipe, now).expected_harvest_at:
                grown = self._grown[batch.id]
                grown.yield_kg = self._run.twin.harvest_kg(batch.id)
                grown.harvested_at = now
                self._run.harvest(batch.id, round(grown.yield_kg, 3))

    def verdict(self, wall_s: float) -> Side:
        """Everything that came of it."""
        twin = self._run.twin
        for key, grown in self._grown.items():
            if grown.harvested_at is None:
                grown.yield_kg = twin.harvest_kg(key)
        tz = self._farm.tz
        air = tuple(_air_quality(zone, q, t, tz) for (zone, q), t in self._tally.items())
        tallies = self._tally.values()
        batches = tuple(self._batch(batch) for batch in self._run.batches.values())
        dli = self._dli()
        kwh = dict(twin.energy_kwh)
        total = sum(kwh.values())
        gained = sum(b.gained_kg for b in batches)
        return Side(
            inside_warning_pct=_inside(
                sum(t.outside_warning for t in tallies), sum(t.warning for t in tallies)
            ),
            inside_critical_pct=_inside(
                sum(t.outside_critical for t in tallies), sum(t.critical for t in tallies)
            ),
            dli=dli,
            targets={
                "inside_warning": _at_least(WARNING_PCT, [a.inside_warning_pct for a in air]),
                "inside_critical": _at_least(CRITICAL_PCT, [a.inside_critical_pct for a in air]),
                "dli": Verdict(
                    target=DLI_PCT,
                    worst=dli.worst_day_pct,
                    met=dli.light_days > 0 and dli.days_within == dli.light_days,
                ),
            },
            air=air,
            batches=batches,
            kwh=kwh,
            kwh_total=total,
            litres=dict(twin.litres),
            co2_kg=twin.co2_injected_g / 1000,
            gained_kg=gained,
            kwh_per_kg=total / gained if gained > 0 else None,
            commands=self._run.commands,
            shots=self._run.shots,
            lamp_overload_minutes=self._overload,
            wall_seconds=wall_s,
        )

    def _batch(self, batch: Batch) -> BatchQuality:
        grown = self._grown[batch.id]
        target, delivered = _sums(grown.light)
        n = len(grown.light)
        ended = grown.harvested_at
        return BatchQuality(
            id=batch.id,
            title=batch.title,
            crop=batch.crop,
            light_days=n,
            dli_target=target / n if n else None,
            dli_delivered=delivered / n if n else None,
            dli_deviation_pct=_deviation(target, delivered),
            dli_worst_day_pct=_furthest([_deviation(*day) for day in grown.light]),
            harvested_on_day=None if ended is None else round((ended - self._start) / DAY_S, 3),
            yield_kg=grown.yield_kg,
            gained_kg=grown.yield_kg - grown.start_kg,
        )

    def _dli(self) -> DliQuality:
        target = delivered = 0.0
        days: list[float | None] = []
        means: list[float | None] = []
        for grown in self._grown.values():
            asked, got = _sums(grown.light)
            means.append(_deviation(asked, got))
            target += asked * grown.area_m2
            delivered += got * grown.area_m2
            days += [_deviation(*day) for day in grown.light]
        known = [d for d in days if d is not None]
        return DliQuality(
            deviation_pct=_deviation(target, delivered),
            worst_batch_pct=_furthest(means),
            worst_day_pct=_furthest(days),
            light_days=len(known),
            days_within=sum(abs(d) <= DLI_PCT for d in known),
        )


def _air_quality(zone: str, quantity: ClimateQuantity, tally: _Tally, tz: dt.tzinfo) -> AirQuality:
    by_hour: dict[str, float] = {}
    for hour, minutes in tally.hours.items():
        local = dt.datetime.fromtimestamp(hour * 3600, tz).strftime("%H")
        by_hour[local] = by_hour.get(local, 0.0) + minutes
    return AirQuality(
        zone=zone,
        quantity=quantity.value,
        minutes_with_warning=round(tally.warning, 1),
        minutes_outside_warning=round(tally.outside_warning, 1),
        inside_warning_pct=_inside(tally.outside_warning, tally.warning),
        minutes_with_critical=round(tally.critical, 1),
        minutes_outside_critical=round(tally.outside_critical, 1),
        inside_critical_pct=_inside(tally.outside_critical, tally.critical),
        off_target=tally.off / tally.aimed if tally.aimed > 0 else None,
        mean=tally.total / tally.minutes,
        lowest=tally.lowest,
        highest=tally.highest,
        outside_by_hour=dict(sorted(by_hour.items())),
    )


def _inside(outside: float, minutes: float) -> float | None:
    return 100.0 * (1.0 - outside / minutes) if minutes > 0 else None


def _at_least(target: float, found: Sequence[float | None]) -> Verdict:
    worst = min((x for x in found if x is not None), default=None)
    return Verdict(target=target, worst=worst, met=worst is not None and worst >= target)


def _sums(light: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(asked for asked, _ in light), sum(got for _, got in light)


def _deviation(target: float, delivered: float) -> float | None:
    """Delivered more (+) or less (-) than the target, %."""
    return 100.0 * (delivered / target - 1.0) if target > 0 else None


def _furthest(found: Sequence[float | None]) -> float | None:
    return max((x for x in found if x is not None), key=abs, default=None)
