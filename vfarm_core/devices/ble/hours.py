"""The history of a plant sensor as hours, as statistics keep it: one entry an hour, none twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .miflora import Entry
from .visits import Kept

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Hour:
    """What was kept in the hour that began at `start` (s since the epoch, a full hour)."""

    start: int
    entry: Entry


def by_hour(kept: Iterable[Kept], after: int | None = None) -> tuple[Hour, ...]:
    """The entries of a history, oldest first, each with an hour of its own. `after` is the start of
    the last hour that was taken before.

    The clock of a sensor drifts, so that an entry can come to lie a moment before the hour that it
    is the entry of: it then has the next one. So no hour is told twice and no entry is lost, and an
    entry is put off by less than an hour.
    """
    found: list[Hour] = []
    last = after
    for one in kept:
        start = int(one.at // _HOUR_S) * _HOUR_S
        if last is not None and start <= last:
            start = last + _HOUR_S
        found.append(Hour(start, one.entry))
        last = start
    return tuple(found)
