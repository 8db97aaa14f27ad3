"""Recipes in other forms: what goes out comes back, and what is lost is said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.recipes.cress import ORIGIN, changed, cress_text
from vfarm_core.farm.nodes import Method
from vfarm_core.recipes.errors import RecipeError
from vfarm_core.recipes.formats import openag, plantbook, table
from vfarm_core.recipes.formats.registry import FORMS, read
from vfarm_core.recipes.library import load_shipped, shipped
from vfarm_core.recipes.load import load_recipe
from vfarm_core.recipes.model import (
    OPEN,
    Band,
    Channel,
    ClimateQuantity,
    CropSteering,
    Exit,
    FarRed,
    IrrigationPlan,
    MistCycle,
    Phase,
    Provenance,
    Recipe,
    Regrowth,
    Ripe,
    Setpoint,
    Shift,
    ShotTrigger,
    SolutionQuantity,
)
from vfarm_core.recipes.ramps import Shape
from vfarm_core.recipes.validate import Severity, validate
from vfarm_core.recipes.version import content_hash

SHIPPED = [load_shipped(header.id) for header in shipped()]
ROMAINE = load_shipped("lettuce_romaine")
PRACTICE = Provenance(source="practice", confidence="C/D", note="a note: with “signs”, and more")

# -- any recipe -----------------------------------------------------------------------------------


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


@st.composite
def setpoints(draw: st.DrawFn, low: float, high: float) -> Setpoint:
    day, night = draw(numbers(low, high)), draw(numbers(low, high))
    if draw(st.booleans()):
        night = day
    near = Band(min(day, night) - 1, max(day, night) + 1)
    far = Band(None, near.high + 2) if draw(st.booleans()) else Band(near.low - 1, near.high + 1)
    own = draw(st.booleans())
    return Setpoint(
        day=day,
        night=night,
        warning_day=near,
        warning_night=OPEN if own else near,
        critical_day=far,
        critical_night=far,
        provenance=PRACTICE,
    )


@st.composite
def plans(draw: st.DrawFn) -> dict[Method, IrrigationPlan]:
    found = {
        Method.NFT: IrrigationPlan(
            method=Method.NFT,
            events_per_day=1,
            night_events=0,
            duration_s=86400.0,
            provenance=PRACTICE,
        )
    }
    if draw(st.booleans()):
        cycle = MistCycle(
            on_s=draw(numbers(1, 60)),
            off_s=draw(numbers(1, 900)),
            night_on_s=draw(st.sampled_from([0.0, 3.5])),
            night_off_s=draw(numbers(1, 900)),
        )
        found[Method.AEROPONICS] = IrrigationPlan(
            method=Method.AEROPONICS,
            events_per_day=0,
            night_events=0,
            duration_s=0.0,
            provenance=PRACTICE,
            cycle=cycle,
        )
    kind = draw(st.sampled_from(["", "moisture", "light", "steering"]))
    trigger = steering = None
    if kind == "steering":
        steering = CropSteering(
            p0_dryback_points=draw(numbers(0, 5)),
            p0_max_wait_min=45.0,
            p1_target_vwc_pct=70.0,
            p1_shot_pct=draw(numbers(1, 5)),
            p1_increment_pct=0.5,
            p1_interval_min=15.0,
            p1_max_shots=9,
            p2_threshold_vwc_pct=60.0,
            p2_shot_pct=4.0,
            p2_interval_min=20.0,
            p3_last_shot_before_lights_off_h=2.0,
            p3_dryback_points=12.0,
            floor_vwc_pct=38.0,
            max_shots_per_day=30,
            provenance=PRACTICE,
        )
    elif kind:
        trigger = ShotTrigger(
            moisture_below_pct=55.0 if kind == "moisture" else None,
            light_mol_m2=draw(numbers(0.5, 5)) if kind == "light" else None,
            transpiration_l_m2=0.3 if kind == "light" and draw(st.booleans()) else None,
            min_interval_min=30.0,
            max_shots_per_day=12,
            provenance=PRACTICE,
        )
    found[Method.DRIP] = IrrigationPlan(
        method=Method.DRIP,
        events_per_day=draw(st.integers(0, 6)),
        night_events=draw(st.integers(0, 2)),
        duration_s=draw(numbers(10, 600)),
        provenance=PRACTICE,
        steering=steering,
        trigger=trigger,
        runoff_pct=Band(5, 15) if draw(st.booleans()) else None,
    )
    return found


@st.composite
def phases(draw: st.DrawFn, under: Phase) -> Phase:
    hours, ppfd = draw(numbers(8, 20)), draw(numbers(50, 800))
    dli = ppfd * hours * 0.0036
    light = replace(
        under.light,
        photoperiod_h=hours,
        ppfd=ppfd,
        dli=dli,
        ppfd_max=ppfd * 1.25,
        dli_max=dli * 1.25,
        ramp_min=15.0,
        ramp_shape=draw(st.sampled_from([None, Shape.COSINE])),
        channels=draw(st.sampled_from([{}, {Channel.WHITE: 0.75, Channel.RED: 0.25}])),
        far_red=draw(
            st.sampled_from(
                [
                    None,
                    FarRed(minutes=15.0, pfd=20.5, provenance=PRACTICE),
                    FarRed(minutes=10.0, share=0.4, provenance=PRACTICE),
                ]
            )
        ),
        shift=draw(st.sampled_from([None, Shift(hours=2.5, dark_min_h=3.0)])),
    )
    days = draw(numbers(1, 60))
    ends = Exit(
        ripe=draw(st.sampled_from([Ripe.LIGHT, Ripe.DRYBACK_POINTS, Ripe.CANOPY_COVER])),
        needed=draw(numbers(1, 90)),
        min_days=draw(st.sampled_from([0.0, days / 2])),
        max_days=days * 1.5,
        provenance=PRACTICE,
    )
    return replace(
        under,
        days=days,
        light=light,
        density_plants_m2=draw(st.one_of(st.none(), numbers(1, 2000))),
        climate={
            ClimateQuantity.AIR_TEMPERATURE: draw(setpoints(10, 30)),
            ClimateQuantity.HUMIDITY: draw(setpoints(50, 80)),
        },
        solution={
            SolutionQuantity.EC: draw(setpoints(4, 6)),
            SolutionQuantity.PH: draw(setpoints(6, 6.5)),
        },
        irrigation=draw(plans()),
        exit=draw(st.sampled_from([None, ends])),
        notes=draw(st.sampled_from([(), ("- a note: odd", "# and another")])),
    )


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Recipes that nobody would grow, with everything a recipe can say."""
    made = replace(
        ROMAINE,
        title=draw(st.sampled_from(["Romaine", "Römer: “grün”, 1", "no", "1e3"])),
        cultivar=draw(st.sampled_from([None, "Little Gem"])),
        ec_includes_source_water=draw(st.booleans()),
        phases=tuple(draw(phases(under)) for under in ROMAINE.phases),
        regrowth=draw(
            st.sampled_from(
                [
                    None,
                    Regrowth(phase="production", days=21.5, cuts=4, share=0.4, provenance=PRACTICE),
                ]
            )
        ),
        parent=draw(st.sampled_from([None, ROMAINE.version])),
        changelog=draw(st.sampled_from([(), ("Cooler: by 1 °C",)])),
    )
    return replace(made, version=content_hash(made))


# -- complete forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", SHIPPED, ids=lambda r: r.id)
@pytest.mark.parametrize("name", ["json", "yaml"])
def test_every_shipped_recipe_comes_back_with_its_version(recipe: Recipe, name: str):
    form = FORMS[name]
    assert form.writes is not None
    back = read(form, form.writes(recipe), None).recipe
    assert back == recipe


@pytest.mark.parametrize("name", ["json", "yaml"])
@settings(deadline=None, max_examples=50)
@given(recipe=recipes())
def test_any_recipe_comes_back_whole(name: str, recipe: Recipe):
    form = FORMS[name]
    assert form.writes is not None
    back = load_recipe(form.writes(recipe))
    assert back.version == recipe.version
    assert back == recipe


def test_portable_json_names_every_unit():
    data = json.loads(FORMS["json"].writes(ROMAINE))
    phase = data["phases"][1]
    assert phase["light"]["ppfd"] == "250.0 μmol/m²/s"
    assert phase["climate"]["air_temperature"]["day"] == "23.0 °C"
    assert phase["climate"]["air_temperature"]["warning"] == {"low": "17.0 °C", "high": "27.0 °C"}
    assert phase["solution"]["ec"]["value"] == "1.5 mS/cm"
    assert phase["irrigation"]["ebb_flow"]["duration"] == "600.0 s"
    assert data["sources"] == dict(ROMAINE.sources)


# -- forms that hold less -------------------------------------------------------------------------


def held_by_openag(recipe: Recipe):
    return [
        (
            p.name,
            round(p.days),
            pytest.approx(0 if p.is_dark else p.light.photoperiod_h),
            pytest.approx(p.light.ppfd),
            None if p.is_dark else p.climate[ClimateQuantity.AIR_TEMPERATURE].day,
            None if p.is_always_lit else p.climate[ClimateQuantity.AIR_TEMPERATURE].night,
        )
        for p in recipe.phases
    ]


def held_by_table(recipe: Recipe):
    return [
        (
            p.name,
            p.days,
            p.light.photoperiod_h,
            p.light.ppfd,
            p.density_plants_m2,
            {q: (s.day, s.night) for q, s in {**p.climate, **p.solution}.items()},
        )
        for p in recipe.phases
    ]


HELD = {"openag": held_by_openag, "csv": held_by_table}


@pytest.mark.parametrize("recipe", SHIPPED, ids=lambda r: r.id)
@pytest.mark.parametrize("name", HELD)
def test_what_a_form_claims_to_hold_of_a_shipped_recipe_comes_back(recipe: Recipe, name: str):
    form = FORMS[name]
    assert form.writes is not None
    assert form.loses
    back = read(form, form.writes(recipe), recipe).recipe
    assert HELD[name](back) == HELD[name](recipe)
    assert back.parent == recipe.version


@pytest.mark.parametrize("name", HELD)
@settings(deadline=None, max_examples=50)
@given(recipe=recipes())
def test_what_a_form_claims_to_hold_of_any_recipe_comes_back(name: str, recipe: Recipe):
    form = FORMS[name]
    assert form.writes is not None
    assert form.reads is not None
    back = form.reads(form.writes(recipe), recipe).recipe
    assert HELD[name](back) == HELD[name](recipe)


@settings(deadline=None, max_examples=50)
@given(recipe=recipes())
def test_a_table_onto_another_recipe_obeys_the_rules_of_a_recipe(recipe: Recipe):
    found = table.read(table.write(recipe), load_shipped("pak_choi")).recipe
    again = load_recipe(FORMS["json"].writes(found))
    assert again.version == found.version


# -- OpenAg ---------------------------------------------------------------------------------------


def openag_recipe(**changes):
    def environment(ppfd, temperature, key="air_temperature_celsius"):
        spectrum = {"400-499": 40.0, "600-700": 60.0}
        return {
            "name": "x",
            "light_spectrum_nm_percent": spectrum,
            "light_ppfd_umol_m2_s": ppfd,
            "light_illumination_distance_cm": 10,
            key: temperature,
        }

    def cycles(day, night):
        return [
            {"name": "Day", "environment": day, "duration_hours": 16},
            {"name": "Night", "environment": night, "duration_hours": 8},
        ]

    values = {
        "format": "openag-phased-environment-v1",
        "version": "1",
        "name": "Frosty basil",
        "uuid": "0000",
        "cultivars": [{"name": "Genovese basil", "uuid": "1"}],
        "environments": {
            "day": environment(300, 24),
            "night": environment(0, 18, "air_temperature_celcius"),
            "frost": environment(0, 2),
        },
        "phases": [
            {"name": "Standard Growth", "repeat": 29, "cycles": cycles("day", "night")},
            {"name": "Frost!", "repeat": 1, "cycles": cycles("day", "frost")},
        ],
    }
    return json.dumps({**values, **changes})


BASIL = load_shipped("basil_sweet")


def test_an_openag_recipe_is_read_onto_one_of_ours():
    found = read(FORMS["openag"], openag_recipe(), BASIL)
    recipe = found.recipe
    assert (recipe.id, recipe.title, recipe.cultivar) == (
        "frosty_basil",
        "Frosty basil",
        "Genovese basil",
    )
    growth, frost = recipe.phases
    assert (growth.name, growth.days, frost.name, frost.days) == ("standard_growth", 29, "frost", 1)
    assert (growth.light.photoperiod_h, growth.light.ppfd) == (16, 300)
    air = growth.climate[ClimateQuantity.AIR_TEMPERATURE]
    assert (air.day, air.night) == (24, 18)
    assert air.provenance.source == "openag"
    # What it does not say is the base's, with the base's own source.
    assert growth.climate[ClimateQuantity.HUMIDITY] == BASIL.phases[1].climate["humidity"]
    assert recipe.parent == BASIL.version
    assert any("spectrum" in str(remark) for remark in found.remarks)
    assert any("limits of air_temperature are left out" in str(remark) for remark in found.remarks)


def test_one_phase_is_what_is_grown_out_not_germination():
    (phase,) = json.loads(openag_recipe())["phases"][:1]
    found = openag.read(openag_recipe(phases=[phase]), BASIL).recipe
    assert found.phases[0].kind is BASIL.phases[-1].kind
    assert found.phases[0].irrigation == BASIL.phases[-1].irrigation


def test_what_the_base_cites_keeps_its_source():
    arugula = load_shipped("arugula")
    found = openag.read(openag_recipe(), arugula).recipe
    assert found.sources["openag"] == arugula.sources["openag"]
    assert "Frosty basil" in found.sources["openag_2"]
    air = found.phases[0].climate[ClimateQuantity.AIR_TEMPERATURE]
    assert air.provenance.source == "openag_2"
    again = openag.read(openag_recipe(), found).recipe
    assert "openag_3" in again.sources


def test_what_is_wrong_with_it_for_the_crop_is_told_as_of_any_recipe():
    codes = {f.code for f in validate(read(FORMS["openag"], openag_recipe(), BASIL).recipe)}
    assert "night_cold" in codes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "no OpenAg recipe"),
        ({"phases": []}, "no list of phases"),
        ({"phases": [{"name": "x", "repeat": 3}]}, "has no cycles"),
        (
            {"phases": [{"name": "x", "repeat": 0, "cycles": []}]},
            "0 does not fit",
        ),
        (
            {
                "phases": [
                    {
                        "name": "x",
                        "repeat": 3,
                        "cycles": [{"environment": "moon", "duration_hours": 24}],
                    }
                ]
            },
            "'moon' is not among them",
        ),
        (
            {
                "phases": [
                    {
                        "name": "x",
                        "repeat": 3,
                        "cycles": [{"environment": "day", "duration_hours": 20}],
                    }
                ]
            },
            "20 hours are no day",
        ),
    ],
)
def test_an_openag_recipe_that_cannot_be_read_says_why(changes, message):
    with pytest.raises(RecipeError) as caught:
        openag.read(openag_recipe(**changes), BASIL, file="basil.json")
    assert message in str(caught.value)
    assert "basil.json" in str(caught.value)


# -- OpenPlantbook --------------------------------------------------------------------------------


def plant(**changes):
    values = {
        "pid": "ocimum basilicum",
        "display_pid": "Ocimum basilicum",
        "max_light_mmol": 7000,
        "min_light_mmol": 3500,
        "max_temp": 35,
        "min_temp": 10,
        "max_env_humid": 95,
        "min_env_humid": 30,
        "max_soil_ec": 2000,
        "min_soil_ec": 350,
    }
    return json.dumps({**values, **changes})


def test_a_plant_sets_what_the_air_may_be():
    found = read(FORMS["openplantbook"], plant(), BASIL)
    for phase in found.recipe.phases:
        air = phase.climate[ClimateQuantity.AIR_TEMPERATURE]
        assert air.critical_day == Band(10, 35)
        assert "openplantbook" in air.provenance.source
    assert found.recipe.phases[1].climate["humidity"].critical_night == Band(30, 95)
    assert [p.light for p in found.recipe.phases] == [p.light for p in BASIL.phases]
    assert [p.solution for p in found.recipe.phases] == [p.solution for p in BASIL.phases]
    assert any("mmol" in str(remark) for remark in found.remarks)


def test_limits_that_do_not_hold_the_targets_are_told_and_left():
    found = plantbook.read(plant(max_temp=20), BASIL)
    air = found.recipe.phases[0].climate[ClimateQuantity.AIR_TEMPERATURE]
    assert air == BASIL.phases[0].climate[ClimateQuantity.AIR_TEMPERATURE]
    assert any("reach beyond" in str(remark) for remark in found.remarks)


@pytest.mark.parametrize(
    "text", ["[", "{}", plant(max_temp="hot"), plant(min_temp=50), plant(max_env_humid=120)]
)
def test_what_is_no_plant_is_refused(text):
    with pytest.raises(RecipeError):
        plantbook.read(text, BASIL)


# -- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "phase,days,air_temperature_day_celsius\nproduction,20,23.5\n",
        "\ufeffphase;days;air_temperature_day_celsius\nproduction;20;23,5\n",
        "phase\tdays\tair_temperature_day_celsius\nproduction\t20\t23.5\n",
    ],
)
def test_a_table_may_come_from_any_spreadsheet(text):
    (phase,) = read(FORMS["csv"], text, ROMAINE).recipe.phases
    assert phase.days == 20
    air = phase.climate[ClimateQuantity.AIR_TEMPERATURE]
    assert (air.day, air.night) == (23.5, 19)
    assert phase.light == ROMAINE.phases[1].light


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("phase,weight\nx,3\n", "unknown column"),
        ("days\n3\n", "missing column"),
        ("phase,days\n", "has no phase"),
        ("phase,days\nx,soon\n", "'soon' does not fit"),
        ("phase,days\nx,-3\n", "> 0 …"),
        ("phase,days\nx,3\nx,4\n", "is given twice"),
        ("phase,days\n,3\n", "is empty"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(text, message):
    with pytest.raises(RecipeError) as caught:
        table.read(text, ROMAINE, file="plan.csv")
    assert message in str(caught.value)


def test_an_incomplete_form_needs_a_base():
    with pytest.raises(ValueError, match="needs a base"):
        read(FORMS["csv"], "phase,days\nx,3\n", None)


def test_a_recipe_that_came_in_is_checked_as_any_other():
    impossible = changed("phases[1].climate.vpd", {"day": 3, **ORIGIN})
    with pytest.raises(RecipeError, match="kPa"):
        read(FORMS["yaml"], impossible, None)
    fine = read(FORMS["yaml"], cress_text(), None).recipe
    assert not [f for f in validate(fine) if f.severity is Severity.ERROR]
