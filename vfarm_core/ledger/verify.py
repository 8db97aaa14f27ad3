"""Whether the history is what was written: nothing altered, removed or put elsewhere."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Table, Text, collate, create_engine, select
from sqlalchemy.pool import NullPool

from .chain import GENESIS, PRUNED, RETENTION, digest_of, is_pruned, link_digest, tally
from .entries import word
from .projection import UNCLEAR, project
from .schema import DERIVED, dead_letters, heads, metadata, projections, records, sources
from .store import Head, Ledger

#: More faults than this are not listed: from one on, the history is not to be trusted.
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One place where the history is not what was written. `what` is altered, removed,
    cut_off or worked_out; `seq` the record at which it shows. What was moved is altered there.
    `worked_out`: a row that does not follow from the records, or one that is missing; it can be
    worked out anew, the history is whole."""

    seq: int
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found: the newest record, how many were looked at, and every fault."""

    records: int
    head: Head
    faults: tuple[Fault, ...]

    @property
    def intact(self) -> bool:
        """Whether there is no fault."""
        return not self.faults


def verify(ledger: Ledger, *, expected: bytes | None = None, worked_out: bool = True) -> Verdict:
    """Look at every record, and whether every row that is worked out from them follows from them.

    `expected` is a hash of the newest record that was noted elsewhere at some time: it has to be in
    the chain, or records were cut off its end and perhaps replaced. Without `worked_out` only the
    chain is looked at, which takes a tenth of the time."""
    faults: list[Fault] = []
    removed = _Removed()
    before, seq, count = GENESIS, 0, 0
    seen = expected is None or expected == GENESIS
    with ledger.reading() as connection:
        keys = {row.id: row.key for row in connection.execute(select(sources))}
        noted = connection.execute(select(heads.c.seq, heads.c.hash)).first()
        question = select(records).order_by(records.c.seq).execution_options(yield_per=5000)
        with connection.execute(question) as rows:
            for row in rows:
                count += 1
                if len(faults) >= MOST_FAULTS:
                    break
                faults += _faults(row, before, seq, keys, removed)
                seen = seen or row.hash == expected
                # From here on what follows is held against what is stored: one fault is one.
                before, seq = row.hash if isinstance(row.hash, bytes) else GENESIS, row.seq
        if len(faults) < MOST_FAULTS:
            if (seq, before) != (tuple(noted) if noted else (0, GENESIS)):
                faults.append(Fault(seq=seq, what="cut_off", detail="it is not the newest record"))
            faults += removed.untold()
            if not seen:
                faults.append(Fault(seq=seq, what="cut_off", detail="the noted hash is gone"))
        if worked_out and not faults:
            faults += _not_following(connection)
    return Verdict(records=count, head=Head(seq=seq, hash=before), faults=tuple(faults))


class _Removed:
    """Records whose data was removed, by the records that say so."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[Any, int]] = {}

    def take(self, seq: int, by: int, digest: bytes) -> None:
        """Data was removed at `seq`."""
        hashed, count = self._found.setdefault(by, (sha256(), 0))
        hashed.update(tally(seq, digest))
        self._found[by] = hashed, count + 1

    def told(self, seq: int, data: bytes) -> Iterator[Fault]:
        """A record says what was removed."""
        told = orjson.loads(data)
        hashed, count = self._found.pop(seq, (sha256(), 0))
        if (hashed.hexdigest(), count) != (told.get("removed"), told.get("count")):
            what = f"{count} records are removed, {told.get('count')} are said to be"
            yield Fault(seq=seq, what="removed", detail=what)

    def untold(self) -> Iterator[Fault]:
        """What was removed although no record says so."""
        for by, (_, count) in self._found.items():
            yield Fault(seq=by, what="removed", detail=f"the data of {count} records")


def _faults(
    row: Row[Any], before: bytes, seq: int, keys: Mapping[int, str], removed: _Removed
) -> Iterator[Fault]:
    if row.seq != seq + 1:
        yield Fault(seq=row.seq, what="removed", detail=f"{seq + 1} to {row.seq - 1}")
    if not isinstance(row.data, str) or not isinstance(row.hash, bytes):
        yield Fault(seq=row.seq, what="altered", detail="it is no record")
        return
    data = row.data.encode()
    source = keys.get(row.source, "")
    gone = is_pruned(row.data)
    try:
        by, digest = digest_of(row.data) if gone else (0, sha256(data).digest())
    except ValueError:
        yield Fault(seq=row.seq, what="altered", detail="it is no record")
        return
    if gone:
        removed.take(row.seq, by, digest)
    linked = link_digest(before, row.seq, source, row.origin, row.at, row.kind, digest)
    if row.seq == seq + 1 and linked != row.hash:
        yield Fault(seq=row.seq, what="altered")
    elif (row.node, row.severity) != (("", "") if gone else columns(data)):
        yield Fault(seq=row.seq, what="altered", detail="node or severity is not that of the data")
    elif (source, row.kind) == (RETENTION, PRUNED):
        yield from removed.told(row.seq, data)


def columns(data: bytes) -> tuple[str, str]:
    """What the columns that repeat the data have to say: node and severity."""
    try:
        told = orjson.loads(data)
        return word(told.get("node", "")) or "", word(told.get("severity", "")) or ""
    except (ValueError, AttributeError):
        return "", ""


def _not_following(connection: Connection) -> Iterator[Fault]:
    """Work everything out beside the ledger, and compare row by row."""
    unread = select(dead_letters.c.seq).where(
        ~dead_letters.c.reason.startswith(UNCLEAR, autoescape=True)
    )
    dead = set(connection.scalars(unread))
    with TemporaryDirectory(prefix="vfarm-verify-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'beside.db'}", poolclass=NullPool)
        metadata.create_all(engine, [projections, *DERIVED])
        with engine.connect() as beside:
            # Nobody needs it after a crash.
            beside.exec_driver_sql("PRAGMA synchronous=OFF")
            for _ in project(connection, beside, {}, dead):
                pass
            for table in DERIVED:
                yield from _differences(table, beside, connection)


def _differences(table: Table, beside: Connection, there: Connection) -> Iterator[Fault]:
    count = 0
    with closing(_rows(table, beside)) as right, closing(_rows(table, there)) as found:
        for one, other in zip_longest(right, found):
            if one == other or (one and other and all(map(_same, one, other))):
                continue
            row = other if one is None else one
            assert row is not None
            seq = row.seq if "seq" in table.c else 0
            yield Fault(seq=seq, what="worked_out", detail=f"{table.name}: {tuple(row)}"[:300])
            count += 1
            if count >= _MOST_OF_A_TABLE:
                return


def _same(one: Any, other: Any) -> bool:
    """Sums are the same to the last digits that a float has, in whatever steps they were made."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


#: After a missing row, all that follow are out of step: a few tell enough.
_MOST_OF_A_TABLE = 3


def _rows(table: Table, connection: Connection) -> Generator[Row[Any]]:
    binary = "C" if connection.dialect.name == "postgresql" else "BINARY"
    order = [
        collate(column, binary) if isinstance(column.type, Text) else column
        for column in table.primary_key.columns
    ]
    question = select(table).order_by(*order).execution_options(yield_per=5000)
    with connection.execute(question) as found:
        yield from found
