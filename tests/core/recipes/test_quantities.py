"""Numbers with and without units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.recipes import quantities as q
from vfarm_core.recipes.model import ClimateQuantity, SolutionQuantity


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("24 °C", q.TEMPERATURE, 24),
        ("75 °F", q.TEMPERATURE, 23.8889),
        ("295.15 K", q.TEMPERATURE, 22),
        ("−2 °C", q.TEMPERATURE, -2),
        ("1200 µS/cm", q.SOLUTION[SolutionQuantity.EC], 1.2),
        ("1200 μS/cm", q.SOLUTION[SolutionQuantity.EC], 1.2),
        ("600 ppm500", q.SOLUTION[SolutionQuantity.EC], 1.2),
        ("0.9 kPa", q.CLIMATE[ClimateQuantity.VPD], 0.9),
        ("60%", q.CLIMATE[ClimateQuantity.HUMIDITY], 60),
        ("5.8 pH", q.SOLUTION[SolutionQuantity.PH], 5.8),
        ("2 weeks", q.DAYS, 14),
        ("36 h", q.DAYS, 1.5),
        ("15 min", q.DURATION, 900),
        ("10 plants/ft²", q.DENSITY, 107.6391),
        ("1.5e1 mol/m2/d", q.DLI, 15),
        ("4", q.EVENTS, 4),
        ("4.5 %", q.FRACTION, 0.045),
    ],
)
def test_units_people_write_become_the_canonical_one(text, kind, value):
    assert q.parse(text, kind) == pytest.approx(value)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("5,6 °C", q.TEMPERATURE, "does not fit"),
        ("warm", q.TEMPERATURE, "no number"),
        ("", q.TEMPERATURE, "no number"),
        ("4 times", q.EVENTS, "does not fit"),
        (float("nan"), q.TEMPERATURE, "no finite number"),
        (float("inf"), q.TEMPERATURE, "no finite number"),
        ("1e999 °C", q.TEMPERATURE, "no finite number"),
        (-0.1, q.PPFD, "out of range"),
        (object(), q.PPFD, "no number"),
    ],
)
def test_what_is_no_such_quantity_is_refused(value, kind, message):
    with pytest.raises(q.QuantityError, match=message) as caught:
        q.parse(value, kind)
    assert caught.value.accepted in str(caught.value)


@given(st.floats(-5, 45))
def test_a_bare_number_is_in_the_canonical_unit(x):
    assert q.parse(x, q.TEMPERATURE) == x


@given(st.floats(-4, 44))
def test_fahrenheit_and_celsius_agree(x):
    assert q.parse(f"{x * 9 / 5 + 32:.9f} °F", q.TEMPERATURE) == pytest.approx(x, abs=1e-6)
