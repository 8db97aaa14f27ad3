"""Units and forms: nothing that means two things is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science.errors import RangeError, ScienceError
from vfarm_core.science.nutrients import quantities as q
from vfarm_core.science.nutrients.ions import Ion
from vfarm_core.science.nutrients.quantities import FORMS, Unit, mmol_l, read_ions
from vfarm_core.science.nutrients.salts import shipped


def test_ppm_of_nitrogen_and_ppm_of_nitrate_are_told_apart():
    assert mmol_l("NO3_N", 14.007, Unit.MG_L) == (Ion.NITRATE, pytest.approx(1.0))
    assert mmol_l("NO3_ion", 62.004, Unit.MG_L) == (Ion.NITRATE, pytest.approx(1.0))
    assert mmol_l("NH4_ion", 18.039, Unit.MG_L) == (Ion.AMMONIUM, pytest.approx(1.0))


@pytest.mark.parametrize("key", ["NO3", "NH4", "N"])
def test_a_key_with_two_meanings_is_asked_about(key):
    with pytest.raises(ScienceError, match=r"say NO3_N|say NH4_N"):
        mmol_l(key, 100.0, Unit.MG_L)


def test_in_mmol_there_is_only_one_meaning():
    assert read_ions({"NO3": 15, "SO4": 2, "H2PO4": 1, "alkalinity": 3}, Unit.MMOL_L) == {
        Ion.NITRATE: 15,
        Ion.SULFATE: 2,
        Ion.PHOSPHATE: 1,
        Ion.ALKALINITY: 3,
    }


def test_sulfur_phosphorus_and_their_ions_agree():
    assert mmol_l("S", 32.06, Unit.MG_L)[1] == pytest.approx(1.0)
    assert mmol_l("SO4", 96.056, Unit.MG_L)[1] == pytest.approx(1.0)
    assert mmol_l("P2O5", 70.97, Unit.MG_L)[1] == pytest.approx(1.0, abs=1e-3)


def test_an_ion_in_two_forms_is_no_sum():
    with pytest.raises(ScienceError, match="two forms"):
        read_ions({"S": 32, "SO4": 96}, Unit.MG_L)


@pytest.mark.parametrize("unit", list(Unit))
def test_an_unknown_ion_is_answered_with_those_there_are(unit):
    with pytest.raises(ScienceError, match="Mg"):
        mmol_l("Unobtainium", 1.0, unit)


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_an_amount_that_cannot_be_is_refused(amount):
    with pytest.raises(RangeError):
        mmol_l("K", amount, Unit.MG_L)


@given(st.sampled_from(sorted(FORMS)), st.floats(0.0, 1000.0))
def test_mg_and_mmol_go_back_and_forth(key, amount):
    ion, value = mmol_l(key, amount, Unit.MG_L)
    assert value * FORMS[key].grams_per_mol == pytest.approx(amount)
    assert q.mg_l(ion, value) <= amount * 1.0 + 1e-9 or FORMS[key].ion is Ion.ALKALINITY


def test_required_salt_of_the_worked_example(vectors):
    (example,) = vectors("nutrients", "required_salt")
    assert example["target_ppm"] / example["fraction"] == pytest.approx(
        example["expect_mg_L"], abs=0.1
    )
    # The pure double salt has 18.54 % calcium, so it needs a little more.
    pure = shipped().salts["calcium_nitrate_ag"].fraction(Ion.CALCIUM)
    assert example["target_ppm"] / pure == pytest.approx(1078.5, abs=0.5)
