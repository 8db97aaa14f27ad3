"""Whether the history is what was written: nothing altered, removed or put elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, select

from .chain import GENESIS, link
from .entries import word
from .schema import heads, records, sources
from .store import Head, Ledger

#: More faults than this are not listed: from one on, the history is not to be trusted.
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One place where the history is not what was written. `what` is altered, removed or
    cut_off; `seq` the record at which it shows. What was moved is altered there."""

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


def verify(ledger: Ledger, *, expected: bytes | None = None) -> Verdict:
    """Look at every record. `expected` is a hash of the newest record that was noted elsewhere at
    some time: it has to be in the chain, or records were cut off its end and perhaps replaced."""
    faults: list[Fault] = []
    before, seq, count = GENESIS, 0, 0
    seen = expected is None or expected == GENESIS
    with ledger.reading() as connection:
        keys = {row.id: row.key for row in connection.execute(select(sources))}
        noted = connection.execute(select(heads.c.seq, heads.c.hash)).first()
        rows = connection.execution_options(yield_per=5000).execute(
            select(records).order_by(records.c.seq)
        )
        for row in rows:
            count += 1
            if len(faults) >= MOST_FAULTS:
                break
            faults += _faults(row, before, seq, keys)
            seen = seen or row.hash == expected
            # From here on what follows is held against what is stored: one fault is one fault.
            before, seq = row.hash if isinstance(row.hash, bytes) else GENESIS, row.seq
        else:
            if (seq, before) != (tuple(noted) if noted else (0, GENESIS)):
                faults.append(Fault(seq=seq, what="cut_off", detail="it is not the newest record"))
            if not seen:
                faults.append(Fault(seq=seq, what="cut_off", detail="the noted hash is gone"))
    return Verdict(records=count, head=Head(seq=seq, hash=before), faults=tuple(faults))


def _faults(row: Row[Any], before: bytes, seq: int, keys: Mapping[int, str]) -> Iterator[Fault]:
    if row.seq != seq + 1:
        yield Fault(seq=row.seq, what="removed", detail=f"{seq + 1} to {row.seq - 1}")
    if not isinstance(row.data, str) or not isinstance(row.hash, bytes):
        yield Fault(seq=row.seq, what="altered", detail="it is no record")
        return
    data = row.data.encode()
    source = keys.get(row.source, "")
    linked = link(before, row.seq, source, row.origin, row.at, row.kind, data)
    if row.seq == seq + 1 and linked != row.hash:
        yield Fault(seq=row.seq, what="altered")
    elif (row.node, row.severity) != columns(data):
        yield Fault(seq=row.seq, what="altered", detail="node or severity is not that of the data")


def columns(data: bytes) -> tuple[str, str]:
    """What the columns that repeat the data have to say: node and severity."""
    try:
        told = orjson.loads(data)
        return word(told.get("node", "")) or "", word(told.get("severity", "")) or ""
    except (ValueError, AttributeError):
        return "", ""
