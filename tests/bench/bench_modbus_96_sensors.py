"""Ninety-six sensors on one Modbus line: 24 units of four registers, 20 ms an answer, every 15 s.

The peer is Home Assistant's own `modbus` in YAML, on a line of its own in the same run. Both are
measured from the line's end. First all units answer; then one says nothing, and healthy units are
written to. `VFARM_MODBUS_DEAD_S` makes the second part shorter: at least 60 s, or the peer does not
come round.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count, cycle, pairwise
from pathlib import Path
from typing import Any

from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from tests.bench.modbus_line import READ_HOLDING, WRITTEN, Asked, GatewayLine, holds, running
from vfarm_core.devices.modbus.bus import Bus
from vfarm_core.devices.modbus.device import Device, Poll
from vfarm_core.devices.modbus.line import Line
from vfarm_core.devices.modbus.load import load_profile

ROOT = Path(__file__).resolve().parents[2]
UNITS = 24
REGISTERS = 4
LATENCY_S = 0.02
INTERVAL_S = 15
#: Three cycles: at the start, after 15 s and after 30 s.
HEALTHY_S = 33.0
DEAD_S = float(os.environ.get("VFARM_MODBUS_DEAD_S", "150"))
SILENT = 13
#: Seconds from one write to the next.
WRITES_S = 2.3
#: Home Assistant's own default.
PEER_TIMEOUT_S = 5
PEER = "Home Assistant's modbus in YAML, in the same run"

#: A probe as there are many: ten times its usual time for an answer, no pauses beside it, as the
#: peer has none.
PROFILE = load_profile(
    f"""\
schema: vfarm-modbus-map/1
id: bench
name: Four sensors and a switch
kind: [sensor, actuator]
confidence: low
link: {{baud: 9600, parity: N, stopbits: 1, unit: 1}}
limits: {{max_registers: 8, max_gap: 0, min_spacing_ms: 0, timeout_ms: 200}}
defaults: {{space: holding, word_order: big, byte_order: big}}
registers:
  - {{key: moisture, addr: 0, type: uint16, scale: 0.1, access: r, role: substrate.vwc}}
  - {{key: temperature, addr: 1, type: int16, scale: 0.1, access: r, role: substrate.temperature}}
  - {{key: ec, addr: 2, type: uint16, access: r, role: substrate.ec_bulk}}
  - {{key: ph, addr: 3, type: uint16, scale: 0.1, access: r, role: substrate.ph}}
  - {{key: switch, addr: {WRITTEN}, type: uint16, access: rw}}
sources: [the benchmark]
"""
)


async def main() -> None:
    """Print every row."""
    with running(GatewayLine(LATENCY_S)) as ours, running(GatewayLine(LATENCY_S)) as theirs:
        async with peer(theirs.port) as write_theirs, farm(ours.port) as write_ours:
            await asyncio.sleep(HEALTHY_S)
            healthy = [cycles(line.asked) for line in (ours, theirs)]
            silenced = time.monotonic()
            for line in (ours, theirs):
                line.silent = frozenset({SILENT})
            taken = await asyncio.gather(
                writes(write_ours, silenced + DEAD_S), writes(write_theirs, silenced + DEAD_S)
            )
            ended = time.monotonic()
    requests = [statistics.median(len(one) for one in line) for line in healthy]
    seconds = [statistics.median(spent(one) for one in line) for line in healthy]
    gaps = [longest(line.asked, silenced, ended) for line in (ours, theirs)]
    _row("modbus_96_requests_per_cycle", requests[0], "requests", PEER, requests)
    _row("modbus_96_seconds_per_cycle", seconds[0], "s", PEER, seconds)
    share = 100 * statistics.median(busy(one) / spent(one) for one in healthy[0])
    limit = "the line's own time for one request a unit"
    _row("modbus_96_share_of_limit", share, "%", limit, None)
    _row("modbus_96_dead_unit_healthy_interval", gaps[0], "s", PEER, gaps)
    slowest = max(taken[0])
    median = [slowest, statistics.median(taken[1])]
    told = f"{PEER}, its median; ours is the slowest of {len(taken[0])}, proved"
    _row("modbus_96_dead_unit_write_latency", slowest, "s", told, median)


type Write = Callable[[int], Awaitable[None]]


# --- The two clients ----------------------------------------------------------------------------


@asynccontextmanager
async def farm(port: int) -> Any:
    """vfarm's reader and writer on the line; yields how to write to a unit."""
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    bus = Bus()
    devices = {
        unit: Device(connection.for_unit(unit), PROFILE, bus=bus) for unit in range(1, UNITS + 1)
    }

    def publish(name: str, poll: Poll) -> None:
        for key, reading in poll.good.items():
            register = PROFILE.register(key)
            if register.address < REGISTERS and reading.words != (holds(register.address),):
                raise RuntimeError(f"unit {name}: {key} is {reading}")

    async def write(unit: int) -> None:
        value = int(time.monotonic() * 1000) % 60_000
        written = await devices[unit].write("switch", value)
        if not written.ok:
            raise RuntimeError(str(written))

    polling = asyncio.create_task(
        Line({str(unit): device for unit, device in devices.items()}).run(publish)
    )
    try:
        yield write
        if polling.done():
            polling.result()
    finally:
        polling.cancel()
        await connection.close()


@asynccontextmanager
async def peer(port: int) -> Any:
    """Home Assistant in a process of its own; yields how to write to a unit."""
    python = ROOT / ".venvs" / "integration" / "bin" / "python"
    script = ROOT / "tests" / "bench" / "peer_modbus.py"
    numbers = (port, UNITS, REGISTERS, INTERVAL_S, PEER_TIMEOUT_S)
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(script),
        *(str(number) for number in numbers),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if await process.stdout.readline() != b"ready\n":
        raise SystemExit("the peer does not start: scripts/setup integration")

    waiting: dict[int, asyncio.Future[None]] = {}

    async def hear() -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            done = waiting.pop(int(line.split()[0]), None)
            if done is not None and not done.done():
                done.set_result(None)

    async def write(unit: int) -> None:
        assert process.stdin is not None
        number = next(numbered)
        waiting[number] = asyncio.get_running_loop().create_future()
        process.stdin.write(f"{number} {unit}\n".encode())
        await waiting[number]

    numbered = count(1)
    hearing = asyncio.create_task(hear())
    try:
        yield write
    finally:
        hearing.cancel()
        process.kill()
        await process.wait()


async def writes(write: Write, until: float) -> list[float]:
    """Seconds that writes to healthy units took. One is begun every while, whatever became of those
    before it; what is not done at the end counts with what it took so far."""
    healthy = [unit for unit in range(1, UNITS + 1) if unit != SILENT]
    begun: list[tuple[float, asyncio.Task[float]]] = []

    async def timed(unit: int, at: float) -> float:
        await write(unit)
        return time.monotonic() - at

    for unit in cycle(healthy):
        now = time.monotonic()
        if now >= until:
            break
        begun.append((now, asyncio.create_task(timed(unit, now))))
        await asyncio.sleep(WRITES_S)
    taken = []
    for at, task in begun:
        if task.done():
            taken.append(task.result())
        else:
            task.cancel()
            taken.append(time.monotonic() - at)
    return taken


# --- What was seen at the line's end ------------------------------------------------------------


def reads(asked: Sequence[Asked]) -> list[Asked]:
    return [a for a in asked if a.function == READ_HOLDING and a.address < REGISTERS]


def cycles(asked: Sequence[Asked]) -> list[list[Asked]]:
    """The requests of each cycle but the first, in which links are opened."""
    found: list[list[Asked]] = []
    for request in reads(asked):
        if not found or request.at - found[-1][-1].at > INTERVAL_S / 3:
            found.append([])
        found[-1].append(request)
    return found[1:]


def spent(requests: Sequence[Asked]) -> float:
    return max(a.answered or a.at for a in requests) - min(a.at for a in requests)


def busy(requests: Sequence[Asked]) -> float:
    """Seconds that the line itself needed for one request of each unit."""
    first = {request.unit: request for request in reversed(requests)}
    return sum((a.answered or a.at) - a.at for a in first.values())


def longest(asked: Sequence[Asked], since: float, until: float) -> float:
    """The longest time that a healthy unit's first register went without a fresh value."""
    return max(
        max(gaps(asked, unit, since, until)) for unit in range(1, UNITS + 1) if unit != SILENT
    )


def gaps(asked: Sequence[Asked], unit: int, since: float, until: float) -> Iterator[float]:
    fresh = [a.answered for a in reads(asked) if a.unit == unit and a.address == 0 and a.answered]
    before = [at for at in fresh if at <= since][-1:]
    for earlier, later in pairwise([*before, *(at for at in fresh if at > since), until]):
        yield later - earlier


def _row(
    name: str, value: float, unit: str, peer_: str | None, pair: Sequence[float] | None
) -> None:
    told: dict[str, Any] = {"name": name, "value": round(value, 3), "unit": unit, "peer": peer_}
    told["ratio"] = None if pair is None else round(pair[1] / pair[0], 3)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    if DEAD_S < 60:
        sys.exit("VFARM_MODBUS_DEAD_S: at least 60")
    asyncio.run(main())
