"""A recipe against what is known of its crop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.recipes.test_validate import (
    codes,
    only,
    target,
    with_climate,
    with_last_phase,
    with_light,
)
from vfarm_core.recipes.crops import LIMITS
from vfarm_core.recipes.findings import TEXTS, Severity, finding
from vfarm_core.recipes.library import load_shipped, shipped
from vfarm_core.recipes.model import PhaseKind, SolutionQuantity


@pytest.fixture
def romaine():
    return load_shipped("lettuce_romaine")


def with_solution(recipe, **setpoints):
    solution = {SolutionQuantity(name): setpoint for name, setpoint in setpoints.items()}
    return with_last_phase(recipe, solution={**recipe.phases[-1].solution, **solution})


def test_something_is_known_of_every_crop_that_ships():
    assert {header.crop for header in shipped()} == set(LIMITS)


@pytest.mark.parametrize("crop", sorted(LIMITS))
def test_what_is_known_has_a_source_and_makes_sense(crop):
    limits = LIMITS[crop]
    found = [getattr(limits, name) for name in limits.__slots__]
    for known in filter(None, found):
        assert known.provenance.source
        assert known.provenance.confidence
    assert limits.ec is not None
    assert limits.ph is not None
    assert limits.ec.low < limits.ec.high
    assert 4.8 <= limits.ph.low < limits.ph.high <= 7.2
    if limits.dli_min and limits.dli_max:
        assert limits.dli_min.value < limits.dli_max.value


def test_too_little_light_in_production_is_a_warning(romaine):
    dim = with_light(romaine, ppfd=100, dli=100 * 16 * 0.0036)
    found = only(dim, "dli_low")
    assert found.path == "phases[1].light.ppfd"
    assert found.accepted == "at least 8.4 mol/m²/d"
    assert found.params["dli"] == pytest.approx(5.76)
    assert "VT SPES-720" in found.source


def test_seedlings_get_little_light_on_purpose(romaine):
    dim = with_light(romaine, ppfd=100, dli=5.76)
    assert "dli_low" not in codes(with_last_phase(dim, kind=PhaseKind.PROPAGATION))


@pytest.mark.parametrize(
    ("recipe_id", "ec", "unusual"),
    [
        ("lettuce_romaine", 1.8, False),
        ("lettuce_romaine", 2.4, True),
        ("lettuce_romaine", 0.4, True),
        ("cilantro", 3.5, False),
        ("spinach_baby", 0.9, True),
        ("tomato_dwarf", 3.8, False),
    ],
)
def test_ec_is_judged_by_crop(recipe_id, ec, unusual):
    recipe = with_solution(load_shipped(recipe_id), ec=target(ec))
    assert ("ec_unusual" in codes(recipe)) == unusual


def test_an_ec_above_source_water_is_not_called_too_low(romaine):
    poor = with_solution(romaine, ec=target(0.4))
    assert "ec_unusual" not in codes(replace(poor, ec_includes_source_water=False))
    rich = with_solution(romaine, ec=target(2.4))
    assert "ec_unusual" in codes(replace(rich, ec_includes_source_water=False))


def test_seed_swells_in_plain_water(romaine):
    water = with_solution(romaine, ec=target(0))
    assert "ec_unusual" in codes(water)
    assert "ec_unusual" not in codes(with_last_phase(water, kind=PhaseKind.GERMINATION))


def test_a_ph_no_source_holds_is_a_warning_with_all_that_do(romaine):
    found = only(with_solution(romaine, ph=target(7.4)), "ph_unusual")
    assert found.accepted == "5.5 … 7"
    assert "Cornell" in found.source
    assert "HLA-6722" in found.source
    assert "ph_unusual" not in codes(with_solution(romaine, ph=target(7.0)))


def test_a_value_for_day_and_night_is_told_once_and_its_own_night_apart(romaine):
    both = with_solution(romaine, ec=target(2.4, 2.4))
    assert only(both, "ec_unusual").path.endswith("ec.day")
    night = with_solution(romaine, ec=target(1.5, 2.6))
    assert only(night, "ec_unusual").path.endswith("ec.night")


def test_day_and_night_stay_near_each_other(romaine):
    assert codes(with_climate(romaine, air_temperature=target(24, 13))) == set()
    far = only(with_climate(romaine, air_temperature=target(26, 13)), "day_night_far")
    assert far.message == "day and night are 13 K apart"
    warm = only(with_climate(romaine, air_temperature=target(20, 23)), "night_warmer")
    assert warm.params == {"difference": 3}


def test_leafy_greens_are_not_grown_cold(romaine):
    assert "day_cold" in codes(with_climate(romaine, air_temperature=target(11, 11)))


def test_co2_beyond_the_highest_set_point_of_the_sources_is_a_warning(romaine):
    found = only(with_climate(romaine, co2=target(1700)), "co2_too_high")
    assert found.severity is Severity.WARNING
    assert found.accepted == "at most 1500 ppm"
    assert "co2_too_high" not in codes(with_climate(romaine, co2=target(1500)))


def test_a_crop_nobody_knows_is_only_held_against_physics(romaine):
    strange = with_solution(replace(romaine, crop="unheard_of"), ec=target(6), ph=target(4.5))
    assert codes(strange) == {"growth_model_foreign"}


def test_every_code_has_words_that_its_parameters_fill():
    for code, (message, accepted) in TEXTS.items():
        assert message, code
        assert accepted, code
    with pytest.raises(KeyError):
        finding(Severity.WARNING, "dli_low", "phases[0]")
