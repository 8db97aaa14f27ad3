"""Plants of the twin: growth by the published models, in the published directions."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.model import GrowthModel
from vfarm_core.science.air import absolute_humidity_g_m3
from vfarm_core.science.canopy import canopy_balance
from vfarm_core.twin.alone import Conditions, CropError, crops, grow_alone
from vfarm_core.twin.demo import RECIPES
from vfarm_core.twin.plants import PAR_J_UMOL, light_use_parameters, raised, stand_of, transpiration

from .small import lettuce

REFERENCE = (
    Path(__file__).parents[1] / "science" / "data" / "van_henten_1994_reference_trajectories.csv"
)
#: scenario of the table -> day and night °C, PAR W/m², hours, CO2 ppm
SCENARIOS = {
    "const24h_PAR150_CO2_600_T20": (20, 20, 150.0, 24, 600),
    "VF_16h_PAR43.4(=200umol)_CO2_1000_24/20": (24, 20, 43.4, 16, 1000),
    "VF_16h_PAR54.25(=250umol)_CO2_400_24/20": (24, 20, 54.25, 16, 400),
    "VF_16h_PAR54.25(=250umol)_CO2_1200_24/20": (24, 20, 54.25, 16, 1200),
}


def rows() -> list[dict[str, str]]:
    with REFERENCE.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if float(row["day"]) > 0]


@pytest.mark.parametrize("row", rows(), ids=lambda r: f"{r['scenario']}-{r['day']}")
def test_lettuce_alone_follows_the_reference_trajectories(row):
    day, night, par, hours, co2 = SCENARIOS[row["scenario"]]
    report = grow_alone(
        "lettuce",
        Conditions(
            days=float(row["day"]),
            temperature_day=day,
            temperature_night=night,
            ppfd=par / PAR_J_UMOL,
            photoperiod_h=hours,
            co2=co2,
            density=25,
        ),
        start_dry_mass_g_m2=1.5,
    )
    assert report.total_dry_mass_g_m2 == pytest.approx(float(row["X_total_g_m2"]), rel=1e-3)
    assert report.x_sdw_g_m2 == pytest.approx(float(row["X_sdw_g_m2"]), rel=1e-3)
    assert report.shoot_dry_mass_g_m2 == pytest.approx(0.93 * report.total_dry_mass_g_m2)


BASE = Conditions(
    days=30,
    temperature_day=24,
    temperature_night=19,
    ppfd=200,
    photoperiod_h=16,
    co2=800,
    density=36,
)


def grown(crop: str = "lettuce", **changes: float) -> float:
    values = {name: getattr(BASE, name) for name in BASE.__slots__}
    return grow_alone(crop, Conditions(**(values | changes))).shoot_dry_mass_g_m2


@pytest.mark.parametrize("crop", ["lettuce", "basil", "pak_choi"])
def test_more_light_and_more_co2_give_more(crop):
    assert grown(crop, ppfd=150) < grown(crop) < grown(crop, ppfd=280)
    assert grown(crop, co2=400) < grown(crop) < grown(crop, co2=1200)
    assert grown(crop, photoperiod_h=12) < grown(crop) < grown(crop, photoperiod_h=20)


def test_lettuce_is_best_around_twenty_two_degrees():
    """Cold slows it, above all while it is small, and heat costs respiration; the optimum of
    20-24 °C is that of the Cornell and Purdue guides (science.md, limits_alarms.csv)."""

    def fresh(temperature: float, days: float) -> float:
        return raised(lettuce(temperature=temperature), 380.0, 1e9, days).fresh_g

    assert fresh(12, 35) < fresh(16, 35) < fresh(22, 35)
    assert fresh(22, 35) > fresh(28, 35) > fresh(34, 35)
    assert fresh(12, 14) < 0.5 * fresh(22, 14)


def test_basil_wants_it_warm_and_stops_in_the_cold():
    warm, cool = grown("basil", temperature_day=25), grown("basil", temperature_day=18)
    assert cool < 0.7 * warm
    start = grow_alone("basil", BASE).start_dry_mass_g_m2
    assert grown("basil", temperature_day=10) == pytest.approx(start)


def test_the_benefit_of_light_falls():
    """More light is used less well: the light response saturates."""
    first = grown(ppfd=200) - grown(ppfd=100)
    second = grown(ppfd=400) - grown(ppfd=300)
    assert second < first


def test_in_the_dark_lettuce_lives_on_itself():
    dark = grow_alone(
        "lettuce",
        Conditions(
            days=1,
            temperature_day=25,
            temperature_night=25,
            ppfd=0,
            photoperiod_h=0,
            co2=420,
            density=25,
        ),
        start_dry_mass_g_m2=200,
    )
    # science.md 4.2: maintenance of about 3 % of the shoot's structural mass a day at 25 °C, and
    # what growth on reserves burns.
    assert 0.80 < dark.total_dry_mass_g_m2 / 200 < 0.99
    assert dark.incident_mol_m2 == 0
    assert dark.shoot_g_per_mol is None
    assert dark.transpiration_l_m2 > 0


def test_drier_air_makes_them_drink_more():
    values = {name: getattr(BASE, name) for name in BASE.__slots__}
    dry = grow_alone("lettuce", Conditions(**(values | {"humidity": 50.0})))
    wet = grow_alone("lettuce", Conditions(**(values | {"humidity": 85.0})))
    assert dry.transpiration_l_m2 > 1.5 * wet.transpiration_l_m2


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"days": -1}, "days"),
        ({"ppfd": -5}, "ppfd"),
        ({"photoperiod_h": 25}, "photoperiod_h"),
        ({"temperature_day": 80}, "temperature_day"),
        ({"density": 0}, "density"),
        ({"co2": float("nan")}, "co2"),
    ],
)
def test_impossible_conditions_are_refused_by_name(changes, argument):
    with pytest.raises(CropError) as refused:
        grown(**changes)
    assert refused.value.argument == argument
    assert argument in str(refused.value)


def test_unknown_crops_and_start_masses_are_refused():
    with pytest.raises(CropError, match=r"saffron.*lettuce"):
        grown("saffron")
    with pytest.raises(CropError, match="start_dry_mass"):
        grow_alone("lettuce", BASE, start_dry_mass_g_m2=-1)
    with pytest.raises(CropError, match="structural_share"):
        grow_alone("lettuce", BASE, structural_share=0)
    assert "lettuce" in crops()


# -- stands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_a_cycle_that_follows_its_recipe_yields_about_what_the_recipe_expects(name):
    recipe = load_shipped(name)
    stand = raised(recipe, 1000.0, 1e9, recipe.total_days)
    kg_m2 = stand.harvest_g * (recipe.phases[-1].density_plants_m2 or 1.0) / 1000
    assert recipe.expected_yield_kg_m2 is not None
    low, high = recipe.expected_yield_kg_m2
    # Half and one and a half of the expected range: the models know nothing of it.
    assert 0.6 * low < kg_m2 < 1.5 * high


def test_a_head_of_lettuce_under_cornell_conditions():
    """science.md section 2: about 150 g at day 35, by 38 plants/m²."""
    stand = raised(load_shipped("lettuce_butterhead"), 380.0, 1e9, 35.0)
    assert 110.0 < stand.fresh_g < 200.0


@pytest.mark.parametrize("name", [n for n in RECIPES if n != "lettuce_butterhead"])
def test_light_use_growth_has_the_recipes_efficiency(name):
    recipe = load_shipped(name)
    assert recipe.growth.model is GrowthModel.LIGHT_USE
    stand = stand_of(recipe, 1.0, 1.0)
    start = stand.shoot_dry_g
    end = raised(recipe, 1000.0, 1e9, recipe.total_days)
    photons = 0.0
    density = next((p.density_plants_m2 for p in recipe.phases if p.density_plants_m2), 1.0)
    for phase in recipe.phases:
        density = phase.density_plants_m2 or density
        if phase.kind.value not in ("germination", "blackout"):
            photons += phase.light.dli * phase.days / density
    assert recipe.growth.lue_g_mol is not None
    # The stand without an own spacing in its first phase stands by itself there.
    if all(p.density_plants_m2 for p in recipe.phases):
        efficiency = (end.shoot_dry_g - start) / photons
        assert efficiency == pytest.approx(recipe.growth.lue_g_mol.value, rel=0.03)
    assert light_use_parameters(recipe) is light_use_parameters(recipe)


def test_seedlings_on_their_reserves_neither_grow_nor_breathe():
    recipe = load_shipped("lettuce_butterhead")
    stand = stand_of(recipe, 38.0, 1.0)
    before = stand.masses()
    stand.growing = False
    stand.grow(300.0, 1000.0, 24.0, 86400.0)
    assert stand.masses() == before
    assert stand.lai == 0.0
    assert stand.gas(300.0, 1000.0, 24.0).gross == 0.0


def test_respacing_changes_the_canopy_and_not_the_plants():
    recipe = load_shipped("lettuce_butterhead")
    stand = raised(recipe, 76.0, 2.0, 20.0)
    plant, lai = stand.shoot_dry_g, stand.lai
    stand.area_m2 *= 2
    assert stand.shoot_dry_g == plant
    assert stand.lai == pytest.approx(lai / 2)


@pytest.mark.parametrize("name", ["lettuce_butterhead", "basil_sweet"])
def test_carbon_taken_up_is_dry_mass_formed(name):
    recipe = load_shipped(name)
    stand = raised(recipe, 38.0, 1.0, 25.0)
    fraction = 1 - 0.07 if name == "lettuce_butterhead" else 1.0
    before = stand.shoot_dry_g * stand.density / fraction
    gained = 0.0
    for _ in range(720):
        gas = stand.gas(250.0, 900.0, 23.0)
        gained += (gas.gross - gas.respiration) * 60.0
        stand.grow(250.0, 900.0, 23.0, 60.0)
    after = stand.shoot_dry_g * stand.density / fraction
    # c_alpha of van Henten is 0.68, 30/44 rounded.
    assert after - before == pytest.approx(gained * 30 / 44, rel=5e-3)


@pytest.mark.parametrize("ppfd", [0.0, 200.0, 400.0])
@pytest.mark.parametrize("change", [("t", 0.5), ("humidity", 2.0)])
def test_transpiration_is_linear_as_its_slopes_say(ppfd, change):
    what, by = change
    t, humidity = 24.0, 65.0
    t2 = t + by if what == "t" else t
    vapour = absolute_humidity_g_m3(t, humidity)
    # The same vapour in warmer air, or more vapour in the same air.
    humidity2 = 100 * vapour / absolute_humidity_g_m3(t2, 100.0) if what == "t" else humidity + by
    vapour2 = absolute_humidity_g_m3(t2, humidity2)
    first = transpiration(ppfd, t, humidity, 2.5)
    exact = canopy_balance(ppfd, ppfd * PAR_J_UMOL, t2, humidity2, 2.5).transpiration_l_m2_h / 3.6
    linear = first.g_s - first.per_vapour * (vapour2 - vapour) + first.per_k * (t2 - t)
    assert linear == pytest.approx(exact, rel=0.02)


def test_still_air_slows_transpiration_and_bare_levels_have_none():
    moved = transpiration(200.0, 24.0, 65.0, 3.0)
    still = transpiration(200.0, 24.0, 65.0, 3.0, still=True)
    assert 0 < still.g_s < moved.g_s
    assert transpiration(200.0, 24.0, 65.0, 0.0).g_s == 0.0
