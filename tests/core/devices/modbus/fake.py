"""A unit in memory that can be told to fail, and a clock that only moves when told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from modbus_connection import IllegalDataAddressError, ModbusTimeoutError
from tmodbus.exceptions import IllegalDataAddressError as NoSuchAddress

from tests.core.devices.modbus.servers import Bank
from vfarm_core.devices.modbus.profile import Space


@dataclass
class Clock:
    """Monotonic seconds; sleeping moves them."""

    now: float = 900.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


@dataclass
class FakeUnit:
    """What `modbus-connection` calls a unit, over a `bank`. `failing` is asked before each request
    (its kind, address, count) and may return what to raise; `ignores`: writes change nothing."""

    bank: Bank
    clock: Clock = field(default_factory=Clock)
    failing: Callable[[str, int, int], Exception | None] = lambda kind, address, count: None
    ignores: bool = False
    obeys_silently: bool = False
    timeout: float | None = None
    spacing: float = 0.0
    log: list[tuple[str, int, int]] = field(default_factory=list)
    connected = True

    def require_timeout(self, seconds: float | None) -> None:
        self.timeout = seconds

    def set_message_spacing(self, seconds: float) -> None:
        self.spacing = seconds

    def _fails(self, kind: str, address: int, count: int) -> None:
        self.log.append((kind, address, count))
        error = self.failing(kind, address, count)
        if error is not None:
            if isinstance(error, ModbusTimeoutError):
                self.clock.now += self.timeout or 0.0
            raise error

    def _take(self, space: Space, address: int, count: int) -> list[int]:
        self._fails("read", address, count)
        try:
            return self.bank.take(space, address, count, 3)
        except NoSuchAddress:
            raise IllegalDataAddressError from None

    def _set(self, space: Space, address: int, words: Iterable[int]) -> None:
        given = list(words)
        if self.obeys_silently:
            self.bank.set(space, address, given, 6)
        self._fails("write", address, len(given))
        try:
            if not self.ignores:
                self.bank.set(space, address, given, 6)
        except NoSuchAddress:
            raise IllegalDataAddressError from None

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return self._take(Space.HOLDING, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return self._take(Space.INPUT, address, count)

    async def read_coils(self, address: int, count: int) -> list[bool]:
        return [bool(bit) for bit in self._take(Space.COIL, address, count)]

    async def read_discrete_inputs(self, address: int, count: int) -> list[bool]:
        return [bool(bit) for bit in self._take(Space.DISCRETE, address, count)]

    async def write_register(self, address: int, value: int) -> None:
        self._set(Space.HOLDING, address, [value])

    async def write_registers(self, address: int, values: list[int]) -> None:
        self._set(Space.HOLDING, address, values)

    async def write_coil(self, address: int, value: bool) -> None:
        self._set(Space.COIL, address, [value])

    async def write_coils(self, address: int, values: list[bool]) -> None:
        self._set(Space.COIL, address, values)

    @property
    def reads(self) -> list[tuple[int, int]]:
        return [(address, count) for kind, address, count in self.log if kind == "read"]

    @property
    def writes(self) -> list[tuple[int, int]]:
        return [(address, count) for kind, address, count in self.log if kind == "write"]
