"""Nights without dew: dried ahead, guarded against the coldest surface, reheated where declared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, sensor, setpoint
from vfarm_core.control.inputs import SetOverride
from vfarm_core.control.snapshot import ZoneSnapshot
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import FarmError, check
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind
from vfarm_core.science.air import dew_point_c

HOUR = 3600.0
DRYER, COOLER, HEATER = "zone.dehumidifier", "zone.cooler", "zone.heater"
HUMID_NIGHTS = {
    ClimateQuantity.AIR_TEMPERATURE: setpoint(22, 16, 6, 12),
    ClimateQuantity.HUMIDITY: setpoint(75, 88, 28, 40),
}


def farm_with(extra: Iterable[Binding] = (), without: tuple[str, ...] = (), **changes: Any) -> Farm:
    farm = bench_farm(extra=extra)
    (zone,) = farm.zones
    bindings = tuple(b for b in farm.bindings if b.id not in without)
    return check(replace(farm, zones=(replace(zone, **changes),), bindings=bindings))


def grow(farm: Farm, kind: PhaseKind = PhaseKind.PROPAGATION) -> Bench:
    """At 6:00, lights-on, 22 °C and 75 %."""
    bench = Bench(farm, values={"zone.air_temperature": 22.0, "zone.humidity": 75.0})
    phase = bench_phase("young", kind, climate=HUMID_NIGHTS)
    bench.start_batch(recipe=bench_recipe(phases=(phase,)))
    bench.advance(HOUR)
    return bench


def night(farm: Farm, kind: PhaseKind = PhaseKind.PROPAGATION) -> Bench:
    """An hour after lights-off, 16 °C and 85 %."""
    bench = grow(farm, kind)
    bench.advance(16 * HOUR)
    bench.report("zone.air_temperature", 16.0)
    bench.report("zone.humidity", 85.0)
    bench.advance(HOUR)
    return bench


def zone(bench: Bench) -> ZoneSnapshot:
    found = bench.runtime.snapshots["zone"]
    assert isinstance(found, ZoneSnapshot)
    return found


def why(bench: Bench, point: str) -> str:
    (found,) = [a for a in zone(bench).actuators if a.point == point]
    return found.code


class TestAheadOfLightsOff:
    def test_air_is_dried_for_the_night_before_it_begins(self) -> None:
        bench = grow(farm_with())
        bench.advance(15.4 * HOUR)
        assert zone(bench).humidity.target == 75
        assert not bench.on(DRYER)
        bench.advance(0.11 * HOUR, sensors=False)
        target = zone(bench).humidity.target
        assert target is not None
        assert target < 70
        assert bench.on(DRYER)
        assert why(bench, DRYER) == "dry_for_night"

    def test_what_is_dried_for_is_air_that_has_no_dew_at_the_temperature_of_the_night(self) -> None:
        bench = grow(farm_with())
        bench.advance(15.6 * HOUR)
        target = zone(bench).humidity.target
        assert target is not None
        assert dew_point_c(22.0, target) < 16.0 - 1.0

    def test_the_limits_of_the_day_are_kept(self) -> None:
        bench = grow(farm_with())
        bench.advance(15.6 * HOUR)
        bench.report("zone.air_temperature", 27.0)
        assert zone(bench).humidity.target == 88 - 28 + 3

    def test_where_it_is_not_wanted_the_day_ends_as_it_was(self) -> None:
        bench = grow(farm_with(dry_ahead_min=0.0))
        bench.advance(15.9 * HOUR)
        assert zone(bench).humidity.target == 75

    def test_air_that_is_as_cold_as_the_night_needs_nothing(self) -> None:
        bench = grow(farm_with())
        bench.report("zone.air_temperature", 16.0)
        bench.advance(15.7 * HOUR)
        assert zone(bench).humidity.target == 75

    def test_a_room_that_is_never_dark_is_not_dried_for_a_night(self) -> None:
        bench = Bench(farm_with(), values={"zone.humidity": 75.0})
        phase = bench_phase("young", PhaseKind.PROPAGATION, climate=HUMID_NIGHTS)
        light = replace(phase.light, photoperiod_h=24.0)
        bench.start_batch(recipe=bench_recipe(phases=(replace(phase, light=light),)))
        for _ in range(26):
            bench.advance(HOUR)
            assert zone(bench).humidity.target in (75, 88)

    def test_levels_that_take_turns_make_one_day(self) -> None:
        farm = farm_with()
        later = replace(farm.levels[1], lights_on=replace_time(farm, 16))
        bench = Bench(
            replace(farm, levels=(farm.levels[0], later)),
            values={"zone.air_temperature": 22.0, "zone.humidity": 75.0},
        )
        phase = bench_phase("young", PhaseKind.PROPAGATION, climate=HUMID_NIGHTS)
        phase = replace(phase, light=replace(phase.light, photoperiod_h=11.0, dli=7.92))
        recipe = bench_recipe(phases=(phase,))
        bench.start_batch(["level_1"], recipe=recipe)
        bench.start_batch(["level_2"], id="batch_2", recipe=recipe)
        bench.advance(11.8 * HOUR)  # 16:48: the first level ends at 17:00
        assert zone(bench).humidity.target == 75
        bench.advance(9.9 * HOUR)  # 2:42: the second one ends at 3:00
        target = zone(bench).humidity.target
        assert target is not None
        assert target < 70


def replace_time(farm: Farm, hour: int) -> Any:
    return farm.levels[0].lights_on.replace(hour=hour)


class TestDew:
    def test_at_night_drying_begins_while_the_dew_point_is_below_the_coldest_surface(self) -> None:
        bench = night(farm_with([sensor("zone", Role.SURFACE_TEMPERATURE)]))
        bench.report("zone.surface_temperature", 14.0)
        assert not bench.on(DRYER)
        # 85.5 % at 16 °C: dew at 13.6 °C, within the margin of 14 °C.
        bench.report("zone.humidity", 85.5)
        assert bench.on(DRYER)
        assert why(bench, DRYER) == "dew_guard"
        assert bench.on("zone.circulation_fan")
        assert "condensation" not in zone(bench).problems

    def test_dew_on_the_coldest_surface_is_shown_and_told_until_it_is_over(self) -> None:
        bench = night(farm_with([sensor("zone", Role.SURFACE_TEMPERATURE)]))
        bench.report("zone.surface_temperature", 13.0)
        assert "condensation" in zone(bench).problems
        bench.report("zone.surface_temperature", 13.6)
        assert "condensation" in zone(bench).problems, "not before the margin is there again"
        bench.report("zone.surface_temperature", 14.2)
        assert "condensation" not in zone(bench).problems
        told = [k for k in bench.kinds() if k.startswith("condensation")]
        assert told == ["condensation", "condensation_over"]

    def test_a_cold_leaf_of_a_level_counts(self) -> None:
        bench = night(farm_with([sensor("level_2", Role.LEAF_TEMPERATURE)]))
        assert not bench.on(DRYER)
        bench.report("level_2.leaf_temperature", 13.8)
        assert bench.on(DRYER)

    def test_without_a_measured_surface_the_air_stands_for_it(self) -> None:
        bench = night(farm_with(dew_margin_k=2.0))
        bench.report("zone.humidity", 85.5)
        assert bench.on(DRYER), "85.5 % is within 2.5 K of saturation"
        assert why(bench, DRYER) == "dew_guard"

    def test_a_lost_surface_sensor_leaves_the_estimate(self) -> None:
        bench = night(farm_with([sensor("zone", Role.SURFACE_TEMPERATURE)]))
        bench.report("zone.surface_temperature", 13.0)
        assert "condensation" in zone(bench).problems
        bench.report("zone.surface_temperature", "unavailable")
        assert "condensation" not in zone(bench).problems

    def test_seeds_under_a_lid_stay_moist(self) -> None:
        bench = night(farm_with(dew_margin_k=2.0), PhaseKind.GERMINATION)
        bench.report("zone.humidity", 99.0)
        bench.report("zone.humidity", 89.0)
        assert zone(bench).humidity.target == 88
        assert "condensation" not in zone(bench).problems

    def test_a_humidity_that_a_person_asked_for_is_kept(self) -> None:
        bench = night(farm_with(dew_margin_k=2.0))
        wanted = Override(
            node="zone",
            quantity=Quantity.HUMIDITY,
            value=89.0,
            expires_at=bench.clock.farm + HOUR,
        )
        assert bench.ask(SetOverride(override=wanted)).refused is None
        assert zone(bench).humidity.target == 89

    def test_without_a_humidity_in_the_recipe_the_night_is_guarded_all_the_same(self) -> None:
        bench = Bench(farm_with(), values={"zone.air_temperature": 20.0, "zone.humidity": 30.0})
        air = {ClimateQuantity.AIR_TEMPERATURE: setpoint(24, 20, 6, 12)}
        phase = bench_phase("young", PhaseKind.PROPAGATION, climate=air)
        bench.start_batch(recipe=bench_recipe(phases=(phase,)))
        bench.advance(18 * HOUR)
        assert not bench.on("zone.humidifier")
        bench.report("zone.humidity", 45.0)
        bench.report("zone.humidity", 60.0)
        bench.report("zone.humidity", 75.0)
        assert not bench.on(DRYER)
        bench.report("zone.humidity", 94.0)
        assert bench.on(DRYER)
        assert why(bench, DRYER) == "dew_guard"

    def test_an_unknown_humidity_is_no_dew(self) -> None:
        bench = night(farm_with())
        bench.report("zone.humidity", 99.0)
        assert "condensation" in zone(bench).problems
        bench.report("zone.humidity", "unavailable")
        assert "condensation" not in zone(bench).problems


class TestReheat:
    """The bench's cooler dries; there is no dehumidifier."""

    @staticmethod
    def room(*, reheat: bool = True, without: tuple[str, ...] = (DRYER,)) -> Bench:
        bench = grow(farm_with(without=without, reheat=reheat))
        bench.advance(2 * HOUR)
        return bench

    def test_the_cooler_dries_and_the_heater_holds_the_temperature(self) -> None:
        bench = self.room()
        bench.report("zone.humidity", 80.0)
        assert bench.on(COOLER)
        assert why(bench, COOLER) == "reheat_dry"
        assert not bench.on(HEATER)
        bench.report("zone.air_temperature", 21.4)
        assert bench.on(COOLER)
        assert bench.on(HEATER)
        assert why(bench, HEATER) == "reheat"
        bench.report("zone.air_temperature", 22.0)
        assert not bench.on(HEATER), "no warmer than the target"

    def test_it_ends_when_the_humidity_is_reached(self) -> None:
        bench = self.room()
        bench.report("zone.humidity", 80.0)
        bench.report("zone.air_temperature", 21.4)
        bench.advance(130)
        bench.report("zone.humidity", 74.9)
        assert not bench.on(COOLER)

    def test_it_has_to_be_declared(self) -> None:
        bench = self.room(reheat=False)
        bench.report("zone.humidity", 80.0)
        bench.report("zone.air_temperature", 21.4)
        assert not bench.on(COOLER)

    def test_it_does_not_chill_the_crop(self) -> None:
        bench = self.room()
        bench.report("zone.humidity", 80.0)
        bench.advance(130)
        bench.disobeys.add(HEATER)
        bench.report("zone.air_temperature", 19.9)
        assert not bench.on(COOLER)

    def test_never_in_over_temperature(self) -> None:
        bench = self.room()
        bench.report("zone.humidity", 85.0)
        bench.report("zone.air_temperature", 21.4)
        assert bench.on(HEATER)
        bench.report("zone.air_temperature", 26.0)
        assert bench.on(COOLER)
        assert not bench.on(HEATER)
        assert why(bench, COOLER) != "reheat_dry"

    def test_without_a_valid_temperature_nothing_is_reheated(self) -> None:
        bench = self.room()
        bench.report("zone.humidity", 80.0)
        bench.advance(130)
        bench.report("zone.air_temperature", "unavailable")
        assert not bench.on(COOLER)
        assert not bench.on(HEATER)

    def test_a_dehumidifier_goes_first(self) -> None:
        bench = self.room(without=())
        bench.report("zone.humidity", 79.0)
        assert bench.on(DRYER)
        assert not bench.on(COOLER)
        bench.report("zone.humidity", 82.0)
        assert bench.on(COOLER)

    def test_a_cooler_that_sticks_on_is_not_heated_against_once_the_air_is_dry(self) -> None:
        bench = self.room()
        bench.report("zone.humidity", 80.0)
        bench.disobeys.add(COOLER)
        bench.advance(130)
        bench.report("zone.humidity", 70.0)
        bench.report("zone.air_temperature", 21.4)
        assert bench.on(COOLER), "it sticks"
        assert not bench.on(HEATER)
        assert why(bench, HEATER) == "opposed"


class TestOutsideAir:
    OUTSIDE = (
        sensor("farm", Role.OUTSIDE_TEMPERATURE),
        sensor("farm", Role.OUTSIDE_HUMIDITY),
    )
    EXHAUST = "zone.exhaust_fan"

    def room(self, temperature: float | str, humidity: float | str) -> Bench:
        bench = grow(farm_with(self.OUTSIDE, without=(COOLER, DRYER)))
        bench.report("farm.outside_temperature", temperature)
        bench.report("farm.outside_humidity", humidity)
        return bench

    def test_exhaust_cools_when_outside_air_is_colder(self) -> None:
        bench = self.room(15.0, 60.0)
        bench.report("zone.air_temperature", 23.0)
        assert bench.on(self.EXHAUST)

    def test_warm_outside_air_is_left_outside(self) -> None:
        bench = self.room(25.0, 40.0)
        bench.report("zone.air_temperature", 23.0)
        assert not bench.on(self.EXHAUST)
        assert why(bench, self.EXHAUST) == "outside_warmer"

    def test_it_turns_on_as_soon_as_outside_air_would_help(self) -> None:
        bench = self.room(25.0, 40.0)
        bench.report("zone.air_temperature", 23.0)
        bench.report("farm.outside_temperature", 20.0)
        assert bench.on(self.EXHAUST)
        bench.report("farm.outside_temperature", 22.5)
        assert bench.on(self.EXHAUST), "until nearly nothing is left"
        bench.report("farm.outside_temperature", 22.9)
        assert not bench.on(self.EXHAUST)

    def test_colder_air_that_carries_more_heat_as_vapour_is_no_help(self) -> None:
        bench = self.room(21.5, 100.0)
        bench.report("zone.humidity", 50.0)
        bench.report("zone.air_temperature", 23.0)
        assert not bench.on(self.EXHAUST)
        assert why(bench, self.EXHAUST) == "outside_heavier"

    def test_exhaust_dries_only_with_drier_air(self) -> None:
        bench = self.room(21.0, 95.0)
        bench.report("zone.humidity", 79.0)
        assert not bench.on(self.EXHAUST)
        assert why(bench, self.EXHAUST) == "outside_moister"
        bench.report("farm.outside_humidity", 60.0)
        assert bench.on(self.EXHAUST)

    @pytest.mark.parametrize("lost", ["outside_temperature", "outside_humidity"])
    def test_what_is_not_surely_known_does_not_keep_it_from_drying(self, lost: str) -> None:
        bench = self.room(21.0, 95.0)
        bench.report("zone.humidity", 79.0)
        assert not bench.on(self.EXHAUST)
        bench.report(f"farm.{lost}", "unavailable")
        assert bench.on(self.EXHAUST)

    def test_a_sensor_of_the_zone_goes_before_that_of_the_farm(self) -> None:
        own = (*self.OUTSIDE, sensor("zone", Role.OUTSIDE_TEMPERATURE))
        bench = grow(farm_with(own, without=(COOLER, DRYER)))
        bench.report("farm.outside_temperature", 10.0)
        bench.report("farm.outside_humidity", 50.0)
        bench.report("zone.outside_temperature", 30.0)
        bench.report("zone.air_temperature", 23.0)
        assert not bench.on(self.EXHAUST)

    def test_heat_at_the_limit_and_dangerous_co2_are_cleared_whatever_is_outside(self) -> None:
        bench = self.room(45.0, 40.0)
        bench.report("zone.air_temperature", 35.0)
        assert bench.on(self.EXHAUST)
        bench.report("zone.air_temperature", 22.0)
        assert not bench.on(self.EXHAUST)
        bench.report("zone.co2", 6000.0)
        assert bench.on(self.EXHAUST)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("ramp_min", -1.0), ("drying_kg_h", 0.0), ("dry_ahead_min", 999.0), ("dew_margin_k", 9.0)],
)
def test_values_that_make_no_sense_are_refused(attribute: str, value: float) -> None:
    with pytest.raises(FarmError) as refused:
        farm_with(**{attribute: value})
    (problem,) = refused.value.problems
    assert problem.key == "climate_out_of_range"
    assert problem.params["attribute"] == attribute
