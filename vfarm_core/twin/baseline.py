"""Plain automations, as a hobbyist writes them in Home Assistant: what vfarm is measured against.

One thermostat and one humidistat a room with the recipe's day values around the clock, CO2 below a
threshold while a lamp timer is on, lamps at a fixed output, pumps on timers and tanks that a float
tops up; what is mixed runs all the time, and nothing is dosed: a person feeds the tanks. Nothing
knows of anything else: no night values, no feed-forward, no output that follows the light integral,
no shedding, no proof, no limit of an on-time. They are written with care: each device has the
hysteresis and the minimum times that vfarm has, heating and cooling never overlap, two circuits of
a pump take turns, and somebody types in the values of a new phase the minute it begins.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..batches.lead import combine
from ..batches.lifecycle import advance_phase, due_phase, harvest
from ..batches.model import Batch
from ..control.climate import HYSTERESIS
from ..control.inputs import Report
from ..control.watering import shot_times
from ..farm.nodes import Circuit, Farm, Level, Method, Reservoir
from ..farm.roles import Role
from ..recipes.model import ClimateQuantity, EmptyBand, IrrigationPlan, Phase, Recipe, Setpoint
from ..science.air import humidity_for_vpd_pct
from ..science.light import LightDay, light_day
from .config import TwinConfig
from .farm import Twin
from .simulate import SimulationError

_MINUTE_S = 60.0
_DAY_S = 86400.0
#: A valve is open before its pump starts and until after it has stopped (s).
_VALVE_S = 10.0
#: Circuits of one pump are watered this long after one another (s): longer than any shot.
_TURN_S = 1800.0
#: What runs all the time.
_ALWAYS_ON = (Role.CIRCULATION_FAN, Role.AIR_PUMP, Role.MIXING_PUMP)
#: Methods that are watered in shots: the others would need no timer.
_SHOTS = (Method.EBB_FLOW, Method.DRIP, Method.AEROPONICS)


def phase_of(batch: Batch, recipes: Mapping[str, Recipe]) -> Phase:
    """The phase a batch is in."""
    return recipes[batch.recipe_version].phases[batch.phase_index]


def oldest_first(batches: Mapping[str, Batch], level: str) -> tuple[Batch, ...]:
    """What grows on a level."""
    here = (b for b in batches.values() if b.is_growing and level in b.levels)
    return tuple(sorted(here, key=lambda b: (b.sown_at, b.id)))


def zone_climate(
    farm: Farm, zone: str, batches: Mapping[str, Batch], recipes: Mapping[str, Recipe]
) -> Mapping[ClimateQuantity, Setpoint]:
    """The climate that the batches of a zone ask for together; that of the oldest where they share
    none, and nothing for an empty zone."""
    levels = {level.id for level in farm.levels_of_zone[zone]}
    here = [b for b in batches.values() if b.is_growing and levels & set(b.levels)]
    if not here:
        return {}
    here.sort(key=lambda b: (b.sown_at, b.id))
    wanted = farm.zone[zone].lead_batch
    lead = wanted if any(b.id == wanted for b in here) else None
    try:
        return combine({b.id: phase_of(b, recipes).climate for b in here}, lead=lead)
    except EmptyBand:
        return phase_of(here[0], recipes).climate


def planned_day(
    farm: Farm,
    level: Level,
    batches: Mapping[str, Batch],
    recipes: Mapping[str, Recipe],
    now: float,
) -> LightDay | None:
    """The light day of a level as the recipe of its oldest batch plans it; None when it is empty
    or in a dark phase."""
    here = oldest_first(batches, level.id)
    if not here:
        return None
    plan = phase_of(here[0], recipes).light
    if plan.photoperiod_h <= 0 or plan.ppfd <= 0:
        return None
    return light_day(now, level.lights_on, plan.photoperiod_h, farm.tz)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Values:
    """What is typed into the automations of a room; None leaves one out."""

    temperature: float | None
    humidity: float | None
    co2: float | None


class PlainAutomations:
    """A simulated farm under plain automations. Raises SimulationError (method) for a farm with
    circuits that are not watered in shots."""

    def __init__(
        self,
        farm: Farm,
        batches: Sequence[Batch],
        recipes: Mapping[str, Recipe],
        *,
        start: float,
        config: TwinConfig,
    ) -> None:
        for circuit in farm.circuits:
            if circuit.method not in _SHOTS:
                raise SimulationError("method", f"{circuit.id}: {circuit.method} has no shots")
        self.farm = farm
        self.batches: Mapping[str, Batch] = {b.id: b for b in batches}
        self.recipes = recipes
        self.twin = Twin(farm, config, start=start)
        self.commands = 0
        self.shots = 0
        self._now = start
        self._minute = start
        self._timers: list[tuple[float, int, str, float]] = []
        self._timer = 0
        self._state = {key: a.output for key, a in self.twin.actuators.items()}
        self._since = dict.fromkeys(self.twin.actuators, start - _DAY_S)
        self._seen: dict[tuple[str, Role], float] = {}
        self._values: dict[str, _Values] = {}
        self._days: dict[str, LightDay | None] = {}
        self._watering: dict[str, tuple[str, IrrigationPlan] | None] = {}
        self._typed()
        for report in self.twin.all_reports():
            self._hear(report)
        for binding in farm.bindings:
            if binding.role in _ALWAYS_ON:
                self._switch(binding.id, 1.0)
        self._every_minute(start)

    def run_until(self, until: float) -> None:
        """Move on to a farm time."""
        while self._now < until:
            to = min(self.twin.next_event, self._minute + _MINUTE_S, until)
            if self._timers:
                to = min(to, self._timers[0][0])
            self._now = max(to, self._now)
            self.twin.advance(self._now)
            while self._timers and self._timers[0][0] <= self._now:
                _, _, point, value = heapq.heappop(self._timers)
                self._switch(point, value)
            if self._now >= self._minute + _MINUTE_S:
                self._every_minute(self._now)
            zones = {z for r in self.twin.take_reports() if (z := self._hear(r)) is not None}
            for zone in sorted(zones):
                self._climate(zone)

    def harvest(self, batch: str, kg: float) -> None:
        """Somebody harvests a batch and switches off what it had alone."""
        self.batches = {
            **self.batches,
            batch: harvest(self.batches[batch], self._now, kg),
        }
        self._typed()

    # -- what a person does ---------------------------------------------------------------------

    def _typed(self) -> None:
        """Somebody types in what the recipes ask for now."""
        farm = self.farm
        self.twin.set_batches(self.batches.values(), self.recipes)
        for zone in farm.zones:
            self._values[zone.id] = _typed_values(
                zone_climate(farm, zone.id, self.batches, self.recipes)
            )
        for level in farm.levels:
            self._days[level.id] = self._planned(level, self._now)
        for circuit in farm.circuits:
            self._watering[circuit.id] = self._plan(circuit)

    def _planned(self, level: Level, now: float) -> LightDay | None:
        return planned_day(self.farm, level, self.batches, self.recipes, now)

    def _plan(self, circuit: Circuit) -> tuple[str, IrrigationPlan] | None:
        found = [(b, level) for level in circuit.levels for b in self._on(level)[:1]]
        for batch, level in sorted(found, key=lambda f: (f[0].sown_at, f[0].id)):
            plan = phase_of(batch, self.recipes).irrigation.get(circuit.method)
            if plan is not None:
                return level, plan
        return None

    def _on(self, level: str) -> tuple[Batch, ...]:
        return oldest_first(self.batches, level)

    def _phases(self, now: float) -> None:
        changed = {}
        for batch in self.batches.values():
            recipe = self.recipes[batch.recipe_version]
            new = batch
            while due_phase(new, recipe, now) > new.phase_index:
                days = recipe.phases[new.phase_index].days
                new = advance_phase(new, recipe, new.phase_started_at + days * _DAY_S)
            if new is not batch:
                changed[batch.id] = new
        if changed:
            self.batches = {**self.batches, **changed}
            self._typed()

    # -- timers ---------------------------------------------------------------------------------

    def _every_minute(self, now: float) -> None:
        since, self._minute = self._minute, now
        self._phases(now)
        for level in self.farm.levels:
            day = self._days[level.id]
            if day is not None and now >= day.next_start_s:
                day = self._days[level.id] = self._planned(level, now)
            self._lamps(level, lit=day is not None and day.lit(now))
        for reservoir in self.farm.reservoirs:
            self._top_up(reservoir)
        for pump in self.farm.pumps:
            for turn, circuit in enumerate(self.farm.circuits_of_pump[pump.id]):
                self._water(circuit, since, now, later_s=turn * _TURN_S)

    def _top_up(self, reservoir: Reservoir) -> None:
        """Open below one mark, closed above another."""
        volume = self._seen.get((reservoir.id, Role.VOLUME))
        fill = reservoir.fill
        if fill is None or volume is None:
            return
        share = volume / reservoir.capacity_l
        for binding in self.farm.of(reservoir.id, Role.FILL_VALVE):
            if share < fill.below:
                self._switch(binding.id, 1.0)
            elif share >= fill.to:
                self._switch(binding.id, 0.0)

    def _lamps(self, level: Level, *, lit: bool) -> None:
        output = 0.0
        here = self._on(level.id)
        if lit and here and level.fixture is not None:
            ppfd = phase_of(here[0], self.recipes).light.ppfd
            output = min(1.0, ppfd / level.fixture.ppfd_full)
        for binding in self.farm.of(level.id, Role.GROW_LIGHT):
            self._switch(binding.id, output)

    def _water(self, circuit: Circuit, since: float, now: float, *, later_s: float) -> None:
        found = self._watering[circuit.id]
        if found is None:
            return
        level, plan = found
        day = self._days[level]
        if day is None:
            return
        for planned in shot_times(day.start_s, day.end_s, day.next_start_s, plan):
            if since < planned + later_s <= now:
                self._shot(circuit, plan.duration_s, now)

    def _shot(self, circuit: Circuit, duration_s: float, now: float) -> None:
        self.shots += 1
        for binding in self.farm.of(circuit.id, Role.IRRIGATION_VALVE):
            self._switch(binding.id, 1.0)
            self._later(now + duration_s + 2 * _VALVE_S, binding.id, 0.0)
        for binding in self.farm.of(circuit.pump, Role.IRRIGATION_PUMP):
            self._later(now + _VALVE_S, binding.id, 1.0)
            self._later(now + _VALVE_S + duration_s, binding.id, 0.0)

    def _later(self, at: float, point: str, value: float) -> None:
        self._timer += 1
        heapq.heappush(self._timers, (at, self._timer, point, value))

    # -- thermostats ----------------------------------------------------------------------------

    def _hear(self, report: Report) -> str | None:
        """Keep what a sensor says; returns its zone when it is one of a zone's air."""
        binding = self.farm.binding[report.point]
        if not isinstance(report.raw, (int, float)):
            return None
        self._seen[binding.node, binding.role] = float(report.raw)
        return binding.node if binding.node in self.farm.zone else None

    def _climate(self, zone: str) -> None:
        values = self._values[zone]
        self._band(
            zone,
            Role.AIR_TEMPERATURE,
            values.temperature,
            HYSTERESIS[ClimateQuantity.AIR_TEMPERATURE],
            raises=Role.HEATER,
            lowers=Role.COOLER,
        )
        self._band(
            zone,
            Role.HUMIDITY,
            values.humidity,
            HYSTERESIS[ClimateQuantity.HUMIDITY],
            raises=Role.HUMIDIFIER,
            lowers=Role.DEHUMIDIFIER,
        )
        lit = any(
            (day := self._days[level.id]) is not None and day.lit(self._now)
            for level in self.farm.levels_of_zone[zone]
        )
        self._band(
            zone,
            Role.CO2,
            values.co2 if lit else None,
            HYSTERESIS[ClimateQuantity.CO2],
            raises=Role.CO2_VALVE,
        )

    def _band(
        self,
        zone: str,
        sensor: Role,
        target: float | None,
        width: float,
        *,
        raises: Role,
        lowers: Role | None = None,
    ) -> None:
        """On outside of the band, off at the target, as before between them."""
        value = self._seen.get((zone, sensor))
        if target is None or value is None:
            self._call(zone, raises, on=False)
            if lowers is not None:
                self._call(zone, lowers, on=False)
            return
        if value <= target - width:
            self._call(zone, raises, on=True)
        elif value >= target:
            self._call(zone, raises, on=False)
        if lowers is None:
            return
        if value >= target + width:
            self._call(zone, lowers, on=True)
        elif value <= target:
            self._call(zone, lowers, on=False)

    def _call(self, zone: str, role: Role, *, on: bool) -> None:
        for binding in self.farm.of(zone, role):
            declared = binding.declaration
            least = 0.0
            if declared is not None:
                least = declared.min_off_s if on else declared.min_on_s
            if self._now - self._since[binding.id] >= least:
                self._switch(binding.id, 1.0 if on else 0.0)

    def _switch(self, point: str, value: float) -> None:
        if self._state[point] == value:
            return
        self._state[point] = value
        self._since[point] = self._now
        self.commands += 1
        self.twin.command(point, value)


def _typed_values(climate: Mapping[ClimateQuantity, Setpoint]) -> _Values:
    def by_day(quantity: ClimateQuantity) -> float | None:
        setpoint = climate.get(quantity)
        return None if setpoint is None else setpoint.at(True)

    temperature = by_day(ClimateQuantity.AIR_TEMPERATURE)
    humidity = by_day(ClimateQuantity.HUMIDITY)
    vpd = by_day(ClimateQuantity.VPD)
    if vpd is not None and temperature is not None:
        # A table on the wall says which humidity that is.
        humidity = humidity_for_vpd_pct(temperature, vpd)
    return _Values(temperature=temperature, humidity=humidity, co2=by_day(ClimateQuantity.CO2))
