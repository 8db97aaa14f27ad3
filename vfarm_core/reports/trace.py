"""Where a lot went and where it came from, in one call.

A seed or input lot leads forward: to the batches it went into, to what they became when they were
split or merged, and to the lots that were harvested of them. A harvest lot leads back: to its
batch, to what that came from, and to every lot that went in; and from a batch it is both ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, union

from ..control.hot import hot_value
from ..ledger.schema import batches, harvests, lineage, lot_uses, lots
from ..ledger.store import Ledger
from .batch import BatchSummary, summaries
from .errors import UnknownError


@hot_value(kw_only=False)
class Lot:
    """A lot, as it was received or harvested. `kind` is empty where nobody has entered more of it
    than its number."""

    id: str
    kind: str = ""
    name: str = ""
    supplier: str = ""
    at: float | None = None
    amount: float | None = None
    unit: str = ""


@hot_value(kw_only=False)
class Ingredient:
    """How much of a lot went into a batch; None where nobody has said."""

    lot: str
    batch: str
    amount: float | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What hangs together with `subject`, which is a lot or a batch (`kind`). `descent` are pairs
    of a batch and one that came of it."""

    subject: str
    kind: str
    lots: tuple[Lot, ...]
    ingredients: tuple[Ingredient, ...]
    batches: tuple[BatchSummary, ...]
    descent: tuple[tuple[str, str], ...]

    @property
    def harvest_lots(self) -> tuple[str, ...]:
        """Every lot that was harvested of these batches."""
        return tuple(cut.lot for batch in self.batches for cut in batch.harvests)


def trace(ledger: Ledger, subject: str) -> Trace:
    """Follow a lot or a batch both ways. Raises UnknownError and LedgerError."""
    if "\0" in subject:
        # PostgreSQL would not even look for it.
        raise UnknownError("lot or batch", subject)
    with ledger.reading() as connection:
        forward, back, kind = _origin(connection, subject)
        if not kind:
            raise UnknownError("lot or batch", subject)
        family = set(forward) | set(back)
        family |= _follow(connection, forward, down=True) | _follow(connection, back, down=False)
        grown = summaries(connection, sorted(family))
        # Another lot that went into the same batches is not concerned.
        only = subject if kind == "input" else None
        ingredients = _ingredients(connection, family, only)
        wanted = {subject} if kind != "batch" else set()
        wanted |= {i.lot for i in ingredients}
        if kind != "harvest":
            wanted |= {cut.lot for batch in grown for cut in batch.harvests}
        return Trace(
            subject=subject,
            kind=kind,
            lots=tuple(_lots(connection, wanted)),
            ingredients=tuple(ingredients),
            batches=tuple(grown),
            descent=tuple(_descent(connection, family)),
        )


def _origin(connection: Connection, subject: str) -> tuple[list[str], list[str], str]:
    """Where to go forward from, where to go back from, and what the subject is."""
    harvested = connection.scalars(select(harvests.c.batch).where(harvests.c.lot == subject)).all()
    if harvested:
        return [], list(harvested), "harvest"
    used = connection.scalars(select(lot_uses.c.batch).where(lot_uses.c.lot == subject)).all()
    if used:
        return list(used), [], "input"
    if connection.scalar(select(batches.c.id).where(batches.c.id == subject)) is not None:
        return [subject], [subject], "batch"
    known = connection.scalar(select(lots.c.id).where(lots.c.id == subject))
    return [], [], "" if known is None else "input"


def _follow(connection: Connection, begin: Iterable[str], *, down: bool) -> set[str]:
    """Everything that came of these batches, or that they came from."""
    near, far = (lineage.c.parent, lineage.c.child) if down else (lineage.c.child, lineage.c.parent)
    begin = list(begin)
    if not begin:
        return set()
    first = select(far.label("batch")).where(near.in_(begin))
    reached = first.cte("reached", recursive=True)
    onward = select(far).where(near == reached.c.batch)
    return set(connection.scalars(select(reached.union(onward).c.batch)))


def _ingredients(connection: Connection, family: set[str], lot: str | None) -> list[Ingredient]:
    """What went into these batches; of one lot only where that is asked for."""
    columns = (lot_uses.c.lot, lot_uses.c.batch, lot_uses.c.amount, lot_uses.c.unit)
    question = select(*columns).where(lot_uses.c.batch.in_(sorted(family)))
    if lot is not None:
        question = question.where(lot_uses.c.lot == lot)
    found = connection.execute(question.order_by(lot_uses.c.lot, lot_uses.c.batch)).all()
    return [Ingredient(lot, batch, amount or None, unit) for lot, batch, amount, unit in found]


def _descent(connection: Connection, family: set[str]) -> list[tuple[str, str]]:
    names = sorted(family)
    found = union(
        select(lineage.c.parent, lineage.c.child).where(lineage.c.parent.in_(names)),
        select(lineage.c.parent, lineage.c.child).where(lineage.c.child.in_(names)),
    )
    pairs = [(row.parent, row.child) for row in connection.execute(found)]
    return sorted(pair for pair in pairs if family.issuperset(pair))


def _lots(connection: Connection, wanted: set[str]) -> list[Lot]:
    columns = (
        lots.c.id,
        lots.c.kind,
        lots.c.name,
        lots.c.supplier,
        lots.c.at,
        lots.c.amount,
        lots.c.unit,
    )
    rows = connection.execute(select(*columns).where(lots.c.id.in_(sorted(wanted)))).all()
    found = {row[0]: Lot(*row) for row in rows}
    return [found.get(name) or Lot(name) for name in sorted(wanted)]
