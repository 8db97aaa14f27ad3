"""Lamps age, light sensors err, levels differ: light stays what the plants need."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, sensor
from vfarm_core.control import keep
from vfarm_core.control.inputs import ClearLatch, FixtureReplaced, SetOverride
from vfarm_core.control.snapshot import LevelSnapshot
from vfarm_core.farm.bindings import Binding
from vfarm_core.farm.build import FarmError, check
from vfarm_core.farm.nodes import Farm, Fixture
from vfarm_core.farm.overrides import Override, Quantity
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import DayLength, LightPlan, PhaseKind
from vfarm_core.recipes.ramps import Shape, dawn_and_dusk
from vfarm_core.science.light import Lamp, LightDay

HOUR = 3600.0
LAMP = "level_1.grow_light"


def level(bench: Bench, key: str = "level_1") -> LevelSnapshot:
    found = bench.runtime.snapshots[key]
    assert isinstance(found, LevelSnapshot)
    return found


def with_level(farm: Farm, **changes: Any) -> Farm:
    """The bench farm with another first level."""
    return replace(farm, levels=(replace(farm.levels[0], **changes), *farm.levels[1:]))


def fixture(**changes: Any) -> Fixture:
    return Fixture(ppfd_full=400.0, power_w=180.0, **changes)


def lit(*extra: Binding, values: dict[str, float] | None = None, **changes: Any) -> Bench:
    """A bench an hour into its light day, at a temperature that asks for nothing."""
    bench = Bench(with_level(bench_farm(extra=extra), **changes), values=values or {})
    bench.report("zone.air_temperature", 24.0)
    bench.start_batch()
    bench.advance(2 * HOUR)
    return bench


def recipe_with(plan: dict[str, Any], **changes: Any) -> Any:
    phase = bench_phase("full", PhaseKind.VEGETATIVE, days=60.0)
    return bench_recipe(phases=(replace(phase, light=replace(phase.light, **plan)),), **changes)


class TestRamps:
    @pytest.mark.parametrize("shape", Shape)
    @pytest.mark.parametrize("now", [0.0, 900.0, 3600.0, 20_000.0, 54_500.0, 57_000.0])
    def test_what_is_left_of_a_day_is_the_integral_of_its_ramps(
        self, shape: Shape, now: float
    ) -> None:
        from vfarm_core.control.light import _effective_s

        day, ramp_s, step = LightDay(0.0, 57_600.0, 86_400.0), 3600.0, 5.0
        summed = sum(
            dawn_and_dusk(t + step / 2, day.end_s - t - step / 2, ramp_s, shape) * step
            for t in (now + k * step for k in range(int((day.end_s - now) / step)))
        )
        assert _effective_s(now, day, ramp_s, shape) == pytest.approx(summed, abs=1.0)

    def test_a_cosine_dawn_is_darker_at_first_and_gives_the_same_day(self) -> None:
        recipe = recipe_with({"ramp_min": 60, "ramp_shape": Shape.COSINE})
        bench = Bench(bench_farm())
        bench.start_batch(recipe=recipe)
        bench.advance(HOUR + 20 * 60)
        assert bench.state[LAMP] == pytest.approx(0.25 * 0.53, abs=0.04)
        bench.advance(17 * HOUR)
        assert level(bench).dli == pytest.approx(11.52, rel=0.02)


class TestLux:
    def test_a_lux_meter_without_a_factor_is_no_ppfd_sensor(self) -> None:
        bench = lit(sensor("level_1", Role.ILLUMINANCE), values={"level_1.illuminance": 50_000.0})
        assert level(bench).ppfd_source == "modelled"
        assert level(bench).ppfd == pytest.approx(200, abs=5)

    @pytest.mark.parametrize(
        ("lamp", "factor", "ppfd"), [(Lamp.LED_WHITE, None, 145), (Lamp.LED_RED_BLUE, 8.0, 1250)]
    )
    def test_the_lamp_says_what_lux_is_worth(
        self, lamp: Lamp, factor: float | None, ppfd: float
    ) -> None:
        bench = lit(
            sensor("level_1", Role.ILLUMINANCE),
            values={"level_1.illuminance": 0.0},
            fixture=fixture(lamp=lamp, lux_per_ppfd=factor),
        )
        bench.report("level_1.illuminance", 10_000.0)
        assert level(bench).ppfd_source == "lux"
        assert level(bench).ppfd == pytest.approx(ppfd, abs=1)

    def test_measured_ppfd_goes_before_lux_and_lux_before_the_model(self) -> None:
        bench = lit(
            sensor("level_1", Role.ILLUMINANCE),
            sensor("level_1", Role.PPFD),
            values={"level_1.illuminance": 0.0, "level_1.ppfd": 0.0},
            fixture=fixture(lamp=Lamp.LED_WHITE),
        )
        bench.report("level_1.illuminance", 10_000.0)
        bench.report("level_1.ppfd", 190.0)
        assert (level(bench).ppfd, level(bench).ppfd_source) == (190, "measured")
        bench.report("level_1.ppfd", "unavailable")
        assert (level(bench).ppfd, level(bench).ppfd_source) == (145, "lux")
        bench.report("level_1.illuminance", "unavailable")
        assert level(bench).ppfd_source == "modelled"
        assert level(bench).ppfd_modelled

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            ({"lamp": Lamp.LED_RED_BLUE}, "lamp_needs_factor"),
            ({"lux_per_ppfd": 0.5}, "lux_factor_out_of_range"),
            ({"lux_per_ppfd": 500.0}, "lux_factor_out_of_range"),
            ({"l90_h": 0.0}, "not_positive"),
            ({"l90_h": 50_000.0, "l70_h": 40_000.0}, "life_order"),
            ({"white_ppfd": 300.0, "red_ppfd": 200.0}, "channels_exceed"),
            ({"far_red_pfd": -1.0}, "not_positive"),
        ],
    )
    def test_a_fixture_that_cannot_be_is_refused(self, changes: dict[str, Any], key: str) -> None:
        with pytest.raises(FarmError) as refused:
            check(with_level(bench_farm(), fixture=fixture(**changes)))
        assert [p.key for p in refused.value.problems] == [key]

    @pytest.mark.parametrize("changes", [{"ppfd_offset_pct": -60.0}, {"photoperiod_offset_h": 7.0}])
    def test_a_level_that_differs_too_much_is_refused(self, changes: dict[str, float]) -> None:
        with pytest.raises(FarmError) as refused:
            check(with_level(bench_farm(), **changes))
        assert [p.key for p in refused.value.problems] == ["offset_out_of_range"]


class TestAgeing:
    def test_hours_count_by_output_and_survive_a_restart(self) -> None:
        bench = lit(fixture=fixture(l70_h=50_000.0))
        bench.advance(20 * HOUR)
        hours = bench.runtime.memory.levels["level_1"].lamp.hours
        assert hours == pytest.approx(16 * 200 / 400, rel=0.08)
        bench.restart()
        assert bench.runtime.memory.levels["level_1"].lamp.hours == pytest.approx(hours, abs=0.2)

    def test_old_lamps_are_asked_for_more(self) -> None:
        bench = lit(fixture=fixture(l70_h=50_000.0))
        memory = bench.runtime.memory
        old = memory.levels["level_1"]
        aged = replace(old, lamp=replace(old.lamp, hours=50_000.0), planned_at=None)
        bench.runtime.memory = replace(memory, levels={**memory.levels, "level_1": aged})
        bench.advance(HOUR)
        assert level(bench).lamp_left == 0.7
        assert bench.state[LAMP] == pytest.approx(200 / 280, abs=0.03)
        assert level(bench).ppfd == pytest.approx(200, abs=8)
        assert bench.ask(FixtureReplaced(level="level_1", by="grower")).refused is None
        bench.advance(HOUR)
        assert level(bench).lamp_left == 1.0
        assert bench.state[LAMP] == pytest.approx(0.5, abs=0.03)
        assert bench.journal.of("fixture_replaced")[-1]["hours"] == pytest.approx(50_000, abs=2)
        kept = keep.restore(bench.journal.slices())  # type: ignore[arg-type]
        assert kept.levels["level_1"].lamp.hours < 2

    def test_new_lamps_need_a_level_with_lamps(self) -> None:
        bench = Bench(with_level(bench_farm(), fixture=None))
        assert bench.ask(FixtureReplaced(level="level_9")).refused == "level_unknown"
        assert bench.ask(FixtureReplaced(level="level_1")).refused == "no_fixture"

    def test_what_a_sensor_measures_of_the_model_is_learned_slowly_within_bounds(self) -> None:
        bench = lit(sensor("level_1", Role.PPFD), values={"level_1.ppfd": 0.0})
        bench.report("level_1.ppfd", 160.0)
        bench.advance(HOUR)
        first = level(bench).lamp_ratio
        assert first is not None
        assert 0.97 < first < 1.0
        bench.advance(14 * HOUR)
        for _ in range(6):
            # Air that stays the same for days is no reading, and lamps are dimmed without one.
            bench.report("level_1.ppfd", 0.0)
            bench.report("zone.air_temperature", 23.8)
            bench.advance(8 * HOUR)
            bench.report("level_1.ppfd", 80.0)
            bench.report("zone.air_temperature", 24.0)
            bench.advance(16 * HOUR)
        low = level(bench).lamp_ratio
        assert low is not None
        assert 0.4 <= low < 0.5
        bench.report("level_1.ppfd", "unavailable")
        assert level(bench).ppfd_modelled


class TestFrozenSensor:
    def frozen(self) -> Bench:
        """A sensor that keeps saying what it said in the night."""
        bench = Bench(bench_farm(extra=[sensor("level_1", Role.PPFD)]), values={"level_1.ppfd": 0})
        bench.report("zone.air_temperature", 24.0)
        bench.start_batch()
        bench.advance(2 * HOUR)
        return bench

    def test_does_not_drive_lamps_wild(self) -> None:
        bench = self.frozen()
        bench.advance(6 * HOUR)
        assert "light_sensor_frozen" in level(bench).problems
        assert "light_sensor_frozen" in bench.kinds()
        assert level(bench).ppfd_modelled
        assert bench.state[LAMP] == pytest.approx(0.5, abs=0.05)
        bench.advance(9.5 * HOUR)
        assert level(bench).dli == pytest.approx(11.5, rel=0.04)

    def test_is_believed_again_when_it_moves(self) -> None:
        bench = self.frozen()
        bench.report("level_1.ppfd", 195.0)
        assert "light_sensor_frozen" not in level(bench).problems
        assert "light_sensor_follows" in bench.kinds()
        assert not level(bench).ppfd_modelled

    def test_a_steady_sensor_under_steady_lamps_is_not_frozen(self) -> None:
        bench = lit(sensor("level_1", Role.PPFD), values={"level_1.ppfd": 0.0})
        bench.report("level_1.ppfd", 200.0)
        bench.advance(10 * HOUR)
        assert "light_sensor_frozen" not in level(bench).problems


class TestOffsets:
    def test_a_level_gets_its_own_part_of_the_recipe(self) -> None:
        bench = lit(ppfd_offset_pct=-20.0, photoperiod_offset_h=-2.0)
        assert level(bench).dli_target == pytest.approx(160 * 14 * 0.0036, abs=0.1)
        bench.advance(13 * HOUR - 60)
        assert bench.on(LAMP)
        bench.advance(120)
        assert not bench.on(LAMP)

    def test_no_more_than_the_plants_take(self) -> None:
        bench = lit(ppfd_offset_pct=50.0, photoperiod_offset_h=6.0)
        assert level(bench).dli_target == 17.0
        bench.advance(21 * HOUR - 60)
        assert bench.on(LAMP)

    def test_an_override_goes_before_the_offset(self) -> None:
        bench = lit(ppfd_offset_pct=-20.0, photoperiod_offset_h=-2.0)
        until = bench.clock.farm + 3 * HOUR
        override = Override(node="level_1", quantity=Quantity.PPFD, value=100.0, expires_at=until)
        assert bench.ask(SetOverride(override=override)).refused is None
        assert level(bench).dli_target == pytest.approx(100 * 14 * 0.0036, abs=0.1)

    def test_a_short_day_stays_short_and_a_dark_phase_dark(self) -> None:
        farm = with_level(bench_farm(), photoperiod_offset_h=2.0)
        short = Bench(farm)
        short.start_batch(recipe=recipe_with({}, day_length=DayLength.SHORT_DAY))
        short.advance(HOUR + 16 * HOUR + 120)
        assert not short.on(LAMP)
        dark = Bench(farm)
        nothing = {"photoperiod_h": 0.0, "ppfd": 0.0, "dli": 0.0, "ppfd_max": 0.0, "dli_max": 0.0}
        dark.start_batch(recipe=recipe_with(nothing))
        dark.advance(12 * HOUR)
        assert dark.commands(LAMP) in ([], [0.0])

    def test_a_crop_that_bears_no_longer_day_gets_none(self) -> None:
        bench = Bench(with_level(bench_farm(), photoperiod_offset_h=4.0))
        bench.start_batch(recipe=recipe_with({}, crop="tomato"))
        bench.advance(HOUR + 17 * HOUR - 60)
        assert bench.on(LAMP)
        bench.advance(120)
        assert not bench.on(LAMP)


class TestCatchUp:
    def test_of_one_level_leaves_its_sibling_alone(self) -> None:
        bench = Bench(bench_farm())
        bench.report("zone.air_temperature", 24.0)
        bench.start_batch(["level_1", "level_2"])
        bench.advance(3 * HOUR)
        bench.disobeys.add(LAMP)
        bench.report(LAMP, 0.0)
        bench.advance(2 * HOUR)
        bench.disobeys.clear()
        assert bench.ask(ClearLatch(point=LAMP)).refused is None
        bench.advance(HOUR)
        assert bench.state[LAMP] == pytest.approx(230 / 400, abs=0.03)
        assert bench.state["level_2.grow_light"] == pytest.approx(0.5, abs=0.03)
        bench.advance(12 * HOUR)
        for key in ("level_1", "level_2"):
            assert level(bench, key).dli == pytest.approx(11.52, rel=0.03)

    def test_never_passes_the_most_a_crop_takes(self) -> None:
        bench = Bench(bench_farm())
        bench.start_batch(recipe=recipe_with({"ppfd_max": 210.0}))
        bench.advance(2 * HOUR)
        bench.report(LAMP, 0.0)
        bench.disobeys.add(LAMP)
        bench.advance(6 * HOUR)
        bench.disobeys.clear()
        bench.ask(ClearLatch(point=LAMP))
        bench.advance(HOUR)
        assert bench.state[LAMP] is not None
        assert bench.state[LAMP] <= 210 / 400 + 0.001

    def test_a_longer_day_from_noon_keeps_what_was_given(self) -> None:
        bench = lit()
        bench.advance(6 * HOUR)
        until = bench.clock.farm + 20 * HOUR
        override = Override(
            node="level_1", quantity=Quantity.PHOTOPERIOD, value=18.0, expires_at=until
        )
        assert bench.ask(SetOverride(override=override)).refused is None
        bench.advance(11 * HOUR - 120)
        assert bench.on(LAMP)
        bench.advance(240)
        assert not bench.on(LAMP)
        assert level(bench).dli == pytest.approx(200 * 18 * 0.0036, rel=0.03)

    def test_the_most_of_a_day_ends_it(self) -> None:
        bench = lit(sensor("level_1", Role.PPFD), values={"level_1.ppfd": 0.0})
        for step in range(24):
            bench.report("level_1.ppfd", 900.0 + step)
            bench.advance(HOUR / 2)
            if not bench.on(LAMP):
                break
        assert level(bench).dli is not None
        assert 17.0 <= (level(bench).dli or 0) < 19.0
        assert level(bench).actuators[0].code == "dli_reached"


def test_light_that_was_shed_never_comes_back_in_the_dark() -> None:
    bench = lit()
    bench.advance(14 * HOUR)
    bench.report("zone.air_temperature", 31.0)
    assert not bench.on(LAMP)
    bench.advance(HOUR + 60, sensors=False)
    bench.report("zone.air_temperature", 22.0)
    bench.advance(6 * HOUR)
    assert not bench.on(LAMP)
    assert max(bench.commands(LAMP)) <= 1.0


def test_light_plans_compare_without_their_new_parts() -> None:
    plan = bench_phase("x", PhaseKind.VEGETATIVE).light
    assert isinstance(plan, LightPlan)
    assert (plan.ramp_shape, plan.far_red, plan.shift, dict(plan.channels)) == (
        None,
        None,
        None,
        {},
    )
    assert math.isclose(plan.dli, 11.52)
