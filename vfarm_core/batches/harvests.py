"""What is taken from a batch before its end: partial harvests and losses, each a pure function.

Keys of BatchError here: cut_plants, cut_all, cut_level, not_regrowing, loss_plants, loss_reason,
level_not_held; and those of `lifecycle.weighed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from .lifecycle import BatchError, check_growing, check_time, fail, noted, weighed
from .model import Batch, Happened, Loss
from .places import placed


def cut(
    batch: Batch,
    at: float,
    *,
    plants: int = 0,
    kg: float | None = None,
    grades: Mapping[str, float] | None = None,
    waste_kg: float | None = None,
    level: str | None = None,
    regrows: bool = False,
    note: str = "",
    by: str = "",
) -> Batch:
    """The batch after a harvest that does not end it.

    `plants` are taken out and free their share of the sites, on `level` where it is named; with
    none taken out what was cut grows again, which only a crop that `regrows` does. Raises
    BatchError: cut_plants, cut_all, not_regrowing, level_not_held and those of `weighed`.
    """
    done = weighed(batch, at, plants, kg, grades, waste_kg, note=note, by=by)
    if plants < 0 or plants > batch.plants:
        raise BatchError(
            "cut_plants", {"batch": batch.title, "plants": plants, "most": batch.plants}
        )
    if plants == batch.plants:
        raise BatchError("cut_all", {"batch": batch.title})
    if plants == 0 and not regrows:
        raise BatchError("not_regrowing", {"batch": batch.title})
    left = _without(batch, plants, level, at)
    return noted(
        replace(left, cuts=(*batch.cuts, done)),
        Happened.CUT,
        at,
        by=by,
        why=note,
        other=done.id,
        plants=plants,
        sites=batch.sites - left.sites,
        kg=done.kg,
    )


def lose(
    batch: Batch,
    at: float,
    plants: int,
    reason: str,
    *,
    level: str | None = None,
    by: str = "",
) -> Batch:
    """The batch without plants that were lost; it has failed when none is left.

    Raises BatchError: not_growing, time, loss_plants, loss_reason, level_not_held.
    """
    check_growing(batch)
    check_time(batch, at)
    if not 0 < plants <= batch.plants:
        raise BatchError(
            "loss_plants", {"batch": batch.title, "plants": plants, "most": batch.plants}
        )
    if not reason.strip():
        raise BatchError("loss_reason", {"batch": batch.title})
    loss = Loss(at=at, plants=plants, reason=reason, by=by)
    if plants == batch.plants:
        return fail(replace(batch, losses=(*batch.losses, loss)), at, reason, by=by)
    left = _without(batch, plants, level, at)
    return noted(
        replace(left, losses=(*batch.losses, loss)),
        Happened.LOST,
        at,
        by=by,
        why=reason,
        plants=plants,
        sites=batch.sites - left.sites,
    )


def _without(batch: Batch, plants: int, level: str | None, at: float) -> Batch:
    """The batch without plants and their share of the sites: those of `level`, else those that it
    has come to last."""
    wanted = {placement.level_id: placement.sites for placement in batch.placements}
    if level is not None and level not in wanted:
        raise BatchError("level_not_held", {"batch": batch.title, "level": level})
    stay = ceil(batch.sites * (batch.plants - plants) / batch.plants)
    freed = batch.sites - stay
    order = list(reversed(wanted)) if level is None else [level]
    for key in order:
        gone = min(freed, wanted[key])
        wanted[key] -= gone
        freed -= gone
    if freed > 0:
        assert level is not None
        raise BatchError(
            "cut_level",
            {"batch": batch.title, "level": level, "plants": plants},
        )
    return replace(placed(batch, wanted, at), plants=batch.plants - plants)
