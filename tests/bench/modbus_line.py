"""A serial line behind a gateway: one request at a time, each answered after the same while.

It keeps what was asked and when, so that whoever uses it is measured from outside.
"""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

READ_HOLDING = 3
WRITE_ONE = 6
#: The register of each unit that is written.
WRITTEN = 100


def holds(address: int) -> int:
    """What a register holds that was never written."""
    return 200 + address


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: when it came, when it was answered (None: never), and for what."""

    at: float
    answered: float | None
    unit: int
    function: int
    address: int
    count: int


@dataclass
class GatewayLine:
    """Units that all hold the same registers. `silent` units say nothing; the line is free again
    for the next request at once, as the gateway does not wait for them."""

    latency_s: float
    silent: frozenset[int] = frozenset()
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    written: dict[tuple[int, int], int] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes."""
        try:
            while True:
                head = await reader.readexactly(7)
                transaction, _, length, unit = struct.unpack(">HHHB", head)
                body = await reader.readexactly(length - 1)
                begun = time.monotonic()
                function, address, count = struct.unpack(">BHH", body[:5])
                if unit in self.silent:
                    self.asked.append(Asked(begun, None, unit, function, address, count))
                    continue
                async with self._lock:
                    await asyncio.sleep(self.latency_s)
                answer = self._answer(unit, function, address, count, body)
                writer.write(struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer)
                done = time.monotonic()
                self.asked.append(Asked(begun, done, unit, function, address, count))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, unit: int, function: int, address: int, count: int, body: bytes) -> bytes:
        if function == WRITE_ONE:
            self.written[unit, address] = count
            return body
        if function != READ_HOLDING:
            return bytes([function | 0x80, 1])
        words = [self.written.get((unit, address + at), holds(address + at)) for at in range(count)]
        return struct.pack(f">BB{count}H", function, 2 * count, *words)


@contextmanager
def running(line: GatewayLine) -> Iterator[GatewayLine]:
    """The line in a thread of its own, so that its clients are not measured with it."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
        line.port = server.sockets[0].getsockname()[1]
        ready.set()
        await over.wait()
        server.close()
        server.close_clients()
        await server.wait_closed()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the line does not come up")
    try:
        yield line
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
