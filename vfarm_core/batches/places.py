"""Where the plants of a batch stand: moves, splits, merges and respacing, each a pure function.

Sites are counted, not numbered: a level has so many, and nobody has more of them than are free.
Keys of BatchError here: level_twice, level_not_held, sites, split_all, split_plants, merge_self,
merge_cultivar, merge_recipe, merge_phase, no_room, spacing; and not_growing, time of `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from .lifecycle import BatchError, check_growing, check_time, noted
from .model import Batch, BatchState, Happened, Light, Merge, Placement, Stay, Warmth

#: Rounding of areas and densities must not cost a site.
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a level offers: its area (m²), its sites, and how many of those are free."""

    level_id: str
    area_m2: float
    sites: int
    free: int

    def plants_per_site(self, plants_m2: float | None) -> float:
        """Plants that a site can have at this spacing; one where no spacing is asked."""
        return 1.0 if plants_m2 is None else plants_m2 * self.area_m2 / self.sites


def taken(batches: Iterable[Batch]) -> dict[str, int]:
    """Sites by level that growing batches occupy."""
    found: dict[str, int] = {}
    for batch in batches:
        if batch.is_growing:
            for placement in batch.placements:
                found[placement.level_id] = found.get(placement.level_id, 0) + placement.sites
    return found


def placed(batch: Batch, wanted: Mapping[str, int], at: float) -> Batch:
    """The batch on exactly these sites by level from `at` on; what it leaves becomes a stay."""
    kept, left = [], []
    for placement in batch.placements:
        sites = wanted.get(placement.level_id, 0)
        if sites == placement.sites:
            kept.append(placement)
            continue
        if at > placement.began:
            left.append(
                Stay(
                    level_id=placement.level_id,
                    sites=placement.sites,
                    since=placement.began,
                    until=at,
                )
            )
        if sites > 0:
            kept.append(replace(placement, sites=sites, counted_at=at))
    before = set(batch.levels)
    new = [
        Placement(level_id=level, sites=sites, since=at)
        for level, sites in wanted.items()
        if sites > 0 and level not in before
    ]
    return replace(batch, placements=(*kept, *new), stays=(*batch.stays, *left))


def move(
    batch: Batch,
    from_level: str,
    to_level: str,
    at: float,
    sites: int | None = None,
    *,
    by: str = "",
    why: str = "",
) -> Batch:
    """The batch with `sites` (all of them when None) moved from one level to another.

    Raises BatchError: not_growing, level_not_held, level_twice, sites, time.
    """
    check_growing(batch)
    wanted = {placement.level_id: placement.sites for placement in batch.placements}
    if from_level not in wanted:
        raise BatchError("level_not_held", {"batch": batch.title, "level": from_level})
    if to_level == from_level:
        raise BatchError("level_twice", {"batch": batch.title, "level": to_level})
    check_time(batch, at)
    moved = wanted[from_level] if sites is None else sites
    _check_sites(from_level, moved, wanted[from_level])
    wanted[from_level] -= moved
    wanted[to_level] = wanted.get(to_level, 0) + moved
    return noted(
        placed(batch, wanted, at),
        Happened.MOVED,
        at,
        by=by,
        why=why,
        was=from_level,
        now=to_level,
        sites=moved,
    )


def split(
    batch: Batch,
    id: str,
    sites: Mapping[str, int],
    at: float,
    *,
    plants: int | None = None,
    title: str = "",
    by: str = "",
    why: str = "",
) -> tuple[Batch, Batch]:
    """The batch without these sites (by level), and a new batch with this id on them.

    Both follow the same pinned recipe version and come of the same lots. `plants` go with the
    sites; when None as many as their share of the sites. What was harvested stays with the first.
    Raises BatchError: not_growing, time, level_not_held, sites, split_all, split_plants.
    """
    check_growing(batch)
    check_time(batch, at)
    rest = {placement.level_id: placement.sites for placement in batch.placements}
    off = {level: count for level, count in sites.items() if count != 0}
    for level, count in off.items():
        if level not in rest:
            raise BatchError("level_not_held", {"batch": batch.title, "level": level})
        _check_sites(level, count, rest[level])
        rest[level] -= count
    parted = sum(off.values())
    if not off or parted == batch.sites:
        raise BatchError("split_all", {"batch": batch.title, "sites": batch.sites})
    gone = floor(batch.plants * parted / batch.sites + 0.5) if plants is None else plants
    if not 0 < gone < batch.plants:
        raise BatchError("split_plants", {"batch": batch.title, "plants": batch.plants})
    kept = replace(placed(batch, rest, at), plants=batch.plants - gone)
    new = replace(
        batch,
        id=id,
        title=title or batch.title,
        plants=gone,
        placements=tuple(Placement(level_id=k, sites=n, since=at) for k, n in off.items()),
        stays=(),
        cuts=(),
        losses=(),
        origin=(batch.id,),
        history=(),
    )
    state = batch.state.value
    return (
        noted(kept, Happened.SPLIT, at, other=id, by=by, why=why, sites=parted, plants=gone),
        noted(
            new,
            Happened.SPLIT,
            at,
            other=batch.id,
            now=state,
            by=by,
            why=why,
            sites=parted,
            plants=gone,
        ),
    )


def merge(
    into: Batch, other: Batch, at: float, *, by: str = "", why: str = ""
) -> tuple[Batch, Batch]:
    """The first batch with the plants and sites of the second, and the second at its end.

    The first keeps its times. Raises BatchError: not_growing, time, merge_self, merge_cultivar,
    merge_recipe, merge_phase.
    """
    for batch in (into, other):
        check_growing(batch)
        check_time(batch, at)
    said = {"batch": into.title, "other": other.title}
    if into.id == other.id:
        raise BatchError("merge_self", said)
    if (into.crop, into.cultivar) != (other.crop, other.cultivar):
        raise BatchError("merge_cultivar", said)
    if (into.recipe_version, into.changeover) != (other.recipe_version, other.changeover):
        raise BatchError("merge_recipe", said)
    if (into.phase_index, into.regrown) != (other.phase_index, other.regrown):
        raise BatchError("merge_phase", said)
    wanted = {placement.level_id: placement.sites for placement in into.placements}
    for placement in other.placements:
        wanted[placement.level_id] = wanted.get(placement.level_id, 0) + placement.sites
    known = {used.lot for used in into.inputs}
    joined = replace(
        placed(into, wanted, at),
        plants=into.plants + other.plants,
        seed_lots=tuple(dict.fromkeys((*into.seed_lots, *other.seed_lots))),
        inputs=(*into.inputs, *(used for used in other.inputs if used.lot not in known)),
        origin=(*into.origin, other.id),
        light=_light(into, other),
        warmth=_warmth(into, other),
    )
    ended = replace(other, state=BatchState.MERGED, merge=Merge(at=at, into=into.id))
    return (
        noted(
            joined,
            Happened.MERGED,
            at,
            by=by,
            why=why,
            other=other.id,
            plants=other.plants,
            sites=other.sites,
        ),
        noted(
            ended,
            Happened.MERGED,
            at,
            by=by,
            why=why,
            was=other.state.value,
            now=ended.state.value,
            other=into.id,
            plants=other.plants,
            sites=other.sites,
        ),
    )


def _light(into: Batch, other: Batch) -> Light | None:
    """The light of a mean plant of both."""
    if into.light is None or other.light is None:
        return into.light or other.light
    plants = into.plants + other.plants
    return Light(
        got=(into.light.got * into.plants + other.light.got * other.plants) / plants,
        planned=(into.light.planned * into.plants + other.light.planned * other.plants) / plants,
    )


def _warmth(into: Batch, other: Batch) -> Warmth | None:
    """The warmth of a mean plant of both."""
    if into.warmth is None or other.warmth is None:
        return into.warmth or other.warmth
    plants = into.plants + other.plants

    def mean(one: float, two: float) -> float:
        return (one * into.plants + two * other.plants) / plants

    return Warmth(
        got_c_d=mean(into.warmth.got_c_d, other.warmth.got_c_d),
        planned_c_d=mean(into.warmth.planned_c_d, other.warmth.planned_c_d),
        days=mean(into.warmth.days, other.warmth.days),
    )


def spaced(batch: Batch, plants_m2: float | None, rooms: Sequence[Room]) -> dict[str, int]:
    """Sites by level that the plants need at this spacing, filling the rooms in their order.

    Raises BatchError: spacing; no_room with the plants that find none.
    """
    if plants_m2 is not None and not 0.0 < plants_m2 < float("inf"):
        raise BatchError("spacing", {"plants_m2": plants_m2})
    left, fits = float(batch.plants), 0.0
    found: dict[str, int] = {}
    for room in rooms:
        per_site = room.plants_per_site(plants_m2)
        fits += room.free * per_site
        sites = min(room.free, max(0, ceil(left / per_site - _EPSILON)))
        if sites > 0:
            found[room.level_id] = sites
        left -= sites * per_site
    if left > _EPSILON * batch.plants:
        said = {
            "batch": batch.title,
            "plants": batch.plants,
            "fits": floor(fits + _EPSILON),
            "plants_m2": "" if plants_m2 is None else round(plants_m2, 1),
        }
        raise BatchError("no_room", said)
    return found


def transplant(
    batch: Batch, sites: Mapping[str, int], at: float, *, by: str = "", why: str = ""
) -> Batch:
    """The batch set anew on these sites by level. Raises BatchError: not_growing, time, sites."""
    check_growing(batch)
    check_time(batch, at)
    for level, count in sites.items():
        _check_sites(level, count, None)
    if not sites:
        raise BatchError("no_level")
    return noted(
        placed(batch, sites, at),
        Happened.TRANSPLANTED,
        at,
        by=by,
        why=why,
        was=", ".join(batch.levels),
        now=", ".join(sites),
        plants=batch.plants,
        sites=sum(sites.values()),
    )


def _check_sites(level: str, sites: int, most: int | None) -> None:
    if sites < 1 or (most is not None and sites > most):
        raise BatchError("sites", {"level": level, "sites": sites, "most": most or ""})
