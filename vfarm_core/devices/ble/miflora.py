"""Xiaomi / HHCC Flower Care ("MiFlora", HHCCJCY01): what it measures now, and what it has kept.

The sensor keeps one entry an hour. Protocol: emericg/WatchFlower, docs/flowercare-ble-api.md. Its
frames carry no checksum: a value that cannot be refuses its whole frame. What the sensor answers
when it was not told to measure is refused so, and an entry that was never written.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from

from .errors import FrameError, Problem
from .values import Hint, Quantity, Value, measured

#: Characteristics; writing MODE_LIVE to MODE makes the next read of LIVE a fresh one.
MODE = "00001a00-0000-1000-8000-00805f9b34fb"
LIVE = "00001a01-0000-1000-8000-00805f9b34fb"
BATTERY = "00001a02-0000-1000-8000-00805f9b34fb"
HISTORY_CONTROL = "00001a10-0000-1000-8000-00805f9b34fb"
HISTORY_DATA = "00001a11-0000-1000-8000-00805f9b34fb"
DEVICE_TIME = "00001a12-0000-1000-8000-00805f9b34fb"

MODE_LIVE = b"\xa0\x1f"
HISTORY_OPEN = b"\xa0\x00\x00"
HISTORY_ERASE = b"\xa2\x00\x00"

_MEASURED_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """What the sensor kept at `seconds` of its own clock, which begins anew with its battery."""

    seconds: int
    values: tuple[Value, ...]


def decode_live(frame: bytes) -> tuple[Value, ...]:
    """The values of LIVE. Raises FrameError."""
    _require_measured(frame, "live frame")
    return _values(frame, 0)


def decode_battery(frame: bytes) -> tuple[Value, str]:
    """Battery % and firmware version of BATTERY. Raises FrameError."""
    if len(frame) < 3:
        raise FrameError(Problem.LENGTH, "battery frame", len(frame), "3 bytes or more")
    version = frame[2:].rstrip(b"\x00").decode("ascii", errors="replace")
    if not version.isascii() or not version.isprintable():
        raise FrameError(Problem.TEXT, "firmware", frame[2:].hex(), "a version in ASCII")
    return measured(Quantity.BATTERY, float(frame[0])), version


def decode_history_count(frame: bytes) -> int:
    """How many entries the sensor keeps, read from HISTORY_DATA after HISTORY_OPEN.

    Raises FrameError."""
    if len(frame) < 2:
        raise FrameError(Problem.LENGTH, "history count", len(frame), "2 bytes or more")
    return int.from_bytes(frame[:2], "little")


def decode_device_time(frame: bytes) -> int:
    """Seconds of the sensor's own clock. Raises FrameError."""
    if len(frame) != 4:
        raise FrameError(Problem.LENGTH, "device time", len(frame), "4 bytes")
    return int.from_bytes(frame, "little")


def decode_entry(frame: bytes, *, device_time: int) -> Entry:
    """One entry of the history, read while the sensor's clock was `device_time`. Raises FrameError;
    an entry from later than that is of a clock that has begun anew since."""
    _require_measured(frame, "history entry")
    seconds = int.from_bytes(frame[:4], "little")
    if seconds > device_time:
        wanted = f"at most the sensor's time, {device_time} s"
        raise FrameError(Problem.CONTRADICTION, "entry time", seconds, wanted)
    return Entry(seconds, _values(frame, 4))


def select(index: int) -> bytes:
    """What to write to HISTORY_CONTROL so that HISTORY_DATA shows entry `index`, from 0."""
    return b"\xa1" + index.to_bytes(2, "little")


def _require_measured(frame: bytes, what: str) -> None:
    if len(frame) != _MEASURED_LENGTH:
        raise FrameError(Problem.LENGTH, what, len(frame), f"{_MEASURED_LENGTH} bytes")
    if not any(frame):
        raise FrameError(Problem.EMPTY, what, "zeros", "a measurement")


def _values(frame: bytes, at: int) -> tuple[Value, ...]:
    temperature, lux, moisture, ec = unpack_from("<hxIBH", frame, at)
    return (
        measured(Quantity.TEMPERATURE, temperature / 10),
        measured(Quantity.ILLUMINANCE, float(lux)),
        measured(Quantity.MOISTURE, float(moisture)),
        measured(Quantity.EC, ec / 1000, Hint.BULK),
    )
