"""A small history: two seed lots, a nutrient lot, a split, three harvests, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.core.ledger.conftest import postgresql, where
from tests.core.ledger.history import DAY_S, HOUR_S, T0, hour, sow, tell
from vfarm_core.ledger.store import Ledger

__all__ = ["postgresql", "where"]


@pytest.fixture
def ledger(where) -> Iterator[Ledger]:
    """The history of basil and what came of it."""
    with closing(Ledger(where)) as made:
        grow(made)
        yield made


def grow(made: Ledger) -> None:
    seed = {"lot_kind": "seed", "name": "Genovese", "supplier": "Seeds & Co", "unit": "seeds"}
    tell(made, "lot_received", T0, lot="S1", amount=1000, **seed)
    tell(made, "lot_received", T0, lot="N1", lot_kind="nutrient", amount=10_000, unit="mL")
    tell(made, "lot_loaded", T0, lot="N1", point="tank.a")
    sow(made, "first", T0, seed_lot="S1", seeds=40)
    sow(made, "other", T0, level="upper", seed_lot="S2")
    both = {"first": 0.5, "other": 0.5}
    for n in range(1, 25):
        at = T0 + n * HOUR_S
        readings = {"air_temperature": [20.0 + n % 2, 19.0, 22.0, 3600.0]}
        used = {"cooling": 0.5}
        hour(made, "zone", at, readings=readings, energy_kwh=used, metered=True, shares=both)
        light = {"light_mol_m2": 0.5, "area_m2": 0.5, "energy_kwh": {"light": 0.2}}
        hour(made, "level", at, **light, shares={"first": 1.0})
    shot = {"node": "circuit", "planned_l": 10.0, "metered": True, "by": "schedule"}
    tell(made, "shot_ended", T0 + 3 * HOUR_S, delivered_l=10.0, shares=both, **shot)
    fill = {"node": "tank", "planned_l": 4.0, "by": "controller"}
    tell(made, "fill_ended", T0 + 4 * HOUR_S, delivered_l=4.0, shares=both, **fill)
    dose = {"node": "tank", "point": "tank.a", "role": "dosing_pump_nutrient_a"}
    tell(made, "dose_ended", T0 + 5 * HOUR_S, delivered_ml=30.0, shares=both, **dose)
    split = [{"batch": "first", "plants": 20}]
    sow(made, "second", T0 + DAY_S, level="lower", parents=split)
    tell(made, "labour_logged", T0 + DAY_S, batch="first", minutes=30, task="transplant")
    end = T0 + 2 * DAY_S
    tell(made, "batch_harvested", end, batch="first", lot="H1", kg=2.0, title="First", by="user:a")
    tell(made, "batch_harvested", end, batch="second", lot="H2", kg=1.0, title="Second")
    tell(made, "batch_harvested", end, batch="other", lot="H3", kg=None, title="Other")
