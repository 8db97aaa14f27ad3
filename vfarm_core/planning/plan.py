"""The plan for orders: the solver's choice, why what is not met is not, and the tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from ..batches.forecast import Outcome
from ..batches.model import Batch
from ..farm.nodes import Farm, Level
from ..recipes.model import Recipe
from .model import Booking, Conflict, Order, Plan, PlannedBatch, PlanningError, Task, TaskKind, Why
from .needs import Place, Stage, duration_days, plants_for, residents, spread, stages
from .solve import Chosen, Group, free_levels, group_of, solve

#: So far ahead a date is looked for by which an order would fit.
_LATER_DAYS = 90


def plan(
    farm: Farm,
    orders: Sequence[Order],
    recipes: Iterable[Recipe],
    start: dt.date,
    *,
    batches: Iterable[Batch] = (),
    pinned: Mapping[str, Recipe] | None = None,
    history: Mapping[str, Sequence[Outcome]] | None = None,
    gap_days: int = 1,
    seconds: float = 30.0,
) -> Plan:
    """The plan that meets most of the orders. `recipes` are those to grow, by their ids; `batches`
    grow already or are planned, on the recipes `pinned` by version; between two crops a level rests
    `gap_days`. `history` is what the farm harvested of recipes before, by their ids.

    Raises PlanningError: order, order_twice, gap, library_missing, no_answer.
    """
    _check(orders, gap_days)
    known = {recipe.id: recipe for recipe in recipes}
    midnight = dt.datetime.combine(start, dt.time(), tzinfo=farm.tz).timestamp()
    lodgers = residents(batches, pinned or {}, midnight)
    place = Place(farm, lodgers, start, gap_days, history)
    solution = solve(orders, known, place, seconds=seconds)
    met = {chosen.order.id for chosen in solution.chosen}
    made = tuple(
        sorted(
            (_batch(chosen, place) for chosen in solution.chosen),
            key=lambda b: (b.sow_day, b.harvest_day, b.order),
        )
    )
    conflicts = tuple(
        _conflict(order, known.get(order.recipe), place, solution.chosen)
        for order in orders
        if order.id not in met
    )
    groups = {chosen.order.id: chosen.group for chosen in solution.chosen}
    return Plan(
        start=start,
        batches=made,
        conflicts=conflicts,
        tasks=_tasks(made, groups, place),
        optimal=solution.optimal,
        gap=solution.gap,
    )


def _check(orders: Sequence[Order], gap_days: int) -> None:
    seen = set()
    for order in orders:
        if not 0.0 < order.kg < float("inf") or order.early_days < 0:
            raise PlanningError(
                "order", f"Order {order.id} is for {order.kg:g} kg.", order=order.id
            )
        if order.id in seen:
            raise PlanningError("order_twice", f"There are two orders {order.id}.", order=order.id)
        seen.add(order.id)
    if gap_days < 0:
        raise PlanningError("gap", f"A level cannot rest {gap_days} days.", days=str(gap_days))


def _batch(chosen: Chosen, place: Place) -> PlannedBatch:
    order, recipe = chosen.order, chosen.group.recipe
    known = place.history(recipe)
    _, each = plants_for(recipe, order.kg, known)
    kg, factor = chosen.plants * each, spread(recipe, known)
    return PlannedBatch(
        order=order.id,
        recipe=recipe.id,
        title=f"{recipe.title}, {order.id}",
        plants=chosen.plants,
        sow_day=chosen.group.sow_day,
        harvest_day=chosen.group.harvest_day,
        kg_low=round(kg / factor, 3),
        kg=round(kg, 3),
        kg_high=round(kg * factor, 3),
        bookings=chosen.bookings,
    )


# -- what cannot be met -------------------------------------------------------------------------


def _conflict(
    order: Order, recipe: Recipe | None, place: Place, chosen: Sequence[Chosen]
) -> Conflict:
    if recipe is None:
        return Conflict(
            order=order.id,
            why=Why.UNKNOWN_RECIPE,
            params={"order": order.id, "recipe": order.recipe},
        )
    days = duration_days(recipe)
    plants, _ = plants_for(recipe, order.kg, place.history(recipe))
    said = {"order": order.id, "recipe": recipe.title, "plants": str(plants)}
    for stage in stages(recipe):
        levels = place.levels_for(stage)
        told = {**said, "stage": stage.name}
        if not levels:
            phase = max(stage.phases, key=lambda p: p.light.ppfd)
            methods = ", ".join(sorted(m.value for m in phase.irrigation)) or "–"
            return Conflict(
                order=order.id,
                why=Why.NO_LEVEL,
                params={
                    **told,
                    "stage": phase.name,
                    "ppfd": f"{phase.light.ppfd:g}",
                    "methods": methods,
                },
            )
        if _fits(stage, levels) < plants:
            area = sum(level.area_m2 for level in levels)
            needed = f"{stage.area_m2(plants, levels):.1f}"
            return Conflict(
                order=order.id,
                why=Why.TOO_BIG,
                params={**told, "needed": needed, "area": f"{area:.1f}"},
            )
    later = _later(order, recipe, plants, place, chosen)
    due = (order.date - place.start).days
    if due < days:
        return Conflict(
            order=order.id,
            why=Why.TOO_LATE,
            params={
                **said,
                "days": str(days),
                "start": place.start.isoformat(),
                "earliest": place.date(days).isoformat(),
                "date": order.date.isoformat(),
            },
            later=later,
        )
    return _taken(order, group_of(recipe, due), plants, place, chosen, said, later)


def _fits(stage: Stage, levels: Sequence[Level]) -> float:
    return sum(stage.per_site(level) * level.sites for level in levels) + 1e-9


def _taken(
    order: Order,
    group: Group,
    plants: int,
    place: Place,
    chosen: Sequence[Chosen],
    said: Mapping[str, str],
    later: dt.date | None,
) -> Conflict:
    """Levels or rooms are taken when an order needs them: the first stage that finds no room."""
    for stage in group.stages:
        free = _free(place, group, stage, chosen)
        if _fits(stage, free) >= plants:
            continue
        first, last = group.window(stage)
        suited = place.levels_for(stage)
        empty = [
            level for level in suited if not _holders(place, level.id, first, last, chosen, group)
        ]
        if _fits(stage, empty) >= plants:
            # There are levels enough; it is the air that they would share.
            others = _neighbours(place, group, stage, chosen)
            params = {**said, "others": ", ".join(others)}
            return Conflict(order=order.id, why=Why.CLIMATE, params=params, later=later)
        holders = {
            who for level in suited for who in _holders(place, level.id, first, last, chosen, group)
        }
        params = {
            **said,
            "stage": stage.name,
            "needed": f"{stage.area_m2(plants, suited):.1f}",
            "free": f"{sum(level.area_m2 for level in empty):.1f}",
            "from_": place.date(first).isoformat(),
            "to": place.date(last).isoformat(),
            "others": ", ".join(sorted(holders)),
        }
        return Conflict(order=order.id, why=Why.BUSY, params=params, later=later)
    # Beside what was chosen it would fit: the time for the search was up.
    return Conflict(order=order.id, why=Why.TIME_UP, params=said, later=later)


def _free(place: Place, group: Group, stage: Stage, chosen: Sequence[Chosen]) -> tuple[Level, ...]:
    """The levels that a stage could have beside everything that is planned."""
    first, last = group.window(stage)
    here = [g for g in group.grown if g.phase in stage.phases]
    zones = place.farm.zone_of_level
    closed = {
        zones[booking.level]
        for other in chosen
        for booking in other.bookings
        if place.clash(
            here,
            [g for g in other.group.grown if g.phase in other.group.stages[booking.stage].phases],
        )
    }
    return tuple(
        level
        for level in free_levels(place, group, stage)
        if zones[level.id] not in closed
        and not _holders(place, level.id, first, last, chosen, group)
    )


def _holders(
    place: Place, level: str, first: int, last: int, chosen: Sequence[Chosen], group: Group
) -> set[str]:
    """Who has a level at a time, the days of rest included."""
    found = {
        lodger.title
        for lodger in place.residents
        for hold in lodger.holds
        if hold.level == level and hold.overlaps(first, last, place.gap_days)
    }
    for other in chosen:
        for booking in other.bookings:
            overlaps = (
                booking.from_day < last + place.gap_days and first < booking.to_day + place.gap_days
            )
            if booking.level == level and overlaps:
                found.add(other.order.id)
    return found


def _neighbours(place: Place, group: Group, stage: Stage, chosen: Sequence[Chosen]) -> list[str]:
    here = [g for g in group.grown if g.phase in stage.phases]
    found = {lodger.title for lodger in place.residents if place.clash(here, lodger.grown)}
    found |= {other.order.id for other in chosen if place.clash(here, other.group.grown)}
    return sorted(found)


def _later(
    order: Order, recipe: Recipe, plants: int, place: Place, chosen: Sequence[Chosen]
) -> dt.date | None:
    due = (order.date - place.start).days
    first = max(due + 1, duration_days(recipe))
    for day in range(first, first + _LATER_DAYS):
        group = group_of(recipe, day)
        if all(
            _fits(stage, _free(place, group, stage, chosen)) >= plants for stage in group.stages
        ):
            return place.date(day)
    return None


# -- what is to be done -------------------------------------------------------------------------


def _tasks(
    batches: Sequence[PlannedBatch], groups: Mapping[str, Group], place: Place
) -> tuple[Task, ...]:
    names = {level.id: level.name for level in place.farm.levels}
    found: list[Task] = []
    cleaned: dict[tuple[int, str], list[str]] = {}

    def add(day: int, kind: TaskKind, order: str, text: str, levels: Mapping[str, int]) -> None:
        found.append(
            Task(
                day=day,
                date=place.date(day),
                kind=kind,
                order=order,
                text=text,
                levels=dict(levels),
            )
        )

    for batch in batches:
        group = groups[batch.order]
        for index, stage in enumerate(group.stages):
            here = _sites(batch.bookings, index)
            where = ", ".join(f"{names[level]} ({sites})" for level, sites in here.items())
            first, last = group.window(stage)
            spacing = "" if stage.plants_m2 is None else f" at {stage.plants_m2:g} per m²"
            if index == 0:
                text = f"Sow {batch.plants} plants of {batch.title} on {where}{spacing}."
                add(first, TaskKind.SOW, batch.order, text, here)
            else:
                text = f"Transplant {batch.title} to {where}{spacing}."
                add(first, TaskKind.TRANSPLANT, batch.order, text, here)
            following = _sites(batch.bookings, index + 1)
            for level in here:
                if level not in following:
                    cleaned.setdefault((last, level), []).append(batch.order)
            if index == len(group.stages) - 1:
                text = (
                    f"Harvest {batch.title} from {where}: {batch.kg:.1f} kg "
                    f"({batch.kg_low:.1f} to {batch.kg_high:.1f})."
                )
                add(last, TaskKind.HARVEST, batch.order, text, here)
    for (day, level), who in cleaned.items():
        sites = {level: place.farm.level[level].sites}
        add(day, TaskKind.CLEAN, ", ".join(sorted(set(who))), f"Clean {names[level]}.", sites)
    order_of = {kind: number for number, kind in enumerate(TaskKind)}
    return tuple(sorted(found, key=lambda t: (t.day, order_of[t.kind], t.order, t.text)))


def _sites(bookings: Sequence[Booking], stage: int) -> dict[str, int]:
    return {b.level: b.sites for b in bookings if b.stage == stage}
