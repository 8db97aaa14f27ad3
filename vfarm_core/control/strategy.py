"""Strategies: how one device follows a target.

All have one interface: `decide(state, measured, target, feed_forward, dt_s)` gives the next state
and the output, 0…1. Settings are frozen, the state is a small value that the caller keeps, nothing
looks at a clock. `sign` is +1 for a device that raises what is measured and -1 for one that lowers
it. Outputs stay where they are while nothing asks for a change: what is idle sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyState:
    """What a strategy remembers of one device. `level` is where it is on its way, `output` what
    was last asked of the device, `measured` what it saw then, `at` when its caller last let it
    move (farm time)."""

    on: bool = False
    integral: float = 0.0
    level: float = 0.0
    output: float = 0.0
    measured: float | None = None
    at: float | None = None


OFF = StrategyState()


class Strategy(Protocol):
    """One way to follow a target."""

    def decide(
        self,
        state: StrategyState,
        measured: float,
        target: float,
        feed_forward: float = 0.0,
        dt_s: float = 0.0,
    ) -> tuple[StrategyState, float]:
        """The next state and the output 0…1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """On from `width` off the target until `back` beyond it (0: until it is reached)."""

    sign: int
    width: float
    back: float = 0.0

    def decide(
        self,
        state: StrategyState,
        measured: float,
        target: float,
        feed_forward: float = 0.0,
        dt_s: float = 0.0,
    ) -> tuple[StrategyState, float]:
        """On, off, or as before; it knows nothing between and needs no time."""
        # Compared as the target and its edge, so that a target that is reached exactly is reached.
        value, wanted = self.sign * measured, self.sign * target
        on = state.on
        if value >= wanted + self.back:
            on = False
        elif value <= wanted - self.width:
            on = True
        if on is not state.on:
            state = replace(OFF, on=on, output=1.0 if on else 0.0)
        return state, 1.0 if on else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pid:
    """A level between off and full: proportional, integral, and derivative on the measurement, so
    that a target that jumps does not kick the device.

    It begins `width` off the target, as a device that is only on or off does, so that two that
    oppose each other never work at once, and ends as far on the other side, or when nothing is
    left to do. `gain` is output per unit of error, `integral_s` and `derivative_s` are its times
    (0: none), `slew_per_s` is the fastest change of the output, `deadband` the smallest one that is
    asked of the device, `lowest` the least it can hold. Between two moves lie `period_s`; a longer
    gap counts no more than three of them.

    Anti-windup by clamping: while a limit (full, off, or the slew) holds the output, the integral
    only moves back towards what can be done.
    """

    sign: int
    width: float
    gain: float
    integral_s: float = inf
    derivative_s: float = 0.0
    slew_per_s: float = inf
    deadband: float = 0.0
    lowest: float = 0.0
    period_s: float = 60.0

    def decide(
        self,
        state: StrategyState,
        measured: float,
        target: float,
        feed_forward: float = 0.0,
        dt_s: float = 0.0,
    ) -> tuple[StrategyState, float]:
        """Move once a period; begin and end at once."""
        error = self.sign * (target - measured)
        if not state.on:
            if error < self.width:
                return OFF, 0.0
            state = replace(OFF, on=True)
            dt_s = self.period_s
        elif error <= -self.width:
            return OFF, 0.0
        elif dt_s < self.period_s:
            return state, state.output
        dt_s = min(dt_s, _MOST_PERIODS * self.period_s)
        slope = 0.0
        if state.measured is not None:
            slope = self.sign * (measured - state.measured) / dt_s
        moved = self.gain * error * dt_s / self.integral_s
        now = feed_forward + self.gain * (error - self.derivative_s * slope)
        wanted = now + state.integral + moved
        if state.level > 0 and wanted <= 0 and error < 0:
            return OFF, 0.0
        most = self.slew_per_s * dt_s
        level = min(max(wanted, 0.0, state.level - most), 1.0, state.level + most)
        integral = state.integral + moved
        if (wanted > level and moved > 0) or (wanted < level and moved < 0):
            integral = state.integral
        output = max(level, self.lowest)
        near = abs(output - state.output) < self.deadband and state.output > 0
        if near and output < 1.0:
            output = state.output
        return (
            replace(state, integral=integral, level=level, output=output, measured=measured),
            output,
        )


#: After a longer silence than so many periods nobody knows what the room did meanwhile.
_MOST_PERIODS = 3.0
