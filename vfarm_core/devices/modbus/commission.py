"""Settings of a device that a person changes when it is installed: its address, its speed, the
automatic baseline of a CO2 probe, corrections.

They lie in memory that takes a limited number of writes, or move the device on its line; control
never touches them. Each change says what was before and what is now, so that it can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from modbus_connection import ModbusConnectionError, ModbusUnit

from .bus import Bus
from .codec import EncodeError, Reading, encode
from .device import Device, End, Purpose
from .profile import Profile, Register
from .scan import answering

#: The register that every profile calls so.
ADDRESS = "unit_id"
#: How often a device that moved is looked for.
_LOOKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person changed, or tried to. `before` and `after` are None where it cannot be read,
    `why` is a stable code."""

    key: str
    wanted: float | bool | str
    end: End
    why: str = ""
    detail: str = ""
    before: Reading | None = None
    after: Reading | None = None


def settings(device: Device) -> tuple[Register, ...]:
    """What can be changed of a device, in the order of its profile."""
    return settable(device.registers.values())


def settable(registers: Iterable[Register]) -> tuple[Register, ...]:
    """Those of some registers that only a person changes."""
    return tuple(r for r in registers if r.writable and (r.wears or r.moves_link))


async def change(device: Device, key: str, value: float | bool | str) -> Change:
    """Change one setting. Raises KeyError for one that there is none of. An address is changed with
    `move`, which looks where the device has gone."""
    register = device.registers[key]
    if key == ADDRESS:
        return Change(key=key, wanted=value, end=End.FAILED, why="move_instead")
    before = await _read(device, register)
    written = await device.write(key, value, purpose=Purpose.COMMISSIONING)
    return Change(
        key=key,
        wanted=value,
        end=written.end,
        why=written.why,
        detail=written.detail,
        before=before,
        after=written.found,
    )


async def move(
    unit_of: Callable[[int], ModbusUnit],
    profile: Profile,
    present: int,
    wanted: int,
    *,
    bus: Bus | None = None,
) -> Change:
    """Give a device another address on its line. The address has to be free: two devices that
    answer together cannot be told apart any more, nor be changed one by one. VERIFIED: it answers
    there. ACCEPTED: it took it and still answers where it was, which many do until their power was
    cut. Raises KeyError for a profile whose address cannot be changed."""
    register = profile.register(ADDRESS)
    refused = _address_problem(register, present, wanted)
    if refused is not None:
        return Change(key=ADDRESS, wanted=wanted, end=End.FAILED, why=refused)
    device = Device(unit_of(present), profile, bus=bus)
    before = await _read(device, register)
    if before is None or before.why is not None:
        why = "" if before is None or before.why is None else before.why.value
        return Change(
            key=ADDRESS, wanted=wanted, end=End.FAILED, why="not_there", detail=why, before=before
        )
    try:
        if await _answers(unit_of, profile, wanted):
            return Change(
                key=ADDRESS, wanted=wanted, end=End.FAILED, why="address_taken", before=before
            )
    except ModbusConnectionError as err:
        return Change(key=ADDRESS, wanted=wanted, end=End.FAILED, why="connection", detail=str(err))
    written = await device.write(ADDRESS, wanted, purpose=Purpose.COMMISSIONING)
    there = Device(unit_of(wanted), profile, bus=bus)
    for _ in range(_LOOKS):
        after = await _read(there, register)
        if after is not None and after.why is None and after.value == wanted:
            return Change(key=ADDRESS, wanted=wanted, end=End.VERIFIED, before=before, after=after)
    if not written.ok:
        return Change(
            key=ADDRESS,
            wanted=wanted,
            end=End.FAILED,
            why=written.why,
            detail=written.detail,
            before=before,
        )
    after = await _read(device, register)
    here = after is not None and after.why is None
    return Change(
        key=ADDRESS,
        wanted=wanted,
        end=End.ACCEPTED if here else End.FAILED,
        why="power_cycle" if here else "lost",
        before=before,
        after=after if here else None,
    )


def _address_problem(register: Register, present: int, wanted: int) -> str | None:
    if present == wanted:
        return "same_address"
    if not 1 <= wanted <= 247:
        return "out_of_range"
    try:
        encode(register, wanted)
    except EncodeError as err:
        return err.code
    return None


async def _answers(unit_of: Callable[[int], ModbusUnit], profile: Profile, number: int) -> bool:
    timeout = profile.limits.timeout_s
    return [unit async for unit in answering(unit_of, [number], timeout)] == [number]


async def _read(device: Device, register: Register) -> Reading | None:
    if not register.readable:
        return None
    return (await device.read([register.key])).readings[register.key]
