"""The runtime's ports, implemented with the simulated farm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..control.clock import Due, Now
from ..control.effects import Command, Event, Record
from ..control.inputs import CommandResult, Input
from ..control.snapshot import Snapshot
from ..farm.bindings import Binding
from ..runtime.journal import JournalError
from ..runtime.totals import Totals
from .farm import Twin, UnknownPointError


class SimClock:
    """Both clocks, moved by hand. Farm time runs `speed` times as fast as monotonic time."""

    def __init__(self, start: float, *, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed {speed} must be more than 0")
        self._farm = start
        self._mono = 0.0
        self.speed = speed

    def now(self) -> Now:
        """The two clocks."""
        return Now(self._farm, self._mono)

    def elapsed(self, since: Now, now: Now) -> float:
        """Seconds of farm time that have passed: nobody sets this clock."""
        return now.farm - since.farm

    def advance_to(self, farm: float) -> None:
        """Move on to a farm time; time never runs backwards."""
        if farm > self._farm:
            self._mono += (farm - self._farm) / self.speed
            self._farm = farm

    def advance(self, real_s: float) -> None:
        """Move on by real seconds."""
        self._mono += max(0.0, real_s)
        self._farm += max(0.0, real_s) * self.speed

    def farm_time_of(self, due: Due) -> float | None:
        """The farm time at which `due` comes at the present speed; None for never."""
        times = [] if due.farm is None else [due.farm]
        if due.mono is not None:
            times.append(self._farm + (due.mono - self._mono) * self.speed)
        return min(times, default=None)


class TwinActuators:
    """Carries commands to the simulated devices. `feed` takes what could not be carried out; that a
    device took a command says nothing that its report does not prove."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self.feed: Callable[[Input], None] = lambda _: None
        self.sent = 0

    def send(self, command: Command, binding: Binding) -> None:
        """Drive the device; its effect shows as a report."""
        self.sent += 1
        try:
            self._twin.command(binding.id, command.value, duration_s=command.duration_s)
        except UnknownPointError as err:
            self.feed(CommandResult(command.id, binding.id, f"unknown point {err}"))


class BlockingJournal(Protocol):
    """What `runtime.journal.Journal` offers a writer."""

    def append(self, records: Sequence[Record]) -> None:
        """One transaction, durable on return; raises JournalError."""


class MemoryJournal:
    """A journal that lasts as long as the simulation: the newest of each slice, and the events.

    `on_disk` is a real journal to write through, where it must survive. `error` makes every write
    fail while it is set.
    """

    def __init__(self, on_disk: BlockingJournal | None = None) -> None:
        self.slices: dict[str, Any] = {}
        self.events: list[Record] = []
        self.error: str | None = None
        self._on_disk = on_disk

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        """Keep the records and say so at once."""
        if self.error is None and self._on_disk is not None:
            try:
                self._on_disk.append(records)
            except JournalError as err:
                done(str(err))
                return
        if self.error is not None:
            done(self.error)
            return
        for record in records:
            if record.key is None:
                self.events.append(record)
            elif record.data is None:
                self.slices.pop(record.key, None)
            else:
                self.slices[record.key] = record.stored()
        done(None)


class DiskJournal:
    """A journal on disk, written as the records come."""

    def __init__(self, journal: BlockingJournal) -> None:
        self._journal = journal

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        """Write the records and say whether they are on disk."""
        try:
            self._journal.append(records)
        except JournalError as err:
            done(str(err))
        else:
            done(None)


class Collector:
    """A listener that keeps what it hears: events in order, the newest snapshots, the due time."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.snapshots: dict[str, Snapshot] = {}
        self.published_count = 0
        self.due: Due | None = None

    def published(self, node: str, snapshot: Snapshot) -> None:
        """The snapshot of a node changed."""
        self.published_count += 1
        self.snapshots[node] = snapshot

    def emitted(self, event: Event) -> None:
        """Something happened."""
        self.events.append(event)

    def due_changed(self, due: Due) -> None:
        """When the runtime wants to be called next."""
        self.due = due

    def totals_changed(self, totals: Totals) -> None:
        """Totals are read from the runtime."""
