from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from vfarm_core.cli.science import app


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_vpd_of_air_and_leaf():
    got = answer("vpd", "--temperature", 24, "--humidity", 60, "--leaf-temperature", 22)
    assert got["vpd_air_kpa"] == pytest.approx(1.194, abs=0.001)
    assert got["vpd_leaf_kpa"] == pytest.approx(0.854, abs=0.001)


def test_vpd_never_guesses_a_leaf():
    assert "vpd_leaf_kpa" not in answer("vpd", "--temperature", 24, "--humidity", 60)


def test_dewpoint():
    got = answer("dewpoint", "--temperature", 24, "--humidity", 60)
    assert got["dew_point_c"] == pytest.approx(15.76, abs=0.02)
    assert got["wet_bulb_c"] == pytest.approx(18.6, abs=0.02)


def test_below_freezing_is_an_ordinary_value():
    assert answer("dewpoint", "--temperature", -5, "--humidity", 80)["dew_point_c"] < -5


def test_dli_and_its_electricity():
    assert answer("dli", "--ppfd", 200, "--hours", 16) == {
        "ppfd_umol_m2_s": 200.0,
        "hours": 16.0,
        "dli_mol_m2_d": pytest.approx(11.52),
    }
    got = answer("dli", "--ppfd", 200, "--photoperiod", 16, "--efficacy", 3)
    assert got["lamp_energy_kwh_m2_d"] == pytest.approx(1.1852, rel=1e-3)
    assert got["lamp_power_w_m2"] == pytest.approx(74.07, abs=0.01)


def test_ppfd_from_lux_is_marked_as_an_estimate():
    got = answer("ppfd", "--lux", 10000, "--lamp", "led_white")
    assert got["ppfd_umol_m2_s"] == pytest.approx(145)
    assert got["estimated"] is True
    own = answer("ppfd", "--lux", 1000, "--lamp", "led_red_blue", "--factor", 0.125)
    assert own["ppfd_umol_m2_s"] == pytest.approx(125)
    assert own["estimated"] is False


def test_ec_at_25_on_any_scale_and_not_twice():
    got = answer("ec25", "--ec", 2000, "--unit", "µS/cm", "--temperature", 20)
    assert got["ec_25_ms_cm"] == pytest.approx(2.2222, abs=1e-4)
    done = answer("ec25", "--ec", 2, "--temperature", 20, "--already-at-25")
    assert done["ec_25_ms_cm"] == 2


def test_leaf_of_a_canopy():
    got = answer("leaf", "--temperature", 24, "--humidity", 70, "--ppfd", 200, "--lai", 3)
    assert 21 < got["leaf_temperature_c"] < 24
    assert got["transpiration_l_m2_h"] == pytest.approx(0.14, abs=0.005)
    closed = got["sensible_w_m2"] + got["latent_w_m2"]
    assert closed == pytest.approx(got["net_radiation_w_m2"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vpd", "-t", 24, "--rh", 60, "--leaf-temperature", 22), ("VPD of the leaf", "0.8535")),
        (("dewpoint", "-t", 24, "--rh", 60), ("Dew point", "15.76", "°C")),
        (("dli", "--ppfd", 200, "--hours", 16, "--efficacy", 3), ("11.52", "kWh/m²/d")),
        (("ppfd", "--lux", 10000, "--lamp", "hps_se"), ("hps_se", "Estimated", "yes")),
        (("ec25", "--ec", 2, "-t", 20), ("EC at 25 °C", "2.222", "no")),
        (("leaf", "-t", 24, "--rh", 70, "--ppfd", 200, "--lai", 3), ("Transpiration", "L/m²/h")),
    ],
)
def test_people_get_labels_and_units(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    for word in words:
        assert word in result.stdout


REFUSED = [
    (("vpd", "-t", 24, "--rh", 120), "humidity", "0 … 100 %"),
    (("vpd", "-t", "nan", "--rh", 60), "temperature", "-80 … 100 °C"),
    (("dewpoint", "-t", 24, "--rh", 0), "humidity", "dew point"),
    (("dli", "--ppfd", -1, "--hours", 16), "ppfd", "0 … 5000 µmol/m²/s"),
    (("dli", "--ppfd", 200, "--hours", 25), "hours", "0 … 24 h"),
    (("dli", "--ppfd", 200, "--hours", 16, "--efficacy", 0), "efficacy", "µmol/J"),
    (("ppfd", "--lux", 1000, "--lamp", "led_red_blue"), "lamp", "quantum sensor"),
    (("ec25", "--ec", -1, "-t", 20), "ec", "mS/cm"),
    (("leaf", "-t", 24, "--rh", 70, "--ppfd", 200, "--lai", -1), "lai", "m²/m²"),
]


@pytest.mark.parametrize(("arguments", "argument", "accepted"), REFUSED)
def test_a_refusal_is_one_line_on_stderr_and_exit_1(arguments, argument, accepted):
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"{argument} = ")
    assert accepted in result.stderr


@pytest.mark.parametrize(("arguments", "argument", "accepted"), REFUSED)
def test_a_refusal_as_json_names_argument_and_range(arguments, argument, accepted):
    result = run(*arguments, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["argument"] == argument
    assert accepted in error["accepted"]
    assert error["message"].startswith(f"{argument} = ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("vpd", "-t", 24),
        ("vpd", "-t", "warm", "--rh", 60),
        ("ppfd", "--lux", 1000, "--lamp", "candle"),
        ("ec25", "--ec", 2, "-t", 20, "--unit", "ppm"),
        ("moon",),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments):
    assert run(*arguments).exit_code == 2


def test_standard_says_what_a_right_probe_shows():
    assert answer("standard", "ph_7.00", "--temperature", 15)["shown_ph"] == 7.04
    found = answer("standard", "ec_1413", "-t", 20)
    assert found["shown_ms_cm"] == pytest.approx(1.42)
    assert "Mettler" in found["source"]
    assert answer("standard", "ec_1413", "-t", 20, "--as-is")["shown_ms_cm"] == 1.278
