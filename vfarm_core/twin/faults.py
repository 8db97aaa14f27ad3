"""Faults as data, so that a campaign of them can be written down and repeated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What can go wrong with a device.

    Actuators: `stuck_on` and `stuck_off` move there and stay, `ignores` keeps its state whatever is
    commanded, `lies` reports what was commanded and stays as it is, `slow` takes `value` times its
    delay, `empty` runs and gives nothing (a bottle or a line that is dry), `worn` is a pump that
    gives `value` of its flow, `passes` is a fill valve that lets `value` of it through when closed.
    Sensors: `stuck_value` reports `value` (the last one when None), `offset` adds `value`, `silent`
    reports nothing. Both: `unavailable` reports that it is not there.
    """

    STUCK_ON = "stuck_on"
    STUCK_OFF = "stuck_off"
    IGNORES = "ignores"
    LIES = "lies"
    SLOW = "slow"
    EMPTY = "empty"
    WORN = "worn"
    PASSES = "passes"
    UNAVAILABLE = "unavailable"
    STUCK_VALUE = "stuck_value"
    OFFSET = "offset"
    SILENT = "silent"


#: Faults of actuators, and of sensors and contacts.
ACTUATOR_FAULTS = frozenset(
    {
        FaultKind.STUCK_ON,
        FaultKind.STUCK_OFF,
        FaultKind.IGNORES,
        FaultKind.LIES,
        FaultKind.SLOW,
        FaultKind.EMPTY,
        FaultKind.WORN,
        FaultKind.PASSES,
        FaultKind.UNAVAILABLE,
    }
)
SENSOR_FAULTS = frozenset(
    {FaultKind.UNAVAILABLE, FaultKind.STUCK_VALUE, FaultKind.OFFSET, FaultKind.SILENT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of one point from `at` until `until` (farm time, epoch s; None: for good). `value` is
    in the role's unit."""

    point: str
    kind: FaultKind
    at: float
    until: float | None = None
    value: float | None = None
