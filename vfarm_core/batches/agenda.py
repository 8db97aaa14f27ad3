"""What comes for a batch and when, and what people have to do for it: from the batch and its pinned
recipe alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..recipes.model import Recipe
from .forecast import Forecast
from .lifecycle import DAY_S
from .model import Batch, BatchState, Happened
from .progress import progress

#: A level that nobody has said to be clean is asked for so long (days; design choice): by then it
#: is in use again, or nobody goes by the list.
CLEANING_DAYS = 14.0


class Kind(StrEnum):
    """What comes: sowing, a phase, plants set anew, a harvest, a level to be cleaned, a probe or a
    dosing pump to be checked; or something people have written down or set up themselves."""

    SOW = "sow"
    PHASE = "phase"
    TRANSPLANT = "transplant"
    HARVEST = "harvest"
    CLEAN = "clean"
    CALIBRATE = "calibrate"
    CALIBRATE_PUMP = "calibrate_pump"
    ONBOARDING = "onboarding"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Something that comes, or has happened, at `at` (epoch seconds), by `until` at the latest.

    `id` stays the same when it moves. `what` is the phase, or the point that is checked; `levels`
    are sites by level, `kg` the limits of what is harvested and the middle between them. `due`:
    people do it, and the farm does not go on as planned until they have.
    """

    id: str
    kind: Kind
    at: float
    until: float | None = None
    title: str = ""
    what: str = ""
    batch: str = ""
    order: str = ""
    plants: int = 0
    levels: Mapping[str, int] = field(default_factory=dict)
    kg: tuple[float, float, float] | None = None
    due: bool = True


def coming(
    batch: Batch, recipe: Recipe, now: float, forecast: Forecast | None = None
) -> tuple[Occasion, ...]:
    """What comes for a batch that lives, in the order of time; nothing for one that has ended."""
    if batch.ended_at is not None:
        return ()
    planned = batch.state is BatchState.PLANNED
    found = [_sowing(batch)] if planned else [*_overdue_transplant(batch, recipe)]
    outlook = progress(batch, recipe, batch.sown_at if planned else now)
    at, places = outlook.phase_ends_at, _sites(batch)
    for index in range(batch.phase_index + 1, len(recipe.phases)):
        phase = recipe.phases[index]
        kept = {r.level_id: r.sites for r in batch.reserved if r.phase_index == index}
        moves = bool(kept) or _is_respaced(recipe, index)
        places = kept or places
        found.append(
            Occasion(
                id=f"{Kind.TRANSPLANT if moves else Kind.PHASE}:{batch.id}:{index}",
                kind=Kind.TRANSPLANT if moves else Kind.PHASE,
                at=at,
                title=batch.title,
                what=phase.name,
                batch=batch.id,
                order=batch.order,
                plants=batch.plants,
                levels=places,
                due=moves,
            )
        )
        at += phase.days * DAY_S
    kg = None if forecast is None else (forecast.kg.low, forecast.kg.mid, forecast.kg.high)
    ends = outlook.expected_harvest_at
    found.append(
        Occasion(
            id=f"{Kind.HARVEST}:{batch.id}:{batch.regrown}",
            kind=Kind.HARVEST,
            at=ends,
            until=ends if forecast is None else max(ends, forecast.ready_at.high),
            title=batch.title,
            batch=batch.id,
            order=batch.order,
            plants=batch.plants,
            levels=places,
            kg=kg,
        )
    )
    return tuple(found)


def _sowing(batch: Batch) -> Occasion:
    return Occasion(
        id=f"{Kind.SOW}:{batch.id}",
        kind=Kind.SOW,
        at=batch.sown_at,
        title=batch.title,
        batch=batch.id,
        order=batch.order,
        plants=batch.plants,
        levels=_sites(batch),
    )


def _sites(batch: Batch) -> dict[str, int]:
    return {placement.level_id: placement.sites for placement in batch.placements}


def _is_respaced(recipe: Recipe, index: int) -> bool:
    """Whether plants get another spacing with the phase of this index."""
    density = recipe.phases[index].density_plants_m2
    before = next(
        (p.density_plants_m2 for p in reversed(recipe.phases[:index]) if p.density_plants_m2), None
    )
    return density is not None and before is not None and density != before


def _overdue_transplant(batch: Batch, recipe: Recipe) -> tuple[Occasion, ...]:
    """The transplant into the phase that has begun by itself, while plants stand as before."""
    index = batch.phase_index
    kept = batch.levels_from(index)
    if not kept and not (index > 0 and _is_respaced(recipe, index)):
        return ()
    if kept and set(kept) == set(batch.levels):
        return ()
    began_here = any(
        h.kind is Happened.PHASE and h.at == batch.phase_started_at for h in batch.history
    )
    done = any(
        h.kind is Happened.TRANSPLANTED and h.at >= batch.phase_started_at for h in batch.history
    )
    if done or not began_here:
        return ()
    places = {r.level_id: r.sites for r in batch.reserved if r.phase_index == index}
    return (
        Occasion(
            id=f"{Kind.TRANSPLANT}:{batch.id}:{index}",
            kind=Kind.TRANSPLANT,
            at=batch.phase_started_at,
            title=batch.title,
            what=recipe.phases[index].name,
            batch=batch.id,
            order=batch.order,
            plants=batch.plants,
            levels=places or _sites(batch),
        ),
    )


#: What the happenings of a batch are in a calendar.
_HAPPENED: Mapping[Happened, Kind] = {
    Happened.SOWN: Kind.SOW,
    Happened.PHASE: Kind.PHASE,
    Happened.TRANSPLANTED: Kind.TRANSPLANT,
    Happened.CUT: Kind.HARVEST,
    Happened.HARVESTED: Kind.HARVEST,
}


def past(batch: Batch) -> tuple[Occasion, ...]:
    """What has happened to a batch, of what could have been seen coming, in the order of time."""
    found = []
    for number, happening in enumerate(batch.history):
        kind = _HAPPENED.get(happening.kind)
        if kind is None:
            continue
        kg = happening.kg
        found.append(
            Occasion(
                id=f"past:{batch.id}:{number}:{happening.at:.0f}",
                kind=kind,
                at=happening.at,
                title=batch.title,
                what=happening.now if kind is Kind.PHASE else "",
                batch=batch.id,
                order=batch.order,
                plants=happening.plants or batch.plants,
                kg=None if kg is None else (kg, kg, kg),
                due=False,
            )
        )
    return tuple(found)


def cleanings(batch: Batch, now: float) -> tuple[Occasion, ...]:
    """The levels that a batch of a plan has left lately: plans count on their being cleaned."""
    if not batch.order:
        return ()
    here = set(batch.levels) if batch.ended_at is None else set()
    left = {
        stay.level_id: stay
        for stay in batch.places
        if stay.until is not None and stay.level_id not in here
    }
    return tuple(
        Occasion(
            id=f"{Kind.CLEAN}:{level}:{batch.id}",
            kind=Kind.CLEAN,
            at=stay.until or 0.0,
            title=batch.title,
            batch=batch.id,
            order=batch.order,
            levels={level: stay.sites},
        )
        for level, stay in left.items()
        if stay.until is not None and 0 <= now - stay.until <= CLEANING_DAYS * DAY_S
    )
