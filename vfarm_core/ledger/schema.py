"""The tables, as they are after the newest migration.

Instants are epoch seconds (UTC) of farm time. `records` is the chained history; everything else is
either about it or worked out from it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

#: A place in the chain. SQLite keeps a table in the order of an INTEGER key, and needs no index.
_PLACE = BigInteger().with_variant(Integer, "sqlite")

#: Journals that fed this ledger, each by the key it was given when it was made.
sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", String(64), nullable=False, unique=True),
)

#: The history. `origin` is the id of the event in its journal: an event is recorded once.
records = Table(
    "records",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("source", Integer, nullable=False),
    Column("origin", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    UniqueConstraint("source", "origin", name="records_once"),
    Index("records_kind", "kind", "at"),
    Index("records_node", "node", "at"),
)

#: One row: the newest record. That a record is missing at the end shows by it.
heads = Table(
    "heads",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

#: Records that could not be understood: kept and chained like all others, but nothing was worked
#: out from them.
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("seq", _PLACE, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)

#: Who a person is, apart from the history, which knows only the token: forgetting a person leaves
#: the chain whole.
people = Table(
    "people",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", Text, nullable=False, unique=True),
)
