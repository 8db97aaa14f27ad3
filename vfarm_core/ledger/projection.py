"""Keeps the tables that are worked out from the records in step with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Delete,
    Table,
    Update,
    delete,
    func,
    insert,
    select,
    update,
)

from .chain import is_pruned
from .facts import Fact, Given, Put, Stood, UnclearError, Used, changes
from .rows import add, put
from .schema import (
    DERIVED,
    conditions,
    dead_letters,
    lot_loads,
    lot_uses,
    projections,
    records,
    uses,
)

#: Increased with every change of what follows from a record: the tables are then made anew.
RULES = 2
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
        self._given: dict[tuple[str, str, str], list[float]] = {}
        self._stood: dict[tuple[str, str], list[float]] = {}
        self._used: dict[tuple[str, str], list[Any]] = {}

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
            if type(change) is Put:
                rows = self._rows.get(change.table)
                if rows is None:
                    rows = self._rows[change.table] = []
                rows.append(change.row)
                if change.table is lot_loads:
                    self._loads[change.row["point"]] = change.row["lot"]
            elif type(change) is Given:
                self._give(change)
            elif type(change) is Stood:
                self._stand(change)
            elif type(change) is Used:
                self._use(change)
            elif isinstance(change, Update | Delete):
                self._update(change)
        return ""

    def _give(self, given: Given) -> None:
        resource, subsystem = given.resource, given.subsystem
        sums, amount = self._given, given.amount
        for batch, share in given.shares.items():
            key = batch, resource, subsystem
            known = sums.get(key)
            if known is None:
                known = sums[key] = [0.0, 0.0]
            known[0] += amount * share
            if given.metered:
                known[1] += amount * share

    def _stand(self, stood: Stood) -> None:
        sums, area = self._stood, stood.mean * stood.covered_s
        for batch in stood.batches:
            if not batch:
                continue
            key = batch, stood.quantity
            known = sums.get(key)
            if known is None:
                known = sums[key] = [0.0, 0.0, stood.low, stood.high]
            known[0] += area
            known[1] += stood.covered_s
            if stood.low < known[2]:
                known[2] = stood.low
            if stood.high > known[3]:
                known[3] = stood.high

    def _use(self, used: Used) -> None:
        known = self._used.get((used.lot, used.batch))
        if known is None:
            known = self._used[used.lot, used.batch] = [used.at, used.at, 0.0, used.unit]
        known[0], known[1] = min(known[0], used.at), max(known[1], used.at)
        known[2] += used.amount

    def _update(self, change: Update | Delete) -> None:
        # What it changes may be among the rows that wait.
        self._insert()
        self._connection.execute(change)

    def sums(self) -> dict[str, list[list[Any]]]:
        """What was taken, added up, as a record of it has it."""
        return {
            "given": [[*key, *values] for key, values in self._given.items()],
            "stood": [[*key, *values] for key, values in self._stood.items()],
            "used": [[*key, *values] for key, values in self._used.items()],
        }

    def write(self, seq: int) -> None:
        """Write what was taken, which is everything up to `seq`."""
        self._insert()
        self._add_up()
        _note(self._connection, seq)

    def _add_up(self) -> None:
        tables: tuple[tuple[Table, Mapping[Any, list[Any]]], ...] = (
            (uses, self._given),
            (conditions, self._stood),
            (lot_uses, self._used),
        )
        for table, sums in tables:
            add(self._connection, table, [(*key, *values) for key, values in sums.items()])
        self._given.clear()
        self._stood.clear()
        self._used.clear()

    def _insert(self) -> None:
        # Of two records that claim the same, such as a batch with an id that was used before, the
        # first counts; the history has both.
        for table, rows in self._rows.items():
            put(self._connection, table, list(map(_getter(table), rows)), once=True)
        self._rows.clear()


@cache
def _getter(table: Table) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    return itemgetter(*(column.name for column in table.columns))


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
            if seq not in dead and not is_pruned(row.data):
                data = orjson.loads(row.data)
                reason = projection.take(seq, row.at, row.kind, row.node, row.severity, data)
            told.append((seq, reason))
        projection.write(seq)
        yield from told
        if progress is not None:
            progress(seq)
