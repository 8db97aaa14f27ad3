"""Ramps start and end where they should and never leave the way between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.recipes.ramps import Shape, dawn_and_dusk, fraction, interpolate, ramp

values = st.floats(-1e4, 1e4)
shares = st.floats(-1, 2)
shapes = st.sampled_from(Shape)


@given(values, values, shares, shapes)
def test_a_value_lies_between_its_ends(a, b, share, shape):
    assert min(a, b) <= interpolate(a, b, share, shape) <= max(a, b)


@given(values, values, shapes)
def test_both_ends_are_met_exactly(a, b, shape):
    assert interpolate(a, b, 0, shape) == a
    assert interpolate(a, b, 1, shape) == pytest.approx(b)


@given(values, values, st.floats(0, 1), st.floats(0, 1), shapes)
def test_a_ramp_never_turns_back(a, b, s, t, shape):
    a, b = min(a, b), max(a, b)
    first, second = min(s, t), max(s, t)
    assert interpolate(a, b, first, shape) <= interpolate(a, b, second, shape) + 1e-9


def test_linear_and_cosine():
    assert interpolate(20, 30, 0.25) == 22.5
    assert interpolate(20, 30, 0.25, Shape.COSINE) == pytest.approx(21.4645, abs=1e-4)
    assert interpolate(20, 30, 0.5, Shape.COSINE) == pytest.approx(25)


def test_time_turns_into_a_share():
    assert [fraction(t, 60) for t in (-1, 0, 30, 60, 90)] == [0, 0, 0.5, 1, 1]
    assert fraction(0, 0) == 1


def test_a_setpoint_moves_over_the_hour():
    at = [ramp(24, 19, started_at=1000, duration_s=3600, now=1000 + s) for s in (-5, 0, 1800, 9999)]
    assert at == [24, 24, 21.5, 19]


def test_dawn_and_dusk_lie_within_the_photoperiod():
    assert dawn_and_dusk(-1, 100, 10) == dawn_and_dusk(100, -1, 10) == 0
    assert dawn_and_dusk(5, 100, 10) == dawn_and_dusk(100, 5, 10) == 0.5
    assert dawn_and_dusk(50, 50, 10) == 1
    assert dawn_and_dusk(0, 100, 0) == 1
