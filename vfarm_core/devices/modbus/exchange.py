"""Requests to one unit and their answers: in turn, bounded in time, and none taken for another.

Every way in which a request can fail has a name. After one without an answer the unit gets time to
finish: what comes late must not be taken for the answer to something else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusTimeoutError,
    ModbusUnit,
)

from .bus import Bus, GaveWayError, Priority
from .codec import Why
from .compiled import Request
from .health import WELL, Health
from .plan import Block
from .profile import Register

#: Answers of a gateway that stand for the silence of the device behind it.
_GATEWAY_SILENT = (10, 11)
#: Whatever a link shared with others takes, a request of ours is given up after so many timeouts.
_PATIENCE = 3.0


class _UnsettledError(Exception):
    """An answer may still be under way."""


class Exchange:
    """What goes to and comes from one `unit`. `sent` counts its requests, `health` says whether it
    answers. `registers` are all that may be asked for."""

    def __init__(
        self,
        unit: ModbusUnit,
        registers: Sequence[Register],
        *,
        bus: Bus,
        timeout_s: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.unit = unit
        self.health: Health = WELL
        self.sent = 0
        self._registers = registers
        self._bus = bus
        self._timeout_s = timeout_s
        self._clock = clock
        self._sleep = sleep
        #: A request that got no answer: until when it may still come, and what it asked for.
        self._late: tuple[float, Block | None] | None = None

    async def fetch(
        self, request: Request, priority: Priority
    ) -> tuple[Why | None, BaseException | None, dict[int, int] | None]:
        """Read a block when nothing late can be taken for its answer."""
        while True:
            settled = await self._settle(priority)
            if settled is not None:
                return settled, None, None
            try:
                return await self.send(request.read, priority, request.block, reads=True)
            except _UnsettledError:
                # While it waited for its turn, another request of ours got no answer.
                continue

    async def send[T](
        self,
        send: Callable[[], Awaitable[T]],
        priority: Priority,
        block: Block | None,
        *,
        reads: bool = False,
    ) -> tuple[Why | None, BaseException | None, T | None]:
        """Send in turn; every way it can fail has its name. With `reads` nothing is sent while an
        answer may be late: raises _UnsettledError."""
        timeout = self._timeout_s

        async def bounded() -> T:
            if reads and self._late is not None:
                raise _UnsettledError
            self.sent += 1
            async with asyncio.timeout(_PATIENCE * timeout):
                return await send()

        try:
            answer = await self._bus.request(priority, bounded)
        except asyncio.CancelledError:
            self.expect_late(block)
            raise
        except GaveWayError as err:
            self.expect_late(block)
            return Why.GAVE_WAY, err, None
        except (ModbusTimeoutError, TimeoutError) as err:
            self.expect_late(block)
            return Why.TIMEOUT, err, None
        except (ModbusConnectionError, OSError) as err:
            # A gateway hands to the next connection what the last one was still to get.
            self.expect_late(block)
            return Why.CONNECTION, err, None
        except ModbusExceptionError as err:
            if err.exception_code in _GATEWAY_SILENT:
                return Why.TIMEOUT, err, None
            self.health = self.health.answered()
            return Why.REFUSED, err, None
        except ModbusError as err:
            self.expect_late(block)
            return Why.GARBLED, err, None
        self.health = self.health.answered()
        return None, None, answer

    def expect_late(self, block: Block | None) -> None:
        """A request for `block` (None: a write) ended without its answer, which may still come."""
        self._late = (self._clock() + self._timeout_s, block)

    async def _settle(self, priority: Priority) -> Why | None:
        """After a request without an answer: wait until it cannot come any more, then ask for
        something whose answer looks different. On a serial line nothing but its shape tells which
        request an answer belongs to; taken for the next one it would be a wrong value."""
        if self._late is None:
            return None
        until, block = self._late
        wait = until - self._clock()
        if wait > 0:
            await self._sleep(wait)
        self._late = None
        if block is None or (block.count == 1 and not self._has_others(block)):
            # What may still come is this very register, a little older.
            return None
        count = block.count if block.whole or block.count == 1 else block.count - 1
        check = Block(block.space, block.start, count, (), whole=True)
        why, _, content = await self.send(Request(self.unit, check).read, priority, block)
        if content is None and why is not Why.REFUSED:
            return why
        if content is not None and count == block.count:
            # Not to be told from the late one: whichever is still under way gets its time.
            await self._sleep(self._timeout_s)
        return None

    def _has_others(self, block: Block) -> bool:
        here = (block.space, block.start)
        return any(r.readable and (r.space, r.address) != here for r in self._registers)
