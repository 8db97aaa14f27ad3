"""Climate devices with levels: driven as far as it takes, with few commands, and never latched for
being coarse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_farm
from vfarm_core.control.effects import Command
from vfarm_core.control.memory import ProofState
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import FarmError, check
from vfarm_core.farm.codec import decode, encode
from vfarm_core.farm.nodes import Farm
from vfarm_core.farm.roles import Role

HOUR = 3600.0
COOLER, HEATER, EXHAUST = "zone.cooler", "zone.heater", "zone.exhaust_fan"


def levelled(step: float, *points: str, without: tuple[str, ...] = ()) -> Farm:
    farm = bench_farm()
    bindings = (
        replace(b, levels=True, step=step) if b.id in points else b
        for b in farm.bindings
        if b.id not in without
    )
    return check(replace(farm, bindings=tuple(bindings)))


def by_day(farm: Farm, humidity: float = 65.0) -> Bench:
    bench = Bench(farm)
    bench.start_batch()
    bench.report("zone.air_temperature", 20.0)
    bench.report("zone.humidity", humidity)
    bench.report("zone.co2", 1000.0)
    bench.advance(2 * HOUR)
    bench.report("zone.air_temperature", 24.0)
    bench.advance(600)
    return bench


class Coarse(Bench):
    """Hardware with three speeds that takes the next one up."""

    def send(self, command: Command, binding: Binding) -> None:
        if command.point == COOLER and 0 < command.value < 1:
            command = replace(command, value=1 / 3 if command.value < 0.4 else 2 / 3)
        super().send(command, binding)


def test_a_cooler_with_levels_gives_as_much_as_is_needed() -> None:
    bench = by_day(levelled(0.0, COOLER))
    bench.report("zone.air_temperature", 24.4)
    assert not bench.on(COOLER)
    bench.report("zone.air_temperature", 24.6)
    bench.advance(600)
    assert 0.2 <= (bench.state[COOLER] or 0.0) < 0.7
    bench.report("zone.air_temperature", 26.0)
    bench.advance(900)
    assert bench.state[COOLER] == 1.0


def test_a_steady_room_is_sent_nothing() -> None:
    bench = by_day(levelled(0.0, COOLER))
    bench.report("zone.air_temperature", 24.6)
    bench.advance(300)
    bench.report("zone.air_temperature", 24.0)
    bench.advance(300)
    sent = len(bench.commands(COOLER))
    bench.advance(2 * HOUR)
    assert bench.on(COOLER)
    assert len(bench.commands(COOLER)) == sent


def test_over_temperature_is_full_cooling_at_once() -> None:
    bench = by_day(levelled(0.0, COOLER))
    bench.report("zone.air_temperature", 24.6)
    assert (bench.state[COOLER] or 0.0) < 0.5
    bench.report("zone.air_temperature", 27.5)
    assert bench.state[COOLER] == 1.0


def test_heater_and_cooler_with_levels_never_work_at_once() -> None:
    bench = by_day(levelled(0.0, COOLER, HEATER))
    for value in (23.4, 23.9, 24.2, 24.5, 24.6, 24.0, 23.6, 23.5, 22.0, 25.0, 20.0):
        bench.report("zone.air_temperature", value)
        for _ in range(5):
            bench.advance(61)
            assert not (bench.on(HEATER) and bench.on(COOLER)), value


def test_a_fan_with_three_speeds_is_asked_for_one_of_them_and_does_not_latch() -> None:
    farm = levelled(1 / 3, COOLER)
    bench = Coarse(farm)
    bench.start_batch()
    bench.report("zone.air_temperature", 24.0)
    bench.advance(2 * HOUR)
    for value in (24.6, 24.9, 25.3, 25.8, 24.6, 24.2, 24.1):
        bench.report("zone.air_temperature", value)
        bench.advance(600)
        state = bench.runtime.memory.actuators[COOLER]
        assert not state.latched
        assert state.proof is ProofState.PROVED
    assert {round(value, 2) for value in bench.commands(COOLER)} <= {0.0, 0.33, 0.67, 1.0}
    assert "not_proved" not in bench.kinds()


def test_a_device_that_reports_a_level_near_its_step_is_proved() -> None:
    bench = by_day(levelled(0.25, COOLER))
    bench.report("zone.air_temperature", 24.6)
    state = bench.state[COOLER] or 0.0
    bench.report(COOLER, state + 0.1)
    bench.advance(30)
    assert not bench.runtime.memory.actuators[COOLER].latched


def test_minimum_on_time_keeps_the_level_it_has() -> None:
    bench = by_day(levelled(0.0, COOLER))
    bench.report("zone.air_temperature", 24.6)
    level = bench.state[COOLER]
    bench.report("zone.air_temperature", 23.4)
    assert bench.state[COOLER] == level, "minimum on-time of 120 s"
    bench.advance(125)
    assert not bench.on(COOLER)


def test_exhaust_with_levels_cools_where_there_is_no_cooler() -> None:
    bench = by_day(levelled(0.0, EXHAUST, without=(COOLER,)))
    bench.report("zone.air_temperature", 24.7)
    bench.advance(200)
    assert 0.2 <= (bench.state[EXHAUST] or 0.0) < 0.8
    assert not bench.on("zone.co2_valve")


def test_a_switch_and_a_device_with_levels_share_a_role() -> None:
    farm = levelled(0.0, COOLER)
    (cooler,) = farm.of("zone", Role.COOLER)
    second = replace(cooler, id="zone.cooler.2", entity="switch.second", levels=False)
    bench = by_day(check(replace(farm, bindings=(*farm.bindings, second))))
    bench.report("zone.air_temperature", 24.6)
    assert bench.state["zone.cooler.2"] == 1.0
    assert 0 < (bench.state[COOLER] or 0.0) < 1


def test_what_was_stored_before_there_were_levels_is_on_or_off() -> None:
    (cooler,) = bench_farm().of("zone", Role.COOLER)
    stored = encode(cooler)
    del stored["levels"]
    assert not decode(Binding, stored).has_levels
    made = decode(Binding, encode(replace(cooler, levels=True)))
    assert made.has_levels
    assert not replace(made, dims=False).has_levels
    lamp = bench_farm().of("level_1", Role.GROW_LIGHT)[0]
    assert lamp.has_levels
    pump = bench_farm().of("pump", Role.IRRIGATION_PUMP)[0]
    assert not replace(pump, levels=True).has_levels, "water is on or off"


@pytest.mark.parametrize("step", [-0.1, 1.5])
def test_a_step_that_no_device_has_is_refused(step: float) -> None:
    with pytest.raises(FarmError) as refused:
        levelled(step, COOLER)
    assert [p.key for p in refused.value.problems] == ["step_out_of_range"]


class TestFeedForward:
    """What plants give to the air is known before the air shows it."""

    @staticmethod
    def dryer(capacity: float | None, plants: float) -> float:
        farm = levelled(0.0, "zone.dehumidifier")
        (zone,) = farm.zones
        bench = Bench(replace(farm, zones=(replace(zone, drying_kg_h=capacity),)))
        bench.start_batch()
        bench.report("zone.air_temperature", 24.0)
        bench.advance(plants * 86400.0 + 6 * HOUR)
        # A sensor that shows the same for days is not believed; this one moves.
        bench.report("zone.air_temperature", 24.2)
        bench.report("zone.humidity", 66.0)
        bench.advance(300)
        bench.report("zone.humidity", 69.0)
        bench.advance(400)
        return bench.state["zone.dehumidifier"] or 0.0

    def test_a_dryer_of_known_size_starts_where_the_canopy_needs_it(self) -> None:
        assert self.dryer(0.2, 9) > self.dryer(None, 9) + 0.1

    def test_young_plants_need_less(self) -> None:
        assert self.dryer(0.2, 1) < self.dryer(0.2, 9)
