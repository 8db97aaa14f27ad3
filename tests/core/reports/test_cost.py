"""What a batch has cost, per kilogram, with nothing left out unseen."""

from __future__ import annotations

import pytest

from vfarm_core.ledger.store import Ledger
from vfarm_core.reports.batch import known_batches, summary
from vfarm_core.reports.cost import Tariffs, bill
from vfarm_core.reports.errors import ReportError, UnknownError
from vfarm_core.reports.trace import trace

TARIFFS = Tariffs(
    energy_kwh=0.30,
    water_m3=4.0,
    nutrient_l=6.0,
    ph_l=3.0,
    co2_h=1.0,
    seed=0.02,
    labour_h=24.0,
)


def test_a_bill_adds_up(ledger: Ledger) -> None:
    found = summary(ledger, "first")
    made = bill(found, TARIFFS, trace(ledger, "first").ingredients)
    costs = {(item.name, item.subsystem): item.cost for item in made.items}
    assert costs == {
        ("energy", "cooling"): pytest.approx(24 * 0.5 * 0.5 * 0.30),
        ("energy", "light"): pytest.approx(24 * 0.2 * 0.30),
        ("water", "fill"): pytest.approx(0.002 * 4.0),
        ("nutrients", "a"): pytest.approx(0.015 * 6.0),
        ("labour", "transplant"): pytest.approx(12.0),
        ("seed", "S1"): pytest.approx(0.8),
    }
    assert made.total == pytest.approx(sum(costs.values()))
    assert made.per_kg == pytest.approx(made.total / 2.0)
    assert made.unpriced == ()
    assert made.water_by == "fill"


def test_energy_that_was_measured_is_told_apart(ledger: Ledger) -> None:
    uses = {use.subsystem: use for use in summary(ledger, "first").uses}
    assert uses["cooling"].metered == pytest.approx(uses["cooling"].amount)
    assert uses["light"].metered == 0.0


def test_what_has_no_price_is_named_and_not_taken_for_free(ledger: Ledger) -> None:
    made = bill(summary(ledger, "first"), Tariffs(energy_kwh=0.30))
    assert set(made.unpriced) == {"water", "nutrients", "labour"}
    assert made.total == pytest.approx((24 * 0.25 + 24 * 0.2) * 0.30)


def test_a_batch_that_nobody_weighed_has_no_cost_per_kilogram(ledger: Ledger) -> None:
    found = summary(ledger, "other")
    assert found.kg is None
    assert bill(found, TARIFFS).per_kg is None


def test_batches_are_listed_and_unknown_ones_refused(ledger: Ledger) -> None:
    assert known_batches(ledger) == ["first", "other", "second"]
    with pytest.raises(UnknownError, match="nobody"):
        summary(ledger, "nobody")


@pytest.mark.parametrize("price", [-1.0, float("nan"), float("inf")])
def test_a_price_has_to_be_one(price: float) -> None:
    with pytest.raises(ReportError):
        Tariffs(seed=price)
