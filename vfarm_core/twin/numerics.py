"""The one numerical method of the twin: a linear store, solved exactly over a step."""

from __future__ import annotations

from math import expm1


def relax(
    x: float, source: float, conductance: float, capacity: float, dt_s: float
) -> tuple[float, float]:
    """A store with `capacity * dx/dt = source - conductance * x` over `dt_s` seconds.

    Returns the value at the end and the mean over the step. The solution is exact, so it is stable
    for any step, and `capacity * (end - x) == (source - conductance * mean) * dt_s`: what is taken
    at the mean is what the store loses.
    """
    a = conductance * dt_s / capacity
    if a < 1e-9:
        gain = (source - conductance * x) * dt_s / capacity
        return x + gain, x + gain / 2
    balance = source / conductance
    distance = x - balance
    lost = -expm1(-a)
    return x - distance * lost, balance + distance * lost / a
