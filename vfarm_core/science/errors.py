"""What a scientific function refuses, and why."""

from __future__ import annotations


class ScienceError(ValueError):
    """A value that makes no physical sense or cannot be used.

    `argument` names the parameter, `value` is what was given, `accepted` says what is taken.
    """

    def __init__(self, argument: str, value: object, accepted: str) -> None:
        self.argument = argument
        self.value = value
        self.accepted = accepted
        super().__init__(argument, value, accepted)

    def __str__(self) -> str:
        return f"{self.argument} = {_shown(self.value)} is not accepted: {self.accepted}"


class RangeError(ScienceError):
    """A number outside the range a formula is valid for; NaN is outside every range."""

    def __init__(self, argument: str, value: float, low: float, high: float, unit: str) -> None:
        self.low = low
        self.high = high
        self.unit = unit
        super().__init__(argument, value, f"{low:g} … {high:g} {unit}".rstrip())

    def __reduce__(self) -> tuple[type[RangeError], tuple[str, object, float, float, str]]:
        return type(self), (self.argument, self.value, self.low, self.high, self.unit)


class UnreachableError(ScienceError):
    """Values that are each possible but have no common solution."""


class FactorNeededError(ScienceError):
    """A conversion that only a measured factor of the user can make honest."""


def require(argument: str, value: float, low: float, high: float, unit: str = "") -> None:
    """Raise RangeError unless low <= value <= high. NaN fails."""
    if not low <= value <= high:
        raise RangeError(argument, value, low, high, unit)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class MissingLibraryError(ScienceError):
    """A library that only this function needs is not installed; `install` is what to type."""

    def __init__(self, library: str, install: str) -> None:
        self.library = library
        self.install = install
        super().__init__("library", library, f"{library} is needed for this: {install}")

    def __str__(self) -> str:
        return f"{self.library} is not installed and this needs it: {self.install}"

    def __reduce__(self) -> tuple[type[MissingLibraryError], tuple[str, str]]:
        return type(self), (self.library, self.install)
