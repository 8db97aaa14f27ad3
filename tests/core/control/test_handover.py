"""Circuits that share a pump: one valve opens before the last one closes, and the pump runs on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.control.watering_bench import (
    HOUR,
    PUMP,
    VALVE,
    VALVE_B,
    order,
    recipe_with,
    shots,
    two_circuits,
)
from tests.core.control.watering_bench import plan as plan_of
from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import EmergencyStop, RunShot
from vfarm_core.farm.build import FarmError, check
from vfarm_core.farm.nodes import Method

FIRST_SHOT = HOUR + 900  # lights-on is an hour after the start, the first shot 15 min later


def grown(**changes: float) -> Bench:
    bench = Bench(two_circuits(**changes))
    bench.start_batch(["level_1", "level_2"])
    bench.advance(FIRST_SHOT - 1)
    bench.sent.clear()
    return bench


def test_the_next_valve_opens_before_the_last_one_closes_and_the_pump_runs_through() -> None:
    bench = grown()
    bench.advance(700)
    assert order(bench) == [
        (VALVE_B, 1.0),
        (PUMP, 1.0),
        (VALVE, 1.0),
        (VALVE_B, 0.0),
        (PUMP, 0.0),
        (VALVE, 0.0),
    ]
    delivered = {str(r["node"]): r["delivered_l"] for r in bench.journal.of("shot_ended")}
    assert delivered["circuit"] == pytest.approx(100, rel=0.05)
    assert delivered["b"] == pytest.approx(100, rel=0.05)


def test_every_circuit_has_its_shots_and_only_a_handover_opens_two_valves() -> None:
    bench = grown()
    bench.advance(24 * HOUR - FIRST_SHOT)
    assert shots(bench) == 4
    assert shots(bench, "b") == 4


def test_the_last_circuit_is_watered_until_the_next_valve_is_proved_open() -> None:
    bench = grown()
    bench.disobeys.add(VALVE)
    bench.advance(310)
    assert bench.on(VALVE_B)
    assert bench.on(PUMP)
    bench.report(VALVE, 1.0)
    assert not bench.on(VALVE_B)
    assert bench.on(PUMP)


def test_a_valve_that_does_not_open_in_time_stops_the_pump_in_between() -> None:
    bench = grown()
    bench.disobeys.add(VALVE)
    bench.advance(400)
    assert not bench.on(VALVE_B)
    assert not bench.on(PUMP)
    ends = {str(r["node"]): r["end"] for r in bench.journal.of("shot_ended")}
    assert ends["b"] in ("done", "volume")
    assert ends["circuit"] == "valve_failed"


def test_a_valve_that_does_not_close_keeps_the_other_circuit_dry() -> None:
    bench = grown()
    bench.advance(200)
    bench.disobeys.add(VALVE_B)
    bench.advance(300)
    assert not bench.on(PUMP), "the water would go on to the table that has had its share"
    answer = bench.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.params["why"] == "neighbour_open"


def test_a_pump_that_may_not_run_so_long_stops_between_the_two() -> None:
    bench = grown(max_on_s=600.0)
    bench.advance(800)
    assert order(bench, PUMP) == [(PUMP, 1.0), (PUMP, 0.0), (PUMP, 1.0), (PUMP, 0.0)]
    assert shots(bench) == shots(bench, "b") == 1


def test_a_stop_in_the_middle_of_a_handover_closes_both() -> None:
    bench = grown()
    bench.disobeys.add(VALVE)
    bench.advance(305)
    bench.ask(EmergencyStop(by="grower"))
    bench.disobeys.clear()
    bench.advance(60)
    assert not any(bench.on(p) for p in (PUMP, VALVE, VALVE_B))
    assert {r["end"] for r in bench.journal.of("shot_ended")} == {"emergency"}


def test_a_leak_in_the_middle_of_a_handover_closes_both() -> None:
    bench = grown()
    bench.disobeys.add(VALVE)
    bench.advance(305)
    bench.report("tank.leak", 1.0)
    bench.disobeys.clear()
    bench.report(VALVE, bench.state[VALVE])
    bench.advance(60)
    assert not any(bench.on(p) for p in (PUMP, VALVE, VALVE_B))


def test_a_restart_in_the_middle_of_a_handover_closes_both() -> None:
    bench = grown()
    bench.disobeys.add(VALVE)
    bench.advance(305)
    bench.disobeys.clear()
    bench.state[VALVE] = 1.0
    bench.restart()
    bench.advance(30)
    assert not any(bench.on(p) for p in (PUMP, VALVE, VALVE_B))
    assert {r["end"] for r in bench.journal.of("shot_ended")} == {"crash"}


def test_who_has_waited_longest_goes_first() -> None:
    bench = grown()
    bench.advance(900)
    first = [r["node"] for r in bench.journal.of("shot_started")]
    bench.advance(5 * HOUR)
    assert [r["node"] for r in bench.journal.of("shot_started")][2:4] == first


def test_a_circuit_that_drains_is_not_handed_the_pump() -> None:
    bench = Bench(two_circuits(drain_s=3600))
    bench.start_batch(["level_1", "level_2"], recipe=recipe_with(plan_of(Method.EBB_FLOW)))
    bench.ask(RunShot(circuit="circuit", duration_s=60))
    bench.advance(FIRST_SHOT - 600)
    bench.ask(RunShot(circuit="circuit", duration_s=30))
    bench.sent.clear()
    bench.advance(1000)
    assert (VALVE, 1.0) not in order(bench)[2:]


def test_circuits_that_share_a_pump_need_valves() -> None:
    farm = bench_farm()
    first = replace(farm.circuits[0], levels=("level_1",))
    second = replace(first, id="b", name="B", levels=("level_2",))
    with pytest.raises(FarmError) as caught:
        check(replace(farm, circuits=(first, second)))
    assert [(p.node, p.key) for p in caught.value.problems] == [("b", "circuit_without_valve")]
    film = [replace(c, method=Method.NFT) for c in (first, second)]
    check(replace(farm, circuits=tuple(film)))
