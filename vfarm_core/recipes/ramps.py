"""Values that change over time between two setpoints: dawn and dusk, day and night."""

from __future__ import annotations

from enum import StrEnum
from math import cos, pi, sin


class Shape(StrEnum):
    """How a ramp runs: evenly, or softly at both ends."""

    LINEAR = "linear"
    COSINE = "cosine"


def fraction(elapsed_s: float, duration_s: float) -> float:
    """How far a ramp of `duration_s` is after `elapsed_s`, 0…1; a ramp of no length is over."""
    if elapsed_s < 0:
        return 0.0
    if duration_s <= 0 or elapsed_s >= duration_s:
        return 1.0
    return elapsed_s / duration_s


def interpolate(start: float, end: float, share: float, shape: Shape = Shape.LINEAR) -> float:
    """The value at `share` of the way, held at the ends outside 0…1."""
    share = min(max(share, 0.0), 1.0)
    if shape is Shape.COSINE:
        share = (1.0 - cos(pi * share)) / 2.0
    value = start * (1.0 - share) + end * share
    return min(max(value, min(start, end)), max(start, end))


def area(share: float, shape: Shape = Shape.LINEAR) -> float:
    """The integral of a ramp from its beginning to `share` of the way, in whole ramps of full
    value; a whole ramp of either shape is worth half of one."""
    share = min(max(share, 0.0), 1.0)
    if shape is Shape.COSINE:
        return share / 2.0 - sin(pi * share) / (2.0 * pi)
    return share * share / 2.0


def ramp(
    start: float,
    end: float,
    *,
    started_at: float,
    duration_s: float,
    now: float,
    shape: Shape = Shape.LINEAR,
) -> float:
    """The value at `now` of a ramp from `start` to `end` that began at `started_at` (epoch s)."""
    return interpolate(start, end, fraction(now - started_at, duration_s), shape)


def dawn_and_dusk(
    since_on_s: float, until_off_s: float, ramp_s: float, shape: Shape = Shape.LINEAR
) -> float:
    """The share 0…1 of full light `since_on_s` after lights-on and `until_off_s` before
    lights-off, with a dawn and a dusk of `ramp_s` within the photoperiod; 0 outside of it."""
    if since_on_s < 0 or until_off_s < 0:
        return 0.0
    nearest = min(fraction(since_on_s, ramp_s), fraction(until_off_s, ramp_s))
    return interpolate(0.0, 1.0, nearest, shape)
