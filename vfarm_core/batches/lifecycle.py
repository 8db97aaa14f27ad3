"""The life of a batch: pure transitions, each refusing what makes no sense.

Keys of BatchError: plants, no_level, sites, level_twice, level_not_held,
days_ago, recipe_mismatch, not_planned, not_growing, ended, last_phase, time, kg, other_crop,
same_version, phase_missing, ramp, no_regrowth, not_ready, last_cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..recipes.model import Exit, Recipe
from .model import Batch, BatchState, Changeover, Failure, Harvest, Placement

DAY_S = 86400.0
#: The longest time over which a batch changes its recipe (design choice): longer is a new phase.
CHANGEOVER_MOST_S = 14 * DAY_S


class BatchError(ValueError):
    """A transition that is refused. `key` and `params` are for translation."""

    def __init__(self, key: str, params: Mapping[str, Any] | None = None) -> None:
        self.key = key
        self.params = dict(params or {})
        super().__init__(key, self.params)

    def __str__(self) -> str:
        given = ", ".join(f"{name} {value}" for name, value in self.params.items())
        return f"{self.key.replace('_', ' ')}" + (f": {given}" if given else "")


def sow(
    *,
    id: str,
    recipe: Recipe,
    plants: int,
    placements: Mapping[str, int],
    at: float,
    days_ago: float = 0.0,
    title: str = "",
    cultivar: str | None = None,
) -> Batch:
    """A batch that starts at `at` on `placements` (level id to sites), following this version of
    the recipe. With `days_ago` it was sown before: it stands in the phase the plan says.

    Raises BatchError: plants, no_level, sites, days_ago.
    """
    if not 0.0 <= days_ago <= recipe.total_days:
        raise BatchError("days_ago", {"days_ago": days_ago, "most": recipe.total_days})
    planned = plan(
        id=id,
        recipe=recipe,
        plants=plants,
        placements=placements,
        at=at - days_ago * DAY_S,
        title=title,
        cultivar=cultivar,
    )
    index = recipe.index_at(days_ago)
    return replace(
        planned,
        state=_state(index),
        phase_index=index,
        phase_started_at=planned.sown_at + recipe.starts_on_day(index) * DAY_S,
    )


def plan(
    *,
    id: str,
    recipe: Recipe,
    plants: int,
    placements: Mapping[str, int],
    at: float,
    title: str = "",
    cultivar: str | None = None,
) -> Batch:
    """A batch to be sown at `at`. Raises BatchError: plants, no_level, sites."""
    if plants < 1:
        raise BatchError("plants", {"plants": plants})
    if not placements:
        raise BatchError("no_level")
    for level, sites in placements.items():
        _check_sites(level, sites)
    return Batch(
        id=id,
        recipe_id=recipe.id,
        recipe_version=recipe.version,
        crop=recipe.crop,
        cultivar=cultivar or recipe.cultivar,
        title=title or recipe.title,
        plants=plants,
        sown_at=at,
        state=BatchState.PLANNED,
        placements=tuple(
            Placement(level_id=level, sites=sites, since=at) for level, sites in placements.items()
        ),
        phase_index=0,
        phase_started_at=at,
    )


def start(batch: Batch, at: float) -> Batch:
    """Sow a planned batch. Raises BatchError: not_planned."""
    if batch.state is not BatchState.PLANNED:
        raise BatchError("not_planned", {"batch": batch.title, "state": batch.state.value})
    return replace(
        batch,
        state=BatchState.SOWN,
        sown_at=at,
        phase_started_at=at,
        placements=tuple(replace(placement, since=at) for placement in batch.placements),
    )


def due_phase(batch: Batch, recipe: Recipe, now: float) -> int:
    """The phase index a batch should have by now, counted from when its present phase began.
    Never before its present phase, never past the last. Raises BatchError: recipe_mismatch."""
    _check_recipe(batch, recipe)
    index = batch.phase_index
    if not batch.is_growing or not is_over(batch, recipe, now):
        return index
    started_at = phase_ends_at(batch, recipe, now)
    while index + 1 < len(recipe.phases):
        index += 1
        # Of a phase nobody has counted in, only its longest time is sure to be over.
        phase = recipe.phases[index]
        started_at += (phase.days if phase.exit is None else phase.exit.max_days) * DAY_S
        if now < started_at:
            break
    return index


def days_of_phase(batch: Batch, recipe: Recipe) -> float:
    """How long the phase a batch is in is planned to last: shorter or longer after a cut."""
    phase, regrowth = recipe.phases[batch.phase_index], recipe.regrowth
    if batch.cuts and regrowth is not None and regrowth.phase == phase.name:
        return regrowth.days
    return phase.days


def is_over(batch: Batch, recipe: Recipe, now: float) -> bool:
    """Whether the phase a batch is in is over."""
    ends, started = recipe.phases[batch.phase_index].exit, batch.phase_started_at
    if ends is None:
        return now >= started + days_of_phase(batch, recipe) * DAY_S
    if now >= started + ends.max_days * DAY_S:
        return True
    ripe = batch.ripening
    return (
        ripe is not None and ripe.reached_at is not None and now >= started + ends.min_days * DAY_S
    )


#: A pace is taken for the rest of a phase once this share of what is needed is gathered; before
#: that the plan is the better guess (design choice).
_PACE_FROM = 0.1


def phase_ends_at(batch: Batch, recipe: Recipe, now: float) -> float:
    """When the phase a batch is in ended, or is expected to end: by its days, or by the pace at
    which it has gathered what it waits for."""
    ends, started = recipe.phases[batch.phase_index].exit, batch.phase_started_at
    planned = started + days_of_phase(batch, recipe) * DAY_S
    if ends is None:
        return planned
    earliest, latest = started + ends.min_days * DAY_S, started + ends.max_days * DAY_S
    ripe = batch.ripening
    if ripe is not None:
        if ripe.reached_at is not None:
            return min(max(ripe.reached_at, earliest), latest)
        if ripe.gathered >= _PACE_FROM * ends.needed and ripe.at > started:
            planned = started + (ripe.at - started) * ends.needed / ripe.gathered
    return min(max(planned, earliest, now), latest)


def advance_phase(batch: Batch, recipe: Recipe, at: float) -> Batch:
    """The batch in its next phase from `at` on, whether that was due or not.

    Raises BatchError: not_growing, recipe_mismatch, last_phase, time.
    """
    _check_growing(batch)
    _check_recipe(batch, recipe)
    if batch.phase_index + 1 >= len(recipe.phases):
        raise BatchError(
            "last_phase", {"batch": batch.title, "phase": recipe.phases[batch.phase_index].name}
        )
    _check_time(batch, at)
    index = batch.phase_index + 1
    # A new phase begins with its own values: nothing is left to move to.
    return replace(
        batch,
        state=_state(index),
        phase_index=index,
        phase_started_at=at,
        changeover=None,
        ripening=None,
    )


def change_recipe(batch: Batch, old: Recipe, new: Recipe, at: float, ramp_s: float) -> Batch:
    """The batch on another version of its recipe from `at` on, its targets moving there over
    `ramp_s`. It stays in the phase of the same name and keeps the day it is in.

    A change that is under way begins anew from the phase it was to reach. Raises BatchError:
    not_growing, recipe_mismatch, same_version, other_crop, phase_missing, ramp, time.
    """
    _check_growing(batch)
    _check_recipe(batch, old)
    _check_time(batch, at)
    if new.version == old.version:
        raise BatchError("same_version", {"batch": batch.title, "recipe": new.id})
    if new.crop != batch.crop:
        raise BatchError(
            "other_crop", {"batch": batch.title, "crop": batch.crop, "other": new.crop}
        )
    if not 0.0 <= ramp_s <= CHANGEOVER_MOST_S:
        raise BatchError("ramp", {"hours": ramp_s / 3600, "most": CHANGEOVER_MOST_S / 3600})
    phase = old.phases[batch.phase_index].name
    index = next((i for i, p in enumerate(new.phases) if p.name == phase), None)
    if index is None:
        raise BatchError("phase_missing", {"batch": batch.title, "phase": phase, "recipe": new.id})
    way = Changeover(
        from_version=old.version, from_phase=batch.phase_index, since=at, ramp_s=ramp_s
    )
    return replace(
        batch,
        recipe_id=new.id,
        recipe_version=new.version,
        state=_state(index),
        phase_index=index,
        changeover=way if ramp_s > 0 else None,
        # Another version may wait for something else: what was gathered is not its.
        ripening=batch.ripening if new.phases[index].exit == _exit_of(batch, old) else None,
    )


def _exit_of(batch: Batch, recipe: Recipe) -> Exit | None:
    return recipe.phases[batch.phase_index].exit


def arrived(batch: Batch, now: float) -> Batch:
    """The batch without its changeover, once that is over."""
    way = batch.changeover
    if way is None or now < way.since + way.ramp_s:
        return batch
    return replace(batch, changeover=None)


def move(
    batch: Batch, from_level: str, to_level: str, at: float, sites: int | None = None
) -> Batch:
    """The batch with `sites` (all of them when None) moved from one level to another.

    Raises BatchError: not_growing, level_not_held, level_twice, sites, time.
    """
    _check_growing(batch)
    held = {placement.level_id: placement for placement in batch.placements}
    if from_level not in held:
        raise BatchError("level_not_held", {"batch": batch.title, "level": from_level})
    if to_level == from_level:
        raise BatchError("level_twice", {"batch": batch.title, "level": to_level})
    _check_time(batch, at)
    source = held[from_level]
    moved = source.sites if sites is None else sites
    _check_sites(from_level, moved, most=source.sites)
    if moved == source.sites:
        del held[from_level]
    else:
        held[from_level] = replace(source, sites=source.sites - moved)
    target = held.get(to_level)
    held[to_level] = (
        Placement(level_id=to_level, sites=moved, since=at)
        if target is None
        else replace(target, sites=target.sites + moved)
    )
    return replace(batch, placements=tuple(held.values()))


def harvest(batch: Batch, at: float, kg: float | None, note: str = "") -> Batch:
    """The batch, harvested: `kg` fresh mass as weighed, None when it was not.

    Raises BatchError: not_growing, kg, time.
    """
    _check_growing(batch)
    _check_time(batch, at)
    if kg is not None and not 0.0 <= kg < float("inf"):
        raise BatchError("kg", {"kg": kg})
    return replace(batch, state=BatchState.HARVESTED, harvest=Harvest(at=at, kg=kg, note=note))


def cut(batch: Batch, recipe: Recipe, at: float, kg: float | None, note: str = "") -> Batch:
    """The batch, cut for the first or another time: its plants begin the phase of regrowth anew.

    Raises BatchError: not_growing, recipe_mismatch, no_regrowth, not_ready, last_cut, kg, time.
    """
    _check_growing(batch)
    _check_recipe(batch, recipe)
    _check_time(batch, at)
    regrowth = recipe.regrowth
    if regrowth is None:
        raise BatchError("no_regrowth", {"batch": batch.title, "recipe": recipe.id})
    if kg is not None and not 0.0 <= kg < float("inf"):
        raise BatchError("kg", {"kg": kg})
    index = next(i for i, phase in enumerate(recipe.phases) if phase.name == regrowth.phase)
    if batch.phase_index < index:
        raise BatchError("not_ready", {"batch": batch.title, "phase": regrowth.phase})
    if regrowth.cuts is not None and len(batch.cuts) + 1 >= regrowth.cuts:
        raise BatchError("last_cut", {"batch": batch.title, "cuts": regrowth.cuts})
    return replace(
        batch,
        state=_state(index),
        phase_index=index,
        phase_started_at=at,
        cuts=(*batch.cuts, Harvest(at=at, kg=kg, note=note)),
        changeover=None,
        ripening=None,
    )


def fail(batch: Batch, at: float, reason: str) -> Batch:
    """The batch, given up; a planned one is called off. Raises BatchError: ended."""
    if batch.ended_at is not None:
        raise BatchError("ended", {"batch": batch.title, "state": batch.state.value})
    return replace(batch, state=BatchState.FAILED, failure=Failure(at=at, reason=reason))


def _state(index: int) -> BatchState:
    return BatchState.SOWN if index == 0 else BatchState.GROWING


def _check_growing(batch: Batch) -> None:
    if not batch.is_growing:
        raise BatchError("not_growing", {"batch": batch.title, "state": batch.state.value})


def _check_recipe(batch: Batch, recipe: Recipe) -> None:
    if batch.recipe_version != recipe.version:
        raise BatchError("recipe_mismatch", {"batch": batch.title, "recipe": recipe.id})


def _check_time(batch: Batch, at: float) -> None:
    if at < batch.phase_started_at:
        raise BatchError("time", {"batch": batch.title, "at": at})


def _check_sites(level: str, sites: int, most: int | None = None) -> None:
    if sites < 1 or (most is not None and sites > most):
        raise BatchError("sites", {"level": level, "sites": sites, "most": most or ""})
