from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science import air, canopy
from vfarm_core.science.errors import RangeError, UnreachableError

#: The reference states were computed with 5 µmol per joule.
PAR_PER_PPFD = 0.2


def balance(ppfd, t_air, rh, lai, r_a=canopy.R_A_FORCED_S_M):
    return canopy.canopy_balance(ppfd, PAR_PER_PPFD * ppfd, t_air, rh, lai, r_a)


def test_reference_states(table):
    for row in table("graamans_energy_balance_reference"):
        ppfd, t_air, rh, lai = (
            float(row[name]) for name in ("PPFD_umol", "T_air_C", "RH_pct", "LAI")
        )
        got = balance(ppfd, t_air, rh, lai)
        near = pytest.approx
        assert got.net_radiation_w_m2 == near(float(row["Rnet_W_m2"]), abs=1e-3)
        assert canopy.stomatal_resistance_s_m(ppfd) == near(float(row["r_s_s_m"]), abs=1e-3)
        # The reference air is saturated by another formula, 0.02 % apart.
        assert got.leaf_temperature_c == near(float(row["T_leaf_C"]), abs=2e-3)
        assert got.sensible_w_m2 == near(float(row["sensible_W_m2"]), abs=0.02)
        assert got.latent_w_m2 == near(float(row["latent_W_m2"]), abs=0.02)
        assert got.transpiration_l_m2_h == near(float(row["transpiration_L_m2_h"]), abs=6e-4)


@given(
    st.floats(0, 2000), st.floats(0, 45), st.floats(0, 100), st.floats(0.01, 12),
    st.floats(20, 400),
)  # fmt: skip
def test_energy_closes_and_the_fluxes_are_those_of_the_leaf(ppfd, t_air, rh, lai, r_a):
    got = balance(ppfd, t_air, rh, lai, r_a)
    closed = got.net_radiation_w_m2 - got.sensible_w_m2 - got.latent_w_m2
    assert closed == pytest.approx(0, abs=1e-9)
    # The latent flux again, from the vapour at the leaf by the air functions.
    leaf = got.leaf_temperature_c
    gradient = air.absolute_humidity_g_m3(leaf, 100) - air.absolute_humidity_g_m3(t_air, rh)
    resistance = canopy.stomatal_resistance_s_m(ppfd) + r_a
    latent = lai * (2501 - 2.361 * leaf) * gradient / resistance
    assert got.latent_w_m2 == pytest.approx(latent, rel=1e-5, abs=1e-4)
    assert got.transpiration_l_m2_h == pytest.approx(
        lai * gradient / resistance * 3.6, rel=1e-5, abs=1e-6
    )


@given(st.floats(0, 2000), st.floats(5, 40), st.floats(5, 100), st.floats(0.1, 8))
def test_the_leaf_is_warmer_than_the_dew_point(ppfd, t_air, rh, lai):
    assert balance(ppfd, t_air, rh, lai).leaf_temperature_c >= air.dew_point_c(t_air, rh) - 1e-6


@given(st.floats(0, 1000), st.floats(10, 35), st.floats(10, 90), st.floats(0.5, 6))
def test_drier_air_and_more_light_transpire_more(ppfd, t_air, rh, lai):
    here = balance(ppfd, t_air, rh, lai).transpiration_l_m2_h
    assert balance(ppfd, t_air, rh - 5, lai).transpiration_l_m2_h > here
    assert balance(ppfd + 50, t_air, rh, lai).transpiration_l_m2_h > here


def test_a_canopy_cools_the_air_at_moderate_light():
    got = balance(200, 24, 70, 3)
    assert got.sensible_w_m2 < 0
    assert got.latent_w_m2 > got.net_radiation_w_m2


def test_the_room_humidity_sets_the_transpiration():
    dry, moist = balance(250, 24, 60, 3), balance(250, 24, 80, 3)
    assert dry.transpiration_l_m2_h == pytest.approx(0.19, abs=0.005)
    assert moist.transpiration_l_m2_h == pytest.approx(0.11, abs=0.005)


def test_in_still_air_strong_light_heats_the_leaf_more():
    forced = balance(1000, 24, 90, 1)
    still = balance(1000, 24, 90, 1, canopy.R_A_STILL_S_M)
    assert still.leaf_temperature_c > forced.leaf_temperature_c > 24


def test_saturated_air_in_the_dark_exchanges_nothing():
    got = balance(0, 20, 100, 3)
    assert got.leaf_temperature_c == pytest.approx(20, abs=1e-6)
    assert got.latent_w_m2 == pytest.approx(0, abs=1e-4)


def test_below_freezing_the_balance_still_closes():
    got = balance(100, -8, 60, 2)
    assert got.leaf_temperature_c < 0
    assert got.net_radiation_w_m2 == pytest.approx(got.sensible_w_m2 + got.latent_w_m2)


def test_around_freezing_the_balance_closes():
    for t_air in (0.0, 0.2, 0.5, 1.0, 1.5):
        got = balance(50, t_air, 70, 3)
        assert math.isfinite(got.leaf_temperature_c)
        assert got.leaf_temperature_c < t_air + 1


def test_no_leaves_exchange_nothing():
    got = balance(300, 24, 60, 0)
    assert got == canopy.CanopyBalance(24, 0, 0, 0, 0)


def test_cover_grows_with_leaf_area_until_closed():
    assert canopy.canopy_cover(0) == 0
    assert canopy.canopy_cover(1) == pytest.approx(0.3874)
    assert canopy.canopy_cover(6) == 0.95


def test_light_that_no_leaf_can_give_off_is_refused():
    with pytest.raises(UnreachableError, match="give to the air"):
        canopy.canopy_balance(5000, 1500, 90, 100, 0.5, 2000)


def test_a_hot_leaf_in_stagnant_air_is_found():
    # From air temperature the tangent points far above 100 °C.
    got = canopy.canopy_balance(0, 1500, 5, 100, 0.2, 2000)
    assert 40 < got.leaf_temperature_c < 100
    assert got.net_radiation_w_m2 == pytest.approx(got.sensible_w_m2 + got.latent_w_m2)
    assert got.latent_w_m2 > 0


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ((-1, 40, 24, 70, 3), "ppfd"),
        ((200, -1, 24, 70, 3), "par"),
        ((200, 40, 120, 70, 3), "temperature"),
        ((200, 40, 24, 101, 3), "humidity"),
        ((200, 40, 24, 70, -1), "lai"),
        ((200, 40, 24, 70, math.nan), "lai"),
        ((200, 40, 24, 70, 3, 0), "aerodynamic_resistance"),
    ],
)
def test_a_canopy_that_cannot_be_is_refused(arguments, argument):
    with pytest.raises(RangeError) as refused:
        canopy.canopy_balance(*arguments)
    assert refused.value.argument == argument
