from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.science import water
from vfarm_core.science.errors import RangeError, ScienceError
from vfarm_core.science.water import EcUnit


def test_worked_examples_of_ec_at_25(vectors):
    for example in vectors("ec", "ec25"):
        got = water.ec_at_25(example["ec_T"], example["T"], example["alpha"])
        assert got == pytest.approx(example["expect"], abs=5e-5)


def test_a_probe_that_compensates_is_not_compensated_again():
    assert water.ec_at_25(2.0, 18, already_at_25=True) == 2.0
    assert water.ec_at_25(2.0, 18) > 2.3


@given(st.floats(0, 20), st.floats(0, 60), st.floats(0, 0.03))
def test_ec_at_a_temperature_inverts_compensation(ec, t, alpha):
    shown = water.ec_at_temperature(ec, t, alpha)
    assert water.ec_at_25(shown, t, alpha) == pytest.approx(ec)


def test_worked_examples_of_scales(vectors):
    for name, unit in (
        ("tds500", EcUnit.PPM500), ("tds700", EcUnit.PPM700), ("cf", EcUnit.CF),
    ):  # fmt: skip
        (example,) = vectors("ec", name)
        assert water.ec_to(example["ec"], unit) == pytest.approx(example["expect"])


@given(st.floats(0, 100), st.sampled_from(EcUnit))
def test_every_scale_converts_both_ways(ec, unit):
    assert water.ec_from(water.ec_to(ec, unit), unit) == pytest.approx(ec)


@pytest.mark.parametrize(
    ("value", "unit"),
    [(1.4, "mS/cm"), (1400, "µS/cm"), (1.4, "dS/m"), (14, "CF"), (700, "ppm500"),
     (896, "ppm640"), (980, "ppm700")],
)  # fmt: skip
def test_the_same_solution_on_seven_scales(value, unit):
    assert water.ec_from(value, EcUnit(unit)) == pytest.approx(1.4)


def test_worked_example_of_mixing(vectors):
    (example,) = vectors("ec", "mix_ec")
    got = water.mix_ec([tuple(example["a"]), tuple(example["b"])])
    assert got == pytest.approx(example["expect"])


@given(st.lists(st.tuples(st.floats(0.01, 1000), st.floats(0, 20)), min_size=1, max_size=6))
def test_a_mixture_lies_between_its_parts(parts):
    mixed = water.mix_ec(parts)
    concentrations = [ec for _, ec in parts]
    assert min(concentrations) - 1e-9 <= mixed <= max(concentrations) + 1e-9


def test_mixing_nothing_is_refused():
    with pytest.raises(ScienceError, match="volume"):
        water.mix_ec([])
    with pytest.raises(ScienceError, match="volume"):
        water.mix_ec([(0, 1.0)])


def test_worked_example_of_co2_density(vectors):
    (example,) = vectors("psychrometrics", "co2_ppm_to_g_m3")
    got = water.co2_g_m3(example["ppm"], example["T"])
    assert got == pytest.approx(example["expect"], rel=example["rtol"])
    assert water.co2_g_m3(1000, 25) == pytest.approx(1.7988, rel=1e-3)


@given(st.floats(0, 50_000), st.floats(-20, 60), st.floats(60, 110))
def test_co2_converts_both_ways(ppm, t, pressure):
    density = water.co2_g_m3(ppm, t, pressure)
    assert water.co2_ppm(density, t, pressure) == pytest.approx(ppm)


@pytest.mark.parametrize(
    ("t", "mg_l"), [(0, 14.62), (5, 12.77), (10, 11.29), (15, 10.08), (20, 9.09), (25, 8.26),
                    (30, 7.56), (35, 6.95), (40, 6.41)],
)  # fmt: skip
def test_oxygen_saturation_as_tabled_by_the_usgs(t, mg_l):
    assert water.oxygen_saturation_mg_l(t) == pytest.approx(mg_l, abs=0.006)


def test_oxygen_saturation_falls_with_altitude():
    # USGS DOTABLES: 25 °C, 640 mmHg
    assert water.oxygen_saturation_mg_l(25, 640 * 0.133322) == pytest.approx(6.92, abs=0.02)
    assert water.oxygen_saturation_mg_l(25) > water.oxygen_saturation_mg_l(25, 95)


@pytest.mark.parametrize(
    ("function", "arguments", "argument"),
    [
        (water.ec_at_25, (-0.1, 25), "ec"),
        (water.ec_at_25, (1400, 25), "ec"),
        (water.ec_at_25, (1, 61), "water_temperature"),
        (water.ec_at_25, (1, math.nan), "water_temperature"),
        (water.ec_at_25, (1, 20, 2.0), "alpha"),
        (water.ec_at_25, (-1, 25, 0.02, True), "ec"),
        (water.ec_at_temperature, (-1, 25), "ec"),
        (water.ec_to, (-1, EcUnit.CF), "ec"),
        (water.ec_from, (-1, EcUnit.CF), "ec"),
        (water.mix_ec, ([(-1, 1)],), "volume"),
        (water.mix_ec, ([(1, -1)],), "ec"),
        (water.co2_g_m3, (-1, 20), "co2"),
        (water.co2_g_m3, (400, 20, 1013), "pressure"),
        (water.co2_ppm, (-1, 20), "co2"),
        (water.co2_ppm, (1, 200), "temperature"),
        (water.oxygen_saturation_mg_l, (41,), "water_temperature"),
        (water.oxygen_saturation_mg_l, (25, 10), "pressure"),
    ],
)
def test_water_that_cannot_be_is_refused(function, arguments, argument):
    with pytest.raises(RangeError) as refused:
        function(*arguments)
    assert refused.value.argument == argument


@given(st.floats(2.0, 12.0), st.floats(0.0, 60.0))
def test_a_meter_without_temperature_is_worked_back(ph: float, t: float) -> None:
    assert water.ph_of_slope(water.ph_shown_by_slope(ph, t), t) == pytest.approx(ph)


def test_an_electrode_is_steeper_in_warm_water_and_quiet_at_seven() -> None:
    # Nernst: 59.16 mV/pH at 25 °C, 54.20 at 0 °C.
    assert (7 - water.ph_shown_by_slope(6.0, 0.0)) * 59.16 == pytest.approx(54.20, abs=0.01)
    assert water.ph_of_slope(7.0, 5.0) == 7.0
    with pytest.raises(ScienceError):
        water.ph_of_slope(6.0, -1.0)
    with pytest.raises(ScienceError):
        water.ph_shown_by_slope(6.0, 101.0)


@given(st.floats(0.0, 20.0), st.floats(0.0, 40.0))
def test_oxygen_of_a_meter_without_temperature_is_worked_back(mg_l: float, t: float) -> None:
    shown = water.oxygen_shown_by_pressure(mg_l, t)
    assert water.oxygen_of_pressure(shown, t) == pytest.approx(mg_l)


def test_warm_water_holds_less_than_a_meter_at_20_degrees_believes() -> None:
    # In balance with air at 30 °C: 7.56 mg/L, where it shows the 9.09 of 20 °C.
    assert water.oxygen_of_pressure(9.092, 30.0) == pytest.approx(7.56, abs=0.01)
