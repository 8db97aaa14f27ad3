"""A small farm on a bench: real control and runtime, a clock in the hand, hardware that obeys or
does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vfarm_core.batches.model import Batch, BatchState, Placement
from vfarm_core.control.clock import NEVER, Due, Now
from vfarm_core.control.effects import Answer, Command, Event, Record
from vfarm_core.control.inputs import CommandResult, Report, Request, StartBatch
from vfarm_core.control.memory import Memory
from vfarm_core.control.snapshot import Snapshot
from vfarm_core.farm.bindings import Binding, Danger, Declaration, Proof, binding_id
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import (
    Circuit,
    Farm,
    Fixture,
    Level,
    Method,
    Pump,
    Rack,
    Reservoir,
    Zone,
)
from vfarm_core.farm.roles import Role, RoleKind, spec
from vfarm_core.recipes.model import (
    Band,
    ClimateQuantity,
    Estimate,
    Growth,
    GrowthModel,
    IrrigationPlan,
    LightPlan,
    Phase,
    PhaseKind,
    Provenance,
    Recipe,
    Setpoint,
    SolutionQuantity,
)
from vfarm_core.recipes.version import content_hash
from vfarm_core.runtime.runtime import Runtime
from vfarm_core.runtime.totals import Totals

#: 2026-03-02 05:00 UTC, an hour before lights-on of the bench farm.
START = dt.datetime(2026, 3, 2, 5, tzinfo=dt.UTC).timestamp()

BENCH = Provenance(source="bench", confidence="design", note="made up for tests")


def setpoint(day: float | None, night: float | None, warning: float, critical: float) -> Setpoint:
    """A target with symmetric limits."""

    def band(value: float | None, width: float) -> Band:
        return Band(None, None) if value is None else Band(value - width, value + width)

    return Setpoint(
        day=day,
        night=night,
        warning_day=band(day, warning),
        warning_night=band(night, warning),
        critical_day=band(day, critical),
        critical_night=band(night, critical),
        provenance=BENCH,
    )


def bench_phase(name: str, kind: PhaseKind, **changes: Any) -> Phase:
    """Ten days at 24/20 °C, 16 h of 200 µmol/m²/s, four shots a day."""
    values: dict[str, Any] = {
        "days": 10.0,
        "climate": {
            ClimateQuantity.AIR_TEMPERATURE: setpoint(24, 20, 3, 6),
            ClimateQuantity.HUMIDITY: setpoint(65, 70, 12, 25),
            ClimateQuantity.CO2: setpoint(1000, None, 400, 900),
        },
        "solution": {SolutionQuantity.EC: setpoint(1.2, 1.2, 0.3, 0.6)},
        "light": LightPlan(
            photoperiod_h=16,
            ppfd=200,
            dli=11.52,
            ppfd_max=260,
            dli_max=17.0,
            ramp_min=0,
            provenance=BENCH,
        ),
        "irrigation": {
            Method.EBB_FLOW: IrrigationPlan(
                method=Method.EBB_FLOW,
                events_per_day=4,
                night_events=0,
                duration_s=300,
                provenance=BENCH,
            )
        },
        "density_plants_m2": 30.0,
        "provenance": BENCH,
    }
    values.update(changes)
    return Phase(name=name, kind=kind, **values)


def bench_recipe(**changes: Any) -> Recipe:
    """A lettuce recipe of two phases, made up for tests."""
    values: dict[str, Any] = {
        "id": "bench_lettuce",
        "title": "Bench lettuce",
        "crop": "lettuce",
        "cultivar": None,
        "ec_includes_source_water": False,
        "phases": (
            bench_phase("young", PhaseKind.PROPAGATION),
            bench_phase("full", PhaseKind.VEGETATIVE, days=20.0),
        ),
        "growth": Growth(
            model=GrowthModel.VAN_HENTEN_1994,
            dry_matter_fraction=Estimate(value=0.05, provenance=BENCH),
            harvest_index=Estimate(value=1.0, provenance=BENCH),
        ),
        "expected_yield": None,
        "sources": {"bench": "made up for tests"},
        "version": "",
    }
    values.update(changes)
    recipe = Recipe(**values)
    return replace(recipe, version=content_hash(recipe))


def sensor(node: str, role: Role, number: int = 1) -> Binding:
    """A sensor that reports in the role's own unit."""
    key = binding_id(node, role, number)
    return Binding(id=key, node=node, role=role, entity=f"sensor.{key}")


def actuator(node: str, role: Role, **declared: object) -> Binding:
    """An actuator with a declaration; dangerous on unless said otherwise."""
    values: dict[str, object] = {
        "danger": Danger.ON,
        "max_on_s": 7200.0,
        "proof": Proof.STATE,
        "deadline_s": 10.0,
    }
    values.update(declared)
    key = binding_id(node, role)
    return Binding(
        id=key,
        node=node,
        role=role,
        entity=f"switch.{key}",
        declaration=Declaration(**values),  # type: ignore[arg-type]
    )


def bench_farm(*, levels: int = 2, extra: Iterable[Binding] = ()) -> Farm:
    """One zone with every climate device, one rack, one reservoir, one ebb-flow circuit."""
    ids = [f"level_{i + 1}" for i in range(levels)]
    neither = {"danger": Danger.NEITHER, "max_on_s": None}
    return check(
        Farm(
            id="farm",
            name="Bench",
            time_zone="UTC",
            zones=(Zone(id="zone", name="Room", volume_m3=40.0, co2_detector=True),),
            racks=(Rack(id="rack", name="Rack", zone="zone"),),
            levels=tuple(
                Level(
                    id=key,
                    name=key,
                    rack="rack",
                    area_m2=1.2,
                    sites=36,
                    fixture=Fixture(ppfd_full=400.0, power_w=180.0),
                )
                for key in ids
            ),
            reservoirs=(Reservoir(id="tank", name="Tank", capacity_l=200, volume_min_l=40),),
            pumps=(
                Pump(id="pump", name="Pump", reservoir="tank", flow_l_min=20, meter_timeout_s=300),
            ),
            circuits=(
                Circuit(
                    id="circuit",
                    name="Circuit",
                    pump="pump",
                    levels=tuple(ids),
                    method=Method.EBB_FLOW,
                    drain_s=600,
                ),
            ),
            bindings=(
                sensor("zone", Role.AIR_TEMPERATURE),
                sensor("zone", Role.HUMIDITY),
                sensor("zone", Role.CO2),
                sensor("zone", Role.OCCUPANCY),
                sensor("tank", Role.VOLUME),
                sensor("tank", Role.LEAK),
                sensor("pump", Role.FLOW),
                actuator("zone", Role.HEATER),
                actuator("zone", Role.COOLER, min_on_s=120.0, min_off_s=180.0, **neither),
                actuator("zone", Role.HUMIDIFIER),
                actuator("zone", Role.DEHUMIDIFIER, **neither),
                actuator("zone", Role.EXHAUST_FAN, **neither),
                actuator(
                    "zone",
                    Role.CIRCULATION_FAN,
                    danger=Danger.OFF,
                    safe_on=True,
                    max_on_s=None,
                    max_off_s=1800.0,
                ),
                sensor("zone", Role.FEEDBACK),
                actuator(
                    "zone",
                    Role.CO2_VALVE,
                    max_on_s=1800.0,
                    proof=Proof.FEEDBACK,
                    proved_by="zone.feedback",
                ),
                *(actuator(key, Role.GROW_LIGHT, **neither) for key in ids),
                actuator(
                    "pump",
                    Role.IRRIGATION_PUMP,
                    max_on_s=900.0,
                    isolation="circuit.irrigation_valve",
                ),
                actuator("circuit", Role.IRRIGATION_VALVE, max_on_s=1200.0),
                *extra,
            ),
        )
    )


def film_bench(*, valve_danger: Danger = Danger.OFF) -> Bench:
    """A farm whose plants stand in a film of water that its pump must never stop for long."""
    farm = bench_farm()
    never_stops: dict[str, Any] = {
        "danger": Danger.OFF,
        "safe_on": True,
        "max_on_s": None,
        "max_off_s": 900.0,
        "isolation": None,
    }

    def changed(b: Binding) -> Binding:
        assert b.declaration is not None or not spec(b.role).is_actuator
        if b.declaration is None or b.role not in (Role.IRRIGATION_PUMP, Role.IRRIGATION_VALVE):
            return b
        if b.role is Role.IRRIGATION_VALVE and valve_danger is Danger.ON:
            return replace(b, declaration=replace(b.declaration, max_on_s=90 * 86400.0))
        return replace(b, declaration=replace(b.declaration, **never_stops))

    film = replace(farm.circuits[0], method=Method.NFT)
    bench = Bench(
        check(replace(farm, circuits=(film,), bindings=tuple(map(changed, farm.bindings))))
    )
    plan = IrrigationPlan(
        method=Method.NFT, events_per_day=1, night_events=0, duration_s=86400, provenance=BENCH
    )
    phase = bench_phase("young", PhaseKind.PROPAGATION, irrigation={Method.NFT: plan})
    bench.start_batch(recipe=bench_recipe(phases=(phase,)))
    return bench


class HandClock:
    """Both clocks, moved by hand."""

    def __init__(self, farm: float = START, mono: float = 1000.0) -> None:
        self.farm = farm
        self.mono = mono
        self.counts_sleep = True

    def now(self) -> Now:
        return Now(self.farm, self.mono)

    def elapsed(self, since: Now, now: Now) -> float | None:
        return now.mono - since.mono if self.counts_sleep else None


class MemoryJournal:
    """Writes at once, or fails, or keeps waiting."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: str | None = None
        self.waits = False
        self.waiting: list[tuple[list[Record], Callable[[str | None], None]]] = []

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        if self.waits:
            self.waiting.append((list(records), done))
            return
        if self.error is None:
            self.records.extend(records)
        done(self.error)

    def write_waiting(self) -> None:
        waiting, self.waiting = self.waiting, []
        for records, done in waiting:
            self.records.extend(records)
            done(None)

    def slices(self) -> dict[str, object]:
        kept: dict[str, object] = {}
        for record in self.records:
            if record.key is not None:
                kept.pop(record.key, None)
                if record.data is not None:
                    kept[record.key] = record.stored()
        return kept

    def of(self, kind: str) -> list[dict[str, object]]:
        return [r.data for r in self.records if r.kind == kind and r.key is None]


@dataclass
class Bench:
    """A farm that runs on the bench."""

    farm: Farm
    clock: HandClock = field(default_factory=HandClock)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    sent: list[tuple[float, Command]] = field(default_factory=list)
    state: dict[str, float | None] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    disobeys: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    published: list[tuple[str, Snapshot]] = field(default_factory=list)
    totals: list[Totals] = field(default_factory=list)
    due: Due = NEVER
    waits: bool = False
    runtime: Runtime = field(init=False)

    def __post_init__(self) -> None:
        for b in self.farm.bindings:
            if spec(b.role).is_actuator:
                self.state.setdefault(b.id, 0.0)
        for point, value in {
            "zone.air_temperature": 22.0,
            "zone.humidity": 65.0,
            "zone.co2": 1000.0,
            "zone.occupancy": 0.0,
            "tank.volume": 150.0,
            "tank.leak": 0.0,
            "pump.flow": 0.0,
            "zone.feedback": 0.0,
        }.items():
            self.values.setdefault(point, value)
        self.boot()

    # ports ------------------------------------------------------------------------------------

    def send(self, command: Command, binding: Binding) -> None:
        self.sent.append((self.clock.farm, command))
        if command.point in self.disobeys:
            return
        self.state[command.point] = command.value
        if command.point == "pump.irrigation_pump":
            self.values["pump.flow"] = 20.0 if command.value else 0.0
            if "circuit.flow" in self.farm.binding:
                self.values["circuit.flow"] = self.values["pump.flow"]
        declared = binding.declaration
        shown = declared.proved_by if declared is not None else None
        if shown is not None:
            self.values[shown] = float(command.value > 0)
        self.runtime.feed(CommandResult(command.id, command.point), self._report(command.point))
        if shown is not None:
            self.runtime.feed(self._report(shown))
        for meter in ("pump.flow", "circuit.flow"):
            if command.point == "pump.irrigation_pump" and meter in self.farm.binding:
                self.runtime.feed(self._report(meter))

    # the hand ---------------------------------------------------------------------------------

    def boot(self, memory: Memory | None = None, *, lost: bool = False) -> None:
        """Power on: a new runtime on the same hardware."""
        bench = self

        class _Listener:
            def published(self, node: str, snapshot: Snapshot) -> None:
                bench.published.append((node, snapshot))

            def emitted(self, event: Event) -> None:
                bench.events.append(event)

            def due_changed(self, due: Due) -> None:
                bench.due = due

            def totals_changed(self, totals: Totals) -> None:
                bench.totals.append(totals)

        self.runtime = Runtime(
            self.farm,
            clock=self.clock,
            actuators=self,
            journal=self.journal,
            listener=_Listener(),
            memory=memory,
            lost=lost,
        )
        self.due = NEVER
        self.runtime.start([self._report(b.id) for b in self.farm.bindings], wait=self.waits)
        self.settle()

    def _report(self, point: str) -> Report:
        binding = self.farm.binding[point]
        facts = spec(binding.role)
        raw = self.state.get(point) if facts.is_actuator else self.values.get(point)
        unit = facts.unit if facts.kind is RoleKind.MEASURE else None
        return Report(point, raw, unit, self.clock.farm)

    def report(self, point: str, value: float | str | None, unit: str | None = None) -> None:
        """A sensor or actuator reports by itself."""
        binding = self.farm.binding[point]
        facts = spec(binding.role)
        if isinstance(value, float | int):
            (self.state if facts.is_actuator else self.values)[point] = float(value)
        if unit is None and facts.kind is RoleKind.MEASURE:
            unit = facts.unit
        self.runtime.feed(Report(point, value, unit, self.clock.farm))
        self.settle()

    def ask(self, request: Request) -> Answer:
        answer = self.runtime.request(request)
        self.settle()
        return answer

    def settle(self) -> None:
        """Do what is due now."""
        for _ in range(50):
            if not self.due.passed(self.clock.now()):
                return
            self.runtime.tick()
        raise AssertionError(f"does not settle: {self.due} at {self.clock.now()}")

    def advance(self, seconds: float, *, sensors: bool = True) -> None:
        """Let time pass; sensors report every five minutes unless told otherwise."""
        end = self.clock.farm + seconds
        next_report = self.clock.farm + 200.0
        while True:
            left = [end - self.clock.farm]
            if sensors:
                left.append(next_report - self.clock.farm)
            if self.due.farm is not None:
                left.append(self.due.farm - self.clock.farm)
            if self.due.mono is not None:
                left.append(self.due.mono - self.clock.mono)
            wait = max(0.0, min(left))
            self.clock.farm += wait
            self.clock.mono += wait
            if sensors and self.clock.farm >= next_report:
                next_report += 200.0
                for point in list(self.values):
                    if point in self.farm.binding:
                        self.runtime.feed(self._report(point))
            self.settle()
            if self.clock.farm >= end:
                return

    def restart(self, *, down_s: float = 30.0) -> None:
        """The process is killed and comes back: only the journal and the hardware remain."""
        from vfarm_core.control import keep

        self.clock.farm += down_s
        self.clock.mono = 5.0
        self.boot(keep.restore(self.journal.slices()))

    # looking ----------------------------------------------------------------------------------

    def on(self, point: str) -> bool:
        return bool(self.state[point])

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def commands(self, point: str) -> list[float]:
        return [c.value for _, c in self.sent if c.point == point]

    def start_batch(
        self,
        levels: Sequence[str] = ("level_1",),
        *,
        id: str = "batch_1",
        recipe: Recipe | None = None,
        sites: int = 18,
    ) -> Batch:
        """Sow a batch now; it must be taken."""
        batch, answer = self.try_batch(levels, id=id, recipe=recipe, sites=sites)
        assert answer.refused is None, answer
        return batch

    def try_batch(
        self,
        levels: Sequence[str] = ("level_1",),
        *,
        id: str = "batch_1",
        recipe: Recipe | None = None,
        sites: int = 18,
    ) -> tuple[Batch, Answer]:
        """Ask to sow a batch now."""
        recipe = recipe or bench_recipe()
        now = self.clock.farm
        batch = Batch(
            id=id,
            recipe_id=recipe.id,
            recipe_version=recipe.version,
            crop=recipe.crop,
            cultivar=recipe.cultivar,
            title=f"Lettuce {id}",
            plants=len(levels) * sites,
            sown_at=now,
            state=BatchState.SOWN,
            placements=tuple(Placement(level_id=level, sites=sites, since=now) for level in levels),
            phase_index=0,
            phase_started_at=now,
        )
        return batch, self.ask(StartBatch(batch=batch, recipe=recipe))
