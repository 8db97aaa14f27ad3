"""When a batch is ready and what it will weigh: intervals that hold, and that learn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.batches.course import thermal_a_day
from vfarm_core.batches.forecast import (
    Forecast,
    Outcome,
    expected_kg_m2,
    forecast,
    outcome_of,
)
from vfarm_core.batches.lifecycle import DAY_S, BatchError, cut, harvest, sow
from vfarm_core.batches.model import Batch, Light, Warmth
from vfarm_core.recipes.library import catalogue, load_shipped
from vfarm_core.recipes.model import ClimateQuantity
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
    if known.regrowth is not None:
        # A harvest of what grows again is one cut.
        kg *= known.regrowth.share
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
    pace = thermal_a_day(BASIL, BASIL.phases[-1])
    chilled = Warmth(got_c_d=280.0 - 3 * pace, planned_c_d=280.0, days=20.0)
    cold = forecast(replace(batch, warmth=chilled), BASIL, NOW)
    assert cold.ready_at.mid == pytest.approx(warm.ready_at.mid + 3 * DAY_S)
    assert "warmth" in cold.basis
    # Nobody knows what cold does to the weight of basil.
    assert "model" not in cold.basis
    assert cold.kg == warm.kg
    dli = BASIL.phases[-1].light.dli
    dim = Light(got=150.0 - 5 * dli, planned=150.0)
    both = forecast(replace(batch, warmth=chilled, light=dim), BASIL, NOW)
    assert both.ready_at.mid == pytest.approx(warm.ready_at.mid + 5 * DAY_S)


@pytest.mark.parametrize(("kelvin", "days_ago"), [(-3.0, 24.0), (-2.0, 33.0), (2.0, 33.0)])
def test_lettuce_that_grew_cooler_or_warmer_lies_in_the_interval_that_knows_of_it(kelvin, days_ago):
    stand = stand_of(LETTUCE, 38, 1e6)
    day = 0.0
    for phase in LETTUCE.phases:
        if phase.density_plants_m2:
            stand.area_m2 = 38 / phase.density_plants_m2
        stand.growing = phase.kind.value not in ("germination", "blackout")
        air = phase.climate[ClimateQuantity.AIR_TEMPERATURE]
        other = replace(air, day=air.day + kelvin, night=air.night + kelvin)
        off = replace(phase, climate={**phase.climate, ClimateQuantity.AIR_TEMPERATURE: other})
        counted = min(phase.days, max(0.0, days_ago - day))
        follow(stand, off, counted)
        follow(stand, phase, phase.days - counted)
        day += phase.days
    kg = stand.harvest_g * 38 / 1000
    planned = 17.0 * days_ago
    felt = Warmth(got_c_d=planned + kelvin * days_ago, planned_c_d=planned, days=days_ago)
    batch = sown(days_ago=days_ago)
    hopes, knows = (
        forecast(batch, LETTUCE, NOW),
        forecast(replace(batch, warmth=felt), LETTUCE, NOW),
    )
    full = raised(LETTUCE, 38, 1e6, LETTUCE.total_days).harvest_g * 38 / 1000
    assert abs(kg / full - 1) > 0.005
    assert knows.kg.low <= kg <= knows.kg.high
    assert knows.kg.mid / hopes.kg.mid == pytest.approx(kg / full, rel=0.03)


@pytest.mark.parametrize("key", ["mint", "chives"])
def test_what_regrew_lies_in_the_interval_cut_after_cut(key):
    recipe = load_shipped(key)
    again = recipe.regrowth
    batch, at = sown(recipe, recipe.total_days), NOW
    stand = raised(recipe, 38, 1e6, recipe.total_days)
    phase = next(p for p in recipe.phases if p.name == again.phase)
    density = recipe.phases[-1].density_plants_m2
    stand.area_m2 = 38 / density
    first = forecast(sown(recipe), recipe, NOW)
    for number in range(1, 4):
        kg = stand.harvest_g * 38 / 1000 * again.share
        found = forecast(batch, recipe, at)
        assert found.kg.low <= kg <= found.kg.high, number
        batch = cut(batch, recipe, at, kg)
        stand.cut(again.share)
        fresh = forecast(batch, recipe, at)
        # A cut has told how these plants grow: the next is known better than the first was.
        assert {"model", "history"} <= set(fresh.basis)
        assert fresh.kg.high / fresh.kg.low < first.kg.high / first.kg.low
        assert fresh.ready_at.mid == pytest.approx(at + again.days * DAY_S)
        assert fresh.ready_at.high - fresh.ready_at.mid == pytest.approx(3 * DAY_S)
        follow(stand, phase, again.days)
        at += again.days * DAY_S


def test_light_that_lacks_after_a_cut_makes_the_next_one_late_and_light():
    recipe = load_shipped("mint")
    batch = cut(
        replace(sown(recipe, recipe.total_days), light=Light(got=1.0, planned=300.0)),
        recipe,
        NOW,
        1.0,
    )
    # What lacked before the cut was weighed with it.
    assert batch.light is None
    later = NOW + 10 * DAY_S
    dli = recipe.phases[-1].light.dli
    fed = forecast(batch, recipe, later)
    dim = forecast(replace(batch, light=Light(got=5 * dli, planned=9 * dli)), recipe, later)
    assert dim.ready_at.mid == pytest.approx(fed.ready_at.mid + 4 * DAY_S)
    assert dim.kg.mid < 0.95 * fed.kg.mid


def test_the_cuts_of_a_batch_tell_of_the_next_batch_and_so_does_a_whole_harvest():
    recipe = load_shipped("mint")
    expected, _ = expected_kg_m2(recipe)
    area = 38 / recipe.phases[-1].density_plants_m2
    batch = sown(recipe, recipe.total_days)
    cut_twice = cut(batch, recipe, NOW, expected * area)
    done = harvest(cut_twice, NOW + DAY_S, 9.0)
    told = outcome_of(done, recipe)
    assert told.kg_m2 == pytest.approx(told.expected_kg_m2)
    assert outcome_of(harvest(cut(batch, recipe, NOW, None), NOW, 9.0), recipe) is None
    whole = outcome_of(harvest(batch, NOW, expected * area / 0.33), recipe)
    assert whole.kg_m2 == pytest.approx(whole.expected_kg_m2)


def test_a_crop_whose_cut_nobody_measured_is_taken_to_give_as_much_again():
    plain = load_shipped("mint")
    recipe = replace(plain, regrowth=replace(plain.regrowth, share=None))
    batch = sown(recipe, recipe.total_days)
    again = forecast(cut(batch, recipe, NOW, None), recipe, NOW)
    assert "model" not in again.basis
    assert again.kg.mid == pytest.approx(expected_kg_m2(recipe)[0] * 38 / 28)


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
