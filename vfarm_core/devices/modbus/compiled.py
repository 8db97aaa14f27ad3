"""Blocks of a plan as components of the Modbus library.

One component for one request: a block that is refused then takes no other with it, and is split
where we decide. The fields hand over the words as they are; `codec` gives them their meaning,
because it knows byte orders, decimals and codes of failed sensors that the library does not.
"""

from __future__ import annotations

from modbus_connection import ModbusUnit
from modbus_connection.model import ManualComponent
from modbus_connection.model.fields import CoilField, DiscreteInputField, RegisterField

from .plan import Block
from .profile import Space

_FIRST, _LAST = "first address of the block", "last address of the block"


class _Words(RegisterField[tuple[int, ...]]):
    """Words as they come."""

    def decode(self, words: list[int], scale_exponent: int | None = None) -> tuple[int, ...]:
        return tuple(words)


class Request:
    """One request for one block, as often as it is wanted."""

    def __init__(self, unit: ModbusUnit, block: Block) -> None:
        self.block = block
        span = ((block.start, block.end - 1),)
        space = block.space
        self._component = ManualComponent(
            unit,
            max_gap=block.count,
            max_span=block.count,
            holding_ranges=span if space is Space.HOLDING else None,
            input_ranges=span if space is Space.INPUT else None,
            coil_ranges=span if space is Space.COIL else None,
            discrete_ranges=span if space is Space.DISCRETE else None,
        )
        # The block is read to its ends, also where no register of ours lies there.
        for key, address in ((_FIRST, block.start), (_LAST, block.end - 1)):
            self._add(key, address, 1)
        for register in block.registers:
            self._add(register.key, register.address, register.end - register.address)

    def _add(self, key: str, address: int, words: int) -> None:
        match self.block.space:
            case Space.COIL:
                self._component.add(key, CoilField(address))
            case Space.DISCRETE:
                self._component.add(key, DiscreteInputField(address))
            case Space.HOLDING:
                self._component.add(key, _Words(address, count=words), space="holding")
            case Space.INPUT:
                self._component.add(key, _Words(address, count=words), space="input")

    async def read(self) -> dict[int, int]:
        """The content by address. Raises the library's ModbusError."""
        raw = await self._component.async_read_raw(notify=False)
        content = raw.get(self.block.space.value, {})
        return {address: int(word) for address, word in content.items()}
