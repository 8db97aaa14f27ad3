"""The actions that plan: orders become a plan, which changes nothing; a plan becomes batches.

The solver works in a thread, for as long as it is given. A plan is kept until it is carried out or
newer ones take its place, and it is carried out only where the farm is still what it was made of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from vfarm_core.batches.forecast import outcomes_of
from vfarm_core.batches.model import Batch
from vfarm_core.control.inputs import ApplyPlan, Reschedule
from vfarm_core.farm.nodes import Farm
from vfarm_core.planning.apply import batches_of
from vfarm_core.planning.model import Booking, Conflict, Order, Plan, PlannedBatch, PlanningError
from vfarm_core.planning.plan import plan
from vfarm_core.recipes.model import Recipe

from .asking import ask, response
from .entity import async_by
from .fields import calendar_day, instant, number, whole
from .nutrients import async_install
from .recipe_shelf import async_recipes
from .targets import ENTRY_SCHEMA, async_entry, error
from .words import Words, async_words, level_name, places


class Field(StrEnum):
    """The names of the actions' fields."""

    ORDERS = "orders"
    START = "start"
    REST = "rest_days"
    SECONDS = "seconds"
    INSTALL = "install"
    PLAN = "plan"
    BATCH = "batch"
    SOW_AT = "sow_at"
    WHY = "why"


_ORDER = vol.Schema(
    {
        vol.Optional("id"): cv.string,
        vol.Required("recipe"): cv.string,
        vol.Required("kg"): number(above=0.0, high=1e6),
        vol.Required("date"): calendar_day,
        vol.Optional("early_days", default=2): whole(0, 60),
    }
)

PLAN_SCHEMAS: Mapping[str, vol.Schema] = {
    "plan_orders": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.ORDERS): vol.All(
                cv.ensure_list, [_ORDER], vol.Length(min=1, max=200)
            ),
            vol.Optional(Field.START): calendar_day,
            vol.Optional(Field.REST, default=1): whole(0, 60),
            vol.Optional(Field.SECONDS, default=30.0): number(1.0, 300.0),
            vol.Optional(Field.INSTALL, default=False): cv.boolean,
        }
    ),
    "apply_plan": vol.Schema({**ENTRY_SCHEMA, vol.Required(Field.PLAN): cv.string}),
    "reschedule_batch": vol.Schema(
        {
            **ENTRY_SCHEMA,
            vol.Required(Field.BATCH): cv.string,
            vol.Required(Field.SOW_AT): instant,
            vol.Optional(Field.WHY, default=""): cv.string,
        }
    ),
}

#: So many plans that were not carried out are kept.
_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A plan and what it was made of."""

    plan: Plan
    farm: Farm
    seen: Mapping[str, Batch]
    recipes: Mapping[str, Recipe]


async def _async_plan_orders(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """A plan for orders. Raises ServiceValidationError, HomeAssistantError."""
    entry = async_entry(hass, call)
    engine = entry.runtime_data.engine
    if not engine.running:
        raise error("not_running", farm=entry.title)
    today = dt.datetime.fromtimestamp(engine.clock.now().farm, engine.farm.tz).date()
    start: dt.date = call.data.get(Field.START, today)
    if start < today:
        raise error("planning_start", start=start.isoformat(), today=today.isoformat())
    orders = [
        Order(
            id=one.get("id", f"{number}. {one['recipe']}"),
            recipe=one["recipe"],
            kg=one["kg"],
            date=one["date"],
            early_days=one["early_days"],
        )
        for number, one in enumerate(call.data[Field.ORDERS], 1)
    ]
    shelf = await async_recipes(hass)
    wanted = {order.recipe for order in orders}
    recipes = {key: recipe for key, recipe in shelf.items() if key in wanted}
    memory = engine.runtime.memory
    farm, seen, pinned = engine.farm, memory.batches, memory.recipes

    def solved() -> Plan:
        history = {key: outcomes_of(seen.values(), pinned, key) for key in recipes}
        return plan(
            farm,
            orders,
            recipes.values(),
            start,
            batches=seen.values(),
            pinned=pinned,
            history=history,
            gap_days=call.data[Field.REST],
            seconds=call.data[Field.SECONDS],
        )

    try:
        try:
            made = await hass.async_add_executor_job(solved)
        except PlanningError as err:
            if err.key != "library_missing" or not call.data[Field.INSTALL]:
                raise
            await async_install(hass, call, err.params["library"])
            made = await hass.async_add_executor_job(solved)
    except PlanningError as err:
        raise error(f"planning_{err.key}", **err.params) from err
    key = ulid_now()
    plans = entry.runtime_data.plans
    plans[key] = Proposal(plan=made, farm=farm, seen=seen, recipes=recipes)
    for old in list(plans)[:-_KEPT]:
        del plans[old]
    return _told(key, made, farm, recipes, await async_words(hass))


async def _async_apply(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """The batches of a plan, planned. Raises ServiceValidationError."""
    entry = async_entry(hass, call)
    key: str = call.data[Field.PLAN]
    known = entry.runtime_data.plans.get(key)
    if known is None:
        raise error("planning_unknown", plan=key)
    by = await async_by(hass, call.context)
    batches = batches_of(known.plan, known.farm, known.recipes, ulid_now, by=by)
    answer = await ask(
        entry,
        ApplyPlan(
            batches=batches,
            recipes={recipe.version: recipe for recipe in known.recipes.values()},
            farm=known.farm,
            seen=known.seen,
            by=by,
        ),
    )
    del entry.runtime_data.plans[key]
    return {"batches": [response(batch) for batch in answer["batches"]]}


async def _async_reschedule(hass: HomeAssistant, call: ServiceCall) -> dict[str, Any]:
    """A planned batch, to be sown at another time. Raises ServiceValidationError."""
    request = Reschedule(
        batch=call.data[Field.BATCH],
        sow_at=dt_util.as_timestamp(call.data[Field.SOW_AT]),
        why=call.data[Field.WHY],
        by=await async_by(hass, call.context),
    )
    return await ask(async_entry(hass, call), request)


# -- what is answered ---------------------------------------------------------------------------


def _told(
    key: str, made: Plan, farm: Farm, recipes: Mapping[str, Recipe], words: Words
) -> dict[str, Any]:
    titles = {batch.order: batch.title for batch in made.batches}
    return {
        "plan": key,
        "start": made.start.isoformat(),
        "optimal": made.optimal,
        "gap": round(made.gap, 4),
        "batches": [_batch(made, batch, farm) for batch in made.batches],
        "tasks": [
            {
                "date": task.date.isoformat(),
                "kind": task.kind.value,
                "order": task.order,
                "levels": dict(task.levels),
                "text": f"{words.option('task', task.kind)}: "
                + " · ".join(
                    part for part in (titles.get(task.order, ""), places(farm, task.levels)) if part
                ),
            }
            for task in made.tasks
        ],
        "conflicts": [
            {
                "order": conflict.order,
                "why": conflict.why.value,
                "text": _conflict(conflict, words),
                "later": None if conflict.later is None else conflict.later.isoformat(),
            }
            for conflict in made.conflicts
        ],
    }


def _batch(made: Plan, batch: PlannedBatch, farm: Farm) -> dict[str, Any]:
    def date(day: int) -> str:
        return (made.start + dt.timedelta(days=day)).isoformat()

    def booking(one: Booking) -> dict[str, Any]:
        return {
            "level": one.level,
            "name": level_name(farm, one.level),
            "sites": one.sites,
            "from_date": date(one.from_day),
            "to_date": date(one.to_day),
        }

    return {
        "order": batch.order,
        "recipe": batch.recipe,
        "title": batch.title,
        "plants": batch.plants,
        "sow_date": date(batch.sow_day),
        "harvest_date": date(batch.harvest_day),
        "kg_low": batch.kg_low,
        "kg": batch.kg,
        "kg_high": batch.kg_high,
        "bookings": [booking(one) for one in batch.bookings],
    }


def _conflict(conflict: Conflict, words: Words) -> str:
    """Why an order is not met, in the language of the system."""
    said = words.message(f"plan_conflict_{conflict.why.value}", conflict.params)
    if conflict.later is None:
        return said
    return f"{said} {words.message('plan_later', {'later': conflict.later.isoformat()})}"


PLAN_HANDLERS = {
    "plan_orders": _async_plan_orders,
    "apply_plan": _async_apply,
    "reschedule_batch": _async_reschedule,
}
