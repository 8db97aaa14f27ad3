"""EC from ions, against standards and the published solutions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science.errors import RangeError
from vfarm_core.science.nutrients import targets
from vfarm_core.science.nutrients.conductivity import ionic_strength_mol_l, predicted_ec
from vfarm_core.science.nutrients.ions import MACRO, Ion
from vfarm_core.science.nutrients.solution import add, diluted

HOAGLAND_1 = {
    Ion.PHOSPHATE: 1.0,
    Ion.POTASSIUM: 6.0,
    Ion.NITRATE: 15.0,
    Ion.CALCIUM: 5.0,
    Ion.MAGNESIUM: 2.0,
    Ion.SULFATE: 2.0,
}
amounts = st.dictionaries(st.sampled_from(MACRO), st.floats(0.0, 20.0))


def test_worked_examples(vectors):
    potassium_chloride, hoagland = vectors("ec", "ec25_mccleskey")
    ions = {Ion(key): value for key, value in potassium_chloride["ions_mM"].items()}
    assert predicted_ec(ions) == pytest.approx(
        potassium_chloride["expect"], rel=potassium_chloride["rtol"]
    )
    assert predicted_ec(ions) == pytest.approx(1.423, abs=5e-4)
    assert hoagland["solution"] == "hoagland_1"
    assert predicted_ec(HOAGLAND_1) == pytest.approx(hoagland["expect"], rel=hoagland["rtol"])


def test_the_published_solutions_have_their_computed_ec(table):
    stated = {
        row["id"]: float(row["ec25_mS_cm_computed"])
        for row in table("nutrient_solutions")
        if row["ec25_mS_cm_computed"]
    }
    assert set(stated) >= {"hoagland_1", "hoagland_2", "sonneveld_voogt_lettuce"}
    for target_id, ec in stated.items():
        assert predicted_ec(targets.published(target_id).ions) == pytest.approx(ec, abs=0.011)


def test_half_the_strength_is_more_than_half_the_ec():
    half = predicted_ec(diluted(HOAGLAND_1, 0.5))
    assert half == pytest.approx(1.195, abs=2e-3)
    assert half > predicted_ec(HOAGLAND_1) / 2


def test_it_rises_about_two_percent_per_degree():
    rise = 1 - predicted_ec(HOAGLAND_1, 20.0) / predicted_ec(HOAGLAND_1, 25.0)
    assert rise / 5 == pytest.approx(0.0194, abs=2e-4)


def test_boron_and_chelates_carry_no_current():
    ions = {Ion.BORON: 1.0, Ion.IRON: 0.05, Ion.LIGAND: 0.1}
    assert predicted_ec(ions) == 0.0
    assert ionic_strength_mol_l(ions) == 0.0


def test_pure_water_has_none():
    assert predicted_ec({}) == 0.0


def test_a_temperature_outside_the_model_is_refused():
    with pytest.raises(RangeError):
        predicted_ec(HOAGLAND_1, 80.0)


@given(amounts, amounts)
def test_more_ions_never_carry_less_than_any_of_them_alone_would(one, other):
    together = predicted_ec(add([one, other]))
    assert together >= 0.0
    assert together <= predicted_ec(one) + predicted_ec(other) + 1e-9
