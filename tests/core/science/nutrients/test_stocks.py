"""Concentrates: calcium apart from sulfate and phosphate, and all of it dissolved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science.errors import RangeError
from vfarm_core.science.nutrients import targets
from vfarm_core.science.nutrients.ions import Ion
from vfarm_core.science.nutrients.report import StockWish, report
from vfarm_core.science.nutrients.salts import shipped
from vfarm_core.science.nutrients.solver import Problem
from vfarm_core.science.nutrients.stocks import Tank, plan_stocks

amounts = st.dictionaries(
    st.sampled_from(list(shipped().salts.values())), st.floats(1e-5, 3.0), min_size=1
)


def plan(**grams):
    return plan_stocks([(shipped().salts[salt_id], g) for salt_id, g in grams.items()])


@given(amounts)
def test_calcium_never_shares_a_concentrate_with_what_it_falls_out_with(weighed):
    for stock in plan_stocks(weighed.items()).stocks:
        if stock.tank not in (Tank.A, Tank.B):
            continue
        salts = [entry.salt for entry in stock.salts]
        calcium = any(salt.brings(Ion.CALCIUM) for salt in salts)
        enemies = any(salt.brings(ion) for salt in salts for ion in (Ion.SULFATE, Ion.PHOSPHATE))
        assert not (calcium and enemies)


@given(amounts, st.floats(1.0, 400.0), st.floats(1.0, 1000.0))
def test_every_salt_is_in_one_tank_with_its_grams(weighed, factor, volume):
    plan = plan_stocks(weighed.items(), factor, volume)
    entries = [(stock.tank, entry) for stock in plan.stocks for entry in stock.salts]
    assert sorted(entry.salt.id for _, entry in entries) == sorted(s.id for s in weighed)
    for tank, entry in entries:
        dilution = 1.0 if tank is Tank.DIRECT else factor
        assert entry.g_l == pytest.approx(weighed[entry.salt] * dilution)
        assert entry.g == pytest.approx(entry.g_l * volume)
        assert plan.tank_of(entry.salt.id) is tank


def test_the_usual_two_tanks():
    found = plan(
        calcium_nitrate_ag=0.8,
        potassium_nitrate=0.5,
        monopotassium_phosphate=0.14,
        magnesium_sulfate_heptahydrate=0.4,
        iron_dtpa_11=0.02,
        boric_acid=0.002,
        phosphoric_acid_85=0.1,
    )
    assert found.tank_of("calcium_nitrate_ag") is Tank.A
    assert found.tank_of("iron_dtpa_11") is Tank.A
    assert found.tank_of("magnesium_sulfate_heptahydrate") is Tank.B
    assert found.tank_of("monopotassium_phosphate") is Tank.B
    assert found.tank_of("boric_acid") is Tank.B
    assert found.tank_of("phosphoric_acid_85") is Tank.ACID
    assert found.tank_of("urea") is None


def test_gypsum_stands_in_no_concentrate():
    assert plan(calcium_sulfate_dihydrate=0.2).tank_of("calcium_sulfate_dihydrate") is Tank.DIRECT


def test_without_calcium_one_tank_is_enough():
    found = plan(potassium_nitrate=0.3, monopotassium_phosphate=0.1)
    assert [stock.tank for stock in found.stocks] == [Tank.B]


def test_a_stock_that_does_not_dissolve_is_told_with_what_would():
    problem = Problem(target=targets.published("ua_ceac_lettuce"), salts=shipped().pick(["common"]))
    found = report(problem, StockWish(factor=400, temperature_c=5))
    (issue,) = [i for i in found.issues if i.facts.get("salt") == "potassium_sulfate"]
    assert issue.key == "does_not_dissolve"
    assert "5 °C" in issue.message
    limit = shipped().salts["potassium_sulfate"].solubility.g_l(5.0)
    assert issue.facts["limit"] == pytest.approx(limit)
    assert not found.is_feasible
    assert report(problem, StockWish(factor=100)).is_feasible


def test_salts_that_dissolve_alone_but_crowd_together_are_hinted_at():
    problem = Problem(target=targets.published("ua_ceac_lettuce"), salts=shipped().pick(["common"]))
    keys = {issue.key for issue in report(problem, StockWish(factor=230)).issues}
    assert "stock_crowded" in keys
    assert "does_not_dissolve" not in keys


@pytest.mark.parametrize(
    ("factor", "volume", "cold"), [(0.0, 1.0, 20.0), (100.0, 0.0, 20.0), (100.0, 1.0, -5.0)]
)
def test_a_stock_that_cannot_be_is_refused(factor, volume, cold):
    with pytest.raises(RangeError):
        plan_stocks([], factor, volume, cold)
