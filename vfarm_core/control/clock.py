"""The two clocks of a step."""

from __future__ import annotations

from dataclasses import dataclass

from .hot import hot_value


@dataclass(frozen=True, slots=True)
class Now:
    """`farm`: farm time, epoch seconds (biology, photoperiods, shots, ages of readings);
    `mono`: monotonic real seconds (deadlines of commands, retries)."""

    farm: float
    mono: float


@hot_value(kw_only=False)
class Due:
    """When something has to be looked at again, on either clock; None means never."""

    farm: float | None = None
    mono: float | None = None

    def passed(self, now: Now) -> bool:
        """Whether one of the two has come."""
        return (self.farm is not None and self.farm <= now.farm) or (
            self.mono is not None and self.mono <= now.mono
        )


NEVER = Due()


def earliest(*dues: Due) -> Due:
    """The earliest of several on each clock."""
    farm = [d.farm for d in dues if d.farm is not None]
    mono = [d.mono for d in dues if d.mono is not None]
    return Due(min(farm, default=None), min(mono, default=None))
