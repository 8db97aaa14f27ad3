"""What people ask of a plan: carry it out as a whole, or sow a planned batch at another time.

Refusal keys: plan_empty, plan_outdated, batch_exists, recipe_mismatch, batch_unknown,
batch_not_planned, batch_past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..batches import lifecycle
from ..batches.model import Batch, BatchState
from . import batch_requests
from .draft import Draft
from .inputs import ApplyPlan, Request, Reschedule, StartBatch
from .workflows import Clash

#: A batch may have been meant for an earlier hour of the same day.
_SAME_DAY_S = lifecycle.DAY_S


def _standing(batches: Iterable[Batch]) -> dict[str, tuple[Any, ...]]:
    """What a plan rests on: which batches live, where they stand and when they will leave."""
    return {
        batch.id: (
            batch.state,
            batch.recipe_version,
            batch.plants,
            batch.sown_at,
            batch.phase_index,
            batch.phase_started_at,
            tuple((p.level_id, p.sites) for p in batch.placements),
            batch.reserved,
        )
        for batch in batches
        if batch.ended_at is None
    }


def _apply(d: Draft, request: ApplyPlan) -> dict[str, Any]:
    if not request.batches:
        raise Clash("plan_empty")
    same_farm = request.farm is d.farm or request.farm == d.farm
    if not same_farm or _standing(request.seen.values()) != _standing(d.batches.values()):
        raise Clash("plan_outdated")
    for batch in request.batches:
        recipe = request.recipes.get(batch.recipe_version)
        if d.batches.get(batch.id) is not None:
            raise Clash("batch_exists", batch=batch.id)
        if recipe is None:
            raise Clash("recipe_mismatch", batch=batch.title, recipe=batch.recipe_id)
        if batch.state is not BatchState.PLANNED or batch.sown_at < d.now.farm - _SAME_DAY_S:
            raise Clash("plan_outdated")
    return {
        "batches": [
            batch_requests.planned(
                d,
                StartBatch(
                    batch=batch, recipe=request.recipes[batch.recipe_version], by=request.by
                ),
            )
            for batch in request.batches
        ]
    }


def _reschedule(d: Draft, request: Reschedule) -> dict[str, Any]:
    batch = d.batches.get(request.batch)
    if batch is None:
        raise Clash("batch_unknown", batch=request.batch)
    moved = lifecycle.reschedule(batch, request.sow_at, d.now.farm, by=request.by, why=request.why)
    d.batches.set(moved.id, moved)
    d.batches_changed()
    d.event(
        "batch_rescheduled",
        next((level for level in moved.levels if level in d.farm.level), d.farm.id),
        batch=moved.id,
        title=moved.title,
        was=batch.sown_at,
        now=moved.sown_at,
        why=request.why,
        by=request.by,
    )
    return {"batch": moved.id, "state": moved.state.value, "sow_at": moved.sown_at}


HANDLERS: Mapping[type[Request], Callable[[Draft, Any], dict[str, Any]]] = MappingProxyType(
    {ApplyPlan: _apply, Reschedule: _reschedule}
)
