"""A forecast made while plants grow holds what the twin then harvests under the runtime."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vfarm_core.batches.forecast import forecast
from vfarm_core.batches.model import Light
from vfarm_core.twin.simulate import simulate

from .small import DAY, START, batch_of, lettuce, small_config, small_farm


@pytest.mark.parametrize("days_ago", [24.0, 33.0])
def test_the_twins_harvest_lies_in_the_interval(days_ago: float) -> None:
    recipe = lettuce()
    batch = batch_of(recipe, days_ago=days_ago)
    hoped = forecast(batch, recipe, START)
    report = simulate(
        small_farm(),
        [batch],
        {recipe.version: recipe},
        recipe.total_days - days_ago + 0.1,
        7,
        start=START,
        config=small_config(),
    )
    (grown,) = report.batches
    assert grown.harvested_at is not None
    assert hoped.kg.low <= grown.yield_kg <= hoped.kg.high
    assert hoped.ready_at.low - DAY <= grown.harvested_at <= hoped.ready_at.high + DAY


def test_plants_under_weak_lamps_lie_in_the_interval_of_who_knows_of_it() -> None:
    recipe = lettuce()
    batch = batch_of(recipe, days_ago=21.0)
    report = simulate(
        small_farm(ppfd_full=120.0),
        [batch],
        {recipe.version: recipe},
        recipe.total_days - 21.0 + 0.1,
        7,
        start=START,
        config=small_config(),
    )
    (grown,) = report.batches
    missing = grown.light_target_mol_m2 - grown.light_delivered_mol_m2
    assert missing > 0.3 * grown.light_target_mol_m2
    light = Light(got=grown.light_delivered_mol_m2, planned=grown.light_target_mol_m2)
    end = START + (recipe.total_days - 21.0) * DAY
    blind = forecast(batch, recipe, START)
    knows = forecast(
        replace(batch, light=light, phase_index=3, phase_started_at=START), recipe, end
    )
    assert knows.kg.low <= grown.yield_kg <= knows.kg.high
    assert knows.kg.mid < 0.9 * blind.kg.mid
    assert knows.ready_at.mid > knows.harvest_at + 2 * DAY
