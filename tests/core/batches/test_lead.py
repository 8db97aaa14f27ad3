"""Several batches under one roof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.batches.lead import EmptyBand, combine
from vfarm_core.batches.lifecycle import BatchError
from vfarm_core.recipes.library import load_shipped
from vfarm_core.recipes.model import OPEN, Band, ClimateQuantity, Provenance, Setpoint

AIR, CO2 = ClimateQuantity.AIR_TEMPERATURE, ClimateQuantity.CO2
ORIGIN = Provenance(source="test", confidence="design")


def wanted(value, warning=OPEN, critical=OPEN, night=None):
    return Setpoint(
        day=value,
        night=value if night is None else night,
        warning_day=warning,
        warning_night=warning,
        critical_day=critical,
        critical_night=critical,
        provenance=ORIGIN,
    )


def test_one_batch_has_its_way():
    alone = {AIR: wanted(24, Band(20, 28))}
    assert combine({"a": alone}) == alone


def test_nobody_asks_for_nothing():
    assert combine({}) == {}


def test_two_batches_meet_within_the_limits_of_both():
    got = combine(
        {
            "a": {AIR: wanted(20, Band(17, 23), Band(10, 30), night=18)},
            "b": {AIR: wanted(26, Band(22, 28), Band(12, 34), night=25)},
        }
    )[AIR]
    assert (got.warning_day, got.critical_night) == (Band(22, 23), Band(12, 30))
    assert (got.day, got.night) == (23, 22)
    assert got.provenance.source == "a, b"


def test_quantities_only_some_ask_for_are_theirs():
    got = combine({"a": {AIR: wanted(20)}, "b": {AIR: wanted(22), CO2: wanted(800)}})
    assert got[AIR].day == 21
    assert got[CO2].day == 800


def test_limits_without_a_target_still_bind():
    got = combine({"a": {AIR: wanted(None, Band(10, 20))}, "b": {AIR: wanted(25)}})[AIR]
    assert got.day == 20
    nobody = combine({"a": {AIR: wanted(None)}, "b": {AIR: wanted(None, Band(1, 2))}})[AIR]
    assert nobody.day is None


def test_a_lead_batch_is_followed_whole():
    setpoints = {
        "a": {AIR: wanted(20, Band(18, 21))},
        "b": {AIR: wanted(30, Band(28, 32)), CO2: wanted(900)},
    }
    assert combine(setpoints, lead="a") == setpoints["a"]


def test_a_lead_that_is_not_there_is_refused():
    with pytest.raises(BatchError, match="lead unknown"):
        combine({"a": {}}, lead="z")


def test_an_empty_intersection_names_batches_quantity_time_and_both_bands():
    with pytest.raises(EmptyBand) as caught:
        combine(
            {
                "mild": {AIR: wanted(20)},
                "cold": {AIR: wanted(11, Band(8, 14))},
                "warm": {AIR: wanted(25, Band(18, 30))},
            }
        )
    assert str(caught.value) == (
        "no warning air_temperature by day suits both cold (8 … 14) and warm (18 … 30)"
    )
    assert caught.value.params["first_owner"] == "cold"
    assert caught.value.params["when"] == "day"


def test_critical_limits_that_exclude_each_other_are_named_as_such():
    with pytest.raises(EmptyBand, match="no critical air_temperature"):
        combine(
            {
                "a": {AIR: wanted(10, critical=Band(None, 12))},
                "b": {AIR: wanted(25, critical=Band(18, None))},
            }
        )


def test_the_pair_that_is_named_is_one_that_conflicts():
    with pytest.raises(EmptyBand) as caught:
        combine(
            {
                "a": {AIR: wanted(15, Band(10, 20))},
                "b": {AIR: wanted(18, Band(16, 24))},
                "c": {AIR: wanted(26, Band(22, 30))},
            }
        )
    assert {caught.value.first_owner, caught.value.second_owner} == {"a", "c"}


def test_lettuce_basil_and_pak_choi_share_a_zone():
    phases = {
        name: load_shipped(name).phases[-1].climate
        for name in ("lettuce_butterhead", "basil_sweet", "pak_choi")
    }
    got = combine(phases)[AIR]
    assert 22 <= got.day <= 25
    assert got.warning_day == Band(18, 27)
    assert got.critical_day == Band(12, 32)


@st.composite
def setpoints(draw):
    ends = sorted(draw(st.lists(st.integers(-50, 50), min_size=4, max_size=4)))
    critical = draw(st.sampled_from([Band(ends[0], ends[3]), Band(None, ends[3]), OPEN]))
    warning = draw(st.sampled_from([Band(ends[1], ends[2]), OPEN]))
    value = draw(st.none() | st.floats(ends[1], ends[2]))
    return wanted(value, warning, critical)


@given(st.dictionaries(st.sampled_from("abcd"), setpoints(), min_size=1))
def test_a_combined_target_lies_within_every_band(group):
    try:
        got = combine({batch: {AIR: setpoint} for batch, setpoint in group.items()})[AIR]
    except EmptyBand as err:
        refused = err
    else:
        refused = None
    if refused is not None:
        assert refused.first_owner != refused.second_owner
        with pytest.raises(EmptyBand):
            refused.first.intersect(refused.second)
        return
    for setpoint in group.values():
        assert setpoint.critical_day.covers(got.critical_day)
        assert setpoint.warning_day.covers(got.warning_day)
        if got.day is not None:
            assert setpoint.warning_day.contains(got.day)
            assert setpoint.critical_day.contains(got.day)
    assert (got.day is None) == all(s.day is None for s in group.values())
