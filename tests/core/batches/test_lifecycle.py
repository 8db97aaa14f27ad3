"""The life of a batch, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vfarm_core.batches.lifecycle import (
    DAY_S,
    BatchError,
    advance_phase,
    change_recipe,
    due_phase,
    fail,
    harvest,
    plan,
    repinned,
    reschedule,
    sow,
    start,
)
from vfarm_core.batches.model import Batch, BatchState, Placement, Reservation
from vfarm_core.batches.places import move
from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.version import content_hash

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
    }
    return sow(**{**values, **changes})


def refusal(call, *args, **kwargs) -> BatchError:
    with pytest.raises(BatchError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_a_sown_batch_is_pinned_to_its_recipe_and_stands_on_its_levels():
    batch = sown()
    assert batch.state is BatchState.SOWN
    assert batch.is_growing
    assert (batch.recipe_id, batch.recipe_version) == (LETTUCE.id, LETTUCE.version)
    assert (batch.crop, batch.cultivar, batch.title) == ("lettuce", None, "Butterhead lettuce")
    assert batch.placements == (
        Placement(level_id="level_1", sites=24, since=NOW),
        Placement(level_id="level_2", sites=16, since=NOW),
    )
    assert batch.levels == ("level_1", "level_2")
    assert (batch.sown_at, batch.phase_index, batch.phase_started_at) == (NOW, 0, NOW)
    assert batch.ended_at is None


def test_a_name_and_a_cultivar_of_ones_own():
    batch = sown(recipe=BASIL, title="Table 3", cultivar="Nufar")
    assert (batch.title, batch.cultivar) == ("Table 3", "Nufar")
    assert sown(recipe=BASIL).cultivar == "Genovese"


@pytest.mark.parametrize(
    ("days_ago", "index", "state", "phase_day"),
    [
        (0.5, 0, BatchState.SOWN, 0),
        (1, 1, BatchState.GROWING, 1),
        (14.5, 2, BatchState.GROWING, 11),
        (35, 3, BatchState.GROWING, 21),
    ],
)
def test_a_batch_sown_before_stands_where_the_plan_says(days_ago, index, state, phase_day):
    batch = sown(days_ago=days_ago)
    assert batch.sown_at == NOW - days_ago * DAY_S
    assert (batch.phase_index, batch.state) == (index, state)
    assert batch.phase_started_at == batch.sown_at + phase_day * DAY_S
    assert due_phase(batch, LETTUCE, NOW) == index


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"plants": 0}, "plants"),
        ({"placements": {}}, "no_level"),
        ({"placements": {"level_1": 0}}, "sites"),
        ({"placements": {"level_1": -3}}, "sites"),
        ({"days_ago": -1}, "days_ago"),
        ({"days_ago": 36}, "days_ago"),
        ({"days_ago": float("nan")}, "days_ago"),
    ],
)
def test_sowing_nonsense_is_refused(changes, key):
    assert refusal(sown, **changes).key == key


def test_a_planned_batch_is_sown_when_its_day_comes():
    planned = plan(id="b1", recipe=LETTUCE, plants=40, placements={"l": 40}, at=NOW)
    assert planned.state is BatchState.PLANNED
    assert not planned.is_growing
    assert due_phase(planned, LETTUCE, NOW + 90 * DAY_S) == 0
    started = start(planned, NOW + 60)
    assert started.is_growing
    assert started.sown_at == started.phase_started_at == started.placements[0].since == NOW + 60
    assert refusal(start, started, NOW).key == "not_planned"


def test_phases_are_due_by_their_days_from_when_the_present_one_began():
    batch = sown()
    days = (0, 0.999, 1, 10.9, 11, 21, 100)
    assert [due_phase(batch, LETTUCE, NOW + d * DAY_S) for d in days] == [0, 0, 1, 1, 2, 3, 3]
    late = replace(batch, phase_started_at=NOW + 5 * DAY_S)
    assert due_phase(late, LETTUCE, NOW + 5.5 * DAY_S) == 0


def test_a_phase_advanced_by_hand_shifts_what_follows():
    batch = advance_phase(sown(), LETTUCE, NOW + 3 * DAY_S)
    assert (batch.phase_index, batch.state) == (1, BatchState.GROWING)
    assert due_phase(batch, LETTUCE, NOW + 12.9 * DAY_S) == 1
    assert due_phase(batch, LETTUCE, NOW + 13 * DAY_S) == 2


def test_due_never_takes_a_phase_back():
    early = advance_phase(sown(), LETTUCE, NOW + 60)
    assert due_phase(early, LETTUCE, NOW) == 1


def test_the_last_phase_has_no_next():
    error = refusal(advance_phase, sown(days_ago=30), LETTUCE, NOW)
    assert error.key == "last_phase"
    assert error.params == {"batch": "Butterhead lettuce", "phase": "raft_2"}
    assert str(error) == "last phase: batch Butterhead lettuce, phase raft_2"


def test_another_version_of_the_recipe_is_refused():
    other = replace(LETTUCE, version="0" * 64)
    assert refusal(advance_phase, sown(), other, NOW).key == "recipe_mismatch"
    assert refusal(due_phase, sown(), other, NOW).key == "recipe_mismatch"


def test_time_does_not_run_backwards():
    batch = sown()
    for call in (
        lambda: advance_phase(batch, LETTUCE, NOW - 1),
        lambda: harvest(batch, NOW - 1, 1.0),
        lambda: move(batch, "level_1", "level_3", NOW - 1),
    ):
        assert refusal(call).key == "time"


def test_a_whole_level_moves():
    batch = move(sown(), "level_1", "level_3", NOW + 60)
    assert batch.placements == (
        Placement(level_id="level_2", sites=16, since=NOW),
        Placement(level_id="level_3", sites=24, since=NOW + 60),
    )


def test_a_part_moves_and_joins_what_stands_there():
    batch = move(sown(), "level_1", "level_2", NOW + 60, sites=4)
    assert {p.level_id: p.sites for p in batch.placements} == {"level_1": 20, "level_2": 20}
    assert batch.placements[1].since == NOW


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (("level_9", "level_3", NOW), "level_not_held"),
        (("level_1", "level_1", NOW), "level_twice"),
        (("level_1", "level_3", NOW, 25), "sites"),
        (("level_1", "level_3", NOW, 0), "sites"),
    ],
)
def test_impossible_moves_are_refused(args, key):
    assert refusal(move, sown(), *args).key == key


def test_a_harvest_ends_the_batch():
    batch = harvest(sown(), NOW + 35 * DAY_S, 5.7, "crisp")
    assert batch.state is BatchState.HARVESTED
    assert not batch.is_growing
    assert batch.harvest is not None
    assert (batch.harvest.kg, batch.harvest.note) == (5.7, "crisp")
    assert batch.ended_at == NOW + 35 * DAY_S
    for call in (
        lambda: harvest(batch, NOW, 1.0),
        lambda: advance_phase(batch, LETTUCE, NOW),
        lambda: move(batch, "level_1", "level_3", NOW),
    ):
        error = refusal(call)
        assert (error.key, error.params["state"]) == ("not_growing", "harvested")
    assert refusal(fail, batch, NOW, "too late").key == "ended"


def test_a_harvest_need_not_be_weighed():
    batch = harvest(sown(), NOW, None)
    assert batch.harvest is not None
    assert batch.harvest.kg is None


@pytest.mark.parametrize("kg", [-0.1, float("nan"), float("inf")])
def test_an_impossible_weight_is_refused(kg):
    assert refusal(harvest, sown(), NOW, kg).key == "kg"


def test_a_batch_can_be_given_up_also_before_it_is_sown():
    batch = fail(sown(), NOW + 60, "Pythium")
    assert batch.state is BatchState.FAILED
    assert batch.ended_at == NOW + 60
    assert batch.failure is not None
    assert batch.failure.reason == "Pythium"
    planned = plan(id="b2", recipe=LETTUCE, plants=1, placements={"l": 1}, at=NOW)
    assert fail(planned, NOW, "called off").state is BatchState.FAILED
    assert refusal(fail, batch, NOW, "again").key == "ended"


def test_places_that_are_kept_move_with_their_phase_to_another_version():
    first, *others = LETTUCE.phases
    # The new version has a phase less before the one that the place is kept for.
    new = replace(LETTUCE, phases=(first, *others[1:]), parent=LETTUCE.version)
    new = replace(new, version=content_hash(new))
    kept = tuple(
        Reservation(phase_index=index, level_id=f"level_{index}", sites=10) for index in (1, 2)
    )
    batch = replace(sown(), reserved=kept)
    for moved in (
        change_recipe(batch, LETTUCE, new, NOW, 0.0),
        repinned(batch, LETTUCE, new, NOW),
    ):
        assert moved.recipe_version == new.version
        assert moved.reserved == (Reservation(phase_index=1, level_id="level_2", sites=10),)


def test_only_a_planned_batch_is_sown_another_day():
    batch = plan(
        id="b", recipe=LETTUCE, plants=4, placements={"level_1": 4}, at=NOW + DAY_S, by="Ann"
    )
    later = reschedule(batch, NOW + 3 * DAY_S, NOW, by="Ben", why="seed is late")
    assert (later.sown_at, later.phase_started_at) == (NOW + 3 * DAY_S, NOW + 3 * DAY_S)
    assert {placement.since for placement in later.placements} == {NOW + 3 * DAY_S}
    assert (later.history[-1].by, later.history[-1].why) == ("Ben", "seed is late")
    assert refusal(reschedule, batch, NOW - 1.0, NOW).key == "past"
    assert refusal(reschedule, batch, float("nan"), NOW).key == "past"
    assert refusal(reschedule, sown(), NOW + DAY_S, NOW).key == "not_planned"
