"""The recipes that ship, and a grower's own beside them."""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path

import pytest

from tests.core.recipes.cress import changed, cress_text
from vfarm_core.batches.lead import combine
from vfarm_core.farm.nodes import Method
from vfarm_core.recipes import library
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.model import ClimateQuantity, Provenance, SolutionQuantity
from vfarm_core.recipes.validate import validate

FACTS: dict[str, list[dict[str, str]]] = {}
with (Path(__file__).parent / "facts.csv").open(encoding="utf-8") as _rows:
    for _row in csv.DictReader(_rows):
        FACTS.setdefault(_row["crop_id"], []).append(_row)
SHIPPED = set(FACTS)
RECIPES = [library.load_shipped(header.id) for header in library.shipped()]


def test_every_crop_of_the_reference_ships():
    assert len(SHIPPED) == 26
    assert {header.id for header in library.shipped()} == SHIPPED
    assert all(header.file is None for header in library.shipped())


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.id)
def test_a_shipped_recipe_has_nothing_doubtful(recipe):
    assert validate(recipe) == ()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.id)
def test_every_source_that_is_listed_is_used_or_contradicted(recipe):
    used = {name for p in provenances(recipe) for name in p.source.split(", ")}
    contradicted = {"hla6722"} if "HLA-6722" in " ".join(recipe.conflicts) else set()
    assert used <= set(recipe.sources) <= used | contradicted


RANGE = re.compile(r"(night )?range ([\d.]+)-([\d.]+)(?: by day, ([\d.]+)-([\d.]+) by night)?")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.id)
def test_a_target_taken_from_a_range_lies_in_it(recipe):
    checked = 0
    for phase in recipe.phases:
        for setpoint in (*phase.climate.values(), *phase.solution.values()):
            match = RANGE.match(setpoint.provenance.note)
            if match is None:
                continue
            night_only, low, high, night_low, night_high = match.groups()
            first = setpoint.night if night_only else setpoint.day
            assert float(low) <= first <= float(high), (phase.name, setpoint)
            if night_low:
                assert float(night_low) <= setpoint.night <= float(night_high), phase.name
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.id)
def test_limits_lie_around_targets(recipe):
    for phase in recipe.phases:
        for setpoint in (*phase.climate.values(), *phase.solution.values()):
            for day in (True, False):
                wanted = setpoint.at(day)
                assert setpoint.critical(day).covers(setpoint.warning(day)) or (
                    setpoint.warning(day).is_open
                )
                assert wanted is None or setpoint.warning(day).contains(wanted)


def interval(text: str) -> tuple[float, float] | None:
    """A number or a range of the table of facts."""
    if not text:
        return None
    low, _, high = text.partition("-")
    return float(low), float(high or low)


#: Where the table's first range is not the recipe's own.
DEVIATIONS: dict[tuple[str, str, str], tuple[float, float]] = {
    # 36-100 are bunches; the table adds "baby 800+".
    ("kale_baby", "production", "density"): (800, 2000),
}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.id)
def test_every_target_lies_in_the_range_of_the_reference(recipe):
    """A typing error in a recipe fails here: the table of facts was made apart from the recipes."""
    rows = FACTS[recipe.id]
    assert [phase.name for phase in recipe.phases] == [row["phase"] for row in rows]
    for phase, row in zip(recipe.phases, rows, strict=True):
        light, solution = phase.light, phase.solution
        climate = phase.climate
        co2 = climate.get(ClimateQuantity.CO2)
        found = {
            "days": phase.days,
            "temp_day": climate[ClimateQuantity.AIR_TEMPERATURE].day,
            "temp_night": climate[ClimateQuantity.AIR_TEMPERATURE].night,
            "rh_day": climate[ClimateQuantity.HUMIDITY].day,
            "rh_night": climate[ClimateQuantity.HUMIDITY].night,
            "ppfd": light.ppfd,
            "photoperiod": light.photoperiod_h,
            "dli": round(light.dli, 1),
            "co2": co2.day if co2 is not None else None,
            "ec": solution[SolutionQuantity.EC].day,
            "ph": solution[SolutionQuantity.PH].day,
            "water_temp": solution[SolutionQuantity.WATER_TEMPERATURE].day,
            "density": phase.density_plants_m2,
        }
        for key, value in found.items():
            published = interval(row[key])
            if published is None or value is None:
                # No number in the table: none in the recipe, but a spacing or a cover may be ours.
                assert value is None or key == "density", (phase.name, key, value)
                continue
            low, high = DEVIATIONS.get((recipe.id, phase.name, key), published)
            assert low <= value <= high, (phase.name, key, value, published)


def test_cycles_are_the_published_ones():
    days = {recipe.id: recipe.total_days for recipe in RECIPES}
    assert days["lettuce_butterhead"] == 35
    assert 42 <= days["basil_sweet"] <= 50
    assert 8 <= days["micro_radish"] <= 12
    assert library.load_shipped("lettuce_butterhead").phases[-1].light.dli == pytest.approx(
        17, 0.01
    )


def test_flooded_crops_have_a_plan_for_every_phase_with_roots():
    for recipe_id in ("lettuce_butterhead", "basil_sweet", "pak_choi"):
        recipe = library.load_shipped(recipe_id)
        assert all(Method.EBB_FLOW in phase.irrigation for phase in recipe.phases)
    blackout, light = library.load_shipped("micro_radish").phases
    assert not blackout.irrigation
    assert light.irrigation[Method.EBB_FLOW].duration_s == 180


def test_the_shipped_recipes_are_read_once():
    assert library.load_shipped("pak_choi") is library.catalogue().get("pak_choi")


def test_any_two_shipped_phases_can_share_a_zone():
    phases = [(f"{r.id}.{p.name}", p) for r in RECIPES for p in r.phases]
    for (a, p), (b, q) in itertools.combinations(phases, 2):
        together = combine({a: p.climate, b: q.climate})
        assert together[ClimateQuantity.AIR_TEMPERATURE].day is not None


def test_an_unknown_id_is_refused_with_those_there_are():
    with pytest.raises(RecipeError, match="no recipe 'kale'") as caught:
        library.load_shipped("kale")
    assert "pak_choi" in caught.value.problems[0].accepted


def test_own_recipes_stand_beside_the_shipped_ones(tmp_path: Path):
    (tmp_path / "cress.yaml").write_text(cress_text(), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a recipe", encoding="utf-8")
    (tmp_path / "folder.yaml").mkdir()
    found = library.catalogue(tmp_path)
    assert set(found.recipes) == SHIPPED | {"cress"}
    assert found.problems == ()
    (header,) = [h for h in found.headers if h.id == "cress"]
    assert header.file == str(tmp_path / "cress.yaml")
    assert header.phases == ("dark", "green")
    assert found.get("cress").version == header.version


def test_an_own_recipe_stands_in_for_a_shipped_one(tmp_path: Path):
    text = changed("id", "pak_choi")
    (tmp_path / "mine.yml").write_text(text, encoding="utf-8")
    found = library.catalogue(tmp_path)
    assert set(found.recipes) == SHIPPED
    assert found.get("pak_choi").title == "Garden cress"
    assert library.load_shipped("pak_choi").title == "Pak choi"


def test_files_that_cannot_be_used_hide_nothing(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(cress_text(), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(cress_text(), encoding="utf-8")
    (tmp_path / "c.yaml").write_text("title: [", encoding="utf-8")
    impossible = changed("phases[1].climate.vpd.day", 3).replace("id: cress", "id: desert")
    (tmp_path / "d.yaml").write_text(impossible, encoding="utf-8")
    found = library.catalogue(tmp_path)
    assert set(found.recipes) == SHIPPED | {"cress"}
    assert [Path(p.file).name for p in found.problems] == ["b.yaml", "c.yaml", "d.yaml"]


def test_a_directory_that_is_not_there_is_empty(tmp_path: Path):
    assert set(library.catalogue(tmp_path / "none").recipes) == SHIPPED


def provenances(recipe):
    def walk(value):
        if isinstance(value, Provenance):
            yield value
        elif isinstance(value, dict):
            for item in value.values():
                yield from walk(item)
        elif isinstance(value, tuple):
            for item in value:
                yield from walk(item)
        elif hasattr(value, "__slots__"):
            for name in value.__slots__:
                yield from walk(getattr(value, name))

    return list(walk(recipe))
