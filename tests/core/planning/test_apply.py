"""A plan that is carried out books its levels: the next one goes around it, and what has changed
meanwhile is not overrun."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import count
from typing import Any

from tests.core.planning.test_plan import HERB, LEAF, order
from tests.core.support import START, Bench, bench_farm
from vfarm_core.batches.model import Batch, BatchState
from vfarm_core.control.effects import Answer
from vfarm_core.control.inputs import (
    ApplyPlan,
    FailBatch,
    Reschedule,
    SowBatch,
    StartBatch,
    Transplant,
)
from vfarm_core.planning.apply import batches_of
from vfarm_core.planning.model import Order, Plan, Why
from vfarm_core.planning.plan import plan

TODAY = dt.datetime.fromtimestamp(START, dt.UTC).date()
RECIPES = {r.id: r for r in (LEAF, HERB)}
DAY = 86400.0


def planned(bench: Bench, *orders: Order, on: dt.date = TODAY) -> Plan:
    memory = bench.runtime.memory
    return plan(
        bench.runtime.farm,
        orders,
        RECIPES.values(),
        on,
        batches=memory.batches.values(),
        pinned=memory.recipes,
    )


def wish(bench: Bench, made: Plan, **changes: Any) -> ApplyPlan:
    numbers = count(1)
    batches = batches_of(
        made, bench.runtime.farm, RECIPES, lambda: f"planned_{next(numbers)}", by="Ann"
    )
    values: dict[str, Any] = {
        "batches": batches,
        "recipes": {r.version: r for r in RECIPES.values()},
        "farm": bench.runtime.farm,
        "seen": bench.runtime.memory.batches,
        "by": "Ann",
    }
    return ApplyPlan(**{**values, **changes})


def applied(bench: Bench, *orders: Order) -> tuple[Plan, Answer]:
    made = planned(bench, *orders)
    return made, bench.ask(wish(bench, made))


def batch(bench: Bench, key: str = "planned_1") -> Batch:
    return bench.runtime.memory.batches[key]


def test_a_plan_becomes_planned_batches_with_their_levels_kept() -> None:
    bench = Bench(bench_farm(levels=3))
    made, answer = applied(bench, order("Shop", 2.0, 40))
    assert answer.refused is None
    one, (asked,) = batch(bench), made.batches
    assert (one.state, one.order, one.plants) == (BatchState.PLANNED, "Shop", asked.plants)
    assert dt.datetime.fromtimestamp(one.sown_at, dt.UTC).date() == TODAY + dt.timedelta(10)
    assert {p.level_id: p.sites for p in one.placements} == {
        b.level: b.sites for b in asked.bookings if b.stage == 0
    }
    assert {(r.phase_index, r.level_id, r.sites) for r in one.reserved} == {
        (1, b.level, b.sites) for b in asked.bookings if b.stage == 1
    }
    (record,) = bench.journal.of("batch_planned")
    assert (record["by"], record["order"], record["sow_at"]) == ("Ann", "Shop", one.sown_at)


def test_what_is_planned_keeps_its_levels_from_the_next_plan() -> None:
    bench = Bench(bench_farm(levels=1))
    applied(bench, order("First", 2.0, 40, early=0))
    (conflict,) = planned(bench, order("Second", 2.0, 50, early=0)).conflicts
    assert conflict.why is Why.BUSY
    assert "First" in conflict.text
    assert conflict.later == TODAY + dt.timedelta(days=71)
    bench.ask(FailBatch(batch="planned_1", why="called off", by="Ann"))
    assert not planned(bench, order("Second", 2.0, 50, early=0)).conflicts


def test_room_before_a_planned_batch_is_used_and_one_day_too_few_is_not() -> None:
    bench = Bench(bench_farm(levels=1))
    applied(bench, order("First", 2.0, 48, early=0))
    # Sown on day 18: a herb of 17 days and a day of rest fit before it, a day later it does not.
    assert planned(bench, order("Herb", 0.8, 17, of=HERB, early=0)).batches
    late = planned(bench, order("Herb", 0.8, 18, of=HERB, early=0))
    assert late.conflicts[0].why is Why.BUSY


def test_a_batch_that_grows_keeps_the_levels_it_will_be_transplanted_to() -> None:
    bench = Bench(bench_farm(levels=3))
    applied(bench, order("Shop", 4.0, 30, early=0))
    assert bench.ask(SowBatch(batch="planned_1", by="Ann")).refused is None
    kept = set(batch(bench).levels_from(1))
    assert kept - set(batch(bench).levels)
    others = {x.id for x in bench.runtime.farm.levels} - kept
    for asked in planned(bench, order("Next", 1.2, 35)).batches:
        assert {b.level for b in asked.bookings} <= others


def test_plants_are_transplanted_to_where_the_plan_wants_them() -> None:
    bench = Bench(bench_farm(levels=3))
    applied(bench, order("Shop", 4.0, 30, early=0))
    bench.ask(SowBatch(batch="planned_1", by="Ann"))
    answer = bench.ask(Transplant(batch="planned_1", by="Ann"))
    assert answer.refused is None
    assert set(batch(bench).levels) == set(batch(bench).levels_from(1))


def test_a_plan_of_a_farm_that_has_changed_is_refused_as_a_whole() -> None:
    bench = Bench(bench_farm(levels=3))
    made = planned(bench, order("A", 1.0, 40), order("B", 1.0, 45))
    stale = wish(bench, made)
    bench.start_batch(["level_1"], id="new")
    answer = bench.ask(stale)
    assert answer.refused == "plan_outdated"
    assert set(bench.runtime.memory.batches) == {"new"}
    other = replace(bench.runtime.farm, name="Another")
    assert bench.ask(wish(bench, made, farm=other)).refused == "plan_outdated"
    assert bench.ask(wish(bench, made, batches=())).refused == "plan_empty"


def test_a_plan_that_is_applied_late_or_twice_is_refused() -> None:
    bench = Bench(bench_farm(levels=3))
    made = planned(bench, order("A", 1.0, 30, early=0))
    first = wish(bench, made)
    assert bench.ask(first).refused is None
    assert bench.ask(first).refused == "plan_outdated"
    assert bench.ask(wish(bench, made)).refused == "batch_exists"
    late = Bench(bench_farm(levels=3))
    made = planned(late, order("A", 1.0, 30, early=0))
    late.advance(3 * DAY)
    assert late.ask(wish(late, made)).refused == "plan_outdated"


def test_a_batch_of_a_plan_without_its_recipe_is_refused() -> None:
    bench = Bench(bench_farm(levels=3))
    made = planned(bench, order("A", 1.0, 40))
    assert bench.ask(wish(bench, made, recipes={})).refused == "recipe_mismatch"
    assert not bench.runtime.memory.batches


def test_a_planned_batch_is_sown_another_day_and_a_sown_one_is_not() -> None:
    bench = Bench(bench_farm(levels=3))
    applied(bench, order("Shop", 2.0, 40))
    later = batch(bench).sown_at + 3 * DAY
    answer = bench.ask(Reschedule(batch="planned_1", sow_at=later, why="seed is late", by="Ann"))
    assert answer.data["sow_at"] == later
    moved = batch(bench)
    assert (moved.sown_at, moved.history[-1].why) == (later, "seed is late")
    (record,) = bench.journal.of("batch_rescheduled")
    assert (record["now"], record["by"]) == (later, "Ann")
    past = Reschedule(batch="planned_1", sow_at=START - 1.0)
    assert bench.ask(past).refused == "batch_past"
    bench.ask(SowBatch(batch="planned_1", by="Ann"))
    assert bench.ask(Reschedule(batch="planned_1", sow_at=later)).refused == "batch_not_planned"
    assert bench.ask(Reschedule(batch="nobody", sow_at=later)).refused == "batch_unknown"


def test_a_batch_that_should_have_been_sown_is_taken_as_sown_on_the_first_day() -> None:
    bench = Bench(bench_farm(levels=1))
    made = planned(bench, order("Old", 2.0, 30, early=0))
    (old,) = wish(bench, made).batches
    overdue = replace(old, sown_at=bench.clock.farm, phase_started_at=bench.clock.farm)
    assert bench.ask(StartBatch(batch=overdue, recipe=LEAF, by="Ann")).refused is None
    bench.advance(5 * DAY)
    first = TODAY + dt.timedelta(days=5)
    (conflict,) = planned(bench, order("Next", 2.0, 40, early=0), on=first).conflicts
    assert conflict.later == first + dt.timedelta(days=61)
