"""What a batch has gathered towards the end of its phase: thermal time, light, or the dryback of
its substrate.

Only batches in a phase with an exit are looked at, every quarter of an hour. What cannot be
measured is not counted: a sensor that is lost, or a time nobody was there, makes a phase longer, up
to its maximum, and never shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from ..batches.model import Batch, Ripening
from ..farm.roles import Role
from ..recipes.model import Ripe
from ..science.growth import thermal_time_c_d
from . import readings
from .draft import Draft

#: A batch is looked at this often (s of farm time).
LOOK_S = 900.0
#: A longer time between two looks was not watched: nobody knows how warm it was.
_WATCHED_S = 2 * LOOK_S


def look(d: Draft, batch: Batch) -> Batch:
    """The batch with what it has gathered until now; the same where its phase waits for nothing."""
    ends = d.recipe(batch).phases[batch.phase_index].exit
    if ends is None:
        return batch
    known = batch.ripening
    now = d.now.farm
    if known is None:
        found = Ripening(at=now, marks=_marks(d, batch, ends.ripe, {}))
    elif known.reached_at is not None or now <= known.at:
        return batch
    else:
        found = _gathered(d, batch, ends.ripe, known)
    if found.gathered >= ends.needed:
        found = replace(found, reached_at=now)
    batch = replace(batch, ripening=found)
    d.batch_counted(batch)
    return batch


def _gathered(d: Draft, batch: Batch, ripe: Ripe, known: Ripening) -> Ripening:
    now = d.now.farm
    marks = _marks(d, batch, ripe, known.marks)
    match ripe:
        case Ripe.DEGREE_DAYS:
            gathered = known.gathered + _warmth(d, batch, now - known.at)
        case Ripe.LIGHT:
            gathered = known.gathered + _light(d, batch, known.marks)
        case Ripe.DRYBACK_POINTS:
            gathered = max(known.gathered, _dryback(d, marks))
    return Ripening(at=now, gathered=gathered, marks=marks)


def _warmth(d: Draft, batch: Batch, seconds: float) -> float:
    """Thermal time since the last look, °C d: the mean of the zones whose air is known."""
    growth = d.recipe(batch).growth
    if growth.base_temperature is None or seconds > _WATCHED_S:
        return 0.0
    zones = {d.farm.zone_of_level[name] for name in _levels(d, batch)}
    temperatures = [
        t for z in zones if (t := readings.reading(d, z, Role.AIR_TEMPERATURE).value) is not None
    ]
    if not temperatures:
        return 0.0
    best = growth.optimum_temperature
    base = growth.base_temperature.value
    cap = inf if best is None else max(best.value, base)
    return thermal_time_c_d(_mean(temperatures), seconds, base, cap)


def _light(d: Draft, batch: Batch, marks: Mapping[str, float]) -> float:
    """Light since the last look, mol/m², mean of the levels: a level's day counts from lights-on,
    so that less than before is a new day after what was left of the old one."""
    gained = []
    for name in _levels(d, batch):
        state, before = d.level(name), marks.get(name)
        if before is None:
            continue
        if state.dli >= before:
            gained.append(state.dli - before)
        else:
            gained.append(max(0.0, (state.dli_yesterday or before) - before) + state.dli)
    return _mean(gained) if gained else 0.0


def _dryback(d: Draft, marks: Mapping[str, float]) -> float:
    """Percentage points that the substrate lies below its peak, the mean of the circuits."""
    dried = [
        peak - moisture
        for circuit, peak in marks.items()
        if (moisture := readings.reading(d, circuit, Role.SUBSTRATE_MOISTURE).value) is not None
    ]
    return max(0.0, _mean(dried)) if dried else 0.0


def _marks(d: Draft, batch: Batch, ripe: Ripe, known: Mapping[str, float]) -> dict[str, float]:
    """What the next look counts from."""
    if ripe is Ripe.LIGHT:
        return {name: d.level(name).dli for name in _levels(d, batch)}
    if ripe is Ripe.DEGREE_DAYS:
        return {}
    found = {}
    by_level = d.farm.circuit_of_level
    for circuit in sorted({by_level[x] for x in _levels(d, batch) if x in by_level}):
        moisture = readings.reading(d, circuit, Role.SUBSTRATE_MOISTURE).value
        peaks = [x for x in (known.get(circuit), moisture) if x is not None]
        if peaks:
            found[circuit] = max(peaks)
    return found


def _levels(d: Draft, batch: Batch) -> list[str]:
    return [name for name in batch.levels if name in d.farm.level]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
