"""The plan of a station is what control would do: the same light, the same shots."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import (
    BENCH,
    START,
    Bench,
    bench_farm,
    bench_phase,
    bench_recipe,
    film_bench,
)
from vfarm_core.control.ahead import AHEAD_S, plan_ahead
from vfarm_core.control.inputs import (
    Disarm,
    EmergencyStop,
    SetMode,
    SetOverride,
    StartWorkflow,
)
from vfarm_core.farm.ahead import StationPlan
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import check
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.overrides import Mode, Override, Quantity, WorkflowKind
from vfarm_core.farm.roles import Loop, Role
from vfarm_core.recipes.model import IrrigationPlan, MistCycle, PhaseKind

LAMP = "level_1.grow_light"
VALVE = "circuit.irrigation_valve"


def plan_of(bench: Bench, *points: str) -> StationPlan:
    chosen = points or tuple(b.id for b in bench.farm.bindings)
    return plan_ahead(
        bench.farm, bench.runtime.memory, bench.clock.now(), "station", frozenset(chosen)
    )


def light(plan: StationPlan, point: str, full: float = 400.0) -> list[float]:
    """mol/m² of each span of a lamp."""
    return [s.output * full * (s.end - s.start) * 1e-6 for s in plan.lamps if s.point == point]


@pytest.fixture
def grown(bench: Bench) -> Bench:
    bench.start_batch()
    return bench


def test_two_days_of_light_and_water_are_planned(grown: Bench) -> None:
    plan = plan_of(grown)
    assert plan.valid_until == START + AHEAD_S
    assert light(plan, LAMP) == pytest.approx([11.52, 11.52], rel=0.001)
    assert [s.start for s in plan.lamps if s.point == LAMP] == [START + 3600, START + 25 * 3600]
    assert len(plan.shots) == 8
    assert {s.seconds for s in plan.shots} == {300.0}
    assert plan.shots[0].litres == pytest.approx(100.0)


def test_the_planned_shots_are_those_that_control_gives(grown: Bench) -> None:
    plan = plan_of(grown)
    grown.advance(24 * 3600)
    given = [at for at, c in grown.sent if c.point == VALVE and c.value]
    assert [s.at for s in plan.shots[:4]] == pytest.approx(given, abs=1.0)


def test_in_the_middle_of_a_day_only_what_is_missing_is_planned(grown: Bench) -> None:
    grown.advance(5 * 3600)
    plan = plan_of(grown)
    got = grown.runtime.memory.levels["level_1"].dli
    assert got == pytest.approx(11.52 / 4, rel=0.02)
    assert light(plan, LAMP)[0] == pytest.approx(11.52 - got, rel=0.001)
    assert all(s.at > grown.clock.farm for s in plan.shots)


def test_a_level_without_plants_is_left_out_with_the_reason(grown: Bench) -> None:
    plan = plan_of(grown)
    assert ("level_2", "no_batch") in {(x.node, x.why) for x in plan.left_out}
    assert not [s for s in plan.lamps if s.point == "level_2.grow_light"]


def test_a_circuit_of_which_another_station_moves_a_part_is_left_out(grown: Bench) -> None:
    plan = plan_of(grown, LAMP, VALVE)
    assert not plan.shots
    assert ("circuit", "elsewhere") in {(x.node, x.why) for x in plan.left_out}
    assert plan_of(grown, LAMP).points == (LAMP,)


def test_an_emergency_stop_leaves_no_plan(grown: Bench) -> None:
    grown.ask(EmergencyStop(by="Ada"))
    plan = plan_of(grown)
    assert (plan.revoked, plan.lamps, plan.shots, plan.safe_on) == ("emergency_stop", (), (), ())


def test_where_vfarm_only_looks_on_the_station_does_nothing(grown: Bench) -> None:
    grown.ask(SetMode(mode=Mode.MONITOR))
    plan = plan_of(grown)
    assert (plan.revoked, plan.points) == ("monitor", ())


def test_a_hold_has_light_and_no_shots(grown: Bench) -> None:
    grown.ask(SetMode(mode=Mode.HOLD))
    plan = plan_of(grown)
    assert light(plan, LAMP)
    assert not plan.shots
    assert ("circuit", "mode") in {(x.node, x.why) for x in plan.left_out}


def test_a_loop_out_of_service_stays_so_on_the_station(grown: Bench) -> None:
    grown.ask(Disarm(loop=Loop.LIGHT))
    grown.ask(Disarm(loop=Loop.IRRIGATION))
    plan = plan_of(grown)
    assert (plan.lamps, plan.shots) == ((), ())
    assert {x.why for x in plan.left_out if x.node in ("level_1", "circuit")} == {"disarmed"}


def test_a_leak_leaves_no_water_in_the_plan(grown: Bench) -> None:
    grown.report("tank.leak", 1.0)
    plan = plan_of(grown)
    assert light(plan, LAMP)
    assert not plan.shots
    assert ("circuit", "leak") in {(x.node, x.why) for x in plan.left_out}


def test_a_room_that_is_too_warm_gets_no_light_from_a_station(grown: Bench) -> None:
    grown.advance(2 * 3600)
    grown.report("zone.air_temperature", 40.0)
    assert ("level_1", "too_warm") in {(x.node, x.why) for x in plan_of(grown).left_out}


def test_without_a_valid_temperature_the_light_is_dimmed_as_control_dims_it(grown: Bench) -> None:
    grown.report("zone.air_temperature", None)
    grown.advance(2 * 3600)
    plan = plan_of(grown)
    (today,) = [s for s in plan.lamps if s.start < START + 86400 and s.point == LAMP]
    assert today.output == pytest.approx(grown.state[LAMP], rel=0.05)


def test_people_who_keep_a_level_dark_keep_it_dark(grown: Bench) -> None:
    until = grown.clock.farm + 86400
    request = StartWorkflow(
        node="level_1", kind=WorkflowKind.DARK_GERMINATION, until=until, confirmed=True
    )
    assert grown.ask(request).refused is None
    assert ("level_1", "people") in {(x.node, x.why) for x in plan_of(grown).left_out}


def test_an_override_holds_as_long_as_it_lasts(grown: Bench) -> None:
    override = Override(
        node="level_1", quantity=Quantity.PPFD, value=100.0, expires_at=START + 20 * 3600
    )
    assert grown.ask(SetOverride(override=override)).refused is None
    assert light(plan_of(grown), LAMP) == pytest.approx([5.76, 11.52], rel=0.001)


def test_a_lamp_that_knows_only_on_and_off_gives_the_same_light(bench: Bench) -> None:
    def plain(b: Binding) -> Binding:
        return replace(b, dims=False) if b.id == LAMP else b

    plugged = Bench(check(replace(bench.farm, bindings=tuple(map(plain, bench.farm.bindings)))))
    plugged.start_batch()
    plan = plan_of(plugged)
    assert {s.output for s in plan.lamps if s.point == LAMP} == {1.0}
    assert light(plan, LAMP) == pytest.approx([11.52, 11.52], rel=0.001)


def test_a_daily_cap_ends_the_shots_of_a_day() -> None:
    farm = bench_farm()
    capped = replace(farm, circuits=(replace(farm.circuits[0], daily_cap_l=250.0),))
    bench = Bench(check(capped))
    bench.start_batch()
    plan = plan_of(bench)
    assert [x.why for x in plan.left_out if x.node == "circuit"] == ["daily_cap_l"]
    for shot in plan.shots:
        day = [s.litres for s in plan.shots if shot.at - 86400 < s.at <= shot.at]
        assert sum(day) <= 250.0


def test_water_that_must_never_stop_runs_through_the_plan() -> None:
    bench = film_bench()
    plan = plan_of(bench)
    (cycle,) = plan.cycles
    assert (cycle.start, cycle.end, cycle.off_s) == (START, START + AHEAD_S, 0.0)
    assert plan.circuits[0].keeps_on
    assert {"pump.irrigation_pump", VALVE} <= set(plan.safe_on)
    bench.report("tank.leak", 1.0)
    assert not {"pump.irrigation_pump", VALVE} & set(plan_of(bench).safe_on)


def test_mist_follows_day_and_night() -> None:
    farm = bench_farm()
    mist = IrrigationPlan(
        method=Method.AEROPONICS,
        events_per_day=0,
        night_events=0,
        duration_s=10,
        cycle=MistCycle(on_s=10, off_s=290, night_on_s=10, night_off_s=590),
        provenance=BENCH,
    )
    bench = Bench(
        check(replace(farm, circuits=(replace(farm.circuits[0], method=Method.AEROPONICS),)))
    )
    phase = bench_phase("young", PhaseKind.PROPAGATION, irrigation={Method.AEROPONICS: mist})
    bench.start_batch(recipe=bench_recipe(phases=(phase,)))
    found = [(c.start - START, c.end - START, c.off_s) for c in plan_of(bench).cycles]
    assert found[:3] == [
        (0.0, 3600.0, 590.0),
        (3600.0, 17 * 3600.0, 290.0),
        (17 * 3600.0, 25 * 3600.0, 590.0),
    ]


def test_making_a_plan_changes_nothing(grown: Bench) -> None:
    before = grown.runtime.memory
    assert plan_of(grown) == plan_of(grown)
    assert grown.runtime.memory is before


def test_far_red_is_not_planned_and_that_is_said(bench: Bench) -> None:
    from tests.core.support import actuator
    from vfarm_core.farm.bindings import Danger

    lamp = actuator("level_1", Role.GROW_LIGHT_FAR_RED, danger=Danger.NEITHER, max_on_s=None)
    red = Bench(check(replace(bench.farm, bindings=(*bench.farm.bindings, lamp))))
    red.start_batch()
    assert ("level_1", "far_red") in {(x.node, x.why) for x in plan_of(red).left_out}
