"""The plan as a mixed-integer program, solved by HiGHS (through SciPy).

For every order and every day on which it may be harvested there is a choice; for every stage of
that choice sites on levels. At any time a level belongs to one recipe sown on one day, for its
light is that of one phase, and between two such there are days for cleaning; a room holds no two
that share no climate. Met orders count most, then freshness, then few levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..farm.nodes import Level
from ..recipes.model import Recipe
from .model import Booking, Order, PlanningError
from .needs import Grown, Place, Stage, duration_days, plants_for, stages, timeline

INSTALL_HINT = 'pip install "vfarm-core[optim]"'
#: An order that is met is worth more than any freshness or tidiness of a plan.
_ORDER = 1000.0
_LEVEL = 0.5
_SITE = 1e-4


@dataclass(frozen=True, slots=True)
class Group:
    """Everything of one recipe that is harvested on one day: one age, one light."""

    recipe: Recipe
    harvest_day: int
    stages: tuple[Stage, ...]
    grown: tuple[Grown, ...]

    @property
    def sow_day(self) -> int:
        """The day on which it is sown."""
        return self.harvest_day - duration_days(self.recipe)

    def window(self, stage: Stage) -> tuple[int, int]:
        """The days of the plan in which a stage stands on its levels."""
        return self.sow_day + stage.from_day, self.sow_day + stage.to_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen for an order."""

    order: Order
    group: Group
    plants: int
    bookings: tuple[Booking, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What was chosen for the orders that can be met."""

    chosen: tuple[Chosen, ...]
    optimal: bool
    gap: float


def group_of(recipe: Recipe, harvest_day: int) -> Group:
    """A recipe, harvested on a day."""
    sown = harvest_day - duration_days(recipe)
    return Group(recipe, harvest_day, stages(recipe), timeline(recipe, sown))


def harvest_days(order: Order, recipe: Recipe, place: Place) -> range:
    """The days on which an order may be harvested if it is sown from the plan's start on."""
    due = (order.date - place.start).days
    first = max(due - max(0, order.early_days), duration_days(recipe))
    return range(first, due + 1)


def free_levels(place: Place, group: Group, stage: Stage) -> tuple[Level, ...]:
    """The levels that suit a stage and are free of what grows or is planned already, in rooms
    whose climate it can share with that."""
    first, last = group.window(stage)
    here = [g for g in group.grown if g.phase in stage.phases]
    zones = place.farm.zone_of_level
    closed = place.closed_zones(here)
    return tuple(
        level
        for level in place.levels_for(stage)
        if place.is_free(level.id, first, last) and zones[level.id] not in closed
    )


@dataclass(slots=True)
class _Program:
    """Rows and columns as they are written down."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    rows: list[dict[int, float]] = field(default_factory=list)
    at_most: list[float] = field(default_factory=list)

    def column(self, cost: float, upper: float, *, whole: bool = True) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.whole.append(int(whole))
        return len(self.cost) - 1

    def row(self, terms: Mapping[int, float], at_most: float) -> None:
        self.rows.append(dict(terms))
        self.at_most.append(at_most)

    def solve(self, seconds: float) -> tuple[list[float], bool, float]:
        try:
            from numpy import array
            from scipy.optimize import Bounds, LinearConstraint, milp
            from scipy.sparse import csr_array
        except ImportError as error:
            raise PlanningError(
                "library_missing",
                f"Planning needs SciPy; install it: {INSTALL_HINT}",
                library="SciPy",
                install=INSTALL_HINT,
            ) from error
        data: list[float] = []
        columns: list[int] = []
        starts = [0]
        for row in self.rows:
            columns.extend(row)
            data.extend(row.values())
            starts.append(len(columns))
        matrix = csr_array((data, columns, starts), shape=(len(self.rows), len(self.cost)))
        found = milp(
            array(self.cost),
            integrality=array(self.whole),
            bounds=Bounds(0.0, array(self.upper)),
            constraints=LinearConstraint(matrix, ub=array(self.at_most)),
            options={"time_limit": seconds, "mip_rel_gap": 1e-6},
        )
        if found.x is None:
            raise PlanningError(
                "no_answer", f"No plan was found in {seconds:g} s.", seconds=f"{seconds:g}"
            )
        gap = float(found.mip_gap or 0.0)
        return [float(x) for x in found.x], found.status == 0, gap


def solve(
    orders: Sequence[Order], recipes: Mapping[str, Recipe], place: Place, *, seconds: float = 30.0
) -> Solution:
    """The best choice for these orders. `recipes` by id; orders of others are left out.

    Raises PlanningError: library_missing, no_answer.
    """
    program = _Program()
    groups: dict[tuple[str, int], Group] = {}
    # By order: the choices; by group, stage and level: whether the level is its, and its sites.
    choices: list[tuple[Order, Group, int, int]] = []
    holds: dict[tuple[tuple[str, int], int, str], int] = {}
    sites: dict[tuple[int, int, str], int] = {}
    total = sum(order.kg for order in orders) or 1.0
    for order in orders:
        recipe = recipes.get(order.recipe)
        if recipe is None:
            continue
        plants, _ = plants_for(recipe, order.kg, place.history(recipe))
        mine = []
        for day in harvest_days(order, recipe, place):
            key = (recipe.version, day)
            group = groups.setdefault(key, group_of(recipe, day))
            rooms = [free_levels(place, group, stage) for stage in group.stages]
            enough = all(
                sum(stage.per_site(x) * x.sites for x in levels) >= plants - 1e-9
                for stage, levels in zip(group.stages, rooms, strict=True)
            )
            if not enough:
                continue
            late = (order.date - place.start).days - day
            y = program.column(late - _ORDER * (1 + order.kg / total), 1.0)
            choice = len(choices)
            choices.append((order, group, plants, y))
            mine.append(y)
            for index, (stage, levels) in enumerate(zip(group.stages, rooms, strict=True)):
                carried: dict[int, float] = {y: float(plants)}
                for level in levels:
                    hold = holds.get((key, index, level.id))
                    if hold is None:
                        hold = holds[key, index, level.id] = program.column(_LEVEL, 1.0)
                    x = program.column(_SITE, float(level.sites))
                    sites[choice, index, level.id] = x
                    carried[x] = -stage.per_site(level)
                    program.row({x: 1.0, hold: -float(level.sites)}, 0.0)
                program.row(carried, 0.0)
        if len(mine) > 1:
            program.row(dict.fromkeys(mine, 1.0), 1.0)
    if not choices:
        return Solution(chosen=(), optimal=True, gap=0.0)
    _sites_of_levels(program, choices, holds, sites, place)
    _one_at_a_time(program, groups, holds, place)
    _shared_rooms(program, groups, holds, place)
    values, optimal, gap = program.solve(seconds)
    chosen = []
    for number, (order, group, plants, y) in enumerate(choices):
        if values[y] < 0.5:
            continue
        bookings = []
        for index, stage in enumerate(group.stages):
            first, last = group.window(stage)
            for (choice, at, name), x in sites.items():
                if choice == number and at == index and round(values[x]) > 0:
                    bookings.append(
                        Booking(
                            level=name,
                            sites=round(values[x]),
                            stage=index,
                            from_day=first,
                            to_day=last,
                        )
                    )
        chosen.append(Chosen(order=order, group=group, plants=plants, bookings=tuple(bookings)))
    return Solution(chosen=tuple(chosen), optimal=optimal, gap=gap)


def _sites_of_levels(
    program: _Program,
    choices: Sequence[tuple[Order, Group, int, int]],
    holds: Mapping[tuple[tuple[str, int], int, str], int],
    sites: Mapping[tuple[int, int, str], int],
    place: Place,
) -> None:
    """Orders of one group share the sites of a level."""
    together: dict[tuple[tuple[str, int], int, str], list[int]] = {}
    for (choice, stage, level), x in sites.items():
        group = choices[choice][1]
        key = ((group.recipe.version, group.harvest_day), stage, level)
        together.setdefault(key, []).append(x)
    for key, columns in together.items():
        if len(columns) > 1:
            most = float(place.farm.level[key[2]].sites)
            program.row({**dict.fromkeys(columns, 1.0), holds[key]: -most}, 0.0)


def _one_at_a_time(
    program: _Program,
    groups: Mapping[tuple[str, int], Group],
    holds: Mapping[tuple[tuple[str, int], int, str], int],
    place: Place,
) -> None:
    """A level is one group's, and rests before the next one's. Two intervals that overlap do so
    where one of them begins, so that only beginnings need a row."""
    by_level: dict[str, list[tuple[int, int, tuple[str, int], int]]] = {}
    for (key, index, level), hold in holds.items():
        group = groups[key]
        first, last = group.window(group.stages[index])
        by_level.setdefault(level, []).append((first, last, key, hold))
    for spans in by_level.values():
        for day in sorted({first for first, _, _, _ in spans}):
            growing = {h: key for first, last, key, h in spans if first <= day < last}
            resting = {
                h: key for first, last, key, h in spans if last <= day < last + place.gap_days
            }
            # Who stays on a level from stage to stage needs no rest there.
            here = set(growing.values())
            moved = {h: key for h, key in resting.items() if key in here}
            others = [h for h in resting if h not in moved]
            program.row(dict.fromkeys([*growing, *others], 1.0), 1.0)
            for h, key in moved.items():
                rest = [g for g, other in growing.items() if other != key]
                program.row(dict.fromkeys([h, *rest, *others], 1.0), 1.0)


def _shared_rooms(
    program: _Program,
    groups: Mapping[tuple[str, int], Group],
    holds: Mapping[tuple[tuple[str, int], int, str], int],
    place: Place,
) -> None:
    """No two that share no climate are in one room at one time."""
    zones = place.farm.zone_of_level
    in_room: dict[tuple[tuple[str, int], int, str], list[int]] = {}
    for (key, index, level), hold in holds.items():
        in_room.setdefault((key, index, zones[level]), []).append(hold)
    present: dict[tuple[tuple[str, int], int, str], int] = {}
    found = sorted(in_room)
    for number, one in enumerate(found):
        for two in found[number + 1 :]:
            if one[2] != two[2] or one[0] == two[0]:
                continue
            a, b = (
                [g for g in groups[k].grown if g.phase in groups[k].stages[i].phases]
                for k, i, _ in (one, two)
            )
            if not place.clash(a, b):
                continue
            for stay in (one, two):
                if stay not in present:
                    present[stay] = program.column(0.0, 1.0, whole=False)
                    for hold in in_room[stay]:
                        program.row({hold: 1.0, present[stay]: -1.0}, 0.0)
            program.row({present[one]: 1.0, present[two]: 1.0}, 1.0)
