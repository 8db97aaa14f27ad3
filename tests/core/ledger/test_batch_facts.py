"""What control tells of batches is understood by the ledger, whatever was done to them."""

from __future__ import annotations

from sqlalchemy import select

from tests.core.support import Bench, bench_farm, bench_phase, bench_recipe
from vfarm_core.batches.lots import Lot, LotKind
from vfarm_core.control.inputs import (
    CutBatch,
    Harvest,
    LosePlants,
    MergeBatches,
    MoveBatch,
    ReceiveLot,
    SplitBatch,
    Transplant,
    UseLot,
)
from vfarm_core.ledger import schema
from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.store import Ledger
from vfarm_core.recipes.model import PhaseKind

from .test_facts import rows


def test_the_ledger_knows_where_plants_stood_how_many_and_what_they_came_of(
    ledger: Ledger,
) -> None:
    bench = Bench(bench_farm(levels=3))
    recipe = bench_recipe(
        phases=(
            bench_phase("young", PhaseKind.PROPAGATION),
            bench_phase("full", PhaseKind.VEGETATIVE, days=20.0, density_plants_m2=15.0),
        )
    )
    seed = Lot(id="S-1", kind=LotKind.SEED, title="Rex", received_at=0.0)
    feed = Lot(id="N-1", kind=LotKind.NUTRIENT, title="Part A", received_at=0.0)
    bench.start_batch(recipe=recipe)
    for request in (
        ReceiveLot(lot=seed),
        ReceiveLot(lot=feed),
        UseLot(lot="S-1", batch="batch_1"),
        UseLot(lot="N-1", node="tank"),
        MoveBatch(batch="batch_1", from_level="level_1", to_level="level_2", sites=9),
        SplitBatch(batch="batch_1", new="shop", sites={"level_2": 6}),
        LosePlants(batch="batch_1", plants=2, why="rot", level="level_1"),
        SplitBatch(batch="batch_1", new="late", sites={"level_1": 4}),
        MergeBatches(batch="shop", other="late"),
        Transplant(batch="shop", levels=("level_3",), advance=False, plants_m2=15.0),
        CutBatch(batch="shop", plants=4, grades={"A": 0.5, "B": 0.1}, waste_kg=0.02),
        Harvest(batch="shop", kg=0.9),
    ):
        bench.advance(60.0)
        answer = bench.ask(request)
        assert answer.refused is None, (request, answer)
    told = [r for r in bench.journal.records if r.key is None]
    ledger.append(
        "bench",
        [Entry(origin=i, at=r.at, kind=r.kind, data=r.data) for i, r in enumerate(told, 1)],
    )
    with ledger.reading() as connection:
        assert connection.execute(select(schema.dead_letters)).all() == []
    memory = bench.runtime.memory
    known = {row[0]: row[1:] for row in rows(ledger, schema.batches, "id", "plants", "state")}
    assert known["batch_1"] == (memory.batches["batch_1"].plants, "sown")
    assert known["late"] == (4, "merged")
    assert known["shop"] == (6, "harvested")
    stood = {
        (batch, level, sites, until is None)
        for batch, level, sites, until in rows(
            ledger, schema.placements, "batch", "level", "sites", "until"
        )
    }
    assert ("batch_1", "level_1", 18, False) in stood
    assert {(p.level_id, p.sites) for p in memory.batches["batch_1"].placements} == {
        (level, sites) for batch, level, sites, open_ in stood if batch == "batch_1" and open_
    }
    assert ("shop", "level_3", 20, False) in stood
    assert not [row for row in stood if row[0] in ("shop", "late") and row[3]]
    assert set(rows(ledger, schema.lineage, "child", "parent", "plants")) == {
        ("shop", "batch_1", 6),
        ("late", "batch_1", 4),
        ("shop", "late", 4),
    }
    assert {
        (lot, kg, waste)
        for lot, kg, waste in rows(ledger, schema.harvests, "lot", "kg", "waste_kg")
    } == {("shop.1", 0.6, 0.02), ("shop.2", 0.9, None)}
    assert {("S-1", "batch_1"), ("N-1", "batch_1")} <= set(
        rows(ledger, schema.lot_uses, "lot", "batch")
    )
