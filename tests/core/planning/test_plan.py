"""From orders back to sowing, levels and tasks: nothing is over-booked, nothing is left unsaid."""

from __future__ import annotations

import builtins
import datetime as dt
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.support import BENCH, bench_farm, bench_phase, bench_recipe, setpoint
from vfarm_core.batches.forecast import Outcome
from vfarm_core.batches.lifecycle import sow
from vfarm_core.farm.nodes import Farm, Rack, Zone
from vfarm_core.planning.model import Order, Plan, PlanningError, TaskKind, Why
from vfarm_core.planning.needs import Place, plants_for, stages
from vfarm_core.planning.plan import plan
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind, Recipe, Regrowth, Yield

START = dt.date(2026, 3, 2)


def recipe(
    key: str,
    *,
    days: tuple[float, float] = (10.0, 20.0),
    warm: bool = False,
    again: Regrowth | None = None,
) -> Recipe:
    """Close for some days, then at 15 plants per m²; 3 kg/m²."""
    climate = {ClimateQuantity.AIR_TEMPERATURE: setpoint(36, 36, 1, 2)} if warm else None
    more: dict[str, Any] = {} if climate is None else {"climate": climate}
    return bench_recipe(
        id=key,
        title=key.title(),
        regrowth=again,
        phases=(
            bench_phase(
                "young", PhaseKind.PROPAGATION, days=days[0], density_plants_m2=60.0, **more
            ),
            bench_phase("full", PhaseKind.VEGETATIVE, days=days[1], density_plants_m2=15.0, **more),
        ),
        expected_yield=Yield(low_kg_m2=2.5, high_kg_m2=3.6, provenance=BENCH),
    )


LEAF, HERB = recipe("leaf"), recipe("herb", days=(5.0, 12.0))
HOT = recipe("hot", warm=True)


def order(key: str, kg: float, day: int, *, of: Recipe = LEAF, early: int = 2) -> Order:
    return Order(id=key, recipe=of.id, kg=kg, date=START + dt.timedelta(days=day), early_days=early)


def made(*orders: Order, farm: Farm | None = None, **changes: Any) -> Plan:
    return plan(farm or bench_farm(levels=3), orders, (LEAF, HERB, HOT), START, **changes)


def check(found: Plan, farm: Farm, orders: tuple[Order, ...], gap: int = 1) -> None:
    """What holds of every plan."""
    recipes = {r.id: r for r in (LEAF, HERB, HOT)}
    assert {b.order for b in found.batches} | {c.order for c in found.conflicts} == {
        o.id for o in orders
    }
    assert len(found.batches) + len(found.conflicts) == len(orders)
    used: dict[tuple[str, int], int] = defaultdict(int)
    whose: dict[tuple[str, int], set[tuple[str, int]]] = defaultdict(set)
    wanted = {o.id: o for o in orders}
    for batch in found.batches:
        asked, known = wanted[batch.order], recipes[batch.recipe]
        due = (asked.date - START).days
        assert batch.kg >= asked.kg - 1e-6
        assert batch.sow_day >= 0
        assert due - asked.early_days <= batch.harvest_day <= due
        assert batch.harvest_day - batch.sow_day == 30 if known is LEAF else True
        for index, stage in enumerate(stages(known)):
            booked = [b for b in batch.bookings if b.stage == index]
            room = sum(stage.per_site(farm.level[b.level]) * b.sites for b in booked)
            assert room >= batch.plants - 1e-6
            assert all(b.from_day == batch.sow_day + stage.from_day for b in booked)
        for b in batch.bookings:
            for day in range(b.from_day, b.to_day):
                used[b.level, day] += b.sites
                whose[b.level, day].add((batch.recipe, batch.harvest_day))
    assert all(sites <= farm.level[level].sites for (level, _), sites in used.items())
    assert all(len(who) == 1 for who in whose.values())
    for (level, day), who in whose.items():
        for rest in range(1, gap + 1):
            after = whose.get((level, day + rest))
            # Between two crops a level rests.
            assert after is None or after == who
    for conflict in found.conflicts:
        assert conflict.order in conflict.text
        assert "{" not in conflict.text


def test_an_order_is_counted_back_to_its_sowing_and_transplanting() -> None:
    farm, wanted = bench_farm(levels=3), order("Shop", 2.0, 40)
    found = made(wanted, farm=farm)
    check(found, farm, (wanted,))
    (batch,) = found.batches
    assert (batch.sow_day, batch.harvest_day) == (10, 40)
    assert batch.plants == plants_for(LEAF, 2.0)[0]
    assert batch.kg_low < batch.kg < batch.kg_high
    assert found.optimal
    done = [(t.kind, t.day) for t in found.tasks if t.kind is not TaskKind.CLEAN]
    assert done == [(TaskKind.SOW, 10), (TaskKind.TRANSPLANT, 20), (TaskKind.HARVEST, 40)]
    assert found.tasks[0].date == dt.date(2026, 3, 12)
    assert found.tasks[-1].kind is TaskKind.CLEAN


def test_young_plants_stand_close_and_full_ones_wide() -> None:
    (batch,) = made(order("Shop", 2.0, 40)).batches
    young, full = (sum(b.sites for b in batch.bookings if b.stage == i) for i in (0, 1))
    assert full >= 3.5 * young


def test_two_orders_that_cannot_both_be_met_leave_the_one_that_is_worth_less() -> None:
    farm = bench_farm(levels=1)
    both = (order("Big", 2.5, 40, early=0), order("Small", 2.0, 41, early=0))
    found = made(*both, farm=farm)
    check(found, farm, both)
    assert [b.order for b in found.batches] == ["Big"]
    (conflict,) = found.conflicts
    assert conflict.why is Why.BUSY
    assert "Big" in conflict.text
    assert conflict.later is not None
    later = made(both[0], replace(both[1], date=conflict.later, early_days=0), farm=farm)
    assert not later.conflicts


def test_two_orders_of_one_crop_and_day_share_a_level() -> None:
    farm = bench_farm(levels=1)
    both = (order("A", 1.2, 40, early=0), order("B", 1.2, 40, early=0))
    found = made(*both, farm=farm)
    check(found, farm, both)
    assert not found.conflicts


def test_being_early_makes_room_and_is_avoided_where_it_does_not() -> None:
    farm = bench_farm(levels=2)
    first, second = order("A", 4.0, 60, early=0), order("B", 4.0, 61, early=5)
    found = made(first, second, farm=farm)
    check(found, farm, (first, second))
    assert {c.order for c in found.conflicts} <= {"A", "B"}
    assert made(second, farm=farm).batches[0].harvest_day == 61


@pytest.mark.parametrize(
    ("wanted", "why", "said"),
    [
        (order("X", 1.0, 20), Why.TOO_LATE, "needs 30 days"),
        (order("X", 900.0, 60), Why.TOO_BIG, "all levels for it together have 3.6"),
        (replace(order("X", 1.0, 60), recipe="moon"), Why.UNKNOWN_RECIPE, "no recipe moon"),
    ],
)
def test_what_is_not_possible_is_said_so_that_a_grower_understands(
    wanted: Order, why: Why, said: str
) -> None:
    (conflict,) = made(wanted).conflicts
    assert conflict.why is why
    assert said in conflict.text


def test_lamps_that_are_too_weak_are_no_place_for_a_crop() -> None:
    strong = bench_farm(levels=2)
    weak = replace(
        strong,
        levels=tuple(
            replace(level, fixture=replace(level.fixture, ppfd_full=100.0))
            for level in strong.levels
            if level.fixture is not None
        ),
    )
    (conflict,) = made(order("X", 1.0, 60), farm=weak).conflicts
    assert conflict.why is Why.NO_LEVEL
    assert "200 µmol/m²/s" in conflict.text


def growing(*levels: str, of: Recipe = LEAF) -> dict[str, Any]:
    at = dt.datetime.combine(START, dt.time(), tzinfo=dt.UTC).timestamp()
    batch = sow(
        id="old",
        recipe=of,
        plants=18 * len(levels),
        placements=dict.fromkeys(levels, 18),
        at=at,
        days_ago=0,
        title="Old one",
    )
    return {"batches": [batch], "pinned": {of.version: of}}


def test_what_grows_already_keeps_its_levels_until_its_harvest() -> None:
    farm = bench_farm(levels=1)
    (conflict,) = made(order("X", 1.0, 35, early=0), farm=farm, **growing("level_1")).conflicts
    assert (conflict.why, conflict.params["others"]) == (Why.BUSY, "Old one")
    # Thirty days of the old one, one of rest, thirty of the new one.
    assert conflict.later == START + dt.timedelta(days=61)
    assert made(order("X", 1.0, 61), farm=farm, **growing("level_1")).batches


def test_herbs_that_are_cut_again_stay_until_their_last_cut() -> None:
    farm = bench_farm(levels=1)
    often = Regrowth(phase="full", days=20.0, cuts=3, share=0.5, provenance=BENCH)
    for again, later in ((often, 30 + 2 * 20 + 1 + 30), (replace(often, cuts=None), None)):
        mint = recipe("mint", again=again)
        (conflict,) = made(
            order("X", 1.0, 45, early=0), farm=farm, **growing("level_1", of=mint)
        ).conflicts
        assert conflict.why is Why.BUSY
        found = None if later is None else START + dt.timedelta(days=later)
        assert conflict.later == found
        known = growing("level_1", of=mint)
        for_an_order = [replace(known["batches"][0], order="Shop")]
        whole = made(order("X", 1.0, 61), farm=farm, **{**known, "batches": for_an_order})
        assert whole.batches


def test_plants_are_counted_by_what_the_farm_harvested_before() -> None:
    poor = [Outcome(kg_m2=2.0, expected_kg_m2=4.0)] * 8
    usual = made(order("Shop", 1.0, 40)).batches[0]
    careful = made(order("Shop", 1.0, 40), history={"leaf": poor}).batches[0]
    assert careful.plants > 1.5 * usual.plants
    assert careful.kg == pytest.approx(usual.kg, rel=0.2)
    assert careful.kg_high / careful.kg_low < usual.kg_high / usual.kg_low


def test_crops_that_share_no_climate_do_not_share_a_room() -> None:
    farm = bench_farm(levels=3)
    both = (order("Cool", 2.0, 40, early=0), order("Warm", 1.0, 40, of=HOT, early=0))
    found = made(*both, farm=farm)
    check(found, farm, both)
    (conflict,) = found.conflicts
    assert (conflict.order, conflict.why) == ("Warm", Why.CLIMATE)
    assert "Cool" in conflict.text
    two = replace(
        farm,
        zones=(*farm.zones, Zone(id="second", name="Second room", volume_m3=40.0)),
        racks=(*farm.racks, Rack(id="other", name="Other", zone="second")),
        levels=(*farm.levels[:2], replace(farm.levels[2], rack="other")),
    )
    assert not made(*both, farm=two).conflicts


def test_a_batch_of_another_climate_closes_its_room() -> None:
    found = made(order("X", 1.0, 40, early=0), **growing("level_1", of=HOT))
    (conflict,) = found.conflicts
    assert (conflict.why, conflict.params["others"]) == (Why.CLIMATE, "Old one")


def test_what_stays_after_its_time_closes_its_room_as_long() -> None:
    herb = recipe("hot", warm=True, again=Regrowth(phase="full", days=20.0, provenance=BENCH))
    (conflict,) = made(order("X", 1.0, 90, early=0), **growing("level_1", of=herb)).conflicts
    assert (conflict.why, conflict.later) == (Why.CLIMATE, None)


@pytest.mark.parametrize(
    ("orders", "key"),
    [
        ((order("A", 0.0, 40),), "order"),
        ((order("A", 1.0, 40, early=-1),), "order"),
        ((order("A", 1.0, 40), order("A", 2.0, 50)), "order_twice"),
    ],
)
def test_orders_that_make_no_sense_are_refused(orders: tuple[Order, ...], key: str) -> None:
    with pytest.raises(PlanningError) as caught:
        made(*orders)
    assert caught.value.key == key


def test_without_the_solver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(PlanningError) as caught:
        made(order("A", 1.0, 40))
    assert caught.value.key == "library_missing"
    assert "vfarm-core[optim]" in str(caught.value)


def test_stages_are_whole_days_without_a_hole() -> None:
    odd = recipe("odd", days=(3.4, 7.3))
    first, second = stages(odd)
    assert (first.from_day, first.to_day) == (0, 3)
    assert (second.from_day, second.to_day) == (3, 11)
    place = Place(bench_farm(levels=1), (), START, 1)
    assert place.levels_for(first)


orders_of = st.builds(
    order,
    st.just("?"),
    st.floats(0.2, 6.0),
    st.integers(10, 70),
    of=st.sampled_from((LEAF, HERB, HOT)),
    early=st.integers(0, 3),
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(orders_of, min_size=1, max_size=6), st.integers(0, 2))
def test_no_plan_overbooks_a_level_and_every_order_is_met_or_explained(
    drawn: list[Order], gap: int
) -> None:
    farm = bench_farm(levels=3)
    wanted = tuple(replace(one, id=f"order {i}") for i, one in enumerate(drawn))
    found = made(*wanted, farm=farm, gap_days=gap, seconds=10.0)
    check(found, farm, wanted, gap)
