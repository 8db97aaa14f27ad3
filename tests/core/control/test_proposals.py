"""A model proposes within what the plants take, and not only within what can be set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.support import START, Bench, bench_farm, bench_phase, bench_recipe
from vfarm_core.control.proposals import Room, room
from vfarm_core.farm.overrides import OVERRIDE_RANGES, Quantity
from vfarm_core.recipes.model import DayLength, PhaseKind

NIGHT, DAY = START, START + 2 * 3600.0


def asked(bench: Bench, node: str, quantity: Quantity) -> Room:
    return room(bench.farm, bench.runtime.memory, bench.clock.now(), node, quantity)


def growing(at: float = DAY, **recipe: Any) -> Bench:
    bench = Bench(bench_farm())
    bench.start_batch(["level_1"], **recipe)
    bench.advance(at - START)
    return bench


@pytest.mark.parametrize("quantity", list(Quantity))
def test_where_nothing_grows_there_is_the_range_of_the_quantity(quantity: Quantity) -> None:
    bench = Bench(bench_farm())
    accepted = OVERRIDE_RANGES[quantity]
    found = asked(bench, {"zone": "zone", "level": "level_1"}[accepted.node], quantity)
    assert (found.band.low, found.band.high) == (accepted.low, accepted.high)
    assert (found.by_recipe, found.unit) == (False, accepted.unit)


def test_climate_stays_within_the_warnings_of_now_and_within_what_the_other_half_bears() -> None:
    by_day = asked(growing(DAY), "zone", Quantity.AIR_TEMPERATURE)
    # 24 \u00b1 3 by day; critical by night are 20 \u00b1 6.
    assert (by_day.band.low, by_day.band.high, by_day.target) == (21, 26, 24)
    by_night = asked(growing(NIGHT), "zone", Quantity.AIR_TEMPERATURE)
    assert (by_night.band.low, by_night.band.high, by_night.target) == (18, 23, 20)
    assert by_day.by_recipe


def test_what_the_recipe_does_not_name_has_the_range_of_the_quantity() -> None:
    found = asked(growing(), "zone", Quantity.VPD)
    assert not found.by_recipe


def test_light_stays_within_the_most_that_the_plan_allows() -> None:
    bench = growing()
    plan = bench.runtime.memory.recipes
    light = next(iter(plan.values())).phases[0].light
    ppfd = asked(bench, "level_1", Quantity.PPFD)
    most = min(light.ppfd_max, light.dli_max / (light.photoperiod_h * 0.0036))
    assert (ppfd.band.low, ppfd.band.high) == (0, pytest.approx(most))
    assert ppfd.target == light.ppfd
    hours = asked(bench, "level_1", Quantity.PHOTOPERIOD)
    assert hours.target == light.photoperiod_h
    assert hours.band.high is not None
    assert light.photoperiod_h <= hours.band.high <= 24


def test_a_short_day_crop_gets_no_longer_day_and_a_dark_phase_no_light() -> None:
    recipe = bench_recipe()
    short = growing(recipe=replace(recipe, day_length=DayLength.SHORT_DAY))
    hours = asked(short, "level_1", Quantity.PHOTOPERIOD)
    assert hours.band.high == hours.target
    first = bench_phase("first", PhaseKind.GERMINATION)
    dark = replace(first, light=replace(first.light, ppfd=0.0, photoperiod_h=0.0, dli=0.0))
    bench = growing(recipe=replace(recipe, phases=(dark, *recipe.phases[1:])))
    assert asked(bench, "level_1", Quantity.PPFD).band.high == 0
    assert asked(bench, "level_1", Quantity.PHOTOPERIOD).band.high == 0


def test_a_quantity_is_proposed_where_it_is_set() -> None:
    with pytest.raises(ValueError, match="set at a zone"):
        asked(growing(), "level_1", Quantity.HUMIDITY)
    with pytest.raises(ValueError, match="set at a level"):
        asked(growing(), "nowhere", Quantity.PPFD)
