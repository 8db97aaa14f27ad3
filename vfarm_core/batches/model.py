"""The batch, as a frozen value. Instants are epoch seconds of farm time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class BatchState(StrEnum):
    """Where a batch is in its life: `sown` during its first phase, `growing` after it."""

    PLANNED = "planned"
    SOWN = "sown"
    GROWING = "growing"
    HARVESTED = "harvested"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Sites a batch occupies on one level, since when."""

    level_id: str
    sites: int
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """When a batch was harvested; `kg` fresh mass as weighed, None when it was not."""

    at: float
    kg: float | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """When a batch was given up, and why."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeover:
    """A living batch on its way from another recipe version: where it came from, since when, and
    over how many seconds of farm time its targets move."""

    from_version: str
    from_phase: int
    since: float
    ramp_s: float

    def share(self, now: float, step_s: float) -> float:
        """How far it has come at `now`, 0…1, in whole steps of `step_s`."""
        if self.ramp_s <= 0 or now >= self.since + self.ramp_s:
            return 1.0
        return max(0.0, (now - self.since) // step_s * step_s) / self.ramp_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Ripening:
    """What a batch has gathered towards the end of its phase, in the unit of the phase's exit.

    `gathered` counts since the phase began until `at`; `reached_at` is when it was enough. `marks`
    are what it is counted from: the light of each level's day so far, or the peak of its moisture.
    """

    at: float
    gathered: float = 0.0
    reached_at: float | None = None
    marks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Plants of one cultivar sown together, following one pinned recipe version.

    `phase_started_at` is when the phase with `phase_index` began for this batch, which differs
    from the plan once somebody has advanced a phase by hand. `changeover` is set while its targets
    move from another version of the recipe to this one. `ripening` is set in a phase that ends by
    what has been gathered; `cuts` are harvests after which the plants grew on.
    """

    id: str
    recipe_id: str
    recipe_version: str
    crop: str
    cultivar: str | None
    title: str
    plants: int
    sown_at: float
    state: BatchState
    placements: tuple[Placement, ...]
    phase_index: int
    phase_started_at: float
    harvest: Harvest | None = None
    failure: Failure | None = None
    changeover: Changeover | None = None
    ripening: Ripening | None = None
    cuts: tuple[Harvest, ...] = ()

    @property
    def is_growing(self) -> bool:
        """Whether the batch stands on its levels and is cared for."""
        return self.state in (BatchState.SOWN, BatchState.GROWING)

    @property
    def ended_at(self) -> float | None:
        """When it was harvested or given up; None while it lives."""
        if self.harvest is not None:
            return self.harvest.at
        return self.failure.at if self.failure is not None else None

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels it stands on."""
        return tuple(placement.level_id for placement in self.placements)
