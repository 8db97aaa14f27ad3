"""Why a reading is not good: in one sentence, with the time of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, sensor
from vfarm_core.control.explain import explain
from vfarm_core.control.memory import Quality
from vfarm_core.control.snapshot import SensorView
from vfarm_core.control.text import clock_time
from vfarm_core.farm.roles import Role

HOUR = 3600.0
T = "zone.air_temperature"
CO2 = "zone.co2"


def views(bench: Bench, node: str = "zone") -> tuple[SensorView, ...]:
    found: tuple[SensorView, ...] = bench.runtime.snapshots[node].sensors  # type: ignore[union-attr]
    return found


def said(bench: Bench, point: str = T) -> str:
    (view,) = (v for v in views(bench, point.partition(".")[0]) if v.point == point)
    return view.reason


@pytest.fixture
def day(bench: Bench) -> Bench:
    """By day, everything on target; the bench begins at 05:00 and it is 07:00 now."""
    bench.start_batch()
    for key, value in ((T, 24.0), ("zone.humidity", 65.0), (CO2, 1000.0)):
        bench.report(key, value)
    bench.advance(2 * HOUR)
    return bench


def now(bench: Bench) -> str:
    return clock_time(bench.clock.farm, bench.farm.tz)


class TestASensor:
    def test_that_is_good_is_not_named(self, day: Bench) -> None:
        assert views(day) == ()

    def test_that_fell_silent_says_since_when(self, day: Bench) -> None:
        day.report(T, 24.1)
        at = now(day)
        day.advance(1000, sensors=False)
        assert said(day) == f"It has been silent since {at}."

    def test_that_is_away_says_when_its_last_value_came(self, day: Bench) -> None:
        day.report(T, 24.1)
        at = now(day)
        day.advance(120, sensors=False)
        day.report(T, "unavailable")
        assert said(day) == f"It gives no value; the last one came at {at}."

    def test_that_never_said_anything_says_so(self) -> None:
        bench = Bench(bench_farm(extra=[sensor("zone", Role.LEAF_TEMPERATURE)]))
        bench.report("zone.leaf_temperature", "unavailable")
        bench.report(T, "unavailable")
        assert said(bench, "zone.leaf_temperature") == "It has not reported a value yet."

    def test_that_jumped_says_from_where_to_where_and_when(self, day: Bench) -> None:
        day.report(T, 48.0)
        assert said(day) == (
            f"It jumped from 24.0 to 48.0 °C at {now(day)}; a second report is waited for."
        )
        assert views(day)[0].quality is Quality.IMPLAUSIBLE

    def test_that_says_the_impossible_keeps_the_time_of_the_first(self, day: Bench) -> None:
        day.report(T, -127.0)
        at = now(day)
        day.advance(120, sensors=False)
        day.report(T, -120.0)
        assert said(day) == f"It says -120.0 °C since {at}, which cannot be."

    def test_that_warms_up_says_until_when(self, day: Bench) -> None:
        day.report(CO2, "unavailable")
        day.report(CO2, 500.0)
        view = next(v for v in views(day) if v.point == CO2)
        assert view.code == "reading_warm_up"
        assert set(view.params) == {"until"}

    def test_of_another_unit_names_it(self, day: Bench) -> None:
        day.report(T, 24.0, unit="%")
        assert said(day) == "It reports in %, which is none of its units."

    def test_that_is_stuck_says_since_when(self, bench: Bench) -> None:
        bench.start_batch()
        for value in (23.8, 24.0):
            bench.report(T, value)
            bench.advance(HOUR)
        bench.report(T, 22.0)
        at = now(bench)
        bench.advance(12 * HOUR)
        assert said(bench) == f"It has said 22.0 °C since {at}, though it must have moved."

    def test_that_lost_its_value_more_than_a_day_ago_says_the_date(self, day: Bench) -> None:
        day.report(T, "unavailable")
        day.values.pop(T)
        day.advance(25 * HOUR)
        day.report("zone.humidity", 60.0)
        assert "2026-" in said(day)


class TestSensorsOfOneQuantity:
    def test_two_that_disagree_are_both_named(self) -> None:
        bench = Bench(bench_farm(extra=[sensor("zone", Role.AIR_TEMPERATURE, 2)]))
        bench.report(T, 24.0)
        bench.report(f"{T}.2", 20.0)
        assert said(bench) == "It says 24.0 °C where another says 20.0 °C."
        assert said(bench, f"{T}.2") == "It says 20.0 °C where another says 24.0 °C."
        air = {v.quality for v in views(bench) if v.role is Role.AIR_TEMPERATURE}
        assert air == {Quality.DISAGREEING}

    def test_of_three_only_the_odd_one_is(self) -> None:
        extra = [sensor("zone", Role.AIR_TEMPERATURE, n) for n in (2, 3)]
        bench = Bench(bench_farm(extra=extra))
        for key, value in ((T, 24.0), (f"{T}.2", 24.4), (f"{T}.3", 28.5)):
            bench.report(key, value)
        air = [v.point for v in views(bench) if v.role is Role.AIR_TEMPERATURE]
        assert air == [f"{T}.3"]


class TestAProbeThatIsCompensated:
    """An EC probe that reports at the temperature of the solution."""

    EC = "tank.solution_ec"
    WATER = "tank.solution_temperature"

    @pytest.fixture
    def tank(self) -> Bench:
        raw = replace(sensor("tank", Role.SOLUTION_EC), compensated=False)
        bench = Bench(bench_farm(extra=[raw, sensor("tank", Role.SOLUTION_TEMPERATURE)]))
        bench.report(self.WATER, 20.0)
        return bench

    def test_is_read_at_25_degrees(self, tank: Bench) -> None:
        tank.report(self.EC, 1.35)
        assert tank.runtime.memory.points[self.EC].value == pytest.approx(1.5)

    def test_says_so_when_the_temperature_is_not_known(self, tank: Bench) -> None:
        tank.report(self.WATER, "unavailable")
        tank.report(self.EC, 1.35)
        assert said(tank, self.EC) == "The temperature that it is compensated with is not known."

    @pytest.mark.parametrize("broken", [-1.0, 1000.0])
    def test_that_says_the_impossible_is_not_compensated(self, tank: Bench, broken: float) -> None:
        tank.report(self.EC, 1.35)
        tank.report(self.EC, broken)
        assert tank.runtime.memory.points[self.EC].quality is Quality.IMPLAUSIBLE
        assert "which cannot be" in said(tank, self.EC)


class TestExplain:
    def test_names_the_sensors_that_are_not_trusted(self, day: Bench) -> None:
        day.report(T, 48.0)
        told = explain(day.runtime.snapshots["zone"])
        assert any(
            s.startswith(f"The air temperature sensor ({T}) is not trusted. It jumped from")
            for s in told
        )

    def test_a_pump_s_meter_is_told_with_its_circuit(self, day: Bench) -> None:
        day.report("pump.flow", "unavailable")
        day.report("tank.volume", 150.0)
        assert "pump.flow" in [v.point for v in views(day, "circuit")]
