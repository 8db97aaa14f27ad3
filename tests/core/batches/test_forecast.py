"""When a batch is ready and what it will weigh: intervals that hold, and that learn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.batches.forecast import (
    Forecast,
    Outcome,
    Received,
    expected_kg_m2,
    forecast,
    outcome_of,
)
from vfarm_core.batches.lifecycle import DAY_S, BatchError, harvest, sow
from vfarm_core.batches.model import Batch, Light
from vfarm_core.recipes.library import catalogue, load_shipped
from vfarm_core.twin.plants import follow, raised, stand_of

NOW = 1_800_000_000.0
LETTUCE = load_shipped("lettuce_butterhead")
BASIL = load_shipped("basil_sweet")
SPACED = sorted(
    key
    for key, shipped in catalogue().recipes.items()
    if any(p.density_plants_m2 for p in load_shipped(key).phases)
)


def sown(recipe=LETTUCE, days_ago=0.0, light: float | None = None) -> Batch:
    batch = sow(
        id="b",
        recipe=recipe,
        plants=38,
        placements={"level": 38},
        at=NOW,
        days_ago=days_ago,
    )
    if light is None:
        return batch
    # More than was planned so far: all of it was counted.
    return replace(batch, light=Light(got=light * 1000.0, planned=1000.0))


def days(batch: Batch, found: Forecast) -> float:
    return (found.ready_at.mid - batch.sown_at) / DAY_S


@pytest.mark.parametrize("recipe", SPACED)
def test_the_interval_holds_what_the_twin_harvests_of_every_shipped_recipe(recipe):
    known = load_shipped(recipe)
    batch = sown(known)
    stand = raised(known, 38, 1e6, known.total_days)
    kg = stand.harvest_g * 38 / 1000
    found = forecast(batch, known, NOW)
    assert found.kg.low <= kg <= found.kg.high


@pytest.mark.parametrize(("recipe", "share"), [(LETTUCE, 0.6), (LETTUCE, 0.8), (BASIL, 0.7)])
def test_what_grew_with_less_light_lies_in_the_interval_that_knows_of_it(recipe, share):
    half = recipe.total_days / 2
    stand = stand_of(recipe, 38, 1e6)
    day = 0.0
    for phase in recipe.phases:
        if phase.density_plants_m2:
            stand.area_m2 = 38 / phase.density_plants_m2
        stand.growing = phase.kind.value not in ("germination", "blackout")
        dim = replace(phase, light=replace(phase.light, ppfd=phase.light.ppfd * share))
        dark = min(phase.days, max(0.0, half - day))
        follow(stand, dim, dark)
        follow(stand, phase, phase.days - dark)
        day += phase.days
    kg = stand.harvest_g * 38 / 1000
    knows = forecast(sown(recipe, half, share), recipe, NOW)
    hopes = forecast(sown(recipe, half), recipe, NOW)
    assert knows.kg.low <= kg <= knows.kg.high
    full = raised(recipe, 38, 1e6, recipe.total_days).harvest_g * 38 / 1000
    assert knows.kg.mid / hopes.kg.mid == pytest.approx(kg / full, rel=0.12)
    assert "light" in knows.basis
    assert "light" not in hopes.basis


def test_missing_light_delays_the_harvest_by_what_it_takes_to_make_up_for_it():
    on_time = sown(days_ago=20)
    assert days(on_time, forecast(on_time, LETTUCE, NOW)) == pytest.approx(LETTUCE.total_days)
    dli = LETTUCE.phases[-1].light.dli
    late = replace(on_time, light=Light(got=150.0 - 3 * dli, planned=150.0))
    assert days(late, forecast(late, LETTUCE, NOW)) == pytest.approx(LETTUCE.total_days + 3)


def test_days_that_nobody_counted_are_taken_as_planned():
    batch = sown(days_ago=20)
    few = replace(batch, light=Light(got=5.0, planned=10.0))
    many = replace(batch, light=Light(got=50.0, planned=100.0))
    hoped, little, much = (forecast(b, LETTUCE, NOW).kg.mid for b in (batch, few, many))
    assert much < little <= hoped
    assert little > 0.9 * hoped


def test_a_cold_room_delays_the_harvest_too_and_what_lacks_most_decides():
    batch = sown(BASIL, 20)
    warm = forecast(batch, BASIL, NOW)
    cold = forecast(batch, BASIL, NOW, Received(thermal_c_d=100.0))
    assert cold.ready_at.mid > warm.ready_at.mid + DAY_S
    assert "warmth" in cold.basis


def test_the_nearer_the_harvest_the_narrower_the_interval():
    early, late = (forecast(sown(days_ago=day), LETTUCE, NOW) for day in (5, 33))
    assert early.ready_at.high - early.ready_at.low == pytest.approx(6 * DAY_S)
    assert late.ready_at.high - late.ready_at.mid == pytest.approx(1 * DAY_S)
    assert late.kg.high / late.kg.low < early.kg.high / early.kg.low


def test_the_farms_own_harvests_move_the_forecast_and_more_of_them_move_it_further():
    middle, _ = expected_kg_m2(LETTUCE)
    better = Outcome(kg_m2=middle * 1.3, expected_kg_m2=middle)
    found = [forecast(sown(), LETTUCE, NOW, history=[better] * n) for n in (0, 1, 5, 50)]
    mids = [f.kg_m2.mid for f in found]
    assert mids == sorted(mids)
    assert mids[0] == pytest.approx(middle)
    assert middle < mids[1] < middle * 1.3
    assert mids[3] == pytest.approx(middle * 1.3, rel=0.02)
    widths = [f.kg_m2.high / f.kg_m2.low for f in found]
    assert widths == sorted(widths, reverse=True)
    assert found[1].basis[-1] == "history"


def test_what_a_harvest_tells_is_measured_against_what_its_light_let_expect():
    done = harvest(sown(light=0.5), NOW + DAY_S, 4.0)
    told = outcome_of(done, LETTUCE)
    assert told is not None
    density = LETTUCE.phases[-1].density_plants_m2
    assert told.kg_m2 == pytest.approx(4.0 / 38 * density)
    assert told.expected_kg_m2 < expected_kg_m2(LETTUCE)[0]
    assert outcome_of(harvest(sown(), NOW, None), LETTUCE) is None
    assert outcome_of(sown(), LETTUCE) is None


def test_a_recipe_without_spacing_needs_the_area():
    dense = load_shipped("micro_pea")
    with pytest.raises(BatchError) as caught:
        forecast(sown(dense), dense, NOW)
    assert caught.value.key == "no_area"
    assert forecast(sown(dense), dense, NOW, area_m2=2.0).kg.mid > 0


@given(
    st.sampled_from([LETTUCE, BASIL]),
    st.floats(0, 1),
    st.floats(0.0, 1.5),
    st.lists(st.floats(0.2, 5.0), max_size=6),
)
def test_intervals_are_in_order_and_nothing_is_ready_in_the_past(recipe, age, share, ratios):
    batch = sown(recipe, age * recipe.total_days, share)
    history = [Outcome(kg_m2=ratio, expected_kg_m2=1.0) for ratio in ratios]
    found = forecast(batch, recipe, NOW, history=history)
    assert NOW <= found.ready_at.low <= found.ready_at.mid <= found.ready_at.high
    assert 0 <= found.kg.low <= found.kg.mid <= found.kg.high
