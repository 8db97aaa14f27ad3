"""A meter that is visited now and then: connect, read, leave, and stay away from a silent one.

A meter on coin cells serves one client at a time, and a Bluetooth proxy has about three places. So
a connection lives only as long as one visit, and visits that share a radio take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .errors import BleError, FrameError, RestingError, UnreachableError
from .visits import Client

#: Makes a connection, or raises one of the session's `failures`.
type Connect = Callable[[], Awaitable[Client]]
#: What is done in a visit, such as `read_water_tester`.
type Visit[T] = Callable[[Client], Awaitable[T]]

#: What a lost or slow connection raises in Python itself; whoever brings a radio adds its own.
FAILURES: tuple[type[Exception], ...] = (TimeoutError, OSError, EOFError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a meter is visited, s. `every_s`: at least five minutes save its cells (device
    reference, yinmik). After each visit in a row that failed the pause doubles, up to `longest_s`.
    A visit and its connection take `visit_s` at most, leaving `leave_s` (design choices: time for
    four attempts to connect, of 20 s each)."""

    every_s: float = 300.0
    longest_s: float = 3600.0
    visit_s: float = 90.0
    leave_s: float = 5.0

    def pause_s(self, failed: int) -> float:
        """The pause after so many failed visits in a row."""
        # Ten doublings are more than any pause is long, and no number too large for a float.
        doubled = self.every_s * 2.0 ** min(failed, 10)
        return min(doubled, max(self.every_s, self.longest_s))


class Session[T]:
    """Visits of one meter. `clock` says seconds (monotonic); `turn` is a lock that sessions on one
    radio share. Frames that cannot be believed and connections that fail count alike."""

    def __init__(
        self,
        connect: Connect,
        visit: Visit[T],
        clock: Callable[[], float],
        *,
        pace: Pace | None = None,
        failures: tuple[type[Exception], ...] = FAILURES,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._connect = connect
        self._visit = visit
        self._clock = clock
        self._pace = pace or Pace()
        self._failures = (*FAILURES, *failures)
        self._turn = turn or asyncio.Lock()
        self._resting_until: float | None = None
        #: Failed visits in a row, and what the last one failed of.
        self.failed = 0
        self.problem: BleError | None = None

    @property
    def due_at(self) -> float | None:
        """When the meter may be visited again (s of the session's clock); None at once."""
        return self._resting_until

    @property
    def is_due(self) -> bool:
        """Whether the meter may be visited now."""
        return self._resting_until is None or self._clock() >= self._resting_until

    async def visit(self) -> T:
        """One visit. Raises RestingError before it is due, FrameError for a meter that answers
        nonsense, UnreachableError for one that does not answer."""
        async with self._turn:
            if self._resting_until is not None and self._clock() < self._resting_until:
                raise RestingError(self._resting_until)
            try:
                found = await self._connected()
            except FrameError as error:
                self._rest(error)
                raise
            except self._failures as error:
                unreachable = UnreachableError(str(error) or type(error).__name__)
                self._rest(unreachable)
                raise unreachable from error
            self._rest(None)
            return found

    def wake(self) -> None:
        """A person asks for a value now, or the meter was seen again after a long time: the pause
        is over. What has failed before still counts."""
        self._resting_until = None

    async def _connected(self) -> T:
        client: Client | None = None
        try:
            async with asyncio.timeout(self._pace.visit_s):
                client = await self._connect()
                return await self._visit(client)
        finally:
            if client is not None:
                await self._leave(client)

    async def _leave(self, client: Client) -> None:
        """Leave, whatever happened: a connection that is kept locks everyone else out."""
        leaving = asyncio.ensure_future(self._disconnected(client))
        await asyncio.shield(leaving)

    async def _disconnected(self, client: Client) -> None:
        try:
            async with asyncio.timeout(self._pace.leave_s):
                await client.disconnect()
        except self._failures:
            # It is gone already, or goes when it finds nobody there: the values are good.
            return

    def _rest(self, problem: BleError | None) -> None:
        self.failed = 0 if problem is None else self.failed + 1
        self.problem = problem
        self._resting_until = self._clock() + self._pace.pause_s(self.failed)
