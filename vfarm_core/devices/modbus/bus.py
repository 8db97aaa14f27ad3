"""Whose turn it is on a link that several devices share.

A link carries one request at a time. What is written overtakes every read that waits, and what
merely looks whether a silent device is back gives way at once, so that a dead device delays nobody.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import IntEnum
from itertools import count


class Priority(IntEnum):
    """Who goes first."""

    WRITE = 0
    READ = 1
    PROBE = 2


class GaveWayError(Exception):
    """A look at a silent device was given up because something was to be written."""


class Bus:
    """The turns of one link. All devices of a link share one."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._order = count()
        self._probe: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for the link, then hold it for one request."""
        await self._take(priority)
        try:
            yield
        finally:
            self._pass_on()

    async def request[T](self, priority: Priority, send: Callable[[], Awaitable[T]]) -> T:
        """Send one request when its turn comes. Raises GaveWayError for a probe that was given up,
        and what `send` raises."""
        async with self.turn(priority):
            if priority is not Priority.PROBE:
                return await send()
            if any(entry[0] is Priority.WRITE for entry in self._waiting):
                raise GaveWayError
            return await self._as_probe(send)

    async def _as_probe[T](self, send: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await send()

        task = asyncio.ensure_future(run())
        self._probe = task
        try:
            # Shielded: who cancels us means us, who cancels the task means the probe alone.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._probe is not task and task.done():
                raise GaveWayError from None
            task.cancel()
            raise
        finally:
            if self._probe is task:
                self._probe = None

    async def _take(self, priority: Priority) -> None:
        if not self._busy:
            self._busy = True
            return
        if priority is Priority.WRITE and self._probe is not None:
            probe, self._probe = self._probe, None
            probe.cancel()
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), ready))
        try:
            await ready
        except asyncio.CancelledError:
            if ready.done() and not ready.cancelled():
                # The turn was ours already: whoever is next must not wait for us.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, ready = heapq.heappop(self._waiting)
            if not ready.done():
                ready.set_result(None)
                return
        self._busy = False
