"""A serial line in a socket whose every answer a test decides: late, broken, foreign or none."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from vfarm_core.devices.modbus.frames import checksum

READS = (1, 2, 3, 4)


def framed(body: bytes) -> bytes:
    return body + checksum(body)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    unit: int
    function: int
    address: int
    count: int
    values: tuple[int, ...] = ()


@dataclass
class Station:
    """Holding registers of all units on a line, and what they are to do with each request: `plan`
    gives the name of a fault, or "" for a good answer."""

    words: dict[tuple[int, int], int]
    plan: Callable[[Asked], str] = lambda asked: ""
    asked: list[Asked] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    #: Seconds that a late answer takes.
    late_s: float = 0.0
    connections: int = 0

    def answer(self, asked: Asked) -> bytes:
        if asked.function in READS:
            keys = [(asked.unit, asked.address + at) for at in range(asked.count)]
            if not all(key in self.words for key in keys):
                return self.exception(asked, 2)
            data = b"".join(self.words[key].to_bytes(2, "big") for key in keys)
            return framed(bytes([asked.unit, asked.function, len(data)]) + data)
        for at, value in enumerate(asked.values):
            self.words[asked.unit, asked.address + at] = value
        tail = asked.values[0] if asked.function == 6 else asked.count
        head = bytes([asked.unit, asked.function]) + asked.address.to_bytes(2, "big")
        return framed(head + tail.to_bytes(2, "big"))

    @staticmethod
    def exception(asked: Asked, code: int) -> bytes:
        return framed(bytes([asked.unit, asked.function | 0x80, code]))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        late: list[asyncio.Task[None]] = []
        try:
            while True:
                head = await reader.readexactly(6)
                body = b""
                if head[1] == 16:
                    body = await reader.readexactly(1)
                    body += await reader.readexactly(body[0])
                await reader.readexactly(2)
                count = int.from_bytes(head[4:6], "big")
                values: tuple[int, ...] = ()
                if head[1] == 6:
                    values, count = (count,), 1
                elif head[1] == 16:
                    values = tuple(
                        int.from_bytes(body[at : at + 2], "big") for at in range(1, len(body), 2)
                    )
                asked = Asked(head[0], head[1], int.from_bytes(head[2:4], "big"), count, values)
                self.asked.append(asked)
                if not await self.react(asked, writer, late):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            for task in late:
                task.cancel()
            writer.close()

    async def react(
        self, asked: Asked, writer: asyncio.StreamWriter, late: list[asyncio.Task[None]]
    ) -> bool:
        """Answer, or not; False ends the connection."""
        fault = self.plan(asked)
        good = self.answer(asked) if fault not in ("silent", "refused", "lost") else b""

        async def send_late(data: bytes) -> None:
            await asyncio.sleep(self.late_s)
            writer.write(data)

        match fault:
            case "":
                writer.write(good)
            case "silent" | "deaf":
                pass
            case "late":
                late.append(asyncio.ensure_future(send_late(good)))
            case "foreign":
                other = good[:-2]
                writer.write(framed(bytes([asked.unit + 1]) + other[1:]))
            case "refused":
                writer.write(self.exception(asked, 6))
            case "garbage":
                writer.write(self.random.randbytes(self.random.randint(1, 40)))
            case "flipped":
                bit = self.random.randrange(8 * len(good))
                broken = bytearray(good)
                broken[bit // 8] ^= 1 << bit % 8
                writer.write(bytes(broken))
            case "half":
                writer.write(good[: max(1, len(good) // 2)])
            case "twice":
                writer.write(good + good)
            case "pieces":
                for at in range(len(good)):
                    writer.write(good[at : at + 1])
                    await asyncio.sleep(0)
            case "dropped" | "lost":
                return False
            case _:
                raise AssertionError(fault)
        return True


@contextlib.asynccontextmanager
async def on_wire(station: Station) -> AsyncIterator[int]:
    """The line in a socket; yields its port."""
    server = await asyncio.start_server(station.serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
