"""What a batch has gathered towards the end of its phase: thermal time, light, the dryback of its
substrate, or how much of their place its plants cover.

Only batches in a phase with an exit are looked at, every quarter of an hour. What cannot be
measured is not counted: a sensor that is lost, or a time nobody was there, makes a phase longer, up
to its maximum, and never shorter. Cover alone is worked out by the growth model where no camera is
bound at any of the batch's levels (confidence D, as that of its leaf area).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from ..batches.course import cuts_of, span_of
from ..batches.lifecycle import DAY_S
from ..batches.mass import canopy_cover
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
#: The growth model is asked again after this part of a day.
_MODEL_DAYS = 0.25


def look(d: Draft, batch: Batch) -> Batch:
    """The batch with what it has gathered until now; the same where its phase waits for nothing."""
    ends = d.recipe(batch).phases[batch.phase_index].exit
    if ends is None:
        return batch
    known = batch.ripening
    now = d.now.farm
    if known is None:
        found = _begun(d, batch, ends.ripe)
    elif known.reached_at is not None or now <= known.at:
        return batch
    else:
        found = _gathered(d, batch, ends.ripe, known)
    if found.gathered >= ends.needed:
        found = replace(found, reached_at=now)
    batch = replace(batch, ripening=found)
    d.batch_counted(batch)
    return batch


def _begun(d: Draft, batch: Batch, ripe: Ripe) -> Ripening:
    """What there is when a phase begins."""
    now = d.now.farm
    if ripe is Ripe.CANOPY_COVER:
        cover, modelled = _cover_pct(d, batch, 0.0)
        return Ripening(at=now, gathered=cover, start=cover, modelled=modelled)
    return Ripening(at=now, marks=_marks(d, batch, ripe, {}))


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
        case Ripe.CANOPY_COVER:
            gathered, modelled = _cover_pct(d, batch, known.gathered)
            return replace(known, at=now, gathered=gathered, modelled=modelled)
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


def _cover_pct(d: Draft, batch: Batch, known: float) -> tuple[float, bool]:
    """How much leaves cover (%), the mean of the levels that see it, and whether that is modelled.
    While no camera sees anything it is what it was."""
    levels = [name for name in _levels(d, batch) if d.farm.of(name, Role.CANOPY_COVER)]
    if not levels:
        return _modelled_cover_pct(d, batch), True
    seen = [
        value
        for name in levels
        if (value := readings.reading(d, name, Role.CANOPY_COVER).value) is not None
    ]
    return (_mean(seen) if seen else known), False


def _modelled_cover_pct(d: Draft, batch: Batch) -> float:
    """What the leaves of a batch should cover by the light it got."""
    recipe, light = d.recipe(batch), batch.light
    share = round(light.got / light.planned, 2) if light is not None and light.planned > 0 else 1.0
    # Rounded, so that the model runs a few times a day, not with every look.
    days = (d.now.farm - batch.phase_started_at) / DAY_S // _MODEL_DAYS * _MODEL_DAYS
    covered = canopy_cover(
        recipe, cuts_of(batch, recipe), span_of(batch, recipe), max(0.0, days), share
    )
    return 100.0 * covered


def _marks(d: Draft, batch: Batch, ripe: Ripe, known: Mapping[str, float]) -> dict[str, float]:
    """What the next look counts from."""
    if ripe is Ripe.LIGHT:
        return {name: d.level(name).dli for name in _levels(d, batch)}
    if ripe in (Ripe.DEGREE_DAYS, Ripe.CANOPY_COVER):
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
