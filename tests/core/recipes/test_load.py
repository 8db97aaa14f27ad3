"""The loader refuses everything that is not exactly a recipe, and says what and where."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from tests.core.recipes.cress import (
    AIR,
    BASE,
    DELETE,
    FLOOD,
    GREEN,
    LIGHT,
    ORIGIN,
    changed,
    cress_text,
)
from vfarm_core.farm.nodes import Method
from vfarm_core.recipes.errors import Problem, RecipeError
from vfarm_core.recipes.load import load_file, load_recipe
from vfarm_core.recipes.model import (
    Band,
    ClimateQuantity,
    DayLength,
    GrowthModel,
    PhaseKind,
    SolutionQuantity,
)


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(text, file="cress.yaml")
    return caught.value.problems


def test_a_good_recipe_is_read_into_canonical_units():
    recipe = load_recipe(cress_text())
    assert (recipe.id, recipe.crop, recipe.cultivar) == ("cress", "cress", "Curled")
    assert recipe.day_length is DayLength.DAY_NEUTRAL
    assert recipe.total_days == 9
    assert recipe.expected_yield_kg_m2 == (1, 2)
    assert recipe.conflicts == ("The book and the trial disagree.",)
    dark, green = recipe.phases
    assert dark.is_dark
    assert dark.kind is PhaseKind.BLACKOUT
    assert dark.irrigation == {}
    air = green.climate[ClimateQuantity.AIR_TEMPERATURE]
    assert air.at(True) == pytest.approx(24)
    assert air.at(False) == 18
    assert air.warning(True) == air.warning(False) == Band(15, 28)
    assert (air.critical(True), air.critical(False)) == (Band(10, 32), Band(5, None))
    assert green.climate[ClimateQuantity.VPD].day == pytest.approx(0.9)
    assert green.climate[ClimateQuantity.CO2].at(False) is None
    assert green.solution[SolutionQuantity.EC].day == pytest.approx(1.2)
    assert green.solution[SolutionQuantity.PH].night == 5.8
    assert green.light.dli == pytest.approx(11.52)
    assert green.light.ramp_min == 30
    assert green.irrigation[Method.EBB_FLOW].duration_s == 600
    assert green.irrigation[Method.EBB_FLOW].night_events == 1
    assert green.irrigation[Method.NFT].continuous
    assert not green.irrigation[Method.EBB_FLOW].continuous
    assert green.provenance.source == "book, lab"
    assert green.notes == ("Open the lid.",)
    assert recipe.growth.model is GrowthModel.LIGHT_USE
    assert recipe.growth.dry_matter_fraction.value == pytest.approx(0.07)
    assert recipe.growth.start_dry_mass_g is not None
    assert recipe.growth.start_dry_mass_g.value == pytest.approx(0.001)


def test_what_may_be_left_out_may_be_left_out():
    document = copy.deepcopy(BASE)
    for key in ("cultivar", "summary", "day_length", "conflicts", "notes", "expected_yield"):
        del document[key]
    del document["phases"][1]["solution"]
    recipe = load_recipe(yaml.safe_dump(document))
    assert recipe.cultivar is None
    assert recipe.expected_yield_kg_m2 is None
    assert recipe.phases[1].solution == {}


def test_a_stated_dli_that_agrees_is_taken():
    recipe = load_recipe(changed(f"{LIGHT}.dli", 11.5))
    assert recipe.phases[1].light.dli == 11.5


def test_always_lit_phases_need_no_night():
    document = copy.deepcopy(BASE)
    green = document["phases"][1]
    green["light"].update(photoperiod=24, dli_max=20)
    del green["climate"]["air_temperature"]["night"]
    del green["climate"]["humidity"]["night"]
    green["irrigation"]["ebb_flow"]["night_events"] = 0
    recipe = load_recipe(yaml.safe_dump(document))
    assert recipe.phases[1].is_always_lit


@pytest.mark.parametrize(
    ("path", "value", "message", "accepted"),
    [
        # the document
        ("format", 2, "unknown format", "1"),
        ("format", True, "unknown format", "1"),
        ("format", DELETE, "missing", ""),
        ("id", "Cress!", "does not fit", "lower-case"),
        ("title", DELETE, "missing", ""),
        ("title", "", "is empty", "a text"),
        ("title", 7, "does not fit", "quotes"),
        ("crop", None, "is empty", "lower-case"),
        ("cultivar", ["a"], "does not fit", "a text"),
        ("yield", 3, "unknown key", "expected_yield"),
        ("day_length", "short", "unknown day_length", "short_day"),
        ("ec_includes_source_water", "maybe", "does not fit", "true or false"),
        ("sources", {}, "no mapping", "at least one source"),
        ("sources", DELETE, "missing", ""),
        ("notes", "one", "is no list", "a list"),
        ("notes", [], "is empty", "a list"),
        ("phases", [], "is empty", "at least one entry"),
        ("phases", {"a": 1}, "is no list", "at least one entry"),
        ("expected_yield", 4, "is no mapping", "low, high"),
        ("expected_yield.high", "2 kg", "does not fit", "kg/m²"),
        # growth
        ("growth", DELETE, "missing", ""),
        ("growth", None, "is empty", "model"),
        ("growth.model", "magic", "unknown model", "van_henten_1994, light_use"),
        ("growth.lue", DELETE, "light_use needs it", "g/mol"),
        ("growth.lue", 0.5, "is no mapping", "value"),
        ("growth.dry_matter_fraction.value", 0, "out of range", "> 0 … 1"),
        # phases
        (f"{GREEN}.days", -3, "out of range", "> 0 … 1000 d"),
        (f"{GREEN}.days", 0, "out of range", "> 0 …"),
        (f"{GREEN}.days", "soon", "no number", "> 0 …"),
        (f"{GREEN}.kind", "growing", "unknown kind", "germination, propagation"),
        (f"{GREEN}.density", "30 plants", "does not fit", "plants/m²"),
        (f"{GREEN}.humidity", 60, "unknown key", "climate"),
        (f"{GREEN}.light", DELETE, "missing", ""),
        (f"{GREEN}.climate", DELETE, "missing", ""),
        (f"{GREEN}.source", "rumour", "not among the sources", "book, lab"),
        (f"{GREEN}.source", [], "is empty", "one key of sources"),
        (f"{GREEN}.source", DELETE, "missing", ""),
        (f"{GREEN}.confidence", "sure", "unknown confidence", "A, B, C, D"),
        (f"{GREEN}.note", 5, "does not fit", "a text"),
        # set-points
        (f"{GREEN}.climate.temperature", 24, "unknown key", "air_temperature"),
        (AIR, 24, "is no mapping", "value, day"),
        (f"{AIR}.day", 60, "out of range", "-5 … 45 °C"),
        (f"{AIR}.day", "24 kPa", "unit 'kPa' does not fit", "-5 … 45 °C; units °C, °F, K"),
        (f"{AIR}.day", "24", "without a unit", "a bare number in °C"),
        (f"{AIR}.day", True, "true is no number", "-5 … 45 °C"),
        (f"{AIR}.day", None, "null is no number", "-5 … 45 °C"),
        (f"{AIR}.day", [24], "[…] is no number", "-5 … 45 °C"),
        (f"{AIR}.day", {"a": 1}, "{…} is no number", "-5 … 45 °C"),
        (f"{AIR}.day", 30, "outside its warning limits", "15 … 28"),
        (f"{AIR}.warning", {"low": 8, "high": 28}, "beyond the critical limits", "10 … 32"),
        (f"{AIR}.warning", {"low": 20, "high": 20}, "not below high", "low < high"),
        (f"{AIR}.warning", {}, "is empty", "low, high or both"),
        (f"{AIR}.warning", 5, "is no mapping", "low, high"),
        (f"{AIR}.warning.most", 5, "unknown key", "low, high"),
        (f"{GREEN}.solution.ec.value", "1.2 dB", "does not fit", "mS/cm"),
        (f"{GREEN}.solution.ph.value", 12, "out of range", "3.5 … 9.5 pH"),
        (f"{GREEN}.climate.co2.day", 2000, "out of range", "300 … 1800 ppm"),
        # light
        (f"{LIGHT}.ppfd", DELETE, "missing", ""),
        (f"{LIGHT}.photoperiod", 25, "out of range", "0 … 24 h"),
        (f"{LIGHT}.photoperiod", "16 km", "does not fit", "h, min, s"),
        (f"{LIGHT}.ppfd_max", DELETE, "missing", "at most"),
        (f"{LIGHT}.dli_max", DELETE, "missing", "at most"),
        (f"{LIGHT}.ppfd_max", 150, "below the plan", "from 200"),
        (f"{LIGHT}.dli_max", 10, "below the plan", "from 11.52"),
        (f"{LIGHT}.dli", 15, "contradicts", "11.52 mol/m²/d"),
        # irrigation
        (f"{GREEN}.irrigation.flood", {}, "unknown key", "ebb_flow"),
        (FLOOD, 4, "is no mapping", "events_per_day"),
        (f"{FLOOD}.events_per_day", 2.5, "no whole number", "whole numbers, 0 … 288"),
        (f"{FLOOD}.events_per_day", DELETE, "missing", "continuous"),
        (f"{FLOOD}.duration", DELETE, "missing", "continuous"),
        (f"{FLOOD}.duration", "0 s", "out of range", "> 0 …"),
        (f"{FLOOD}.events_per_day", 200, "do not fit into 16 lit hours", ""),
        (f"{FLOOD}.night_events", 60, "do not fit into 8 dark hours", ""),
        (f"{FLOOD}.continuous", "yes please", "does not fit", "true or false"),
    ],
)
def test_every_fault_is_named_with_path_and_what_is_accepted(path, value, message, accepted):
    found = problems(changed(path, value))
    problem = next((p for p in found if p.path == path and message in p.message), None)
    assert problem is not None, [str(p) for p in found]
    assert accepted in problem.accepted
    assert problem.file == "cress.yaml"
    assert problem.line is not None


@pytest.mark.parametrize(
    ("path", "value", "at", "message"),
    [
        ("expected_yield.low", 3, "expected_yield", "above high"),
        ("sources.Odd Name", "x", "sources.Odd Name", "does not fit"),
        ("sources.book", 5, "sources.book", "does not fit"),
        ("notes[0]", 5, "notes[0]", "does not fit"),
        ("phases[0]", "dark", "phases[0]", "is no mapping"),
        ("phases[0].name", "green", "phases[1].name", "exists already"),
        (f"{AIR}.value", 22, f"{AIR}.day", "beside value"),
        (f"{AIR}.night", DELETE, AIR, "no target by night"),
        (AIR, DELETE, AIR, "is missing"),
        (f"{GREEN}.climate.vpd", DELETE, f"{GREEN}.climate.humidity", "no target by day"),
        (f"{GREEN}.climate.vpd", {**ORIGIN}, f"{GREEN}.climate.vpd", "neither a target nor"),
        (f"{GREEN}.climate.co2.night", 500, f"{GREEN}.climate.co2.night", "only a target when lit"),
        (f"{GREEN}.climate.co2.value", 500, f"{GREEN}.climate.co2.value", "only a target when lit"),
        (
            "phases[0].climate.co2",
            {"day": 800, **ORIGIN},
            "phases[0].climate.co2.day",
            "only a target when lit",
        ),
        (f"{LIGHT}.ppfd", 0, LIGHT, "both 0 or both above 0"),
        (f"{LIGHT}.ppfd", "bright", f"{LIGHT}.ppfd", "no number"),
        (f"{LIGHT}", 5, LIGHT, "is no mapping"),
        (f"{FLOOD}.continuous", True, f"{FLOOD}.events_per_day", "beside continuous"),
    ],
)
def test_faults_between_values_are_named_where_they_are_mended(path, value, at, message):
    found = problems(changed(path, value))
    assert any(p.path == at and message in p.message for p in found), [str(p) for p in found]


def test_dawn_and_dusk_must_fit_into_the_day():
    text = changed(f"{LIGHT}.ramp", 240).replace("photoperiod: 16", "photoperiod: 7")
    assert any(
        p.path == f"{LIGHT}.ramp" and "longer than the photoperiod" in p.message
        for p in problems(text)
    )


def test_a_target_that_cannot_be_read_is_not_also_called_missing():
    found = problems(changed(f"{AIR}.day", "warm"))
    assert [p.path for p in found] == [f"{AIR}.day"]


def test_all_problems_are_found_in_one_go():
    document = copy.deepcopy(BASE)
    document["title"] = 5
    document["phases"][0]["days"] = -1
    document["phases"][1]["light"]["ppfd"] = "200 lm"
    found = problems(yaml.safe_dump(document))
    assert {p.path for p in found} == {"title", "phases[0].days", "phases[1].light.ppfd"}


def test_a_problem_names_its_line():
    text = changed(f"{GREEN}.days", -3)
    (problem,) = problems(text)
    assert text.splitlines()[problem.line - 1].strip() == "days: -3"
    assert str(problem) == (
        f"cress.yaml:{problem.line}: phases[1].days: -3 is out of range (accepted: > 0 … 1000 d)"
    )


def test_what_is_missing_is_placed_at_what_it_is_missing_from():
    text = changed(f"{LIGHT}.ppfd", DELETE)
    (problem,) = problems(text)
    assert text.splitlines()[problem.line - 1].strip() == "light:"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- a\n- b\n", "is no mapping"),
        ("just words", "is no mapping"),
        ("a: [1\n", "is no YAML"),
        ("a: \x00", "is no YAML"),
        ("a: 1\n---\nb: 2\n", "is no YAML"),
        ("a: &x [1]\nb: *y\n", "is no YAML"),
        ("title: a\ntitle: b\n", "is given twice, first in line 1"),
        ("? [a, b]\n: 1\n", "a key that is no text"),
        ("id: !!python/object:os.system x\n", "has the tag"),
        ("id: !thing {a: 1}\n", "has the tag"),
        ("id: !thing [a]\n", "has the tag"),
        ("id: !!binary aGk=\n", "has the tag"),
        ("id: 12:30\n", "no plain number"),
        ("id: .inf\n", "no plain number"),
        ("id: 0x1F\n", "no plain number"),
        ("[" * 60 + "]" * 60, "nested too deep"),
        ("[" * 5000 + "]" * 5000, "is no YAML"),
        ("a: " + "x" * 1_000_001, "too large"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
                for old, new in zip("abcde", "bcdef", strict=True)
            ),
            "repeated too often",
        ),
    ],
)
def test_documents_that_are_no_plain_yaml_are_refused(text, message):
    assert any(message in p.message for p in problems(text))


def test_a_refusal_of_a_document_is_bounded():
    assert len(problems("[" * 60 + "]" * 60)) == 1


def test_dates_and_yes_are_read_as_they_are_written():
    recipe = load_recipe(
        changed("title", "X").replace("title: X", "title: 2026-11-24").replace("true", "yes")
    )
    assert recipe.title == "2026-11-24"
    assert recipe.ec_includes_source_water


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_file(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_file(tmp_path)
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"title: \xff\xfe")
    with pytest.raises(RecipeError, match="not UTF-8"):
        load_file(bad)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path):
    file = tmp_path / "cress.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + cress_text().encode())
    assert load_file(file) == load_recipe(cress_text())


def test_the_example_in_the_handbook_is_a_recipe():
    handbook = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")
    example = handbook.split("```yaml\n")[1].split("```")[0]
    assert load_recipe(example).id == "cress"
