"""A Modbus line as a process: a probe of air at address 1 (24.1 °C, 55.5 %) and a board of eight
relays at address 2, on a server by another maker than the client.

Usage: ``python modbus_field.py PORT``.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pymodbus.client import ModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

PROBE, BOARD, RELAYS = 1, 2, 8


def _bits(count: int) -> list[SimData]:
    return [SimData(0, values=[False] * count, datatype=DataType.BITS)]


def _words(start: int, *values: int) -> list[SimData]:
    return [SimData(start, values=list(values), datatype=DataType.REGISTERS)]


async def serve(port: int) -> None:
    """Answer until the process ends."""
    none = _words(0xFFFF, 0)
    devices = [
        # Coils, discrete inputs, holding registers, input registers.
        SimDevice(PROBE, simdata=(_bits(1), _bits(1), none, _words(1, 241, 555))),
        SimDevice(BOARD, simdata=(_bits(RELAYS), _bits(1), _words(0x8000, 100), none)),
    ]
    server = ModbusTcpServer(devices, address=("127.0.0.1", port))
    await server.serve_forever()


def relay(port: int, number: int) -> bool:
    """What the board itself says of a relay."""
    with ModbusTcpClient("127.0.0.1", port=port) as client:
        answer = client.read_coils(number - 1, count=1, device_id=BOARD)
        assert not answer.isError(), answer
        return bool(answer.bits[0])


@contextlib.contextmanager
def modbus_field(port: int) -> Iterator[int]:
    """The line in a process of its own; yields its port."""
    process = subprocess.Popen([sys.executable, Path(__file__), str(port)])
    try:
        for attempt in range(100):
            with ModbusTcpClient("127.0.0.1", port=port, retries=0) as client:
                if client.connect():
                    break
            assert attempt < 99, "the line does not come up"
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
