"""Modbus servers by two independent makers, on loopback, with the memory a test gives them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from modbus_connection import ModbusSerialParams, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType as Kind
from pymodbus.simulator import SimData, SimDevice
from tmodbus.exceptions import IllegalDataAddressError
from tmodbus.pdu.coils import ReadCoilsPDU, WriteMultipleCoilsPDU, WriteSingleCoilPDU
from tmodbus.pdu.discrete_inputs import ReadDiscreteInputsPDU
from tmodbus.pdu.holding_registers import (
    ReadHoldingRegistersPDU,
    ReadInputRegistersPDU,
    WriteMultipleRegistersPDU,
    WriteSingleRegisterPDU,
)
from tmodbus.server import AsyncRtuOverTcpServer, AsyncTcpServer, ModbusRequestRouter

from vfarm_core.devices.modbus.codec import encode
from vfarm_core.devices.modbus.profile import DataType, Profile, Register, Space

#: (maker, framing) of every server that a device is tried on.
SERVERS = (("pymodbus", "tcp"), ("pymodbus", "rtu"), ("tmodbus", "tcp"), ("tmodbus", "rtu"))


@dataclass
class Bank:
    """The memory of one unit: what is not in it is answered as an illegal address."""

    words: dict[tuple[Space, int], int] = field(default_factory=dict)
    requests: list[tuple[str, int, int]] = field(default_factory=list)

    def put(self, space: Space, start: int, words: Iterable[int]) -> None:
        for offset, word in enumerate(words):
            self.words[space, start + offset] = word

    def take(self, space: Space, start: int, count: int, function: int) -> list[int]:
        self.requests.append(("read", start, count))
        addresses = [(space, start + offset) for offset in range(count)]
        if not all(address in self.words for address in addresses):
            raise IllegalDataAddressError(function)
        return [self.words[address] for address in addresses]

    def set(self, space: Space, start: int, words: Iterable[int], function: int) -> None:
        given = list(words)
        self.requests.append(("write", start, len(given)))
        for offset, word in enumerate(given):
            if (space, start + offset) not in self.words:
                raise IllegalDataAddressError(function)
            self.words[space, start + offset] = int(word)


#: What every register of decimals holds.
DECIMALS = 2


def sample(register: Register) -> float | bool | str:
    """A value the register can hold, the same in every run and different for neighbours."""
    if register.type is DataType.BOOL:
        return register.address % 2 == 0
    if register.type is DataType.STRING:
        return "vfarm"[: 2 * register.words]
    if register.codes:
        return next(iter(register.codes.values()))
    low, high = register.range or (1.0, 60.0)
    steps = 1 + register.address % 7
    value = low + (high - low) * steps / 10
    if register.type is DataType.FLOAT32:
        return round(value, 2)
    # What a whole number of its steps can show.
    return round((value - register.offset) / register.scale) * register.scale + register.offset


def filled(profile: Profile, registers: Iterable[Register] | None = None) -> Bank:
    """A memory in which every register of a profile has its sample, and the holes that one request
    may cross exist."""
    bank = Bank()
    limits = profile.limits
    for space, start, count in limits.exact:
        bank.put(space, start, [0] * count)
    chosen = list(profile.registers if registers is None else registers)
    decimals = {register.decimals_from for register in chosen} - {None}
    for space in Space:
        ends = sorted((r.address, r.end) for r in chosen if r.space is space and r.readable)
        for (_, end), (address, _) in pairwise(ends):
            if 0 < address - end <= limits.gap:
                bank.put(space, end, [0] * (address - end))
    for register in chosen:
        if register.space.is_bits and register.type is not DataType.BOOL:
            continue
        value = DECIMALS if register.key in decimals else sample(register)
        bank.put(register.space, register.address, encode(register, value, decimals=DECIMALS))
    return bank


def expected(profile: Profile, register: Register) -> float | bool | str:
    """What a reader has to find in a memory that was filled."""
    if any(other.decimals_from == register.key for other in profile.registers):
        return DECIMALS
    return sample(register)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def router_of(banks: Mapping[int, Bank]) -> ModbusRequestRouter:
    router = ModbusRequestRouter()

    def reads(pdu: type, space: Space, kind: type, function: int) -> None:
        async def handle(unit: int, request):  # type: ignore[no-untyped-def]
            words = banks[unit].take(space, request.start_address, request.quantity, function)
            return [kind(word) for word in words]

        router.register(pdu, unit_id=list(banks))(handle)

    reads(ReadHoldingRegistersPDU, Space.HOLDING, int, 3)
    reads(ReadInputRegistersPDU, Space.INPUT, int, 4)
    reads(ReadCoilsPDU, Space.COIL, bool, 1)
    reads(ReadDiscreteInputsPDU, Space.DISCRETE, bool, 2)

    def writes(pdu: type, space: Space, function: int) -> None:
        async def one(unit: int, request):  # type: ignore[no-untyped-def]
            banks[unit].set(space, request.address, [request.value], function)
            return request.value

        async def many(unit: int, request):  # type: ignore[no-untyped-def]
            banks[unit].set(space, request.start_address, request.values, function)
            return len(request.values)

        router.register(pdu, unit_id=list(banks))(one if function in (5, 6) else many)

    writes(WriteSingleRegisterPDU, Space.HOLDING, 6)
    writes(WriteMultipleRegistersPDU, Space.HOLDING, 16)
    writes(WriteSingleCoilPDU, Space.COIL, 5)
    writes(WriteMultipleCoilsPDU, Space.COIL, 15)
    return router


def _blocks(bank: Bank, space: Space) -> list[SimData]:
    kind = Kind.BITS if space.is_bits else Kind.REGISTERS
    addresses = sorted(address for where, address in bank.words if where is space)
    runs: list[list[int]] = []
    for address in addresses:
        if runs and runs[-1][-1] == address - 1:
            runs[-1].append(address)
        else:
            runs.append([address])
    convert = bool if space.is_bits else int
    blocks = [
        SimData(run[0], values=[convert(bank.words[space, a]) for a in run], datatype=kind)
        for run in runs
    ]
    # It wants something in every table.
    return blocks or [SimData(65535, values=[convert(0)], datatype=kind)]


def sim_devices(banks: Mapping[int, Bank]) -> list[SimDevice]:
    """The units as pymodbus has them; it keeps a memory of its own."""
    order = (Space.COIL, Space.DISCRETE, Space.HOLDING, Space.INPUT)
    return [
        SimDevice(unit, simdata=tuple(_blocks(bank, space) for space in order))
        for unit, bank in banks.items()
    ]


@contextlib.asynccontextmanager
async def serving(
    maker: str, framing: str, banks: Mapping[int, Bank], port: int | None = None
) -> AsyncIterator[int]:
    """A server with these units at `port`, or a free one; yields its port."""
    port = free_port() if port is None else port
    if maker == "pymodbus":
        devices = sim_devices(banks)
        framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
        server = ModbusTcpServer(devices, framer=framer, address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        try:
            yield port
        finally:
            await server.shutdown()
        return
    kind = AsyncRtuOverTcpServer if framing == "rtu" else AsyncTcpServer
    other = kind("127.0.0.1", router_of(banks), port=port)
    await other.start()
    try:
        yield port
    finally:
        await asyncio.wait_for(other.stop(), 5)


@contextlib.asynccontextmanager
async def linked(port: int, framing: str) -> AsyncIterator[ModbusConnection]:
    """A link to a server on this host."""
    params: ModbusTcpParams | ModbusSerialParams = ModbusTcpParams(host="127.0.0.1", port=port)
    if framing == "rtu":
        # Over a socket no line is slow: the speed only sets the pause between frames.
        params = ModbusSerialParams(device=f"socket://127.0.0.1:{port}", baudrate=115_200)
    connection = ModbusConnection(params)
    try:
        yield connection
    finally:
        await connection.close()
