"""What registers mean together: some give others their decimals, their unit or their order. Pure.

Diagnostics carry the content of registers by space and address; with the profile they tell what the
device meant, without the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .codec import Reading, Why, decode, missing, ordered, raw_number
from .profile import Profile, Register

#: Content by space and address.
type Words = Mapping[tuple[str, int], int]
type Registers = Mapping[str, Register]

_NONE: Mapping[str, str] = MappingProxyType({})


def held(register: Register, words: Words) -> tuple[int, ...] | None:
    """The words of a register, or None where one of them is not there."""
    found = []
    for address in range(register.address, register.end):
        word = words.get((register.space.value, address))
        if word is None:
            return None
        found.append(word)
    return tuple(found)


def meaning(
    register: Register, registers: Registers, words: Words, orders: Mapping[str, str] = _NONE
) -> Reading | None:
    """What a register means, or None where it is not wholly there. `orders` are the orders of bytes
    that were told before, by the register that tells them."""
    content = held(register, words)
    if content is None:
        return None
    unit = None if register.unit_from is None else label(register.unit_from, registers, words) or ""
    stored: Register | None = register
    if register.order_from is not None:
        told = label(register.order_from, registers, words) or orders.get(register.order_from)
        stored = ordered(register, told)
    if stored is None:
        return missing(Why.NO_ORDER, register, content)
    decimals = decimals_of(register, registers, words)
    return decode(stored, content, decimals=decimals, unit=unit)


def decimals_of(register: Register, registers: Registers, words: Words) -> float | None:
    """How many decimals a register has, where another one says so."""
    named = registers.get(register.decimals_from or "")
    content = None if named is None else held(named, words)
    return None if named is None or content is None else raw_number(named, content)


def label(key: str, registers: Registers, words: Words) -> str | None:
    """The name of the code that a register holds."""
    named = registers.get(key)
    content = None if named is None else held(named, words)
    return None if named is None or content is None else decode(named, content).label


def understood(profile: Profile, words: Words) -> dict[str, Reading]:
    """What the registers mean that are wholly there; those that are not are left out."""
    registers = {register.key: register for register in profile.registers}
    told = {
        key: meaning(register, registers, words)
        for key, register in registers.items()
        if register.readable
    }
    return {key: reading for key, reading in told.items() if reading is not None}
