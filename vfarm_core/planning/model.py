"""Orders, and the plan that answers them, as frozen values. Days are counted from the plan's start.

A booking holds a level from its first day up to, and without, its last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class PlanningError(ValueError):
    """Something a plan cannot be made of: `key` and `params` say what."""

    def __init__(self, key: str, text: str, **params: str) -> None:
        self.key = key
        self.params = params
        super().__init__(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """So many kg of a recipe's crop, harvested at `date` or at most `early_days` before it."""

    id: str
    recipe: str
    kg: float
    date: dt.date
    early_days: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Sites of a level for one stage of a batch: phases with the same spacing."""

    level: str
    sites: int
    stage: int
    from_day: int
    to_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """A batch that answers an order. `kg_low` and `kg_high` are the limits in which its harvest
    probably lies; the plants are counted by the middle."""

    order: str
    recipe: str
    title: str
    plants: int
    sow_day: int
    harvest_day: int
    kg_low: float
    kg: float
    kg_high: float
    bookings: tuple[Booking, ...]


class Why(StrEnum):
    """Why an order is not met."""

    UNKNOWN_RECIPE = "unknown_recipe"
    TOO_LATE = "too_late"
    NO_LEVEL = "no_level"
    TOO_BIG = "too_big"
    CLIMATE = "climate"
    BUSY = "busy"
    TIME_UP = "time_up"


#: What a grower is told.
TEXTS: Mapping[Why, str] = MappingProxyType(
    {
        Why.UNKNOWN_RECIPE: "{order}: there is no recipe {recipe}.",
        Why.TOO_LATE: "{order}: {recipe} needs {days} days; sown on {start} it is ready on "
        "{earliest}, not by {date}.",
        Why.NO_LEVEL: "{order}: no level has the light and the watering that {recipe} needs in "
        "{stage} ({ppfd} µmol/m²/s, {methods}).",
        Why.TOO_BIG: "{order}: {plants} plants of {recipe} need {needed} m² in {stage}; all levels "
        "for it together have {area} m².",
        Why.CLIMATE: "{order}: {recipe} cannot share the air with {others} while that grows.",
        Why.BUSY: "{order}: {plants} plants of {recipe} need {needed} m² in {stage}, from {from_} "
        "to {to}; {free} m² are free then. The levels are taken by {others}.",
        Why.TIME_UP: "{order}: there may be room for {plants} plants of {recipe}, but the time to "
        "look for a plan was up.",
    }
)
#: What is added where it helps to wait.
LATER = " It would fit by {later}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An order that is not met, with the reason; `later` is the first date by which it would fit
    beside everything that is planned, None where none was found within 90 days."""

    order: str
    why: Why
    params: Mapping[str, str] = field(default_factory=dict)
    later: dt.date | None = None

    @property
    def text(self) -> str:
        """What a grower is told."""
        said = TEXTS[self.why].format_map(self.params)
        return said if self.later is None else said + LATER.format(later=self.later.isoformat())


class TaskKind(StrEnum):
    """What people do, in the order in which they do it on one day."""

    HARVEST = "harvest"
    CLEAN = "clean"
    TRANSPLANT = "transplant"
    SOW = "sow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to be done on a day. `levels` are sites by level: where plants are set, or what is
    cleaned or harvested."""

    day: int
    date: dt.date
    kind: TaskKind
    order: str
    text: str
    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is grown for which order, what cannot be met, and what is to be done when. `optimal`:
    no better plan exists for these orders; else the time was up, and `gap` (0…1) is how much better
    one could be."""

    start: dt.date
    batches: tuple[PlannedBatch, ...]
    conflicts: tuple[Conflict, ...]
    tasks: tuple[Task, ...]
    optimal: bool
    gap: float
