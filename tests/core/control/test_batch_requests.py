"""Batches in the running farm: moved, split, merged, transplanted, harvested in parts, traced."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe, setpoint
from tests.core.tank import tank_farm
from vfarm_core.batches.lifecycle import plan, sow
from vfarm_core.batches.lots import Lot, LotKind
from vfarm_core.batches.model import Batch, BatchState
from vfarm_core.batches.places import taken
from vfarm_core.control import keep
from vfarm_core.control.effects import Answer
from vfarm_core.control.inputs import (
    CloseLot,
    CutBatch,
    FailBatch,
    Harvest,
    LosePlants,
    MergeBatches,
    MoveBatch,
    ReceiveLot,
    Request,
    SowBatch,
    SplitBatch,
    StartBatch,
    Transplant,
    UseLot,
)
from vfarm_core.farm.roles import Role
from vfarm_core.recipes.model import ClimateQuantity, PhaseKind

HOUR = 3600.0


def batch(bench: Bench, key: str = "batch_1") -> Batch:
    return bench.runtime.memory.batches[key]


def sites(bench: Bench, key: str = "batch_1") -> dict[str, int]:
    return {p.level_id: p.sites for p in batch(bench, key).placements}


def move(**changes: Any) -> MoveBatch:
    values = {"batch": "batch_1", "from_level": "level_1", "to_level": "level_2", "by": "Ann"}
    return MoveBatch(**{**values, **changes})


def test_light_follows_a_batch_that_is_moved(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert bench.on("level_1.grow_light")
    answer = bench.ask(move(why="lamp is being cleaned"))
    assert answer.data["sites"] == {"level_2": 18}
    low, mid, high = answer.data["forecast_kg"]
    assert 0 < low < mid < high
    assert answer.data["ready_low_at"] < answer.data["expected_harvest_at"]
    assert answer.data["expected_harvest_at"] < answer.data["ready_high_at"]
    bench.advance(HOUR)
    assert not bench.on("level_1.grow_light")
    assert bench.on("level_2.grow_light")
    told = bench.journal.of("batch_moved")[-1]
    assert (told["by"], told["why"], told["sites"]) == ("Ann", "lamp is being cleaned", 18)
    assert told["placements"] == [
        {
            "level": "level_2",
            "sites": 18,
            "area_m2": 0.6,
            "served_by": ["rack", "zone", "circuit", "pump", "tank"],
        }
    ]


def test_a_part_of_a_level_is_moved(bench: Bench) -> None:
    bench.start_batch()
    assert bench.ask(move(sites=5)).refused is None
    assert sites(bench) == {"level_1": 13, "level_2": 5}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"batch": "none"}, "batch_unknown"),
        ({"to_level": "level_9"}, "level_unknown"),
        ({"from_level": "level_2"}, "batch_level_not_held"),
        ({"to_level": "level_1"}, "batch_level_twice"),
        ({"sites": 19}, "batch_sites"),
    ],
)
def test_an_impossible_move_is_refused_and_changes_nothing(
    bench: Bench, changes: dict[str, Any], key: str
) -> None:
    bench.start_batch()
    before = bench.runtime.memory.batches
    assert bench.ask(move(**changes)).refused == key
    assert bench.runtime.memory.batches == before


def test_a_move_to_a_full_level_is_refused(bench: Bench) -> None:
    bench.start_batch()
    bench.start_batch(["level_2"], id="batch_2", sites=30)
    answer = bench.ask(move())
    assert answer.refused == "sites_exceeded"
    assert answer.params == {"level": "level_2", "asked": "18", "free": "6", "sites": "36"}
    assert sites(bench) == {"level_1": 18}


def test_a_split_goes_on_as_two_batches_with_one_recipe(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(3 * 24 * HOUR)
    answer = bench.ask(
        SplitBatch(batch="batch_1", new="batch_2", sites={"level_1": 8}, title="Shop", by="Ann")
    )
    assert answer.data["new"]["plants"] == 8
    assert (batch(bench).plants, batch(bench, "batch_2").plants) == (10, 8)
    assert bench.journal.of("batch_split")[-1]["other"] == "batch_2"
    began = bench.journal.of("batch_started")[-1]
    assert (began["batch"], began["parents"]) == ("batch_2", [{"batch": "batch_1", "plants": 8}])
    bench.advance(7 * 24 * HOUR + 300)
    # Both pass into the next phase by themselves.
    assert {batch(bench).phase_index, batch(bench, "batch_2").phase_index} == {1}


def test_a_split_needs_an_id_of_its_own(bench: Bench) -> None:
    bench.start_batch()
    request = SplitBatch(batch="batch_1", new="batch_1", sites={"level_1": 8})
    assert bench.ask(request).refused == "batch_exists"


def test_a_merged_batch_ends_in_the_other_one(bench: Bench) -> None:
    bench.start_batch(sites=10)
    bench.start_batch(["level_1"], id="batch_2", sites=10)
    assert bench.ask(MergeBatches(batch="batch_1", other="batch_2", by="Ann")).refused is None
    assert sites(bench) == {"level_1": 20}
    assert batch(bench).plants == 20
    assert batch(bench, "batch_2").state is BatchState.MERGED
    assert bench.ask(Harvest(batch="batch_2")).refused == "batch_not_growing"
    bench.advance(11 * 24 * HOUR)
    assert batch(bench, "batch_2").phase_index == 0


def test_batches_of_different_phases_are_not_merged(bench: Bench) -> None:
    bench.start_batch(sites=10)
    bench.advance(10 * 24 * HOUR + 300)
    bench.start_batch(["level_1"], id="batch_2", sites=10)
    assert bench.ask(MergeBatches(batch="batch_1", other="batch_2")).refused == "batch_merge_phase"


def wide() -> Any:
    """A recipe whose plants get twice the room in the second phase."""
    return bench_recipe(
        phases=(
            bench_phase("young", PhaseKind.PROPAGATION),
            bench_phase("full", PhaseKind.VEGETATIVE, days=20.0, density_plants_m2=15.0),
        )
    )


def test_transplanting_gives_plants_the_room_of_the_next_phase(bench: Bench) -> None:
    bench.start_batch(recipe=wide())
    answer = bench.ask(Transplant(batch="batch_1", levels=("level_2",), by="Ann"))
    assert answer.refused is None
    # 18 plants at 15 per m² on 1.2 m² with 36 sites.
    assert sites(bench) == {"level_2": 36}
    assert batch(bench).phase_index == 1
    assert answer.data["plants_m2"] == 15.0
    assert {"phase_changed", "batch_transplanted"} <= set(bench.kinds())


def test_transplanting_without_room_is_refused_unless_a_person_sets_them_closer(
    bench: Bench,
) -> None:
    bench.start_batch(recipe=wide(), sites=36)
    answer = bench.ask(Transplant(batch="batch_1", levels=("level_2",)))
    assert answer.refused == "batch_no_room"
    assert answer.params["fits"] == "18"
    assert (batch(bench).phase_index, sites(bench)) == (0, {"level_1": 36})
    assert bench.ask(Transplant(batch="batch_1", levels=("level_1", "level_2"))).refused is None
    assert sites(bench) == {"level_1": 36, "level_2": 36}


def test_a_batch_can_be_respaced_where_it_stands(bench: Bench) -> None:
    bench.start_batch(recipe=wide())
    request = Transplant(batch="batch_1", plants_m2=20.0, advance=False)
    assert bench.ask(request).refused is None
    assert sites(bench) == {"level_1": 27}
    assert batch(bench).phase_index == 0


def test_parts_are_harvested_until_the_last_one_ends_the_batch(bench: Bench) -> None:
    bench.start_batch()
    cut = CutBatch(batch="batch_1", plants=6, grades={"A": 0.8, "B": 0.1}, waste_kg=0.05)
    answer = bench.ask(cut)
    assert answer.data["lot"] == "batch_1.1"
    assert (answer.data["taken"], answer.data["plants"]) == (6, 12)
    assert sites(bench) == {"level_1": 12}
    told = bench.journal.of("batch_cut")[-1]
    assert (told["kg"], told["grades"], told["waste_kg"]) == (0.9, {"A": 0.8, "B": 0.1}, 0.05)
    end = bench.ask(Harvest(batch="batch_1", kg=1.6))
    assert (end.data["lot"], end.data["kg"], end.data["kg_in_all"]) == ("batch_1.2", 1.6, 2.5)


def test_fruits_are_picked_and_leaves_are_not(bench: Bench) -> None:
    bench.start_batch()
    picked = CutBatch(batch="batch_1", kg=0.4)
    assert bench.ask(picked).refused == "batch_not_regrowing"
    fruits = bench_recipe(phases=(bench_phase("fruits", PhaseKind.FRUITING),))
    bench.start_batch(["level_2"], id="batch_2", recipe=fruits)
    assert bench.ask(CutBatch(batch="batch_2", kg=0.4)).refused is None
    assert batch(bench, "batch_2").plants == 18


def test_losing_every_plant_ends_the_batch_and_its_light(bench: Bench) -> None:
    bench.start_batch()
    bench.advance(2 * HOUR)
    assert bench.ask(LosePlants(batch="batch_1", plants=3, why="rot", by="Ann")).refused is None
    assert batch(bench).plants == 15
    assert bench.journal.of("batch_loss")[-1]["why"] == "rot"
    assert bench.ask(LosePlants(batch="batch_1", plants=15, why="rot")).data["state"] == "failed"
    assert not bench.on("level_1.grow_light")
    assert "batch_failed" in bench.kinds()


def test_a_batch_is_given_up_with_a_reason(bench: Bench) -> None:
    bench.start_batch()
    assert bench.ask(FailBatch(batch="batch_1", why=" ")).refused == "batch_loss_reason"
    assert bench.ask(FailBatch(batch="batch_1", why="Pythium", by="Ann")).refused is None
    assert batch(bench).state is BatchState.FAILED
    assert bench.ask(FailBatch(batch="batch_1", why="again")).refused == "batch_ended"


def planned(bench: Bench, sites: int = 18, in_s: float = 24 * HOUR) -> Answer:
    recipe = bench_recipe()
    made = plan(
        id="batch_9",
        recipe=recipe,
        plants=sites,
        placements={"level_1": sites},
        at=bench.clock.farm + in_s,
    )
    return bench.ask(StartBatch(batch=made, recipe=recipe, by="Ann"))


def test_a_planned_batch_takes_no_sites_until_it_is_sown(bench: Bench) -> None:
    assert planned(bench).data["state"] == "planned"
    bench.advance(2 * HOUR)
    assert not bench.on("level_1.grow_light")
    bench.start_batch(sites=36)
    assert bench.ask(SowBatch(batch="batch_9")).refused == "sites_exceeded"
    assert batch(bench, "batch_9").state is BatchState.PLANNED
    bench.ask(Harvest(batch="batch_1"))
    assert bench.ask(SowBatch(batch="batch_9", by="Ann")).refused is None
    assert batch(bench, "batch_9").sown_at == bench.clock.farm
    bench.advance(10 * 24 * HOUR + 300)
    assert batch(bench, "batch_9").phase_index == 1
    assert bench.ask(SowBatch(batch="batch_9")).refused == "batch_not_planned"


def test_nothing_is_planned_for_a_time_that_has_passed(bench: Bench) -> None:
    assert planned(bench, in_s=-1.0).refused == "batch_past"
    assert not bench.runtime.memory.batches
    assert planned(bench, in_s=0.0).refused is None


def test_a_planned_batch_that_cannot_share_the_room_is_refused_when_it_is_sown(
    bench: Bench,
) -> None:
    hot = bench_recipe(
        phases=(
            bench_phase(
                "young",
                PhaseKind.PROPAGATION,
                climate={ClimateQuantity.AIR_TEMPERATURE: setpoint(36, 36, 1, 2)},
            ),
        )
    )
    made = plan(id="hot", recipe=hot, plants=4, placements={"level_2": 4}, at=bench.clock.farm)
    assert bench.ask(StartBatch(batch=made, recipe=hot)).refused is None
    bench.start_batch()
    before = bench.runtime.memory.batches
    answer = bench.ask(SowBatch(batch="hot"))
    assert answer.refused == "limits_disjoint"
    assert answer.params["quantity"] == "air_temperature"
    assert bench.runtime.memory.batches == before


class TestLots:
    def receive(self, bench: Bench, key: str, kind: LotKind) -> Answer:
        lot = Lot(id=key, kind=kind, title=key, received_at=bench.clock.farm)
        return bench.ask(ReceiveLot(lot=lot, by="Ann"))

    def test_seed_is_given_to_a_batch(self, bench: Bench) -> None:
        bench.start_batch()
        assert self.receive(bench, "S-1", LotKind.SEED).refused is None
        assert self.receive(bench, "S-1", LotKind.SEED).refused == "lot_exists"
        assert bench.ask(UseLot(lot="S-1", batch="batch_1")).refused is None
        assert batch(bench).seed_lots == ("S-1",)
        split = SplitBatch(batch="batch_1", new="batch_2", sites={"level_1": 8})
        bench.ask(split)
        assert batch(bench, "batch_2").seed_lots == ("S-1",)

    def test_who_drinks_from_a_tank_has_received_its_lots(self, bench: Bench) -> None:
        bench.start_batch()
        self.receive(bench, "N-1", LotKind.NUTRIENT)
        assert bench.ask(UseLot(lot="N-1", node="tank")).data["batches"] == ["batch_1"]
        bench.start_batch(["level_2"], id="batch_2")
        assert [used.lot for used in batch(bench, "batch_2").inputs] == ["N-1"]
        assert bench.ask(CloseLot(lot="N-1", node="tank")).refused is None
        bench.start_batch(["level_2"], id="batch_3")
        assert batch(bench, "batch_3").inputs == ()

    @pytest.mark.parametrize(
        ("request_", "key"),
        [
            (UseLot(lot="X", batch="batch_1"), "lot_unknown"),
            (UseLot(lot="S-1"), "lot_needs_place"),
            (UseLot(lot="S-1", batch="batch_1", node="tank"), "lot_needs_place"),
            (UseLot(lot="S-1", node="tank"), "lot_seed"),
            (UseLot(lot="N-1", node="nowhere"), "node_unknown"),
            (UseLot(lot="N-1", batch="none"), "batch_unknown"),
            (UseLot(lot="N-1", point="zone.heater"), "doser_unknown"),
            (CloseLot(lot="N-1", node="tank"), "batch_lot_not_used"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, bench: Bench, request_: Request, key: str
    ) -> None:
        bench.start_batch()
        self.receive(bench, "S-1", LotKind.SEED)
        self.receive(bench, "N-1", LotKind.NUTRIENT)
        assert bench.ask(request_).refused == key

    def test_a_batch_is_not_sown_of_seed_that_never_came_in(self, bench: Bench) -> None:
        recipe = bench_recipe()
        sown = sow(
            id="b",
            recipe=recipe,
            plants=4,
            placements={"level_1": 4},
            at=bench.clock.farm,
            seed_lot="S-9",
        )
        assert bench.ask(StartBatch(batch=sown, recipe=recipe)).refused == "lot_unknown"
        self.receive(bench, "S-9", LotKind.SEED)
        assert bench.ask(StartBatch(batch=sown, recipe=recipe)).refused is None
        assert bench.journal.of("batch_started")[-1]["seed_lot"] == "S-9"

    def test_the_lot_in_a_dosing_pump_takes_the_place_of_the_one_before(self) -> None:
        bench = Bench(tank_farm())
        (pump, *_) = bench.farm.of("tank", Role.DOSING_PUMP_NUTRIENT_A)
        bench.start_batch()
        for key in ("N-1", "N-2"):
            self.receive(bench, key, LotKind.NUTRIENT)
            assert bench.ask(UseLot(lot=key, point=pump.id)).data["batches"] == ["batch_1"]
        lots = bench.runtime.memory.lots
        assert (lots["N-1"].points, lots["N-1"].nodes) == ((), ())
        assert (lots["N-2"].points, lots["N-2"].nodes) == ((pump.id,), ("tank",))
        assert [told["lot"] for told in bench.journal.of("lot_loaded")] == ["N-1", "N-2"]
        # How much of it they received is said by its doses.
        assert not bench.journal.of("lot_used")

    def test_lots_are_there_after_a_restart(self, bench: Bench) -> None:
        bench.start_batch()
        self.receive(bench, "N-1", LotKind.NUTRIENT)
        bench.ask(UseLot(lot="N-1", node="tank"))
        lots, batches = bench.runtime.memory.lots, bench.runtime.memory.batches
        bench.restart()
        assert bench.runtime.memory.lots == lots
        assert bench.runtime.memory.batches == batches


level_ids = st.sampled_from(["level_1", "level_2", "level_3"])


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_asked_no_plant_is_lost_and_no_site_is_taken_twice(data: Any) -> None:
    bench = Bench(bench_farm(levels=3))
    bench.start_batch(["level_1"], id="a", sites=20)
    bench.start_batch(["level_2", "level_3"], id="b", sites=18)
    memory = bench.runtime.memory
    plants = sum(b.plants for b in memory.batches.values())
    for step in range(data.draw(st.integers(1, 10))):
        memory = bench.runtime.memory
        living = sorted(key for key, b in memory.batches.items() if b.is_growing)
        key = data.draw(st.sampled_from(living))
        where = data.draw(st.sampled_from(memory.batches[key].levels))
        count = data.draw(st.integers(1, 30))
        request = data.draw(
            st.sampled_from(
                (
                    MoveBatch(
                        batch=key, from_level=where, to_level=data.draw(level_ids), sites=count
                    ),
                    SplitBatch(batch=key, new=f"n{step}", sites={where: count}),
                    MergeBatches(batch=key, other=data.draw(st.sampled_from(living))),
                    Transplant(batch=key, levels=(where, data.draw(level_ids)), advance=False),
                )
            )
        )
        answer = bench.ask(request)
        if answer.refused is not None:
            assert bench.runtime.memory.batches == memory.batches
        now = bench.runtime.memory
        living_now = [b for b in now.batches.values() if b.is_growing]
        assert sum(b.plants for b in living_now) == plants
        for level, used in taken(living_now).items():
            assert used <= bench.farm.level[level].sites
        assert keep.restore(bench.journal.slices()).batches == now.batches
