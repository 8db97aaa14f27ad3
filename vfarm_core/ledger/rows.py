"""Rows into tables, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Double, Table


def put(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, once: bool = False
) -> None:
    """Insert rows, each with a value for every column in the order of the table. With `once`, a row
    whose key is there already is passed over: the first counts."""
    if rows:
        # By the driver itself: SQLAlchemy's own way takes twice the time to prepare such rows.
        statement = _statement(connection.dialect, table, once)
        connection.exec_driver_sql(statement, list(rows))


def add(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, or add their numbers to those of the row that has their key: of `low` and
    `since` the least counts, of `high` and `until` the greatest, all other numbers are sums."""
    if rows:
        connection.exec_driver_sql(_adding(connection.dialect, table), list(rows))


@lru_cache(maxsize=256)
def _statement(dialect: Dialect, table: Table, once: bool) -> str:
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    sign = "%s" if dialect.paramstyle in ("format", "pyformat") else "?"
    values = ", ".join([sign] * len(table.columns))
    made = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({values})"
    return f"{made} ON CONFLICT DO NOTHING" if once else made


@lru_cache(maxsize=256)
def _adding(dialect: Dialect, table: Table) -> str:
    quote = dialect.identifier_preparer.quote
    least, greatest = ("least", "greatest") if dialect.name == "postgresql" else ("min", "max")
    merged = []
    for column in table.columns:
        name = quote(column.name)
        old, new = f"{quote(table.name)}.{name}", f"excluded.{name}"
        if column.primary_key or not isinstance(column.type, Double):
            continue
        if column.name in ("low", "since"):
            value = f"{least}({old}, {new})"
        elif column.name in ("high", "until"):
            value = f"{greatest}({old}, {new})"
        else:
            value = f"{old} + {new}"
        merged.append(f"{name} = {value}")
    keys = ", ".join(quote(column.name) for column in table.primary_key.columns)
    made = _statement(dialect, table, False)
    return f"{made} ON CONFLICT ({keys}) DO UPDATE SET {', '.join(merged)}"
