"""A phase on its way to another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vfarm_core.recipes.blend import blend
from vfarm_core.recipes.library import load_shipped, shipped
from vfarm_core.recipes.model import Band, ClimateQuantity

PHASES = [p for header in shipped() for p in load_shipped(header.id).phases]
phases = st.sampled_from(PHASES)
OLD, NEW = load_shipped("lettuce_butterhead").phases[2], load_shipped("pak_choi").phases[1]


def test_targets_lie_between_and_arrive():
    half = blend(OLD, NEW, 0.5)
    air = half.climate[ClimateQuantity.AIR_TEMPERATURE]
    assert (air.day, air.night) == (23, 19)
    assert half.light.ppfd == (295 + 250) / 2
    assert half.light.dli == pytest.approx(half.light.ppfd * 16 * 0.0036)
    whole = blend(OLD, NEW, 1.0)
    assert whole.climate[ClimateQuantity.CO2].day == 800
    assert whole.light.ppfd == NEW.light.ppfd


def test_limits_are_the_wider_of_both_on_the_way():
    old = replace(OLD.climate[ClimateQuantity.AIR_TEMPERATURE], warning_day=Band(15, None))
    climate = {ClimateQuantity.AIR_TEMPERATURE: old}
    half = blend(replace(OLD, climate=climate), NEW, 0.5)
    assert half.climate[ClimateQuantity.AIR_TEMPERATURE].warning_day == Band(15, None)


def test_a_photoperiod_keeps_its_own_pace():
    short = replace(NEW, light=replace(NEW.light, photoperiod_h=12.0))
    assert blend(OLD, short, 0.75, 0.5).light.photoperiod_h == 14


def test_between_light_and_darkness_there_is_nothing():
    dark = load_shipped("micro_radish").phases[0]
    assert blend(dark, NEW, 0.1).light == NEW.light
    assert blend(OLD, dark, 0.1).light == dark.light


@settings(deadline=None)
@given(phases, phases, st.floats(0, 1))
def test_no_target_leaves_what_the_two_phases_ask_for(old, new, share):
    between = blend(old, new, share)
    for part in ("climate", "solution"):
        for quantity, setpoint in getattr(between, part).items():
            for day in (True, False):
                ends = [
                    x
                    for phase in (old, new)
                    if (s := getattr(phase, part).get(quantity)) and (x := s.at(day)) is not None
                ]
                value = setpoint.at(day)
                assert value is None or min(ends) - 1e-9 <= value <= max(ends) + 1e-9
                assert (
                    value is None
                    or setpoint.warning(day).contains(value)
                    or (
                        # A target of the new phase alone has its own limits.
                        quantity not in getattr(old, part)
                    )
                )
    assert between.light.ppfd <= between.light.ppfd_max + 1e-9
    assert between.light.dli <= between.light.dli_max + 1e-6 or between.is_dark
    assert between.name == new.name
