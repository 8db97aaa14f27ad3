"""A wall clock that is set: elapsed time goes on, what is planned by the clock stays."""

from __future__ import annotations

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.inputs import RunShot

HOUR = 3600.0
DAY = 24 * HOUR
LAMP = "level_1.grow_light"
PUMP = "pump.irrigation_pump"


@pytest.fixture
def day(bench: Bench) -> Bench:
    """Two hours into the light day, everything on target."""
    bench.report("zone.air_temperature", 24.0)
    bench.start_batch()
    bench.advance(3 * HOUR)
    return bench


def set_back(bench: Bench, seconds: float = HOUR) -> None:
    bench.clock.farm -= seconds
    bench.runtime.tick()
    bench.settle()


def test_a_shot_gives_no_more_water_than_planned(day: Bench) -> None:
    day.report("pump.flow", "unavailable")
    day.disobeys.add("pump.flow")
    assert day.ask(RunShot(circuit="circuit", duration_s=300)).refused is None
    day.advance(100, sensors=False)
    assert day.on(PUMP)
    set_back(day)
    day.advance(195, sensors=False)
    assert day.on(PUMP)
    day.advance(10, sensors=False)
    assert not day.on(PUMP)
    ended = day.journal.of("shot_ended")[-1]
    assert ended["delivered_s"] == pytest.approx(300, abs=5)
    refused = day.ask(RunShot(circuit="circuit", duration_s=60))
    assert refused.params["why"] == "draining"
    day.advance(605)
    assert day.ask(RunShot(circuit="circuit", duration_s=60)).refused is None


def test_a_maximum_on_time_is_not_prolonged(day: Bench) -> None:
    day.report("zone.air_temperature", 20.0)
    assert day.on("zone.heater")
    day.advance(HOUR)
    set_back(day)
    day.advance(HOUR - 10)
    assert day.on("zone.heater")
    day.advance(15)
    assert not day.on("zone.heater")


def test_a_light_day_that_has_begun_keeps_its_hours(day: Bench) -> None:
    set_back(day)
    day.advance(14 * HOUR - 60)
    assert day.on(LAMP)
    day.advance(120)
    assert not day.on(LAMP)
    day.advance(9 * HOUR - 240)
    assert not day.on(LAMP), "the dark takes up the change: lights-on stays at its local time"
    day.advance(240)
    assert day.on(LAMP)


def test_lamps_stay_off_when_the_clock_goes_back_over_lights_off(day: Bench) -> None:
    day.advance(14 * HOUR + 600)
    assert not day.on(LAMP)
    set_back(day)
    day.advance(HOUR)
    assert not day.on(LAMP)


def test_a_steady_sensor_is_still_fresh(day: Bench) -> None:
    set_back(day)
    day.advance(1200)
    assert day.runtime.memory.points["zone.air_temperature"].quality == "good"
    day.advance(1200, sensors=False)
    assert day.runtime.memory.points["zone.air_temperature"].quality == "stale"


def test_a_board_that_comes_back_in_the_past_goes_on() -> None:
    bench = Bench(bench_farm())
    bench.start_batch()
    bench.advance(3 * HOUR)
    bench.restart(down_s=-30 * DAY)
    assert "clock_set" in bench.kinds()
    lit = dark = 0
    for _ in range(48):
        bench.advance(HOUR)
        lit, dark = lit + bench.on(LAMP), dark + (not bench.on(LAMP))
    assert lit == pytest.approx(32, abs=3)
    assert dark == pytest.approx(16, abs=3)
