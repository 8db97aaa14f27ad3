"""Readings: fresh, possible, as fast as physics allows; a doubt never suppresses a trip."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.core.support import START, Bench, bench_farm, sensor
from vfarm_core.control.climate import wants_more
from vfarm_core.control.inputs import Report
from vfarm_core.control.memory import PointState, Quality
from vfarm_core.control.readings import fresh_for_s, parse
from vfarm_core.control.snapshot import ReservoirSnapshot, ZoneSnapshot
from vfarm_core.farm.roles import Role, spec

HOUR = 3600.0
T = "zone.air_temperature"
RH = "zone.humidity"
CO2 = "zone.co2"
LAMP = "level_1.grow_light"


def zone(bench: Bench) -> ZoneSnapshot:
    found = bench.runtime.snapshots["zone"]
    assert isinstance(found, ZoneSnapshot)
    return found


def point(bench: Bench, key: str = T) -> PointState:
    return bench.runtime.memory.points[key]


def by_day(bench: Bench) -> Bench:
    bench.start_batch()
    for key, value in ((T, 24.0), (RH, 65.0), (CO2, 1000.0)):
        bench.report(key, value)
    bench.advance(2 * HOUR)
    return bench


@pytest.fixture
def day(bench: Bench) -> Bench:
    """By day, everything on target."""
    return by_day(bench)


class TestAJump:
    @pytest.mark.parametrize("spike", [2.0, 15.0, 31.0 + 9.0])
    def test_of_one_report_does_not_move_control(self, day: Bench, spike: float) -> None:
        before = day.commands("zone.heater")
        day.report(T, spike)
        assert point(day).quality is Quality.IMPLAUSIBLE
        assert point(day).problem == "jump"
        assert zone(day).air_temperature.value == 24.0
        assert "sensor_jump" in zone(day).problems
        day.advance(20, sensors=False)
        day.report(T, 24.0)
        assert point(day).quality is Quality.GOOD
        assert "sensor_jump" not in zone(day).problems
        assert day.commands("zone.heater") == before

    @pytest.mark.parametrize("spike", [5.0, 99.0])
    def test_of_the_hygrometer_moves_neither_device(self, day: Bench, spike: float) -> None:
        day.report(RH, spike)
        assert not day.on("zone.humidifier")
        assert not day.on("zone.dehumidifier")
        assert zone(day).humidity.value == 65.0

    def test_to_a_real_45_trips_at_once(self, day: Bench) -> None:
        assert day.on(LAMP)
        day.report(T, 45.0)
        assert point(day).quality is Quality.IMPLAUSIBLE
        assert not day.on(LAMP)
        assert day.on("zone.cooler")
        assert zone(day).status == "critical"

    def test_down_does_not_release_a_trip(self, day: Bench) -> None:
        day.report(T, 31.0)
        day.advance(60, sensors=False)
        day.report(T, 31.0)
        assert point(day).quality is Quality.GOOD
        day.report(T, 20.0)
        assert not day.on(LAMP)
        assert day.runtime.memory.zones["zone"].over_temperature == "off"

    def test_that_persists_is_a_step(self, day: Bench) -> None:
        day.report(T, 10.0)
        assert not day.on("zone.heater")
        day.advance(20, sensors=False)
        day.report(T, 10.2)
        assert not day.on("zone.heater"), "20 s are too short"
        day.advance(15, sensors=False)
        day.report(T, 10.1)
        assert point(day).quality is Quality.GOOD
        assert day.on("zone.heater")

    def test_of_a_sensor_that_then_says_nothing_is_believed_after_a_while(self, day: Bench) -> None:
        day.report(T, 10.0)
        day.advance(299, sensors=False)
        assert point(day).quality is Quality.IMPLAUSIBLE
        day.advance(2, sensors=False)
        assert point(day).quality is Quality.GOOD
        assert day.on("zone.heater")

    def test_is_not_held_for_ever(self, day: Bench) -> None:
        for n in range(10):
            day.report(T, 5.0 if n % 2 else 70.0)
            day.advance(25, sensors=False)
        assert zone(day).air_temperature.value is None
        assert zone(day).air_temperature.quality == "implausible"
        assert not day.on("zone.heater")

    def test_that_time_explains_is_none(self, day: Bench) -> None:
        day.advance(120, sensors=False)
        day.report(T, 34.0)
        assert point(day).quality is Quality.GOOD

    def test_after_a_sensor_was_away_is_none(self, day: Bench) -> None:
        day.report(T, "unavailable")
        day.report(T, 10.0)
        assert point(day).quality is Quality.GOOD

    def test_of_co2_closes_the_valve_at_once(self, day: Bench) -> None:
        day.report(CO2, 900.0)
        assert day.on("zone.co2_valve")
        day.report(CO2, 4000.0)
        assert not day.on("zone.co2_valve")
        day.report(CO2, 900.0)
        day.advance(600, sensors=False)
        assert point(day, CO2).quality is not Quality.IMPLAUSIBLE

    def test_survives_a_clock_that_is_set_back(self, day: Bench) -> None:
        day.report(T, 10.0)
        day.clock.farm -= HOUR
        day.runtime.tick()
        day.settle()
        day.advance(40, sensors=False)
        day.report(T, 10.0)
        assert point(day).quality is Quality.GOOD


def cold(bench: Bench, key: str, value: float) -> None:
    """Something is called for: the value has fallen, within what can be."""
    bench.advance(400, sensors=False)
    bench.report(key, value)
    bench.advance(60, sensors=False)
    bench.report(key, value)


def why(bench: Bench, key: str) -> str:
    reason = bench.runtime.memory.actuators[key].reason
    return "" if reason is None else reason.code


class TestAJumpAndWhatIsDangerousOn:
    def test_heat_ends_at_once_where_the_new_value_does_not_ask_for_it(self, day: Bench) -> None:
        cold(day, T, 14.0)
        assert day.on("zone.heater")
        day.advance(20, sensors=False)
        day.report(T, 26.5)
        assert point(day).problem == "jump"
        assert zone(day).air_temperature.value == 14.0, "control goes on with what was good"
        assert not day.on("zone.heater")
        assert why(day, "zone.heater") == "doubted"

    def test_heat_comes_back_when_the_jump_is_taken_back(self, day: Bench) -> None:
        cold(day, T, 14.0)
        day.advance(20, sensors=False)
        day.report(T, 26.5)
        day.advance(120, sensors=False)
        day.report(T, 14.2)
        day.advance(1, sensors=False)
        assert day.on("zone.heater")

    def test_heat_goes_on_where_both_values_ask_for_it(self, day: Bench) -> None:
        cold(day, T, 14.0)
        day.advance(20, sensors=False)
        day.report(T, 1.0)
        assert point(day).problem == "jump"
        assert day.on("zone.heater")

    def test_heat_does_not_begin_where_only_the_new_value_asks_for_it(self, day: Bench) -> None:
        day.report(T, 10.0)
        assert point(day).problem == "jump"
        assert not day.on("zone.heater")
        assert why(day, "zone.heater") == "in_band"

    def test_humidifying_ends_at_once(self, day: Bench) -> None:
        cold(day, RH, 45.0)
        assert day.on("zone.humidifier")
        day.advance(20, sensors=False)
        day.report(RH, 75.0)
        assert point(day, RH).problem == "jump"
        assert not day.on("zone.humidifier")

    def test_cooling_is_not_dangerous_and_goes_on(self, day: Bench) -> None:
        cold(day, T, 26.0)
        assert day.on("zone.cooler")
        day.advance(20, sensors=False)
        day.report(T, 14.0)
        assert point(day).problem == "jump"
        assert day.on("zone.cooler")

    def test_a_second_sensor_that_is_good_decides_alone(self) -> None:
        bench = twins()
        for key in (T, f"{T}.2"):
            cold(bench, key, 14.0)
        assert bench.on("zone.heater")
        bench.advance(20, sensors=False)
        bench.report(f"{T}.2", 26.5)
        assert point(bench, f"{T}.2").problem == "jump"
        assert bench.on("zone.heater")

    def test_of_two_that_both_jump_neither_heats(self) -> None:
        bench = twins()
        for key in (T, f"{T}.2"):
            cold(bench, key, 14.0)
        bench.advance(20, sensors=False)
        bench.report(T, 23.9)
        bench.report(f"{T}.2", 26.5)
        assert not bench.on("zone.heater")

    @pytest.mark.parametrize(("value", "wanted"), [(21.0, True), (23.4, True), (23.6, False)])
    def test_what_asks_for_heat(self, value: float, wanted: bool) -> None:
        assert wants_more(value, 24.0, Role.HEATER) is wanted


class TestTheImpossible:
    def test_is_no_reading(self, day: Bench) -> None:
        day.report(T, -127.0)
        assert zone(day).air_temperature.quality == "implausible"
        assert "sensor_implausible" in zone(day).problems
        assert "no_temperature" in zone(day).problems

    def test_for_one_report_is_over_with_the_next(self, day: Bench) -> None:
        day.report(T, -127.0)
        day.advance(10, sensors=False)
        day.report(T, 24.0)
        assert zone(day).air_temperature.quality == "good"

    def test_is_not_the_measure_of_what_comes_next(self, day: Bench) -> None:
        day.report(T, -127.0)
        day.report(T, 6.0)
        assert point(day).problem == "jump"

    def test_glitch_in_the_middle_of_an_overheat_does_not_end_it(self, day: Bench) -> None:
        day.report(T, 35.0)
        day.advance(60, sensors=False)
        day.report(T, 36.0)
        assert not day.on(LAMP)
        assert day.on("zone.cooler")
        day.report(T, 300.0)
        assert not day.on(LAMP)
        assert day.on("zone.cooler")
        day.advance(200, sensors=False)
        assert day.runtime.memory.zones["zone"].over_temperature == "unknown"
        assert day.on(LAMP), "dimmed: the temperature is not known"


class TestFreshness:
    def test_a_steady_value_that_is_reported_is_fresh(self, day: Bench) -> None:
        day.advance(6 * HOUR)
        assert zone(day).air_temperature.quality == "good"

    def test_a_restored_value_carries_its_age(self, day: Bench) -> None:
        day.report(T, "unavailable")
        day.runtime.feed(Report(T, 24.0, "°C", START - 86_400))
        day.settle()
        assert point(day).quality is Quality.STALE
        assert zone(day).air_temperature.value is None

    def test_is_learned_but_never_longer_than_the_role_allows(self) -> None:
        facts = spec(Role.AIR_TEMPERATURE)
        assert fresh_for_s(facts, None) == 900
        assert fresh_for_s(facts, 10) == 300
        assert fresh_for_s(facts, 100) == 500
        assert fresh_for_s(facts, 4000) == 900
        assert fresh_for_s(spec(Role.LEAK), 10) == math.inf


class TestWarmUp:
    def test_a_co2_probe_that_comes_back_does_not_control_at_once(self, day: Bench) -> None:
        day.report(CO2, "unavailable")
        day.report(CO2, 500.0)
        assert point(day, CO2).problem == "warm_up"
        assert "sensor_warm_up" in zone(day).problems
        day.advance(100, sensors=False)
        day.report(CO2, 520.0)
        assert not day.on("zone.co2_valve")
        day.advance(81, sensors=False)
        assert point(day, CO2).quality is Quality.GOOD
        assert day.on("zone.co2_valve")

    def test_and_ends_with_a_report_too(self, day: Bench) -> None:
        day.report(CO2, "unavailable")
        day.report(CO2, 950.0)
        day.clock.farm += 190
        day.clock.mono += 190
        day.report(CO2, 960.0)
        assert point(day, CO2).quality is Quality.GOOD

    def test_it_trips_all_the_same(self, day: Bench) -> None:
        day.report(CO2, "unavailable")
        day.report(CO2, 20_000.0)
        assert day.on("zone.exhaust_fan")
        assert "co2_danger" in zone(day).problems

    def test_impossible_values_do_not_cut_it_short(self, day: Bench) -> None:
        day.report(CO2, "unavailable")
        day.report(CO2, 500.0)
        day.report(CO2, 0.0)
        day.report(CO2, 500.0)
        assert point(day, CO2).problem == "warm_up"


def twins(probes: int = 2, *more: Role) -> Bench:
    extra = [sensor("zone", Role.AIR_TEMPERATURE, n) for n in range(2, probes + 1)]
    extra += [sensor("zone", role) for role in more]
    bench = Bench(bench_farm(extra=extra))
    for n in range(2, probes + 1):
        bench.values[f"{T}.{n}"] = 24.0
        bench.report(f"{T}.{n}", 24.0)
    for role in more:
        bench.values[f"zone.{role}"] = 23.0
    return by_day(bench)


class TestRedundantSensors:
    def test_of_three_the_one_apart_is_outvoted(self) -> None:
        bench = twins(3)
        bench.report(f"{T}.3", 28.5)
        assert zone(bench).air_temperature.value == 24.0
        assert "sensor_disagreeing" in zone(bench).problems

    def test_two_that_drift_apart_say_nothing(self) -> None:
        bench = twins()
        bench.report(f"{T}.2", 21.0)
        assert zone(bench).air_temperature.quality == "disagreeing"
        assert zone(bench).air_temperature.value is None

    def test_the_leaf_bears_witness(self) -> None:
        bench = twins(2, Role.LEAF_TEMPERATURE)
        bench.report(f"{T}.2", 19.0)
        assert zone(bench).air_temperature.value == 24.0

    def test_a_witness_that_fits_both_or_none_decides_nothing(self) -> None:
        bench = twins(2, Role.LEAF_TEMPERATURE)
        bench.report(f"{T}.2", 21.0)
        assert zone(bench).air_temperature.quality == "disagreeing"
        bench.report("zone.leaf_temperature", "unavailable")
        assert zone(bench).air_temperature.quality == "disagreeing"

    def test_the_one_that_jumped_while_the_other_goes_on_is_not_believed(self) -> None:
        bench = twins()
        for _ in range(8):
            bench.report(f"{T}.2", 10.0)
            bench.report(T, 24.0)
            bench.advance(60, sensors=False)
        assert zone(bench).air_temperature.value == 24.0
        assert not bench.on("zone.heater")
        assert "sensor_disagreeing" in zone(bench).problems
        for _ in range(9):
            bench.report(f"{T}.2", 10.0)
            bench.report(T, 24.0)
            bench.advance(60, sensors=False)
        assert zone(bench).air_temperature.quality == "disagreeing"

    def test_a_step_that_both_make_is_believed_at_once(self) -> None:
        bench = twins()
        bench.report(T, 10.0)
        bench.report(f"{T}.2", 10.5)
        assert point(bench, f"{T}.2").quality is Quality.GOOD
        assert zone(bench).air_temperature.value == 10.5
        assert bench.on("zone.heater")

    def test_the_trip_takes_either(self) -> None:
        bench = twins()
        bench.report(f"{T}.2", 45.0)
        assert not bench.on(LAMP)

    def test_both_wrong_leave_the_trips(self) -> None:
        bench = twins()
        for key in (T, f"{T}.2"):
            bench.report(key, -127.0)
        assert "no_temperature" in zone(bench).problems
        assert not bench.on("zone.heater")
        bench.report(T, 50.0)
        assert not bench.on(LAMP)

    def test_the_lowest_volume_stops_the_pump(self) -> None:
        bench = Bench(bench_farm(extra=[sensor("tank", Role.VOLUME, 2)]))
        bench.report("tank.volume.2", 5.0)
        found = bench.runtime.snapshots["tank"]
        assert isinstance(found, ReservoirSnapshot)
        assert found.volume.quality == "disagreeing"
        assert "volume_low" in found.problems


class TestWhatIsReported:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("on", 1.0),
            (" Open ", 1.0),
            ("off", 0.0),
            ("0.4", 0.4),
            (True, 1.0),
            (7, 1.0),
            (-1.0, 0.0),
            ("unavailable", None),
            (float("nan"), None),
            (None, None),
        ],
    )
    def test_of_a_contact(self, raw: float | str | bool | None, value: float | None) -> None:
        assert parse(raw, sensor("zone", Role.LEAK), None) == value

    def test_of_a_contact_that_is_inverted(self) -> None:
        inverted = replace(sensor("tank", Role.LEVEL_LOW), invert=True)
        assert parse("on", inverted, None) == 0.0

    @pytest.mark.parametrize(
        ("raw", "unit", "value"),
        [
            ("77", "°F", 25.0),
            (25, "°C", 25.0),
            ("warm", "°C", None),
            ("inf", "°C", None),
            (float("nan"), "°C", None),
        ],
    )
    def test_of_a_sensor(self, raw: float | str, unit: str, value: float | None) -> None:
        found = parse(raw, sensor("zone", Role.AIR_TEMPERATURE), unit)
        assert found == (None if value is None else pytest.approx(value))

    def test_with_a_unit_and_a_scale_of_a_person(self) -> None:
        halves = replace(sensor("zone", Role.AIR_TEMPERATURE), unit="°C", scale=0.5, offset=1.0)
        assert parse(48.0, halves, "%") == 25.0

    @pytest.mark.parametrize("raw", ["24.0", "warm", float("inf"), float("nan"), True])
    def test_never_ends_a_step(self, day: Bench, raw: float | str) -> None:
        day.report(T, raw)
        assert point(day).quality in (Quality.GOOD, Quality.MISSING, Quality.IMPLAUSIBLE)

    def test_from_the_future_counts_from_now(self, day: Bench) -> None:
        day.runtime.feed(Report(T, 24.0, "°C", day.clock.farm + 9000))
        day.settle()
        assert point(day).at == day.clock.farm
