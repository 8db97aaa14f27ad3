"""From a journal into the ledger, in order, nothing twice and nothing left out.

The ledger alone says what it has: what it committed is passed over, what it lost (because an old
backup of it was put back) is fed again as far as the journal still has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .entries import Entry, read
from .store import Ledger

#: Events of one transaction: few enough to hold in memory and to be quickly done on a slow card,
#: many enough that one flush of the disk is little beside them.
BATCH = 2000


class JournalSource(Protocol):
    """How a journal is known to the ledger."""

    @property
    def key(self) -> str:
        """Its own key."""

    @property
    def begins(self) -> int:
        """Events up to this id are known under another key."""

    @property
    def delivered(self) -> int:
        """The ledger has every event up to this id."""


class JournalEvent(Protocol):
    """One event."""

    @property
    def id(self) -> int:
        """Grows, and is never used twice under one key."""

    @property
    def at(self) -> float:
        """When it was (farm time)."""

    @property
    def kind(self) -> str:
        """What it was."""

    @property
    def data(self) -> Any:
        """What was recorded of it."""


class EventSource(Protocol):
    """What a journal offers the ledger. May block; may raise."""

    def source(self) -> JournalSource:
        """How it is known."""

    def begin_source(self, after: int) -> None:
        """From now on, events after this id are known under a new key."""

    def newest(self) -> int:
        """The id of the newest event; 0 when there is none."""

    def events_after(self, after: int, limit: int) -> Sequence[JournalEvent]:
        """The oldest events with a greater id, oldest first."""

    def delivered(self, upto: int) -> None:
        """The ledger has every event up to this id for good."""


class Feed:
    """One journal that feeds one open ledger."""

    def __init__(self, journal: EventSource, ledger: Ledger) -> None:
        """Find out where to go on. Raises LedgerError and what the journal raises."""
        self._journal = journal
        self._ledger = ledger
        source = journal.source()
        self._key = source.key
        self._after = max(source.begins, ledger.newest(source.key))
        if self._after > source.begins and not self._agree(self._after):
            self._part(source)

    def _agree(self, number: int) -> bool:
        """Whether the journal and the ledger mean the same event by this id."""
        found = self._journal.events_after(number - 1, 1)
        if not found or found[0].id != number:
            return False
        here = read(_entry(found[0]))
        return self._ledger.mark(self._key, number) == (here.at, here.kind)

    def _part(self, source: JournalSource) -> None:
        """The journal came back from a backup: what it had delivered then is the same, and perhaps
        some events after that; the rest of what the ledger has was lost to the journal."""
        same = source.delivered
        while self._agree(same + 1):
            same += 1
        self._journal.begin_source(same)
        self._key = self._journal.source().key
        self._after = same

    def once(self) -> int:
        """Write the next events that the journal has; how many. Raises LedgerError and what the
        journal raises; what was not written is tried again next time."""
        events = self._journal.events_after(self._after, BATCH)
        if not events:
            return 0
        self._ledger.append(self._key, [_entry(e) for e in events])
        self._after = events[-1].id
        self._journal.delivered(self._after)
        return len(events)

    def behind(self) -> int:
        """About how many events the ledger lacks."""
        return max(0, self._journal.newest() - self._after)


def _entry(found: JournalEvent) -> Entry:
    return Entry(origin=found.id, at=found.at, kind=found.kind, data=found.data)
