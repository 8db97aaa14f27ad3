"""A history from one ledger into another: the same records with the same hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from .errors import LedgerError
from .projection import UNCLEAR
from .schema import dead_letters, people, records, sources
from .store import Ledger

#: Records of one transaction.
_STEP = 5000


class OtherHistoryError(LedgerError):
    """The other ledger holds another history: another farm's, or this one's that went on apart."""


def carry(source: Ledger, target: Ledger) -> int:
    """Write into `target` what `source` has and it has not; how many records. Where it was ended
    by something, it goes on from there next time. Raises OtherHistoryError when neither is the
    beginning of the other, and LedgerError."""
    if not fits(source, target):
        raise OtherHistoryError("the ledger holds another history")
    there, here = source.head(), target.head()
    if there.seq <= here.seq:
        return 0
    with source.reading() as connection:
        keys = {row.id: row.key for row in connection.execute(select(sources))}
        names = [(row.token, row.person) for row in connection.execute(select(people))]
        unread = select(dead_letters).where(
            ~dead_letters.c.reason.startswith(UNCLEAR, autoescape=True)
        )
        dead = {row.seq: row.reason for row in connection.execute(unread)}
    carried = 0
    while rows := _after(source, here.seq + carried):
        target.take_over(keys, rows, {r.seq: dead[r.seq] for r in rows if r.seq in dead})
        carried += len(rows)
    target.take_over_people(names)
    return carried


def fits(one: Ledger, other: Ledger) -> bool:
    """Whether one history is the beginning of the other."""
    there, here = one.head(), other.head()
    if there.seq <= here.seq:
        return not there.seq or _hash(other, there.seq) == there.hash
    return not here.seq or _hash(one, here.seq) == here.hash


def _after(ledger: Ledger, seq: int) -> Sequence[Row[Any]]:
    question = select(records).where(records.c.seq > seq).order_by(records.c.seq).limit(_STEP)
    with ledger.reading() as connection:
        return connection.execute(question).all()


def _hash(ledger: Ledger, seq: int) -> bytes | None:
    with ledger.reading() as connection:
        found: bytes | None = connection.scalar(select(records.c.hash).where(records.c.seq == seq))
    return found
