"""What each kind of station can keep, and up to which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .model import Guard, Station, StationKind

#: On-time of Zigbee counts in tenths of a second in 16 bits, the highest of which means "for ever"
#: (ZCL, On/Off cluster, attribute OnTime).
ZIGBEE_LONGEST_S = 6553.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A Modbus relay board. `pulse_base` is added to the number of a coil to write a pulse in steps
    of `step_s`; `watchdog` is the holding register with the seconds without a request after which
    all outputs go off; `starts_off`: so it does after a power cut."""

    source: str
    starts_off: bool = False
    pulse_base: int | None = None
    pulse_longest: int = 0
    step_s: float = 0.1
    watchdog: int | None = None


#: The boards of which something is known. Pulses have 15 bits: what every reading of the maker's
#: text allows.
BOARDS: Mapping[str, Board] = {
    "waveshare_relay": Board(
        source="Waveshare, Modbus RTU Relay: flash on, function 5, address 0x0200 + channel;"
        " steps of 100 ms are believed: measure one before you trust it",
        starts_off=True,
        pulse_base=0x0200,
        pulse_longest=0x7FFF,
    ),
    "agrowtek_outputs": Board(
        source="Agrowtek RX/DX/VX: holding register 41001, communication timeout in s, outputs off",
        watchdog=1000,
    ),
}

_ALL = frozenset(Guard)
_KINDS: Mapping[StationKind, frozenset[Guard]] = {
    # An ESPHome node keeps light hours of its own; the stored plan with its shots it does not read.
    StationKind.ESPHOME: _ALL - {Guard.WATER_PLAN},
    StationKind.EXECUTOR: _ALL,
    # A Shelly can switch itself on again, but knows no latch: it would undo an emergency stop.
    StationKind.SHELLY: frozenset({Guard.BOOT_STATE, Guard.AUTO_OFF}),
    StationKind.ZIGBEE: frozenset({Guard.BOOT_STATE, Guard.AUTO_OFF}),
}


def can(station: Station) -> frozenset[Guard]:
    """What a station can keep; nothing for a board that is not known."""
    if station.kind is not StationKind.MODBUS:
        return _KINDS[station.kind]
    board = BOARDS.get(station.model)
    if board is None:
        return frozenset()
    found = {
        Guard.BOOT_STATE: board.starts_off,
        Guard.AUTO_OFF: board.pulse_base is not None,
        Guard.WATCHDOG: board.watchdog is not None,
    }
    return frozenset(guard for guard, able in found.items() if able)


def longest_s(station: Station) -> float | None:
    """The longest time that a station can count, s; None where nothing is known to limit it."""
    if station.kind is StationKind.ZIGBEE:
        return ZIGBEE_LONGEST_S
    board = BOARDS.get(station.model) if station.kind is StationKind.MODBUS else None
    if board is None or board.pulse_base is None:
        return None
    return round(board.pulse_longest * board.step_s, 3)
