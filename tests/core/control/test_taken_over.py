"""The controller is gone for two hours, the station is not: what it gave counts, once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.support import BENCH, START, Bench, bench_farm, bench_phase, bench_recipe
from vfarm_core.control import keep
from vfarm_core.control.ahead import plan_ahead
from vfarm_core.control.inputs import TakeOver
from vfarm_core.devices.stations.executor import Inputs, State, advance
from vfarm_core.farm.ahead import Delivered, GivenEnd, LightGiven, StationPlan, WaterGiven
from vfarm_core.farm.nodes import Method
from vfarm_core.recipes.model import IrrigationPlan, PhaseKind

LAMP, PUMP, VALVE = "level_1.grow_light", "pump.irrigation_pump", "circuit.irrigation_valve"
HOUR = 3600.0
PPFD_FULL = 400.0


def hourly() -> Bench:
    """Lettuce with a shot of two minutes every hour of its light day."""
    bench = Bench(bench_farm())
    plan = IrrigationPlan(
        method=Method.EBB_FLOW, events_per_day=16, night_events=0, duration_s=120, provenance=BENCH
    )
    phase = bench_phase("young", PhaseKind.PROPAGATION, irrigation={Method.EBB_FLOW: plan})
    bench.start_batch(recipe=bench_recipe(phases=(phase,)))
    return bench


def plan_of(bench: Bench) -> StationPlan:
    points = frozenset({LAMP, PUMP, VALVE})
    memory = bench.runtime.memory
    return plan_ahead(bench.farm, memory, bench.clock.now(), "node", points)


def alone(plan: StationPlan, since: float, until: float) -> tuple[State, Delivered]:
    """A station that hears nothing any more, until a heartbeat; what it then reports."""
    state = State(farm="farm", station="node", heard_at=since)
    done = advance(state, since, Inputs(heartbeat=True, plan=plan))
    while done.due < until:
        done = advance(done.state, done.due, Inputs())
    now = until
    done = advance(done.state, now, Inputs(heartbeat=True))
    while not done.state.reports:
        now = done.due
        done = advance(done.state, now, Inputs(heartbeat=True))
    return done.state, done.state.reports[0]


def back(bench: Bench, told: Delivered, at: float) -> None:
    """The controller comes back, takes over, and only then runs."""
    bench.clock.farm = at
    bench.clock.mono = 5.0
    bench.waits = True
    bench.boot(keep.restore(bench.journal.slices()))
    answer = bench.ask(TakeOver(delivered=told))
    assert (answer.refused, answer.data["taken"]) == (None, True)
    bench.runtime.ready()
    bench.settle()


def test_two_hours_without_a_controller_cost_no_light_and_no_water() -> None:
    bench = hourly()
    bench.advance(5 * HOUR)
    killed = bench.clock.farm
    memory = bench.runtime.memory
    dli, shots = memory.levels["level_1"].dli, memory.circuits["circuit"].shots_today
    _, told = alone(plan_of(bench), killed, killed + 2 * HOUR)
    back(bench, told, told.until)
    memory = bench.runtime.memory
    # 200 µmol/m²/s for two hours, but for the minute in which the station waited for a heartbeat.
    assert memory.levels["level_1"].dli - dli == pytest.approx(1.44, rel=0.01)
    circuit = memory.circuits["circuit"]
    assert circuit.shots_today == shots + 2
    ended = [e for e in bench.events if e.kind == "shot_ended" and e.params["by"] == "station"]
    assert [e.params["delivered_l"] for e in ended] == [40.0, 40.0]
    bench.advance(START + 18 * HOUR - bench.clock.farm)
    level = bench.runtime.memory.levels["level_1"]
    assert level.dli == pytest.approx(11.52, rel=0.01)
    assert bench.runtime.memory.circuits["circuit"].shots_today == 16


def test_a_shot_of_the_station_is_not_given_again_by_the_controller() -> None:
    bench = hourly()
    bench.advance(2 * HOUR)
    killed = bench.clock.farm
    plan = plan_of(bench)
    first = plan.shots[0]
    _, told = alone(plan, killed, first.at + 400)
    bench.sent.clear()
    back(bench, told, told.until)
    bench.advance(600)
    assert not [c for _, c in bench.sent if c.point == PUMP and c.value]


def test_a_report_counts_once_also_over_a_restart() -> None:
    bench = hourly()
    bench.advance(5 * HOUR)
    killed = bench.clock.farm
    _, told = alone(plan_of(bench), killed, killed + 2 * HOUR)
    back(bench, told, told.until)
    before = bench.runtime.memory.circuits["circuit"]
    bench.waits = False
    bench.restart()
    answer = bench.ask(TakeOver(delivered=told))
    assert answer.data == {"number": 1, "taken": False}
    after = bench.runtime.memory.circuits["circuit"]
    assert (after.shots_today, after.water_log) == (before.shots_today, before.water_log)


def report(**changes: Any) -> Delivered:
    values: dict[str, Any] = {
        "farm": "farm",
        "station": "node",
        "number": 1,
        "since": START,
        "heard_again": START + 900,
        "until": START + 900,
    }
    return Delivered(**{**values, **changes})


def test_what_another_farm_was_given_counts_nothing() -> None:
    bench = hourly()
    assert not bench.ask(TakeOver(delivered=report(farm="other"))).data["taken"]


def test_a_short_gap_is_bridged_by_control_alone() -> None:
    bench = hourly()
    bench.advance(2 * HOUR)
    dli = bench.runtime.memory.levels["level_1"].dli
    now = bench.clock.farm
    given = LightGiven(point=LAMP, start=now - 300, end=now, output=0.5)
    told = report(since=now - 300, heard_again=now, until=now, light=(given,))
    assert bench.ask(TakeOver(delivered=told)).data["taken"]
    assert bench.runtime.memory.levels["level_1"].dli == pytest.approx(dli)


def test_light_of_the_day_before_goes_to_that_day() -> None:
    bench = hourly()
    bench.advance(26 * HOUR)
    level = bench.runtime.memory.levels["level_1"]
    assert level.light_day is not None
    assert level.dli_yesterday is not None
    start = level.light_day.start_s
    given = LightGiven(point=LAMP, start=start - 1000, end=start + 1000, output=0.5)
    told = report(since=start - 1000, heard_again=start + 1000, light=(given,))
    bench.ask(TakeOver(delivered=told))
    after = bench.runtime.memory.levels["level_1"]
    assert after.dli - level.dli == pytest.approx(0.2)
    assert after.dli_yesterday is not None
    assert after.dli_yesterday - level.dli_yesterday == pytest.approx(0.2)


def test_a_leak_that_the_station_holds_stops_the_water_here_too() -> None:
    bench = hourly()
    bench.ask(TakeOver(delivered=report(latched=("tank.leak",))))
    assert "leak" in bench.kinds()
    bench.advance(3 * HOUR)
    assert not [c for _, c in bench.sent if c.point == PUMP and c.value]


def test_a_stop_that_was_pressed_at_the_station_stops_the_farm() -> None:
    bench = hourly()
    bench.ask(TakeOver(delivered=report(latched=("stop",))))
    emergency = bench.runtime.memory.farm.emergency
    assert emergency is not None
    assert emergency.by == "station"


@pytest.mark.parametrize(
    ("ended", "end", "severity"),
    [
        (GivenEnd.DRY, "volume_low", "p2"),
        (GivenEnd.LEAK, "leak", "p1"),
        (GivenEnd.EXPIRED, "stopped", "info"),
    ],
)
def test_how_a_shot_ended_at_the_station_is_told(ended: GivenEnd, end: str, severity: str) -> None:
    bench = hourly()
    now = bench.clock.farm
    water = WaterGiven(
        circuit="circuit",
        start=now - 60,
        end=now,
        seconds=60,
        planned_s=120,
        ended=ended,
        shot="circuit-1",
    )
    gone = WaterGiven(
        circuit="gone", start=now - 60, end=now, seconds=60, planned_s=60, ended=ended
    )
    assert bench.ask(TakeOver(delivered=report(water=(water, gone)))).data["litres"] == 20.0
    (event,) = [e for e in bench.events if e.kind == "shot_ended"]
    assert (event.params["end"], event.severity.value) == (end, severity)
    assert (event.params["planned_l"], event.params["delivered_l"]) == (40.0, 20.0)
