"""Whatever happens, in whatever order: the rules of safety hold after every step."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.support import Bench, bench_farm, sensor
from vfarm_core.control.effects import Command
from vfarm_core.control.inputs import (
    AdvancePhase,
    AdvanceWorkflow,
    Arm,
    Cause,
    ClearLatch,
    EmergencyStop,
    EndWorkflow,
    FarmChanged,
    Harvest,
    ReleaseStop,
    Report,
    RunShot,
    SetMode,
    StartWorkflow,
    TryActuator,
)
from vfarm_core.control.memory import ShotStage, Stage
from vfarm_core.control.pulse import most_s
from vfarm_core.control.step import step
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import WORKFLOWS, Mode, Step, WorkflowKind
from vfarm_core.farm.roles import Loop, Role, spec

PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"
CO2 = "zone.co2_valve"
GATED = (PUMP, VALVE, CO2)
SENSORS = {
    "zone.air_temperature": st.sampled_from(
        [-20.0, 15.0, 19.0, 22.0, 24.0, 26.0, 28.0, 31.0, 45.0]
    ),
    "zone.humidity": st.sampled_from([0.0, 30.0, 60.0, 65.0, 75.0, 99.0, 150.0]),
    "zone.co2": st.sampled_from([0.0, 420.0, 900.0, 1000.0, 2500.0, 6000.0, 20_000.0]),
    "zone.occupancy": st.sampled_from([0.0, 1.0]),
    "tank.volume": st.sampled_from([0.0, 30.0, 41.0, 150.0]),
    "tank.leak": st.sampled_from([0.0, 0.0, 1.0]),
    "pump.flow": st.sampled_from([0.0, 1.0, 20.0]),
    "zone.smoke": st.sampled_from([0.0, 0.0, 0.0, 1.0]),
    "zone.door": st.sampled_from([0.0, 0.0, 1.0]),
}
LATCHING = ("zone.smoke", "tank.leak")
NODES = ("zone", "rack", "level_1", "level_2", "tank", "circuit")
ACTUATORS = [b.id for b in bench_farm().bindings if spec(b.role).is_actuator]

#: What reports smoke and an open door.
CONTACTS = (sensor("zone", Role.SMOKE), sensor("zone", Role.DOOR))


class AnyFarm(RuleBasedStateMachine):
    """A bench farm to which anything may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(self.farm(), values={"zone.smoke": 0.0, "zone.door": 0.0})
        self.batches = 0
        self.against_closed_valve: list[Command] = []
        self.send = self.bench.send
        self.bench.send = self.watch  # type: ignore[method-assign]

    def farm(self) -> Farm:
        """What exists."""
        return bench_farm(extra=CONTACTS)

    def watch(self, command: Command, binding: Binding) -> None:
        """Look at every command on its way out."""
        if command.point == PUMP and command.value and command.reason.code != "takeover":
            valve = self.bench.runtime.memory.actuators.get(VALVE)
            if valve is None or not valve.is_on:
                self.against_closed_valve.append(command)
        self.send(command, binding)

    @initialize()
    def grow(self) -> None:
        self.bench.start_batch()
        self.bench.advance(3600)

    @rule(seconds=st.sampled_from([1, 20, 120, 700, 3600, 20_000]), sensors=st.booleans())
    def time_passes(self, seconds: int, sensors: bool) -> None:
        self.bench.advance(seconds, sensors=sensors)

    @rule(times=st.integers(1, 12))
    def something_becomes_due(self, times: int) -> None:
        """Stop right where a day, a shot or a deadline begins or ends."""
        for _ in range(times):
            due, now = self.bench.due, self.bench.clock.now()
            waits = [due.farm - now.farm] if due.farm is not None else []
            waits += [due.mono - now.mono] if due.mono is not None else []
            self.bench.advance(max(0.0, min(waits, default=60.0)), sensors=False)
            self.looking_at_everything_finds_nothing_that_a_step_has_missed()

    @rule()
    def the_lights_change(self) -> None:
        """Stop right where the next light day begins or ends."""
        now = self.bench.clock.farm
        day = next(
            (lv.light_day for lv in self.bench.runtime.memory.levels.values() if lv.light_day), None
        )
        if day is not None:
            change = next((t for t in (day.start_s, day.end_s, day.next_start_s) if t > now), now)
            self.bench.advance(change - now)

    @rule(point=st.sampled_from(sorted(SENSORS)), data=st.data())
    def sensor_reports(self, point: str, data: st.DataObject) -> None:
        self.bench.report(point, data.draw(SENSORS[point]))

    @rule(point=st.sampled_from([*sorted(SENSORS), *ACTUATORS]))
    def entity_is_lost(self, point: str) -> None:
        self.bench.report(point, "unavailable")

    @rule(point=st.sampled_from(ACTUATORS), on=st.booleans())
    def somebody_switches(self, point: str, on: bool) -> None:
        self.bench.state[point] = float(on)
        self.bench.runtime.feed(Report(point, on, None, self.bench.clock.farm, Cause.PERSON))
        self.bench.settle()

    @rule(point=st.sampled_from(ACTUATORS))
    def actuator_sticks(self, point: str) -> None:
        self.bench.disobeys.add(point)

    @rule()
    def actuators_obey_again(self) -> None:
        for point in sorted(self.bench.disobeys):
            self.bench.disobeys.discard(point)
            self.bench.report(point, self.bench.state[point])

    @rule(seconds=st.sampled_from([30.0, 300.0, 899.0]))
    def shot_is_asked_for(self, seconds: float) -> None:
        self.bench.ask(RunShot(circuit="circuit", duration_s=seconds))

    @rule(point=st.sampled_from(ACTUATORS), seconds=st.sampled_from([None, 1.0, 30.0, 300.0]))
    def actuator_is_tried(self, point: str, seconds: float | None) -> None:
        self.bench.ask(TryActuator(point=point, duration_s=seconds))

    @rule(mode=st.sampled_from(list(Mode)))
    def mode_is_chosen(self, mode: Mode) -> None:
        self.bench.ask(SetMode(mode=mode))

    @rule()
    def stop(self) -> None:
        self.bench.ask(EmergencyStop())

    @rule()
    def release(self) -> None:
        self.bench.ask(ReleaseStop())

    @rule(loop=st.sampled_from(list(Loop)))
    def arm(self, loop: Loop) -> None:
        self.bench.ask(Arm(loop=loop))

    @rule(
        node=st.sampled_from(NODES),
        kind=st.sampled_from(list(WorkflowKind)),
        share=st.sampled_from([0.01, 0.5, 1.0]),
        confirmed=st.booleans(),
    )
    def people_go_to_work(
        self, node: str, kind: WorkflowKind, share: float, confirmed: bool
    ) -> None:
        until = self.bench.clock.farm + share * WORKFLOWS[kind].most_h * 3600
        self.bench.ask(StartWorkflow(node=node, kind=kind, until=until, confirmed=confirmed))

    @rule(node=st.sampled_from(NODES), done=st.booleans())
    def people_go_on_or_end_it(self, node: str, done: bool) -> None:
        self.bench.ask(EndWorkflow(node=node) if done else AdvanceWorkflow(node=node))

    @rule(point=st.sampled_from([*ACTUATORS, *LATCHING]))
    def latch_is_cleared(self, point: str) -> None:
        self.bench.ask(ClearLatch(point=point))

    @rule()
    def disk_fails(self) -> None:
        self.bench.journal.error = "disk full"

    @rule()
    def disk_works(self) -> None:
        self.bench.journal.error = None

    @precondition(lambda self: self.bench.journal.error is None)
    @rule(down=st.sampled_from([1.0, 60.0, 40_000.0]))
    def process_is_killed(self, down: float) -> None:
        self.bench.restart(down_s=down)

    @rule()
    def batch_moves_on(self) -> None:
        self.bench.ask(AdvancePhase(batch="batch_1"))

    @rule()
    def batch_is_harvested_and_another_sown(self) -> None:
        for key in list(self.bench.runtime.memory.batches):
            self.bench.ask(Harvest(batch=key))
        self.batches += 1
        self.bench.try_batch(["level_2"], id=f"again_{self.batches}")

    # -- the rules -----------------------------------------------------------------------------

    def wanted(self, point: str) -> bool:
        state = self.bench.runtime.memory.actuators.get(point)
        return bool(state and state.wanted)

    @invariant()
    def devices_never_fight(self) -> None:
        assert not (self.wanted("zone.heater") and self.wanted("zone.cooler"))
        assert not (self.wanted("zone.humidifier") and self.wanted("zone.dehumidifier"))

    @invariant()
    def after_a_stop_nothing_is_wanted_on(self) -> None:
        memory = self.bench.runtime.memory
        if memory.farm.emergency is not None:
            assert not any(self.wanted(point) for point in ACTUATORS)

    @invariant()
    def a_disarmed_loop_drives_nothing(self) -> None:
        disarmed = self.bench.runtime.memory.farm.disarmed
        for b in self.bench.farm.bindings:
            if spec(b.role).loop in disarmed:
                assert not self.wanted(b.id)

    @invariant()
    def without_a_journal_nothing_is_opened(self) -> None:
        if not self.bench.runtime.memory.farm.journal_ok:
            assert not any(self.wanted(point) for point in GATED)

    @invariant()
    def the_pump_is_only_wanted_by_a_shot_or_a_person(self) -> None:
        memory = self.bench.runtime.memory
        if not self.wanted(PUMP):
            return
        state = memory.actuators[PUMP]
        assert state.reason is not None
        if state.reason.code == "takeover":
            return
        shot = memory.circuits["circuit"].shot
        assert shot is not None
        assert shot.stage is ShotStage.RUNNING
        assert "circuit:circuit" in self.bench.journal.slices()

    @invariant()
    def the_pump_never_starts_against_a_closed_valve(self) -> None:
        assert not self.against_closed_valve

    @invariant()
    def co2_flows_only_on_a_good_reading_by_day_without_people(self) -> None:
        memory = self.bench.runtime.memory
        state = memory.actuators.get(CO2)
        if state is None or not state.wanted:
            return
        assert state.reason is not None
        assert memory.points["zone.co2"].quality == "good"
        assert (memory.points["zone.co2"].value or 0) < 2000
        assert memory.points["zone.occupancy"].value == 0
        assert memory.points["zone.occupancy"].quality == "good"
        assert memory.zones["zone"].day

    @invariant()
    def nothing_dangerous_is_wanted_past_its_maximum(self) -> None:
        memory = self.bench.runtime.memory
        now = self.bench.clock.farm
        for b in self.bench.farm.bindings:
            declared = b.declaration
            state = memory.actuators.get(b.id)
            if declared is None or state is None or declared.max_on_s is None:
                continue
            if state.is_on and state.changed_at is not None:
                over = now - state.changed_at > declared.max_on_s
                assert not (over and state.wanted), b.id

    @invariant()
    def light_is_wanted_only_while_it_is_planned(self) -> None:
        memory = self.bench.runtime.memory
        for key in ("level_1", "level_2"):
            state = memory.actuators.get(f"{key}.grow_light")
            if state is None or not state.wanted or state.reason is None:
                continue
            if state.reason.code == "work_light":
                assert memory.workflows["zone"].kind is WorkflowKind.WORK_LIGHT
            elif state.reason.code != "takeover" and f"{key}.grow_light" not in memory.pulses:
                assert memory.levels[key].lit

    @invariant()
    def what_is_tried_is_kept_and_never_for_longer_than_it_may(self) -> None:
        memory, now = self.bench.runtime.memory, self.bench.clock.now()
        if self.bench.runtime.due.passed(now):
            return
        for point, pulse in memory.pulses.items():
            state, declared = memory.actuators[point], self.bench.farm.binding[point].declaration
            assert declared is not None
            assert pulse.duration_s <= most_s(declared)
            if pulse.seen_at is not None and pulse.end is None:
                assert now.mono < pulse.seen_at + pulse.duration_s
            if pulse.end is not None and state.reported is not None:
                assert not state.wanted
            if memory.farm.journal_ok:
                assert f"pulse:{point}" in self.bench.journal.slices()

    @invariant()
    def nothing_is_tried_but_by_a_pulse(self) -> None:
        memory = self.bench.runtime.memory
        for point, state in memory.actuators.items():
            if state.reason is not None and state.reason.code == "pulse" and state.wanted:
                assert point in memory.pulses
                assert memory.pulses[point].end is None

    @invariant()
    def what_has_tripped_stays_stopped_until_a_person_clears_it(self) -> None:
        memory = self.bench.runtime.memory
        if memory.farm.stage is not Stage.RUNNING:
            return
        for point, value in memory.points.items():
            if point in LATCHING and value.value:
                assert point in memory.interlocks
        if memory.interlocks.keys() & set(LATCHING):
            assert not self.wanted(PUMP)
        if "zone.smoke" in memory.interlocks:
            assert not any(self.wanted(p) for p in ACTUATORS if p not in (PUMP, VALVE))

    @invariant()
    def co2_is_closed_while_a_door_is_not_known_to_be_closed(self) -> None:
        door = self.bench.runtime.memory.points.get("zone.door")
        if door is None or door.value != 0.0:
            assert not self.wanted(CO2)

    @invariant()
    def people_at_work_have_their_way(self) -> None:
        memory = self.bench.runtime.memory
        for workflow in memory.workflows.values():
            if workflow.kind is WorkflowKind.DARK_GERMINATION:
                assert not self.wanted(f"{workflow.node}.grow_light")
            elif workflow.kind is WorkflowKind.WORK_LIGHT:
                assert not self.wanted(CO2)
            elif workflow.step in (Step.DRAIN, Step.REFILL) or (
                workflow.kind is WorkflowKind.SANITATION and memory.growing
            ):
                assert not self.wanted(PUMP)

    @invariant()
    def every_workflow_ends_or_waits_for_a_person(self) -> None:
        runtime = self.bench.runtime
        if runtime.due.passed(self.bench.clock.now()):
            return
        for workflow in runtime.memory.workflows.values():
            longest = WORKFLOWS[workflow.kind].most_h * 3600 + 1
            # Its time may have run out while nobody was there: then its last step ends it.
            ends = workflow.step_at if workflow.step is Step.MIXING else workflow.since + longest
            assert workflow.until <= ends + 900
            if workflow.step is not Step.RINSE:
                assert workflow.until > self.bench.clock.farm

    @invariant()
    def looking_at_everything_finds_nothing_that_a_step_has_missed(self) -> None:
        """A step looks only at what changed or is due; a full one must want the same."""
        runtime = self.bench.runtime
        now = self.bench.clock.now()
        if runtime.due.passed(now):
            return
        full = step(runtime.farm, runtime.memory, now, [FarmChanged()])
        for point in ACTUATORS:
            # On and off only: how far lamps are dimmed is planned anew at set times.
            before = runtime.memory.actuators.get(point)
            after = full.memory.actuators.get(point)
            assert bool(before and before.wanted) == bool(after and after.wanted), point


AnyFarm.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyFarm = AnyFarm.TestCase


class LevelledFarm(AnyFarm):
    """The same with climate devices that have levels, a ramp and a cold surface."""

    def farm(self) -> Farm:
        outside = (Role.OUTSIDE_TEMPERATURE, Role.OUTSIDE_HUMIDITY, Role.SURFACE_TEMPERATURE)
        farm = bench_farm(extra=[*CONTACTS, *(sensor("zone", role) for role in outside)])
        levelled = (Role.HEATER, Role.HUMIDIFIER, Role.DEHUMIDIFIER, Role.EXHAUST_FAN)
        return check(
            replace(
                farm,
                zones=(replace(farm.zones[0], ramp_min=30.0, drying_kg_h=0.2),),
                bindings=tuple(replace(b, levels=b.role in levelled) for b in farm.bindings),
            )
        )

    @rule(
        role=st.sampled_from(["outside_temperature", "outside_humidity", "surface_temperature"]),
        value=st.sampled_from([5.0, 18.0, 23.0, 40.0, 95.0]),
    )
    def outside_changes(self, role: str, value: float) -> None:
        self.bench.report(f"zone.{role}", value)


LevelledFarm.TestCase.settings = settings(AnyFarm.TestCase.settings, max_examples=25)
TestLevelledFarm = LevelledFarm.TestCase
