"""Words of registers to values and back. Pure.

A reading is good, out of the device's own range, or missing; a code that means "sensor failed", a
NaN and an infinity are missing, never a number. Out of range is still told: over-range is a fact.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .profile import DataType, Order, Register

_FORMATS: Mapping[DataType, str] = {
    DataType.INT16: ">h",
    DataType.UINT16: ">H",
    DataType.INT32: ">i",
    DataType.UINT32: ">I",
    DataType.INT64: ">q",
    DataType.UINT64: ">Q",
    DataType.FLOAT32: ">f",
}
#: Digits that a scaled integer is rounded to, so that 0.1 × 324 is 32.4.
_DIGITS = 9
#: A number of decimals beyond this is no number of decimals.
MOST_DECIMALS = 9

#: What devices call the orders of the four bytes of a number: (word order, byte order).
ORDERS: Mapping[str, tuple[Order, Order]] = {
    "1234": (Order.BIG, Order.BIG),
    "2143": (Order.BIG, Order.LITTLE),
    "3412": (Order.LITTLE, Order.BIG),
    "4321": (Order.LITTLE, Order.LITTLE),
}


class State(StrEnum):
    """How far a reading can be trusted as such."""

    GOOD = "good"
    OUT_OF_RANGE = "out_of_range"
    MISSING = "missing"


class Why(StrEnum):
    """Why a reading is missing."""

    FAILED_SENSOR = "failed_sensor"
    NOT_A_NUMBER = "not_a_number"
    NO_DECIMALS = "no_decimals"
    NO_ORDER = "no_order"
    NO_TEXT = "no_text"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    GARBLED = "garbled"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"
    BACKED_OFF = "backed_off"
    GAVE_WAY = "gave_way"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a register holds: `value` in `unit` (None when missing), the `label` of a code or the
    names of the bits that are set, and the words it was made of."""

    value: float | bool | str | None
    state: State = State.GOOD
    why: Why | None = None
    unit: str = ""
    label: str | None = None
    bits: tuple[str, ...] = ()
    words: tuple[int, ...] = ()


class EncodeError(ValueError):
    """A value that a register cannot hold. `code` and `params` are stable, for translation."""

    def __init__(self, code: str, **params: float | str) -> None:
        self.code = code
        self.params = params
        super().__init__(_REFUSALS[code].format(**params))


_REFUSALS: Mapping[str, str] = {
    "no_number": "{value} is no number",
    "no_code": "{value} is none of {known}",
    "out_of_range": "{value} is outside of {low:g} … {high:g}",
    "does_not_fit": "{value} does not fit into the register",
    "no_text": "{value} is no ASCII text of at most {most:.0f} characters",
    "no_switch": "{value} is neither on nor off",
    "no_decimals": "how many decimals {value} needs is not known",
}


def missing(why: Why, register: Register | None = None, words: Iterable[int] = ()) -> Reading:
    """A reading that is none."""
    unit = register.unit if register is not None else ""
    return Reading(None, State.MISSING, why, unit, words=tuple(words))


def raw_number(register: Register, words: Sequence[int]) -> float | int:
    """The number in the words as the device stores it, mask and shift applied, not scaled."""
    data = _to_bytes(register, words)
    number: float | int = struct.unpack(_FORMATS[register.type], data)[0]
    if register.type is not DataType.FLOAT32:
        number = int(number)
        if register.mask is not None:
            number &= register.mask
        number >>= register.shift
    return number


def decode(
    register: Register,
    words: Sequence[int],
    *,
    decimals: float | None = None,
    unit: str | None = None,
) -> Reading:
    """What the words of a register mean. `decimals` is what its register of decimals holds, `unit`
    what its register of the unit says; both are needed where the register names such a one."""
    kept = tuple(int(word) for word in words)
    if register.space.is_bits or register.type is DataType.BOOL:
        on = bool(kept[0])
        return Reading(on, unit=register.unit, words=kept)
    if register.type is DataType.STRING:
        return _decode_text(register, kept)
    number = raw_number(register, kept)
    if number in register.missing or _unsigned(register, kept) in register.missing:
        return missing(Why.FAILED_SENSOR, register, kept)
    if not math.isfinite(number):
        return missing(Why.NOT_A_NUMBER, register, kept)
    value = number * register.scale + register.offset
    if register.decimals_from is not None:
        if decimals is None or not 0 <= decimals <= MOST_DECIMALS or decimals != int(decimals):
            return missing(Why.NO_DECIMALS, register, kept)
        value /= 10 ** int(decimals)
    if register.type is not DataType.FLOAT32:
        value = round(value, _DIGITS)
    state = State.GOOD
    if register.range is not None and not register.range[0] <= value <= register.range[1]:
        state = State.OUT_OF_RANGE
    codes = {**register.codes, **register.read_codes}
    return Reading(
        value,
        state,
        unit=register.unit if unit is None else unit,
        label=codes.get(int(number)) if codes and number == int(number) else None,
        bits=_set_bits(register, number),
        words=kept,
    )


def ordered(register: Register, label: str | None) -> Register | None:
    """The register as the device stores it, by what its register of the order says; None where that
    is not known."""
    if label is None or label not in ORDERS:
        return None
    word_order, byte_order = ORDERS[label]
    return replace(register, word_order=word_order, byte_order=byte_order)


def encode(
    register: Register, value: float | bool | str, *, decimals: float | None = None
) -> tuple[int, ...]:
    """The words that make a register hold `value`: an engineering value, the label of a code, or
    for a coil True and False. Raises EncodeError, before anything is sent."""
    if register.space.is_bits and register.type is DataType.BOOL:
        return (int(_switch(value)),)
    if register.type is DataType.STRING:
        return _encode_text(register, value)
    number = _number(register, value)
    if register.range is not None and not register.range[0] <= number <= register.range[1]:
        low, high = register.range
        raise EncodeError("out_of_range", value=f"{number:g}", low=low, high=high)
    raw = (number - register.offset) / register.scale
    if register.decimals_from is not None:
        if decimals is None or not 0 <= decimals <= MOST_DECIMALS:
            raise EncodeError("no_decimals", value=f"{number:g}")
        raw *= 10 ** int(decimals)
    if register.type is DataType.FLOAT32:
        return _to_words(register, _packed(register, raw, number))
    if register.codes and round(raw) not in register.codes:
        known = ", ".join(register.codes.values())
        raise EncodeError("no_code", value=f"{number:g}", known=known)
    whole = round(raw)
    if register.mask is not None:
        if whole << register.shift & ~register.mask:
            raise EncodeError("does_not_fit", value=f"{number:g}")
        whole <<= register.shift
    return _to_words(register, _packed(register, whole, number))


def merged(register: Register, words: Sequence[int], present: Sequence[int]) -> tuple[int, ...]:
    """The words to write when the register keeps other settings beside its own bits."""
    if register.mask is None:
        return tuple(words)
    return ((present[0] & ~register.mask & 0xFFFF) | (words[0] & register.mask),)


def same(register: Register, wanted: Sequence[int], found: Sequence[int]) -> bool:
    """Whether what is read back is what was written. A device that keeps fewer digits of a
    fraction than it was sent has still obeyed; one that answers with other codes is compared by
    what they mean."""
    if tuple(wanted) == tuple(found):
        return True
    if register.space.is_bits:
        return bool(wanted[0]) is bool(found[0])
    if register.type is DataType.FLOAT32:
        a, b = raw_number(register, wanted), raw_number(register, found)
        return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6)
    if register.type is DataType.STRING:
        return False
    sent, got = raw_number(register, wanted), raw_number(register, found)
    if register.mask is not None:
        return sent == got
    if register.read_codes:
        label = register.codes.get(int(sent))
        return label is not None and register.read_codes.get(int(got)) == label
    return False


# --- Parts --------------------------------------------------------------------------------------


def _to_bytes(register: Register, words: Sequence[int]) -> bytes:
    ordered = words if register.word_order is Order.BIG else words[::-1]
    return b"".join(int(word).to_bytes(2, register.byte_order.value) for word in ordered)


def _to_words(register: Register, data: bytes) -> tuple[int, ...]:
    words = [
        int.from_bytes(data[start : start + 2], register.byte_order.value)
        for start in range(0, len(data), 2)
    ]
    return tuple(words if register.word_order is Order.BIG else words[::-1])


def _unsigned(register: Register, words: Sequence[int]) -> int:
    """The bits as a number without a sign: codes of failed sensors are written as 0x8000."""
    return int.from_bytes(_to_bytes(register, words), "big")


def _set_bits(register: Register, number: float | int) -> tuple[str, ...]:
    if not register.bits or isinstance(number, float):
        return ()
    return tuple(name for bit, name in register.bits.items() if number >> bit & 1)


def _switch(value: float | bool | str) -> bool:
    if isinstance(value, str):
        known = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
        if value.lower() in known:
            return known[value.lower()]
    elif value in (0, 1):
        return bool(value)
    raise EncodeError("no_switch", value=str(value))


def _number(register: Register, value: float | bool | str) -> float:
    if isinstance(value, str) and register.codes:
        for code, label in register.codes.items():
            if label == value:
                return code * register.scale + register.offset
        if not _is_number(value):
            known = ", ".join(register.codes.values())
            raise EncodeError("no_code", value=value, known=known)
    if not _is_number(value):
        raise EncodeError("no_number", value=str(value))
    return float(value)


def _is_number(value: float | bool | str) -> bool:
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


def _packed(register: Register, raw: float | int, shown: float) -> bytes:
    try:
        return struct.pack(_FORMATS[register.type], raw)
    except (struct.error, OverflowError) as err:
        raise EncodeError("does_not_fit", value=f"{shown:g}") from err


def _decode_text(register: Register, words: Sequence[int]) -> Reading:
    data = _to_bytes(register, words).rstrip(b"\0 ")
    if not data.isascii() or not data.decode("ascii").isprintable():
        return missing(Why.NO_TEXT, register, words)
    return Reading(data.decode("ascii"), unit=register.unit, words=tuple(words))


def _encode_text(register: Register, value: float | bool | str) -> tuple[int, ...]:
    most = 2 * register.words
    if not isinstance(value, str) or not value.isascii() or len(value) > most:
        raise EncodeError("no_text", value=str(value), most=most)
    return _to_words(register, value.encode("ascii").ljust(most, b"\0"))
