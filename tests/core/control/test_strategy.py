"""Strategies: how a device follows a target, on or off, or at a level between."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vfarm_core.control.strategy import OFF, Hysteresis, Pid, Strategy, StrategyState

HEATS = Hysteresis(sign=1, width=0.5)
COOLS = Hysteresis(sign=-1, width=0.5)
LEVEL = Pid(
    sign=-1,
    width=0.5,
    gain=0.5,
    integral_s=900.0,
    slew_per_s=1 / 300,
    deadband=0.05,
    lowest=0.2,
)


def follow(
    strategy: Strategy, values: list[float], target: float, dt_s: float = 60.0
) -> list[float]:
    state: StrategyState = OFF
    outputs = []
    for value in values:
        state, output = strategy.decide(state, value, target, 0.0, dt_s)
        outputs.append(output)
    return outputs


def test_a_switch_is_on_from_the_edge_of_the_band_to_the_target() -> None:
    assert follow(HEATS, [23.6, 23.5, 23.9, 24.0, 23.6], 24.0) == [0, 1, 1, 0, 0]
    assert follow(COOLS, [24.4, 24.5, 24.1, 24.0, 24.4], 24.0) == [0, 1, 1, 0, 0]


def test_a_switch_can_be_asked_to_go_beyond_its_target() -> None:
    beyond = Hysteresis(sign=-1, width=0.0, back=0.7)
    assert follow(beyond, [1.0, 0.5, 0.2], 1.0) == [1, 1, 0]


def test_a_level_begins_where_a_switch_would_and_not_before() -> None:
    assert follow(LEVEL, [24.0, 24.4, 24.5], 24.0)[:2] == [0, 0]
    assert follow(LEVEL, [24.5], 24.0)[0] > 0


def test_a_level_holds_what_is_left_to_do_instead_of_going_on_and_off() -> None:
    """A room with 60 % of the cooler's power as heat ends near its target, with few commands."""
    temperature, state, outputs = 25.0, OFF, []
    for _ in range(240):
        state, output = LEVEL.decide(state, temperature, 24.0, 0.0, 60.0)
        outputs.append(output)
        temperature += (0.6 - output) * 60.0 / 600.0
    assert temperature == pytest.approx(24.0, abs=0.25)
    assert all(0.4 < o < 0.8 for o in outputs[-60:])
    assert sum(a != b for a, b in pairwise(outputs)) < 30


def test_a_level_does_not_move_faster_than_its_slew() -> None:
    outputs = follow(LEVEL, [32.0] * 8, 24.0)
    steps = [b - a for a, b in pairwise(outputs)]
    assert outputs[0] == pytest.approx(0.2)
    assert all(step <= 0.2 + 1e-9 for step in steps)
    assert outputs[-1] == 1.0


def test_small_changes_are_not_sent() -> None:
    noisy = [24.9 + 0.01 * (i % 3) for i in range(3)]
    plain = replace(LEVEL, integral_s=1e9)
    outputs = follow(plain, [24.9, 24.9, 24.9, *noisy], 24.0)
    assert len(set(outputs[2:])) == 1


def test_between_two_periods_nothing_moves() -> None:
    state, first = LEVEL.decide(OFF, 26.0, 24.0, 0.0, 0.0)
    again, second = LEVEL.decide(state, 27.0, 24.0, 0.0, 59.0)
    assert (again, second) == (state, first)


def test_beyond_the_other_side_of_the_target_it_ends_at_once() -> None:
    state, _ = LEVEL.decide(OFF, 26.0, 24.0, 0.0, 0.0)
    assert LEVEL.decide(state, 23.5, 24.0, 0.0, 1.0) == (OFF, 0.0)


def test_it_ends_when_nothing_is_left_to_do() -> None:
    state, _ = LEVEL.decide(OFF, 24.5, 24.0, 0.0, 0.0)
    for _ in range(30):
        state, output = LEVEL.decide(state, 23.8, 24.0, 0.0, 60.0)
    assert output == 0.0
    assert state == OFF


def test_the_integral_does_not_wind_up_while_the_device_is_at_its_limit() -> None:
    state = OFF
    for _ in range(600):
        state, _ = LEVEL.decide(state, 30.0, 24.0, 0.0, 60.0)
    assert state.output == 1.0
    assert abs(state.integral) < 0.6
    minutes = 0
    while state.output > 0.5:
        state, _ = LEVEL.decide(state, 23.9, 24.0, 0.0, 60.0)
        minutes += 1
    assert minutes <= 5, "no longer than the slew takes"


def test_a_target_that_jumps_gives_no_kick_of_the_derivative() -> None:
    pid = Pid(sign=1, width=0.1, gain=0.2, derivative_s=600.0)
    state, _ = pid.decide(OFF, 20.0, 21.0, 0.0, 60.0)
    _, jumped = pid.decide(state, 20.0, 22.0, 0.0, 60.0)
    assert jumped == pytest.approx(0.4), "the proportional part alone"
    _, rising = pid.decide(state, 20.1, 22.0, 0.0, 60.0)
    assert rising < 0.38, "what rises by itself is given less"


def test_what_is_known_beforehand_is_given_at_once() -> None:
    pid = Pid(sign=-1, width=3.0, gain=0.05, integral_s=900.0)
    _, without = pid.decide(OFF, 68.0, 65.0, 0.0, 60.0)
    _, known = pid.decide(OFF, 68.0, 65.0, 0.5, 60.0)
    assert known == pytest.approx(without + 0.5)


def test_a_long_silence_counts_for_no_more_than_three_periods() -> None:
    state, _ = LEVEL.decide(OFF, 24.6, 24.0, 0.0, 60.0)
    assert LEVEL.decide(state, 24.6, 24.0, 0.0, 9e5) == LEVEL.decide(state, 24.6, 24.0, 0.0, 180.0)


@given(
    values=st.lists(st.floats(-40, 80), min_size=1, max_size=40),
    target=st.floats(10, 30),
    forward=st.floats(-1, 2),
    sign=st.sampled_from([1, -1]),
)
def test_whatever_is_measured_the_output_is_off_or_what_the_device_can_hold(
    values: list[float], target: float, forward: float, sign: int
) -> None:
    pid = replace(LEVEL, sign=sign)
    state = OFF
    for value in values:
        state, output = pid.decide(state, value, target, forward, 60.0)
        assert output == 0.0 or 0.2 <= output <= 1.0
        assert state.on is (output > 0)
