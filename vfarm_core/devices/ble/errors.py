"""Why a Bluetooth meter gave no values."""

from __future__ import annotations

from enum import StrEnum


class BleError(Exception):
    """A meter that gave no values."""


class Problem(StrEnum):
    """What is wrong with a frame. These meters send no checksum of their measured values, so what a
    frame says twice stands in for one (`contradiction`)."""

    LENGTH = "length"
    HEADER = "header"
    PRODUCT = "product"
    EMPTY = "empty"
    RANGE = "range"
    CONTRADICTION = "contradiction"
    TEXT = "text"


class FrameError(BleError):
    """A frame of which no value is given out. `what` names the field or the part, `found` is what
    stood there and `wanted` what could have."""

    def __init__(self, problem: Problem, what: str, found: object, wanted: str) -> None:
        self.problem = problem
        self.what = what
        self.found = found
        self.wanted = wanted
        super().__init__(f"{what}: {found} instead of {wanted} ({problem.value})")

    def __reduce__(self) -> tuple[type[FrameError], tuple[Problem, str, object, str]]:
        return type(self), (self.problem, self.what, self.found, self.wanted)


class UnreachableError(BleError):
    """No connection, or one that was lost or too slow."""


class RestingError(BleError):
    """The meter is left alone until `until` (seconds of the session's clock)."""

    def __init__(self, until: float) -> None:
        self.until = until
        super().__init__(f"the meter is left alone until {until:.0f} s")

    def __reduce__(self) -> tuple[type[RestingError], tuple[float]]:
        return type(self), (self.until,)
