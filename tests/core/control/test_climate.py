"""One arbiter per zone: devices follow the target and never fight."""

from __future__ import annotations

import pytest

from tests.core.support import Bench, bench_phase, bench_recipe, setpoint
from vfarm_core.control.inputs import SetOverride
from vfarm_core.control.snapshot import ZoneSnapshot
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind

HOUR = 3600.0


def zone(bench: Bench) -> ZoneSnapshot:
    found = bench.runtime.snapshots["zone"]
    assert isinstance(found, ZoneSnapshot)
    return found


@pytest.fixture
def day(bench: Bench) -> Bench:
    """By day, everything on target."""
    bench.start_batch()
    bench.report("zone.air_temperature", 24.0)
    bench.report("zone.humidity", 65.0)
    bench.report("zone.co2", 1000.0)
    bench.advance(2 * HOUR)
    return bench


def test_heating_starts_below_the_band_and_stops_at_the_target(day: Bench) -> None:
    day.report("zone.air_temperature", 23.6)
    assert not day.on("zone.heater")
    day.report("zone.air_temperature", 23.4)
    assert day.on("zone.heater")
    day.report("zone.air_temperature", 23.9)
    assert day.on("zone.heater")
    day.report("zone.air_temperature", 24.0)
    assert not day.on("zone.heater")


def test_heater_and_cooler_are_never_on_together(day: Bench) -> None:
    for value in (23.0, 25.0, 24.4, 22.0, 26.0, 24.0, 23.0, 27.5, 21.0, 31.0, 20.0):
        day.report("zone.air_temperature", value)
        day.advance(300)
        assert not (day.on("zone.heater") and day.on("zone.cooler"))
        day.report("zone.humidity", 40.0 + value)
        assert not (day.on("zone.humidifier") and day.on("zone.dehumidifier"))


def test_minimum_times_protect_the_compressor_but_not_from_a_trip(day: Bench) -> None:
    day.report("zone.air_temperature", 25.0)
    assert day.on("zone.cooler")
    day.report("zone.air_temperature", 23.9)
    assert day.on("zone.cooler"), "minimum on-time of 120 s"
    day.advance(130)
    assert not day.on("zone.cooler")
    day.report("zone.air_temperature", 24.9)
    assert not day.on("zone.cooler"), "minimum off-time of 180 s"
    day.report("zone.air_temperature", 30.5)
    assert day.on("zone.cooler"), "a trip does not wait"


def test_night_has_its_own_target(day: Bench) -> None:
    day.advance(16 * HOUR)
    assert not zone(day).day
    assert zone(day).air_temperature.target == 20
    day.report("zone.air_temperature", 22.0)
    assert day.on("zone.cooler")


def test_a_lost_temperature_switches_the_heater_off(day: Bench) -> None:
    day.report("zone.air_temperature", 22.0)
    assert day.on("zone.heater")
    day.report("zone.air_temperature", "unknown")
    assert not day.on("zone.heater")
    assert "sensor_missing" in zone(day).problems


def test_a_silent_sensor_is_stale_but_a_steady_one_is_not(day: Bench) -> None:
    day.advance(2 * HOUR)
    assert zone(day).air_temperature.quality == "good"
    day.advance(1200, sensors=False)
    assert zone(day).air_temperature.quality == "stale"
    assert zone(day).air_temperature.value is None


def test_a_value_outside_of_the_possible_is_a_fault_of_the_sensor(day: Bench) -> None:
    day.report("zone.humidity", 140.0)
    assert zone(day).humidity.quality == "implausible"
    assert not day.on("zone.dehumidifier")


def test_a_wrong_unit_is_no_reading(day: Bench) -> None:
    day.report("zone.humidity", 65.0, unit="°C")
    assert zone(day).humidity.quality == "missing"


def test_fahrenheit_is_understood(day: Bench) -> None:
    day.report("zone.air_temperature", 68.0, unit="°F")
    assert zone(day).air_temperature.value == 20.0
    assert day.on("zone.heater")


class TestCO2:
    def test_is_injected_by_day_below_the_target(self, day: Bench) -> None:
        day.report("zone.co2", 900.0)
        assert day.on("zone.co2_valve")
        day.report("zone.co2", 1000.0)
        assert not day.on("zone.co2_valve")

    @pytest.mark.parametrize(
        ("point", "value", "code"),
        [
            ("zone.co2", "unavailable", "no_reading"),
            ("zone.co2", 2100.0, "co2_limit"),
            ("zone.occupancy", 1.0, "co2_people"),
            ("zone.occupancy", "unavailable", "co2_people"),
            ("zone.exhaust_fan", 1.0, "co2_exhausting"),
            ("zone.air_temperature", 28.0, "too_warm_off"),
        ],
    )
    def test_closes_at_once_when_it_is_not_surely_safe(
        self, day: Bench, point: str, value: float | str, code: str
    ) -> None:
        day.report("zone.co2", 900.0)
        assert day.on("zone.co2_valve")
        day.disobeys.add("zone.exhaust_fan")
        day.report(point, value)
        assert not day.on("zone.co2_valve")
        assert code in [c.reason.code for _, c in day.sent if c.point == "zone.co2_valve"]

    def test_is_never_injected_in_the_dark(self, day: Bench) -> None:
        day.report("zone.co2", 900.0)
        day.advance(16 * HOUR)
        assert not zone(day).day
        assert not day.on("zone.co2_valve")

    def test_at_a_dangerous_level_air_is_exhausted_and_people_are_told(self, day: Bench) -> None:
        day.report("zone.co2", 5200.0)
        assert day.on("zone.exhaust_fan")
        assert "co2_danger" in zone(day).problems

    def test_its_maximum_on_time_ends_an_injection_that_never_arrives(self, day: Bench) -> None:
        day.report("zone.co2", 600.0)
        assert day.on("zone.co2_valve")
        day.advance(1795)
        assert day.on("zone.co2_valve")
        day.advance(10)
        assert not day.on("zone.co2_valve")


def test_a_vpd_target_leads_by_day_and_humidity_by_night() -> None:
    from tests.core.support import bench_farm

    phase = bench_phase(
        "young",
        PhaseKind.PROPAGATION,
        climate={
            ClimateQuantity.AIR_TEMPERATURE: setpoint(24, 20, 3, 6),
            ClimateQuantity.HUMIDITY: setpoint(65, 75, 12, 25),
            ClimateQuantity.VPD: setpoint(1.0, 0.6, 0.4, 0.7),
        },
    )
    bench = Bench(bench_farm())
    bench.start_batch(recipe=bench_recipe(phases=(phase,)))
    bench.report("zone.air_temperature", 24.0)
    bench.advance(2 * HOUR)
    # 1.0 kPa at 24 °C is 66.5 % (Buck 1996).
    assert zone(bench).humidity.target == pytest.approx(66.5, abs=0.2)
    bench.advance(16 * HOUR)
    assert zone(bench).humidity.target == 75


def test_an_override_of_a_setpoint_is_followed(day: Bench) -> None:
    override = Override(
        node="zone",
        quantity=Quantity.AIR_TEMPERATURE,
        value=21.0,
        expires_at=day.clock.farm + HOUR,
    )
    assert day.ask(SetOverride(override=override)).refused is None
    assert zone(day).air_temperature.target == 21
    assert zone(day).air_temperature.overridden
    assert day.on("zone.cooler")


def test_circulation_runs_while_plants_grow(day: Bench) -> None:
    assert day.on("zone.circulation_fan")


def test_the_hotter_of_two_sensors_trips_whatever_the_other_says() -> None:
    from tests.core.support import bench_farm, sensor
    from vfarm_core.farm.roles import Role

    farm = bench_farm(extra=[sensor("zone", Role.AIR_TEMPERATURE, 2)])
    bench = Bench(farm, values={"zone.air_temperature.2": 23.0})
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert bench.on("level_1.grow_light")
    bench.report("zone.air_temperature.2", 33.0)
    assert not bench.on("level_1.grow_light")


def test_noise_below_the_resolution_of_a_sensor_is_no_change(day: Bench) -> None:
    published = len(day.published)
    day.report("zone.air_temperature", 24.03)
    day.report("zone.air_temperature", 23.97)
    assert len(day.published) == published
    day.report("zone.air_temperature", 23.9)
    assert len(day.published) > published


def test_the_warm_air_of_the_day_is_no_emergency_at_lights_off(day: Bench) -> None:
    day.advance(16 * HOUR - 60)
    day.report("zone.air_temperature", 25.0)
    day.advance(120)
    assert not zone(day).day
    assert zone(day).air_temperature.target == 20
    assert "too_warm" not in zone(day).problems
    assert "over_temperature" not in day.kinds()


def test_a_heater_that_cannot_be_switched_off_does_not_keep_the_cooler_from_a_hot_room(
    day: Bench,
) -> None:
    day.disobeys.add("zone.heater")
    day.report("zone.heater", 1.0)
    day.advance(60)
    day.report("zone.air_temperature", 25.5)
    assert not day.on("zone.cooler"), "devices do not fight over a little"
    day.report("zone.air_temperature", 27.2)
    assert day.on("zone.cooler"), "over-temperature: full cooling"


class TestRedundantSensors:
    @staticmethod
    def room(*values: float) -> Bench:
        from tests.core.support import bench_farm, sensor
        from vfarm_core.farm.roles import Role

        extra = [sensor("zone", Role.AIR_TEMPERATURE, n + 2) for n in range(len(values) - 1)]
        named = {f"zone.air_temperature.{n + 2}": v for n, v in enumerate(values[1:])}
        bench = Bench(bench_farm(extra=extra), values={"zone.air_temperature": values[0], **named})
        bench.start_batch()
        bench.advance(2 * HOUR)
        return bench

    def test_that_agree_give_their_median(self) -> None:
        room = self.room(23.0, 23.4)
        assert zone(room).air_temperature.value == 23.2
        assert "sensor_disagreeing" not in zone(room).problems

    def test_two_that_disagree_say_nothing_and_nothing_heats_on_them(self) -> None:
        room = self.room(15.0, 24.0)
        assert zone(room).air_temperature.value is None
        assert zone(room).air_temperature.quality == "disagreeing"
        assert "sensor_disagreeing" in zone(room).problems
        assert not room.on("zone.heater")

    def test_of_three_the_one_that_lies_apart_is_outvoted_and_shown(self) -> None:
        room = self.room(15.0, 24.0, 24.2)
        assert zone(room).air_temperature.value == 24.1
        assert "sensor_disagreeing" in zone(room).problems

    def test_a_disagreement_never_suppresses_a_trip(self) -> None:
        room = self.room(22.0, 45.0)
        assert not room.on("level_1.grow_light")
        assert room.on("zone.cooler")
