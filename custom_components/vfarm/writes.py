"""How often entities write their state: a measured value at most once a minute."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from homeassistant.core import HomeAssistant, callback

#: The shortest time between two states of a measured value (real s).
INTERVAL_S = 60.0


class Writer(Protocol):
    """An entity that can write its state."""

    def write(self) -> None:
        """Write the state now."""


class WriteBudget:
    """Writes at once what is discrete or was quiet; keeps the rest until its minute is over. One
    timer serves all entities, and none runs while nothing waits."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._loop = hass.loop
        self._next: dict[Writer, float] = {}
        self._waiting: set[Writer] = set()
        self._timer: asyncio.TimerHandle | None = None

    @callback
    def ask(self, writer: Writer, *, urgent: bool) -> None:
        """Write now, or as soon as the writer may again."""
        now = time.monotonic()
        if urgent or self._next.get(writer, 0.0) <= now:
            self._waiting.discard(writer)
            self._next[writer] = now + INTERVAL_S
            writer.write()
            return
        self._waiting.add(writer)
        if self._timer is None:
            self._arm()

    @callback
    def forget(self, writer: Writer) -> None:
        """The entity is gone."""
        self._next.pop(writer, None)
        self._waiting.discard(writer)
        if not self._waiting:
            self.close()

    @callback
    def _arm(self) -> None:
        at = min(self._next[writer] for writer in self._waiting)
        self._timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._flush)

    @callback
    def _flush(self) -> None:
        self._timer = None
        # A timer may come a little early; what is due within a second goes along.
        now = time.monotonic() + 1.0
        for writer in [w for w in self._waiting if self._next[w] <= now]:
            self._waiting.discard(writer)
            self._next[writer] = now + INTERVAL_S - 1.0
            writer.write()
        if self._waiting and self._timer is None:
            self._arm()

    @callback
    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
