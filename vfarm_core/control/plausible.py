"""Whether a report can be true: its range, how fast it moved, how long it has not, whether the
sensor is warm.

What is doubted here is kept from control, never from a trip: `readings.highest` and `lowest` take
every value that is possible at all, and the one before it too.
"""

from __future__ import annotations

from ..farm.roles import RoleSpec
from .memory import Doubt, PointState, Quality

#: Why a reading is not good (PointState.problem).
RANGE = "range"
JUMP = "jump"
FLAT_LINE = "flat_line"
WARM_UP = "warm_up"
#: Those that say more than the quality does.
TOLD = frozenset({JUMP, FLAT_LINE, WARM_UP})

#: A jump is confirmed by a later report that agrees with it, this long after it (s); by a sensor
#: that reports on change and says nothing else for so long; and, where another sensor of the same
#: quantity goes on as before, not until so long (design choices).
CONFIRM_S = 30.0
SILENCE_S = 300.0
CONTRADICTED_S = 900.0

type Judgement = tuple[Quality, str, Doubt | None]
GOOD: Judgement = (Quality.GOOD, "", None)


def is_possible(facts: RoleSpec, value: float) -> bool:
    """Whether a value can be true at all."""
    return facts.plausible is None or facts.plausible[0] <= value <= facts.plausible[1]


def within_reach(facts: RoleSpec, by: float, after_s: float) -> bool:
    """Whether a quantity can have moved by so much within so long."""
    return abs(by) <= facts.jump + facts.rate_min * max(0.0, after_s) / 60


def judge(old: PointState, facts: RoleSpec, value: float, at: float) -> Judgement:
    """What to make of a report, by what the same sensor said before."""
    doubt = old.doubt
    if doubt is None and old.value is not None and old.problem == "":
        doubt = Doubt(value=old.value, at=old.at, since=at)
    if not is_possible(facts, value):
        return Quality.IMPLAUSIBLE, RANGE, doubt
    if doubt is None:
        if old.quality is Quality.MISSING and facts.warm_up_s > 0:
            return Quality.IMPLAUSIBLE, WARM_UP, Doubt(value=None, at=at, since=at)
        if old.problem == FLAT_LINE and value == old.value:
            return Quality.IMPLAUSIBLE, FLAT_LINE, None
        return GOOD
    if doubt.value is None:
        warm = at - doubt.since >= facts.warm_up_s
        return GOOD if warm else (Quality.IMPLAUSIBLE, WARM_UP, doubt)
    if abs(value - doubt.value) <= facts.jump:
        return GOOD
    if old.problem == JUMP and old.value is not None:
        if within_reach(facts, value - old.value, at - old.at):
            # It stays where it jumped to.
            confirmed = at - doubt.since >= CONFIRM_S
            return GOOD if confirmed else (Quality.IMPLAUSIBLE, JUMP, doubt)
    elif within_reach(facts, value - doubt.value, at - doubt.at):
        return GOOD
    return Quality.IMPLAUSIBLE, JUMP, Doubt(value=doubt.value, at=doubt.at, since=at)


def acts(state: PointState) -> bool:
    """Whether a trip takes the value: it is reported, and possible."""
    return (
        state.value is not None
        and state.quality is not Quality.STALE
        and state.quality is not Quality.MISSING
        and state.problem != RANGE
    )


def held(state: PointState, facts: RoleSpec, now: float) -> float | None:
    """The value that control goes on with while a jump is looked at."""
    doubt = state.doubt
    if doubt is None or state.problem != JUMP or now >= doubt.at + facts.hold_s:
        return None
    return doubt.value
