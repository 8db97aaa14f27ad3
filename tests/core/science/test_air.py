from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vfarm_core.science import air
from vfarm_core.science.errors import RangeError, ScienceError, UnreachableError

temperatures = st.floats(-40, 60)
room_temperatures = st.floats(0, 50)
humidities = st.floats(0.5, 100)


def test_saturation_follows_buck_1996_and_the_steam_tables(table):
    for row in table("svp_reference"):
        pascal = air.saturation_vapour_pressure_kpa(float(row["T_C"])) * 1000
        assert pascal == pytest.approx(float(row["buck1996_Pa"]), abs=0.0051)
        assert pascal == pytest.approx(float(row["iapws95_Pa"]), rel=5e-4)


def test_saturation_is_not_the_biased_murray_variant(table):
    row = next(r for r in table("svp_reference") if r["T_C"] == "25")
    assert air.saturation_vapour_pressure_kpa(25.0) * 1000 > float(row["murray_238_3_Pa"]) * 1.005


@pytest.mark.parametrize(
    ("temperature", "kpa"), [(-10.0, 0.25990), (-20.0, 0.10326), (-40.0, 0.012841)]
)
def test_below_freezing_the_curve_is_the_one_over_ice(temperature, kpa):
    # IAPWS R14-08 sublimation pressures
    assert air.saturation_vapour_pressure_kpa(temperature) == pytest.approx(kpa, rel=2e-3)


def test_worked_examples_of_ashrae_saturation(vectors):
    for example in vectors("psychrometrics", "es_kPa"):
        got = air.saturation_vapour_pressure_kpa(example["T"])
        assert got == pytest.approx(example["expect"], rel=1e-3)


def test_mean_saturation_of_a_day_is_not_that_of_its_mean_temperature(vectors):
    (example,) = vectors("psychrometrics", "mean_es_fao56")
    high = air.saturation_vapour_pressure_kpa(example["Tmax"])
    low = air.saturation_vapour_pressure_kpa(example["Tmin"])
    assert (high + low) / 2 == pytest.approx(example["expect"], abs=example["atol"])
    middle = air.saturation_vapour_pressure_kpa((example["Tmax"] + example["Tmin"]) / 2)
    assert middle < (high + low) / 2 - 0.06


def test_vapour_pressure_of_a_day_depends_on_how_it_is_averaged(vectors):
    (extremes,) = vectors("psychrometrics", "ea_from_RHmax_RHmin")
    from_extremes = (
        air.vapour_pressure_kpa(extremes["Tmin"], extremes["RHmax"])
        + air.vapour_pressure_kpa(extremes["Tmax"], extremes["RHmin"])
    ) / 2
    assert from_extremes == pytest.approx(extremes["expect"], abs=extremes["atol"])
    (mean,) = vectors("psychrometrics", "ea_from_RHmean")
    from_mean = (
        air.vapour_pressure_kpa(mean["Tmin"], mean["RHmean"])
        + air.vapour_pressure_kpa(mean["Tmax"], mean["RHmean"])
    ) / 2
    assert from_mean == pytest.approx(mean["expect"], abs=mean["atol"])


def test_psychrometric_table(table):
    for row in table("psychrometric_reference"):
        t, rh = float(row["T_air_C"]), float(row["RH_pct"])

        def near(column, rel=1e-3, abs_=0.0, row=row):
            return pytest.approx(float(row[column]), rel=rel, abs=abs_)

        assert air.saturation_vapour_pressure_kpa(t) == near("es_kPa")
        assert air.vapour_pressure_kpa(t, rh) == near("ea_kPa")
        assert air.vpd_air_kpa(t, rh) == near("vpd_air_kPa")
        assert air.vpd_leaf_kpa(t, rh, t - 2) == near("vpd_leaf_minus2C_kPa", rel=2e-3)
        assert air.vpd_leaf_kpa(t, rh, t + 2) == near("vpd_leaf_plus2C_kPa", rel=2e-3)
        assert air.dew_point_c(t, rh) == near("dew_point_C", rel=0, abs_=0.02)
        assert air.absolute_humidity_g_m3(t, rh) == near("abs_humidity_g_m3")
        assert air.humidity_ratio(t, rh) * 1000 == near("humidity_ratio_g_kg")
        assert air.wet_bulb_c(t, rh) == near("wet_bulb_C", rel=0, abs_=0.02)
        assert air.enthalpy_kj_kg(t, rh) == near("enthalpy_kJ_kg")


def test_worked_examples_of_psychrolib(vectors):
    (dew,) = vectors("psychrometrics", "dew_point_C")
    assert air.dew_point_c(dew["T"], dew["RH"]) == pytest.approx(dew["expect"], abs=dew["atol"])
    (vpd,) = vectors("psychrometrics", "vpd_air_kPa")
    assert air.vpd_air_kpa(vpd["T"], vpd["RH"]) == pytest.approx(vpd["expect"], abs=vpd["atol"])
    (leaf,) = vectors("psychrometrics", "vpd_leaf_kPa")
    got = air.vpd_leaf_kpa(leaf["T_air"], leaf["RH"], leaf["T_leaf"])
    assert got == pytest.approx(leaf["expect"], abs=leaf["atol"])
    (absolute,) = vectors("psychrometrics", "abs_humidity_g_m3")
    got = air.absolute_humidity_g_m3(absolute["T"], absolute["RH"])
    assert got == pytest.approx(absolute["expect"], abs=absolute["atol"])


def test_ashrae_example_1_dry_40_wet_20(vectors):
    (ratio_example,) = vectors("psychrometrics", "humidity_ratio")
    (rh_example,) = vectors("psychrometrics", "RH")
    t, wet, pressure = 40.0, 20.0, ratio_example["P"] / 1000
    ratio = air.humidity_ratio_from_wet_bulb(t, wet, pressure)
    # Read from a chart of real air to ±0.0001; Buck's curve costs another 3e-6 of ideal gas.
    assert ratio == pytest.approx(ratio_example["expect"], abs=ratio_example["atol"] + 3e-6)
    rh = air.relative_humidity_from_ratio_pct(t, ratio, pressure)
    assert rh / 100 == pytest.approx(rh_example["expect"], abs=rh_example["atol"])
    assert air.enthalpy_kj_kg(t, rh, pressure) == pytest.approx(56.7, abs=0.1)
    volume = (1 + ratio) / air.density_kg_m3(t, rh, pressure)
    assert volume == pytest.approx(0.896, abs=0.001)


def test_pressure_falls_with_altitude_as_in_fao_56(vectors):
    (example,) = vectors("psychrometrics", "pressure_kPa")
    got = air.pressure_at_altitude_kpa(example["z_m"])
    assert got == pytest.approx(example["expect"], abs=example["atol"])


def test_humid_air_is_lighter_than_dry_air():
    assert air.density_kg_m3(25, 90) < air.density_kg_m3(25, 10)
    assert air.density_kg_m3(20, 0) == pytest.approx(1.2041, abs=0.0005)


def test_leaf_warmer_than_air_dries_and_leaf_below_dew_point_is_wet():
    assert air.vpd_leaf_kpa(24, 60, 26) > air.vpd_air_kpa(24, 60)
    assert air.vpd_leaf_kpa(24, 80, 15) < 0


@given(temperatures)
def test_saturation_temperature_inverts_saturation_pressure(t):
    pressure = air.saturation_vapour_pressure_kpa(t)
    assert air.saturation_temperature_c(pressure) == pytest.approx(t, abs=1e-6)


@given(st.floats(0.61115, 0.61121))
def test_between_the_curves_of_ice_and_water_it_freezes(pressure):
    assert air.saturation_temperature_c(pressure) == pytest.approx(0.0, abs=1e-9)


@given(temperatures, st.floats(0.001, 10))
def test_saturation_rises_with_temperature(t, step):
    warmer = air.saturation_vapour_pressure_kpa(t + step)
    assert warmer > air.saturation_vapour_pressure_kpa(t)


@given(temperatures, humidities)
def test_dew_point_never_exceeds_the_air_and_saturates_there(t, rh):
    dew = air.dew_point_c(t, rh)
    assert dew <= t
    ea = air.vapour_pressure_kpa(t, rh)
    # Over the 0.06 Pa step between ice and water, the dew point is 0 °C for both.
    assert air.saturation_vapour_pressure_kpa(dew) == pytest.approx(ea, rel=2e-4)


@given(room_temperatures, humidities)
def test_dew_point_wet_bulb_and_air_are_in_this_order(t, rh):
    wet = air.wet_bulb_c(t, rh)
    assert wet <= t + 1e-6
    if wet >= 0 and air.dew_point_c(t, rh) >= 0:
        assert wet >= air.dew_point_c(t, rh) - 1e-6


@given(st.floats(-20, 50), humidities)
def test_wet_bulb_gives_back_the_humidity(t, rh):
    wet = air.wet_bulb_c(t, rh)
    assume(abs(wet) > 1e-3)
    ratio = air.humidity_ratio_from_wet_bulb(t, min(wet, t))
    back = air.relative_humidity_from_ratio_pct(t, ratio)
    assert back == pytest.approx(rh, abs=0.01)


@given(temperatures, humidities)
def test_every_form_of_humidity_gives_the_same_relative_humidity(t, rh):
    from_pressure = air.relative_humidity_pct(t, air.vapour_pressure_kpa(t, rh))
    from_absolute = air.relative_humidity_from_absolute_pct(t, air.absolute_humidity_g_m3(t, rh))
    from_ratio = air.relative_humidity_from_ratio_pct(t, air.humidity_ratio(t, rh))
    assert from_pressure == pytest.approx(rh)
    assert from_absolute == pytest.approx(rh)
    assert from_ratio == pytest.approx(rh)


@given(temperatures, st.floats(0, 1))
def test_humidity_for_vpd_inverts_vpd(t, share):
    vpd = share * air.saturation_vapour_pressure_kpa(t)
    rh = air.humidity_for_vpd_pct(t, vpd)
    assert 0 <= rh <= 100
    assert air.vpd_air_kpa(t, rh) == pytest.approx(vpd, abs=1e-9)


@given(room_temperatures, st.floats(1, 99))
def test_temperature_for_vpd_inverts_vpd(t, rh):
    vpd = air.vpd_air_kpa(t, rh)
    assert air.temperature_for_vpd_c(rh, vpd) == pytest.approx(t, abs=1e-6)


@given(room_temperatures, humidities)
def test_vpd_lies_in_its_reachable_range(t, rh):
    low, high = air.vpd_range_kpa(t)
    assert low == 0
    assert low <= air.vpd_air_kpa(t, rh) <= high


def test_limits_of_humidity_narrow_the_reachable_vpd():
    low, high = air.vpd_range_kpa(24, 50, 80)
    assert low == pytest.approx(air.vpd_air_kpa(24, 80))
    assert high == pytest.approx(air.vpd_air_kpa(24, 50))


@given(
    room_temperatures, humidities, st.floats(0.1, 100), room_temperatures, humidities,
    st.floats(0.1, 100),
)  # fmt: skip
def test_mixing_conserves_water_and_heat(t_a, rh_a, kg_a, t_b, rh_b, kg_b):
    a, b = air.air_state(t_a, rh_a), air.air_state(t_b, rh_b)
    mixed = air.mix(a, kg_a, b, kg_b)
    total = kg_a + kg_b
    water = kg_a * a.humidity_ratio + kg_b * b.humidity_ratio
    assert mixed.humidity_ratio * total == pytest.approx(water)
    heat = kg_a * air.enthalpy_kj_kg(t_a, rh_a) + kg_b * air.enthalpy_kj_kg(t_b, rh_b)
    w, t = mixed.humidity_ratio, mixed.temperature_c
    assert (1.006 * t + w * (2501 + 1.86 * t)) * total == pytest.approx(heat)
    assert min(t_a, t_b) - 1e-9 <= t <= max(t_a, t_b) + 1e-9


def test_two_moist_airs_can_mix_to_fog():
    cold, warm = air.air_state(2, 100), air.air_state(34, 100)
    mixed = air.mix(cold, 1, warm, 1)
    rh = air.relative_humidity_from_ratio_pct(mixed.temperature_c, mixed.humidity_ratio)
    assert rh > 110


def test_supersaturation_is_reported_not_hidden():
    assert air.relative_humidity_from_absolute_pct(20, 20) > 100
    assert air.relative_humidity_pct(20, 3) > 100


@pytest.mark.parametrize("rh", [-0.1, 100.1, 101, math.nan, math.inf])
@pytest.mark.parametrize(
    "function",
    [
        air.vapour_pressure_kpa,
        air.vpd_air_kpa,
        air.dew_point_c,
        air.absolute_humidity_g_m3,
        air.humidity_ratio,
        air.enthalpy_kj_kg,
        air.density_kg_m3,
        air.wet_bulb_c,
        lambda t, rh: air.vpd_leaf_kpa(t, rh, 20),
        lambda t, rh: air.temperature_for_vpd_c(rh, 1.0),
        lambda t, rh: air.vpd_range_kpa(t, rh),
    ],
)
def test_a_humidity_that_cannot_be_is_refused(function, rh):
    with pytest.raises(RangeError) as refused:
        function(24.0, rh)
    assert refused.value.argument == "humidity"
    assert (refused.value.low, refused.value.high) == (0.0, 100.0)


@pytest.mark.parametrize("t", [-81.0, 101.0, math.nan, math.inf])
def test_a_temperature_outside_the_curve_is_refused(t):
    with pytest.raises(RangeError, match="temperature"):
        air.saturation_vapour_pressure_kpa(t)
    with pytest.raises(RangeError, match="leaf_temperature"):
        air.vpd_leaf_kpa(24, 60, t)


def test_bone_dry_air_has_a_vpd_but_no_dew_point():
    assert air.vpd_air_kpa(24, 0) == air.saturation_vapour_pressure_kpa(24)
    with pytest.raises(ScienceError, match="dew point above"):
        air.dew_point_c(24, 0)


@pytest.mark.parametrize("vpd", [-0.01, 3.0, math.nan])
def test_an_unreachable_vpd_is_refused_with_the_range(vpd):
    with pytest.raises(UnreachableError, match=r"0 … 2\.984 kPa at 24 °C"):
        air.humidity_for_vpd_pct(24, vpd)


@pytest.mark.parametrize(("rh", "vpd"), [(100, 0.5), (50, 80), (50, 0), (50, math.nan)])
def test_no_temperature_gives_an_impossible_vpd(rh, vpd):
    with pytest.raises(UnreachableError, match="vpd"):
        air.temperature_for_vpd_c(rh, vpd)


def test_a_wet_bulb_above_the_air_or_too_low_is_refused():
    with pytest.raises(UnreachableError, match="at most the air temperature"):
        air.humidity_ratio_from_wet_bulb(20, 21)
    with pytest.raises(UnreachableError, match="can have"):
        air.humidity_ratio_from_wet_bulb(40, 5)


def test_water_that_boils_has_no_humidity_ratio():
    with pytest.raises(UnreachableError, match="above the vapour pressure"):
        air.humidity_ratio(99, 100, 60)


@pytest.mark.parametrize("pressure", [0.0, 1013.25, math.nan])
def test_a_pressure_in_the_wrong_unit_is_refused(pressure):
    with pytest.raises(RangeError, match="pressure"):
        air.humidity_ratio(24, 60, pressure)
    with pytest.raises(RangeError, match="pressure"):
        air.relative_humidity_from_ratio_pct(24, 0.01, pressure)


def test_mixing_nothing_is_refused():
    state = air.air_state(24, 60)
    with pytest.raises(ScienceError, match="some air"):
        air.mix(state, 0, state, 0)
    with pytest.raises(RangeError, match="dry_mass_b"):
        air.mix(state, 1, state, -1)
