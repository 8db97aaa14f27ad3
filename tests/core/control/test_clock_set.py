"""A wall clock that is set: elapsed time goes on, what is planned by the clock stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe
from vfarm_core.control.inputs import RunShot, SetOverride
from vfarm_core.control.memory import Night
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.recipes.model import DayLength, PhaseKind

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


def test_a_dark_level_settles_when_the_clock_is_set_to_and_fro_over_its_lights_on(
    bench: Bench,
) -> None:
    bench.start_batch()
    until = bench.clock.farm + 5 * DAY
    override = Override(node="level_1", quantity=Quantity.PHOTOPERIOD, value=0.0, expires_at=until)
    assert bench.ask(SetOverride(override=override)).refused is None
    bench.advance(600)
    for hours in (1, -1, 1):
        set_back(bench, -hours * HOUR)
    bench.advance(2 * DAY)
    assert not bench.on(LAMP)


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


def set_forward(bench: Bench, seconds: float = HOUR) -> None:
    bench.clock.farm += seconds
    bench.runtime.tick()
    bench.settle()


class TestForward:
    """A clock that is set forward, on a machine that knows how long it slept."""

    def test_a_light_day_keeps_its_hours(self, day: Bench) -> None:
        set_forward(day)
        assert "clock_set" in day.kinds()
        # 08:00 is 09:00 now: two of sixteen hours are over.
        day.advance(14 * HOUR - 60)
        assert day.on(LAMP)
        day.advance(120)
        assert not day.on(LAMP)
        day.advance(7 * HOUR - 240)
        assert not day.on(LAMP)
        day.advance(240)
        assert day.on(LAMP), "the next lights-on stays at its local time"

    def test_a_light_day_that_was_jumped_into_is_whole(self) -> None:
        bench = Bench(bench_farm())
        bench.report("zone.air_temperature", 24.0)
        bench.start_batch()
        bench.advance(24.5 * HOUR)
        assert not bench.on(LAMP)
        set_forward(bench)
        assert bench.on(LAMP)
        bench.advance(16 * HOUR - 60)
        assert bench.on(LAMP)
        bench.advance(120)
        assert not bench.on(LAMP)
        bench.advance(DAY)
        assert bench.runtime.memory.levels["level_1"].light_day is not None
        start = bench.runtime.memory.levels["level_1"].light_day.start_s
        assert start % DAY == pytest.approx(6 * HOUR, abs=1), "back at its own time"

    def test_a_short_day_crop_gets_its_whole_night(self) -> None:
        bench = Bench(bench_farm())
        bench.report("zone.air_temperature", 24.0)
        phase = bench_phase("short", PhaseKind.VEGETATIVE, days=60.0)
        bench.start_batch(recipe=bench_recipe(phases=(phase,), day_length=DayLength.SHORT_DAY))
        bench.advance(18 * HOUR)
        assert not bench.on(LAMP)
        set_forward(bench)
        off_at = bench.clock.farm - HOUR
        bench.advance(DAY)
        lit = [e.at for e in bench.events if e.kind == "lights_on" and e.at > off_at]
        assert lit[0] - off_at == pytest.approx(8 * HOUR, abs=2)

    def test_days_ahead_the_light_goes_on_as_planned(self, day: Bench) -> None:
        set_forward(day, 30 * DAY)
        day.advance(14 * HOUR - 60)
        assert day.on(LAMP)
        day.advance(120)
        assert not day.on(LAMP)

    def test_continuous_light_goes_on(self) -> None:
        bench = Bench(bench_farm())
        bench.report("zone.air_temperature", 24.0)
        phase = bench_phase("full", PhaseKind.VEGETATIVE, days=60.0)
        light = replace(phase.light, photoperiod_h=24, dli=17.28, dli_max=25.0)
        bench.start_batch(recipe=bench_recipe(phases=(replace(phase, light=light),)))
        bench.advance(5 * HOUR)
        set_forward(bench)
        off = len(bench.commands(LAMP))
        bench.advance(2 * DAY)
        assert 0.0 not in bench.commands(LAMP)[off:]
        assert bench.on(LAMP)

    def test_a_shot_gives_what_was_planned(self, day: Bench) -> None:
        assert day.ask(RunShot(circuit="circuit", duration_s=300)).refused is None
        day.advance(100, sensors=False)
        set_forward(day)
        assert day.on(PUMP)
        day.advance(195, sensors=False)
        assert day.on(PUMP)
        day.advance(10, sensors=False)
        assert not day.on(PUMP)

    def test_what_is_dangerous_on_gets_no_more_time(self, day: Bench) -> None:
        day.report("zone.air_temperature", 20.0)
        assert day.on("zone.heater")
        day.advance(HOUR + 60)
        set_forward(day)
        assert not day.on("zone.heater")

    def test_sensors_are_as_fresh_as_before(self, day: Bench) -> None:
        set_forward(day)
        assert day.runtime.memory.points["zone.air_temperature"].quality == "good"

    def test_where_nothing_counts_sleep_time_has_passed(self, day: Bench) -> None:
        day.clock.counts_sleep = False
        set_forward(day)
        assert "clock_set" not in day.kinds()
        day.advance(13 * HOUR + 60)
        assert not day.on(LAMP)

    def test_a_small_step_is_none(self, day: Bench) -> None:
        set_forward(day, 20)
        assert "clock_set" not in day.kinds()

    def test_a_moved_lights_on_is_still_that_of_its_night(self, day: Bench) -> None:
        memory = day.runtime.memory
        level = memory.levels["level_1"]
        assert level.light_day is not None
        night = Night(of=level.light_day.start_s, starts_at=level.light_day.next_start_s)
        for by in (HOUR, -HOUR):
            day.runtime.memory = replace(
                memory, levels={**memory.levels, "level_1": replace(level, night=night)}
            )
            before = day.clock.farm
            (set_forward if by > 0 else set_back)(day)
            moved = day.runtime.memory.levels["level_1"]
            assert moved.light_day is not None
            assert moved.night is not None
            assert moved.night.of == moved.light_day.start_s
            assert moved.night.starts_at == moved.light_day.next_start_s
            day.clock.farm = before
            day.runtime._seen = None
