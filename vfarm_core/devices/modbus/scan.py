"""Which units of a line answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusUnit,
)

#: Answers of a gateway that stand for the silence of the device behind it.
_GATEWAY_SILENT = (10, 11)


async def answering(
    unit_of: Callable[[int], ModbusUnit], units: Iterable[int], timeout_s: float
) -> AsyncIterator[int]:
    """The units that answer, a refusal included: who refuses is there. Raises the library's
    ModbusConnectionError when the link itself is down."""
    asked: list[ModbusUnit] = []
    try:
        for number in units:
            unit = unit_of(number)
            asked.append(unit)
            unit.require_timeout(timeout_s)
            if await _answers(unit, timeout_s):
                yield number
    finally:
        # Not before the end: a link that is to be more patient has to be opened anew.
        for unit in asked:
            unit.require_timeout(None)


async def _answers(unit: ModbusUnit, timeout_s: float) -> bool:
    # Some devices say nothing to a function they do not know.
    for read in (unit.read_holding_registers, unit.read_input_registers, unit.read_coils):
        try:
            async with asyncio.timeout(2 * timeout_s):
                await read(0, 1)
        except ModbusExceptionError as err:
            return err.exception_code not in _GATEWAY_SILENT
        except ModbusConnectionError:
            raise
        except (ModbusError, TimeoutError):
            continue
        return True
    return False
