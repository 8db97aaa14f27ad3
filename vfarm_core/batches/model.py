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
    MERGED = "merged"


class Happened(StrEnum):
    """What can happen in the life of a batch."""

    PLANNED = "planned"
    SOWN = "sown"
    PHASE = "phase"
    RECIPE = "recipe"
    MOVED = "moved"
    TRANSPLANTED = "transplanted"
    SPLIT = "split"
    MERGED = "merged"
    CUT = "cut"
    LOST = "lost"
    LOT = "lot"
    HARVESTED = "harvested"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened to a batch: when, by whom and why. `was` and `now` are what changed
    (states, phases, levels), `other` another batch or a lot; `plants` and `sites` are how many it
    was about, `kg` what was weighed."""

    kind: Happened
    at: float
    by: str = ""
    why: str = ""
    was: str = ""
    now: str = ""
    other: str = ""
    plants: int = 0
    sites: int = 0
    kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Sites a batch occupies on one level, since when. `counted_at` is since when it is this many;
    None: all the time."""

    level_id: str
    sites: int
    since: float
    counted_at: float | None = None

    @property
    def began(self) -> float:
        """Since when the batch occupies this many sites here."""
        return self.since if self.counted_at is None else self.counted_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Sites a batch occupied on one level from `since` to `until`; None: it still does."""

    level_id: str
    sites: int
    since: float
    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Sites of a level that are kept for a batch from the phase with `phase_index` on, until the
    next phase for which any are kept."""

    phase_index: int
    level_id: str
    sites: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Fresh mass of one grade, as weighed; no name where nobody graded it."""

    name: str
    kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One harvest of a batch, which is a harvest lot with this `id`. `plants` were taken out; none
    where leaves or fruits were taken and the plants grow on. `waste_kg` was thrown away; None: not
    weighed. `last`: it ended the batch."""

    id: str
    at: float
    plants: int
    grades: tuple[Grade, ...] = ()
    waste_kg: float | None = None
    note: str = ""
    by: str = ""
    last: bool = False

    @property
    def kg(self) -> float | None:
        """Fresh mass without waste; None when it was not weighed."""
        return sum(grade.kg for grade in self.grades) if self.grades else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Plants that were lost, and why."""

    at: float
    plants: int
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A lot that a batch has received since `at`."""

    lot: str
    at: float


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


#: Targets of a batch that changes its recipe move in steps of this length (s of farm time).
CHANGE_STEP_S = 3600.0
#: A photoperiod moves in whole days.
_CHANGE_DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeover:
    """A living batch on its way from another recipe version: where it came from, since when, and
    over how many seconds of farm time its targets move. One that was turned round on its way does
    not begin at the beginning: `start` and `light_start` are how far it was then, 0…1."""

    from_version: str
    from_phase: int
    since: float
    ramp_s: float
    start: float = 0.0
    light_start: float = 0.0

    def share(self, now: float) -> float:
        """How far its targets have come at `now`, 0…1, in whole steps."""
        return self._from(self.start, now, CHANGE_STEP_S)

    def light_share(self, now: float) -> float:
        """How far its photoperiod has come at `now`, 0…1, in whole days."""
        return self._from(self.light_start, now, _CHANGE_DAY_S)

    def turned(self, version: str, phase: int, at: float, ramp_s: float) -> Changeover:
        """The way back from `version` at `at`: it begins where the batch stands, and takes the part
        of `ramp_s` that the batch has come."""
        come = self.share(at)
        return Changeover(
            from_version=version,
            from_phase=phase,
            since=at,
            ramp_s=ramp_s * come,
            start=1.0 - come,
            light_start=1.0 - self.light_share(at),
        )

    def _from(self, start: float, now: float, step_s: float) -> float:
        if self.ramp_s <= 0 or now >= self.since + self.ramp_s:
            return 1.0
        gone = max(0.0, (now - self.since) // step_s * step_s) / self.ramp_s
        return start + (1.0 - start) * gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Ripening:
    """What a batch has gathered towards the end of its phase, in the unit of the phase's exit.

    `gathered` counts since the phase began until `at`; `reached_at` is when it was enough. `marks`
    are what it is counted from: the light of each level's day so far, or the peak of its moisture.
    Of what is there already when a phase begins, `start` is how much. `modelled`: nothing measures
    it, the growth model says so.
    """

    at: float
    gathered: float = 0.0
    reached_at: float | None = None
    marks: Mapping[str, float] = field(default_factory=dict)
    start: float = 0.0
    modelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """When a batch went on as part of another one."""

    at: float
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Light of the whole days that were counted, mol/m²: what a batch got, mean of its levels by
    their sites, and what its recipe gives in as many days."""

    got: float
    planned: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """Thermal time (°C d above the crop's base temperature) of the `days` in which the air was
    measured: what a batch got, and what its recipe gives in as many days."""

    got_c_d: float
    planned_c_d: float
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Plants of one cultivar sown together, following one pinned recipe version.

    `phase_started_at` is when the phase with `phase_index` began for this batch, which differs
    from the plan once somebody has advanced a phase by hand. `changeover` is set while its targets
    move from another version of the recipe to this one. `ripening` is set in a phase that ends by
    what has been gathered. `plants` are those that are left, `stays` the places it had before the
    present ones, `cuts` its harvests so far, after `regrown` of which its plants grew again,
    `origin` the batches it was split off from or took in, `light` and `warmth` what it got of them
    since it was sown, or cut. `ready_at` is when its last phase was over, once that was told;
    another phase forgets it.
    `order` is what it is grown for, `reserved` where a plan wants its plants later. `history` are
    the newest of its transitions: all of them are in the journal's records.
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
    ready_at: float | None = None
    merge: Merge | None = None
    stays: tuple[Stay, ...] = ()
    cuts: tuple[Cut, ...] = ()
    regrown: int = 0
    light: Light | None = None
    warmth: Warmth | None = None
    losses: tuple[Loss, ...] = ()
    seed_lots: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    origin: tuple[str, ...] = ()
    order: str = ""
    reserved: tuple[Reservation, ...] = ()
    history: tuple[Happening, ...] = ()

    @property
    def is_growing(self) -> bool:
        """Whether the batch stands on its levels and is cared for."""
        return self.state in (BatchState.SOWN, BatchState.GROWING)

    @property
    def ended_at(self) -> float | None:
        """When it was harvested, given up or merged; None while it lives."""
        for end in (self.harvest, self.failure, self.merge):
            if end is not None:
                return end.at
        return None

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels it stands on."""
        return tuple(placement.level_id for placement in self.placements)

    def levels_from(self, index: int) -> tuple[str, ...]:
        """The levels that are kept for it from the phase with this index on, in their order."""
        return tuple(kept.level_id for kept in self.reserved if kept.phase_index == index)

    @property
    def sites(self) -> int:
        """How many sites it occupies."""
        return sum(placement.sites for placement in self.placements)

    @property
    def places(self) -> tuple[Stay, ...]:
        """Every place it had, in the order of time; the present ones have no end while it lives."""
        end = self.ended_at
        present = (
            Stay(level_id=p.level_id, sites=p.sites, since=p.began, until=end)
            for p in self.placements
        )
        return tuple(sorted((*self.stays, *present), key=lambda stay: (stay.since, stay.level_id)))

    @property
    def harvested_kg(self) -> float:
        """Fresh mass of all its harvests without waste, as far as it was weighed."""
        return sum(cut.kg or 0.0 for cut in self.cuts)

    @property
    def waste_kg(self) -> float:
        """What was thrown away at its harvests, as far as it was weighed."""
        return sum(cut.waste_kg or 0.0 for cut in self.cuts)
