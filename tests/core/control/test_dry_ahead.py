"""A humid night ends before the lights come on: the day's VPD limits hold from its first minute."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.core.support import BENCH, Bench, bench_farm, bench_phase, bench_recipe, setpoint
from vfarm_core.control.drying import DRY_AHEAD_S
from vfarm_core.control.inputs import SetOverride
from vfarm_core.control.snapshot import ZoneSnapshot
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.recipes.model import OPEN, Band, ClimateQuantity, PhaseKind, Setpoint
from vfarm_core.science.air import vpd_air_kpa

HOUR = 3600.0
#: By day at least 0.4 kPa; by night VPD is nobody's business.
VPD_LIMITS = Setpoint(
    day=None,
    night=None,
    warning_day=Band(0.4, 1.3),
    warning_night=OPEN,
    critical_day=Band(0.25, 1.8),
    critical_night=OPEN,
    provenance=BENCH,
)
HUMID_NIGHTS = {
    ClimateQuantity.AIR_TEMPERATURE: setpoint(22, 14, 6, 9),
    ClimateQuantity.HUMIDITY: setpoint(68, 90, 20, 30),
    ClimateQuantity.VPD: VPD_LIMITS,
}


def night(climate: Mapping[ClimateQuantity, Setpoint]) -> Bench:
    """In the dark (from 22:00 to 06:00), an hour before the lights come on, at 14 °C and 88 %."""
    bench = Bench(bench_farm())
    phase = bench_phase("young", PhaseKind.PROPAGATION, climate=climate)
    bench.start_batch(recipe=bench_recipe(phases=(phase,)))
    bench.advance(18 * HOUR)
    bench.report("zone.air_temperature", 14.0)
    bench.report("zone.humidity", 88.0)
    bench.advance(6 * HOUR)
    return bench


def zone(bench: Bench) -> ZoneSnapshot:
    found = bench.runtime.snapshots["zone"]
    assert isinstance(found, ZoneSnapshot)
    return found


def test_the_night_stays_humid_until_shortly_before_lights_on() -> None:
    bench = night(HUMID_NIGHTS)
    assert not zone(bench).day
    bench.advance(HOUR - DRY_AHEAD_S - 1)
    assert zone(bench).humidity.target == 90
    assert not bench.on("zone.dehumidifier")


def test_drying_starts_on_time_without_a_sensor_saying_anything() -> None:
    bench = night(HUMID_NIGHTS)
    bench.advance(HOUR - DRY_AHEAD_S - 100)
    bench.report("zone.humidity", 87.0)
    bench.advance(99, sensors=False)
    assert not bench.on("zone.dehumidifier")
    bench.advance(2, sensors=False)
    assert bench.on("zone.dehumidifier")


def test_it_dries_to_what_the_limit_of_the_day_needs_at_the_temperature_of_the_night() -> None:
    bench = night(HUMID_NIGHTS)
    bench.advance(HOUR - DRY_AHEAD_S + 60)
    target = zone(bench).humidity.target
    assert target is not None
    assert vpd_air_kpa(14.0, target) == pytest.approx(0.4, abs=0.01)
    bench.report("zone.humidity", target - 0.1)
    assert not bench.on("zone.dehumidifier")


def test_it_dries_no_further_than_the_day_is_to_be() -> None:
    bench = night(HUMID_NIGHTS)
    bench.advance(HOUR - DRY_AHEAD_S + 60)
    bench.report("zone.air_temperature", 8.0)
    assert zone(bench).humidity.target == 68, "0.4 kPa at 8 °C would be 63 %"


def test_a_night_that_is_dry_enough_is_left_alone() -> None:
    dry = {**HUMID_NIGHTS, ClimateQuantity.HUMIDITY: setpoint(68, 60, 20, 30)}
    bench = night(dry)
    bench.advance(HOUR - 60)
    assert zone(bench).humidity.target == 60


def test_without_limits_of_vpd_the_night_ends_at_lights_on() -> None:
    plain = {q: s for q, s in HUMID_NIGHTS.items() if q is not ClimateQuantity.VPD}
    bench = night(plain)
    bench.advance(HOUR - 60)
    assert zone(bench).humidity.target == 90
    assert not bench.on("zone.dehumidifier")


def test_a_humidity_that_a_person_asked_for_is_kept() -> None:
    bench = night(HUMID_NIGHTS)
    wanted = Override(
        node="zone",
        quantity=Quantity.HUMIDITY,
        value=89.0,
        expires_at=bench.clock.farm + 2 * HOUR,
    )
    assert bench.ask(SetOverride(override=wanted)).refused is None
    bench.advance(HOUR - 60)
    assert zone(bench).humidity.target == 89
    assert not bench.on("zone.dehumidifier")


def test_by_day_the_humidity_of_the_day_is_held() -> None:
    bench = night(HUMID_NIGHTS)
    bench.advance(HOUR + 60)
    assert zone(bench).day
    assert zone(bench).humidity.target == 68
