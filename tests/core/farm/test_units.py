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


@pytest.mark.parametrize(("unit", "canonical"), [("ppm", "mS/cm"), ("lx", "°C"), (None, "%")])
def test_a_unit_that_cannot_be_meant_is_refused_with_what_would_do(
    unit: str | None, canonical: str
) -> None:
    with pytest.raises(UnitError) as caught:
        convert(1.0, unit, canonical)
    assert caught.value.accepted
    assert canonical in str(caught.value)
