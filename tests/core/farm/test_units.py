"""Units become the core's unit, or are refused by name."""

from __future__ import annotations

import pytest

from vfarm_core.farm.units import UnitError, convert


@pytest.mark.parametrize(
    ("value", "unit", "canonical", "expected"),
    [
        (75.2, "°F", "°C", 24.0),
        (297.15, "K", "°C", 24.0),
        (1200, "µS/cm", "mS/cm", 1.2),  # U+00B5, as many devices write it
        (1200, "μS/cm", "mS/cm", 1.2),  # U+03BC
        (700, "ppm500", "mS/cm", 1.4),
        (980, "ppm700", "mS/cm", 1.4),
        (8, "CF", "mS/cm", 0.8),
        (12, "hPa", "kPa", 1.2),
        (50, "gal", "L", 189.27),
        (120, "L/h", "L/min", 2.0),
        (1.5, "kW", "W", 1500),
        (5.8, "", "pH", 5.8),
    ],
)
def test_known_units_are_converted(
    value: float, unit: str, canonical: str, expected: float
) -> None:
    assert convert(value, unit, canonical) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("canonical", "factor", "spellings"),
    [
        ("mS/cm", 0.001, "µS/cm|μS/cm|uS/cm|us/cm| uS / cm "),
        ("mS/cm", 1.0, "mS/cm|ms/cm|dS/m|ds/m"),
        ("mS/cm", 0.01, "mS/m"),
        ("mS/cm", 10.0, "S/m"),
        ("mS/cm", 1 / 500, "ppm500|ppm (500)"),
        (
            "μmol/m²/s",
            1.0,
            "µmol/m²/s|μmol/m²/s|umol/m2/s|µmol/m2/s|μmol/(m²·s)|umol/(m2.s)|µmol/(m2*s)|µmol/m²s"
            "|µmol m⁻² s⁻¹|μmol·m⁻²·s⁻¹|umol m-2 s-1|μmol/s⋅m²|umol/s/m2",
        ),
        ("L/min", 1.0, "L/min|l/min|lpm|LPM"),
        ("L/min", 1 / 60, "L/h|l/h"),
        ("L/min", 1000 / 60, "m³/h|m3/h"),
        ("L", 1000.0, "m³|m3|m^3"),
        ("°C", 1.0, "°C|ºC|℃|C|degC"),
        ("%", 1.0, "%|% RH|%RH|vol%"),
        ("lx", 1.0, "lx|lux"),
    ],
)
def test_a_unit_is_known_in_every_spelling(canonical: str, factor: float, spellings: str) -> None:
    for unit in spellings.split("|"):
        assert convert(3.0, unit, canonical) == pytest.approx(3.0 * factor), unit


@pytest.mark.parametrize("unit", ["ppm", "PPM", "TDS", "mS", "MS/cm"])
def test_an_ec_unit_that_could_be_several_is_not_guessed(unit: str) -> None:
    with pytest.raises(UnitError) as caught:
        convert(1.0, unit, "mS/cm")
    assert {"ppm500", "ppm640", "ppm700"} <= set(caught.value.accepted)


@pytest.mark.parametrize(("unit", "canonical"), [("ppm", "mS/cm"), ("lx", "°C"), (None, "%")])
def test_a_unit_that_cannot_be_meant_is_refused_with_what_would_do(
    unit: str | None, canonical: str
) -> None:
    with pytest.raises(UnitError) as caught:
        convert(1.0, unit, canonical)
    assert caught.value.accepted
    assert canonical in str(caught.value)
