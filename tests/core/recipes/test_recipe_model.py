"""Bands, phases in time, and words for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.model import OPEN, Band, EmptyBand

ends = st.none() | st.floats(-100, 100)


@st.composite
def bands(draw):
    low, high = draw(ends), draw(ends)
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Band(low, high)


@given(bands(), bands(), st.floats(-200, 200))
def test_an_intersection_accepts_what_both_accept(a, b, x):
    try:
        both = a.intersect(b)
    except EmptyBand:
        assert not (a.contains(x) and b.contains(x))
        return
    assert both.contains(x) == (a.contains(x) and b.contains(x))
    assert a.covers(both)
    assert b.covers(both)


@given(bands(), st.floats(-200, 200))
def test_clamping_moves_into_the_band_and_no_further(band, x):
    assert band.contains(band.clamp(x))
    if band.contains(x):
        assert band.clamp(x) == x


@given(bands(), bands(), st.floats(-200, 200))
def test_a_band_that_covers_another_accepts_its_values(a, b, x):
    if a.covers(b) and b.contains(x):
        assert a.contains(x)


def test_a_band_upside_down_is_refused():
    with pytest.raises(ValueError, match="low 3 is above high 2"):
        Band(3, 2)


def test_touching_bands_share_their_end():
    assert Band(1, 2).intersect(Band(2, 3)) == Band(2, 2)


def test_bands_in_words():
    words = [str(b) for b in (Band(1, 2.5), Band(1, None), Band(None, 2), OPEN)]
    assert words == ["1 … 2.5", "at least 1", "at most 2", "any"]


def test_an_empty_intersection_names_both_bands():
    with pytest.raises(EmptyBand) as caught:
        Band(1, 2).intersect(Band(3, None))
    assert str(caught.value) == "no value suits both (1 … 2) and (at least 3)"
    assert caught.value.params["first"] == "1 … 2"


def test_phases_follow_each_other_and_the_last_has_no_end():
    recipe = load_shipped("lettuce_butterhead")
    names = [recipe.phase_at(day).name for day in (0, 0.99, 1, 10.9, 11, 21, 35, 400)]
    assert names == [
        "germination",
        "germination",
        "nursery",
        "nursery",
        "raft_1",
        "raft_2",
        "raft_2",
        "raft_2",
    ]
    assert [recipe.starts_on_day(i) for i in range(4)] == [0, 1, 11, 21]
    assert recipe.short_version == recipe.version[:12]
