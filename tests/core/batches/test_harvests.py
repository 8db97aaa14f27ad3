"""Partial harvests, losses and the lots that a batch has received."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.batches.harvests import cut, lose
from vfarm_core.batches.lifecycle import BatchError, harvest, sow
from vfarm_core.batches.lots import Lot, LotKind, check_lot, closed, opened, received, served
from vfarm_core.batches.model import Batch, BatchState, Grade, Input
from vfarm_core.recipes.library import load_shipped

NOW = 1_800_000_000.0
LETTUCE = load_shipped("lettuce_butterhead")


def sown(**changes) -> Batch:
    values = {
        "id": "b1",
        "recipe": LETTUCE,
        "plants": 40,
        "placements": {"level_1": 24, "level_2": 16},
        "at": NOW,
    }
    return sow(**{**values, **changes})


def refusal(call, *args, **kwargs) -> BatchError:
    with pytest.raises(BatchError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_a_part_is_harvested_by_grade_with_its_waste():
    batch = cut(sown(), NOW + 60, plants=10, grades={"B": 0.3, "A": 1.2}, waste_kg=0.1, by="Ann")
    assert batch.state is BatchState.SOWN
    assert batch.plants == 30
    assert {p.level_id: p.sites for p in batch.placements} == {"level_1": 24, "level_2": 6}
    (made,) = batch.cuts
    assert (made.id, made.kg, made.waste_kg) == ("b1.1", 1.5, 0.1)
    assert made.grades == (Grade(name="A", kg=1.2), Grade(name="B", kg=0.3))


def test_the_level_a_part_is_taken_from_can_be_named():
    batch = cut(sown(), NOW + 60, plants=10, kg=1.5, level="level_1")
    assert {p.level_id: p.sites for p in batch.placements} == {"level_1": 14, "level_2": 16}
    assert refusal(cut, sown(), NOW, plants=30, level="level_2").key == "cut_level"
    assert refusal(cut, sown(), NOW, plants=3, level="level_9").key == "level_not_held"


def test_each_harvest_is_a_lot_of_its_own_and_the_last_one_ends_the_batch():
    batch = cut(sown(), NOW + 60, plants=10, kg=1.5)
    batch = harvest(batch, NOW + 120, None, grades={"A": 4.0}, waste_kg=0.5)
    assert [c.id for c in batch.cuts] == ["b1.1", "b1.2"]
    assert [c.plants for c in batch.cuts] == [10, 30]
    assert [c.last for c in batch.cuts] == [False, True]
    assert batch.state is BatchState.HARVESTED
    assert batch.harvest.kg == 4.0
    assert (batch.harvested_kg, batch.waste_kg) == (5.5, 0.5)


def test_what_grows_again_is_cut_without_taking_plants():
    batch = cut(sown(), NOW + 60, kg=0.8, regrows=True)
    batch = cut(batch, NOW + 120, kg=0.7, regrows=True)
    assert batch.plants == 40
    assert batch.sites == 40
    assert batch.harvested_kg == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"plants": 0, "kg": 1.0}, "not_regrowing"),
        ({"plants": -1}, "cut_plants"),
        ({"plants": 41}, "cut_plants"),
        ({"plants": 40}, "cut_all"),
        ({"plants": 1, "kg": -1.0}, "kg"),
        ({"plants": 1, "grades": {"A": float("nan")}}, "kg"),
        ({"plants": 1, "waste_kg": -0.1}, "kg"),
        ({"plants": 1, "kg": 1.0, "grades": {"A": 1.0}}, "kg_twice"),
    ],
)
def test_an_impossible_harvest_is_refused(changes, key):
    assert refusal(cut, sown(), NOW, **changes).key == key


def test_losses_have_a_reason_and_free_their_sites():
    batch = lose(sown(), NOW + 60, 6, "damping off", level="level_2", by="Ann")
    assert batch.plants == 34
    assert {p.level_id: p.sites for p in batch.placements} == {"level_1": 24, "level_2": 10}
    assert [(loss.plants, loss.reason) for loss in batch.losses] == [(6, "damping off")]
    assert refusal(lose, sown(), NOW, 1, "  ").key == "loss_reason"
    assert refusal(lose, sown(), NOW, 0, "x").key == "loss_plants"
    assert refusal(lose, sown(), NOW, 41, "x").key == "loss_plants"


def test_a_batch_that_has_lost_every_plant_has_failed():
    batch = lose(sown(), NOW + 60, 40, "Pythium")
    assert batch.state is BatchState.FAILED
    assert batch.failure.reason == "Pythium"
    assert batch.losses[0].plants == 40


@given(st.data())
def test_plants_are_what_was_sown_less_what_was_taken_and_lost(data):
    batch = sown(plants=data.draw(st.integers(40, 200)))
    first = batch.plants
    for step in range(data.draw(st.integers(1, 8))):
        count = data.draw(st.integers(1, 30))
        try:
            if data.draw(st.booleans()):
                batch = cut(batch, NOW + step, plants=count, kg=count * 0.15)
            else:
                batch = lose(batch, NOW + step, count, "rot")
        except BatchError:
            # More than is left, or there is nothing left at all: nothing was taken.
            continue
    gone = sum(c.plants for c in batch.cuts) + sum(loss.plants for loss in batch.losses)
    assert first == gone + (batch.plants if batch.is_growing else 0)
    assert batch.harvested_kg == pytest.approx(sum(c.plants for c in batch.cuts) * 0.15)
    if batch.is_growing:
        assert all(p.sites > 0 for p in batch.placements)


SEED = Lot(id="S-7", kind=LotKind.SEED, title="Rex", received_at=NOW)
FEED = Lot(id="N-3", kind=LotKind.NUTRIENT, title="Part A", received_at=NOW)


def test_a_batch_knows_the_lots_it_received_once_each():
    batch = received(received(sown(), SEED, NOW + 1), SEED, NOW + 2)
    assert batch.seed_lots == ("S-7",)
    batch = received(received(batch, FEED, NOW + 3), FEED, NOW + 4)
    assert batch.inputs == (Input(lot="N-3", at=NOW + 3),)


def test_a_lot_in_use_at_a_node_reaches_who_is_served_by_it():
    lot = opened(opened(FEED, "tank"), "tank")
    assert lot.nodes == ("tank",)
    assert served(sown(), (lot, SEED), frozenset({"level_1", "tank"}), NOW).inputs
    assert not served(sown(), (lot,), frozenset({"level_1"}), NOW).inputs
    assert closed(lot, "tank").nodes == ()
    assert refusal(closed, FEED, "tank").key == "lot_not_used"


@pytest.mark.parametrize(
    ("changes", "key"), [({"id": " "}, "lot_id"), ({"amount": -1.0}, "lot_amount")]
)
def test_a_lot_that_cannot_be_is_refused(changes, key):
    values = {"id": "S", "kind": LotKind.SEED, "title": "", "received_at": NOW, **changes}
    assert refusal(check_lot, Lot(**values)).key == key
