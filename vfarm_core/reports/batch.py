"""A batch as the ledger knows it: what it was, stood in, was given and yielded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, Table, bindparam, select

from ..control.hot import hot_value
from ..ledger.schema import batches, conditions, harvests, phases, placements, uses
from ..ledger.store import Ledger
from .errors import UnknownError

DAY_S = 86400.0


@hot_value(kw_only=False)
class Condition:
    """A quantity over the life of a batch, in the unit of its role; `covered_h` hours are known."""

    mean: float
    low: float
    high: float
    covered_h: float


@hot_value(kw_only=False)
class Use:
    """What was given: `amount` in the unit that the resource names, `metered` of it measured."""

    resource: str
    subsystem: str
    amount: float
    metered: float


@hot_value(kw_only=False)
class Cut:
    """What was harvested, as a lot; kg and waste_kg are None when nobody weighed them."""

    lot: str
    at: float
    kg: float | None
    waste_kg: float | None
    grade: str
    note: str


@hot_value(kw_only=False)
class Place:
    """Where a batch stood, from when until when (None: still), on how much area (m²)."""

    level: str
    since: float
    until: float | None
    sites: int
    area_m2: float


@hot_value(kw_only=False)
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
    names = {"names": list(wanted)}
    grown = connection.execute(_BATCHES, names).all()
    places = _grouped(connection.execute(_PLACES, names).all(), Place)
    stages = _grouped(connection.execute(_STAGES, names).all(), Stage)
    given = _grouped(connection.execute(_USES, names).all(), Use)
    cuts = _grouped(connection.execute(_HARVESTS, names).all(), Cut)
    stood: dict[str, dict[str, Condition]] = {}
    for batch, quantity, integral, covered_s, low, high in connection.execute(
        _CONDITIONS, names
    ).all():
        mean = integral / covered_s
        stood.setdefault(batch, {})[quantity] = Condition(mean, low, high, covered_s / 3600)
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
        for r in grown
    ]


def known_batches(ledger: Ledger) -> list[str]:
    """The id of every batch, the oldest first."""
    with ledger.reading() as connection:
        return list(connection.scalars(select(batches.c.id).order_by(batches.c.sown_at)))


def _grouped[T](rows: Sequence[Row[Any]], made: Callable[..., T]) -> dict[str, list[T]]:
    """By the first column, which is the batch: a value of the others."""
    found: dict[str, list[T]] = {}
    for batch, *values in rows:
        group = found.get(batch)
        if group is None:
            group = found[batch] = []
        group.append(made(*values))
    return found


_NAMES: BindParameter[Sequence[str]] = bindparam("names", expanding=True)


def _of(table: Table, *names: str) -> Select[Any]:
    columns = [table.c.batch, *(table.c[name] for name in names)]
    return select(*columns).where(table.c.batch.in_(_NAMES))


_BATCHES = select(batches).where(batches.c.id.in_(_NAMES)).order_by(batches.c.sown_at, batches.c.id)
_PLACES = _of(placements, "level", "since", "until", "sites", "area_m2").order_by(
    placements.c.since
)
_STAGES = _of(phases, "phase", "at", "by").order_by(phases.c.seq)
_CONDITIONS = _of(conditions, "quantity", "integral", "covered_s", "low", "high").where(
    conditions.c.covered_s > 0
)
_USES = _of(uses, "resource", "subsystem", "amount", "metered").order_by(
    uses.c.resource, uses.c.subsystem
)
_HARVESTS = _of(harvests, "lot", "at", "kg", "waste_kg", "grade", "note").order_by(harvests.c.at)
