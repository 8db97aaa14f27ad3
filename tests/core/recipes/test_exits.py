"""Phases that end by a condition, and plants that grow again, as a recipe writes them."""

from __future__ import annotations

import pytest
import yaml

from tests.core.recipes.cress import DELETE, GREEN, ORIGIN, changed, cress_text
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.model import Ripe

EXIT = {"degree_days": 120, "max_days": 10, **ORIGIN}


def exits(**changes):
    return {key: value for key, value in {**EXIT, **changes}.items() if value is not DELETE}


def refused(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "ripe", "needed"),
    [
        ({}, Ripe.DEGREE_DAYS, 120),
        ({"degree_days": "216 °F d"}, Ripe.DEGREE_DAYS, 120),
        ({"degree_days": DELETE, "light": "80 mol/m²"}, Ripe.LIGHT, 80),
        ({"degree_days": DELETE, "dryback_points": 20}, Ripe.DRYBACK_POINTS, 20),
        ({"degree_days": DELETE, "canopy_cover": "85 %"}, Ripe.CANOPY_COVER, 85),
    ],
)
def test_a_phase_can_wait_for_warmth_light_a_dry_substrate_or_a_closed_canopy(given, ripe, needed):
    found = load_recipe(changed(f"{GREEN}.exit", exits(**given))).phases[1].exit
    assert found is not None
    assert (found.ripe, found.needed) == (ripe, pytest.approx(needed))
    assert (found.min_days, found.max_days) == (0, 10)
    assert found.provenance.source == "book"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_days": DELETE}, "max_days: missing"),
        ({"light": 80}, "needs one thing to wait for"),
        ({"degree_days": DELETE}, "needs one thing to wait for"),
        ({"max_days": 5}, "7 days are not within"),
        ({"min_days": 8}, "7 days are not within"),
        ({"canopy": 90}, "unknown key"),
        ({"degree_days": DELETE, "canopy_cover": 120}, "out of range"),
        ({"degree_days": "120 mol/m²"}, "does not fit"),
    ],
)
def test_a_wrong_exit_is_named(given, message):
    assert message in refused(changed(f"{GREEN}.exit", exits(**given)))


def test_thermal_time_needs_a_base():
    document = yaml.safe_load(changed(f"{GREEN}.exit", EXIT))
    del document["growth"]["base_temperature"]
    assert "growth.base_temperature" in refused(yaml.safe_dump(document, allow_unicode=True))


def test_plants_that_grow_again_name_the_phase_they_go_back_to():
    regrowth = {"phase": "green", "days": "2 weeks", "cuts": 3, **ORIGIN}
    found = load_recipe(changed("regrowth", regrowth)).regrowth
    assert found is not None
    assert (found.phase, found.days, found.cuts) == ("green", 14, 3)
    assert "there is no phase 'red'" in refused(changed("regrowth", {**regrowth, "phase": "red"}))
    assert "out of range" in refused(changed("regrowth", {**regrowth, "cuts": 1}))


def test_the_herbs_that_are_cut_again_say_so():
    for name in ("mint", "chives"):
        regrowth = load_shipped(name).regrowth
        assert regrowth is not None
        assert regrowth.phase == "production"
        assert 20 <= regrowth.days <= 25
        assert regrowth.share == pytest.approx(1 / 3, abs=0.01)


def test_a_recipe_that_says_nothing_of_it_keeps_its_version():
    assert load_recipe(cress_text()).regrowth is None
