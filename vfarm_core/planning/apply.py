"""A plan as the batches that it plans, ready to be asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..batches import lifecycle
from ..batches.model import Batch, Reservation
from ..farm.nodes import Farm
from ..recipes.model import Recipe
from .model import Plan, PlannedBatch
from .needs import stages

#: Days of a plan have no hour; batches have one: the working day begins with it (design choice).
SOWING_HOUR = 8


def batches_of(
    plan: Plan,
    farm: Farm,
    recipes: Mapping[str, Recipe],
    new_id: Callable[[], str],
    *,
    by: str = "",
) -> tuple[Batch, ...]:
    """The batches that a plan answers its orders with, in the order in which they are sown: planned
    on the sites of their first stage, the places of the later ones kept for them. `recipes` by id.

    Raises BatchError.
    """
    return tuple(_batch(plan, one, farm, recipes[one.recipe], new_id(), by) for one in plan.batches)


def _batch(
    plan: Plan, planned: PlannedBatch, farm: Farm, recipe: Recipe, key: str, by: str
) -> Batch:
    day = plan.start + dt.timedelta(days=planned.sow_day)
    at = dt.datetime.combine(day, dt.time(SOWING_HOUR), tzinfo=farm.tz).timestamp()
    made = lifecycle.plan(
        id=key,
        recipe=recipe,
        plants=planned.plants,
        placements={b.level: b.sites for b in planned.bookings if b.stage == 0},
        at=at,
        title=planned.title,
        by=by,
    )
    first_phase = [
        next(i for i, phase in enumerate(recipe.phases) if phase is stage.phases[0])
        for stage in stages(recipe)
    ]
    reserved = tuple(
        Reservation(phase_index=first_phase[b.stage], level_id=b.level, sites=b.sites)
        for b in planned.bookings
        if b.stage > 0
    )
    return replace(made, order=planned.order, reserved=reserved)
