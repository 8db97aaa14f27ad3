"""Keeps the tables that are worked out from the records in step with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Insert, Table, Update, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .facts import Fact, Put, UnclearError, changes
from .schema import DERIVED, dead_letters, lot_loads, projections, records

#: Increased with every change of what follows from a record: the tables are then made anew.
RULES = 1
#: How the reason of a dead letter begins that these rules could not understand.
UNCLEAR = "not understood: "
#: Records of one step when the tables are made anew.
_STEP = 5000


class Projection:
    """What follows from records, gathered in their order and written at once."""

    def __init__(self, connection: Connection, loads: dict[str, str]) -> None:
        """`loads` is which lot each dosing pump draws from; it is kept up to date."""
        self._connection = connection
        self._loads = loads
        self._rows: dict[Table, list[Mapping[str, Any]]] = {}

    def take(
        self, seq: int, at: float, kind: str, node: str, severity: str, data: Mapping[str, Any]
    ) -> str:
        """Take a record; why it cannot be understood, empty when it can."""
        fact = Fact(seq, at, kind, node, severity, data, self._loads)
        try:
            found = changes(fact)
        except UnclearError as err:
            return f"{UNCLEAR}{err}"
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as err:
            return f"{UNCLEAR}{type(err).__name__}: {err}"
        for change in found:
            if isinstance(change, Put):
                rows = self._rows.get(change.table)
                if rows is None:
                    rows = self._rows[change.table] = []
                rows.append(change.row)
                if change.table is lot_loads:
                    self._loads[change.row["point"]] = change.row["lot"]
            else:
                self._update(change)
        return ""

    def _update(self, change: Update) -> None:
        # What it changes may be among the rows that wait.
        self._insert()
        self._connection.execute(change)

    def write(self, seq: int) -> None:
        """Write what was taken, which is everything up to `seq`."""
        self._insert()
        _note(self._connection, seq)

    def _insert(self) -> None:
        for table, rows in self._rows.items():
            self._connection.execute(once(self._connection, table), rows)
        self._rows.clear()


def once(connection: Connection, table: Table) -> Insert:
    """Of two records that claim the same, such as a batch with an id that was used before, the
    first counts; the history has both."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def _note(connection: Connection, seq: int) -> None:
    noted = connection.execute(update(projections).values(rules=RULES, seq=seq))
    if noted.rowcount == 0:
        connection.execute(insert(projections), {"one": 1, "rules": RULES, "seq": seq})


def loads_of(connection: Connection) -> dict[str, str]:
    """Which lot each dosing pump draws from now."""
    found = select(lot_loads.c.point, lot_loads.c.lot).order_by(lot_loads.c.at)
    return {row.point: row.lot for row in connection.execute(found)}


def is_current(connection: Connection) -> bool:
    """Whether the tables were worked out by these rules from all records there are."""
    noted = connection.execute(select(projections.c.rules, projections.c.seq)).first()
    newest = connection.scalar(select(func.max(records.c.seq))) or 0
    return (newest, 0) == (0, 0) if noted is None else (noted.rules, noted.seq) == (RULES, newest)


def rebuild(connection: Connection) -> None:
    """Work everything out anew."""
    for table in DERIVED:
        connection.execute(delete(table))
    connection.execute(
        delete(dead_letters).where(dead_letters.c.reason.startswith(UNCLEAR, autoescape=True))
    )
    dead = set(connection.scalars(select(dead_letters.c.seq)))
    loads: dict[str, str] = {}
    seq = 0
    for seq, reason in project(connection, connection, loads, dead):
        if reason:
            connection.execute(insert(dead_letters), {"seq": seq, "reason": reason[:2000]})
    _note(connection, seq)


def project(
    source: Connection,
    target: Connection,
    loads: dict[str, str],
    dead: set[int],
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, str]]:
    """Read all records from one database and write what follows into another; yields each one's
    place and why it is not understood."""
    seq = 0
    while True:
        step = source.execute(
            select(
                records.c.seq,
                records.c.at,
                records.c.kind,
                records.c.node,
                records.c.severity,
                records.c.data,
            )
            .where(records.c.seq > seq)
            .order_by(records.c.seq)
            .limit(_STEP)
        ).all()
        if not step:
            return
        projection = Projection(target, loads)
        told: list[tuple[int, str]] = []
        for row in step:
            seq = row.seq
            reason = ""
            if seq not in dead:
                data = orjson.loads(row.data)
                reason = projection.take(seq, row.at, row.kind, row.node, row.severity, data)
            told.append((seq, reason))
        projection.write(seq)
        yield from told
        if progress is not None:
            progress(seq)
