"""The frames of test vectors: hexadecimal digits with address, function and checksum.

For vectors only: what goes over a line is the Modbus library's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .profile import Space

_SPACES: Mapping[int, Space] = {
    1: Space.COIL,
    2: Space.DISCRETE,
    3: Space.HOLDING,
    4: Space.INPUT,
    5: Space.COIL,
    6: Space.HOLDING,
    15: Space.COIL,
    16: Space.HOLDING,
}
_READS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of a frame that a vector needs; `start` is 0 in an answer, which has none."""

    unit: int
    function: int
    space: Space
    start: int
    words: tuple[int, ...]


def checksum(data: bytes) -> bytes:
    """The CRC-16 of Modbus over RTU, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def parse_request(text: str) -> Frame | None:
    """A request, or None where the digits or the checksum are wrong."""
    data = _checked(text)
    if data is None or len(data) < 6:
        return None
    start = int.from_bytes(data[2:4], "big")
    body = b""
    if data[1] in (5, 6):
        body = data[4:6]
    elif data[1] == 16:
        body = data[7:]
        if len(body) != data[6]:
            return None
    return Frame(data[0], data[1], _SPACES[data[1]], start, _words(body))


def parse_response(text: str) -> Frame | None:
    """An answer to a read request, or None where the digits or the checksum are wrong."""
    data = _checked(text)
    if data is None or data[1] not in _READS or len(data) != 3 + data[2]:
        return None
    return Frame(data[0], data[1], _SPACES[data[1]], 0, _words(data[3:]))


def _checked(text: str) -> bytes | None:
    try:
        frame = bytes.fromhex(text)
    except ValueError:
        return None
    if len(frame) < 5 or checksum(frame[:-2]) != frame[-2:] or frame[1] not in _SPACES:
        return None
    return frame[:-2]


def _words(data: bytes) -> tuple[int, ...]:
    pairs = range(0, len(data) - 1, 2)
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in pairs)
