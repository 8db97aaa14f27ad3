"""Where plants stand: moved, split, merged and set anew, with nothing lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.batches import codec
from vfarm_core.batches.lifecycle import DAY_S, BatchError, advance_phase, harvest, sow
from vfarm_core.batches.model import Batch, BatchState, Happened, Placement, Stay
from vfarm_core.batches.places import Room, merge, move, placed, spaced, split, taken, transplant
from vfarm_core.recipes.library import load_shipped

NOW = 1_800_000_000.0
LETTUCE = load_shipped("lettuce_butterhead")
BASIL = load_shipped("basil_sweet")


def sown(**changes) -> Batch:
    values = {
        "id": "b1",
        "recipe": LETTUCE,
        "plants": 40,
        "placements": {"level_1": 24, "level_2": 16},
        "at": NOW,
        "seed_lot": "S-1",
        "by": "Ann",
    }
    return sow(**{**values, **changes})


def refusal(call, *args, **kwargs) -> BatchError:
    with pytest.raises(BatchError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_every_place_a_batch_had_is_known_with_its_times():
    batch = move(sown(), "level_1", "level_3", NOW + 60, sites=4, by="Ann", why="too dense")
    batch = move(batch, "level_2", "level_3", NOW + 120)
    batch = harvest(batch, NOW + 300, 2.0)
    assert batch.places == (
        Stay(level_id="level_1", sites=24, since=NOW, until=NOW + 60),
        Stay(level_id="level_2", sites=16, since=NOW, until=NOW + 120),
        Stay(level_id="level_1", sites=20, since=NOW + 60, until=NOW + 300),
        Stay(level_id="level_3", sites=4, since=NOW + 60, until=NOW + 120),
        Stay(level_id="level_3", sites=20, since=NOW + 120, until=NOW + 300),
    )
    assert batch.placements[1] == Placement(
        level_id="level_3", sites=20, since=NOW + 60, counted_at=NOW + 120
    )


def test_each_transition_says_who_when_and_why():
    batch = move(sown(), "level_1", "level_3", NOW + 60, sites=4, by="Bea", why="too dense")
    batch = advance_phase(batch, LETTUCE, NOW + DAY_S, by="recipe")
    batch = harvest(batch, NOW + 30 * DAY_S, 5.0, "crisp", by="Ann")
    told = [(h.kind, h.at, h.by, h.why, h.was, h.now) for h in batch.history]
    assert told == [
        (Happened.SOWN, NOW, "Ann", "", "", "sown"),
        (Happened.MOVED, NOW + 60, "Bea", "too dense", "level_1", "level_3"),
        (Happened.PHASE, NOW + DAY_S, "recipe", "", "germination", "nursery"),
        (Happened.HARVESTED, NOW + 30 * DAY_S, "Ann", "crisp", "growing", "harvested"),
    ]
    assert batch.history[1].sites == 4
    assert batch.history[3].kg == 5.0


def test_a_split_shares_recipe_and_seed_and_parts_plants_by_their_sites():
    kept, new = split(sown(), "b2", {"level_1": 6, "level_2": 4}, NOW + 60, title="For the shop")
    assert {p.level_id: p.sites for p in kept.placements} == {"level_1": 18, "level_2": 12}
    assert {p.level_id: p.sites for p in new.placements} == {"level_1": 6, "level_2": 4}
    assert (kept.plants, new.plants) == (30, 10)
    assert new.recipe_version == kept.recipe_version == LETTUCE.version
    assert new.seed_lots == kept.seed_lots == ("S-1",)
    assert (new.origin, new.title, kept.title) == (
        ("b1",),
        "For the shop",
        "Butterhead lettuce",
    )
    assert new.phase_started_at == kept.phase_started_at
    assert [h.other for h in (kept.history[-1], new.history[-1])] == ["b2", "b1"]


def test_what_was_harvested_before_a_split_stays_with_the_first():
    from vfarm_core.batches.harvests import cut

    batch = cut(sown(), NOW + 60, plants=10, kg=1.5)
    kept, new = split(batch, "b2", {"level_1": 6}, NOW + 120)
    assert kept.harvested_kg == 1.5
    assert new.harvested_kg == 0.0


@pytest.mark.parametrize(
    ("sites", "plants", "key"),
    [
        ({}, None, "split_all"),
        ({"level_1": 24, "level_2": 16}, None, "split_all"),
        ({"level_1": 25}, None, "sites"),
        ({"level_1": -1}, None, "sites"),
        ({"level_9": 1}, None, "level_not_held"),
        ({"level_1": 10}, 40, "split_plants"),
        ({"level_1": 10}, 0, "split_plants"),
    ],
)
def test_an_impossible_split_is_refused(sites, plants, key):
    assert refusal(split, sown(), "b2", sites, NOW, plants=plants).key == key


def test_a_batch_takes_another_one_in():
    other = sown(id="b2", plants=10, placements={"level_2": 4, "level_3": 6}, seed_lot="S-2")
    joined, ended = merge(sown(), other, NOW + 60, by="Ann")
    assert {p.level_id: p.sites for p in joined.placements} == {
        "level_1": 24,
        "level_2": 20,
        "level_3": 6,
    }
    assert (joined.plants, joined.seed_lots, joined.origin) == (50, ("S-1", "S-2"), ("b2",))
    assert ended.state is BatchState.MERGED
    assert not ended.is_growing
    assert (ended.ended_at, ended.merge.into) == (NOW + 60, "b1")
    assert taken((joined, ended)) == {"level_1": 24, "level_2": 20, "level_3": 6}
    assert refusal(move, ended, "level_2", "level_1", NOW + 90).key == "not_growing"


@pytest.mark.parametrize(
    ("other", "key"),
    [
        ({"id": "b1"}, "merge_self"),
        ({"recipe": BASIL}, "merge_cultivar"),
        ({"cultivar": "Rex"}, "merge_cultivar"),
        ({"days_ago": 12}, "merge_phase"),
    ],
)
def test_what_is_not_alike_is_not_merged(other, key):
    assert refusal(merge, sown(), sown(**{"id": "b2", **other}), NOW).key == key


def test_another_version_of_the_recipe_is_not_merged():
    other = sown(id="b2", recipe=replace(LETTUCE, version="0" * 64))
    error = refusal(merge, sown(), other, NOW)
    assert error.key == "merge_recipe"
    assert error.params == {"batch": "Butterhead lettuce", "other": "Butterhead lettuce"}


def room(level: str, free: int, *, sites: int = 40, area: float = 1.0) -> Room:
    return Room(level_id=level, area_m2=area, sites=sites, free=free)


def test_wider_spacing_takes_more_sites():
    # 40 plants at 20 per m² need 2 m²: at 40 sites per m², every second one.
    rooms = (room("a", 40), room("b", 40), room("c", 40))
    assert spaced(sown(), 20.0, rooms) == {"a": 40, "b": 40}
    assert spaced(sown(), 40.0, rooms) == {"a": 40}
    assert spaced(sown(), 80.0, rooms) == {"a": 20}
    assert spaced(sown(), None, rooms) == {"a": 40}


def test_respacing_without_room_is_refused_with_what_would_fit():
    error = refusal(spaced, sown(), 20.0, (room("a", 40), room("b", 10)))
    assert error.key == "no_room"
    assert error.params == {
        "batch": "Butterhead lettuce",
        "plants": 40,
        "fits": 25,
        "plants_m2": 20.0,
    }
    assert refusal(spaced, sown(), 0.0, (room("a", 40),)).key == "spacing"


def test_a_transplanted_batch_stands_on_its_new_sites_only():
    batch = transplant(sown(), {"level_2": 20, "level_4": 20}, NOW + 60)
    assert {p.level_id: p.sites for p in batch.placements} == {"level_2": 20, "level_4": 20}
    assert batch.plants == 40
    assert batch.history[-1].kind is Happened.TRANSPLANTED


@given(st.integers(1, 500), st.floats(1.0, 2000.0), st.lists(st.integers(0, 60), max_size=6))
def test_spacing_never_gives_more_than_is_free_and_never_stands_closer(plants, density, free):
    rooms = [room(f"l{i}", n, sites=60, area=1.5) for i, n in enumerate(free)]
    batch = replace(sown(), plants=plants)
    try:
        found = spaced(batch, density, rooms)
    except BatchError:
        assert sum(free) * density * 1.5 / 60 < plants
        return
    assert all(
        0 < n <= dict(zip((r.level_id for r in rooms), free, strict=True))[k]
        for k, n in found.items()
    )
    assert plants <= sum(found.values()) * density * 1.5 / 60 * (1 + 1e-6)


levels = st.sampled_from([f"level_{i}" for i in range(1, 5)])


@given(st.data())
def test_any_sequence_of_moves_splits_and_merges_keeps_plants_and_sites(data):
    first = sown(plants=data.draw(st.integers(40, 90)))
    batches = {first.id: first, "b0": sown(id="b0", plants=16, placements={"level_1": 16})}
    plants = sum(b.plants for b in batches.values())
    sites = sum(taken(batches.values()).values())
    refused = 0
    steps = data.draw(st.integers(1, 12))
    for step in range(steps):
        at = NOW + step
        living = sorted(key for key, b in batches.items() if b.is_growing)
        batch = batches[data.draw(st.sampled_from(living))]
        source = data.draw(st.sampled_from(batch.placements))
        act = data.draw(st.sampled_from(("move", "split", "merge")))
        try:
            if act == "move":
                count = data.draw(st.integers(0, source.sites + 1))
                moved = move(batch, source.level_id, data.draw(levels), at, count)
                batches[batch.id] = moved
            elif act == "split":
                count = data.draw(st.integers(0, source.sites))
                kept, new = split(batch, f"s{step}", {source.level_id: count}, at)
                batches |= {kept.id: kept, new.id: new}
            else:
                other = batches[data.draw(st.sampled_from(living))]
                joined, ended = merge(batch, other, at)
                batches |= {joined.id: joined, ended.id: ended}
        except BatchError:
            refused += 1
    living = [b for b in batches.values() if b.is_growing]
    # What was refused left nothing in anybody's history.
    assert len({(h.at, h.kind) for b in living for h in b.history}) <= 1 + steps - refused
    assert sum(b.plants for b in living) == plants
    assert sum(taken(living).values()) == sites
    for batch in batches.values():
        assert codec.from_dict(codec.to_dict(batch)) == batch
        assert all(p.sites > 0 for p in batch.placements)
        assert batch.plants > 0
        # At no time a batch is counted twice on one level.
        for level in {stay.level_id for stay in batch.places}:
            spans = sorted(
                (s.since, s.until or NOW + 100) for s in batch.places if s.level_id == level
            )
            assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_putting_a_batch_where_it_is_changes_nothing():
    batch = sown()
    assert placed(batch, {"level_1": 24, "level_2": 16}, NOW + 60) == batch
