"""A recipe that reads well can still be wrong for the crop, or for physics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vfarm_core.farm.nodes import Method
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.model import (
    OPEN,
    Band,
    ClimateQuantity,
    DayLength,
    GrowthModel,
    PhaseKind,
    Provenance,
    Setpoint,
    SolutionQuantity,
)
from vfarm_core.recipes.validate import Finding, Severity, require_valid, validate

ORIGIN = Provenance(source="test", confidence="design")


def target(day, night=None, warning=OPEN, critical=OPEN):
    return Setpoint(
        day=day,
        night=day if night is None else night,
        warning_day=warning,
        warning_night=warning,
        critical_day=critical,
        critical_night=critical,
        provenance=ORIGIN,
    )


def with_last_phase(recipe, **changes):
    *others, last = recipe.phases
    return replace(recipe, phases=(*others, replace(last, **changes)))


def with_climate(recipe, **setpoints):
    climate = {
        **recipe.phases[-1].climate,
        **{ClimateQuantity(name): setpoint for name, setpoint in setpoints.items()},
    }
    return with_last_phase(
        recipe, climate={key: value for key, value in climate.items() if value is not None}
    )


def with_light(recipe, **changes):
    return with_last_phase(recipe, light=replace(recipe.phases[-1].light, **changes))


def codes(recipe) -> set[str]:
    return {finding.code for finding in validate(recipe)}


def only(recipe, code) -> Finding:
    (finding,) = [f for f in validate(recipe) if f.code == code]
    return finding


@pytest.fixture
def basil():
    return load_shipped("basil_sweet")


@pytest.fixture
def lettuce():
    return load_shipped("lettuce_butterhead")


def test_a_vpd_beyond_saturation_is_an_error(basil):
    finding = only(with_climate(basil, vpd=target(3.5, 1.0)), "vpd_unreachable")
    assert finding.severity is Severity.ERROR
    assert finding.path == "phases[2].climate.vpd.day"
    assert "3.5 kPa cannot be reached at 25 °C" in finding.message
    assert "3.169 kPa" in finding.accepted


def test_a_vpd_outside_the_critical_humidity_is_an_error(basil):
    finding = only(with_climate(basil, vpd=target(2.5, 0.75)), "vpd_needs_humidity")
    assert "needs 21 % humidity" in finding.message
    assert finding.accepted == "35 … 92 %"


def test_a_vpd_that_cannot_be_reached_by_night_is_an_error_too(basil):
    finding = only(with_climate(basil, vpd=target(1.0, 3.0)), "vpd_unreachable")
    assert finding.path == "phases[2].climate.vpd.night"


def test_a_vpd_outside_the_warning_humidity_is_a_warning(basil):
    finding = only(with_climate(basil, vpd=target(1.9, 0.75)), "vpd_contradicts_humidity")
    assert finding.severity is Severity.WARNING
    assert "needs 40 % humidity" in finding.message


def test_a_vpd_within_the_limits_is_fine_with_and_without_humidity(basil):
    assert codes(with_climate(basil, vpd=target(1.0, 0.75))) == set()
    assert codes(with_climate(basil, vpd=target(1.0, 0.75), humidity=None)) == set()


@pytest.mark.parametrize(("humidity", "unusual"), [(95, True), (48, True), (65, False)])
def test_air_that_is_too_wet_or_too_dry_by_day_is_a_warning(basil, humidity, unusual):
    found = codes(with_climate(basil, humidity=target(humidity, 70)))
    assert ("vpd_unusual" in found) == unusual


def test_a_vpd_target_that_is_unusual_is_a_warning(basil):
    finding = only(with_climate(basil, vpd=target(0.2, 0.5), humidity=None), "vpd_unusual")
    assert "0.20 kPa" in finding.message


def test_humid_nights_and_covered_seed_are_no_warning(basil):
    assert codes(with_climate(basil, humidity=target(65, 97))) == set()
    covered = with_climate(basil, humidity=target(97, 97))
    assert codes(with_last_phase(covered, kind=PhaseKind.GERMINATION)) == set()


def test_a_phase_without_temperature_is_left_alone(basil):
    assert codes(with_climate(basil, air_temperature=None)) == set()


def test_more_light_than_the_crop_uses_is_a_warning_with_its_source():
    # OpenAg's kale recipe: 800 µmol/m²/s for 18 h
    recipe = with_light(load_shipped("pak_choi"), ppfd=800, photoperiod_h=18, dli=51.84)
    finding = only(recipe, "dli_excessive")
    assert "51.8 mol/m²/d" in finding.message
    assert finding.accepted == "at most 22.5 mol/m²/d"
    assert finding.source
    assert str(finding).startswith("warning: phases[1].light.ppfd: 800")


def test_cold_nights_injure_basil(basil):
    # OpenAg's genovese_basil ends with a frost night
    finding = only(with_climate(basil, air_temperature=target(25, 2)), "night_cold")
    assert finding.severity is Severity.WARNING
    assert "Rutgers" in finding.source
    assert codes(with_climate(basil, air_temperature=target(22, 10))) == set()


def test_heat_is_judged_by_crop_and_phase():
    strawberry = load_shipped("strawberry_everbearing")
    hot = {"air_temperature": target(31, 12), "humidity": target(70, 85)}
    assert "day_hot" in codes(with_climate(strawberry, **hot))
    young = with_last_phase(strawberry, kind=PhaseKind.PROPAGATION)
    assert "day_hot" not in codes(with_climate(young, **hot))


@pytest.mark.parametrize(
    ("crop", "kind", "hours", "long"),
    [
        ("tomato", PhaseKind.VEGETATIVE, 18, True),
        ("tomato", PhaseKind.VEGETATIVE, 17, False),
        ("cannabis", PhaseKind.FLOWERING, 13, True),
        ("cannabis", PhaseKind.FLOWERING, 12, False),
        ("cannabis", PhaseKind.VEGETATIVE, 18, False),
        ("lettuce", PhaseKind.VEGETATIVE, 24, False),
        ("unheard_of", PhaseKind.VEGETATIVE, 24, False),
    ],
)
def test_days_too_long_for_the_crop_are_a_warning(basil, crop, kind, hours, long):
    recipe = with_light(replace(basil, crop=crop), photoperiod_h=hours)
    recipe = with_last_phase(recipe, kind=kind)
    assert ("photoperiod_long" in codes(recipe)) == long


def test_short_day_plants_of_any_crop_need_long_nights():
    strawberry = load_shipped("strawberry_everbearing")
    assert "photoperiod_long" not in codes(strawberry)
    june = replace(strawberry, day_length=DayLength.SHORT_DAY)
    assert [f.path for f in validate(june) if f.code == "photoperiod_long"] == [
        "phases[1].light.photoperiod",
        "phases[2].light.photoperiod",
    ]


def test_light_in_a_blackout_is_a_warning():
    recipe = with_last_phase(load_shipped("micro_radish"), kind=PhaseKind.BLACKOUT)
    assert "blackout_lit" in codes(recipe)


def test_a_foreign_growth_model_is_a_warning(basil):
    growth = replace(basil.growth, model=GrowthModel.VAN_HENTEN_1994)
    assert codes(replace(basil, growth=growth)) == {"growth_model_foreign"}


@pytest.mark.parametrize("water", [8, 30])
def test_water_that_harms_roots_is_a_warning(basil, water):
    solution = {SolutionQuantity.WATER_TEMPERATURE: target(water)}
    found = [f.path for f in validate(with_last_phase(basil, solution=solution))]
    assert found == [f"phases[2].solution.water_temperature.{w}" for w in ("day", "night")]


def test_a_flood_that_drowns_roots_is_a_warning(basil):
    plan = replace(basil.phases[-1].irrigation[Method.EBB_FLOW], duration_s=3600)
    assert codes(with_last_phase(basil, irrigation={Method.EBB_FLOW: plan})) == {"flood_long"}


def test_errors_come_first_and_forbid_the_recipe(basil):
    recipe = with_climate(basil, vpd=target(3.5, 1.0), air_temperature=target(25, 5))
    assert validate(recipe)[0].severity is Severity.ERROR
    with pytest.raises(RecipeError) as caught:
        require_valid(recipe, file="mine.yaml")
    assert {p.file for p in caught.value.problems} == {"mine.yaml"}
    assert all("kPa" in p.message for p in caught.value.problems)


def test_warnings_do_not_forbid_a_recipe(basil):
    recipe = with_climate(basil, air_temperature=target(21, 9))
    assert [f.code for f in require_valid(recipe)] == ["night_cold"]


def test_a_humidity_band_that_only_warns_is_not_an_error(basil):
    recipe = with_climate(basil, vpd=target(1.0), humidity=target(None, 70, warning=Band(80, 90)))
    assert codes(recipe) == {"vpd_contradicts_humidity"}
