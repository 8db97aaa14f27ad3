"""Published solutions, and targets and analyses in files."""

from __future__ import annotations

import pytest

from vfarm_core.science.errors import ScienceError
from vfarm_core.science.nutrients import targets
from vfarm_core.science.nutrients.document import DocumentError
from vfarm_core.science.nutrients.ions import Ion
from vfarm_core.science.nutrients.quantities import mg_l


def written(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_solutions_are_those_of_the_reference(table):
    rows = table("nutrient_solutions")
    assert {row["id"] for row in rows} == set(targets.shipped())
    columns = {"NO3_N": Ion.NITRATE, "NH4_N": Ion.AMMONIUM}
    elements = ("P", "K", "Ca", "Mg", "S", "Fe", "Mn", "Zn", "Cu", "B", "Mo", "Cl")
    columns |= {key: Ion(key) for key in elements}
    for row in rows:
        target = targets.published(row["id"])
        for column, ion in columns.items():
            if row[column]:
                assert mg_l(ion, target.ions[ion]) == pytest.approx(float(row[column]))
            else:
                assert ion not in target.ions, "what is not stated is free, not zero"
        assert target.source
        assert target.confidence in ("A", "B", "C", "D")


def test_an_unknown_solution_is_answered_with_those_there_are():
    with pytest.raises(ScienceError, match="hoagland_1"):
        targets.published("hogland")


def test_strength_scales_every_ion():
    full = targets.published("hoagland_1")
    half = full.at_strength(0.5)
    assert half.ions[Ion.CALCIUM] == pytest.approx(full.ions[Ion.CALCIUM] / 2)
    with pytest.raises(ScienceError):
        full.at_strength(0.0)


def test_a_target_file(tmp_path):
    file = written(tmp_path, "name: Mine\nunit: mmol/L\nions: {NO3: 10, K: 6, Ca: 2}\n")
    target = targets.read_target(file)
    assert (target.id, target.name) == ("mine", "Mine")
    assert target.ions[Ion.NITRATE] == 10


def test_a_water_file(tmp_path):
    file = written(
        tmp_path, "unit: mg/L\nph: 7.6\nions: {Ca: 80, HCO3: 244, SO4: 48, NO3_ion: 12}\n"
    )
    water = targets.read_water(file)
    assert water.ph == 7.6
    assert water.ions[Ion.ALKALINITY] == pytest.approx(4.0, abs=0.01)
    assert water.ions[Ion.SULFATE] == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("unit: ppm\nions: {K: 1}", "unit"),
        ("ions: {K: 1}", "unit"),
        ("unit: mg/L\nions: {K: lots}", "ions.K"),
        ("unit: mg/L\nions: [K]", "ions"),
        ("unit: mg/L\nions: {K: 1}\ncolor: red", "mine.color"),
        ("unit: mg/L\nions: {K: 0}", "mine.ions"),
        ("unit: mg/L\nions: {K: true}", "ions.K"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_place(tmp_path, text, place):
    with pytest.raises(DocumentError) as refused:
        targets.read_target(written(tmp_path, text))
    assert refused.value.argument == place


def test_the_ph_of_water_has_to_be_one(tmp_path):
    with pytest.raises(DocumentError, match="ph"):
        targets.read_water(written(tmp_path, "unit: mg/L\nph: 76\nions: {Ca: 80}\n"))
