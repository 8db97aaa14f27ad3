"""How often a sensor reports, learned from its reports, and how long one of them stays fresh."""

from __future__ import annotations

import math

from ..farm.roles import RoleSpec
from .memory import PointState, Quality

#: A sensor is stale after this many of its learned intervals, but not before a third of what its
#: role allows: a sensor that reports on change is quiet while nothing changes (design choice).
_CADENCES = 5.0
_MIN_SHARE = 1 / 3
#: How much of the learned interval is forgotten with every shorter one (design choice).
_FORGET = 0.1


def fresh_for_s(role: RoleSpec, cadence_s: float | None) -> float:
    """How long a reading stays fresh, in seconds of farm time."""
    if cadence_s is None or role.stale_s == math.inf:
        return role.stale_s
    return min(role.stale_s, max(_CADENCES * cadence_s, _MIN_SHARE * role.stale_s))


def longest(known: float | None, interval: float) -> float:
    """The longest interval seen, slowly forgotten."""
    if known is None:
        return interval
    return interval if interval >= known else (1 - _FORGET) * known + _FORGET * interval


def learn(old: PointState, at: float) -> float | None:
    """The interval between reports, after one at `at`."""
    if old.quality is Quality.MISSING or at <= old.at:
        return old.cadence_s
    return longest(old.cadence_s, at - old.at)


#: A sensor that has shown a step smaller than this share of what two may disagree by is a fine one:
#: 0.5 °C, 2.5 % of humidity (design choice).
_FINE = 0.25


def calmest(known: float | None, interval: float, step: float, agreement: float) -> float | None:
    """The longest a value has been seen to stay the same. Not known of a sensor until it has shown
    a fine step: one of whole degrees may rightly stay the same for days."""
    if known is None:
        return interval if step <= _FINE * agreement else None
    return max(known, interval)
