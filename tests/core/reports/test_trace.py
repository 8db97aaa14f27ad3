"""A lot is followed both ways, and what its plants stood in is told with it."""

from __future__ import annotations

import pytest

from tests.core.ledger.history import sow, tell
from vfarm_core.ledger.store import Ledger
from vfarm_core.reports.errors import UnknownError
from vfarm_core.reports.trace import trace


def names(found):
    return [batch.id for batch in found.batches]


def test_a_seed_lot_leads_to_every_harvest_lot_also_over_a_split(ledger: Ledger) -> None:
    found = trace(ledger, "S1")
    assert found.kind == "input"
    assert names(found) == ["first", "second"]
    assert found.harvest_lots == ("H1", "H2")
    assert found.descent == (("first", "second"),)
    assert [(i.lot, i.batch, i.amount, i.unit) for i in found.ingredients] == [
        ("S1", "first", 40.0, "seeds")
    ]
    lots = {lot.id: lot for lot in found.lots}
    assert set(lots) == {"S1", "H1", "H2"}, "what else went in is not concerned"
    assert lots["S1"].supplier == "Seeds & Co"
    assert (lots["H1"].kind, lots["H1"].amount, lots["H1"].unit) == ("harvest", 2.0, "kg")


def test_a_harvest_lot_leads_back_to_everything_that_went_in(ledger: Ledger) -> None:
    found = trace(ledger, "H2")
    assert found.kind == "harvest"
    assert names(found) == ["first", "second"], "its batch, and what that was split from"
    assert {(i.lot, i.batch) for i in found.ingredients} == {("S1", "first"), ("N1", "first")}
    assert {lot.id for lot in found.lots} == {"S1", "N1", "H2"}


def test_a_nutrient_lot_leads_to_every_batch_that_was_dosed_with_it(ledger: Ledger) -> None:
    found = trace(ledger, "N1")
    assert set(found.harvest_lots) == {"H1", "H2", "H3"}
    assert sum(i.amount or 0.0 for i in found.ingredients) == pytest.approx(30.0)


def test_a_batch_is_followed_both_ways(ledger: Ledger) -> None:
    found = trace(ledger, "second")
    assert found.kind == "batch"
    assert names(found) == ["first", "second"]
    assert {lot.id for lot in found.lots} == {"S1", "N1", "H1", "H2"}


def test_the_conditions_received_come_with_it(ledger: Ledger) -> None:
    (first, _) = trace(ledger, "S1").batches
    air = first.conditions["air_temperature"]
    assert (air.mean, air.low, air.high) == (pytest.approx(20.5), 19.0, 22.0)
    assert air.covered_h == pytest.approx(24.0)
    # 24 h of 0.5 mol/m² on half a square metre that it took for two days.
    assert first.amount("light_mol") == pytest.approx(6.0)
    assert first.dli == pytest.approx(6.0)


def test_a_lot_that_nobody_received_is_traced_by_its_number(ledger: Ledger) -> None:
    found = trace(ledger, "S2")
    assert found.harvest_lots == ("H3",)
    assert [(lot.id, lot.kind) for lot in found.lots] == [("H3", "harvest"), ("S2", "")]


def test_a_lot_in_store_leads_nowhere_yet(ledger: Ledger) -> None:
    tell(ledger, "lot_received", lot="S9", lot_kind="seed")
    assert trace(ledger, "S9").batches == ()


def test_batches_that_came_of_each_other_in_a_circle_end(ledger: Ledger) -> None:
    sow(ledger, "a", parents=[{"batch": "b", "plants": 1}], seed_lot="S7")
    sow(ledger, "b", parents=[{"batch": "a", "plants": 1}])
    assert names(trace(ledger, "S7")) == ["a", "b"]


@pytest.mark.parametrize("name", ["nothing", "", "x' OR 1=1 --", "ü\0"])
def test_what_is_not_known_is_said(ledger: Ledger, name: str) -> None:
    with pytest.raises(UnknownError):
        trace(ledger, name)
