"""What orders need and what a farm offers: stages of a recipe, plants, levels, neighbours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, exp, floor, hypot

from ..batches.forecast import Outcome, learned_kg_m2
from ..batches.lead import combine
from ..batches.model import Batch
from ..batches.progress import progress
from ..farm.nodes import Farm, Level, Method
from ..recipes.model import EmptyBand, Phase, Recipe
from ..science.growth import yield_uncertainty

#: A level gives what a phase asks if its new lamps reach this share of the PPFD: light that lacks a
#: little is made up for by time (design choice).
_LIGHT_ENOUGH = 0.95
DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Phases with the same spacing, as days since sowing."""

    name: str
    from_day: int
    to_day: int
    plants_m2: float | None
    phases: tuple[Phase, ...]

    def per_site(self, level: Level) -> float:
        """Plants on one site of a level."""
        if self.plants_m2 is None:
            return 1.0
        return self.plants_m2 * level.area_m2 / level.sites

    def area_m2(self, plants: int, levels: Sequence[Level]) -> float:
        """Area that plants take."""
        if self.plants_m2 is not None:
            return plants / self.plants_m2
        return plants * levels[0].area_m2 / levels[0].sites if levels else 0.0


def stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a recipe, in whole days: each begins on the day in which its first phase does,
    and the last one ends with the last day."""
    found: list[tuple[float, float, float | None, list[Phase]]] = []
    day = 0.0
    for phase in recipe.phases:
        density = phase.density_plants_m2 or (found[-1][2] if found else None)
        if found and found[-1][2] == density:
            found[-1] = (found[-1][0], day + phase.days, density, [*found[-1][3], phase])
        else:
            found.append((day, day + phase.days, density, [phase]))
        day += phase.days
    made = []
    for start, end, density, phases in found:
        last = end >= day
        made.append(
            Stage(
                name=phases[0].name,
                from_day=int(start),
                to_day=ceil(end) if last else int(end),
                plants_m2=density,
                phases=tuple(phases),
            )
        )
    return tuple(stage for stage in made if stage.to_day > stage.from_day)


def duration_days(recipe: Recipe) -> int:
    """Whole days from sowing to harvest."""
    return ceil(recipe.total_days)


@dataclass(frozen=True, slots=True)
class Grown:
    """A phase that somebody is in from one day to another."""

    from_day: float
    to_day: float
    phase: Phase


def timeline(recipe: Recipe, sow_day: float) -> tuple[Grown, ...]:
    """The phases of a batch sown on a day."""
    found, day = [], sow_day
    for phase in recipe.phases:
        found.append(Grown(day, day + phase.days, phase))
        day += phase.days
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A level that a batch has from its first day up to, and without, its last."""

    level: str
    from_day: int
    to_day: int

    def overlaps(self, first: int, last: int, gap_days: int) -> bool:
        """Whether it stands in the way of somebody else from one day to another, the days on which
        a level rests included."""
        return self.from_day < last + gap_days and first < self.to_day + gap_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A batch that grows already or is to be sown, on its levels until it is harvested."""

    title: str
    holds: tuple[Hold, ...]
    grown: tuple[Grown, ...]

    def during(self, hold: Hold) -> tuple[Grown, ...]:
        """The phases that it is in while it has a level."""
        return tuple(
            Grown(max(g.from_day, hold.from_day), min(g.to_day, hold.to_day), g.phase)
            for g in self.grown
            if g.from_day < hold.to_day and hold.from_day < g.to_day
        )


def residents(
    batches: Iterable[Batch], recipes: Mapping[str, Recipe], start: float
) -> tuple[Resident, ...]:
    """The batches that grow at the start of a plan or are planned already. One whose harvest is
    overdue leaves on the first day; one that should have been sown is sown on it."""
    found = []
    for batch in batches:
        if batch.ended_at is not None:
            continue
        recipe = recipes[batch.recipe_version]
        if batch.is_growing:
            ends = progress(batch, recipe, start).expected_harvest_at
            until = max(1, ceil((ends - start) / DAY_S))
            sown = (batch.phase_started_at - start) / DAY_S
            sown -= recipe.starts_on_day(batch.phase_index)
            first = 0
        else:
            first = max(0, floor((batch.sown_at - start) / DAY_S))
            until, sown = first + duration_days(recipe), float(first)
        until += _cut_again_days(batch, recipe)
        found.append(
            Resident(
                title=batch.title,
                holds=_holds(batch, recipe, sown, first, until),
                grown=_grown(recipe, sown, until),
            )
        )
    return tuple(found)


def _grown(recipe: Recipe, sown: float, until: int) -> tuple[Grown, ...]:
    """The phases of a batch from the plan's start on; the last one lasts until it leaves."""
    *before, last = timeline(recipe, sown)
    stays = Grown(last.from_day, max(last.to_day, float(until)), last.phase)
    return tuple(g for g in (*before, stays) if g.to_day > 0)


#: What nobody knows the end of stays for as long as anybody plans (days).
_ENDLESS = 3650


def _cut_again_days(batch: Batch, recipe: Recipe) -> int:
    """How many days plants that are cut again stay after their next cut: until the last one, where
    the recipe knows it. A batch that a plan made for an order is harvested whole for that."""
    again = recipe.regrowth
    if again is None or batch.order:
        return 0
    if again.cuts is None:
        return _ENDLESS
    return ceil(max(0, again.cuts - batch.regrown - 1) * again.days)


def _holds(batch: Batch, recipe: Recipe, sown: float, first: int, until: int) -> tuple[Hold, ...]:
    """The levels of a batch: those it has or is to be sown on, later those that are kept for it."""
    moves = sorted({kept.phase_index for kept in batch.reserved})
    coming = [index for index in moves if not batch.is_growing or index > batch.phase_index]
    days = [int(max(first, sown + recipe.starts_on_day(index))) for index in coming]
    places = [batch.levels, *(batch.levels_from(index) for index in coming)]
    ends = [*days, until]
    starts = [first, *days]
    return tuple(
        Hold(level=level, from_day=start, to_day=end)
        for levels, start, end in zip(places, starts, ends, strict=True)
        for level in dict.fromkeys(levels)
        if end > start
    )


class Place:
    """A farm as a plan sees it."""

    def __init__(
        self,
        farm: Farm,
        lodgers: Sequence[Resident],
        start: dt.date,
        gap_days: int,
        history: Mapping[str, Sequence[Outcome]] | None = None,
    ) -> None:
        self.farm = farm
        self._history = history or {}
        self.residents = tuple(lodgers)
        self.start = start
        self.gap_days = gap_days
        self._alike: dict[tuple[int, int], bool] = {}
        self._kept: dict[int, Phase] = {}

    @cached_property
    def _holds(self) -> Mapping[str, tuple[Hold, ...]]:
        found: dict[str, list[Hold]] = {}
        for lodger in self.residents:
            for hold in lodger.holds:
                found.setdefault(hold.level, []).append(hold)
        return {level: tuple(holds) for level, holds in found.items()}

    def history(self, recipe: Recipe) -> Sequence[Outcome]:
        """What this farm harvested of a recipe before."""
        return self._history.get(recipe.id, ())

    def is_free(self, level: str, first: int, last: int) -> bool:
        """Whether nothing that grows or is planned has a level from one day to another."""
        holds = self._holds.get(level, ())
        return not any(hold.overlaps(first, last, self.gap_days) for hold in holds)

    def closed_zones(self, here: Sequence[Grown]) -> set[str]:
        """The rooms where something grows or is planned that cannot share the air with this."""
        zones = self.farm.zone_of_level
        return {
            zones[hold.level]
            for lodger in self.residents
            for hold in lodger.holds
            if hold.level in zones and self.clash(here, lodger.during(hold))
        }

    def suits(self, level: Level, stage: Stage) -> bool:
        """Whether a level has the light and the watering for a stage."""
        circuit = self.farm.circuit_of_level.get(level.id)
        method: Method | None = None
        if circuit is not None:
            method = self.farm.circuit[circuit].method
        full = self.farm.lamps_full_ppfd.get(level.id)
        for phase in stage.phases:
            if method is not None and phase.irrigation and method not in phase.irrigation:
                return False
            if full is not None and full < phase.light.ppfd * _LIGHT_ENOUGH:
                return False
        return True

    def levels_for(self, stage: Stage) -> tuple[Level, ...]:
        """The levels that suit a stage."""
        return tuple(level for level in self.farm.levels if self.suits(level, stage))

    def clash(self, one: Sequence[Grown], two: Sequence[Grown]) -> bool:
        """Whether two that grow in one room ask for climates that nothing satisfies together."""
        return any(
            a.from_day < b.to_day and b.from_day < a.to_day and not self._share(a.phase, b.phase)
            for a in one
            for b in two
        )

    def _share(self, a: Phase, b: Phase) -> bool:
        key = (id(a), id(b))
        found = self._alike.get(key)
        if found is None:
            # Kept, so that no other phase gets the same identity.
            self._kept |= {id(a): a, id(b): b}
            try:
                combine({"a": a.climate, "b": b.climate})
                found = True
            except EmptyBand:
                found = False
            self._alike[key] = self._alike[id(b), id(a)] = found
        return found

    def date(self, day: int) -> dt.date:
        """The date of a day of the plan."""
        return self.start + dt.timedelta(days=day)


def plants_for(recipe: Recipe, kg: float, history: Sequence[Outcome] = ()) -> tuple[int, float]:
    """How many plants so many kg need on a farm with this history, and what one of them is expected
    to weigh, kg."""
    middle, _ = learned_kg_m2(recipe, history)
    density = next((p.density_plants_m2 for p in reversed(recipe.phases) if p.density_plants_m2), 0)
    each = middle / density if density else middle
    return max(1, ceil(kg / each - 1e-9)), each


def spread(recipe: Recipe, history: Sequence[Outcome] = ()) -> float:
    """By what factor a harvest may be more or less than expected, at sowing."""
    _, tau = learned_kg_m2(recipe, history)
    return exp(2 * hypot(tau, yield_uncertainty(0.0) / 2))
