"""Plants weigh what they weighed, wherever they are moved and whatever their batch is called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.twin.small import DAY, START, lettuce, small_config, small_farm
from vfarm_core.batches.harvests import cut
from vfarm_core.batches.lifecycle import sow
from vfarm_core.batches.model import Batch
from vfarm_core.batches.places import merge, move, split, transplant
from vfarm_core.recipes.model import Recipe
from vfarm_core.twin.farm import Twin
from vfarm_core.twin.handing import handed

RECIPE = lettuce()


def batch(id: str, days_ago: float, **sites: int) -> Batch:
    return sow(
        id=id,
        recipe=RECIPE,
        plants=sum(sites.values()),
        placements=sites,
        at=START,
        days_ago=days_ago,
    )


class Grown:
    """A twin that follows batches and can be weighed."""

    def __init__(self, *batches: Batch) -> None:
        self.twin = Twin(small_farm(), start=START, config=small_config())
        self.batches = {b.id: b for b in batches}
        self.recipes: dict[str, Recipe] = {RECIPE.version: RECIPE}
        self.put()

    def put(self, *batches: Batch) -> None:
        self.batches |= {b.id: b for b in batches}
        self.twin.set_batches(self.batches.values(), self.recipes)

    def grams(self) -> float:
        return sum(
            stand.fresh_g * stand.plants
            for key in self.batches
            for _, stand in self.twin.stands(key)
        )


def test_a_split_batch_weighs_in_two_parts_what_it_weighed():
    grown = Grown(batch("a", 25, level_1=30, level_2=10))
    before = grown.grams()
    mean = before / 40
    grown.put(*split(grown.batches["a"], "b", {"level_1": 12}, START))
    assert grown.grams() == pytest.approx(before)
    ((level, stand),) = grown.twin.stands("b")
    assert (level, stand.plants) == ("level_1", 12)
    assert stand.fresh_g == pytest.approx(mean)


def test_merged_batches_of_different_size_weigh_what_both_did():
    grown = Grown(batch("a", 22, level_1=10), batch("b", 30, level_1=10, level_2=20))
    before = grown.grams()
    crop = grown.twin.harvest_kg("a") + grown.twin.harvest_kg("b")
    grown.put(*merge(grown.batches["a"], grown.batches["b"], START))
    assert grown.grams() == pytest.approx(before)
    assert grown.twin.stands("b") == ()
    assert grown.twin.harvest_kg("a") == pytest.approx(crop)


def test_a_transplanted_batch_is_no_heavier_for_its_room():
    grown = Grown(batch("a", 25, level_1=20))
    before = grown.grams()
    grown.put(transplant(grown.batches["a"], {"level_2": 38}, START))
    assert grown.grams() == pytest.approx(before)


def test_what_is_harvested_in_part_is_gone_and_the_rest_is_as_it_was():
    grown = Grown(batch("a", 25, level_1=20))
    before = grown.grams()
    grown.put(cut(grown.batches["a"], START, plants=5, kg=0.5))
    assert grown.grams() == pytest.approx(before * 0.75)


@given(st.data())
def test_any_sequence_of_moves_splits_and_merges_keeps_grams(data):
    grown = Grown(batch("a", 22, level_1=12, level_2=6), batch("b", 30, level_1=8, level_2=8))
    before = grown.grams()
    plants = 34
    for step in range(data.draw(st.integers(1, 6))):
        at = START + step
        living = sorted(key for key, b in grown.batches.items() if b.is_growing)
        one = grown.batches[data.draw(st.sampled_from(living))]
        place = data.draw(st.sampled_from(one.placements))
        act = data.draw(st.sampled_from(("move", "split", "merge")))
        if act == "move":
            other = "level_2" if place.level_id == "level_1" else "level_1"
            count = data.draw(st.integers(1, place.sites))
            grown.put(move(one, place.level_id, other, at, count))
        elif act == "split" and one.sites > 1:
            count = data.draw(st.integers(1, min(place.sites, one.sites - 1)))
            grown.put(*split(one, f"s{step}", {place.level_id: count}, at))
        elif act == "merge" and len(living) > 1:
            second = data.draw(st.sampled_from([key for key in living if key != one.id]))
            grown.put(*merge(one, grown.batches[second], at))
        assert grown.grams() == pytest.approx(before)
    assert sum(b.plants for b in grown.batches.values() if b.is_growing) == plants


def test_plants_that_nobody_knows_are_left_to_the_caller():
    assert handed({}, {"a": {"l": 3.0}}, {}) == {}


def test_a_new_batch_is_as_old_as_its_plan_says():
    grown = Grown(batch("a", 25, level_1=20))
    young = replace(batch("c", 5, level_2=20), origin=())
    grown.put(young)
    ((_, stand),) = grown.twin.stands("c")
    ((_, old),) = grown.twin.stands("a")
    assert stand.fresh_g < old.fresh_g / 10
    grown.twin.advance(START + DAY)
    assert grown.twin.stands("c")[0][1].fresh_g > stand.fresh_g * 0.99
