"""What a simulated farm tells is understood, and adds up to what the twin itself has counted."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.core.support import START, Bench, bench_farm
from vfarm_core.batches.lots import Lot, LotKind
from vfarm_core.control.inputs import (
    CutBatch,
    Harvest,
    LosePlants,
    MergeBatches,
    MoveBatch,
    ReceiveLot,
    Request,
    RunShot,
    SplitBatch,
    UseLot,
)
from vfarm_core.farm.build import check
from vfarm_core.farm.roles import Role
from vfarm_core.ledger.entries import Entry
from vfarm_core.ledger.schema import batches, dead_letters, hours, placements, stands, uses
from vfarm_core.ledger.store import Ledger
from vfarm_core.ledger.verify import verify
from vfarm_core.reports.trace import trace
from vfarm_core.twin.demo import demo_batches, demo_config, demo_farm, demo_recipes
from vfarm_core.twin.simulate import Simulation, first_checks

DAYS = 1.2


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    farm, recipes, config = demo_farm(), demo_recipes(), demo_config()
    by_version = {recipe.version: recipe for recipe in recipes.values()}
    made = Simulation(farm, demo_batches(START, recipes), by_version, start=START, config=config)
    for ready in first_checks(farm, config):
        made.runtime.request(ready)
    made.run_until(START + DAYS * 86400)
    made.runtime.flush()
    return made


def test_a_simulated_farm_is_understood_to_the_last_litre(
    simulation: Simulation, where: Path | str
) -> None:
    events = [
        Entry(origin=number, at=record.at, kind=record.kind, data=record.data)
        for number, record in enumerate(simulation.journal.events, 1)
    ]
    with closing(Ledger(where)) as ledger:
        for begin in range(0, len(events), 1000):
            ledger.append("twin", events[begin : begin + 1000])
        assert verify(ledger).intact
        with ledger.reading() as connection:
            assert connection.execute(select(dead_letters)).all() == []
            growing = simulation.runtime.memory.batches
            assert set(connection.scalars(select(batches.c.id))) == set(growing)
            assert {
                (row.batch, row.level, row.sites) for row in connection.execute(select(placements))
            } == {(b.id, p.level_id, p.sites) for b in growing.values() for p in b.placements}
            totals = {
                (row.resource, row.subsystem): row.total
                for row in connection.execute(
                    select(
                        uses.c.resource, uses.c.subsystem, func.sum(uses.c.amount).label("total")
                    ).group_by(uses.c.resource, uses.c.subsystem)
                )
            }
            lettuce = select(stands.c.node).where(stands.c.batch == "lettuce-1")
            measured = set(
                connection.scalars(select(hours.c.quantity).where(hours.c.node.in_(lettuce)))
            )
    twin = simulation.twin
    near = {"rel": 0.005}
    assert totals["energy_kwh", "light"] == pytest.approx(twin.energy_kwh["light"], **near)
    assert totals["energy_kwh", "pumps"] == pytest.approx(twin.energy_kwh["pumps"], **near)
    assert totals["water_l", "irrigation"] == pytest.approx(twin.litres["pumped"], **near)
    # Few fills in a day, each as good as its meter.
    assert totals["water_l", "fill"] == pytest.approx(twin.litres["refilled"], rel=0.01)
    assert {"air_temperature", "humidity", "co2", "light", "solution_ec"} <= measured


def test_what_people_are_told_of_a_shot_is_not_what_history_needs_of_it() -> None:
    """The shares of the batches are in the record, not in the event of automations."""
    bench = Bench(bench_farm())
    bench.start_batch(["level_1"], id="one", sites=27)
    bench.start_batch(["level_2"], id="two", sites=9)
    bench.ask(RunShot(circuit="circuit", duration_s=60.0))
    bench.advance(900)
    (record,) = [r.data for r in bench.journal.records if r.kind == "shot_ended"]
    assert record["shares"] == {"one": 0.75, "two": 0.25}
    (event,) = [e for e in bench.events if e.kind == "shot_ended"]
    assert "shares" not in event.params
    started = [r.data for r in bench.journal.records if r.kind == "batch_started"]
    assert started[0]["placements"] == [
        {
            "level": "level_1",
            "sites": 27,
            "area_m2": 0.9,
            "served_by": ["rack", "zone", "circuit", "pump", "tank"],
        }
    ]


def test_the_life_of_batches_is_traced_as_control_tells_it(where: Path | str) -> None:
    """Seed comes in, a batch is sown, split, moved, merged, cut, harvested: the seed lot leads to
    every harvest, and each harvest back to the seed."""
    bench = Bench(bench_farm(levels=3))
    ask(bench, ReceiveLot(lot=Lot(id="S1", kind=LotKind.SEED, title="Frillice", received_at=START)))
    bench.start_batch(["level_1"], id="first", sites=24)
    ask(bench, UseLot(lot="S1", batch="first"))
    bench.advance(3600)
    ask(bench, SplitBatch(batch="first", new="second", sites={"level_1": 12}))
    ask(bench, MoveBatch(batch="second", from_level="level_1", to_level="level_2"))
    bench.start_batch(["level_3"], id="third", sites=12)
    bench.advance(3600)
    ask(bench, MergeBatches(batch="second", other="third"))
    ask(bench, CutBatch(batch="second", plants=4, kg=0.5))
    ask(bench, LosePlants(batch="first", plants=2, why="damping off"))
    bench.advance(3600)
    for batch in ("first", "second"):
        ask(bench, Harvest(batch=batch, kg=1.0))
    events = [
        Entry(origin=number, at=record.at, kind=record.kind, data=record.data)
        for number, record in enumerate((r for r in bench.journal.records if r.key is None), 1)
    ]
    with closing(Ledger(where)) as ledger:
        ledger.append("bench", events)
        assert verify(ledger).intact
        with ledger.reading() as connection:
            assert connection.execute(select(dead_letters)).all() == []
            stood = connection.execute(
                select(placements.c.level, placements.c.sites)
                .where(placements.c.batch == "second")
                .order_by(placements.c.since, placements.c.level)
            ).all()
            assert connection.scalar(select(placements).where(placements.c.until.is_(None))) is None
        forward = trace(ledger, "S1")
        assert [(b.id, b.state) for b in forward.batches] == [
            ("first", "harvested"),
            ("second", "harvested"),
        ]
        assert len(forward.harvest_lots) == 3
        assert {tuple(row) for row in stood} >= {("level_2", 12)}
        for lot in forward.harvest_lots:
            back = trace(ledger, lot)
            assert "S1" in {found.id for found in back.lots}, lot
        second = next(b for b in forward.batches if b.id == "second")
        assert second.kg == pytest.approx(1.5)
        whole = trace(ledger, "second")
        assert set(whole.descent) == {("first", "second"), ("third", "second")}
        assert {b.id: b.state for b in whole.batches}["third"] == "merged"


def ask(bench: Bench, request: Request) -> None:
    answer = bench.ask(request)
    assert answer.refused is None, answer


def test_a_fill_without_a_meter_is_told_as_well_as_its_volume_can() -> None:
    """Single readings are off by 0.2 L, and a fill begins at the lowest of many."""
    farm, recipes, config = demo_farm(), demo_recipes(), demo_config()
    blind = (b for b in farm.bindings if b.role is not Role.FLOW or b.node in farm.pump)
    bindings = tuple(
        replace(b, declaration=replace(b.declaration, proved_by=None))
        if b.role is Role.FILL_VALVE and b.declaration is not None
        else b
        for b in blind
    )
    farm = check(replace(farm, bindings=bindings))
    by_version = {recipe.version: recipe for recipe in recipes.values()}
    made = Simulation(farm, demo_batches(START, recipes), by_version, start=START, config=config)
    for request in first_checks(farm, config):
        made.runtime.request(request)
    came: dict[str, float] = dict.fromkeys(made.twin.tanks, 0.0)
    off: list[tuple[float, float | None]] = []
    seen = 0
    while made.now < START + 4 * 86400:
        made.run_until(made.now + 60)
        for event in made.listener.events[seen:]:
            if event.kind == "fill_measured":
                true = made.twin.tanks[event.node].refilled - came[event.node]
                came[event.node] += true
                off.append((event.params["litres"] - true, event.params["plus_minus_l"]))
        seen = len(made.listener.events)
    assert len(off) >= 5
    assert max(abs(error) for error, _ in off) < 1.0
    assert abs(sum(error for error, _ in off) / len(off)) < 0.2, "neither more nor less"
    told = [(error, most) for error, most in off if most is not None]
    assert told
    assert all(abs(error) <= 1.5 * most for error, most in told)
