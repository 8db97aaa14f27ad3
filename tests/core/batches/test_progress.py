"""How far a batch is, and when it is ready."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.batches import codec
from vfarm_core.batches.lifecycle import (
    DAY_S,
    BatchError,
    advance_phase,
    due_phase,
    fail,
    harvest,
    sow,
)
from vfarm_core.batches.places import move
from vfarm_core.batches.progress import progress
from vfarm_core.farm.codec import DecodeError
from vfarm_core.recipes.library import load_shipped, shipped

NOW = 1_800_000_000.0
LETTUCE = load_shipped("lettuce_butterhead")


def sown(recipe=LETTUCE, days_ago=0.0):
    return sow(id="b1", recipe=recipe, plants=40, placements={"l": 40}, at=NOW, days_ago=days_ago)


def test_a_batch_in_the_middle_of_its_life():
    got = progress(sown(days_ago=14), LETTUCE, NOW)
    assert (got.phase, got.phase_index) == ("raft_1", 2)
    assert got.day_of_phase == pytest.approx(3)
    assert got.days_left_in_phase == pytest.approx(7)
    assert got.phase_ends_at == pytest.approx(NOW + 7 * DAY_S)
    assert got.day_of_batch == pytest.approx(14)
    assert got.expected_harvest_at == pytest.approx(NOW + 21 * DAY_S)
    assert got.fraction == pytest.approx(0.4)


def test_a_phase_ended_early_brings_the_harvest_forward():
    batch = advance_phase(sown(), LETTUCE, NOW + 0.5 * DAY_S)
    assert progress(batch, LETTUCE, NOW + DAY_S).expected_harvest_at == NOW + 34.5 * DAY_S


def test_a_phase_that_is_overdue_pushes_the_harvest():
    got = progress(sown(), LETTUCE, NOW + 3 * DAY_S)
    assert got.phase == "germination"
    assert got.days_left_in_phase == 0
    assert got.expected_harvest_at == NOW + 37 * DAY_S


def test_a_batch_that_is_ready_keeps_the_day_it_was_ready():
    got = progress(sown(days_ago=33), LETTUCE, NOW + 10 * DAY_S)
    assert got.expected_harvest_at == pytest.approx(NOW + 2 * DAY_S)
    assert got.fraction == 1
    assert got.days_left_in_phase == 0


def test_before_sowing_nothing_has_happened():
    got = progress(sown(), LETTUCE, NOW - DAY_S)
    assert (got.day_of_phase, got.day_of_batch, got.fraction) == (0, 0, 0)


@pytest.mark.parametrize("end", [lambda b, at: harvest(b, at, 5.0), lambda b, at: fail(b, at, "x")])
def test_progress_stops_with_the_batch(end):
    ended = end(sown(days_ago=30), NOW + DAY_S)
    assert progress(ended, LETTUCE, NOW + 90 * DAY_S) == progress(ended, LETTUCE, NOW + DAY_S)


def test_another_version_of_the_recipe_is_refused():
    with pytest.raises(BatchError, match="recipe mismatch"):
        progress(sown(), replace(LETTUCE, version="0"), NOW)


recipes = st.sampled_from([load_shipped(header.id) for header in shipped()])


@given(recipes, st.floats(0, 1), st.lists(st.floats(0, 400), min_size=2, max_size=6))
def test_progress_never_goes_back(recipe, share, days):
    batch = sown(recipe, share * recipe.total_days)
    seen = [progress(batch, recipe, NOW + d * DAY_S) for d in sorted(days)]
    for before, after in pairwise(seen):
        assert after.fraction >= before.fraction
        assert after.day_of_batch >= before.day_of_batch
        assert after.expected_harvest_at >= before.expected_harvest_at
        assert after.days_left_in_phase <= before.days_left_in_phase
    assert all(0 <= p.fraction <= 1 for p in seen)


@given(recipes, st.floats(0, 300))
def test_advancing_when_due_is_the_same_as_having_been_sown_then(recipe, days):
    batch = sown(recipe)
    now = NOW + days * DAY_S
    while due_phase(batch, recipe, now) > batch.phase_index:
        batch = advance_phase(batch, recipe, progress(batch, recipe, now).phase_ends_at)
    assert batch.phase_index == recipe.index_at((now - NOW) / DAY_S)
    ready = NOW + recipe.total_days * DAY_S
    assert progress(batch, recipe, now).expected_harvest_at == pytest.approx(ready)


@given(recipes, st.floats(0, 1), st.text(max_size=10), st.booleans(), st.booleans())
def test_a_batch_survives_the_journal_without_loss(recipe, share, note, ended, failed):
    batch = move(sown(recipe, share * recipe.total_days), "l", "m", NOW, sites=5)
    if ended:
        batch = fail(batch, NOW, note) if failed else harvest(batch, NOW, share, note)
    assert codec.from_dict(json.loads(json.dumps(codec.to_dict(batch)))) == batch


def test_a_damaged_record_is_refused_with_its_path():
    kept = codec.to_dict(sown())
    kept["placements"][0]["sites"] = "many"
    with pytest.raises(DecodeError, match=r"batch\.placements\[0\]\.sites"):
        codec.from_dict(kept)
