"""A living batch moves to another version of its recipe: on request, and slowly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.support import Bench, bench_phase, bench_recipe, setpoint
from vfarm_core.control.inputs import AdvancePhase, ChangeRecipe
from vfarm_core.control.snapshot import FarmSnapshot, LevelSnapshot, ZoneSnapshot
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind, Recipe

HOUR = 3600.0
DAY = 24 * HOUR
OLD = bench_recipe()
AIR = bench_phase("x", PhaseKind.PROPAGATION).climate


def warmer(by: float = 2.0, ppfd: float = 240.0) -> Recipe:
    """The bench recipe with warmer days and more light, made from it."""
    climate = {**AIR, ClimateQuantity.AIR_TEMPERATURE: setpoint(24 + by, 20, 3, 6)}
    light = replace(OLD.phases[0].light, ppfd=ppfd, dli=ppfd * 16 * 0.0036)
    phases = tuple(replace(p, climate=climate, light=light) for p in OLD.phases)
    return bench_recipe(phases=phases, parent=OLD.version, changelog=("Warmer and brighter.",))


def change(bench: Bench, recipe: Recipe, hours: float = 48.0):
    return bench.ask(ChangeRecipe(batch="batch_1", recipe=recipe, ramp_s=hours * HOUR, by="grower"))


def noon(bench: Bench) -> None:
    """To the middle of the next light day (lights-on is at 6)."""
    bench.advance((12 * HOUR - bench.clock.farm % DAY) % DAY or DAY)


def target(bench: Bench) -> float:
    zone = bench.runtime.snapshots["zone"]
    assert isinstance(zone, ZoneSnapshot)
    assert zone.air_temperature.target is not None
    return zone.air_temperature.target


def batch(bench: Bench):
    return bench.runtime.memory.batches["batch_1"]


def test_targets_move_over_the_ramp_and_arrive(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    assert target(bench) == 24
    new = warmer()
    answer = change(bench, new, hours=48)
    assert answer.refused is None
    assert target(bench) == 24
    bench.advance(24 * HOUR)
    assert target(bench) == pytest.approx(25, abs=0.1)
    bench.advance(24 * HOUR)
    assert target(bench) == 26
    assert batch(bench).changeover is None
    assert batch(bench).recipe_version == new.version


def test_the_answer_says_what_plants_will_feel(bench: Bench) -> None:
    bench.start_batch()
    answer = change(bench, warmer())
    assert answer.data["was"] == OLD.version
    assert answer.data["version"] == warmer().version
    assert "phases.young.climate.air_temperature.day: 24 → 26" in answer.data["changes"]
    assert "phases.young.light.ppfd: 200 → 240" in answer.data["changes"]
    assert not any("parent" in text for text in answer.data["changes"])


def test_light_moves_with_it(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=48)
    bench.advance(24 * HOUR)
    level = bench.runtime.snapshots["level_1"]
    assert isinstance(level, LevelSnapshot)
    state = bench.runtime.memory.levels["level_1"]
    assert 200 < state.ppfd_target < 240


def test_it_keeps_its_phase_and_its_day(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(4 * DAY)
    change(bench, warmer())
    farm = bench.runtime.snapshots["farm"]
    assert isinstance(farm, FarmSnapshot)
    (view,) = farm.batches
    assert view.phase == "young"
    assert view.day_of_batch == pytest.approx(4, abs=0.1)
    assert view.recipe_version == warmer().version[:12]


def test_it_is_told_with_both_versions(bench: Bench) -> None:
    bench.start_batch()
    change(bench, warmer(), hours=12)
    (event,) = bench.journal.of("recipe_changed")
    assert event["was"] == OLD.version
    assert event["version"] == warmer().version
    assert event["hours"] == 12
    assert event["by"] == "grower"


def test_a_new_phase_begins_with_its_own_values(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=240)
    bench.advance(12 * HOUR)
    bench.ask(AdvancePhase(batch="batch_1"))
    assert batch(bench).changeover is None
    noon(bench)
    assert target(bench) == 26


def test_it_goes_on_after_a_restart(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=48)
    bench.advance(12 * HOUR)
    bench.restart()
    assert batch(bench).changeover is not None
    bench.advance(12 * HOUR)
    assert target(bench) == pytest.approx(25, abs=0.1)


def test_at_once_is_a_ramp_of_no_length(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=0)
    assert target(bench) == 26
    assert batch(bench).changeover is None


def test_back_to_the_old_version_is_a_change_like_any_other(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=24)
    bench.advance(24 * HOUR)
    assert target(bench) == 26
    assert change(bench, OLD, hours=24).refused is None
    bench.advance(24 * HOUR)
    assert target(bench) == 24


def test_back_from_the_middle_of_the_way_it_begins_where_it_stands(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=48)
    bench.advance(24 * HOUR)
    assert target(bench) == pytest.approx(25, abs=0.1)
    assert change(bench, OLD, hours=48).refused is None
    assert target(bench) == pytest.approx(25, abs=0.1)
    bench.advance(24 * HOUR)
    assert target(bench) == 24
    assert batch(bench).changeover is None


def test_a_third_version_waits_until_it_has_arrived_or_is_taken_at_once(bench: Bench) -> None:
    bench.start_batch()
    noon(bench)
    change(bench, warmer(), hours=48)
    bench.advance(24 * HOUR)
    answer = change(bench, warmer(by=1.0), hours=24)
    assert answer.refused == "batch_changing"
    assert float(answer.params["hours"]) == 24
    assert change(bench, warmer(by=1.0), hours=0).refused is None
    assert target(bench) == 25
    change(bench, OLD, hours=2)
    bench.advance(2 * HOUR)
    assert change(bench, warmer(), hours=2).refused is None


@pytest.mark.parametrize(
    ("recipe", "hours", "key"),
    [
        (OLD, 24, "batch_same_version"),
        (bench_recipe(crop="basil"), 24, "batch_other_crop"),
        (bench_recipe(phases=(bench_phase("other", PhaseKind.VEGETATIVE),)), 24,
         "batch_phase_missing"),
        (warmer(), 24 * 14 + 1, "batch_ramp"),
        (warmer(), -1, "batch_ramp"),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_refused(
    bench: Bench, recipe: Recipe, hours: float, key: str
) -> None:
    bench.start_batch()
    before = bench.runtime.memory
    answer = change(bench, recipe, hours)
    assert answer.refused == key
    assert bench.runtime.memory.batches == before.batches
    assert bench.runtime.memory.recipes == before.recipes


def test_an_unknown_batch_is_refused(bench: Bench) -> None:
    assert change(bench, warmer()).refused == "batch_unknown"


def test_neighbours_have_to_share_where_it_arrives(bench: Bench) -> None:
    bench.start_batch()
    bench.try_batch(["level_2"], id="batch_2")
    before = bench.runtime.memory
    hot = {**AIR, ClimateQuantity.AIR_TEMPERATURE: setpoint(36, 36, 1, 2)}
    recipe = bench_recipe(phases=tuple(replace(p, climate=hot) for p in OLD.phases))
    answer = change(bench, recipe)
    assert answer.refused == "limits_disjoint"
    assert bench.runtime.memory.batches == before.batches
    assert bench.runtime.memory.recipes == before.recipes


def test_nothing_changes_by_itself(bench: Bench) -> None:
    """A new version of a recipe on the shelf is nothing to a living batch."""
    bench.start_batch()
    bench.advance(3 * DAY)
    assert batch(bench).recipe_version == OLD.version
    assert batch(bench).changeover is None
