"""Charges, mixing and dilution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science.errors import RangeError
from vfarm_core.science.nutrients import targets
from vfarm_core.science.nutrients.ions import Ion
from vfarm_core.science.nutrients.salts import shipped
from vfarm_core.science.nutrients.solution import add, balance, diluted

weighed = st.dictionaries(
    st.sampled_from([s for s in shipped().salts.values() if s.kind == "salt"]),
    st.floats(1e-6, 5.0),
    min_size=1,
)


def dissolved(grams):
    return add({ion: m * g for ion, m in salt.mmol_g.items()} for salt, g in grams.items())


@given(weighed)
def test_whatever_salts_are_dissolved_the_charges_close(grams):
    charges = balance(dissolved(grams))
    total = charges.cations + charges.anions
    assert abs(charges.difference) <= 1e-9 * max(total, 1.0)


@given(weighed, st.floats(0.0, 1.0))
def test_dilution_takes_every_ion_alike(grams, share):
    ions = dissolved(grams)
    thin = diluted(ions, share)
    assert all(thin[ion] == pytest.approx(amount * (1 - share)) for ion, amount in ions.items())


def test_a_share_above_one_is_refused():
    with pytest.raises(RangeError):
        diluted({}, 1.5)


def test_the_charges_of_the_published_lettuce_solution_close():
    charges = balance(targets.published("sonneveld_voogt_lettuce").ions)
    # 23.25 meq/L of cations and of anions; the table has them rounded, and micronutrients on top.
    assert charges.cations == pytest.approx(23.25, abs=0.15)
    assert charges.closes


def test_hoagland_closes():
    for target_id in ("hoagland_1", "hoagland_2"):
        assert balance(targets.published(target_id).ions).relative < 0.002


def test_an_analysis_that_lacks_an_ion_does_not_close():
    charges = balance({Ion.CALCIUM: 2.0, Ion.CHLORIDE: 1.0})
    assert not charges.closes
    assert charges.difference == pytest.approx(3.0)


def test_free_acid_counts_as_a_cation():
    assert balance({Ion.NITRATE: 1.0, Ion.ALKALINITY: -1.0}).relative == 0.0


def test_pure_water_is_balanced():
    assert balance({}).relative == 0.0
