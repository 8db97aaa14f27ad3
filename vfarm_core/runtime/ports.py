"""What the runtime needs from the outside. The shell implements the ports with Home Assistant, the
twin with simulated hardware. No port may block, and none may raise into the runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..control.clock import Due, Now
from ..control.effects import Command, Event, Record
from ..control.snapshot import Snapshot
from ..farm.bindings import Binding
from .totals import Totals


class Clock(Protocol):
    """The two clocks."""

    def now(self) -> Now:
        """Farm time and monotonic time."""

    def elapsed(self, since: Now, now: Now) -> float | None:
        """Seconds of farm time that have passed between two looks at this clock, whatever was set
        meanwhile. None where the machine may have slept and nothing says for how long."""


class Actuators(Protocol):
    """Carries commands to entities. Answers later with `CommandResult` through `Runtime.feed`
    (or at once, from within `send`); the effect shows as a `Report`."""

    def send(self, command: Command, binding: Binding) -> None:
        """Start carrying out a command; must return at once."""


class JournalWriter(Protocol):
    """Writes records durably, in order, all of one call or none."""

    def append(self, records: Sequence[Record], done: Callable[[str | None], None]) -> None:
        """Start writing; call `done(None)` when the records are on disk, or `done(error)`."""


class Listener(Protocol):
    """Hears what the farm looks like and what happens in it."""

    def published(self, node: str, snapshot: Snapshot) -> None:
        """The snapshot of a node changed."""

    def emitted(self, event: Event) -> None:
        """Something happened."""

    def due_changed(self, due: Due) -> None:
        """The runtime wants `tick` to be called at `due` (on either clock)."""

    def totals_changed(self, totals: Totals) -> None:
        """More energy or water was used, every few minutes at most."""
