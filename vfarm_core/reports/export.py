"""The whole history, record by record, as it is chained."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from sqlalchemy import select

from ..ledger.chain import is_pruned
from ..ledger.schema import records, sources
from ..ledger.store import Ledger


def lines(ledger: Ledger, *, kind: str | None = None) -> Iterator[bytes]:
    """Every record, or those of one kind, as one JSON object a line with its hash."""
    with ledger.reading() as connection:
        keys = {row.id: row.key for row in connection.execute(select(sources))}
        question = select(records).order_by(records.c.seq).execution_options(yield_per=5000)
        if kind is not None:
            question = question.where(records.c.kind == kind)
        with connection.execute(question) as found:
            for row in found:
                yield orjson.dumps(
                    {
                        "seq": row.seq,
                        "source": keys.get(row.source),
                        "origin": row.origin,
                        "at": row.at,
                        "kind": row.kind,
                        "data": None if is_pruned(row.data) else orjson.Fragment(row.data),
                        "hash": row.hash.hex(),
                    }
                )
