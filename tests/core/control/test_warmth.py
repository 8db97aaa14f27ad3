"""How warm a batch had it is counted day by day against its recipe, and moves its forecast."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import BENCH, Bench, bench_farm, bench_recipe
from vfarm_core.batches.course import thermal_a_day
from vfarm_core.batches.model import Batch, Warmth
from vfarm_core.control import keep
from vfarm_core.control.inputs import MoveBatch
from vfarm_core.control.memory import AirLog
from vfarm_core.recipes.model import Estimate, Exit, GrowthModel, Recipe, Ripe

HOUR, DAY = 3600.0, 86400.0


def warm_recipe(**changes: object) -> Recipe:
    """A recipe whose crop develops from 4 °C up to 30 °C."""
    plain = bench_recipe()
    growth = replace(
        plain.growth,
        model=GrowthModel.LIGHT_USE,
        base_temperature=Estimate(value=4.0, provenance=BENCH),
        optimum_temperature=Estimate(value=30.0, provenance=BENCH),
    )
    return bench_recipe(growth=growth, **changes)


def growing(recipe: Recipe | None = None, t: float = 20.0) -> Bench:
    bench = Bench(bench_farm())
    bench.report("zone.air_temperature", t)
    bench.start_batch(recipe=recipe or warm_recipe())
    return bench


def live(bench: Bench, days: float) -> None:
    """Days in which the air is never quite the same: a sensor that is would be doubted."""
    t = bench.values["zone.air_temperature"]
    for quarter in range(round(days * 4)):
        bench.report("zone.air_temperature", t + (0.2 if quarter % 2 else -0.2))
        bench.advance(DAY / 4)
    bench.report("zone.air_temperature", t)


def batch(bench: Bench) -> Batch:
    return bench.runtime.memory.batches["batch_1"]


def counted(bench: Bench) -> Warmth:
    found = batch(bench).warmth
    assert found is not None
    return found


def test_days_are_counted_against_the_recipe() -> None:
    recipe = warm_recipe()
    bench = growing(recipe)
    live(bench, 0.75)
    assert batch(bench).warmth is None
    live(bench, 2.5)
    found = counted(bench)
    assert found.days == pytest.approx(3, rel=0.02)
    assert found.got_c_d == pytest.approx(16 * found.days)
    phase = recipe.phases[batch(bench).phase_index]
    assert found.planned_c_d == pytest.approx(thermal_a_day(recipe, phase) * found.days)


def test_a_time_without_a_reading_is_neither_got_nor_planned() -> None:
    bench = growing()
    bench.advance(1.2 * DAY)
    before = counted(bench)
    bench.report("zone.air_temperature", "unavailable")
    bench.disobeys.add("zone.air_temperature")
    bench.advance(2 * DAY, sensors=False)
    assert counted(bench) == before


def test_a_crop_of_which_nobody_knows_its_base_temperature_is_not_counted() -> None:
    bench = growing(bench_recipe())
    bench.advance(2.2 * DAY)
    assert batch(bench).warmth is None


def test_a_phase_that_ends_by_thermal_time_waits_for_its_own() -> None:
    plain = warm_recipe()
    ends = Exit(ripe=Ripe.DEGREE_DAYS, needed=900.0, max_days=60.0, provenance=BENCH)
    waits = warm_recipe(phases=(replace(plain.phases[0], exit=ends), *plain.phases[1:]))
    bench = growing(waits)
    bench.advance(2.2 * DAY)
    assert batch(bench).warmth is None
    assert batch(bench).ripening is not None


def test_a_cold_room_makes_the_harvest_late() -> None:
    warm, cold = growing(t=24.0), growing(t=12.0)
    for bench in (warm, cold):
        live(bench, 4.25)
    views = [bench.runtime.snapshots["farm"].batches[0] for bench in (warm, cold)]
    assert "warmth" in views[1].forecast_basis
    assert views[1].ready_high_at > views[0].ready_high_at + DAY


def test_what_was_counted_is_there_after_a_restart_and_writes_once_a_day() -> None:
    bench = growing()
    bench.advance(1.2 * DAY)
    assert keep.restore(bench.journal.slices()).batches["batch_1"].warmth == counted(bench)
    assert all(state.air is None for state in keep.restore(bench.journal.slices()).zones.values())


def test_plants_that_came_in_the_course_of_a_day_are_counted_from_the_next() -> None:
    bench = growing()
    bench.advance(0.5 * DAY)
    bench.ask(MoveBatch(batch="batch_1", from_level="level_1", to_level="level_2"))
    bench.advance(0.6 * DAY)
    assert batch(bench).warmth is None
    bench.advance(1.1 * DAY)
    assert counted(bench).days == pytest.approx(1, rel=0.03)


def test_a_clock_that_is_set_forward_makes_no_warmth() -> None:
    bench = growing()
    bench.advance(HOUR)
    bench.clock.farm += 5 * DAY
    bench.runtime.tick()
    bench.settle()
    live(bench, 1.25)
    assert counted(bench).days == pytest.approx(1, rel=0.05)
    log = bench.runtime.memory.zones["zone"].air
    assert isinstance(log, AirLog)
    assert log.at <= bench.clock.farm
