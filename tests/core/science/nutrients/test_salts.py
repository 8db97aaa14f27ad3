"""What a gram of each salt brings, from formulas and labels."""

from __future__ import annotations

import pytest

from vfarm_core.science.errors import ScienceError
from vfarm_core.science.nutrients import salts
from vfarm_core.science.nutrients.document import DocumentError
from vfarm_core.science.nutrients.ions import IONS, Ion, elements_of, molar_mass
from vfarm_core.science.nutrients.quantities import OXIDE_TO_ELEMENT
from vfarm_core.science.nutrients.salts import Kind, read_shelf, shipped

#: columns of the reference table -> the ion whose element they count
COLUMNS = {
    "NO3-N": Ion.NITRATE,
    "NH4-N": Ion.AMMONIUM,
    **{ion.value: ion for ion in Ion if len(ion.value) <= 2},
}
#: a name that differs from the reference
RENAMED = {"calcium_nitrate_ag_5Ca": "calcium_nitrate_ag"}


def shelf_of(text):
    return read_shelf(text, "own.yaml")


def test_every_salt_of_the_reference_brings_what_its_formula_says(table):
    rows = table("fertiliser_salts")
    assert len(rows) == 31
    for row in rows:
        salt = shipped().salts[RENAMED.get(row["salt"], row["salt"])]
        assert molar_mass(salt.formula) == pytest.approx(float(row["molar_mass_g_mol"]), abs=0.01)
        for column, ion in COLUMNS.items():
            percent = float(row.get(column) or 0.0)
            assert 100 * salt.fraction(ion) == pytest.approx(percent, abs=0.01), (salt.id, column)


def test_fractions_of_the_worked_examples(vectors):
    by_formula = {salt.formula: salt for salt in shipped().salts.values()}
    for example in vectors("nutrients", "salt_fraction"):
        salt = by_formula[example["salt"]]
        for key, expected in example["expect"].items():
            ion = Ion.NITRATE if key == "NO3_N" else Ion(key)
            assert salt.fraction(ion) == pytest.approx(expected, abs=5e-5), key


def test_oxides_of_a_label(vectors):
    (example,) = vectors("nutrients", "oxide_to_element")
    for oxide in ("P2O5", "K2O", "CaO", "MgO"):
        assert OXIDE_TO_ELEMENT[oxide] == pytest.approx(example[oxide], abs=1e-4)


def test_every_salt_is_neutral():
    for salt in shipped().salts.values():
        charge = sum(IONS[ion].charge * amount for ion, amount in salt.mmol_g.items())
        largest = max(abs(amount) for amount in salt.mmol_g.values())
        assert abs(charge) <= 1e-9 * largest, salt.id


def test_every_salt_and_its_solubility_name_a_source():
    for salt in shipped().salts.values():
        assert salt.composition_source
        if salt.solubility:
            assert salt.solubility.source
            assert salt.solubility.confidence in ("A", "B", "C", "D")


def test_a_hydrate_dissolves_more_grams_than_the_salt_in_it():
    epsom = shipped().salts["magnesium_sulfate_heptahydrate"].solubility
    # 35.6 g MgSO4 in 100 g water are 26.25 % MgSO4 or 53.8 % heptahydrate of the solution's mass.
    assert epsom.g_l(20.0) == pytest.approx(537.6, abs=0.5)


def test_cold_water_dissolves_less():
    nitrate = shipped().salts["potassium_nitrate"].solubility
    assert nitrate.g_l(0.0) < nitrate.g_l(10.0) < nitrate.g_l(20.0)
    # Beyond the table nothing is promised: the last value stands.
    assert nitrate.g_l(40.0) == nitrate.g_l(20.0)


@pytest.mark.parametrize(
    ("formula", "mass"),
    [
        ("H2O", 18.015),
        ("5Ca(NO3)2.NH4NO3.10H2O", 1080.62),
        ("(NH4)6Mo7O24.4H2O", 1235.9),
        ("Ca(NO3)2·4H2O", 236.15),
    ],
)
def test_molar_masses(formula, mass):
    assert molar_mass(formula) == pytest.approx(mass, rel=1e-4)


@pytest.mark.parametrize("formula", ["", "Xx2", "Ca(NO3", "CaNO3)2", "ca", "K2SO4!"])
def test_what_is_no_formula_is_refused(formula):
    with pytest.raises(ScienceError):
        elements_of(formula)


def test_the_strength_of_acids(vectors):
    named = {
        "H2SO4 93 %, 1.83 kg/L": "sulfuric_acid_93",
        "HNO3 60 %, 1.367": "nitric_acid_60",
        "H3PO4 75 %, 1.573 (1 eq/mol at pH 5.8)": "phosphoric_acid_75",
    }
    for example in vectors("ph_dosing", "acid_normality"):
        acid = shipped().salts[named[example["acid"]]].acid()
        assert acid.normality_eq_l == pytest.approx(example["expect_eq_L"], abs=0.06)


def test_only_an_acid_with_a_density_has_a_strength():
    with pytest.raises(ScienceError, match="an acid with a formula"):
        shipped().salts["potassium_nitrate"].acid()
    with pytest.raises(ScienceError, match="density"):
        shipped().salts["nitric_acid"].acid()


def test_a_bag_is_read_from_its_label():
    own = shelf_of("salts: {npk: {label: {NO3_N: 10, P2O5: 10, K2O: 20}}}").salts["npk"]
    assert own.fraction(Ion.NITRATE) == pytest.approx(0.10)
    assert own.fraction(Ion.PHOSPHATE) == pytest.approx(0.04364, abs=1e-5)
    assert own.fraction(Ion.POTASSIUM) == pytest.approx(0.16602, abs=5e-5)


def test_nitrogen_of_a_labelled_bag_as_in_the_worked_example(vectors):
    (example,) = vectors("nutrients", "n_from_salt")
    bag = shelf_of("salts: {bag: {label: {NO3_N: 14.4, NH4_N: 1.1, Ca: 19}}}").salts["bag"]
    nitrogen = bag.fraction(Ion.NITRATE) + bag.fraction(Ion.AMMONIUM)
    assert nitrogen == pytest.approx(example["fraction"])
    assert nitrogen * example["mg_L"] == pytest.approx(example["expect"])


def test_a_label_with_bare_nitrogen_is_asked_which_form():
    with pytest.raises(ScienceError, match="NO3_N and NH4_N"):
        shelf_of("salts: {npk: {label: {N: 15, P2O5: 5}}}")


@pytest.mark.parametrize(
    ("entry", "place", "said"),
    [
        ("{formula: KNO3, ions: {K: 1}}", "salts.x.ions", "charges cancel"),
        ("{formula: KNO3, ions: {K: 2, NO3: 2}}", "salts.x.ions", "1 K as in KNO3"),
        ("{name: x}", "salts.x", "either a formula"),
        ("{formula: KNO3, ions: {K: 1, NO3: 1}, colour: 3}", "salts.x.colour", "purity_pct"),
        ("{label: {K: 120}}", "salts.x.label.K", "0 … 100"),
        ("{label: {K: 12}, kind: gas}", "salts.x.kind", "salt, acid, base"),
        ("{label: {K: 12, K2O: 4}}", "salts.x.label.K2O", "K once"),
        ("{label: {K: 12}, solubility: {points: {}}}", "salts.x.solubility.points", "100 g"),
    ],
)
def test_a_mistake_in_a_shelf_is_named_with_its_place(entry, place, said):
    with pytest.raises(DocumentError) as refused:
        shelf_of(f"salts: {{x: {entry}}}")
    assert refused.value.argument == place
    assert said in refused.value.accepted


def test_what_is_no_yaml_is_refused():
    with pytest.raises(DocumentError, match=r"own\.yaml"):
        shelf_of("salts: [")


def test_an_own_product_stands_in_for_a_shipped_one(tmp_path):
    file = tmp_path / "shelf.yaml"
    file.write_text(
        "salts:\n  iron_dtpa_11: {name: Weak iron, label: {Fe: 3}, chelate: DTPA}\n"
        "sets: {mine: [iron_dtpa_11, boric_acid]}\n",
        encoding="utf-8",
    )
    shelf = salts.with_own(file)
    assert shelf.salts["iron_dtpa_11"].fraction(Ion.IRON) == pytest.approx(0.03)
    assert [salt.id for salt in shelf.pick(["mine"])] == ["iron_dtpa_11", "boric_acid"]
    assert [salt.id for salt in shelf.pick(["own"])] == ["iron_dtpa_11"]
    assert "potassium_nitrate" in shelf.salts


def test_picking_takes_each_salt_once_and_names_what_there_is():
    shelf = shipped()
    assert len(shelf.pick(["common", "boric_acid", "common"])) == len(shelf.sets["common"])
    with pytest.raises(ScienceError, match="potassium_nitrate"):
        shelf.pick(["unobtainium"])


def test_every_set_names_salts_that_exist():
    for name in shipped().sets:
        assert shipped().pick([name])


def test_a_chelate_moves_no_charge_and_an_acid_takes_alkalinity():
    iron = shipped().salts["iron_dtpa_11"]
    assert iron.mmol_g[Ion.LIGAND] == pytest.approx(2 * iron.mmol_g[Ion.IRON])
    acid = shipped().salts["sulfuric_acid_93"]
    assert acid.kind is Kind.ACID
    assert acid.mmol_g[Ion.ALKALINITY] == pytest.approx(-2 * acid.mmol_g[Ion.SULFATE])
