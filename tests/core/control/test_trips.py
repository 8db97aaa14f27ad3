"""Meters: a volume that ends a shot, and what must stop a pump that moves no water."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.control.watering_bench import (
    HOUR,
    PUMP,
    VALVE,
    dangerous_off,
    ended,
    one_circuit,
    order,
    recipe_with,
    seen,
    shots,
)
from tests.core.control.watering_bench import plan as plan_of
from tests.core.support import Bench, sensor
from vfarm_core.control.inputs import Cause, ClearInhibit, Report, RunShot
from vfarm_core.farm.nodes import Method
from vfarm_core.farm.roles import Role

COUNTER = "pump.water_total"
GAUGE = "pump.pressure"


def growing(*extra: Role, pump: dict[str, Any] | None = None, **values: float) -> Bench:
    farm = one_circuit(extra=[sensor("pump", role) for role in extra], pump=pump)
    bench = Bench(farm, values={k.replace("__", "."): v for k, v in values.items()})
    bench.start_batch()
    bench.advance(60)
    return bench


def shoot(bench: Bench, seconds: float = 300.0) -> None:
    answer = bench.ask(RunShot(circuit="circuit", duration_s=seconds, by="grower"))
    assert answer.refused is None, answer


def test_a_weak_flow_is_given_more_time_until_the_volume_is_there() -> None:
    bench = growing()
    shoot(bench)
    bench.report("pump.flow", 17.0)
    bench.advance(310)
    assert bench.on(PUMP)
    bench.advance(60)
    assert ended(bench)["end"] == "volume"
    assert ended(bench)["delivered_l"] == pytest.approx(100, rel=0.03)


def test_a_strong_flow_ends_a_short_shot_at_its_volume() -> None:
    bench = growing(pump={"flow_l_min": 10.0})  # and its meter shows 20
    shoot(bench, 25)
    bench.advance(15, sensors=False)
    assert not bench.on(PUMP)
    assert ended(bench)["delivered_l"] == pytest.approx(25 / 60 * 10, rel=0.1)


def test_no_flow_is_so_weak_that_a_shot_has_no_end() -> None:
    bench = growing()
    shoot(bench)
    bench.report("pump.flow", 10.0)
    bench.advance(380)
    assert ended(bench)["end"] == "done"
    assert ended(bench)["delivered_s"] == pytest.approx(375, abs=2)
    assert ended(bench)["delivered_l"] < 70


def test_more_time_never_goes_beyond_the_declared_maximum() -> None:
    bench = growing()
    shoot(bench, 880)
    bench.report("pump.flow", 10.0)
    bench.advance(900)
    assert ended(bench)["delivered_s"] < 900
    assert ended(bench)["end"] == "done"


def test_without_a_meter_time_ends_a_shot() -> None:
    bench = growing()
    shoot(bench, 200)
    bench.report("pump.flow", "unavailable")
    del bench.values["pump.flow"]
    bench.advance(202)
    assert ended(bench)["end"] == "done"
    assert ended(bench)["delivered_l"] == pytest.approx(200 / 60 * 20, rel=0.02)


def test_a_counter_ends_a_shot_at_its_volume() -> None:
    bench = growing(Role.WATER_TOTAL, pump__water_total=1000.0)
    shoot(bench)
    for litres in (1030.0, 1060.0, 1090.0):
        bench.advance(30)
        bench.report(COUNTER, litres)
    assert bench.on(PUMP)
    bench.advance(10)
    bench.report(COUNTER, 1101.0)
    assert not bench.on(PUMP)
    assert ended(bench)["end"] == "volume"
    assert ended(bench)["delivered_l"] == pytest.approx(101, abs=0.5)


def test_a_counter_that_starts_again_counts_what_it_shows() -> None:
    bench = growing(Role.WATER_TOTAL, pump__water_total=1000.0)
    shoot(bench)
    bench.advance(30)
    bench.report(COUNTER, 1040.0)
    bench.advance(30)
    bench.report(COUNTER, 5.0)
    bench.advance(30)
    bench.report(COUNTER, 15.0)
    assert bench.runtime.memory.circuits["circuit"].shot is not None
    assert bench.runtime.memory.circuits["circuit"].shot.delivered_l == pytest.approx(55, abs=0.5)


def test_a_counter_that_stands_still_says_that_no_water_flows() -> None:
    bench = growing(Role.WATER_TOTAL, pump={"meter_timeout_s": 45.0}, pump__water_total=1000.0)
    shoot(bench)
    bench.advance(20)
    bench.report(COUNTER, 1005.0)
    bench.advance(44)
    assert bench.on(PUMP)
    bench.advance(3)
    assert not bench.on(PUMP)
    assert ended(bench)["end"] == "no_flow"


def test_a_counter_that_is_gone_is_dead_and_shots_go_by_time_from_then_on() -> None:
    bench = growing(Role.WATER_TOTAL, pump={"meter_timeout_s": 45.0}, pump__water_total=1000.0)
    shoot(bench)
    bench.advance(20)
    bench.report(COUNTER, "unavailable")
    del bench.values[COUNTER]
    bench.advance(60)
    assert ended(bench)["end"] == "meter_dead"
    assert "meter_dead" in seen(bench).problems
    bench.advance(700)
    shoot(bench, 200)
    bench.advance(210)
    assert ended(bench)["end"] == "done"
    assert "inhibited" not in seen(bench).problems, "a meter is no pump"


def test_a_meter_of_flow_that_falls_silent_is_dead_within_its_time_and_believed_again_later() -> (
    None
):
    bench = growing(pump={"meter_timeout_s": 40.0})
    shoot(bench)
    bench.advance(39, sensors=False)
    assert bench.on(PUMP)
    bench.advance(3, sensors=False)
    assert ended(bench)["end"] == "meter_dead"
    bench.advance(700)
    shoot(bench, 100)
    for _ in range(4):
        bench.advance(20, sensors=False)
        bench.report("pump.flow", 20.0)
    assert "meter_dead" not in seen(bench).problems
    bench.advance(30, sensors=False)
    assert ended(bench)["end"] in ("volume", "done")


def test_a_valve_that_closes_against_the_pump_stops_it_at_once() -> None:
    bench = growing()
    shoot(bench)
    bench.advance(30)
    bench.state[VALVE] = 0.0
    bench.runtime.feed(Report(VALVE, False, None, bench.clock.farm, Cause.PERSON))
    bench.settle()
    assert not bench.on(PUMP)
    assert ended(bench)["end"] == "dead_head"


@pytest.mark.parametrize(("kpa", "stops"), [(20.0, True), (80.0, False)])
def test_low_pressure_stops_the_pump(kpa: float, stops: bool) -> None:
    bench = growing(Role.PRESSURE, pump={"pressure_min_kpa": 50.0}, pump__pressure=0.0)
    shoot(bench)
    bench.advance(10)
    assert bench.on(PUMP), "pressure has to build up first"
    bench.advance(15)
    bench.report(GAUGE, kpa)
    assert bench.on(PUMP) is not stops
    if stops:
        assert ended(bench)["end"] == "low_pressure"


def test_a_second_failed_shot_in_a_row_waits_for_a_person() -> None:
    bench = growing()
    for number in (1, 2):
        shoot(bench)
        bench.advance(25)
        bench.report("pump.flow", 0.4)
        assert ended(bench)["end"] == "no_flow"
        assert bool(seen(bench).inhibited) is (number == 2)
        bench.advance(700)
    told = [e for e in bench.events if e.kind == "circuit_inhibited"]
    assert [e.severity for e in told] == ["p1"]
    answer = bench.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.params["why"] == "inhibited"
    bench.advance(24 * HOUR)
    assert shots(bench) == 2
    bench.restart()
    assert "inhibited" in seen(bench).problems
    assert bench.ask(ClearInhibit(node="circuit", by="grower")).refused is None
    assert seen(bench).inhibited == ""
    bench.advance(24 * HOUR)
    assert shots(bench) > 2


def test_a_shot_that_works_forgives_the_one_that_failed() -> None:
    bench = growing()
    for flow in (0.4, 20.0, 0.4):
        shoot(bench, 120)
        bench.advance(25)
        bench.report("pump.flow", flow)
        bench.advance(900)
    assert seen(bench).inhibited == ""


def test_there_is_nothing_to_clear_on_a_circuit_that_waters() -> None:
    bench = growing()
    assert bench.ask(ClearInhibit(node="circuit")).refused == "not_inhibited"
    assert bench.ask(ClearInhibit(node="nothing")).refused == "circuit_unknown"


def test_the_litres_of_any_24_h_are_capped_also_over_a_restart() -> None:
    farm = one_circuit(daily_cap_l=150.0)
    bench = Bench(farm)
    bench.start_batch()
    bench.advance(60)
    shoot(bench)
    bench.advance(1000)
    shoot(bench)
    bench.advance(400)
    assert ended(bench)["planned_l"] == pytest.approx(50, rel=0.05)
    bench.restart()
    bench.advance(700)
    answer = bench.ask(RunShot(circuit="circuit", duration_s=60))
    assert answer.params["why"] == "daily_cap_l"
    assert "daily_litres" in seen(bench).problems
    bench.advance(26 * HOUR)
    assert shots(bench) > 2


class TestCirculation:
    """A film that does not flow: the pump is spared, and tries again."""

    @pytest.fixture
    def film(self) -> Bench:
        farm = one_circuit(Method.NFT, [sensor("pump", Role.PRESSURE)])
        bench = Bench(
            dangerous_off(farm, PUMP, VALVE), values={"pump.pressure": 90.0, "pump.flow": 20.0}
        )
        forever = plan_of(Method.NFT, events_per_day=1, duration_s=86400.0)
        bench.start_batch(recipe=recipe_with(forever))
        bench.advance(HOUR)
        return bench

    def test_without_flow_the_pump_rests_and_tries_again(self, film: Bench) -> None:
        film.report("pump.flow", 0.2)
        film.advance(90)
        assert film.on(PUMP)
        film.advance(30)
        assert not film.on(PUMP)
        assert "flow_lost" in seen(film).problems
        assert [e.severity for e in film.events if e.kind == "flow_lost"] == ["p1"]
        film.advance(310)
        assert film.on(PUMP)
        film.advance(300)
        assert "flow_lost" not in seen(film).problems, "the meter of the bench shows flow again"

    def test_it_goes_on_trying_and_tells_once(self, film: Bench) -> None:
        film.disobeys.add("pump.flow")
        send = film.send

        def dry(command: Any, binding: Any) -> None:
            send(command, binding)
            if command.point == PUMP:
                film.values["pump.flow"] = 0.0
                film.runtime.feed(film._report("pump.flow"))

        film.send = dry  # type: ignore[method-assign]
        film.report("pump.flow", 0.0)
        film.sent.clear()
        film.advance(2 * HOUR)
        assert film.commands(PUMP).count(1.0) > 5
        assert [e.kind for e in film.events].count("flow_lost") == 1

    def test_a_short_drop_of_flow_is_nothing(self, film: Bench) -> None:
        film.report("pump.flow", 0.2)
        film.advance(50, sensors=False)
        film.report("pump.flow", 20.0)
        film.advance(HOUR)
        assert "flow_lost" not in film.kinds()
        assert film.on(PUMP)

    def test_a_valve_that_closes_stops_the_pump_until_it_is_open_again(self, film: Bench) -> None:
        film.sent.clear()
        film.disobeys.add(VALVE)
        film.report(VALVE, 0.0)
        assert not film.on(PUMP)
        film.disobeys.clear()
        film.report(VALVE, 1.0)
        assert film.on(PUMP)
        assert order(film, PUMP) == [(PUMP, 0.0), (PUMP, 1.0)]

    def test_what_is_lost_is_forgotten_with_the_harvest(self, film: Bench) -> None:
        from vfarm_core.control.inputs import Harvest

        film.report("pump.flow", 0.2)
        film.advance(150)
        film.ask(Harvest(batch="batch_1"))
        film.advance(10)
        assert "flow_lost" not in seen(film).problems
