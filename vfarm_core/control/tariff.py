"""Lights-on where electricity is cheap, within what the recipe allows.

The lights-on that ends a night is decided once, before it can come, and pinned: a price that
changes later, or is lost, moves nothing. The light day stays in one piece and is never shorter;
no night is shorter than the recipe's shortest. Without prices lights-on goes back to the level's
own time, as fast as plants take it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ..recipes.model import Shift
from ..science.light import LightDay, light_day
from .prices import Prices

#: Lights-on moves by at most so much from one day to the next (s) (design choice: a clock change,
#: which plants take every year).
STEP_S = 3600.0
#: Starts that are compared lie so far apart (s): the shortest slots of day-ahead markets.
_GRID_S = 900.0
#: Saving less than this share of the cost is not worth another time (design choice).
_WORTH = 0.01
#: The decision is taken this long before the first lights-on that is possible (s): air is dried
#: from half an hour ahead.
AHEAD_S = 2400.0
#: A start belongs to the level's own time that is nearest; a shift is less than this (s).
_NEAREST_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Window:
    """When the next lights-on may be: `own` is the level's own time, `low` and `high` what is
    reachable, `decide_at` when it has to be decided."""

    own: float
    low: float
    high: float
    decide_at: float


@dataclass(frozen=True, slots=True)
class Start:
    """A decided lights-on, and the share of the cost of electricity it saves (None: unknown)."""

    at: float
    saving: float | None


def own_day(start: float, lights_on: dt.time, photoperiod_h: float, tz: dt.tzinfo) -> LightDay:
    """The light day by the level's own time to which a moved lights-on belongs."""
    return light_day(start + _NEAREST_S, lights_on, photoperiod_h, tz)


def window(
    day: LightDay,
    lights_on: dt.time,
    photoperiod_h: float,
    shift: Shift | None,
    dark_min_h: float,
    tz: dt.tzinfo,
) -> Window:
    """When the lights-on after `day` may be. `dark_min_h` is the shortest night between them."""
    nominal = own_day(day.start_s, lights_on, photoperiod_h, tz)
    own = nominal.next_start_s
    moved = day.start_s - nominal.start_s
    floor = day.end_s + dark_min_h * 3600.0
    reach = shift.hours * 3600.0 if shift is not None else 0.0
    # Towards the allowed hours as fast as plants take it, where it is outside of them.
    low = max(own - reach, own + moved - STEP_S)
    high = min(own + reach, own + moved + STEP_S)
    if low > high:
        low = high = own + (
            max(moved - STEP_S, reach) if moved > 0 else min(moved + STEP_S, -reach)
        )
    low, high = max(low, floor), max(high, floor)
    # Also where it will come later: the level's own time must not begin before it is decided.
    return Window(own, low, high, max(day.end_s, min(low, own) - AHEAD_S))


def decide(found: Window, photoperiod_h: float, prices: Prices) -> Start:
    """The cheapest lights-on of a window; the level's own time, or the nearest to it, where prices
    do not cover every possible light day, or differ by next to nothing."""
    light_s = photoperiod_h * 3600.0
    plain = min(max(found.own, found.low), found.high)
    usual = prices.mean(plain, plain + light_s)
    if usual is None or prices.mean(found.low, found.high + light_s) is None:
        return Start(plain, None)
    best, least = plain, usual - _WORTH * abs(usual)
    steps = int((found.high - found.low) // _GRID_S)
    for at in (*(found.low + k * _GRID_S for k in range(steps + 1)), found.high):
        mean = prices.mean(at, at + light_s)
        if mean is not None and mean < least:
            best, least = at, mean
    if best == plain:
        return Start(plain, 0.0)
    return Start(best, (usual - least) / abs(usual) if usual else 0.0)
