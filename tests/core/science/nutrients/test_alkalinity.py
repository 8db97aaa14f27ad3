"""Acid and alkalinity: pKa facts, doses and what remains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science.errors import RangeError, ScienceError
from vfarm_core.science.nutrients import alkalinity as alk
from vfarm_core.science.nutrients.quantities import Unit, mmol_l
from vfarm_core.science.nutrients.salts import shipped

US_GALLON_L = 3.785411784


def acid(salt_id):
    return shipped().salts[salt_id].acid()


def test_the_dose_of_phosphoric_acid(vectors):
    (example,) = vectors("ph_dosing", "ml_per_m3_per_meq")
    assert alk.acid_ml_m3(acid("phosphoric_acid_85"), 1.0) == pytest.approx(
        example["expect"], abs=0.1
    )


def test_the_dose_of_sulfuric_acid_of_the_worked_example(vectors):
    (example,) = vectors("ph_dosing", "acid_for_alkalinity")
    meq = alk.meq_l_from_caco3(example["remove_ppm_CaCO3"])
    dose = alk.acid_ml_m3(acid("sulfuric_acid_93"), meq) * 100 * US_GALLON_L / 1000
    assert dose == pytest.approx(example["expect_ml"], abs=0.05)
    assert dose == pytest.approx(example["published"], rel=example["tol"])


def test_units_of_alkalinity_agree():
    # 50 mg/L CaCO3 = 1 meq/L = 61 mg/L HCO3
    assert alk.meq_l_from_caco3(50.04) == pytest.approx(1.0, abs=1e-3)
    _, from_bicarbonate = mmol_l("HCO3", 61.0, Unit.MG_L)
    _, from_caco3 = mmol_l("alkalinity_CaCO3", 50.0, Unit.MG_L)
    assert from_bicarbonate == pytest.approx(1.0, abs=1e-3)
    assert from_caco3 == pytest.approx(1.0, abs=1e-3)


def test_four_fifths_of_bicarbonate_are_neutralised_at_the_usual_ph():
    assert alk.protonated_fraction(5.8) == pytest.approx(0.78, abs=0.005)
    assert alk.protonated_fraction(alk.PK1_CARBONIC) == pytest.approx(0.5)
    assert alk.residual_alkalinity(4.0, 5.8) == pytest.approx(4.0 * 0.22, abs=0.02)


def test_phosphate_is_nearly_all_monobasic_at_the_usual_ph():
    assert alk.dibasic_phosphate_fraction(5.8) == pytest.approx(0.038, abs=0.002)


def test_water_with_carbonic_acid_in_it_keeps_more_alkalinity():
    assert alk.residual_alkalinity(4.0, 5.8, ph=6.8) > alk.residual_alkalinity(4.0, 5.8, ph=7.8)


@given(st.floats(0.0, 20.0), st.floats(4.5, 9.0), st.floats(6.0, 9.0))
def test_acid_never_raises_alkalinity(have, target, ph):
    left = alk.residual_alkalinity(have, target, ph)
    assert 0.0 <= left <= have


@given(st.floats(0.1, 10.0), st.floats(5.0, 9.0))
def test_bringing_water_to_its_own_ph_needs_no_acid(have, ph):
    carbon = alk.dissolved_carbon_mmol_l(have, ph)
    assert alk.alkalinity_at(ph, carbon) == pytest.approx(have, rel=1e-6, abs=0.02)


@pytest.mark.parametrize(
    "call",
    [
        lambda: alk.residual_alkalinity(4.0, 3.0),
        lambda: alk.residual_alkalinity(-1.0, 5.8),
        lambda: alk.residual_alkalinity(float("nan"), 5.8),
        lambda: alk.acid_ml_m3(acid("phosphoric_acid_85"), 100.0),
        lambda: alk.protonated_fraction(15.0),
    ],
)
def test_values_outside_the_chemistry_are_refused(call):
    with pytest.raises(RangeError):
        call()


def test_an_acid_without_strength_is_refused():
    none = alk.Acid(molar_mass_g_mol=98.0, equivalents=0, concentration_pct=85, density_kg_l=1.7)
    with pytest.raises(ScienceError, match="strength"):
        alk.acid_ml_m3(none, 1.0)
