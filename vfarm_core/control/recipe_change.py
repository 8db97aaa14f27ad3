"""A living batch moves to another version of its recipe: checked with its neighbours, and told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..batches import lifecycle
from ..batches.lead import EmptyBand
from ..batches.model import Batch
from ..recipes.model import Recipe
from . import solution
from .batch_watch import watch
from .draft import Draft
from .targets import common_setpoints
from .workflows import Clash


def disjoint(d: Draft, err: EmptyBand) -> dict[str, str]:
    """Which limits two batches do not share, and whose they are, for a refusal in any language."""

    def title(key: str) -> str:
        batch = d.batches.get(key)
        return key if batch is None else batch.title

    return {
        "quantity": err.quantity,
        "limit": err.limit,
        "when": err.when,
        "first": title(err.first_owner),
        "first_range": err.first.span,
        "second": title(err.second_owner),
        "second_range": err.second.span,
    }


def change(
    d: Draft, batch: Batch, new: Recipe, ramp_s: float, *, by: str, why: str = "", rollout: str = ""
) -> Batch:
    """The batch on its way to `new`, whose targets arrive after `ramp_s`; `rollout` is what moves
    it, if any. Raises BatchError and Clash (limits_disjoint); then nothing has changed."""
    old = d.recipe(batch)
    moved = lifecycle.change_recipe(batch, old, new, d.now.farm, ramp_s, by=by)
    d.recipes.set(new.version, new)
    zones = {d.farm.zone_of_level[level] for level in moved.levels if level in d.farm.level}
    try:
        # On the way limits are the wider of both: what has to be shared is where it arrives.
        d.batches.set(batch.id, replace(moved, changeover=None))
        d.batches_changed()
        check_shares(d, zones)
    except EmptyBand as err:
        said = disjoint(d, err)
        d.batches.set(batch.id, batch)
        if d.recipes.old(new.version) is None and not pinned(d, new.version):
            d.recipes.remove(new.version)
        d.batches_changed()
        raise Clash("limits_disjoint", batch=batch.title, **said) from err
    d.batches.set(batch.id, moved)
    d.batches_changed()
    watch(d, batch.id)
    said = {"rollout": rollout, "why": why} if rollout else {}
    d.event(
        "recipe_changed",
        batch.placements[0].level_id if batch.placements else d.farm.id,
        batch=batch.id,
        title=batch.title,
        recipe=new.id,
        was=old.version,
        version=new.version,
        hours=round(ramp_s / 3600, 2),
        by=by,
        **said,
    )
    return moved


def pinned(d: Draft, version: str) -> bool:
    """Whether a batch or a roll-out needs this version of a recipe."""
    return any(batch.recipe_version == version for batch in d.batches.values()) or any(
        version in rollout.versions for rollout in d.rollouts.values()
    )


def check_shares(d: Draft, zones: Iterable[str]) -> None:
    """Whether all batches of zones and of dosed reservoirs share their limits. Raises EmptyBand."""
    for zone in zones:
        common_setpoints(d, zone)
    for reservoir in d.farm.reservoirs:
        if solution.is_dosed(d, reservoir.id):
            solution.common(d, reservoir)
