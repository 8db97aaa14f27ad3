"""What people do at a node is a mode with an end: it stops what would hurt, and ends by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, actuator, bench_farm, bench_recipe, film_bench, sensor
from vfarm_core.control.inputs import (
    AdvanceWorkflow,
    Cause,
    EmergencyStop,
    EndWorkflow,
    Report,
    RunShot,
    SetMode,
    StartWorkflow,
)
from vfarm_core.control.snapshot import (
    CircuitSnapshot,
    LevelSnapshot,
    ReservoirSnapshot,
    ZoneSnapshot,
)
from vfarm_core.farm.bindings import Danger, Proof
from vfarm_core.farm.build import check
from vfarm_core.farm.overrides import WORKFLOWS, Mode, Step, WorkflowKind
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import DayLength

HOUR = 3600.0
PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"
LAMP = "level_1.grow_light"
OTHER_LAMP = "level_2.grow_light"
CO2 = "zone.co2_valve"


@pytest.fixture
def growing() -> Bench:
    """Lettuce on one of two levels, five hours after its lights went on."""
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(5 * HOUR + HOUR)
    return bench


def begin(bench: Bench, node: str, kind: WorkflowKind, hours: float = 1.0, **more: Any) -> Any:
    until = bench.clock.farm + hours * HOUR
    return bench.ask(StartWorkflow(node=node, kind=kind, until=until, by="grower", **more))


def began(bench: Bench, node: str, kind: WorkflowKind, hours: float = 1.0, **more: Any) -> None:
    answer = begin(bench, node, kind, hours, **more)
    assert answer.refused is None, answer


def told(bench: Bench, kind: str) -> list[Any]:
    return [dict(e.params) for e in bench.events if e.kind == kind]


def why(bench: Bench, point: str) -> str:
    reason = bench.runtime.memory.actuators[point].reason
    return reason.code if reason else ""


def shot(bench: Bench) -> Any:
    return bench.ask(RunShot(circuit="circuit", duration_s=60.0))


class TestMaintenance:
    def test_what_is_dangerous_on_goes_off_and_the_rest_is_left_as_it_is(
        self, growing: Bench
    ) -> None:
        growing.report("zone.co2", 500.0)
        growing.report("zone.air_temperature", 19.0)
        assert growing.on("zone.heater")
        assert growing.on(CO2)
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        assert not growing.on("zone.heater")
        assert not growing.on(CO2)
        assert growing.on(LAMP)
        assert why(growing, LAMP) == "maintenance"

    def test_nothing_is_commanded_and_a_hand_is_no_takeover(self, growing: Bench) -> None:
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        growing.sent.clear()
        for value in (0.0, 1.0):
            growing.state[LAMP] = value
            growing.runtime.feed(Report(LAMP, bool(value), None, growing.clock.farm, Cause.PERSON))
            growing.settle()
        growing.report("zone.humidity", 95.0)
        growing.advance(50 * 60)
        assert growing.sent == []
        assert told(growing, "takeover") == []

    def severity(self, bench: Bench, kind: str) -> list[str]:
        return [e.severity.value for e in bench.events if e.kind == kind]

    @pytest.mark.parametrize(("attended", "told_as"), [(False, "p3"), (True, "p4")])
    def test_what_people_bring_about_is_told_as_less(self, attended: bool, told_as: str) -> None:
        bench = Bench(bench_farm(extra=[sensor("zone", Role.DOOR)]))
        bench.report("zone.door", 0.0)
        if attended:
            began(bench, "zone", WorkflowKind.MAINTENANCE, hours=8)
        bench.report("zone.door", 1.0)
        bench.values["zone.door"] = 1.0
        bench.advance(HOUR)
        assert self.severity(bench, "door_open") == [told_as]
        kept = [r["severity"] for r in bench.journal.of("door_open")]  # type: ignore[index]
        assert kept == [told_as], "the records say the same"

    def test_elsewhere_it_is_told_as_ever(self) -> None:
        bench = Bench(bench_farm(extra=[sensor("zone", Role.DOOR)]))
        began(bench, "tank", WorkflowKind.MAINTENANCE, hours=8)
        bench.report("zone.door", 1.0)
        bench.values["zone.door"] = 1.0
        bench.advance(HOUR)
        assert self.severity(bench, "door_open") == ["p3"]

    def test_trips_are_told_as_ever(self) -> None:
        bench = Bench(bench_farm(extra=[sensor("zone", Role.SMOKE)]))
        bench.report("zone.smoke", 0.0)
        began(bench, "zone", WorkflowKind.MAINTENANCE)
        bench.report("zone.air_temperature", 45.0)
        bench.report("zone.smoke", 1.0)
        assert self.severity(bench, "over_temperature")[-1] == "p1"
        assert self.severity(bench, "smoke") == ["p1"]

    def test_a_heater_that_cannot_be_switched_off_is_told_as_ever(self, growing: Bench) -> None:
        growing.report("zone.air_temperature", 19.0)
        assert growing.on("zone.heater")
        growing.disobeys.add("zone.heater")
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        growing.advance(120)
        assert self.severity(growing, "not_proved") == ["p1"]

    def test_trips_act_all_the_same(self, growing: Bench) -> None:
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        growing.report("zone.air_temperature", 45.0)
        assert not growing.on(LAMP)
        assert growing.on("zone.cooler")

    def test_it_ends_by_time_and_control_goes_on(self, growing: Bench) -> None:
        began(growing, "level_1", WorkflowKind.MAINTENANCE)
        growing.report(LAMP, 0.0)
        growing.advance(HOUR - 60)
        assert not growing.on(LAMP)
        growing.advance(120)
        assert growing.on(LAMP)
        assert told(growing, "workflow_ended")[-1]["why"] == "expired"

    def test_a_person_ends_it_sooner(self, growing: Bench) -> None:
        began(growing, "rack", WorkflowKind.MAINTENANCE)
        growing.report(LAMP, 0.0)
        assert growing.ask(EndWorkflow(node="rack", by="grower")).data == {"node": "rack"}
        assert growing.on(LAMP)
        assert told(growing, "workflow_ended") == [
            {"workflow": "maintenance", "why": "ended", "by": "grower"}
        ]

    @pytest.mark.parametrize("node", ["circuit", "tank", "zone"])
    def test_a_running_shot_ends_in_order_and_no_other_begins(
        self, growing: Bench, node: str
    ) -> None:
        growing.advance(2 * HOUR)
        shot(growing)
        growing.sent.clear()
        began(growing, node, WorkflowKind.MAINTENANCE)
        growing.advance(30)
        assert [(c.point, c.value) for _, c in growing.sent if c.point in (PUMP, VALVE)] == [
            (PUMP, 0.0),
            (VALVE, 0.0),
        ]
        assert shot(growing).params["why"] == "maintenance"

    def test_faults_of_entities_in_peoples_hands_are_not_shown(self, growing: Bench) -> None:
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        growing.report("zone.cooler", "unavailable")
        zone = growing.runtime.snapshots["zone"]
        level = growing.runtime.snapshots["level_1"]
        assert isinstance(zone, ZoneSnapshot)
        assert isinstance(level, LevelSnapshot)
        assert zone.problems == ()
        assert level.workflow is not None
        assert (level.workflow.node, level.workflow.kind) == ("zone", WorkflowKind.MAINTENANCE)

    def test_an_emergency_stop_beats_it(self, growing: Bench) -> None:
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        growing.ask(EmergencyStop(by="grower"))
        assert not growing.on(LAMP)
        assert not growing.on("zone.circulation_fan")

    def test_in_monitor_mode_what_went_off_stays_off(self, growing: Bench) -> None:
        growing.report("zone.air_temperature", 19.0)
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        growing.ask(SetMode(mode=Mode.MONITOR))
        assert not growing.on("zone.heater")


class TestSolutionChange:
    def test_water_stops_until_it_is_refilled_and_dosing_until_it_is_mixed(self) -> None:
        extra = (
            actuator("tank", Role.FILL_VALVE, max_on_s=600.0, proof=Proof.PULSE),
            actuator("tank", Role.AIR_PUMP, danger=Danger.NEITHER, max_on_s=None),
        )
        bench = Bench(bench_farm(extra=extra))
        bench.start_batch()
        bench.advance(8 * HOUR)
        began(bench, "tank", WorkflowKind.SOLUTION_CHANGE, 2)
        assert shot(bench).params["why"] == "solution_change"
        assert why(bench, "tank.fill_valve") == "solution_change"
        assert bench.ask(AdvanceWorkflow(node="tank", by="grower")).data["step"] == "refill"
        assert shot(bench).params["why"] == "solution_change"
        assert bench.ask(AdvanceWorkflow(node="tank", by="grower")).data["step"] == "mixing"
        assert shot(bench).refused is None
        assert why(bench, "tank.fill_valve") == "solution_change"
        assert bench.ask(AdvanceWorkflow(node="tank")).refused == "workflow_last_step"
        bench.advance(16 * 60)
        assert why(bench, "tank.fill_valve") != "solution_change"
        assert [e["step"] for e in told(bench, "workflow_step")] == ["refill", "mixing"]

    def test_what_was_dosed_is_forgotten_only_when_it_was_refilled(self, growing: Bench) -> None:
        began(growing, "tank", WorkflowKind.SOLUTION_CHANGE, 2)
        growing.ask(EndWorkflow(node="tank"))
        assert "solution_changed" not in growing.kinds(), "nobody has said that it was refilled"
        growing.ask(EndWorkflow(node="tank"))
        began(growing, "tank", WorkflowKind.SOLUTION_CHANGE, 2)
        growing.ask(AdvanceWorkflow(node="tank", by="grower"))
        assert "solution_changed" not in growing.kinds()
        growing.ask(AdvanceWorkflow(node="tank", by="grower"))
        assert growing.kinds().count("solution_changed") == 1

    def test_a_person_who_ends_it_early_still_waits_for_mixing(self, growing: Bench) -> None:
        began(growing, "tank", WorkflowKind.SOLUTION_CHANGE, 2)
        assert growing.ask(EndWorkflow(node="tank")).data["step"] == "mixing"
        assert growing.ask(EndWorkflow(node="tank")).data == {"node": "tank"}

    def test_its_time_ends_in_mixing_too(self, growing: Bench) -> None:
        began(growing, "tank", WorkflowKind.SOLUTION_CHANGE, 1)
        growing.advance(HOUR + 10)
        tank = growing.runtime.snapshots["tank"]
        assert isinstance(tank, ReservoirSnapshot)
        assert tank.workflow is not None
        assert tank.workflow.step is Step.MIXING
        growing.advance(16 * 60)
        assert growing.runtime.memory.workflows == {}

    def test_circulation_stops_pump_first_and_comes_back(self) -> None:
        film = film_bench()
        film.sent.clear()
        began(film, "tank", WorkflowKind.SOLUTION_CHANGE, 2)
        film.advance(HOUR)
        film.ask(EndWorkflow(node="tank"))
        film.advance(10)
        assert [(c.point, c.value) for _, c in film.sent if c.point in (PUMP, VALVE)] == [
            (PUMP, 0.0),
            (VALVE, 0.0),
            (VALVE, 1.0),
            (PUMP, 1.0),
        ]


class TestSanitation:
    @pytest.fixture
    def empty(self) -> Bench:
        return Bench(bench_farm())

    def test_no_cleaner_where_plants_grow(self, growing: Bench) -> None:
        for node in ("tank", "circuit"):
            answer = begin(growing, node, WorkflowKind.SANITATION)
            assert answer.refused == "workflow_plants"
            assert answer.params["level"] == "level_1"

    def test_people_may_pump_it_round_and_plants_get_none(self, empty: Bench) -> None:
        began(empty, "tank", WorkflowKind.SANITATION, 4)
        assert shot(empty).refused is None
        empty.advance(HOUR)
        empty.start_batch()
        empty.advance(30)
        assert shot(empty).params["why"] == "sanitation"

    @pytest.mark.parametrize("by_time", [True, False])
    def test_it_waits_for_the_rinse_to_be_confirmed(self, empty: Bench, by_time: bool) -> None:
        began(empty, "circuit", WorkflowKind.SANITATION, 1)
        if by_time:
            empty.advance(2 * HOUR)
        else:
            assert empty.ask(EndWorkflow(node="circuit")).data["step"] == "rinse"
        empty.start_batch()
        empty.advance(48 * HOUR)
        assert shot(empty).params["why"] == "rinse"
        circuit = empty.runtime.snapshots["circuit"]
        assert isinstance(circuit, CircuitSnapshot)
        assert "rinse" in circuit.problems
        assert circuit.workflow is not None
        assert circuit.workflow.until is None
        assert empty.ask(EndWorkflow(node="circuit", by="grower")).data == {"node": "circuit"}
        assert shot(empty).refused is None


def target_of(bench: Bench) -> float | None:
    zone = bench.runtime.snapshots["zone"]
    assert isinstance(zone, ZoneSnapshot)
    return zone.air_temperature.target


class TestDarkGermination:
    def test_lamps_stay_off_and_the_recipe_stays_as_it_is(self, growing: Bench) -> None:
        began(growing, "level_1", WorkflowKind.DARK_GERMINATION, 48)
        assert not growing.on(LAMP)
        assert why(growing, LAMP) == "dark_germination"
        growing.advance(47 * HOUR)
        assert not growing.on(LAMP)
        growing.advance(2 * HOUR)
        assert growing.on(LAMP)
        batch = growing.runtime.memory.batches["batch_1"]
        assert batch.phase_index == 0

    def test_it_is_night_there(self, growing: Bench) -> None:
        growing.report("zone.co2", 500.0)
        assert growing.on(CO2)
        began(growing, "level_1", WorkflowKind.DARK_GERMINATION, 2)
        assert not growing.on(CO2)
        level = growing.runtime.snapshots["level_1"]
        assert isinstance(level, LevelSnapshot)
        assert not level.day

    def test_the_planned_end_of_the_day_changes_nothing_where_it_is_dark_already(self) -> None:
        farm = bench_farm()
        zones = (replace(farm.zones[0], ramp_min=30.0),)
        bench = Bench(check(replace(farm, zones=zones)))
        bench.start_batch()
        bench.advance(6 * HOUR)
        began(bench, "level_1", WorkflowKind.DARK_GERMINATION, 24)
        day = bench.runtime.memory.levels["level_1"].light_day
        assert day is not None
        bench.advance(day.end_s - bench.clock.farm - 60)
        before = target_of(bench)
        for _ in range(4):
            bench.advance(60)
            assert target_of(bench) == before

    def test_a_hand_on_the_lamp_does_not_end_it(self, growing: Bench) -> None:
        began(growing, "level_1", WorkflowKind.DARK_GERMINATION, 2)
        growing.state[LAMP] = 1.0
        growing.runtime.feed(Report(LAMP, True, None, growing.clock.farm, Cause.PERSON))
        growing.settle()
        assert not growing.on(LAMP)

    def test_people_have_light_to_work_by_but_not_there(self, growing: Bench) -> None:
        began(growing, "level_1", WorkflowKind.DARK_GERMINATION, 24)
        began(growing, "zone", WorkflowKind.WORK_LIGHT, 1)
        assert not growing.on(LAMP)
        assert growing.on(OTHER_LAMP)


class TestWorkLight:
    def test_lamps_that_are_dark_are_on_low_and_co2_is_closed(self, growing: Bench) -> None:
        growing.report("zone.co2", 500.0)
        assert growing.on(CO2)
        day = growing.state[LAMP]
        assert not growing.on(OTHER_LAMP)
        began(growing, "zone", WorkflowKind.WORK_LIGHT)
        assert growing.state[LAMP] == day, "plants keep their day"
        assert growing.state[OTHER_LAMP] == pytest.approx(0.2)
        assert not growing.on(CO2)
        assert why(growing, CO2) == "co2_people"
        growing.advance(HOUR + 60)
        assert not growing.on(OTHER_LAMP)

    def test_it_ends_when_the_day_of_a_short_day_crop_ends(self) -> None:
        bench = self.short_day()
        bench.advance(16 * HOUR)
        began(bench, "zone", WorkflowKind.WORK_LIGHT, 2)
        assert bench.on(OTHER_LAMP)
        bench.advance(HOUR + 60)
        assert not bench.on(LAMP)
        assert not bench.on(OTHER_LAMP)

    def test_a_protected_dark_period_needs_a_persons_yes(self) -> None:
        bench = self.short_day()
        bench.advance(18 * HOUR)
        answer = begin(bench, "zone", WorkflowKind.WORK_LIGHT)
        assert answer.refused == "workflow_dark"
        assert answer.params["level"] == "level_1"
        assert not bench.on(LAMP)
        began(bench, "zone", WorkflowKind.WORK_LIGHT, confirmed=True)
        assert bench.on(LAMP)

    def short_day(self) -> Bench:
        bench = Bench(bench_farm())
        bench.start_batch(recipe=bench_recipe(day_length=DayLength.SHORT_DAY))
        return bench

    @pytest.mark.parametrize("celsius", [31.0, 45.0])
    def test_heat_beats_it(self, growing: Bench, celsius: float) -> None:
        growing.advance(14 * HOUR)
        began(growing, "zone", WorkflowKind.WORK_LIGHT)
        assert growing.on(LAMP)
        growing.report("zone.air_temperature", celsius)
        assert not growing.on(LAMP)

    def test_an_emergency_stop_beats_it(self, growing: Bench) -> None:
        growing.advance(14 * HOUR)
        began(growing, "zone", WorkflowKind.WORK_LIGHT)
        growing.ask(EmergencyStop(by="grower"))
        assert not growing.on(LAMP)
        assert not growing.on(OTHER_LAMP)


class TestRules:
    @pytest.mark.parametrize("kind", list(WorkflowKind))
    def test_no_workflow_lasts_longer_than_its_kind_may(
        self, growing: Bench, kind: WorkflowKind
    ) -> None:
        node = {"zone": "zone", "level": "level_2", "reservoir": "tank"}[WORKFLOWS[kind].nodes[0]]
        answer = begin(growing, node, kind, WORKFLOWS[kind].most_h + 0.1)
        assert answer.refused == "workflow_too_long"
        assert begin(growing, node, kind, -1).refused == "workflow_over"
        assert growing.runtime.memory.workflows == {}

    def test_it_belongs_to_its_kind_of_node(self, growing: Bench) -> None:
        answer = begin(growing, "zone", WorkflowKind.SANITATION)
        assert answer.refused == "workflow_wrong_node"
        assert answer.params["kinds"] == "reservoir, circuit"
        assert begin(growing, "cellar", WorkflowKind.SANITATION).refused == "node_unknown"

    def test_those_that_would_be_in_each_others_way_are_refused(self, growing: Bench) -> None:
        began(growing, "rack", WorkflowKind.MAINTENANCE)
        for node in ("rack", "zone", "level_1"):
            answer = begin(growing, node, WorkflowKind.MAINTENANCE)
            assert answer.refused == "workflow_running", node
            assert answer.params["kind"] == "maintenance"
        assert begin(growing, "tank", WorkflowKind.MAINTENANCE).refused is None

    def test_there_has_to_be_one_to_end(self, growing: Bench) -> None:
        assert growing.ask(EndWorkflow(node="tank")).refused == "workflow_none"
        assert growing.ask(AdvanceWorkflow(node="nowhere")).refused == "workflow_none"
        began(growing, "zone", WorkflowKind.MAINTENANCE)
        assert growing.ask(AdvanceWorkflow(node="zone")).refused == "workflow_last_step"

    def test_it_is_kept_over_a_restart_and_ends_while_nobody_is_there(self, growing: Bench) -> None:
        began(growing, "level_1", WorkflowKind.DARK_GERMINATION, 4)
        growing.restart()
        assert not growing.on(LAMP)
        growing.restart(down_s=5 * HOUR)
        assert growing.on(LAMP)
        assert told(growing, "workflow_ended")[-1]["why"] == "expired"

    def test_a_clock_set_back_does_not_lengthen_it(self, growing: Bench) -> None:
        began(growing, "level_1", WorkflowKind.DARK_GERMINATION, 2)
        growing.advance(HOUR)
        growing.clock.farm -= 3 * HOUR
        growing.advance(HOUR + 60)
        assert told(growing, "workflow_ended")

    def test_it_goes_with_its_node(self, growing: Bench) -> None:
        began(growing, "level_2", WorkflowKind.DARK_GERMINATION, 2)
        farm = growing.farm
        growing.farm = check(
            replace(
                farm,
                levels=farm.levels[:1],
                circuits=(replace(farm.circuits[0], levels=("level_1",)),),
                bindings=tuple(b for b in farm.bindings if b.node != "level_2"),
            )
        )
        growing.runtime.replace_farm(growing.farm)
        assert growing.runtime.memory.workflows == {}

    def test_it_is_in_the_journal(self, growing: Bench) -> None:
        began(growing, "tank", WorkflowKind.MAINTENANCE)
        assert "workflow:tank" in growing.journal.slices()
        (entry,) = growing.journal.of("workflow_started")
        assert entry["by"] == "grower"
