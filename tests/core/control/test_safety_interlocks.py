"""Smoke, water on the floor and open doors stop a place at once; a person lets it go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.core.support import START, Bench, actuator, bench_farm, film_bench, sensor
from vfarm_core.control.inputs import Cause, ClearLatch, EmergencyStop, Report, RunShot, SetMode
from vfarm_core.control.snapshot import ReservoirSnapshot, ZoneSnapshot
from vfarm_core.farm.bindings import Binding, Danger
from vfarm_core.farm.build import check
from vfarm_core.farm.overrides import Mode
from vfarm_core.farm.roles import Role

HOUR = 3600.0
PUMP = "pump.irrigation_pump"
VALVE = "circuit.irrigation_valve"
LAMP = "level_1.grow_light"
IN_THE_ZONE = (
    "zone.heater",
    "zone.cooler",
    "zone.humidifier",
    "zone.dehumidifier",
    "zone.exhaust_fan",
    "zone.circulation_fan",
    "zone.co2_valve",
    LAMP,
    "level_2.grow_light",
)


def guarded(*extra: Binding) -> Bench:
    """A bench farm with a smoke detector, a door contact and a second leak sensor, at noon."""
    more = (sensor("zone", Role.SMOKE), sensor("zone", Role.DOOR), sensor("zone", Role.LEAK))
    bench = Bench(
        bench_farm(extra=(*more, *extra)),
        values={"zone.smoke": 0.0, "zone.door": 0.0, "zone.leak": 0.0},
    )
    bench.start_batch()
    bench.advance(5 * HOUR)
    return bench


@pytest.fixture
def place() -> Bench:
    return guarded()


def zone(bench: Bench) -> ZoneSnapshot:
    found = bench.runtime.snapshots["zone"]
    assert isinstance(found, ZoneSnapshot)
    return found


def told(bench: Bench, kind: str) -> list[str]:
    return [event.severity.value for event in bench.events if event.kind == kind]


def on(bench: Bench, points: Iterable[str]) -> list[str]:
    return [point for point in points if bench.on(point)]


class TestSmoke:
    def test_everything_in_the_zone_goes_off_and_water_stops(self, place: Bench) -> None:
        place.ask(RunShot(circuit="circuit", duration_s=300.0))
        place.report("zone.air_temperature", 19.0)
        assert {LAMP, "zone.heater", "zone.circulation_fan", PUMP} <= set(
            on(place, (*IN_THE_ZONE, PUMP))
        )
        place.report("zone.smoke", 1.0)
        assert on(place, (*IN_THE_ZONE, PUMP, VALVE)) == []
        assert told(place, "smoke") == ["p1"]
        ends = [e.params["end"] for e in place.events if e.kind == "shot_ended"]
        assert ends[-1] == "smoke"
        assert "smoke" in zone(place).problems
        assert zone(place).status == "critical"

    def test_it_beats_a_hand_on_a_device(self, place: Bench) -> None:
        place.report("zone.smoke", 1.0)
        place.state["zone.exhaust_fan"] = 1.0
        place.runtime.feed(
            Report("zone.exhaust_fan", True, None, place.clock.farm, Cause.PERSON),
        )
        place.settle()
        assert not place.on("zone.exhaust_fan")

    def test_it_stays_when_the_smoke_is_gone_and_over_a_restart(self, place: Bench) -> None:
        place.report("zone.smoke", 1.0)
        place.report("zone.smoke", 0.0)
        place.advance(3 * HOUR)
        assert on(place, IN_THE_ZONE) == []
        place.restart()
        place.advance(HOUR)
        assert on(place, IN_THE_ZONE) == []
        assert told(place, "smoke") == ["p1"], "told once"

    def test_a_person_clears_it_when_the_detector_is_clear(self, place: Bench) -> None:
        place.report("zone.smoke", 1.0)
        assert place.ask(ClearLatch(point="zone.smoke")).refused == "still_tripped"
        place.report("zone.smoke", "unavailable")
        assert place.ask(ClearLatch(point="zone.smoke")).refused == "still_tripped"
        place.report("zone.smoke", 0.0)
        assert place.ask(ClearLatch(point="zone.smoke", by="grower")).refused is None
        place.advance(400)
        assert place.on(LAMP)
        assert place.on("zone.circulation_fan")
        assert zone(place).latches == ()
        assert place.ask(ClearLatch(point="zone.smoke")).refused == "not_latched"

    def test_an_unknown_detector_is_shown_and_stops_nothing(self, place: Bench) -> None:
        place.report("zone.smoke", "unavailable")
        place.advance(HOUR, sensors=False)
        assert place.on(LAMP)
        assert "sensor_missing" in zone(place).problems
        assert told(place, "smoke") == []

    def test_it_acts_in_monitor_mode_too(self, place: Bench) -> None:
        place.ask(SetMode(mode=Mode.MONITOR))
        assert place.on(LAMP)
        place.report("zone.smoke", 1.0)
        assert not place.on(LAMP)
        assert not place.on("zone.circulation_fan")

    def test_a_stop_beats_it_and_its_release_starts_nothing(self, place: Bench) -> None:
        place.report("zone.smoke", 1.0)
        place.ask(EmergencyStop(by="grower"))
        place.report("zone.smoke", 0.0)
        place.ask(ClearLatch(point="zone.smoke"))
        place.advance(HOUR)
        assert on(place, IN_THE_ZONE) == []

    def test_another_zone_goes_on(self) -> None:
        farm = bench_farm(extra=(sensor("zone", Role.SMOKE),))
        other = replace(farm.zones[0], id="other", name="Other")
        rack = replace(farm.racks[0], id="rack_2", zone="other")
        level = replace(farm.levels[0], id="level_3", rack="rack_2")
        lamp = actuator("level_3", Role.GROW_LIGHT, danger=Danger.NEITHER, max_on_s=None)
        bench = Bench(
            check(
                replace(
                    farm,
                    zones=(*farm.zones, other),
                    racks=(*farm.racks, rack),
                    levels=(*farm.levels, level),
                    bindings=(*farm.bindings, lamp),
                )
            ),
            values={"zone.smoke": 0.0},
        )
        bench.start_batch(["level_1"])
        bench.start_batch(["level_3"], id="batch_2")
        bench.advance(3 * HOUR)
        bench.report("zone.smoke", 1.0)
        assert not bench.on(LAMP)
        assert bench.on("level_3.grow_light")


class TestLeak:
    @pytest.mark.parametrize("point", ["tank.leak", "zone.leak"])
    def test_the_first_report_latches_also_without_a_shot(self, place: Bench, point: str) -> None:
        place.report(point, 1.0)
        place.report(point, 0.0)
        place.report(point, 1.0)
        place.report(point, 0.0)
        assert told(place, "leak") == ["p1"]
        answer = place.ask(RunShot(circuit="circuit", duration_s=60.0))
        assert answer.params["why"] == "leak"
        place.advance(24 * HOUR)
        assert PUMP not in [c.point for _, c in place.sent if c.value and _ > START + 5 * HOUR + 1]
        assert place.ask(ClearLatch(point=point)).refused is None
        assert place.ask(RunShot(circuit="circuit", duration_s=60.0)).refused is None

    def test_each_sensor_is_cleared_by_itself(self, place: Bench) -> None:
        place.report("tank.leak", 1.0)
        place.report("zone.leak", 1.0)
        place.report("tank.leak", 0.0)
        place.report("zone.leak", 0.0)
        place.ask(ClearLatch(point="tank.leak"))
        assert place.ask(RunShot(circuit="circuit", duration_s=60.0)).params["why"] == "leak"
        tank = place.runtime.snapshots["tank"]
        assert isinstance(tank, ReservoirSnapshot)
        assert tank.latches == ()
        (left,) = zone(place).latches
        assert (left.point, left.role) == ("zone.leak", Role.LEAK)

    def test_it_is_kept_over_a_restart(self, place: Bench) -> None:
        place.report("tank.leak", 1.0)
        place.report("tank.leak", 0.0)
        place.restart()
        assert place.ask(RunShot(circuit="circuit", duration_s=60.0)).params["why"] == "leak"

    def test_light_and_climate_go_on(self, place: Bench) -> None:
        place.report("zone.leak", 1.0)
        assert place.on(LAMP)
        assert place.on("zone.circulation_fan")

    def test_a_sensor_that_is_removed_takes_its_latch_along(self, place: Bench) -> None:
        place.report("zone.leak", 1.0)
        farm = place.farm
        left = tuple(b for b in farm.bindings if b.id != "zone.leak")
        place.farm = check(replace(farm, bindings=left))
        place.runtime.replace_farm(place.farm)
        place.settle()
        assert place.ask(RunShot(circuit="circuit", duration_s=60.0)).refused is None


class TestDoor:
    @pytest.fixture
    def hungry(self) -> Bench:
        bench = guarded()
        bench.report("zone.co2", 500.0)
        assert bench.on("zone.co2_valve")
        return bench

    @pytest.mark.parametrize("state", [1.0, "unavailable"])
    def test_co2_closes_at_once_and_climate_goes_on(
        self, hungry: Bench, state: float | str
    ) -> None:
        hungry.report("zone.door", state)
        assert not hungry.on("zone.co2_valve")
        assert hungry.on("zone.circulation_fan")
        assert hungry.on(LAMP)
        reason = hungry.runtime.memory.actuators["zone.co2_valve"].reason
        assert reason is not None
        assert reason.code == "door_open"

    def test_co2_comes_back_when_it_is_closed(self, hungry: Bench) -> None:
        hungry.report("zone.door", 1.0)
        hungry.advance(120)
        hungry.report("zone.door", 0.0)
        hungry.advance(120)
        assert hungry.on("zone.co2_valve")
        assert told(hungry, "door_open") == []

    def test_it_is_told_after_ten_minutes_and_when_it_is_closed(self, hungry: Bench) -> None:
        hungry.report("zone.door", 1.0)
        hungry.advance(590)
        assert told(hungry, "door_open") == []
        hungry.advance(20)
        assert told(hungry, "door_open") == ["p3"]
        assert "door_open" in zone(hungry).problems
        hungry.advance(HOUR)
        assert told(hungry, "door_open") == ["p3"], "told once"
        hungry.report("zone.door", 0.0)
        assert told(hungry, "door_closed") == ["info"]
        assert "door_open" not in zone(hungry).problems

    def test_a_restart_counts_anew(self, hungry: Bench) -> None:
        hungry.report("zone.door", 1.0)
        hungry.advance(500)
        hungry.restart()
        hungry.advance(500)
        assert told(hungry, "door_open") == []
        hungry.advance(200)
        assert told(hungry, "door_open") == ["p3"]

    def test_a_clock_set_back_does_not_lengthen_the_wait(self, hungry: Bench) -> None:
        hungry.report("zone.door", 1.0)
        hungry.advance(300)
        hungry.clock.farm -= HOUR
        hungry.advance(310)
        assert told(hungry, "door_open") == ["p3"]


class TestOrder:
    """Valve before pump on start, pump before valve on stop, also where there is no shot."""

    @pytest.fixture
    def film(self) -> Bench:
        return film_bench(valve_danger=Danger.ON)

    def order(self, bench: Bench) -> list[tuple[str, float]]:
        return [(c.point, c.value) for _, c in bench.sent if c.point in (PUMP, VALVE)]

    def test_a_leak_stops_the_pump_before_its_valve_closes(self, film: Bench) -> None:
        film.sent.clear()
        film.report("tank.leak", 1.0)
        assert self.order(film) == [(PUMP, 0.0), (VALVE, 0.0)]

    def test_a_valve_does_not_close_against_a_pump_that_is_not_off_yet(self, film: Bench) -> None:
        film.disobeys.add(PUMP)
        film.sent.clear()
        film.report("tank.leak", 1.0)
        film.advance(5)
        assert self.order(film) == [(PUMP, 0.0)]
        film.advance(40)
        assert not film.on(VALVE), "the pump was given up: the valve is all that is left"

    def test_a_dangerous_valve_does_not_close_against_circulation_at_a_restart(
        self, film: Bench
    ) -> None:
        film.sent.clear()
        film.restart()
        film.advance(60)
        assert self.order(film) == []
        assert film.on(PUMP)
        assert film.on(VALVE)

    def test_nor_for_want_of_a_journal(self, film: Bench) -> None:
        film.journal.error = "disk full"
        film.report("zone.air_temperature", 18.0)
        film.advance(60)
        assert film.on(PUMP)
        assert film.on(VALVE)

    def test_a_pump_found_on_at_a_restart_stops_before_its_valve(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch()
        bench.state[VALVE] = bench.state[PUMP] = 1.0
        bench.sent.clear()
        bench.restart()
        assert self.order(bench) == [(PUMP, 0.0), (VALVE, 0.0)]
