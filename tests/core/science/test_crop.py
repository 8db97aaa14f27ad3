from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science import crop
from vfarm_core.science.crop import LETTUCE, LettuceState
from vfarm_core.science.errors import RangeError, ScienceError

DAY = 86400.0
MINUTE = 60.0

states = st.builds(LettuceState, st.floats(0, 500), st.floats(0, 1500))
pars = st.one_of(st.just(0.0), st.floats(0, 400))
gases = st.floats(0, 20_000)
temperatures = st.floats(-5, 50)

SCENARIOS = {
    "const24h_PAR150_CO2_600_T20": (150.0, 600.0, 20.0, 20.0, 24),
    "VF_16h_PAR43.4(=200umol)_CO2_1000_24/20": (43.4, 1000.0, 24.0, 20.0, 16),
    "VF_16h_PAR54.25(=250umol)_CO2_400_24/20": (54.25, 400.0, 24.0, 20.0, 16),
    "VF_16h_PAR54.25(=250umol)_CO2_1200_24/20": (54.25, 1200.0, 24.0, 20.0, 16),
}


def grow(state, days, par, co2, t_day, t_night, hours, step=600.0, parameters=LETTUCE):
    """Light first, then night, in steps of `step` seconds; the state at the end of each day."""
    found = [state]
    for _ in range(days):
        for span, light, t in ((hours * 3600, par, t_day), ((24 - hours) * 3600, 0.0, t_night)):
            for _ in range(int(span / step)):
                state = crop.advance(state, light, co2, t, step, parameters)
        found.append(state)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_reference_trajectories(table, scenario):
    rows = [row for row in table("van_henten_1994_reference_trajectories")
            if row["scenario"] == scenario]  # fmt: skip
    last = int(float(rows[-1]["day"]))
    days = grow(LettuceState(0.5, 1.0), last, *SCENARIOS[scenario])
    assert len(rows) >= 8
    for row in rows:
        state = days[int(float(row["day"]))]
        assert state.x_nsdw == pytest.approx(float(row["X_nsdw_g_m2"]), abs=2e-4)
        assert state.x_sdw == pytest.approx(float(row["X_sdw_g_m2"]), abs=2e-4)
        assert state.total_g_m2 == pytest.approx(float(row["X_total_g_m2"]), abs=2e-4)


def test_every_reference_scenario_is_run(table):
    rows = table("van_henten_1994_reference_trajectories")
    assert {row["scenario"] for row in rows} == set(SCENARIOS)


def test_the_copied_co2_density_is_the_fourfold_trap():
    wrong = replace(LETTUCE, c_w=7.32e-3)
    days = grow(LettuceState(0.5, 1.0), 40, 150, 600, 20, 20, 24, 3600.0, wrong)
    assert days[-1].total_g_m2 == pytest.approx(2117.1, rel=1e-3)
    assert LETTUCE.c_w == 1.83e-3


@pytest.mark.parametrize(("temperature", "loss_pct"), [(25.0, 3.0), (20.0, 2.1)])
def test_maintenance_in_the_dark(temperature, loss_pct):
    shoot_only = replace(LETTUCE, c_tau=0.0)
    flows = crop.rates(LettuceState(100, 100), 0, 800, temperature, shoot_only)
    assert flows.maintenance * DAY / 100 * 100 == pytest.approx(loss_pct, abs=0.05)


def test_dark_is_no_division_by_zero_but_respiration():
    flows = crop.rates(LettuceState(20, 60), 0, 800, 20)
    assert flows.photosynthesis_co2 == 0
    change_n, change_s = crop.derivatives(LettuceState(20, 60), 0, 800, 20)
    assert change_n < 0 < change_s


@pytest.mark.parametrize("temperature", [-5.0, 0.0, 4.9, 40.1, 45.0])
def test_outside_5_to_40_degrees_nothing_is_assimilated(temperature):
    flows = crop.rates(LettuceState(20, 60), 100, 1000, temperature)
    assert flows.photosynthesis_co2 == 0


@pytest.mark.parametrize("temperature", [5.2, 20.0, 39.8])
def test_within_5_to_40_degrees_something_is(temperature):
    assert crop.rates(LettuceState(20, 60), 100, 1000, temperature).photosynthesis_co2 > 0


@pytest.mark.parametrize(("co2", "temperature"), [(0, 20), (40, 20), (79, 30)])
def test_below_the_compensation_point_nothing_is_assimilated(co2, temperature):
    assert crop.rates(LettuceState(20, 60), 100, co2, temperature).photosynthesis_co2 == 0


@pytest.mark.parametrize(("co2", "temperature"), [(41, 20), (81, 30)])
def test_just_above_the_compensation_point_something_is(co2, temperature):
    assert crop.rates(LettuceState(20, 60), 100, co2, temperature).photosynthesis_co2 > 0


def test_dark_starvation_ends_at_no_reserves_and_keeps_the_structure():
    state = crop.advance(LettuceState(5, 50), 0, 800, 25, 30 * DAY)
    assert state.x_nsdw == 0
    assert state.x_sdw >= 50
    assert crop.advance(state, 0, 800, 25, DAY) == state
    assert crop.co2_exchange(state, 0, 800, 25).net == 0


def test_starved_plants_recover_in_the_light():
    state = crop.advance(LettuceState(0, 50), 50, 800, 22, DAY)
    assert state.x_nsdw > 0
    assert state.x_sdw > 50


def test_dim_light_on_starved_plants_feeds_maintenance_first():
    flows = crop.rates(LettuceState(0, 500), 0.01, 800, 25)
    assert 0 < flows.maintenance == pytest.approx(LETTUCE.c_alpha * flows.photosynthesis_co2)


def test_no_plants_stay_no_plants():
    empty = LettuceState(0, 0)
    assert crop.advance(empty, 200, 1000, 22, DAY) == empty
    assert crop.co2_exchange(empty, 200, 1000, 22).net == 0


@given(states, pars, gases, temperatures, st.floats(0, 3 * DAY))
def test_mass_is_never_negative_and_structure_never_shrinks(state, par, co2, t, dt):
    after = crop.advance(state, par, co2, t, dt)
    assert after.x_nsdw >= 0
    assert after.x_sdw >= state.x_sdw
    assert math.isfinite(after.total_g_m2)


@given(st.builds(LettuceState, st.floats(1, 300), st.floats(1, 800)), pars, gases, temperatures)
def test_carbon_is_conserved(state, par, co2, t):
    change_n, change_s = crop.derivatives(state, par, co2, t)
    exchange = crop.co2_exchange(state, par, co2, t)
    assert exchange.net * LETTUCE.c_alpha == pytest.approx(change_n + change_s, abs=1e-15)
    assert exchange.gross >= exchange.net
    assert exchange.gross >= 0


def test_co2_taken_up_over_a_day_is_the_mass_gained():
    state = LettuceState(20, 60)
    taken = 0.0
    for minute in range(24 * 60):
        par = 45.0 if minute < 16 * 60 else 0.0
        before = crop.co2_exchange(state, par, 900, 22).net
        after = crop.advance(state, par, 900, 22, MINUTE)
        taken += (before + crop.co2_exchange(after, par, 900, 22).net) / 2 * MINUTE
        state = after
    assert taken * LETTUCE.c_alpha == pytest.approx(state.total_g_m2 - 80, rel=1e-4)


def test_a_closed_canopy_takes_up_about_a_gram_of_co2_per_hour():
    # 250 µmol/m²/s: about 1.1 g/m²/h
    gross = crop.co2_exchange(LettuceState(30, 60), 54.25, 1000, 24).gross * 3600
    assert 0.9 < gross < 2.5


@given(st.floats(600, 5 * DAY))
def test_a_span_is_the_same_in_one_call_and_in_two(span):
    start = LettuceState(8, 20)
    whole = crop.advance(start, 45, 800, 22, span)
    half = crop.advance(crop.advance(start, 45, 800, 22, span / 2), 45, 800, 22, span / 2)
    assert half.x_nsdw == pytest.approx(whole.x_nsdw, rel=1e-6)
    assert half.x_sdw == pytest.approx(whole.x_sdw, rel=1e-6)


def test_no_time_changes_nothing():
    assert crop.advance(LettuceState(8, 20), 45, 800, 22, 0) == LettuceState(8, 20)


def test_more_light_and_more_co2_grow_more():
    def total(par, co2):
        return grow(LettuceState(0.375, 1.125), 25, par, co2, 24, 20, 16, 3600.0)[-1].total_g_m2

    assert total(30, 800) < total(45, 800) < total(60, 800)
    assert total(45, 400) < total(45, 800) < total(45, 1200)


def test_leaf_area_and_masses_of_a_state():
    state = LettuceState(20, 60)
    assert crop.leaf_area_index(state) == pytest.approx(0.075 * 0.93 * 60)
    assert crop.shoot_dry_mass_g_m2(state) == pytest.approx(0.93 * 80)
    assert crop.fresh_mass_g_m2(state, 0.05) == pytest.approx(0.93 * 80 / 0.05)


def test_transplants_start_three_quarters_structural():
    # 1.2 g fresh per plant, 5 % dry matter, 25 plants/m²
    state = crop.start_state(1.2 * 0.05 * 25)
    assert (state.x_sdw, state.x_nsdw) == (pytest.approx(1.125), pytest.approx(0.375))


def test_respacing_keeps_every_plant_as_it_is():
    apart = crop.respaced(LettuceState(20, 60), 97, 38)
    assert apart.total_g_m2 / 38 == pytest.approx(80 / 97)
    assert crop.leaf_area_index(apart) < crop.leaf_area_index(LettuceState(20, 60))


@pytest.mark.parametrize(
    ("function", "arguments", "argument"),
    [
        (crop.start_state, (-1,), "total"),
        (crop.start_state, (1, 1.5), "structural_share"),
        (crop.respaced, (LettuceState(1, 1), 0, 10), "density_from"),
        (crop.respaced, (LettuceState(1, 1), 10, math.nan), "density_to"),
        (crop.rates, (LettuceState(1, 1), -1, 800, 20), "par"),
        (crop.derivatives, (LettuceState(1, 1), 10, -1, 20), "co2"),
        (crop.advance, (LettuceState(1, 1), 10, 800, 90, 60), "temperature"),
        (crop.advance, (LettuceState(1, 1), 10, 800, math.nan, 60), "temperature"),
        (crop.advance, (LettuceState(1, 1), 10, 800, 20, -1), "dt"),
        (crop.fresh_mass_g_m2, (LettuceState(1, 1), 0), "dry_matter_fraction"),
        (crop.talbot_monfet_2024, (100, 24), "ppfd"),
        (crop.talbot_monfet_2024, (400, 30), "temperature"),
        (crop.dry_matter_fraction_led, (1000,), "ppfd"),
    ],
)
def test_what_cannot_be_is_refused(function, arguments, argument):
    with pytest.raises(RangeError) as refused:
        function(*arguments)
    assert refused.value.argument == argument


@pytest.mark.parametrize(("state", "argument"), [
    (LettuceState(-1, 1), "x_nsdw"), (LettuceState(1, math.nan), "x_sdw"),
])  # fmt: skip
def test_a_state_that_cannot_be_is_refused(state, argument):
    for function in (crop.leaf_area_index, crop.shoot_dry_mass_g_m2,
                     lambda s: crop.advance(s, 1, 800, 20, 1)):  # fmt: skip
        with pytest.raises(ScienceError) as refused:
            function(state)
        assert refused.value.argument == argument


@pytest.mark.parametrize(("ppfd", "fraction"), [(200, 0.026), (400, 0.038), (750, 0.042)])
def test_dry_matter_of_led_lettuce(ppfd, fraction):
    assert crop.dry_matter_fraction_led(ppfd) == pytest.approx(fraction, abs=5e-4)


def type_211(ppfd, co2, hours, days, c_beta, c_eps, c_gr_max, sla, step=60.0):
    """Explicit Euler written down from the published equations of the LED calibration at 20 °C."""
    t = 20.0
    sdw, nsdw = 1.125, 0.375
    g_car = -1.32e-5 * t**2 + 5.94e-4 * t - 2.64e-3
    g_stm = (200 + ppfd) / (60 * (1500 + ppfd))
    g = 1 / (1 / 0.01 + 1 / g_stm + 1 / g_car)
    c = co2 * 0.00183
    eps = c_eps * (c - 7.32e-2) / (c + 2 * 7.32e-2)
    for i in range(int(days * DAY / step)):
        lit = i * step % DAY < hours * 3600
        par = 0.217 * ppfd if lit else 0.0
        lai = sla * 0.85 * 0.92 * (sdw + nsdw)
        top = eps * par * g * (c - 7.32e-2) / (eps * par + g * (c - 7.32e-2))
        photosynthesis = top * (1 - math.exp(-0.66 * lai))
        maintenance = (3.47e-7 * 0.85 + 1.16e-7 * 0.15) * sdw * 2 ** (-0.5)
        growth = c_gr_max * nsdw / (sdw + nsdw) * sdw
        nsdw += (0.68 * photosynthesis - growth / c_beta - maintenance) * step
        sdw += growth * step
    return nsdw, sdw


def test_the_led_calibration_runs_as_its_published_equations():
    p = crop.talbot_monfet_2024(400, 20)
    at_400 = {
        "c_eps": -1.5319e-11 * 400**2 + 9.48e-9 * 400 + 9.2492e-6,
        "c_gr_max": -2.1364e-12 * 400**2 + 2.7308e-9 * 400 + 2.9689e-7,
        "sla": 3.7662e-8 * 400**2 - 5.5597e-5 * 400 + 4.2313e-2,
    }
    nsdw, sdw = type_211(400, 1200, 16, 21, 0.402, **at_400)
    par = crop.TALBOT_PAR_J_UMOL * 400
    state = grow(crop.start_state(1.5), 21, par, 1200, 20, 20, 16, 600.0, p)[-1]
    assert state.x_nsdw == pytest.approx(nsdw, rel=2e-3)
    assert state.x_sdw == pytest.approx(sdw, rel=2e-3)
    lai = at_400["sla"] * 0.85 * 0.92 * state.total_g_m2
    assert crop.leaf_area_index(state, p) == pytest.approx(lai)


def test_the_led_calibration_is_linear_between_its_temperatures():
    low, middle, high = (crop.talbot_monfet_2024(400, t) for t in (24, 26, 28))
    assert middle.c_eps == pytest.approx((low.c_eps + high.c_eps) / 2)
    assert middle.c_lar == pytest.approx((low.c_lar + high.c_lar) / 2)
    between = crop.talbot_monfet_2024(300, 20)
    assert between.c_beta == pytest.approx(0.4015)


@pytest.mark.parametrize("ppfd", [200, 400, 750])
def test_the_misprinted_growth_rate_at_28_degrees_is_read_as_positive(ppfd):
    at_24, at_28 = (crop.talbot_monfet_2024(ppfd, t).c_gr_max for t in (24, 28))
    assert 0.8 < at_28 / at_24 < 1.3


def test_led_lettuce_weighs_what_growers_harvest():
    p = crop.talbot_monfet_2024(200, 24)
    state = grow(crop.start_state(1.5), 21, 0.217 * 200, 1200, 24, 24, 16, 600.0, p)[-1]
    head = crop.fresh_mass_g_m2(state, crop.dry_matter_fraction_led(200), p) / 25
    assert 100 < head < 300
