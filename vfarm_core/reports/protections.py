"""The report card of what was tried of the protections of stations: who saw what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from ..farm.people import TOKEN
from ..ledger.chain import is_pruned
from ..ledger.schema import people, records
from ..ledger.store import Ledger

_KINDS = ("protection_worked", "protection_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One protection of an actuator that was tried, at `at` (epoch seconds of farm time). `loss` is
    what was cut, empty where a person only noted what they saw; `after_s` (s) None where nobody
    timed it; `seen_by` is `state`, `feedback` or `person`."""

    at: float
    node: str
    point: str
    protection: str
    worked: bool
    after_s: float | None
    loss: str
    seen_by: str
    who: str
    note: str


def protections(
    ledger: Ledger,
    *,
    point: str | None = None,
    since: float | None = None,
    until: float | None = None,
) -> list[Tried]:
    """Everything that was tried and that the history still has, the oldest first: of one binding,
    or within a time."""
    question = select(records).where(records.c.kind.in_(_KINDS)).order_by(records.c.seq)
    if since is not None:
        question = question.where(records.c.at >= since)
    if until is not None:
        question = question.where(records.c.at < until)
    with ledger.reading() as connection:
        names = {row.token: row.person for row in connection.execute(select(people))}
        rows = connection.execute(question).all()
    found = []
    for row in rows:
        if is_pruned(row.data):
            continue
        data: dict[str, Any] = orjson.loads(row.data)
        if point is not None and data.get("point") != point:
            continue
        by = str(data.get("by", ""))
        found.append(
            Tried(
                at=row.at,
                node=row.node,
                point=str(data.get("point", "")),
                protection=str(data.get("protection", "")),
                worked=row.kind == "protection_worked",
                after_s=data.get("after_s"),
                loss=str(data.get("loss", "")),
                seen_by=str(data.get("seen_by", "")),
                who=names.get(by, by) if by.startswith(TOKEN) else by,
                note=str(data.get("note", "")),
            )
        )
    return found
