"""A forecast made while plants grow holds what the twin then harvests under the runtime."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vfarm_core.batches.forecast import forecast
from vfarm_core.batches.model import Light
from vfarm_core.control.inputs import Harvest
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.library import load_shipped
from vfarm_core.twin.config import OutdoorClimate
from vfarm_core.twin.simulate import Simulation, simulate

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


def test_plants_in_a_cold_room_lie_in_the_interval_of_who_knows_of_it() -> None:
    recipe = lettuce()
    batch = batch_of(recipe, days_ago=24.0)
    farm = small_farm()
    cold = replace(farm, bindings=tuple(b for b in farm.bindings if b.role is not Role.HEATER))
    config = small_config(
        outdoor=OutdoorClimate(mean_c=-25.0, yearly_k=0.0, daily_k=2.0, humidity_pct=60.0)
    )
    place = Simulation(cold, [batch], {recipe.version: recipe}, start=START, config=config)
    end = START + (recipe.total_days - 24.0) * DAY
    place.run_until(end - 60.0)
    grown = place.runtime.memory.batches[batch.id]
    warmth = grown.warmth
    assert warmth is not None
    assert warmth.days > 9
    assert warmth.got_c_d < warmth.planned_c_d - 2 * warmth.days
    blind = forecast(replace(grown, warmth=None), recipe, end)
    knows = forecast(grown, recipe, end)
    kg = place.twin.harvest_kg(batch.id)
    assert knows.kg.low <= kg <= knows.kg.high
    assert abs(knows.kg.mid - kg) < abs(blind.kg.mid - kg)
    assert knows.ready_at.mid > blind.ready_at.mid + DAY


def test_what_the_twin_cuts_of_mint_lies_in_the_interval() -> None:
    recipe = load_shipped("mint")
    assert recipe.regrowth is not None
    batch = replace(batch_of(recipe, days_ago=recipe.total_days), plants=56)
    place = Simulation(
        small_farm(), [batch], {recipe.version: recipe}, start=START, config=small_config()
    )
    kg = place.twin.harvest_kg(batch.id) * (recipe.regrowth.share or 0.0)
    ask = Harvest(batch=batch.id, kg=kg, regrow=True, by="Ann")
    assert place.runtime.request(ask).refused is None
    place.follow_batches()
    hoped = forecast(place.runtime.memory.batches[batch.id], recipe, START)
    assert {"model", "history"} <= set(hoped.basis)
    place.run_until(START + recipe.regrowth.days * DAY)
    grown = place.twin.harvest_kg(batch.id) * (recipe.regrowth.share or 0.0)
    assert hoped.kg.low <= grown <= hoped.kg.high
