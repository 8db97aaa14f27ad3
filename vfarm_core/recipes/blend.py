"""A phase on its way to another: what plants get while a living batch changes its recipe.

Targets go from the old ones to the new in proportion; limits are the wider of both until the end,
for on the way neither is to be alarmed about. What has no value between (a target that one of them
does not have, a method of irrigation, a spectrum) is the new phase's from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from .model import Band, LightPlan, Phase, Recipe, Setpoint

#: Phases that were blended before: the versions are hashes, so the same key is the same phase.
type _Key = tuple[str, int, str, int, float, float]
_BLENDED: dict[_Key, Phase] = {}
_BLENDED_MOST = 256


def blended(
    old: Recipe, old_index: int, new: Recipe, new_index: int, share: float, light_share: float
) -> Phase:
    """The phase `share` (0…1) of the way from one to the other; its photoperiod is `light_share`
    of the way, for a day's length moves in whole days. Remembers."""
    key = (old.version, old_index, new.version, new_index, share, light_share)
    found = _BLENDED.get(key)
    if found is None:
        if len(_BLENDED) >= _BLENDED_MOST:
            _BLENDED.clear()
        found = blend(old.phases[old_index], new.phases[new_index], share, light_share)
        _BLENDED[key] = found
    return found


def blend(old: Phase, new: Phase, share: float, light_share: float | None = None) -> Phase:
    """The phase between two, see `blended`."""
    return replace(
        new,
        climate=_setpoints(old.climate, new.climate, share),
        solution=_setpoints(old.solution, new.solution, share),
        light=_light(old.light, new.light, share, share if light_share is None else light_share),
    )


def _setpoints[Q: StrEnum](
    old: Mapping[Q, Setpoint], new: Mapping[Q, Setpoint], share: float
) -> dict[Q, Setpoint]:
    return {
        quantity: _setpoint(old[quantity], wanted, share) if quantity in old else wanted
        for quantity, wanted in new.items()
    }


def _setpoint(old: Setpoint, new: Setpoint, share: float) -> Setpoint:
    return replace(
        new,
        day=_between(old.day, new.day, share),
        night=_between(old.night, new.night, share),
        warning_day=_wider(old.warning_day, new.warning_day),
        warning_night=_wider(old.warning_night, new.warning_night),
        critical_day=_wider(old.critical_day, new.critical_day),
        critical_night=_wider(old.critical_night, new.critical_night),
    )


def _between(old: float | None, new: float | None, share: float) -> float | None:
    if old is None or new is None:
        return new
    return old + (new - old) * share


def _wider(a: Band, b: Band) -> Band:
    low = None if a.low is None or b.low is None else min(a.low, b.low)
    high = None if a.high is None or b.high is None else max(a.high, b.high)
    return Band(low, high)


def _light(old: LightPlan, new: LightPlan, share: float, light_share: float) -> LightPlan:
    if old.ppfd <= 0 or new.ppfd <= 0:
        # Between light and darkness there is no plan that either of them would want.
        return new
    ppfd = old.ppfd + (new.ppfd - old.ppfd) * share
    hours = old.photoperiod_h + (new.photoperiod_h - old.photoperiod_h) * light_share
    return replace(
        new,
        ppfd=ppfd,
        photoperiod_h=hours,
        dli=ppfd * hours * 0.0036,
        ppfd_max=max(old.ppfd_max, new.ppfd_max),
        dli_max=max(old.dli_max, new.dli_max),
        ramp_min=min(new.ramp_min, hours * 30),
    )
