"""Who did what, to what, what it was before and after, why, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from ..farm.people import TOKEN
from ..ledger.schema import audit, people
from ..ledger.store import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that somebody did. `who` is a user (`user:<id>`) or, of an older record, a name;
    the token of one who was forgotten; an automation or a controller. `at` is epoch seconds of farm
    time."""

    seq: int
    at: float
    who: str
    what: str
    node: str
    target: str
    before: str | None
    after: str | None
    why: str
    result: str


def deeds(
    ledger: Ledger,
    *,
    who: Collection[str] | None = None,
    since: float | None = None,
    until: float | None = None,
    limit: int = 1000,
) -> list[Deed]:
    """The newest deeds, the oldest first: of some people (users, names or tokens), automations or
    controllers, within a time."""
    with ledger.reading() as connection:
        names = {row.token: row.person for row in connection.execute(select(people))}
        question = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if who is not None:
            tokens = [token for token, name in names.items() if name in who]
            question = question.where(audit.c.who.in_([*who, *tokens]))
        if since is not None:
            question = question.where(audit.c.at >= since)
        if until is not None:
            question = question.where(audit.c.at < until)
        rows = connection.execute(question).all()
    return [
        Deed(
            seq=row.seq,
            at=row.at,
            who=names.get(row.who, row.who) if row.who.startswith(TOKEN) else row.who,
            what=row.what,
            node=row.node,
            target=names.get(row.target, row.target),
            before=row.before,
            after=row.after,
            why=row.why,
            result=row.result,
        )
        for row in reversed(rows)
    ]
