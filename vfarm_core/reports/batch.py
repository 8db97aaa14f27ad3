"""A batch as the ledger knows it: what it was, stood in, was given and yielded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, select

from ..ledger.schema import batches, conditions, harvests, phases, placements, totals
from ..ledger.store import Ledger
from .errors import UnknownError

DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A quantity over the life of a batch, in the unit of its role; `covered_h` hours are known."""

    mean: float
    low: float
    high: float
    covered_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What was given: `amount` in the unit that the resource names, `metered` of it measured."""

    resource: str
    subsystem: str
    amount: float
    metered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was harvested, as a lot; kg and waste_kg are None when nobody weighed them."""

    lot: str
    at: float
    kg: float | None
    waste_kg: float | None
    grade: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a batch stood, from when until when (None: still), on how much area (m²)."""

    level: str
    since: float
    until: float | None
    sites: int
    area_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """When a phase began, and by whom or what."""

    phase: str
    at: float
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """Everything the ledger knows of a batch. Instants are epoch seconds of farm time."""

    id: str
    title: str
    crop: str
    cultivar: str | None
    recipe: str
    version: str
    plants: int
    state: str
    sown_at: float
    ended_at: float | None
    reason: str | None
    places: tuple[Place, ...]
    stages: tuple[Stage, ...]
    conditions: Mapping[str, Condition]
    uses: tuple[Use, ...]
    harvests: tuple[Cut, ...]

    @property
    def kg(self) -> float | None:
        """What was harvested (kg), as far as it was weighed; None when nothing was."""
        weighed = [cut.kg for cut in self.harvests if cut.kg is not None]
        return sum(weighed) if weighed else None

    @property
    def area_days(self) -> float:
        """The area over the time it was taken, m²·d; what is still growing counts until its last
        phase or place began, and is no measure yet."""
        known = [self.ended_at] if self.ended_at is not None else [s.at for s in self.stages]
        last = max(known, default=self.sown_at)
        return sum(
            place.area_m2 * max(0.0, (place.until or last) - place.since) / DAY_S
            for place in self.places
        )

    @property
    def dli(self) -> float | None:
        """Light a day (mol/m²/d) over its whole time; None while it grows."""
        if self.ended_at is None or not self.area_days:
            return None
        return self.amount("light_mol") / self.area_days

    def amount(self, resource: str, subsystem: str | None = None) -> float:
        """All it was given of a resource, or by one subsystem."""
        return sum(
            use.amount
            for use in self.uses
            if use.resource == resource and subsystem in (None, use.subsystem)
        )


def summary(ledger: Ledger, batch: str) -> BatchSummary:
    """What the ledger knows of a batch. Raises UnknownError and LedgerError."""
    with ledger.reading() as connection:
        found = summaries(connection, [batch])
    if not found:
        raise UnknownError("batch", batch)
    return found[0]


def summaries(connection: Connection, wanted: Sequence[str]) -> list[BatchSummary]:
    """The batches among these that are known, the oldest first."""
    names = list(wanted)
    rows = connection.execute(_BATCHES, {"names": names}).all()
    places = _grouped(
        (
            r.batch,
            Place(level=r.level, since=r.since, until=r.until, sites=r.sites, area_m2=r.area_m2),
        )
        for r in connection.execute(_PLACES, {"names": names})
    )
    stages = _grouped(
        (r.batch, Stage(phase=r.phase, at=r.at, by=r.by))
        for r in connection.execute(_STAGES, {"names": names})
    )
    stood: dict[str, dict[str, Condition]] = {}
    for r in connection.execute(_CONDITIONS, {"names": names}):
        stood.setdefault(r.batch, {})[r.quantity] = Condition(
            mean=r.integral / r.covered_s,
            low=r.low,
            high=r.high,
            covered_h=r.covered_s / 3600,
        )
    given = _grouped(
        (
            r.batch,
            Use(resource=r.resource, subsystem=r.subsystem, amount=r.amount, metered=r.metered),
        )
        for r in connection.execute(_TOTALS, {"names": names})
    )
    cuts = _grouped(
        (r.batch, Cut(lot=r.lot, at=r.at, kg=r.kg, waste_kg=r.waste_kg, grade=r.grade, note=r.note))
        for r in connection.execute(_HARVESTS, {"names": names})
    )
    return [
        BatchSummary(
            id=r.id,
            title=r.title,
            crop=r.crop,
            cultivar=r.cultivar,
            recipe=r.recipe,
            version=r.version,
            plants=r.plants,
            state=r.state,
            sown_at=r.sown_at,
            ended_at=r.ended_at,
            reason=r.reason,
            places=tuple(places.get(r.id, ())),
            stages=tuple(stages.get(r.id, ())),
            conditions=stood.get(r.id, {}),
            uses=tuple(given.get(r.id, ())),
            harvests=tuple(cuts.get(r.id, ())),
        )
        for r in rows
    ]


def known_batches(ledger: Ledger) -> list[str]:
    """The id of every batch, the oldest first."""
    with ledger.reading() as connection:
        return list(connection.scalars(select(batches.c.id).order_by(batches.c.sown_at)))


def _grouped[T](pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


_NAMES: BindParameter[Sequence[str]] = bindparam("names", expanding=True)
_BATCHES = select(batches).where(batches.c.id.in_(_NAMES)).order_by(batches.c.sown_at, batches.c.id)
_PLACES = select(placements).where(placements.c.batch.in_(_NAMES)).order_by(placements.c.since)
_STAGES = select(phases).where(phases.c.batch.in_(_NAMES)).order_by(phases.c.seq)
_CONDITIONS = select(conditions).where(conditions.c.batch.in_(_NAMES), conditions.c.covered_s > 0)
_TOTALS = (
    select(totals).where(totals.c.batch.in_(_NAMES)).order_by(totals.c.resource, totals.c.subsystem)
)
_HARVESTS = select(harvests).where(harvests.c.batch.in_(_NAMES)).order_by(harvests.c.at)
