"""One arbiter per zone: devices follow the target and never fight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, setpoint
from vfarm_core.control.inputs import Arm, EmergencyStop, ReleaseStop, SetOverride
from vfarm_core.control.snapshot import ZoneSnapshot
from vfarm_core.farm.build import check
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.farm.roles import Loop, Role
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
        day.advance(890)
        day.report("zone.co2", 640.0)
        day.advance(905)
        assert day.on("zone.co2_valve")
        day.advance(10)
        assert not day.on("zone.co2_valve")


def test_a_vpd_target_leads_by_day_and_humidity_by_night() -> None:
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
    from tests.core.support import sensor

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
        from tests.core.support import sensor

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


class TestRamp:
    """The temperature target moves between day and night over as many minutes as the zone says."""

    @staticmethod
    def room(minutes: float) -> Bench:
        farm = bench_farm()
        zones = (replace(farm.zones[0], ramp_min=minutes),)
        bench = Bench(check(replace(farm, zones=zones)))
        bench.start_batch()
        return bench

    def target(self, bench: Bench) -> float | None:
        return zone(bench).air_temperature.target

    def test_without_one_the_target_steps_with_the_lights(self) -> None:
        bench = self.room(0)
        bench.advance(HOUR + 1)
        assert self.target(bench) == 24

    def test_it_climbs_after_lights_on_without_a_sensor_saying_anything(self) -> None:
        bench = self.room(60)
        bench.advance(HOUR + 1, sensors=False)
        assert self.target(bench) == 20
        bench.advance(HOUR / 2, sensors=False)
        assert self.target(bench) == 22
        bench.advance(HOUR / 2, sensors=False)
        assert self.target(bench) == 24

    def test_it_falls_after_lights_off(self) -> None:
        bench = self.room(120)
        bench.advance(17 * HOUR + HOUR)
        assert self.target(bench) == 22

    def test_a_restart_at_noon_does_not_begin_the_morning_anew(self) -> None:
        bench = self.room(60)
        bench.advance(6 * HOUR)
        assert self.target(bench) == 24
        bench.restart()
        bench.advance(1)
        assert self.target(bench) == 24

    def test_on_the_way_the_limits_of_day_and_night_both_hold(self) -> None:
        bench = self.room(60)
        bench.report("zone.air_temperature", 18.0)
        bench.advance(HOUR + 60)
        assert zone(bench).air_temperature.status == "ok"
        bench.advance(HOUR)
        assert zone(bench).air_temperature.status == "warning"

    def test_a_person_is_followed_at_once(self) -> None:
        bench = self.room(60)
        bench.advance(HOUR + 60)
        wanted = Override(
            node="zone",
            quantity=Quantity.AIR_TEMPERATURE,
            value=26.0,
            expires_at=bench.clock.farm + HOUR,
        )
        assert bench.ask(SetOverride(override=wanted)).refused is None
        assert self.target(bench) == 26


class TestBlind:
    """A zone of which nobody knows how warm it is."""

    def test_without_a_thermometer_nothing_heats_and_the_lamps_keep_their_plan(self) -> None:
        farm = bench_farm()
        bindings = tuple(b for b in farm.bindings if b.role is not Role.AIR_TEMPERATURE)
        bench = Bench(check(replace(farm, bindings=bindings)))
        bench.start_batch()
        bench.advance(2 * HOUR)
        assert "no_temperature_bound" in zone(bench).problems
        assert not bench.on("zone.heater")
        assert (bench.state["level_1.grow_light"] or 0.0) == pytest.approx(0.5, abs=0.05)

    def test_a_zone_with_one_has_no_such_problem(self, day: Bench) -> None:
        assert "no_temperature_bound" not in zone(day).problems


class TestRise:
    """A lit room that warms fast is told before it reaches a limit."""

    def test_a_fast_rise_beyond_the_target_is_told_and_ends(self, day: Bench) -> None:
        day.report("zone.air_temperature", 24.2)
        day.advance(240)
        day.report("zone.air_temperature", 25.0)
        assert "temperature_rising" not in zone(day).problems
        day.advance(240)
        day.report("zone.air_temperature", 25.8)
        assert "temperature_rising" in zone(day).problems
        told = [e for e in day.events if e.kind == "temperature_rising"]
        assert [(e.severity, e.params["stage"]) for e in told] == [("p3", "warn")]
        day.advance(700, sensors=False)
        assert "temperature_rising" not in zone(day).problems

    def test_three_kelvin_in_ten_minutes_are_critical(self, day: Bench) -> None:
        day.report("zone.air_temperature", 24.0)
        day.advance(300)
        day.report("zone.air_temperature", 26.9)
        day.advance(200)
        day.report("zone.air_temperature", 27.1)
        told = [e for e in day.events if e.kind == "temperature_rising"]
        assert [(e.severity, e.params["stage"]) for e in told] == [
            ("p3", "warn"),
            ("p2", "critical"),
        ]

    def test_a_slow_rise_is_none(self, day: Bench) -> None:
        for value in (24.3, 24.6, 24.9, 25.2, 25.5, 25.8):
            day.report("zone.air_temperature", value)
            day.advance(300)
        assert "temperature_rising" not in day.kinds()

    def test_warming_up_to_the_target_is_wanted(self, day: Bench) -> None:
        day.report("zone.air_temperature", 19.0)
        day.advance(300)
        day.report("zone.air_temperature", 23.5)
        assert "temperature_rising" not in day.kinds()

    def test_it_is_about_lit_rooms(self, day: Bench) -> None:
        day.advance(16 * HOUR)
        day.report("zone.air_temperature", 21.0)
        day.advance(300)
        day.report("zone.air_temperature", 25.0)
        assert "temperature_rising" not in day.kinds()

    def test_values_that_come_every_few_seconds_are_kept_short(self, day: Bench) -> None:
        for n in range(200):
            day.report("zone.air_temperature", 24.0 + 0.3 * (n % 2))
            day.advance(10, sensors=False)
        assert len(day.runtime.memory.zones["zone"].warming) < 15


class TestTooMuchCO2:
    def test_dangerous_co2_is_told_once_and_over_a_tenth_below(self, day: Bench) -> None:
        day.report("zone.co2", 5100.0)
        day.report("zone.co2", 4900.0)
        day.report("zone.co2", 4600.0)
        assert day.on("zone.exhaust_fan"), "not over yet"
        assert "co2_danger" in zone(day).problems
        day.report("zone.co2", 4400.0)
        assert not day.on("zone.exhaust_fan")
        assert "co2_danger" not in zone(day).problems
        assert "co2_high" in zone(day).problems
        day.report("zone.co2", 1700.0)
        told = [(e.kind, e.severity) for e in day.events if e.kind.startswith("co2")]
        assert told == [("co2_danger", "p1"), ("co2_high", "p2"), ("co2_cleared", "info")]

    def test_injection_stays_stopped_until_it_is_a_tenth_below_the_limit(self, day: Bench) -> None:
        day.report("zone.co2", 2050.0)
        assert "co2_high" in zone(day).problems
        day.report("zone.co2", 1850.0)
        assert "co2_high" in zone(day).problems
        day.report("zone.co2", 900.0)
        assert day.on("zone.co2_valve")

    def test_a_probe_that_falls_silent_does_not_end_the_alarm(self, day: Bench) -> None:
        day.report("zone.co2", 6000.0)
        day.report("zone.co2", "unavailable")
        assert day.on("zone.exhaust_fan")
        assert "co2_danger" in zone(day).problems

    def test_a_zone_without_a_probe_has_no_alarm(self) -> None:
        farm = bench_farm()
        bindings = tuple(b for b in farm.bindings if b.id != "zone.co2")
        bench = Bench(check(replace(farm, bindings=bindings)))
        bench.start_batch()
        bench.advance(2 * HOUR)
        assert not bench.on("zone.co2_valve")
        assert bench.runtime.memory.zones["zone"].co2 == ""

    def test_a_missing_detector_is_shown_where_co2_is_injected(self) -> None:
        farm = bench_farm()
        bare = check(replace(farm, zones=(replace(farm.zones[0], co2_detector=False),)))
        bench = Bench(bare)
        assert "co2_no_detector" in zone(bench).problems
        bindings = tuple(b for b in farm.bindings if b.id != "zone.co2_valve")
        assert (
            "co2_no_detector" not in zone(Bench(check(replace(bare, bindings=bindings)))).problems
        )

    def test_an_exhaust_fan_that_failed_forbids_injection(self, day: Bench) -> None:
        day.report("zone.co2", 900.0)
        assert day.on("zone.co2_valve")
        day.disobeys.add("zone.exhaust_fan")
        day.report("zone.co2", 5100.0)
        day.advance(60)
        assert day.runtime.memory.actuators["zone.exhaust_fan"].latched
        day.report("zone.co2", 900.0)
        assert not day.on("zone.co2_valve")
        assert day.runtime.memory.actuators["zone.co2_valve"].reason is not None
        assert day.runtime.memory.actuators["zone.co2_valve"].reason.code == "co2_exhaust_failed"


class TestEmptyBottle:
    @pytest.fixture
    def empty(self, day: Bench) -> Bench:
        """A valve that was open for half an hour while CO2 stayed near that of outside air."""
        day.report("zone.co2", 550.0)
        assert day.on("zone.co2_valve")
        day.advance(1790)
        assert day.on("zone.co2_valve")
        day.advance(15, sensors=False)
        return day

    def test_a_valve_without_effect_is_closed_and_told(self, empty: Bench) -> None:
        assert not empty.on("zone.co2_valve")
        assert "co2_ineffective" in zone(empty).problems
        (told,) = [e for e in empty.events if e.kind == "co2_ineffective"]
        assert told.severity == "p2"
        empty.advance(3 * HOUR)
        assert not empty.on("zone.co2_valve")

    def test_it_is_tried_again_with_the_next_day(self, empty: Bench) -> None:
        empty.advance(22.7 * HOUR)
        assert empty.on("zone.co2_valve")
        assert "co2_ineffective" not in zone(empty).problems

    def test_a_restart_does_not_try_it_again(self, empty: Bench) -> None:
        empty.restart()
        empty.advance(600)
        assert "co2_ineffective" in zone(empty).problems
        assert not empty.on("zone.co2_valve")

    def test_a_person_who_disarms_and_arms_the_loop_has_it_tried_again(self, empty: Bench) -> None:
        assert empty.ask(EmergencyStop()).refused is None
        assert empty.ask(ReleaseStop()).refused is None
        assert empty.ask(Arm(loop=Loop.CO2)).refused is None
        empty.advance(65)
        assert empty.on("zone.co2_valve")

    @staticmethod
    def inject(bench: Bench, *ppm: float) -> None:
        """CO2 as it goes on, five minutes each."""
        for value in ppm:
            bench.report("zone.co2", value)
            bench.advance(300)

    def test_co2_that_falls_while_the_valve_is_open_is_no_injection(self, day: Bench) -> None:
        self.inject(day, 900.0, 890.0, 880.0, 870.0, 860.0, 850.0, 840.0)
        assert "co2_ineffective" in day.kinds()

    def test_little_gas_for_a_large_room_is_gas(self, day: Bench) -> None:
        self.inject(day, 900.0, 910.0, 900.0, 890.0, 900.0, 910.0, 900.0)
        assert "co2_ineffective" not in day.kinds()

    def test_gas_that_arrives_is_seen(self, day: Bench) -> None:
        self.inject(day, 450.0, 460.0, 480.0, 500.0, 510.0, 530.0, 550.0, 560.0, 580.0)
        assert "co2_ineffective" not in day.kinds()

    def test_air_that_came_in_through_a_door_is_no_empty_bottle(self, day: Bench) -> None:
        self.inject(day, 900.0, 900.0, 900.0, 900.0, 500.0, 510.0, 520.0)
        assert "co2_ineffective" not in day.kinds()

    def test_injections_in_short_pulses_are_counted_together(self) -> None:
        farm = bench_farm()
        bindings = tuple(
            replace(b, declaration=replace(b.declaration, max_on_s=600.0))
            if b.id == "zone.co2_valve" and b.declaration is not None
            else b
            for b in farm.bindings
        )
        bench = Bench(check(replace(farm, bindings=bindings)))
        bench.start_batch()
        bench.advance(2 * HOUR)
        bench.report("zone.co2", 550.0)
        bench.advance(1900)
        assert "co2_ineffective" not in bench.kinds()
        bench.advance(200)
        assert "co2_ineffective" in bench.kinds()

    def test_injections_that_lie_apart_are_not(self, day: Bench) -> None:
        for _ in range(4):
            self.inject(day, 550.0, 550.0, 1000.0, 1000.0, 1000.0)
        assert "co2_ineffective" not in day.kinds()


def test_times_of_a_zone_move_with_a_clock_that_is_set_back(day: Bench) -> None:
    day.report("zone.co2", 550.0)
    day.advance(600)
    before = day.runtime.memory.zones["zone"]
    assert before.injection is not None
    day.clock.farm -= 7200
    day.runtime.tick()
    after = day.runtime.memory.zones["zone"]
    assert after.injection is not None
    assert after.injection.at == before.injection.at - 7200
    assert after.warming[0][0] == before.warming[0][0] - 7200
    day.advance(1210)
    assert not day.on("zone.co2_valve")
