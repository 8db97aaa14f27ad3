"""The life of a batch: pure transitions, each refusing what makes no sense.

Keys of BatchError here: plants, no_level, sites, days_ago, recipe_mismatch, not_planned, past,
not_growing, ended, last_phase, time, kg, kg_twice, other_crop, same_version, phase_missing, ramp,
changing, no_regrowth, not_ready, last_cut. Where plants stand is `places`, what is taken of them
`harvests`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..recipes.model import Exit, Recipe
from .model import (
    Batch,
    BatchState,
    Changeover,
    Cut,
    Failure,
    Grade,
    Happened,
    Happening,
    Harvest,
    Placement,
    Reservation,
)

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
    seed_lot: str | None = None,
    by: str = "",
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
        seed_lot=seed_lot,
    )
    index = recipe.index_at(days_ago)
    batch = replace(
        planned,
        state=state_in(index),
        phase_index=index,
        phase_started_at=planned.sown_at + recipe.starts_on_day(index) * DAY_S,
        history=(),
    )
    return noted(batch, Happened.SOWN, at, by=by, now=batch.state.value, plants=plants)


def plan(
    *,
    id: str,
    recipe: Recipe,
    plants: int,
    placements: Mapping[str, int],
    at: float,
    title: str = "",
    cultivar: str | None = None,
    seed_lot: str | None = None,
    by: str = "",
) -> Batch:
    """A batch to be sown at `at`. Raises BatchError: plants, no_level, sites."""
    if plants < 1:
        raise BatchError("plants", {"plants": plants})
    if not placements:
        raise BatchError("no_level")
    for level, sites in placements.items():
        _check_sites(level, sites)
    batch = Batch(
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
        seed_lots=() if seed_lot is None else (seed_lot,),
    )
    return noted(batch, Happened.PLANNED, at, by=by, now=batch.state.value, plants=plants)


def reschedule(batch: Batch, at: float, now: float, *, by: str = "", why: str = "") -> Batch:
    """A planned batch, to be sown at another time. Raises BatchError: not_planned, past."""
    if batch.state is not BatchState.PLANNED:
        raise BatchError("not_planned", {"batch": batch.title, "state": batch.state.value})
    if not now <= at < float("inf"):
        raise BatchError("past", {"batch": batch.title})
    moved = replace(
        batch,
        sown_at=at,
        phase_started_at=at,
        placements=tuple(replace(placement, since=at) for placement in batch.placements),
    )
    return noted(moved, Happened.PLANNED, now, by=by, why=why, plants=batch.plants)


def start(batch: Batch, at: float, *, by: str = "", why: str = "") -> Batch:
    """Sow a planned batch. Raises BatchError: not_planned."""
    if batch.state is not BatchState.PLANNED:
        raise BatchError("not_planned", {"batch": batch.title, "state": batch.state.value})
    sown = replace(
        batch,
        state=BatchState.SOWN,
        sown_at=at,
        phase_started_at=at,
        placements=tuple(replace(placement, since=at) for placement in batch.placements),
    )
    return _turned(batch, sown, Happened.SOWN, at, by=by, why=why)


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
    if batch.regrown and regrowth is not None and regrowth.phase == phase.name:
        return regrowth.days
    return phase.days


def is_ready(batch: Batch, recipe: Recipe, now: float) -> bool:
    """Whether the last phase of a growing batch is over: its harvest is due."""
    last = batch.phase_index + 1 >= len(recipe.phases)
    return batch.is_growing and last and is_over(batch, recipe, now)


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
        came, needed = ripe.gathered - ripe.start, ends.needed - ripe.start
        if came > 0 and came >= _PACE_FROM * needed and ripe.at > started:
            planned = started + (ripe.at - started) * needed / came
    return min(max(planned, earliest, now), latest)


def advance_phase(batch: Batch, recipe: Recipe, at: float, *, by: str = "", why: str = "") -> Batch:
    """The batch in its next phase from `at` on, whether that was due or not.

    Raises BatchError: not_growing, recipe_mismatch, last_phase, time.
    """
    check_growing(batch)
    _check_recipe(batch, recipe)
    if batch.phase_index + 1 >= len(recipe.phases):
        raise BatchError(
            "last_phase", {"batch": batch.title, "phase": recipe.phases[batch.phase_index].name}
        )
    check_time(batch, at)
    index = batch.phase_index + 1
    # A new phase begins with its own values: nothing is left to move to.
    moved = replace(
        batch,
        state=state_in(index),
        phase_index=index,
        phase_started_at=at,
        changeover=None,
        ripening=None,
        ready_at=None,
    )
    was, now = (recipe.phases[i].name for i in (batch.phase_index, index))
    return noted(moved, Happened.PHASE, at, by=by, why=why, was=was, now=now)


def change_recipe(
    batch: Batch, old: Recipe, new: Recipe, at: float, ramp_s: float, *, by: str = ""
) -> Batch:
    """The batch on another version of its recipe from `at` on, its targets moving there over
    `ramp_s`. It stays in the phase of the same name and keeps the day it is in.

    A change that is under way is turned round where it stands when it is to go back to where it
    came from. To a third version there is no way between that plants could follow: at once, or
    when it has arrived. Raises BatchError: not_growing, recipe_mismatch, same_version, other_crop,
    phase_missing, ramp, changing, time.
    """
    check_growing(batch)
    _check_recipe(batch, old)
    check_time(batch, at)
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
    known = batch.changeover
    under_way = known is not None and known.share(at) < 1.0
    if known is not None and known.from_version == new.version:
        way = known.turned(old.version, batch.phase_index, at, ramp_s)
    elif known is not None and under_way and ramp_s > 0:
        left = known.since + known.ramp_s - at
        raise BatchError("changing", {"batch": batch.title, "hours": round(left / 3600, 1)})
    else:
        way = Changeover(
            from_version=old.version, from_phase=batch.phase_index, since=at, ramp_s=ramp_s
        )
    moved = replace(
        batch,
        recipe_id=new.id,
        recipe_version=new.version,
        state=state_in(index),
        phase_index=index,
        changeover=way if way.ramp_s > 0 else None,
        # Another version may wait for something else: what was gathered is not its.
        ripening=batch.ripening if new.phases[index].exit == _exit_of(batch, old) else None,
        ready_at=None,
        reserved=_reserved_in(batch, old, new),
    )
    return noted(moved, Happened.RECIPE, at, by=by, was=old.version, now=new.version)


def _reserved_in(batch: Batch, old: Recipe, new: Recipe) -> tuple[Reservation, ...]:
    """What is kept for a batch, from the phases of the same names on; a phase that the new version
    does not have needs no place."""
    index = {phase.name: number for number, phase in enumerate(new.phases)}
    return tuple(
        replace(kept, phase_index=index[name])
        for kept in batch.reserved
        if (name := old.phases[kept.phase_index].name) in index
    )


def repinned(batch: Batch, old: Recipe, recipe: Recipe, at: float) -> Batch:
    """A batch that is sown at `at`, on another version of its recipe: it stands in the phase that
    its days say there. Raises BatchError: days_ago, other_crop."""
    if recipe.crop != batch.crop:
        said = {"batch": batch.title, "crop": batch.crop, "other": recipe.crop}
        raise BatchError("other_crop", said)
    days = max(0.0, at - batch.sown_at) / DAY_S
    if days > recipe.total_days:
        raise BatchError("days_ago", {"days_ago": days, "most": recipe.total_days})
    index = recipe.index_at(days)
    return replace(
        batch,
        recipe_id=recipe.id,
        recipe_version=recipe.version,
        state=state_in(index),
        phase_index=index,
        reserved=_reserved_in(batch, old, recipe),
        phase_started_at=batch.sown_at + recipe.starts_on_day(index) * DAY_S,
    )


def _exit_of(batch: Batch, recipe: Recipe) -> Exit | None:
    return recipe.phases[batch.phase_index].exit


def arrived(batch: Batch, now: float) -> Batch:
    """The batch without its changeover, once that is over."""
    way = batch.changeover
    if way is None or now < way.since + way.ramp_s:
        return batch
    return replace(batch, changeover=None)


def harvest(
    batch: Batch,
    at: float,
    kg: float | None,
    note: str = "",
    *,
    grades: Mapping[str, float] | None = None,
    waste_kg: float | None = None,
    by: str = "",
) -> Batch:
    """The batch, harvested whole: `kg` fresh mass as weighed, None when it was not, or by grade.

    Raises BatchError: not_growing, kg, kg_twice, time.
    """
    cut = weighed(batch, at, batch.plants, kg, grades, waste_kg, note=note, by=by, last=True)
    done = replace(
        batch,
        state=BatchState.HARVESTED,
        harvest=Harvest(at=at, kg=cut.kg, note=note),
        cuts=(*batch.cuts, cut),
    )
    return _turned(batch, done, Happened.HARVESTED, at, by=by, why=note, kg=cut.kg)


def weighed(
    batch: Batch,
    at: float,
    plants: int,
    kg: float | None,
    grades: Mapping[str, float] | None,
    waste_kg: float | None,
    *,
    note: str = "",
    by: str = "",
    last: bool = False,
) -> Cut:
    """A harvest as it was weighed: `kg` of no grade, or kg by grade, and what is thrown away.

    Raises BatchError: not_growing, time, kg, kg_twice.
    """
    check_growing(batch)
    check_time(batch, at)
    if kg is not None and grades:
        raise BatchError("kg_twice", {"batch": batch.title})
    by_grade = dict(grades) if grades else {} if kg is None else {"": kg}
    for mass in (*by_grade.values(), *(() if waste_kg is None else (waste_kg,))):
        if not 0.0 <= mass < float("inf"):
            raise BatchError("kg", {"kg": mass})
    return Cut(
        id=f"{batch.id}.{len(batch.cuts) + 1}",
        at=at,
        plants=plants,
        grades=tuple(Grade(name=name, kg=mass) for name, mass in sorted(by_grade.items())),
        waste_kg=waste_kg,
        note=note,
        by=by,
        last=last,
    )


def cut(
    batch: Batch,
    recipe: Recipe,
    at: float,
    kg: float | None,
    note: str = "",
    *,
    grades: Mapping[str, float] | None = None,
    waste_kg: float | None = None,
    by: str = "",
) -> Batch:
    """The batch, cut for the first or another time: its plants begin the phase of regrowth anew.

    Raises BatchError: not_growing, recipe_mismatch, no_regrowth, not_ready, last_cut, kg, kg_twice,
    time.
    """
    check_growing(batch)
    _check_recipe(batch, recipe)
    check_time(batch, at)
    regrowth = recipe.regrowth
    if regrowth is None:
        raise BatchError("no_regrowth", {"batch": batch.title, "recipe": recipe.id})
    done = weighed(batch, at, 0, kg, grades, waste_kg, note=note, by=by)
    index = next(i for i, phase in enumerate(recipe.phases) if phase.name == regrowth.phase)
    if batch.phase_index < index:
        raise BatchError("not_ready", {"batch": batch.title, "phase": regrowth.phase})
    if regrowth.cuts is not None and batch.regrown + 1 >= regrowth.cuts:
        raise BatchError("last_cut", {"batch": batch.title, "cuts": regrowth.cuts})
    left = replace(
        batch,
        state=state_in(index),
        phase_index=index,
        phase_started_at=at,
        cuts=(*batch.cuts, done),
        regrown=batch.regrown + 1,
        changeover=None,
        ripening=None,
        ready_at=None,
        # What lacked before is cut off, or weighed with the cut: the next one has its own.
        light=None,
        warmth=None,
    )
    return noted(left, Happened.CUT, at, by=by, why=note, other=done.id, kg=done.kg)


def fail(batch: Batch, at: float, reason: str, *, by: str = "") -> Batch:
    """The batch, given up; a planned one is called off. Raises BatchError: ended."""
    if batch.ended_at is not None:
        raise BatchError("ended", {"batch": batch.title, "state": batch.state.value})
    failed = replace(batch, state=BatchState.FAILED, failure=Failure(at=at, reason=reason))
    return _turned(batch, failed, Happened.FAILED, at, by=by, why=reason)


# -- what transitions share ---------------------------------------------------------------------

#: So many happenings a batch carries with it; older ones are in the records.
_HISTORY_MOST = 200


def noted(
    batch: Batch,
    kind: Happened,
    at: float,
    *,
    by: str = "",
    why: str = "",
    was: str = "",
    now: str = "",
    other: str = "",
    plants: int = 0,
    sites: int = 0,
    kg: float | None = None,
) -> Batch:
    """The batch with one more happening in its history."""
    happening = Happening(
        kind=kind,
        at=at,
        by=by,
        why=why,
        was=was,
        now=now,
        other=other,
        plants=plants,
        sites=sites,
        kg=kg,
    )
    return replace(batch, history=(*batch.history, happening)[-_HISTORY_MOST:])


def _turned(
    before: Batch,
    after: Batch,
    kind: Happened,
    at: float,
    *,
    by: str,
    why: str,
    kg: float | None = None,
) -> Batch:
    """A change of state, noted."""
    was, now = before.state.value, after.state.value
    return noted(after, kind, at, by=by, why=why, was=was, now=now, plants=before.plants, kg=kg)


def state_in(index: int) -> BatchState:
    """The state of a growing batch in the phase with this index."""
    return BatchState.SOWN if index == 0 else BatchState.GROWING


def check_growing(batch: Batch) -> None:
    """Raises BatchError (not_growing) unless the batch stands on its levels."""
    if not batch.is_growing:
        raise BatchError("not_growing", {"batch": batch.title, "state": batch.state.value})


def _check_recipe(batch: Batch, recipe: Recipe) -> None:
    if batch.recipe_version != recipe.version:
        raise BatchError("recipe_mismatch", {"batch": batch.title, "recipe": recipe.id})


def check_time(batch: Batch, at: float) -> None:
    """Raises BatchError (time) for an instant before the present phase of the batch."""
    if at < batch.phase_started_at:
        raise BatchError("time", {"batch": batch.title, "at": at})


def _check_sites(level: str, sites: int, most: int | None = None) -> None:
    if sites < 1 or (most is not None and sites > most):
        raise BatchError("sites", {"level": level, "sites": sites, "most": most or ""})
