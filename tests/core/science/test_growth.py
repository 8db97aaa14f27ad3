from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science import growth
from vfarm_core.science.errors import RangeError
from vfarm_core.science.growth import GrowthParameters, Interval

BASIL = GrowthParameters(
    lue_g_mol=Interval(0.4, 0.6, 0.9),
    leaf_area_m2_g=0.03,
    extinction=0.7,
    t_base_c=11,
    t_optimum_low_c=25,
    t_optimum_high_c=31,
    t_ceiling_c=42,
    co2_reference_ppm=400,
)

masses = st.floats(0, 1000)
photons = st.floats(0, 2000)
absorptions = st.floats(0.001, 0.1)
efficiencies = st.floats(0, 1.5)


def test_a_thin_canopy_intercepts_little_and_a_thick_one_nearly_all():
    assert growth.intercepted_share(0, 0.7) == 0
    assert growth.intercepted_share(1, 0.7) == pytest.approx(1 - math.exp(-0.7))
    assert growth.intercepted_share(10, 0.7) > 0.99


def test_light_use_per_intercepted_light_is_higher_than_per_incident():
    assert growth.lue_intercepted_g_mol(0.5, 0.8) == pytest.approx(0.625)
    assert growth.lue_intercepted_g_mol(0.5, 1) == 0.5


@pytest.mark.parametrize(
    ("t", "response"),
    [(-5, 0), (0, 0), (10, 0.5), (20, 1), (24, 1), (28, 1), (36.5, 0.5), (45, 0), (60, 0)],
)
def test_temperature_response_is_a_trapezoid(t, response):
    assert growth.temperature_response(t, 0, 20, 28, 45) == pytest.approx(response)


@given(st.floats(-20, 60))
def test_temperature_response_is_a_share(t):
    assert 0 <= growth.temperature_response(t, 4, 22, 27, 38) <= 1


def test_co2_response_rises_and_saturates():
    assert growth.co2_response(400, 20, 400) == pytest.approx(1)
    at_800, at_1200 = (growth.co2_response(ppm, 20, 400) for ppm in (800, 1200))
    assert 1.1 < at_800 < at_1200 < 4 / 3
    assert growth.co2_response(20, 20, 400) == 0
    assert growth.co2_response(1000, 60, 400) == 0


def test_co2_matters_more_when_it_is_warm():
    assert growth.co2_response(1000, 30, 400) > growth.co2_response(1000, 15, 400)


def euler(mass, mol, lue, absorption, steps=200_000):
    for _ in range(steps):
        mass += lue * (1 - math.exp(-absorption * mass)) * mol / steps
    return mass


@pytest.mark.parametrize("mass", [0.5, 5.0, 80.0])
def test_expolinear_growth_solves_its_equation(mass):
    got = growth.expolinear_mass_g_m2(mass, 300, 0.6, 0.02)
    assert got == pytest.approx(euler(mass, 300, 0.6, 0.02), rel=1e-4)


def test_a_closed_canopy_grows_in_proportion_to_light():
    got = growth.expolinear_mass_g_m2(2000, 100, 0.6, 0.03)
    assert got == pytest.approx(2060)


def test_seedlings_grow_exponentially():
    first, second, third = (
        growth.expolinear_mass_g_m2(1e-3, mol, 0.6, 0.02) for mol in (0, 100, 200)
    )
    assert third / second == pytest.approx(second / first, rel=1e-3)


@given(masses, photons, photons, efficiencies, absorptions)
def test_growth_in_two_spans_is_growth_in_one(mass, first, second, lue, absorption):
    step = growth.expolinear_mass_g_m2(mass, first, lue, absorption)
    pieces = growth.expolinear_mass_g_m2(step, second, lue, absorption)
    whole = growth.expolinear_mass_g_m2(mass, first + second, lue, absorption)
    assert pieces == pytest.approx(whole, rel=1e-6, abs=1e-9)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 5), st.floats(1e-6, 1))
def test_growth_is_finite_and_bounded_by_the_light(mass, mol, lue, absorption):
    got = growth.expolinear_mass_g_m2(mass, mol, lue, absorption)
    assert mass <= got <= (mass + lue * mol) * (1 + 1e-12) + 1e-9


def test_a_crop_from_dust_keeps_its_digits():
    got = growth.expolinear_mass_g_m2(1e-10, 2000, 1.5, 0.02)
    assert got == pytest.approx(3000 + math.log(0.02 * 1e-10) / 0.02, abs=1e-6)


def test_without_plants_nothing_grows():
    assert growth.expolinear_mass_g_m2(0, 1000, 0.6, 0.02) == 0


def test_a_crop_grows_by_temperature_and_co2():
    def grown(t, co2):
        return growth.advance_mass_g_m2(20, 100, t, co2, BASIL)

    assert grown(18, 400) < grown(25, 400)
    assert grown(25, 400) < grown(25, 1000)
    assert grown(10, 400) == 20
    assert grown(42, 400) == 20


def test_a_learned_light_use_replaces_the_prior():
    usual = growth.advance_mass_g_m2(20, 100, 25, 400, BASIL)
    assert growth.advance_mass_g_m2(20, 100, 25, 400, BASIL, lue_g_mol=0.8) > usual
    assert growth.advance_mass_g_m2(20, 100, 25, 400, BASIL, lue_g_mol=0.6) == usual


@given(st.floats(0.1, 500), photons, st.floats(5, 45), st.floats(100, 2000))
def test_a_forecast_is_an_interval_around_the_mid_value(mass, mol, t, co2):
    got = growth.forecast_mass_g_m2(mass, mol, t, co2, BASIL)
    assert mass <= got.low <= got.mid <= got.high
    assert got.mid == growth.advance_mass_g_m2(mass, mol, t, co2, BASIL)


def test_a_cycle_of_light_gives_the_usual_span_of_fresh_mass():
    per_mol = growth.cycle_fresh_mass_g_m2(1.0, dry_matter_fraction=Interval(0.05, 0.05, 0.05))
    assert per_mol.low == pytest.approx(6)
    assert per_mol.high == pytest.approx(20)
    wide = growth.cycle_fresh_mass_g_m2(400)
    assert wide.low < wide.mid < wide.high


def test_worked_examples_of_degree_days(vectors):
    (simple,) = vectors("gdd", "gdd_simple")
    got = growth.growing_degree_days_daily(simple["Tmax"], simple["Tmin"], simple["Tb"])
    assert got == pytest.approx(simple["expect"])
    (capped,) = vectors("gdd", "gdd_capped")
    got = growth.growing_degree_days_daily(
        capped["Tmax"], capped["Tmin"], capped["Tb"], capped["Tupper"]
    )
    assert got == pytest.approx(capped["expect"])


def test_hourly_degree_days_count_the_warm_hours_of_a_cold_day():
    hours = [2.0] * 12 + [10.0] * 12
    assert growth.growing_degree_days(hours, 4) == pytest.approx(3.0)
    assert growth.growing_degree_days_daily(10, 2, 4) == pytest.approx(2.0)


def test_hourly_degree_days_are_capped_before_they_are_averaged():
    assert growth.growing_degree_days([34.0] * 12 + [22.0] * 12, 4, 28) == pytest.approx(21.0)


@given(st.floats(-20, 50), st.floats(0, 864000), st.floats(0, 15))
def test_thermal_time_adds_up_over_any_cut(t, seconds, base):
    half = growth.thermal_time_c_d(t, seconds / 2, base)
    assert 2 * half == pytest.approx(growth.thermal_time_c_d(t, seconds, base))
    assert half >= 0


def test_a_phase_is_done_once_enough_has_accumulated():
    assert growth.phase_progress(0, 300) == 0
    assert growth.phase_progress(150, 300) == 0.5
    assert growth.phase_progress(400, 300) == 1


def test_a_light_deficit_costs_days():
    assert growth.days_lost(23.04, 11.52) == pytest.approx(2)


@pytest.mark.parametrize(
    ("progress", "days", "share"),
    [(0, 3, 0.25), (0.5, 3, 0.25), (0.65, 2, 0.175), (0.8, 1, 0.1), (1, 1, 0.1)],
)
def test_forecasts_narrow_toward_the_harvest(progress, days, share):
    assert growth.harvest_uncertainty_days(progress) == pytest.approx(days)
    assert growth.yield_uncertainty(progress) == pytest.approx(share)


@pytest.mark.parametrize(
    ("function", "arguments", "argument"),
    [
        (growth.intercepted_share, (-1, 0.7), "lai"),
        (growth.intercepted_share, (1, 0), "extinction"),
        (growth.lue_intercepted_g_mol, (0.5, 0), "mean_share"),
        (growth.lue_intercepted_g_mol, (-0.5, 1), "lue"),
        (growth.temperature_response, (math.nan, 0, 20, 28, 45), "temperature"),
        (growth.temperature_response, (20, 10, 5, 28, 45), "optimum_low"),
        (growth.temperature_response, (20, 0, 20, 18, 45), "optimum_high"),
        (growth.temperature_response, (20, 0, 20, 28, 25), "ceiling"),
        (growth.co2_response, (-1, 20, 400), "co2"),
        (growth.co2_response, (400, 20, 0), "co2_reference"),
        (growth.expolinear_mass_g_m2, (-1, 1, 0.5, 0.02), "mass"),
        (growth.expolinear_mass_g_m2, (1, -1, 0.5, 0.02), "photons"),
        (growth.expolinear_mass_g_m2, (1, 1, math.nan, 0.02), "lue"),
        (growth.expolinear_mass_g_m2, (1, 1, 0.5, 0), "absorption"),
        (growth.cycle_fresh_mass_g_m2, (-1,), "photons"),
        (growth.cycle_fresh_mass_g_m2, (1, Interval(1, 1, 1), Interval(0, 0, 0)),
         "dry_matter_fraction"),
        (growth.thermal_time_c_d, (20, -1, 4), "seconds"),
        (growth.thermal_time_c_d, (20, 1, 4, 3), "cap"),
        (growth.growing_degree_days_daily, (20, 21, 4), "t_min"),
        (growth.phase_progress, (1, 0), "needed"),
        (growth.phase_progress, (-1, 1), "accumulated"),
        (growth.days_lost, (-1, 1), "deficit"),
        (growth.days_lost, (1, 0), "dli"),
        (growth.harvest_uncertainty_days, (1.1,), "progress"),
    ],
)  # fmt: skip
def test_growth_that_cannot_be_is_refused(function, arguments, argument):
    with pytest.raises(RangeError) as refused:
        function(*arguments)
    assert refused.value.argument == argument
