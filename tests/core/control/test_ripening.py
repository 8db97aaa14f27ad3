"""A phase that ends by what a batch has gathered: warmth, light or a dry substrate."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.core.support import (
    BENCH,
    Bench,
    bench_farm,
    bench_phase,
    bench_recipe,
    sensor,
)
from vfarm_core.batches.mass import canopy_cover
from vfarm_core.control.inputs import AdvancePhase, ChangeRecipe, Harvest
from vfarm_core.control.snapshot import FarmSnapshot
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import Estimate, Exit, PhaseKind, Recipe, Regrowth, Ripe

HOUR = 3600.0
DAY = 24 * HOUR
AIR = "zone.air_temperature"
MOISTURE = "circuit.substrate_moisture"


def waits(ripe: Ripe, needed: float, **changes: Any) -> Recipe:
    """The bench recipe (two days, then twenty), its first phase waiting for something."""
    base, best = changes.pop("base", 4.0), changes.pop("best", None)
    ends = Exit(ripe=ripe, needed=needed, **{"max_days": 3.0, "provenance": BENCH, **changes})
    plain = bench_recipe()
    growth = replace(
        plain.growth,
        base_temperature=Estimate(value=base, provenance=BENCH),
        optimum_temperature=None if best is None else Estimate(value=best, provenance=BENCH),
    )
    young = bench_phase("young", PhaseKind.PROPAGATION, days=2.0, exit=ends)
    return bench_recipe(phases=(young, plain.phases[1]), growth=growth)


def begin(bench: Bench, recipe: Recipe) -> None:
    _, answer = bench.try_batch(recipe=recipe)
    assert answer.refused is None


def phase(bench: Bench) -> str:
    farm = bench.runtime.snapshots["farm"]
    assert isinstance(farm, FarmSnapshot)
    return farm.batches[0].phase


def batch(bench: Bench):
    return bench.runtime.memory.batches["batch_1"]


def days_in_first_phase(bench: Bench) -> float:
    began = bench.clock.farm
    while phase(bench) == "young":
        assert bench.clock.farm - began < 4 * DAY
        bench.advance(3 * HOUR)
    return (batch(bench).phase_started_at - began) / DAY


@pytest.mark.parametrize(("base", "days"), [(4.0, 1.0), (10.0, 1.5)])
def test_warmth_above_the_base_ends_a_phase(bench: Bench, base: float, days: float) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 18, base=base))
    # 18 °C d at 22 °C
    assert days_in_first_phase(bench) == pytest.approx(days, abs=0.05)


def test_warmth_beyond_the_best_does_not_count(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 18, best=16.0))
    # 12 °C d a day
    assert days_in_first_phase(bench) == pytest.approx(1.5, abs=0.05)


def test_no_phase_lasts_longer_than_its_maximum(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 4000))
    assert days_in_first_phase(bench) == pytest.approx(3, abs=0.01)


def test_an_overdue_phase_is_looked_at_no_more_often_than_before(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 4000))
    bench.advance(2.2 * DAY, sensors=False)
    assert phase(bench) == "young"
    looks = []
    for _ in range(8):
        wake = bench.runtime.memory.due["batch:batch_1"].farm
        assert wake is not None
        looks.append(wake)
        bench.advance(wake - bench.clock.farm, sensors=False)
    assert {round(later - earlier) for earlier, later in pairwise(looks)} == {900}


def test_nor_shorter_than_its_minimum(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 9, min_days=1.25))
    assert days_in_first_phase(bench) == pytest.approx(1.25, abs=0.05)


def test_what_is_not_measured_is_not_counted(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 120))
    bench.advance(12 * HOUR)
    before = batch(bench).ripening.gathered
    assert before == pytest.approx(9, rel=0.03)
    bench.report(AIR, None)
    bench.advance(12 * HOUR, sensors=False)
    assert batch(bench).ripening.gathered == pytest.approx(before, abs=0.5)


def test_a_time_nobody_was_there_is_not_counted_and_nothing_is_lost(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 120))
    bench.advance(12 * HOUR)
    before = batch(bench).ripening.gathered
    bench.restart(down_s=DAY)
    bench.advance(HOUR)
    assert batch(bench).ripening.gathered == pytest.approx(before + 18 / 24, abs=0.7)


def test_light_ends_a_phase(bench: Bench) -> None:
    begin(bench, waits(Ripe.LIGHT, 15))
    # 11.52 mol in each of two days
    assert 1.0 < days_in_first_phase(bench) < 2.2


def test_light_is_counted_over_the_end_of_a_day(bench: Bench) -> None:
    begin(bench, waits(Ripe.LIGHT, 400))
    bench.advance(2 * DAY)
    assert batch(bench).ripening.gathered == pytest.approx(2 * 11.52, rel=0.1)


def test_the_expected_end_follows_the_pace(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 27))
    started = bench.clock.farm

    def ends() -> float:
        farm = bench.runtime.snapshots["farm"]
        assert isinstance(farm, FarmSnapshot)
        return (farm.batches[0].phase_ends_at - started) / DAY

    assert ends() == pytest.approx(2, abs=0.01)
    bench.advance(12 * HOUR)
    assert ends() == pytest.approx(1.5, abs=0.05)


def test_a_dry_substrate_ends_a_phase() -> None:
    bench = Bench(bench_farm(extra=(sensor("circuit", Role.SUBSTRATE_MOISTURE),)))
    bench.boot()
    bench.report(MOISTURE, 70)
    begin(bench, waits(Ripe.DRYBACK_POINTS, 20))
    for moisture in (72, 65, 58, 53):
        bench.report(MOISTURE, moisture)
        bench.advance(HOUR)
        assert phase(bench) == "young"
    bench.report(MOISTURE, 51)
    bench.advance(HOUR)
    assert phase(bench) == "full"


# -- a closed canopy ------------------------------------------------------------------------------

COVERS = ("level_1.canopy_cover", "level_2.canopy_cover")


def watched_by_camera() -> Bench:
    cameras = tuple(sensor(f"level_{number}", Role.CANOPY_COVER) for number in (1, 2))
    bench = Bench(bench_farm(extra=cameras), values=dict.fromkeys(COVERS, 40.0))
    bench.boot()
    return bench


def test_leaves_that_cover_enough_end_a_phase() -> None:
    bench = watched_by_camera()
    begin(bench, waits(Ripe.CANOPY_COVER, 80))
    for cover in (50, 60, 79):
        bench.report(COVERS[0], cover)
        bench.advance(HOUR)
        assert phase(bench) == "young"
    assert batch(bench).ripening.gathered == 79
    assert not batch(bench).ripening.modelled
    bench.report(COVERS[0], 81)
    bench.advance(HOUR)
    assert phase(bench) == "full"


def test_a_camera_that_sees_nothing_makes_a_phase_longer_and_never_shorter() -> None:
    bench = watched_by_camera()
    begin(bench, waits(Ripe.CANOPY_COVER, 80))
    bench.report(COVERS[0], 78)
    bench.advance(HOUR)
    bench.report(COVERS[0], "unavailable")
    began = batch(bench).phase_started_at
    bench.advance(6 * HOUR)
    assert batch(bench).ripening.gathered == 78, "what was seen last"
    while phase(bench) == "young":
        bench.advance(3 * HOUR)
    assert (batch(bench).phase_started_at - began) / DAY == pytest.approx(3.0, abs=0.2), "max_days"


def test_the_pace_of_a_canopy_counts_from_what_was_there() -> None:
    bench = watched_by_camera()
    begin(bench, waits(Ripe.CANOPY_COVER, 80))
    bench.report(COVERS[0], 60)
    bench.advance(12 * HOUR)
    farm = bench.runtime.snapshots["farm"]
    assert isinstance(farm, FarmSnapshot)
    (shown,) = farm.batches
    half_way = (shown.phase_ends_at - batch(bench).phase_started_at) / DAY
    assert half_way == pytest.approx(1.0, abs=0.1), "20 of 40 points in half a day"
    assert (shown.waits_for, shown.waits_got, shown.waits_needed) == (Ripe.CANOPY_COVER, 60, 80)
    assert not shown.waits_modelled


def test_without_a_camera_the_growth_model_says_how_much_is_covered(bench: Bench) -> None:
    recipe = waits(Ripe.CANOPY_COVER, 99)
    begin(bench, recipe)
    bench.advance(12 * HOUR)
    known = batch(bench).ripening
    assert known.modelled
    bench.advance(24 * HOUR)
    later = batch(bench).ripening
    assert later.gathered > known.gathered > 0
    expected = 100 * canopy_cover(recipe, 0, 0, 1.5, 1.0)
    assert later.gathered == pytest.approx(expected, rel=0.1)
    farm = bench.runtime.snapshots["farm"]
    assert isinstance(farm, FarmSnapshot)
    assert farm.batches[0].waits_modelled


def test_a_person_can_be_quicker(bench: Bench) -> None:
    begin(bench, waits(Ripe.DEGREE_DAYS, 120))
    bench.advance(6 * HOUR)
    assert bench.ask(AdvancePhase(batch="batch_1")).refused is None
    assert phase(bench) == "full"
    assert batch(bench).ripening is None


def test_a_version_that_waits_for_the_same_keeps_what_was_gathered(bench: Bench) -> None:
    recipe = waits(Ripe.DEGREE_DAYS, 120)
    begin(bench, recipe)
    bench.advance(6 * HOUR)
    gathered = batch(bench).ripening.gathered
    same = replace(recipe, title="Renamed", version="f" * 64)
    bench.ask(ChangeRecipe(batch="batch_1", recipe=same, ramp_s=0.0))
    assert batch(bench).ripening.gathered >= gathered
    other = waits(Ripe.DEGREE_DAYS, 90)
    bench.ask(ChangeRecipe(batch="batch_1", recipe=other, ramp_s=0.0))
    assert batch(bench).ripening.gathered == 0


def test_phases_by_days_gather_nothing(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(6 * HOUR)
    assert batch(bench).ripening is None


# -- cut and come again ---------------------------------------------------------------------------


def regrows(cuts: int | None = None) -> Recipe:
    return bench_recipe(regrowth=Regrowth(phase="full", days=12.0, cuts=cuts, provenance=BENCH))


def cut(bench: Bench, kg: float = 1.0):
    return bench.ask(Harvest(batch="batch_1", kg=kg, regrow=True, by="grower"))


def test_a_cut_batch_grows_on_for_its_own_number_of_days(bench: Bench) -> None:
    begin(bench, regrows())
    bench.ask(AdvancePhase(batch="batch_1"))
    bench.advance(6 * HOUR)
    answer = cut(bench, 2.5)
    assert answer.data["phase"] == "full"
    assert answer.data["expected_harvest_at"] == pytest.approx(bench.clock.farm + 12 * DAY)
    found = batch(bench)
    assert found.is_growing
    assert [c.kg for c in found.cuts] == [2.5]
    (event,) = bench.journal.of("batch_cut")
    assert (event["kg"], event["number"], event["by"]) == (2.5, 1, "grower")


def test_cuts_end_with_the_last(bench: Bench) -> None:
    begin(bench, regrows(cuts=3))
    bench.ask(AdvancePhase(batch="batch_1"))
    assert cut(bench).refused is None
    assert cut(bench).refused is None
    assert cut(bench).refused == "batch_last_cut"
    assert bench.ask(Harvest(batch="batch_1", kg=1.0)).refused is None
    assert [(c.kg, c.last) for c in batch(bench).cuts] == [(1.0, False), (1.0, False), (1.0, True)]


def test_what_cannot_be_cut_says_why(bench: Bench) -> None:
    begin(bench, regrows())
    assert cut(bench).refused == "batch_not_ready"
    bench.ask(AdvancePhase(batch="batch_1"))
    assert cut(bench, -1.0).refused in ("kg_negative", "batch_kg")
    bench.ask(Harvest(batch="batch_1"))
    assert cut(bench).refused == "batch_not_growing"


def test_a_recipe_without_regrowth_is_cut_once(bench: Bench) -> None:
    bench.start_batch()
    bench.ask(AdvancePhase(batch="batch_1"))
    assert cut(bench).refused == "batch_no_regrowth"


def test_cuts_survive_a_restart(bench: Bench) -> None:
    begin(bench, regrows())
    bench.ask(AdvancePhase(batch="batch_1"))
    cut(bench, 1.5)
    bench.restart()
    assert [c.kg for c in batch(bench).cuts] == [1.5]
