"""Sensors against what must be so: values that have to move, power, flow and water."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm, sensor
from vfarm_core.control.inputs import RunShot, StartWorkflow
from vfarm_core.control.memory import Quality
from vfarm_core.farm.bindings import Binding, Proof
from vfarm_core.farm.build import check
from vfarm_core.farm.overrides import WorkflowKind
from vfarm_core.farm.roles import Role

HOUR = 3600.0
T = "zone.air_temperature"
HEATER = "zone.heater"
LAMP = "level_1.grow_light"
WATTS = "level_1.power"


def problems(bench: Bench, node: str = "zone") -> tuple[str, ...]:
    return bench.runtime.snapshots[node].problems


def told(bench: Bench, kind: str) -> list[str]:
    return [e.node for e in bench.events if e.kind == kind]


def by_day(extra: Iterable[Binding] = ()) -> Bench:
    bench = Bench(bench_farm(extra=extra))
    bench.start_batch()
    for value in (23.8, 24.0):
        bench.report(T, value)
        bench.advance(HOUR)
    return bench


class TestAFlatLine:
    def test_is_found_when_a_device_ran_and_nothing_moved(self) -> None:
        bench = by_day()
        bench.report(T, 22.0)
        bench.advance(2)
        assert bench.on(HEATER)
        bench.advance(12 * HOUR)
        assert bench.runtime.memory.points[T].problem == "flat_line"
        assert not bench.on(HEATER)
        assert "sensor_flat_line" in problems(bench)
        assert told(bench, "sensor_flat_line") == ["zone"]
        assert "no_temperature" in problems(bench), "a thermometer that is stuck knows nothing"

    def test_still_trips(self) -> None:
        bench = by_day()
        bench.report(T, 22.0)
        bench.advance(12 * HOUR)
        bench.report(T, 45.0)
        assert "too_warm_off" in problems(bench)

    def test_ends_with_any_change(self) -> None:
        bench = by_day()
        bench.report(T, 22.0)
        bench.advance(12 * HOUR)
        bench.report(T, 22.2)
        assert bench.runtime.memory.points[T].quality is Quality.GOOD
        assert "sensor_flat_line" not in problems(bench)

    def test_is_none_in_a_quiet_room(self) -> None:
        bench = by_day()
        bench.advance(13 * HOUR)
        assert bench.runtime.memory.points[T].quality is Quality.GOOD

    def test_is_none_of_a_sensor_known_to_be_quiet(self) -> None:
        bench = by_day()
        bench.report(T, 23.8)
        bench.advance(2 * HOUR)
        bench.report(T, 24.0)
        bench.advance(20)
        bench.report(T, 22.0)
        bench.advance(10 * HOUR)
        assert bench.runtime.memory.points[T].quality is Quality.GOOD

    def test_is_none_of_a_sensor_of_whole_degrees(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch()
        for value in (23.0, 24.0, 23.0, 24.0):
            bench.report(T, value)
            bench.advance(60)
        bench.advance(40 * HOUR)
        assert bench.runtime.memory.points[T].quality is Quality.GOOD

    def test_is_not_proved_by_an_echo(self) -> None:
        farm = bench_farm()
        echo = tuple(
            replace(b, declaration=replace(b.declaration, proof=Proof.ECHO))
            if b.id == HEATER and b.declaration
            else b
            for b in farm.bindings
        )
        bench = Bench(check(replace(farm, bindings=echo)))
        bench.start_batch()
        for value in (23.8, 24.0, 22.0):
            bench.report(T, value)
            bench.advance(HOUR)
        bench.advance(11 * HOUR)
        assert bench.runtime.memory.points[T].quality is Quality.GOOD

    def test_is_found_after_a_night_and_a_day(self) -> None:
        bench = by_day()
        bench.advance(30 * HOUR)
        assert bench.runtime.memory.points[T].problem == "flat_line"

    def test_is_found_against_another_sensor_that_moves(self) -> None:
        bench = by_day([sensor("zone", Role.AIR_TEMPERATURE, 2)])
        for n in range(24):
            bench.report(f"{T}.2", 27.0 + 0.2 * (n % 2))
            bench.advance(0.5 * HOUR)
        assert bench.runtime.memory.points[T].problem == "flat_line"
        assert bench.runtime.memory.points[f"{T}.2"].quality is Quality.GOOD
        assert bench.runtime.memory.zones["zone"].over_temperature != "unknown"


class TestAFlatLineOfHumidity:
    RH = "zone.humidity"

    def test_is_found_though_the_humidifier_ran_before_it_froze(self) -> None:
        bench = by_day()
        for value in (60.0, 60.6, 61.2, 60.4):
            bench.report(self.RH, value)
            bench.advance(120)
        bench.report(self.RH, 45.0)
        bench.advance(2)
        assert bench.on("zone.humidifier")
        bench.report(self.RH, 46.0)
        bench.advance(2.9 * HOUR)
        assert bench.runtime.memory.points[self.RH].quality is Quality.GOOD
        bench.advance(1.2 * HOUR)
        assert bench.runtime.memory.points[self.RH].problem == "flat_line"
        assert not bench.on("zone.humidifier")


class TestPower:
    @pytest.fixture
    def lit(self) -> Bench:
        bench = by_day([sensor("level_1", Role.POWER)])
        bench.values[WATTS] = 60.0
        bench.report(WATTS, 60.0)
        bench.advance(HOUR)
        assert bench.on(LAMP)
        assert "power_mismatch" not in problems(bench, "level_1")
        return bench

    def test_of_lamps_that_report_on_and_draw_none_is_told(self, lit: Bench) -> None:
        assert lit.runtime.snapshots["level_1"].ppfd > 0  # type: ignore[union-attr]
        lit.report(WATTS, 0.0)
        lit.advance(700)
        assert "power_mismatch" in problems(lit, "level_1")
        assert told(lit, "power_mismatch") == ["level_1"]
        assert lit.runtime.snapshots["level_1"].ppfd == 0  # type: ignore[union-attr]
        lit.report(WATTS, 60.0)
        lit.advance(700)
        assert "power_mismatch" not in problems(lit, "level_1")

    def test_of_lamps_that_report_off_and_burn_is_told(self, lit: Bench) -> None:
        lit.advance(16 * HOUR)
        assert not lit.on(LAMP)
        lit.report(WATTS, 500.0)
        lit.advance(700)
        assert "power_mismatch" in problems(lit, "level_1")

    def test_that_is_not_known_says_nothing(self, lit: Bench) -> None:
        lit.report(WATTS, "unavailable")
        lit.values.pop(WATTS)
        lit.advance(2 * HOUR)
        assert "power_mismatch" not in problems(lit, "level_1")

    def pump(self, watts: float) -> Bench:
        farm = bench_farm(extra=[sensor("pump", Role.POWER)])
        rated = tuple(
            replace(b, declaration=replace(b.declaration, rating_w=100.0))
            if b.role is Role.IRRIGATION_PUMP and b.declaration
            else b
            for b in farm.bindings
        )
        bench = Bench(check(replace(farm, bindings=rated)))
        bench.start_batch()
        bench.report("pump.power", watts)
        bench.values["pump.power"] = watts
        bench.advance(1300)
        return bench

    def test_of_a_rated_pump_that_is_off_and_draws_is_told(self) -> None:
        assert told(self.pump(90.0), "power_mismatch") == ["pump"]

    def test_of_a_rated_pump_that_is_off_and_draws_none_is_not(self) -> None:
        assert told(self.pump(2.0), "power_mismatch") == []

    def test_of_a_level_without_lamps_is_not_compared(self) -> None:
        farm = bench_farm(extra=[sensor("level_1", Role.POWER)])
        dark = tuple(b for b in farm.bindings if b.role is not Role.GROW_LIGHT)
        bench = Bench(check(replace(farm, bindings=dark)))
        bench.report(WATTS, 500.0)
        bench.advance(HOUR)
        assert told(bench, "power_mismatch") == []

    def test_of_a_pump_without_a_rating_is_not_compared(self) -> None:
        bench = by_day([sensor("pump", Role.POWER)])
        bench.report("pump.power", 0.0)
        bench.advance(6 * HOUR)
        assert not told(bench, "power_mismatch")


class TestFlow:
    @staticmethod
    def shots(bench: Bench, flow: float, times: int) -> None:
        for _ in range(times):
            assert bench.ask(RunShot(circuit="circuit", duration_s=890)).refused is None
            bench.advance(30, sensors=False)
            bench.report("pump.flow", flow)
            bench.advance(2 * HOUR)

    def test_that_wanes_over_many_runs_is_told(self) -> None:
        bench = by_day()
        self.shots(bench, 9.0, 8)
        assert "flow_low" in problems(bench, "circuit")
        assert told(bench, "flow_low") == ["pump"]
        self.shots(bench, 20.0, 6)
        assert "flow_low" not in problems(bench, "circuit")

    def test_is_seen_in_shots_that_are_short(self) -> None:
        bench = by_day()
        for _ in range(6):
            assert bench.ask(RunShot(circuit="circuit", duration_s=90)).refused is None
            bench.advance(30, sensors=False)
            bench.report("pump.flow", 9.0)
            bench.advance(2 * HOUR)
        assert told(bench, "flow_low") == ["pump"]

    def test_that_was_reported_before_the_run_is_not_the_flow_of_it(self) -> None:
        bench = by_day()
        bench.values.pop("pump.flow")
        for _ in range(8):
            bench.report("pump.flow", 0.0)
            bench.ask(RunShot(circuit="circuit", duration_s=90))
            bench.advance(2 * HOUR, sensors=False)
        assert not told(bench, "flow_low")
        assert "pump" not in bench.runtime.memory.checks

    def test_that_is_as_rated_is_not(self) -> None:
        bench = by_day()
        self.shots(bench, 19.0, 8)
        assert not told(bench, "flow_low")

    def test_of_few_runs_says_nothing_yet(self) -> None:
        bench = by_day()
        self.shots(bench, 5.0, 2)
        assert not told(bench, "flow_low")


class TestTheBalanceOfWater:
    def test_a_slow_loss_is_told(self) -> None:
        bench = Bench(bench_farm())
        for n in range(16):
            bench.report("tank.volume", 150.0 - 2.5 * n)
            bench.advance(HOUR)
        assert told(bench, "mass_balance") == ["tank"]
        assert "mass_balance" in problems(bench, "tank")
        for _ in range(14):
            bench.advance(HOUR)
        assert "mass_balance" not in problems(bench, "tank")

    def test_what_plants_drink_is_none(self) -> None:
        bench = Bench(bench_farm())
        for n in range(24):
            bench.report("tank.volume", 150.0 - 0.2 * n)
            bench.advance(HOUR)
        assert not told(bench, "mass_balance")

    def test_while_people_change_the_solution_none_is_drawn(self) -> None:
        bench = Bench(bench_farm())
        bench.advance(HOUR)
        until = bench.clock.farm + 8 * HOUR
        asked = StartWorkflow(node="tank", kind=WorkflowKind.MAINTENANCE, until=until, by="grower")
        assert bench.ask(asked).refused is None
        for n in range(7):
            bench.report("tank.volume", 150.0 - 10 * n)
            bench.advance(HOUR)
        assert not told(bench, "mass_balance")
        assert bench.runtime.memory.checks["tank"].balance is None

    def test_an_unknown_volume_draws_none(self) -> None:
        bench = Bench(bench_farm())
        bench.report("tank.volume", "unavailable")
        bench.values.pop("tank.volume", None)
        bench.advance(8 * HOUR)
        assert "tank" not in bench.runtime.memory.checks

    def test_filling_begins_a_new_balance(self) -> None:
        bench = Bench(bench_farm())
        for n in range(10):
            bench.report("tank.volume", 100.0 + 10 * n)
            bench.advance(HOUR)
        assert not told(bench, "mass_balance")


def test_a_farm_that_is_edited_forgets_what_is_gone(bench: Bench) -> None:
    bench.advance(2 * HOUR)
    assert "tank" in bench.runtime.memory.checks
    due = [k for k in bench.runtime.memory.due if k.startswith("check:")]
    assert sorted(due) == ["check:pump", "check:tank", "check:zone"]
    bare = tuple(b for b in bench.farm.bindings if b.role is not Role.VOLUME)
    bench.runtime.replace_farm(replace(bench.farm, bindings=bare))
    bench.settle()
    bench.advance(2 * HOUR)
    assert "check:tank" not in bench.runtime.memory.due


def test_a_clock_that_is_set_back_moves_the_balance(bench: Bench) -> None:
    bench.advance(2 * HOUR)
    before = bench.runtime.memory.checks["tank"].balance
    bench.clock.farm -= HOUR
    bench.runtime.tick()
    bench.settle()
    after = bench.runtime.memory.checks["tank"].balance
    assert before is not None
    assert after is not None
    assert after.at == pytest.approx(before.at - HOUR, abs=5)


class TestProofByPower:
    """A heater with a power meter: what it draws proves it, from a quarter of its rating."""

    def heats(self, watts: float | None) -> str:
        farm = bench_farm(extra=[sensor("zone", Role.POWER)])
        metered = tuple(
            replace(
                b,
                declaration=replace(
                    b.declaration, proof=Proof.FEEDBACK, rating_w=1000.0, proved_by="zone.power"
                ),
            )
            if b.id == HEATER and b.declaration
            else b
            for b in farm.bindings
        )
        bench = Bench(check(replace(farm, bindings=metered)))
        bench.start_batch()
        bench.report(T, 24.0)
        bench.report("zone.power", 0.0)
        bench.advance(400, sensors=False)
        bench.report(T, 10.0)
        assert bench.on(HEATER)
        bench.advance(2, sensors=False)
        if watts is not None:
            bench.report("zone.power", watts)
        return str(bench.runtime.memory.actuators[HEATER].proof)

    def test_takes_a_quarter_of_the_rating(self) -> None:
        assert self.heats(900.0) == "proved"
        assert self.heats(250.0) == "proved"

    def test_is_none_by_standby(self) -> None:
        assert self.heats(20.0) == "pending"
        assert self.heats(None) == "pending"


def test_a_power_meter_never_proves_a_co2_valve() -> None:
    bench = Bench(bench_farm(extra=[sensor("zone", Role.POWER)]))
    bench.start_batch()
    for key, value in ((T, 24.0), ("zone.humidity", 65.0), ("zone.co2", 1000.0)):
        bench.report(key, value)
    bench.advance(400)
    bench.values.pop("zone.feedback", None)
    bench.report("zone.feedback", "unavailable")
    bench.report("zone.co2", 800.0)
    bench.report("zone.power", 500.0)
    valve = bench.runtime.memory.actuators["zone.co2_valve"]
    assert valve.proof != "proved"
